//! The DHCP servers without IO: bytes, time, configuration and stores in; verdicts and reply bytes out.
//!
//! No sockets, no clock, no random source, no files, no runtime. The only things awaited are the lease store's
//! answers. [`v4::handle`] and [`v6::handle`] are the entries; their files read like the lists of steps of RFC 2131
//! section 4.3 and of RFC 9915 section 18.3. What both protocols do alike is beside them, written once.

pub mod alloc;
pub mod bulk;
mod classes;
mod classify;
pub mod ddns;
mod details;
mod draft;
mod drop;
mod effects;
mod expired;
mod flex_id;
mod fqdn;
mod guard;
mod hosts;
mod legal;
pub mod messages;
pub mod monitor;
pub mod over6;
mod points;
mod reclaim;
mod sanity;
pub mod share;
mod siblings;
pub mod stats;
pub mod v4;
pub mod v6;

pub use classes::ClassSet;
pub use classify::warn_of_class_name;
pub use draft::{Draft, OptionList};
pub use drop::DropReason;
pub use effects::{Changed, Effects};
pub use hosts::{Hosts, Reserved};
pub use points::{Announcement, Callouts, LeaseName, Next, Point};
