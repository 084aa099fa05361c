//! DHCPv4 packets as clients and relays send them (RFC 2131, RFC 3046). Headers are encoded by dhcproto, so that
//! the codec of the server never reads its own handwriting; options are put behind them in the order given.

use std::net::Ipv4Addr;

use base::HwAddr;
use dhcproto::Encodable;
use dhcproto::v4::{Flags, HType, Message, Opcode};

/// Message types (option 53).
pub mod kind {
    pub const DISCOVER: u8 = 1;
    pub const OFFER: u8 = 2;
    pub const REQUEST: u8 = 3;
    pub const DECLINE: u8 = 4;
    pub const ACK: u8 = 5;
    pub const NAK: u8 = 6;
    pub const RELEASE: u8 = 7;
    pub const INFORM: u8 = 8;
    pub const LEASEQUERY: u8 = 10;
    pub const LEASEUNASSIGNED: u8 = 11;
    pub const LEASEUNKNOWN: u8 = 12;
    pub const LEASEACTIVE: u8 = 13;
}

/// Octets of header and magic cookie.
const FIXED: usize = 240;
/// The least size of a BOOTP message (RFC 1542 section 2.1).
const BOOTP_MIN: usize = 300;

/// A packet under construction.
#[derive(Clone, Debug)]
pub struct Packet4 {
    pub op: u8,
    pub htype: u8,
    /// `None`: the length of `chaddr`.
    pub hlen: Option<u8>,
    pub hops: u8,
    pub xid: u32,
    pub secs: u16,
    pub broadcast: bool,
    pub ciaddr: Ipv4Addr,
    pub yiaddr: Ipv4Addr,
    pub siaddr: Ipv4Addr,
    pub giaddr: Ipv4Addr,
    pub chaddr: Vec<u8>,
    /// In the order in which they are sent; a code may come several times.
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Packet4 {
    /// A request without options; `kind` 0 leaves out option 53.
    #[must_use]
    pub fn new(kind: u8, hw_addr: &HwAddr) -> Self {
        let mut packet = Self {
            op: 1,
            htype: u8::try_from(hw_addr.htype()).unwrap_or(0),
            hlen: None,
            hops: 0,
            xid: 0x1234_5678,
            secs: 0,
            broadcast: false,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            chaddr: hw_addr.octets().to_vec(),
            options: Vec::new(),
        };
        if kind != 0 {
            packet.options.push((53, vec![kind]));
        }
        packet
    }

    #[must_use]
    pub fn discover(hw_addr: &HwAddr) -> Self {
        Self::new(kind::DISCOVER, hw_addr)
    }

    /// REQUEST of the SELECTING state: takes up an offer.
    #[must_use]
    pub fn request_selecting(hw_addr: &HwAddr, server: Ipv4Addr, address: Ipv4Addr) -> Self {
        Self::new(kind::REQUEST, hw_addr).address(54, server).address(50, address)
    }

    /// REQUEST of the INIT-REBOOT state: checks an address known from before.
    #[must_use]
    pub fn request_init_reboot(hw_addr: &HwAddr, address: Ipv4Addr) -> Self {
        Self::new(kind::REQUEST, hw_addr).address(50, address)
    }

    /// REQUEST of the RENEWING state (sent to the server) or REBINDING (broadcast): the same bytes.
    #[must_use]
    pub fn request_extension(hw_addr: &HwAddr, address: Ipv4Addr) -> Self {
        Self { ciaddr: address, ..Self::new(kind::REQUEST, hw_addr) }
    }

    #[must_use]
    pub fn release(hw_addr: &HwAddr, server: Ipv4Addr, address: Ipv4Addr) -> Self {
        Self { ciaddr: address, ..Self::new(kind::RELEASE, hw_addr).address(54, server) }
    }

    #[must_use]
    pub fn decline(hw_addr: &HwAddr, server: Ipv4Addr, address: Ipv4Addr) -> Self {
        Self::new(kind::DECLINE, hw_addr).address(54, server).address(50, address)
    }

    #[must_use]
    pub fn inform(hw_addr: &HwAddr, address: Ipv4Addr) -> Self {
        Self { ciaddr: address, ..Self::new(kind::INFORM, hw_addr) }
    }

    /// Adds an option; values above 255 octets go out in parts (RFC 3396).
    #[must_use]
    pub fn option(mut self, code: u8, value: &[u8]) -> Self {
        self.options.push((code, value.to_vec()));
        self
    }

    /// Adds an option that holds one address.
    #[must_use]
    pub fn address(self, code: u8, address: Ipv4Addr) -> Self {
        self.option(code, &address.octets())
    }

    /// What a relay does: its address, a hop, and option 82 with the sub-options.
    #[must_use]
    pub fn relayed(mut self, giaddr: Ipv4Addr, sub_options: &[(u8, &[u8])]) -> Self {
        self.giaddr = giaddr;
        self.hops = self.hops.saturating_add(1);
        if sub_options.is_empty() {
            return self;
        }
        let mut value = Vec::new();
        for (code, data) in sub_options {
            append(&mut value, *code, data);
        }
        self.option(82, &value)
    }

    /// The packet as it travels.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut header = Message::new(self.ciaddr, self.yiaddr, self.siaddr, self.giaddr, &self.chaddr);
        header
            .set_opcode(Opcode::from(self.op))
            .set_htype(HType::from(self.htype))
            .set_hops(self.hops)
            .set_xid(self.xid)
            .set_secs(self.secs)
            .set_flags(if self.broadcast { Flags::default().set_broadcast() } else { Flags::default() });
        let mut bytes = header.to_vec().expect("a header of fixed fields is encodable");
        bytes.truncate(FIXED);
        if let (Some(hlen), Some(octet)) = (self.hlen, bytes.get_mut(2)) {
            *octet = hlen;
        }
        for (code, value) in &self.options {
            append(&mut bytes, *code, value);
        }
        bytes.push(255);
        bytes.resize(bytes.len().max(BOOTP_MIN), 0);
        bytes
    }
}

