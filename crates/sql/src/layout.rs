//! Which columns a database's tables have. Schemas from Kea 2.2.0 on are understood as they are: where a column of the
//! newest schema is missing, the older one with its meaning takes its place, or the keyword can not be stored.

use std::collections::{BTreeMap, BTreeSet};

use backend::BackendError;
use backend::columns::{self, Column, Datum, Form};
use base::Family;

use crate::room::{Records, Room, Rooms};
use crate::{Dialect, Error, Link, of_family};

/// Columns of older schemas: those that took their place, and how they differ.
const OLDER: &[(&str, &str, Form)] = &[
    ("client_classes", "client_class", Form::OneClass),
    ("evaluate_additional_classes", "require_client_classes", Form::Json),
    ("only_in_additional_list", "only_if_required", Form::Bool),
];

/// The columns of one family's tables.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) subnet: Vec<Column>,
    pub(crate) network: Vec<Column>,
    pub(crate) class: Vec<Column>,
    pub(crate) pool: Vec<Column>,
    pub(crate) pd_pool: Vec<Column>,
    /// `never-send` of options.
    pub(crate) cancelled: bool,
    /// `client-classes` of options.
    pub(crate) option_classes: bool,
    /// Whether there is the table of what revisions replaced.
    pub(crate) history: bool,
    /// IPv6 addresses of reservations are 16 octets rather than text.
    pub(crate) binary_reservations: bool,
    /// `excluded-prefixes` of reservations.
    pub(crate) excluded_prefixes: bool,
    /// The major version of Kea's schema; `None` where Kea has none.
    pub(crate) version: Option<i64>,
    /// Which number definitions of records have.
    pub(crate) records: Records,
    pub(crate) rooms: Rooms,
    /// The expression for the name that `information_schema` has the tables under; empty where there is no such thing.
    schema: String,
}

impl Layout {
    /// That of the newest schema.
    #[must_use]
    pub fn newest(family: Family) -> Self {
        Self {
            subnet: columns::subnet(family).to_vec(),
            network: columns::network(family).to_vec(),
            class: columns::class(family).to_vec(),
            pool: columns::POOL.to_vec(),
            pd_pool: columns::POOL.to_vec(),
            cancelled: true,
            option_classes: true,
            history: true,
            binary_reservations: false,
            excluded_prefixes: true,
            version: None,
            records: Records::Is254,
            rooms: Rooms::default(),
            schema: String::new(),
        }
    }

    /// That of the database behind a link; `schema` is the expression for the name that `information_schema` has its
    /// tables under. Refuses tables that are not Kea's, and versions before the major one `oldest`.
    pub fn read(link: &dyn Link, schema: &str, oldest: i64, family: Family) -> Result<Self, Error> {
        let mut found = BTreeSet::new();
        let mut rooms = Rooms::default();
        let full = if link.dialect() == Dialect::MySql { "column_type" } else { "data_type" };
        let sql = format!(
            "SELECT table_name, column_name, data_type, character_maximum_length, {full} \
             FROM information_schema.columns WHERE table_schema = {schema} AND table_name LIKE ?1"
        );
        link.query(&sql, &[Datum::Text(of_family("dhcp4_%", family))], &mut |row| {
            let (table, column) = (row.text(0)?, row.text(1)?);
            found.insert((table.to_owned(), column.to_owned()));
            if let Some(room) = Room::of(row.text(2)?, row.optional_int(3)?, row.text(4)?) {
                rooms.insert(table.replacen("dhcp6_", "dhcp4_", 1), column, room);
            }
            Ok(())
        })?;
        let refuse = |text: String| Err(BackendError::Schema(text).into());
        if !found.contains(&(of_family("dhcp4_subnet", family), "subnet_id".to_owned())) {
            return refuse(
                "the database has no tables of a configuration database; see kea-admin db-init".to_owned(),
            );
        }
        let mut version = None;
        link.query("SELECT version, minor FROM schema_version", &[], &mut |row| {
            version = Some((row.int(0)?, row.int(1)?));
            Ok(())
        })?;
        match version {
            Some((major, _)) if major >= oldest => {
                let layout = Self {
                    schema: schema.to_owned(),
                    version: Some(major),
                    rooms,
                    ..Self::of(&found, link.dialect(), family)
                };
                let named = !layout.columns_of(link, "option_def_data_type")?.is_empty();
                Self { records: Records::of(major, named), ..layout }.with_reservations(link)
            }
            Some((major, minor)) => refuse(format!(
                "the tables have version {major}.{minor}, this program needs {oldest}.0 or later; see kea-admin \
                 db-upgrade"
            )),
            None => refuse("the database does not say which version its tables have".to_owned()),
        }
    }

