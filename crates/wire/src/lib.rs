//! Bytes to DHCP packets and back: no definitions, no configuration, no panic.
//!
//! Invariants: parsing fails only for the fixed part of a packet and judges nothing else; a malformed option spoils
//! only itself; nothing is copied but parts that have to be joined; writing back an untouched packet gives the same
//! bytes; every option is reachable by its code, in order, with duplicates. What an option means is the business of
//! the crate `options` and of the engine.

pub mod iana;
mod options;
mod reader;
pub mod v4;
pub mod v6;
mod writer;

pub use options::{Framing, RawOption, RawOptions, Tail};
pub use reader::Reader;
pub use writer::{Full, Mark, Writer};
