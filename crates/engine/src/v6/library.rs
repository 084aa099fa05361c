//! Libraries and the hook points of DHCPv6 at which they are called.

use std::sync::Arc;

use config::{Ddns, Subnet6};
use lease::{Bound, Exceeded, Lease6, StoreError};
use wire::v6::{Builder, Packet};

use super::messages::{HookLeaseSkip, HookReceivedDrop, HookSubnetDrop, PackFailed};
use super::{Context6, DropReason, Event, Query};
use crate::alloc::Claim;
use crate::draft::{Draft, OptionList};
use crate::messages::{LeaseExceeds, LeaseWithin};
use crate::points::{Announcement, Callouts, LeaseName, Next, Point};

/// A hook library: its callouts, each at a point of [`Point`]. What a library does not have does nothing.
pub trait Library: Send + Sync {
    /// `pkt6_receive`. `draft` is the query, whose options may be changed; what was found out about it so far stays as it
    /// is.
    fn received(&self, ctx: &Context6<'_>, query: &Query<'_>, draft: &mut Draft<'_, Query<'_>>) -> Next {
        let _ = (ctx, query, draft);
        Next::Go
    }

    /// `subnet6_select`. What becomes of `subnet` serves the query.
    fn subnet_selected<'c>(
        &self,
        ctx: &Context6<'c>,
        query: &Query<'_>,
        subnet: &mut Option<&'c Arc<Subnet6>>,
    ) -> Next {
        let _ = (ctx, query, subnet);
        Next::Go
    }

    /// `lease6_select` for a lease that the client does not hold yet, else `lease6_renew` or `lease6_rebind`: its user
    /// context may be changed. The client gets it, or none, where it would exceed one of `bounds`, to which more may be
    /// added.
    fn lease_selected(
        &self,
        ctx: &Context6<'_>,
        query: &Query<'_>,
        lease: &mut Lease6,
        held: bool,
        bounds: &mut Vec<Bound>,
    ) {
        let _ = (ctx, query, lease, held, bounds);
    }

    /// `ddns6_update`. What becomes of `name` is what the lease, DNS and the client are told. `ddns`: the rules of its scope.
    fn named(&self, query: &Query<'_>, subnet: &Subnet6, ddns: &Ddns, name: &mut LeaseName) {
        let _ = (query, subnet, ddns, name);
    }

    /// What became of leases. What a library has to say of it goes out once they are stored.
    fn told(&self, event: &Event<'_, '_>, announcements: &mut Vec<Announcement>) {
        let _ = (event, announcements);
    }

    /// `pkt6_send`. `draft` is the reply, whose options may be changed.
    fn sending(&self, query: &Query<'_>, draft: &mut Draft<'_, Query<'_>>) {
        let _ = (query, draft);
    }
}

/// The libraries of kea-dhcp6.
pub type Libraries = Callouts<dyn Library>;

/// Lets libraries see a query; answers its bytes where they changed it.
pub(super) fn received(ctx: &Context6<'_>, query: &Query<'_>) -> Result<Option<Vec<u8>>, DropReason> {
    let libraries = ctx.libraries.at(Point::Received);
    if libraries.is_empty() {
        return Ok(None);
    }
    let mut draft = Draft::new(query, options(&query.packet));
    for library in libraries {
        if let Next::Drop(reason) = library.received(ctx, query, &mut draft) {
            observe::log!(HookReceivedDrop { query: query.label() });
            return Err(reason);
        }
    }
    let Some(options) = draft.changed() else { return Ok(None) };
    let mut bytes = Vec::new();
    let builder =
        Builder::within(&mut bytes, super::reply::MAX_REPLY, &query.packet, query.message().header());
    // What grew beyond a datagram stays as it was.
    Ok(written(builder, &options).ok().map(|()| bytes))
}

