//! A query and the facts found about it on its way, and the world it is handled in.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use base::{Duid, HwAddr, Micros, SubnetId, Timestamp};
use config::{ClassId, Reservation6, ServerConfig6};
use expr::QueryView;
use host::HostLookup;
use lease::{HwAddrSource, LeaseStore6};
use wire::v6::{Message, MessageType, Packet};

use super::{Hosts, Label, Libraries};
use crate::alloc::Runtime6;
use crate::classes::ClassSet;
use crate::monitor::Monitor;
use crate::share::Share;

/// The world in which a query is handled. One for a batch of queries.
pub struct Context6<'a> {
    pub config: &'a ServerConfig6,
    pub store: &'a dyn LeaseStore6,
    /// Where host reservations are looked up beside the configuration.
    pub databases: Option<&'a dyn HostLookup<Reservation6>>,
    pub runtime: &'a Runtime6,
    /// The hook libraries that are called on the way.
    pub libraries: &'a Libraries,
    /// Who measures how long answers take.
    pub monitor: Option<&'a dyn Monitor>,
    /// Who shares the clients; `None`: all are this server's.
    pub share: Option<&'a dyn Share>,
    /// The server's DUID.
    pub server_id: &'a Duid,
    pub now: Timestamp,
    /// The same to the microsecond.
    pub moment: Micros,
    /// Name change requests are taken: `enable-updates` is on, and the sender is not suspended.
    pub updates: bool,
    /// Port to answer to in place of 546 and 547 (`-P`).
    pub client_port: Option<u16>,
}

/// How a query came in.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub interface: Arc<str>,
    /// Destination of the packet.
    pub local: Ipv6Addr,
    /// Port of the service socket.
    pub local_port: u16,
    /// The client, or the relay agent next to the server.
    pub remote: Ipv6Addr,
    pub remote_port: u16,
    /// When the kernel got it, where somebody wishes to know.
    pub received: Option<Micros>,
}

/// A query with what has been found out about it.
pub struct Query<'a> {
    pub packet: Packet<'a>,
    pub arrival: &'a Arrival,
    pub kind: MessageType,
    /// `None` when the client sent none, or none that can be one.
    pub duid: Option<Duid>,
    /// Found by the configured sources.
    pub hw_addr: Option<(HwAddr, HwAddrSource)>,
    pub classes: ClassSet,
    /// The subnet that serves it, once one is selected.
    pub subnet: Option<SubnetId>,
    /// What `libdhcp_flex_id` makes of it.
    pub flex_id: Option<Box<[u8]>>,
    /// What can be made of options that are not well-formed is made of them (`lenient-option-parsing`).
    pub lenient: bool,
    /// The only association of a kind is the client's, whatever its IAID.
    pub ignore_iaid: bool,
    /// Host reservations of the client.
    pub hosts: Hosts,
}

impl<'a> Query<'a> {
    /// The client's own message.
    #[must_use]
    pub fn message(&self) -> &Message<'a> {
        self.packet.message()
    }

    /// The address the client itself sent from.
    #[must_use]
    pub fn client_address(&self) -> Ipv6Addr {
        self.packet.first_relay().map_or(self.arrival.remote, |relay| relay.header().peer_address)
    }

    /// The client asks for the option.
    #[must_use]
    pub fn requests(&self, code: u16) -> bool {
        self.message().requested().any(|requested| requested == code)
    }

    #[must_use]
    pub fn label(&self) -> Label<'_> {
        Label {
            duid: self.duid.as_ref(),
            hw_addr: self.hw_addr.as_ref().map(|(hw_addr, _)| hw_addr),
            transaction: Some(self.message().transaction()),
        }
    }
}

impl QueryView for Query<'_> {
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>> {
        self.message().option(code).map(Cow::Borrowed)
    }

    fn option_at(&self, code: u16, index: usize) -> Option<Cow<'_, [u8]>> {
        self.message().options().all(code).nth(index).map(Cow::Borrowed)
    }

    fn is_lenient(&self) -> bool {
        self.lenient
    }

    fn member(&self, class: ClassId) -> bool {
        self.classes.contains(class)
    }

    fn interface(&self) -> &str {
        &self.arrival.interface
    }

    fn source(&self) -> IpAddr {
        self.arrival.remote.into()
    }

    fn destination(&self) -> IpAddr {
        self.arrival.local.into()
    }

    fn length(&self) -> u32 {
        u32::try_from(self.packet.bytes().len()).unwrap_or(u32::MAX)
    }

    fn message_type(&self) -> u8 {
        self.kind.0
    }

    fn transaction_id(&self) -> u32 {
        self.message().transaction()
    }

    fn relay_count(&self) -> usize {
        self.packet.relays().len()
    }

    fn relay_addresses(&self, level: usize) -> Option<(Ipv6Addr, Ipv6Addr)> {
        let header = self.packet.relays().get(level)?.header();
        Some((header.link_address, header.peer_address))
    }

    fn relay_option(&self, level: usize, code: u16) -> Option<Cow<'_, [u8]>> {
        self.packet.relays().get(level)?.options().first(code).map(Cow::Borrowed)
    }
}
