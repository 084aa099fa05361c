//! A connection to a database, as statements need it; rows and what goes wrong.

use std::borrow::Cow;

use backend::BackendError;
use backend::columns::{Column, Datum};
use json::Map;

/// What databases say differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    MySql,
    PostgreSql,
}

impl Dialect {
    /// A moment from the parameter of that number, in seconds since the epoch.
    pub(crate) fn moment(self, parameter: usize) -> String {
        match self {
            Self::Sqlite => format!("datetime(?{parameter}, 'unixepoch')"),
            Self::MySql => format!("FROM_UNIXTIME(?{parameter})"),
            Self::PostgreSql => format!("to_timestamp(?{parameter})"),
        }
    }

    /// A column's moment in seconds since the epoch.
    pub(crate) fn seconds(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("CAST(strftime('%s', {column}) AS INTEGER)"),
            Self::MySql => format!("UNIX_TIMESTAMP({column})"),
            Self::PostgreSql => format!("CAST(floor(extract(epoch FROM {column})) AS BIGINT)"),
        }
    }

    /// What an `INSERT` begins and ends with that does nothing where there is a row of the same key already.
    pub(crate) fn insert_new(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("INSERT OR IGNORE INTO", ""),
            // Other faults would be ignored as well: values are known to fit before they are sent.
            Self::MySql => ("INSERT IGNORE INTO", ""),
            Self::PostgreSql => ("INSERT INTO", " ON CONFLICT DO NOTHING"),
        }
    }

    /// A name in quotes: some begin with a digit.
    pub(crate) fn quoted(self, name: &str) -> String {
        if self == Self::MySql { format!("`{name}`") } else { format!("\"{name}\"") }
    }

    /// The name of a column that PostgreSQL's schema calls otherwise.
    pub(crate) fn column(self, name: &'static str) -> &'static str {
        match (self, name) {
            (Self::PostgreSql, "4o6_interface") => "interface_4o6",
            (Self::PostgreSql, "4o6_interface_id") => "interface_id_4o6",
            (Self::PostgreSql, "4o6_subnet") => "subnet_4o6",
            _ => name,
        }
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Sees one state.
    Read,
    Write,
}

/// A connection, used by one thread, on which Kea's triggers write no audit rows. Parameters of statements are `?1`, `?2`, ..., each used as often as needed.
/// Text is UTF-8; booleans are the numbers 0 and 1; IPv4 addresses are numbers, those of IPv6 texts.
pub trait Link {
    fn dialect(&self) -> Dialect;

    /// Calls `visit` with each row.
    fn query(
        &self,
        sql: &str,
        bind: &[Datum],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error>;

    /// Several queries that travel together; `visit` is told which one a row is of. Rows come in the order of the
    /// queries, which see one state only in a transaction that does.
    fn query_all(
        &self,
        queries: &[(&str, &[Datum])],
        visit: &mut dyn FnMut(usize, &Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for (at, (sql, bind)) in queries.iter().enumerate() {
            self.query(sql, bind, &mut |row| visit(at, row))?;
        }
        Ok(())
    }

    /// Number of rows that the statement found.
    fn execute(&self, sql: &str, bind: &[Datum]) -> Result<u64, Error>;

    /// Several statements that travel together, each as by [`execute`](Self::execute); a fault of one is one of all.
    fn execute_all(&self, statements: &[(&str, &[Datum])]) -> Result<Vec<u64>, Error> {
        statements.iter().map(|(sql, bind)| self.execute(sql, bind)).collect()
    }

    /// As [`execute`](Self::execute) for who needs no number: it may be sent together with what follows, and fail
    /// there, at the latest when the transaction is committed.
    fn send(&self, sql: &str, bind: &[Datum]) -> Result<(), Error> {
        self.execute(sql, bind).map(|_| ())
    }

    /// Runs one statement as it is, without parameters: of those that databases do not prepare.
    fn script(&self, statement: &str) -> Result<(), Error>;

    /// Inserts one row; the number that the database gave it in the column `key`.
    fn insert(&self, sql: &str, bind: &[Datum], key: &str) -> Result<u64, Error>;

    fn begin(&self, mode: Mode) -> Result<(), Error>;

    fn commit(&self) -> Result<(), Error>;

    fn rollback(&self) -> Result<(), Error>;

    /// Tells all who listen that servers of a family have something to fetch, when the transaction is committed.
    fn announce(&self, _family: base::Family) -> Result<(), Error> {
        Ok(())
    }
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

/// A row while it is looked at.
#[derive(Debug)]
pub struct Row<'a>(pub &'a [Cell<'a>]);

impl<'a> Row<'a> {
    fn cell(&self, at: usize) -> &Cell<'a> {
        self.0.get(at).unwrap_or(&Cell::Null)
    }

    fn wrong(&self, at: usize, wanted: &str) -> Error {
        let first = match self.cell(0) {
            Cell::Int(i) => i.to_string(),
            Cell::Text(t) => t.to_string(),
            _ => "?".to_owned(),
        };
        Error::bad_row(format!("row '{first}'"), format!("column {} of the answer is {wanted}", at + 1))
    }

    pub fn is_null(&self, at: usize) -> bool {
        matches!(self.cell(at), Cell::Null)
    }

    pub fn int(&self, at: usize) -> Result<i64, Error> {
        self.optional_int(at)?.ok_or_else(|| self.wrong(at, "empty"))
    }

    pub fn optional_int(&self, at: usize) -> Result<Option<i64>, Error> {
        match self.cell(at) {
            Cell::Null => Ok(None),
            Cell::Int(i) => Ok(Some(*i)),
            _ => Err(self.wrong(at, "no integer")),
        }
    }

    pub fn flag(&self, at: usize) -> Result<bool, Error> {
        Ok(self.int(at)? != 0)
    }

    /// A row number or count that is never negative.
    pub fn unsigned(&self, at: usize) -> Result<u64, Error> {
        u64::try_from(self.int(at)?).map_err(|_| self.wrong(at, "negative"))
    }

    pub fn text(&self, at: usize) -> Result<&str, Error> {
        self.optional_text(at)?.ok_or_else(|| self.wrong(at, "empty"))
    }

    pub fn optional_text(&self, at: usize) -> Result<Option<&str>, Error> {
        match self.cell(at) {
            Cell::Null => Ok(None),
            Cell::Text(t) => Ok(Some(t)),
            _ => Err(self.wrong(at, "no text")),
        }
    }

    pub fn optional_bytes(&self, at: usize) -> Result<Option<&[u8]>, Error> {
        match self.cell(at) {
            Cell::Null => Ok(None),
            Cell::Bytes(b) => Ok(Some(b)),
            Cell::Text(t) => Ok(Some(t.as_bytes())),
            _ => Err(self.wrong(at, "no octets")),
        }
    }

    pub fn datum(&self, at: usize) -> Datum {
        match self.cell(at) {
            Cell::Null => Datum::Null,
            Cell::Int(i) => Datum::Int(*i),
            Cell::Real(r) => Datum::Real(*r),
            Cell::Text(t) => Datum::Text(t.clone().into_owned()),
            Cell::Bytes(b) => Datum::Bytes(b.clone().into_owned()),
        }
    }

    /// Puts what columns from `first` on hold into a map.
    pub(crate) fn members(
        &self,
        first: usize,
        columns: &[Column],
        map: &mut Map,
        object: impl Fn() -> String,
    ) -> Result<(), Error> {
        for (at, column) in (first..).zip(columns) {
            if !self.is_null(at) {
                column.load(self.datum(at), map).ok_or_else(|| {
                    let reason = format!("column {} holds no {}", column.column, column.keyword);
                    Error::bad_row(object(), reason)
                })?;
            }
        }
        Ok(())
    }
}

/// What goes wrong; [`Error::at`] adds the name of the database.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The connection is gone, and with it the transaction.
    #[error("{0}")]
    Lost(String),
    /// The connection went while a transaction was being committed: perhaps it is.
    #[error("{0}")]
    Uncertain(String),
    /// Others were in the way, and the transaction was given up for them (a deadlock): the same may go well now.
    #[error("{0}")]
    Contended(String),
    /// The database does not answer, is locked for too long, or refuses the service.
    #[error("{0}")]
    Unavailable(String),
    /// The database does not take what the statement brings.
    #[error("{reason}")]
    Rejected {
        /// The database's own.
        code: String,
        reason: String,
    },
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl Error {
    pub fn bad_row(object: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Backend(BackendError::BadRow { object: object.into(), reason: reason.into() })
    }

    /// The error as users of a database see it.
    #[must_use]
    pub fn at(self, database: &str) -> BackendError {
        let (database, reason) = (database.to_owned(), self.to_string());
        match self {
            Self::Backend(error) => error,
            Self::Rejected { .. } => BackendError::Rejected { database, reason },
            Self::Uncertain(_) => BackendError::Uncertain { database, reason },
            Self::Lost(_) | Self::Contended(_) | Self::Unavailable(_) => {
                BackendError::Unavailable { database, reason }
            }
        }
    }
}

/// A row number as SQL takes it.
pub(crate) fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::bad_row(format!("row {number}"), "number out of range"))
}

/// A row number as a parameter.
pub(crate) fn number(number: u64) -> Result<Datum, Error> {
    signed(number).map(Datum::Int)
}

pub(crate) fn text(text: impl Into<String>) -> Datum {
    Datum::Text(text.into())
}

/// SQL is written for DHCPv4; the tables of the other family differ in the digit.
#[must_use]
pub fn of_family(sql: &str, family: base::Family) -> String {
    if family == base::Family::V4 { sql.to_owned() } else { sql.replace("dhcp4_", "dhcp6_") }
}
