//! A socket of the server: one call receives a batch, one call sends one.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use base::Micros;
use socket2::Socket;

use crate::batch::{Batch4, Meta4, Received, Via};
use crate::filter;
use crate::frame::{self, Checksum, FrameError, MacAddr};
use crate::lane::Lane;
use crate::open::{self, UNCUT, allow_fragments, attach_filter};
use crate::out::{Destination4, LinkDestination, OutBatch4, Route, SendReport, Slot};
use crate::ready::Queue;
use crate::sys::{self, Arrived, Control};

/// Names a socket (with all its queues) while it is open; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub(crate) u64);

/// One queue of a server socket, not blocking, for one worker and [`Lane`] (or shared by all, where the kernel cannot
/// spread packets by client).
///
/// Order of calls in a worker (with tokio [`crate::AsyncSocket4`] does the waiting):
///
/// 1. wait until the socket is readable;
/// 2. [`receive`](Self::receive) into the worker's [`Batch4`]; `WouldBlock` means there was nothing; any other error concerns the socket (`ENETDOWN` when its interface was switched off): log it
///    and go on, [`crate::SocketSet4`] replaces the socket when necessary;
/// 3. for each packet of [`Batch4::iter`]: handle it, and for a reply take [`OutBatch4::next_slot`] with
///    [`Meta4::reply`] as its destination and write the message into it;
/// 4. [`send`](Self::send) the [`OutBatch4`] through the same socket; while its report says `waiting`, wait until the
///    socket is writable and send again, or give up with [`OutBatch4::abandon`]; log [`OutBatch4::failures`];
///    [`OutBatch4::clear`];
/// 5. if [`Received::full`] said so, go to 2 without waiting, a limited number of times.
#[derive(Debug)]
pub struct Socket4 {
    id: SocketId,
    socket: Socket,
    port: u16,
    kind: Kind,
    lane: Lane,
    fragments: Fragments,
    /// What the kernel last said it dropped because the queue was full.
    dropped: AtomicU32,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Raw(Raw),
    Udp { address: Ipv4Addr },
}

#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) interface: u32,
    pub(crate) mac: MacAddr,
    /// Not empty.
    pub(crate) companions: Vec<Companion>,
}

/// A served address and the UDP socket that is bound to it.
#[derive(Clone, Debug)]
pub(crate) struct Companion {
    pub(crate) address: Ipv4Addr,
    pub(crate) socket: Arc<CompanionSocket>,
}

#[derive(Debug)]
pub(crate) struct CompanionSocket {
    socket: Socket,
    fragments: Fragments,
}

impl From<Socket> for CompanionSocket {
    fn from(socket: Socket) -> Self {
        Self { socket, fragments: Fragments::default() }
    }
}

/// Whether what a UDP socket sends may be cut on its way: from the first long reply on. For good, as several workers
/// may send through it.
#[derive(Debug, Default)]
struct Fragments(AtomicBool);

impl Fragments {
    fn permit(&self, socket: &Socket, longest: usize) {
        if longest > UNCUT && !self.0.swap(true, Ordering::Relaxed) {
            // Without it, long replies still reach those whose links take them whole.
            let _ = allow_fragments(socket);
        }
    }
}

// linux/if_packet.h
const PACKET_OTHERHOST: u8 = 3;
const PACKET_OUTGOING: u8 = 4;
const TP_STATUS_CSUMNOTREADY: u32 = 1 << 3;
const TP_STATUS_VLAN_VALID: u32 = 1 << 4;
const TP_STATUS_CSUM_VALID: u32 = 1 << 7;
const VLAN_ID: u16 = 0x0fff;
const ETH_P_IP: u16 = 0x0800;

/// What the control messages of a packet say.
#[derive(Default)]
struct Ancillary {
    received: Option<Micros>,
    dropped: Option<u32>,
    /// IP_PKTINFO: interface and destination.
    packet_info: Option<(u32, Ipv4Addr)>,
    /// PACKET_AUXDATA: status and VLAN tag.
    auxiliary: Option<(u32, u16)>,
}

impl Socket4 {
    pub(crate) fn new(id: SocketId, socket: Socket, port: u16, kind: Kind, lane: Lane) -> Self {
        let (fragments, dropped) = (Fragments::default(), AtomicU32::new(0));
        Self { id, socket, port, kind, lane, fragments, dropped }
    }

