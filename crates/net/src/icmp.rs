//! Echo requests (RFC 792), to see whether somebody has an address.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::frame::{fold, sum};
use crate::ready::register;

const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const ECHO_REQUEST: u8 = 8;

/// Octets that a receive looks at: two IP headers with all their options, and what ICMP adds.
const LOOKED_AT: usize = 512;

/// What came in answer to an echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Whom the request was sent to.
    pub address: Ipv4Addr,
    pub id: u16,
    pub sequence: u16,
    pub what: Answer,
}

/// How an echo request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// By who has the address.
    Reply,
    /// By a router, or this machine: the address cannot be reached.
    Unreachable,
}

/// A socket for echo requests. Needs the capability that packet sockets need.
#[derive(Debug)]
pub struct Icmp {
    socket: Socket,
    /// The same socket, for the wait.
    ready: AsyncFd<OwnedFd>,
}

impl Icmp {
    /// Opens it, for the tokio runtime at hand.
    ///
    /// # Errors
    /// When the process may not.
    pub fn open() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.set_nonblocking(true)?;
        let ready = register(socket.try_clone()?.into(), Interest::READABLE)?;
        Ok(Self { socket, ready })
    }

    /// Sends an echo request. One that the socket has no room for is not sent.
    ///
    /// # Errors
    /// What the network says.
    pub fn request(&self, address: Ipv4Addr, id: u16, sequence: u16) -> io::Result<()> {
        let message = message(id, sequence);
        let to = SockAddr::from(SocketAddrV4::new(address, 0));
        self.socket.send_to(&message, &to).map(|_| ())
    }

    /// Waits for what answers an echo request. Others that ping on this machine are heard, too.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn heard(&self) -> io::Result<Heard> {
        loop {
            let mut ready = self.ready.readable().await?;
            let mut packet = [0; LOOKED_AT];
            match ready.try_io(|_| (&self.socket).read(&mut packet)) {
                Ok(Ok(length)) => {
                    if let Some(heard) = parse(packet.get(..length).unwrap_or_default()) {
                        return Ok(heard);
                    }
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
        }
    }
}

fn message(id: u16, sequence: u16) -> [u8; 8] {
    let ([i0, i1], [s0, s1]) = (id.to_be_bytes(), sequence.to_be_bytes());
    let [c0, c1] = (!fold(sum(&[ECHO_REQUEST, 0, 0, 0, i0, i1, s0, s1], 0))).to_be_bytes();
    [ECHO_REQUEST, 0, c0, c1, i0, i1, s0, s1]
}

/// An IP packet with an ICMP message.
fn parse(packet: &[u8]) -> Option<Heard> {
    let (from, _, message) = ip(packet)?;
    match message {
        [ECHO_REPLY, _, _, _, i0, i1, s0, s1, ..] => Some(Heard {
            address: from,
            id: u16::from_be_bytes([*i0, *i1]),
            sequence: u16::from_be_bytes([*s0, *s1]),
            what: Answer::Reply,
        }),
        // It quotes the request.
        [UNREACHABLE, _, _, _, _, _, _, _, quoted @ ..] => {
            let (_, address, request) = ip(quoted)?;
            let [ECHO_REQUEST, _, _, _, i0, i1, s0, s1, ..] = request else { return None };
            Some(Heard {
                address,
                id: u16::from_be_bytes([*i0, *i1]),
                sequence: u16::from_be_bytes([*s0, *s1]),
                what: Answer::Unreachable,
            })
        }
        _ => None,
    }
}

/// Source, destination and payload of an IPv4 packet.
fn ip(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr, &[u8])> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let address = |at: usize| packet.get(at..at + 4).and_then(|octets| <[u8; 4]>::try_from(octets).ok());
    let icmp = packet.first()? >> 4 == 4 && *packet.get(9)? == 1 && header >= 20;
    let payload = packet.get(header..).filter(|_| icmp)?;
    Some((address(12)?.into(), address(16)?.into(), payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0];
        packet.extend(from);
        packet.extend(to);
        packet.extend(payload);
        packet
    }

    #[test]
    fn requests_have_a_sum() {
        let request = message(1, 2);
        assert_eq!(request, [8, 0, 0xf7, 0xfc, 0, 1, 0, 2]);
        assert_eq!(fold(sum(&request, 0)), 0xffff);
    }

    #[test]
    fn answers_are_known_by_their_requests() {
        let (ours, theirs, router) = ([192, 0, 2, 1], [192, 0, 2, 9], [192, 0, 2, 254]);
        let reply = packet(theirs, ours, &[0, 0, 1, 2, 0, 7, 0, 9]);
        let heard = |what| Heard { address: theirs.into(), id: 7, sequence: 9, what };
        assert_eq!(parse(&reply), Some(heard(Answer::Reply)));
        let request = packet(ours, theirs, &[8, 0, 1, 2, 0, 7, 0, 9]);
        let unreachable = packet(router, ours, &[&[3, 1, 0, 0, 0, 0, 0, 0][..], &request].concat());
        assert_eq!(parse(&unreachable), Some(heard(Answer::Unreachable)));
        assert_eq!(parse(&request), None, "what others ask of us");
        for length in 0..unreachable.len() {
            assert_eq!(parse(&unreachable[..length]), None);
        }
    }
}
