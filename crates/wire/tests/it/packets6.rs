//! Whole DHCPv6 packets: what is read, what is odd, and what is written back.

use std::net::Ipv6Addr;

use base::{Duid, HwAddr, Iaid};
use dhcproto::{Decodable, v6 as other};
use proptest::prelude::*;
use wire::iana::dhcp6_option as code;
use wire::v6::{
    Anomalies, Builder, Header, Ia, IaKind, MAX_DEPTH, MAX_RELAYS, Message, MessageType, Packet, ParseError,
    RelayHeader, Status, StatusCode, VendorClass, VendorOptions, walk,
};
use wire::{Full, RawOption, Writer};

const SOLICIT: [u8; 4] = [1, 0xab, 0xcd, 0xef];

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    [&code.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

fn link(number: u8) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, number.into(), 0, 0, 0, 0, 1)
}

fn peer(number: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into())
}

/// `inner` as relayed by an agent with these options before and after it.
fn relayed(hops: u8, before: &[u8], inner: &[u8], after: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let header = RelayHeader {
        message_type: MessageType::RELAY_FORW,
        hop_count: hops,
        link_address: link(hops),
        peer_address: peer(hops),
    };
    let mut w = Writer::new(&mut bytes, 70_000);
    header.write(&mut w).unwrap();
    w.bytes(before).unwrap();
    w.bytes(&option(code::RELAY_MSG, inner)).unwrap();
    w.bytes(after).unwrap();
    bytes
}

fn ia_na() -> Vec<u8> {
    let status = option(code::STATUS_CODE, b"\0\x02none");
    let address = [&link(7).octets()[..], &[0, 0, 14, 16, 0, 0, 28, 32]].concat();
    let inside = [option(code::IA_ADDR, &[address, status.clone()].concat()), status].concat();
    option(code::IA_NA, &[&[0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2][..], &inside].concat())
}

fn back(bytes: &[u8]) {
    let mut out = Vec::new();
    Packet::parse(bytes).unwrap().write(&mut Writer::new(&mut out, bytes.len())).unwrap();
    assert_eq!(out, bytes, "written back");
}

#[test]
fn message_fields() {
    let bytes = [
        SOLICIT.to_vec(),
        option(code::CLIENT_ID, &[0, 3, 0, 1, 2, 0, 0, 0, 0, 7]),
        option(code::ORO, &[0, 23, 0, 24, 9]),
        option(code::ELAPSED_TIME, &[1, 2]),
        option(code::RAPID_COMMIT, &[]),
        option(code::ORO, &[0, 56]),
        option(code::STATUS_CODE, b"\0\x05no"),
    ]
    .concat();
    let packet = Packet::parse(&bytes).unwrap();
    let message = packet.message();
    assert_eq!((message.message_type(), message.transaction()), (MessageType::SOLICIT, 0x00ab_cdef));
    assert_eq!(message.client_id(), Duid::parse("00:03:00:01:02:00:00:00:00:07").ok());
    assert_eq!(message.server_id(), None);
    assert_eq!(message.requested().collect::<Vec<_>>(), [23, 24, 56]);
    assert_eq!((message.elapsed(), message.has_rapid_commit()), (Some(258), true));
    assert_eq!(message.status(), Some(Status { code: StatusCode::USE_MULTICAST, text: b"no" }));
    assert!(!packet.is_relayed() && packet.anomalies().is_empty());
    back(&bytes);
}

#[test]
fn only_fixed_parts_can_fail() {
    for length in 0..4 {
        assert_eq!(Packet::parse(&SOLICIT[..length]).unwrap_err(), ParseError::Short(length));
    }
    let whole = relayed(0, &[], &SOLICIT, &[]);
    for length in 1..34 {
        assert_eq!(Packet::parse(&whole[..length]).unwrap_err(), ParseError::ShortRelay(length));
    }
    for length in 34..whole.len() {
        assert_eq!(Packet::parse(&whole[..length]).unwrap_err(), ParseError::NothingRelayed);
    }
    for (inner, error) in [
        (&[][..], ParseError::NothingRelayed),
        (&[1, 2, 3], ParseError::Short(3)),
        (&[12, 0, 0], ParseError::ShortRelay(3)),
    ] {
        assert_eq!(Packet::parse(&relayed(0, &[], inner, &[])).unwrap_err(), error);
    }
}

