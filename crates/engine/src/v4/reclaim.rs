//! Expired leases (Kea manual, "Lease Expiration"): reclaimed in bounded runs, kept for a while, then deleted.

use base::Seconds;
use lease::{Lease4, LeaseState, LeaseStore4, StoreError, Updated};
use ncr::Change;

use super::Dns4;
use super::messages::{LeaseReclaimed, LeaseRecovered, ReclaimComplete, ReclaimStart};
use crate::alloc::Runtime4;
use crate::ddns::Requests;

/// Bounds of a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// 0: all.
    pub leases: usize,
    /// Delete rows instead of keeping them as expired-reclaimed.
    pub remove: bool,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reclaimed {
    pub leases: usize,
    /// What DNS is to be told once the store has committed.
    pub requests: Requests,
    /// A bound was reached with expired leases left.
    pub limited: bool,
}

/// Reclaims leases whose time is up at `now`. `proceed` is asked before each lease: false ends the run (the
/// `max-reclaim-time` of the caller's clock).
///
/// # Errors
/// When the store fails; leases reclaimed so far stay reclaimed.
pub async fn expired(
    store: &dyn LeaseStore4,
    runtime: &Runtime4,
    dns: Dns4<'_>,
    now: base::Timestamp,
    limits: Limits,
    mut proceed: impl FnMut() -> bool,
) -> Result<Reclaimed, StoreError> {
    // One more than wanted tells whether there are more.
    let ask = if limits.leases == 0 { 0 } else { limits.leases + 1 };
    let mut due = store.expired(now, ask).await?;
    let mut done = Reclaimed::default();
    if limits.leases > 0 && due.len() > limits.leases {
        due.truncate(limits.leases);
        done.limited = true;
    }
    observe::log!(ReclaimStart { leases: due.len() });
    for lease in &due {
        if !proceed() {
            done.limited = true;
            break;
        }
        if reclaim(store, runtime, lease, limits.remove).await? {
            dns.tell(Change::Remove, lease, &mut done.requests);
            done.leases += 1;
        }
    }
    observe::log!(ReclaimComplete { leases: done.leases });
    Ok(done)
}

async fn reclaim(
    store: &dyn LeaseStore4,
    runtime: &Runtime4,
    lease: &Lease4,
    remove: bool,
) -> Result<bool, StoreError> {
    let declined = lease.state == LeaseState::Declined;
    // A declined address whose probation is over goes back to the pool; there is no client to keep it for.
    let outcome = if remove || declined {
        store.delete(lease).await?
    } else {
        let kept = Lease4 {
            state: LeaseState::ExpiredReclaimed,
            hostname: Box::default(),
            fqdn_fwd: false,
            fqdn_rev: false,
            ..lease.clone()
        };
        store.update(kept, lease).await?
    };
    // Renewed or taken meanwhile: not ours to reclaim.
    if outcome == Updated::Conflict {
        return Ok(false);
    }
    runtime.reclaimed(lease.subnet_id, lease.address, declined);
    if declined {
        observe::log!(LeaseRecovered { address: lease.address });
    } else {
        observe::log!(LeaseReclaimed { address: lease.address });
    }
    Ok(true)
}

/// Deletes rows that were kept for `held` after their end.
///
/// # Errors
/// When the store fails.
pub async fn flush(store: &dyn LeaseStore4, now: base::Timestamp, held: Seconds) -> Result<u64, StoreError> {
    store.flush_reclaimed(now, held).await
}
