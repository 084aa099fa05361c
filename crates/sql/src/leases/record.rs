//! Leases of either family as rows of `lease4` and `lease6`.

use std::fmt::{Debug, Display};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use backend::columns::Datum;
use base::{ClientId, Duid, Family, HwAddr, Iaid, PoolId, Seconds, SubnetId, Timestamp};
use lease::{
    ExtendedKey, HwAddrSource, Lease4, Lease6, LeaseObserver4, LeaseObserver6, LeaseState, LeaseType,
};

use crate::link::text;
use crate::{Dialect, Error, Row};

/// A column of a table of leases.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// Only newer schemas have it.
    pub newer: bool,
    /// Another server may have changed the lease unless this is as it was read.
    pub guards: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    Octets,
    Text,
    Moment,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, newer: false, guards: false }
}

const fn newer(name: &'static str, kind: Kind) -> Column {
    Column { newer: true, ..column(name, kind) }
}

const fn guard(name: &'static str, kind: Kind) -> Column {
    Column { guards: true, ..column(name, kind) }
}

/// A lease of either family as the database has it.
pub trait Record: Clone + Debug + PartialEq + Send + Sync + 'static {
    type Address: Copy + Debug + Display + Ord + Send + Sync + 'static;
    type Observer: ?Sized + Send + Sync + 'static;

    const FAMILY: Family;
    const TABLE: &'static str;
    /// Leases of each subnet by state, as triggers count them.
    const COUNTS: &'static str;
    /// Leases of each client class, as triggers count them.
    const CLASS_COUNTS: &'static str;
    /// States of leases that end, as a list of SQL.
    const ENDING: &'static str;
    /// The address comes first.
    const COLUMNS: &'static [Column];
    /// Tables of identifiers of relay agents, with the column of the identifier; none where a lease's row has them.
    const EXTENDED: &'static [(&'static str, &'static str)];

    fn address(&self) -> Self::Address;
    fn hw_addr(&self) -> Option<&HwAddr>;
    fn user_context(&self) -> Option<&str>;
    /// What the client is known by beside its hardware address.
    fn client(&self) -> Option<&[u8]>;
    /// The column of that.
    const CLIENT: &'static str;
    /// What is leased never changes.
    fn same_kind(&self, other: &Self) -> bool;
    fn tell(observer: &Self::Observer, old: Option<&Self>, new: Option<&Self>);

    /// An address as a parameter.
    fn place(address: Self::Address, dialect: Dialect) -> Datum;
    /// The values of all columns.
    fn values(&self, dialect: Dialect) -> Vec<Datum>;
    /// The lease of a row of all columns.
    fn read(row: &Row<'_>) -> Result<Self, Error>;
}

/// The tables of identifiers of DHCPv6 relay agents, and the column of each.
const RELAY_IDS: (&str, &str) = ("lease6_relay_id", "relay_id");
const REMOTE_IDS: (&str, &str) = ("lease6_remote_id", "remote_id");

impl Record for Lease4 {
    type Address = Ipv4Addr;
    type Observer = dyn LeaseObserver4;

