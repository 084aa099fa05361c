//! A DHCPv6 socket of the server, and all of them.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv6Addr;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use base::Micros;
use socket2::Socket;

use crate::batch::{Batch6, Meta6, Received};
use crate::filter;
use crate::frame::FrameError;
use crate::lane::Lane;
use crate::open::{self, OpenOptions, attach_filter};
use crate::out::{Destination6, OutBatch6, Route, SendReport};
use crate::ready::Queue;
use crate::select::{Listen6, Plan6, SocketSpec6};
use crate::set::{SocketChanges, problem};
use crate::socket::{SocketId, timestamp};
use crate::sys::{self, Arrived, Control};

/// One queue of a server socket, not blocking, for one worker and [`Lane`] (or shared by all). [`crate::Socket4`] has the order of
/// calls.
#[derive(Debug)]
pub struct Socket6 {
    id: SocketId,
    socket: Socket,
    listen: Listen6,
    lane: Lane,
    /// The kernel counts what the filter keeps out as dropped: of a multicast, what is another queue's.
    shares: bool,
    /// What the kernel last said it dropped because the queue was full.
    dropped: AtomicU32,
}

/// What the control messages of a packet say.
#[derive(Default)]
struct Ancillary {
    received: Option<Micros>,
    dropped: Option<u32>,
    /// IPV6_PKTINFO: destination and interface.
    packet_info: Option<(Ipv6Addr, u32)>,
}

impl Socket6 {
    #[must_use]
    pub fn listen(&self) -> Listen6 {
        self.listen
    }

    /// Packets that the kernel dropped because this queue was full, since the socket was opened; as told with the
    /// packet that was queued last. Wraps at 2^32. 0 where queues share a multicast group: the kernel does not tell
    /// these drops from what is another queue's ([`crate::overflows6`] has them).
    #[must_use]
    pub fn dropped(&self) -> u32 {
        if self.shares { 0 } else { self.dropped.load(Ordering::Relaxed) }
    }

    fn accept(
        &self,
        arrived: &Arrived,
        name: &[u8],
        control: &Control,
    ) -> Result<(Meta6, Range<usize>), FrameError> {
        let ancillary = Ancillary::read(control, arrived.control);
        if let Some(dropped) = ancillary.dropped {
            self.dropped.store(dropped, Ordering::Relaxed);
        }
        if arrived.truncated {
            return Err(FrameError::Oversize);
        }
        let remote = sys::parse_internet_name6(name).ok_or(FrameError::NoSource)?;
        let (local, interface) = ancillary.packet_info.ok_or(FrameError::NoSource)?;
        Ok((Meta6 { interface, local, remote, received: ancillary.received }, 0..arrived.length))
    }
}

impl Queue for Socket6 {
    type Meta = Meta6;
    type Destination = Destination6;

    fn id(&self) -> SocketId {
        self.id
    }

    fn lane(&self) -> Lane {
        self.lane
    }

    fn dropped(&self) -> u32 {
        self.dropped()
    }

    fn stamp(&self, on: bool) -> io::Result<()> {
        open::stamp(&self.socket, on)
    }

    fn hold(&self, octets: u32) -> io::Result<()> {
        open::hold(&self.socket, octets)
    }

    fn received(meta: &Meta6) -> Option<Micros> {
        meta.received
    }

    fn receive(&self, batch: &mut Batch6) -> io::Result<Received> {
        batch.fill(&self.socket, self.lane, |arrived, name, control, _| self.accept(arrived, name, control))
    }

    fn send(&self, out: &mut OutBatch6) -> SendReport {
        let prepare = |slot: &mut crate::out::Slot<Destination6>| {
            slot.control_length = 0;
            slot.framed = false;
            slot.address_datagram6();
            Route::Own
        };
        out.flush(&self.socket, prepare, |_| None)
    }
}

