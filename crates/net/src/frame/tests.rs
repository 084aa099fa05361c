use proptest::prelude::*;

use super::*;

const CLIENT: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);
const SERVER: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

fn frame(payload: &[u8]) -> Vec<u8> {
    let from = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), 68);
    let to = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 67);
    let mut frame = headers(CLIENT, SERVER, from, to, payload).unwrap().to_vec();
    frame.extend_from_slice(payload);
    frame
}

/// Sets octets of the IPv4 header and makes its checksum right again.
fn with_ip(mut frame: Vec<u8>, at: usize, octets: &[u8]) -> Vec<u8> {
    frame[ETHERNET_HEADER + at..][..octets.len()].copy_from_slice(octets);
    let length = usize::from(frame[ETHERNET_HEADER] & 15) * 4;
    frame[ETHERNET_HEADER + 10..][..2].fill(0);
    if let Some(header) = frame.get(ETHERNET_HEADER..ETHERNET_HEADER + length) {
        let checksum = !fold(sum(header, 0));
        frame[ETHERNET_HEADER + 10..][..2].copy_from_slice(&checksum.to_be_bytes());
    }
    frame
}

fn with(mut frame: Vec<u8>, at: usize, octets: &[u8]) -> Vec<u8> {
    frame[at..][..octets.len()].copy_from_slice(octets);
    frame
}

/// A frame with IPv4 options: `words` no-operation words between the fixed header and UDP.
fn with_options(words: usize) -> Vec<u8> {
    let mut all = frame(b"message!");
    let at = ETHERNET_HEADER + IPV4_HEADER;
    all.splice(at..at, vec![1; 4 * words]);
    let total = u16::try_from(all.len() - ETHERNET_HEADER).unwrap();
    let all = with_ip(all, 2, &total.to_be_bytes());
    with_ip(all, 0, &[0x40 | u8::try_from(5 + words).unwrap()])
}

#[test]
fn checksum_of_a_known_header() {
    // The example of the IPv4 header checksum that textbooks and RFC 1071 exercises use.
    let header = [
        0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0,
        0xa8, 0x00, 0xc7,
    ];
    assert_eq!(fold(sum(&header, 0)), 0xffff);
    let mut unset = header;
    unset[10..12].fill(0);
    assert_eq!(!fold(sum(&unset, 0)), 0xb861);
}

#[test]
fn built_frame_octet_by_octet() {
    let all = frame(&[0xab]);
    assert_eq!(all[..14], [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0]);
    assert_eq!(all[14..24], [0x45, 0x10, 0, 29, 0, 0, 0x40, 0, 128, 17]);
    assert_eq!(all[26..34], [192, 0, 2, 9, 192, 0, 2, 1]);
    assert_eq!(all[34..40], [0, 68, 0, 67, 0, 9]);
    // 0xc000+0x0209+0xc000+0x0201 + 17 + 9 + 68+67+9 + 0xab00 = 0x22fb4 -> 0x2fb6, complement 0xd049.
    assert_eq!(all[40..42], (!fold(0x22fb4)).to_be_bytes());
    assert_eq!(all.len(), 43);
}

#[test]
fn udp_checksum_is_never_zero_on_the_wire() {
    // Among all two-octet payloads one makes the sum come out as zero.
    let mut seen = false;
    for value in 0..=u16::MAX {
        let all = frame(&value.to_be_bytes());
        assert_ne!(all[40..42], [0, 0]);
        if all[40..42] == [0xff, 0xff] {
            seen = true;
            assert!(parse(&all, Checksum::Unknown).is_ok());
        }
    }
    assert!(seen);
}

#[test]
fn malformed_frames() {
    let good = || frame(b"message!");
    let cases: Vec<(&str, Vec<u8>, FrameError)> = vec![
        ("empty", vec![], FrameError::Short),
        ("cut in the Ethernet header", good()[..13].to_vec(), FrameError::Short),
        ("cut in the IPv4 header", good()[..33].to_vec(), FrameError::Short),
        ("ARP", with(good(), 12, &[8, 6]), FrameError::NotIpv4),
        ("tag in the frame", with(good(), 12, &[0x81, 0]), FrameError::NotIpv4),
        ("version 6", with_ip(good(), 0, &[0x65]), FrameError::NotIpv4),
        ("header length 0", with_ip(good(), 0, &[0x40]), FrameError::HeaderLength),
        ("header length 16", with_ip(good(), 0, &[0x44]), FrameError::HeaderLength),
        ("header longer than the packet", with_ip(good(), 0, &[0x4f]), FrameError::HeaderLength),
        ("total length 0", with_ip(good(), 2, &[0, 0]), FrameError::HeaderLength),
        ("total length 19", with_ip(good(), 2, &[0, 19]), FrameError::HeaderLength),
        ("total length without UDP", with_ip(good(), 2, &[0, 27]), FrameError::UdpLength),
        ("total length one too long", with_ip(good(), 2, &[0, 37]), FrameError::TotalLength),
        ("total length 65535", with_ip(good(), 2, &[0xff, 0xff]), FrameError::TotalLength),
        ("total length cuts the datagram", with_ip(good(), 2, &[0, 35]), FrameError::UdpLength),
        ("header checksum", with(good(), ETHERNET_HEADER + 8, &[127]), FrameError::HeaderChecksum),
        ("first fragment", with_ip(good(), 6, &[0x20, 0]), FrameError::Fragment),
        ("last fragment", with_ip(good(), 6, &[0, 1]), FrameError::Fragment),
        ("TCP", with_ip(good(), 9, &[6]), FrameError::NotUdp),
        ("UDP length 0", with(good(), 38, &[0, 0]), FrameError::UdpLength),
        ("UDP length 7", with(good(), 38, &[0, 7]), FrameError::UdpLength),
        ("UDP length one too long", with(good(), 38, &[0, 17]), FrameError::UdpLength),
        ("UDP length 65535", with(good(), 38, &[0xff, 0xff]), FrameError::UdpLength),
        ("UDP checksum", with(good(), 40, &[1, 2]), FrameError::UdpChecksum),
        ("payload changed", with(good(), 45, b"X"), FrameError::UdpChecksum),
        ("address changed under the header checksum", with_ip(good(), 12, &[10]), FrameError::UdpChecksum),
    ];
    for (what, octets, error) in cases {
        assert_eq!(parse(&octets, Checksum::Unknown), Err(error), "{what}");
    }
}

