//! The subscriber itself and the handle by which a daemon steers it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use base::Clock;
use jiff::tz::TimeZone;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::file::LogFile;
use super::output::{Output, Stream, Syslog};
use super::pattern::{Pattern, Record};
use super::route::{Effective, Route, Routes, Sink, effective, full_name, output_key};
use super::settings::{LoggerSettings, OutputSettings, Target};
use crate::logger::{Level, loggers};

/// The field by which the subscriber knows messages of [`messages!`](crate::messages!); events of other crates have
/// none and are not logged.
pub(super) const SEVERITY_FIELD: &str = "kea_severity";

/// Why logging cannot be set up as asked.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("cannot open log file {path}: {source}")]
    Open { path: String, source: io::Error },
    #[error("cannot use {stream} for logging: {source}")]
    Stream { stream: &'static str, source: io::Error },
    #[error("KEA_LOGGER_DESTINATION: {0}")]
    Destination(String),
    #[error("logging was started already in this process")]
    Twice,
}

/// How logging begins, before a configuration is read.
#[derive(Clone, Debug)]
pub struct StartUp {
    /// Name of the program, such as `kea-dhcp4`.
    pub root: String,
    /// Everything is logged whatever the configuration says (flag `-d`).
    pub verbose: bool,
    /// Where lines go as long as no configuration says otherwise (KEA_LOGGER_DESTINATION): `stdout`, `stderr`,
    /// `syslog[:FACILITY]` or a file. `None` and the empty text mean stdout.
    pub destination: Option<String>,
    pub locks: LogLocks,
}

/// Where the lock files are by which processes agree on rotation (KEA_LOCKFILE_DIR).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogLocks {
    /// `kea.log.lock` beside `kea.log`, as Kea has it: one for each file.
    #[default]
    Beside,
    /// One for all, in a directory.
    In(PathBuf),
    Off,
}

impl LogLocks {
    fn of(&self, log: &Path) -> Option<PathBuf> {
        match self {
            Self::Beside => {
                let mut name = log.as_os_str().to_owned();
                name.push(".lock");
                Some(name.into())
            }
            Self::In(directory) => Some(directory.join("logger_lockfile")),
            Self::Off => None,
        }
    }
}

/// The logging of a process. Dropping it does not stop logging; call [`Logging::end`] for the gathered lines.
#[derive(Clone, Debug)]
pub struct Logging {
    core: Arc<Core>,
}

/// Writes gathered lines when it is dropped, at the very end of a program.
#[derive(Debug)]
pub struct LoggingEnd(Logging);

impl Drop for LoggingEnd {
    fn drop(&mut self) {
        self.0.flush();
    }
}

struct Core {
    root: String,
    verbose: bool,
    default_output: OutputSettings,
    locks: LogLocks,
    syslog_path: PathBuf,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    started: u64,
    routes: ArcSwap<Routes>,
    /// The settings in force. One reconfiguration at a time.
    settings: Mutex<Vec<LoggerSettings>>,
}

/// Settings that came into force, for who may have to take them back: [`Logging::undo`].
#[derive(Debug)]
pub struct LoggingChange {
    before: Vec<LoggerSettings>,
    /// Files that were not there before.
    made: Vec<PathBuf>,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("root", &self.root).field("routes", &self.routes).finish_non_exhaustive()
    }
}

impl Logging {
    /// Starts logging for the whole process.
    pub fn start(start: StartUp, clock: Arc<dyn Clock>) -> Result<Self, LoggingError> {
        let logging = Self::new(start, clock, TimeZone::system(), Path::new(Syslog::PATH))?;
        tracing::subscriber::set_global_default(logging.subscriber()).map_err(|_| LoggingError::Twice)?;
        Ok(logging)
    }

