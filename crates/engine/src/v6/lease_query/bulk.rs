//! Bulk leasequery (RFC 5460): all active leases of a client, a link or of what a relay agent names, over TCP.
//!
//! A query is read with [`begin`] and answered page by page with [`BulkQuery6::next`], so that nobody waits for many
//! leases. Messages are as they go on the wire, each after its length (section 5.1).

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Duid, SubnetId};
use lease::{ExtendedKey, Lease6, StoreError};
use wire::Full;
use wire::iana::dhcp6_option as option6;
use wire::v6::{Builder, Header, Message, MessageType, StatusCode};

use super::binding;
use super::find::{Extended, Outcome, Question, is_active, links, on_link};
use crate::bulk::{Begun, MAX_MESSAGE, framed};
use crate::v6::Context6;

/// A bulk leasequery that is being answered.
#[derive(Debug)]
pub struct BulkQuery6 {
    xid: u32,
    /// Who asks.
    client_id: Duid,
    server_id: Duid,
    question: Question,
    /// What is still to be read: known after the first page.
    rest: Option<Rest>,
    /// Something was told.
    begun: bool,
}

/// Where an answer of many pages is.
#[derive(Debug)]
struct Rest {
    keys: Vec<ExtendedKey>,
    after: Option<Ipv6Addr>,
    /// Only leases of these subnets are told, where there are any.
    links: Vec<SubnetId>,
}

/// Reads a query to the server with this DUID.
#[must_use]
pub fn begin(bytes: &[u8], server_id: &Duid) -> Begun<BulkQuery6> {
    let message = match Message::parse(bytes) {
        Ok(message) => message,
        Err(error) => return Begun::Unreadable(error.to_string()),
    };
    if message.message_type() != MessageType::LEASEQUERY {
        return Begun::Unsupported(message.message_type().to_string());
    }
    let refused = |text: &str| Begun::Refused(format!("LEASEQUERY {text}"));
    let Some(client_id) = message.client_id() else { return refused("must supply a client-id") };
    if message.option(option6::SERVER_ID).is_some_and(|id| id != server_id.octets()) {
        return refused("is for another server");
    }
    let Some((kind, link, options)) = super::question(&message) else {
        return refused("must supply an lq-query option");
    };
    let xid = message.transaction();
    match Question::read(kind, link, &options) {
        Ok(question) => {
            let server_id = server_id.clone();
            let query = BulkQuery6 { xid, client_id, server_id, question, rest: None, begun: false };
            Begun::Query { xid, query }
        }
        Err(outcome) => {
            let mut answer = Vec::new();
            status_alone(xid, &client_id, server_id, &outcome, &mut answer);
            Begun::Answered { xid, answer }
        }
    }
}

impl BulkQuery6 {
    /// Appends the answers of the next leases, of which at most `limit` are read; whether there may be more.
    ///
    /// # Errors
    /// When the store fails: then [`fail`](Self::fail).
    pub async fn next(
        &mut self,
        ctx: &Context6<'_>,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        let Some(settings) = &ctx.config.lease_query else { return Ok(false) };
        let outcome = match (&self.question, &self.rest) {
            (Question::Extended(_), Some(_)) => return self.page(ctx, limit, out).await,
            (Question::Extended(_), None) if !settings.extended_info => {
                Outcome::none(StatusCode::NOT_ALLOWED, "extended info tables are disabled")
            }
            (Question::Extended(asked), None) => match begun(ctx, asked) {
                Some(rest) => {
                    self.rest = Some(rest);
                    return self.page(ctx, limit, out).await;
                }
                None => Outcome::NO_LINK,
            },
            (question, _) => question.look(ctx, settings).await?,
        };
        if outcome.leases.is_empty() {
            status_alone(self.xid, &self.client_id, &self.server_id, &outcome, out);
            return Ok(false);
        }
        let text = (outcome.status, outcome.text);
        for (at, lease) in outcome.leases.iter().enumerate() {
            self.tell(ctx, lease, (at == 0).then_some(text), out);
        }
        self.done(None, out);
        Ok(false)
    }

