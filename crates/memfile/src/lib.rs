//! The lease store of Kea's `memfile` type: all leases in memory, every change in a journal that has the format of
//! Kea's lease files, so that either server can take over the other's files.
//!
//! What it promises:
//! - A successful commit means that the rows are on the disk (mode [`Durability::Fsync`]), not merely handed to the
//!   kernel. Batches of several threads share one `fdatasync`.
//! - A write that fails is undone in memory, its torn rest is cut from the file, and service goes on as soon as the
//!   disk does.
//! - What was stored is loaded again, whatever moment the machine died in, also within the lease file cleanup (LFC).
//!
//! Knows files and leases; nothing of packets, configuration or runtimes.

mod dump;
mod ends;
mod extended;
mod files;
mod index;
mod journal;
mod kind;
mod lfc;
mod lines;
mod load;
pub mod messages;
mod packed;
mod row4;
mod row6;
mod row_table;
mod scan;
mod slab;
mod storage;
mod store;
mod store4;
mod store6;
mod table;
mod threads;
mod ticket;

#[cfg(any(test, feature = "sim"))]
pub mod sim;
#[cfg(test)]
mod tests;

pub use files::LeaseFiles;
pub use kind::Leased;
pub use lfc::{LfcError, LfcStats, clean};
pub use load::{LoadReport, RowError};
pub use storage::{Locked, LogFile, OpenMode, OsStorage, Storage};
pub use store::{Durability, LfcStart, Memfile, Memfile4, Memfile6, Runner, Settings, Status};
pub use table::push_escaped;

/// Reads a DHCPv4 lease file from memory as a server does at its start; answers the leases and the number of rows
/// with errors. For tools and fuzzing.
pub fn read_leases4(text: &[u8]) -> Result<(Vec<std::sync::Arc<lease::Lease4>>, u64), String> {
    load::read_leases(text)
}

/// As [`read_leases4`], of a DHCPv6 lease file.
pub fn read_leases6(text: &[u8]) -> Result<(Vec<std::sync::Arc<lease::Lease6>>, u64), String> {
    load::read_leases(text)
}
