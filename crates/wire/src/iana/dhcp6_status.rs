//! DHCPv6 status codes (RFC 9915 section 21.13 and later; registry "Status Codes").

super::registry! {
    /// How a server or client fared.
    StatusCode(u16) {
        SUCCESS = 0 "Success",
        UNSPEC_FAIL = 1 "UnspecFail",
        NO_ADDRS_AVAIL = 2 "NoAddrsAvail",
        NO_BINDING = 3 "NoBinding",
        NOT_ON_LINK = 4 "NotOnLink",
        /// Obsolete since RFC 9915.
        USE_MULTICAST = 5 "UseMulticast",
        NO_PREFIX_AVAIL = 6 "NoPrefixAvail",
        /// RFC 5007
        UNKNOWN_QUERY_TYPE = 7 "UnknownQueryType",
        MALFORMED_QUERY = 8 "MalformedQuery",
        NOT_CONFIGURED = 9 "NotConfigured",
        NOT_ALLOWED = 10 "NotAllowed",
        /// RFC 5460
        QUERY_TERMINATED = 11 "QueryTerminated",
        /// RFC 7653
        DATA_MISSING = 12 "DataMissing",
        CATCH_UP_COMPLETE = 13 "CatchUpComplete",
        NOT_SUPPORTED = 14 "NotSupported",
        TLS_CONNECTION_REFUSED = 15 "TLSConnectionRefused",
        /// RFC 8156
        ADDRESS_IN_USE = 16 "AddressInUse",
        CONFIGURATION_CONFLICT = 17 "ConfigurationConflict",
        MISSING_BINDING_INFORMATION = 18 "MissingBindingInformation",
        OUTDATED_BINDING_INFORMATION = 19 "OutdatedBindingInformation",
        SERVER_SHUTTING_DOWN = 20 "ServerShuttingDown",
        DNS_UPDATE_NOT_SUPPORTED = 21 "DNSUpdateNotSupported",
        EXCESSIVE_TIME_SKEW = 22 "ExcessiveTimeSkew",
    }
}
