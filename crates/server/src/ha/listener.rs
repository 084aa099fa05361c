//! The listener of a server on its own URL, for its partners alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use control::http::{
    Credentials, Handler, HttpHandle, HttpServer, HttpSettings, Reply, StatusCode, table_handler,
};
use control::{CommandTable, Limits};
use ha::{Relationship, wire};
use json::Value;
use modules::ha::Secured;
use tokio::sync::Semaphore;

use crate::Protocol;

/// How long commands in progress may take when their listener closes.
const GRACE: Duration = Duration::from_secs(2);

/// What is listened on, by its addresses.
#[derive(Default)]
pub(crate) struct Listeners(Vec<(SocketAddr, HttpHandle)>);

/// Listeners of a configuration that is about to come into force.
pub(crate) struct Bound {
    fresh: Vec<(SocketAddr, HttpServer)>,
    /// Those that are open already, with what they are held to from now on.
    kept: Vec<(SocketAddr, HttpSettings, Handler)>,
}

impl Listeners {
    /// Binds what relationships want and is not open.
    ///
    /// # Errors
    /// When an address cannot be bound.
    pub(crate) fn bind<P: Protocol>(
        &self,
        settings: &[Secured],
        commands: &Arc<CommandTable>,
    ) -> Result<Bound, String> {
        let mut bound = Bound { fresh: Vec::new(), kept: Vec::new() };
        for secured in settings.iter().filter(|secured| secured.relationship.listens()) {
            let relationship = &secured.relationship;
            let url = &relationship.own().url;
            let address = SocketAddr::new(url.address, url.port);
            let login = relationship.own().login.as_ref();
            let http = HttpSettings {
                credentials: login.and_then(|login| {
                    Credentials::new(&relationship.own().name, [(&login.user, &login.password)])
                }),
                tls: secured.server.clone(),
                ..HttpSettings::default()
            };
            let handler = handler::<P>(commands, relationship);
            if self.0.iter().any(|(open, _)| *open == address) {
                bound.kept.push((address, http, handler));
                continue;
            }
            let server = HttpServer::bind(address, Limits::HTTP, &http, handler);
            bound.fresh.push((address, server.map_err(|error| error.to_string())?));
        }
        Ok(bound)
    }

    /// Serves what was bound, and closes what is not wanted any longer. To be called where connections are served.
    pub(crate) fn serve(&mut self, bound: Bound) {
        let mut kept = Vec::new();
        for (address, handle) in std::mem::take(&mut self.0) {
            match bound.kept.iter().find(|(wanted, ..)| *wanted == address) {
                Some((_, settings, handler)) => {
                    // Its settings were those of a listener that could be bound.
                    let _: Result<(), _> = handle.update(settings, Arc::clone(handler));
                    kept.push((address, handle));
                }
                None => drop(tokio::spawn(handle.stop(GRACE))),
            }
        }
        kept.extend(bound.fresh.into_iter().map(|(address, server)| (address, server.serve())));
        self.0 = kept;
    }

    pub(crate) async fn close(&mut self) {
        for (_, handle) in std::mem::take(&mut self.0) {
            handle.stop(GRACE).await;
        }
    }
}

/// The server's own commands, so many at a time as the listener has threads; with `restrict-commands` only those that
/// partners use.
fn handler<P: Protocol>(commands: &Arc<CommandTable>, relationship: &Relationship) -> Handler {
    let all =
        bounded(relationship.threading.listener_threads, table_handler(Arc::clone(commands), P::SERVICE));
    let restricted = relationship.restrict_commands;
    Arc::new(move |request| {
        let command = request.value.as_ref().and_then(|value| value.get("command")).and_then(Value::as_str);
        if restricted && !command.is_some_and(|name| wire::is_ours(P::FAMILY, name)) {
            return Box::pin(std::future::ready(Reply::error(StatusCode::FORBIDDEN)));
        }
        all(request)
    })
}

/// Handles at most so many requests at a time; with 0 as many as come.
fn bounded(most: u32, handler: Handler) -> Handler {
    let Some(most) = usize::try_from(most).ok().filter(|most| *most > 0) else { return handler };
    let turns = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    Arc::new(move |request| {
        let (turns, handler) = (Arc::clone(&turns), Arc::clone(&handler));
        Box::pin(async move {
            let _turn = turns.acquire().await;
            handler(request).await
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use control::Origin;
    use control::http::{Bytes, Request};

    use super::*;

    /// The most requests that were handled at a time, of ten that came together.
    async fn most(threads: u32) -> usize {
        let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let seen = Arc::clone(&counts);
        let handler = bounded(
            threads,
            Arc::new(move |_| {
                let seen = Arc::clone(&seen);
                Box::pin(async move {
                    let (now, most) = &*seen;
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    Reply::json(String::new())
                })
            }),
        );
        let request = || Request {
            peer: ([127, 0, 0, 1], 1).into(),
            origin: Origin::default(),
            octets: Bytes::new(),
            value: None,
        };
        let requests: Vec<_> = (0..10).map(|_| tokio::spawn(handler(request()))).collect();
        for request in requests {
            assert_eq!(request.await.unwrap().status, StatusCode::OK);
        }
        counts.1.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_listener_handles_as_many_commands_at_a_time_as_it_has_threads() {
        assert_eq!([most(1).await, most(3).await, most(0).await], [1, 3, 10]);
    }
}
