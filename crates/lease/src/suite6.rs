//! The tests that every DHCPv6 lease store must pass.
//!
//! Each is an async function that gets a factory of empty stores. [`lease6_suite!`](crate::lease6_suite) makes
//! `#[test]` functions of them all:
//!
//! ```ignore
//! mod suite {
//!     lease::lease6_suite!(super::open_empty_store, lease::suite::block_on);
//! }
//! ```
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::BTreeMap;
use std::future::Future;
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex};
use std::thread;

use base::{Duid, HwAddr, Iaid, PoolId, Random, Seconds, SubnetId, Timestamp, XorShift};

use crate::suite::block_on;
use crate::{
    Added6, ExtendedKey, HwAddrSource, Lease6, LeaseObserver6, LeaseState, LeaseStore6, LeaseType, Page6,
    Updated,
};

/// Opens an empty store that reports to the observer.
pub trait Factory {
    fn open(&self, observer: Arc<dyn LeaseObserver6>) -> impl Future<Output = Arc<dyn LeaseStore6>>;
}

impl<F, T> Factory for F
where
    F: Fn(Arc<dyn LeaseObserver6>) -> T,
    T: Future<Output = Arc<dyn LeaseStore6>>,
{
    fn open(&self, observer: Arc<dyn LeaseObserver6>) -> impl Future<Output = Arc<dyn LeaseStore6>> {
        self(observer)
    }
}

/// Makes a test of each function of the suite. `block_on` runs a future to its end.
#[macro_export]
macro_rules! lease6_suite {
    ($factory:expr, $block_on:expr) => {
        $crate::lease6_suite! { @ each $factory, $block_on }
    };
    // One test of them all, for stores that take long to set up.
    (together: $factory:expr, $block_on:expr) => {
        $crate::lease6_suite! { @ together $factory, $block_on }
    };
    (@ $how:ident $factory:expr, $block_on:expr) => {
        $crate::lease6_suite! { @ $how $factory, $block_on;
            add_and_exists, update_needs_the_expected_row, delete_needs_the_expected_row, every_field_is_kept,
            lookups_find_all_rows_in_order, pages_walk_all_rows, rows_are_found_by_extended_info, expired_rows_come_oldest_first,
            states_are_found_by_subnet, reclaimed_rows_are_flushed, subnets_are_wiped, observers_follow_in_order,
            commits_cover_what_was_written, random_changes_equal_a_model, concurrent_adds_have_one_winner,
        }
    };
    (@ each $factory:expr, $block_on:expr; $($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                ($block_on)($crate::suite6::$name(&$factory));
            }
        )*
    };
    (@ together $factory:expr, $block_on:expr; $($name:ident),* $(,)?) => {
        #[test]
        fn suite() {
            $(
                println!("{}", stringify!($name));
                ($block_on)($crate::suite6::$name(&$factory));
            )*
        }
    };
}

/// Follows a store and checks that every change fits the ones before.
#[derive(Default)]
pub struct Follower {
    rows: Mutex<BTreeMap<Ipv6Addr, Lease6>>,
}

impl LeaseObserver6 for Follower {
    fn changed(&self, old: Option<&Lease6>, new: Option<&Lease6>) {
        let address = old.or(new).unwrap().address;
        let mut rows = self.rows.lock().unwrap();
        assert_eq!(rows.get(&address), old, "the old row as reported");
        match new {
            Some(new) => {
                assert_eq!(new.address, address);
                rows.insert(address, new.clone());
            }
            None => {
                rows.remove(&address);
            }
        }
    }
}

impl Follower {
    /// The rows as the reports make them.
    pub fn rows(&self) -> Vec<Lease6> {
        self.rows.lock().unwrap().values().cloned().collect()
    }
}

const NOW: u64 = 1_700_000_000;

fn at(last: u8) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into())
}

