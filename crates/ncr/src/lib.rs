//! Name change requests: what a DHCP server tells the DNS updater (Kea's kea-dhcp-ddns) about a lease.
//!
//! A request travels in one UDP datagram: a length of two octets, then a JSON map. [`NameChangeRequest::encode`]
//! writes what Kea 3 writes; [`NameChangeRequest::decode`] also takes what older servers send. [`Dhcid`] is the mark
//! by which DNS tells one client's entries from another's (RFC 4701).
//!
//! No socket, no clock.

mod dhcid;
mod name;
mod queue;
mod request;
mod ttl;

pub use dhcid::Dhcid;
pub use name::{NameError, wire_name};
pub use queue::{Queue, Rejected, Sending};
pub use request::{Change, ConflictResolution, NameChangeRequest, NcrError};
pub use ttl::TtlRule;
