//! Reading of what a database remembers: images of objects, and revisions.

use std::collections::{BTreeMap, BTreeSet};

use backend::columns::Datum;
use backend::{Image, Modification, RevisedObject, Revision, RevisionFilter, Stored, text_member};
use base::ServerTag;
use json::{Map, Value};

use crate::ids::{Ids, marks};
use crate::link::{number, text};
use crate::read::pull::cursor;
use crate::read::{CLASSES, GLOBALS, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS};
use crate::{Error, Row};

/// The table of servers.
pub(crate) const SERVERS: &str = "dhcp4_server";

/// What the history calls the order of classes, which is no row of its own.
pub(crate) const CLASS_ORDER: &str = "dhcp4_client_class_order";

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
        let ids = Ids::numbers(self.dialect(), rows);
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
            &[number(row)?],
            |row| {
                dependencies.push(row.text(0)?.into());
                Ok(())
            },
        )?;
        let sql = "SELECT depend_on_known_directly FROM dhcp4_client_class WHERE id = ?1";
        let known = self.first(sql, &[number(row)?], |row| row.flag(0))?.unwrap_or(false);
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
        let sql = format!("SELECT id, tag, description FROM dhcp4_server WHERE {}", ids.hold("id"));
        self.each(&sql, ids.bind(), |row| {
            let name = row.text(1)?.to_owned();
            let map = Map::from([
                ("server-tag".to_owned(), name.as_str().into()),
                ("description".to_owned(), row.optional_text(2)?.unwrap_or_default().into()),
            ]);
            images.insert(row.unsigned(0)?, Image { name, tags: Vec::new(), map, links: Map::new() });
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
            &[],
            |row| {
                order.push(row.text(0)?.into());
                Ok(())
            },
        )?;
        Ok(order.into())
    }

    pub(crate) fn revisions(&self, filter: &RevisionFilter) -> Result<Vec<Revision>, Error> {
        let seconds = self.dialect().seconds("r.modification_ts");
        let mut bind = vec![
            number(filter.after)?,
            Datum::Int(i64::try_from(filter.from.0).unwrap_or(i64::MAX)),
            Datum::Int(filter.limit.into()),
        ];
        let concerned = filter.servers.as_ref().map_or_else(String::new, |tags| {
            let marks = marks(bind.len() + 1, tags.len());
            bind.extend(tags.iter().map(|tag| text(tag.as_str())));
            format!(
                " AND (s.tag IS NULL{})",
                if tags.is_empty() { String::new() } else { format!(" OR s.tag IN ({marks})") }
            )
        });
        let sql = format!(
            "SELECT r.id, {seconds}, COALESCE(r.log_message, ''), s.tag FROM dhcp4_audit_revision r \
             LEFT JOIN dhcp4_server s ON s.id = r.server_id WHERE r.id > ?1 AND {seconds} >= ?2{concerned} \
             ORDER BY r.id DESC LIMIT ?3"
        );
        let mut revisions = Vec::new();
        self.each(&sql, &bind, |row| {
            revisions.push(Revision {
                cursor: cursor(row)?,
                server: row.optional_text(3)?.and_then(|tag| ServerTag::new(tag).ok()),
                message: row.text(2)?.to_owned(),
                objects: Vec::new(),
                undoable: false,
            });
            Ok(())
        })?;
        let (history, join) = if self.layout.history {
            (
                "h.name, h.object_id",
                "LEFT JOIN dhcp4_audit_history h ON h.revision_id = a.revision_id \
                 AND h.object_type = a.object_type AND h.object_id = a.object_id",
            )
        } else {
            ("NULL, NULL", "")
        };
        let shown: BTreeSet<u64> = revisions.iter().map(|revision| revision.cursor.revision).collect();
        let ids = Ids::numbers(self.dialect(), &shown);
        let sql = format!(
            "SELECT a.revision_id, a.object_type, a.object_id, a.modification_type, {history} FROM dhcp4_audit a {join} \
             WHERE {} ORDER BY a.id",
            ids.hold("a.revision_id")
        );
        let mut objects: BTreeMap<u64, (Vec<RevisedObject>, bool)> = BTreeMap::new();
        self.each(&sql, ids.bind(), |row| {
            let (list, undoable) = objects.entry(row.unsigned(0)?).or_insert((Vec::new(), true));
            *undoable &= !row.is_null(5);
            list.push(RevisedObject {
                object_type: row.text(1)?.to_owned(),
                object_id: row.unsigned(2)?,
                name: row.optional_text(4)?.map(str::to_owned),
                modification: modification(row, 3)?,
            });
            Ok(())
        })?;
        for revision in &mut revisions {
            (revision.objects, revision.undoable) =
                objects.remove(&revision.cursor.revision).unwrap_or((Vec::new(), true));
        }
        Ok(revisions)
    }
}

pub(crate) fn modification(row: &Row<'_>, at: usize) -> Result<Modification, Error> {
    Ok(match row.int(at)? {
        0 => Modification::Create,
        1 => Modification::Update,
        _ => Modification::Delete,
    })
}