    #[must_use]
    pub fn id(&self) -> SocketId {
        self.id
    }

    #[must_use]
    pub fn via(&self) -> Via {
        match self.kind {
            Kind::Raw(_) => Via::Raw,
            Kind::Udp { .. } => Via::Udp,
        }
    }

    /// The addresses that this socket serves.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        let (raw, udp) = match &self.kind {
            Kind::Raw(raw) => (raw.companions.as_slice(), None),
            Kind::Udp { address } => (&[][..], Some(*address)),
        };
        raw.iter().map(|companion| companion.address).chain(udp)
    }

    /// Packets that the kernel dropped because this queue was full, since the socket was opened; as told with the
    /// packet that was queued last. Wraps at 2^32.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Lets nothing more into the queue; what is in it can still be received.
    pub(crate) fn quiesce(&self) -> io::Result<()> {
        attach_filter(&self.socket, &filter::drop_all())
    }

    /// Receives what waits, as much as the batch holds, in one system call. Packets with invalid headers are left
    /// out of the batch and reported as rejected.
    pub fn receive(&self, batch: &mut Batch4) -> io::Result<Received> {
        batch.fill(&self.socket, self.lane, |arrived, name, control, buffer| {
            self.accept(arrived, name, control, buffer)
        })
    }

    fn accept(
        &self,
        arrived: &Arrived,
        name: &[u8],
        control: &Control,
        buffer: &[u8],
    ) -> Result<(Meta4, std::ops::Range<usize>), FrameError> {
        let ancillary = Ancillary::read(control, arrived.control);
        if let Some(dropped) = ancillary.dropped {
            self.dropped.store(dropped, Ordering::Relaxed);
        }
        if arrived.truncated {
            return Err(FrameError::Oversize);
        }
        let received = ancillary.received;
        match &self.kind {
            Kind::Raw(raw) => {
                let frame = buffer.get(..arrived.length).ok_or(FrameError::Oversize)?;
                self.accept_frame(raw, &ancillary, name, frame)
            }
            Kind::Udp { address } => {
                let remote = sys::parse_internet_name(name).ok_or(FrameError::NoSource)?;
                let (interface, destination) = ancillary.packet_info.ok_or(FrameError::NoSource)?;
                let meta = Meta4 {
                    interface,
                    local: SocketAddrV4::new(destination, self.port),
                    remote,
                    reply_from: *address,
                    link_source: None,
                    received,
                    via: Via::Udp,
                };
                Ok((meta, 0..arrived.length))
            }
        }
    }

    fn accept_frame(
        &self,
        raw: &Raw,
        ancillary: &Ancillary,
        name: &[u8],
        frame: &[u8],
    ) -> Result<(Meta4, std::ops::Range<usize>), FrameError> {
        let (interface, packet_type) = sys::parse_packet_name(name).ok_or(FrameError::NoSource)?;
        if matches!(packet_type, PACKET_OTHERHOST | PACKET_OUTGOING) {
            return Err(FrameError::NotForUs);
        }
        let (status, tag) = ancillary.auxiliary.unwrap_or((0, 0));
        // Priority tags (VLAN 0) are no VLAN.
        if status & TP_STATUS_VLAN_VALID != 0 && tag & VLAN_ID != 0 {
            return Err(FrameError::Vlan);
        }
        let settled = status & (TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID) != 0;
        let checksum = if settled { Checksum::Settled } else { Checksum::Unknown };
        let datagram = frame::parse(frame, checksum)?;
        let local = datagram.destination;
        let own = raw.companions.iter().any(|companion| companion.address == *local.ip());
        if local.port() != self.port || !(own || local.ip().is_broadcast()) {
            return Err(FrameError::NotForUs);
        }
        let reply_from = if own { *local.ip() } else { raw.first_address() };
        let meta = Meta4 {
            interface,
            local,
            remote: datagram.source,
            reply_from,
            link_source: Some(datagram.link_source),
            received: ancillary.received,
            via: Via::Raw,
        };
        Ok((meta, datagram.payload))
    }

    /// Sends what waits in the batch, in order, in as few system calls as possible.
    ///
    /// A packet that the kernel refuses (`EMSGSIZE`: longer than the link allows, `EPERM`: firewall, `ENOBUFS`:
    /// queue of the interface is full, `ENETDOWN`...) is marked failed and the next one tried. When the socket's own
    /// buffer is full the rest stays waiting.
    pub fn send(&self, out: &mut OutBatch4) -> SendReport {
        let longest = out.longest();
        match &self.kind {
            Kind::Udp { .. } => self.fragments.permit(&self.socket, longest),
            Kind::Raw(raw) => {
                for Companion { socket, .. } in &raw.companions {
                    socket.fragments.permit(&socket.socket, longest);
                }
            }
        }
        out.flush(
            &self.socket,
            |slot| self.prepare(slot),
            |at| self.companion(at).map(|companion| &companion.socket.socket),
        )
    }

    /// Fills in headers, address and control message of a packet.
    fn prepare(&self, slot: &mut Slot<Destination4>) -> Route {
        let destination = slot.destination;
        slot.control_length = 0;
        slot.framed = false;
        let Kind::Raw(raw) = &self.kind else {
            slot.address_datagram();
            return Route::Own;
        };
        let from = if destination.from.is_unspecified() { raw.first_address() } else { destination.from };
        let station = match destination.link {
            LinkDestination::Broadcast => MacAddr::BROADCAST,
            LinkDestination::Station(station) => station,
            LinkDestination::Resolve => {
                slot.address_datagram();
                return Route::Companion(
                    raw.companions.iter().position(|each| each.address == from).unwrap_or(0),
                );
            }
        };
        let source = SocketAddrV4::new(from, self.port);
        let Some(headers) = frame::headers(raw.mac, station, source, destination.to, &slot.payload) else {
            return Route::Refused(libc::EMSGSIZE);
        };
        slot.headers = headers;
        slot.framed = true;
        slot.set_name(&sys::packet_name(raw.interface, ETH_P_IP));
        Route::Own
    }

    fn companion(&self, at: usize) -> Option<&Companion> {
        match &self.kind {
            Kind::Raw(raw) => raw.companions.get(at),
            Kind::Udp { .. } => None,
        }
    }
}

