//! What an expression sees of a query.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::names::ClassId;

/// A received packet as expressions look at it. Parts of the other family keep their "absent" answers.
pub trait QueryView {
    /// Payload of an option of the top level, RFC 3396 parts joined; `None` when absent.
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>>;

    /// Whether the option is there, empty or not.
    fn has_option(&self, code: u16) -> bool {
        self.option(code).is_some()
    }

    /// The `index`-th instance of an option that DHCPv6 allows several times (vendor class, vendor options).
    fn option_at(&self, code: u16, index: usize) -> Option<Cow<'_, [u8]>> {
        if index == 0 { self.option(code) } else { None }
    }

    /// Whether what can be made of options that are not well-formed is made of them: a tuple whose length leads beyond
    /// the end has what is there, a number or address that is too long is its first octets.
    fn is_lenient(&self) -> bool {
        false
    }

    /// Whether the packet has joined the class so far.
    fn member(&self, class: ClassId) -> bool;

    /// Name of the interface the packet came in on.
    fn interface(&self) -> &str;
    fn source(&self) -> IpAddr;
    fn destination(&self) -> IpAddr;
    /// Octets of the message.
    fn length(&self) -> u32;
    /// Value of option 53, or the DHCPv6 message type; 0 when there is none.
    fn message_type(&self) -> u8;
    /// `xid`, or the 24 bits of DHCPv6.
    fn transaction_id(&self) -> u32;

    /// `chaddr`, `hlen` octets of it.
    fn hardware_address(&self) -> &[u8] {
        &[]
    }
    fn hardware_length(&self) -> u8 {
        0
    }
    fn hardware_type(&self) -> u16 {
        0
    }
    fn ciaddr(&self) -> Ipv4Addr {
        Ipv4Addr::UNSPECIFIED
    }
    fn yiaddr(&self) -> Ipv4Addr {
        Ipv4Addr::UNSPECIFIED
    }
    fn siaddr(&self) -> Ipv4Addr {
        Ipv4Addr::UNSPECIFIED
    }
    fn giaddr(&self) -> Ipv4Addr {
        Ipv4Addr::UNSPECIFIED
    }

    /// Number of DHCPv6 relay encapsulations.
    fn relay_count(&self) -> usize {
        0
    }
    /// Link and peer address that a relay wrote; level 0 is the relay nearest to the server.
    fn relay_addresses(&self, level: usize) -> Option<(Ipv6Addr, Ipv6Addr)> {
        let _ = level;
        None
    }
    /// Payload of an option that a relay added.
    fn relay_option(&self, level: usize, code: u16) -> Option<Cow<'_, [u8]>> {
        let _ = (level, code);
        None
    }
}
