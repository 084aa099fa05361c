//! Bulk leasequery (RFC 6926): all active leases of a client or of what a relay agent names, over TCP.
//!
//! A query is read with [`begin`] and answered page by page with [`BulkQuery4::next`], so that nobody waits for many
//! leases. Messages are as they go on the wire, each after its length (section 6.1).

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{ClientId, HwAddr};
use lease::{ExtendedKey, Lease4, StoreError};
use wire::iana::dhcp4_option as option4;
use wire::iana::relay_agent::SubOption;
use wire::v4::{Builder, Header, MessageType, Packet};

use super::{active, is_active, nobody};
use crate::bulk::{Begun, MAX_MESSAGE, framed};
use crate::v4::Context4;

/// The option of VPNs (RFC 6607): Kea knows none either.
const VSS: u8 = 221;

/// How a query fared (RFC 6926 section 6.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Status {
    UnspecFail = 1,
    MalformedQuery = 3,
    NotAllowed = 4,
}

/// What a query asks for.
#[derive(Debug)]
enum By {
    Client(ClientId),
    Hardware(HwAddr),
    Relay(ExtendedKey),
}

/// A bulk leasequery that is being answered.
#[derive(Debug)]
pub struct BulkQuery4 {
    xid: u32,
    by: By,
    /// When clients of the leases were last heard of: seconds since the epoch.
    since: u32,
    until: u32,
    after: Option<Ipv4Addr>,
    /// The server's address, as long as it was not told.
    server: Option<Ipv4Addr>,
}

/// Reads a query that came to the server's address `server`.
#[must_use]
pub fn begin(bytes: &[u8], server: Ipv4Addr) -> Begun<BulkQuery4> {
    let packet = match Packet::parse(bytes) {
        Ok(packet) => packet,
        Err(error) => return Begun::Unreadable(error.to_string()),
    };
    match packet.message_type() {
        Some(MessageType::BULKLEASEQUERY) => {}
        kind => return Begun::Unsupported(kind.unwrap_or(MessageType(0)).to_string()),
    }
    let xid = packet.header().xid;
    let ended = |(status, text): (Status, &str)| {
        let mut out = Vec::new();
        done(xid, Some(server), Some((status, text)), &mut out);
        Begun::Answered { xid, answer: out }
    };
    read(&packet, server).map_or_else(ended, |query| Begun::Query { xid, query })
}

fn read(packet: &Packet<'_>, server: Ipv4Addr) -> Result<BulkQuery4, (Status, &'static str)> {
    let malformed = |text| Err((Status::MalformedQuery, text));
    let header = packet.header();
    if !header.ciaddr.is_unspecified() {
        return malformed("ciaddr must be zero");
    }
    if !header.yiaddr.is_unspecified() {
        return malformed("yiaddr must be zero");
    }
    if !header.siaddr.is_unspecified() {
        return malformed("siaddr must be zero");
    }
    let mut asked = Vec::new();
    if let Some(octets) = packet.option(option4::CLIENT_IDENTIFIER) {
        match ClientId::new(octets) {
            Ok(client_id) => asked.push(By::Client(client_id)),
            Err(_) => return malformed("bad client id option"),
        }
    }
    asked.extend(packet.hw_addr().map(By::Hardware));
    if let Some(info) = packet.relay_info() {
        match info.get(SubOption::RELAY_ID) {
            Some([]) => return malformed("empty relay id option"),
            Some(octets) => asked.push(By::Relay(ExtendedKey::RelayId(octets.into()))),
            None => {}
        }
        match info.get(SubOption::REMOTE_ID) {
            Some([]) => return malformed("empty remote id option"),
            Some(octets) => asked.push(By::Relay(ExtendedKey::RemoteId(octets.into()))),
            None => {}
        }
    }
    let time = |code| match packet.option(code) {
        None => Some(0),
        // Times of after 2038 look as if they were before 1970.
        Some(octets) => octets.try_into().ok().map(u32::from_be_bytes).filter(|time| time.cast_signed() >= 0),
    };
    let Some(since) = time(option4::QUERY_START_TIME) else { return malformed("illegal 'query-start-time'") };
    let Some(until) = time(option4::QUERY_END_TIME) else { return malformed("illegal 'query-end-time'") };
    if until > 0 && since > until {
        return malformed("query-start-time > query-end-time");
    }
    if packet.option(VSS).is_some() {
        return Err((Status::NotAllowed, "VPNs are not supported"));
    }
    let Some(by) = asked.pop() else {
        return Err((Status::NotAllowed, "query for all configured addresses is not supported"));
    };
    if !asked.is_empty() {
        return malformed("multiple queries");
    }
    Ok(BulkQuery4 { xid: header.xid, by, since, until, after: None, server: Some(server) })
}

