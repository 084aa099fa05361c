//! Arguments of the commands. Texts of errors are those that programs match.

use std::collections::BTreeSet;
use std::fmt;

use backend::{BackendSelector, OptionKey, OptionScope, PdPoolKey, PoolRange, Prefix, ServerSelector};
use base::{Family, ServerTag, SubnetId};
use json::{Kind, Map, Value};

/// Why a command is refused; goes into the answer as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) String);

impl<T: fmt::Display> From<T> for Refusal {
    fn from(error: T) -> Self {
        Self(error.to_string())
    }
}

/// A refusal with a text.
pub(crate) fn refuse<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(text.into()))
}

/// Arguments of one command.
pub(crate) struct Args<'a> {
    pub(crate) family: Family,
    map: &'a Map,
}

impl<'a> Args<'a> {
    /// Commands without arguments are those with an empty map.
    pub(crate) fn new(arguments: Option<&'a Value>, family: Family) -> Result<Self, Refusal> {
        static EMPTY: Map = Map::new();
        match arguments.map(|value| &value.kind) {
            None => Ok(Self { family, map: &EMPTY }),
            Some(Kind::Map(map)) => Ok(Self { family, map }),
            Some(_) => refuse("'arguments' must be a map"),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    /// Refuses what no command has: a misspelled `dry-run` must not become a write. Flags are flags whether they are needed
    /// or not.
    pub(crate) fn known(&self) -> Result<(), Refusal> {
        let names = super::commands::argument_names();
        if let Some(name) = self.map.keys().find(|name| !names.contains(name.as_str())) {
            return refuse(format!("spurious '{name}' parameter"));
        }
        self.force().map(|_| ())
    }

    /// `remote`: the database that is meant.
    pub(crate) fn remote(&self) -> Result<BackendSelector, Refusal> {
        let Some(remote) = self.get("remote") else { return Ok(BackendSelector::default()) };
        let Some(map) = remote.as_map() else { return refuse("'remote' parameter must be a map") };
        let mut selector = BackendSelector::default();
        for (name, value) in map {
            match name.as_str() {
                "type" => match string(map, "type")? {
                    kind @ ("mysql" | "postgresql" | "sqlite") => selector.kind = Some(kind.to_owned()),
                    kind => return refuse(format!("unsupported database type '{kind}' in 'remote'")),
                },
                "host" => selector.host = Some(string(map, "host")?.to_owned()),
                "port" => {
                    let port = value.as_int().and_then(|port| u16::try_from(port).ok());
                    let Some(port) = port else { return refuse("'port' parameter is not a port number") };
                    selector.port = Some(port);
                }
                _ => return refuse(format!("spurious '{name}' parameter in 'remote'")),
            }
        }
        if selector.port.is_some() && selector.host.is_none() {
            return refuse("'port' parameter requires 'host' in 'remote'");
        }
        Ok(selector)
    }

    /// `force`: store although a server could not run it.
    pub(crate) fn force(&self) -> Result<bool, Refusal> {
        flag(self.map, "force")
    }

    /// `dry-run`: say what would change and store nothing.
    pub(crate) fn dry_run(&self) -> Result<bool, Refusal> {
        flag(self.map, "dry-run")
    }

    /// `message`: what the audit says beside the command.
    pub(crate) fn message(&self) -> Result<&'a str, Refusal> {
        let message = string(self.map, "message")?;
        if message.len() > 1000 || message.chars().any(char::is_control) {
            return refuse("'message' parameter must be one line of at most 1000 octets");
        }
        Ok(message)
    }

    /// The one map of a list.
    pub(crate) fn only_map(&self, name: &str) -> Result<&'a Map, Refusal> {
        self.only(name)?.as_map().ok_or_else(|| Refusal(format!("'{name}' list must include a map")))
    }

