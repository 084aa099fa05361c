//! The UNIX control socket: one JSON value in, one out, then the connection ends, unless its client keeps it.

mod client;
mod server;
mod socket;

pub use client::{ClientError, ClientTimeouts, UnixClient, request};
pub use server::{ServerHandle, UnixServer};
pub use socket::{BindError, MAX_PATH};

/// Blanks before a command that ask for the connection to be kept after its answer. To servers that do not know of it
/// (Kea's own) these are blanks; they close, and a client finds that when it has the next command.
pub const KEEP: &[u8] = b"\t \t";
