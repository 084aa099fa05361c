//! DHCPv4 over DHCPv6 (RFC 7341): kea-dhcp6 and kea-dhcp4 in memory, and all that goes between them and clients.

use std::net::{Ipv4Addr, Ipv6Addr};

use base::{HwAddr, Random, XorShift};
use engine::DropReason;
use engine::v4::Verdict;
use engine::v6::{Arrival, received_over4};
use testkit::client6::{Options6, kind};
use testkit::{Outcome6, Packet4, Packet6, Reply4, Reply6, World4, World6};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const MESSAGE: u16 = 87;
/// The flag of a client that would have sent by unicast.
const UNICAST: u32 = 1 << 23;
const CLIENT: &str = "fe80::1";

fn six() -> World6 {
    World6::new(testkit::config6(r#"{ "dhcp4o6-port": 6767, "subnet6": [] }"#).unwrap()).unwrap()
}

/// Serves clients by their interface, their address, or what their relay agent calls their link.
fn four() -> World4 {
    let config = testkit::config4(
        r#"{ "dhcp4o6-port": 6767, "client-classes": [
               { "name": "far", "test": "pkt.src == 0x20010db8000000ff0000000000000009" } ],
             "subnet4": [
               { "id": 1, "subnet": "192.0.2.0/24", "4o6-interface": "eth0", "pools": [ { "pool": "192.0.2.10-192.0.2.99" } ] },
               { "id": 2, "subnet": "10.2.0.0/16", "4o6-subnet": "2001:db8:2::/48", "pools": [ { "pool": "10.2.0.0/16" } ] },
               { "id": 3, "subnet": "10.3.0.0/16", "4o6-interface-id": "port 7", "pools": [ { "pool": "10.3.0.0/16" } ] },
               { "id": 4, "subnet": "10.4.0.0/16", "4o6-subnet": "2001:db8:0:ff::/64", "client-classes": [ "far" ],
                 "pools": [ { "pool": "10.4.0.0/16" } ] },
               { "id": 5, "subnet": "10.5.0.0/16", "interface": "eth9", "pools": [ { "pool": "10.5.0.0/16" } ] } ] }"#,
    );
    World4::new(config.unwrap(), vec![SERVER]).unwrap()
}

fn client(n: u8) -> HwAddr {
    HwAddr::new(1, &[2, 0, 0, 0, 0, n]).unwrap()
}

fn query(message: &Packet4) -> Packet6 {
    let mut packet = Packet6::new(kind::DHCPV4_QUERY, &[]).option(MESSAGE, &message.build());
    packet.xid = 0;
    packet
}

fn arrival(interface: &str, remote: &str) -> Arrival {
    let local = "ff02::1:2".parse().unwrap();
    Arrival {
        interface: interface.into(),
        local,
        local_port: 547,
        remote: remote.parse().unwrap(),
        remote_port: 546,
        received: None,
    }
}

