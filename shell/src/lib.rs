//! `kea-shell`: sends one command to a Kea server or control agent over HTTP and prints the answer.
//!
//! Flags, arguments and exit codes are those of Kea's script of the same name, so that scripts need no change.

pub mod body;
pub mod client;
pub mod completion;
pub mod flags;
pub mod session;
pub mod table;
