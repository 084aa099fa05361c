//! Log messages of the measurement of packets.

observe::messages! {
    Cleared { alarm, mean, low } = "PERFMON_ALARM_CLEARED", "perfmon-hooks", Info,
        "Alarm for {alarm} has been cleared, reported mean duration {mean} is now below low-water-ms: {low}",
        "What took too long is quick again.";
    Triggered { alarm, since, mean, high } = "PERFMON_ALARM_TRIGGERED", "perfmon-hooks", Warn,
        "Alarm for {alarm} has been triggered since {since}, reported mean duration {mean} exceeds high-water-ms: {high}",
        "Answers take longer than the alarm allows. It is said again each alarm-report-secs while they do.";
    ControlError { reason } = "PERFMON_CMDS_CONTROL_ERROR", "perfmon-hooks", Error,
        "perfmon-control command processing failed: {reason}",
        "The arguments of the command are wrong.";
    ControlDone { monitoring, reporting } = "PERFMON_CMDS_CONTROL_OK", "perfmon-hooks", Info,
        "perfmon-control command success: active monitoring: {monitoring}, stats-mgr-reporting: {reporting}",
        "What is measured and reported from now on, until the next configuration.";
    DurationsError { reason } = "PERFMON_CMDS_GET_ALL_DURATIONS_ERROR", "perfmon-hooks", Error,
        "perfmon-get-all-durations command processing failed: {reason}",
        "The arguments of the command are wrong.";
    DurationsDone { durations } = "PERFMON_CMDS_GET_ALL_DURATIONS_OK", "perfmon-hooks", Info,
        "perfmon-get-all-durations returning {durations} durations",
        "The durations that are measured were asked for.";
}

/// Events of a query: identifiers differ by the family's digit.
pub(super) mod v4 {
    observe::messages! {
        Events { query, events } = "PERFMON_DHCP4_PKT_EVENTS", "perfmon-hooks", Debug(50),
            "query: {query} events=[{events}]",
            "What happened to a query, and when, until its reply was complete.";
    }
}

/// As [`v4`].
pub(super) mod v6 {
    observe::messages! {
        Events { query, events } = "PERFMON_DHCP6_PKT_EVENTS", "perfmon-hooks", Debug(50),
            "query: {query} events=[{events}]",
            "What happened to a query, and when, until its reply was complete.";
    }
}
