//! Ethernet, IPv4 and UDP headers around a DHCPv4 message: checked on the way in, built on the way out.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::Range;

/// An Ethernet address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    pub const BROADCAST: Self = Self([0xff; 6]);
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Why a received frame or datagram was refused before anybody looked at its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FrameError {
    #[error("the frame is too short for its headers")]
    Short,
    #[error("the packet is longer than the receive buffer")]
    Oversize,
    #[error("the frame does not carry IPv4")]
    NotIpv4,
    #[error("the frame belongs to another VLAN")]
    Vlan,
    #[error("the length of the IPv4 header is invalid")]
    HeaderLength,
    #[error("the total length of the IPv4 packet is invalid")]
    TotalLength,
    #[error("the checksum of the IPv4 header is wrong")]
    HeaderChecksum,
    #[error("the packet is a fragment")]
    Fragment,
    #[error("the packet is not UDP")]
    NotUdp,
    #[error("the UDP length is invalid")]
    UdpLength,
    #[error("the UDP checksum is wrong")]
    UdpChecksum,
    #[error("the packet is for another address or port")]
    NotForUs,
    #[error("the kernel did not say where the packet came from")]
    NoSource,
}

/// Whether the UDP checksum of a received frame means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// It has to be verified.
    Unknown,
    /// The kernel or the card verified it, or (a sender on this machine) it was never computed.
    Settled,
}

/// The facts of a frame that passed all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Datagram4 {
    pub(crate) link_source: MacAddr,
    pub(crate) source: SocketAddrV4,
    pub(crate) destination: SocketAddrV4,
    /// Where the UDP payload lies in the frame.
    pub(crate) payload: Range<usize>,
}

pub(crate) const ETHERNET_HEADER: usize = 14;
const IPV4_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
const ETHERTYPE_IPV4: u16 = 0x0800;
const PROTOCOL_UDP: u8 = 17;
/// More-fragments flag and fragment offset.
const FRAGMENT_BITS: u16 = 0x3fff;

