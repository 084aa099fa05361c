//! Connections that are tried before they are waited for.
//!
//! By the time a connection is accepted, its command is mostly there, and its answer fits into the socket. Then nothing
//! has to be waited for, and the reactor never hears of the connection: that is half of the system calls of a command.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, recv, send, shutdown};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// A connection that is registered with the reactor once it has to be waited for, and then for as little as possible:
/// UNIX sockets report that there is room to write each time their peer reads, which wakes up who does not want to know.
pub(crate) struct Eager<S: AsRawFd>(State<S>);

enum State<S: AsRawFd> {
    Plain(S),
    /// Waits for something to read.
    Reads(AsyncFd<S>),
    /// Waits for room to write, too.
    Writes(AsyncFd<S>),
    /// Registering failed.
    Lost,
}

/// What a socket is asked for without waiting.
const NOW: MsgFlags = MsgFlags::MSG_DONTWAIT;

impl<S: AsRawFd> Eager<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self(State::Plain(socket))
    }

    /// Whether no octet has come that was not read. Closing over one would look like a broken connection.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self.peek(), Ok(0) | Err(Errno::EAGAIN))
    }

    /// Whether nothing has come, not even the end.
    pub(crate) fn is_idle(&self) -> bool {
        self.peek() == Err(Errno::EAGAIN)
    }

    fn peek(&self) -> nix::Result<usize> {
        attempt(|| recv(self.socket()?, &mut [0], MsgFlags::MSG_PEEK | NOW))
    }

    /// Writes what the socket takes without waiting.
    pub(crate) fn write_now(&self, octets: &[u8]) {
        let _ = self.send(octets);
    }

    fn send(&self, octets: &[u8]) -> nix::Result<usize> {
        attempt(|| send(self.socket()?, octets, MsgFlags::MSG_NOSIGNAL | NOW))
    }

    fn socket(&self) -> nix::Result<RawFd> {
        match &self.0 {
            State::Plain(socket) => Ok(socket.as_raw_fd()),
            State::Reads(socket) | State::Writes(socket) => Ok(socket.as_raw_fd()),
            State::Lost => Err(Errno::ENOTCONN),
        }
    }
}

impl<S: AsRawFd + AsFd> Eager<S> {
    /// Sees that readiness to read is reported.
    fn reads(&mut self) -> io::Result<&AsyncFd<S>> {
        if matches!(self.0, State::Plain(_))
            && let State::Plain(socket) = std::mem::replace(&mut self.0, State::Lost)
        {
            self.0 = State::Reads(register(socket, Interest::READABLE)?);
        }
        match &self.0 {
            State::Reads(socket) | State::Writes(socket) => Ok(socket),
            State::Plain(_) | State::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Sees that readiness to write is reported, too.
    fn writes(&mut self) -> io::Result<&AsyncFd<S>> {
        let plain = match std::mem::replace(&mut self.0, State::Lost) {
            State::Plain(socket) => Some(socket),
            State::Reads(socket) => Some(socket.into_inner()),
            other => {
                self.0 = other;
                None
            }
        };
        if let Some(socket) = plain {
            self.0 = State::Writes(register(socket, Interest::READABLE | Interest::WRITABLE)?);
        }
        match &self.0 {
            State::Writes(socket) => Ok(socket),
            State::Plain(_) | State::Reads(_) | State::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// A listener whose connections are accepted without being registered.
pub(crate) fn listen<L: AsRawFd + AsFd>(listener: L) -> io::Result<AsyncFd<L>> {
    register(listener, Interest::READABLE)
}

#[expect(
    deprecated,
    reason = "what replaces it is unsafe for the sake of types that lie about their descriptor"
)]
fn register<S: AsRawFd + AsFd>(socket: S, interest: Interest) -> io::Result<AsyncFd<S>> {
    AsyncFd::with_interest(socket, interest)
}

/// Octets that are read at once.
const PIECE: usize = 16 << 10;

thread_local! {
    /// Where they are read to: room in a buffer would have to be cleared first, all of it for the few that mostly come.
    static ROOM: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE].into());
}

/// Reads what is there, as far as it fits; whether that was all.
fn take(socket: RawFd, buf: &mut ReadBuf<'_>) -> nix::Result<bool> {
    ROOM.with_borrow_mut(|room| {
        let most = buf.remaining().min(PIECE);
        let room = room.get_mut(..most).unwrap_or_default();
        let count = attempt(|| recv(socket, room, NOW))?;
        buf.put_slice(room.get(..count).unwrap_or_default());
        Ok((1..most).contains(&count))
    })
}

fn attempt(mut what: impl FnMut() -> nix::Result<usize>) -> nix::Result<usize> {
    loop {
        match what() {
            Err(Errno::EINTR) => {}
            outcome => return outcome,
        }
    }
}

impl<S: AsRawFd + AsFd + Unpin> AsyncRead for Eager<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if matches!(self.0, State::Plain(_)) {
            match take(self.socket()?, buf) {
                Err(Errno::EAGAIN) => {}
                outcome => return Poll::Ready(Ok(outcome.map(drop)?)),
            }
        }
        let registered = self.reads()?;
        loop {
            let mut ready = ready!(registered.poll_read_ready(cx))?;
            match take(registered.as_raw_fd(), buf) {
                Err(Errno::EAGAIN) => ready.clear_ready(),
                outcome => {
                    // What comes next is reported.
                    if outcome? {
                        ready.clear_ready();
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl<S: AsRawFd + AsFd + Unpin> AsyncWrite for Eager<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.send(buf) {
            Err(Errno::EAGAIN) => {}
            outcome => return Poll::Ready(Ok(outcome?)),
        }
        let registered = self.writes()?;
        loop {
            let mut ready = ready!(registered.poll_write_ready(cx))?;
            let socket = registered.as_raw_fd();
            match attempt(|| send(socket, buf, MsgFlags::MSG_NOSIGNAL | NOW)) {
                Err(Errno::EAGAIN) => ready.clear_ready(),
                outcome => return Poll::Ready(Ok(outcome?)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Sockets keep nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(shutdown(self.socket()?, Shutdown::Write)?))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_there_is_read_at_once_and_the_rest_is_waited_for() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut eager = Eager::new(near);
        assert!(eager.is_quiet());
        far.write_all(b"one").unwrap();
        assert!(!eager.is_quiet());
        let mut piece = [0; 16];
        assert_eq!(eager.read(&mut piece).await.unwrap(), 3);
        assert!(matches!(eager.0, State::Plain(_)), "nothing had to be waited for");
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            far.write_all(b"two").unwrap();
            far
        });
        assert_eq!(eager.read(&mut piece).await.unwrap(), 3);
        assert!(matches!(eager.0, State::Reads(_)));
        let mut far = writer.join().unwrap();
        eager.write_all(b"answer").await.unwrap();
        eager.write_now(b"!");
        eager.shutdown().await.unwrap();
        let mut seen = String::new();
        far.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "answer!");
        drop(far);
        assert!(eager.is_quiet(), "the end is no octet");
        assert_eq!(eager.read(&mut piece).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_is_waited_for() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut eager = Eager::new(near);
        let reader = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let mut seen = Vec::new();
            far.read_to_end(&mut seen).unwrap();
            seen.len()
        });
        eager.write_all(&vec![0; 4 << 20]).await.unwrap();
        assert!(matches!(eager.0, State::Writes(_)));
        drop(eager);
        assert_eq!(reader.join().unwrap(), 4 << 20);
    }
}
