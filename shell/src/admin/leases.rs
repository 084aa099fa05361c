//! Leases out of a database server and into it, in the form of lease files.

use std::fs;
use std::io::Write;
use std::net::Ipv6Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use backend::Version;
use backend::columns::Datum;
use base::{Family, Seconds};
use sql::{Dialect, Error, Link, Mode, Row};

use crate::flags::{Command, Parameters};
use crate::{Failure, ask};

/// Columns of lease files in their order, which are those of the tables, too.
const COLUMNS4: &[&str] = &[
    "address",
    "hwaddr",
    "client_id",
    "valid_lifetime",
    "expire",
    "subnet_id",
    "fqdn_fwd",
    "fqdn_rev",
    "hostname",
    "state",
    "user_context",
    "pool_id",
];
const COLUMNS6: &[&str] = &[
    "address",
    "duid",
    "valid_lifetime",
    "expire",
    "subnet_id",
    "pref_lifetime",
    "lease_type",
    "iaid",
    "prefix_len",
    "fqdn_fwd",
    "fqdn_rev",
    "hostname",
    "hwaddr",
    "state",
    "user_context",
    "hwtype",
    "hwaddr_source",
    "pool_id",
];

/// Refuses what lacks a parameter, before a connection is made.
pub(crate) fn check(command: Command, parameters: &Parameters) -> Result<(), Failure> {
    let name = command.name();
    let missing = match command {
        Command::LeaseDump | Command::LeaseUpload if parameters.family.is_none() => {
            format!("{name}: lease type ( -4 or -6 ) needs to be specified")
        }
        Command::LeaseDump if parameters.output.is_none() => {
            format!("you must specify an output file for {name}")
        }
        Command::LeaseUpload if parameters.input.is_none() => {
            format!("you must specify an input file with -i or --input for {name}")
        }
        _ => return Ok(()),
    };
    Err(Failure::new(missing))
}

fn columns(family: Family) -> &'static [&'static str] {
    if family == Family::V4 { COLUMNS4 } else { COLUMNS6 }
}

fn digit(family: Family) -> u8 {
    if family == Family::V4 { 4 } else { 6 }
}

/// Writes all leases of a family to a file.
pub(crate) fn dump(link: &dyn Link, version: Version, parameters: &Parameters) -> Result<(), Failure> {
    let family = parameters.family.unwrap_or(Family::V4);
    let path = parameters.output.clone().unwrap_or_default();
    ask::may_overwrite(&path, parameters.yes, Command::LeaseDump.name())?;
    // The oldest schemas have no pools, and IPv6 addresses as text.
    let old = version.major < if link.dialect() == Dialect::MySql { 19 } else { 18 };
    let columns: Vec<&str> =
        columns(family).iter().copied().filter(|name| !old || *name != "pool_id").collect();
    let selected: Vec<String> =
        columns.iter().map(|name| selected(link.dialect(), family, name, old)).collect();
    let query = format!("SELECT {} FROM lease{} ORDER BY address", selected.join(", "), digit(family));

    let mut text = columns.join(",").into_bytes();
    text.push(b'\n');
    let mut count = 0u64;
    link.query(&query, &[], &mut |row| {
        line(row, &columns, &mut text)?;
        count += 1;
        Ok(())
    })
    .map_err(|error| Failure::new(format!("{}: {error}", Command::LeaseDump.name())))?;
    write(&path, &text)?;
    println!("INFO/kea-admin: Successfully dumped lease{} to {}.", digit(family), path.display());
    Ok(())
}

