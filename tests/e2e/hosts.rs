//! Host reservations in databases: what commands store is served at once, a database that goes away comes back, and
//! Debian's Kea 2.2.0 serves what ours wrote.

use std::net::Ipv4Addr;
use std::path::Path;

use base::HwAddr;
use harness::{Dialog, Link, Server, Space, World, subnets, until};
use serde_json::{Value, json};
use testdb::{Kind, Options, PASSWORD, Server as DatabaseServer, USER};

use crate::backend::Backend;
use crate::shared_database::made_by_kea;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 2);

fn mac(last: u8) -> HwAddr {
    HwAddr::new(1, &[2, 0, 0x5e, 0, 0x53, last]).expect("six octets")
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 1, last)
}

/// A server, with a relay in another namespace.
fn linked(world: &World, name: &str) -> (Space, Space) {
    let (space, relays) = (world.space(name), world.space("relays"));
    space.link(Link { here: "lan", there: "to-server" }, &relays);
    space.ip("address add 10.0.1.1/24 dev lan");
    relays.ip("address add 10.0.1.2/24 dev to-server");
    (space, relays)
}

/// Two free addresses, and a class that reservations may give.
fn config(databases: &Value) -> Value {
    let mut config = subnets(
        &["lan"],
        json!([ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.100 - 10.0.1.102" } ],
                  "reservations": [ { "hw-address": "02:00:5e:00:53:77", "ip-address": "10.0.1.77" } ] } ]),
    );
    config["client-classes"] =
        json!([ { "name": "gold", "option-data": [ { "name": "domain-name", "data": "gold.example" } ] } ]);
    config["hooks-libraries"] = json!([
        { "library": "libdhcp_host_cmds.so" }, { "library": "libdhcp_mysql.so" }, { "library": "libdhcp_pgsql.so" } ]);
    config["hosts-databases"] = databases.clone();
    config
}

fn entry(backend: &Backend, more: &Value) -> Value {
    let mut entry = backend.entry();
    for (keyword, value) in more.as_object().into_iter().flatten() {
        entry[keyword] = value.clone();
    }
    json!([entry])
}

fn add(server: &Server, reservation: Value) -> harness::Answer {
    server.tell("reservation-add", json!({ "reservation": reservation, "operation-target": "database" }))
}

fn leased(dialog: &mut Dialog, last: u8) -> Option<Ipv4Addr> {
    dialog.lease(&mac(last), &[]).map(|reply| reply.yiaddr)
}

#[test]
fn reservations_in_a_file() {
    reservations(None);
}

#[test]
fn reservations_in_mariadb() {
    reservations(Some(Kind::MariaDb));
}

#[test]
fn reservations_in_postgresql() {
    reservations(Some(Kind::PostgreSql));
}

