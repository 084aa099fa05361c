//! What happens besides a reply.

use lease::LegalEntry;

use crate::ddns::Requests;
use crate::points::Announcement;

/// What became of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed<L> {
    /// It is this row from now on.
    Stored(L),
    /// It was this row, and is no more.
    Ended(L),
}

impl<L> Changed<L> {
    pub fn lease(&self) -> &L {
        match self {
            Self::Stored(lease) | Self::Ended(lease) => lease,
        }
    }
}

/// What happens besides a reply, and like it only once the lease store has committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects<L> {
    /// What DNS is told, in this order.
    pub requests: Requests,
    /// What scripts are told (`libdhcp_run_script`).
    pub announcements: Vec<Announcement>,
    /// What the legal log is told (`libdhcp_legal_log`).
    pub entries: Vec<LegalEntry>,
    /// What other servers are told (`libdhcp_ha`); empty where nobody shares the clients.
    pub leases: Vec<Changed<L>>,
}

impl<L> Default for Effects<L> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<L> Effects<L> {
    /// None.
    pub const NONE: Self = Self {
        requests: Requests::new(),
        announcements: Vec::new(),
        entries: Vec::new(),
        leases: Vec::new(),
    };

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
            && self.announcements.is_empty()
            && self.entries.is_empty()
            && self.leases.is_empty()
    }

    /// Those of one more packet.
    pub fn extend(&mut self, more: Self) {
        self.requests.extend(more.requests);
        self.announcements.extend(more.announcements);
        self.entries.extend(more.entries);
        self.leases.extend(more.leases);
    }
}
