//! Bulk leasequery over TCP (RFC 5460, RFC 6926; Kea manual, "Bulk Leasequery Configuration").
//!
//! Requesters are served by threads of their own, so that no packet waits for them, and a page of leases at a time, so
//! that the lease store is never held for long. All that a requester can make the server keep is bounded: connections,
//! messages of 64 KiB, queries that are answered at a time, answers that wait to be read. One that sends nothing, half a
//! message, or does not read its answers is cut off after `max-requester-idle-time`.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::{BulkLeaseQuery, LeaseQuery};
use engine::bulk::Begun;
use lease::{Durable, StoreError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Protocol;
use crate::messages::bulk as m;
use crate::reconfigure::Refusal;
use crate::server::Shared;

/// Queries of a connection at a time where the configuration has no bound.
const QUERIES: usize = 64;

/// Leases that are read together, at most, whatever the configuration says: the lease store is held meanwhile.
const LARGEST_PAGE: usize = 4096;

/// Pages of answers that wait for a requester to read them, of one connection.
const WAITING: usize = 4;

/// After an error of the socket.
const RETRY: Duration = Duration::from_millis(100);

/// The listener of a configuration. Dropped, it closes all its connections.
pub(crate) struct Bulk {
    settings: LeaseQuery,
    /// For who takes over the address.
    socket: TcpListener,
    /// `None`: it does not serve yet.
    runtime: Option<Runtime>,
}

impl Drop for Bulk {
    fn drop(&mut self) {
        if let (Some(runtime), Some(bulk)) = (self.runtime.take(), &self.settings.bulk) {
            runtime.shutdown_background();
            let (address, port) = (bulk.listen.ip(), bulk.listen.port());
            observe::log!(m::Stopped { address, port });
        }
    }
}

impl Bulk {
    /// What a configuration asks for, bound but not serving; `Ok(None)`: nothing, or what `running` does already.
    pub(crate) fn bind(wanted: Option<&LeaseQuery>, running: Option<&Self>) -> Result<Option<Self>, Refusal> {
        let Some((settings, bulk)) = wanted.and_then(|query| Some((query, query.bulk.as_ref()?))) else {
            return Ok(None);
        };
        let there = running.filter(|running| {
            running.settings.bulk.as_ref().is_some_and(|bound| bound.listen == bulk.listen)
        });
        let bound = match there {
            Some(there) => there.socket.try_clone(),
            None => TcpListener::bind(bulk.listen),
        };
        match bound.and_then(|socket| socket.set_nonblocking(true).map(|()| socket)) {
            Ok(socket) => Ok(Some(Self { settings: settings.clone(), socket, runtime: None })),
            Err(error) => {
                let error = format!("cannot listen on {}: {error}", bulk.listen);
                let refusal = Refusal::new(format!("bulk leasequery: {error}"));
                observe::log!(m::StartFailed { error });
                Err(refusal)
            }
        }
    }

    /// Whether a configuration wants what this is.
    pub(crate) fn is(&self, wanted: Option<&LeaseQuery>) -> bool {
        wanted.is_some_and(|wanted| {
            wanted.bulk == self.settings.bulk && wanted.requesters == self.settings.requesters
        })
    }

    /// Begins to serve. `workers`: how many threads serve packets.
    pub(crate) fn serve<P: Protocol>(&mut self, shared: &Arc<Shared<P>>, workers: usize) {
        if let Err(error) = self.start(shared, workers) {
            observe::log!(m::StartFailed { error });
        }
    }

    fn start<P: Protocol>(&mut self, shared: &Arc<Shared<P>>, workers: usize) -> io::Result<()> {
        let Some(bulk) = &self.settings.bulk else { return Ok(()) };
        let threads = if bulk.threads == 0 { workers } else { bulk.threads };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("bulk-query")
            .enable_all()
            .build()?;
        let guard = runtime.enter();
        let socket = tokio::net::TcpListener::from_std(self.socket.try_clone()?)?;
        drop(guard);
        let service = Arc::new(Service {
            shared: Arc::clone(shared),
            settings: self.settings.clone(),
            bulk: bulk.clone(),
            room: Arc::new(Semaphore::new(bulk.connections.min(Semaphore::MAX_PERMITS))),
        });
        runtime.spawn(accept(service, socket));
        let (address, port) = (bulk.listen.ip(), bulk.listen.port());
        observe::log!(m::Started { threads, address, port, tls: false });
        self.runtime = Some(runtime);
        Ok(())
    }
}

/// What connections share.
struct Service<P: Protocol> {
    shared: Arc<Shared<P>>,
    settings: LeaseQuery,
    bulk: BulkLeaseQuery,
    /// For connections.
    room: Arc<Semaphore>,
}

async fn accept<P: Protocol>(service: Arc<Service<P>>, socket: tokio::net::TcpListener) {
    loop {
        let (stream, peer) = match socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                observe::log!(m::AcceptFailed { error });
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        if !service.settings.is_requester(peer.ip()) {
            observe::log!(m::Rejected { peer: peer.ip(), reason: "not a requester" });
            continue;
        }
        let Ok(place) = Arc::clone(&service.room).try_acquire_owned() else {
            observe::log!(m::Rejected { peer: peer.ip(), reason: "too many connections" });
            continue;
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            serve(service, stream, peer).await;
            drop(place);
        });
    }
}

