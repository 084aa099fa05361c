//! Log messages that both servers have, with Kea's identifiers.

observe::messages! {
    NcrQueued { query, change, request } = "DHCPSRV_QUEUE_NCR", "dhcpsrv", Debug(55),
        "{query}: Name change request to {change} DNS entry queued: {request}",
        "DNS is to be told of a lease. The request leaves when the lease is stored.";
    NcrFailed { query, change, address, error } = "DHCPSRV_QUEUE_NCR_FAILED", "dhcpsrv", Error,
        "{query}: queuing {change} name change request failed for lease {address}: {error}",
        "The lease stands, but DNS is not told of it: its name cannot be one in DNS.";
    NcrSkipped { query, address } = "DHCPSRV_QUEUE_NCR_SKIP", "dhcpsrv", Debug(50),
        "{query}: skip queuing name change request for lease: {address}",
        "DNS is not told of the lease: it has no name, its client updates DNS itself, or updates are off.";
    ClassBadName { name, suggestion } = "DHCPSRV_CLASS_BAD_NAME", "dhcpsrv", Warn,
        "class name '{name}' includes problematic characters: suggest to use '{suggestion}' instead",
        "Vendor classes and spawned ones have no such character in their names since Kea 3.3: %20 in place of a space, and so on. A class that is to be one of them must be named so.";
    MemberChecked { query, class, result } = "EVAL_DEBUG_MEMBER", "eval", Debug(55),
        "{query}: Checking membership of '{class}', pushing result '{result}'",
        "The test of a class asks for another class.";
    LeaseUnfit { address, subnet, reason } = "DHCPSRV_LEASE_SANITY_FAIL", "dhcpsrv", Warn,
        "The lease {address} with subnet-id {subnet} failed subnet-id checks ({reason}).",
        "The lease is kept as it is (sanity-checks). Subnet numbers must not change while there are leases.";
    LeaseDiscarded { address, subnet, reason } = "DHCPSRV_LEASE_SANITY_FAIL_DISCARD", "dhcpsrv", Info,
        "The lease {address} with subnet-id {subnet} failed subnet-id checks ({reason}) and was dropped.",
        "lease-checks asks for it.";
    LeaseFixed { address, subnet, right } = "DHCPSRV_LEASE_SANITY_FIXED", "dhcpsrv", Info,
        "The lease {address} with subnet-id {subnet} failed subnet-id checks, but was corrected to subnet-id {right}.",
        "lease-checks asks for it.";
    LeaseExceeds { limit } = "LIMITS_LEASE_LIMIT_EXCEEDED", "limits-hooks", Debug(40),
        "Lease was not allocated due to exceeding {limit}.",
        "As many leases as there may be are held. The client gets none.";
    LeaseWithin { address } = "LIMITS_LEASE_WITHIN_LIMITS", "limits-hooks", Debug(40),
        "Lease with address {address} is within limits.",
        "The client may have the lease.";
    Over6BadPacket { reason } = "DHCPSRV_DHCP4O6_RECEIVED_BAD_PACKET", "dhcpsrv", Warn,
        "received bad DHCPv4o6 packet: {reason}",
        "What came from the server of the other family cannot be used. Is another program on dhcp4o6-port?";
    Over6NoSubnet = "DHCPSRV_SUBNET4O6_SELECT_FAILED", "dhcpsrv", Debug(40),
        "Failed to select any subnet for the DHCPv4o6 packet",
        "No subnet names where the client is: 4o6-subnet, 4o6-interface-id, 4o6-interface.";
}
