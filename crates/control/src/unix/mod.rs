//! The UNIX control socket: one JSON value in, one out, then the connection ends.

mod client;
mod server;
mod socket;

pub use client::{ClientError, ClientTimeouts, request};
pub use server::{ServerHandle, UnixServer};
pub use socket::{BindError, MAX_PATH};
