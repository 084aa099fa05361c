//! Entries of the legal log in the table `logs` of Kea.

use std::sync::Arc;

use backend::columns::Datum;
use backend::{BackendError, Boxed, ConfigBackend};
use base::Micros;
use lease::LegalEntry;

use crate::link::text;
use crate::{Database, Dialect, Error, Link, Mode, write};

/// Rows of one call to the database.
const TOGETHER: usize = 256;

/// An entry, and when it was made.
pub type LegalRow = (Micros, LegalEntry);

/// The legal log in a database.
#[derive(Clone, Debug)]
pub struct LegalRows {
    database: Database,
    insert: Arc<str>,
}

impl LegalRows {
    /// Nothing is opened before the first call.
    #[must_use]
    pub fn new(database: Database, dialect: Dialect) -> Self {
        let moment = dialect.moment(1);
        let insert = format!("INSERT INTO logs (timestamp, address, log) VALUES ({moment}, ?2, ?3)");
        Self { database, insert: insert.into() }
    }

    /// How the database is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        self.database.identity().to_string()
    }

    /// Whether the database answers, and has the table.
    #[must_use]
    pub fn probe(&self) -> Boxed<()> {
        self.database.worker.call(false, |session, _| {
            session.link.query("SELECT log FROM logs LIMIT 0", &[], &mut |_| Ok(()))
        })
    }

    /// Stores entries in one transaction, and tells `done`, on the database's thread, how it went and what of them the
    /// database refused. After an error some of them may be stored all the same: its connection was lost. False: the thread
    /// is gone, and nothing will happen.
    pub fn store(
        &self,
        entries: Arc<Vec<LegalRow>>,
        done: impl FnOnce(Result<Vec<String>, BackendError>) + Send + 'static,
    ) -> bool {
        let insert = Arc::clone(&self.insert);
        let job = move |session: &mut crate::worker::Session, _: Option<&dyn Link>| {
            let link = session.link.as_ref();
            match insert_all(link, &insert, &entries) {
                // One that the database does not take must not spoil the others.
                Err(Error::Rejected { .. }) => {
                    let mut refused = Vec::new();
                    for entry in entries.iter() {
                        match insert_all(link, &insert, std::slice::from_ref(entry)) {
                            Err(Error::Rejected { reason, .. }) => refused.push(reason),
                            outcome => outcome?,
                        }
                    }
                    Ok(refused)
                }
                outcome => outcome.map(|()| Vec::new()),
            }
        };
        self.database.worker.submit(false, job, done)
    }
}

fn insert_all(link: &dyn Link, insert: &str, entries: &[LegalRow]) -> Result<(), Error> {
    write::transaction(link, Mode::Write, || {
        for some in entries.chunks(TOGETHER) {
            let rows: Vec<[Datum; 3]> = some.iter().map(|(at, entry)| row(*at, entry)).collect();
            let statements: Vec<(&str, &[Datum])> = rows.iter().map(|row| (insert, row.as_slice())).collect();
            link.execute_all(&statements)?;
        }
        Ok((true, ()))
    })
}

fn row(at: Micros, entry: &LegalEntry) -> [Datum; 3] {
    let at = i64::try_from(at.seconds().0).unwrap_or(i64::MAX);
    [Datum::Int(at), text(&*entry.address), text(&*entry.text)]
}