/// A lease of an address: subnet 1, a client of its own, one hour from `NOW`.
#[must_use]
pub fn lease(address: Ipv6Addr) -> Lease6 {
    let [.., o0, o1, o2, o3] = address.octets();
    Lease6 {
        lease_type: LeaseType::Na,
        address,
        prefix_length: 128,
        duid: Duid::new(&[0, 3, 0, 1, 2, 0, o0, o1, o2, o3]).unwrap(),
        iaid: Iaid(u32::from(o3)),
        subnet_id: SubnetId(1),
        pool_id: PoolId(0),
        cltt: Timestamp(NOW),
        preferred_lifetime: Seconds(1800),
        valid_lifetime: Seconds(3600),
        state: LeaseState::Default,
        hw_addr: HwAddr::new(1, &[2, 0, o0, o1, o2, o3]).ok(),
        hw_addr_source: HwAddrSource::DUID,
        hostname: format!("host-{o3}").into(),
        fqdn_fwd: false,
        fqdn_rev: false,
        user_context: None,
    }
}

async fn fresh(factory: &impl Factory) -> (Arc<dyn LeaseStore6>, Arc<Follower>) {
    let follower = Arc::new(Follower::default());
    let store = factory.open(Arc::clone(&follower) as Arc<dyn LeaseObserver6>).await;
    (store, follower)
}

async fn add(store: &dyn LeaseStore6, lease: Lease6) -> Arc<Lease6> {
    let address = lease.address;
    assert_eq!(store.add(lease).await.unwrap(), Added6::Yes);
    store.by_address(address).await.unwrap().unwrap()
}

fn addresses(page: &Page6) -> Vec<u8> {
    page.iter().map(|lease| lease.address.octets()[15]).collect()
}

pub async fn add_and_exists(factory: &impl Factory) {
    let (store, follower) = fresh(factory).await;
    assert_eq!(store.by_address(at(1)).await.unwrap(), None);
    let first = add(&*store, lease(at(1))).await;
    assert_eq!(*first, lease(at(1)));
    let other = Lease6 { lease_type: LeaseType::Pd, prefix_length: 64, ..lease(at(1)) };
    assert_eq!(store.add(other).await.unwrap(), Added6::Exists(Arc::clone(&first)));
    assert_eq!(store.by_address(at(1)).await.unwrap(), Some(first));
    assert_eq!(follower.rows(), [lease(at(1))]);
}

pub async fn update_needs_the_expected_row(factory: &impl Factory) {
    let (store, _) = fresh(factory).await;
    let next = Lease6 { cltt: Timestamp(NOW + 10), ..lease(at(1)) };
    assert_eq!(store.update(next.clone(), &lease(at(1))).await.unwrap(), Updated::Conflict, "no row");
    let row = add(&*store, lease(at(1))).await;
    for changed in [
        Lease6 { cltt: Timestamp(NOW + 1), ..lease(at(1)) },
        Lease6 { valid_lifetime: Seconds(1), ..lease(at(1)) },
        Lease6 { state: LeaseState::Declined, ..lease(at(1)) },
        Lease6 { duid: Duid::empty(), ..lease(at(1)) },
        Lease6 { iaid: Iaid(99), ..lease(at(1)) },
        Lease6 { lease_type: LeaseType::Pd, ..lease(at(1)) },
        Lease6 { prefix_length: 64, ..lease(at(1)) },
        Lease6 { preferred_lifetime: Seconds(1), ..lease(at(1)) },
        Lease6 { hw_addr: None, ..lease(at(1)) },
    ] {
        assert_eq!(store.update(next.clone(), &changed).await.unwrap(), Updated::Conflict, "{changed:?}");
        assert_eq!(store.by_address(at(1)).await.unwrap().as_ref(), Some(&row));
    }
    assert_eq!(store.update(next.clone(), &row).await.unwrap(), Updated::Yes);
    assert_eq!(*store.by_address(at(1)).await.unwrap().unwrap(), next);
    assert_eq!(store.update(next, &row).await.unwrap(), Updated::Conflict, "of two writers one wins");
}

pub async fn delete_needs_the_expected_row(factory: &impl Factory) {
    let (store, follower) = fresh(factory).await;
    assert_eq!(store.delete(&lease(at(1))).await.unwrap(), Updated::Conflict);
    let row = add(&*store, lease(at(1))).await;
    let stale = Lease6 { cltt: Timestamp(NOW - 1), ..lease(at(1)) };
    assert_eq!(store.delete(&stale).await.unwrap(), Updated::Conflict);
    assert_eq!(store.delete(&row).await.unwrap(), Updated::Yes);
    assert_eq!(store.by_address(at(1)).await.unwrap(), None);
    assert_eq!(store.delete(&row).await.unwrap(), Updated::Conflict);
    assert_eq!(follower.rows(), []);
    add(&*store, lease(at(1))).await;
}

