//! Followers of lease changes: free-address bitmaps, statistics.

use crate::{Lease4, Lease6};

/// Told of every change of a store, in the order in which the changes took effect, by the thread that made the
/// change and while the store's lock is held: be quick, never call back into the store.
/// A change that is rolled back because it could not be stored is reported as the opposite change.
pub trait LeaseObserver4: Send + Sync {
    /// `old` is the row replaced, `new` the row now present; both `None` never happens.
    fn changed(&self, old: Option<&Lease4>, new: Option<&Lease4>);
}

/// As [`LeaseObserver4`], of a DHCPv6 store.
pub trait LeaseObserver6: Send + Sync {
    /// `old` is the row replaced, `new` the row now present; both `None` never happens.
    fn changed(&self, old: Option<&Lease6>, new: Option<&Lease6>);
}

/// Follows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl LeaseObserver4 for NoObserver {
    fn changed(&self, _old: Option<&Lease4>, _new: Option<&Lease4>) {}
}

impl LeaseObserver6 for NoObserver {
    fn changed(&self, _old: Option<&Lease6>, _new: Option<&Lease6>) {}
}
