//! Log messages about the process, with Kea's identifiers. `name` is what the program calls itself.

observe::messages! {
    Starting { name, pid, version, product } = "DCTL_STARTING", "dctl", Info,
        "{name} starting, pid: {pid}, version: {version} ({product})",
        "The process has begun; its configuration has not been read yet.";
    AlreadyRunning { name, error } = "DCTL_ALREADY_RUNNING", "dctl", Fatal,
        "{name} already running? {error}",
        "The PID file belongs to a process that serves the same configuration.";
    PidFile { name, error } = "DCTL_PID_FILE_ERROR", "dctl", Fatal,
        "{name} could not create a PID file: {error}",
        "The directory of PID files is missing or cannot be written to.";
    RootUser { program } = "DCTL_ROOT_USER_SECURITY_WARNING", "dctl", Warn,
        "{program} running as root user!",
        "The program needs no privileges; run it as a user of its own.";
    ConfigComplete { summary } = "DCTL_CONFIG_COMPLETE", "dctl", Info,
        "server has completed configuration: {summary}",
        "A configuration is in force.";
    ConfigCheckComplete { summary, result } = "DCTL_CONFIG_CHECK_COMPLETE", "dctl", Info,
        "server has completed configuration check: {summary}, result: {result}",
        "A configuration has been checked and not put into force.";
    FileLoadFail { name, error } = "DCTL_CONFIG_FILE_LOAD_FAIL", "dctl", Fatal,
        "{name} reason: {error}",
        "The program cannot start with this configuration file.";
    ReloadSignal { file } = "DCTL_CFG_FILE_RELOAD_SIGNAL_RECVD", "dctl", Info,
        "OS signal 1 received, reloading configuration from file: {file}",
        "SIGHUP: the configuration file is read again.";
    ReloadError { error } = "DCTL_CFG_FILE_RELOAD_ERROR", "dctl", Error,
        "configuration reload failed: {error}, reverting to current configuration.",
        "The configuration file cannot be used; nothing has changed.";
    ShutdownSignal = "DCTL_SHUTDOWN_SIGNAL_RECVD", "dctl", Debug(0),
        "OS signal received, starting shutdown",
        "SIGTERM or SIGINT.";
    Shutdown { name, pid, version } = "DCTL_SHUTDOWN", "dctl", Info,
        "{name} has shut down, pid: {pid}, version: {version}",
        "The process ends.";
}
