//! Time that moves when told.

use std::sync::atomic::{AtomicU64, Ordering};

use base::{Clock, Micros, Random, Seconds, Timestamp};

/// A clock that stands still until it is advanced. Shared by reference between the test and what it tests.
#[derive(Debug)]
pub struct FakeClock {
    wall: AtomicU64,
    steady: AtomicU64,
}

impl FakeClock {
    /// 2026-01-01 00:00:00 UTC, where scenarios begin.
    pub const START: Timestamp = Timestamp(1_767_225_600);

    #[must_use]
    pub fn new() -> Self {
        Self::at(Self::START)
    }

    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self { wall: AtomicU64::new(start.0 * 1_000_000), steady: AtomicU64::new(0) }
    }

    pub fn advance(&self, span: Seconds) {
        let micros = u64::from(span.0) * 1_000_000;
        self.wall.fetch_add(micros, Ordering::SeqCst);
        self.steady.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the wall clock, back or forth, as an administrator or NTP may; the steady clock does not notice.
    pub fn set_wall(&self, to: Timestamp) {
        self.wall.store(to.0 * 1_000_000, Ordering::SeqCst);
    }

    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.now().seconds()
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Micros {
        Micros(self.wall.load(Ordering::SeqCst))
    }

    fn steady(&self) -> u64 {
        self.steady.load(Ordering::SeqCst)
    }
}

/// Gives the listed numbers in turn, over and over.
#[derive(Clone, Debug)]
pub struct ScriptedRandom {
    numbers: Vec<u64>,
    next: usize,
}

impl ScriptedRandom {
    #[must_use]
    pub fn new(numbers: impl Into<Vec<u64>>) -> Self {
        Self { numbers: numbers.into(), next: 0 }
    }
}

impl Random for ScriptedRandom {
    fn next_u64(&mut self) -> u64 {
        let number = self.numbers.get(self.next).copied().unwrap_or(0);
        self.next = (self.next + 1) % self.numbers.len().max(1);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_time_ignores_the_administrator() {
        let clock = FakeClock::new();
        clock.advance(Seconds(5));
        assert_eq!((clock.timestamp(), clock.steady()), (Timestamp(FakeClock::START.0 + 5), 5_000_000));
        clock.set_wall(Timestamp(7));
        assert_eq!((clock.timestamp(), clock.steady()), (Timestamp(7), 5_000_000));
    }

    #[test]
    fn scripted_numbers_repeat() {
        let mut random = ScriptedRandom::new([1, 2]);
        assert_eq!([(); 5].map(|()| random.next_u64()), [1, 2, 1, 2, 1]);
        assert_eq!(ScriptedRandom::new([]).next_u64(), 0);
    }
}
