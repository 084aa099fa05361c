//! Sockets in a tokio runtime: wait until one is ready, then make the call.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use base::Micros;
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

use crate::batch::{Batch, Received};
use crate::lane::Lane;
use crate::out::{OutBatch, SendReport};
use crate::peer::PeerSocket;
use crate::socket::{Socket4, SocketId};
use crate::socket6::Socket6;
use crate::watch::{Change, Watch};

/// Holds a file descriptor that is its own and stays the same while the value lives.
///
/// # Safety
/// `as_raw_fd` must always return the same descriptor, open until the value is dropped.
pub unsafe trait OwnsDescriptor: AsRawFd {}
// SAFETY: the socket is a private field that is never replaced.
unsafe impl OwnsDescriptor for Socket4 {}
// SAFETY: the socket is a private field that is never replaced.
unsafe impl OwnsDescriptor for Socket6 {}
// SAFETY: the socket is a private field that is never replaced.
unsafe impl OwnsDescriptor for PeerSocket {}
// SAFETY: the `Arc` keeps its value alive, and hands out nothing by which it could be replaced.
unsafe impl<T: OwnsDescriptor> OwnsDescriptor for Arc<T> {}
// SAFETY: the socket is a private field that is never replaced.
unsafe impl OwnsDescriptor for Watch {}
// SAFETY: that is what an `OwnedFd` is.
unsafe impl OwnsDescriptor for OwnedFd {}

pub(crate) fn register<T: OwnsDescriptor>(inner: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    // SAFETY: `OwnsDescriptor` promises what this function asks for.
    let registered = unsafe { AsyncFd::register_with_interest(inner, interest) };
    registered.map_err(|error| error.into_parts().1)
}

/// A queue of a server socket of either family, not blocking: [`crate::Socket4`] has the order of calls.
pub trait Queue: OwnsDescriptor + AsFd + Send + Sync + 'static {
    /// Where a packet came from.
    type Meta: Copy + Send + Sync;
    /// Where a packet goes.
    type Destination: Copy + PartialEq + Send + Sync;

    fn id(&self) -> SocketId;

    /// Which packets it gets.
    fn lane(&self) -> Lane {
        Lane::Main
    }

    /// Packets that the kernel dropped because the queue was full, as told with the packet that was queued last. Wraps
    /// at 2^32.
    fn dropped(&self) -> u32 {
        0
    }

    /// Whether packets come with the kernel's time of their arrival, from the next that is queued on.
    ///
    /// # Errors
    /// When the kernel does not do that.
    fn stamp(&self, _on: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// How many octets may wait, from the next packet on; the kernel takes twice as many, with what it needs itself. What
    /// waits already stays.
    ///
    /// # Errors
    /// When the kernel does not do that.
    fn hold(&self, _octets: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The kernel's time of arrival, where packets are [stamped](Self::stamp). One that was queued before has the time
    /// at which it was received.
    fn received(_meta: &Self::Meta) -> Option<Micros> {
        None
    }

    /// Receives what waits, as much as the batch holds, in one system call. A queue of the discovery lane leaves what
    /// the batch has, so that its packets stand behind those of the main lane.
    fn receive(&self, batch: &mut Batch<Self::Meta>) -> io::Result<Received>;

    /// Sends what waits in the batch, in order, in as few system calls as possible.
    fn send(&self, out: &mut OutBatch<Self::Destination>) -> SendReport;
}

/// A socket's queues of both lanes in the runtime of their worker. Made in the runtime that polls it.
///
/// Order of calls: [`receive`](Self::receive); handle the packets of the batch, writing replies into an
/// [`OutBatch`]; [`send`](Self::send); look at its failures; clear it; again. A worker with many sockets keeps one
/// batch for all: [`readable`](Self::readable) waits without one.
#[derive(Debug)]
pub struct AsyncSocket<S: Queue> {
    socket: AsyncFd<Arc<S>>,
    /// Of the same socket.
    discovery: Option<AsyncFd<Arc<S>>>,
}

/// A queue of a DHCPv4 socket.
pub type AsyncSocket4 = AsyncSocket<Socket4>;
/// A queue of a DHCPv6 socket.
pub type AsyncSocket6 = AsyncSocket<Socket6>;

impl<S: Queue> AsyncSocket<S> {
    /// A socket with a single queue, or the main one.
    pub fn new(socket: Arc<S>) -> io::Result<Self> {
        // Not WRITABLE: the kernel would wake the worker for every packet that has left.
        Ok(Self { socket: register(socket, Interest::READABLE)?, discovery: None })
    }

    /// The same with the queue of the discovery lane.
    pub fn with_discovery(self, queue: Arc<S>) -> io::Result<Self> {
        Ok(Self { discovery: Some(register(queue, Interest::READABLE)?), ..self })
    }

    #[must_use]
    pub fn socket(&self) -> &Arc<S> {
        self.socket.get_ref()
    }

    /// The queues by lane.
    pub fn queues(&self) -> impl Iterator<Item = &Arc<S>> {
        std::iter::once(&self.socket).chain(&self.discovery).map(AsyncFd::get_ref)
    }

    /// Waits until something may be received.
    pub async fn readable(&self) -> io::Result<Readable<'_, S>> {
        let ready = poll_fn(|cx| {
            let of = |poll| match poll {
                Poll::Ready(ready) => Some(ready),
                Poll::Pending => None,
            };
            let main = of(self.socket.poll_read_ready(cx));
            let discovery = self.discovery.as_ref().and_then(|queue| of(queue.poll_read_ready(cx)));
            if main.is_none() && discovery.is_none() {
                return Poll::Pending;
            }
            Poll::Ready((main, discovery))
        });
        let (main, discovery) = ready.await;
        Ok(Readable { main: main.transpose()?, discovery: discovery.transpose()? })
    }

    /// Waits for packets and receives as many as wait and the batch holds. Errors are those of
    /// [`Queue::receive`], never `WouldBlock`. May be cancelled: no packet is lost.
    pub async fn receive(&self, batch: &mut Batch<S::Meta>) -> io::Result<Received> {
        loop {
            if let Some(received) = self.readable().await?.receive(batch)? {
                return Ok(received);
            }
        }
    }

    /// Sends the batch. While the socket's buffer is full it waits up to `patience` each time; then the rest is
    /// abandoned (it shows among the failures). Without waiting this is [`Queue::send`].
    pub async fn send(&self, out: &mut OutBatch<S::Destination>, patience: Duration) -> SendReport {
        let mut total = self.socket().send(out);
        while total.waiting > 0 {
            let Ok(Ok(())) = tokio::time::timeout(patience, self.writable()).await else {
                total.failed += out.abandon();
                total.waiting = 0;
                break;
            };
            let report = self.socket().send(out);
            total.sent += report.sent;
            total.failed += report.failed;
            total.waiting = report.waiting;
        }
        total
    }

    /// Waits for room in the send buffer; through a second descriptor of the socket, since it is rare.
    async fn writable(&self) -> io::Result<()> {
        let second = self.socket().as_fd().try_clone_to_owned()?;
        register(second, Interest::WRITABLE)?.writable().await?.retain_ready();
        Ok(())
    }
}

