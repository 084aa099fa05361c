//! What simulated clients say and hear in either protocol.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base::{Duid, HwAddr};
use lease::{Lease4, Lease6, LeaseState, LeaseType};
use testkit::client6::{Ia6, kind as kind6};
use testkit::{Packet4, Packet6, Reply4, Reply6, client::kind as kind4};

/// A protocol as its clients know it.
pub trait Speech: Clone + Debug + Send + 'static {
    /// How the server knows a client.
    type Client: Clone + Debug + Eq + Hash + Send + Sync;
    type Address: Copy + Debug + Display + Eq + Hash + Send + Sync + Into<IpAddr>;
    type Lease: Debug;
    /// Where servers and relay agents are asked.
    const PORT: u16;

    /// Clients of several groups differ.
    fn client(group: u8, number: u32) -> Self::Client;
    /// Whether it is an active lease of the client.
    fn holds(lease: &Self::Lease, client: &Self::Client) -> bool;
    /// The end of a lease, seconds since 1970.
    fn end(lease: &Self::Lease) -> u64;
    /// The packet of a client as the relay agent sends it on.
    fn say(words: Words<'_, Self>, client: &Self::Client, relay: Self::Address, xid: u32) -> Vec<u8>;
    /// What a reply says, or why no client takes it.
    fn hear(bytes: &[u8]) -> Result<Heard<Self>, String>;
}

