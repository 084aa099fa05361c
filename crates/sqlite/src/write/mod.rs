//! Writing: each list of changes is one transaction with one audit revision.

mod classes;
mod history;
mod options;
mod subnets;

use std::collections::{BTreeMap, BTreeSet};

use backend::columns::{self, Column, Datum};
use backend::{BackendError, Change, Note, Preview, Server, ServerSelector, int_member, text_member};
use base::{Family, ServerTag};
use json::{Map, Value};
use rusqlite::{Connection, OptionalExtension, Params, TransactionBehavior, params_from_iter};

use crate::read::{CLASSES, GLOBALS, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS, Table};
use crate::rows::{Bind, Error, signed, unsigned};
use crate::schema::of_family;

/// Applies changes; the number of objects set or deleted by each. `old` is a connection of its own: it still sees
/// what the transaction replaces. `keep` revisions stay.
pub(crate) fn apply(
    connection: &mut Connection,
    old: &Connection,
    family: Family,
    changes: Vec<Change>,
    note: &Note,
    keep: u64,
) -> Result<Vec<u64>, Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut writer = Writer::new(&transaction, family, note);
    let counts = writer.changes(changes)?;
    if counts.iter().all(|count| *count == 0) {
        return Ok(counts);
    }
    writer.close_revision()?;
    writer.keep_history(&Reader { connection: old, family })?;
    writer.prune(keep)?;
    drop(writer);
    transaction.commit()?;
    Ok(counts)
}

/// Applies changes, looks, and takes them back.
pub(crate) fn preview(
    connection: &mut Connection,
    old: &Connection,
    family: Family,
    changes: Vec<Change>,
    server: Option<&ServerTag>,
) -> Result<Preview, Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let note = Note { time: base::Timestamp(0), message: String::new() };
    let mut writer = Writer::new(&transaction, family, &note);
    let counts = writer.changes(changes)?;
    let old = Reader { connection: old, family };
    let objects = writer.differences(&old)?;
    let server = match server {
        Some(tag) => {
            let selector = ServerSelector::of(std::slice::from_ref(tag));
            Some((old.everything(&selector)?, writer.reader.everything(&selector)?))
        }
        None => None,
    };
    drop(writer);
    transaction.rollback()?;
    Ok(Preview { counts, objects, server })
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
    /// Rows that the revision names, by table.
    touched: BTreeMap<&'static str, BTreeSet<u64>>,
}

/// `modification_ts` of a statement whose parameter of that number is the time.
fn now(parameter: usize) -> String {
    format!("datetime(?{parameter}, 'unixepoch')")
}

impl<'a> Writer<'a> {
    fn new(connection: &'a Connection, family: Family, note: &'a Note) -> Self {
        Self {
            reader: Reader { connection, family },
            family,
            time: i64::try_from(note.time.0).unwrap_or(i64::MAX),
            revision: None,
            message: &note.message,
            concerned: BTreeSet::new(),
            touched: BTreeMap::new(),
        }
    }
}

