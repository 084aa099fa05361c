//! The integration tests of this crate, one executable.

// Also in helpers, where the lint does not see that they belong to tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

mod leases;
mod legal;
mod tls;
