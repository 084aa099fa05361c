//! Which keyword lies in which column, and how: the tables of Kea's schema as data, for every database and both
//! families. A keyword that has no column can not be stored, and is refused rather than lost.

use std::net::{Ipv4Addr, Ipv6Addr};

use base::Family;
use json::{Kind, Map, Value};

use crate::BackendError;

/// A value as databases know it.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<String> for Datum {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// How a keyword's value lies in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Int,
    Real,
    /// 0 and 1.
    Bool,
    Text,
    /// JSON text of a list or map.
    Json,
    /// A dotted address as an unsigned number.
    Ipv4,
    /// A list of at most one class as its name alone, in schemas before Kea 2.7.5.
    OneClass,
    /// `relay`: JSON text of the list of addresses.
    Relay,
    /// `ddns-replace-client-name`: 0 never, 1 always, 2 when-present, 3 when-not-present.
    ReplaceName,
    /// The octets of a text as it stands (`interface-id`).
    Octets,
}

/// A keyword and its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub keyword: &'static str,
    pub column: &'static str,
    pub form: Form,
    /// In schemas where the column may not be empty: what it holds then, and what reads as absent.
    pub absent: Option<i64>,
}

const fn column(keyword: &'static str, column: &'static str, form: Form) -> Column {
    Column { keyword, column, form, absent: None }
}

