//! The packets of a batch and the engine.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use base::HwAddr;
use config::PingRules;
use engine::DropReason;
use engine::over6::Passed;
use engine::v4::{Arrival, Context4, PingCheck, Reply, Verdict, answer_over6, arrival_over6, received_over6};
use host::HostLookup;
use net::{Batch, Destination4, LinkDestination, MacAddr, Meta4, PeerSocket, Queue, Socket4, Via};
use server::{Active, Ask, Batches, Found, Shared};

use crate::protocol::Dhcp4;

/// Handles a batch of packets, each from receipt to reply.
pub(crate) fn serve(
    shared: &Shared<Dhcp4>,
    active: &Active<Dhcp4>,
    queue: &Socket4,
    received: &Batch<Meta4>,
    batches: &mut Batches<Dhcp4>,
) {
    let ctx = context(shared, active, queue.via() == Via::Raw);
    let statistics = active.runtime.statistics();
    let disabled = !shared.is_enabled();
    engine::v4::warm(&ctx, received.iter().map(|(_, bytes)| bytes));
    let mut interface = None;
    for (meta, bytes) in received.iter() {
        statistics.arrived();
        if disabled {
            statistics.dropped(DropReason::ServiceDisabled);
            continue;
        }
        // One exchange per client at a time, also where workers share a socket.
        let _client = shared.client(bytes);
        let arrival = arrival(shared, meta, &mut interface);
        let Some(slot) = batches.room(NOWHERE) else {
            statistics.dropped(DropReason::QueueFull);
            continue;
        };
        // What is in memory answers at once.
        let failed = || Verdict::Drop(DropReason::ProcessingFailed);
        let verdict = engine::v4::handle_now(&ctx, &arrival, bytes, slot).unwrap_or_else(failed);
        conclude(active, |reply| destination(meta, reply), verdict, batches);
    }
}

/// Handles a packet that waits for databases on its way.
pub(crate) async fn serve_waiting(
    shared: &Shared<Dhcp4>,
    active: &Active<Dhcp4>,
    queue: &Socket4,
    meta: &Meta4,
    packet: &[u8],
    batches: &mut Batches<Dhcp4>,
) {
    let ctx = context(shared, active, queue.via() == Via::Raw);
    let statistics = active.runtime.statistics();
    statistics.arrived();
    if !shared.is_enabled() {
        statistics.dropped(DropReason::ServiceDisabled);
        return;
    }
    let arrival = arrival(shared, meta, &mut None);
    let Some(slot) = batches.room(NOWHERE) else { return };
    let verdict = engine::v4::handle_guarded(&ctx, &arrival, packet, slot).await;
    conclude(active, |reply| destination(meta, reply), verdict, batches);
}

/// Handles what kea-dhcp6 passed on, and answers it there.
pub(crate) fn serve_peer(
    shared: &Shared<Dhcp4>,
    active: &Active<Dhcp4>,
    received: &Batch<()>,
    batches: &mut Batches<Dhcp4, PeerSocket>,
) {
    let ctx = context(shared, active, false);
    let mut reply = Vec::new();
    for ((), message) in received.iter() {
        let Some((passed, arrival)) = passed(shared, active, &ctx, message) else { continue };
        let _client = shared.client(passed.inner);
        let Some(slot) = batches.room(()) else {
            active.runtime.statistics().dropped(DropReason::QueueFull);
            continue;
        };
        let failed = || Verdict::Drop(DropReason::ProcessingFailed);
        let verdict = engine::v4::handle_now(&ctx, &arrival, passed.inner, &mut reply).unwrap_or_else(failed);
        conclude(active, |_| (), answer_over6(&passed, verdict, &reply, slot), batches);
    }
}

/// Handles a query that kea-dhcp6 passed on and that waits for databases on its way.
pub(crate) async fn serve_peer_waiting(
    shared: &Shared<Dhcp4>,
    active: &Active<Dhcp4>,
    message: &[u8],
    batches: &mut Batches<Dhcp4, PeerSocket>,
) {
    let ctx = context(shared, active, false);
    let Some((passed, arrival)) = passed(shared, active, &ctx, message) else { return };
    let mut reply = Vec::new();
    let verdict = engine::v4::handle_guarded(&ctx, &arrival, passed.inner, &mut reply).await;
    let Some(slot) = batches.room(()) else { return };
    conclude(active, |_| (), answer_over6(&passed, verdict, &reply, slot), batches);
}

