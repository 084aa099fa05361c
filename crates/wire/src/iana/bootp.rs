//! The `op` field (RFC 951 section 3, RFC 2131 section 2).

super::registry! {
    /// Who speaks: client or server.
    Op(u8) {
        REQUEST = 1 "BOOTREQUEST",
        REPLY = 2 "BOOTREPLY",
    }
}
