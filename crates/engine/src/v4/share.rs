//! Clients that several servers share: what DHCPv4 adds to [`crate::share`].

use std::fmt::Display;
use std::sync::Arc;

use config::Subnet4;
use wire::v4::MessageType;

use super::{Changed, Context4, DropReason, Effects, Query};
use crate::share::{Asking, Share};
use lease::Lease4;

/// Drops a query of another server's client.
pub(super) fn arrived(ctx: &Context4<'_>, query: &mut Query<'_>) -> Result<(), DropReason> {
    let Some(share) = ctx.share.filter(|share| !share.by_subnet() && concerns(query.kind)) else {
        return Ok(());
    };
    ask(query, |asking| share.arrived(asking))
}

/// As [`arrived`], where that depends on the subnet.
pub(super) fn selected(
    ctx: &Context4<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet4>>,
) -> Result<(), DropReason> {
    let Some(share) = by_subnet(ctx, query) else { return Ok(()) };
    let subnet = subnet.map(|subnet| (subnet.id, &subnet.prefix as &dyn Display));
    ask(query, |asking| share.selected(asking, subnet))
}

/// Whom [`selected`] asks, if anybody.
pub(super) fn by_subnet<'c>(ctx: &Context4<'c>, query: &Query<'_>) -> Option<&'c dyn Share> {
    ctx.share.filter(|share| share.by_subnet() && concerns(query.kind))
}

/// Messages about leases, those of BOOTP among them: they have no type.
fn concerns(kind: MessageType) -> bool {
    matches!(
        kind,
        MessageType(0)
            | MessageType::DISCOVER
            | MessageType::REQUEST
            | MessageType::DECLINE
            | MessageType::RELEASE
            | MessageType::INFORM
    )
}

fn ask(
    query: &mut Query<'_>,
    ask: impl FnOnce(&Asking<'_>) -> Result<Option<config::ClassId>, DropReason>,
) -> Result<(), DropReason> {
    let header = query.packet.header();
    let client_id = query.client_id.as_ref().map(|id| id.octets()).unwrap_or_default();
    let hw_addr = query.hw_addr.as_ref().map(|hw_addr| hw_addr.octets()).unwrap_or_default();
    let key = [client_id, hw_addr].into_iter().find(|key| !key.is_empty());
    let class = ask(&Asking {
        key,
        client: [hw_addr, client_id],
        waited: u32::from(seconds(header.secs)) * 1000,
        transaction: header.xid,
        label: &query.label(),
    })?;
    if let Some(class) = class {
        query.classes.insert(class);
    }
    Ok(())
}

/// Some clients write the octets of `secs` in the order of their processor.
fn seconds(secs: u16) -> u16 {
    if secs > 255 && secs & 0xff == 0 { secs.swap_bytes() } else { secs }
}

/// Has the servers that share the clients told of a lease.
pub(super) fn tell(
    ctx: &Context4<'_>,
    effects: &mut Effects<Lease4>,
    change: impl FnOnce() -> Changed<Lease4>,
) {
    if let Some(share) = ctx.share {
        let change = change();
        share.changed(change.lease().address.into());
        effects.leases.push(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_of_clients_that_swap_octets() {
        assert_eq!([0, 5, 255, 256, 0x0500, 0x0501].map(seconds), [0, 5, 255, 1, 5, 0x0501]);
    }
}
