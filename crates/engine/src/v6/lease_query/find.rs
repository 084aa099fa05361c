//! What is asked, and which leases answer it.

use std::cmp::Reverse;
use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Duid, Ipv6Prefix, SubnetId};
use config::LeaseQuery;
use lease::{ExtendedKey, Lease6, LeaseState, LeaseType, StoreError};
use wire::RawOptions;
use wire::iana::dhcp6_option as option6;
use wire::v6::{IaAddr, StatusCode};

use crate::v6::Context6;

/// Kinds of queries (RFC 5007 section 4.1.2.1, RFC 5460 section 5.3).
const BY_ADDRESS: u8 = 1;
const BY_CLIENT_ID: u8 = 2;
const BY_RELAY_ID: u8 = 3;
const BY_LINK_ADDRESS: u8 = 4;
const BY_REMOTE_ID: u8 = 5;

/// What a requester asks for.
#[derive(Debug)]
pub(super) enum Question {
    Address(Ipv6Addr),
    /// A client, on a link or (`::`) on all.
    Client(Duid, Ipv6Addr),
    /// Over TCP alone.
    Extended(Extended),
}

/// What a relay agent names, or a whole link.
#[derive(Debug)]
pub(super) enum Extended {
    Relay(ExtendedKey, Ipv6Addr),
    Link(Ipv6Addr),
}

/// What there is to be told.
#[derive(Debug)]
pub(super) struct Outcome {
    pub status: StatusCode,
    pub text: &'static str,
    /// Active leases, the one first whose client was last heard of.
    pub leases: Vec<Arc<Lease6>>,
}

impl Outcome {
    pub(super) const UNKNOWN_TYPE: Self = Self::none(StatusCode::UNKNOWN_QUERY_TYPE, "unknown query-type");
    pub(super) const NO_LINK: Self = Self::none(StatusCode::NOT_CONFIGURED, "not a configured link");
    pub(super) const NO_LEASES: Self = Self::none(StatusCode::SUCCESS, "no active leases");
    pub(super) const LEASES: Self = Self::none(StatusCode::SUCCESS, "active lease(s) found");

    pub(super) const fn none(status: StatusCode, text: &'static str) -> Self {
        Self { status, text, leases: Vec::new() }
    }

    fn malformed(text: &'static str) -> Self {
        Self::none(StatusCode::MALFORMED_QUERY, text)
    }
}

impl Question {
    /// Reads the fields of an lq-query option; or says what the requester is to be told at once.
    pub(super) fn read(kind: u8, link: Ipv6Addr, options: &RawOptions<'_>) -> Result<Self, Outcome> {
        match kind {
            BY_ADDRESS => {
                let address = options.first(option6::IA_ADDR).and_then(IaAddr::parse);
                let address = address.ok_or_else(|| Outcome::malformed("missing D6O_IAADDR"))?;
                Ok(Self::Address(address.address))
            }
            BY_CLIENT_ID => {
                let octets = options.first(option6::CLIENT_ID);
                let octets = octets.ok_or_else(|| Outcome::malformed("missing D6O_CLIENTID"))?;
                let duid = Duid::new(octets).map_err(|_| Outcome::malformed("malformed D6O_CLIENTID"))?;
                Ok(Self::Client(duid, link))
            }
            BY_RELAY_ID => {
                let octets = options.first(option6::RELAY_ID);
                let octets = octets.ok_or_else(|| Outcome::malformed("missing D6O_RELAY_ID"))?;
                if Duid::new(octets).is_err() {
                    return Err(Outcome::malformed("malformed D6O_RELAY_ID"));
                }
                Ok(Self::Extended(Extended::Relay(ExtendedKey::RelayId(octets.into()), link)))
            }
            BY_REMOTE_ID => match options.first(option6::REMOTE_ID) {
                None => Err(Outcome::malformed("missing D6O_REMOTE_ID")),
                Some([]) => Err(Outcome::malformed("empty D6O_REMOTE_ID")),
                Some(octets) => {
                    Ok(Self::Extended(Extended::Relay(ExtendedKey::RemoteId(octets.into()), link)))
                }
            },
            BY_LINK_ADDRESS if link.is_unspecified() => Err(Outcome::malformed("undefined link address")),
            BY_LINK_ADDRESS => Ok(Self::Extended(Extended::Link(link))),
            _ => Err(Outcome::UNKNOWN_TYPE),
        }
    }

