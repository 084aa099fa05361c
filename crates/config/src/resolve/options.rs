//! Definitions, and options of one level encoded with their sub-options.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ::options::{DataType, DefTable, OptionDef, OptionSpace};
use base::Family;
use json::{Kind, Map, Pos, Value};

use super::{ClassBuilder, Context};
use crate::parse::objects::{self, boolean, int, text};
use crate::parse::position;
use crate::{ClassId, ConfiguredOption, OptionSet, VendorOptions};

/// A layer of custom definitions over a table. Of two that clash the first stays.
pub(crate) fn definitions<'m>(
    ctx: &mut Context<'_>,
    below: &Arc<DefTable>,
    written: impl Iterator<Item = (&'m Map, impl Borrow<Pos>)>,
) -> Arc<DefTable> {
    let mut custom = Vec::new();
    let mut positions = Vec::new();
    for (map, pos) in written {
        match objects::option_def(below.family(), map, pos.borrow()) {
            Some(Ok(def)) => {
                custom.push(def);
                positions.push(pos);
            }
            Some(Err((at, why))) => ctx.fault(&at, why),
            None => {}
        }
    }
    if custom.is_empty() {
        return Arc::clone(below);
    }
    loop {
        match below.with(custom.clone()) {
            Ok(table) => return table,
            Err(bad) => {
                let pos = positions.get(bad.index).map(|pos| pos.borrow().clone());
                ctx.fault(&pos.unwrap_or_default(), &bad.error);
                if bad.index >= custom.len() {
                    return Arc::clone(below);
                }
                custom.remove(bad.index);
                positions.remove(bad.index);
            }
        }
    }
}

/// The keyword under which the options of the globals lie.
pub(crate) const GLOBALS: &str = "option-data";

/// Options 124 and 125 (RFC 3925).
const VENDOR_CLASSES: u16 = 124;
const VENDOR_INFORMATION: u16 = 125;

/// One entry, encoded but without sub-options.
struct Entry {
    space: String,
    code: u16,
    def: Option<Arc<OptionDef>>,
    payload: Vec<u8>,
    always_send: bool,
    never_send: bool,
    classes: Box<[ClassId]>,
}

/// The options of one level, each with its place and whether it is of a database. Entries of other spaces than the topmost and the vendors' become sub-options of those
/// that encapsulate their space.
pub(crate) fn option_set<'m>(
    ctx: &mut Context<'_>,
    definitions: &DefTable,
    classes: &mut ClassBuilder,
    written: impl Iterator<Item = (&'m Map, impl Borrow<Pos>, bool)>,
) -> OptionSet {
    let mut entries: Vec<(Entry, _)> = Vec::new();
    let mut places = HashMap::new();
    for (map, pos, database) in written {
        let Some(entry) = entry(ctx, definitions, classes, map, pos.borrow(), database) else { continue };
        // Of two entries with one code and the same classes the later counts.
        let key =
            (entry.space.clone(), entry.code, entry.classes.clone(), vendor(definitions.family(), &entry));
        let place = *places.entry(key).or_insert(entries.len());
        match entries.get_mut(place) {
            Some(there) => *there = (entry, pos),
            None => entries.push((entry, pos)),
        }
    }
    if entries.is_empty() {
        return OptionSet::default();
    }
    let mut spaces: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for (entry, _) in entries.iter().filter(|(e, _)| !e.never_send) {
        spaces.entry(entry.space.as_str()).or_default().push(entry);
    }
    for carried in spaces.values_mut() {
        carried.sort_by_key(|e| e.code);
    }
    let family = definitions.family();
    let top = OptionSpace::top(family);
    let mut options = Vec::new();
    let mut vendors: BTreeMap<u32, Vec<ConfiguredOption>> = BTreeMap::new();
    for (entry, pos) in &entries {
        let vendor = OptionSpace::new(&entry.space).ok().and_then(|s| s.enterprise());
        if entry.space != top.as_str() && vendor.is_none() {
            continue;
        }
        let mut budget = MAX_SUB_OPTIONS;
        let Some(payload) = expand(family, &spaces, entry, &mut vec![entry.space.as_str()], &mut budget)
        else {
            let (space, code) = (&entry.space, entry.code);
            let why = format!(
                "option {code} of space '{space}' carries more than {MAX_SUB_OPTIONS} sub-options or {MAX_PAYLOAD} octets"
            );
            ctx.fault(pos.borrow(), why);
            continue;
        };
        let option = ConfiguredOption {
            code: entry.code,
            payload: payload.into(),
            always_send: entry.always_send,
            never_send: entry.never_send,
            classes: entry.classes.clone(),
        };
        match vendor {
            None => options.push(option),
            Some(vendor) => vendors.entry(vendor).or_default().push(option),
        }
    }
    let vendors = vendors.into_iter().map(|(vendor, options)| VendorOptions { vendor, options });
    OptionSet::new(options, vendors.collect())
}

