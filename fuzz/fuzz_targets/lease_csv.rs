//! DHCPv4 lease files: reading, writing back by the cleanup, reading again, taking over as the live file.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use base::Timestamp;
use lease::suite::{Follower, block_on};
use lease::{Durable, Lease4, LeaseObserver4, LeaseStore4};
use libfuzzer_sys::fuzz_target;
use memfile::sim::SimStorage;
use memfile::{Durability, Memfile4, Runner, Settings, read_leases4};

const PATH: &str = "/kea-leases4.csv";

/// Opens the store on the disk; its rows, as the observer was told of them as well.
fn open(storage: &SimStorage) -> Option<(Arc<Memfile4>, Vec<Lease4>)> {
    let follower = Arc::new(Follower::default());
    let settings = Settings { durability: Durability::Os, ..Settings::new(PATH) };
    let observer = Arc::clone(&follower) as Arc<dyn LeaseObserver4>;
    let storage = Arc::new(storage.clone());
    let (store, _) = Memfile4::open_on(storage, settings, observer, Timestamp(0), Runner::Caller).ok()?;
    let rows: Vec<Lease4> =
        block_on(store.page(None, usize::MAX)).unwrap().iter().map(|lease| (**lease).clone()).collect();
    assert_eq!(rows, follower.rows());
    Some((store, rows))
}

fuzz_target!(|text: &[u8]| {
    let read = read_leases4(text);
    let storage = SimStorage::new(1);
    storage.put(Path::new(PATH), text);
    let Some((store, rows)) = open(&storage) else {
        assert!(read.is_err());
        return;
    };
    let (leases, _) = read.unwrap();
    assert!(leases.iter().map(|lease| &**lease).eq(&rows));
    // The next row is not glued to a torn one.
    let mark = store.mark();
    let mut expected = rows;
    let fresh = lease::suite::lease([203, 0, 113, 7].into());
    if let Ok(lease::Added::Yes) = block_on(store.add(fresh.clone())) {
        expected.push(fresh);
        expected.sort_by_key(|lease| lease.address);
    }
    block_on(store.commit(mark)).unwrap();
    drop(store);
    let (store, rows) = open(&storage).unwrap();
    assert_eq!(rows, expected);
    store.clean_up().unwrap();
    drop(store);
    let (_, rows) = open(&storage).unwrap();
    assert_eq!(rows, expected);
});
