//! Fetching what a batch will need into the cache, all packets at once.
//!
//! With thousands of subnets each packet finds its own one cold. Looked at one after the other, a packet waits for
//! memory at every step; looked at together, the waits overlap. Reads only, and nothing depends on it.

use std::hint::black_box;
use std::net::Ipv4Addr;

use smallvec::SmallVec;

use super::Context4;

/// Subnets below which everything stays in the cache anyway.
const MANY: usize = 128;
/// Where things are in a packet.
const HLEN: usize = 2;
const CIADDR: usize = 12;
const GIADDR: usize = 24;
const CHADDR: usize = 28;

fn address(packet: &[u8], at: usize) -> Option<Ipv4Addr> {
    Some(Ipv4Addr::from(*packet.get(at..)?.first_chunk::<4>()?))
}

/// Touches the leases, subnets, pools and options that the packets of a batch will most likely need.
pub fn warm<'p>(ctx: &Context4<'_>, packets: impl ExactSizeIterator<Item = &'p [u8]> + Clone) {
    // A packet alone has nothing to overlap with.
    if packets.len() > 1 {
        black_box(leases(ctx, packets.clone()).wrapping_add(subnets(ctx, packets)));
    }
}

fn leases<'p>(ctx: &Context4<'_>, packets: impl Iterator<Item = &'p [u8]>) -> u64 {
    let mut clients = packets.filter_map(|packet| {
        let length = usize::from(*packet.get(HLEN)?);
        Some((packet.get(CHADDR..CHADDR.checked_add(length)?)?, address(packet, CIADDR)?))
    });
    ctx.store.warm(&mut clients, &mut std::iter::empty())
}

fn subnets<'p>(ctx: &Context4<'_>, packets: impl Iterator<Item = &'p [u8]>) -> u64 {
    let config = ctx.config;
    if config.subnets.len() < MANY {
        return 0;
    }
    let relay = |packet: &[u8]| address(packet, GIADDR).filter(|giaddr| !giaddr.is_unspecified());
    let positions: SmallVec<[usize; 64]> =
        packets.filter_map(relay).filter_map(|giaddr| config.index.in_range(giaddr).next()).collect();
    let subnets: SmallVec<[_; 64]> = positions.iter().filter_map(|at| config.subnets.get(*at)).collect();
    let mut sum = 0u64;
    for subnet in &subnets {
        sum = sum
            .wrapping_add(u64::from(subnet.id.0))
            .wrapping_add(u64::from(subnet.prefix.length()))
            .wrapping_add(u64::from(subnet.params.valid_lifetime.default.0))
            .wrapping_add(u64::from(subnet.params.own.match_client_id))
            .wrapping_add(subnet.relays.len() as u64)
            .wrapping_add(subnet.client_classes.len() as u64)
            .wrapping_add(subnet.options.options.len() as u64)
            .wrapping_add(subnet.pools.len() as u64);
    }
    for subnet in &subnets {
        if let Some(pool) = subnet.pools.first() {
            sum = sum.wrapping_add(u64::from(pool.id.0)).wrapping_add(pool.options.options.len() as u64);
        }
        for option in &subnet.options.options {
            sum = sum.wrapping_add(u64::from(option.code));
        }
    }
    for subnet in &subnets {
        for option in &subnet.options.options {
            sum = sum.wrapping_add(option.payload.first().copied().map_or(0, u64::from));
        }
    }
    let ids = || subnets.iter().map(|s| s.id);
    sum.wrapping_add(ctx.store.warm(&mut std::iter::empty(), &mut ids()))
        .wrapping_add(ctx.runtime.warm(ids()))
}
