//! Futures of a database's library, waited for on the database's own thread.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::Error;

/// Where the futures of one thread's connections run while the thread waits for them. Clones share it.
#[derive(Clone, Debug)]
pub struct Blocking(Rc<Runtime>);

impl Blocking {
    pub fn new() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| Self(Rc::new(runtime))).map_err(|error| Error::Unavailable(error.to_string()))
    }

    /// Waits as long as it takes.
    pub fn until<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.block_on(work)
    }

    /// Waits for a new connection, but not longer than `limit`.
    pub fn connect<T>(
        &self,
        limit: Duration,
        attempt: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let limited = async { tokio::time::timeout(limit, attempt).await };
        match self.0.block_on(limited) {
            Ok(Err(Error::Rejected { reason, .. } | Error::Lost(reason))) => Err(Error::Unavailable(reason)),
            Ok(answer) => answer,
            Err(_) => Err(Error::Unavailable("no answer in time".to_owned())),
        }
    }

    /// Waits for an answer; after `limit`, the connection is of no use any more.
    pub fn wait<T>(&self, limit: Duration, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let limited = async { tokio::time::timeout(limit, call).await };
        self.0
            .block_on(limited)
            .unwrap_or_else(|_| Err(Error::Lost(format!("no answer within {} s", limit.as_secs()))))
    }
}
