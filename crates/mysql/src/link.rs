//! A connection to MySQL or MariaDB.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::rc::Rc;

use backend::columns::Datum;
use backend::schema::Connection;
use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, OptsBuilder, Params, Row as SqlRow, Value};
use sql::{Access, Blocking, Cell, Dialect, Error, Link, Mode, Row, TlsMode};

use crate::tls;

/// Where Debian's servers listen.
const SOCKET: &str = "/run/mysqld/mysqld.sock";

/// The number of binary text's character set.
const BINARY: u16 = 63;

/// Statements that stay prepared.
const PREPARED: usize = 256;

/// Octets of statements that wait, at most, before they are sent without company; servers take 16 MB and more.
const WAITING: usize = 128 * 1024;

/// What every connection begins with: nothing is cut to fit silently, times are those of the world, Kea's triggers
/// leave the audit to us.
const SETUP: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', \
                     innodb_lock_wait_timeout = 10, @disable_audit = 1";

/// A connection that blocks its thread.
pub struct MySql {
    blocking: Blocking,
    connection: RefCell<Conn>,
    limit: std::time::Duration,
    /// Statements as the server takes them, with the order of their parameters.
    statements: RefCell<HashMap<String, Rc<Statement>>>,
    /// Statements that nobody waits for; they go with the next one that somebody does.
    waiting: RefCell<Script>,
}

/// Statements as one text, parameters written out.
#[derive(Default)]
struct Script {
    text: String,
    statements: usize,
}

struct Statement {
    text: String,
    order: Vec<usize>,
}

impl std::fmt::Debug for MySql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MySql")
    }
}

impl MySql {
    /// Connects. Blocks, and must not be called where futures run.
    pub fn open(access: &Access) -> Result<Self, Error> {
        Self::connect(Blocking::new()?, access)
    }

    pub(crate) fn connect(blocking: Blocking, access: &Access) -> Result<Self, Error> {
        let options = options(access)?;
        let attempt = async {
            match Conn::new(options.clone()).await {
                // The library encrypts or gives up.
                Err(mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer))
                    if access.tls.mode == TlsMode::Prefer =>
                {
                    Conn::new(options.ssl_opts(None)).await
                }
                answer => answer,
            }
            .map_err(failed)
        };
        let connection = blocking.connect(access.connect_timeout, attempt)?;
        let link = Self {
            blocking,
            connection: RefCell::new(connection),
            limit: access.statement_timeout,
            statements: RefCell::default(),
            waiting: RefCell::default(),
        };
        link.script(SETUP)?;
        Ok(link)
    }

    fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.blocking.wait(self.limit, call)
    }

    /// Runs what waits, and `script` behind it; `visit` is told which statement of the latter a row is of. Answers how
    /// many rows each of its statements found.
    fn together(
        &self,
        script: &[(&str, &[Datum])],
        visit: &mut dyn FnMut(usize, &Row<'_>) -> Result<(), Error>,
    ) -> Result<Vec<u64>, Error> {
        let Script { mut text, statements: before } = self.waiting.take();
        for (sql, bind) in script {
            append(&mut text, &self.statement(sql), bind);
        }
        let mut connection = self.connection.borrow_mut();
        self.wait(async {
            let mut result = connection.query_iter(text).await.map_err(failed)?;
            let (mut at, mut answer) = (0_usize, Ok(()));
            let mut found = Vec::with_capacity(script.len());
            while !result.is_empty() {
                if at >= before {
                    found.push(result.affected_rows());
                }
                while let Some(row) = result.next().await.map_err(failed)? {
                    // What is left is read all the same: the connection goes on.
                    if answer.is_ok()
                        && let Some(at) = at.checked_sub(before)
                    {
                        answer = visit(at, &Row(&cells(&row)));
                    }
                }
                at += 1;
            }
            result.drop_result().await.map_err(failed)?;
            // The last statement, unless it has rows, is over when its answer is seen.
            if found.len() < script.len() {
                found.push(connection.affected_rows());
            }
            answer.map(|()| found)
        })
    }

    fn statement(&self, sql: &str) -> Rc<Statement> {
        let mut statements = self.statements.borrow_mut();
        if let Some(statement) = statements.get(sql) {
            return Rc::clone(statement);
        }
        let (texts, order) = sql::parameters(sql);
        let statement = Rc::new(Statement { text: texts.join("?"), order });
        if statements.len() >= PREPARED {
            statements.clear();
        }
        statements.insert(sql.to_owned(), Rc::clone(&statement));
        statement
    }
}

