//! What machines ask for: heartbeats, synchronization, updates that waited, the switch of the service.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use base::Family;
use control::{Answer, result};
use ha::messages as say;
use ha::wire::{self, Heartbeat};
use ha::{Action, Failure, log_failure};
use json::{Map, Value};
use modules::lease_cmds::{self, Host, Leases, Taken};
use tokio::time::sleep;

use super::line;
use super::link::{Link, PATIENCE};
use super::seat::Seat;
use crate::Protocol;
use crate::hook_host::HookHost;
use crate::server::Server;
use crate::service::Origin;

/// The least that it may take, whatever `max-response-delay` says.
const LEAST: Duration = Duration::from_millis(500);

/// Does what the machine of a relationship asks for, until the server ends.
pub(super) async fn drive<P: Protocol>(server: Weak<Server<P>>, seat: Arc<Seat<P>>) {
    loop {
        let action = match seat.next() {
            Ok(action) => action,
            Err(deadline) => {
                let pause = deadline.map(|at| Duration::from_micros(at.saturating_sub(seat.now().steady)));
                tokio::select! {
                    () = seat.woken.notified() => {}
                    () = sleep(pause.unwrap_or(Duration::MAX)) => {}
                }
                continue;
            }
        };
        let Some(server) = server.upgrade() else { return };
        if let Action::Serve(on) = action {
            serve(&server, &seat, on);
            continue;
        }
        let seat = Arc::clone(&seat);
        tokio::spawn(async move { act(&server, &seat, action).await });
    }
}

/// Switches the service on or off, as far as the relationship goes. With several it stays on: whose queries are served
/// depends on their subnets then.
pub(super) fn serve<P: Protocol>(server: &Server<P>, seat: &Seat<P>, on: bool) {
    let origin = Origin::HaLocal(ha::LOCAL_ORIGIN.saturating_add(seat.number));
    let alone = server.shared.active.load().ha.as_ref().is_none_or(|ha| ha.group.seats.len() < 2);
    if on || !alone {
        server.shared.service.enable(origin);
    } else {
        server.shared.service.disable(origin, None);
    }
}

async fn act<P: Protocol>(server: &Arc<Server<P>>, seat: &Arc<Seat<P>>, action: Action) {
    let Some((place, _)) = seat.relationship.partner() else { return };
    let Some(link) = seat.link(place) else { return };
    match action {
        Action::Heartbeat => {
            let patience = Duration::from_millis(u64::from(seat.relationship.max_response_delay));
            let outcome = link
                .ask(&seat.speaker().heartbeat(), patience.clamp(LEAST, PATIENCE))
                .await
                .and_then(|answer| Heartbeat::read(answer.arguments.as_ref()).map_err(Failure::Refused));
            seat.with(|machine, now| machine.heartbeat_done(outcome, now));
        }
        Action::Synchronize => {
            let outcome = synchronize(server, seat, place, None).await;
            seat.with(|machine, now| machine.synchronized(outcome, now));
        }
        Action::SendBacklog => {
            let outcome = send_backlog(seat, link).await;
            seat.with(|machine, now| machine.backlog_sent(outcome, now));
        }
        Action::ResetPartner => {
            let outcome = link.ask(&seat.speaker().reset(), PATIENCE).await.map(|_| ());
            if let Err(failure) = &outcome {
                let (server, partner) = (&seat.relationship.own().name, &link.label);
                log_failure!(failure, say::ResetUnsent | say::ResetFailed { server, partner });
            }
            seat.with(|machine, now| machine.partner_reset(outcome, now));
        }
        Action::Serve(_) => {}
    }
}

/// Tells the partner what it missed while it could not be reached.
async fn send_backlog<P: Protocol>(seat: &Arc<Seat<P>>, link: &Link) -> Result<(), Failure> {
    let backlog = seat.with(|machine, _| machine.take_backlog());
    let (server, partner) = (&seat.relationship.own().name, &link.label);
    observe::log!(say::BacklogStart { server, count: backlog.len(), partner });
    let begun = Instant::now();
    for changes in backlog.chunks(64) {
        let queries: Vec<&[_]> = changes.chunks(1).collect();
        for outcome in line::send::<P>(link, seat.speaker(), &queries).await {
            match outcome {
                // A lease that the partner refuses would be refused again.
                Ok(()) | Err(Failure::Conflict(_)) => {}
                Err(failure) => {
                    log_failure!(&failure, say::BacklogUnsent | say::BacklogFailed { server, partner });
                    return Err(failure);
                }
            }
        }
    }
    observe::log!(say::BacklogSent { server, partner, duration: Took(begun) });
    Ok(())
}

/// Fetches the leases of the server at a place, whose service is switched off meanwhile.
pub(super) async fn synchronize<P: Protocol>(
    server: &Arc<Server<P>>,
    seat: &Arc<Seat<P>>,
    place: usize,
    seconds: Option<u32>,
) -> Result<(), Failure> {
    let relationship = &seat.relationship;
    let own = &relationship.own().name;
    let Some(link) = seat.link(place) else {
        return Err(Failure::Refused("there is no way to this server".to_owned()));
    };
    let partner = &link.label;
    observe::log!(say::SyncStart { server: own, partner });
    let begun = Instant::now();
    let seconds = seconds.unwrap_or(relationship.sync_timeout / 1000);
    let mut disabled = false;
    let fetched = fetch(server, seat, link, seconds, &mut disabled).await;
    let ended = if fetched.is_ok() {
        match link.ask(&seat.speaker().sync_complete(), PATIENCE).await {
            Ok(_) => Ok(()),
            // Kea before 1.9.11.
            Err(Failure::Unsupported(_)) => enable(seat, link).await,
            Err(failure) => {
                log_failure!(&failure, say::NotifyUnsent | say::NotifyFailed { server: own, partner });
                Err(failure)
            }
        }
    } else if disabled {
        enable(seat, link).await
    } else {
        Ok(())
    };
    let outcome = fetched.and(ended);
    match &outcome {
        Ok(()) => observe::log!(say::SyncDone { server: own, partner, duration: Took(begun) }),
        Err(reason) => observe::log!(say::SyncFailed { server: own, partner, reason }),
    }
    outcome
}

