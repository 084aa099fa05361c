//! Log messages of names by expression.

observe::messages! {
    GlobalSet { expression } = "DDNS_TUNING_GLOBAL_EXPR_SET", "ddns-tuning-hooks", Info,
        "Global hostname expression set to: {expression}",
        "Names of leases are made by it, but in subnets that have their own.";
}

/// Of single queries: identifiers differ by the family's digit.
pub(super) mod v4 {
    observe::messages! {
        Calculated { before, after, query } = "DDNS_TUNING4_CALCULATED_HOSTNAME", "ddns-tuning-hooks", Debug(40),
            "Replacing host name: {before}, with calculated host name: {after}, for query: {query}",
            "The expression in scope has made a name for the lease.";
        Failed { query, error } = "DDNS_TUNING4_PROCESS_ERROR", "ddns-tuning-hooks", Error,
            "An error occurred processing query {query}: {error}",
            "The expression in scope does not fit the packet, or gives what is no name. The name stays as it was.";
        Skipped { query } = "DDNS_TUNING4_SKIPPING_DDNS", "ddns-tuning-hooks", Debug(40),
            "Client is a member matches SKIP_DDNS class, skipping DDNS updates, query: {query}",
            "DNS is not told of the lease.";
    }
}

/// As [`v4`].
pub(super) mod v6 {
    observe::messages! {
        Calculated { before, after, query } = "DDNS_TUNING6_CALCULATED_HOSTNAME", "ddns-tuning-hooks", Debug(40),
            "Replacing host name: {before}, with calculated host name: {after}, for query: {query}",
            "The expression in scope has made a name for the lease.";
        Failed { query, error } = "DDNS_TUNING6_PROCESS_ERROR", "ddns-tuning-hooks", Error,
            "An error occurred processing query {query}: {error}",
            "The expression in scope does not fit the packet, or gives what is no name. The name stays as it was.";
        Skipped { query } = "DDNS_TUNING6_SKIPPING_DDNS", "ddns-tuning-hooks", Debug(40),
            "Client is a member matches SKIP_DDNS class, skipping DDNS updates, query: {query}",
            "DNS is not told of the lease.";
    }
}
