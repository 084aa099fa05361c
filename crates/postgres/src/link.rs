//! A connection to PostgreSQL.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use backend::columns::Datum;
use backend::schema;
use base::Family;
use futures_util::TryStreamExt;
use futures_util::future::{try_join, try_join_all};
use sql::{Access, Blocking, Dialect, Error, Link, Mode, Row, TlsMode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Statement};

use crate::tls;
use crate::values::{Bind, cells};

/// Statements that stay prepared.
const PREPARED: usize = 256;

/// Statements that wait to be sent together with the next one that somebody waits for; with more, `try_join_all` would
/// not promise their order.
const WAITING: usize = 30;

/// What every connection begins with: Kea's triggers leave the audit to us.
const SETUP: &str = "SELECT set_config('kea.disable_audit', 'true', false)";

/// A connection that blocks its thread.
pub struct PostgreSql {
    blocking: Blocking,
    client: Client,
    limit: std::time::Duration,
    statements: RefCell<HashMap<String, Statement>>,
    waiting: RefCell<Vec<(Statement, Vec<Datum>)>>,
}

impl std::fmt::Debug for PostgreSql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgreSql")
    }
}

/// The name under which servers of a family tell each other of changes.
pub(crate) fn channel(family: Family) -> &'static str {
    if family == Family::V4 { "kea_dhcp4" } else { "kea_dhcp6" }
}

impl PostgreSql {
    /// Connects. Blocks, and must not be called where futures run.
    pub fn open(access: &Access) -> Result<Self, Error> {
        Self::connect(Blocking::new()?, access, None)
    }

    /// With `news`, those are told of each announcement; some come without reason.
    pub(crate) fn connect(
        blocking: Blocking,
        access: &Access,
        news: Option<(Family, Arc<Notify>)>,
    ) -> Result<Self, Error> {
        let config = options(access);
        let listener = news.as_ref().map(|(_, notify)| Arc::clone(notify));
        let refused = |error: tokio_postgres::Error| failed(&error, true);
        let attempt = async {
            if access.tls.mode == TlsMode::Disable {
                let (client, connection) = config.connect(NoTls).await.map_err(refused)?;
                tokio::spawn(drive(connection, listener));
                return Ok::<_, Error>(client);
            }
            let (client, connection) = config.connect(tls::connector(&access.tls)?).await.map_err(refused)?;
            tokio::spawn(drive(connection, listener));
            Ok(client)
        };
        let client = blocking.connect(access.connect_timeout, attempt)?;
        let link = Self {
            blocking,
            client,
            limit: access.statement_timeout,
            statements: RefCell::default(),
            waiting: RefCell::default(),
        };
        link.script(SETUP)?;
        if let Some((family, _)) = news {
            link.script(&format!("LISTEN {}", channel(family)))?;
        }
        Ok(link)
    }

    fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.blocking.wait(self.limit, call)
    }

    fn failed(&self, error: &tokio_postgres::Error) -> Error {
        failed(error, self.client.is_closed())
    }

    fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let (texts, numbers) = sql::parameters(sql);
        let mut texts = texts.into_iter();
        let mut text = texts.next().unwrap_or_default().to_owned();
        for (number, more) in numbers.into_iter().zip(texts) {
            text.push_str(&format!("${number}{more}"));
        }
        let statement =
            self.wait(async { self.client.prepare(&text).await.map_err(|error| self.failed(&error)) })?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= PREPARED {
            statements.clear();
        }
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Sends what waits and `call` together; what waited fails first.
    fn together<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let waiting = self.waiting.take();
        self.wait(async {
            let before = try_join_all(waiting.iter().map(|(statement, bind)| async move {
                let bind = parameters(bind);
                self.client.execute(statement, &references(&bind)).await.map_err(|error| self.failed(&error))
            }));
            // In this order: what cannot even be sent must keep a COMMIT behind it from being sent.
            try_join(before, call).await.map(|(_, answer)| answer)
        })
    }
}

fn parameters(bind: &[Datum]) -> Vec<Bind<'_>> {
    bind.iter().map(Bind).collect()
}

fn references<'a>(bind: &'a [Bind<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    bind.iter().map(|bind| bind as &(dyn ToSql + Sync)).collect()
}

fn options(access: &Access) -> Config {
    let mut config = Config::new();
    let host = if access.host.is_empty() { "localhost" } else { access.host.as_str() };
    config
        .host(host)
        .port(if access.port == 0 { 5432 } else { access.port })
        .user(&access.user)
        .dbname(&access.name)
        .application_name("kea-rs")
        .connect_timeout(access.connect_timeout)
        .ssl_mode(match access.tls.mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            _ => SslMode::Require,
        });
    if !access.password.is_empty() {
        config.password(&access.password);
    }
    config
}

/// Does the connection's work until it ends.
async fn drive<S, T>(mut connection: Connection<S, T>, news: Option<Arc<Notify>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let (AsyncMessage::Notification(_), Some(news)) = (message, &news) {
            news.notify_one();
        }
    }
}

