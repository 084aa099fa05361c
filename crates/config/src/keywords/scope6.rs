//! The maps of `scope4` as DHCPv6 has them, and those that it has alone. Parameters of both protocols are taken from
//! there.

use super::Literal::{EmptyList, Str};
use super::Type::{Bool, Int, Maps, Strings, Word};
use super::scope4 as s;
use super::scope4::{inherit, unstored};
use super::{COMMENT, Keyword, Table, Type, U16, U32, USER_CONTEXT, kw};

const ALLOCATORS: &[&str] = &["iterative", "random", "flq", "shared-flq"];

const SHARED_FLQ: &str = "leases are in no database that servers share; flq does the same for one server";
/// `flq` is refused by a check: a queue would hold every address.
pub(super) const ALLOCATOR: Keyword =
    kw("allocator", Word(ALLOCATORS), "How free addresses are found; not flq.")
        .text("iterative")
        .stored()
        .except(Str("shared-flq"), SHARED_FLQ);
pub(super) const MAX_PREFERRED: Keyword =
    kw("max-preferred-lifetime", Int(0, U32), "Longest preferred lifetime, in seconds, on a client's wish.")
        .stored();
pub(super) const MIN_PREFERRED: Keyword =
    kw("min-preferred-lifetime", Int(0, U32), "Shortest preferred lifetime, in seconds, on a client's wish.")
        .stored();
pub(super) const PD_ALLOCATOR: Keyword = kw("pd-allocator", Word(ALLOCATORS), "How free prefixes are found.")
    .text("iterative")
    .stored()
    .except(Str("shared-flq"), SHARED_FLQ);
pub(super) const PREFERRED: Keyword = kw(
    "preferred-lifetime",
    Int(0, U32),
    "Seconds that addresses and prefixes are preferred; without it 5/8 of the lifetime.",
)
.stored();
pub(super) const STORE_EXTENDED_INFO: Keyword =
    kw("store-extended-info", Bool, "Keep relay information with leases.").bool(false);
pub(super) const CALCULATE_TEE_TIMES: Keyword =
    kw("calculate-tee-times", Bool, "Compute T1 and T2 from the preferred lifetime.").bool(true).stored();
pub(super) const T2_PERCENT: Keyword =
    kw("t2-percent", Type::Real, "T2 as a share of the preferred lifetime; above 0, below 1.")
        .real(0.8)
        .stored();
pub(super) const T1_PERCENT: Keyword =
    kw("t1-percent", Type::Real, "T1 as a share of the preferred lifetime; above 0, below t2-percent.")
        .real(0.5)
        .stored();
pub(super) const OPTIONS: Keyword =
    kw("option-data", Maps(&OPTION_DATA6), "Options sent to clients of this scope.")
        .default(EmptyList)
        .stored();
pub(super) const RESERVATIONS: Keyword =
    kw("reservations", Maps(&RESERVATION6), "Addresses, prefixes, names and options for single clients.")
        .default(EmptyList);
const INTERFACE_ID: Keyword =
    kw("interface-id", Type::Str, "Interface id by which relay agents name this scope.").stored();
const RAPID_COMMIT: Keyword =
    kw("rapid-commit", Bool, "Answer a SOLICIT that asks for it with a REPLY.").inherited().stored();
const RELAYS: Keyword = kw("relay", Type::Map(&RELAY6), "Relay agents that speak for this scope.").stored();
const POOL_ID: Keyword =
    kw("pool-id", Int(0, U32), "Number of the pool in statistics; several pools may share one.");

