//! The statements about leases, for the columns that a database has.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use backend::columns::Datum;
use lease::{Among, Bound, ExtendedKey, LeaseState, extended_keys};

use super::record::{Column, Kind, Record, identifier, refusal};
use crate::link::text;
use crate::{Dialect, Error};

/// Keys that one statement asks for; what is asked for fewer is filled up, so that databases see few statements.
pub(super) const KEYS: [usize; 4] = [1, 4, 16, 64];

/// A statement and its parameters.
pub(super) type Statement = (String, Vec<Datum>);

/// The statements of one table.
pub(super) struct Texts<R> {
    pub(super) dialect: Dialect,
    /// Of the columns, those that the table has.
    present: Vec<bool>,
    select: String,
    insert: String,
    update: String,
    delete: String,
    /// The table's identifiers of relay agents have a place.
    extended: bool,
    /// Leases are counted by the classes of their clients.
    classes: bool,
    record: PhantomData<fn() -> R>,
}

impl<R: Record> Texts<R> {
    /// Those for a table with these columns, of these types. Refuses tables that lack what every lease needs, and those of before Kea 2.4 that have IPv6 addresses as texts.
    /// `extended`: so are the tables of [`Record::EXTENDED`], `classes`: so is [`Record::CLASS_COUNTS`].
    pub(super) fn new(
        dialect: Dialect,
        columns: &BTreeMap<String, String>,
        extended: bool,
        classes: bool,
    ) -> Result<Self, Error> {
        let missing = |column: &&Column| !column.newer && !columns.contains_key(column.name);
        let refuse = |why: String| Err(backend::BackendError::Schema(why).into());
        if let Some(column) = R::COLUMNS.iter().find(missing) {
            return refuse(format!(
                "table {} has no column {}; see kea-admin db-upgrade",
                R::TABLE,
                column.name
            ));
        }
        let form = columns.get("address").map(String::as_str);
        if R::FAMILY == base::Family::V6 && !matches!(form, Some("binary" | "inet" | "USER-DEFINED")) {
            return refuse(format!(
                "table {} is of a version before Kea 2.4, with addresses as texts; see kea-admin db-upgrade",
                R::TABLE
            ));
        }
        let present: Vec<bool> = R::COLUMNS.iter().map(|column| columns.contains_key(column.name)).collect();
        let selected = R::COLUMNS.iter().zip(&present).map(|(column, present)| match column.kind {
            _ if !present => "NULL".to_owned(),
            Kind::Moment => dialect.seconds(column.name),
            _ => column.name.to_owned(),
        });
        let select = format!("SELECT {} FROM {}", selected.collect::<Vec<_>>().join(", "), R::TABLE);
        let there = || R::COLUMNS.iter().zip(&present).filter(|(_, present)| **present).map(|(c, _)| c);
        let parameter = |column: &Column, number: usize| match column.kind {
            Kind::Moment => dialect.moment(number),
            _ => format!("?{number}"),
        };
        let names: Vec<&str> = there().map(|column| column.name).collect();
        let values: Vec<String> = (1..).zip(there()).map(|(at, column)| parameter(column, at)).collect();
        let (begin, end) = dialect.insert_new();
        let insert =
            format!("{begin} {} ({}) VALUES ({}){end}", R::TABLE, names.join(", "), values.join(", "));
        let set: Vec<String> = (1..)
            .zip(there())
            .skip(1)
            .map(|(at, column)| format!("{} = {}", column.name, parameter(column, at)))
            .collect();
        let guard = |first: usize| {
            let one = |(at, column): (usize, &Column)| {
                let value = parameter(column, at);
                match column.kind {
                    // As it was read: it may have fractions, or be missing.
                    Kind::Moment => format!(" AND COALESCE({}, 0) = ?{at}", dialect.seconds(column.name)),
                    Kind::Number => format!(" AND COALESCE({}, 0) = {value}", column.name),
                    Kind::Octets | Kind::Text => format!(" AND COALESCE({}, '') = {value}", column.name),
                }
            };
            (first..).zip(R::COLUMNS.iter().filter(|column| column.guards)).map(one).collect::<String>()
        };
        let address = names.first().copied().unwrap_or_default();
        Ok(Self {
            dialect,
            select,
            insert,
            update: format!(
                "UPDATE {} SET {} WHERE {address} = ?1{}",
                R::TABLE,
                set.join(", "),
                guard(names.len() + 1)
            ),
            delete: format!("DELETE FROM {} WHERE {address} = ?1{}", R::TABLE, guard(2)),
            // Where there are no tables for them, the lease's own columns are newer ones.
            extended: extended && (R::FAMILY == base::Family::V6 || columns.contains_key("relay_id")),
            classes,
            present,
            record: PhantomData,
        })
    }

