//! Access control lists: which commands.

use std::collections::{HashMap, HashSet};

use control::Access;
use json::Value;

use super::catalogue::{Catalogue, access};

/// Lists that have a name.
pub(super) type Named = HashMap<String, Acl>;

/// Deepest nesting of lists; what a parser of configurations lets through may be deeper.
const DEEPEST: usize = 32;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Acl {
    All,
    None,
    Access(Access),
    Commands(HashSet<String>),
    /// Commands of a hook library, by its name without `libdhcp_`; empty: those of the server itself.
    Hook(String),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Acl {
    /// From a name, or a map with one entry.
    pub(super) fn parse(value: &Value, named: &Named, catalogue: &Catalogue) -> Result<Self, String> {
        parse(value, named, catalogue, DEEPEST)
    }

    /// Whether a command is in the list; `None` where that hangs on a description of the command that is missing.
    pub(super) fn matches(&self, command: &str, catalogue: &Catalogue) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::None => Some(false),
            Self::Access(access) => catalogue.get(command).map(|(of, _)| of == *access),
            Self::Commands(names) => Some(names.contains(command)),
            Self::Hook(hook) => catalogue.get(command).map(|(_, of)| of == hook),
            Self::Not(list) => list.matches(command, catalogue).map(|matched| !matched),
            Self::And(lists) => Self::fold(lists, command, catalogue, false),
            Self::Or(lists) => Self::fold(lists, command, catalogue, true),
        }
    }

    /// `decisive` if a list says so, else unknown if a list is.
    fn fold(lists: &[Self], command: &str, catalogue: &Catalogue, decisive: bool) -> Option<bool> {
        let mut outcome = Some(!decisive);
        for list in lists {
            match list.matches(command, catalogue) {
                Some(matched) if matched == decisive => return Some(decisive),
                None => outcome = None,
                Some(_) => {}
            }
        }
        outcome
    }
}

/// The lists that have a name from the beginning.
pub(super) fn predefined(name: &str) -> Option<Acl> {
    match name {
        "ALL" => Some(Acl::All),
        "NONE" => Some(Acl::None),
        "READ" => Some(Acl::Access(Access::Read)),
        "WRITE" => Some(Acl::Access(Access::Write)),
        _ => None,
    }
}

fn parse(value: &Value, named: &Named, catalogue: &Catalogue, left: usize) -> Result<Acl, String> {
    let left = left.checked_sub(1).ok_or("access control lists are nested too deeply")?;
    if let Some(name) = value.as_str() {
        return match predefined(name) {
            Some(list) => Ok(list),
            None => {
                named.get(name).cloned().ok_or_else(|| format!("no access control list is called '{name}'"))
            }
        };
    }
    let entry = value.as_map().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
    let Some((kind, inner)) = entry else {
        return Err("an access control list is a name or a map with one entry".to_owned());
    };
    let list = || inner.as_list().ok_or_else(|| format!("'{kind}' takes a list"));
    let text = || inner.as_str().ok_or_else(|| format!("'{kind}' takes a string"));
    let lists =
        || list()?.iter().map(|value| parse(value, named, catalogue, left)).collect::<Result<Vec<_>, _>>();
    match kind.as_str() {
        "not" => Ok(Acl::Not(Box::new(parse(inner, named, catalogue, left)?))),
        "and" => Ok(Acl::And(lists()?)),
        "or" => Ok(Acl::Or(lists()?)),
        // The table of Kea's manual says one, its examples the other.
        "commands" | "command" => {
            let mut names = HashSet::new();
            for value in list()? {
                let name = value.as_str().ok_or("names of commands are strings")?;
                if catalogue.get(name).is_none() {
                    return Err(format!(
                        "command '{name}' is described neither in 'api-files' nor in 'commands'"
                    ));
                }
                names.insert(name.to_owned());
            }
            Ok(Acl::Commands(names))
        }
        "access" => Ok(Acl::Access(access(text()?)?)),
        "hook" => Ok(Acl::Hook(super::catalogue::hook_name(text()?).to_owned())),
        _ => Err(format!("'{kind}' is not a kind of access control list")),
    }
}
