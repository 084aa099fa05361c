//! A query and the facts found about it on its way, and the world it is handled in.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{ClientId, HwAddr, Timestamp};
use config::{ClassId, ServerConfig4, Subnet4};
use lease::LeaseStore4;
use smallvec::SmallVec;
use wire::v4::{MessageType, Packet};

use super::Label;
use crate::alloc::Runtime4;

/// Which addresses are the server's own.
pub trait LocalAddresses: Send + Sync {
    /// Whether a service socket is open on the address (a server identifier we answer to).
    fn is_served(&self, address: Ipv4Addr) -> bool;
}

/// The world in which a query is handled. One for a batch of queries.
pub struct Context4<'a> {
    pub config: &'a ServerConfig4,
    pub store: &'a dyn LeaseStore4,
    pub runtime: &'a Runtime4,
    pub locals: &'a dyn LocalAddresses,
    pub now: Timestamp,
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
    pub remote: Ipv4Addr,
    pub remote_port: u16,
}

/// The classes of a query, in the order in which it joined them.
#[derive(Clone, Debug, Default)]
pub struct ClassSet {
    order: SmallVec<[ClassId; 8]>,
    bits: SmallVec<[u64; 2]>,
}

impl ClassSet {
    /// Joins a class; answers whether it was new.
    pub fn insert(&mut self, class: ClassId) -> bool {
        let (word, bit) = (usize::try_from(class.0 / 64).unwrap_or(usize::MAX), 1u64 << (class.0 % 64));
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        let Some(word) = self.bits.get_mut(word) else { return false };
        if *word & bit != 0 {
            return false;
        }
        *word |= bit;
        self.order.push(class);
        true
    }

    /// Leaves a class.
    pub fn remove(&mut self, class: ClassId) {
        let (word, bit) = (usize::try_from(class.0 / 64).unwrap_or(usize::MAX), 1u64 << (class.0 % 64));
        if let Some(word) = self.bits.get_mut(word)
            && *word & bit != 0
        {
            *word &= !bit;
            self.order.retain(|c| *c != class);
        }
    }

    #[must_use]
    pub fn contains(&self, class: ClassId) -> bool {
        usize::try_from(class.0 / 64)
            .ok()
            .and_then(|word| self.bits.get(word))
            .is_some_and(|word| word & (1 << (class.0 % 64)) != 0)
    }

    /// Whether a guard lets these classes pass: an empty guard everyone, else any of its classes.
    #[must_use]
    pub fn pass(&self, guard: &[ClassId]) -> bool {
        guard.is_empty() || guard.iter().any(|class| self.contains(*class))
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ClassId> + '_ {
        self.order.iter().copied()
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
        self.address_option(wire::iana::dhcp4_option::SERVER_IDENTIFIER)
    }

    fn address_option(&self, code: u8) -> Option<Ipv4Addr> {
        let value = self.packet.option(code)?;
        let octets: [u8; 4] = value.try_into().ok()?;
        Some(octets.into())
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

/// The subnets a query may be served from: those [`of_network`] whose guard lets it pass.
pub(super) fn siblings<'c, 'q>(
    config: &'c ServerConfig4,
    selected: &'c Arc<Subnet4>,
    classes: &'q ClassSet,
) -> impl Iterator<Item = &'c Arc<Subnet4>> + use<'c, 'q> {
    // Also the selected one: classes of a reservation, found after the subnet was selected, may shut it.
    of_network(config, selected).filter(|s| classes.pass(&s.client_classes))
}

/// The selected subnet, then the others of its shared network in their order.
pub(super) fn of_network<'c>(
    config: &'c ServerConfig4,
    selected: &'c Arc<Subnet4>,
) -> impl Iterator<Item = &'c Arc<Subnet4>> + use<'c> {
    let network = config.network_of(selected);
    let positions = network.map_or(&[][..], |n| n.subnets.as_slice());
    let start = positions
        .iter()
        .position(|at| config.subnets.get(*at).is_some_and(|s| s.id == selected.id))
        .map_or(positions.len(), |at| at + 1);
    let (before, after) = positions.split_at(start.min(positions.len()));
    let others = after.iter().chain(before).filter_map(|at| config.subnets.get(*at));
    std::iter::once(selected).chain(others.filter(|s| s.id != selected.id))
}