    /// Whether identifiers of relay agents have a place.
    pub(super) fn has_extended_info(&self) -> bool {
        self.extended
    }

    /// Whether leases are counted by the classes of their clients.
    pub(super) fn counts_classes(&self) -> bool {
        self.classes
    }

    /// How many leases there are of those that a bound is about, as triggers count them: no row where there are none.
    pub(super) fn held(&self, bound: &Bound) -> Result<Statement, Error> {
        let (mut sql, among) = match &bound.among {
            Among::Class(_) if !self.classes => {
                let text = "the database counts no leases by client class; see kea-admin db-upgrade";
                return Err(backend::BackendError::Schema(text.to_owned()).into());
            }
            Among::Class(class) => {
                (format!("SELECT leases FROM {} WHERE client_class = ?1", R::CLASS_COUNTS), text(&**class))
            }
            Among::Subnet(subnet) => (
                format!(
                    "SELECT leases FROM {}_stat WHERE subnet_id = ?1 AND state = {}",
                    R::TABLE,
                    LeaseState::Default.code()
                ),
                Datum::Int(subnet.0.into()),
            ),
        };
        if R::FAMILY == base::Family::V6 {
            sql.push_str(&format!(" AND lease_type = {}", bound.lease_type.code()));
        }
        Ok((sql, vec![among]))
    }

    /// The values of the columns that there are.
    fn values(&self, lease: &R) -> Result<Vec<Datum>, Error> {
        let values = lease.values(self.dialect);
        if let Some(why) = refusal(&values, R::COLUMNS, self.dialect) {
            let text = format!("the lease of {} can not be stored: {why}", lease.address());
            return Err(Error::Rejected { code: String::new(), reason: text });
        }
        Ok(values.into_iter().zip(&self.present).filter(|(_, present)| **present).map(|(v, _)| v).collect())
    }

    /// What is still so where nobody changed the lease.
    fn guards(&self, lease: &R) -> impl Iterator<Item = Datum> {
        let guards = R::COLUMNS.iter().zip(lease.values(self.dialect)).filter(|(column, _)| column.guards);
        guards.map(|(column, value)| match (column.kind, value) {
            (Kind::Octets, Datum::Null) => Datum::Bytes(Vec::new()),
            (_, value) => value,
        })
    }

    pub(super) fn insert(&self, lease: &R) -> Result<Statement, Error> {
        Ok((self.insert.clone(), self.values(lease)?))
    }

    pub(super) fn update(&self, lease: &R, expected: &R) -> Result<Statement, Error> {
        let mut bind = self.values(lease)?;
        bind.extend(self.guards(expected));
        Ok((self.update.clone(), bind))
    }

    pub(super) fn delete(&self, expected: &R) -> Statement {
        let address = R::place(expected.address(), self.dialect);
        (self.delete.clone(), std::iter::once(address).chain(self.guards(expected)).collect())
    }

    /// `select` with what comes behind the table.
    pub(super) fn select(&self, rest: &str) -> String {
        format!("{} {rest}", self.select)
    }

