//! The configuration backend on MySQL and MariaDB, in Kea's own tables: what Kea wrote is served, and what is written
//! here Kea serves, from the schema of Kea 2.2.0 on.
//!
//! Statements are those of every SQL database (crate [`sql`]). MySQL does not tell who listens of changes; servers ask
//! for the newest revision each second, which is one look into an index.

mod link;
pub mod schema;

use std::collections::BTreeSet;
use std::rc::Rc;

use base::Family;
use sql::{Access, Connector, Database, Error, Layout, Link, of_family};
use tokio::runtime::Runtime;

pub use link::MySql;

/// The `type` of such databases.
pub const KIND: &str = "mysql";

/// The oldest major version of the schema that is understood: that of Kea 2.2.0.
const OLDEST: i64 = 14;

/// A database, which is connected to at the first call.
#[must_use]
pub fn open(access: Access, family: Family) -> Database {
    Database::new(access.identity(KIND), family, Default::default(), move || {
        Ok(Box::new(Server { runtime: link::runtime()?, access }))
    })
}

struct Server {
    runtime: Rc<Runtime>,
    access: Access,
}

impl Connector for Server {
    fn connect(&mut self) -> Result<Box<dyn Link>, Error> {
        Ok(Box::new(MySql::connect(Rc::clone(&self.runtime), &self.access)?))
    }

    fn layout(&mut self, link: &dyn Link, family: Family) -> Result<Layout, Error> {
        let mut found = BTreeSet::new();
        let sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE() \
                   AND table_name LIKE ?1";
        let tables = of_family("dhcp4_%", family);
        link.query(sql, &[tables.into()], &mut |row| {
            found.insert((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
            Ok(())
        })?;
        sql::check_schema(link, &found, OLDEST, family)?;
        Ok(Layout::of(&found, link.dialect(), family))
    }

    fn create_history(&mut self, link: &dyn Link, family: Family) -> Result<(), Error> {
        let sql = "CREATE TABLE IF NOT EXISTS dhcp4_audit_history (\
                     revision_id BIGINT UNSIGNED NOT NULL, object_type VARCHAR(64) NOT NULL, \
                     object_id BIGINT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, `before` LONGTEXT NULL, \
                     PRIMARY KEY (revision_id, object_type, object_id)) ENGINE = InnoDB";
        link.script(&of_family(sql, family))
    }
}