    /// Whether queries of this kind come over TCP alone.
    pub(super) fn is_extended(kind: u8) -> bool {
        matches!(kind, BY_RELAY_ID | BY_LINK_ADDRESS | BY_REMOTE_ID)
    }

    /// What there is of an address or a client.
    pub(super) async fn look(
        &self,
        ctx: &Context6<'_>,
        settings: &LeaseQuery,
    ) -> Result<Outcome, StoreError> {
        match self {
            Self::Address(address) => of_address(ctx, settings, *address).await,
            Self::Client(duid, link) => of_client(ctx, duid, *link).await,
            Self::Extended(_) => Ok(Outcome::UNKNOWN_TYPE),
        }
    }
}

async fn of_address(
    ctx: &Context6<'_>,
    settings: &LeaseQuery,
    address: Ipv6Addr,
) -> Result<Outcome, StoreError> {
    let own = ctx.store.by_address(address).await?;
    let mut found = own.filter(|lease| lease.lease_type == LeaseType::Na);
    for length in &settings.prefix_lengths {
        if found.is_some() {
            break;
        }
        let Some(around) = Ipv6Prefix::new(address, *length) else { continue };
        let lease = ctx.store.by_address(around.address()).await?;
        let holds = |prefix: Ipv6Prefix| prefix.contains(address);
        found = lease.filter(|lease| lease.lease_type == LeaseType::Pd && lease.prefix().is_some_and(holds));
    }
    Ok(match found {
        Some(lease) if is_active(&lease, ctx) => {
            Outcome { leases: vec![lease], ..Outcome::none(StatusCode::SUCCESS, "active lease found") }
        }
        Some(_) => Outcome::none(StatusCode::SUCCESS, "inactive lease exists"),
        None if in_pool(ctx, settings, address) => Outcome::none(StatusCode::SUCCESS, "no active lease"),
        None => Outcome::none(StatusCode::NOT_CONFIGURED, "address not in a configured pool"),
    })
}

/// Whether any pool, of addresses or of prefixes, has the address.
fn in_pool(ctx: &Context6<'_>, settings: &LeaseQuery, address: Ipv6Addr) -> bool {
    let mut subnets = ctx.config.index.in_range(address).filter_map(|at| ctx.config.subnets.get(at));
    let delegated = || {
        let after = settings.delegated.partition_point(|(first, _)| *first <= address);
        settings.delegated.get(after.wrapping_sub(1)).is_some_and(|(_, last)| address <= *last)
    };
    subnets.any(|subnet| subnet.pools.iter().any(|pool| pool.contains(address))) || delegated()
}

async fn of_client(ctx: &Context6<'_>, duid: &Duid, link: Ipv6Addr) -> Result<Outcome, StoreError> {
    let Some(links) = links(ctx, link) else { return Ok(Outcome::NO_LINK) };
    let mut leases = ctx.store.by_duid(duid).await?;
    leases.retain(|lease| is_active(lease, ctx) && on_link(&links, lease));
    leases.sort_by_key(|lease| Reverse(lease.cltt));
    Ok(if leases.is_empty() { Outcome::NO_LEASES } else { Outcome { leases, ..Outcome::LEASES } })
}

/// The subnets of a link; none for `::`, which is any. `None`: there are no such subnets.
pub(super) fn links(ctx: &Context6<'_>, link: Ipv6Addr) -> Option<Vec<SubnetId>> {
    if link.is_unspecified() {
        return Some(Vec::new());
    }
    let subnets = ctx.config.index.in_range(link).filter_map(|at| ctx.config.subnets.get(at));
    let links: Vec<SubnetId> = subnets.map(|subnet| subnet.id).collect();
    (!links.is_empty()).then_some(links)
}

pub(super) fn on_link(links: &[SubnetId], lease: &Lease6) -> bool {
    links.is_empty() || links.contains(&lease.subnet_id)
}

pub(super) fn is_active(lease: &Lease6, ctx: &Context6<'_>) -> bool {
    lease.state == LeaseState::Default && !lease.is_expired(ctx.now)
}