fn options(access: &Access) -> Result<OptsBuilder, Error> {
    let here = access.host.is_empty() || access.host == "localhost";
    let socket = if access.host.starts_with('/') {
        Some(access.host.clone())
    } else {
        (here && access.port == 0 && Path::new(SOCKET).exists()).then(|| SOCKET.to_owned())
    };
    let host = if here || socket.is_some() { "127.0.0.1" } else { access.host.as_str() };
    let builder = OptsBuilder::default()
        .ip_or_hostname(host)
        .tcp_port(if access.port == 0 { 3306 } else { access.port })
        .prefer_socket(false)
        .socket(socket)
        .user(Some(access.user.clone()))
        .pass(Some(access.password.clone()))
        .db_name(Some(access.name.clone()).filter(|name| !name.is_empty()))
        .client_found_rows(true)
        .stmt_cache_size(PREPARED)
        .ssl_opts(tls::options(&access.tls)?);
    Ok(builder)
}

/// What a server's refusal means.
fn failed(error: mysql_async::Error) -> Error {
    match error {
        mysql_async::Error::Server(server) => {
            let reason = server.to_string();
            match server.code {
                // Shutting down, connection killed; a server that became read-only, while another may be written to now.
                1053 | 1079 | 1152 | 1184 | 1290 | 1836 | 1927 | 4031 => Error::Lost(reason),
                // Changed by another since it was read; chosen to give way.
                1020 | 1213 => Error::Contended(reason),
                // Disk or table full; too many connections; waited too long for others; interrupted.
                1021 | 1040 | 1114 | 1203 | 1205 | 1226 | 1317 => Error::Unavailable(reason),
                code => Error::Rejected { code: code.to_string(), reason },
            }
        }
        other => Error::Lost(other.to_string()),
    }
}

fn value(datum: &Datum) -> Value {
    match datum {
        Datum::Null => Value::NULL,
        Datum::Int(i) => Value::Int(*i),
        Datum::Real(r) => Value::Double(*r),
        Datum::Text(t) => Value::Bytes(t.as_bytes().to_vec()),
        Datum::Bytes(b) => Value::Bytes(b.clone()),
    }
}

fn bound(statement: &Statement, bind: &[Datum]) -> Params {
    let at = |number: &usize| number.checked_sub(1).and_then(|at| bind.get(at)).map_or(Value::NULL, value);
    let values: Vec<Value> = statement.order.iter().map(at).collect();
    if values.is_empty() { Params::Empty } else { Params::Positional(values) }
}

/// Adds a statement to a text of statements, with its parameters written out.
fn append(text: &mut String, statement: &Statement, bind: &[Datum]) {
    if !text.is_empty() {
        text.push_str(";\n");
    }
    let mut parts = statement.text.split('?');
    text.push_str(parts.next().unwrap_or_default());
    for (number, part) in statement.order.iter().zip(parts) {
        literal(text, number.checked_sub(1).and_then(|at| bind.get(at)).unwrap_or(&Datum::Null));
        text.push_str(part);
    }
}

/// A value as part of a statement. What could be anything but the value is written in hexadecimal digits.
fn literal(text: &mut String, datum: &Datum) {
    match datum {
        Datum::Int(i) => text.push_str(&i.to_string()),
        Datum::Real(r) if r.is_finite() => text.push_str(&format!("{r:e}")),
        Datum::Null | Datum::Real(_) => text.push_str("NULL"),
        Datum::Text(t)
            if t.bytes().all(|octet| matches!(octet, b' '..=b'~') && !matches!(octet, b'\'' | b'\\')) =>
        {
            text.push_str(&format!("'{t}'"));
        }
        Datum::Text(t) => text.push_str(&format!("_utf8mb4 X'{}'", base::encode_hex(t.as_bytes()))),
        Datum::Bytes(b) => text.push_str(&format!("X'{}'", base::encode_hex(b))),
    }
}

/// A value of single precision in the digits that it was written with.
fn single(real: f32) -> f64 {
    real.to_string().parse().unwrap_or_else(|_| f64::from(real))
}

/// The same of one that was widened on its way.
#[expect(clippy::cast_possible_truncation, clippy::float_cmp, reason = "asks whether anything is lost")]
fn shortest(real: f64) -> f64 {
    let narrow = real as f32;
    if f64::from(narrow) == real { single(narrow) } else { real }
}

fn cells(row: &SqlRow) -> Vec<Cell<'_>> {
    let columns = row.columns_ref();
    (0..row.len())
        .map(|at| match (row.as_ref(at), columns.get(at)) {
            (Some(Value::Int(i)), _) => Cell::Int(*i),
            (Some(Value::UInt(u)), _) => Cell::Int(i64::try_from(*u).unwrap_or(i64::MAX)),
            (Some(Value::Float(r)), _) => Cell::Real(single(*r)),
            (Some(Value::Double(r)), _) => Cell::Real(shortest(*r)),
            (Some(Value::Bytes(octets)), Some(column)) => match column.column_type() {
                ColumnType::MYSQL_TYPE_TINY
                | ColumnType::MYSQL_TYPE_SHORT
                | ColumnType::MYSQL_TYPE_LONG
                | ColumnType::MYSQL_TYPE_INT24
                | ColumnType::MYSQL_TYPE_LONGLONG
                | ColumnType::MYSQL_TYPE_YEAR => number(octets),
                ColumnType::MYSQL_TYPE_FLOAT
                | ColumnType::MYSQL_TYPE_DOUBLE
                | ColumnType::MYSQL_TYPE_DECIMAL
                | ColumnType::MYSQL_TYPE_NEWDECIMAL => real(octets),
                _ if column.character_set() == BINARY => Cell::Bytes(Cow::Borrowed(octets)),
                _ => Cell::Text(String::from_utf8_lossy(octets)),
            },
            _ => Cell::Null,
        })
        .collect()
}