/// Leave to receive once.
pub struct Readable<'a, S: Queue> {
    main: Option<AsyncFdReadyGuard<'a, Arc<S>>>,
    discovery: Option<AsyncFdReadyGuard<'a, Arc<S>>>,
}

impl<S: Queue> Readable<'_, S> {
    /// [`Queue::receive`] from the main lane, and from the discovery lane what there is room for; `None` when nothing
    /// was there after all.
    pub fn receive(self, batch: &mut Batch<S::Meta>) -> io::Result<Option<Received>> {
        batch.clear();
        let mut total: Option<Received> = None;
        for mut guard in self.main.into_iter().chain(self.discovery) {
            if batch.is_full() {
                // The queue stays ready.
                total.get_or_insert_default().passed_over = true;
                break;
            }
            match guard.get_inner().receive(batch) {
                Ok(received) => {
                    // The queue is empty, and the kernel announces the next packet: no need to ask in vain.
                    if !received.full {
                        guard.clear_ready();
                    }
                    let total = total.get_or_insert_default();
                    total.packets += received.packets;
                    total.rejected += received.rejected;
                    total.full |= received.full;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if total.is_none() => return Err(error),
                // It is told again, when there is nothing else to tell.
                Err(_) => {}
            }
        }
        Ok(total)
    }
}

/// A [`Watch`] in a runtime.
pub struct AsyncWatch {
    watch: AsyncFd<Watch>,
}

impl AsyncWatch {
    pub fn new(watch: Watch) -> io::Result<Self> {
        Ok(Self { watch: register(watch, Interest::READABLE)? })
    }

    /// Waits until links or addresses changed.
    pub async fn changed(&self) -> io::Result<Change> {
        loop {
            let mut guard = self.watch.readable().await?;
            // Reads until nothing waits, or so much that the runtime shall look after others in between.
            let change = guard.get_inner().changes()?;
            guard.clear_ready();
            if change.any() {
                return Ok(change);
            }
        }
    }
}