macro_rules! columns {
    ($(#[$meta:meta])* $name:ident: $($keyword:literal $column:literal $form:ident,)*) => {
        $(#[$meta])*
        pub static $name: &[Column] = &[$(column($keyword, $column, Form::$form)),*];
    };
}

columns! {
    /// `dhcp4_subnet`, beside `subnet_id`, `subnet_prefix` and `shared_network_name`.
    SUBNET4:
    "4o6-interface" "4o6_interface" Text,
    "4o6-interface-id" "4o6_interface_id" Text,
    "4o6-subnet" "4o6_subnet" Text,
    "allocator" "allocator" Text,
    "authoritative" "authoritative" Bool,
    "boot-file-name" "boot_file_name" Text,
    "cache-max-age" "cache_max_age" Int,
    "cache-threshold" "cache_threshold" Real,
    "calculate-tee-times" "calculate_tee_times" Bool,
    "client-classes" "client_classes" Json,
    "ddns-generated-prefix" "ddns_generated_prefix" Text,
    "ddns-override-client-update" "ddns_override_client_update" Bool,
    "ddns-override-no-update" "ddns_override_no_update" Bool,
    "ddns-qualifying-suffix" "ddns_qualifying_suffix" Text,
    "ddns-replace-client-name" "ddns_replace_client_name" ReplaceName,
    "ddns-send-updates" "ddns_send_updates" Bool,
    "ddns-ttl" "ddns_ttl" Int,
    "ddns-ttl-max" "ddns_ttl_max" Int,
    "ddns-ttl-min" "ddns_ttl_min" Int,
    "ddns-ttl-percent" "ddns_ttl_percent" Real,
    "evaluate-additional-classes" "evaluate_additional_classes" Json,
    "interface" "interface" Text,
    "match-client-id" "match_client_id" Bool,
    "max-valid-lifetime" "max_valid_lifetime" Int,
    "min-valid-lifetime" "min_valid_lifetime" Int,
    "next-server" "next_server" Ipv4,
    "offer-lifetime" "offer_lifetime" Int,
    "rebind-timer" "rebind_timer" Int,
    "relay" "relay" Relay,
    "renew-timer" "renew_timer" Int,
    "reservations-global" "reservations_global" Bool,
    "reservations-in-subnet" "reservations_in_subnet" Bool,
    "reservations-out-of-pool" "reservations_out_of_pool" Bool,
    "server-hostname" "server_hostname" Text,
    "t1-percent" "t1_percent" Real,
    "t2-percent" "t2_percent" Real,
    "user-context" "user_context" Json,
    "valid-lifetime" "valid_lifetime" Int,
}

columns! {
    /// `dhcp4_shared_network`, beside `id` and `name`.
    NETWORK4:
    "allocator" "allocator" Text,
    "authoritative" "authoritative" Bool,
    "boot-file-name" "boot_file_name" Text,
    "cache-max-age" "cache_max_age" Int,
    "cache-threshold" "cache_threshold" Real,
    "calculate-tee-times" "calculate_tee_times" Bool,
    "client-classes" "client_classes" Json,
    "ddns-generated-prefix" "ddns_generated_prefix" Text,
    "ddns-override-client-update" "ddns_override_client_update" Bool,
    "ddns-override-no-update" "ddns_override_no_update" Bool,
    "ddns-qualifying-suffix" "ddns_qualifying_suffix" Text,
    "ddns-replace-client-name" "ddns_replace_client_name" ReplaceName,
    "ddns-send-updates" "ddns_send_updates" Bool,
    "ddns-ttl" "ddns_ttl" Int,
    "ddns-ttl-max" "ddns_ttl_max" Int,
    "ddns-ttl-min" "ddns_ttl_min" Int,
    "ddns-ttl-percent" "ddns_ttl_percent" Real,
    "evaluate-additional-classes" "evaluate_additional_classes" Json,
    "interface" "interface" Text,
    "match-client-id" "match_client_id" Bool,
    "max-valid-lifetime" "max_valid_lifetime" Int,
    "min-valid-lifetime" "min_valid_lifetime" Int,
    "next-server" "next_server" Ipv4,
    "offer-lifetime" "offer_lifetime" Int,
    "rebind-timer" "rebind_timer" Int,
    "relay" "relay" Relay,
    "renew-timer" "renew_timer" Int,
    "reservations-global" "reservations_global" Bool,
    "reservations-in-subnet" "reservations_in_subnet" Bool,
    "reservations-out-of-pool" "reservations_out_of_pool" Bool,
    "server-hostname" "server_hostname" Text,
    "t1-percent" "t1_percent" Real,
    "t2-percent" "t2_percent" Real,
    "user-context" "user_context" Json,
    "valid-lifetime" "valid_lifetime" Int,
}

columns! {
    /// `dhcp6_subnet`.
    SUBNET6:
    "allocator" "allocator" Text,
    "cache-max-age" "cache_max_age" Int,
    "cache-threshold" "cache_threshold" Real,
    "calculate-tee-times" "calculate_tee_times" Bool,
    "client-classes" "client_classes" Json,
    "ddns-generated-prefix" "ddns_generated_prefix" Text,
    "ddns-override-client-update" "ddns_override_client_update" Bool,
    "ddns-override-no-update" "ddns_override_no_update" Bool,
    "ddns-qualifying-suffix" "ddns_qualifying_suffix" Text,
    "ddns-replace-client-name" "ddns_replace_client_name" ReplaceName,
    "ddns-send-updates" "ddns_send_updates" Bool,
    "ddns-ttl" "ddns_ttl" Int,
    "ddns-ttl-max" "ddns_ttl_max" Int,
    "ddns-ttl-min" "ddns_ttl_min" Int,
    "ddns-ttl-percent" "ddns_ttl_percent" Real,
    "evaluate-additional-classes" "evaluate_additional_classes" Json,
    "interface" "interface" Text,
    "interface-id" "interface_id" Octets,
    "max-preferred-lifetime" "max_preferred_lifetime" Int,
    "max-valid-lifetime" "max_valid_lifetime" Int,
    "min-preferred-lifetime" "min_preferred_lifetime" Int,
    "min-valid-lifetime" "min_valid_lifetime" Int,
    "pd-allocator" "pd_allocator" Text,
    "preferred-lifetime" "preferred_lifetime" Int,
    "rapid-commit" "rapid_commit" Bool,
    "rebind-timer" "rebind_timer" Int,
    "relay" "relay" Relay,
    "renew-timer" "renew_timer" Int,
    "reservations-global" "reservations_global" Bool,
    "reservations-in-subnet" "reservations_in_subnet" Bool,
    "reservations-out-of-pool" "reservations_out_of_pool" Bool,
    "t1-percent" "t1_percent" Real,
    "t2-percent" "t2_percent" Real,
    "user-context" "user_context" Json,
    "valid-lifetime" "valid_lifetime" Int,
}

/// `dhcp6_shared_network`: the same as `dhcp6_subnet`.
pub static NETWORK6: &[Column] = SUBNET6;

columns! {
    /// `hosts`, for DHCPv4, beside the identifier, the subnet and the classes.
    HOST4:
    "boot-file-name" "dhcp4_boot_file_name" Text,
    "hostname" "hostname" Text,
    "ip-address" "ipv4_address" Ipv4,
    "next-server" "dhcp4_next_server" Ipv4,
    "server-hostname" "dhcp4_server_hostname" Text,
    "user-context" "user_context" Json,
}

columns! {
    /// As [`HOST4`], for DHCPv6; `ip-addresses` and `prefixes` have a table of their own.
    HOST6:
    "hostname" "hostname" Text,
    "user-context" "user_context" Json,
}

columns! {
    /// `dhcp4_pool` and `dhcp6_pool`, beside the addresses.
    POOL:
    "client-classes" "client_classes" Json,
    "evaluate-additional-classes" "evaluate_additional_classes" Json,
    "user-context" "user_context" Json,
}

/// `dhcp4_client_class`, beside `name`.
pub static CLASS4: &[Column] = &[
    column("boot-file-name", "boot_file_name", Form::Text),
    column("max-valid-lifetime", "max_valid_lifetime", Form::Int),
    column("min-valid-lifetime", "min_valid_lifetime", Form::Int),
    column("next-server", "next_server", Form::Ipv4),
    column("offer-lifetime", "offer_lifetime", Form::Int),
    Column { absent: Some(0), ..column("only-in-additional-list", "only_in_additional_list", Form::Bool) },
    column("server-hostname", "server_hostname", Form::Text),
    column("test", "test", Form::Text),
    column("user-context", "user_context", Form::Json),
    column("valid-lifetime", "valid_lifetime", Form::Int),
];

/// `dhcp6_client_class`, beside `name`.
pub static CLASS6: &[Column] = &[
    column("max-preferred-lifetime", "max_preferred_lifetime", Form::Int),
    column("max-valid-lifetime", "max_valid_lifetime", Form::Int),
    column("min-preferred-lifetime", "min_preferred_lifetime", Form::Int),
    column("min-valid-lifetime", "min_valid_lifetime", Form::Int),
    Column { absent: Some(0), ..column("only-in-additional-list", "only_in_additional_list", Form::Bool) },
    column("preferred-lifetime", "preferred_lifetime", Form::Int),
    column("test", "test", Form::Text),
    column("user-context", "user_context", Form::Json),
    column("valid-lifetime", "valid_lifetime", Form::Int),
];

/// Columns of subnets.
#[must_use]
pub fn subnet(family: Family) -> &'static [Column] {
    if family == Family::V4 { SUBNET4 } else { SUBNET6 }
}

/// Columns of shared networks.
#[must_use]
pub fn network(family: Family) -> &'static [Column] {
    if family == Family::V4 { NETWORK4 } else { NETWORK6 }
}

