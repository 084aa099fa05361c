//! Whole packets: what is read, what is odd, and what is written back.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use wire::iana::{dhcp4_option as code, relay_agent::SubOption};
use wire::v4::{
    Anomalies, BOOTP_MIN_LEN, Builder, COOKIE, FIXED_LEN, Header, MessageType, Packet, ParseError, RelayInfo,
    append_option, encoded_len,
};
use wire::{Framing, Full, Tail, Writer};

fn header() -> Header<'static> {
    Header {
        op: wire::iana::bootp::Op::REQUEST,
        htype: 1,
        hlen: 6,
        hops: 1,
        xid: 0x0102_0304,
        secs: 9,
        flags: 0x8000,
        ciaddr: Ipv4Addr::new(10, 0, 0, 1),
        yiaddr: Ipv4Addr::new(10, 0, 0, 2),
        siaddr: Ipv4Addr::new(10, 0, 0, 3),
        giaddr: Ipv4Addr::new(10, 0, 0, 4),
        chaddr: [2, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        sname: b"server",
        file: b"boot",
    }
}

/// A packet with these bytes after the cookie.
fn packet(options: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut w = Writer::new(&mut bytes, 70_000);
    header().write(&mut w).unwrap();
    w.bytes(&COOKIE).unwrap();
    w.bytes(options).unwrap();
    bytes
}

#[test]
fn header_fields() {
    let bytes = packet(&[255]);
    assert_eq!(bytes.len(), FIXED_LEN + 1);
    // Offsets of RFC 2131 figure 1.
    for (range, octets) in [
        (0..4, &[1, 1, 6, 1][..]),
        (4..8, &[1, 2, 3, 4]),
        (8..12, &[0, 9, 128, 0]),
        (12..28, &[10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3, 10, 0, 0, 4]),
        (28..34, &[2, 0, 0, 0, 0, 7]),
        (44..51, b"server\0"),
        (108..113, b"boot\0"),
        (236..240, &[99, 130, 83, 99]),
    ] {
        assert_eq!(&bytes[range.clone()], octets, "{range:?}");
    }
    let packet = Packet::parse(&bytes).unwrap();
    let h = packet.header();
    assert_eq!((h.sname.len(), h.file.len()), (64, 128));
    assert_eq!((h.sname_text(), h.file_text()), (&b"server"[..], &b"boot"[..]));
    assert_eq!(Header { sname: b"server", file: b"boot", ..h.clone() }, header());
    assert!(h.is_broadcast());
    assert_eq!(packet.hw_addr().unwrap().to_string(), "02:00:00:00:00:07");
    assert_eq!(packet.anomalies(), Anomalies::NONE);
    let reply = h.reply();
    assert_eq!(
        (reply.op.0, reply.xid, reply.secs, reply.giaddr),
        (2, 0x0102_0304, 0, Ipv4Addr::new(10, 0, 0, 4))
    );
    assert_eq!((reply.ciaddr, reply.siaddr), (Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED));
}

#[test]
fn only_the_fixed_part_can_fail() {
    let bytes = packet(&[]);
    for length in 0..FIXED_LEN {
        assert_eq!(Packet::parse(&bytes[..length]).unwrap_err(), ParseError::Short(length));
    }
    assert!(Packet::parse(&bytes).is_ok());
    let mut wrong = bytes;
    wrong[239] = 0;
    assert_eq!(Packet::parse(&wrong).unwrap_err(), ParseError::Cookie([99, 130, 83, 0]));
}

#[test]
fn hardware_addresses_of_all_lengths() {
    for (hlen, octets, odd) in
        [(0, 0, false), (6, 6, false), (16, 16, false), (17, 16, true), (255, 16, true)]
    {
        let mut bytes = packet(&[255]);
        bytes[2] = hlen;
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.hw_addr().map_or(0, |a| a.octets().len()), octets, "{hlen}");
        assert_eq!(packet.anomalies().contains(Anomalies::LONG_HARDWARE_ADDRESS), odd, "{hlen}");
    }
}

#[test]
fn anomalies_spoil_nothing_else() {
    for (options, anomalies, text) in [
        (&[53, 1, 1, 255][..], Anomalies::NONE, ""),
        (&[53, 1, 1, 255, 0, 0], Anomalies::NONE, ""),
        (&[0, 53, 1, 1, 0, 255], Anomalies::NONE, ""),
        (&[53, 1, 1], Anomalies::MISSING_END, "missing end option"),
        (&[53, 1, 1, 12, 9, b'x', 255], Anomalies::TRUNCATED_OPTION, "truncated option"),
        (&[53, 1, 1, 255, 0, 7], Anomalies::DATA_AFTER_END, "data after the end option"),
        (&[0, 0, 53, 1, 1, 0, 255, 255], Anomalies::DATA_AFTER_END, "data after the end option"),
    ] {
        let bytes = packet(options);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.anomalies(), anomalies, "{options:?}");
        assert_eq!(packet.anomalies().to_string(), text);
        assert_eq!(packet.message_type(), Some(MessageType::DISCOVER), "{options:?}");
    }
}

