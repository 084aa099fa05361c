//! Log messages of the daemons, with Kea's identifiers: one definition each, for both families.

/// Logs a message of the family at hand: `say!(P, Started { version: "3.3.1" })`.
macro_rules! say {
    ($protocol:ident, $message:ident { $($fields:tt)* }) => {
        match <$protocol as $crate::Protocol>::FAMILY {
            ::base::Family::V4 => ::observe::log!($crate::messages::v4::$message { $($fields)* }),
            ::base::Family::V6 => ::observe::log!($crate::messages::v6::$message { $($fields)* }),
        }
    };
    ($protocol:ident, $message:ident) => {
        say!($protocol, $message {})
    };
}
pub(crate) use say;

/// `$id` begins the identifiers, `$logger` is the logger of the daemon, `$name` the name of the protocol.
macro_rules! family {
    ($module:ident, $id:literal, $logger:literal, $name:literal, $digit:literal) => {
        pub mod $module {
            observe::messages! {
    Starting { version, extended } = concat!($id, "_STARTING"), $logger, Info,
        concat!("Kea ", $name, " server version {version} ({extended}) starting"),
        "The program has begun; its configuration is not read yet.";
    StartInfo { pid, port, client_port, verbose } = concat!($id, "_START_INFO"), $logger, Debug(0),
        "pid: {pid}, server port: {port}, client port: {client_port}, verbose: {verbose}",
        "How the program was called.";
    Started { version } = concat!($id, "_STARTED"), $logger, Info,
        concat!("Kea ", $name, " server version {version} started"),
        "The configuration is in force and clients are answered.";
    InitFail { error } = concat!($id, "_INIT_FAIL"), $logger, Error,
        "failed to initialize Kea server: {error}",
        "The server could not start; the text says why. It ends.";
    AlreadyRunning { program, error } = concat!($id, "_ALREADY_RUNNING"), $logger, Fatal,
        "{program} already running? {error}",
        "Another process uses the same PID file. Stop it, or give this one a configuration file of another name.";
    Shutdown = concat!($id, "_SHUTDOWN"), $logger, Info,
        "server shutdown",
        "The server has ended in order.";
    ShutdownRequest = concat!($id, "_SHUTDOWN_REQUEST"), $logger, Debug(40),
        "shutdown of server requested",
        "A signal or the command shutdown asked for the end.";
    RootUser = concat!($id, "_ROOT_USER_SECURITY_WARNING"), $logger, Warn,
        concat!("kea-", $logger, " running as root user!"),
        "The server needs the capabilities CAP_NET_RAW and CAP_NET_BIND_SERVICE, not the whole of root.";
    ChecksDisabled = concat!($id, "_SECURITY_CHECKS_DISABLED"), $logger, Warn,
        "Invoked with command line option -X, Security checks are disabled!!",
        "Paths anywhere and control channels without authentication are accepted.";
    ConfigStart { config } = concat!($id, "_CONFIG_START"), $logger, Debug(45),
        concat!($name, " server is processing the following configuration: {config}"),
        "The configuration as received, without its secrets.";
    ConfigComplete { summary } = concat!($id, "_CONFIG_COMPLETE"), $logger, Info,
        concat!($name, " server has completed configuration: {summary}"),
        "A configuration is in force.";
    ConfigLoadFail { file, reason } = concat!($id, "_CONFIG_LOAD_FAIL"), $logger, Error,
        "configuration error using file: {file}, reason: {reason}",
        "The file cannot be used. At a start the server ends; otherwise the running configuration stays.";
    ParserFail { element, error } = concat!($id, "_PARSER_FAIL"), $logger, Error,
        "failed to create or run parser for configuration element {element}: {error}",
        "What is wrong with the configuration, one line for each fault.";
    LookupFirst = concat!($id, "_RESERVATIONS_LOOKUP_FIRST_ENABLED"), $logger, Warn,
        "Multi-threading is enabled and host reservations lookup is always performed first.",
        "The configuration has reservations-lookup-first, which changes nothing.";
    DataDirectory = concat!($id, "_DATA_DIRECTORY_DEPRECATED"), $logger, Warn,
        "'data-directory' has been deprecated and should no longer be used.",
        "It may only name the directory where files lie anyway, which KEA_DHCP_DATA_DIR moves.";
    LeaseFileRefused { error } = "DHCPSRV_MEMFILE_FAILED_TO_OPEN", "dhcpsrv", Error,
        "Could not open lease file: {error}",
        "The file is where the rules on paths do not allow it. Give its name alone, or set KEA_DHCP_DATA_DIR.";
    SyntaxWarning { text } = concat!($id, "_CONFIG_SYNTAX_WARNING"), $logger, Warn,
        "configuration syntax warning: {text}",
        "The configuration is accepted, but could be written better.";
    Reconfiguring { file } = concat!($id, "_DYNAMIC_RECONFIGURATION"), $logger, Info,
        "initiate server reconfiguration using file: {file}, after receiving SIGHUP signal or config-reload command",
        "The configuration file is read again.";
    Reconfigured { file } = concat!($id, "_DYNAMIC_RECONFIGURATION_SUCCESS"), $logger, Info,
        "dynamic server reconfiguration succeeded with file: {file}",
        "The configuration file as it is now is in force.";
    ReconfigureFailed { file } = concat!($id, "_DYNAMIC_RECONFIGURATION_FAIL"), $logger, Error,
        "dynamic server reconfiguration failed with file: {file}",
        "The configuration file cannot be used; the running configuration stays. Other messages say why.";
    MultiThreading { enabled, threads, queue } = concat!($id, "_MULTI_THREADING_INFO"), $logger, Info,
        "enabled: {enabled}, number of threads: {threads}, queue size: {queue}",
        "How many threads serve packets.";
    HostsUnavailable { database, error } = concat!($id, "_HOSTS_DATABASE_FAILED"), $logger, Error,
        "host reservations in {database} can not be looked up: {error}",
        "The database did not answer, or refuses. Packets that need to know are dropped meanwhile. Not of Kea.";
    LeasesUnavailable { database, error } = concat!($id, "_LEASE_DATABASE_FAILED"), $logger, Error,
        "leases in {database} can not be reached: {error}",
        "The database did not answer at the start or when the configuration named it, or refuses. Not of Kea.";
    LeasesLater { database, error } = "DHCPSRV_LEASE_MGR_DB_OPEN_CONNECTION_WITH_RETRY_FAILED", "dhcpsrv", Info,
        "Failed to connect to database: {database} with error: {error}",
        "The server begins without its leases, as retry-on-startup asks for, and tries again.";
    LegalLogUnavailable { database, error } = concat!($id, "_LEGAL_LOG_DATABASE_FAILED"), "legal-log-hooks", Error,
        "the legal log in {database} can not be reached: {error}",
        "The database did not answer at the start or when the configuration named it, or refuses. Not of Kea.";
    LegalLogLater { database, error } = "LEGAL_LOG_DB_OPEN_CONNECTION_WITH_RETRY_FAILED", "legal-log-hooks", Info,
        "Failed to connect to database: {database} with error: {error}",
        "The server begins without its legal log, as retry-on-startup asks for, and tries again.";
    HostsLater { database, error } = "DHCPSRV_HOST_MGR_DB_OPEN_CONNECTION_WITH_RETRY_FAILED", "dhcpsrv", Info,
        "Failed to connect to database: {database} with error: {error}",
        "The server begins without these reservations, as retry-on-startup asks for, and tries again.";
    HostUnusable { database, reservation, error } = concat!($id, "_HOSTS_DATABASE_UNUSABLE"), $logger, Warn,
        "the reservation {reservation} in {database} can not be used: {error}",
        "Its client is served as if the reservation were not there. Not of Kea.";
    DbReconnectLost { database } = concat!($id, "_DB_RECONNECT_LOST_CONNECTION"), $logger, Info,
        "database connection lost: {database}",
        "The server tries to reach the database again; on-fail says whether clients are served meanwhile.";
    DbReconnectSucceeded { database } = concat!($id, "_DB_RECONNECT_SUCCEEDED"), $logger, Info,
        "database connection recovered: {database}",
        "The database answers again.";
    DbReconnectFailed { tries, database } = concat!($id, "_DB_RECONNECT_FAILED"), $logger, Error,
        "maximum number of database reconnect attempts: {tries}, has been exhausted without success: {database}",
        "The server ends, or serves on and goes on trying, as on-fail asks for.";
    DbReconnectFatal { tries, database } = concat!($id, "_FATAL_DB_RECONNECT_FAILED"), $logger, Fatal,
        "maximum number of database reconnect attempts: {tries}, has been exhausted without success: {database}",
        "The database could not be reached at the start, however often it was tried (max-reconnect-tries).";
    NoSockets { reason } = "DHCPSRV_NO_SOCKETS_OPEN", "dhcpsrv", Warn,
        "no interface configured to listen to DHCP traffic: {reason}",
        "No service socket is open, so no client is heard. Check interfaces-config.";
    OpenSocketFail { problem } = "DHCPSRV_OPEN_SOCKET_FAIL", "dhcpsrv", Warn,
        "failed to open socket: {problem}",
        "A service socket could not be opened. The others serve.";
    OpenSocketsFailed { attempts } = concat!($id, "_OPEN_SOCKETS_FAILED"), $logger, Warn,
        "maximum number of open service sockets attempts: {attempts}, has been exhausted without success",
        "service-sockets-max-retries was reached. Sockets are opened when their interfaces change.";
    SocketsRequired { problems } = concat!($id, "_OPEN_SOCKETS_REQUIRED"), $logger, Error,
        "not all service sockets could be opened, and service-sockets-require-all is set: {problems}",
        "The server ends with a failure. With service-sockets-max-retries it tries again first.";
    SocketFailed { reason } = concat!($id, "_BUFFER_RECEIVE_FAIL"), $logger, Error,
        "error on attempt to receive packet: {reason}",
        "A service socket reported an error.";
    Unsteered { reason } = concat!($id, "_SOCKET_SHARED"), $logger, Info,
        "all packets of a socket wait in one queue because the kernel cannot sort them by client and kind: {reason}",
        "Right, but slower with several worker threads; and under overload nobody comes before others.";
    PacketRejected { reason } = concat!($id, "_BUFFER_REJECTED"), "bad-packets", Debug(15),
        "packet with invalid headers: {reason}",
        "Something arrived that is no valid UDP packet.";
    SendFailed { destination, error } = concat!($id, "_PACKET_SEND_FAIL"), "packets", Error,
        concat!("failed to send ", $name, " packet to {destination}: {error}"),
        "The operating system refused a reply.";
    PeerSilent { error } = concat!($id, "_DHCP4O6_LINE_FAIL"), "packets", Error,
        "failed to pass on a message of DHCPv4 over DHCPv6: {error}",
        "The server of the other family is not there, or its dhcp4o6-port is another. Not told again until one is passed on.";
    PacketSend { name, code, from, to } = concat!($id, "_PACKET_SEND"), "packets", Debug(40),
        "trying to send packet {name} (type {code}) from {from} to {to}",
        "A reply leaves.";
    StoreFailed { replies, error } = concat!($id, "_LEASE_STORE_FAILED"), "leases", Error,
        "{replies} replies are not sent because their leases could not be stored: {error}",
        "No lease is acknowledged that is not stored. Look at the medium of the lease database.";
    WorkerFailed { reason } = concat!($id, "_WORKER_FAILED"), $logger, Error,
        "{reason}",
        "A thread that serves packets ended unexpectedly.";
    ReclaimFail { error } = concat!($id, "_RECLAIM_EXPIRED_LEASES_FAIL"), $logger, Error,
        "failed to reclaim expired leases: {error}",
        "The next run tries again.";
    ReclaimBehind { cycles } = concat!("ALLOC_ENGINE_V", $digit, "_LEASES_RECLAMATION_SLOW"), "alloc-engine", Warn,
        "expired leases still exist after {cycles} reclamations",
        "More leases expire than max-reclaim-leases and max-reclaim-time let the server reclaim. Raise them.";
    CbMerged = concat!("DHCPSRV_CFGMGR_CONFIG", $digit, "_MERGED"), "dhcpsrv", Info,
        "Configuration backend data has been merged.",
        "Changes of the configuration database are in force.";
    OptionLeftOut { reason } = "DHCPSRV_CFGMGR_OPTION_DEFINITION_MISMATCH", "dhcpsrv", Warn,
        "failed to create option: {reason}",
        "An option of the configuration database has no definition, or one that its data do not fit. It is left out until \
         that is mended; all else is served.";
    CbPeriodicFail { error } = concat!($id, "_CB_PERIODIC_FETCH_UPDATES_FAIL"), $logger, Error,
        "error on periodic attempt to fetch configuration updates from the configuration backend(s): {error}",
        "The running configuration serves on; the next attempt follows.";
    CbOnDemandFail { error } = concat!($id, "_CB_ON_DEMAND_FETCH_UPDATES_FAIL"), $logger, Error,
        "error on demand attempt to fetch configuration updates from the configuration backend(s): {error}",
        "The running configuration serves on.";
    CbManyFailures { count } = concat!($id, "_CB_PERIODIC_FETCH_UPDATES_RETRIES_EXHAUSTED"), $logger, Error,
        "{count} configuration fetch attempts in a row have failed",
        "The configuration database is out of reach or holds what this server cannot run. Attempts go on.";
    HookLoaded { name } = "HOOKS_LIBRARY_LOADED", "hooks", Info,
        "hooks library {name}.so successfully loaded",
        "The commands and callouts of a library that the configuration lists are there.";
    HookBuiltIn { name, note } = "HOOKS_LIBRARY_BUILT_IN", "hooks", Info,
        "hooks library {name} needs no loading: {note}",
        "What the library does in Kea is part of the program.";
    HookFailed { error } = "HOOKS_LIBRARY_FAILED", "hooks", Error,
        "a hooks library could not bring its commands: {error}",
        "A defect of the program; please report it.";
    DdnsConfigured { state } = "DHCPSRV_CFGMGR_CFG_DHCP_DDNS", "dhcpsrv", Debug(40),
        "Setting DHCP-DDNS configuration to: {state}",
        "Whether name change requests are sent from now on.";
    SenderStarted { config } = "DHCPSRV_DHCP_DDNS_SENDER_STARTED", "dhcpsrv", Info,
        "NameChangeRequest sender has been started: {config}",
        "Name change requests are sent to kea-dhcp-ddns from now on.";
    SenderStopped = "DHCPSRV_DHCP_DDNS_SENDER_STOPPED", "dhcpsrv", Info,
        "NameChangeRequest sender has been stopped.",
        "For new settings, for the end of the server, or because requests could not be sent.";
    NcrSent { request } = "DHCPSRV_DHCP_DDNS_NCR_SENT", "dhcpsrv", Debug(50),
        "NameChangeRequest sent to kea-dhcp-ddns: {request}",
        "A name change request has left.";
    NcrRejected { error, request } = "DHCPSRV_DHCP_DDNS_NCR_REJECTED", "dhcpsrv", Error,
        "NameChangeRequest rejected by the sender: {error}, ncr: {request}",
        "The queue is full (max-queue-size): requests come faster than they can be sent.";
    NcrNotEncoded { error, request } = concat!($id, "_NCR_CREATION_FAILED"), "ddns", Error,
        "failed to generate name change requests for DNS: {error}: {request}",
        "A request that no datagram can carry. The lease stands; DNS is not told of it.";
    NcrSendFailed { error } = "DHCP_DDNS_NCR_UDP_SEND_ERROR", "libdhcp-ddns", Error,
        "UDP socket send error while sending a DNS Update request: {error}",
        "The operating system did not take a request.";
    RequestSendFailed { error, request } = concat!($id, "_DDNS_REQUEST_SEND_FAILED"), "ddns", Error,
        "failed sending a request to kea-dhcp-ddns, error: {error},  ncr: {request}",
        "The request is lost. Updates are suspended until the next configuration.";
    UpdatesSuspended = "DHCPSRV_DHCP_DDNS_SUSPEND_UPDATES", "dhcpsrv", Warn,
        "DHCP_DDNS updates are being suspended.",
        "No request is made or sent until the next configuration (config-reload does). The messages before say why.";
    RepairMode = concat!($id, "_CB_REPAIR_MODE_ENABLED"), $logger, Warn,
        "Server is running in config back end repair mode.",
        "Nothing is fetched and no client is served; remote-* commands can repair the database (-R).";
            }
        }
    };
}

