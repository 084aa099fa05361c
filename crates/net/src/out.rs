//! The packets of one send call.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use socket2::Socket;

use crate::batch::MAX_INTERRUPTS;
use crate::frame::{HEADERS, MacAddr};
use crate::sys::{self, Control, Headers, Leaving, Name};

/// Link-layer destination of a packet; only raw sockets look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkDestination {
    /// Everybody on the link.
    Broadcast,
    /// One station.
    Station(MacAddr),
    /// Whom the kernel finds by routing and ARP; a raw socket hands such packets to its companion UDP socket.
    Resolve,
}

/// Where a packet goes and where it seems to come from. [`crate::Meta4::reply`] makes the usual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination4 {
    pub to: SocketAddrV4,
    /// Source address; 0.0.0.0 lets the kernel choose (UDP sockets only).
    pub from: Ipv4Addr,
    /// Interface to leave by; 0 lets the routing table choose (UDP sockets only).
    pub interface: u32,
    pub link: LinkDestination,
}

/// Where a DHCPv6 packet goes. [`crate::Meta6::reply`] makes the usual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination6 {
    pub to: SocketAddrV6,
    /// Source address; `::` lets the kernel choose.
    pub from: Ipv6Addr,
    /// Interface to leave by; 0 lets the routing table choose.
    pub interface: u32,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Sent,
    /// The number of the operating system's error.
    Failed(i32),
}

/// How a packet of a send batch leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Through the socket itself.
    Own,
    /// Through the companion at this position.
    Companion(usize),
    /// Not at all, with this error.
    Refused(i32),
}

pub(crate) struct Slot<D> {
    pub(crate) destination: D,
    pub(crate) payload: Vec<u8>,
    pub(crate) headers: [u8; HEADERS],
    pub(crate) name: Name,
    pub(crate) name_length: usize,
    pub(crate) control: Control,
    pub(crate) control_length: usize,
    pub(crate) state: State,
    pub(crate) route: Route,
    /// Whether `headers` go before the payload.
    pub(crate) framed: bool,
    /// See [`Leaving::together`].
    pub(crate) together: usize,
}

impl<D> Slot<D> {
    pub(crate) fn set_name(&mut self, name: &[u8]) {
        self.name_length = usize::try_from(self.name.set(name)).unwrap_or(0);
    }

    pub(crate) fn leaving(&self) -> Leaving<'_> {
        let headers: &[u8] = if self.framed { &self.headers } else { &[] };
        Leaving {
            together: self.together,
            pieces: [headers, &self.payload],
            name: self.name.octets.get(..self.name_length).unwrap_or(&[]),
            control: (self.control_length > 0).then_some((&self.control, self.control_length)),
        }
    }
}

impl Slot<Destination4> {
    /// Destination and, as far as given, source of a UDP datagram.
    pub(crate) fn address_datagram(&mut self) {
        let Destination4 { to, from, interface, .. } = self.destination;
        self.set_name(&sys::internet_name(to));
        if interface != 0 || !from.is_unspecified() {
            let [i0, i1, i2, i3] = interface.to_ne_bytes();
            let [a, b, c, d] = from.octets();
            let packet_info = [i0, i1, i2, i3, a, b, c, d, 0, 0, 0, 0];
            self.control_length = self.control.set(libc::IPPROTO_IP, libc::IP_PKTINFO, &packet_info);
        }
    }
}

impl Slot<Destination6> {
    /// Destination and, as far as given, source of a datagram.
    pub(crate) fn address_datagram6(&mut self) {
        let Destination6 { to, from, interface } = self.destination;
        self.set_name(&sys::internet_name6(to));
        if interface != 0 || !from.is_unspecified() {
            let mut packet_info = [0; 20];
            let parts = from.octets().into_iter().chain(interface.to_ne_bytes());
            for (to, from) in packet_info.iter_mut().zip(parts) {
                *to = from;
            }
            self.control_length = self.control.set(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &packet_info);
        }
    }
}

/// One packet that did not leave.
#[derive(Debug)]
pub struct SendFailure<D> {
    /// Position in the batch, in the order of [`OutBatch::next_slot`].
    pub index: usize,
    pub destination: D,
    pub error: io::Error,
}

/// Outcome of one [`crate::Socket4::send`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendReport {
    /// Packets that the kernel took in this call.
    pub sent: usize,
    /// Packets given up in this call; see [`OutBatch::failures`].
    pub failed: usize,
    /// Packets still waiting: the socket's send buffer is full. Wait until the socket is writable and call again,
    /// or [`OutBatch::abandon`].
    pub waiting: usize,
}

/// Packets to be sent in one call, reused from call to call; `D` says where a packet goes.
///
/// Order of calls: [`next_slot`](Self::next_slot) for each packet and write the payload into it;
/// [`crate::Socket4::send`] until its report says nothing is waiting; look at [`failures`](Self::failures);
/// [`clear`](Self::clear).
pub struct OutBatch<D> {
    slots: Vec<Slot<D>>,
    used: usize,
    /// Slots before this one are settled (sent or failed).
    settled: usize,
    messages: Headers,
    capacity: usize,
    /// Datagrams for one place, such as a relay's, go to the kernel as one message that it cuts itself, so that they
    /// take their way through it once; until a kernel or an interface refuses such a message.
    joins: bool,
}

