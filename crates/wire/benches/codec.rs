//! Nanoseconds per packet of this codec and, beside it, of dhcproto. `cargo bench -p wire`
//!
//! Each figure is the median of several rounds, so that a neighbour on the machine shows in the spread only. The
//! packets are a DISCOVER of 306 octets, one relayed with option 82 (326), and the OFFER that answers the first; a
//! SOLICIT with an IA_NA and an IA_PD, alone and relayed, and the ADVERTISE that answers it.

// A bench that cannot set up its packets ends.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use base::Iaid;
use dhcproto::{Decodable, Encodable, v4 as other, v6 as other6};
use wire::Writer;
use wire::iana::bootp::Op;
use wire::iana::{dhcp4_option as code, dhcp6_option as code6};
use wire::v4::{Builder, COOKIE, Header, Packet};
use wire::v6;

const ROUNDS: usize = 31;
const ROUND: Duration = Duration::from_millis(20);

/// Median and fastest nanoseconds of one call.
fn measure(mut call: impl FnMut()) -> (f64, f64) {
    let mut batch = 1_u32;
    loop {
        let begun = Instant::now();
        (0..batch).for_each(|_| call());
        if begun.elapsed() >= ROUND {
            break;
        }
        batch *= 2;
    }
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            (0..batch).for_each(|_| call());
            begun.elapsed().as_secs_f64() * 1e9 / f64::from(batch)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    (*rounds.get(ROUNDS / 2).unwrap(), *rounds.first().unwrap())
}

fn show(what: &str, ours: impl FnMut(), theirs: impl FnMut()) {
    let (ours, ours_best) = measure(ours);
    let (theirs, theirs_best) = measure(theirs);
    println!(
        "{what:<44} {ours:>8.0} {ours_best:>8.0} {theirs:>12.0} {theirs_best:>8.0} {:>7.1}",
        theirs / ours
    );
}