/// Counts and reads a message of kea-dhcp6.
fn passed<'m>(
    shared: &Shared<Dhcp4>,
    active: &Active<Dhcp4>,
    ctx: &Context4<'_>,
    message: &'m [u8],
) -> Option<(Passed<'m>, Arrival)> {
    let statistics = active.runtime.statistics();
    statistics.arrived();
    let read = || {
        if !shared.is_enabled() {
            return Err(DropReason::ServiceDisabled);
        }
        let passed = received_over6(message)?;
        let arrival = arrival_over6(ctx, &passed)?;
        Ok((passed, arrival))
    };
    read().map_err(|reason| statistics.dropped(reason)).ok()
}

/// Asks an address that is to be offered; whether it may be.
pub(crate) async fn check(shared: &Shared<Dhcp4>, active: &Active<Dhcp4>, check: &PingCheck) -> bool {
    let Some(pinger) = &active.pinger else { return true };
    let PingRules { requests, timeout, .. } = check.rules;
    let ask = Ask { address: check.address, requests, timeout };
    match Arc::clone(pinger).check(ask, check.label.clone()).await {
        Found::Free => true,
        Found::Busy => {
            active.runtime.statistics().dropped(DropReason::Duplicate);
            false
        }
        Found::InUse => {
            let gate = shared.gate.read().await;
            let active = shared.active.load_full();
            let mark = active.store.mark();
            let ctx = context(shared, &active, false);
            let held = engine::v4::decline_offered(&ctx, check).await;
            let committed = active.store.commit(mark);
            // A reconfiguration need not wait for the disk.
            drop(gate);
            if let Err(error) = held.and(committed.await) {
                engine::v4::report_undeclined(check, &error);
            }
            false
        }
    }
}

/// Where replies go until that is known: they are built where they are sent from.
const NOWHERE: Destination4 = Destination4 {
    to: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
    from: Ipv4Addr::UNSPECIFIED,
    interface: 0,
    link: LinkDestination::Resolve,
};

pub(crate) fn context<'a>(
    shared: &'a Shared<Dhcp4>,
    active: &'a Active<Dhcp4>,
    direct_response: bool,
) -> Context4<'a> {
    let now = shared.clock.now();
    active.runtime.statistics().set_now(now);
    Context4 {
        config: &active.config,
        store: &*active.store,
        databases: active.hosts.as_deref().map(|hosts| hosts as &dyn HostLookup<_>),
        runtime: &active.runtime,
        libraries: &active.libraries,
        monitor: active.monitor(),
        share: active.share(),
        locals: &shared.locals,
        now: now.seconds(),
        moment: now,
        updates: shared.d2.takes_requests(),
        direct_response,
        respond_to_source: shared.respond_to_source,
        client_port: shared.client_port,
    }
}

fn conclude<Q: Queue>(
    active: &Active<Dhcp4>,
    destination: impl FnOnce(&Reply) -> Q::Destination,
    verdict: Verdict,
    batches: &mut Batches<Dhcp4, Q>,
) {
    match verdict {
        Verdict::Reply(reply) => {
            let destination = destination(&reply);
            match reply.check.filter(|_| active.pinger.is_some()) {
                Some(check) => {
                    batches.reply_if(check, destination, reply.kind, reply.promises, reply.effects);
                }
                None => batches.reply(destination, reply.kind, reply.promises, reply.effects),
            }
        }
        Verdict::Done(effects) => batches.done(effects),
        Verdict::Drop(reason) => {
            batches.dropped(reason);
            active.runtime.statistics().dropped(reason);
        }
    }
}

/// `known` is the interface of the packet before: most often it is the same.
fn arrival(shared: &Shared<Dhcp4>, meta: &Meta4, known: &mut Option<(u32, Arc<str>)>) -> Arrival {
    let interface = match known {
        Some((index, name)) if *index == meta.interface => Arc::clone(name),
        _ => {
            let name = shared.locals.interface_name(meta.interface);
            *known = Some((meta.interface, Arc::clone(&name)));
            name
        }
    };
    Arrival {
        interface,
        interface_address: if meta.reply_from.is_unspecified() {
            shared.locals.interface_address(meta.interface)
        } else {
            meta.reply_from
        },
        local: *meta.local.ip(),
        local_port: meta.local.port(),
        remote: *meta.remote.ip(),
        remote_port: meta.remote.port(),
        received: meta.received,
        over6: None,
    }
}

fn destination(meta: &Meta4, reply: &Reply) -> Destination4 {
    let to = SocketAddrV4::new(reply.destination.address, reply.destination.port);
    if reply.destination.use_routing {
        return meta.route(to);
    }
    let mut destination = meta.reply(to, to.ip().is_broadcast());
    if let Some(source) = reply.destination.source {
        destination.from = source;
    }
    if let Some(station) = reply.destination.hw_addr.as_ref().and_then(station) {
        destination.link = LinkDestination::Station(station);
    }
    destination
}

fn station(hw_addr: &HwAddr) -> Option<MacAddr> {
    hw_addr.octets().try_into().ok().map(MacAddr)
}
