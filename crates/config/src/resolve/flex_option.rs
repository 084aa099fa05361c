//! `libdhcp_flex_option`: options by expression (Kea manual, "Flexible Option Actions for Option Value Settings").

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::Arc;

use ::options::{DefTable, OptionDef, OptionSpace};
use json::{Kind, Map, Pos, Value};

use super::{ClassBuilder, Context};
use crate::parse::objects::{boolean, int, text};
use crate::parse::position;
use crate::{ClassId, FlexAction, FlexOption, FlexRule, FlexSubOption, HookLibrary};

const LIBRARY: &str = "libdhcp_flex_option";

/// A keyword and whether its value is what it must be.
type Keyword = (&'static str, &'static str, fn(&Kind) -> bool);

const INTEGER: fn(&Kind) -> bool = |kind| matches!(kind, Kind::Int(_));
const STRING: fn(&Kind) -> bool = |kind| matches!(kind, Kind::Str(_));
const BOOLEAN: fn(&Kind) -> bool = |kind| matches!(kind, Kind::Bool(_));
const LIST: fn(&Kind) -> bool = |kind| matches!(kind, Kind::List(_));

/// What options and sub-options may have.
const BOTH: &[Keyword] = &[
    ("code", "an integer", INTEGER),
    ("name", "a string", STRING),
    ("space", "a string", STRING),
    ("csv-format", "a boolean", BOOLEAN),
    ("add", "a string", STRING),
    ("supersede", "a string", STRING),
    ("remove", "a string", STRING),
    ("client-class", "a string", STRING),
    ("comment", "a string", STRING),
];
const OPTION: &[Keyword] =
    &[("sub-options", "a list", LIST), ("source", "a string", STRING), ("destination", "a string", STRING)];
const SUB_OPTION: &[Keyword] =
    &[("container-add", "a boolean", BOOLEAN), ("container-remove", "a boolean", BOOLEAN)];

const ACTIONS: [(&str, FlexAction); 3] =
    [("add", FlexAction::Add), ("supersede", FlexAction::Supersede), ("remove", FlexAction::Remove)];

/// What the library's parameters say, where it is listed.
pub(crate) fn resolve(
    ctx: &mut Context<'_>,
    libraries: &[HookLibrary],
    definitions: &Arc<DefTable>,
    classes: &mut ClassBuilder,
) -> Option<FlexOption> {
    let library = libraries.iter().find(|library| library.is(LIBRARY))?;
    let mut reader = Reader { ctx, definitions, classes, rules: Vec::new(), seen: HashSet::new() };
    for (name, value) in &library.parameters {
        if name != "options" {
            reader.fault(&value.pos(), format_args!("'{name}' is no parameter"));
        }
    }
    match library.parameters.get("options") {
        None => reader.fault(&library.pos, "'options' parameter is mandatory"),
        Some(options) => match options.as_list() {
            None => reader.fault(&options.pos(), "'options' parameter must be a list"),
            Some(options) => options.iter().for_each(|option| reader.option(option)),
        },
    }
    let mut rules = reader.rules;
    // Stable: entries for one option keep their order.
    rules.sort_by_key(|rule| {
        let sub = rule.sub.as_ref().map(|sub| sub.code);
        (sub.is_some(), rule.code, sub)
    });
    Some(FlexOption { rules })
}

struct Reader<'a, 'e> {
    ctx: &'a mut Context<'e>,
    definitions: &'a Arc<DefTable>,
    classes: &'a mut ClassBuilder,
    rules: Vec<FlexRule>,
    /// Sub-options that have their entry.
    seen: HashSet<(u16, u16)>,
}

/// An option that entries name, and what its sub-options inherit.
struct Named {
    code: u16,
    definition: Option<Arc<OptionDef>>,
    class: Option<ClassId>,
    sees_reply: bool,
    changes_query: bool,
}

impl Reader<'_, '_> {
    fn fault(&mut self, pos: &Pos, text: impl Display) {
        self.ctx.fault(pos, format_args!("{LIBRARY}: {text}"));
    }

