//! Changes of a database; those of one command are applied in one transaction with one audit revision.

use std::net::IpAddr;

use base::{ServerTag, SubnetId};
use json::{Map, Value};

use crate::{Prefix, Server};

/// One change. Maps are in the form of a configuration file, checked, and complete: a set replaces the whole object.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    SetServer(Server),
    /// Removes the server with what only it can have; shared objects lose the tie and stay.
    DeleteServer(ServerTag),
    SetGlobal {
        tag: ServerTag,
        /// `map.member` for members of maps.
        name: String,
        value: Value,
    },
    DeleteGlobal {
        tag: ServerTag,
        name: String,
    },
    SetOptionDef {
        tag: ServerTag,
        map: Map,
    },
    DeleteOptionDef {
        tag: ServerTag,
        space: String,
        code: u16,
    },
    /// `map` with `code`, `space` and `csv-format`; replaces the option of the same space, code and classes.
    SetOption {
        scope: OptionScope,
        map: Map,
    },
    DeleteOption {
        scope: OptionScope,
        key: OptionKey,
    },
    SetClass {
        tags: Vec<ServerTag>,
        map: Map,
        /// The class after which this one is put; `None`: an old class stays where it is, a new one goes last.
        follow: Option<String>,
        /// Classes of the database that its expression refers to (built-in classes are not listed).
        dependencies: Vec<String>,
        /// The expression refers to KNOWN or UNKNOWN itself.
        depends_on_known: bool,
    },
    DeleteClass {
        name: String,
    },
    SetNetwork {
        tags: Vec<ServerTag>,
        /// Without subnets.
        map: Map,
    },
    DeleteNetwork {
        name: String,
        subnets: NetworkSubnets,
    },
    SetSubnet {
        tags: Vec<ServerTag>,
        id: SubnetId,
        prefix: Prefix,
        shared_network: Option<String>,
        map: Map,
    },
    DeleteSubnet(SubnetKey),
    /// Everything as it was right after a revision (0: before the first). Has to be the only change of its list.
    Restore {
        revision: u64,
        /// The newest revision as the writer knows it; refused when there is a newer one.
        newest: u64,
    },
}

/// What becomes of the subnets of a deleted network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkSubnets {
    /// They belong to no network then.
    #[default]
    Keep,
    Delete,
}

/// How a subnet is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubnetKey {
    Id(SubnetId),
    Prefix(Prefix),
}

/// Where an option belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionScope {
    Global(ServerTag),
    Network(String),
    Subnet(SubnetId),
    Pool(PoolRange),
    PdPool(PdPoolKey),
}

/// An address pool by its first and last address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolRange {
    pub first: IpAddr,
    pub last: IpAddr,
}

impl PoolRange {
    /// `first - last` or a prefix, blanks allowed, both ends of one family and in order.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains('/') {
            let prefix: Prefix = text.trim().parse().ok()?;
            let (first, last) = prefix.range();
            return Some(Self { first: ip_of(&first)?, last: ip_of(&last)? });
        }
        let (first, last) = text.split_once('-')?;
        let (first, last): (IpAddr, IpAddr) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last })
    }
}

fn ip_of(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(octets).ok().map(IpAddr::from)
}

impl std::fmt::Display for PoolRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// A pool of delegated prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PdPoolKey {
    pub prefix: Prefix,
}

/// The key of an option within its scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OptionKey {
    pub space: String,
    pub code: u16,
    /// `client-classes`; `None` means every option of the space and code.
    pub classes: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_by_range_and_prefix() {
        for (text, shown) in [
            ("192.0.2.10 - 192.0.2.100", "192.0.2.10-192.0.2.100"),
            ("192.0.2.10-192.0.2.10", "192.0.2.10-192.0.2.10"),
            ("192.0.2.64/26", "192.0.2.64-192.0.2.127"),
            ("2001:db8::1-2001:db8::ff", "2001:db8::1-2001:db8::ff"),
        ] {
            assert_eq!(PoolRange::parse(text).unwrap().to_string(), shown);
        }
        for bad in ["", "192.0.2.1", "192.0.2.9-192.0.2.1", "192.0.2.1-::1", "a-b", "192.0.2.0/40"] {
            assert!(PoolRange::parse(bad).is_none(), "{bad}");
        }
    }
}