#[test]
fn accepted_frames() {
    let cases: Vec<(&str, Vec<u8>, Checksum, &[u8])> = vec![
        ("plain", frame(b"message!"), Checksum::Unknown, b"message!"),
        ("empty payload", frame(b""), Checksum::Unknown, b""),
        ("odd payload", frame(b"odd"), Checksum::Unknown, b"odd"),
        ("padded to the least frame", [frame(b"x"), vec![0xee; 17]].concat(), Checksum::Unknown, b"x"),
        ("no UDP checksum", with(frame(b"message!"), 40, &[0, 0]), Checksum::Unknown, b"message!"),
        ("checksum left to the card", with(frame(b"message!"), 40, &[1, 2]), Checksum::Settled, b"message!"),
        ("one word of IPv4 options", with_options(1), Checksum::Unknown, b"message!"),
        ("ten words of IPv4 options", with_options(10), Checksum::Unknown, b"message!"),
    ];
    for (what, octets, checksum, payload) in cases {
        let datagram = parse(&octets, checksum).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(&octets[datagram.payload.clone()], payload, "{what}");
        assert_eq!(datagram.link_source, CLIENT, "{what}");
        assert_eq!(datagram.source.to_string(), "192.0.2.9:68", "{what}");
        assert_eq!(datagram.destination.to_string(), "192.0.2.1:67", "{what}");
    }
    // Octets behind the UDP length, inside the IPv4 packet: not payload, not in the checksum.
    let mut longer = frame(b"message!");
    longer.extend([0xee; 4]);
    let longer = with_ip(longer, 2, &[0, 40]);
    assert_eq!(parse(&longer, Checksum::Unknown).unwrap().payload, 42..50);
}

#[test]
fn longest_payload() {
    let from = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 67);
    assert!(headers(SERVER, CLIENT, from, from, &vec![0; MAX_PAYLOAD]).is_some());
    assert!(headers(SERVER, CLIENT, from, from, &vec![0; MAX_PAYLOAD + 1]).is_none());
}

proptest! {
    #[test]
    fn what_is_built_parses(
        payload in proptest::collection::vec(any::<u8>(), 0..1500),
        from: u32, to: u32, from_port: u16, to_port: u16,
        padding in 0usize..50,
    ) {
        let from = SocketAddrV4::new(from.into(), from_port);
        let to = SocketAddrV4::new(to.into(), to_port);
        let mut all = headers(CLIENT, SERVER, from, to, &payload).unwrap().to_vec();
        all.extend_from_slice(&payload);
        all.resize(all.len() + padding, 0xee);
        let datagram = parse(&all, Checksum::Unknown).unwrap();
        prop_assert_eq!(&all[datagram.payload], &payload[..]);
        prop_assert_eq!((datagram.source, datagram.destination), (from, to));
    }

    #[test]
    fn any_frame_is_harmless(mut octets in proptest::collection::vec(any::<u8>(), 0..120), ipv4: bool) {
        if ipv4 && octets.len() > 14 {
            octets[12] = 8;
            octets[13] = 0;
            octets[14] = 0x40 | (octets[14] & 15);
        }
        for checksum in [Checksum::Unknown, Checksum::Settled] {
            if let Ok(datagram) = parse(&octets, checksum) {
                prop_assert!(octets.get(datagram.payload).is_some());
            }
        }
    }

    /// One flipped bit is either noticed or lies where the checks do not reach (Ethernet addresses).
    #[test]
    fn a_flipped_bit_is_noticed(bit in 14 * 8..50 * 8usize) {
        let mut all = frame(b"message!");
        all[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(parse(&all, Checksum::Unknown).is_err());
    }

    #[test]
    fn sum_equals_the_simple_one(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut simple = 0u32;
        for pair in octets.chunks(2) {
            simple += u32::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u32::from);
            simple = (simple & 0xffff) + (simple >> 16);
        }
        prop_assert_eq!(u32::from(fold(sum(&octets, 0))), simple);
    }
}