fn discover(relay: Option<&[u8]>) -> Vec<u8> {
    let header = Header {
        op: Op::REQUEST,
        htype: 1,
        hlen: 6,
        hops: 0,
        xid: 0x3903_f326,
        secs: 0,
        flags: 0,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
        chaddr: [2, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        sname: &[],
        file: &[],
    };
    let mut bytes = Vec::new();
    let mut w = Writer::new(&mut bytes, 1500);
    header.write(&mut w).unwrap();
    w.bytes(&COOKIE).unwrap();
    w.bytes(&[53, 1, 1, 61, 7, 1, 2, 0, 0, 0, 0, 7, 50, 4, 192, 0, 2, 77, 57, 2, 5, 220, 12, 8]).unwrap();
    w.bytes(b"notebook").unwrap();
    w.bytes(&[60, 12]).unwrap();
    w.bytes(b"udhcp 1.35.0").unwrap();
    w.bytes(&[55, 12, 1, 3, 6, 12, 15, 26, 28, 33, 42, 51, 58, 59]).unwrap();
    if let Some(relay) = relay {
        w.bytes(relay).unwrap();
    }
    w.u8(255).unwrap();
    w.zeros((306 + relay.map_or(0, <[u8]>::len)).saturating_sub(w.written())).unwrap();
    bytes
}

const RELAY: &[u8] = &[82, 18, 1, 8, b'e', b't', b'h', b'0', b'/', b'1', b'/', b'2', 2, 6, 2, 0, 0, 0, 9, 9];

/// What a server sends to the client above.
fn offer(query: &Header<'_>, out: &mut Vec<u8>) -> usize {
    let mut header = query.reply();
    header.yiaddr = Ipv4Addr::new(192, 0, 2, 77);
    let mut b = Builder::new(out, 1472, &header, None).unwrap();
    b.option(code::MESSAGE_TYPE, &[2]).unwrap();
    b.option(code::SUBNET_MASK, &[255, 255, 255, 0]).unwrap();
    b.option(code::ROUTERS, &[192, 0, 2, 1]).unwrap();
    b.option(code::DOMAIN_NAME_SERVERS, &[192, 0, 2, 1, 192, 0, 2, 2]).unwrap();
    b.option(code::DOMAIN_NAME, b"example.org").unwrap();
    b.option(code::LEASE_TIME, &3600_u32.to_be_bytes()).unwrap();
    b.option(code::SERVER_IDENTIFIER, &[192, 0, 2, 1]).unwrap();
    b.option(code::RENEWAL_TIME, &1800_u32.to_be_bytes()).unwrap();
    b.option(code::REBINDING_TIME, &3150_u32.to_be_bytes()).unwrap();
    b.option(code::CLIENT_IDENTIFIER, &[1, 2, 0, 0, 0, 0, 7]).unwrap();
    b.finish(0).unwrap()
}

fn their_offer() -> other::Message {
    let mut message = other::Message::default();
    message
        .set_opcode(other::Opcode::BootReply)
        .set_xid(0x3903_f326)
        .set_yiaddr(Ipv4Addr::new(192, 0, 2, 77))
        .set_chaddr(&[2, 0, 0, 0, 0, 7]);
    let options = message.opts_mut();
    let server = Ipv4Addr::new(192, 0, 2, 1);
    options.insert(other::DhcpOption::MessageType(other::MessageType::Offer));
    options.insert(other::DhcpOption::SubnetMask(Ipv4Addr::new(255, 255, 255, 0)));
    options.insert(other::DhcpOption::Router(vec![server]));
    options.insert(other::DhcpOption::DomainNameServer(vec![server, Ipv4Addr::new(192, 0, 2, 2)]));
    options.insert(other::DhcpOption::DomainName("example.org".to_owned()));
    options.insert(other::DhcpOption::AddressLeaseTime(3600));
    options.insert(other::DhcpOption::ServerIdentifier(server));
    options.insert(other::DhcpOption::Renewal(1800));
    options.insert(other::DhcpOption::Rebinding(3150));
    options.insert(other::DhcpOption::ClientIdentifier(vec![1, 2, 0, 0, 0, 0, 7]));
    message
}

fn main() {
    println!("{:<44} {:>17} {:>21}", "", "ours", "dhcproto");
    println!(
        "{:<44} {:>8} {:>8} {:>12} {:>8} {:>7}",
        "ns per operation", "median", "best", "median", "best", "ratio"
    );
    let direct = discover(None);
    let relayed = discover(Some(RELAY));
    for (what, bytes) in [("parse DISCOVER", &direct), ("parse relayed DISCOVER", &relayed)] {
        show(
            &format!("{what}, {} octets", bytes.len()),
            || {
                let _ = black_box(Packet::parse(black_box(bytes)));
            },
            || {
                let _ = black_box(other::Message::from_bytes(black_box(bytes)));
            },
        );
    }
    show(
        "parse, and read type, ids, list, relay",
        || {
            let packet = Packet::parse(black_box(&relayed)).unwrap();
            black_box((packet.message_type(), packet.client_id(), packet.hw_addr(), packet.option(55)));
            let _ = black_box(
                packet.relay_info().map(|relay| (relay.link_selection(), relay.server_id_override())),
            );
        },
        || {
            let packet = other::Message::from_bytes(black_box(&relayed)).unwrap();
            let options = packet.opts();
            black_box((
                options.msg_type(),
                options.get(other::OptionCode::ClientIdentifier),
                packet.chaddr(),
            ));
            black_box((
                options.get(other::OptionCode::ParameterRequestList),
                options.get(other::OptionCode::RelayAgentInformation),
            ));
        },
    );
    let query = Packet::parse(&direct).unwrap().header().clone();
    let mut out = Vec::with_capacity(1500);
    let size = offer(&query, &mut out);
    let message = their_offer();
    show(
        &format!("build and encode OFFER, {size} octets"),
        || {
            out.clear();
            black_box(offer(black_box(&query), &mut out));
        },
        || {
            let _ = black_box(their_offer().to_vec());
        },
    );
    let mut copy = Vec::with_capacity(1500);
    let whole = Packet::parse(&direct).unwrap();
    show(
        "encode only (ours: write back the DISCOVER)",
        || {
            copy.clear();
            let _ = black_box(whole.write(&mut Writer::new(&mut copy, 1500)));
        },
        || {
            let _ = black_box(message.to_vec());
        },
    );
    v6();
}

/// dhcproto reads the relayed message wrongly and only the fixed part of the relay agent's counts.
fn v6() {
    let plain = solicit();
    let mut relayed = vec![12, 0];
    relayed.resize(34, 1);
    relayed.extend([0, 18, 0, 4]);
    relayed.extend(b"eth0");
    relayed.extend([0, 79, 0, 8, 0, 1, 2, 0, 0, 0, 0, 7, 0, 9]);
    relayed.extend(u16::try_from(plain.len()).unwrap().to_be_bytes());
    relayed.extend(&plain);
    for (what, bytes) in [("parse SOLICIT", &plain), ("parse relayed SOLICIT", &relayed)] {
        show(
            &format!("{what}, {} octets", bytes.len()),
            || {
                let _ = black_box(v6::Packet::parse(black_box(bytes)));
            },
            || {
                if bytes.first() == Some(&12) {
                    let _ = black_box(other6::RelayMessage::from_bytes(black_box(bytes)));
                } else {
                    let _ = black_box(other6::Message::from_bytes(black_box(bytes)));
                }
            },
        );
    }
    show(
        "parse SOLICIT and read its associations",
        || {
            let packet = v6::Packet::parse(black_box(&plain)).unwrap();
            black_box(packet.message().client_id());
            for ia in packet.message().ias() {
                black_box((ia.iaid, ia.addresses().count(), ia.prefixes().count()));
            }
        },
        || {
            let _ = black_box(other6::Message::from_bytes(black_box(&plain)));
        },
    );
    let query = v6::Packet::parse(&relayed).unwrap();
    let direct = v6::Packet::parse(&plain).unwrap();
    let mut out = Vec::with_capacity(1500);
    for (what, query) in [("ADVERTISE", &direct), ("relayed ADVERTISE", &query)] {
        let size = advertise(query, &mut out);
        let message = other6::Message::from_bytes(&plain).unwrap();
        show(
            &format!("build {what}, {size} octets (theirs: SOLICIT)"),
            || {
                out.clear();
                black_box(advertise(black_box(query), &mut out));
            },
            || {
                let _ = black_box(message.to_vec());
            },
        );
    }
}

fn solicit() -> Vec<u8> {
    let header = v6::Header { message_type: v6::MessageType::SOLICIT, transaction: 0x0039_03f3 };
    let mut bytes = Vec::new();
    let mut b = v6::Builder::new(&mut bytes, 1500, &header).unwrap();
    b.option(code6::CLIENT_ID, &[0, 1, 0, 1, 0x2c, 1, 2, 3, 2, 0, 0, 0, 0, 7]).unwrap();
    b.option(code6::ORO, &[0, 23, 0, 24, 0, 39, 0, 31, 0, 56, 0, 82, 0, 83]).unwrap();
    b.option(code6::ELAPSED_TIME, &[0, 0]).unwrap();
    let ia = b.ia(v6::IaKind::Na, Iaid(7), 3600, 5400).unwrap();
    b.close(ia).unwrap();
    let ia = b.ia(v6::IaKind::Pd, Iaid(7), 3600, 5400).unwrap();
    let hint = b.ia_prefix(Ipv6Addr::UNSPECIFIED, 56, 0, 0).unwrap();
    b.close(hint).unwrap();
    b.close(ia).unwrap();
    b.finish().unwrap();
    bytes
}

/// What a server sends to the client above.
fn advertise(query: &v6::Packet<'_>, out: &mut Vec<u8>) -> usize {
    out.clear();
    let server = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let mut b = v6::Builder::reply(out, 1232, query, v6::MessageType::ADVERTISE).unwrap();
    b.option(code6::CLIENT_ID, query.message().option(code6::CLIENT_ID).unwrap()).unwrap();
    b.option(code6::SERVER_ID, &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1]).unwrap();
    b.option(code6::DNS_SERVERS, &server.octets()).unwrap();
    let ia = b.ia(v6::IaKind::Na, Iaid(7), 1800, 2880).unwrap();
    let address = b.ia_addr(server, 3600, 7200).unwrap();
    b.close(address).unwrap();
    b.close(ia).unwrap();
    let ia = b.ia(v6::IaKind::Pd, Iaid(7), 1800, 2880).unwrap();
    let prefix = b.ia_prefix(server, 56, 3600, 7200).unwrap();
    b.close(prefix).unwrap();
    b.close(ia).unwrap();
    b.finish().unwrap()
}
