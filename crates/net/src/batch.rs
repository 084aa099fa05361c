//! The packets of one receive call.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::ops::Range;

use base::Micros;
use socket2::Socket;

use crate::frame::{FrameError, MacAddr};
use crate::lane::Lane;
use crate::out::{Destination4, Destination6, LinkDestination};
use crate::sys::{Arrived, Control, Headers, Name};

/// What kind of socket a packet came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A packet socket: the frame was seen as it came off the wire.
    Raw,
    /// A UDP socket.
    Udp,
}

/// Where a packet came from and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta4 {
    /// Index of the interface of arrival.
    pub interface: u32,
    /// Destination of the packet: an address of this machine or 255.255.255.255.
    pub local: SocketAddrV4,
    /// Sender of the packet; a client without an address says 0.0.0.0.
    pub remote: SocketAddrV4,
    /// The address that a reply on the same interface comes from: `local` unless that is a broadcast.
    pub reply_from: Ipv4Addr,
    /// Link-layer sender; only raw sockets know it.
    pub link_source: Option<MacAddr>,
    /// When the kernel got the packet; with [`crate::OpenOptions4::timestamps`].
    pub received: Option<Micros>,
    pub via: Via,
}

impl Meta4 {
    /// The way back on the interface of arrival, from the address that was asked.
    ///
    /// On raw sockets the frame goes to the station that the query came from, which is the client, the relay or the
    /// router before them (no address resolution, as Kea's); `broadcast` (the flag of a client that is not behind a
    /// relay, RFC 2131 section 4.1) or a destination of 255.255.255.255 makes it a broadcast on the link.
    #[must_use]
    pub fn reply(&self, to: SocketAddrV4, broadcast: bool) -> Destination4 {
        let link = match self.link_source {
            _ if broadcast || to.ip().is_broadcast() => LinkDestination::Broadcast,
            Some(station) => LinkDestination::Station(station),
            None => LinkDestination::Resolve,
        };
        Destination4 { to, from: self.reply_from, interface: self.interface, link }
    }

    /// The way to `to` as the routing table has it (`outbound-interface: use-routing`), with a source address of
    /// the kernel's choice.
    #[must_use]
    pub fn route(&self, to: SocketAddrV4) -> Destination4 {
        Destination4 { to, from: Ipv4Addr::UNSPECIFIED, interface: 0, link: LinkDestination::Resolve }
    }
}

/// Where a DHCPv6 packet came from and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta6 {
    /// Index of the interface of arrival.
    pub interface: u32,
    /// Destination of the packet: an address of this machine or a multicast group.
    pub local: Ipv6Addr,
    /// Sender of the packet.
    pub remote: SocketAddrV6,
    /// When the kernel got the packet; with [`crate::OpenOptions::timestamps`].
    pub received: Option<Micros>,
}

impl Meta6 {
    /// The way back: on the link of arrival to addresses that mean something there only, from the address that was
    /// asked unless that was a group.
    #[must_use]
    pub fn reply(&self, address: Ipv6Addr, port: u16) -> Destination6 {
        let interface =
            if address.is_unicast_link_local() || address.is_multicast() { self.interface } else { 0 };
        let from = if self.local.is_multicast() { Ipv6Addr::UNSPECIFIED } else { self.local };
        Destination6 { to: SocketAddrV6::new(address, port, 0, interface), from, interface }
    }
}

/// Outcome of one [`crate::Socket4::receive`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Packets now in the batch.
    pub packets: usize,
    /// Packets that were refused; their reasons are in [`Batch::rejected`].
    pub rejected: usize,
    /// The call filled every buffer: more may be waiting in the kernel.
    pub full: bool,
    /// There was no room for what waits in the discovery lane.
    pub passed_over: bool,
}

/// Buffers for the packets of one receive call (or two, one for each [`Lane`]), reused from call to call; `M` says where a packet came from.
pub struct Batch<M> {
    buffers: Box<[u8]>,
    stride: usize,
    names: Box<[Name]>,
    controls: Box<[Control]>,
    headers: Headers,
    arrived: Vec<Arrived>,
    packets: Vec<(M, Range<usize>, Lane)>,
    /// Buffers that are in use.
    used: usize,
    rejected: Vec<FrameError>,
}

/// A batch of a DHCPv4 socket.
pub type Batch4 = Batch<Meta4>;
/// A batch of a DHCPv6 socket.
pub type Batch6 = Batch<Meta6>;

/// A signal may interrupt a call a few times; more often than this is an error like any other.
pub(crate) const MAX_INTERRUPTS: usize = 16;

