//! One command to an HTTP or HTTPS control socket.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::tls::{ClientTls, TlsError};

/// Octets of an answer; beyond, something is wrong on the other side.
const LARGEST: usize = 1 << 30;

/// Where a command goes, and as whom.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Name or address; an IPv6 address may stand in brackets.
    pub host: String,
    pub port: u16,
    /// Path of the URL; a leading `/` may be left out.
    pub path: String,
    /// `None`: plain HTTP.
    pub tls: Option<ClientTls>,
    pub login: Option<Login>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    pub user_agent: String,
}

impl Target {
    /// The host without the brackets of an IPv6 address.
    fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether a connection is accepted within `patience`.
    pub async fn reaches(&self, patience: Duration) -> bool {
        matches!(timeout(patience, TcpStream::connect((self.host(), self.port))).await, Ok(Ok(_)))
    }
}

/// User and password of basic authentication (RFC 7617).
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.user)
    }
}

impl Login {
    fn header(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    #[error("'{0}' is not a host and path of a URL")]
    Url(String),
    #[error("'{0}' with this value is not a header")]
    Header(String),
    #[error("cannot connect to {host} port {port}: {error}")]
    Connect { host: String, port: u16, error: io::Error },
    #[error("TLS handshake with {host} port {port} failed: {error}")]
    Handshake { host: String, port: u16, error: io::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the connection broke: {0}")]
    Broken(String),
}

/// Sends a command over a connection of its own; answers with the status and the body. Waits as long as it takes:
/// callers bound it.
pub async fn post(target: &Target, body: Bytes) -> Result<(StatusCode, Bytes), PostError> {
    Connection::open(target).await?.exchange(target, body, false).await
}

/// A connection for several commands, one after the other. Dropped, it is closed.
#[derive(Debug)]
pub struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: tokio::task::JoinHandle<hyper::Result<()>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Connects, waiting as long as it takes.
    ///
    /// # Errors
    /// When nobody is there, or is somebody else (TLS).
    pub async fn open(target: &Target) -> Result<Self, PostError> {
        let host = target.host();
        let port = target.port;
        let stream = TcpStream::connect((host, port)).await.map_err(|error| PostError::Connect {
            host: host.to_owned(),
            port,
            error,
        })?;
        let _ = stream.set_nodelay(true);
        match &target.tls {
            None => Self::over(stream).await,
            Some(tls) => {
                let (connector, name) = tls.connector(host)?;
                let stream = connector.connect(name, stream).await.map_err(|error| PostError::Handshake {
                    host: host.to_owned(),
                    port,
                    error,
                })?;
                Self::over(stream).await
            }
        }
    }

    async fn over<S>(stream: S) -> Result<Self, PostError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let opened = http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|error| PostError::Broken(with_cause(&error)))?;
        Ok(Self { sender, driver: tokio::spawn(connection) })
    }

    /// Whether the other side has not closed it, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a command and waits for its answer; the connection stays.
    ///
    /// # Errors
    /// When the connection breaks: it is of no more use.
    pub async fn post(&mut self, target: &Target, body: Bytes) -> Result<(StatusCode, Bytes), PostError> {
        self.sender.ready().await.map_err(|error| PostError::Broken(with_cause(&error)))?;
        self.exchange(target, body, true).await
    }

    async fn exchange(
        &mut self,
        target: &Target,
        body: Bytes,
        stays: bool,
    ) -> Result<(StatusCode, Bytes), PostError> {
        let host = target.host();
        let request = request(target, host, body, stays)?;
        let broken = |error: hyper::Error| PostError::Broken(with_cause(&error));
        let response = self.sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST)
            .collect()
            .await
            .map_err(|error| PostError::Broken(error.to_string()))?
            .to_bytes();
        Ok((status, body))
    }
}

fn request(target: &Target, host: &str, body: Bytes, stays: bool) -> Result<Request<Full<Bytes>>, PostError> {
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let mut request = Request::post(format!("/{}", target.path.trim_start_matches('/')))
        .header(HOST, format!("{shown}:{}", target.port))
        .header(USER_AGENT, &target.user_agent)
        .header(ACCEPT, "*/*")
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, if stays { "keep-alive" } else { "close" });
    if let Some(login) = &target.login {
        request = request.header(AUTHORIZATION, login.header());
    }
    let mut request =
        request.body(Full::new(body)).map_err(|_| PostError::Url(format!("{host}/{}", target.path)))?;
    // One's own replace those above, such as the `Host` that a proxy looks at.
    let headers = target.headers.iter().map(|(name, value)| {
        let parsed = (name.parse::<HeaderName>().ok(), value.parse::<HeaderValue>().ok());
        if let (Some(name), Some(value)) = parsed {
            Ok((name, value))
        } else {
            Err(PostError::Header(name.clone()))
        }
    });
    for (name, value) in headers.collect::<Result<Vec<_>, _>>()? {
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// hyper tells what failed and keeps why to itself.
fn with_cause(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
