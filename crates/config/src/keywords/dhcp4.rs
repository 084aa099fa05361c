//! The globals of kea-dhcp4.

use super::Literal::{EmptyList, EmptyMap};
use super::Translation::Item;
use super::Type::{Bool, Int, Map, Maps, Strings};
use super::scope4 as s;
use super::service as v;
use super::{COMMENT, Table, Type, U32, USER_CONTEXT, kw};

pub static DHCP4: Table = Table {
    name: "Dhcp4",
    metadata: true,
    keywords: &[
        s::ADAPTIVE,
        s::ALLOCATOR,
        s::AUTHORITATIVE,
        s::BOOT_FILE_NAME,
        s::CACHE_MAX_AGE,
        s::CACHE_THRESHOLD,
        s::CALCULATE_TEE_TIMES,
        kw("client-classes", Maps(&s::CLIENT_CLASS), "Classes of clients.").default(EmptyList).stored(),
        COMMENT,
        kw("compatibility", Map(&COMPATIBILITY), "Departures from standards for the sake of old clients.")
            .leaves(),
        kw("config-control", Map(&v::CONFIG_CONTROL), "Databases that hold configuration."),
        kw("control-socket", Map(&v::CONTROL_SOCKET), "Old spelling: the one item of control-sockets.")
            .old(Item("control-sockets")),
        kw("control-sockets", Maps(&v::CONTROL_SOCKET), "Where commands are taken."),
        s::DDNS_CONFLICT_MODE,
        s::DDNS_GENERATED_PREFIX,
        s::DDNS_OVERRIDE_CLIENT,
        s::DDNS_OVERRIDE_NO,
        s::DDNS_SUFFIX,
        s::DDNS_REPLACE,
        s::DDNS_SEND_UPDATES,
        s::DDNS_TTL,
        s::DDNS_TTL_MAX,
        s::DDNS_TTL_MIN,
        s::DDNS_TTL_PERCENT,
        s::DDNS_UPDATE_ON_RENEW,
        s::DDNS_USE_CONFLICT,
        kw("decline-probation-period", Int(0, U32), "Seconds that a declined address rests.")
            .int(86_400)
            .stored(),
        kw("dhcp-ddns", Map(&v::DHCP_DDNS), "Where name change requests go.").default(EmptyMap).leaves(),
        kw("dhcp-queue-control", Map(&v::QUEUE_CONTROL), "Queue of packets ahead of a single thread.")
            .default(EmptyMap)
            .leaves(),
        kw(
            "dhcp4o6-port",
            Int(0, 65_534),
            "Port of kea-dhcp6 towards kea-dhcp4, which has the next one; 0: no DHCPv4 over DHCPv6.",
        )
        .int(0)
        .stored(),
        kw(
            "early-global-reservations-lookup",
            Bool,
            "Look up global reservations before the subnet is chosen.",
        )
        .bool(false)
        .stored(),
        kw("echo-client-id", Bool, "Send the client identifier back (RFC 6842).").bool(true).stored(),
        kw("expired-leases-processing", Map(&v::EXPIRED_LEASES), "What happens to expired leases.")
            .default(EmptyMap)
            .leaves(),
        kw("hooks-libraries", Maps(&v::HOOKS_LIBRARY), "Extensions.").default(EmptyList),
        kw(
            "host-reservation-identifiers",
            Strings,
            "How clients are known in reservations, in the order of lookups.",
        )
        .stored(),
        s::HOSTNAME_REPLACEMENT,
        s::HOSTNAME_SET,
        v::HOSTS_DATABASE,
        v::HOSTS_DATABASES,
        kw("interfaces-config", Map(&v::INTERFACES), "Where packets are received.").default(EmptyMap),
        kw("ip-reservations-unique", Bool, "An address is reserved for one client at most.")
            .bool(true)
            .stored(),
        kw("lease-database", Map(&v::DATABASE), "Where leases are kept."),
        kw("loggers", Maps(&v::LOGGER), "What is logged, and where."),
        s::MATCH_CLIENT_ID,
        s::MAX_VALID,
        s::MIN_VALID,
        kw("multi-threading", Map(&v::MULTI_THREADING), "Threads that serve packets.")
            .default(EmptyMap)
            .leaves(),
        s::NEXT_SERVER,
        s::OFFER_LIFETIME,
        s::OPTIONS,
        kw("option-def", Maps(&s::OPTION_DEF), "Definitions of options.").default(EmptyList).stored(),
        kw("parked-packet-limit", Int(0, U32), "Packets that may wait for hooks; 0: any number.")
            .int(256)
            .stored(),
        s::REBIND_TIMER,
        s::RENEW_TIMER,
        s::RESERVATION_MODE,
        s::RESERVATIONS,
        s::RESERVATIONS_GLOBAL,
        s::RESERVATIONS_IN_SUBNET,
        kw("reservations-lookup-first", Bool, "Look up reservations before leases.").bool(false).stored(),
        s::RESERVATIONS_OUT_OF_POOL,
        kw("sanity-checks", Map(&v::SANITY_CHECKS), "Checks of leases when they are loaded.")
            .default(EmptyMap)
            .leaves(),
        s::SERVER_HOSTNAME,
        kw("server-tag", Type::Str, "Name of this server in configuration databases.").text(""),
        kw("shared-networks", Maps(&s::SHARED_NETWORK4), "Links with several subnets.")
            .default(EmptyList)
            .stored(),
        kw("stash-agent-options", Bool, "Put stored relay options back into renewals.").bool(false).stored(),
        kw(
            "statistic-default-sample-age",
            Int(0, U32),
            "Seconds that statistics samples are kept; 0: by number.",
        )
        .int(0)
        .stored(),
        kw("statistic-default-sample-count", Int(0, U32), "Statistics samples that are kept.")
            .int(20)
            .stored(),
        // In databases the column is of no use: the globals table holds it.
        STORE_EXTENDED_INFO_GLOBAL,
        kw("subnet4", Maps(&s::SUBNET4), "Subnets that belong to no shared network.")
            .default(EmptyList)
            .stored(),
        s::T1_PERCENT,
        s::T2_PERCENT,
        USER_CONTEXT,
        s::VALID_LIFETIME,
    ],
};

/// Globals of this name are stored though subnets have no column for it.
const STORE_EXTENDED_INFO_GLOBAL: super::Keyword = s::STORE_EXTENDED_INFO.stored();

static COMPATIBILITY: Table = Table {
    name: "compatibility",
    metadata: false,
    keywords: &[
        kw("exclude-first-last-24", Bool, "Never give .0 and .255 of subnets of /24 and larger.")
            .bool(false)
            .stored(),
        kw("ignore-dhcp-server-identifier", Bool, "Answer queries that name another server.")
            .bool(false)
            .stored(),
        kw("ignore-rai-link-selection", Bool, "Do not choose the subnet by the relay's link selection.")
            .bool(false)
            .stored(),
        kw("lenient-option-parsing", Bool, "Forgive malformed options where it does no harm.")
            .bool(false)
            .stored(),
    ],
};
