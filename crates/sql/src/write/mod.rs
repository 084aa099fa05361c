//! Writing: each list of changes is one transaction with one audit revision.
//!
//! Kea's triggers write audit rows too. Connections tell them not to (as `kea-admin` does when it upgrades), since ours
//! name the same objects, once each, and go together with what the history keeps.

mod classes;
mod history;
mod hosts;
mod options;
mod subnets;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backend::columns::{self, Column, Datum};
use backend::{
    BackendError, Change, Cursor, Misfit, Note, Prefix, Preview, Server, ServerSelector, int_member,
    text_member,
};
use base::{Family, ServerTag};
use json::{Map, Value};

pub(crate) use hosts::{add as add_host, del as del_hosts, update as update_host};

use crate::ids::marks;
use crate::link::{Dialect, Mode, number, of_family, text};
use crate::read::{CLASSES, GLOBALS, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS, Table};
use crate::{Error, Layout, Link, room};

/// What [`apply`] did.
pub(crate) struct Applied {
    /// Objects set or deleted by each change.
    pub(crate) counts: Vec<u64>,
    /// The audit before and after; `None` when nothing was to do.
    pub(crate) step: Option<Step>,
}

/// From one revision to the next, with nothing between them.
pub(crate) struct Step {
    pub(crate) before: Cursor,
    pub(crate) after: Cursor,
    /// Tables of what was touched.
    pub(crate) tables: BTreeSet<&'static str>,
    /// Prefixes that subnets have now; `None`: the subnet is gone.
    pub(crate) subnets: Vec<(u64, Option<Prefix>)>,
}

