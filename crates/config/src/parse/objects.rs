//! Checks of a whole map, beyond those of its members one by one: everything that needs no other object.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base::{Family, IpPrefix, Ipv4Prefix};
use host::{Identifier, IdentifierKind};
use json::{Map, Pos, Value};
use options::{DataType, OptionDef, OptionSpace};

use super::{Checker, Origin, objects6, position, ranges};
use crate::error::ConfigError;
use crate::keywords::{
    AGENT, AGENT_SOCKET, AUTHENTICATION, CLIENT, CONFIG_CONTROL, CONTROL_SOCKET, DATABASE, DHCP_DDNS, LOGGER,
    PD_POOL, SERVER_ID, Table,
};
use crate::model::class_names::is_builtin;

pub(crate) fn check(checker: &mut Checker, table: &'static Table, map: &Map, pos: &Pos) {
    let is = |other: &'static Table| std::ptr::eq(table, other);
    let tables = checker.tables;
    if is(tables.subnet) {
        scope(checker, map, pos);
        match checker.family {
            Family::V4 => {
                subnet::<Ipv4Prefix>(checker, map, pos);
            }
            Family::V6 => objects6::subnet(checker, map, pos),
        }
    } else if is(tables.shared_network) {
        scope(checker, map, pos);
        interface_or_id(
            checker,
            map,
            pos,
            format_args!("shared network {}", text(map, "name").unwrap_or("")),
        );
        if text(map, "name") == Some("") {
            match checker.origin {
                Origin::File => checker.fault(pos, "'name' parameter must not be empty"),
                // Programs compare the whole text.
                Origin::Command => {
                    checker.push(ConfigError::plain(pos, "'name' parameter must not be empty"));
                }
            }
        }
    } else if is(tables.globals) {
        scope(checker, map, pos);
        globals(checker, map);
    } else if is(tables.pool) {
        ddns(checker, map, pos);
        class_lists(checker, map);
        if let Some(value) = map.get("pool") {
            let text = value.as_str().unwrap_or("");
            let why = match checker.family {
                Family::V4 => ranges::pool::<Ipv4Addr>(text).err(),
                Family::V6 => ranges::pool::<Ipv6Addr>(text).err(),
            };
            if let Some(why) = why {
                checker.fault(&value.pos(), why);
            }
        }
    } else if is(&PD_POOL) {
        class_lists(checker, map);
        if let Some(Err(why)) = objects6::pd_pool(map) {
            checker.fault(pos, why);
        }
    } else if is(&SERVER_ID) {
        objects6::server_id(checker, map, pos);
    } else if is(tables.option_def) {
        if let Some(Err(error)) = option_def(checker.family, map, pos) {
            checker.fault(&error.0, error.1);
        }
    } else if is(tables.option_data) {
        option_data(checker, map, pos);
    } else if is(tables.client_class) {
        client_class(checker, map, pos);
    } else if is(tables.reservation) {
        reservation(checker, map, pos);
    } else if is(tables.relay) {
        relay(checker, map);
    } else if is(&CONFIG_CONTROL) {
        config_control(checker, map);
    } else if is(&CONTROL_SOCKET) {
        control_socket(checker, map, pos);
    } else if is(&AGENT) {
        tls_files(checker, map, pos);
    } else if is(&AGENT_SOCKET) {
        agent_socket(checker, map, pos);
    } else if is(&AUTHENTICATION) || is(&CLIENT) {
        credentials(checker, map, pos);
    } else if is(&DATABASE) {
        database(checker, map);
    } else if is(&LOGGER) {
        if text(map, "name") == Some("") {
            checker.fault(pos, "loggers entry does not have a mandatory 'name' element");
        }
    } else if is(&DHCP_DDNS) && text(map, "ncr-protocol") == Some("TCP") {
        let at = position(map, "ncr-protocol", pos);
        checker.fault(&at, "D2ClientConfig error: NCR Protocol: TCP is not supported.");
    } else {
        super::d2::check(checker, table, map, pos);
    }
}

pub(crate) fn text<'a>(map: &'a Map, name: &str) -> Option<&'a str> {
    map.get(name)?.as_str()
}

pub(crate) fn int(map: &Map, name: &str) -> Option<i64> {
    map.get(name)?.as_int()
}

pub(crate) fn real(map: &Map, name: &str) -> Option<f64> {
    map.get(name)?.as_real()
}

