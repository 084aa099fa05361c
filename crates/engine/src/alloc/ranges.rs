//! Finding pools by address, whatever their number. Pools of different subnets may overlap.

use std::sync::Arc;

use super::{Address, Pool};

#[derive(Debug)]
struct Range<A> {
    first: A,
    last: A,
    /// The highest `last` of this range and all before it: where a search backwards may stop.
    reach: A,
    pool: Arc<Pool<A>>,
}

/// Pools by their ranges.
#[derive(Debug)]
pub(super) struct Ranges<A> {
    ranges: Vec<Range<A>>,
    /// Whether any address is in two of them.
    overlap: bool,
}

impl<A> Default for Ranges<A> {
    fn default() -> Self {
        Self { ranges: Vec::new(), overlap: false }
    }
}

impl<A: Address> Ranges<A> {
    pub(super) fn new(pools: impl Iterator<Item = Arc<Pool<A>>>) -> Self {
        let mut ranges: Vec<_> = pools
            .map(|pool| {
                let shape = pool.shape();
                Range { first: shape.first, last: shape.last, reach: shape.last, pool }
            })
            .collect();
        ranges.shrink_to_fit();
        ranges.sort_by_key(|r| (r.first, r.last));
        let (mut reach, mut overlap) = (None, false);
        for range in &mut ranges {
            overlap |= reach.is_some_and(|reach| range.first <= reach);
            range.reach = reach.map_or(range.last, |reach: A| reach.max(range.last));
            reach = Some(range.reach);
        }
        Self { ranges, overlap }
    }

    /// Whether any address is in two pools.
    pub(super) fn overlap(&self) -> bool {
        self.overlap
    }

    /// The pools that hold some of the addresses from `first` to `last`.
    pub(super) fn of(&self, first: A, last: A) -> impl Iterator<Item = &Arc<Pool<A>>> {
        let end = self.ranges.partition_point(|r| r.first <= last);
        self.ranges
            .get(..end)
            .unwrap_or(&[])
            .iter()
            .rev()
            .take_while(move |r| r.reach >= first)
            .filter(move |r| r.last >= first)
            .map(|r| &r.pool)
    }
}
