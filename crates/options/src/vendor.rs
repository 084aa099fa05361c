//! Sub-options of vendors, one space per enterprise number.

use crate::DataType::{Binary, Int32, Ipv4Address, Ipv6Address, String, Uint8, Uint16};
use crate::table::{Row, row};

/// Enterprise number and data of each block of the DHCPv4 options 124 and 125 (RFC 3925); a block that is cut off is left
/// out.
pub fn vendor_blocks(payload: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (number, after) = rest.split_first_chunk()?;
        let (length, after) = after.split_first()?;
        let (data, after) = after.split_at_checked((*length).into())?;
        rest = after;
        Some((u32::from_be_bytes(*number), data))
    })
}

/// Cable Television Laboratories: DOCSIS 3 (CL-SP-CANN-DHCP-Reg).
const CABLELABS: &str = "vendor-4491";
/// Internet Systems Consortium: the channel between the servers of DHCPv4-over-DHCPv6.
const ISC: &str = "vendor-2495";

/// Names under which configurations may also find the definitions of a vendor's space.
pub(crate) const ALIASES4: &[(&str, &str)] = &[(CABLELABS, "docsis3-v4")];
pub(crate) const ALIASES6: &[(&str, &str)] = &[(CABLELABS, "docsis3-v6"), (ISC, "4o6")];

#[rustfmt::skip]
pub(crate) const TABLE4: &[Row] = &[
    row(CABLELABS, 1, "oro", Uint8).array(),
    row(CABLELABS, 2, "tftp-servers", Ipv4Address).array(),
];

#[rustfmt::skip]
pub(crate) const TABLE6: &[Row] = &[
    row(ISC, 60000, "4o6-interface", String),
    row(ISC, 60001, "4o6-source-address", Ipv6Address),
    row(ISC, 60002, "4o6-source-port", Uint16),
    row(CABLELABS, 1, "oro", Uint16).array(),
    row(CABLELABS, 2, "device-type", String),
    row(CABLELABS, 10, "vendor-type", String),
    row(CABLELABS, 32, "tftp-servers", Ipv6Address).array(),
    row(CABLELABS, 33, "config-file", String),
    row(CABLELABS, 34, "syslog-servers", Ipv6Address).array(),
    row(CABLELABS, 36, "device-id", Binary),
    row(CABLELABS, 37, "time-servers", Ipv6Address).array(),
    row(CABLELABS, 38, "time-offset", Int32),
    row(CABLELABS, 1026, "cmts-cm-mac", Binary),
];
