//! The log subscriber: takes the messages of [`messages!`](crate::messages!) and writes them as lines in Kea's format to
//! the outputs of the `loggers` configuration (Kea manual, chapter "Logging").

mod capture;
mod file;
mod layer;
mod output;
mod pattern;
mod redact;
mod route;
mod settings;
mod system;

pub use capture::{Capture, Captured, capture};
pub use layer::{LogLocks, Logging, LoggingChange, LoggingEnd, LoggingError, StartUp};
pub use pattern::{Pattern, PatternError};
pub use redact::redact;
pub use settings::{
    Facility, LogConfigError, LoggerSettings, OutputSettings, Severity, Target, parse_loggers,
};
pub use system::SystemLog;