    async fn page(
        &mut self,
        ctx: &Context6<'_>,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        let Some(rest) = &mut self.rest else { return Ok(false) };
        let Some(key) = rest.keys.last() else { return Ok(false) };
        let page = ctx.store.by_extended_info(key, rest.after, limit).await?;
        rest.after = page.last().map(|lease| lease.address);
        if page.len() < limit {
            rest.keys.pop();
            rest.after = None;
        }
        let more = !rest.keys.is_empty();
        let wanted = |lease: &Arc<Lease6>| is_active(lease, ctx) && on_link(&rest.links, lease);
        let leases: Vec<_> = page.into_iter().filter(wanted).collect();
        for lease in &leases {
            let first = !std::mem::replace(&mut self.begun, true);
            self.tell(ctx, lease, first.then_some((Outcome::LEASES.status, Outcome::LEASES.text)), out);
        }
        if !more {
            if self.begun {
                self.done(None, out);
            } else {
                status_alone(self.xid, &self.client_id, &self.server_id, &Outcome::NO_LEASES, out);
            }
        }
        Ok(more)
    }

    /// Appends the end of an answer that could not be finished.
    pub fn fail(&mut self, out: &mut Vec<u8>) {
        const FAILED: (StatusCode, &str) = (StatusCode::UNSPEC_FAIL, "leases cannot be read");
        if self.begun {
            self.done(Some(FAILED), out);
        } else {
            let outcome = Outcome::none(FAILED.0, FAILED.1);
            status_alone(self.xid, &self.client_id, &self.server_id, &outcome, out);
        }
    }

    /// Tells a lease, in the message that begins the answer (`first`, with the status) or in one that follows.
    fn tell(&self, ctx: &Context6<'_>, lease: &Lease6, first: Option<(StatusCode, &str)>, out: &mut Vec<u8>) {
        framed(out, |message| {
            let kind =
                if first.is_some() { MessageType::LEASEQUERY_REPLY } else { MessageType::LEASEQUERY_DATA };
            let mut builder = header(message, kind, self.xid)?;
            if first.is_some() {
                identifiers(&mut builder, &self.client_id, &self.server_id)?;
            }
            let data = builder.open(option6::CLIENT_DATA, &[])?;
            binding::client(&mut builder, lease, ctx.now)?;
            binding::resource(&mut builder, lease, ctx.now)?;
            if let Some(relays) = binding::relay_data(lease) {
                builder.option(option6::LQ_RELAY_DATA, &relays)?;
            }
            builder.close(data)?;
            if let Some((status, text)) = first {
                builder.status(status, text)?;
            }
            builder.finish()
        });
    }

    fn done(&self, status: Option<(StatusCode, &str)>, out: &mut Vec<u8>) {
        framed(out, |message| {
            let mut builder = header(message, MessageType::LEASEQUERY_DONE, self.xid)?;
            if let Some((status, text)) = status {
                builder.status(status, text)?;
            }
            builder.finish()
        });
    }
}

/// What is to be read for a question; `None`: it is about no link of ours.
fn begun(ctx: &Context6<'_>, asked: &Extended) -> Option<Rest> {
    let (keys, links) = match asked {
        Extended::Relay(key, link) => (vec![key.clone()], links(ctx, *link)?),
        Extended::Link(link) => {
            let keys = links(ctx, *link)?.into_iter().map(ExtendedKey::Subnet).rev();
            (keys.collect(), Vec::new())
        }
    };
    Some(Rest { keys, after: None, links })
}

fn header(out: &mut Vec<u8>, message_type: MessageType, transaction: u32) -> Result<Builder<'_>, Full> {
    Builder::new(out, MAX_MESSAGE, &Header { message_type, transaction })
}

fn identifiers(builder: &mut Builder<'_>, client_id: &Duid, server_id: &Duid) -> Result<(), Full> {
    builder.option(option6::CLIENT_ID, client_id.octets())?;
    builder.option(option6::SERVER_ID, server_id.octets())
}

/// Appends an answer that is a status: nothing follows it.
fn status_alone(xid: u32, client_id: &Duid, server_id: &Duid, outcome: &Outcome, out: &mut Vec<u8>) {
    framed(out, |message| {
        let mut builder = header(message, MessageType::LEASEQUERY_REPLY, xid)?;
        identifiers(&mut builder, client_id, server_id)?;
        builder.status(outcome.status, outcome.text)?;
        builder.finish()
    });
}
