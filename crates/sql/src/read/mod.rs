//! Reading. SQL is written for DHCPv4; [`of_family`] turns it into that of DHCPv6.

mod hosts;
pub(crate) mod pull;
mod subnets;
mod users;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use backend::columns::{self, Column, Datum, Form};
use backend::{Server, ServerSelector, Stored, StoredGlobal};
use base::{Family, ServerTag};
use config::Element;
use json::{Kind, Map, Value};

use crate::ids::{Ids, tied};
use crate::link::{Dialect, of_family, text};
use crate::room::Records;
use crate::{Error, Layout, Link, Row};

/// A table of objects and the one that ties them to servers.
#[derive(Clone, Copy)]
pub(crate) struct Table {
    pub(crate) table: &'static str,
    pub(crate) key: &'static str,
    pub(crate) ties: &'static str,
    pub(crate) tie_key: &'static str,
    /// Rows of the table that belong to other objects are none of these.
    pub(crate) only: &'static str,
}

macro_rules! tables {
    ($($name:ident $table:literal $key:literal $ties:literal $tie_key:literal $only:literal;)*) => { $(
        pub(crate) const $name: Table =
            Table { table: $table, key: $key, ties: $ties, tie_key: $tie_key, only: $only };
    )* };
}

tables! {
    GLOBALS "dhcp4_global_parameter" "id" "dhcp4_global_parameter_server" "parameter_id" "TRUE";
    OPTION_DEFS "dhcp4_option_def" "id" "dhcp4_option_def_server" "option_def_id" "class_id IS NULL";
    OPTIONS "dhcp4_options" "option_id" "dhcp4_options_server" "option_id" "scope_id = 0";
    CLASSES "dhcp4_client_class" "id" "dhcp4_client_class_server" "class_id" "TRUE";
    NETWORKS "dhcp4_shared_network" "id" "dhcp4_shared_network_server" "shared_network_id" "TRUE";
    SUBNETS "dhcp4_subnet" "subnet_id" "dhcp4_subnet_server" "subnet_id" "TRUE";
}

/// How many columns an option has.
const OPTION_COLUMNS: usize = 8;

/// One state of the database, for one family.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) link: &'a dyn Link,
    pub(crate) family: Family,
    pub(crate) layout: &'a Layout,
}

