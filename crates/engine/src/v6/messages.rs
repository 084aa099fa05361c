//! Log messages of the DHCPv6 engine, with Kea's identifiers.

use std::fmt;

use base::Seconds;
use lease::{Lease6, LeaseType};
use wire::v6::MessageType;

/// Seconds as log lines show them.
pub struct Lifetime(pub Seconds);

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_infinite() { f.write_str("infinity") } else { self.0.fmt(f) }
    }
}

/// A message type as Kea's log lines write it: `ADDR_REG_INFORM`.
pub struct TypeName(pub MessageType);

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MessageType::RELAY_FORW => f.write_str("RELAY_FORWARD"),
            MessageType::RELAY_REPL => f.write_str("RELAY_REPLY"),
            other => f.write_str(&other.to_string().replace('-', "_")),
        }
    }
}

/// What a lease is of: `address 2001:db8::1`, `prefix 2001:db8::/56`.
pub struct Resource<'a>(pub &'a Lease6);

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.lease_type {
            LeaseType::Na => write!(f, "address {}", self.0.address),
            LeaseType::Pd => write!(f, "prefix {}/{}", self.0.address, self.0.prefix_length),
        }
    }
}

/// All of a lease, a line each, with the labels that programs look for.
pub struct Details<'a>(pub &'a Lease6);

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lease = self.0;
        writeln!(f, "Type:          {}", lease.lease_type.name())?;
        writeln!(f, "Address:       {}", lease.address)?;
        writeln!(f, "Prefix length: {}", lease.prefix_length)?;
        writeln!(f, "IAID:          {}", lease.iaid)?;
        writeln!(f, "Pref life:     {}", Lifetime(lease.preferred_lifetime))?;
        writeln!(f, "Valid life:    {}", Lifetime(lease.valid_lifetime))?;
        writeln!(f, "Cltt:          {}", lease.cltt.0)?;
        writeln!(f, "DUID:          {}", lease.duid)?;
        match &lease.hw_addr {
            Some(hw_addr) => writeln!(f, "Hardware addr: {hw_addr}")?,
            None => writeln!(f, "Hardware addr: (none)")?,
        }
        writeln!(f, "Subnet ID:     {}", lease.subnet_id)?;
        write!(f, "Pool ID:       {}", lease.pool_id)
    }
}

