//! Whether the DHCP service is on: it is when nobody has switched it off (`dhcp-disable`, `dhcp-enable`).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::Micros;
use json::Value;

/// Who switches the service off and on. Each origin only undoes its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Origin {
    /// An operator.
    User,
    /// High availability on this server, by relationship.
    HaLocal(u32),
    /// A partner's high availability, by relationship.
    HaRemote(u32),
    /// A database connection, by number.
    Database(u32),
}

impl Origin {
    /// First and last number of the local and remote relationships, as Kea numbers origins.
    const HA_LOCAL: u32 = ::ha::LOCAL_ORIGIN;
    const HA_REMOTE: u32 = ::ha::REMOTE_ORIGIN;
    const DATABASE: u32 = 1_000_000;

    /// A database of reservations, by its place in the list.
    pub(crate) fn of_database(number: u32) -> Self {
        Self::Database(Self::DATABASE.saturating_add(number))
    }

    /// From `origin` or `origin-id` of a command.
    pub(crate) fn from_arguments(arguments: Option<&Value>) -> Result<Self, String> {
        let Some(arguments) = arguments else { return Ok(Self::User) };
        let number =
            |value: &Value| value.as_int().and_then(|id| u32::try_from(id).ok()).map(Self::from_number);
        if let Some(id) = arguments.get("origin-id") {
            return number(id).ok_or_else(|| "'origin-id' argument must be a number".to_owned());
        }
        match arguments.get("origin") {
            None => Ok(Self::User),
            Some(origin) => match origin.as_str() {
                Some("user") => Ok(Self::User),
                Some("ha-partner") => Ok(Self::HaRemote(Self::HA_REMOTE)),
                Some("") => Err("invalid value used for 'origin' parameter: (empty string)".to_owned()),
                Some(other) => Err(format!("invalid value used for 'origin' parameter: {other}")),
                None => {
                    number(origin).ok_or_else(|| "'origin' argument must be a string or a number".to_owned())
                }
            },
        }
    }

    fn from_number(id: u32) -> Self {
        match id {
            1..Self::HA_LOCAL | 0 => Self::User,
            Self::HA_LOCAL..Self::HA_REMOTE => Self::HaLocal(id),
            Self::HA_REMOTE..Self::DATABASE => Self::HaRemote(id),
            Self::DATABASE.. => Self::Database(id),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    disabled: BTreeSet<Origin>,
    /// When an origin's disabling ends by itself (`max-period`), on the steady clock.
    until: Vec<(Origin, u64)>,
}

/// The switch.
#[derive(Debug)]
pub(crate) struct Service {
    enabled: AtomicBool,
    state: Mutex<State>,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self { enabled: AtomicBool::new(true), state: Mutex::default() }
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `until`: steady microseconds at which it is switched on again.
    pub(crate) fn disable(&self, origin: Origin, until: Option<u64>) {
        let mut state = self.state();
        state.disabled.insert(origin);
        state.until.retain(|(o, _)| *o != origin);
        state.until.extend(until.map(|until| (origin, until)));
        self.enabled.store(false, Ordering::Relaxed);
    }

    pub(crate) fn enable(&self, origin: Origin) {
        let mut state = self.state();
        state.disabled.remove(&origin);
        state.until.retain(|(o, _)| *o != origin);
        self.enabled.store(state.disabled.is_empty(), Ordering::Relaxed);
    }

    /// Ends what has run its `max-period` by `now` (steady microseconds).
    pub(crate) fn expire(&self, now: u64) {
        let over: Vec<Origin> =
            self.state().until.iter().filter(|(_, until)| *until <= now).map(|(o, _)| *o).collect();
        for origin in over {
            self.enable(origin);
        }
    }

    /// `dhcp-state` of status-get.
    pub(crate) fn report(&self) -> Value {
        let state = self.state();
        let ids = |pick: fn(&Origin) -> Option<u32>| {
            Value::from(state.disabled.iter().filter_map(pick).map(Value::from).collect::<Vec<_>>())
        };
        Value::from([
            ("globally-disabled", Value::from(!state.disabled.is_empty())),
            ("disabled-by-user", Value::from(state.disabled.contains(&Origin::User))),
            (
                "disabled-by-local-command",
                ids(|o| if let Origin::HaLocal(id) = o { Some(*id) } else { None }),
            ),
            (
                "disabled-by-remote-command",
                ids(|o| if let Origin::HaRemote(id) = o { Some(*id) } else { None }),
            ),
            (
                "disabled-by-db-connection",
                ids(|o| if let Origin::Database(id) = o { Some(*id) } else { None }),
            ),
        ])
    }
}

/// Microseconds of a `max-period` in seconds, counted from `now`.
pub(crate) fn deadline(now: u64, seconds: u32) -> u64 {
    now.saturating_add(Micros(u64::from(seconds) * 1_000_000).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_origin_undoes_its_own() {
        let service = Service::new();
        service.disable(Origin::User, None);
        service.disable(Origin::HaRemote(2000), Some(5));
        service.enable(Origin::User);
        assert!(!service.is_enabled());
        service.expire(4);
        assert!(!service.is_enabled());
        service.expire(5);
        assert!(service.is_enabled());
    }

    #[test]
    fn origins_of_commands() {
        let of = |value: Value| Origin::from_arguments(Some(&value));
        assert_eq!(Origin::from_arguments(None), Ok(Origin::User));
        assert_eq!(of([("origin", Value::from("ha-partner"))].into()), Ok(Origin::HaRemote(2000)));
        assert_eq!(of([("origin", Value::from(1001u32))].into()), Ok(Origin::HaLocal(1001)));
        assert!(of([("origin", Value::from("x"))].into()).is_err());
        assert!(of([("origin-id", Value::from("x"))].into()).is_err());
    }
}
