//! The command lines of the manual, as an operator types them.

use harness::{World, minimal};
use serde_json::{Value, json};

/// One namespace with an interface that leads nowhere.
fn lonely(world: &World) -> harness::Space {
    let space = world.space("one");
    space.ip("link add lan type bridge");
    space.ip("address add 192.0.2.1/24 dev lan");
    space.ip("link set lan up");
    space
}

/// The README's configuration, and the three ways to send a command.
#[test]
fn shell_curl_and_socat() {
    let Some(world) = World::new() else { return };
    let space = lonely(&world);
    let mut server = world.server("kea", &space);
    // Word for word, but for the interface: no logger, no lifetime, nothing else.
    server.prefix.write_config(
        "kea-dhcp4.conf",
        r#"{ "Dhcp4": {
            "server-tag": "headquarters",
            "interfaces-config": { "interfaces": [ "lan" ] },
            "control-socket": { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" },
            "hooks-libraries": [ { "library": "libdhcp_cb_cmds.so" } ],
            "config-control": { "config-databases": [ { "type": "sqlite", "name": "kea-config.db" } ] },
            "lease-database": { "type": "memfile" } } }"#,
    );
    server.start();
    let mut agent = world.agent(&server.prefix, &space);
    agent.start();
    let bin = server.prefix.path("sbin").display().to_string();
    let socket = server.prefix.socket().display().to_string();

    let stored = space.sh(&format!(
        r#"export PATH={bin}:$PATH
echo '"servers": [ {{ "server-tag": "headquarters", "description": "The machine at HQ (v4)" }} ]' | kea-shell --host 127.0.0.1 --port 8080 --service dhcp4 remote-server4-set | jq """#
    ));
    let stored: Value = serde_json::from_str(&stored).expect("jq puts out JSON");
    assert_eq!(stored.pointer("/0/result"), Some(&json!(0)), "{stored}");
    assert_eq!(stored.pointer("/0/arguments/servers/0/server-tag"), Some(&json!("headquarters")), "{stored}");

    let got = space.sh(
        r#"curl -s -X POST -H "Content-Type: application/json" -d '{ "command": "config-get", "service": [ "dhcp4" ] }' http://127.0.0.1:8080/"#,
    );
    let got: Value = serde_json::from_str(&got).expect("JSON over HTTP");
    assert_eq!(got.pointer("/0/result"), Some(&json!(0)), "{got}");
    assert_eq!(got.pointer("/0/arguments/Dhcp4/server-tag"), Some(&json!("headquarters")), "{got}");

    let direct = space.sh(&format!(r#"echo '{{ "command": "config-get" }}' | socat {socket} -,ignoreeof"#));
    let direct: Value = serde_json::from_str(&direct).expect("JSON over the socket");
    assert_eq!(direct.pointer("/arguments"), got.pointer("/0/arguments"), "both ways show the same");

    // The README's second example: a subnet, served without a restart.
    let subnet = r#"{ "command": "remote-subnet4-set", "service": [ "dhcp4" ], "arguments": {
        "server-tags": [ "headquarters" ],
        "subnets": [ { "id": 1, "subnet": "192.0.2.0/24", "shared-network-name": null,
                       "pools": [ { "pool": "192.0.2.10 - 192.0.2.200" } ],
                       "option-data": [ { "name": "routers", "data": "192.0.2.1" } ] } ] } }"#;
    let answer = space.sh(&format!(
        "curl -s -X POST -H 'Content-Type: application/json' http://127.0.0.1:8080/ -d '{subnet}'"
    ));
    let answer: Value = serde_json::from_str(&answer).expect("JSON over HTTP");
    assert_eq!(answer.pointer("/0/arguments/subnets"), Some(&json!([{ "id": 1, "subnet": "192.0.2.0/24" }])));
    harness::until("the subnet is served", || server.served() == [1]);

    // What the servers made is for their group at most.
    for (path, most) in [
        ("var/lib/kea/kea-config.db", 0o640),
        ("var/lib/kea/kea-leases4.csv", 0o640),
        ("var/run/kea/kea-dhcp4.sock", 0o770),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(server.prefix.path(path)).expect(path);
        let mode = metadata.permissions().mode() & 0o777;
        assert_eq!(mode & !most, 0, "{path} has mode {mode:o}");
    }
    assert!(server.stop().success());
    let _ = minimal;
}
