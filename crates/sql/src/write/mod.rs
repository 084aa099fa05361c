//! Writing: each list of changes is one transaction with one audit revision.
//!
//! Kea's triggers write audit rows too. Connections tell them not to (as `kea-admin` does when it upgrades), since ours
//! name the same objects, once each, and go together with what the history keeps.

mod classes;
mod history;
mod hosts;
mod options;
mod subnets;

use std::collections::{BTreeMap, BTreeSet};

use backend::columns::{self, Column, Datum};
use backend::{BackendError, Change, Note, Preview, Server, ServerSelector, int_member, text_member};
use base::{Family, ServerTag};
use json::{Map, Value};

pub(crate) use hosts::{add as add_host, del as del_hosts, update as update_host};

use crate::ids::marks;
use crate::link::{Dialect, Mode, number, of_family, text};
use crate::read::{CLASSES, GLOBALS, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS, Table};
use crate::{Error, Layout, Link};

/// Applies changes; the number of objects set or deleted by each. `old` is a connection of its own: it still sees
/// what the transaction replaces. `keep` revisions stay.
pub(crate) fn apply(
    reader: Reader<'_>,
    old: Option<&dyn Link>,
    changes: &[Change],
    note: &Note,
    keep: u64,
) -> Result<Vec<u64>, Error> {
    transaction(reader.link, Mode::Write, || {
        let mut writer = Writer::new(reader, note)?;
        let counts = writer.changes(changes)?;
        if counts.iter().all(|count| *count == 0) {
            return Ok((false, counts));
        }
        writer.close_revision()?;
        if let Some(link) = old {
            writer.keep_history(&Reader { link, ..reader })?;
        }
        writer.prune(keep)?;
        reader.link.announce(reader.family)?;
        Ok((true, counts))
    })
}

/// Applies changes, looks, and takes them back.
pub(crate) fn preview(
    reader: Reader<'_>,
    old: Option<&dyn Link>,
    changes: &[Change],
    server: Option<&ServerTag>,
) -> Result<Preview, Error> {
    // MySQL knows no moment 0.
    let note = Note { time: base::Timestamp(1), message: String::new() };
    transaction(reader.link, Mode::Write, || {
        let mut writer = Writer::new(reader, &note)?;
        let counts = writer.changes(changes)?;
        let old = Reader { link: old.unwrap_or(reader.link), ..reader };
        let objects = writer.differences(&old)?;
        let server = match server {
            Some(tag) => {
                let selector = ServerSelector::of(std::slice::from_ref(tag));
                Some((old.everything(&selector)?, reader.everything(&selector)?))
            }
            None => None,
        };
        Ok((false, Preview { counts, objects, server }))
    })
}

/// Runs `work` in a transaction, which is committed when `work` says so.
pub(crate) fn transaction<T>(
    link: &dyn Link,
    mode: Mode,
    work: impl FnOnce() -> Result<(bool, T), Error>,
) -> Result<T, Error> {
    link.begin(mode)?;
    match work() {
        Ok((true, value)) => match link.commit() {
            Ok(()) => Ok(value),
            Err(error) => Err(given_up(link, error)),
        },
        Ok((false, value)) => link.rollback().map(|()| value),
        Err(error) => Err(given_up(link, error)),
    }
}

/// Ends a transaction that failed, unless its connection is gone: then nobody would answer, for as long as may be.
fn given_up(link: &dyn Link, error: Error) -> Error {
    if !matches!(error, Error::Lost(_) | Error::Uncertain(_)) {
        let _ = link.rollback();
    }
    error
}

#[derive(Clone, Copy)]
enum Modified {
    Create = 0,
    Update = 1,
    Delete = 2,
}

impl Modified {
    /// What setting an object does to it.
    fn of<T>(existing: Option<T>) -> Self {
        if existing.is_some() { Self::Update } else { Self::Create }
    }
}

struct Writer<'a> {
    reader: Reader<'a>,
    family: Family,
    layout: &'a Layout,
    /// Seconds since the epoch; 0: the database's own time.
    time: Datum,
    revision: Option<u64>,
    message: &'a str,
    /// Tags of all objects touched, before and after.
    concerned: BTreeSet<ServerTag>,
    /// Rows that the revision names, by table.
    touched: BTreeMap<&'static str, BTreeSet<u64>>,
}