/// What a client wants.
#[derive(Clone, Debug)]
pub enum Words<'a, S: Speech> {
    /// An offer.
    Look,
    Take(&'a Offer<S>),
    /// To go on with what it has: after a restart of its own in DHCPv4, at T1 in DHCPv6.
    Keep(&'a Offer<S>),
    GiveBack(&'a Offer<S>),
}

/// What a server offers, and its identifier.
#[derive(Clone, Debug)]
pub struct Offer<S: Speech> {
    pub address: S::Address,
    pub server: Vec<u8>,
}

/// A reply.
#[derive(Clone, Debug)]
pub struct Heard<S: Speech> {
    pub xid: u32,
    pub client: S::Client,
    pub answer: Answered<S>,
}

#[derive(Clone, Debug)]
pub enum Answered<S: Speech> {
    Offered(Offer<S>),
    /// With its seconds.
    Granted(Offer<S>, u32),
    Refused,
}

/// DHCPv4.
#[derive(Clone, Copy, Debug)]
pub struct V4;

impl Speech for V4 {
    type Client = HwAddr;
    type Address = Ipv4Addr;
    type Lease = Lease4;
    const PORT: u16 = 67;

    fn client(group: u8, number: u32) -> HwAddr {
        let [a, b, c, d] = number.to_be_bytes();
        HwAddr::new(1, &[2, group, a, b, c, d]).expect("six octets")
    }

    fn holds(lease: &Lease4, client: &HwAddr) -> bool {
        lease.hw_addr.as_ref() == Some(client) && lease.state == LeaseState::Default
    }

    fn end(lease: &Lease4) -> u64 {
        lease.expires().0
    }

    fn say(words: Words<'_, Self>, client: &HwAddr, relay: Ipv4Addr, xid: u32) -> Vec<u8> {
        let server = |offer: &Offer<Self>| {
            let octets: [u8; 4] = offer.server.as_slice().try_into().expect("a server identifier");
            Ipv4Addr::from(octets)
        };
        let packet = match words {
            Words::Look => Packet4::discover(client),
            Words::Take(offer) => Packet4::request_selecting(client, server(offer), offer.address),
            Words::Keep(offer) => Packet4::request_init_reboot(client, offer.address),
            Words::GiveBack(offer) => Packet4::release(client, server(offer), offer.address),
        };
        let mut packet = packet.relayed(relay, &[(1, b"load")]);
        packet.xid = xid;
        packet.build()
    }

    fn hear(bytes: &[u8]) -> Result<Heard<Self>, String> {
        let reply = Reply4::parse(bytes)?;
        let server = || reply.option(54).map(<[u8]>::to_vec).ok_or("a reply without a server");
        let offer = || Ok::<_, String>(Offer { address: reply.yiaddr, server: server()? });
        let answer = match reply.kind() {
            kind4::OFFER => Answered::Offered(offer()?),
            kind4::ACK => {
                let lifetime = reply.option(51).and_then(|value| <[u8; 4]>::try_from(value).ok());
                Answered::Granted(
                    offer()?,
                    lifetime.map(u32::from_be_bytes).ok_or("an ACK without a lifetime")?,
                )
            }
            kind4::NAK => Answered::Refused,
            other => return Err(format!("a reply of type {other}")),
        };
        let client = HwAddr::new(1, &reply.chaddr).map_err(|error| error.to_string())?;
        Ok(Heard { xid: reply.xid, client, answer })
    }
}

/// DHCPv6: two clients of three want an address, the third a prefix.
#[derive(Clone, Copy, Debug)]
pub struct V6;

/// The only association of each client.
const IAID: u32 = 1;

impl V6 {
    /// The option a client asks with, and the length of what it gets.
    fn association(client: &Duid) -> (u16, Option<u8>) {
        match client.octets().last() {
            Some(last) if last % 3 == 0 => (25, Some(Self::DELEGATED)),
            _ => (3, None),
        }
    }

    /// Length of the prefixes that are delegated to the clients of a load.
    pub const DELEGATED: u8 = 64;
}

impl Speech for V6 {
    type Client = Duid;
    type Address = Ipv6Addr;
    type Lease = Lease6;
    const PORT: u16 = 547;

    fn client(group: u8, number: u32) -> Duid {
        let [a, b, c, d] = number.to_be_bytes();
        Duid::new(&[0, 3, 0, 1, 2, group, a, b, c, d]).expect("ten octets")
    }

    fn holds(lease: &Lease6, client: &Duid) -> bool {
        let (code, length) = Self::association(client);
        let kind = if code == 3 { LeaseType::Na } else { LeaseType::Pd };
        lease.duid == *client
            && lease.iaid.0 == IAID
            && (lease.lease_type, lease.prefix_length) == (kind, length.unwrap_or(128))
            && lease.state == LeaseState::Default
    }

    fn end(lease: &Lease6) -> u64 {
        lease.expires().0
    }

    fn say(words: Words<'_, Self>, client: &Duid, relay: Ipv6Addr, xid: u32) -> Vec<u8> {
        let (code, length) = Self::association(client);
        let (kind, offer) = match words {
            Words::Look => (kind6::SOLICIT, None),
            Words::Take(offer) => (kind6::REQUEST, Some(offer)),
            Words::Keep(offer) => (kind6::RENEW, Some(offer)),
            Words::GiveBack(offer) => (kind6::RELEASE, Some(offer)),
        };
        let mut packet = Packet6::new(kind, client.octets());
        packet.xid = xid & 0xff_ffff;
        let mut ia = Ia6::new(IAID);
        if let Some(offer) = offer {
            packet = packet.option(2, &offer.server);
            ia = ia.with(offer.address, length);
        }
        let peer: Ipv6Addr = "fe80::1".parse().expect("an address");
        packet.option(code, &ia.build()).relayed(relay, peer, vec![(18, b"load".to_vec())]).build()
    }

    fn hear(bytes: &[u8]) -> Result<Heard<Self>, String> {
        let reply = Reply6::parse(bytes)?;
        let duid = reply.option(1).ok_or("a reply to no client")?;
        let client = Duid::new(duid).map_err(|error| error.to_string())?;
        let server = reply.option(2).map(<[u8]>::to_vec).ok_or("a reply without a server")?;
        let (code, length) = Self::association(&client);
        let granted = reply.ias(code)?.into_iter().flat_map(|ia| ia.resources);
        let granted = granted.into_iter().find(|resource| resource.lifetimes.valid > 0);
        let answer = match (reply.kind, granted) {
            (_, Some(resource)) if resource.length != length => {
                return Err(format!("{resource:?} where {length:?} was asked for"));
            }
            (kind6::ADVERTISE, Some(resource)) => {
                Answered::Offered(Offer { address: resource.address, server })
            }
            (kind6::REPLY, Some(resource)) => {
                Answered::Granted(Offer { address: resource.address, server }, resource.lifetimes.valid)
            }
            (kind6::ADVERTISE | kind6::REPLY, None) => Answered::Refused,
            (other, _) => return Err(format!("a reply of type {other}")),
        };
        Ok(Heard { xid: reply.xid, client, answer })
    }
}
