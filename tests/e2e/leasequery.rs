//! Bulk leasequery over TCP: all leases of what a relay agent names, whole and in pages, and requesters that misbehave.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr, TcpStream};
use std::time::{Duration, Instant};

use harness::{Link, Server, Space, World, subnets, subnets6, until};
use serde_json::{Value, json};
use testdb::Kind;

use crate::backend::Backend;

const SERVER4: &str = "10.0.1.1";
const SERVER6: &str = "2001:db8:9::1";

/// Leases of each relay agent.
const LEASES: usize = 60;

/// A server's namespace and that of those who ask.
fn linked(world: &World) -> (Space, Space) {
    let (server, requester) = (world.space("server"), world.space("requester"));
    server.link(Link { here: "lan", there: "lan" }, &requester);
    for (space, last) in [(&server, 1), (&requester, 2)] {
        space.ip(&format!("address add 10.0.1.{last}/24 dev lan"));
        space.ip(&format!("address add 2001:db8:9::{last}/64 dev lan nodad"));
    }
    // One that may not ask.
    requester.ip("address add 10.0.1.3/24 dev lan");
    (server, requester)
}

fn configured(mut config: Value, listen: &str, requester: &str, more: &Value) -> Value {
    let mut advanced = json!({ "bulk-query-enabled": true, "lease-query-ip": listen, "max-leases-per-fetch": 7,
        "max-requester-connections": 3, "max-requester-idle-time": 2 });
    for (keyword, value) in more.as_object().into_iter().flatten() {
        advanced[keyword] = value.clone();
    }
    config["hooks-libraries"] = json!([
        { "library": "libdhcp_lease_cmds.so" }, { "library": "libdhcp_mysql.so" }, { "library": "libdhcp_pgsql.so" },
        { "library": "libdhcp_lease_query.so", "parameters": { "requesters": [ requester ], "advanced": advanced } } ]);
    config["valid-lifetime"] = json!(4000);
    config
}

fn config4(more: &Value) -> Value {
    let config = subnets(
        &["lan"],
        json!([ { "id": 1, "subnet": "10.0.0.0/16", "pools": [ { "pool": "10.0.16.0 - 10.0.31.255" } ] } ]),
    );
    configured(config, SERVER4, "10.0.1.2", more)
}

fn config6(more: &Value) -> Value {
    let config = subnets6(
        &["lan"],
        json!([ { "id": 1, "subnet": "2001:db8:1::/64", "pools": [ { "pool": "2001:db8:1::/80" } ],
                  "pd-pools": [ { "prefix": "2001:db8:8000::", "prefix-len": 40, "delegated-len": 56 } ] },
                { "id": 2, "subnet": "2001:db8:2::/64", "pools": [ { "pool": "2001:db8:2::/80" } ] } ]),
    );
    configured(config, SERVER6, "2001:db8:9::2", more)
}

fn connect(requester: &Space, server: &str, port: u16) -> TcpStream {
    let address: IpAddr = server.parse().expect("an address");
    let stream = requester.inside(|| TcpStream::connect((address, port))).expect("the listener");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("timeout");
    stream
}

/// The next message; `None`: the server has closed the connection.
fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut octets).ok()?;
    Some(octets)
}

fn send(stream: &mut TcpStream, message: &[u8]) {
    let length = u16::try_from(message.len()).expect("a message").to_be_bytes();
    stream.write_all(&[&length[..], message].concat()).expect("sent");
}

/// A bulk leasequery with option 82 (RFC 6926).
fn query4(xid: u32, info: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; 240];
    octets[0] = 1;
    octets[4..8].copy_from_slice(&xid.to_be_bytes());
    octets[236..240].copy_from_slice(&[99, 130, 83, 99]);
    octets.extend([53, 1, 14]);
    if !info.is_empty() {
        octets.extend([82, u8::try_from(info.len()).expect("short")]);
        octets.extend(info);
    }
    octets.push(255);
    octets
}

/// The message type of a DHCPv4 message: its first option.
fn kind4(message: &[u8]) -> u8 {
    assert_eq!(message[240..242], [53, 1]);
    message[242]
}

