//! Option definitions as each server has them, and options made ready for storing.

use std::collections::BTreeMap;
use std::sync::Arc;

use backend::{OptionKey, Stored, int_member, option_key_of, text_member};
use base::{Family, ServerTag};
use config::Element;
use json::{Kind, Map, Value};
use options::{DataType, DefTable, OptionDef, OptionSpace, encode_csv, encode_hex, normalize};

use super::args::{Refusal, refuse, top_space};

/// Who knows which definitions.
pub(crate) struct Definitions {
    family: Family,
    standard: Arc<DefTable>,
    /// Of the database, all servers'.
    stored: Arc<Vec<Stored>>,
    /// Of the file of the server that got the command. Other servers may have the same: nobody can know.
    file: Vec<Arc<Element>>,
    /// Of the class that is being set.
    class: Vec<Map>,
}

impl Definitions {
    pub(crate) fn new(family: Family, stored: Arc<Vec<Stored>>, file: &[Arc<Element>]) -> Self {
        Self { family, standard: DefTable::standard(family), stored, file: file.to_vec(), class: Vec::new() }
    }

    /// With the definitions of a class on top.
    pub(crate) fn with_class(&self, class: &Map) -> Self {
        let list = class.get("option-def").and_then(Value::as_list).unwrap_or(&[]);
        Self {
            family: self.family,
            standard: Arc::clone(&self.standard),
            stored: Arc::clone(&self.stored),
            file: self.file.clone(),
            class: list.iter().filter_map(Value::as_map).cloned().collect(),
        }
    }

    pub(crate) fn stored(&self) -> &[Stored] {
        &self.stored
    }

    /// Each server that has definitions of its own, beside those of `tags`: what differs from `all` differs there.
    fn servers(&self, tags: &[ServerTag]) -> Vec<ServerTag> {
        let mut servers = tags.to_vec();
        if tags.iter().any(ServerTag::is_all) {
            for def in self.stored.iter() {
                for tag in &def.element.server_tags {
                    if !servers.contains(tag) {
                        servers.push(tag.clone());
                    }
                }
            }
        }
        servers
    }

    /// All definitions of one server as a table; damaged ones are left out.
    pub(crate) fn table(&self, tag: &ServerTag) -> Arc<DefTable> {
        let mut chosen: BTreeMap<(String, i64), &Map> = BTreeMap::new();
        let key = |map: &Map| (space_of(map, self.family), int_member(map, "code"));
        for element in &self.file {
            chosen.insert(key(&element.map), &element.map);
        }
        let of = |wanted: &ServerTag| {
            self.stored.iter().filter(|d| d.element.server_tags.contains(wanted)).collect::<Vec<_>>()
        };
        for def in of(&ServerTag::all()).into_iter().chain(of(tag)) {
            chosen.insert(key(&def.element.map), &def.element.map);
        }
        let mut table = Arc::clone(&self.standard);
        let maps = chosen.into_values().chain(&self.class);
        for def in maps.filter_map(|map| self.build(map)) {
            table = table.with(vec![def]).unwrap_or(table);
        }
        table
    }

    fn build(&self, map: &Map) -> Option<OptionDef> {
        let space = OptionSpace::new(&space_of(map, self.family)).ok()?;
        let code = u16::try_from(int_member(map, "code")).ok()?;
        let kind = DataType::from_name(&text_member(map, "type"))?;
        let mut def = OptionDef::new(self.family, space, code, text_member(map, "name"), kind);
        def.array = map.get("array").and_then(Value::as_bool).unwrap_or(false);
        def.record_types = DataType::parse_list(&text_member(map, "record-types")).ok()?.into();
        def.encapsulates = Some(text_member(map, "encapsulate"))
            .filter(|s| !s.is_empty())
            .and_then(|s| OptionSpace::new(&s).ok());
        Some(def)
    }

    /// The definition of an option on a server, by code or name.
    pub(crate) fn find(
        &self,
        tag: &ServerTag,
        space: &str,
        code: Option<u16>,
        name: &str,
    ) -> Option<Arc<OptionDef>> {
        let fits = |map: &Map| {
            space_of(map, self.family) == space
                && code.map_or_else(
                    || text_member(map, "name") == name,
                    |c| int_member(map, "code") == i64::from(c),
                )
        };
        let known = |map: &Map| self.build(map).map(Arc::new);
        if let Some(map) = self.class.iter().find(|map| fits(map)) {
            return known(map);
        }
        for wanted in [tag, &ServerTag::all()] {
            let mut stored =
                self.stored.iter().map(|d| &d.element).filter(|e| e.server_tags.contains(wanted));
            if let Some(element) = stored.find(|element| fits(&element.map)) {
                return known(&element.map);
            }
        }
        if let Some(element) = self.file.iter().find(|element| fits(&element.map)) {
            return known(&element.map);
        }
        match code {
            Some(code) => self.standard.by_code(space, code).cloned(),
            None => self.standard.by_name(space, name).cloned(),
        }
    }