    /// The map of an entry whose keywords are of `own` and of those that both kinds have.
    fn map<'v>(&mut self, value: &'v Value, what: &str, own: &[Keyword]) -> Option<&'v Map> {
        let Some(map) = value.as_map() else {
            self.fault(&value.pos(), format_args!("{what} element is not a map"));
            return None;
        };
        let mut sound = true;
        for (name, value) in map {
            let known = BOTH.iter().chain(own).find(|(keyword, ..)| keyword == name);
            let fault = match known {
                None => format!("unknown parameter '{name}'"),
                Some((_, kind, is)) if !is(&value.kind) => format!("'{name}' must be {kind}"),
                Some(_) => continue,
            };
            self.fault(&value.pos(), fault);
            sound = false;
        }
        sound.then_some(map)
    }

    fn option(&mut self, value: &Value) {
        let pos = value.pos();
        let Some(map) = self.map(value, "option", OPTION) else { return };
        let at = |name: &str| position(map, name, &pos);
        let top = OptionSpace::top(self.definitions.family());
        let space = text(map, "space").unwrap_or(top.as_str());
        if OptionSpace::new(space).is_err() {
            return self.fault(&at("space"), format_args!("'{space}' is not a valid space name"));
        }
        let Some((code, definition)) = self.named(map, &pos, space, "option") else { return };
        let reserved = match self.definitions.family() {
            base::Family::V4 => [0, 255].contains(&code),
            base::Family::V6 => code == 0,
        };
        if space == top.as_str() && reserved {
            return self.fault(&at("code"), format_args!("invalid 'code' value {code}: reserved"));
        }
        let mut chosen = |name: &str, other: &str, default: &str| {
            let given = text(map, name).unwrap_or(default);
            if given != other && given != default {
                let why = format!("unknown {name} '{given}', valid values are '{default}' and '{other}'");
                self.fault(&at(name), why);
            }
            given == other
        };
        let (sees_reply, changes_query) =
            (chosen("source", "response", "query"), chosen("destination", "query", "response"));
        if sees_reply && changes_query {
            return self.fault(&at("destination"), "destination 'query' requires source 'query'");
        }
        let class = self.class(map);
        let named = Named { code, definition, class, sees_reply, changes_query };
        if let Some(subs) = map.get("sub-options").and_then(Value::as_list) {
            if let Some((action, _)) = ACTIONS.iter().find(|(name, _)| map.contains_key(*name)) {
                let why = format!("'sub-options' and '{action}' are incompatible in the same entry");
                return self.fault(&at(action), why);
            }
            for sub in subs {
                self.sub_option(sub, &named);
            }
            return;
        }
        let Some((action, written, expression)) = self.action(map, &pos) else { return };
        let csv = boolean(map, "csv-format").unwrap_or(false);
        if csv && named.definition.is_none() {
            let why = format!("no known option with code '{code}' in '{space}' space");
            return self.fault(&at("code"), why);
        }
        self.rules.push(FlexRule {
            code,
            class,
            sub: None,
            action,
            expression,
            written,
            definition: named.definition.filter(|_| csv),
            sees_reply,
            changes_query,
        });
    }

    fn sub_option(&mut self, value: &Value, option: &Named) {
        let pos = value.pos();
        let Some(map) = self.map(value, "sub-option", SUB_OPTION) else { return };
        let at = |name: &str| position(map, name, &pos);
        let inner = option.definition.as_ref().map(|definition| definition.encapsulates.clone());
        let space = match (text(map, "space"), inner) {
            (Some(space), _) => match OptionSpace::new(space) {
                Ok(space) => space,
                Err(_) => {
                    return self.fault(&at("space"), format_args!("'{space}' is not a valid space name"));
                }
            },
            (None, Some(Some(space))) => space,
            (None, Some(None)) => return self.fault(&pos, "container does not encapsulate a space"),
            (None, None) => return self.fault(&pos, "container is not defined: can't get space"),
        };
        let Some((code, definition)) = self.named(map, &pos, space.as_str(), "sub-option") else { return };
        let class = self.class(map);
        let Some((action, written, expression)) = self.action(map, &pos) else { return };
        let csv = boolean(map, "csv-format").unwrap_or(false);
        if csv && definition.is_none() {
            let why = format!("no known sub-option with code '{code}' in '{space}' space");
            return self.fault(&at("code"), why);
        }
        if !self.seen.insert((option.code, code)) {
            let why = format!("sub-option {code} of option {} was already specified", option.code);
            return self.fault(&at("code"), why);
        }
        let vendors = match self.definitions.family() {
            base::Family::V4 => VENDORS4,
            base::Family::V6 => VENDORS6,
        };
        let with = if action == FlexAction::Remove { "container-remove" } else { "container-add" };
        let sub = FlexSubOption {
            code,
            class,
            container: option.definition.clone(),
            vendor: space.enterprise().filter(|_| option.code == vendors),
            with_container: boolean(map, with).unwrap_or(true),
        };
        self.rules.push(FlexRule {
            code: option.code,
            class: option.class,
            sub: Some(sub),
            action,
            expression,
            written,
            definition: definition.filter(|_| csv),
            sees_reply: option.sees_reply,
            changes_query: option.changes_query,
        });
    }

    /// The code that an entry means, and its definition.
    fn named(
        &mut self,
        map: &Map,
        pos: &Pos,
        space: &str,
        what: &str,
    ) -> Option<(u16, Option<Arc<OptionDef>>)> {
        let most = OptionDef::max_code(self.definitions.family());
        let code = match int(map, "code") {
            None => None,
            Some(value) => match u16::try_from(value).ok().filter(|code| *code <= most) {
                Some(code) => Some(code),
                None => {
                    let why = format!("invalid 'code' value {value} not in [0..{most}]");
                    self.fault(&position(map, "code", pos), why);
                    return None;
                }
            },
        };
        let fault = match (code, text(map, "name")) {
            (None, None) => "'code' or 'name' must be specified".to_owned(),
            (_, Some("")) => "'name' must not be empty".to_owned(),
            (Some(code), None) => return Some((code, self.definitions.by_code(space, code).cloned())),
            (code, Some(name)) => match self.definitions.by_name(space, name) {
                None => format!("no known '{name}' {what} in '{space}' space"),
                Some(def) if code.is_some_and(|code| code != def.code) => format!(
                    "{what} '{name}' is defined as code: {}, not the specified code: {}",
                    def.code,
                    code.unwrap_or_default()
                ),
                Some(def) => return Some((def.code, Some(Arc::clone(def)))),
            },
        };
        self.fault(&position(map, "name", pos), fault);
        None
    }

    fn class(&mut self, map: &Map) -> Option<ClassId> {
        let name = text(map, "client-class").filter(|name| !name.is_empty())?;
        Some(self.classes.id(name))
    }

    /// The one action of an entry.
    fn action(&mut self, map: &Map, pos: &Pos) -> Option<(FlexAction, Arc<str>, Arc<expr::Expression>)> {
        let mut given = ACTIONS.iter().filter(|(name, _)| map.contains_key(*name));
        let Some((name, action)) = given.next() else {
            self.fault(pos, "no action");
            return None;
        };
        if let Some((other, _)) = given.next() {
            self.fault(&position(map, other, pos), "multiple actions");
            return None;
        }
        if text(map, name).is_some_and(str::is_empty) {
            self.fault(&position(map, name, pos), format_args!("'{name}' must not be empty"));
            return None;
        }
        let expression = if *action == FlexAction::Remove {
            self.classes.compile_condition(self.ctx, map, name, self.definitions)
        } else {
            self.classes.compile(self.ctx, map, name, self.definitions)
        };
        Some((*action, text(map, name)?.into(), expression?))
    }
}

/// Options of which each vendor has its own part.
const VENDORS4: u16 = 125;
const VENDORS6: u16 = 17;
