//! DHCPv6 leases as rows.

use std::net::Ipv6Addr;

use base::{Duid, HwAddr, Iaid, PoolId, Seconds, SubnetId, Timestamp};
use lease::{HwAddrSource, Lease6, LeaseState, LeaseType};

use crate::kind::Entry;
use crate::row4::{MAX_CONTEXT, MAX_HOSTNAME, bool_of, context, hex_of, not, u32_of};
use crate::table::{Row, number, push_colon_hex, push_escaped, push_number, unescape};

// Columns of SCHEMA6.
const ADDRESS: usize = 0;
const DUID: usize = 1;
const VALID_LIFETIME: usize = 2;
const EXPIRE: usize = 3;
const SUBNET_ID: usize = 4;
const PREF_LIFETIME: usize = 5;
const LEASE_TYPE: usize = 6;
const IAID: usize = 7;
const PREFIX_LEN: usize = 8;
const FQDN_FWD: usize = 9;
const FQDN_REV: usize = 10;
const HOSTNAME: usize = 11;
const HWADDR: usize = 12;
const STATE: usize = 13;
const USER_CONTEXT: usize = 14;
const HWTYPE: usize = 15;
const HWADDR_SOURCE: usize = 16;
const POOL_ID: usize = 17;

pub(crate) type Entry6 = Entry<Lease6>;

/// Why a lease cannot be stored: its row would not be read again.
pub(crate) fn refusal(lease: &Lease6) -> Option<String> {
    let address = lease.address;
    let context = lease.user_context.as_ref().map_or(0, |context| context.len());
    if lease.hostname.len() > MAX_HOSTNAME || context > MAX_CONTEXT {
        return Some(format!("the host name or the user context of {address} is too long"));
    }
    if lease.duid.is_empty() && lease.state != LeaseState::Declined {
        return Some(format!("the lease of {address} has no DUID and is not declined"));
    }
    let fits = match lease.lease_type {
        LeaseType::Na => lease.prefix_length == 128,
        LeaseType::Pd => lease.prefix_length <= 128,
    };
    (!fits).then(|| format!("the lease of {address} has a prefix length of {}", lease.prefix_length))
}

/// Appends the row of a lease, with its newline.
pub(crate) fn push_lease(lease: &Lease6, out: &mut Vec<u8>) {
    let expire = lease.cltt.0.saturating_add(u64::from(lease.valid_lifetime.0));
    // No lifetime means deletion. As with Kea, a released lease is kept for its client until the next start.
    let released = lease.state == LeaseState::Released;
    push_row(lease, lease.valid_lifetime.0.max(u32::from(!released)), expire, out);
}

/// Appends the row that deletes a lease, with its newline.
pub(crate) fn push_deletion(lease: &Lease6, out: &mut Vec<u8>) {
    push_row(lease, 0, lease.cltt.0, out);
}

fn push_row(lease: &Lease6, valid_lifetime: u32, expire: u64, out: &mut Vec<u8>) {
    use std::io::Write;
    // Writing to memory does not fail.
    let _ = write!(out, "{}", lease.address);
    out.push(b',');
    push_colon_hex(lease.duid.octets(), out);
    for value in [
        u64::from(valid_lifetime),
        expire,
        u64::from(lease.subnet_id.0),
        u64::from(lease.preferred_lifetime.0),
        u64::from(lease.lease_type.code()),
        u64::from(lease.iaid.0),
        u64::from(lease.prefix_length),
        u64::from(lease.fqdn_fwd),
        u64::from(lease.fqdn_rev),
    ] {
        out.push(b',');
        push_number(value, out);
    }
    out.push(b',');
    push_escaped(&lease.hostname, out);
    out.push(b',');
    if let Some(hw_addr) = &lease.hw_addr {
        push_colon_hex(hw_addr.octets(), out);
    }
    out.push(b',');
    push_number(u64::from(lease.state.code()), out);
    out.push(b',');
    if let Some(context) = &lease.user_context {
        push_escaped(context, out);
    }
    // Without an address type and source are 0, as Kea writes them.
    let (htype, source) = match &lease.hw_addr {
        Some(hw_addr) => (u64::from(hw_addr.htype()), u64::from(lease.hw_addr_source.0)),
        None => (0, 0),
    };
    for value in [htype, source, u64::from(lease.pool_id.0)] {
        out.push(b',');
        push_number(value, out);
    }
    out.push(b'\n');
}