family!(v4, "DHCP4", "dhcp4", "DHCPv4", "4");
family!(v6, "DHCP6", "dhcp6", "DHCPv6", "6");

/// Bulk leasequery: the same of both families but for what they do not serve.
pub mod bulk {
    observe::messages! {
    Started { threads, address, port, tls } = "MT_TCP_LISTENER_MGR_STARTED", "tcp", Debug(40),
        "MtTcpListenerMgr started with {threads} threads, listening on {address}:{port}, use TLS: {tls}",
        "Bulk leasequeries are answered on this address.";
    Stopped { address, port } = "MT_TCP_LISTENER_MGR_STOPPED", "tcp", Debug(40),
        "MtTcpListenerMgr for {address}:{port} stopped.",
        "Bulk leasequeries are no longer answered, or with other settings from now on. Connections were closed.";
    StartFailed { error } = "BULK_LEASE_QUERY_LISTENER_START_FAILED", "lease-query-hooks", Error,
        "Bulk lease query listener thread pool could not be started, error {error}",
        "The address is not there, is in use, or takes privileges that the server has not. The configuration is refused.";
    AcceptFailed { error } = "BULK_LEASE_QUERY_ACCEPT_FAILED", "lease-query-hooks", Error,
        "a bulk lease query connection could not be accepted: {error}",
        "Most often the process has as many files open as it may. It is tried again.";
    Rejected { peer, reason } = "BULK_LEASE_QUERY_REJECTED_CONNECTION", "lease-query-hooks", Debug(40),
        "A new bulk lease query connection from {peer} was rejected: {reason}",
        "Who connected is none of the requesters, or there are as many connections as there may be.";
    Empty { peer } = "BULK_LEASE_QUERY_EMPTY_REQUEST", "lease-query-hooks", Error,
        "A bulk lease query packet received from {peer} is empty.",
        "The connection is closed.";
    UnpackError { peer, error } = "BULK_LEASE_QUERY_UNPACK_ERROR", "lease-query-hooks", Error,
        "A bulk lease query packet received from {peer}, could not be unpacked, error: {error}",
        "What came is no DHCP message. The connection is closed.";
    UnsupportedType4 { kind, peer } = "BULK_LEASE_QUERY4_UNSUPPORTED_MSG_TYPE", "lease-query-hooks", Error,
        "Dropping packet with an unsupported DHCPv4 message type {kind} received from: {peer}",
        "Over TCP only DHCPBULKLEASEQUERY is answered. The connection is closed.";
    UnsupportedType6 { kind, peer } = "BULK_LEASE_QUERY6_UNSUPPORTED_MSG_TYPE", "lease-query-hooks", Error,
        "Dropping packet with an unsupported DHCPv6 message type {kind} received from: {peer}",
        "Over TCP only LEASEQUERY is answered. The connection is closed.";
    Invalid { peer, octets, error } = "BULK_LEASE_QUERY_INVALID_REQUEST", "lease-query-hooks", Error,
        "A bulk lease query packet received from {peer} is invalid, query: {octets} octets, error: {error}",
        "The query is against RFC 5460. The connection is closed.";
    DuplicateXid { peer, xid } = "BULK_LEASE_QUERY_DUPLICATE_XID", "lease-query-hooks", Warn,
        "Dropping query from: {peer}, transaction id {xid} is a duplicate",
        "A query with the same transaction identifier is being answered on the same connection.";
    Received { peer, xid, octets } = "BULK_LEASE_QUERY_QUERY_RECEIVED", "lease-query-hooks", Debug(40),
        "A bulk lease query packet received from {peer}, details: transid={xid}, {octets} octets",
        "A query came in and can be answered.";
    Sent { peer, octets } = "BULK_LEASE_QUERY_RESPONSE_SENT", "lease-query-hooks", Debug(40),
        "A bulk lease query response sent to {peer}, details: {octets} octets",
        "A part of an answer left.";
    SendError { peer, octets, error } = "BULK_LEASE_QUERY_RESPONSE_SEND_ERROR", "lease-query-hooks", Debug(40),
        "A bulk lease query response could not be sent to: {peer}, response: {octets} octets, error: {error}",
        "The requester is gone, or did not read for as long as it may be idle. The connection is closed.";
    Failed { error } = "BULK_LEASE_QUERY_PROCESSING_UNEXPECTED_FAILURE", "lease-query-hooks", Error,
        "A bulk lease query packet processing throws unexpected exception: {error}",
        "The lease store failed. The requester is told that its answer is not whole.";
    }
}

