//! The server as hook libraries see it that work on the configuration, in the file or in a database.

use std::sync::Arc;

use backend::{ConfigBackend, Identity};
use base::{ServerTag, Timestamp};
use control::Answer;
use modules::edit::{self, Edit};
use modules::{Pending, cb_cmds};

use crate::protocol::{Config, Written};
use crate::{Protocol, Server};

/// The server for the commands of hook libraries.
pub(crate) struct HookHost<P: Protocol>(pub(crate) Arc<Server<P>>);

impl<P: Protocol> edit::Host<P::Model> for HookHost<P> {
    fn running(&self) -> Arc<Config<P>> {
        self.0.config()
    }

    fn edit(&self, edit: Edit<P::Model>) -> Pending<'_, Answer> {
        Box::pin(self.0.edit(edit))
    }
}

impl<P: Protocol> cb_cmds::Host<P::Model> for HookHost<P> {
    fn backends(&self) -> Vec<Arc<dyn ConfigBackend>> {
        self.0.host.load().databases.clone()
    }

    fn tag(&self) -> ServerTag {
        self.0.host.load().tag.clone()
    }

    fn file(&self) -> Option<Arc<Written<P>>> {
        Some(Arc::clone(&self.0.host.load().file))
    }

    fn now(&self) -> Timestamp {
        self.0.shared.clock.now().seconds()
    }

    fn changed(&self, _database: &Identity) {
        self.0.pull_now.notify_one();
    }
}
