//! All statistics of a process by name.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use base::Micros;
use jiff::tz::TimeZone;
use json::Map;

use super::counter::{Alone, Cell, Common, Counter, Group, Integer, Names};
use super::history::{History, Limit};
use super::value::StatisticValue;
use crate::time::sample_time;

/// Why a statistic could not be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatisticError {
    #[error("statistic '{name}' is of type {is}, not {wanted}")]
    Type { name: String, is: &'static str, wanted: &'static str },
}

/// The statistics of one process.
#[derive(Debug)]
pub struct Registry {
    zone: TimeZone,
    inner: RwLock<Inner>,
    /// Values were reset or removed by hand.
    disturbed: AtomicBool,
}

#[derive(Debug)]
struct Inner {
    single: BTreeMap<Box<str>, Single>,
    groups: BTreeSet<ByPrefix>,
    common: Arc<Common>,
    default_limit: Limit,
}

/// A group that is found by its prefix.
#[derive(Clone, Debug)]
struct ByPrefix(Arc<Group>);

impl Borrow<str> for ByPrefix {
    fn borrow(&self) -> &str {
        self.0.prefix()
    }
}

impl Ord for ByPrefix {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.prefix().cmp(other.0.prefix())
    }
}

impl PartialOrd for ByPrefix {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByPrefix {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByPrefix {}

#[derive(Debug)]
enum Single {
    Counter(Counter),
    Series(Mutex<Series>),
}

/// A statistic that changes rarely.
#[derive(Debug)]
struct Series {
    newest: (StatisticValue, Micros),
    older: History<StatisticValue>,
}

impl Series {
    fn set(&mut self, value: StatisticValue, now: Micros) {
        let (old, at) = std::mem::replace(&mut self.newest, (value, now));
        self.older.push(old, at, now);
    }
}

fn lock(series: &Mutex<Series>) -> MutexGuard<'_, Series> {
    series.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One statistic, wherever it is kept.
#[derive(Clone, Copy)]
enum Found<'a> {
    Integer(Integer<'a>),
    Series(&'a Mutex<Series>),
}

impl Default for Registry {
    fn default() -> Self {
        Self::new(TimeZone::system())
    }
}

impl Registry {
    /// An empty registry whose samples are stamped in the time of `zone`.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        let inner = Inner {
            single: BTreeMap::new(),
            groups: BTreeSet::new(),
            common: Arc::new(Common::new(Limit::DEFAULT)),
            default_limit: Limit::DEFAULT,
        };
        Self { zone, inner: RwLock::new(inner), disturbed: AtomicBool::new(false) }
    }

    /// Handle of the integer statistic of this name. A new one is absent from all answers until it is first set or
    /// added to. A statistic of another type by that name is replaced.
    #[must_use]
    pub fn counter(&self, name: &str) -> Counter {
        if let Some(Single::Counter(counter)) = self.read().single.get(name) {
            return counter.clone();
        }
        let mut inner = self.write();
        if let Some(Single::Counter(counter)) = inner.single.get(name) {
            return counter.clone();
        }
        let counter = Counter(Arc::new(Alone(Cell::new(inner.default_limit))));
        inner.single.insert(name.into(), Single::Counter(counter.clone()));
        counter
    }

    /// The integer statistics `prefix.name` of one object, for each of `names`; those that exist under this prefix
    /// with the same names are kept.
    #[must_use]
    pub fn group(&self, prefix: &str, names: &'static Names) -> Arc<Group> {
        let mut inner = self.write();
        if let Some(ByPrefix(group)) = inner.groups.get(prefix)
            && group.names == names
        {
            return Arc::clone(group);
        }
        let group = Arc::new(Group::new(prefix, names, Arc::clone(&inner.common)));
        inner.groups.replace(ByPrefix(Arc::clone(&group)));
        group
    }

    /// Sets a statistic of any type, making it when it does not exist.
    pub fn set(&self, name: &str, value: StatisticValue, now: Micros) -> Result<(), StatisticError> {
        self.change(name, value, now, |_, value| Some(value))
    }

