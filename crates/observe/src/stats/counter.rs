//! Integer statistics that many threads change at once.

mod group;

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::Micros;

use super::history::{AtomicLimit, History, Limit};

pub use group::{Group, Names, Part};

/// Changes of one counter within about a second of which each has its own sample (up to the sample limit).
pub const EXACT_PER_SECOND: u64 = 1024;

/// The same for the statistics of all objects together: with thousands of subnets, samples are most of what a new
/// lease would touch.
const GROUPS_EXACT_PER_SECOND: u64 = 4000;

/// A window of the rate limit is 2^20 microseconds, its count takes the low bits of the budget word.
const WINDOW_SHIFT: u32 = 20;
const COUNT_BITS: u32 = 12;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// Window of the latest exact change, and the number of exact changes in it.
#[derive(Debug)]
pub(super) struct Budget(AtomicU64);

impl Budget {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[inline]
    fn is_spent(&self, limit: u64, now: Micros) -> bool {
        let budget = self.0.load(Ordering::Relaxed);
        // Threads stamp batches at slightly different times, so the window just left counts as the same.
        let ahead = (budget >> COUNT_BITS).wrapping_sub(now.0 >> WINDOW_SHIFT);
        ahead <= 1 && budget & COUNT_MASK >= limit
    }

    /// Threads that meet here may lose a count: the limit is a rough one.
    fn spend(&self, now: Micros) {
        let window = now.0 >> WINDOW_SHIFT;
        let budget = self.0.load(Ordering::Relaxed);
        let count = if budget >> COUNT_BITS == window { budget & COUNT_MASK } else { 0 };
        self.0.store((window << COUNT_BITS) | (count + 1).min(COUNT_MASK), Ordering::Relaxed);
    }
}

/// The time of a sample that is there: 0 stands for none.
fn present(now: Micros) -> Micros {
    Micros(now.0.max(1))
}

/// The newest sample of an integer. Absent (never set, or removed) while `changed` is 0.
#[derive(Debug)]
struct Newest {
    value: AtomicI64,
    /// Time of the last change in microseconds.
    changed: AtomicU64,
}

impl Newest {
    const fn new(value: i64, changed: Micros) -> Self {
        Self { value: AtomicI64::new(value), changed: AtomicU64::new(changed.0) }
    }