/// What the queries of a connection share.
struct Connection<P: Protocol> {
    service: Arc<Service<P>>,
    peer: IpAddr,
    /// Answers on their way.
    answers: mpsc::Sender<Vec<u8>>,
    /// Transactions that are being answered.
    running: Mutex<HashSet<u32>>,
}

async fn serve<P: Protocol>(service: Arc<Service<P>>, stream: TcpStream, peer: SocketAddr) {
    let Ok(local) = stream.local_addr() else { return };
    let idle = Duration::from_secs(service.bulk.idle.0.into());
    let queries = if service.bulk.queries == 0 { QUERIES } else { service.bulk.queries };
    let queries = queries.min(Semaphore::MAX_PERMITS);
    let (reader, writer) = stream.into_split();
    let (answers, outgoing) = mpsc::channel(WAITING);
    let mut writing = tokio::spawn(write(writer, outgoing, idle, peer.ip()));
    let turns = Arc::new(Semaphore::new(queries));
    let connection = Arc::new(Connection { service, peer: peer.ip(), answers, running: Mutex::default() });
    let mut messages = Messages { reader, octets: Vec::new(), begun: None };
    loop {
        // One that has as many queries running as it may is not listened to.
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { break };
        let message = tokio::select! {
            message = messages.next(idle) => message,
            // Nobody reads what would be answered.
            _ = &mut writing => return,
        };
        let message = match message {
            Incoming::Message(message) => message,
            // Who waits for answers is not idle.
            Incoming::Idle if turns.available_permits() + 1 < queries => continue,
            Incoming::Idle | Incoming::End => break,
            Incoming::Late => {
                writing.abort();
                return;
            }
        };
        if message.is_empty() {
            observe::log!(m::Empty { peer: peer.ip() });
            writing.abort();
            return;
        }
        match begin(&connection, &message, local.ip()) {
            Ok(Some((xid, query))) => {
                let connection = Arc::clone(&connection);
                tokio::spawn(async move {
                    answer(&connection, xid, query).await;
                    drop(turn);
                });
            }
            Ok(None) => {}
            Err(answered) => {
                let Some(answered) = answered else {
                    writing.abort();
                    return;
                };
                if connection.answers.send(answered).await.is_err() {
                    return;
                }
            }
        }
    }
    // The requester has sent all that it wants answered, as it seems: answers on their way still leave.
    drop(connection);
    let _: Result<_, _> = writing.await;
}

