//! The one walk over all maps: names, types, ranges, old spellings, what is not served.

use std::net::Ipv6Addr;

use base::Family;
use json::{Kind, Map, Pos, Value};

use super::objects;
use crate::error::{ConfigError, ErrorKind, token_name};
use crate::keywords::{self, Keyword, Status, Table, Tables, Translation, Type};

/// Whose texts the faults of names and types take: those of Kea's grammar for files, those of its parsers for the
/// arguments of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    File,
    Command,
}

/// Collects faults while maps are checked.
pub(crate) struct Checker {
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) origin: Origin,
    pub(crate) family: Family,
    pub(crate) tables: &'static Tables,
    /// The keyword of the globals that is being read, or the globals.
    element: &'static str,
    /// What goes before the text of a fault in the present scope.
    prefix: &'static str,
    /// Old members of `dhcp-ddns` on their way to the globals.
    pub(crate) moved: Vec<(&'static str, Value)>,
}

impl Checker {
    pub(crate) fn new(origin: Origin, family: Family) -> Self {
        let tables = keywords::tables(family);
        let element = tables.globals.name;
        Self { errors: Vec::new(), origin, family, tables, element, prefix: "", moved: Vec::new() }
    }

    /// A fault of whatever sort.
    pub(crate) fn push(&mut self, error: ConfigError) {
        self.errors.push(error.under(self.element));
    }

    /// A fault of a value.
    pub(crate) fn fault(&mut self, pos: &Pos, text: impl std::fmt::Display) {
        self.push(ConfigError::at(pos, format_args!("{}{text}", self.prefix)));
    }

    /// A value that is right but not served.
    pub(crate) fn unsupported(&mut self, pos: &Pos, text: impl std::fmt::Display) {
        let error = ConfigError::at(pos, format_args!("{}{text}", self.prefix));
        self.push(error.kind(ErrorKind::Unsupported));
    }

    fn syntax(&mut self, pos: &Pos, width: u32, text: impl std::fmt::Display) {
        self.push(ConfigError::syntax(pos, width, text));
    }

    /// Checks a value that must be a map; gives its members in their present spelling.
    pub(crate) fn map(&mut self, table: &'static Table, value: Value) -> Map {
        self.named_map(table.name, table, value)
    }

    /// As [`map`](Self::map), for a map that faults call by the keyword that holds it.
    fn named_map(&mut self, name: &'static str, table: &'static Table, value: Value) -> Map {
        let pos = value.pos();
        let Kind::Map(members) = value.kind else {
            self.wrong_type(name, &value, "{", "map");
            return Map::new();
        };
        let outer = self.prefix;
        // Maps inside of a subnet are read before the subnet itself.
        self.prefix =
            if std::ptr::eq(table, self.tables.subnet) { "subnet configuration failed: " } else { "" };
        let map = self.members(name, table, members, &pos);
        objects::check(self, table, &map, &pos);
        self.prefix = outer;
        map
    }

    fn members(&mut self, holder: &'static str, table: &'static Table, members: Map, pos: &Pos) -> Map {
        // Most are kept as they are, for as long as the configuration runs.
        let mut out = Map::with_capacity(members.len());
        let mut comment = None;
        // A required member that was there and was refused is not missing as well.
        let mut refused = Vec::new();
        for (name, value) in members {
            if name == "metadata" && table.metadata {
                // What `config-get` says about an object of a database is no part of the object.
                if value.as_map().is_none() {
                    self.wrong_type(&name, &value, "{", "map");
                }
                continue;
            }
            let Some(keyword) = table.get(&name) else {
                self.unknown(holder, &name, &value);
                continue;
            };
            if name == "comment" {
                match value.kind {
                    Kind::Str(_) => comment = Some(value),
                    _ => self.wrong_type(&name, &value, "constant string", "string"),
                }
                continue;
            }
            let at = value.clone_position();
            let global = std::ptr::eq(table, self.tables.globals);
            if global {
                self.element = keyword.name;
            }
            let read = self.value(holder, keyword, value);
            if global {
                self.element = table.name;
            }
            let Some(value) = read else {
                refused.push(keyword.name);
                continue;
            };
            if let Status::Old(translation) = keyword.status {
                self.translate(&mut out, keyword, translation, value, &at);
            } else if out.contains_key(keyword.name) {
                // The old spelling came first in the order of names.
                self.both(keyword, &at);
            } else {
                out.insert(name, value);
            }
        }
        if let Some(comment) = comment {
            self.fold_comment(&mut out, comment);
        }
        for keyword in table.keywords.iter().filter(|k| k.required) {
            if !out.contains_key(keyword.name) && !refused.contains(&keyword.name) {
                let text = match (holder, keyword.name) {
                    ("subnet4" | "subnet6", "subnet") => {
                        "mandatory 'subnet' parameter is missing for a subnet being configured".to_owned()
                    }
                    (_, name) => format!("missing parameter '{name}'"),
                };
                self.fault(pos, text);
            }
        }
        out
    }