impl Writer<'_> {
    fn changes(&mut self, changes: Vec<Change>) -> Result<Vec<u64>, Error> {
        let mut counts = Vec::with_capacity(changes.len());
        for change in changes {
            counts.push(self.change(change)?);
        }
        Ok(counts)
    }

    pub(super) fn execute<P: Params>(&self, sql: &str, params: P) -> Result<u64, Error> {
        let count = self.reader.prepare(sql)?.execute(params)?;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    pub(super) fn insert<P: Params>(&self, sql: &str, params: P) -> Result<u64, Error> {
        let id = self.reader.prepare(sql)?.insert(params)?;
        Ok(u64::try_from(id).unwrap_or_default())
    }

    /// The first column of the first row.
    pub(super) fn find<P: Params>(&self, sql: &str, params: P) -> Result<Option<u64>, Error> {
        Ok(self.reader.prepare(sql)?.query_row(params, |row| unsigned(row, 0)).optional()?)
    }

    pub(super) fn find_all<P: Params>(&self, sql: &str, params: P) -> Result<Vec<u64>, Error> {
        let mut statement = self.reader.prepare(sql)?;
        let rows = statement.query_map(params, |row| unsigned(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn change(&mut self, change: Change) -> Result<u64, Error> {
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
            Change::Restore { revision, newest } => self.restore(revision, newest),
        }
    }

    // Audit.

    pub(super) fn revision(&mut self) -> Result<i64, Error> {
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

    pub(super) fn audit(&mut self, table: &'static str, row: u64, modified: Modified) -> Result<(), Error> {
        let revision = self.revision()?;
        self.touched.entry(table).or_default().insert(row);
        let object_type = of_family(table, self.family);
        self.insert(
            "INSERT INTO dhcp4_audit (object_type, object_id, modification_type, revision_id) VALUES (?1, ?2, ?3, ?4)",
            (object_type, signed(row)?, modified as i64, revision),
        )?;
        Ok(())
    }

    /// A revision that concerns one server alone says so, others say `all`: a server that loses an object has to
    /// hear of it as well as the one that gets it.
    pub(super) fn close_revision(&mut self) -> Result<(), Error> {
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

    pub(super) fn server_id(&self, tag: &ServerTag) -> Result<i64, Error> {
        let found = self.find("SELECT id FROM dhcp4_server WHERE tag = ?1", [tag.as_str()])?;
        signed(found.ok_or_else(|| BackendError::UnknownServer(tag.clone()))?)
    }

    /// Notes who has an object now; an object of nobody concerns nobody.
    pub(super) fn concern(&mut self, table: Table, row: u64) -> Result<(), Error> {
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
    pub(super) fn tie(&mut self, table: Table, row: u64, tags: &[ServerTag]) -> Result<(), Error> {
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

    pub(super) fn set_server(&mut self, server: &Server) -> Result<u64, Error> {
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

    pub(super) fn delete_server(&mut self, tag: &ServerTag) -> Result<u64, Error> {
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
    pub(super) fn own_rows(
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

    pub(super) fn set_global(&mut self, tag: &ServerTag, name: &str, value: &Value) -> Result<u64, Error> {
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
    pub(super) fn tie_new(&mut self, table: Table, row: u64, tag: &ServerTag) -> Result<(), Error> {
        let Table { ties, tie_key, .. } = table;
        let server = self.server_id(tag)?;
        let sql =
            format!("INSERT INTO {ties} ({tie_key}, server_id, modification_ts) VALUES (?1, ?2, {})", now(3));
        self.execute(&sql, (signed(row)?, server, self.time))?;
        self.concerned.insert(tag.clone());
        Ok(())
    }

    pub(super) fn delete_own(
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

    pub(super) fn delete_global(&mut self, tag: &ServerTag, name: &str) -> Result<u64, Error> {
        self.delete_own(GLOBALS, tag, "o.name = ?2", vec![Bind(Datum::Text(name.to_owned()))])
    }

    pub(super) fn set_option_def(&mut self, tag: &ServerTag, map: &Map) -> Result<u64, Error> {
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

    pub(super) fn space_of(&self, map: &Map) -> String {
        let space = text_member(map, "space");
        if !space.is_empty() {
            return space;
        }
        if self.family == Family::V4 { "dhcp4" } else { "dhcp6" }.to_owned()
    }

    pub(super) fn insert_def(&self, map: &Map, row: Option<u64>, class: Option<u64>) -> Result<u64, Error> {
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

    pub(super) fn delete_option_def(
        &mut self,
        tag: &ServerTag,
        space: &str,
        code: u16,
    ) -> Result<u64, Error> {
        let bind = vec![Bind(Datum::Int(code.into())), Bind(Datum::Text(space.to_owned()))];
        self.delete_own(OPTION_DEFS, tag, "o.class_id IS NULL AND o.code = ?2 AND o.space = ?3", bind)
    }

    // Rows.

    pub(super) fn insert_object(
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

    pub(super) fn update(
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
