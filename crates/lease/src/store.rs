//! The trait of lease stores.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use base::{ClientId, HwAddr, Seconds, SubnetId, Timestamp};

use crate::{Bound, Exceeded, ExtendedKey, Lease4, LeaseState, LeaseType};

/// Why a store did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The medium refused: disk full, connection lost. Nothing of the call took effect.
    #[error("lease store failed: {0}")]
    Failed(String),
    /// What must be known before the store is changed could not be looked up.
    #[error("{0}")]
    Unknown(String),
    /// What the store holds cannot be read.
    #[error("lease store is damaged: {0}")]
    Damaged(String),
}

/// The answer of a store: there at once from memory, or a future for a store that must wait. Await it.
pub enum MaybeReady<'a, T> {
    Ready(Option<T>),
    Wait(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<T> MaybeReady<'_, T> {
    pub fn ready(value: T) -> Self {
        Self::Ready(Some(value))
    }
}

impl<T: Unpin> Future for MaybeReady<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut *self {
            // A future is not polled after it is ready, so the value is there.
            Self::Ready(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            Self::Wait(future) => future.as_mut().poll(cx),
        }
    }
}

/// Outcome of [`LeaseStore4::add`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    Yes,
    /// There is a row for this address already; nothing changed.
    Exists(Arc<Lease4>),
}

/// Outcome of [`LeaseStore4::update`] and [`LeaseStore4::delete`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    Yes,
    /// The row is not as expected any more, or gone; nothing changed.
    Conflict,
}

/// A moment in the life of a store: what was seen or written after it stands only if [`Durable::commit`] with
/// this mark succeeds. Take it before the first read of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(pub u64);

/// The outcome of [`Durable::commit`]. It borrows nothing, so that a worker may go on with its next batch and
/// send the replies of this one when it is done.
pub type Committed = MaybeReady<'static, Result<(), StoreError>>;

/// The answer of a change that bounds may forbid.
pub type Within<'a, T> = Answer<'a, Result<T, Exceeded>>;

/// What no bound forbids.
pub(crate) fn within<'a, T: Send + 'a>(answer: Answer<'a, T>) -> Within<'a, T> {
    match answer {
        MaybeReady::Ready(answer) => MaybeReady::Ready(answer.map(|answer| answer.map(Ok))),
        MaybeReady::Wait(answer) => MaybeReady::Wait(Box::pin(async move { answer.await.map(Ok) })),
    }
}

/// How many leases of a subnet are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub subnet: SubnetId,
    pub lease_type: LeaseType,
    pub state: LeaseState,
    pub leases: u64,
}

/// Leases that are counted together.
const COUNTED: usize = 4096;

/// Counts rows: those of one subnet as it has them, those of several in pages of all. `of` tells the address of a row
/// and what it counts as.
pub(crate) async fn counted<'a, L, A: Copy>(
    (first, last): (SubnetId, SubnetId),
    by_subnet: impl FnOnce(SubnetId) -> Answer<'a, Vec<Arc<L>>>,
    page: impl Fn(Option<A>, usize) -> Answer<'a, Vec<Arc<L>>>,
    of: impl Fn(&L) -> (A, (SubnetId, LeaseType, LeaseState)),
) -> Result<Vec<Counted>, StoreError> {
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    let mut count = |rows: &[Arc<L>]| {
        for (_, key) in rows.iter().map(|row| of(row)).filter(|(_, key)| (first..=last).contains(&key.0)) {
            *counts.entry(key).or_default() += 1;
        }
    };
    if first == last {
        count(&by_subnet(first).await?);
    } else {
        let mut after = None;
        loop {
            let rows = page(after, COUNTED).await?;
            let Some(end) = rows.last() else { break };
            after = Some(of(end).0);
            count(&rows);
        }
    }
    let counted = |((subnet, lease_type, state), leases)| Counted { subnet, lease_type, state, leases };
    Ok(counts.into_iter().map(counted).collect())
}

/// A page of leases in address order.
pub type Page4 = Vec<Arc<Lease4>>;

type Answer<'a, T> = MaybeReady<'a, Result<T, StoreError>>;

/// What lease stores of either family have in common: writes become durable together.
///
/// Writes take effect in memory (or in the transaction) at once and become durable with [`commit`](Self::commit),
/// which the caller awaits before any answer that rests on them leaves. A write that fails, at once or at the
/// commit, is undone and reported to the observer as undone. A failed commit may have been another caller's, so a
/// caller takes a [`mark`](Self::mark) before its first read and hands it to its own commit:
///
/// ```text
/// let mark = store.mark();
/// // lookups and writes of up to 64 packets
/// if store.commit(mark).await.is_ok() { /* send the replies */ }
/// ```
pub trait Durable: Send + Sync {
    /// Name for logs and `config-get`: `memfile`, ...
    fn name(&self) -> &'static str;

    /// The present moment, for [`commit`](Self::commit). Costs next to nothing.
    fn mark(&self) -> Mark;

    /// Waits until every write made before the call, by whomever, is durable as the store was configured.
    ///
    /// An error means that something read or written since `since` may have been undone, because it could not be
    /// stored: no answer that rests on it may leave. It is enough to drop the answers; clients ask again.
    /// The work is started by the call; dropping the answer does not cancel it.
    fn commit(&self, since: Mark) -> Committed;