/// Switches the service of the other server on again.
async fn enable<P: Protocol>(seat: &Seat<P>, link: &Link) -> Result<(), Failure> {
    let outcome = link.ask(&seat.speaker().enable(), PATIENCE).await.map(|_| ());
    if let Err(failure) = &outcome {
        let (server, partner) = (&seat.relationship.own().name, &link.label);
        log_failure!(failure, say::EnableUnsent | say::EnableFailed { server, partner });
    }
    outcome
}

/// Page by page, each with the partner's service switched off anew.
async fn fetch<P: Protocol>(
    server: &Arc<Server<P>>,
    seat: &Arc<Seat<P>>,
    link: &Link,
    seconds: u32,
    disabled: &mut bool,
) -> Result<(), Failure> {
    let relationship = &seat.relationship;
    let (own, partner) = (&relationship.own().name, &link.label);
    let speaker = seat.speaker();
    let patience = Duration::from_millis(u64::from(relationship.sync_timeout.max(1)));
    let limit = relationship.sync_page_limit;
    let mut after: Option<String> = None;
    loop {
        if let Err(failure) = link.ask(&speaker.disable(seconds), PATIENCE).await {
            log_failure!(&failure, say::DisableUnsent | say::DisableFailed { server: own, partner });
            return Err(failure);
        }
        *disabled = true;
        let page = link.ask(&speaker.page(after.as_deref(), limit), patience).await.and_then(leases);
        let leases = page.inspect_err(|failure| {
            log_failure!(failure, say::SyncUnsent | say::SyncRefused { server: own, partner });
        })?;
        let count = leases.len();
        observe::log!(say::SyncPage { server: own, count, partner });
        let last = leases.last().and_then(|lease| lease.get("ip-address")).and_then(Value::as_str);
        after = last.map(str::to_owned);
        let applied = apply(server, seat, leases).await.map_err(Failure::Refused)?;
        observe::log!(say::SyncApplied { server: own, count: applied });
        if after.is_none() || u32::try_from(count).is_ok_and(|count| count < limit) {
            return Ok(());
        }
    }
}

/// The leases of a page.
fn leases(answer: Answer) -> Result<Vec<Map>, Failure> {
    let malformed = || {
        Failure::Refused(
            "server response does not contain leases argument or this argument is not a list".to_owned(),
        )
    };
    let list =
        answer.arguments.as_ref().and_then(|arguments| arguments.get("leases")).and_then(Value::as_list);
    match list {
        Some(list) => Ok(list.iter().filter_map(Value::as_map).cloned().collect()),
        None if answer.result == result::EMPTY => Ok(Vec::new()),
        None => Err(malformed()),
    }
}

/// Takes the leases over that are newer than what is here; answers how many.
async fn apply<P: Protocol>(
    server: &Arc<Server<P>>,
    seat: &Arc<Seat<P>>,
    leases: Vec<Map>,
) -> Result<u64, String> {
    let host = HookHost(Arc::clone(server));
    let world = Host::<P::Model>::enter(&host).await;
    let active = server.shared.active.load_full();
    let ha = active.ha.clone();
    let own = &seat.relationship.own().name;
    let leases = leases.into_iter().map(wire::received).collect();
    let belongs = |_: &_, subnet| ha.as_ref().is_none_or(|ha| ha.belongs(subnet, seat));
    let now = world.now;
    let two = |ours: &P::Lease, theirs: &P::Lease, kept: &P::Lease| {
        let live = |lease: &P::Lease| P::Model::expires(lease) > now;
        if live(ours) && live(theirs) && lease_cmds::differ::<P::Model>(ours, theirs) {
            observe::log!(say::SyncTwoClients {
                server: own,
                address: P::Model::named(kept),
                ours: P::Model::holder(ours),
                theirs: P::Model::holder(theirs),
                kept: P::Model::holder(kept)
            });
        }
    };
    lease_cmds::take_over::<P::Model>(&world, leases, belongs, |taken| match taken {
        Taken::Over { lease, before } => {
            if let Some(before) = before {
                two(&before, lease, lease);
            }
        }
        Taken::Stale { lease, kept } => {
            two(&kept, lease, &kept);
            let (address, subnet) = (P::Model::address(lease), P::Model::subnet(lease));
            match P::FAMILY {
                Family::V4 => observe::log!(say::SyncStale4 { server: own, address, subnet }),
                Family::V6 => observe::log!(say::SyncStale6 { server: own, address, subnet }),
            }
        }
        Taken::Refused { lease, reason } => {
            observe::log!(say::SyncLeaseFailed { server: own, lease: json::to_string(lease), reason });
        }
    })
    .await
}

/// How long something took.
struct Took(Instant);

impl std::fmt::Display for Took {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let took = self.0.elapsed();
        write!(f, "{}.{:03} ms", took.as_millis(), took.subsec_micros() % 1000)
    }
}
