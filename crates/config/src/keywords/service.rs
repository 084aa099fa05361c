//! Maps that concern the process: interfaces, databases, sockets, loggers and the like.

use super::Literal::{EmptyList, EmptyMap, Str};
use super::Translation::{Global, Item, Name};
use super::Type::{Address, Bool, FreeMap, Int, Map, Maps, Strings, Word, WordAnyCase, WordOrBool};
use super::scope4::{HOSTNAME_CHAR_SET, REPLACE_CLIENT_NAME, REPLACE_CLIENT_NAME_BOOL};
use super::{COMMENT, Keyword, Literal, Table, Type, U16, U32, USER_CONTEXT, kw};

const CIPHERS: &str = "the ciphers are those of the TLS library, strong ones alone";

const RE_DETECT: Keyword =
    kw("re-detect", Bool, "Follow interfaces as they come and go, not only with a new configuration.")
        .bool(true);
const SOCKET_RETRIES: Keyword =
    kw("service-sockets-max-retries", Int(0, U32), "Attempts to open a socket that could not be opened.")
        .int(0);
const SOCKETS_REQUIRED: Keyword =
    kw("service-sockets-require-all", Bool, "End when a socket cannot be opened.").bool(false);
const SOCKET_RETRY_WAIT: Keyword =
    kw("service-sockets-retry-wait-time", Int(0, U32), "Milliseconds between those attempts.").int(5000);

pub static INTERFACES: Table = Table {
    name: "interfaces-config",
    metadata: false,
    keywords: &[
        COMMENT,
        kw(
            "dhcp-socket-type",
            Word(&["raw", "udp"]),
            "Raw sockets reach clients without an address, UDP only relayed ones.",
        )
        .text("raw"),
        kw("interfaces", Strings, "Interfaces to listen on: name, name/address, or * for all.")
            .default(EmptyList),
        kw(
            "outbound-interface",
            Word(&["same-as-inbound", "use-routing"]),
            "Which interface answers leave by; routing only with UDP sockets.",
        )
        .text("same-as-inbound"),
        RE_DETECT,
        SOCKET_RETRIES,
        SOCKETS_REQUIRED,
        SOCKET_RETRY_WAIT,
        USER_CONTEXT,
    ],
};

pub static INTERFACES6: Table = Table {
    name: "interfaces-config",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("interfaces", Strings, "Interfaces to listen on: name, name/unicast address, or * for all.")
            .default(EmptyList),
        RE_DETECT,
        SOCKET_RETRIES,
        SOCKETS_REQUIRED,
        SOCKET_RETRY_WAIT,
        USER_CONTEXT,
    ],
};

