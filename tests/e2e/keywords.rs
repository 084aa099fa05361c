//! Keywords whose effect shows only at a whole server.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::{Dialog, Server, Space, World, subnets, subnets6, until};
use serde_json::{Value, json};
use testdb::Certificates;
use testkit::client6::Ia6;
use testkit::{Packet4, Packet6};

use crate::site;

/// A server of each family that is not started, with its configuration: one subnet, a link `lan` to the other namespace.
fn both(world: &World) -> ([(Server, Value); 2], Space) {
    let (space, other) = (world.space("srv"), world.space("other"));
    space.link(harness::Link { here: "lan", there: "up" }, &other);
    space.ip("address add 10.0.0.1/24 dev lan");
    space.ip("address add 2001:db8::1/64 dev lan nodad");
    other.ip("address add 10.0.0.2/24 dev up");
    other.ip("address add 2001:db8::2/64 dev up nodad");
    let four = json!([ { "id": 1, "subnet": "10.0.0.0/16", "pools": [ { "pool": "10.0.0.0/17" } ] } ]);
    let six = json!([ { "id": 1, "subnet": "2001:db8::/64", "pools": [ { "pool": "2001:db8::1:0/112" } ] } ]);
    let servers = [
        (world.server("kea", &space), subnets(&["lan"], four)),
        (world.server6("kea6", &space), subnets6(&["lan/2001:db8::1"], six)),
    ];
    (servers, other)
}

/// Both families' servers, with what is to be put into their configuration.
fn with(servers: [(Server, Value); 2], members: &Value) -> [(Server, Value); 2] {
    servers.map(|(server, mut config)| {
        for (keyword, value) in members.as_object().into_iter().flatten() {
            config[keyword] = value.clone();
        }
        server.configure(&config);
        (server, config)
    })
}

/// The name of the outermost map.
fn map_name(config: &Value) -> &'static str {
    if config.get("subnet4").is_some() { "Dhcp4" } else { "Dhcp6" }
}

fn set(server: &Server, config: &Value) {
    server.tell("config-set", json!({ map_name(config): config }));
}

/// Addresses with UDP sockets that are open in the server's namespace.
fn sockets(server: &Server) -> String {
    server.space.sh("ss -lunH")
}

/// `interfaces-config.re-detect`: interfaces that come are served at once, or when the server is told.
#[test]
fn interfaces_are_followed_or_not() {
    let Some(world) = World::new() else { return };
    let space = world.space("srv");
    let four = |re_detect: bool| {
        let mut config = subnets(&["*"], json!([]));
        config["interfaces-config"]["dhcp-socket-type"] = json!("udp");
        config["interfaces-config"]["re-detect"] = json!(re_detect);
        config
    };
    let six = |re_detect: bool| {
        let mut config = subnets6(&["*"], json!([]));
        config["interfaces-config"]["re-detect"] = json!(re_detect);
        config
    };
    let (mut server, mut server6) = (world.server("kea", &space), world.server6("kea6", &space));
    server.configure(&four(true));
    server6.configure(&six(true));
    server.start();
    server6.start();
    let comes = |name: &str, number: u8| {
        space.ip(&format!("link add {name} type bridge"));
        space.ip(&format!("address add 10.0.{number}.1/24 dev {name}"));
        space.ip(&format!("address add fe80::{number}/64 dev {name} nodad"));
        space.ip(&format!("link set {name} up"));
    };
    let served = |number: u8| {
        let open = sockets(&server);
        (open.contains(&format!("10.0.{number}.1:67")), open.contains(&format!("[fe80::{number}]")))
    };
    comes("one", 1);
    until("a new interface is served", || served(1) == (true, true));

    // The configuration that says no more is itself a reason to look.
    comes("two", 2);
    server.tell("config-set", json!({ "Dhcp4": four(false) }));
    server6.tell("config-set", json!({ "Dhcp6": six(false) }));
    until("what was there is served", || served(2) == (true, true));
    comes("three", 3);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(served(3), (false, false), "{}", sockets(&server));
    assert_eq!(served(1), (true, true), "{}", sockets(&server));
    server.tell("interface-redetect", Value::Null);
    server6.tell("interface-redetect", Value::Null);
    until("what was looked for is served", || served(3) == (true, true));
}

