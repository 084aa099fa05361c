//! INFORMATION-REQUEST (RFC 9915 section 18.3.6): options for a client that needs no lease.

use std::sync::Arc;

use config::Subnet6;
use wire::v6::MessageType;

use super::reply::Answer;
use super::{Context6, Query, Verdict, reply};

pub(super) fn process(
    ctx: &Context6<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet6>>,
    out: &mut Vec<u8>,
) -> Verdict {
    let subnet = subnet.and_then(|s| ctx.config.subnet(s.id));
    let mut answer = Answer::new(MessageType::REPLY);
    answer.nameless = true;
    reply::finish(ctx, query, subnet, answer, out)
}
