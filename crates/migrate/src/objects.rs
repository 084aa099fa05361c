//! Objects of a file in the form in which databases hold them.

use std::net::Ipv6Addr;

use backend::PoolRange;
use backend::columns::{self, Column, Form};
use base::Family;
use json::{Kind, Map, Value};
use options::DefTable;

/// `comment` becomes `user-context.comment`, as it does on its way through a server.
pub(crate) fn fold_comments(map: &mut Map) {
    if let Some(comment) = map.remove("comment") {
        let context = map.entry("user-context".to_owned()).or_insert_with(Value::map);
        if let Some(context) = context.as_map_mut() {
            context.insert("comment".to_owned(), comment);
        }
    }
}

/// Makes an object ready: comments, options with code and space, numbers of the kind that their columns have.
/// Fails with what the database has no place for.
pub(crate) struct Storable<'a> {
    pub(crate) family: Family,
    /// Of the server whose file the object is from.
    pub(crate) definitions: &'a DefTable,
    /// The topmost option space.
    pub(crate) space: &'static str,
}

impl Storable<'_> {
    /// A subnet without its host reservations, which stay in the file.
    pub(crate) fn subnet(&self, map: &Map) -> Result<Map, String> {
        let mut map = self.object(
            map,
            columns::subnet(self.family),
            &["id", "subnet", "pools", "pd-pools", "option-data", "reservations"],
        )?;
        map.remove("reservations");
        for (list, beside) in [
            ("pools", &["pool", "option-data"][..]),
            (
                "pd-pools",
                &[
                    "prefix",
                    "prefix-len",
                    "delegated-len",
                    "excluded-prefix",
                    "excluded-prefix-len",
                    "option-data",
                ],
            ),
        ] {
            if let Some(Kind::List(pools)) = map.get_mut(list).map(|value| &mut value.kind) {
                for value in pools {
                    let Some(pool) = value.as_map() else { continue };
                    let mut pool = pool.clone();
                    pool.retain(|name, value| name != "pool-id" || value.as_int() != Some(0));
                    canonical(&mut pool);
                    *value = self.object(&pool, columns::POOL, beside)?.into();
                }
            }
        }
        Ok(map)
    }

    pub(crate) fn network(&self, map: &Map) -> Result<Map, String> {
        self.object(map, columns::network(self.family), &["name", "option-data"])
    }

    pub(crate) fn class(&self, map: &Map) -> Result<Map, String> {
        let mut map =
            self.object(map, columns::class(self.family), &["name", "option-data", "option-def"])?;
        if let Some(Kind::List(list)) = map.get_mut("option-def").map(|value| &mut value.kind) {
            for value in list {
                if let Some(def) = value.as_map() {
                    *value = self.option_def(def)?.into();
                }
            }
        }
        Ok(map)
    }

    pub(crate) fn option_def(&self, map: &Map) -> Result<Map, String> {
        const KEYWORDS: [&str; 8] =
            ["name", "code", "space", "type", "array", "record-types", "encapsulate", "user-context"];
        let mut map = map.clone();
        fold_comments(&mut map);
        columns::check_storable(&map, &[], &KEYWORDS).map_err(|error| error.to_string())?;
        map.entry("space".to_owned()).or_insert_with(|| self.space.into());
        Ok(map)
    }

    /// With code, space and `csv-format`, without a name.
    pub(crate) fn option(&self, map: &Map) -> Result<Map, String> {
        let mut map = config::option_data(map, self.definitions);
        fold_comments(&mut map);
        if !map.contains_key("code") {
            let name = map.get("name").and_then(Value::as_str).unwrap_or_default();
            return Err(format!("option '{name}' has no definition"));
        }
        map.remove("name");
        Ok(map)
    }

    fn object(&self, map: &Map, columns: &[Column], beside: &[&str]) -> Result<Map, String> {
        let mut map = map.clone();
        fold_comments(&mut map);
        columns::check_storable(&map, columns, beside).map_err(|error| error.to_string())?;
        for column in columns.iter().filter(|column| column.form == Form::Real) {
            if let Some(value) = map.get_mut(column.keyword)
                && let Kind::Int(whole) = value.kind
            {
                // Shares of a lifetime and the like: far below the largest that a real holds exactly.
                #[allow(clippy::cast_precision_loss)]
                let real = whole as f64;
                value.kind = Kind::Real(real);
            }
        }
        if let Some(Kind::List(list)) = map.get_mut("option-data").map(|value| &mut value.kind) {
            for value in list {
                if let Some(option) = value.as_map() {
                    *value = self.option(option)?.into();
                }
            }
        }
        Ok(map)
    }
}

/// Ranges and prefixes as databases give them back, so that two ways to write one are the same.
fn canonical(pool: &mut Map) {
    let text = |name: &str| pool.get(name).and_then(Value::as_str);
    let prefix = |name| text(name).and_then(|text| text.parse::<Ipv6Addr>().ok()).map(|it| it.to_string());
    let forms = [
        ("pool", text("pool").and_then(PoolRange::parse).map(|range| range.to_string())),
        ("prefix", prefix("prefix")),
        ("excluded-prefix", prefix("excluded-prefix")),
    ];
    for (name, form) in forms {
        if let Some(form) = form {
            pool.insert(name.to_owned(), form.into());
        }
    }
}

/// Global parameters one by one, members of maps as `map.member`.
pub(crate) fn flatten(globals: &Map) -> impl Iterator<Item = (String, &Value)> {
    globals.iter().flat_map(|(name, value)| match &value.kind {
        Kind::Map(inner) => inner.iter().map(|(member, value)| (format!("{name}.{member}"), value)).collect(),
        _ => vec![(name.to_string(), value)],
    })
}

/// Puts a parameter back among the globals, a member of a map (`map.member`) into its map.
pub(crate) fn insert(globals: &mut Map, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            globals.insert(name.to_owned(), value);
        }
        Some((map, member)) => {
            let map = globals.entry(map.to_owned()).or_insert_with(Value::map);
            if let Some(map) = map.as_map_mut() {
                map.insert(member.to_owned(), value);
            }
        }
    }
}
