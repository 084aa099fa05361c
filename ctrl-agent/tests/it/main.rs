//! The integration tests of this crate, one executable.

mod agent;
mod nginx;
mod tls;
mod world;
