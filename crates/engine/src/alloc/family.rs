//! What leases and addresses of both families have in common for those who choose and count them.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use base::{SubnetId, Timestamp};
use lease::{
    Durable, Lease4, Lease6, LeaseState, LeaseStore4, LeaseStore6, LeaseType, MaybeReady, StoreError,
};

use crate::stats::{LeaseStatistics, Statistics4, Statistics6};

/// An address of either family.
pub trait Address: Copy + Debug + Display + Eq + Hash + Ord + Send + Sync + 'static {
    fn number(self) -> u128;
    /// Bits that the family does not have are left out.
    fn from_number(number: u128) -> Self;
}

impl Address for Ipv4Addr {
    fn number(self) -> u128 {
        u128::from(u32::from(self))
    }

    #[allow(clippy::cast_possible_truncation)]
    fn from_number(number: u128) -> Self {
        Self::from(number as u32)
    }
}

impl Address for Ipv6Addr {
    fn number(self) -> u128 {
        self.into()
    }

    fn from_number(number: u128) -> Self {
        number.into()
    }
}

/// What a pool gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PoolKind {
    Addresses,
    /// Delegated prefixes: `pd-pools`.
    Prefixes,
}

type Answer<'a, T> = MaybeReady<'a, Result<T, StoreError>>;

/// A lease of either family, and the store it lives in.
pub trait Leased: Clone + Debug + Send + Sync + 'static {
    type Address: Address;
    type Store<'s>: ?Sized + Durable;
    type Statistics: LeaseStatistics<Self>;

    fn address(&self) -> Self::Address;
    /// Bits behind the prefix that is leased: 0 for an address.
    fn shift(&self) -> u8;
    fn kind(&self) -> PoolKind;
    fn subnet_id(&self) -> SubnetId;
    fn state(&self) -> LeaseState;
    fn occupies(&self) -> bool;
    fn user_context(&self) -> Option<&str>;
    fn is_expired(&self, now: Timestamp) -> bool;

    fn by_address<'a>(store: &'a Self::Store<'_>, address: Self::Address) -> Answer<'a, Option<Arc<Self>>>;
    fn page<'a>(
        store: &'a Self::Store<'_>,
        after: Option<Self::Address>,
        limit: usize,
    ) -> Answer<'a, Vec<Arc<Self>>>;
    fn by_subnet<'a>(store: &'a Self::Store<'_>, subnet: SubnetId) -> Answer<'a, Vec<Arc<Self>>>;
}

impl Leased for Lease4 {
    type Address = Ipv4Addr;
    type Store<'s> = dyn LeaseStore4 + 's;
    type Statistics = Statistics4;

    fn address(&self) -> Ipv4Addr {
        self.address
    }

    fn shift(&self) -> u8 {
        0
    }

    fn kind(&self) -> PoolKind {
        PoolKind::Addresses
    }

    fn subnet_id(&self) -> SubnetId {
        self.subnet_id
    }

    fn state(&self) -> LeaseState {
        self.state
    }

    fn occupies(&self) -> bool {
        self.occupies()
    }

    fn user_context(&self) -> Option<&str> {
        self.user_context.as_deref()
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        self.is_expired(now)
    }

    fn by_address<'a>(store: &'a Self::Store<'_>, address: Ipv4Addr) -> Answer<'a, Option<Arc<Self>>> {
        store.by_address(address)
    }

    fn page<'a>(
        store: &'a Self::Store<'_>,
        after: Option<Ipv4Addr>,
        limit: usize,
    ) -> Answer<'a, Vec<Arc<Self>>> {
        store.page(after, limit)
    }

    fn by_subnet<'a>(store: &'a Self::Store<'_>, subnet: SubnetId) -> Answer<'a, Vec<Arc<Self>>> {
        store.by_subnet(subnet)
    }
}

impl Leased for Lease6 {
    type Address = Ipv6Addr;
    type Store<'s> = dyn LeaseStore6 + 's;
    type Statistics = Statistics6;

    fn address(&self) -> Ipv6Addr {
        self.address
    }

    fn shift(&self) -> u8 {
        match self.lease_type {
            LeaseType::Na => 0,
            LeaseType::Pd => 128u8.saturating_sub(self.prefix_length),
        }
    }

    fn kind(&self) -> PoolKind {
        match self.lease_type {
            LeaseType::Na => PoolKind::Addresses,
            LeaseType::Pd => PoolKind::Prefixes,
        }
    }

    fn subnet_id(&self) -> SubnetId {
        self.subnet_id
    }

    fn state(&self) -> LeaseState {
        self.state
    }

    fn occupies(&self) -> bool {
        self.occupies()
    }

    fn user_context(&self) -> Option<&str> {
        self.user_context.as_deref()
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        self.is_expired(now)
    }

    fn by_address<'a>(store: &'a Self::Store<'_>, address: Ipv6Addr) -> Answer<'a, Option<Arc<Self>>> {
        store.by_address(address)
    }

    fn page<'a>(
        store: &'a Self::Store<'_>,
        after: Option<Ipv6Addr>,
        limit: usize,
    ) -> Answer<'a, Vec<Arc<Self>>> {
        store.page(after, limit)
    }

    fn by_subnet<'a>(store: &'a Self::Store<'_>, subnet: SubnetId) -> Answer<'a, Vec<Arc<Self>>> {
        store.by_subnet(subnet)
    }
}
