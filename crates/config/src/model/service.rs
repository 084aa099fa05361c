//! Parts that concern the process rather than the protocol.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base::ServerTag;

/// What a server of either family is configured with beside the protocol.
#[derive(Clone, Debug)]
pub struct Services {
    pub server_tag: ServerTag,
    pub interfaces: InterfacesConfig,
    pub control_sockets: Vec<ControlSocket>,
    pub lease_database: DatabaseAccess,
    pub config_control: Option<ConfigControl>,
    /// Where host reservations are looked up beside the configuration, in this order.
    pub hosts_databases: Vec<DatabaseAccess>,
    pub expired_leases: ExpiredLeases,
    pub hooks_libraries: Vec<HookLibrary>,
    pub loggers: Vec<Logger>,
    pub multi_threading: MultiThreading,
    pub queue_control: QueueControl,
    pub sanity_checks: SanityChecks,
    pub d2_client: D2Client,
    pub statistic_default_sample_count: u32,
    pub statistic_default_sample_age: u32,
    pub parked_packet_limit: u32,
    /// `reservations-lookup-first`, where it is written.
    pub reservations_lookup_first: Option<bool>,
    /// `data-directory` of DHCPv6 as written: may only say where files lie anyway.
    pub data_directory: Option<String>,
}

/// `interfaces-config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfacesConfig {
    /// `*`, `eth0`, `eth0/192.0.2.1`, as written.
    pub interfaces: Vec<String>,
    pub socket_type: SocketType,
    pub outbound_interface: OutboundInterface,
    /// Sockets follow interfaces as these come and go.
    pub re_detect: bool,
    pub service_sockets_require_all: bool,
    pub service_sockets_max_retries: u32,
    /// Milliseconds.
    pub service_sockets_retry_wait_time: u32,
}

/// `dhcp-socket-type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketType {
    #[default]
    Raw,
    Udp,
}

/// `outbound-interface`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutboundInterface {
    #[default]
    SameAsInbound,
    UseRouting,
}

/// An entry of `control-sockets`, or `control-socket`.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlSocket {
    Unix {
        path: String,
    },
    Http {
        address: std::net::IpAddr,
        port: u16,
        authentication: Option<Authentication>,
        /// `http-headers`: name and value.
        headers: Vec<(String, String)>,
        /// `None`: plain HTTP.
        tls: Option<TlsPaths>,
    },
}

/// `trust-anchor`, `cert-file`, `key-file` and `cert-required`, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsPaths {
    pub trust_anchor: String,
    pub cert_file: String,
    pub key_file: String,
    pub cert_required: bool,
}

/// `authentication` of type basic.
#[derive(Clone, PartialEq)]
pub struct Authentication {
    pub realm: String,
    /// User and password; texts as they are after reading the files.
    pub clients: Vec<(String, String)>,
}

impl std::fmt::Debug for Authentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the credentials.
        write!(f, "Authentication {{ realm: {:?}, clients: {} }}", self.realm, self.clients.len())
    }
}

/// `lease-database` and the entries of `config-databases`.
#[derive(Clone, PartialEq)]
pub struct DatabaseAccess {
    /// `memfile`, `sqlite`, `mysql`, `postgresql`.
    pub kind: String,
    /// File name (memfile, sqlite) or database name; empty: the default.
    pub name: String,
    pub host: String,
    /// 0: the default of the kind.
    pub port: u16,
    pub user: String,
    pub password: String,
    pub persist: bool,
    /// Durability of memfile: `fsync` before each answer leaves, or `os` as Kea.
    pub sync: SyncMode,
    /// Seconds; 0 is off.
    pub lfc_interval: u32,
    /// 0: unlimited.
    pub max_row_errors: u32,
    pub on_fail: OnFail,
    pub max_reconnect_tries: u32,
    /// Milliseconds.
    pub reconnect_wait_time: u32,
    pub retry_on_startup: bool,
    /// Never written to.
    pub read_only: bool,
    /// Seconds; 0 is the default, here and below.
    pub connect_timeout: u32,
    /// The longest of `read-timeout`, `write-timeout` and `tcp-user-timeout`.
    pub answer_timeout: u32,
    pub tls: DatabaseTls,
}

