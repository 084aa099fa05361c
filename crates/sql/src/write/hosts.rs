//! Host reservations.

use std::net::IpAddr;

use backend::columns::{self, Datum};
use backend::hosts::{HostQuery, HostRecord};
use backend::{BackendError, Note};
use base::{Family, SubnetId};
use host::{Identifier, IdentifierKind};
use json::{Map, Value};

use super::options::Owner;
use super::{Writer, transaction};
use crate::Error;
use crate::hosts::split;
use crate::ids::marks;
use crate::link::{Mode, number};
use crate::read::Reader;

/// Keywords beside those of [`columns::host`].
const BESIDE: [&str; 9] = [
    "circuit-id",
    "client-classes",
    "client-id",
    "duid",
    "excluded-prefixes",
    "flex-id",
    "hw-address",
    "ip-addresses",
    "option-data",
];

/// What a row of `ipv6_reservations` is.
const ADDRESS: i64 = 0;
const PREFIX: i64 = 2;

/// Adds a reservation.
pub(crate) fn add(reader: Reader<'_>, record: &HostRecord, unique: bool) -> Result<(), Error> {
    changing(reader, |writer| {
        let identifier = identifier(&record.reservation)?;
        let places =
            if unique && record.subnet != host::GLOBAL { places(&record.reservation) } else { vec![] };
        let same = HostQuery::Identifier(identifier.clone());
        for query in std::iter::once(same).chain(places.into_iter().map(HostQuery::Address)) {
            if !reader.host_rows(&reader.found(Some(record.subnet), &query))?.is_empty() {
                return Err(BackendError::Duplicate.into());
            }
        }
        let mut values = writer.host_values(&record.reservation)?;
        values.push(("dhcp4_subnet_id", Datum::Int(record.subnet.0.into())));
        values.push(("dhcp_identifier_type", Datum::Int((identifier.kind() as u8).into())));
        values.push(("dhcp_identifier", Datum::Bytes(identifier.octets().to_vec())));
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let sql = format!("INSERT INTO hosts ({}) VALUES ({})", names.join(", "), marks(1, names.len()));
        let bind: Vec<Datum> = values.into_iter().map(|(_, datum)| datum).collect();
        let row = writer.insert(&sql, &bind, "host_id")?;
        writer.insert_parts(row, &record.reservation)?;
        Ok((true, ()))
    })
}

/// Replaces the reservation of the same client in the same subnet; false when there is none.
pub(crate) fn update(reader: Reader<'_>, record: &HostRecord) -> Result<bool, Error> {
    changing(reader, |writer| {
        let query = HostQuery::Identifier(identifier(&record.reservation)?);
        let rows = reader.host_rows(&reader.found(Some(record.subnet), &query))?;
        let Some(row) = rows.first().copied() else { return Ok((false, false)) };
        let values = writer.host_values(&record.reservation)?;
        let names: Vec<String> =
            values.iter().enumerate().map(|(at, (name, _))| format!("{name} = ?{}", at + 1)).collect();
        let mut bind: Vec<Datum> = values.into_iter().map(|(_, datum)| datum).collect();
        bind.push(number(row)?);
        let sql = format!("UPDATE hosts SET {} WHERE host_id = ?{}", names.join(", "), bind.len());
        writer.send(&sql, &bind)?;
        writer.delete_parts(row)?;
        writer.insert_parts(row, &record.reservation)?;
        Ok((true, true))
    })
}

/// Deletes reservations of a subnet; false when there was none.
pub(crate) fn del(reader: Reader<'_>, subnet: SubnetId, query: &HostQuery) -> Result<bool, Error> {
    changing(reader, |writer| {
        let rows = reader.host_rows(&reader.found(Some(subnet), query))?;
        for row in &rows {
            writer.delete_parts(*row)?;
            writer.send("DELETE FROM hosts WHERE host_id = ?1", &[number(*row)?])?;
        }
        Ok((!rows.is_empty(), !rows.is_empty()))
    })
}

