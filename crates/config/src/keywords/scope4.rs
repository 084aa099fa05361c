//! Maps that can be stored one by one: subnets, pools, shared networks, options, definitions, classes; and the
//! parameters that they inherit from each other.

use super::Literal::{EmptyList, Str};
use super::Translation::{ConflictResolution, Item, Name, ReservationMode};
use super::Type::{Bool, Int, Ipv4, Map, Maps, Real, Strings, Text, Word, WordOrBool};
use super::{COMMENT, Keyword, Literal, Table, Type, U32, USER_CONTEXT, kw};

pub(super) const REPLACE_CLIENT_NAME: &[&str] = &["never", "always", "when-present", "when-not-present"];
/// What `false` and `true` once meant.
pub(super) const REPLACE_CLIENT_NAME_BOOL: [&str; 2] = ["never", "when-present"];
pub(super) const HOSTNAME_CHAR_SET: &str =
    "Characters replaced in client names, a regular expression; empty: none.";

const CONFLICT_MODES: &[&str] =
    &["check-with-dhcid", "no-check-with-dhcid", "check-exists-with-dhcid", "no-check-without-dhcid"];
const RESERVATION_MODES: &[&str] = &["disabled", "off", "out-of-pool", "global", "all"];

/// Longest text that fits `sname` and `file` with their final NUL (RFC 2131 section 2).
const SNAME: usize = 63;
const FILE: usize = 127;

// Parameters of several scopes, as they are in the globals; `inherited()` makes them those of the inner scopes.
pub(super) const ADAPTIVE: Keyword = kw(
    "adaptive-lease-time-threshold",
    Real,
    "Share of a pool in use from which on the shortest lifetime is given; above 0, at most 1.",
)
.stored();
pub(super) const ALLOCATOR: Keyword =
    kw("allocator", Word(&["iterative", "random", "flq", "shared-flq"]), "How free addresses are found.")
        .text("iterative")
        .stored()
        .except(
            Str("shared-flq"),
            "leases are in no database that servers share; flq does the same for one server",
        );
pub(super) const AUTHORITATIVE: Keyword =
    kw("authoritative", Bool, "Refuse requests for addresses that are not known.").bool(false).stored();
pub(super) const BOOT_FILE_NAME: Keyword =
    kw("boot-file-name", Text(FILE), "Field file of answers.").text("").stored();
pub(super) const CACHE_MAX_AGE: Keyword =
    kw("cache-max-age", Int(0, U32), "Seconds after which a lease is not reused unchanged.").stored();
pub(super) const CACHE_THRESHOLD: Keyword = kw(
    "cache-threshold",
    Real,
    "Share of the lifetime during which a lease is reused unchanged; below 1, 0 is off.",
)
.real(0.25)
.stored();
pub(super) const CALCULATE_TEE_TIMES: Keyword =
    kw("calculate-tee-times", Bool, "Compute T1 and T2 from the lifetime.").bool(false).stored();
pub(super) const DDNS_CONFLICT_MODE: Keyword =
    kw("ddns-conflict-resolution-mode", Word(CONFLICT_MODES), "How conflicting DNS entries are treated.")
        .text("check-with-dhcid")
        .stored();
pub(super) const DDNS_GENERATED_PREFIX: Keyword =
    kw("ddns-generated-prefix", Type::Str, "Start of generated names.").text("myhost").stored();
pub(super) const DDNS_OVERRIDE_CLIENT: Keyword =
    kw("ddns-override-client-update", Bool, "Update DNS though the client wants to do it.")
        .bool(false)
        .stored();
pub(super) const DDNS_OVERRIDE_NO: Keyword =
    kw("ddns-override-no-update", Bool, "Update DNS though the client wants none.").bool(false).stored();
pub(super) const DDNS_SUFFIX: Keyword =
    kw("ddns-qualifying-suffix", Type::Str, "Domain appended to partial names.").text("").stored();
