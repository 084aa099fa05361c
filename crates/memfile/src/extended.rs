//! Leases by what relay agents said of them (`extended-info-tables-enabled`).
//!
//! Kept only where it is asked for: it costs a search tree's entry for each identifier of each lease.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use ahash::RandomState;
use lease::{ExtendedKey, extended_keys};

use crate::kind::Leased;
use crate::packed::Packed;

/// The addresses of the leases with each identifier.
pub(crate) struct Extended<L: Leased> {
    addresses: HashMap<ExtendedKey, BTreeSet<L::Bits>, RandomState>,
}

impl<L: Leased> Extended<L> {
    pub(crate) fn of<'l>(leases: impl Iterator<Item = &'l L::Packed>) -> Self
    where
        L::Packed: 'l,
    {
        let mut extended = Self { addresses: HashMap::default() };
        leases.for_each(|lease| extended.insert(lease));
        extended
    }

    /// Follows a change of the lease of an address.
    pub(crate) fn changed(&mut self, old: Option<&L::Packed>, new: Option<&L::Packed>) {
        let says = |lease: &L::Packed| (lease.subnet_id(), lease.user_context().cloned());
        if old.map(says) == new.map(says) {
            return;
        }
        if let Some(old) = old {
            self.remove(old);
        }
        if let Some(new) = new {
            self.insert(new);
        }
    }

    fn insert(&mut self, lease: &L::Packed) {
        for key in keys::<L>(lease) {
            self.addresses.entry(key).or_default().insert(lease.address());
        }
    }

    fn remove(&mut self, lease: &L::Packed) {
        for key in keys::<L>(lease) {
            if let Some(addresses) = self.addresses.get_mut(&key) {
                addresses.remove(&lease.address());
                if addresses.is_empty() {
                    self.addresses.remove(&key);
                }
            }
        }
    }

    /// Up to `limit` addresses above `after`, in their order.
    pub(crate) fn page(
        &self,
        key: &ExtendedKey,
        after: Option<L::Bits>,
        limit: usize,
    ) -> impl Iterator<Item = L::Bits> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let addresses = self.addresses.get(key).into_iter();
        addresses.flat_map(move |addresses| addresses.range((from, Bound::Unbounded))).take(limit).copied()
    }
}

fn keys<L: Leased>(lease: &L::Packed) -> Vec<ExtendedKey> {
    let mut keys = extended_keys(L::FAMILY, lease.user_context().map(|context| &**context));
    keys.push(ExtendedKey::Subnet(lease.subnet_id()));
    keys
}