    const FAMILY: Family = Family::V4;
    const TABLE: &'static str = "lease4";
    const COUNTS: &'static str = "SELECT subnet_id, 0, state, leases FROM lease4_stat";
    const CLASS_COUNTS: &'static str = "lease4_stat_by_client_class";
    const ENDING: &'static str = "0, 1";
    const COLUMNS: &'static [Column] = &[
        column("address", Kind::Number),
        guard("hwaddr", Kind::Octets),
        guard("client_id", Kind::Octets),
        guard("valid_lifetime", Kind::Number),
        guard("expire", Kind::Moment),
        column("subnet_id", Kind::Number),
        column("fqdn_fwd", Kind::Number),
        column("fqdn_rev", Kind::Number),
        column("hostname", Kind::Text),
        guard("state", Kind::Number),
        column("user_context", Kind::Text),
        newer("pool_id", Kind::Number),
        newer("relay_id", Kind::Octets),
        newer("remote_id", Kind::Octets),
    ];
    const EXTENDED: &'static [(&'static str, &'static str)] = &[];

    fn address(&self) -> Ipv4Addr {
        self.address
    }

    fn hw_addr(&self) -> Option<&HwAddr> {
        self.hw_addr.as_ref()
    }

    fn user_context(&self) -> Option<&str> {
        self.user_context.as_deref()
    }

    fn client(&self) -> Option<&[u8]> {
        self.client_id.as_ref().map(ClientId::octets)
    }

    const CLIENT: &'static str = "client_id";

    fn same_kind(&self, _: &Self) -> bool {
        true
    }

    fn tell(observer: &Self::Observer, old: Option<&Self>, new: Option<&Self>) {
        observer.changed(old, new);
    }

    fn place(address: Ipv4Addr, _: Dialect) -> Datum {
        Datum::Int(u32::from(address).into())
    }

    fn values(&self, dialect: Dialect) -> Vec<Datum> {
        let (relay_id, remote_id) = relay_agent(self.user_context.as_deref());
        vec![
            Self::place(self.address, dialect),
            octets(self.hw_addr.as_ref().map(HwAddr::octets)),
            octets(self.client()),
            seconds(self.valid_lifetime),
            end(self.cltt, self.valid_lifetime),
            Datum::Int(self.subnet_id.0.into()),
            Datum::Int(self.fqdn_fwd.into()),
            Datum::Int(self.fqdn_rev.into()),
            text(&*self.hostname),
            Datum::Int(self.state.code().into()),
            self.user_context.as_deref().map_or(Datum::Null, text),
            Datum::Int(self.pool_id.0.into()),
            relay_id,
            remote_id,
        ]
    }

    fn read(row: &Row<'_>) -> Result<Self, Error> {
        let address = match row.datum(0) {
            Datum::Int(number) => u32::try_from(number).map(Ipv4Addr::from).ok(),
            _ => None,
        };
        let bad = |what: &str| Error::bad_row(format!("lease {address:?}"), format!("{what} is unusable"));
        let valid_lifetime = Seconds(number(row, 3)?);
        Ok(Self {
            address: address.ok_or_else(|| bad("address"))?,
            hw_addr: hw_addr(row.optional_bytes(1)?, HwAddr::ETHERNET).map_err(|()| bad("hwaddr"))?,
            client_id: match row.optional_bytes(2)? {
                None | Some([]) => None,
                Some(octets) => Some(ClientId::new(octets).map_err(|_| bad("client_id"))?),
            },
            subnet_id: SubnetId(number(row, 5)?),
            pool_id: PoolId(number(row, 11)?),
            cltt: began(row, 4, valid_lifetime)?,
            valid_lifetime,
            state: state(row, 9)?,
            hostname: row.optional_text(8)?.unwrap_or_default().into(),
            fqdn_fwd: flag(row, 6)?,
            fqdn_rev: flag(row, 7)?,
            user_context: context(row, 10)?,
        })
    }
}

impl Record for Lease6 {
    type Address = Ipv6Addr;
    type Observer = dyn LeaseObserver6;

