//! The integration tests of this crate, one executable.

mod coverage;
mod hostile4;
mod hostile6;
mod many_hosts;
mod over6;
mod random_clients;
mod random_clients6;
mod scenarios;
