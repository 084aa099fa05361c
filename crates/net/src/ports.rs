//! The ports of DHCP.

/// Where servers and relays listen (RFC 2131 section 4.1).
pub const SERVER_PORT4: u16 = 67;
/// Where clients listen.
pub const CLIENT_PORT4: u16 = 68;

/// Where DHCPv6 servers and relays listen (RFC 9915 section 7.2).
pub const SERVER_PORT6: u16 = 547;
/// Where DHCPv6 clients listen.
pub const CLIENT_PORT6: u16 = 546;
