//! Commands over the control channels, written by hand: the programs' own client is not its own judge.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The answer to a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub result: i64,
    pub text: String,
    /// Null without.
    pub arguments: Value,
}

impl Answer {
    /// Reads one answer.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        let result = value.get("result").and_then(Value::as_i64);
        Self {
            result: result.unwrap_or_else(|| panic!("no answer: {value}")),
            text: value.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
            arguments: value.get("arguments").cloned().unwrap_or_default(),
        }
    }

    /// The answer, which must be a success.
    #[must_use]
    pub fn ok(self) -> Self {
        assert_eq!(self.result, 0, "{self:?}");
        self
    }

    /// The answer, which must be an error.
    #[must_use]
    pub fn error(self) -> Self {
        assert_eq!(self.result, 1, "{self:?}");
        self
    }

    /// A member of the arguments by its JSON pointer; null when there is none.
    #[must_use]
    pub fn at(&self, pointer: &str) -> &Value {
        self.arguments.pointer(pointer).unwrap_or(&Value::Null)
    }
}

/// Sends a command over a UNIX socket.
#[must_use]
pub fn send(socket: &Path, command: &str, arguments: Value) -> Answer {
    let mut body = json!({ "command": command });
    if !arguments.is_null() {
        body["arguments"] = arguments;
    }
    let text = unix(socket, body.to_string().as_bytes()).unwrap_or_else(|e| panic!("{command}: {e}"));
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{command}: {error}: {text}"));
    Answer::from_value(&value)
}

/// Sends octets over a UNIX socket and reads until the server closes.
///
/// # Errors
/// Of the socket.
pub fn unix(socket: &Path, octets: &[u8]) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(octets)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Sends a POST and reads the whole response, head and body apart. Call it within the namespace of the server.
///
/// # Errors
/// Of the socket.
pub fn http(address: &str, head: &str, body: &str) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n{head}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    let response = String::from_utf8_lossy(&response).into_owned();
    Ok(response
        .split_once("\r\n\r\n")
        .map_or_else(|| (response.clone(), String::new()), |(h, b)| (h.to_owned(), b.to_owned())))
}
