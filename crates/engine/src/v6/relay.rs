//! What relay agents have for the client (RFC 6422): options that the server passes on.

use wire::RawOption;

use super::{Context6, Query};

/// The options of relay agents that the server is to pass on, from the relay agent next to the server on.
pub(super) fn supplied<'q>(
    ctx: &'q Context6<'_>,
    query: &'q Query<'_>,
) -> impl Iterator<Item = RawOption<'q>> {
    let enabled = &ctx.config.globals.own.relay_supplied_options;
    query
        .packet
        .relays()
        .iter()
        .flat_map(|relay| relay.supplied())
        .filter(move |option| enabled.contains(&option.code))
}
