//! Shared networks, subnets and their pools.

use std::collections::BTreeSet;

use backend::columns::{self, Datum};
use backend::{BackendError, NetworkSubnets, PoolRange, Prefix, SubnetKey, int_member, text_member};
use base::{Family, ServerTag, SubnetId};
use json::{Map, Value};

use super::options::Owner;
use super::{Modified, Writer, values_of};
use crate::Error;
use crate::link::{number, of_family, text};
use crate::read::{NETWORKS, SUBNETS, is_of, maps, tag_of};

impl Writer<'_> {
    pub(super) fn set_network(&mut self, tags: &[ServerTag], map: &Map) -> Result<u64, Error> {
        let columns = &self.layout.network;
        columns::check_storable(map, columns, &["name", "option-data"])?;
        let name = text_member(map, "name");
        let existing = self.network_row(&name)?;
        let row = match existing {
            Some(row) => {
                self.update(NETWORKS, row, columns, map, &[])?;
                self.send("DELETE FROM dhcp4_options WHERE shared_network_name = ?1", &[text(&name)])?;
                row
            }
            None => {
                let fixed = [("name", text(&name))];
                self.insert_object(NETWORKS.table, NETWORKS.key, None, columns, map, &fixed)?
            }
        };
        self.tie(NETWORKS, row, tags, existing.is_some())?;
        let owner = Owner { scope: 4, network: Some((row, name.clone())), ..Owner::default() };
        self.insert_options(map, &owner)?;
        self.audit_set(NETWORKS.table, row, existing, name);
        Ok(1)
    }

    fn network_row(&self, name: &str) -> Result<Option<u64>, Error> {
        self.find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", &[text(name)])
    }

    pub(super) fn delete_network(&mut self, name: &str, subnets: NetworkSubnets) -> Result<u64, Error> {
        let Some(row) = self.network_row(name)? else { return Ok(0) };
        let members = self.reader.find_all(
            "SELECT subnet_id FROM dhcp4_subnet WHERE shared_network_name = ?1 ORDER BY 1",
            &[text(name)],
        )?;
        for subnet in members {
            match subnets {
                NetworkSubnets::Delete => self.remove_subnet(subnet)?,
                NetworkSubnets::Keep => {
                    self.concern(SUBNETS, subnet)?;
                    let sql = format!(
                        "UPDATE dhcp4_subnet SET shared_network_name = NULL, modification_ts = {} WHERE subnet_id = ?2",
                        self.now(1)
                    );
                    self.send(&sql, &[self.time.clone(), number(subnet)?])?;
                    self.audit(SUBNETS.table, subnet, Modified::Update);
                }
            }
        }
        self.concern(NETWORKS, row)?;
        self.send("DELETE FROM dhcp4_options WHERE shared_network_name = ?1", &[text(name)])?;
        self.send("DELETE FROM dhcp4_shared_network WHERE id = ?1", &[number(row)?])?;
        self.audit(NETWORKS.table, row, Modified::Delete);
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
        let columns = &self.layout.subnet;
        columns::check_storable(map, columns, &["id", "subnet", "pools", "pd-pools", "option-data"])?;
        if let Some(name) = network
            && self.network_row(name)?.is_none()
        {
            return Err(BackendError::Missing { what: "shared network", key: name.to_owned() }.into());
        }
        let row = u64::from(id.0);
        // The prefix under another number: that subnet is this one now.
        let (existed, others) = self.subnets_at(row, prefix)?;
        for other in others {
            self.remove_subnet(other)?;
        }
        let fixed = [
            ("subnet_prefix", text(prefix.to_string())),
            ("shared_network_name", network.map_or(Datum::Null, text)),
        ];
        if existed {
            self.empty_subnet(row)?;
            self.update(SUBNETS, row, columns, map, &fixed)?;
        } else {
            self.insert_object(SUBNETS.table, SUBNETS.key, Some(row), columns, map, &fixed)?;
        }
        self.tie_again(SUBNETS, row, tags, existed)?;
        for pool in maps(map, "pools") {
            self.insert_pool(pool, row)?;
        }
        for pool in maps(map, "pd-pools") {
            self.insert_pd_pool(pool, row)?;
        }
        self.insert_options(map, &Owner { scope: 1, subnet: Some(row), ..Owner::default() })?;
        self.moved.push((row, Some(prefix)));
        self.audit_set(SUBNETS.table, row, existed.then_some(()), prefix.to_string());
        Ok(1)
    }

    /// Whether there is a subnet of that number, and those of the prefix under other numbers. Notes who has the first.
    fn subnets_at(&mut self, row: u64, prefix: Prefix) -> Result<(bool, BTreeSet<u64>), Error> {
        let mut existed = false;
        let (mut others, mut servers) = (BTreeSet::new(), Vec::new());
        // Apart: an OR of the two lets a database look at all subnets while it does not know how many there are.
        let [by_id, by_prefix, ties] = [
            "SELECT subnet_id FROM dhcp4_subnet WHERE subnet_id = ?1",
            "SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix = ?1",
            "SELECT s.id, s.tag FROM dhcp4_subnet_server t JOIN dhcp4_server s ON s.id = t.server_id \
             WHERE t.subnet_id = ?1",
        ]
        .map(|sql| of_family(sql, self.family));
        let (key, named) = ([number(row)?], [text(prefix.to_string())]);
        let queries =
            [(by_id.as_str(), &key[..]), (by_prefix.as_str(), &named[..]), (ties.as_str(), &key[..])];
        self.reader.link.query_all(&queries, &mut |at, found| {
            let number = found.unsigned(0)?;
            match at {
                0 => existed = true,
                1 if number == row => {}
                1 => {
                    others.insert(number);
                }
                _ => servers.push((tag_of(found, 1)?, number)),
            }
            Ok(())
        })?;
        for (tag, server) in servers {
            self.concerned.insert(tag.clone());
            self.servers.insert(tag, Some(server));
        }
        Ok((existed, others))
    }

    /// Deletes options and pools of a subnet.
    fn empty_subnet(&self, subnet: u64) -> Result<(), Error> {
        let subnet = [number(subnet)?];
        self.send("DELETE FROM dhcp4_options WHERE dhcp4_subnet_id = ?1", &subnet)?;
        let mut pools = vec![("dhcp4_pool", "pool_id", 5)];
        if self.family == Family::V6 {
            pools.push(("dhcp4_pd_pool", "pd_pool_id", 6));
        }
        for (table, key, scope) in pools {
            self.send(
                &format!(
                    "DELETE FROM dhcp4_options WHERE scope_id = {scope} AND {key} IN \
                     (SELECT id FROM {table} WHERE subnet_id = ?1)"
                ),
                &subnet,
            )?;
            self.send(&format!("DELETE FROM {table} WHERE subnet_id = ?1"), &subnet)?;
        }
        Ok(())
    }

    pub(super) fn insert_pool(&self, map: &Map, subnet: u64) -> Result<(), Error> {
        columns::check_storable(map, &self.layout.pool, &["pool", "option-data"])?;
        let range = PoolRange::parse(&text_member(map, "pool"))
            .filter(|range| is_of(range.first, self.family))
            .ok_or_else(|| BackendError::BadValue {
                keyword: "pool".into(),
                wanted: "a range of addresses",
            })?;
        let fixed = [
            ("start_address", columns::address_to_column(range.first)),
            ("end_address", columns::address_to_column(range.last)),
            ("subnet_id", number(subnet)?),
        ];
        let values = values_of(&self.layout.pool, map, &fixed)?;
        self.insert_holder("dhcp4_pool", map, values, |pool| Owner {
            scope: 5,
            pool: Some(pool),
            ..Owner::default()
        })
    }

    /// Inserts a pool, whose number matters to its options alone.
    fn insert_holder(
        &self,
        table: &str,
        map: &Map,
        values: Vec<(&str, Datum)>,
        owner: impl FnOnce(u64) -> Owner,
    ) -> Result<(), Error> {
        if maps(map, "option-data").is_empty() {
            return self.send_row(table, values);
        }
        let pool = self.insert_row(table, "id", None, values)?;
        self.insert_options(map, &owner(pool))
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
        columns::check_storable(map, &self.layout.pd_pool, &KEYWORDS)?;
        let excluded = map.get("excluded-prefix").and_then(Value::as_str).map(str::to_owned);
        let fixed = [
            ("prefix", text(text_member(map, "prefix"))),
            ("prefix_length", Datum::Int(int_member(map, "prefix-len"))),
            ("delegated_prefix_length", Datum::Int(int_member(map, "delegated-len"))),
            ("excluded_prefix", excluded.map_or(Datum::Null, Datum::Text)),
            ("excluded_prefix_length", Datum::Int(int_member(map, "excluded-prefix-len"))),
            ("subnet_id", number(subnet)?),
        ];
        let values = values_of(&self.layout.pd_pool, map, &fixed)?;
        self.insert_holder("dhcp4_pd_pool", map, values, |pool| Owner {
            scope: 6,
            pd_pool: Some(pool),
            ..Owner::default()
        })
    }

    pub(super) fn remove_subnet(&mut self, subnet: u64) -> Result<(), Error> {
        self.concern(SUBNETS, subnet)?;
        self.empty_subnet(subnet)?;
        self.send("DELETE FROM dhcp4_subnet WHERE subnet_id = ?1", &[number(subnet)?])?;
        self.moved.push((subnet, None));
        self.audit(SUBNETS.table, subnet, Modified::Delete);
        Ok(())
    }

    pub(super) fn delete_subnet(&mut self, key: SubnetKey) -> Result<u64, Error> {
        let found = match key {
            SubnetKey::Id(id) => self.find(
                "SELECT subnet_id FROM dhcp4_subnet WHERE subnet_id = ?1",
                &[Datum::Int(id.0.into())],
            )?,
            SubnetKey::Prefix(prefix) => self.find(
                "SELECT subnet_id FROM dhcp4_subnet WHERE subnet_prefix = ?1",
                &[text(prefix.to_string())],
            )?,
        };
        let Some(subnet) = found else { return Ok(0) };
        self.remove_subnet(subnet)?;
        Ok(1)
    }
}