impl<M> Batch<M> {
    /// Packets of the usual batch; more do not make a call cheaper.
    pub const CAPACITY: usize = 64;
    /// Longest packet: a jumbo frame. Not a power of two, lest all buffers share the same few cache lines.
    pub const BUFFER: usize = 9216 + 64;

    /// Buffers for up to `capacity` packets (at least 1) of up to `buffer` octets, headers included.
    #[must_use]
    pub fn new(capacity: usize, buffer: usize) -> Self {
        let capacity = capacity.max(1);
        let stride = buffer.max(1);
        Self {
            buffers: vec![0; capacity.saturating_mul(stride)].into_boxed_slice(),
            stride,
            names: vec![Name::default(); capacity].into_boxed_slice(),
            controls: vec![Control::default(); capacity].into_boxed_slice(),
            headers: Headers::new(capacity),
            arrived: Vec::with_capacity(capacity),
            packets: Vec::with_capacity(capacity),
            used: 0,
            rejected: Vec::with_capacity(capacity),
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Receives what waits in a queue, as much as fits, in one system call. `accept` looks at what the kernel wrote of
    /// each packet and finds its payload in the buffer. What the batch had before is gone, unless it is of the main
    /// lane and this is the discovery lane of the same socket: then it stays, and what comes is put behind it.
    pub(crate) fn fill(
        &mut self,
        socket: &Socket,
        lane: Lane,
        mut accept: impl FnMut(&Arrived, &[u8], &Control, &[u8]) -> Result<(M, Range<usize>), FrameError>,
    ) -> io::Result<Received> {
        if lane == Lane::Main {
            self.clear();
        }
        let Self { buffers, stride, names, controls, headers, arrived, packets, rejected, used } = self;
        let (stride, before) = (*stride, (packets.len(), rejected.len()));
        let buffers = buffers.get_mut(*used * stride..).unwrap_or_default();
        let names = names.get_mut(*used..).unwrap_or_default();
        let controls = controls.get_mut(*used..).unwrap_or_default();
        let mut interrupts = 0;
        loop {
            match headers.receive(socket, buffers.chunks_exact_mut(stride), names, controls, arrived) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted && interrupts < MAX_INTERRUPTS => {
                    interrupts += 1;
                }
                Err(error) => return Err(error),
            }
        }
        let details = names.iter().zip(controls.iter()).zip(buffers.chunks_exact(stride));
        let mut start = *used * stride;
        for (each, ((name, control), buffer)) in arrived.iter().zip(details) {
            let name = name.octets.get(..each.name).unwrap_or(&name.octets);
            match accept(each, name, control, buffer) {
                Ok((meta, range)) => packets.push((meta, start + range.start..start + range.end, lane)),
                Err(error) => rejected.push(error),
            }
            start += stride;
        }
        *used += arrived.len();
        let full = arrived.len() == names.len();
        Ok(Received {
            packets: packets.len() - before.0,
            rejected: rejected.len() - before.1,
            full,
            passed_over: false,
        })
    }

    /// Lets go of the packets of the last call.
    pub fn clear(&mut self) {
        self.packets.clear();
        self.rejected.clear();
        self.used = 0;
    }

    /// Every buffer is in use.
    pub(crate) fn is_full(&self) -> bool {
        self.used == self.names.len()
    }

    /// Packet `index` of the last call: where it came from, and its UDP payload.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&M, &[u8])> {
        let (meta, range, _) = self.packets.get(index)?;
        Some((meta, self.buffers.get(range.clone())?))
    }

    /// The packets of the last call, each lane's in the order of arrival, the main lane's first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&M, &[u8])> + Clone {
        self.packets.iter().map(|(meta, range, _)| (meta, self.buffers.get(range.clone()).unwrap_or(&[])))
    }

    /// The lanes of these packets.
    pub fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.packets.iter().map(|(_, _, lane)| *lane)
    }

    /// Leaves out packets of the last call; answers how many.
    pub fn retain(&mut self, mut keep: impl FnMut(&M) -> bool) -> usize {
        let before = self.packets.len();
        self.packets.retain(|(meta, _, _)| keep(meta));
        before - self.packets.len()
    }

    /// Why packets of the last call were refused.
    #[must_use]
    pub fn rejected(&self) -> &[FrameError] {
        &self.rejected
    }
}

impl<M> Default for Batch<M> {
    fn default() -> Self {
        Self::new(Self::CAPACITY, Self::BUFFER)
    }
}
