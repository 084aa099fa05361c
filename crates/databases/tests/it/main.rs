//! The integration tests of this crate, one executable.

mod leases;
mod tls;