pub static DATABASE: Table = Table {
    name: "database",
    metadata: false,
    keywords: &[
        kw("cert-file", Type::Str, "Client certificate.").text(""),
        kw("cipher-list", Type::Str, "Ciphers of the connection.").text("").only(Str(""), CIPHERS),
        COMMENT,
        kw("connect-timeout", Int(0, U32), "Seconds until a connection attempt is given up; 0: that of the database.").int(0),
        kw("host", Type::Str, "Machine of the database.").text(""),
        kw("key-file", Type::Str, "Key of the client certificate.").text(""),
        kw("lfc-interval", Int(0, U32), "Seconds between clean-ups of the lease file; 0 is off.").int(3600),
        kw("max-reconnect-tries", Int(0, U32), "Attempts to reconnect after a loss; 0 is none.").int(0),
        kw("max-row-errors", Int(0, U32), "Malformed rows of a lease file that are tolerated; 0: any number.").int(0),
        kw("name", Type::Str, "File (memfile, sqlite) or name of the database."),
        kw("on-fail", Word(&["stop-retry-exit", "serve-retry-exit", "serve-retry-continue"]), "What happens to the service and the process while and after reconnecting.").text("stop-retry-exit"),
        kw("password", Type::Str, "Password of the database user.").text(""),
        kw("password-file", Type::Str, "File that holds the password.").text(""),
        kw("persist", Bool, "Keep leases in a file (memfile).").bool(true),
        kw("persist-sync", Word(&["fsync", "os"]), "When an acknowledged lease is on the medium: synced before the answer leaves (fsync), or written before it and synced when the operating system likes (os). An extension of this server.").text("fsync"),
        kw("port", Int(0, U16), "Port of the database; 0: its usual one.").int(0),
        kw("read-timeout", Int(0, U32), "Seconds (mysql).").int(0),
        kw("readonly", Bool, "Never written to (hosts-databases; a lease-database is).").bool(false),
        kw("reconnect-wait-time", Int(0, U32), "Milliseconds between attempts to reconnect.").int(0),
        kw("retry-on-startup", Bool, "Keep trying when the database cannot be reached at start.").bool(false),
        kw("ssl-mode", Word(&["", "disable", "prefer", "require", "verify-ca", "verify-full"]), "How much TLS to demand (postgresql).").text(""),
        kw("tcp-user-timeout", Int(0, U32), "Seconds (postgresql).").int(0),
        kw("trust-anchor", Type::Str, "Certificates that vouch for the server.").text(""),
        kw("type", Type::Str, "Kind of the database: memfile, mysql or postgresql for leases; sqlite, mysql or postgresql for config-databases and hosts-databases.").required(),
        kw("user", Type::Str, "Name of the database user.").text(""),
        USER_CONTEXT,
        kw("write-timeout", Int(0, U32), "Seconds (mysql).").int(0),
    ],
};

pub static CONFIG_CONTROL: Table = Table {
    name: "config-control",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("config-databases", Maps(&DATABASE), "Where configuration is fetched from besides this file.")
            .default(EmptyList),
        kw("config-fetch-wait-time", Int(0, U16), "Seconds between looks for changes; 0 is off.").int(30),
        kw(
            "config-push",
            Bool,
            "Whether changes are also served as soon as the database has them. Not of Kea.",
        )
        .bool(true),
        USER_CONTEXT,
    ],
};

pub static CONTROL_SOCKET: Table = Table {
    name: "control-sockets",
    metadata: false,
    keywords: &[
        kw("authentication", Map(&AUTHENTICATION), "Who may send commands over HTTP."),
        kw("cert-file", Type::Str, "Certificate of the server (https).").text(""),
        kw("cert-required", Bool, "Clients have to show certificates.").bool(true),
        COMMENT,
        kw("http-headers", Maps(&HTTP_HEADER), "Headers added to each HTTP answer.").default(EmptyList),
        kw("key-file", Type::Str, "Key of the certificate.").text(""),
        kw("socket-address", Address, "Address to listen on (http, https).").text("127.0.0.1"),
        kw("socket-name", Type::Str, "Path of the socket (unix)."),
        kw("socket-port", Int(0, U16), "Port to listen on (http, https).").int(8000),
        kw("socket-type", Type::Str, "unix, http or https.").required(),
        kw("trust-anchor", Type::Str, "Certificates that vouch for clients: a file or a directory.").text(""),
        USER_CONTEXT,
    ],
};

pub static AUTHENTICATION: Table = Table {
    name: "authentication",
    metadata: false,
    keywords: &[
        kw("clients", Maps(&CLIENT), "Users and their passwords.").default(EmptyList),
        COMMENT,
        kw("directory", Type::Str, "Where user-file and password-file lie.").text(""),
        kw("realm", Type::Str, "What the browser's question names."),
        kw("type", Word(&["basic"]), "Only basic HTTP authentication.").required(),
        USER_CONTEXT,
    ],
};

pub static CLIENT: Table = Table {
    name: "clients",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("password", Type::Str, "Password in clear text; refused unless security checks are off."),
        kw("password-file", Type::Str, "File that holds the password."),
        kw("user", Type::Str, "User in clear text; refused unless security checks are off."),
        USER_CONTEXT,
        kw("user-file", Type::Str, "File that holds the user."),
    ],
};