pub(crate) fn boolean(map: &Map, name: &str) -> Option<bool> {
    map.get(name)?.as_bool()
}

pub(crate) fn list<'a>(map: &'a Map, name: &str) -> &'a [Value] {
    map.get(name).and_then(Value::as_list).unwrap_or(&[])
}

pub(crate) fn strings<'a>(map: &'a Map, name: &str) -> impl Iterator<Item = &'a str> {
    list(map, name).iter().filter_map(Value::as_str)
}

/// Parameters that globals, networks and subnets have in common.
fn scope(checker: &mut Checker, map: &Map, pos: &Pos) {
    let at = |name: &str| position(map, name, pos);
    if let Some(t2) = real(map, "t2-percent").filter(|t2| *t2 <= 0.0 || *t2 >= 1.0) {
        let text = format!("t2-percent: {t2} is invalid, it must be greater than 0.0 and less than 1.0");
        checker.fault(&at("t2-percent"), text);
    }
    if let Some(t1) = real(map, "t1-percent").filter(|t1| *t1 <= 0.0 || *t1 >= 1.0) {
        let text = format!("t1-percent: {t1} is invalid it must be greater than 0.0 and less than 1.0");
        checker.fault(&at("t1-percent"), text);
    }
    if let (Some(t1), Some(t2)) = (real(map, "t1-percent"), real(map, "t2-percent"))
        && t1 >= t2
    {
        let text = format!("t1-percent:  {t1} is invalid, it must be less than t2-percent: {t2}");
        checker.fault(&at("t1-percent"), text);
    }
    if let Some(share) = real(map, "cache-threshold").filter(|c| *c < 0.0 || *c >= 1.0) {
        let text = format!(
            "cache-threshold: {share} is invalid, it must be greater than or equal to 0.0 and less than 1.0"
        );
        checker.fault(&at("cache-threshold"), text);
    }
    if let Some(share) = real(map, "adaptive-lease-time-threshold").filter(|c| *c <= 0.0 || *c > 1.0) {
        let text = format!(
            "adaptive-lease-time-threshold: {share} is invalid, it must be greater than 0.0 and less than or equal \
             to 1.0"
        );
        checker.fault(&at("adaptive-lease-time-threshold"), text);
    }
    lifetimes(checker, map, pos);
    next_server(checker, map);
    flq(checker, map);
    ddns(checker, map, pos);
    class_lists(checker, map);
}

/// The queue of free leases would hold every address: of IPv6 that is for prefixes alone.
fn flq(checker: &mut Checker, map: &Map) {
    if checker.family == Family::V6
        && let Some(value) = map.get("allocator")
        && value.as_str() == Some("flq")
    {
        checker.fault(&value.pos(), "Free Lease Queue allocator is not supported for IPv6 address pools");
    }
}

fn next_server(checker: &mut Checker, map: &Map) {
    if let Some(value) = map.get("next-server")
        && value.as_str() == Some("255.255.255.255")
    {
        checker.fault(&value.pos(), "invalid parameter next-server : 255.255.255.255");
    }
}

/// Keywords of a lifetime with its bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LifetimeNames {
    pub(crate) min: &'static str,
    pub(crate) default: &'static str,
    pub(crate) max: &'static str,
}

pub(crate) const VALID: LifetimeNames =
    LifetimeNames { min: "min-valid-lifetime", default: "valid-lifetime", max: "max-valid-lifetime" };
pub(crate) const PREFERRED: LifetimeNames = LifetimeNames {
    min: "min-preferred-lifetime",
    default: "preferred-lifetime",
    max: "max-preferred-lifetime",
};

impl LifetimeNames {
    /// The three as far as they stand in one map.
    pub(crate) fn of(&self, map: &Map) -> [Option<i64>; 3] {
        [self.min, self.default, self.max].map(|name| int(map, name))
    }
}

/// The lifetimes as far as they stand in one map.
fn lifetimes(checker: &mut Checker, map: &Map, pos: &Pos) {
    for names in [VALID, PREFERRED] {
        if let Err(why) = lifetime_order(&names, names.of(map)) {
            checker.fault(pos, why);
        }
    }
}

