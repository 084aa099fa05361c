//! The DHCPv4 server (RFC 2131), one file per step.

mod accept;
mod allocate;
mod classify;
mod ddns;
mod decline;
mod handle;
mod hosts;
mod inform;
mod label;
mod lease;
mod legal;
mod library;
pub mod messages;
mod name;
mod over6;
mod query;
pub mod reclaim;
mod relay_info;
mod release;
mod reply;
mod request;
pub mod sanity;
mod subnet;
mod verdict;
mod warm;

pub use crate::{ClassSet, DropReason, Effects};
pub use ddns::Dns4;
pub use handle::{handle, handle_guarded, handle_now};
pub use hosts::Hosts;
pub use label::Label;
pub use library::{Libraries, Library};
pub use over6::{answer_over6, arrival_over6, received_over6};
pub use query::{Arrival, Context4, LocalAddresses, Query};
pub use subnet::{Selector, Selector6, select as select_subnet, select_over6};
pub use verdict::{Destination, Reply, Verdict};
pub use warm::warm;