#[test]
fn a_malformed_option_spoils_only_itself() {
    let tail = [0, 5, 0, 9, 1];
    let bytes =
        [&SOLICIT[..], &option(code::CLIENT_ID, &[7]), &option(code::ELAPSED_TIME, &[1]), &tail].concat();
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.anomalies(), Anomalies::TRUNCATED_OPTION);
    assert_eq!(packet.anomalies().to_string(), "truncated option");
    assert_eq!((packet.message().client_id(), packet.message().elapsed()), (Duid::new(&[7]).ok(), None));
    back(&bytes);
    for value in [vec![], vec![0; 131]] {
        let bytes = [&SOLICIT[..], &option(code::CLIENT_ID, &value)].concat();
        assert_eq!(Packet::parse(&bytes).unwrap().message().client_id(), None);
    }
}

#[test]
fn relay_agents_are_listed_from_the_server_on() {
    let first = relayed(
        0,
        &[
            option(code::INTERFACE_ID, b"eth0"),
            option(code::CLIENT_LINKLAYER_ADDR, &[0, 1, 2, 0, 0, 0, 0, 7]),
            option(code::RSOO, &[option(65, b"a"), option(65, b"b")].concat()),
        ]
        .concat(),
        &SOLICIT,
        &[option(code::REMOTE_ID, &[0, 0, 0, 9, 1]), option(code::RSOO, &option(64, b"c"))].concat(),
    );
    let ports = [option(code::RELAY_SOURCE_PORT, &[2, 0]), option(code::SUBSCRIBER_ID, b"s")].concat();
    let bytes = relayed(1, &ports, &first, &[0, 1]);
    let packet = Packet::parse(&bytes).unwrap();
    let [outer, inner] = packet.relays() else { panic!("two relay agents") };
    assert_eq!((outer.header().hop_count, outer.header().link_address), (1, link(1)));
    assert_eq!((inner.header().hop_count, inner.header().peer_address), (0, peer(0)));
    assert_eq!((outer.source_port(), outer.subscriber_id()), (Some(&[2, 0][..]), Some(&b"s"[..])));
    assert_eq!((inner.interface_id(), inner.remote_id()), (Some(&b"eth0"[..]), Some((9, &[1][..]))));
    assert_eq!(inner.client_link_layer_address(), HwAddr::parse("02:00:00:00:00:07").ok());
    let supplied: Vec<_> = inner.supplied().map(|option| (option.code, option.value)).collect();
    assert_eq!(supplied, [(65, &b"a"[..]), (65, b"b"), (64, b"c")]);
    assert_eq!(
        (outer.interface_id(), outer.client_link_layer_address(), outer.relay_id()),
        (None, None, None)
    );
    assert_eq!(packet.first_relay().unwrap().header(), inner.header());
    assert_eq!(packet.anomalies(), Anomalies::TRUNCATED_OPTION);
    assert_eq!(packet.message().bytes(), SOLICIT);
    back(&bytes);

    let twice = relayed(0, &option(code::RELAY_MSG, &[9, 9]), &SOLICIT, &[]);
    let packet = Packet::parse(&twice).unwrap();
    assert_eq!(packet.anomalies(), Anomalies::REPEATED_RELAY_MSG);
    assert_eq!(packet.message().bytes(), SOLICIT);
    back(&twice);
}

#[test]
fn the_chain_is_bounded() {
    let mut bytes = SOLICIT.to_vec();
    for hops in 0..MAX_RELAYS {
        bytes = relayed(u8::try_from(hops).unwrap(), &[], &bytes, &[]);
    }
    assert_eq!(Packet::parse(&bytes).unwrap().relays().len(), MAX_RELAYS);
    back(&bytes);
    assert_eq!(Packet::parse(&relayed(99, &[], &bytes, &[])).unwrap_err(), ParseError::TooManyRelays);
}

