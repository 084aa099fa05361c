//! `libdhcp_ddns_tuning`: names of leases by expression (Kea manual, "DDNS Tuning").

use std::sync::Arc;

use ::options::DefTable;
use json::Map;

use super::{ClassBuilder, Context};
use crate::{DdnsTuning, HookLibrary, Protocol, Written};

const LIBRARY: &str = "libdhcp_ddns_tuning";
const EXPRESSION: &str = "hostname-expr";

/// What the library's parameters and the user contexts of subnets say, where it is listed.
pub(crate) fn resolve<P: Protocol>(
    ctx: &mut Context<'_>,
    written: &Written<P>,
    libraries: &[HookLibrary],
    definitions: &Arc<DefTable>,
    classes: &mut ClassBuilder,
) -> Option<DdnsTuning> {
    let parameters = &libraries.iter().find(|library| library.is(LIBRARY))?.parameters;
    for (name, value) in parameters {
        if name != EXPRESSION {
            ctx.fault(&value.pos(), format_args!("'{name}' is no parameter of {LIBRARY}"));
        }
    }
    let mut expression = |map: &Map| -> Option<Option<Arc<expr::Expression>>> {
        let value = map.get(EXPRESSION)?;
        match value.as_str() {
            None => {
                ctx.fault(&value.pos(), format_args!("'{EXPRESSION}' of {LIBRARY} must be a string"));
                None
            }
            Some("") => Some(None),
            Some(_) => Some(classes.compile(ctx, map, EXPRESSION, definitions)),
        }
    };
    let global = expression(parameters).flatten();
    let subnets = written.subnets.iter().filter_map(|subnet| {
        let tuning = subnet.element.map.get("user-context")?.get("ddns-tuning")?.as_map()?;
        Some((subnet.id, expression(tuning)?))
    });
    let subnets = subnets.collect();
    Some(DdnsTuning { expression: global, subnets })
}
