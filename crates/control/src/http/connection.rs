//! One HTTP connection: its requests, its deadlines, its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{SocketAddr, TcpStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING,
    WWW_AUTHENTICATE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

use super::guard::{Guard, Lines, Phase, State, stock_response};
use super::{Credentials, Handler, HttpSettings, Page, Reply, Request, codec};
use crate::eager::Eager;
use crate::slots::Slot;
use crate::tls::{Certificate, ServerTls};
use crate::{Channel, Limits, Origin, messages};

/// How long the last words to a client that has to go may take.
const FAREWELL: Duration = Duration::from_millis(100);

/// How long what a client still sends is read away after its answer.
const LINGER: Duration = Duration::from_secs(1);

/// What all connections share.
pub(crate) struct Shared {
    credentials: Option<Credentials>,
    headers: Vec<(HeaderName, HeaderValue)>,
    lines: Lines,
    tls: Option<ServerTls>,
    pages: Vec<Page>,
    handler: Handler,
    /// Settings have been replaced: idle connections that run under these end.
    retired: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(
        settings: &HttpSettings,
        headers: Vec<(HeaderName, HeaderValue)>,
        handler: Handler,
    ) -> Self {
        Self {
            credentials: settings.credentials.clone(),
            lines: Lines {
                all: headers.iter().map(|(name, value)| line(name, value)).collect::<String>().into(),
                challenge: settings
                    .credentials
                    .as_ref()
                    .map(|credentials| format!("WWW-Authenticate: {}\r\n", credentials.challenge()).into()),
            },
            headers,
            tls: settings.tls.clone(),
            pages: settings.pages.clone(),
            handler,
            retired: watch::channel(false).0,
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    pub(crate) fn retire(&self) {
        self.retired.send_replace(true);
    }
}

/// A header as a line of a response.
fn line(name: &HeaderName, value: &HeaderValue) -> String {
    format!("{name}: {}\r\n", value.to_str().unwrap_or_default())
}

/// Why a connection ends.
enum End {
    /// hyper is done: closed by the client, asked to close, or broken.
    Done,
    Expired,
    Evicted,
}

/// Serves a connection until it ends.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    slot: Option<Slot>,
    shared: Arc<Shared>,
    limits: Limits,
    stopping: watch::Receiver<bool>,
) {
    let mut stream = Eager::new(stream);
    let Some(slot) = slot else {
        // All connections have commands in work. Nothing can be said before a handshake.
        if shared.tls.is_none() {
            farewell(&mut stream, StatusCode::SERVICE_UNAVAILABLE, &shared.lines.all).await;
        }
        return;
    };
    if shared.tls.is_some() {
        // Apart, so that connections without TLS need no room for it.
        return Box::pin(serve_tls(stream, peer, slot, shared, limits, stopping)).await;
    }
    let client = Client::new(peer);
    converse(stream, Eager::is_quiet, client, slot, &shared, limits, stopping).await;
}

/// Shakes hands first.
async fn serve_tls(
    stream: Eager<TcpStream>,
    peer: SocketAddr,
    slot: Slot,
    shared: Arc<Shared>,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let Some(tls) = &shared.tls else { return };
    // Shaking hands takes of the time that a request may take.
    let handshake = timeout(limits.receive, tls.acceptor().accept(stream));
    let outcome = tokio::select! {
        outcome = handshake => outcome,
        () = slot.evicted() => {
            if slot.warn() {
                observe::log!(messages::HttpEvicted { peer });
            }
            return;
        }
        _ = stopping.changed() => return,
    };
    match outcome {
        Ok(Ok(stream)) => {
            let certificate = stream.get_ref().1.peer_certificates().and_then(Certificate::of);
            let client = Client { secure: true, certificate, ..Client::new(peer) };
            // Its records are not looked into.
            converse(stream, |_| false, client, slot, &shared, limits, stopping).await;
        }
        Ok(Err(error)) => observe::log!(messages::HandshakeFailed { peer, error }),
        Err(_) => observe::log!(messages::RequestTimeout { peer }),
    }
}

/// Who is at the other end.
struct Client {
    address: SocketAddr,
    /// What commands know of the address.
    name: String,
    secure: bool,
    certificate: Option<Certificate>,
}

impl Client {
    /// Somebody without TLS.
    fn new(address: SocketAddr) -> Self {
        let name = address.ip().to_string();
        Self { address, name, secure: false, certificate: None }
    }
}

/// `is_quiet`: nothing is known to have come that was not read.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    is_quiet: fn(&S) -> bool,
    client: Client,
    slot: Slot,
    shared: &Shared,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let peer = client.address;
    let state = State::new(limits);
    let io = TokioIo::new(Guard::new(stream, state.clone(), shared.lines.clone()));
    let mut retired = shared.retired.subscribe();
    let service = service_fn(|request| {
        let exchange = Exchange { shared, state: &state, slot: &slot, client: &client, limits };
        Box::pin(async move { Ok::<_, Infallible>(exchange.answer(request).await) })
    });
    let mut connection = http1::Builder::new()
        // Scripts close their side once they have asked.
        .half_close(true)
        .title_case_headers(true)
        .max_buf_size(limits.head.max(8192))
        .serve_connection(io, service);

