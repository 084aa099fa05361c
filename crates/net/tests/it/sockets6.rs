//! DHCPv6 sockets between two network namespaces.
//!
//! Needs root; without it each test says that it was skipped.

// A panic is the way of a test to fail, also in its helper functions.

use std::net::{Ipv6Addr, SocketAddrV6, UdpSocket};
use std::time::Duration;

use crate::world::{World, interface, ip, wait_until, with_world};
use net::{Batch6, Lane, Listen6, Meta6, OpenOptions, OutBatch6, Queue as _, Selection6, SocketSet6};

const SERVER: &str = "2001:db8::1";
const CLIENT: &str = "2001:db8::9";

fn link_local(name: &str) -> Ipv6Addr {
    let found = || {
        let own = interface(name).ipv6.into_iter();
        own.filter(|own| !own.tentative).map(|own| own.address).find(Ipv6Addr::is_unicast_link_local)
    };
    wait_until("a link-local address", || found().is_some());
    found().unwrap()
}

/// Addresses on both ends, usable at once.
fn addresses(world: &World) {
    ip(&format!("addr add {SERVER}/64 dev srv0 nodad"));
    ip("addr add fe80::1/64 dev srv0 nodad");
    world.in_client(|| {
        ip(&format!("addr add {CLIENT}/64 dev cli0 nodad"));
        ip("addr add fe80::9/64 dev cli0 nodad");
        link_local("cli0");
    });
    link_local("srv0");
}

fn selection(entries: &[&str]) -> Selection6 {
    Selection6::new(entries.iter().copied(), &net::interfaces().unwrap()).unwrap()
}

fn open(entries: &[&str], workers: usize) -> (SocketSet6, Vec<Vec<std::sync::Arc<net::Socket6>>>) {
    let mut set = SocketSet6::new(OpenOptions { port: 547, workers, ..OpenOptions::default() });
    let plan = selection(entries).plan(&net::interfaces().unwrap());
    assert_eq!(plan.problems, []);
    let changes = set.apply(&plan);
    assert!(changes.problems.is_empty() && changes.unsteered.is_empty(), "{changes:?}");
    (set, changes.opened)
}

/// What all sockets have now.
fn received(sockets: &[Vec<std::sync::Arc<net::Socket6>>]) -> Vec<(usize, Listen6, Meta6, Vec<u8>)> {
    std::thread::sleep(Duration::from_millis(50));
    let mut all = Vec::new();
    let mut batch = Batch6::default();
    for (worker, sockets) in sockets.iter().enumerate() {
        for socket in sockets {
            batch.clear();
            if socket.receive(&mut batch).is_ok() {
                all.extend(
                    batch.iter().map(|(meta, bytes)| (worker, socket.listen(), *meta, bytes.to_vec())),
                );
            }
        }
    }
    all
}

fn client(world: &World, from: &str) -> UdpSocket {
    world.in_client(|| {
        let scope = interface("cli0").index;
        let address: Ipv6Addr = from.parse().unwrap();
        let scope = if address.is_unicast_link_local() { scope } else { 0 };
        let socket = UdpSocket::bind(SocketAddrV6::new(address, 0, 0, scope)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        socket
    })
}

fn send(world: &World, socket: &UdpSocket, to: &str, message: &[u8]) {
    let to: Ipv6Addr = to.parse().unwrap();
    let scoped = to.is_unicast_link_local() || to.is_multicast();
    let scope = if scoped { world.in_client(|| interface("cli0").index) } else { 0 };
    socket.send_to(message, SocketAddrV6::new(to, 547, 0, scope)).unwrap();
}

#[test]
fn groups_links_and_named_addresses_are_heard_and_answered() {
    with_world(|world| {
        addresses(world);
        let (_set, sockets) = open(&[&format!("srv0/{SERVER}")], 1);
        let local = client(world, "fe80::9");
        let global = client(world, CLIENT);
        for (socket, to) in
            [(&local, "ff02::1:2"), (&local, "ff05::1:3"), (&local, "fe80::1"), (&global, SERVER)]
        {
            send(world, socket, to, to.as_bytes());
            let all = received(&sockets);
            let [(0, _, meta, bytes)] = all.as_slice() else { panic!("{to}: {all:?}") };
            assert_eq!((meta.local, bytes.as_slice()), (to.parse().unwrap(), to.as_bytes()));
            assert_eq!(meta.interface, interface("srv0").index);
            assert_eq!(meta.remote.port(), socket.local_addr().unwrap().port());
            // The answer comes from an address of the server, on the same link.
            let mut out = OutBatch6::default();
            let destination = meta.reply(*meta.remote.ip(), meta.remote.port());
            out.next_slot(destination).unwrap().extend_from_slice(b"answer");
            let report = sockets[0][0].send(&mut out);
            assert_eq!((report.sent, report.failed, report.waiting), (1, 0, 0), "{to}");
            let mut buffer = [0; 64];
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"answer");
            assert_eq!(from.port(), 547);
            if to == SERVER {
                assert_eq!(from.ip(), SERVER.parse::<Ipv6Addr>().unwrap());
            }
        }
    });
}

#[test]
fn an_address_that_is_not_named_is_not_served() {
    with_world(|world| {
        addresses(world);
        let (_set, sockets) = open(&["srv0"], 1);
        let global = client(world, CLIENT);
        send(world, &global, SERVER, b"unheard");
        assert_eq!(received(&sockets).len(), 0);
        send(world, &global, "ff05::1:3", b"heard");
        assert_eq!(received(&sockets).len(), 1);
    });
}

