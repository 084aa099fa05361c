//! Expired leases (Kea manual, "Lease Expiration"), of either family: reclaimed in bounded runs, kept for a while,
//! then deleted.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use base::Timestamp;
use lease::{LeaseState, MaybeReady, StoreError, Updated};

use crate::alloc::{Leased, Runtime};
use crate::ddns::Requests;
use crate::expired::over;
use crate::points::Announcement;

/// Bounds of a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// 0: all.
    pub leases: usize,
    /// Delete rows instead of keeping them as expired-reclaimed, released ones too.
    pub remove: bool,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reclaimed {
    pub leases: usize,
    /// What DNS is to be told once the store has committed.
    pub requests: Requests,
    /// What libraries have to say then.
    pub announcements: Vec<Announcement>,
    /// A bound was reached with expired leases left.
    pub limited: bool,
}

/// A step of a run, for the log.
pub(crate) enum Note<'a, L> {
    /// So many are due.
    Start(usize),
    Reclaimed(&'a L),
    /// A declined address may be given out again.
    Recovered(&'a L),
    Complete(usize),
}

type Answer<'a, T> = MaybeReady<'a, Result<T, StoreError>>;

/// What reclamation needs of a lease and of its store.
pub(crate) trait Reclaim: Leased {
    /// Rows whose time is up, oldest end first.
    fn due<'a>(store: &'a Self::Store<'_>, now: Timestamp, limit: usize) -> Answer<'a, Vec<Arc<Self>>>;
    /// Whether each change of the store takes a while, so that several are made at a time.
    fn is_slow(store: &Self::Store<'_>) -> bool;
    /// Rows that were released and kept for their clients.
    fn released<'a>(store: &'a Self::Store<'_>) -> Answer<'a, Vec<Arc<Self>>>;
    fn update<'a>(store: &'a Self::Store<'_>, row: Self, expected: &Self) -> Answer<'a, Updated>;
    fn delete<'a>(store: &'a Self::Store<'_>, expected: &Self) -> Answer<'a, Updated>;
    /// The row as it is kept for its client to find again.
    fn kept(&self) -> Self;
    fn count(&self, runtime: &Runtime<Self>, declined: bool);
    /// Logs it, with the family's identifier.
    fn note(note: Note<'_, Self>);
}

/// Reclaims leases whose time is up at `now`. `proceed` is asked before each lease but the first: false ends the run (the
/// `max-reclaim-time` of the caller's clock). `ours` leaves leases to another server; `forget` adds what is to be told of a
/// lease that is no more; whether its row goes, too, is its second argument.
pub(crate) async fn expired<L: Reclaim>(
    store: &L::Store<'_>,
    runtime: &Runtime<L>,
    ours: impl Fn(&L) -> bool,
    forget: impl Fn(&L, bool, &mut Reclaimed),
    now: Timestamp,
    limits: Limits,
    mut proceed: impl FnMut() -> bool,
) -> Result<Reclaimed, StoreError> {
    // One more than wanted tells whether there are more.
    let ask = if limits.leases == 0 { 0 } else { limits.leases + 1 };
    let mut due = L::due(store, over(now), ask).await?;
    let found = due.len();
    due.retain(|lease| ours(lease));
    if ask > 0 && due.len() < found && found == ask {
        // Those of another server must not keep the server's own out of sight.
        due = L::due(store, over(now), 0).await?;
        due.retain(|lease| ours(lease));
    }
    if limits.remove {
        due.extend(L::released(store).await?.into_iter().filter(|lease| lease.is_expired(now)));
    }
    let mut done = Reclaimed::default();
    if limits.leases > 0 && due.len() > limits.leases {
        due.truncate(limits.leases);
        done.limited = true;
    }
    L::note(Note::Start(due.len()));
    // What was done is told also when the rest fails: the next run meets the failure, and has nothing to tell.
    let mut failure = None;
    let at_a_time = if L::is_slow(store) { TOGETHER } else { 1 };
    for (at, leases) in due.chunks(at_a_time).enumerate() {
        // At least one: however long the look for them took, each run gets on.
        if at > 0 && !proceed() {
            done.limited = true;
            break;
        }
        let mut reclaimed = |lease: &Arc<L>| {
            forget(lease, !keeps(&**lease, limits.remove), &mut done);
            done.leases += 1;
        };
        let mut told = |lease: &Arc<L>, outcome: Result<bool, StoreError>| match outcome {
            Ok(true) => reclaimed(lease),
            Ok(false) => {}
            Err(error) => failure = Some(error),
        };
        if let [lease] = leases {
            told(lease, reclaim::<L>(store, runtime, lease, limits.remove).await);
        } else {
            let work: Vec<_> =
                leases.iter().map(|lease| reclaim::<L>(store, runtime, lease, limits.remove)).collect();
            for (lease, outcome) in leases.iter().zip(together(work).await) {
                told(lease, outcome);
            }
        }
        if failure.is_some() {
            done.limited = true;
            break;
        }
    }
    if let Some(error) = failure.filter(|_| done.leases == 0) {
        return Err(error);
    }
    L::note(Note::Complete(done.leases));
    Ok(done)
}

/// Whether the row of a lease is kept for its client.
fn keeps<L: Reclaim>(lease: &L, remove: bool) -> bool {
    !remove && lease.state() == LeaseState::Default
}

/// Leases that are reclaimed at a time where each takes a while.
const TOGETHER: usize = 64;

/// Does all of it at the same time.
async fn together<T>(work: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut work: Vec<_> = work.into_iter().map(|work| (Box::pin(work), None)).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for (work, outcome) in &mut work {
            if outcome.is_none() {
                match work.as_mut().poll(context) {
                    Poll::Ready(done) => *outcome = Some(done),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    work.into_iter().filter_map(|(_, outcome)| outcome).collect()
}

async fn reclaim<L: Reclaim>(
    store: &L::Store<'_>,
    runtime: &Runtime<L>,
    lease: &L,
    remove: bool,
) -> Result<bool, StoreError> {
    let declined = lease.state() == LeaseState::Declined;
    // A declined address whose probation is over goes back to the pool, and a registered one was never ours: there is
    // no client to keep it for.
    let keep = keeps(lease, remove);
    let outcome =
        if keep { L::update(store, lease.kept(), lease).await? } else { L::delete(store, lease).await? };
    // Renewed or taken meanwhile: not ours to reclaim.
    if outcome == Updated::Conflict {
        return Ok(false);
    }
    lease.count(runtime, declined);
    L::note(if declined { Note::Recovered(lease) } else { Note::Reclaimed(lease) });
    Ok(true)
}
