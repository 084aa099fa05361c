//! How many leases there are of each client class and in each subnet (`libdhcp_limits`), kept true by observing the store:
//! a lease has its classes in its user context.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::SubnetId;
use json::Value;
use lease::LeaseState;

use super::{Leased, PoolKind};
use crate::sanity::{ISC, parse, with_entry};

/// Where Kea keeps the classes of a lease in its own part of the user context.
const CLASSES: &str = "client-classes";

/// Counts of leases, while somebody asks for them.
#[derive(Debug, Default)]
pub(super) struct Held {
    wanted: AtomicBool,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    classes: HashMap<(PoolKind, Box<str>), u64>,
    subnets: HashMap<(PoolKind, SubnetId), u64>,
}

impl Held {
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Begins or ends to count; nothing is counted yet.
    pub(super) fn want(&self, wanted: bool) {
        *self.counts() = Counts::default();
        self.wanted.store(wanted, Ordering::Relaxed);
    }

    pub(super) fn of_class(&self, kind: PoolKind, class: &str) -> u64 {
        self.counts().classes.get(&(kind, class.into())).copied().unwrap_or(0)
    }

    pub(super) fn of_subnet(&self, kind: PoolKind, subnet: SubnetId) -> u64 {
        self.counts().subnets.get(&(kind, subnet)).copied().unwrap_or(0)
    }

    /// Follows a change of the store.
    pub(super) fn follow<L: Leased>(&self, old: Option<&L>, new: Option<&L>) {
        if !self.is_wanted() {
            return;
        }
        let key = |l: &L| (l.kind(), l.subnet_id(), l.state());
        // A renewal by a client of the same classes changes no count.
        if old.map(key) == new.map(key)
            && old.and_then(|lease| lease.user_context()) == new.and_then(|lease| lease.user_context())
        {
            return;
        }
        let mut counts = self.counts();
        for (lease, more) in [(old, false), (new, true)] {
            let Some(lease) = lease else { continue };
            // As in Kea: a declined address is one that its subnet cannot give, but no client's.
            if matches!(lease.state(), LeaseState::Default | LeaseState::Declined) {
                count(&mut counts.subnets, (lease.kind(), lease.subnet_id()), more);
            }
            if lease.state() == LeaseState::Default {
                for class in classes(lease.user_context()) {
                    count(&mut counts.classes, (lease.kind(), class), more);
                }
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one more or one less; counts that come to nothing go.
fn count<K: Eq + Hash>(counts: &mut HashMap<K, u64>, key: K, more: bool) {
    let now = counts.get(&key).copied().unwrap_or(0);
    match if more { now + 1 } else { now.saturating_sub(1) } {
        0 => _ = counts.remove(&key),
        other => _ = counts.insert(key, other),
    }
}

/// The user context of a lease with the classes of its client.
#[must_use]
pub fn with_classes(context: Option<&Arc<str>>, classes: &[&str]) -> Arc<str> {
    let classes: Vec<Value> = classes.iter().map(|class| Value::from(*class)).collect();
    with_entry(context, CLASSES, classes.into())
}

/// The classes that a user context names.
fn classes(context: Option<&str>) -> Vec<Box<str>> {
    let of = |context: &str| {
        let context = parse(context)?;
        let classes = context.get(ISC)?.get(CLASSES)?.as_list()?.iter();
        Some(classes.filter_map(Value::as_str).map(Into::into).collect())
    };
    context.and_then(of).unwrap_or_default()
}
