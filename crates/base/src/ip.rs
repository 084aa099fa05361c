//! What addresses and prefixes of both families have in common, for code that serves both.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::{Ipv4Prefix, Ipv6Prefix};

/// An address of either family.
pub trait IpAddress:
    Copy + Debug + Display + Eq + Ord + Hash + FromStr + Into<IpAddr> + Send + Sync + 'static
{
    type Prefix: IpPrefix<Address = Self>;
    /// Bits of an address.
    const BITS: u8;

    /// The address as a number.
    fn number(self) -> u128;

    /// The address, if it is of the family.
    fn from_ip(address: IpAddr) -> Option<Self>;

    /// 0.0.0.0 or ::.
    fn is_none(self) -> bool {
        self.number() == 0
    }
}

/// A prefix of either family: no bit is set beyond its length.
pub trait IpPrefix: Copy + Debug + Display + Eq + Ord + Hash + FromStr + Send + Sync + 'static {
    type Address: IpAddress<Prefix = Self>;

    /// The network that holds `address`; host bits are cleared. `None` past the bits of an address.
    fn of(address: Self::Address, length: u8) -> Option<Self>;
    fn length(&self) -> u8;
    fn first(&self) -> Self::Address;
    fn last(&self) -> Self::Address;

    fn contains(&self, address: Self::Address) -> bool {
        self.first() <= address && address <= self.last()
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.first()) || other.contains(self.first())
    }
}

impl IpAddress for Ipv4Addr {
    type Prefix = Ipv4Prefix;
    const BITS: u8 = 32;

    fn number(self) -> u128 {
        u32::from(self).into()
    }

    fn from_ip(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }
}

impl IpAddress for Ipv6Addr {
    type Prefix = Ipv6Prefix;
    const BITS: u8 = 128;

    fn number(self) -> u128 {
        self.into()
    }

    fn from_ip(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address),
        }
    }
}

impl IpPrefix for Ipv4Prefix {
    type Address = Ipv4Addr;

    fn of(address: Ipv4Addr, length: u8) -> Option<Self> {
        Self::new(address, length)
    }

    fn length(&self) -> u8 {
        self.length()
    }

    fn first(&self) -> Ipv4Addr {
        self.first()
    }

    fn last(&self) -> Ipv4Addr {
        self.last()
    }
}

impl IpPrefix for Ipv6Prefix {
    type Address = Ipv6Addr;

    fn of(address: Ipv6Addr, length: u8) -> Option<Self> {
        Self::new(address, length)
    }

    fn length(&self) -> u8 {
        self.length()
    }

    fn first(&self) -> Ipv6Addr {
        self.first()
    }

    fn last(&self) -> Ipv6Addr {
        self.last()
    }
}
