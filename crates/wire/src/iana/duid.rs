//! Types of DUIDs (RFC 9915 section 11.1, RFC 6355; registry "DUIDs").

super::registry! {
    /// How a DUID was made.
    DuidType(u16) {
        LLT = 1 "LLT",
        EN = 2 "EN",
        LL = 3 "LL",
        UUID = 4 "UUID",
    }
}

/// What the time of a DUID-LLT counts from, 2000-01-01 00:00 UTC, in seconds of UNIX time.
pub const LLT_EPOCH: u64 = 946_684_800;
