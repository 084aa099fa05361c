//! Process duties: PID file, signals, paths, arguments, versions, readiness, clock and randomness.
//!
//! Knows the operating system and nothing of DHCP. The only place that reads the real clock, the environment and
//! the operating system's randomness.

pub mod args;
mod clock;
pub mod messages;
mod notify;
pub mod paths;
mod pid_file;
mod priority;
mod privilege;
mod replace;
mod secure_paths;
mod signals;
pub mod version;

pub use args::{Action, Arguments, Program, UsageError};
pub use clock::{RealClock, RealRandom};
pub use notify::Notify;
pub use paths::{Paths, PathsError};
pub use pid_file::{PidFile, PidFileError};
pub use priority::step_back;
pub use privilege::{is_root, restrict_umask};
pub use replace::replace_file;
pub use secure_paths::{
    Audit, AuditReport, PathKind, Problem, Violation, check_link, check_name, check_socket_dir, config_target,
};
pub use signals::{Signal, Signals};
