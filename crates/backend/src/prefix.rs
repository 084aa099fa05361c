//! Prefixes of either family, the keys of subnets.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use base::{Family, Ipv4Prefix, Ipv6Prefix};

/// A network of either family; host bits are clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

/// Why a text is not a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse invalid prefix {0}")]
pub struct PrefixError(pub String);

impl Prefix {
    /// The network that holds `address`; `None` when the length is beyond the family's.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(a) => IpAddr::V4(Ipv4Prefix::new(a, length)?.address()),
            IpAddr::V6(a) if length <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(a) & mask))
            }
            IpAddr::V6(_) => return None,
        };
        Some(Self { address, length })
    }

    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }

    #[must_use]
    pub fn family(&self) -> Family {
        if self.address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    #[must_use]
    pub fn v4(&self) -> Option<Ipv4Prefix> {
        let IpAddr::V4(address) = self.address else { return None };
        Ipv4Prefix::new(address, self.length)
    }

    /// First and last address as octets in network order, which sort like the addresses.
    #[must_use]
    pub fn range(&self) -> (Vec<u8>, Vec<u8>) {
        match self.address {
            IpAddr::V4(first) => {
                let mask = u32::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                (first.octets().to_vec(), Ipv4Addr::from(u32::from(first) | mask).octets().to_vec())
            }
            IpAddr::V6(first) => {
                let mask = u128::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                (first.octets().to_vec(), Ipv6Addr::from(u128::from(first) | mask).octets().to_vec())
            }
        }
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        Self::new(address, self.length).is_some_and(|other| other == *self)
    }

    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    /// The networks that hold this one, itself included, longest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + use<> {
        let address = self.address;
        (0..=self.length).rev().filter_map(move |length| Self::new(address, length))
    }
}

impl From<Ipv6Prefix> for Prefix {
    fn from(prefix: Ipv6Prefix) -> Self {
        Self { address: IpAddr::V6(prefix.address()), length: prefix.length() }
    }
}

impl From<Ipv4Prefix> for Prefix {
    fn from(prefix: Ipv4Prefix) -> Self {
        Self { address: IpAddr::V4(prefix.address()), length: prefix.length() }
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let bad = || PrefixError(text.to_owned());
        let (address, length) = text.split_once('/').ok_or_else(bad)?;
        let address: IpAddr = address.trim().parse().map_err(|_| bad())?;
        let length: u8 = length.trim().parse().map_err(|_| bad())?;
        Self::new(address, length).ok_or_else(bad)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn both_families() {
        assert_eq!(p("192.0.2.77/24").to_string(), "192.0.2.0/24");
        assert_eq!(p("2001:db8:1::5/64").to_string(), "2001:db8:1::/64");
        assert_eq!(p("192.0.2.0/30").range(), (vec![192, 0, 2, 0], vec![192, 0, 2, 3]));
        assert_eq!(p("0.0.0.0/0").range(), (vec![0; 4], vec![255; 4]));
        assert_eq!(p("::1/128").range().0, p("::1/128").range().1);
        assert!(p("10.0.0.0/8").overlaps(&p("10.1.0.0/16")) && p("10.1.0.0/16").overlaps(&p("10.0.0.0/8")));
        assert!(!p("10.0.0.0/16").overlaps(&p("10.1.0.0/16")));
        assert!(!p("0.0.0.0/0").overlaps(&p("::/0")));
        for bad in ["10.0.0/12", "10.0.0.0", "10.0.0.0/33", "::/129", "x/1", ""] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
        assert_eq!(
            "10.0.0/12".parse::<Prefix>().unwrap_err().to_string(),
            "unable to parse invalid prefix 10.0.0/12"
        );
        assert_eq!(
            p("128.0.0.0/2").ancestors().map(|a| a.to_string()).collect::<Vec<_>>(),
            ["128.0.0.0/2", "128.0.0.0/1", "0.0.0.0/0"]
        );
    }
}