/// Longest datagram that is joined with others: it fits into every link (RFC 8200 section 5), so that a refusal does
/// not come from its size.
const JOINED: usize = 1232;
/// Most datagrams and octets of a message (`UDP_MAX_SEGMENTS`, the length field of an IPv4 packet less headers).
const MESSAGE: usize = 64;
const MESSAGE_OCTETS: usize = 65_000;
// linux/udp.h
const UDP_SEGMENT: i32 = 103;

/// A batch of a DHCPv4 socket.
pub type OutBatch4 = OutBatch<Destination4>;
/// A batch of a DHCPv6 socket.
pub type OutBatch6 = OutBatch<Destination6>;

impl<D: Copy + PartialEq> OutBatch<D> {
    /// Room for `capacity` packets (at least 1). Their buffers grow to the size of the longest reply and stay so.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            slots: Vec::with_capacity(capacity),
            used: 0,
            settled: 0,
            messages: Headers::new(capacity),
            capacity,
            joins: true,
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.used
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The empty payload buffer of one more packet to `destination`; `None` when the batch is full and has to be
    /// sent first.
    pub fn next_slot(&mut self, destination: D) -> Option<&mut Vec<u8>> {
        if self.used >= self.capacity {
            return None;
        }
        if self.used == self.slots.len() {
            self.slots.push(Slot {
                destination,
                payload: Vec::with_capacity(1536),
                headers: [0; HEADERS],
                name: Name::default(),
                name_length: 0,
                control: Control::default(),
                control_length: 0,
                state: State::Pending,
                route: Route::Own,
                framed: false,
                together: 1,
            });
        }
        let slot = self.slots.get_mut(self.used)?;
        self.used += 1;
        slot.destination = destination;
        slot.state = State::Pending;
        slot.payload.clear();
        Some(&mut slot.payload)
    }

    /// Gives the last slot another destination, for a reply whose way is known only once it is built.
    pub fn redirect_last(&mut self, destination: D) {
        if self.used > self.settled
            && let Some(slot) = self.used.checked_sub(1).and_then(|last| self.slots.get_mut(last))
        {
            slot.destination = destination;
        }
    }

    /// Takes the last slot back, before any send: its packet is not wanted after all.
    pub fn cancel_last(&mut self) {
        if self.used > self.settled {
            self.used -= 1;
        }
    }

    /// Moves the last packet, before any send, to the end of another batch; `false`: there is none, or no room.
    pub fn move_last(&mut self, to: &mut Self) -> bool {
        let last = self.used.checked_sub(1).filter(|last| *last >= self.settled);
        let Some(slot) = last.and_then(|last| self.slots.get_mut(last)) else { return false };
        let Some(payload) = to.next_slot(slot.destination) else { return false };
        std::mem::swap(payload, &mut slot.payload);
        self.used -= 1;
        true
    }

    /// Takes packet `index` back, before any of the batch was sent; those after it move up.
    pub fn remove(&mut self, index: usize) {
        if let Some(from) = self.slots.get_mut(index..self.used).filter(|from| !from.is_empty()) {
            from.rotate_left(1);
            self.used -= 1;
        }
    }

    /// Octets of the longest payload that waits.
    pub(crate) fn longest(&self) -> usize {
        let waiting = self.slots.iter().take(self.used).skip(self.settled);
        waiting.map(|slot| slot.payload.len()).max().unwrap_or(0)
    }

    /// Joins what waits as far as it may be; see [`Leaving::together`].
    fn join(&mut self) {
        let mut at = self.settled;
        while at < self.used {
            let count = self.alike(at);
            let mut waiting = self.slots.iter_mut().take(self.used).skip(at);
            if let Some(first) = waiting.next() {
                first.together = count;
                if count > 1 {
                    let size = u16::try_from(first.payload.len()).unwrap_or(0).to_ne_bytes();
                    first.control_length =
                        first.control.add(first.control_length, libc::SOL_UDP, UDP_SEGMENT, &size);
                }
            }
            waiting.take(count - 1).for_each(|slot| slot.together = 0);
            at += count;
        }
    }

    /// How many packets from one on go to the same place with the same length; only the last may be shorter.
    fn alike(&self, at: usize) -> usize {
        let mut rest = self.slots.iter().take(self.used).skip(at);
        let Some(first) = rest.next() else { return 1 };
        let size = first.payload.len();
        if !self.joins || first.framed || first.route != Route::Own || !(1..=JOINED).contains(&size) {
            return 1;
        }
        let (mut count, mut octets) = (1, size);
        for slot in rest.take(MESSAGE - 1) {
            let length = slot.payload.len();
            octets += length;
            if slot.route != Route::Own
                || slot.framed
                || slot.destination != first.destination
                || !(1..=size).contains(&length)
                || octets > MESSAGE_OCTETS
            {
                break;
            }
            count += 1;
            if length < size {
                break;
            }
        }
        count
    }

