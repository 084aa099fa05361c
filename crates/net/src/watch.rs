//! Notices of the kernel that a link or an address changed.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use socket2::Socket;

use crate::netlink;

/// What happened since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// A link appeared, vanished, was switched on or off, or got another name, address or MTU.
    pub links: bool,
    /// An IPv4 address came or went.
    pub ipv4: bool,
    /// An IPv6 address came or went.
    pub ipv6: bool,
}

impl Change {
    #[must_use]
    pub fn any(self) -> bool {
        self.links || self.ipv4 || self.ipv6
    }
}

/// A netlink socket that becomes readable when links or addresses change.
///
/// Put it into a readiness loop (it never blocks), call [`changes`](Self::changes) when it is readable, and on any
/// change list the [`interfaces`](crate::interfaces()) again. The kernel says much more often that something
/// happened than something of interest did: compare plans, not notices. Open it before the first listing, or a
/// change in between goes unseen.
pub struct Watch {
    socket: Socket,
}

impl Watch {
    pub fn new() -> io::Result<Self> {
        Ok(Self { socket: netlink::notices()? })
    }

    /// Reads all notices that wait. When the kernel had to drop some, everything counts as changed.
    pub fn changes(&self) -> io::Result<Change> {
        netlink::read_notices(&self.socket)
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