/// The answers to a query, to its end.
fn all4(stream: &mut TcpStream, query: &[u8]) -> (Vec<[u8; 4]>, Vec<u8>) {
    send(stream, query);
    let mut addresses = Vec::new();
    loop {
        let answer = message(stream).expect("an answer");
        assert_eq!(answer[4..8], query[4..8], "the transaction");
        match kind4(&answer) {
            13 => addresses.push(answer[12..16].try_into().expect("ciaddr")),
            15 => return (addresses, answer),
            other => panic!("message type {other}"),
        }
    }
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("short").to_be_bytes();
    [&code.to_be_bytes()[..], &length, value].concat()
}

fn query6(xid: u8, kind: u8, link: &str, asked: &[u8]) -> Vec<u8> {
    let link: Ipv6Addr = link.parse().expect("an address");
    let lq = [&[kind][..], &link.octets(), asked].concat();
    [&[14, 0, 0, xid][..], &option(1, &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1]), &option(44, &lq)].concat()
}

/// Numbers of the messages that answer a query by their types, and the status of the first.
fn all6(stream: &mut TcpStream, query: &[u8]) -> (usize, Option<u16>) {
    send(stream, query);
    let first = message(stream).expect("an answer");
    assert_eq!((first[0], &first[1..4]), (15, &query[1..4]));
    let (mut at, mut status, mut leases) = (4, None, 0);
    while let Some(head) = first.get(at..at + 4) {
        let (code, length) = (u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]]));
        match code {
            13 => status = Some(u16::from_be_bytes([first[at + 4], first[at + 5]])),
            45 => leases += 1,
            _ => {}
        }
        at += 4 + usize::from(length);
    }
    while leases > 0 {
        match message(stream).expect("an answer")[0] {
            17 => leases += 1,
            16 => break,
            other => panic!("message type {other}"),
        }
    }
    (leases, status)
}

fn add4(server: &Server) {
    for at in 0..LEASES {
        for (relay, third) in [("0A01", 16), ("0A02", 17)] {
            let context = json!({ "ISC": { "relay-agent-info":
                { "sub-options": format!("0x0C02{relay}0201{at:02X}"), "relay-id": relay, "remote-id": format!("{at:02X}") } } });
            server.tell(
                "lease4-add",
                json!({ "ip-address": format!("10.0.{third}.{at}"), "hw-address": format!("02:00:00:00:{third}:{at:02x}"),
                        "user-context": context }),
            );
        }
    }
}

fn add6(server: &Server) {
    for at in 0..LEASES {
        let context = |relay: &str| {
            json!({ "ISC": { "relay-info": [ { "hop": 0, "link": "2001:db8:1::1", "peer": "fe80::2",
                "options": format!("0x0035000A{relay}"), "relay-id": relay, "remote-id": format!("0000{at:02X}") } ] } })
        };
        let add = |address: String, subnet: u8, relay: &str| {
            server.tell(
                "lease6-add",
                json!({ "ip-address": address, "subnet-id": subnet, "iaid": at, "duid": format!("00:03:00:01:02:{subnet:02x}:{at:02x}"),
                        "user-context": context(relay) }),
            )
        };
        add(format!("2001:db8:1::{at:x}"), 1, "00030001020000000A01");
        add(format!("2001:db8:2::{at:x}"), 2, "00030001020000000A01");
        add(format!("2001:db8:2::1:{at:x}"), 2, "00030001020000000A02");
    }
}

fn asks4(server: &Server, requester: &Space) {
    let mut stream = connect(requester, SERVER4, 67);
    let (mut found, done) = all4(&mut stream, &query4(1, &[12, 2, 0x0a, 0x01]));
    assert!(!done.windows(2).any(|pair| pair == [151, 0]), "no status where all is well");
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), LEASES);
    assert!(found.iter().all(|address| address[2] == 16));
    assert_eq!(all4(&mut stream, &query4(2, &[2, 1, 7])).0.len(), 2, "of both relay agents");
    assert_eq!(all4(&mut stream, &query4(3, &[12, 1, 9])).0.len(), 0);
    // A lease that is gone, and one that says something else now.
    server.tell("lease4-del", json!({ "ip-address": "10.0.16.0" }));
    server.tell(
        "lease4-update",
        json!({ "ip-address": "10.0.16.1", "hw-address": "02:00:00:00:00:01", "subnet-id": 1 }),
    );
    assert_eq!(all4(&mut stream, &query4(4, &[12, 2, 0x0a, 0x01])).0.len(), LEASES - 2);
    let (_, refused) = all4(&mut stream, &query4(5, &[]));
    assert!(refused.windows(3).any(|octets| octets[0] == 151 && octets[2] == 4), "not allowed");
}

