//! Log messages of kea-dhcp-ddns, with Kea's identifiers.

observe::messages! {
    Started { version } = "DHCP_DDNS_STARTED", "dhcpddns", Info,
        "Kea DHCP-DDNS server version {version} started",
        "The configuration has been read and requests are taken.";
    ChecksDisabled = "DHCP_DDNS_SECURITY_CHECKS_DISABLED", "dhcpddns", Warn,
        "Invoked with command line option -X, Security checks are disabled!!",
        "Paths anywhere, secrets in clear text and control channels without authentication are accepted.";
    ClearSecret { pos } = "DHCP_DDNS_TSIG_SECRET_SECURITY_WARNING", "dhcp-to-d2", Warn,
        "use of clear text TSIG 'secret' is NOT SECURE: {pos}",
        "The configuration would be refused, had the server not been started with -X. Put the secret into a file and name it with secret-file.";
    Configure { what, config } = "DHCP_DDNS_CONFIGURE", "dhcpddns", Debug(40),
        "configuration {what} received: {config}",
        "A configuration is about to be checked or put into force. Secrets are left out.";
    SyntaxWarning { warning } = "DHCP_DDNS_CONFIG_SYNTAX_WARNING", "dhcpddns", Warn,
        "DHCP-DDNS server configuration syntax warning: {warning}",
        "The configuration is accepted, but something in it looks like a slip.";
    ConfigCheckFail { error } = "DHCP_DDNS_CONFIG_CHECK_FAIL", "dhcpddns", Error,
        "DHCP-DDNS server configuration check failed: {error}",
        "A configuration that was to be checked has a fault. Each fault is a message of its own.";
    ConfigFail { error } = "DHCP_DDNS_CONFIG_FAIL", "dhcpddns", Error,
        "DHCP-DDNS server configuration failed: {error}",
        "A configuration cannot be used; the server goes on with the one before. Each fault is a message of its own.";
    AllInterfaces { address } = "DHCP_DDNS_LISTENING_ON_ALL_INTERFACES", "dhcpddns", Warn,
        "the DHCP-DDNS server has been configured to listen on {address}. This is an insecure configuration supported for testing purposes only",
        "Requests are believed whoever sends them: everybody who reaches the port can change DNS.";
    NotOnLoopback { address } = "DHCP_DDNS_NOT_ON_LOOPBACK", "dhcpddns", Warn,
        "the DHCP-DDNS server has been configured to listen on {address} which is not the local loopback. This is an insecure configuration supported for testing purposes only",
        "Requests are believed whoever sends them: everybody who reaches the address can change DNS.";
    QueueStarted = "DHCP_DDNS_QUEUE_MGR_STARTED", "dhcpddns", Debug(0),
        "application's queue manager has begun listening for requests.",
        "The socket is open.";
    QueueStopping { why } = "DHCP_DDNS_QUEUE_MGR_STOPPING", "dhcpddns", Debug(0),
        "application is stopping the queue manager for {why}",
        "No requests are taken for the moment, or any more.";
    QueueStopped = "DHCP_DDNS_QUEUE_MGR_STOPPED", "dhcpddns", Debug(40),
        "application's queue manager has stopped listening for requests.",
        "The socket is not read.";
    QueueReconfiguring = "DHCP_DDNS_QUEUE_MGR_RECONFIGURING", "dhcpddns", Debug(40),
        "application is reconfiguring the queue manager",
        "Requests are taken where the new configuration says.";
    QueueFull { limit } = "DHCP_DDNS_QUEUE_MGR_QUEUE_FULL", "dhcp-to-d2", Error,
        "application request queue has reached maximum number of entries {limit}",
        "Requests come faster than name servers take updates, or these do not answer. The socket is not read until a fifth of the queue is done; what the kernel cannot keep meanwhile is lost.";
    QueueResuming { threshold, limit } = "DHCP_DDNS_QUEUE_MGR_RESUMING", "dhcpddns", Info,
        "application is resuming listening for requests now that the request queue size has reached {threshold} of a maximum {limit} allowed",
        "The queue was full, and there is room again.";
    Queued { id } = "DHCP_DDNS_QUEUE_MGR_QUEUE_RECEIVE", "dhcp-to-d2", Debug(55),
        "Request ID {id}: received and queued a request.",
        "A DHCP server has sent a request.";
    ReceiveFailed { error } = "DHCP_DDNS_NCR_UDP_RECV_ERROR", "libdhcp-ddns", Error,
        "UDP socket receive error while listening for DNS Update requests: {error}",
        "A request may be lost.";
    InvalidNcr { error } = "DHCP_DDNS_INVALID_NCR", "libdhcp-ddns", Error,
        "application received an invalid DNS update request: {error}",
        "Something came to the port that is no request. It is thrown away; look who sends it.";
    ShutdownCommand { arguments } = "DHCP_DDNS_SHUTDOWN_COMMAND", "dhcpddns", Debug(0),
        "application received shutdown command with args: {arguments}",
        "Somebody has sent the command shutdown.";
    ClearedForShutdown { kind } = "DHCP_DDNS_CLEARED_FOR_SHUTDOWN", "dhcpddns", Debug(0),
        "application has met shutdown criteria for shutdown type: {kind}",
        "What was to be done before the end is done.";
    RunExit = "DHCP_DDNS_RUN_EXIT", "dhcpddns", Debug(0),
        "application is exiting the event loop",
        "The server ends.";
    AtMaxTransactions { queued, running } = "DHCP_DDNS_AT_MAX_TRANSACTIONS", "dhcp-to-d2", Debug(55),
        "application has {queued} queued requests but has reached maximum number of {running} concurrent transactions",
        "The requests wait.";
    NoEligibleJobs { queued, running } = "DHCP_DDNS_NO_ELIGIBLE_JOBS", "dhcp-to-d2", Debug(55),
        "although there are queued requests, there are pending transactions for each, Queue count: {queued}  Transaction count: {running}",
        "Requests of one client, for one name or for one address are done one after the other.";
    NoMatch { name } = "DHCP_DDNS_NO_MATCH", "dhcp-to-d2", Warn,
        "No DNS servers match FQDN {name}",
        "The name is in none of the domains of the configuration.";
    NoForwardMatch { id, request } = "DHCP_DDNS_NO_FWD_MATCH_ERROR", "dhcp-to-d2", Error,
        "Request ID {id}: the configured list of forward DDNS domains does not contain a match for: {request}  The request has been discarded.",
        "Add the domain to forward-ddns, or see that DHCP servers give names in those that are there (ddns-qualifying-suffix).";
    NoReverseMatch { id, request } = "DHCP_DDNS_NO_REV_MATCH_ERROR", "dhcp-to-d2", Error,
        "Request ID {id}: the configured list of reverse DDNS domains does not contain a match for: {request}  The request has been discarded.",
        "Add the zone of the address to reverse-ddns; without any zone there the direction is left alone.";
    ForwardIgnored { id, request } = "DHCP_DDNS_FWD_REQUEST_IGNORED", "dhcp-to-d2", Debug(55),
        "Request ID {id}: Forward updates are disabled, the forward portion of request will be ignored: {request}",
        "There are no domains in forward-ddns.";
    ReverseIgnored { id, request } = "DHCP_DDNS_REV_REQUEST_IGNORED", "dhcp-to-d2", Debug(55),
        "Request ID {id}: Reverse updates are disabled, the reverse portion of request will be ignored: {request}",
        "There are no domains in reverse-ddns.";
    RequestDropped { id, request } = "DHCP_DDNS_REQUEST_DROPPED", "dhcp-to-d2", Debug(55),
        "Request ID {id}: Request contains no enabled update requests and will be dropped: {request}",
        "Neither of the directions that are asked for has domains.";
    TransSendError { id, error } = "DHCP_DDNS_TRANS_SEND_ERROR", "d2-to-dns", Error,
        "Request ID {id}: application encountered an unexpected error while attempting to send a DNS update: {error}",
        "The name of the request cannot be one in DNS; the request is thrown away.";
    UpdateRequestSent { id, step, server } = "DHCP_DDNS_UPDATE_REQUEST_SENT", "d2-to-dns", Debug(50),
        "Request ID {id}: {step} to server: {server}",
        "An update is on its way.";
    UpdateResponseReceived { id, server, attempt } = "DHCP_DDNS_UPDATE_RESPONSE_RECEIVED", "d2-to-dns", Debug(50),
        "Request ID {id}: to server: {server} status: {attempt}",
        "An update has come to its end, by an answer or without one.";
    InvalidResponse { error } = "DHCP_DDNS_INVALID_RESPONSE", "d2-to-dns", Debug(50),
        "received response to DNS Update message is malformed: {error}",
        "The answer is none, or its signature is not to be believed. The update is sent again.";
    AddSucceeded { id, request } = "DHCP_DDNS_ADD_SUCCEEDED", "d2-to-dns", Info,
        "DHCP_DDNS Request ID {id}: successfully added the DNS mapping addition for this request: {request}",
        "DNS says what the request asked for.";
    AddFailed { id, outcome } = "DHCP_DDNS_ADD_FAILED", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: Transaction outcome {outcome}",
        "The entries are not all there. The message before says why.";
    RemoveSucceeded { id, request } = "DHCP_DDNS_REMOVE_SUCCEEDED", "d2-to-dns", Info,
        "DHCP_DDNS Request ID {id}: successfully removed the DNS mapping addition for this request: {request}",
        "The entries are gone.";
    RemoveFailed { id, outcome } = "DHCP_DDNS_REMOVE_FAILED", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: Transaction outcome: {outcome}",
        "Some of the entries may still be there. The message before says why.";
    ForwardAddTimeout { id, fqdn, server } = "DHCP_DDNS_FORWARD_ADD_TIMEOUT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: timed out waiting for a response to forward mapping add for FQDN {fqdn} to DNS server {server}",
        "The name server has not answered in dns-server-timeout while adding the address of a name. It is asked three times, then the next one of the domain.";
    ForwardAddIoError { id, fqdn, server, error } = "DHCP_DDNS_FORWARD_ADD_IO_ERROR", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: encountered an IO error sending a forward mapping add for FQDN {fqdn} to DNS server {server}: {error}",
        "The name server cannot be reached while adding the address of a name. It is tried three times, then the next one of the domain.";
    ForwardAddCorrupt { id, server, fqdn, error } = "DHCP_DDNS_FORWARD_ADD_RESP_CORRUPT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: received a corrupt response from the DNS server, {server}, while doing a forward mapping add for FQDN, {fqdn}: {error}",
        "An answer to the update cannot be used while adding the address of a name. When it is about a signature, the key differs here and on the server, or the clocks do.";
    ForwardAddRejected { id, server, fqdn, rcode } = "DHCP_DDNS_FORWARD_ADD_REJECTED", "d2-to-dns", Error,
        "DNS Request ID {id}: Server, {server}, rejected a DNS update request for a forward mapping add for FQDN, {fqdn}, with an RCODE: {rcode}",
        "The name server refuses the update while adding the address of a name: the entry belongs to another client (NXRRSET), the server does not allow the update (REFUSED, NOTAUTH), or does not serve the zone (NOTZONE).";
    ForwardReplaceTimeout { id, fqdn, server } = "DHCP_DDNS_FORWARD_REPLACE_TIMEOUT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: timed out waiting for a response to forward mapping replace for FQDN {fqdn} to DNS server {server}",
        "The name server has not answered in dns-server-timeout while replacing the address of a name. It is asked three times, then the next one of the domain.";
    ForwardReplaceIoError { id, fqdn, server, error } = "DHCP_DDNS_FORWARD_REPLACE_IO_ERROR", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: encountered an IO error sending a forward mapping replace for FQDN {fqdn} to DNS server {server}: {error}",
        "The name server cannot be reached while replacing the address of a name. It is tried three times, then the next one of the domain.";
    ForwardReplaceCorrupt { id, server, fqdn, error } = "DHCP_DDNS_FORWARD_REPLACE_RESP_CORRUPT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: received a corrupt response from the DNS server, {server}, while doing a forward mapping replace for FQDN, {fqdn}: {error}",
        "An answer to the update cannot be used while replacing the address of a name. When it is about a signature, the key differs here and on the server, or the clocks do.";
    ForwardReplaceRejected { id, server, fqdn, rcode } = "DHCP_DDNS_FORWARD_REPLACE_REJECTED", "d2-to-dns", Error,
        "DNS Request ID {id}: Server, {server}, rejected a DNS update request for a forward mapping replace for FQDN, {fqdn}, with an RCODE: {rcode}",
        "The name server refuses the update while replacing the address of a name: the entry belongs to another client (NXRRSET), the server does not allow the update (REFUSED, NOTAUTH), or does not serve the zone (NOTZONE).";
    ForwardRemoveAddrsTimeout { id, fqdn, server } = "DHCP_DDNS_FORWARD_REMOVE_ADDRS_TIMEOUT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: timed out waiting for a response to forward mapping address removal for FQDN {fqdn} to DNS server {server}",
        "The name server has not answered in dns-server-timeout while removing the address of a name. It is asked three times, then the next one of the domain.";
    ForwardRemoveAddrsIoError { id, fqdn, server, error } = "DHCP_DDNS_FORWARD_REMOVE_ADDRS_IO_ERROR", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: encountered an IO error sending a forward mapping address removal for FQDN {fqdn} to DNS server {server}: {error}",
        "The name server cannot be reached while removing the address of a name. It is tried three times, then the next one of the domain.";
    ForwardRemoveAddrsCorrupt { id, server, fqdn, error } = "DHCP_DDNS_FORWARD_REMOVE_ADDRS_RESP_CORRUPT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: received a corrupt response from the DNS server, {server}, while doing a forward mapping address removal for FQDN, {fqdn}: {error}",
        "An answer to the update cannot be used while removing the address of a name. When it is about a signature, the key differs here and on the server, or the clocks do.";
    ForwardRemoveAddrsRejected { id, server, fqdn, rcode } = "DHCP_DDNS_FORWARD_REMOVE_ADDRS_REJECTED", "d2-to-dns", Error,
        "DNS Request ID {id}: Server, {server}, rejected a DNS update request for a forward mapping address removal for FQDN, {fqdn}, with an RCODE: {rcode}",
        "The name server refuses the update while removing the address of a name: the entry belongs to another client (NXRRSET), the server does not allow the update (REFUSED, NOTAUTH), or does not serve the zone (NOTZONE).";
    ForwardRemoveRrsTimeout { id, fqdn, server } = "DHCP_DDNS_FORWARD_REMOVE_RRS_TIMEOUT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: timed out waiting for a response to forward RR removal for FQDN {fqdn} to DNS server {server}",
        "The name server has not answered in dns-server-timeout while removing what is left of a name. It is asked three times, then the next one of the domain.";
    ForwardRemoveRrsIoError { id, fqdn, server, error } = "DHCP_DDNS_FORWARD_REMOVE_RRS_IO_ERROR", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: encountered an IO error sending a forward RR removal for FQDN {fqdn} to DNS server {server}: {error}",
        "The name server cannot be reached while removing what is left of a name. It is tried three times, then the next one of the domain.";
    ForwardRemoveRrsCorrupt { id, server, fqdn, error } = "DHCP_DDNS_FORWARD_REMOVE_RRS_RESP_CORRUPT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: received a corrupt response from the DNS server, {server}, while doing a forward RR removal for FQDN, {fqdn}: {error}",
        "An answer to the update cannot be used while removing what is left of a name. When it is about a signature, the key differs here and on the server, or the clocks do.";
    ForwardRemoveRrsRejected { id, server, fqdn, rcode } = "DHCP_DDNS_FORWARD_REMOVE_RRS_REJECTED", "d2-to-dns", Error,
        "DNS Request ID {id}: Server, {server}, rejected a DNS update request for a forward RR removal for FQDN, {fqdn}, with an RCODE: {rcode}",
        "The name server refuses the update while removing what is left of a name: the entry belongs to another client (NXRRSET), the server does not allow the update (REFUSED, NOTAUTH), or does not serve the zone (NOTZONE).";
    ReverseReplaceTimeout { id, fqdn, server } = "DHCP_DDNS_REVERSE_REPLACE_TIMEOUT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: timed out waiting for a response to reverse mapping replacement for FQDN {fqdn} to DNS server {server}",
        "The name server has not answered in dns-server-timeout while replacing the name of an address. It is asked three times, then the next one of the domain.";
    ReverseReplaceIoError { id, fqdn, server, error } = "DHCP_DDNS_REVERSE_REPLACE_IO_ERROR", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: encountered an IO error sending a reverse mapping replacement for FQDN {fqdn} to DNS server {server}: {error}",
        "The name server cannot be reached while replacing the name of an address. It is tried three times, then the next one of the domain.";
    ReverseReplaceCorrupt { id, server, fqdn, error } = "DHCP_DDNS_REVERSE_REPLACE_RESP_CORRUPT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: received a corrupt response from the DNS server, {server}, while doing a reverse mapping replacement for FQDN, {fqdn}: {error}",
        "An answer to the update cannot be used while replacing the name of an address. When it is about a signature, the key differs here and on the server, or the clocks do.";
    ReverseReplaceRejected { id, server, fqdn, rcode } = "DHCP_DDNS_REVERSE_REPLACE_REJECTED", "d2-to-dns", Error,
        "DNS Request ID {id}: Server, {server}, rejected a DNS update request for a reverse mapping replacement for FQDN, {fqdn}, with an RCODE: {rcode}",
        "The name server refuses the update while replacing the name of an address: the entry belongs to another client (NXRRSET), the server does not allow the update (REFUSED, NOTAUTH), or does not serve the zone (NOTZONE).";
    ReverseRemoveTimeout { id, fqdn, server } = "DHCP_DDNS_REVERSE_REMOVE_TIMEOUT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: timed out waiting for a response to reverse mapping remove for FQDN {fqdn} to DNS server {server}",
        "The name server has not answered in dns-server-timeout while removing the name of an address. It is asked three times, then the next one of the domain.";
    ReverseRemoveIoError { id, fqdn, server, error } = "DHCP_DDNS_REVERSE_REMOVE_IO_ERROR", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: encountered an IO error sending a reverse mapping remove for FQDN {fqdn} to DNS server {server}: {error}",
        "The name server cannot be reached while removing the name of an address. It is tried three times, then the next one of the domain.";
    ReverseRemoveCorrupt { id, server, fqdn, error } = "DHCP_DDNS_REVERSE_REMOVE_RESP_CORRUPT", "d2-to-dns", Error,
        "DHCP_DDNS Request ID {id}: received a corrupt response from the DNS server, {server}, while doing a reverse mapping remove for FQDN, {fqdn}: {error}",
        "An answer to the update cannot be used while removing the name of an address. When it is about a signature, the key differs here and on the server, or the clocks do.";
    ReverseRemoveRejected { id, server, fqdn, rcode } = "DHCP_DDNS_REVERSE_REMOVE_REJECTED", "d2-to-dns", Error,
        "DNS Request ID {id}: Server, {server}, rejected a DNS update request for a reverse mapping remove for FQDN, {fqdn}, with an RCODE: {rcode}",
        "The name server refuses the update while removing the name of an address: the entry belongs to another client (NXRRSET), the server does not allow the update (REFUSED, NOTAUTH), or does not serve the zone (NOTZONE).";
}
