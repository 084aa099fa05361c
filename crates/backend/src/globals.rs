//! Global parameters that a database may hold, with their types; members of maps are named `map.member`.
//! (Kea manual, chapters "Configuration Backend in DHCPv4" and "... DHCPv6".)

use base::Family;
use json::{Kind, Value};

/// Type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Int,
    Real,
    Bool,
    Str,
    StrOrBool,
}

/// Of kea-dhcp4, sorted.
pub static GLOBALS4: &[(&str, Type)] = &[
    ("adaptive-lease-time-threshold", Type::Real),
    ("allocator", Type::Str),
    ("authoritative", Type::Bool),
    ("boot-file-name", Type::Str),
    ("cache-max-age", Type::Int),
    ("cache-threshold", Type::Real),
    ("calculate-tee-times", Type::Bool),
    ("compatibility.exclude-first-last-24", Type::Bool),
    ("compatibility.ignore-dhcp-server-identifier", Type::Bool),
    ("compatibility.ignore-rai-link-selection", Type::Bool),
    ("compatibility.lenient-option-parsing", Type::Bool),
    ("ddns-conflict-resolution-mode", Type::Str),
    ("ddns-generated-prefix", Type::Str),
    ("ddns-override-client-update", Type::Bool),
    ("ddns-override-no-update", Type::Bool),
    ("ddns-qualifying-suffix", Type::Str),
    ("ddns-replace-client-name", Type::StrOrBool),
    ("ddns-send-updates", Type::Bool),
    ("ddns-ttl", Type::Int),
    ("ddns-ttl-max", Type::Int),
    ("ddns-ttl-min", Type::Int),
    ("ddns-ttl-percent", Type::Real),
    ("ddns-update-on-renew", Type::Bool),
    ("decline-probation-period", Type::Int),
    ("dhcp-ddns.enable-updates", Type::Bool),
    ("dhcp-ddns.max-queue-size", Type::Int),
    ("dhcp-ddns.ncr-format", Type::Str),
    ("dhcp-ddns.ncr-protocol", Type::Str),
    ("dhcp-ddns.sender-ip", Type::Str),
    ("dhcp-ddns.sender-port", Type::Int),
    ("dhcp-ddns.server-ip", Type::Str),
    ("dhcp-ddns.server-port", Type::Int),
    ("dhcp-queue-control.capacity", Type::Int),
    ("dhcp-queue-control.enable-queue", Type::Bool),
    ("dhcp-queue-control.queue-type", Type::Str),
    ("dhcp4o6-port", Type::Int),
    ("early-global-reservations-lookup", Type::Bool),
    ("echo-client-id", Type::Bool),
    ("expired-leases-processing.flush-reclaimed-timer-wait-time", Type::Int),
    ("expired-leases-processing.hold-reclaimed-time", Type::Int),
    ("expired-leases-processing.max-reclaim-leases", Type::Int),
    ("expired-leases-processing.max-reclaim-time", Type::Int),
    ("expired-leases-processing.reclaim-timer-wait-time", Type::Int),
    ("expired-leases-processing.unwarned-reclaim-cycles", Type::Int),
    ("hostname-char-replacement", Type::Str),
    ("hostname-char-set", Type::Str),
    ("ip-reservations-unique", Type::Bool),
    ("match-client-id", Type::Bool),
    ("max-valid-lifetime", Type::Int),
    ("min-valid-lifetime", Type::Int),
    ("multi-threading.enable-multi-threading", Type::Bool),
    ("multi-threading.packet-queue-size", Type::Int),
    ("multi-threading.thread-pool-size", Type::Int),
    ("next-server", Type::Str),
    ("offer-lifetime", Type::Int),
    ("parked-packet-limit", Type::Int),
    ("rebind-timer", Type::Int),
    ("renew-timer", Type::Int),
    ("reservations-global", Type::Bool),
    ("reservations-in-subnet", Type::Bool),
    ("reservations-lookup-first", Type::Bool),
    ("reservations-out-of-pool", Type::Bool),
    ("sanity-checks.extended-info-checks", Type::Str),
    ("sanity-checks.lease-checks", Type::Str),
    ("server-hostname", Type::Str),
    ("stash-agent-options", Type::Bool),
    ("statistic-default-sample-age", Type::Int),
    ("statistic-default-sample-count", Type::Int),
    ("store-extended-info", Type::Bool),
    ("t1-percent", Type::Real),
    ("t2-percent", Type::Real),
    ("valid-lifetime", Type::Int),
];