fn asks6(requester: &Space) {
    let mut stream = connect(requester, SERVER6, 547);
    let relay = option(53, &[0, 3, 0, 1, 2, 0, 0, 0, 0x0a, 0x01]);
    assert_eq!(all6(&mut stream, &query6(1, 3, "::", &relay)), (2 * LEASES, Some(0)));
    assert_eq!(all6(&mut stream, &query6(2, 3, "2001:db8:1::1", &relay)), (LEASES, Some(0)));
    assert_eq!(all6(&mut stream, &query6(3, 5, "::", &option(37, &[0, 0, 7]))), (3, Some(0)));
    assert_eq!(all6(&mut stream, &query6(4, 4, "2001:db8:2::1", &[])), (2 * LEASES, Some(0)));
    assert_eq!(all6(&mut stream, &query6(5, 4, "2001:db8:7::1", &[])), (0, Some(9)));
    assert_eq!(all6(&mut stream, &query6(6, 3, "::", &option(53, &[0, 9, 9]))), (0, Some(0)));
    assert_eq!(all6(&mut stream, &query6(7, 9, "::", &[])), (0, Some(7)));
    let client = option(1, &[0, 3, 0, 1, 2, 1, 7]);
    assert_eq!(all6(&mut stream, &query6(8, 2, "::", &client)), (1, Some(0)));
}

#[test]
fn leases_of_relay_agents() {
    let Some(world) = World::new() else { return };
    let (space, requester) = linked(&world);
    let mut server = world.server("server", &space);
    server.configure(&config4(&Value::Null));
    server.start();
    add4(&server);
    asks4(&server, &requester);
    assert!(server.stop().success());
    // What was in the lease file is found as well, and what comes over the wire after a change of settings.
    server.start();
    let mut stream = connect(&requester, SERVER4, 67);
    assert_eq!(all4(&mut stream, &query4(1, &[12, 2, 0x0a, 0x02])).0.len(), LEASES);
    server.configure(&config4(&json!({ "lease-query-tcp-port": 6767 })));
    server.reload();
    assert_eq!(message(&mut stream), None, "closed with the old address");
    let mut stream = None;
    until("the listener has moved", || {
        let there = requester.inside(|| TcpStream::connect((SERVER4, 6767)));
        stream = there.ok();
        stream.is_some()
    });
    let mut stream = stream.expect("connected");
    assert_eq!(all4(&mut stream, &query4(1, &[12, 2, 0x0a, 0x02])).0.len(), LEASES);
    assert!(server.stop().success());
}

#[test]
fn ipv6_leases_of_relay_agents_and_links() {
    let Some(world) = World::new() else { return };
    let (space, requester) = linked(&world);
    let mut server = world.server6("server", &space);
    server.configure(&config6(&Value::Null));
    server.start();
    add6(&server);
    asks6(&requester);
    assert_eq!(server.tell("status-get", Value::Null).arguments["extended-info-tables"], json!(true));
    assert!(server.stop().success());
}

mod mariadb {
    #[test]
    fn leases_of_relay_agents() {
        super::in_database(super::Kind::MariaDb);
    }
}

mod postgresql {
    #[test]
    fn leases_of_relay_agents() {
        super::in_database(super::Kind::PostgreSql);
    }
}

