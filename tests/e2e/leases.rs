//! Leases in databases: what clients were told is in the tables, several servers share them without giving an address
//! twice, and a database that goes away comes back.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use base::HwAddr;
use harness::{
    Dialog, End, History, Link, Load, LoadSettings, Server, Space, Speech, V4, V6, World, subnets, subnets6,
    until,
};
use serde_json::{Value, json};
use testdb::{Kind, Options, PASSWORD, Server as DatabaseServer, USER};

use crate::backend::Backend;
use crate::shared_database::made_by_kea;

const RELAY: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 2);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);

fn mac(last: u8) -> HwAddr {
    HwAddr::new(1, &[2, 0, 0x5e, 0, 0x53, last]).expect("six octets")
}

/// A server in a namespace of its own, linked with that of the relays; the number tells links apart.
fn linked(world: &World, number: u8, relays: &Space) -> Space {
    let space = world.space(&format!("server-{number}"));
    let there = format!("to-server-{number}");
    space.link(Link { here: "lan", there: &there }, relays);
    for (at, address) in [(&space, 1), (relays, 2)] {
        let device = if address == 1 { "lan" } else { there.as_str() };
        at.ip(&format!("address add 10.0.{number}.{address}/24 dev {device}"));
        at.ip(&format!("address add 2001:db8:{number}::{address}/64 dev {device} nodad"));
    }
    space
}

/// The entry of the configuration that names the database.
fn database(backend: &Backend, more: &Value) -> Value {
    let mut entry = backend.entry();
    for (keyword, value) in more.as_object().into_iter().flatten() {
        entry[keyword] = value.clone();
    }
    entry
}

fn with_database(mut config: Value, entry: Value) -> Value {
    config["lease-database"] = entry;
    config["hooks-libraries"] = json!([
        { "library": "libdhcp_lease_cmds.so" }, { "library": "libdhcp_stat_cmds.so" },
        { "library": "libdhcp_mysql.so" }, { "library": "libdhcp_pgsql.so" } ]);
    // Every renewal is stored, also one soon after the last.
    config["cache-threshold"] = json!(0.0);
    config
}

/// One subnet for the relays of all servers.
fn config4(entry: Value, last: u8, lifetime: u32) -> Value {
    let mut config = subnets(
        &["lan"],
        json!([ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": format!("10.0.1.100 - 10.0.1.{last}") } ],
                  "relay": { "ip-addresses": [ "10.0.1.2", "10.0.2.2" ] } } ]),
    );
    config["valid-lifetime"] = json!(lifetime);
    with_database(config, entry)
}

fn config6(entry: Value, number: u8, last: &str, lifetime: u32) -> Value {
    // Relays send to the address.
    let listen = format!("lan/2001:db8:{number}::1");
    let mut config = subnets6(
        &[&listen],
        json!([ { "id": 1, "subnet": "2001:db8:1::/64",
                  "pools": [ { "pool": format!("2001:db8:1::100 - 2001:db8:1::{last}") } ],
                  "pd-pools": [ { "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": V6::DELEGATED } ],
                  "relay": { "ip-addresses": [ "2001:db8:1::2", "2001:db8:2::2" ] } } ]),
    );
    config["valid-lifetime"] = json!(lifetime);
    config["preferred-lifetime"] = json!(lifetime);
    with_database(config, entry)
}

/// Lines that a query answers.
fn rows(backend: &Backend, query: &str) -> Vec<String> {
    let text = backend.server.sql(backend.name(), query);
    text.lines().map(str::to_owned).collect()
}