    fn value(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    fn is_present(&self) -> bool {
        self.changed.load(Ordering::Relaxed) != 0
    }

    /// Without a sample.
    #[inline]
    fn add_loosely(&self, delta: i64, now: Micros) {
        self.value.fetch_add(delta, Ordering::Relaxed);
        self.changed.store(now.0, Ordering::Relaxed);
    }

    fn add(&self, delta: i64, now: Micros, older: &mut History<i64>) {
        let now = self.succeed(now, older);
        self.add_loosely(delta, now);
    }

    fn set(&self, value: i64, now: Micros, older: &mut History<i64>) {
        let now = self.succeed(now, older);
        self.put(value, now);
    }

    fn put(&self, value: i64, now: Micros) {
        self.value.store(value, Ordering::Relaxed);
        self.changed.store(now.0, Ordering::Relaxed);
    }

    /// Makes an absent statistic present, at zero. Its value is that already: what another thread adds meanwhile stays.
    fn begin(&self, now: Micros) {
        let _ = self.changed.compare_exchange(0, present(now).0, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Makes the newest sample history and tells the time of its successor. Samples from two threads that came out
    /// of order by less than a second get the same time; more than that is a clock that was set back.
    fn succeed(&self, now: Micros, older: &mut History<i64>) -> Micros {
        let last = self.changed.load(Ordering::Relaxed);
        let now = if last > now.0 && last - now.0 < 1_000_000 { last } else { present(now).0 };
        if last != 0 {
            older.push(self.value(), Micros(last), Micros(now));
        }
        Micros(now)
    }

    /// As the first sample.
    fn restart(&self, value: i64, now: Micros, older: Option<&mut History<i64>>) {
        if let Some(older) = older {
            older.clear();
        }
        self.put(value, present(now));
    }

    /// Hides the statistic until its next change; `false` when it was absent.
    fn remove(&self, older: Option<&mut History<i64>>) -> bool {
        let present = self.is_present();
        if let Some(older) = older {
            older.clear();
        }
        self.put(0, Micros(0));
        present
    }

    /// Zero, without history; `false` when it is absent.
    fn reset(&self, now: Micros, older: Option<&mut History<i64>>) -> bool {
        let present = self.is_present();
        if present {
            self.restart(0, now, older);
        }
        present
    }

    /// All samples, newest first; nothing when absent.
    fn samples(&self, older: Option<&History<i64>>) -> Vec<(i64, Micros)> {
        if !self.is_present() {
            return Vec::new();
        }
        let newest = (self.value(), Micros(self.changed.load(Ordering::Relaxed)));
        std::iter::once(newest).chain(older.into_iter().flat_map(History::iter).copied()).collect()
    }
}

fn lock(older: &Mutex<History<i64>>) -> MutexGuard<'_, History<i64>> {
    older.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many threads add to a counter without meeting; of more, some do.
const SHARES: usize = 8;

/// What threads with one place have added to a counter since its newest sample, and when.
#[derive(Debug)]
#[repr(align(64))]
struct Share {
    value: AtomicI64,
    changed: AtomicU64,
}

impl Share {
    /// Of the calling thread, among the shares of each counter.
    fn place() -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static PLACE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARES;
        }
        PLACE.with(|place| *place)
    }
}

/// An integer with its samples.
///
/// Beyond the rate up to which each change has its sample, threads add to their own shares: a line of memory that
/// several threads write costs each of them more than all else that counting takes.
#[derive(Debug)]
pub(super) struct Cell {
    newest: Newest,
    budget: Budget,
    /// Locked also by those who read, or collect, the shares.
    older: Mutex<History<i64>>,
    shares: [Share; SHARES],
}

impl Cell {
    pub(super) const fn new(limit: Limit) -> Self {
        Self {
            newest: Newest::new(0, Micros(0)),
            budget: Budget::new(),
            older: Mutex::new(History::new(limit)),
            shares: [const { Share { value: AtomicI64::new(0), changed: AtomicU64::new(0) } }; SHARES],
        }
    }

    #[inline]
    fn add(&self, delta: i64, now: Micros) {
        if self.budget.is_spent(EXACT_PER_SECOND, now)
            && self.newest.is_present()
            && let Some(share) = self.shares.get(Share::place())
        {
            share.value.fetch_add(delta, Ordering::Relaxed);
            share.changed.store(now.0, Ordering::Relaxed);
        } else {
            self.add_exactly(delta, now);
        }
    }

    #[cold]
    #[inline(never)]
    fn add_exactly(&self, delta: i64, now: Micros) {
        let mut older = self.collected();
        self.budget.spend(now);
        self.newest.add(delta, now, &mut older);
    }

    /// The older samples, when all shares are in the newest one.
    fn collected(&self) -> MutexGuard<'_, History<i64>> {
        let older = lock(&self.older);
        for share in &self.shares {
            // A thread that adds just now sets its time afterwards: that of its next addition, then.
            let (value, changed) =
                (share.value.swap(0, Ordering::Relaxed), share.changed.load(Ordering::Relaxed));
            if value != 0 {
                self.newest.value.fetch_add(value, Ordering::Relaxed);
                self.newest.changed.fetch_max(changed, Ordering::Relaxed);
            }
        }
        older
    }

    fn newest(&self) -> Option<i64> {
        let _collected = self.collected();
        self.newest.is_present().then(|| self.newest.value())
    }

    fn set(&self, value: i64, now: Micros) {
        let mut older = self.collected();
        self.budget.spend(now);
        self.newest.set(value, now, &mut older);
    }

    fn set_limit(&self, limit: Limit, now: Micros) -> bool {
        let mut older = self.collected();
        let present = self.newest.is_present();
        if present {
            older.set_limit(limit, now);
        }
        present
    }

    pub(super) fn set_default_limit(&self, limit: Limit, now: Micros) {
        self.collected().set_default_limit(limit, now);
    }
}

