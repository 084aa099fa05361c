//! One HTTP connection: its requests, its deadlines, its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
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
use hyper::{HeaderMap, Method, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

use super::guard::{Guard, Phase, State, stock_body, stock_response};
use super::{Credentials, Handler, Request, codec};
use crate::slots::Slot;
use crate::{Channel, Limits, Origin, messages};

/// What all connections share.
pub(crate) struct Shared {
    credentials: Option<Credentials>,
    headers: Vec<(HeaderName, HeaderValue)>,
    handler: Handler,
    /// Settings have been replaced: idle connections that run under these end.
    retired: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(
        credentials: Option<Credentials>,
        headers: Vec<(HeaderName, HeaderValue)>,
        handler: Handler,
    ) -> Self {
        Self { credentials, headers, handler, retired: watch::channel(false).0 }
    }

    pub(crate) fn retire(&self) {
        self.retired.send_replace(true);
    }
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
    mut stopping: watch::Receiver<bool>,
) {
    let Some(slot) = slot else {
        // All connections have commands in work.
        farewell(&stream, StatusCode::SERVICE_UNAVAILABLE);
        return;
    };
    let state = State::new(limits);
    let io = TokioIo::new(Guard::new(stream, state.clone()));
    let mut retired = shared.retired.subscribe();
    let service = service_fn(|request| {
        let exchange = Exchange { shared: &shared, state: &state, slot: &slot, peer, limits };
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
    let mut stream = guard.into_inner();
    match end {
        End::Done => {
            // From here on whoever needs the place may have it.
            slot.end();
            tokio::select! {
                () = linger(&mut stream) => {}
                () = evicted => {}
            }
        }
        End::Evicted => {
            if slot.warn() {
                observe::log!(messages::HttpEvicted { peer });
            }
            if clean {
                farewell(&stream, StatusCode::TOO_MANY_REQUESTS);
            }
        }
        End::Expired if state.phase() == Phase::Receiving => {
            observe::log!(messages::RequestTimeout { peer });
            if clean {
                farewell(&stream, StatusCode::REQUEST_TIMEOUT);
            }
        }
        End::Expired => observe::log!(messages::IdleTimeout { peer }),
    }
    observe::log!(messages::HttpConnectionStop { peer });
}

/// Last words to a client that must go at once: what the socket takes without waiting. Octets that are there already
/// are read away first, or closing would reset the connection.
fn farewell(stream: &TcpStream, status: StatusCode) {
    let mut waste = [0; 1024];
    for _ in 0..64 {
        if !stream.try_read(&mut waste).is_ok_and(|count| count > 0) {
            break;
        }
    }
    let _ = stream.try_write(&stock_response(status.as_u16()));
}

/// Closes our side and reads away, for a moment, what the client still sends: closing over unread octets would reset
/// the connection, and the client might never see the answer.
async fn linger(stream: &mut TcpStream) {
    let _ = stream.shutdown().await;
    let mut waste = vec![0; 4096];
    let _ = timeout(Duration::from_secs(1), async {
        for _ in 0..256 {
            if !stream.read(&mut waste).await.is_ok_and(|count| count > 0) {
                break;
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
    peer: SocketAddr,
    limits: Limits,
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
        let version = request.version();
        let mut response = match self.receive(request).await {
            Ok(request) => {
                self.state.enter(Phase::Working);
                self.slot.begin();
                let text = (self.shared.handler)(request).await;
                self.response(StatusCode::OK, text)
            }
            Err(Rejection { status, close, reason }) => {
                observe::log!(messages::BadRequest { peer: self.peer, error: reason });
                let mut response = self.response(status, stock_body(status));
                if let Some(credentials) = self.shared.credentials.as_ref()
                    && status == StatusCode::UNAUTHORIZED
                    && let Ok(challenge) = HeaderValue::from_bytes(credentials.challenge().as_bytes())
                {
                    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
                // A response to HEAD has no body, and the guard counts on one.
                if close || head_only {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
        };
        if version == Version::HTTP_10 {
            *response.version_mut() = Version::HTTP_10;
        }
        observe::log!(messages::ResponseSend { status: response.status(), peer: self.peer });
        self.state.enter(Phase::Writing);
        response
    }

    fn response(&self, status: StatusCode, body: String) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &self.shared.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response
    }

    /// Who asks, then what: nothing of a body is read before its sender is known.
    async fn receive(&self, request: hyper::Request<Incoming>) -> Result<Request, Rejection> {
        let (parts, body) = request.into_parts();
        let too_large =
            || Rejection { status: StatusCode::PAYLOAD_TOO_LARGE, close: true, reason: "too large" };
        let most = u64::try_from(self.limits.command).unwrap_or(u64::MAX);
        let announced = body.size_hint().exact().unwrap_or(0);

        let user = match &self.shared.credentials {
            None => None,
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
        observe::log!(messages::RequestReceived { peer: self.peer });
        let value = if octets.is_empty() {
            None
        } else {
            self.state.enter(Phase::Working);
            self.slot.begin();
            Some(codec::parse(octets.clone()).await.map_err(|_| Rejection::bad("body is not JSON"))?)
        };
        let origin = Origin { channel: Channel::Http, peer: self.peer.ip().to_canonical().to_string(), user };
        Ok(Request { peer: self.peer, origin, octets, value })
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