    fn new(
        start: StartUp,
        clock: Arc<dyn Clock>,
        zone: TimeZone,
        syslog_path: &Path,
    ) -> Result<Self, LoggingError> {
        let target = match start.destination.as_deref() {
            None | Some("") => Target::Stdout,
            Some(text) => Target::from_text(text).map_err(LoggingError::Destination)?,
        };
        let core = Core {
            started: clock.steady(),
            root: start.root,
            verbose: start.verbose,
            default_output: OutputSettings::new(target),
            locks: start.locks,
            syslog_path: syslog_path.to_owned(),
            clock,
            zone,
            routes: ArcSwap::from_pointee(Routes { by_logger: Vec::new(), outputs: HashMap::new() }),
            settings: Mutex::default(),
        };
        let logging = Self { core: Arc::new(core) };
        logging.apply(&[])?;
        Ok(logging)
    }

    fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        tracing_subscriber::registry().with(KeaLayer { core: Arc::clone(&self.core) })
    }

    /// Logs by these settings from the next message on. Files that are in use already stay open, those that were
    /// moved meanwhile are opened anew.
    ///
    /// # Errors
    /// When something cannot be opened; then nothing changes.
    pub fn apply(&self, settings: &[LoggerSettings]) -> Result<LoggingChange, LoggingError> {
        let mut current = self.core.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = Vec::new();
        if let Err(error) = self.switch(settings, &mut made) {
            remove_empty(&made);
            return Err(error);
        }
        Ok(LoggingChange { before: std::mem::replace(&mut *current, settings.to_vec()), made })
    }

    /// Logs again by the settings before a change. What it made and nobody wrote to is removed.
    pub fn undo(&self, change: LoggingChange) {
        let mut current = self.core.settings.lock().unwrap_or_else(PoisonError::into_inner);
        // These settings were in use, so they can be used.
        if self.switch(&change.before, &mut Vec::new()).is_ok() {
            *current = change.before;
            remove_empty(&change.made);
        }
    }

    fn switch(&self, settings: &[LoggerSettings], made: &mut Vec<PathBuf>) -> Result<(), LoggingError> {
        let core = &*self.core;
        let old = core.routes.load_full();
        let wanted = effective(&core.root, settings, &core.default_output, core.verbose);

        let mut outputs: HashMap<String, Arc<Output>> = HashMap::new();
        let distinct: HashMap<String, &OutputSettings> = wanted
            .iter()
            .flat_map(|logger| &logger.outputs)
            .map(|settings| (output_key(&settings.target), settings))
            .collect();
        for (key, settings) in &distinct {
            let output = match old.outputs.get(key) {
                Some(output) => {
                    if let Err(source) = output.reopen() {
                        let path = key.strip_prefix("file:").unwrap_or(key).to_owned();
                        return Err(LoggingError::Open { path, source });
                    }
                    Arc::clone(output)
                }
                None => Arc::new(core.open(settings, made)?),
            };
            outputs.insert(key.clone(), output);
        }
        // Nothing can fail any more.
        for (key, settings) in &distinct {
            if let Some(output) = outputs.get(key) {
                output.set_rotation(settings.rotation());
            }
        }
        let by_logger = loggers()
            .iter()
            .zip(&wanted)
            .map(|(logger, wanted)| route(&core.root, logger.name(), wanted, &outputs))
            .collect();
        let routes = Routes { by_logger, outputs };
        for (logger, route) in loggers().iter().zip(&routes.by_logger) {
            logger.set_threshold(route.threshold);
        }
        core.routes.store(Arc::new(routes));
        for output in old.outputs.values() {
            let _ = output.flush();
        }
        Ok(())
    }

    /// Names of entries that no logger of this program answers to.
    #[must_use]
    pub fn unknown_names(&self, settings: &[LoggerSettings]) -> Vec<String> {
        let root = &self.core.root;
        let known = |name: &str| {
            let name = full_name(root, name);
            name == *root || loggers().iter().any(|logger| name == format!("{root}.{}", logger.name()))
        };
        settings.iter().map(|entry| entry.name.clone()).filter(|name| !known(name)).collect()
    }

    /// Opens files anew that were moved or removed (log rotation by others).
    pub fn reopen(&self) -> io::Result<()> {
        let routes = self.core.routes.load();
        let mut result = Ok(());
        for output in routes.outputs.values() {
            result = output.reopen().and(result);
        }
        result
    }

    /// Writes the lines that outputs without `flush` have gathered; for a timer of a second or so.
    pub fn flush(&self) {
        for output in self.core.routes.load().outputs.values() {
            let _ = output.flush();
        }
    }

    /// A guard for `main` that writes the gathered lines at the end.
    #[must_use]
    pub fn end(&self) -> LoggingEnd {
        LoggingEnd(self.clone())
    }
}