    /// An option ready for storing on the servers of `tags`: code, space and `csv-format` filled in, the name left
    /// out, data checked against the definition of each server. `findings` gets what some server could not run.
    pub(crate) fn option(
        &self,
        map: &Map,
        tags: &[ServerTag],
        findings: &mut Vec<String>,
    ) -> Result<Map, Refusal> {
        let mut option = map.clone();
        let space = space_of(map, self.family);
        let name = text_member(map, "name");
        let code = match map.get("code") {
            None => None,
            Some(value) => {
                let code = value.as_int().and_then(|code| u16::try_from(code).ok());
                Some(code.ok_or_else(|| Refusal("'code' parameter is out of range".to_owned()))?)
            }
        };
        let csv = map.get("csv-format").and_then(Value::as_bool);
        let servers = self.servers(tags);
        let known: Vec<_> = servers.iter().map(|tag| (tag, self.find(tag, &space, code, &name))).collect();
        let first = known.iter().find_map(|(_, def)| def.clone());

        let Some(first) = first else {
            // Nobody has a definition: only octets of a code can be stored.
            return match code {
                None => refuse(format!("definition for the option '{space}.{name}' does not exist")),
                Some(code) if csv == Some(true) => refuse(format!(
                    "definition for the option '{space}.{name}' having code '{code}' does not exist"
                )),
                Some(_) => {
                    store_octets(&mut option)?;
                    finish(&mut option, &space, code.unwrap_or_default());
                    Ok(option)
                }
            };
        };
        if code.is_some() && !name.is_empty() && name != first.name {
            return refuse(format!(
                "specified option name '{name}' does not match the option definition: '{space}.{}' for code '{}'",
                first.name, first.code
            ));
        }
        let text = text_member(map, "data");
        let as_text = csv.unwrap_or(true);
        if !as_text {
            store_octets(&mut option)?;
        }
        // An option that is never sent needs no data.
        let check = !text.is_empty() || option.get("never-send").and_then(Value::as_bool) != Some(true);
        let mut rejected = Vec::new();
        let mut accepted = !check;
        for (tag, def) in known {
            match def {
                Some(def) if def.code != first.code => findings.push(format!(
                    "option '{space}.{name}' has code {} on server '{tag}', but code {} elsewhere",
                    def.code, first.code
                )),
                Some(def) if check => match payload(&def, &text, as_text) {
                    Ok(()) => accepted = true,
                    Err(error) => rejected.push((tag, error)),
                },
                None if as_text => findings.push(format!(
                    "option {} in '{space}' has no definition that server '{tag}' knows",
                    first.code
                )),
                _ => {}
            }
        }
        if !accepted && let Some((_, error)) = rejected.first() {
            return refuse(error.clone());
        }
        for (tag, error) in rejected {
            findings.push(format!("on server '{tag}' {error}"));
        }
        option.insert("csv-format".to_owned(), as_text.into());
        finish(&mut option, &space, first.code);
        Ok(option)
    }

    /// Makes the options of a list ready, as [`option`](Self::option).
    pub(crate) fn options_in(
        &self,
        map: &mut Map,
        tags: &[ServerTag],
        findings: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        if let Some(Kind::List(list)) = map.get_mut("option-data").map(|value| &mut value.kind) {
            let mut keys: Vec<OptionKey> = Vec::new();
            for value in list {
                let Some(option) = value.as_map() else { continue };
                let option = self.option(option, tags, findings)?;
                let key = option_key_of(&option);
                if keys.contains(&key) {
                    return refuse(format!(
                        "option {} in '{}' is listed more than once",
                        key.code, key.space
                    ));
                }
                keys.push(key);
                *value = option.into();
            }
        }
        Ok(())
    }
}

/// Whether data fit a definition.
fn payload(def: &OptionDef, text: &str, as_text: bool) -> Result<(), String> {
    if as_text {
        return encode_csv(def, text).map(|_| ()).map_err(|error| error.to_string());
    }
    let octets = encode_hex(text).map_err(|error| error.to_string())?;
    normalize(def, octets).map(|_| ()).map_err(|error| {
        format!(
            "option data does not match option definition (space: {}, code: {}): {error}",
            def.space, def.code
        )
    })
}

fn finish(option: &mut Map, space: &str, code: u16) {
    option.remove("name");
    option.insert("code".to_owned(), code.into());
    option.insert("space".to_owned(), space.into());
}

/// Data as hexadecimal digits.
fn store_octets(option: &mut Map) -> Result<(), Refusal> {
    let octets = encode_hex(&text_member(option, "data"))?;
    option.insert("data".to_owned(), base::encode_hex(&octets).into());
    option.insert("csv-format".to_owned(), false.into());
    Ok(())
}

/// The space of an option or definition; the family's top space when it has none.
pub(crate) fn space_of(map: &Map, family: Family) -> String {
    let space = text_member(map, "space");
    if space.is_empty() { top_space(family).to_owned() } else { space }
}