/// Encryption of the connection to a database server; empty texts are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseTls {
    /// `ssl-mode`.
    pub mode: String,
    pub trust_anchor: String,
    pub cert_file: String,
    pub key_file: String,
}

impl std::fmt::Debug for DatabaseAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "type={} name={} host={} user={} password=*****",
            self.kind, self.name, self.host, self.user
        )
    }
}

/// When an acknowledged lease is on the medium: keyword `persist-sync` of a memfile `lease-database`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// Written and synced before the answer leaves.
    #[default]
    Fsync,
    /// Written before the answer leaves; the operating system syncs when it likes (Kea's promise).
    Os,
}

/// `on-fail`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFail {
    #[default]
    StopRetryExit,
    ServeRetryExit,
    ServeRetryContinue,
}

/// `config-control`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigControl {
    pub databases: Vec<DatabaseAccess>,
    /// Seconds; 0 is off.
    pub fetch_wait_time: u32,
    /// Changes are looked for all the time, and not only by the timer.
    pub push: bool,
}

/// `expired-leases-processing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiredLeases {
    /// Seconds; 0 is off.
    pub reclaim_timer_wait_time: u32,
    /// Seconds; 0 is off.
    pub flush_reclaimed_timer_wait_time: u32,
    /// Seconds.
    pub hold_reclaimed_time: u32,
    /// 0: unlimited.
    pub max_reclaim_leases: u32,
    /// Milliseconds; 0: unlimited.
    pub max_reclaim_time: u32,
    pub unwarned_reclaim_cycles: u32,
}

/// An entry of `hooks-libraries`.
#[derive(Clone, Debug, PartialEq)]
pub struct HookLibrary {
    /// As written: a path or a base name.
    pub library: String,
    pub parameters: json::Map,
    pub pos: json::Pos,
}

impl HookLibrary {
    /// Whether it is the library of a base name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        Path::new(&self.library).file_stem().is_some_and(|stem| stem == name)
    }
}

/// An entry of `loggers`.
#[derive(Clone, Debug, PartialEq)]
pub struct Logger {
    pub name: String,
    pub severity: String,
    pub debuglevel: u8,
    pub outputs: Vec<LoggerOutput>,
}

/// An entry of `output-options`.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggerOutput {
    /// `stdout`, `stderr`, `syslog`, `syslog:NAME` or a file.
    pub output: String,
    pub flush: bool,
    pub maxsize: u64,
    pub maxver: u32,
    pub pattern: String,
}

/// `multi-threading`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiThreading {
    pub enable: bool,
    /// 0: one per core.
    pub thread_pool_size: u16,
    pub packet_queue_size: u16,
}

/// `dhcp-queue-control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueControl {
    pub enable: bool,
    pub queue_type: Arc<str>,
    pub capacity: u32,
}

/// What happens to a lease that fits no subnet when it is loaded (`lease-checks`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaseChecks {
    None,
    /// It is logged.
    #[default]
    Warn,
    /// It moves to the subnet of its address if there is one.
    Fix,
    /// As [`Fix`](Self::Fix); if there is none, it is deleted.
    FixDelete,
    Delete,
}

impl LeaseChecks {
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "warn" => Self::Warn,
            "fix" => Self::Fix,
            "fix-del" => Self::FixDelete,
            "del" => Self::Delete,
            _ => return None,
        })
    }
}

/// How closely the extended information of leases is looked at (`extended-info-checks`): each level does what those
/// before it do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExtendedInfoChecks {
    None,
    /// The form of earlier releases becomes the present one; what cannot be read goes.
    #[default]
    Fix,
    /// So does what leases cannot be found by.
    Strict,
    /// So does what is not as this server writes it, but for comments.
    Pedantic,
}

impl ExtendedInfoChecks {
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "fix" => Self::Fix,
            "strict" => Self::Strict,
            "pedantic" => Self::Pedantic,
            _ => return None,
        })
    }
}

/// `sanity-checks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SanityChecks {
    pub lease_checks: LeaseChecks,
    pub extended_info_checks: ExtendedInfoChecks,
}

/// `dhcp-ddns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct D2Client {
    pub enable_updates: bool,
    /// Where requests go.
    pub server: SocketAddr,
    /// Where they come from; port 0: any.
    pub sender: SocketAddr,
    /// Requests that may wait to be sent.
    pub max_queue_size: usize,
}
