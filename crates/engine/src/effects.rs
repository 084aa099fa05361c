//! What happens besides a reply.

use crate::ddns::Requests;

/// What happens besides a reply, and like it only once the lease store has committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// What DNS is told, in this order.
    pub requests: Requests,
}

impl Effects {
    pub(crate) const NONE: Self = Self { requests: Requests::new() };
}
