//! `libdhcp_perfmon`: how long answers take, by message types and subnet (Kea manual, "Performance Monitoring").
//!
//! The engine tells of each answer, where the library is listed; one that is not pays for a branch. An answer costs two
//! looks at the clock and two lookups under a lock that nobody holds longer than that.

mod commands;
mod durations;
mod key;
mod messages;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{Clock, Family, Micros, SubnetId};
use engine::monitor::Answered;
use observe::StatisticValue;
use observe::stats::Registry;

pub use commands::{Host, command_definitions, register};
pub use settings::Settings;

use durations::{Durations, Interval};
use key::{BUFFER_READ, Exchange, Label, PROCESS_COMPLETED, PROCESS_STARTED, SOCKET_RECEIVED, Span};
use messages::{Cleared, Triggered};
use settings::Marks;

/// The library.
pub const PROVIDER: &str = "libdhcp_perfmon";

/// The measurement of a configuration.
pub struct Monitor {
    settings: Settings,
    family: Family,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    /// As `perfmon-control` left them.
    monitoring: AtomicBool,
    reporting: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    durations: Durations,
    /// Alarms that are on, with when they went off and when that was last said.
    triggered: HashMap<Label, (Micros, Micros)>,
}

impl Monitor {
    /// Begins to measure; means go to `registry`.
    #[must_use]
    pub fn new(settings: &Settings, family: Family, clock: Arc<dyn Clock>, registry: Arc<Registry>) -> Self {
        Self {
            settings: settings.clone(),
            family,
            clock,
            registry,
            monitoring: AtomicBool::new(settings.monitoring),
            reporting: AtomicBool::new(settings.reporting),
            state: Mutex::default(),
        }
    }

    /// What it was begun with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Goes by its settings again.
    pub fn restore(&self) {
        self.monitoring.store(self.settings.monitoring, Ordering::Relaxed);
        self.reporting.store(self.settings.reporting, Ordering::Relaxed);
    }

    /// Whether durations are measured.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.monitoring.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn logs_events(&self) -> bool {
        match self.family {
            Family::V4 => messages::v4::Events::enabled(),
            Family::V6 => messages::v6::Events::enabled(),
        }
    }

    /// Makes a mean known, and looks whether an alarm is about it.
    fn report(&self, exchange: Exchange, span: Span, interval: &Interval, now: Micros) {
        let mean = interval.mean();
        if self.reporting.load(Ordering::Relaxed) {
            let value = StatisticValue::Integer(i64::try_from(mean).unwrap_or(i64::MAX));
            // A statistic of that name is an integer.
            let _: Result<(), _> = self.registry.set(&exchange.statistic(self.family, span), value, now);
        }
        if self.settings.alarms.is_empty() {
            return;
        }
        let label = Label::new(self.family, &exchange, span.events());
        if let Some((_, marks)) = self.settings.alarms.iter().find(|(of, _)| *of == label) {
            self.watch(label, *marks, mean, now);
        }
    }

    fn watch(&self, label: Label, marks: Marks, mean: u64, now: Micros) {
        let mut state = self.state();
        if mean < u64::from(marks.low) * 1000 {
            if state.triggered.remove(&label).is_some() {
                observe::log!(Cleared { alarm: &label, mean: Lasting(mean), low: marks.low });
            }
            return;
        }
        let again = u64::from(self.settings.again) * 1_000_000;
        let since = match state.triggered.get_mut(&label) {
            // Between the marks it stays what it was.
            None if mean <= u64::from(marks.high) * 1000 => return,
            None => {
                state.triggered.insert(label.clone(), (now, now));
                now
            }
            Some((_, said)) if now.0.saturating_sub(said.0) <= again => return,
            Some((since, said)) => {
                *said = now;
                *since
            }
        };
        let (since, mean) = (Moment(since), Lasting(mean));
        observe::log!(Triggered { alarm: &label, since, mean, high: marks.high });
    }
}

impl engine::monitor::Monitor for Monitor {
    fn begin(&self) -> Option<Micros> {
        (self.is_on() || self.logs_events()).then(|| self.clock.now())
    }

    fn answered(&self, answered: &Answered<'_>) {
        let now = self.clock.now();
        let events = [
            (SOCKET_RECEIVED, answered.received),
            (BUFFER_READ, Some(answered.read)),
            (PROCESS_STARTED, Some(answered.started)),
            (PROCESS_COMPLETED, Some(now)),
        ];
        if self.logs_events() {
            let query = answered.label;
            match self.family {
                Family::V4 => observe::log!(messages::v4::Events { query, events: Events(&events) }),
                Family::V6 => observe::log!(messages::v6::Events { query, events: Events(&events) }),
            }
        }
        if !self.is_on() {
            return;
        }
        let span = |from: Micros, to: Micros| to.0.saturating_sub(from.0);
        let first = answered.received.unwrap_or(answered.read);
        let samples = [
            (Span::Read, span(answered.read, answered.started)),
            (Span::Processed, span(answered.started, now)),
            (Span::Total, span(first, now)),
            (Span::Queued, span(first, answered.read)),
        ];
        // The last one only where the kernel said when it was.
        let samples = samples.get(..samples.len() - usize::from(answered.received.is_none()));
        let samples = samples.unwrap_or_default();
        let of = |subnet| Exchange { query: answered.query, response: answered.response, subnet };
        let width = u64::from(self.settings.width) * 1_000_000;
        let mut ended = Vec::new();
        {
            let mut state = self.state();
            let mut completed = |exchange, span, interval| ended.push((exchange, span, interval));
            state.durations.add(of(SubnetId(0)), samples, now, width, &mut completed);
            if let Some(subnet) = answered.subnet {
                state.durations.add(of(subnet), samples, now, width, &mut completed);
            }
        }
        for (exchange, span, interval) in ended {
            self.report(exchange, span, &interval, now);
        }
    }
}

/// Events of a query, those that are known.
struct Events<'a>(&'a [(&'static str, Option<Micros>)]);

impl fmt::Display for Events<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (event, at) in self.0 {
            let Some(at) = at else { continue };
            let moment = stamp(*at).strftime("%Y-%b-%d %H:%M:%S.%6f");
            write!(f, "{}{moment} : {event}", if first { "" } else { ", " })?;
            first = false;
        }
        Ok(())
    }
}

fn stamp(at: Micros) -> jiff::Timestamp {
    let stamp = i64::try_from(at.0).ok().and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    stamp.unwrap_or(jiff::Timestamp::MAX)
}

/// A moment, of the world's time.
struct Moment(Micros);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", stamp(self.0).strftime("%Y-%m-%d %H:%M:%S.%6f"))
    }
}

/// Microseconds as hours, minutes and seconds.
struct Lasting(u64);

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        write!(f, "{:02}:{:02}:{:02}.{micros:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}