pub static HTTP_HEADER: Table = Table {
    name: "http-headers",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("name", Type::Str, "Name of the header.").required(),
        USER_CONTEXT,
        kw("value", Type::Str, "Its value.").required(),
    ],
};

pub static HOOKS_LIBRARY: Table = Table {
    name: "hooks-libraries",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("library", Type::Str, "Path or file name of the library.").required(),
        kw("parameters", FreeMap, "Parameters of the library.").default(EmptyMap),
        USER_CONTEXT,
    ],
};

const SEVERITIES: &[&str] = &["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "NONE"];

pub static LOGGER: Table = Table {
    name: "loggers",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("debuglevel", Int(0, 99), "How much detail at severity DEBUG.").int(0),
        kw("name", Type::Str, "Program, or program.component.").required(),
        kw("output-options", Maps(&OUTPUT_OPTION), "Where messages go; standard output without it."),
        kw("output_options", Maps(&OUTPUT_OPTION), "Old spelling of output-options.")
            .old(Name("output-options")),
        kw("severity", WordAnyCase(SEVERITIES), "Least severity that is reported.").text("INFO"),
        USER_CONTEXT,
    ],
};

pub static OUTPUT_OPTION: Table = Table {
    name: "output-options",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("flush", Bool, "Write each message at once.").bool(true),
        kw("maxsize", Int(0, i64::MAX), "Octets after which a file is rotated; below 204800 never.")
            .int(10_240_000),
        kw("maxver", Int(0, U32), "Rotated files that are kept.").int(1),
        kw("output", Type::Str, "stdout, stderr, syslog, syslog:NAME or a file.").required(),
        kw(
            "pattern",
            Type::Str,
            "Layout of the lines; json, an extension of this server, makes each a JSON object.",
        )
        .text(""),
        USER_CONTEXT,
    ],
};

pub static EXPIRED_LEASES: Table = Table {
    name: "expired-leases-processing",
    metadata: false,
    keywords: &[
        kw(
            "flush-reclaimed-timer-wait-time",
            Int(0, U16),
            "Seconds between removals of reclaimed leases; 0 is off.",
        )
        .int(25)
        .stored(),
        kw("hold-reclaimed-time", Int(0, U32), "Seconds that a reclaimed lease is kept for its client.")
            .int(3600)
            .stored(),
        kw("max-reclaim-leases", Int(0, U32), "Leases reclaimed in one go; 0: all.").int(100).stored(),
        kw("max-reclaim-time", Int(0, 10_000), "Milliseconds that reclaiming may take in one go; 0: any.")
            .int(250)
            .stored(),
        kw("reclaim-timer-wait-time", Int(0, U16), "Seconds between searches for expired leases; 0 is off.")
            .int(10)
            .stored(),
        kw("unwarned-reclaim-cycles", Int(0, U16), "Unfinished searches in a row before a warning.")
            .int(5)
            .stored(),
    ],
};

pub static MULTI_THREADING: Table = Table {
    name: "multi-threading",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("enable-multi-threading", Bool, "Serve packets on several threads.").bool(true).stored(),
        kw("packet-queue-size", Int(0, U16), "Packets that may wait per thread; 0: any number.")
            .int(64)
            .stored(),
        kw("thread-pool-size", Int(0, U16), "Threads; 0: one for each core.").int(0).stored(),
        USER_CONTEXT,
    ],
};

const QUEUE_CAPACITY: Keyword = kw("capacity", Int(1, U32), "Packets that the queue holds.").int(64).stored();
const ENABLE_QUEUE: Keyword =
    kw("enable-queue", Bool, "Queue packets ahead of a single thread; of no effect with several threads.")
        .bool(false)
        .stored();

