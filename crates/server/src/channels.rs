//! Control channels: bound before a configuration comes into force, served once it is.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use config::{ControlSocket, TlsPaths};
use control::Limits;
use control::http::{Credentials, Handler, HttpHandle, HttpServer, HttpSettings, table_handler};
use control::tls::ServerTls;
use control::unix::{ServerHandle, UnixServer};

use crate::Protocol;
use crate::messages::say;
use crate::reconfigure::Refusal;
use crate::security::Places;
use crate::server::Server;

/// How long commands in progress may take when their socket closes.
const GRACE: Duration = Duration::from_secs(2);

/// An open control channel.
enum Channel {
    Unix(ServerHandle),
    Http(HttpHandle),
}

/// A control channel that is bound: who connects waits until it is served.
pub(crate) enum Bound {
    Unix(UnixServer),
    Http(HttpServer),
}

/// The open channels, each with the part of the configuration that it serves.
#[derive(Default)]
pub(crate) struct Channels(Vec<(ControlSocket, Channel)>);

impl Channels {
    /// Closes all.
    pub(crate) async fn close(&mut self) {
        for (_, channel) in std::mem::take(&mut self.0) {
            channel.close().await;
        }
    }
}

impl Channel {
    async fn close(self) {
        match self {
            Self::Unix(handle) => handle.stop(GRACE).await,
            Self::Http(handle) => handle.stop(GRACE).await,
        }
    }
}

impl<P: Protocol> Server<P> {
    /// Binds the channels that a configuration has and that are not open; `wanted` as of [`Places::resolved`].
    pub(crate) fn new_channels(
        self: &Arc<Self>,
        wanted: &[ControlSocket],
        places: &Places,
        open: &Channels,
    ) -> Result<Vec<(ControlSocket, Bound)>, Refusal> {
        let fresh =
            wanted.iter().filter(|wanted| !open.0.iter().any(|(open, _)| is_same_place(open, wanted)));
        fresh.map(|wanted| Ok((wanted.clone(), self.bind(wanted, places)?))).collect()
    }

    fn bind(self: &Arc<Self>, wanted: &ControlSocket, places: &Places) -> Result<Bound, Refusal> {
        let _front = self.front.enter();
        match wanted {
            ControlSocket::Unix { path } => {
                // Its directory was judged with the other paths.
                let server = UnixServer::bind(Path::new(path), Limits::UNIX, |_| Ok(()))
                    .map_err(|error| Refusal::new(error.to_string()))?;
                Ok(Bound::Unix(server))
            }
            ControlSocket::Http { address, port, .. } => {
                let (settings, handler) = self.http_settings(wanted, &places.tls);
                let server =
                    HttpServer::bind(SocketAddr::new(*address, *port), Limits::HTTP, &settings, handler)
                        .map_err(|error| Refusal::new(error.to_string()))?;
                Ok(Bound::Http(server))
            }
        }
    }

    pub(crate) fn serve_channels(&self, open: &mut Channels, fresh: Vec<(ControlSocket, Bound)>) {
        let _front = self.front.enter();
        open.0.extend(fresh.into_iter().map(|(socket, bound)| {
            let channel = match bound {
                Bound::Unix(server) => Channel::Unix(server.serve(Arc::clone(&self.commands))),
                Bound::Http(server) => Channel::Http(server.serve()),
            };
            (socket, channel)
        }));
    }

    /// Keeps the channels that stay, gives those their new settings that changed in place, closes the others.
    pub(crate) fn keep_channels(
        self: &Arc<Self>,
        wanted: &[ControlSocket],
        tls: &[(TlsPaths, ServerTls)],
        open: &mut Channels,
    ) {
        for (socket, channel) in std::mem::take(&mut open.0) {
            // Certificates are files: what is in them may have changed while their names have not.
            let encrypted = matches!(socket, ControlSocket::Http { tls: Some(_), .. });
            if !encrypted && wanted.contains(&socket) {
                open.0.push((socket, channel));
                continue;
            }
            let successor = wanted.iter().find(|wanted| is_same_place(wanted, &socket));
            match (channel, successor) {
                (Channel::Http(handle), Some(wanted)) => {
                    let (settings, handler) = self.http_settings(wanted, tls);
                    if let Err(error) = handle.update(&settings, handler) {
                        say!(P, ParserFail { element: "control-sockets", error });
                    }
                    open.0.push((wanted.clone(), Channel::Http(handle)));
                }
                // The command that brought this configuration may have come over it: let it answer first.
                (channel, _) => {
                    tokio::spawn(channel.close());
                }
            }
        }
    }

    fn http_settings(
        self: &Arc<Self>,
        socket: &ControlSocket,
        loaded: &[(TlsPaths, ServerTls)],
    ) -> (HttpSettings, Handler) {
        let handler = table_handler(Arc::clone(&self.commands), P::SERVICE);
        let settings = match socket {
            ControlSocket::Http { authentication, headers, tls, .. } => HttpSettings {
                credentials: authentication
                    .as_ref()
                    .and_then(|a| Credentials::new(&a.realm, a.clients.iter().map(|(u, p)| (u, p)))),
                headers: headers.clone(),
                tls: loaded.iter().find(|(paths, _)| Some(paths) == tls.as_ref()).map(|(_, tls)| tls.clone()),
                pages: crate::metrics::pages(self),
            },
            ControlSocket::Unix { .. } => HttpSettings::default(),
        };
        (settings, handler)
    }
}

/// Whether two control sockets have one path, or one address and port.
fn is_same_place(one: &ControlSocket, other: &ControlSocket) -> bool {
    match (one, other) {
        (ControlSocket::Unix { path: one }, ControlSocket::Unix { path: other }) => one == other,
        (ControlSocket::Http { address, port, .. }, ControlSocket::Http { address: a, port: p, .. }) => {
            (address, port) == (a, p)
        }
        _ => false,
    }
}
