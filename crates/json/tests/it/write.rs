//! Printed forms, and that reading them gives the same tree.

use json::{Dialect, Kind, Map, Parser, Value};
use proptest::prelude::*;

#[test]
fn spacing_of_answers() {
    let value = Value::from([
        ("z", Value::from(vec![])),
        ("m", Value::map()),
        ("a", Value::from(vec![Value::from(1i64), true.into(), "x\"\\/\u{1}\u{7f}é\n".into()])),
        ("n", Value::default()),
    ]);
    assert_eq!(
        json::to_string(&value),
        r#"{ "a": [ 1, true, "x\"\\/\u0001\u007fé\n" ], "m": {  }, "n": null, "z": [  ] }"#
    );
}

#[test]
fn layout_of_written_configurations() {
    let text =
        r#"{ "l": [ 1, [ ], { }, [ [ 1, 2 ], { "a": 1.0 } ] ], "e": { }, "m": { "k": [ "x", "y" ] } }"#;
    let value = json::parse(text, None, json::Limits::default()).unwrap().value;
    let expected = r#"{
  "e": { },
  "l": [ 1, [ ], { }, [
      [ 1, 2 ],
      {
        "a": 1.0
      }
    ] ],
  "m": {
    "k": [ "x", "y" ]
  }
}"#;
    assert_eq!(json::to_string_pretty(&value, 2), expected);
}

#[test]
fn reals_as_c_prints_them() {
    for (value, text) in [
        (0.5, "0.5"),
        (0.875, "0.875"),
        (1.0, "1.0"),
        (100_000.0, "100000.0"),
        (1_000_000.0, "1e+06"),
        (1e20, "1e+20"),
        (1e-7, "1e-07"),
        (0.0001, "0.0001"),
        (-0.25, "-0.25"),
        (0.0, "0.0"),
        // Six digits would be another number.
        (0.333_333_333, "0.333333333"),
        (1_234_567.0, "1234567.0"),
    ] {
        assert_eq!(json::to_string(&Kind::Real(value).into()), text);
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::default()),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |r| r.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| members.into_iter().collect::<Map>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn reading_what_was_written_gives_the_same(value in values()) {
        for text in [json::to_string(&value), json::to_string_pretty(&value, 2)] {
            for dialect in [Dialect::Config, Dialect::Command] {
                let parsed = Parser::new(dialect).parse(&text).unwrap();
                prop_assert_eq!(&parsed.value, &value);
                prop_assert!(parsed.warnings.is_empty());
            }
            if text.starts_with(['{', '[']) {
                let mut scanner = json::Scanner::new();
                prop_assert_eq!(scanner.push(text.as_bytes()), json::Scan::Complete(text.len()));
            }
        }
    }

    #[test]
    fn any_octets_give_a_tree_or_an_error(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        for dialect in [Dialect::Config, Dialect::Command] {
            let _ = Parser::new(dialect).parse_bytes(&octets);
        }
        let _ = json::Scanner::new().push(&octets);
    }

    #[test]
    fn any_likely_text_gives_a_tree_or_an_error(text in r#"[\[\]{},:"\\ \n/*#?<>a-u0-9.+eE-]{0,80}"#) {
        for dialect in [Dialect::Config, Dialect::Command] {
            if let Ok(parsed) = Parser::new(dialect).parse(&text) {
                let again = Parser::new(dialect).parse(&json::to_string(&parsed.value)).unwrap();
                prop_assert_eq!(again.value, parsed.value);
            }
        }
    }
}
