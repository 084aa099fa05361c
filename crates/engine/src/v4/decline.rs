//! DECLINE (RFC 2131 section 4.3.3): the address is held back for `decline-probation-period`.

use std::net::Ipv4Addr;

use base::{PoolId, Seconds, SubnetId, Timestamp};
use lease::{Lease4, LeaseState, Updated};
use ncr::Change;

use super::lease::belongs;
use super::messages::{DeclineFail, DeclineLease, DeclineMismatch, DeclineNotFound, NotProcessed};
use super::{Changed, Context4, Dns4, DropReason, Effects, Query, Verdict, event, legal, share};
use crate::legal::Event;

/// Shows an identity, or that there is none.
struct Shown<T>(Option<T>);

impl<T: std::fmt::Display> std::fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("(none)"),
        }
    }
}

pub(super) async fn process(ctx: &Context4<'_>, query: &Query<'_>) -> Result<Verdict, DropReason> {
    let label = query.label();
    let Some(address) = query.requested_address() else {
        let reason =
            format!("Mandatory 'Requested IP address' option missing in DHCPDECLINE sent from {label}");
        observe::log!(NotProcessed { query: label, reason });
        return Err(DropReason::RfcViolation);
    };
    let failed = |error: lease::StoreError| {
        observe::log!(DeclineFail { query: label, address, error });
        DropReason::ProcessingFailed
    };
    let Some(lease) = ctx.store.by_address(address).await.map_err(failed)? else {
        observe::log!(DeclineNotFound { address, query: label });
        return Ok(Verdict::NOTHING);
    };
    let theirs = lease.state == LeaseState::Default
        && !lease.is_expired(ctx.now)
        && belongs(&lease, query.hw_addr.as_ref(), query.client_id.as_ref());
    if !theirs {
        observe::log!(DeclineMismatch {
            address,
            query: label,
            hw_addr: Shown(query.hw_addr),
            lease_hw_addr: Shown(lease.hw_addr),
            client_id: Shown(query.client_id.as_ref()),
            lease_client_id: Shown(lease.client_id.as_ref())
        });
        return Ok(Verdict::NOTHING);
    }
    let period = ctx.config.globals.decline_probation_period;
    let row = declined(address, (lease.subnet_id, lease.pool_id), ctx.now, period);
    let mut effects = Effects::default();
    share::tell(ctx, &mut effects, || Changed::Stored(row.clone()));
    if ctx.store.update(row, &lease).await.map_err(failed)? == Updated::Conflict {
        observe::log!(DeclineFail { query: label, address, error: "the lease has changed meanwhile" });
        return Ok(Verdict::NOTHING);
    }
    observe::log!(DeclineLease { address, query: label, period });
    Dns4::of(ctx).tell(Change::Remove, &lease, &mut effects.requests);
    legal::tell(ctx, query, None, Event::Released, &lease, &mut effects.entries);
    let (committed, announcements) = ([&*lease], &mut effects.announcements);
    event::tell(ctx.libraries, event::Event::Declined { query, lease: &lease }, announcements);
    let event = event::Event::Committed { query, leases: &[], ended: &committed };
    event::tell(ctx.libraries, event, announcements);
    Ok(Verdict::Done(effects))
}

/// The row that holds an address back: whoever had it is forgotten.
pub(super) fn declined(
    address: Ipv4Addr,
    (subnet_id, pool_id): (SubnetId, PoolId),
    now: Timestamp,
    period: Seconds,
) -> Lease4 {
    Lease4 {
        address,
        hw_addr: None,
        client_id: None,
        subnet_id,
        pool_id,
        cltt: now,
        valid_lifetime: period,
        state: LeaseState::Declined,
        hostname: Box::default(),
        fqdn_fwd: false,
        fqdn_rev: false,
        user_context: None,
    }
}