/// A column in an expression for a text or a number.
fn selected(dialect: Dialect, family: Family, name: &str, old: bool) -> String {
    let mysql = dialect == Dialect::MySql;
    match name {
        "address" if family == Family::V4 => "address".to_owned(),
        "address" if old => "address".to_owned(),
        "address" if mysql => "INET6_NTOA(address)".to_owned(),
        "address" => "host(address)".to_owned(),
        "hwaddr" | "client_id" | "duid" if mysql => format!("HEX({name})"),
        "hwaddr" | "client_id" | "duid" => format!("encode({name}, 'hex')"),
        "expire" if mysql => "UNIX_TIMESTAMP(expire)".to_owned(),
        "expire" => "CAST(extract(epoch FROM expire) AS BIGINT)".to_owned(),
        "fqdn_fwd" | "fqdn_rev" if !mysql => format!("CAST({name} AS INT)"),
        // A signed column for a number without a sign.
        "iaid" if !mysql => "CAST(iaid AS BIGINT) & 4294967295".to_owned(),
        other => other.to_owned(),
    }
}

fn line(row: &Row<'_>, columns: &[&str], text: &mut Vec<u8>) -> Result<(), Error> {
    for (at, name) in columns.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        if row.is_null(at) {
            continue;
        }
        match *name {
            "hwaddr" | "client_id" | "duid" => {
                let digits = row.text(at)?.to_ascii_lowercase();
                for (place, digit) in digits.bytes().enumerate() {
                    if place > 0 && place % 2 == 0 {
                        text.push(b':');
                    }
                    text.push(digit);
                }
            }
            "hostname" | "user_context" => memfile::push_escaped(row.text(at)?, text),
            "address" => match row.optional_int(at) {
                Ok(Some(number)) => {
                    let number = u32::try_from(number).unwrap_or_default();
                    text.extend(std::net::Ipv4Addr::from(number).to_string().bytes());
                }
                _ => text.extend(row.text(at)?.bytes()),
            },
            _ => text.extend(row.int(at)?.to_string().bytes()),
        }
    }
    text.push(b'\n');
    Ok(())
}

/// Writes a file that others can not read, under its name only when it is whole.
fn write(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = std::path::PathBuf::from(part);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o640)
        .open(&part)
        .map_err(failed)?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&part, path).map_err(failed)
}