impl<'a> Writer<'a> {
    fn new(reader: Reader<'a>, note: &'a Note) -> Result<Self, Error> {
        // One writer after the other: revisions become visible in the order of their numbers.
        if reader.dialect() != Dialect::Sqlite {
            reader.find("SELECT id FROM dhcp4_server WHERE id = 1 FOR UPDATE", &[])?;
        }
        Ok(Self {
            reader,
            family: reader.family,
            layout: reader.layout,
            time: Datum::Int(i64::try_from(note.time.0).unwrap_or(i64::MAX)),
            revision: None,
            message: &note.message,
            concerned: BTreeSet::new(),
            touched: BTreeMap::new(),
        })
    }
}

impl Writer<'_> {
    fn changes(&mut self, changes: &[Change]) -> Result<Vec<u64>, Error> {
        let mut counts = Vec::with_capacity(changes.len());
        for change in changes {
            counts.push(self.change(change)?);
        }
        Ok(counts)
    }

    fn execute(&self, sql: &str, bind: &[Datum]) -> Result<u64, Error> {
        self.reader.link.execute(&of_family(sql, self.family), bind)
    }

    fn send(&self, sql: &str, bind: &[Datum]) -> Result<(), Error> {
        self.reader.link.send(&of_family(sql, self.family), bind)
    }

    /// Inserts a row; its number.
    fn insert(&self, sql: &str, bind: &[Datum], key: &str) -> Result<u64, Error> {
        self.reader.link.insert(&of_family(sql, self.family), bind, key)
    }

    fn find(&self, sql: &str, bind: &[Datum]) -> Result<Option<u64>, Error> {
        self.reader.find(sql, bind)
    }

    /// `modification_ts` of a statement whose parameter of that number is the time.
    fn now(&self, parameter: usize) -> String {
        self.reader.dialect().moment(parameter)
    }

    fn change(&mut self, change: &Change) -> Result<u64, Error> {
        match change {
            Change::SetServer(server) => self.set_server(server),
            Change::DeleteServer(tag) => self.delete_server(tag),
            Change::SetGlobal { tag, name, value } => self.set_global(tag, name, value),
            Change::DeleteGlobal { tag, name } => self.delete_global(tag, name),
            Change::SetOptionDef { tag, map } => self.set_option_def(tag, map),
            Change::DeleteOptionDef { tag, space, code } => self.delete_option_def(tag, space, *code),
            Change::SetOption { scope, map } => self.set_option(scope, map),
            Change::DeleteOption { scope, key } => self.delete_option(scope, key),
            Change::SetClass { tags, map, follow, dependencies, depends_on_known } => {
                self.set_class(tags, map, follow.as_deref(), dependencies, *depends_on_known)
            }
            Change::DeleteClass { name } => self.delete_class(name),
            Change::SetNetwork { tags, map } => self.set_network(tags, map),
            Change::DeleteNetwork { name, subnets } => self.delete_network(name, *subnets),
            Change::SetSubnet { tags, id, prefix, shared_network, map } => {
                self.set_subnet(tags, *id, *prefix, shared_network.as_deref(), map)
            }
            Change::DeleteSubnet(key) => self.delete_subnet(*key),
            Change::Restore { revision, newest } => self.restore(*revision, *newest),
        }
    }

    // Audit.

    fn revision(&mut self) -> Result<u64, Error> {
        if let Some(revision) = self.revision {
            return Ok(revision);
        }
        let sql = format!(
            "INSERT INTO dhcp4_audit_revision (modification_ts, log_message, server_id) VALUES ({}, ?2, 1)",
            self.now(1)
        );
        let revision = self.insert(&sql, &[self.time.clone(), text(self.message)], "id")?;
        self.revision = Some(revision);
        Ok(revision)
    }

    fn audit(&mut self, table: &'static str, row: u64, modified: Modified) -> Result<(), Error> {
        let revision = number(self.revision()?)?;
        self.touched.entry(table).or_default().insert(row);
        let object_type = text(of_family(table, self.family));
        self.send(
            "INSERT INTO dhcp4_audit (object_type, object_id, modification_type, revision_id) VALUES (?1, ?2, ?3, ?4)",
            &[object_type, number(row)?, Datum::Int(modified as i64), revision],
        )
    }

    /// A revision that concerns one server alone says so, others say `all`: a server that loses an object has to
    /// hear of it as well as the one that gets it.
    fn close_revision(&mut self) -> Result<(), Error> {
        let (Some(revision), Some(only)) = (self.revision, self.concerned.first()) else { return Ok(()) };
        if self.concerned.len() == 1 && !only.is_all() {
            // Of a server that is gone, it stays one of all.
            self.send(
                "UPDATE dhcp4_audit_revision SET server_id = COALESCE((SELECT id FROM dhcp4_server WHERE tag = ?1), 1) \
                 WHERE id = ?2",
                &[text(only.as_str()), number(revision)?],
            )?;
        }
        Ok(())
    }

    // Servers and ties.

    fn server_row(&self, tag: &ServerTag) -> Result<Option<u64>, Error> {
        if tag.is_all() {
            return Ok(Some(1));
        }
        self.find("SELECT id FROM dhcp4_server WHERE tag = ?1", &[text(tag.as_str())])
    }

    fn server_id(&self, tag: &ServerTag) -> Result<Datum, Error> {
        number(self.server_row(tag)?.ok_or_else(|| BackendError::UnknownServer(tag.clone()))?)
    }

    /// Notes who has an object now; an object of nobody concerns nobody.
    fn concern(&mut self, table: Table, row: u64) -> Result<(), Error> {
        let Table { ties, tie_key, .. } = table;
        let sql = format!(
            "SELECT s.tag FROM {ties} t JOIN dhcp4_server s ON s.id = t.server_id WHERE t.{tie_key} = ?1"
        );
        let mut tags = Vec::new();
        self.reader.each(&sql, &[number(row)?], |row| {
            tags.extend(ServerTag::new(row.text(0)?).ok());
            Ok(())
        })?;
        self.concerned.extend(tags);
        Ok(())
    }

    /// Ties an object, which was there before or not, to exactly these servers.
    fn tie(&mut self, table: Table, row: u64, tags: &[ServerTag], existed: bool) -> Result<(), Error> {
        let Table { ties, tie_key, .. } = table;
        if existed {
            self.concern(table, row)?;
            self.send(&format!("DELETE FROM {ties} WHERE {tie_key} = ?1"), &[number(row)?])?;
        }
        for tag in tags.iter().collect::<BTreeSet<_>>() {
            self.tie_new(table, row, tag)?;
        }
        Ok(())
    }

    /// Ties an object to a server that does not have it.
    fn tie_new(&mut self, table: Table, row: u64, tag: &ServerTag) -> Result<(), Error> {
        let Table { ties, tie_key, .. } = table;
        let server = self.server_id(tag)?;
        let sql = format!(
            "INSERT INTO {ties} ({tie_key}, server_id, modification_ts) VALUES (?1, ?2, {})",
            self.now(3)
        );
        self.send(&sql, &[number(row)?, server, self.time.clone()])?;
        self.concerned.insert(tag.clone());
        Ok(())
    }

    fn set_server(&mut self, server: &Server) -> Result<u64, Error> {
        let tag = text(server.tag.as_str());
        let description = text(&server.description);
        let existing = self.server_row(&server.tag)?;
        let row = match existing {
            Some(row) => {
                let sql = format!(
                    "UPDATE dhcp4_server SET description = ?1, modification_ts = {} WHERE id = ?3",
                    self.now(2)
                );
                self.send(&sql, &[description, self.time.clone(), number(row)?])?;
                row
            }
            None => {
                let sql = format!(
                    "INSERT INTO dhcp4_server (tag, description, modification_ts) VALUES (?1, ?2, {})",
                    self.now(3)
                );
                self.insert(&sql, &[tag, description, self.time.clone()], "id")?
            }
        };
        self.concerned.insert(server.tag.clone());
        self.audit("dhcp4_server", row, Modified::of(existing))?;
        Ok(1)
    }

    fn delete_server(&mut self, tag: &ServerTag) -> Result<u64, Error> {
        let Some(server) = self.server_row(tag)?.filter(|_| !tag.is_all()) else { return Ok(0) };
        self.concerned.insert(ServerTag::all());
        let server_row = [number(server)?];
        let tied = |writer: &Self, table: Table| {
            let Table { ties, tie_key, .. } = table;
            let sql = format!("SELECT {tie_key} FROM {ties} WHERE server_id = ?1");
            writer.reader.find_all(&sql, &server_row)
        };
        // What only this server can have goes with it.
        for table in [GLOBALS, OPTION_DEFS, OPTIONS] {
            for row in tied(self, table)? {
                self.send(&format!("DELETE FROM {} WHERE {} = ?1", table.table, table.key), &[number(row)?])?;
                self.audit(table.table, row, Modified::Delete)?;
            }
        }
        // What can be shared stays, perhaps tied to nobody.
        for table in [CLASSES, NETWORKS, SUBNETS] {
            for row in tied(self, table)? {
                self.audit(table.table, row, Modified::Update)?;
            }
            self.send(&format!("DELETE FROM {} WHERE server_id = ?1", table.ties), &server_row)?;
        }
        self.send("DELETE FROM dhcp4_server WHERE id = ?1", &server_row)?;
        self.audit("dhcp4_server", server, Modified::Delete)?;
        Ok(1)
    }

    // Objects of one server.

    /// The row of an object that one server has; `condition` picks among its objects, with parameters from `?2` on.
    fn own_rows(
        &self,
        table: Table,
        tag: &ServerTag,
        condition: &str,
        bind: Vec<Datum>,
    ) -> Result<Vec<u64>, Error> {
        let Table { table: name, key, ties, tie_key, .. } = table;
        let Some(server) = self.server_row(tag)? else { return Ok(vec![]) };
        let mut all = vec![number(server)?];
        all.extend(bind);
        let sql = format!(
            "SELECT o.{key} FROM {name} o JOIN {ties} t ON t.{tie_key} = o.{key} WHERE t.server_id = ?1 AND {condition}"
        );
        self.reader.find_all(&sql, &all)
    }

    fn set_global(&mut self, tag: &ServerTag, name: &str, value: &Value) -> Result<u64, Error> {
        let (value, kind) = columns::global_to_columns(name, value)?;
        let (value, kind) = (text(value), Datum::Int(kind));
        let own = self.own_rows(GLOBALS, tag, "o.name = ?2", vec![text(name)])?;
        if let Some(row) = own.first() {
            let sql = format!(
                "UPDATE dhcp4_global_parameter SET value = ?1, parameter_type = ?2, modification_ts = {} WHERE id = ?4",
                self.now(3)
            );
            self.send(&sql, &[value, kind, self.time.clone(), number(*row)?])?;
            self.concerned.insert(tag.clone());
            self.audit(GLOBALS.table, *row, Modified::Update)?;
            return Ok(1);
        }
        let sql = format!(
            "INSERT INTO dhcp4_global_parameter (name, value, parameter_type, modification_ts) VALUES (?1, ?2, ?3, {})",
            self.now(4)
        );
        let row = self.insert(&sql, &[text(name), value, kind, self.time.clone()], GLOBALS.key)?;
        self.tie_new(GLOBALS, row, tag)?;
        self.audit(GLOBALS.table, row, Modified::Create)?;
        Ok(1)
    }

    fn delete_own(
        &mut self,
        table: Table,
        tag: &ServerTag,
        condition: &str,
        bind: Vec<Datum>,
    ) -> Result<u64, Error> {
        let rows = self.own_rows(table, tag, condition, bind)?;
        for row in &rows {
            self.send(&format!("DELETE FROM {} WHERE {} = ?1", table.table, table.key), &[number(*row)?])?;
            self.audit(table.table, *row, Modified::Delete)?;
        }
        if !rows.is_empty() {
            self.concerned.insert(tag.clone());
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    fn delete_global(&mut self, tag: &ServerTag, name: &str) -> Result<u64, Error> {
        self.delete_own(GLOBALS, tag, "o.name = ?2", vec![text(name)])
    }

    fn set_option_def(&mut self, tag: &ServerTag, map: &Map) -> Result<u64, Error> {
        let bind = vec![Datum::Int(int_member(map, "code")), text(self.space_of(map))];
        let own =
            self.own_rows(OPTION_DEFS, tag, "o.class_id IS NULL AND o.code = ?2 AND o.space = ?3", bind)?;
        let own = own.first().copied();
        if let Some(row) = own {
            self.send("DELETE FROM dhcp4_option_def WHERE id = ?1", &[number(row)?])?;
        }
        let row = self.insert_def(map, own, None)?;
        self.tie_new(OPTION_DEFS, row, tag)?;
        self.audit(OPTION_DEFS.table, row, Modified::of(own))?;
        Ok(1)
    }

    fn space_of(&self, map: &Map) -> String {
        let space = text_member(map, "space");
        if space.is_empty() { self.reader.top_space().to_owned() } else { space }
    }

    /// Inserts a definition, under the number of the one that it replaces.
    fn insert_def(&self, map: &Map, row: Option<u64>, class: Option<u64>) -> Result<u64, Error> {
        const KEYWORDS: [&str; 8] =
            ["code", "name", "space", "type", "array", "encapsulate", "record-types", "user-context"];
        columns::check_storable(map, &[], &KEYWORDS)?;
        let kind = columns::data_type_number(&text_member(map, "type"))
            .ok_or_else(|| BackendError::BadValue { keyword: "type".into(), wanted: "a data type" })?;
        let array = map.get("array").and_then(Value::as_bool).unwrap_or(false);
        let record = columns::record_types_to_column(&text_member(map, "record-types"))?;
        let context = map.get("user-context").map(columns::json_text);
        let values = [
            ("code", Datum::Int(int_member(map, "code"))),
            ("name", text(text_member(map, "name"))),
            ("space", text(self.space_of(map))),
            ("type", Datum::Int(kind)),
            ("is_array", Datum::Int(array.into())),
            ("encapsulate", text(text_member(map, "encapsulate"))),
            ("record_types", record.map_or(Datum::Null, Datum::Text)),
            ("user_context", context.map_or(Datum::Null, Datum::Text)),
            ("class_id", class.map_or(Ok(Datum::Null), number)?),
        ];
        self.insert_row(OPTION_DEFS.table, OPTION_DEFS.key, row, values.into())
    }

    fn delete_option_def(&mut self, tag: &ServerTag, space: &str, code: u16) -> Result<u64, Error> {
        let bind = vec![Datum::Int(code.into()), text(space)];
        self.delete_own(OPTION_DEFS, tag, "o.class_id IS NULL AND o.code = ?2 AND o.space = ?3", bind)
    }

    // Rows.

    /// Inserts a row with the time of the change; its number, which is `row` if that is given.
    fn insert_row<'v>(
        &self,
        table: &str,
        key: &'v str,
        row: Option<u64>,
        mut values: Vec<(&'v str, Datum)>,
    ) -> Result<u64, Error> {
        if let Some(row) = row {
            values.push((key, number(row)?));
        }
        let names: Vec<String> = values.iter().map(|(name, _)| self.reader.dialect().quoted(name)).collect();
        let mut bind: Vec<Datum> = values.into_iter().map(|(_, datum)| datum).collect();
        let places = marks(1, bind.len());
        let now = if self.time == Datum::Int(0) {
            "CURRENT_TIMESTAMP".to_owned()
        } else {
            bind.push(self.time.clone());
            self.now(bind.len())
        };
        let sql =
            format!("INSERT INTO {table} ({}, modification_ts) VALUES ({places}, {now})", names.join(", "));
        match row {
            Some(row) => self.send(&sql, &bind).map(|()| row),
            None => self.insert(&sql, &bind, key),
        }
    }

    /// Inserts an object; `fixed` are columns beside those of keywords.
    fn insert_object(
        &self,
        table: &str,
        key: &'static str,
        row: Option<u64>,
        columns: &[Column],
        map: &Map,
        fixed: &[(&str, Datum)],
    ) -> Result<u64, Error> {
        let mut values: Vec<(&str, Datum)> = fixed.to_vec();
        for column in columns {
            // What is not set has the column's default.
            if map.contains_key(column.keyword) || column.absent.is_some() {
                values.push((column.column, column.store(map)?));
            }
        }
        self.insert_row(table, key, row, values)
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
        let quoted = |name: &str| self.reader.dialect().quoted(name);
        for (name, datum) in fixed {
            bind.push(datum.clone());
            sets.push(format!("{} = ?{}", quoted(name), bind.len()));
        }
        for column in columns {
            bind.push(column.store(map)?);
            sets.push(format!("{} = ?{}", quoted(column.column), bind.len()));
        }
        bind.push(self.time.clone());
        sets.push(format!("modification_ts = {}", self.now(bind.len())));
        bind.push(number(row)?);
        let sql =
            format!("UPDATE {} SET {} WHERE {} = ?{}", table.table, sets.join(", "), table.key, bind.len());
        self.send(&sql, &bind)
    }
}
