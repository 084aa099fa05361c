//! What leases of both families have in common, so that there is one store, one journal and one cleanup.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::net::{Ipv4Addr, Ipv6Addr};

use base::{Family, SubnetId};
use lease::{Lease4, Lease6, LeaseObserver4, LeaseObserver6, LeaseState};

use crate::packed::{Packed, Packed4, Packed6};
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
    /// The form in which the store keeps it.
    type Packed: Packed<Self>;
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
    /// Why the lease cannot be stored: its row would not be read again.
    fn refusal(&self) -> Option<String>;
    /// Appends the row, with its newline.
    fn push_lease(&self, out: &mut Vec<u8>);
    /// Appends the row that deletes the lease, with its newline.
    fn push_deletion(&self, out: &mut Vec<u8>);
    fn parse(row: &Row<'_>) -> Result<Entry<Self>, String>;
    fn tell(observer: &Self::Observer, old: Option<&Self>, new: Option<&Self>);
}

impl Leased for Lease4 {
    type Address = Ipv4Addr;
    type Bits = u32;
    type Packed = Packed4;
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

    fn tell(observer: &Self::Observer, old: Option<&Self>, new: Option<&Self>) {
        observer.changed(old, new);
    }
}

impl Leased for Lease6 {
    type Address = Ipv6Addr;
    type Bits = u128;
    type Packed = Packed6;
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

    fn tell(observer: &Self::Observer, old: Option<&Self>, new: Option<&Self>) {
        observer.changed(old, new);
    }
}