/// Reads a row whole.
pub(crate) fn parse(row: &Row<'_>) -> Result<Entry6, String> {
    let field = row.field(ADDRESS);
    let address: Ipv6Addr = std::str::from_utf8(field)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("'{}' is not an IPv6 address", field.escape_ascii()))?;
    let (octets, length) = hex_of(row.field(DUID), "duid")?;
    let duid = Duid::new(octets.get(..length).unwrap_or_default()).map_err(|error| error.to_string())?;
    let valid_lifetime = u32_of(row, VALID_LIFETIME, "valid_lifetime")?;
    let expire = number(row.field(EXPIRE)).ok_or_else(|| not(row, EXPIRE, "expire", "a time"))?;
    let subnet_id = u32_of(row, SUBNET_ID, "subnet_id")?;
    let preferred_lifetime = u32_of(row, PREF_LIFETIME, "pref_lifetime")?;
    let lease_type = u8_of(row, LEASE_TYPE)
        .and_then(LeaseType::from_code)
        .ok_or_else(|| not(row, LEASE_TYPE, "lease_type", "0 or 2"))?;
    let iaid = u32_of(row, IAID, "iaid")?;
    // An address has 128 bits whatever its row says.
    let prefix_length = match lease_type {
        LeaseType::Na => 128,
        LeaseType::Pd => u8_of(row, PREFIX_LEN)
            .filter(|length| *length <= 128)
            .ok_or_else(|| not(row, PREFIX_LEN, "prefix_len", "a length of at most 128"))?,
    };
    let fqdn_fwd = bool_of(row, FQDN_FWD, "fqdn_fwd")?;
    let fqdn_rev = bool_of(row, FQDN_REV, "fqdn_rev")?;
    let state = u8_of(row, STATE)
        .and_then(LeaseState::from_code)
        .ok_or_else(|| not(row, STATE, "state", "a state from 0 to 4"))?;
    let (hw_addr, hw_addr_source) = hardware(row)?;
    let user_context = context(row.field(USER_CONTEXT))?;
    let pool_id = u32_of(row, POOL_ID, "pool_id")?;
    if valid_lifetime == 0 {
        return Ok(Entry6::Deleted(address));
    }
    // Dumps of SQL databases write the last transaction as the end of an infinite lease.
    let infinite = valid_lifetime == u32::MAX;
    let cltt = expire.checked_sub(u64::from(valid_lifetime)).unwrap_or(if infinite { expire } else { 0 });
    let lease = Lease6 {
        lease_type,
        address,
        prefix_length,
        duid,
        iaid: Iaid(iaid),
        subnet_id: SubnetId(subnet_id),
        pool_id: PoolId(pool_id),
        cltt: Timestamp(cltt),
        preferred_lifetime: Seconds(preferred_lifetime),
        valid_lifetime: Seconds(valid_lifetime),
        state,
        hw_addr,
        hw_addr_source,
        hostname: unescape(row.field(HOSTNAME)).into_boxed_str(),
        fqdn_fwd,
        fqdn_rev,
        user_context,
    };
    match refusal(&lease) {
        Some(error) => Err(error),
        None => Ok(Entry6::Lease(lease)),
    }
}

fn u8_of(row: &Row<'_>, column: usize) -> Option<u8> {
    number(row.field(column)).and_then(|number| u8::try_from(number).ok())
}

