//! What each revision keeps of what it replaced, and the way back.

use std::collections::{BTreeMap, BTreeSet};

use backend::columns::Datum;
use backend::{
    BackendError, Image, NetworkSubnets, OptionScope, Prefix, Server, SubnetKey, Touched, columns,
};
use base::{ServerTag, SubnetId};
use json::Value;

use super::{Modified, Writer};
use crate::Error;
use crate::history::{CLASS_ORDER, SERVERS};
use crate::link::{number, of_family, text};
use crate::read::{CLASSES, GLOBALS, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS, Table};

/// An object to bring back: what there is now, and what there was (`None`: nothing).
struct Wanted {
    row: u64,
    now: Option<Image>,
    then: Option<Image>,
}

type ByTable = BTreeMap<&'static str, Vec<Wanted>>;

impl Writer<'_> {
    /// Keeps what the objects touched by the revision were before it, as `old` still sees them.
    pub(super) fn keep_history(&mut self, old: &Reader<'_>) -> Result<(), Error> {
        let Some(revision) = self.revision.filter(|_| self.layout.history) else { return Ok(()) };
        let revision = number(revision)?;
        let before_column = self.reader.dialect().quoted("before");
        let sql = format!(
            "INSERT INTO dhcp4_audit_history (revision_id, object_type, object_id, name, {before_column}) \
             VALUES (?1, ?2, ?3, ?4, ?5)"
        );
        for (table, rows) in &self.touched {
            let there: BTreeSet<u64> =
                rows.iter().filter(|(_, touch)| !touch.new).map(|(row, _)| *row).collect();
            let before = if there.is_empty() { BTreeMap::new() } else { old.images(table, &there)? };
            let object_type = of_family(table, self.family);
            for (row, touch) in rows {
                let image = before.get(row);
                let name = image.map_or(touch.name.as_str(), |image| image.name.as_str());
                let before = image.map_or(Datum::Null, |image| text(columns::json_text(&image.to_value())));
                let object = [text(&object_type), number(*row)?, text(name), before];
                self.send(&sql, &[&[revision.clone()][..], &object].concat())?;
            }
            if *table == CLASSES.table {
                let order = columns::json_text(&old.class_order()?);
                let object_type = text(of_family(CLASS_ORDER, self.family));
                self.send(&sql, &[revision.clone(), object_type, Datum::Int(0), text(""), text(order)])?;
            }
        }
        Ok(())
    }

    /// What was touched, before (as `old` still sees it) and now.
    pub(super) fn differences(&self, old: &Reader<'_>) -> Result<Vec<Touched>, Error> {
        let mut list = Vec::new();
        for (table, rows) in &self.touched {
            let rows: BTreeSet<u64> = rows.keys().copied().collect();
            let (mut before, mut after) = (old.images(table, &rows)?, self.reader.images(table, &rows)?);
            for row in &rows {
                let (before, after) = (before.remove(row), after.remove(row));
                list.push(Touched {
                    object_type: of_family(table, self.family),
                    object_id: *row,
                    before,
                    after,
                });
            }
        }
        Ok(list)
    }

    /// Forgets revisions but the newest `keep`.
    pub(super) fn prune(&self, keep: u64) -> Result<(), Error> {
        let Some(revision) = self.revision else { return Ok(()) };
        let last = revision.saturating_sub(keep.max(1));
        if last == 0 {
            return Ok(());
        }
        let last = number(last)?;
        for (sql, there) in [
            ("DELETE FROM dhcp4_audit_history WHERE revision_id <= ?1", self.layout.history),
            ("DELETE FROM dhcp4_audit WHERE revision_id <= ?1", true),
            ("DELETE FROM dhcp4_audit_revision WHERE id <= ?1", true),
        ] {
            if there {
                self.send(sql, std::slice::from_ref(&last))?;
            }
        }
        Ok(())
    }

    /// Brings everything back to the state after a revision.
    pub(super) fn restore(&mut self, revision: u64, newest: u64) -> Result<u64, Error> {
        self.check_way_back(revision, newest)?;
        let (mut wanted, order) = self.wanted(revision)?;
        let servers = wanted.remove(SERVERS).unwrap_or_default();
        let mut count = 0;
        for then in servers.iter().filter_map(|server| server.then.as_ref()) {
            let description = backend::text_member(&then.map, "description");
            count += self.set_server(&Server { tag: tag_of(&then.name)?, description })?;
        }
        // What came later goes, before what it may have displaced comes back.
        let subnets = wanted.remove(SUBNETS.table).unwrap_or_default();
        for subnet in subnets.iter().filter(|w| w.now.is_some() && w.then.is_none()) {
            count += self.delete_subnet(SubnetKey::Id(subnet_id(subnet.row)?))?;
        }
        let mut own = Vec::new();
        for table in [GLOBALS, OPTION_DEFS, OPTIONS] {
            for object in wanted.remove(table.table).unwrap_or_default() {
                match object.then {
                    Some(then) => own.push((table, then)),
                    None => count += self.delete_row(table, object.row)?,
                }
            }
        }
        let classes = wanted.remove(CLASSES.table).unwrap_or_default();
        let networks = wanted.remove(NETWORKS.table).unwrap_or_default();
        let kept = names(&networks);
        for now in networks.iter().filter(|w| w.then.is_none()).filter_map(|w| w.now.as_ref()) {
            // One that was deleted and created again is the one that was there.
            if !kept.contains(now.name.as_str()) {
                count += self.delete_network(&now.name, NetworkSubnets::Keep)?;
            }
        }
        for then in networks.iter().filter_map(|network| network.then.as_ref()) {
            count += self.set_network(&then.tags, &then.map)?;
        }
        for subnet in &subnets {
            if let Some(then) = &subnet.then {
                count += self.restore_subnet(subnet.row, then)?;
            }
        }
        count += self.restore_classes(&classes, &order)?;
        for (table, then) in own {
            count += self.restore_own(table, &then)?;
        }
        let kept = names(&servers);
        for now in servers.iter().filter(|w| w.then.is_none()).filter_map(|w| w.now.as_ref()) {
            if !kept.contains(now.name.as_str()) {
                count += self.delete_server(&tag_of(&now.name)?)?;
            }
        }
        // A server that loses an object has to hear of it as well: all look.
        self.concerned.insert(ServerTag::all());
        Ok(count)
    }

    fn check_way_back(&self, revision: u64, newest: u64) -> Result<(), Error> {
        let refuse = |reason: String| Err(BackendError::NoWayBack { revision, reason }.into());
        let current = self.reader.newest()?.revision;
        if current != newest {
            return refuse(format!("revision {current} was written in the meantime"));
        }
        if revision >= current {
            return refuse(format!("revision {current} is the newest"));
        }
        let oldest = self.reader.oldest()?;
        // The state before the oldest revision is known as well.
        if revision.saturating_add(1) < oldest {
            return refuse(format!("revisions before {oldest} are no longer kept"));
        }
        if !self.layout.history {
            return refuse("the database does not keep what changes replace".to_owned());
        }
        let unknown = self.find(
            "SELECT a.revision_id FROM dhcp4_audit a WHERE a.revision_id > ?1 AND NOT EXISTS \
             (SELECT 1 FROM dhcp4_audit_history h WHERE h.revision_id = a.revision_id \
              AND h.object_type = a.object_type AND h.object_id = a.object_id) ORDER BY a.revision_id LIMIT 1",
            &[number(revision)?],
        )?;
        match unknown {
            Some(unknown) => refuse(format!(
                "what revision {unknown} replaced is not known, since another program wrote it"
            )),
            None => Ok(()),
        }
    }

    /// What there was after a revision, of all that changed since, by table; and the order of classes.
    fn wanted(&self, revision: u64) -> Result<(ByTable, Vec<String>), Error> {
        let mut before: BTreeMap<String, BTreeMap<u64, Option<String>>> = BTreeMap::new();
        let sql = format!(
            "SELECT object_type, object_id, {} FROM dhcp4_audit_history WHERE revision_id > ?1 ORDER BY revision_id",
            self.reader.dialect().quoted("before")
        );
        self.reader.each(&sql, &[number(revision)?], |row| {
            let image = row.optional_text(2)?.map(str::to_owned);
            // The oldest of them says what there was.
            before.entry(row.text(0)?.to_owned()).or_default().entry(row.unsigned(1)?).or_insert(image);
            Ok(())
        })?;
        let bad =
            |what: &str, row: u64| Error::bad_row(format!("history of {what} {row}"), "it is not readable");
        let mut wanted = BTreeMap::new();
        let tables =
            [SUBNETS, NETWORKS, CLASSES, OPTIONS, OPTION_DEFS, GLOBALS].map(|table| table.table).into_iter();
        for table in tables.chain([SERVERS]) {
            let Some(rows) = before.remove(&of_family(table, self.family)) else { continue };
            let mut now = self.reader.images(table, &rows.keys().copied().collect())?;
            let mut list = Vec::new();
            for (row, text) in rows {
                let image = |text: String| {
                    let value = columns::json_value(&text);
                    value.as_ref().and_then(Image::from_value).ok_or_else(|| bad(table, row))
                };
                let (now, then) = (now.remove(&row), text.map(image).transpose()?);
                // Classes come back together, since their order is one thing.
                if table == CLASSES.table || now != then {
                    list.push(Wanted { row, now, then });
                }
            }
            if table != CLASSES.table && table != SUBNETS.table {
                cancel(&mut list);
            }
            wanted.insert(table, list);
        }
        let order = before.remove(&of_family(CLASS_ORDER, self.family)).and_then(|mut rows| rows.remove(&0));
        let order =
            order.flatten().and_then(|text| columns::json_value(&text)).map_or_else(Vec::new, |order| {
                let names = order.as_list().unwrap_or(&[]).iter().filter_map(Value::as_str);
                names.map(str::to_owned).collect()
            });
        Ok((wanted, order))
    }

    fn delete_row(&mut self, table: Table, row: u64) -> Result<u64, Error> {
        self.concern(table, row)?;
        let sql = format!("DELETE FROM {} WHERE {} = ?1", table.table, table.key);
        let count = self.execute(&sql, &[number(row)?])?;
        if count > 0 {
            self.audit(table.table, row, Modified::Delete);
        }
        Ok(count)
    }

    fn restore_subnet(&mut self, row: u64, then: &Image) -> Result<u64, Error> {
        let prefix: Prefix = then
            .name
            .parse()
            .map_err(|_| Error::bad_row(format!("history of subnet {row}"), "its prefix is none"))?;
        let mut map = then.map.clone();
        let network = map.remove("shared-network-name");
        let network = network.as_ref().and_then(Value::as_str);
        self.set_subnet(&then.tags, subnet_id(row)?, prefix, network, &map)
    }

    /// Globals, definitions and global options belong to one server each.
    fn restore_own(&mut self, table: Table, then: &Image) -> Result<u64, Error> {
        let Some(tag) = then.tags.first() else { return Ok(0) };
        if table.table == GLOBALS.table {
            let value = then.map.get(&then.name).cloned().unwrap_or_default();
            return self.set_global(tag, &then.name, &value);
        }
        if table.table == OPTION_DEFS.table {
            return self.set_option_def(tag, &then.map);
        }
        self.set_option(&OptionScope::Global(tag.clone()), &then.map)
    }

    /// Rows first, then what they depend on and their order: what was right together is right together again.
    fn restore_classes(&mut self, classes: &[Wanted], order: &[String]) -> Result<u64, Error> {
        if classes.is_empty() {
            return Ok(0);
        }
        let mut count = 0;
        for class in classes {
            self.send(
                "DELETE FROM dhcp4_client_class_dependency WHERE class_id = ?1",
                &[number(class.row)?],
            )?;
        }
        for class in classes.iter().filter(|class| class.then.is_none()) {
            let Some(now) = &class.now else { continue };
            self.concern(CLASSES, class.row)?;
            self.remove_class(class.row, &now.name)?;
            self.audit(CLASSES.table, class.row, Modified::Delete);
            count += 1;
        }
        let mut rows = Vec::new();
        for then in classes.iter().filter_map(|class| class.then.as_ref()) {
            rows.push((self.restore_class(then)?, then));
            count += 1;
        }
        for (index, name) in (1_i64..).zip(order) {
            if let Some(class) = self.class_row(name)? {
                self.place(class, index)?;
            }
        }
        for (row, then) in rows {
            for dependency in then.linked("dependencies") {
                if let Some(dependency) = self.class_row(&dependency)? {
                    self.depend(row, dependency)?;
                }
            }
        }
        self.carry_known()?;
        Ok(count)
    }

    fn restore_class(&mut self, then: &Image) -> Result<u64, Error> {
        let known = then.links.get("depends-on-known").and_then(Value::as_bool).unwrap_or(false);
        let existing = self.class_row(&then.name)?;
        let row = self.put_class(existing, &then.name, &then.map, known)?;
        self.tie(CLASSES, row, &then.tags, existing.is_some())?;
        self.audit_set(CLASSES.table, row, existing, then.name.clone());
        Ok(row)
    }
}

