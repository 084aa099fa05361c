//! The system calls, with nearly all `unsafe` blocks of the crate.
//!
//! Addresses and control messages are kept as octets and read by bounded, safe code, so that the blocks here have
//! only pointers and lengths to get right.

use std::ffi::c_int;
use std::io;
use std::mem::{size_of, size_of_val};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

use libc::{iovec, mmsghdr, sock_filter, sock_fprog};
use socket2::Socket;

/// Plain data of the kernel's socket options.
///
/// # Safety
/// Any bit pattern of the type's size must be a value of it, and it must have no padding.
pub(crate) unsafe trait Plain: Copy + Default {}
// SAFETY: integers without niches or padding.
unsafe impl Plain for c_int {}
// SAFETY: as above.
unsafe impl Plain for u32 {}

pub(crate) fn set_option<T: Plain>(fd: impl AsFd, level: c_int, name: c_int, value: T) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: the pointer and the length describe `value`, which outlives the call; the kernel only reads it.
    let result = unsafe {
        libc::setsockopt(fd.as_fd().as_raw_fd(), level, name, ptr::from_ref(&value).cast(), length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

pub(crate) fn get_option<T: Plain>(fd: impl AsFd, level: c_int, name: c_int) -> io::Result<T> {
    let mut value = T::default();
    let mut length = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: the kernel writes at most `length` octets into `value`; any bit pattern is valid for a `Plain`.
    let result = unsafe {
        libc::getsockopt(
            fd.as_fd().as_raw_fd(),
            level,
            name,
            ptr::from_mut(&mut value).cast(),
            &raw mut length,
        )
    };
    if result == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

/// How the calling thread is scheduled.
pub(crate) fn scheduling() -> io::Result<libc::sched_attr> {
    let mut attr = libc::sched_attr {
        size: 0,
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel writes at most so many octets into `attr`, whose fields take any value.
    let result =
        unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attr, size_of::<libc::sched_attr>(), 0) };
    if result == 0 { Ok(attr) } else { Err(io::Error::last_os_error()) }
}

/// Gives the calling thread turns of so many nanoseconds, if it is scheduled as threads usually are.
pub(crate) fn set_slice(nanoseconds: u64) -> io::Result<()> {
    let mut attr = scheduling()?;
    if attr.sched_policy != u32::try_from(libc::SCHED_OTHER).map_err(io::Error::other)? {
        return Ok(());
    }
    attr.sched_runtime = nanoseconds;
    // SAFETY: the kernel reads as many octets as `size` says, which it has set to what it wrote.
    let result = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Installs a classic BPF program with one of `SO_ATTACH_FILTER`, `SO_ATTACH_REUSEPORT_CBPF`, `PACKET_FANOUT_DATA`.
pub(crate) fn set_program(
    fd: impl AsFd,
    level: c_int,
    name: c_int,
    program: &[sock_filter],
) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(io::Error::other)?;
    let value = sock_fprog { len, filter: program.as_ptr().cast_mut() };
    let length = libc::socklen_t::try_from(size_of::<sock_fprog>()).map_err(io::Error::other)?;
    // SAFETY: `value` lives through the call and points to `len` instructions that do too; the kernel copies them
    // and writes to neither.
    let result = unsafe {
        libc::setsockopt(fd.as_fd().as_raw_fd(), level, name, ptr::from_ref(&value).cast(), length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Binds to an address given as the octets of its `sockaddr` structure.
pub(crate) fn bind(socket: &Socket, address: &[u8]) -> io::Result<()> {
    // The kernel copies from any alignment, but `bind` takes a `sockaddr` pointer: hand it an aligned one.
    let mut aligned = Name::default();
    let length = aligned.set(address);
    // SAFETY: pointer and length describe `aligned`, which outlives the call and is only read.
    let result = unsafe { libc::bind(socket.as_raw_fd(), ptr::from_ref(&aligned.octets).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Room for a `sockaddr_in`, a `sockaddr_in6` or a `sockaddr_ll`, as octets.
#[derive(Clone, Copy, Default)]
#[repr(C, align(8))]
pub(crate) struct Name {
    pub(crate) octets: [u8; 32],
}

impl Name {
    pub(crate) const SIZE: u32 = 32;

    /// Stores an address; gives its length.
    pub(crate) fn set(&mut self, address: &[u8]) -> u32 {
        for (to, from) in self.octets.iter_mut().zip(address) {
            *to = *from;
        }
        u32::try_from(address.len()).unwrap_or(0).min(Self::SIZE)
    }
}

/// `sockaddr_in`: family, port, address, padding.
pub(crate) fn internet_name(address: SocketAddrV4) -> [u8; 16] {
    let [f0, f1] = family(libc::AF_INET);
    let [p0, p1] = address.port().to_be_bytes();
    let [a, b, c, d] = address.ip().octets();
    [f0, f1, p0, p1, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0]
}

pub(crate) fn parse_internet_name(octets: &[u8]) -> Option<SocketAddrV4> {
    let [f0, f1, p0, p1, a, b, c, d] = *octets.first_chunk()?;
    ([f0, f1] == family(libc::AF_INET))
        .then(|| SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([p0, p1])))
}

/// `sockaddr_in6`: family, port, flow, address, scope.
pub(crate) fn internet_name6(address: SocketAddrV6) -> [u8; 28] {
    let mut name = [0; 28];
    let scope = address.scope_id().to_ne_bytes();
    let parts = family(libc::AF_INET6)
        .into_iter()
        .chain(address.port().to_be_bytes())
        .chain([0; 4])
        .chain(address.ip().octets())
        .chain(scope);
    for (to, from) in name.iter_mut().zip(parts) {
        *to = from;
    }
    name
}

pub(crate) fn parse_internet_name6(octets: &[u8]) -> Option<SocketAddrV6> {
    let (head, rest) = octets.split_first_chunk::<8>()?;
    let [f0, f1, p0, p1, ..] = *head;
    let (address, rest) = rest.split_first_chunk::<16>()?;
    let scope = u32::from_ne_bytes(*rest.first_chunk()?);
    ([f0, f1] == family(libc::AF_INET6))
        .then(|| SocketAddrV6::new(Ipv6Addr::from(*address), u16::from_be_bytes([p0, p1]), 0, scope))
}

/// `sockaddr_ll` without link-layer address: family, protocol, index, hardware type, packet type, length, address.
pub(crate) fn packet_name(interface: u32, protocol: u16) -> [u8; 20] {
    let [f0, f1] = family(libc::AF_PACKET);
    let [p0, p1] = protocol.to_be_bytes();
    let [a, b, c, d] = interface.to_ne_bytes();
    [f0, f1, p0, p1, a, b, c, d, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// Interface index and packet type (`PACKET_OUTGOING`, ...).
pub(crate) fn parse_packet_name(octets: &[u8]) -> Option<(u32, u8)> {
    let [f0, f1, _, _, a, b, c, d, _, _, packet_type] = *octets.first_chunk()?;
    ([f0, f1] == family(libc::AF_PACKET)).then(|| (u32::from_ne_bytes([a, b, c, d]), packet_type))
}

fn family(number: c_int) -> [u8; 2] {
    u16::try_from(number).unwrap_or(0).to_ne_bytes()
}

/// The three fields of a `cmsghdr` (length, level, type) as the kernel aligns them.
const CONTROL_HEADER: usize = {
    let plain = size_of::<usize>() + 2 * size_of::<c_int>();
    plain.next_multiple_of(size_of::<usize>())
};

/// Room for the control messages of one packet.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Control {
    octets: [u8; 128],
}

impl Default for Control {
    fn default() -> Self {
        Self { octets: [0; 128] }
    }
}

impl Control {
    /// Stores one control message; gives the length of the whole, 0 when it does not fit.
    pub(crate) fn set(&mut self, level: c_int, kind: c_int, data: &[u8]) -> usize {
        self.add(0, level, kind, data)
    }

    /// Stores a control message behind those in the first `used` octets; gives the length of the whole, `used` when
    /// it does not fit.
    pub(crate) fn add(&mut self, used: usize, level: c_int, kind: c_int, data: &[u8]) -> usize {
        let length = CONTROL_HEADER + data.len();
        let total = used + length.next_multiple_of(size_of::<usize>());
        let Some(room) = self.octets.get_mut(used..total) else { return used };
        room.fill(0);
        let header = length.to_ne_bytes().into_iter().chain(level.to_ne_bytes()).chain(kind.to_ne_bytes());
        for (to, from) in room.iter_mut().zip(header) {
            *to = from;
        }
        for (to, from) in room.iter_mut().skip(CONTROL_HEADER).zip(data) {
            *to = *from;
        }
        total
    }

    /// The messages in the first `length` octets.
    pub(crate) fn messages(&self, length: usize) -> ControlMessages<'_> {
        ControlMessages { rest: self.octets.get(..length.min(self.octets.len())).unwrap_or(&[]) }
    }
}

/// Walks control messages as (level, type, data); ends at the first that is cut.
pub(crate) struct ControlMessages<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for ControlMessages<'a> {
    type Item = (c_int, c_int, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, after) = self.rest.split_first_chunk()?;
        let length = usize::from_ne_bytes(*length);
        let (level, after) = after.split_first_chunk()?;
        let kind = after.first_chunk()?;
        let data = self.rest.get(CONTROL_HEADER..length)?;
        self.rest = self.rest.get(length.next_multiple_of(size_of::<usize>())..).unwrap_or(&[]);
        Some((c_int::from_ne_bytes(*level), c_int::from_ne_bytes(*kind), data))
    }
}

/// Message headers for `recvmmsg` and `sendmmsg`, kept between calls so that no call allocates.
///
/// The pointers in them are written by the function that makes the call and are dead afterwards. Casts `as _` below
/// are of small constants and lengths, to whatever integer the C library of the target declares.
pub(crate) struct Headers {
    messages: Vec<mmsghdr>,
    vectors: Vec<[iovec; 2]>,
}

// SAFETY: the raw pointers are only used inside `receive` and `send`, which write them first; between calls the
// structure is plain memory that any thread may own.
unsafe impl Send for Headers {}
// SAFETY: as above; no method takes `&self` and reads a pointer.
unsafe impl Sync for Headers {}

const NO_VECTOR: iovec = iovec { iov_base: ptr::null_mut(), iov_len: 0 };

/// What the kernel wrote about one received packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) length: usize,
    pub(crate) name: usize,
    pub(crate) control: usize,
    pub(crate) truncated: bool,
}

/// One packet to send: up to two pieces of payload, destination, control message.
#[derive(Clone, Copy)]
pub(crate) struct Leaving<'a> {
    /// How many packets, this one first, the kernel gets as one message that it cuts itself (`UDP_SEGMENT`);
    /// 0: this one belongs to a message that began before.
    pub(crate) together: usize,
    pub(crate) pieces: [&'a [u8]; 2],
    pub(crate) name: &'a [u8],
    pub(crate) control: Option<(&'a Control, usize)>,
}

impl Headers {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { messages: Vec::with_capacity(capacity), vectors: Vec::with_capacity(capacity) }
    }

    fn empty_message() -> mmsghdr {
        // SAFETY: `mmsghdr` is a C structure of integers and pointers, for which all zeroes is a value.
        unsafe { std::mem::zeroed() }
    }

    /// One `recvmmsg` without waiting. Buffer i takes packet i; `arrived` gets one entry per packet.
    pub(crate) fn receive<'a>(
        &mut self,
        fd: impl AsFd,
        buffers: impl Iterator<Item = &'a mut [u8]>,
        names: &mut [Name],
        controls: &mut [Control],
        arrived: &mut Vec<Arrived>,
    ) -> io::Result<()> {
        self.messages.clear();
        self.vectors.clear();
        arrived.clear();
        for buffer in buffers.take(names.len().min(controls.len())) {
            self.vectors
                .push([iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() }, NO_VECTOR]);
        }
        for ((vector, name), control) in self.vectors.iter_mut().zip(names).zip(controls) {
            let mut message = Self::empty_message();
            message.msg_hdr.msg_name = ptr::from_mut(&mut name.octets).cast();
            message.msg_hdr.msg_namelen = Name::SIZE;
            message.msg_hdr.msg_iov = vector.as_mut_ptr();
            message.msg_hdr.msg_iovlen = 1;
            message.msg_hdr.msg_control = ptr::from_mut(&mut control.octets).cast();
            message.msg_hdr.msg_controllen = size_of_val(&control.octets) as _;
            self.messages.push(message);
        }
        let count = libc::c_uint::try_from(self.messages.len()).unwrap_or(0);
        // SAFETY: `messages` holds `count` headers. Each points to memory that is borrowed mutably for the whole of
        // this function and is as long as the header says: a buffer (by its iovec, which lies in `vectors`, not
        // touched since), a name and a control area, all different. The time-out may be null.
        let result = unsafe {
            libc::recvmmsg(
                fd.as_fd().as_raw_fd(),
                self.messages.as_mut_ptr(),
                count,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        let received = usize::try_from(result).map_err(|_| io::Error::last_os_error())?;
        arrived.extend(self.messages.iter().take(received).map(|message| Arrived {
            length: usize::try_from(message.msg_len).unwrap_or(0),
            name: usize::try_from(message.msg_hdr.msg_namelen).unwrap_or(0),
            control: message.msg_hdr.msg_controllen as _,
            truncated: message.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        }));
        Ok(())
    }

    /// One `sendmmsg` without waiting; gives how many messages the kernel took, or the error of the first one.
    pub(crate) fn send<'a>(
        &mut self,
        fd: impl AsFd,
        packets: impl Iterator<Item = Leaving<'a>>,
    ) -> io::Result<usize> {
        self.messages.clear();
        self.vectors.clear();
        for packet in packets {
            if packet.together > 0 {
                let mut message = Self::empty_message();
                message.msg_hdr.msg_name = packet.name.as_ptr().cast_mut().cast();
                message.msg_hdr.msg_namelen = u32::try_from(packet.name.len()).unwrap_or(0);
                if let Some((control, length)) = packet.control {
                    message.msg_hdr.msg_control = ptr::from_ref(&control.octets).cast_mut().cast();
                    message.msg_hdr.msg_controllen = length.min(size_of_val(&control.octets)) as _;
                }
                message.msg_hdr.msg_iovlen = (2 * packet.together) as _;
                self.messages.push(message);
            }
            self.vectors.push(
                packet
                    .pieces
                    .map(|piece| iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() }),
            );
        }
        let mut start = 0;
        for message in &mut self.messages {
            let vectors: usize = message.msg_hdr.msg_iovlen as _;
            let together = vectors / 2;
            match self.vectors.get_mut(start..start + together) {
                Some(vectors) => message.msg_hdr.msg_iov = vectors.as_mut_ptr().cast(),
                // Packets that were announced and did not come.
                None => message.msg_hdr.msg_iovlen = 0,
            }
            start += together;
        }
        let count = libc::c_uint::try_from(self.messages.len()).unwrap_or(0);
        // SAFETY: `messages` holds `count` headers, each with as many iovecs as it says in `vectors`, which did not
        // move since the pointers were taken. Names, control areas and pieces are borrowed for 'a, so alive during the
        // call; the kernel reads them and writes only `msg_len` of the headers.
        let result = unsafe {
            libc::sendmmsg(
                fd.as_fd().as_raw_fd(),
                self.messages.as_mut_ptr(),
                count,
                (libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as _,
            )
        };
        usize::try_from(result).map_err(|_| io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_messages_round_trip_and_bound() {
        let mut control = Control::default();
        let length = control.set(7, 9, &[1, 2, 3]);
        assert_eq!(length % size_of::<usize>(), 0);
        let got: Vec<_> = control.messages(length).collect();
        assert_eq!(got, [(7, 9, &[1u8, 2, 3][..])]);
        // Cut anywhere: nothing, never a panic.
        for cut in 0..CONTROL_HEADER + 3 {
            assert_eq!(control.messages(cut).count(), 0, "{cut}");
        }
        // A length field that lies.
        for lie in [0, 1, CONTROL_HEADER - 1, 4096, usize::MAX] {
            let mut control = Control::default();
            control.set(7, 9, &[0; 8]);
            for (to, from) in control.octets.iter_mut().zip(lie.to_ne_bytes()) {
                *to = from;
            }
            assert!(control.messages(128).count() <= 1, "{lie}");
        }
        assert_eq!(control.set(0, 0, &[0; 200]), 0);
        let first = control.set(1, 2, &[3]);
        let both = control.add(first, 4, 5, &[6, 7]);
        assert_eq!(control.messages(both).map(|(l, k, _)| (l, k)).collect::<Vec<_>>(), [(1, 2), (4, 5)]);
        assert_eq!(control.add(both, 0, 0, &[0; 100]), both);
    }

    #[test]
    fn layout_is_the_kernels() {
        assert_eq!(size_of::<libc::sockaddr_in>(), 16);
        assert_eq!(size_of::<libc::sockaddr_ll>(), 20);
        assert_eq!(CONTROL_HEADER, size_of::<libc::cmsghdr>().next_multiple_of(size_of::<usize>()));
        assert_eq!(size_of::<libc::in_pktinfo>(), 12);
        assert_eq!(size_of::<libc::sockaddr_in6>(), 28);
        assert_eq!(size_of::<libc::in6_pktinfo>(), 20);
    }

    #[test]
    fn names() {
        let address = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 67);
        assert_eq!(parse_internet_name(&internet_name(address)), Some(address));
        let link_local = SocketAddrV6::new("fe80::1".parse().unwrap(), 547, 0, 7);
        assert_eq!(parse_internet_name6(&internet_name6(link_local)), Some(link_local));
        assert_eq!(parse_internet_name6(&internet_name6(link_local)[..27]), None);
        assert_eq!(parse_packet_name(&packet_name(7, 0x800)), Some((7, 0)));
        assert_eq!(parse_packet_name(&internet_name(address)), None);
        assert_eq!(parse_internet_name(&[2, 0, 0]), None);
    }
}
