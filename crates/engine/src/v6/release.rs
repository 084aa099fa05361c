//! RELEASE (RFC 9915 section 18.3.7): the lease ends, or is kept for its client to find again.

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::Seconds;
use config::Subnet6;
use lease::{Lease6, LeaseState, LeaseType, StoreError, Updated};
use ncr::Change;
use wire::v6::{MessageType, StatusCode};

use super::allocate::Asked;
use super::messages::{
    ProcessRelease, ReleaseFailed, ReleaseNotAssigned, ReleaseWrongDuid, ReleaseWrongIaid, Released,
    ReleasedDeleted, ReleasedExpired, Resource,
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
    let (mut general, mut ended) = (StatusCode::SUCCESS, Vec::new());
    for (_, asked) in associations(query) {
        observe::log!(ProcessRelease { query: query.label(), kind: asked.kind.name(), iaid: asked.iaid });
        let (status, text) = association(ctx, query, &asked, &mut answer, &mut ended).await?;
        if status != StatusCode::SUCCESS {
            general = status;
        }
        answer.ias.push(IaReply::refused(asked.kind, asked.named, (status, Text::Borrowed(text))));
    }
    answer.status = Some((general, Text::Borrowed("Summary status for all processed IA_NAs")));
    Ok(legal::conclude(ctx, query, subnet, answer, &ended, out))
}

/// Ends the leases of one association: all that it names.
async fn association(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    asked: &Asked,
    answer: &mut Answer<'_>,
    ended: &mut Vec<Arc<Lease6>>,
) -> Result<Status, StoreError> {
    let mut status = None;
    for hint in &asked.hints {
        status = sum(status, release(ctx, query, asked, hint.address, answer, ended).await?);
    }
    let nothing = match asked.kind {
        LeaseType::Na => "You did not include an address in your RELEASE",
        LeaseType::Pd => "You did not include a prefix in your RELEASE",
    };
    Ok(status.unwrap_or((StatusCode::NO_BINDING, nothing)))
}

/// Ends the lease of one address or prefix.
async fn release(
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
    let assigned = |lease: &Arc<Lease6>| lease.lease_type == asked.kind && lease.state == LeaseState::Default;
    let Some(lease) = lease.filter(assigned) else {
        observe::log!(ReleaseNotAssigned { query: label, address });
        return no_binding(match asked.kind {
            LeaseType::Na => "Sorry, this address isn't assigned, can't release.",
            LeaseType::Pd => "Sorry, this prefix isn't assigned, can't release.",
        });
    };
    let resource = Resource(&lease);
    if query.duid.as_ref() != Some(&lease.duid) {
        observe::log!(ReleaseWrongDuid { query: label, resource, holder: &lease.duid });
        return no_binding("This address does not belong to you, you can't release it");
    }
    if lease.iaid != asked.iaid {
        observe::log!(ReleaseWrongIaid { query: label, resource, theirs: lease.iaid, iaid: asked.iaid });
        return no_binding("This is your address, but you used wrong IAID");
    }
    let expired = &ctx.config.services.expired_leases;
    // Lease affinity: the row stays, ended, so that the client finds its address again.
    let keep = expired.flush_reclaimed_timer_wait_time > 0
        && expired.hold_reclaimed_time > 0
        && !lease.valid_lifetime.is_infinite();
    // Where nobody is told, there is nothing to keep for it.
    let told = ctx.share.is_some();
    let change;
    let outcome = if keep {
        // The name leaves DNS now, not when the row goes.
        let released = Lease6 {
            preferred_lifetime: Seconds(0),
            valid_lifetime: Seconds(0),
            state: LeaseState::Released,
            fqdn_fwd: false,
            fqdn_rev: false,
            ..Lease6::clone(&lease)
        };
        change = told.then(|| Changed::Stored(released.clone()));
        ctx.store.update(released, &lease).await?
    } else {
        change = told.then(|| Changed::Ended(Lease6::clone(&lease)));
        ctx.store.delete(&lease).await?
    };
    if outcome == Updated::Conflict {
        observe::log!(ReleaseFailed { query: label, resource, iaid: asked.iaid });
        return Ok((StatusCode::UNSPEC_FAIL, "Server failed to release a lease"));
    }
    if let Some(change) = change {
        share::tell(ctx, &mut answer.effects, || change);
    }
    observe::log!(Released { query: label, resource, iaid: asked.iaid });
    if keep {
        observe::log!(ReleasedExpired { query: label, resource, iaid: asked.iaid });
    } else {
        observe::log!(ReleasedDeleted { query: label, resource, iaid: asked.iaid });
    }
    Dns6::of(ctx).tell(Change::Remove, &lease, &mut answer.effects.requests);
    let announcements = &mut answer.effects.announcements;
    event::tell(ctx.libraries, event::Event::Released { query, lease: &lease }, announcements);
    ended.push(lease);
    Ok((StatusCode::SUCCESS, "Lease released. Thank you, please come again."))
}
