//! New configurations while clients are served: good ones lose nothing, bad ones change nothing.

use std::time::Duration;

use harness::{Load, LoadSettings, World, stored_leases, until};
use serde_json::{Value, json};

use crate::site;

/// Configurations that must be refused, each for another reason.
fn mistakes() -> Vec<(&'static str, Value)> {
    let change = |pointer: &str, value: Value| {
        let mut config = site::config();
        *config.pointer_mut(pointer).expect("a member") = value;
        config
    };
    let with = |name: &str, value: Value| {
        let mut config = site::config();
        config[name] = value;
        config
    };
    vec![
        ("unknown keyword", with("valid-lifetimes", json!(1))),
        ("wrong type", with("valid-lifetime", json!("long"))),
        ("pool outside", change("/subnet4/0/pools/0/pool", json!("10.65.0.1-10.65.0.9"))),
        ("bad prefix", change("/subnet4/0/subnet", json!("10.64.0.0/33"))),
        ("unknown interface", change("/interfaces-config/interfaces/0", json!("nowhere0"))),
        ("unknown lease database", change("/lease-database/type", json!("oracle"))),
        (
            "lease file elsewhere",
            with("lease-database", json!({ "type": "memfile", "name": "/etc/leases.csv" })),
        ),
        ("unknown hook", with("hooks-libraries", json!([ { "library": "libdhcp_nothing.so" } ]))),
        ("bad class", with("client-classes", json!([ { "name": "x", "test": "option[60].hex == " } ]))),
        (
            "socket elsewhere",
            with("control-socket", json!({ "socket-type": "unix", "socket-name": "/etc/kea.sock" })),
        ),
    ]
}

#[test]
fn configurations_change_under_load() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    server.start();
    let settings = LoadSettings { rate: 150, window: 32, checks: 30, releases: 5, ..site::load() };
    let load = Load::start(&relay, settings);
    until("clients are served", || load.acks() > 20);

    let mut hash = server.hash();
    for (round, (what, bad)) in mistakes().into_iter().enumerate() {
        let mut good = site::config();
        good["valid-lifetime"] = json!(3600 + round);
        good["server-tag"] = json!(format!("round-{round}"));
        // A second subnet comes and goes, and so do options and classes.
        if round % 2 == 0 {
            let list = good["subnet4"].as_array_mut().expect("subnets");
            list.push(json!({ "id": 2, "subnet": "10.65.0.0/16", "pools": [ { "pool": "10.65.0.0/16" } ] }));
            good["client-classes"] = json!([ { "name": "all-of-them", "test": "relay4[1].exists" } ]);
            good["option-data"] = json!([ { "name": "domain-name", "data": format!("r{round}.example") } ]);
        }
        let answer = server.tell("config-set", json!({ "Dhcp4": good }));
        let new = answer.at("/hash").as_str().expect("a hash").to_owned();
        assert_ne!(new, hash, "another configuration, another hash");
        assert_eq!(server.hash(), new);
        hash = new;
        let refused = server.command("config-set", json!({ "Dhcp4": bad })).error();
        assert!(!refused.text.is_empty(), "{what}");
        assert_eq!(server.hash(), hash, "{what}: a failed config-set changes nothing");
        assert_eq!(server.config()["server-tag"], json!(format!("round-{round}")), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }

    // SIGHUP: the file again, then a bad one, then a good one.
    server.reload();
    until("the file is in force", || server.config()["valid-lifetime"] == 3600);
    let hash = server.hash();
    std::fs::write(server.config_file(), "{ \"Dhcp4\": { \"subnet4\": [ }").expect("file");
    server.reload();
    until("the bad file was seen", || server.log().contains("DHCP4_CONFIG_LOAD_FAIL"));
    assert_eq!(server.hash(), hash);
    let mut last = site::config();
    last["valid-lifetime"] = json!(7200);
    server.configure(&last);
    server.reload();
    until("the good file is in force", || server.config()["valid-lifetime"] == 7200);
    // Many at once are one, or several in a row.
    for _ in 0..20 {
        server.reload();
    }
    let answer = server.tell("config-reload", Value::Null);
    assert_eq!(answer.at("/hash"), &json!(server.hash()));

    let (history, exchanges) = load.stop();
    let lost: Vec<_> = exchanges.iter().filter(|e| e.end != harness::End::Granted || e.again > 1).collect();
    assert!(lost.is_empty(), "{} of {} exchanges suffered: {lost:?}", lost.len(), exchanges.len());
    let again: u32 = exchanges.iter().map(|e| e.again).sum();
    eprintln!("{} exchanges, {again} packets sent again", exchanges.len());
    assert!(exchanges.len() > 100, "a load that is none: {}", exchanges.len());
    assert_eq!(history.doubles(), [""; 0]);
    let now = harness::now_micros();
    assert_eq!(history.missing(&stored_leases(&server.prefix.lease_file()), now), [""; 0]);
    assert!(server.stop().success());
}

/// An operator who deletes the lease file of a running server and reloads means its leases, too.
#[test]
fn a_lease_file_that_is_gone_at_a_reload() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    server.start();
    let mut dialog = harness::Dialog::new(&relay, site::RELAY, site::SERVER);
    let client = base::HwAddr::new(1, &[2, 0, 0, 0, 0, 9]).expect("six octets");
    dialog.lease(&client, &[]).expect("a lease");
    server.tell("config-reload", json!({}));
    assert_eq!(server.statistic("assigned-addresses"), 1);
    std::fs::remove_file(server.prefix.lease_file()).expect("lease file");
    server.tell("config-reload", json!({}));
    assert_eq!(server.statistic("assigned-addresses"), 0);
    let second = dialog.lease(&client, &[]).expect("a lease").yiaddr;
    let stored = stored_leases(&server.prefix.lease_file());
    assert!(stored.contains_key(&second), "{second} is not in the new file");
}