/// An integer statistic, alone or of a group.
#[derive(Clone, Copy, Debug)]
pub(super) enum Integer<'a> {
    Alone(&'a Cell),
    Member(&'a Group, usize),
}

impl Integer<'_> {
    /// The newest value; `None` for an absent statistic.
    pub(super) fn newest(self) -> Option<i64> {
        match self {
            Self::Alone(cell) => cell.newest(),
            Self::Member(group, index) => group.newest(index),
        }
    }

    /// All samples, newest first; nothing when absent.
    pub(super) fn samples(self) -> Vec<(i64, Micros)> {
        match self {
            Self::Alone(cell) => cell.newest.samples(Some(&cell.collected())),
            Self::Member(group, index) => group.samples(index),
        }
    }

    pub(super) fn set(self, value: i64, now: Micros) {
        match self {
            Self::Alone(cell) => cell.set(value, now),
            Self::Member(group, index) => group.set(index, value, now),
        }
    }

    /// Hides the statistic until its next change; `false` when it was absent.
    pub(super) fn remove(self) -> bool {
        match self {
            Self::Alone(cell) => cell.newest.remove(Some(&mut cell.collected())),
            Self::Member(group, index) => group.with(index, Newest::remove).unwrap_or(false),
        }
    }

    /// Zero, without history; `false` when it is absent.
    pub(super) fn reset(self, now: Micros) -> bool {
        match self {
            Self::Alone(cell) => cell.newest.reset(now, Some(&mut cell.collected())),
            Self::Member(group, index) => {
                group.with(index, |newest, older| newest.reset(now, older)).unwrap_or(false)
            }
        }
    }

    /// `false` when it is absent.
    pub(super) fn set_limit(self, limit: Limit, now: Micros) -> bool {
        match self {
            Self::Alone(cell) => cell.set_limit(limit, now),
            Self::Member(group, index) => group.set_limit(index, limit, now),
        }
    }
}

/// Keeps a counter that every worker changes on a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Alone(pub(super) Cell);

/// Handle of an integer statistic; copies name the same one.
#[derive(Clone, Debug)]
pub struct Counter(pub(super) Arc<Alone>);

impl Counter {
    /// Adds `delta`; a statistic that is absent starts from zero.
    #[inline]
    pub fn add(&self, delta: i64, now: Micros) {
        self.0.0.add(delta, now);
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self, now: Micros) {
        self.add(1, now);
    }

    pub fn set(&self, value: i64, now: Micros) {
        self.0.0.set(value, now);
    }

    /// Sets it to zero if it is not.
    pub fn clear(&self, now: Micros) {
        if self.value() != 0 {
            self.set(0, now);
        }
    }

    /// Makes it present, at zero, if it is absent.
    pub fn begin(&self, now: Micros) {
        self.0.0.newest.begin(now);
    }

    #[must_use]
    pub fn value(&self) -> i64 {
        self.0.0.newest().unwrap_or(0)
    }
}

/// What the groups of a registry have in common.
#[derive(Debug)]
pub(super) struct Common {
    budget: Budget,
    default_limit: AtomicLimit,
}

impl Common {
    pub(super) const fn new(limit: Limit) -> Self {
        Self { budget: Budget::new(), default_limit: AtomicLimit::new(limit) }
    }