/// `reservations-lookup-first` decides nothing here, and the log says so where it stands.
#[test]
fn the_order_of_lookups_is_told() {
    let Some(world) = World::new() else { return };
    let space = world.space("srv");
    let mut server = world.server("kea", &space);
    let told = |server: &Server| server.log().matches("DHCP4_RESERVATIONS_LOOKUP_FIRST_ENABLED").count();
    let mut config = subnets(&[], json!([]));
    server.configure(&config);
    server.start();
    assert_eq!(told(&server), 0, "{}", server.log());
    config["reservations-lookup-first"] = json!(true);
    server.tell("config-set", json!({ "Dhcp4": config }));
    until("it is told", || told(&server) == 1);
    // Without threads it is what the server does anyway.
    config["multi-threading"] = json!({ "enable-multi-threading": false });
    server.tell("config-set", json!({ "Dhcp4": config }));
    assert_eq!(told(&server), 1, "{}", server.log());
}

/// `data-directory` of DHCPv6 may only say where files lie anyway.
#[test]
fn the_data_directory_is_that_of_the_installation() {
    let world = World::plain();
    let prefix = world.prefix("kea");
    let data = prefix.path("var/lib/kea").display().to_string();
    let check = |directory: &str, flags: &[&str]| {
        let mut config = subnets6(&[], json!([]));
        config["data-directory"] = json!(directory);
        let file = prefix.write_config("kea.conf", &json!({ "Dhcp6": config }).to_string());
        let file = file.display().to_string();
        let words: Vec<&str> = flags.iter().copied().chain(["-T", &file]).collect();
        world.run(prefix.program("kea-dhcp6"), &words, "")
    };
    let there = check(&data, &[]);
    assert_eq!(there.code(), 0, "{there:?}");
    assert!(there.stdout.contains("DHCP6_DATA_DIRECTORY_DEPRECATED"), "{there:?}");
    for flags in [&[][..], &["-X"]] {
        let elsewhere = check("/tmp", flags);
        assert_eq!(elsewhere.code(), 1, "{elsewhere:?}");
        let text = format!("'data-directory' of '/tmp' is invalid, supported path is '{data}'");
        assert!(elsewhere.stderr.contains(&text), "{elsewhere:?}");
    }
}

/// `statistic-default-sample-count` and `-age`.
#[test]
fn samples_are_as_many_or_as_old_as_configured() {
    let Some(world) = World::new() else { return };
    let (servers, other) = both(&world);
    for (mut server, mut config) in with(servers, &json!({ "statistic-default-sample-count": 3 })) {
        server.start();
        let (name, to) = match map_name(&config) {
            "Dhcp4" => ("pkt4-received", "10.0.0.1:67"),
            _ => ("pkt6-received", "[2001:db8::1]:547"),
        };
        let samples =
            || server.tell("statistic-get", json!({ "name": name })).at(&format!("/{name}")).clone();
        let count = || samples().as_array().map_or(0, Vec::len);
        let newest = || samples()[0][0].as_i64().unwrap_or(0);
        // No message, but counted. One at a time: those of a batch have one time.
        let send = |packets: i64| {
            for _ in 0..packets {
                let before = newest();
                other.inside(|| {
                    let any = if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
                    UdpSocket::bind(any)
                        .and_then(|socket| socket.send_to(b"x", to))
                        .expect("a datagram leaves");
                });
                until("it is counted", || newest() > before);
            }
        };
        send(5);
        assert_eq!(count(), 3, "{}", samples());
        // Those of more than two seconds ago are not kept.
        config["statistic-default-sample-count"] = json!(0);
        config["statistic-default-sample-age"] = json!(2);
        set(&server, &config);
        send(6);
        assert!(count() > 3, "{}", samples());
        std::thread::sleep(Duration::from_millis(2500));
        send(1);
        assert!(count() <= 2, "{}", samples());
    }
}

