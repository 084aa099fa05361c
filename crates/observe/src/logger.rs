//! The loggers and their thresholds.
//!
//! A logger is a name under the program's root logger (`packets` is `kea-dhcp4.packets` in the DHCPv4 server) with
//! one atomic number: how verbose it may be. A message compares its own number with it before anything else
//! happens, so a message that is off costs one relaxed load and a comparison.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

/// Severity of a message, with the debug level for `Debug` (0, singular events, to 99, everything).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Fatal,
    Error,
    Warn,
    Info,
    Debug(u8),
}

impl Level {
    /// Highest debug level; larger ones are cut to it.
    pub const MAX_DEBUG: u8 = 99;

    /// The number compared with a logger's threshold: 1 for FATAL to 4 for INFO, 5 + level for DEBUG.
    #[must_use]
    pub const fn verbosity(self) -> u8 {
        match self {
            Self::Fatal => 1,
            Self::Error => 2,
            Self::Warn => 3,
            Self::Info => 4,
            Self::Debug(level) => 5 + if level > Self::MAX_DEBUG { Self::MAX_DEBUG } else { level },
        }
    }

    /// The severity as log lines and configurations write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug(_) => "DEBUG",
        }
    }

    /// The level of the `tracing` event; FATAL has none of its own there.
    #[must_use]
    pub const fn tracing(self) -> tracing::Level {
        match self {
            Self::Fatal | Self::Error => tracing::Level::ERROR,
            Self::Warn => tracing::Level::WARN,
            Self::Info => tracing::Level::INFO,
            Self::Debug(_) => tracing::Level::DEBUG,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much a logger lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(u8);

impl Threshold {
    /// Nothing at all (severity NONE).
    pub const NONE: Self = Self(0);
    /// INFO and worse, the default.
    pub const INFO: Self = Self::up_to(Level::Info);
    /// Everything.
    pub const ALL: Self = Self::up_to(Level::Debug(Level::MAX_DEBUG));

    /// Lets messages of `level` and worse through.
    #[must_use]
    pub const fn up_to(level: Level) -> Self {
        Self(level.verbosity())
    }

    #[must_use]
    pub const fn admits(self, level: Level) -> bool {
        level.verbosity() <= self.0
    }
}

/// A logger below the root.
#[derive(Debug)]
pub struct Logger {
    name: &'static str,
    threshold: AtomicU8,
}

impl Logger {
    const fn new(name: &'static str) -> Self {
        Self { name, threshold: AtomicU8::new(Threshold::INFO.0) }
    }

    /// The name without the root.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a message of this verbosity ([`Level::verbosity`]) is wanted.
    #[inline]
    #[must_use]
    pub fn admits(&self, verbosity: u8) -> bool {
        verbosity <= self.threshold.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn threshold(&self) -> Threshold {
        Threshold(self.threshold.load(Ordering::Relaxed))
    }

    pub fn set_threshold(&self, threshold: Threshold) {
        self.threshold.store(threshold.0, Ordering::Relaxed);
    }
}

macro_rules! loggers {
    ($($name:literal)*) => {
        static LOGGERS: [Logger; [$($name),*].len()] = [$(Logger::new($name)),*];
        const NAMES: [&str; [$($name),*].len()] = [$($name),*];
    };
}

// Sorted by name. Whoever adds a logger adds it here; a message with an unknown logger does not compile.
loggers! {
    "DhcpLFC"
    "alloc-engine"
    "asiodns"
    "auth"
    "bad-packets"
    "bootp-hooks"
    "callouts"
    "cb-cmds-hooks"
    "class-cmds-hooks"
    "commands"
    "ctrl-agent"
    "d2-to-dns"
    "database"
    "dctl"
    "ddns"
    "ddns-tuning-hooks"
    "dhcp"
    "dhcp-to-d2"
    "dhcp4"
    "dhcp6"
    "dhcpddns"
    "dhcpsrv"
    "eval"
    "flex-id-hooks"
    "flex-option-hooks"
    "gss-tsig-hooks"
    "ha-hooks"
    "hooks"
    "host-cache-hooks"
    "host-cmds-hooks"
    "hosts"
    "http"
    "lease-cmds-hooks"
    "lease-query-hooks"
    "leases"
    "legal-log-hooks"
    "libdhcp-ddns"
    "limits-hooks"
    "log"
    "mysql-cb-hooks"
    "mysql-fb-hooks"
    "mysql-hb-hooks"
    "mysql-lb-hooks"
    "mysql-legal-log"
    "options"
    "packets"
    "perfmon-hooks"
    "pgsql-cb-hooks"
    "pgsql-fb-hooks"
    "pgsql-hb-hooks"
    "pgsql-lb-hooks"
    "pgsql-legal-log"
    "ping-check-hooks"
    "process"
    "radius-hooks"
    "rbac-hooks"
    "run-script-hooks"
    "sqlite-cb-hooks"
    "stat-cmds-hooks"
    "subnet-cmds-hooks"
    "tcp"
    "user_chk"
}

/// All loggers, sorted by name.
#[must_use]
pub fn loggers() -> &'static [Logger] {
    &LOGGERS
}

/// The logger of a name, known when the program is compiled.
#[doc(hidden)]
#[must_use]
pub const fn logger_index(name: &str) -> usize {
    let mut index = 0;
    while index < NAMES.len() {
        if same(NAMES[index].as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    // Only ever evaluated while compiling: an unknown logger is a compile error.
    #[allow(clippy::panic)]
    {
        panic!("unknown logger: add it to the table in observe/src/logger.rs")
    }
}

#[doc(hidden)]
#[inline]
#[must_use]
pub fn logger_at<const INDEX: usize>() -> &'static Logger {
    const { assert!(INDEX < LOGGERS_LEN) };
    &LOGGERS[INDEX]
}

const LOGGERS_LEN: usize = NAMES.len();

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_found() {
        assert!(NAMES.is_sorted());
        for (index, name) in NAMES.iter().enumerate() {
            assert_eq!(logger_index(name), index);
            assert_eq!(LOGGERS[index].name(), *name);
        }
    }

    #[test]
    fn thresholds_admit_what_is_as_bad_or_worse() {
        let debug40 = Threshold::up_to(Level::Debug(40));
        for (threshold, level, admitted) in [
            (Threshold::NONE, Level::Fatal, false),
            (Threshold::up_to(Level::Fatal), Level::Fatal, true),
            (Threshold::up_to(Level::Fatal), Level::Error, false),
            (Threshold::INFO, Level::Info, true),
            (Threshold::INFO, Level::Debug(0), false),
            (debug40, Level::Debug(40), true),
            (debug40, Level::Debug(41), false),
            (Threshold::ALL, Level::Debug(255), true),
        ] {
            assert_eq!(threshold.admits(level), admitted, "{threshold:?} {level:?}");
        }
    }
}
