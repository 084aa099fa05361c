//! Newtypes, time and identifiers shared by every crate. Depends on nothing of ours.
//!
//! Values are checked when they are built and trusted afterwards.

mod caught;
mod clock;
mod ident;
mod ip;
mod prefix;
mod prefix6;
mod subnet_map;

pub use caught::poll_caught;
pub use clock::{Clock, Micros, Random, Seconds, Timestamp, XorShift};
pub use ident::{ClientId, Duid, HwAddr, Iaid, IdentError, ServerTag, decode_hex, encode_hex};
pub use ip::{IpAddress, IpPrefix};
pub use prefix::{Ipv4Prefix, PrefixError};
pub use prefix6::{Ipv6Prefix, Prefix6Error};
pub use subnet_map::SubnetMap;

/// Identifier of a subnet, unique in one server; 1 to 4294967294.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubnetId(pub u32);

impl std::fmt::Display for SubnetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifier of a pool for statistics; several pools may share one. 0 is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolId(pub u32);

impl std::fmt::Display for PoolId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The two protocol families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    /// `IPv4` or `IPv6`, as texts say it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }
}