/// What comes while the service is off is not answered, but counted.
#[test]
fn packets_for_a_disabled_service_are_counted() {
    let Some(world) = World::new() else { return };
    let (servers, other) = both(&world);
    for (mut server, config) in with(servers, &json!({})) {
        server.start();
        server.tell("dhcp-disable", json!({ "max-period": 60 }));
        let (name, any, to) = match map_name(&config) {
            "Dhcp4" => ("pkt4-service-disabled", "0.0.0.0:0", "10.0.0.1:67"),
            _ => ("pkt6-service-disabled", "[::]:0", "[2001:db8::1]:547"),
        };
        other.inside(|| {
            UdpSocket::bind(any).and_then(|socket| socket.send_to(b"x", to)).expect("a datagram leaves");
        });
        until("it is counted", || server.statistic(name) == 1);
    }
}

/// `multi-threading`: as many threads serve packets as are asked for.
#[test]
fn threads_are_as_many_as_configured() {
    let Some(world) = World::new() else { return };
    let (servers, _other) = both(&world);
    let pool = |threads: u16| json!({ "enable-multi-threading": true, "thread-pool-size": threads });
    for (mut server, mut config) in with(servers, &json!({ "multi-threading": pool(3) })) {
        server.start();
        let workers = || {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).expect("a process");
            let names =
                tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
            names.filter(|name| name.starts_with("worker-")).count()
        };
        // A thread has its name a moment after it began.
        until("there are three", || workers() == 3);
        config["multi-threading"]["enable-multi-threading"] = json!(false);
        set(&server, &config);
        until("there is one", || workers() == 1);
        config["multi-threading"] = pool(2);
        set(&server, &config);
        until("there are two", || workers() == 2);
    }
}

/// The lease file of a server with so many leases that ended long ago, and further rows that are none.
fn write_leases(server: &Server, config: &Value, ended: u32, broken: u32) {
    let (file, head, row): (PathBuf, &str, fn(u32) -> String) = match map_name(config) {
        "Dhcp4" => (
            server.prefix.lease_file(),
            "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id",
            |n| {
                let (high, low) = (n >> 8, n & 255);
                format!("10.0.{high}.{low},02:00:00:00:{high:02x}:{low:02x},,100,1700000000,1,0,0,,0,,0")
            },
        ),
        _ => (
            server.prefix.lease_file6(),
            "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id",
            |n| {
                format!("2001:db8::1:{n:x},00:03:00:01:{n:08x},100,1700000000,1,50,0,1,128,0,0,,,0,,,,0")
                    .replace(
                        &format!("{n:08x}"),
                        &format!("{:02x}:{:02x}:{:02x}:{:02x}", 2, n >> 16, (n >> 8) & 255, n & 255),
                    )
            },
        ),
    };
    let rows = (0..ended).map(|n| row(n + 1)).chain((0..broken).map(|n| format!("nothing,{n}")));
    let text: Vec<String> = std::iter::once(head.to_owned()).chain(rows).collect();
    std::fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
    std::fs::write(file, text.join("\n") + "\n").expect("a lease file");
}

/// `expired-leases-processing`: how often, how many, how long, and when somebody is told.
#[test]
fn reclamation_keeps_to_its_bounds() {
    let Some(world) = World::new() else { return };
    let (servers, _other) = both(&world);
    let bounds = json!({ "expired-leases-processing": { "reclaim-timer-wait-time": 1, "max-reclaim-leases": 10,
        "max-reclaim-time": 0, "unwarned-reclaim-cycles": 2 } });
    for (mut server, mut config) in with(servers, &bounds) {
        write_leases(&server, &config, 20_000, 0);
        let begin = Instant::now();
        server.start();
        let reclaimed = || server.statistic("reclaimed-leases");
        until("some are reclaimed", || reclaimed() > 0);
        assert!(begin.elapsed() >= Duration::from_secs(1), "not before the timer");
        until("somebody is told", || server.log().contains("_LEASES_RECLAMATION_SLOW"));
        let done = reclaimed();
        assert!(done % 10 == 0 && (30..100).contains(&done), "{done}");
        // All of them, but for no longer than a millisecond.
        config["expired-leases-processing"]["max-reclaim-leases"] = json!(0);
        config["expired-leases-processing"]["max-reclaim-time"] = json!(1);
        set(&server, &config);
        until("more are reclaimed", || reclaimed() > done);
        assert!((done + 1..15_000).contains(&reclaimed()), "{}", reclaimed());
    }
}