observe::messages! {
    LeaseQueryReceived { query } = "DHCP6_LEASE_QUERY_RECEIVED", "lease-query-hooks", Debug(40),
        "received query: {query}",
        "A LEASEQUERY came in.";
    LeaseQueryFailed { query, reason } = "DHCP6_LEASE_QUERY_PROCESS_FAILED", "lease-query-hooks", Debug(40),
        "processing failed for lease query: {query}, reason: {reason}",
        "A LEASEQUERY is not answered: who sent it may not ask, it is against RFC 5007, or the lease store failed.";
    LeaseQueryAnswered { response, address, port } = "DHCP6_LEASE_QUERY_REPLY_SENT", "lease-query-hooks", Debug(40),
        "response: {response}, sent to {address}:{port}",
        "A LEASEQUERY is answered.";
    LeaseQueryNoRelays { lease, reason } = "DHCP6_LEASE_QUERY_ERROR_GETTING_RELAY_INFO", "lease-query-hooks", Warn,
        "failed to get relay information for lease: {lease}, reason: {reason}",
        "What the user context of a lease says of relay agents cannot be read. The lease is told without it.";
    QueryLabel { query } = "DHCP6_QUERY_LABEL", "dhcp6", Info,
        "received query: {query}",
        "Who sent a query that could be read. What follows names the client alike.";
    PacketReceived { query, name, code, remote, local, interface } = "DHCP6_PACKET_RECEIVED", "packets", Info,
        "{query}: {name} (type {code}) received from {remote} to {local} on interface {interface}",
        "A message for this server was received and could be read.";
    ParseFailed { remote, local, interface, reason } = "DHCP6_PACKET_DROP_PARSE_FAIL", "bad-packets", Debug(15),
        "failed to parse packet from {remote} to {local}, received over interface {interface}, reason: {reason}",
        "What arrived is no DHCPv6 message, or an option that the server needs is cut off. It was dropped.";
    ForeignServerId { query, theirs, ours } = "DHCP6_PACKET_DROP_SERVERID_MISMATCH", "bad-packets", Debug(40),
        "{query}: dropping packet with server identifier: {theirs}, server is using: {ours}",
        "The client has chosen another server. The packet was dropped.";
    Unicast { query, name } = "DHCP6_PACKET_DROP_UNICAST", "bad-packets", Debug(40),
        "{query}: dropping {name} that was sent to a unicast address",
        "Clients send to multicast addresses (RFC 9915 section 16). The packet was dropped.";
    ServiceDisabled { query } = "DHCP6_PACKET_DROP_DHCP_DISABLED", "bad-packets", Debug(40),
        "{query}: DHCP service is globally disabled",
        "The service was disabled by a command or by a lost database. The packet was dropped.";
    RequiredOptions { query, name, remote, reason } = "DHCP6_REQUIRED_OPTIONS_CHECK_FAIL", "bad-packets", Debug(40),
        "{query}: {name} message received from {remote} failed the following check: {reason}",
        "An identifier is missing, forbidden in this message, or none. The packet was dropped.";
    UnknownMessage { query, kind, interface } = "DHCP6_UNKNOWN_MSG_RECEIVED", "bad-packets", Debug(40),
        "{query}: received unknown message (type {kind}) on interface {interface}",
        "The message type is one that servers send, or one that is not served. The packet was dropped.";
    DroppedByClass { query } = "DHCP6_PACKET_DROP_DROP_CLASS", "bad-packets", Debug(40),
        "dropped as member of the special class 'DROP': {query}",
        "A client class sends such packets to the class DROP.";
    Rejected { query, name } = "DHCP6_PACKET_REJECT_CLASS", "bad-packets", Debug(40),
        "rejected as member of the special class 'REJECT': {query}, {name}",
        "A client class sends such packets to the class REJECT: its associations are refused.";
    NotProcessed { query, name, remote, reason } = "DHCP6_PACKET_PROCESS_FAIL", "bad-packets", Debug(40),
        "{query}: processing of {name} message received from {remote} failed: {reason}",
        "The message cannot be answered; the text says why. It was dropped.";
    StoreFailed { query, name, error } = "DHCP6_PACKET_PROCESS_STD_EXCEPTION", "bad-packets", Error,
        "{query}: error occurred during processing of {name}: {error}",
        "The lease store failed. The packet was dropped; the client asks again.";
    ProcessingPanicked { interface } = "DHCP6_PACKET_PROCESS_EXCEPTION", "bad-packets", Error,
        "exception occurred during packet processing: a packet from interface {interface} was dropped",
        "A defect of the program. Only this packet is lost; please report it.";
    PackFailed { query, error } = "DHCP6_PACK_FAIL", "options", Error,
        "{query}: preparing on-wire-format of the packet to be sent failed {error}",
        "The reply does not fit a packet. Reduce the configured options.";
    BufferReceived { remote, remote_port, local, local_port, interface } = "DHCP6_BUFFER_RECEIVED", "packets", Debug(40),
        "received buffer from {remote}:{remote_port} to {local}:{local_port} over interface {interface}",
        "Something came in on a service socket; it is not read yet.";
    BufferUnpack { remote, local, interface } = "DHCP6_BUFFER_UNPACK", "options", Debug(50),
        "parsing buffer received from {remote} to {local} over interface {interface}",
        "What came in is read.";
    QueryData { query, details } = "DHCP6_QUERY_DATA", "packets", Debug(55),
        "{query}, packet details: {details}",
        "All options of a query and of its relay agents. What breaks its definition is shown in hexadecimal.";
    ResponseData { query, name, code, details } = "DHCP6_RESPONSE_DATA", "packets", Debug(55),
        "{query}: responding with packet {name} (type {code}), packet details: {details}",
        "All options of a reply. It leaves once its leases are stored.";
    PacketSent { query, name, code, remote, port, interface } = "DHCP6_PACKET_SEND", "packets", Info,
        "{query}: sending {name} (type {code}) to {remote}:{port} on interface {interface}",
        "A reply was built. It leaves once its leases are stored.";
    Over4Received { code, remote, port, interface } = "DHCP6_DHCP4O6_PACKET_RECEIVED", "packets", Debug(40),
        "received DHCPv4o6 packet from DHCPv4 server (type {code}) for {remote} port {port} on interface {interface}",
        "kea-dhcp4's answer to a DHCPV4-QUERY; it goes to the client.";
    Over4SendFailed { remote, error } = "DHCP6_DHCP4O6_SEND_FAIL", "packets", Error,
        "{remote}: failed to send DHCPv4o6 packet: {error}",
        "The answer of kea-dhcp4 could not leave. Its client asks again.";
    SubnetSelected { query, subnet } = "DHCP6_SUBNET_SELECTED", "packets", Debug(45),
        "{query}: the subnet with ID {subnet} was selected for client assignments",
        "Where the client is.";
    SubnetSelectionFailed { query } = "DHCP6_SUBNET_SELECTION_FAILED", "packets", Debug(50),
        "{query}: failed to select subnet for the client",
        "No configured subnet fits where the packet came from. Check relay addresses, interface ids, interfaces and subnets.";
    ClassAssigned { query, class } = "DHCP6_CLASS_ASSIGNED", "dhcp6", Debug(45),
        "{query}: client packet has been assigned to the following class: {class}",
        "The test of a class matched.";
    ClassUnconfigured { query, class } = "DHCP6_CLASS_UNCONFIGURED", "dhcp6", Debug(40),
        "{query}: client packet belongs to an unconfigured class: {class}",
        "A template class spawned a class that client-classes does not define; there is nothing to it but its name.";
    ClassesAfterSubnet { query, classes } = "DHCP6_CLASSES_ASSIGNED_AFTER_SUBNET_SELECTION", "dhcp6", Debug(40),
        "{query}: client packet has been assigned to the following classes: {classes}",
        "The classes of a packet when its subnet is known; additional ones are looked at later.";
    ClassesAssigned { query, name, classes } = "DHCP6_CLASSES_ASSIGNED", "dhcp6", Debug(40),
        "{query}: client packet has been assigned on {name} message to the following classes: {classes}",
        "All classes of a packet.";
    ClassEvalError { query, class, error } = "EVAL_RESULT", "eval", Debug(50),
        "{query}: expression of class {class} could not be evaluated: {error}",
        "The test of a class failed on this packet; the packet is not a member.";
    AdditionalClassUndefined { class } = "DHCP6_ADDITIONAL_CLASS_UNDEFINED", "dhcp6", Debug(40),
        "additional class {class} has no definition",
        "evaluate-additional-classes names a class that client-classes does not define.";
    AdditionalClassNoTest { class } = "DHCP6_ADDITIONAL_CLASS_NO_TEST", "dhcp6", Debug(40),
        "additional class {class} has no test expression, adding it to client's classes unconditionally",
        "A listed class without a test matches every packet.";
    RapidCommit { query } = "DHCP6_RAPID_COMMIT", "options", Debug(50),
        "{query}: Rapid Commit option received, the leases are committed at once",
        "The client and the subnet want two messages in place of four.";
    UnicastConfigured { query } = "DHCP6_ADD_DEPRECATED_UNICAST", "dhcp6", Warn,
        "{query}: sending the deprecated Server Unicast option",
        "RFC 9915 does away with unicast. Remove the option from the configuration.";
    ProcessAssociation { query, kind, iaid, hint } = "DHCP6_PROCESS_IA_NA_REQUEST", "leases", Debug(50),
        "{query}: server is processing {kind} option with iaid={iaid} and hint={hint}",
        "A client looks for addresses or prefixes.";
    ProcessExtend { query, kind, iaid } = "DHCP6_PROCESS_IA_NA_EXTEND", "leases", Debug(50),
        "{query}: extending lease lifetime of {kind} option with iaid={iaid}",
        "A client renews or rebinds.";
    ProcessRelease { query, kind, iaid } = "DHCP6_PROCESS_IA_NA_RELEASE", "leases", Debug(50),
        "{query}: releasing lease of {kind} option with iaid={iaid}",
        "A client gives back what it had.";
    ProcessDecline { query, iaid } = "DHCP6_DECLINE_PROCESS_IA", "leases", Debug(50),
        "{query}: processing of IA (iaid: {iaid}) started",
        "A client declines addresses.";
    Advertised { query, resource, iaid } = "DHCP6_LEASE_ADVERT", "leases", Info,
        "{query}: lease for {resource} and iaid={iaid} will be advertised",
        "The server offers a lease. Nothing is stored yet.";
    Allocated { query, resource, iaid, seconds } = "DHCP6_LEASE_ALLOC", "leases", Info,
        "{query}: lease for {resource} and iaid={iaid} has been allocated for {seconds} seconds",
        "The server has granted a lease.";
    Reused { query, resource, iaid, seconds } = "DHCP6_LEASE_REUSE", "leases", Info,
        "{query}: lease for {resource} and iaid={iaid} has been reused for {seconds} seconds",
        "The lease is young enough to be answered unchanged (cache-threshold, cache-max-age).";
    Renewed { query, resource, iaid } = "DHCP6_LEASE_RENEW", "leases", Info,
        "{query}: lease for {resource} and iaid={iaid} has been renewed",
        "The server has extended a lease.";
    NothingAllocated { query, kind, iaid } = "DHCP6_LEASE_ALLOC_FAIL", "leases", Debug(50),
        "{query}: failed to grant a lease for {kind} with iaid={iaid}",
        "There is nothing to grant. Other messages say why.";
    Released { query, resource, iaid } = "DHCP6_RELEASE_NA", "leases", Info,
        "{query}: {resource} of iaid={iaid} was released properly.",
        "A client gave its lease back.";
    ReleasedDeleted { query, resource, iaid } = "DHCP6_RELEASE_NA_DELETED", "leases", Info,
        "{query}: {resource} of iaid={iaid} was deleted on release.",
        "The row of a released lease was deleted.";
    ReleasedExpired { query, resource, iaid } = "DHCP6_RELEASE_NA_EXPIRED", "leases", Info,
        "{query}: {resource} of iaid={iaid} expired on release.",
        "The row of a released lease is kept, ended, so that the client may find its address again.";
    ReleaseFailed { query, resource, iaid } = "DHCP6_RELEASE_NA_FAIL", "leases", Error,
        "{query}: failed to remove the lease of {resource} of iaid={iaid}",
        "The row changed while it was being released.";
    ReleaseNotAssigned { query, address } = "DHCP6_RELEASE_NA_FAIL_NOT_ASSIGNED", "leases", Debug(40),
        "{query}: client tried to release {address}, which is not assigned",
        "There is nothing to release.";
    ReleaseWrongDuid { query, resource, holder } = "DHCP6_RELEASE_NA_FAIL_WRONG_DUID", "leases", Info,
        "{query}: client tried to release {resource}, which belongs to the client with DUID {holder}",
        "Only the holder of a lease may release it.";
    ReleaseWrongIaid { query, resource, theirs, iaid } = "DHCP6_RELEASE_NA_FAIL_WRONG_IAID", "leases", Warn,
        "{query}: client tried to release {resource}, which it holds under iaid={theirs}, with iaid={iaid}",
        "The association in the message is another one than that of the lease.";
    Declined { query, address, period } = "DHCP6_DECLINE_LEASE", "leases", Info,
        "{query}: client declined the address {address}. It is kept from everybody for {period} seconds.",
        "A client found its address in use by somebody else. Look for the intruder.";
    DeclineNoLease { query, address } = "DHCP6_DECLINE_FAIL_NO_LEASE", "leases", Info,
        "{query}: client tried to decline the address {address}, which has no active lease",
        "Nothing was changed.";
    DeclineWrongDuid { query, address, holder } = "DHCP6_DECLINE_FAIL_DUID_MISMATCH", "leases", Info,
        "{query}: client tried to decline the address {address}, which belongs to the client with DUID {holder}",
        "A client declines an address that is not its own. Nothing was changed.";
    DeclineWrongIaid { query, address, iaid, theirs } = "DHCP6_DECLINE_FAIL_IAID_MISMATCH", "leases", Info,
        "{query}: client tried to decline the address {address} with iaid={iaid}, which it holds under iaid={theirs}",
        "The association in the message is another one than that of the lease. Nothing was changed.";
    DeclineFailed { query, address, error } = "DHCP6_DECLINE_FAIL", "leases", Error,
        "{query}: error on decline lease for address {address}: {error}",
        "The lease store did not take the change.";
    RegisterDisabled { query } = "DHCP6_ADDR6_REGISTER_DISABLED_DROP", "packets", Debug(40),
        "{query}: address registration is disabled",
        "allow-address-registration is false. The packet was dropped.";
    RegisterFailed { address, reason } = "DHCP6_ADDR_REG_INFORM_FAIL", "packets", Info,
        "error on ADDR-REG-INFORM from client {address}, {reason}",
        "A client registers an address that it may not. The packet was dropped; the text says why.";
    RegisterClientChange { address, theirs, ours } = "DHCP6_ADDR_REG_INFORM_CLIENT_CHANGE", "packets", Info,
        "received an ADDR-REG-INFORM for {address} from client '{ours}' but the address was registered by another client '{theirs}'",
        "The address is registered for its new client.";
    RegisteredConflict { address } = "DHCP6_REGISTERED_LEASE_ADD_FAIL", "dhcp6", Error,
        "the registration of the address {address} could not be stored: its lease has changed meanwhile",
        "The client asks again.";
    HostsLookedUp { query, subnet } = "HOSTS_CFG_GET_ONE_SUBNET_ID_IDENTIFIER", "hosts", Debug(50),
        "get one host with IPv6 reservation for subnet id {subnet}, identified by {query}",
        "Reservations of the client are looked for.";
    OptionsGiven { query, count } = "DHCP6_OPTIONS_GIVEN", "options", Debug(50),
        "{query}: the response carries {count} options",
        "The options of a response have been chosen.";
    LeaseData { query, iaid, lease } = "DHCP6_LEASE_DATA", "leases", Debug(55),
        "{query}: detailed lease information for iaid={iaid}: {lease}",
        "All of a lease that the client was granted or offered.";
    AllocUnreserved { query, kind, subnet } = "ALLOC_ENGINE_V6_ALLOC_UNRESERVED", "alloc-engine", Debug(40),
        "{query}: no static reservations available - trying to dynamically allocate leases of {kind} from {subnet}",
        "The client has no lease for the association, and nothing is reserved for it.";
    ExtendLease { query, lease } = "ALLOC_ENGINE_V6_EXTEND_LEASE", "alloc-engine", Debug(40),
        "{query}: extending lifetime of the lease for {lease}",
        "The client keeps what it has.";
    GenerateFqdn { query } = "DHCP6_DDNS_GENERATE_FQDN", "ddns", Debug(50),
        "{query}: client did not send a FQDN option; FQDN will be generated for the client",
        "The scope names clients that send no name (ddns-replace-client-name).";
    FqdnGenerated { query, name } = "DHCP6_DDNS_FQDN_GENERATED", "ddns", Debug(55),
        "{query}: generated FQDN for the client: {name}",
        "The name is made from ddns-generated-prefix and the address.";
    FqdnReceived { query, option } = "DHCP6_DDNS_RECEIVE_FQDN", "ddns", Debug(50),
        "{query}: received DHCPv6 Client FQDN option: {option}",
        "Flags and name of option 39.";
    FqdnMalformed { query } = "DHCP6_CLIENT_FQDN_MALFORMED", "ddns", Debug(50),
        "{query}: the Client FQDN option of the client cannot be read and is ignored",
        "Its flags contradict each other, or a label runs past its end. Not of Kea.";
    FqdnScrubbedEmpty { query, name } = "DHCP6_CLIENT_FQDN_SCRUBBED_EMPTY", "ddns", Debug(50),
        "{query}: sanitizing client's FQDN option '{name}' yielded an empty name or an empty label within the name",
        "Nothing is left of the client's name.";
    HostnameReserved { query, name } = "DHCP6_RESERVED_HOSTNAME_ASSIGNED", "ddns", Debug(55),
        "{query}: server assigned reserved hostname {name}",
        "A host reservation names the client; what the client calls itself does not matter.";
    NameFailed { query, reason } = "DHCP6_CLIENT_NAME_PROC_FAIL", "ddns", Debug(55),
        "{query}: failed to process the fqdn sent by a client: {reason}",
        "The name that would result cannot be one in DNS: a label or the whole is too long.";
    GlobalAddressUnsuitable { query, address, subnet } = "ALLOC_ENGINE_IGNORING_UNSUITABLE_GLOBAL_ADDRESS6", "alloc-engine", Debug(40),
        "{query}: ignoring globally reserved address {address}, it falls outside {subnet}",
        "A global reservation has an address of another link. The client gets another one.";
    HintReserved { query, hint } = "ALLOC_ENGINE_V6_HINT_RESERVED", "alloc-engine", Debug(40),
        "{query}: {hint} is reserved for another client and cannot be allocated",
        "The client asks for what a reservation keeps from it.";
    Revoked { query, lease, keeper } = "ALLOC_ENGINE_V6_REVOKED_ADDR_LEASE", "alloc-engine", Info,
        "{query}: the lease of {lease} is revoked because it is reserved for the client identified by {keeper}",
        "A reservation was made while somebody else held the lease. The client gets another one.";
    AllocFailSharedNetwork { query, network, pools } = "ALLOC_ENGINE_V6_ALLOC_FAIL_SHARED_NETWORK", "alloc-engine", Warn,
        "{query}: failed to allocate a lease in the shared network {network}: {pools} pools are full",
        "All pools of the network that the client may use are full.";
    AllocFailSubnet { query, subnet, id } = "ALLOC_ENGINE_V6_ALLOC_FAIL_SUBNET", "alloc-engine", Warn,
        "{query}: failed to allocate an IPv6 lease in the subnet {subnet}, subnet-id {id}, shared network (none)",
        "All pools of the subnet that the client may use are full.";
    AllocFailNoPools { query } = "ALLOC_ENGINE_V6_ALLOC_FAIL_NO_POOLS", "alloc-engine", Warn,
        "{query}: no pools were available for the lease allocation",
        "There is no pool, or classes keep the client from all of them.";
    AllocFail { query, attempts } = "ALLOC_ENGINE_V6_ALLOC_FAIL", "alloc-engine", Warn,
        "{query}: failed to allocate an IPv6 lease after {attempts} attempt(s)",
        "All pools that the client may use are full. Enlarge them, or shorten lifetimes.";
    AllocFailClasses { query } = "ALLOC_ENGINE_V6_ALLOC_FAIL_CLASSES", "alloc-engine", Warn,
        "{query}: failed to allocate an IPv6 lease for the client that belongs to classes",
        "Guards of subnets and pools may be what keeps the client out.";
    ReclaimStart { leases } = "ALLOC_ENGINE_V6_LEASES_RECLAMATION_START", "alloc-engine", Debug(40),
        "starting reclamation of expired leases ({leases} due)",
        "A reclamation run begins.";
    ReclaimComplete { leases } = "ALLOC_ENGINE_V6_LEASES_RECLAMATION_COMPLETE", "alloc-engine", Debug(40),
        "reclaimed {leases} leases",
        "A reclamation run is over.";
    LeaseReclaimed { lease } = "ALLOC_ENGINE_V6_LEASE_RECLAIM", "alloc-engine", Debug(40),
        "reclaiming expired lease for {lease}",
        "A lease ended without being renewed.";
    LeaseRecovered { address } = "ALLOC_ENGINE_V6_DECLINED_RECOVERED", "alloc-engine", Info,
        "IPv6 address {address} was recovered after the end of probation-period",
        "A declined address may be given out again.";
    ExtendedInfoMended { address } = "DHCPSRV_LEASE6_EXTENDED_INFO_UPGRADED", "dhcpsrv", Debug(40),
        "extended info for lease {address} was upgraded",
        "It was in the form of an earlier release, or had members that are empty (extended-info-checks).";
    LegalRenderError { address, duid, reason } = "LEGAL_LOG_LEASE6_RENDER_ERROR", "legal-log-hooks", Error,
        "custom request/response-parser-format failed for lease {address} duid {duid} ({reason}); falling back to default format",
        "An expression of libdhcp_legal_log has no value for this packet. The entry was made in the usual words. Logged once a \
         second, with the number of entries in between.";
    ExtendedInfoBroken { address, reason } = "DHCPSRV_LEASE6_EXTENDED_INFO_SANITY_FAIL", "dhcpsrv", Error,
        "extended info for lease {address} failed checks ({reason})",
        "It is not as extended-info-checks asks for, and was taken off the lease.";
    HookReceivedDrop { query } = "DHCP6_HOOK_PACKET_RCVD_SKIP", "hooks", Debug(40),
        "{query}: packet is dropped, because a callout set the next step to SKIP",
        "A hook library does not want the packet served; its own messages say why.";
    HookNamed { before, after, forward, forward_after, reverse, reverse_after } = "DHCP6_HOOK_DDNS_UPDATE", "hooks", Debug(40),
        "A hook has updated the DDNS parameters: hostname {before}=>{after}, forward update {forward}=>{forward_after}, reverse update {reverse}=>{reverse_after}",
        "A hook library has chosen another name for a lease, or whether DNS is told of it.";
    HookSubnetDrop { query } = "DHCP6_HOOK_SUBNET6_SELECT_DROP", "hooks", Debug(40),
        "{query}: packet was dropped, because a callout set the next step to 'drop'",
        "A hook library does not want clients of this subnet served now; its own messages say why.";
    HookLeaseSkip = "DHCPSRV_HOOK_LEASE6_SELECT_SKIP", "dhcpsrv", Debug(40),
        "Lease6 creation was skipped, because of callout skip flag.",
        "A hook library does not want the client to have the lease; its own messages say why.";
}
