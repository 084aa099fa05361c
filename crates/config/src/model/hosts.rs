//! What a reservation gives a DHCPv4 client beside address and name.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::{ClassId, OptionSet};

/// A reservation of DHCPv4.
pub type Host4 = host::Host<Reservation4>;

/// Classes, options and fixed fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reservation4 {
    /// Classes that the client joins.
    pub classes: Box<[ClassId]>,
    pub options: OptionSet,
    /// siaddr.
    pub next_server: Option<Ipv4Addr>,
    /// sname; empty: not reserved.
    pub server_hostname: Arc<str>,
    /// file; empty: not reserved.
    pub boot_file_name: Arc<str>,
}
