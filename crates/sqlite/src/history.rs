//! Reading of what a database remembers: images of objects, and revisions.

use std::collections::{BTreeMap, BTreeSet};

use backend::{Cursor, Image, Modification, RevisedObject, Revision, RevisionFilter, Stored, text_member};
use base::{ServerTag, Timestamp};
use json::{Map, Value};
use rusqlite::{OptionalExtension, Row, params_from_iter};

use crate::read::{CLASSES, GLOBALS, Ids, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS, tags_json};
use crate::rows::{Error, signed, unsigned};

/// The table of servers.
pub(crate) const SERVERS: &str = "dhcp4_server";

/// What the history calls the order of classes, which is no row of its own.
pub(crate) const CLASS_ORDER: &str = "dhcp4_client_class_order";

const SELECT: &str = "SELECT r.id, CAST(strftime('%s', r.modification_ts) AS INTEGER), COALESCE(r.log_message, ''), \
                      s.tag FROM dhcp4_audit_revision r LEFT JOIN dhcp4_server s ON s.id = r.server_id \
                      WHERE r.id > ?1 AND r.modification_ts >= datetime(?2, 'unixepoch') \
                      AND (?4 IS NULL OR s.tag IS NULL OR s.tag IN (SELECT value FROM json_each(?4))) \
                      ORDER BY r.id DESC LIMIT ?3";

fn of_stored(stored: Stored, name: String) -> (u64, Image) {
    let element = &stored.element;
    let image =
        Image { name, tags: sorted(&element.server_tags), map: element.map.clone(), links: Map::new() };
    (stored.row, image)
}

/// Equal sets are equal lists, whatever order servers were created in.
fn sorted(tags: &[ServerTag]) -> Vec<ServerTag> {
    let mut tags = tags.to_vec();
    tags.sort();
    tags
}

fn space_and_code(stored: &Stored) -> String {
    let map = &stored.element.map;
    format!("{}.{}", text_member(map, "space"), backend::int_member(map, "code"))
}

