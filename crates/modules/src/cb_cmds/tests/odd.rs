//! Whatever stands in the arguments: an answer, never a panic, and nothing stored that cannot be read.

use backend::suite::wait;
use backend::{Pulled, ServerSelector};
use base::{Family, ServerTag};
use json::{Kind, Map, Value};
use proptest::prelude::*;

use super::super::command_definitions;
use super::{Session, value};

/// Good arguments for every command at once.
const GOOD: &str = r#"{
    "servers": [{"server-tag": "abc", "description": "x"}],
    "parameters": {"renew-timer": 100, "compatibility.lenient-option-parsing": true},
    "server-tags": ["abc"],
    "option-defs": [{"name": "foo", "code": 222, "type": "record", "record-types": "uint8, string", "space": "dhcp4",
        "array": false, "encapsulate": ""}],
    "options": [{"code": 6, "space": "dhcp4", "data": "192.0.2.1", "csv-format": true, "client-classes": ["a"],
        "always-send": true}],
    "client-classes": [{"name": "a", "test": "member('KNOWN')", "option-data": [{"name": "routers", "data": "1.1.1.1"}],
        "valid-lifetime": 100, "user-context": {"x": 1}}],
    "follow-class-name": null,
    "shared-networks": [{"name": "n", "relay": {"ip-addresses": ["10.0.0.1"]}, "t1-percent": 0.5,
        "option-data": [{"code": 6, "data": "C0000201", "csv-format": false}]}],
    "subnets-include": "full", "subnets-action": "keep", "force": false,
    "subnets": [{"id": 5, "subnet": "10.0.0.0/24", "shared-network-name": null, "interface": "eth0",
        "pools": [{"pool": "10.0.0.1-10.0.0.9", "client-classes": ["a"], "option-data": [{"code": 3, "data": "10.0.0.1"}]}]}],
    "pools": [{"pool": "10.0.0.1-10.0.0.9"}],
    "remote": {"type": "sqlite"}
}"#;

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Kind::Null.into()),
        any::<bool>().prop_map(Value::from),
        prop_oneof![any::<i64>(), -2i64..300].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![
            "\\PC{0,12}".boxed(),
            Just(String::new()).boxed(),
            "[0-9./,:'a-f -]{0,20}".boxed(),
            prop::sample::select(vec![
                "all",
                "any",
                "abc",
                "é'\"\\",
                "10.0.0.0/0",
                "::/0",
                "255.255.255.255/32",
                "member('a')"
            ])
            .prop_map(str::to_owned)
            .boxed()
        ]
        .prop_map(Value::from),
        Just(Value::from(Vec::new())),
        Just(Value::map()),
        Just(vec![Value::map()].into()),
        Just(vec![Value::from("x"), Kind::Null.into()].into()),
    ]
}

/// Every place in a tree, as a path of members and positions.
fn places(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    found.push(path.clone());
    let mut inside = |name: String, value: &Value| {
        path.push(name);
        places(value, path, found);
        path.pop();
    };
    match &value.kind {
        Kind::Map(map) => map.iter().for_each(|(name, value)| inside(name.to_string(), value)),
        Kind::List(list) => list.iter().enumerate().for_each(|(at, value)| inside(at.to_string(), value)),
        _ => {}
    }
}

fn put(value: &mut Value, path: &[String], new: Option<Value>) {
    let Some((first, rest)) = path.split_first() else {
        *value = new.unwrap_or_default();
        return;
    };
    match &mut value.kind {
        Kind::Map(map) if rest.is_empty() && new.is_none() => {
            map.remove(first);
        }
        Kind::Map(map) => put(map.entry(first.clone()).or_default(), rest, new),
        Kind::List(list) => {
            if let Some(item) = first.parse().ok().and_then(|at: usize| list.get_mut(at)) {
                put(item, rest, new);
            }
        }
        _ => {}
    }
}

/// Which lists a command looks at; with the others it would be refused for what it does not take.
fn fitting(command: &str, all: &Map) -> Map {
    let mut map = all.clone();
    let takes_tags = ![
        "-get-by",
        "-del-by",
        "network4-get",
        "network4-del",
        "class4-get",
        "class4-del",
        "-subnet-",
        "-network-s",
        "-network-d",
        "-pool-",
        "server4",
    ]
    .iter()
    .any(|part| command.contains(part))
        || command.ends_with("get-all")
        || command.ends_with("list");
    if !takes_tags {
        map.remove("server-tags");
    }
    if command.contains("global-parameter") && !command.ends_with("set") {
        map.insert("parameters".to_owned(), vec![Value::from("renew-timer")].into());
    }
    if command.contains("-def4-") && !command.ends_with("set") {
        map.insert("option-defs".to_owned(), value(r#"[{"code": 222}]"#));
    }
    if command.contains("option4") && !command.ends_with("set") {
        map.insert("options".to_owned(), value(r#"[{"code": 6}]"#));
    }
    map
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn odd_arguments_are_answered(
        runs in prop::collection::vec((0usize..36, prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(odd())), 0..3)), 1..60)
    ) {
        let session = Session::with(&["abc"]);
        let names: Vec<&str> = command_definitions(Family::V4).map(|d| d.name).collect();
        let all = value(GOOD).as_map().unwrap().clone();
        for (at, changes) in runs {
            let command = names[at];
            let mut arguments: Value = fitting(command, &all).into();
            for (place, new) in changes {
                let mut found = Vec::new();
                places(&arguments, &mut Vec::new(), &mut found);
                put(&mut arguments, &found[place.index(found.len())].clone(), new);
            }
            let command_and = control::Command::new(command).with_arguments(arguments.clone());
            let answer = session.runtime.block_on(session.table.dispatch(command_and));
            let text = answer.text.clone().unwrap_or_default();
            prop_assert!(matches!(answer.result, 0 | 1 | 3), "{} {:?}", command, answer);
            prop_assert!(!text.contains("internal server error"), "{} {}", command, json::to_string(&arguments));
            prop_assert!(answer.result != 1 || !text.is_empty());
        }
        // What was stored can be read, and a server can run it.
        let tag = ServerTag::new("abc").unwrap();
        let Pulled::Everything { objects, .. } = wait(session.database().pull(tag.clone(), None)).unwrap() else { unreachable!() };
        let merged = backend::merge(&config::Written4::default(), &objects, &ServerSelector::One(tag));
        let running = config::resolve4(std::sync::Arc::new(merged), &config::ResolveEnv::default());
        prop_assert!(running.is_ok(), "{:?}", running.err());
    }
}