/// The subnet that libraries leave to a query.
pub(super) fn subnet_selected<'c>(
    ctx: &Context6<'c>,
    query: &Query<'_>,
    mut subnet: Option<&'c Arc<Subnet6>>,
) -> Result<Option<&'c Arc<Subnet6>>, DropReason> {
    for library in ctx.libraries.at(Point::SubnetSelected) {
        if let Next::Drop(reason) = library.subnet_selected(ctx, query, &mut subnet) {
            observe::log!(HookSubnetDrop { query: query.label() });
            return Err(reason);
        }
    }
    Ok(subnet)
}

/// Lets libraries see a lease that a client is about to have; the bounds that it must not exceed.
pub(super) fn lease_selected(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    lease: &mut Lease6,
    held: bool,
) -> Vec<Bound> {
    let mut bounds = Vec::new();
    for library in ctx.libraries.at(Point::LeaseSelected) {
        library.lease_selected(ctx, query, lease, held, &mut bounds);
    }
    bounds
}

/// Room for a lease within bounds, in place of `replaced`; `None`: there is none.
pub(super) async fn room<'b>(
    ctx: &'b Context6<'_>,
    lease: &Lease6,
    replaced: Option<&Lease6>,
    bounds: &'b [Bound],
) -> Result<Option<Claim<'b>>, StoreError> {
    match ctx.runtime.claim(ctx.store, bounds, replaced).await? {
        Ok(claim) => {
            if !bounds.is_empty() {
                observe::log!(LeaseWithin { address: lease.address });
            }
            Ok(Some(claim))
        }
        Err(exceeded) => {
            refused(&exceeded);
            Ok(None)
        }
    }
}

/// Says that a client does not get a lease, because of a bound.
pub(super) fn refused(exceeded: &Exceeded) {
    observe::log!(LeaseExceeds { limit: exceeded });
    observe::log!(HookLeaseSkip);
}

/// Lets libraries see a reply, and change it in place.
pub(super) fn sending(ctx: &Context6<'_>, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), DropReason> {
    let libraries = ctx.libraries.at(Point::Sending);
    if libraries.is_empty() {
        return Ok(());
    }
    if let Some(changed) = changed(libraries, query, out)? {
        *out = changed;
    }
    Ok(())
}

/// The bytes of a reply that libraries changed.
fn changed(
    libraries: &[Arc<dyn Library>],
    query: &Query<'_>,
    bytes: &[u8],
) -> Result<Option<Vec<u8>>, DropReason> {
    let Some(reply) = view(query, bytes) else { return Ok(None) };
    let mut draft = Draft::new(&reply, options(&reply.packet));
    for library in libraries {
        library.sending(query, &mut draft);
    }
    let Some(mut options) = draft.changed() else { return Ok(None) };
    // Stable: several options of a code keep their order.
    options.sort_by_key(|(code, _)| *code);
    let mut bytes = Vec::new();
    let builder =
        Builder::within(&mut bytes, super::reply::MAX_REPLY, &reply.packet, reply.message().header());
    if let Err(error) = written(builder, &options) {
        observe::log!(PackFailed { query: query.label(), error });
        return Err(DropReason::ProcessingFailed);
    }
    Ok(Some(bytes))
}

/// The reply as expressions look at it, with what is known of its query.
pub(super) fn view<'a>(query: &'a Query<'_>, bytes: &'a [u8]) -> Option<Query<'a>> {
    let packet = Packet::parse(bytes).ok()?;
    Some(Query {
        kind: packet.message().message_type(),
        packet,
        arrival: query.arrival,
        duid: None,
        hw_addr: None,
        classes: query.classes.clone(),
        subnet: query.subnet,
        flex_id: None,
        lenient: query.lenient,
        ignore_iaid: query.ignore_iaid,
        hosts: super::Hosts::default(),
    })
}

/// The options of the client's own message.
fn options(packet: &Packet<'_>) -> OptionList {
    packet.message().options().iter().map(|option| (option.code, option.value.to_vec())).collect()
}

fn written(builder: Result<Builder<'_>, wire::Full>, options: &OptionList) -> Result<(), wire::Full> {
    let mut builder = builder?;
    for (code, payload) in options {
        builder.option(*code, payload)?;
    }
    builder.finish().map(|_| ())
}
