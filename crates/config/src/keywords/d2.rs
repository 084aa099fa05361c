//! The map of the DNS update server.

use super::Literal::{EmptyList, EmptyMap};
use super::Translation::Item;
use super::Type::{Address, Int, Map, Maps, Str};
use super::service as v;
use super::{COMMENT, Table, Type, U16, U32, USER_CONTEXT, kw};

pub static D2: Table = Table {
    name: "DhcpDdns",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("control-socket", Map(&v::CONTROL_SOCKET), "Old for control-sockets with one item.")
            .old(Item("control-sockets")),
        kw("control-sockets", Maps(&v::CONTROL_SOCKET), "Where commands are taken."),
        kw(
            "dns-server-timeout",
            Int(1, U32),
            "Milliseconds that a name server has to answer an update; it is asked three times.",
        )
        .int(500),
        kw("forward-ddns", Map(&DIRECTION), "Zones of names.").default(EmptyMap),
        kw("hooks-libraries", Maps(&v::HOOKS_LIBRARY), "Extensions.").default(EmptyList),
        kw("ip-address", Address, "Address on which requests are taken; nobody is asked for a password.")
            .text("127.0.0.1"),
        kw("loggers", Maps(&v::LOGGER), "What is logged, and where."),
        kw("ncr-format", Type::WordAnyCase(&["JSON"]), "Format of requests.").text("JSON"),
        kw("ncr-protocol", Type::WordAnyCase(&["UDP", "TCP"]), "How requests come; only UDP is served.")
            .text("UDP"),
        kw("port", Int(1, U16), "Port on which requests are taken.").int(53001),
        kw("reverse-ddns", Map(&DIRECTION), "Zones of addresses.").default(EmptyMap),
        kw("tsig-keys", Maps(&TSIG_KEY), "Keys that updates are signed with.").default(EmptyList),
        USER_CONTEXT,
    ],
};

pub static DIRECTION: Table = Table {
    name: "ddns-domains",
    metadata: false,
    keywords: &[kw(
        "ddns-domains",
        Maps(&DDNS_DOMAIN),
        "The zones. Without one this direction is left alone.",
    )
    .default(EmptyList)],
};

pub static DDNS_DOMAIN: Table = Table {
    name: "ddns-domains",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("dns-servers", Maps(&DNS_SERVER), "Name servers that take updates of the zone, best first.")
            .required(),
        kw("key-name", Str, "Key that updates are signed with."),
        kw(
            "name",
            Str,
            "Name of the zone. The longest one that a name is in counts; * is for names that are in no other.",
        )
        .required(),
        USER_CONTEXT,
    ],
};

pub static DNS_SERVER: Table = Table {
    name: "dns-servers",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("hostname", Str, "Not served, as in Kea: give the address.").text(""),
        kw("ip-address", Address, "Address of the server.").required(),
        kw("key-name", Str, "Key for this server instead of the zone's."),
        kw("port", Int(1, U16), "Port of the server.").int(53),
        USER_CONTEXT,
    ],
};

pub static TSIG_KEY: Table = Table {
    name: "tsig-keys",
    metadata: false,
    keywords: &[
        kw(
            "algorithm",
            Type::WordAnyCase(&[
                "HMAC-MD5",
                "HMAC-SHA1",
                "HMAC-SHA224",
                "HMAC-SHA256",
                "HMAC-SHA384",
                "HMAC-SHA512",
            ]),
            "Keyed hash of the signatures.",
        )
        .required(),
        COMMENT,
        kw("digest-bits", Int(0, 512), "Bits that signatures are cut to; 0 leaves them whole.").int(0),
        kw("name", Str, "Name of the key, as the name server has it.").required(),
        kw("secret", Str, "The secret in base64, in clear text; refused unless security checks are off."),
        kw("secret-file", Str, "File that holds the secret in base64."),
        USER_CONTEXT,
    ],
};