#[test]
fn associations() {
    let lifetimes = [0, 0, 0, 10, 0, 0, 0, 20];
    let prefix = [&lifetimes[..], &[56], &link(9).octets()].concat();
    let long = [&lifetimes[..], &[129], &link(9).octets()].concat();
    let pd = [vec![0; 12], option(code::IA_PREFIX, &prefix), option(code::IA_PREFIX, &long)].concat();
    let ta = [vec![0, 0, 0, 5], option(code::IA_ADDR, &[0; 23]), option(code::IA_ADDR, &[0; 24])].concat();
    let bytes = [
        SOLICIT.to_vec(),
        ia_na(),
        option(code::IA_NA, &[0; 11]),
        option(code::IA_TA, &ta),
        option(code::IA_TA, &[0; 3]),
        option(code::IA_PD, &pd),
    ]
    .concat();
    let packet = Packet::parse(&bytes).unwrap();
    let ias: Vec<Ia<'_>> = packet.message().ias().collect();
    let [na, ta, pd] = ias.as_slice() else { panic!("{}", ias.len()) };
    assert_eq!((na.kind, na.iaid, na.t1, na.t2), (IaKind::Na, Iaid(9), 1, 2));
    let address = na.addresses().next().unwrap();
    assert_eq!((address.address, address.preferred, address.valid), (link(7), 3600, 7200));
    let none = Some(Status { code: StatusCode::NO_ADDRS_AVAIL, text: b"none" });
    assert_eq!((na.status(), address.status()), (none, none));
    assert_eq!((ta.kind, ta.iaid, ta.t1, ta.addresses().count()), (IaKind::Ta, Iaid(5), 0, 1));
    let prefixes: Vec<_> = pd.prefixes().collect();
    assert_eq!(prefixes[0].prefix().unwrap().to_string(), "2001:db8:9::/56");
    assert_eq!((prefixes[0].preferred, prefixes[0].valid, prefixes[0].status()), (10, 20, None));
    assert_eq!((prefixes[1].length, prefixes[1].prefix()), (129, None));
    let seen: Vec<_> = walk(packet.message().options()).map(|n| (n.depth, n.option.code)).collect();
    assert_eq!(
        seen,
        [(0, 3), (1, 5), (2, 13), (1, 13), (0, 3), (0, 4), (1, 5), (1, 5), (0, 4), (0, 25), (1, 26), (1, 26)]
    );
    back(&bytes);
}

#[test]
fn nesting_is_bounded() {
    let mut inside = Vec::new();
    while inside.len() + 16 <= 65_000 {
        inside = option(code::IA_NA, &[&[0; 12][..], &inside].concat());
    }
    let bytes = [&SOLICIT[..], &inside].concat();
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(walk(packet.message().options()).count(), MAX_DEPTH);
    assert_eq!(packet.message().ias().count(), 1);
    back(&bytes);
}

#[test]
fn vendors() {
    let class = VendorClass::parse(&[0, 0, 0x11, 0x8b, 0, 2, b'a', b'b', 0, 0, 0, 3, 1]).unwrap();
    assert_eq!((class.enterprise, class.strings(false).collect::<Vec<_>>()), (4491, vec![&b"ab"[..], b""]));
    let vendor = VendorOptions::parse(&[0, 0, 0, 9, 0, 36, 0, 1, 7, 0, 37, 0, 5]).unwrap();
    assert_eq!((vendor.enterprise, vendor.options.first(36), vendor.options.len()), (9, Some(&[7][..]), 1));
    assert!(VendorClass::parse(&[0, 0, 0]).is_none() && VendorOptions::parse(&[]).is_none());
    assert!(Status::parse(&[0]).is_none());
    assert_eq!(wire::v6::addresses(&[0; 33]).count(), 2);
    assert_eq!(wire::v6::address(&link(1).octets()), Some(link(1)));
    assert_eq!(wire::v6::address(&[0; 17]), None);
    for (value, found) in [(&[0, 1][..], None), (&[0], None), (&[0, 6, 9], HwAddr::new(6, &[9]).ok())] {
        assert_eq!(wire::v6::link_layer_address(value), found);
    }
}

#[test]
fn replies_go_back_through_the_relay_agents() {
    let first = relayed(0, &option(code::INTERFACE_ID, b"eth0"), &SOLICIT, &option(code::RELAY_ID, b"x"));
    let query = relayed(
        1,
        &[option(code::RELAY_SOURCE_PORT, &[2, 0]), option(code::INTERFACE_ID, b"")].concat(),
        &first,
        &[],
    );
    let packet = Packet::parse(&query).unwrap();
    let mut out = vec![9];
    let mut b = Builder::reply(&mut out, 1500, &packet, MessageType::ADVERTISE).unwrap();
    b.option(code::PREFERENCE, &[255]).unwrap();
    let ia = b.ia(IaKind::Pd, Iaid(7), 10, 20).unwrap();
    let prefix = b.ia_prefix(link(3), 56, 30, 40).unwrap();
    b.close(prefix).unwrap();
    b.status(StatusCode::SUCCESS, "well").unwrap();
    b.close(ia).unwrap();
    let length = b.finish().unwrap();
    assert_eq!((out[0], out.len()), (9, length + 1));
    let reply = Packet::parse(&out[1..]).unwrap();
    assert!(reply.anomalies().is_empty());
    let codes: Vec<Vec<u16>> = reply
        .relays()
        .iter()
        .map(|relay| relay.options().iter().map(|option| option.code).collect())
        .collect();
    assert_eq!(codes, [vec![18, 135, 9], vec![18, 9]]);
    for (reply, query) in reply.relays().iter().zip(packet.relays()) {
        let header = RelayHeader { message_type: MessageType::RELAY_REPL, ..*query.header() };
        assert_eq!(*reply.header(), header);
        assert_eq!((reply.interface_id(), reply.source_port()), (query.interface_id(), query.source_port()));
    }
    let message = reply.message();
    assert_eq!((message.message_type(), message.transaction()), (MessageType::ADVERTISE, 0x00ab_cdef));
    let ia = message.ias().next().unwrap();
    assert_eq!((ia.kind, ia.iaid, ia.t1, ia.t2), (IaKind::Pd, Iaid(7), 10, 20));
    let prefix = ia.prefixes().next().unwrap();
    assert_eq!((prefix.address, prefix.length, prefix.preferred, prefix.valid), (link(3), 56, 30, 40));
    assert_eq!(ia.status().unwrap().text, b"well");
}