fn changing<T>(
    reader: Reader<'_>,
    work: impl FnOnce(&Writer<'_>) -> Result<(bool, T), Error>,
) -> Result<T, Error> {
    // Nobody is told of the moment: 0 stands for that of the database.
    let note = Note { time: base::Timestamp(0), message: String::new() };
    transaction(reader.link, Mode::Write, || work(&Writer::new(reader, &note)?))
}

/// How the client is known.
fn identifier(map: &Map) -> Result<Identifier, Error> {
    let found = IdentifierKind::ALL
        .into_iter()
        .find_map(|kind| Identifier::parse(kind, map.get(kind.name())?.as_str()?).ok());
    found.ok_or_else(|| {
        BackendError::BadValue { keyword: "identifier".to_owned(), wanted: "that of a client" }.into()
    })
}

/// The texts of a list.
fn texts<'a>(map: &'a Map, keyword: &str) -> impl Iterator<Item = &'a str> {
    map.get(keyword).and_then(Value::as_list).unwrap_or_default().iter().filter_map(Value::as_str)
}

/// What is reserved: addresses, and first addresses of prefixes.
fn places(map: &Map) -> Vec<IpAddr> {
    let one = map.get("ip-address").and_then(Value::as_str);
    let all = one.into_iter().chain(texts(map, "ip-addresses")).chain(texts(map, "prefixes"));
    all.filter_map(|text| split(text).map(|(address, _)| address)).collect()
}

impl Writer<'_> {
    /// The columns of what a map reserves.
    fn host_values(&self, map: &Map) -> Result<Vec<(&'static str, Datum)>, Error> {
        let columns = columns::host(self.family);
        let beside: Vec<&str> = BESIDE.into_iter().chain(["prefixes"]).collect();
        columns::check_storable(map, columns, &beside)?;
        let classes: Vec<&str> = texts(map, "client-classes").collect();
        let class_column =
            if self.family == Family::V4 { "dhcp4_client_classes" } else { "dhcp6_client_classes" };
        let mut values = vec![(
            class_column,
            if classes.is_empty() { Datum::Null } else { Datum::Text(classes.join(",")) },
        )];
        for column in columns {
            values.push((column.column, column.store(map)?));
        }
        Ok(values)
    }

    fn insert_parts(&self, row: u64, map: &Map) -> Result<(), Error> {
        self.insert_options(map, &Owner::host(row))?;
        let excluded: Vec<&str> = texts(map, "excluded-prefixes").collect();
        let addresses = texts(map, "ip-addresses").map(|text| (text, ADDRESS, ""));
        let prefixes = texts(map, "prefixes").enumerate();
        let prefixes =
            prefixes.map(|(at, text)| (text, PREFIX, excluded.get(at).copied().unwrap_or_default()));
        for (text, kind, excluded) in addresses.chain(prefixes) {
            let Some((IpAddr::V6(address), length)) = split(text) else { continue };
            let mut values = vec![
                ("host_id", number(row)?),
                ("address", self.reader.address6(address)),
                ("prefix_len", Datum::Int(length.into())),
                ("type", Datum::Int(kind)),
            ];
            if let Some((IpAddr::V6(address), length)) = split(excluded).filter(|_| !excluded.is_empty()) {
                if !self.layout.excluded_prefixes {
                    return Err(BackendError::NoColumn("excluded-prefixes".to_owned()).into());
                }
                values.push(("excluded_prefix", self.reader.address6(address)));
                values.push(("excluded_prefix_len", Datum::Int(length.into())));
            }
            let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
            let sql = format!(
                "INSERT INTO ipv6_reservations ({}) VALUES ({})",
                names.join(", "),
                marks(1, names.len())
            );
            let bind: Vec<Datum> = values.into_iter().map(|(_, datum)| datum).collect();
            self.send(&sql, &bind)?;
        }
        Ok(())
    }

    /// Deletes what belongs to a reservation.
    fn delete_parts(&self, row: u64) -> Result<(), Error> {
        self.send("DELETE FROM dhcp4_options WHERE host_id = ?1", &[number(row)?])?;
        if self.family == Family::V6 {
            self.send("DELETE FROM ipv6_reservations WHERE host_id = ?1", &[number(row)?])?;
        }
        Ok(())
    }
}
