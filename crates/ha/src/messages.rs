//! Log messages of high availability, with Kea's identifiers. `server` is the name of this server in its relationship.

observe::messages! {
    Configured = "HA_CONFIGURATION_SUCCESSFUL", "ha-hooks", Info,
        "HA hook library has been successfully configured",
        "The relationships of the configuration are in force.";
    ServiceStarted { server, mode, role } = "HA_SERVICE_STARTED", "ha-hooks", Info,
        "{server}: started high availability service in {mode} mode as {role} server",
        "A relationship begins in the state waiting.";
    Stopped = "HA_DEINIT_OK", "ha-hooks", Info,
        "unloading High Availability hooks library successful",
        "The relationships end: the configuration has others or none, or the server ends.";
    AutoFailoverDisabled { server } = "HA_CONFIG_AUTO_FAILOVER_DISABLED", "ha-hooks", Warn,
        "{server}: auto-failover disabled",
        "When the partner is down its clients are served only once ha-scopes says so.";
    SyncingDisabled { server } = "HA_CONFIG_LEASE_SYNCING_DISABLED", "ha-hooks", Warn,
        "{server}: lease database synchronization between HA servers is disabled",
        "Right where both servers see the same leases by other means, such as replication of a database.";
    SyncingDisabledReminder { server } = "HA_CONFIG_LEASE_SYNCING_DISABLED_REMINDER", "ha-hooks", Info,
        "{server}: bypassing SYNCING state because lease database synchronization is administratively disabled",
        "The server goes from waiting to ready without fetching leases, as sync-leases has it.";
    UpdatesAndSyncingDiffer { server, updates, syncing } = "HA_CONFIG_LEASE_UPDATES_AND_SYNCING_DIFFER", "ha-hooks",
        Warn,
        "{server}: unusual configuration where \"send-lease-updates\": {updates} and \"sync-leases\": {syncing}",
        "Most often both are false, with a replicated database, or both are true.";
    UpdatesDisabled { server } = "HA_CONFIG_LEASE_UPDATES_DISABLED", "ha-hooks", Warn,
        "{server}: lease updates will not be generated",
        "Right where both servers see the same leases by other means, such as replication of a database.";
    UpdatesDisabledReminder { server, state } = "HA_CONFIG_LEASE_UPDATES_DISABLED_REMINDER", "ha-hooks", Info,
        "{server}: lease updates are administratively disabled and will not be generated while in {state} state",
        "As send-lease-updates has it.";
    ThreadsDisabled { server } = "HA_CONFIG_DHCP_MT_DISABLED_AND_KEA_MT_ENABLED", "ha-hooks", Warn,
        "{server}: HA multi-threading is disabled while Kea global multi-threading is enabled which most likely cause performance degradation.",
        "The partner comes over the control sockets, and is sent one update at a time.";
    UpdatesOn { server, state } = "HA_LEASE_UPDATES_ENABLED", "ha-hooks", Info,
        "{server}: lease updates will be sent to the partner while in {state} state",
        "The partner is told of each lease before its client is.";
    UpdatesOff { server, state } = "HA_LEASE_UPDATES_DISABLED", "ha-hooks", Info,
        "{server}: lease updates will not be sent to the partner while in {state} state",
        "The partner fetches the leases when it comes back.";
    Transition { server, from, to, partner } = "HA_STATE_TRANSITION", "ha-hooks", Info,
        "{server}: server transitions from {from} to {to} state, partner state is {partner}",
        "The state of the server in its relationship has changed.";
    TransitionAlone { server, from, to } = "HA_STATE_TRANSITION_PASSIVE_BACKUP", "ha-hooks", Info,
        "{server}: server transitions from {from} to {to} state",
        "The state of a server without a partner has changed.";
    Paused { server, state } = "HA_STATE_MACHINE_PAUSED", "ha-hooks", Info,
        "{server}: state machine paused in state {state}",
        "As state-machine has it. The command ha-continue lets it go on.";
    Continued { server } = "HA_STATE_MACHINE_CONTINUED", "ha-hooks", Info,
        "{server}: state machine is un-paused",
        "The command ha-continue was given.";
    ServiceOff { server, state } = "HA_LOCAL_DHCP_DISABLE", "ha-hooks", Info,
        "local DHCP service is disabled while the {server} is in the {state} state",
        "No client is answered in this state.";
    ServiceOn { server, state } = "HA_LOCAL_DHCP_ENABLE", "ha-hooks", Info,
        "local DHCP service is enabled while the {server} is in the {state} state",
        "Clients are answered again, those of the scopes that are served.";
    Interrupted { server, partner } = "HA_COMMUNICATION_INTERRUPTED", "ha-hooks", Warn,
        "{server}: communication with {partner} is interrupted",
        "The partner has not answered for max-response-delay. Its clients are watched: do they get answers?";
    NewClient4 { server, client } = "HA_COMMUNICATION_INTERRUPTED_CLIENT4", "ha-hooks", Info,
        "{server}: new client {client} attempting to get a lease from the partner",
        "The partner does not answer this server; it may still answer the client.";
    Unacked4 { server, client, unacked, left } = "HA_COMMUNICATION_INTERRUPTED_CLIENT4_UNACKED", "ha-hooks", Info,
        "{server}: partner server failed to respond to {client}, {unacked} clients unacked so far, {left} clients left before transitioning to the partner-down state",
        "The client has tried for longer than max-ack-delay.";
    NewClient6 { server, client } = "HA_COMMUNICATION_INTERRUPTED_CLIENT6", "ha-hooks", Info,
        "{server}: new client {client} attempting to get a lease from the partner",
        "The partner does not answer this server; it may still answer the client.";
    Unacked6 { server, client, unacked, left } = "HA_COMMUNICATION_INTERRUPTED_CLIENT6_UNACKED", "ha-hooks", Info,
        "{server}: partner server failed to respond to {client}, {unacked} clients unacked so far, {left} clients left before transitioning to the partner-down state",
        "The client has tried for longer than max-ack-delay.";
    HighSkew { server, skew } = "HA_HIGH_CLOCK_SKEW", "ha-hooks", Warn,
        "{server}: {skew}, please synchronize clocks!",
        "Clocks differ by more than 30 seconds. Beyond 60 the relationship ends.";
    SkewTerminates { server, skew } = "HA_HIGH_CLOCK_SKEW_CAUSED_TERMINATION", "ha-hooks", Error,
        "{server}: {skew}, causing HA service to terminate",
        "Clocks differ by more than 60 seconds: leases would end at different times. Set the clocks, then restart.";
    RejectsTerminate { server } = "HA_LEASE_UPDATE_REJECTS_CAUSED_TERMINATION", "ha-hooks", Error,
        "{server}: too many rejected lease updates cause the HA service to terminate",
        "The partner refused max-rejected-lease-updates leases: are the subnets and clients the same there?";
    Terminated { server } = "HA_TERMINATED", "ha-hooks", Error,
        "HA {server}: service terminated due to an unrecoverable condition. Check previous error message(s), address the problem and restart!",
        "Clients are still served, as in the normal state, but the leases of both servers drift apart.";
    RestartPartner { server } = "HA_TERMINATED_RESTART_PARTNER", "ha-hooks", Info,
        "{server}: waiting for the partner in the TERMINATED state to be restarted",
        "This server was restarted after the relationship had ended; the partner has to be, too.";
    PartnerNotRestarted { server, minutes } = "HA_TERMINATED_PARTNER_DID_NOT_RESTART", "ha-hooks", Warn,
        "{server}: service is terminating because the terminated partner was not restarted within {minutes} minutes",
        "Clients are served again, without the partner.";
    InvalidRecovery { server } = "HA_INVALID_PARTNER_STATE_COMMUNICATION_RECOVERY", "ha-hooks", Warn,
        "{server}: partner is in the communication-recovery state unexpectedly",
        "The configurations of the servers differ: this one does not balance load.";
    InvalidHotStandby { server } = "HA_INVALID_PARTNER_STATE_HOT_STANDBY", "ha-hooks", Warn,
        "{server}: partner is in the hot-standby state unexpectedly",
        "The configurations of the servers differ in their mode.";
    InvalidLoadBalancing { server } = "HA_INVALID_PARTNER_STATE_LOAD_BALANCING", "ha-hooks", Warn,
        "{server}: partner is in the load-balancing state unexpectedly",
        "The configurations of the servers differ in their mode.";
    ShutdownSafe { server } = "HA_MAINTENANCE_SHUTDOWN_SAFE", "ha-hooks", Info,
        "{server}: the server can now be shutdown for maintenance as the partner has taken over the DHCP traffic",
        "Maintenance was started on the partner.";
    MaintenanceStarted { server } = "HA_MAINTENANCE_STARTED", "ha-hooks", Info,
        "{server}: the server is now in the partner-in-maintenance state and the partner is in-maintenance state",
        "The partner may be shut down. ha-maintenance-cancel takes it back.";
    MaintenanceAlone { server } = "HA_MAINTENANCE_STARTED_IN_PARTNER_DOWN", "ha-hooks", Info,
        "{server}: the server is now in the partner-down mode as a result of requested maintenance",
        "Maintenance was started while the partner was away already.";
    HeartbeatUnsent { server, partner, reason } = "HA_HEARTBEAT_COMMUNICATIONS_FAILED", "ha-hooks", Warn,
        "{server}: failed to send heartbeat to {partner}: {reason}",
        "The partner is down or cannot be reached.";
    HeartbeatFailed { server, partner, reason } = "HA_HEARTBEAT_FAILED", "ha-hooks", Warn,
        "{server}: heartbeat to {partner} failed: {reason}",
        "The partner answered with an error.";
    UpdateUnsent { server, lease, partner, reason } = "HA_LEASE_UPDATE_COMMUNICATIONS_FAILED", "ha-hooks", Warn,
        "{server}: failed to send lease update {lease} to {partner}: {reason}",
        "The client is not answered, unless the update was for a backup: it asks again.";
    UpdateFailed { server, lease, partner, reason } = "HA_LEASE_UPDATE_FAILED", "ha-hooks", Warn,
        "{server}: lease update {lease} sent to {partner} failed: {reason}",
        "The client is not answered, unless the update was for a backup: it asks again.";
    UpdateConflict { server, lease, partner, reason } = "HA_LEASE_UPDATE_CONFLICT", "ha-hooks", Warn,
        "{server}: lease update {lease} sent to {partner} returned conflict status code: {reason}",
        "The partner has no such subnet, or the lease is another one there. The client is not answered.";
    UpdateRefused { server, kind, address, reason } = "HA_LEASE_UPDATE_CREATE_UPDATE_FAILED_ON_PEER", "ha-hooks", Warn,
        "{server}: failed to create or update the lease having type {kind} for address {address}, reason: {reason}",
        "One of the leases of an update was refused by the other server.";
    DeletionRefused { server, kind, address, reason } = "HA_LEASE_UPDATE_DELETE_FAILED_ON_PEER", "ha-hooks", Warn,
        "{server}: failed to delete the lease having type {kind} for address {address}, reason: {reason}",
        "The other server did not have the lease.";
    BacklogUnsent { server, partner, reason } = "HA_LEASES_BACKLOG_COMMUNICATIONS_FAILED", "ha-hooks", Warn,
        "{server}: failed to communicate with {partner} while sending lease updates backlog: {reason}",
        "The partner will fetch all leases instead.";
    BacklogFailed { server, partner, reason } = "HA_LEASES_BACKLOG_FAILED", "ha-hooks", Warn,
        "{server}: failed to send lease updates backlog to {partner}: {reason}",
        "The partner will fetch all leases instead.";
    BacklogEmpty { server } = "HA_LEASES_BACKLOG_NOTHING_TO_SEND", "ha-hooks", Info,
        "{server}: no leases in backlog after communication recovery",
        "No lease was changed while the partner was away.";
    BacklogStart { server, count, partner } = "HA_LEASES_BACKLOG_START", "ha-hooks", Info,
        "{server}: starting to send {count} outstanding lease updates to {partner}",
        "The partner is back, and is told what it missed.";
    BacklogSent { server, partner, duration } = "HA_LEASES_BACKLOG_SUCCESS", "ha-hooks", Info,
        "{server}: sending lease updates backlog to {partner} successful in {duration}",
        "The partner knows all leases again.";
    SyncStart { server, partner } = "HA_SYNC_START", "ha-hooks", Info,
        "{server}: starting lease database synchronization with {partner}",
        "The leases of the partner are fetched, page by page.";
    SyncPage { server, count, partner } = "HA_LEASES_SYNC_LEASE_PAGE_RECEIVED", "ha-hooks", Info,
        "{server}: received {count} leases from {partner}",
        "A page of leases came.";
    SyncApplied { server, count } = "HA_LEASES_SYNC_APPLIED_LEASES", "ha-hooks", Info,
        "{server}: applied {count} leases received from the partner in the local lease database",
        "So many of a page were new here, or newer than what was here.";
    SyncLeaseFailed { server, lease, reason } = "HA_LEASE_SYNC_FAILED", "ha-hooks", Warn,
        "{server}: synchronization failed for lease: {lease}, reason: {reason}",
        "A lease of the partner is not taken over: its subnet is not configured here, or it is malformed.";
    SyncStale4 { server, address, subnet } = "HA_LEASE_SYNC_STALE_LEASE4_SKIP", "ha-hooks", Debug(40),
        "{server}: skipping stale lease {address} in subnet {subnet}",
        "The lease here is as new, or newer.";
    SyncStale6 { server, address, subnet } = "HA_LEASE_SYNC_STALE_LEASE6_SKIP", "ha-hooks", Debug(40),
        "{server}: skipping stale lease {address} in subnet {subnet}",
        "The lease here is as new, or newer.";
    SyncTwoClients { server, address, ours, theirs, kept } = "HA_LEASE_SYNC_TWO_CLIENTS", "ha-hooks", Warn,
        "{server}: {address} was leased to {ours} here and to {theirs} by the partner, the lease of {kept} is kept",
        "Both servers gave the address out while they did not hear each other. The other client will be refused when it renews; see that clients of both sides reach both servers.";
    SyncUnsent { server, partner, reason } = "HA_LEASES_SYNC_COMMUNICATIONS_FAILED", "ha-hooks", Error,
        "{server}: failed to communicate with {partner} while syncing leases: {reason}",
        "The partner went away; it is tried again.";
    SyncRefused { server, partner, reason } = "HA_LEASES_SYNC_FAILED", "ha-hooks", Error,
        "{server}: failed to synchronize leases with {partner}: {reason}",
        "The partner answered with an error; it is tried again.";
    SyncFailed { server, partner, reason } = "HA_SYNC_FAILED", "ha-hooks", Error,
        "{server}: lease database synchronization with {partner} failed: {reason}",
        "It is tried again.";
    SyncDone { server, partner, duration } = "HA_SYNC_SUCCESSFUL", "ha-hooks", Info,
        "{server}: lease database synchronization with {partner} completed successfully in {duration}",
        "The leases here are those of the partner, and what was newer here.";
    DisableUnsent { server, partner, reason } = "HA_DHCP_DISABLE_COMMUNICATIONS_FAILED", "ha-hooks", Error,
        "{server}: failed to send request to disable DHCP service of {partner}: {reason}",
        "The partner went away at the beginning of a synchronization.";
    DisableFailed { server, partner, reason } = "HA_DHCP_DISABLE_FAILED", "ha-hooks", Error,
        "{server}: failed to disable DHCP service of {partner}: {reason}",
        "The partner refused at the beginning of a synchronization.";
    EnableUnsent { server, partner, reason } = "HA_DHCP_ENABLE_COMMUNICATIONS_FAILED", "ha-hooks", Error,
        "{server}: failed to send request to enable DHCP service of {partner}: {reason}",
        "The partner goes on by itself when sync-timeout is over.";
    EnableFailed { server, partner, reason } = "HA_DHCP_ENABLE_FAILED", "ha-hooks", Error,
        "{server}: failed to enable DHCP service of {partner}: {reason}",
        "The partner goes on by itself when sync-timeout is over.";
    NotifyUnsent { server, partner, reason } = "HA_SYNC_COMPLETE_NOTIFY_COMMUNICATIONS_FAILED", "ha-hooks", Error,
        "{server}: failed to send ha-sync-complete-notify to {partner}: {reason}",
        "The partner goes on by itself when sync-timeout is over.";
    NotifyFailed { server, partner, reason } = "HA_SYNC_COMPLETE_NOTIFY_FAILED", "ha-hooks", Error,
        "{server}: error processing ha-sync-complete-notify command on {partner}: {reason}",
        "The partner goes on by itself when sync-timeout is over.";
    ResetUnsent { server, partner, reason } = "HA_RESET_COMMUNICATIONS_FAILED", "ha-hooks", Warn,
        "{server}: failed to send ha-reset command to {partner}: {reason}",
        "The partner is to fetch all leases, but went away.";
    ResetFailed { server, partner, reason } = "HA_RESET_FAILED", "ha-hooks", Warn,
        "{server}: failed to reset HA state machine of {partner}: {reason}",
        "The partner is to fetch all leases, but refused.";
    MaintenanceUnsent { server, partner, reason } = "HA_MAINTENANCE_NOTIFY_COMMUNICATIONS_FAILED", "ha-hooks", Error,
        "{server}: failed to send ha-maintenance-notify to {partner}: {reason}",
        "The partner is away already.";
    MaintenanceFailed { server, partner, reason } = "HA_MAINTENANCE_NOTIFY_FAILED", "ha-hooks", Error,
        "{server}: error returned while processing ha-maintenance-notify by {partner}: {reason}",
        "The partner refused to be put into maintenance.";
    CancelUnsent { server, partner, reason } = "HA_MAINTENANCE_NOTIFY_CANCEL_COMMUNICATIONS_FAILED", "ha-hooks", Error,
        "{server}: failed to send ha-maintenance-notify to {partner} in attempt to cancel its maintenance: {reason}",
        "The maintenance goes on.";
    CancelFailed { server, partner, reason } = "HA_MAINTENANCE_NOTIFY_CANCEL_FAILED", "ha-hooks", Error,
        "{server}: error returned while processing ha-maintenance-notify by {partner} in attempt to cancel its maintenance: {reason}",
        "The maintenance goes on.";
    NotForUs4 { query } = "HA_BUFFER4_RECEIVE_NOT_FOR_US", "ha-hooks", Debug(40),
        "{query}: dropping query to be processed by another server",
        "The client is another server's.";
    NotForUs6 { query } = "HA_BUFFER6_RECEIVE_NOT_FOR_US", "ha-hooks", Debug(40),
        "{query}: dropping query to be processed by another server",
        "The client is another server's.";
    NoKey4 { server, transaction } = "HA_LOAD_BALANCING_IDENTIFIER_MISSING", "ha-hooks", Debug(40),
        "{server}: load balancing failed for the DHCPv4 message (transaction id: {transaction}) because HW address and client identifier are missing",
        "A client that cannot be told from others is not served.";
    NoKey6 { server, transaction } = "HA_LOAD_BALANCING_DUID_MISSING", "ha-hooks", Debug(40),
        "{server}: load balancing failed for the DHCPv6 message (transaction id: {transaction}) because DUID is missing",
        "A client that cannot be told from others is not served.";
    SubnetNotForUs4 { query, relationship } = "HA_SUBNET4_SELECT_NOT_FOR_US", "ha-hooks", Debug(40),
        "{query}: dropping query in relationship {relationship} to be processed by another server",
        "The primary server of the subnet is there.";
    SubnetNotForUs6 { query, relationship } = "HA_SUBNET6_SELECT_NOT_FOR_US", "ha-hooks", Debug(40),
        "{query}: dropping query in relationship {relationship} to be processed by another server",
        "The primary server of the subnet is there.";
    NoRelationship4 { query, subnet } = "HA_SUBNET4_SELECT_NO_RELATIONSHIP_SELECTOR_FOR_SUBNET", "ha-hooks", Error,
        "{query}: unable to determine HA relationship because selected subnet {subnet} lacks the ha-server-name",
        "With several relationships each subnet or its shared network says in its user-context whose it is.";
    NoRelationship6 { query, subnet } = "HA_SUBNET6_SELECT_NO_RELATIONSHIP_SELECTOR_FOR_SUBNET", "ha-hooks", Error,
        "{query}: unable to determine HA relationship because selected subnet {subnet} lacks the ha-server-name",
        "With several relationships each subnet or its shared network says in its user-context whose it is.";
    NoSubnet4 { query } = "HA_SUBNET4_SELECT_NO_SUBNET_SELECTED", "ha-hooks", Debug(40),
        "{query}: unable to determine HA relationship because no subnet has been selected for the client",
        "With several relationships a client without a subnet is nobody's.";
    NoSubnet6 { query } = "HA_SUBNET6_SELECT_NO_SUBNET_SELECTED", "ha-hooks", Debug(40),
        "{query}: unable to determine HA relationship because no subnet has been selected for the client",
        "With several relationships a client without a subnet is nobody's.";
    ReclaimSkip4 { lease } = "HA_LEASE4_EXPIRE_RECLAMATION_SKIP", "ha-hooks", Debug(40),
        "{lease}: skipping reclamation of the lease that belongs to a partner",
        "In the state terminated each server only reclaims the leases of its own clients.";
    ReclaimSkip6 { lease } = "HA_LEASE6_EXPIRE_RECLAMATION_SKIP", "ha-hooks", Debug(40),
        "{lease}: skipping reclamation of the lease that belongs to a partner",
        "In the state terminated each server only reclaims the leases of its own clients.";
    Answered { server, answer } = "HTTP_SERVER_RESPONSE_RECEIVED_DETAILS", "http", Debug(45),
        "detailed information about well-formed response received from {server}:\n{answer}",
        "What another server answered to a command of high availability.";
    HeartbeatRefused { reason } = "HA_HEARTBEAT_HANDLER_FAILED", "ha-hooks", Error,
        "heartbeat command failed: {reason}", "The command was wrong.";
    SyncCommandRefused { reason } = "HA_SYNC_HANDLER_FAILED", "ha-hooks", Error,
        "ha-sync command failed: {reason}", "The command was wrong.";
    ScopesRefused { reason } = "HA_SCOPES_HANDLER_FAILED", "ha-hooks", Error,
        "ha-scopes command failed: {reason}", "The command was wrong.";
    ContinueRefused { reason } = "HA_CONTINUE_HANDLER_FAILED", "ha-hooks", Error,
        "ha-continue command failed: {reason}", "The command was wrong.";
    ResetRefused { reason } = "HA_RESET_HANDLER_FAILED", "ha-hooks", Error,
        "ha-reset command failed: {reason}", "The command was wrong.";
    NotifyRefused { reason } = "HA_SYNC_COMPLETE_NOTIFY_HANDLER_FAILED", "ha-hooks", Error,
        "ha-sync-complete-notify command failed: {reason}", "The command was wrong.";
    MaintenanceNotifyRefused { reason } = "HA_MAINTENANCE_NOTIFY_HANDLER_FAILED", "ha-hooks", Error,
        "ha-maintenance-notify command failed: {reason}", "The command was wrong.";
    MaintenanceStartRefused { reason } = "HA_MAINTENANCE_START_HANDLER_FAILED", "ha-hooks", Error,
        "ha-maintenance-start command failed: {reason}", "The command was wrong.";
    MaintenanceCancelRefused { reason } = "HA_MAINTENANCE_CANCEL_HANDLER_FAILED", "ha-hooks", Error,
        "ha-maintenance-cancel command failed: {reason}", "The command was wrong.";
}
