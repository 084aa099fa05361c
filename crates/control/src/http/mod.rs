//! The HTTP control channel: `POST` of a JSON command, answered with a JSON list.
//!
//! One server for two uses: a daemon's own control socket ([`table_handler`]) and the control agent, which brings a
//! [`Handler`] of its own. Status codes and bodies are Kea's: an error of HTTP is a map such as
//! `{ "result": 400, "text": "Bad Request" }`, everything that reached a command is status 200 and a list.

mod auth;
pub mod client;
mod connection;
mod guard;
mod server;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use json::Value;

pub use auth::{Credentials, Refusal};
pub use hyper::StatusCode;
pub use hyper::body::Bytes;
pub use server::{HttpError, HttpHandle, HttpServer, HttpSettings, is_valid_header};

use crate::gate::{Admission, ResponseFilter};
use crate::{Answer, BoxFuture, CommandTable, Origin, codec, service};

/// A request that passed authentication and holds JSON.
#[derive(Debug)]
pub struct Request {
    pub peer: SocketAddr,
    pub origin: Origin,
    /// The body as sent.
    pub octets: Bytes,
    /// The body as parsed; `None` when it is empty.
    pub value: Option<Value>,
}

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    pub content_type: Cow<'static, str>,
    pub body: String,
}

impl Reply {
    /// Status 200 with a JSON text.
    #[must_use]
    pub fn json(body: String) -> Self {
        Self { status: StatusCode::OK, content_type: JSON, body }
    }

    /// Status 200, or another, with a line of text.
    #[must_use]
    pub fn text(status: StatusCode, body: String) -> Self {
        Self { status, content_type: Cow::Borrowed("text/plain; charset=utf-8"), body }
    }

    /// An error of HTTP with Kea's body.
    #[must_use]
    pub fn error(status: StatusCode) -> Self {
        Self { status, content_type: JSON, body: guard::stock_body(status) }
    }
}

const JSON: Cow<'static, str> = Cow::Borrowed("application/json");

/// Turns a request into its answer; what is answered to a command is a JSON list.
pub type Handler = Arc<dyn Fn(Request) -> BoxFuture<Reply> + Send + Sync>;

/// Something that `GET` serves beside the commands.
#[derive(Clone)]
pub struct Page {
    pub path: &'static str,
    /// Served without authentication: load balancers ask for health, and have no password.
    pub open: bool,
    pub render: Arc<dyn Fn(Origin) -> BoxFuture<Reply> + Send + Sync>,
}

impl Admission {
    /// What answers are looked through by.
    ///
    /// # Errors
    /// The reply to a request that is not let in.
    pub fn admitted(self) -> Result<Option<Arc<dyn ResponseFilter>>, Reply> {
        match self {
            Self::Granted => Ok(None),
            Self::Filtered(filter) => Ok(Some(filter)),
            Self::Unauthorized => Err(Reply::error(StatusCode::UNAUTHORIZED)),
            Self::Forbidden => Err(Reply::error(StatusCode::FORBIDDEN)),
        }
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Page {{ {}, open: {} }}", self.path, self.open)
    }
}

/// What Kea says to an empty body.
#[must_use]
pub fn no_command() -> Answer {
    Answer::error("Command processing failed: NULL command parameter")
}

/// Answers from a daemon's own commands, wrapped in a list of one. `own` is the daemon's service name (`dhcp4`).
pub fn table_handler(table: Arc<CommandTable>, own: &'static str) -> Handler {
    Arc::new(move |request: Request| {
        let table = table.clone();
        Box::pin(async move {
            let command = request.value.as_ref().and_then(|value| value.get("command"));
            let admission = table.admits(command.and_then(Value::as_str).unwrap_or(""), &request.origin);
            let filter = match admission.admitted() {
                Ok(filter) => filter,
                Err(refusal) => return refusal,
            };
            let mut answer = match request.value {
                None => no_command(),
                Some(value) => match service::check_own(&value, own) {
                    Err(answer) => answer,
                    Ok(()) => table.process(value, request.origin).await,
                },
            };
            if let Some(filter) = filter {
                answer = codec::filter(answer, filter).await;
            }
            Reply::json(codec::write_list(answer).await)
        })
    })
}