    /// Adds what the table of reserved IPv6 addresses has.
    fn with_reservations(self, link: &dyn Link) -> Result<Self, Error> {
        let columns = self.columns_of(link, "ipv6_reservations")?;
        Ok(Self {
            binary_reservations: columns.get("address").is_some_and(|form| form == "binary"),
            excluded_prefixes: columns.contains_key("excluded_prefix"),
            ..self
        })
    }

    /// The columns of a table, with their types.
    pub(crate) fn columns_of(&self, link: &dyn Link, table: &str) -> Result<BTreeMap<String, String>, Error> {
        let mut columns = BTreeMap::new();
        let sql = format!(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = {} AND table_name = ?1",
            self.schema
        );
        link.query(&sql, &[Datum::Text(table.to_owned())], &mut |row| {
            columns.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
            Ok(())
        })?;
        Ok(columns)
    }

    /// That of a database whose tables have these columns, as pairs of table and column.
    fn of(found: &BTreeSet<(String, String)>, dialect: Dialect, family: Family) -> Self {
        let digit = if family == Family::V4 { '4' } else { '6' };
        let has =
            |table: &str, column: &str| found.contains(&(format!("dhcp{digit}_{table}"), column.to_owned()));
        let present = |table: &str, columns: Vec<Column>| -> Vec<Column> {
            let place = |column: Column| {
                let name = dialect.column(column.column);
                if has(table, name) {
                    return Some(Column { column: name, ..column });
                }
                let (_, older, form) = OLDER.iter().find(|(newer, ..)| *newer == column.column)?;
                has(table, older).then_some(Column { column: older, form: *form, ..column })
            };
            columns.into_iter().filter_map(place).collect()
        };
        let newest = Self::newest(family);
        Self {
            subnet: present("subnet", newest.subnet),
            network: present("shared_network", newest.network),
            class: present("client_class", newest.class),
            pool: present("pool", newest.pool),
            pd_pool: present("pd_pool", newest.pd_pool),
            cancelled: has("options", "cancelled"),
            option_classes: has("options", "client_classes"),
            history: has("audit_history", "revision_id"),
            ..newest
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_columns_stand_in() {
        let found = [
            ("dhcp4_subnet", "client_class"),
            ("dhcp4_subnet", "require_client_classes"),
            ("dhcp4_subnet", "interface_4o6"),
            ("dhcp4_client_class", "only_if_required"),
            ("dhcp4_options", "cancelled"),
        ];
        let found = found.into_iter().map(|(table, column)| (table.to_owned(), column.to_owned())).collect();
        let layout = Layout::of(&found, Dialect::PostgreSql, Family::V4);
        let shown: Vec<_> = layout.subnet.iter().map(|c| (c.keyword, c.column, c.form)).collect();
        assert_eq!(
            shown,
            [
                ("4o6-interface", "interface_4o6", Form::Text),
                ("client-classes", "client_class", Form::OneClass),
                ("evaluate-additional-classes", "require_client_classes", Form::Json),
            ]
        );
        assert_eq!(layout.class[0].absent, Some(0));
        assert!(layout.cancelled && !layout.option_classes && !layout.history);
    }
}
