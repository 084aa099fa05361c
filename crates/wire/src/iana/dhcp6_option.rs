//! Codes of DHCPv6 options (registry "Dynamic Host Configuration Protocol for IPv6", table "Option Codes").

pub const CLIENT_ID: u16 = 1;
pub const SERVER_ID: u16 = 2;
/// RFC 9915 section 21.4
pub const IA_NA: u16 = 3;
/// RFC 9915 section 21.5
pub const IA_TA: u16 = 4;
/// RFC 9915 section 21.6
pub const IA_ADDR: u16 = 5;
pub const ORO: u16 = 6;
pub const PREFERENCE: u16 = 7;
pub const ELAPSED_TIME: u16 = 8;
/// RFC 9915 section 21.10
pub const RELAY_MSG: u16 = 9;
pub const AUTH: u16 = 11;
pub const UNICAST: u16 = 12;
/// RFC 9915 section 21.13
pub const STATUS_CODE: u16 = 13;
pub const RAPID_COMMIT: u16 = 14;
pub const USER_CLASS: u16 = 15;
/// RFC 9915 section 21.16
pub const VENDOR_CLASS: u16 = 16;
/// RFC 9915 section 21.17
pub const VENDOR_OPTS: u16 = 17;
/// RFC 9915 section 21.18
pub const INTERFACE_ID: u16 = 18;
pub const RECONF_MSG: u16 = 19;
pub const RECONF_ACCEPT: u16 = 20;
pub const SIP_SERVER_DNS: u16 = 21;
pub const SIP_SERVER_ADDR: u16 = 22;
pub const DNS_SERVERS: u16 = 23;
pub const DOMAIN_SEARCH: u16 = 24;
/// RFC 9915 section 21.21
pub const IA_PD: u16 = 25;
/// RFC 9915 section 21.22
pub const IA_PREFIX: u16 = 26;
pub const NIS_SERVERS: u16 = 27;
pub const NISP_SERVERS: u16 = 28;
pub const NIS_DOMAIN_NAME: u16 = 29;
pub const NISP_DOMAIN_NAME: u16 = 30;
pub const SNTP_SERVERS: u16 = 31;
pub const INFORMATION_REFRESH_TIME: u16 = 32;
pub const BCMCS_SERVER_DNS: u16 = 33;
pub const BCMCS_SERVER_ADDR: u16 = 34;
pub const GEOCONF_CIVIC: u16 = 36;
/// RFC 4649
pub const REMOTE_ID: u16 = 37;
/// RFC 4580
pub const SUBSCRIBER_ID: u16 = 38;
pub const CLIENT_FQDN: u16 = 39;
pub const PANA_AGENT: u16 = 40;
pub const NEW_POSIX_TIMEZONE: u16 = 41;
pub const NEW_TZDB_TIMEZONE: u16 = 42;
/// RFC 4994
pub const ERO: u16 = 43;
pub const LQ_QUERY: u16 = 44;
pub const CLIENT_DATA: u16 = 45;
pub const CLT_TIME: u16 = 46;
pub const LQ_RELAY_DATA: u16 = 47;
pub const LQ_CLIENT_LINK: u16 = 48;
pub const V6_LOST: u16 = 51;
pub const CAPWAP_AC_V6: u16 = 52;
/// RFC 5460 section 5.4.1
pub const RELAY_ID: u16 = 53;
pub const NTP_SERVER: u16 = 56;
pub const V6_ACCESS_DOMAIN: u16 = 57;
pub const SIP_UA_CS_LIST: u16 = 58;
pub const BOOTFILE_URL: u16 = 59;
pub const BOOTFILE_PARAM: u16 = 60;
pub const CLIENT_ARCH_TYPE: u16 = 61;
pub const NII: u16 = 62;
pub const AFTR_NAME: u16 = 64;
pub const ERP_LOCAL_DOMAIN_NAME: u16 = 65;
/// RFC 6422
pub const RSOO: u16 = 66;
pub const PD_EXCLUDE: u16 = 67;
pub const RDNSS_SELECTION: u16 = 74;
/// RFC 6939
pub const CLIENT_LINKLAYER_ADDR: u16 = 79;
pub const LINK_ADDRESS: u16 = 80;
pub const SOLMAX_RT: u16 = 82;
pub const INF_MAX_RT: u16 = 83;
pub const DHCPV4_MESSAGE: u16 = 87;
pub const DHCP4O6_SERVER_ADDR: u16 = 88;
pub const S46_CONT_MAPE: u16 = 94;
pub const S46_CONT_MAPT: u16 = 95;
pub const S46_CONT_LW: u16 = 96;
pub const V6_CAPTIVE_PORTAL: u16 = 103;
/// RFC 8357
pub const RELAY_SOURCE_PORT: u16 = 135;
pub const V6_SZTP_REDIRECT: u16 = 136;
pub const IPV6_ADDRESS_ANDSF: u16 = 143;
/// RFC 9463
pub const V6_DNR: u16 = 144;
/// RFC 9686
pub const ADDR_REG_ENABLE: u16 = 148;

/// Options within the containers of softwires (RFC 7598).
pub mod s46 {
    pub const RULE: u16 = 89;
    pub const BR: u16 = 90;
    pub const DMR: u16 = 91;
    pub const V4V6BIND: u16 = 92;
    pub const PORTPARAMS: u16 = 93;
}

/// Sub-options of option 56 (RFC 5908).
pub mod ntp {
    pub const SERVER_ADDRESS: u16 = 1;
    pub const SERVER_MULTICAST: u16 = 2;
    pub const SERVER_FQDN: u16 = 3;
}