impl Reader<'_> {
    pub(crate) fn dialect(&self) -> Dialect {
        self.link.dialect()
    }

    pub(crate) fn each(
        &self,
        sql: &str,
        bind: &[Datum],
        mut visit: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.link.query(&of_family(sql, self.family), bind, &mut visit)
    }

    /// Several queries with the same parameters at once; `visit` is told which one a row is of.
    pub(crate) fn every(
        &self,
        queries: &[String],
        bind: &[Datum],
        mut visit: impl FnMut(usize, &Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let texts: Vec<String> = queries.iter().map(|sql| of_family(sql, self.family)).collect();
        let queries: Vec<(&str, &[Datum])> = texts.iter().map(|sql| (sql.as_str(), bind)).collect();
        self.link.query_all(&queries, &mut visit)
    }

    /// What `take` makes of the first row.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        bind: &[Datum],
        take: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut found = None;
        self.each(sql, bind, |row| {
            if found.is_none() {
                found = Some(take(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The first column of the first row.
    pub(crate) fn find(&self, sql: &str, bind: &[Datum]) -> Result<Option<u64>, Error> {
        self.first(sql, bind, |row| row.unsigned(0))
    }

    /// The first column of all rows.
    pub(crate) fn find_all(&self, sql: &str, bind: &[Datum]) -> Result<Vec<u64>, Error> {
        let mut all = Vec::new();
        self.each(sql, bind, |row| {
            all.push(row.unsigned(0)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// `, a, b, c` of columns.
    fn names(&self, columns: &[Column]) -> String {
        let name = |column: &Column| {
            let quoted = self.dialect().quoted(column.column);
            // MySQL writes single precision with six digits where the answer is text.
            let single = column.form == Form::Real && self.dialect() == Dialect::MySql;
            if single { format!(", {quoted} + 0e0") } else { format!(", {quoted}") }
        };
        columns.iter().map(name).collect()
    }

    /// What [`option_map`](Self::option_map) reads.
    fn option_columns(&self) -> String {
        let cancelled = if self.layout.cancelled { "o.cancelled" } else { "0" };
        let classes = if self.layout.option_classes { "o.client_classes" } else { "NULL" };
        format!(
            "o.code, o.value, o.formatted_value, o.space, o.persistent, {cancelled}, {classes}, o.user_context"
        )
    }

    pub(crate) fn top_space(&self) -> &'static str {
        if self.family == Family::V4 { "dhcp4" } else { "dhcp6" }
    }

    // Servers.

    pub(crate) const SERVERS: &'static str =
        "SELECT tag, description FROM dhcp4_server WHERE tag <> 'all' ORDER BY id";

    pub(crate) fn servers(&self) -> Result<Vec<Server>, Error> {
        let mut servers = Vec::new();
        self.each(Self::SERVERS, &[], |row| {
            servers.push(server_of(row)?);
            Ok(())
        })?;
        Ok(servers)
    }

    pub(crate) fn server(&self, tag: &ServerTag) -> Result<Option<Server>, Error> {
        let sql = "SELECT tag, description FROM dhcp4_server WHERE tag = ?1";
        self.first(sql, &[text(tag.as_str())], server_of)
    }

    /// As [`backend::ConfigBackend::apart`].
    pub(crate) fn apart(&self) -> Result<Vec<ServerTag>, Error> {
        let tied: Vec<String> = [GLOBALS, OPTION_DEFS, OPTIONS, CLASSES, NETWORKS, SUBNETS]
            .map(|table| format!("EXISTS (SELECT 1 FROM {} t WHERE t.server_id = s.id)", table.ties))
            .into();
        let sql = format!(
            "SELECT s.tag FROM dhcp4_server s WHERE s.tag <> 'all' AND ({}) ORDER BY s.id",
            tied.join(" OR ")
        );
        let mut tags = Vec::new();
        self.each(&sql, &[], |row| {
            tags.push(tag_of(row, 0)?);
            Ok(())
        })?;
        Ok(tags)
    }

    // Ties.

    /// Tags of objects, by row.
    pub(crate) fn ties(&self, table: Table, ids: &Ids) -> Result<Ties, Error> {
        let mut tags = Ties::default();
        self.each(&Ties::query(table, ids), ids.bind(), |row| tags.visit(row))?;
        Ok(tags)
    }

    // Globals.

    pub(crate) fn globals(&self, selector: &ServerSelector) -> Result<Vec<StoredGlobal>, Error> {
        Ok(self.globals_in(&tied(GLOBALS, selector))?.into_iter().map(|(_, global)| global).collect())
    }

    /// With the numbers of their rows.
    pub(crate) fn globals_in(&self, ids: &Ids) -> Result<Vec<(u64, StoredGlobal)>, Error> {
        let mut tags = Ties::default();
        let mut globals = Vec::new();
        let sql = format!(
            "SELECT id, name, value, parameter_type FROM dhcp4_global_parameter WHERE {} ORDER BY name, id",
            ids.hold("id")
        );
        self.every(&[Ties::query(GLOBALS, ids), sql], ids.bind(), |at, row| {
            if at == 0 {
                return tags.visit(row);
            }
            let (id, name) = (row.unsigned(0)?, row.text(1)?.to_owned());
            let value = columns::global_from_columns(row.text(2)?, row.int(3)?).ok_or_else(|| {
                Error::bad_row(format!("global parameter '{name}'"), "its value does not fit its type")
            })?;
            globals.push((id, StoredGlobal { name, value, tags: tags.remove(&id).unwrap_or_default() }));
            Ok(())
        })?;
        Ok(globals)
    }

    // Option definitions.

    pub(crate) fn option_defs(&self, ids: &Ids) -> Result<Vec<Stored>, Error> {
        let mut tags = Ties::default();
        let mut defs = Vec::new();
        let sql =
            format!("{DEF_SELECT} WHERE {} AND class_id IS NULL ORDER BY space, code, id", ids.hold("id"));
        self.every(&[Ties::query(OPTION_DEFS, ids), sql], ids.bind(), |at, row| {
            if at == 0 {
                return tags.visit(row);
            }
            let id = row.unsigned(0)?;
            defs.push(stored(id, self.def_map(row)?, tags.remove(&id), || format!("option definition {id}")));
            Ok(())
        })?;
        Ok(defs)
    }

    // Options.

    pub(crate) fn global_options(&self, ids: &Ids) -> Result<Vec<Stored>, Error> {
        let mut tags = Ties::default();
        let mut options = Vec::new();
        let sql = format!(
            "SELECT o.option_id, {} FROM dhcp4_options o WHERE {} AND o.scope_id = 0 \
             ORDER BY o.space, o.code, o.option_id",
            self.option_columns(),
            ids.hold("o.option_id")
        );
        self.every(&[Ties::query(OPTIONS, ids), sql], ids.bind(), |at, row| {
            if at == 0 {
                return tags.visit(row);
            }
            let id = row.unsigned(0)?;
            options.push(stored(id, self.option_map(row, 1)?, tags.remove(&id), || format!("option {id}")));
            Ok(())
        })?;
        Ok(options)
    }

    /// Options of other objects, by the object's key, from a query that selects the key and
    /// [`option_columns`](Self::option_columns).
    fn options_by<K: std::hash::Hash + Eq>(
        &self,
        sql: &str,
        ids: &Ids,
        key: impl Fn(&Row<'_>) -> Result<K, Error>,
    ) -> Result<HashMap<K, Vec<Value>>, Error> {
        let mut options: HashMap<K, Vec<Value>> = HashMap::new();
        self.each(sql, ids.bind(), |row| {
            options.entry(key(row)?).or_default().push(self.option_map(row, 1)?.into());
            Ok(())
        })?;
        Ok(options)
    }

    fn option_map(&self, row: &Row<'_>, first: usize) -> Result<Map, Error> {
        let code = row.int(first)?;
        let space =
            row.optional_text(first + 3)?.filter(|s| !s.is_empty()).unwrap_or_else(|| self.top_space());
        let mut map = Map::new();
        let (csv, data) = match (row.optional_text(first + 2)?, row.optional_bytes(first + 1)?) {
            (Some(text), None) => (true, text.to_owned()),
            (Some(text), Some(octets)) if !text.is_empty() || octets.is_empty() => (true, text.to_owned()),
            (_, Some(octets)) => (false, base::encode_hex(octets)),
            (None, None) => (false, String::new()),
        };
        map.insert("csv-format".to_owned(), csv.into());
        map.insert("data".to_owned(), data.into());
        for (at, keyword) in [(4, "always-send"), (5, "never-send")] {
            if row.flag(first + at)? {
                map.insert(keyword.to_owned(), true.into());
            }
        }
        let bad = |what: &str| {
            Error::bad_row(format!("option {code} in '{space}'"), format!("its {what} is not JSON"))
        };
        if let Some(classes) = row.optional_text(first + 6)?.filter(|c| !c.trim().is_empty()) {
            let classes = columns::json_value(classes).ok_or_else(|| bad("list of client classes"))?;
            if classes.as_list().is_none_or(|list| !list.is_empty()) {
                map.insert("client-classes".to_owned(), classes);
            }
        }
        if let Some(context) = row.optional_text(first + 7)?.filter(|c| !c.trim().is_empty()) {
            let context = columns::json_value(context).ok_or_else(|| bad("user context"))?;
            map.insert("user-context".to_owned(), context);
        }
        map.insert("code".to_owned(), code.into());
        map.insert("space".to_owned(), space.into());
        // There may be hundreds of thousands.
        map.shrink_to_fit();
        Ok(map)
    }

    // Classes.

    pub(crate) fn classes(&self, ids: &Ids) -> Result<Vec<Stored>, Error> {
        let columns = &self.layout.class;
        let (mut tags, mut options, mut defs) = (Ties::default(), Lists::new(), Lists::new());
        let options_sql = format!(
            "SELECT o.dhcp_client_class, {} FROM dhcp4_options o WHERE o.scope_id = 2 AND \
             o.dhcp_client_class IN (SELECT name FROM dhcp4_client_class WHERE {}) ORDER BY o.option_id",
            self.option_columns(),
            ids.hold("id")
        );
        let defs_sql = format!("{DEF_SELECT} WHERE {} ORDER BY id", ids.hold("class_id"));
        let mut classes = Vec::new();
        let sql = format!(
            "SELECT id, name{} FROM dhcp4_client_class JOIN dhcp4_client_class_order ON class_id = id \
             WHERE {} ORDER BY order_index, id",
            self.names(columns),
            ids.hold("id")
        );
        let queries = [Ties::query(CLASSES, ids), options_sql, defs_sql, sql];
        self.every(&queries, ids.bind(), |at, row| {
            match at {
                0 => return tags.visit(row),
                1 => return add(&mut options, row.text(0)?.to_owned(), self.option_map(row, 1)?),
                2 => return add(&mut defs, row.unsigned(9)?, self.def_map(row)?),
                _ => {}
            }
            let id = row.unsigned(0)?;
            let name = row.text(1)?;
            let object = || format!("client class '{name}'");
            let mut map = Map::new();
            row.members(2, columns, &mut map, object)?;
            if let Some(list) = options.remove(name) {
                map.insert("option-data".to_owned(), list.into());
            }
            if let Some(list) = defs.remove(&id) {
                map.insert("option-def".to_owned(), list.into());
            }
            map.insert("name".to_owned(), name.into());
            classes.push(stored(id, map, tags.remove(&id), object));
            Ok(())
        })?;
        Ok(classes)
    }

    fn def_map(&self, row: &Row<'_>) -> Result<Map, Error> {
        let code = row.int(1)?;
        let space = row.text(3)?;
        let bad = |reason: &str| Error::bad_row(format!("option definition {code} in '{space}'"), reason);
        let fields = row.optional_text(7)?.unwrap_or_default();
        // Before the types had a table, what has fields was a record, whatever its number.
        let kind = match row.int(4)? {
            _ if self.layout.records != Records::Is254 && !fields.trim().is_empty() => Some("record"),
            number => columns::data_type_name(number),
        };
        let kind = kind.ok_or_else(|| bad("unknown number of its type"))?;
        let record = columns::record_types_from_column(fields)
            .ok_or_else(|| bad("unknown numbers of its record types"))?;
        let mut map = Map::new();
        if let Some(context) = row.optional_text(8)?.filter(|c| !c.trim().is_empty()) {
            let context = columns::json_value(context).ok_or_else(|| bad("its user context is not JSON"))?;
            map.insert("user-context".to_owned(), context);
        }
        map.insert("code".to_owned(), code.into());
        map.insert("name".to_owned(), row.text(2)?.into());
        map.insert("type".to_owned(), kind.into());
        map.insert("array".to_owned(), row.flag(5)?.into());
        map.insert("encapsulate".to_owned(), row.text(6)?.into());
        map.insert("record-types".to_owned(), record.into());
        map.insert("space".to_owned(), space.into());
        Ok(map)
    }

    // Networks.

    pub(crate) fn networks(&self, ids: &Ids) -> Result<Vec<Stored>, Error> {
        let columns = &self.layout.network;
        let (mut tags, mut options) = (Ties::default(), Lists::new());
        let options_sql = format!(
            "SELECT o.shared_network_name, {} FROM dhcp4_options o WHERE o.scope_id = 4 AND \
             o.shared_network_name IN (SELECT name FROM dhcp4_shared_network WHERE {}) ORDER BY o.option_id",
            self.option_columns(),
            ids.hold("id")
        );
        let mut networks = Vec::new();
        let sql = format!(
            "SELECT id, name{} FROM dhcp4_shared_network WHERE {} ORDER BY id",
            self.names(columns),
            ids.hold("id")
        );
        self.every(&[Ties::query(NETWORKS, ids), options_sql, sql], ids.bind(), |at, row| {
            match at {
                0 => return tags.visit(row),
                1 => return add(&mut options, row.text(0)?.to_owned(), self.option_map(row, 1)?),
                _ => {}
            }
            let id = row.unsigned(0)?;
            let name = row.text(1)?;
            let object = || format!("shared network '{name}'");
            let mut map = Map::new();
            row.members(2, columns, &mut map, object)?;
            if let Some(list) = options.remove(name) {
                map.insert("option-data".to_owned(), list.into());
            }
            map.insert("name".to_owned(), name.into());
            networks.push(stored(id, map, tags.remove(&id), object));
            Ok(())
        })?;
        Ok(networks)
    }
}

/// Maps that are parts of objects, by the object's key.
type Lists<K> = HashMap<K, Vec<Value>>;

fn add<K: std::hash::Hash + Eq>(lists: &mut Lists<K>, key: K, map: Map) -> Result<(), Error> {
    lists.entry(key).or_default().push(map.into());
    Ok(())
}

/// Tags of objects, by row, as they are read.
#[derive(Default)]
pub(crate) struct Ties(HashMap<u64, Vec<ServerTag>>);

impl Ties {
    fn query(table: Table, ids: &Ids) -> String {
        let Table { ties, tie_key, .. } = table;
        format!(
            "SELECT t.{tie_key}, s.tag FROM {ties} t JOIN dhcp4_server s ON s.id = t.server_id \
             WHERE {} ORDER BY t.{tie_key}, s.id",
            ids.hold(&format!("t.{tie_key}"))
        )
    }

    fn visit(&mut self, row: &Row<'_>) -> Result<(), Error> {
        self.0.entry(row.unsigned(0)?).or_default().push(tag_of(row, 1)?);
        Ok(())
    }

    pub(crate) fn remove(&mut self, row: &u64) -> Option<Vec<ServerTag>> {
        self.0.remove(row)
    }

    /// The tags of any of the objects; of the only one where there is one.
    pub(crate) fn any(self) -> Vec<ServerTag> {
        self.0.into_values().next().unwrap_or_default()
    }
}

const DEF_SELECT: &str = "SELECT id, code, name, space, type, is_array, encapsulate, record_types, user_context, class_id \
                          FROM dhcp4_option_def";

/// An element whose position names the object, so that errors of resolution do.
fn stored(row: u64, mut map: Map, tags: Option<Vec<ServerTag>>, object: impl Fn() -> String) -> Stored {
    let pos = json::Pos {
        file: Some(format!("configuration database, {}", object()).into()),
        ..json::Pos::default()
    };
    map.shrink_to_fit();
    Stored { row, element: Arc::new(Element { map, pos, server_tags: tags.unwrap_or_default() }) }
}

pub(crate) fn tag_of(row: &Row<'_>, at: usize) -> Result<ServerTag, Error> {
    let text = row.text(at)?;
    ServerTag::new(text).map_err(|error| Error::bad_row(format!("server '{text}'"), error.to_string()))
}

pub(crate) fn server_of(row: &Row<'_>) -> Result<Server, Error> {
    Ok(Server { tag: tag_of(row, 0)?, description: row.optional_text(1)?.unwrap_or_default().to_owned() })
}

/// Whether a value is a list of maps; what `pools` and `option-data` have to be.
pub(crate) fn maps<'a>(map: &'a Map, keyword: &str) -> Vec<&'a Map> {
    match map.get(keyword).map(|v| &v.kind) {
        Some(Kind::List(list)) => list.iter().filter_map(Value::as_map).collect(),
        _ => vec![],
    }
}

/// Whether an address is of a family.
pub(crate) fn is_of(address: IpAddr, family: Family) -> bool {
    address.is_ipv4() == (family == Family::V4)
}
