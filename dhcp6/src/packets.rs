//! The packets of a batch and the engine.

use std::net::{Ipv6Addr, SocketAddrV6};

use engine::DropReason;
use engine::v6::{Arrival, Context6, Verdict};
use net::Destination6;
use server::{Active, Batches, Shared};

use crate::protocol::Dhcp6;

/// Handles a batch of packets, each from receipt to reply.
pub(crate) fn serve(shared: &Shared<Dhcp6>, active: &Active<Dhcp6>, batches: &mut Batches<'_, Dhcp6>) {
    let received = batches.received;
    let now = shared.clock.now();
    let statistics = active.runtime.statistics();
    statistics.set_now(now);
    let disabled = !shared.is_enabled();
    let ctx = Context6 {
        config: &active.config,
        store: &*active.store,
        runtime: &active.runtime,
        server_id: active.identity.duid(),
        now: now.seconds(),
        updates: shared.d2.takes_requests(),
        client_port: shared.client_port,
    };
    // Replies are built where they are sent from; where to is known afterwards.
    let nowhere = Destination6 {
        to: SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0),
        from: Ipv6Addr::UNSPECIFIED,
        interface: 0,
    };
    for (meta, bytes) in received.iter() {
        statistics.arrived();
        if disabled {
            statistics.dropped(DropReason::ServiceDisabled);
            continue;
        }
        // One exchange per client at a time, whatever way its packets come.
        let _client = shared.client(bytes);
        let arrival = Arrival {
            interface: shared.locals.interface_name(meta.interface),
            local: meta.local,
            remote: *meta.remote.ip(),
            remote_port: meta.remote.port(),
        };
        let Some(slot) = batches.room(nowhere) else {
            statistics.dropped(DropReason::QueueFull);
            continue;
        };
        match engine::v6::handle_now(&ctx, &arrival, bytes, slot) {
            Some(Verdict::Reply(reply)) => {
                let to = reply.destination;
                let destination = if shared.respond_to_source {
                    meta.reply(*meta.remote.ip(), meta.remote.port())
                } else {
                    meta.reply(to.address, to.port)
                };
                batches.reply(destination, reply.kind, reply.promises, reply.effects.requests);
            }
            Some(Verdict::Done(effects)) => batches.done(effects.requests),
            Some(Verdict::Drop(reason)) => {
                batches.dropped(reason);
                statistics.dropped(reason);
            }
            // The stores of this build answer at once.
            None => {
                batches.dropped(DropReason::ProcessingFailed);
                statistics.dropped(DropReason::ProcessingFailed);
            }
        }
    }
}
