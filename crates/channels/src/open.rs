//! Control channels: bound before a configuration comes into force, served once it is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use config::{ControlSocket, TlsPaths};
use control::http::{Credentials, Handler, HttpHandle, HttpServer, HttpSettings, Page, table_handler};
use control::tls::ServerTls;
use control::unix::{ServerHandle, UnixServer};
use control::{CommandTable, Limits};

/// How long commands in progress may take when their socket closes.
const GRACE: Duration = Duration::from_secs(2);

/// An open control channel.
enum Channel {
    Unix(ServerHandle),
    Http(HttpHandle),
}

/// A control channel that is bound: who connects waits until it is served.
pub enum Bound {
    Unix(UnixServer),
    Http(HttpServer),
}

/// What is served over channels.
pub struct Serving<'a> {
    pub commands: &'a Arc<CommandTable>,
    /// Name of the service in commands.
    pub service: &'static str,
    /// Pages beside the commands.
    pub pages: &'a (dyn Fn() -> Vec<Page> + Sync),
    /// TLS by its files.
    pub tls: &'a [(TlsPaths, ServerTls)],
}

/// The open channels, each with the part of the configuration that it serves.
#[derive(Default)]
pub struct Channels(Vec<(ControlSocket, Channel)>);

impl Channels {
    /// Binds the channels that a configuration has and that are not open; `wanted` as of
    /// [`SocketPlaces::resolved`](crate::SocketPlaces::resolved).
    ///
    /// # Errors
    /// When one cannot be bound.
    pub fn bind(
        &self,
        wanted: &[ControlSocket],
        serving: &Serving<'_>,
    ) -> Result<Vec<(ControlSocket, Bound)>, String> {
        let fresh = wanted.iter().filter(|one| !self.0.iter().any(|(open, _)| is_same_place(open, one)));
        fresh.map(|one| Ok((one.clone(), serving.bind(one, has_v4_sibling(one, wanted))?))).collect()
    }

    /// Serves what was bound.
    pub fn serve(&mut self, fresh: Vec<(ControlSocket, Bound)>, commands: &Arc<CommandTable>) {
        self.0.extend(fresh.into_iter().map(|(socket, bound)| {
            let channel = match bound {
                Bound::Unix(server) => Channel::Unix(server.serve(Arc::clone(commands))),
                Bound::Http(server) => Channel::Http(server.serve()),
            };
            (socket, channel)
        }));
    }

    /// Keeps the channels that stay, gives those their new settings that changed in place, closes the others. Each
    /// channel that could not change is told of to `fault`; it stays as it was.
    pub fn keep(
        &mut self,
        wanted: &[ControlSocket],
        serving: &Serving<'_>,
        mut fault: impl FnMut(&dyn std::fmt::Display),
    ) {
        for (socket, channel) in std::mem::take(&mut self.0) {
            // Certificates are files: what is in them may have changed while their names have not.
            let encrypted = matches!(socket, ControlSocket::Http { tls: Some(_), .. });
            if !encrypted && wanted.contains(&socket) {
                self.0.push((socket, channel));
                continue;
            }
            let successor = wanted.iter().find(|wanted| is_same_place(wanted, &socket));
            match (channel, successor) {
                (Channel::Http(handle), Some(wanted)) => {
                    let updated = serving.http(wanted).and_then(|(settings, handler)| {
                        handle.update(&settings, handler).map_err(|error| error.to_string())
                    });
                    if let Err(error) = updated {
                        fault(&error);
                    }
                    self.0.push((wanted.clone(), Channel::Http(handle)));
                }
                // The command that brought this configuration may have come over it: let it answer first.
                (channel, _) => {
                    tokio::spawn(channel.close());
                }
            }
        }
    }

    /// Closes all.
    pub async fn close(&mut self) {
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

impl Serving<'_> {
    fn bind(&self, wanted: &ControlSocket, only_v6: bool) -> Result<Bound, String> {
        match wanted {
            ControlSocket::Unix { path } => {
                // Its directory was judged with the other paths.
                let server = UnixServer::bind(Path::new(path), Limits::UNIX, |_| Ok(()))
                    .map_err(|error| error.to_string())?;
                Ok(Bound::Unix(server))
            }
            ControlSocket::Http { address, port, .. } => {
                let (settings, handler) = self.http(wanted)?;
                let settings = HttpSettings { only_v6, ..settings };
                let server =
                    HttpServer::bind(SocketAddr::new(*address, *port), Limits::HTTP, &settings, handler)
                        .map_err(|error| error.to_string())?;
                Ok(Bound::Http(server))
            }
        }
    }

    /// What a socket is served with. One with TLS is never served without: an error where its files were not loaded.
    fn http(&self, socket: &ControlSocket) -> Result<(HttpSettings, Handler), String> {
        let handler = table_handler(Arc::clone(self.commands), self.service);
        let settings = match socket {
            ControlSocket::Http { address, port, authentication, headers, tls } => HttpSettings {
                credentials: authentication
                    .as_ref()
                    .and_then(|a| Credentials::new(&a.realm, a.clients.iter().map(|(u, p)| (u, p)))),
                headers: headers.clone(),
                tls: match tls {
                    None => None,
                    Some(wanted) => {
                        let loaded = self.tls.iter().find(|(paths, _)| paths == wanted);
                        let missing = || format!("no TLS for the control socket on {address} port {port}");
                        Some(loaded.map(|(_, tls)| tls.clone()).ok_or_else(missing)?)
                    }
                },
                pages: (self.pages)(),
                ..HttpSettings::default()
            },
            ControlSocket::Unix { .. } => HttpSettings::default(),
        };
        Ok((settings, handler))
    }
}

/// Whether clients of a socket on `::` that come by IPv4 have one of their own, on `0.0.0.0` and the same port.
fn has_v4_sibling(socket: &ControlSocket, all: &[ControlSocket]) -> bool {
    let ControlSocket::Http { address: IpAddr::V6(_), port: wanted, .. } = socket else { return false };
    all.iter().any(|other| {
        matches!(other, ControlSocket::Http { address, port, .. }
            if port == wanted && *address == IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    })
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
