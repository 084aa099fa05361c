//! `libdhcp_legal_log`: what its entries are made of (Kea manual, "Forensic Logging"). Where they go is the library's own
//! business.

use std::sync::Arc;

use ::options::DefTable;
use base::SubnetId;

use json::{Map, Value};

use super::service::database_access;
use super::{ClassBuilder, Context};
use crate::keywords::DATABASE;
use crate::parse::objects::text;
use crate::parse::{Checker, Origin};
use crate::{DatabaseAccess, HookLibrary, LegalLog, OnFail, Protocol, Written};

const LIBRARY: &str = "libdhcp_legal_log";

/// What the library's parameters and the user contexts of subnets say, where it is listed.
pub(crate) fn resolve<P: Protocol>(
    ctx: &mut Context<'_>,
    written: &Written<P>,
    libraries: &[HookLibrary],
    definitions: &Arc<DefTable>,
    classes: &mut ClassBuilder,
) -> Option<LegalLog> {
    let parameters = &libraries.iter().find(|library| library.is(LIBRARY))?.parameters;
    let mut expression = |name: &str| {
        let value = parameters.get(name)?;
        match value.as_str() {
            None => {
                ctx.fault(&value.pos(), format_args!("'{name}' of {LIBRARY} is not a string"));
                None
            }
            Some("") => None,
            Some(_) => classes.compile(ctx, parameters, name, definitions),
        }
    };
    let (request, response) = (expression("request-parser-format"), expression("response-parser-format"));
    let database = database(ctx, parameters);
    Some(LegalLog { request, response, silent: silent(written).collect(), database })
}

/// What a `lease-database` may say and a legal log may not.
const NOT_OURS: &[&str] = &["lfc-interval", "max-row-errors", "persist", "persist-sync", "readonly"];

/// The database that the parameters name, which are those of a `lease-database` but for those of files. A legal log that
/// cannot be written stops nothing unless `on-fail` says so.
fn database(ctx: &mut Context<'_>, parameters: &Map) -> Option<DatabaseAccess> {
    let kind = parameters.get("type")?.as_str()?;
    if !matches!(kind, "mysql" | "postgresql") {
        return None;
    }
    let mut checker = Checker::new(Origin::File, ctx.family);
    let mut members = Map::new();
    for (name, value) in parameters {
        let keyword = DATABASE.get(name).filter(|_| !NOT_OURS.contains(&name.as_str()));
        if let Some(value) = keyword.and_then(|keyword| checker.value(LIBRARY, keyword, value.clone())) {
            members.insert(name.clone(), value);
        }
    }
    ctx.errors.append(&mut checker.errors);
    for (name, other) in [("name", None), ("password", Some("password-file"))] {
        match other {
            None if text(parameters, name).is_none_or(str::is_empty) => {
                let pos = parameters.get("type").map(Value::pos).unwrap_or_default();
                ctx.fault(&pos, format_args!("{LIBRARY}: '{name}' of the database is missing"));
            }
            Some(other) if parameters.contains_key(name) && parameters.contains_key(other) => {
                let pos = parameters.get(other).map(Value::pos).unwrap_or_default();
                ctx.fault(&pos, format_args!("{LIBRARY}: can't specify both '{name}' and '{other}'"));
            }
            _ => {}
        }
    }
    let mut access = database_access(ctx, &members);
    if !members.contains_key("on-fail") {
        access.on_fail = OnFail::ServeRetryContinue;
    }
    Some(access)
}

/// Subnets that are not logged.
fn silent<P: Protocol>(written: &Written<P>) -> impl Iterator<Item = SubnetId> + '_ {
    written.subnets.iter().filter_map(|subnet| {
        let wanted = subnet.element.map.get("user-context")?.get("legal-logging")?.as_bool()?;
        (!wanted).then_some(subnet.id)
    })
}
