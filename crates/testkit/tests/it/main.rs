//! The integration tests of this crate, one executable.

// Also in helpers, where the lint does not see that they belong to tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

mod coverage;
mod hostile4;
mod hostile6;
mod logs;
mod many_hosts;
mod over6;
mod random_clients;
mod random_clients6;
mod scenarios;
