//! The stream under hyper: where a connection stands, its deadlines, and Kea's bodies for hyper's own errors.
//!
//! hyper answers requests that it cannot parse by itself, with an empty body, and closes. Its clients are used to
//! Kea's JSON there. As it writes whole heads and nothing but our own answers and these, they are told apart by
//! `Content-Type`.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::Limits;

/// Headers that hyper reads of one request.
const MOST_HEADERS: usize = 100;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A request is awaited for the first time, or has begun to arrive.
    Receiving,
    /// A request is in work.
    Working,
    /// The answer is being written.
    Writing,
    /// Between requests.
    Idle,
}

#[derive(Debug)]
struct Place {
    phase: Phase,
    since: Instant,
    /// Octets of a following request came while this one was in work.
    more: bool,
    /// The client may still be sending a body that is not read.
    abandoned: bool,
    /// Octets and lines that have come of the request, as far as its head may go.
    head: (usize, usize),
}

/// The place of a connection, shared by its stream, its service and its driver.
#[derive(Clone, Debug)]
pub(crate) struct State {
    place: Arc<Mutex<Place>>,
    limits: Limits,
}

impl State {
    pub(crate) fn new(limits: Limits) -> Self {
        let place = Place {
            phase: Phase::Receiving,
            since: Instant::now(),
            more: false,
            abandoned: false,
            head: (0, 0),
        };
        Self { place: Arc::new(Mutex::new(place)), limits }
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase
    }

    pub(crate) fn enter(&self, phase: Phase) {
        let mut place = self.lock();
        place.phase = phase;
        place.since = Instant::now();
    }

    /// The rest of the request is not read.
    pub(crate) fn abandon(&self) {
        self.lock().abandoned = true;
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().abandoned
    }

    /// When the connection has to have moved on.
    pub(crate) fn deadline(&self) -> Instant {
        let place = self.lock();
        place.since
            + match place.phase {
                Phase::Receiving => self.limits.receive,
                Phase::Working => Duration::from_secs(86_400 * 365),
                Phase::Writing => self.limits.write,
                Phase::Idle => self.limits.idle,
            }
    }

    fn read_some(&self, octets: &[u8]) {
        let mut place = self.lock();
        match place.phase {
            Phase::Idle => {
                place.phase = Phase::Receiving;
                place.since = Instant::now();
                place.head = (0, 0);
            }
            Phase::Working | Phase::Writing => place.more = true,
            Phase::Receiving => {}
        }
        if place.head.0 <= self.limits.head {
            place.head.0 = place.head.0.saturating_add(octets.len());
            place.head.1 += octets.iter().filter(|octet| **octet == b'\n').count();
        }
    }

    /// Whether a head that hyper calls too large has no more in it than may be: then the body is, as far as the head goes.
    fn head_is_small(&self) -> bool {
        let (octets, lines) = self.lock().head;
        octets < self.limits.head && lines <= MOST_HEADERS
    }

    fn wrote_some(&self) {
        let mut place = self.lock();
        if place.phase == Phase::Writing {
            place.since = Instant::now();
        }
    }

    fn answered(&self) {
        let mut place = self.lock();
        if place.phase == Phase::Writing {
            place.phase = if std::mem::take(&mut place.more) { Phase::Receiving } else { Phase::Idle };
            place.since = Instant::now();
        }
    }
}

/// Headers of the responses that are made here, as whole lines.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    /// Of each.
    pub(crate) all: Arc<str>,
    /// Of those that ask for credentials; `None`: nobody is asked.
    pub(crate) challenge: Option<Arc<str>>,
}

/// A stream that keeps [`State`] and replaces bodies.
#[derive(Debug)]
pub(crate) struct Guard<S> {
    inner: S,
    state: State,
    /// Octets of the current response that are still to come from hyper; 0 between responses.
    expected: u64,
    /// The current response is one of ours, not an interim one.
    counts: bool,
    replacement: Option<Replacement>,
    lines: Lines,
}