#[test]
fn a_full_packet_refuses_whole_options() {
    let header = Header { message_type: MessageType::REPLY, transaction: 0xff00_0001 };
    let mut out = Vec::new();
    let mut b = Builder::new(&mut out, 4 + 16 + 28 + 9, &header).unwrap();
    let ia = b.ia(IaKind::Na, Iaid(1), 0, 0).unwrap();
    let address = b.ia_addr(link(1), 1, 2).unwrap();
    assert_eq!(b.option(1, &[0; 6]), Err(Full));
    assert_eq!(b.status(StatusCode::SUCCESS, "much"), Err(Full));
    assert_eq!(b.room(), 9);
    b.option(1, &[0; 5]).unwrap();
    b.close(address).unwrap();
    b.close(ia).unwrap();
    assert_eq!(b.finish(), Ok(57));
    assert_eq!(out[..4], [7, 0, 0, 1]);
    assert_eq!(Packet::parse(&out).unwrap().message().ias().next().unwrap().addresses().count(), 1);

    // What is taken back is gone with all that was in it.
    let mut out = Vec::new();
    let mut b = Builder::new(&mut out, 1000, &header).unwrap();
    let ia = b.ia(IaKind::Na, Iaid(1), 0, 0).unwrap();
    let address = b.ia_addr(link(1), 1, 2).unwrap();
    b.discard(ia);
    assert_eq!((b.room(), b.close(address)), (996, Err(Full)));
    let ia = b.ia(IaKind::Na, Iaid(1), 0, 0).unwrap();
    let _left_open = b.ia_addr(link(1), 1, 2).unwrap();
    assert_eq!((b.close(ia), b.room()), (Err(Full), 996));
    let _left_open = b.ia(IaKind::Na, Iaid(1), 0, 0).unwrap();
    assert_eq!(b.finish(), Err(Full));
    assert!(out.is_empty());

    // Lengths that two octets cannot say.
    let mut out = Vec::new();
    let mut b = Builder::new(&mut out, 200_000, &header).unwrap();
    assert_eq!(b.option(1, &[0; 65_536]), Err(Full));
    let ia = b.ia(IaKind::Na, Iaid(1), 0, 0).unwrap();
    b.option(1, &[0; 65_530]).unwrap();
    assert_eq!((b.close(ia), b.finish()), (Err(Full), Ok(4)));
    let query = relayed(0, &[], &SOLICIT, &[]);
    let packet = Packet::parse(&query).unwrap();
    let mut out = vec![3];
    assert!(Builder::reply(&mut out, 41, &packet, MessageType::REPLY).is_err());
    let mut b = Builder::reply(&mut out, 200_000, &packet, MessageType::REPLY).unwrap();
    b.option(1, &[0; 65_530]).unwrap();
    assert_eq!(b.finish(), Err(Full));
    assert_eq!(out, [3]);
}