pub static SUBNET6: Table = Table {
    name: "subnet6",
    metadata: true,
    keywords: &[
        unstored(s::ADAPTIVE),
        inherit(ALLOCATOR),
        inherit(s::CACHE_MAX_AGE),
        inherit(s::CACHE_THRESHOLD),
        inherit(CALCULATE_TEE_TIMES),
        s::OLD_CLIENT_CLASS,
        s::CLIENT_CLASSES,
        COMMENT,
        unstored(s::DDNS_CONFLICT_MODE),
        inherit(s::DDNS_GENERATED_PREFIX),
        inherit(s::DDNS_OVERRIDE_CLIENT),
        inherit(s::DDNS_OVERRIDE_NO),
        inherit(s::DDNS_SUFFIX),
        inherit(s::DDNS_REPLACE),
        inherit(s::DDNS_SEND_UPDATES),
        inherit(s::DDNS_TTL),
        inherit(s::DDNS_TTL_MAX),
        inherit(s::DDNS_TTL_MIN),
        inherit(s::DDNS_TTL_PERCENT),
        unstored(s::DDNS_UPDATE_ON_RENEW),
        s::DDNS_USE_CONFLICT,
        s::ADDITIONAL_CLASSES,
        inherit(s::HOSTNAME_REPLACEMENT),
        inherit(s::HOSTNAME_SET),
        kw("id", Int(1, U32 - 1), "Number of the subnet in leases, commands and statistics.")
            .required()
            .stored(),
        s::INTERFACE,
        INTERFACE_ID,
        inherit(MAX_PREFERRED),
        inherit(s::MAX_VALID),
        inherit(MIN_PREFERRED),
        inherit(s::MIN_VALID),
        OPTIONS,
        inherit(PD_ALLOCATOR),
        kw("pd-pools", Maps(&PD_POOL), "Prefixes delegated to clients.").default(EmptyList).stored(),
        kw("pools", Maps(&POOL6), "Ranges of addresses given to clients.").default(EmptyList).stored(),
        inherit(PREFERRED),
        RAPID_COMMIT,
        inherit(s::REBIND_TIMER),
        RELAYS,
        inherit(s::RENEW_TIMER),
        s::OLD_REQUIRED_CLASSES,
        s::RESERVATION_MODE,
        RESERVATIONS,
        inherit(s::RESERVATIONS_GLOBAL),
        inherit(s::RESERVATIONS_IN_SUBNET),
        inherit(s::RESERVATIONS_OUT_OF_POOL),
        unstored(STORE_EXTENDED_INFO),
        kw("subnet", Type::Str, "Prefix of the subnet.").required().stored(),
        inherit(T1_PERCENT),
        inherit(T2_PERCENT),
        USER_CONTEXT.stored(),
        inherit(s::VALID_LIFETIME),
    ],
};

pub static SHARED_NETWORK6: Table = Table {
    name: "shared-networks",
    metadata: true,
    keywords: &[
        unstored(s::ADAPTIVE),
        inherit(ALLOCATOR),
        inherit(s::CACHE_MAX_AGE),
        inherit(s::CACHE_THRESHOLD),
        inherit(CALCULATE_TEE_TIMES),
        s::OLD_CLIENT_CLASS,
        s::CLIENT_CLASSES,
        COMMENT,
        unstored(s::DDNS_CONFLICT_MODE),
        inherit(s::DDNS_GENERATED_PREFIX),
        inherit(s::DDNS_OVERRIDE_CLIENT),
        inherit(s::DDNS_OVERRIDE_NO),
        inherit(s::DDNS_SUFFIX),
        inherit(s::DDNS_REPLACE),
        inherit(s::DDNS_SEND_UPDATES),
        inherit(s::DDNS_TTL),
        inherit(s::DDNS_TTL_MAX),
        inherit(s::DDNS_TTL_MIN),
        inherit(s::DDNS_TTL_PERCENT),
        unstored(s::DDNS_UPDATE_ON_RENEW),
        s::DDNS_USE_CONFLICT,
        s::ADDITIONAL_CLASSES,
        inherit(s::HOSTNAME_REPLACEMENT),
        inherit(s::HOSTNAME_SET),
        s::INTERFACE,
        INTERFACE_ID,
        inherit(MAX_PREFERRED),
        inherit(s::MAX_VALID),
        inherit(MIN_PREFERRED),
        inherit(s::MIN_VALID),
        kw("name", Type::Str, "Name of the network.").required().stored(),
        OPTIONS,
        inherit(PD_ALLOCATOR),
        inherit(PREFERRED),
        RAPID_COMMIT,
        inherit(s::REBIND_TIMER),
        RELAYS,
        inherit(s::RENEW_TIMER),
        s::OLD_REQUIRED_CLASSES,
        s::RESERVATION_MODE,
        inherit(s::RESERVATIONS_GLOBAL),
        inherit(s::RESERVATIONS_IN_SUBNET),
        inherit(s::RESERVATIONS_OUT_OF_POOL),
        unstored(STORE_EXTENDED_INFO),
        kw("subnet6", Maps(&SUBNET6), "Subnets of the network.").default(EmptyList),
        inherit(T1_PERCENT),
        inherit(T2_PERCENT),
        USER_CONTEXT.stored(),
        inherit(s::VALID_LIFETIME),
    ],
};

