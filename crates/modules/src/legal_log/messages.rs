//! Log messages of the legal log.

observe::messages! {
    Opened { file } = "LEGAL_LOG_STORE_OPENED", "legal-log-hooks", Info,
        "Legal store opened: {file}",
        "Entries of the legal log go to this file from now on.";
    Closed { file } = "LEGAL_LOG_STORE_CLOSED", "legal-log-hooks", Info,
        "Legal store closed: {file}",
        "The file has all entries that were made for it.";
    SyslogOpen { facility } = "LEGAL_LOG_SYSLOG_STORE_OPEN", "legal-log-hooks", Info,
        "opening Legal Syslog: {facility}",
        "Entries of the legal log go to the system log from now on.";
    RotateFailed { script, reason } = "LEGAL_LOG_ROTATE_SCRIPT_FAILED", "legal-log-hooks", Error,
        "cannot run '{script}': {reason}",
        "A script of prerotate or postrotate could not be started. The file was rotated all the same.";
}

/// Entries of leases: identifiers differ by the family's digit.
pub(super) mod v4 {
    observe::messages! {
        WriteError { reason } = "LEGAL_LOG_LEASE4_WRITE_ERROR", "legal-log-hooks", Error,
            "Could not write to the legal store: {reason}",
            "Entries of the legal log are lost: the medium failed, or more came than it takes.";
    }
}

/// As [`v4`].
pub(super) mod v6 {
    observe::messages! {
        WriteError { reason } = "LEGAL_LOG_LEASE6_WRITE_ERROR", "legal-log-hooks", Error,
            "Could not write to the legal store: {reason}",
            "Entries of the legal log are lost: the medium failed, or more came than it takes.";
    }
}
