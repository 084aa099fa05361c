//! Lease updates on their way to another server.
//!
//! Updates of one address leave in the order in which they were made. DHCPv4 has a command for each lease, so several
//! connections are used side by side, each for its share of the addresses; DHCPv6 has one for as many as there are.

use std::sync::{Arc, Weak};

use base::{Family, Timestamp};
use engine::Changed;
use ha::messages::{DeletionRefused, UpdateConflict, UpdateFailed, UpdateRefused, UpdateUnsent};
use ha::{Failure, Told, log_failure, wire::Speaker};
use json::{Map, Value};
use lease::LeaseState;
use modules::lease_cmds::Leases;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::link::{Link, PATIENCE};
use super::seat::{Change, Seat};
use crate::Protocol;

/// Connections side by side, where nothing else is said.
const CONNECTIONS: u32 = 16;
/// Updates of DHCPv6 that leave in one command.
const TOGETHER: usize = 64;
/// Updates for a backup that may wait; it never holds anybody up, and does not fill the memory either.
const BACKLOG: usize = 100_000;

/// What became of an update.
type Outcome = Result<(), Failure>;

/// The changes of one query, on their way.
struct Job<P: Protocol> {
    changes: Vec<Change<P>>,
    done: oneshot::Sender<Outcome>,
}

/// The way of updates to one server.
pub(crate) struct Line<P: Protocol> {
    queues: Vec<mpsc::Sender<Job<P>>>,
}

/// What of the updates for a server concerns its queues.
struct Carrier<P: Protocol> {
    seat: Weak<Seat<P>>,
    link: Arc<Link>,
    /// It is the partner rather than a backup.
    partner: bool,
}

impl<P: Protocol> Line<P> {
    /// `threads`: connections side by side; 0: as many as seem right.
    pub(crate) fn start(
        runtime: &Handle,
        seat: &Weak<Seat<P>>,
        link: &Arc<Link>,
        partner: bool,
        threads: u32,
    ) -> Self {
        let connections = match (P::FAMILY, threads) {
            (Family::V6, _) => 1,
            (Family::V4, 0) => CONNECTIONS,
            (Family::V4, threads) => threads.min(64),
        };
        let queues = (0..connections).map(|_| {
            let (queue, jobs) = mpsc::channel(BACKLOG);
            let carrier = Carrier { seat: Weak::clone(seat), link: Arc::clone(link), partner };
            runtime.spawn(carrier.run(jobs));
            queue
        });
        Self { queues: queues.collect() }
    }

    /// Sends changes in their turn. Each of the answers tells of a part of them.
    pub(crate) fn send(&self, changes: &[Change<P>]) -> Vec<oneshot::Receiver<Outcome>> {
        let mut answers = Vec::new();
        let mut push = |queue: Option<&mpsc::Sender<Job<P>>>, changes: Vec<Change<P>>| {
            let (done, answer) = oneshot::channel();
            // A queue that is full drops the sender, and so the answer fails.
            let _: Option<Result<(), _>> = queue.map(|queue| queue.try_send(Job { changes, done }));
            answers.push(answer);
        };
        if let [queue] = self.queues.as_slice() {
            push(Some(queue), changes.to_vec());
        } else {
            for change in changes {
                let place =
                    ahash::RandomState::with_seeds(1, 2, 3, 4).hash_one(P::Model::address(change.lease()));
                let count = u64::try_from(self.queues.len()).unwrap_or(1).max(1);
                let place = usize::try_from(place % count).unwrap_or(0);
                push(self.queues.get(place), vec![change.clone()]);
            }
        }
        answers
    }
}

impl<P: Protocol> Carrier<P> {
    async fn run(self, mut jobs: mpsc::Receiver<Job<P>>) {
        let most = if P::FAMILY == Family::V6 { TOGETHER } else { 1 };
        let mut batch = Vec::new();
        while jobs.recv_many(&mut batch, most).await > 0 {
            let Some(seat) = self.seat.upgrade() else { return };
            // Others are told already that the partner is gone: no use in waiting for each.
            if self.partner && seat.plan().partner != Told::Now {
                for job in batch.drain(..) {
                    let gone =
                        Failure::Unreachable("the partner is not told of leases any longer".to_owned());
                    let _: Result<(), _> = job.done.send(Err(gone));
                }
                continue;
            }
            let changes: Vec<&[Change<P>]> = batch.iter().map(|job| job.changes.as_slice()).collect();
            let outcomes = send::<P>(&self.link, seat.speaker(), &changes).await;
            for (job, outcome) in batch.drain(..).zip(outcomes) {
                if let Err(failure) = &outcome {
                    self.report(&seat.relationship.own().name, &job.changes, failure);
                }
                if self.partner {
                    seat.judge(&job.changes, outcome.as_ref().copied());
                }
                let _: Result<(), _> = job.done.send(outcome);
            }
        }
    }