/// The order of three lifetimes, of which any may be missing.
pub(crate) fn lifetime_order(names: &LifetimeNames, given: [Option<i64>; 3]) -> Result<(), String> {
    let LifetimeNames { min: min_name, default: name, max: max_name } = names;
    let [min, value, max] = given;
    match (min, value, max) {
        (Some(min), _, Some(max)) if min > max => {
            Err(format!("the value of {min_name} ({min}) is not less than {max_name} ({max})"))
        }
        (Some(min), Some(value), None) if min > value => {
            Err(format!("the value of {min_name} ({min}) is not less than (default) {name} ({value})"))
        }
        (None, Some(value), Some(max)) if value > max => {
            Err(format!("the value of (default) {name} ({value}) is not less than {max_name} ({max})"))
        }
        (Some(min), Some(value), Some(max)) if value < min || value > max => Err(format!(
            "the value of (default) {name} ({value}) is not between {min_name} ({min}) and {max_name} ({max})"
        )),
        _ => Ok(()),
    }
}

fn ddns(checker: &mut Checker, map: &Map, pos: &Pos) {
    if let Some(share) = real(map, "ddns-ttl-percent").filter(|p| *p <= 0.0 || *p > 1.0) {
        let at = position(map, "ddns-ttl-percent", pos);
        checker.fault(&at, format_args!("ddns-ttl-percent: {share} is invalid, it must be greater than 0.0 and less than or equal to 1.0"));
    }
    if map.contains_key("ddns-ttl") {
        for other in ["ddns-ttl-percent", "ddns-ttl-min", "ddns-ttl-max"] {
            if map.contains_key(other) {
                checker.fault(pos, format_args!("cannot specify both {other} and ddns-ttl"));
            }
        }
    }
    if let (Some(min), Some(max)) = (int(map, "ddns-ttl-min"), int(map, "ddns-ttl-max"))
        && max < min
    {
        checker.fault(pos, format_args!("ddns-ttl-max: {max} must be greater than ddns-ttl-min: {min}"));
    }
}

fn class_lists(checker: &mut Checker, map: &Map) {
    for name in ["client-classes", "evaluate-additional-classes"] {
        for item in list(map, name) {
            if item.as_str() == Some("") {
                checker.fault(&item.pos(), "invalid class name");
            }
        }
    }
}

/// What a pool of addresses is called in faults.
fn pool_kind(family: Family) -> &'static str {
    if family == Family::V4 { "V4" } else { "IA_NA" }
}

/// Prefix and pools; gives the prefix.
pub(crate) fn subnet<X: IpPrefix>(checker: &mut Checker, map: &Map, pos: &Pos) -> Option<X> {
    let value = map.get("subnet")?;
    let prefix: X = match ranges::subnet(value.as_str().unwrap_or("")) {
        Ok(prefix) => prefix,
        Err(why) => {
            checker.fault(&value.pos(), why);
            return None;
        }
    };
    if let Some(value) = map.get("4o6-subnet")
        && let Some(text) = value.as_str().filter(|text| !text.is_empty())
        && let Err(why) = ranges::over6_subnet(text)
    {
        checker.fault(&value.pos(), why);
    }
    let kind = pool_kind(checker.family);
    let mut seen: Vec<(X::Address, X::Address)> = Vec::new();
    for pool in list(map, "pools") {
        // A pool whose text is wrong was reported.
        let Some(Ok((first, last))) =
            pool.get("pool").and_then(Value::as_str).map(ranges::pool::<X::Address>)
        else {
            continue;
        };
        let range = format!("a pool of type {kind}, with the following address range: {first}-{last}");
        if !prefix.contains(first) || !prefix.contains(last) {
            checker.fault(
                pos,
                format_args!(
                    "{range} does not match the prefix of a subnet: {prefix} to which it is being added"
                ),
            );
            continue;
        }
        seen.push((first, last));
    }
    seen.sort_unstable();
    for pair in seen.windows(2) {
        if let [(_, last), (next, end)] = pair
            && next <= last
        {
            checker.fault(
                pos,
                format_args!(
                    "a pool of type {kind}, with the following address range: {next}-{end} overlaps with an existing \
                     pool in the subnet: {prefix} to which it is being added"
                ),
            );
        }
    }
    Some(prefix)
}

/// Clients are on the link, or behind a relay agent that names it.
pub(crate) fn interface_or_id(checker: &mut Checker, map: &Map, pos: &Pos, what: std::fmt::Arguments<'_>) {
    let given = |name: &str| text(map, name).is_some_and(|t| !t.is_empty());
    if given("interface") && given("interface-id") {
        let text = format!(
            "parser error: interface (defined for locally reachable subnets) and interface-id (defined for subnets \
             reachable via relays) cannot be defined at the same time for {what}({pos})"
        );
        checker.push(ConfigError::plain(pos, text));
    }
}

