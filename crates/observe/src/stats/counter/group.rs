//! Statistics of one object: a subnet with its pool, a pool.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base::Micros;
use compact_str::CompactString;

use super::{Common, GROUPS_EXACT_PER_SECOND, Newest, lock, present};
use crate::stats::history::{History, Limit};

/// The integer statistics `PREFIX.NAME` of one object, such as `subnet[1].assigned-addresses`, made and dropped in
/// one step; those of a part of it may be among them (`pool[0].assigned-addresses`, see [`Part`]). Each is absent until
/// [`Group::begin`], or until it is first set or added to.
///
/// With many thousands of objects, most have no more to tell than their size: the statistics take memory once one of
/// them changes, and older samples once there are some. The newest samples of a group lie side by side.
#[derive(Debug)]
#[repr(C)] // What counting reads lies together.
pub struct Group {
    common: Arc<Common>,
    pub(super) newest: OnceLock<Box<[Newest]>>,
    older: OnceLock<Box<[Mutex<History<i64>>]>>,
    pub(in crate::stats) names: &'static Names,
    pub(in crate::stats) prefix: CompactString,
    /// What they are until one changes. Locked while `newest` and `older` are made, so that nobody changes it any more then.
    idle: Mutex<Idle>,
}

/// The names of the statistics of a group, as [`Group`] keeps them: in a pointer's room.
pub type Names = &'static [&'static str];

// There are a hundred thousand of them with as many subnets.
const _: () = assert!(size_of::<Group>() == 136);

/// A moment with a small number, in one word; by default none.
#[derive(Clone, Copy, Debug, Default)]
struct Stamp(u64);

impl Stamp {
    /// Where the number stands.
    const SHIFT: u32 = 56;

    /// `None` where one has no room.
    fn new(number: usize, at: Micros) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (at.0 >> Self::SHIFT == 0).then_some(Self(u64::from(number) << Self::SHIFT | present(at).0))
    }

    fn number(self) -> usize {
        usize::try_from(self.0 >> Self::SHIFT).unwrap_or(usize::MAX)
    }

    fn at(self) -> Micros {
        Micros(self.0 & !(u64::MAX << Self::SHIFT))
    }

    fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// Statistics that have not changed yet.
#[derive(Clone, Copy, Debug, Default)]
struct Idle {
    /// How many are there, the first ones, and since when they are zero.
    begun: Stamp,
    /// Those that are not zero but have a size: which, and since when. Room for that of an object and of a part.
    sizes: [(Stamp, i64); 2],
}

impl Idle {
    fn sample(&self, index: usize) -> Option<(i64, Micros)> {
        let size = self.sizes.iter().find(|(which, _)| !which.is_none() && which.number() == index);
        match size {
            Some((which, size)) => Some((*size, which.at())),
            None => (index < self.begun.number()).then_some((0, self.begun.at())),
        }
    }

    /// Makes those from `start` to `end` present; `false` when there is no room to say so.
    fn begin(&mut self, start: usize, end: usize, now: Micros) -> bool {
        if end <= self.begun.number() {
            return true;
        }
        let follows =
            start <= self.begun.number() && (self.begun.is_none() || self.begun.at() == present(now));
        match Stamp::new(end, now).filter(|_| follows) {
            Some(begun) => {
                self.begun = begun;
                true
            }
            None => false,
        }
    }

    /// Sets a size; `false` when there is no room for it.
    fn set_size(&mut self, index: usize, size: i64, since: Micros) -> bool {
        let Some(stamp) = Stamp::new(index, since) else { return false };
        let free = self.sizes.iter_mut().find(|(which, _)| which.is_none() || which.number() == index);
        free.map(|free| *free = (stamp, size)).is_some()
    }

    fn newest(&self, index: usize) -> Newest {
        let (value, since) = self.sample(index).unwrap_or((0, Micros(0)));
        Newest::new(value, since)
    }
}

impl Group {
    pub(in crate::stats) fn new(prefix: &str, names: &'static Names, common: Arc<Common>) -> Self {
        Self {
            prefix: prefix.into(),
            names,
            common,
            idle: Mutex::default(),
            newest: OnceLock::new(),
            older: OnceLock::new(),
        }
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
        let Some(newest) = self.all().get(index) else { return };
        if self.common.budget.is_spent(GROUPS_EXACT_PER_SECOND, now) {
            newest.add_loosely(delta, now);
        } else {
            self.exactly(index, now, |older| newest.add(delta, now, older));
        }
    }

    pub fn set(&self, index: usize, value: i64, now: Micros) {
        if let Some(newest) = self.all().get(index) {
            self.exactly(index, now, |older| newest.set(value, now, older));
        }
    }

    #[cold]
    #[inline(never)]
    fn exactly(&self, index: usize, now: Micros, change: impl FnOnce(&mut History<i64>)) {
        self.common.budget.spend(now);
        if let Some(older) = self.histories().get(index) {
            change(&mut lock(older));
        }
    }

    /// Makes those of `indices` that are absent present, at zero.
    pub fn begin(&self, indices: Range<usize>, now: Micros) {
        let mut idle = self.idle();
        if self.newest.get().is_none() && idle.begin(indices.start, indices.end, now) {
            return;
        }
        drop(idle);
        self.all().get(indices).into_iter().flatten().for_each(|newest| newest.begin(now));
    }