fn remove_empty(files: &[PathBuf]) {
    for file in files.iter().filter(|file| fs::metadata(file).is_ok_and(|there| there.len() == 0)) {
        let _ = fs::remove_file(file);
    }
}

fn route(root: &str, logger: &str, wanted: &Effective, outputs: &HashMap<String, Arc<Output>>) -> Route {
    let sinks = wanted
        .outputs
        .iter()
        .filter_map(|settings| {
            let pattern = settings.pattern.clone().unwrap_or_else(|| match settings.target {
                Target::Syslog(_) => Pattern::default_syslog(),
                _ => Pattern::default_line(),
            });
            let output = Arc::clone(outputs.get(&output_key(&settings.target))?);
            Some(Sink { output, pattern: Arc::new(pattern), flush: settings.flush })
        })
        .collect();
    Route { name: format!("{root}.{logger}").into(), threshold: wanted.threshold, sinks }
}

impl Core {
    fn open(&self, settings: &OutputSettings, made: &mut Vec<PathBuf>) -> Result<Output, LoggingError> {
        let stream = |stream, opened: io::Result<Stream>| match opened {
            Ok(opened) => Ok(Output::Stream(Mutex::new(opened))),
            Err(source) => Err(LoggingError::Stream { stream, source }),
        };
        match &settings.target {
            Target::Stdout => stream("stdout", Stream::new(io::stdout().as_fd())),
            Target::Stderr => stream("stderr", Stream::new(io::stderr().as_fd())),
            Target::Syslog(facility) => {
                let syslog = Syslog::new(&self.syslog_path, *facility, &self.root, self.zone.clone());
                Ok(Output::Syslog(Mutex::new(syslog)))
            }
            Target::File(path) => {
                LogFile::open(Path::new(path), settings.rotation(), self.locks.of(Path::new(path)), made)
                    .map(|file| Output::File(Mutex::new(file)))
                    .map_err(|source| LoggingError::Open { path: path.clone(), source })
            }
        }
    }

    fn write(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let routes = self.routes.load();
        let Ok(index) = loggers().binary_search_by_key(&metadata.target(), |logger| logger.name()) else {
            return;
        };
        let Some(route) = routes.by_logger.get(index) else { return };
        BUFFERS.with_borrow_mut(|Buffers { message, line }| {
            message.clear();
            message.push_str(metadata.name());
            message.push(' ');
            let mut fields = Fields { severity: Level::Info, message };
            event.record(&mut fields);
            let level = fields.severity;
            let at = self.clock.now();
            let record = Record {
                at,
                zone: &self.zone,
                severity: level.name(),
                logger: &route.name,
                message,
                file: metadata.file().unwrap_or_default(),
                line: metadata.line().unwrap_or_default(),
                module: metadata.module_path().unwrap_or_default(),
                elapsed: self.clock.steady().saturating_sub(self.started) / 1000,
            };
            let mut written = false;
            for sink in route.sinks.iter() {
                line.clear();
                sink.pattern.write(&record, line);
                written |= sink.output.write(line, level, sink.flush, at).is_ok();
            }
            if !written && level == Level::Fatal {
                // The last words of the program must be found somewhere.
                line.clear();
                Pattern::default_line().write(&record, line);
                let _ = io::stderr().write_all(line.as_bytes());
            }
        });
    }
}

