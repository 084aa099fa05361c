//! The trait of DHCPv6 lease stores.

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Duid, HwAddr, Iaid, Seconds, SubnetId, Timestamp};

use crate::store::{Within, counted, within};
use crate::{
    Bound, Counted, Durable, ExtendedKey, Lease6, LeaseState, LeaseType, MaybeReady, StoreError, Updated,
};

/// A page of leases in address order.
pub type Page6 = Vec<Arc<Lease6>>;

/// Outcome of [`LeaseStore6::add`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added6 {
    Yes,
    /// There is a row for this address already; nothing changed.
    Exists(Arc<Lease6>),
}

type Answer<'a, T> = MaybeReady<'a, Result<T, StoreError>>;

/// Where DHCPv6 leases live. One row per address, whatever its type, as in Kea's
/// stores: a prefix and an address that begins it are not leased together.
pub trait LeaseStore6: Durable {
    /// The row of the address, whatever its type.
    fn by_address(&self, address: Ipv6Addr) -> Answer<'_, Option<Arc<Lease6>>>;

    /// All rows of the DUID, in every subnet and of every type.
    fn by_duid(&self, duid: &Duid) -> Answer<'_, Page6>;

    /// All rows of one identity association, in every subnet.
    fn by_ia(&self, lease_type: LeaseType, duid: &Duid, iaid: Iaid) -> Answer<'_, Page6>;

    /// All rows of the hardware address (type is not compared), in every subnet.
    fn by_hw_addr(&self, hw_addr: &HwAddr) -> Answer<'_, Page6>;

    /// All rows with this host name (compared lower-cased).
    fn by_hostname(&self, hostname: &str) -> Answer<'_, Page6>;

    /// All rows of a subnet.
    fn by_subnet(&self, subnet: SubnetId) -> Answer<'_, Page6>;

    /// Rows in a state, of one subnet or of all.
    fn by_state(&self, state: LeaseState, subnet: Option<SubnetId>) -> Answer<'_, Page6>;

    /// Up to `limit` rows with addresses above `after` (from the first when `None`).
    fn page(&self, after: Option<Ipv6Addr>, limit: usize) -> Answer<'_, Page6>;

    /// Up to `limit` rows (0: all) whose time is up at `now`, in the states default, declined and registered, oldest
    /// end first.
    fn expired(&self, now: Timestamp, limit: usize) -> Answer<'_, Page6>;

    /// As [`expired`](Self::expired), of one subnet: what an allocator reuses when nothing is free.
    fn expired_in(&self, subnet: SubnetId, now: Timestamp, limit: usize) -> Answer<'_, Page6>;

    /// How many rows of each of these subnets are in each state; what there is none of is left out.
    fn counts(&self, first: SubnetId, last: SubnetId) -> Answer<'_, Vec<Counted>> {
        MaybeReady::Wait(Box::pin(counted(
            (first, last),
            |subnet| self.by_subnet(subnet),
            |after, limit| self.page(after, limit),
            |lease| (lease.address, (lease.subnet_id, lease.lease_type, lease.state)),
        )))
    }

    /// Up to `limit` rows with this in common and with addresses above `after` (from the first when `None`), in address
    /// order, as far as [`Durable::keep_extended_info`] was asked to keep them.
    fn by_extended_info(&self, key: &ExtendedKey, after: Option<Ipv6Addr>, limit: usize)
    -> Answer<'_, Page6>;

    /// Adds a row unless the address has one, of whatever type.
    fn add(&self, lease: Lease6) -> Answer<'_, Added6>;

    /// As [`add`](Self::add) in a store that is shared, unless a bound is exceeded then, whatever other servers add at the
    /// same time. Other stores leave bounds to who observes them.
    fn add_within(&self, lease: Lease6, _bounds: &[Bound]) -> Within<'_, Added6> {
        within(self.add(lease))
    }

    /// Replaces the row of the same address if it still equals `expected` in type, prefix length, client, association,
    /// hardware address, cltt, lifetimes and state. The type stays: another one is a conflict, too.
    fn update(&self, lease: Lease6, expected: &Lease6) -> Answer<'_, Updated>;

    /// [`update`](Self::update), as [`add_within`](Self::add_within).
    fn update_within(&self, lease: Lease6, expected: &Lease6, _bounds: &[Bound]) -> Within<'_, Updated> {
        within(self.update(lease, expected))
    }

    /// Deletes the row if it still equals `expected` as in [`update`](Self::update).
    fn delete(&self, expected: &Lease6) -> Answer<'_, Updated>;

    /// Deletes rows in the states expired-reclaimed and released whose end lies `held` or more before `now`;
    /// answers how many.
    fn flush_reclaimed(&self, now: Timestamp, held: Seconds) -> Answer<'_, u64>;

    /// Deletes all rows of a subnet (`None`: of all subnets); answers how many.
    fn wipe(&self, subnet: Option<SubnetId>) -> Answer<'_, u64>;
}
