//! RENEW and REBIND (RFC 9915 sections 18.3.4 and 18.3.5).

use std::sync::Arc;

use config::Subnet6;
use lease::{LeaseType, StoreError};
use ncr::Change;
use wire::iana::dhcp6_option as option6;
use wire::v6::{MessageType, StatusCode};

use super::allocate::Exchange;
use super::messages::{NotProcessed, ProcessExtend, Renewed};
use super::pools::Pool;
use super::reply::{Answer, IaReply, Text};
use super::request::{Ended, associations, exchange_end, rejected, report};
use super::{Context6, Dns6, DropReason, Query, Verdict, event, legal, reply, share};
use crate::Changed;
use crate::legal::Event;

pub(super) async fn process(
    ctx: &Context6<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet6>>,
    out: &mut Vec<u8>,
) -> Result<Verdict, StoreError> {
    let subnet = subnet.and_then(|s| ctx.config.subnet(s.id));
    let mut answer = Answer::new(MessageType::REPLY);
    if rejected(query, &mut answer) {
        return Ok(reply::finish(ctx, query, subnet, answer, out));
    }
    let Some(subnet) = subnet else { return Ok(unlocated(ctx, query, answer, out)) };
    let mut exchange = Exchange::new(ctx, query, subnet, true);
    let excludes = query.requests(option6::PD_EXCLUDE);
    for (_, asked) in associations(query) {
        observe::log!(ProcessExtend { query: query.label(), kind: asked.kind.name(), iaid: asked.iaid });
        let outcome = exchange.serve(&asked).await?;
        let mut ia = IaReply::new(asked.kind, asked.named);
        for granted in &outcome.granted {
            if granted.reused {
                report(ctx, query, granted, true);
            } else {
                let resource = super::messages::Resource(&granted.lease);
                observe::log!(Renewed { query: query.label(), resource, iaid: asked.iaid });
            }
            ia.grant(query, granted, excludes);
        }
        // What the client had, or believes it has, and may not use any longer.
        for lost in outcome.lost.iter().filter_map(|lease| lease.prefix()) {
            ia.withdraw(lost);
        }
        for hint in asked.hints.iter().filter(|hint| !hint.address.is_unspecified()) {
            ia.withdraw_named(hint.address, hint.length);
        }
        if outcome.granted.is_empty() {
            ia.status = Some(match asked.kind {
                LeaseType::Na => (
                    StatusCode::NO_ADDRS_AVAIL,
                    Text::Borrowed("Sorry, no addresses could be assigned at this time."),
                ),
                LeaseType::Pd => (
                    StatusCode::NO_PREFIX_AVAIL,
                    Text::Borrowed("Sorry, no prefixes could be assigned at this time."),
                ),
            });
        }
        ia.set_timers(exchange.subnet);
        answer.ias.push(ia);
    }
    Ok(conclude(ctx, query, exchange_end(exchange), answer, out))
}

/// Without a subnet there is nothing that is known of the client's leases. A REBIND of prefixes may concern another
/// server, so it is left alone.
fn unlocated<'c>(
    ctx: &Context6<'c>,
    query: &mut Query<'_>,
    mut answer: Answer<'c>,
    out: &mut Vec<u8>,
) -> Verdict {
    for (_, asked) in associations(query) {
        let text = match asked.kind {
            LeaseType::Na => "Sorry, no known leases for this duid/iaid.",
            LeaseType::Pd if query.kind == MessageType::RENEW => {
                "Sorry, no known PD leases for this duid/iaid."
            }
            LeaseType::Pd => {
                let reason = "no subnet found for the client that rebinds a prefix";
                observe::log!(NotProcessed {
                    query: query.label(),
                    name: query.kind,
                    remote: query.arrival.remote,
                    reason
                });
                return Verdict::Drop(DropReason::ProcessingFailed);
            }
        };
        let status = (StatusCode::NO_BINDING, Text::Borrowed(text));
        answer.ias.push(IaReply::refused(asked.kind, asked.named, status));
    }
    reply::finish(ctx, query, None, answer, out)
}

/// What follows an exchange about leases: the last classes, the reply, and what DNS and the legal log are to be told.
pub(super) fn conclude<'c>(
    ctx: &Context6<'c>,
    query: &mut Query<'_>,
    ended: Ended<'c>,
    mut answer: Answer<'c>,
    out: &mut Vec<u8>,
) -> Verdict {
    let dns = Dns6::of(ctx);
    for lease in &ended.ended {
        dns.tell(Change::Remove, lease, &mut answer.effects.requests);
    }
    if let Some(lease) = &ended.begun {
        dns.tell(Change::Add, lease, &mut answer.effects.requests);
    }
    answer.pools =
        ended.granted.iter().filter_map(|(_, pool)| *pool).collect::<smallvec::SmallVec<[Pool<'c>; 2]>>();
    answer.name = ended.name;
    // Nothing is committed for an advertisement.
    let answers = answer.kind == MessageType::REPLY;
    let kept = |lease: &&Arc<lease::Lease6>| {
        ended.granted.iter().any(|(resource, _)| lease.prefix() == Some(*resource))
    };
    for lease in ended.ended.iter().filter(|lease| !kept(lease)) {
        share::tell(ctx, &mut answer.effects, || Changed::Ended(lease::Lease6::clone(lease)));
    }
    for lease in &ended.given {
        share::tell(ctx, &mut answer.effects, || Changed::Stored(lease.clone()));
    }
    let mut verdict = reply::finish(ctx, query, Some(ended.subnet), answer, out);
    if let (Verdict::Reply(reply), true) = (&mut verdict, answers) {
        let lost = ended.ended.iter().filter(|lease| !kept(lease));
        event::committed(ctx, query, (&ended.given, &ended.kept), lost, &mut reply.effects.announcements);
    }
    if let (Verdict::Reply(reply), true) = (&mut verdict, ctx.config.legal_log.is_some()) {
        let entries = &mut reply.effects.entries;
        for lease in &ended.given {
            legal::tell(ctx, query, Some(out), Event::Assigned, lease, entries);
        }
        for lease in ended.ended.iter().filter(|lease| !kept(lease)) {
            legal::tell(ctx, query, Some(out), Event::Released, lease, entries);
        }
    }
    verdict
}
