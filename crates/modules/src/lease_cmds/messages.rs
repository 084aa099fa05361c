//! Log messages of the commands, one definition each for both families: their identifiers differ by a digit.

macro_rules! family {
    ($module:ident, $digit:literal $(, $($more:tt)+)?) => {
        pub(super) mod $module {
            observe::messages! {
                /// A lease was added.
                Added { address } = concat!("LEASE_CMDS_ADD", $digit), "lease-cmds-hooks", Debug(20),
                    concat!("lease", $digit, "-add command successful (address: {address})"),
                    "A lease was added by command.";
                /// A lease could not be added as things are.
                AddConflict { parameters, reason } = concat!("LEASE_CMDS_ADD", $digit, "_CONFLICT"), "lease-cmds-hooks", Warn,
                    concat!("lease", $digit, "-add command failed due to conflict (parameters: {parameters}, reason: {reason})"),
                    "The lease of a command does not fit the configuration or the leases that there are.";
                /// A lease could not be added.
                AddFailed { parameters, reason } = concat!("LEASE_CMDS_ADD", $digit, "_FAILED"), "lease-cmds-hooks", Error,
                    concat!("lease", $digit, "-add command failed (parameters: {parameters}, reason: {reason})"),
                    "A command to add a lease was wrong, or the lease store failed.";
                /// A lease was deleted.
                Deleted { address } = concat!("LEASE_CMDS_DEL", $digit), "lease-cmds-hooks", Debug(20),
                    concat!("lease", $digit, "-del command successful (address: {address})"),
                    "A lease was deleted by command.";
                /// A lease could not be deleted.
                DeleteFailed { parameters, reason } = concat!("LEASE_CMDS_DEL", $digit, "_FAILED"), "lease-cmds-hooks", Error,
                    concat!("lease", $digit, "-del command failed (parameters: {parameters}, reason: {reason})"),
                    "A command to delete a lease was wrong, or the lease store failed.";
                /// A lease could not be shown.
                GetFailed { parameters, reason } = concat!("LEASE_CMDS_GET", $digit, "_FAILED"), "lease-cmds-hooks", Error,
                    concat!("lease", $digit, "-get command failed (parameters: {parameters}, reason: {reason})"),
                    "A command to show a lease was wrong, or the lease store failed.";
                /// Names of a lease are updated again.
                Resent { text } = concat!("LEASE_CMDS_RESEND_DDNS", $digit), "lease-cmds-hooks", Info,
                    concat!("lease", $digit, "-resend-ddns command successful: {text}"),
                    "A request to update the names of a lease again went to the DNS updater.";
                /// Names of a lease could not be updated again.
                ResendFailed { reason } = concat!("LEASE_CMDS_RESEND_DDNS", $digit, "_FAILED"), "lease-cmds-hooks", Error,
                    concat!("lease", $digit, "-resend-ddns command failed: {reason}"),
                    "Updates of names are off, or the command was wrong.";
                /// A lease was replaced.
                Replaced { address } = concat!("LEASE_CMDS_UPDATE", $digit), "lease-cmds-hooks", Debug(20),
                    concat!("lease", $digit, "-update command successful (address: {address})"),
                    "A lease was replaced by command, or added when the command asked for that.";
                /// A lease could not be replaced as things are.
                ReplaceConflict { parameters, reason } = concat!("LEASE_CMDS_UPDATE", $digit, "_CONFLICT"), "lease-cmds-hooks", Warn,
                    concat!("lease", $digit, "-update command failed due to conflict (parameters: {parameters}, reason: {reason})"),
                    "The lease of a command does not fit the configuration or the leases that there are.";
                /// A lease could not be replaced.
                ReplaceFailed { parameters, reason } = concat!("LEASE_CMDS_UPDATE", $digit, "_FAILED"), "lease-cmds-hooks", Error,
                    concat!("lease", $digit, "-update command failed (parameters: {parameters}, reason: {reason})"),
                    "A command to replace a lease was wrong, or the lease store failed.";
                /// Leases were deleted.
                Wiped { parameters } = concat!("LEASE_CMDS_WIPE", $digit), "lease-cmds-hooks", Info,
                    concat!("lease", $digit, "-wipe command successful (parameters: {parameters})"),
                    "All leases of the named subnet, or of all subnets, were deleted by command.";
                /// Leases could not be deleted.
                WipeFailed { parameters, reason } = concat!("LEASE_CMDS_WIPE", $digit, "_FAILED"), "lease-cmds-hooks", Error,
                    concat!("lease", $digit, "-wipe command failed (parameters: {parameters}, reason: {reason})"),
                    "A command to delete leases was wrong, or the lease store failed.";
                $($($more)+)?
            }
        }
    };
}

family!(v4, "4");
family!(
    v6, "6",
    /// Leases were changed in bulk.
    BulkApplied { count } = "LEASE_CMDS_BULK_APPLY6", "lease-cmds-hooks", Debug(20),
        "lease6-bulk-apply command successful (applied addresses count: {count})",
        "Leases were deleted, added or replaced by one command.";
    /// Leases could not be changed in bulk.
    BulkFailed { parameters, reason } = "LEASE_CMDS_BULK_APPLY6_FAILED", "lease-cmds-hooks", Error,
        "lease6-bulk-apply command failed (parameters: {parameters}, reason: {reason})",
        "A command to change leases was wrong, or the lease store failed. Leases before the failure may have changed.";
);
