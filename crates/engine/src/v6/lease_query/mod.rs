//! Leasequery (RFC 5007): what is known of an address or a client, told to those who may ask (`libdhcp_lease_query`).

mod binding;
mod bulk;
mod find;

use std::fmt;

use config::LeaseQuery;
use lease::StoreError;
use wire::iana::dhcp6_option as option6;
use wire::v6::{Builder, Message, MessageType};
use wire::{Full, RawOptions, Reader};

use super::messages::{LeaseQueryAnswered, LeaseQueryFailed, LeaseQueryReceived, TypeName};
use super::{Context6, Destination, DropReason, Query, Reply, Verdict, accept};
use crate::Effects;
use find::{Outcome, Question};

pub use bulk::{BulkQuery6, begin as begin_bulk};

/// The largest UDP payload of an IPv6 packet.
const MAX_REPLY: usize = 65_527;

/// A leasequery or its answer in log lines.
pub(super) struct Described<'a>(pub &'a Message<'a>, pub std::net::Ipv6Addr);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type: {}, client id: ", TypeName(self.0.message_type()))?;
        match self.0.client_id() {
            Some(duid) => write!(f, "{duid}")?,
            None => f.write_str("<none>")?,
        }
        write!(f, ", requester: {}, transid: {}", self.1, self.0.transaction())
    }
}

/// The library's settings, where this query is one for it.
pub(super) fn applies<'c>(ctx: &Context6<'c>, query: &Query<'_>) -> Option<&'c LeaseQuery> {
    ctx.config.lease_query.as_ref().filter(|_| query.kind == MessageType::LEASEQUERY)
}

/// Answers a leasequery.
pub(super) async fn process(
    ctx: &Context6<'_>,
    settings: &LeaseQuery,
    query: &Query<'_>,
    out: &mut Vec<u8>,
) -> Verdict {
    let described = || Described(query.message(), query.arrival.remote);
    observe::log!(LeaseQueryReceived { query: described() });
    match answer(ctx, settings, query, out).await {
        Ok(verdict) => verdict,
        Err((reason, why)) => {
            observe::log!(LeaseQueryFailed { query: described(), reason: why });
            Verdict::Drop(reason)
        }
    }
}

/// Why a query is not answered.
type Refusal = (DropReason, String);

async fn answer(
    ctx: &Context6<'_>,
    settings: &LeaseQuery,
    query: &Query<'_>,
    out: &mut Vec<u8>,
) -> Result<Verdict, Refusal> {
    let message = query.message();
    let requester = query.arrival.remote;
    let refused = |text: &str| (DropReason::RfcViolation, format!("LEASEQUERY {text}"));
    let client_id = message.client_id().ok_or_else(|| refused("must supply a client-id"))?;
    accept::server_id(ctx, query)
        .map_err(|reason| (reason, format!("rejecting LEASEQUERY from: {requester}, unknown server-id")))?;
    if requester.is_unspecified() {
        return Err(refused("source address cannot be ::"));
    }
    if !settings.is_requester(requester.into()) {
        let why = format!("rejecting LEASEQUERY from unauthorized requester: {requester}");
        return Err((DropReason::AdminFiltered, why));
    }
    let (kind, link, options) = question(message).ok_or_else(|| refused("must supply an lq-query option"))?;
    let failed = |error: StoreError| (DropReason::ProcessingFailed, error.to_string());
    let outcome = match Question::read(kind, link, &options) {
        // Relay agents and links are asked for over TCP (RFC 5460).
        _ if Question::is_extended(kind) => Outcome::UNKNOWN_TYPE,
        Ok(question) => question.look(ctx, settings).await.map_err(failed)?,
        Err(outcome) => outcome,
    };
    let built = build(ctx, query, client_id.octets(), &outcome, out);
    built.map_err(|error| (DropReason::ProcessingFailed, error.to_string()))?;
    let destination =
        Destination { address: requester, port: ctx.client_port.unwrap_or(query.arrival.remote_port) };
    if let Ok(packet) = wire::v6::Packet::parse(out) {
        let Destination { address, port } = destination;
        observe::log!(LeaseQueryAnswered { response: Described(packet.message(), requester), address, port });
    }
    Ok(Verdict::Reply(Reply {
        kind: MessageType::LEASEQUERY_REPLY,
        destination,
        promises: true,
        effects: Effects::NONE,
    }))
}

/// The fields of the lq-query option (RFC 5007 section 4.1.2.1).
fn question<'m>(message: &Message<'m>) -> Option<(u8, std::net::Ipv6Addr, RawOptions<'m>)> {
    let mut reader = Reader::new(message.option(option6::LQ_QUERY)?);
    let kind = reader.u8()?;
    let link = std::net::Ipv6Addr::from(*reader.array::<16>()?);
    Some((kind, link, RawOptions::parse6(reader.rest())))
}

fn build(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    client_id: &[u8],
    outcome: &Outcome,
    out: &mut Vec<u8>,
) -> Result<(), Full> {
    let mut builder = Builder::reply(out, MAX_REPLY, &query.packet, MessageType::LEASEQUERY_REPLY)?;
    builder.option(option6::CLIENT_ID, client_id)?;
    builder.option(option6::SERVER_ID, ctx.server_id.octets())?;
    if let Some(newest) = outcome.leases.first() {
        let links = binding::links(ctx, &outcome.leases);
        if links.is_empty() {
            let data = builder.open(option6::CLIENT_DATA, &[])?;
            binding::client(&mut builder, newest, ctx.now)?;
            for lease in &outcome.leases {
                binding::resource(&mut builder, lease, ctx.now)?;
            }
            builder.close(data)?;
            if let Some(relays) = binding::relay_data(newest) {
                builder.option(option6::LQ_RELAY_DATA, &relays)?;
            }
        } else {
            builder.option(option6::LQ_CLIENT_LINK, &links)?;
        }
    }
    builder.status(outcome.status, outcome.text)?;
    builder.finish().map(|_| ())
}
