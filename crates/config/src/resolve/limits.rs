//! `libdhcp_limits`: how many packets and leases there may be (Kea manual, "Limits to Manage Lease Allocation and Packet
//! Processing").

use std::sync::Arc;

use base::Seconds;
use json::{Map, Value};

use super::{ClassBuilder, Context};
use crate::parse::objects::text;
use crate::{Limit, Limits, Protocol, RateLimit, Services, Written};

const LIBRARY: &str = "libdhcp_limits";

/// Units of time and their seconds; as in Kea, a month has 30 days and a year 365.
const UNITS: [(&str, u32); 7] = [
    ("second", 1),
    ("minute", 60),
    ("hour", 3600),
    ("day", 86_400),
    ("week", 7 * 86_400),
    ("month", 30 * 86_400),
    ("year", 365 * 86_400),
];

/// What the user contexts of classes and subnets say, where the library is listed.
pub(crate) fn resolve<P: Protocol>(
    ctx: &mut Context<'_>,
    written: &Written<P>,
    services: &Services,
    classes: &mut ClassBuilder,
) -> Option<Limits> {
    let library = services.hooks_libraries.iter().find(|library| library.is(LIBRARY));
    classes.keep_generated(library.is_some());
    for (name, value) in &library?.parameters {
        ctx.fault(&value.pos(), format_args!("expected no parameters for {LIBRARY}.so, found '{name}'"));
    }
    let mut limits = Limits::default();
    for class in &written.client_classes {
        if let (Some(name), Some(limit)) = (text(&class.map, "name"), limit(ctx, &class.map)) {
            limits.classes.insert(classes.id(name), limit);
        }
    }
    for subnet in &written.subnets {
        if let Some(limit) = limit(ctx, &subnet.element.map) {
            limits.subnets.insert(subnet.id, limit);
        }
    }
    Some(limits)
}

/// The limits in the user context of an object; `None`: it has none.
fn limit(ctx: &mut Context<'_>, map: &Map) -> Option<Limit> {
    let limits = map.get("user-context")?.get("limits")?;
    let Some(limits) = limits.as_map() else {
        ctx.fault(&limits.pos(), format_args!("'limits' of {LIBRARY} is not a map"));
        return None;
    };
    let limit = Limit {
        addresses: limits.get("address-limit").and_then(|value| leases(ctx, value)),
        prefixes: limits.get("prefix-limit").and_then(|value| leases(ctx, value)),
        rate: limits.get("rate-limit").and_then(|value| rate(ctx, value)),
    };
    (limit != Limit::default()).then_some(limit)
}

fn leases(ctx: &mut Context<'_>, value: &Value) -> Option<u32> {
    let fault = match value.as_int() {
        None => "limit of leases is not an integer".to_owned(),
        Some(limit) => match u32::try_from(limit) {
            Ok(limit) => return Some(limit),
            Err(_) if limit < 0 => format!("expected positive limit configured, got negative limit {limit}"),
            Err(_) => format!("expected limit in range [0, {}], got limit {limit}", u32::MAX),
        },
    };
    ctx.fault(&value.pos(), format_args!("{LIBRARY}: {fault}"));
    None
}

fn rate(ctx: &mut Context<'_>, value: &Value) -> Option<RateLimit> {
    let read = |text: &str| {
        let unreadable =
            || format!("expected rate limit of format <n> packet[s] per <time-unit>, got: {text}");
        let split = text.split_once(" packets per ").or_else(|| text.split_once(" packet per "));
        let (packets, unit) = split.ok_or_else(unreadable)?;
        let packets: i64 = packets.trim().parse().map_err(|_| unreadable())?;
        let packets = u32::try_from(packets)
            .map_err(|_| format!("expected limit in range [0, {}], got limit {packets}", u32::MAX))?;
        let (_, seconds) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| format!("invalid time period {unit}"))?;
        Ok(RateLimit { packets, span: Seconds(*seconds), text: Arc::from(text) })
    };
    let read = value.as_str().map_or_else(|| Err("'rate-limit' is not a string".to_owned()), read);
    read.map_err(|fault: String| ctx.fault(&value.pos(), format_args!("{LIBRARY}: {fault}"))).ok()
}