/// Whose option 124 or 125 an entry is: each vendor may have its own (RFC 3925).
fn vendor(family: Family, entry: &Entry) -> Option<[u8; 4]> {
    let several = family == Family::V4
        && [VENDOR_CLASSES, VENDOR_INFORMATION].contains(&entry.code)
        && entry.space == OptionSpace::top(family).as_str();
    entry.payload.first_chunk().copied().filter(|_| several)
}

/// The members of an `option-data` list inside another map, which is of a database or not.
pub(crate) fn option_items<'m>(
    map: &'m Map,
    database: bool,
) -> impl Iterator<Item = (&'m Map, Pos, bool)> + use<'m> {
    items(map, "option-data").into_iter().map(move |(map, pos)| (map, pos, database))
}

/// The members of a list of maps inside another map.
pub(crate) fn items<'m>(map: &'m Map, name: &str) -> Vec<(&'m Map, Pos)> {
    objects::list(map, name).iter().filter_map(|v: &Value| Some((v.as_map()?, v.pos()))).collect()
}

/// Longest sub-option of DHCPv4: its length is one octet.
const SUB_OPTION4: usize = 255;
/// Sub-options at all depths that one option may carry: spaces within spaces multiply.
const MAX_SUB_OPTIONS: usize = 4096;
/// Octets of one option.
const MAX_PAYLOAD: usize = 65_535;

/// The payload with the sub-options that the level has for it; `None` when it gets too large. `path` are the spaces
/// that led here: a space that carries itself ends there.
fn expand<'e>(
    family: Family,
    spaces: &HashMap<&'e str, Vec<&'e Entry>>,
    entry: &'e Entry,
    path: &mut Vec<&'e str>,
    budget: &mut usize,
) -> Option<Vec<u8>> {
    let mut payload = entry.payload.clone();
    let Some(inner) = entry.def.as_ref().and_then(|def| def.encapsulates.as_ref()) else {
        return Some(payload);
    };
    let inner = inner.as_str();
    if path.contains(&inner) {
        return Some(payload);
    }
    for sub in spaces.get(inner).map_or(&[][..], Vec::as_slice) {
        *budget = budget.checked_sub(1)?;
        path.push(&sub.space);
        let data = expand(family, spaces, sub, path, budget)?;
        path.pop();
        match family {
            Family::V4 => push_sub_option4(&mut payload, sub.code, &data),
            Family::V6 => {
                payload.extend(sub.code.to_be_bytes());
                payload.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
                payload.extend_from_slice(&data);
            }
        }
        if payload.len() > MAX_PAYLOAD {
            return None;
        }
    }
    Some(payload)
}

/// A sub-option of DHCPv4, in several parts when it is too long for one.
fn push_sub_option4(payload: &mut Vec<u8>, code: u16, data: &[u8]) {
    let Ok(code) = u8::try_from(code) else { return };
    if data.is_empty() {
        payload.extend([code, 0]);
    }
    for part in data.chunks(SUB_OPTION4) {
        payload.push(code);
        payload.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        payload.extend_from_slice(part);
    }
}

