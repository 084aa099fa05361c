//! Client classes: their order and what they depend on.

use std::collections::{BTreeMap, BTreeSet};

use backend::columns::{self, Datum};
use backend::{BackendError, text_member};
use base::ServerTag;
use json::Map;

use super::options::Owner;
use super::{Modified, Writer};
use crate::Error;
use crate::ids::Ids;
use crate::link::{number, text};
use crate::read::{CLASSES, maps};

impl Writer<'_> {
    pub(super) fn class_row(&self, name: &str) -> Result<Option<u64>, Error> {
        self.find("SELECT id FROM dhcp4_client_class WHERE name = ?1", &[text(name)])
    }

    pub(super) fn set_class(
        &mut self,
        tags: &[ServerTag],
        map: &Map,
        follow: Option<&str>,
        dependencies: &[String],
        depends_on_known: bool,
    ) -> Result<u64, Error> {
        let name = text_member(map, "name");
        let existing = self.class_row(&name)?;
        if let Some(row) = existing {
            self.send("DELETE FROM dhcp4_client_class_dependency WHERE class_id = ?1", &[number(row)?])?;
        }
        let row = self.put_class(existing, &name, map, depends_on_known)?;
        let position = self.position(row, follow)?;
        for dependency in dependencies.iter().collect::<BTreeSet<_>>() {
            let unmet = || BackendError::UnmetDependency(dependency.clone());
            let class = self.class_row(dependency)?.filter(|class| *class != row).ok_or_else(unmet)?;
            if self.order(class)?.is_none_or(|index| index >= position) || !self.available(class, tags)? {
                return Err(unmet().into());
            }
            self.depend(row, class)?;
        }
        self.tie(CLASSES, row, tags, existing.is_some())?;
        self.check_dependents(row, position, &name)?;
        self.audit_set(CLASSES.table, row, existing, name);
        Ok(1)
    }

    /// Writes the class with its definitions and options, without its place and what it depends on.
    pub(super) fn put_class(
        &mut self,
        existing: Option<u64>,
        name: &str,
        map: &Map,
        depends_on_known: bool,
    ) -> Result<u64, Error> {
        let columns = &self.layout.class;
        columns::check_storable(map, columns, &["name", "option-data", "option-def"])?;
        let known = ("depend_on_known_directly", Datum::Int(depends_on_known.into()));
        let row = match existing {
            Some(row) => {
                self.update(CLASSES, row, columns, map, &[known])?;
                self.send("DELETE FROM dhcp4_options WHERE dhcp_client_class = ?1", &[text(name)])?;
                self.send("DELETE FROM dhcp4_option_def WHERE class_id = ?1", &[number(row)?])?;
                row
            }
            None => {
                let fixed = [("name", text(name)), known];
                self.insert_object(CLASSES.table, CLASSES.key, None, columns, map, &fixed)?
            }
        };
        for def in maps(map, "option-def") {
            self.insert_def(def, None, Some(row))?;
        }
        let owner = Owner { scope: 2, class: Some(name.to_owned()), ..Owner::default() };
        self.insert_options(map, &owner)?;
        Ok(row)
    }

    pub(super) fn depend(&self, class: u64, dependency: u64) -> Result<(), Error> {
        self.send(
            "INSERT INTO dhcp4_client_class_dependency (class_id, dependency_id) VALUES (?1, ?2)",
            &[number(class)?, number(dependency)?],
        )
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
        let dependents = self.reader.find_all(
            "SELECT class_id FROM dhcp4_client_class_dependency WHERE dependency_id = ?1",
            &[number(row)?],
        )?;
        for dependent in dependents {
            let ids = Ids::number(dependent)?;
            let tags = self.reader.ties(CLASSES, &ids)?.remove(&dependent).unwrap_or_default();
            let later = self.order(dependent)?.is_some_and(|index| index > position);
            if !later || !self.available(row, &tags)? {
                return Err(self.in_use(name, dependent)?.into());
            }
        }
        self.carry_known()
    }

    fn in_use(&self, class: &str, dependent: u64) -> Result<BackendError, Error> {
        let sql = "SELECT name FROM dhcp4_client_class WHERE id = ?1";
        let dependent = self.reader.first(sql, &[number(dependent)?], |row| Ok(row.text(0)?.to_owned()))?;
        Ok(BackendError::ClassInUse { class: class.to_owned(), dependent: dependent.unwrap_or_default() })
    }

    /// Brings up to date which classes need the host lookup because of those that they refer to.
    pub(super) fn carry_known(&self) -> Result<(), Error> {
        let mut dependencies: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        self.reader.each(
            "SELECT class_id, dependency_id FROM dhcp4_client_class_dependency",
            &[],
            |row| {
                dependencies.entry(row.unsigned(0)?).or_default().push(row.unsigned(1)?);
                Ok(())
            },
        )?;
        let mut known = BTreeSet::new();
        let mut wrong = Vec::new();
        // In the order of evaluation a class comes after what it depends on.
        self.reader.each(
            "SELECT class_id, depend_on_known_directly, depend_on_known_indirectly FROM dhcp4_client_class_order \
             JOIN dhcp4_client_class ON id = class_id ORDER BY order_index, class_id",
            &[],
            |row| {
                let (class, directly, noted) = (row.unsigned(0)?, row.flag(1)?, row.flag(2)?);
                let indirectly = dependencies.get(&class).is_some_and(|on| on.iter().any(|d| known.contains(d)));
                if directly || indirectly {
                    known.insert(class);
                }
                if noted != indirectly {
                    wrong.push((class, indirectly));
                }
                Ok(())
            },
        )?;
        for (class, indirectly) in wrong {
            self.send(
                "UPDATE dhcp4_client_class_order SET depend_on_known_indirectly = ?1 WHERE class_id = ?2",
                &[Datum::Int(indirectly.into()), number(class)?],
            )?;
        }
        Ok(())
    }

    /// The place of a class in the order of evaluation.
    fn order(&self, class: u64) -> Result<Option<i64>, Error> {
        let sql = "SELECT order_index FROM dhcp4_client_class_order WHERE class_id = ?1";
        self.reader.first(sql, &[number(class)?], |row| row.int(0))
    }

    /// Puts a class behind another, at the end when it is new, or leaves it where it is.
    fn position(&self, row: u64, follow: Option<&str>) -> Result<i64, Error> {
        let index = match follow {
            Some(follow) => {
                let before = self
                    .class_row(follow)?
                    .filter(|before| *before != row)
                    .ok_or_else(|| BackendError::Missing { what: "client class", key: follow.to_owned() })?;
                let index = self.order(before)?.unwrap_or(0).saturating_add(1);
                self.send(
                    "UPDATE dhcp4_client_class_order SET order_index = order_index + 1 WHERE order_index >= ?1",
                    &[Datum::Int(index)],
                )?;
                index
            }
            None => match self.order(row)? {
                Some(index) => return Ok(index),
                None => {
                    let sql = "SELECT COALESCE(MAX(order_index), 0) + 1 FROM dhcp4_client_class_order";
                    self.reader.first(sql, &[], |row| row.int(0))?.unwrap_or(1)
                }
            },
        };
        self.place(row, index)?;
        Ok(index)
    }

    /// Gives a class its place. Kea's triggers give each class one already.
    pub(super) fn place(&self, class: u64, index: i64) -> Result<(), Error> {
        let bind = [Datum::Int(index), number(class)?];
        let placed =
            self.execute("UPDATE dhcp4_client_class_order SET order_index = ?1 WHERE class_id = ?2", &bind)?;
        if placed == 0 {
            self.send("INSERT INTO dhcp4_client_class_order (order_index, class_id) VALUES (?1, ?2)", &bind)?;
        }
        Ok(())
    }

    pub(super) fn delete_class(&mut self, name: &str) -> Result<u64, Error> {
        let Some(row) = self.class_row(name)? else { return Ok(0) };
        let sql = "SELECT class_id FROM dhcp4_client_class_dependency WHERE dependency_id = ?1 LIMIT 1";
        if let Some(dependent) = self.find(sql, &[number(row)?])? {
            return Err(self.in_use(name, dependent)?.into());
        }
        self.concern(CLASSES, row)?;
        self.remove_class(row, name)?;
        self.audit(CLASSES.table, row, Modified::Delete);
        Ok(1)
    }

    /// Deletes a class with what is part of it. PostgreSQL's schema does not tie its options to it.
    pub(super) fn remove_class(&self, row: u64, name: &str) -> Result<(), Error> {
        self.send("DELETE FROM dhcp4_options WHERE scope_id = 2 AND dhcp_client_class = ?1", &[text(name)])?;
        self.send("DELETE FROM dhcp4_client_class WHERE id = ?1", &[number(row)?])
    }
}