fn reservations(kind: Option<Kind>) {
    let Some(world) = World::new() else { return };
    let backend = kind.map(Backend::start);
    let (space, relays) = linked(&world, "server");
    let databases = backend
        .as_ref()
        .map_or_else(|| json!([ { "type": "sqlite", "name": "hosts.db" } ]), |b| entry(b, &Value::Null));
    let mut server = world.server("server", &space);
    server.configure(&config(&databases));
    server.start();
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    assert_eq!(leased(&mut dialog, 0x77), Some(address(77)), "of the configuration");

    add(
        &server,
        json!({ "subnet-id": 1, "hw-address": "02:00:5e:00:53:01", "ip-address": "10.0.1.50", "hostname": "Fifty",
                "client-classes": [ "gold" ], "option-data": [ { "name": "domain-name-servers", "data": "10.0.1.53" } ] }),
    );
    let wanted: &[(u8, &[u8])] = &[(55, &[6, 15, 12])];
    let reply = dialog.lease(&mac(1), wanted).expect("a lease");
    assert_eq!(reply.yiaddr, address(50));
    assert_eq!(reply.option(6), Some(&[10, 0, 1, 53][..]));
    assert_eq!(reply.option(15), Some(&b"gold.example"[..]));
    // Changed, it is served so at the next packet.
    server.tell(
        "reservation-update",
        json!({ "reservation": { "subnet-id": 1, "hw-address": "02:00:5e:00:53:01", "ip-address": "10.0.1.51" } }),
    );
    assert_eq!(leased(&mut dialog, 1), Some(address(51)));

    // An address of the pool is kept for its client, in a global and in the subnet's scope alike.
    add(&server, json!({ "subnet-id": 1, "hw-address": "02:00:5e:00:53:02", "ip-address": "10.0.1.101" }));
    let others: Vec<Option<Ipv4Addr>> = (10..13).map(|last| leased(&mut dialog, last)).collect();
    let mut got: Vec<Ipv4Addr> = others.iter().flatten().copied().collect();
    got.sort_unstable();
    assert_eq!(got, [address(100), address(102)], "{others:?}");
    assert_eq!(leased(&mut dialog, 2), Some(address(101)));
    // Not even who asks for it gets it.
    let asked = dialog.lease(&mac(13), &[(50, &[10, 0, 1, 101])]);
    assert!(asked.is_none(), "{asked:?}");

    let found = server.command("reservation-get-page", json!({ "limit": 10, "source-index": 1 }));
    assert_eq!(found.at("/count").as_u64(), Some(2));
    server.tell(
        "reservation-del",
        json!({ "subnet-id": 1, "identifier-type": "hw-address", "identifier": "02:00:5e:00:53:01" }),
    );
    let twice = server.command(
        "reservation-add",
        json!({ "reservation": { "subnet-id": 1, "hw-address": "02:00:5e:00:53:05", "ip-address": "10.0.1.101" } }),
    );
    assert_eq!(twice.text, "Database duplicate entry error");

    // A reconfiguration keeps the database, and one without it forgets what it holds.
    server.tell("config-reload", Value::Null);
    assert_eq!(leased(&mut dialog, 2), Some(address(101)));
    let mut without = config(&json!([]));
    without["subnet4"][0]["pools"] = json!([ { "pool": "10.0.1.200 - 10.0.1.210" } ]);
    server.tell("config-set", json!({ "Dhcp4": without }));
    assert!(leased(&mut dialog, 2).is_some_and(|address| address.octets()[3] >= 200));
}

#[test]
fn a_database_that_is_read_only_is_not_written() {
    let Some(world) = World::new() else { return };
    let (space, _relays) = linked(&world, "server");
    let mut server = world.server("server", &space);
    server.configure(&config(&json!([ { "type": "sqlite", "name": "hosts.db", "readonly": true } ])));
    server.start();
    let refused = server.command(
        "reservation-add",
        json!({ "reservation": { "subnet-id": 1, "hw-address": "02:00:5e:00:53:01" } }),
    );
    assert_eq!(refused.result, 1);
    assert!(refused.text.contains("read only"), "{}", refused.text);
}

#[test]
fn a_database_goes_away_and_comes_back() {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(Kind::MariaDb);
    let (space, relays) = linked(&world, "server");
    let mut server = world.server("server", &space);
    let retries =
        json!({ "max-reconnect-tries": 200, "reconnect-wait-time": 200, "on-fail": "stop-retry-exit" });
    server.configure(&config(&entry(&backend, &retries)));
    server.start();
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    add(&server, json!({ "subnet-id": 1, "hw-address": "02:00:5e:00:53:02", "ip-address": "10.0.1.101" }));
    assert_eq!(leased(&mut dialog, 2), Some(address(101)));

    backend.server.stop();
    // Nobody is served without knowing what is reserved: the address might be another client's.
    assert_eq!(leased(&mut dialog, 10), None);
    let off = || {
        let status = server.command("status-get", Value::Null);
        // One origin for each database that is away.
        status.at("/dhcp-state/disabled-by-db-connection").as_array().map(Vec::len)
    };
    until("the service is off", || off() == Some(1));
    assert_eq!(leased(&mut dialog, 11), None);
    // Commands are answered meanwhile.
    server.tell("config-get", Value::Null);
    backend.server.run();
    until("the service is on again", || off() == Some(0));
    assert_eq!(leased(&mut dialog, 2), Some(address(101)));
    assert!(server.log().contains("DHCP4_DB_RECONNECT_SUCCEEDED"));
}