pub(super) const DDNS_REPLACE: Keyword = kw(
    "ddns-replace-client-name",
    WordOrBool(REPLACE_CLIENT_NAME, REPLACE_CLIENT_NAME_BOOL),
    "When a generated name replaces the client's.",
)
.text("never")
.stored();
pub(super) const DDNS_SEND_UPDATES: Keyword =
    kw("ddns-send-updates", Bool, "Update DNS for clients of this scope.").bool(true).stored();
pub(super) const DDNS_TTL: Keyword = kw("ddns-ttl", Int(1, U32), "Seconds that DNS entries live.").stored();
pub(super) const DDNS_TTL_MAX: Keyword =
    kw("ddns-ttl-max", Int(0, U32), "Most seconds that DNS entries live.").stored();
pub(super) const DDNS_TTL_MIN: Keyword =
    kw("ddns-ttl-min", Int(0, U32), "Least seconds that DNS entries live.").stored();
pub(super) const DDNS_TTL_PERCENT: Keyword =
    kw("ddns-ttl-percent", Real, "Share of the lifetime that DNS entries live; above 0, at most 1.").stored();
pub(super) const DDNS_UPDATE_ON_RENEW: Keyword =
    kw("ddns-update-on-renew", Bool, "Update DNS at each renewal.").bool(false).stored();
pub(super) const DDNS_USE_CONFLICT: Keyword =
    kw("ddns-use-conflict-resolution", Bool, "Old spelling of ddns-conflict-resolution-mode.")
        .old(ConflictResolution);
pub(super) const HOSTNAME_REPLACEMENT: Keyword =
    kw("hostname-char-replacement", Type::Str, "What replaces those characters.").text("").stored();
pub(super) const HOSTNAME_SET: Keyword =
    kw("hostname-char-set", Type::Str, HOSTNAME_CHAR_SET).text("[^A-Za-z0-9.-]").stored();
pub(super) const MATCH_CLIENT_ID: Keyword =
    kw("match-client-id", Bool, "Know clients by their client identifier.").bool(true).stored();
pub(super) const MAX_VALID: Keyword =
    kw("max-valid-lifetime", Int(0, U32), "Longest lifetime, in seconds, that a client gets on its wish.")
        .stored();
pub(super) const MIN_VALID: Keyword =
    kw("min-valid-lifetime", Int(0, U32), "Shortest lifetime, in seconds, that a client gets on its wish.")
        .stored();
pub(super) const NEXT_SERVER: Keyword =
    kw("next-server", Ipv4, "Field siaddr of answers.").text("0.0.0.0").stored();
pub(super) const OFFER_LIFETIME: Keyword =
    kw("offer-lifetime", Int(0, U32), "Seconds that an offer holds its address; 0: not at all.").stored();
pub(super) const REBIND_TIMER: Keyword =
    kw("rebind-timer", Int(0, U32), "Seconds until rebinding (T2).").stored();
pub(super) const RENEW_TIMER: Keyword =
    kw("renew-timer", Int(0, U32), "Seconds until renewal (T1).").stored();
pub(super) const RESERVATION_MODE: Keyword =
    kw("reservation-mode", Word(RESERVATION_MODES), "Old spelling of the three reservations-* flags.")
        .old(ReservationMode);
pub(super) const RESERVATIONS_GLOBAL: Keyword =
    kw("reservations-global", Bool, "Look up reservations of the globals.").bool(false).stored();
pub(super) const RESERVATIONS_IN_SUBNET: Keyword =
    kw("reservations-in-subnet", Bool, "Look up reservations of the subnet.").bool(true).stored();
pub(super) const RESERVATIONS_OUT_OF_POOL: Keyword =
    kw("reservations-out-of-pool", Bool, "Reserved addresses all lie outside of pools.").bool(false).stored();
pub(super) const SERVER_HOSTNAME: Keyword =
    kw("server-hostname", Text(SNAME), "Field sname of answers.").text("").stored();
pub(super) const STORE_EXTENDED_INFO: Keyword =
    kw("store-extended-info", Bool, "Keep relay information with leases.").bool(false);
pub(super) const T1_PERCENT: Keyword =
    kw("t1-percent", Real, "T1 as a share of the lifetime; above 0, below t2-percent.").real(0.5).stored();