/// Columns of client classes.
#[must_use]
pub fn class(family: Family) -> &'static [Column] {
    if family == Family::V4 { CLASS4 } else { CLASS6 }
}

/// Columns of host reservations.
#[must_use]
pub fn host(family: Family) -> &'static [Column] {
    if family == Family::V4 { HOST4 } else { HOST6 }
}

/// Numbers of `option_def_data_type`.
pub const DATA_TYPES: &[(i64, &str)] = &[
    (0, "empty"),
    (1, "binary"),
    (2, "boolean"),
    (3, "int8"),
    (4, "int16"),
    (5, "int32"),
    (6, "uint8"),
    (7, "uint16"),
    (8, "uint32"),
    (10, "ipv4-address"),
    (11, "ipv6-address"),
    (12, "ipv6-prefix"),
    (13, "psid"),
    (14, "string"),
    (15, "tuple"),
    (16, "fqdn"),
    (17, "internal"),
    (254, "record"),
];

/// Numbers of `dhcp_option_scope`.
pub const SCOPES: &[(i64, &str)] = &[
    (0, "global"),
    (1, "subnet"),
    (2, "client-class"),
    (3, "host"),
    (4, "shared-network"),
    (5, "pool"),
    (6, "pd-pool"),
];

/// Numbers of the kinds of identifiers that clients with reservations are known by.
pub const HOST_IDENTIFIERS: &[(i64, &str)] =
    &[(0, "hw-address"), (1, "duid"), (2, "circuit-id"), (3, "client-id"), (4, "flex-id")];