    /// Whether other servers may change the same rows: then what an observer has made of them is a hint only.
    fn is_shared(&self) -> bool {
        false
    }

    /// Whether rows are to be found by what relay agents said of them from now on. Costs a look at every
    /// row where they were not and are in memory.
    fn keep_extended_info(&self, wanted: bool);

    /// How many leases there are of those that each bound is about, as far as they are counted: only a store that is shared
    /// does, what is in memory whoever observes it counts.
    fn held(&self, _bounds: &[Bound]) -> Answer<'_, Vec<u64>> {
        MaybeReady::ready(Err(StoreError::Unknown("leases are not counted here".to_owned())))
    }

    /// Brings what rows are found by there up to date with their user contexts, where it may not be: of rows that other
    /// servers wrote, or that were written before it was kept. Answers how many rows were looked at and changed.
    fn renew_extended_info(&self) -> Answer<'_, u64> {
        MaybeReady::ready(Ok(0))
    }
}

/// Where DHCPv4 leases live. One row per address.
pub trait LeaseStore4: Durable {
    fn by_address(&self, address: Ipv4Addr) -> Answer<'_, Option<Arc<Lease4>>>;

    /// All rows of the client identifier, in every subnet, in address order.
    fn by_client_id(&self, id: &ClientId) -> Answer<'_, Page4>;

    /// All rows of the hardware address (type is not compared), in every subnet, in address order.
    fn by_hw_addr(&self, hw_addr: &HwAddr) -> Answer<'_, Page4>;

    /// All rows with this host name (compared lower-cased).
    fn by_hostname(&self, hostname: &str) -> Answer<'_, Page4>;

    /// All rows of a subnet, in address order.
    fn by_subnet(&self, subnet: SubnetId) -> Answer<'_, Page4>;

    /// Rows in a state, of one subnet or of all.
    fn by_state(&self, state: LeaseState, subnet: Option<SubnetId>) -> Answer<'_, Page4>;

    /// Up to `limit` rows with addresses above `after` (from the first when `None`), in address order.
    fn page(&self, after: Option<Ipv4Addr>, limit: usize) -> Answer<'_, Page4>;

    /// Up to `limit` rows (0: all) whose time is up at `now`, in the states default and declined, oldest end first.
    fn expired(&self, now: Timestamp, limit: usize) -> Answer<'_, Page4>;

    /// As [`expired`](Self::expired), of one subnet: what an allocator reuses when no address is free.
    fn expired_in(&self, subnet: SubnetId, now: Timestamp, limit: usize) -> Answer<'_, Page4>;

    /// How many rows of each of these subnets are in each state; what there is none of is left out.
    fn counts(&self, first: SubnetId, last: SubnetId) -> Answer<'_, Vec<Counted>> {
        MaybeReady::Wait(Box::pin(counted(
            (first, last),
            |subnet| self.by_subnet(subnet),
            |after, limit| self.page(after, limit),
            |lease| (lease.address, (lease.subnet_id, LeaseType::Na, lease.state)),
        )))
    }

    /// Up to `limit` rows with this in common and with addresses above `after` (from the first when `None`), in address
    /// order, as far as [`Durable::keep_extended_info`] was asked to keep them.
    fn by_extended_info(&self, key: &ExtendedKey, after: Option<Ipv4Addr>, limit: usize)
    -> Answer<'_, Page4>;

    /// Adds a row unless the address has one.
    fn add(&self, lease: Lease4) -> Answer<'_, Added>;

    /// As [`add`](Self::add) in a store that is shared, unless a bound is exceeded then, whatever other servers add at the
    /// same time. Other stores leave bounds to who observes them.
    fn add_within(&self, lease: Lease4, _bounds: &[Bound]) -> Within<'_, Added> {
        within(self.add(lease))
    }

    /// Replaces the row of the same address if it still equals `expected` in client, cltt, lifetime and state.
    fn update(&self, lease: Lease4, expected: &Lease4) -> Answer<'_, Updated>;

    /// [`update`](Self::update), as [`add_within`](Self::add_within).
    fn update_within(&self, lease: Lease4, expected: &Lease4, _bounds: &[Bound]) -> Within<'_, Updated> {
        within(self.update(lease, expected))
    }

    /// Deletes the row if it still equals `expected` as in [`update`](Self::update).
    fn delete(&self, expected: &Lease4) -> Answer<'_, Updated>;

    /// Deletes rows in the states expired-reclaimed and released whose end lies `held` or more before `now`;
    /// answers how many.
    fn flush_reclaimed(&self, now: Timestamp, held: Seconds) -> Answer<'_, u64>;

    /// Reads what looking up these hardware addresses and addresses (0.0.0.0: none), and new leases in these subnets,
    /// will read, so that it is in the cache by then: one after the other, each lookup waits for memory. The answer means
    /// nothing.
    fn warm(
        &self,
        _clients: &mut dyn Iterator<Item = (&[u8], Ipv4Addr)>,
        _subnets: &mut dyn Iterator<Item = SubnetId>,
    ) -> u64 {
        0
    }

    /// Deletes all rows of a subnet (`None`: of all subnets); answers how many.
    fn wipe(&self, subnet: Option<SubnetId>) -> Answer<'_, u64>;
}
