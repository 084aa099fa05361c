//! The thread that writes entries: nobody else waits for the medium.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use base::{Family, Micros};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use lease::LegalEntry;
use observe::SystemLog;

use super::database::DatabaseSink;
use super::messages::{self, Closed, Opened, RotateFailed};
use super::rotation::Begin;
use super::settings::{Files, TimeFormat};

/// Octets that are gathered before they are written, when entries come faster than the medium takes them.
const GATHERED: usize = 256 << 10;

/// How long until a database is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What the writer is told.
pub(super) enum Order {
    /// Entries and when they were made.
    Write(Vec<LegalEntry>, Micros),
    /// Say so when all that was told before is written, or how many entries are not.
    Flush(SyncSender<usize>),
}

/// Where entries go.
pub(super) enum Sink {
    Files(FileSink),
    Syslog(SystemLog),
    Database(DatabaseSink),
}

/// Takes orders until nobody can give any. `waiting`: octets of the entries that are not taken yet.
pub(super) fn run(orders: &Receiver<Order>, mut sink: Sink, family: Family, waiting: &AtomicUsize) {
    loop {
        let mut next = match (orders.recv_timeout(sink.patience()), &mut sink) {
            (Ok(first), _) => Some(first),
            // What waits is tried again.
            (Err(RecvTimeoutError::Timeout), _) => None,
            (Err(RecvTimeoutError::Disconnected), Sink::Database(database)) => return end(database),
            (Err(RecvTimeoutError::Disconnected), _) => return,
        };
        let mut answers = Vec::new();
        let mut outcome = Ok(());
        while let Some(order) = next {
            match order {
                Order::Write(entries, at) => {
                    waiting.fetch_sub(super::octets(&entries), Ordering::Relaxed);
                    outcome = outcome.and(sink.take(entries, at));
                }
                Order::Flush(answer) => answers.push(answer),
            }
            next = orders.try_recv().ok();
        }
        if let Err(reason) = outcome.and(sink.flush()) {
            lost(family, &reason);
        }
        for answer in answers {
            let _: Result<(), _> = answer.try_send(sink.waiting());
        }
    }
}

/// Stores what still waits for a database, if it comes back in time.
fn end(database: &mut DatabaseSink) {
    let end = Instant::now() + super::PATIENCE;
    while database.waiting() > 0 && Instant::now() < end {
        std::thread::sleep(AGAIN);
        database.flush();
    }
    database.give_up();
}

/// Says that entries are lost.
pub(super) fn lost(family: Family, reason: &str) {
    match family {
        Family::V4 => observe::log!(messages::v4::WriteError { reason }),
        Family::V6 => observe::log!(messages::v6::WriteError { reason }),
    }
}

impl Sink {
    /// Entries that were taken and are not written.
    fn waiting(&self) -> usize {
        match self {
            Self::Database(database) => database.waiting(),
            Self::Files(_) | Self::Syslog(_) => 0,
        }
    }

    /// How long to wait for the next order: for ever where nothing is to be tried again.
    fn patience(&self) -> Duration {
        match self {
            Self::Database(database) if database.waiting() > 0 => AGAIN,
            _ => Duration::MAX,
        }
    }

    fn take(&mut self, entries: Vec<LegalEntry>, at: Micros) -> Result<(), String> {
        match self {
            Self::Files(files) => files.take(&entries, at),
            Self::Database(database) => {
                database.take(entries, at);
                Ok(())
            }
            Self::Syslog(log) => {
                let (mut lost, mut why) = (0_usize, None);
                for entry in &entries {
                    if let Err(error) = log.send(&format!("LEGAL_LOG_SYSLOG {}", entry.text), at) {
                        (lost, why) = (lost + 1, Some(error));
                    }
                }
                why.map_or(Ok(()), |error| Err(format!("{lost} entries were lost: {error}")))
            }
        }
    }

    fn flush(&mut self) -> Result<(), String> {
        match self {
            Self::Files(files) => files.flush(),
            Self::Database(database) => {
                database.flush();
                Ok(())
            }
            Self::Syslog(_) => Ok(()),
        }
    }
}

/// Files of a directory, one after the other.
pub(super) struct FileSink {
    settings: Files,
    timestamp: TimeFormat,
    zone: TimeZone,
    begin: Begin,
    path: PathBuf,
    /// `None` after it could not be written to.
    file: Option<File>,
    /// Lines that are not yet written, and how many entries they are of.
    gathered: String,
    entries: usize,
    /// The last line that was written is not whole.
    torn: bool,
}

