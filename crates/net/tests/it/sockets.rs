//! Real packets between two network namespaces, through raw and UDP sockets, to one and to several workers.

// A panic is the way of a test to fail, also in its helper functions.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use crate::world::{
    CLIENT, SERVER, TapDevice, World, client, interface, ip, message, open, plan, read_frame, try_ip, try_tc,
    udp_queued, wait_until, with_world, xid,
};
use net::{
    AsyncSocket4, AsyncWatch, Batch4, Destination4, FrameError, Lane, LinkDestination, MacAddr, OpenOptions4,
    OutBatch4, Plan4, Queue as _, SendReport, Socket4, SocketSet4, SocketType, Via, Watch,
};

fn one_worker() -> OpenOptions4 {
    OpenOptions4::default()
}

fn workers(workers: usize) -> OpenOptions4 {
    OpenOptions4 { workers, ..OpenOptions4::default() }
}

/// Receives until nothing came for a while; gives payloads and refusals.
fn drain(socket: &Socket4) -> (Vec<(net::Meta4, Vec<u8>)>, Vec<FrameError>) {
    let (mut packets, mut rejected) = (Vec::new(), Vec::new());
    let mut batch = Batch4::default();
    for _ in 0..10 {
        batch.clear();
        while socket.receive(&mut batch).is_ok() {
            packets.extend(batch.iter().map(|(meta, payload)| (*meta, payload.to_vec())));
            rejected.extend_from_slice(batch.rejected());
            batch.clear();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    (packets, rejected)
}

fn push(out: &mut OutBatch4, destination: Destination4, payload: &[u8]) {
    out.next_slot(destination).expect("the batch has room").extend_from_slice(payload);
}

fn sent(count: usize) -> SendReport {
    SendReport { sent: count, ..SendReport::default() }
}

fn at(address: Ipv4Addr, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(address, port)
}

const BROADCAST: Ipv4Addr = Ipv4Addr::BROADCAST;
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

#[test]
fn raw_client_without_address() {
    with_world(|world| {
        let (_set, sockets) =
            open(&["srv0"], SocketType::Raw, OpenOptions4 { timestamps: true, ..one_worker() });
        let socket = &sockets[0][0];
        let tap = world.tap();
        let query = message(1, 7);
        tap.send(&world.frame((NOBODY, 68), (BROADCAST, 67), &query));
        let (packets, rejected) = drain(socket);
        assert_eq!(rejected, []);
        let [(meta, payload)] = packets.as_slice() else { panic!("{} packets", packets.len()) };
        assert_eq!(*payload, query);
        assert_eq!(meta.interface, interface("srv0").index);
        assert_eq!((meta.local, meta.remote), (at(BROADCAST, 67), at(NOBODY, 68)));
        assert_eq!(meta.reply_from, SERVER);
        assert_eq!(meta.link_source, Some(world.client_mac));
        assert_eq!(meta.via, Via::Raw);
        assert!(meta.received.unwrap().0 > 1_600_000_000_000_000);

        let mut out = OutBatch4::default();
        let offered = Ipv4Addr::new(192, 0, 2, 77);
        push(&mut out, meta.reply(at(offered, 68), false), b"to the offered address");
        push(&mut out, meta.reply(at(offered, 68), true), b"broadcast flag");
        push(&mut out, meta.reply(at(BROADCAST, 68), false), b"to everybody!");
        push(&mut out, meta.reply(at(offered, 68), false), b"not wanted");
        out.cancel_last();
        assert_eq!(socket.send(&mut out), sent(3));
        assert_eq!(out.failures().count(), 0);
        for (station, to, payload) in [
            (world.client_mac, offered, &b"to the offered address"[..]),
            (MacAddr::BROADCAST, offered, b"broadcast flag"),
            (MacAddr::BROADCAST, BROADCAST, b"to everybody!"),
        ] {
            let frame = tap.receive().expect("a reply");
            assert_eq!(frame[6..12], world.server_mac.0);
            assert_eq!(read_frame(&frame), (station, (SERVER, 67), (to, 68), payload.to_vec()));
        }
        assert_eq!(tap.receive(), None);
    });
}

#[test]
fn raw_unicast_is_seen_once_and_answered_by_the_right_address() {
    with_world(|world| {
        ip("addr add 192.0.2.2/24 dev srv0");
        let (_set, sockets) = open(&["srv0"], SocketType::Raw, one_worker());
        let socket = &sockets[0][0];
        let tap = world.tap();
        // Through the client's kernel: ARP, checksum left undone on the way (veth).
        let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
        for (i, to) in [SERVER, Ipv4Addr::new(192, 0, 2, 2)].into_iter().enumerate() {
            relay.send_to(&message(u32::try_from(i).unwrap(), 7), (to, 67)).unwrap();
        }
        let (packets, rejected) = drain(socket);
        assert_eq!(rejected, []);
        assert_eq!(packets.len(), 2, "each packet once");
        assert_eq!(udp_queued(), 0, "nothing is queued beside the raw socket");
        let mut out = OutBatch4::default();
        for (meta, payload) in &packets {
            assert_eq!(meta.local, at(meta.reply_from, 67));
            assert_eq!(meta.remote, at(CLIENT, 67));
            push(&mut out, meta.reply(meta.remote, false), payload);
        }
        // What has to be routed goes through the companion, in the middle of raw frames.
        push(&mut out, packets[1].0.route(at(CLIENT, 67)), b"routed");
        let resolve =
            Destination4 { link: LinkDestination::Resolve, ..packets[1].0.reply(at(CLIENT, 67), false) };
        push(&mut out, resolve, b"resolved");
        push(&mut out, packets[0].0.reply(at(CLIENT, 67), false), b"raw again");
        assert_eq!(socket.send(&mut out), sent(5));
        let mut buffer = [0; 2000];
        relay.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut replies = Vec::new();
        for _ in 0..5 {
            let (length, from) = relay.recv_from(&mut buffer).unwrap();
            replies.push((from.to_string(), buffer[..length].to_vec()));
        }
        let want = |from: &str, payload: &[u8]| (from.to_owned(), payload.to_vec());
        assert_eq!(
            replies,
            [
                want("192.0.2.1:67", &message(0, 7)),
                want("192.0.2.2:67", &message(1, 7)),
                want("192.0.2.1:67", b"routed"),
                want("192.0.2.2:67", b"resolved"),
                want("192.0.2.1:67", b"raw again"),
            ]
        );
        // The kernel told the client nothing of its own (port unreachable).
        while let Some(frame) = tap.receive() {
            assert_eq!(frame[23], 17, "only UDP");
        }
    });
}

#[test]
fn raw_unwanted_frames() {
    with_world(|world| {
        let (_set, sockets) = open(&["srv0"], SocketType::Raw, one_worker());
        let socket = &sockets[0][0];
        let tap = world.tap();
        let good = || world.frame((CLIENT, 68), (SERVER, 67), &message(1, 1));
        let tagged = |id: u8| {
            let mut frame = good();
            frame.splice(12..12, [0x81, 0, 0x20, id]);
            frame
        };
        let changed = |at: usize, octet: u8| {
            let mut frame = good();
            frame[at] = octet;
            frame
        };
        // Not let through by the kernel.
        tap.send(&world.frame((CLIENT, 68), (SERVER, 68), b"other port"));
        tap.send(&world.frame((CLIENT, 68), (Ipv4Addr::new(192, 0, 2, 200), 67), b"other address"));
        tap.send(&world.frame((CLIENT, 68), (Ipv4Addr::new(192, 0, 2, 255), 67), b"subnet broadcast"));
        tap.send(&tagged(5));
        tap.send(&changed(20, 0x20));
        tap.send(&changed(5, world.server_mac.0[5] ^ 1));
        tap.send(&changed(12, 0x86));
        let (packets, rejected) = drain(socket);
        assert_eq!((packets.len(), rejected), (0, vec![]));
        // Refused after a look at the headers, good ones between them unharmed.
        tap.send(&good());
        tap.send(&changed(24, 0));
        tap.send(&good()[..200]);
        tap.send(&tagged(0));
        tap.send(&changed(14, 0x44));
        let (packets, rejected) = drain(socket);
        assert_eq!(
            rejected,
            [
                FrameError::HeaderChecksum,
                FrameError::TotalLength,
                // With 16 octets of header the filter finds no port 67; the kernel drops that one.
            ]
        );
        assert_eq!(packets.len(), 2, "the first one and the one with a priority tag");
    });
}

/// A veth pair vouches for checksums; a TAP device does not, as a card without offload.
#[test]
fn raw_checksums_without_offload() {
    with_world(|world| {
        let Ok(tap) = TapDevice::new("tap0") else {
            eprintln!("SKIPPED: this kernel has no TAP devices");
            return;
        };
        ip("link set tap0 up");
        ip("addr add 10.7.0.1/24 dev tap0");
        wait_until("tap0 runs", || interface("tap0").running);
        let (_set, sockets) = open(&["tap0"], SocketType::Raw, one_worker());
        let good = world.frame((NOBODY, 68), (BROADCAST, 67), &message(1, 1));
        let mut without = good.clone();
        without[40..42].fill(0);
        let mut bad = good.clone();
        bad[60] ^= 1;
        for frame in [&good, &bad, &without] {
            tap.write(frame);
        }
        let (packets, rejected) = drain(&sockets[0][0]);
        assert_eq!((packets.len(), rejected), (2, vec![FrameError::UdpChecksum]));
        let mut out = OutBatch4::default();
        push(&mut out, packets[0].0.reply(at(Ipv4Addr::new(10, 7, 0, 9), 68), false), b"reply");
        assert_eq!(sockets[0][0].send(&mut out), sent(1));
        let (station, from, ..) = read_frame(&tap.read_ipv4());
        assert_eq!((station, from), (world.client_mac, (Ipv4Addr::new(10, 7, 0, 1), 67)));
    });
}

#[test]
fn vlan_interface_gets_its_frames() {
    with_world(|world| {
        if !try_ip("link add link srv0 name srv0.5 type vlan id 5") {
            eprintln!("SKIPPED: this kernel has no VLAN interfaces");
            return;
        }
        ip("link set srv0.5 up");
        ip("addr add 10.5.0.1/24 dev srv0.5");
        let (_set, sockets) = open(&["srv0", "srv0.5"], SocketType::Raw, one_worker());
        let tap = world.tap();
        let mut frame = world.frame((NOBODY, 68), (BROADCAST, 67), &message(1, 1));
        frame.splice(12..12, [0x81, 0, 0, 5]);
        tap.send(&frame);
        let index = interface("srv0.5").index;
        let arrived: Vec<u32> =
            sockets[0].iter().flat_map(|socket| drain(socket).0).map(|(meta, _)| meta.interface).collect();
        assert_eq!(arrived, [index], "once, on the VLAN");
    });
}

/// Sends `rounds` messages of each of 100 clients; checks that each reaches one worker, once, and each client always
/// the same one.
fn check_steering(sockets: &[Vec<Arc<Socket4>>], rounds: u32, mut send: impl FnMut(&[u8])) {
    let mut next = 0;
    for _ in 0..rounds {
        for client in 1..=100 {
            send(&message(next, client));
            next += 1;
        }
    }
    let mut worker_of: BTreeMap<u32, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut counts = vec![0; sockets.len()];
    for (worker, own) in sockets.iter().enumerate() {
        for (_, payload) in own.iter().flat_map(|socket| drain(socket).0) {
            assert!(seen.insert(xid(&payload)), "seen twice");
            let known = *worker_of.entry(client(&payload)).or_insert(worker);
            assert_eq!(known, worker, "a client changed the worker");
            counts[worker] += 1;
        }
    }
    assert_eq!(seen.len(), usize::try_from(next).unwrap(), "every packet arrived: {counts:?}");
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn raw_packets_are_spread_by_client() {
    with_world(|world| {
        for count in [2, 3] {
            let (_set, sockets) = open(&["srv0"], SocketType::Raw, workers(count));
            let tap = world.tap();
            check_steering(&sockets, 3, |payload| {
                tap.send(&world.frame((NOBODY, 68), (BROADCAST, 67), payload));
            });
            // Of one relay, too, through the client's kernel.
            let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
            check_steering(&sockets, 2, |payload| {
                relay.send_to(payload, (SERVER, 67)).unwrap();
            });
            // Any worker's queue can answer.
            for own in &sockets {
                let destination = Destination4 {
                    to: at(CLIENT, 68),
                    from: SERVER,
                    interface: interface("srv0").index,
                    link: LinkDestination::Station(world.client_mac),
                };
                let mut out = OutBatch4::new(1);
                push(&mut out, destination, b"reply");
                assert_eq!(own[0].send(&mut out), sent(1));
            }
        }
    });
}

#[test]
fn udp_packets_are_spread_by_client_though_of_one_relay() {
    with_world(|world| {
        ip("addr add 192.0.2.2/24 dev srv0");
        let (_set, sockets) = open(&["srv0"], SocketType::Udp, workers(2));
        assert_eq!(sockets[0].len(), 4, "two addresses, two lanes");
        let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
        check_steering(&sockets, 3, |payload| {
            relay.send_to(payload, (SERVER, 67)).unwrap();
        });
        relay.send_to(&message(1, 1), (Ipv4Addr::new(192, 0, 2, 2), 67)).unwrap();
        relay.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut answered = 0;
        for socket in sockets.iter().flatten() {
            for (meta, payload) in drain(socket).0 {
                assert_eq!(meta.via, Via::Udp);
                assert_eq!(meta.local, at(Ipv4Addr::new(192, 0, 2, 2), 67));
                assert_eq!(meta.remote, at(CLIENT, 67));
                assert_eq!(meta.interface, interface("srv0").index);
                assert_eq!(meta.link_source, None);
                let mut out = OutBatch4::default();
                push(&mut out, meta.reply(meta.remote, false), &payload);
                push(&mut out, meta.route(meta.remote), &payload);
                push(&mut out, meta.reply(at(BROADCAST, 67), true), &payload);
                assert_eq!(socket.send(&mut out), sent(3));
                let mut buffer = [0; 2000];
                for _ in 0..2 {
                    let (length, from) = relay.recv_from(&mut buffer).unwrap();
                    assert_eq!(from.to_string(), "192.0.2.2:67");
                    assert_eq!(buffer[..length], payload[..]);
                }
                answered += 1;
            }
        }
        assert_eq!(answered, 1);
    });
}

#[test]
fn udp_sockets_hear_no_broadcast() {
    with_world(|world| {
        let (_set, sockets) = open(&["srv0"], SocketType::Udp, one_worker());
        world.tap().send(&world.frame((NOBODY, 68), (BROADCAST, 67), &message(1, 1)));
        assert!(drain(&sockets[0][0]).0.is_empty());
        let (_set, sockets) =
            open(&["lo/127.0.0.1"], SocketType::Udp, OpenOptions4 { port: 6767, ..one_worker() });
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        client.send_to(b"over loopback", (Ipv4Addr::LOCALHOST, 6767)).unwrap();
        assert_eq!(drain(&sockets[0][0]).0.len(), 1);
    });
}

#[test]
fn another_server_is_noticed() {
    with_world(|_| {
        for socket_type in [SocketType::Raw, SocketType::Udp] {
            for count in [1, 2] {
                let (_first, _sockets) = open(&["srv0"], socket_type, workers(count));
                let mut second = SocketSet4::new(workers(2));
                let changes = second.apply(&plan(&["srv0"], SocketType::Udp));
                let text: Vec<String> = changes.problems.iter().map(ToString::to_string).collect();
                let [text] = text.as_slice() else { panic!("{text:?}") };
                assert!(text.starts_with("Failed to open socket on interface srv0, reason: "), "{text}");
                assert!(text.ends_with("is another DHCP server running?"), "{text}");
                let changes = second.apply(&plan(&["srv0"], SocketType::Raw));
                assert_eq!(changes.problems.len(), 1);
                assert!(second.is_empty() && changes.opened.iter().all(Vec::is_empty));
            }
        }
    });
}

#[test]
fn refused_packets_do_not_hold_up_the_others() {
    with_world(|world| {
        let (_set, sockets) = open(&["srv0"], SocketType::Raw, one_worker());
        let socket = &sockets[0][0];
        let tap = world.tap();
        tap.send(&world.frame((CLIENT, 67), (SERVER, 67), &message(1, 1)));
        let meta = drain(socket).0[0].0;
        let mut out = OutBatch4::new(8);
        let to = meta.reply(at(CLIENT, 68), false);
        push(&mut out, to, b"first");
        push(&mut out, to, &[0; 1473]);
        push(&mut out, to, &vec![0; 65_508]);
        push(&mut out, to, &[7; 1472]);
        push(
            &mut out,
            Destination4 { to: at(Ipv4Addr::new(240, 0, 0, 1), 68), ..meta.route(to.to) },
            b"no route",
        );
        push(&mut out, to, b"last");
        assert_eq!(socket.send(&mut out), SendReport { sent: 3, failed: 3, waiting: 0 });
        assert_eq!(socket.send(&mut out), SendReport::default(), "nothing is sent twice");
        let failures: Vec<(usize, Option<i32>)> =
            out.failures().map(|failure| (failure.index, failure.error.raw_os_error())).collect();
        assert_eq!(failures[..2], [(1, Some(libc::EMSGSIZE)), (2, Some(libc::EMSGSIZE))]);
        assert_eq!(failures[2].0, 4);
        let payloads: Vec<Vec<u8>> =
            std::iter::from_fn(|| tap.receive()).map(|frame| read_frame(&frame).3).collect();
        assert_eq!(payloads, [b"first".to_vec(), vec![7; 1472], b"last".to_vec()]);

        // The batch is used again; the link is gone; every packet is accounted for.
        ip("link set srv0 down");
        out.clear();
        for _ in 0..8 {
            push(&mut out, to, b"nobody gets this");
        }
        assert!(out.next_slot(to).is_none(), "full");
        assert_eq!(socket.send(&mut out), SendReport { sent: 0, failed: 8, waiting: 0 });
        assert!(out.failures().all(|failure| failure.error.raw_os_error() == Some(libc::ENETDOWN)));
        // The socket says so once, and works again when the link does.
        let error = socket.receive(&mut Batch4::default()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENETDOWN));
        ip("link set srv0 up");
        wait_until("srv0 runs", || interface("srv0").running);
        tap.send(&world.frame((CLIENT, 67), (SERVER, 67), &message(2, 1)));
        assert_eq!(drain(socket).0.len(), 1);
    });
}

/// Replies that every link takes whole forbid that they are cut; once there was a longer one, all may be.
#[test]
fn long_replies_may_be_cut_on_their_way() {
    with_world(|world| {
        for kind in [SocketType::Udp, SocketType::Raw] {
            let (_set, sockets) = open(&["srv0"], kind, one_worker());
            let socket = &sockets[0][0];
            let tap = world.tap();
            let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
            relay.send_to(&message(1, 1), (SERVER, 67)).unwrap();
            let meta = drain(socket).0[0].0;
            while tap.receive().is_some() {}
            let fragments = |lengths: &[usize]| -> Vec<bool> {
                let mut out = OutBatch4::default();
                for length in lengths {
                    push(&mut out, meta.route(at(CLIENT, 67)), &vec![7; *length]);
                }
                assert_eq!(socket.send(&mut out), sent(lengths.len()));
                let frames = std::iter::from_fn(|| tap.receive());
                frames.map(|frame| frame[20] & 0x40 == 0).collect()
            };
            assert_eq!(fragments(&[300, 548]), [false; 2]);
            // The long one comes in two pieces.
            assert_eq!(fragments(&[2000, 300]), [true; 3]);
            assert_eq!(fragments(&[300]), [true]);
        }
    });
}

#[test]
fn full_send_buffer_leaves_packets_waiting() {
    with_world(|world| {
        if !try_tc("qdisc add dev srv0 root tbf rate 8kbit burst 2kb limit 100mb") {
            eprintln!("SKIPPED: cannot slow an interface down (no tc, or no tbf in the kernel)");
            return;
        }
        let (_set, sockets) = open(&["srv0"], SocketType::Raw, one_worker());
        let socket = &sockets[0][0];
        world.tap().send(&world.frame((CLIENT, 67), (SERVER, 67), &message(1, 1)));
        let to = drain(socket).0[0].0.reply(at(CLIENT, 68), false);
        let mut out = OutBatch4::default();
        let mut total = SendReport::default();
        while total.waiting == 0 {
            assert!(total.sent < 100_000, "the buffer never fills");
            out.clear();
            while let Some(slot) = out.next_slot(to) {
                slot.resize(1400, 0);
            }
            let report = socket.send(&mut out);
            assert_eq!(report.sent + report.failed + report.waiting, out.len());
            total = SendReport { sent: total.sent + report.sent, ..report };
        }
        assert_eq!(socket.send(&mut out).waiting, total.waiting, "returns at once");
        assert_eq!(out.abandon(), total.waiting);
        assert_eq!(
            out.failures().filter(|each| each.error.kind() == std::io::ErrorKind::WouldBlock).count(),
            total.waiting
        );
        assert_eq!(socket.send(&mut out), SendReport::default());

        // In a runtime: patience ends, and what leaves in the meantime leaves.
        out.clear();
        push(&mut out, to, b"too late");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let socket = AsyncSocket4::new(Arc::clone(socket)).unwrap();
            let report = socket.send(&mut out, Duration::from_millis(20)).await;
            assert_eq!(report, SendReport { sent: 0, failed: 1, waiting: 0 });
            assert!(try_tc("qdisc change dev srv0 root tbf rate 800mbit burst 200kb limit 100mb"));
            out.clear();
            push(&mut out, to, b"in time");
            assert_eq!(socket.send(&mut out, Duration::from_secs(5)).await, sent(1));
        });
    });
}

