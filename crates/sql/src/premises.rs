//! What checks of changes begin with, kept up to date by the audit.

use std::sync::Arc;

use backend::{Cursor, Premises, Server, ServerSelector, Stored, StoredGlobal};

use crate::Error;
use crate::ids::tied;
use crate::link::{of_family, text};
use crate::read::{GLOBALS, OPTION_DEFS, Reader, Table, server_of};

/// Global parameters and option definitions of all servers, as of a revision.
pub(crate) struct Kept {
    pub(crate) cursor: Cursor,
    globals: Arc<Vec<StoredGlobal>>,
    option_defs: Arc<Vec<Stored>>,
}

impl Kept {
    /// Where they are.
    pub(crate) const TABLES: [Table; 2] = [GLOBALS, OPTION_DEFS];
}

impl Reader<'_> {
    /// `kept` is brought up to date first. Servers are read anew: Kea's audit does not name them.
    pub(crate) fn premises(&self, kept: &mut Option<Kept>) -> Result<Premises, Error> {
        let mut servers: Vec<Server> = Vec::new();
        let cursor = self.newest_and(Self::SERVERS, |row| {
            servers.push(server_of(row)?);
            Ok(())
        })?;
        let current = match kept.take() {
            Some(kept) if kept.cursor == cursor || !self.touched_since(&kept.cursor, &cursor)? => {
                Kept { cursor: cursor.clone(), ..kept }
            }
            _ => Kept {
                cursor: cursor.clone(),
                globals: Arc::new(self.globals(&ServerSelector::Any)?),
                option_defs: Arc::new(self.option_defs(&tied(OPTION_DEFS, &ServerSelector::Any))?),
            },
        };
        let current = kept.insert(current);
        Ok(Premises {
            cursor,
            servers,
            globals: Arc::clone(&current.globals),
            option_defs: Arc::clone(&current.option_defs),
        })
    }

    /// Whether something that is kept may have changed.
    fn touched_since(&self, since: &Cursor, now: &Cursor) -> Result<bool, Error> {
        if !self.follows(since, now)? {
            return Ok(true);
        }
        let (unseen, mut bind) = self.unseen("revision_id", since, now)?;
        let first = bind.len() + 1;
        bind.extend(Kept::TABLES.map(|table| text(of_family(table.table, self.family))));
        let marks = crate::ids::marks(first, Kept::TABLES.len());
        let sql = format!("SELECT id FROM dhcp4_audit WHERE {unseen} AND object_type IN ({marks}) LIMIT 1");
        Ok(self.find(&sql, &bind)?.is_some())
    }
}
