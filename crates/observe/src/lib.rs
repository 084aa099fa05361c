//! Log messages, log subscriber and statistics.
//!
//! Knows nothing of DHCP, sockets or async runtimes, so that every crate can report through it.

pub mod logger;
pub mod message;

pub use logger::{Level, Logger, Threshold, logger_at, logger_index, loggers};
pub use message::Message;
#[doc(hidden)]
pub use tracing;
