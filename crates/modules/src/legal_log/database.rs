//! Entries in a database. What it does not take at once waits, and is lost only when too much waits or the server ends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::{Family, Micros};
use lease::LegalEntry;

use super::writer::lost;

/// Octets of the entries of one transaction, and how many they are at most.
const OCTETS: usize = 1 << 20;
const ROWS: usize = 1024;

/// An entry, and when it was made.
pub type Row = (Micros, LegalEntry);

/// Where a database has the entries.
pub trait Table: Send {
    /// How it is called in messages.
    fn name(&self) -> String;

    /// Stores entries in one transaction; answers what of them the database refused. Blocks.
    ///
    /// # Errors
    /// Why nothing is stored, as far as is known.
    fn store(&self, rows: Arc<Vec<Row>>) -> Result<Vec<String>, String>;
}

/// The entries on their way to a table.
pub(super) struct DatabaseSink {
    table: Box<dyn Table>,
    family: Family,
    /// Octets of what waits, which whoever makes entries looks at.
    waiting: Arc<AtomicUsize>,
    rows: VecDeque<Row>,
    /// The last attempt failed, and that was said.
    failing: bool,
}

impl DatabaseSink {
    pub(super) fn new(table: Box<dyn Table>, family: Family, waiting: Arc<AtomicUsize>) -> Self {
        Self { table, family, waiting, rows: VecDeque::new(), failing: false }
    }

    /// Adds entries to those that wait.
    pub(super) fn take(&mut self, entries: Vec<LegalEntry>, at: Micros) {
        self.waiting.fetch_add(super::octets(&entries), Ordering::Relaxed);
        self.rows.extend(entries.into_iter().map(|entry| (at, entry)));
    }

    /// How many entries wait.
    pub(super) fn waiting(&self) -> usize {
        self.rows.len()
    }

    /// Stores what waits, as far as the database takes it.
    pub(super) fn flush(&mut self) {
        while !self.rows.is_empty() {
            let mut octets = 0;
            let fits = |(_, entry): &&Row| {
                octets += super::room(entry);
                octets <= OCTETS
            };
            let count = self.rows.iter().take(ROWS).take_while(fits).count().max(1);
            let rows: Arc<Vec<Row>> = Arc::new(self.rows.iter().take(count).cloned().collect());
            match self.table.store(Arc::clone(&rows)) {
                Ok(refused) => {
                    self.failing = false;
                    if let Some(why) = refused.first() {
                        lost(self.family, &format!("{} entries were lost: {why}", refused.len()));
                    }
                    let stored = rows.iter().map(|(_, entry)| super::room(entry)).sum();
                    self.waiting.fetch_sub(stored, Ordering::Relaxed);
                    self.rows.drain(..count);
                }
                Err(why) => {
                    if !self.failing {
                        lost(self.family, &format!("{why}; entries wait"));
                    }
                    self.failing = true;
                    return;
                }
            }
        }
    }

    /// Gives up what waits.
    pub(super) fn give_up(&mut self) {
        if !self.rows.is_empty() {
            lost(
                self.family,
                &format!("{} entries were lost: the database did not take them", self.rows.len()),
            );
        }
        self.rows.clear();
    }
}
