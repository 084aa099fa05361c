//! More comes in than the server can serve: those who hold something come first, and what is lost is counted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use base::HwAddr;
use harness::{Server, Space, World, until};
use nix::sys::signal::Signal;
use serde_json::json;
use testkit::{Packet4, Packet6, client::kind};

use crate::site::{self, RELAY, RELAY6, SERVER, SERVER6};

/// Far more than any queue holds.
const FLOOD: u32 = 40_000;
const HOLDERS: u32 = 50;

/// A second relay agent, at which the flood is answered and nobody reads.
const FLOODED: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);

fn client(n: u32) -> HwAddr {
    let [a, b, c, d] = n.to_be_bytes();
    HwAddr::new(1, &[2, 7, a, b, c, d]).unwrap()
}

fn socket(space: &Space, at: impl Into<IpAddr>, port: u16) -> UdpSocket {
    let at = SocketAddr::new(at.into(), port);
    let socket = space.inside(|| UdpSocket::bind(at).expect("a socket of a relay agent"));
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// What `status-get` has of a queue.
fn lost(server: &Server, queue: &str) -> u64 {
    let answer = server.tell("status-get", json!(null));
    let drops = &answer.arguments["packet-queue-drops"];
    drops[queue].as_u64().unwrap_or_else(|| panic!("{queue} in {answer:?}"))
}

/// Without a word for each packet in the log: what writing costs is not what is looked for.
fn quiet(config: &mut serde_json::Value) {
    let loggers = config["loggers"].as_array_mut().expect("loggers");
    loggers.iter_mut().for_each(|logger| logger["severity"] = json!("WARN"));
}

/// Stops the server, lets all come that `send` sends, and lets the server go on.
fn while_it_stands(server: &Server, send: impl FnOnce()) {
    server.halt();
    send();
    server.process().signal(Signal::SIGCONT);
}

#[test]
fn renewals_come_before_a_flood_of_discovers() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    relay.ip(&format!("address add {FLOODED}/24 dev up"));
    let mut config = site::config();
    config["subnet4"][0]["relay"]["ip-addresses"] = json!([RELAY, FLOODED]);
    quiet(&mut config);
    config["multi-threading"] = json!({ "enable-multi-threading": false });
    server.configure(&config);
    server.start();
    let mut dialog = harness::Dialog::new(&relay, RELAY, SERVER);
    let held: Vec<Ipv4Addr> =
        (0..HOLDERS).map(|n| dialog.lease(&client(n), &[]).expect("a lease").yiaddr).collect();
    drop(dialog);
    let (own, other) = (socket(&relay, RELAY, 67), socket(&relay, FLOODED, 67));
    let discover = |n: u32| {
        let packet = Packet4 { xid: n, ..Packet4::discover(&client(1_000_000 + n)).relayed(FLOODED, &[]) };
        other.send_to(&packet.build(), (SERVER, 67)).expect("a packet leaves");
    };
    let all = || {
        (0..FLOOD).for_each(discover);
        for (n, address) in (0..HOLDERS).zip(&held) {
            let renewal =
                Packet4 { xid: n, ..Packet4::request_extension(&client(n), *address).relayed(RELAY, &[]) };
            own.send_to(&renewal.build(), (SERVER, 67)).expect("a packet leaves");
        }
    };
    let offers = server.statistic("pkt4-offer-sent");
    while_it_stands(&server, all);
    let begin = Instant::now();
    let mut buffer = [0; 1500];
    for n in 0..HOLDERS {
        let length = own.recv(&mut buffer).unwrap_or_else(|error| panic!("{n} renewals answered: {error}"));
        let reply = testkit::Reply4::parse(&buffer[..length]).unwrap();
        assert_eq!(reply.kind(), kind::ACK);
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    // What the kernel dropped is told with the next packet that it takes.
    let mut sent = FLOOD;
    until("the drops are known", || {
        discover(sent);
        sent += 1;
        lost(&server, "discovery") > 0
    });
    let dropped = lost(&server, "discovery");
    assert!(dropped < u64::from(FLOOD) && lost(&server, "main") == 0, "{dropped}");
    let served = || u64::try_from(server.statistic("pkt4-offer-sent") - offers).unwrap();
    until("what was taken is served", || served() + dropped >= u64::from(sent));
    assert_eq!((served() + dropped, lost(&server, "late")), (u64::from(sent), 0));

    // An overloaded queue holds nothing for long: its clients have asked again.
    while_it_stands(&server, || {
        (0..100).for_each(discover);
        std::thread::sleep(Duration::from_millis(1200));
        (100..110).for_each(discover);
    });
    until("the new ones are served", || served() + dropped == u64::from(sent) + 10);
    assert_eq!((lost(&server, "late"), server.statistic("pkt4-queue-full")), (100, 100));
    assert!(server.stop().success());
}

#[test]
fn other_messages_come_before_a_flood_of_solicits() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site6(&world);
    let written = std::fs::read_to_string(server.config_file()).expect("a configuration");
    let mut config = serde_json::from_str::<serde_json::Value>(&written).expect("JSON")["Dhcp6"].take();
    quiet(&mut config);
    server.configure(&config);
    server.start();
    let (own, other) = (socket(&relay, RELAY6, 547), socket(&relay, RELAY6, 0));
    let relayed = |kind: u8, n: u32| {
        let [a, b, c, d] = n.to_be_bytes();
        let peer = std::net::Ipv6Addr::new(
            0xfe80,
            0,
            0,
            0,
            0,
            0,
            u16::from_be_bytes([a, b]),
            u16::from_be_bytes([c, d]),
        );
        let packet = Packet6::new(kind, &[0, 3, 0, 1, 2, 9, a, b, c, d]);
        packet.relayed(RELAY6, peer, vec![(18, b"port".to_vec())]).build()
    };
    while_it_stands(&server, || {
        for n in 0..2 * FLOOD {
            other.send_to(&relayed(1, n), (SERVER6, 547)).expect("a packet leaves");
        }
        for n in 0..HOLDERS {
            own.send_to(&relayed(11, n), (SERVER6, 547)).expect("a packet leaves");
        }
    });
    let begin = Instant::now();
    let mut buffer = [0; 1500];
    for n in 0..HOLDERS {
        let length = own.recv(&mut buffer).unwrap_or_else(|error| panic!("{n} answered: {error}"));
        assert_eq!(buffer[..length].first(), Some(&13), "RELAY-REPL");
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    // For each worker's queue.
    let mut next = 0;
    until("the drops are known", || {
        other.send_to(&relayed(1, next), (SERVER6, 547)).expect("a packet leaves");
        next += 1;
        lost(&server, "discovery") > 0
    });
    assert_eq!(lost(&server, "main"), 0);
    assert!(server.stop().success());
}
