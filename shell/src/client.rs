//! The HTTP client.

use std::io;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::flags::Flags;

/// Octets of an answer; beyond, something is wrong on the other side.
const LARGEST: usize = 1 << 30;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("cannot read '{path}': {error}")]
    File { path: String, error: io::Error },
    #[error("'{0}' is not a host and path of a URL")]
    Url(String),
    #[error("cannot connect to {host} port {port}: {error}")]
    Connect { host: String, port: u16, error: io::Error },
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("Connection timeout")]
    Timeout,
    #[error("HTTP Error {}: {}", .0.as_u16(), .0.canonical_reason().unwrap_or_default())]
    Status(StatusCode),
}

/// The value of the `Authorization` header; `None` without a user.
pub fn authorization(flags: &Flags) -> Result<Option<String>, SendError> {
    let user = match &flags.auth_user_file {
        Some(path) => first_line(path)?,
        None => flags.auth_user.clone(),
    };
    if user.is_empty() {
        return Ok(None);
    }
    let password = match &flags.auth_password_file {
        Some(path) => first_line(path)?,
        None => flags.auth_password.clone(),
    };
    Ok(Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))))
}

fn first_line(path: &Path) -> Result<String, SendError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SendError::File { path: path.display().to_string(), error })?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Sends the body and returns that of the answer. Any status but 200 is an error.
pub async fn send(flags: &Flags, body: String) -> Result<Bytes, SendError> {
    let authorization = authorization(flags)?;
    within(flags.timeout, exchange(flags, authorization, body)).await
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, SendError>>,
) -> Result<T, SendError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(SendError::Timeout))
}

async fn exchange(flags: &Flags, authorization: Option<String>, body: String) -> Result<Bytes, SendError> {
    let host = flags.host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, flags.port)).await.map_err(|error| SendError::Connect {
        host: host.to_owned(),
        port: flags.port,
        error,
    })?;
    let broken = |error: hyper::Error| SendError::Broken(error.to_string());
    let (mut sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let driver = tokio::spawn(connection);
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let mut request = Request::post(format!("/{}", flags.path.trim_start_matches('/')))
        .header(HOST, format!("{shown}:{}", flags.port))
        .header(USER_AGENT, format!("Kea-shell/{}", daemon::version::KEA_VERSION))
        .header(ACCEPT, "*/*")
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close");
    if let Some(value) = authorization {
        request = request.header(AUTHORIZATION, value);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| SendError::Url(format!("{host}/{}", flags.path)))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LARGEST)
        .collect()
        .await
        .map_err(|error| SendError::Broken(error.to_string()))?
        .to_bytes();
    driver.abort();
    if status == StatusCode::OK { Ok(body) } else { Err(SendError::Status(status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_their_files() {
        let dir = tempfile::tempdir().unwrap();
        let (user, password) = (dir.path().join("user"), dir.path().join("password"));
        std::fs::write(&user, "admin\nsecond line\n").unwrap();
        std::fs::write(&password, "12:34\r\n").unwrap();
        let plain = Flags { auth_user: "u".into(), auth_password: "p".into(), ..Flags::default() };
        for (flags, secret) in [
            (Flags::default(), None),
            (Flags { auth_password: "p".into(), ..Flags::default() }, None),
            (plain.clone(), Some("u:p")),
            (Flags { auth_user_file: Some(user.clone()), ..plain.clone() }, Some("admin:p")),
            (Flags { auth_password_file: Some(password.clone()), ..plain.clone() }, Some("u:12:34")),
            (Flags { auth_user: "u".into(), ..Flags::default() }, Some("u:")),
        ] {
            let expected = secret.map(|secret| format!("Basic {}", STANDARD.encode(secret)));
            assert_eq!(authorization(&flags).unwrap(), expected);
        }
        let missing = Flags { auth_user_file: Some(dir.path().join("missing")), ..plain };
        assert!(matches!(authorization(&missing), Err(SendError::File { .. })));
    }

    #[tokio::test]
    async fn silence_ends() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let flags = Flags {
            port: listener.local_addr().unwrap().port(),
            timeout: Duration::from_millis(100),
            ..Flags::default()
        };
        assert!(matches!(send(&flags, String::new()).await, Err(SendError::Timeout)));
        drop(listener);
        assert!(matches!(send(&flags, String::new()).await, Err(SendError::Connect { .. })));
    }
}
