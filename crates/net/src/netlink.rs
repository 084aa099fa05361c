//! rtnetlink: the kernel's list of links and addresses, and its notices of change.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr};

use base::HwAddr;
use socket2::{Domain, Protocol, Socket, Type};

use crate::interfaces::{Address4, Address6, Interface};
use crate::sys;
use crate::watch::Change;

/// Why the interfaces cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    #[error("cannot ask the kernel for its interfaces: {0}")]
    Io(#[from] io::Error),
    #[error("the list of interfaces kept changing while it was read")]
    Unstable,
    #[error("the kernel's list of interfaces is cut")]
    Cut,
}

const HEADER: usize = 16;
const LINK_BODY: usize = 16;
const ADDRESS_BODY: usize = 8;
/// The kernel fills at most 32 KiB per read of a listing.
const READ_BUFFER: usize = 64 * 1024;
/// Reads per wake-up of a watch; more than this and we count everything as changed.
const MAX_NOTICE_READS: usize = 256;
/// A listing during which links changed is read again; on a machine that never rests we take what we have not.
const MAX_ATTEMPTS: usize = 8;

// Message and attribute numbers of linux/netlink.h, linux/rtnetlink.h, linux/if_link.h and linux/if_addr.h.
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_DUMP: u16 = 0x300;
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;
const IFA_F_DADFAILED: u32 = 0x08;
const IFA_F_TENTATIVE: u32 = 0x40;
/// RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR.
const GROUPS: u32 = 0x01 | 0x10 | 0x100;
/// The two high bits of an attribute's type are flags.
const ATTRIBUTE_TYPE: u16 = 0x3fff;

fn open(groups: u32) -> io::Result<Socket> {
    let socket =
        Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(Protocol::from(libc::NETLINK_ROUTE)))?;
    let family = u16::try_from(libc::AF_NETLINK).unwrap_or(0).to_ne_bytes();
    let name: Vec<u8> = family.into_iter().chain([0; 6]).chain(groups.to_ne_bytes()).collect();
    sys::bind(&socket, &name)?;
    Ok(socket)
}

