//! Which offers wait until their address was asked (`libdhcp_ping_check`; RFC 2131 section 3.1; Kea manual, "Ping
//! Check"), and what becomes of an address that answers.

use std::net::Ipv4Addr;

use base::{ClientId, HwAddr, PoolId, SubnetId};
use config::{PingRules, Subnet4};
use lease::{Added, LeaseState, StoreError, Updated};

use super::allocate::Granted;
use super::decline::declined;
use super::lease::belongs;
use super::messages::{ServerDecline, ServerDeclineFail};
use super::{Context4, Query};

/// An address that is to be asked before its OFFER leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingCheck {
    pub address: Ipv4Addr,
    pub rules: PingRules,
    /// The client in log lines.
    pub label: String,
    subnet: SubnetId,
    pool: PoolId,
    hw_addr: Option<HwAddr>,
    client_id: Option<ClientId>,
}

/// The check that an OFFER waits for, if it does.
pub(super) fn wanted(
    ctx: &Context4<'_>,
    query: &Query<'_>,
    subnet: &Subnet4,
    granted: &Granted<'_>,
) -> Option<PingCheck> {
    let rules = ctx.config.ping_check.as_ref()?.of(subnet.id);
    if !rules.enabled || granted.reused {
        return None;
    }
    let lease = &granted.lease;
    let reserved = query.hosts.current(subnet).is_some_and(|host| host.extra.address == Some(lease.address));
    // The client's own, still running or not long over: nobody else has had it.
    let trusted = granted
        .before
        .is_some_and(|before| before.running || ctx.now.since(before.cltt) < rules.cltt.0.into());
    if reserved || trusted {
        return None;
    }
    Some(PingCheck {
        address: lease.address,
        rules,
        label: query.label().to_string(),
        subnet: lease.subnet_id,
        pool: lease.pool_id,
        hw_addr: query.hw_addr,
        client_id: query.client_id.clone(),
    })
}

/// Holds an address back that somebody has, for `decline-probation-period`, unless it was leased meanwhile.
///
/// # Errors
/// When the lease store fails.
pub async fn decline_offered(ctx: &Context4<'_>, check: &PingCheck) -> Result<(), StoreError> {
    let (address, query) = (check.address, &check.label);
    let period = ctx.config.globals.decline_probation_period;
    let there = ctx.store.by_address(address).await?;
    let lease = declined(address, (check.subnet, check.pool), ctx.now, period);
    let done = match there {
        None => ctx.store.add(lease).await? == Added::Yes,
        Some(old) => {
            let theirs = belongs(&old, check.hw_addr.as_ref(), check.client_id.as_ref());
            let free = !old.occupies() || old.is_expired(ctx.now);
            let ours = theirs && old.state == LeaseState::Default;
            (free || ours) && ctx.store.update(lease, &old).await? == Updated::Yes
        }
    };
    if done {
        observe::log!(ServerDecline { query, address, period });
    } else {
        observe::log!(ServerDeclineFail { query, address, error: "the address was leased meanwhile" });
    }
    Ok(())
}

/// Logs that an address could not be held back.
pub fn report_undeclined(check: &PingCheck, error: &StoreError) {
    observe::log!(ServerDeclineFail { query: &check.label, address: check.address, error });
}
