//! Statistics: named values with the history of their changes (Kea manual, chapter "Statistics").
//!
//! A statistic answers with its samples, newest first: `[[12, "2026-11-23 20:47:38.123456"], [11, ...], ...]`.
//! The number of samples is limited by count (20 unless told otherwise) or by age, never by both.
//!
//! # Counters on the packet path
//!
//! The packet path holds [`Counter`]s and [`Group`]s and never looks up a name. A counter keeps the value and the
//! time of its last change in atomics; those two are always exact. Older samples are kept under a short lock, which
//! a change takes only while the counter changes at most [`EXACT_PER_SECOND`] times a second. Beyond that rate a
//! change may be absent from the history (Kea keeps each), which then still says, for each of its samples, a value
//! that the statistic really had and the time it got it. At such rates twenty samples span less than 20 ms, so
//! nothing that a reader could use is lost.
//!
//! # Removal
//!
//! `statistic-remove` hides a counter until its next change, which counts from zero again: the holder of the handle
//! need not know. [`Registry::remove_under`] forgets statistics for good, with their subnet.

mod commands;
mod counter;
mod history;
mod registry;
mod value;

pub use commands::{CommandOutcome, StatisticCommand};
pub use counter::{Counter, EXACT_PER_SECOND, Group, Names, Part};
pub use history::{Limit, MAX_SAMPLES};
pub use registry::{Registry, StatisticError};
pub use value::StatisticValue;
