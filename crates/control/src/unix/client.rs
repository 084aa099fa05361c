//! Sending a command to a UNIX control socket and reading the answer.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use json::{Scan, Scanner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::KEEP;
use crate::eager::Eager;

/// Connections to one socket that wait for the next command: as many as clients that ask at once, within reason.
const MOST_IDLE: usize = 32;

/// Longest wait of a connection for the next command; less than servers wait.
const MOST_IDLE_TIME: Duration = Duration::from_secs(15);

/// Octets that are read at once, at least.
const PIECE: usize = 16 << 10;

/// How patient a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    pub connect: Duration,
    /// From sending to the last octet of the answer.
    pub answer: Duration,
    /// Octets of an answer.
    pub size: usize,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(60), size: 1 << 30 }
    }
}

/// Why there is no answer. The text is the system's, as Kea prints it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{}", describe(.0))]
    Connect(io::Error),
    #[error("{}", describe(.0))]
    Broken(io::Error),
    #[error("Connection timed out")]
    Timeout,
    #[error("End of file")]
    Closed,
    #[error("answer of more than {0} octets")]
    TooLong(usize),
    #[error("not a JSON value: {0}")]
    NotJson(String),
}

/// The system's text without the number that Rust appends.
fn describe(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_owned(),
        None => error.to_string(),
    }
}

/// Connections to one control socket, kept between commands where the server keeps them too: see [`KEEP`].
pub struct UnixClient {
    path: PathBuf,
    idle: Mutex<Vec<Idle>>,
}

impl std::fmt::Debug for UnixClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UnixClient({})", self.path.display())
    }
}

struct Idle {
    stream: Eager<UnixStream>,
    since: Instant,
}

/// What a command came to on one connection.
enum Outcome {
    Answer(Vec<u8>),
    /// The server closed without having read the command.
    Unheard(ClientError),
}

impl UnixClient {
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// As [`request`], over a kept connection if there is one. Is sent again only when it is certain that the server
    /// has not heard it.
    pub async fn request(&self, command: &[u8], timeouts: ClientTimeouts) -> Result<Vec<u8>, ClientError> {
        let command = [KEEP, command].concat();
        while let Some(mut stream) = self.take() {
            if let Outcome::Answer(answer) = exchange(&mut stream, &command, timeouts).await? {
                self.keep(stream);
                return Ok(answer);
            }
        }
        let mut stream = connect(&self.path, timeouts).await?;
        match exchange(&mut stream, &command, timeouts).await? {
            Outcome::Answer(answer) => {
                self.keep(stream);
                Ok(answer)
            }
            Outcome::Unheard(error) => Err(error),
        }
    }

    /// Whether the server accepts a connection within `patience`.
    pub async fn reaches(&self, patience: Duration) -> bool {
        let timeouts = ClientTimeouts { connect: patience, ..ClientTimeouts::default() };
        connect(&self.path, timeouts).await.is_ok()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that still stands.
    fn take(&self) -> Option<Eager<UnixStream>> {
        let mut idle = self.idle();
        while let Some(Idle { stream, since }) = idle.pop() {
            if stream.is_idle() && since.elapsed() < MOST_IDLE_TIME {
                return Some(stream);
            }
        }
        None
    }

    fn keep(&self, stream: Eager<UnixStream>) {
        let mut idle = self.idle();
        if idle.len() >= MOST_IDLE {
            idle.remove(0);
        }
        idle.push(Idle { stream, since: Instant::now() });
    }
}

/// Sends one command and returns the octets of the answer, which is a complete JSON value as far as brackets go.
pub async fn request(path: &Path, command: &[u8], timeouts: ClientTimeouts) -> Result<Vec<u8>, ClientError> {
    let mut stream = connect(path, timeouts).await?;
    match exchange(&mut stream, command, timeouts).await? {
        Outcome::Answer(answer) => Ok(answer),
        Outcome::Unheard(error) => Err(error),
    }
}

async fn connect(path: &Path, timeouts: ClientTimeouts) -> Result<Eager<UnixStream>, ClientError> {
    let connected = timeout(timeouts.connect, tokio::net::UnixStream::connect(path)).await;
    let stream = connected.map_err(|_| ClientError::Timeout)?.map_err(ClientError::Connect)?;
    stream.into_std().map(Eager::new).map_err(ClientError::Connect)
}

async fn exchange(
    stream: &mut Eager<UnixStream>,
    command: &[u8],
    timeouts: ClientTimeouts,
) -> Result<Outcome, ClientError> {
    let deadline = Instant::now() + timeouts.answer;
    // A server that refuses early (its caps, a broken envelope) may answer and close before it has read everything, so
    // a failed write is not the last word.
    let sent = timeout_at(deadline, stream.write_all(command)).await.map_err(|_| ClientError::Timeout)?;
    let mut scanner = Scanner::new();
    let mut answer = Vec::with_capacity(4096);
    loop {
        let read =
            timeout_at(deadline, stream.read_buf(&mut answer)).await.map_err(|_| ClientError::Timeout)?;
        let count = match (read, &sent) {
            (Ok(0), Ok(())) => return Err(ClientError::Closed),
            (Ok(0) | Err(_), Err(_)) => {
                return Ok(Outcome::Unheard(ClientError::Broken(sent.err().unwrap_or_else(broken))));
            }
            // Closing over what was not read resets the connection.
            (Err(error), Ok(())) if answer.is_empty() && error.kind() == ErrorKind::ConnectionReset => {
                return Ok(Outcome::Unheard(ClientError::Broken(error)));
            }
            (Err(error), Ok(())) => return Err(ClientError::Broken(error)),
            (Ok(count), _) => count,
        };
        let new = answer.len().saturating_sub(count);
        match scanner.push(answer.get(new..).unwrap_or_default()) {
            Scan::NeedMore if answer.len() > timeouts.size => {
                return Err(ClientError::TooLong(timeouts.size));
            }
            Scan::NeedMore => answer.reserve(PIECE),
            Scan::Complete(length) => {
                answer.truncate(length);
                return Ok(Outcome::Answer(answer));
            }
            Scan::Invalid(error) => return Err(ClientError::NotJson(error)),
        }
    }
}

fn broken() -> io::Error {
    ErrorKind::BrokenPipe.into()
}