fn in_database(kind: Kind) {
    let Some(world) = World::new() else { return };
    let (space, requester) = linked(&world);
    let backend = Backend::start(kind);
    let mut server = world.server("server", &space);
    let mut config = config4(&Value::Null);
    config["lease-database"] = backend.entry();
    server.configure(&config);
    server.start();
    add4(&server);
    asks4(&server, &requester);
    assert!(server.stop().success());
    let mut server = world.server6("server6", &space);
    let mut config = config6(&json!({ "extended-info-tables-enabled": false }));
    config["lease-database"] = backend.entry();
    server.configure(&config);
    server.start();
    add6(&server);
    let mut stream = connect(&requester, SERVER6, 547);
    let relay = option(53, &[0, 3, 0, 1, 2, 0, 0, 0, 0x0a, 0x01]);
    assert_eq!(all6(&mut stream, &query6(1, 3, "::", &relay)), (0, Some(10)), "there are no tables");
    // With tables from now on: those of before are not in them until they are brought up to date.
    let mut config = config6(&Value::Null);
    config["lease-database"] = backend.entry();
    server.tell("config-set", json!({ "Dhcp6": config }));
    let mut stream = connect(&requester, SERVER6, 547);
    assert_eq!(all6(&mut stream, &query6(1, 3, "::", &relay)), (0, Some(0)));
    let answer = server.tell("extended-info6-upgrade", Value::Null);
    assert_eq!(answer.text, format!("Upgraded {} leases", 3 * LEASES));
    asks6(&requester);
    assert!(server.stop().success());
}

#[test]
fn requesters_that_misbehave() {
    let Some(world) = World::new() else { return };
    let (space, requester) = linked(&world);
    let mut server = world.server("server", &space);
    server.configure(&config4(&Value::Null));
    server.start();
    add4(&server);
    // Who is not on the list.
    let stranger = requester
        .sh("timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.1.1/67; cat <&3 | wc -c' 2>/dev/null; echo ended");
    assert!(stranger.contains("ended"));
    let closed = |mut stream: TcpStream, octets: &[u8], why: &str| {
        let begun = Instant::now();
        stream.write_all(octets).expect("sent");
        assert_eq!(message(&mut stream), None, "{why}");
        assert!(begun.elapsed() < Duration::from_secs(6), "{why}: {:?}", begun.elapsed());
    };
    let fresh = || connect(&requester, SERVER4, 67);
    closed(fresh(), &[0, 0], "an empty message");
    closed(fresh(), &[0, 3, 1, 2, 3], "no DHCP message");
    closed(fresh(), b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "half a message of 18,245 octets");
    closed(fresh(), &[], "an idle requester");
    let discover = {
        let mut octets = query4(1, &[]);
        octets[242] = 1;
        octets
    };
    let framed = [&u16::try_from(discover.len()).expect("short").to_be_bytes()[..], &discover].concat();
    closed(fresh(), &framed, "another message type");
    // More connections than there may be.
    let three = [fresh(), fresh(), fresh()];
    closed(fresh(), &[], "one too many");
    drop(three);
    // One that never reads holds up nobody, and nothing is kept for it without bound.
    let mut deaf = fresh();
    let query = query4(1, &[12, 2, 0x0a, 0x01]);
    let many: Vec<u8> = (0u32..2000)
        .flat_map(|xid| {
            let mut query = query.clone();
            query[4..8].copy_from_slice(&xid.to_be_bytes());
            [&u16::try_from(query.len()).expect("short").to_be_bytes()[..], &query].concat()
        })
        .collect();
    deaf.set_write_timeout(Some(Duration::from_secs(3))).expect("timeout");
    let _: Result<(), _> = deaf.write_all(&many);
    let mut stream = fresh();
    assert_eq!(all4(&mut stream, &query).0.len(), LEASES);
    // Several queries at a time, and the end of the requester's own side: all are answered.
    for xid in 10..20 {
        send(&mut stream, &query4(xid, &[12, 2, 0x0a, 0x02]));
    }
    stream.shutdown(std::net::Shutdown::Write).expect("shut down");
    let mut done = 0;
    let mut leases = 0;
    while let Some(answer) = message(&mut stream) {
        match kind4(&answer) {
            13 => leases += 1,
            _ => done += 1,
        }
    }
    assert_eq!((leases, done), (10 * LEASES, 10));
    drop(deaf);
    assert!(server.stop().success());
}
