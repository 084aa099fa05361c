//! The integration tests of this crate, one executable.

mod packets;
mod packets6;
