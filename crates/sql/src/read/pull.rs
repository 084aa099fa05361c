//! The audit, and what a server gets.

use std::collections::{BTreeMap, BTreeSet};

use backend::columns::Datum;
use backend::{AuditEntry, Cursor, Delta, Objects, Partial, Pulled, ServerSelector, Stored};
use base::{ServerTag, SubnetId, Timestamp};

use super::{CLASSES, GLOBALS, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS, Table};
use crate::history::modification;
use crate::ids::{Ids, tied, tied_of};
use crate::link::{number, of_family, text};
use crate::{Error, Row};

impl Reader<'_> {
    pub(crate) fn newest(&self) -> Result<Cursor, Error> {
        self.newest_with(None, |_| Ok(()))
    }

    /// The newest revision, and rows of another query, which are at least as new.
    pub(crate) fn newest_and(
        &self,
        sql: &str,
        visit: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<Cursor, Error> {
        self.newest_with(Some(sql), visit)
    }

    fn newest_with(
        &self,
        more: Option<&str>,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<Cursor, Error> {
        let seconds = self.dialect().seconds("modification_ts");
        let window = Cursor::WINDOW;
        let sql = format!("SELECT id, {seconds} FROM dhcp4_audit_revision ORDER BY id DESC LIMIT {window}");
        let (mut newest, mut recent) = (None, Vec::new());
        let mut take = |at, row: &Row<'_>| {
            if at > 0 {
                return visit(row);
            }
            recent.push(row.unsigned(0)?);
            if newest.is_none() {
                newest = Some(cursor(row)?);
            }
            Ok(())
        };
        match more {
            // One query alone is one that the database has prepared.
            None => self.each(&sql, &[], |row| take(0, row))?,
            Some(more) => self.every(&[sql, more.to_owned()], &[], take)?,
        }
        Ok(newest.map_or_else(Cursor::default, |newest| Cursor { recent, ..newest }))
    }

    /// The condition that a revision, whose number stands in `column`, was not there at `since`: it came after, or late.
    /// Its parameters are the first ones of the statement.
    pub(crate) fn unseen(
        &self,
        column: &str,
        since: &Cursor,
        now: &Cursor,
    ) -> Result<(String, Vec<Datum>), Error> {
        let late = Ids::numbers(self.dialect(), &since.missed(now).into_iter().collect());
        let mut bind = late.bind().to_vec();
        bind.push(number(since.revision)?);
        Ok((format!("({column} > ?{} OR {})", bind.len(), late.hold(column)), bind))
    }

    /// Number of the oldest revision that is kept; 0 when there is none.
    pub(crate) fn oldest(&self) -> Result<u64, Error> {
        Ok(self.find("SELECT COALESCE(MIN(id), 0) FROM dhcp4_audit_revision", &[])?.unwrap_or_default())
    }

    /// Whether everything after a revision is still known.
    pub(crate) fn reaches(&self, revision: u64) -> Result<bool, Error> {
        Ok(revision.saturating_add(1) >= self.oldest()?)
    }

    pub(crate) fn audit(&self, since: Option<&Cursor>, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        let mut entries = Vec::new();
        let after = number(since.map_or(0, |cursor| cursor.revision))?;
        let sql = format!(
            "SELECT r.id, {}, a.object_type, a.object_id, a.modification_type, COALESCE(r.log_message, '') \
             FROM dhcp4_audit_revision r JOIN dhcp4_audit a ON a.revision_id = r.id WHERE r.id > ?1 \
             ORDER BY a.revision_id, a.id LIMIT ?2",
            self.dialect().seconds("r.modification_ts")
        );
        self.each(&sql, &[after, Datum::Int(limit.into())], |row| {
            entries.push(AuditEntry {
                revision: cursor(row)?,
                object_type: row.text(2)?.to_owned(),
                object_id: row.unsigned(3)?,
                modification: modification(row, 4)?,
                message: row.text(5)?.to_owned(),
            });
            Ok(())
        })?;
        Ok(entries)
    }

    /// Object type and number of what concerns a server and was not there at `since`.
    fn touched(
        &self,
        tag: &ServerTag,
        since: &Cursor,
        now: &Cursor,
    ) -> Result<BTreeMap<String, BTreeSet<u64>>, Error> {
        let mut touched: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        let (unseen, mut bind) = self.unseen("r.id", since, now)?;
        bind.push(text(tag.as_str()));
        let sql = format!(
            "SELECT DISTINCT a.object_type, a.object_id FROM dhcp4_audit_revision r \
             JOIN dhcp4_audit a ON a.revision_id = r.id LEFT JOIN dhcp4_server s ON s.id = r.server_id \
             WHERE {unseen} AND (s.tag IS NULL OR s.tag = 'all' OR s.tag = ?{})",
            bind.len()
        );
        self.each(&sql, &bind, |row| {
            touched.entry(row.text(0)?.to_owned()).or_default().insert(row.unsigned(1)?);
            Ok(())
        })?;
        Ok(touched)
    }

    /// Whether what came since a cursor can be told from the rest: not when the database lost revisions, be it that it was
    /// replaced by an older one, or that they were forgotten.
    pub(crate) fn follows(&self, since: &Cursor, now: &Cursor) -> Result<bool, Error> {
        let replaced =
            since.revision > now.revision || (since.revision == now.revision && since.time != now.time);
        Ok(!replaced && self.reaches(since.revision)?)
    }

    pub(crate) fn pull(&self, tag: &ServerTag, since: Option<&Cursor>) -> Result<Pulled, Error> {
        let cursor = self.newest()?;
        let selector = if tag.is_empty() { ServerSelector::All } else { ServerSelector::One(tag.clone()) };
        match since {
            Some(since) if *since == cursor => Ok(Pulled::Nothing),
            Some(since) if self.follows(since, &cursor)? => {
                let delta = Box::new(self.delta(&selector, &self.touched(tag, since, &cursor)?)?);
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
        let some = |table: Table, rows: &BTreeSet<u64>| tied_of(self.dialect(), table, selector, rows);
        let mut delta = Delta::default();
        if of(GLOBALS).is_some() {
            delta.globals = Some(self.globals(selector)?);
        }
        if let Some(rows) = of(OPTION_DEFS) {
            let found = self.option_defs(&some(OPTION_DEFS, &rows))?;
            delta.option_defs = Partial { touched: rows, rows: found };
        }
        if let Some(rows) = of(OPTIONS) {
            let found = self.global_options(&some(OPTIONS, &rows))?;
            delta.options = Partial { touched: rows, rows: found };
        }
        if of(CLASSES).is_some() {
            delta.classes = Some(self.classes(&tied(CLASSES, selector))?);
        }
        if let Some(rows) = of(NETWORKS) {
            let found = self.networks(&some(NETWORKS, &rows))?;
            delta.networks = Partial { touched: rows, rows: found };
        }
        if let Some(rows) = of(SUBNETS) {
            delta.subnets = self.subnets(&some(SUBNETS, &rows))?;
            delta.touched_subnets =
                rows.iter().filter_map(|id| u32::try_from(*id).ok()).map(SubnetId).collect();
        }
        Ok(delta)
    }
}

/// Number and time of a revision, the first columns of a row.
pub(crate) fn cursor(row: &Row<'_>) -> Result<Cursor, Error> {
    Ok(Cursor { revision: row.unsigned(0)?, time: Timestamp(row.unsigned(1)?), recent: Vec::new() })
}