#[test]
fn each_packet_reaches_one_worker_and_a_client_always_the_same() {
    with_world(|world| {
        addresses(world);
        let (_set, sockets) = open(&[&format!("srv0/{SERVER}")], 3);
        let mut workers = std::collections::HashSet::new();
        let global = client(world, CLIENT);
        for peer in 0..40u8 {
            // What a relay forwards for a client with this link-local address.
            let mut relayed = vec![0; 38];
            relayed[0] = 12;
            relayed[18..20].copy_from_slice(&[0xfe, 0x80]);
            relayed[33] = peer;
            let mut chosen = None;
            for to in [SERVER, "ff05::1:3", SERVER] {
                send(world, &global, to, &relayed);
                let all = received(&sockets);
                let [(worker, _, _, _)] = all.as_slice() else { panic!("{peer} {to}: {all:?}") };
                assert_eq!(*chosen.get_or_insert(*worker), *worker, "{peer} {to}");
                workers.insert(*worker);
            }
        }
        assert_eq!(workers.len(), 3);
        // Direct packets go by the client's address.
        let local = client(world, "fe80::9");
        for _ in 0..3 {
            send(world, &local, "ff02::1:2", &[1, 0, 0, 1]);
            assert_eq!(received(&sockets).len(), 1);
        }
    });
}

#[test]
fn solicits_have_a_lane_of_their_own() {
    with_world(|world| {
        addresses(world);
        for workers in [1, 2] {
            let (_set, sockets) = open(&[&format!("srv0/{SERVER}")], workers);
            let lane_of = |socket: &UdpSocket, to: &str, message: &[u8]| {
                send(world, socket, to, message);
                std::thread::sleep(Duration::from_millis(50));
                let mut batch = Batch6::default();
                let mut lanes = sockets.iter().flatten().filter(|s| s.receive(&mut batch).is_ok());
                let lane = lanes.next().expect("received").lane();
                assert!(lanes.next().is_none(), "seen twice");
                lane
            };
            let relayed = |message: &[u8]| {
                let mut all = vec![12, 0];
                all.resize(34, 0xfe);
                all.extend([0, 18, 0, 2, b'i', b'f', 0, 9, 0, u8::try_from(message.len()).unwrap()]);
                all.extend(message);
                all
            };
            let (local, global) = (client(world, "fe80::9"), client(world, CLIENT));
            let (solicit, renew) = ([1, 0, 0, 1, 0, 1, 0, 0], [5, 0, 0, 1, 0, 1, 0, 0]);
            for to in ["ff02::1:2", "fe80::1"] {
                assert_eq!(lane_of(&local, to, &solicit), Lane::Discovery, "{to} {workers}");
                assert_eq!(lane_of(&local, to, &renew), Lane::Main, "{to} {workers}");
            }
            for to in [SERVER, "ff05::1:3"] {
                assert_eq!(lane_of(&global, to, &relayed(&solicit)), Lane::Discovery, "{to} {workers}");
                assert_eq!(lane_of(&global, to, &relayed(&renew)), Lane::Main, "{to} {workers}");
            }
        }
    });
}

#[test]
fn sockets_follow_links_and_addresses() {
    with_world(|world| {
        addresses(world);
        let entry = format!("srv0/{SERVER}");
        let (mut set, sockets) = open(&[&entry], 1);
        let chosen = selection(&[&entry]);
        assert_eq!(set.listening().count(), 4);
        assert!(set.apply(&chosen.plan(&net::interfaces().unwrap())).opened[0].is_empty());
        ip(&format!("addr del {SERVER}/64 dev srv0"));
        let plan = chosen.plan(&net::interfaces().unwrap());
        assert!(matches!(plan.problems.as_slice(), [net::Problem::AddressGone { .. }]), "{plan:?}");
        let changes = set.apply(&plan);
        assert_eq!((changes.closed.len(), set.listening().count()), (1, 3));
        // A worker still holds the socket: its address is not free yet.
        ip(&format!("addr add {SERVER}/64 dev srv0 nodad"));
        let plan = chosen.plan(&net::interfaces().unwrap());
        assert!(set.apply(&plan).again);
        drop(sockets);
        let changes = set.apply(&plan);
        assert!(!changes.again && changes.opened[0].len() == 2, "{changes:?}");
        ip("link set srv0 down");
        let plan = chosen.plan(&net::interfaces().unwrap());
        assert!(matches!(plan.problems.as_slice(), [net::Problem::Down(_)]), "{plan:?}");
        set.apply(&plan);
        assert!(set.is_empty());
    });
}

#[test]
fn another_server_is_noticed() {
    with_world(|world| {
        addresses(world);
        let (_set, _sockets) = open(&["srv0"], 2);
        let mut other = SocketSet6::new(OpenOptions { port: 547, workers: 1, ..OpenOptions::default() });
        let changes = other.apply(&selection(&["srv0"]).plan(&net::interfaces().unwrap()));
        assert_eq!(changes.problems.len(), 3, "{changes:?}");
        assert!(changes.problems[0].to_string().contains("is another DHCP server running?"), "{changes:?}");
    });
}

#[test]
fn a_link_without_its_address_yet_is_reported() {
    with_world(|_| {
        let mut interfaces = net::interfaces().unwrap();
        for interface in &mut interfaces {
            interface.ipv6.iter_mut().for_each(|own| own.tentative = true);
        }
        let plan = selection(&["srv0"]).plan(&interfaces);
        assert!(matches!(plan.problems.as_slice(), [net::Problem::NoLinkLocal(_)]), "{plan:?}");
        assert_eq!(plan.sockets.len(), 2, "the groups are heard already: {plan:?}");
    });
}
