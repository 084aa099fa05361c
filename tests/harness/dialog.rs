//! One client behind a relay that asks and waits.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use base::HwAddr;
use testkit::{Packet4, Reply4, client::kind};

use crate::space::Space;

/// A relay's socket in a namespace, for questions one after the other.
#[derive(Debug)]
pub struct Dialog {
    socket: UdpSocket,
    relay: Ipv4Addr,
    server: Ipv4Addr,
    transactions: u32,
}

impl Dialog {
    /// A relay with the address `relay` of the namespace; replies come to it.
    #[must_use]
    pub fn new(space: &Space, relay: Ipv4Addr, server: Ipv4Addr) -> Self {
        let socket = space.inside(|| UdpSocket::bind((relay, 67)).expect("port 67 of the relay"));
        Self { socket, relay, server, transactions: 0x1000_0000 }
    }

    /// Sends a packet and waits for its reply; `None` when there is none.
    pub fn ask(&mut self, packet: Packet4, patience: Duration) -> Option<Reply4> {
        let xid = self.send(packet);
        let end = Instant::now() + patience;
        std::iter::from_fn(|| self.receive(end)).find(|reply| reply.xid == xid)
    }

    /// Sends a packet and waits for nothing; answers its transaction.
    pub fn send(&mut self, packet: Packet4) -> u32 {
        self.transactions += 1;
        let mut packet = packet.relayed(self.relay, &[(1, b"dialog")]);
        packet.xid = self.transactions;
        self.socket.send_to(&packet.build(), (self.server, 67)).expect("a packet leaves");
        packet.xid
    }

    /// So many replies, to whatever was sent; fewer when they do not come in time.
    pub fn replies(&self, most: usize, patience: Duration) -> Vec<Reply4> {
        let end = Instant::now() + patience;
        std::iter::from_fn(|| self.receive(end)).take(most).collect()
    }

    fn receive(&self, end: Instant) -> Option<Reply4> {
        let mut buffer = [0; 1500];
        loop {
            let left = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            self.socket.set_read_timeout(Some(left)).expect("timeout of a socket");
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            return Some(Reply4::parse(buffer.get(..length).unwrap_or_default()).expect("a good reply"));
        }
    }

    /// DISCOVER to ACK, with these options in both packets; `None` when there was no offer or no ACK.
    pub fn lease(&mut self, hw_addr: &HwAddr, options: &[(u8, &[u8])]) -> Option<Reply4> {
        let with = |packet: Packet4| options.iter().fold(packet, |p, (code, value)| p.option(*code, value));
        let patience = Duration::from_secs(2);
        let offer = self.ask(with(Packet4::discover(hw_addr)), patience)?;
        assert_eq!(offer.kind(), kind::OFFER, "{offer:?}");
        let request = Packet4::request_selecting(hw_addr, self.server, offer.yiaddr);
        self.ask(with(request), patience).filter(|reply| reply.kind() == kind::ACK)
    }
}
