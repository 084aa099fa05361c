//! The configuration backend on MySQL and MariaDB, in Kea's own tables: what Kea wrote is served, and what is written
//! here Kea serves, from the schema of Kea 2.2.0 on.
//!
//! Statements are those of every SQL database (crate [`sql`]). MySQL does not tell who listens of changes; servers ask
//! for the newest revision each second, which is one look into an index.

mod link;
pub mod schema;
mod tls;

use base::Family;
use sql::{Access, Blocking, Connector, Database, Error, Layout, Link, of_family};

pub use link::MySql;

/// The `type` of such databases.
pub const KIND: &str = "mysql";

/// The oldest major version of the schema that is understood: that of Kea 2.2.0.
const OLDEST: i64 = 14;

/// A database, which is connected to at the first call.
#[must_use]
pub fn open(access: Access, family: Family) -> Database {
    Database::new(access.identity(KIND), family, Default::default(), move || {
        Ok(Box::new(Server { blocking: Blocking::new()?, access }))
    })
}

struct Server {
    blocking: Blocking,
    access: Access,
}

impl Connector for Server {
    fn connect(&mut self) -> Result<Box<dyn Link>, Error> {
        Ok(Box::new(MySql::connect(self.blocking.clone(), &self.access)?))
    }

    fn layout(&mut self, link: &dyn Link, family: Family) -> Result<Layout, Error> {
        Layout::read(link, "DATABASE()", OLDEST, family)
    }

    fn create_history(&mut self, link: &dyn Link, family: Family) -> Result<(), Error> {
        let sql = "CREATE TABLE IF NOT EXISTS dhcp4_audit_history (\
                     revision_id BIGINT UNSIGNED NOT NULL, object_type VARCHAR(64) NOT NULL, \
                     object_id BIGINT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, `before` LONGTEXT NULL, \
                     PRIMARY KEY (revision_id, object_type, object_id)) ENGINE = InnoDB";
        link.script(&of_family(sql, family))
    }
}