fn passed_on(six: &World6, packet: &Packet6, arrival: &Arrival) -> Vec<u8> {
    match six.send(&packet.build(), arrival).unwrap() {
        Outcome6::PassedOn(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

/// From the client to the client: the message of DHCPv6, the one of DHCPv4 in it, and where it goes.
fn exchange(
    (six, four): (&World6, &World4),
    packet: &Packet6,
    arrival: &Arrival,
) -> Option<(Reply6, Reply4, (Ipv6Addr, u16))> {
    let mut answer = Vec::new();
    match four.handle_over6(&passed_on(six, packet, arrival), &mut answer).unwrap() {
        Verdict::Reply(_) => {}
        Verdict::Done(_) => return None,
        Verdict::Drop(reason) => panic!("{reason:?}"),
    }
    let passed = received_over4(&answer).unwrap();
    assert_eq!(passed.source.interface, &*arrival.interface);
    let to = passed.destination(None);
    let mut out = Vec::new();
    passed.deliver(&mut out).unwrap();
    let reply = Reply6::parse(&out).unwrap();
    assert_eq!(reply.kind, kind::DHCPV4_RESPONSE);
    assert_eq!(reply.xid, 0, "no flag is defined");
    let codes: Vec<u16> = reply.options.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [MESSAGE], "what the servers say to each other is none of the client's business");
    let inner = Reply4::parse(&reply.options[0].1).unwrap();
    Some((reply, inner, (to.address, to.port)))
}

fn relayed(packet: Packet6, link: &str, peer: &str, options: Options6) -> Packet6 {
    packet.relayed(link.parse().unwrap(), peer.parse().unwrap(), options)
}

#[test]
fn a_client_gets_and_extends_a_lease() {
    let (six, four) = (six(), four());
    let here = arrival("eth0", CLIENT);
    let packet = query(&Packet4::discover(&client(1)));
    let (_, offer, to) = exchange((&six, &four), &packet, &here).unwrap();
    assert_eq!((offer.kind(), offer.yiaddr), (2, Ipv4Addr::new(192, 0, 2, 10)));
    assert_eq!(offer.option(54), Some(&SERVER.octets()[..]));
    assert_eq!(to, (CLIENT.parse().unwrap(), 546));
    let request = Packet4::request_selecting(&client(1), SERVER, offer.yiaddr);
    let (_, ack, _) = exchange((&six, &four), &query(&request), &here).unwrap();
    assert_eq!((ack.kind(), ack.yiaddr), (5, offer.yiaddr));
    assert!(four.lease(ack.yiaddr).unwrap().is_some());
    for flags in [0, UNICAST] {
        let mut packet = query(&Packet4::request_extension(&client(1), ack.yiaddr));
        packet.xid = flags;
        let (_, ack, _) = exchange((&six, &four), &packet, &here).unwrap();
        assert_eq!(ack.kind(), 5);
    }
    assert!(
        exchange((&six, &four), &query(&Packet4::release(&client(1), SERVER, ack.yiaddr)), &here).is_none()
    );
    assert_eq!(six.statistic("pkt6-dhcpv4-query-received"), 5);
    assert_eq!(six.statistic("pkt6-receive-drop"), 0);
    assert_eq!(four.statistic("pkt4-received"), 5);
    assert_eq!(four.statistic("pkt4-ack-sent"), 3);
    assert_eq!(four.statistic("pkt4-receive-drop"), 0);
}

/// The unicast flag says whether a client renews or rebinds: one of nobody's is refused when it renews, and met with
/// silence when it rebinds, since it may be another server's.
#[test]
fn the_flag_tells_renewing_from_rebinding() {
    let (six, four) = (six(), four());
    let nowhere = arrival("eth5", CLIENT);
    let mut packet = query(&Packet4::request_extension(&client(1), Ipv4Addr::new(203, 0, 113, 1)));
    assert!(exchange((&six, &four), &packet, &nowhere).is_none());
    packet.xid = UNICAST;
    let (_, nak, _) = exchange((&six, &four), &packet, &nowhere).unwrap();
    assert_eq!(nak.kind(), 6);
}

#[test]
fn an_inform_without_an_address_is_answered() {
    let (six, four) = (six(), four());
    let inform = Packet4::inform(&client(1), Ipv4Addr::UNSPECIFIED);
    let (_, ack, _) = exchange((&six, &four), &query(&inform), &arrival("eth0", CLIENT)).unwrap();
    assert_eq!(ack.kind(), 5);
}

#[test]
fn the_subnet_is_the_first_that_names_the_client() {
    let (six, four) = (six(), four());
    let discover = |n: u8| query(&Packet4::discover(&client(n)));
    let served = |packet: &Packet6, arrival: &Arrival| {
        exchange((&six, &four), packet, arrival).map(|(_, offer, _)| offer.yiaddr.octets()[..2].to_vec())
    };
    assert_eq!(served(&discover(1), &arrival("eth0", CLIENT)), Some(vec![192, 0]));
    assert_eq!(served(&discover(2), &arrival("eth1", "2001:db8:2::9")), Some(vec![10, 2]));
    // Both fit; the order of ids decides.
    assert_eq!(served(&discover(3), &arrival("eth0", "2001:db8:2::9")), Some(vec![192, 0]));
    // A guard is heeded, and sees the client's IPv6 address.
    assert_eq!(served(&discover(4), &arrival("eth1", "2001:db8:0:ff::9")), Some(vec![10, 4]));
    assert_eq!(served(&discover(5), &arrival("eth1", "2001:db8:0:ff::8")), None);
    // A subnet without such parameters serves nobody, whatever else it names.
    assert_eq!(served(&discover(6), &arrival("eth9", CLIENT)), None);
    // The relay agent nearest to the client that sent an interface id.
    let near = |n, id: &[u8]| relayed(discover(n), "2001:db8:9::1", CLIENT, vec![(18, id.to_vec())]);
    let far = |packet| relayed(packet, "::", "fe80::2", vec![(18, b"port 8".to_vec())]);
    assert_eq!(served(&near(7, b"port 7"), &arrival("eth1", "2001:db8:7::1")), Some(vec![10, 3]));
    assert_eq!(served(&far(near(8, b"port 7")), &arrival("eth1", "2001:db8:7::1")), Some(vec![10, 3]));
    assert_eq!(served(&near(9, b"port 70"), &arrival("eth1", "2001:db8:7::1")), None);
}

#[test]
fn the_way_back_leads_through_the_relay_agents() {
    let (six, four) = (six(), four());
    let packet = relayed(
        query(&Packet4::discover(&client(1))),
        "2001:db8:9::1",
        CLIENT,
        vec![(18, b"port 7".to_vec()), (37, vec![0, 0, 0, 9, 1])],
    );
    let packet = relayed(packet, "::", "fe80::2", vec![(135, vec![0, 0])]);
    let mut here = arrival("eth1", "2001:db8:7::1");
    here.remote_port = 5470;
    let (reply, offer, to) = exchange((&six, &four), &packet, &here).unwrap();
    assert_eq!(offer.kind(), 2);
    assert_eq!(to, ("2001:db8:7::1".parse().unwrap(), 5470));
    let near = &reply.relays[0];
    assert_eq!((near.peer, near.link), (CLIENT.parse().unwrap(), "2001:db8:9::1".parse().unwrap()));
    assert_eq!(near.options, [(18, b"port 7".to_vec())]);
    assert_eq!((reply.relays[1].hop_count, &reply.relays[1].options), (1, &vec![(135, vec![0, 0])]));
    // Without a port of its own, the relay agent listens as servers do.
    let packet = relayed(query(&Packet4::discover(&client(2))), "::", CLIENT, vec![(18, b"port 7".to_vec())]);
    assert_eq!(exchange((&six, &four), &packet, &here).unwrap().2.1, 547);
}

#[test]
fn a_client_cannot_speak_for_kea_dhcp6() {
    let (six, four) = (six(), four());
    let forged = [
        &[0, 0, 9, 191][..],
        &[0xea, 0x60, 0, 4],
        b"eth9",
        &[0xea, 0x61, 0, 16],
        &"2001:db8:2::9".parse::<Ipv6Addr>().unwrap().octets(),
        &[0, 99, 0, 1, 7],
    ]
    .concat();
    let packet =
        query(&Packet4::discover(&client(1))).option(17, &forged).option(17, &[0, 0, 0, 9, 0, 1, 0, 0]);
    let bytes = passed_on(&six, &packet, &arrival("eth0", CLIENT));
    let mut answer = Vec::new();
    assert!(matches!(four.handle_over6(&bytes, &mut answer).unwrap(), Verdict::Reply(_)));
    let passed = received_over4(&answer).unwrap();
    assert_eq!((passed.source.interface, passed.source.remote), ("eth0", CLIENT.parse().unwrap()));
    // What it said beside is passed on.
    let message = Packet6 { kind: 0, xid: 0, options: Vec::new(), relays: Vec::new() };
    assert!(bytes.windows(5).any(|window| window == [0, 99, 0, 1, 7]), "{message:?}");
    assert!(bytes.windows(8).any(|window| window == [0, 0, 0, 9, 0, 1, 0, 0]));
}

#[test]
fn what_is_no_query_goes_no_further() {
    let six = six();
    let here = arrival("eth0", CLIENT);
    let drop = |packet: &Packet6| match six.send(&packet.build(), &here).unwrap() {
        Outcome6::Drop(reason) => reason,
        other => panic!("{other:?}"),
    };
    let message = Packet4::discover(&client(1));
    assert_eq!(drop(&Packet6::new(kind::DHCPV4_QUERY, &[])), DropReason::RfcViolation);
    assert_eq!(drop(&query(&message).option(MESSAGE, &message.build())), DropReason::RfcViolation);
    let mut response = query(&message);
    response.kind = kind::DHCPV4_RESPONSE;
    assert_eq!(drop(&response), DropReason::RfcViolation);
    assert_eq!(six.statistic("pkt6-dhcpv4-response-received"), 1);
    assert_eq!(six.statistic("pkt6-rfc-violation"), 3);
    let off = World6::new(testkit::config6(r#"{ "subnet6": [] }"#).unwrap()).unwrap();
    let outcome = off.send(&query(&message).build(), &here).unwrap();
    assert!(matches!(outcome, Outcome6::Drop(DropReason::AdminFiltered)), "{outcome:?}");
    // Clients may have been told a unicast address of the server (option 88).
    let there = Arrival { local: "2001:db8::1".parse().unwrap(), ..arrival("eth0", "2001:db8::2") };
    assert!(matches!(six.send(&query(&message).build(), &there).unwrap(), Outcome6::PassedOn(_)));
}

#[test]
fn hostile_messages_inside() {
    let (six, four) = (six(), four());
    let here = arrival("eth0", CLIENT);
    let nested = query(&Packet4::discover(&client(1))).build();
    for inner in [&[][..], &[1], &[0; 240], &[0xff; 576], &nested, &[1; 60_000]] {
        let packet = Packet6::new(kind::DHCPV4_QUERY, &[]).option(MESSAGE, inner);
        let bytes = passed_on(&six, &packet, &here);
        let verdict = four.handle_over6(&bytes, &mut Vec::new()).unwrap();
        assert_eq!(verdict, Verdict::Drop(DropReason::ParseFailed));
    }
    // A message that is full cannot take what kea-dhcp6 adds.
    let packet = Packet6::new(kind::DHCPV4_QUERY, &[]).option(MESSAGE, &[1; 65_510]);
    let outcome = six.send(&packet.build(), &here).unwrap();
    assert!(matches!(outcome, Outcome6::Drop(DropReason::ProcessingFailed)), "{outcome:?}");
    // A good client is served right after.
    assert!(exchange((&six, &four), &query(&Packet4::discover(&client(1))), &here).is_some());
}

/// Any program of the machine may send to the port of kea-dhcp4.
#[test]
fn hostile_messages_between_the_servers() {
    let (six, four) = (six(), four());
    let good = passed_on(&six, &query(&Packet4::discover(&client(1))), &arrival("eth0", CLIENT));
    let handle = |bytes: &[u8]| four.handle_over6(bytes, &mut Vec::new()).unwrap();
    assert!(matches!(handle(&good), Verdict::Reply(_)));
    // Cut anywhere; every octet changed.
    for cut in 0..good.len() {
        let verdict = handle(&good[..cut]);
        assert!(matches!(verdict, Verdict::Drop(_)), "{cut}: {verdict:?}");
    }
    let mut random = XorShift::new(7);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] = u8::try_from(random.below(256)).unwrap();
        handle(&bytes);
        let _ = received_over4(&bytes);
    }
    // No such interface; no address by which to be known.
    let bytes = passed_on(&six, &query(&Packet4::discover(&client(1))), &arrival("none", CLIENT));
    assert_eq!(handle(&bytes), Verdict::Drop(DropReason::ParseFailed));
    let addressless = World4::new(four.config.clone(), Vec::new()).unwrap();
    let verdict = addressless.handle_over6(&good, &mut Vec::new()).unwrap();
    assert_eq!(verdict, Verdict::Drop(DropReason::ParseFailed));
    assert!(matches!(handle(&good), Verdict::Reply(_)));
}