/// `lease-database`: what is tolerated in the file, and how often it is cleaned up.
#[test]
fn the_lease_file_is_kept_as_configured() {
    let Some(world) = World::new() else { return };
    let (servers, _other) = both(&world);
    let database = |errors: u32| json!({ "lease-database": { "type": "memfile", "max-row-errors": errors } });
    for (mut server, mut config) in with(servers, &database(2)) {
        write_leases(&server, &config, 10, 3);
        let file = server.config_file();
        let check = |flags: &[&str]| {
            let program = if map_name(&config) == "Dhcp4" { "kea-dhcp4" } else { "kea-dhcp6" };
            let file = file.display().to_string();
            let words: Vec<&str> = flags.iter().copied().chain(["-c", &file]).collect();
            server.space.run(server.prefix.program(program), words, "")
        };
        let refused = check(&[]);
        assert!(
            !refused.status.success() && refused.stderr.contains("maximum number of failures 2"),
            "{refused:?}"
        );
        config["lease-database"] = json!({ "type": "memfile", "max-row-errors": 3, "lfc-interval": 1 });
        server.configure(&config);
        server.start();
        let lease_file = if map_name(&config) == "Dhcp4" {
            server.prefix.lease_file()
        } else {
            server.prefix.lease_file6()
        };
        let cleaned = lease_file.with_extension("csv.2");
        until("the file is cleaned up", || cleaned.exists());
        assert!(server.stop().success());
        // Without a file there is nothing to remember.
        std::fs::remove_file(&cleaned).expect("it is there");
        std::fs::remove_file(&lease_file).expect("it is there");
        config["lease-database"] = json!({ "type": "memfile", "persist": false });
        server.configure(&config);
        server.start();
        assert!(!lease_file.exists(), "{}", lease_file.display());
    }
}

/// `control-sockets` over HTTPS: certificates, passwords, headers.
#[test]
fn commands_over_https() {
    let Some(world) = World::new() else { return };
    let (servers, _other) = both(&world);
    let certificates = Certificates::make(world.directory());
    world.write("user", "admin");
    world.write("password", "s3cret");
    let port = |config: &Value| if map_name(config) == "Dhcp4" { 8004 } else { 8006 };
    for (mut server, mut config) in servers {
        let port = port(&config);
        config.as_object_mut().expect("a map").remove("control-socket");
        config["control-sockets"] = json!([
            { "socket-type": "unix", "socket-name": if port == 8004 { "kea-dhcp4.sock" } else { "kea-dhcp6.sock" } },
            { "socket-type": "https", "socket-address": "127.0.0.1", "socket-port": port,
              "trust-anchor": certificates.certificate("ca"), "cert-file": certificates.certificate("server"),
              "key-file": certificates.key("server"), "cert-required": true,
              "http-headers": [ { "name": "Strict-Transport-Security", "value": "max-age=7" } ],
              "authentication": { "type": "basic", "realm": "site", "directory": world.directory(), "clients": [
                { "user": "plain", "password": "1234" }, { "user-file": "user", "password-file": "password" } ] } } ]);
        server.configure(&config);
        // Names and passwords in the file itself are only taken so.
        server.start_with(&["-X"]);
        let curl = |words: &str| {
            server.space.sh(&format!(
                "curl -si -H 'Content-Type: application/json' --cacert {} {words} -d '{{ \"command\": \"version-get\" }}' https://localhost:{port}/ || true",
                certificates.certificate("ca").display()
            ))
        };
        let client = format!(
            "--cert {} --key {}",
            certificates.certificate("client").display(),
            certificates.key("client").display()
        );
        for user in ["plain:1234", "admin:s3cret"] {
            let answer = curl(&format!("{client} -u {user}"));
            assert!(answer.contains("\"result\": 0") || answer.contains("\"result\":0"), "{user}: {answer}");
            assert!(answer.to_lowercase().contains("strict-transport-security: max-age=7"), "{answer}");
        }
        let stranger = curl(&format!("{client} -u admin:wrong"));
        assert!(stranger.contains(" 401 ") && stranger.contains("realm=\"site\""), "{stranger}");
        assert_eq!(curl("-u plain:1234"), "", "without a certificate");

        // A renewal that went wrong is refused, -X or not, and leaves TLS as it is.
        let good = std::fs::read(certificates.certificate("server")).expect("a certificate");
        std::fs::write(certificates.certificate("server"), "garbage").expect("a file");
        assert_eq!(server.command("config-reload", Value::Null).result, 1);
        std::fs::write(certificates.certificate("server"), good).expect("a file");
        assert_eq!(
            server.space.sh(&format!("curl -s http://localhost:{port}/ || true")),
            "",
            "in clear text"
        );
        assert!(curl(&format!("{client} -u plain:1234")).contains(" 200 "));
    }
}

