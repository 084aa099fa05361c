//! Log messages of scripts.

observe::messages! {
    Loaded = "RUN_SCRIPT_LOAD", "run-script-hooks", Info,
        "Run Script hooks library has been loaded",
        "The script is run at events of leases from now on.";
    SyncIgnored = "RUN_SCRIPT_SYNC_IGNORED", "run-script-hooks", Warn,
        "'sync' of libdhcp_run_script is true, but nothing waits for scripts",
        "As in Kea, scripts run beside the server whatever is asked for. Set it to false.";
    Failed { script, reason } = "RUN_SCRIPT_FAILED", "run-script-hooks", Error,
        "cannot run '{script}': {reason}",
        "The script could not be started. The lease is as it would be without it.";
    Ended { script, point, status } = "RUN_SCRIPT_EXIT_STATUS", "run-script-hooks", Warn,
        "'{script}' for {point} ended with {status}",
        "The script says that it failed. Nothing follows from that here.";
    Lost { count } = "RUN_SCRIPT_LOST", "run-script-hooks", Error,
        "{count} events were not told to the script: too many were waiting for it",
        "Scripts are slower than events come. Make the script quicker, or let it hand over its work.";
}
