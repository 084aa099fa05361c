//! Parameters that flow from globals through networks to subnets.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::Seconds;
use json::{Map, Pos, Value};

use super::{Context, ddns, global};
use crate::parse::objects::{boolean, int, lifetime_order, real, text};
use crate::{Allocator, Lifetime, OwnParams4, Params4};

/// The parameters of one level, those of the outer levels filled in.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) params: Params4,
    lifetimes: [Option<i64>; 3],
    /// `authoritative` stands at this level itself.
    pub(crate) own_authoritative: bool,
}

const LIFETIMES: [&str; 3] = ["min-valid-lifetime", "valid-lifetime", "max-valid-lifetime"];

/// An IPv4 address; absent and 0.0.0.0 are the same.
pub(crate) fn address(map: &Map, name: &str) -> Option<Ipv4Addr> {
    text(map, name)?.parse().ok().filter(|a: &Ipv4Addr| !a.is_unspecified())
}

fn seconds(map: &Map, name: &str) -> Option<Seconds> {
    int(map, name).and_then(|n| u32::try_from(n).ok()).map(Seconds)
}

impl Scope {
    pub(crate) fn globals(ctx: &mut Context<'_>, map: &Map, pos: &Pos) -> Self {
        let flag = |name: &str| global(map, name).and_then(|v| v.as_bool()).unwrap_or(false);
        let share = |name: &str| global(map, name).and_then(|v| v.as_real()).unwrap_or(0.0);
        let word = |name: &str| -> Arc<str> {
            global(map, name).as_ref().and_then(Value::as_str).map_or_else(|| Arc::from(""), Arc::from)
        };
        let mut lifetimes = LIFETIMES.map(|name| int(map, name));
        if let [_, value @ None, _] = &mut lifetimes {
            *value = global(map, "valid-lifetime").and_then(|v| v.as_int());
        }
        let scope = Self {
            lifetimes,
            own_authoritative: false,
            params: Params4 {
                valid_lifetime: lifetime(ctx, lifetimes, pos),
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
                ddns: ddns::globals(ctx, map, pos),
                own: OwnParams4 {
                    match_client_id: flag("match-client-id"),
                    authoritative: flag("authoritative"),
                    next_server: address(map, "next-server"),
                    server_hostname: word("server-hostname"),
                    boot_file_name: word("boot-file-name"),
                    offer_lifetime: seconds(map, "offer-lifetime").map_or(0, |s| s.0),
                },
            },
        };
        scope.check(ctx, pos);
        scope
    }

    /// The level below, described by `map`. `database` says that the object came from a configuration backend:
    /// its three lifetimes are taken together, while in files each is inherited on its own, as in Kea.
    pub(crate) fn inner(&self, ctx: &mut Context<'_>, map: &Map, pos: &Pos, database: bool) -> Self {
        let outer = &self.params;
        let own = &outer.own;
        let given = LIFETIMES.map(|name| int(map, name));
        let any = given.iter().any(Option::is_some);
        let lifetimes = if database && any {
            given
        } else {
            let [min, value, max] = given;
            let [outer_min, outer_value, outer_max] = self.lifetimes;
            [min.or(outer_min), value.or(outer_value), max.or(outer_max)]
        };
        let word =
            |name: &str, outer: &Arc<str>| text(map, name).map_or_else(|| Arc::clone(outer), Arc::from);
        let authoritative = boolean(map, "authoritative");
        let scope = Self {
            lifetimes,
            own_authoritative: authoritative.is_some(),
            params: Params4 {
                valid_lifetime: if any { lifetime(ctx, lifetimes, pos) } else { outer.valid_lifetime },
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
                ddns: ddns::inner(ctx, &outer.ddns, map, pos),
                own: OwnParams4 {
                    match_client_id: boolean(map, "match-client-id").unwrap_or(own.match_client_id),
                    authoritative: authoritative.unwrap_or(own.authoritative),
                    next_server: if map.contains_key("next-server") {
                        address(map, "next-server")
                    } else {
                        own.next_server
                    },
                    server_hostname: word("server-hostname", &own.server_hostname),
                    boot_file_name: word("boot-file-name", &own.boot_file_name),
                    offer_lifetime: seconds(map, "offer-lifetime").map_or(own.offer_lifetime, |s| s.0),
                },
            },
        };
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
pub(crate) fn lifetime(ctx: &mut Context<'_>, given: [Option<i64>; 3], pos: &Pos) -> Lifetime {
    let [min, value, max] = given;
    if let Err(why) = lifetime_order(min, value, max) {
        ctx.fault(pos, why);
    } else if let (Some(_), None, Some(_)) = (min, value, max) {
        ctx.fault(
            pos,
            "have min-valid-lifetime and max-valid-lifetime but no valid-lifetime (default) in this scope",
        );
    }
    let default = value.or(min).or(max).unwrap_or(0);
    let span = |n: i64| Seconds(u32::try_from(n).unwrap_or(0));
    Lifetime { min: span(min.unwrap_or(default)), default: span(default), max: span(max.unwrap_or(default)) }
}
