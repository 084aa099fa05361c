//! Accepting commands on a UNIX socket.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use json::{Scan, Scanner};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};

use super::KEEP;
use super::socket::{BindError, SocketFile};
use crate::eager::{self, Eager};
use crate::slots::{Slot, Slots};
use crate::{Answer, Channel, CommandTable, Limits, Origin, codec, messages};

/// Octets that are made room for at once, at least.
const PIECE: usize = 4096;

/// A bound control socket that does not answer yet.
#[derive(Debug)]
pub struct UnixServer {
    file: SocketFile,
    listener: AsyncFd<UnixListener>,
    limits: Limits,
}

/// A serving control socket. Dropping it stops at once; [`ServerHandle::stop`] lets commands finish.
#[derive(Debug)]
pub struct ServerHandle {
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl UnixServer {
    /// Opens the socket; `check_directory` judges the directory's place and mode first and says what is wrong. Needs a
    /// tokio runtime.
    pub fn bind(
        path: &Path,
        limits: Limits,
        check_directory: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<Self, BindError> {
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        check_directory(directory).map_err(BindError::Directory)?;
        let (file, listener) = SocketFile::bind(path)?;
        let listener =
            eager::listen(listener).map_err(|error| BindError::Bind { path: path.to_owned(), error })?;
        observe::log!(messages::AcceptorStart { path: path.display() });
        Ok(Self { file, listener, limits })
    }

    /// Takes commands from now on.
    #[must_use]
    pub fn serve(self, table: Arc<CommandTable>) -> ServerHandle {
        let (stop, stopping) = watch::channel(false);
        ServerHandle { stop, task: Some(tokio::spawn(self.run(table, stopping))) }
    }

    async fn run(self, table: Arc<CommandTable>, mut stopping: watch::Receiver<bool>) {
        let slots = Slots::new(self.limits.connections, self.limits.connections);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = stopping.changed() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.async_io(Interest::READABLE, UnixListener::accept) => match accepted {
                    Ok((stream, _)) => {
                        let slot = slots.admit(None);
                        let limits = self.limits;
                        connections.spawn(serve_one(stream, slot, table.clone(), limits, stopping.clone()));
                    }
                    Err(error) => {
                        observe::log!(messages::AcceptFail { path: self.file.path.display(), error });
                        // Out of descriptors, most likely: no use in spinning.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        // No new connections, and no file that invites some.
        drop(self.listener);
        drop(self.file);
        while connections.join_next().await.is_some() {}
    }
}

impl ServerHandle {
    pub(crate) fn new(stop: watch::Sender<bool>, task: JoinHandle<()>) -> Self {
        Self { stop, task: Some(task) }
    }

    /// Takes no more commands, closes connections that wait for their clients, and gives commands in work `grace` to
    /// finish and be answered.
    pub async fn stop(mut self, grace: Duration) {
        let _ = self.stop.send(true);
        if let Some(mut task) = self.task.take()
            && timeout(grace, &mut task).await.is_err()
        {
            task.abort();
            let _ = task.await;
        }
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What reading a command came to.
enum Received {
    Command(Vec<u8>),
    /// The client closed its side, or the server stops.
    Nothing,
    Refused(Answer),
}

async fn serve_one(
    stream: UnixStream,
    slot: Option<Slot>,
    table: Arc<CommandTable>,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let peer = peer_of(&stream);
    let mut stream = Eager::new(stream);
    observe::log!(messages::ConnectionOpened { peer });
    let Some(slot) = slot else {
        farewell(&stream);
        return;
    };
    let mut patience = limits.receive;
    let mut kept = false;
    loop {
        let deadline = Instant::now() + patience;
        let received = tokio::select! {
            biased;
            _ = stopping.changed() => Received::Nothing,
            () = slot.evicted() => {
                if slot.warn() {
                    observe::log!(messages::ConnectionEvicted { peer });
                }
                farewell(&stream);
                Received::Nothing
            }
            received = receive(&mut stream, &peer, limits, deadline, kept) => received,
        };
        kept = false;
        let answer = match received {
            Received::Nothing => None,
            Received::Refused(answer) => Some(answer),
            Received::Command(mut octets) => {
                slot.begin();
                kept = octets.starts_with(KEEP);
                if kept {
                    // Places in error texts are those of what the client wrote.
                    octets.drain(..KEEP.len());
                }
                let origin =
                    Origin { channel: Channel::Unix, peer: peer.clone(), secure: true, ..Origin::default() };
                Some(match codec::parse(octets).await {
                    Ok(value) => table.process(value, origin).await,
                    Err(error) => {
                        observe::log!(messages::ProcessError1 { error });
                        Answer::error(error)
                    }
                })
            }
        };
        let Some(answer) = answer else { break };
        kept &= send(&mut stream, answer, &peer, limits).await;
        // From here on whoever needs the place may have it.
        if kept {
            slot.end_of_forwarded();
        } else {
            slot.end();
            if stream.is_quiet() {
                break;
            }
            tokio::select! {
                () = linger(&mut stream) => {}
                () = slot.evicted() => {}
            }
            break;
        }
        patience = limits.idle;
    }
    observe::log!(messages::ConnectionClosed { peer });
}

/// Reads a command. `kept`: the client has had an answer, and may have no more to say.
async fn receive(
    stream: &mut Eager<UnixStream>,
    peer: &str,
    limits: Limits,
    deadline: Instant,
    kept: bool,
) -> Received {
    let mut scanner = Scanner::new().max_depth(limits.nesting);
    let mut command = Vec::with_capacity(PIECE);
    loop {
        let count = match timeout_at(deadline, stream.read_buf(&mut command)).await {
            Err(_) if kept && scanner.seen() == 0 => return Received::Nothing,
            Err(_) => {
                observe::log!(messages::ConnectionTimeout { peer });
                let mut text = "Connection over control channel timed out".to_owned();
                if scanner.seen() > 0 {
                    text.push_str(&format!(", discarded partial command of {} bytes", scanner.seen()));
                }
                return Received::Refused(Answer::error(text));
            }
            Ok(Err(error)) => {
                observe::log!(messages::SocketReadFail { error, peer });
                return Received::Nothing;
            }
            Ok(Ok(0)) if kept && scanner.seen() == 0 => return Received::Nothing,
            Ok(Ok(0)) => {
                let detail = format!("discarded partial command of {} bytes", scanner.seen());
                observe::log!(messages::ClosedByForeignHost { peer, detail });
                return Received::Nothing;
            }
            Ok(Ok(count)) => count,
        };
        observe::log!(messages::SocketRead { octets: count, peer });
        let new = command.len().saturating_sub(count);
        match scanner.push(command.get(new..).unwrap_or_default()) {
            Scan::NeedMore if command.len() > limits.command => {
                return refuse(format!("command of more than {} octets", limits.command));
            }
            Scan::NeedMore => command.reserve(PIECE),
            Scan::Complete(length) => {
                command.truncate(length);
                return Received::Command(command);
            }
            Scan::Invalid(error) => return refuse(error),
        }
    }
}

fn refuse(error: String) -> Received {
    observe::log!(messages::ProcessError1 { error });
    Received::Refused(Answer::error(error))
}

/// Whether all of the answer went.
async fn send(stream: &mut Eager<UnixStream>, answer: Answer, peer: &str, limits: Limits) -> bool {
    let text = codec::write(answer).await;
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match timeout(limits.write, stream.write(rest)).await {
            Ok(Ok(count)) if count > 0 => rest = rest.get(count..).unwrap_or_default(),
            Ok(Ok(_)) => return false,
            Ok(Err(error)) => {
                observe::log!(messages::SocketWriteFail { peer, error });
                return false;
            }
            Err(_) => {
                observe::log!(messages::ConnectionTimeout { peer });
                return false;
            }
        }
    }
    observe::log!(messages::SocketWrite { octets: text.len(), peer });
    true
}

/// Last words to a client that must go at once: what the socket takes without waiting.
fn farewell(stream: &Eager<UnixStream>) {
    stream.write_now(br#"{ "result": 1, "text": "too many connections to the control socket" }"#);
}

/// Closes our side and reads away, for a moment, what the client sent beyond its command: closing over unread octets
/// looks like a broken connection to the client, which might then drop the answer.
async fn linger(stream: &mut Eager<UnixStream>) {
    let _ = stream.shutdown().await;
    let mut waste = vec![0; 4096];
    let _ = timeout(Duration::from_secs(1), async {
        for _ in 0..64 {
            if !stream.read(&mut waste).await.is_ok_and(|count| count > 0) {
                break;
            }
        }
    })
    .await;
}

fn peer_of(stream: &UnixStream) -> String {
    getsockopt(stream, PeerCredentials).map_or_else(
        |_| String::new(),
        |credentials| format!("uid={} pid={}", credentials.uid(), credentials.pid()),
    )
}
