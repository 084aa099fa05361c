//! Who uses what is about to change: options of a code, and client classes.

use std::collections::BTreeMap;

use backend::Users;
use backend::columns::{self, Column, Datum, Form};
use base::{Family, ServerTag};

use super::{CLASSES, NETWORKS, OPTIONS, Reader, SUBNETS, Table, tag_of};
use crate::Error;
use crate::Row;
use crate::ids::{Ids, marks};
use crate::link::text;

/// What an option belongs to, as text for operators, and where its servers are found.
struct Holder {
    what: String,
    table: Table,
    ids: Ids,
}

impl Reader<'_> {
    pub(crate) fn option_users(&self, space: &str, code: u16, limit: u32) -> Result<Users, Error> {
        let condition = "o.code = ?1 AND COALESCE(o.space, ?2) = ?2";
        let bind = [Datum::Int(code.into()), text(space), Datum::Int(limit.into())];
        self.tagged(self.holders(condition, &bind, " LIMIT ?3", |_| true)?)
    }

    /// What names a client class, but for other classes: those depend on it, which the database knows.
    pub(crate) fn class_users(&self, class: &str, limit: usize) -> Result<Users, Error> {
        // What means something in a pattern stands for any character here; what is found is looked at again.
        let pattern = |text: &str| -> String {
            text.chars().map(|c| if matches!(c, '%' | '_' | '\\') { '_' } else { c }).collect()
        };
        let plain = pattern(class);
        let listed = format!("%{}%", pattern(&columns::json_text(&class.into())));
        let mut holders = Vec::new();
        let subnet = |row: &Row<'_>, what: &str| {
            let id = row.unsigned(0)?;
            Ok(Holder { what: format!("{what}subnet {id}"), table: SUBNETS, ids: Ids::number(id)? })
        };
        let mut of_table = |columns: &[Column],
                            table: &str,
                            keys: &str,
                            holder: &dyn Fn(&Row<'_>) -> Result<Holder, Error>| {
            let lists: Vec<&Column> = columns
                .iter()
                .filter(|column| matches!(column.keyword, "client-classes" | "evaluate-additional-classes"))
                .collect();
            if lists.is_empty() {
                return Ok(());
            }
            let names: Vec<String> =
                lists.iter().map(|column| self.dialect().quoted(column.column)).collect();
            let conditions: Vec<String> =
                (1..).zip(&names).map(|(at, name)| format!("{name} LIKE ?{at}")).collect();
            // A list, or where there is one class at most, its name.
            let bind: Vec<Datum> = lists
                .iter()
                .map(|column| text(if column.form == Form::OneClass { &plain } else { &listed }))
                .collect();
            let sql =
                format!("SELECT {keys}, {} FROM {table} WHERE {}", names.join(", "), conditions.join(" OR "));
            self.each(&sql, &bind, |row| {
                let named = (2..).zip(&lists).any(|(at, column)| match row.optional_text(at) {
                    Ok(Some(value)) if column.form == Form::OneClass => value == class,
                    Ok(Some(value)) => names_class(value, class),
                    _ => false,
                });
                if named {
                    holders.push(holder(row)?);
                }
                Ok(())
            })
        };
        of_table(&self.layout.network, NETWORKS.table, "id, name", &|row| {
            let what = format!("shared network '{}'", row.text(1)?);
            Ok(Holder { what, table: NETWORKS, ids: Ids::number(row.unsigned(0)?)? })
        })?;
        of_table(&self.layout.subnet, SUBNETS.table, "subnet_id, subnet_prefix", &|row| subnet(row, ""))?;
        of_table(&self.layout.pool, "dhcp4_pool", "subnet_id, id", &|row| subnet(row, "a pool of "))?;
        if self.family == Family::V6 {
            let pd_pool = &self.layout.pd_pool;
            of_table(pd_pool, "dhcp4_pd_pool", "subnet_id, id", &|row| subnet(row, "a pd-pool of "))?;
        }
        if self.layout.option_classes {
            let condition = "o.client_classes LIKE ?1";
            let options =
                self.holders(condition, &[text(&listed)], "", |classes| names_class(classes, class))?;
            holders.extend(
                options
                    .into_iter()
                    .map(|holder| Holder { what: format!("an option of {}", holder.what), ..holder }),
            );
        }
        holders.dedup_by(|a, b| a.what == b.what);
        holders.truncate(limit);
        self.tagged(holders)
    }

    /// Who has each of these classes, of those that are stored.
    pub(crate) fn class_tags(&self, names: &[String]) -> Result<BTreeMap<String, Vec<ServerTag>>, Error> {
        let mut found: BTreeMap<String, Vec<ServerTag>> = BTreeMap::new();
        if names.is_empty() {
            return Ok(found);
        }
        let sql = format!(
            "SELECT c.name, s.tag FROM dhcp4_client_class c LEFT JOIN dhcp4_client_class_server t ON t.class_id = c.id \
             LEFT JOIN dhcp4_server s ON s.id = t.server_id WHERE c.name IN ({})",
            marks(1, names.len())
        );
        let bind: Vec<Datum> = names.iter().map(text).collect();
        self.each(&sql, &bind, |row| {
            let tags = found.entry(row.text(0)?.to_owned()).or_default();
            if !row.is_null(1) {
                tags.push(tag_of(row, 1)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// What the options belong to that meet a condition, whose classes `fits` is asked about.
    fn holders(
        &self,
        condition: &str,
        bind: &[Datum],
        limit: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Vec<Holder>, Error> {
        let pd = if self.family == Family::V6 {
            "WHEN 6 THEN (SELECT p.subnet_id FROM dhcp4_pd_pool p WHERE p.id = o.pd_pool_id)"
        } else {
            ""
        };
        let classes = if self.layout.option_classes { "o.client_classes" } else { "NULL" };
        let sql = format!(
            "SELECT o.option_id, o.scope_id, o.dhcp_client_class, o.shared_network_name, CASE o.scope_id \
             WHEN 5 THEN (SELECT p.subnet_id FROM dhcp4_pool p WHERE p.id = o.pool_id) {pd} ELSE o.dhcp4_subnet_id END, \
             {classes} FROM dhcp4_options o WHERE {condition} ORDER BY o.option_id{limit}"
        );
        let mut holders = Vec::new();
        self.each(&sql, bind, |row| {
            if !fits(row.optional_text(5)?.unwrap_or_default()) {
                return Ok(());
            }
            let (id, subnet) = (row.unsigned(0)?, row.optional_int(4)?);
            let of_subnet = |subnet: i64| Ids::number(u64::try_from(subnet).unwrap_or_default());
            let (what, table, ids) = match (row.int(1)?, row.optional_text(2)?, row.optional_text(3)?, subnet)
            {
                (2, Some(class), _, _) => (
                    format!("client class '{class}'"),
                    CLASSES,
                    Ids::one("SELECT id FROM dhcp4_client_class WHERE name = ?1", class),
                ),
                (4, _, Some(network), _) => (
                    format!("shared network '{network}'"),
                    NETWORKS,
                    Ids::one("SELECT id FROM dhcp4_shared_network WHERE name = ?1", network),
                ),
                (1, _, _, Some(subnet)) => (format!("subnet {subnet}"), SUBNETS, of_subnet(subnet)?),
                (5 | 6, _, _, Some(subnet)) => {
                    (format!("a pool of subnet {subnet}"), SUBNETS, of_subnet(subnet)?)
                }
                (3, ..) => ("a host reservation".to_owned(), OPTIONS, Ids::number(id)?),
                _ => ("the global options".to_owned(), OPTIONS, Ids::number(id)?),
            };
            holders.push(Holder { what, table, ids });
            Ok(())
        })?;
        Ok(holders)
    }

    fn tagged(&self, holders: Vec<Holder>) -> Result<Users, Error> {
        let mut users = Vec::new();
        for Holder { what, table, ids } in holders {
            users.push((what, self.ties(table, &ids)?.any()));
        }
        Ok(users)
    }
}

/// Whether a list of classes, as a column holds it, names one.
fn names_class(list: &str, class: &str) -> bool {
    let list = columns::json_value(list);
    let list = list.as_ref().and_then(json::Value::as_list).unwrap_or_default();
    list.iter().any(|name| name.as_str() == Some(class))
}