pub async fn every_field_is_kept(factory: &impl Factory) {
    let (store, _) = fresh(factory).await;
    let whole = Lease6 {
        hw_addr: HwAddr::new(32, &[7; HwAddr::MAX]).ok(),
        duid: Duid::new(&[9; Duid::MAX]).unwrap(),
        lease_type: LeaseType::Pd,
        prefix_length: 56,
        iaid: Iaid(u32::MAX),
        preferred_lifetime: Seconds::INFINITE,
        hw_addr_source: HwAddrSource::DOCSIS_MODEM,
        subnet_id: SubnetId(u32::MAX - 1),
        pool_id: PoolId(u32::MAX),
        valid_lifetime: Seconds::INFINITE,
        hostname: "a,b&c.example.org".into(),
        fqdn_fwd: true,
        fqdn_rev: true,
        user_context: Some(Arc::from("{ \"ISC\": { \"relay-agent-info\": \"0x01\" } }")),
        ..lease(at(1))
    };
    let bare = Lease6 {
        hw_addr: None,
        hw_addr_source: HwAddrSource::UNKNOWN,
        duid: Duid::empty(),
        state: LeaseState::Declined,
        hostname: "".into(),
        ..lease(at(2))
    };
    for lease in [whole, bare] {
        assert_eq!(*add(&*store, lease.clone()).await, lease);
    }
}

pub async fn lookups_find_all_rows_in_order(factory: &impl Factory) {
    let (store, _) = fresh(factory).await;
    let shared = lease(at(100));
    for last in [9, 3, 7, 5, 1] {
        let subnet_id = SubnetId(u32::from(last) % 2 + u32::from(last / 4));
        let twin = Lease6 { address: at(last), subnet_id, hostname: "Twin.example".into(), ..shared.clone() };
        add(&*store, twin).await;
        add(&*store, lease(at(last + 1))).await;
    }
    let all = [1, 3, 5, 7, 9];
    let (id, hw_addr) = (shared.duid, shared.hw_addr.unwrap());
    assert_eq!(addresses(&store.by_duid(&id).await.unwrap()), all);
    assert_eq!(addresses(&store.by_hw_addr(&hw_addr).await.unwrap()), all);
    let infiniband = HwAddr::new(32, hw_addr.octets()).unwrap();
    assert_eq!(addresses(&store.by_hw_addr(&infiniband).await.unwrap()), all, "the type is not compared");
    assert_eq!(addresses(&store.by_hostname("tWIN.eXample").await.unwrap()), all);
    assert_eq!(addresses(&store.by_hostname("host-2").await.unwrap()), [2]);
    assert_eq!(addresses(&store.by_subnet(SubnetId(2)).await.unwrap()), [5, 7]);
    assert_eq!(addresses(&store.by_subnet(SubnetId(1)).await.unwrap()), [1, 2, 3, 4, 6, 8, 10]);

    // Rows that change their keys are found by the new ones only, whatever their place among the others was.
    for (last, rest) in
        [(5, vec![1, 3, 7, 9]), (9, vec![1, 3, 7]), (1, vec![3, 7]), (3, vec![7]), (7, vec![])]
    {
        let row = store.by_address(at(last)).await.unwrap().unwrap();
        let next = Lease6 { cltt: Timestamp(NOW + 1), subnet_id: SubnetId(8), ..lease(at(last)) };
        assert_eq!(store.update(next, &row).await.unwrap(), Updated::Yes);
        assert_eq!(addresses(&store.by_duid(&id).await.unwrap()), rest);
        assert_eq!(addresses(&store.by_hw_addr(&hw_addr).await.unwrap()), rest);
        assert_eq!(addresses(&store.by_hostname("twin.example").await.unwrap()), rest);
        assert_eq!(addresses(&store.by_hostname(&format!("host-{last}")).await.unwrap()), [last]);
    }
    assert_eq!(addresses(&store.by_subnet(SubnetId(8)).await.unwrap()), all);
    assert_eq!(store.by_subnet(SubnetId(9)).await.unwrap(), []);
    assert_eq!(store.by_hostname("").await.unwrap(), []);
}