#[derive(Default)]
struct Buffers {
    message: String,
    line: String,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

struct Fields<'a> {
    severity: Level,
    message: &'a mut String,
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == SEVERITY_FIELD {
            self.severity = match value {
                "FATAL" => Level::Fatal,
                "ERROR" => Level::Error,
                "WARN" => Level::Warn,
                "DEBUG" => Level::Debug(0),
                _ => Level::Info,
            };
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        }
    }
}

struct KeaLayer {
    core: Arc<Core>,
}

impl<S: Subscriber> Layer<S> for KeaLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.fields().field(SEVERITY_FIELD).is_some() { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.fields().field(SEVERITY_FIELD).is_some()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.core.write(event);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use base::Micros;

    use super::*;
    use crate::log::parse_loggers;

    mod messages {
        crate::messages! {
            Started { version } = "DHCP4_STARTED", "dhcp4", Info,
                "Kea DHCPv4 server version {version} started", "Started.";
            Received { client } = "DHCP4_PACKET_RECEIVED", "packets", Debug(40), "{client}: packet", "Packet.";
            Fatal = "DHCP4_ALREADY_RUNNING", "dhcp4", Fatal, "already running", "Running.";
        }
    }

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Micros {
            Micros(1_795_466_858_123_456)
        }

        fn steady(&self) -> u64 {
            1
        }
    }

    /// Thresholds belong to the process; tests that set them take turns.
    static TURN: Mutex<()> = Mutex::new(());

    fn logging(destination: &Path, verbose: bool) -> Logging {
        let start = StartUp {
            root: "kea-dhcp4".into(),
            verbose,
            destination: Some(destination.to_str().unwrap().into()),
            locks: LogLocks::Off,
        };
        Logging::new(start, Arc::new(Still), TimeZone::UTC, Path::new("/nonexistent")).unwrap()
    }

    fn settings(text: json::Value) -> Vec<LoggerSettings> {
        parse_loggers(&vec![text].into()).unwrap()
    }

    fn to_file(name: &str, severity: &str, file: &Path, pattern: &str) -> Vec<LoggerSettings> {
        let output: json::Value =
            [("output", file.to_str().unwrap().into()), ("pattern", pattern.into())].into();
        settings(
            [
                ("name", name.into()),
                ("severity", severity.into()),
                ("debuglevel", 99_u8.into()),
                ("output-options", vec![output].into()),
            ]
            .into(),
        )
    }

    #[test]
    fn lines_follow_the_configuration_from_start_to_reconfiguration() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        let (early, late) = (dir.path().join("early.log"), dir.path().join("late.log"));
        let logging = logging(&early, false);
        tracing::subscriber::with_default(logging.subscriber(), || {
            crate::log!(messages::Started { version: "3.3.1" });
            crate::log!(messages::Received { client: "c1" });
            tracing::info!("of another crate");
            logging.apply(&to_file("kea-dhcp4.packets", "DEBUG", &late, "%-5p %c %m\n")).unwrap();
            crate::log!(messages::Received { client: "c2" });
            crate::log!(messages::Fatal);
            // What cannot be opened changes nothing.
            let nowhere = dir.path().join("no/such/dir.log");
            assert!(logging.apply(&to_file("kea-dhcp4", "NONE", &nowhere, "")).is_err());
            crate::log!(messages::Received { client: "c3" });
            fs::rename(&late, dir.path().join("moved")).unwrap();
            logging.reopen().unwrap();
            crate::log!(messages::Received { client: "c4" });
        });
        let text = fs::read_to_string(&early).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].starts_with("2026-11-23 20:47:38.123 INFO  [kea-dhcp4.dhcp4/"), "{text}");
        assert!(lines[0].ends_with("] DHCP4_STARTED Kea DHCPv4 server version 3.3.1 started"), "{text}");
        assert!(lines[1].contains(" FATAL [kea-dhcp4.dhcp4/"), "{text}");
        let packets =
            |client: &str| format!("DEBUG kea-dhcp4.packets DHCP4_PACKET_RECEIVED {client}: packet\n");
        assert_eq!(
            fs::read_to_string(dir.path().join("moved")).unwrap(),
            format!("{}{}", packets("c2"), packets("c3"))
        );
        assert_eq!(fs::read_to_string(&late).unwrap(), packets("c4"));
    }

    #[test]
    fn settings_that_are_taken_back_leave_no_files() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let logging = logging(&at("before"), false);
        fs::write(at("there"), "").unwrap();
        let files = || {
            let mut names: Vec<_> =
                fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        tracing::subscriber::with_default(logging.subscriber(), || {
            let both = [
                to_file("kea-dhcp4", "INFO", &at("ghost"), "%m\n"),
                to_file("kea-dhcp4.packets", "INFO", &at("no/such/dir"), "%m\n"),
            ];
            assert!(logging.apply(&both.concat()).is_err());
            assert_eq!(files(), ["before", "there"]);
            for (name, written, left) in [("ghost", false, 2), ("there", false, 2), ("kept", true, 3)] {
                let change = logging.apply(&to_file("kea-dhcp4", "INFO", &at(name), "%m\n")).unwrap();
                assert!(at(name).exists());
                if written {
                    crate::log!(messages::Started { version: 1 });
                }
                logging.undo(change);
                assert_eq!(files().len(), left, "{name}: {:?}", files());
                crate::log!(messages::Started { version: 2 });
            }
        });
        let lines = |name: &str| fs::read_to_string(at(name)).unwrap().lines().count();
        assert_eq!((lines("before"), lines("there"), lines("kept")), (3, 0, 1));
    }

    #[test]
    fn verbose_start_logs_everything() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kea.log");
        let logging = logging(&path, true);
        logging.apply(&settings([("name", "kea-dhcp4".into()), ("severity", "NONE".into())].into())).unwrap();
        tracing::subscriber::with_default(logging.subscriber(), || {
            crate::log!(messages::Received { client: "c1" });
        });
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    }

    #[test]
    fn gathered_lines_come_at_the_end_or_before_an_error() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kea.log");
        let logging = logging(&dir.path().join("other"), false);
        let output: json::Value =
            [("output", path.to_str().unwrap().into()), ("flush", false.into()), ("pattern", "%m\n".into())]
                .into();
        logging
            .apply(&settings([("name", "kea-dhcp4".into()), ("output-options", vec![output].into())].into()))
            .unwrap();
        let count = || fs::read_to_string(&path).unwrap().lines().count();
        tracing::subscriber::with_default(logging.subscriber(), || {
            crate::log!(messages::Started { version: 1 });
            assert_eq!(count(), 0);
            crate::log!(messages::Fatal);
            assert_eq!(count(), 2);
            crate::log!(messages::Started { version: 2 });
            let end = logging.end();
            assert_eq!(count(), 2);
            drop(end);
            assert_eq!(count(), 3);
        });
    }

    #[test]
    fn unknown_destinations_and_names() {
        let start = StartUp {
            root: "kea-dhcp4".into(),
            verbose: false,
            destination: Some("syslog:nowhere".into()),
            locks: LogLocks::Off,
        };
        let refused = Logging::new(start, Arc::new(Still), TimeZone::UTC, Path::new("/x"));
        assert!(matches!(refused, Err(LoggingError::Destination(_))));
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        let logging = logging(&dir.path().join("x"), false);
        let names = ["kea-dhcp4", "kea-dhcp4.packets", "leases", "kea-dhcp6", "kea-dhcp4.colour"];
        let entries: Vec<LoggerSettings> =
            names.iter().map(|name| LoggerSettings::from_parts(name, "", 0, Vec::new()).unwrap()).collect();
        assert_eq!(logging.unknown_names(&entries), ["kea-dhcp6", "kea-dhcp4.colour"]);
    }
}
