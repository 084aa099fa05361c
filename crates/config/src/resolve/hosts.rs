//! Host reservations.

use std::sync::Arc;

use ::options::DefTable;
use base::{Family, SubnetId};
use host::{Duplicate, HostSource, Identifier, IdentifierKind};
use json::{Map, Pos, Value};

use super::options::{has_items, option_items};
use super::own::Own;
use super::{ClassBuilder, Context, ResolveEnv, option_set};
use crate::error::ConfigError;
use crate::parse::objects::{identifier_kinds, list, text};
use crate::parse::position;
use crate::{ClassId, Host, OptionSet, ServerConfig, Written};

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
                ctx.fault(&position(map, member, &value.pos()), why);
                continue;
            }
            add::<P>(ctx, &mut table, host, &value.pos(), unique);
        }
    }
    ctx.restore_prefix(prefix);
    let source: Arc<dyn HostSource<P::Reservation>> = Arc::new(table);
    host::Chain::new([source])
}

/// A reservation from a database, for a configuration that runs.
///
/// # Errors
/// What is wrong with it: an option that the configuration's definitions do not fit, most often.
pub(crate) fn stored<P: Own>(
    config: &ServerConfig<P>,
    subnet: SubnetId,
    map: &Map,
) -> Result<Host<P>, Vec<ConfigError>> {
    let env = ResolveEnv::default();
    let mut ctx = Context::new(&env, P::FAMILY);
    let mut classes = ClassBuilder::of(Arc::clone(&config.classes));
    let host = one::<P>(&mut ctx, map, subnet, &config.definitions, &mut classes);
    match host {
        Some(host) if ctx.errors.is_empty() => Ok(host),
        _ => Err(ctx.errors),
    }
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
        option_set(ctx, definitions, classes, option_items(map, false))
    } else {
        OptionSet::default()
    };
    // Nobody joins a class that nobody knows.
    let joined: Vec<ClassId> = classes.ids(map, "client-classes").into();
    let joined = joined.into_iter().filter(|class| *class != ClassId::NOBODY).collect();
    Some(host::Host {
        identifier,
        subnet,
        hostname: text(map, "hostname").unwrap_or("").into(),
        extra: P::reservation(map, joined, options),
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
    let version = P::FAMILY.version();
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