    /// The one element of a list.
    pub(crate) fn only(&self, name: &str) -> Result<&'a Value, Refusal> {
        let Some(list) = self.get(name).and_then(Value::as_list) else {
            return refuse(format!("'{name}' parameter must be specified and must be a list"));
        };
        match list {
            [only] => Ok(only),
            _ => refuse(format!("'{name}' list must include exactly one element")),
        }
    }

    /// One of several words, or the first when it is not there.
    pub(crate) fn word(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Refusal> {
        let default = words.first().copied().unwrap_or_default();
        if self.get(name).is_none() {
            return Ok(default);
        }
        let given = string(self.map, name)?;
        words.iter().find(|word| **word == given).copied().ok_or_else(|| {
            Refusal(format!(
                "invalid value '{given}' of '{name}' parameter, expected one of '{}'",
                words.join("', '")
            ))
        })
    }

    /// `follow-class-name`, beside or inside the class.
    pub(crate) fn follow(&self, class: &Map) -> Result<Option<String>, Refusal> {
        for map in [self.map, class] {
            match map.get("follow-class-name") {
                None => {}
                Some(value) if value.is_null() => return Ok(None),
                Some(_) => return Ok(Some(string(map, "follow-class-name")?.to_owned())),
            }
        }
        Ok(None)
    }

    // Server tags.

    /// Objects that are found by their own key take no tags.
    pub(crate) fn no_tags(&self) -> Result<(), Refusal> {
        if self.get("server-tags").is_some() {
            refuse("'server-tags' parameter is forbidden")
        } else {
            Ok(())
        }
    }

    /// Tags as listed, `None` for null.
    fn tags(&self) -> Result<Vec<Option<ServerTag>>, Refusal> {
        let Some(value) = self.get("server-tags") else {
            return refuse("'server-tags' parameter is mandatory");
        };
        let Some(list) = value.as_list() else { return refuse("'server-tags' parameter must be a list") };
        if list.is_empty() {
            return refuse("'server-tags' list must not be empty");
        }
        list.iter()
            .map(|value| match &value.kind {
                Kind::Null => Ok(None),
                Kind::Str(text) => server_tag(text).map(Some),
                _ => refuse("'server-tags' list must include strings"),
            })
            .collect()
    }

    /// Exactly one tag, or `all`.
    pub(crate) fn one_tag(&self) -> Result<ServerTag, Refusal> {
        match self.tags()?.as_slice() {
            [Some(tag)] => Ok(tag.clone()),
            [None] => refuse("'server-tags' list must not include null"),
            _ => refuse("'server-tags' list must include exactly one element"),
        }
    }

    /// One or more tags, each once, in the order given.
    pub(crate) fn some_tags(&self) -> Result<Vec<ServerTag>, Refusal> {
        let mut tags: Vec<ServerTag> = Vec::new();
        for tag in self.tags()? {
            match tag {
                None => return refuse("'server-tags' list must not include null"),
                Some(tag) if tags.contains(&tag) => {}
                Some(tag) => tags.push(tag),
            }
        }
        Ok(tags)
    }

    /// What lists are about: tags, `all`, or null for objects of no server.
    pub(crate) fn selector(&self) -> Result<ServerSelector, Refusal> {
        let tags = self.tags()?;
        if tags.contains(&None) {
            return if tags.iter().all(Option::is_none) {
                Ok(ServerSelector::Unassigned)
            } else {
                refuse("'server-tags' list must not include both null and server tags")
            };
        }
        let tags: BTreeSet<ServerTag> = tags.into_iter().flatten().collect();
        Ok(ServerSelector::of(&tags.into_iter().collect::<Vec<_>>()))
    }

    // Keys of objects.

    /// `servers`: the tag.
    pub(crate) fn server(&self) -> Result<ServerTag, Refusal> {
        server_tag(member(self.only_map("servers")?, "server-tag")?)
    }

    /// `subnets` with `id`.
    pub(crate) fn subnet_id(&self) -> Result<SubnetId, Refusal> {
        let map = self.only_map("subnets")?;
        let id = integer(map, "id")?;
        u32::try_from(id).map(SubnetId).or_else(|_| refuse(format!("'id' parameter {id} is out of range")))
    }

    /// The prefix in `subnets` beside the number by which the subnet is named.
    pub(crate) fn prefix_beside(&self) -> Result<Option<Prefix>, Refusal> {
        let beside = self.only_map("subnets")?.contains_key("subnet");
        Ok(if beside { Some(self.subnet_prefix()?.1) } else { None })
    }

    /// `subnets` with `subnet`: the text as given, for messages, and the prefix.
    pub(crate) fn subnet_prefix(&self) -> Result<(&'a str, Prefix), Refusal> {
        let text = member(self.only_map("subnets")?, "subnet")?;
        let bad = || match self.family {
            Family::V4 => format!("unable to parse invalid prefix {text}"),
            Family::V6 => format!("unable to parse invalid IPv6 prefix {text}"),
        };
        let prefix: Prefix = text.parse().map_err(|_| Refusal(bad()))?;
        // As in Kea, `::` is no address of a subnet.
        let unspecified = self.family == Family::V6 && prefix.range().0.iter().all(|octet| *octet == 0);
        if prefix.family() == self.family && !unspecified { Ok((text, prefix)) } else { refuse(bad()) }
    }

    /// `name` of the one map of a list.
    pub(crate) fn name(&self, list: &str) -> Result<&'a str, Refusal> {
        let name = member(self.only_map(list)?, "name")?;
        if name.is_empty() { refuse("'name' parameter must not be empty") } else { Ok(name) }
    }

    /// The key in `options` or `option-defs`: code, space and, for options, classes.
    pub(crate) fn option_key(&self, list: &str, may_have: &[&str]) -> Result<OptionKey, Refusal> {
        let map = self.only_map(list)?;
        for name in map.keys() {
            if !matches!(name.as_str(), "code" | "space") && !may_have.contains(&name.as_str()) {
                return refuse(format!("spurious '{name}' parameter"));
            }
        }
        let code = integer(map, "code")?;
        let code =
            u16::try_from(code).or_else(|_| refuse(format!("option code '{code}' is out of range")))?;
        let space = match map.get("space") {
            None => top_space(self.family).to_owned(),
            Some(_) => string(map, "space")?.to_owned(),
        };
        Ok(OptionKey { space, code, classes: class_list(map)? })
    }

    /// Where the option of a command belongs.
    pub(crate) fn scope(&self, level: Level) -> Result<OptionScope, Refusal> {
        if level != Level::Global {
            self.no_tags()?;
        }
        Ok(match level {
            Level::Global => OptionScope::Global(self.one_tag()?),
            Level::Network => OptionScope::Network(self.name("shared-networks")?.to_owned()),
            Level::Subnet => OptionScope::Subnet(self.subnet_id()?),
            Level::Pool => {
                let text = member(self.only_map("pools")?, "pool")?;
                let range =
                    PoolRange::parse(text).filter(|r| r.first.is_ipv4() == (self.family == Family::V4));
                OptionScope::Pool(range.ok_or_else(|| Refusal(format!("invalid pool '{text}'")))?)
            }
            Level::PdPool => {
                let map = self.only_map("pd-pools")?;
                let text = member(map, "prefix")?;
                // The manual's example for setting says `length`.
                let length =
                    integer(map, if map.contains_key("prefix-len") { "prefix-len" } else { "length" })?;
                let prefix = format!("{text}/{length}").parse::<Prefix>();
                OptionScope::PdPool(PdPoolKey { prefix: prefix? })
            }
        })
    }
}