/// Puts the leases of a file into the database: all, or none.
pub(crate) fn upload(link: &dyn Link, parameters: &Parameters) -> Result<(), Failure> {
    let family = parameters.family.unwrap_or(Family::V4);
    let path = parameters.input.clone().unwrap_or_default();
    let text =
        fs::read(&path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    let lines = text.iter().filter(|octet| **octet == b'\n').count();
    if lines <= 1 {
        return Err(Failure::new("CSV file has no leases"));
    }
    println!("INFO/kea-admin: Looking at {lines} lines of CSV in {}...", path.display());
    let rows = match family {
        Family::V4 => rows4(&text),
        Family::V6 => rows6(&text),
    }
    .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    println!("INFO/kea-admin: Reduced to {} leases.", rows.len());
    let dialect = link.dialect();
    let names = columns(family);
    let values: Vec<String> =
        names.iter().zip(1..).map(|(name, at)| bound(dialect, family, name, at)).collect();
    let insert =
        format!("INSERT INTO lease{} ({}) VALUES ({})", digit(family), names.join(", "), values.join(", "));
    let failed =
        |error: Error| Failure::new(format!("{}: {error}; nothing was changed", Command::LeaseUpload.name()));
    link.begin(Mode::Write).map_err(failed)?;
    for (address, row) in &rows {
        if let Err(error) = link.execute(&insert, row) {
            let _ = link.rollback();
            return Err(Failure::new(format!(
                "{}: lease {address}: {error}; nothing was changed",
                Command::LeaseUpload.name()
            )));
        }
    }
    link.commit().map_err(failed)?;
    println!("INFO/kea-admin: Successfully updated table lease{}.", digit(family));
    Ok(())
}

/// A parameter in an expression for a column.
fn bound(dialect: Dialect, family: Family, name: &str, at: usize) -> String {
    let mysql = dialect == Dialect::MySql;
    match name {
        "address" if family == Family::V6 && mysql => format!("INET6_ATON(?{at})"),
        "expire" if mysql => format!("FROM_UNIXTIME(?{at})"),
        "expire" => format!("to_timestamp(?{at})"),
        // The same 32 bits with a sign.
        "iaid" if !mysql => format!("CAST(CAST(CAST(?{at} AS BIGINT) AS BIT(32)) AS INT)"),
        _ => format!("?{at}"),
    }
}

type Rows = Vec<(String, Vec<Datum>)>;

fn unread(errors: u64) -> Result<(), String> {
    if errors == 0 { Ok(()) } else { Err(format!("{errors} row(s) can not be read; nothing was changed")) }
}

/// An infinite lease ends when it begins, as Kea writes it into databases.
fn expire(cltt: base::Timestamp, lifetime: Seconds) -> i64 {
    let lifetime = if lifetime.is_infinite() { 0 } else { u64::from(lifetime.0) };
    i64::try_from(cltt.0.saturating_add(lifetime)).unwrap_or(i64::MAX)
}

fn bytes(octets: &[u8]) -> Datum {
    Datum::Bytes(octets.to_vec())
}

fn rows4(text: &[u8]) -> Result<Rows, String> {
    let (leases, errors) = memfile::read_leases4(text)?;
    unread(errors)?;
    Ok(leases
        .iter()
        .map(|lease| {
            let row = vec![
                Datum::Int(i64::from(u32::from(lease.address))),
                lease.hw_addr.as_ref().map_or(Datum::Null, |hw| bytes(hw.octets())),
                lease.client_id.as_ref().map_or(Datum::Null, |id| bytes(id.octets())),
                Datum::Int(i64::from(lease.valid_lifetime.0)),
                Datum::Int(expire(lease.cltt, lease.valid_lifetime)),
                Datum::Int(i64::from(lease.subnet_id.0)),
                Datum::Int(i64::from(lease.fqdn_fwd)),
                Datum::Int(i64::from(lease.fqdn_rev)),
                Datum::Text(lease.hostname.to_string()),
                Datum::Int(i64::from(lease.state.code())),
                lease.user_context.as_ref().map_or(Datum::Null, |context| Datum::Text(context.to_string())),
                Datum::Int(i64::from(lease.pool_id.0)),
            ];
            (lease.address.to_string(), row)
        })
        .collect())
}

fn rows6(text: &[u8]) -> Result<Rows, String> {
    let (leases, errors) = memfile::read_leases6(text)?;
    unread(errors)?;
    Ok(leases
        .iter()
        .map(|lease| {
            let address: Ipv6Addr = lease.address;
            let hw = lease.hw_addr.as_ref();
            let row = vec![
                Datum::Text(address.to_string()),
                bytes(lease.duid.octets()),
                Datum::Int(i64::from(lease.valid_lifetime.0)),
                Datum::Int(expire(lease.cltt, lease.valid_lifetime)),
                Datum::Int(i64::from(lease.subnet_id.0)),
                Datum::Int(i64::from(lease.preferred_lifetime.0)),
                Datum::Int(i64::from(lease.lease_type.code())),
                Datum::Int(i64::from(lease.iaid.0)),
                Datum::Int(i64::from(lease.prefix_length)),
                Datum::Int(i64::from(lease.fqdn_fwd)),
                Datum::Int(i64::from(lease.fqdn_rev)),
                Datum::Text(lease.hostname.to_string()),
                hw.map_or(Datum::Null, |hw| bytes(hw.octets())),
                Datum::Int(i64::from(lease.state.code())),
                lease.user_context.as_ref().map_or(Datum::Null, |context| Datum::Text(context.to_string())),
                hw.map_or(Datum::Null, |hw| Datum::Int(i64::from(hw.htype()))),
                hw.map_or(Datum::Null, |_| Datum::Int(i64::from(lease.hw_addr_source.0))),
                Datum::Int(i64::from(lease.pool_id.0)),
            ];
            (lease.address.to_string(), row)
        })
        .collect())
}
