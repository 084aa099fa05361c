//! Host reservations.

use std::net::Ipv4Addr;
use std::sync::Arc;

use ::options::DefTable;
use base::{Ipv4Prefix, SubnetId};
use host::{Duplicate, Host, HostSource, Identifier, IdentifierKind};
use json::{Map, Pos, Value};

use super::options::{has_items, items};
use super::scope::address;
use super::{ClassBuilder, Context, global, option_set};
use crate::parse::objects::{list, text};
use crate::parse::position;
use crate::{Host4, OptionSet, Reservation4, Written4};

/// The order of lookups.
pub(crate) fn identifiers(globals: &Map) -> Box<[IdentifierKind]> {
    let names = list(globals, "host-reservation-identifiers").iter().filter_map(Value::as_str);
    let order: Box<[IdentifierKind]> = names.filter_map(IdentifierKind::from_name).collect();
    // `auto` names no kind.
    if order.is_empty() { Box::new(IdentifierKind::DEFAULT_ORDER) } else { order }
}

/// The reservations of the globals and of all subnets.
pub(crate) fn resolve(
    ctx: &mut Context<'_>,
    written: &Written4,
    definitions: &Arc<DefTable>,
    classes: &mut ClassBuilder,
) -> host::Chain<Reservation4> {
    let unique = global(&written.globals, "ip-reservations-unique").and_then(|v| v.as_bool()).unwrap_or(true);
    let mut table = host::Table::default();
    ctx.enter("reservations");
    for element in &written.reservations {
        let host = one(ctx, &element.map, host::GLOBAL, definitions, classes);
        add(ctx, &mut table, host, &element.pos, unique);
    }
    ctx.enter("subnet4");
    let prefix = ctx.without_prefix();
    for subnet in &written.subnets {
        for value in list(&subnet.element.map, "reservations") {
            let Some(map) = value.as_map() else { continue };
            let host = one(ctx, map, subnet.id, definitions, classes);
            if let Some(address) = host.as_ref().and_then(|h| h.extra.address)
                && !subnet.prefix.contains(address)
            {
                outside(ctx, map, &value.pos, address, subnet.prefix);
                continue;
            }
            add(ctx, &mut table, host, &value.pos, unique);
        }
    }
    ctx.restore_prefix(prefix);
    let source: Arc<dyn HostSource<Reservation4>> = Arc::new(table);
    host::Chain::new([source])
}

fn outside(ctx: &mut Context<'_>, map: &Map, pos: &Pos, address: Ipv4Addr, prefix: Ipv4Prefix) {
    ctx.fault(
        position(map, "ip-address", pos),
        format_args!("specified reservation '{address}' is not within the IPv4 subnet '{prefix}'"),
    );
}

fn one(
    ctx: &mut Context<'_>,
    map: &Map,
    subnet: SubnetId,
    definitions: &DefTable,
    classes: &mut ClassBuilder,
) -> Option<Host4> {
    // What is wrong with it was reported when it was parsed.
    let identifier = identifier(map)?.ok()?;
    let options = if has_items(map, "option-data") {
        option_set(ctx, definitions, classes, items(map, "option-data").into_iter())
    } else {
        OptionSet::default()
    };
    let word = |name: &str| Arc::from(text(map, name).unwrap_or(""));
    Some(Host {
        identifier,
        subnet,
        hostname: text(map, "hostname").unwrap_or("").into(),
        extra: Reservation4 {
            address: address(map, "ip-address"),
            classes: classes.ids(map, "client-classes"),
            options,
            next_server: address(map, "next-server"),
            server_hostname: word("server-hostname"),
            boot_file_name: word("boot-file-name"),
        },
    })
}

/// The identifier of a reservation, of whichever kind it has.
pub(crate) fn identifier(map: &Map) -> Option<Result<Identifier, host::IdentifierError>> {
    IdentifierKind::ALL.into_iter().find_map(|kind| Some(Identifier::parse(kind, text(map, kind.name())?)))
}

fn add(
    ctx: &mut Context<'_>,
    table: &mut host::Table<Reservation4>,
    host: Option<Host4>,
    pos: &Pos,
    unique: bool,
) {
    let Some(host) = host else { return };
    let (identifier, subnet, address) = (host.identifier.clone(), host.subnet, host.extra.address);
    let Err(duplicate) = table.add(host, unique) else { return };
    let kind = identifier.kind();
    let what = match (duplicate, kind) {
        (Duplicate::Identifier, IdentifierKind::HwAddress | IdentifierKind::Duid) => {
            let name = if kind == IdentifierKind::Duid { "DUID" } else { "HW address" };
            format!(
                "failed to add new host using the {name} '{}' to the IPv4 subnet id '{subnet}' as this host has \
                 already been added",
                identifier.text()
            )
        }
        (Duplicate::Identifier, _) => {
            format!("failed to add duplicate IPv4 host using identifier: {identifier}")
        }
        (Duplicate::Resource(_), _) => {
            let known = |of: IdentifierKind| if kind == of { identifier.text() } else { "(null)".to_owned() };
            // The quotes are Kea's.
            format!(
                "failed to add new host using the HW address '{} and DUID '{}' to the IPv4 subnet id '{subnet}' for \
                 the address {}: There's already a reservation for this address",
                known(IdentifierKind::HwAddress),
                known(IdentifierKind::Duid),
                address.unwrap_or(Ipv4Addr::UNSPECIFIED)
            )
        }
    };
    ctx.fault(pos, what);
}