/// Applies changes. `old` is a connection of its own: it still sees what the transaction replaces. `keep` revisions
/// stay. Where `checked` is not the newest revision any more, nothing is done.
pub(crate) fn apply(
    reader: Reader<'_>,
    old: Option<&dyn Link>,
    changes: &[Change],
    note: &Note,
    keep: u64,
    checked: Option<&Cursor>,
) -> Result<Applied, Error> {
    transaction(reader.link, Mode::Write, || {
        let mut writer = Writer::new(reader, note)?;
        let before = reader.newest()?;
        if checked.is_some_and(|checked| *checked != before) {
            return Err(BackendError::Overtaken(before.revision).into());
        }
        let counts = writer.changes(changes)?;
        if counts.iter().all(|count| *count == 0) {
            return Ok((false, Applied { counts, step: None }));
        }
        let step = writer.close_revision()?.map(|revision| {
            let recent = std::iter::once(revision).chain(before.recent.iter().copied());
            let recent = recent.take(Cursor::WINDOW).collect();
            Step {
                before,
                after: Cursor { revision, time: note.time, recent },
                tables: writer.touched.keys().copied().collect(),
                subnets: std::mem::take(&mut writer.moved),
            }
        });
        if let Some(link) = old {
            writer.keep_history(&Reader { link, ..reader })?;
        }
        writer.prune(keep)?;
        reader.link.announce(reader.family)?;
        Ok((true, Applied { counts, step }))
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
        let names = |order: Value| -> Vec<String> {
            order.as_list().unwrap_or_default().iter().filter_map(|n| n.as_str()).map(str::to_owned).collect()
        };
        let class_order = (names(old.class_order()?), names(reader.class_order()?));
        Ok((false, Preview { counts, objects, class_order, server }))
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
    if matches!(error, Error::Lost(_) | Error::Uncertain(_)) {
        return error;
    }
    match link.rollback() {
        // Its answer may still come, in place of the next one's: the connection is not to be used any more.
        Err(lost @ Error::Lost(_)) => lost,
        _ => error,
    }
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
    layout: &'a Layout,
    /// Seconds since the epoch; 0: the database's own time.
    time: Datum,
    revision: Option<u64>,
    message: &'a str,
    /// Tags of all objects touched, before and after.
    concerned: BTreeSet<ServerTag>,
    /// What the revision names, in that order.
    audit: Vec<(&'static str, u64, Modified)>,
    /// The same by table, with what is known of each row.
    touched: BTreeMap<&'static str, BTreeMap<u64, Touch>>,
    /// As [`Step::subnets`].
    moved: Vec<(u64, Option<Prefix>)>,
    /// Rows of servers that were looked up.
    servers: HashMap<ServerTag, Option<u64>>,
}

/// What is known of a row that a revision touched.
struct Touch {
    /// It was not there before the transaction.
    new: bool,
    /// What operators call the object, of one that was set.
    name: String,
}

impl<'a> Writer<'a> {
    fn new(reader: Reader<'a>, note: &'a Note) -> Result<Self, Error> {
        // One writer after the other: revisions become visible in the order of their numbers.
        if reader.dialect() != Dialect::Sqlite {
            let sql = of_family("SELECT id FROM dhcp4_server WHERE id = 1 FOR UPDATE", reader.family);
            reader.link.send(&sql, &[])?;
        }
        Ok(Self {
            reader,
            family: reader.family,
            layout: reader.layout,
            time: Datum::Int(i64::try_from(note.time.0).unwrap_or(i64::MAX)),
            revision: None,
            message: &note.message,
            concerned: BTreeSet::new(),
            audit: Vec::new(),
            touched: BTreeMap::new(),
            moved: Vec::new(),
            servers: HashMap::new(),
        })
    }
}

impl Writer<'_> {
    fn changes(&mut self, changes: &[Change]) -> Result<Vec<u64>, Error> {
        let mut counts = Vec::with_capacity(changes.len());
        let mut misfits = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            match self.change(change) {
                Ok(count) => counts.push(count),
                // All of a list are wanted at once: none is stored.
                Err(Error::Backend(BackendError::NoRoom(found))) => {
                    misfits.extend(found.into_iter().map(|misfit| Misfit {
                        change: at,
                        object: object_of(change),
                        ..misfit
                    }))
                }
                Err(Error::Backend(error @ (BackendError::NoColumn(_) | BackendError::BadValue { .. })))
                    if changes.len() > 1 =>
                {
                    misfits.push(Misfit { change: at, object: object_of(change), reason: error.to_string() });
                }
                // What is missing may be so because of those.
                Err(Error::Backend(_)) if !misfits.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        if misfits.is_empty() { Ok(counts) } else { Err(BackendError::NoRoom(misfits).into()) }
    }

    /// Refuses what a column has no room for.
    fn fits(&self, table: &str, column: &str, datum: &Datum) -> Result<(), Error> {
        Ok(self.layout.rooms.check(table, column, datum)?)
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

    fn audit(&mut self, table: &'static str, row: u64, modified: Modified) {
        self.audit.push((table, row, modified));
        let new = matches!(modified, Modified::Create);
        let rows = self.touched.entry(table).or_default();
        rows.entry(row).or_insert(Touch { new, name: String::new() });
    }

    /// As [`audit`](Self::audit), of an object that was set.
    fn audit_set<T>(&mut self, table: &'static str, row: u64, existing: Option<T>, name: String) {
        self.audit(table, row, if existing.is_some() { Modified::Update } else { Modified::Create });
        if let Some(touch) = self.touched.get_mut(table).and_then(|rows| rows.get_mut(&row)) {
            touch.name = name;
        }
    }

    /// Writes the revision, if there is anything to say in it; its number. One that concerns one server alone says so,
    /// others say `all`: a server that loses an object has to hear of it as well as the one that gets it.
    fn close_revision(&mut self) -> Result<Option<u64>, Error> {
        if self.audit.is_empty() {
            return Ok(None);
        }
        let only = self.concerned.first().filter(|_| self.concerned.len() == 1);
        let sql = format!(
            "INSERT INTO dhcp4_audit_revision (modification_ts, log_message, server_id) \
             VALUES ({}, ?2, COALESCE((SELECT id FROM dhcp4_server WHERE tag = ?3), 1))",
            self.now(1)
        );
        // Of a server that is gone, it is one of all.
        let tag = only.map_or_else(|| text("all"), |tag| text(tag.as_str()));
        let revision = self.insert(&sql, &[self.time.clone(), text(self.message), tag], "id")?;
        self.revision = Some(revision);
        for (table, row, modified) in &self.audit {
            self.send(
                "INSERT INTO dhcp4_audit (object_type, object_id, modification_type, revision_id) VALUES (?1, ?2, ?3, ?4)",
                &[
                    text(of_family(table, self.family)),
                    number(*row)?,
                    Datum::Int(*modified as i64),
                    number(revision)?,
                ],
            )?;
        }
        Ok(Some(revision))
    }

    // Servers and ties.

    fn server_row(&mut self, tag: &ServerTag) -> Result<Option<u64>, Error> {
        if tag.is_all() {
            return Ok(Some(1));
        }
        if let Some(row) = self.servers.get(tag) {
            return Ok(*row);
        }
        let row = self.find("SELECT id FROM dhcp4_server WHERE tag = ?1", &[text(tag.as_str())])?;
        self.servers.insert(tag.clone(), row);
        Ok(row)
    }

    fn server_id(&mut self, tag: &ServerTag) -> Result<Datum, Error> {
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
        if existed {
            self.concern(table, row)?;
        }
        self.tie_again(table, row, tags, existed)
    }

    /// As [`tie`](Self::tie), of an object whose former servers were looked at.
    fn tie_again(&mut self, table: Table, row: u64, tags: &[ServerTag], existed: bool) -> Result<(), Error> {
        let Table { ties, tie_key, .. } = table;
        if existed {
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
        self.fits("dhcp4_server", "tag", &tag)?;
        self.fits("dhcp4_server", "description", &description)?;
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
        self.servers.insert(server.tag.clone(), Some(row));
        self.concerned.insert(server.tag.clone());
        self.audit_set("dhcp4_server", row, existing, server.tag.to_string());
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
                self.audit(table.table, row, Modified::Delete);
            }
        }
        // What can be shared stays, perhaps tied to nobody.
        for table in [CLASSES, NETWORKS, SUBNETS] {
            for row in tied(self, table)? {
                self.audit(table.table, row, Modified::Update);
            }
            self.send(&format!("DELETE FROM {} WHERE server_id = ?1", table.ties), &server_row)?;
        }
        self.send("DELETE FROM dhcp4_server WHERE id = ?1", &server_row)?;
        self.servers.insert(tag.clone(), None);
        self.audit("dhcp4_server", server, Modified::Delete);
        Ok(1)
    }

    // Objects of one server.

    /// The row of an object that one server has; `condition` picks among its objects, with parameters from `?2` on.
    fn own_rows(
        &mut self,
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
        room::check_global(self.reader.dialect(), self.layout.version, name)?;
        self.fits(GLOBALS.table, "name", &text(name))?;
        self.fits(GLOBALS.table, "value", &value)?;
        let own = self.own_rows(GLOBALS, tag, "o.name = ?2", vec![text(name)])?;
        if let Some(row) = own.first() {
            let sql = format!(
                "UPDATE dhcp4_global_parameter SET value = ?1, parameter_type = ?2, modification_ts = {} WHERE id = ?4",
                self.now(3)
            );
            self.send(&sql, &[value, kind, self.time.clone(), number(*row)?])?;
            self.concerned.insert(tag.clone());
            self.audit_set(GLOBALS.table, *row, Some(()), name.to_owned());
            return Ok(1);
        }
        let sql = format!(
            "INSERT INTO dhcp4_global_parameter (name, value, parameter_type, modification_ts) VALUES (?1, ?2, ?3, {})",
            self.now(4)
        );
        let row = self.insert(&sql, &[text(name), value, kind, self.time.clone()], GLOBALS.key)?;
        self.tie_new(GLOBALS, row, tag)?;
        self.audit_set(GLOBALS.table, row, None::<()>, name.to_owned());
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
            self.audit(table.table, *row, Modified::Delete);
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
        self.audit_set(OPTION_DEFS.table, row, own, self.code_name(map));
        Ok(1)
    }

    /// What operators call an option or definition.
    fn code_name(&self, map: &Map) -> String {
        format!("{}.{}", self.space_of(map), int_member(map, "code"))
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
        let records = self.layout.records.number();
        let kind = match text_member(map, "type").as_str() {
            "record" => Some(records),
            // The number may be that of records.
            name => columns::data_type_number(name).filter(|number| *number != records),
        };
        let kind =
            kind.ok_or_else(|| BackendError::BadValue { keyword: "type".into(), wanted: "a data type" })?;
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
        let (sql, bind) = self.insertion(table, values)?;
        match row {
            Some(row) => self.send(&sql, &bind).map(|()| row),
            None => self.insert(&sql, &bind, key),
        }
    }

    /// As [`insert_row`](Self::insert_row), of a row whose number nobody needs.
    fn send_row(&self, table: &str, values: Vec<(&str, Datum)>) -> Result<(), Error> {
        let (sql, bind) = self.insertion(table, values)?;
        self.send(&sql, &bind)
    }

    fn insertion(&self, table: &str, values: Vec<(&str, Datum)>) -> Result<(String, Vec<Datum>), Error> {
        for (name, datum) in &values {
            self.fits(table, name, datum)?;
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
        Ok((sql, bind))
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
        self.insert_row(table, key, row, values_of(columns, map, fixed)?)
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
            self.fits(table.table, name, datum)?;
            bind.push(datum.clone());
            sets.push(format!("{} = ?{}", quoted(name), bind.len()));
        }
        for column in columns {
            let datum = column.store(map)?;
            self.fits(table.table, column.column, &datum)?;
            bind.push(datum);
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

/// What operators call the object of a change.
fn object_of(change: &Change) -> String {
    let of = |kind: &str, name: &str| format!("{kind} '{name}'");
    match change {
        Change::SetServer(server) => of("server", server.tag.as_str()),
        Change::SetGlobal { name, .. } => of("global parameter", name),
        Change::SetOptionDef { map, .. } => of("option definition", &text_member(map, "name")),
        Change::SetOption { map, .. } => {
            format!("option {} in space '{}'", int_member(map, "code"), text_member(map, "space"))
        }
        Change::SetClass { map, .. } => of("client class", &text_member(map, "name")),
        Change::SetNetwork { map, .. } => of("shared network", &text_member(map, "name")),
        Change::SetSubnet { id, prefix, .. } => format!("subnet {id} ({prefix})"),
        _ => String::new(),
    }
}

/// Columns of an object with their values; `fixed` are those beside those of keywords.
fn values_of<'v>(
    columns: &[Column],
    map: &Map,
    fixed: &[(&'v str, Datum)],
) -> Result<Vec<(&'v str, Datum)>, Error> {
    let mut values: Vec<(&str, Datum)> = fixed.to_vec();
    for column in columns {
        // What is not set has the column's default.
        if map.contains_key(column.keyword) || column.absent.is_some() {
            values.push((column.column, column.store(map)?));
        }
    }
    Ok(values)
}
