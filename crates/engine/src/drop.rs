//! Why queries are dropped.

/// Why a query was dropped; each is counted under its own statistic and under `pkt4-receive-drop` or
/// `pkt6-receive-drop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// No DHCP packet of the family.
    ParseFailed,
    /// Against RFC 2131 or RFC 9915: type, missing or forbidden options, no client identity.
    RfcViolation,
    /// Meant for another server.
    NotForUs,
    /// By configuration (class DROP, no subnet for a direct client).
    AdminFiltered,
    /// The client has another query in progress.
    Duplicate,
    /// The DHCP service is disabled.
    ServiceDisabled,
    /// The lease store failed, or the reply could not be built.
    ProcessingFailed,
    /// A queue was full.
    QueueFull,
    /// A rate limit is exceeded (`libdhcp_limits`).
    LimitExceeded,
}

impl DropReason {
    pub const ALL: [Self; 9] = [
        Self::ParseFailed,
        Self::RfcViolation,
        Self::NotForUs,
        Self::AdminFiltered,
        Self::Duplicate,
        Self::ServiceDisabled,
        Self::ProcessingFailed,
        Self::QueueFull,
        Self::LimitExceeded,
    ];

    /// The statistic that counts it, without `pkt4-` or `pkt6-`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ParseFailed => "parse-failed",
            Self::RfcViolation => "rfc-violation",
            Self::NotForUs => "not-for-us",
            Self::AdminFiltered => "admin-filtered",
            Self::Duplicate => "duplicate",
            Self::ServiceDisabled => "service-disabled",
            Self::ProcessingFailed => "processing-failed",
            Self::QueueFull => "queue-full",
            Self::LimitExceeded => "limit-exceeded",
        }
    }
}