#[test]
fn parts_are_joined_wherever_they_stand() {
    let bytes = packet(&[61, 2, 1, 2, 53, 1, 3, 61, 1, 3, 82, 3, 1, 1, 9, 61, 0, 82, 5, 1, 1, 8, 19, 0, 255]);
    let packet = Packet::parse(&bytes).unwrap();
    assert!(packet.anomalies().contains(Anomalies::REPEATED_OPTION));
    assert_eq!(packet.option(61), Some(&[1, 2, 3][..]));
    assert_eq!(packet.client_id().unwrap().octets(), [1, 2, 3]);
    assert_eq!(packet.message_type(), Some(MessageType::REQUEST));
    assert_eq!(packet.option(1), None);
    let codes: Vec<u8> = packet.options().iter().map(|(code, _)| code).collect();
    assert_eq!(codes, [61, 53, 82]);
    assert_eq!(packet.options().raw().all(61).count(), 3);
    let relay = packet.relay_info().unwrap();
    assert_eq!(relay.get(SubOption::CIRCUIT_ID), Some(&[9, 8][..]));
    assert!(relay.has_relay_port());
}

#[test]
fn identifiers_that_are_none() {
    let bytes = packet(&[61, 0, 53, 0, 255]);
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!((packet.client_id(), packet.message_type()), (None, None));
    let mut long = Vec::new();
    append_option(&mut long, 61, &[7; 256]);
    let bytes = self::packet(&long);
    assert_eq!(Packet::parse(&bytes).unwrap().client_id(), None);
}

#[test]
fn relay_sub_options() {
    let payload = [
        1, 3, b'e', b't', b'h', 0, 1, 5, 5, 4, 192, 0, 2, 0, 11, 4, 192, 0, 2, 1, 12, 2, 0, 3, 255, 0, 151,
        9, 1,
    ];
    let relay = RelayInfo::parse(&payload);
    assert_eq!(relay.link_selection(), Some(Ipv4Addr::new(192, 0, 2, 0)));
    assert_eq!(relay.server_id_override(), Some(Ipv4Addr::new(192, 0, 2, 1)));
    assert_eq!(relay.relay_id(), Some(&[0, 3][..]));
    assert!(!relay.has_relay_port());
    // Codes 0 and 255 are sub-options here; what is cut off is left out.
    assert_eq!(relay.get(SubOption(0)), Some(&[5][..]));
    assert_eq!(relay.get(SubOption(255)), Some(&[][..]));
    assert_eq!((relay.get(SubOption::VIRTUAL_SUBNET), relay.options().tail()), (None, Tail::Truncated));
    for wrong in [&[5, 3, 1, 2, 3][..], &[5, 5, 1, 2, 3, 4, 5], &[5, 0], &[]] {
        assert_eq!(RelayInfo::parse(wrong).link_selection(), None);
    }
}

#[test]
fn replies() {
    let mut out = Vec::new();
    let relay = [1, 3, b'e', b't', b'h'];
    let mut b = Builder::new(&mut out, 1500, &header().reply(), Some(&relay)).unwrap();
    b.option(code::MESSAGE_TYPE, &[2]).unwrap();
    b.option(code::ROUTERS, &[7; 300]).unwrap();
    b.option(code::CLIENT_IDENTIFIER, &[]).unwrap();
    let length = b.finish(0).unwrap();
    assert_eq!(length, out.len());
    assert_eq!(&out[FIXED_LEN..FIXED_LEN + 5], [53, 1, 2, 3, 255]);
    assert_eq!(&out[FIXED_LEN + 260..FIXED_LEN + 262], [3, 45]);
    assert_eq!(out[out.len() - 10..], [61, 0, 82, 5, 1, 3, b'e', b't', b'h', 255]);
    let packet = Packet::parse(&out).unwrap();
    assert_eq!(packet.option(code::ROUTERS), Some(&[7; 300][..]));
    assert_eq!(packet.option(code::AGENT_OPTIONS), Some(&relay[..]));
}

