//! The statistics by name.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base::Micros;
use dns::Name;
use observe::stats::Limit;
use observe::{Counter, Registry};

/// What is counted for each key, as for all updates.
const OF_KEYS: [&str; 4] = ["update-sent", "update-success", "update-timeout", "update-error"];

/// The counters of the process. Kea keeps one sample of each.
pub(crate) struct Statistics {
    pub(crate) registry: Arc<Registry>,
    pub(crate) ncr_received: Counter,
    pub(crate) ncr_invalid: Counter,
    pub(crate) ncr_error: Counter,
    pub(crate) queue_full: Counter,
    pub(crate) update_signed: Counter,
    pub(crate) update_unsigned: Counter,
    /// In the order of [`OF_KEYS`].
    updates: [Counter; 4],
    keys: RwLock<HashMap<Name, [Counter; 4]>>,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    Sent,
    Success,
    Timeout,
    Error,
}

impl Statistics {
    pub(crate) fn new(now: Micros) -> Self {
        let registry = Registry::default();
        registry.set_default_limit(Limit::Count(1), now);
        let counter = |name: &str| {
            let counter = registry.counter(name);
            counter.begin(now);
            counter
        };
        Self {
            ncr_received: counter("ncr-received"),
            ncr_invalid: counter("ncr-invalid"),
            ncr_error: counter("ncr-error"),
            queue_full: counter("queue-mgr-queue-full"),
            update_signed: counter("update-signed"),
            update_unsigned: counter("update-unsigned"),
            updates: OF_KEYS.map(counter),
            keys: RwLock::default(),
            registry: Arc::new(registry),
        }
    }

    /// The keys of a new configuration, each counted from zero.
    pub(crate) fn set_keys<'a>(&self, names: impl Iterator<Item = &'a Name>, now: Micros) {
        self.registry.remove_range("key[");
        let counters = |name: &Name| {
            OF_KEYS.map(|what| {
                let counter = self.registry.counter(&format!("key[{name}].{what}"));
                counter.begin(now);
                counter
            })
        };
        let keys = names.map(|name| (name.clone(), counters(name))).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Counts an update that is signed with this key.
    pub(crate) fn update(&self, what: Update, key: Option<&Name>, now: Micros) {
        let at = what as usize;
        if let Some(counter) = self.updates.get(at) {
            counter.increment(now);
        }
        let Some(key) = key else { return };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        // What is in work while its key goes is counted with the rest alone.
        if let Some(counter) = keys.get(key).and_then(|counters| counters.get(at)) {
            counter.increment(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use observe::StatisticValue;

    use super::*;

    #[test]
    fn keys_count_from_zero_with_each_configuration() {
        let now = Micros(1_000_000);
        let statistics = Statistics::new(now);
        let value = |name: &str| match statistics.registry.value(name) {
            Some(StatisticValue::Integer(value)) => Some(value),
            _ => None,
        };
        let (one, two) = (Name::parse("one.example").unwrap(), Name::parse("two").unwrap());
        statistics.set_keys([&one].into_iter(), now);
        statistics.update(Update::Sent, Some(&one), now);
        statistics.update(Update::Sent, None, now);
        statistics.update(Update::Timeout, Some(&two), now);
        assert_eq!(value("update-sent"), Some(2));
        assert_eq!(value("key[one.example.].update-sent"), Some(1));
        assert_eq!(value("key[one.example.].update-error"), Some(0));
        assert_eq!((value("update-timeout"), value("key[two.].update-timeout")), (Some(1), None));
        statistics.set_keys([&one, &two].into_iter(), now);
        assert_eq!(value("key[one.example.].update-sent"), Some(0));
        assert_eq!(value("key[two.].update-timeout"), Some(0));
        assert_eq!(value("update-sent"), Some(2));
        statistics.set_keys(std::iter::empty(), now);
        assert_eq!(value("key[one.example.].update-sent"), None);
        // One sample each, as in Kea.
        let samples = statistics.registry.samples("update-sent").unwrap();
        assert_eq!(samples.as_list().map(<[_]>::len), Some(1));
    }
}
