//! Finding the lease a client holds, and telling whose a lease is.

use std::sync::Arc;

use base::{ClientId, HwAddr};
use config::Subnet4;
use lease::{Lease4, StoreError};

use super::{Context4, Query};
use crate::siblings::siblings;

/// Whether a lease is the client's: by client identifier where both sides have one, else by hardware address.
/// `client_id` is `None` for subnets with `match-client-id` false.
pub(super) fn belongs(lease: &Lease4, hw_addr: Option<&HwAddr>, client_id: Option<&ClientId>) -> bool {
    match (&lease.client_id, client_id) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => match (&lease.hw_addr, hw_addr) {
            (Some(theirs), Some(ours)) => theirs.octets() == ours.octets(),
            _ => false,
        },
    }
}

/// The client identifier as far as the subnet heeds it.
pub(super) fn matched_client_id<'q>(query: &'q Query<'_>, subnet: &Subnet4) -> Option<&'q ClientId> {
    query.client_id.as_ref().filter(|_| subnet.params.own.match_client_id)
}

/// The client's lease among the selected subnet and its siblings, with the subnet it lies in: first by client
/// identifier, then by hardware address.
pub(super) async fn of_client<'c>(
    ctx: &Context4<'c>,
    query: &Query<'_>,
    selected: &'c Arc<Subnet4>,
) -> Result<Option<(Arc<Lease4>, &'c Arc<Subnet4>)>, StoreError> {
    if let Some(client_id) = &query.client_id {
        let leases = ctx.store.by_client_id(client_id).await?;
        if !leases.is_empty() {
            for subnet in
                siblings(ctx.config, selected, &query.classes).filter(|s| s.params.own.match_client_id)
            {
                if let Some(lease) = leases.iter().find(|l| l.subnet_id == subnet.id) {
                    return Ok(Some((Arc::clone(lease), subnet)));
                }
            }
        }
    }
    if let Some(hw_addr) = &query.hw_addr {
        let leases = ctx.store.by_hw_addr(hw_addr).await?;
        if !leases.is_empty() {
            for subnet in siblings(ctx.config, selected, &query.classes) {
                let client_id = matched_client_id(query, subnet);
                let own = leases
                    .iter()
                    .find(|l| l.subnet_id == subnet.id && belongs(l, query.hw_addr.as_ref(), client_id));
                if let Some(lease) = own {
                    return Ok(Some((Arc::clone(lease), subnet)));
                }
            }
        }
    }
    Ok(None)
}
