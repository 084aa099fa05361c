//! Sets of rows, as conditions of statements.

use std::collections::BTreeSet;

use backend::columns::Datum;
use backend::{ServerSelector, SubnetKey};
use base::ServerTag;

use crate::Error;
use crate::link::{Dialect, number, text};
use crate::read::Table;

/// Numbers of that many rows are parameters; a longer list is written out, or handed over as JSON.
const FEW: usize = 64;

/// A set of row numbers. Its parameters are the first ones of the statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    /// What `IN (...)` has to hold, all of them.
    lists: Vec<String>,
    bind: Vec<Datum>,
}

impl Ids {
    /// One row.
    pub(crate) fn number(row: u64) -> Result<Self, Error> {
        Ok(Self { lists: vec!["?1".to_owned()], bind: vec![number(row)?] })
    }

    /// Some rows.
    pub(crate) fn numbers(dialect: Dialect, rows: &BTreeSet<u64>) -> Self {
        let mut ids = Self::default();
        ids.and_numbers(dialect, rows);
        ids
    }

    /// Rows that a query with one parameter finds.
    pub(crate) fn one(sql: &str, key: impl Into<String>) -> Self {
        Self { lists: vec![sql.to_owned()], bind: vec![text(key)] }
    }

    /// Rows that a query finds.
    fn of(sql: String, bind: Vec<Datum>) -> Self {
        Self { lists: vec![sql], bind }
    }

    fn and_numbers(&mut self, dialect: Dialect, rows: &BTreeSet<u64>) {
        let written = |rows: &BTreeSet<u64>| rows.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let next = self.bind.len() + 1;
        let list = match dialect {
            _ if rows.len() <= FEW => {
                // The last one is repeated up to a power of two: few statements do for all lists.
                let padded = rows.len().max(1).next_power_of_two();
                let last = rows.last().copied().unwrap_or_default();
                let numbers = rows.iter().copied().chain(std::iter::repeat(last)).take(padded);
                self.bind.extend(numbers.map(|row| Datum::Int(i64::try_from(row).unwrap_or(i64::MAX))));
                marks(next, padded)
            }
            Dialect::Sqlite | Dialect::PostgreSql => {
                self.bind.push(Datum::Text(format!("[{}]", written(rows))));
                if dialect == Dialect::Sqlite {
                    format!("SELECT value FROM json_each(?{next})")
                } else {
                    format!(
                        "SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(?{next} AS JSON))"
                    )
                }
            }
            Dialect::MySql => written(rows),
        };
        self.lists.push(list);
    }

    /// `column` is one of them.
    pub(crate) fn hold(&self, column: &str) -> String {
        let each: Vec<String> = self.lists.iter().map(|list| format!("{column} IN ({list})")).collect();
        each.join(" AND ")
    }

    pub(crate) fn bind(&self) -> &[Datum] {
        &self.bind
    }
}

/// `?3, ?4, ?5`.
pub(crate) fn marks(first: usize, count: usize) -> String {
    let marks: Vec<String> = (first..first + count).map(|n| format!("?{n}")).collect();
    marks.join(", ")
}

/// The rows of a table that a selector means.
pub(crate) fn tied(table: Table, selector: &ServerSelector) -> Ids {
    let Table { table: name, key, ties, tie_key, only } = table;
    match selector.tags() {
        Some(tags) => tied_to(table, &tags),
        None if *selector == ServerSelector::Unassigned => Ids::of(
            format!("SELECT {key} FROM {name} WHERE {only} AND {key} NOT IN (SELECT {tie_key} FROM {ties})"),
            vec![],
        ),
        None => Ids::of(format!("SELECT {key} FROM {name} WHERE {only}"), vec![]),
    }
}

fn tied_to(table: Table, tags: &BTreeSet<ServerTag>) -> Ids {
    let Table { ties, tie_key, .. } = table;
    let servers = format!("SELECT id FROM dhcp4_server WHERE tag IN ({})", marks(1, tags.len()));
    Ids::of(
        format!("SELECT {tie_key} FROM {ties} WHERE server_id IN ({servers})"),
        tags.iter().map(|tag| text(tag.as_str())).collect(),
    )
}

/// Of some rows, those that a selector means. The rows come into the query itself where there is one: a database may
/// begin with what it holds for the servers, which can be everything.
pub(crate) fn tied_of(
    dialect: Dialect,
    table: Table,
    selector: &ServerSelector,
    rows: &BTreeSet<u64>,
) -> Ids {
    let mut ids = tied(table, selector);
    let column = if selector.tags().is_some() { table.tie_key } else { table.key };
    let queries = std::mem::take(&mut ids.lists);
    ids.and_numbers(dialect, rows);
    let numbers = std::mem::take(&mut ids.lists).concat();
    ids.lists = queries.into_iter().map(|query| format!("{query} AND {column} IN ({numbers})")).collect();
    ids
}

pub(crate) fn subnet_by(key: SubnetKey) -> Ids {
    match key {
        SubnetKey::Id(id) => Ids::of("?1".to_owned(), vec![Datum::Int(i64::from(id.0))]),
        SubnetKey::Prefix(prefix) => {
            Ids::one("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix = ?1", prefix.to_string())
        }
    }
}
