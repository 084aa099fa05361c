//! Maps that concern the process.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Family, ServerTag};
use json::{Map, Pos, Value};

use super::Context;
use crate::error::{ConfigError, ErrorKind};
use crate::keywords::{DATABASE, OUTPUT_OPTION, Table};
use crate::parse::objects::{boolean, int, list, strings, text};
use crate::parse::position;
use crate::{
    Authentication, ConfigControl, ControlSocket, D2Client, DatabaseAccess, DatabaseTls, ExpiredLeases,
    ExtendedInfoChecks, HookLibrary, InterfacesConfig, LeaseChecks, Logger, LoggerOutput, MultiThreading,
    OnFail, OutboundInterface, QueueControl, SanityChecks, Services, SocketType, SyncMode, TlsPaths,
};

/// Largest user or password file that is read.
const SECRET_BYTES: u64 = 64 << 10;

/// The first line of a file, without its end.
///
/// # Errors
/// Why it cannot be read.
pub fn read_secret(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut text = String::new();
    file.take(SECRET_BYTES).read_to_string(&mut text).map_err(|e| e.to_string())?;
    Ok(text.lines().next().unwrap_or("").to_owned())
}

/// A packet queue of its own has a server with a single thread alone; it is not served.
fn queue_ahead(ctx: &mut Context<'_>, map: &Map) {
    let Some(enable) = ctx.leaf(map, "dhcp-queue-control", "enable-queue") else { return };
    let threads = ctx.leaf(map, "multi-threading", "enable-multi-threading");
    if enable.as_bool() == Some(true) && threads.and_then(|value| value.as_bool()) == Some(false) {
        ctx.enter("dhcp-queue-control");
        let text = "keyword \"enable-queue\" in dhcp-queue-control map: the packet queue ahead of a single thread is \
                    not served; worker threads have queues of their own";
        ctx.push(ConfigError::at(&enable.pos(), text).kind(ErrorKind::Unsupported));
    }
}