fn entry(
    ctx: &mut Context<'_>,
    definitions: &DefTable,
    classes: &mut ClassBuilder,
    map: &Map,
    pos: &Pos,
    database: bool,
) -> Option<Entry> {
    let at = |name: &str| position(map, name, pos);
    if pos.file.is_some() {
        ctx.at(pos);
    }
    let (space, code, def) = match find_definition(definitions, map, ctx.element == GLOBALS) {
        Ok(found) => found,
        Err(why) => {
            ctx.fault_of_option(&at("name"), database, why);
            return None;
        }
    };
    let always_send = boolean(map, "always-send").unwrap_or(false);
    let never_send = boolean(map, "never-send").unwrap_or(false);
    let payload = match encode(map, def.as_deref(), never_send) {
        Ok(payload) => payload,
        Err(why) => {
            ctx.fault_of_option(&at("data"), database, why);
            return None;
        }
    };
    let classes = classes.ids(map, "client-classes");
    let vendor = space.starts_with("vendor-");
    if !classes.is_empty() && space != objects::top_space(definitions.family()) && !vendor {
        let why = format!(
            "keyword \"client-classes\" in option-data map: sub-options in space '{space}' cannot be tied to \
             classes; tie the option that carries them"
        );
        ctx.fault(&at("client-classes"), why);
        return None;
    }
    Some(Entry { space: space.to_owned(), code, def, payload, always_send, never_send, classes })
}

type Found<'m> = (&'m str, u16, Option<Arc<OptionDef>>);

/// The definition that an entry means by its code, its name or both. `global`: of the globals, for which Kea has a text
/// of its own.
pub(crate) fn find_definition<'m>(
    definitions: &DefTable,
    map: &'m Map,
    global: bool,
) -> Result<Found<'m>, String> {
    let space = text(map, "space").unwrap_or(objects::top_space(definitions.family()));
    let name = text(map, "name").filter(|n| !n.is_empty());
    let code = int(map, "code").and_then(|c| u16::try_from(c).ok());
    match (code, name) {
        (Some(code), name) => {
            let def = definitions.by_code(space, code).cloned();
            if let (Some(def), Some(name)) = (&def, name)
                && def.name != name
            {
                return Err(format!(
                    "specified option name '{name}' does not match the option definition: '{space}.{}'",
                    def.name
                ));
            }
            if def.is_none() && boolean(map, "csv-format") == Some(true) {
                return Err(format!(
                    "definition for the option '{space}.{}' having code '{code}' does not exist",
                    name.unwrap_or("")
                ));
            }
            Ok((space, code, def))
        }
        (None, Some(name)) => match definitions.by_name(space, name) {
            Some(def) => Ok((space, def.code, Some(Arc::clone(def)))),
            None if boolean(map, "csv-format").unwrap_or(global) => {
                Err(format!("definition for the option '{space}.{name}' having code '0' does not exist"))
            }
            None => Err(format!("definition for the option '{space}.{name}' does not exist")),
        },
        (None, None) => {
            Err("option data configuration requires one of 'code' or 'name' parameters to be specified"
                .to_owned())
        }
    }
}

/// Whether the data of an entry are comma-separated values: where it does not say so, they are if it has a
/// definition.
pub(crate) fn is_csv(map: &Map, def: Option<&OptionDef>) -> bool {
    boolean(map, "csv-format").unwrap_or(def.is_some())
}

fn encode(map: &Map, def: Option<&OptionDef>, never_send: bool) -> Result<Vec<u8>, String> {
    let data = text(map, "data").unwrap_or("");
    // An option that is never sent needs no value.
    if never_send && data.is_empty() {
        return Ok(Vec::new());
    }
    match def {
        // A list of addresses may be empty.
        Some(def)
            if def.array
                && matches!(def.data_type, DataType::Ipv4Address | DataType::Ipv6Address)
                && data.is_empty() =>
        {
            Ok(Vec::new())
        }
        Some(def) if is_csv(map, Some(def)) => ::options::encode_csv(def, data).map_err(|e| e.to_string()),
        Some(def) => {
            let payload = ::options::encode_hex(data).map_err(|e| e.to_string())?;
            ::options::normalize(def, payload).map_err(|e| {
                format!(
                    "option data does not match option definition (space: {}, code: {}): {e}",
                    def.space, def.code
                )
            })
        }
        None => ::options::encode_hex(data).map_err(|e| e.to_string()),
    }
}

/// Whether a value is a list with members.
pub(crate) fn has_items(map: &Map, name: &str) -> bool {
    matches!(map.get(name).map(|v| &v.kind), Some(Kind::List(items)) if !items.is_empty())
}
