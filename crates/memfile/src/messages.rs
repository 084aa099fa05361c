//! Log messages of the store and of the lease file cleanup (LFC). Identifiers and severities are Kea's where it has
//! the message.

observe::messages! {
    Opening { place, universe } = "DHCPSRV_MEMFILE_DB", "dhcpsrv", Info,
        "opening memory file lease database: {place} type=memfile universe={universe}",
        "The server opens its lease files, or a store in memory only when persist is false.";
    OpenFailed { error } = "DHCPSRV_MEMFILE_FAILED_TO_OPEN", "dhcpsrv", Error,
        "Could not open lease file: {error}",
        "The lease file cannot be used. The name of the lease database must be a file in the server's data \
         directory, which the server may read and write.";
    NoStorage = "DHCPSRV_MEMFILE_NO_STORAGE", "dhcpsrv", Warn,
        "running in non-persistent mode, leases will be lost after restart",
        "The lease database has persist set to false. Do not run so where clients depend on their addresses.";
    Load { path } = "DHCPSRV_MEMFILE_LEASE_FILE_LOAD", "dhcpsrv", Info,
        "loading leases from file {path}",
        "The server begins to read a lease file.";
    Replaced { path } = "DHCPSRV_MEMFILE_LEASE_FILE_REPLACED", "dhcpsrv", Warn,
        "lease file {path} was removed or replaced while it was in use; it is read anew",
        "The server was told to reload and takes the leases of the file that is there now, or none.";
    RowError { line, error } = "DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR", "dhcpsrv", Error,
        "discarding row {line}, error: {error}",
        "A line of a lease file cannot be read and is left out; the number is that of the line. The file may have \
         been damaged by a crash of the machine or by hand. The lease is unknown to the server from now on.";
    TornTail { path, bytes, text } = "DHCPSRV_MEMFILE_TORN_TAIL", "dhcpsrv", Warn,
        "lease file {path} ends in {bytes} octets without a newline, which are cut: {text}",
        "The last write before a crash did not finish. No client was told of that lease, unless the server runs \
         with durability os or the row was written by a server that does not sync.";
    Loaded { rows, leases, errors } = "DHCPSRV_MEMFILE_LOADED", "dhcpsrv", Info,
        "{leases} leases in memory from {rows} rows, {errors} rows with errors",
        "The lease files have been read.";
    NeedsUpgrading { path, version } = "DHCPSRV_MEMFILE_NEEDS_UPGRADING", "dhcpsrv", Warn,
        "version of lease file: {path} schema is earlier than version {version}",
        "The file has the columns of an older version. Missing values got their defaults; the next lease file \
         cleanup, which starts at once, writes the file with the current columns.";
    NeedsDowngrading { path, version } = "DHCPSRV_MEMFILE_NEEDS_DOWNGRADING", "dhcpsrv", Warn,
        "version of lease file: {path} schema is later than version {version}",
        "The file has columns that this version does not know. Their values are dropped; the next lease file \
         cleanup, which starts at once, writes the file with the columns of this version.";
    Converting { path } = "DHCPSRV_MEMFILE_CONVERTING_LEASE_FILES", "dhcpsrv", Warn,
        "running LFC now to convert lease files to the current schema: {path}",
        "A lease file has other columns than the current ones and is rewritten. Expected once after an upgrade.";
    WriteFailed { path, error, rows } = "DHCPSRV_MEMFILE_WRITE_FAILED", "dhcpsrv", Error,
        "failed to write lease file {path}: {error}; {rows} changes are undone, their clients get no answer",
        "The disk is full, broken or read-only. The server goes on trying with each packet and answers again as \
         soon as a write succeeds. Logged once until then.";
    WriteRecovered { path } = "DHCPSRV_MEMFILE_WRITE_RECOVERED", "dhcpsrv", Info,
        "lease file {path} can be written again",
        "Writing succeeds again after DHCPSRV_MEMFILE_WRITE_FAILED.";
    LfcSetup { seconds } = "DHCPSRV_MEMFILE_LFC_SETUP", "dhcpsrv", Info,
        "setting up the Lease File Cleanup interval to {seconds} sec",
        "The lease file will be cleaned up periodically.";
    LfcStart = "DHCPSRV_MEMFILE_LFC_START", "dhcpsrv", Info,
        "starting Lease File Cleanup",
        "The interval is over, or an operator asked for it.";
    LfcExecute { path } = "DHCPSRV_MEMFILE_LFC_EXECUTE", "dhcpsrv", Info,
        "executing Lease File Cleanup using: {path}",
        "The cleanup begins to work on the files; the server does this in a thread of its own.";
    LfcRunning = "DHCPSRV_MEMFILE_LFC_RUNNING", "dhcpsrv", Info,
        "Lease File Cleanup instance already running",
        "A cleanup of the same files is still running, here or in a kea-lfc process. The next interval tries again.";
    LfcRescheduled = "DHCPSRV_MEMFILE_LFC_RESCHEDULED", "dhcpsrv", Info,
        "rescheduled Lease File Cleanup",
        "The command kea-lfc-start began a cleanup; the interval counts anew from here.";
    LfcFinished { read, written, errors } = "DHCPSRV_MEMFILE_LFC_FINISHED", "dhcpsrv", Info,
        "Lease File Cleanup finished: {read} rows read, {written} leases written, {errors} rows with errors",
        "The lease files are compact again.";
    LfcFailed { error } = "DHCPSRV_MEMFILE_LFC_FAILED", "dhcpsrv", Error,
        "Lease File Cleanup failed: {error}",
        "The files are as they were and no lease is lost; the next interval tries again. If this goes on, the \
         lease file grows without bound.";
    LfcRenameFailed { from, to, error } = "DHCPSRV_MEMFILE_LFC_LEASE_FILE_RENAME_FAIL", "dhcpsrv", Error,
        "failed to rename the current lease file {from} to {to}, reason: {error}",
        "The cleanup does not take place. Leases are still written.";
    LfcReopenFailed { path, error } = "DHCPSRV_MEMFILE_LFC_LEASE_FILE_REOPEN_FAIL", "dhcpsrv", Error,
        "failed to create lease file {path} for lease file cleanup, reason: {error}; the old file stays in use",
        "The cleanup does not take place. Leases are still written, to the file that was in use.";
    AddAddr4 { address } = "DHCPSRV_MEMFILE_ADD_ADDR4", "dhcpsrv", Debug(50),
        "adding IPv4 lease with address {address}", "A lease is added.";
    UpdateAddr4 { address } = "DHCPSRV_MEMFILE_UPDATE_ADDR4", "dhcpsrv", Debug(50),
        "updating IPv4 lease for address {address}", "A lease is changed.";
    DeleteAddr4 { address } = "DHCPSRV_MEMFILE_DELETE_ADDR4", "dhcpsrv", Debug(50),
        "deleting lease for address {address}", "A lease is deleted.";
    FlushReclaimed { seconds } = "DHCPSRV_MEMFILE_DELETE_EXPIRED_RECLAIMED4", "dhcpsrv", Debug(50),
        "deleting reclaimed IPv4 leases that expired more than {seconds} seconds ago",
        "Leases kept for affinity are removed after their time.";
    Wipe { subnet } = "DHCPSRV_MEMFILE_WIPE_LEASES4", "dhcpsrv", Info,
        "removing all IPv4 leases from subnet {subnet}", "An operator asked to remove the leases of a subnet.";
    Wiped { subnet, count } = "DHCPSRV_MEMFILE_WIPE_LEASES4_FINISHED", "dhcpsrv", Info,
        "removing all IPv4 leases from subnet {subnet} finished, removed {count} leases",
        "The leases of a subnet are gone.";
    AddAddr6 { address } = "DHCPSRV_MEMFILE_ADD_ADDR6", "dhcpsrv", Debug(50),
        "adding IPv6 lease with address {address}", "A lease is added.";
    UpdateAddr6 { address } = "DHCPSRV_MEMFILE_UPDATE_ADDR6", "dhcpsrv", Debug(50),
        "updating IPv6 lease for address {address}", "A lease is changed.";
    DeleteAddr6 { address } = "DHCPSRV_MEMFILE_DELETE_ADDR6", "dhcpsrv", Debug(50),
        "deleting lease for address {address}", "A lease is deleted.";
    FlushReclaimed6 { seconds } = "DHCPSRV_MEMFILE_DELETE_EXPIRED_RECLAIMED6", "dhcpsrv", Debug(50),
        "deleting reclaimed IPv6 leases that expired more than {seconds} seconds ago",
        "Leases kept for affinity are removed after their time.";
    Wipe6 { subnet } = "DHCPSRV_MEMFILE_WIPE_LEASES6", "dhcpsrv", Info,
        "removing all IPv6 leases from subnet {subnet}", "An operator asked to remove the leases of a subnet.";
    Wiped6 { subnet, count } = "DHCPSRV_MEMFILE_WIPE_LEASES6_FINISHED", "dhcpsrv", Info,
        "removing all IPv6 leases from subnet {subnet} finished, removed {count} leases",
        "The leases of a subnet are gone.";
}