/// Numbers of `parameter_data_type`.
pub const PARAMETER_TYPES: &[(i64, &str)] = &[(0, "integer"), (1, "real"), (2, "boolean"), (4, "string")];

/// Numbers of `modification`.
pub const MODIFICATIONS: &[(i64, &str)] = &[(0, "create"), (1, "update"), (2, "delete")];

const REPLACE_NAMES: [&str; 4] = ["never", "always", "when-present", "when-not-present"];

/// Number of an option definition's `type`.
#[must_use]
pub fn data_type_number(name: &str) -> Option<i64> {
    DATA_TYPES.iter().find(|(_, n)| *n == name).map(|(number, _)| *number)
}

/// `type` of an option definition's number.
#[must_use]
pub fn data_type_name(number: i64) -> Option<&'static str> {
    DATA_TYPES.iter().find(|(n, _)| *n == number).map(|(_, name)| *name)
}

/// `record-types` as numbers in JSON text, the way `option_def.record_types` holds them.
pub fn record_types_to_column(types: &str) -> Result<Option<String>, BackendError> {
    if types.trim().is_empty() {
        return Ok(None);
    }
    let bad = || BackendError::BadValue { keyword: "record-types".into(), wanted: "a list of data types" };
    let numbers: Vec<String> = types
        .split(',')
        .map(|name| data_type_number(name.trim()).map(|n| n.to_string()).ok_or_else(bad))
        .collect::<Result<_, _>>()?;
    Ok(Some(format!("[ {} ]", numbers.join(", "))))
}

/// The way back; `None` when the text is not a list of known numbers.
#[must_use]
pub fn record_types_from_column(text: &str) -> Option<String> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let names: Option<Vec<&str>> = inner
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .map(|n| n.parse().ok().and_then(data_type_name))
        .collect();
    names.map(|names| names.join(", "))
}

/// A global's value as the columns `value` and `parameter_type`.
pub fn global_to_columns(name: &str, value: &Value) -> Result<(String, i64), BackendError> {
    Ok(match &value.kind {
        Kind::Int(i) => (i.to_string(), 0),
        Kind::Real(r) => (real_text(*r), 1),
        Kind::Bool(b) => (i32::from(*b).to_string(), 2),
        Kind::Str(s) => (s.to_string(), 4),
        _ => {
            return Err(BackendError::BadValue {
                keyword: name.to_owned(),
                wanted: "a string, an integer, a real or a boolean",
            });
        }
    })
}

/// The way back.
#[must_use]
pub fn global_from_columns(text: &str, kind: i64) -> Option<Value> {
    Some(match kind {
        0 => Kind::Int(text.trim().parse().ok()?).into(),
        1 => Kind::Real(text.trim().parse().ok()?).into(),
        2 => match text.trim() {
            "1" | "true" => true.into(),
            "0" | "false" => false.into(),
            _ => return None,
        },
        4 => text.into(),
        _ => return None,
    })
}

fn real_text(real: f64) -> String {
    let text = real.to_string();
    if text.contains(['.', 'e', 'n', 'i']) { text } else { format!("{text}.0") }
}

/// A list or map as compact JSON text.
#[must_use]
pub fn json_text(value: &Value) -> String {
    json::to_string(value)
}

/// JSON text of a column; `None` when it is not JSON.
#[must_use]
pub fn json_value(text: &str) -> Option<Value> {
    json::parse_command(text.as_bytes(), json::Limits::default()).ok()
}