/// A lease file and its leases are the server's own business: another name is another set of leases, and the way
/// back finds the first ones.
#[test]
fn another_lease_file_and_back() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    server.start();
    let mut dialog = harness::Dialog::new(&relay, site::RELAY, site::SERVER);
    let client = base::HwAddr::new(1, &[2, 0, 0, 0, 0, 9]).expect("six octets");
    let first = dialog.lease(&client, &[]).expect("a lease").yiaddr;
    let mut other = site::config();
    other["lease-database"]["name"] = json!("other.csv");
    server.tell("config-set", json!({ "Dhcp4": other }));
    assert_eq!(server.statistic("assigned-addresses"), 0);
    assert_eq!(server.statistic("subnet[1].assigned-addresses"), 0);
    let check = || testkit::Packet4::request_init_reboot(&client, first);
    assert!(dialog.ask(check(), Duration::from_millis(500)).is_none_or(|reply| reply.kind() == 6));
    server.tell("config-set", json!({ "Dhcp4": site::config() }));
    let counts = || {
        ["assigned-addresses", "subnet[1].assigned-addresses", "subnet[1].pool[0].assigned-addresses"]
            .map(|name| server.statistic(name))
    };
    assert_eq!(counts(), [1, 1, 1]);

    // A file that is none: refused, and everything is as it was, the other subnet of the failed try included.
    std::fs::write(server.prefix.path("var/lib/kea/bad.csv"), "no,lease,file\n1,2,3\n").expect("file");
    let hash = server.hash();
    let mut bad = site::config();
    bad["lease-database"]["name"] = json!("bad.csv");
    bad["subnet4"] =
        json!([ { "id": 7, "subnet": "10.70.0.0/16", "pools": [ { "pool": "10.70.0.0/16" } ] } ]);
    let _ = server.command("config-set", json!({ "Dhcp4": bad })).error();
    assert_eq!(server.hash(), hash);
    assert_eq!(counts(), [1, 1, 1]);
    assert_eq!(
        server.command("statistic-get", json!({ "name": "subnet[7].total-addresses" })).arguments,
        json!({})
    );
    let second = base::HwAddr::new(1, &[2, 0, 0, 0, 0, 10]).expect("six octets");
    assert_ne!(dialog.lease(&second, &[]).expect("a lease").yiaddr, first);
    assert_eq!(counts(), [2, 2, 2]);

    // Other pools: the leases stay, outside of them.
    let mut moved = site::config();
    moved["subnet4"][0]["pools"] = json!([ { "pool": "10.64.128.0/24" } ]);
    server.tell("config-set", json!({ "Dhcp4": moved }));
    assert_eq!(counts(), [2, 2, 0]);
    server.tell("config-set", json!({ "Dhcp4": site::config() }));
    assert_eq!(counts(), [2, 2, 2]);
    let ack = dialog.ask(check(), Duration::from_secs(2)).expect("an answer");
    assert_eq!((ack.kind(), ack.yiaddr), (5, first));
}

/// Its name alone, and its whole path, mean one socket, which stays open.
#[test]
fn one_control_socket_written_in_two_ways() {
    let Some(world) = World::new() else { return };
    let (mut server, _relay) = site::site(&world);
    server.start();
    for name in [json!(server.prefix.socket()), json!("kea-dhcp4.sock")] {
        let mut config = site::config();
        config["control-socket"] = json!({ "socket-type": "unix", "socket-name": name });
        server.tell("config-set", json!({ "Dhcp4": config }));
        assert_eq!(server.config()["control-sockets"][0]["socket-name"], name);
    }
    assert!(server.stop().success());
}

/// Leases are looked at again when the subnets are others, as if their file were read anew (`sanity-checks`).
#[test]
fn leases_follow_the_numbers_of_their_subnets_at_a_reload() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    server.start();
    let mut dialog = harness::Dialog::new(&relay, site::RELAY, site::SERVER);
    let client = base::HwAddr::new(1, &[2, 0, 0, 0, 0, 9]).expect("six octets");
    let address = dialog.lease(&client, &[]).expect("a lease").yiaddr;
    let numbered = |id: u32, checks: &str| {
        let mut config = site::config();
        config["subnet4"][0]["id"] = json!(id);
        config["sanity-checks"] = json!({ "lease-checks": checks });
        config
    };
    server.configure(&numbered(7, "warn"));
    server.tell("config-reload", json!({}));
    let said = format!(
        "DHCPSRV_LEASE_SANITY_FAIL The lease {address} with subnet-id 1 failed subnet-id checks \
         (the lease should have subnet-id 7)"
    );
    until("the log says so", || server.log().contains(&said));
    server.configure(&numbered(7, "fix"));
    server.tell("config-reload", json!({}));
    assert_eq!(stored_leases(&server.prefix.lease_file())[&address].subnet_id.0, 7);
    assert_eq!(server.statistic("subnet[7].assigned-addresses"), 1);
    server.configure(&numbered(8, "del"));
    server.tell("config-reload", json!({}));
    until("the log says so", || server.log().contains("DHCPSRV_LEASE_SANITY_FAIL_DISCARD"));
    assert!(!stored_leases(&server.prefix.lease_file()).contains_key(&address));
    assert_eq!(server.statistic("assigned-addresses"), 0);
}
