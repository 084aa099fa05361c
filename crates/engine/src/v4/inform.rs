//! INFORM (RFC 2131 section 4.3.5): options for a client that has an address.

use std::sync::Arc;

use config::Subnet4;
use lease::StoreError;
use wire::v4::MessageType;

use super::{Context4, Query, Verdict, classify, reply};

pub(super) fn process(
    ctx: &Context4<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet4>>,
    out: &mut Vec<u8>,
) -> Result<Verdict, StoreError> {
    let Some(subnet) = subnet else {
        return Ok(reply::bare_ack(ctx, query, out));
    };
    crate::classify::of_final_subnet(query, subnet);
    classify::additional(ctx, query, subnet, None);
    Ok(reply::grant(ctx, query, MessageType::ACK, subnet, None, None, out))
}