pub async fn pages_walk_all_rows(factory: &impl Factory) {
    let (store, _) = fresh(factory).await;
    for last in [200, 1, 50, 100, 150] {
        add(&*store, lease(at(last))).await;
    }
    let high = lease(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1));
    add(&*store, high.clone()).await;
    assert_eq!(addresses(&store.page(None, 2).await.unwrap()), [1, 50]);
    assert_eq!(addresses(&store.page(Some(at(50)), 2).await.unwrap()), [100, 150]);
    assert_eq!(addresses(&store.page(Some(at(49)), 1).await.unwrap()), [50], "the mark need not be a row");
    let rest = store.page(Some(at(150)), 10).await.unwrap();
    assert_eq!(rest.len(), 2);
    assert_eq!(*rest[1], high, "addresses are ordered as numbers without sign");
    assert_eq!(store.page(Some(high.address), 10).await.unwrap(), []);
    assert_eq!(store.page(None, 0).await.unwrap(), []);
    assert_eq!(store.page(None, 100).await.unwrap().len(), 6);
}

/// Rows of before [`LeaseStore6::keep_extended_info`] are found as well where the store has them in memory.
pub async fn rows_are_found_by_extended_info(factory: &impl Factory) {
    let (store, _) = fresh(factory).await;
    let context = |relay: &str, remote: &str| {
        format!(
            r#"{{ "ISC": {{ "relay-info": [ {{ "relay-id": "{relay}" }}, {{ "relay-id": "FF", "remote-id": "{remote}" }} ] }} }}"#
        )
    };
    let with = |last: u8, context: String| Lease6 { user_context: Some(context.into()), ..lease(at(last)) };
    store.keep_extended_info(true);
    for last in [9, 3, 7, 5, 1] {
        add(&*store, with(last, context("0A0B", if last > 4 { "01" } else { "02" }))).await;
        add(&*store, lease(at(last + 1))).await;
    }
    let relay = ExtendedKey::RelayId([0x0a, 0x0b].into());
    let remote = |id: u8| ExtendedKey::RemoteId([id].into());
    let found = async |key: &ExtendedKey, after: Option<u8>, limit: usize| {
        addresses(&store.by_extended_info(key, after.map(at), limit).await.unwrap())
    };
    assert_eq!(found(&relay, None, 3).await, [1, 3, 5]);
    assert_eq!(found(&relay, Some(5), 3).await, [7, 9]);
    assert_eq!(found(&relay, Some(9), 3).await, []);
    assert_eq!(found(&remote(1), None, 9).await, [5, 7, 9]);
    assert_eq!(found(&remote(2), Some(1), 9).await, [3]);
    assert_eq!(found(&ExtendedKey::Subnet(SubnetId(1)), Some(3), 3).await, [4, 5, 6]);
    assert_eq!(found(&ExtendedKey::RelayId([1].into()), None, 9).await, []);

    // A row that is changed is found by what it says then; one that is gone by nothing.
    let row = store.by_address(at(5)).await.unwrap().unwrap();
    let next = Lease6 { cltt: Timestamp(NOW + 1), ..with(5, context("0A0B", "03")) };
    assert_eq!(store.update(next, &row).await.unwrap(), Updated::Yes);
    let row = store.by_address(at(7)).await.unwrap().unwrap();
    let next = Lease6 { cltt: Timestamp(NOW + 1), ..lease(at(7)) };
    assert_eq!(store.update(next, &row).await.unwrap(), Updated::Yes);
    let row = store.by_address(at(1)).await.unwrap().unwrap();
    assert_eq!(store.delete(&row).await.unwrap(), Updated::Yes);
    assert_eq!(found(&relay, None, 9).await, [3, 5, 9]);
    assert_eq!((found(&remote(1), None, 9).await, found(&remote(3), None, 9).await), (vec![9], vec![5]));

    // What was written while nobody wanted it is found once it is brought up to date.
    store.keep_extended_info(false);
    add(&*store, with(20, context("0A0B", "04"))).await;
    store.keep_extended_info(true);
    store.renew_extended_info().await.unwrap();
    assert_eq!(
        (found(&relay, None, 9).await, found(&remote(4), None, 9).await),
        (vec![3, 5, 9, 20], vec![20])
    );
}

