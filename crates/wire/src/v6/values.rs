//! Values of options that the protocol itself reads.

use std::net::Ipv6Addr;

use base::HwAddr;

use super::StatusCode;
use crate::{RawOptions, Reader};

/// A status code with its text (RFC 9915 section 21.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    pub code: StatusCode,
    /// UTF-8 by the RFC, anything by the wire.
    pub text: &'a [u8],
}

impl<'a> Status<'a> {
    /// `None` when the code is cut off.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(value);
        Some(Self { code: StatusCode(r.u16()?), text: r.rest() })
    }
}

/// A vendor class (RFC 9915 section 21.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorClass<'a> {
    pub enterprise: u32,
    data: &'a [u8],
}

impl<'a> VendorClass<'a> {
    /// `None` when the enterprise number is cut off.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(value);
        Some(Self { enterprise: r.u32()?, data: r.rest() })
    }

    /// The strings in order; see [`strings`].
    pub fn strings(&self, lenient: bool) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        strings(self.data, lenient)
    }
}

/// A vendor's options (RFC 9915 section 21.17).
#[derive(Clone, Debug)]
pub struct VendorOptions<'a> {
    pub enterprise: u32,
    pub options: RawOptions<'a>,
}

impl<'a> VendorOptions<'a> {
    /// `None` when the enterprise number is cut off.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(value);
        Some(Self { enterprise: r.u32()?, options: RawOptions::parse6(r.rest()) })
    }
}

/// Strings with two octets of length each, as in user class and vendor class. One whose length leads beyond the end is
/// what is there of it if `lenient`, and else left out.
pub fn strings(value: &[u8], lenient: bool) -> impl Iterator<Item = &[u8]> + use<'_> {
    let mut r = Reader::new(value);
    std::iter::from_fn(move || {
        let length = usize::from(r.u16()?);
        if lenient && length > r.rest().len() {
            return r.bytes(r.rest().len());
        }
        r.bytes(length)
    })
}

/// Numbers of two octets, as in the option request option; a single last octet is left out.
pub fn codes(value: &[u8]) -> impl Iterator<Item = u16> + use<'_> {
    let mut r = Reader::new(value);
    std::iter::from_fn(move || r.u16())
}

/// An address that is the whole value.
#[must_use]
pub fn address(value: &[u8]) -> Option<Ipv6Addr> {
    <[u8; 16]>::try_from(value).ok().map(Ipv6Addr::from)
}

/// Addresses in order; what does not fill one is left out.
pub fn addresses(value: &[u8]) -> impl Iterator<Item = Ipv6Addr> + use<'_> {
    let mut r = Reader::new(value);
    std::iter::from_fn(move || r.array::<16>().map(|octets| Ipv6Addr::from(*octets)))
}

/// The value of option 79 (RFC 6939): two octets of hardware type, the address. `None` when it is empty or longer
/// than an address can be.
#[must_use]
pub fn link_layer_address(value: &[u8]) -> Option<HwAddr> {
    let mut r = Reader::new(value);
    let htype = r.u16()?;
    HwAddr::new(htype, r.rest()).ok().filter(|address| !address.is_empty())
}
