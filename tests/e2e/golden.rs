//! Every command of kea-dhcp4 with its answer, held against `tests/golden/dhcp4.session`: lines with `>` are sent in
//! their order, lines with `<` are what must come back. `UPDATE_REFERENCE=1` writes the answers anew; a diff in review
//! then shows what changes for programs.

use std::collections::BTreeSet;
use std::path::Path;

use harness::{World, control, subnets};
use serde_json::{Value, json};

/// Members whose values differ from run to run, and what stands for them.
const VOLATILE: &[&str] = &[
    "pid",
    "uptime",
    "reload",
    "cltt",
    "expire",
    "hash",
    "extended",
    "timestamp",
    "size",
    "modification-time",
    "text-of-build",
    "thread-pool-size",
    "time",
    "from",
];

fn masked(value: &mut Value, directory: &str) {
    match value {
        Value::Object(map) => {
            for (name, member) in map.iter_mut() {
                if VOLATILE.contains(&name.as_str()) && !member.is_object() && !member.is_array() {
                    *member = json!("*");
                } else {
                    masked(member, directory);
                }
            }
        }
        // A sample of a statistic: its value and its time.
        Value::Array(pair) if pair.len() == 2 && pair.get(1).is_some_and(is_time) => pair[1] = json!("*"),
        Value::Array(list) => list.iter_mut().for_each(|item| masked(item, directory)),
        Value::String(text) => *text = text.replace(directory, "DIRECTORY"),
        _ => {}
    }
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 26 && text.starts_with("20") && text.contains(':'))
}

#[test]
fn every_command_has_its_answer() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    let mut server = world.server("kea", &space);
    let mut config = subnets(
        &[],
        json!([ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.10-10.0.1.200" } ] },
            { "id": 2, "subnet": "10.0.2.0/24", "pools": [ { "pool": "10.0.2.10-10.0.2.20" } ] } ]),
    );
    config["hooks-libraries"] = ["cb", "lease", "stat", "subnet", "class", "host"]
        .map(|library| json!({ "library": format!("libdhcp_{library}_cmds.so") }))
        .into_iter()
        .collect();
    config["multi-threading"] = json!({ "enable-multi-threading": true, "thread-pool-size": 1 });
    config["config-control"] = json!({ "config-fetch-wait-time": 0,
        "config-databases": [ { "type": "sqlite", "name": "golden.db" } ] });
    server.configure(&config);
    server.start();

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/dhcp4.session");
    let session = std::fs::read_to_string(&path).unwrap();
    let directory = server.prefix.root().display().to_string();
    let mut made = String::new();
    let mut asked = BTreeSet::new();
    let mut known: Vec<String> = Vec::new();
    for request in session.lines().filter_map(|line| line.strip_prefix("> ")) {
        let command: Value = serde_json::from_str(request).unwrap();
        let name = command["command"].as_str().unwrap().to_owned();
        let answer = control::unix(&server.prefix.socket(), request.as_bytes()).expect("an answer");
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        if name == "list-commands" {
            known = serde_json::from_value(answer["arguments"].clone()).unwrap();
        }
        if matches!(name.as_str(), "version-get" | "build-report") {
            answer["text"] = json!("*");
        }
        masked(&mut answer, &directory);
        asked.insert(name);
        made.push_str(&format!("> {request}\n< {answer}\n"));
    }
    let lacking: Vec<&String> = known.iter().filter(|name| !asked.contains(*name)).collect();
    assert!(lacking.is_empty(), "commands without an example in tests/golden: {lacking:?}");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    for (is, was) in made.lines().zip(session.lines()) {
        assert_eq!(is, was);
    }
    assert_eq!(made.lines().count(), session.lines().count());
}
