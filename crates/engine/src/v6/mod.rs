//! The DHCPv6 server (RFC 9915), one file per step.

mod accept;
mod allocate;
mod classify;
mod confirm;
mod ddns;
mod decline;
mod extend;
mod extended;
mod handle;
mod hosts;
mod hw_addr;
mod inform;
mod label;
mod lifetimes;
pub mod messages;
mod name;
mod pools;
mod query;
pub mod reclaim;
mod register;
mod relay;
mod release;
mod reply;
mod request;
pub mod sanity;
mod subnet;
mod verdict;

pub use crate::{DropReason, Effects};
pub use ddns::Dns6;
pub use handle::{handle, handle_guarded, handle_now};
pub use hosts::Hosts;
pub use label::Label;
pub use query::{Arrival, Context6, Query};
pub use subnet::{Selector, select as select_subnet};
pub use verdict::{Destination, Reply, Verdict};