pub(super) const T2_PERCENT: Keyword =
    kw("t2-percent", Real, "T2 as a share of the lifetime; above 0, below 1.").real(0.875).stored();
pub(super) const VALID_LIFETIME: Keyword =
    kw("valid-lifetime", Int(0, U32), "Lifetime of leases in seconds; 4294967295 is for ever.")
        .int(7200)
        .stored();
pub(super) const OPTIONS: Keyword =
    kw("option-data", Maps(&OPTION_DATA), "Options sent to clients of this scope.")
        .default(EmptyList)
        .stored();
pub(super) const RESERVATIONS: Keyword =
    kw("reservations", Maps(&RESERVATION4), "Addresses, names and options for single clients.")
        .default(EmptyList);

// Guards and additional classes of subnets, pools and networks.
pub(super) const CLIENT_CLASSES: Keyword =
    kw("client-classes", Strings, "Only clients in one of these classes; empty: all.").stored();
pub(super) const OLD_CLIENT_CLASS: Keyword =
    kw("client-class", Type::Str, "Old spelling: the one item of client-classes.")
        .old(Item("client-classes"));
pub(super) const ADDITIONAL_CLASSES: Keyword = kw(
    "evaluate-additional-classes",
    Strings,
    "Classes evaluated for clients of this scope after all others.",
)
.stored();
pub(super) const OLD_REQUIRED_CLASSES: Keyword =
    kw("require-client-classes", Strings, "Old spelling of evaluate-additional-classes.")
        .old(Name("evaluate-additional-classes"));
pub(super) const INTERFACE: Keyword =
    kw("interface", Type::Str, "Interface by which clients of this scope are reached.").stored();
const RELAYS: Keyword = kw("relay", Map(&RELAY), "Relay agents that speak for this scope.").stored();

/// The flag `inherited` changes the default into that of the outer scope.
pub(super) const fn inherit(keyword: Keyword) -> Keyword {
    keyword.default(Literal::None).inherited()
}

/// Inherited, but without a column in the databases.
pub(super) const fn unstored(mut keyword: Keyword) -> Keyword {
    keyword.backend = super::Backend::No;
    inherit(keyword)
}

pub static SUBNET4: Table = Table {
    name: "subnet4",
    metadata: true,
    keywords: &[
        kw(
            "4o6-interface",
            Type::Str,
            "Interface on which kea-dhcp6 hears its clients of DHCPv4 over DHCPv6.",
        )
        .text("")
        .stored(),
        kw(
            "4o6-interface-id",
            Type::Str,
            "Interface id of the relay agents of its clients of DHCPv4 over DHCPv6.",
        )
        .text("")
        .stored(),
        kw(
            "4o6-subnet",
            Type::Str,
            "IPv6 prefix that its clients of DHCPv4 over DHCPv6, or their relay agents, send from.",
        )
        .text("")
        .stored(),
        unstored(ADAPTIVE),
        inherit(ALLOCATOR),
        inherit(AUTHORITATIVE),
        inherit(BOOT_FILE_NAME),
        inherit(CACHE_MAX_AGE),
        inherit(CACHE_THRESHOLD),
        inherit(CALCULATE_TEE_TIMES),
        OLD_CLIENT_CLASS,
        CLIENT_CLASSES,
        COMMENT,
        unstored(DDNS_CONFLICT_MODE),
        inherit(DDNS_GENERATED_PREFIX),
        inherit(DDNS_OVERRIDE_CLIENT),
        inherit(DDNS_OVERRIDE_NO),
        inherit(DDNS_SUFFIX),
        inherit(DDNS_REPLACE),
        inherit(DDNS_SEND_UPDATES),
        inherit(DDNS_TTL),
        inherit(DDNS_TTL_MAX),
        inherit(DDNS_TTL_MIN),
        inherit(DDNS_TTL_PERCENT),
        unstored(DDNS_UPDATE_ON_RENEW),
        DDNS_USE_CONFLICT,
        ADDITIONAL_CLASSES,
        inherit(HOSTNAME_REPLACEMENT),
        inherit(HOSTNAME_SET),
        kw("id", Int(1, U32 - 1), "Number of the subnet in leases, commands and statistics.")
            .required()
            .stored(),
        INTERFACE,
        inherit(MATCH_CLIENT_ID),
        inherit(MAX_VALID),
        inherit(MIN_VALID),
        inherit(NEXT_SERVER),
        inherit(OFFER_LIFETIME),
        OPTIONS,
        kw("pools", Maps(&POOL4), "Ranges of addresses given to clients.").default(EmptyList).stored(),
        inherit(REBIND_TIMER),
        RELAYS,
        inherit(RENEW_TIMER),
        OLD_REQUIRED_CLASSES,
        RESERVATION_MODE,
        RESERVATIONS,
        inherit(RESERVATIONS_GLOBAL),
        inherit(RESERVATIONS_IN_SUBNET),
        inherit(RESERVATIONS_OUT_OF_POOL),
        inherit(SERVER_HOSTNAME),
        unstored(STORE_EXTENDED_INFO),
        kw("subnet", Type::Str, "Prefix of the subnet.").required().stored(),
        inherit(T1_PERCENT),
        inherit(T2_PERCENT),
        USER_CONTEXT.stored(),
        inherit(VALID_LIFETIME),
    ],
};

