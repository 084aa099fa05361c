//! What happens when more comes in than the server can serve.
//!
//! The kernel keeps two queues for each worker and socket ([`net::Lane`]). Of clients that only look for a server a
//! batch has what there is room for beside the others, so that renewals and the second halves of exchanges come first,
//! and an exchange that was begun is finished. What a queue cannot hold the kernel drops, at no cost to the server. A queue
//! that overflowed, or had to wait long for its turn, gets its packets stamped: those that are older than [`AGE`] are
//! dropped unread, for their clients have asked again or will; and the discovery lane gets a short queue. All of it is
//! counted. A server that keeps up reads no clock and stamps no packet for this.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base::{Family, Micros};
use net::Lane;

/// Longest that a packet of an overloaded queue may have waited.
pub(crate) const AGE: Duration = Duration::from_millis(900);
/// Octets that may wait in the discovery lane while it is overloaded, some 800 packets: these are young when their turn
/// comes, and still in the cache. Those of a queue as long as usual (8 MiB with all that the kernel keeps) are neither.
pub(crate) const SHORT: u32 = 512 << 10;
/// A queue that waits longer for its turn is overloaded.
pub(crate) const STARVED: Duration = Duration::from_millis(100);
/// A queue is overloaded until so long after the last sign of it.
const CALM: Duration = Duration::from_secs(10);

/// Packets that nobody served, for `status-get` and `/metrics`.
#[derive(Debug)]
pub(crate) struct Overload {
    main: AtomicU64,
    discovery: AtomicU64,
    late: AtomicU64,
    /// What the kernel had counted for all sockets of the machine when the server began.
    before: Option<u64>,
    /// What it had counted when it was last asked, and when that was, in steady microseconds: it writes a long table for
    /// it.
    asked: Mutex<(u64, Option<u64>)>,
}

/// How long an answer of the kernel is good for, in microseconds.
const FRESH: u64 = 100_000;

/// See [`Overload`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Dropped by the kernel because a queue was full, by lane.
    pub(crate) main: u64,
    pub(crate) discovery: u64,
    /// The same, where the kernel does not tell the lane: what DHCPv6 clients send to multicast groups.
    pub(crate) multicast: Option<u64>,
    /// Dropped because they had waited too long.
    pub(crate) late: u64,
}

impl Lost {
    /// What the kernel dropped, by the names of the queues.
    pub(crate) fn by_queue(&self) -> Vec<(&'static str, u64)> {
        let multicast = self.multicast.map(|packets| ("multicast", packets));
        [("main", self.main), ("discovery", self.discovery)].into_iter().chain(multicast).collect()
    }
}

impl Overload {
    pub(crate) fn new(family: Family) -> Self {
        let before = if family == Family::V6 { net::overflows6() } else { None };
        let asked = Mutex::new((0, before));
        Self { main: AtomicU64::new(0), discovery: AtomicU64::new(0), late: AtomicU64::new(0), before, asked }
    }

    /// `now`: steady microseconds.
    pub(crate) fn lost(&self, now: u64) -> Lost {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (main, discovery) = (read(&self.main), read(&self.discovery));
        let all = self.before.and_then(|before| Some(self.all(now)?.saturating_sub(before)));
        let multicast = all.map(|all| all.saturating_sub(main.saturating_add(discovery)));
        Lost { main, discovery, multicast, late: read(&self.late) }
    }

    /// What the kernel has counted for all sockets of the machine.
    fn all(&self, now: u64) -> Option<u64> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(asked.0) >= FRESH {
            *asked = (now, net::overflows6());
        }
        asked.1
    }

    pub(crate) fn overflowed(&self, lane: Lane, packets: u32) {
        let count = match lane {
            Lane::Main => &self.main,
            Lane::Discovery => &self.discovery,
        };
        count.fetch_add(packets.into(), Ordering::Relaxed);
    }

    pub(crate) fn late(&self, packets: usize) {
        self.late.fetch_add(u64::try_from(packets).unwrap_or(0), Ordering::Relaxed);
    }
}