#[test]
fn a_full_queue_is_counted() {
    with_world(|world| {
        for socket_type in [SocketType::Raw, SocketType::Udp] {
            let options = OpenOptions4 { receive_buffer: 4096, ..one_worker() };
            let (_set, sockets) = open(&["srv0"], socket_type, options);
            let socket = &sockets[0][0];
            let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
            for i in 0..200 {
                relay.send_to(&message(i, i), (SERVER, 67)).unwrap();
            }
            let received = drain(socket).0.len();
            assert!(received < 200);
            // The count comes with the next packet.
            relay.send_to(&message(0, 0), (SERVER, 67)).unwrap();
            assert_eq!(drain(socket).0.len(), 1);
            assert_eq!(usize::try_from(socket.dropped()).unwrap(), 200 - received, "{socket_type:?}");
        }
    });
}

/// A DHCPDISCOVER (true) or a DHCPREQUEST as nearly every client makes them.
fn query(xid: u32, client: u32, discover: bool) -> Vec<u8> {
    let mut message = message(xid, client);
    message[236..243].copy_from_slice(&[0x63, 0x82, 0x53, 0x63, 53, 1, if discover { 1 } else { 3 }]);
    message
}

#[test]
fn a_flood_of_discovers_leaves_the_main_lane_alone() {
    with_world(|world| {
        for (socket_type, count) in
            [(SocketType::Raw, 1), (SocketType::Udp, 1), (SocketType::Raw, 2), (SocketType::Udp, 2)]
        {
            let options = OpenOptions4 { receive_buffer: 8192, ..workers(count) };
            let (_set, sockets) = open(&["srv0"], socket_type, options);
            let lanes: Vec<Lane> = sockets.iter().flatten().map(|socket| socket.lane()).collect();
            assert_eq!(lanes, [Lane::Main, Lane::Discovery].repeat(count));
            let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
            for i in 0..400 {
                relay.send_to(&query(i, i, true), (SERVER, 67)).unwrap();
            }
            for i in 0..8 {
                relay.send_to(&query(1000 + i, i, false), (SERVER, 67)).unwrap();
            }
            let mut requests = 0;
            for socket in sockets.iter().flatten() {
                let packets = drain(socket).0;
                let wanted = if socket.lane() == Lane::Discovery { 0..400 } else { 1000..1008 };
                assert!(packets.iter().all(|(_, payload)| wanted.contains(&xid(payload))), "{socket_type:?}");
                if socket.lane() == Lane::Main {
                    requests += packets.len();
                    assert_eq!(socket.dropped(), 0);
                } else {
                    assert!(packets.len() < 100, "{}", packets.len());
                    // The count comes with the next packet; of each client, as any worker may have it.
                    for i in 0..20 {
                        relay.send_to(&query(i, i, true), (SERVER, 67)).unwrap();
                    }
                    drain(socket);
                    assert!(socket.dropped() > 50, "{socket_type:?} {count}: {}", socket.dropped());
                }
            }
            assert_eq!(requests, 8, "{socket_type:?} {count}");
        }
    });
}