fn relay(checker: &mut Checker, map: &Map) {
    for item in list(map, "ip-addresses") {
        let text = item.as_str().unwrap_or("");
        let (valid, what) = match checker.family {
            Family::V4 => (text.parse::<Ipv4Addr>().is_ok(), "IPv4"),
            Family::V6 => (text.parse::<Ipv6Addr>().is_ok(), "IPv6"),
        };
        if !valid {
            checker.fault(&item.pos(), format_args!("address {text} is not a valid: {what}address"));
        }
    }
}

/// The topmost option space of a family.
pub(crate) fn top_space(family: Family) -> &'static str {
    match family {
        Family::V4 => "dhcp4",
        Family::V6 => "dhcp6",
    }
}

/// The largest option code of a family.
fn max_code(family: Family) -> u16 {
    match family {
        Family::V4 => 255,
        Family::V6 => u16::MAX,
    }
}

/// A definition of its map; `None` when a required member is missing, which is reported elsewhere.
pub(crate) fn option_def(family: Family, map: &Map, pos: &Pos) -> Option<Result<OptionDef, (Pos, String)>> {
    let name = text(map, "name")?;
    let code = int(map, "code")?;
    let type_name = text(map, "type")?;
    Some(build_option_def(family, map, pos, name, code, type_name))
}

fn build_option_def(
    family: Family,
    map: &Map,
    pos: &Pos,
    name: &str,
    code: i64,
    type_name: &str,
) -> Result<OptionDef, (Pos, String)> {
    let at = |member: &str, why: String| (position(map, member, pos), why);
    if code < 0 {
        return Err(at("code", "option code must not be negative".to_owned()));
    }
    let most = max_code(family);
    let number = u16::try_from(code).ok().filter(|c| *c <= most).ok_or_else(|| {
        at("code", format!("invalid option code '{code}', it must not be greater than '{most}'"))
    })?;
    let space = OptionSpace::new(text(map, "space").unwrap_or(top_space(family)))
        .map_err(|e| at("space", e.to_string()))?;
    let data_type = DataType::from_name(type_name)
        .ok_or_else(|| at("type", format!("option type '{type_name}' not supported.")))?;
    let mut def = OptionDef::new(family, space, number, name.to_owned(), data_type);
    def.array = boolean(map, "array").unwrap_or(false);
    def.record_types = DataType::parse_list(text(map, "record-types").unwrap_or(""))
        .map_err(|e| at("record-types", e.to_string()))?
        .into();
    if let Some(inner) = text(map, "encapsulate").filter(|s| !s.is_empty()) {
        let inner = OptionSpace::new(inner)
            .map_err(|_| at("encapsulate", format!("invalid encapsulated option space name: '{inner}'")))?;
        def.encapsulates = Some(inner);
    }
    def.validate().map_err(|e| (pos.clone(), e.to_string()))?;
    Ok(def)
}

fn option_data(checker: &mut Checker, map: &Map, pos: &Pos) {
    let at = |name: &str| position(map, name, pos);
    let top = top_space(checker.family);
    let space = text(map, "space").unwrap_or(top);
    let most = max_code(checker.family);
    if OptionSpace::new(space).is_err() {
        checker.fault(&at("space"), format_args!("invalid option space name '{space}'"));
    } else if checker.family == Family::V4 && space == "dhcp6" {
        checker.fault(&at("space"), "'dhcp6' option space name is reserved for DHCPv6 server");
    } else if checker.family == Family::V6 && space == "dhcp4" {
        checker.fault(&at("space"), "'dhcp4' option space name is reserved for DHCPv4 server");
    }
    match int(map, "code") {
        None if text(map, "name").is_none_or(str::is_empty) => {
            checker.fault(
                pos,
                "option data configuration requires one of 'code' or 'name' parameters to be specified",
            );
        }
        Some(0) if space == "dhcp4" => checker.fault(pos, "invalid option code '0': reserved for PAD"),
        Some(255) if space == "dhcp4" => checker.fault(pos, "invalid option code '255': reserved for END"),
        Some(0) if space == "dhcp6" => checker.fault(pos, "invalid option code '0': reserved value"),
        Some(code) if !(0..=i64::from(most)).contains(&code) => {
            checker.fault(
                &at("code"),
                format_args!("invalid option code '{code}', it must not be greater than '{most}'"),
            );
        }
        _ => {}
    }
    if let Some(name) = text(map, "name").filter(|n| n.contains(' ')) {
        checker
            .fault(&at("name"), format_args!("invalid option name '{name}', space character is not allowed"));
    }
    if boolean(map, "csv-format") == Some(false)
        && let Err(why) = options::encode_hex(text(map, "data").unwrap_or(""))
    {
        checker.fault(&at("data"), why);
    }
    class_lists(checker, map);
}