    fn unknown(&mut self, holder: &str, name: &str, value: &Value) {
        match self.origin {
            Origin::File => {
                let pos = value.key_pos();
                let width = u32::try_from(name.chars().count() + 2).unwrap_or(u32::MAX);
                let text = format!("got unexpected keyword \"{name}\" in {holder} map.");
                self.syntax(&pos, width, text);
            }
            Origin::Command => {
                let text = match holder {
                    "Dhcp4" | "Dhcp6" => format!("unsupported global configuration parameter: {name}"),
                    "client-classes" => format!("unsupported client class parameter '{name}'"),
                    _ => format!("spurious '{name}' parameter"),
                };
                self.push(ConfigError::at(&value.pos(), text).kind(ErrorKind::Syntax));
            }
        }
    }

    fn wrong_type(&mut self, name: &str, value: &Value, token: &str, json_type: &str) {
        match self.origin {
            Origin::File => {
                let found = token_name(value);
                self.syntax(
                    &value.pos(),
                    value.width(),
                    format_args!("syntax error, unexpected {found}, expecting {token}"),
                );
            }
            Origin::Command => {
                let article = if json_type == "integer" { "an" } else { "a" };
                let text = format!("'{name}' parameter is not {article} {json_type}");
                self.push(ConfigError::at(&value.pos(), text).kind(ErrorKind::Syntax));
            }
        }
    }

    /// Checks one member; `None` when it was refused.
    pub(crate) fn value(
        &mut self,
        holder: &'static str,
        keyword: &'static Keyword,
        value: Value,
    ) -> Option<Value> {
        let refused = match keyword.status {
            Status::Only(allowed, reason) => {
                let other = match (&value.kind, allowed.value().map(|v| v.kind)) {
                    (Kind::List(items), Some(Kind::List(_))) => !items.is_empty(),
                    (kind, Some(allowed))
                        if std::mem::discriminant(kind) == std::mem::discriminant(&allowed) =>
                    {
                        *kind != allowed
                    }
                    // The type is wrong: that is said below.
                    _ => false,
                };
                other.then_some(reason)
            }
            Status::Except(unserved, reason) => {
                unserved.value().is_some_and(|v| v.kind == value.kind).then_some(reason)
            }
            Status::Supported | Status::Old(_) => None,
        };
        if let Some(reason) = refused {
            let text = format!("keyword \"{}\" in {holder} map: {reason}", keyword.name);
            self.unsupported(&value.pos(), text);
            return None;
        }
        // As in Kea, a boot field that is empty says nothing: what is around it has the word.
        if value.as_str() == Some("") && says_nothing(holder, keyword.name) {
            return None;
        }
        self.typed(keyword, value)
    }

