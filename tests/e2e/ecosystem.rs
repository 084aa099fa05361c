//! Programs of others that operators have around Kea, against ours: `tests/clients/clients.py`.

use std::path::{Path, PathBuf};

use harness::{Updater, World, subnets, subnets6};
use serde_json::{Value, json};

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

/// A UNIX socket, and one over HTTP for whom has the password.
fn channels(directory: &Path, name: &str, port: u16) -> Value {
    json!([
        { "socket-type": "unix", "socket-name": name },
        { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": port, "authentication": {
            "type": "basic", "directory": directory, "clients": [ { "password-file": "credentials" } ] } },
    ])
}

#[test]
fn clients_of_operators() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    space.sh("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    space.ip("link set lo up");
    space.ip("link add lan type bridge");
    space.ip("address add 10.0.1.1/24 dev lan");
    space.ip("address add 2001:db8:1::1/64 dev lan");
    space.ip("link set lan up");
    std::fs::write(world.directory().join("credentials"), "admin:1234\n").unwrap();
    let libraries: Value = ["lease", "stat", "subnet", "class", "host"]
        .map(|library| json!({ "library": format!("libdhcp_{library}_cmds.so") }))
        .into_iter()
        .collect();
    let common = |config: &mut Value, name: &str, port: u16| {
        config["hooks-libraries"] = libraries.clone();
        config["control-sockets"] = channels(world.directory(), name, port);
        config.as_object_mut().unwrap().remove("control-socket");
    };

    let mut server = world.server("kea", &space);
    let mut config = subnets(
        &["lan"],
        json!([ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.10-10.0.1.200" } ],
            "reservations": [ { "hw-address": "01:02:03:04:05:06", "ip-address": "10.0.1.5", "hostname": "printer" } ] } ]),
    );
    config["shared-networks"] = json!([ { "name": "net", "subnet4": [
        { "id": 2, "subnet": "10.0.2.0/24", "pools": [ { "pool": "10.0.2.10-10.0.2.20" } ] } ] } ]);
    config["client-classes"] = json!([ { "name": "voip", "test": "option[60].text == 'x'" } ]);
    common(&mut config, "kea-dhcp4.sock", 8004);
    server.configure(&config);
    server.start();

    let mut six = world.server6("kea6", &space);
    six.prefix = server.prefix.clone();
    let mut config = subnets6(
        &["lan"],
        json!([ { "id": 1, "subnet": "2001:db8:1::/64", "pools": [ { "pool": "2001:db8:1::10-2001:db8:1::1f" } ],
            "pd-pools": [ { "prefix": "2001:db8:f000::", "prefix-len": 44, "delegated-len": 56 } ],
            "reservations": [ { "duid": "01:02:03:04", "ip-addresses": [ "2001:db8:1::5" ] } ] } ]),
    );
    config["shared-networks"] = json!([ { "name": "net", "subnet6": [
        { "id": 2, "subnet": "2001:db8:2::/64", "pools": [ { "pool": "2001:db8:2::10-2001:db8:2::1f" } ] } ] } ]);
    config["client-classes"] = json!([ { "name": "voip", "test": "option[16].exists" } ]);
    common(&mut config, "kea-dhcp6.sock", 8006);
    six.configure(&config);
    six.start();

    let mut updater = world.updater(&server.prefix, &space);
    let map = json!({ "ip-address": "127.0.0.1", "port": 53001 });
    updater.start(&map, &[]);
    let mut whole = Updater::whole(&map);
    whole["control-sockets"] = channels(world.directory(), "kea-ddns.sock", 8005);
    updater.tell("config-set", json!({ "DhcpDdns": whole }));

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
             --server6 http://127.0.0.1:8006 --socket6 {} --ddns http://127.0.0.1:8005 --user admin --password 1234",
            python.display(),
            server.prefix.socket().display(),
            server.prefix.socket6().display(),
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
