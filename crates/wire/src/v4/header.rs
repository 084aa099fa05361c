//! The fixed header (RFC 2131 section 2).

use std::net::Ipv4Addr;

use base::HwAddr;

use crate::iana::bootp::Op;
use crate::{Full, Reader, Writer};

/// In `flags`: the client cannot take unicast before it has its address.
pub const FLAG_BROADCAST: u16 = 0x8000;

/// The fields of the header. Parsed, `sname` and `file` are 64 and 128 octets; written, they are cut or padded to
/// that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub op: Op,
    pub htype: u8,
    /// As sent; may exceed the 16 octets of `chaddr`.
    pub hlen: u8,
    pub hops: u8,
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    pub flags: u16,
    pub ciaddr: Ipv4Addr,
    pub yiaddr: Ipv4Addr,
    pub siaddr: Ipv4Addr,
    pub giaddr: Ipv4Addr,
    pub chaddr: [u8; 16],
    pub sname: &'a [u8],
    pub file: &'a [u8],
}

impl<'a> Header<'a> {
    pub const SNAME_LEN: usize = 64;
    pub const FILE_LEN: usize = 128;

    /// `None` when the bytes end too early.
    #[inline]
    pub fn parse(r: &mut Reader<'a>) -> Option<Self> {
        let mut r = r.part(super::HEADER_LEN)?;
        Some(Self {
            op: Op(r.u8()?),
            htype: r.u8()?,
            hlen: r.u8()?,
            hops: r.u8()?,
            xid: r.u32()?,
            secs: r.u16()?,
            flags: r.u16()?,
            ciaddr: address(&mut r)?,
            yiaddr: address(&mut r)?,
            siaddr: address(&mut r)?,
            giaddr: address(&mut r)?,
            chaddr: *r.array()?,
            sname: r.bytes(Self::SNAME_LEN)?,
            file: r.bytes(Self::FILE_LEN)?,
        })
    }

    /// The reply to this query with what RFC 2131 section 4.3.1 (table 3) copies: transaction, flags, hardware
    /// address and relay. `hops` is copied, too, as Kea does. All else is empty.
    #[must_use]
    pub fn reply<'r>(&self) -> Header<'r> {
        Header {
            op: Op::REPLY,
            htype: self.htype,
            hlen: self.hlen,
            hops: self.hops,
            xid: self.xid,
            secs: 0,
            flags: self.flags,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: self.giaddr,
            chaddr: self.chaddr,
            sname: &[],
            file: &[],
        }
    }

    #[must_use]
    pub fn is_broadcast(&self) -> bool {
        self.flags & FLAG_BROADCAST != 0
    }

    /// The octets of `chaddr` that `hlen` announces, at most 16.
    #[must_use]
    pub fn hardware_octets(&self) -> &[u8] {
        self.chaddr.get(..usize::from(self.hlen)).unwrap_or(&self.chaddr)
    }

    /// The client's hardware address; `None` when it has no octets.
    #[must_use]
    pub fn hw_addr(&self) -> Option<HwAddr> {
        HwAddr::new(u16::from(self.htype), self.hardware_octets()).ok().filter(|address| !address.is_empty())
    }

    /// `sname` up to its first NUL.
    #[must_use]
    pub fn sname_text(&self) -> &'a [u8] {
        until_nul(self.sname)
    }

    /// `file` up to its first NUL.
    #[must_use]
    pub fn file_text(&self) -> &'a [u8] {
        until_nul(self.file)
    }

    #[inline]
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        let [x0, x1, x2, x3] = self.xid.to_be_bytes();
        let [s0, s1] = self.secs.to_be_bytes();
        let [f0, f1] = self.flags.to_be_bytes();
        w.bytes(&[self.op.0, self.htype, self.hlen, self.hops, x0, x1, x2, x3, s0, s1, f0, f1])?;
        for address in [self.ciaddr, self.yiaddr, self.siaddr, self.giaddr] {
            w.bytes(&address.octets())?;
        }
        w.bytes(&self.chaddr)?;
        w.field(self.sname, Self::SNAME_LEN)?;
        w.field(self.file, Self::FILE_LEN)
    }
}

fn address(r: &mut Reader<'_>) -> Option<Ipv4Addr> {
    r.array::<4>().map(|octets| Ipv4Addr::from(*octets))
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|octet| *octet == 0).next().unwrap_or(&[])
}
