//! Writing: each list of changes is one transaction with one audit revision.

use std::collections::BTreeSet;

use backend::columns::{self, Column, Datum};
use backend::{
    BackendError, Change, NetworkSubnets, Note, OptionKey, OptionScope, PoolRange, Prefix, Server, SubnetKey,
    int_member, text_member,
};
use base::{Family, ServerTag, SubnetId, decode_hex};
use json::{Map, Value};
use rusqlite::{Connection, OptionalExtension, Params, TransactionBehavior, params_from_iter};

use crate::read::{
    CLASSES, GLOBALS, Ids, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS, Table, is_of, maps,
};
use crate::rows::{Bind, Error, signed, unsigned};
use crate::schema::of_family;

/// Applies changes; the number of objects set or deleted by each.
pub(crate) fn apply(
    connection: &mut Connection,
    family: Family,
    changes: Vec<Change>,
    note: &Note,
) -> Result<Vec<u64>, Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut writer = Writer {
        reader: Reader { connection: &transaction, family },
        family,
        time: i64::try_from(note.time.0).unwrap_or(i64::MAX),
        revision: None,
        message: &note.message,
        concerned: BTreeSet::new(),
    };
    let mut counts = Vec::with_capacity(changes.len());
    for change in changes {
        counts.push(writer.change(change)?);
    }
    if counts.iter().all(|count| *count == 0) {
        return Ok(counts);
    }
    writer.close_revision()?;
    drop(writer);
    transaction.commit()?;
    Ok(counts)
}

#[derive(Clone, Copy)]
enum Modified {
    Create = 0,
    Update = 1,
    Delete = 2,
}

struct Writer<'a> {
    reader: Reader<'a>,
    family: Family,
    /// Seconds since the epoch.
    time: i64,
    revision: Option<i64>,
    message: &'a str,
    /// Tags of all objects touched, before and after.
    concerned: BTreeSet<ServerTag>,
}

/// `modification_ts` of a statement whose parameter of that number is the time.
fn now(parameter: usize) -> String {
    format!("datetime(?{parameter}, 'unixepoch')")
}

