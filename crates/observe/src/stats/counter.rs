//! Integer statistics that many threads change at once.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base::Micros;

use super::history::{History, Limit};

/// Changes of one counter within about a second of which each has its own sample (up to the sample limit).
pub const EXACT_PER_SECOND: u64 = 1024;

/// A window of the rate limit is 2^20 microseconds, its count takes the low bits of the budget word.
const WINDOW_SHIFT: u32 = 20;
const COUNT_BITS: u32 = 12;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// An integer that is its own newest sample. Absent (never set, or removed) while `changed` is 0.
#[derive(Debug)]
pub(super) struct Cell {
    value: AtomicI64,
    /// Time of the last change in microseconds.
    changed: AtomicU64,
    /// Window of the latest exact change, and the number of exact changes in it.
    budget: AtomicU64,
    older: Mutex<History<i64>>,
}

impl Cell {
    pub(super) const fn new(limit: Limit) -> Self {
        Self {
            value: AtomicI64::new(0),
            changed: AtomicU64::new(0),
            budget: AtomicU64::new(0),
            older: Mutex::new(History::new(limit)),
        }
    }

    #[inline]
    pub(super) fn add(&self, delta: i64, now: Micros) {
        let budget = self.budget.load(Ordering::Relaxed);
        // Threads stamp batches at slightly different times, so the window just left counts as the same.
        let ahead = (budget >> COUNT_BITS).wrapping_sub(now.0 >> WINDOW_SHIFT);
        if ahead <= 1 && budget & COUNT_MASK >= EXACT_PER_SECOND {
            self.value.fetch_add(delta, Ordering::Relaxed);
            self.changed.store(now.0, Ordering::Relaxed);
        } else {
            self.add_exactly(delta, now);
        }
    }

    #[cold]
    #[inline(never)]
    fn add_exactly(&self, delta: i64, now: Micros) {
        let mut older = self.lock();
        let now = self.succeed(&mut older, now);
        self.value.fetch_add(delta, Ordering::Relaxed);
        self.changed.store(now.0, Ordering::Relaxed);
    }

    pub(super) fn set(&self, value: i64, now: Micros) {
        let mut older = self.lock();
        let now = self.succeed(&mut older, now);
        self.value.store(value, Ordering::Relaxed);
        self.changed.store(now.0, Ordering::Relaxed);
    }

    /// Makes an absent statistic present, at zero.
    fn begin(&self, now: Micros) {
        if !self.is_present() {
            self.set(0, now);
        }
    }

    /// As the first sample.
    pub(super) fn restart(&self, value: i64, now: Micros) {
        let mut older = self.lock();
        older.clear();
        self.value.store(value, Ordering::Relaxed);
        self.changed.store(now.0.max(1), Ordering::Relaxed);
    }

    /// Makes the newest sample history and tells the time of its successor. Samples from two threads that came out
    /// of order by less than a second get the same time; more than that is a clock that was set back.
    fn succeed(&self, older: &mut History<i64>, now: Micros) -> Micros {
        let window = now.0 >> WINDOW_SHIFT;
        let budget = self.budget.load(Ordering::Relaxed);
        let count = if budget >> COUNT_BITS == window { budget & COUNT_MASK } else { 0 };
        self.budget.store((window << COUNT_BITS) | (count + 1).min(COUNT_MASK), Ordering::Relaxed);

        let last = self.changed.load(Ordering::Relaxed);
        let now = if last > now.0 && last - now.0 < 1_000_000 { last } else { now.0.max(1) };
        if last != 0 {
            older.push(self.value.load(Ordering::Relaxed), Micros(last), Micros(now));
        }
        Micros(now)
    }