/// Levels at which options can be set by commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Global,
    Network,
    Subnet,
    Pool,
    PdPool,
}

/// `dhcp4` or `dhcp6`.
pub(crate) fn top_space(family: Family) -> &'static str {
    if family == Family::V4 { "dhcp4" } else { "dhcp6" }
}

/// A tag of a command.
pub(crate) fn server_tag(text: &str) -> Result<ServerTag, Refusal> {
    let tag = ServerTag::new(text)?;
    if tag.is_empty() {
        return refuse("server-tag must not be empty");
    }
    if tag.as_str() == "any" {
        return refuse("'any' is reserved and must not be used as a server-tag");
    }
    Ok(tag)
}

/// A member that has to be there as a string.
pub(crate) fn member<'a>(map: &'a Map, name: &str) -> Result<&'a str, Refusal> {
    if !map.contains_key(name) {
        return refuse(format!("missing '{name}' parameter"));
    }
    string(map, name)
}

/// A member that has to be a string; empty when absent.
pub(crate) fn string<'a>(map: &'a Map, name: &str) -> Result<&'a str, Refusal> {
    match map.get(name) {
        None => Ok(""),
        Some(value) => value.as_str().ok_or_else(|| Refusal(format!("'{name}' parameter is not a string"))),
    }
}

/// A member that has to be there as an integer.
pub(crate) fn integer(map: &Map, name: &str) -> Result<i64, Refusal> {
    match map.get(name) {
        None => refuse(format!("missing '{name}' parameter")),
        Some(value) => value.as_int().ok_or_else(|| Refusal(format!("'{name}' parameter is not an integer"))),
    }
}

/// A member that is a boolean when it is there.
pub(crate) fn flag(map: &Map, name: &str) -> Result<bool, Refusal> {
    match map.get(name) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| Refusal(format!("'{name}' parameter is not a boolean"))),
    }
}

/// `client-classes` of an option: `None` when absent.
pub(crate) fn class_list(map: &Map) -> Result<Option<Vec<String>>, Refusal> {
    let Some(value) = map.get("client-classes") else { return Ok(None) };
    let list = value.as_list().and_then(|list| list.iter().map(|c| c.as_str().map(str::to_owned)).collect());
    list.map(Some).ok_or_else(|| Refusal("'client-classes' parameter is not a list of strings".to_owned()))
}
