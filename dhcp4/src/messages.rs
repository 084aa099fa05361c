//! Log messages of the program kea-dhcp4, with Kea's identifiers.

observe::messages! {
    Starting { version, extended } = "DHCP4_STARTING", "dhcp4", Info,
        "Kea DHCPv4 server version {version} ({extended}) starting",
        "The program has begun; its configuration is not read yet.";
    StartInfo { pid, port, client_port, verbose } = "DHCP4_START_INFO", "dhcp4", Debug(0),
        "pid: {pid}, server port: {port}, client port: {client_port}, verbose: {verbose}",
        "How the program was called.";
    Started { version } = "DHCP4_STARTED", "dhcp4", Info,
        "Kea DHCPv4 server version {version} started",
        "The configuration is in force and clients are answered.";
    InitFail { error } = "DHCP4_INIT_FAIL", "dhcp4", Error,
        "failed to initialize Kea server: {error}",
        "The server could not start; the text says why. It ends.";
    AlreadyRunning { program, error } = "DHCP4_ALREADY_RUNNING", "dhcp4", Fatal,
        "{program} already running? {error}",
        "Another process uses the same PID file. Stop it, or give this one a configuration file of another name.";
    Shutdown = "DHCP4_SHUTDOWN", "dhcp4", Info,
        "server shutdown",
        "The server has ended in order.";
    ShutdownRequest = "DHCP4_SHUTDOWN_REQUEST", "dhcp4", Debug(40),
        "shutdown of server requested",
        "A signal or the command shutdown asked for the end.";
    RootUser = "DHCP4_ROOT_USER_SECURITY_WARNING", "dhcp4", Warn,
        "kea-dhcp4 running as root user!",
        "The server needs the capabilities CAP_NET_RAW and CAP_NET_BIND_SERVICE, not the whole of root.";
    ChecksDisabled = "DHCP4_SECURITY_CHECKS_DISABLED", "dhcp4", Warn,
        "Invoked with command line option -X, Security checks are disabled!!",
        "Paths anywhere and control channels without authentication are accepted.";
    SecurityWarning { violation } = "DHCP4_CONFIG_SECURITY_WARNING", "dhcp4", Warn,
        "{violation}",
        "Without -X the configuration would have been refused for this.";
    ConfigStart { config } = "DHCP4_CONFIG_START", "dhcp4", Debug(45),
        "DHCPv4 server is processing the following configuration: {config}",
        "The configuration as received, without its secrets.";
    ConfigComplete { summary } = "DHCP4_CONFIG_COMPLETE", "dhcp4", Info,
        "DHCPv4 server has completed configuration: {summary}",
        "A configuration is in force.";
    ConfigLoadFail { file, reason } = "DHCP4_CONFIG_LOAD_FAIL", "dhcp4", Error,
        "configuration error using file: {file}, reason: {reason}",
        "The file cannot be used. At a start the server ends; otherwise the running configuration stays.";
    ParserFail { element, error } = "DHCP4_PARSER_FAIL", "dhcp4", Error,
        "failed to create or run parser for configuration element {element}: {error}",
        "What is wrong with the configuration, one line for each fault.";
    SyntaxWarning { text } = "DHCP4_CONFIG_SYNTAX_WARNING", "dhcp4", Warn,
        "configuration syntax warning: {text}",
        "The configuration is accepted, but could be written better.";
    Reconfiguring { file } = "DHCP4_DYNAMIC_RECONFIGURATION", "dhcp4", Info,
        "initiate server reconfiguration using file: {file}, after receiving SIGHUP signal or config-reload command",
        "The configuration file is read again.";
    Reconfigured { file } = "DHCP4_DYNAMIC_RECONFIGURATION_SUCCESS", "dhcp4", Info,
        "dynamic server reconfiguration succeeded with file: {file}",
        "The configuration file as it is now is in force.";
    ReconfigureFailed { file } = "DHCP4_DYNAMIC_RECONFIGURATION_FAIL", "dhcp4", Error,
        "dynamic server reconfiguration failed with file: {file}",
        "The configuration file cannot be used; the running configuration stays. Other messages say why.";
    MultiThreading { enabled, threads, queue } = "DHCP4_MULTI_THREADING_INFO", "dhcp4", Info,
        "enabled: {enabled}, number of threads: {threads}, queue size: {queue}",
        "How many threads serve packets.";
    NoSockets { reason } = "DHCPSRV_NO_SOCKETS_OPEN", "dhcpsrv", Warn,
        "no interface configured to listen to DHCP traffic: {reason}",
        "No service socket is open, so no client is heard. Check interfaces-config.";
    OpenSocketFail { problem } = "DHCPSRV_OPEN_SOCKET_FAIL", "dhcpsrv", Warn,
        "failed to open socket: {problem}",
        "A service socket could not be opened. The others serve.";
    OpenSocketsFailed { attempts } = "DHCP4_OPEN_SOCKETS_FAILED", "dhcp4", Warn,
        "maximum number of open service sockets attempts: {attempts}, has been exhausted without success",
        "service-sockets-max-retries was reached. Sockets are opened when their interfaces change.";
    SocketFailed { reason } = "DHCP4_BUFFER_RECEIVE_FAIL", "dhcp4", Error,
        "error on attempt to receive packet: {reason}",
        "A service socket reported an error.";
    Unsteered { reason } = "DHCP4_SOCKET_SHARED", "dhcp4", Info,
        "worker threads share a socket because the kernel cannot spread packets by client: {reason}",
        "Slower, but right.";
    FrameRejected { reason } = "DHCP4_BUFFER_REJECTED", "bad-packets", Debug(15),
        "frame with invalid IP or UDP header: {reason}",
        "Something arrived that is no valid UDP packet.";
    SendFailed { destination, error } = "DHCP4_PACKET_SEND_FAIL", "packets", Error,
        "failed to send DHCPv4 packet to {destination}: {error}",
        "The operating system refused a reply.";
    PacketSend { name, code, from, to } = "DHCP4_PACKET_SEND", "packets", Debug(40),
        "trying to send packet {name} (type {code}) from {from} to {to}",
        "A reply leaves.";
    StoreFailed { replies, error } = "DHCP4_LEASE_STORE_FAILED", "leases", Error,
        "{replies} replies are not sent because their leases could not be stored: {error}",
        "No lease is acknowledged that is not stored. Look at the medium of the lease database.";
    WorkerFailed { reason } = "DHCP4_WORKER_FAILED", "dhcp4", Error,
        "{reason}",
        "A thread that serves packets ended unexpectedly.";
    ReclaimFail { error } = "DHCP4_RECLAIM_EXPIRED_LEASES_FAIL", "dhcp4", Error,
        "failed to reclaim expired leases: {error}",
        "The next run tries again.";
    ReclaimBehind { cycles } = "ALLOC_ENGINE_V4_LEASES_RECLAMATION_SLOW", "alloc-engine", Warn,
        "expired leases still exist after {cycles} reclamations",
        "More leases expire than max-reclaim-leases and max-reclaim-time let the server reclaim. Raise them.";
    CbFetched { text } = "CB_CMDS_CONFIG_FETCHED", "dhcp4", Info,
        "{text}",
        "The configuration was brought up to date from the configuration database.";
    CbMerged = "DHCPSRV_CFGMGR_CONFIG4_MERGED", "dhcpsrv", Info,
        "Configuration backend data has been merged.",
        "Changes of the configuration database are in force.";
    CbPeriodicFail { error } = "DHCP4_CB_PERIODIC_FETCH_UPDATES_FAIL", "dhcp4", Error,
        "error on periodic attempt to fetch configuration updates from the configuration backend(s): {error}",
        "The running configuration serves on; the next attempt follows.";
    CbOnDemandFail { error } = "DHCP4_CB_ON_DEMAND_FETCH_UPDATES_FAIL", "dhcp4", Error,
        "error on demand attempt to fetch configuration updates from the configuration backend(s): {error}",
        "The running configuration serves on.";
    CbManyFailures { count } = "DHCP4_CB_PERIODIC_FETCH_UPDATES_RETRIES_EXHAUSTED", "dhcp4", Error,
        "{count} configuration fetch attempts in a row have failed",
        "The configuration database is out of reach or holds what this server cannot run. Attempts go on.";
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
    NcrNotEncoded { error, request } = "DHCP4_NCR_CREATION_FAILED", "ddns", Error,
        "failed to generate name change requests for DNS: {error}: {request}",
        "A request that no datagram can carry. The lease stands; DNS is not told of it.";
    NcrSendFailed { error } = "DHCP_DDNS_NCR_UDP_SEND_ERROR", "libdhcp-ddns", Error,
        "UDP socket send error while sending a DNS Update request: {error}",
        "The operating system did not take a request.";
    RequestSendFailed { error, request } = "DHCP4_DDNS_REQUEST_SEND_FAILED", "ddns", Error,
        "failed sending a request to kea-dhcp-ddns, error: {error},  ncr: {request}",
        "The request is lost. Updates are suspended until the next configuration.";
    UpdatesSuspended = "DHCPSRV_DHCP_DDNS_SUSPEND_UPDATES", "dhcpsrv", Warn,
        "DHCP_DDNS updates are being suspended.",
        "No request is made or sent until the next configuration (config-reload does). The messages before say why.";
    RepairMode = "DHCP4_CB_REPAIR_MODE_ENABLED", "dhcp4", Warn,
        "Server is running in config back end repair mode.",
        "Nothing is fetched and no client is served; remote-* commands can repair the database (-R).";
}
