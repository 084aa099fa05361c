//! Subnets with their pools.

use std::collections::{BTreeSet, HashMap};

use backend::columns::{self, Datum};
use backend::{OptionScope, Prefix, StoredSubnet, SubnetBrief};
use base::{Family, SubnetId};
use json::{Map, Value};

use super::{Lists, OPTION_COLUMNS, Reader, SUBNETS, Ties, add, stored};
use crate::ids::Ids;
use crate::link::text;
use crate::overlap::Prefixes;
use crate::{Error, Row};

impl Reader<'_> {
    pub(crate) fn briefs(&self, ids: &Ids) -> Result<Vec<SubnetBrief>, Error> {
        let mut tags = Ties::default();
        let mut briefs = Vec::new();
        let sql = format!(
            "SELECT subnet_id, subnet_prefix, shared_network_name FROM dhcp4_subnet WHERE {} ORDER BY subnet_id",
            ids.hold("subnet_id")
        );
        self.every(&[Ties::query(SUBNETS, ids), sql], ids.bind(), |at, row| {
            if at == 0 {
                return tags.visit(row);
            }
            let (id, prefix) = subnet_key(row)?;
            briefs.push(SubnetBrief {
                id,
                prefix,
                shared_network: row.optional_text(2)?.map(str::to_owned),
                tags: tags.remove(&u64::from(id.0)).unwrap_or_default(),
            });
            Ok(())
        })?;
        Ok(briefs)
    }

    /// `prefixes` is brought up to date first.
    pub(crate) fn overlapping(
        &self,
        prefixes: &mut Option<Prefixes>,
        prefix: Prefix,
    ) -> Result<Vec<SubnetBrief>, Error> {
        let now = self.follow(prefixes.take())?;
        let found: BTreeSet<u64> = now.overlapping(prefix).into_iter().map(|id| u64::from(id.0)).collect();
        let briefs =
            if found.is_empty() { Vec::new() } else { self.briefs(&Ids::numbers(self.dialect(), &found))? };
        *prefixes = Some(now);
        Ok(briefs)
    }

    /// Prefixes as of now, from those as of an earlier revision where the audit goes back to it.
    fn follow(&self, before: Option<Prefixes>) -> Result<Prefixes, Error> {
        let newest = self.newest()?;
        let touched = match before {
            Some(before) if before.cursor == newest => return Ok(before),
            Some(before) if self.follows(&before.cursor, &newest)? => {
                let (unseen, mut bind) = self.unseen("revision_id", &before.cursor, &newest)?;
                bind.push(text(crate::of_family(SUBNETS.table, self.family)));
                let sql = format!(
                    "SELECT DISTINCT object_id FROM dhcp4_audit WHERE {unseen} AND object_type = ?{}",
                    bind.len()
                );
                let rows = self.find_all(&sql, &bind)?;
                Some((before, rows.into_iter().collect::<BTreeSet<u64>>()))
            }
            _ => None,
        };
        let (mut prefixes, condition, ids) = match touched {
            Some((mut before, rows)) => {
                for row in &rows {
                    before.remove(SubnetId(u32::try_from(*row).unwrap_or_default()));
                }
                let ids = Ids::numbers(self.dialect(), &rows);
                (before, format!(" WHERE {}", ids.hold("subnet_id")), ids)
            }
            None => (Prefixes::default(), String::new(), Ids::default()),
        };
        prefixes.cursor = newest;
        self.each(
            &format!("SELECT subnet_id, subnet_prefix FROM dhcp4_subnet{condition}"),
            ids.bind(),
            |row| {
                // A row that nobody can read overlaps with nothing; whoever fetches it will say so.
                if let Ok((id, prefix)) = subnet_key(row) {
                    prefixes.insert(id, prefix);
                }
                Ok(())
            },
        )?;
        Ok(prefixes)
    }

    pub(crate) fn subnets(&self, ids: &Ids) -> Result<Vec<StoredSubnet>, Error> {
        let columns = &self.layout.subnet;
        let (mut tags, mut options) = (Ties::default(), Lists::new());
        let (mut pool_options, mut pools) = (PoolOptions::new(), Lists::new());
        let (mut pd_options, mut pd_pools) = (PoolOptions::new(), Lists::new());
        // The sum keeps databases from the index of scopes, which most options share.
        let options_sql = format!(
            "SELECT o.dhcp4_subnet_id, {} FROM dhcp4_options o WHERE o.scope_id + 0 = 1 AND {} ORDER BY o.option_id",
            self.option_columns(),
            ids.hold("o.dhcp4_subnet_id")
        );
        let sql = format!(
            "SELECT subnet_id, subnet_prefix, shared_network_name{} FROM dhcp4_subnet WHERE {} ORDER BY subnet_id",
            self.names(columns),
            ids.hold("subnet_id")
        );
        let mut queries = vec![Ties::query(SUBNETS, ids), options_sql];
        queries.extend([self.pool_options("dhcp4_pool", "pool_id", 5, ids), self.pools(ids)]);
        if self.family == Family::V6 {
            queries.extend([self.pool_options("dhcp4_pd_pool", "pd_pool_id", 6, ids), self.pd_pools(ids)]);
        }
        let last = queries.len();
        queries.push(sql);
        let mut subnets = Vec::new();
        self.every(&queries, ids.bind(), |at, row| {
            match at {
                0 => return tags.visit(row),
                1 => return add(&mut options, row.unsigned(0)?, self.option_map(row, 1)?),
                2 => return self.pool_option(&mut pool_options, row),
                3 => return add(&mut pools, row.unsigned(1)?, self.pool(row, &mut pool_options)?),
                _ if at == last => {}
                4 => return self.pool_option(&mut pd_options, row),
                _ => return add(&mut pd_pools, row.unsigned(1)?, self.pd_pool(row, &mut pd_options)?),
            }
            let (id, prefix) = subnet_key(row)?;
            let key = u64::from(id.0);
            let object = || format!("subnet {id}");
            let mut map = Map::new();
            row.members(3, columns, &mut map, object)?;
            for (keyword, lists) in
                [("option-data", &mut options), ("pools", &mut pools), ("pd-pools", &mut pd_pools)]
            {
                if let Some(list) = lists.remove(&key) {
                    map.insert(keyword.to_owned(), list.into());
                }
            }
            map.insert("id".to_owned(), id.0.into());
            map.insert("subnet".to_owned(), prefix.to_string().into());
            let element = stored(key, map, tags.remove(&key), object).element;
            let shared_network = row.optional_text(2)?.map(str::to_owned);
            subnets.push(StoredSubnet { id, prefix, shared_network, element });
            Ok(())
        })?;
        Ok(subnets)
    }

    /// As [`backend::ConfigBackend::examples_of`].
    pub(crate) fn examples_of(&self, network: &str, but: SubnetId) -> Result<Vec<StoredSubnet>, Error> {
        let commit = if self.family == Family::V6 { ", m.rapid_commit" } else { "" };
        let sql = format!(
            "SELECT MIN(m.subnet_id) FROM dhcp4_subnet m JOIN dhcp4_subnet_server t ON t.subnet_id = m.subnet_id \
             WHERE m.shared_network_name = ?1 AND m.subnet_id <> ?2 GROUP BY t.server_id, m.interface{commit}"
        );
        let found = self.find_all(&sql, &[text(network), Datum::Int(but.0.into())])?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        self.subnets(&Ids::numbers(self.dialect(), &found.into_iter().collect()))
    }

    /// The query of what [`pool`](Self::pool) reads.
    fn pools(&self, ids: &Ids) -> String {
        format!(
            "SELECT id, subnet_id, start_address, end_address{} FROM dhcp4_pool WHERE {} \
             ORDER BY subnet_id, id",
            self.names(&self.layout.pool),
            ids.hold("subnet_id")
        )
    }

    fn pool_option(&self, options: &mut PoolOptions, row: &Row<'_>) -> Result<(), Error> {
        let list = options.entry(row.unsigned(0)?).or_default();
        list.push((row.unsigned(1 + OPTION_COLUMNS)?, self.option_map(row, 1)?));
        Ok(())
    }

    fn pool(&self, row: &Row<'_>, options: &mut PoolOptions) -> Result<Map, Error> {
        let (id, subnet) = (row.unsigned(0)?, row.unsigned(1)?);
        let object = || format!("pool {id} of subnet {subnet}");
        let (Some(first), Some(last)) =
            (columns::address_from_column(&row.datum(2)), columns::address_from_column(&row.datum(3)))
        else {
            return Err(Error::bad_row(object(), "its addresses are none"));
        };
        let mut map = Map::new();
        row.members(4, &self.layout.pool, &mut map, object)?;
        insert_options(&mut map, options.remove(&id));
        map.insert("pool".to_owned(), format!("{first}-{last}").into());
        map.shrink_to_fit();
        Ok(map)
    }

    /// The query of the options of pools of a kind, in any order: databases sort the rows of a join at great expense.
    fn pool_options(&self, table: &str, key: &str, scope: u8, ids: &Ids) -> String {
        format!(
            "SELECT o.{key}, {}, o.option_id FROM dhcp4_options o JOIN {table} p ON p.id = o.{key} \
             WHERE o.scope_id = {scope} AND {}",
            self.option_columns(),
            ids.hold("p.subnet_id")
        )
    }

    /// The query of what [`pd_pool`](Self::pd_pool) reads.
    fn pd_pools(&self, ids: &Ids) -> String {
        format!(
            "SELECT id, subnet_id, prefix, prefix_length, delegated_prefix_length, excluded_prefix, \
             excluded_prefix_length{} FROM dhcp4_pd_pool WHERE {} ORDER BY subnet_id, id",
            self.names(&self.layout.pd_pool),
            ids.hold("subnet_id")
        )
    }

    fn pd_pool(&self, row: &Row<'_>, options: &mut PoolOptions) -> Result<Map, Error> {
        let (id, subnet) = (row.unsigned(0)?, row.unsigned(1)?);
        let mut map = Map::new();
        row.members(7, &self.layout.pd_pool, &mut map, || format!("pd-pool {id} of subnet {subnet}"))?;
        map.insert("prefix".to_owned(), row.text(2)?.into());
        map.insert("prefix-len".to_owned(), row.int(3)?.into());
        map.insert("delegated-len".to_owned(), row.int(4)?.into());
        let length = row.int(6)?;
        if let Some(excluded) = row.optional_text(5)?.filter(|_| length > 0) {
            map.insert("excluded-prefix".to_owned(), excluded.into());
            map.insert("excluded-prefix-len".to_owned(), length.into());
        }
        insert_options(&mut map, options.remove(&id));
        Ok(map)
    }

    pub(crate) fn pool_row(&self, scope: &OptionScope) -> Result<Option<(u64, SubnetId)>, Error> {
        let found = |row: &Row<'_>| Ok((row.unsigned(0)?, subnet_id(row.unsigned(1)?)?));
        match scope {
            OptionScope::Pool(range) => self.first(
                "SELECT id, subnet_id FROM dhcp4_pool WHERE start_address = ?1 AND end_address = ?2",
                &[range.first, range.last].map(columns::address_to_column),
                found,
            ),
            OptionScope::PdPool(key) if self.family == Family::V6 => self.first(
                "SELECT id, subnet_id FROM dhcp4_pd_pool WHERE prefix = ?1 AND prefix_length = ?2",
                &[text(key.prefix.address().to_string()), Datum::Int(key.prefix.length().into())],
                found,
            ),
            _ => Ok(None),
        }
    }

    pub(crate) fn subnet_of_pool(&self, scope: &OptionScope) -> Result<Option<SubnetId>, Error> {
        Ok(self.pool_row(scope)?.map(|(_, subnet)| subnet))
    }
}

/// Options of pools with their numbers, by the number of the pool.
type PoolOptions = HashMap<u64, Vec<(u64, Map)>>;

/// Puts options into their pool, in the order of their numbers.
fn insert_options(map: &mut Map, options: Option<Vec<(u64, Map)>>) {
    let Some(mut options) = options else { return };
    options.sort_by_key(|(id, _)| *id);
    let list: Vec<Value> = options.into_iter().map(|(_, option)| option.into()).collect();
    map.insert("option-data".to_owned(), list.into());
}

fn subnet_id(row: u64) -> Result<SubnetId, Error> {
    let id =
        u32::try_from(row).map_err(|_| Error::bad_row(format!("subnet {row}"), "number out of range"))?;
    Ok(SubnetId(id))
}

fn subnet_key(row: &Row<'_>) -> Result<(SubnetId, Prefix), Error> {
    let id = subnet_id(row.unsigned(0)?)?;
    let text = row.text(1)?;
    let prefix = text
        .parse()
        .map_err(|_| Error::bad_row(format!("subnet {id}"), format!("'{text}' is not a prefix")))?;
    Ok((id, prefix))
}
