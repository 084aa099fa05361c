//! Power cuts, kills and failing disks on the simulated file layer, at every operation of random histories.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Random, Seconds, Timestamp, XorShift};
use lease::suite::{Follower, block_on, random_lease};
use lease::{Added, Durable, Lease4, LeaseObserver4, LeaseState, LeaseStore4, StoreError, Updated};

use crate::sim::{Fault, SimStorage};
use crate::{Durability, LeaseFiles, Memfile4, Runner, Settings};

const PATH: &str = "/leases/kea-leases4.csv";

type Rows = BTreeMap<Ipv4Addr, Lease4>;

/// A server's life on one disk, and what it may remember.
struct World {
    storage: SimStorage,
    seed: u64,
    random: XorShift,
    durability: Durability,
    store: Option<(Arc<Memfile4>, Arc<Follower>)>,
    /// What clients were told of.
    acked: Rows,
    /// The rows as they are in memory.
    model: Rows,
    /// Rows that may be on the disk beside those of `acked`: written, but not known to be durable.
    maybe: BTreeMap<Ipv4Addr, Vec<Option<Lease4>>>,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            storage: SimStorage::new(seed),
            seed,
            random: XorShift::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            durability: Durability::Fsync,
            store: None,
            acked: Rows::new(),
            model: Rows::new(),
            maybe: BTreeMap::new(),
        }
    }

    fn open(&mut self) -> Result<(), StoreError> {
        let follower = Arc::new(Follower::default());
        let settings =
            Settings { durability: self.durability, lfc_interval: Seconds(0), ..Settings::new(PATH) };
        let (store, report) = Memfile4::open_on(
            Arc::new(self.storage.clone()),
            settings,
            Arc::clone(&follower) as Arc<dyn LeaseObserver4>,
            Timestamp(0),
            Runner::Caller,
        )?;
        assert_eq!(report.leases, store.len() as u64);
        self.store = Some((store, follower));
        Ok(())
    }

    fn rows(&self) -> Rows {
        let (store, follower) = self.store.as_ref().unwrap();
        let page = block_on(store.page(None, usize::MAX)).unwrap();
        let rows: Rows = page.iter().map(|lease| (lease.address, (**lease).clone())).collect();
        assert_eq!(follower.rows(), rows.values().cloned().collect::<Vec<_>>(), "the observer lost track");
        rows
    }

    /// Opens after a crash. Every acknowledged row must be there, unless a later row of its address is.
    fn reopen(&mut self) {
        self.store = None;
        if let Err(error) = self.open() {
            panic!("does not start: {error}");
        }
        let rows = self.rows();
        for address in (0..=255).map(|last| Ipv4Addr::new(192, 0, 2, last)) {
            let (row, acked) = (rows.get(&address), self.acked.get(&address));
            let later =
                self.maybe.get(&address).is_some_and(|rows| rows.iter().any(|maybe| maybe.as_ref() == row));
            assert!(row == acked || later, "seed {}: {row:?}\nbut acknowledged was {acked:?}", self.seed);
        }
        self.acked = rows.clone();
        self.model = rows;
        self.maybe.clear();
    }

    fn note(&mut self, address: Ipv4Addr, row: Option<Lease4>) {
        match &row {
            Some(lease) => drop(self.model.insert(address, lease.clone())),
            None => drop(self.model.remove(&address)),
        }
        self.maybe.entry(address).or_default().push(row);
    }

    fn change(&mut self, store: &Memfile4) {
        let lease = random_lease(&mut self.random);
        match self.model.get(&lease.address).cloned() {
            None => {
                assert_eq!(block_on(store.add(lease.clone())).unwrap(), Added::Yes);
                self.note(lease.address, Some(lease));
            }
            Some(row) if self.random.below(4) == 0 => {
                assert_eq!(block_on(store.delete(&row)).unwrap(), Updated::Yes);
                self.note(row.address, None);
            }
            Some(row) => {
                assert_eq!(block_on(store.update(lease.clone(), &row)).unwrap(), Updated::Yes);
                self.note(lease.address, Some(lease));
            }
        }
    }

    /// Some batches and cleanups; ends early when the power goes.
    fn live(&mut self, batches: usize) {
        for _ in 0..batches {
            let (store, _) = self.store.clone().unwrap();
            let batches = store.status().batches;
            match self.random.below(12) {
                0 => drop(store.clean_up()),
                1 => {
                    let held = Seconds(u32::try_from(self.random.below(20)).unwrap());
                    let now = Timestamp(1_700_000_060);
                    block_on(store.flush_reclaimed(now, held)).unwrap();
                    let gone: Vec<Ipv4Addr> = (self.model.values())
                        .filter(|row| {
                            matches!(row.state, LeaseState::Released | LeaseState::ExpiredReclaimed)
                        })
                        .filter(|row| row.expires().0.saturating_add(u64::from(held.0)) <= now.0)
                        .map(|row| row.address)
                        .collect();
                    gone.into_iter().for_each(|address| self.note(address, None));
                }
                _ => {}
            }
            let mark = store.mark();
            for _ in 0..self.random.below(6) {
                self.change(&store);
            }
            match block_on(store.commit(mark)) {
                Ok(()) => {
                    self.acked = self.model.clone();
                    // Without a write, what an earlier failure left on the disk is still there.
                    if store.status().batches > batches {
                        self.maybe.clear();
                    }
                    assert_eq!(store.status().pending, 0);
                }
                Err(_) => {
                    // Undone in memory; the disk may still hold it until the next success.
                    self.model = self.acked.clone();
                    assert_eq!(self.rows(), self.acked, "a failed commit left rows behind");
                }
            }
            if self.storage.is_off() {
                return;
            }
        }
    }
}