/// Of kea-dhcp6, sorted.
pub static GLOBALS6: &[(&str, Type)] = &[
    ("adaptive-lease-time-threshold", Type::Real),
    ("allocator", Type::Str),
    ("allow-address-registration", Type::Bool),
    ("cache-max-age", Type::Int),
    ("cache-threshold", Type::Real),
    ("calculate-tee-times", Type::Bool),
    ("compatibility.lenient-option-parsing", Type::Bool),
    ("data-directory", Type::Str),
    ("ddns-conflict-resolution-mode", Type::Str),
    ("ddns-generated-prefix", Type::Str),
    ("ddns-override-client-update", Type::Bool),
    ("ddns-override-no-update", Type::Bool),
    ("ddns-qualifying-suffix", Type::Str),
    ("ddns-replace-client-name", Type::StrOrBool),
    ("ddns-send-updates", Type::Bool),
    ("ddns-ttl", Type::Int),
    ("ddns-ttl-max", Type::Int),
    ("ddns-ttl-min", Type::Int),
    ("ddns-ttl-percent", Type::Real),
    ("ddns-update-on-renew", Type::Bool),
    ("decline-probation-period", Type::Int),
    ("dhcp-ddns.enable-updates", Type::Bool),
    ("dhcp-ddns.max-queue-size", Type::Int),
    ("dhcp-ddns.ncr-format", Type::Str),
    ("dhcp-ddns.ncr-protocol", Type::Str),
    ("dhcp-ddns.sender-ip", Type::Str),
    ("dhcp-ddns.sender-port", Type::Int),
    ("dhcp-ddns.server-ip", Type::Str),
    ("dhcp-ddns.server-port", Type::Int),
    ("dhcp-queue-control.capacity", Type::Int),
    ("dhcp-queue-control.enable-queue", Type::Bool),
    ("dhcp-queue-control.queue-type", Type::Str),
    ("dhcp4o6-port", Type::Int),
    ("early-global-reservations-lookup", Type::Bool),
    ("expired-leases-processing.flush-reclaimed-timer-wait-time", Type::Int),
    ("expired-leases-processing.hold-reclaimed-time", Type::Int),
    ("expired-leases-processing.max-reclaim-leases", Type::Int),
    ("expired-leases-processing.max-reclaim-time", Type::Int),
    ("expired-leases-processing.reclaim-timer-wait-time", Type::Int),
    ("expired-leases-processing.unwarned-reclaim-cycles", Type::Int),
    ("hostname-char-replacement", Type::Str),
    ("hostname-char-set", Type::Str),
    ("ip-reservations-unique", Type::Bool),
    ("max-preferred-lifetime", Type::Int),
    ("max-valid-lifetime", Type::Int),
    ("min-preferred-lifetime", Type::Int),
    ("min-valid-lifetime", Type::Int),
    ("multi-threading.enable-multi-threading", Type::Bool),
    ("multi-threading.packet-queue-size", Type::Int),
    ("multi-threading.thread-pool-size", Type::Int),
    ("parked-packet-limit", Type::Int),
    ("pd-allocator", Type::Str),
    ("preferred-lifetime", Type::Int),
    ("rebind-timer", Type::Int),
    ("renew-timer", Type::Int),
    ("reservations-global", Type::Bool),
    ("reservations-in-subnet", Type::Bool),
    ("reservations-lookup-first", Type::Bool),
    ("reservations-out-of-pool", Type::Bool),
    ("sanity-checks.extended-info-checks", Type::Str),
    ("sanity-checks.lease-checks", Type::Str),
    ("server-id.enterprise-id", Type::Int),
    ("server-id.identifier", Type::Str),
    ("server-id.persist", Type::Bool),
    ("server-id.type", Type::Str),
    ("statistic-default-sample-age", Type::Int),
    ("statistic-default-sample-count", Type::Int),
    ("store-extended-info", Type::Bool),
    ("t1-percent", Type::Real),
    ("t2-percent", Type::Real),
    ("valid-lifetime", Type::Int),
];

