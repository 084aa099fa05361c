//! Debian's Kea 2.2.0 and ours on one MariaDB database in the tables of that release: what one writes the other serves.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use base::HwAddr;
use harness::{Dialog, Link, Process, Space, World, minimal, send, until};
use serde_json::{Value, json};
use testdb::{Database, Kind, Options, PASSWORD, Server as DatabaseServer, USER};

const HOOKS: &str = "/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_mysql_cb.so";

const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);
const KEA: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 1);
const TO_OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 2);
const TO_KEA: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

/// Debian's kea-dhcp4 on the database, with the tag `kea`.
fn start_kea(world: &World, space: &Space, socket: &Path, port: u16, name: &str) -> Process {
    let config = json!({ "Dhcp4": {
        "server-tag": "kea",
        "interfaces-config": { "interfaces": [ "lan" ] },
        "control-socket": { "socket-type": "unix", "socket-name": socket.display().to_string() },
        "hooks-libraries": [ { "library": HOOKS } ],
        "config-control": {
            "config-fetch-wait-time": 1,
            "config-databases": [ { "type": "mysql", "host": "127.0.0.1", "port": port, "name": name,
                                    "user": USER, "password": PASSWORD } ] },
        "lease-database": { "type": "memfile", "persist": false },
        "loggers": [ { "name": "kea-dhcp4", "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ] } });
    run_debian(world, space, socket, &config)
}

/// Debian's kea-dhcp4 on a configuration with this control socket, once it answers.
pub(crate) fn run_debian(world: &World, space: &Space, socket: &Path, config: &Value) -> Process {
    let directory = world.directory().join("debian");
    std::fs::create_dir_all(&directory).expect("directory");
    // A copy: profiles of AppArmor go by the path.
    let program = directory.join("kea-dhcp4");
    std::fs::copy("/usr/sbin/kea-dhcp4", &program).expect("copy of a program");
    let file = world.write("debian.conf", &config.to_string());
    let mut command = space.command(program, ["-c".into(), file.into_os_string()]);
    command.env("KEA_PIDFILE_DIR", &directory).env("KEA_LOCKFILE_DIR", "none");
    let mut process = space.start("debian-kea", &mut command);
    until("Debian's Kea answers", || {
        assert!(process.ended().is_none(), "Debian's Kea ended:\n{}", process.output());
        harness::unix(socket, br#"{ "command": "version-get" }"#).is_ok_and(|answer| answer.contains("2.2"))
    });
    process
}

/// Kea's tables, by Debian's kea-admin.
pub(crate) fn made_by_kea(tables: &Database) {
    let made = Command::new("/usr/sbin/kea-admin")
        .args(["db-init", "mysql", "-h", "localhost", "-u", USER, "-p", PASSWORD, "-n", &tables.name, "-x"])
        .arg(format!("--socket={}", tables.socket.display()))
        .output()
        .expect("kea-admin");
    assert!(made.status.success(), "{made:?}");
}

fn ids(answer: &harness::Answer) -> Vec<u64> {
    let list = answer.at("/Dhcp4/subnet4").as_array().cloned().unwrap_or_default();
    let mut ids: Vec<u64> = list.iter().filter_map(|subnet| subnet["id"].as_u64()).collect();
    ids.sort_unstable();
    ids
}

fn subnet(id: u32, third: u8, tags: &[&str], lifetime: u32) -> Value {
    json!({ "server-tags": tags, "subnets": [ {
        "id": id, "subnet": format!("10.0.{third}.0/24"), "shared-network-name": null, "valid-lifetime": lifetime,
        "pools": [ { "pool": format!("10.0.{third}.100 - 10.0.{third}.120") } ],
        "option-data": [ { "name": "routers", "data": format!("10.0.{third}.1") } ] } ] })
}

/// The lifetime of the lease that a new client gets.
fn leased(dialog: &mut Dialog, last: u8) -> Option<(Ipv4Addr, u32)> {
    let mac = HwAddr::new(1, &[2, 0, 0x5e, 0, 0x53, last]).expect("six octets");
    let reply = dialog.lease(&mac, &[])?;
    let lifetime =
        reply.option(51).and_then(|octets| <[u8; 4]>::try_from(octets).ok()).map_or(0, u32::from_be_bytes);
    Some((reply.yiaddr, lifetime))
}

#[test]
fn kea_serves_what_we_write_and_we_what_kea_writes() {
    let Some(world) = World::new() else { return };
    if !["/usr/sbin/kea-dhcp4", "/usr/sbin/kea-admin", HOOKS].iter().all(|path| Path::new(path).is_file()) {
        harness::skipped("Debian's kea-dhcp4-server, kea-admin and their libraries are not installed");
        return;
    }
    let (ours, kea, relays) = (world.space("ours"), world.space("kea"), world.space("relays"));
    for (space, there, net) in [(&ours, "to-ours", 1), (&kea, "to-kea", 2)] {
        space.link(Link { here: "lan", there }, &relays);
        space.ip(&format!("address add 10.0.{net}.1/24 dev lan"));
        relays.ip(&format!("address add 10.0.{net}.2/24 dev {there}"));
    }
    // Kea reaches it by TCP in its namespace, ours by the socket of the file system.
    let prefix = ["ip", "netns", "exec", kea.name()].map(str::to_owned).to_vec();
    let database = DatabaseServer::start(Kind::MariaDb, Options { prefix, ..Options::default() });
    let tables = database.database();
    made_by_kea(&tables);

    let mut server = world.server("ours", &ours);
    let mut config = minimal("ours", &["lan"], "");
    config["hooks-libraries"] =
        json!([ { "library": "libdhcp_cb_cmds.so" }, { "library": "libdhcp_mysql_cb.so" } ]);
    config["config-control"]["config-databases"] = json!([ {
        "type": "mysql", "host": tables.socket.display().to_string(), "name": tables.name,
        "user": USER, "password": PASSWORD } ]);
    server.configure(&config);
    server.start();
    for tag in ["ours", "kea"] {
        server
            .tell("remote-server4-set", json!({ "servers": [ { "server-tag": tag, "description": tag } ] }));
    }
    server.tell("remote-subnet4-set", subnet(1, 1, &["ours"], 1000));
    server.tell("remote-subnet4-set", subnet(2, 2, &["kea"], 2000));
    server.tell("remote-subnet4-set", subnet(3, 3, &["all"], 3000));

    let socket = world.directory().join("debian.sock");
    let mut debian = start_kea(&world, &kea, &socket, tables.port, &tables.name);
    let running = || send(&socket, "config-get", Value::Null);
    until("Kea serves what we wrote", || ids(&running()) == [2, 3]);
    until("we serve what we wrote", || server.served() == [1, 3]);
    let mut at_ours = Dialog::new(&relays, TO_OURS, OURS);
    let mut at_kea = Dialog::new(&relays, TO_KEA, KEA);
    assert_eq!(leased(&mut at_ours, 1).map(|lease| lease.1), Some(1000));
    assert_eq!(leased(&mut at_kea, 2).map(|lease| lease.1), Some(2000));

    // A change of ours reaches Kea while it runs.
    server.tell("remote-subnet4-set", subnet(2, 2, &["kea"], 2222));
    until("Kea serves our change", || leased(&mut at_kea, 2).is_some_and(|lease| lease.1 == 2222));

    // As Kea's own library writes: a revision by its procedure (of `all` when several servers are concerned), rows, and
    // triggers that note them.
    database.sql(
        &tables.name,
        "START TRANSACTION;
         CALL createAuditRevisionDHCP4(NOW(), 'all', 'written as Kea does', 1);
         UPDATE dhcp4_subnet SET valid_lifetime = 1111, modification_ts = NOW() WHERE subnet_id = 1;
         INSERT INTO dhcp4_subnet (subnet_id, subnet_prefix, modification_ts) VALUES (4, '10.0.4.0/24', NOW());
         INSERT INTO dhcp4_subnet_server SELECT 4, id, NOW() FROM dhcp4_server WHERE tag IN ('ours', 'kea');
         COMMIT;",
    );
    until("we serve what Kea's procedures wrote", || server.served() == [1, 3, 4]);
    until("Kea serves it, too", || ids(&running()) == [2, 3, 4]);
    assert_eq!(leased(&mut at_ours, 3).map(|lease| lease.1), Some(1111));

    // A record, whose number is another in tables of that release. What a server of it could not read is refused.
    server.tell(
        "remote-option-def4-set",
        json!({ "server-tags": [ "kea" ], "option-defs": [ {
            "name": "foo", "code": 222, "type": "record", "record-types": "uint8, ipv4-address" } ] }),
    );
    server.tell(
        "remote-option4-global-set",
        json!({ "server-tags": [ "kea" ], "options": [ {
            "name": "foo", "data": "7, 192.0.2.9", "csv-format": true, "always-send": true } ] }),
    );
    let mac = HwAddr::new(1, &[2, 0, 0x5e, 0, 0x53, 2]).expect("six octets");
    until("Kea serves our record", || {
        let reply = at_kea.lease(&mac, &[]);
        reply.is_some_and(|reply| reply.option(222) == Some(&[7, 192, 0, 2, 9][..]))
    });
    for (name, value) in [("dhcp-ddns", json!({ "enable-updates": false })), ("allocator", json!("random"))] {
        let arguments = json!({ "server-tags": [ "kea" ], "parameters": { name: value } });
        let answer = server.command("remote-global-parameter4-set", arguments);
        assert!(answer.result == 1 && answer.text.contains("do not know it"), "{name}: {answer:?}");
    }

    // Kea's tables again, deleted by us.
    server.tell("remote-subnet4-del-by-id", json!({ "subnets": [ { "id": 4 } ] }));
    until("neither serves what we deleted", || ids(&running()) == [2, 3] && server.served() == [1, 3]);
    assert!(debian.stop().success(), "{}", debian.output());
    assert!(server.stop().success());
}