pub async fn expired_rows_come_oldest_first(factory: &impl Factory) {
    let (store, _) = fresh(factory).await;
    let rows = [
        (1, 1, 30, LeaseState::Default),
        (2, 2, 10, LeaseState::Default),
        (3, 1, 20, LeaseState::Declined),
        (4, 2, 5, LeaseState::ExpiredReclaimed),
        (5, 1, 5, LeaseState::Released),
        (6, 3, 20, LeaseState::Default),
        (7, 1, u32::MAX, LeaseState::Default),
        (8, 1, 40, LeaseState::Default),
    ];
    for (last, subnet, lifetime, state) in rows {
        let (subnet_id, valid_lifetime) = (SubnetId(subnet), Seconds(lifetime));
        add(&*store, Lease6 { subnet_id, valid_lifetime, state, ..lease(at(last)) }).await;
    }
    let expired =
        async |after: u64, limit| addresses(&store.expired(Timestamp(NOW + after), limit).await.unwrap());
    assert_eq!(expired(9, 0).await, []);
    assert_eq!(expired(10, 0).await, [2], "an end that is now has passed");
    assert_eq!(expired(30, 0).await, [2, 3, 6, 1]);
    assert_eq!(expired(30, 3).await, [2, 3, 6]);
    assert_eq!(expired(1 << 33, 0).await, [2, 3, 6, 1, 8], "infinite leases do not end");
    let of = async |subnet, after: u64, limit| {
        addresses(&store.expired_in(SubnetId(subnet), Timestamp(NOW + after), limit).await.unwrap())
    };
    assert_eq!(of(1, 100, 0).await, [3, 1, 8]);
    assert_eq!(of(1, 100, 1).await, [3]);
    assert_eq!(of(2, 100, 0).await, [2]);
    assert_eq!(of(9, 100, 0).await, []);

    // A renewal moves the end, a move to another subnet takes it along, a deletion removes it.
    let row = store.by_address(at(2)).await.unwrap().unwrap();
    let renewed = Lease6 { cltt: Timestamp(NOW + 25), subnet_id: SubnetId(1), ..(*row).clone() };
    assert_eq!(store.update(renewed, &row).await.unwrap(), Updated::Yes);
    assert_eq!(of(2, 100, 0).await, []);
    assert_eq!(of(1, 100, 0).await, [3, 1, 2, 8]);
    let row = store.by_address(at(3)).await.unwrap().unwrap();
    assert_eq!(store.delete(&row).await.unwrap(), Updated::Yes);
    assert_eq!(expired(100, 0).await, [6, 1, 2, 8]);
}

pub async fn states_are_found_by_subnet(factory: &impl Factory) {
    let (store, _) = fresh(factory).await;
    for (last, subnet, state) in [
        (1, 1, LeaseState::Default),
        (2, 2, LeaseState::Declined),
        (3, 1, LeaseState::Declined),
        (4, 1, LeaseState::Released),
        (5, 2, LeaseState::ExpiredReclaimed),
        (6, 2, LeaseState::Default),
    ] {
        add(&*store, Lease6 { subnet_id: SubnetId(subnet), state, ..lease(at(last)) }).await;
    }
    for (state, subnet, found) in [
        (LeaseState::Default, None, vec![1, 6]),
        (LeaseState::Default, Some(1), vec![1]),
        (LeaseState::Declined, None, vec![2, 3]),
        (LeaseState::Declined, Some(1), vec![3]),
        (LeaseState::Declined, Some(3), vec![]),
        (LeaseState::Released, None, vec![4]),
        (LeaseState::ExpiredReclaimed, Some(2), vec![5]),
        (LeaseState::Registered, None, vec![]),
    ] {
        let page = store.by_state(state, subnet.map(SubnetId)).await.unwrap();
        assert_eq!(addresses(&page), found, "{state:?} {subnet:?}");
    }
}

