//! The integration tests of this crate, one executable.

mod dialects;
mod write;