pub(crate) fn resolve(ctx: &mut Context<'_>, map: &Map, pos: &Pos) -> Services {
    let server_tag = ServerTag::of_server(text(map, "server-tag").unwrap_or("")).unwrap_or_else(|why| {
        ctx.fault(pos, why);
        ServerTag::default()
    });
    ctx.enter("control-sockets");
    let realm = match ctx.family {
        Family::V4 => "kea-dhcpv4-server",
        Family::V6 => "kea-dhcpv6-server",
    };
    let control_sockets = control_sockets(ctx, list(map, "control-sockets"), realm);
    ctx.enter("lease-database");
    let lease_database = match map.get("lease-database").and_then(Value::as_map) {
        Some(database) => database_access(ctx, database),
        None => database_access(ctx, &Map::from([("type".to_owned(), "memfile".into())])),
    };
    ctx.enter("config-control");
    let config_control = map.get("config-control").and_then(Value::as_map).map(|control| ConfigControl {
        databases: list(control, "config-databases")
            .iter()
            .filter_map(Value::as_map)
            .map(|database| database_access(ctx, database))
            .collect(),
        fetch_wait_time: int(control, "config-fetch-wait-time").map_or(30, u32_of),
        push: control.get("config-push").and_then(Value::as_bool).unwrap_or(true),
    });
    ctx.enter("hosts-databases");
    let hosts_databases = list(map, "hosts-databases")
        .iter()
        .filter_map(Value::as_map)
        .map(|database| database_access(ctx, database))
        .collect();
    let d2_client = d2_client(ctx, map);
    queue_ahead(ctx, map);
    let flag =
        |holder: &str, name: &str| ctx.leaf(map, holder, name).and_then(|v| v.as_bool()).unwrap_or(false);
    let number =
        |holder: &str, name: &str| ctx.leaf(map, holder, name).and_then(|v| v.as_int()).map_or(0, u32_of);
    let word = |holder: &str, name: &str| {
        ctx.leaf(map, holder, name).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let expired = |name: &str| number("expired-leases-processing", name);
    let small = |holder: &str, name: &str| u16::try_from(number(holder, name)).unwrap_or(u16::MAX);
    let own = |name: &str| ctx.global(map, name).and_then(|value| value.as_int()).map_or(0, u32_of);
    Services {
        server_tag,
        interfaces: interfaces(ctx, map),
        control_sockets,
        lease_database,
        config_control,
        hosts_databases,
        expired_leases: ExpiredLeases {
            reclaim_timer_wait_time: expired("reclaim-timer-wait-time"),
            flush_reclaimed_timer_wait_time: expired("flush-reclaimed-timer-wait-time"),
            hold_reclaimed_time: expired("hold-reclaimed-time"),
            max_reclaim_leases: expired("max-reclaim-leases"),
            max_reclaim_time: expired("max-reclaim-time"),
            unwarned_reclaim_cycles: expired("unwarned-reclaim-cycles"),
        },
        hooks_libraries: hooks_libraries(map),
        loggers: loggers(map),
        multi_threading: MultiThreading {
            enable: flag("multi-threading", "enable-multi-threading"),
            thread_pool_size: small("multi-threading", "thread-pool-size"),
            packet_queue_size: small("multi-threading", "packet-queue-size"),
        },
        queue_control: QueueControl {
            enable: flag("dhcp-queue-control", "enable-queue"),
            queue_type: Arc::from(word("dhcp-queue-control", "queue-type")),
            capacity: number("dhcp-queue-control", "capacity"),
        },
        sanity_checks: SanityChecks {
            lease_checks: LeaseChecks::from_word(&word("sanity-checks", "lease-checks")).unwrap_or_default(),
            extended_info_checks: ExtendedInfoChecks::from_word(&word(
                "sanity-checks",
                "extended-info-checks",
            ))
            .unwrap_or_default(),
        },
        d2_client,
        statistic_default_sample_count: own("statistic-default-sample-count"),
        statistic_default_sample_age: own("statistic-default-sample-age"),
        parked_packet_limit: own("parked-packet-limit"),
        reservations_lookup_first: boolean(map, "reservations-lookup-first"),
        data_directory: text(map, "data-directory").filter(|path| !path.is_empty()).map(str::to_owned),
    }
}

/// `dhcp-ddns`.
fn d2_client(ctx: &mut Context<'_>, map: &Map) -> D2Client {
    const HOLDER: &str = "dhcp-ddns";
    ctx.enter(HOLDER);
    let members: Map =
        ["enable-updates", "max-queue-size", "sender-ip", "sender-port", "server-ip", "server-port"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), ctx.leaf(map, HOLDER, name)?)))
            .collect();
    let get = |name: &str| members.get(name);
    let port =
        |name: &str| get(name).and_then(|v| v.as_int()).and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
    let address =
        |name: &str| get(name).and_then(|v| v.as_str().and_then(|text| text.parse::<IpAddr>().ok()));
    let server =
        SocketAddr::new(address("server-ip").unwrap_or(Ipv4Addr::LOCALHOST.into()), port("server-port"));
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let written = get("sender-ip").filter(|v| v.as_str() != Some(""));
    // Any is any, of whichever family it is written.
    let sender_ip = address("sender-ip").filter(|ip| !ip.is_unspecified()).unwrap_or(any);
    let sender = SocketAddr::new(sender_ip, port("sender-port"));
    if let Some(written) = &written {
        let text = written.as_str().unwrap_or_default();
        let family = |address: SocketAddr| if address.is_ipv4() { "IPv4" } else { "IPv6" };
        if text.parse::<IpAddr>().is_err() {
            let text = format!("invalid address ({text}) specified for parameter 'sender-ip'");
            ctx.fault(&written.pos(), text);
        } else if sender.is_ipv4() != server.is_ipv4() {
            let text = format!(
                "D2ClientConfig error: address family mismatch: server-ip: {} is: {} while sender-ip: {} is: {}",
                server.ip(),
                family(server),
                sender.ip(),
                family(sender)
            );
            ctx.fault(&written.pos(), text);
        } else if sender == server {
            let text = format!(
                "D2ClientConfig error: server and sender cannot share the exact same IP address/port: {}/{}",
                server.ip(),
                server.port()
            );
            ctx.fault(&written.pos(), text);
        }
    }
    D2Client {
        enable_updates: get("enable-updates").and_then(|v| v.as_bool()).unwrap_or(false),
        server,
        sender,
        max_queue_size: get("max-queue-size")
            .and_then(|v| v.as_int())
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(1),
    }
}

