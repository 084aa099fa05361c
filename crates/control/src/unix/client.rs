//! Sending a command to a UNIX control socket and reading the answer.

use std::io;
use std::path::Path;
use std::time::Duration;

use json::{Scan, Scanner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout, timeout_at};

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

/// Sends one command and returns the octets of the answer, which is a complete JSON value as far as brackets go.
pub async fn request(path: &Path, command: &[u8], timeouts: ClientTimeouts) -> Result<Vec<u8>, ClientError> {
    let mut stream = timeout(timeouts.connect, UnixStream::connect(path))
        .await
        .map_err(|_| ClientError::Timeout)?
        .map_err(ClientError::Connect)?;
    let deadline = Instant::now() + timeouts.answer;
    // A server that refuses early (its caps, a broken envelope) may answer and close before it has read everything, so
    // a failed write is not the last word.
    let sent = timeout_at(deadline, stream.write_all(command)).await.map_err(|_| ClientError::Timeout)?;
    let mut scanner = Scanner::new();
    let mut answer = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = timeout_at(deadline, stream.read(&mut piece)).await.map_err(|_| ClientError::Timeout)?;
        let count = match (read, &sent) {
            (Ok(0), Ok(())) => return Err(ClientError::Closed),
            (Ok(0) | Err(_), Err(_)) => return Err(ClientError::Broken(sent.err().unwrap_or_else(broken))),
            (Err(error), Ok(())) => return Err(ClientError::Broken(error)),
            (Ok(count), _) => count,
        };
        let piece = piece.get(..count).unwrap_or_default();
        answer.extend_from_slice(piece);
        match scanner.push(piece) {
            Scan::NeedMore if answer.len() > timeouts.size => {
                return Err(ClientError::TooLong(timeouts.size));
            }
            Scan::NeedMore => {}
            Scan::Complete(length) => {
                answer.truncate(length);
                return Ok(answer);
            }
            Scan::Invalid(error) => return Err(ClientError::NotJson(error)),
        }
    }
}

fn broken() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}