#[test]
fn a_queue_can_be_short_for_a_while() {
    with_world(|world| {
        for socket_type in [SocketType::Raw, SocketType::Udp] {
            let (_set, sockets) = open(&["srv0"], socket_type, one_worker());
            let socket = &sockets[0][0];
            let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
            for (octets, all) in [(4096, false), (1 << 20, true)] {
                socket.hold(octets).unwrap();
                for i in 0..200 {
                    relay.send_to(&message(i, i), (SERVER, 67)).unwrap();
                }
                assert_eq!(drain(socket).0.len() == 200, all, "{socket_type:?}");
            }
        }
    });
}

#[test]
fn stamps_can_be_had_for_a_while() {
    with_world(|world| {
        for socket_type in [SocketType::Raw, SocketType::Udp] {
            let (_set, sockets) = open(&["srv0"], socket_type, one_worker());
            let socket = &sockets[0][0];
            let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
            for stamped in [false, true, false] {
                socket.stamp(stamped).unwrap();
                relay.send_to(&message(1, 1), (SERVER, 67)).unwrap();
                let (packets, _) = drain(socket);
                assert_eq!(packets.len(), 1);
                assert_eq!(Socket4::received(&packets[0].0).is_some(), stamped, "{socket_type:?}");
            }
        }
    });
}

