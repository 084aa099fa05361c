//! The integration tests of this crate, one executable.

mod sockets;
mod sockets6;
mod world;