fn u32_of(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn interfaces(ctx: &Context<'_>, map: &Map) -> InterfacesConfig {
    let get = |name: &str| ctx.leaf(map, "interfaces-config", name);
    let word = |name: &str| get(name).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    let empty = Map::new();
    let own = map.get("interfaces-config").and_then(Value::as_map).unwrap_or(&empty);
    InterfacesConfig {
        interfaces: strings(own, "interfaces").map(|s| s.trim().to_owned()).collect(),
        socket_type: if word("dhcp-socket-type") == "udp" { SocketType::Udp } else { SocketType::Raw },
        outbound_interface: if word("outbound-interface") == "use-routing" {
            OutboundInterface::UseRouting
        } else {
            OutboundInterface::SameAsInbound
        },
        re_detect: get("re-detect").and_then(|v| v.as_bool()).unwrap_or(true),
        service_sockets_require_all: get("service-sockets-require-all")
            .and_then(|v| v.as_bool())
            .unwrap_or(false),
        service_sockets_max_retries: get("service-sockets-max-retries")
            .and_then(|v| v.as_int())
            .map_or(0, u32_of),
        service_sockets_retry_wait_time: get("service-sockets-retry-wait-time")
            .and_then(|v| v.as_int())
            .map_or(5000, u32_of),
    }
}

pub(crate) fn hooks_libraries(map: &Map) -> Vec<HookLibrary> {
    list(map, "hooks-libraries")
        .iter()
        .filter_map(|value| {
            let map = value.as_map()?;
            Some(HookLibrary {
                library: text(map, "library")?.to_owned(),
                parameters: map.get("parameters").and_then(Value::as_map).cloned().unwrap_or_default(),
                pos: value.pos(),
            })
        })
        .collect()
}

/// `loggers` of a server or of the agent.
pub fn loggers(map: &Map) -> Vec<Logger> {
    list(map, "loggers").iter().filter_map(|value| logger(value.as_map()?)).collect()
}

fn logger(map: &Map) -> Option<Logger> {
    let output = |map: &Map| LoggerOutput {
        output: text(map, "output").unwrap_or("stdout").to_owned(),
        flush: boolean(map, "flush").unwrap_or(true),
        maxsize: default_int(&OUTPUT_OPTION, map, "maxsize").and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        maxver: default_int(&OUTPUT_OPTION, map, "maxver").map_or(1, u32_of),
        pattern: text(map, "pattern").unwrap_or("").to_owned(),
    };
    Some(Logger {
        name: text(map, "name")?.to_owned(),
        severity: text(map, "severity").unwrap_or("INFO").to_owned(),
        debuglevel: int(map, "debuglevel").and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        outputs: list(map, "output-options").iter().filter_map(Value::as_map).map(output).collect(),
    })
}

fn default_int(table: &Table, map: &Map, name: &str) -> Option<i64> {
    int(map, name).or_else(|| table.get(name)?.default.value()?.as_int())
}

pub(crate) fn database_access(ctx: &mut Context<'_>, map: &Map) -> DatabaseAccess {
    let word = |name: &str| text(map, name).unwrap_or("").to_owned();
    let number = |name: &str| default_int(&DATABASE, map, name).map_or(0, u32_of);
    let mut password = word("password");
    if let Some(file) = map.get("password-file")
        && let Some(path) = file.as_str().filter(|p| !p.is_empty())
    {
        match (ctx.env.read_secret)(Path::new(path)) {
            Ok(secret) => password = secret,
            Err(why) => ctx.fault(&file.pos(), format_args!("cannot read password-file '{path}': {why}")),
        }
    }
    DatabaseAccess {
        kind: word("type"),
        name: word("name"),
        host: word("host"),
        port: int(map, "port").and_then(|p| u16::try_from(p).ok()).unwrap_or(0),
        user: word("user"),
        password,
        persist: boolean(map, "persist").unwrap_or(true),
        sync: if text(map, "persist-sync") == Some("os") { SyncMode::Os } else { SyncMode::Fsync },
        lfc_interval: number("lfc-interval"),
        max_row_errors: number("max-row-errors"),
        on_fail: match text(map, "on-fail") {
            Some("serve-retry-exit") => OnFail::ServeRetryExit,
            Some("serve-retry-continue") => OnFail::ServeRetryContinue,
            _ => OnFail::StopRetryExit,
        },
        max_reconnect_tries: number("max-reconnect-tries"),
        reconnect_wait_time: number("reconnect-wait-time"),
        retry_on_startup: boolean(map, "retry-on-startup").unwrap_or(false),
        read_only: boolean(map, "readonly").unwrap_or(false),
        connect_timeout: number("connect-timeout"),
        answer_timeout: ["read-timeout", "write-timeout", "tcp-user-timeout"]
            .into_iter()
            .map(number)
            .max()
            .unwrap_or(0),
        tls: DatabaseTls {
            mode: word("ssl-mode"),
            trust_anchor: word("trust-anchor"),
            cert_file: word("cert-file"),
            key_file: word("key-file"),
        },
    }
}

/// The sockets of `control-sockets`, each at a place of its own.
pub(super) fn control_sockets<'v>(
    ctx: &mut Context<'_>,
    written: impl IntoIterator<Item = &'v Value>,
    realm: &str,
) -> Vec<ControlSocket> {
    let mut sockets: Vec<ControlSocket> = Vec::new();
    for value in written {
        let Some(socket) = control_socket(ctx, value, realm) else { continue };
        let place = |socket: &ControlSocket| match socket {
            ControlSocket::Unix { .. } => None,
            ControlSocket::Http { address, port, .. } => Some((*address, *port)),
        };
        if let Some((address, port)) = place(&socket)
            && sockets.iter().any(|other| place(other) == Some((address, port)))
        {
            ctx.fault(&value.pos(), format_args!("there are two control sockets on {address} port {port}"));
        }
        sockets.push(socket);
    }
    sockets
}

