//! The integration tests of this crate, one executable.

mod common;
mod examples;
mod faults;
mod hosts;
mod kept;
mod keywords;
mod names;
mod resolve;
mod round_trip;
mod v6;