impl Ancillary {
    fn read(control: &Control, length: usize) -> Self {
        let mut all = Self::default();
        for (level, kind, data) in control.messages(length) {
            match (level, kind) {
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    all.dropped = data.first_chunk().copied().map(u32::from_ne_bytes);
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => all.received = timestamp(data),
                // in6_pktinfo: address, interface.
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    all.packet_info = data.split_first_chunk::<16>().and_then(|(address, rest)| {
                        let interface = u32::from_ne_bytes(*rest.first_chunk()?);
                        Some((Ipv6Addr::from(*address), interface))
                    });
                }
                _ => {}
            }
        }
        all
    }
}

impl AsFd for Socket6 {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Socket6 {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// Owns the sockets; workers hold shared references to their queues. [`crate::SocketSet4`] has the order of calls.
pub struct SocketSet6 {
    options: OpenOptions,
    open: BTreeMap<Listen6, (SocketId, Vec<Arc<Socket6>>)>,
    /// Closed sockets which a worker may still hold.
    leaving: Vec<Weak<Socket6>>,
    next_id: u64,
}

impl SocketSet6 {
    /// No sockets yet. Options are for the life of the set: a change of port or number of workers needs a new one.
    #[must_use]
    pub fn new(options: OpenOptions) -> Self {
        let options = OpenOptions { workers: options.workers.max(1), ..options };
        Self { options, open: BTreeMap::new(), leaving: Vec::new(), next_id: 0 }
    }

    /// No socket is open: the server hears nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Where sockets listen.
    pub fn listening(&self) -> impl Iterator<Item = &Listen6> {
        self.open.keys()
    }

    /// One queue of each socket that is open.
    pub fn first_queues(&self) -> impl Iterator<Item = &Arc<Socket6>> {
        self.open.values().filter_map(|(_, queues)| queues.first())
    }

    /// Opens what the plan has and is not open, and closes what is open and not in the plan. An empty plan closes
    /// everything.
    pub fn apply(&mut self, plan: &Plan6) -> SocketChanges<Socket6> {
        let mut changes = SocketChanges::new(self.options.workers);
        self.leaving.retain(|socket| socket.strong_count() > 0);
        let unwanted: Vec<Listen6> = self
            .open
            .keys()
            .filter(|open| plan.sockets.iter().all(|spec| spec.listen != **open))
            .copied()
            .collect();
        for listen in unwanted {
            let Some((id, queues)) = self.open.remove(&listen) else { continue };
            changes.closed.push(id);
            for socket in queues {
                // A socket that cannot take a filter goes on receiving until the workers drop it: no harm.
                let _ = attach_filter(&socket.socket, &filter::drop_all());
                self.leaving.push(Arc::downgrade(&socket));
            }
        }
        for spec in &plan.sockets {
            self.open_one(spec, &mut changes);
        }
        changes
    }

    fn open_one(&mut self, spec: &SocketSpec6, changes: &mut SocketChanges<Socket6>) {
        if self.open.contains_key(&spec.listen) {
            return;
        }
        let held = |socket: &Weak<Socket6>| {
            socket.upgrade().is_some_and(|socket| socket.listen.address() == spec.listen.address())
        };
        if self.leaving.iter().any(held) {
            changes.again = true;
            return;
        }
        match open::listen6(spec.listen, &spec.name, &self.options) {
            Ok(mut queues) => {
                let id = SocketId(self.next_id);
                self.next_id += 1;
                let unsteered = queues.unsteered.take();
                let listen = spec.listen;
                let shares = matches!(listen, Listen6::Group { .. }) && queues.sockets.len() > 1;
                let sockets: Vec<Arc<Socket6>> = queues
                    .with_lanes()
                    .map(|(socket, lane)| {
                        let dropped = AtomicU32::new(0);
                        Arc::new(Socket6 { id, socket, listen, lane, shares, dropped })
                    })
                    .collect();
                changes.register(id, &sockets, unsteered);
                self.open.insert(spec.listen, (id, sockets));
            }
            Err(error) => changes.problems.push(problem(&spec.name, &error)),
        }
    }
}
