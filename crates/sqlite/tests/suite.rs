//! The tests of every configuration backend, on SQLite.

use backend::suite::TESTS;
use base::Family;

#[test]
fn backend_suite() {
    let mut failed = Vec::new();
    for (name, test) in TESTS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kea.sqlite");
        let (first, second) = (sqlite::open(&path, Family::V4), sqlite::open(&path, Family::V4));
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&first, &second))).is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}
