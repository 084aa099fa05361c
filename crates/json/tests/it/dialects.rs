//! What each dialect accepts, and the texts of what it refuses.

use std::sync::Arc;

use json::{Dialect, Kind, Limits, Loaded, Parser, Value};

fn config(text: &str) -> Result<json::Parsed, String> {
    Parser::new(Dialect::Config).source(Arc::from("f")).parse(text).map_err(|e| e.to_string())
}

fn command(text: &str) -> Result<Value, String> {
    json::parse_command(text.as_bytes(), Limits::default()).map_err(|e| e.to_string())
}

#[test]
fn comments_and_commas_of_configurations() {
    let text = "# a\n{ // b\n \"x\": [ 1, /* c\n d */ 2, ], \"y\": { \"z\": null, }, } # end";
    let parsed = config(text).unwrap();
    assert_eq!(json::to_string(&parsed.value), r#"{ "x": [ 1, 2 ], "y": { "z": null } }"#);
    let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    let comma = "Extraneous comma. A piece of configuration may have been omitted.";
    assert_eq!(warnings, [format!("f:4.8: {comma}"), format!("f:4.29: {comma}"), format!("f:4.32: {comma}")]);
}

#[test]
fn numbers_of_configurations() {
    for (text, kind) in [
        ("0", Kind::Int(0)),
        ("-0", Kind::Int(0)),
        ("9223372036854775807", Kind::Int(i64::MAX)),
        ("-9223372036854775808", Kind::Int(i64::MIN)),
        ("007", Kind::Int(7)),
        ("01.5", Kind::Real(1.5)),
        ("1.", Kind::Real(1.0)),
        (".5", Kind::Real(0.5)),
        ("-.5", Kind::Real(-0.5)),
        ("1e5", Kind::Real(1e5)),
        ("1.5E+3", Kind::Real(1500.0)),
    ] {
        let parsed = config(text).unwrap();
        assert_eq!(parsed.value.kind, kind, "{text}");
        assert_eq!(
            parsed.warnings.len(),
            usize::from(text.starts_with("00") || text.starts_with("01")),
            "{text}"
        );
    }
}

#[test]
fn texts_of_configuration_errors() {
    for (text, error) in [
        ("", "f:1.1: syntax error, unexpected end of file"),
        ("{ \"a\": 1 ", "f:1.10: syntax error, unexpected end of file, expecting \",\" or }"),
        ("{ \"a\" 1 }", "f:1.7: syntax error, unexpected integer, expecting :"),
        ("{ \"a\": }", "f:1.8: syntax error, unexpected }"),
        ("{ 1: 2 }", "f:1.3: syntax error, unexpected integer, expecting constant string"),
        ("{ a: 1 }", "f:1.3: Invalid character: a"),
        ("[ 1 2 ]", "f:1.5: syntax error, unexpected integer, expecting \",\" or ]"),
        ("[ , ]", "f:1.3: syntax error, unexpected \",\""),
        ("{} x", "f:1.4: Invalid character: x"),
        ("{} {}", "f:1.4: syntax error, unexpected {, expecting end of file"),
        ("[ +1 ]", "f:1.3-4: Deprecated plus sign in +1 number."),
        ("[ 9223372036854775808 ]", "f:1.3-21: Failed to convert 9223372036854775808 to an integer."),
        ("[ 1e400 ]", "f:1.3-7: Failed to convert 1e400 to a floating point."),
        ("[ - ]", "f:1.3: Failed to convert - to a floating point."),
        ("[ . ]", "f:1.3: Failed to convert . to a floating point."),
        ("[ TRUE ]", "f:1.3-6: JSON true reserved keyword is lower case only"),
        ("[ Null ]", "f:1.3-6: JSON null reserved keyword is lower case only"),
        ("[ \"\\x\" ]", "f:1.3-5: Bad escape in \"\\x"),
        ("[ \"\\u12\" ]", "f:1.3-7: Overflow unicode escape in \"\\u12"),
        ("[ \"\\u12g0\" ]", "f:1.3-7: Bad escape in \"\\u12"),
        ("[ \"\\u0100\" ]", "f:1.3-9: Unsupported unicode escape in \"\\u0100"),
        ("[ \"a\nb\" ]", "f:1.3: Invalid control in \"a"),
        ("[ \"a", "f:1.3: Invalid character: \""),
        ("[ \"a\\", "f:1.3: Invalid character: \""),
        ("/* a", "f:1.1-2: Comment not closed. (/* in line 1"),
        ("{ \"a\": 1,\n \"a\": 2 }", "f:2.2-4: duplicate a entries in toplevel map (previous at f:1:3)"),
        (
            "{ \"m\": [ { \"a\": 1, \"a\": 2 } ] }",
            "f:1.20-22: duplicate a entries in m map (previous at f:1:12)",
        ),
        ("<?include \"x\"?>", "f:1.1-2: Include of files is not allowed here."),
        ("<?other \"x\"?>", "f:1.1-2: Directive not known, only include is."),
        ("<?include x?>", "f:1.1-2: Directive without the name of a file in quotes."),
    ] {
        assert_eq!(config(text).map(|p| p.value).unwrap_err(), error, "{text}");
    }
}

#[test]
fn strings_are_octets_in_utf8_or_latin1() {
    for (text, expected) in [
        (r#""\"\\\/\b\f\n\r\t\u0041""#, "\"\\/\u{8}\u{c}\n\r\tA"),
        (r#""\u00c3\u00a9""#, "é"),
        (r#""é\u00e9""#, "éé"),
        (r#""\u0000""#, "\0"),
    ] {
        assert_eq!(config(text).unwrap().value.as_str(), Some(expected), "{text}");
    }
}

#[test]
fn commands_as_kea_takes_them() {
    for (text, printed) in [
        ("# x\n{ \"a\": /* b */ 1 } // c", "{ \"a\": 1 }"),
        ("[ 1, ]", "[ 1 ]"),
        ("{ \"a\": 1, \"a\": 2 }", "{ \"a\": 2 }"),
        ("[ \"a\nb\" ]", "[ \"a\\nb\" ]"),
        ("99999999999999999999", "99999999999999999999"),
        ("[ .5 ]", "[ 0.5 ]"),
    ] {
        assert_eq!(json::to_string(&command(text).unwrap()), printed, "{text}");
    }
    for (text, error) in [
        ("{ \"a\": 1, }", "String expected in <wire>:1:11"),
        ("{ \"a\": tru }", "Bad boolean value: tru in <wire>:1:8"),
        ("{ \"a\": nul }", "Bad null value: nul in <wire>:1:8"),
        ("[ x ]", "error: unexpected character x in <wire>:1:3"),
        ("[ +1 ]", "error: unexpected character + in <wire>:1:3"),
        ("[ 01 ]", "Illegal leading zeros in '01' in <wire>:1:3"),
        ("[ 1-2 ]", "Number overflow: 1-2 in <wire>:1:3"),
        ("[ 1e400 ]", "Number overflow: 1e400 in <wire>:1:3"),
        ("{} {}", "Extra data in <wire>:1:4"),
        ("[ \"\\q\" ]", "Bad escape in <wire>:1:6"),
        ("[ \"\\u0141\" ]", "Unsupported unicode escape in <wire>:1:10"),
        ("<?include \"x\"?>", "error: unexpected character < in <wire>:1:1"),
    ] {
        assert_eq!(command(text).unwrap_err(), error, "{text}");
    }
    assert_eq!(
        json::parse_command(b"{\n \"\xff\": 1 }", Limits::default()).unwrap_err().to_string(),
        "the text is not UTF-8 in <wire>:2:3"
    );
}

#[test]
fn configurations_of_old_days_are_read_as_iso_8859_1() {
    let octets = b"# B\xfcro\n{ \"a\": \"B\xfcro \xc3\xbc\" }";
    let parsed = Parser::new(Dialect::Config).source(Arc::from("f")).parse_bytes(octets).unwrap();
    assert_eq!(json::to_string(&parsed.value), "{ \"a\": \"B\u{fc}ro \u{fc}\" }");
    let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("read as ISO 8859-1") && warnings[0].contains("f:1.4"), "{warnings:?}");
}

#[test]
fn depth_and_size_are_limited() {
    let nest = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(config(&nest(100)).is_ok());
    assert_eq!(
        config(&nest(101)).map(|p| p.value).unwrap_err(),
        "f:1.101: elements nested too deeply: more than 100 levels"
    );
    // Far deeper than any thread's stack, both with and without an end.
    assert!(config(&nest(1_000_000)).is_err());
    assert!(command(&"{\"a\":".repeat(1_000_000)).is_err());
    let limits = Limits { max_bytes: 3, ..Limits::default() };
    assert!(json::parse("[ ]", None, limits).is_ok());
    assert_eq!(
        json::parse("[  ]", None, limits).map(|p| p.value).unwrap_err().to_string(),
        "<string>:1.1: the text is larger than 3 octets"
    );
}

#[test]
fn positions_of_values_and_names() {
    let value = config("{ \"a\":\n  [ 10, \"é\", true ],\n\t\"b\": {} }").unwrap().value;
    let list = value.get("a").unwrap();
    assert_eq!(list.pos().to_string(), "f:2:3");
    assert_eq!(list.key_pos().to_string(), "f:1:3");
    let items = list.as_list().unwrap();
    let positions: Vec<_> = items.iter().map(|v| (v.pos().column, v.width())).collect();
    assert_eq!(positions, [(5, 2), (9, 3), (14, 4)]);
    assert_eq!(items[0].key_pos(), items[0].pos());
    assert_eq!(value.get("b").unwrap().pos().to_string(), "f:3:7");
}

#[test]
fn includes() {
    let mut files = |path: &str| match path {
        "values" => Ok(Loaded { name: Arc::from("values"), text: "1, # first\n2".to_owned() }),
        "members" => Ok(Loaded {
            name: Arc::from("members"),
            text: "\"b\": [ <?include \"values\"?>, 3 ],".to_owned(),
        }),
        "loop" => Ok(Loaded { name: Arc::from("loop"), text: "<?include \"loop\"?>".to_owned() }),
        "bad" => Ok(Loaded { name: Arc::from("bad"), text: "\n @".to_owned() }),
        other if other.starts_with("deep") => {
            let text = format!("<?include \"{other}x\"?>");
            Ok(Loaded { name: Arc::from(other), text })
        }
        _ => Err("no such file".to_owned()),
    };
    let mut run = |text: &str| {
        Parser::new(Dialect::Config)
            .source(Arc::from("f"))
            .loader(&mut files)
            .parse(text)
            .map_err(|e| e.to_string())
    };
    let error = run("{ \"a\": <?include \"values\"?> }").map(|p| p.value).unwrap_err();
    assert_eq!(error, "values:2.1: syntax error, unexpected integer, expecting constant string");
    let parsed = run("{ \"a\": 0, <?include \"members\"?>\n \"c\": 4 }").unwrap();
    assert_eq!(json::to_string(&parsed.value), r#"{ "a": 0, "b": [ 1, 2, 3 ], "c": 4 }"#);
    let two = &parsed.value.get("b").unwrap().as_list().unwrap()[1];
    assert_eq!(two.pos().to_string(), "values:2:1");
    assert_eq!(parsed.value.get("c").unwrap().pos().to_string(), "f:2:7");
    for (text, error) in [
        ("[ <?include \"none\"?> ]", "f:1.3-4: Can't open include file none: no such file"),
        ("[ <?include \"loop\"?> ]", "loop:1.1-2: Include loop: loop includes itself."),
        ("[ <?include \"bad\"?> ]", "bad:2.2: Invalid character: @"),
        ("[ <?include \"values\" ]", "f:1.22: Directive not closed."),
        ("[ <?include \"deep\"?> ]", "deepxxxxxxxxx:1.1-2: Too many nested include."),
    ] {
        assert_eq!(run(text).map(|p| p.value).unwrap_err(), error, "{text}");
    }
}

#[test]
fn files_are_loaded_and_limited() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inc.json");
    std::fs::write(&path, "[ 1 ]").unwrap();
    let text = format!("<?include \"{}\"?>", path.display());
    let mut loader = json::FileLoader { max_bytes: 5 };
    let parsed = Parser::new(Dialect::Config).loader(&mut loader).parse(&text).unwrap();
    assert_eq!(json::to_string(&parsed.value), "[ 1 ]");
    let mut small = json::FileLoader { max_bytes: 4 };
    let error = Parser::new(Dialect::Config).loader(&mut small).parse(&text).map(|p| p.value).unwrap_err();
    assert!(error.text.ends_with("larger than 4 octets"), "{error}");
}