impl Column {
    /// The column's content for a map.
    pub fn store(&self, map: &Map) -> Result<Datum, BackendError> {
        match map.get(self.keyword) {
            None => Ok(self.absent.map_or(Datum::Null, Datum::Int)),
            Some(value) if value.is_null() => Ok(self.absent.map_or(Datum::Null, Datum::Int)),
            Some(value) => self.encode(value),
        }
    }

    fn encode(&self, value: &Value) -> Result<Datum, BackendError> {
        let bad = |wanted| BackendError::BadValue { keyword: self.keyword.to_owned(), wanted };
        let text = || value.as_str().ok_or_else(|| bad("a string"));
        Ok(match self.form {
            Form::Int => Datum::Int(value.as_int().ok_or_else(|| bad("an integer"))?),
            Form::Real => Datum::Real(value.as_real().ok_or_else(|| bad("a real"))?),
            Form::Bool => Datum::Int(i64::from(value.as_bool().ok_or_else(|| bad("a boolean"))?)),
            Form::Text => Datum::Text(text()?.to_owned()),
            Form::Json => match value.kind {
                Kind::List(_) | Kind::Map(_) => Datum::Text(json_text(value)),
                _ => return Err(bad("a list or a map")),
            },
            Form::OneClass => match value.as_list() {
                Some([]) => Datum::Null,
                Some([class]) => {
                    Datum::Text(class.as_str().ok_or_else(|| bad("a list of class names"))?.to_owned())
                }
                _ => {
                    return Err(bad(
                        "a list of one class, more than which the database's schema has no place for",
                    ));
                }
            },
            Form::Ipv4 => {
                let address: Ipv4Addr = text()?.trim().parse().map_err(|_| bad("an IPv4 address"))?;
                Datum::Int(i64::from(u32::from(address)))
            }
            Form::Relay => {
                let list = match &value.kind {
                    Kind::Map(map) => {
                        map.get("ip-addresses").cloned().unwrap_or_else(|| Kind::List(vec![]).into())
                    }
                    _ => return Err(bad("a map")),
                };
                if list.as_list().is_none() {
                    return Err(bad("a map with a list of addresses"));
                }
                Datum::Text(json_text(&list))
            }
            Form::ReplaceName => {
                let name = match &value.kind {
                    // The old boolean form.
                    Kind::Bool(true) => "when-present",
                    Kind::Bool(false) => "never",
                    _ => text()?,
                };
                let number =
                    REPLACE_NAMES.iter().position(|n| *n == name).and_then(|n| i64::try_from(n).ok());
                Datum::Int(number.ok_or_else(|| bad("one of never, always, when-present, when-not-present"))?)
            }
            Form::Octets => Datum::Bytes(text()?.as_bytes().to_vec()),
        })
    }

    /// Puts the column's content into a map; `None` when it makes no sense there.
    #[must_use]
    pub fn load(&self, datum: Datum, map: &mut Map) -> Option<()> {
        let value: Value = match (self.form, datum) {
            (_, Datum::Null) => return Some(()),
            (_, Datum::Int(i)) if self.absent == Some(i) => return Some(()),
            (Form::Int, Datum::Int(i)) => i.into(),
            (Form::Real, Datum::Real(r)) => r.into(),
            #[allow(clippy::cast_precision_loss)]
            (Form::Real, Datum::Int(i)) => (i as f64).into(),
            (Form::Bool, Datum::Int(i)) => (i != 0).into(),
            (Form::Text, Datum::Text(t)) => t.into(),
            (Form::Json, Datum::Text(t)) => {
                if t.trim().is_empty() {
                    return Some(());
                }
                json_value(&t)?
            }
            (Form::OneClass, Datum::Text(t)) if t.is_empty() => return Some(()),
            (Form::OneClass, Datum::Text(t)) => vec![Value::from(t)].into(),
            (Form::Ipv4, Datum::Int(i)) => Ipv4Addr::from(u32::try_from(i).ok()?).to_string().into(),
            (Form::Relay, Datum::Text(t)) => {
                if t.trim().is_empty() {
                    return Some(());
                }
                let list = json_value(&t)?;
                list.as_list()?;
                [("ip-addresses", list)].into()
            }
            (Form::ReplaceName, Datum::Int(i)) => (*REPLACE_NAMES.get(usize::try_from(i).ok()?)?).into(),
            (Form::Octets, Datum::Bytes(b)) => match String::from_utf8(b) {
                Ok(text) => text.into(),
                // No text has them; this one shows them.
                Err(raw) => format!("0x{}", base::encode_hex(raw.as_bytes())).into(),
            },
            _ => return None,
        };
        map.insert(self.keyword.to_owned(), value);
        Some(())
    }
}