#[test]
fn batches_are_full_and_buffers_bound() {
    with_world(|world| {
        let (_set, sockets) = open(&["srv0"], SocketType::Udp, one_worker());
        let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
        for i in 0..100 {
            relay.send_to(&message(i, i), (SERVER, 67)).unwrap();
        }
        relay.send_to(&[1; 400], (SERVER, 67)).unwrap();
        relay.send_to(&[2; 20], (SERVER, 67)).unwrap();
        let mut batch = Batch4::new(64, 320);
        let received = sockets[0][0].receive(&mut batch).unwrap();
        assert_eq!((received.packets, received.rejected, received.full), (64, 0, true));
        let order: Vec<u32> = batch.iter().map(|(_, payload)| xid(payload)).collect();
        assert_eq!(order, (0..64).collect::<Vec<_>>());
        assert_eq!(batch.get(63).unwrap().1, message(63, 63));
        let received = sockets[0][0].receive(&mut batch).unwrap();
        assert_eq!((received.packets, received.rejected, received.full), (37, 1, false));
        assert_eq!(batch.rejected(), [FrameError::Oversize]);
        assert_eq!(batch.get(36).unwrap().1, [2; 20]);
        assert!(batch.get(37).is_none());
        let error = sockets[0][0].receive(&mut batch).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        assert!(batch.is_empty(), "nothing of the last call is left");
    });
}