fn client_class(checker: &mut Checker, map: &Map, pos: &Pos) {
    let name = text(map, "name").unwrap_or("");
    if name.is_empty() && map.contains_key("name") {
        checker.fault(&position(map, "name", pos), "not empty parameter 'name' is required");
    }
    for test in ["test", "template-test"] {
        if let Some(value) = map.get(test)
            && value.as_str() == Some("")
        {
            checker.fault(&value.pos(), "expression can not be empty at");
        }
    }
    if let (Some(test), Some(template)) = (map.get("test"), map.get("template-test")) {
        let text =
            format!("can not use both 'test' and 'template-test' ({}) and ({})", test.pos(), template.pos());
        checker.push(ConfigError::plain(&test.pos(), text));
    }
    let additional = boolean(map, "only-in-additional-list") == Some(true);
    if is_builtin(name) {
        if additional {
            checker.fault(
                pos,
                format_args!("built-in class '{name}' only-in-additional-list flag must be false"),
            );
        }
        if map.contains_key("test") || map.contains_key("template-test") {
            checker.fault(pos, format_args!("built-in class '{name}' test expression must be empty"));
        }
    } else if matches!(name, "DROP" | "REJECT") && additional {
        checker.fault(pos, format_args!("special class '{name}' only-in-additional-list flag must be false"));
    }
    for item in list(map, "option-def") {
        let Some(inner) = item.as_map() else { continue };
        let code = int(inner, "code").unwrap_or(0);
        let space = text(inner, "space").unwrap_or("dhcp4");
        let deferred = space == "dhcp4" && (code == 43 || (224..=254).contains(&code));
        if !deferred {
            let text = format!("Not allowed option definition for code '{code}' in space '{space}' at");
            checker.fault(&item.pos(), text);
        }
    }
    lifetimes(checker, map, pos);
    next_server(checker, map);
}

fn globals(checker: &mut Checker, map: &Map) {
    libraries_of_databases(checker, map);
    if let Some(value) = map.get("server-tag")
        && let Err(why) = base::ServerTag::of_server(value.as_str().unwrap_or(""))
    {
        checker.fault(&value.pos(), why);
    }
    if let Some(database) = map.get("lease-database")
        && let Some(kind) = database.get("type")
        && let Some(name) = kind.as_str()
    {
        match name {
            "memfile" => {}
            "mysql" | "postgresql" => {
                databases(checker, std::slice::from_ref(database));
                if let Some(value) = database.get("readonly")
                    && value.as_bool() == Some(true)
                {
                    checker.fault(&value.pos(), "a lease database is written to and can not be 'readonly'");
                }
            }
            "sqlite" => checker.unsupported(
                &kind.pos(),
                "keyword \"type\" in lease-database map: leases are not kept in databases of type 'sqlite', only in \
                 'memfile', 'mysql' and 'postgresql'",
            ),
            _ => checker.fault(&kind.pos(), format_args!("unknown backend database type: {name}")),
        }
    }
    if let Some(interfaces) = map.get("interfaces-config").and_then(Value::as_map) {
        interface_names(checker, interfaces);
    }
    identifier_order(checker, list(map, "host-reservation-identifiers"));
    if let Some(sources) = map.get("mac-sources") {
        objects6::mac_sources(checker, sources);
    }
    one_unix_socket(checker, map);
}

/// Of `control-sockets` one may be of type unix.
pub(super) fn one_unix_socket(checker: &mut Checker, map: &Map) {
    let mut unix = list(map, "control-sockets")
        .iter()
        .filter(|s| s.get("socket-type").and_then(Value::as_str) == Some("unix"));
    if let Some(second) = unix.nth(1) {
        checker.fault(&second.pos(), "control socket of type 'unix' already configured");
    }
}

