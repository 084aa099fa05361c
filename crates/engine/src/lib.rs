//! The DHCP servers without IO: bytes, time, configuration and stores in; verdicts and reply bytes out.
//!
//! No sockets, no clock, no random source, no files, no runtime. The only things awaited are the lease store's
//! answers. [`v4::handle`] is the entry; its file reads like the list of steps of RFC 2131 section 4.3.

pub mod alloc;
pub mod ddns;
mod drop;
pub mod messages;
pub mod stats;
pub mod v4;

pub use drop::DropReason;
