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
/// giaddr in a packet.
const GIADDR: std::ops::Range<usize> = 24..28;

/// Touches the subnets, pools and options that relayed packets of a batch will most likely need.
pub fn warm<'p>(ctx: &Context4<'_>, packets: impl Iterator<Item = &'p [u8]>) {
    let config = ctx.config;
    if config.subnets.len() < MANY {
        return;
    }
    let relay = |packet: &[u8]| {
        let octets: [u8; 4] = packet.get(GIADDR)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets)).filter(|giaddr| !giaddr.is_unspecified())
    };
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
    sum = sum.wrapping_add(ctx.runtime.warm(subnets.iter().map(|s| s.id)));
    black_box(sum);
}