#[test]
fn replies_are_padded_on_demand() {
    for (min_len, limit, expected) in [
        (0, 1500, FIXED_LEN + 4),
        (BOOTP_MIN_LEN, 1500, 300),
        (BOOTP_MIN_LEN, 280, 280),
        (100, 1500, FIXED_LEN + 4),
    ] {
        let mut out = vec![1, 2, 3];
        let mut b = Builder::new(&mut out, limit, &header(), Some(&[])).unwrap();
        b.option(53, &[2]).unwrap();
        assert_eq!(b.finish(min_len), Ok(expected));
        assert_eq!(out.len(), expected + 3);
        assert!(out[3 + FIXED_LEN + 4..].iter().all(|o| *o == 0));
        assert_eq!(Packet::parse(&out[3..]).unwrap().anomalies(), Anomalies::NONE);
    }
}

#[test]
fn a_full_packet_refuses_whole_options_and_still_ends() {
    let relay = [5, 4, 192, 0, 2, 1];
    let mut out = Vec::new();
    let mut b = Builder::new(&mut out, FIXED_LEN + 300, &header(), Some(&relay)).unwrap();
    assert_eq!(b.room(), 300 - 9);
    assert_eq!(b.option(1, &[0; 290]), Err(Full));
    assert_eq!(b.option(1, &[0; 288]), Err(Full));
    b.option(1, &[0; 287]).unwrap();
    assert_eq!((b.room(), b.option(2, &[])), (0, Err(Full)));
    assert_eq!(b.finish(0), Ok(FIXED_LEN + 300));
    let packet = Packet::parse(&out).unwrap();
    assert_eq!(packet.relay_info().unwrap().link_selection(), Some(Ipv4Addr::new(192, 0, 2, 1)));
    assert_eq!(packet.anomalies(), Anomalies::REPEATED_OPTION);
    let mut out = vec![5];
    assert!(Builder::new(&mut out, FIXED_LEN + 8, &header(), Some(&relay)).is_err());
    assert!(Builder::new(&mut out, 100, &header(), None).is_err());
    assert_eq!(out, [5], "nothing is left behind");
}

#[test]
fn lengths_of_options() {
    for (length, encoded) in [(0, 2), (1, 3), (255, 257), (256, 260), (510, 514), (511, 517)] {
        let value = vec![1; length];
        assert_eq!(encoded_len(&value), encoded);
        let mut out = Vec::new();
        append_option(&mut out, 255, &value);
        assert_eq!(out.len(), encoded);
        let options = wire::v4::Options::parse(&out, Framing::Plain);
        assert_eq!(options.get(255), Some(value.as_slice()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    /// The contract: any bytes after the cookie parse; writing back gives the same bytes; joined values hold all
    /// octets of their parts in order.
    #[test]
    fn any_options(options in prop::collection::vec(prop_oneof![3 => 0..6u8, 1 => any::<u8>()], 0..600)) {
        let bytes = packet(&options);
        let parsed = Packet::parse(&bytes).unwrap();
        let mut back = Vec::new();
        parsed.write(&mut Writer::new(&mut back, bytes.len())).unwrap();
        prop_assert_eq!(&back, &bytes);
        for (code, value) in parsed.options().iter() {
            let parts: Vec<u8> = parsed.options().raw().all(code.into()).flatten().copied().collect();
            prop_assert_eq!(value, parts.as_slice());
        }
        for code in 0..=255 {
            prop_assert_eq!(parsed.option(code).is_some(), parsed.options().raw().first(code.into()).is_some());
        }
    }

    /// What is built is read again.
    #[test]
    fn built_packets(options in prop::collection::vec((1..=254u8, prop::collection::vec(any::<u8>(), 0..600)), 0..20),
                     relay in prop::collection::vec(any::<u8>(), 0..300), limit in 240..4000usize) {
        let mut out = Vec::new();
        let Ok(mut b) = Builder::new(&mut out, limit, &header(), Some(&relay)) else { return Ok(()) };
        let mut expected: Vec<(u8, Vec<u8>)> = Vec::new();
        for (code, value) in options.iter().filter(|(code, _)| *code != 82) {
            if b.option(*code, value).is_ok() {
                match expected.iter_mut().find(|(known, _)| known == code) {
                    Some((_, whole)) => whole.extend(value),
                    None => expected.push((*code, value.clone())),
                }
            }
        }
        let length = b.finish(0).unwrap();
        prop_assert!(length <= limit && length == out.len());
        let packet = Packet::parse(&out).unwrap();
        if !relay.is_empty() {
            expected.push((82, relay));
        }
        let read: Vec<(u8, Vec<u8>)> = packet.options().iter().map(|(code, value)| (code, value.to_vec())).collect();
        prop_assert_eq!(read, expected);
    }
}
