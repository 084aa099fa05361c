//! DHCPv4 leases as rows.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{ClientId, HwAddr, PoolId, Seconds, SubnetId, Timestamp, decode_hex};
use lease::{Lease4, LeaseState};

use crate::kind::Entry;
use crate::packed::MAX_CLTT;
use crate::table::{Row, colon_hex, number, number32, push_colon_hex, push_escaped, push_number, unescape};

// Columns of SCHEMA4.
const ADDRESS: usize = 0;
const HWADDR: usize = 1;
const CLIENT_ID: usize = 2;
const VALID_LIFETIME: usize = 3;
const EXPIRE: usize = 4;
const SUBNET_ID: usize = 5;
const FQDN_FWD: usize = 6;
const FQDN_REV: usize = 7;
const HOSTNAME: usize = 8;
const STATE: usize = 9;
const USER_CONTEXT: usize = 10;
const POOL_ID: usize = 11;

/// Longest host name, in octets; far above what DNS has.
pub(crate) const MAX_HOSTNAME: usize = 4096;
/// Longest user context, in octets; what Kea's databases hold.
pub(crate) const MAX_CONTEXT: usize = 64 << 10;

pub(crate) type Entry4 = Entry<Lease4>;

/// Why a lease cannot be stored: its row would not be read again.
pub(crate) fn refusal(lease: &Lease4) -> Option<String> {
    let context = lease.user_context.as_ref().map_or(0, |context| context.len());
    if lease.hostname.len() > MAX_HOSTNAME || context > MAX_CONTEXT {
        return Some(format!("the host name or the user context of {} is too long", lease.address));
    }
    (lease.cltt.0 > MAX_CLTT).then(|| format!("the last transaction of {} lies too far ahead", lease.address))
}

/// Appends the row of a lease, with its newline.
pub(crate) fn push_lease(lease: &Lease4, out: &mut Vec<u8>) {
    let expire = lease.cltt.0.saturating_add(u64::from(lease.valid_lifetime.0));
    // No lifetime means deletion. As with Kea, a released lease is kept for its client until the next start.
    let released = lease.state == LeaseState::Released;
    push_row(lease, lease.valid_lifetime.0.max(u32::from(!released)), expire, out);
}

/// Appends the row that deletes a lease, with its newline.
pub(crate) fn push_deletion(lease: &Lease4, out: &mut Vec<u8>) {
    push_row(lease, 0, lease.cltt.0, out);
}

fn push_row(lease: &Lease4, valid_lifetime: u32, expire: u64, out: &mut Vec<u8>) {
    for (i, octet) in lease.address.octets().into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        push_number(u64::from(octet), out);
    }
    out.push(b',');
    if let Some(hw_addr) = &lease.hw_addr {
        push_colon_hex(hw_addr.octets(), out);
    }
    out.push(b',');
    if let Some(client_id) = &lease.client_id {
        push_colon_hex(client_id.octets(), out);
    }
    for value in [
        u64::from(valid_lifetime),
        expire,
        u64::from(lease.subnet_id.0),
        u64::from(lease.fqdn_fwd),
        u64::from(lease.fqdn_rev),
    ] {
        out.push(b',');
        push_number(value, out);
    }
    out.push(b',');
    push_escaped(&lease.hostname, out);
    out.push(b',');
    push_number(u64::from(lease.state.code()), out);
    out.push(b',');
    if let Some(context) = &lease.user_context {
        push_escaped(context, out);
    }
    out.push(b',');
    push_number(u64::from(lease.pool_id.0), out);
    out.push(b'\n');
}

/// Reads the address alone.
pub(crate) fn address(row: &Row<'_>) -> Result<Ipv4Addr, String> {
    let field = row.field(ADDRESS);
    std::str::from_utf8(field)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("'{}' is not an IPv4 address", field.escape_ascii()))
}

