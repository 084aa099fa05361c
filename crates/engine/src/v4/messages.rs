//! Log messages of the DHCPv4 engine, with Kea's identifiers.

use std::fmt;

use base::Seconds;
use lease::LeaseState;

/// Seconds as log lines show them.
pub struct Lifetime(pub Seconds);

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_infinite() { f.write_str("infinity") } else { self.0.fmt(f) }
    }
}

/// A lease state by its name.
pub struct State(pub LeaseState);

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            LeaseState::Default => "assigned",
            other => other.name(),
        })
    }
}

observe::messages! {
    PacketReceived { query, name, code, remote, local, interface } = "DHCP4_PACKET_RECEIVED", "packets", Debug(40),
        "{query}: {name} (type {code}) received from {remote} to {local} on interface {interface}",
        "A packet was received and could be read.";
    ParseFailed { remote, local, interface, reason } = "DHCP4_PACKET_DROP_0001", "bad-packets", Debug(15),
        "failed to parse packet from {remote} to {local}, received over interface {interface}, reason: {reason}",
        "What arrived is no DHCPv4 packet: too short, or without the magic cookie. It was dropped.";
    NoDirectSubnet { query, interface } = "DHCP4_PACKET_DROP_0002", "bad-packets", Debug(40),
        "{query}, from interface {interface}: no suitable subnet configured for a direct client",
        "A DHCPINFORM from the link carries no address to answer to. It was dropped.";
    LeaseQueryReceived { query } = "DHCP4_LEASE_QUERY_RECEIVED", "lease-query-hooks", Debug(40),
        "received query: {query}",
        "A DHCPLEASEQUERY came in.";
    LeaseQueryFailed { query, reason } = "DHCP4_LEASE_QUERY_PROCESS_FAILED", "lease-query-hooks", Debug(40),
        "processing failed for lease query: {query}, reason: {reason}",
        "A DHCPLEASEQUERY is not answered: who sent it may not ask, it is against RFC 4388, or the lease store failed.";
    LeaseQueryAnswered { response, address, port } = "DHCP4_LEASE_QUERY_RESPONSE_SENT", "lease-query-hooks", Debug(40),
        "response: {response}, sent to {address}:{port}",
        "A DHCPLEASEQUERY is answered.";
    ServerDecline { query, address, period } = "DHCP4_SERVER_INITIATED_DECLINE", "leases", Info,
        "{query}: Lease for addr {address} has been found to be already in use. The lease will be unavailable for {period} seconds.",
        "Somebody answered for an address that was to be offered. It is held back, and the client is not answered: when it asks again it is offered another.";
    ServerDeclineFail { query, address, error } = "DHCP4_SERVER_INITIATED_DECLINE_ADD_FAILED", "leases", Error,
        "{query}: error adding a lease for address {address}: {error}",
        "An address that somebody has cannot be held back.";
    ForeignServerId { query, interface } = "DHCP4_PACKET_DROP_0003", "bad-packets", Debug(40),
        "{query}, from interface {interface}: it contains a foreign server identifier",
        "The client has chosen another server. The packet was dropped.";
    MissingType { query, interface } = "DHCP4_PACKET_DROP_0004", "bad-packets", Debug(40),
        "{query}, from interface {interface}: missing msg-type option",
        "The packet has no message type (option 53): BOOTP, or broken. It was dropped.";
    UnknownType { query, kind } = "DHCP4_PACKET_DROP_0005", "bad-packets", Debug(40),
        "{query}: unrecognized type {kind} in option 53",
        "The message type is none that is assigned. The packet was dropped.";
    UnsupportedType { query, kind } = "DHCP4_PACKET_DROP_0006", "bad-packets", Debug(40),
        "{query}: unsupported DHCPv4 message type {kind}",
        "The message type is one that servers send, or one that is not served. The packet was dropped.";
    NotProcessed { query, reason } = "DHCP4_PACKET_DROP_0007", "bad-packets", Debug(40),
        "{query}: failed to process packet: {reason}",
        "The packet breaks a rule of RFC 2131, or the lease store failed. It was dropped; the text says why.";
    ServiceDisabled { query } = "DHCP4_PACKET_DROP_0008", "bad-packets", Debug(40),
        "{query}: DHCP service is globally disabled",
        "The service was disabled by a command or by a lost database. The packet was dropped.";
    DroppedByClass { query } = "DHCP4_PACKET_DROP_0010", "bad-packets", Debug(40),
        "dropped as member of the special class 'DROP': {query}",
        "A client class sends such packets to the class DROP.";
    Duplicate { query } = "DHCP4_PACKET_DROP_0011", "bad-packets", Debug(40),
        "dropped as sent by the same client as a packet being processed by another thread: {query}",
        "The client repeated itself before its first packet was answered. The repetition was dropped.";
    NakNoSubnet { query, remote, kind } = "DHCP4_PACKET_NAK_0001", "bad-packets", Error,
        "{query}: failed to select a subnet for incoming packet, src {remote}, type {kind}",
        "No configured subnet fits where the packet came from. Check relay addresses, interfaces and subnets.";
    NakInitReboot { query, address } = "DHCP4_PACKET_NAK_0002", "bad-packets", Debug(50),
        "{query}: invalid address {address} requested by INIT-REBOOT",
        "A client that restarted asks for an address that is not its own here.";
    NakNoOffer { query, ciaddr, requested } = "DHCP4_PACKET_NAK_0003", "bad-packets", Debug(50),
        "{query}: failed to advertise a lease, client sent ciaddr {ciaddr}, requested-ip-address {requested}",
        "There is no address to offer. Other messages say why.";
    NakNoLease { query, ciaddr, requested } = "DHCP4_PACKET_NAK_0004", "bad-packets", Debug(50),
        "{query}: failed to grant a lease, client sent ciaddr {ciaddr}, requested-ip-address {requested}",
        "The requested address cannot be granted: it is another client's, or not allowed.";
    NakRejected { query, kind } = "DHCP4_PACKET_NAK_0005", "bad-packets", Debug(40),
        "nacked as member of the special class 'REJECT': {query}, {kind}",
        "A client class sends such packets to the class REJECT.";
    ProcessingPanicked { interface } = "DHCP4_PACKET_PROCESS_EXCEPTION", "bad-packets", Error,
        "exception occurred during packet processing: a packet from interface {interface} was dropped",
        "A defect of the program. Only this packet is lost; please report it.";
    PackFailed { query, error } = "DHCP4_PACKET_PACK_FAIL", "options", Error,
        "{query}: preparing on-wire-format of the packet to be sent failed {error}",
        "The reply does not fit a packet. Reduce the configured options.";
    BufferReceived { remote, remote_port, local, local_port, interface } = "DHCP4_BUFFER_RECEIVED", "packets", Debug(40),
        "received buffer from {remote}:{remote_port} to {local}:{local_port} over interface {interface}",
        "Something came in on a service socket; it is not read yet.";
    BufferUnpack { remote, local, interface } = "DHCP4_BUFFER_UNPACK", "options", Debug(50),
        "parsing buffer received from {remote} to {local} over interface {interface}",
        "What came in is read.";
    QueryData { query, details } = "DHCP4_QUERY_DATA", "packets", Debug(55),
        "{query}, packet details: {details}",
        "All fields and options of a query. What breaks its definition is shown in hexadecimal.";
    PacketPack { query } = "DHCP4_PACKET_PACK", "options", Debug(50),
        "{query}: preparing on-wire format of the packet to be sent",
        "A reply is written.";
    ResponseData { query, name, code, details } = "DHCP4_RESPONSE_DATA", "packets", Debug(55),
        "{query}: responding with packet {name} (type {code}), packet details: {details}",
        "All fields and options of a reply. It leaves once its lease is stored.";
    SubnetSelected { query, subnet } = "DHCP4_SUBNET_SELECTED", "packets", Debug(45),
        "{query}: the subnet with ID {subnet} was selected for client assignments",
        "Where the client is.";
    SubnetSelectionFailed { query } = "DHCP4_SUBNET_SELECTION_FAILED", "packets", Debug(50),
        "{query}: failed to select subnet for the client",
        "No configured subnet fits where the packet came from.";
    Over6SubnetSelected { query, subnet } = "DHCP4_DHCP4O6_SUBNET_SELECTED", "packets", Debug(45),
        "{query}: the subnet with ID {subnet} was selected for client assignments",
        "Where the client of DHCPv4 over DHCPv6 is.";
    Over6SubnetSelectionFailed { query } = "DHCP4_DHCP4O6_SUBNET_SELECTION_FAILED", "packets", Debug(50),
        "{query}: failed to select subnet for the client",
        "No subnet fits where the client is. Check 4o6-subnet, 4o6-interface-id and 4o6-interface.";
    Over6Received { code, remote, port, interface } = "DHCP4_DHCP4O6_PACKET_RECEIVED", "packets", Debug(40),
        "received DHCPv4o6 packet from DHCPv6 server (type {code}) for {remote} port {port} on interface {interface}",
        "A query of DHCPv4 over DHCPv6; kea-dhcp6 passed it on.";
    Over6BadPacket { remote, reason } = "DHCP4_DHCP4O6_BAD_PACKET", "packets", Debug(50),
        "{remote}: received malformed DHCPv4o6 packet: {reason}",
        "What kea-dhcp6 passed on has no DHCPv4 message, or several. It was dropped.";
    Over6Sent { name, code, remote, port, interface } = "DHCP4_DHCP4O6_PACKET_SEND", "packets", Debug(40),
        "trying to send packet DHCPV4-RESPONSE (type 21) to {remote} port {port} on interface {interface} encapsulating {name} (type {code})",
        "An answer was built. It goes to kea-dhcp6 once its lease is stored.";
    Over6PackFailed { remote, error } = "DHCP4_DHCP4O6_PACKET_SEND_FAIL", "packets", Error,
        "{remote}: failed to send DHCPv4o6 packet: {error}",
        "The answer does not fit a packet of DHCPv6. Reduce the configured options.";
    ClassAssigned { query, class } = "DHCP4_CLASS_ASSIGNED", "dhcp4", Debug(45),
        "{query}: client packet has been assigned to the following class: {class}",
        "The test of a class matched.";
    ClassUnconfigured { query, class } = "DHCP4_CLASS_UNCONFIGURED", "dhcp4", Debug(40),
        "{query}: client packet belongs to an unconfigured class: {class}",
        "A template class spawned a class that client-classes does not define; there is nothing to it but its name.";
    LegalRenderError { address, hw_addr, reason } = "LEGAL_LOG_LEASE4_RENDER_ERROR", "legal-log-hooks", Error,
        "custom request/response-parser-format failed for lease {address} hwaddr {hw_addr} ({reason}); falling back to default format",
        "An expression of libdhcp_legal_log has no value for this packet. The entry was made in the usual words. Logged once a \
         second, with the number of entries in between.";
    BootpQuery { query } = "BOOTP_BOOTP_QUERY", "bootp-hooks", Debug(40),
        "recognized a BOOTP query: {query}",
        "A query without message type is answered as BOOTP, because libdhcp_bootp.so is listed.";
    Restored { query, address, info } = "DHCP4_RECOVERED_STASHED_RELAY_AGENT_INFO", "packets", Debug(55),
        "recovered for query {query} relay agent option from lease {address}: {info}",
        "A renewal came past its relay; what the relay once added was kept with the lease (stash-agent-options).";
    ExtendedInfoMended { address } = "DHCPSRV_LEASE4_EXTENDED_INFO_UPGRADED", "dhcpsrv", Debug(40),
        "extended info for lease {address} was upgraded",
        "It was in the form of an earlier release, or had members that are empty (extended-info-checks).";
    ExtendedInfoBroken { address, reason } = "DHCPSRV_LEASE4_EXTENDED_INFO_SANITY_FAIL", "dhcpsrv", Error,
        "extended info for lease {address} failed checks ({reason})",
        "It is not as extended-info-checks asks for, and was taken off the lease.";
    ClassesAfterSubnet { query, classes } = "DHCP4_CLASSES_ASSIGNED_AFTER_SUBNET_SELECTION", "dhcp4", Debug(40),
        "{query}: client packet has been assigned to the following classes: {classes}",
        "The classes of a packet when its subnet is known; additional ones are looked at later.";
    ClassesAssigned { query, kind, classes } = "DHCP4_CLASSES_ASSIGNED", "dhcp4", Debug(40),
        "{query}: client packet has been assigned on {kind} message to the following classes: {classes}",
        "All classes of a packet.";
    ClassEvalError { query, class, error } = "EVAL_RESULT", "eval", Debug(50),
        "{query}: expression of class {class} could not be evaluated: {error}",
        "The test of a class failed on this packet; the packet is not a member.";
    AdditionalClassUndefined { class } = "DHCP4_ADDITIONAL_CLASS_UNDEFINED", "dhcp4", Debug(40),
        "additional class {class} has no definition",
        "evaluate-additional-classes names a class that client-classes does not define.";
    AdditionalClassNoTest { class } = "DHCP4_ADDITIONAL_CLASS_NO_TEST", "dhcp4", Debug(40),
        "additional class {class} has no test expression, adding it to client's classes unconditionally",
        "A listed class without a test matches every packet.";
    Discover { query, hint } = "DHCP4_DISCOVER", "leases", Debug(50),
        "{query}: server is processing DHCPDISCOVER with hint={hint}",
        "A client looks for an address.";
    Request { query, hint } = "DHCP4_REQUEST", "leases", Debug(50),
        "{query}: server is processing DHCPREQUEST with hint={hint}",
        "A client requests or extends a lease.";
    InitReboot { query, address } = "DHCP4_INIT_REBOOT", "leases", Info,
        "{query}: client is in INIT-REBOOT state and requests address {address}",
        "A client that restarted asks to keep its address.";
    NoLeaseInitReboot { query, address } = "DHCP4_NO_LEASE_INIT_REBOOT", "bad-packets", Debug(50),
        "{query}: no lease for address {address} requested by INIT-REBOOT client",
        "A client that restarted asks for an address that this server never gave it. Another server may know it.";
    UnknownAddress { query, ciaddr, requested } = "DHCP4_UNKNOWN_ADDRESS_REQUESTED", "bad-packets", Debug(50),
        "{query}: client requested an unknown address, client sent ciaddr {ciaddr}, requested-ip-address {requested}",
        "The address is in no pool here. The client is left to another server.";
    LeaseOffer { query, address } = "DHCP4_LEASE_OFFER", "leases", Info,
        "{query}: lease {address} will be offered",
        "The server offers an address.";
    LeaseAlloc { query, address, seconds } = "DHCP4_LEASE_ALLOC", "leases", Info,
        "{query}: lease {address} has been allocated for {seconds} seconds",
        "The server has granted a lease.";
    LeaseReuse { query, address, seconds } = "DHCP4_LEASE_REUSE", "leases", Info,
        "{query}: lease {address} has been reused for {seconds} seconds",
        "The lease is young enough to be answered unchanged (cache-threshold, cache-max-age).";
    ClientIdIgnored { query, subnet } = "DHCP4_CLIENTID_IGNORED_FOR_LEASES", "dhcp4", Debug(50),
        "{query}: not using client identifier for lease allocation for subnet {subnet}",
        "match-client-id is false there.";
    Release { query, address } = "DHCP4_RELEASE", "leases", Info,
        "{query}: address {address} was released properly.",
        "A client gave its lease back.";
    ReleaseDeleted { query, address } = "DHCP4_RELEASE_DELETED", "leases", Info,
        "{query}: address {address} was deleted on release.",
        "The row of a released lease was deleted.";
    ReleaseExpired { query, address } = "DHCP4_RELEASE_EXPIRED", "leases", Info,
        "{query}: address {address} expired on release.",
        "The row of a released lease is kept, ended, so that the client may find its address again.";
    ReleaseFail { query, address } = "DHCP4_RELEASE_FAIL", "leases", Error,
        "{query}: failed to remove lease for address {address}",
        "The row changed while it was being released.";
    ReleaseNoLease { query, address } = "DHCP4_RELEASE_FAIL_NO_LEASE", "leases", Debug(50),
        "{query}: client is trying to release non-existing lease {address}",
        "There is nothing to release.";
    ReleaseWrongClient { query, address } = "DHCP4_RELEASE_FAIL_WRONG_CLIENT", "leases", Debug(50),
        "{query}: client is trying to release the lease {address} which belongs to a different client",
        "Only the holder of a lease may release it.";
    ReleaseNotAssigned { query, address, state } = "DHCP4_RELEASE_FAIL_NOT_ASSIGNED", "leases", Debug(50),
        "{query}: client is trying to release the lease {address} which is in the {state} state",
        "Only assigned leases can be released.";
    DeclineLease { address, query, period } = "DHCP4_DECLINE_LEASE", "leases", Info,
        "Received DHCPDECLINE for addr {address} from client {query}. The lease will be unavailable for {period} seconds.",
        "A client found its address in use by somebody else. Look for the intruder.";
    DeclineMismatch { address, query, hw_addr, lease_hw_addr, client_id, lease_client_id } =
        "DHCP4_DECLINE_LEASE_MISMATCH", "leases", Warn,
        "Received DHCPDECLINE for addr {address} from client {query}, but the data doesn't match: received hwaddr: {hw_addr}, lease hwaddr: {lease_hw_addr}, received client-id: {client_id}, lease client-id: {lease_client_id}",
        "A client declines an address that is not its own. Nothing was changed.";
    DeclineNotFound { address, query } = "DHCP4_DECLINE_LEASE_NOT_FOUND", "leases", Warn,
        "Received DHCPDECLINE for addr {address} from client {query}, but no such lease found.",
        "A client declines an address without a lease. Nothing was changed.";
    DeclineFail { query, address, error } = "DHCP4_DECLINE_FAIL", "leases", Error,
        "{query}: error on decline lease for address {address}: {error}",
        "The lease store did not take the change.";
    FqdnProcess { query } = "DHCP4_CLIENT_FQDN_PROCESS", "ddns", Debug(50),
        "{query}: processing Client FQDN option",
        "The client calls itself by option 81; option 12 does not count then.";
    FqdnData { query, option } = "DHCP4_CLIENT_FQDN_DATA", "ddns", Debug(55),
        "{query}: Client sent FQDN option: {option}",
        "Flags and name of option 81.";
    HostnameProcess { query } = "DHCP4_CLIENT_HOSTNAME_PROCESS", "ddns", Debug(50),
        "{query}: processing client's Hostname option",
        "The client has no option 81; its name is what option 12, a reservation or the scope says.";
    HostnameData { query, name } = "DHCP4_CLIENT_HOSTNAME_DATA", "ddns", Debug(55),
        "{query}: client sent Hostname option: {name}",
        "What the client calls itself in option 12.";
    FqdnScrubbedEmpty { query, name } = "DHCP4_CLIENT_FQDN_SCRUBBED_EMPTY", "ddns", Debug(50),
        "{query}: sanitizing client's FQDN option '{name}' yielded an empty name or an empty label within the name",
        "Nothing is left of the client's name.";
    HostnameScrubbedEmpty { query, name } = "DHCP4_CLIENT_HOSTNAME_SCRUBBED_EMPTY", "ddns", Debug(50),
        "{query}: sanitizing client's Hostname option '{name}' yielded an empty name or an empty label within the name",
        "Nothing is left of the client's name.";
    HostnameReserved { query, name } = "DHCP4_RESERVED_HOSTNAME_ASSIGNED", "ddns", Debug(55),
        "{query}: server assigned reserved hostname {name}",
        "A host reservation names the client; what the client calls itself does not matter.";
    GenerateFqdn { query } = "DHCP4_GENERATE_FQDN", "ddns", Debug(55),
        "{query}: client did not send a FQDN or hostname; FQDN will be generated for the client",
        "The scope names clients that send no name (ddns-replace-client-name).";
    HostnameGenerated { query, name } = "DHCP4_RESPONSE_HOSTNAME_GENERATE", "ddns", Debug(50),
        "{query}: server has generated hostname {name} for the client",
        "The name is made from ddns-generated-prefix and the address.";
    SanitisedMalformed { query, name } = "DHCP4_SANITIZED_HOSTNAME_MALFORMED", "ddns", Debug(50),
        "{query}: hostname after sanitizing is malformed: {name}",
        "What hostname-char-set leaves of the client's name cannot be a host name.";
    NameFailed { query, reason } = "DHCP4_CLIENT_NAME_PROC_FAIL", "ddns", Debug(55),
        "{query}: failed to process the fqdn or hostname sent by a client: {reason}",
        "The name that would result cannot be one in DNS: a label or the whole is too long.";
    HostnameMalformed { query, name } = "DHCP4_CLIENT_HOSTNAME_MALFORMED", "ddns", Debug(50),
        "{query}: client hostname option malformed: {name}",
        "The name cannot be a host name.";
    Ipv6OnlyMissing { query } = "DHCP4_V6_ONLY_PREFERRED_MISSING_IN_ACK", "packets", Error,
        "v6-only-preferred option missing in 0.0.0.0 reply to query: {query}",
        "The option is configured but never sent; the client is not answered.";
    OfferNewLease { query } = "ALLOC_ENGINE_V4_OFFER_NEW_LEASE", "alloc-engine", Debug(45),
        "allocation engine will try to offer new lease to the client {query}",
        "The client holds no lease that it could be offered again.";
    AllocRequested { query, address } = "ALLOC_ENGINE_V4_REQUEST_ALLOC_REQUESTED", "alloc-engine", Debug(45),
        "{query}: trying to allocate requested address {address}",
        "The address becomes the client's if nobody holds it.";
    ExtendLease { query, address } = "ALLOC_ENGINE_V4_REQUEST_EXTEND_LEASE", "alloc-engine", Debug(45),
        "{query}: extending lifetime of the lease for address {address}",
        "The client keeps the address that it has.";
    HostsLookedUp { query, subnet } = "HOSTS_CFG_GET_ONE_SUBNET_ID_IDENTIFIER", "hosts", Debug(50),
        "get one host with IPv4 reservation for subnet id {subnet}, identified by {query}",
        "Reservations of the client are looked for.";
    OptionsGiven { query, count } = "DHCP4_OPTIONS_GIVEN", "options", Debug(50),
        "{query}: the response carries {count} options",
        "The options of a response have been chosen.";
    AllocFailSharedNetwork { query, network, pools } = "ALLOC_ENGINE_V4_ALLOC_FAIL_SHARED_NETWORK", "alloc-engine", Warn,
        "{query}: failed to allocate an IPv4 lease in the shared network {network}: {pools} pools are full",
        "All pools of the network that the client may use are full.";
    AllocFailSubnet { query, subnet, id } = "ALLOC_ENGINE_V4_ALLOC_FAIL_SUBNET", "alloc-engine", Warn,
        "{query}: failed to allocate an IPv4 lease in the subnet {subnet}, subnet-id {id}, shared network (none)",
        "All pools of the subnet that the client may use are full.";
    AllocFailNoPools { query } = "ALLOC_ENGINE_V4_ALLOC_FAIL_NO_POOLS", "alloc-engine", Warn,
        "{query}: no pools were available for the address allocation",
        "The subnet has no pool that the client may use.";
    AllocFail { query, attempts } = "ALLOC_ENGINE_V4_ALLOC_FAIL", "alloc-engine", Warn,
        "{query}: failed to allocate an IPv4 address after {attempts} attempt(s)",
        "No address is free. Enlarge the pools or shorten the lifetimes.";
    DiscoverReserved { query, address } = "ALLOC_ENGINE_V4_DISCOVER_HR", "alloc-engine", Debug(40),
        "client {query} sending DHCPDISCOVER has reservation for the address {address}",
        "The reserved address is offered if nobody holds it.";
    ReservationConflict { query, address, subnet, client } =
        "ALLOC_ENGINE_V4_DISCOVER_ADDRESS_CONFLICT", "alloc-engine", Warn,
        "{query}: conflicting reservation for address {address} with existing lease of {client} in subnet {subnet}",
        "Another client holds the reserved address; this one is offered another until that lease ends. Its holder is \
         refused when it renews.";
    RequestReserved { query, address } = "ALLOC_ENGINE_V4_REQUEST_ADDRESS_RESERVED", "alloc-engine", Debug(40),
        "{query}: requested address {address} is reserved",
        "The address is reserved for another client. The request is refused.";
    RequestUsesReserved { query, address } = "ALLOC_ENGINE_V4_REQUEST_USE_HR", "alloc-engine", Debug(40),
        "client {query} hasn't requested specific address, using reserved address {address}",
        "The client named no address and has one reserved.";
    RequestInvalid { query, address, requested } = "ALLOC_ENGINE_V4_REQUEST_INVALID", "alloc-engine", Debug(40),
        "client {query} having a reservation for address {address} is requesting invalid address {requested}",
        "The address reserved for the client is free: the request is refused so that the client asks anew.";
    GlobalAddressUnsuitable { query, address, subnet } =
        "ALLOC_ENGINE_IGNORING_UNSUITABLE_GLOBAL_ADDRESS", "alloc-engine", Debug(40),
        "{query}: ignoring globally reserved address {address}, it falls outside {subnet}",
        "The address of a global reservation is of use only in a subnet that has it.";
    AllocFailClasses { query } = "ALLOC_ENGINE_V4_ALLOC_FAIL_CLASSES", "alloc-engine", Warn,
        "{query}: failed to allocate an IPv4 address for a client that belongs to classes",
        "The client's classes may keep it from pools that have free addresses.";
    ReclaimStart { leases } = "ALLOC_ENGINE_V4_LEASES_RECLAMATION_START", "alloc-engine", Debug(40),
        "starting reclamation of expired leases ({leases} due)",
        "A reclamation run begins.";
    ReclaimComplete { leases } = "ALLOC_ENGINE_V4_LEASES_RECLAMATION_COMPLETE", "alloc-engine", Debug(40),
        "reclaimed {leases} leases",
        "A reclamation run is over.";
    LeaseReclaimed { address } = "ALLOC_ENGINE_V4_LEASE_RECLAIM", "alloc-engine", Debug(40),
        "reclaiming expired lease for address {address}",
        "A lease ended without being renewed.";
    LeaseRecovered { address } = "ALLOC_ENGINE_V4_DECLINED_RECOVERED", "alloc-engine", Info,
        "IPv4 address {address} was recovered after the end of probation-period",
        "A declined address may be given out again.";
    HookReceivedDrop { query } = "DHCP4_HOOK_PACKET_RCVD_SKIP", "hooks", Debug(40),
        "{query}: packet is dropped, because a callout set the next step to SKIP",
        "A hook library does not want the packet served; its own messages say why.";
    HookNamed { before, after, forward, forward_after, reverse, reverse_after } = "DHCP4_HOOK_DDNS_UPDATE", "hooks", Debug(40),
        "A hook has updated the DDNS parameters: hostname {before}=>{after}, forward update {forward}=>{forward_after}, reverse update {reverse}=>{reverse_after}",
        "A hook library has chosen another name for a lease, or whether DNS is told of it.";
    HookSubnetDrop { query } = "DHCP4_HOOK_SUBNET4_SELECT_DROP", "hooks", Debug(40),
        "{query}: packet was dropped, because a callout set the next step to 'drop'",
        "A hook library does not want clients of this subnet served now; its own messages say why.";
    HookLeaseSkip = "DHCPSRV_HOOK_LEASE4_SELECT_SKIP", "dhcpsrv", Debug(40),
        "Lease4 creation was skipped, because of callout skip flag.",
        "A hook library does not want the client to have the lease; its own messages say why.";
}
