//! A connection to a file.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::{Path, PathBuf};

use backend::columns::Datum;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, ToSql, params_from_iter};
use sql::{Dialect, Error, Link, Mode, Row};

use crate::watch::touch;

/// What went wrong.
pub(crate) fn failed(error: &rusqlite::Error) -> Error {
    Error::Unavailable(match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            "locked by another program for too long".to_owned()
        }
        Some(rusqlite::ErrorCode::NotADatabase) => "the file is not a SQLite database".to_owned(),
        Some(code @ rusqlite::ErrorCode::ConstraintViolation) => {
            return Error::Rejected { code: format!("{code:?}"), reason: error.to_string() };
        }
        _ => error.to_string(),
    })
}

pub(crate) struct Connection {
    inner: rusqlite::Connection,
    path: PathBuf,
    /// The transaction under way is one that writes.
    writing: Cell<bool>,
}

/// [`Datum`] as a parameter of a statement.
struct Bind<'a>(&'a Datum);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Datum::Null => ToSqlOutput::Owned(Value::Null),
            Datum::Int(i) => ToSqlOutput::Owned(Value::Integer(*i)),
            Datum::Real(r) => ToSqlOutput::Owned(Value::Real(*r)),
            Datum::Text(t) => ToSqlOutput::Borrowed(ValueRef::Text(t.as_bytes())),
            Datum::Bytes(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
        })
    }
}

impl Connection {
    pub(crate) fn new(inner: rusqlite::Connection, path: &Path) -> Self {
        Self { inner, path: path.to_owned(), writing: Cell::new(false) }
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, Error> {
        self.inner.prepare_cached(sql).map_err(|error| failed(&error))
    }
}

impl Link for Connection {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(
        &self,
        sql: &str,
        bind: &[Datum],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut statement = self.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows =
            statement.query(params_from_iter(bind.iter().map(Bind))).map_err(|error| failed(&error))?;
        while let Some(row) = rows.next().map_err(|error| failed(&error))? {
            let mut cells = Vec::with_capacity(columns);
            for at in 0..columns {
                cells.push(match row.get_ref(at).map_err(|error| failed(&error))? {
                    ValueRef::Null => sql::Cell::Null,
                    ValueRef::Integer(i) => sql::Cell::Int(i),
                    ValueRef::Real(r) => sql::Cell::Real(r),
                    ValueRef::Text(t) => sql::Cell::Text(String::from_utf8_lossy(t)),
                    ValueRef::Blob(b) => sql::Cell::Bytes(Cow::Borrowed(b)),
                });
            }
            visit(&Row(&cells))?;
        }
        Ok(())
    }

    fn execute(&self, sql: &str, bind: &[Datum]) -> Result<u64, Error> {
        let count = self.prepare(sql)?.execute(params_from_iter(bind.iter().map(Bind)));
        count.map(|count| u64::try_from(count).unwrap_or(u64::MAX)).map_err(|error| failed(&error))
    }

    fn script(&self, statement: &str) -> Result<(), Error> {
        self.inner.execute_batch(statement).map_err(|error| failed(&error))
    }

    fn insert(&self, sql: &str, bind: &[Datum], _: &str) -> Result<u64, Error> {
        let row = self.prepare(sql)?.insert(params_from_iter(bind.iter().map(Bind)));
        row.map(|row| u64::try_from(row).unwrap_or_default()).map_err(|error| failed(&error))
    }

    fn begin(&self, mode: Mode) -> Result<(), Error> {
        self.writing.set(mode == Mode::Write);
        let sql = if mode == Mode::Write { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.execute(sql, &[]).map(|_| ())
    }

    fn commit(&self) -> Result<(), Error> {
        self.execute("COMMIT", &[])?;
        if self.writing.take() {
            touch(&self.path);
        }
        Ok(())
    }

    fn rollback(&self) -> Result<(), Error> {
        // A failed statement may have ended the transaction already.
        if self.inner.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK", &[]).map(|_| ()) }
    }
}