/// Ping check (`libdhcp_ping_check`).
pub mod ping {
    observe::messages! {
    Opened = "PING_CHECK_CHANNEL_SOCKET_OPENED", "ping-check-hooks", Debug(40),
        "ICMP socket been opened successfully.",
        "Addresses can be asked.";
    Started { threads } = "PING_CHECK_MGR_STARTED", "ping-check-hooks", Info,
        "ping channel operations are running, number of threads {threads}",
        "Addresses are asked before they are offered.";
    Stopped = "PING_CHECK_MGR_STOPPED", "ping-check-hooks", Info,
        "channel operations have stopped",
        "Addresses are no longer asked, or by other threads.";
    Begun { address, query } = "PING_CHECK_MGR_START_PING_CHECK", "ping-check-hooks", Debug(40),
        "for {address}, initiated by {query}",
        "An offer waits until its address was asked.";
    Duplicate { address, query } = "PING_CHECK_DUPLICATE_CHECK", "ping-check-hooks", Debug(40),
        "Ping check already in progress for {address}, initiated by {query}",
        "The address is being asked for an earlier packet; this one is dropped.";
    RequestSent { address, id, sequence } = "PING_CHECK_CHANNEL_ECHO_REQUEST_SENT", "ping-check-hooks", Debug(50),
        "to address {address}, id {id}, sequence {sequence}",
        "An address was asked.";
    ReplyReceived { address, id, sequence } = "PING_CHECK_MGR_RECEIVED_ECHO_REPLY", "ping-check-hooks", Debug(40),
        "from {address}, id {id}, sequence {sequence}",
        "Somebody has the address: it is not offered.";
    Unreachable { address, id, sequence } = "PING_CHECK_MGR_RECEIVED_UNREACHABLE_MSG", "ping-check-hooks", Debug(50),
        "for {address}, id {id}, sequence {sequence}",
        "The address cannot be reached, so nobody has it.";
    ReplyTimeout { address, request, requests, timeout } = "PING_CHECK_MGR_REPLY_TIMEOUT_EXPIRED", "ping-check-hooks", Debug(50),
        "for {address}, ECHO REQUEST {request} of {requests}, reply-timeout {timeout}",
        "Nobody answered in time.";
    FreeToUse { address, query } = "PING_CHECK_MGR_LEASE_FREE_TO_USE", "ping-check-hooks", Debug(40),
        "address {address} is free to use for {query}",
        "The offer leaves.";
    NetworkWriteError { address, error } = "PING_CHECK_CHANNEL_NETWORK_WRITE_ERROR", "ping-check-hooks", Debug(50),
        "occurred trying to ping {address}, error {error}",
        "The address could not be asked and is taken to be free.";
    ReadFailed { error } = "PING_CHECK_CHANNEL_SOCKET_READ_FAILED", "ping-check-hooks", Error,
        "socket read completed with an error {error}",
        "Answers cannot be heard for now.";
    }
}
