//! RELEASE (RFC 2131 section 4.3.4).

use base::Seconds;
use lease::{Lease4, LeaseState, StoreError, Updated};
use ncr::Change;

use super::lease::belongs;
use super::messages::{
    Release, ReleaseDeleted, ReleaseExpired, ReleaseFail, ReleaseNoLease, ReleaseNotAssigned,
    ReleaseWrongClient,
};
use super::{Changed, Context4, Dns4, Effects, Query, Verdict, event, legal, share};
use crate::legal::Event;

pub(super) async fn process(ctx: &Context4<'_>, query: &Query<'_>) -> Result<Verdict, StoreError> {
    let address = query.packet.header().ciaddr;
    let label = query.label();
    let Some(lease) = ctx.store.by_address(address).await? else {
        observe::log!(ReleaseNoLease { query: label, address });
        return Ok(Verdict::NOTHING);
    };
    if !belongs(&lease, query.hw_addr.as_ref(), query.client_id.as_ref()) {
        observe::log!(ReleaseWrongClient { query: label, address });
        return Ok(Verdict::NOTHING);
    }
    if lease.state != LeaseState::Default {
        observe::log!(ReleaseNotAssigned {
            query: label,
            address,
            state: super::messages::State(lease.state)
        });
        return Ok(Verdict::NOTHING);
    }
    let expired = &ctx.config.services.expired_leases;
    // Lease affinity: the row stays, ended, so that the client finds its address again.
    let keep = expired.flush_reclaimed_timer_wait_time > 0
        && expired.hold_reclaimed_time > 0
        && !lease.valid_lifetime.is_infinite();
    let mut effects = Effects::default();
    let outcome = if keep {
        // The name leaves DNS now, not when the row goes.
        let released = Lease4 {
            valid_lifetime: Seconds(0),
            state: LeaseState::Released,
            fqdn_fwd: false,
            fqdn_rev: false,
            ..Lease4::clone(&lease)
        };
        share::tell(ctx, &mut effects, || Changed::Stored(released.clone()));
        ctx.store.update(released, &lease).await?
    } else {
        share::tell(ctx, &mut effects, || Changed::Ended(Lease4::clone(&lease)));
        ctx.store.delete(&lease).await?
    };
    if outcome == Updated::Conflict {
        observe::log!(ReleaseFail { query: label, address });
        return Ok(Verdict::NOTHING);
    }
    observe::log!(Release { query: label, address });
    if keep {
        observe::log!(ReleaseExpired { query: label, address });
    } else {
        observe::log!(ReleaseDeleted { query: label, address });
    }
    Dns4::of(ctx).tell(Change::Remove, &lease, &mut effects.requests);
    legal::tell(ctx, query, None, Event::Released, &lease, &mut effects.entries);
    let (committed, announcements) = ([&*lease], &mut effects.announcements);
    event::tell(ctx.libraries, event::Event::Released { query, lease: &lease }, announcements);
    let event = event::Event::Committed { query, leases: &[], ended: &committed };
    event::tell(ctx.libraries, event, announcements);
    Ok(Verdict::Done(effects))
}
