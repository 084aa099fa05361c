//! What is told of active leases (RFC 5007 sections 4.1.2.2 to 4.1.2.5).

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{Seconds, SubnetId, Timestamp};
use lease::{Lease6, LeaseType};
use wire::Full;
use wire::iana::dhcp6_option as option6;
use wire::v6::Builder;

use crate::v6::messages::{Details, LeaseQueryNoRelays};
use crate::v6::{Context6, extended};

/// The addresses of the links that a client has leases on, where these are several.
pub(super) fn links(ctx: &Context6<'_>, leases: &[Arc<Lease6>]) -> Vec<u8> {
    let subnets: BTreeSet<SubnetId> = leases.iter().map(|lease| lease.subnet_id).collect();
    if subnets.len() < 2 {
        return Vec::new();
    }
    let known = subnets.iter().filter_map(|id| ctx.config.subnet(*id));
    known.flat_map(|subnet| subnet.prefix.address().octets()).collect()
}

/// Who the client is, and for how long it has not been heard of.
pub(super) fn client(builder: &mut Builder<'_>, lease: &Lease6, now: Timestamp) -> Result<(), Full> {
    builder.option(option6::CLIENT_ID, lease.duid.octets())?;
    builder.option(option6::CLT_TIME, &elapsed(lease, now).to_be_bytes())
}

/// The address or prefix, with what is left of its lifetimes.
pub(super) fn resource(builder: &mut Builder<'_>, lease: &Lease6, now: Timestamp) -> Result<(), Full> {
    let elapsed = elapsed(lease, now);
    let left = |time: Seconds| if time.is_infinite() { time.0 } else { time.0.saturating_sub(elapsed) };
    let (preferred, valid) = (left(lease.preferred_lifetime), left(lease.valid_lifetime));
    let option = match lease.lease_type {
        LeaseType::Na => builder.ia_addr(lease.address, preferred, valid)?,
        LeaseType::Pd => builder.ia_prefix(lease.address, lease.prefix_length, preferred, valid)?,
    };
    builder.close(option)
}

fn elapsed(lease: &Lease6, now: Timestamp) -> u32 {
    u32::try_from(now.since(lease.cltt)).unwrap_or(u32::MAX)
}

/// The payload of lq-relay-data: how the client's message came, as far as it was kept.
pub(super) fn relay_data(lease: &Lease6) -> Option<Vec<u8>> {
    match extended::relay_data(lease.user_context.as_deref()?) {
        Ok(data) => data,
        Err(reason) => {
            observe::log!(LeaseQueryNoRelays { lease: Details(lease), reason });
            None
        }
    }
}
