//! What `libdhcp_ping_check` is listed with.

use std::collections::HashMap;

use base::{Seconds, SubnetId};

/// Which addresses are asked before they are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingCheck {
    pub rules: PingRules,
    /// 0: as many as serve packets.
    pub threads: usize,
    /// Rules of subnets that have their own.
    pub subnets: HashMap<SubnetId, PingRules>,
}

impl PingCheck {
    /// The rules of a subnet.
    #[must_use]
    pub fn of(&self, subnet: SubnetId) -> PingRules {
        self.subnets.get(&subnet).copied().unwrap_or(self.rules)
    }
}

/// How addresses are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingRules {
    pub enabled: bool,
    /// Echo requests that nobody answers before an address is offered.
    pub requests: u32,
    /// Milliseconds that each waits for an answer.
    pub timeout: u32,
    /// A client that was heard of for so long is offered its old address unasked.
    pub cltt: Seconds,
}
