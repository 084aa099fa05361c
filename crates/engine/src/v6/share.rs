//! Clients that several servers share: what DHCPv6 adds to [`crate::share`].

use std::fmt::Display;
use std::sync::Arc;

use config::{ClassId, Subnet6};
use lease::Lease6;
use wire::v6::MessageType;

use super::{Context6, DropReason, Effects, Query};
use crate::Changed;
use crate::share::Asking;

/// Drops a query of another server's client.
pub(super) fn arrived(ctx: &Context6<'_>, query: &mut Query<'_>) -> Result<(), DropReason> {
    let Some(share) = ctx.share.filter(|share| !share.by_subnet() && concerns(query.kind)) else {
        return Ok(());
    };
    ask(query, |asking| share.arrived(asking))
}

/// As [`arrived`], where that depends on the subnet.
pub(super) fn selected(
    ctx: &Context6<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet6>>,
) -> Result<(), DropReason> {
    let Some(share) = ctx.share.filter(|share| share.by_subnet() && concerns(query.kind)) else {
        return Ok(());
    };
    let subnet = subnet.map(|subnet| (subnet.id, &subnet.prefix as &dyn Display));
    ask(query, |asking| share.selected(asking, subnet))
}

/// Messages about leases. INFORMATION-REQUESTs are answered by each server.
fn concerns(kind: MessageType) -> bool {
    matches!(
        kind,
        MessageType::SOLICIT
            | MessageType::REQUEST
            | MessageType::CONFIRM
            | MessageType::RENEW
            | MessageType::REBIND
            | MessageType::RELEASE
            | MessageType::DECLINE
            | MessageType::ADDR_REG_INFORM
    )
}

fn ask(
    query: &mut Query<'_>,
    ask: impl FnOnce(&Asking<'_>) -> Result<Option<ClassId>, DropReason>,
) -> Result<(), DropReason> {
    let duid = query.duid.as_ref().map(|duid| duid.octets());
    let class = ask(&Asking {
        key: duid,
        client: [duid.unwrap_or_default(), &[]],
        waited: u32::from(query.message().elapsed().unwrap_or(0)) * 10,
        transaction: query.message().transaction(),
        label: &query.label(),
    })?;
    if let Some(class) = class {
        query.classes.insert(class);
    }
    Ok(())
}

/// Has the servers that share the clients told of a lease.
pub(super) fn tell(
    ctx: &Context6<'_>,
    effects: &mut Effects<Lease6>,
    change: impl FnOnce() -> Changed<Lease6>,
) {
    if let Some(share) = ctx.share {
        let change = change();
        share.changed(change.lease().address.into());
        effects.leases.push(change);
    }
}
