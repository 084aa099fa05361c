//! High availability (Kea manual, "libdhcp_ha.so"): two servers that share the clients, and backups that know their
//! leases.
//!
//! [`relationships`] reads the configuration. A [`Machine`] is this server in one relationship. Drive it so: tell it what
//! happens ([`heartbeat_done`](Machine::heartbeat_done), [`synchronized`](Machine::synchronized), commands of operators
//! and of the partner ...); then do what [`next`](Machine::next) asks for, until there is nothing; at
//! [`deadline`](Machine::deadline) ask again. [`scopes`](Machine::scopes) says whose clients are served,
//! [`owner`](scopes::owner) whose client one is, and [`plan`](Machine::plan) which servers are told of a lease before its
//! client is.
//!
//! No socket, no clock, no leases: [`wire`] has what servers say to each other.

pub mod config;
mod date;
mod hash;
mod machine;
pub mod messages;
mod parse;
mod partner;
pub mod scopes;
mod state;
#[cfg(test)]
mod tests;
pub mod wire;

pub use config::{Mode, Peer, Relationship, Role};
pub use hash::hash;
pub use machine::{Action, Failure, Machine, MaintenanceStart, Plan, Told};
pub use parse::relationships;
pub use scopes::{Scopes, owner};
pub use state::{PartnerState, State};

use base::Timestamp;

/// Reads a file with a secret, by its name.
pub type Secrets<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// A moment, on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Microseconds of a clock that never goes back.
    pub steady: u64,
    pub wall: Timestamp,
}

/// The number by which this server's relationships switch its service off and on, that of the first one.
pub const LOCAL_ORIGIN: u32 = 1000;
/// The same of partners.
pub const REMOTE_ORIGIN: u32 = 2000;
