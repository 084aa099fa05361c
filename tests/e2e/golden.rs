//! Every command of the servers with its answer, held against `tests/golden/*.session`: lines with `>` are sent in
//! their order, lines with `<` are what must come back. `UPDATE_REFERENCE=1` writes the answers anew; a diff in review
//! then shows what changes for programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use harness::{Server, World, control, subnets, subnets6};
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
    "time",
    "timestamp",
    "modification-time",
    "date-time",
    "mac",
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

/// Plays a session to a server that has all libraries of commands.
fn play(mut server: Server, mut config: Value, socket: &Path, session: &str) {
    config["hooks-libraries"] = ["cb", "lease", "stat", "subnet", "class", "host"]
        .map(|library| json!({ "library": format!("libdhcp_{library}_cmds.so") }))
        .into_iter()
        .chain([json!({ "library": "libdhcp_ha.so", "parameters": { "high-availability": [ {
            "this-server-name": "server1", "mode": "passive-backup",
            "multi-threading": { "http-dedicated-listener": false },
            "peers": [ { "name": "server1", "url": "http://127.0.0.1:8005/", "role": "primary" },
                       { "name": "server2", "url": "http://127.0.0.1:1/", "role": "backup" } ] } ] } })])
        .chain([json!({ "library": "libdhcp_perfmon.so" })])
        .collect();
    config["multi-threading"] = json!({ "enable-multi-threading": true, "thread-pool-size": 1 });
    config["config-control"] = json!({ "config-fetch-wait-time": 0,
        "config-databases": [ { "type": "sqlite", "name": "golden.db" } ] });
    server.configure(&config);
    server.start();
    // What it shares with others is settled soon after the start.
    harness::until("high availability is settled", || {
        let answer = control::unix(socket, br#"{ "command": "status-get" }"#).unwrap_or_default();
        serde_json::from_str::<Value>(&answer).is_ok_and(|status| {
            let local = &status["arguments"]["high-availability"][0]["ha-servers"]["local"];
            local["state"] == "passive-backup"
        })
    });
    let directory = server.prefix.root().display().to_string();
    hold(session, &directory, |request| control::unix(socket, request.as_bytes()).expect("an answer"));
}

/// Asks what a session asks, and holds the answers against it.
fn hold(session: &str, directory: &str, ask: impl Fn(&str) -> String) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(session);
    let session = std::fs::read_to_string(&path).unwrap();
    let mut made = String::new();
    let mut asked = BTreeSet::new();
    let mut known: Vec<String> = Vec::new();
    for request in session.lines().filter_map(|line| line.strip_prefix("> ")) {
        let command: Value = serde_json::from_str(request).unwrap();
        let name = command["command"].as_str().unwrap_or_default().to_owned();
        let mut answer: Value = serde_json::from_str(&ask(request)).unwrap();
        match name.as_str() {
            "list-commands" => known = serde_json::from_value(answer["arguments"].clone()).unwrap(),
            "version-get" | "build-report" => answer["text"] = json!("*"),
            // Tests of their own hold what they show; here it would change with every keyword and statistic.
            "config-get" => answer["arguments"] = json!("*"),
            "statistic-get-all" | "statistic-global-get-all" => answer["arguments"] = json!("*"),
            // Its length follows that of the directory's name.
            "config-write" if answer["result"] == 0 => answer["arguments"]["size"] = json!("*"),
            _ => {}
        }
        masked(&mut answer, directory);
        asked.insert(name);
        made.push_str(&format!("> {request}\n< {answer}\n"));
    }
    let lacking: Vec<&String> = known.iter().filter(|name| !asked.contains(*name)).collect();
    assert!(lacking.is_empty(), "commands without an example in {}: {lacking:?}", path.display());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    for (is, was) in made.lines().zip(session.lines()) {
        assert_eq!(is, was);
    }
    assert_eq!(made.lines().count(), session.lines().count());
}

#[test]
fn every_command_of_dhcp4_has_its_answer() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    let server = world.server("kea", &space);
    let config = subnets(
        &[],
        json!([ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.10-10.0.1.200" } ] },
            { "id": 2, "subnet": "10.0.2.0/24", "pools": [ { "pool": "10.0.2.10-10.0.2.20" } ] } ]),
    );
    let socket = server.prefix.socket();
    play(server, config, &socket, "dhcp4.session");
}

#[test]
fn every_command_of_dhcp6_has_its_answer() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    let server = world.server6("kea", &space);
    let config = subnets6(
        &[],
        json!([ { "id": 1, "subnet": "2001:db8:1::/64", "pools": [ { "pool": "2001:db8:1::10-2001:db8:1::200" } ],
                "pd-pools": [ { "prefix": "2001:db8:f000::", "prefix-len": 44, "delegated-len": 56 } ] },
            { "id": 2, "subnet": "2001:db8:2::/64", "pools": [ { "pool": "2001:db8:2::10-2001:db8:2::20" } ] } ]),
    );
    let socket = server.prefix.socket6();
    play(server, config, &socket, "dhcp6.session");
}

#[test]
fn every_command_of_the_agent_has_its_answer() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    space.ip("link set lo up");
    let mut agent = world.agent(&world.prefix("kea"), &space);
    agent.start();
    let directory = agent.prefix.root().display().to_string();
    hold("agent.session", &directory, |request| {
        let done = space.inside(|| control::http("127.0.0.1:8080", "", request));
        let (_, body) = done.expect("an answer");
        // A list with one answer for the agent itself.
        let list: Vec<Value> = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        let [answer] = list.as_slice() else { panic!("{body}") };
        answer.to_string()
    });
}

#[test]
fn every_command_of_the_updater_has_its_answer() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    space.ip("link set lo up");
    let mut updater = world.updater(&world.prefix("kea"), &space);
    updater.start(&json!({}), &[]);
    let directory = updater.prefix.root().display().to_string();
    let socket = updater.socket();
    hold("d2.session", &directory, |request| control::unix(&socket, request.as_bytes()).expect("an answer"));
}