    const FAMILY: Family = Family::V6;
    const TABLE: &'static str = "lease6";
    const COUNTS: &'static str = "SELECT subnet_id, lease_type, state, leases FROM lease6_stat";
    const CLASS_COUNTS: &'static str = "lease6_stat_by_client_class";
    const ENDING: &'static str = "0, 1, 4";
    const COLUMNS: &'static [Column] = &[
        column("address", Kind::Octets),
        guard("duid", Kind::Octets),
        guard("valid_lifetime", Kind::Number),
        guard("expire", Kind::Moment),
        column("subnet_id", Kind::Number),
        guard("pref_lifetime", Kind::Number),
        guard("lease_type", Kind::Number),
        guard("iaid", Kind::Number),
        guard("prefix_len", Kind::Number),
        column("fqdn_fwd", Kind::Number),
        column("fqdn_rev", Kind::Number),
        column("hostname", Kind::Text),
        guard("hwaddr", Kind::Octets),
        column("hwtype", Kind::Number),
        column("hwaddr_source", Kind::Number),
        guard("state", Kind::Number),
        column("user_context", Kind::Text),
        newer("pool_id", Kind::Number),
    ];
    const EXTENDED: &'static [(&'static str, &'static str)] =
        &[(RELAY_IDS.0, RELAY_IDS.1), (REMOTE_IDS.0, REMOTE_IDS.1)];

    fn address(&self) -> Ipv6Addr {
        self.address
    }

    fn hw_addr(&self) -> Option<&HwAddr> {
        self.hw_addr.as_ref()
    }

    fn user_context(&self) -> Option<&str> {
        self.user_context.as_deref()
    }

    fn client(&self) -> Option<&[u8]> {
        Some(self.duid.octets())
    }

    const CLIENT: &'static str = "duid";

    fn same_kind(&self, other: &Self) -> bool {
        self.lease_type == other.lease_type
    }

    fn tell(observer: &Self::Observer, old: Option<&Self>, new: Option<&Self>) {
        observer.changed(old, new);
    }

    fn place(address: Ipv6Addr, dialect: Dialect) -> Datum {
        match dialect {
            Dialect::PostgreSql => text(address.to_string()),
            _ => Datum::Bytes(address.octets().to_vec()),
        }
    }

    fn values(&self, dialect: Dialect) -> Vec<Datum> {
        // PostgreSQL has no unsigned numbers; Kea writes the same 32 bits.
        let iaid = match dialect {
            Dialect::PostgreSql => self.iaid.0.cast_signed().into(),
            _ => self.iaid.0.into(),
        };
        let hardware = |value: i64| if self.hw_addr.is_some() { Datum::Int(value) } else { Datum::Null };
        vec![
            Self::place(self.address, dialect),
            Datum::Bytes(self.duid.octets().to_vec()),
            seconds(self.valid_lifetime),
            end(self.cltt, self.valid_lifetime),
            Datum::Int(self.subnet_id.0.into()),
            seconds(self.preferred_lifetime),
            Datum::Int(self.lease_type.code().into()),
            Datum::Int(iaid),
            Datum::Int(self.prefix_length.into()),
            Datum::Int(self.fqdn_fwd.into()),
            Datum::Int(self.fqdn_rev.into()),
            text(&*self.hostname),
            octets(self.hw_addr.as_ref().map(HwAddr::octets)),
            hardware(self.hw_addr.as_ref().map_or(0, |hw_addr| hw_addr.htype().into())),
            hardware(self.hw_addr_source.0.into()),
            Datum::Int(self.state.code().into()),
            self.user_context.as_deref().map_or(Datum::Null, text),
            Datum::Int(self.pool_id.0.into()),
        ]
    }

    fn read(row: &Row<'_>) -> Result<Self, Error> {
        let address = match row.datum(0) {
            Datum::Bytes(octets) => <[u8; 16]>::try_from(octets).map(Ipv6Addr::from).ok(),
            Datum::Text(text) => text.parse().ok(),
            Datum::Int(_) | Datum::Real(_) | Datum::Null => None,
        };
        let bad = |what: &str| Error::bad_row(format!("lease {address:?}"), format!("{what} is unusable"));
        let valid_lifetime = Seconds(number(row, 2)?);
        let hw_type = u16::try_from(number(row, 13)?).map_err(|_| bad("hwtype"))?;
        let hw_type = if row.is_null(13) { HwAddr::ETHERNET } else { hw_type };
        let hw_addr = hw_addr(row.optional_bytes(12)?, hw_type).map_err(|()| bad("hwaddr"))?;
        Ok(Self {
            lease_type: u8::try_from(number(row, 6)?)
                .ok()
                .and_then(LeaseType::from_code)
                .ok_or_else(|| bad("lease_type"))?,
            address: address.ok_or_else(|| bad("address"))?,
            prefix_length: match u8::try_from(number(row, 8)?) {
                Ok(length @ 0..=128) => length,
                _ => return Err(bad("prefix_len")),
            },
            duid: match row.optional_bytes(1)? {
                None | Some([]) => Duid::empty(),
                Some(octets) => Duid::new(octets).map_err(|_| bad("duid"))?,
            },
            iaid: Iaid(number(row, 7)?),
            subnet_id: SubnetId(number(row, 4)?),
            pool_id: PoolId(number(row, 17)?),
            cltt: began(row, 3, valid_lifetime)?,
            preferred_lifetime: Seconds(number(row, 5)?),
            valid_lifetime,
            state: state(row, 15)?,
            hw_addr_source: HwAddrSource(if hw_addr.is_some() { number(row, 14)? } else { 0 }),
            hw_addr,
            hostname: row.optional_text(11)?.unwrap_or_default().into(),
            fqdn_fwd: flag(row, 9)?,
            fqdn_rev: flag(row, 10)?,
            user_context: context(row, 16)?,
        })
    }
}

