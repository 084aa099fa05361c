//! The thread that owns the connection.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use backend::{BackendError, Boxed};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::rows::Error;
use crate::schema;

/// How long a writer waits for those of other processes.
const BUSY: Duration = Duration::from_secs(5);

/// What jobs work on.
pub(crate) struct Session {
    pub(crate) connection: Connection,
    /// A second connection to the same file: it sees what a transaction under way replaces.
    pub(crate) old: Connection,
    /// Times the file was opened.
    pub(crate) opened: u64,
    /// Transactions of this session that changed something.
    pub(crate) writes: u64,
    file: Option<(u64, u64)>,
}

type Job = Box<dyn FnOnce(Result<&mut Session, BackendError>) + Send>;

/// Handle of the thread, which ends when the last one is gone.
#[derive(Clone)]
pub(crate) struct Worker {
    jobs: mpsc::Sender<Job>,
    name: String,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Worker {
    /// `name` is how errors call the database.
    pub(crate) fn start(path: PathBuf, name: String) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let label = name.clone();
        // When no thread can be had, the queue is gone and each call says that the database is not available.
        let _ = std::thread::Builder::new().name("sqlite".to_owned()).spawn(move || {
            let mut session = None;
            let mut opened = 0;
            for job in queue {
                job(ready(&mut session, &mut opened, &path, &label));
            }
        });
        Self { jobs, name }
    }

    pub(crate) fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Session) -> Result<T, Error> + Send + 'static,
    ) -> Boxed<T> {
        let (sender, receiver) = oneshot::channel();
        let name = self.name.clone();
        let run: Job = Box::new(move |session| {
            let answer = session.and_then(|session| job(session).map_err(|error| error.at(&name)));
            let _ = sender.send(answer);
        });
        let sent = self.jobs.send(run);
        let gone = BackendError::Unavailable {
            database: self.name.clone(),
            reason: "its thread has ended".to_owned(),
        };
        Box::pin(async move {
            if sent.is_err() {
                return Err(gone);
            }
            receiver.await.unwrap_or(Err(gone))
        })
    }
}

/// The session, opened for the first time or anew when another file lies at the path.
fn ready<'a>(
    session: &'a mut Option<Session>,
    opened: &mut u64,
    path: &Path,
    name: &str,
) -> Result<&'a mut Session, BackendError> {
    let now = file_of(path);
    if let Some(open) = session.as_ref()
        && open.file != now
    {
        if now.is_none() {
            let reason = "the file was removed; kea-admin db-init creates it anew".to_owned();
            return Err(BackendError::Unavailable { database: name.to_owned(), reason });
        }
        *session = None;
    }
    match session {
        Some(open) => Ok(open),
        None => {
            let (connection, _) = schema::open(path).map_err(|error| error.at(name))?;
            let (old, _) = schema::open(path).map_err(|error| error.at(name))?;
            connection.busy_timeout(BUSY).map_err(|error| Error::from(error).at(name))?;
            *opened = opened.wrapping_add(1);
            Ok(session.insert(Session { connection, old, opened: *opened, writes: 0, file: file_of(path) }))
        }
    }
}

fn file_of(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}