/// Everything before the payload of a frame that we send.
pub(crate) const HEADERS: usize = ETHERNET_HEADER + IPV4_HEADER + UDP_HEADER;
/// Longest payload of a UDP datagram over IPv4 without options.
pub(crate) const MAX_PAYLOAD: usize = 65_535 - IPV4_HEADER - UDP_HEADER;

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// Checks an untagged Ethernet frame down to its UDP payload. Octets after the IPv4 total length (padding of short
/// frames) and after the UDP length are ignored, as the kernel's own UDP does.
pub(crate) fn parse(frame: &[u8], checksum: Checksum) -> Result<Datagram4, FrameError> {
    let link_source = array(frame, 6).map(MacAddr).ok_or(FrameError::Short)?;
    if u16_at(frame, 12).ok_or(FrameError::Short)? != ETHERTYPE_IPV4 {
        return Err(FrameError::NotIpv4);
    }
    let captured = frame.get(ETHERNET_HEADER..).ok_or(FrameError::Short)?;
    let fixed: [u8; IPV4_HEADER] = array(captured, 0).ok_or(FrameError::Short)?;
    let [version_length, _, t0, t1, _, _, f0, f1, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = fixed;
    if version_length >> 4 != 4 {
        return Err(FrameError::NotIpv4);
    }
    let header_length = usize::from(version_length & 0x0f) * 4;
    let total_length = usize::from(u16::from_be_bytes([t0, t1]));
    if header_length < IPV4_HEADER {
        return Err(FrameError::HeaderLength);
    }
    let packet = captured.get(..total_length).ok_or(FrameError::TotalLength)?;
    let header = packet.get(..header_length).ok_or(FrameError::HeaderLength)?;
    let datagram = packet.get(header_length..).unwrap_or(&[]);
    if fold(sum(header, 0)) != 0xffff {
        return Err(FrameError::HeaderChecksum);
    }
    if u16::from_be_bytes([f0, f1]) & FRAGMENT_BITS != 0 {
        return Err(FrameError::Fragment);
    }
    if protocol != PROTOCOL_UDP {
        return Err(FrameError::NotUdp);
    }
    let udp: [u8; UDP_HEADER] = array(datagram, 0).ok_or(FrameError::UdpLength)?;
    let [sp0, sp1, dp0, dp1, l0, l1, c0, c1] = udp;
    let udp_length = usize::from(u16::from_be_bytes([l0, l1]));
    if udp_length < UDP_HEADER {
        return Err(FrameError::UdpLength);
    }
    let datagram = datagram.get(..udp_length).ok_or(FrameError::UdpLength)?;
    let source = Ipv4Addr::new(s0, s1, s2, s3);
    let destination = Ipv4Addr::new(d0, d1, d2, d3);
    // A sender without UDP checksum writes 0 (RFC 768).
    if checksum == Checksum::Unknown
        && [c0, c1] != [0, 0]
        && fold(sum(datagram, pseudo_header(source, destination, udp_length))) != 0xffff
    {
        return Err(FrameError::UdpChecksum);
    }
    let start = ETHERNET_HEADER + header_length + UDP_HEADER;
    Ok(Datagram4 {
        link_source,
        source: SocketAddrV4::new(source, u16::from_be_bytes([sp0, sp1])),
        destination: SocketAddrV4::new(destination, u16::from_be_bytes([dp0, dp1])),
        payload: start..start + (udp_length - UDP_HEADER),
    })
}

/// The headers of a frame that carries `payload`; `None` when it is too long for a UDP datagram.
///
/// As Kea and dhcpd send them: low delay, not to be fragmented, 128 hops.
pub(crate) fn headers(
    link_source: MacAddr,
    link_destination: MacAddr,
    source: SocketAddrV4,
    destination: SocketAddrV4,
    payload: &[u8],
) -> Option<[u8; HEADERS]> {
    if payload.len() > MAX_PAYLOAD {
        return None;
    }
    let udp_length = UDP_HEADER + payload.len();
    let udp_length_field = u16::try_from(udp_length).ok()?.to_be_bytes();
    let total_length = u16::try_from(IPV4_HEADER + udp_length).ok()?.to_be_bytes();

    let mut ip = [0; IPV4_HEADER];
    {
        let mut writer = Fields(&mut ip);
        writer.put(&[0x45, 0x10]);
        writer.put(&total_length);
        writer.put(&[0, 0, 0x40, 0, 128, PROTOCOL_UDP, 0, 0]);
        writer.put(&source.ip().octets());
        writer.put(&destination.ip().octets());
    }
    let ip_checksum = (!fold(sum(&ip, 0))).to_be_bytes();
    Fields(ip.get_mut(10..)?).put(&ip_checksum);

    let mut udp = [0; UDP_HEADER];
    {
        let mut writer = Fields(&mut udp);
        writer.put(&source.port().to_be_bytes());
        writer.put(&destination.port().to_be_bytes());
        writer.put(&udp_length_field);
    }
    let partial = sum(&udp, pseudo_header(*source.ip(), *destination.ip(), udp_length));
    // 0 on the wire would mean "no checksum"; its complement is the same number (RFC 768).
    let udp_checksum = match !fold(sum(payload, partial)) {
        0 => 0xffff,
        value => value,
    };
    Fields(udp.get_mut(6..)?).put(&udp_checksum.to_be_bytes());

    let mut all = [0; HEADERS];
    let mut writer = Fields(&mut all);
    writer.put(&link_destination.0);
    writer.put(&link_source.0);
    writer.put(&ETHERTYPE_IPV4.to_be_bytes());
    writer.put(&ip);
    writer.put(&udp);
    Some(all)
}

/// Writes field after field; what does not fit is left out (the callers' sizes add up).
struct Fields<'a>(&'a mut [u8]);

impl Fields<'_> {
    fn put(&mut self, bytes: &[u8]) {
        if let Some((head, tail)) = std::mem::take(&mut self.0).split_at_mut_checked(bytes.len()) {
            head.copy_from_slice(bytes);
            self.0 = tail;
        }
    }
}

/// The sum over addresses, protocol and length that starts a UDP checksum.
fn pseudo_header(source: Ipv4Addr, destination: Ipv4Addr, udp_length: usize) -> u64 {
    let mut start = u64::from(PROTOCOL_UDP) + u64::try_from(udp_length).unwrap_or(0);
    for address in [source, destination] {
        start += u64::from(u32::from(address));
    }
    start
}

/// Adds the octets as big-endian numbers; a 64-bit sum of 32-bit words cannot overflow for any packet, and ones'
/// complement addition (RFC 1071) does not mind the wider words.
pub(crate) fn sum(octets: &[u8], start: u64) -> u64 {
    let (words, rest) = octets.as_chunks::<4>();
    let mut total = start;
    for word in words {
        total += u64::from(u32::from_be_bytes(*word));
    }
    let mut last = [0; 4];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    total + u64::from(u32::from_be_bytes(last))
}

pub(crate) fn fold(mut total: u64) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    u16::try_from(total).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