/// Messages of the program kea-lfc.
pub mod lfc {
    observe::messages! {
        Start = "LFC_START", "DhcpLFC", Info, "Starting lease file cleanup", "The program begins.";
        Processing { previous, copy } = "LFC_PROCESSING", "DhcpLFC", Info,
            "Previous file: {previous}, copy file: {copy}", "The lease files are about to be read.";
        ReadStats { leases, attempts, errors } = "LFC_READ_STATS", "DhcpLFC", Info,
            "Leases: {leases}, attempts: {attempts}, errors: {errors}.", "What was read.";
        WriteStats { leases, attempts, errors } = "LFC_WRITE_STATS", "DhcpLFC", Info,
            "Leases: {leases}, attempts: {attempts}, errors: {errors}.", "What was written.";
        Running = "LFC_RUNNING", "DhcpLFC", Fatal, "LFC instance already running",
            "Another cleanup works on the same files.";
        FailPidCreate { error } = "LFC_FAIL_PID_CREATE", "DhcpLFC", Fatal, "{error}",
            "The PID file cannot be made or locked.";
        FailProcess { error } = "LFC_FAIL_PROCESS", "DhcpLFC", Fatal, "{error}",
            "The files could not be processed; they are as they were.";
        FailRotate { error } = "LFC_FAIL_ROTATE", "DhcpLFC", Fatal, "{error}",
            "The result is complete but could not take the place of its inputs; the next run does it.";
        Terminate = "LFC_TERMINATE", "DhcpLFC", Info, "LFC finished processing", "The program ends.";
    }
}