    /// Sets a size that came with a configuration, a statistic of any type: what it was before is forgotten.
    pub fn restart(&self, name: &str, value: StatisticValue, now: Micros) -> Result<(), StatisticError> {
        if let Some(Found::Series(series)) = self.read().find(name) {
            let mut series = lock(series);
            if series.newest.0.type_name() == value.type_name() {
                series.older.clear();
                series.newest = (value, now);
                return Ok(());
            }
        }
        self.set(name, value, now)
    }

    /// Adds to a statistic of any type; strings are appended to. One that does not exist starts from neutral.
    pub fn add(&self, name: &str, value: StatisticValue, now: Micros) -> Result<(), StatisticError> {
        self.change(name, value, now, |old, value| old.plus(&value))
    }

    fn change(
        &self,
        name: &str,
        value: StatisticValue,
        now: Micros,
        combine: impl Fn(&StatisticValue, StatisticValue) -> Option<StatisticValue>,
    ) -> Result<(), StatisticError> {
        let mismatch =
            |is: &'static str, wanted: &'static str| StatisticError::Type { name: name.into(), is, wanted };
        {
            let inner = self.read();
            match inner.find(name) {
                Some(Found::Integer(integer)) => {
                    let StatisticValue::Integer(_) = value else {
                        return Err(mismatch("integer", value.type_name()));
                    };
                    // Not atomic with changes through handles; nobody mixes both on one statistic.
                    let old = StatisticValue::Integer(integer.newest().unwrap_or(0));
                    if let Some(StatisticValue::Integer(sum)) = combine(&old, value) {
                        integer.set(sum, now);
                    }
                    return Ok(());
                }
                Some(Found::Series(series)) => {
                    let mut series = lock(series);
                    let (is, wanted) = (series.newest.0.type_name(), value.type_name());
                    if is != wanted {
                        return Err(mismatch(is, wanted));
                    }
                    if let Some(value) = combine(&series.newest.0, value) {
                        series.set(value, now);
                    }
                    return Ok(());
                }
                None => {}
            }
        }
        if let StatisticValue::Integer(value) = value {
            self.counter(name).add(value, now);
            return Ok(());
        }
        let mut inner = self.write();
        let older = History::new(inner.default_limit);
        inner.single.insert(name.into(), Single::Series(Mutex::new(Series { newest: (value, now), older })));
        Ok(())
    }

    /// Forgets all statistics and groups that belong to one object: with `subnet[1]` those whose names begin with
    /// `subnet[1].`, its pools' included. Handles stay usable but count for nobody.
    pub fn remove_under(&self, prefix: &str) {
        self.remove_range(&format!("{prefix}."));
        self.write().groups.remove(prefix);
    }

    /// Forgets all statistics and groups whose names begin with `start`, such as `subnet[` for all subnets.
    pub fn remove_range(&self, start: &str) {
        let mut inner = self.write();
        let single = inner.single.range::<str, _>(from(start)).map(|(name, _)| name);
        let names: Vec<_> = single.take_while(|name| name.starts_with(start)).cloned().collect();
        for name in names {
            inner.single.remove(&name);
        }
        let groups = inner.groups.range::<str, _>(from(start));
        let groups: Vec<_> =
            groups.take_while(|group| group.0.prefix().starts_with(start)).cloned().collect();
        for group in groups {
            inner.groups.remove(&group);
        }
    }

    /// The limit of statistics for which no command set one, present and future ones.
    pub fn set_default_limit(&self, limit: Limit, now: Micros) {
        let mut inner = self.write();
        inner.default_limit = limit;
        for single in inner.single.values() {
            match single {
                Single::Counter(counter) => counter.0.0.set_default_limit(limit, now),
                Single::Series(series) => lock(series).older.set_default_limit(limit, now),
            }
        }
        inner.common.set_default_limit(limit);
        inner.groups.iter().for_each(|group| group.0.set_default_limit(limit, now));
    }