/// Refuses keywords of a map that neither a column nor `beside` (keywords with a table or place of their own) holds.
pub fn check_storable(map: &Map, columns: &[Column], beside: &[&str]) -> Result<(), BackendError> {
    for keyword in map.keys() {
        if !beside.contains(&keyword.as_str()) && !columns.iter().any(|c| c.keyword == keyword) {
            return Err(BackendError::NoColumn(keyword.to_string()));
        }
    }
    Ok(())
}

/// An address of a pool as its column holds it: a number for IPv4, text for IPv6.
#[must_use]
pub fn address_to_column(address: std::net::IpAddr) -> Datum {
    match address {
        std::net::IpAddr::V4(a) => Datum::Int(i64::from(u32::from(a))),
        std::net::IpAddr::V6(a) => Datum::Text(a.to_string()),
    }
}

/// The way back.
#[must_use]
pub fn address_from_column(datum: &Datum) -> Option<std::net::IpAddr> {
    match datum {
        Datum::Int(i) => Some(Ipv4Addr::from(u32::try_from(*i).ok()?).into()),
        Datum::Text(t) => t.trim().parse::<Ipv6Addr>().ok().map(Into::into),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> Map {
        json_value(text).unwrap().as_map().unwrap().clone()
    }

    #[test]
    fn every_form_comes_back_as_it_went() {
        let written = map(
            r#"{"valid-lifetime": 100, "t1-percent": 0.85, "authoritative": false, "interface": "eth0",
                "client-classes": ["a", "b"], "next-server": "255.1.2.3", "relay": {"ip-addresses": ["10.0.0.1"]},
                "ddns-replace-client-name": "when-not-present", "user-context": {"x": [1, {"y": "ö\"'"}]},
                "4o6-subnet": "2001:db8::/64", "boot-file-name": ""}"#,
        );
        let mut read = Map::new();
        for column in SUBNET4 {
            column.load(column.store(&written).unwrap(), &mut read).unwrap();
        }
        assert_eq!(read, written);
        check_storable(&written, SUBNET4, &[]).unwrap();
    }

    #[test]
    fn octets_of_a_text_as_it_stands() {
        let interface_id = SUBNET6.iter().find(|c| c.keyword == "interface-id").unwrap();
        for (text, octets) in [("port1", &b"port1"[..]), ("0x616264", b"0x616264"), ("a\u{1}b", b"a\x01b")] {
            let map = Map::from([("interface-id".to_owned(), Value::from(text))]);
            assert_eq!(interface_id.store(&map).unwrap(), Datum::Bytes(octets.to_vec()));
            let mut read = Map::new();
            interface_id.load(interface_id.store(&map).unwrap(), &mut read).unwrap();
            assert_eq!(read, map);
        }
    }

    #[test]
    fn absent_values_stay_absent() {
        for column in CLASS4 {
            let mut read = Map::new();
            column.load(column.store(&Map::new()).unwrap(), &mut read).unwrap();
            assert!(read.is_empty(), "{}", column.keyword);
        }
    }

    #[test]
    fn wrong_shapes_are_refused() {
        for (keyword, value) in [
            ("valid-lifetime", Value::from("1")),
            ("t1-percent", Value::from("x")),
            ("authoritative", Value::from(1i64)),
            ("next-server", Value::from("1.2.3")),
            ("relay", Value::from("10.0.0.1")),
            ("client-classes", Value::from("a")),
            ("ddns-replace-client-name", Value::from("sometimes")),
        ] {
            let column = SUBNET4.iter().find(|c| c.keyword == keyword).unwrap();
            assert!(column.store(&Map::from([(keyword.to_owned(), value)])).is_err(), "{keyword}");
        }
        let no_place = map(r#"{"store-extended-info": true}"#);
        assert_eq!(
            check_storable(&no_place, SUBNET4, &[]).unwrap_err().to_string(),
            "parameter 'store-extended-info' can not be stored in the configuration database"
        );
    }

    #[test]
    fn damaged_columns_are_noticed() {
        let find = |keyword| SUBNET4.iter().find(|c| c.keyword == keyword).unwrap();
        for (keyword, datum) in [
            ("user-context", Datum::Text("{".into())),
            ("next-server", Datum::Int(-1)),
            ("valid-lifetime", Datum::Text("x".into())),
            ("ddns-replace-client-name", Datum::Int(9)),
            ("relay", Datum::Text("{}".into())),
        ] {
            assert!(find(keyword).load(datum, &mut Map::new()).is_none(), "{keyword}");
        }
    }

    #[test]
    fn globals_keep_their_type() {
        for value in
            [Value::from(5i64), Value::from(0.85), Value::from(2.0), Value::from(true), Value::from("x y")]
        {
            let (text, kind) = global_to_columns("x", &value).unwrap();
            assert_eq!(global_from_columns(&text, kind), Some(value));
        }
        assert!(global_to_columns("x", &Value::map()).is_err());
        assert_eq!(global_from_columns("x", 0), None);
        assert_eq!(global_from_columns("1", 3), None);
    }

    #[test]
    fn record_types_as_numbers() {
        let column = record_types_to_column("ipv6-address, uint16").unwrap().unwrap();
        assert_eq!(column, "[ 11, 7 ]");
        assert_eq!(record_types_from_column(&column).unwrap(), "ipv6-address, uint16");
        assert_eq!(record_types_to_column(" ").unwrap(), None);
        assert!(record_types_to_column("nonsense").is_err());
        assert!(record_types_from_column("[ 99 ]").is_none());
    }
}

#[cfg(test)]
mod keyword_tests {
    use config::keywords::{self, Backend, Status, Table};

    use super::*;

    /// The manual says that databases hold these, but Kea's schema has no place for them: they are refused.
    const NO_PLACE: [&str; 3] = ["hostname-char-replacement", "hostname-char-set", "template-test"];

    /// What the keyword tables say a database stores, and what has a place in one, is the same.
    #[test]
    fn keyword_tables_and_columns_agree() {
        let cases: [(&Table, &[Column], &[&str]); 4] = [
            (&keywords::SUBNET4, SUBNET4, &["id", "subnet", "pools", "option-data", "comment"]),
            (&keywords::SHARED_NETWORK4, NETWORK4, &["name", "subnet4", "option-data", "comment"]),
            (&keywords::CLIENT_CLASS, CLASS4, &["name", "option-data", "option-def", "comment"]),
            (&keywords::POOL4, POOL, &["pool", "option-data", "comment"]),
        ];
        let mut wrong = Vec::new();
        for (table, columns, beside) in cases {
            for column in columns {
                let stored = table.get(column.keyword).is_some_and(|k| k.backend == Backend::Yes);
                if !stored {
                    wrong.push(format!(
                        "{}: column {} without a keyword that is stored",
                        table.name, column.keyword
                    ));
                }
            }
            for keyword in table.keywords.iter().filter(|k| k.backend != Backend::No) {
                let place = columns.iter().any(|c| c.keyword == keyword.name)
                    || beside.contains(&keyword.name)
                    || NO_PLACE.contains(&keyword.name);
                if !place && !matches!(keyword.status, Status::Old(_)) {
                    wrong.push(format!("{}: keyword {} without a column", table.name, keyword.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
