//! The globals of kea-dhcp6.

use super::Literal::{EmptyList, EmptyMap};
use super::Translation::Item;
use super::Type::{Bool, Int, Map, Maps, Strings};
use super::scope4 as s;
use super::scope6 as x;
use super::service as v;
use super::{COMMENT, Table, Type, U32, USER_CONTEXT, kw};

pub static DHCP6: Table = Table {
    name: "Dhcp6",
    metadata: true,
    keywords: &[
        s::ADAPTIVE,
        x::ALLOCATOR,
        kw("allow-address-registration", Bool, "Take registrations of self-made addresses (RFC 9686).")
            .bool(true)
            .stored(),
        s::CACHE_MAX_AGE,
        s::CACHE_THRESHOLD,
        x::CALCULATE_TEE_TIMES,
        kw("client-classes", Maps(&x::CLIENT_CLASS6), "Classes of clients.").default(EmptyList).stored(),
        COMMENT,
        kw("compatibility", Map(&COMPATIBILITY), "Departures from standards for the sake of old clients.")
            .leaves(),
        kw("config-control", Map(&v::CONFIG_CONTROL), "Databases that hold configuration."),
        kw("control-socket", Map(&v::CONTROL_SOCKET), "Old spelling: the one item of control-sockets.")
            .old(Item("control-sockets")),
        kw("control-sockets", Maps(&v::CONTROL_SOCKET), "Where commands are taken."),
        kw("data-directory", Type::Str, "Where the files of leases and of the DUID lie; may only say where that is.").stored(),
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
        kw("dhcp-queue-control", Map(&v::QUEUE_CONTROL6), "Queue of packets ahead of a single thread.")
            .default(EmptyMap)
            .leaves(),
        kw("dhcp4o6-port", Int(0, 65_534), "Port of kea-dhcp6 towards kea-dhcp4, which has the next one; 0: no DHCPv4 over DHCPv6.")
            .int(0)
            .stored(),
        kw(
            "early-global-reservations-lookup",
            Bool,
            "Look up global reservations before the subnet is chosen.",
        )
        .bool(false)
        .stored(),
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
        kw("interfaces-config", Map(&v::INTERFACES6), "Where packets are received.").default(EmptyMap),
        kw("ip-reservations-unique", Bool, "An address or prefix is reserved for one client at most.")
            .bool(true)
            .stored(),
        kw("lease-database", Map(&v::DATABASE), "Where leases are kept."),
        kw("loggers", Maps(&v::LOGGER), "What is logged, and where."),
        kw(
            "mac-sources",
            Strings,
            "What hardware addresses of clients are taken from, in this order: any, raw, duid, ipv6-link-local, \
             client-link-addr-option (rfc6939), remote-id (rfc4649), subscriber-id (rfc4580), docsis-cmts, \
             docsis-modem.",
        )
        .stored(),
        x::MAX_PREFERRED,
        s::MAX_VALID,
        x::MIN_PREFERRED,
        s::MIN_VALID,
        kw("multi-threading", Map(&v::MULTI_THREADING), "Threads that serve packets.")
            .default(EmptyMap)
            .leaves(),
        x::OPTIONS,
        kw("option-def", Maps(&x::OPTION_DEF6), "Definitions of options.").default(EmptyList).stored(),
        kw("parked-packet-limit", Int(0, U32), "Packets that may wait for hooks; 0: any number.")
            .int(256)
            .stored(),
        x::PD_ALLOCATOR,
        x::PREFERRED,
        s::REBIND_TIMER,
        kw(
            "relay-supplied-options",
            Strings,
            "Options, by code or name, that relay agents may supply for clients (RFC 6422).",
        ),
        s::RENEW_TIMER,
        s::RESERVATION_MODE,
        x::RESERVATIONS,
        s::RESERVATIONS_GLOBAL,
        s::RESERVATIONS_IN_SUBNET,
        kw("reservations-lookup-first", Bool, "Look up reservations before leases.").bool(false).stored(),
        s::RESERVATIONS_OUT_OF_POOL,
        kw("sanity-checks", Map(&v::SANITY_CHECKS), "Checks of leases when they are loaded.")
            .default(EmptyMap)
            .leaves(),
        kw("server-id", Map(&x::SERVER_ID), "The DUID of the server.").default(EmptyMap).leaves(),
        kw("server-tag", Type::Str, "Name of this server in configuration databases.").text(""),
        kw("shared-networks", Maps(&x::SHARED_NETWORK6), "Links with several subnets.")
            .default(EmptyList)
            .stored(),
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
        kw("subnet6", Maps(&x::SUBNET6), "Subnets that belong to no shared network.")
            .default(EmptyList)
            .stored(),
        x::T1_PERCENT,
        x::T2_PERCENT,
        USER_CONTEXT,
        s::VALID_LIFETIME,
    ],
};

/// Globals of this name are stored though subnets have no column for it.
const STORE_EXTENDED_INFO_GLOBAL: super::Keyword = x::STORE_EXTENDED_INFO.stored();

static COMPATIBILITY: Table = Table {
    name: "compatibility",
    metadata: false,
    keywords: &[kw("lenient-option-parsing", Bool, "Forgive malformed options where it does no harm.")
        .bool(false)
        .stored()],
};