    let mut timer = pin!(sleep_until(state.deadline()));
    let mut evicted = pin!(slot.evicted());
    let mut ending = pin!(async {
        tokio::select! {
            _ = stopping.changed() => {}
            _ = retired.changed() => {}
        }
    });
    let mut winding_down = false;
    let end = poll_fn(|cx| {
        if connection.poll_without_shutdown(cx).is_ready() {
            return Poll::Ready(End::Done);
        }
        if matches!(state.phase(), Phase::Idle | Phase::Receiving) {
            slot.end();
        }
        if !winding_down && ending.as_mut().poll(cx).is_ready() {
            winding_down = true;
            Pin::new(&mut connection).graceful_shutdown();
            if connection.poll_without_shutdown(cx).is_ready() {
                return Poll::Ready(End::Done);
            }
        }
        // A request that has not arrived when the server stops will not be served.
        if winding_down && matches!(state.phase(), Phase::Idle | Phase::Receiving) {
            return Poll::Ready(End::Done);
        }
        if evicted.as_mut().poll(cx).is_ready() {
            return Poll::Ready(End::Evicted);
        }
        let deadline = state.deadline();
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        if timer.as_mut().poll(cx).is_ready() { Poll::Ready(End::Expired) } else { Poll::Pending }
    })
    .await;

    let guard = connection.into_parts().io.into_inner();
    let clean = !guard.in_response();
    // A client that is in the middle of something large reads its answer only when all of it is sent.
    let patience = if guard.refused() { limits.receive } else { LINGER };
    let whole = !guard.refused() && !state.is_abandoned();
    let mut stream = guard.into_inner();
    match end {
        // All was read, and nothing more is to come: there is nothing to wait for.
        End::Done if whole && is_quiet(&stream) => {}
        End::Done => {
            // From here on whoever needs the place may have it.
            slot.end();
            tokio::select! {
                () = linger(&mut stream, patience) => {}
                () = evicted => {}
            }
        }
        End::Evicted => {
            if slot.warn() {
                observe::log!(messages::HttpEvicted { peer });
            }
            if clean {
                farewell(&mut stream, StatusCode::TOO_MANY_REQUESTS, &shared.lines.all).await;
            }
        }
        End::Expired if state.phase() == Phase::Receiving => {
            observe::log!(messages::RequestTimeout { peer });
            if clean {
                farewell(&mut stream, StatusCode::REQUEST_TIMEOUT, &shared.lines.all).await;
            }
        }
        End::Expired => observe::log!(messages::IdleTimeout { peer }),
    }
    observe::log!(messages::HttpConnectionStop { peer });
}

/// Last words to a client that must go. Octets that are there already are read away first, or closing would reset the
/// connection.
async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, status: StatusCode, headers: &str) {
    let mut waste = vec![0; 1024];
    for _ in 0..64 {
        // What is not there at once is not waited for.
        let read = timeout(Duration::ZERO, stream.read(&mut waste)).await;
        if !matches!(read, Ok(Ok(count)) if count > 0) {
            break;
        }
    }
    let _ = timeout(FAREWELL, async {
        stream.write_all(&stock_response(status.as_u16(), headers)).await?;
        stream.shutdown().await
    })
    .await;
}

/// Closes our side and reads away, for a moment, what the client still sends: closing over unread octets would reset
/// the connection, and the client might never see the answer.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, patience: Duration) {
    const MOST: usize = 256 << 20;
    let _ = stream.shutdown().await;
    let mut waste = vec![0; 16 << 10];
    let _ = timeout(patience, async {
        let mut read = 0;
        while read < MOST {
            match stream.read(&mut waste).await {
                Ok(count) if count > 0 => read += count,
                _ => break,
            }
        }
    })
    .await;
}

/// One request and its answer.
struct Exchange<'a> {
    shared: &'a Shared,
    state: &'a State,
    slot: &'a Slot,
    client: &'a Client,
    limits: Limits,
}

/// What is asked for.
enum Wanted<'a> {
    Command(Request),
    Page(&'a Page, Origin),
}

/// A request that never becomes a command.
struct Rejection {
    status: StatusCode,
    /// The rest of the request is not worth reading.
    close: bool,
    reason: &'static str,
}

impl Rejection {
    fn bad(reason: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, close: false, reason }
    }
}

