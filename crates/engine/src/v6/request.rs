//! SOLICIT and REQUEST (RFC 9915 sections 18.3.1 and 18.3.2).

use std::sync::Arc;

use base::Iaid;
use config::{Subnet6, builtin};
use lease::{LeaseType, StoreError};
use smallvec::SmallVec;
use wire::iana::dhcp6_option as option6;
use wire::v6::{Ia, MessageType, StatusCode};

use super::allocate::{Asked, Exchange, Granted};
use super::messages::{
    Advertised, Allocated, Details, LeaseData, Lifetime, NothingAllocated, ProcessAssociation, RapidCommit,
    Rejected, Resource, Reused,
};
use super::reply::{Answer, IaReply, Text};
use super::{Context6, Query, Verdict, extend, reply};

/// Associations of one message that are served. More of them are a mistake, or an attack on the pools.
const MOST: usize = 256;

/// Addresses and prefixes that are not granted, and why: to associations that ask for them.
struct Refusal {
    address: Text,
    prefix: Text,
}

const REJECTED: Refusal = Refusal {
    address: Text::Borrowed("Server rejected this request"),
    prefix: Text::Borrowed("Server rejected this request"),
};
const NO_SUBNET: Refusal = Refusal {
    address: Text::Borrowed("Server could not select subnet for this client"),
    prefix: Text::Borrowed("Sorry, no subnet available."),
};
const NOTHING: Refusal = Refusal {
    address: Text::Borrowed("Sorry, no address could be allocated."),
    prefix: Text::Borrowed("Sorry, no prefixes could be allocated."),
};

impl Refusal {
    fn of(&self, kind: LeaseType) -> (StatusCode, Text) {
        match kind {
            LeaseType::Na => (StatusCode::NO_ADDRS_AVAIL, self.address.clone()),
            LeaseType::Pd => (StatusCode::NO_PREFIX_AVAIL, self.prefix.clone()),
        }
    }
}

/// The associations of a message that are served; one that comes twice is served once, or it would be given twice what
/// it is to have.
pub(super) fn associations<'q>(query: &'q Query<'_>) -> impl Iterator<Item = (Ia<'q>, Asked)> {
    let mut seen: SmallVec<[(LeaseType, Iaid); 4]> = SmallVec::new();
    let only = |kind: LeaseType| {
        let of_kind = query.message().ias().filter_map(|ia| Asked::of(&ia)).filter(|a| a.kind == kind);
        query.ignore_iaid && of_kind.take(2).count() == 1
    };
    query
        .message()
        .ias()
        .filter_map(move |ia| {
            let mut asked = Asked::of(&ia)?;
            if only(asked.kind) {
                asked.iaid = Iaid(0);
            }
            Some((ia, asked))
        })
        .filter(move |(_, asked)| {
            let one = (asked.kind, asked.iaid);
            let first = !seen.contains(&one);
            if first {
                seen.push(one);
            }
            first
        })
        .take(MOST)
}

/// Members of REJECT get nothing (class REJECT).
pub(super) fn rejected(query: &Query<'_>, answer: &mut Answer<'_>) -> bool {
    if !query.classes.contains(builtin::REJECT) {
        return false;
    }
    observe::log!(Rejected { query: query.label(), name: query.kind });
    for (_, asked) in associations(query) {
        answer.ias.push(IaReply::refused(asked.kind, asked.named, REJECTED.of(asked.kind)));
    }
    true
}

pub(super) async fn process(
    ctx: &Context6<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet6>>,
    out: &mut Vec<u8>,
) -> Result<Verdict, StoreError> {
    let subnet = subnet.and_then(|s| ctx.config.subnet(s.id));
    let solicit = query.kind == MessageType::SOLICIT;
    let rapid = solicit
        && subnet.is_some_and(|subnet| subnet.params.own.rapid_commit)
        && query.message().has_rapid_commit();
    let kind = if solicit && !rapid { MessageType::ADVERTISE } else { MessageType::REPLY };
    let mut answer = Answer::new(kind);
    if rapid {
        observe::log!(RapidCommit { query: query.label() });
        answer.rapid_commit = true;
    }
    if rejected(query, &mut answer) {
        return Ok(reply::finish(ctx, query, subnet, answer, out));
    }
    let Some(subnet) = subnet else {
        for (_, asked) in associations(query) {
            answer.ias.push(IaReply::refused(asked.kind, asked.named, NO_SUBNET.of(asked.kind)));
        }
        return Ok(reply::finish(ctx, query, None, answer, out));
    };
    let mut exchange = Exchange::new(ctx, query, subnet, kind == MessageType::REPLY);
    let excludes = query.requests(option6::PD_EXCLUDE);
    for (_, asked) in associations(query) {
        let hint = asked.hints.first().map(|hint| hint.address);
        observe::log!(ProcessAssociation {
            query: query.label(),
            kind: asked.kind.name(),
            iaid: asked.iaid,
            hint: Shown(hint)
        });
        let outcome = exchange.serve(&asked).await?;
        let mut ia = IaReply::new(asked.kind, asked.named);
        if outcome.granted.is_empty() {
            observe::log!(NothingAllocated {
                query: query.label(),
                kind: asked.kind.name(),
                iaid: asked.iaid
            });
            ia.status = Some(NOTHING.of(asked.kind));
        }
        // One address for one association; prefixes as many as the client holds.
        let most = if asked.kind == LeaseType::Na { 1 } else { usize::MAX };
        for granted in outcome.granted.iter().take(most) {
            report(ctx, query, granted, exchange.commit);
            ia.grant(query, granted, excludes);
        }
        ia.set_timers(exchange.subnet);
        answer.ias.push(ia);
    }
    Ok(extend::conclude(ctx, query, exchange_end(exchange), answer, out))
}

/// What an exchange leaves behind, without its hold on the query.
pub(super) struct Ended<'c> {
    pub subnet: &'c Arc<Subnet6>,
    pub granted: SmallVec<[(base::Ipv6Prefix, Option<super::pools::Pool<'c>>); 2]>,
    pub name: Option<super::name::ClientName>,
    pub ended: Vec<Arc<lease::Lease6>>,
    pub begun: Option<lease::Lease6>,
    pub given: Vec<lease::Lease6>,
    pub kept: Vec<lease::Lease6>,
}

pub(super) fn exchange_end<'c>(exchange: Exchange<'_, 'c, '_>) -> Ended<'c> {
    let Exchange { subnet, granted, name, ended, begun, given, kept, .. } = exchange;
    Ended { subnet, granted, name, ended, begun, given, kept }
}

/// Shows a hint, or that there is none.
struct Shown(Option<std::net::Ipv6Addr>);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("(no hint)"),
        }
    }
}

pub(super) fn report(ctx: &Context6<'_>, query: &Query<'_>, granted: &Granted<'_>, commit: bool) {
    let lease = &granted.lease;
    let (label, iaid) = (query.label(), lease.iaid);
    let resource = Resource(lease);
    observe::log!(LeaseData { query: label, iaid, lease: Details(lease) });
    if granted.reused {
        let seconds = Lifetime(granted.lifetimes.valid);
        observe::log!(Reused { query: label, resource, iaid, seconds });
        ctx.runtime.reused(lease);
    } else if commit {
        let seconds = Lifetime(lease.valid_lifetime);
        observe::log!(Allocated { query: label, resource, iaid, seconds });
    } else {
        observe::log!(Advertised { query: label, resource, iaid });
    }
}
