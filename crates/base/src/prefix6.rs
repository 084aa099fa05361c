//! IPv6 prefixes as subnets, pools and delegations write them.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// An IPv6 network: the address has no bit set beyond the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ipv6Prefix {
    address: Ipv6Addr,
    length: u8,
}

/// Why a text is not a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an IPv6 prefix")]
pub struct Prefix6Error(pub String);

impl Ipv6Prefix {
    /// The network that holds `address`; host bits are cleared. `None` past 128 bits.
    #[must_use]
    pub fn new(address: Ipv6Addr, length: u8) -> Option<Self> {
        (length <= 128).then(|| Self { address: Ipv6Addr::from(u128::from(address) & mask(length)), length })
    }

    #[must_use]
    pub fn address(&self) -> Ipv6Addr {
        self.address
    }

    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }

    #[must_use]
    pub fn first(&self) -> Ipv6Addr {
        self.address
    }

    #[must_use]
    pub fn last(&self) -> Ipv6Addr {
        Ipv6Addr::from(u128::from(self.address) | !mask(self.length))
    }

    #[must_use]
    pub fn contains(&self, address: Ipv6Addr) -> bool {
        u128::from(address) & mask(self.length) == u128::from(self.address)
    }

    /// Whether all of `other` lies within.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.length <= other.length && self.contains(other.address)
    }

    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    /// How many prefixes of `delegated` bits it holds, at most `u128::MAX`; 0 when they would be shorter than it or
    /// longer than 128 bits.
    #[must_use]
    pub fn count_of(&self, delegated: u8) -> u128 {
        match delegated.checked_sub(self.length) {
            Some(bits) if delegated <= 128 => 1u128.checked_shl(u32::from(bits)).unwrap_or(u128::MAX),
            _ => 0,
        }
    }

    /// The prefix of `delegated` bits at place `index`, the first being 0; `None` beyond [`count_of`](Self::count_of).
    #[must_use]
    pub fn nth(&self, delegated: u8, index: u128) -> Option<Self> {
        if index >= self.count_of(delegated) {
            return None;
        }
        let offset = index.checked_shl(u32::from(128 - delegated.min(128))).unwrap_or(0);
        Self::new(Ipv6Addr::from(u128::from(self.address) | offset), delegated)
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(u32::from(128 - length.min(128))).unwrap_or(0)
}

impl FromStr for Ipv6Prefix {
    type Err = Prefix6Error;

    fn from_str(text: &str) -> Result<Self, Prefix6Error> {
        let bad = || Prefix6Error(text.to_owned());
        let (address, length) = text.split_once('/').ok_or_else(bad)?;
        let address: Ipv6Addr = address.trim().parse().map_err(|_| bad())?;
        let length: u8 = length.trim().parse().map_err(|_| bad())?;
        Self::new(address, length).ok_or_else(bad)
    }
}

impl fmt::Display for Ipv6Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Ipv6Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn bounds_and_host_bits() {
        let p = prefix("2001:db8::77/64");
        assert_eq!(p.to_string(), "2001:db8::/64");
        assert_eq!(p.last().to_string(), "2001:db8::ffff:ffff:ffff:ffff");
        assert!(p.contains("2001:db8::1".parse().unwrap()) && !p.contains("2001:db8:0:1::".parse().unwrap()));
        let all = prefix("::/0");
        assert!(all.covers(&p) && !p.covers(&all) && p.overlaps(&all) && all.overlaps(&p) && p.covers(&p));
        assert_eq!(all.last(), Ipv6Addr::from(u128::MAX));
        let host = prefix("2001:db8::1/128");
        assert_eq!(host.first(), host.last());
        for bad in ["2001:db8::", "::/129", "10.0.0.0/8", "x/8", "::/-1", "::/"] {
            assert!(bad.parse::<Ipv6Prefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn delegated_prefixes_are_counted_and_found() {
        let pool = prefix("2001:db8::/32");
        for (delegated, count) in [(32, 1), (48, 65_536), (128, 1 << 96), (31, 0), (129, 0)] {
            assert_eq!(pool.count_of(delegated), count, "{delegated}");
        }
        assert_eq!(prefix("::/0").count_of(128), u128::MAX);
        assert_eq!(pool.nth(48, 1), Some(prefix("2001:db8:1::/48")));
        assert_eq!(pool.nth(48, 65_535), Some(prefix("2001:db8:ffff::/48")));
        assert_eq!((pool.nth(48, 65_536), pool.nth(16, 0)), (None, None));
        assert_eq!(pool.nth(32, 0), Some(pool));
        assert_eq!(prefix("::/0").nth(0, 0), Some(prefix("::/0")));
        assert_eq!(prefix("::/0").nth(128, 5), Some(prefix("::5/128")));
    }
}
