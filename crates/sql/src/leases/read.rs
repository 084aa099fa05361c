//! Looking for leases: what several ask is asked at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use backend::columns::Datum;
use base::HwAddr;
use lease::{Bound, ExtendedKey};

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
    /// Of leases with this in common, those above an address, at most so many.
    InCommon(ExtendedKey, Option<R::Address>, usize),
}

impl<R: Record> Find<R> {
    /// The most leases that are wanted; `None`: all.
    fn limit(&self) -> Option<usize> {
        match self {
            Self::In { limit, .. } => Some(*limit).filter(|limit| *limit > 0),
            Self::Page(_, limit) | Self::InCommon(_, _, limit) => Some(*limit),
            Self::Address(_) | Self::Octets(..) => None,
        }
    }

    fn fits(&self, lease: &R) -> bool {
        match self {
            Self::Address(address) => lease.address() == *address,
            Self::Octets("hwaddr", octets) => lease.hw_addr().map(HwAddr::octets) == Some(octets),
            Self::Octets(_, octets) => lease.client() == Some(octets),
            Self::In { .. } | Self::Page(..) | Self::InCommon(..) => true,
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
            Find::In { .. } | Find::Page(..) | Find::InCommon(..) => {
                let statement = limited(texts, find, find.limit())?;
                // Clients that find a pool full all ask the same.
                match statements.iter_mut().find(|(same, _)| *same == statement) {
                    Some((_, askers)) => askers.push(at),
                    None => statements.push((statement, vec![at])),
                }
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
    // Rows that came for each, be they leases or not.
    let mut rows = vec![0; asked.len()];
    let ask = |statements: &[(Statement, Vec<usize>)], found: &mut [Vec<Arc<R>>], rows: &mut [usize]| {
        for some in statements.chunks(TOGETHER) {
            let queries: Vec<(&str, &[Datum])> =
                some.iter().map(|((sql, bind), _)| (sql.as_str(), bind.as_slice())).collect();
            link.query_all(&queries, &mut |query, row: &Row<'_>| {
                let lease = R::read(row).map(Arc::new);
                if let Err(error) = &lease {
                    unusable(error);
                }
                for at in some.get(query).into_iter().flat_map(|(_, askers)| askers) {
                    if let Some(rows) = rows.get_mut(*at) {
                        *rows += 1;
                    }
                    if let (Some(find), Some(found), Ok(lease)) = (asked.get(*at), found.get_mut(*at), &lease)
                        && find.fits(lease)
                    {
                        found.push(Arc::clone(lease));
                    }
                }
                Ok(())
            })?;
        }
        Ok::<_, Error>(())
    };
    ask(&statements, &mut found, &mut rows)?;
    for (at, find) in asked.iter().enumerate() {
        // Rows that are no leases must not pass for the end: as many more are asked for.
        let Some(wanted) = find.limit() else { continue };
        let mut limit = wanted;
        while let (Some(leases), Some(count)) = (found.get_mut(at), rows.get_mut(at))
            && *count >= limit
            && leases.len() < wanted
        {
            limit = limit.saturating_add(count.saturating_sub(leases.len()));
            leases.clear();
            *count = 0;
            ask(&[(limited(texts, find, Some(limit))?, vec![at])], &mut found, &mut rows)?;
        }
    }
    for (find, found) in asked.iter().zip(&mut found) {
        if let Some(wanted) = find.limit() {
            found.truncate(wanted);
        }
        if let Find::Octets(..) = find {
            found.sort_unstable_by_key(|lease| lease.address());
        }
    }
    Ok(found.into_iter().map(Ok).collect())
}

/// How many leases there are of those that each bound is about.
pub(super) fn held<R: Record>(
    texts: &Texts<R>,
    link: &dyn Link,
    asked: &[Vec<Bound>],
) -> Result<Answers<Vec<u64>>, Error> {
    // Clients of a class all ask the same.
    let mut statements: Vec<Statement> = Vec::new();
    let mut places: Vec<Vec<usize>> = Vec::with_capacity(asked.len());
    for bounds in asked {
        let mut of_these = Vec::with_capacity(bounds.len());
        for bound in bounds {
            let statement = texts.held(bound)?;
            let place = statements.iter().position(|same| *same == statement).unwrap_or(statements.len());
            if place == statements.len() {
                statements.push(statement);
            }
            of_these.push(place);
        }
        places.push(of_these);
    }
    let mut counts = vec![0; statements.len()];
    for (some, counts) in statements.chunks(TOGETHER).zip(counts.chunks_mut(TOGETHER)) {
        let queries: Vec<(&str, &[Datum])> =
            some.iter().map(|(sql, bind)| (sql.as_str(), bind.as_slice())).collect();
        link.query_all(&queries, &mut |query, row: &Row<'_>| {
            if let Some(count) = counts.get_mut(query) {
                *count = u64::try_from(row.optional_int(0)?.unwrap_or_default()).unwrap_or_default();
            }
            Ok(())
        })?;
    }
    let of = |place: &usize| counts.get(*place).copied().unwrap_or_default();
    Ok(places.iter().map(|places| Ok(places.iter().map(of).collect())).collect())
}

/// The statement for those that have an order, for the first `limit` of it.
fn limited<R: Record>(texts: &Texts<R>, find: &Find<R>, limit: Option<usize>) -> Result<Statement, Error> {
    let (mut rest, bind) = match find {
        Find::In { condition, bind, order, .. } => {
            let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {order}") };
            (format!("WHERE {condition}{order}"), bind.clone())
        }
        Find::InCommon(key, after, _) => {
            let (condition, bind) = texts.in_common(key, *after)?;
            (format!("WHERE {condition} ORDER BY address"), bind)
        }
        Find::Page(Some(after), _) => {
            ("WHERE address > ?1 ORDER BY address".to_owned(), vec![R::place(*after, texts.dialect)])
        }
        _ => ("ORDER BY address".to_owned(), Vec::new()),
    };
    if let Some(limit) = limit {
        rest.push_str(&format!(" LIMIT {}", i64::try_from(limit).unwrap_or(i64::MAX)));
    }
    Ok((texts.select(&rest), bind))
}
