//! `libdhcp_flex_id`: identifiers of clients by an expression (Kea manual, "Flexible Identifiers for Host
//! Reservations").

use std::sync::Arc;

use ::options::DefTable;
use base::Family;
use json::Kind;

use super::{ClassBuilder, Context};
use crate::{FlexId, HookLibrary};

const LIBRARY: &str = "libdhcp_flex_id";

/// What the library's parameters say, where it is listed.
pub(crate) fn resolve(
    ctx: &mut Context<'_>,
    libraries: &[HookLibrary],
    definitions: &Arc<DefTable>,
    classes: &mut ClassBuilder,
) -> Option<FlexId> {
    let library = libraries.iter().find(|library| library.is(LIBRARY))?;
    let mut flex_id = FlexId::default();
    for (name, value) in &library.parameters {
        let flag = match (name.as_str(), definitions.family()) {
            ("identifier-expression", _) => {
                if value.as_str().is_none() {
                    ctx.fault(&value.pos(), "'identifier-expression' of libdhcp_flex_id is not a string");
                }
                continue;
            }
            ("replace-client-id", _) => &mut flex_id.replace_client_id,
            ("ignore-iaid", Family::V6) => &mut flex_id.ignore_iaid,
            ("cid-as-rfc4361-duid", Family::V4) => &mut flex_id.as_duid,
            // Kea looks at neither in the other family.
            ("ignore-iaid" | "cid-as-rfc4361-duid", _) => continue,
            _ => {
                ctx.fault(&value.pos(), format_args!("'{name}' is no parameter of libdhcp_flex_id"));
                continue;
            }
        };
        match value.kind {
            Kind::Bool(given) => *flag = given,
            _ => ctx.fault(&value.pos(), format_args!("'{name}' of libdhcp_flex_id is not a boolean")),
        }
    }
    let written = library.parameters.get("identifier-expression").and_then(json::Value::as_str);
    // Without one the library may still be there for `ignore-iaid`.
    if written.is_some_and(|text| !text.is_empty()) {
        flex_id.expression = classes.compile(ctx, &library.parameters, "identifier-expression", definitions);
    }
    Some(flex_id)
}
