//! DHCPv4 packets: the contract of the crate `wire`.
#![no_main]

use dhcproto::Decodable;
use dhcproto::v4::{DhcpOption, OptionCode};
use libfuzzer_sys::fuzz_target;
use wire::Writer;
use wire::iana::dhcp4_option as code;
use wire::v4::{Anomalies, Builder, COOKIE, FIXED_LEN, HEADER_LEN, Packet};

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    if kind % 2 == 0 {
        check(rest);
    } else {
        // A plausible header, so that no time is spent on finding the cookie.
        let mut bytes = vec![1, 1, 6, 0];
        bytes.resize(HEADER_LEN, *kind);
        bytes.extend(COOKIE);
        bytes.extend_from_slice(rest);
        check(&bytes);
    }
});

fn check(bytes: &[u8]) {
    let Ok(packet) = Packet::parse(bytes) else {
        assert!(bytes.len() < FIXED_LEN || bytes[HEADER_LEN..FIXED_LEN] != COOKIE);
        return;
    };
    let mut back = Vec::new();
    packet.write(&mut Writer::new(&mut back, bytes.len())).expect("an untouched packet fits where it was");
    assert_eq!(back, bytes, "written back");

    for (code, value) in packet.options().iter() {
        let parts: Vec<u8> = packet.options().raw().all(code.into()).flatten().copied().collect();
        assert_eq!(value, parts, "option {code}");
    }
    if let Some(relay) = packet.relay_info() {
        let _ =
            (relay.link_selection(), relay.server_id_override(), relay.relay_id(), relay.has_relay_port());
        assert!(relay.options().iter().all(|(code, value)| relay.options().get(code) == Some(value)));
    }
    let _ = (packet.client_id(), packet.hw_addr(), packet.anomalies().to_string());
    let _ = (packet.header().sname_text(), packet.header().file_text());

    rebuild(&packet);
    second_opinion(&packet);
}

/// A packet with the same header and the same options reads the same.
fn rebuild(packet: &Packet<'_>) {
    let relay = packet.option(code::AGENT_OPTIONS);
    let mut out = Vec::new();
    let mut builder = Builder::new(&mut out, usize::MAX, packet.header(), relay).expect("there is room");
    for (code, value) in packet.options().iter().filter(|(code, _)| *code != code::AGENT_OPTIONS) {
        builder.option(code, value).expect("there is room");
    }
    let length = builder.finish(0).expect("there is room");
    assert_eq!(length, out.len());
    // An index covers one datagram.
    if length > usize::from(u16::MAX) {
        return;
    }
    let again = Packet::parse(&out).expect("a packet that we built");
    assert_eq!(again.header(), packet.header());
    assert!(
        !again.anomalies().contains(Anomalies::TRUNCATED_OPTION)
            && !again.anomalies().contains(Anomalies::MISSING_END)
    );
    for (code, value) in packet.options().iter() {
        // An empty option 82 is not echoed.
        if code != code::AGENT_OPTIONS || !value.is_empty() {
            assert_eq!(again.option(code), Some(value), "option {code}");
        }
    }
}

/// dhcproto reads the header and some plain options alike. It gets a packet of these options alone: on others it
/// panics (an option 81 of less than 3 octets) or loses what follows them.
fn second_opinion(packet: &Packet<'_>) {
    let header = packet.header();
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes, 1500, header, None).expect("there is room");
    for (code, length) in [
        (code::MESSAGE_TYPE, 1),
        (code::REQUESTED_ADDRESS, 4),
        (code::LEASE_TIME, 4),
        (code::MAX_MESSAGE_SIZE, 2),
    ] {
        if let Some(value) = packet.option(code).filter(|value| value.len() == length) {
            builder.option(code, value).expect("there is room");
        }
    }
    builder.finish(0).expect("there is room");
    let ours = Packet::parse(&bytes).expect("a packet that we built");
    let other = dhcproto::v4::Message::from_bytes(&bytes).expect("a packet of plain options");
    assert_eq!(other.xid(), header.xid);
    assert_eq!(u8::from(other.opcode()), header.op.0);
    assert_eq!(other.secs(), header.secs);
    assert_eq!(u16::from(other.flags()), header.flags);
    assert_eq!(
        (other.ciaddr(), other.yiaddr(), other.siaddr(), other.giaddr()),
        (header.ciaddr, header.yiaddr, header.siaddr, header.giaddr)
    );
    if header.hlen <= 16 {
        assert_eq!(other.chaddr(), header.hardware_octets());
    }
    assert_eq!(other.opts().msg_type().map(u8::from), ours.message_type().map(|t| t.0));
    for (option, code) in [
        (OptionCode::RequestedIpAddress, code::REQUESTED_ADDRESS),
        (OptionCode::AddressLeaseTime, code::LEASE_TIME),
        (OptionCode::MaxMessageSize, code::MAX_MESSAGE_SIZE),
    ] {
        let theirs = other.opts().get(option).map(|option| match option {
            DhcpOption::RequestedIpAddress(address) => address.octets().to_vec(),
            DhcpOption::AddressLeaseTime(seconds) => seconds.to_be_bytes().to_vec(),
            DhcpOption::MaxMessageSize(size) => size.to_be_bytes().to_vec(),
            other => panic!("{other:?}"),
        });
        assert_eq!(theirs.as_deref(), ours.option(code));
    }
}