/// `dhcp-ddns`: from where to where requests go.
#[test]
fn requests_go_from_and_to_the_configured_addresses() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    let mut config = site::config();
    config["dhcp-ddns"] = json!({ "enable-updates": true, "server-ip": "10.0.0.2", "server-port": 5301,
        "sender-ip": "10.0.0.1", "sender-port": 5302, "ncr-protocol": "UDP", "ncr-format": "JSON", "max-queue-size": 64 });
    server.configure(&config);
    let updater = relay.inside(|| UdpSocket::bind("10.0.0.2:5301").expect("a socket"));
    updater.set_read_timeout(Some(harness::PATIENCE)).expect("a timeout");
    server.start();
    let mut dialog = Dialog::new(&relay, site::RELAY, site::SERVER);
    let client = base::HwAddr::new(1, &[2, 0, 0, 0, 0, 9]).expect("six octets");
    dialog.lease(&client, &[(81, b"\x01\0\0one.example.org.")]).expect("a lease");
    let mut datagram = [0; 2048];
    let (length, from) = updater.recv_from(&mut datagram).expect("a request");
    assert_eq!(from.to_string(), "10.0.0.1:5302");
    // Its length goes first.
    let request: Value = serde_json::from_slice(&datagram[2..length]).expect("JSON");
    assert_eq!(request["fqdn"], "one.example.org.");
}

/// `connect-timeout` of a database that takes connections and says nothing.
#[test]
fn a_database_that_is_silent_is_given_up_in_time() {
    let Some(world) = World::new() else { return };
    let (servers, _other) = both(&world);
    let silent =
        servers[0].0.space.inside(|| std::net::TcpListener::bind("127.0.0.1:3306").expect("a socket"));
    for holder in ["hosts-databases", "config-control"] {
        for (server, config) in &servers {
            let mut config = config.clone();
            let database = json!([ { "type": "mysql", "name": "kea", "user": "kea", "password": "kea", "host": "127.0.0.1",
                "port": 3306, "connect-timeout": 1 } ]);
            config["hooks-libraries"] = json!([ { "library": "libdhcp_mysql.so" } ]);
            config[holder] =
                if holder == "config-control" { json!({ "config-databases": database }) } else { database };
            server.configure(&config);
            let program = if map_name(&config) == "Dhcp4" { "kea-dhcp4" } else { "kea-dhcp6" };
            let begin = Instant::now();
            let words = ["-c".to_owned(), server.config_file().display().to_string()];
            let done = server.space.run(server.prefix.program(program), words, "");
            assert!(!done.status.success(), "{done:?}");
            let took = begin.elapsed();
            assert!(
                (Duration::from_millis(900)..Duration::from_secs(4)).contains(&took),
                "{holder}: {took:?}"
            );
        }
    }
    drop(silent);
}

