//! The line between two servers of this machine: datagrams between two ports of the loopback address.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::batch::{Batch, Received};
use crate::frame::FrameError;
use crate::lane::Lane;
use crate::out::{OutBatch, Route, SendReport, Slot};
use crate::ready::Queue;
use crate::socket::SocketId;

/// One end of the line, not blocking. The kernel takes datagrams of the other end alone.
#[derive(Debug)]
pub struct PeerSocket {
    socket: Socket,
    /// The kernel has told that a datagram found nobody, and nobody has been told yet.
    lost: AtomicBool,
}

impl PeerSocket {
    /// Binds to `[::1]:here`; the other end is at `[::1]:there`.
    ///
    /// # Errors
    /// When the port is taken, or the machine has no IPv6.
    pub fn open(here: u16, there: u16) -> io::Result<Self> {
        let at = |port| SockAddr::from(SocketAddrV6::new(Ipv6Addr::LOCALHOST, port, 0, 0));
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        socket.bind(&at(here))?;
        socket.connect(&at(there))?;
        Ok(Self { socket, lost: AtomicBool::new(false) })
    }

    /// Sends one datagram at once.
    ///
    /// # Errors
    /// When the kernel's buffers are full. `ConnectionRefused` tells that nobody listened when the datagram before was
    /// sent, which is lost; this one has been sent.
    pub fn pass(&self, datagram: &[u8]) -> io::Result<()> {
        let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        match self.socket.send(datagram) {
            Err(error) if refused(&error) => self.socket.send(datagram).and(Err(error)),
            Err(error) => Err(error),
            Ok(_) if self.lost.swap(false, Ordering::Relaxed) => Err(io::ErrorKind::ConnectionRefused.into()),
            Ok(_) => Ok(()),
        }
    }
}

impl Queue for PeerSocket {
    type Meta = ();
    type Destination = ();

    /// There is one.
    fn id(&self) -> SocketId {
        SocketId(0)
    }

    fn receive(&self, batch: &mut Batch<()>) -> io::Result<Received> {
        let received = batch.fill(&self.socket, Lane::Main, |arrived, _, _, _| {
            if arrived.truncated { Err(FrameError::Oversize) } else { Ok(((), 0..arrived.length)) }
        });
        match received {
            // Of a datagram that was sent: there is nothing to receive.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.lost.store(true, Ordering::Relaxed);
                Err(io::ErrorKind::WouldBlock.into())
            }
            received => received,
        }
    }

    fn send(&self, out: &mut OutBatch<()>) -> SendReport {
        // That nobody listened is told of a datagram before; the first of these is not to pay for it.
        let _: io::Result<Option<io::Error>> = self.socket.take_error();
        let prepare = |slot: &mut Slot<()>| {
            slot.name_length = 0;
            slot.control_length = 0;
            slot.framed = false;
            Route::Own
        };
        out.flush(&self.socket, prepare, |_| None)
    }
}

impl AsFd for PeerSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for PeerSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
