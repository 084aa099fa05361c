//! The configuration backend on PostgreSQL, in Kea's own tables: what Kea wrote is served, and what is written here Kea
//! serves, from the schema of Kea 2.2.0 on.
//!
//! Statements are those of every SQL database (crate [`sql`]). Those of a change that need no answer travel together.
//! Each change is announced (`NOTIFY`) when it is committed, and who has the database open hears of it at once.

mod link;
pub mod schema;
mod tls;
mod values;

use std::sync::Arc;

use base::Family;
use sql::{Access, Blocking, Connector, Database, Error, Job, Layout, Link, of_family};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;

pub use link::PostgreSql;

/// The `type` of such databases.
pub const KIND: &str = "postgresql";

/// The oldest major version of the schema that is understood: that of Kea 2.2.0.
const OLDEST: i64 = 13;

/// A database, which is connected to at the first call.
#[must_use]
pub fn open(access: Access, family: Family) -> Database {
    let news = Arc::new(Notify::new());
    let listener = Arc::clone(&news);
    Database::new(access.identity(KIND), family, news, move || {
        Ok(Box::new(Server { blocking: Blocking::new()?, access, family, news: listener }))
    })
}

struct Server {
    blocking: Blocking,
    access: Access,
    family: Family,
    news: Arc<Notify>,
}

impl Connector for Server {
    fn connect(&mut self) -> Result<Box<dyn Link>, Error> {
        let news = Some((self.family, Arc::clone(&self.news)));
        Ok(Box::new(PostgreSql::connect(self.blocking.clone(), &self.access, news)?))
    }

    fn layout(&mut self, link: &dyn Link, family: Family) -> Result<Layout, Error> {
        Layout::read(link, "current_schema()", OLDEST, family)
    }

    fn create_history(&mut self, link: &dyn Link, family: Family) -> Result<(), Error> {
        let sql = "CREATE TABLE IF NOT EXISTS dhcp4_audit_history (\
                     revision_id BIGINT NOT NULL, object_type VARCHAR(64) NOT NULL, object_id BIGINT NOT NULL, \
                     name VARCHAR(255) NOT NULL, \"before\" TEXT, PRIMARY KEY (revision_id, object_type, object_id))";
        link.script(&of_family(sql, family))
    }

    /// The connection's own work goes on meanwhile: news come, and its end is noticed.
    fn next(&mut self, jobs: &mut UnboundedReceiver<Job>) -> Option<Job> {
        self.blocking.until(jobs.recv())
    }
}