/// Reads a query. `Ok(None)`: it is one that is being answered; `Err`: its whole answer, or (`None`) it ends the
/// connection.
#[allow(clippy::type_complexity)]
fn begin<P: Protocol>(
    connection: &Connection<P>,
    message: &[u8],
    local: IpAddr,
) -> Result<Option<(u32, P::BulkQuery)>, Option<Vec<u8>>> {
    let peer = connection.peer;
    let active = connection.service.shared.active.load();
    let begun = P::begin_bulk(&active, message, local);
    let running = || connection.running.lock().unwrap_or_else(PoisonError::into_inner);
    match begun {
        Begun::Query { xid, query } => {
            observe::log!(m::Received { peer, xid, octets: message.len() });
            if running().insert(xid) {
                return Ok(Some((xid, query)));
            }
            observe::log!(m::DuplicateXid { peer, xid });
            Ok(None)
        }
        Begun::Answered { xid, answer } => {
            observe::log!(m::Received { peer, xid, octets: message.len() });
            Err(Some(answer))
        }
        Begun::Unreadable(error) => {
            observe::log!(m::UnpackError { peer, error });
            Err(None)
        }
        Begun::Unsupported(kind) => {
            match P::FAMILY {
                base::Family::V4 => observe::log!(m::UnsupportedType4 { kind, peer }),
                base::Family::V6 => observe::log!(m::UnsupportedType6 { kind, peer }),
            }
            Err(None)
        }
        Begun::Refused(error) => {
            observe::log!(m::Invalid { peer, octets: message.len(), error });
            Err(None)
        }
    }
}

/// Answers a query, page by page.
async fn answer<P: Protocol>(connection: &Connection<P>, xid: u32, mut query: P::BulkQuery) {
    loop {
        let mut out = Vec::new();
        let more = match page(&connection.service, &mut query, &mut out).await {
            Ok(more) => more,
            Err(error) => {
                observe::log!(m::Failed { error });
                out.clear();
                P::fail_bulk(&mut query, &mut out);
                false
            }
        };
        if !more {
            // Before the requester can have the answer, and ask anew with the same number.
            connection.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&xid);
        }
        if (!out.is_empty() && connection.answers.send(out).await.is_err()) || !more {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// The next part of an answer. What it tells of is durable.
async fn page<P: Protocol>(
    service: &Service<P>,
    query: &mut P::BulkQuery,
    out: &mut Vec<u8>,
) -> Result<bool, StoreError> {
    let shared = &service.shared;
    let gate = shared.gate.read().await;
    let active = shared.active.load_full();
    let mark = active.store.mark();
    let more = P::next_bulk(shared, &active, query, service.bulk.page.min(LARGEST_PAGE), out).await?;
    let committed = active.store.commit(mark);
    drop(gate);
    committed.await?;
    Ok(more)
}

/// Sends answers until there can be no more.
async fn write(
    mut writer: OwnedWriteHalf,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
    patience: Duration,
    peer: IpAddr,
) {
    while let Some(octets) = outgoing.recv().await {
        let length = octets.len();
        match timeout(patience, writer.write_all(&octets)).await {
            Ok(Ok(())) => observe::log!(m::Sent { peer, octets: length }),
            Ok(Err(error)) => {
                observe::log!(m::SendError { peer, octets: length, error });
                return;
            }
            Err(_) => {
                observe::log!(m::SendError { peer, octets: length, error: "it does not read its answers" });
                return;
            }
        }
    }
}

/// What a requester does next.
enum Incoming {
    Message(Vec<u8>),
    /// Nothing, for as long as it may.
    Idle,
    /// A message has begun and does not end.
    Late,
    /// It has nothing more to say, or is gone.
    End,
}

/// Messages of a connection, each after its length.
struct Messages {
    reader: OwnedReadHalf,
    /// What came and is no whole message yet.
    octets: Vec<u8>,
    /// When its first octet came.
    begun: Option<Instant>,
}

impl Messages {
    /// The next message. Nothing is lost when it is not waited for.
    async fn next(&mut self, idle: Duration) -> Incoming {
        loop {
            if let Some(message) = self.take() {
                self.begun = (!self.octets.is_empty()).then(Instant::now);
                return Incoming::Message(message);
            }
            let mut part = [0; 4096];
            let until = self.begun.unwrap_or_else(Instant::now) + idle;
            match timeout_at(until, self.reader.read(&mut part)).await {
                Ok(Ok(0) | Err(_)) => return Incoming::End,
                Ok(Ok(read)) => {
                    self.begun.get_or_insert_with(Instant::now);
                    self.octets.extend(part.iter().take(read));
                }
                Err(_) if self.begun.is_some() => return Incoming::Late,
                Err(_) => return Incoming::Idle,
            }
        }
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        let (length, rest) = self.octets.split_first_chunk::<2>()?;
        let message = rest.get(..usize::from(u16::from_be_bytes(*length)))?.to_vec();
        self.octets.drain(..2 + message.len());
        Some(message)
    }
}
