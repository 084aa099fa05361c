//! Pools of addresses and of prefixes, as far as they are alike for those who allocate.

use std::net::Ipv6Addr;

use base::{Ipv6Prefix, PoolId};
use config::{ClassId, Ddns, OptionSet, PdPool, Pool6, Subnet6};
use lease::LeaseType;

use crate::alloc::PoolKind;

/// A pool of either kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pool<'c> {
    Addresses(&'c Pool6),
    Prefixes(&'c PdPool),
}

impl<'c> Pool<'c> {
    pub(super) fn id(self) -> PoolId {
        match self {
            Self::Addresses(pool) => pool.id,
            Self::Prefixes(pool) => pool.id,
        }
    }

    pub(super) fn guard(self) -> &'c [ClassId] {
        match self {
            Self::Addresses(pool) => &pool.client_classes,
            Self::Prefixes(pool) => &pool.client_classes,
        }
    }

    pub(super) fn additional_classes(self) -> &'c [ClassId] {
        match self {
            Self::Addresses(pool) => &pool.additional_classes,
            Self::Prefixes(pool) => &pool.additional_classes,
        }
    }

    pub(super) fn options(self) -> &'c OptionSet {
        match self {
            Self::Addresses(pool) => &pool.options,
            Self::Prefixes(pool) => &pool.options,
        }
    }

    pub(super) fn ddns(self) -> &'c Ddns {
        match self {
            Self::Addresses(pool) => &pool.ddns,
            Self::Prefixes(pool) => &pool.ddns,
        }
    }

    /// Length of what it gives out.
    pub(super) fn length(self) -> u8 {
        match self {
            Self::Addresses(_) => 128,
            Self::Prefixes(pool) => pool.delegated_len,
        }
    }

    /// Whether an address lies in it, or in a prefix of it.
    pub(super) fn covers(self, address: Ipv6Addr) -> bool {
        match self {
            Self::Addresses(pool) => pool.contains(address),
            Self::Prefixes(pool) => pool.prefix.contains(address),
        }
    }

    /// Whether it gives out just this.
    pub(super) fn gives(self, resource: Ipv6Prefix) -> bool {
        resource.length() == self.length() && self.covers(resource.address())
    }
}

/// The pools of a kind, in the order written.
pub(super) fn of<'c>(subnet: &'c Subnet6, kind: LeaseType) -> impl Iterator<Item = Pool<'c>> {
    let (pools, pd_pools) = match kind {
        LeaseType::Na => (&subnet.pools[..], &[][..]),
        LeaseType::Pd => (&[][..], &subnet.own.pd_pools[..]),
    };
    pools.iter().map(Pool::Addresses).chain(pd_pools.iter().map(Pool::Prefixes))
}

pub(super) fn kind(lease_type: LeaseType) -> PoolKind {
    match lease_type {
        LeaseType::Na => PoolKind::Addresses,
        LeaseType::Pd => PoolKind::Prefixes,
    }
}