pub static POOL6: Table = Table {
    name: "pools",
    metadata: true,
    keywords: &[
        s::OLD_CLIENT_CLASS,
        s::CLIENT_CLASSES,
        COMMENT,
        unstored(s::DDNS_CONFLICT_MODE),
        unstored(s::DDNS_GENERATED_PREFIX),
        unstored(s::DDNS_OVERRIDE_CLIENT),
        unstored(s::DDNS_OVERRIDE_NO),
        unstored(s::DDNS_SUFFIX),
        unstored(s::DDNS_REPLACE),
        unstored(s::DDNS_SEND_UPDATES),
        unstored(s::DDNS_TTL),
        unstored(s::DDNS_TTL_MAX),
        unstored(s::DDNS_TTL_MIN),
        unstored(s::DDNS_TTL_PERCENT),
        unstored(s::DDNS_UPDATE_ON_RENEW),
        s::DDNS_USE_CONFLICT,
        s::ADDITIONAL_CLASSES,
        unstored(s::HOSTNAME_REPLACEMENT),
        unstored(s::HOSTNAME_SET),
        OPTIONS,
        kw("pool", Type::Str, "First and last address, or a prefix.").required().stored(),
        POOL_ID,
        s::OLD_REQUIRED_CLASSES,
        USER_CONTEXT.stored(),
    ],
};

pub static PD_POOL: Table = Table {
    name: "pd-pools",
    metadata: true,
    keywords: &[
        s::OLD_CLIENT_CLASS,
        s::CLIENT_CLASSES,
        COMMENT,
        kw("delegated-len", Int(1, 128), "Length of each delegated prefix.").required().stored(),
        s::ADDITIONAL_CLASSES,
        kw("excluded-prefix", Type::Str, "Part of the first delegated prefix that its client leaves out.")
            .stored(),
        kw("excluded-prefix-len", Int(0, 128), "Length of that part; 0: there is none.").stored(),
        OPTIONS,
        POOL_ID,
        kw("prefix", Type::Str, "First address of the prefixes.").required().stored(),
        kw("prefix-len", Int(1, 128), "Length of the prefix that holds them all.").required().stored(),
        s::OLD_REQUIRED_CLASSES,
        USER_CONTEXT.stored(),
    ],
};

pub static RELAY6: Table = Table {
    name: "relay",
    metadata: false,
    keywords: &[
        kw("ip-address", Type::Ipv6, "Old spelling: the one item of ip-addresses.")
            .old(super::Translation::Item("ip-addresses")),
        kw("ip-addresses", Strings, "Link addresses that the relay agents put in.").required().stored(),
    ],
};

pub static OPTION_DEF6: Table = Table {
    name: "option-def",
    metadata: true,
    keywords: &[
        kw("array", Bool, "Several values of the type.").bool(false).stored(),
        kw("code", Int(i64::MIN, i64::MAX), "Code of the option.").required().stored(),
        COMMENT,
        kw("encapsulate", Type::Str, "Space whose options this one carries.").text("").stored(),
        kw("name", Type::Str, "Name of the option.").required().stored(),
        kw("record-types", Type::Str, "Types of the fields of a record.").text("").stored(),
        kw("space", Type::Str, "Space that the option belongs to.").text("dhcp6").stored(),
        kw("type", Type::Str, "Type of the value.").required().stored(),
        USER_CONTEXT.stored(),
    ],
};

