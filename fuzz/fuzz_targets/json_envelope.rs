//! What a stranger sends to a control channel: the crates `json` (scanner, parser of commands, writer) and `control`
//! (envelope, service list, answers, credentials).
//!
//! The first octet says where the stream is cut; the rest is the stream.
#![no_main]

use std::sync::LazyLock;

use control::http::Credentials;
use control::{Answer, Command, Origin, service};
use json::{Limits, Scan, Scanner, Value};
use libfuzzer_sys::fuzz_target;

const DEPTH: usize = 100;

static CREDENTIALS: LazyLock<Credentials> = LazyLock::new(|| match Credentials::new("r", [("admin", "1234")]) {
    Some(credentials) => credentials,
    None => unreachable!(),
});

fn parse(octets: &[u8]) -> Result<Value, json::JsonError> {
    json::parse_command(octets, Limits { max_depth: DEPTH, ..Limits::default() })
}

fuzz_target!(|input: &[u8]| {
    let Some((cut, stream)) = input.split_first() else { return };
    let whole = Scanner::new().max_depth(DEPTH).push(stream);
    let (head, tail) = stream.split_at(usize::from(*cut).min(stream.len()));
    let mut pieces = Scanner::new().max_depth(DEPTH);
    let cut = match pieces.push(head) {
        Scan::NeedMore => pieces.push(tail),
        ended => ended,
    };
    assert_eq!(cut, whole, "the same verdict however the stream is cut");
    let command = match whole {
        Scan::Complete(length) => stream.get(..length).unwrap_or_else(|| panic!("ends beyond the stream")),
        Scan::NeedMore | Scan::Invalid(_) => stream,
    };

    let _ = CREDENTIALS.check(Some(stream));
    let Ok(value) = parse(command) else { return };
    if value.as_map().is_some() || value.as_list().is_some() {
        // What the parser takes as a whole ends where the scanner says, save for blanks and comments behind it.
        assert!(matches!(whole, Scan::Complete(_)), "{whole:?}");
    }
    let text = json::to_string(&value);
    match parse(text.as_bytes()) {
        Ok(again) => assert_eq!(json::to_string(&again), text, "writing is stable"),
        Err(error) => panic!("what was written does not read: {error}: {text}"),
    }
    let _ = service::check_own(&value, "dhcp4");
    let _ = service::forward_list(&value);
    if let Ok(answer) = Answer::from_value(value.clone()) {
        let _ = json::to_string(&answer.into_value());
    }
    if let Ok(command) = Command::from_value(value, Origin::default()) {
        let again = Command::from_value(command.clone().into_value(), Origin::default());
        // Reals may be written shorter than they were read; names and shapes stay.
        assert_eq!(again.map(|again| again.name), Ok(command.name));
    }
});
