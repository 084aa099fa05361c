//! DHCPv6 packets: the contract of the crate `wire`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::iana::dhcp6_option as code;
use wire::v6::{Builder, HEADER_LEN, MAX_RELAYS, Message, MessageType, Packet, RELAY_HEADER_LEN, walk};
use wire::{RawOptions, Tail, Writer};

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    if kind % 2 == 0 {
        check(rest);
        return;
    }
    // The input relayed a few times, so that no time is spent on finding the headers.
    let mut bytes = rest.to_vec();
    for hops in 0..(kind >> 1) % 40 {
        let Ok(length) = u16::try_from(bytes.len()) else { return };
        let mut outer = vec![12, hops];
        outer.resize(RELAY_HEADER_LEN, *kind);
        outer.extend([0, 18, 0, 1, hops, 0, 9]);
        outer.extend(length.to_be_bytes());
        outer.extend(bytes);
        bytes = outer;
    }
    check(&bytes);
});

fn check(bytes: &[u8]) {
    if let Ok(message) = Message::parse(bytes) {
        look(&message);
    }
    let Ok(packet) = Packet::parse(bytes) else {
        assert!(bytes.len() < HEADER_LEN || matches!(bytes[0], 12 | 13));
        return;
    };
    let mut back = Vec::new();
    packet.write(&mut Writer::new(&mut back, bytes.len())).expect("an untouched packet fits where it was");
    assert_eq!(back, bytes, "written back");
    assert!(packet.relays().len() <= MAX_RELAYS);
    let _ = packet.anomalies().to_string();
    for relay in packet.relays() {
        let _ = (relay.interface_id(), relay.source_port(), relay.remote_id(), relay.subscriber_id());
        let _ = (relay.relay_id(), relay.client_link_layer_address(), relay.supplied().count());
    }
    look(packet.message());
    reply(&packet);
}

fn look(message: &Message<'_>) {
    let _ = (message.client_id(), message.server_id(), message.elapsed(), message.status());
    let _ = message.requested().count();
    for ia in message.ias() {
        let _ = (ia.status(), ia.addresses().filter_map(|a| a.status()).count());
        let _ = ia.prefixes().filter_map(|p| p.prefix()).count();
    }
    assert!(walk(message.options()).filter(|nested| nested.depth == 0).count() >= message.options().len());
}

/// An answer with the same options mirrors the relay agents and reads the same.
fn reply(query: &Packet<'_>) {
    let mut out = Vec::new();
    let mut builder = Builder::reply(&mut out, 65_535, query, MessageType::REPLY).expect("there is room");
    let mut written = Vec::new();
    for option in query.message().options().iter() {
        if builder.option(option.code, option.value).is_ok() {
            written.push(option);
        }
    }
    // The answer has of each relay agent no more than the query has.
    let length = builder.finish().expect("no longer than the query");
    assert_eq!(length, out.len());
    let again = Packet::parse(&out).expect("a packet that we built");
    assert_eq!(again.relays().len(), query.relays().len());
    for (reply, query) in again.relays().iter().zip(query.relays()) {
        assert_eq!(reply.header().message_type, MessageType::RELAY_REPL);
        assert_eq!(reply.header().hop_count, query.header().hop_count);
        assert_eq!(reply.header().link_address, query.header().link_address);
        assert_eq!(reply.header().peer_address, query.header().peer_address);
        for code in [code::INTERFACE_ID, code::RELAY_SOURCE_PORT] {
            assert_eq!(reply.options().first(code), query.options().first(code));
        }
    }
    assert_eq!(again.message().transaction(), query.message().transaction());
    assert!(again.message().options().iter().eq(written));
    assert_ne!(RawOptions::parse6(again.message().bytes().get(4..).unwrap_or(&[])).tail(), Tail::Truncated);
}