/// How much to do; more at night.
fn histories(usual: u64) -> u64 {
    std::env::var("MEMFILE_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Where to begin, to repeat a failure.
fn first() -> u64 {
    std::env::var("MEMFILE_FIRST").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Operations of an undisturbed history.
fn length(seed: u64, batches: usize) -> u64 {
    let mut world = World::new(seed);
    world.open().unwrap();
    world.live(batches);
    world.storage.operations()
}

#[test]
fn power_cuts_at_every_operation() {
    let mut points = 0;
    for seed in first()..=histories(15) {
        for at in 1..=length(seed, 12) {
            let mut world = World::new(seed);
            world.storage.plan(Some(Fault::PowerCut { at }));
            if world.open().is_ok() {
                world.live(12);
            }
            world.store = None;
            world.storage.power_cycle();
            world.reopen();
            // Again, with another one somewhere in the new life, and a cleanup of whatever is there.
            let again = 1 + at % 17;
            world.storage.plan(Some(Fault::PowerCut { at: again }));
            drop(world.store.as_ref().unwrap().0.clean_up());
            if !world.storage.is_off() {
                world.live(4);
            }
            world.store = None;
            world.storage.power_cycle();
            world.reopen();
            world.store.as_ref().unwrap().0.clean_up().unwrap();
            world.store = None;
            world.reopen();
            points += 2;
        }
    }
    assert!(points > 1000, "{points} points");
}

#[test]
fn kills_at_every_operation_lose_nothing_even_without_sync() {
    for seed in first()..=histories(8) {
        for at in 1..=length(seed, 12) {
            let mut world = World::new(seed);
            world.durability = Durability::Os;
            world.storage.plan(Some(Fault::PowerCut { at }));
            if world.open().is_ok() {
                world.live(12);
            }
            world.store = None;
            world.storage.restart();
            world.reopen();
            world.store.as_ref().unwrap().0.clean_up().unwrap();
            world.live(3);
            world.store = None;
            world.reopen();
        }
    }
}

/// What a killed server wrote but did not sync is read by the next one, which answers clients by it.
#[test]
fn power_cuts_after_kills() {
    for seed in first()..=histories(10) {
        for at in 1..=length(seed, 12) {
            let mut world = World::new(seed);
            world.storage.plan(Some(Fault::PowerCut { at }));
            if world.open().is_ok() {
                world.live(12);
            }
            world.store = None;
            world.storage.restart();
            world.reopen();
            // No orderly end either.
            world.storage.plan(Some(Fault::PowerCut { at: 1 }));
            world.store = None;
            world.storage.power_cycle();
            world.reopen();
        }
    }
}

/// The cleanup cut short at each operation, and its repetition as well.
#[test]
fn power_cuts_within_a_cleanup() {
    let files = LeaseFiles::of(Path::new(PATH));
    let host = |last: u8, cltt: u64| Lease4 {
        cltt: Timestamp(cltt),
        ..lease::suite::lease(Ipv4Addr::new(192, 0, 2, last))
    };
    let content = |rows: &[Lease4], deleted: &[Lease4]| {
        let mut content = HEADER.as_bytes().to_vec();
        rows.iter().for_each(|lease| crate::row4::push_lease(lease, &mut content));
        deleted.iter().for_each(|lease| crate::row4::push_deletion(lease, &mut content));
        content
    };
    for seed in 1..=12 {
        for at in 1.. {
            let mut world = World::new(seed * 1000 + at);
            world.storage.put(&files.previous, &content(&[host(1, 10), host(2, 10), host(3, 10)], &[]));
            world.storage.put(&files.input, &content(&[host(2, 20), host(4, 20)], &[host(3, 10)]));
            world.storage.put(&files.live, &content(&[host(4, 30), host(5, 30)], &[]));
            world.open().unwrap();
            let rows = world.rows();
            assert_eq!(rows.len(), 4);
            world.storage.plan(Some(Fault::PowerCut { at }));
            let done = world.store.as_ref().unwrap().0.clean_up().is_ok();
            for again in [1 + at % 13, u64::MAX / 2] {
                if !world.storage.is_off() {
                    world.storage.plan(Some(Fault::PowerCut { at: 1 }));
                }
                world.store = None;
                world.storage.power_cycle();
                world.open().unwrap();
                assert_eq!(world.rows(), rows, "seed {seed} at {at}: {:?}", world.storage.names());
                world.storage.plan(Some(Fault::PowerCut { at: again }));
                let _ = world.store.as_ref().unwrap().0.clean_up();
                assert_eq!(world.rows(), rows);
            }
            assert_eq!(world.storage.names(), [files.live.clone(), files.previous.clone()]);
            if done {
                break;
            }
        }
    }
}

/// Writing the lease file anew from memory, with an error or a power cut at each operation.
#[test]
fn failures_within_a_rewrite() {
    for seed in 1..=8u64 {
        for at in 1.. {
            let mut world = World::new(seed * 1000 + at);
            world.open().unwrap();
            world.live(6);
            let (store, _) = world.store.clone().unwrap();
            let kind = ErrorKind::StorageFull;
            world.storage.plan(Some(match seed % 2 {
                0 => Fault::PowerCut { at },
                _ => Fault::Errors { at, count: 1 + seed / 2 % 3, kind },
            }));
            let done = store.write_to(Path::new(PATH)).is_ok();
            drop(store);
            if world.storage.is_off() {
                world.store = None;
                world.storage.power_cycle();
                world.reopen();
            }
            world.storage.plan(None);
            world.live(4);
            let rows = world.rows();
            if seed % 3 == 0 {
                world.store.as_ref().unwrap().0.clean_up().unwrap();
            }
            world.store = None;
            world.reopen();
            assert_eq!(world.rows(), rows, "seed {seed} at {at}");
            if done {
                break;
            }
        }
    }
}

#[test]
fn files_of_a_server_that_does_not_sync() {
    let files = LeaseFiles::of(Path::new(PATH));
    for seed in 1..=20 {
        let mut world = World::new(seed);
        for (last, path) in [(1, &files.previous), (2, &files.input), (3, &files.live)] {
            let mut content = HEADER.as_bytes().to_vec();
            crate::row4::push_lease(&lease::suite::lease(Ipv4Addr::new(192, 0, 2, last)), &mut content);
            world.storage.put_unsynced(path, &content);
        }
        world.open().unwrap();
        assert_eq!(world.rows().len(), 3);
        world.store = None;
        world.storage.power_cycle();
        world.open().unwrap();
        assert_eq!(world.rows().len(), 3);
    }
}

#[test]
fn errors_at_every_operation_are_undone_and_overcome() {
    let kinds = [ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem, ErrorKind::Other];
    for seed in first()..=histories(10) {
        let operations = length(seed, 12);
        for at in 1..=operations {
            let kind = kinds[usize::try_from(at).unwrap() % kinds.len()];
            let count = [1, 2, 5, u64::MAX / 2][usize::try_from(seed).unwrap() % 4];
            let mut world = World::new(seed);
            world.storage.plan(Some(Fault::Errors { at, count, kind }));
            if world.open().is_err() {
                world.storage.plan(None);
                world.open().unwrap();
            }
            world.live(12);
            // The disk is well again: so is the store, without a restart.
            world.storage.plan(None);
            let (store, _) = world.store.clone().unwrap();
            let mark = store.mark();
            world.change(&store);
            assert_eq!(block_on(store.commit(mark)), Ok(()), "seed {seed} at {at}");
            assert_eq!(store.status().error, None);
            world.acked = world.model.clone();
            store.clean_up().unwrap();
            drop(store);
            // Whoever reads the files finds exactly what memory held: nothing lost, no phantoms.
            let rows = world.rows();
            assert_eq!(rows, world.acked);
            world.store = None;
            world.maybe.clear();
            world.reopen();
            assert_eq!(world.rows(), rows, "seed {seed} at {at}");
        }
    }
}

#[test]
fn power_cuts_while_the_disk_fails() {
    for seed in first()..=histories(30) {
        let mut world = World::new(seed);
        world.open().unwrap();
        for _ in 0..6 {
            let (at, count) = (1 + world.random.below(20), 1 + world.random.below(8));
            world.storage.plan(Some(Fault::Errors { at, count, kind: ErrorKind::StorageFull }));
            world.live(4);
            world.storage.plan(Some(Fault::PowerCut { at: 1 + world.random.below(12) }));
            world.live(4);
            world.store = None;
            world.storage.power_cycle();
            world.reopen();
        }
    }
}

const HEADER: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,\
                      user_context,pool_id\n";

/// A lease file cut at each octet of its last row, then one more lease, then a restart.
#[test]
fn torn_tails_at_every_octet() {
    let row = |last: u8| {
        let mut row = Vec::new();
        crate::row4::push_lease(&lease::suite::lease(Ipv4Addr::new(192, 0, 2, last)), &mut row);
        row
    };
    for cut in 0..row(3).len() {
        let mut world = World::new(1);
        let whole = [HEADER.as_bytes(), &row(1), &row(2)].concat();
        let torn = [&whole[..], &row(3)[..cut]].concat();
        world.storage.put(Path::new(PATH), &torn);
        world.open().unwrap();
        assert_eq!(world.rows().len(), 2, "cut at {cut}");
        let (store, _) = world.store.clone().unwrap();
        let mark = store.mark();
        block_on(store.add(lease::suite::lease(Ipv4Addr::new(192, 0, 2, 4)))).unwrap();
        block_on(store.commit(mark)).unwrap();
        drop(store);
        world.store = None;
        assert_eq!(world.storage.content(Path::new(PATH)), Some([&whole[..], &row(4)].concat()));
        world.open().unwrap();
        let hosts: Vec<u8> = world.rows().keys().map(|address| address.octets()[3]).collect();
        assert_eq!(hosts, [1, 2, 4], "cut at {cut}");
    }
}

/// A header cut at each octet is a new file.
#[test]
fn torn_headers_at_every_octet() {
    for cut in 0..HEADER.len() {
        let mut world = World::new(1);
        world.storage.put(Path::new(PATH), &HEADER.as_bytes()[..cut]);
        world.open().unwrap();
        world.live(3);
        world.store = None;
        world.reopen();
        assert!(world.storage.content(Path::new(PATH)).unwrap().starts_with(HEADER.as_bytes()));
    }
}

/// States that Kea's own cleanup leaves when it or the machine dies.
#[test]
fn leftovers_of_other_cleanups() {
    let files = LeaseFiles::of(Path::new(PATH));
    let row = |last: u8, cltt: u64| {
        let lease = Lease4 { cltt: Timestamp(cltt), ..lease::suite::lease(Ipv4Addr::new(192, 0, 2, last)) };
        let mut row = Vec::new();
        crate::row4::push_lease(&lease, &mut row);
        String::from_utf8(row).unwrap()
    };
    let deletion = |last: u8| {
        let mut row = Vec::new();
        crate::row4::push_deletion(&lease::suite::lease(Ipv4Addr::new(192, 0, 2, last)), &mut row);
        String::from_utf8(row).unwrap()
    };
    let previous = [row(1, 10), row(2, 10), row(3, 10)].concat();
    let input = [row(1, 20), deletion(2), row(4, 20)].concat();
    let completed = [row(1, 20), row(3, 10), row(4, 20)].concat();
    let live = row(5, 30);
    let whole = "1:20 3:10 4:20 5:30";
    let file = |rows: &String| format!("{HEADER}{rows}");
    let empty = String::new();
    type Case<'a> = (&'a str, Vec<(&'a PathBuf, String)>, &'a str);
    let cases: [Case<'_>; 12] = [
        ("between runs", vec![(&files.previous, file(&completed))], whole),
        ("before the cleanup", vec![(&files.previous, file(&previous)), (&files.input, file(&input))], whole),
        (
            "a left-over output means nothing",
            vec![
                (&files.previous, file(&previous)),
                (&files.input, file(&input)),
                (&files.output, file(&row(9, 9))),
            ],
            whole,
        ),
        (
            "completed, inputs still there",
            vec![
                (&files.previous, file(&previous)),
                (&files.input, file(&input)),
                (&files.finish, file(&completed)),
            ],
            whole,
        ),
        (
            "completed but empty, inputs still there",
            vec![
                (&files.previous, file(&previous)),
                (&files.input, file(&input)),
                (&files.finish, empty.clone()),
            ],
            whole,
        ),
        (
            "completed but short, inputs still there",
            vec![
                (&files.previous, file(&previous)),
                (&files.input, file(&input)),
                (&files.finish, file(&completed)[..200].to_owned()),
            ],
            whole,
        ),
        (
            "completed, the previous is gone",
            vec![(&files.input, file(&input)), (&files.finish, file(&completed))],
            whole,
        ),
        ("completed, the inputs are gone", vec![(&files.finish, file(&completed))], whole),
        (
            "completed but empty, only the input is there",
            vec![(&files.input, file(&input)), (&files.finish, empty.clone())],
            "1:20 4:20 5:30",
        ),
        (
            "completed of a first run",
            vec![(&files.input, file(&input)), (&files.finish, file(&[row(1, 20), row(4, 20)].concat()))],
            "1:20 4:20 5:30",
        ),
        ("empty files", vec![(&files.previous, empty.clone()), (&files.input, empty)], "5:30"),
        ("nothing", vec![], "5:30"),
    ];
    for (name, there, expected) in cases {
        let mut world = World::new(1);
        for (path, content) in there {
            world.storage.put(path, content.as_bytes());
        }
        world.storage.put(&files.live, file(&live).as_bytes());
        let text = |world: &World| {
            let rows = world.rows();
            let words: Vec<String> =
                rows.values().map(|row| format!("{}:{}", row.address.octets()[3], row.cltt.0)).collect();
            words.join(" ")
        };
        for _ in 0..2 {
            world.open().unwrap();
            assert_eq!(text(&world), expected, "{name}");
            world.store.as_ref().unwrap().0.clean_up().unwrap();
            assert_eq!(text(&world), expected, "{name}");
            world.store = None;
        }
        let left: Vec<PathBuf> = world.storage.names();
        assert!(!left.contains(&files.finish) && !left.contains(&files.input), "{name}: {left:?}");
    }
}
