//! Who may be connected: a cap in total and per address.
//!
//! When a cap is reached, the connection that has waited longest for its client makes room; one whose command is in
//! work never does. So thousands of idle connections cannot lock an operator out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use crate::alert::Alert;

/// Between two warnings that the cap has been reached: a flood must not fill the log.
const WARN_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Entry {
    peer: Option<IpAddr>,
    flags: Arc<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    /// A command is in work or its answer on its way.
    busy: AtomicBool,
    /// At least one command has been answered.
    served: AtomicBool,
    evicted: Notify,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    warned: Option<Instant>,
    /// By age.
    entries: BTreeMap<u64, Entry>,
}

/// All connections of one listener.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    total: usize,
    per_peer: usize,
    table: Arc<Mutex<Table>>,
    alert: Arc<Alert>,
}

/// The right to be connected; dropped with the connection.
#[derive(Debug)]
pub(crate) struct Slot {
    id: u64,
    flags: Arc<Flags>,
    table: Arc<Mutex<Table>>,
    alert: Arc<Alert>,
}

impl Slots {
    pub(crate) fn new(total: usize, per_peer: usize) -> Self {
        Self { total, per_peer, table: Arc::default(), alert: Alert::new() }
    }

    /// Room for a connection from `peer`; `None` when all others have commands in work.
    pub(crate) fn admit(&self, peer: Option<IpAddr>) -> Option<Slot> {
        let mut table = lock(&self.table);
        if let Some(address) = peer
            && table.entries.values().filter(|entry| entry.peer == Some(address)).count() >= self.per_peer
        {
            table.evict(|entry| entry.peer == Some(address))?;
        }
        if table.entries.len() >= self.total {
            table.evict(|_| true)?;
        }
        let id = table.next;
        table.next += 1;
        let flags = Arc::<Flags>::default();
        table.entries.insert(id, Entry { peer, flags: flags.clone() });
        Some(Slot { id, flags, table: self.table.clone(), alert: self.alert.clone() })
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        lock(&self.table).entries.len()
    }
}

impl Table {
    fn evict(&mut self, which: impl Fn(&Entry) -> bool) -> Option<()> {
        let waiting = |served: bool| {
            self.entries
                .iter()
                .find(|(_, entry)| {
                    which(entry)
                        && !entry.flags.busy.load(Ordering::Relaxed)
                        && entry.flags.served.load(Ordering::Relaxed) == served
                })
                .map(|(id, _)| *id)
        };
        // Those that never asked anything go first.
        let id = waiting(false).or_else(|| waiting(true))?;
        self.entries.remove(&id)?.flags.evicted.notify_one();
        Some(())
    }
}

impl Slot {
    /// A command is in work: the slot is safe.
    pub(crate) fn begin(&self) {
        if !self.flags.busy.swap(true, Ordering::Relaxed) {
            self.alert.asked();
        }
    }

    /// The answer is out; nothing happens when no command was in work.
    pub(crate) fn end(&self) {
        if self.is_over() {
            self.alert.answered();
        }
    }

    /// As [`end`](Self::end), for a control agent: it has work of its own, on this processor maybe, before it has another
    /// command.
    pub(crate) fn end_of_forwarded(&self) {
        if self.is_over() {
            self.alert.passed();
        }
    }

    fn is_over(&self) -> bool {
        let over = self.flags.busy.swap(false, Ordering::Relaxed);
        if over {
            self.flags.served.store(true, Ordering::Relaxed);
        }
        over
    }

    /// Whether the log may have another warning about the cap.
    pub(crate) fn warn(&self) -> bool {
        let mut table = lock(&self.table);
        let due = table.warned.is_none_or(|last| last.elapsed() >= WARN_EVERY);
        if due {
            table.warned = Some(Instant::now());
        }
        due
    }

    /// Returns once the slot has been given to another connection.
    pub(crate) async fn evicted(&self) {
        self.flags.evicted.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.end();
        lock(&self.table).entries.remove(&self.id);
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    async fn is_evicted(slot: &Slot) -> bool {
        tokio::time::timeout(Duration::from_millis(1), slot.evicted()).await.is_ok()
    }

    #[tokio::test]
    async fn the_longest_waiting_makes_room() {
        let slots = Slots::new(3, 3);
        let [busy, served, fresh] = [(); 3].map(|()| slots.admit(None).unwrap());
        busy.begin();
        served.begin();
        served.end();
        let fourth = slots.admit(None).unwrap();
        assert!(is_evicted(&fresh).await && !is_evicted(&served).await && !is_evicted(&busy).await);
        fourth.begin();
        let fifth = slots.admit(None).unwrap();
        assert!(is_evicted(&served).await);
        fifth.begin();
        assert!(slots.admit(None).is_none(), "all have commands in work");
        drop(busy);
        assert!(slots.admit(None).is_some());
        drop((fresh, served, fourth, fifth));
        assert_eq!(slots.count(), 0);
    }

    #[tokio::test]
    async fn one_address_cannot_take_all() {
        let slots = Slots::new(10, 2);
        let [one, two] = [1, 2].map(|n| Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, n))));
        let first = slots.admit(one).unwrap();
        let other = slots.admit(two).unwrap();
        let _second = slots.admit(one).unwrap();
        let _third = slots.admit(one).unwrap();
        assert!(is_evicted(&first).await && !is_evicted(&other).await);
    }
}