    fn report(&self, server: &str, changes: &[Change<P>], failure: &Failure) {
        let partner = &self.link.label;
        for change in changes {
            let lease = P::Model::named(change.lease());
            if let Failure::Conflict(reason) = failure {
                observe::log!(UpdateConflict { server, lease, partner, reason });
            } else {
                log_failure!(failure, UpdateUnsent | UpdateFailed { server, lease, partner });
            }
        }
    }
}

/// Sends the changes of several queries; an outcome for each.
pub(crate) async fn send<P: Protocol>(
    link: &Link,
    speaker: Speaker<'_>,
    queries: &[&[Change<P>]],
) -> Vec<Outcome> {
    let released = queries
        .iter()
        .any(|changes| changes.iter().any(|change| P::Model::state(change.lease()) == LeaseState::Released));
    if !released || link.knows_released() {
        let outcomes = send_as::<P>(link, speaker, queries, false).await;
        // Kea before 2.7 keeps no released leases, and refuses what has such a state.
        if !released || !outcomes.iter().any(|outcome| matches!(outcome, Err(Failure::Refused(_)))) {
            return outcomes;
        }
    }
    let outcomes = send_as::<P>(link, speaker, queries, true).await;
    if outcomes.iter().all(Result::is_ok) {
        link.learn_released(false);
    }
    outcomes
}

/// `gone`: what was released is no more, rather than kept for its client.
async fn send_as<P: Protocol>(
    link: &Link,
    speaker: Speaker<'_>,
    queries: &[&[Change<P>]],
    gone: bool,
) -> Vec<Outcome> {
    let render = |change: &Change<P>| P::Model::render(change.lease());
    let is_gone = |change: &Change<P>| match change {
        Changed::Ended(_) => true,
        Changed::Stored(lease) => gone && P::Model::state(lease) == LeaseState::Released,
    };
    if P::FAMILY == Family::V4 {
        let mut outcomes = Vec::new();
        for changes in queries {
            let mut outcome = Ok(());
            for change in *changes {
                let lease = render(change);
                let command = if is_gone(change) { speaker.delete4(lease) } else { speaker.update4(lease) };
                // A lease that is gone there, too, is as it should be.
                let sent = link.ask(&command, PATIENCE).await.map(|_| ());
                outcome = outcome.and(sent);
            }
            outcomes.push(outcome);
        }
        return outcomes;
    }
    let (mut leases, mut deleted) = (Vec::new(), Vec::new());
    for change in queries.iter().flat_map(|changes| changes.iter()) {
        if is_gone(change) { &mut deleted } else { &mut leases }.push(render(change));
    }
    match link.ask(&speaker.bulk6(leases, deleted), PATIENCE).await {
        Ok(answer) => {
            let refused = refused(speaker.server, answer.arguments.as_ref());
            let of = |changes: &&[Change<P>]| {
                let mut stored = changes.iter().filter(|change| matches!(change, Changed::Stored(_)));
                let failure = stored.find_map(|change| {
                    let address = P::Model::address(change.lease()).to_string();
                    refused
                        .iter()
                        .find(|(refused, _)| *refused == address)
                        .map(|(_, failure)| failure.clone())
                });
                failure.map_or(Ok(()), Err)
            };
            queries.iter().map(of).collect()
        }
        Err(failure) => queries.iter().map(|_| Err(failure.clone())).collect(),
    }
}

/// The leases of `lease6-bulk-apply` that were refused, by their addresses.
fn refused(server: &str, arguments: Option<&Value>) -> Vec<(String, Failure)> {
    let Some(arguments) = arguments.and_then(Value::as_map) else { return Vec::new() };
    let list = |name: &str| arguments.get(name).and_then(Value::as_list).unwrap_or_default();
    let text =
        |map: &Map, name: &str| map.get(name).and_then(Value::as_str).unwrap_or("(unknown)").to_owned();
    for map in list("failed-deleted-leases").iter().filter_map(Value::as_map) {
        let (kind, address, reason) =
            (text(map, "type"), text(map, "ip-address"), text(map, "error-message"));
        observe::log!(DeletionRefused { server, kind, address, reason });
    }
    let mut refused = Vec::new();
    for map in list("failed-leases").iter().filter_map(Value::as_map) {
        let (kind, address, reason) =
            (text(map, "type"), text(map, "ip-address"), text(map, "error-message"));
        observe::log!(UpdateRefused { server, kind, address, reason });
        let conflict =
            map.get("result").and_then(Value::as_int) == Some(i64::from(control::result::CONFLICT));
        let failure = if conflict { Failure::Conflict(reason) } else { Failure::Refused(reason) };
        refused.push((address, failure));
    }
    refused
}

/// What tells the client of changes from others, and until when the last of its leases lasts.
pub(crate) fn client<P: Protocol>(changes: &[Change<P>]) -> (Vec<u8>, Timestamp) {
    let held = |change: &&Change<P>| P::Model::state(change.lease()) == LeaseState::Default;
    let lease = changes.iter().find(held).or(changes.first());
    let until = changes.iter().map(|change| P::Model::expires(change.lease())).max();
    (
        lease.map(|change| P::Model::holder(change.lease()).into_bytes()).unwrap_or_default(),
        until.unwrap_or_default(),
    )
}
