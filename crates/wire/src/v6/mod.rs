//! DHCPv6 (RFC 9915): messages, the chain of relay agents around them, identity associations, and replies.

mod anomaly;
mod builder;
mod header;
mod ia;
mod packet;
mod peek;
mod relay;
mod values;

pub use crate::iana::dhcp6_message::MessageType;
pub use crate::iana::dhcp6_status::StatusCode;
pub use anomaly::Anomalies;
pub use builder::{Builder, Container, encoded_len};
pub use header::{Header, RelayHeader};
pub use ia::{Ia, IaAddr, IaKind, IaPrefix, MAX_DEPTH, Nested, walk};
pub use packet::{Message, Packet, ParseError};
pub use peek::client_duid;
pub use relay::Relay;
pub use values::{
    Status, VendorClass, VendorOptions, address, addresses, codes, link_layer_address, strings,
};

/// Octets before the options of a message between client and server.
pub const HEADER_LEN: usize = 4;
/// Octets before the options of a relay agent's message.
pub const RELAY_HEADER_LEN: usize = 34;
/// Most relay agents around a message, as Kea bounds them. RFC 9915 section 7.6 has relay agents stop at 8.
pub const MAX_RELAYS: usize = 32;
/// Servers and relay agents listen here.
pub const SERVER_PORT: u16 = 547;
/// Clients listen here.
pub const CLIENT_PORT: u16 = 546;