impl BulkQuery4 {
    /// Appends the answers of the next leases, of which at most `limit` are read; whether there may be more.
    ///
    /// # Errors
    /// When the store fails: then [`fail`](Self::fail).
    pub async fn next(
        &mut self,
        ctx: &Context4<'_>,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        let (leases, more) = match &self.by {
            By::Client(client_id) => (ctx.store.by_client_id(client_id).await?, false),
            By::Hardware(hw_addr) => (ctx.store.by_hw_addr(hw_addr).await?, false),
            By::Relay(key) => {
                let page = ctx.store.by_extended_info(key, self.after, limit).await?;
                self.after = page.last().map(|lease| lease.address);
                let more = page.len() >= limit;
                (page, more)
            }
        };
        for lease in leases {
            self.tell(ctx, &lease, out);
        }
        if !more {
            done(self.xid, self.server.take(), None, out);
        }
        Ok(more)
    }

    /// Appends the end of an answer that could not be finished.
    pub fn fail(&mut self, out: &mut Vec<u8>) {
        done(self.xid, self.server.take(), Some((Status::UnspecFail, "leases cannot be read")), out);
    }

    fn tell(&mut self, ctx: &Context4<'_>, lease: &Arc<Lease4>, out: &mut Vec<u8>) {
        let heard = lease.cltt.0;
        let wanted = heard >= self.since.into() && (self.until == 0 || heard <= self.until.into());
        // One of a subnet that is no more is nobody's.
        let subnet = ctx.config.subnet(lease.subnet_id).filter(|_| wanted && is_active(lease, ctx));
        let Some(subnet) = subnet else { return };
        let mut header = nobody(self.xid);
        active::head(lease, &mut header);
        let now = u32::try_from(ctx.now.0).unwrap_or(u32::MAX);
        let server = self.server.take();
        message(MessageType::LEASEACTIVE, &header, server, out, |put| {
            put(option4::BASE_TIME, &now.to_be_bytes());
            active::options(lease, subnet, ctx.now, put);
        });
    }
}

/// Appends LEASEQUERYDONE.
fn done(xid: u32, server: Option<Ipv4Addr>, status: Option<(Status, &str)>, out: &mut Vec<u8>) {
    message(MessageType::LEASEQUERYDONE, &nobody(xid), server, out, |put| {
        if let Some((status, text)) = status {
            let mut payload = vec![status as u8];
            payload.extend_from_slice(text.as_bytes());
            put(option4::STATUS_CODE, &payload);
        }
    });
}

/// Appends a message with its length. The first says which server it is from.
fn message(
    kind: MessageType,
    header: &Header<'_>,
    server: Option<Ipv4Addr>,
    out: &mut Vec<u8>,
    options: impl FnOnce(&mut dyn FnMut(u8, &[u8])),
) {
    framed(out, |message| {
        let mut builder = Builder::new(message, MAX_MESSAGE, header, None)?;
        builder.option(option4::MESSAGE_TYPE, &[kind.0])?;
        if let Some(server) = server {
            builder.option(option4::SERVER_IDENTIFIER, &server.octets())?;
        }
        // A lease's options are far from filling a message.
        options(&mut |code, payload| {
            let _: Result<(), _> = builder.option(code, payload);
        });
        builder.finish(0)
    });
}