    /// Sets a size that came with a configuration: what it was before is forgotten.
    pub fn restart(&self, index: usize, value: i64, now: Micros) {
        let mut idle = self.idle();
        if self.newest.get().is_none() && idle.set_size(index, value, now) {
            return;
        }
        drop(idle);
        self.with(index, |newest, older| newest.restart(value, now, older));
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

    /// Reads what the next change of the statistic at `index` will read beside its value, so that it is in the cache
    /// by then. With thousands of objects most of the cost of a change is waiting for memory; those who know several
    /// objects that will change soon touch them first, and the waits overlap. The answer means nothing.
    #[must_use]
    pub fn touch(&self, index: usize, now: Micros) -> u64 {
        if self.common.budget.is_spent(GROUPS_EXACT_PER_SECOND, now) {
            return 0;
        }
        let older = self.older.get().and_then(|histories| histories.get(index));
        older.and_then(|older| older.try_lock().ok()).map_or(0, |older| older.touch())
    }

    pub(in crate::stats) fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|candidate| *candidate == name)
    }

    /// The newest value; `None` for an absent statistic.
    pub(super) fn newest(&self, index: usize) -> Option<i64> {
        match self.newest.get() {
            Some(all) => all.get(index).filter(|newest| newest.is_present()).map(Newest::value),
            None => self.idle().sample(index).map(|(value, _)| value),
        }
    }

    /// All samples, newest first; nothing when absent.
    pub(super) fn samples(&self, index: usize) -> Vec<(i64, Micros)> {
        if self.newest.get().is_none() {
            return self.idle().sample(index).into_iter().collect();
        }
        self.with(index, |newest, older| newest.samples(older.as_deref())).unwrap_or_default()
    }

    pub(super) fn set_limit(&self, index: usize, limit: Limit, now: Micros) -> bool {
        let present = self.newest(index).is_some();
        if present && let Some(older) = self.histories().get(index) {
            lock(older).set_limit(limit, now);
        }
        present
    }

    /// Of the statistics that are there; call it when [`Common`] has the limit.
    pub(in crate::stats) fn set_default_limit(&self, limit: Limit, now: Micros) {
        let _making = self.idle();
        for older in self.older.get().into_iter().flatten() {
            lock(older).set_default_limit(limit, now);
        }
    }

    /// A statistic and its older samples, if there can be any.
    pub(super) fn with<R>(
        &self,
        index: usize,
        act: impl FnOnce(&Newest, Option<&mut History<i64>>) -> R,
    ) -> Option<R> {
        let newest = self.all().get(index)?;
        let mut older = self.older.get().and_then(|histories| histories.get(index)).map(lock);
        Some(act(newest, older.as_deref_mut()))
    }

    #[inline]
    fn all(&self) -> &[Newest] {
        if let Some(newest) = self.newest.get() { newest } else { self.make_newest() }
    }

    #[cold]
    fn make_newest(&self) -> &[Newest] {
        let idle = self.idle();
        self.newest.get_or_init(|| (0..self.names.len()).map(|index| idle.newest(index)).collect())
    }

    fn histories(&self) -> &[Mutex<History<i64>>] {
        if let Some(histories) = self.older.get() { histories } else { self.make_histories() }
    }

    #[cold]
    fn make_histories(&self) -> &[Mutex<History<i64>>] {
        let _making = self.idle();
        let limit = self.common.default_limit.get();
        self.older.get_or_init(|| self.names.iter().map(|_| Mutex::new(History::new(limit))).collect())
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The statistics of a group from one index on, which count from there: those of a part of an object.
#[derive(Clone, Debug)]
pub struct Part {
    group: Arc<Group>,
    first: usize,
}

impl Part {
    #[must_use]
    pub fn new(group: Arc<Group>, first: usize) -> Self {
        Self { group, first }
    }

    /// The names without prefix.
    #[must_use]
    pub fn names(&self) -> &'static [&'static str] {
        self.group.names().get(self.first..).unwrap_or_default()
    }

    /// See [`Group::add`].
    #[inline]
    pub fn add(&self, index: usize, delta: i64, now: Micros) {
        self.group.add(self.first + index, delta, now);
    }

    /// See [`Group::set`].
    pub fn set(&self, index: usize, value: i64, now: Micros) {
        self.group.set(self.first + index, value, now);
    }

    /// See [`Group::begin`]; all of them.
    pub fn begin(&self, now: Micros) {
        self.group.begin(self.first..self.group.names().len(), now);
    }

    /// See [`Group::restart`].
    pub fn restart(&self, index: usize, value: i64, now: Micros) {
        self.group.restart(self.first + index, value, now);
    }

    /// See [`Group::clear`].
    pub fn clear(&self, index: usize, now: Micros) {
        self.group.clear(self.first + index, now);
    }

    /// See [`Group::value`].
    #[must_use]
    pub fn value(&self, index: usize) -> i64 {
        self.group.value(self.first + index)
    }

    /// See [`Group::touch`].
    #[must_use]
    pub fn touch(&self, index: usize, now: Micros) -> u64 {
        self.group.touch(self.first + index, now)
    }
}
