//! Parameters of kea-dhcp6 alone.

use super::{Dhcp6, Globals, ServerConfig};

pub type Globals6 = Globals<Dhcp6>;
pub type ServerConfig6 = ServerConfig<Dhcp6>;

/// Parameters of the whole server that DHCPv6 has alone.
#[derive(Clone, Debug)]
pub struct OwnGlobals6 {
    pub server_id: ServerIdConfig,
    /// Where hardware addresses of clients are looked for, in this order.
    pub mac_sources: Box<[MacSource]>,
    /// Codes of the options that relay agents may supply for clients (RFC 6422).
    pub relay_supplied_options: Box<[u16]>,
    /// Take registrations of self-made addresses (RFC 9686).
    pub allow_address_registration: bool,
}

/// `server-id`: the DUID that the server makes for itself (RFC 9915 section 11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerIdConfig {
    pub kind: DuidKind,
    /// What follows the fixed part: the link-layer address (LLT, LL), the identifier (EN), the UUID. Empty: that of an
    /// interface, or random octets.
    pub identifier: Box<[u8]>,
    /// LLT and LL; 0: that of the interface.
    pub htype: u16,
    /// LLT: seconds since 2000; 0: now.
    pub time: u32,
    /// EN; 0: 2495, the number of ISC.
    pub enterprise_id: u32,
    /// Keep the DUID in a file and use it again, whatever is configured here later.
    pub persist: bool,
}

/// Types of DUIDs that a server can make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuidKind {
    /// Link-layer address plus time.
    #[default]
    Llt,
    /// Enterprise number.
    En,
    /// Link-layer address.
    Ll,
    /// UUID (RFC 6355). An extension of this server.
    Uuid,
}

impl DuidKind {
    /// The keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Llt => "LLT",
            Self::En => "EN",
            Self::Ll => "LL",
            Self::Uuid => "UUID",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Llt, Self::En, Self::Ll, Self::Uuid].into_iter().find(|kind| kind.name() == name)
    }

    /// The number of the type (RFC 9915 section 11.1).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Llt => 1,
            Self::En => 2,
            Self::Ll => 3,
            Self::Uuid => 4,
        }
    }
}

/// An entry of `mac-sources`: what a hardware address is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MacSource {
    /// Every source, in the order of this enum.
    Any,
    /// The frame itself. DHCPv6 sockets see no frames: it finds nothing.
    Raw,
    /// A DUID-LLT or DUID-LL.
    Duid,
    /// The interface identifier of a link-local address made by EUI-64.
    Ipv6LinkLocal,
    /// The relay agent's client link-layer address (RFC 6939).
    ClientLinkAddrOption,
    /// The relay agent's remote id (RFC 4649).
    RemoteId,
    /// The relay agent's subscriber id (RFC 4580).
    SubscriberId,
    /// What a DOCSIS CMTS says of the modem (vendor option 1026).
    DocsisCmts,
    /// What a DOCSIS modem says of itself (vendor option 36).
    DocsisModem,
}

impl MacSource {
    /// All keywords; the second of two for one source is the RFC's number.
    pub const NAMES: [(&'static str, Self); 12] = [
        ("any", Self::Any),
        ("raw", Self::Raw),
        ("duid", Self::Duid),
        ("ipv6-link-local", Self::Ipv6LinkLocal),
        ("client-link-addr-option", Self::ClientLinkAddrOption),
        ("rfc6939", Self::ClientLinkAddrOption),
        ("remote-id", Self::RemoteId),
        ("rfc4649", Self::RemoteId),
        ("subscriber-id", Self::SubscriberId),
        ("rfc4580", Self::SubscriberId),
        ("docsis-cmts", Self::DocsisCmts),
        ("docsis-modem", Self::DocsisModem),
    ];

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, source)| source)
    }

    /// The keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(_, source)| *source == self).map_or("any", |(name, _)| name)
    }
}
