//! DHCPv4 over DHCPv6 (RFC 7341): what kea-dhcp6 and kea-dhcp4 say to each other.
//!
//! kea-dhcp6 passes each DHCPV4-QUERY on as it came, relay agents' messages included, and puts in what its socket knew:
//! three sub-options of an ISC vendor option. kea-dhcp4 answers with a DHCPV4-RESPONSE within mirrored relay-replies
//! and the same sub-options, and kea-dhcp6 sends it without them to where they say.

use std::net::Ipv6Addr;
use std::sync::Arc;

use wire::iana::dhcp6_option as option6;
use wire::v6::{
    Builder, CLIENT_PORT, Header, MessageType, Packet, ParseError, SERVER_PORT, VendorOptions, address,
};
use wire::{Full, Reader};

use crate::messages::Over6BadPacket;
use crate::v6::Destination;

/// Enterprise number of ISC.
const ISC: u32 = 2495;
/// Sub-options of its vendor option, with Kea's numbers.
const INTERFACE: u16 = 60_000;
const SOURCE_ADDRESS: u16 = 60_001;
const SOURCE_PORT: u16 = 60_002;

/// The longest datagram between the two servers.
const MAX_DATAGRAM: usize = 65_527;

/// The bit of the flags, which stand where other messages have a transaction id: the client would have sent its DHCPv4
/// message by unicast (RFC 7341 section 6.2).
const FLAG_UNICAST: u32 = 1 << 23;

/// Where a query came in at kea-dhcp6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    pub interface: &'a str,
    /// The client, or the relay agent next to the server.
    pub remote: Ipv6Addr,
    pub port: u16,
}

/// A message of the other server.
#[derive(Clone, Debug)]
pub struct Passed<'a> {
    packet: Packet<'a>,
    pub source: Source<'a>,
    /// The DHCPv4 message.
    pub inner: &'a [u8],
}

/// What kea-dhcp4 knows of a query beside the DHCPv4 message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over6 {
    /// The client, or the relay agent next to the server.
    pub remote: Ipv6Addr,
    /// The interface id of the relay agent nearest to the client that sent one.
    pub interface_id: Option<Arc<[u8]>>,
    /// The client would have sent its DHCPv4 message by unicast.
    pub unicast: bool,
}

/// Why a message of the other server is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Packet(#[from] ParseError),
    #[error("message of type {0}")]
    Type(u8),
    #[error("no ISC vendor option")]
    NoVendorOption,
    #[error("no interface suboption")]
    NoInterface,
    #[error("can't get the interface")]
    UnknownInterface,
    #[error("no IPv4 address by which the server could be known")]
    NoServerId,
    #[error("no source address suboption")]
    NoSourceAddress,
    #[error("no source port suboption")]
    NoSourcePort,
    #[error("DHCPv4 message option not present")]
    NoMessage,
    #[error("more than one DHCPv4 message option")]
    SeveralMessages,
}

impl<'a> Passed<'a> {
    /// Reads what the other server sent; `kind` is what it sends: DHCPV4-QUERY or DHCPV4-RESPONSE.
    pub fn parse(bytes: &'a [u8], kind: MessageType) -> Result<Self, Fault> {
        let packet = Packet::parse(bytes)?;
        let found = packet.message().message_type();
        if found != kind {
            return Err(Fault::Type(found.0));
        }
        let vendor = isc_options(&packet).next().ok_or(Fault::NoVendorOption)?.options;
        let interface = vendor.first(INTERFACE).and_then(|name| std::str::from_utf8(name).ok());
        let remote = vendor.first(SOURCE_ADDRESS).and_then(address);
        let port = vendor.first(SOURCE_PORT).and_then(|port| Reader::new(port).u16());
        let source = Source {
            interface: interface.ok_or(Fault::NoInterface)?,
            remote: remote.ok_or(Fault::NoSourceAddress)?,
            port: port.ok_or(Fault::NoSourcePort)?,
        };
        let inner = inner(&packet)?;
        Ok(Self { packet, source, inner })
    }

    /// What kea-dhcp4 is to know of a query.
    #[must_use]
    pub fn about(&self) -> Over6 {
        let id = self.packet.relays().iter().rev().find_map(|relay| relay.interface_id());
        Over6 {
            remote: self.source.remote,
            interface_id: id.map(Arc::from),
            unicast: self.packet.message().transaction() & FLAG_UNICAST != 0,
        }
    }

    /// Writes kea-dhcp4's answer to a query. The flags of a DHCPV4-RESPONSE are all zero (RFC 7341 section 6.3).
    pub fn answer(&self, reply: &[u8], out: &mut Vec<u8>) -> Result<(), Full> {
        out.clear();
        let header = Header { message_type: MessageType::DHCPV4_RESPONSE, transaction: 0 };
        let mut builder = Builder::answer(out, MAX_DATAGRAM, &self.packet, &header)?;
        builder.option(option6::DHCPV4_MESSAGE, reply)?;
        put_source(&mut builder, &self.source, &[])?;
        builder.finish().map(|_| ())
    }