/// A number that came as text, as those of statements without parameters do.
fn number(octets: &[u8]) -> Cell<'_> {
    std::str::from_utf8(octets).ok().and_then(|text| text.parse().ok()).map_or(Cell::Null, Cell::Int)
}

fn real(octets: &[u8]) -> Cell<'_> {
    let text = String::from_utf8_lossy(octets);
    match text.parse::<i64>() {
        Ok(integer) => Cell::Int(integer),
        Err(_) => text.parse().map_or(Cell::Null, |real| Cell::Real(shortest(real))),
    }
}

impl Link for MySql {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn query(
        &self,
        sql: &str,
        bind: &[Datum],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.waiting.borrow().statements > 0 {
            return self.query_all(&[(sql, bind)], &mut |_, row| visit(row));
        }
        let statement = self.statement(sql);
        let parameters = bound(&statement, bind);
        let mut connection = self.connection.borrow_mut();
        self.wait(async {
            let mut result =
                connection.exec_iter(statement.text.as_str(), parameters).await.map_err(failed)?;
            let mut answer = Ok(());
            while let Some(row) = result.next().await.map_err(failed)? {
                if answer.is_ok() {
                    answer = visit(&Row(&cells(&row)));
                }
            }
            answer
        })
    }

    fn query_all(
        &self,
        queries: &[(&str, &[Datum])],
        visit: &mut dyn FnMut(usize, &Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.together(queries, visit).map(|_| ())
    }

    fn execute(&self, sql: &str, bind: &[Datum]) -> Result<u64, Error> {
        let found = self.together(&[(sql, bind)], &mut |_, _| Ok(()))?;
        Ok(found.last().copied().unwrap_or_default())
    }

    fn execute_all(&self, statements: &[(&str, &[Datum])]) -> Result<Vec<u64>, Error> {
        self.together(statements, &mut |_, _| Ok(()))
    }

    fn send(&self, sql: &str, bind: &[Datum]) -> Result<(), Error> {
        let full = {
            let mut waiting = self.waiting.borrow_mut();
            append(&mut waiting.text, &self.statement(sql), bind);
            waiting.statements += 1;
            waiting.text.len() >= WAITING
        };
        if full { self.together(&[], &mut |_, _| Ok(())).map(|_| ()) } else { Ok(()) }
    }

    fn script(&self, statement: &str) -> Result<(), Error> {
        let mut connection = self.connection.borrow_mut();
        self.wait(async { connection.query_drop(statement).await.map_err(failed) })
    }

    fn insert(&self, sql: &str, bind: &[Datum], _: &str) -> Result<u64, Error> {
        self.execute(sql, bind)?;
        Ok(self.connection.borrow().last_insert_id().unwrap_or_default())
    }

    fn begin(&self, mode: Mode) -> Result<(), Error> {
        *self.waiting.borrow_mut() = Script::default();
        self.send(
            match mode {
                Mode::Read => "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
                Mode::Write => "START TRANSACTION",
            },
            &[],
        )
    }

    fn commit(&self) -> Result<(), Error> {
        self.execute("COMMIT", &[]).map(|_| ()).map_err(|error| match error {
            Error::Lost(reason) => Error::Uncertain(reason),
            other => other,
        })
    }

    fn rollback(&self) -> Result<(), Error> {
        // What was not sent is not to be done.
        *self.waiting.borrow_mut() = Script::default();
        self.script("ROLLBACK")
    }
}

impl Connection for MySql {
    type Error = Error;

    fn run(&mut self, statement: &str) -> Result<(), Error> {
        self.script(statement)
    }

    fn row(&mut self, query: &str) -> Result<Option<(i64, i64)>, Error> {
        let mut found = None;
        self.query(query, &[], &mut |row| {
            found = Some((row.int(0)?, row.int(1)?));
            Ok(())
        })?;
        Ok(found)
    }

    fn is_done(error: &Error) -> bool {
        // Duplicate or missing keys, columns, tables and constraints.
        const DONE: [&str; 8] = ["1005", "1022", "1050", "1054", "1060", "1061", "1091", "1826"];
        matches!(error, Error::Rejected { code, .. } if DONE.contains(&code.as_str()))
    }
}