    /// For statistics to come; those that are there have their own.
    pub(super) fn set_default_limit(&self, limit: Limit) {
        self.default_limit.set(limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1 << WINDOW_SHIFT;

    fn values(cell: &Cell) -> Vec<i64> {
        Integer::Alone(cell).samples().into_iter().map(|(value, _)| value).collect()
    }

    #[test]
    fn every_change_of_a_slow_counter_is_a_sample() {
        let cell = Cell::new(Limit::DEFAULT);
        assert_eq!(values(&cell), [] as [i64; 0]);
        cell.set(0, Micros(5));
        cell.add(1, Micros(6));
        cell.add(1, Micros(6));
        cell.add(-1, Micros(9));
        assert_eq!(
            Integer::Alone(&cell).samples(),
            [(1, Micros(9)), (2, Micros(6)), (1, Micros(6)), (0, Micros(5))]
        );
        for at in 10..40 {
            cell.add(1, Micros(at));
        }
        assert_eq!(values(&cell), (12..=31).rev().collect::<Vec<_>>());
    }

    #[test]
    fn value_and_time_are_exact_beyond_the_rate() {
        let cell = Cell::new(Limit::DEFAULT);
        let total = i64::try_from(EXACT_PER_SECOND).unwrap() * 3;
        for step in 0..total {
            cell.add(1, Micros(SECOND + u64::try_from(step).unwrap()));
        }
        let samples = Integer::Alone(&cell).samples();
        assert_eq!(samples.len(), 20);
        assert_eq!(samples[0], (total, Micros(SECOND + u64::try_from(total).unwrap() - 1)));
        // The others are of the changes before the rate was passed, and true.
        for (value, at) in &samples[1..] {
            assert_eq!(u64::try_from(*value).unwrap(), at.0 - SECOND + 1);
            assert!(*value <= i64::try_from(EXACT_PER_SECOND).unwrap());
        }
        // Two windows on, each change counts again, and what was newest stays in the history.
        cell.add(1, Micros(3 * SECOND));
        assert_eq!(values(&cell)[..2], [total + 1, total]);
    }

    #[test]
    fn removal_hides_until_the_next_change_which_starts_from_zero() {
        let cell = Cell::new(Limit::DEFAULT);
        assert!(!Integer::Alone(&cell).remove());
        cell.set(0, Micros(1));
        cell.add(5, Micros(2));
        assert!(Integer::Alone(&cell).remove());
        assert!(!cell.newest.is_present() && !Integer::Alone(&cell).reset(Micros(3)));
        cell.add(1, Micros(4));
        cell.add(1, Micros(5));
        assert_eq!(values(&cell), [2, 1]);
        assert!(Integer::Alone(&cell).reset(Micros(6)));
        assert_eq!(Integer::Alone(&cell).samples(), [(0, Micros(6))]);
    }

    #[test]
    fn small_disorder_is_evened_out_and_a_clock_set_back_is_followed() {
        let cell = Cell::new(Limit::DEFAULT);
        cell.add(1, Micros(10_000_000));
        cell.add(1, Micros(9_999_990));
        cell.add(1, Micros(5_000_000));
        let times: Vec<u64> = Integer::Alone(&cell).samples().into_iter().map(|(_, at)| at.0).collect();
        assert_eq!(times, [5_000_000, 10_000_000, 10_000_000]);
    }

    #[test]
    fn threads_lose_no_count() {
        let counter = Counter(Arc::new(Alone(Cell::new(Limit::DEFAULT))));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let counter = counter.clone();
                scope.spawn(move || {
                    for step in 0..20_000_u64 {
                        counter.increment(Micros(SECOND + step * 200));
                    }
                });
            }
        });
        assert_eq!(counter.value(), 80_000);
        let samples = Integer::Alone(&counter.0.0).samples();
        assert_eq!(samples.len(), 20);
        assert!(samples.is_sorted_by(|newer, older| newer.0 > older.0));
    }

    fn group(common: &Arc<Common>) -> Group {
        const NAMES: Names = &["assigned-addresses", "total-addresses"];
        Group::new("subnet[7]", &NAMES, Arc::clone(common))
    }

    fn common() -> Arc<Common> {
        Arc::new(Common::new(Limit::DEFAULT))
    }

    #[test]
    fn samples_of_groups_have_one_limit_and_values_none() {
        let common = common();
        let (one, other) = (group(&common), group(&common));
        let at = |step: u64| Micros(SECOND + step);
        for step in 0..GROUPS_EXACT_PER_SECOND - 1 {
            one.add(0, 1, at(step));
        }
        other.add(0, 1, at(5000));
        other.add(0, 1, at(5001));
        assert_eq!(other.samples(0), [(2, at(5001))]);
        assert_eq!((other.touch(0, at(5002)), one.value(0)), (0, 3999));
        one.add(0, 1, at(5003));
        let newest: Vec<i64> = one.samples(0).into_iter().take(3).map(|(value, _)| value).collect();
        assert_eq!(newest, [4000, 3998, 3997]);
        // What is set, in contrast to added, always has its sample.
        other.set(0, 0, at(5004));
        assert_eq!(other.samples(0), [(0, at(5004)), (2, at(5001))]);
        // Two windows on, each change counts again.
        other.add(0, 7, Micros(3 * SECOND));
        assert_eq!(other.samples(0).len(), 3);
    }

    #[test]
    fn a_limit_of_ones_own_outlives_the_defaults() {
        let common = common();
        let group = group(&common);
        assert!(!group.set_limit(0, Limit::Count(2), Micros(1)));
        group.begin(0..2, Micros(1));
        assert!(group.set_limit(0, Limit::Count(2), Micros(2)));
        common.set_default_limit(Limit::Count(3));
        group.set_default_limit(Limit::Count(3), Micros(3));
        for step in 4..10 {
            group.add(0, 1, Micros(step));
            group.add(1, 1, Micros(step));
        }
        assert_eq!((group.samples(0).len(), group.samples(1).len()), (2, 3));
        assert!(Integer::Member(&group, 0).reset(Micros(11)));
        assert_eq!(group.samples(0), [(0, Micros(11))]);
        assert!(Integer::Member(&group, 0).remove() && group.samples(0).is_empty());
    }

    #[test]
    fn sizes_have_no_history() {
        let group = group(&common());
        assert!(group.samples(0).is_empty() && group.samples(1).is_empty());
        group.begin(0..2, Micros(1));
        group.begin(0..2, Micros(2));
        group.restart(1, 10, Micros(3));
        group.clear(0, Micros(3));
        assert_eq!((group.samples(0), group.samples(1)), (vec![(0, Micros(1))], vec![(10, Micros(3))]));
        assert!(group.newest.get().is_none(), "they take no memory yet");
        group.restart(1, 20, Micros(4));
        group.add(0, 1, Micros(5));
        group.begin(0..2, Micros(6));
        assert_eq!(group.samples(1), [(20, Micros(4))]);
        assert_eq!(group.samples(0), [(1, Micros(5)), (0, Micros(1))]);
    }

    #[test]
    fn a_part_has_statistics_of_its_own() {
        const NAMES: Names = &[
            "assigned-addresses",
            "total-addresses",
            "pool[0].assigned-addresses",
            "pool[0].total-addresses",
        ];
        let group = Arc::new(Group::new("subnet[7]", &NAMES, common()));
        let part = Part::new(Arc::clone(&group), 2);
        group.begin(0..2, Micros(1));
        group.restart(1, 10, Micros(1));
        assert_eq!((group.newest(0), group.newest(1), group.newest(2)), (Some(0), Some(10), None));
        part.begin(Micros(1));
        part.restart(1, 4, Micros(2));
        assert_eq!((part.value(0), part.value(1), group.newest(2)), (0, 4, Some(0)));
        assert_eq!((group.samples(1), group.samples(3)), (vec![(10, Micros(1))], vec![(4, Micros(2))]));
        assert!(group.newest.get().is_none(), "they take no memory yet");
        part.add(0, 1, Micros(3));
        part.restart(1, 5, Micros(4));
        assert_eq!((part.value(0), group.value(0), group.value(3)), (1, 0, 5));
        assert_eq!(group.samples(2), [(1, Micros(3)), (0, Micros(1))]);
        assert_eq!(part.names(), ["pool[0].assigned-addresses", "pool[0].total-addresses"]);
    }

    #[test]
    fn a_part_that_begins_later_is_later() {
        let group = Arc::new(group(&common()));
        group.begin(0..1, Micros(1));
        Part::new(Arc::clone(&group), 1).begin(Micros(9));
        assert_eq!((group.samples(0), group.samples(1)), (vec![(0, Micros(1))], vec![(0, Micros(9))]));
    }

    /// Whoever makes a group live while another begins it, or sets its size, loses neither.
    #[test]
    fn nothing_is_lost_while_a_group_comes_to_life() {
        let common = common();
        for round in 0..2000 {
            let group = group(&common);
            let start = std::sync::Barrier::new(3);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    group.begin(0..2, Micros(1));
                });
                scope.spawn(|| {
                    start.wait();
                    group.restart(1, 254, Micros(1));
                });
                start.wait();
                for _ in 0..round % 50 {
                    std::hint::spin_loop();
                }
                group.add(0, 1, Micros(1));
            });
            assert_eq!((group.newest(0), group.newest(1)), (Some(1), Some(254)), "round {round}");
        }
    }

    #[test]
    fn group_counts_by_index() {
        let group = group(&common());
        group.set(1, 254, Micros(1));
        group.add(0, 1, Micros(2));
        group.add(2, 1, Micros(2));
        assert_eq!((group.value(0), group.value(1), group.value(2)), (1, 254, 0));
        assert!(group.index("total-addresses") == Some(1) && group.index("x").is_none());
    }
}
