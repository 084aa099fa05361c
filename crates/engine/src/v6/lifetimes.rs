//! How long leases live (RFC 9915 section 18.3; Kea manual, "Lease lifetimes").

use base::{Ipv6Prefix, Seconds};
use config::{Lifetime, Subnet6};
use lease::{Lease6, LeaseState, LeaseType};

use super::allocate::Asked;
use super::{Context6, Query, pools};

/// A preferred and a valid lifetime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lifetimes {
    pub preferred: Seconds,
    pub valid: Seconds,
}

impl Lifetimes {
    /// The preferred one is no longer than the valid one: 5/8 of it where it is not set or too long.
    fn sane(self) -> Self {
        let Self { preferred, valid } = self;
        if preferred.0 == 0 || preferred > valid {
            let share = u32::try_from(u64::from(valid.0) * 5 / 8).unwrap_or(u32::MAX);
            return Self { preferred: if valid.is_infinite() { valid } else { Seconds(share) }, valid };
        }
        self
    }
}

/// What a client gets in a subnet for what it asked: the first class that sets a lifetime, else the subnet says
/// which.
pub(super) fn of(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    subnet: &Subnet6,
    asked: &Asked,
    resource: Ipv6Prefix,
    old: Option<&Lease6>,
) -> Lifetimes {
    let class = |which: fn(&config::Class) -> Option<Lifetime>| {
        query.classes.iter().find_map(|c| ctx.config.classes.get(c).and_then(which))
    };
    let preferred = class(|c| c.preferred_lifetime).or(subnet.params.own.preferred_lifetime);
    let valid = class(|c| c.valid_lifetime).unwrap_or(subnet.params.valid_lifetime);
    if asked.kind == LeaseType::Pd && scarce(ctx, subnet, resource) {
        // The least, but no less than the client still has.
        let left = old.map_or_else(Lifetimes::default, |old| remaining(ctx, old));
        let least = preferred.map_or(Seconds(0), |preferred| preferred.min);
        return Lifetimes { preferred: least.max(left.preferred), valid: valid.min.max(left.valid) }.sane();
    }
    let wish = asked.wish();
    let wished = |seconds: Seconds| Some(seconds).filter(|seconds| seconds.0 > 0);
    Lifetimes {
        preferred: preferred.map_or(Seconds(0), |preferred| preferred.grant(wished(wish.preferred))),
        valid: valid.grant(wished(wish.valid)),
    }
    .sane()
}

/// Whether prefixes run short in the pool with this one leased (`adaptive-lease-time-threshold`). There is no want of addresses.
fn scarce(ctx: &Context6<'_>, subnet: &Subnet6, resource: Ipv6Prefix) -> bool {
    subnet.params.adaptive_lease_time_threshold.is_some_and(|threshold| {
        let kind = pools::kind(LeaseType::Pd);
        ctx.runtime.occupancy_with(subnet.id, kind, resource.address()) >= threshold
    })
}

/// What is left of a lease.
fn remaining(ctx: &Context6<'_>, lease: &Lease6) -> Lifetimes {
    if lease.state != LeaseState::Default || lease.cltt > ctx.now || lease.is_expired(ctx.now) {
        return Lifetimes::default();
    }
    let age = u32::try_from(ctx.now.since(lease.cltt)).unwrap_or(u32::MAX);
    let left = |span: Seconds| if span.is_infinite() { span } else { Seconds(span.0.saturating_sub(age)) };
    Lifetimes { preferred: left(lease.preferred_lifetime), valid: left(lease.valid_lifetime) }
}

/// What is left of a lease that may be answered as it stands: younger than the share of its life and the age that
/// the subnet allows (`cache-threshold`, `cache-max-age`). `new` is what a new row would say.
pub(super) fn reusable(
    ctx: &Context6<'_>,
    old: &Lease6,
    new: &Lease6,
    subnet: &Subnet6,
) -> Option<Lifetimes> {
    let same = old.state == LeaseState::Default
        && old.hw_addr == new.hw_addr
        && old.hostname == new.hostname
        && (old.fqdn_fwd, old.fqdn_rev) == (new.fqdn_fwd, new.fqdn_rev)
        && old.subnet_id == new.subnet_id
        && old.pool_id == new.pool_id
        && old.user_context == new.user_context
        // Lifetimes that were configured anew must reach the client.
        && old.preferred_lifetime == new.preferred_lifetime
        && old.valid_lifetime == new.valid_lifetime;
    if !same || old.is_expired(ctx.now) || ctx.now < old.cltt {
        return None;
    }
    let limit = subnet.params.reuse_age(old.valid_lifetime)?;
    let age = u32::try_from(ctx.now.since(old.cltt)).ok()?;
    // Last, as all workers ask in one place.
    if age > limit || ctx.share.is_some_and(|share| !share.is_told(old.address.into())) {
        return None;
    }
    Some(remaining(ctx, old)).filter(|left| left.preferred.0 > 0)
}

/// T1 and T2 of an association whose shortest preferred lifetime this is: the configured timers, else shares of it
/// where the subnet calculates them, else 0, which leaves them to the client.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn timers(subnet: &Subnet6, preferred: Seconds) -> (u32, u32) {
    let params = &subnet.params;
    let time = |timer: Option<Seconds>, percent: f64| match timer {
        Some(timer) => timer.0,
        None if !params.calculate_tee_times => 0,
        // What never ends need not be renewed (RFC 9915 section 7.7).
        None if preferred.is_infinite() => u32::MAX,
        None => (percent * f64::from(preferred.0)).round() as u32,
    };
    let t2 = time(params.rebind_timer, params.t2_percent);
    let t1 = time(params.renew_timer, params.t1_percent);
    (if t1 < t2 || (t1 == u32::MAX && t2 == u32::MAX) { t1 } else { 0 }, t2)
}
