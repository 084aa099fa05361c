//! Log messages of the commands.

observe::messages! {
    /// A lease was added.
    Added { address } = "LEASE_CMDS_ADD4", "lease-cmds-hooks", Debug(20),
        "lease4-add command successful (address: {address})",
        "A lease was added by command.";
    /// A lease could not be added as things are.
    AddConflict { parameters, reason } = "LEASE_CMDS_ADD4_CONFLICT", "lease-cmds-hooks", Warn,
        "lease4-add command failed due to conflict (parameters: {parameters}, reason: {reason})",
        "The lease of a command does not fit the configuration or the leases that there are.";
    /// A lease could not be added.
    AddFailed { parameters, reason } = "LEASE_CMDS_ADD4_FAILED", "lease-cmds-hooks", Error,
        "lease4-add command failed (parameters: {parameters}, reason: {reason})",
        "A command to add a lease was wrong, or the lease store failed.";
    /// A lease was deleted.
    Deleted { address } = "LEASE_CMDS_DEL4", "lease-cmds-hooks", Debug(20),
        "lease4-del command successful (address: {address})",
        "A lease was deleted by command.";
    /// A lease could not be deleted.
    DeleteFailed { parameters, reason } = "LEASE_CMDS_DEL4_FAILED", "lease-cmds-hooks", Error,
        "lease4-del command failed (parameters: {parameters}, reason: {reason})",
        "A command to delete a lease was wrong, or the lease store failed.";
    /// A lease could not be shown.
    GetFailed { parameters, reason } = "LEASE_CMDS_GET4_FAILED", "lease-cmds-hooks", Error,
        "lease4-get command failed (parameters: {parameters}, reason: {reason})",
        "A command to show a lease was wrong, or the lease store failed.";
    /// Names of a lease are updated again.
    Resent { text } = "LEASE_CMDS_RESEND_DDNS4", "lease-cmds-hooks", Info,
        "lease4-resend-ddns command successful: {text}",
        "A request to update the names of a lease again went to the DNS updater.";
    /// Names of a lease could not be updated again.
    ResendFailed { reason } = "LEASE_CMDS_RESEND_DDNS4_FAILED", "lease-cmds-hooks", Error,
        "lease4-resend-ddns command failed: {reason}",
        "Updates of names are off, or the command was wrong.";
    /// A lease was replaced.
    Replaced { address } = "LEASE_CMDS_UPDATE4", "lease-cmds-hooks", Debug(20),
        "lease4-update command successful (address: {address})",
        "A lease was replaced by command, or added when the command asked for that.";
    /// A lease could not be replaced as things are.
    ReplaceConflict { parameters, reason } = "LEASE_CMDS_UPDATE4_CONFLICT", "lease-cmds-hooks", Warn,
        "lease4-update command failed due to conflict (parameters: {parameters}, reason: {reason})",
        "The lease of a command does not fit the configuration or the leases that there are.";
    /// A lease could not be replaced.
    ReplaceFailed { parameters, reason } = "LEASE_CMDS_UPDATE4_FAILED", "lease-cmds-hooks", Error,
        "lease4-update command failed (parameters: {parameters}, reason: {reason})",
        "A command to replace a lease was wrong, or the lease store failed.";
    /// Leases were deleted.
    Wiped { parameters } = "LEASE_CMDS_WIPE4", "lease-cmds-hooks", Info,
        "lease4-wipe command successful (parameters: {parameters})",
        "All leases of the named subnet, or of all subnets, were deleted by command.";
    /// Leases could not be deleted.
    WipeFailed { parameters, reason } = "LEASE_CMDS_WIPE4_FAILED", "lease-cmds-hooks", Error,
        "lease4-wipe command failed (parameters: {parameters}, reason: {reason})",
        "A command to delete leases was wrong, or the lease store failed.";
}