impl FileSink {
    /// Opens the file that is due: one that was begun, if its time is not over.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn open(settings: Files, timestamp: TimeFormat, now: Micros) -> Result<Self, String> {
        let zone = TimeZone::system();
        let now = local(now, &zone);
        let names = fs::read_dir(&settings.directory).into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let begun = settings.period.current(names, &settings.base_name, &now);
        let begin = begun.unwrap_or_else(|| settings.period.begin(&now));
        let path = settings.directory.join(begin.name(&settings.base_name));
        let file = Some(open(&path)?);
        Ok(Self {
            settings,
            timestamp,
            zone,
            begin,
            path,
            file,
            gathered: String::new(),
            entries: 0,
            torn: false,
        })
    }

    /// Adds the lines of entries, to the next file when that is due.
    fn take(&mut self, entries: &[LegalEntry], at: Micros) -> Result<(), String> {
        let now = local(at, &self.zone);
        let mut outcome = Ok(());
        if self.settings.period.count > 0 && self.settings.period.is_over(self.begin, &now) {
            outcome = self.turn(&now);
        }
        let mut time = String::new();
        // It was tried when the settings were read.
        let _: Result<(), _> = self.timestamp.write(&now, &mut time);
        self.entries += entries.len();
        for entry in entries {
            let mut lines = entry.text.strip_suffix('\n').unwrap_or(&entry.text).split('\n').peekable();
            while let Some(line) = lines.next() {
                let more = lines.peek().is_some();
                self.gathered.push_str(&time);
                self.gathered.push(if more && self.settings.mark { '-' } else { ' ' });
                self.gathered.push_str(line);
                self.gathered.push('\n');
            }
        }
        if self.gathered.len() >= GATHERED { outcome.and(self.flush()) } else { outcome }
    }

    /// Goes on with the next file.
    fn turn(&mut self, now: &Zoned) -> Result<(), String> {
        let flushed = self.flush();
        self.file = None;
        observe::log!(Closed { file: self.path.display() });
        script(&self.settings.prerotate, &self.path);
        self.begin = self.settings.period.begin(now);
        self.path = self.settings.directory.join(self.begin.name(&self.settings.base_name));
        self.file = Some(open(&self.path)?);
        script(&self.settings.postrotate, &self.path);
        flushed
    }

    fn flush(&mut self) -> Result<(), String> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let lost = |why: String, entries: usize| format!("{why}; up to {entries} entries were lost");
        let outcome = self.write().map_err(|why| lost(why, self.entries));
        self.gathered.clear();
        self.entries = 0;
        if outcome.is_err() {
            // It may be a file that is no more; the next lines try again.
            self.file = None;
        }
        outcome
    }

    fn write(&mut self) -> Result<(), String> {
        // A file that somebody moved away is written to no longer.
        if self.file.as_ref().is_none_or(|file| !is_at(file, &self.path)) {
            self.file = Some(open(&self.path)?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut failed =
            |error: std::io::Error| format!("error writing to file:{} reason: {error}", self.path.display());
        if self.torn {
            file.write_all(b"\n").map_err(&mut failed)?;
            self.torn = false;
        }
        let outcome = file.write_all(self.gathered.as_bytes()).map_err(failed);
        // A part of it may be there.
        self.torn = outcome.is_err();
        outcome
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

fn open(path: &Path) -> Result<File, String> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path)
        .map_err(|error| format!("cannot open file:{} reason: {error}", path.display()))?;
    observe::log!(Opened { file: path.display() });
    Ok(file)
}

fn local(at: Micros, zone: &TimeZone) -> Zoned {
    let stamp = i64::try_from(at.0).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    stamp.unwrap_or(Timestamp::MAX).to_zoned(zone.clone())
}

/// Runs a script with the name of a file and does not wait for its end.
fn script(script: &Path, file: &Path) {
    if script.as_os_str().is_empty() {
        return;
    }
    let child = Command::new(script)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let reaped = child.and_then(|mut child| {
        // Somebody has to take note of its end.
        std::thread::Builder::new().name("legal-script".to_owned()).spawn(move || child.wait())
    });
    if let Err(reason) = reaped {
        observe::log!(RotateFailed { script: script.display(), reason });
    }
}
