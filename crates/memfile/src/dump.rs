//! Writing all leases to a file at once: `lease4-write`, `lease6-write`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::journal::Journal;
use crate::kind::Leased;
use crate::storage::{Locked, OpenMode, Storage, write_all};
use crate::store::Shared;
use crate::ticket::lock;

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Header and rows of all leases.
fn text<L: Leased>(leases: &[Arc<L>]) -> Vec<u8> {
    let mut text = L::SCHEMA.header_line().into_bytes();
    for lease in leases {
        lease.push_lease(&mut text);
    }
    text
}

/// What has the name of a file whose replacement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Old,
    New,
    Nothing,
}

/// Writes a file so that a crash leaves the old one, the new one, or the old one as `.bak` with the process number.
fn replace(storage: &dyn Storage, path: &Path, text: &[u8]) -> Result<(), (io::Error, Named)> {
    let (new, old) = (with(path, ".tmp"), with(path, &format!(".bak{}", std::process::id())));
    let still = |error| (error, Named::Old);
    put(storage, &new, text).map_err(still)?;
    let there = storage.exists(path).map_err(still)?;
    if there {
        storage.rename(path, &old).map_err(still)?;
    }
    if let Err(error) = storage.rename(&new, path) {
        let back = there && storage.rename(&old, path).is_ok();
        return Err((error, if back { Named::Old } else { Named::Nothing }));
    }
    storage.sync_dir(path).map_err(|error| (error, Named::New))
}

fn put(storage: &dyn Storage, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = storage.append(path, OpenMode::New)?;
    write_all(&mut *file, text)?;
    file.sync()
}

/// Writes all leases that are durable to `path`, which may be the live file.
pub(crate) fn write<L: Leased>(shared: &Shared<L>, path: &Path) -> io::Result<()> {
    shared.flush();
    let storage = &*shared.storage;
    let Some(journal) = &shared.journal else {
        return replace(storage, path, &text(&shared.durable())).map_err(|(error, _)| error);
    };
    // Nobody writes meanwhile, and every batch's fate is known.
    let mut journal = lock(journal);
    let leases = shared.durable();
    if path == shared.files.live {
        rewrite(shared, &mut journal, &leases)
    } else {
        replace(storage, path, &text(&leases)).map_err(|(error, _)| error)
    }
}

/// Puts a new live file in the place of all lease files.
///
/// The files that stay on the way always say the same: the new rows first take the place of the cleanup's result,
/// then of its inputs, and at last of the live file.
fn rewrite<L: Leased>(shared: &Shared<L>, journal: &mut Journal, leases: &[Arc<L>]) -> io::Result<()> {
    let (storage, files) = (&*shared.storage, &shared.files);
    let _mine = match storage.lock(&files.pid)? {
        Locked::Mine(held) => held,
        Locked::Taken(_) => {
            return Err(io::Error::other("the lease file is being cleaned up; try again later"));
        }
    };
    let text = text(leases);
    put(storage, &files.output, &text)?;
    storage.rename(&files.output, &files.finish)?;
    storage.sync_dir(&files.live)?;
    storage.remove(&files.previous)?;
    storage.sync_dir(&files.live)?;
    storage.remove(&files.input)?;
    storage.sync_dir(&files.live)?;
    // The completed file has it all, so whatever the live file is now, it may go on from there; but a file that lost
    // its name takes no more rows.
    match replace(storage, &files.live, &text) {
        Ok(()) => {}
        Err((error, Named::Old)) => return Err(error),
        Err((error, Named::New)) => {
            journal.adopt(text.len() as u64, leases.len() as u64)?;
            return Err(error);
        }
        Err((error, Named::Nothing)) => {
            journal.give_up();
            return Err(error);
        }
    }
    journal.adopt(text.len() as u64, leases.len() as u64)?;
    storage.remove(&files.finish)?;
    storage.sync_dir(&files.live)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use base::Timestamp;
    use lease::{Durable, Lease4, LeaseStore4, NoObserver};

    use super::*;
    use crate::{Durability, Memfile4, Settings};

    fn lease(last: u8) -> Lease4 {
        Lease4 { address: Ipv4Addr::new(192, 0, 2, last), ..crate::row4::tests::sample() }
    }

    fn open(path: &Path, durability: Durability) -> Arc<Memfile4> {
        let settings = Settings { durability, ..Settings::new(path) };
        Memfile4::open(settings, Arc::new(NoObserver), Timestamp(1)).unwrap().0
    }

    async fn add(store: &Memfile4, last: u8) {
        let mark = store.mark();
        store.add(lease(last)).await.unwrap();
        store.commit(mark).await.unwrap();
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        lease::suite::block_on(future)
    }

    #[test]
    fn another_file_holds_the_leases_and_the_journal_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let (live, copy) = (dir.path().join("l.csv"), dir.path().join("c.csv"));
        block_on(async {
            let store = open(&live, Durability::Fsync);
            add(&store, 1).await;
            store.write_to(&copy).unwrap();
            add(&store, 2).await;
            store.write_to(&copy).unwrap();
        });
        assert_eq!(open(&copy, Durability::Os).len(), 2);
        assert_eq!(open(&live, Durability::Os).len(), 2);
        let old = with(&copy, &format!(".bak{}", std::process::id()));
        assert_eq!(open(&old, Durability::Os).len(), 1);
    }

    #[test]
    fn the_live_file_is_made_anew_from_memory() {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("l.csv");
        block_on(async {
            let store = open(&live, Durability::Fsync);
            add(&store, 1).await;
            store.clean_up().unwrap();
            let first = store.by_address(lease(1).address).await.unwrap().unwrap();
            store.delete(&first).await.unwrap();
            add(&store, 2).await;
            std::fs::write(&live, "Empty_File\n").unwrap();
            store.write_to(&live).unwrap();
            add(&store, 3).await;
        });
        let kept = std::fs::read_to_string(with(&live, &format!(".bak{}", std::process::id()))).unwrap();
        assert_eq!(kept, "Empty_File\n");
        let store = open(&live, Durability::Os);
        let found: Vec<u8> =
            block_on(store.page(None, 9)).unwrap().iter().map(|l| l.address.octets()[3]).collect();
        assert_eq!(found, [2, 3]);
    }

    #[test]
    fn a_store_without_a_journal_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("l.csv");
        block_on(async {
            let store = open(&live, Durability::None);
            add(&store, 1).await;
            store.write_to(&live).unwrap();
        });
        assert_eq!(open(&live, Durability::Os).len(), 1);
    }
}
