//! The packets of a batch and the engine.

use std::net::{Ipv6Addr, SocketAddrV6};

use engine::DropReason;
use engine::over6::Fault;
use engine::v6::messages::Over4SendFailed;
use engine::v6::{Arrival, Context6, Verdict, received_over4};
use host::HostLookup;
use net::{Batch, Destination6, Meta6, OutBatch6, Queue as _};
use server::{Active, Batches, Shared};
use wire::v6::MessageType;

use crate::protocol::Dhcp6;

/// Handles a batch of packets, each from receipt to reply.
pub(crate) fn serve(
    shared: &Shared<Dhcp6>,
    active: &Active<Dhcp6>,
    received: &Batch<Meta6>,
    batches: &mut Batches<Dhcp6>,
) {
    let ctx = context(shared, active);
    let statistics = active.runtime.statistics();
    let disabled = !shared.is_enabled();
    for (meta, bytes) in received.iter() {
        statistics.arrived();
        if disabled {
            statistics.dropped(DropReason::ServiceDisabled);
            continue;
        }
        // One exchange per client at a time, whatever way its packets come.
        let _client = shared.client(bytes);
        let arrival = arrival(shared, meta);
        let Some(slot) = batches.room(NOWHERE) else {
            statistics.dropped(DropReason::QueueFull);
            continue;
        };
        // What is in memory answers at once.
        let failed = || Verdict::Drop(DropReason::ProcessingFailed);
        let verdict = engine::v6::handle_now(&ctx, &arrival, bytes, slot).unwrap_or_else(failed);
        if verdict == Verdict::PassOn {
            pass_on(shared, active, slot);
        }
        conclude(shared, active, meta, verdict, batches);
    }
}

/// Handles a packet that waits for databases on its way.
pub(crate) async fn serve_waiting(
    shared: &Shared<Dhcp6>,
    active: &Active<Dhcp6>,
    meta: &Meta6,
    packet: &[u8],
    batches: &mut Batches<Dhcp6>,
) {
    let ctx = context(shared, active);
    let statistics = active.runtime.statistics();
    statistics.arrived();
    if !shared.is_enabled() {
        statistics.dropped(DropReason::ServiceDisabled);
        return;
    }
    let arrival = arrival(shared, meta);
    let Some(slot) = batches.room(NOWHERE) else { return };
    let verdict = engine::v6::handle_guarded(&ctx, &arrival, packet, slot).await;
    if verdict == Verdict::PassOn {
        pass_on(shared, active, slot);
    }
    conclude(shared, active, meta, verdict, batches);
}

/// Hands a query to kea-dhcp4.
fn pass_on(shared: &Shared<Dhcp6>, active: &Active<Dhcp6>, query: &[u8]) {
    if !shared.line.pass::<Dhcp6>(query) {
        active.runtime.statistics().dropped(DropReason::ProcessingFailed);
    }
}

/// Sends kea-dhcp4's answer to its client or relay agent.
pub(crate) fn serve_peer(shared: &Shared<Dhcp6>, active: &Active<Dhcp6>, message: &[u8]) {
    let Some(passed) = received_over4(message) else { return };
    let Some((interface, socket)) = shared.locals.outlet(passed.source.interface) else {
        engine::over6::report(&Fault::UnknownInterface);
        return;
    };
    let to = passed.destination(shared.client_port);
    let scope = if to.address.is_unicast_link_local() { interface } else { 0 };
    let destination = Destination6 {
        to: SocketAddrV6::new(to.address, to.port, 0, scope),
        from: Ipv6Addr::UNSPECIFIED,
        interface: scope,
    };
    let mut out = OutBatch6::new(1);
    let Some(slot) = out.next_slot(destination) else { return };
    if let Err(error) = passed.deliver(slot) {
        observe::log!(Over4SendFailed { remote: to.address, error });
        return;
    }
    socket.send(&mut out);
    out.abandon();
    let statistics = active.runtime.statistics();
    statistics.set_now(shared.clock.now());
    match out.failures().next() {
        None => statistics.sent(MessageType::DHCPV4_RESPONSE),
        Some(failure) => observe::log!(Over4SendFailed { remote: to.address, error: failure.error }),
    }
}

/// Where replies go until that is known: they are built where they are sent from.
const NOWHERE: Destination6 = Destination6 {
    to: SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0),
    from: Ipv6Addr::UNSPECIFIED,
    interface: 0,
};

pub(crate) fn context<'a>(shared: &'a Shared<Dhcp6>, active: &'a Active<Dhcp6>) -> Context6<'a> {
    let now = shared.clock.now();
    active.runtime.statistics().set_now(now);
    Context6 {
        config: &active.config,
        store: &*active.store,
        databases: active.hosts.as_deref().map(|hosts| hosts as &dyn HostLookup<_>),
        runtime: &active.runtime,
        libraries: &active.libraries,
        monitor: active.monitor(),
        share: active.share(),
        server_id: active.identity.duid(),
        now: now.seconds(),
        moment: now,
        updates: shared.d2.takes_requests(),
        client_port: shared.client_port,
    }
}

fn arrival(shared: &Shared<Dhcp6>, meta: &Meta6) -> Arrival {
    Arrival {
        interface: shared.locals.interface_name(meta.interface),
        local: meta.local,
        local_port: shared.server_port,
        remote: *meta.remote.ip(),
        remote_port: meta.remote.port(),
        received: meta.received,
    }
}

fn conclude(
    shared: &Shared<Dhcp6>,
    active: &Active<Dhcp6>,
    meta: &Meta6,
    verdict: Verdict,
    batches: &mut Batches<Dhcp6>,
) {
    match verdict {
        Verdict::Reply(reply) => {
            let to = reply.destination;
            let destination = if shared.respond_to_source {
                meta.reply(*meta.remote.ip(), meta.remote.port())
            } else {
                meta.reply(to.address, to.port)
            };
            batches.reply(destination, reply.kind, reply.promises, reply.effects);
        }
        Verdict::PassOn => batches.passed_on(),
        Verdict::Done(effects) => batches.done(effects),
        Verdict::Drop(reason) => {
            batches.dropped(reason);
            active.runtime.statistics().dropped(reason);
        }
    }
}