    /// The newest value, `None` for a statistic that does not exist.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<StatisticValue> {
        match self.read().find(name)? {
            Found::Integer(integer) => integer.newest().map(StatisticValue::Integer),
            Found::Series(series) => Some(lock(series).newest.0.clone()),
        }
    }

    /// Shows the newest value of each statistic that exists.
    pub fn for_each(&self, mut visit: impl FnMut(&str, &StatisticValue)) {
        self.read().for_each(|name, found| match found {
            Found::Integer(integer) => {
                if let Some(value) = integer.newest() {
                    visit(name, &StatisticValue::Integer(value));
                }
            }
            Found::Series(series) => visit(name, &lock(series).newest.0),
        });
    }

    /// Samples of one statistic, newest first, as commands answer them.
    #[must_use]
    pub fn samples(&self, name: &str) -> Option<json::Value> {
        let inner = self.read();
        self.samples_of(&inner.find(name)?)
    }

    /// Samples of all statistics whose names `wanted` admits.
    #[must_use]
    pub fn all_samples(&self, wanted: impl Fn(&str) -> bool) -> Map {
        let inner = self.read();
        let mut all = Map::new();
        inner.for_each(|name, found| {
            if wanted(name)
                && let Some(samples) = self.samples_of(&found)
            {
                all.insert(name.to_owned(), samples);
            }
        });
        all
    }

    fn samples_of(&self, found: &Found<'_>) -> Option<json::Value> {
        let pair = |value: json::Value, at: Micros| {
            json::Value::from(vec![value, sample_time(at, &self.zone).into()])
        };
        let samples: Vec<json::Value> = match found {
            Found::Integer(integer) => {
                integer.samples().into_iter().map(|(value, at)| pair(value.into(), at)).collect()
            }
            Found::Series(series) => {
                let series = lock(series);
                std::iter::once(&series.newest)
                    .chain(series.older.iter())
                    .map(|(value, at)| pair(value.to_json(), *at))
                    .collect()
            }
        };
        (!samples.is_empty()).then(|| samples.into())
    }

    fn disturb(&self) {
        self.disturbed.store(true, Relaxed);
    }

    /// Whether values were reset or removed by hand since this was last asked: counts of what is there are to be taken
    /// anew.
    pub fn take_disturbed(&self) -> bool {
        self.disturbed.swap(false, Relaxed)
    }

    /// Sets the neutral value and drops the history; `false` when there is no such statistic.
    pub fn reset(&self, name: &str, now: Micros) -> bool {
        self.disturb();
        self.read().find(name).is_some_and(|found| reset(&found, now))
    }

    pub fn reset_all(&self, now: Micros) {
        self.disturb();
        self.read().for_each(|_, found| {
            reset(&found, now);
        });
    }

    /// Takes the statistic out of all answers until it changes again; `false` when there is no such statistic.
    pub fn remove(&self, name: &str) -> bool {
        self.disturb();
        let mut inner = self.write();
        match inner.find(name) {
            Some(Found::Integer(integer)) => integer.remove(),
            Some(Found::Series(_)) => inner.single.remove(name).is_some(),
            None => false,
        }
    }

    pub fn remove_all(&self) {
        self.disturb();
        let mut inner = self.write();
        inner.single.retain(|_, single| matches!(single, Single::Counter(_)));
        inner.for_each(|_, found| {
            if let Found::Integer(integer) = found {
                integer.remove();
            }
        });
    }

    /// The limit of one statistic from now on; `false` when there is no such statistic.
    pub fn set_limit(&self, name: &str, limit: Limit, now: Micros) -> bool {
        self.read().find(name).is_some_and(|found| set_limit(&found, limit, now))
    }

    /// The limit of statistics to come.
    #[must_use]
    pub fn default_limit(&self) -> Limit {
        self.read().default_limit
    }

