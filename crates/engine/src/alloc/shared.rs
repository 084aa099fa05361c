//! Pools whose leases other servers change as well: what is marked is a hint, and the store decides. The hint is made
//! better where it turned out to be wrong.

use base::Timestamp;
use lease::StoreError;

use super::{Address, Leased, Pool, Runtime};

/// Leases that are looked at together.
const PAGE: usize = 1024;

/// Leases that are looked at behind one that was not known.
const BEHIND: usize = 256;

/// The address before, if there is any.
fn before<A: Address>(address: A) -> Option<A> {
    address.number().checked_sub(1).map(A::from_number)
}

impl<L: Leased> Runtime<L> {
    /// An address or prefix of the pool turned out to be another's: marks what else is leased from there on, as the next
    /// ones are likely to be, too.
    pub(crate) async fn learn(
        &self,
        pool: &Pool<L::Address>,
        from: L::Address,
        store: &L::Store<'_>,
    ) -> Result<(), StoreError> {
        for lease in L::page(store, before(from), BEHIND).await? {
            let last = pool.shape().last;
            if lease.address() <= last && lease.occupies() && lease.shift() == pool.shape().shift {
                pool.mark(lease.address(), lease.shift(), true);
            }
        }
        Ok(())
    }

    /// The pool seems to be full: frees what other servers deleted or reclaimed. False: that was done a moment ago.
    pub(crate) async fn look_again(
        &self,
        pool: &Pool<L::Address>,
        store: &L::Store<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if !pool.due(now) {
            return Ok(false);
        }
        let (mut next, last) = (pool.shape().first.number(), pool.shape().last.number());
        let mut after = before(pool.shape().first);
        loop {
            let page = L::page(store, after, PAGE).await?;
            for lease in page.iter().filter(|lease| lease.occupies()) {
                let start = lease.address().number();
                if start > last {
                    break;
                }
                if let Some(gap) = start.checked_sub(1) {
                    pool.free_between(next, gap);
                }
                next = next.max(super::pool::end(lease.address(), lease.shift()).saturating_add(1));
            }
            match page.last() {
                Some(end) if end.address().number() < last && page.len() == PAGE => {
                    after = Some(end.address());
                }
                _ => {
                    pool.free_between(next, last);
                    return Ok(true);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn the_lowest_address_has_none_before() {
        assert_eq!(before(Ipv4Addr::new(10, 0, 1, 0)), Some(Ipv4Addr::new(10, 0, 0, 255)));
        assert_eq!(before(Ipv6Addr::UNSPECIFIED), None);
    }
}