impl Writer<'_> {
    fn execute<P: Params>(&self, sql: &str, params: P) -> Result<u64, Error> {
        let count = self.reader.prepare(sql)?.execute(params)?;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    fn insert<P: Params>(&self, sql: &str, params: P) -> Result<u64, Error> {
        let id = self.reader.prepare(sql)?.insert(params)?;
        Ok(u64::try_from(id).unwrap_or_default())
    }

    /// The first column of the first row.
    fn find<P: Params>(&self, sql: &str, params: P) -> Result<Option<u64>, Error> {
        Ok(self.reader.prepare(sql)?.query_row(params, |row| unsigned(row, 0)).optional()?)
    }

    fn find_all<P: Params>(&self, sql: &str, params: P) -> Result<Vec<u64>, Error> {
        let mut statement = self.reader.prepare(sql)?;
        let rows = statement.query_map(params, |row| unsigned(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn change(&mut self, change: Change) -> Result<u64, Error> {
        match change {
            Change::SetServer(server) => self.set_server(&server),
            Change::DeleteServer(tag) => self.delete_server(&tag),
            Change::SetGlobal { tag, name, value } => self.set_global(&tag, &name, &value),
            Change::DeleteGlobal { tag, name } => self.delete_global(&tag, &name),
            Change::SetOptionDef { tag, map } => self.set_option_def(&tag, &map),
            Change::DeleteOptionDef { tag, space, code } => self.delete_option_def(&tag, &space, code),
            Change::SetOption { scope, map } => self.set_option(&scope, &map),
            Change::DeleteOption { scope, key } => self.delete_option(&scope, &key),
            Change::SetClass { tags, map, follow, dependencies, depends_on_known } => {
                self.set_class(&tags, &map, follow.as_deref(), &dependencies, depends_on_known)
            }
            Change::DeleteClass { name } => self.delete_class(&name),
            Change::SetNetwork { tags, map } => self.set_network(&tags, &map),
            Change::DeleteNetwork { name, subnets } => self.delete_network(&name, subnets),
            Change::SetSubnet { tags, id, prefix, shared_network, map } => {
                self.set_subnet(&tags, id, prefix, shared_network.as_deref(), &map)
            }
            Change::DeleteSubnet(key) => self.delete_subnet(key),
        }
    }

    // Audit.

    fn revision(&mut self) -> Result<i64, Error> {
        if let Some(revision) = self.revision {
            return Ok(revision);
        }
        let sql = format!(
            "INSERT INTO dhcp4_audit_revision (modification_ts, log_message, server_id) VALUES ({}, ?2, 1)",
            now(1)
        );
        let revision = signed(self.insert(&sql, (self.time, self.message))?)?;
        self.revision = Some(revision);
        Ok(revision)
    }

    fn audit(&mut self, table: &str, row: u64, modified: Modified) -> Result<(), Error> {
        let revision = self.revision()?;
        let object_type = of_family(table, self.family);
        self.insert(
            "INSERT INTO dhcp4_audit (object_type, object_id, modification_type, revision_id) VALUES (?1, ?2, ?3, ?4)",
            (object_type, signed(row)?, modified as i64, revision),
        )?;
        Ok(())
    }

    /// A revision that concerns one server alone says so, others say `all`: a server that loses an object has to
    /// hear of it as well as the one that gets it.
    fn close_revision(&mut self) -> Result<(), Error> {
        let (Some(revision), Some(only)) = (self.revision, self.concerned.first()) else { return Ok(()) };
        if self.concerned.len() == 1
            && !only.is_all()
            && let Some(server) = self.find("SELECT id FROM dhcp4_server WHERE tag = ?1", [only.as_str()])?
        {
            self.execute(
                "UPDATE dhcp4_audit_revision SET server_id = ?1 WHERE id = ?2",
                (signed(server)?, revision),
            )?;
        }
        Ok(())
    }

    // Servers and ties.

    fn server_id(&self, tag: &ServerTag) -> Result<i64, Error> {
        let found = self.find("SELECT id FROM dhcp4_server WHERE tag = ?1", [tag.as_str()])?;
        signed(found.ok_or_else(|| BackendError::UnknownServer(tag.clone()))?)
    }

    /// Notes who has an object now; an object of nobody concerns nobody.
    fn concern(&mut self, table: Table, row: u64) -> Result<(), Error> {
        let Table { ties, tie_key, .. } = table;
        let sql = format!(
            "SELECT s.tag FROM {ties} t JOIN dhcp4_server s ON s.id = t.server_id WHERE t.{tie_key} = ?1"
        );
        let tags: Vec<String> = {
            let mut statement = self.reader.prepare(&sql)?;
            let rows = statement.query_map([signed(row)?], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        self.concerned.extend(tags.iter().filter_map(|tag| ServerTag::new(tag).ok()));
        Ok(())
    }

    /// Ties an object to exactly these servers.
    fn tie(&mut self, table: Table, row: u64, tags: &[ServerTag]) -> Result<(), Error> {
        let Table { ties, tie_key, .. } = table;
        self.concern(table, row)?;
        self.execute(&format!("DELETE FROM {ties} WHERE {tie_key} = ?1"), [signed(row)?])?;
        let sql = format!(
            "INSERT OR IGNORE INTO {ties} ({tie_key}, server_id, modification_ts) VALUES (?1, ?2, {})",
            now(3)
        );
        for tag in tags {
            let server = self.server_id(tag)?;
            self.execute(&sql, (signed(row)?, server, self.time))?;
        }
        self.concern(table, row)
    }

    fn set_server(&mut self, server: &Server) -> Result<u64, Error> {
        let tag = server.tag.as_str();
        let existing = self.find("SELECT id FROM dhcp4_server WHERE tag = ?1", [tag])?;
        let row = match existing {
            Some(row) => {
                let sql = format!(
                    "UPDATE dhcp4_server SET description = ?1, modification_ts = {} WHERE id = ?3",
                    now(2)
                );
                self.execute(&sql, (&server.description, self.time, signed(row)?))?;
                row
            }
            None => {
                let sql = format!(
                    "INSERT INTO dhcp4_server (tag, description, modification_ts) VALUES (?1, ?2, {})",
                    now(3)
                );
                self.insert(&sql, (tag, &server.description, self.time))?
            }
        };
        self.concerned.insert(server.tag.clone());
        self.audit(
            "dhcp4_server",
            row,
            if existing.is_some() { Modified::Update } else { Modified::Create },
        )?;
        Ok(1)
    }

    fn delete_server(&mut self, tag: &ServerTag) -> Result<u64, Error> {
        let Some(server) =
            self.find("SELECT id FROM dhcp4_server WHERE tag = ?1 AND tag <> 'all'", [tag.as_str()])?
        else {
            return Ok(0);
        };
        self.concerned.insert(ServerTag::all());
        let server_row = signed(server)?;
        // What only this server can have goes with it.
        for table in [GLOBALS, OPTION_DEFS, OPTIONS] {
            let Table { table: name, key, ties, tie_key, .. } = table;
            for row in
                self.find_all(&format!("SELECT {tie_key} FROM {ties} WHERE server_id = ?1"), [server_row])?
            {
                self.execute(&format!("DELETE FROM {name} WHERE {key} = ?1"), [signed(row)?])?;
                self.audit(name, row, Modified::Delete)?;
            }
        }
        // What can be shared stays, perhaps tied to nobody.
        for table in [CLASSES, NETWORKS, SUBNETS] {
            let Table { table: name, ties, tie_key, .. } = table;
            for row in
                self.find_all(&format!("SELECT {tie_key} FROM {ties} WHERE server_id = ?1"), [server_row])?
            {
                self.audit(name, row, Modified::Update)?;
            }
            self.execute(&format!("DELETE FROM {ties} WHERE server_id = ?1"), [server_row])?;
        }
        self.execute("DELETE FROM dhcp4_server WHERE id = ?1", [server_row])?;
        self.audit("dhcp4_server", server, Modified::Delete)?;
        Ok(1)
    }

    // Objects of one server.

    /// The row of an object that one server has; `condition` picks among its objects.
    fn own_rows(
        &self,
        table: Table,
        tag: &ServerTag,
        condition: &str,
        bind: Vec<Bind>,
    ) -> Result<Vec<u64>, Error> {
        let Table { table: name, key, ties, tie_key, .. } = table;
        let Some(server) = self.find("SELECT id FROM dhcp4_server WHERE tag = ?1", [tag.as_str()])? else {
            return Ok(vec![]);
        };
        let mut all = vec![Bind(Datum::Int(signed(server)?))];
        all.extend(bind);
        let sql = format!(
            "SELECT o.{key} FROM {name} o JOIN {ties} t ON t.{tie_key} = o.{key} WHERE t.server_id = ?1 AND {condition}"
        );
        self.find_all(&sql, params_from_iter(all))
    }

    fn set_global(&mut self, tag: &ServerTag, name: &str, value: &Value) -> Result<u64, Error> {
        let (text, kind) = columns::global_to_columns(name, value)?;
        let own = self.own_rows(GLOBALS, tag, "o.name = ?2", vec![Bind(Datum::Text(name.to_owned()))])?;
        if let Some(row) = own.first() {
            let sql = format!(
                "UPDATE dhcp4_global_parameter SET value = ?1, parameter_type = ?2, modification_ts = {} WHERE id = ?4",
                now(3)
            );
            self.execute(&sql, (text, kind, self.time, signed(*row)?))?;
            self.concerned.insert(tag.clone());
            self.audit(GLOBALS.table, *row, Modified::Update)?;
            return Ok(1);
        }
        let sql = format!(
            "INSERT INTO dhcp4_global_parameter (name, value, parameter_type, modification_ts) VALUES (?1, ?2, ?3, {})",
            now(4)
        );
        let row = self.insert(&sql, (name, text, kind, self.time))?;
        self.tie_new(GLOBALS, row, tag)?;
        self.audit(GLOBALS.table, row, Modified::Create)?;
        Ok(1)
    }

    /// Ties a new object to its only server.
    fn tie_new(&mut self, table: Table, row: u64, tag: &ServerTag) -> Result<(), Error> {
        let Table { ties, tie_key, .. } = table;
        let server = self.server_id(tag)?;
        let sql =
            format!("INSERT INTO {ties} ({tie_key}, server_id, modification_ts) VALUES (?1, ?2, {})", now(3));
        self.execute(&sql, (signed(row)?, server, self.time))?;
        self.concerned.insert(tag.clone());
        Ok(())
    }

    fn delete_own(
        &mut self,
        table: Table,
        tag: &ServerTag,
        condition: &str,
        bind: Vec<Bind>,
    ) -> Result<u64, Error> {
        let rows = self.own_rows(table, tag, condition, bind)?;
        for row in &rows {
            self.execute(&format!("DELETE FROM {} WHERE {} = ?1", table.table, table.key), [signed(*row)?])?;
            self.audit(table.table, *row, Modified::Delete)?;
        }
        if !rows.is_empty() {
            self.concerned.insert(tag.clone());
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    fn delete_global(&mut self, tag: &ServerTag, name: &str) -> Result<u64, Error> {
        self.delete_own(GLOBALS, tag, "o.name = ?2", vec![Bind(Datum::Text(name.to_owned()))])
    }

    fn set_option_def(&mut self, tag: &ServerTag, map: &Map) -> Result<u64, Error> {
        let code = int_member(map, "code");
        let space = self.space_of(map);
        let bind = vec![Bind(Datum::Int(code)), Bind(Datum::Text(space))];
        let own =
            self.own_rows(OPTION_DEFS, tag, "o.class_id IS NULL AND o.code = ?2 AND o.space = ?3", bind)?;
        if let Some(row) = own.first() {
            self.execute("DELETE FROM dhcp4_option_def WHERE id = ?1", [signed(*row)?])?;
            self.insert_def(map, Some(*row), None)?;
            self.tie_new(OPTION_DEFS, *row, tag)?;
            self.audit(OPTION_DEFS.table, *row, Modified::Update)?;
            return Ok(1);
        }
        let row = self.insert_def(map, None, None)?;
        self.tie_new(OPTION_DEFS, row, tag)?;
        self.audit(OPTION_DEFS.table, row, Modified::Create)?;
        Ok(1)
    }

    fn space_of(&self, map: &Map) -> String {
        let space = text_member(map, "space");
        if !space.is_empty() {
            return space;
        }
        if self.family == Family::V4 { "dhcp4" } else { "dhcp6" }.to_owned()
    }

    fn insert_def(&self, map: &Map, row: Option<u64>, class: Option<u64>) -> Result<u64, Error> {
        const KEYWORDS: [&str; 8] =
            ["code", "name", "space", "type", "array", "encapsulate", "record-types", "user-context"];
        columns::check_storable(map, &[], &KEYWORDS)?;
        let kind = columns::data_type_number(&text_member(map, "type"))
            .ok_or_else(|| BackendError::BadValue { keyword: "type".into(), wanted: "a data type" })?;
        let array = map.get("array").and_then(Value::as_bool).unwrap_or(false);
        let record = columns::record_types_to_column(&text_member(map, "record-types"))?;
        let context = map.get("user-context").map(columns::json_text);
        let sql = format!(
            "INSERT INTO dhcp4_option_def (id, code, name, space, type, is_array, encapsulate, record_types, user_context, \
             class_id, modification_ts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, {})",
            now(11)
        );
        self.insert(
            &sql,
            (
                row.map(signed).transpose()?,
                int_member(map, "code"),
                text_member(map, "name"),
                self.space_of(map),
                kind,
                array,
                text_member(map, "encapsulate"),
                record,
                context,
                class.map(signed).transpose()?,
                self.time,
            ),
        )
    }

    fn delete_option_def(&mut self, tag: &ServerTag, space: &str, code: u16) -> Result<u64, Error> {
        let bind = vec![Bind(Datum::Int(code.into())), Bind(Datum::Text(space.to_owned()))];
        self.delete_own(OPTION_DEFS, tag, "o.class_id IS NULL AND o.code = ?2 AND o.space = ?3", bind)
    }

    // Options.

    fn set_option(&mut self, scope: &OptionScope, map: &Map) -> Result<u64, Error> {
        let owner = self.owner(scope)?.ok_or_else(|| missing(scope))?;
        let mut key = backend::option_key_of(map);
        key.space = self.space_of(map);
        let old = self.option_rows(scope, &owner, &key)?;
        for row in &old {
            self.execute("DELETE FROM dhcp4_options WHERE option_id = ?1", [signed(*row)?])?;
        }
        let row = self.insert_option(map, old.first().copied(), &owner)?;
        if let OptionScope::Global(tag) = scope {
            self.tie_new(OPTIONS, row, tag)?;
            self.audit(OPTIONS.table, row, if old.is_empty() { Modified::Create } else { Modified::Update })?;
        } else {
            self.audit_owner(&owner)?;
        }
        Ok(1)
    }

    fn delete_option(&mut self, scope: &OptionScope, key: &OptionKey) -> Result<u64, Error> {
        let Some(owner) = self.owner(scope)? else { return Ok(0) };
        let rows = self.option_rows(scope, &owner, key)?;
        for row in &rows {
            self.execute("DELETE FROM dhcp4_options WHERE option_id = ?1", [signed(*row)?])?;
            if matches!(scope, OptionScope::Global(_)) {
                self.audit(OPTIONS.table, *row, Modified::Delete)?;
            }
        }
        if let OptionScope::Global(tag) = scope {
            if !rows.is_empty() {
                self.concerned.insert(tag.clone());
            }
        } else if !rows.is_empty() {
            self.audit_owner(&owner)?;
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// The object that options of a scope belong to; `None` when it is not there.
    fn owner(&self, scope: &OptionScope) -> Result<Option<Owner>, Error> {
        Ok(match scope {
            OptionScope::Global(tag) => {
                self.server_id(tag)?;
                Some(Owner { scope: 0, ..Owner::default() })
            }
            OptionScope::Subnet(id) => self
                .find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_id = ?1", [id.0])?
                .map(|id| Owner { scope: 1, subnet: Some(id), ..Owner::default() }),
            OptionScope::Network(name) => self
                .find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", [name])?
                .map(|row| Owner { scope: 4, network: Some((row, name.clone())), ..Owner::default() }),
            OptionScope::Pool(_) => self.reader.pool_row(scope)?.map(|(pool, subnet)| Owner {
                scope: 5,
                pool: Some(pool),
                holder: Some(u64::from(subnet.0)),
                ..Owner::default()
            }),
            OptionScope::PdPool(_) => self.reader.pool_row(scope)?.map(|(pool, subnet)| Owner {
                scope: 6,
                pd_pool: Some(pool),
                holder: Some(u64::from(subnet.0)),
                ..Owner::default()
            }),
        })
    }

    /// Options of a network, subnet or pool are part of it.
    fn audit_owner(&mut self, owner: &Owner) -> Result<(), Error> {
        if let Some((row, _)) = &owner.network {
            self.concern(NETWORKS, *row)?;
            self.audit(NETWORKS.table, *row, Modified::Update)?;
        }
        if let Some(row) = owner.subnet.or(owner.holder) {
            self.concern(SUBNETS, row)?;
            self.audit(SUBNETS.table, row, Modified::Update)?;
        }
        Ok(())
    }

    /// Rows of the options of a key in a scope.
    fn option_rows(&self, scope: &OptionScope, owner: &Owner, key: &OptionKey) -> Result<Vec<u64>, Error> {
        let mut condition = "o.scope_id = ?2 AND o.code = ?3 AND o.space = ?4".to_owned();
        let mut bind = vec![
            Bind(Datum::Int(owner.scope)),
            Bind(Datum::Int(key.code.into())),
            Bind(Datum::Text(key.space.clone())),
        ];
        if let Some(classes) = &key.classes {
            bind.push(Bind(Datum::Text(classes_text(classes))));
            condition.push_str(" AND o.client_classes = ?5");
        }
        if let OptionScope::Global(tag) = scope {
            return self.own_rows(OPTIONS, tag, &condition, bind);
        }
        let (column, value) = owner.column()?;
        bind.insert(0, Bind(value));
        let sql = format!(
            "SELECT o.option_id FROM dhcp4_options o WHERE o.{column} = ?1 AND {condition} ORDER BY 1"
        );
        self.find_all(&sql, params_from_iter(bind))
    }

    fn insert_option(&self, map: &Map, row: Option<u64>, owner: &Owner) -> Result<u64, Error> {
        const KEYWORDS: [&str; 9] = [
            "code",
            "space",
            "name",
            "csv-format",
            "data",
            "always-send",
            "never-send",
            "client-classes",
            "user-context",
        ];
        columns::check_storable(map, &[], &KEYWORDS)?;
        let data = text_member(map, "data");
        let flag = |keyword| map.get(keyword).and_then(Value::as_bool).unwrap_or(false);
        let (formatted, octets) = if flag("csv-format") {
            (Some(data), None)
        } else {
            let octets = decode_hex(&data).map_err(|_| BackendError::BadValue {
                keyword: "data".into(),
                wanted: "a string of hexadecimal digits",
            })?;
            (None, Some(octets))
        };
        let classes = backend::option_key_of(map).classes.unwrap_or_default();
        let pd_pool = if self.family == Family::V6 { ", pd_pool_id" } else { "" };
        let pd_value = if self.family == Family::V6 { ", ?16" } else { "" };
        let sql = format!(
            "INSERT INTO dhcp4_options (option_id, code, value, formatted_value, space, persistent, cancelled, \
             client_classes, user_context, scope_id, dhcp_client_class, dhcp4_subnet_id, shared_network_name, pool_id, \
             modification_ts{pd_pool}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, {}{pd_value})",
            now(15)
        );
        let number =
            |n: Option<u64>| n.map(signed).transpose().map(|n| Bind(n.map_or(Datum::Null, Datum::Int)));
        let text = |t: Option<String>| Bind(t.map_or(Datum::Null, Datum::Text));
        let mut bind = vec![
            number(row)?,
            Bind(Datum::Int(int_member(map, "code"))),
            Bind(octets.map_or(Datum::Null, Datum::Bytes)),
            text(formatted),
            text(Some(self.space_of(map))),
            Bind(Datum::Int(flag("always-send").into())),
            Bind(Datum::Int(flag("never-send").into())),
            text(Some(classes_text(&classes))),
            text(map.get("user-context").map(columns::json_text)),
            Bind(Datum::Int(owner.scope)),
            text(owner.class.clone()),
            number(owner.subnet)?,
            text(owner.network.as_ref().map(|(_, name)| name.clone())),
            number(owner.pool)?,
            Bind(Datum::Int(self.time)),
        ];
        if self.family == Family::V6 {
            bind.push(number(owner.pd_pool)?);
        }
        self.insert(&sql, params_from_iter(bind))
    }

    fn insert_options(&self, map: &Map, owner: &Owner) -> Result<(), Error> {
        for option in maps(map, "option-data") {
            self.insert_option(option, None, owner)?;
        }
        Ok(())
    }

    // Classes.

    fn set_class(
        &mut self,
        tags: &[ServerTag],
        map: &Map,
        follow: Option<&str>,
        dependencies: &[String],
        depends_on_known: bool,
    ) -> Result<u64, Error> {
        let columns = columns::class(self.family);
        columns::check_storable(map, columns, &["name", "option-data", "option-def"])?;
        let name = text_member(map, "name");
        let existing = self.find("SELECT id FROM dhcp4_client_class WHERE name = ?1", [&name])?;
        let row = match existing {
            Some(row) => {
                self.update(
                    CLASSES,
                    row,
                    columns,
                    map,
                    &[("depend_on_known_directly", Datum::Int(depends_on_known.into()))],
                )?;
                self.execute("DELETE FROM dhcp4_options WHERE dhcp_client_class = ?1", [&name])?;
                self.execute("DELETE FROM dhcp4_option_def WHERE class_id = ?1", [signed(row)?])?;
                self.execute(
                    "DELETE FROM dhcp4_client_class_dependency WHERE class_id = ?1",
                    [signed(row)?],
                )?;
                row
            }
            None => self.insert_object(
                CLASSES,
                columns,
                map,
                &[
                    ("name", Datum::Text(name.clone())),
                    ("depend_on_known_directly", Datum::Int(depends_on_known.into())),
                ],
            )?,
        };
        let position = self.position(row, follow)?;
        let mut known = depends_on_known;
        for dependency in dependencies {
            let unmet = || BackendError::UnmetDependency(dependency.clone());
            let class = self
                .find("SELECT id FROM dhcp4_client_class WHERE name = ?1", [dependency])?
                .filter(|class| *class != row)
                .ok_or_else(unmet)?;
            let (index, its_known) = self.order(class)?.ok_or_else(unmet)?;
            if index >= position || !self.available(class, tags)? {
                return Err(unmet().into());
            }
            known |= its_known;
            self.execute(
                "INSERT OR IGNORE INTO dhcp4_client_class_dependency (class_id, dependency_id) VALUES (?1, ?2)",
                (signed(row)?, signed(class)?),
            )?;
        }
        self.execute(
            "UPDATE dhcp4_client_class_order SET depend_on_known_indirectly = ?1 WHERE class_id = ?2",
            (known, signed(row)?),
        )?;
        self.tie(CLASSES, row, tags)?;
        self.check_dependents(row, position, &name)?;
        for def in maps(map, "option-def") {
            self.insert_def(def, None, Some(row))?;
        }
        self.insert_options(map, &Owner { scope: 2, class: Some(name), ..Owner::default() })?;
        self.audit(CLASSES.table, row, if existing.is_some() { Modified::Update } else { Modified::Create })?;
        Ok(1)
    }

    /// Whether every server of `tags` gets a class.
    fn available(&self, class: u64, tags: &[ServerTag]) -> Result<bool, Error> {
        let ids = Ids::number(class)?;
        let has = self.reader.ties(CLASSES, &ids)?.remove(&class).unwrap_or_default();
        Ok(has.iter().any(ServerTag::is_all) || tags.iter().all(|tag| has.contains(tag)))
    }

    /// Classes that refer to one must still come after it, on servers that have it, and know whether it needs the
    /// host lookup.
    fn check_dependents(&mut self, row: u64, position: i64, name: &str) -> Result<(), Error> {
        let dependents = self.find_all(
            "SELECT class_id FROM dhcp4_client_class_dependency WHERE dependency_id = ?1",
            [signed(row)?],
        )?;
        for dependent in dependents {
            let ids = Ids::number(dependent)?;
            let tags = self.reader.ties(CLASSES, &ids)?.remove(&dependent).unwrap_or_default();
            let later = self.order(dependent)?.is_some_and(|(index, _)| index > position);
            if !later || !self.available(row, &tags)? {
                let dependent: String = self
                    .reader
                    .prepare("SELECT name FROM dhcp4_client_class WHERE id = ?1")?
                    .query_row([signed(dependent)?], |row| row.get(0))?;
                return Err(BackendError::ClassInUse { class: name.to_owned(), dependent }.into());
            }
        }
        // Classes are in order, so one walk carries the flag to all that depend on others.
        self.execute(
            "UPDATE dhcp4_client_class_order SET depend_on_known_indirectly = \
               (SELECT depend_on_known_directly FROM dhcp4_client_class c WHERE c.id = class_id) \
               OR EXISTS (WITH RECURSIVE up (id) AS ( \
                 SELECT dependency_id FROM dhcp4_client_class_dependency d WHERE d.class_id = dhcp4_client_class_order.class_id \
                 UNION SELECT d.dependency_id FROM dhcp4_client_class_dependency d JOIN up ON d.class_id = up.id) \
                 SELECT 1 FROM up JOIN dhcp4_client_class c ON c.id = up.id WHERE c.depend_on_known_directly)",
            [],
        )?;
        Ok(())
    }

    fn order(&self, class: u64) -> Result<Option<(i64, bool)>, Error> {
        Ok(self
            .reader
            .prepare("SELECT order_index, depend_on_known_indirectly FROM dhcp4_client_class_order WHERE class_id = ?1")?
            .query_row([signed(class)?], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Puts a class behind another, at the end when it is new, or leaves it where it is.
    fn position(&self, row: u64, follow: Option<&str>) -> Result<i64, Error> {
        let index = match follow {
            Some(follow) => {
                let before = self
                    .find("SELECT id FROM dhcp4_client_class WHERE name = ?1", [follow])?
                    .filter(|before| *before != row)
                    .ok_or_else(|| BackendError::Missing { what: "client class", key: follow.to_owned() })?;
                let index = self.order(before)?.map_or(0, |(index, _)| index).saturating_add(1);
                self.execute(
                    "UPDATE dhcp4_client_class_order SET order_index = order_index + 1 WHERE order_index >= ?1",
                    [index],
                )?;
                index
            }
            None => match self.order(row)? {
                Some((index, _)) => return Ok(index),
                None => self
                    .reader
                    .prepare("SELECT COALESCE(MAX(order_index), 0) + 1 FROM dhcp4_client_class_order")?
                    .query_row([], |row| row.get(0))?,
            },
        };
        self.execute(
            "INSERT INTO dhcp4_client_class_order (class_id, order_index) VALUES (?1, ?2) \
             ON CONFLICT (class_id) DO UPDATE SET order_index = excluded.order_index",
            (signed(row)?, index),
        )?;
        Ok(index)
    }

    fn delete_class(&mut self, name: &str) -> Result<u64, Error> {
        let Some(row) = self.find("SELECT id FROM dhcp4_client_class WHERE name = ?1", [name])? else {
            return Ok(0);
        };
        let dependent: Option<String> = self
            .reader
            .prepare(
                "SELECT c.name FROM dhcp4_client_class_dependency d JOIN dhcp4_client_class c ON c.id = d.class_id \
                 WHERE d.dependency_id = ?1 LIMIT 1",
            )?
            .query_row([signed(row)?], |row| row.get(0))
            .optional()?;
        if let Some(dependent) = dependent {
            return Err(BackendError::ClassInUse { class: name.to_owned(), dependent }.into());
        }
        self.concern(CLASSES, row)?;
        self.execute("DELETE FROM dhcp4_client_class WHERE id = ?1", [signed(row)?])?;
        self.audit(CLASSES.table, row, Modified::Delete)?;
        Ok(1)
    }

    // Networks.

    fn set_network(&mut self, tags: &[ServerTag], map: &Map) -> Result<u64, Error> {
        let columns = columns::network(self.family);
        columns::check_storable(map, columns, &["name", "option-data"])?;
        let name = text_member(map, "name");
        let existing = self.find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", [&name])?;
        let row = match existing {
            Some(row) => {
                self.update(NETWORKS, row, columns, map, &[])?;
                self.execute("DELETE FROM dhcp4_options WHERE shared_network_name = ?1", [&name])?;
                row
            }
            None => self.insert_object(NETWORKS, columns, map, &[("name", Datum::Text(name.clone()))])?,
        };
        self.tie(NETWORKS, row, tags)?;
        self.insert_options(map, &Owner { scope: 4, network: Some((row, name)), ..Owner::default() })?;
        self.audit(
            NETWORKS.table,
            row,
            if existing.is_some() { Modified::Update } else { Modified::Create },
        )?;
        Ok(1)
    }

    fn delete_network(&mut self, name: &str, subnets: NetworkSubnets) -> Result<u64, Error> {
        let Some(row) = self.find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", [name])? else {
            return Ok(0);
        };
        let members = self.find_all(
            "SELECT subnet_id FROM dhcp4_subnet WHERE shared_network_name = ?1 ORDER BY 1",
            [name],
        )?;
        for subnet in members {
            match subnets {
                NetworkSubnets::Delete => self.remove_subnet(subnet)?,
                NetworkSubnets::Keep => {
                    self.concern(SUBNETS, subnet)?;
                    let sql = format!(
                        "UPDATE dhcp4_subnet SET shared_network_name = NULL, modification_ts = {} WHERE subnet_id = ?2",
                        now(1)
                    );
                    self.execute(&sql, (self.time, signed(subnet)?))?;
                    self.audit(SUBNETS.table, subnet, Modified::Update)?;
                }
            }
        }
        self.concern(NETWORKS, row)?;
        self.execute("DELETE FROM dhcp4_shared_network WHERE id = ?1", [signed(row)?])?;
        self.audit(NETWORKS.table, row, Modified::Delete)?;
        Ok(1)
    }

    // Subnets.

    fn set_subnet(
        &mut self,
        tags: &[ServerTag],
        id: SubnetId,
        prefix: Prefix,
        network: Option<&str>,
        map: &Map,
    ) -> Result<u64, Error> {
        let columns = columns::subnet(self.family);
        columns::check_storable(map, columns, &["id", "subnet", "pools", "pd-pools", "option-data"])?;
        if let Some(name) = network
            && self.find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", [name])?.is_none()
        {
            return Err(BackendError::Missing { what: "shared network", key: name.to_owned() }.into());
        }
        let row = u64::from(id.0);
        let text = prefix.to_string();
        // The prefix under another number: that subnet is this one now.
        if let Some(other) =
            self.find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix = ?1", [&text])?
            && other != row
        {
            self.remove_subnet(other)?;
        }
        let fixed = [
            ("subnet_prefix", Datum::Text(text)),
            ("shared_network_name", network.map_or(Datum::Null, |name| Datum::Text(name.to_owned()))),
        ];
        let existing =
            self.find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_id = ?1", [id.0])?.is_some();
        if existing {
            self.update(SUBNETS, row, columns, map, &fixed)?;
            self.execute("DELETE FROM dhcp4_options WHERE dhcp4_subnet_id = ?1", [id.0])?;
            self.execute("DELETE FROM dhcp4_pool WHERE subnet_id = ?1", [id.0])?;
            if self.family == Family::V6 {
                self.execute("DELETE FROM dhcp4_pd_pool WHERE subnet_id = ?1", [id.0])?;
            }
        } else {
            let mut all = vec![("subnet_id", Datum::Int(id.0.into()))];
            all.extend(fixed);
            self.insert_object(SUBNETS, columns, map, &all)?;
        }
        let (first, last) = prefix.range();
        self.execute(
            "INSERT INTO dhcp4_subnet_range (subnet_id, first_address, last_address) VALUES (?1, ?2, ?3) \
             ON CONFLICT (subnet_id) DO UPDATE SET first_address = excluded.first_address, \
             last_address = excluded.last_address",
            (id.0, first, last),
        )?;
        self.tie(SUBNETS, row, tags)?;
        for pool in maps(map, "pools") {
            self.insert_pool(pool, row)?;
        }
        for pool in maps(map, "pd-pools") {
            self.insert_pd_pool(pool, row)?;
        }
        self.insert_options(map, &Owner { scope: 1, subnet: Some(row), ..Owner::default() })?;
        self.audit(SUBNETS.table, row, if existing { Modified::Update } else { Modified::Create })?;
        Ok(1)
    }

    fn insert_pool(&self, map: &Map, subnet: u64) -> Result<(), Error> {
        columns::check_storable(map, columns::POOL, &["pool", "option-data"])?;
        let range = PoolRange::parse(&text_member(map, "pool"))
            .filter(|range| is_of(range.first, self.family))
            .ok_or_else(|| BackendError::BadValue {
                keyword: "pool".into(),
                wanted: "a range of addresses",
            })?;
        let table = Table { table: "dhcp4_pool", key: "id", ties: "", tie_key: "", only: "1" };
        let pool = self.insert_object(
            table,
            columns::POOL,
            map,
            &[
                ("start_address", columns::address_to_column(range.first)),
                ("end_address", columns::address_to_column(range.last)),
                ("subnet_id", Datum::Int(signed(subnet)?)),
            ],
        )?;
        self.insert_options(map, &Owner { scope: 5, pool: Some(pool), ..Owner::default() })
    }

    fn insert_pd_pool(&self, map: &Map, subnet: u64) -> Result<(), Error> {
        const KEYWORDS: [&str; 6] = [
            "prefix",
            "prefix-len",
            "delegated-len",
            "excluded-prefix",
            "excluded-prefix-len",
            "option-data",
        ];
        columns::check_storable(map, columns::POOL, &KEYWORDS)?;
        let table = Table { table: "dhcp4_pd_pool", key: "id", ties: "", tie_key: "", only: "1" };
        let excluded = map.get("excluded-prefix").and_then(Value::as_str).map(str::to_owned);
        let pool = self.insert_object(
            table,
            columns::POOL,
            map,
            &[
                ("prefix", Datum::Text(text_member(map, "prefix"))),
                ("prefix_length", Datum::Int(int_member(map, "prefix-len"))),
                ("delegated_prefix_length", Datum::Int(int_member(map, "delegated-len"))),
                ("excluded_prefix", excluded.map_or(Datum::Null, Datum::Text)),
                ("excluded_prefix_length", Datum::Int(int_member(map, "excluded-prefix-len"))),
                ("subnet_id", Datum::Int(signed(subnet)?)),
            ],
        )?;
        self.insert_options(map, &Owner { scope: 6, pd_pool: Some(pool), ..Owner::default() })
    }

    fn remove_subnet(&mut self, subnet: u64) -> Result<(), Error> {
        self.concern(SUBNETS, subnet)?;
        self.execute("DELETE FROM dhcp4_subnet WHERE subnet_id = ?1", [signed(subnet)?])?;
        self.audit(SUBNETS.table, subnet, Modified::Delete)
    }

    fn delete_subnet(&mut self, key: SubnetKey) -> Result<u64, Error> {
        let found = match key {
            SubnetKey::Id(id) => {
                self.find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_id = ?1", [id.0])?
            }
            SubnetKey::Prefix(prefix) => self
                .find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix = ?1", [prefix.to_string()])?,
        };
        let Some(subnet) = found else { return Ok(0) };
        self.remove_subnet(subnet)?;
        Ok(1)
    }

    // Rows.

    fn insert_object(
        &self,
        table: Table,
        columns: &[Column],
        map: &Map,
        fixed: &[(&str, Datum)],
    ) -> Result<u64, Error> {
        let (mut names, mut bind) = (Vec::new(), Vec::new());
        for (name, datum) in fixed {
            names.push(format!("\"{name}\""));
            bind.push(Bind(datum.clone()));
        }
        for column in columns {
            names.push(format!("\"{}\"", column.column));
            bind.push(Bind(column.store(map)?));
        }
        bind.push(Bind(Datum::Int(self.time)));
        let marks: Vec<String> = (1..bind.len()).map(|n| format!("?{n}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}, modification_ts) VALUES ({}, {})",
            table.table,
            names.join(", "),
            marks.join(", "),
            now(bind.len())
        );
        self.insert(&sql, params_from_iter(bind))
    }

    fn update(
        &self,
        table: Table,
        row: u64,
        columns: &[Column],
        map: &Map,
        fixed: &[(&str, Datum)],
    ) -> Result<(), Error> {
        let (mut sets, mut bind) = (Vec::new(), Vec::new());
        for (name, datum) in fixed {
            bind.push(Bind(datum.clone()));
            sets.push(format!("\"{name}\" = ?{}", bind.len()));
        }
        for column in columns {
            bind.push(Bind(column.store(map)?));
            sets.push(format!("\"{}\" = ?{}", column.column, bind.len()));
        }
        bind.push(Bind(Datum::Int(self.time)));
        sets.push(format!("modification_ts = {}", now(bind.len())));
        bind.push(Bind(Datum::Int(signed(row)?)));
        let sql =
            format!("UPDATE {} SET {} WHERE {} = ?{}", table.table, sets.join(", "), table.key, bind.len());
        self.execute(&sql, params_from_iter(bind))?;
        Ok(())
    }
}

/// What options belong to.
#[derive(Clone, Debug, Default)]
struct Owner {
    /// Number of the scope.
    scope: i64,
    class: Option<String>,
    subnet: Option<u64>,
    network: Option<(u64, String)>,
    pool: Option<u64>,
    pd_pool: Option<u64>,
    /// The subnet that has the pool.
    holder: Option<u64>,
}

impl Owner {
    fn column(&self) -> Result<(&'static str, Datum), Error> {
        let number = |n: u64| signed(n).map(Datum::Int);
        Ok(match self {
            Self { subnet: Some(n), .. } => ("dhcp4_subnet_id", number(*n)?),
            Self { network: Some((_, name)), .. } => ("shared_network_name", Datum::Text(name.clone())),
            Self { pool: Some(n), .. } => ("pool_id", number(*n)?),
            Self { pd_pool: Some(n), .. } => ("pd_pool_id", number(*n)?),
            _ => ("dhcp_client_class", Datum::Text(self.class.clone().unwrap_or_default())),
        })
    }
}

/// `client_classes` of an option; equal lists give equal texts.
fn classes_text(classes: &[String]) -> String {
    columns::json_text(&Value::from(classes.iter().map(|c| Value::from(c.as_str())).collect::<Vec<_>>()))
}

fn missing(scope: &OptionScope) -> BackendError {
    match scope {
        OptionScope::Global(tag) => BackendError::UnknownServer(tag.clone()),
        OptionScope::Network(name) => BackendError::Missing { what: "shared network", key: name.clone() },
        OptionScope::Subnet(id) => BackendError::Missing { what: "subnet", key: id.to_string() },
        OptionScope::Pool(range) => BackendError::Missing { what: "pool", key: range.to_string() },
        OptionScope::PdPool(key) => BackendError::Missing { what: "pd-pool", key: key.prefix.to_string() },
    }
}
