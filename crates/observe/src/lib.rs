//! Log messages, log subscriber and statistics.
//!
//! Knows nothing of DHCP, sockets or async runtimes, so that every crate can report through it.

mod exposition;
pub mod log;
pub mod logger;
pub mod message;
pub mod stats;
mod time;

pub use exposition::Exposition;
pub use log::{
    Capture, Captured, Facility, LogConfigError, LogLocks, LoggerSettings, Logging, LoggingChange,
    LoggingEnd, LoggingError, OutputSettings, Pattern, Severity, StartUp, SystemLog, Target, capture,
    parse_loggers, redact,
};
pub use logger::{Level, Logger, Threshold, logger_at, logger_index, loggers};
pub use message::Message;
pub use stats::{
    CommandOutcome, Counter, Group, Limit, Registry, StatisticCommand, StatisticError, StatisticValue,
};
#[doc(hidden)]
pub use tracing;
