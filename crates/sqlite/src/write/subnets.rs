//! Shared networks, subnets and their pools.

use backend::columns::{self, Datum};
use backend::{BackendError, NetworkSubnets, PoolRange, Prefix, SubnetKey, int_member, text_member};
use base::{Family, ServerTag, SubnetId};
use json::{Map, Value};

use super::options::Owner;
use super::{Modified, Writer, now};
use crate::read::{NETWORKS, SUBNETS, Table, is_of, maps};
use crate::rows::{Error, signed};

impl Writer<'_> {
    pub(super) fn set_network(&mut self, tags: &[ServerTag], map: &Map) -> Result<u64, Error> {
        let columns = columns::network(self.family);
        columns::check_storable(map, columns, &["name", "option-data"])?;
        let name = text_member(map, "name");
        let existing = self.find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", [&name])?;
        let row = match existing {
            Some(row) => {
                self.update(NETWORKS, row, columns, map, &[])?;
                self.execute("DELETE FROM dhcp4_options WHERE shared_network_name = ?1", [&name])?;
                row
            }
            None => self.insert_object(NETWORKS, columns, map, &[("name", Datum::Text(name.clone()))])?,
        };
        self.tie(NETWORKS, row, tags)?;
        self.insert_options(map, &Owner { scope: 4, network: Some((row, name)), ..Owner::default() })?;
        self.audit(
            NETWORKS.table,
            row,
            if existing.is_some() { Modified::Update } else { Modified::Create },
        )?;
        Ok(1)
    }

    pub(super) fn delete_network(&mut self, name: &str, subnets: NetworkSubnets) -> Result<u64, Error> {
        let Some(row) = self.find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", [name])? else {
            return Ok(0);
        };
        let members = self.find_all(
            "SELECT subnet_id FROM dhcp4_subnet WHERE shared_network_name = ?1 ORDER BY 1",
            [name],
        )?;
        for subnet in members {
            match subnets {
                NetworkSubnets::Delete => self.remove_subnet(subnet)?,
                NetworkSubnets::Keep => {
                    self.concern(SUBNETS, subnet)?;
                    let sql = format!(
                        "UPDATE dhcp4_subnet SET shared_network_name = NULL, modification_ts = {} WHERE subnet_id = ?2",
                        now(1)
                    );
                    self.execute(&sql, (self.time, signed(subnet)?))?;
                    self.audit(SUBNETS.table, subnet, Modified::Update)?;
                }
            }
        }
        self.concern(NETWORKS, row)?;
        self.execute("DELETE FROM dhcp4_shared_network WHERE id = ?1", [signed(row)?])?;
        self.audit(NETWORKS.table, row, Modified::Delete)?;
        Ok(1)
    }

    // Subnets.

    pub(super) fn set_subnet(
        &mut self,
        tags: &[ServerTag],
        id: SubnetId,
        prefix: Prefix,
        network: Option<&str>,
        map: &Map,
    ) -> Result<u64, Error> {
        let columns = columns::subnet(self.family);
        columns::check_storable(map, columns, &["id", "subnet", "pools", "pd-pools", "option-data"])?;
        if let Some(name) = network
            && self.find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", [name])?.is_none()
        {
            return Err(BackendError::Missing { what: "shared network", key: name.to_owned() }.into());
        }
        let row = u64::from(id.0);
        let text = prefix.to_string();
        // The prefix under another number: that subnet is this one now.
        if let Some(other) =
            self.find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix = ?1", [&text])?
            && other != row
        {
            self.remove_subnet(other)?;
        }
        let fixed = [
            ("subnet_prefix", Datum::Text(text)),
            ("shared_network_name", network.map_or(Datum::Null, |name| Datum::Text(name.to_owned()))),
        ];
        let existing =
            self.find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_id = ?1", [id.0])?.is_some();
        if existing {
            self.update(SUBNETS, row, columns, map, &fixed)?;
            self.execute("DELETE FROM dhcp4_options WHERE dhcp4_subnet_id = ?1", [id.0])?;
            self.execute("DELETE FROM dhcp4_pool WHERE subnet_id = ?1", [id.0])?;
            if self.family == Family::V6 {
                self.execute("DELETE FROM dhcp4_pd_pool WHERE subnet_id = ?1", [id.0])?;
            }
        } else {
            let mut all = vec![("subnet_id", Datum::Int(id.0.into()))];
            all.extend(fixed);
            self.insert_object(SUBNETS, columns, map, &all)?;
        }
        let (first, last) = prefix.range();
        self.execute(
            "INSERT INTO dhcp4_subnet_range (subnet_id, first_address, last_address) VALUES (?1, ?2, ?3) \
             ON CONFLICT (subnet_id) DO UPDATE SET first_address = excluded.first_address, \
             last_address = excluded.last_address",
            (id.0, first, last),
        )?;
        self.tie(SUBNETS, row, tags)?;
        for pool in maps(map, "pools") {
            self.insert_pool(pool, row)?;
        }
        for pool in maps(map, "pd-pools") {
            self.insert_pd_pool(pool, row)?;
        }
        self.insert_options(map, &Owner { scope: 1, subnet: Some(row), ..Owner::default() })?;
        self.audit(SUBNETS.table, row, if existing { Modified::Update } else { Modified::Create })?;
        Ok(1)
    }

    pub(super) fn insert_pool(&self, map: &Map, subnet: u64) -> Result<(), Error> {
        columns::check_storable(map, columns::POOL, &["pool", "option-data"])?;
        let range = PoolRange::parse(&text_member(map, "pool"))
            .filter(|range| is_of(range.first, self.family))
            .ok_or_else(|| BackendError::BadValue {
                keyword: "pool".into(),
                wanted: "a range of addresses",
            })?;
        let table = Table { table: "dhcp4_pool", key: "id", ties: "", tie_key: "", only: "1" };
        let pool = self.insert_object(
            table,
            columns::POOL,
            map,
            &[
                ("start_address", columns::address_to_column(range.first)),
                ("end_address", columns::address_to_column(range.last)),
                ("subnet_id", Datum::Int(signed(subnet)?)),
            ],
        )?;
        self.insert_options(map, &Owner { scope: 5, pool: Some(pool), ..Owner::default() })
    }

    pub(super) fn insert_pd_pool(&self, map: &Map, subnet: u64) -> Result<(), Error> {
        const KEYWORDS: [&str; 6] = [
            "prefix",
            "prefix-len",
            "delegated-len",
            "excluded-prefix",
            "excluded-prefix-len",
            "option-data",
        ];
        columns::check_storable(map, columns::POOL, &KEYWORDS)?;
        let table = Table { table: "dhcp4_pd_pool", key: "id", ties: "", tie_key: "", only: "1" };
        let excluded = map.get("excluded-prefix").and_then(Value::as_str).map(str::to_owned);
        let pool = self.insert_object(
            table,
            columns::POOL,
            map,
            &[
                ("prefix", Datum::Text(text_member(map, "prefix"))),
                ("prefix_length", Datum::Int(int_member(map, "prefix-len"))),
                ("delegated_prefix_length", Datum::Int(int_member(map, "delegated-len"))),
                ("excluded_prefix", excluded.map_or(Datum::Null, Datum::Text)),
                ("excluded_prefix_length", Datum::Int(int_member(map, "excluded-prefix-len"))),
                ("subnet_id", Datum::Int(signed(subnet)?)),
            ],
        )?;
        self.insert_options(map, &Owner { scope: 6, pd_pool: Some(pool), ..Owner::default() })
    }

    pub(super) fn remove_subnet(&mut self, subnet: u64) -> Result<(), Error> {
        self.concern(SUBNETS, subnet)?;
        self.execute("DELETE FROM dhcp4_subnet WHERE subnet_id = ?1", [signed(subnet)?])?;
        self.audit(SUBNETS.table, subnet, Modified::Delete)
    }

    pub(super) fn delete_subnet(&mut self, key: SubnetKey) -> Result<u64, Error> {
        let found = match key {
            SubnetKey::Id(id) => {
                self.find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_id = ?1", [id.0])?
            }
            SubnetKey::Prefix(prefix) => self
                .find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix = ?1", [prefix.to_string()])?,
        };
        let Some(subnet) = found else { return Ok(0) };
        self.remove_subnet(subnet)?;
        Ok(1)
    }
}
