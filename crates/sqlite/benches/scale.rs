//! A database with 10,000 subnets: writing, fetching everything, fetching what changed, asking whether anything did.
//! `cargo bench -p sqlite`

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, Instant};

use backend::suite::{apply, server, subnet, tag, wait};
use backend::{Change, ConfigBackend, Pulled, Puller};
use base::Family;

fn one(id: u32) -> Change {
    let (a, b) = (id >> 8, id & 255);
    let more = format!(
        r#""pools": [{{"pool": "10.{a}.{b}.10-10.{a}.{b}.200"}}], "valid-lifetime": 4000,
           "option-data": [{{"code": 3, "space": "dhcp4", "csv-format": true, "data": "10.{a}.{b}.1"}},
                           {{"code": 6, "space": "dhcp4", "csv-format": true, "data": "10.0.0.1, 10.0.0.2"}}]"#
    );
    subnet(&["abc"], id, &format!("10.{a}.{b}.0/24"), None, &more)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    let took = start.elapsed();
    println!("{what:<48} {:>10.3} ms", took.as_secs_f64() * 1e3);
    (value, took)
}

fn main() {
    const SUBNETS: u32 = 10_000;
    let directory = tempfile::tempdir().unwrap();
    let db = sqlite::open(directory.path().join("kea.sqlite"), Family::V4);
    apply(&db, [server("abc"), server("xyz")]).unwrap();
    timed("store 10,000 subnets in one transaction", || apply(&db, (1..=SUBNETS).map(one)).unwrap());

    let mut puller = Puller::new(tag("abc"));
    let pull = |puller: &mut Puller| {
        let pulled = wait(db.pull(tag("abc"), puller.cursor().cloned())).unwrap();
        puller.offer(pulled);
        puller.commit();
    };
    let ((), full) = timed("fetch everything", || pull(&mut puller));
    assert_eq!(puller.objects().subnets.len(), 10_000);
    assert!(full < Duration::from_secs(1), "{full:?}");

    let (_, idle) = timed("1,000 idle pulls", || {
        for _ in 0..1000 {
            assert_eq!(wait(db.pull(tag("abc"), puller.cursor().cloned())).unwrap(), Pulled::Nothing);
        }
    });
    assert!(idle < Duration::from_secs(1), "{idle:?}");
    timed("1,000 change marks", || {
        for _ in 0..1000 {
            wait(db.change_mark()).unwrap();
        }
    });
    timed("300 subnets set one by one", || {
        for id in 1..=300 {
            apply(&db, [one(id)]).unwrap();
        }
    });
    timed("fetch 300 that changed", || pull(&mut puller));
    timed("1,000 searches for overlaps", || {
        for id in 1..=1000 {
            assert_eq!(
                wait(db.overlapping(format!("10.{}.{}.128/25", id >> 8, id & 255).parse().unwrap()))
                    .unwrap()
                    .len(),
                1
            );
        }
    });
    apply(&db, (1..=SUBNETS).map(one)).unwrap();
    timed("fetch 10,000 that changed", || pull(&mut puller));
    timed("merge with an empty file", || {
        let selector = backend::ServerSelector::of(&[tag("abc")]);
        assert_eq!(
            backend::merge4(&config::Written4::default(), puller.objects(), &selector).subnets.len(),
            10_000
        );
    });
}
