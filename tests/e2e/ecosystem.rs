//! Programs of others that operators have around Kea, against ours: `tests/clients/clients.py`.

use std::path::{Path, PathBuf};

use harness::{World, subnets};
use serde_json::json;

/// Python with what a list of requirements names, as `./run test` prepares it below `target`.
fn environment(requirements: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let place = root.join("target/clients").join(requirements);
    let wanted = std::fs::read_to_string(root.join("tests/clients").join(requirements).with_extension("txt"))
        .expect("the list of requirements");
    std::fs::read_to_string(place.join("installed"))
        .is_ok_and(|there| there == wanted)
        .then(|| place.join("bin/python"))
}

#[test]
fn clients_of_operators() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    space.ip("link set lo up");
    space.ip("link add lan type bridge");
    space.ip("address add 10.0.1.1/24 dev lan");
    space.ip("link set lan up");
    let mut server = world.server("kea", &space);
    let mut config = subnets(
        &["lan"],
        json!([ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.10-10.0.1.200" } ],
            "reservations": [ { "hw-address": "01:02:03:04:05:06", "ip-address": "10.0.1.5", "hostname": "printer" } ] } ]),
    );
    config["shared-networks"] = json!([ { "name": "net", "subnet4": [
        { "id": 2, "subnet": "10.0.2.0/24", "pools": [ { "pool": "10.0.2.10-10.0.2.20" } ] } ] } ]);
    config["client-classes"] = json!([ { "name": "voip", "test": "option[60].text == 'x'" } ]);
    config["hooks-libraries"] = ["lease", "stat", "subnet", "class", "host"]
        .map(|library| json!({ "library": format!("libdhcp_{library}_cmds.so") }))
        .into_iter()
        .collect();
    std::fs::write(world.directory().join("credentials"), "admin:1234\n").unwrap();
    config["control-sockets"] = json!([
        { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" },
        { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8004, "authentication": {
            "type": "basic", "directory": world.directory(), "clients": [ { "password-file": "credentials" } ] } },
    ]);
    config.as_object_mut().unwrap().remove("control-socket");
    server.configure(&config);
    server.start();
    let mut agent = world.agent(&server.prefix, &space);
    agent.start();

    let newer = environment("requirements");
    let successor = environment("requirements-netbox-kea-ng");
    let older = environment("requirements-pykeadhcp");
    let debian =
        Path::new("/usr/lib/python3/dist-packages/kea").exists().then(|| PathBuf::from("/usr/bin/python3"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/clients.py");
    for (python, client) in [
        (&newer, "kea-exporter"),
        (&newer, "pyisckea"),
        (&newer, "netbox-kea"),
        (&successor, "netbox-kea-ng"),
        (&older, "pykeadhcp"),
        (&debian, "kea-connector"),
        (&debian, "kea-shell"),
    ] {
        let Some(python) = python else {
            eprintln!("skipped: {client} is not installed (./run test installs it)");
            continue;
        };
        space.sh(&format!(
            "{} {script} {client} --agent http://127.0.0.1:8080 --server http://127.0.0.1:8004 --socket {} \
             --user admin --password 1234",
            python.display(),
            server.prefix.socket().display(),
        ));
    }
    // Health, for whoever asks.
    assert_eq!(space.sh("curl -s http://127.0.0.1:8004/livez"), "ok\n");
    assert_eq!(space.sh("curl -s http://127.0.0.1:8004/readyz"), "ok\n");
    server.tell("dhcp-disable", json!({}));
    let answer = space.sh("curl -s -w '%{http_code}' http://127.0.0.1:8004/readyz");
    assert_eq!(answer, "the service is disabled\n503");
    assert_eq!(space.sh("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8004/metrics"), "401");
}
