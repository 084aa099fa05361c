//! The packets of a batch and the engine.

use std::net::{Ipv6Addr, SocketAddrV6};

use engine::DropReason;
use engine::v6::{Arrival, Context6, Verdict};
use host::HostLookup;
use net::{Batch, Destination6, Meta6};
use server::{Active, Batches, Shared};

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
    conclude(shared, active, meta, verdict, batches);
}

/// Where replies go until that is known: they are built where they are sent from.
const NOWHERE: Destination6 = Destination6 {
    to: SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0),
    from: Ipv6Addr::UNSPECIFIED,
    interface: 0,
};

fn context<'a>(shared: &'a Shared<Dhcp6>, active: &'a Active<Dhcp6>) -> Context6<'a> {
    let now = shared.clock.now();
    active.runtime.statistics().set_now(now);
    Context6 {
        config: &active.config,
        store: &*active.store,
        databases: active.hosts.as_deref().map(|hosts| hosts as &dyn HostLookup<_>),
        runtime: &active.runtime,
        server_id: active.identity.duid(),
        now: now.seconds(),
        updates: shared.d2.takes_requests(),
        client_port: shared.client_port,
    }
}

fn arrival(shared: &Shared<Dhcp6>, meta: &Meta6) -> Arrival {
    Arrival {
        interface: shared.locals.interface_name(meta.interface),
        local: meta.local,
        remote: *meta.remote.ip(),
        remote_port: meta.remote.port(),
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
            batches.reply(destination, reply.kind, reply.promises, reply.effects.requests);
        }
        Verdict::Done(effects) => batches.done(effects.requests),
        Verdict::Drop(reason) => {
            batches.dropped(reason);
            active.runtime.statistics().dropped(reason);
        }
    }
}