/// The hardware address and its source. Files without these columns mean Ethernet, from an unknown source. A lease
/// does not depend on its hardware address, so an odd one is left out, as Kea does.
fn hardware(row: &Row<'_>) -> Result<(Option<HwAddr>, HwAddrSource), String> {
    let none = (None, HwAddrSource::UNKNOWN);
    if row.field(HWADDR).is_empty() {
        return Ok(none);
    }
    let htype = match row.field(HWTYPE) {
        [] => Some(HwAddr::ETHERNET),
        field => number(field).and_then(|number| u16::try_from(number).ok()),
    };
    let htype = htype.ok_or_else(|| not(row, HWTYPE, "hwtype", "a number of 16 bits"))?;
    let source = match row.field(HWADDR_SOURCE) {
        [] => 0,
        _ => u32_of(row, HWADDR_SOURCE, "hwaddr_source")?,
    };
    let hw_addr = hex_of(row.field(HWADDR), "hwaddr")
        .ok()
        .and_then(|(octets, length)| HwAddr::new(htype, octets.get(..length)?).ok());
    Ok(hw_addr.map_or(none, |hw_addr| (Some(hw_addr), HwAddrSource(source))))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::table::{Header, SCHEMA6};

    fn parse_with(header: &str, line: &str) -> Result<Entry6, String> {
        let header = Header::parse(&SCHEMA6, header.trim_end().as_bytes()).unwrap();
        parse(&header.split(line.as_bytes())?)
    }

    fn parse_line(line: &str) -> Result<Entry6, String> {
        parse_with(&SCHEMA6.header_line(), line)
    }

    fn line_of(lease: &Lease6) -> String {
        let mut out = Vec::new();
        push_lease(lease, &mut out);
        String::from_utf8(out).unwrap()
    }

    pub(crate) fn sample() -> Lease6 {
        Lease6 {
            lease_type: LeaseType::Na,
            address: "2001:db8:1::10".parse().unwrap(),
            prefix_length: 128,
            duid: Duid::parse("00:03:00:01:08:00:2b:02:3f:4e").unwrap(),
            iaid: Iaid(4_000_000_000),
            subnet_id: SubnetId(7),
            pool_id: PoolId(3),
            cltt: Timestamp(1_700_000_000),
            preferred_lifetime: Seconds(1800),
            valid_lifetime: Seconds(3600),
            state: LeaseState::Default,
            hw_addr: Some(HwAddr::parse("08:00:2b:02:3f:4e").unwrap()),
            hw_addr_source: HwAddrSource::DUID,
            hostname: "a,b.example.org".into(),
            fqdn_fwd: true,
            fqdn_rev: false,
            user_context: Some(Arc::from("{\"a\":1}")),
        }
    }

    #[test]
    fn a_row_is_as_kea_writes_it() {
        let mut lease = sample();
        assert_eq!(
            line_of(&lease),
            "2001:db8:1::10,00:03:00:01:08:00:2b:02:3f:4e,3600,1700003600,7,1800,0,4000000000,128,1,0,\
             a&#x2cb.example.org,08:00:2b:02:3f:4e,0,{\"a\":1},1,2,3\n"
        );
        let mut out = Vec::new();
        push_deletion(&lease, &mut out);
        let deletion = String::from_utf8(out).unwrap();
        assert!(deletion.contains(",0,1700000000,7,1800,0,"), "{deletion}");
        assert_eq!(parse_line(deletion.trim_end()), Ok(Entry6::Deleted(lease.address)));
        lease = Lease6 {
            lease_type: LeaseType::Pd,
            address: "2001:db8:2::".parse().unwrap(),
            prefix_length: 56,
            duid: Duid::empty(),
            state: LeaseState::Declined,
            hw_addr: None,
            hw_addr_source: HwAddrSource::UNKNOWN,
            hostname: "".into(),
            user_context: None,
            valid_lifetime: Seconds::INFINITE,
            ..lease
        };
        let line = line_of(&lease);
        assert_eq!(
            line,
            "2001:db8:2::,00:00:00,4294967295,5994967295,7,1800,2,4000000000,56,1,0,,,1,,0,0,3\n"
        );
        assert_eq!(parse_line(line.trim_end()), Ok(Entry6::Lease(lease)));
    }

    #[test]
    fn headers_of_all_versions() {
        let columns: Vec<&str> = SCHEMA6.columns.iter().map(|column| column.name).collect();
        let fields: Vec<String> = line_of(&sample()).trim_end().split(',').map(str::to_owned).collect();
        let bare = Lease6 {
            hw_addr: None,
            hw_addr_source: HwAddrSource::UNKNOWN,
            user_context: None,
            pool_id: PoolId(0),
            ..sample()
        };
        let hw_addr = sample().hw_addr;
        for (count, expected) in [
            (12, bare.clone()),
            (13, Lease6 { hw_addr, ..bare.clone() }),
            (14, Lease6 { hw_addr, ..bare }),
            (15, Lease6 { hw_addr_source: HwAddrSource::UNKNOWN, pool_id: PoolId(0), ..sample() }),
            (17, Lease6 { pool_id: PoolId(0), ..sample() }),
            (18, sample()),
        ] {
            let read = parse_with(&columns[..count].join(","), &fields[..count].join(","));
            assert_eq!(read, Ok(Entry6::Lease(expected)), "{count} columns");
        }
        assert!(Header::parse(&SCHEMA6, columns[..11].join(",").as_bytes()).is_err());
    }

    #[test]
    fn forms_that_others_write() {
        for (line, found) in [
            ("2001:db8::1,000300010203,10,20,1,5,0,7,64,0,0,,,0,,,,0", Some((128, None, 0))),
            ("2001:db8::1,00:03:00,10,20,1,5,2,7,64,0,0,,,0,,0,0,0", Some((64, None, 0))),
            (
                "2001:db8::1,00:03:00,10,20,1,5,0,7,128,0,0,,01:02,0,,,,0",
                Some((128, HwAddr::new(1, &[1, 2]).ok(), 0)),
            ),
            (
                "2001:db8::1,00:03:00,10,20,1,5,0,7,128,0,0,,01:02,0,,6,8,0",
                Some((128, HwAddr::new(6, &[1, 2]).ok(), 8)),
            ),
            // An odd hardware address is left out.
            ("2001:db8::1,00:03:00,10,20,1,5,0,7,128,0,0,,01:zz,0,,6,8,0", Some((128, None, 0))),
            // A declined lease of an older server.
            ("2001:db8::1,00,10,20,1,5,0,7,128,0,0,,,1,,,,0", Some((128, None, 0))),
        ] {
            let read = parse_line(line).map(|entry| match entry {
                Entry6::Lease(lease) => Some((lease.prefix_length, lease.hw_addr, lease.hw_addr_source.0)),
                Entry6::Deleted(_) => None,
            });
            assert_eq!(read, Ok(found), "{line}");
        }
    }

    #[test]
    fn rows_with_errors() {
        let good = "2001:db8::1,00:03:00,10,20,1,5,0,7,128,0,0,h,01:02,0,{},1,2,0";
        assert!(parse_line(good).is_ok());
        let fields: Vec<&str> = good.split(',').collect();
        for (column, bad) in [
            (ADDRESS, "10.0.0.1"),
            (ADDRESS, "2001:db8::1/64"),
            (DUID, ""),
            (DUID, "zz"),
            (DUID, "00"),
            (DUID, "00:00:00"),
            (VALID_LIFETIME, ""),
            (VALID_LIFETIME, "4294967296"),
            (EXPIRE, "-1"),
            (SUBNET_ID, "x"),
            (PREF_LIFETIME, ""),
            (LEASE_TYPE, "1"),
            (LEASE_TYPE, "3"),
            (LEASE_TYPE, ""),
            (IAID, "4294967296"),
            (FQDN_FWD, "2"),
            (FQDN_REV, ""),
            (STATE, "5"),
            (USER_CONTEXT, "[]"),
            (HWTYPE, "65536"),
            (HWADDR_SOURCE, "x"),
            (POOL_ID, ""),
        ] {
            let mut fields = fields.clone();
            fields[column] = bad;
            assert!(parse_line(&fields.join(",")).is_err(), "column {column}: '{bad}'");
        }
        assert!(parse_line("2001:db8::1,00:03:00,10,20,1,5,2,7,129,0,0,,,0,,,,0").is_err());
        let long = "11".repeat(131);
        assert!(parse_line(&format!("2001:db8::1,{long},10,20,1,5,0,7,128,0,0,,,0,,,,0")).is_err());
    }

    #[test]
    fn what_would_not_be_read_again_is_refused() {
        let sample = sample();
        for lease in [
            Lease6 { duid: Duid::empty(), ..sample.clone() },
            Lease6 { prefix_length: 64, ..sample.clone() },
            Lease6 { lease_type: LeaseType::Pd, prefix_length: 129, ..sample.clone() },
            Lease6 { hostname: "x".repeat(MAX_HOSTNAME + 1).into(), ..sample.clone() },
        ] {
            assert!(refusal(&lease).is_some(), "{lease:?}");
        }
        assert_eq!(refusal(&sample), None);
        let released = Lease6 { valid_lifetime: Seconds(0), state: LeaseState::Released, ..sample };
        assert_eq!(parse_line(line_of(&released).trim_end()), Ok(Entry6::Deleted(released.address)));
    }

    prop_compose! {
        /// Any lease that a server may store.
        fn any_lease()(
            address in any::<u128>(),
            prefix in proptest::option::of(0..=128u8),
            duid in proptest::collection::vec(any::<u8>(), 4..=130),
            ids in any::<(u32, u32, u32, u32)>(),
            cltt in 0..u64::from(u32::MAX) * 2,
            valid_lifetime in prop_oneof![1..=86_400u32, Just(u32::MAX), 1..=u32::MAX],
            state in 0..=4u8,
            hw_addr in proptest::option::of((any::<u16>(), proptest::collection::vec(any::<u8>(), 1..=20), any::<u32>())),
            hostname in "\\PC{0,40}|[\\x00-\\x7f]{0,40}",
            flags in any::<(bool, bool)>(),
            context in proptest::option::of("[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]{0,20}"),
        ) -> Lease6 {
            Lease6 {
                lease_type: if prefix.is_some() { LeaseType::Pd } else { LeaseType::Na },
                address: Ipv6Addr::from(address),
                prefix_length: prefix.unwrap_or(128),
                duid: Duid::new(&duid).unwrap(),
                iaid: Iaid(ids.2),
                subnet_id: SubnetId(ids.0),
                pool_id: PoolId(ids.1),
                cltt: Timestamp(cltt),
                preferred_lifetime: Seconds(ids.3),
                valid_lifetime: Seconds(valid_lifetime),
                state: LeaseState::from_code(state).unwrap(),
                hw_addr_source: HwAddrSource(hw_addr.as_ref().map_or(0, |(_, _, source)| *source)),
                hw_addr: hw_addr.map(|(htype, octets, _)| HwAddr::new(htype, &octets).unwrap()),
                hostname: hostname.into(),
                fqdn_fwd: flags.0,
                fqdn_rev: flags.1,
                user_context: context.map(|text| Arc::from(format!("{{\"k\":\"{text}\"}}"))),
            }
        }
    }

    proptest! {
        /// What is stored is what is loaded.
        #[test]
        fn every_lease_comes_back(lease in any_lease()) {
            let line = line_of(&lease);
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert_eq!(parse_line(line.trim_end_matches('\n')), Ok(Entry6::Lease(lease)));
        }

        #[test]
        fn no_line_panics(line in "\\PC*|[0-9a-f.,:&#x{}\"]*") {
            let _ = parse_line(&line);
        }
    }
}
