//! How many leases there are of each client class and in each subnet (`libdhcp_limits`), and whether there may be one more.
//! Of leases in memory they are counted by observing the store: a lease has its classes in its user context. A store that
//! is shared counts them itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use json::Value;
use lease::{Among, Bound, Durable, Exceeded, LeaseState, LeaseType, StoreError};

use super::{Leased, PoolKind};
use crate::sanity::{ISC, parse, with_entry};

/// Where Kea keeps the classes of a lease in its own part of the user context.
const CLASSES: &str = "client-classes";

/// Counts of leases, while somebody asks for them.
#[derive(Debug, Default)]
pub(super) struct Held {
    wanted: AtomicBool,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Leases that there are.
    stored: HashMap<(LeaseType, Among), u64>,
    /// Leases that are about to be stored.
    claimed: HashMap<(LeaseType, Among), u64>,
}

/// Room within bounds for one more lease, as long as it is kept: until the lease is stored and counts by itself.
#[derive(Debug)]
pub(crate) struct Claim<'h> {
    held: &'h Held,
    /// None where the store sees to it.
    bounds: &'h [Bound],
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.bounds.is_empty() {
            return;
        }
        let mut counts = self.held.counts();
        for bound in self.bounds {
            count(&mut counts.claimed, key(bound), false);
        }
    }
}

impl Held {
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Begins or ends to count; nothing is counted yet.
    pub(super) fn want(&self, wanted: bool) {
        *self.counts() = Counts::default();
        self.wanted.store(wanted, Ordering::Relaxed);
    }

