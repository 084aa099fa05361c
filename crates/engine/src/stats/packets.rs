//! Packets of either family.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base::{Micros, SubnetId};
use observe::stats::{Counter, Group, Names, Registry};

use super::failures::{AllocationFailure, Failures};
use crate::DropReason;

/// Counters by message type.
type ByType = Box<[Option<Counter>]>;

/// What came in, left and was dropped; and the clock of all statistics.
#[derive(Debug)]
pub(super) struct Packets {
    registry: Arc<Registry>,
    /// Microseconds; the time that samples of the current batch get.
    now: AtomicU64,
    arrived: Counter,
    received: ByType,
    unknown: Counter,
    sent: Counter,
    sent_by_type: ByType,
    drops: Vec<Counter>,
    drop: Counter,
    failures: Failures,
}

impl Packets {
    /// `prefix` is `pkt4` or `pkt6`, `family` `v4` or `v6`; the tables have message types and the middle of their statistics' names.
    pub(super) fn new(
        registry: Arc<Registry>,
        now: Micros,
        prefix: &str,
        family: &'static str,
        received: &[(u8, &str)],
        sent: &[(u8, &str)],
    ) -> Self {
        let counter = |name: &str| {
            let counter = registry.counter(&format!("{prefix}-{name}"));
            counter.set(0, now);
            counter
        };
        let table = |rows: &[(u8, &str)], what: &str| -> ByType {
            let longest = rows.iter().map(|(code, _)| usize::from(*code) + 1).max().unwrap_or(0);
            let mut table = vec![None; longest];
            for (code, name) in rows {
                if let Some(slot) = table.get_mut(usize::from(*code)) {
                    *slot = Some(counter(&format!("{name}-{what}")));
                }
            }
            table.into()
        };
        Self {
            now: AtomicU64::new(now.0),
            arrived: counter("received"),
            received: table(received, "received"),
            unknown: counter("unknown-received"),
            sent: counter("sent"),
            sent_by_type: table(sent, "sent"),
            drops: DropReason::ALL.iter().map(|reason| counter(reason.name())).collect(),
            drop: counter("receive-drop"),
            failures: Failures::new(family, &registry, now),
            registry,
        }
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(super) fn set_now(&self, now: Micros) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> Micros {
        Micros(self.now.load(Ordering::Relaxed))
    }

    pub(super) fn arrived(&self) {
        self.arrived.increment(self.now());
    }

    pub(super) fn received(&self, kind: u8) {
        let counter = self.received.get(usize::from(kind)).and_then(Option::as_ref);
        counter.unwrap_or(&self.unknown).increment(self.now());
    }

    pub(super) fn sent(&self, kind: u8) {
        let now = self.now();
        self.sent.increment(now);
        if let Some(counter) = self.sent_by_type.get(usize::from(kind)).and_then(Option::as_ref) {
            counter.increment(now);
        }
    }

    pub(super) fn dropped(&self, reason: DropReason) {
        let now = self.now();
        let at = DropReason::ALL.iter().position(|r| *r == reason);
        if let Some(counter) = at.and_then(|at| self.drops.get(at)) {
            counter.increment(now);
        }
        self.drop.increment(now);
    }

    pub(super) fn allocation_failed(&self, subnet: SubnetId, failure: AllocationFailure) {
        self.failures.count(failure, subnet, &self.registry, self.now());
    }

    /// The statistics of these subnets have gone.
    pub(super) fn forget_failures(&self, gone: &[SubnetId]) {
        self.failures.forget(gone);
    }

    /// A counter of the server, at zero.
    pub(super) fn counter(&self, name: &str) -> Counter {
        let counter = self.registry.counter(name);
        counter.begin(self.now());
        counter
    }

    /// A group, of which the first so many are at zero where they are new.
    pub(super) fn group(&self, prefix: &str, names: &'static Names, begun: usize) -> Arc<Group> {
        let group = self.registry.group(prefix, names);
        group.begin(0..begun, self.now());
        group
    }
}
