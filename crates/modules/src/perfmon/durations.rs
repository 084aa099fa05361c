//! What is measured: durations by exchange and span, an interval at a time.

use std::collections::HashMap;

use base::Micros;

use super::key::{Exchange, Span};

/// Samples of an interval: microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) start: Micros,
    pub(super) occurrences: u64,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) total: u64,
}

impl Interval {
    fn new(start: Micros) -> Self {
        Self { start, occurrences: 0, min: u64::MAX, max: 0, total: 0 }
    }

    fn add(&mut self, sample: u64) {
        self.occurrences += 1;
        self.min = self.min.min(sample);
        self.max = self.max.max(sample);
        self.total = self.total.saturating_add(sample);
    }

    pub(super) fn mean(&self) -> u64 {
        self.total.checked_div(self.occurrences).unwrap_or(0)
    }
}

/// The interval under way and the last one that is complete.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duration {
    current: Interval,
    pub(super) previous: Option<Interval>,
}

/// Durations of an exchange, by span.
type Spans = [Option<Duration>; Span::ALL.len()];

/// All durations.
#[derive(Debug, Default)]
pub(super) struct Durations(HashMap<Exchange, Spans>);

impl Durations {
    /// Adds samples of one answer; `completed` is told of each interval that ended with it.
    pub(super) fn add(
        &mut self,
        exchange: Exchange,
        samples: &[(Span, u64)],
        now: Micros,
        width: u64,
        mut completed: impl FnMut(Exchange, Span, Interval),
    ) {
        let spans = self.0.entry(exchange).or_default();
        for (span, sample) in samples {
            let Some(place) = spans.get_mut(*span as usize) else { continue };
            let duration = place.get_or_insert(Duration { current: Interval::new(now), previous: None });
            // A clock that was set back begins anew.
            let age = now.0.checked_sub(duration.current.start.0);
            if age.is_none_or(|age| age > width) {
                let ended = std::mem::replace(&mut duration.current, Interval::new(now));
                duration.previous = Some(ended);
                completed(exchange, *span, ended);
            }
            duration.current.add(*sample);
        }
    }

    /// All of them, in the order of their keys.
    pub(super) fn all(&self) -> Vec<(Exchange, Span, Option<Interval>)> {
        let mut all: Vec<_> = self
            .0
            .iter()
            .flat_map(|(exchange, spans)| {
                Span::ALL
                    .into_iter()
                    .zip(spans)
                    .filter_map(|(span, duration)| Some((*exchange, span, duration.as_ref()?.previous)))
            })
            .collect();
        all.sort_by_key(|(exchange, span, _)| {
            (exchange.query, exchange.response, span.events(), exchange.subnet)
        });
        all
    }
}
