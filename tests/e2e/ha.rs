//! High availability: two servers in namespaces of their own, between them a line that can be cut, and clients behind a
//! relay agent that reaches both. The partner may be Debian's Kea 2.2.0, as while a pair is upgraded.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use base::HwAddr;
use harness::{
    Answer, Dialog, Link, Load, LoadSettings, Process, Server, Space, World, send, subnets, subnets6, until,
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::shared_database::run_debian;

const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 1, 1), Ipv4Addr::new(10, 0, 2, 1)];
const RELAYS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 1, 2), Ipv4Addr::new(10, 0, 2, 2)];
const DEBIAN_HOOKS: &str = "/usr/lib/x86_64-linux-gnu/kea/hooks";

/// Two places for servers, and the relay agent's.
fn places(world: &World) -> ([Space; 2], Space) {
    let (one, two, relays) = (world.space("one"), world.space("two"), world.space("relays"));
    for (space, there, net) in [(&one, "to-one", 1), (&two, "to-two", 2)] {
        space.link(Link { here: "lan", there }, &relays);
        space.ip(&format!("address add 10.0.{net}.1/24 dev lan"));
        relays.ip(&format!("address add 10.0.{net}.2/24 dev {there}"));
    }
    one.link(Link { here: "ctl", there: "ctl" }, &two);
    one.ip("address add 10.9.0.1/24 dev ctl");
    two.ip("address add 10.9.0.2/24 dev ctl");
    ([one, two], relays)
}

