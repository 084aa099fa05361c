//! Parameters that flow from globals through networks to subnets.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::Seconds;
use json::{Map, Pos, Value};

use super::own::{Level, Own};
use super::{Context, ddns};
use crate::parse::objects::{LifetimeNames, PREFERRED, VALID, boolean, int, lifetime_order, real, text};
use crate::{Allocator, Lifetime, Params, Protocol};

/// A lifetime with its bounds as far as they stand here or above.
type Given = [Option<i64>; 3];

/// The parameters of one level, those of the outer levels filled in.
#[derive(Clone, Debug)]
pub(crate) struct Scope<P: Protocol> {
    /// Shared with the outer level where this one has nothing of its own.
    pub(crate) params: Arc<Params<P>>,
    valid: Given,
    preferred: Given,
}

/// An IPv4 address; absent and 0.0.0.0 are the same.
pub(crate) fn address(map: &Map, name: &str) -> Option<Ipv4Addr> {
    text(map, name)?.parse().ok().filter(|a: &Ipv4Addr| !a.is_unspecified())
}

pub(crate) fn seconds(map: &Map, name: &str) -> Option<Seconds> {
    int(map, name).and_then(|n| u32::try_from(n).ok()).map(Seconds)
}

impl<P: Own> Scope<P> {
    pub(crate) fn globals(ctx: &mut Context<'_>, map: &Map, pos: &Pos) -> Self {
        let mut valid = VALID.of(map);
        if let [_, value @ None, _] = &mut valid {
            *value = ctx.global(map, VALID.default).and_then(|v| v.as_int());
        }
        let given = PREFERRED.of(map);
        let valid_lifetime = lifetime(ctx, &VALID, valid, pos);
        let preferred = given.iter().any(Option::is_some).then(|| lifetime(ctx, &PREFERRED, given, pos));
        let ddns = ddns::globals(ctx, map, pos);
        let flag = |name: &str| ctx.global(map, name).and_then(|v| v.as_bool()).unwrap_or(false);
        let share = |name: &str| ctx.global(map, name).and_then(|v| v.as_real()).unwrap_or(0.0);
        let word = |name: &str| -> Arc<str> {
            ctx.global(map, name).as_ref().and_then(Value::as_str).map_or_else(|| Arc::from(""), Arc::from)
        };
        let scope = Self {
            valid,
            preferred: given,
            params: Arc::new(Params {
                valid_lifetime,
                renew_timer: seconds(map, "renew-timer"),
                rebind_timer: seconds(map, "rebind-timer"),
                calculate_tee_times: flag("calculate-tee-times"),
                t1_percent: share("t1-percent"),
                t2_percent: share("t2-percent"),
                cache_threshold: share("cache-threshold"),
                cache_max_age: seconds(map, "cache-max-age").map(|s| s.0),
                adaptive_lease_time_threshold: real(map, "adaptive-lease-time-threshold"),
                store_extended_info: flag("store-extended-info"),
                allocator: Allocator::from_word(&word("allocator")).unwrap_or_default(),
                reservations_global: flag("reservations-global"),
                reservations_in_subnet: flag("reservations-in-subnet"),
                reservations_out_of_pool: flag("reservations-out-of-pool"),
                ddns,
                own: P::params(ctx, &Level { map, outer: None, preferred }),
            }),
        };
        scope.check(ctx, pos);
        scope
    }

    /// The level below, described by `map`. `database` says that the object came from a configuration backend:
    /// its three lifetimes are taken together, while in files each is inherited on its own, as in Kea.
    pub(crate) fn inner(&self, ctx: &mut Context<'_>, map: &Map, pos: &Pos, database: bool) -> Self {
        let outer = &self.params;
        let mut level = |names: &LifetimeNames, above: Given| {
            let own = names.of(map);
            let any = own.iter().any(Option::is_some);
            let given = if database && any {
                own
            } else {
                let [min, value, max] = own;
                let [outer_min, outer_value, outer_max] = above;
                [min.or(outer_min), value.or(outer_value), max.or(outer_max)]
            };
            // Without one of its own the outer level's stands as it was resolved there.
            (given, any.then(|| lifetime(ctx, names, given, pos)))
        };
        let (valid, own_valid) = level(&VALID, self.valid);
        let (preferred, own_preferred) = level(&PREFERRED, self.preferred);
        let inherited = || {
            let given = self.preferred.iter().any(Option::is_some);
            given.then(|| Lifetime::of(self.preferred))
        };
        let ddns = ddns::inner(ctx, &outer.ddns, map, pos);
        let params = Params {
            valid_lifetime: own_valid.unwrap_or(outer.valid_lifetime),
            renew_timer: seconds(map, "renew-timer").or(outer.renew_timer),
            rebind_timer: seconds(map, "rebind-timer").or(outer.rebind_timer),
            calculate_tee_times: boolean(map, "calculate-tee-times").unwrap_or(outer.calculate_tee_times),
            t1_percent: real(map, "t1-percent").unwrap_or(outer.t1_percent),
            t2_percent: real(map, "t2-percent").unwrap_or(outer.t2_percent),
            cache_threshold: real(map, "cache-threshold").unwrap_or(outer.cache_threshold),
            cache_max_age: seconds(map, "cache-max-age").map(|s| s.0).or(outer.cache_max_age),
            adaptive_lease_time_threshold: real(map, "adaptive-lease-time-threshold")
                .or(outer.adaptive_lease_time_threshold),
            store_extended_info: boolean(map, "store-extended-info").unwrap_or(outer.store_extended_info),
            allocator: text(map, "allocator").and_then(Allocator::from_word).unwrap_or(outer.allocator),
            reservations_global: boolean(map, "reservations-global").unwrap_or(outer.reservations_global),
            reservations_in_subnet: boolean(map, "reservations-in-subnet")
                .unwrap_or(outer.reservations_in_subnet),
            reservations_out_of_pool: boolean(map, "reservations-out-of-pool")
                .unwrap_or(outer.reservations_out_of_pool),
            ddns,
            own: P::params(
                ctx,
                &Level { map, outer: Some(&**outer), preferred: own_preferred.or_else(inherited) },
            ),
        };
        let params = if params == **outer { Arc::clone(outer) } else { Arc::new(params) };
        let scope = Self { valid, preferred, params };
        if map.contains_key("t1-percent") || map.contains_key("t2-percent") {
            scope.check(ctx, pos);
        }
        scope
    }

    fn check(&self, ctx: &mut Context<'_>, pos: &Pos) {
        let (t1, t2) = (self.params.t1_percent, self.params.t2_percent);
        if t1 >= t2 {
            ctx.fault(
                pos,
                format_args!("t1-percent:  {t1} is invalid, it must be less than t2-percent: {t2}"),
            );
        }
    }
}

/// Three lifetimes of which any may be missing; what is missing is as the nearest that is there.
pub(crate) fn lifetime(ctx: &mut Context<'_>, names: &LifetimeNames, given: Given, pos: &Pos) -> Lifetime {
    if let Err(why) = lifetime_order(names, given) {
        ctx.fault(pos, why);
    } else if let [Some(_), None, Some(_)] = given {
        let LifetimeNames { min, default, max } = names;
        ctx.fault(pos, format_args!("have {min} and {max} but no {default} (default) in this scope"));
    }
    Lifetime::of(given)
}

impl Lifetime {
    fn of([min, value, max]: Given) -> Self {
        let default = value.or(min).or(max).unwrap_or(0);
        let span = |n: i64| Seconds(u32::try_from(n).unwrap_or(0));
        Self { min: span(min.unwrap_or(default)), default: span(default), max: span(max.unwrap_or(default)) }
    }
}
