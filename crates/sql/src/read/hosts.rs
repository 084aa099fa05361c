//! Host reservations, as the maps of a `reservations` list.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use backend::columns::{self, Datum};
use backend::hosts::{HostQuery, HostQuestions, HostRecord};
use base::{Family, SubnetId};
use host::{Identifier, IdentifierKind};
use json::{Map, Value};

use super::Reader;
use crate::ids::{Ids, marks};
use crate::link::Dialect;
use crate::{Error, Row};

/// Questions that one statement asks.
const ASKED: usize = 64;

/// A condition on `hosts h` and its parameters.
pub(crate) struct Found {
    sql: String,
    bind: Vec<Datum>,
}

/// What a reserved address or prefix of `ipv6_reservations` is.
const ADDRESS: i64 = 0;

/// Addresses and prefixes of a host.
#[derive(Default)]
struct Reserved {
    addresses: Vec<Value>,
    prefixes: Vec<Value>,
    excluded: Vec<Value>,
}

impl Reader<'_> {
    /// An IPv6 address as `ipv6_reservations` has it.
    pub(crate) fn address6(&self, address: Ipv6Addr) -> Datum {
        if self.layout.binary_reservations {
            Datum::Bytes(address.octets().to_vec())
        } else {
            Datum::Text(address.to_string())
        }
    }

    /// The reservations that a query means.
    pub(crate) fn found(&self, subnet: Option<SubnetId>, query: &HostQuery) -> Found {
        let mut bind = Vec::new();
        let mut sql = match subnet {
            Some(subnet) => {
                bind.push(Datum::Int(subnet.0.into()));
                "h.dhcp4_subnet_id = ?1".to_owned()
            }
            None => "h.dhcp4_subnet_id IS NOT NULL".to_owned(),
        };
        let next = bind.len() + 1;
        match query {
            HostQuery::All => {}
            HostQuery::Address(IpAddr::V4(address)) => {
                bind.push(Datum::Int(u32::from(*address).into()));
                sql.push_str(&format!(" AND h.ipv4_address = ?{next}"));
            }
            HostQuery::Address(IpAddr::V6(address)) => {
                bind.push(self.address6(*address));
                sql.push_str(&format!(
                    " AND h.host_id IN (SELECT host_id FROM ipv6_reservations WHERE address = ?{next})"
                ));
            }
            HostQuery::Identifier(identifier) => {
                bind.push(Datum::Int((identifier.kind() as u8).into()));
                bind.push(Datum::Bytes(identifier.octets().to_vec()));
                sql.push_str(&format!(
                    " AND h.dhcp_identifier_type = ?{next} AND h.dhcp_identifier = ?{}",
                    next + 1
                ));
            }
            HostQuery::Hostname(name) => {
                bind.push(Datum::Text(name.to_lowercase()));
                // MySQL compares without regard to case, and by the index only so.
                let column =
                    if self.dialect() == Dialect::MySql { "h.hostname" } else { "lower(h.hostname)" };
                sql.push_str(&format!(" AND {column} = ?{next}"));
            }
        }
        Found { sql, bind }
    }

    /// Rows of what a query means.
    pub(crate) fn host_rows(&self, found: &Found) -> Result<Vec<u64>, Error> {
        self.find_all(&format!("SELECT h.host_id FROM hosts h WHERE {} ORDER BY 1", found.sql), &found.bind)
    }

    pub(crate) fn hosts_found(
        &self,
        subnet: Option<SubnetId>,
        query: &HostQuery,
    ) -> Result<Vec<HostRecord>, Error> {
        let rows = self.host_rows(&self.found(subnet, query))?;
        self.hosts_of_rows(&rows.into_iter().collect())
    }

    pub(crate) fn hosts_page(
        &self,
        subnet: Option<SubnetId>,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, HostRecord)>, Error> {
        let Found { sql, mut bind } = self.found(subnet, &HostQuery::All);
        let signed = |number: u64| Datum::Int(i64::try_from(number).unwrap_or(i64::MAX));
        // The number may be beyond those that rows can have, and is no parameter then.
        let largest = if self.dialect() == Dialect::PostgreSql { i32::MAX.unsigned_abs() } else { u32::MAX };
        bind.push(signed(from.min(largest.into())));
        let from = bind.len();
        bind.push(signed(u64::try_from(limit).unwrap_or(u64::MAX)));
        let sql = format!(
            "SELECT h.host_id FROM hosts h WHERE {sql} AND h.host_id > ?{from} ORDER BY h.host_id LIMIT ?{}",
            bind.len()
        );
        let rows = self.find_all(&sql, &bind)?;
        let records = self.hosts_of_rows(&rows.iter().copied().collect())?;
        Ok(rows.into_iter().zip(records).collect())
    }

    /// Rows of all that some packet asks for. Identifiers are compared without their kinds and addresses without
    /// their subnets: few statements do for all questions, and who asks looks at what it gets.
    pub(crate) fn hosts_asked_for(&self, questions: &HostQuestions) -> Result<BTreeSet<u64>, Error> {
        let clients: Vec<Datum> =
            questions.clients.iter().map(|client| Datum::Bytes(client.octets().to_vec())).collect();
        let places: Vec<Datum> = questions
            .places
            .iter()
            .map(|(_, address)| match address {
                IpAddr::V4(address) => Datum::Int(u32::from(*address).into()),
                IpAddr::V6(address) => self.address6(*address),
            })
            .collect();
        let mut rows = BTreeSet::new();
        for (asked, condition) in [
            (clients, "h.dhcp_identifier IN ({})"),
            (
                places,
                match self.family {
                    Family::V4 => "h.ipv4_address IN ({})",
                    Family::V6 => {
                        "h.host_id IN (SELECT r.host_id FROM ipv6_reservations r WHERE r.address IN ({}))"
                    }
                },
            ),
        ] {
            for some in asked.chunks(ASKED) {
                // The last one is repeated up to a power of two: few statements do for all lists.
                let padded = some.len().next_power_of_two();
                let bind: Vec<Datum> = some.iter().cycle().take(padded).cloned().collect();
                let condition = condition.replace("{}", &marks(1, padded));
                let sql = format!(
                    "SELECT h.host_id FROM hosts h WHERE h.dhcp4_subnet_id IS NOT NULL AND {condition}"
                );
                rows.extend(self.find_all(&sql, &bind)?);
            }
        }
        Ok(rows)
    }

    /// Reservations by their rows, in the order of these.
    pub(crate) fn hosts_of_rows(&self, rows: &BTreeSet<u64>) -> Result<Vec<HostRecord>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids = Ids::numbers(self.dialect(), rows);
        let sql = format!(
            "SELECT o.host_id, {} FROM dhcp4_options o WHERE {} ORDER BY o.option_id",
            self.option_columns(),
            ids.hold("o.host_id")
        );
        let mut options = self.options_by(&sql, &ids, |row| row.unsigned(0))?;
        let mut reserved = if self.family == Family::V6 { self.reserved6(&ids)? } else { HashMap::default() };
        let columns = columns::host(self.family);
        let sql = format!(
            "SELECT host_id, dhcp4_subnet_id, dhcp_identifier_type, dhcp_identifier, dhcp4_client_classes{} \
             FROM hosts WHERE {} ORDER BY host_id",
            self.names(columns),
            ids.hold("host_id")
        );
        let mut records = Vec::with_capacity(rows.len());
        self.each(&sql, ids.bind(), |row| {
            let id = row.unsigned(0)?;
            let object = || format!("host reservation {id}");
            let bad = |reason: &str| Error::bad_row(object(), reason);
            let subnet = u32::try_from(row.int(1)?).map_err(|_| bad("its subnet is out of range"))?;
            let kind = usize::try_from(row.int(2)?).ok().and_then(|n| IdentifierKind::ALL.get(n).copied());
            let kind = kind.ok_or_else(|| bad("unknown type of its identifier"))?;
            let identifier = Identifier::new(kind, row.optional_bytes(3)?.unwrap_or_default())
                .map_err(|error| bad(&error.to_string()))?;
            let mut map = Map::new();
            row.members(5, columns, &mut map, object)?;
            // Kea writes what is not reserved as an empty text or the address 0.
            map.retain(|_, value| !matches!(value.as_str(), Some("" | "0.0.0.0")));
            map.insert(kind.name().to_owned(), identifier.text().into());
            let classes = row.optional_text(4)?.unwrap_or_default().split(',').map(str::trim);
            let classes: Vec<Value> = classes.filter(|class| !class.is_empty()).map(Value::from).collect();
            if !classes.is_empty() {
                map.insert("client-classes".to_owned(), classes.into());
            }
            if let Some(list) = options.remove(&id) {
                map.insert("option-data".to_owned(), list.into());
            }
            if let Some(Reserved { addresses, prefixes, excluded }) = reserved.remove(&id) {
                for (keyword, list) in
                    [("ip-addresses", addresses), ("prefixes", prefixes), ("excluded-prefixes", excluded)]
                {
                    if list.iter().any(|text| text.as_str() != Some("")) {
                        map.insert(keyword.to_owned(), list.into());
                    }
                }
            }
            records.push(HostRecord { subnet: SubnetId(subnet), reservation: map });
            Ok(())
        })?;
        Ok(records)
    }

    /// Reserved addresses and prefixes of IPv6, by host.
    fn reserved6(&self, ids: &Ids) -> Result<HashMap<u64, Reserved>, Error> {
        let excluded = if self.layout.excluded_prefixes {
            "r.excluded_prefix, r.excluded_prefix_len"
        } else {
            "NULL, 0"
        };
        let sql = format!(
            "SELECT r.host_id, r.address, r.prefix_len, r.type, {excluded} FROM ipv6_reservations r \
             WHERE {} ORDER BY r.reservation_id",
            ids.hold("r.host_id")
        );
        let binary = self.layout.binary_reservations;
        let mut all: HashMap<u64, Reserved> = HashMap::new();
        self.each(&sql, ids.bind(), |row| {
            let id = row.unsigned(0)?;
            let bad = || Error::bad_row(format!("host reservation {id}"), "it has what is no IPv6 address");
            let address = address6_of(row, 1, binary)?.ok_or_else(bad)?;
            let own = all.entry(id).or_default();
            if row.int(3)? == ADDRESS {
                own.addresses.push(address.to_string().into());
                return Ok(());
            }
            own.prefixes.push(format!("{address}/{}", row.int(2)?).into());
            let excluded = match (address6_of(row, 4, binary)?, row.int(5)?) {
                (Some(excluded), length) if length > 0 => format!("{excluded}/{length}"),
                _ => String::new(),
            };
            own.excluded.push(excluded.into());
            Ok(())
        })?;
        Ok(all)
    }
}

/// An IPv6 address, as `binary` octets or text; `None` when there is none.
fn address6_of(row: &Row<'_>, at: usize, binary: bool) -> Result<Option<Ipv6Addr>, Error> {
    if binary {
        return Ok(row.optional_bytes(at)?.and_then(|o| <[u8; 16]>::try_from(o).ok()).map(Ipv6Addr::from));
    }
    Ok(row.optional_text(at)?.and_then(|text| text.trim().parse().ok()))
}