#[test]
fn sockets_follow_links_and_addresses() {
    with_world(|world| {
        let watch = Watch::new().unwrap();
        assert!(!watch.changes().unwrap().any());
        let selection = net::Selection4::new(["srv0"], &net::interfaces().unwrap()).unwrap();
        let plan = || selection.plan(&net::interfaces().unwrap(), SocketType::Raw);
        let mut set = SocketSet4::new(workers(2));
        let first = set.apply(&plan());
        assert_eq!((first.opened[0].len(), first.opened[1].len(), first.closed.len()), (2, 2, 0));
        assert_eq!(set.addresses().collect::<Vec<_>>(), [SERVER]);
        let again = set.apply(&plan());
        assert!(again.opened.iter().all(Vec::is_empty) && again.closed.is_empty() && !again.again);

        // A second address: the socket is replaced, what is queued in the old one is still there.
        let tap = world.tap();
        tap.send(&world.frame((NOBODY, 68), (BROADCAST, 67), &message(1, 1)));
        ip("addr add 192.0.2.2/24 dev srv0");
        assert!(watch.changes().unwrap().ipv4);
        let second = set.apply(&plan());
        assert_eq!(second.closed, [first.opened[0][0].id()]);
        assert_eq!(second.opened[1].len(), 2);
        assert_eq!(set.addresses().count(), 2);
        tap.send(&world.frame((NOBODY, 68), (BROADCAST, 67), &message(2, 1)));
        let got = |opened: &[Vec<Arc<Socket4>>]| -> Vec<u32> {
            opened
                .iter()
                .flatten()
                .flat_map(|socket| drain(socket).0)
                .map(|(_, payload)| xid(&payload))
                .collect()
        };
        assert_eq!(got(&first.opened), [1], "the old one gets nothing new");
        assert_eq!(got(&second.opened), [2]);
        drop(first);

        // Off and on.
        ip("link set srv0 down");
        assert!(watch.changes().unwrap().links);
        let down = plan();
        assert_eq!(down.problems[0].to_string(), "the interface srv0 is down");
        let third = set.apply(&down);
        assert_eq!(third.closed, [second.opened[0][0].id()]);
        assert!(set.is_empty());
        ip("link set srv0 up");
        wait_until("srv0 runs", || interface("srv0").running);
        assert!(watch.changes().unwrap().any());
        // The workers have not let go of the old socket: its companion is shared, nothing has to wait.
        let fourth = set.apply(&plan());
        assert!(fourth.problems.is_empty() && !fourth.again);
        tap.send(&world.frame((NOBODY, 68), (BROADCAST, 67), &message(3, 1)));
        assert_eq!(got(&fourth.opened), [3]);

        // Gone and back under another index.
        ip("link del srv0");
        assert!(watch.changes().unwrap().links);
        let gone = plan();
        assert_eq!(gone.problems[0].to_string(), "interface srv0 doesn't exist");
        assert_eq!(set.apply(&gone).closed.len(), 1);
        ip("link add srv0 type veth peer name cli0");
        ip("link set srv0 up");
        ip("link set cli0 up");
        ip("addr add 192.0.2.1/24 dev srv0");
        wait_until("srv0 runs", || interface("srv0").running);
        let back = set.apply(&plan());
        assert_eq!((back.opened[0].len(), back.problems.len()), (2, 0));
        // An interface that vanished says so, it does not spin.
        let mut batch = Batch4::default();
        let error = second.opened[0][0].receive(&mut batch).unwrap_err();
        assert!(matches!(error.raw_os_error(), Some(libc::ENETDOWN | libc::EAGAIN)), "{error}");
        assert_eq!(set.apply(&Plan4::default()).closed.len(), 1);
    });
}

