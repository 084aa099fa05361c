//! Bounds of how many leases there are at a time (`libdhcp_limits`).

use std::fmt;

use base::SubnetId;

use crate::LeaseType;

/// The leases that a bound is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Among {
    /// Those of clients of a class, which their user contexts name (`ISC`, `client-classes`).
    Class(Box<str>),
    Subnet(SubnetId),
}

/// How many leases of a type there may be among some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub lease_type: LeaseType,
    pub among: Among,
    pub most: u32,
}

/// A bound that one more lease would exceed. Its text is Kea's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    pub bound: Bound,
    /// Leases that there are.
    pub held: u64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.bound.lease_type {
            LeaseType::Na => "address",
            LeaseType::Pd => "prefix",
        };
        write!(f, "{what} limit {} for ", self.bound.most)?;
        match &self.bound.among {
            Among::Class(class) => write!(f, "client class \"{class}\"")?,
            Among::Subnet(subnet) => write!(f, "subnet ID {subnet}")?,
        }
        write!(f, ", current lease count {}", self.held)
    }
}