/// A relationship as the server of this number has it, with more parameters.
fn relationship(number: usize, mode: &str, more: &Value) -> Value {
    let other = if mode == "hot-standby" { "standby" } else { "secondary" };
    let mut map = json!({
        "this-server-name": format!("server{number}"),
        "mode": mode,
        "heartbeat-delay": 300,
        "max-response-delay": 1500,
        "max-ack-delay": 500,
        "max-unacked-clients": 0,
        "peers": [
            { "name": "server1", "url": "http://10.9.0.1:8001/", "role": "primary" },
            { "name": "server2", "url": "http://10.9.0.2:8001/", "role": other },
        ],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        map[name.as_str()] = value.clone();
    }
    map
}

fn libraries(relationships: Value) -> Value {
    json!([
        { "library": "libdhcp_lease_cmds.so" },
        { "library": "libdhcp_ha.so", "parameters": { "high-availability": relationships } },
    ])
}

/// What both servers serve: halves of a network, one for each where load is balanced.
fn pools(mode: &str) -> Value {
    if mode == "hot-standby" {
        return json!([ { "pool": "10.1.0.10 - 10.1.0.250" } ]);
    }
    json!([
        { "pool": "10.1.0.10 - 10.1.0.120", "client-classes": [ "HA_server1" ] },
        { "pool": "10.1.0.130 - 10.1.0.250", "client-classes": [ "HA_server2" ] },
    ])
}

fn config(number: usize, mode: &str, more: &Value) -> Value {
    let mut config = subnets(
        &["lan"],
        json!([ { "id": 1, "subnet": "10.1.0.0/24", "pools": pools(mode),
                  "relay": { "ip-addresses": RELAYS.map(|relay| relay.to_string()) } } ]),
    );
    config["valid-lifetime"] = json!(600);
    config["hooks-libraries"] = libraries(json!([relationship(number, mode, more)]));
    config
}

fn started(world: &World, name: &str, space: &Space, config: &Value) -> Server {
    let mut server = world.server(name, space);
    server.configure(config);
    server.start();
    server
}

fn pair(world: &World, spaces: &[Space; 2], mode: &str, more: &Value) -> [Server; 2] {
    [1, 2].map(|number| {
        let config = config(number, mode, more);
        started(world, &format!("server{number}"), &spaces[number - 1], &config)
    })
}

fn state(server: &Server) -> String {
    state_in(server, Value::Null)
}

/// The state of a server in the relationship of a server of this name.
fn state_in(server: &Server, relationship: Value) -> String {
    let arguments =
        if relationship.is_null() { relationship } else { json!({ "server-name": relationship }) };
    let answer = server.command("ha-heartbeat", arguments);
    answer.at("/state").as_str().unwrap_or_default().to_owned()
}

fn come_to(servers: &[&Server], wanted: &str) {
    until(&format!("servers are in the state {wanted}"), || {
        servers.iter().all(|server| state(server) == wanted)
    });
}

fn client(number: u8) -> HwAddr {
    HwAddr::new(1, &[2, 0, 0x5e, 0, 0x54, number]).expect("six octets")
}

fn dialogs(relays: &Space) -> [Dialog; 2] {
    [0, 1].map(|at| Dialog::new(relays, RELAYS[at], SERVERS[at]))
}

/// The client of the lease of an address, and its end.
fn leased(answer: &Answer) -> Option<(String, i64)> {
    let cltt = answer.at("/cltt").as_i64()?;
    Some((answer.at("/hw-address").as_str()?.to_owned(), cltt + answer.at("/valid-lft").as_i64()?))
}

fn lease(server: &Server, address: Ipv4Addr) -> Option<(String, i64)> {
    leased(&server.command("lease4-get", json!({ "ip-address": address.to_string() })))
}

#[test]
fn the_standby_takes_over_with_every_lease_and_hands_back() {
    let Some(world) = World::new() else { return };
    let (spaces, relays) = places(&world);
    let [mut one, two] = pair(&world, &spaces, "hot-standby", &json!({ "sync-page-limit": 3 }));
    come_to(&[&one, &two], "hot-standby");
    let status = two.command("status-get", Value::Null);
    assert_eq!(status.at("/high-availability/0/ha-servers/local/role"), "standby");
    assert_eq!(status.at("/high-availability/0/ha-servers/remote/last-scopes"), &json!(["server1"]));

    let [mut at_one, mut at_two] = dialogs(&relays);
    let mut held = Vec::new();
    for number in 1..=8 {
        let address = at_one.lease(&client(number), &[]).expect("a lease of the primary").yiaddr;
        // The partner knows before the client does.
        assert_eq!(lease(&two, address), lease(&one, address), "{address}");
        assert!(lease(&two, address).is_some());
        held.push((number, address));
    }
    assert!(at_two.lease(&client(9), &[]).is_none(), "the standby answers nobody");
    assert!(two.statistic("pkt4-not-for-us") > 0);

    one.kill();
    come_to(&[&two], "partner-down");
    for (number, address) in &held {
        let request = testkit::Packet4::request_init_reboot(&client(*number), *address);
        let answer = at_two.ask(request, Duration::from_secs(3)).expect("an answer of the standby");
        assert_eq!((answer.kind(), answer.yiaddr), (5, *address));
    }
    for number in 20..26 {
        held.push((number, at_two.lease(&client(number), &[]).expect("a new lease of the standby").yiaddr));
    }
    one.start();
    come_to(&[&one, &two], "hot-standby");
    for (number, address) in &held {
        assert_eq!(lease(&one, *address), lease(&two, *address), "client {number}, {address}");
    }
    // Pages of three.
    let log = one.log();
    assert!(log.matches("HA_LEASES_SYNC_LEASE_PAGE_RECEIVED").count() >= 5, "{log}");
    assert!(log.contains("HA_SYNC_SUCCESSFUL"));

    // What is given back is free on both.
    let (number, address) = held[0];
    let release = testkit::Packet4::release(&client(number), SERVERS[0], address);
    assert!(at_one.ask(release, Duration::from_millis(300)).is_none());
    until("both know that it is free", || {
        [&one, &two].iter().all(|server| {
            let answer = server.command("lease4-get", json!({ "ip-address": address.to_string() }));
            answer.at("/state").as_i64() == Some(3)
        })
    });
}

#[test]
fn load_is_balanced_through_a_cut_line() {
    let Some(world) = World::new() else { return };
    let (spaces, relays) = places(&world);
    let servers = pair(&world, &spaces, "load-balancing", &json!({ "max-unacked-clients": 5 }));
    let [one, two] = &servers;
    come_to(&[one, two], "load-balancing");
    let mut dialogs = dialogs(&relays);
    let mut serve = |number: u8| {
        let served: Vec<(usize, Ipv4Addr)> =
            (0..2).filter_map(|at| Some((at, dialogs[at].lease(&client(number), &[])?.yiaddr))).collect();
        let [(at, address)] = served.as_slice() else { panic!("client {number}: {served:?}") };
        (*at, *address)
    };
    let mut owners = Vec::new();
    for number in 1..=6 {
        let (at, address) = serve(number);
        // As Kea divides them: by the hash of the hardware address.
        let hash = ::ha::hash(client(number).octets());
        assert_eq!(at, usize::from(hash % 2));
        assert_eq!(address.octets()[3] >= 130, at == 1, "each from its own pool: {address}");
        owners.push((number, at, address));
    }
    assert!(owners.iter().any(|owner| owner.1 == 0) && owners.iter().any(|owner| owner.1 == 1));

    spaces[0].ip("link set ctl down");
    come_to(&[one, two], "communication-recovery");
    for number in 10..=14 {
        let (at, address) = serve(number);
        assert_eq!(lease(&servers[1 - at], address), None, "the other cannot know of it");
        owners.push((number, at, address));
    }
    spaces[0].ip("link set ctl up");
    come_to(&[one, two], "load-balancing");
    for (number, _, address) in owners {
        assert!(lease(one, address).is_some(), "client {number}");
        assert_eq!(lease(one, address), lease(two, address), "client {number}");
    }
    let log = format!("{}{}", one.log(), two.log());
    assert!(log.contains("HA_LEASES_BACKLOG_SUCCESS"), "{log}");
    assert!(!log.contains("to SYNCING state, partner state is COMMUNICATION-RECOVERY"), "{log}");
}

#[test]
fn maintenance_and_commands_of_operators() {
    let Some(world) = World::new() else { return };
    let (spaces, relays) = places(&world);
    let more = json!({ "state-machine": { "states": [ { "state": "ready", "pause": "once" } ] } });
    let [mut one, two] = pair(&world, &spaces, "hot-standby", &more);
    come_to(&[&one, &two], "ready");
    for server in [&one, &two] {
        let answer = server.tell("ha-continue", Value::Null);
        assert_eq!(answer.text, "HA state machine continues.");
    }
    come_to(&[&one, &two], "hot-standby");
    let answer = two.tell("ha-continue", Value::Null);
    assert_eq!(answer.text, "HA state machine is not paused.");

    two.tell("ha-maintenance-start", Value::Null);
    assert_eq!(
        (state(&one), state(&two)),
        ("in-maintenance".to_owned(), "partner-in-maintenance".to_owned())
    );
    let [mut at_one, mut at_two] = dialogs(&relays);
    let address = at_two.lease(&client(1), &[]).expect("the standby serves").yiaddr;
    assert_eq!(lease(&one, address), lease(&two, address));
    assert!(at_one.lease(&client(1), &[]).is_none());
    assert!(one.command("ha-maintenance-start", Value::Null).error().text.contains("in-maintenance"));
    assert!(one.log().contains("HA_MAINTENANCE_START_HANDLER_FAILED"));
    assert!(
        one.command("ha-maintenance-cancel", Value::Null).error().text.contains("not in the partner-in-m")
    );
    assert!(one.log().contains("HA_MAINTENANCE_CANCEL_HANDLER_FAILED"));
    two.tell("ha-maintenance-cancel", Value::Null);
    come_to(&[&one, &two], "hot-standby");
    assert_eq!(at_one.lease(&client(1), &[]).expect("the primary serves").yiaddr, address);

    two.tell("ha-maintenance-start", Value::Null);
    one.process().signal(Signal::SIGTERM);
    until("the relationship ends with the server", || one.log().contains("HA_DEINIT_OK"));
    assert!(one.stop().success());
    come_to(&[&two], "partner-down");
    one.start();
    until("the primary is ready again", || {
        if state(&one) == "ready" {
            one.tell("ha-continue", Value::Null);
        }
        state(&one) == "hot-standby" && state(&two) == "hot-standby"
    });

    let scopes = |server: &Server| server.command("ha-heartbeat", Value::Null).at("/scopes").clone();
    two.tell("ha-scopes", json!({ "scopes": [ "server1" ], "server-name": "server2" }));
    assert_eq!(scopes(&two), json!(["server1"]));
    one.tell("ha-sync", json!({ "server-name": "server2", "max-period": 20 }));
    let _: Answer = one.command("ha-sync", json!({ "server-name": "server1" })).error();
    assert_eq!(two.tell("ha-reset", json!({})).text, "HA state machine reset.");
    until("both are well again", || {
        if state(&two) == "ready" {
            two.tell("ha-continue", Value::Null);
        }
        state(&one) == "hot-standby" && state(&two) == "hot-standby"
    });
    // The listener is for partners.
    let answer = spaces[1].sh(
        "curl -s -o /dev/null -w '%{http_code}' -d '{ \"command\": \"config-get\" }' -H 'Content-Type: application/json' http://10.9.0.1:8001/",
    );
    assert_eq!(answer.trim(), "403");
    // A new configuration with the same relationship does not disturb it.
    one.reload();
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(state(&one), "hot-standby");
}

/// Debian's Kea as the server of this number.
fn debian(world: &World, space: &Space, number: usize) -> Process {
    let mut more = config(
        number,
        "hot-standby",
        &json!({
        "multi-threading": { "enable-multi-threading": true, "http-dedicated-listener": true,
                             "http-listener-threads": 2, "http-client-threads": 2 } }),
    );
    more["control-socket"]["socket-name"] = json!(socket(world).display().to_string());
    more["lease-database"] = json!({ "type": "memfile", "persist": false });
    more["multi-threading"] = json!({ "enable-multi-threading": true, "thread-pool-size": 2 });
    for library in more["hooks-libraries"].as_array_mut().expect("a list") {
        let name = library["library"].as_str().unwrap_or_default().to_owned();
        library["library"] = json!(format!("{DEBIAN_HOOKS}/{name}"));
    }
    more["loggers"] =
        json!([ { "name": "kea-dhcp4", "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ]);
    run_debian(world, space, &socket(world), &json!({ "Dhcp4": more }))
}

fn socket(world: &World) -> std::path::PathBuf {
    world.directory().join("debian.sock")
}

/// A pair of ours and Debian's Kea, upgraded one after the other: `ours` is the number of our server.
fn with_debian(ours: usize) {
    let Some(world) = World::new() else { return };
    let hooks = Path::new(DEBIAN_HOOKS);
    let needed = [Path::new("/usr/sbin/kea-dhcp4").to_owned(), hooks.join("libdhcp_ha.so")];
    if !needed.iter().all(|path| path.is_file()) {
        harness::skipped("Debian's kea-dhcp4-server and its libraries are not installed");
        return;
    }
    let (spaces, relays) = places(&world);
    let theirs = 3 - ours;
    let mut kea = debian(&world, &spaces[theirs - 1], theirs);
    let mut server = world.server("ours", &spaces[ours - 1]);
    server.configure(&config(ours, "hot-standby", &json!({})));
    server.start();
    let ask = |command: &str, arguments: Value| send(&socket(&world), command, arguments);
    let their_state =
        || ask("ha-heartbeat", Value::Null).at("/state").as_str().unwrap_or_default().to_owned();
    until("both are in hot-standby", || state(&server) == "hot-standby" && their_state() == "hot-standby");

    let mut dialogs = dialogs(&relays);
    let mut held = Vec::new();
    let same = |server: &Server, address: Ipv4Addr| {
        let answer = ask("lease4-get", json!({ "ip-address": address.to_string() }));
        let there = leased(&answer);
        assert!(there.is_some(), "{answer:?}");
        assert_eq!(there, lease(server, address), "{address}");
    };
    for number in 1..=5 {
        let address = dialogs[0].lease(&client(number), &[]).expect("a lease of the primary").yiaddr;
        same(&server, address);
        held.push(address);
    }
    assert!(dialogs[1].lease(&client(9), &[]).is_none());

    // Our server goes and comes: Kea serves meanwhile, and ours fetches its leases.
    server.kill();
    until("Kea takes over", || their_state() == "partner-down");
    held.push(dialogs[theirs - 1].lease(&client(20), &[]).expect("a lease of Kea").yiaddr);
    server.start();
    until("both are in hot-standby again", || {
        state(&server) == "hot-standby" && their_state() == "hot-standby"
    });
    held.iter().for_each(|address| same(&server, *address));

    // Kea goes and comes: it fetches ours.
    kea.kill();
    come_to(&[&server], "partner-down");
    held.push(dialogs[ours - 1].lease(&client(21), &[]).expect("a lease of ours").yiaddr);
    let mut kea = debian(&world, &spaces[theirs - 1], theirs);
    until("both are in hot-standby once more", || {
        state(&server) == "hot-standby" && their_state() == "hot-standby"
    });
    held.iter().for_each(|address| same(&server, *address));

    // Maintenance, which each can start for the other.
    server.tell("ha-maintenance-start", Value::Null);
    assert_eq!(their_state(), "in-maintenance");
    server.tell("ha-maintenance-cancel", Value::Null);
    until("maintenance is over", || state(&server) == "hot-standby" && their_state() == "hot-standby");
    assert!(kea.stop().success(), "{}", kea.output());
}

#[test]
fn ours_is_primary_and_keas_stands_by() {
    with_debian(1);
}

#[test]
fn keas_is_primary_and_ours_stands_by() {
    with_debian(2);
}

#[test]
fn leases_of_dhcpv6_are_shared() {
    let Some(world) = World::new() else { return };
    let (spaces, relays) = places(&world);
    for (space, net) in spaces.iter().zip([1, 2]) {
        space.ip(&format!("address add 2001:db8:{net}::1/64 dev lan nodad"));
        relays.ip(&format!("address add 2001:db8:{net}::2/64 dev to-{} nodad", ["one", "two"][net - 1]));
    }
    let servers = [1, 2].map(|number| {
        let mut server = world.server6(&format!("server{number}"), &spaces[number - 1]);
        let net = number;
        let mut config = subnets6(
            &[&format!("lan/2001:db8:{net}::1")],
            json!([ { "id": 1, "subnet": "2001:db8:f::/48", "pools": [ { "pool": "2001:db8:f::/80" } ],
                      "pd-pools": [ { "prefix": "2001:db8:e::", "prefix-len": 48, "delegated-len": 64 } ],
                      "relay": { "ip-addresses": [ "2001:db8:1::2", "2001:db8:2::2" ] } } ]),
        );
        config["hooks-libraries"] = libraries(json!([relationship(number, "hot-standby", &json!({}))]));
        server.configure(&config);
        server.start();
        server
    });
    let [one, two] = &servers;
    come_to(&[one, two], "hot-standby");
    let settings = LoadSettings::new("2001:db8:1::2".parse().unwrap(), "2001:db8:1::1".parse().unwrap());
    let load: Load<harness::V6> =
        Load::start(&relays, LoadSettings { rate: 100, releases: 10, checks: 10, ..settings });
    until("clients were served", || load.acks() >= 200);
    let (history, _) = load.stop();
    assert_eq!(history.doubles(), [""; 0]);
    let all = |server: &Server| {
        let answer = server.command("lease6-get-all", json!({ "subnets": [ 1 ] }));
        let mut leases: Vec<String> =
            answer.at("/leases").as_array().unwrap().iter().map(ToString::to_string).collect();
        leases.sort();
        leases
    };
    until("both have the same leases", || all(one) == all(two));
    assert!(all(one).len() > 50);
}

/// Fewer packets may wait for the partner than come at once: as many clients as there is room for are answered.
#[test]
fn a_batch_that_is_larger_than_the_room_for_waiting() {
    let Some(world) = World::new() else { return };
    let (spaces, relays) = places(&world);
    let servers = [1, 2].map(|number| {
        let mut config = config(number, "hot-standby", &json!({ "max-response-delay": 20000 }));
        config["parked-packet-limit"] = json!(3);
        config["multi-threading"] = json!({ "thread-pool-size": 1 });
        started(&world, &format!("server{number}"), &spaces[number - 1], &config)
    });
    let [one, two] = &servers;
    come_to(&[one, two], "hot-standby");
    let [mut at_one, _] = dialogs(&relays);
    let offered: Vec<_> = (1..=8)
        .map(|number| {
            let offer = at_one.ask(testkit::Packet4::discover(&client(number)), Duration::from_secs(2));
            (client(number), offer.expect("an offer").yiaddr)
        })
        .collect();
    // They come while the server is not looking, and so all at once.
    one.halt();
    for (client, address) in &offered {
        at_one.send(testkit::Packet4::request_selecting(client, SERVERS[0], *address));
    }
    one.process().signal(Signal::SIGCONT);
    let acknowledged = at_one.replies(3, Duration::from_secs(3));
    assert_eq!(acknowledged.len(), 3, "{acknowledged:?}");
    until("those without a place are dropped", || one.statistic("pkt4-queue-full") == 5);
    for reply in &acknowledged {
        assert_eq!(reply.kind(), 5);
        assert_eq!(lease(one, reply.yiaddr), lease(two, reply.yiaddr));
        assert!(lease(two, reply.yiaddr).is_some());
    }
    // The others ask again.
    for (client, address) in offered {
        let request = testkit::Packet4::request_selecting(&client, SERVERS[0], address);
        let reply = at_one.ask(request, Duration::from_secs(3)).expect("an answer");
        assert_eq!((reply.kind(), reply.yiaddr), (5, address));
        assert_eq!(lease(one, address), lease(two, address));
    }
}

/// Heartbeats, lease updates and synchronization over HTTPS, with certificates and passwords of both.
#[test]
fn servers_that_prove_who_they_are() {
    let Some(world) = World::new() else { return };
    let (spaces, relays) = places(&world);
    let certificates = testdb::Certificates::make(world.directory());
    let secret = world.write("secret", "s3cret\n");
    let secured = |own: [&str; 2]| {
        let peer = |number: usize, role: &str| {
            json!({ "name": format!("server{number}"), "url": format!("https://10.9.0.{number}:8001/"),
                    "role": role, "basic-auth-user": "partner", "basic-auth-password-file": secret,
                    "cert-file": certificates.certificate(own[number - 1]),
                    "key-file": certificates.key(own[number - 1]) })
        };
        json!({ "trust-anchor": certificates.certificate("ca"), "max-response-delay": 1000,
                "peers": [ peer(1, "primary"), peer(2, "standby") ] })
    };
    // Neither certificate is made out to an address of these servers, and one is of X.509 version 1.
    let [mut one, two] = pair(&world, &spaces, "hot-standby", &secured(["old", "client"]));
    come_to(&[&one, &two], "hot-standby");
    let [mut at_one, mut at_two] = dialogs(&relays);
    let first = at_one.lease(&client(1), &[]).expect("a lease of the primary").yiaddr;
    assert!(lease(&two, first).is_some());
    assert_eq!(lease(&two, first), lease(&one, first));

    let ask = |more: &str| {
        spaces[1].sh(&format!(
            "curl -s -k -o /dev/null -w '%{{http_code}}' -H 'Content-Type: application/json' \
             -d '{{ \"command\": \"ha-heartbeat\", \"service\": [ \"dhcp4\" ] }}' {more} https://10.9.0.1:8001/ || true"
        ))
    };
    let shown = |name: &str| {
        format!(
            "--cert {} --key {}",
            certificates.certificate(name).display(),
            certificates.key(name).display()
        )
    };
    assert_eq!(ask("-u partner:s3cret").trim(), "000", "no certificate");
    assert_eq!(ask(&format!("{} -u partner:s3cret", shown("stranger"))).trim(), "000");
    assert_eq!(ask(&shown("client")).trim(), "401");
    assert_eq!(ask(&format!("{} -u partner:s3cret", shown("client"))).trim(), "200");
    assert!(!format!("{}{}", one.log(), two.log()).contains("s3cret"));

    one.kill();
    come_to(&[&two], "partner-down");
    let second = at_two.lease(&client(2), &[]).expect("a lease of the standby").yiaddr;
    one.start();
    come_to(&[&one, &two], "hot-standby");
    assert_eq!(lease(&one, second), lease(&two, second));

    // A partner that nobody vouches for is none, although it can come here.
    one.kill();
    one.configure(&config(1, "hot-standby", &secured(["stranger", "client"])));
    one.start();
    until("the stranger is not taken for the partner", || {
        state(&two) == "partner-down" && state(&one) == "ready"
    });
    assert!(two.log().contains("invalid peer certificate"), "{}", two.log());
    until("clients are served without the stranger", || at_two.lease(&client(3), &[]).is_some());
}

/// Two branches, each with its server, and one that stands by for both.
#[test]
fn a_hub_stands_by_for_its_spokes() {
    let Some(world) = World::new() else { return };
    let (hub, relays) = (world.space("hub"), world.space("relays"));
    let spokes = [world.space("east"), world.space("west")];
    let names = ["east", "west"];
    for (number, spoke) in (1..).zip(&spokes) {
        spoke.link(Link { here: "lan", there: &format!("to-{}", names[number - 1]) }, &relays);
        spoke.ip(&format!("address add 10.0.{number}.1/24 dev lan"));
        relays.ip(&format!("address add 10.0.{number}.2/24 dev to-{}", names[number - 1]));
        spoke.link(Link { here: "ctl", there: &format!("ctl{number}") }, &hub);
        spoke.ip(&format!("address add 10.9.{number}.1/24 dev ctl"));
        hub.ip(&format!("address add 10.9.{number}.2/24 dev ctl{number}"));
    }
    hub.link(Link { here: "lan", there: "to-hub" }, &relays);
    hub.ip("address add 10.0.3.1/24 dev lan");
    relays.ip("address add 10.0.3.11/24 dev to-hub");
    relays.ip("address add 10.0.3.12/24 dev to-hub");

    let relationship = |number: usize, own: &str| {
        let spoke = names[number - 1];
        json!({
            "this-server-name": if own == "hub" { format!("hub-{spoke}") } else { spoke.to_owned() },
            "mode": "hot-standby", "heartbeat-delay": 300, "max-response-delay": 1500, "max-unacked-clients": 0,
            "peers": [
                { "name": spoke, "url": format!("http://10.9.{number}.1:8001/"), "role": "primary" },
                { "name": format!("hub-{spoke}"), "url": format!("http://10.9.{number}.2:8001/"), "role": "standby" },
            ],
        })
    };
    let subnet = |number: usize| {
        json!({ "id": number, "subnet": format!("10.{number}.0.0/24"),
                "pools": [ { "pool": format!("10.{number}.0.10 - 10.{number}.0.99") } ],
                "relay": { "ip-addresses": [ format!("10.0.{number}.2"), format!("10.0.3.1{number}") ] },
                "user-context": { "ha-server-name": names[number - 1] } })
    };
    let config = |subnets_: Value, relationships: Value| {
        let mut config = subnets(&["lan"], subnets_);
        config["hooks-libraries"] = libraries(relationships);
        config
    };
    let both = config(json!([subnet(1), subnet(2)]), json!([relationship(1, "hub"), relationship(2, "hub")]));
    let central = started(&world, "hub", &hub, &both);
    let branch = |number: usize| {
        let config = config(json!([subnet(number)]), json!([relationship(number, names[number - 1])]));
        started(&world, names[number - 1], &spokes[number - 1], &config)
    };
    let (mut east, west) = (branch(1), branch(2));
    let come_to = |east: &Server, states: [&str; 4]| {
        until(&format!("states {states:?}"), || {
            let hubs = names.map(|name| state_in(&central, json!(name)));
            states == [&*hubs[0], &*hubs[1], &*state(east), &*state(&west)]
        });
    };
    come_to(&east, ["hot-standby"; 4]);
    let dialog = |relay: [u8; 4], server: [u8; 4]| Dialog::new(&relays, relay.into(), server.into());
    let (mut at_east, mut at_west) =
        (dialog([10, 0, 1, 2], [10, 0, 1, 1]), dialog([10, 0, 2, 2], [10, 0, 2, 1]));
    let mut at_hub = [dialog([10, 0, 3, 11], [10, 0, 3, 1]), dialog([10, 0, 3, 12], [10, 0, 3, 1])];

    let one = at_east.lease(&client(1), &[]).expect("a lease in the east").yiaddr;
    let two = at_west.lease(&client(2), &[]).expect("a lease in the west").yiaddr;
    assert_eq!((one.octets()[1], two.octets()[1]), (1, 2));
    assert!(lease(&central, one).is_some() && lease(&central, two).is_some());
    assert_eq!((lease(&central, one), lease(&central, two)), (lease(&east, one), lease(&west, two)));
    assert_eq!((lease(&west, one), lease(&east, two)), (None, None));
    for at in &mut at_hub {
        assert!(at.ask(testkit::Packet4::discover(&client(3)), Duration::from_millis(300)).is_none());
    }

    east.kill();
    come_to_hub(&central, ["partner-down", "hot-standby"]);
    let request = testkit::Packet4::request_init_reboot(&client(1), one);
    let answer = at_hub[0].ask(request, Duration::from_secs(3)).expect("the hub serves the east");
    assert_eq!((answer.kind(), answer.yiaddr), (5, one));
    let three = at_hub[0].lease(&client(3), &[]).expect("a lease of the hub").yiaddr;
    assert!(at_hub[1].ask(testkit::Packet4::discover(&client(4)), Duration::from_millis(300)).is_none());
    let four = at_west.lease(&client(4), &[]).expect("the west serves its own").yiaddr;
    east.start();
    come_to(&east, ["hot-standby"; 4]);
    for address in [one, three] {
        assert!(lease(&east, address).is_some());
        assert_eq!(lease(&east, address), lease(&central, address));
    }
    assert_eq!(lease(&east, four), None, "leases of another relationship are not taken over");
    assert!(!east.log().contains("HA_LEASE_SYNC_FAILED"), "nor looked at: {}", east.log());

    // Maintenance of all branches at once.
    central.tell("ha-maintenance-start", Value::Null);
    come_to(&east, ["partner-in-maintenance", "partner-in-maintenance", "in-maintenance", "in-maintenance"]);
    let five = at_hub[1].lease(&client(5), &[]).expect("the hub serves the west").yiaddr;
    assert_eq!(lease(&west, five), lease(&central, five));
    central.tell("ha-maintenance-cancel", Value::Null);
    come_to(&east, ["hot-standby"; 4]);
    // One cannot; the other can still be taken back.
    west.tell("ha-maintenance-start", Value::Null);
    let refused = central.command("ha-maintenance-start", Value::Null).error();
    assert!(refused.text.contains("from the in-maintenance to partner-in-maintenance"), "{}", refused.text);
    assert_eq!(state_in(&central, json!("east")), "partner-in-maintenance");
    central.tell("ha-maintenance-cancel", Value::Null);
    west.tell("ha-maintenance-cancel", Value::Null);
    come_to(&east, ["hot-standby"; 4]);
    let answer = central.command("status-get", Value::Null);
    assert_eq!(answer.at("/high-availability").as_array().map(Vec::len), Some(2));
    let answer = central.command("ha-heartbeat", Value::Null).error();
    assert_eq!(answer.text, "expected one relationship to be configured");
}

fn come_to_hub(hub: &Server, states: [&str; 2]) {
    until(&format!("the hub is in {states:?}"), || {
        ["east", "west"].map(|name| state_in(hub, json!(name))) == states
    });
}

/// A backup knows each lease before its client does, and serves when an operator says so.
#[test]
fn a_backup_is_told_and_serves_on_demand() {
    let Some(world) = World::new() else { return };
    let (spaces, relays) = places(&world);
    let more = json!({
        "wait-backup-ack": true,
        "peers": [
            { "name": "server1", "url": "http://10.9.0.1:8001/", "role": "primary" },
            { "name": "server2", "url": "http://10.9.0.2:8001/", "role": "backup" },
        ] });
    let [mut one, two] = pair(&world, &spaces, "passive-backup", &more);
    until("each is in its place", || state(&one) == "passive-backup" && state(&two) == "backup");
    let [mut at_one, mut at_two] = dialogs(&relays);
    let address = at_one.lease(&client(1), &[]).expect("a lease of the primary").yiaddr;
    assert!(lease(&two, address).is_some());
    assert_eq!(lease(&two, address), lease(&one, address));
    assert!(at_two.ask(testkit::Packet4::discover(&client(1)), Duration::from_millis(300)).is_none());

    // Where clients wait for backups, one that hangs keeps them from leases that only the primary would know.
    two.halt();
    let offer = at_one.ask(testkit::Packet4::discover(&client(2)), Duration::from_secs(2)).expect("an offer");
    let request = || testkit::Packet4::request_selecting(&client(2), SERVERS[0], offer.yiaddr);
    assert!(at_one.ask(request(), Duration::from_millis(500)).is_none());
    two.process().signal(Signal::SIGCONT);
    let answer = at_one.ask(request(), Duration::from_secs(3)).expect("an answer");
    assert_eq!((answer.kind(), answer.yiaddr), (5, offer.yiaddr));
    assert_eq!(lease(&two, offer.yiaddr), lease(&one, offer.yiaddr));

    one.kill();
    two.tell("ha-scopes", json!({ "scopes": [ "server1" ] }));
    let request = testkit::Packet4::request_init_reboot(&client(1), address);
    let answer = at_two.ask(request, Duration::from_secs(3)).expect("the backup serves");
    assert_eq!((answer.kind(), answer.yiaddr), (5, address));
    two.tell("ha-scopes", json!({ "scopes": [] }));
    assert!(at_two.ask(testkit::Packet4::discover(&client(3)), Duration::from_millis(300)).is_none());
}