#[test]
fn from_raw_to_udp_and_back() {
    with_world(|_| {
        let mut set = SocketSet4::new(workers(2));
        let mut held = set.apply(&plan(&["srv0"], SocketType::Raw)).opened;
        for socket_type in [SocketType::Udp, SocketType::Raw, SocketType::Udp] {
            let plan = plan(&["srv0"], socket_type);
            let changes = set.apply(&plan);
            assert!(changes.again && changes.problems.is_empty(), "the workers hold the address");
            assert_eq!(changes.closed.len(), 1);
            drop(std::mem::take(&mut held));
            let changes = set.apply(&plan);
            assert!(!changes.again && changes.problems.is_empty());
            held = changes.opened;
            assert!(held.iter().all(|own| own.len() == 2));
        }
    });
}

#[test]
fn one_address_on_two_interfaces() {
    with_world(|world| {
        ip("link add two0 type veth peer name two1");
        ip("link set two0 up");
        ip("link set two1 up");
        ip("addr add 192.0.2.1/32 dev two0");
        wait_until("two0 runs", || interface("two0").running);
        let (set, sockets) = open(&["srv0", "two0"], SocketType::Raw, one_worker());
        assert_eq!(sockets[0].len(), 4);
        assert_eq!(set.queues().count(), 4);
        world.tap().send(&world.frame((NOBODY, 68), (BROADCAST, 67), &message(1, 1)));
        let counts: Vec<usize> = sockets[0].iter().map(|socket| drain(socket).0.len()).collect();
        assert_eq!(counts, [1, 0, 0, 0]);
    });
}