pub static OPTION_DATA6: Table = Table {
    name: "option-data",
    metadata: true,
    keywords: &[
        kw("always-send", Bool, "Send though the client did not ask for it.").bool(false).stored(),
        kw("client-classes", Strings, "Only for clients in one of these classes; empty: all.").stored(),
        kw("code", Int(i64::MIN, i64::MAX), "Code of the option; its name does as well.").stored(),
        COMMENT,
        kw("csv-format", Bool, "The data are comma-separated values, else hexadecimal digits.").stored(),
        kw("data", Type::Str, "Value of the option.").text("").stored(),
        kw("name", Type::Str, "Name of the option; its code does as well.").stored(),
        kw("never-send", Bool, "Never send, whatever other scopes say.").bool(false).stored(),
        kw("space", Type::Str, "Space that the option belongs to.").text("dhcp6").stored(),
        USER_CONTEXT.stored(),
    ],
};

pub static CLIENT_CLASS6: Table = Table {
    name: "client-classes",
    metadata: true,
    keywords: &[
        COMMENT,
        MAX_PREFERRED,
        s::MAX_VALID,
        MIN_PREFERRED,
        s::MIN_VALID,
        kw("name", Type::Str, "Name of the class.").required().stored(),
        kw("only-if-required", Bool, "Old spelling of only-in-additional-list.")
            .old(super::Translation::Name("only-in-additional-list")),
        kw("only-in-additional-list", Bool, "Evaluated only where an additional list names it.")
            .bool(false)
            .stored(),
        OPTIONS,
        PREFERRED,
        kw("template-test", Type::Str, "Expression whose value names a class that the client joins.")
            .stored(),
        kw("test", Type::Str, "Expression that members fulfil.").stored(),
        USER_CONTEXT.stored(),
        kw("valid-lifetime", Int(0, U32), "Lifetime of leases of members, in seconds.").stored(),
    ],
};

pub static RESERVATION6: Table = Table {
    name: "reservations",
    metadata: false,
    keywords: &[
        kw("client-classes", Strings, "Classes that the client joins."),
        COMMENT,
        kw("duid", Type::Str, "Known by its DUID."),
        kw(
            "excluded-prefixes",
            Strings,
            "What the client leaves out of each of its prefixes; an empty text: nothing.",
        ),
        kw("flex-id", Type::Str, "Known by its flexible identifier."),
        kw("hostname", Type::Str, "Name of the client."),
        kw("hw-address", Type::Str, "Known by its hardware address."),
        kw("ip-addresses", Strings, "Addresses of the client."),
        OPTIONS,
        kw("prefixes", Strings, "Prefixes delegated to the client."),
        USER_CONTEXT,
    ],
};

pub static SERVER_ID: Table = Table {
    name: "server-id",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("enterprise-id", Int(0, U32), "Enterprise number (EN); 0: that of ISC.").int(0).stored(),
        kw("htype", Int(0, U16), "Hardware type (LLT, LL); 0: that of the interface.").int(0),
        kw(
            "identifier",
            Type::Str,
            "Hexadecimal digits of the link-layer address (LLT, LL), the identifier (EN) or the UUID; empty: the \
             server finds them.",
        )
        .text("")
        .stored(),
        kw("persist", Bool, "Keep the DUID in a file, and use it again.").bool(true).stored(),
        kw("time", Int(0, U32), "Seconds since 2000 (LLT); 0: when it is made.").int(0),
        kw(
            "type",
            Type::Str,
            "LLT, EN or LL; UUID as well, an extension of this server.",
        )
        .text("LLT")
        .stored(),
        USER_CONTEXT,
    ],
};
