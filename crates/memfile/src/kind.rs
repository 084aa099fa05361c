//! What leases of both families have in common, so that there is one store, one journal and one cleanup.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use base::{Family, SubnetId, Timestamp};
use lease::{Lease4, Lease6, LeaseObserver4, LeaseObserver6, LeaseState};

use crate::table::{Row, SCHEMA4, SCHEMA6, Schema};
use crate::{row4, row6};

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<L: Leased> {
    /// The lease as it is from here on.
    Lease(L),
    /// The address has no lease any more.
    Deleted(L::Address),
}

impl<L: Leased> Entry<L> {
    pub(crate) fn address(&self) -> L::Address {
        match self {
            Self::Lease(lease) => lease.address(),
            Self::Deleted(address) => *address,
        }
    }
}

/// A lease of either family as the store sees it.
pub trait Leased: Clone + Debug + PartialEq + Send + Sync + 'static {
    type Address: Copy + Debug + Display + Eq + Ord + Send + Sync + 'static;
    /// The address as a number, which is what the indexes hold.
    type Bits: Copy + Ord + Hash + Send + Sync + 'static;
    type Observer: ?Sized + Send + Sync + 'static;

    const FAMILY: Family;
    const SCHEMA: &'static Schema;
    const LOWEST: Self::Bits;
    const HIGHEST: Self::Bits;

    fn bits(address: Self::Address) -> Self::Bits;
    fn from_bits(bits: Self::Bits) -> Self::Address;

    fn address(&self) -> Self::Address;
    fn subnet_id(&self) -> SubnetId;
    fn state(&self) -> LeaseState;
    fn cltt(&self) -> Timestamp;
    fn expires(&self) -> Timestamp;
    /// Client identifier or DUID; empty when there is none.
    fn client(&self) -> &[u8];
    /// Empty when there is none.
    fn hardware(&self) -> &[u8];
    fn hostname(&self) -> &str;

    /// Whether the row is still the one that the caller looked at.
    fn unchanged(&self, expected: &Self) -> bool;
    /// Why the lease cannot be stored: its row would not be read again.
    fn refusal(&self) -> Option<String>;
    /// Appends the row, with its newline.
    fn push_lease(&self, out: &mut Vec<u8>);
    /// Appends the row that deletes the lease, with its newline.
    fn push_deletion(&self, out: &mut Vec<u8>);
    fn parse(row: &Row<'_>) -> Result<Entry<Self>, String>;
    fn tell(observer: &Self::Observer, old: Option<&Arc<Self>>, new: Option<&Arc<Self>>);
}

impl Leased for Lease4 {
    type Address = Ipv4Addr;
    type Bits = u32;
    type Observer = dyn LeaseObserver4;

    const FAMILY: Family = Family::V4;
    const SCHEMA: &'static Schema = &SCHEMA4;
    const LOWEST: u32 = 0;
    const HIGHEST: u32 = u32::MAX;

    fn bits(address: Ipv4Addr) -> u32 {
        address.into()
    }

    fn from_bits(bits: u32) -> Ipv4Addr {
        bits.into()
    }

    fn address(&self) -> Self::Address {
        self.address
    }

    fn subnet_id(&self) -> SubnetId {
        self.subnet_id
    }

    fn state(&self) -> LeaseState {
        self.state
    }

    fn cltt(&self) -> Timestamp {
        self.cltt
    }

    fn expires(&self) -> Timestamp {
        self.expires()
    }

    fn hardware(&self) -> &[u8] {
        self.hw_addr.as_ref().map_or(&[], |hw_addr| hw_addr.octets())
    }

    fn hostname(&self) -> &str {
        &self.hostname
    }

    fn client(&self) -> &[u8] {
        self.client_id.as_ref().map_or(&[], |id| id.octets())
    }

    fn unchanged(&self, expected: &Self) -> bool {
        self.cltt == expected.cltt
            && self.valid_lifetime == expected.valid_lifetime
            && self.state == expected.state
            && self.client_id == expected.client_id
            && self.hw_addr == expected.hw_addr
    }

    fn refusal(&self) -> Option<String> {
        row4::refusal(self)
    }

    fn push_lease(&self, out: &mut Vec<u8>) {
        row4::push_lease(self, out);
    }

    fn push_deletion(&self, out: &mut Vec<u8>) {
        row4::push_deletion(self, out);
    }

    fn parse(row: &Row<'_>) -> Result<Entry<Self>, String> {
        row4::parse(row)
    }

    fn tell(observer: &Self::Observer, old: Option<&Arc<Self>>, new: Option<&Arc<Self>>) {
        observer.changed(old.map(|lease| &**lease), new.map(|lease| &**lease));
    }
}

impl Leased for Lease6 {
    type Address = Ipv6Addr;
    type Bits = u128;
    type Observer = dyn LeaseObserver6;

    const FAMILY: Family = Family::V6;
    const SCHEMA: &'static Schema = &SCHEMA6;
    const LOWEST: u128 = 0;
    const HIGHEST: u128 = u128::MAX;

    fn bits(address: Ipv6Addr) -> u128 {
        address.into()
    }

    fn from_bits(bits: u128) -> Ipv6Addr {
        bits.into()
    }

    fn address(&self) -> Self::Address {
        self.address
    }

    fn subnet_id(&self) -> SubnetId {
        self.subnet_id
    }

    fn state(&self) -> LeaseState {
        self.state
    }

    fn cltt(&self) -> Timestamp {
        self.cltt
    }

    fn expires(&self) -> Timestamp {
        self.expires()
    }

    fn hardware(&self) -> &[u8] {
        self.hw_addr.as_ref().map_or(&[], |hw_addr| hw_addr.octets())
    }

    fn hostname(&self) -> &str {
        &self.hostname
    }

    /// The empty DUID of declined leases is no client's, and there may be many of them.
    fn client(&self) -> &[u8] {
        if self.duid.is_empty() { &[] } else { self.duid.octets() }
    }

    fn unchanged(&self, expected: &Self) -> bool {
        self.cltt == expected.cltt
            && self.valid_lifetime == expected.valid_lifetime
            && self.preferred_lifetime == expected.preferred_lifetime
            && self.state == expected.state
            && self.lease_type == expected.lease_type
            && self.prefix_length == expected.prefix_length
            && self.iaid == expected.iaid
            && self.duid == expected.duid
            && self.hw_addr == expected.hw_addr
    }

    fn refusal(&self) -> Option<String> {
        row6::refusal(self)
    }

    fn push_lease(&self, out: &mut Vec<u8>) {
        row6::push_lease(self, out);
    }

    fn push_deletion(&self, out: &mut Vec<u8>) {
        row6::push_deletion(self, out);
    }

    fn parse(row: &Row<'_>) -> Result<Entry<Self>, String> {
        row6::parse(row)
    }

    fn tell(observer: &Self::Observer, old: Option<&Arc<Self>>, new: Option<&Arc<Self>>) {
        observer.changed(old.map(|lease| &**lease), new.map(|lease| &**lease));
    }
}
