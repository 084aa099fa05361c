//! The way of a query, step by step.

use std::task::Poll;

use wire::v6::{MessageType, Packet};

use super::details::Details;
use super::messages::{
    BufferReceived, BufferUnpack, PacketReceived, ParseFailed, ProcessingPanicked, QueryData, QueryLabel,
    StoreFailed, TypeName,
};
use super::{
    Arrival, Context6, DropReason, Hosts, Query, Verdict, accept, classify, confirm, decline, extend,
    hw_addr, inform, lease_query, library, over4, register, release, request, share, subnet,
};
use crate::classes::ClassSet;
use crate::monitor::Answered;

/// Handles one packet. On [`Verdict::Reply`] the reply's bytes are in `out`; send them after the lease store's
/// `commit`. `out` is cleared first.
pub async fn handle(ctx: &Context6<'_>, arrival: &Arrival, bytes: &[u8], out: &mut Vec<u8>) -> Verdict {
    out.clear();
    let begun = ctx.monitor.and_then(|monitor| monitor.begin());
    // Before the query, which may come to borrow from it.
    #[allow(clippy::needless_late_init)]
    let changed;
    let mut query = match parse(ctx, arrival, bytes) {
        Ok(query) => query,
        Err(reason) => return Verdict::Drop(reason),
    };
    if let Err(reason) = share::arrived(ctx, &mut query) {
        return Verdict::Drop(reason);
    }
    ctx.runtime.statistics().received(query.kind);
    if let Some(settings) = lease_query::applies(ctx, &query) {
        return lease_query::process(ctx, settings, &query, out).await;
    }
    if let Some(flex_id) = &ctx.config.flex_id {
        query.ignore_iaid = flex_id.ignore_iaid;
        query.flex_id = crate::flex_id::of(flex_id, &query);
        let replaced = query.flex_id.as_deref().and_then(|id| crate::flex_id::duid(flex_id, id));
        query.duid = replaced.or(query.duid);
    }
    changed = match intake(ctx, &mut query) {
        Ok(changed) => changed,
        Err(reason) => return Verdict::Drop(reason),
    };
    if let Some(packet) = changed.as_deref().and_then(|bytes| Packet::parse(bytes).ok()) {
        // What took the place of the identifier stays there.
        let own = query.duid == query.message().client_id();
        let duid = if own { packet.message().client_id() } else { query.duid };
        query = Query { packet, duid, ..query };
    }
    let verdict = match steps(ctx, &mut query, out).await {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::Drop(reason),
    };
    if let (Some(monitor), Some(started), Verdict::Reply(reply)) = (ctx.monitor, begun, &verdict) {
        monitor.answered(&Answered {
            query: query.kind.0,
            response: reply.kind.0,
            subnet: query.subnet,
            received: arrival.received,
            read: ctx.moment,
            started,
            label: &query.label(),
        });
    }
    verdict
}

/// As [`handle`]; a panic costs the packet and nothing else.
pub async fn handle_guarded(
    ctx: &Context6<'_>,
    arrival: &Arrival,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Verdict {
    let verdict = crate::guard::guarded(Box::pin(handle(ctx, arrival, bytes, out))).await;
    verdict.unwrap_or_else(|| panicked(arrival))
}

/// As [`handle_guarded`], for a future that is polled to its end at once.
pub fn handle_now(ctx: &Context6<'_>, arrival: &Arrival, bytes: &[u8], out: &mut Vec<u8>) -> Option<Verdict> {
    let mut future = Box::pin(handle(ctx, arrival, bytes, out));
    match crate::guard::at_once(future.as_mut()) {
        Poll::Ready(verdict) => Some(verdict.unwrap_or_else(|| panicked(arrival))),
        Poll::Pending => None,
    }
}

fn panicked(arrival: &Arrival) -> Verdict {
    observe::log!(ProcessingPanicked { interface: &arrival.interface });
    Verdict::Drop(DropReason::ProcessingFailed)
}

fn parse<'a>(ctx: &Context6<'_>, arrival: &'a Arrival, bytes: &'a [u8]) -> Result<Query<'a>, DropReason> {
    observe::log!(BufferReceived {
        remote: arrival.remote,
        remote_port: arrival.remote_port,
        local: arrival.local,
        local_port: arrival.local_port,
        interface: &arrival.interface
    });
    observe::log!(BufferUnpack {
        remote: arrival.remote,
        local: arrival.local,
        interface: &arrival.interface
    });
    let parsed = Packet::parse(bytes).map_err(|error| error.to_string());
    let parsed = parsed.and_then(|packet| accept::well_formed(&packet).map(|()| packet));
    let packet = match parsed {
        Ok(packet) => packet,
        Err(reason) => {
            observe::log!(ParseFailed {
                remote: arrival.remote,
                local: arrival.local,
                interface: &arrival.interface,
                reason
            });
            return Err(DropReason::ParseFailed);
        }
    };
    let query = Query {
        arrival,
        kind: packet.message().message_type(),
        duid: packet.message().client_id(),
        hw_addr: hw_addr::of(ctx, &packet, arrival),
        classes: ClassSet::default(),
        subnet: None,
        flex_id: None,
        lenient: ctx.config.globals.lenient_option_parsing,
        ignore_iaid: false,
        hosts: Hosts::default(),
        packet,
    };
    observe::log!(QueryLabel { query: query.label() });
    Ok(query)
}

