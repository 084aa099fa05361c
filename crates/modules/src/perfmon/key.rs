//! What durations are known by: message types, events and subnets.

use std::fmt;

use base::{Family, SubnetId};

/// Message types of DHCPv4 as the library calls them.
const TYPES4: &[(u8, &str)] = &[
    (0, "*"),
    (1, "DHCPDISCOVER"),
    (2, "DHCPOFFER"),
    (3, "DHCPREQUEST"),
    (4, "DHCPDECLINE"),
    (5, "DHCPACK"),
    (6, "DHCPNAK"),
    (7, "DHCPRELEASE"),
    (8, "DHCPINFORM"),
    (10, "DHCPLEASEQUERY"),
    (11, "DHCPLEASEUNASSIGNED"),
    (12, "DHCPLEASEUNKNOWN"),
    (13, "DHCPLEASEACTIVE"),
    (14, "DHCPBULKLEASEQUERY"),
    (15, "DHCPLEASEQUERYDONE"),
    (17, "DHCPLEASEQUERYSTATUS"),
    (18, "DHCPTLS"),
];

/// Those of DHCPv6.
const TYPES6: &[(u8, &str)] = &[
    (0, "*"),
    (1, "SOLICIT"),
    (2, "ADVERTISE"),
    (3, "REQUEST"),
    (4, "CONFIRM"),
    (5, "RENEW"),
    (6, "REBIND"),
    (7, "REPLY"),
    (8, "RELEASE"),
    (9, "DECLINE"),
    (10, "RECONFIGURE"),
    (11, "INFORMATION_REQUEST"),
    (12, "RELAY_FORW"),
    (13, "RELAY_REPL"),
    (14, "LEASEQUERY"),
    (15, "LEASEQUERY_REPLY"),
    (16, "LEASEQUERY_DONE"),
    (17, "LEASEQUERY_DATA"),
    (18, "RECONFIGURE_REQUEST"),
    (19, "RECONFIGURE_REPLY"),
    (20, "DHCPV4_QUERY"),
    (21, "DHCPV4_RESPONSE"),
    (22, "ACTIVELEASEQUERY"),
    (23, "STARTTLS"),
    (24, "BNDUPD"),
    (25, "BNDREPLY"),
    (26, "POOLREQ"),
    (27, "POOLRESP"),
    (28, "UPDREQ"),
    (29, "UPDREQALL"),
    (30, "UPDDONE"),
    (31, "CONNECT"),
    (32, "CONNECTREPLY"),
    (33, "DISCONNECT"),
    (34, "STATE"),
    (35, "CONTACT"),
    (36, "ADDR_REG_INFORM"),
    (37, "ADDR_REG_REPLY"),
];

fn types(family: Family) -> &'static [(u8, &'static str)] {
    match family {
        Family::V4 => TYPES4,
        Family::V6 => TYPES6,
    }
}

pub(super) fn type_name(family: Family, code: u8) -> &'static str {
    types(family).iter().find(|(known, _)| *known == code).map_or("UNKNOWN", |(_, name)| name)
}

/// The number of a message type; of none in particular where the name is empty or a star.
pub(super) fn type_code(family: Family, name: &str) -> Option<u8> {
    let name = if name.is_empty() { "*" } else { name };
    types(family).iter().find(|(_, known)| *known == name).map(|(code, _)| *code)
}

/// Two events, the time between which is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Span {
    /// From the kernel's receipt until the server reads the query.
    Queued,
    /// Until the engine begins with it.
    Read,
    /// Until its reply is complete.
    Processed,
    /// All of it.
    Total,
}

impl Span {
    pub(super) const ALL: [Self; 4] = [Self::Queued, Self::Read, Self::Processed, Self::Total];

    /// The events at its ends.
    pub(super) const fn events(self) -> (&'static str, &'static str) {
        match self {
            Self::Queued => (SOCKET_RECEIVED, BUFFER_READ),
            Self::Read => (BUFFER_READ, PROCESS_STARTED),
            Self::Processed => (PROCESS_STARTED, PROCESS_COMPLETED),
            Self::Total => ("composite", "total_response"),
        }
    }
}

pub(super) const SOCKET_RECEIVED: &str = "socket_received";
pub(super) const BUFFER_READ: &str = "buffer_read";
pub(super) const PROCESS_STARTED: &str = "process_started";
pub(super) const PROCESS_COMPLETED: &str = "process_completed";

/// The queries that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Exchange {
    pub(super) query: u8,
    pub(super) response: u8,
    /// 0: of all subnets.
    pub(super) subnet: SubnetId,
}

impl Exchange {
    /// The name of the statistic with the mean of a span.
    pub(super) fn statistic(&self, family: Family, span: Span) -> String {
        let of_subnet =
            if self.subnet.0 == 0 { String::new() } else { format!("subnet-id[{}].", self.subnet) };
        let (query, response) = (type_name(family, self.query), type_name(family, self.response));
        let (start, stop) = span.events();
        format!("{of_subnet}perfmon.{query}-{response}.{start}-{stop}.mean-usecs")
    }
}

/// How alarms and log messages call a duration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Label(String);

impl Label {
    pub(super) fn new(family: Family, exchange: &Exchange, (start, stop): (&str, &str)) -> Self {
        let (query, response) = (type_name(family, exchange.query), type_name(family, exchange.response));
        Self(format!("{query}-{response}.{start}-{stop}.{}", exchange.subnet))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
