//! Reading. SQL is written for DHCPv4; [`of_family`] turns it into that of DHCPv6.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use backend::columns::{self, Datum};
use backend::{
    AuditEntry, Cursor, Delta, Objects, OptionScope, Partial, Prefix, Pulled, Server, ServerSelector, Stored,
    StoredGlobal, StoredSubnet, SubnetBrief, SubnetKey,
};
use base::{Family, ServerTag, SubnetId, Timestamp};
use config::Element;
use json::{Kind, Map, Value};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row, params_from_iter};

use crate::history::modification;
use crate::rows::{Bind, Error, datum, members, names, signed, unsigned};
use crate::schema::of_family;

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
    GLOBALS "dhcp4_global_parameter" "id" "dhcp4_global_parameter_server" "parameter_id" "1";
    OPTION_DEFS "dhcp4_option_def" "id" "dhcp4_option_def_server" "option_def_id" "class_id IS NULL";
    OPTIONS "dhcp4_options" "option_id" "dhcp4_options_server" "option_id" "scope_id = 0";
    CLASSES "dhcp4_client_class" "id" "dhcp4_client_class_server" "class_id" "1";
    NETWORKS "dhcp4_shared_network" "id" "dhcp4_shared_network_server" "shared_network_id" "1";
    SUBNETS "dhcp4_subnet" "subnet_id" "dhcp4_subnet_server" "subnet_id" "1";
}

/// A set of row numbers as a query for `IN (...)`.
pub(crate) struct Ids {
    sql: String,
    bind: Vec<Bind>,
}

impl Ids {
    /// One row.
    pub(crate) fn number(row: u64) -> Result<Self, Error> {
        Ok(Self { sql: "SELECT ?1".to_owned(), bind: vec![Bind(Datum::Int(signed(row)?))] })
    }

    /// Some rows.
    pub(crate) fn numbers(rows: &BTreeSet<u64>) -> Self {
        let list = Bind(Datum::Text(numbers_json(rows.iter().copied())));
        Self { sql: "SELECT value FROM json_each(?1)".to_owned(), bind: vec![list] }
    }

    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn bind(&self) -> &[Bind] {
        &self.bind
    }

    pub(crate) fn one(sql: &str, key: impl Into<String>) -> Self {
        Self { sql: sql.to_owned(), bind: vec![Bind(Datum::Text(key.into()))] }
    }
}

pub(crate) fn tags_json(tags: &BTreeSet<ServerTag>) -> String {
    columns::json_text(&Value::from(tags.iter().map(|t| Value::from(t.as_str())).collect::<Vec<_>>()))
}

fn numbers_json(numbers: impl Iterator<Item = u64>) -> String {
    columns::json_text(&Value::from(numbers.map(Value::from).collect::<Vec<_>>()))
}

/// The rows of a table that a selector means.
pub(crate) fn tied(table: Table, selector: &ServerSelector) -> Ids {
    let Table { table: name, key, ties, tie_key, only } = table;
    match selector.tags() {
        Some(tags) => Ids {
            sql: format!(
                "SELECT {tie_key} FROM {ties} WHERE server_id IN (SELECT id FROM dhcp4_server WHERE tag IN \
                 (SELECT value FROM json_each(?1)))"
            ),
            bind: vec![Bind(Datum::Text(tags_json(&tags)))],
        },
        None if *selector == ServerSelector::Unassigned => Ids {
            sql: format!(
                "SELECT {key} FROM {name} WHERE {only} AND {key} NOT IN (SELECT {tie_key} FROM {ties})"
            ),
            bind: vec![],
        },
        None => Ids { sql: format!("SELECT {key} FROM {name} WHERE {only}"), bind: vec![] },
    }
}

/// Of some rows, those that a selector means.
fn tied_of(table: Table, selector: &ServerSelector, rows: &BTreeSet<u64>) -> Ids {
    let mut ids = tied(table, selector);
    ids.bind.push(Bind(Datum::Text(numbers_json(rows.iter().copied()))));
    ids.sql = format!("SELECT value FROM json_each(?{}) WHERE value IN ({})", ids.bind.len(), ids.sql);
    ids
}