impl Reader<'_> {
    /// Objects of a table by row, those that are there.
    pub(crate) fn images(&self, table: &str, rows: &BTreeSet<u64>) -> Result<BTreeMap<u64, Image>, Error> {
        let ids = Ids::numbers(rows);
        if table == SUBNETS.table {
            let subnets = self.subnets(&ids)?.into_iter().map(|subnet| {
                let mut map = subnet.element.map.clone();
                let network = subnet.shared_network.as_deref();
                map.insert(
                    "shared-network-name".to_owned(),
                    network.map_or_else(|| json::Kind::Null.into(), Value::from),
                );
                let tags = sorted(&subnet.element.server_tags);
                let image = Image { name: subnet.prefix.to_string(), tags, map, links: Map::new() };
                (u64::from(subnet.id.0), image)
            });
            return Ok(subnets.collect());
        }
        let by_name = |list: Vec<Stored>| {
            let named = list.into_iter().map(|stored| {
                let name = text_member(&stored.element.map, "name");
                of_stored(stored, name)
            });
            named.collect::<BTreeMap<_, _>>()
        };
        let by_code = |list: Vec<Stored>| {
            let named = list.into_iter().map(|stored| {
                let name = space_and_code(&stored);
                of_stored(stored, name)
            });
            named.collect::<BTreeMap<_, _>>()
        };
        if table == NETWORKS.table {
            return Ok(by_name(self.networks(&ids)?));
        }
        if table == OPTION_DEFS.table {
            return Ok(by_code(self.option_defs(&ids)?));
        }
        if table == OPTIONS.table {
            return Ok(by_code(self.global_options(&ids)?));
        }
        if table == CLASSES.table {
            let mut classes = by_name(self.classes(&ids)?);
            for (row, image) in &mut classes {
                image.links = self.class_links(*row)?;
            }
            return Ok(classes);
        }
        if table == GLOBALS.table {
            return self.global_images(&ids);
        }
        if table == SERVERS {
            return self.server_images(&ids);
        }
        Ok(BTreeMap::new())
    }

    fn class_links(&self, row: u64) -> Result<Map, Error> {
        let mut dependencies: Vec<Value> = Vec::new();
        self.each(
            "SELECT c.name FROM dhcp4_client_class_dependency d JOIN dhcp4_client_class c ON c.id = d.dependency_id \
             WHERE d.class_id = ?1 ORDER BY c.name",
            [signed(row)?],
            |row| {
                dependencies.push(row.get::<_, String>(0)?.into());
                Ok(())
            },
        )?;
        let known: bool = self
            .prepare("SELECT depend_on_known_directly FROM dhcp4_client_class WHERE id = ?1")?
            .query_row([signed(row)?], |row| row.get(0))?;
        Ok(Map::from([
            ("dependencies".to_owned(), dependencies.into()),
            ("depends-on-known".to_owned(), known.into()),
        ]))
    }

    fn global_images(&self, ids: &Ids) -> Result<BTreeMap<u64, Image>, Error> {
        let mut images = BTreeMap::new();
        for (row, global) in self.globals_in(ids)? {
            let map = Map::from([(global.name.clone(), global.value)]);
            images.insert(row, Image { name: global.name, tags: global.tags, map, links: Map::new() });
        }
        Ok(images)
    }

    fn server_images(&self, ids: &Ids) -> Result<BTreeMap<u64, Image>, Error> {
        let mut images = BTreeMap::new();
        let sql = format!("SELECT id, tag, description FROM dhcp4_server WHERE id IN ({})", ids.sql());
        self.each(&sql, params_from_iter(ids.bind()), |row| {
            let tag: String = row.get(1)?;
            let description: Option<String> = row.get(2)?;
            let map = Map::from([
                ("server-tag".to_owned(), tag.as_str().into()),
                ("description".to_owned(), description.unwrap_or_default().into()),
            ]);
            images.insert(unsigned(row, 0)?, Image { name: tag, tags: Vec::new(), map, links: Map::new() });
            Ok(())
        })?;
        Ok(images)
    }

    /// Names of all classes in the order of evaluation, as JSON.
    pub(crate) fn class_order(&self) -> Result<Value, Error> {
        let mut order: Vec<Value> = Vec::new();
        self.each(
            "SELECT c.name FROM dhcp4_client_class_order o JOIN dhcp4_client_class c ON c.id = o.class_id \
             ORDER BY o.order_index, c.id",
            [],
            |row| {
                order.push(row.get::<_, String>(0)?.into());
                Ok(())
            },
        )?;
        Ok(order.into())
    }

    /// Number of the oldest revision that is kept; 0 when there is none.
    pub(crate) fn oldest(&self) -> Result<u64, Error> {
        let found = self
            .prepare("SELECT MIN(id) FROM dhcp4_audit_revision")?
            .query_row([], |row| row.get::<_, Option<i64>>(0))
            .optional()?
            .flatten();
        Ok(found.and_then(|id| u64::try_from(id).ok()).unwrap_or_default())
    }

    pub(crate) fn revisions(&self, filter: &RevisionFilter) -> Result<Vec<Revision>, Error> {
        let mut revisions = Vec::new();
        let from = i64::try_from(filter.from.0).unwrap_or(i64::MAX);
        let servers = filter.servers.as_ref().map(tags_json);
        self.each(SELECT, (signed(filter.after)?, from, filter.limit, servers), |row| {
            revisions.push(Revision {
                cursor: Cursor { revision: unsigned(row, 0)?, time: Timestamp(unsigned(row, 1)?) },
                server: row.get::<_, Option<String>>(3)?.and_then(|tag| ServerTag::new(&tag).ok()),
                message: row.get(2)?,
                objects: Vec::new(),
                undoable: false,
            });
            Ok(())
        })?;
        for revision in &mut revisions {
            let mut undoable = true;
            let objects = &mut revision.objects;
            self.each(
                "SELECT a.object_type, a.object_id, a.modification_type, h.name, h.object_id FROM dhcp4_audit a \
                 LEFT JOIN dhcp4_audit_history h ON h.revision_id = a.revision_id AND h.object_type = a.object_type \
                 AND h.object_id = a.object_id WHERE a.revision_id = ?1 ORDER BY a.id",
                [signed(revision.cursor.revision)?],
                |row| {
                    undoable &= row.get::<_, Option<i64>>(4)?.is_some();
                    objects.push(RevisedObject {
                        object_type: row.get(0)?,
                        object_id: unsigned(row, 1)?,
                        name: row.get(3)?,
                        modification: modification(row, 2)?,
                    });
                    Ok(())
                },
            )?;
            revision.undoable = undoable;
        }
        Ok(revisions)
    }
}

pub(crate) fn modification(row: &Row<'_>, at: usize) -> Result<Modification, Error> {
    Ok(match row.get::<_, i64>(at)? {
        0 => Modification::Create,
        1 => Modification::Update,
        _ => Modification::Delete,
    })
}