/// Octets that a column takes, at most, and what else keeps a lease from being stored: it would be cut to fit or lost
/// in silence.
pub(crate) fn refusal(values: &[Datum], columns: &[Column], dialect: Dialect) -> Option<String> {
    let most = |name: &str| match name {
        "hwaddr" => HwAddr::MAX,
        "duid" => Duid::MAX,
        "user_context" => usize::from(u16::MAX),
        _ => 255,
    };
    columns.iter().zip(values).find_map(|(column, value)| match value {
        Datum::Bytes(octets) if octets.len() > most(column.name) => {
            Some(format!("{} is longer than {} octets", column.name, most(column.name)))
        }
        Datum::Text(text) if text.len() > most(column.name) && column.kind == Kind::Text => {
            Some(format!("{} is longer than {} octets", column.name, most(column.name)))
        }
        // MySQL's timestamps go no further.
        Datum::Int(end) if column.kind == Kind::Moment && dialect == Dialect::MySql && *end > LATEST => {
            Some(format!("it ends at {end}, and the database knows no time after {LATEST}"))
        }
        _ => None,
    })
}

/// The last second of MySQL's timestamps.
pub(crate) const LATEST: i64 = i32::MAX as i64;

fn octets(octets: Option<&[u8]>) -> Datum {
    octets.map_or(Datum::Null, |octets| Datum::Bytes(octets.to_vec()))
}

fn seconds(seconds: Seconds) -> Datum {
    Datum::Int(seconds.0.into())
}

/// When a lease ends; as with Kea, one that never does ends when it began.
fn end(cltt: Timestamp, lifetime: Seconds) -> Datum {
    let end = if lifetime.is_infinite() { cltt } else { cltt.after(lifetime) };
    Datum::Int(i64::try_from(end.0).unwrap_or(i64::MAX))
}

fn began(row: &Row<'_>, at: usize, lifetime: Seconds) -> Result<Timestamp, Error> {
    let end = row.optional_int(at)?.map_or(0, |end| u64::try_from(end).unwrap_or_default());
    Ok(Timestamp(if lifetime.is_infinite() { end } else { end.saturating_sub(lifetime.0.into()) }))
}

/// A number of 32 bits, whether the column has a sign or not; absent is 0.
fn number(row: &Row<'_>, at: usize) -> Result<u32, Error> {
    let number = row.optional_int(at)?.unwrap_or_default();
    let signed = i32::try_from(number).map(i32::cast_unsigned);
    u32::try_from(number).or(signed).map_err(|_| Error::bad_row("a lease", format!("{number} is no number")))
}

fn flag(row: &Row<'_>, at: usize) -> Result<bool, Error> {
    Ok(row.optional_int(at)?.is_some_and(|flag| flag != 0))
}

fn state(row: &Row<'_>, at: usize) -> Result<LeaseState, Error> {
    let code = number(row, at)?;
    u8::try_from(code)
        .ok()
        .and_then(LeaseState::from_code)
        .ok_or_else(|| Error::bad_row("a lease", format!("{code} is no state")))
}

fn hw_addr(octets: Option<&[u8]>, hw_type: u16) -> Result<Option<HwAddr>, ()> {
    match octets {
        None | Some([]) => Ok(None),
        Some(octets) => HwAddr::new(hw_type, octets).map(Some).map_err(|_| ()),
    }
}

fn context(row: &Row<'_>, at: usize) -> Result<Option<Arc<str>>, Error> {
    Ok(row.optional_text(at)?.filter(|text| !text.is_empty()).map(Arc::from))
}

/// The identifiers of relay agents that the context of a lease names (`store-extended-info`), which have columns of
/// their own: `relay-id` and `remote-id`.
fn relay_agent(context: Option<&str>) -> (Datum, Datum) {
    let (mut relay_id, mut remote_id) = (Datum::Null, Datum::Null);
    for key in lease::extended_keys(Family::V4, context) {
        match key {
            ExtendedKey::RelayId(octets) => relay_id = Datum::Bytes(octets.into()),
            ExtendedKey::RemoteId(octets) => remote_id = Datum::Bytes(octets.into()),
            ExtendedKey::Subnet(_) => {}
        }
    }
    (relay_id, remote_id)
}

/// The table and column of an identifier among [`Record::EXTENDED`], with the identifier.
pub(super) fn identifier<R: Record>(key: &ExtendedKey) -> Option<((&'static str, &'static str), &[u8])> {
    let (table, octets) = match key {
        ExtendedKey::RelayId(octets) => (RELAY_IDS.0, octets),
        ExtendedKey::RemoteId(octets) => (REMOTE_IDS.0, octets),
        ExtendedKey::Subnet(_) => return None,
    };
    R::EXTENDED.iter().find(|(name, _)| *name == table).map(|place| (*place, &**octets))
}
