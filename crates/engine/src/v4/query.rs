//! A query and the facts found about it on its way, and the world it is handled in.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base::{ClientId, HwAddr, Micros, SubnetId, Timestamp};
use config::{Reservation4, ServerConfig4};
use host::HostLookup;
use lease::LeaseStore4;
use wire::v4::{MessageType, Packet};

use super::{Label, Libraries};
use crate::ClassSet;
use crate::alloc::Runtime4;
use crate::monitor::Monitor;
use crate::over6::Over6;
use crate::share::Share;

/// Which addresses are the server's own.
pub trait LocalAddresses: Send + Sync {
    /// Whether a service socket is open on the address (a server identifier we answer to).
    fn is_served(&self, address: Ipv4Addr) -> bool;

    /// The address by which clients of DHCPv4 over DHCPv6 on an interface know the server: one of the interface, else
    /// any that is served, else 0.0.0.0; `None`: there is no such interface.
    fn known_as(&self, interface: &str) -> Option<Ipv4Addr>;
}

/// The world in which a query is handled. One for a batch of queries.
pub struct Context4<'a> {
    pub config: &'a ServerConfig4,
    pub store: &'a dyn LeaseStore4,
    /// Where host reservations are looked up beside the configuration.
    pub databases: Option<&'a dyn HostLookup<Reservation4>>,
    pub runtime: &'a Runtime4,
    /// The hook libraries that are called on the way.
    pub libraries: &'a Libraries,
    /// Who measures how long answers take.
    pub monitor: Option<&'a dyn Monitor>,
    /// Who shares the clients; `None`: all are this server's.
    pub share: Option<&'a dyn Share>,
    pub locals: &'a dyn LocalAddresses,
    pub now: Timestamp,
    /// The same to the microsecond.
    pub moment: Micros,
    /// Name change requests are taken: `enable-updates` is on, and the sender is not suspended.
    pub updates: bool,
    /// Replies to clients without an address can go straight to their hardware address (raw sockets).
    pub direct_response: bool,
    /// Test aid of Kea (`KEA_TEST_SEND_RESPONSES_TO_SOURCE`): every reply goes to where the query came from.
    pub respond_to_source: bool,
    /// Port to answer to in place of 67 and 68 (`-P`).
    pub client_port: Option<u16>,
}

/// How a query came in.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub interface: Arc<str>,
    /// The address of the interface on which the service socket is open.
    pub interface_address: Ipv4Addr,
    /// Destination of the packet; 255.255.255.255 for a broadcast.
    pub local: Ipv4Addr,
    /// Port of the service socket.
    pub local_port: u16,
    pub remote: Ipv4Addr,
    pub remote_port: u16,
    /// When the kernel got it, where somebody wishes to know.
    pub received: Option<Micros>,
    /// The query came by way of DHCPv6; `remote` says nothing then.
    pub over6: Option<Box<Over6>>,
}

impl Arrival {
    /// Whom the packet came from.
    #[must_use]
    pub fn source(&self) -> IpAddr {
        self.over6.as_ref().map_or(self.remote.into(), |over6| over6.remote.into())
    }
}

/// A query with what has been found out about it.
pub struct Query<'a> {
    pub packet: Packet<'a>,
    pub arrival: &'a Arrival,
    pub kind: MessageType,
    /// `None` when the packet has no hardware address (hlen 0).
    pub hw_addr: Option<HwAddr>,
    pub client_id: Option<ClientId>,
    pub classes: ClassSet,
    /// The subnet that serves it, once one is selected.
    pub subnet: Option<SubnetId>,
    /// What can be made of options that are not well-formed is made of them (`lenient-option-parsing`).
    pub lenient: bool,
    /// Its option 82 is one that was kept with the lease (`stash-agent-options`).
    pub restored: bool,
    /// What `libdhcp_flex_id` makes of it.
    pub flex_id: Option<Box<[u8]>>,
    /// Host reservations of the client.
    pub hosts: super::Hosts,
}

impl Query<'_> {
    #[must_use]
    pub fn is_relayed(&self) -> bool {
        !self.packet.header().giaddr.is_unspecified()
    }

    /// Requested address (option 50).
    #[must_use]
    pub fn requested_address(&self) -> Option<Ipv4Addr> {
        self.address_option(wire::iana::dhcp4_option::REQUESTED_ADDRESS)
    }

    /// Server identifier (option 54).
    #[must_use]
    pub fn server_id(&self) -> Option<Ipv4Addr> {
        let value = self.packet.option(wire::iana::dhcp4_option::SERVER_IDENTIFIER)?;
        let (first, more) = value.split_first_chunk::<4>()?;
        // Sent twice and joined (RFC 3396) it names the first, as in Kea.
        (more.as_chunks::<4>().1.is_empty() || self.lenient).then(|| Ipv4Addr::from(*first))
    }

    pub(super) fn address_option(&self, code: u8) -> Option<Ipv4Addr> {
        self.scalar(code).map(Ipv4Addr::from)
    }

    /// An option of four octets. A longer one is none, or with `lenient-option-parsing` the first four of it.
    pub(super) fn scalar(&self, code: u8) -> Option<[u8; 4]> {
        let value = self.packet.option(code)?;
        let (first, more) = value.split_first_chunk()?;
        (more.is_empty() || self.lenient).then_some(*first)
    }

    #[must_use]
    pub fn label(&self) -> Label<'_> {
        Label {
            hw_addr: self.hw_addr.as_ref(),
            client_id: self.client_id.as_ref(),
            xid: Some(self.packet.header().xid),
        }
    }
}
