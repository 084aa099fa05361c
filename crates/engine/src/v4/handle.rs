//! The way of a query, step by step.

use std::task::Poll;

use wire::v4::{MessageType, Packet};

use super::details::Details;
use super::messages::{
    BufferReceived, BufferUnpack, NotProcessed, PacketReceived, ParseFailed, ProcessingPanicked, QueryData,
};
use super::{
    Arrival, ClassSet, Context4, DropReason, Hosts, Query, Verdict, accept, classify, decline, inform,
    lease_query, library, relay_info, release, request, share, subnet,
};
use crate::monitor::Answered;
use crate::points::Point;

/// Handles one packet. On [`Verdict::Reply`] the reply's bytes are in `out`; send them after the lease store's
/// `commit`. `out` is cleared first.
pub async fn handle(ctx: &Context4<'_>, arrival: &Arrival, bytes: &[u8], out: &mut Vec<u8>) -> Verdict {
    out.clear();
    let begun = ctx.monitor.and_then(|monitor| monitor.begin());
    let mut query = match parse(ctx, arrival, bytes) {
        Ok(query) => query,
        Err(reason) => return Verdict::Drop(reason),
    };
    if let Err(reason) = share::arrived(ctx, &mut query) {
        return Verdict::Drop(reason);
    }
    accept::bootp(ctx, &mut query);
    ctx.runtime.statistics().received(query.kind);
    if let Some(settings) = lease_query::applies(ctx, &query) {
        return lease_query::process(ctx, settings, &query, out).await;
    }
    let restored = relay_info::restored(ctx, &query).await;
    if let Some(packet) = restored.as_deref().and_then(|bytes| Packet::parse(bytes).ok()) {
        query = Query { restored: true, packet, ..query };
    }
    if let Some(flex_id) = &ctx.config.flex_id {
        query.flex_id = crate::flex_id::of(flex_id, &query);
        let replaced = query.flex_id.as_deref().and_then(|id| crate::flex_id::client_id(flex_id, id));
        query.client_id = replaced.or(query.client_id);
    }
    let changed = match intake(ctx, &mut query) {
        Ok(changed) => changed,
        Err(reason) => return Verdict::Drop(reason),
    };
    if let Some(packet) = changed.as_deref().and_then(|bytes| Packet::parse(bytes).ok()) {
        // What took the place of the identifier stays there.
        let own = query.client_id == query.packet.client_id();
        let client_id = if own { packet.client_id() } else { query.client_id };
        query = Query { packet, client_id, ..query };
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
    ctx: &Context4<'_>,
    arrival: &Arrival,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Verdict {
    let verdict = crate::guard::guarded(Box::pin(handle(ctx, arrival, bytes, out))).await;
    verdict.unwrap_or_else(|| panicked(arrival))
}

/// As [`handle_guarded`], for a future that is polled to its end at once.
pub fn handle_now(ctx: &Context4<'_>, arrival: &Arrival, bytes: &[u8], out: &mut Vec<u8>) -> Option<Verdict> {
    let mut future = std::pin::pin!(handle(ctx, arrival, bytes, out));
    match crate::guard::at_once(future.as_mut()) {
        Poll::Ready(verdict) => Some(verdict.unwrap_or_else(|| panicked(arrival))),
        Poll::Pending => None,
    }
}

fn panicked(arrival: &Arrival) -> Verdict {
    observe::log!(ProcessingPanicked { interface: &arrival.interface });
    Verdict::Drop(DropReason::ProcessingFailed)
}

fn parse<'a>(ctx: &Context4<'_>, arrival: &'a Arrival, bytes: &'a [u8]) -> Result<Query<'a>, DropReason> {
    observe::log!(BufferReceived {
        remote: arrival.source(),
        remote_port: arrival.remote_port,
        local: arrival.local,
        local_port: arrival.local_port,
        interface: &arrival.interface
    });
    observe::log!(BufferUnpack {
        remote: arrival.source(),
        local: arrival.local,
        interface: &arrival.interface
    });
    let packet = match Packet::parse(bytes) {
        Ok(packet) => packet,
        Err(error) => {
            observe::log!(ParseFailed {
                remote: arrival.source(),
                local: arrival.local,
                interface: &arrival.interface,
                reason: error
            });
            return Err(DropReason::ParseFailed);
        }
    };
    let kind = packet.message_type().unwrap_or(MessageType(0));
    let (hw_addr, client_id) = (packet.hw_addr(), packet.client_id());
    let query = Query {
        packet,
        arrival,
        kind,
        hw_addr,
        client_id,
        classes: ClassSet::default(),
        subnet: None,
        flex_id: None,
        hosts: Hosts::default(),
        lenient: ctx.config.globals.lenient_option_parsing,
        restored: false,
    };
    observe::log!(PacketReceived {
        query: query.label(),
        name: kind,
        code: kind.0,
        remote: arrival.source(),
        local: arrival.local,
        interface: &arrival.interface
    });
    observe::log!(QueryData { query: query.label(), details: Details::of_query(ctx, &query) });
    Ok(query)
}