    /// Where kea-dhcp4's answer goes. `client_port`: see [`Context6`](crate::v6::Context6).
    #[must_use]
    pub fn destination(&self, client_port: Option<u16>) -> Destination {
        let port = match (client_port, self.packet.relays().first()) {
            (Some(port), _) => port,
            (None, None) => CLIENT_PORT,
            (None, Some(relay)) if relay.source_port().is_some() => self.source.port,
            (None, Some(_)) => SERVER_PORT,
        };
        Destination { address: self.source.remote, port }
    }

    /// Writes kea-dhcp4's answer as it goes to the client.
    pub fn deliver(&self, out: &mut Vec<u8>) -> Result<(), Full> {
        out.clear();
        let mut builder = Builder::within(out, MAX_DATAGRAM, &self.packet, self.packet.message().header())?;
        copy_options(&mut builder, &self.packet)?;
        let rest = foreign(&self.packet);
        if !rest.is_empty() {
            let container = builder.open(option6::VENDOR_OPTS, &ISC.to_be_bytes())?;
            for (code, value) in rest {
                builder.option(code, value)?;
            }
            builder.close(container)?;
        }
        builder.finish().map(|_| ())
    }
}

/// Writes a client's query for kea-dhcp4. What a client puts into an ISC vendor option of its own never passes for what
/// kea-dhcp6 says.
pub fn pass_on(packet: &Packet<'_>, source: &Source<'_>, out: &mut Vec<u8>) -> Result<(), Full> {
    out.clear();
    let mut builder = Builder::within(out, MAX_DATAGRAM, packet, packet.message().header())?;
    copy_options(&mut builder, packet)?;
    put_source(&mut builder, source, &foreign(packet))?;
    builder.finish().map(|_| ())
}

/// The DHCPv4 message of a query; there must be one, and one alone (RFC 7341 section 9).
pub fn inner<'a>(packet: &Packet<'a>) -> Result<&'a [u8], Fault> {
    let mut messages = packet.message().options().all(option6::DHCPV4_MESSAGE);
    match (messages.next(), messages.next()) {
        (None, _) => Err(Fault::NoMessage),
        (Some(message), None) => Ok(message),
        (Some(_), Some(_)) => Err(Fault::SeveralMessages),
    }
}

/// The DHCPv4 message of whatever one server sent to the other.
#[must_use]
pub fn message(bytes: &[u8]) -> Option<&[u8]> {
    Packet::parse(bytes).ok()?.message().option(option6::DHCPV4_MESSAGE)
}

/// Logs why a message of the other server is of no use.
pub fn report(fault: &Fault) {
    observe::log!(Over6BadPacket { reason: fault });
}

fn isc_options<'a>(packet: &Packet<'a>) -> impl Iterator<Item = VendorOptions<'a>> {
    let values = packet.message().options().all(option6::VENDOR_OPTS);
    values.filter_map(VendorOptions::parse).filter(|vendor| vendor.enterprise == ISC)
}

/// All options but ISC's vendor option.
fn copy_options(builder: &mut Builder<'_>, packet: &Packet<'_>) -> Result<(), Full> {
    let ours = |value| VendorOptions::parse(value).is_some_and(|vendor| vendor.enterprise == ISC);
    let options = packet.message().options().iter();
    for option in options.filter(|option| option.code != option6::VENDOR_OPTS || !ours(option.value)) {
        builder.option(option.code, option.value)?;
    }
    Ok(())
}

/// Sub-options of ISC's vendor option that are none of ours.
fn foreign<'a>(packet: &Packet<'a>) -> Vec<(u16, &'a [u8])> {
    let mut foreign = Vec::new();
    for vendor in isc_options(packet) {
        let others = vendor.options.iter().filter(|o| !(INTERFACE..=SOURCE_PORT).contains(&o.code));
        foreign.extend(others.map(|option| (option.code, option.value)));
    }
    foreign
}

fn put_source(builder: &mut Builder<'_>, source: &Source<'_>, foreign: &[(u16, &[u8])]) -> Result<(), Full> {
    let container = builder.open(option6::VENDOR_OPTS, &ISC.to_be_bytes())?;
    for (code, value) in foreign {
        builder.option(*code, value)?;
    }
    builder.option(INTERFACE, source.interface.as_bytes())?;
    builder.option(SOURCE_ADDRESS, &source.remote.octets())?;
    builder.option(SOURCE_PORT, &source.port.to_be_bytes())?;
    builder.close(container)
}
