//! Leasequery (RFC 4388): what is known of an address or a client, told to those who may ask (`libdhcp_lease_query`).

mod active;
mod bulk;

use std::cmp::Reverse;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use base::ClientId;
use config::LeaseQuery;
use lease::{Lease4, LeaseState, StoreError};
use wire::iana::dhcp4_option as option4;
use wire::v4::{Header, MessageType, Packet};

use super::messages::{LeaseQueryAnswered, LeaseQueryFailed, LeaseQueryReceived};
use super::{Context4, Destination, DropReason, Query, Verdict, accept, reply};

pub use bulk::{BulkQuery4, begin as begin_bulk};

/// A leasequery or its answer in log lines.
pub(super) struct Described<'a>(pub &'a Packet<'a>);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.0.header();
        let kind = self.0.message_type().unwrap_or(MessageType(0));
        write!(f, "type: {kind}, giaddr: {}, transid: {}", header.giaddr, header.xid)?;
        write!(f, ", ciaddr: {}", header.ciaddr)?;
        match self.0.hw_addr() {
            Some(hw_addr) => write!(f, ", hwaddr: hwtype={} {hw_addr}", hw_addr.htype())?,
            None => f.write_str(", hwaddr: none")?,
        }
        match (self.0.client_id(), self.0.option(option4::CLIENT_IDENTIFIER)) {
            (Some(client_id), _) => write!(f, ", cid: {client_id}"),
            (None, Some(_)) => f.write_str(", cid: (malformed)"),
            (None, None) => f.write_str(", cid: none"),
        }
    }
}

/// The library's settings, where this query is one for it. One that came by way of DHCPv6 does not tell who asks.
pub(super) fn applies<'c>(ctx: &Context4<'c>, query: &Query<'_>) -> Option<&'c LeaseQuery> {
    let ours = query.kind == MessageType::LEASEQUERY && query.arrival.over6.is_none();
    ctx.config.lease_query.as_ref().filter(|_| ours)
}

/// Answers a leasequery.
pub(super) async fn process(
    ctx: &Context4<'_>,
    settings: &LeaseQuery,
    query: &Query<'_>,
    out: &mut Vec<u8>,
) -> Verdict {
    observe::log!(LeaseQueryReceived { query: Described(&query.packet) });
    match answer(ctx, settings, query, out).await {
        Ok(verdict) => verdict,
        Err((reason, why)) => {
            observe::log!(LeaseQueryFailed { query: Described(&query.packet), reason: why });
            Verdict::Drop(reason)
        }
    }
}

/// Why a query is not answered.
type Refusal = (DropReason, String);

async fn answer(
    ctx: &Context4<'_>,
    settings: &LeaseQuery,
    query: &Query<'_>,
    out: &mut Vec<u8>,
) -> Result<Verdict, Refusal> {
    let header = query.packet.header();
    let requester = header.giaddr;
    if requester.is_unspecified() {
        return Err((DropReason::RfcViolation, "giaddr cannot be 0.0.0.0".to_owned()));
    }
    if !settings.is_requester(requester.into()) {
        let why = format!("rejecting query from unauthorized requester: {requester}");
        return Err((DropReason::AdminFiltered, why));
    }
    accept::server_id(ctx, query)
        .map_err(|reason| (reason, format!("rejecting query from: {requester}, unknown server-id")))?;
    let failed = |error: StoreError| (DropReason::ProcessingFailed, error.to_string());
    let client_id = query.packet.option(option4::CLIENT_IDENTIFIER);
    let (kind, leases) = match (!header.ciaddr.is_unspecified(), query.hw_addr.as_ref(), client_id) {
        (true, None, None) => of_address(ctx, header.ciaddr).await.map_err(failed)?,
        (false, Some(hw_addr), None) => of_client(ctx, ctx.store.by_hw_addr(hw_addr).await.map_err(failed)?),
        (false, None, Some(octets)) => {
            let client_id = ClientId::new(octets)
                .map_err(|_| (DropReason::RfcViolation, "malformed client identifier".to_owned()))?;
            of_client(ctx, ctx.store.by_client_id(&client_id).await.map_err(failed)?)
        }
        _ => {
            let why =
                "malformed lease query: not exactly one of ciaddr, hardware address and client identifier";
            return Err((DropReason::RfcViolation, why.to_owned()));
        }
    };
    let mut answer = reply::Simple::to(ctx, query, kind);
    match leases.split_first() {
        None => {
            answer.header.ciaddr = header.ciaddr;
            if let Some(octets) = client_id {
                answer.option(option4::CLIENT_IDENTIFIER, octets);
            }
        }
        Some((newest, others)) => {
            let Some(subnet) = ctx.config.subnet(newest.subnet_id) else {
                let why =
                    format!("subnet {} of the lease of {} is not there", newest.subnet_id, newest.address);
                return Err((DropReason::ProcessingFailed, why));
            };
            active::head(newest, &mut answer.header);
            active::options(newest, subnet, ctx.now, |code, payload| answer.option(code, payload));
            let others: Vec<u8> = others.iter().flat_map(|lease| lease.address.octets()).collect();
            if !others.is_empty() {
                answer.option(option4::ASSOCIATED_IP, &others);
            }
        }
    }
    let verdict = answer.write(out);
    if let (Verdict::Reply(reply), Ok(packet)) = (&verdict, Packet::parse(out)) {
        let Destination { address, port, .. } = reply.destination;
        observe::log!(LeaseQueryAnswered { response: Described(&packet), address, port });
    }
    Ok(verdict)
}

/// What is known of an address.
async fn of_address(
    ctx: &Context4<'_>,
    address: Ipv4Addr,
) -> Result<(MessageType, Vec<Arc<Lease4>>), StoreError> {
    if let Some(lease) = ctx.store.by_address(address).await? {
        return Ok(if is_active(&lease, ctx) {
            (MessageType::LEASEACTIVE, vec![lease])
        } else {
            (MessageType::LEASEUNASSIGNED, Vec::new())
        });
    }
    let mut subnets = ctx.config.index.in_range(address).filter_map(|at| ctx.config.subnets.get(at));
    let ours = subnets.any(|subnet| subnet.pools.iter().any(|pool| pool.contains(address)));
    let kind = if ours { MessageType::LEASEUNASSIGNED } else { MessageType::LEASEUNKNOWN };
    Ok((kind, Vec::new()))
}

/// The active ones of a client's leases, the one first that the client was last heard of.
fn of_client(ctx: &Context4<'_>, mut leases: Vec<Arc<Lease4>>) -> (MessageType, Vec<Arc<Lease4>>) {
    leases.retain(|lease| is_active(lease, ctx));
    leases.sort_by_key(|lease| Reverse(lease.cltt));
    let kind = if leases.is_empty() { MessageType::LEASEUNKNOWN } else { MessageType::LEASEACTIVE };
    (kind, leases)
}

fn is_active(lease: &Lease4, ctx: &Context4<'_>) -> bool {
    lease.state == LeaseState::Default && !lease.is_expired(ctx.now)
}

/// The header of an answer about nobody.
fn nobody(xid: u32) -> Header<'static> {
    Header {
        op: wire::iana::bootp::Op::REPLY,
        htype: 0,
        hlen: 0,
        hops: 0,
        xid,
        secs: 0,
        flags: 0,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
        chaddr: [0; 16],
        sname: &[],
        file: &[],
    }
}