/// What is decided before anything is looked up; answers the bytes of a query that libraries changed.
fn intake(ctx: &Context4<'_>, query: &mut Query<'_>) -> Result<Option<Vec<u8>>, DropReason> {
    accept::message_type(query)?;
    accept::direct(query)?;
    classify::first_round(ctx, query);
    accept::server_id(ctx, query)?;
    library::received(ctx, query)
}

async fn steps(ctx: &Context4<'_>, query: &mut Query<'_>, out: &mut Vec<u8>) -> Result<Verdict, DropReason> {
    classify::refuse_dropped(query)?;
    fetch_hosts(ctx, query).await?;
    crate::classify::early_round(ctx.config, query);
    classify::refuse_dropped(query)?;
    accept::sanity(query)?;
    // These need no subnet, unless others ask for it.
    if matches!(query.kind, MessageType::RELEASE | MessageType::DECLINE)
        && (share::by_subnet(ctx, query).is_some() || !ctx.libraries.at(Point::SubnetSelected).is_empty())
    {
        let subnet = subnet::of(ctx, query);
        share::selected(ctx, query, subnet)?;
        library::subnet_selected(ctx, query, subnet)?;
    }
    let outcome = match query.kind {
        MessageType::RELEASE => release::process(ctx, query).await,
        MessageType::DECLINE => return decline::process(ctx, query).await,
        _ => {
            let subnet = subnet::of(ctx, query);
            share::selected(ctx, query, subnet)?;
            let subnet = library::subnet_selected(ctx, query, subnet)?;
            query.subnet = subnet.map(|subnet| subnet.id);
            subnet::report(query, subnet);
            crate::classify::second_round(ctx.config, query, subnet);
            classify::tell(ctx, query);
            classify::refuse_dropped(query)?;
            if query.kind == MessageType::INFORM {
                inform::process(ctx, query, subnet, out)
            } else {
                request::process(ctx, query, subnet, out).await
            }
        }
    };
    outcome.map_err(|error| {
        observe::log!(NotProcessed { query: query.label(), reason: error });
        DropReason::ProcessingFailed
    })
}

/// Asks databases for the client's reservations, where they may be needed.
async fn fetch_hosts(ctx: &Context4<'_>, query: &mut Query<'_>) -> Result<(), DropReason> {
    let Some(databases) = ctx.databases else { return Ok(()) };
    let unneeded = matches!(query.kind, MessageType::RELEASE | MessageType::DECLINE);
    if unneeded && !ctx.config.globals.early_global_reservations_lookup {
        return Ok(());
    }
    let mut hosts = std::mem::take(&mut query.hosts);
    let outcome = crate::hosts::fetch(ctx.config, databases, &*query, &mut hosts).await;
    query.hosts = hosts;
    outcome.map_err(|error| {
        observe::log!(NotProcessed { query: query.label(), reason: error });
        DropReason::ProcessingFailed
    })
}
