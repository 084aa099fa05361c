//! Between rows and values.

use backend::BackendError;
use backend::columns::{Column, Datum};
use json::Map;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Row, ToSql};

/// What goes wrong inside; [`Error::at`] adds the name of the database.
#[derive(Debug)]
pub(crate) enum Error {
    Sql(rusqlite::Error),
    Io(std::io::Error),
    Backend(BackendError),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<BackendError> for Error {
    fn from(error: BackendError) -> Self {
        Self::Backend(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Error {
    pub(crate) fn bad_row(object: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Backend(BackendError::BadRow { object: object.into(), reason: reason.into() })
    }

    pub(crate) fn at(self, database: &str) -> BackendError {
        let unavailable =
            |reason: String| BackendError::Unavailable { database: database.to_owned(), reason };
        match self {
            Self::Backend(error) => error,
            Self::Io(error) => unavailable(error.to_string()),
            Self::Sql(error) => unavailable(match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                    "locked by another program for too long".to_owned()
                }
                Some(rusqlite::ErrorCode::NotADatabase) => "the file is not a SQLite database".to_owned(),
                _ => error.to_string(),
            }),
        }
    }
}

/// [`Datum`] as a parameter of a statement.
pub(crate) struct Bind(pub(crate) Datum);

impl ToSql for Bind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match &self.0 {
            Datum::Null => ToSqlOutput::Owned(SqlValue::Null),
            Datum::Int(i) => ToSqlOutput::Owned(SqlValue::Integer(*i)),
            Datum::Real(r) => ToSqlOutput::Owned(SqlValue::Real(*r)),
            Datum::Text(t) => ToSqlOutput::Borrowed(ValueRef::Text(t.as_bytes())),
            Datum::Bytes(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
        })
    }
}

/// A column of a row.
pub(crate) fn datum(row: &Row<'_>, at: usize) -> rusqlite::Result<Datum> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => Datum::Null,
        ValueRef::Integer(i) => Datum::Int(i),
        ValueRef::Real(r) => Datum::Real(r),
        ValueRef::Text(t) => Datum::Text(String::from_utf8_lossy(t).into_owned()),
        ValueRef::Blob(b) => Datum::Bytes(b.to_vec()),
    })
}

/// The members that columns from `first` on hold.
pub(crate) fn members(
    row: &Row<'_>,
    first: usize,
    columns: &[Column],
    map: &mut Map,
    object: impl Fn() -> String,
) -> Result<(), Error> {
    for (at, column) in columns.iter().enumerate() {
        let index = first + at;
        if matches!(row.get_ref(index)?, ValueRef::Null) {
            continue;
        }
        column.load(datum(row, index)?, map).ok_or_else(|| {
            Error::bad_row(object(), format!("column {} holds no {}", column.column, column.keyword))
        })?;
    }
    Ok(())
}

/// `a, b, c` of columns, each with a prefix; SQL wants names that begin with a digit in quotes.
pub(crate) fn names(columns: &[Column]) -> String {
    columns.iter().map(|c| format!("\"{}\"", c.column)).collect::<Vec<_>>().join(", ")
}

/// A row number or count that is never negative.
pub(crate) fn unsigned(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(at)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, number))
}

/// A row number as SQL takes it.
pub(crate) fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::bad_row(format!("row {number}"), "number out of range"))
}
