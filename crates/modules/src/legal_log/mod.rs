//! `libdhcp_legal_log`: a record of who had which address when (Kea manual, "Forensic Logging").
//!
//! Entries are made by the engine, for packets, and from the arguments of commands. They come here once the leases they
//! speak of are durable, and a thread writes them: a slow medium holds up no packet. What it cannot take in time is
//! lost, and that is logged.

mod commands;
mod messages;
mod rotation;
mod settings;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use base::{Clock, Family};
use lease::LegalEntry;
use observe::SystemLog;

pub use commands::{concerns, entries};
pub use messages::MESSAGES;
pub use messages::v4::MESSAGES as MESSAGES4;
pub use messages::v6::MESSAGES as MESSAGES6;
pub use settings::{Files, Settings, Store, Syslog};
use writer::{FileSink, Order, Sink};

/// The library.
pub const PROVIDER: &str = "libdhcp_legal_log";

/// Batches of entries that wait for the medium.
const WAITING: usize = 16 << 10;

/// Between two reports of entries that are lost since too many wait: microseconds.
const REPORT_EVERY: u64 = 1_000_000;

/// The legal log of a configuration. Its thread ends, with all that it was told written, when it is dropped.
pub struct LegalLog {
    settings: Settings,
    orders: SyncSender<Order>,
    clock: Arc<dyn Clock>,
    family: Family,
    /// Entries that were lost since that was last reported, and when that was.
    lost: AtomicU64,
    reported: AtomicU64,
}

impl LegalLog {
    /// Opens what entries go to. `program` is what the system log calls us.
    ///
    /// # Errors
    /// Why entries could not be written.
    pub fn open(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        family: Family,
        program: &str,
    ) -> Result<Self, String> {
        let sink = match &settings.store {
            Store::Files(files) => {
                Sink::Files(FileSink::open(files.clone(), settings.timestamp.clone(), clock.now())?)
            }
            Store::Syslog(syslog) => {
                observe::log!(messages::SyslogOpen { facility: &syslog.name });
                let pattern = syslog.pattern.clone();
                Sink::Syslog(SystemLog::new(program, "legal-log", syslog.facility, pattern))
            }
        };
        let (orders, inbox) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name("legal-log".to_owned())
            .spawn(move || {
                writer::run(&inbox, sink, family);
            })
            .map_err(|error| error.to_string())?;
        let (lost, reported) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { settings: settings.clone(), orders, clock, family, lost, reported })
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
        match self.orders.try_send(Order::Write(entries, self.clock.now())) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.lose(count, "more come than the medium takes"),
            Err(TrySendError::Disconnected(_)) => self.lose(count, "the writer has ended"),
        }
    }

    fn lose(&self, count: u64, why: &str) {
        let lost = self.lost.fetch_add(count, Ordering::Relaxed).saturating_add(count);
        let now = self.clock.steady();
        let last = self.reported.load(Ordering::Relaxed);
        let due = last == 0 || now.saturating_sub(last) >= REPORT_EVERY;
        let ours = self.reported.compare_exchange(last, now.max(1), Ordering::Relaxed, Ordering::Relaxed);
        if due && ours.is_ok() {
            self.lost.fetch_sub(lost, Ordering::Relaxed);
            writer::lost(self.family, &format!("{lost} entries were lost: {why}"));
        }
    }

    /// Waits until all that was told before is written. Blocks.
    pub fn flush(&self) {
        let (answer, written) = sync_channel(1);
        if self.orders.send(Order::Flush(answer)).is_ok() {
            let _: Result<(), _> = written.recv();
        }
    }
}
