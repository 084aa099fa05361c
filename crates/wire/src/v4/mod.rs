//! DHCPv4 (RFC 2131, RFC 2132): the fixed header, the options, the relay's part, and replies.

mod anomaly;
mod builder;
mod concat;
mod header;
mod packet;
mod relay_info;
mod vendor;

pub use crate::iana::dhcp4_message::MessageType;
pub use anomaly::Anomalies;
pub use builder::{Builder, append_option, encoded_len};
pub use concat::Options;
pub use header::{FLAG_BROADCAST, Header};
pub use packet::{Packet, ParseError};
pub use relay_info::RelayInfo;
pub use vendor::{append_vendor_part, vendor_parts};

/// Octets before the cookie.
pub const HEADER_LEN: usize = 236;
/// Octets before the options.
pub const FIXED_LEN: usize = HEADER_LEN + COOKIE.len();
/// The smallest packet that every BOOTP implementation accepts (RFC 1542 section 2.1).
pub const BOOTP_MIN_LEN: usize = 300;
/// What tells options in the manner of RFC 1497 from other vendor data.
pub const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Servers listen here.
pub const SERVER_PORT: u16 = 67;
/// Clients listen here.
pub const CLIENT_PORT: u16 = 68;
