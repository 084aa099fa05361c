//! CONFIRM (RFC 9915 section 18.3.3): whether the client's addresses fit the link it is on now. The subnets of a shared
//! network are one link.

use std::sync::Arc;

use config::Subnet6;
use wire::v6::{IaKind, MessageType, StatusCode};

use super::reply::{Answer, Text};
use super::{Context6, Query, Verdict, reply};
use crate::siblings::siblings;

pub(super) fn process(
    ctx: &Context6<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet6>>,
    out: &mut Vec<u8>,
) -> Verdict {
    let subnet = subnet.and_then(|s| ctx.config.subnet(s.id));
    // An address of a subnet that the client may use no longer is one that it should not keep.
    let elsewhere = |address| {
        subnet.is_some_and(|subnet| {
            !siblings(ctx.config, subnet, &query.classes).any(|subnet| subnet.prefix.contains(address))
        })
    };
    let mut any = false;
    let mut foreign = None;
    for ia in query.message().ias().filter(|ia| ia.kind == IaKind::Na) {
        for address in ia.addresses().map(|a| a.address) {
            any = true;
            if foreign.is_none() && elsewhere(address) {
                foreign = Some(address);
            }
        }
    }
    if !any {
        return Verdict::NOTHING;
    }
    let mut answer = Answer::new(MessageType::REPLY);
    answer.status = Some(match (subnet, foreign) {
        (_, Some(address)) => {
            (StatusCode::NOT_ON_LINK, Text::Owned(format!("Address {address} is not on link.")))
        }
        (Some(_), None) => (StatusCode::SUCCESS, Text::Borrowed("All addresses are on-link")),
        (None, None) => (StatusCode::NOT_ON_LINK, Text::Borrowed("No subnet selected")),
    });
    answer.nameless = true;
    reply::finish(ctx, query, subnet, answer, out)
}
