//! The HTTP control channel: `POST` of a JSON command, answered with a JSON list.
//!
//! One server for two uses: a daemon's own control socket ([`table_handler`]) and the control agent, which brings a
//! [`Handler`] of its own. Status codes and bodies are Kea's: an error of HTTP is a map such as
//! `{ "result": 400, "text": "Bad Request" }`, everything that reached a command is status 200 and a list.

mod auth;
mod connection;
mod guard;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;

use json::Value;

pub use auth::{Credentials, Refusal};
pub use hyper::body::Bytes;
pub use server::{HttpError, HttpHandle, HttpServer, HttpSettings, is_valid_header};

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

/// Turns a request into the text of the answer, a JSON list.
pub type Handler = Arc<dyn Fn(Request) -> BoxFuture<String> + Send + Sync>;

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
            let answer = match request.value {
                None => no_command(),
                Some(value) => match service::check_own(&value, own) {
                    Err(answer) => answer,
                    Ok(()) => table.process(value, request.origin).await,
                },
            };
            codec::write(vec![answer.into_value()].into()).await
        })
    })
}
