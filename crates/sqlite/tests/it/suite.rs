//! The tests of every configuration backend, on SQLite.

#[test]
fn backend_suite() {
    let mut directories = Vec::new();
    backend::suite::run(&mut |family| {
        let directory = tempfile::tempdir().unwrap();
        let open = || Box::new(sqlite::open(directory.path().join("kea.sqlite"), family));
        let pair = (open(), open());
        directories.push(directory);
        (pair.0, pair.1)
    });
}

#[test]
fn suite_of_hosts() {
    let mut directories = Vec::new();
    backend::suite::run_hosts(&mut |family| {
        let directory = tempfile::tempdir().unwrap();
        let database = sqlite::open(directory.path().join("kea.sqlite"), family);
        directories.push(directory);
        Box::new(sql::Hosts::new(database, false))
    });
}