/// What is decided before anything is looked up; answers the bytes of a query that libraries changed.
fn intake(ctx: &Context6<'_>, query: &mut Query<'_>) -> Result<Option<Vec<u8>>, DropReason> {
    accept::server_id(ctx, query)?;
    accept::unicast(query)?;
    classify::first_round(ctx, query);
    observe::log!(PacketReceived {
        query: query.label(),
        name: TypeName(query.kind),
        code: query.kind.0,
        remote: query.arrival.remote,
        local: query.arrival.local,
        interface: &query.arrival.interface
    });
    observe::log!(QueryData { query: query.label(), details: Details::of_query(ctx, query) });
    library::received(ctx, query)
}

async fn steps(ctx: &Context6<'_>, query: &mut Query<'_>, out: &mut Vec<u8>) -> Result<Verdict, DropReason> {
    accept::sanity(query)?;
    classify::refuse_dropped(query)?;
    fetch_hosts(ctx, query).await?;
    crate::classify::early_round(ctx.config, query);
    classify::refuse_dropped(query)?;
    if query.kind == MessageType::DHCPV4_QUERY {
        return over4::process(ctx, query, out);
    }
    let subnet = subnet::of(ctx, query);
    share::selected(ctx, query, subnet)?;
    let subnet = library::subnet_selected(ctx, query, subnet)?;
    query.subnet = subnet.map(|subnet| subnet.id);
    crate::classify::second_round(ctx.config, query, subnet);
    classify::tell(ctx, query);
    classify::refuse_dropped(query)?;
    let outcome = match query.kind {
        MessageType::SOLICIT | MessageType::REQUEST => request::process(ctx, query, subnet, out).await,
        MessageType::RENEW | MessageType::REBIND => extend::process(ctx, query, subnet, out).await,
        MessageType::RELEASE => release::process(ctx, query, subnet, out).await,
        MessageType::DECLINE => decline::process(ctx, query, subnet, out).await,
        MessageType::ADDR_REG_INFORM => register::process(ctx, query, subnet, out).await,
        MessageType::CONFIRM => Ok(confirm::process(ctx, query, subnet, out)),
        _ => Ok(inform::process(ctx, query, subnet, out)),
    };
    outcome.map_err(|error| {
        observe::log!(StoreFailed { query: query.label(), name: TypeName(query.kind), error });
        DropReason::ProcessingFailed
    })
}

/// Asks databases for the client's reservations.
async fn fetch_hosts(ctx: &Context6<'_>, query: &mut Query<'_>) -> Result<(), DropReason> {
    let Some(databases) = ctx.databases else { return Ok(()) };
    let mut hosts = std::mem::take(&mut query.hosts);
    let outcome = crate::hosts::fetch(ctx.config, databases, &*query, &mut hosts).await;
    query.hosts = hosts;
    outcome.map_err(|error| {
        observe::log!(StoreFailed { query: query.label(), name: TypeName(query.kind), error });
        DropReason::ProcessingFailed
    })
}