pub async fn reclaimed_rows_are_flushed(factory: &impl Factory) {
    let (store, follower) = fresh(factory).await;
    for (last, end, state) in [
        (1, 10, LeaseState::ExpiredReclaimed),
        (2, 20, LeaseState::Released),
        (3, 30, LeaseState::ExpiredReclaimed),
        (4, 10, LeaseState::Default),
        (5, 10, LeaseState::Declined),
    ] {
        add(&*store, Lease6 { valid_lifetime: Seconds(end), state, ..lease(at(last)) }).await;
    }
    assert_eq!(store.flush_reclaimed(Timestamp(NOW + 100), Seconds(91)).await.unwrap(), 0);
    assert_eq!(store.flush_reclaimed(Timestamp(NOW + 100), Seconds(80)).await.unwrap(), 2);
    assert_eq!(addresses(&store.page(None, 10).await.unwrap()), [3, 4, 5]);
    assert_eq!(store.flush_reclaimed(Timestamp(NOW + 100), Seconds::INFINITE).await.unwrap(), 0);
    assert_eq!(store.flush_reclaimed(Timestamp(5), Seconds(10)).await.unwrap(), 0);
    assert_eq!(store.flush_reclaimed(Timestamp(NOW + 100), Seconds(0)).await.unwrap(), 1);
    assert_eq!(follower.rows().len(), 2);
}

pub async fn subnets_are_wiped(factory: &impl Factory) {
    let (store, follower) = fresh(factory).await;
    for number in 0..3000u32 {
        let address = Ipv6Addr::from((0xfd00_0000 << 96) + u128::from(number));
        add(&*store, Lease6 { subnet_id: SubnetId(number % 2 + 1), ..lease(address) }).await;
    }
    assert_eq!(store.wipe(Some(SubnetId(7))).await.unwrap(), 0);
    assert_eq!(store.wipe(Some(SubnetId(2))).await.unwrap(), 1500);
    assert_eq!(store.by_subnet(SubnetId(2)).await.unwrap(), []);
    assert_eq!(store.by_subnet(SubnetId(1)).await.unwrap().len(), 1500);
    assert_eq!(follower.rows().len(), 1500);
    assert_eq!(store.wipe(None).await.unwrap(), 1500);
    assert_eq!(store.page(None, 1).await.unwrap(), []);
    assert_eq!(follower.rows(), []);
    store.commit(store.mark()).await.unwrap();
}

pub async fn observers_follow_in_order(factory: &impl Factory) {
    // The follower itself checks that each report fits the one before.
    let (store, follower) = fresh(factory).await;
    let first = add(&*store, lease(at(1))).await;
    let renewed = Lease6 { cltt: Timestamp(NOW + 1), ..lease(at(1)) };
    assert_eq!(store.update(renewed.clone(), &first).await.unwrap(), Updated::Yes);
    assert_eq!(follower.rows(), std::slice::from_ref(&renewed));
    assert_eq!(store.update(renewed.clone(), &first).await.unwrap(), Updated::Conflict);
    assert!(matches!(store.add(lease(at(1))).await.unwrap(), Added6::Exists(_)));
    assert_eq!(store.delete(&first).await.unwrap(), Updated::Conflict);
    assert_eq!(follower.rows(), std::slice::from_ref(&renewed), "what does not happen is not reported");
    assert_eq!(store.delete(&renewed).await.unwrap(), Updated::Yes);
    assert_eq!(follower.rows(), []);
}

pub async fn commits_cover_what_was_written(factory: &impl Factory) {
    let (store, _) = fresh(factory).await;
    let mark = store.mark();
    store.commit(mark).await.unwrap();
    add(&*store, lease(at(1))).await;
    let ticket = store.commit(mark);
    add(&*store, lease(at(2))).await;
    let later = store.commit(store.mark());
    // A worker may wait later, in any order, or not at all.
    later.await.unwrap();
    ticket.await.unwrap();
    add(&*store, lease(at(3))).await;
    drop(store.commit(mark));
    store.commit(mark).await.unwrap();
}

