//! Samples of one statistic below its newest value, and the limit on their number.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};

use base::Micros;

/// Most samples that any statistic keeps, whatever its limit.
pub const MAX_SAMPLES: u32 = 1_000_000;

/// Samples that a history has memory for at first, and then if the limit allows so many.
const FEW: usize = 3;
const MANY: usize = 20;

/// How many samples a statistic keeps; the newest always stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The newest samples, at most so many (0 is taken as 1, more than [`MAX_SAMPLES`] as that).
    Count(u32),
    /// The samples of the last so many seconds.
    Age(u32),
}

impl Limit {
    /// Kea's limit where nothing is configured.
    pub const DEFAULT: Self = Self::Count(20);

    /// The limit that `statistic-default-sample-count` and `-age` mean: the count, or the age when the count is 0.
    #[must_use]
    pub fn from_defaults(count: u32, age: u32) -> Self {
        if count == 0 { Self::Age(age) } else { Self::Count(count) }
    }
}

/// The samples before the newest one, newest first. The newest is kept by the owner.
#[derive(Clone, Debug)]
pub(super) struct History<T> {
    older: VecDeque<(T, Micros)>,
    limit: Packed,
}

/// A limit in four octets: subnets have so many statistics that each octet counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed(u32);

impl Packed {
    const AGE: u32 = 1 << 31;
    /// Set by a command for this statistic; the defaults no longer apply.
    const OWN: u32 = 1 << 30;
    /// Seconds of 34 years, and more samples than [`MAX_SAMPLES`].
    const VALUE: u32 = Self::OWN - 1;

    const fn new(limit: Limit, own: bool) -> Self {
        let (value, age) = match limit {
            Limit::Count(count) => (count, 0),
            Limit::Age(seconds) => (seconds, Self::AGE),
        };
        let value = if value > Self::VALUE { Self::VALUE } else { value };
        Self(value | age | if own { Self::OWN } else { 0 })
    }

    const fn limit(self) -> Limit {
        let value = self.0 & Self::VALUE;
        if self.0 & Self::AGE == 0 { Limit::Count(value) } else { Limit::Age(value) }
    }

    const fn is_own(self) -> bool {
        self.0 & Self::OWN != 0
    }
}

/// A limit that is read and set by many threads.
#[derive(Debug)]
pub(super) struct AtomicLimit(AtomicU32);

impl AtomicLimit {
    pub(super) const fn new(limit: Limit) -> Self {
        Self(AtomicU32::new(Packed::new(limit, false).0))
    }

    pub(super) fn get(&self) -> Limit {
        Packed(self.0.load(Ordering::Relaxed)).limit()
    }

    pub(super) fn set(&self, limit: Limit) {
        self.0.store(Packed::new(limit, false).0, Ordering::Relaxed);
    }
}

impl<T> History<T> {
    pub(super) const fn new(limit: Limit) -> Self {
        Self { older: VecDeque::new(), limit: Packed::new(limit, false) }
    }

    /// What was the newest sample until now; `now` is the time of its successor.
    pub(super) fn push(&mut self, value: T, at: Micros, now: Micros) {
        let length = self.older.len();
        if length == self.older.capacity() && length < MANY {
            // Twice, not at each power of two: with many objects this is most of what a server allocates at first.
            let room = if length == 0 { FEW } else { self.most().saturating_add(1).min(MANY) };
            self.older.reserve_exact(room.saturating_sub(length));
        }
        self.older.push_front((value, at));
        self.trim(now);
    }

    pub(super) fn clear(&mut self) {
        self.older.clear();
    }

    /// Samples older than the newest, newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(T, Micros)> {
        self.older.iter()
    }

    /// Reads the place that the next sample is put before.
    pub(super) fn touch(&self) -> u64 {
        self.older.front().map_or(0, |(_, at)| at.0)
    }

    pub(super) fn set_limit(&mut self, limit: Limit, now: Micros) {
        self.limit_to(Packed::new(limit, true), now);
    }

    pub(super) fn set_default_limit(&mut self, limit: Limit, now: Micros) {
        if !self.limit.is_own() {
            self.limit_to(Packed::new(limit, false), now);
        }
    }

    fn limit_to(&mut self, limit: Packed, now: Micros) {
        self.limit = limit;
        self.trim(now);
        self.older.shrink_to_fit();
    }

    /// Samples beside the newest that the limit allows.
    fn most(&self) -> usize {
        let count = match self.limit.limit() {
            Limit::Count(count) => count.clamp(1, MAX_SAMPLES),
            Limit::Age(_) => MAX_SAMPLES,
        };
        usize::try_from(count - 1).unwrap_or(usize::MAX)
    }

    fn trim(&mut self, now: Micros) {
        if let Limit::Age(seconds) = self.limit.limit() {
            let oldest = now.0.saturating_sub(u64::from(seconds).saturating_mul(1_000_000));
            while self.older.back().is_some_and(|(_, at)| at.0 < oldest) {
                self.older.pop_back();
            }
        }
        self.older.truncate(self.most());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times(history: &History<u32>) -> Vec<u64> {
        history.iter().map(|(_, at)| at.0).collect()
    }

    #[test]
    fn count_limit_keeps_the_newest() {
        let mut history = History::new(Limit::Count(3));
        for at in 0..10 {
            history.push(0, Micros(at), Micros(at + 1));
        }
        assert_eq!(times(&history), [9, 8]);
        history.set_limit(Limit::Count(0), Micros(10));
        assert_eq!(times(&history), [] as [u64; 0]);
    }

    #[test]
    fn age_limit_drops_what_is_older() {
        let mut history = History::new(Limit::Age(1));
        history.push(0, Micros(1_000_000), Micros(2_000_000));
        assert_eq!(times(&history), [1_000_000]);
        history.push(0, Micros(2_000_000), Micros(2_000_001));
        assert_eq!(times(&history), [2_000_000]);
    }

    #[test]
    fn own_limit_outlives_new_defaults() {
        let mut history = History::<u32>::new(Limit::DEFAULT);
        history.set_default_limit(Limit::Count(5), Micros(0));
        assert_eq!(history.limit.limit(), Limit::Count(5));
        history.set_limit(Limit::Age(7), Micros(0));
        history.set_default_limit(Limit::Count(9), Micros(0));
        assert_eq!(history.limit.limit(), Limit::Age(7));
    }

    proptest! {
        /// Against a list that keeps everything and is filtered only when read.
        #[test]
        fn agrees_with_a_list_filtered_when_read(
            steps in prop::collection::vec(0_u64..3_000_000, 1..60),
            count in 0_u32..30,
            age in 0_u32..5,
            by_age: bool,
        ) {
            let limit = if by_age { Limit::Age(age) } else { Limit::Count(count) };
            let mut history = History::new(limit);
            let (mut all, mut now) = (Vec::new(), 0);
            for step in steps {
                let at = now;
                now += step;
                history.push(0, Micros(at), Micros(now));
                all.insert(0, at);
                let expected: Vec<u64> = match limit {
                    Limit::Count(count) => {
                        all.iter().copied().take(usize::try_from(count.max(1)).unwrap() - 1).collect()
                    }
                    Limit::Age(age) => {
                        all.iter().copied().filter(|at| now - at <= u64::from(age) * 1_000_000).collect()
                    }
                };
                prop_assert_eq!(times(&history), expected);
            }
        }
    }
}