pub static SHARED_NETWORK4: Table = Table {
    name: "shared-networks",
    metadata: true,
    keywords: &[
        unstored(ADAPTIVE),
        inherit(ALLOCATOR),
        inherit(AUTHORITATIVE),
        inherit(BOOT_FILE_NAME),
        inherit(CACHE_MAX_AGE),
        inherit(CACHE_THRESHOLD),
        inherit(CALCULATE_TEE_TIMES),
        OLD_CLIENT_CLASS,
        CLIENT_CLASSES,
        COMMENT,
        unstored(DDNS_CONFLICT_MODE),
        inherit(DDNS_GENERATED_PREFIX),
        inherit(DDNS_OVERRIDE_CLIENT),
        inherit(DDNS_OVERRIDE_NO),
        inherit(DDNS_SUFFIX),
        inherit(DDNS_REPLACE),
        inherit(DDNS_SEND_UPDATES),
        inherit(DDNS_TTL),
        inherit(DDNS_TTL_MAX),
        inherit(DDNS_TTL_MIN),
        inherit(DDNS_TTL_PERCENT),
        unstored(DDNS_UPDATE_ON_RENEW),
        DDNS_USE_CONFLICT,
        ADDITIONAL_CLASSES,
        inherit(HOSTNAME_REPLACEMENT),
        inherit(HOSTNAME_SET),
        INTERFACE,
        inherit(MATCH_CLIENT_ID),
        inherit(MAX_VALID),
        inherit(MIN_VALID),
        kw("name", Type::Str, "Name of the network.").required().stored(),
        inherit(NEXT_SERVER),
        inherit(OFFER_LIFETIME),
        OPTIONS,
        inherit(REBIND_TIMER),
        RELAYS,
        inherit(RENEW_TIMER),
        OLD_REQUIRED_CLASSES,
        RESERVATION_MODE,
        inherit(RESERVATIONS_GLOBAL),
        inherit(RESERVATIONS_IN_SUBNET),
        inherit(RESERVATIONS_OUT_OF_POOL),
        inherit(SERVER_HOSTNAME),
        unstored(STORE_EXTENDED_INFO),
        kw("subnet4", Maps(&SUBNET4), "Subnets of the network.").default(EmptyList),
        inherit(T1_PERCENT),
        inherit(T2_PERCENT),
        USER_CONTEXT.stored(),
        inherit(VALID_LIFETIME),
    ],
};