#[test]
fn tokio_waits_for_sockets_and_changes() {
    fn exchange(world: &World) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (_set, sockets) = open(&["srv0"], SocketType::Raw, one_worker());
        let relay = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
        relay.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        runtime.block_on(async {
            let socket = AsyncSocket4::new(Arc::clone(&sockets[0][0])).unwrap();
            let mut batch = Batch4::new(4, 2000);
            let mut out = OutBatch4::default();
            for round in 0..3 {
                let early = tokio::time::timeout(Duration::from_millis(50), socket.receive(&mut batch)).await;
                assert!(early.is_err(), "nothing was sent yet");
                // More than a batch, and exactly one batch.
                let mut next = 0;
                for count in [9, 4, 1] {
                    for _ in 0..count {
                        relay.send_to(&message(next, round), (SERVER, 67)).unwrap();
                        next += 1;
                    }
                    let mut missing = count;
                    while missing > 0 {
                        let receive =
                            tokio::time::timeout(Duration::from_secs(2), socket.receive(&mut batch));
                        let received = receive.await.expect("what is left over is announced").unwrap();
                        assert!(received.packets > 0);
                        missing -= received.packets;
                        for (meta, payload) in batch.iter() {
                            push(&mut out, meta.reply(meta.remote, false), payload);
                        }
                    }
                    assert_eq!(socket.send(&mut out, Duration::from_secs(1)).await, sent(count));
                    out.clear();
                }
                let mut buffer = [0; 1000];
                for expected in 0..next {
                    relay.recv_from(&mut buffer).unwrap();
                    assert_eq!(xid(&buffer), expected);
                }
            }
            let watch = AsyncWatch::new(Watch::new().unwrap()).unwrap();
            for address in ["192.0.2.3", "192.0.2.4"] {
                ip(&format!("addr add {address}/24 dev srv0"));
                let change =
                    tokio::time::timeout(Duration::from_secs(2), watch.changed()).await.unwrap().unwrap();
                assert!(change.ipv4);
            }
        });
    }
    with_world(exchange);
}
