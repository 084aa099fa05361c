//! What happens besides a reply.

use lease::LegalEntry;

use crate::ddns::Requests;
use crate::points::Announcement;

/// What happens besides a reply, and like it only once the lease store has committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// What DNS is told, in this order.
    pub requests: Requests,
    /// What scripts are told (`libdhcp_run_script`).
    pub announcements: Vec<Announcement>,
    /// What the legal log is told (`libdhcp_legal_log`).
    pub entries: Vec<LegalEntry>,
}

impl Effects {
    /// None.
    pub const NONE: Self = Self { requests: Requests::new(), announcements: Vec::new(), entries: Vec::new() };

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.announcements.is_empty() && self.entries.is_empty()
    }

    /// Those of one more packet.
    pub fn extend(&mut self, more: Self) {
        self.requests.extend(more.requests);
        self.announcements.extend(more.announcements);
        self.entries.extend(more.entries);
    }
}