/// Reads a row whole.
pub(crate) fn parse(row: &Row<'_>) -> Result<Entry4, String> {
    let address = address(row)?;
    let valid_lifetime = u32_of(row, VALID_LIFETIME, "valid_lifetime")?;
    let hw_addr = match row.field(HWADDR) {
        [] => None,
        field => {
            let (octets, length) = hex_of(field, "hwaddr")?;
            let octets = octets.get(..length).unwrap_or_default();
            Some(HwAddr::new(HwAddr::ETHERNET, octets).map_err(|error| error.to_string())?)
        }
    };
    let client_id = match row.field(CLIENT_ID) {
        [] => None,
        field => {
            let (octets, length) = hex_of(field, "client_id")?;
            let octets = octets.get(..length).unwrap_or_default();
            Some(ClientId::new(octets).map_err(|error| error.to_string())?)
        }
    };
    let expire = number(row.field(EXPIRE)).ok_or_else(|| not(row, EXPIRE, "expire", "a time"))?;
    let subnet_id = u32_of(row, SUBNET_ID, "subnet_id")?;
    let fqdn_fwd = bool_of(row, FQDN_FWD, "fqdn_fwd")?;
    let fqdn_rev = bool_of(row, FQDN_REV, "fqdn_rev")?;
    let state = number(row.field(STATE))
        .and_then(|code| u8::try_from(code).ok())
        .and_then(LeaseState::from_code)
        .ok_or_else(|| not(row, STATE, "state", "a state from 0 to 4"))?;
    let user_context = context(row.field(USER_CONTEXT))?;
    let pool_id = u32_of(row, POOL_ID, "pool_id")?;
    if valid_lifetime == 0 {
        return Ok(Entry4::Deleted(address));
    }
    // Dumps of SQL databases write the last transaction as the end of an infinite lease.
    let cltt = expire.checked_sub(u64::from(valid_lifetime)).unwrap_or(if valid_lifetime == u32::MAX {
        expire
    } else {
        0
    });
    let lease = Lease4 {
        address,
        hw_addr,
        client_id,
        subnet_id: SubnetId(subnet_id),
        pool_id: PoolId(pool_id),
        cltt: Timestamp(cltt),
        valid_lifetime: Seconds(valid_lifetime),
        state,
        hostname: unescape(row.field(HOSTNAME)).into_boxed_str(),
        fqdn_fwd,
        fqdn_rev,
        user_context,
    };
    match refusal(&lease) {
        Some(error) => Err(error),
        None => Ok(Entry4::Lease(lease)),
    }
}

pub(crate) fn not(row: &Row<'_>, column: usize, name: &str, kind: &str) -> String {
    format!("{name}: '{}' is not {kind}", row.field(column).escape_ascii())
}

pub(crate) fn u32_of(row: &Row<'_>, column: usize, name: &str) -> Result<u32, String> {
    number32(row.field(column)).ok_or_else(|| not(row, column, name, "a number of 32 bits"))
}

pub(crate) fn bool_of(row: &Row<'_>, column: usize, name: &str) -> Result<bool, String> {
    match row.field(column) {
        b"0" => Ok(false),
        b"1" => Ok(true),
        _ => Err(not(row, column, name, "0 or 1")),
    }
}

/// Octets of a hexadecimal field and their count; colons are usual, other forms are read too.
pub(crate) fn hex_of(field: &[u8], name: &str) -> Result<([u8; 255], usize), String> {
    let mut octets = [0; 255];
    if let Some(count) = colon_hex(field, &mut octets) {
        return Ok((octets, count));
    }
    let bad = || format!("{name}: '{}' is not a string of at most 255 octets", field.escape_ascii());
    let text = std::str::from_utf8(field).map_err(|_| bad())?;
    let decoded = decode_hex(text).map_err(|_| bad())?;
    octets.get_mut(..decoded.len()).ok_or_else(bad)?.copy_from_slice(&decoded);
    Ok((octets, decoded.len()))
}

