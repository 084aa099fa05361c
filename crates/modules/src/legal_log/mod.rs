//! `libdhcp_legal_log`: a record of who had which address when (Kea manual, "Forensic Logging").
//!
//! Entries are made by the engine, for packets, and from the arguments of commands. They come here once the leases they
//! speak of are durable, and a thread writes them: a slow medium holds up no packet. What it cannot take in time is
//! lost, and that is logged.

mod commands;
mod database;
mod messages;
mod rotation;
mod settings;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use base::{Clock, Family};
use lease::LegalEntry;
use observe::SystemLog;

pub use commands::{concerns, entries};
use database::DatabaseSink;
pub use database::{Row, Table};
pub use messages::MESSAGES;
pub use messages::v4::MESSAGES as MESSAGES4;
pub use messages::v6::MESSAGES as MESSAGES6;
pub use settings::{Files, Settings, Store, Syslog};
use writer::{FileSink, Order, Sink};

/// The library.
pub const PROVIDER: &str = "libdhcp_legal_log";

/// Batches of entries that wait for the medium, and octets in them.
const WAITING: usize = 16 << 10;
const WAITING_OCTETS: usize = 32 << 20;

/// Why entries are lost, most often.
const FULL: &str = "more come than the medium takes";

/// What an entry takes beside its texts.
const ENTRY: usize = 64;

/// How long a stop waits for the medium.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks whether the writer takes an order.
const LOOK: Duration = Duration::from_millis(10);

/// Between two reports of entries that are lost since too many wait: microseconds.
const REPORT_EVERY: u64 = 1_000_000;

/// The legal log of a configuration. When it is dropped, its thread writes what it was told and ends.
pub struct LegalLog {
    settings: Settings,
    orders: SyncSender<Order>,
    clock: Arc<dyn Clock>,
    family: Family,
    /// Entries that were lost since that was last reported, and when that was.
    lost: AtomicU64,
    reported: AtomicU64,
    /// Octets that wait.
    waiting: Arc<AtomicUsize>,
}

impl LegalLog {
    /// Opens what entries go to. `program` is what the system log calls us, `table` the one of a [`Store::Database`].
    ///
    /// # Errors
    /// Why entries could not be written.
    pub fn open(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        family: Family,
        program: &str,
        table: Option<Box<dyn Table>>,
    ) -> Result<Self, String> {
        let (orders, inbox) = sync_channel(WAITING);
        let waiting = Arc::new(AtomicUsize::new(0));
        let sink = match &settings.store {
            Store::Database => {
                let table = table.ok_or("no database is named")?;
                observe::log!(messages::Opened { file: table.name() });
                Sink::Database(DatabaseSink::new(table, family, Arc::clone(&waiting)))
            }
            Store::Files(files) => {
                Sink::Files(FileSink::open(files.clone(), settings.timestamp.clone(), clock.now())?)
            }
            Store::Syslog(syslog) => {
                observe::log!(messages::SyslogOpen { facility: &syslog.name });
                let pattern = syslog.pattern.clone();
                Sink::Syslog(SystemLog::new(program, "legal-log", syslog.facility, pattern))
            }
        };
        let taken = Arc::clone(&waiting);
        std::thread::Builder::new()
            .name("legal-log".to_owned())
            .spawn(move || {
                writer::run(&inbox, sink, family, &taken);
            })
            .map_err(|error| error.to_string())?;
        let (lost, reported) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { settings: settings.clone(), orders, clock, family, lost, reported, waiting })
    }

    /// What it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Hands entries to the writer.
    pub fn record(&self, entries: Vec<LegalEntry>) {
        if entries.is_empty() {
            return;
        }
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let octets = octets(&entries);
        let before = self.waiting.fetch_add(octets, Ordering::Relaxed);
        let sent = if before > WAITING_OCTETS {
            Err(FULL)
        } else {
            self.orders.try_send(Order::Write(entries, self.clock.now())).map_err(|error| match error {
                TrySendError::Full(_) => FULL,
                TrySendError::Disconnected(_) => "the writer has ended",
            })
        };
        match sent {
            Ok(()) if self.lost.load(Ordering::Relaxed) == 0 => {}
            Ok(()) => self.report(FULL, false),
            Err(why) => {
                self.waiting.fetch_sub(octets, Ordering::Relaxed);
                self.lost.fetch_add(count, Ordering::Relaxed);
                self.report(why, false);
            }
        }
    }

    /// Says how many entries were lost since that was last said, not more often than it helps.
    fn report(&self, why: &str, at_once: bool) {
        let now = self.clock.steady();
        let last = self.reported.load(Ordering::Relaxed);
        let due = at_once || last == 0 || now.saturating_sub(last) >= REPORT_EVERY;
        let ours =
            || self.reported.compare_exchange(last, now.max(1), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due && ours() {
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                writer::lost(self.family, &format!("{lost} entries were lost: {why}"));
            }
        }
    }

    /// Waits until all that was told before is written, but not for ever: a medium may hang. Blocks.
    pub fn flush(&self) {
        let end = Instant::now() + PATIENCE;
        let (answer, written) = sync_channel(1);
        let mut order = Order::Flush(answer);
        while let Err(TrySendError::Full(back)) = self.orders.try_send(order) {
            if Instant::now() >= end {
                break;
            }
            order = back;
            std::thread::sleep(LOOK);
        }
        // A writer that has ended has nothing left.
        let left = written.recv_timeout(end.saturating_duration_since(Instant::now())).unwrap_or(0);
        if left > 0 {
            writer::lost(self.family, &format!("the database has not taken {left} entries yet"));
        }
        self.report(FULL, true);
    }
}

/// The room that entries take, about.
fn octets(entries: &[LegalEntry]) -> usize {
    entries.iter().map(room).sum()
}

fn room(entry: &LegalEntry) -> usize {
    entry.text.len() + entry.address.len() + ENTRY
}
