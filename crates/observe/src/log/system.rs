//! The system log for what is no message of a logger: the legal log, which has its own facility and pattern.

use std::io;
use std::path::Path;
use std::time::Duration;

use base::Micros;
use jiff::tz::TimeZone;

use super::output::Syslog;
use super::pattern::{Pattern, Record};
use super::settings::Facility;
use crate::logger::Level;

/// How long a daemon may take for what came before.
const PATIENCE: Duration = Duration::from_secs(1);

/// A way to the local syslog daemon. Unlike that of loggers it waits a while for one that is busy: who sends has a
/// thread of its own.
#[derive(Debug)]
pub struct SystemLog {
    syslog: Syslog,
    pattern: Pattern,
    logger: String,
    zone: TimeZone,
}

impl SystemLog {
    /// `program` is who it comes from; lines are those of its logger `logger`.
    #[must_use]
    pub fn new(program: &str, logger: &str, facility: Facility, pattern: Pattern) -> Self {
        Self::at(Path::new(Syslog::PATH), program, logger, facility, pattern)
    }

    fn at(path: &Path, program: &str, logger: &str, facility: Facility, pattern: Pattern) -> Self {
        let zone = TimeZone::system();
        Self {
            syslog: Syslog::new(path, facility, program, zone.clone()).that_waits(PATIENCE),
            pattern,
            logger: format!("{program}.{logger}"),
            zone,
        }
    }

    /// Sends a message of severity INFO.
    ///
    /// # Errors
    /// When the daemon is not there or does not read; the message is lost then.
    pub fn send(&mut self, message: &str, at: Micros) -> io::Result<()> {
        let record = Record {
            at,
            zone: &self.zone,
            severity: Level::Info.name(),
            logger: &self.logger,
            message,
            file: "",
            line: 0,
            module: "",
            elapsed: 0,
        };
        let mut line = String::new();
        self.pattern.write(&record, &mut line);
        self.syslog.write(&line, Level::Info, at)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn lines_have_the_facility_and_the_pattern() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let daemon = UnixDatagram::bind(&path).unwrap();
        let facility = Facility::from_name("local1").unwrap();
        let pattern = Pattern::new("%-5p [%c] %m\n").unwrap();
        let mut log = SystemLog::at(&path, "kea-dhcp4", "legal-log", facility, pattern);
        log.send("LEGAL_LOG_SYSLOG hello", Micros(1_795_466_858_000_000)).unwrap();
        let mut buffer = [0; 200];
        let length = daemon.recv(&mut buffer).unwrap();
        let line = String::from_utf8_lossy(&buffer[..length]);
        assert!(
            line.starts_with("<142>Nov ") && line.contains(&format!("kea-dhcp4[{}]: ", std::process::id()))
        );
        assert!(line.ends_with("INFO  [kea-dhcp4.legal-log] LEGAL_LOG_SYSLOG hello"), "{line}");
    }
}