    /// The leases whose column has one of these values.
    pub(super) fn of_keys(&self, column: &str, keys: &[Datum]) -> Statement {
        let count = KEYS.into_iter().find(|count| *count >= keys.len()).unwrap_or(keys.len());
        let marks: Vec<String> = (1..=count).map(|number| format!("?{number}")).collect();
        let last = keys.last().cloned().unwrap_or(Datum::Null);
        let mut bind = keys.to_vec();
        bind.resize(count, last);
        (self.select(&format!("WHERE {column} IN ({})", marks.join(", "))), bind)
    }

    /// What finds up to `limit` leases with this in common above `after`: a condition with its parameters.
    pub(super) fn in_common(&self, key: &ExtendedKey, after: Option<R::Address>) -> Result<Statement, Error> {
        let (mut condition, mut bind, closing) = match (identifier::<R>(key), key) {
            (None, ExtendedKey::Subnet(subnet)) => {
                ("subnet_id = ?1".to_owned(), vec![Datum::Int(subnet.0.into())], "")
            }
            _ if !self.extended => {
                let text =
                    "the database has no place for identifiers of relay agents; see kea-admin db-upgrade";
                return Err(backend::BackendError::Schema(text.to_owned()).into());
            }
            (Some(((table, column), octets)), _) => (
                format!("address IN (SELECT lease_addr FROM {table} WHERE {column} = ?1"),
                vec![Datum::Bytes(octets.to_vec())],
                ")",
            ),
            (None, ExtendedKey::RelayId(octets)) => {
                ("relay_id = ?1".to_owned(), vec![Datum::Bytes(octets.to_vec())], "")
            }
            (None, ExtendedKey::RemoteId(octets)) => {
                ("remote_id = ?1".to_owned(), vec![Datum::Bytes(octets.to_vec())], "")
            }
        };
        if let Some(after) = after {
            condition.push_str(if closing.is_empty() { " AND address > ?2" } else { " AND lease_addr > ?2" });
            bind.push(R::place(after, self.dialect));
        }
        condition.push_str(closing);
        Ok((condition, bind))
    }

    /// What makes the tables of identifiers say of a lease what its user context does.
    pub(super) fn extend(&self, lease: &R) -> Vec<Statement> {
        if !self.extended {
            return Vec::new();
        }
        let place = || R::place(lease.address(), self.dialect);
        let delete =
            |(table, _): &(&str, &str)| (format!("DELETE FROM {table} WHERE lease_addr = ?1"), vec![place()]);
        let insert = |key: &ExtendedKey| {
            let ((table, column), octets) = identifier::<R>(key)?;
            // What the column does not take nobody can ask for.
            let most = if column == "relay_id" { base::Duid::MAX } else { 255 };
            let octets_of = if self.dialect == Dialect::PostgreSql { "CAST(?1 AS BYTEA)" } else { "?1" };
            // Of a lease that others delete at this moment there is nothing to say.
            let sql = format!(
                "INSERT INTO {table} ({column}, lease_addr) SELECT {octets_of}, address FROM {} WHERE address = ?2",
                R::TABLE
            );
            (octets.len() <= most).then(|| (sql, vec![Datum::Bytes(octets.to_vec()), place()]))
        };
        let keys = extended_keys(R::FAMILY, lease.user_context());
        R::EXTENDED.iter().map(delete).chain(keys.iter().filter_map(insert)).collect()
    }

    /// Deletes the leases of these addresses that fulfil a condition, which has no parameters.
    pub(super) fn delete_all(&self, addresses: &[R::Address], condition: &str) -> Statement {
        let marks: Vec<String> = (1..=addresses.len()).map(|number| format!("?{number}")).collect();
        let bind = addresses.iter().map(|address| R::place(*address, self.dialect)).collect();
        let sql = format!("DELETE FROM {} WHERE address IN ({}) AND {condition}", R::TABLE, marks.join(", "));
        (sql, bind)
    }
}