pub(crate) fn subnet_by(key: SubnetKey) -> Ids {
    match key {
        SubnetKey::Id(id) => {
            Ids { sql: "SELECT ?1".to_owned(), bind: vec![Bind(Datum::Int(i64::from(id.0)))] }
        }
        SubnetKey::Prefix(prefix) => {
            Ids::one("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix = ?1", prefix.to_string())
        }
    }
}

/// One state of the database, for one family.
pub(crate) struct Reader<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) family: Family,
}

impl Reader<'_> {
    pub(crate) fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, Error> {
        Ok(self.connection.prepare_cached(&of_family(sql, self.family))?)
    }

    pub(crate) fn each<P: Params>(
        &self,
        sql: &str,
        params: P,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            visit(row)?;
        }
        Ok(())
    }

    fn top_space(&self) -> &'static str {
        if self.family == Family::V4 { "dhcp4" } else { "dhcp6" }
    }

    // Servers.

    pub(crate) fn servers(&self) -> Result<Vec<Server>, Error> {
        let mut servers = Vec::new();
        self.each("SELECT tag, description FROM dhcp4_server WHERE tag <> 'all' ORDER BY id", [], |row| {
            servers.push(server_of(row)?);
            Ok(())
        })?;
        Ok(servers)
    }

    pub(crate) fn server(&self, tag: &ServerTag) -> Result<Option<Server>, Error> {
        let mut found = None;
        self.each("SELECT tag, description FROM dhcp4_server WHERE tag = ?1", [tag.as_str()], |row| {
            found = Some(server_of(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    // Ties.

    /// Tags of objects, by row.
    pub(crate) fn ties(&self, table: Table, ids: &Ids) -> Result<HashMap<u64, Vec<ServerTag>>, Error> {
        let Table { ties, tie_key, .. } = table;
        let mut tags: HashMap<u64, Vec<ServerTag>> = HashMap::new();
        let sql = format!(
            "SELECT t.{tie_key}, s.tag FROM {ties} t JOIN dhcp4_server s ON s.id = t.server_id \
             WHERE t.{tie_key} IN ({}) ORDER BY t.{tie_key}, s.id",
            ids.sql
        );
        // Most rows carry the same few tags.
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            tags.entry(unsigned(row, 0)?).or_default().push(tag_of(row, 1)?);
            Ok(())
        })?;
        Ok(tags)
    }

    // Globals.

    pub(crate) fn globals(&self, selector: &ServerSelector) -> Result<Vec<StoredGlobal>, Error> {
        Ok(self.globals_in(&tied(GLOBALS, selector))?.into_iter().map(|(_, global)| global).collect())
    }

    /// With the numbers of their rows.
    pub(crate) fn globals_in(&self, ids: &Ids) -> Result<Vec<(u64, StoredGlobal)>, Error> {
        let mut tags = self.ties(GLOBALS, ids)?;
        let mut globals = Vec::new();
        let sql = format!(
            "SELECT id, name, value, parameter_type FROM dhcp4_global_parameter WHERE id IN ({}) ORDER BY name, id",
            ids.sql
        );
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let (name, text): (String, String) = (row.get(1)?, row.get(2)?);
            let value = columns::global_from_columns(&text, row.get(3)?).ok_or_else(|| {
                Error::bad_row(format!("global parameter '{name}'"), "its value does not fit its type")
            })?;
            let id = unsigned(row, 0)?;
            globals.push((id, StoredGlobal { name, value, tags: tags.remove(&id).unwrap_or_default() }));
            Ok(())
        })?;
        Ok(globals)
    }

    // Option definitions.

    pub(crate) fn option_defs(&self, ids: &Ids) -> Result<Vec<Stored>, Error> {
        let mut tags = self.ties(OPTION_DEFS, ids)?;
        let mut defs = Vec::new();
        let sql =
            format!("{DEF_SELECT} WHERE id IN ({}) AND class_id IS NULL ORDER BY space, code, id", ids.sql);
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let id = unsigned(row, 0)?;
            defs.push(stored(id, def_map(row)?, tags.remove(&id), || format!("option definition {id}")));
            Ok(())
        })?;
        Ok(defs)
    }

    // Options.

    pub(crate) fn global_options(&self, ids: &Ids) -> Result<Vec<Stored>, Error> {
        let mut tags = self.ties(OPTIONS, ids)?;
        let mut options = Vec::new();
        let sql = format!(
            "SELECT o.option_id, {OPTION_COLUMNS} FROM dhcp4_options o WHERE o.option_id IN ({}) AND o.scope_id = 0 \
             ORDER BY o.space, o.code, o.option_id",
            ids.sql
        );
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let id = unsigned(row, 0)?;
            options.push(stored(id, self.option_map(row, 1)?, tags.remove(&id), || format!("option {id}")));
            Ok(())
        })?;
        Ok(options)
    }

    /// Options of other objects, by the object's key in the first column of `sql`, which selects it and
    /// [`OPTION_COLUMNS`].
    fn options_by<K: std::hash::Hash + Eq>(
        &self,
        sql: &str,
        ids: &Ids,
        key: impl Fn(&Row<'_>) -> rusqlite::Result<K>,
    ) -> Result<HashMap<K, Vec<Value>>, Error> {
        let mut options: HashMap<K, Vec<Value>> = HashMap::new();
        self.each(sql, params_from_iter(&ids.bind), |row| {
            options.entry(key(row)?).or_default().push(self.option_map(row, 1)?.into());
            Ok(())
        })?;
        Ok(options)
    }

    fn option_map(&self, row: &Row<'_>, first: usize) -> Result<Map, Error> {
        let code: i64 = row.get(first)?;
        let space: Option<String> = row.get(first + 3)?;
        let space = space.filter(|s| !s.is_empty()).unwrap_or_else(|| self.top_space().to_owned());
        let mut map = Map::new();
        let formatted: Option<String> = row.get(first + 2)?;
        let octets: Option<Vec<u8>> = row.get(first + 1)?;
        let (csv, data) = match (formatted, octets) {
            (Some(text), None) => (true, text),
            (Some(text), Some(octets)) if !text.is_empty() || octets.is_empty() => (true, text),
            (_, Some(octets)) => (false, base::encode_hex(&octets)),
            (None, None) => (false, String::new()),
        };
        map.insert("csv-format".to_owned(), csv.into());
        map.insert("data".to_owned(), data.into());
        map.insert("always-send".to_owned(), (row.get::<_, i64>(first + 4)? != 0).into());
        map.insert("never-send".to_owned(), (row.get::<_, i64>(first + 5)? != 0).into());
        let bad = |what: &str| {
            Error::bad_row(format!("option {code} in '{space}'"), format!("its {what} is not JSON"))
        };
        let classes: String = row.get(first + 6)?;
        if !classes.trim().is_empty() {
            let classes = columns::json_value(&classes).ok_or_else(|| bad("list of client classes"))?;
            if classes.as_list().is_none_or(|list| !list.is_empty()) {
                map.insert("client-classes".to_owned(), classes);
            }
        }
        if let Some(context) = row.get::<_, Option<String>>(first + 7)?.filter(|c| !c.trim().is_empty()) {
            map.insert(
                "user-context".to_owned(),
                columns::json_value(&context).ok_or_else(|| bad("user context"))?,
            );
        }
        map.insert("code".to_owned(), code.into());
        map.insert("space".to_owned(), space.into());
        Ok(map)
    }

    // Classes.

    pub(crate) fn classes(&self, ids: &Ids) -> Result<Vec<Stored>, Error> {
        let columns = columns::class(self.family);
        let mut tags = self.ties(CLASSES, ids)?;
        let options_sql = format!(
            "SELECT o.dhcp_client_class, {OPTION_COLUMNS} FROM dhcp4_options o WHERE o.scope_id = 2 AND \
             o.dhcp_client_class IN (SELECT name FROM dhcp4_client_class WHERE id IN ({})) ORDER BY o.option_id",
            ids.sql
        );
        let mut options = self.options_by(&options_sql, ids, |row| row.get::<_, String>(0))?;
        let mut defs: HashMap<u64, Vec<Value>> = HashMap::new();
        let defs_sql = format!("{DEF_SELECT} WHERE class_id IN ({}) ORDER BY id", ids.sql);
        self.each(&defs_sql, params_from_iter(&ids.bind), |row| {
            defs.entry(unsigned(row, 9)?).or_default().push(def_map(row)?.into());
            Ok(())
        })?;
        let mut classes = Vec::new();
        let sql = format!(
            "SELECT c.id, c.name, {} FROM dhcp4_client_class c JOIN dhcp4_client_class_order o ON o.class_id = c.id \
             WHERE c.id IN ({}) ORDER BY o.order_index",
            names(columns),
            ids.sql
        );
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let id = unsigned(row, 0)?;
            let name: String = row.get(1)?;
            let object = || format!("client class '{name}'");
            let mut map = Map::new();
            members(row, 2, columns, &mut map, object)?;
            if let Some(list) = options.remove(&name) {
                map.insert("option-data".to_owned(), list.into());
            }
            if let Some(list) = defs.remove(&id) {
                map.insert("option-def".to_owned(), list.into());
            }
            map.insert("name".to_owned(), name.as_str().into());
            classes.push(stored(id, map, tags.remove(&id), object));
            Ok(())
        })?;
        Ok(classes)
    }

    // Networks.

    pub(crate) fn networks(&self, ids: &Ids) -> Result<Vec<Stored>, Error> {
        let columns = columns::network(self.family);
        let mut tags = self.ties(NETWORKS, ids)?;
        let options_sql = format!(
            "SELECT o.shared_network_name, {OPTION_COLUMNS} FROM dhcp4_options o WHERE o.scope_id = 4 AND \
             o.shared_network_name IN (SELECT name FROM dhcp4_shared_network WHERE id IN ({})) ORDER BY o.option_id",
            ids.sql
        );
        let mut options = self.options_by(&options_sql, ids, |row| row.get::<_, String>(0))?;
        let mut networks = Vec::new();
        let sql = format!(
            "SELECT id, name, {} FROM dhcp4_shared_network WHERE id IN ({}) ORDER BY id",
            names(columns),
            ids.sql
        );
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let id = unsigned(row, 0)?;
            let name: String = row.get(1)?;
            let object = || format!("shared network '{name}'");
            let mut map = Map::new();
            members(row, 2, columns, &mut map, object)?;
            if let Some(list) = options.remove(&name) {
                map.insert("option-data".to_owned(), list.into());
            }
            map.insert("name".to_owned(), name.as_str().into());
            networks.push(stored(id, map, tags.remove(&id), object));
            Ok(())
        })?;
        Ok(networks)
    }

    // Subnets.

    pub(crate) fn briefs(&self, ids: &Ids) -> Result<Vec<SubnetBrief>, Error> {
        let mut tags = self.ties(SUBNETS, ids)?;
        let mut briefs = Vec::new();
        let sql = format!(
            "SELECT subnet_id, subnet_prefix, shared_network_name FROM dhcp4_subnet WHERE subnet_id IN ({}) \
             ORDER BY subnet_id",
            ids.sql
        );
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let (id, prefix) = subnet_key(row)?;
            briefs.push(SubnetBrief {
                id,
                prefix,
                shared_network: row.get(2)?,
                tags: tags.remove(&u64::from(id.0)).unwrap_or_default(),
            });
            Ok(())
        })?;
        Ok(briefs)
    }

    pub(crate) fn overlapping(&self, prefix: Prefix) -> Result<Vec<SubnetBrief>, Error> {
        let (first, last) = prefix.range();
        let around: Vec<Value> = prefix.ancestors().map(|p| Value::from(p.to_string())).collect();
        // Networks nest: those that overlap begin inside this one, or are one of its at most 129 ancestors.
        let ids = Ids {
            sql: "SELECT subnet_id FROM dhcp4_subnet_range WHERE first_address BETWEEN ?1 AND ?2 \
                  UNION SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix IN (SELECT value FROM json_each(?3))"
                .to_owned(),
            bind: vec![
                Bind(Datum::Bytes(first)),
                Bind(Datum::Bytes(last)),
                Bind(Datum::Text(columns::json_text(&around.into()))),
            ],
        };
        self.briefs(&ids)
    }

    pub(crate) fn subnets(&self, ids: &Ids) -> Result<Vec<StoredSubnet>, Error> {
        let columns = columns::subnet(self.family);
        let mut tags = self.ties(SUBNETS, ids)?;
        let options_sql = format!(
            "SELECT o.dhcp4_subnet_id, {OPTION_COLUMNS} FROM dhcp4_options o WHERE o.scope_id = 1 AND \
             o.dhcp4_subnet_id IN ({}) ORDER BY o.option_id",
            ids.sql
        );
        let mut options = self.options_by(&options_sql, ids, |row| unsigned(row, 0))?;
        let mut pools = self.pools(ids)?;
        let mut pd_pools = if self.family == Family::V6 { self.pd_pools(ids)? } else { HashMap::new() };
        let mut subnets = Vec::new();
        let sql = format!(
            "SELECT subnet_id, subnet_prefix, shared_network_name, {} FROM dhcp4_subnet WHERE subnet_id IN ({}) \
             ORDER BY subnet_id",
            names(columns),
            ids.sql
        );
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let (id, prefix) = subnet_key(row)?;
            let key = u64::from(id.0);
            let object = || format!("subnet {id}");
            let mut map = Map::new();
            members(row, 3, columns, &mut map, object)?;
            for (keyword, lists) in
                [("option-data", &mut options), ("pools", &mut pools), ("pd-pools", &mut pd_pools)]
            {
                if let Some(list) = lists.remove(&key) {
                    map.insert(keyword.to_owned(), list.into());
                }
            }
            map.insert("id".to_owned(), id.0.into());
            map.insert("subnet".to_owned(), prefix.to_string().into());
            let element = stored(key, map, tags.remove(&key), object).element;
            subnets.push(StoredSubnet { id, prefix, shared_network: row.get(2)?, element });
            Ok(())
        })?;
        Ok(subnets)
    }

    fn pools(&self, ids: &Ids) -> Result<HashMap<u64, Vec<Value>>, Error> {
        let options_sql = format!(
            "SELECT o.pool_id, {OPTION_COLUMNS} FROM dhcp4_options o JOIN dhcp4_pool p ON p.id = o.pool_id \
             WHERE o.scope_id = 5 AND p.subnet_id IN ({}) ORDER BY o.option_id",
            ids.sql
        );
        let mut options = self.options_by(&options_sql, ids, |row| unsigned(row, 0))?;
        let sql = format!(
            "SELECT id, subnet_id, start_address, end_address, {} FROM dhcp4_pool WHERE subnet_id IN ({}) ORDER BY id",
            names(columns::POOL),
            ids.sql
        );
        let mut pools: HashMap<u64, Vec<Value>> = HashMap::new();
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let (id, subnet) = (unsigned(row, 0)?, unsigned(row, 1)?);
            let object = || format!("pool {id} of subnet {subnet}");
            let (Some(first), Some(last)) = (
                columns::address_from_column(&datum(row, 2)?),
                columns::address_from_column(&datum(row, 3)?),
            ) else {
                return Err(Error::bad_row(object(), "its addresses are none"));
            };
            let mut map = Map::new();
            members(row, 4, columns::POOL, &mut map, object)?;
            if let Some(list) = options.remove(&id) {
                map.insert("option-data".to_owned(), list.into());
            }
            map.insert("pool".to_owned(), format!("{first}-{last}").into());
            pools.entry(subnet).or_default().push(map.into());
            Ok(())
        })?;
        Ok(pools)
    }

    fn pd_pools(&self, ids: &Ids) -> Result<HashMap<u64, Vec<Value>>, Error> {
        let options_sql = format!(
            "SELECT o.pd_pool_id, {OPTION_COLUMNS} FROM dhcp4_options o JOIN dhcp4_pd_pool p ON p.id = o.pd_pool_id \
             WHERE o.scope_id = 6 AND p.subnet_id IN ({}) ORDER BY o.option_id",
            ids.sql
        );
        let mut options = self.options_by(&options_sql, ids, |row| unsigned(row, 0))?;
        let sql = format!(
            "SELECT id, subnet_id, prefix, prefix_length, delegated_prefix_length, excluded_prefix, \
             excluded_prefix_length, {} FROM dhcp4_pd_pool WHERE subnet_id IN ({}) ORDER BY id",
            names(columns::POOL),
            ids.sql
        );
        let mut pools: HashMap<u64, Vec<Value>> = HashMap::new();
        self.each(&sql, params_from_iter(&ids.bind), |row| {
            let (id, subnet) = (unsigned(row, 0)?, unsigned(row, 1)?);
            let mut map = Map::new();
            members(row, 7, columns::POOL, &mut map, || format!("pd-pool {id} of subnet {subnet}"))?;
            map.insert("prefix".to_owned(), row.get::<_, String>(2)?.into());
            map.insert("prefix-len".to_owned(), row.get::<_, i64>(3)?.into());
            map.insert("delegated-len".to_owned(), row.get::<_, i64>(4)?.into());
            let excluded: Option<String> = row.get(5)?;
            let length: i64 = row.get(6)?;
            if let Some(excluded) = excluded.filter(|_| length > 0) {
                map.insert("excluded-prefix".to_owned(), excluded.into());
                map.insert("excluded-prefix-len".to_owned(), length.into());
            }
            if let Some(list) = options.remove(&id) {
                map.insert("option-data".to_owned(), list.into());
            }
            pools.entry(subnet).or_default().push(map.into());
            Ok(())
        })?;
        Ok(pools)
    }

    pub(crate) fn pool_row(&self, scope: &OptionScope) -> Result<Option<(u64, SubnetId)>, Error> {
        let found = |row: &Row<'_>| Ok((unsigned(row, 0)?, row.get::<_, u32>(1)?));
        let row = match scope {
            OptionScope::Pool(range) => {
                let [first, last] = [range.first, range.last].map(|a| Bind(columns::address_to_column(a)));
                self.prepare(
                    "SELECT id, subnet_id FROM dhcp4_pool WHERE start_address = ?1 AND end_address = ?2",
                )?
                .query_row((first, last), found)
                .optional()?
            }
            OptionScope::PdPool(key) if self.family == Family::V6 => self
                .prepare("SELECT id, subnet_id FROM dhcp4_pd_pool WHERE prefix = ?1 AND prefix_length = ?2")?
                .query_row((key.prefix.address().to_string(), key.prefix.length()), found)
                .optional()?,
            _ => None,
        };
        Ok(row.map(|(id, subnet)| (id, SubnetId(subnet))))
    }

    pub(crate) fn subnet_of_pool(&self, scope: &OptionScope) -> Result<Option<SubnetId>, Error> {
        Ok(self.pool_row(scope)?.map(|(_, subnet)| subnet))
    }

    pub(crate) fn option_users(
        &self,
        space: &str,
        code: u16,
        limit: u32,
    ) -> Result<Vec<(String, Vec<ServerTag>)>, Error> {
        let mut found = Vec::new();
        let pd = if self.family == Family::V6 {
            "WHEN 6 THEN (SELECT p.subnet_id FROM dhcp4_pd_pool p WHERE p.id = o.pd_pool_id)"
        } else {
            ""
        };
        let sql = format!(
            "SELECT o.option_id, o.scope_id, o.dhcp_client_class, o.shared_network_name, CASE o.scope_id \
             WHEN 5 THEN (SELECT p.subnet_id FROM dhcp4_pool p WHERE p.id = o.pool_id) {pd} ELSE o.dhcp4_subnet_id END \
             FROM dhcp4_options o WHERE o.code = ?1 AND COALESCE(o.space, ?2) = ?2 ORDER BY o.option_id LIMIT ?3"
        );
        self.each(&sql, (code, space, limit), |row| {
            found.push((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Option<String>>(2)?,
                row.get::<_, Option<String>>(3)?,
                row.get::<_, Option<i64>>(4)?,
            ));
            Ok(())
        })?;
        let by_number = |id: i64| Ids { sql: "SELECT ?1".to_owned(), bind: vec![Bind(Datum::Int(id))] };
        let mut users = Vec::new();
        for (id, scope, class, network, subnet) in found {
            let (what, table, ids) = match (scope, class, network, subnet) {
                (2, Some(class), _, _) => (
                    format!("client class '{class}'"),
                    CLASSES,
                    Ids::one("SELECT id FROM dhcp4_client_class WHERE name = ?1", class),
                ),
                (4, _, Some(network), _) => (
                    format!("shared network '{network}'"),
                    NETWORKS,
                    Ids::one("SELECT id FROM dhcp4_shared_network WHERE name = ?1", network),
                ),
                (1, _, _, Some(subnet)) => (format!("subnet {subnet}"), SUBNETS, by_number(subnet)),
                (5 | 6, _, _, Some(subnet)) => {
                    (format!("a pool of subnet {subnet}"), SUBNETS, by_number(subnet))
                }
                _ => ("the global options".to_owned(), OPTIONS, by_number(id)),
            };
            let tags = self.ties(table, &ids)?.into_values().next().unwrap_or_default();
            users.push((what, tags));
        }
        Ok(users)
    }

    // Audit.

    pub(crate) fn newest(&self) -> Result<Cursor, Error> {
        let found = self
            .prepare(
                "SELECT id, CAST(strftime('%s', modification_ts) AS INTEGER) FROM dhcp4_audit_revision \
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row([], |row| {
                Ok(Cursor { revision: unsigned(row, 0)?, time: Timestamp(unsigned(row, 1)?) })
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    pub(crate) fn audit(&self, since: Option<&Cursor>, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        let mut entries = Vec::new();
        let after = signed(since.map_or(0, |cursor| cursor.revision))?;
        self.each(
            "SELECT r.id, CAST(strftime('%s', r.modification_ts) AS INTEGER), a.object_type, a.object_id, \
             a.modification_type, COALESCE(r.log_message, '') FROM dhcp4_audit_revision r \
             JOIN dhcp4_audit a ON a.revision_id = r.id WHERE r.id > ?1 ORDER BY a.id LIMIT ?2",
            (after, limit),
            |row| {
                entries.push(AuditEntry {
                    revision: Cursor { revision: unsigned(row, 0)?, time: Timestamp(unsigned(row, 1)?) },
                    object_type: row.get(2)?,
                    object_id: unsigned(row, 3)?,
                    modification: modification(row, 4)?,
                    message: row.get(5)?,
                });
                Ok(())
            },
        )?;
        Ok(entries)
    }

    /// Object type and number of what concerns a server after a revision.
    fn touched(&self, tag: &ServerTag, after: u64) -> Result<BTreeMap<String, BTreeSet<u64>>, Error> {
        let mut touched: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        self.each(
            "SELECT DISTINCT a.object_type, a.object_id FROM dhcp4_audit_revision r \
             JOIN dhcp4_audit a ON a.revision_id = r.id LEFT JOIN dhcp4_server s ON s.id = r.server_id \
             WHERE r.id > ?1 AND (s.tag IS NULL OR s.tag = 'all' OR s.tag = ?2)",
            (signed(after)?, tag.as_str()),
            |row| {
                touched.entry(row.get(0)?).or_default().insert(unsigned(row, 1)?);
                Ok(())
            },
        )?;
        Ok(touched)
    }

    pub(crate) fn pull(&self, tag: &ServerTag, since: Option<&Cursor>) -> Result<Pulled, Error> {
        let cursor = self.newest()?;
        let selector = if tag.is_empty() { ServerSelector::All } else { ServerSelector::One(tag.clone()) };
        match since {
            Some(since) if *since == cursor => Ok(Pulled::Nothing),
            // A revision that the file does not have: it was replaced by an older one. Or one that was forgotten.
            Some(since)
                if since.revision < cursor.revision
                    && since.revision.saturating_add(1) >= self.oldest()? =>
            {
                let delta = Box::new(self.delta(&selector, &self.touched(tag, since.revision)?)?);
                Ok(Pulled::Changes { delta, cursor })
            }
            _ => Ok(Pulled::Everything { objects: self.everything(&selector)?, cursor }),
        }
    }

    pub(crate) fn everything(&self, selector: &ServerSelector) -> Result<Objects, Error> {
        let by_row = |list: Vec<Stored>| list.into_iter().map(|s| (s.row, s)).collect();
        Ok(Objects {
            globals: self.globals(selector)?,
            option_defs: by_row(self.option_defs(&tied(OPTION_DEFS, selector))?),
            options: by_row(self.global_options(&tied(OPTIONS, selector))?),
            classes: self.classes(&tied(CLASSES, selector))?,
            networks: by_row(self.networks(&tied(NETWORKS, selector))?),
            subnets: self.subnets(&tied(SUBNETS, selector))?.into_iter().map(|s| (s.id, s)).collect(),
        })
    }

    fn delta(
        &self,
        selector: &ServerSelector,
        touched: &BTreeMap<String, BTreeSet<u64>>,
    ) -> Result<Delta, Error> {
        let of = |table: Table| touched.get(&of_family(table.table, self.family)).cloned();
        let mut delta = Delta::default();
        if of(GLOBALS).is_some() {
            delta.globals = Some(self.globals(selector)?);
        }
        if let Some(rows) = of(OPTION_DEFS) {
            let found = self.option_defs(&tied_of(OPTION_DEFS, selector, &rows))?;
            delta.option_defs = Partial { touched: rows, rows: found };
        }
        if let Some(rows) = of(OPTIONS) {
            let found = self.global_options(&tied_of(OPTIONS, selector, &rows))?;
            delta.options = Partial { touched: rows, rows: found };
        }
        if of(CLASSES).is_some() {
            delta.classes = Some(self.classes(&tied(CLASSES, selector))?);
        }
        if let Some(rows) = of(NETWORKS) {
            let found = self.networks(&tied_of(NETWORKS, selector, &rows))?;
            delta.networks = Partial { touched: rows, rows: found };
        }
        if let Some(rows) = of(SUBNETS) {
            delta.subnets = self.subnets(&tied_of(SUBNETS, selector, &rows))?;
            delta.touched_subnets =
                rows.iter().filter_map(|id| u32::try_from(*id).ok()).map(SubnetId).collect();
        }
        Ok(delta)
    }
}

const DEF_SELECT: &str = "SELECT id, code, name, space, type, is_array, encapsulate, record_types, user_context, class_id \
                          FROM dhcp4_option_def";

const OPTION_COLUMNS: &str = "o.code, o.value, o.formatted_value, o.space, o.persistent, o.cancelled, o.client_classes, \
                              o.user_context";

fn def_map(row: &Row<'_>) -> Result<Map, Error> {
    let code: i64 = row.get(1)?;
    let space: String = row.get(3)?;
    let bad = |reason: &str| Error::bad_row(format!("option definition {code} in '{space}'"), reason);
    let kind = columns::data_type_name(row.get(4)?).ok_or_else(|| bad("unknown number of its type"))?;
    let record: Option<String> = row.get(7)?;
    let record = columns::record_types_from_column(&record.unwrap_or_default())
        .ok_or_else(|| bad("unknown numbers of its record types"))?;
    let mut map = Map::new();
    if let Some(context) = row.get::<_, Option<String>>(8)?.filter(|c| !c.trim().is_empty()) {
        let context = columns::json_value(&context).ok_or_else(|| bad("its user context is not JSON"))?;
        map.insert("user-context".to_owned(), context);
    }
    map.insert("code".to_owned(), code.into());
    map.insert("name".to_owned(), row.get::<_, String>(2)?.into());
    map.insert("type".to_owned(), kind.into());
    map.insert("array".to_owned(), (row.get::<_, i64>(5)? != 0).into());
    map.insert("encapsulate".to_owned(), row.get::<_, String>(6)?.into());
    map.insert("record-types".to_owned(), record.into());
    map.insert("space".to_owned(), space.into());
    Ok(map)
}

/// An element whose position names the object, so that errors of resolution do.
fn stored(row: u64, map: Map, tags: Option<Vec<ServerTag>>, object: impl Fn() -> String) -> Stored {
    let pos = json::Pos {
        file: Some(format!("configuration database, {}", object()).into()),
        ..json::Pos::default()
    };
    Stored { row, element: Arc::new(Element { map, pos, server_tags: tags.unwrap_or_default() }) }
}

fn tag_of(row: &Row<'_>, at: usize) -> Result<ServerTag, Error> {
    let text = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
    ServerTag::new(text).map_err(|error| Error::bad_row(format!("server '{text}'"), error.to_string()))
}

fn server_of(row: &Row<'_>) -> Result<Server, Error> {
    Ok(Server { tag: tag_of(row, 0)?, description: row.get::<_, Option<String>>(1)?.unwrap_or_default() })
}

fn subnet_key(row: &Row<'_>) -> Result<(SubnetId, Prefix), Error> {
    let id: u32 = row.get(0)?;
    let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    let prefix = text
        .parse()
        .map_err(|_| Error::bad_row(format!("subnet {id}"), format!("'{text}' is not a prefix")))?;
    Ok((SubnetId(id), prefix))
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
