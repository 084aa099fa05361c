//! Accepting HTTP connections.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::{self, Shared};
use super::{Credentials, Handler, Page};
use crate::eager;
use crate::slots::Slots;
use crate::tls::ServerTls;
use crate::unix::ServerHandle;
use crate::{Limits, messages};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// How requests are let in and answered.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// `None`: everybody.
    pub credentials: Option<Credentials>,
    /// `http-headers`: name and value, added to every response.
    pub headers: Vec<(String, String)>,
    /// `None`: plain HTTP.
    pub tls: Option<ServerTls>,
    /// What `GET` serves; every other path is a bad request, as in Kea.
    pub pages: Vec<Page>,
    /// `::` leaves clients by IPv4 to another socket; otherwise it takes them as well, as the kernel has it.
    pub only_v6: bool,
}

/// Why the HTTP server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("unable to setup TCP acceptor for listening to the incoming HTTP requests on {address}: {error}")]
    Bind { address: SocketAddr, error: io::Error },
    #[error("'{0}' with this value is not an HTTP header that can be added")]
    Header(String),
}

/// Whether a header of `http-headers` can be sent, and may: those that frame the message are the server's.
#[must_use]
pub fn is_valid_header(name: &str, value: &str) -> bool {
    header(name, value).is_ok()
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HttpError> {
    const OWN: [&str; 4] = ["content-length", "content-type", "transfer-encoding", "connection"];
    let bad = || HttpError::Header(name.to_owned());
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    if OWN.contains(&parsed.as_str()) {
        return Err(bad());
    }
    Ok((parsed, HeaderValue::from_str(value).map_err(|_| bad())?))
}

/// A bound HTTP server that does not answer yet.
pub struct HttpServer {
    listener: AsyncFd<TcpListener>,
    address: SocketAddr,
    shared: Arc<RwLock<Arc<Shared>>>,
    limits: Limits,
}

impl HttpServer {
    /// Listens. Port 0 takes a free one, see [`address`](Self::address). Needs a tokio runtime.
    pub fn bind(
        address: SocketAddr,
        limits: Limits,
        settings: &HttpSettings,
        handler: Handler,
    ) -> Result<Self, HttpError> {
        let shared = Arc::new(RwLock::new(Arc::new(shared(settings, handler)?)));
        let failed = |error| HttpError::Bind { address, error };
        let listener = listen(address, settings.only_v6).map_err(failed)?;
        let address = listener.get_ref().local_addr().map_err(failed)?;
        Ok(Self { listener, address, shared, limits })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes requests from now on.
    #[must_use]
    pub fn serve(self) -> HttpHandle {
        let (stop, stopping) = watch::channel(false);
        let (address, shared) = (self.address, self.shared.clone());
        let handle = ServerHandle::new(stop, tokio::spawn(self.run(stopping)));
        HttpHandle { address, shared, handle }
    }

    async fn run(self, mut stopping: watch::Receiver<bool>) {
        let (address, port) = (self.address.ip(), self.address.port());
        let tls = self.shared.read().unwrap_or_else(PoisonError::into_inner).is_tls();
        observe::log!(messages::HttpListenerStarted { address, port, tls });
        let slots = Slots::new(self.limits.connections, self.limits.connections_per_peer);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = stopping.changed() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.async_io(Interest::READABLE, TcpListener::accept) => match accepted {
                    Ok((stream, peer)) => {
                        // A client by IPv4 is called so, whatever socket it came to.
                        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                        let slot = slots.admit(Some(peer.ip()));
                        let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner).clone();
                        connections.spawn(connection::serve(
                            stream, peer, slot, shared, self.limits, stopping.clone(),
                        ));
                    }
                    Err(error) => {
                        observe::log!(messages::HttpAcceptFail { address: self.address, error });
                        // Out of descriptors, most likely: no use in spinning.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        observe::log!(messages::HttpListenerStopping { address, port });
        drop(self.listener);
        while connections.join_next().await.is_some() {}
        observe::log!(messages::HttpListenerStopped { address, port });
    }
}

/// A serving HTTP server. Dropping it stops at once.
pub struct HttpHandle {
    address: SocketAddr,
    shared: Arc<RwLock<Arc<Shared>>>,
    handle: ServerHandle,
}

impl HttpHandle {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what connections accepted from now on are held to, as after a reconfiguration with the same address.
    pub fn update(&self, settings: &HttpSettings, handler: Handler) -> Result<(), HttpError> {
        let new = Arc::new(shared(settings, handler)?);
        let mut place = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        // Connections that were let in under the old credentials must not go on under them.
        place.retire();
        *place = new;
        Ok(())
    }

    /// Takes no more requests, and gives those in work `grace` to finish and be answered.
    pub async fn stop(self, grace: Duration) {
        self.handle.stop(grace).await;
    }
}

fn shared(settings: &HttpSettings, handler: Handler) -> Result<Shared, HttpError> {
    let headers =
        settings.headers.iter().map(|(name, value)| header(name, value)).collect::<Result<Vec<_>, _>>()?;
    Ok(Shared::new(settings, headers, handler))
}

fn listen(address: SocketAddr, only_v6: bool) -> io::Result<AsyncFd<TcpListener>> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for old connections to time out.
    socket.set_reuse_address(true)?;
    if only_v6 && address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    // Connections have it from their listener.
    socket.set_tcp_nodelay(true)?;
    eager::listen(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_can_be_added() {
        assert!(is_valid_header("Strict-Transport-Security", "max-age=31536000"));
        for (name, value) in [
            ("Content-Length", "3"),
            ("connection", "close"),
            ("Transfer-Encoding", "chunked"),
            ("a b", "x"),
            ("", "x"),
            ("X", "a\r\nY: b"),
        ] {
            assert!(!is_valid_header(name, value), "{name}: {value}");
        }
    }
}
