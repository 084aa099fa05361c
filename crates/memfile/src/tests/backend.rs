//! The tests that every lease store must pass, in each mode.

use std::future::{Ready, ready};
use std::sync::Arc;

use base::Timestamp;
use lease::suite::block_on;
use lease::{LeaseObserver4, LeaseStore4};
use tempfile::TempDir;

use crate::{Durability, Memfile4, Settings};

/// A store and the directory that lives as long.
fn open(durability: Durability, observer: Arc<dyn LeaseObserver4>) -> Ready<Arc<dyn LeaseStore4>> {
    let dir = TempDir::new().unwrap();
    let settings = Settings { durability, ..Settings::new(dir.path().join("leases4.csv")) };
    let (store, report) = Memfile4::open(settings, observer, Timestamp(0)).unwrap();
    assert_eq!((report.rows, report.leases), (0, 0));
    // The files go with the process's directory for temporary files; an unlinked file serves as well.
    ready(store)
}

mod fsync {
    use super::*;
    lease::lease4_suite!(|observer| open(Durability::Fsync, observer), block_on);
}

mod os {
    use super::*;
    lease::lease4_suite!(|observer| open(Durability::Os, observer), block_on);
}

mod memory {
    use super::*;
    lease::lease4_suite!(|observer| open(Durability::None, observer), block_on);
}
