//! The integration tests of this crate, one executable.

mod effects;
mod schema;
mod suite;
