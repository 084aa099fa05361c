//! Commands to another server, over connections that are kept.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use control::http::client::{Connection, Login, PostError, Target};
use control::http::{Bytes, StatusCode};
use control::tls::ClientTls;
use control::{Answer, codec, result};
use ha::messages::Answered;
use ha::{Failure, Peer};
use json::{Kind, Value};
use tokio::time::timeout;

/// How long a server may take for a command.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that are kept while nothing is sent.
const IDLE: usize = 64;

/// The way to one server.
pub(crate) struct Link {
    /// As log lines name the server.
    pub(crate) label: String,
    target: Target,
    idle: Mutex<Vec<Connection>>,
    /// The server keeps leases that were released.
    released: AtomicBool,
}

impl Link {
    pub(crate) fn new(peer: &Peer, tls: Option<ClientTls>) -> Self {
        let login = peer.login.as_ref();
        let target = Target {
            host: peer.url.address.to_string(),
            port: peer.url.port,
            path: peer.url.path.clone(),
            tls,
            login: login.map(|login| Login { user: login.user.clone(), password: login.password.clone() }),
            headers: Vec::new(),
            user_agent: format!("{}/{}", daemon::version::PRODUCT, daemon::version::VERSION),
        };
        Self { label: peer.label(), target, idle: Mutex::default(), released: AtomicBool::new(true) }
    }

    /// Whether the server keeps leases that were released, as far as is known.
    pub(crate) fn knows_released(&self) -> bool {
        self.released.load(Ordering::Relaxed)
    }

    pub(crate) fn learn_released(&self, kept: bool) {
        self.released.store(kept, Ordering::Relaxed);
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// When there is none in time, or it is an error.
    pub(crate) async fn ask(&self, command: &Value, patience: Duration) -> Result<Answer, Failure> {
        let body = Bytes::from(json::to_string(command));
        let posted = timeout(patience, self.post(body)).await;
        let (status, body) = posted
            .map_err(|_| Failure::Unreachable(format!("no answer within {} ms", patience.as_millis())))?
            .map_err(|error| Failure::Unreachable(error.to_string()))?;
        observe::log!(Answered {
            server: format_args!("{}:{}", self.target.host, self.target.port),
            answer: String::from_utf8_lossy(&body)
        });
        read(status, body).await
    }

    /// Over a connection that is there, else over a new one.
    async fn post(&self, body: Bytes) -> Result<(StatusCode, Bytes), PostError> {
        let kept = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(mut connection) = kept() {
            // The other side may have closed it just now; a new one tells whether it is there.
            if connection.is_open()
                && let Ok(answer) = connection.post(&self.target, body.clone()).await
            {
                self.keep(connection);
                return Ok(answer);
            }
        }
        let mut connection = Connection::open(&self.target).await?;
        let answer = connection.post(&self.target, body).await?;
        self.keep(connection);
        Ok(answer)
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.is_open() && idle.len() < IDLE {
            idle.push(connection);
        }
    }
}

/// What a server answered: a list with one answer, or an error of HTTP, which is a map.
async fn read(status: StatusCode, body: Bytes) -> Result<Answer, Failure> {
    let value = codec::parse_answer(body).await.map_err(|_| {
        Failure::Refused(format!("status {} without an answer that can be read", status.as_u16()))
    })?;
    let first = match value.kind {
        Kind::List(list) => list.into_iter().next(),
        kind => Some(kind.into()),
    };
    let first = first.ok_or_else(|| Failure::Refused("list of responses must not be empty".to_owned()))?;
    let answer = Answer::from_value(first).map_err(|error| Failure::Refused(error.to_string()))?;
    let code = answer.result;
    let text = || match &answer.text {
        Some(text) => format!("{text} (error code {code})"),
        None => format!("error code {code}"),
    };
    match code {
        result::OK | result::EMPTY => Ok(answer),
        result::UNSUPPORTED => Err(Failure::Unsupported(text())),
        result::CONFLICT => Err(Failure::Conflict(text())),
        _ => Err(Failure::Refused(text())),
    }
}