pub static QUEUE_CONTROL: Table = Table {
    name: "dhcp-queue-control",
    metadata: false,
    keywords: &[
        QUEUE_CAPACITY,
        COMMENT,
        ENABLE_QUEUE,
        kw("queue-type", Type::Str, "Kind of the queue.").text("kea-ring4").stored(),
        USER_CONTEXT,
    ],
};

pub static QUEUE_CONTROL6: Table = Table {
    name: "dhcp-queue-control",
    metadata: false,
    keywords: &[
        QUEUE_CAPACITY,
        COMMENT,
        ENABLE_QUEUE,
        kw("queue-type", Type::Str, "Kind of the queue.").text("kea-ring6").stored(),
        USER_CONTEXT,
    ],
};

pub static SANITY_CHECKS: Table = Table {
    name: "sanity-checks",
    metadata: false,
    keywords: &[
        kw(
            "extended-info-checks",
            Word(&["none", "fix", "strict", "pedantic"]),
            "What to do with malformed extended information of leases.",
        )
        .text("fix")
        .stored(),
        kw(
            "lease-checks",
            Word(&["none", "warn", "fix", "fix-del", "del"]),
            "What to do with leases that fit no subnet when they are loaded.",
        )
        .text("warn")
        .stored(),
    ],
};

pub static DHCP_DDNS: Table = Table {
    name: "dhcp-ddns",
    metadata: false,
    keywords: &[
        kw("always-include-fqdn", Bool, "Gone since Kea 1.8.").only(
            Literal::Bool(false),
            "clients that do not send the FQDN option are not sent it (see ddns-replace-client-name)",
        ),
        COMMENT,
        kw("enable-updates", Bool, "Send name change requests.").bool(false).stored(),
        kw("generated-prefix", Type::Str, "Old place of ddns-generated-prefix.")
            .old(Global("ddns-generated-prefix")),
        kw("hostname-char-replacement", Type::Str, "Old place of the global parameter.")
            .old(Global("hostname-char-replacement")),
        kw("hostname-char-set", Type::Str, HOSTNAME_CHAR_SET).old(Global("hostname-char-set")),
        kw("max-queue-size", Int(1, U32), "Requests that may wait to be sent.").int(1024).stored(),
        kw("ncr-format", Word(&["JSON"]), "Format of requests.").text("JSON").stored(),
        kw("ncr-protocol", Word(&["UDP", "TCP"]), "Transport of requests.").text("UDP").stored(),
        kw("override-client-update", Bool, "Old place of ddns-override-client-update.")
            .old(Global("ddns-override-client-update")),
        kw("override-no-update", Bool, "Old place of ddns-override-no-update.")
            .old(Global("ddns-override-no-update")),
        kw("qualifying-suffix", Type::Str, "Old place of ddns-qualifying-suffix.")
            .old(Global("ddns-qualifying-suffix")),
        kw(
            "replace-client-name",
            WordOrBool(REPLACE_CLIENT_NAME, REPLACE_CLIENT_NAME_BOOL),
            "Old place of ddns-replace-client-name.",
        )
        .old(Global("ddns-replace-client-name")),
        kw("sender-ip", Type::Str, "Address that requests are sent from; 0.0.0.0 and :: are any.")
            .text("0.0.0.0")
            .stored(),
        kw("sender-port", Int(0, U16), "Port that requests are sent from; 0: any.").int(0).stored(),
        kw("server-ip", Address, "Address of the DNS update server.").text("127.0.0.1").stored(),
        kw("server-port", Int(0, U16), "Port of the DNS update server.").int(53_001).stored(),
        USER_CONTEXT,
    ],
};

pub(super) const HOSTS_DATABASES: Keyword =
    kw("hosts-databases", Maps(&DATABASE), "Where host reservations are looked up.").default(EmptyList);
pub(super) const HOSTS_DATABASE: Keyword =
    kw("hosts-database", Map(&DATABASE), "Old spelling: the one item of hosts-databases.")
        .old(Item("hosts-databases"));