impl Exchange<'_> {
    async fn answer(&self, request: hyper::Request<Incoming>) -> Response<Full<Bytes>> {
        let head_only = request.method() == Method::HEAD;
        let mut response = match self.receive(request).await {
            Ok(wanted) => {
                self.state.enter(Phase::Working);
                self.slot.begin();
                self.response(match wanted {
                    Wanted::Command(request) => (self.shared.handler)(request).await,
                    Wanted::Page(page, origin) => (page.render)(origin).await,
                })
            }
            Err(Rejection { status, close, reason }) => {
                observe::log!(messages::BadRequest { peer: self.client.address, error: reason });
                let mut response = self.response(Reply::error(status));
                if close {
                    self.state.abandon();
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
        };
        if let Some(credentials) = self.shared.credentials.as_ref()
            && response.status() == StatusCode::UNAUTHORIZED
            && let Ok(challenge) = HeaderValue::from_bytes(credentials.challenge().as_bytes())
        {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        // A response to HEAD has no body, and the guard counts on one.
        if head_only {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        observe::log!(messages::ResponseSend { status: response.status(), peer: self.client.address });
        self.state.enter(Phase::Writing);
        response
    }

    fn response(&self, reply: Reply) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(reply.body)));
        *response.status_mut() = reply.status;
        // Without a type the guard would take the response for one of hyper's own.
        let kind = HeaderValue::from_str(&reply.content_type)
            .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
        response.headers_mut().insert(CONTENT_TYPE, kind);
        for (name, value) in &self.shared.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response
    }

    /// Who asks, then what: nothing of a body is read before its sender is known.
    async fn receive(&self, request: hyper::Request<Incoming>) -> Result<Wanted<'_>, Rejection> {
        let (parts, body) = request.into_parts();
        let page = matches!(parts.method, Method::GET | Method::HEAD)
            .then(|| self.shared.pages.iter().find(|page| page.path == parts.uri.path()))
            .flatten();
        let too_large =
            || Rejection { status: StatusCode::PAYLOAD_TOO_LARGE, close: true, reason: "too large" };
        let most = u64::try_from(self.limits.command).unwrap_or(u64::MAX);
        let announced = body.size_hint().exact().unwrap_or(0);

        let user = match &self.shared.credentials {
            None => None,
            Some(_) if page.is_some_and(|page| page.open) => None,
            Some(credentials) => {
                let header = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
                match credentials.check_and_log(header) {
                    Some(user) => Some(user.to_owned()),
                    None => return Err(self.unauthorized(body, announced).await),
                }
            }
        };
        if parts.headers.contains_key(TRANSFER_ENCODING)
            || parts.headers.get_all(CONTENT_LENGTH).iter().count() > 1
        {
            // As Kea, which reads by Content-Length alone; and two ways to find the end of a body are one too many.
            return Err(Rejection { close: true, ..Rejection::bad("no plain Content-Length") });
        }
        if announced > most {
            return Err(too_large());
        }
        let octets = match Limited::new(body, self.limits.command).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(_) => return Err(Rejection { close: true, ..Rejection::bad("body cannot be read") }),
        };
        let origin = self.origin(user);
        if let Some(page) = page {
            return Ok(Wanted::Page(page, origin));
        }
        if parts.method != Method::POST {
            return Err(Rejection::bad("not a POST"));
        }
        if !is_json(&parts.headers) {
            return Err(Rejection::bad("Content-Type is not application/json"));
        }
        if !parts.headers.contains_key(CONTENT_LENGTH) {
            // If there is a body all the same, it must not be taken for the next request.
            return Err(Rejection { close: true, ..Rejection::bad("no Content-Length") });
        }
        observe::log!(messages::RequestReceived { peer: self.client.address });
        let value = if octets.is_empty() {
            None
        } else {
            self.state.enter(Phase::Working);
            self.slot.begin();
            Some(codec::parse(octets.clone()).await.map_err(|_| Rejection::bad("body is not JSON"))?)
        };
        Ok(Wanted::Command(Request { peer: self.client.address, origin, octets, value }))
    }

    fn origin(&self, user: Option<String>) -> Origin {
        Origin {
            channel: Channel::Http,
            peer: self.client.name.clone(),
            user,
            secure: self.client.secure,
            certificate: self.client.certificate.clone(),
        }
    }

    /// A stranger's small body is read away, so that it may try again over the same connection.
    async fn unauthorized(&self, body: Incoming, announced: u64) -> Rejection {
        const SMALL: usize = 64 << 10;
        let small = announced <= u64::try_from(SMALL).unwrap_or(0);
        let close = !small || Limited::new(body, SMALL).collect().await.is_err();
        Rejection { status: StatusCode::UNAUTHORIZED, close, reason: "not authorized" }
    }
}

/// `application/json`, whatever parameters follow.
fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
