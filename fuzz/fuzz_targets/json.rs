//! Texts of both JSON dialects, with includes that lead to the text itself: the crate `json`.
#![no_main]

use std::sync::Arc;

use json::{Dialect, Loaded, Parser, Scan, Scanner};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut scanner = Scanner::new();
    let scanned = scanner.push(input);
    if let Scan::Complete(end) = scanned {
        assert!(end > 0 && end <= input.len());
        // One octet less is no whole text.
        assert_eq!(Scanner::new().push(&input[..end - 1]), Scan::NeedMore);
    }
    let _ = Parser::new(Dialect::Command).parse_bytes(input);
    let Ok(text) = std::str::from_utf8(input) else { return };
    // Files `a` to `c` hold the text behind its first, second and third blank line.
    let parts: Vec<&str> = text.split("\n\n").collect();
    let mut files = |path: &str| {
        let at = ["", "a", "b", "c"].iter().position(|name| *name == path && !path.is_empty());
        let text = at.and_then(|at| parts.get(at)).ok_or("no such file")?;
        Ok::<_, String>(Loaded { name: Arc::from(path), text: (*text).to_owned() })
    };
    for dialect in [Dialect::Config, Dialect::Command] {
        let parser = Parser::new(dialect).source(Arc::from("main")).loader(&mut files);
        let Ok(parsed) = parser.parse(parts.first().unwrap_or(&"")) else { continue };
        for written in [json::to_string(&parsed.value), json::to_string_pretty(&parsed.value, 2)] {
            let again = match Parser::new(dialect).parse(&written) {
                Ok(again) => again,
                Err(error) => panic!("{error}: {written}"),
            };
            assert_eq!(again.value, parsed.value);
            assert!(again.warnings.is_empty());
            if written.starts_with(['{', '[']) {
                assert_eq!(Scanner::new().push(written.as_bytes()), Scan::Complete(written.len()));
            }
        }
    }
});