pub async fn concurrent_adds_have_one_winner(factory: &impl Factory) {
    let (store, follower) = fresh(factory).await;
    let store = &store;
    let winners: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..4u32)
            .map(|number| {
                scope.spawn(move || {
                    let mut won = 0;
                    for host in 0..200u8 {
                        let mark = store.mark();
                        let mine = Lease6 {
                            pool_id: PoolId(number),
                            ..lease(Ipv6Addr::from((0xfd00_0000 << 96) + u128::from(host)))
                        };
                        match block_on(store.add(mine)).unwrap() {
                            Added6::Yes => won += 1,
                            Added6::Exists(row) => assert_ne!(row.pool_id, PoolId(number)),
                        }
                        block_on(store.commit(mark)).unwrap();
                    }
                    won
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((winners, follower.rows().len()), (200, 200));
}

/// A store of the simplest kind.
#[derive(Default)]
struct Model(BTreeMap<Ipv6Addr, Lease6>);

impl Model {
    fn all(&self, keep: impl Fn(&Lease6) -> bool) -> Vec<Lease6> {
        self.0.values().filter(|lease| keep(lease)).cloned().collect()
    }

    fn ended(&self, now: Timestamp, keep: impl Fn(&Lease6) -> bool) -> Vec<Lease6> {
        let mut ended = self.all(|lease| {
            keep(lease)
                && lease.is_expired(now)
                && lease.expires() != Timestamp(u64::MAX)
                && matches!(lease.state, LeaseState::Default | LeaseState::Declined | LeaseState::Registered)
        });
        ended.sort_by_key(|lease| (lease.expires(), lease.address));
        ended
    }
}

/// A lease with few values per field, so that keys collide often.
pub fn random_lease(random: &mut impl Random) -> Lease6 {
    let mut pick = |bound: u8| u8::try_from(random.below(u64::from(bound))).unwrap();
    let (host, client, name) = (pick(40), pick(6), pick(4));
    let is_prefix = pick(3) == 0;
    Lease6 {
        lease_type: if is_prefix { LeaseType::Pd } else { LeaseType::Na },
        address: at(host),
        prefix_length: if is_prefix { 56 } else { 128 },
        duid: Duid::new(&[0, 2, client]).unwrap(),
        iaid: Iaid(pick(2).into()),
        preferred_lifetime: Seconds(pick(20).into()),
        hw_addr: (client > 0).then(|| HwAddr::new(1, &[client; 6]).unwrap()),
        hw_addr_source: if client > 0 { HwAddrSource::RAW } else { HwAddrSource::UNKNOWN },
        subnet_id: SubnetId(u32::from(pick(3)) + 1),
        pool_id: PoolId(u32::from(pick(2))),
        cltt: Timestamp(NOW + u64::from(pick(50))),
        valid_lifetime: if pick(10) == 0 { Seconds::INFINITE } else { Seconds(u32::from(pick(50)) + 1) },
        state: LeaseState::from_code(pick(5)).unwrap(),
        hostname: ["", "a.example", "A.example", "b.example"][usize::from(name)].into(),
        fqdn_fwd: pick(2) == 0,
        fqdn_rev: pick(2) == 0,
        user_context: (pick(4) == 0).then(|| Arc::from("{ \"a\": 1 }")),
    }
}

pub async fn random_changes_equal_a_model(factory: &impl Factory) {
    for seed in 1..=4 {
        let (store, follower) = fresh(factory).await;
        let (mut model, mut random) = (Model::default(), XorShift::new(seed));
        for step in 0..600 {
            let lease = random_lease(&mut random);
            let row = model.0.get(&lease.address).cloned();
            let stale = random.below(5) == 0;
            let expected = match &row {
                Some(row) if !stale => row.clone(),
                _ => random_lease(&mut random),
            };
            let expected = Lease6 { address: lease.address, ..expected };
            let holds = row.as_ref().is_some_and(|row| {
                (row.lease_type, row.prefix_length, &row.duid, row.iaid, &row.hw_addr, row.state)
                    == (
                        expected.lease_type,
                        expected.prefix_length,
                        &expected.duid,
                        expected.iaid,
                        &expected.hw_addr,
                        expected.state,
                    )
                    && (row.cltt, row.preferred_lifetime, row.valid_lifetime)
                        == (expected.cltt, expected.preferred_lifetime, expected.valid_lifetime)
            });
            let outcome = if holds { Updated::Yes } else { Updated::Conflict };
            match random.below(10) {
                0..4 => match (store.add(lease.clone()).await.unwrap(), row) {
                    (Added6::Yes, None) => {
                        model.0.insert(lease.address, lease);
                    }
                    (Added6::Exists(there), Some(row)) => assert_eq!(*there, row),
                    (added, row) => panic!("seed {seed} step {step}: {added:?} where the model has {row:?}"),
                },
                4..7 => {
                    let holds = holds && lease.lease_type == expected.lease_type;
                    let outcome = if holds { Updated::Yes } else { Updated::Conflict };
                    assert_eq!(store.update(lease.clone(), &expected).await.unwrap(), outcome);
                    if holds {
                        model.0.insert(lease.address, lease);
                    }
                }
                7..9 => {
                    assert_eq!(store.delete(&expected).await.unwrap(), outcome);
                    if holds {
                        model.0.remove(&lease.address);
                    }
                }
                _ if random.below(10) == 0 => {
                    let now = Timestamp(NOW + 60);
                    let gone = model.all(|lease| {
                        matches!(lease.state, LeaseState::ExpiredReclaimed | LeaseState::Released)
                            && lease.expires().0.saturating_add(10) <= now.0
                    });
                    assert_eq!(store.flush_reclaimed(now, Seconds(10)).await.unwrap(), gone.len() as u64);
                    gone.iter().for_each(|lease| drop(model.0.remove(&lease.address)));
                }
                _ => store.commit(store.mark()).await.unwrap(),
            }
            if step % 20 == 0 {
                equal(&*store, &model).await;
                assert_eq!(follower.rows(), model.all(|_| true));
            }
        }
        equal(&*store, &model).await;
    }
}

async fn equal(store: &dyn LeaseStore6, model: &Model) {
    fn same(page: Page6, rows: Vec<Lease6>) {
        assert_eq!(page.iter().map(|lease| &**lease).collect::<Vec<_>>(), rows.iter().collect::<Vec<_>>());
    }
    same(store.page(None, usize::MAX).await.unwrap(), model.all(|_| true));
    for client in 0..6u8 {
        let id = Duid::new(&[0, 2, client]).unwrap();
        let rows = model.all(|lease| lease.duid == id);
        same(store.by_duid(&id).await.unwrap(), rows);
        for (lease_type, iaid) in
            [(LeaseType::Na, Iaid(1)), (LeaseType::Pd, Iaid(0)), (LeaseType::Na, Iaid(7))]
        {
            let rows =
                model.all(|lease| lease.duid == id && (lease.lease_type, lease.iaid) == (lease_type, iaid));
            same(store.by_ia(lease_type, &id, iaid).await.unwrap(), rows);
        }
        let hw_addr = HwAddr::new(1, &[client; 6]).unwrap();
        let rows = model.all(|lease| lease.hw_addr.as_ref() == Some(&hw_addr));
        same(store.by_hw_addr(&hw_addr).await.unwrap(), rows);
    }
    for name in ["a.example", "b.example", "c.example"] {
        let rows = model.all(|lease| lease.hostname.eq_ignore_ascii_case(name));
        same(store.by_hostname(name).await.unwrap(), rows);
    }
    for now in [NOW, NOW + 30, NOW + 70, NOW + 100].map(Timestamp) {
        same(store.expired(now, 0).await.unwrap(), model.ended(now, |_| true));
        let first: Vec<_> = model.ended(now, |_| true).into_iter().take(3).collect();
        same(store.expired(now, 3).await.unwrap(), first);
    }
    for subnet in (1..=4).map(SubnetId) {
        let within = |lease: &Lease6| lease.subnet_id == subnet;
        same(store.by_subnet(subnet).await.unwrap(), model.all(within));
        let now = Timestamp(NOW + 60);
        same(store.expired_in(subnet, now, 0).await.unwrap(), model.ended(now, within));
        for state in (0..5).filter_map(LeaseState::from_code) {
            let rows = model.all(|lease| lease.state == state && within(lease));
            same(store.by_state(state, Some(subnet)).await.unwrap(), rows);
            let rows = model.all(|lease| lease.state == state);
            same(store.by_state(state, None).await.unwrap(), rows);
        }
    }
}
