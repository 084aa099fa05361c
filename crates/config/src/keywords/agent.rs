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
        kw("cert-file", Type::Str, "Certificate of the agent; with it the agent serves HTTPS."),
        kw("cert-required", Type::Bool, "Clients have to show certificates.").bool(true),
        COMMENT,
        kw("control-sockets", Map(&AGENT_SOCKETS), "Sockets of the servers, by service."),
        kw("hooks-libraries", Maps(&v::HOOKS_LIBRARY), "Extensions; the agent has libdhcp_rbac.so.")
            .default(EmptyList),
        kw("http-headers", Maps(&v::HTTP_HEADER), "Headers added to each HTTP answer."),
        kw("http-host", Address, "Address to listen on.").text("127.0.0.1"),
        kw("http-port", Int(0, U16), "Port to listen on.").int(8000),
        kw("key-file", Type::Str, "Key of the certificate."),
        kw("loggers", Maps(&v::LOGGER), "What is logged, and where."),
        kw("trust-anchor", Type::Str, "Certificates that vouch for clients: a file or a directory."),
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

pub static AGENT_SOCKET: Table = Table {
    name: "control-socket",
    metadata: false,
    keywords: &[
        kw("cert-file", Type::Str, "Certificate that the agent shows to the server (https)."),
        COMMENT,
        kw("key-file", Type::Str, "Key of that certificate."),
        kw("password", Type::Str, "Password in clear text; refused unless security checks are off."),
        kw("password-file", Type::Str, "File that holds the password (http, https)."),
        kw("socket-address", Type::Str, "Name or address of the server (http, https)."),
        kw("socket-name", Type::Str, "Path of the socket (unix)."),
        kw("socket-port", Int(1, U16), "Port of the server (http, https)."),
        kw(
            "socket-type",
            Type::Word(&["unix", "http", "https"]),
            "How the server is reached; http and https are an extension of this agent.",
        )
        .text("unix"),
        kw("trust-anchor", Type::Str, "Certificates that vouch for the server (https)."),
        kw("user", Type::Str, "User in clear text; refused unless security checks are off."),
        USER_CONTEXT,
        kw("user-file", Type::Str, "File that holds the user (http, https)."),
    ],
};
