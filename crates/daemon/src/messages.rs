//! Log messages of the process duties.

observe::messages! {
    /// DHCPv4 server.
    Dhcp4RootUser { program } = "DHCP4_ROOT_USER_SECURITY_WARNING", "dhcp4", Warn,
        "{program} running as root user!",
        "The server has more rights than it needs. Run it as a user of its own, with the capabilities \
         CAP_NET_BIND_SERVICE and CAP_NET_RAW.";
    /// Other programs.
    RootUser { program } = "DCTL_ROOT_USER_SECURITY_WARNING", "dctl", Warn,
        "{program} running as root user!",
        "The program has more rights than it needs. Run it as a user of its own.";
    LeasePath { violation } = "DHCPSRV_MEMFILE_PATH_SECURITY_WARNING", "dhcpsrv", Warn,
        "Lease file path specified is NOT SECURE: {violation}",
        "The server was told to tolerate this with -X. Give the file name alone, or set KEA_DHCP_DATA_DIR.";
    LogPath { violation } = "DCTL_LOG_PATH_SECURITY_WARNING", "dctl", Warn,
        "Log output path specified is NOT SECURE: {violation}",
        "The server was told to tolerate this with -X. Give the file name alone, or set KEA_LOG_FILE_DIR.";
    LegalLogPath { violation } = "LEGAL_LOG_PATH_SECURITY_WARNING", "dhcpsrv", Warn,
        "Forensic log path specified is NOT SECURE: {violation}",
        "The server was told to tolerate this with -X. Leave the path out, or set KEA_LEGAL_LOG_DIR.";
    SocketPath { violation } = "COMMAND_UNIX_SOCKET_PATH_SECURITY_WARNING", "commands", Warn,
        "unix socket path is NOT SECURE: {violation}",
        "The server was told to tolerate this with -X. Give the socket name alone, or set KEA_CONTROL_SOCKET_DIR.";
    SocketPermissions { violation } = "COMMAND_UNIX_SOCKET_PERMISSIONS_SECURITY_WARNING", "commands", Warn,
        "unix socket permissions are NOT SECURE: {violation}",
        "The server was told to tolerate this with -X. Take the rights of others away from the directory of the \
         control socket (mode 0750 or less): whoever reaches the socket controls the server.";
    HttpSocket { violation } = "COMMAND_HTTP_SOCKET_SECURITY_WARNING", "commands", Warn,
        "command socket configuration is NOT SECURE: {violation}",
        "The server was told to tolerate this with -X. Give the control socket an authentication map, or TLS with client \
         certificates: whoever reaches it controls the server.";
    HookPath { violation } = "HOOKS_LIBPATH_SECURITY_WARNING", "hooks", Warn,
        "Library path specified is NOT SECURE: {violation}",
        "The server was told to tolerate this with -X. Give the library name alone, or set KEA_HOOKS_PATH.";
    OtherPath { violation } = "DCTL_PATH_SECURITY_WARNING", "dctl", Warn,
        "path specified is NOT SECURE: {violation}",
        "The server was told to tolerate this with -X. Use the directory that the message names.";
    NotifyFailed { error } = "DCTL_NOTIFY_FAILED", "dctl", Warn,
        "cannot tell the service manager about the state of the program: {error}",
        "The program runs on, but the service manager may think that it is not ready.";
}
