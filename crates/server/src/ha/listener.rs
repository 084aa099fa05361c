//! The listener of a server on its own URL, for its partners alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use control::http::{
    Credentials, Handler, HttpHandle, HttpServer, HttpSettings, Reply, StatusCode, table_handler,
};
use control::{CommandTable, Limits};
use ha::wire;
use json::Value;
use modules::ha::Secured;

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
            let handler = handler::<P>(commands, relationship.restrict_commands);
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

/// The server's own commands; with `restrict-commands` only those that partners use.
fn handler<P: Protocol>(commands: &Arc<CommandTable>, restricted: bool) -> Handler {
    let all = table_handler(Arc::clone(commands), P::SERVICE);
    Arc::new(move |request| {
        let command = request.value.as_ref().and_then(|value| value.get("command")).and_then(Value::as_str);
        if restricted && !command.is_some_and(|name| wire::is_ours(P::FAMILY, name)) {
            return Box::pin(std::future::ready(Reply::error(StatusCode::FORBIDDEN)));
        }
        all(request)
    })
}