impl Raw {
    fn first_address(&self) -> Ipv4Addr {
        self.companions.first().map_or(Ipv4Addr::UNSPECIFIED, |companion| companion.address)
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
                // in_pktinfo: interface, local address, destination in the header.
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    if let Some([i0, i1, i2, i3, _, _, _, _, a, b, c, d]) = data.first_chunk().copied() {
                        all.packet_info =
                            Some((u32::from_ne_bytes([i0, i1, i2, i3]), Ipv4Addr::new(a, b, c, d)));
                    }
                }
                // tpacket_auxdata: status, length, captured length, two offsets, VLAN tag, VLAN protocol.
                (libc::SOL_PACKET, libc::PACKET_AUXDATA) => {
                    let status = data.first_chunk().copied().map(u32::from_ne_bytes);
                    let tag =
                        data.get(16..).and_then(|rest| rest.first_chunk()).copied().map(u16::from_ne_bytes);
                    all.auxiliary = status.zip(tag);
                }
                _ => {}
            }
        }
        all
    }
}

/// `timespec` of two machine words.
pub(crate) fn timestamp(data: &[u8]) -> Option<Micros> {
    let (seconds, rest) = data.split_first_chunk()?;
    let seconds = u64::try_from(isize::from_ne_bytes(*seconds)).ok()?;
    let nanoseconds = u64::try_from(isize::from_ne_bytes(*rest.first_chunk()?)).ok()?;
    Some(Micros(seconds.checked_mul(1_000_000)?.checked_add(nanoseconds / 1000)?))
}

impl Queue for Socket4 {
    type Meta = Meta4;
    type Destination = Destination4;

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

    fn received(meta: &Meta4) -> Option<Micros> {
        meta.received
    }

    fn receive(&self, batch: &mut Batch4) -> io::Result<Received> {
        self.receive(batch)
    }

    fn send(&self, out: &mut OutBatch4) -> SendReport {
        self.send(out)
    }
}

impl AsFd for Socket4 {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Socket4 {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