/// Identifiers by which clients of a family may be known.
pub(crate) fn identifier_kinds(family: Family) -> &'static [IdentifierKind] {
    use IdentifierKind::{CircuitId, ClientId, Duid, FlexId, HwAddress};
    match family {
        Family::V4 => &[CircuitId, ClientId, Duid, FlexId, HwAddress],
        Family::V6 => &[Duid, FlexId, HwAddress],
    }
}

fn identifier_order(checker: &mut Checker, items: &[Value]) {
    let kinds = identifier_kinds(checker.family);
    let mut seen: Vec<&str> = Vec::new();
    for item in items {
        let name = item.as_str().unwrap_or("");
        let text = if name == "auto" && items.len() > 1 {
            "if 'auto' keyword is used, no other values can be specified within 'host-reservation-identifiers' list"
                .to_owned()
        } else if name != "auto" && IdentifierKind::from_name(name).is_none_or(|kind| !kinds.contains(&kind))
        {
            format!("Host reservation identifier '{name}' is not supported")
        } else if seen.contains(&name) {
            format!("duplicate host identifier '{name}'")
        } else {
            seen.push(name);
            continue;
        };
        checker.fault(&item.pos(), text);
    }
}

fn reservation(checker: &mut Checker, map: &Map, pos: &Pos) {
    // In the order of names, as Kea meets them.
    let names: Vec<&str> = identifier_kinds(checker.family).iter().map(|k| k.name()).collect();
    let kinds: Vec<&str> = names.iter().copied().filter(|name| map.contains_key(*name)).collect();
    match kinds.as_slice() {
        [] => {
            let text = format!(
                "one of the supported identifiers must be specified for host reservation: {}",
                names.join(", ")
            );
            checker.fault(pos, text);
        }
        [name] => {
            let value = text(map, name).unwrap_or("");
            if let Some(kind) = IdentifierKind::from_name(name)
                && let Err(why) = Identifier::parse(kind, value)
            {
                checker.fault(pos, why);
            }
        }
        [first, second, ..] => {
            checker.fault(pos, format_args!("the '{second}' and '{first}' are mutually exclusive"));
        }
    }
    if let Some(value) = map.get("ip-address")
        && let Some(address @ ("0.0.0.0" | "255.255.255.255")) = value.as_str()
    {
        checker.fault(&value.pos(), format_args!("must not make reservation for the '{address}' address"));
    }
    if let Some(value) = map.get("next-server")
        && value.as_str() == Some("255.255.255.255")
    {
        checker.fault(&value.pos(), "invalid next server address '255.255.255.255'");
    }
    if checker.family == Family::V6 {
        objects6::resources(checker, map, pos);
    }
}

fn interface_names(checker: &mut Checker, map: &Map) {
    let items = list(map, "interfaces");
    for (at, item) in items.iter().enumerate() {
        let written = item.as_str().unwrap_or("");
        let text = written.trim();
        if text.is_empty() {
            checker
                .fault(&item.pos(), "Failed to select interface: empty interface name used in configuration");
            continue;
        }
        if let Some((name, address)) = text.split_once('/')
            && let Some(why) = bad_interface_address(checker.family, name.trim(), address.trim())
        {
            checker.fault(&item.pos(), format_args!("Failed to select interface: {why}"));
        }
        if items.iter().take(at).any(|earlier| earlier.as_str().map(str::trim) == Some(text)) {
            checker.fault(
                &item.pos(),
                format_args!("Failed to select interface: interface '{text}' has already been specified"),
            );
        }
    }
}

fn bad_interface_address(family: Family, name: &str, address: &str) -> Option<String> {
    if name.is_empty() {
        return Some("empty interface name specified in the interface configuration".to_owned());
    }
    if address.is_empty() {
        return Some("empty address specified in the interface configuration".to_owned());
    }
    if name == "*" {
        return Some(
            "wildcard interface name '*' must not be used in conjunction with an address".to_owned(),
        );
    }
    match (family, address.parse::<IpAddr>()) {
        (_, Err(_)) => Some(format!("Failed to convert string to address '{address}': Invalid argument")),
        (Family::V4, Ok(IpAddr::V6(_))) => Some(format!("address '{address}' is not a valid IPv4 address")),
        (Family::V6, Ok(given)) if given.is_ipv4() || given.is_multicast() => {
            Some(format!("address '{given}' is not a valid IPv6 unicast address"))
        }
        _ => None,
    }
}