macro_rules! on_servers {
    ($($name:ident),* $(,)?) => {
        mod mariadb {
            $(#[test] fn $name() { super::$name(super::Kind::MariaDb); })*
        }
        mod postgresql {
            $(#[test] fn $name() { super::$name(super::Kind::PostgreSql); })*
        }
    };
}

on_servers! {
    leases_are_rows_of_the_database,
    servers_share_a_small_pool_of_addresses,
    servers_share_a_small_pool_of_ipv6_addresses,
    servers_share_limits_of_leases,
    the_legal_log_is_a_table,
    a_database_is_killed_under_load,
    a_database_stands_still,
    a_server_begins_without_its_database,
    a_configuration_that_comes_while_the_database_is_away,
    kills_of_the_server_lose_nothing,
}

fn leases_are_rows_of_the_database(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    let (mut server, relays) = with(&world, &config4(database(&backend, &Value::Null), 102, 3600));
    server.start();
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    let got: Vec<Ipv4Addr> =
        (1..=3).filter_map(|last| dialog.lease(&mac(last), &[])).map(|reply| reply.yiaddr).collect();
    assert_eq!(got.len(), 3);
    assert!(dialog.lease(&mac(4), &[]).is_none(), "the pool is full");
    assert_eq!(
        rows(&backend, "SELECT COUNT(*) FROM lease4 WHERE state = 0 AND valid_lifetime = 3600"),
        ["3"]
    );
    assert_eq!(rows(&backend, "SELECT leases FROM lease4_stat WHERE subnet_id = 1 AND state = 0"), ["3"]);

    // Commands.
    let one = server.tell("lease4-get", json!({ "ip-address": got[0] }));
    assert_eq!(one.at("/hw-address"), "02:00:5e:00:53:01");
    let by = server.tell("lease4-get-by-hw-address", json!({ "hw-address": "02:00:5e:00:53:02" }));
    assert_eq!(by.at("/leases/0/ip-address"), &json!(got[1]));
    let page = server.tell("lease4-get-page", json!({ "from": "start", "limit": 2 }));
    assert_eq!(page.at("/count"), 2);
    assert_eq!(
        server.tell("lease4-get-all", json!({ "subnets": [1] })).at("/leases").as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(
        server
            .tell("lease4-get-by-state", json!({ "state": "default", "subnet-id": 1 }))
            .at("/leases")
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    let counts = server.tell("stat-lease4-get", json!({ "subnet-id": 1 }));
    assert_eq!(counts.at("/result-set/rows/0/3"), 3, "{counts:?}");
    assert_eq!(server.statistic("subnet[1].assigned-addresses"), 3);
    let write = server.command("lease4-write", json!({ "filename": "leases.csv" }));
    assert!(write.result == 1 && write.text.contains("database"), "{write:?}");
    assert_eq!(server.command("kea-lfc-start", Value::Null).result, 1);

    // Another server's rows count at once, and what it deletes is free.
    server.tell("lease4-del", json!({ "ip-address": got[0] }));
    assert_eq!(dialog.lease(&mac(4), &[]).map(|reply| reply.yiaddr), Some(got[0]));
    backend.server.sql(backend.name(), &format!("DELETE FROM lease4 WHERE address = {}", u32::from(got[1])));
    sleep(Duration::from_secs(2));
    assert_eq!(dialog.lease(&mac(5), &[]).map(|reply| reply.yiaddr), Some(got[1]));

    // A lease whose time is up is another client's, and is reclaimed.
    backend.server.sql(backend.name(), "UPDATE lease4 SET expire = '2020-01-01 00:00:00'");
    assert!(dialog.lease(&mac(6), &[]).is_some());
    server.tell("leases-reclaim", json!({ "remove": false }));
    assert_eq!(rows(&backend, "SELECT COUNT(*) FROM lease4 WHERE state = 2"), ["2"]);
    assert_eq!(server.statistic("reclaimed-leases"), 2);
    server.tell("leases-reclaim", json!({ "remove": true }));

    // It is all there after the end of the server, also for one that was killed.
    server.kill();
    server.start();
    assert_eq!(server.statistic("subnet[1].assigned-addresses"), 1);
    let status = server.tell("status-get", Value::Null);
    assert_eq!(status.at("/lease-store/failures"), 0, "{status:?}");
    let shown = server.tell("config-get", Value::Null);
    assert_eq!(shown.at("/Dhcp4/lease-database/name"), backend.name());
    server.tell("lease4-wipe", json!({ "subnet-id": 1 }));
    assert_eq!(rows(&backend, "SELECT COUNT(*) FROM lease4"), ["0"]);
    // And back to a file.
    let mut file = config4(json!({ "type": "memfile" }), 102, 3600);
    file["hooks-libraries"] = json!([]);
    server.tell("config-set", json!({ "Dhcp4": file }));
    assert!(dialog.lease(&mac(7), &[]).is_some());
    assert_eq!(rows(&backend, "SELECT COUNT(*) FROM lease4"), ["0"]);
}

/// Servers, and the loads of their clients.
struct Pair {
    servers: Vec<Server>,
    relays: Space,
}

fn pair(world: &World, make: impl Fn(&World, u8, &Space) -> Server) -> Pair {
    let relays = world.space("relays");
    let servers = [1, 2].map(|number| {
        let space = linked(world, number, &relays);
        make(world, number, &space)
    });
    Pair { servers: servers.into(), relays }
}

/// Clients of two servers lease, check and release; nothing may be held by two.
fn shared<S: Speech>(pair: Pair, settings: impl Fn(u8) -> LoadSettings<S>, pool: usize) {
    let loads: Vec<Load<S>> = [1, 2]
        .map(|number| {
            let settings = LoadSettings {
                rate: 150,
                window: 48,
                checks: 20,
                releases: 20,
                retry: Duration::from_millis(700),
                group: number,
                ..settings(number)
            };
            Load::start(&pair.relays, settings)
        })
        .into();
    sleep(Duration::from_secs(if harness::soak() { 300 } else { 12 }));
    let mut all = History::<S>::default();
    let mut ends = Vec::new();
    for load in loads {
        let (history, exchanges) = load.stop();
        assert!(history.grants.len() > 50, "a load that is none: {} grants", history.grants.len());
        all.grants.extend(history.grants);
        all.releases.extend(history.releases);
        ends.extend(exchanges.into_iter().map(|exchange| exchange.end));
    }
    let doubles = all.doubles();
    assert!(doubles.is_empty(), "{doubles:#?}");
    let addresses: std::collections::BTreeSet<String> =
        all.grants.iter().map(|grant| format!("{:?}", grant.address)).collect();
    eprintln!(
        "{} grants of {} addresses, {} releases, {} refused, {} given up",
        all.grants.len(),
        addresses.len(),
        all.releases.len(),
        ends.iter().filter(|end| **end == End::Refused).count(),
        ends.iter().filter(|end| **end == End::GivenUp).count()
    );
    // Prefixes are counted, too.
    assert!(addresses.len() >= pool, "every address was used");
    for server in &pair.servers {
        assert_eq!(server.command("status-get", Value::Null).at("/lease-store/failures"), 0);
    }
}

fn servers_share_a_small_pool_of_addresses(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    let pair = pair(&world, |world, number, space| {
        let mut server = world.server(&format!("kea-{number}"), space);
        server.configure(&config4(database(&backend, &Value::Null), 131, 3));
        server.start();
        server
    });
    let at = |number: u8| {
        LoadSettings::<V4>::new(Ipv4Addr::new(10, 0, number, 2), Ipv4Addr::new(10, 0, number, 1))
    };
    shared(pair, at, 32);
}

fn servers_share_a_small_pool_of_ipv6_addresses(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    let pair = pair(&world, |world, number, space| {
        let mut server = world.server6(&format!("kea-{number}"), space);
        server.configure(&config6(database(&backend, &Value::Null), number, "11f", 3));
        server.start();
        server
    });
    let at = |number: u8| {
        let address = |last: u16| Ipv6Addr::new(0x2001, 0xdb8, number.into(), 0, 0, 0, 0, last);
        LoadSettings::<V6>::new(address(2), address(1))
    };
    shared(pair, at, 32);
}

/// Two servers with the limits of a class and of a subnet: whichever a client asks, there are no more leases than that.
fn servers_share_limits_of_leases(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    let Pair { mut servers, relays } = pair(&world, |world, number, space| {
        let mut config = config4(database(&backend, &Value::Null), 250, 3600);
        config["subnet4"][0]["user-context"] = json!({ "limits": { "address-limit": 9 } });
        config["client-classes"] = json!([ { "name": "even", "test": "substring(pkt4.mac, 5, 1) == 0x02 or \
            substring(pkt4.mac, 5, 1) == 0x04 or substring(pkt4.mac, 5, 1) == 0x06 or substring(pkt4.mac, 5, 1) == 0x08",
            "user-context": { "limits": { "address-limit": 2 } } } ]);
        config["hooks-libraries"]
            .as_array_mut()
            .expect("a list")
            .push(json!({ "library": "libdhcp_limits.so" }));
        let mut server = world.server(&format!("kea-{number}"), space);
        server.configure(&config);
        server.start();
        server
    });
    let mut dialogs = [1, 2]
        .map(|number| Dialog::new(&relays, Ipv4Addr::new(10, 0, number, 2), Ipv4Addr::new(10, 0, number, 1)));
    let mut leased = Vec::new();
    for last in 1..=20 {
        let dialog = &mut dialogs[usize::from(last % 3 == 0)];
        leased.extend(dialog.lease(&mac(last), &[]).map(|_| last));
    }
    // Two of the four even ones, and odd or others until there are nine.
    assert_eq!(leased, [1, 2, 3, 4, 5, 7, 9, 10, 11]);
    let counted = |table: &str, condition: &str| {
        rows(&backend, &format!("SELECT leases FROM {table} WHERE {condition}"))
    };
    assert_eq!(counted("lease4_stat_by_client_class", "client_class = 'even'"), ["2"]);
    assert_eq!(counted("lease4_stat", "state = 0"), ["9"]);
    // What one server's client gives back, a client of the other may have.
    servers[0].tell("lease4-wipe", json!({ "subnet-id": 1 }));
    assert!(dialogs[1].lease(&mac(6), &[]).is_some());
    for server in &mut servers {
        assert!(server.stop().success());
    }
}

/// Entries of the legal log are rows, also those of a time when the database was away.
fn the_legal_log_is_a_table(kind: Kind) {
    let Some(world) = World::new() else { return };
    // What was committed is there after a kill.
    let backend = Backend::durable(kind);
    let mut entry = backend.entry();
    entry["reconnect-wait-time"] = json!(200);
    let mut config = config4(json!({ "type": "memfile" }), 250, 600);
    config["hooks-libraries"] = json!([ { "library": "libdhcp_lease_cmds.so" },
        { "library": "libdhcp_legal_log.so", "parameters": entry } ]);
    let (mut server, relays) = with(&world, &config);
    server.start();
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    let told = || rows(&backend, "SELECT log FROM logs ORDER BY timestamp, log");
    let ack = dialog.lease(&mac(1), &[]).expect("a lease");
    let given = format!("Address: {} has been assigned for 0 hrs 10 mins 0 secs to a device", ack.yiaddr);
    until("the entry is a row", || told().len() == 1 && told()[0].starts_with(&given));
    backend.server.kill();
    // Clients are served, commands answered.
    for last in 2..6 {
        dialog.lease(&mac(last), &[]).expect("a lease while the database is away");
    }
    server.tell("lease4-del", json!({ "ip-address": ack.yiaddr }));
    backend.server.run();
    until("what waited is there", || told().len() == 6);
    let log = server.log();
    for id in ["DHCP4_DB_RECONNECT_SUCCEEDED", "LEGAL_LOG_LEASE4_WRITE_ERROR"] {
        assert!(log.contains(id), "{id}: {log}");
    }
    assert!(server.stop().success());
}

/// A server with a configuration, and where its relays are.
fn with(world: &World, config: &Value) -> (Server, Space) {
    let relays = world.space("relays");
    let space = linked(world, 1, &relays);
    let server = world.server("server", &space);
    server.configure(config);
    (server, relays)
}

/// A server on one database, with settings that keep it alive.
fn alone(world: &World, backend: &Backend, more: &Value) -> (Server, Space) {
    let mut config = config4(database(backend, more), 250, 3600);
    config["subnet4"][0]["subnet"] = json!("10.0.0.0/16");
    config["subnet4"][0]["pools"] = json!([ { "pool": "10.0.16.0 - 10.0.255.250" } ]);
    with(world, &config)
}

fn retries() -> Value {
    json!({ "max-reconnect-tries": 600, "reconnect-wait-time": 100, "read-timeout": 0, "on-fail": "stop-retry-exit" })
}

fn load() -> LoadSettings<V4> {
    LoadSettings {
        rate: 200,
        checks: 20,
        releases: 10,
        retry: Duration::from_millis(700),
        ..LoadSettings::new(RELAY, SERVER)
    }
}

/// The rows of clients that hold addresses, as the history wants to see them.
fn missing(backend: &Backend, history: &History) -> Vec<String> {
    let held = rows(backend, "SELECT address FROM lease4 WHERE state = 0");
    let held: std::collections::BTreeSet<u32> = held.iter().filter_map(|row| row.parse().ok()).collect();
    let holding = history.holding(harness::now_micros());
    holding
        .into_iter()
        .filter(|grant| !held.contains(&u32::from(grant.address)))
        .map(|grant| format!("no row for {grant:?}"))
        .collect()
}

fn a_database_is_killed_under_load(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::durable(kind);
    let (mut server, relays) = alone(&world, &backend, &retries());
    server.start();
    let load = Load::start(&relays, load());
    for _ in 0..3 {
        sleep(Duration::from_millis(1500));
        backend.server.kill();
        sleep(Duration::from_millis(700));
        backend.server.run();
        let before = load.acks();
        let begin = Instant::now();
        until("clients are served again", || load.acks() > before + 20);
        eprintln!("served again after {:?}", begin.elapsed());
    }
    let (history, _) = load.stop();
    assert_eq!(history.doubles(), [""; 0]);
    assert_eq!(missing(&backend, &history), [""; 0]);
    assert!(server.log().contains("DHCP4_DB_RECONNECT_SUCCEEDED"));
}

fn a_database_stands_still(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    let (mut server, relays) = alone(&world, &backend, &retries());
    server.start();
    let load = Load::start(&relays, load());
    until("clients are served", || load.acks() > 50);
    backend.server.pause();
    sleep(Duration::from_millis(300));
    // Commands are answered meanwhile, at once.
    let begin = Instant::now();
    server.tell("status-get", Value::Null);
    assert!(begin.elapsed() < Duration::from_secs(1));
    sleep(Duration::from_secs(2));
    let stuck = load.acks();
    sleep(Duration::from_secs(1));
    assert_eq!(load.acks(), stuck, "nobody is told what is not stored");
    backend.server.resume();
    until("clients are served again", || load.acks() > stuck + 50);
    let (history, _) = load.stop();
    assert_eq!(history.doubles(), [""; 0]);
    assert_eq!(missing(&backend, &history), [""; 0]);
}

fn a_server_begins_without_its_database(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    // It does not begin unless told to be patient.
    let patient = json!({ "retry-on-startup": true, "on-fail": "serve-retry-continue",
                          "max-reconnect-tries": 3, "reconnect-wait-time": 100 });
    let (mut server, relays) = alone(&world, &backend, &patient);
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    server.start();
    assert!(dialog.lease(&mac(2), &[]).is_some() && dialog.lease(&mac(3), &[]).is_some());
    server.stop();
    backend.server.stop();
    server.start();
    assert!(dialog.lease(&mac(1), &[]).is_none());
    backend.server.run();
    until("clients are served", || dialog.lease(&mac(1), &[]).is_some());
    // For the second time: the log goes on where the first start left it.
    until("its leases are known", || server.log().matches("_LB_LOADED").count() == 2);
    assert!(server.log().contains("DHCPSRV_LEASE_MGR_DB_OPEN_CONNECTION_WITH_RETRY_FAILED"));
    // Each counts once, whether its row was there or came meanwhile.
    for statistic in ["assigned-addresses", "subnet[1].assigned-addresses"] {
        assert_eq!(server.statistic(statistic), 3, "{statistic}");
    }
}

fn a_configuration_that_comes_while_the_database_is_away(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    let more =
        json!({ "on-fail": "serve-retry-continue", "max-reconnect-tries": 3, "reconnect-wait-time": 100 });
    let mut config = config4(database(&backend, &more), 120, 3600);
    let (mut server, relays) = with(&world, &config);
    server.start();
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    let first = dialog.lease(&mac(1), &[]).expect("a lease").yiaddr;
    backend.server.stop();
    // What is leased of the new pool cannot be read.
    config["subnet4"][0]["pools"] = json!([ { "pool": "10.0.1.150 - 10.0.1.160" } ]);
    assert_eq!(server.command("config-set", json!({ "Dhcp4": config })).result, 1);
    backend.server.run();
    until("clients are served from the old pool", || {
        dialog.lease(&mac(2), &[]).is_some_and(|reply| reply.yiaddr.octets()[3] < 121)
    });
    assert_eq!(server.statistic("subnet[1].assigned-addresses"), 2);
    assert_eq!(server.tell("config-set", json!({ "Dhcp4": config })).result, 0);
    let third = dialog.lease(&mac(3), &[]).expect("a lease").yiaddr;
    assert!(third.octets()[3] >= 150 && third != first);
    assert_eq!(server.statistic("subnet[1].assigned-addresses"), 3);
}

fn kills_of_the_server_lose_nothing(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    let (mut server, relays) = alone(&world, &backend, &retries());
    server.start();
    let load = Load::start(&relays, load());
    for _ in 0..4 {
        sleep(Duration::from_millis(800));
        server.kill();
        let history = load.history();
        assert_eq!(missing(&backend, &history), [""; 0]);
        server.start();
    }
    let (history, _) = load.stop();
    assert!(history.grants.len() > 100, "{} grants", history.grants.len());
    assert_eq!(history.doubles(), [""; 0]);
    assert_eq!(missing(&backend, &history), [""; 0]);
}

/// An operator goes over to us and back, with Debian's Kea 2.2.0 and its older tables.
#[test]
fn kea_goes_on_with_our_leases_and_we_with_its() {
    let Some(world) = World::new() else { return };
    if !["/usr/sbin/kea-dhcp4", "/usr/sbin/kea-admin"].iter().all(|path| Path::new(path).is_file()) {
        harness::skipped("Debian's kea-dhcp4-server and kea-admin are not installed");
        return;
    }
    let relays = world.space("relays");
    let space = linked(&world, 1, &relays);
    // In the namespace: Kea reaches it by TCP there, ours by the socket of the file system.
    let prefix = ["ip", "netns", "exec", space.name()].map(str::to_owned).to_vec();
    space.ip("link set lo up");
    let database = DatabaseServer::start(Kind::MariaDb, Options { prefix, ..Options::default() });
    let tables = database.database();
    made_by_kea(&tables);
    let entry = |host: Value| {
        json!({ "type": "mysql", "host": host, "port": tables.port, "name": tables.name, "user": USER,
                "password": PASSWORD })
    };
    let mut ours = world.server("server", &space);
    ours.configure(&config4(entry(json!(tables.socket)), 120, 3600));
    ours.start();
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    let lease = |dialog: &mut Dialog, last: u8, name: &str| {
        let reply = dialog.lease(&mac(last), &[(61, &[1, 2, last])]);
        reply.unwrap_or_else(|| panic!("no lease of {name}")).yiaddr
    };
    let first = lease(&mut dialog, 1, "ours");
    ours.stop();

    let mut theirs = config4(entry(json!("127.0.0.1")), 120, 3600);
    let socket = world.directory().join("debian.sock");
    theirs["hooks-libraries"] = json!([]);
    // Kea 2.2 knows no 0.
    theirs["cache-threshold"] = json!(0.25);
    theirs["control-socket"]["socket-name"] = json!(socket);
    theirs["loggers"] =
        json!([ { "name": "kea-dhcp4", "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ]);
    let debian = crate::shared_database::run_debian(&world, &space, &socket, &json!({ "Dhcp4": theirs }));
    assert_eq!(lease(&mut dialog, 1, "Debian's Kea"), first);
    let second = lease(&mut dialog, 2, "Debian's Kea");
    assert_ne!(second, first);
    drop(debian);

    ours.start();
    assert_eq!(lease(&mut dialog, 2, "ours"), second);
    assert_eq!(lease(&mut dialog, 1, "ours"), first);
    let third = lease(&mut dialog, 3, "ours");
    assert!(third != first && third != second);
    let leases = "SELECT leases FROM lease4_stat WHERE subnet_id = 1 AND state = 0";
    assert_eq!(database.sql(&tables.name, leases).trim(), "3", "Kea's triggers count");
}