    /// Room for one more lease, in place of `replaced`.
    fn claim<'h, L: Leased>(
        &'h self,
        bounds: &'h [Bound],
        replaced: Option<&L>,
    ) -> Result<Claim<'h>, Exceeded> {
        if bounds.is_empty() {
            return Ok(Claim { held: self, bounds });
        }
        let mut counts = self.counts();
        let of = |counts: &HashMap<_, u64>, bound| counts.get(&key(bound)).copied().unwrap_or(0);
        let there =
            bounds.iter().map(|bound| of(&counts.stored, bound) + of(&counts.claimed, bound)).collect();
        within(bounds, there, replaced)?;
        for bound in bounds {
            count(&mut counts.claimed, key(bound), true);
        }
        Ok(Claim { held: self, bounds })
    }

    /// Follows a change of the store.
    pub(super) fn follow<L: Leased>(&self, old: Option<&L>, new: Option<&L>) {
        if !self.is_wanted() {
            return;
        }
        let key = |l: &L| (l.kind(), l.subnet_id(), l.state());
        // A renewal by a client of the same classes changes no count.
        if old.map(key) == new.map(key)
            && old.and_then(|lease| lease.user_context()) == new.and_then(|lease| lease.user_context())
        {
            return;
        }
        let mut counts = self.counts();
        for (lease, more) in [(old, false), (new, true)] {
            let Some(lease) = lease else { continue };
            let lease_type = lease_type(lease);
            for among in among(lease) {
                count(&mut counts.stored, (lease_type, among), more);
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Bound`]: room for one more lease in place of `replaced`, in the store and beside those of other packets; or the
/// bound that it would exceed.
///
/// # Errors
/// When the store, which is shared, cannot tell.
pub(super) async fn claim<'h, L: Leased>(
    held: &'h Held,
    store: &L::Store<'_>,
    bounds: &'h [Bound],
    replaced: Option<&L>,
) -> Result<Result<Claim<'h>, Exceeded>, StoreError> {
    if let Some(none) = bounds.iter().find(|bound| bound.most == 0) {
        return Ok(Err(Exceeded { bound: none.clone(), held: 0 }));
    }
    if bounds.is_empty() || !store.is_shared() {
        return Ok(held.claim(bounds, replaced));
    }
    // What others add before this one is stored, `add_within` sees.
    let room = within(bounds, store.held(bounds).await?, replaced);
    Ok(room.map(|()| Claim { held, bounds: &[] }))
}

/// Whether there may be one more lease than there are, in place of `replaced`.
fn within<L: Leased>(bounds: &[Bound], there: Vec<u64>, replaced: Option<&L>) -> Result<(), Exceeded> {
    let goes: Vec<Among> = replaced.map(among).unwrap_or_default();
    for (bound, held) in bounds.iter().zip(there) {
        let same = replaced.is_some_and(|lease| lease_type(lease) == bound.lease_type);
        let held = held.saturating_sub(u64::from(same && goes.contains(&bound.among)));
        if held >= u64::from(bound.most) {
            return Err(Exceeded { bound: bound.clone(), held });
        }
    }
    Ok(())
}

fn key(bound: &Bound) -> (LeaseType, Among) {
    (bound.lease_type, bound.among.clone())
}

fn lease_type<L: Leased>(lease: &L) -> LeaseType {
    match lease.kind() {
        PoolKind::Addresses => LeaseType::Na,
        PoolKind::Prefixes => LeaseType::Pd,
    }
}

/// What a lease counts among.
fn among<L: Leased>(lease: &L) -> Vec<Among> {
    let mut among = Vec::new();
    // As in Kea: a declined address is one that its subnet cannot give, but no client's.
    if matches!(lease.state(), LeaseState::Default | LeaseState::Declined) {
        among.push(Among::Subnet(lease.subnet_id()));
    }
    if lease.state() == LeaseState::Default {
        among.extend(classes(lease.user_context()).into_iter().map(Among::Class));
    }
    among
}

/// Counts one more or one less; counts that come to nothing go.
fn count<K: Eq + Hash>(counts: &mut HashMap<K, u64>, key: K, more: bool) {
    let now = counts.get(&key).copied().unwrap_or(0);
    match if more { now + 1 } else { now.saturating_sub(1) } {
        0 => _ = counts.remove(&key),
        other => _ = counts.insert(key, other),
    }
}

/// The user context of a lease with the classes of its client.
#[must_use]
pub fn with_classes(context: Option<&Arc<str>>, classes: &[&str]) -> Arc<str> {
    let classes: Vec<Value> = classes.iter().map(|class| Value::from(*class)).collect();
    with_entry(context, CLASSES, classes.into())
}

/// The classes that a user context names.
fn classes(context: Option<&str>) -> Vec<Box<str>> {
    let of = |context: &str| {
        let context = parse(context)?;
        let classes = context.get(ISC)?.get(CLASSES)?.as_list()?.iter();
        Some(classes.filter_map(Value::as_str).map(Into::into).collect())
    };
    context.and_then(of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use base::{PoolId, Seconds, SubnetId, Timestamp};
    use lease::Lease4;

    use super::*;

    fn lease(last: u8, class: Option<&str>) -> Lease4 {
        Lease4 {
            address: Ipv4Addr::new(192, 0, 2, last),
            hw_addr: None,
            client_id: None,
            subnet_id: SubnetId(1),
            pool_id: PoolId(0),
            cltt: Timestamp(0),
            valid_lifetime: Seconds(60),
            state: LeaseState::Default,
            hostname: "".into(),
            fqdn_fwd: false,
            fqdn_rev: false,
            user_context: class.map(|class| with_classes(None, &["ALL", class])),
        }
    }

    fn bound(among: Among, most: u32) -> Bound {
        Bound { lease_type: LeaseType::Na, among, most }
    }

    /// Workers that look at the same time do not both find the last place.
    #[test]
    fn what_is_claimed_counts_until_it_is_stored() {
        let held = Held::default();
        held.want(true);
        let bounds = [bound(Among::Class("gold".into()), 2), bound(Among::Subnet(SubnetId(1)), 3)];
        held.follow(None, Some(&lease(1, Some("gold"))));
        let claim = held.claim::<Lease4>(&bounds, None).unwrap();
        let full = held.claim::<Lease4>(&bounds, None).unwrap_err();
        assert_eq!(full.to_string(), "address limit 2 for client class \"gold\", current lease count 2");
        // Others of the subnet have one place yet.
        let other = held.claim::<Lease4>(&bounds[1..], None).unwrap();
        assert_eq!(held.claim::<Lease4>(&bounds[1..], None).unwrap_err().held, 3);
        drop(other);
        held.follow(None, Some(&lease(2, Some("gold"))));
        drop(claim);
        assert_eq!(held.claim::<Lease4>(&bounds, None).unwrap_err().held, 2);
        // One that takes the place of another needs no room, and one that was given back makes some.
        assert!(held.claim(&bounds, Some(&lease(1, Some("gold")))).is_ok());
        assert!(held.claim(&bounds, Some(&lease(3, Some("iron")))).is_err());
        held.follow(Some(&lease(2, Some("gold"))), None);
        assert!(held.claim::<Lease4>(&bounds, None).is_ok());
        assert!(held.counts().claimed.is_empty());
    }

    #[test]
    fn declined_addresses_count_in_their_subnet_alone() {
        let held = Held::default();
        held.want(true);
        let declined = Lease4 { state: LeaseState::Declined, ..lease(1, Some("gold")) };
        held.follow(None, Some(&declined));
        assert!(held.claim::<Lease4>(&[bound(Among::Class("gold".into()), 1)], None).is_ok());
        assert!(held.claim::<Lease4>(&[bound(Among::Subnet(SubnetId(1)), 1)], None).is_err());
    }
}