fn control_socket(ctx: &mut Context<'_>, value: &Value, realm: &str) -> Option<ControlSocket> {
    let map = value.as_map()?;
    match text(map, "socket-type")? {
        "unix" => Some(ControlSocket::Unix { path: text(map, "socket-name")?.to_owned() }),
        "http" | "https" => Some(ControlSocket::Http {
            address: text(map, "socket-address").unwrap_or("127.0.0.1").parse().ok()?,
            port: int(map, "socket-port").and_then(|p| u16::try_from(p).ok()).unwrap_or(8000),
            authentication: map
                .get("authentication")
                .and_then(Value::as_map)
                .map(|auth| authentication(ctx, auth, realm)),
            headers: headers(map),
            tls: tls(map),
        }),
        _ => None,
    }
}

/// `http-headers`: name and value.
pub(crate) fn headers(map: &Map) -> Vec<(String, String)> {
    let header = |header: &Value| {
        let header = header.as_map()?;
        Some((text(header, "name")?.to_owned(), text(header, "value")?.to_owned()))
    };
    list(map, "http-headers").iter().filter_map(header).collect()
}

/// The files of a server's TLS: none of them, or all, which was checked.
pub(crate) fn tls(map: &Map) -> Option<TlsPaths> {
    let word = |name: &str| text(map, name).filter(|path| !path.is_empty()).map(str::to_owned);
    Some(TlsPaths {
        trust_anchor: word("trust-anchor")?,
        cert_file: word("cert-file")?,
        key_file: word("key-file")?,
        cert_required: boolean(map, "cert-required").unwrap_or(true),
    })
}

/// `authentication`, with the files read.
pub(crate) fn authentication(ctx: &mut Context<'_>, map: &Map, realm: &str) -> Authentication {
    let directory = text(map, "directory").unwrap_or("");
    let clients = list(map, "clients").iter().filter_map(|client| {
        let map = client.as_map()?;
        credentials(ctx, map, &client.pos(), directory)
    });
    let clients = clients.collect();
    Authentication { realm: text(map, "realm").unwrap_or(realm).to_owned(), clients }
}

pub(crate) fn credentials(
    ctx: &mut Context<'_>,
    map: &Map,
    pos: &Pos,
    directory: &str,
) -> Option<(String, String)> {
    // Both are looked at before either gives up: all faults are reported at once.
    let password = secret(ctx, map, "password", "password-file", directory);
    let user = secret(ctx, map, "user", "user-file", directory);
    let (mut password, user) = (password?, user?);
    let user = match (user, &password) {
        (Some(user), _) => user,
        // Without a user the file holds both.
        (None, Some(both)) => match both.split_once(':') {
            Some((user, rest)) => {
                let user = user.to_owned();
                password = Some(rest.to_owned());
                user
            }
            None => {
                let file = text(map, "password-file").unwrap_or("");
                let at = position(map, "password-file", pos);
                ctx.fault(&at, format_args!("can't find the user id part in password-file '{file}'"));
                return None;
            }
        },
        (None, None) => {
            ctx.fault(pos, "user is required in clients items");
            return None;
        }
    };
    if user.is_empty() || user.contains(':') {
        let at = position(map, "user-file", pos);
        ctx.fault(&at, "user must not be empty and must not contain a ':'");
        return None;
    }
    Some((user, password.unwrap_or_default()))
}

/// A user or a password, given or in a file. `None` when it cannot be had, which was reported.
#[allow(clippy::option_option)]
fn secret(
    ctx: &mut Context<'_>,
    map: &Map,
    clear: &str,
    file: &str,
    directory: &str,
) -> Option<Option<String>> {
    if let Some(value) = map.get(clear) {
        if !ctx.env.relaxed {
            let text = format!("use of clear text '{clear}' is NOT SECURE");
            ctx.push(ConfigError::at(&value.pos(), text).kind(ErrorKind::Security));
            return None;
        }
        return Some(value.as_str().map(str::to_owned));
    }
    let Some(value) = map.get(file) else { return Some(None) };
    let name = value.as_str().unwrap_or("");
    let path = if directory.is_empty() { PathBuf::from(name) } else { Path::new(directory).join(name) };
    match (ctx.env.read_secret)(&path) {
        Ok(secret) => Some(Some(secret)),
        Err(why) => {
            ctx.fault(&value.pos(), format_args!("cannot read {file} '{}': {why}", path.display()));
            None
        }
    }
}
