//! What the columns of a database have room for, and what others who read its tables understand.
//!
//! Statements travel together, so what a database says against one of them names no object; what is known beforehand
//! does.

use std::collections::HashMap;

use backend::columns::Datum;
use backend::{BackendError, Misfit};

use crate::Dialect;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Characters(u64),
    Octets(u64),
    Numbers(i64, i64),
}

impl Room {
    /// From a row of `information_schema.columns`; `full` is the type with what is said of it (`unsigned`).
    pub(crate) fn of(data_type: &str, length: Option<i64>, full: &str) -> Option<Self> {
        let bits = match data_type {
            "tinyint" => 8,
            "smallint" => 16,
            "mediumint" => 24,
            "int" | "integer" => 32,
            _ => {
                let length = u64::try_from(length?).ok()?;
                let octets = data_type.ends_with("text") || data_type.ends_with("binary");
                return Some(if octets { Self::Octets(length) } else { Self::Characters(length) });
            }
        };
        Some(if full.contains("unsigned") {
            Self::Numbers(0, (1 << bits) - 1)
        } else {
            Self::Numbers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        })
    }

    /// What is wrong with a value.
    fn against(self, datum: &Datum) -> Option<String> {
        match (self, datum) {
            (Self::Numbers(least, most), Datum::Int(number)) if !(least..=most).contains(number) => {
                Some(format!("is {number}, and the database's column holds {least} to {most}"))
            }
            // A character has an octet at least.
            (Self::Characters(most), Datum::Text(text))
                if text.len() as u64 > most && text.chars().count() as u64 > most =>
            {
                Some(format!("is too long: the database's column holds {most} characters"))
            }
            (Self::Octets(most), Datum::Text(text)) if text.len() as u64 > most => {
                Some(format!("is too long: the database's column holds {most} octets"))
            }
            (Self::Octets(most) | Self::Characters(most), Datum::Bytes(octets))
                if octets.len() as u64 > most =>
            {
                Some(format!("is too long: the database's column holds {most} octets"))
            }
            _ => None,
        }
    }
}

/// The columns of one family's tables, under the names that those of DHCPv4 have. Empty where columns hold anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rooms(HashMap<String, HashMap<String, Room>>);

impl Rooms {
    pub(crate) fn insert(&mut self, table: String, column: &str, room: Room) {
        self.0.entry(table).or_default().insert(column.to_owned(), room);
    }

    /// Refuses what a column cannot hold; the name of the parameter is that of the column.
    pub(crate) fn check(&self, table: &str, column: &str, datum: &Datum) -> Result<(), BackendError> {
        let room = self.0.get(table).and_then(|columns| columns.get(column));
        match room.and_then(|room| room.against(datum)) {
            None => Ok(()),
            Some(reason) => Err(no_room(format!("'{}' {reason}", column.replace('_', "-")))),
        }
    }
}

/// Why one change is not made; the writer adds which.
pub(crate) fn no_room(reason: String) -> BackendError {
    BackendError::NoRoom(vec![Misfit { change: 0, object: String::new(), reason }])
}

/// Global parameters that came after Kea 2.2.0, with the first versions of the schemas of MySQL and of PostgreSQL that
/// releases came with which know them. A server of an older release fails at all of a fetch for one that it does not.
const NEWER_GLOBALS: &[(&str, i64, i64)] = &[
    ("offer-lifetime", 15, 14),
    ("allocator", 17, 16),
    ("pd-allocator", 17, 16),
    ("ddns-ttl-percent", 17, 16),
    ("ddns-conflict-resolution-mode", 20, 19),
    ("stash-agent-options", 22, 22),
    ("ddns-ttl", 28, 28),
    ("ddns-ttl-min", 28, 28),
    ("ddns-ttl-max", 28, 28),
    ("adaptive-lease-time-threshold", 31, 30),
    ("allow-address-registration", 31, 30),
];

/// Those of members of maps (`dhcp-ddns.enable-updates`).
const NEWER_MEMBERS: (i64, i64) = (22, 22);

/// Refuses a global parameter that servers of the release of a schema could not read. `version`: that of the schema,
/// `None` where Kea has none.
pub(crate) fn check_global(dialect: Dialect, version: Option<i64>, name: &str) -> Result<(), BackendError> {
    let newer =
        NEWER_GLOBALS.iter().find(|(newer, ..)| *newer == name).map(|(_, mysql, pgsql)| (*mysql, *pgsql));
    let Some((mysql, pgsql)) = newer.or_else(|| name.contains('.').then_some(NEWER_MEMBERS)) else {
        return Ok(());
    };
    let since = if dialect == Dialect::PostgreSql { pgsql } else { mysql };
    match version {
        Some(version) if version < since => Err(no_room(format!(
            "servers of the release that the database's tables are of (version {version}) do not know it, and could \
             fetch nothing any more; it can be stored from version {since} on (kea-admin db-upgrade)"
        ))),
        _ => Ok(()),
    }
}

/// Numbers of the type `record` by release: before Kea 2.6, in Kea 2.6.0, and once `option_def_data_type` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Records {
    Is17,
    Is18,
    Is254,
}

impl Records {
    /// Of tables of a version, with or without `option_def_data_type`.
    pub(crate) fn of(version: i64, named: bool) -> Self {
        match version {
            _ if named => Self::Is254,
            // The first of Kea 2.6, in both databases.
            22.. => Self::Is18,
            _ => Self::Is17,
        }
    }

    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Is17 => 17,
            Self::Is18 => 18,
            Self::Is254 => 254,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_of_columns() {
        let text = |length: usize| Datum::Text("ö".repeat(length));
        for (room, good, bad) in [
            (Room::of("int", None, "int(10)"), Datum::Int(2_147_483_647), Datum::Int(4_294_967_295)),
            (Room::of("int", None, "int(10) unsigned"), Datum::Int(4_294_967_295), Datum::Int(-1)),
            (Room::of("tinyint", None, "tinyint(3)"), Datum::Int(127), Datum::Int(128)),
            (Room::of("varchar", Some(128), "varchar(128)"), text(128), text(129)),
            (Room::of("text", Some(65_535), "text"), text(32_767), text(32_768)),
            (Room::of("varbinary", Some(2), ""), Datum::Bytes(vec![0; 2]), Datum::Bytes(vec![0; 3])),
        ] {
            let room = room.unwrap();
            assert_eq!(room.against(&good), None, "{room:?}");
            assert!(room.against(&bad).is_some(), "{room:?}");
        }
        assert_eq!(Room::of("bigint", None, "bigint"), None);
        assert_eq!(Room::of("text", None, "text"), None);
    }

    #[test]
    fn what_old_releases_know() {
        let at = |dialect, version, name| check_global(dialect, version, name).is_ok();
        for name in ["dhcp-ddns.enable-updates", "allocator", "offer-lifetime", "ddns-ttl"] {
            assert!(!at(Dialect::MySql, Some(14), name) && at(Dialect::MySql, Some(35), name), "{name}");
            assert!(at(Dialect::Sqlite, None, name), "{name}");
        }
        assert!(at(Dialect::MySql, Some(14), "valid-lifetime"));
        assert!(at(Dialect::PostgreSql, Some(16), "allocator") && !at(Dialect::MySql, Some(16), "allocator"));
        let numbers = [(14, false), (22, false), (22, true)]
            .map(|(version, named)| Records::of(version, named).number());
        assert_eq!(numbers, [17, 18, 254]);
    }
}
