//! Client classes: their order and what they depend on.

use backend::columns::{self, Datum};
use backend::{BackendError, text_member};
use base::ServerTag;
use json::Map;
use rusqlite::OptionalExtension;

use super::options::Owner;
use super::{Modified, Writer};
use crate::read::{CLASSES, Ids, maps};
use crate::rows::{Error, signed};

impl Writer<'_> {
    pub(super) fn set_class(
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
    pub(super) fn available(&self, class: u64, tags: &[ServerTag]) -> Result<bool, Error> {
        let ids = Ids::number(class)?;
        let has = self.reader.ties(CLASSES, &ids)?.remove(&class).unwrap_or_default();
        Ok(has.iter().any(ServerTag::is_all) || tags.iter().all(|tag| has.contains(tag)))
    }

    /// Classes that refer to one must still come after it, on servers that have it, and know whether it needs the
    /// host lookup.
    pub(super) fn check_dependents(&mut self, row: u64, position: i64, name: &str) -> Result<(), Error> {
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
        self.carry_known()
    }

    /// Brings up to date which classes need the host lookup because of those that they refer to.
    pub(super) fn carry_known(&self) -> Result<(), Error> {
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

    pub(super) fn order(&self, class: u64) -> Result<Option<(i64, bool)>, Error> {
        Ok(self
            .reader
            .prepare("SELECT order_index, depend_on_known_indirectly FROM dhcp4_client_class_order WHERE class_id = ?1")?
            .query_row([signed(class)?], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Puts a class behind another, at the end when it is new, or leaves it where it is.
    pub(super) fn position(&self, row: u64, follow: Option<&str>) -> Result<i64, Error> {
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

    pub(super) fn delete_class(&mut self, name: &str) -> Result<u64, Error> {
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
}
