//! Expired leases of DHCPv4.

use std::sync::Arc;

use base::{Seconds, Timestamp};
use lease::{Lease4, LeaseState, LeaseStore4, MaybeReady, StoreError, Updated};
use ncr::Change;

use super::messages::{LeaseReclaimed, LeaseRecovered, ReclaimComplete, ReclaimStart};
use super::{Dns4, Libraries, event};
use crate::alloc::Runtime4;
use crate::reclaim::{Note, Reclaim};

pub use crate::reclaim::{Limits, Reclaimed};

type Answer<'a, T> = MaybeReady<'a, Result<T, StoreError>>;

impl Reclaim for Lease4 {
    fn due<'a>(store: &'a Self::Store<'_>, now: Timestamp, limit: usize) -> Answer<'a, Vec<Arc<Self>>> {
        store.expired(now, limit)
    }

    fn is_slow(store: &Self::Store<'_>) -> bool {
        store.is_shared()
    }

    fn released<'a>(store: &'a Self::Store<'_>) -> Answer<'a, Vec<Arc<Self>>> {
        store.by_state(LeaseState::Released, None)
    }

    fn update<'a>(store: &'a Self::Store<'_>, row: Self, expected: &Self) -> Answer<'a, Updated> {
        store.update(row, expected)
    }

    fn delete<'a>(store: &'a Self::Store<'_>, expected: &Self) -> Answer<'a, Updated> {
        store.delete(expected)
    }

    fn kept(&self) -> Self {
        Self {
            state: LeaseState::ExpiredReclaimed,
            hostname: Box::default(),
            fqdn_fwd: false,
            fqdn_rev: false,
            ..self.clone()
        }
    }

    fn count(&self, runtime: &Runtime4, declined: bool) {
        runtime.reclaimed(self.subnet_id, self.address, declined);
    }

    fn note(note: Note<'_, Self>) {
        match note {
            Note::Start(leases) => observe::log!(ReclaimStart { leases }),
            Note::Reclaimed(lease) => observe::log!(LeaseReclaimed { address: lease.address }),
            Note::Recovered(lease) => observe::log!(LeaseRecovered { address: lease.address }),
            Note::Complete(leases) => observe::log!(ReclaimComplete { leases }),
        }
    }
}

/// Reclaims leases whose time is up at `now`. `proceed` is asked before each lease but the first: false ends the run (the
/// `max-reclaim-time` of the caller's clock). `ours` leaves leases to another server.
///
/// # Errors
/// When the store fails; leases reclaimed so far stay reclaimed.
pub async fn expired(
    store: &dyn LeaseStore4,
    runtime: &Runtime4,
    (dns, libraries): (Dns4<'_>, &Libraries),
    ours: impl Fn(&Lease4) -> bool,
    now: Timestamp,
    limits: Limits,
    proceed: impl FnMut() -> bool,
) -> Result<Reclaimed, StoreError> {
    let forget = |lease: &Lease4, removed, done: &mut Reclaimed| {
        dns.tell(Change::Remove, lease, &mut done.requests);
        event::tell(libraries, event::Event::Expired { lease, removed }, &mut done.announcements);
        if lease.state == LeaseState::Declined {
            event::tell(libraries, event::Event::Recovered { lease }, &mut done.announcements);
        }
    };
    crate::reclaim::expired(store, runtime, ours, forget, now, limits, proceed).await
}

/// Deletes rows that were kept for `held` after their end.
///
/// # Errors
/// When the store fails.
pub async fn flush(store: &dyn LeaseStore4, now: Timestamp, held: Seconds) -> Result<u64, StoreError> {
    store.flush_reclaimed(now, held).await
}