fn database(checker: &mut Checker, map: &Map) {
    if let Some(file) = map.get("password-file")
        && text(map, "password").is_some_and(|p| !p.is_empty())
        && file.as_str() != Some("")
    {
        checker.fault(&file.pos(), "can't specify both 'password' and 'password-file'");
    }
    let kind = text(map, "type").unwrap_or("");
    for (name, only) in [
        ("read-timeout", "mysql"),
        ("write-timeout", "mysql"),
        ("tcp-user-timeout", "postgresql"),
        ("ssl-mode", "postgresql"),
        ("persist-sync", "memfile"),
    ] {
        if let Some(value) = map.get(name)
            && kind != only
            && value.as_int() != Some(0)
            && value.as_str() != Some("")
        {
            checker.fault(&value.pos(), format_args!("{name} value is only supported by the {only} backend"));
        }
    }
    let files = ["trust-anchor", "cert-file", "key-file"];
    let given = |name: &str| map.get(name).filter(|value| value.as_str() != Some(""));
    if let Some(value) = files.into_iter().find_map(given)
        && !matches!(kind, "mysql" | "postgresql")
    {
        checker.fault(&value.pos(), "TLS parameters are only supported by the mysql and postgresql backends");
    }
    if let Some(value) = given("cert-file").xor(given("key-file")) {
        checker.fault(&value.pos(), "'cert-file' and 'key-file' are of use together only");
    }
    if let Some(value) = map.get("ssl-mode")
        && matches!(value.as_str(), Some("verify-ca" | "verify-full"))
        && given("trust-anchor").is_none()
    {
        checker.fault(&value.pos(), "certificates can not be verified without 'trust-anchor'");
    }
}

/// The hook library that speaks to databases of a `type`, by its name and that of before Kea 3.0; none for `sqlite`.
#[must_use]
pub fn database_libraries(kind: &str) -> &'static [&'static str] {
    match kind {
        "mysql" => &["libdhcp_mysql.so", "libdhcp_mysql_cb.so"],
        "postgresql" => &["libdhcp_pgsql.so", "libdhcp_pgsql_cb.so"],
        _ => &[],
    }
}

/// As in Kea 3, what speaks to a database server is a library that has to be listed.
fn libraries_of_databases(checker: &mut Checker, globals: &Map) {
    let libraries = list(globals, "hooks-libraries");
    let listed = |names: &[&str]| {
        let files = libraries.iter().filter_map(|library| library.get("library")?.as_str());
        files.map(|file| file.rsplit('/').next().unwrap_or(file)).any(|file| names.contains(&file))
    };
    let control = globals.get("config-control").and_then(Value::as_map);
    let configurations = control.map_or(&[][..], |control| list(control, "config-databases"));
    let hosts = list(globals, "hosts-databases");
    let leases = globals.get("lease-database");
    let of = |databases: &'static str| move |database| (databases, database);
    let all = configurations
        .iter()
        .map(of("configuration"))
        .chain(hosts.iter().map(of("host")))
        .chain(leases.map(of("lease")));
    for (what, database) in all {
        let Some(kind) = database.get("type") else { continue };
        let name = kind.as_str().unwrap_or_default();
        let libraries = database_libraries(name);
        if let Some(library) = libraries.first().filter(|_| !listed(libraries)) {
            checker.fault(
                &kind.pos(),
                format_args!(
                    "The type of the {what} backend: '{name}' is not supported: add {library} to hooks-libraries"
                ),
            );
        }
    }
    databases(checker, hosts);
}

fn config_control(checker: &mut Checker, map: &Map) {
    if let Some(second) = list(map, "config-databases").get(1) {
        checker.unsupported(&second.pos(), "only one database can be specified in 'config-databases'");
    }
    databases(checker, list(map, "config-databases"));
}

/// Databases that are no lease files.
fn databases(checker: &mut Checker, list: &[Value]) {
    for database in list {
        let Some(kind) = database.get("type") else { continue };
        match kind.as_str().unwrap_or("") {
            "sqlite" => {
                if database.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
                    checker
                        .fault(&database.pos(), "missing parameter 'name': the file of the sqlite database");
                }
            }
            "mysql" | "postgresql" => {
                if database.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
                    checker.fault(&database.pos(), "missing parameter 'name': that of the database");
                }
            }
            name => checker.fault(&kind.pos(), format_args!("unknown backend database type: {name}")),
        }
    }
}