/// `parked-packet-limit`: so many packets wait for a database of reservations that does not answer; the others are not
/// kept.
#[test]
fn so_many_packets_wait_for_databases() {
    let Some(world) = World::new() else { return };
    let (servers, other) = both(&world);
    let silent =
        servers[0].0.space.inside(|| std::net::TcpListener::bind("127.0.0.1:3306").expect("a socket"));
    let database = json!([ { "type": "mysql", "name": "kea", "user": "kea", "password": "kea", "host": "127.0.0.1",
        "port": 3306, "connect-timeout": 3, "retry-on-startup": true, "on-fail": "serve-retry-continue" } ]);
    let members = json!({ "parked-packet-limit": 2, "hosts-databases": database,
        "multi-threading": { "enable-multi-threading": false },
        "hooks-libraries": [ { "library": "libdhcp_mysql.so" } ] });
    for (mut server, config) in with(servers, &members) {
        server.start();
        let (full, to) = match map_name(&config) {
            "Dhcp4" => ("pkt4-queue-full", "10.0.0.1:67"),
            _ => ("pkt6-queue-full", "[2001:db8::1]:547"),
        };
        other.inside(|| {
            let any = if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
            let socket = UdpSocket::bind(any).expect("a socket");
            for client in 1..=5 {
                let packet = if to.starts_with('[') {
                    let duid = [0, 3, 0, 1, 2, 0, 0, 0, 0, client];
                    let [link, peer] = ["2001:db8::2", "fe80::1"].map(|at| at.parse().expect("an address"));
                    let solicit = Packet6::new(1, &duid).option(3, &Ia6::new(1).build());
                    solicit.relayed(link, peer, Vec::new()).build()
                } else {
                    let hw_addr = base::HwAddr::new(1, &[2, 0, 0, 0, 0, client]).expect("six octets");
                    Packet4::discover(&hw_addr).relayed(Ipv4Addr::new(10, 0, 0, 2), &[]).build()
                };
                socket.send_to(&packet, to).expect("a datagram leaves");
                // Each in a batch of its own: those before it wait, they are not merely received together.
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        until("three are not kept", || server.statistic(full) == 3);
        server.kill();
    }
    drop(silent);
}

/// `sanity-checks.extended-info-checks` of kea-dhcp4: what is kept of a relay agent is looked at when a command brings it.
#[test]
fn extended_information_of_dhcpv4_is_checked() {
    let Some(world) = World::new() else { return };
    let (mut server, _relay) = site::site(&world);
    let mut config = site::config();
    config["hooks-libraries"] = json!([ { "library": "libdhcp_lease_cmds.so" } ]);
    server.configure(&config);
    server.start();
    let old = json!("0x02020102");
    let odd = json!({ "sub-options": "0x02020102", "odd": 1 });
    let empty = json!({ "sub-options": "0x02020102", "remote-id": "" });
    let right = json!({ "sub-options": "0x02020102", "remote-id": "0102" });
    let info = |info: &Value| json!({ "ISC": { "relay-agent-info": info } });
    for (level, left) in [
        ("none", [info(&old), info(&odd), info(&empty)]),
        ("fix", [info(&right), info(&odd), info(&empty)]),
        ("strict", [info(&right), info(&odd), Value::Null]),
        ("pedantic", [info(&right), Value::Null, Value::Null]),
    ] {
        config["sanity-checks"] = json!({ "extended-info-checks": level });
        set(&server, &config);
        for (brought, left) in [&old, &odd, &empty].into_iter().zip(&left) {
            let lease = json!({ "ip-address": "10.64.0.20", "hw-address": "02:00:00:00:00:20", "user-context": info(brought) });
            server.tell("lease4-add", lease);
            let address = json!({ "ip-address": "10.64.0.20" });
            let stored = server.tell("lease4-get", address.clone()).arguments["user-context"].clone();
            assert_eq!(stored, *left, "{level} {brought}");
            server.tell("lease4-del", address);
        }
    }
}
