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
    LeaseUnfit { address, subnet, reason } = "DHCPSRV_LEASE_SANITY_FAIL", "dhcpsrv", Warn,
        "The lease {address} with subnet-id {subnet} failed subnet-id checks ({reason}).",
        "The lease is kept as it is (sanity-checks). Subnet numbers must not change while there are leases.";
    LeaseDiscarded { address, subnet, reason } = "DHCPSRV_LEASE_SANITY_FAIL_DISCARD", "dhcpsrv", Warn,
        "The lease {address} with subnet-id {subnet} failed subnet-id checks ({reason}) and was dropped.",
        "lease-checks asks for it.";
    LeaseFixed { address, subnet, right } = "DHCPSRV_LEASE_SANITY_FIXED", "dhcpsrv", Info,
        "The lease {address} with subnet-id {subnet} failed subnet-id checks, but was corrected to subnet-id {right}.",
        "lease-checks asks for it.";
}
