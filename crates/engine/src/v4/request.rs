//! DISCOVER and REQUEST (RFC 2131 sections 4.3.1 and 4.3.2).

use std::net::Ipv4Addr;
use std::sync::Arc;

use config::{Subnet4, builtin};
use lease::{Lease4, StoreError};
use ncr::Change;
use wire::v4::MessageType;

use super::allocate::{Allocation, Granted, Refused};
use super::lease::{belongs, of_client};
use super::messages::{
    ClientIdIgnored, Discover, InitReboot, LeaseAlloc, LeaseOffer, LeaseReuse, Lifetime, NakInitReboot,
    NakNoLease, NakNoOffer, NakNoSubnet, NakRejected, NoLeaseInitReboot, Request, UnknownAddress,
};
use super::{Changed, Context4, Dns4, Effects, Query, Verdict, classify, event, legal, reply, share};
use crate::legal::Event;
use crate::points::Point;

/// What is decided of a query before a reply is built.
enum Decision<'c> {
    Grant(Granted<'c>),
    Nak,
    Silence,
    /// The client prefers IPv6-only and the network offers it: no address (RFC 8925).
    Ipv6Only(&'c Arc<Subnet4>),
}

pub(super) async fn process(
    ctx: &Context4<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet4>>,
    out: &mut Vec<u8>,
) -> Result<Verdict, StoreError> {
    let subnet = subnet.and_then(|s| ctx.config.subnet(s.id));
    let offer = query.kind == MessageType::DISCOVER;
    let mut effects = Effects::default();
    let mut ended = Vec::new();
    let decision = if query.classes.contains(builtin::REJECT) {
        observe::log!(NakRejected { query: query.label(), kind: query.kind });
        Decision::Nak
    } else {
        decide(ctx, query, subnet, offer, &mut effects, &mut ended).await?
    };
    let (subnet, granted) = match decision {
        Decision::Silence => return Ok(Verdict::Done(effects)),
        // BOOTP has no word for it.
        Decision::Nak if offer || query.classes.contains(builtin::BOOTP) => {
            return Ok(Verdict::Done(effects));
        }
        Decision::Nak => return Ok(reply::nak(ctx, query, out).with(effects)),
        Decision::Ipv6Only(subnet) => (Some(subnet), None),
        Decision::Grant(granted) => (Some(granted.subnet), Some(granted)),
    };
    // A row that the lease replaces at its own address has not ended for anybody.
    ended.retain(|lease| granted.as_ref().is_none_or(|granted| lease.address != granted.lease.address));
    if let Some(granted) = granted.as_ref().filter(|granted| !granted.reused && (!offer || granted.held)) {
        for lease in &ended {
            share::tell(ctx, &mut effects, || Changed::Ended(Lease4::clone(lease)));
        }
        share::tell(ctx, &mut effects, || Changed::Stored(granted.row(offer)));
    }
    let Some(subnet) = subnet else { return Ok(Verdict::Done(effects)) };
    if !query.hosts.is_empty() {
        crate::classify::of_final_subnet(query, subnet);
    }
    let pool = granted.as_ref().and_then(|g| subnet.pools.iter().find(|p| p.contains(g.lease.address)));
    classify::additional(ctx, query, subnet, pool);
    let kind = if offer { MessageType::OFFER } else { MessageType::ACK };
    let verdict = reply::grant(ctx, query, kind, subnet, pool, granted.as_ref(), out);
    if !offer
        && ctx.config.legal_log.is_some()
        && let Some(granted) = &granted
    {
        tell(ctx, query, granted, &ended, out, &mut effects);
    }
    if !offer
        && !ctx.libraries.at(Point::Told).is_empty()
        && let Some(granted) = &granted
    {
        announce(ctx, query, granted, &ended, &mut effects);
    }
    Ok(verdict.with(effects))
}

/// Tells libraries of an ACK, as [`tell`] does the legal log.
fn announce(
    ctx: &Context4<'_>,
    query: &Query<'_>,
    granted: &Granted<'_>,
    ended: &[Arc<Lease4>],
    effects: &mut Effects<Lease4>,
) {
    let (lease, announcements) = (&granted.lease, &mut effects.announcements);
    if granted.renewed {
        let event = event::Event::Renewed { query, subnet: granted.subnet, lease };
        event::tell(ctx.libraries, event, announcements);
    }
    let leases: &[&Lease4] = if granted.reused { &[] } else { &[lease] };
    let ended: Vec<&Lease4> = ended.iter().map(|ended| &**ended).collect();
    let event = event::Event::Committed { query, leases, ended: &ended };
    event::tell(ctx.libraries, event, announcements);
}

/// Tells the legal log of an ACK: of the lease, unless it was answered as it stood, and of those it replaces.
fn tell(
    ctx: &Context4<'_>,
    query: &Query<'_>,
    granted: &Granted<'_>,
    ended: &[Arc<Lease4>],
    reply: &[u8],
    effects: &mut Effects<Lease4>,
) {
    let mut tell =
        |event, lease: &Lease4| legal::tell(ctx, query, Some(reply), event, lease, &mut effects.entries);
    if !granted.reused {
        tell(Event::Assigned, &granted.lease);
    }
    for lease in ended {
        tell(Event::Released, lease);
    }
}

async fn decide<'c>(
    ctx: &Context4<'c>,
    query: &Query<'_>,
    subnet: Option<&'c Arc<Subnet4>>,
    offer: bool,
    effects: &mut Effects<Lease4>,
    ended: &mut Vec<Arc<Lease4>>,
) -> Result<Decision<'c>, StoreError> {
    let requested = query.requested_address();
    let ciaddr = query.packet.header().ciaddr;
    let hint = requested.or(Some(ciaddr)).filter(|a| !a.is_unspecified());
    let has_server_id = query.server_id().is_some();
    let init_reboot = !offer && !has_server_id && requested.is_some();
    if let Some(subnet) = subnet.and_then(|subnet| reply::ipv6_only(ctx, query, subnet)) {
        return Ok(Decision::Ipv6Only(subnet));
    }
    let shown = hint.unwrap_or(Ipv4Addr::UNSPECIFIED);
    if init_reboot {
        observe::log!(InitReboot { query: query.label(), address: shown });
    } else if offer {
        observe::log!(Discover { query: query.label(), hint: shown });
    } else {
        observe::log!(Request { query: query.label(), hint: shown });
    }
    let authoritative =
        init_reboot && subnet.map_or(ctx.config.globals.own.authoritative, |s| s.params.own.authoritative);

    let Some(subnet) = subnet else {
        // A rebinding client may be another server's.
        let rebinding = !offer
            && !has_server_id
            && requested.is_none()
            && !ciaddr.is_unspecified()
            && query.arrival.local == Ipv4Addr::BROADCAST;
        if rebinding || (init_reboot && !authoritative) {
            return Ok(Decision::Silence);
        }
        observe::log!(NakNoSubnet { query: query.label(), remote: query.arrival.source(), kind: query.kind });
        return Ok(Decision::Nak);
    };

    if init_reboot {
        let known = of_client(ctx, query, subnet)
            .await?
            .filter(|(lease, _)| belongs(lease, query.hw_addr.as_ref(), query.client_id.as_ref()));
        match known {
            None if !authoritative => {
                observe::log!(NoLeaseInitReboot { query: query.label(), address: shown });
                return Ok(Decision::Silence);
            }
            Some((lease, _)) if Some(lease.address) == hint => {}
            _ => {
                observe::log!(NakInitReboot { query: query.label(), address: shown });
                return Ok(Decision::Nak);
            }
        }
    }

    let mut allocation = Allocation { ctx, query, selected: subnet, offer, ended: Vec::new(), denied: false };
    let outcome = if offer { allocation.discover(hint).await? } else { allocation.request(hint).await? };
    let dns = Dns4::of(ctx);
    for lease in &allocation.ended {
        dns.tell(Change::Remove, lease, &mut effects.requests);
    }
    *ended = allocation.ended;
    if let Ok(granted) = &outcome
        && granted.named
    {
        dns.tell(Change::Add, &granted.lease, &mut effects.requests);
    }
    Ok(match outcome {
        Ok(granted) => {
            report(ctx, query, &granted, offer);
            Decision::Grant(granted)
        }
        Err(Refused::UnknownAddress) => {
            observe::log!(UnknownAddress { query: query.label(), ciaddr, requested: shown });
            Decision::Silence
        }
        Err(Refused::Nak) => {
            if offer {
                observe::log!(NakNoOffer { query: query.label(), ciaddr, requested: shown });
            } else {
                observe::log!(NakNoLease { query: query.label(), ciaddr, requested: shown });
            }
            Decision::Nak
        }
    })
}

fn report(ctx: &Context4<'_>, query: &Query<'_>, granted: &Granted<'_>, offer: bool) {
    let address = granted.lease.address;
    if offer {
        observe::log!(LeaseOffer { query: query.label(), address });
    } else {
        observe::log!(LeaseAlloc {
            query: query.label(),
            address,
            seconds: Lifetime(granted.lease.valid_lifetime)
        });
    }
    if !granted.subnet.params.own.match_client_id {
        observe::log!(ClientIdIgnored { query: query.label(), subnet: granted.subnet.id });
    }
    if granted.reused {
        observe::log!(LeaseReuse { query: query.label(), address, seconds: Lifetime(granted.lifetime) });
        ctx.runtime.reused(granted.subnet.id);
    }
}