/// The user context as it was written, when it is a map.
pub(crate) fn context(field: &[u8]) -> Result<Option<Arc<str>>, String> {
    if field.is_empty() {
        return Ok(None);
    }
    let text = unescape(field);
    let value = json::parse_command(text.as_bytes(), json::Limits::default())
        .map_err(|error| format!("user_context: {error}"))?;
    if value.as_map().is_none() {
        return Err("user_context: not a JSON map".to_owned());
    }
    Ok(Some(Arc::from(text)))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::table::{Header, SCHEMA4};

    fn parse_line(line: &str) -> Result<Entry4, String> {
        let header = Header::parse(&SCHEMA4, SCHEMA4.header_line().trim_end().as_bytes()).unwrap();
        parse(&header.split(line.as_bytes())?)
    }

    fn line_of(lease: &Lease4) -> String {
        let mut out = Vec::new();
        push_lease(lease, &mut out);
        String::from_utf8(out).unwrap()
    }

    pub(crate) fn sample() -> Lease4 {
        Lease4 {
            address: Ipv4Addr::new(192, 0, 2, 10),
            hw_addr: Some(HwAddr::parse("08:00:2b:02:3f:4e").unwrap()),
            client_id: Some(ClientId::parse("01:08:00:2b:02:3f:4e").unwrap()),
            subnet_id: SubnetId(7),
            pool_id: PoolId(3),
            cltt: Timestamp(1_700_000_000),
            valid_lifetime: Seconds(3600),
            state: LeaseState::Default,
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
            "192.0.2.10,08:00:2b:02:3f:4e,01:08:00:2b:02:3f:4e,3600,1700003600,7,1,0,a&#x2cb.example.org,0,\
             {\"a\":1},3\n"
        );
        let mut out = Vec::new();
        push_deletion(&lease, &mut out);
        assert_eq!(
            parse_line(std::str::from_utf8(&out).unwrap().trim_end()),
            Ok(Entry4::Deleted(lease.address))
        );
        lease.hw_addr = None;
        lease.client_id = None;
        lease.user_context = None;
        lease.hostname = "".into();
        lease.state = LeaseState::Declined;
        assert_eq!(line_of(&lease), "192.0.2.10,,,3600,1700003600,7,1,0,,1,,3\n");
    }

    #[test]
    fn a_released_lease_is_gone_with_the_next_start() {
        let lease = Lease4 { valid_lifetime: Seconds(0), state: LeaseState::Released, ..sample() };
        assert_eq!(parse_line(line_of(&lease).trim_end()), Ok(Entry4::Deleted(lease.address)));
    }

    #[test]
    fn rows_with_errors() {
        let good = "192.0.2.1,01:02:03:04:05:06,,3600,1700000000,1,0,0,,0,,0";
        assert!(parse_line(good).is_ok());
        for bad in [
            "192.0.2,01:02,,3600,1700000000,1,0,0,,0,,0",
            "110.77.10.1.1,01:02,,3600,1700000000,1,0,0,,0,,0",
            "192.0.2.1,0102x,,3600,1700000000,1,0,0,,0,,0",
            "192.0.2.1,00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14,,3600,1,1,0,0,,0,,0",
            "192.0.2.1,,zz,3600,1700000000,1,0,0,,0,,0",
            "192.0.2.1,01:02,,,1700000000,1,0,0,,0,,0",
            "192.0.2.1,01:02,,4294967296,1700000000,1,0,0,,0,,0",
            "192.0.2.1,01:02,,3600,-1,1,0,0,,0,,0",
            "192.0.2.1,01:02,,3600,1700000000,x,0,0,,0,,0",
            "192.0.2.1,01:02,,3600,1700000000,1,2,0,,0,,0",
            "192.0.2.1,01:02,,3600,1700000000,1,0,true,,0,,0",
            "192.0.2.1,01:02,,3600,1700000000,1,0,0,,5,,0",
            "192.0.2.1,01:02,,3600,1700000000,1,0,0,,256,,0",
            "192.0.2.1,01:02,,3600,1700000000,1,0,0,,0,[1],0",
            "192.0.2.1,01:02,,3600,1700000000,1,0,0,,0,{\"a\":,0",
            "192.0.2.1,01:02,,3600,1700000000,1,0,0,,0,,",
            "192.0.2.1,01:02,,3600,1700000000,1,0,0,,0,",
            "192.0.2.1,01:02,,3600,1700000000,1,0,0,,0,,0,",
        ] {
            assert!(parse_line(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_row_grows_too_long() {
        let octets = |count: usize| "é".repeat(count / 2);
        let long = |hostname: usize, context: usize| Lease4 {
            hostname: octets(hostname).into(),
            user_context: Some(Arc::from(format!("{{\"k\":\"{}\"}}", octets(context)))),
            ..sample()
        };
        let most = long(MAX_HOSTNAME, MAX_CONTEXT - 8);
        assert_eq!(refusal(&most), None);
        let line = line_of(&most);
        assert!(line.len() < crate::lines::MAX_LINE);
        assert_eq!(parse_line(line.trim_end()), Ok(Entry4::Lease(most)));
        for lease in [long(MAX_HOSTNAME + 2, 2), long(2, MAX_CONTEXT)] {
            assert!(refusal(&lease).is_some() && parse_line(line_of(&lease).trim_end()).is_err());
        }
    }

    #[test]
    fn forms_that_others_write() {
        let Ok(Entry4::Lease(lease)) = parse_line(
            "192.0.2.1,010203040506,FF01,3600,1700003600,1,0,0,,0,{ \"b\": [ 1 ]&#x2c \"a\": 2 },0",
        ) else {
            panic!("not read")
        };
        assert_eq!(lease.hw_addr, HwAddr::parse("01:02:03:04:05:06").ok());
        assert_eq!(lease.client_id, ClientId::new(&[0xff, 1]).ok());
        assert_eq!(lease.user_context.as_deref(), Some("{ \"b\": [ 1 ], \"a\": 2 }"));
        // An infinite lease from a database dump, and one from a lease file.
        for (expire, cltt) in
            [(1_700_000_000u64, 1_700_000_000u64), (1_700_000_000 + 0xffff_ffff, 1_700_000_000)]
        {
            let Ok(Entry4::Lease(lease)) =
                parse_line(&format!("192.0.2.1,01:02,,4294967295,{expire},1,0,0,,0,,0"))
            else {
                panic!("not read")
            };
            assert_eq!(lease.cltt, Timestamp(cltt));
            assert_eq!(lease.expires(), Timestamp(u64::MAX));
        }
    }

    prop_compose! {
        /// Any lease that a server may store.
        pub(crate) fn any_lease()(
            address in any::<u32>(),
            hw_addr in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..=20)),
            client_id in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..=255)),
            ids in (any::<u32>(), any::<u32>()),
            cltt in 0..u64::from(u32::MAX) * 2,
            valid_lifetime in prop_oneof![1..=86_400u32, Just(u32::MAX), 1..=u32::MAX],
            state in 0..=4u8,
            hostname in "\\PC{0,40}|[\\x00-\\x7f]{0,40}",
            flags in any::<(bool, bool)>(),
            context in proptest::option::of("[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]{0,20}"),
        ) -> Lease4 {
            Lease4 {
                address: Ipv4Addr::from(address),
                hw_addr: hw_addr.map(|octets| HwAddr::new(1, &octets).unwrap()),
                client_id: client_id.map(|octets| ClientId::new(&octets).unwrap()),
                subnet_id: SubnetId(ids.0),
                pool_id: PoolId(ids.1),
                cltt: Timestamp(cltt),
                valid_lifetime: Seconds(valid_lifetime),
                state: LeaseState::from_code(state).unwrap(),
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
            prop_assert_eq!(parse_line(line.trim_end_matches('\n')), Ok(Entry4::Lease(lease)));
        }

        #[test]
        fn no_line_panics(line in "\\PC*|[0-9a-f.,:&#x{}\"]*") {
            let _ = parse_line(&line);
        }
    }
}
