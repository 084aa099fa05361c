//! The integration tests of this crate, one executable.

mod common;
mod http;
mod tls;
mod unix;
