//! `libdhcp_legal_log`: what its entries are made of (Kea manual, "Forensic Logging"). Where they go is the library's own
//! business.

use std::sync::Arc;

use ::options::DefTable;
use base::SubnetId;

use super::{ClassBuilder, Context};
use crate::{HookLibrary, LegalLog, Protocol, Written};

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
    Some(LegalLog {
        request: expression("request-parser-format"),
        response: expression("response-parser-format"),
        silent: silent(written).collect(),
    })
}

/// Subnets that are not logged.
fn silent<P: Protocol>(written: &Written<P>) -> impl Iterator<Item = SubnetId> + '_ {
    written.subnets.iter().filter_map(|subnet| {
        let wanted = subnet.element.map.get("user-context")?.get("legal-logging")?.as_bool()?;
        (!wanted).then_some(subnet.id)
    })
}