#[test]
fn a_server_ends_when_its_database_stays_away() {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(Kind::PostgreSql);
    let (space, relays) = linked(&world, "server");
    let mut server = world.server("server", &space);
    server.configure(&config(&entry(
        &backend,
        &json!({ "max-reconnect-tries": 2, "reconnect-wait-time": 100 }),
    )));
    server.start();
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    assert!(leased(&mut dialog, 10).is_some());
    backend.server.stop();
    assert_eq!(leased(&mut dialog, 11), None);
    until("the server has ended", || !server.is_running());
    assert!(
        server.log().contains("DHCP4_DB_RECONNECT_FAILED maximum number of database reconnect attempts: 2")
    );
}

#[test]
fn kea_serves_reservations_that_we_wrote() {
    let Some(world) = World::new() else { return };
    if !["/usr/sbin/kea-dhcp4", "/usr/sbin/kea-admin"].iter().all(|path| Path::new(path).is_file()) {
        harness::skipped("Debian's kea-dhcp4-server and kea-admin are not installed");
        return;
    }
    let (space, relays) = linked(&world, "server");
    // In the namespace: Kea reaches it by TCP there, ours by the socket of the file system.
    let prefix = ["ip", "netns", "exec", space.name()].map(str::to_owned).to_vec();
    space.ip("link set lo up");
    let database = DatabaseServer::start(Kind::MariaDb, Options { prefix, ..Options::default() });
    let tables = database.database();
    made_by_kea(&tables);
    let mut ours = world.server("server", &space);
    let databases = json!([ { "type": "mysql", "host": tables.socket.display().to_string(), "name": tables.name,
                              "user": USER, "password": PASSWORD } ]);
    ours.configure(&config(&databases));
    ours.start();
    add(
        &ours,
        json!({ "subnet-id": 1, "hw-address": "02:00:5e:00:53:01", "ip-address": "10.0.1.50", "hostname": "fifty",
                "client-classes": [ "gold" ], "boot-file-name": "/boot", "next-server": "10.0.1.9",
                "option-data": [ { "name": "domain-name-servers", "data": "10.0.1.53" } ] }),
    );
    // As Kea's own library writes them: what is not reserved is empty or 0, options have octets.
    database.sql(
        &tables.name,
        "INSERT INTO hosts (dhcp_identifier, dhcp_identifier_type, dhcp4_subnet_id, dhcp6_subnet_id, ipv4_address, \
         hostname, dhcp4_client_classes, dhcp6_client_classes, dhcp4_next_server, dhcp4_server_hostname, \
         dhcp4_boot_file_name) VALUES (UNHEX('02005E005302'), 0, 1, NULL, INET_ATON('10.0.1.60'), '', 'gold', '', 0, '', ''); \
         INSERT INTO dhcp4_options (code, value, formatted_value, space, persistent, host_id, scope_id, modification_ts) \
         VALUES (6, UNHEX('0A000135'), NULL, 'dhcp4', 0, LAST_INSERT_ID(), 3, CURRENT_TIMESTAMP);",
    );
    let wanted: &[(u8, &[u8])] = &[(55, &[6, 15])];
    let served = |dialog: &mut Dialog, name: &str| {
        for (client, last) in [(1, 50), (2, 60)] {
            let reply = dialog.lease(&mac(client), wanted).unwrap_or_else(|| panic!("no lease of {name}"));
            assert_eq!(reply.yiaddr, address(last), "{name}");
            assert_eq!(reply.option(6), Some(&[10, 0, 1, 53][..]), "{name}");
            assert_eq!(reply.option(15), Some(&b"gold.example"[..]), "{name}");
        }
    };
    let mut dialog = Dialog::new(&relays, RELAY, SERVER);
    served(&mut dialog, "ours");
    ours.stop();

    let mut theirs =
        config(&json!([ { "type": "mysql", "host": "127.0.0.1", "port": tables.port, "name": tables.name,
                                       "user": USER, "password": PASSWORD } ]));
    let socket = world.directory().join("debian.sock");
    theirs["hooks-libraries"] = json!([]);
    theirs["control-socket"]["socket-name"] = json!(socket);
    theirs["lease-database"]["persist"] = json!(false);
    theirs["loggers"] =
        json!([ { "name": "kea-dhcp4", "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ]);
    let _debian = crate::shared_database::run_debian(&world, &space, &socket, &json!({ "Dhcp4": theirs }));
    served(&mut dialog, "Debian's Kea");
}