    /// Sends what waits, in order, in as few system calls as possible. `prepare` fills in headers, address and control
    /// message of a packet and says how it leaves; `companion` finds the socket of [`Route::Companion`].
    ///
    /// A packet that the kernel refuses is marked failed and the next one tried. When the socket's own buffer is full
    /// the rest stays waiting.
    pub(crate) fn flush<'a>(
        &mut self,
        socket: &Socket,
        mut prepare: impl FnMut(&mut Slot<D>) -> Route,
        companion: impl Fn(usize) -> Option<&'a Socket>,
    ) -> SendReport {
        let mut report = SendReport::default();
        let mut interrupts = 0;
        let mut ready = false;
        loop {
            if !ready {
                for slot in self.slots.iter_mut().take(self.used).skip(self.settled) {
                    slot.control_length = 0;
                    slot.route = prepare(slot);
                }
                self.join();
                ready = true;
            }
            let Self { slots, used, settled, messages, joins, .. } = self;
            let Some(pending) = slots.get_mut(*settled..*used) else { break };
            let Some(first) = pending.first() else { break };
            let (route, together) = (first.route, first.together);
            let run = pending.iter().take_while(|slot| slot.route == route).map(Slot::leaving);
            let result = match route {
                Route::Own => messages.send(socket, run),
                Route::Companion(at) => match companion(at) {
                    Some(companion) => messages.send(companion, run),
                    None => Err(io::Error::from_raw_os_error(libc::EADDRNOTAVAIL)),
                },
                Route::Refused(number) => Err(io::Error::from_raw_os_error(number)),
            };
            let failure = match result {
                Ok(0) => libc::EIO,
                Ok(messages) => {
                    // The heads of messages say how many packets follow them.
                    let mut count = 0;
                    for _ in 0..messages {
                        count += pending.get(count).map_or(0, |head| head.together.max(1));
                    }
                    for slot in pending.iter_mut().take(count) {
                        slot.state = State::Sent;
                    }
                    *settled += count;
                    report.sent += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted && interrupts < MAX_INTERRUPTS => {
                    interrupts += 1;
                    continue;
                }
                // Readiness is known of the socket itself only; a companion whose buffer is full fails.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && route == Route::Own => break,
                Err(error) => error.raw_os_error().unwrap_or(libc::EIO),
            };
            ready = false;
            // What an old kernel, or one that encrypts packets on their way, says to a message that it shall cut.
            let uncut = [libc::EINVAL, libc::EIO, libc::EMSGSIZE, libc::EOPNOTSUPP, libc::ENOPROTOOPT];
            if together > 1 && uncut.contains(&failure) {
                *joins = false;
                continue;
            }
            if let Some(first) = pending.first_mut() {
                first.state = State::Failed(failure);
            }
            *settled += 1;
            report.failed += 1;
        }
        report.waiting = self.used - self.settled;
        report
    }

    /// Packet `index`: where it goes, and its payload.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&D, &[u8])> {
        let slot = self.slots.get(index).filter(|_| index < self.used)?;
        Some((&slot.destination, &slot.payload))
    }

    /// Packets that were given up since the last [`clear`](Self::clear).
    pub fn failures(&self) -> impl Iterator<Item = SendFailure<D>> {
        self.slots.iter().take(self.used).enumerate().filter_map(|(index, slot)| match slot.state {
            State::Failed(number) => Some(SendFailure {
                index,
                destination: slot.destination,
                error: io::Error::from_raw_os_error(number),
            }),
            State::Pending | State::Sent => None,
        })
    }

    /// Gives up what is still waiting; it then shows as failed with `EAGAIN`. Gives the number of packets.
    pub fn abandon(&mut self) -> usize {
        let waiting = self.slots.iter_mut().take(self.used).skip(self.settled);
        let count = waiting.map(|slot| slot.state = State::Failed(libc::EAGAIN)).count();
        self.settled = self.used;
        count
    }

    /// Empties the batch; buffers are kept.
    pub fn clear(&mut self) {
        self.used = 0;
        self.settled = 0;
    }
}

impl<D: Copy + PartialEq> Default for OutBatch<D> {
    fn default() -> Self {
        Self::new(crate::Batch4::CAPACITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_taken_back() {
        let mut batch = OutBatch::<u8>::new(4);
        for place in 0..3_u8 {
            batch.next_slot(place).unwrap().push(place);
        }
        batch.remove(1);
        batch.remove(7);
        let left: Vec<_> =
            (0..3).filter_map(|at| batch.get(at)).map(|(to, octets)| (*to, octets[0])).collect();
        assert_eq!(left, [(0, 0), (2, 2)]);
        assert_eq!(batch.next_slot(9).map(|slot| slot.len()), Some(0));
    }
}
