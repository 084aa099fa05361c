//! How far a query looks for an expired lease that it may have, when nothing is free.

use base::Timestamp;

/// By when a lease must have ended that another client may have at `now`, as in Kea: its client counts from when it heard
/// of it, up to a second after the one that is noted, and `now` may have only just begun.
pub(crate) fn over(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(1))
}

/// A look at the expired leases of a subnet, the earliest first: at few, then at more, where those before are in pools for
/// others or reserved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Leases that were looked at before.
    pub seen: usize,
    /// Leases to ask the store for, those included.
    pub limit: usize,
}

impl Look {
    pub(crate) const FIRST: Self = Self { seen: 0, limit: 64 };
    const MOST: usize = 4096;

    /// The look after this one, in which so many were found; `None` when there are no more, or enough were seen.
    pub(crate) fn next(self, found: usize) -> Option<Self> {
        let more = found >= self.limit && self.limit < Self::MOST;
        more.then(|| Self { seen: self.limit, limit: self.limit * 8 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_reach_further_and_end() {
        let all = |there: usize| {
            std::iter::successors(Some(Look::FIRST), move |look| look.next(there.min(look.limit)))
                .map(|look| (look.seen, look.limit))
                .collect::<Vec<_>>()
        };
        assert_eq!(all(0), [(0, 64)]);
        assert_eq!(all(100), [(0, 64), (64, 512)]);
        assert_eq!(all(usize::MAX), [(0, 64), (64, 512), (512, 4096)]);
    }
}
