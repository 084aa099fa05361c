//! The body of a request, from the command line and standard input; and the text of the answer.

use json::{Limits, Map, Value};

/// Why standard input cannot be the arguments of a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the arguments on standard input are not JSON: {0}")]
pub struct ArgumentsError(String);

/// The arguments of a command: a JSON value, or the members of a map without its braces as Kea's shell takes them.
/// Blank input is none.
pub fn arguments(input: &[u8]) -> Result<Option<Value>, ArgumentsError> {
    if input.trim_ascii().is_empty() {
        return Ok(None);
    }
    let parse = |octets: &[u8]| json::parse_command(octets, Limits::default());
    let whole = parse(input);
    if let Ok(value) = whole {
        return Ok(Some(value));
    }
    // The line break ends a comment on the last line.
    let members = [b"{ ".as_slice(), input, b"\n}"].concat();
    match (parse(&members), whole) {
        // Nothing but comments.
        (Ok(value), _) if value.as_map().is_some_and(Map::is_empty) => Ok(None),
        (Ok(value), _) => Ok(Some(value)),
        // Which of the two was meant shows in the first character.
        (Err(_), Err(error)) if input.trim_ascii_start().starts_with(b"{") => {
            Err(ArgumentsError(error.to_string()))
        }
        (Err(error), _) => Err(ArgumentsError(error.to_string())),
    }
}

/// The request.
#[must_use]
pub fn request(command: &str, services: &[String], arguments: Option<Value>) -> String {
    let mut map = Map::new();
    map.insert("command".to_owned(), command.into());
    if !services.is_empty() {
        let services: Vec<Value> = services.iter().map(|service| service.as_str().into()).collect();
        map.insert("service".to_owned(), services.into());
    }
    if let Some(arguments) = arguments {
        map.insert("arguments".to_owned(), arguments);
    }
    json::to_string(&map.into())
}

/// The answer for the terminal: indented when it is JSON, otherwise as it came.
#[must_use]
pub fn pretty(body: &[u8]) -> String {
    match json::parse_command(body, Limits { max_depth: 1000, max_bytes: usize::MAX, ..Limits::default() }) {
        Ok(value) => json::to_string_pretty(&value, 4),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(input: &str) -> String {
        request("foo", &["dhcp4".to_owned()], arguments(input.as_bytes()).unwrap())
    }

    #[test]
    fn members_maps_and_nothing() {
        let with = |arguments: &str| {
            format!(r#"{{ "arguments": {arguments}, "command": "foo", "service": [ "dhcp4" ] }}"#)
        };
        let without = r#"{ "command": "foo", "service": [ "dhcp4" ] }"#;
        for (input, expected) in [
            ("", without.to_owned()),
            (" \n", without.to_owned()),
            ("# nothing\n", without.to_owned()),
            (r#""a": 1"#, with(r#"{ "a": 1 }"#)),
            ("\"a\": 1,\n\"b\": [ 2 ] # why", with(r#"{ "a": 1, "b": [ 2 ] }"#)),
            (
                r#""servers": [ { "server-tag": "headquarters", "description": "The machine at HQ (v4)" } ]"#,
                with(
                    r#"{ "servers": [ { "description": "The machine at HQ (v4)", "server-tag": "headquarters" } ] }"#,
                ),
            ),
            (r#"{ "a": 1 }"#, with(r#"{ "a": 1 }"#)),
            ("{}", with("{  }")),
            ("[ 1 ]", with("[ 1 ]")),
        ] {
            assert_eq!(sent(input), expected, "{input}");
        }
        assert_eq!(request("x\"y", &[], None), r#"{ "command": "x\"y" }"#);
    }

    #[test]
    fn what_is_not_json_is_said_before_anything_is_sent() {
        for input in ["\"a\": }", "{ \"a\": }", "a", "\"a\": 1 } , \"service\": [ \"x\" ], \"z\": { \"b\": 1"]
        {
            let error = arguments(input.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("the arguments on standard input are not JSON: "), "{error}");
        }
        assert!(arguments(b"\"a\": \"\xff\"").is_err());
        assert!(arguments("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn answers() {
        assert_eq!(pretty(b"no JSON"), "no JSON");
        let text = pretty(br#"[ { "result": 0, "arguments": { "a": [ 1 ] } } ]"#);
        assert!(text.lines().count() > 3, "{text}");
        assert!(json::parse_command(text.as_bytes(), Limits::default()).is_ok());
    }

    proptest! {
        #[test]
        fn any_input_is_survived(input in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = arguments(&input);
            let _ = pretty(&input);
        }
    }
}