    pub(super) fn value(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    fn touch(&self) -> u64 {
        self.older.try_lock().map_or(0, |older| older.touch())
    }

    pub(super) fn is_present(&self) -> bool {
        self.changed.load(Ordering::Relaxed) != 0
    }

    /// Hides the statistic until its next change; `false` when it was absent.
    pub(super) fn remove(&self) -> bool {
        let mut older = self.lock();
        let present = self.is_present();
        older.clear();
        self.budget.store(0, Ordering::Relaxed);
        self.value.store(0, Ordering::Relaxed);
        self.changed.store(0, Ordering::Relaxed);
        present
    }

    /// Zero, without history; `false` when it is absent.
    pub(super) fn reset(&self, now: Micros) -> bool {
        let mut older = self.lock();
        let present = self.is_present();
        if present {
            older.clear();
            self.value.store(0, Ordering::Relaxed);
            self.changed.store(now.0.max(1), Ordering::Relaxed);
        }
        present
    }

    pub(super) fn set_limit(&self, limit: Limit, now: Micros) -> bool {
        let mut older = self.lock();
        let present = self.is_present();
        if present {
            older.set_limit(limit, now);
        }
        present
    }

    pub(super) fn set_default_limit(&self, limit: Limit, now: Micros) {
        self.lock().set_default_limit(limit, now);
    }

    /// All samples, newest first; nothing when absent.
    pub(super) fn samples(&self) -> Vec<(i64, Micros)> {
        let older = self.lock();
        if !self.is_present() {
            return Vec::new();
        }
        let newest = (self.value(), Micros(self.changed.load(Ordering::Relaxed)));
        std::iter::once(newest).chain(older.iter().copied()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, History<i64>> {
        self.older.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Makes it present, at zero, if it is absent.
    pub fn begin(&self, now: Micros) {
        self.0.0.begin(now);
    }

    #[must_use]
    pub fn value(&self) -> i64 {
        self.0.0.value()
    }
}

/// The integer statistics `PREFIX.NAME` of one object, such as `subnet[1].assigned-addresses`, made and dropped in
/// one step. Each is absent until [`Group::begin`], or until it is first set or added to.
///
/// With many thousands of objects, most have no more to tell than their size: the statistics take memory once one of
/// them changes.
#[derive(Debug)]
pub struct Group {
    pub(super) prefix: Box<str>,
    pub(super) names: &'static [&'static str],
    /// What they are until then.
    idle: Mutex<Idle>,
    cells: OnceLock<Box<[Cell]>>,
}

/// Statistics that have not changed yet.
#[derive(Clone, Copy, Debug)]
struct Idle {
    limit: Limit,
    /// Since when all of them are zero; `None`: absent.
    since: Option<Micros>,
    /// The one that is not zero, and since when.
    size: Option<(u8, i64, Micros)>,
}

impl Idle {
    fn cells(&self, count: usize) -> Box<[Cell]> {
        let cells: Box<[Cell]> = (0..count).map(|_| Cell::new(self.limit)).collect();
        if let Some(now) = self.since {
            cells.iter().for_each(|cell| cell.begin(now));
        }
        if let Some((index, value, now)) = self.size
            && let Some(cell) = cells.get(usize::from(index))
        {
            cell.restart(value, now);
        }
        cells
    }

    fn sample(&self, index: usize) -> Option<(i64, Micros)> {
        match self.size {
            Some((at, value, since)) if usize::from(at) == index => Some((value, since)),
            _ => self.since.map(|since| (0, since)),
        }
    }
}

impl Group {
    pub(super) fn new(prefix: &str, names: &'static [&'static str], limit: Limit) -> Self {
        let idle = Mutex::new(Idle { limit, since: None, size: None });
        Self { prefix: prefix.into(), names, idle, cells: OnceLock::new() }
    }

    /// What stands before the last dot of the names.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The names without prefix; their places are the indices of the other methods.
    #[must_use]
    pub fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// Adds `delta` to the statistic at `index` of [`Self::names`]; an index beyond them changes nothing.
    #[inline]
    pub fn add(&self, index: usize, delta: i64, now: Micros) {
        if let Some(cell) = self.cells().get(index) {
            cell.add(delta, now);
        }
    }

    pub fn set(&self, index: usize, value: i64, now: Micros) {
        if let Some(cell) = self.cells().get(index) {
            cell.set(value, now);
        }
    }

    /// Makes those that are absent present, at zero.
    pub fn begin(&self, now: Micros) {
        let mut idle = self.idle();
        match self.cells.get() {
            Some(cells) => cells.iter().for_each(|cell| cell.begin(now)),
            None => idle.since = Some(idle.since.unwrap_or(now)),
        }
    }

    /// Sets a size that came with a configuration: what it was before is forgotten.
    pub fn restart(&self, index: usize, value: i64, now: Micros) {
        let mut idle = self.idle();
        if self.cells.get().is_none() && idle.size.is_none_or(|(at, ..)| usize::from(at) == index) {
            idle.size = u8::try_from(index).ok().map(|index| (index, value, now));
            return;
        }
        drop(idle);
        if let Some(cell) = self.cells().get(index) {
            cell.restart(value, now);
        }
    }

    /// Sets the present statistic at `index` to zero if it is not.
    pub fn clear(&self, index: usize, now: Micros) {
        if self.value(index) != 0 {
            self.set(index, 0, now);
        }
    }

    /// 0 for an absent statistic.
    #[must_use]
    pub fn value(&self, index: usize) -> i64 {
        self.newest(index).unwrap_or(0)
    }

    /// Reads what the next change of the statistic at `index` will read, so that it is in the cache by then. With
    /// thousands of objects most of the cost of a change is waiting for memory; those who know several objects that
    /// will change soon touch them first, and the waits overlap. The answer means nothing.
    #[must_use]
    pub fn touch(&self, index: usize) -> u64 {
        self.cells.get().and_then(|cells| cells.get(index)).map_or(0, Cell::touch)
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|candidate| *candidate == name)
    }

    /// The newest value; `None` for an absent statistic.
    pub(super) fn newest(&self, index: usize) -> Option<i64> {
        match self.cells.get() {
            Some(cells) => cells.get(index).filter(|cell| cell.is_present()).map(Cell::value),
            None => self.idle().sample(index).map(|(value, _)| value),
        }
    }

    /// All samples, newest first; nothing when absent.
    pub(super) fn samples(&self, index: usize) -> Vec<(i64, Micros)> {
        match self.cells.get() {
            Some(cells) => cells.get(index).map(Cell::samples).unwrap_or_default(),
            None => self.idle().sample(index).into_iter().collect(),
        }
    }

    pub(super) fn set_default_limit(&self, limit: Limit, now: Micros) {
        let mut idle = self.idle();
        match self.cells.get() {
            Some(cells) => cells.iter().for_each(|cell| cell.set_default_limit(limit, now)),
            None => idle.limit = limit,
        }
    }

    /// To be changed.
    pub(super) fn cell(&self, index: usize) -> Option<&Cell> {
        self.cells().get(index)
    }

    fn cells(&self) -> &[Cell] {
        self.cells.get_or_init(|| self.idle().cells(self.names.len()))
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Thirteen of them, those of a DHCPv4 subnet, stay below what the allocator thinks large.
const _: () = assert!(size_of::<Cell>() <= 72);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1 << WINDOW_SHIFT;

    fn values(cell: &Cell) -> Vec<i64> {
        cell.samples().into_iter().map(|(value, _)| value).collect()
    }

    #[test]
    fn every_change_of_a_slow_counter_is_a_sample() {
        let cell = Cell::new(Limit::DEFAULT);
        assert_eq!(values(&cell), [] as [i64; 0]);
        cell.set(0, Micros(5));
        cell.add(1, Micros(6));
        cell.add(1, Micros(6));
        cell.add(-1, Micros(9));
        assert_eq!(cell.samples(), [(1, Micros(9)), (2, Micros(6)), (1, Micros(6)), (0, Micros(5))]);
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
        let samples = cell.samples();
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
        assert!(!cell.remove());
        cell.set(0, Micros(1));
        cell.add(5, Micros(2));
        assert!(cell.remove());
        assert!(!cell.is_present() && !cell.reset(Micros(3)));
        cell.add(1, Micros(4));
        cell.add(1, Micros(5));
        assert_eq!(values(&cell), [2, 1]);
        assert!(cell.reset(Micros(6)));
        assert_eq!(cell.samples(), [(0, Micros(6))]);
    }

    #[test]
    fn small_disorder_is_evened_out_and_a_clock_set_back_is_followed() {
        let cell = Cell::new(Limit::DEFAULT);
        cell.add(1, Micros(10_000_000));
        cell.add(1, Micros(9_999_990));
        cell.add(1, Micros(5_000_000));
        let times: Vec<u64> = cell.samples().into_iter().map(|(_, at)| at.0).collect();
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
        let samples = counter.0.0.samples();
        assert_eq!(samples.len(), 20);
        assert!(samples.is_sorted_by(|newer, older| newer.0 > older.0));
    }

    #[test]
    fn sizes_have_no_history() {
        let group = Group::new("subnet[7]", &["assigned-addresses", "total-addresses"], Limit::DEFAULT);
        assert!(group.samples(0).is_empty() && group.samples(1).is_empty());
        group.begin(Micros(1));
        group.begin(Micros(2));
        group.restart(1, 10, Micros(3));
        group.clear(0, Micros(3));
        assert_eq!((group.samples(0), group.samples(1)), (vec![(0, Micros(1))], vec![(10, Micros(3))]));
        assert!(group.cells.get().is_none(), "they take no memory yet");
        group.restart(1, 20, Micros(4));
        group.add(0, 1, Micros(5));
        group.begin(Micros(6));
        assert_eq!(group.samples(1), [(20, Micros(4))]);
        assert_eq!(group.samples(0), [(1, Micros(5)), (0, Micros(1))]);
    }

    #[test]
    fn group_counts_by_index() {
        let group = Group::new("subnet[7]", &["assigned-addresses", "total-addresses"], Limit::DEFAULT);
        group.set(1, 254, Micros(1));
        group.add(0, 1, Micros(2));
        group.add(2, 1, Micros(2));
        assert_eq!((group.value(0), group.value(1), group.value(2)), (1, 254, 0));
        assert!(group.index("total-addresses") == Some(1) && group.index("x").is_none());
    }
}
