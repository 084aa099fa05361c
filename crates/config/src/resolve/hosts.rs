//! Host reservations.

use std::sync::Arc;

use ::options::DefTable;
use base::{Family, SubnetId};
use host::{Duplicate, HostSource, Identifier, IdentifierKind};
use json::{Map, Pos, Value};

use super::options::{has_items, items};
use super::own::Own;
use super::{ClassBuilder, Context, option_set};
use crate::parse::objects::{identifier_kinds, list, text};
use crate::parse::position;
use crate::{Host, OptionSet, Written};

/// The order of lookups.
pub(crate) fn identifiers(family: Family, globals: &Map) -> Box<[IdentifierKind]> {
    let names = list(globals, "host-reservation-identifiers").iter().filter_map(Value::as_str);
    let order: Box<[IdentifierKind]> = names.filter_map(IdentifierKind::from_name).collect();
    // `auto` names no kind.
    if order.is_empty() { default_identifiers(family).into() } else { order }
}

/// The order of lookups where a configuration names none.
pub(crate) fn default_identifiers(family: Family) -> &'static [IdentifierKind] {
    match family {
        Family::V4 => &IdentifierKind::DEFAULT_ORDER,
        Family::V6 => &[IdentifierKind::HwAddress, IdentifierKind::Duid],
    }
}

/// The reservations of the globals and of all subnets.
pub(crate) fn resolve<P: Own>(
    ctx: &mut Context<'_>,
    written: &Written<P>,
    definitions: &Arc<DefTable>,
    classes: &mut ClassBuilder,
) -> host::Chain<P::Reservation> {
    let unique =
        ctx.global(&written.globals, "ip-reservations-unique").and_then(|v| v.as_bool()).unwrap_or(true);
    let mut table = host::Table::default();
    ctx.enter("reservations");
    for element in &written.reservations {
        let host = one::<P>(ctx, &element.map, host::GLOBAL, definitions, classes);
        add::<P>(ctx, &mut table, host, &element.pos, unique);
    }
    ctx.enter(P::SUBNETS);
    let prefix = ctx.without_prefix();
    for subnet in &written.subnets {
        for value in list(&subnet.element.map, "reservations") {
            let Some(map) = value.as_map() else { continue };
            let host = one::<P>(ctx, map, subnet.id, definitions, classes);
            if let Some((member, why)) = host.as_ref().and_then(|h| P::outside(&h.extra, subnet.prefix)) {
                ctx.fault(position(map, member, &value.pos), why);
                continue;
            }
            add::<P>(ctx, &mut table, host, &value.pos, unique);
        }
    }
    ctx.restore_prefix(prefix);
    let source: Arc<dyn HostSource<P::Reservation>> = Arc::new(table);
    host::Chain::new([source])
}

fn one<P: Own>(
    ctx: &mut Context<'_>,
    map: &Map,
    subnet: SubnetId,
    definitions: &DefTable,
    classes: &mut ClassBuilder,
) -> Option<Host<P>> {
    // What is wrong with it was reported when it was parsed.
    let identifier = identifier(P::FAMILY, map)?.ok()?;
    let options = if has_items(map, "option-data") {
        option_set(ctx, definitions, classes, items(map, "option-data").into_iter())
    } else {
        OptionSet::default()
    };
    Some(host::Host {
        identifier,
        subnet,
        hostname: text(map, "hostname").unwrap_or("").into(),
        extra: P::reservation(map, classes.ids(map, "client-classes"), options),
    })
}

/// The identifier of a reservation, of whichever kind it has.
pub(crate) fn identifier(family: Family, map: &Map) -> Option<Result<Identifier, host::IdentifierError>> {
    identifier_kinds(family)
        .iter()
        .copied()
        .find_map(|kind| Some(Identifier::parse(kind, text(map, kind.name())?)))
}

fn add<P: Own>(
    ctx: &mut Context<'_>,
    table: &mut host::Table<P::Reservation>,
    host: Option<Host<P>>,
    pos: &Pos,
    unique: bool,
) {
    let Some(host) = host else { return };
    let kept = host.clone();
    let Err(duplicate) = table.add(host, unique) else { return };
    let Host::<P> { identifier, subnet, .. } = &kept;
    let kind = identifier.kind();
    let version = if P::FAMILY == Family::V4 { "IPv4" } else { "IPv6" };
    let what = match (duplicate, kind) {
        (Duplicate::Identifier, IdentifierKind::HwAddress | IdentifierKind::Duid) => {
            let name = if kind == IdentifierKind::Duid { "DUID" } else { "HW address" };
            format!(
                "failed to add new host using the {name} '{}' to the {version} subnet id '{subnet}' as this host has \
                 already been added",
                identifier.text()
            )
        }
        (Duplicate::Identifier, _) => {
            format!("failed to add duplicate {version} host using identifier: {identifier}")
        }
        (Duplicate::Resource(place), _) => {
            let known = |of: IdentifierKind| if kind == of { identifier.text() } else { "(null)".to_owned() };
            P::taken(&kept, place, &known)
        }
    };
    ctx.fault(pos, what);
}
