//! DHCPv6 message types (RFC 9915 section 7.3 and later; registry "Message Types").

super::registry! {
    /// The type of a DHCPv6 message.
    MessageType(u8) {
        SOLICIT = 1 "SOLICIT",
        ADVERTISE = 2 "ADVERTISE",
        REQUEST = 3 "REQUEST",
        CONFIRM = 4 "CONFIRM",
        RENEW = 5 "RENEW",
        REBIND = 6 "REBIND",
        REPLY = 7 "REPLY",
        RELEASE = 8 "RELEASE",
        DECLINE = 9 "DECLINE",
        RECONFIGURE = 10 "RECONFIGURE",
        INFORMATION_REQUEST = 11 "INFORMATION-REQUEST",
        RELAY_FORW = 12 "RELAY-FORW",
        RELAY_REPL = 13 "RELAY-REPL",
        /// RFC 5007
        LEASEQUERY = 14 "LEASEQUERY",
        LEASEQUERY_REPLY = 15 "LEASEQUERY-REPLY",
        /// RFC 5460
        LEASEQUERY_DONE = 16 "LEASEQUERY-DONE",
        LEASEQUERY_DATA = 17 "LEASEQUERY-DATA",
        /// RFC 6977
        RECONFIGURE_REQUEST = 18 "RECONFIGURE-REQUEST",
        RECONFIGURE_REPLY = 19 "RECONFIGURE-REPLY",
        /// RFC 7341
        DHCPV4_QUERY = 20 "DHCPV4-QUERY",
        DHCPV4_RESPONSE = 21 "DHCPV4-RESPONSE",
        /// RFC 7653
        ACTIVELEASEQUERY = 22 "ACTIVELEASEQUERY",
        STARTTLS = 23 "STARTTLS",
        /// RFC 8156
        BNDUPD = 24 "BNDUPD",
        BNDREPLY = 25 "BNDREPLY",
        POOLREQ = 26 "POOLREQ",
        POOLRESP = 27 "POOLRESP",
        UPDREQ = 28 "UPDREQ",
        UPDREQALL = 29 "UPDREQALL",
        UPDDONE = 30 "UPDDONE",
        CONNECT = 31 "CONNECT",
        CONNECTREPLY = 32 "CONNECTREPLY",
        DISCONNECT = 33 "DISCONNECT",
        STATE = 34 "STATE",
        CONTACT = 35 "CONTACT",
        /// RFC 9686
        ADDR_REG_INFORM = 36 "ADDR-REG-INFORM",
        ADDR_REG_REPLY = 37 "ADDR-REG-REPLY",
    }
}

impl MessageType {
    /// Whether the message is laid out as relay agents' messages are (RFC 9915 section 9).
    #[must_use]
    pub const fn is_relay(self) -> bool {
        matches!(self.0, 12 | 13)
    }
}