/// What was deleted and made again under another number, all alike, needs nothing.
fn cancel(list: &mut Vec<Wanted>) {
    let gone: Vec<usize> =
        (0..list.len()).filter(|at| list.get(*at).is_some_and(|w| w.then.is_none())).collect();
    let mut needless = BTreeSet::new();
    for (at, wanted) in list.iter().enumerate() {
        if wanted.now.is_none() && wanted.then.is_some() {
            let twin = gone.iter().copied().find(|other| {
                !needless.contains(other) && list.get(*other).is_some_and(|other| other.now == wanted.then)
            });
            if let Some(twin) = twin {
                needless.extend([at, twin]);
            }
        }
    }
    let mut at = 0;
    list.retain(|_| {
        at += 1;
        !needless.contains(&(at - 1))
    });
}

/// Names of what there was.
fn names(list: &[Wanted]) -> BTreeSet<&str> {
    list.iter().filter_map(|wanted| wanted.then.as_ref()).map(|then| then.name.as_str()).collect()
}

fn tag_of(text: &str) -> Result<ServerTag, Error> {
    ServerTag::new(text).map_err(|error| Error::bad_row(format!("server '{text}'"), error.to_string()))
}

fn subnet_id(row: u64) -> Result<SubnetId, Error> {
    let id =
        u32::try_from(row).map_err(|_| Error::bad_row(format!("subnet {row}"), "number out of range"))?;
    Ok(SubnetId(id))
}