/// A socket that hears of changes, not blocking.
pub(crate) fn notices() -> io::Result<Socket> {
    let socket = open(GROUPS)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

pub(crate) fn read_notices(socket: &Socket) -> io::Result<Change> {
    let everything = Change { links: true, ipv4: true, ipv6: true };
    let mut buffer = [0; 16 * 1024];
    let mut change = Change::default();
    for _ in 0..MAX_NOTICE_READS {
        match (&*socket).read(&mut buffer) {
            Ok(length) => {
                for message in Messages::new(buffer.get(..length).unwrap_or(&[])) {
                    match (message.kind, message.body.first().copied().map(c_int::from)) {
                        (RTM_NEWLINK | RTM_DELLINK, _) => change.links = true,
                        (RTM_NEWADDR | RTM_DELADDR, Some(libc::AF_INET)) => change.ipv4 = true,
                        (RTM_NEWADDR | RTM_DELADDR, Some(libc::AF_INET6)) => change.ipv6 = true,
                        _ => {}
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(change),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The queue overflowed: notices are lost, but what to do about it is known.
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => change = everything,
            Err(error) => return Err(error),
        }
    }
    Ok(everything)
}

/// Everything the kernel knows about links and their addresses.
pub(crate) fn interfaces() -> Result<Vec<Interface>, NetlinkError> {
    let socket = open(0)?;
    // A kernel that never answers must not hold the server: netlink answers at once or not at all.
    socket.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
    let mut buffer = vec![0; READ_BUFFER];
    let mut sequence = 0;
    for _ in 0..MAX_ATTEMPTS {
        let mut found = BTreeMap::new();
        let mut whole = true;
        for (request, body) in [(RTM_GETLINK, LINK_BODY), (RTM_GETADDR, ADDRESS_BODY)] {
            sequence += 1;
            whole &= dump(&socket, request, body, sequence, &mut buffer, &mut |message| {
                take(&mut found, message);
            })?;
        }
        if whole {
            return Ok(found.into_values().collect());
        }
    }
    Err(NetlinkError::Unstable)
}

/// One listing; `false` when the kernel says that it changed on the way.
fn dump(
    socket: &Socket,
    request: u16,
    body: usize,
    sequence: u32,
    buffer: &mut [u8],
    each: &mut dyn FnMut(&Message<'_>),
) -> Result<bool, NetlinkError> {
    let length = u32::try_from(HEADER + body).unwrap_or(0);
    let mut query = Vec::with_capacity(HEADER + body);
    query.extend(length.to_ne_bytes());
    query.extend(request.to_ne_bytes());
    query.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    query.extend(sequence.to_ne_bytes());
    query.resize(HEADER + body, 0);
    socket.send(&query)?;
    let mut whole = true;
    loop {
        let length = match (&*socket).read(buffer) {
            Ok(0) => return Err(NetlinkError::Cut),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let mut messages = Messages::new(buffer.get(..length).unwrap_or(&[]));
        for message in &mut messages {
            if message.sequence != sequence {
                continue;
            }
            whole &= message.flags & NLM_F_DUMP_INTR == 0;
            match message.kind {
                NLMSG_DONE => return Ok(whole),
                NLMSG_ERROR => {
                    let number = message.body.first_chunk().copied().map_or(0, i32::from_ne_bytes);
                    return Err(io::Error::from_raw_os_error(number.saturating_neg()).into());
                }
                _ => each(&message),
            }
        }
        if messages.cut {
            return Err(NetlinkError::Cut);
        }
    }
}

/// Adds what a message says to the list.
fn take(found: &mut BTreeMap<u32, Interface>, message: &Message<'_>) {
    match message.kind {
        RTM_NEWLINK => {
            if let Some(interface) = link(message.body) {
                found.insert(interface.index, interface);
            }
        }
        RTM_NEWADDR => address(found, message.body).unwrap_or(()),
        _ => {}
    }
}

/// `ifinfomsg`: family, padding, hardware type, index, flags, mask; then attributes.
fn link(body: &[u8]) -> Option<Interface> {
    let [_, _, t0, t1, i0, i1, i2, i3, f0, f1, f2, f3, _, _, _, _] = *body.first_chunk::<LINK_BODY>()?;
    let index = u32::from_ne_bytes([i0, i1, i2, i3]);
    let flags = c_int::from_ne_bytes([f0, f1, f2, f3]);
    let htype = u16::from_ne_bytes([t0, t1]);
    let mut name = None;
    let mut mtu = 0;
    let mut hardware = HwAddr::new(htype, &[]).ok()?;
    for (kind, value) in Attributes(body.get(LINK_BODY..)?) {
        match kind {
            IFLA_IFNAME => {
                let text = value.split(|octet| *octet == 0).next()?;
                name = Some(String::from_utf8_lossy(text).into_owned());
            }
            IFLA_MTU => mtu = value.first_chunk().copied().map_or(0, u32::from_ne_bytes),
            // An address longer than any that DHCP carries cannot be a client's; the interface stays usable.
            IFLA_ADDRESS => hardware = HwAddr::new(htype, value).unwrap_or(hardware),
            _ => {}
        }
    }
    let flag = |bit: c_int| flags & bit != 0;
    Some(Interface {
        index,
        name: name?,
        hardware,
        mtu,
        up: flag(libc::IFF_UP),
        running: flag(libc::IFF_RUNNING),
        loopback: flag(libc::IFF_LOOPBACK),
        broadcast: flag(libc::IFF_BROADCAST),
        multicast: flag(libc::IFF_MULTICAST),
        point_to_point: flag(libc::IFF_POINTOPOINT),
        ipv4: Vec::new(),
        ipv6: Vec::new(),
    })
}

/// `ifaddrmsg`: family, prefix length, flags, scope, index; then attributes.
fn address(found: &mut BTreeMap<u32, Interface>, body: &[u8]) -> Option<()> {
    let [family, prefix_length, flags, _, i0, i1, i2, i3] = *body.first_chunk::<ADDRESS_BODY>()?;
    let interface = found.get_mut(&u32::from_ne_bytes([i0, i1, i2, i3]))?;
    let mut flags = u32::from(flags);
    let mut local = None;
    let mut peer = None;
    for (kind, value) in Attributes(body.get(ADDRESS_BODY..)?) {
        match kind {
            IFA_LOCAL => local = Some(value),
            IFA_ADDRESS => peer = Some(value),
            IFA_FLAGS => flags = value.first_chunk().copied().map_or(flags, u32::from_ne_bytes),
            _ => {}
        }
    }
    // On point-to-point links IFA_ADDRESS is the other end.
    let octets = local.or(peer)?;
    match c_int::from(family) {
        libc::AF_INET => {
            let address = Ipv4Addr::from(*octets.first_chunk::<4>()?);
            interface.ipv4.push(Address4 { address, prefix_length });
        }
        libc::AF_INET6 => {
            let address = Ipv6Addr::from(*octets.first_chunk::<16>()?);
            let tentative = flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) != 0;
            interface.ipv6.push(Address6 { address, prefix_length, tentative });
        }
        _ => {}
    }
    Some(())
}

struct Message<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    body: &'a [u8],
}

/// Walks the messages of one read.
struct Messages<'a> {
    rest: &'a [u8],
    /// A length field does not fit what was read.
    cut: bool,
}

impl<'a> Messages<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest, cut: false }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let message = (|| {
            let [l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, _, _, _, _] =
                *self.rest.first_chunk::<HEADER>()?;
            let length = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
            let body = self.rest.get(HEADER..length)?;
            self.rest = self.rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
            Some(Message {
                kind: u16::from_ne_bytes([k0, k1]),
                flags: u16::from_ne_bytes([f0, f1]),
                sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
                body,
            })
        })();
        if message.is_none() {
            self.cut = true;
            self.rest = &[];
        }
        message
    }
}

