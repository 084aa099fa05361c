//! Libraries and the hook points of DHCPv4 at which they are called.

use std::sync::Arc;

use config::{Ddns, Subnet4};
use lease::{Bound, Exceeded, Lease4, StoreError};
use wire::iana::dhcp4_option as option4;
use wire::v4::{BOOTP_MIN_LEN, MessageType, Packet, append_option};

use super::messages::{HookLeaseSkip, HookReceivedDrop, HookSubnetDrop, PackFailed};
use super::{Context4, DropReason, Event, Query};
use crate::alloc::Claim;
use crate::draft::{Draft, OptionList};
use crate::messages::{LeaseExceeds, LeaseWithin};
use crate::points::{Announcement, Callouts, LeaseName, Next, Point};

/// A hook library: its callouts, each at a point of [`Point`]. What a library does not have does nothing.
pub trait Library: Send + Sync {
    /// `pkt4_receive`. `draft` is the query, whose options may be changed; what was found out about it so far stays as it
    /// is.
    fn received(&self, ctx: &Context4<'_>, query: &Query<'_>, draft: &mut Draft<'_, Query<'_>>) -> Next {
        let _ = (ctx, query, draft);
        Next::Go
    }

    /// `subnet4_select`. What becomes of `subnet` serves the query.
    fn subnet_selected<'c>(
        &self,
        ctx: &Context4<'c>,
        query: &Query<'_>,
        subnet: &mut Option<&'c Arc<Subnet4>>,
    ) -> Next {
        let _ = (ctx, query, subnet);
        Next::Go
    }

    /// `lease4_select` for a lease that the client does not hold yet, else `lease4_renew`: its user context may be changed.
    /// The client gets it, or none, where it would exceed one of `bounds`, to which more may be added.
    fn lease_selected(
        &self,
        ctx: &Context4<'_>,
        query: &Query<'_>,
        lease: &mut Lease4,
        held: bool,
        bounds: &mut Vec<Bound>,
    ) {
        let _ = (ctx, query, lease, held, bounds);
    }

    /// `ddns4_update`. What becomes of `name` is what the lease, DNS and the client are told. `ddns`: the rules of its scope.
    fn named(&self, query: &Query<'_>, subnet: &Subnet4, ddns: &Ddns, name: &mut LeaseName) {
        let _ = (query, subnet, ddns, name);
    }

    /// What became of leases. What a library has to say of it goes out once they are stored.
    fn told(&self, event: &Event<'_, '_>, announcements: &mut Vec<Announcement>) {
        let _ = (event, announcements);
    }

    /// `pkt4_send`. `draft` is the reply, whose options may be changed.
    fn sending(&self, query: &Query<'_>, draft: &mut Draft<'_, Query<'_>>) {
        let _ = (query, draft);
    }
}

/// The libraries of kea-dhcp4.
pub type Libraries = Callouts<dyn Library>;

/// The end option.
const END: u8 = 255;
/// Where options begin: behind the fixed fields and the cookie.
const OPTIONS: usize = 240;
/// Where the field `file` is.
const FILE: std::ops::Range<usize> = 108..236;

/// Lets libraries see a query; answers its bytes where they changed it.
pub(super) fn received(ctx: &Context4<'_>, query: &Query<'_>) -> Result<Option<Vec<u8>>, DropReason> {
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
    let header = query.packet.bytes().get(..OPTIONS).unwrap_or_default();
    Ok(draft.changed().map(|options| written(header, &options, 0)))
}

/// The subnet that libraries leave to a query.
pub(super) fn subnet_selected<'c>(
    ctx: &Context4<'c>,
    query: &Query<'_>,
    mut subnet: Option<&'c Arc<Subnet4>>,
) -> Result<Option<&'c Arc<Subnet4>>, DropReason> {
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
    ctx: &Context4<'_>,
    query: &Query<'_>,
    lease: &mut Lease4,
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
    ctx: &'b Context4<'_>,
    lease: &Lease4,
    replaced: Option<&Lease4>,
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
pub(super) fn sending(
    ctx: &Context4<'_>,
    query: &Query<'_>,
    bootp: bool,
    out: &mut Vec<u8>,
) -> Result<(), DropReason> {
    let libraries = ctx.libraries.at(Point::Sending);
    if libraries.is_empty() {
        return Ok(());
    }
    let Some(reply) = view(query, out) else { return Ok(()) };
    let mut draft = Draft::new(&reply, options(&reply.packet));
    for library in libraries {
        library.sending(query, &mut draft);
    }
    let file = draft.take_file();
    let Some(mut options) = draft.changed() else { return Ok(()) };
    // Stable: several options of a code keep their order.
    options.sort_by_key(|(code, _)| match u8::try_from(*code) {
        Ok(option4::MESSAGE_TYPE) => 0,
        Ok(option4::AGENT_OPTIONS) => u16::MAX,
        _ => *code,
    });
    let mut header = reply.packet.bytes().get(..OPTIONS).unwrap_or_default().to_vec();
    if let (Some(file), Some(field)) = (file, header.get_mut(FILE)) {
        field.fill(0);
        field.iter_mut().zip(file).for_each(|(to, octet)| *to = octet);
    }
    let bytes = written(&header, &options, if bootp { BOOTP_MIN_LEN } else { 0 });
    if bytes.len() > super::reply::MAX_REPLY {
        observe::log!(PackFailed { query: query.label(), error: wire::Full });
        return Err(DropReason::ProcessingFailed);
    }
    *out = bytes;
    Ok(())
}

/// The reply as expressions look at it, with what is known of its query.
pub(super) fn view<'a>(query: &'a Query<'_>, bytes: &'a [u8]) -> Option<Query<'a>> {
    let packet = Packet::parse(bytes).ok()?;
    Some(Query {
        // BOOTP replies have none.
        kind: packet.message_type().unwrap_or(MessageType(0)),
        packet,
        arrival: query.arrival,
        hw_addr: query.hw_addr,
        client_id: None,
        classes: query.classes.clone(),
        subnet: query.subnet,
        lenient: query.lenient,
        restored: false,
        flex_id: None,
        hosts: super::Hosts::default(),
    })
}

/// The options of a packet, the parts of each joined (RFC 3396).
fn options(packet: &Packet<'_>) -> OptionList {
    let mut options = OptionList::new();
    for code in packet.options().raw().iter().map(|option| option.code) {
        if !options.iter().any(|(there, _)| *there == code)
            && let Some(payload) = u8::try_from(code).ok().and_then(|code| packet.option(code))
        {
            options.push((code, payload.to_vec()));
        }
    }
    options
}

fn written(header: &[u8], options: &OptionList, least: usize) -> Vec<u8> {
    let mut bytes = header.to_vec();
    for (code, payload) in options {
        if let Ok(code) = u8::try_from(*code) {
            append_option(&mut bytes, code, payload);
        }
    }
    bytes.push(END);
    bytes.resize(bytes.len().max(least), 0);
    bytes
}