/// Whether a queue is overloaded.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    /// What the kernel had dropped when it was last looked at.
    dropped: u32,
    /// Steady microseconds until which the queue is overloaded.
    until: Option<u64>,
    /// Since when it waits for its turn.
    waits: Option<u64>,
}

impl Pressure {
    /// Packets are stamped.
    pub(crate) fn is_on(&self) -> bool {
        self.until.is_some()
    }

    /// Looks at what the kernel has dropped. Answers how many that are since the last time.
    pub(crate) fn look(&mut self, dropped: u32, steady: impl FnOnce() -> u64) -> u32 {
        let more = dropped.wrapping_sub(self.dropped);
        self.dropped = dropped;
        if more > 0 {
            self.on(steady());
        } else if let Some(until) = self.until
            && steady() > until
        {
            self.until = None;
        }
        more
    }

    /// The queue had its turn, or was passed over for another.
    pub(crate) fn turn(&mut self, passed_over: bool, steady: impl FnOnce() -> u64) {
        if !passed_over {
            self.waits = None;
            return;
        }
        let now = steady();
        let since = *self.waits.get_or_insert(now);
        if now.saturating_sub(since) > micros(STARVED) {
            self.on(now);
        }
    }

    /// There is a sign of overload.
    pub(crate) fn on(&mut self, steady: u64) {
        self.until = Some(steady.saturating_add(micros(CALM)));
    }

    /// Whether a packet that the kernel got at `received` is not worth the work any more.
    pub(crate) fn is_late(received: Option<Micros>, now: Micros) -> bool {
        received.is_some_and(|received| now.0.saturating_sub(received.0) > micros(AGE))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_overloaded_for_a_while_after_it_overflowed() {
        let mut pressure = Pressure::default();
        let never = || -> u64 { panic!("a queue that keeps up reads no clock") };
        assert_eq!(pressure.look(0, never), 0);
        assert!(!pressure.is_on());
        assert_eq!(pressure.look(5, || 1_000_000), 5);
        assert!(pressure.is_on());
        assert_eq!(pressure.look(5, || 11_000_000), 0);
        assert!(pressure.is_on());
        assert_eq!(pressure.look(5, || 11_000_001), 0);
        assert!(!pressure.is_on());
        assert_eq!(pressure.look(5, never), 0);
        // The kernel's count wraps.
        let mut pressure = Pressure::default();
        pressure.look(u32::MAX, || 0);
        assert_eq!(pressure.look(2, || 0), 3);
    }

    #[test]
    fn packets_are_late_by_the_kernels_clock() {
        let now = Micros(10_000_000);
        assert!(!Pressure::is_late(None, now));
        assert!(!Pressure::is_late(Some(Micros(9_100_000)), now));
        assert!(Pressure::is_late(Some(Micros(9_099_999)), now));
        assert!(!Pressure::is_late(Some(Micros(11_000_000)), now), "the clock went back");
    }

    #[test]
    fn a_queue_that_waits_long_for_its_turn_is_overloaded() {
        let mut pressure = Pressure::default();
        let never = || -> u64 { panic!("a queue that has its turn reads no clock") };
        pressure.turn(false, never);
        for at in [1_000_000, 1_050_000, 1_100_000] {
            pressure.turn(true, || at);
            assert!(!pressure.is_on());
        }
        pressure.turn(false, never);
        pressure.turn(true, || 2_000_000);
        assert!(!pressure.is_on(), "it had its turn between");
        pressure.turn(true, || 2_100_001);
        assert!(pressure.is_on());
    }

    #[test]
    fn what_was_lost_is_counted_by_lane() {
        let overload = Overload::new(Family::V4);
        overload.overflowed(Lane::Main, 2);
        overload.overflowed(Lane::Discovery, 3);
        overload.overflowed(Lane::Discovery, 4);
        overload.late(5);
        assert_eq!(overload.lost(0), Lost { main: 2, discovery: 7, multicast: None, late: 5 });
        assert_eq!(overload.lost(0).by_queue(), [("main", 2), ("discovery", 7)]);
        // The kernel's count for the machine, less what is known by lane.
        assert_eq!(Overload::new(Family::V6).lost(0).by_queue().len(), 3);
    }
}
