//! Looking for leases: what several ask is asked at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use backend::columns::Datum;
use base::HwAddr;

use super::record::Record;
use super::texts::{KEYS, Statement, Texts};
use crate::{Error, Link, Row};

/// Statements that travel together.
const TOGETHER: usize = 24;

/// What is looked for. Answers are in the order of addresses, unless it says otherwise.
#[derive(Clone, Debug)]
pub(super) enum Find<R: Record> {
    Address(R::Address),
    /// Leases with these octets in a column.
    Octets(&'static str, Vec<u8>),
    /// Leases that fulfil a condition with parameters, the first `limit` (0: all) of an order, if there is any.
    In {
        condition: String,
        bind: Vec<Datum>,
        order: &'static str,
        limit: usize,
    },
    Page(Option<R::Address>, usize),
}

impl<R: Record> Find<R> {
    fn fits(&self, lease: &R) -> bool {
        match self {
            Self::Address(address) => lease.address() == *address,
            Self::Octets("hwaddr", octets) => lease.hw_addr().map(HwAddr::octets) == Some(octets),
            Self::Octets(_, octets) => lease.client() == Some(octets),
            Self::In { .. } | Self::Page(..) => true,
        }
    }
}

/// Answers to questions, each of its own.
pub(super) type Answers<T> = Vec<Result<T, Error>>;

/// Answers questions in their order. A row that is no lease is told of, and left out.
pub(super) fn find<R: Record>(
    texts: &Texts<R>,
    link: &dyn Link,
    asked: &[Find<R>],
    unusable: &dyn Fn(&Error),
) -> Result<Answers<Vec<Arc<R>>>, Error> {
    let mut found: Vec<Vec<Arc<R>>> = asked.iter().map(|_| Vec::new()).collect();
    let mut statements: Vec<(Statement, Vec<usize>)> = Vec::new();
    // Keys that are asked for, by column, with who asks.
    let mut keys: BTreeMap<&str, Vec<(Datum, usize)>> = BTreeMap::new();
    for (at, find) in asked.iter().enumerate() {
        match find {
            Find::Address(address) => {
                keys.entry("address").or_default().push((R::place(*address, texts.dialect), at));
            }
            Find::Octets(column, octets) => {
                keys.entry(column).or_default().push((Datum::Bytes(octets.clone()), at));
            }
            Find::In { condition, bind, order, limit } => {
                let mut rest = format!("WHERE {condition}");
                if !order.is_empty() {
                    rest.push_str(&format!(" ORDER BY {order}"));
                }
                if *limit > 0 {
                    rest.push_str(&format!(" LIMIT {limit}"));
                }
                let statement = (texts.select(&rest), bind.clone());
                // Clients that find a pool full all ask the same.
                match statements.iter_mut().find(|(same, _)| *same == statement) {
                    Some((_, askers)) => askers.push(at),
                    None => statements.push((statement, vec![at])),
                }
            }
            Find::Page(after, limit) => {
                let limit = i64::try_from(*limit).unwrap_or(i64::MAX);
                let statement = match after {
                    None => (texts.select(&format!("ORDER BY address LIMIT {limit}")), Vec::new()),
                    Some(after) => (
                        texts.select(&format!("WHERE address > ?1 ORDER BY address LIMIT {limit}")),
                        vec![R::place(*after, texts.dialect)],
                    ),
                };
                statements.push((statement, vec![at]));
            }
        }
    }
    let most = KEYS.into_iter().max().unwrap_or(1);
    for (column, keys) in keys {
        for some in keys.chunks(most) {
            let values: Vec<Datum> = some.iter().map(|(value, _)| value.clone()).collect();
            statements.push((texts.of_keys(column, &values), some.iter().map(|(_, at)| *at).collect()));
        }
    }
    for some in statements.chunks(TOGETHER) {
        let queries: Vec<(&str, &[Datum])> =
            some.iter().map(|((sql, bind), _)| (sql.as_str(), bind.as_slice())).collect();
        link.query_all(&queries, &mut |query, row: &Row<'_>| {
            let lease = match R::read(row) {
                Ok(lease) => Arc::new(lease),
                Err(error) => {
                    unusable(&error);
                    return Ok(());
                }
            };
            for at in some.get(query).into_iter().flat_map(|(_, askers)| askers) {
                if let (Some(find), Some(found)) = (asked.get(*at), found.get_mut(*at))
                    && find.fits(&lease)
                {
                    found.push(Arc::clone(&lease));
                }
            }
            Ok(())
        })?;
    }
    for (find, found) in asked.iter().zip(&mut found) {
        if let Find::Octets(..) = find {
            found.sort_unstable_by_key(|lease| lease.address());
        }
    }
    Ok(found.into_iter().map(Ok).collect())
}
