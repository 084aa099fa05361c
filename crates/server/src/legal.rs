//! The legal log of a configuration, and the database that has it where one does.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use backend::{BackendError, Boxed};
use config::DatabaseAccess;
use databases::LegalRows;
use modules::legal_log::{self, LegalLog, Row, Table};
use tokio::sync::Notify;

use crate::Protocol;
use crate::reach::{Content, Reach, Reachable};
use crate::reconfigure::Refusal;
use crate::server::Server;

/// The place of the database among those that switch the service off; see [`crate::leases`].
const ORIGIN: usize = 1_000_001;

/// A legal log in use.
pub struct Legal {
    pub log: LegalLog,
    database: Option<Arc<LegalDatabase>>,
}

impl Legal {
    /// What a configuration asks for: the one that is open, where nothing about it changes.
    pub(crate) async fn named<P: Protocol>(
        server: &Server<P>,
        settings: Option<&legal_log::Settings>,
        access: Option<&DatabaseAccess>,
        starting: bool,
    ) -> Result<Option<Arc<Self>>, Refusal> {
        let Some(settings) = settings else { return Ok(None) };
        let running = server.shared.active.load().legal_log.clone();
        let of_running = running.as_ref().and_then(|legal| legal.database.as_ref());
        let same = access.zip(of_running).filter(|(access, database)| database.reach.access() == *access);
        let same = same.map(|(_, database)| Arc::clone(database));
        let unchanged = same.is_some() || (access.is_none() && of_running.is_none());
        if let Some(running) =
            running.filter(|running| running.log.settings() == settings).filter(|_| unchanged)
        {
            return Ok(Some(running));
        }
        let database = match (same, access) {
            (Some(same), _) => Some(same),
            (None, Some(access)) => Some(Arc::new(LegalDatabase::new::<P>(access)?)),
            (None, None) => None,
        };
        if let Some(database) = &database {
            database.reach.contact::<P>(&Logging(database.rows.clone()), starting).await?;
        }
        let table = database.as_ref().map(|database| {
            let trouble = Arc::clone(&database.reach.trouble);
            Box::new(Rows { rows: database.rows.clone(), trouble }) as Box<dyn Table>
        });
        let clock = Arc::clone(&server.shared.clock);
        let opened = LegalLog::open(settings, clock, P::FAMILY, P::PROGRAM.name, table);
        // As for a path that may not be: programs look for these words.
        let context = daemon::PathKind::LegalLog.context();
        let log = opened.map_err(|error| Refusal::new(format!("{context}: {error}")))?;
        Ok(Some(Arc::new(Self { log, database })))
    }

    /// See [`Reach::watched`].
    pub(crate) fn watched<P: Protocol>(&self, server: &Arc<Server<P>>) {
        if let Some(database) = &self.database {
            database.reach.watched(Logging(database.rows.clone()), server, ORIGIN);
        }
    }
}

struct LegalDatabase {
    rows: LegalRows,
    reach: Reach,
}

impl LegalDatabase {
    fn new<P: Protocol>(access: &DatabaseAccess) -> Result<Self, Refusal> {
        let rows = databases::open_legal_log(access, P::FAMILY).ok_or_else(|| {
            Refusal::new(format!("a legal log in a database of type '{}' is not served", access.kind))
        })?;
        Ok(Self { rows, reach: Reach::new(Content::LegalLog, access) })
    }
}

/// The database as it is watched.
struct Logging(LegalRows);

impl Reachable for Logging {
    fn name(&self) -> String {
        self.0.name()
    }

    fn probe(&self) -> Boxed<()> {
        self.0.probe()
    }
}

/// The database as entries are written to it.
struct Rows {
    rows: LegalRows,
    /// Notified when it does not answer.
    trouble: Arc<Notify>,
}

impl Table for Rows {
    fn name(&self) -> String {
        self.rows.name()
    }

    fn store(&self, rows: Arc<Vec<Row>>) -> Result<Vec<String>, String> {
        let (told, answer) = sync_channel(1);
        let tell = move |outcome: Result<Vec<String>, BackendError>| {
            let _: Result<(), _> = told.try_send(outcome);
        };
        if !self.rows.store(rows, tell) {
            return Err("the thread of the database has ended".to_owned());
        }
        let outcome = answer.recv().map_err(|_| "the thread of the database has ended".to_owned())?;
        outcome.map_err(|error| {
            if error.is_temporary() {
                self.trouble.notify_one();
            }
            error.to_string()
        })
    }
}