pub static POOL4: Table = Table {
    name: "pools",
    metadata: true,
    keywords: &[
        OLD_CLIENT_CLASS,
        CLIENT_CLASSES,
        COMMENT,
        unstored(DDNS_CONFLICT_MODE),
        unstored(DDNS_GENERATED_PREFIX),
        unstored(DDNS_OVERRIDE_CLIENT),
        unstored(DDNS_OVERRIDE_NO),
        unstored(DDNS_SUFFIX),
        unstored(DDNS_REPLACE),
        unstored(DDNS_SEND_UPDATES),
        unstored(DDNS_TTL),
        unstored(DDNS_TTL_MAX),
        unstored(DDNS_TTL_MIN),
        unstored(DDNS_TTL_PERCENT),
        unstored(DDNS_UPDATE_ON_RENEW),
        DDNS_USE_CONFLICT,
        ADDITIONAL_CLASSES,
        unstored(HOSTNAME_REPLACEMENT),
        unstored(HOSTNAME_SET),
        OPTIONS,
        kw("pool", Type::Str, "First and last address, or a prefix.").required().stored(),
        kw("pool-id", Int(0, U32), "Number of the pool in statistics; several pools may share one."),
        OLD_REQUIRED_CLASSES,
        USER_CONTEXT.stored(),
    ],
};

pub static RELAY: Table = Table {
    name: "relay",
    metadata: false,
    keywords: &[
        kw("ip-address", Ipv4, "Old spelling: the one item of ip-addresses.").old(Item("ip-addresses")),
        kw("ip-addresses", Strings, "Addresses of the relay agents.").required().stored(),
    ],
};

pub static OPTION_DEF: Table = Table {
    name: "option-def",
    metadata: true,
    keywords: &[
        kw("array", Bool, "Several values of the type.").bool(false).stored(),
        kw("code", Int(i64::MIN, i64::MAX), "Code of the option.").required().stored(),
        COMMENT,
        kw("encapsulate", Type::Str, "Space whose options this one carries.").text("").stored(),
        kw("name", Type::Str, "Name of the option.").required().stored(),
        kw("record-types", Type::Str, "Types of the fields of a record.").text("").stored(),
        kw("space", Type::Str, "Space that the option belongs to.").text("dhcp4").stored(),
        kw("type", Type::Str, "Type of the value.").required().stored(),
        USER_CONTEXT.stored(),
    ],
};

pub static OPTION_DATA: Table = Table {
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
        kw("space", Type::Str, "Space that the option belongs to.").text("dhcp4").stored(),
        USER_CONTEXT.stored(),
    ],
};

pub static CLIENT_CLASS: Table = Table {
    name: "client-classes",
    metadata: true,
    keywords: &[
        BOOT_FILE_NAME,
        COMMENT,
        MAX_VALID,
        MIN_VALID,
        kw("name", Type::Str, "Name of the class.").required().stored(),
        NEXT_SERVER,
        OFFER_LIFETIME,
        kw("only-if-required", Bool, "Old spelling of only-in-additional-list.")
            .old(Name("only-in-additional-list")),
        kw("only-in-additional-list", Bool, "Evaluated only where an additional list names it.")
            .bool(false)
            .stored(),
        OPTIONS,
        kw(
            "option-def",
            Maps(&OPTION_DEF),
            "Definitions of option 43 and of 224 to 254 for members of the class.",
        )
        .stored(),
        SERVER_HOSTNAME,
        kw("template-test", Type::Str, "Expression whose value names a class that the client joins.")
            .stored(),
        kw("test", Type::Str, "Expression that members fulfil.").stored(),
        USER_CONTEXT.stored(),
        kw("valid-lifetime", Int(0, U32), "Lifetime of leases of members, in seconds.").stored(),
    ],
};

pub static RESERVATION4: Table = Table {
    name: "reservations",
    metadata: false,
    keywords: &[
        kw("boot-file-name", Text(FILE), "Field file of answers."),
        kw("circuit-id", Type::Str, "Known by the circuit id of its relay."),
        kw("client-classes", Strings, "Classes that the client joins."),
        kw("client-id", Type::Str, "Known by its client identifier."),
        COMMENT,
        kw("duid", Type::Str, "Known by its DUID."),
        kw("flex-id", Type::Str, "Known by its flexible identifier."),
        kw("hostname", Type::Str, "Name of the client."),
        kw("hw-address", Type::Str, "Known by its hardware address."),
        kw("ip-address", Ipv4, "Address of the client."),
        kw("next-server", Ipv4, "Field siaddr of answers."),
        OPTIONS,
        kw("server-hostname", Text(SNAME), "Field sname of answers."),
        USER_CONTEXT,
    ],
};
