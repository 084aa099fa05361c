//! DECLINE (RFC 9915 section 18.3.8): addresses are held back for `decline-probation-period`.

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Duid, Seconds, Timestamp};
use config::Subnet6;
use lease::{HwAddrSource, Lease6, LeaseState, LeaseType, StoreError, Updated};
use ncr::Change;
use wire::v6::{MessageType, StatusCode};

use super::allocate::Asked;
use super::messages::{
    DeclineFailed, DeclineNoLease, DeclineWrongDuid, DeclineWrongIaid, Declined, ProcessDecline,
};
use super::reply::{Answer, IaReply, Status, Text, sum};
use super::request::associations;
use super::{Context6, Dns6, Query, Verdict, event, legal, share};
use crate::Changed;

pub(super) async fn process(
    ctx: &Context6<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet6>>,
    out: &mut Vec<u8>,
) -> Result<Verdict, StoreError> {
    let subnet = subnet.and_then(|s| ctx.config.subnet(s.id));
    let mut answer = Answer::new(MessageType::REPLY);
    answer.bare = true;
    let mut ended = Vec::new();
    // Prefixes are not declined (RFC 9915 section 18.2.8).
    for (_, asked) in associations(query).filter(|(_, asked)| asked.kind == LeaseType::Na) {
        observe::log!(ProcessDecline { query: query.label(), iaid: asked.iaid });
        let mut status = None;
        for hint in &asked.hints {
            status = sum(status, decline(ctx, query, &asked, hint.address, &mut answer, &mut ended).await?);
        }
        let (code, text) = status.unwrap_or((StatusCode::NO_BINDING, "No addresses sent in IA_NA"));
        let status = (code, Text::Borrowed(text));
        answer.ias.push(IaReply::refused(asked.kind, asked.named, status));
    }
    Ok(legal::conclude(ctx, query, subnet, answer, &ended, out))
}

async fn decline(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    asked: &Asked,
    address: Ipv6Addr,
    answer: &mut Answer<'_>,
    ended: &mut Vec<Arc<Lease6>>,
) -> Result<Status, StoreError> {
    let no_binding = |text| Ok((StatusCode::NO_BINDING, text));
    let label = query.label();
    let lease = ctx.store.by_address(address).await?;
    let held = |lease: &Arc<Lease6>| {
        lease.lease_type == LeaseType::Na && lease.state == LeaseState::Default && !lease.is_expired(ctx.now)
    };
    let Some(lease) = lease.filter(held) else {
        observe::log!(DeclineNoLease { query: label, address });
        return no_binding("Server does not know about such an address.");
    };
    if query.duid.as_ref() != Some(&lease.duid) {
        observe::log!(DeclineWrongDuid { query: label, address, holder: &lease.duid });
        return no_binding("This address does not belong to you, you can't decline it");
    }
    if lease.iaid != asked.iaid {
        observe::log!(DeclineWrongIaid { query: label, address, iaid: asked.iaid, theirs: lease.iaid });
        return no_binding("This is your address, but you used wrong IAID");
    }
    let period = ctx.config.globals.decline_probation_period;
    let row = declined(&lease, ctx.now, period);
    let change = ctx.share.map(|_| Changed::Stored(row.clone()));
    if ctx.store.update(row, &lease).await? == Updated::Conflict {
        observe::log!(DeclineFailed { query: label, address, error: "the lease has changed meanwhile" });
        return Ok((StatusCode::UNSPEC_FAIL, "Server failed to decline a lease"));
    }
    if let Some(change) = change {
        share::tell(ctx, &mut answer.effects, || change);
    }
    observe::log!(Declined { query: label, address, period });
    Dns6::of(ctx).tell(Change::Remove, &lease, &mut answer.effects.requests);
    let announcements = &mut answer.effects.announcements;
    event::tell(ctx.libraries, event::Event::Declined { query, lease: &lease }, announcements);
    ended.push(lease);
    Ok((StatusCode::SUCCESS, "Lease declined. Hopefully the next one will be better."))
}

/// The row that holds an address back: whoever had it is forgotten.
fn declined(lease: &Lease6, now: Timestamp, period: Seconds) -> Lease6 {
    Lease6 {
        duid: Duid::empty(),
        hw_addr: None,
        hw_addr_source: HwAddrSource::UNKNOWN,
        cltt: now,
        preferred_lifetime: Seconds(0),
        valid_lifetime: period,
        state: LeaseState::Declined,
        hostname: Box::default(),
        fqdn_fwd: false,
        fqdn_rev: false,
        user_context: None,
        ..lease.clone()
    }
}