    fn typed(&mut self, keyword: &'static Keyword, mut value: Value) -> Option<Value> {
        let name = keyword.name;
        match (keyword.kind, &value.kind) {
            (Type::Bool, Kind::Bool(_))
            | (Type::Real, Kind::Real(_))
            | (Type::Str, Kind::Str(_))
            | (Type::FreeMap, Kind::Map(_)) => Some(value),
            (Type::Real, Kind::Int(_)) => {
                value.kind = Kind::Real(value.as_real()?);
                Some(value)
            }
            (Type::Int(min, max), Kind::Int(number)) => {
                if (min..=max).contains(number) {
                    return Some(value);
                }
                let text = out_of_range(name, *number, min, max);
                self.fault(&value.pos(), text);
                None
            }
            (Type::Text(max), Kind::Str(text)) => {
                if text.len() <= max {
                    return Some(value);
                }
                let text = format!("{name} must be at most {max} bytes long, it is {}", text.len());
                self.fault(&value.pos(), text);
                None
            }
            (Type::Word(words), Kind::Str(text)) => {
                if words.contains(&text.as_str()) {
                    return Some(value);
                }
                self.wrong_word(name, &value, words);
                None
            }
            (Type::WordAnyCase(words), Kind::Str(text)) => {
                let Some(word) = words.iter().find(|w| w.eq_ignore_ascii_case(text)) else {
                    self.wrong_word(name, &value, words);
                    return None;
                };
                value.kind = Kind::Str((*word).into());
                Some(value)
            }
            (Type::WordOrBool(words, _), Kind::Str(text)) => {
                if words.contains(&text.as_str()) {
                    return Some(value);
                }
                self.wrong_word(name, &value, words);
                None
            }
            (Type::WordOrBool(_, [no, yes]), Kind::Bool(flag)) => {
                value.kind = Kind::Str(if *flag { yes } else { no }.into());
                Some(value)
            }
            (Type::Ipv4, Kind::Str(text)) => {
                if text.parse::<std::net::Ipv4Addr>().is_ok() {
                    return Some(value);
                }
                self.wrong_address(name, &value);
                None
            }
            (Type::Ipv6, Kind::Str(text)) => {
                if text.parse::<Ipv6Addr>().is_ok() {
                    return Some(value);
                }
                self.wrong_address(name, &value);
                None
            }
            (Type::Address, Kind::Str(text)) => {
                if text.parse::<std::net::IpAddr>().is_ok() {
                    return Some(value);
                }
                self.wrong_address(name, &value);
                None
            }
            (Type::Strings, Kind::List(items)) => {
                if let Some(bad) = items.iter().find(|item| item.as_str().is_none()) {
                    let bad = bad.clone();
                    self.wrong_type(name, &bad, "constant string", "string");
                    return None;
                }
                Some(value)
            }
            (Type::Map(table), Kind::Map(_)) => {
                let mut checked = value.clone_position();
                checked.kind = Kind::Map(self.named_map(name, table, value));
                Some(checked)
            }
            (Type::Maps(table), Kind::List(_)) => {
                let mut checked = value.clone_position();
                let Kind::List(items) = value.kind else { return None };
                let items = items.into_iter().map(|item| {
                    let mut map = item.clone_position();
                    map.kind = Kind::Map(self.named_map(name, table, item));
                    map
                });
                checked.kind = Kind::List(items.collect());
                Some(checked)
            }
            (kind, _) => {
                let (token, json_type) = match kind {
                    Type::Bool => ("boolean", "boolean"),
                    Type::Int(..) => ("integer", "integer"),
                    Type::Real => ("floating point", "real"),
                    Type::Str | Type::Text(_) | Type::Ipv4 | Type::Ipv6 | Type::Address => {
                        ("constant string", "string")
                    }
                    Type::Word(_) | Type::WordAnyCase(_) | Type::WordOrBool(..) => {
                        ("constant string", "string")
                    }
                    Type::Strings | Type::Maps(_) => ("[", "list"),
                    Type::Map(_) | Type::FreeMap => ("{", "map"),
                };
                self.wrong_type(name, &value, token, json_type);
                None
            }
        }
    }

    fn wrong_word(&mut self, name: &str, value: &Value, words: &[&str]) {
        let written = value.as_str().unwrap_or("");
        let words: Vec<_> = words.iter().filter(|w| !w.is_empty()).copied().collect();
        match self.origin {
            Origin::File if words.len() <= 4 => {
                let expected = words.join(" or ");
                let text = format!("syntax error, unexpected constant string, expecting {expected}");
                self.syntax(&value.pos(), value.width(), text);
            }
            _ => {
                let text = format!(
                    "Unsupported {name} value: {written}, supported values are: {}",
                    words.join(", ")
                );
                self.fault(&value.pos(), text);
            }
        }
    }

    fn wrong_address(&mut self, name: &str, value: &Value) {
        let text = value.as_str().unwrap_or("");
        if name == "ip-address" && text.parse::<Ipv6Addr>().is_ok() {
            return self.fault(&value.pos(), format_args!("address '{text}' is not a valid IPv4 address"));
        }
        let why = format!("Failed to convert string to address '{text}': Invalid argument");
        self.fault(
            &value.pos(),
            format_args!("Failed to convert '{text}' to address: {why}: parameter '{name}'"),
        );
    }

