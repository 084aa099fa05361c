//! The command lines of the manual, as an operator types them.

use harness::{Dialog, World, minimal, subnets6};
use serde_json::{Value, json};

use crate::site;

/// One namespace with an interface that leads nowhere.
fn lonely(world: &World) -> harness::Space {
    let space = world.space("one");
    space.ip("link add lan type bridge");
    space.ip("address add 192.0.2.1/24 dev lan");
    space.ip("link set lan up");
    space
}

/// Counts of leases that were reset or removed by hand are right again with the next configuration.
#[test]
fn leases_are_counted_anew() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    let mut config = site::config();
    config["hooks-libraries"] =
        json!([ { "library": "libdhcp_lease_cmds.so" }, { "library": "libdhcp_stat_cmds.so" } ]);
    server.configure(&config);
    server.start();
    let mut dialog = Dialog::new(&relay, site::RELAY, site::SERVER);
    let client = base::HwAddr::new(1, &[2, 0, 0, 0, 0, 9]).expect("six octets");
    dialog.lease(&client, &[]).expect("a lease");
    let counts = || ["assigned-addresses", "subnet[1].assigned-addresses"].map(|name| server.statistic(name));
    assert_eq!(counts(), [1, 1]);
    for command in ["statistic-reset-all", "statistic-remove-all"] {
        server.tell(command, Value::Null);
        server.tell("config-reload", Value::Null);
        assert_eq!(counts(), [1, 1], "{command}");
        assert_eq!(server.statistic("declined-addresses"), 0, "{command}");
    }
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
}

/// What scripts make of kea-shell: its exit status and its output.
/// What a dashboard draws of a kea-dhcp6, pools of more than 64 bits included, and limits of samples that last.
#[test]
fn figures_of_dhcp6() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    space.ip("link set lo up");
    let mut server = world.server6("kea", &space);
    let mut config = subnets6(
        &[],
        json!([ { "id": 1, "subnet": "2001:db8:1::/48",
            "pools": [ { "pool": "2001:db8:1::/64", "pool-id": 1 },
                { "pool": "2001:db8:1:1::1-2001:db8:1:1::10", "pool-id": 2 } ],
            "pd-pools": [ { "prefix": "2001:db8:f000::", "prefix-len": 44, "delegated-len": 56 } ] } ]),
    );
    let unix = config.as_object_mut().unwrap().remove("control-socket").unwrap();
    std::fs::write(world.directory().join("credentials"), "admin:1234\n").unwrap();
    config["control-sockets"] = json!([ unix, { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8006,
        "authentication": { "type": "basic", "directory": world.directory(),
            "clients": [ { "password-file": "credentials" } ] } } ]);
    server.configure(&config);
    server.start();
    let text = space.sh("curl -s -u admin:1234 http://127.0.0.1:8006/metrics");
    let of = |metric: &str, pool: &str| {
        format!("kea_dhcp6_{metric}{{subnet=\"2001:db8:1::/48\",subnet_id=\"1\",pool=\"{pool}\"}} ")
    };
    for line in [
        of("na_total", "") + "18446744073709551632\n",
        of("na_total", "2001:db8:1::/64") + "18446744073709551616\n",
        of("na_total", "2001:db8:1:1::1-2001:db8:1:1::10") + "16\n",
        of("pd_total", "") + "4096\n",
        of("pd_pool_total", "pd-pool[0]") + "4096\n",
        of("na_assigned_total", "") + "0\n",
    ] {
        assert!(text.contains(&line), "{line} in {text}");
    }
    assert_eq!(text.matches("kea_dhcp6_pd_total{").count(), 1, "prefixes are counted once: {text}");
    let ready = || space.sh("curl -s -w '%{http_code}' http://127.0.0.1:8006/readyz");
    assert_eq!(ready(), "no interface is listened on\n503");
    // With all interfaces those that are down are not missed, as long as one is served.
    space.bridge("lan");
    space.ip("link add spare type bridge");
    let answer = server.tell("interface-add", json!({ "interfaces": [ "*" ] }));
    assert_eq!(answer.result, 0);
    harness::until("one interface is served", || ready() == "ok\n200");
    let status = server.tell("status-get", Value::Null);
    assert!(status.at("/sockets/errors").to_string().contains("spare is down"), "{status:?}");
    assert_eq!(status.at("/csv-lease-file"), &json!(server.prefix.path("var/lib/kea/kea-leases6.csv")));

    let limits = || {
        let config = server.config();
        let of = |name: &str| config[format!("statistic-default-sample-{name}")].as_u64().unwrap();
        (of("count"), of("age"))
    };
    assert_eq!(limits(), (20, 0));
    server.tell("statistic-sample-count-set-all", json!({ "max-samples": 7 }));
    assert_eq!(limits(), (7, 0));
    server.tell("statistic-sample-age-set-all", json!({ "duration": 77 }));
    assert_eq!(limits(), (0, 77));
    assert_eq!(server.command("statistic-sample-count-set-all", json!({ "max-samples": 0 })).result, 1);
    assert_eq!(limits(), (0, 77));
}

#[test]
fn exit_codes_of_the_shell() {
    let Some(world) = World::new() else { return };
    let space = lonely(&world);
    let mut server = world.server("kea", &space);
    server.configure(&minimal("", &["lan"], "kea-config.db"));
    server.start();
    let mut agent = world.agent(&server.prefix, &space);
    agent.start();

    let done = agent.shell("version-get", "");
    assert_eq!(done.code(), 0, "{done:?}");
    let answer: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(answer.pointer("/0/text"), Some(&json!("3.3.1")));
    // An error of the server is an answer all the same.
    let done = agent.shell("no-such-command", "");
    assert_eq!(done.code(), 0, "{done:?}");
    assert!(done.stdout.contains("\"result\": 2"), "{done:?}");
    // The bare form, a whole map, and neither.
    for (stdin, code) in
        [("\"name\": \"pkt4-received\"", 0), ("{ \"name\": \"pkt4-received\" }", 0), ("{ \"name\"", 1)]
    {
        let done = agent.shell("statistic-get", stdin);
        assert_eq!(done.code(), code, "{stdin}: {done:?}");
    }
    let shell = server.prefix.program("kea-shell");
    for (words, code) in
        [(&["--port", "1", "version-get"][..], 1), (&["--no-such-flag"], 2), (&["-v"], 0), (&["--help"], 0)]
    {
        let done = space.run(&shell, words, "");
        assert_eq!(done.code(), code, "{words:?}: {done:?}");
    }
}

/// What the README shows first.
#[test]
fn the_demonstration() {
    let Some(world) = World::new() else { return };
    for program in ["python3", "busybox", "dhclient", "dhcpcd"] {
        if harness::found(program).is_none() {
            return harness::skipped(&format!("{program} is not installed"));
        }
    }
    let prefix = world.prefix("kea");
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/demo.py");
    let words = [demo.as_os_str(), "--once".as_ref(), "--prefix".as_ref(), prefix.root().as_os_str()];
    let done = world.run_with("python3", words, "", &[], std::time::Duration::from_secs(180));
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("All steps passed."), "{}", done.stdout);
}