fn control_socket(checker: &mut Checker, map: &Map, pos: &Pos) {
    let Some(kind) = map.get("socket-type") else { return };
    let not_for = |checker: &mut Checker, names: &[&str], what: &str| {
        for name in names {
            if let Some(value) = map.get(*name) {
                checker.fault(
                    &value.pos(),
                    format_args!("parameter '{name}' is not supported by {what} control sockets"),
                );
            }
        }
    };
    match kind.as_str().unwrap_or("") {
        "unix" => {
            if text(map, "socket-name").is_none_or(str::is_empty) {
                checker.fault(pos, "Mandatory 'socket-name' parameter missing");
            }
            let http = ["socket-address", "socket-port", "authentication", "http-headers"];
            not_for(checker, &http, "UNIX");
        }
        scheme @ ("http" | "https") => {
            not_for(checker, &["socket-name"], "HTTP");
            if !tls_files(checker, map, pos) && scheme == "https" {
                checker.fault(pos, "no TLS setup for a HTTPS control socket");
            }
        }
        other => {
            checker.fault(
                &kind.pos(),
                format_args!("unsupported 'socket-type': '{other}' not 'unix', 'http' or 'https'"),
            );
        }
    }
}

/// The files of TLS are all there, or none. Answers whether there is one.
pub(super) fn tls_files(checker: &mut Checker, map: &Map, pos: &Pos) -> bool {
    const FILES: [&str; 3] = ["trust-anchor", "cert-file", "key-file"];
    let given = |name: &&str| text(map, name).is_some_and(|path| !path.is_empty());
    let any = FILES.iter().any(given);
    for missing in FILES.iter().filter(|name| any && !given(name)) {
        checker.fault(
            pos,
            format_args!(
                "{missing} parameter is missing or empty: all or none of TLS parameters must be set"
            ),
        );
    }
    any
}

/// A server to which the agent passes commands on.
fn agent_socket(checker: &mut Checker, map: &Map, pos: &Pos) {
    const UNIX: &[&str] = &["socket-name"];
    const HTTP: &[&str] =
        &["socket-address", "socket-port", "user", "user-file", "password", "password-file"];
    const HTTPS: &[&str] = &["trust-anchor", "cert-file", "key-file"];
    let kind = text(map, "socket-type").unwrap_or("unix");
    let (needed, strange): (&[&str], &[&[&str]]) = match kind {
        "unix" => (UNIX, &[HTTP, HTTPS]),
        "http" => (&["socket-address", "socket-port"], &[UNIX, HTTPS]),
        _ => (&["socket-address", "socket-port", "trust-anchor"], &[UNIX]),
    };
    for name in needed.iter().filter(|name| !map.contains_key(**name)) {
        checker.fault(pos, format_args!("Mandatory '{name}' parameter missing"));
    }
    for name in strange.iter().copied().flatten() {
        if let Some(value) = map.get(*name) {
            checker.fault(
                &value.pos(),
                format_args!("parameter '{name}' is not for a control socket of type '{kind}'"),
            );
        }
    }
    if map.contains_key("cert-file") != map.contains_key("key-file") {
        checker.fault(pos, "cert-file and key-file belong together");
    }
    if HTTP.iter().skip(2).any(|name| map.contains_key(*name)) {
        credentials(checker, map, pos);
    }
}

/// Users and passwords: each in clear text or in a file, not both.
fn credentials(checker: &mut Checker, map: &Map, pos: &Pos) {
    if map.contains_key("clients") || map.contains_key("type") {
        return;
    }
    for (clear, file) in [("user", "user-file"), ("password", "password-file")] {
        if let (Some(a), Some(b)) = (map.get(clear), map.get(file)) {
            let text = format!("{clear} ({}) and {file} ({}) are mutually exclusive", a.pos(), b.pos());
            checker.push(ConfigError::plain(&a.pos(), text));
        }
    }
    match text(map, "user") {
        Some("") => checker.fault(&position(map, "user", pos), "user must not be empty"),
        Some(user) if user.contains(':') => {
            checker.fault(&position(map, "user", pos), format_args!("user must not contain a ':': '{user}'"));
        }
        None if !map.contains_key("user-file") && !map.contains_key("password-file") => {
            checker.fault(pos, "user is required in clients items");
        }
        _ => {}
    }
}