/// What a server's refusal means.
fn failed(error: &tokio_postgres::Error, closed: bool) -> Error {
    if let Some(server) = error.as_db_error() {
        let reason = server.message().to_owned();
        let code = server.code();
        return match *code {
            // Read-only: a standby, while another server may be written to now.
            SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::READ_ONLY_SQL_TRANSACTION => Error::Lost(reason),
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => Error::Contended(reason),
            SqlState::LOCK_NOT_AVAILABLE | SqlState::TOO_MANY_CONNECTIONS | SqlState::QUERY_CANCELED => {
                Error::Unavailable(reason)
            }
            // Class 53 is lack of resources, 58 failures of the system.
            _ if code.code().starts_with("53") || code.code().starts_with("58") => Error::Unavailable(reason),
            _ => Error::Rejected { code: code.code().to_owned(), reason },
        };
    }
    let source = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    let reason = format!("{error}{source}");
    if closed || error.is_closed() {
        Error::Lost(reason)
    } else {
        Error::Rejected { code: String::new(), reason }
    }
}

impl Link for PostgreSql {
    fn dialect(&self) -> Dialect {
        Dialect::PostgreSql
    }

    fn query(
        &self,
        sql: &str,
        bind: &[Datum],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let statement = self.prepared(sql)?;
        let bind = parameters(bind);
        self.together(async {
            let rows = self.client.query_raw(&statement, references(&bind)).await;
            let mut rows = pin!(rows.map_err(|error| self.failed(&error))?);
            let types: Vec<Type> = statement.columns().iter().map(|column| column.type_().clone()).collect();
            while let Some(row) = rows.try_next().await.map_err(|error| self.failed(&error))? {
                visit(&Row(&cells(&row, &types)?))?;
            }
            Ok(())
        })
    }

    fn query_all(
        &self,
        queries: &[(&str, &[Datum])],
        visit: &mut dyn FnMut(usize, &Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut statements = Vec::with_capacity(queries.len());
        for (sql, bind) in queries {
            statements.push((self.prepared(sql)?, parameters(bind)));
        }
        // Which query's rows are looked at: answers come in the order of questions, and so are they taken.
        let (turn, visit) = (Cell::new(0), RefCell::new(visit));
        let (turn, visit) = (&turn, &visit);
        self.together(async {
            let queries = statements.iter().enumerate().map(|(at, (statement, bind))| async move {
                let rows = self.client.query_raw(statement, references(bind)).await;
                let mut rows = pin!(rows.map_err(|error| self.failed(&error))?);
                poll_fn(|_| if turn.get() == at { Poll::Ready(()) } else { Poll::Pending }).await;
                let types: Vec<Type> =
                    statement.columns().iter().map(|column| column.type_().clone()).collect();
                while let Some(row) = rows.try_next().await.map_err(|error| self.failed(&error))? {
                    (visit.borrow_mut())(at, &Row(&cells(&row, &types)?))?;
                }
                turn.set(at + 1);
                Ok(())
            });
            try_join_all(queries).await.map(|_: Vec<()>| ())
        })
    }

    fn execute(&self, sql: &str, bind: &[Datum]) -> Result<u64, Error> {
        let statement = self.prepared(sql)?;
        let bind = parameters(bind);
        self.together(async {
            self.client.execute(&statement, &references(&bind)).await.map_err(|error| self.failed(&error))
        })
    }

    fn execute_all(&self, statements: &[(&str, &[Datum])]) -> Result<Vec<u64>, Error> {
        let mut prepared = Vec::with_capacity(statements.len());
        for (sql, bind) in statements {
            prepared.push((self.prepared(sql)?, parameters(bind)));
        }
        let mut counts = Vec::with_capacity(prepared.len());
        // So many at a time: see `WAITING`.
        for some in prepared.chunks(WAITING) {
            let calls = some.iter().map(|(statement, bind)| async move {
                self.client.execute(statement, &references(bind)).await.map_err(|error| self.failed(&error))
            });
            counts.extend(self.together(try_join_all(calls))?);
        }
        Ok(counts)
    }

    fn send(&self, sql: &str, bind: &[Datum]) -> Result<(), Error> {
        let statement = self.prepared(sql)?;
        let full = {
            let mut waiting = self.waiting.borrow_mut();
            waiting.push((statement, bind.to_vec()));
            waiting.len() >= WAITING
        };
        if full { self.together(async { Ok(()) }) } else { Ok(()) }
    }

    fn script(&self, statement: &str) -> Result<(), Error> {
        self.together(async {
            self.client.batch_execute(statement).await.map_err(|error| self.failed(&error))
        })
    }

    fn insert(&self, sql: &str, bind: &[Datum], key: &str) -> Result<u64, Error> {
        let mut row = 0;
        self.query(&format!("{sql} RETURNING {key}"), bind, &mut |answer| {
            row = answer.unsigned(0)?;
            Ok(())
        })?;
        Ok(row)
    }

    fn begin(&self, mode: Mode) -> Result<(), Error> {
        self.waiting.borrow_mut().clear();
        let sql = match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write => "BEGIN",
        };
        self.send(sql, &[])
    }

    fn commit(&self) -> Result<(), Error> {
        self.execute("COMMIT", &[]).map(|_| ()).map_err(|error| match error {
            Error::Lost(reason) => Error::Uncertain(reason),
            other => other,
        })
    }

    fn rollback(&self) -> Result<(), Error> {
        // What was not sent is not to be done.
        self.waiting.borrow_mut().clear();
        self.script("ROLLBACK")
    }

    fn announce(&self, family: Family) -> Result<(), Error> {
        self.send(&format!("NOTIFY {}", channel(family)), &[])
    }
}

impl schema::Connection for PostgreSql {
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

    fn is_done(_: &Error) -> bool {
        // A step that fails is taken back whole.
        false
    }
}