fn append(out: &mut Vec<u8>, code: u8, value: &[u8]) {
    let mut rest = value;
    loop {
        let (part, after) = rest.split_at(rest.len().min(255));
        out.push(code);
        out.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(part);
        rest = after;
        if rest.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply4;

    #[test]
    fn builds_what_the_parsers_read() {
        let hw_addr = HwAddr::parse("08:00:2b:02:3f:4e").unwrap();
        let server = Ipv4Addr::new(192, 0, 2, 1);
        let mut packet = Packet4::request_selecting(&hw_addr, server, Ipv4Addr::new(192, 0, 2, 10))
            .option(43, &[7; 300])
            .relayed(Ipv4Addr::new(10, 0, 0, 1), &[(1, b"port-1")]);
        packet.broadcast = true;
        packet.xid = 0xdead_beef;
        let bytes = packet.build();
        let ours = wire::v4::Packet::parse(&bytes).unwrap();
        assert_eq!(ours.anomalies(), wire::v4::Anomalies::REPEATED_OPTION);
        let header = ours.header();
        assert_eq!((header.xid, header.hops, header.is_broadcast()), (0xdead_beef, 1, true));
        assert_eq!(ours.hw_addr(), Some(hw_addr));
        assert_eq!(ours.option(43), Some(&[7; 300][..]));
        let other = Reply4::parse(&bytes).unwrap();
        assert_eq!(other.option(54), Some(&server.octets()[..]));
        assert_eq!(other.option(82), Some(&b"\x01\x06port-1"[..]));
        assert_eq!(other.kind(), kind::REQUEST);
        assert_eq!(other.giaddr, Ipv4Addr::new(10, 0, 0, 1));
    }
}