/// Walks attributes as (type, value); ends at the first that is cut.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [l0, l1, k0, k1] = *self.0.first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((u16::from_ne_bytes([k0, k1]) & ATTRIBUTE_TYPE, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut octets = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        octets.extend(value);
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }

    fn link_body(index: u32, flags: c_int, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![0, 0];
        body.extend(1u16.to_ne_bytes());
        body.extend(index.to_ne_bytes());
        body.extend(flags.to_ne_bytes());
        body.extend([0; 4]);
        body.extend(attributes.concat());
        body
    }

    fn message(kind: u16, body: &[u8]) -> Message<'_> {
        Message { kind, flags: 0, sequence: 0, body }
    }

    #[test]
    fn links_and_addresses() {
        let mut found = BTreeMap::new();
        let attributes = [
            attribute(IFLA_IFNAME, b"eth0\0"),
            attribute(IFLA_ADDRESS, &[2, 0, 0, 0, 0, 1]),
            attribute(IFLA_MTU, &1500u32.to_ne_bytes()),
            attribute(99 | 0x8000, &[1]),
        ];
        let flags = libc::IFF_UP | libc::IFF_RUNNING | libc::IFF_BROADCAST;
        take(&mut found, &message(RTM_NEWLINK, &link_body(3, flags, &attributes)));
        let mut body = vec![2, 24, 0, 0];
        body.extend(3u32.to_ne_bytes());
        body.extend(attribute(IFA_ADDRESS, &[192, 0, 2, 99]));
        body.extend(attribute(IFA_LOCAL, &[192, 0, 2, 1]));
        take(&mut found, &message(RTM_NEWADDR, &body));
        let mut body = vec![10, 64, 0, 0];
        body.extend(3u32.to_ne_bytes());
        body.extend(attribute(IFA_ADDRESS, &Ipv6Addr::LOCALHOST.octets()));
        body.extend(attribute(IFA_FLAGS, &IFA_F_TENTATIVE.to_ne_bytes()));
        take(&mut found, &message(RTM_NEWADDR, &body));
        // An address of an interface that nobody mentioned.
        take(&mut found, &message(RTM_NEWADDR, &[2, 24, 0, 0, 9, 0, 0, 0]));

        let eth0 = &found[&3];
        assert_eq!((eth0.name.as_str(), eth0.mtu), ("eth0", 1500));
        assert!(eth0.up && eth0.running && eth0.broadcast && !eth0.loopback);
        assert_eq!(eth0.mac().unwrap().to_string(), "02:00:00:00:00:01");
        assert_eq!(eth0.ipv4, [Address4 { address: Ipv4Addr::new(192, 0, 2, 1), prefix_length: 24 }]);
        assert!(eth0.ipv6[0].tentative);
        assert_eq!(found.len(), 1);
    }

    proptest! {
        #[test]
        fn any_octets_are_harmless(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut found = BTreeMap::new();
            for each in Messages::new(&octets) {
                take(&mut found, &each);
            }
            for kind in [RTM_NEWLINK, RTM_NEWADDR] {
                take(&mut found, &message(kind, &octets));
            }
        }
    }

    #[test]
    fn this_machine_has_a_loopback() {
        let all = interfaces().unwrap();
        let lo = all.iter().find(|each| each.loopback).expect("every network namespace has one");
        assert_eq!(lo.name, "lo");
        assert!(lo.mac().is_none(), "loopback is not Ethernet");
    }
}
