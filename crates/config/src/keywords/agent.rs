//! The map of the control agent.

use super::Literal::EmptyList;
use super::Type::{Address, Int, Map, Maps};
use super::service as v;
use super::{COMMENT, Table, Type, U16, USER_CONTEXT, kw};

pub static AGENT: Table = Table {
    name: "Control-agent",
    metadata: false,
    keywords: &[
        kw("authentication", Map(&v::AUTHENTICATION), "Who may send commands."),
        kw("cert-file", Type::Str, "Certificate of the agent.")
            .text("")
            .only(super::Literal::Str(""), "TLS is not served yet"),
        kw("cert-required", Type::Bool, "Ask clients for certificates.").bool(true),
        COMMENT,
        kw("control-sockets", Map(&AGENT_SOCKETS), "Sockets of the servers, by service."),
        kw("hooks-libraries", Maps(&v::HOOKS_LIBRARY), "Extensions.")
            .default(EmptyList)
            .only(EmptyList, "the control agent loads no hook libraries"),
        kw("http-host", Address, "Address to listen on.").text("127.0.0.1"),
        kw("http-port", Int(0, U16), "Port to listen on.").int(8000),
        kw("key-file", Type::Str, "Key of the certificate.")
            .text("")
            .only(super::Literal::Str(""), "TLS is not served yet"),
        kw("loggers", Maps(&v::LOGGER), "What is logged, and where."),
        kw("trust-anchor", Type::Str, "Certificates that vouch for clients.")
            .text("")
            .only(super::Literal::Str(""), "TLS is not served yet"),
        USER_CONTEXT,
    ],
};

static AGENT_SOCKETS: Table = Table {
    name: "control-sockets",
    metadata: false,
    keywords: &[
        kw("d2", Map(&AGENT_SOCKET), "Socket of the DNS update server."),
        kw("dhcp4", Map(&AGENT_SOCKET), "Socket of the DHCPv4 server."),
        kw("dhcp6", Map(&AGENT_SOCKET), "Socket of the DHCPv6 server."),
    ],
};

static AGENT_SOCKET: Table = Table {
    name: "control-socket",
    metadata: false,
    keywords: &[
        COMMENT,
        kw("socket-name", Type::Str, "Path of the socket.").required(),
        kw("socket-type", Type::Word(&["unix"]), "Only unix.").text("unix"),
        USER_CONTEXT,
    ],
};