/// dhcproto reads plain messages of well-formed options alike; it sorts them and cannot read relay messages.
#[test]
fn a_second_opinion() {
    let bytes = [
        SOLICIT.to_vec(),
        option(code::CLIENT_ID, &[0, 3, 0, 1, 2, 0, 0, 0, 0, 7]),
        ia_na(),
        option(code::ELAPSED_TIME, &[1, 2]),
        option(code::ORO, &[0, 23, 0, 24]),
    ]
    .concat();
    let ours = Packet::parse(&bytes).unwrap();
    let theirs = other::Message::from_bytes(&bytes).unwrap();
    assert_eq!(u8::from(theirs.msg_type()), ours.message().message_type().0);
    assert_eq!(theirs.xid_num(), ours.message().transaction());
    let Some(other::DhcpOption::ClientId(id)) = theirs.opts().get(other::OptionCode::ClientId) else {
        panic!()
    };
    assert_eq!(Some(id.as_slice()), ours.message().option(code::CLIENT_ID));
    let Some(other::DhcpOption::ElapsedTime(time)) = theirs.opts().get(other::OptionCode::ElapsedTime) else {
        panic!()
    };
    assert_eq!(Some(*time), ours.message().elapsed());
    let Some(other::DhcpOption::IANA(theirs)) = theirs.opts().get(other::OptionCode::IANA) else { panic!() };
    let ia = ours.message().ias().next().unwrap();
    assert_eq!((theirs.id, theirs.t1, theirs.t2), (ia.iaid.0, ia.t1, ia.t2));
    let Some(other::DhcpOption::IAAddr(theirs)) = theirs.opts.get(other::OptionCode::IAAddr) else {
        panic!()
    };
    let address = ia.addresses().next().unwrap();
    assert_eq!(
        (theirs.addr, theirs.preferred_life, theirs.valid_life),
        (address.address, address.preferred, address.valid)
    );
}

fn some_code() -> impl Strategy<Value = u16> {
    prop_oneof![
        Just(code::IA_NA),
        Just(code::IA_TA),
        Just(code::IA_PD),
        Just(code::IA_ADDR),
        Just(code::IA_PREFIX),
        Just(code::RELAY_MSG),
        Just(code::STATUS_CODE),
        0..200u16,
        any::<u16>()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    /// The contract: any bytes after the header parse; writing back gives the same bytes; every option can be
    /// reached; nothing that looks inside panics.
    #[test]
    fn any_options(kind in prop_oneof![Just(1u8), Just(12u8), any::<u8>()],
                   options in prop::collection::vec(prop_oneof![4 => 0..30u8, 1 => any::<u8>()], 0..600)) {
        let mut bytes = vec![kind, 0, 0, 1];
        if kind == 12 {
            bytes.resize(34, 0);
        }
        bytes.extend(&options);
        if let Ok(packet) = Packet::parse(&bytes) {
            let mut out = Vec::new();
            packet.write(&mut Writer::new(&mut out, bytes.len())).unwrap();
            prop_assert_eq!(&out, &bytes);
        } else {
            prop_assert!(kind == 12 || kind == 13);
        }
        let message = Message::parse(&bytes).unwrap();
        for option in message.options().iter() {
            prop_assert!(message.options().all(option.code).any(|value| value == option.value));
        }
        for ia in message.ias() {
            let _ = (ia.status(), ia.addresses().count(), ia.prefixes().filter_map(|p| p.prefix()).count());
        }
        prop_assert!(walk(message.options()).count() >= message.options().len());
    }

    /// What is built is read again, relay agents and all.
    #[test]
    fn built_packets(options in prop::collection::vec((some_code(), prop::collection::vec(any::<u8>(), 0..300)), 0..20),
                     inner in prop::collection::vec((some_code(), prop::collection::vec(any::<u8>(), 0..60)), 0..9),
                     relays in 0..5u8, limit in 4..4000usize) {
        let mut query = SOLICIT.to_vec();
        for hops in 0..relays {
            query = relayed(hops, &option(code::INTERFACE_ID, &vec![hops; hops.into()]), &query, &[]);
        }
        let query = Packet::parse(&query).unwrap();
        let mut out = Vec::new();
        let Ok(mut b) = Builder::reply(&mut out, limit, &query, MessageType::REPLY) else {
            prop_assert!(out.is_empty());
            return Ok(());
        };
        let mut expected = Vec::new();
        for (code, value) in &options {
            if b.option(*code, value).is_ok() {
                expected.push((*code, value.clone()));
            }
        }
        if let Ok(ia) = b.ia(IaKind::Na, Iaid(3), 4, 5) {
            let mut value = [0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5].to_vec();
            for (code, inside) in &inner {
                if b.option(*code, inside).is_ok() {
                    value.extend(option(*code, inside));
                }
            }
            b.close(ia).unwrap();
            expected.push((code::IA_NA, value));
        }
        let length = b.finish().unwrap();
        prop_assert!(length <= limit && length == out.len());
        let packet = Packet::parse(&out).unwrap();
        prop_assert_eq!(packet.relays().len(), usize::from(relays));
        let read: Vec<(u16, Vec<u8>)> =
            packet.message().options().iter().map(|RawOption { code, value }| (code, value.to_vec())).collect();
        prop_assert_eq!(read, expected);
    }
}
