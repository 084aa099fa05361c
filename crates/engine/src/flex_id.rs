//! Flexible identifiers (`libdhcp_flex_id`): the identifier of a query by an expression.

use config::FlexId;
use expr::QueryView;

/// First octet of a client identifier that nothing else uses, and those of the form of RFC 4361 before its DUID.
const CLIENT_ID: &[u8] = &[0];
const CLIENT_ID_WITH_DUID: &[u8] = &[255, 0, 0, 0, 0];
/// Type of a DUID that nothing else uses.
const DUID: &[u8] = &[0, 0];

/// The identifier of a query, if the expression gives one.
pub(crate) fn of(flex_id: &FlexId, query: &impl QueryView) -> Option<Box<[u8]>> {
    let value = flex_id.expression.as_ref()?.eval_string(query).ok()?;
    (!value.is_empty()).then(|| value.to_vec().into())
}

/// What takes the place of a client identifier.
pub(crate) fn client_id(flex_id: &FlexId, identifier: &[u8]) -> Option<base::ClientId> {
    let begin = if flex_id.as_duid { CLIENT_ID_WITH_DUID } else { CLIENT_ID };
    base::ClientId::new(&[begin, identifier].concat()).ok().filter(|_| flex_id.replace_client_id)
}

/// What takes the place of a DUID.
pub(crate) fn duid(flex_id: &FlexId, identifier: &[u8]) -> Option<base::Duid> {
    base::Duid::new(&[DUID, identifier].concat()).ok().filter(|_| flex_id.replace_client_id)
}