    fn both(&mut self, new: &Keyword, pos: &Value) {
        let text = format!("cannot specify both '{}' and its old spelling. Use only the former.", new.name);
        self.fault(&pos.pos(), text);
    }

    fn translate(
        &mut self,
        out: &mut Map,
        old: &Keyword,
        translation: Translation,
        value: Value,
        at: &Value,
    ) {
        let place = |kind: Kind| {
            let mut value = at.clone_position();
            value.kind = kind;
            value
        };
        let add = |checker: &mut Self, out: &mut Map, name: &str, value: Value| {
            if out.contains_key(name) {
                let text = format!("cannot specify both '{}' and '{name}'. Use only the latter.", old.name);
                checker.fault(&at.pos(), text);
            } else {
                out.insert(name.to_owned(), value);
            }
        };
        match translation {
            Translation::Name(name) => add(self, out, name, value),
            Translation::Item(name) => {
                let empty = match &value.kind {
                    Kind::Str(text) => text.is_empty(),
                    Kind::Map(map) => map.is_empty(),
                    _ => false,
                };
                let list = if empty { Vec::new() } else { vec![value] };
                add(self, out, name, place(Kind::List(list)));
            }
            Translation::ConflictResolution => {
                let mode =
                    if value.as_bool() == Some(true) { "check-with-dhcid" } else { "no-check-with-dhcid" };
                add(self, out, "ddns-conflict-resolution-mode", place(Kind::Str(mode.into())));
            }
            Translation::ReservationMode => {
                let (global, in_subnet, out_of_pool) = match value.as_str() {
                    Some("disabled" | "off") => (false, false, false),
                    Some("out-of-pool") => (false, true, true),
                    Some("global") => (true, false, false),
                    _ => (false, true, false),
                };
                add(self, out, "reservations-global", place(Kind::Bool(global)));
                add(self, out, "reservations-in-subnet", place(Kind::Bool(in_subnet)));
                if in_subnet {
                    add(self, out, "reservations-out-of-pool", place(Kind::Bool(out_of_pool)));
                }
            }
            Translation::Global(name) => self.moved.push((name, value)),
        }
    }

    fn fold_comment(&mut self, out: &mut Map, comment: Value) {
        let context = out.entry("user-context".to_owned()).or_insert_with(|| {
            let mut map = comment.clone_position();
            map.kind = Kind::Map(Map::new());
            map
        });
        let pos = comment.pos();
        if let Some(map) = context.as_map_mut()
            && map.insert("comment".to_owned(), comment).is_some()
        {
            self.fault(&pos, "duplicate user-context/comment entries");
        }
    }
}

/// Whether a member without a text is as good as none. Those of the globals may stand over what a file says.
fn says_nothing(holder: &str, name: &str) -> bool {
    match name {
        "next-server" => true,
        "server-hostname" | "boot-file-name" => !matches!(holder, "Dhcp4" | "Dhcp6"),
        _ => false,
    }
}

/// Kea has a text of its own for each place that reads an integer; these are the ones that programs look for.
fn out_of_range(name: &str, number: i64, min: i64, max: i64) -> String {
    match name {
        "renew-timer" | "rebind-timer" => format!("the value of {name} ({number}) must be a positive number"),
        "offer-lifetime" => format!("the value of {name} '{number}' must be a positive number"),
        "max-reclaim-time" | "reclaim-timer-wait-time" | "flush-reclaimed-timer-wait-time"
            if number > max =>
        {
            format!(
                "out range value '{number}' for configuration parameter '{name}', expected maximum value of '{max}'"
            )
        }
        "lfc-interval" | "connect-timeout" | "read-timeout" | "write-timeout" | "port" | "max-row-errors" => {
            format!("{name} value: {number} is out of range, expected value: {min}..{max}")
        }
        "http-port" | "socket-port" => {
            format!("out of range value ({number}) specified for parameter '{name}'")
        }
        _ => format!("The '{name}' value ({number}) is not within expected range: ({min} - {max})"),
    }
}