    /// The limit of all present statistics, and the default of those to come.
    pub fn set_limit_all(&self, limit: Limit, now: Micros) {
        let mut inner = self.write();
        inner.default_limit = limit;
        inner.common.set_default_limit(limit);
        inner.for_each(|_, found| {
            set_limit(&found, limit, now);
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What does not sort before `start`.
fn from(start: &str) -> (Bound<&str>, Bound<&str>) {
    (Bound::Included(start), Bound::Unbounded)
}

fn reset(found: &Found<'_>, now: Micros) -> bool {
    match found {
        Found::Integer(integer) => integer.reset(now),
        Found::Series(series) => {
            let mut series = lock(series);
            series.older.clear();
            series.newest = (series.newest.0.neutral(), now);
            true
        }
    }
}

fn set_limit(found: &Found<'_>, limit: Limit, now: Micros) -> bool {
    match found {
        Found::Integer(integer) => integer.set_limit(limit, now),
        Found::Series(series) => {
            lock(series).older.set_limit(limit, now);
            true
        }
    }
}

impl Inner {
    fn find(&self, name: &str) -> Option<Found<'_>> {
        match self.single.get(name) {
            Some(Single::Counter(counter)) => return Some(Found::Integer(Integer::Alone(&counter.0.0))),
            Some(Single::Series(series)) => return Some(Found::Series(series)),
            None => {}
        }
        // The longest prefix first: names of parts have dots.
        name.rmatch_indices('.').find_map(|(dot, _)| {
            let (prefix, name) = (name.get(..dot)?, name.get(dot + 1..)?);
            let ByPrefix(group) = self.groups.get(prefix)?;
            group.index(name).map(|index| Found::Integer(Integer::Member(group, index)))
        })
    }

    fn for_each(&self, mut visit: impl FnMut(&str, Found<'_>)) {
        for (name, single) in &self.single {
            match single {
                Single::Counter(counter) => visit(name, Found::Integer(Integer::Alone(&counter.0.0))),
                Single::Series(series) => visit(name, Found::Series(series)),
            }
        }
        let mut name = String::new();
        for ByPrefix(group) in &self.groups {
            for (index, suffix) in group.names.iter().enumerate() {
                name.clear();
                name.push_str(&group.prefix);
                name.push('.');
                name.push_str(suffix);
                visit(&name, Found::Integer(Integer::Member(group, index)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = &["assigned-addresses", "total-addresses"];

    fn registry() -> Registry {
        Registry::new(TimeZone::UTC)
    }

    fn names(registry: &Registry) -> Vec<String> {
        registry.all_samples(|_| true).into_keys().map(String::from).collect()
    }

    #[test]
    fn samples_are_value_and_local_time() {
        let registry = registry();
        let counter = registry.counter("pkt4-received");
        assert_eq!(registry.samples("pkt4-received"), None);
        counter.set(0, Micros(1_564_481_479_498_662));
        registry.counter("pkt4-received").increment(Micros(1_564_481_479_498_739));
        let sample = |value: i64, at: &str| json::Value::from(vec![value.into(), at.into()]);
        assert_eq!(
            registry.samples("pkt4-received"),
            Some(
                vec![sample(1, "2019-07-30 10:11:19.498739"), sample(0, "2019-07-30 10:11:19.498662")].into()
            )
        );
        let east = Registry::new(TimeZone::fixed(jiff::tz::offset(2)));
        east.counter("x").set(5, Micros(1_564_481_479_000_000));
        assert_eq!(east.samples("x"), Some(vec![sample(5, "2019-07-30 12:11:19.000000")].into()));
    }

    #[test]
    fn groups_come_and_go_with_their_object() {
        let registry = registry();
        for id in [1, 10, 11, 2] {
            registry.group(&format!("subnet[{id}]"), &NAMES).set(1, 9, Micros(1));
            registry.group(&format!("subnet[{id}].pool[0]"), &NAMES).set(1, 9, Micros(1));
        }
        registry.counter("pkt4-received").set(0, Micros(1));
        registry.counter("subnet[1].v4-allocation-fail").increment(Micros(1));
        registry.remove_under("subnet[1]");
        assert_eq!(
            names(&registry),
            [
                "pkt4-received",
                "subnet[10].pool[0].total-addresses",
                "subnet[10].total-addresses",
                "subnet[11].pool[0].total-addresses",
                "subnet[11].total-addresses",
                "subnet[2].pool[0].total-addresses",
                "subnet[2].total-addresses"
            ]
        );
        registry.remove_range("subnet[");
        assert_eq!(names(&registry), ["pkt4-received"]);
    }

    #[test]
    fn a_group_asked_for_again_is_the_same() {
        let registry = registry();
        let group = registry.group("subnet[1]", &NAMES);
        group.add(0, 3, Micros(1));
        registry.group("subnet[1]", &NAMES).add(0, 1, Micros(2));
        assert_eq!(group.value(0), 4);
        assert_eq!(registry.value("subnet[1].assigned-addresses"), Some(StatisticValue::Integer(4)));
        assert_eq!(registry.value("subnet[1].total-addresses"), None);
    }

    #[test]
    fn parts_are_found_by_their_whole_names() {
        const PARTS: Names = &["total-addresses", "pool[0].total-addresses"];
        let registry = registry();
        registry.group("subnet[1]", &PARTS).set(1, 9, Micros(1));
        registry.group("subnet[1].pool[7]", &NAMES).set(1, 8, Micros(1));
        let value = |name: &str| registry.value(name);
        assert_eq!(value("subnet[1].pool[0].total-addresses"), Some(StatisticValue::Integer(9)));
        assert_eq!(value("subnet[1].pool[7].total-addresses"), Some(StatisticValue::Integer(8)));
        assert_eq!(
            (value("subnet[1].total-addresses"), value("subnet[1].pool[1].total-addresses")),
            (None, None)
        );
        assert_eq!(
            names(&registry),
            ["subnet[1].pool[0].total-addresses", "subnet[1].pool[7].total-addresses"]
        );
        registry.remove_under("subnet[1]");
        assert_eq!(names(&registry), [] as [&str; 0]);
    }

    #[test]
    fn other_types_keep_their_history_and_their_type() {
        use StatisticValue::{BigInteger, Float, Integer, Text};
        let registry = registry();
        registry.set("total", BigInteger(1 << 100), Micros(1)).unwrap();
        registry.add("total", BigInteger(1), Micros(2)).unwrap();
        assert_eq!(registry.value("total"), Some(BigInteger((1 << 100) + 1)));
        assert_eq!(registry.samples("total").unwrap().as_list().unwrap().len(), 2);
        assert!(registry.add("total", Integer(1), Micros(3)).is_err());
        registry.add("text", Text("a".into()), Micros(1)).unwrap();
        assert!(registry.reset("text", Micros(4)) && !registry.reset("nothing", Micros(4)));
        assert_eq!(registry.value("text"), Some(Text(String::new())));
        registry.counter("count").set(1, Micros(1));
        registry.add("count", Integer(2), Micros(2)).unwrap();
        assert_eq!(registry.value("count"), Some(Integer(3)));
        assert!(registry.set("count", Float(1.0), Micros(2)).is_err());
        registry.remove_all();
        assert_eq!(names(&registry), [] as [&str; 0]);
    }

    #[test]
    fn limits_apply_to_present_and_future_statistics() {
        let registry = registry();
        let count = |name: &str| registry.samples(name).unwrap().as_list().unwrap().len();
        let old = registry.counter("old");
        for at in 1..=9 {
            old.increment(Micros(at));
        }
        registry.set_default_limit(Limit::Count(4), Micros(10));
        assert_eq!(count("old"), 4);
        assert!(registry.set_limit("old", Limit::Count(2), Micros(10)));
        registry.set_default_limit(Limit::Count(6), Micros(10));
        let new = registry.counter("new");
        for at in 11..=30 {
            old.increment(Micros(at));
            new.increment(Micros(at));
        }
        assert_eq!((count("old"), count("new")), (2, 6));
        registry.set_limit_all(Limit::Age(0), Micros(40));
        assert_eq!((count("old"), count("new")), (1, 1));
        assert!(!registry.set_limit("nothing", Limit::Count(2), Micros(10)));
    }
}