/// Why a parameter can not be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobalError {
    #[error("unknown parameter '{0}'")]
    Unknown(String),
    #[error("'{name}' parameter is not {wanted}")]
    Type { name: String, wanted: &'static str },
    #[error("'{name}' must be {wanted}")]
    Value { name: String, wanted: &'static str },
}

/// Type of a parameter of a family; `None` when it can not be stored.
#[must_use]
pub fn type_of(family: Family, name: &str) -> Option<Type> {
    let table = if family == Family::V4 { GLOBALS4 } else { GLOBALS6 };
    table.binary_search_by_key(&name, |(n, _)| n).ok().and_then(|at| table.get(at)).map(|(_, t)| *t)
}

/// Checks name and type of a parameter. An integer does where a real is wanted, and is turned into one.
pub fn check(family: Family, name: &str, value: &Value) -> Result<Value, GlobalError> {
    let unknown = || GlobalError::Unknown(name.to_owned());
    let wanted = type_of(family, name).ok_or_else(unknown)?;
    let not = |wanted| GlobalError::Type { name: name.to_owned(), wanted };
    match (wanted, &value.kind) {
        (Type::Int, Kind::Int(i)) if *i < 0 => {
            Err(GlobalError::Value { name: name.to_owned(), wanted: "zero or greater" })
        }
        (Type::Int, Kind::Int(i)) if *i > i64::from(u32::MAX) => {
            Err(GlobalError::Value { name: name.to_owned(), wanted: "at most 4294967295" })
        }
        (Type::Int, Kind::Int(_))
        | (Type::Real, Kind::Real(_))
        | (Type::Bool | Type::StrOrBool, Kind::Bool(_))
        | (Type::Str | Type::StrOrBool, Kind::Str(_)) => Ok(value.clone()),
        (Type::Real, Kind::Int(_)) => Ok(value.as_real().ok_or_else(|| not("a real"))?.into()),
        (Type::Int, _) => Err(not("an integer")),
        (Type::Real, _) => Err(not("a real")),
        (Type::Bool, _) => Err(not("a boolean")),
        (Type::Str, _) => Err(not("a string")),
        (Type::StrOrBool, _) => Err(not("a string or a boolean")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_typed() {
        for table in [GLOBALS4, GLOBALS6] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
        for (name, value) in [
            ("valid-lifetime", Value::from(1000i64)),
            ("boot-file-name", "/dev/null".into()),
            ("t1-percent", 0.85.into()),
            ("match-client-id", true.into()),
            ("dhcp-ddns.enable-updates", true.into()),
            ("expired-leases-processing.max-reclaim-time", 1000i64.into()),
            ("dhcp-queue-control.queue-type", "kea-ring4".into()),
        ] {
            assert_eq!(check(Family::V4, name, &value), Ok(value), "{name}");
        }
        assert_eq!(check(Family::V4, "t1-percent", &Value::from(1i64)), Ok(Value::from(1.0)));
    }

    #[test]
    fn refusals() {
        for (name, value, text) in [
            ("boot-fiabcsd", Value::from("x"), "unknown parameter 'boot-fiabcsd'"),
            (
                "compatibility.unknown-parameter",
                true.into(),
                "unknown parameter 'compatibility.unknown-parameter'",
            ),
            ("valid-lifetime", "x".into(), "'valid-lifetime' parameter is not an integer"),
            ("t1-percent", "x".into(), "'t1-percent' parameter is not a real"),
            ("authoritative", 1i64.into(), "'authoritative' parameter is not a boolean"),
            ("boot-file-name", 1i64.into(), "'boot-file-name' parameter is not a string"),
            ("renew-timer", (-1i64).into(), "'renew-timer' must be zero or greater"),
            ("server-tag", "x".into(), "unknown parameter 'server-tag'"),
        ] {
            assert_eq!(check(Family::V4, name, &value).unwrap_err().to_string(), text);
        }
    }
}
