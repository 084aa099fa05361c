//! The configuration backend on embedded SQLite: a file, no server, any number of servers (processes) on it at once.
//!
//! Statements are those of every SQL database (crate [`sql`]). WAL mode: readers and a writer do not wait for each
//! other, writers of several processes wait for their turn. One file holds both families. A file that is put in the
//! place of the old one (restored from a backup) is noticed and opened. Who commits touches the file, which tells those
//! who watch it.

mod link;
mod schema;
mod watch;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backend::{BackendError, Identity, Version};
use base::Family;
use sql::{Connector, Database, Error, Layout, Link};
use tokio::sync::Notify;
use watch::Watch;

pub use schema::VERSION;

/// The database of a file, which is opened at the first call, and created (mode 0640) with all tables when it does
/// not exist then.
#[must_use]
pub fn open(path: impl Into<PathBuf>, family: Family) -> Database {
    let path = path.into();
    let identity =
        Identity { kind: "sqlite", name: path.display().to_string(), host: String::new(), port: 0 };
    let news: Arc<Notify> = Arc::default();
    let told = Arc::clone(&news);
    Database::new(identity, family, news, move || {
        Ok(Box::new(File { path, opened: None, news: told, _watch: None }))
    })
}

/// Creates the file with all tables, as `kea-admin db-init sqlite` does. Answers false when the file had them.
/// Blocks.
pub fn create(path: impl AsRef<Path>) -> Result<bool, BackendError> {
    let path = path.as_ref();
    let (_, created) = schema::open(path).map_err(|e| e.0.at(&path.display().to_string()))?;
    Ok(created)
}

/// Version of a file's schema, as `kea-admin db-version sqlite` prints it, whether this program understands it or not;
/// the file must exist and is not touched. Blocks.
pub fn version_of(path: impl AsRef<Path>) -> Result<Version, BackendError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let connection = schema::look(path).map_err(|e| e.0.at(&name))?;
    schema::version(&connection).map_err(|e| e.0.at(&name))
}

/// The file, and which one it was when it was opened.
struct File {
    path: PathBuf,
    opened: Option<(u64, u64)>,
    news: Arc<Notify>,
    _watch: Option<Watch>,
}

impl File {
    fn now(&self) -> Option<(u64, u64)> {
        std::fs::metadata(&self.path).ok().map(|meta| (meta.dev(), meta.ino()))
    }
}

impl Connector for File {
    fn connect(&mut self) -> Result<Box<dyn Link>, Error> {
        let (connection, _) = schema::open(&self.path).map_err(|fault| fault.0)?;
        self.opened = self.now();
        self._watch = Watch::start(&self.path, Arc::clone(&self.news));
        Ok(Box::new(link::Connection::new(connection, &self.path)))
    }

    fn layout(&mut self, _: &dyn Link, family: Family) -> Result<Layout, Error> {
        Ok(Layout::newest(family))
    }

    fn create_history(&mut self, _: &dyn Link, _: Family) -> Result<(), Error> {
        // Opening has seen to it.
        Ok(())
    }

    fn is_stale(&mut self) -> Result<bool, Error> {
        let now = self.now();
        if now.is_none() {
            let reason = "the file was removed; kea-admin db-init creates it anew";
            return Err(Error::Unavailable(reason.to_owned()));
        }
        Ok(now != self.opened)
    }
}
