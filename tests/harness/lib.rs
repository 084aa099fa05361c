//! What end-to-end tests are made of: the built programs in an installation of their own, network namespaces,
//! servers, real clients, and a load of many simulated ones.
//!
//! A [`World`] owns all of it and takes it away again. When a test fails, it prints every command that was run,
//! where, and all that was put out. Misuse panics: that is how a test fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test harness fails by panicking"
)]

mod clients;
mod clients6;
pub mod control;
mod dialog;
mod frames;
mod history;
mod load;
mod prefix;
mod process;
mod programs;
mod server;
mod space;
mod speech;
mod updater;
mod wait;
mod world;

pub use clients::{Client, ClientKind, Event};
pub use clients6::{Client6, ClientKind6, Event6};
pub use control::{Answer, http, send, unix};
pub use dialog::Dialog;
pub use frames::{Datagram, Frames};
pub use history::{Grant, History, lease_rows, stored_leases, stored_leases6};
pub use load::{End, Exchange, Load, LoadSettings};
pub use prefix::Prefix;
pub use process::{Finished, Process, status_text};
pub use programs::{found, programs};
pub use server::{Agent, Server, minimal, minimal6, subnets, subnets6};
pub use space::{Link, Space};
pub use speech::{Speech, V4, V6};
pub use updater::Updater;
pub use wait::{PATIENCE, eventually, now_micros, until};
pub use world::World;

/// Whether the long runs are wanted (`KEA_RS_SOAK=1`).
#[must_use]
pub fn soak() -> bool {
    std::env::var("KEA_RS_SOAK").is_ok_and(|value| value == "1")
}

/// Says why a test does not run here.
pub fn skipped(reason: &str) {
    eprintln!("SKIPPED: {reason}");
}