#[derive(Debug)]
struct Replacement {
    octets: Vec<u8>,
    sent: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Guard<S> {
    pub(crate) fn new(inner: S, state: State, lines: Lines) -> Self {
        Self { inner, state, expected: 0, counts: false, replacement: None, lines }
    }

    /// Whether hyper could not read the request.
    pub(crate) fn refused(&self) -> bool {
        self.replacement.is_some()
    }

    pub(crate) fn into_inner(self) -> S {
        self.inner
    }

    /// Whether a response is half written.
    pub(crate) fn in_response(&self) -> bool {
        self.expected > 0 || self.replacement.is_some()
    }

    fn poll_replacement(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(replacement) = &mut self.replacement {
            while let Some(rest) = replacement.octets.get(replacement.sent..)
                && !rest.is_empty()
            {
                let count = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
                if count == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                replacement.sent = replacement.sent.saturating_add(count);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// A head at the start of `octets`: its length, the status, the length of its body, and whether it has a type.
struct Head {
    length: usize,
    status: u16,
    body: u64,
    typed: bool,
}

fn head(octets: &[u8]) -> Option<Head> {
    let mut lines = octets.split_inclusive(|octet| *octet == b'\n');
    let first = lines.next()?;
    let number = |text: &[u8]| str::from_utf8(text).ok()?.trim().parse().ok();
    let status = number(first.split(|octet| *octet == b' ').nth(1)?)?;
    let mut found = Head { length: first.len(), status: u16::try_from(status).ok()?, body: 0, typed: false };
    for line in lines {
        found.length += line.len();
        if line == b"\r\n" {
            return Some(found);
        }
        let Some(colon) = line.iter().position(|octet| *octet == b':') else { continue };
        let (name, value) = line.split_at_checked(colon)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            found.body = number(value.get(1..)?)?;
        } else if name.eq_ignore_ascii_case(b"content-type") {
            found.typed = true;
        }
    }
    None
}

/// A whole response that closes the connection, with Kea's body and `headers`, whole lines.
pub(crate) fn stock_response(status: u16, headers: &str) -> Vec<u8> {
    let status = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::BAD_REQUEST);
    let body = stock_body(status);
    format!(
        "HTTP/1.1 {} {}\r\nContent-Length: {}\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}\r\n{body}",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len()
    )
    .into_bytes()
}

/// The body that Kea gives an error of HTTP.
pub(crate) fn stock_body(status: hyper::StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    format!("{{ \"result\": {}, \"text\": \"{reason}\" }}", status.as_u16())
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if let Some(octets) = buf.filled().get(before..)
            && !octets.is_empty()
        {
            self.state.read_some(octets);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.replacement.is_some() {
            ready!(this.poll_replacement(cx))?;
            return Poll::Ready(Ok(buf.len()));
        }
        if this.expected == 0
            && let Some(head) = head(buf)
        {
            let interim = (100..200).contains(&head.status);
            if !head.typed && !interim {
                // As Kea: who sends a head too large to be read has shown no credentials.
                let octets = match &this.lines.challenge {
                    Some(challenge) if head.status == 431 => {
                        stock_response(401, &format!("{}{challenge}", this.lines.all))
                    }
                    None if head.status == 431 && this.state.head_is_small() => {
                        stock_response(413, &this.lines.all)
                    }
                    _ => stock_response(head.status, &this.lines.all),
                };
                this.replacement = Some(Replacement { octets, sent: 0 });
                this.state.enter(Phase::Writing);
                ready!(this.poll_replacement(cx))?;
                return Poll::Ready(Ok(buf.len()));
            }
            this.counts = !interim;
            this.expected = u64::try_from(head.length).unwrap_or(u64::MAX).saturating_add(head.body);
        }
        // One response at a time, so that the next head is seen.
        let limit = usize::try_from(this.expected).unwrap_or(usize::MAX);
        let now = if this.expected == 0 { buf } else { buf.get(..limit).unwrap_or(buf) };
        let count = ready!(Pin::new(&mut this.inner).poll_write(cx, now))?;
        this.state.wrote_some();
        let before = this.expected;
        this.expected = before.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        if before > 0 && this.expected == 0 && this.counts {
            this.state.answered();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_replacement(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_replacement(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn through(pieces: &[&[u8]], capacity: usize) -> (Vec<u8>, State) {
        let (near, mut far) = tokio::io::duplex(capacity);
        let state = State::new(Limits::HTTP);
        let mut guard = Guard::new(near, state.clone(), Lines { all: "".into(), challenge: None });
        let reader = tokio::spawn(async move {
            let mut seen = Vec::new();
            far.read_to_end(&mut seen).await.unwrap();
            seen
        });
        for piece in pieces {
            state.enter(Phase::Writing);
            guard.write_all(piece).await.unwrap();
            guard.flush().await.unwrap();
        }
        guard.shutdown().await.unwrap();
        drop(guard);
        (reader.await.unwrap(), state)
    }

    #[tokio::test]
    async fn our_answers_pass_and_hypers_are_replaced() {
        let ours: &[u8] =
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: application/json\r\n\r\n[ ]";
        let bare: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        let interim: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        for capacity in [1, 7, 4096] {
            let (seen, state) = through(&[interim, ours], capacity).await;
            assert_eq!(seen, [interim, ours].concat());
            assert_eq!(state.phase(), Phase::Idle);
            let both = [ours, bare].concat();
            for pieces in [vec![ours, bare], vec![both.as_slice()]] {
                let (seen, _) = through(&pieces, capacity).await;
                let text = String::from_utf8(seen).unwrap();
                assert!(text.starts_with(std::str::from_utf8(ours).unwrap()), "{text}");
                assert!(text.ends_with("\r\n\r\n{ \"result\": 400, \"text\": \"Bad Request\" }"), "{text}");
                assert_eq!(text.matches("HTTP/1.1 400 Bad Request").count(), 1);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines_follow_the_phase() {
        let state = State::new(Limits::HTTP);
        let left = || state.deadline() - Instant::now();
        assert_eq!(left(), Limits::HTTP.receive);
        state.enter(Phase::Working);
        assert!(left() > Duration::from_secs(86_400));
        state.enter(Phase::Writing);
        assert_eq!(left(), Limits::HTTP.write);
        state.answered();
        assert_eq!((state.phase(), left()), (Phase::Idle, Limits::HTTP.idle));
        state.read_some(b"x");
        tokio::time::advance(Duration::from_secs(3)).await;
        state.read_some(b"x");
        assert_eq!(left(), Limits::HTTP.receive - Duration::from_secs(3), "slow octets win no time");
    }
}
