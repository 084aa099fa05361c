//! Identity associations and what they hold (RFC 9915 sections 21.4 to 21.6, 21.21 and 21.22).

use std::net::Ipv6Addr;

use base::{Iaid, Ipv6Prefix};
use smallvec::SmallVec;

use super::Status;
use crate::iana::dhcp6_option as code;
use crate::{RawOption, RawOptions, Reader};

/// What an identity association is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IaKind {
    /// Addresses that stay.
    Na,
    /// Temporary addresses.
    Ta,
    /// Delegated prefixes.
    Pd,
}

impl IaKind {
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        match code {
            code::IA_NA => Some(Self::Na),
            code::IA_TA => Some(Self::Ta),
            code::IA_PD => Some(Self::Pd),
            _ => None,
        }
    }

    /// The option's code.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Na => code::IA_NA,
            Self::Ta => code::IA_TA,
            Self::Pd => code::IA_PD,
        }
    }
}

/// An identity association: its fixed part and its options.
#[derive(Clone, Debug)]
pub struct Ia<'a> {
    pub kind: IaKind,
    pub iaid: Iaid,
    /// Seconds until the client renews, 0 in an IA_TA.
    pub t1: u32,
    /// Seconds until the client rebinds, 0 in an IA_TA.
    pub t2: u32,
    pub options: RawOptions<'a>,
}

impl<'a> Ia<'a> {
    /// `None` for other options, and when the fixed part is cut off.
    #[must_use]
    #[inline]
    pub fn parse(option: RawOption<'a>) -> Option<Self> {
        let kind = IaKind::from_code(option.code)?;
        let mut r = Reader::new(option.value);
        let iaid = Iaid(r.u32()?);
        let (t1, t2) = if kind == IaKind::Ta { (0, 0) } else { (r.u32()?, r.u32()?) };
        Some(Self { kind, iaid, t1, t2, options: RawOptions::parse6(r.rest()) })
    }

    /// The addresses in order; one that is cut off is left out.
    pub fn addresses(&self) -> impl Iterator<Item = IaAddr<'a>> + '_ {
        self.options.all(code::IA_ADDR).filter_map(IaAddr::parse)
    }

    /// The prefixes in order; one that is cut off is left out.
    pub fn prefixes(&self) -> impl Iterator<Item = IaPrefix<'a>> + '_ {
        self.options.all(code::IA_PREFIX).filter_map(IaPrefix::parse)
    }

    /// The status of this association.
    #[must_use]
    pub fn status(&self) -> Option<Status<'a>> {
        Status::parse(self.options.first(code::STATUS_CODE)?)
    }
}

/// An address with its lifetimes.
#[derive(Clone, Debug)]
pub struct IaAddr<'a> {
    pub address: Ipv6Addr,
    /// Seconds.
    pub preferred: u32,
    /// Seconds.
    pub valid: u32,
    pub options: RawOptions<'a>,
}

impl<'a> IaAddr<'a> {
    /// `value` is that of option 5; `None` when the fixed part is cut off.
    #[must_use]
    #[inline]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(value);
        let address = Ipv6Addr::from(*r.array::<16>()?);
        Some(Self { address, preferred: r.u32()?, valid: r.u32()?, options: RawOptions::parse6(r.rest()) })
    }

    #[must_use]
    pub fn status(&self) -> Option<Status<'a>> {
        Status::parse(self.options.first(code::STATUS_CODE)?)
    }
}

/// A prefix with its lifetimes.
#[derive(Clone, Debug)]
pub struct IaPrefix<'a> {
    /// Seconds.
    pub preferred: u32,
    /// Seconds.
    pub valid: u32,
    /// As sent; may exceed 128.
    pub length: u8,
    /// As sent; may have bits beyond the length.
    pub address: Ipv6Addr,
    pub options: RawOptions<'a>,
}

impl<'a> IaPrefix<'a> {
    /// `value` is that of option 26; `None` when the fixed part is cut off.
    #[must_use]
    #[inline]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(value);
        let (preferred, valid, length) = (r.u32()?, r.u32()?, r.u8()?);
        let address = Ipv6Addr::from(*r.array::<16>()?);
        Some(Self { preferred, valid, length, address, options: RawOptions::parse6(r.rest()) })
    }

    /// The prefix without the bits beyond its length; `None` when the length exceeds 128.
    #[must_use]
    pub fn prefix(&self) -> Option<Ipv6Prefix> {
        Ipv6Prefix::new(self.address, self.length)
    }

    #[must_use]
    pub fn status(&self) -> Option<Status<'a>> {
        Status::parse(self.options.first(code::STATUS_CODE)?)
    }
}

/// How deep [`walk`] goes: an identity association, an address, its options, and as much again for what clients
/// make up.
pub const MAX_DEPTH: usize = 6;

/// An option and how many containers it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nested<'a> {
    pub depth: usize,
    pub option: RawOption<'a>,
}

/// All options in order, each before the options that it contains, for dumps and searches. The options of an
/// identity association, address or prefix follow it; below [`MAX_DEPTH`] containers are not opened.
pub fn walk<'a>(options: &RawOptions<'a>) -> impl Iterator<Item = Nested<'a>> + use<'a> {
    let mut open: SmallVec<[Reader<'a>; MAX_DEPTH]> = SmallVec::new();
    open.push(Reader::new(options.bytes()));
    std::iter::from_fn(move || {
        loop {
            let depth = open.len().checked_sub(1)?;
            let Some(option) = open.last_mut().and_then(next) else {
                open.pop();
                continue;
            };
            let fixed = match option.code {
                code::IA_NA | code::IA_PD => 12,
                code::IA_TA => 4,
                code::IA_ADDR => 24,
                code::IA_PREFIX => 25,
                _ => return Some(Nested { depth, option }),
            };
            if let Some(inside) = option.value.get(fixed..)
                && open.len() < MAX_DEPTH
            {
                open.push(Reader::new(inside));
            }
            return Some(Nested { depth, option });
        }
    })
}

fn next<'a>(r: &mut Reader<'a>) -> Option<RawOption<'a>> {
    let (code, length) = (r.u16()?, r.u16()?);
    Some(RawOption { code, value: r.bytes(usize::from(length))? })
}
