//! The store on real files: what is reported, converted, cleaned up, and shared with Kea's own programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{Seconds, Timestamp, XorShift};
use lease::suite::{Follower, block_on, lease, random_lease};
use lease::{Durable, Lease4, LeaseObserver4, LeaseState, LeaseStore4, Mark, StoreError};
use tempfile::TempDir;

use crate::{Durability, LeaseFiles, LfcStart, LoadReport, Memfile4, Settings};

const HEADER: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,\
                      user_context,pool_id\n";

struct Place {
    dir: TempDir,
    settings: Settings,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let settings =
            Settings { lfc_interval: Seconds(0), ..Settings::new(dir.path().join("kea-leases4.csv")) };
        Self { dir, settings }
    }

    fn file(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.settings.path.display()))
    }

    fn text(&self, suffix: &str) -> String {
        fs::read_to_string(self.file(suffix)).unwrap()
    }

    fn put(&self, suffix: &str, text: &str) {
        fs::write(self.file(suffix), text).unwrap();
    }

    fn open(&self) -> Result<(Arc<Memfile4>, LoadReport, Arc<Follower>), StoreError> {
        let follower = Arc::new(Follower::default());
        let observer = Arc::clone(&follower) as Arc<dyn LeaseObserver4>;
        let (store, report) = Memfile4::open(self.settings.clone(), observer, Timestamp(1_700_001_000))?;
        Ok((store, report, follower))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn all(store: &dyn LeaseStore4) -> Vec<Lease4> {
    block_on(store.page(None, usize::MAX)).unwrap().iter().map(|lease| (**lease).clone()).collect()
}

fn at(last: u8) -> Lease4 {
    lease(std::net::Ipv4Addr::new(192, 0, 2, last))
}

fn add(store: &dyn LeaseStore4, lease: Lease4) {
    let mark = store.mark();
    block_on(store.add(lease)).unwrap();
    block_on(store.commit(mark)).unwrap();
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Who asks while the disk does not answer is answered.
#[test]
fn figures_are_told_while_the_journal_is_written() {
    let place = Place::new();
    let (store, _, _) = place.open().unwrap();
    add(&*store, at(1));
    let before = store.status();
    let _writer = store.shared.journal.as_ref().unwrap().lock().unwrap();
    assert_eq!(store.status().live_bytes, before.live_bytes);
}

#[test]
fn rows_are_in_the_file_when_a_commit_is_done() {
    for durability in [Durability::Fsync, Durability::Os] {
        let mut place = Place::new();
        place.settings.durability = durability;
        let (store, _, _) = place.open().unwrap();
        assert_eq!(place.text(""), HEADER);
        add(&*store, at(1));
        let row = "192.0.2.1,02:00:c0:00:02:01,01:02:00:c0:00:02:01,3600,1700003600,1,0,0,host-1,0,,0\n";
        assert_eq!(place.text(""), format!("{HEADER}{row}"));
        let status = store.status();
        assert_eq!((status.leases, status.pending, status.batches, status.rows), (1, 0, 1, 1));
        assert_eq!(status.live_bytes, (HEADER.len() + row.len()) as u64);
        let mode = fs::metadata(&place.settings.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o137, 0, "{mode:o}");
    }
}

#[test]
fn without_persistence_nothing_is_written() {
    let mut place = Place::new();
    place.settings.durability = Durability::None;
    let (store, _, _) = place.open().unwrap();
    add(&*store, at(1));
    assert_eq!(store.start_lfc(), LfcStart::NotPersistent);
    drop(store);
    assert!(place.names().is_empty());
}

#[test]
fn closing_writes_what_nobody_committed() {
    let place = Place::new();
    let (store, _, _) = place.open().unwrap();
    block_on(store.add(at(1))).unwrap();
    let waiting = store.commit(Mark(0));
    drop(store);
    assert_eq!(block_on(waiting), Ok(()));
    assert_eq!(all(&*place.open().unwrap().0), [at(1)]);
}

#[test]
fn the_report_says_what_was_found() {
    let place = Place::new();
    let good = "192.0.2.1,02:00:c0:00:02:01,,3600,1700003600,1,0,0,,0,,0\n";
    let expired = "192.0.2.2,02:00:c0:00:02:02,,100,1700000500,1,0,0,,0,,0\n";
    let future = "192.0.2.3,02:00:c0:00:02:03,,100,1800000000,1,0,0,,0,,0\n";
    place.put(".2", &format!("{HEADER}{good}{expired}"));
    place.put("", &format!("{HEADER}{future}192.0.2.9,x,,1,1,1,0,0,,0,,0\n{good}10.77"));
    let (store, report, follower) = place.open().unwrap();
    assert_eq!(report.files, [place.file(".2"), place.file("")]);
    assert_eq!((report.rows, report.error_count, report.torn_bytes), (5, 1, 5));
    assert_eq!((report.leases, report.expired, report.future, report.conversion), (3, 1, 1, false));
    assert_eq!((report.errors[0].line, &report.errors[0].file), (3, &place.file("")));
    assert_eq!(follower.rows(), all(&*store));
}

#[test]
fn too_many_errors_refuse_the_file() {
    let mut place = Place::new();
    place.put("", &format!("{HEADER}bad\nbad\nbad\n"));
    for (allowed, opens) in [(0, true), (3, true), (2, false)] {
        place.settings.max_row_errors = allowed;
        assert_eq!(place.open().is_ok(), opens, "{allowed}");
    }
    let Err(StoreError::Damaged(text)) = place.open().map(|_| ()) else { panic!("opened") };
    assert!(
        text.starts_with("exceeded maximum number of failures 2 to read a lease from the lease file /"),
        "{text}"
    );
    place.put("", "this,is,no,lease,file\n");
    assert!(matches!(place.open().map(|_| ()), Err(StoreError::Damaged(_))));
}

#[test]
fn files_that_cannot_be_used_are_refused() {
    let mut place = Place::new();
    place.settings.path = place.dir.path().join("no/such/dir.csv");
    assert!(matches!(place.open().map(|_| ()), Err(StoreError::Failed(_))));
    let target = place.dir.path().join("target");
    place.settings.path = place.dir.path().join("link");
    std::os::unix::fs::symlink(&target, &place.settings.path).unwrap();
    assert!(place.open().is_err());
    assert!(!target.exists());
}

#[test]
fn older_newer_and_shuffled_files_are_converted() {
    let older = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n";
    let shuffled = "hostname,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,address\n";
    let newer = format!("{},colour\n", HEADER.trim_end());
    let cases = [
        (older, "192.0.2.7,02:00:c0:00:02:07,,3600,1700003600,1,1,0,h\n"),
        (shuffled, "h,02:00:c0:00:02:07,,3600,1700003600,1,1,0,192.0.2.7\n"),
        (&newer, "192.0.2.7,02:00:c0:00:02:07,,3600,1700003600,1,1,0,h,0,,0,red\n"),
    ];
    let current = "192.0.2.7,02:00:c0:00:02:07,,3600,1700003600,1,1,0,h,0,,0\n";
    for (header, row) in cases {
        // In the live file, in the previous one, and beside an input that an earlier cleanup left.
        for (suffix, other) in [("", None), (".2", None), ("", Some(".1"))] {
            let place = Place::new();
            place.put(suffix, &format!("{header}{row}"));
            if let Some(other) = other {
                place.put(other, &format!("{header}{}", row.replace("192.0.2.7", "192.0.2.8")));
            }
            let (store, report, _) = place.open().unwrap();
            assert!(report.conversion && report.error_count == 0);
            add(&*store, at(1));
            wait_for("the conversion", || store.status().lfc_runs > 0 && !store.status().lfc_running);
            assert_eq!(store.status().lfc_error, None);
            add(&*store, at(2));
            let rows = all(&*store);
            assert_eq!(rows.len(), if other.is_some() { 4 } else { 3 });
            drop(store);
            for suffix in ["", ".2"] {
                assert!(place.text(suffix).starts_with(HEADER), "{suffix} of {header}");
            }
            assert!(place.text(".2").contains(current));
            let (store, report, _) = place.open().unwrap();
            assert_eq!((all(&*store), report.conversion, report.error_count), (rows, false, 0));
        }
    }
}

#[test]
fn cleanups_on_demand_and_by_interval() {
    let mut place = Place::new();
    let (store, _, _) = place.open().unwrap();
    for cltt in 0..50 {
        let mark = store.mark();
        let row = block_on(store.by_address(at(1).address)).unwrap();
        let next = Lease4 { cltt: Timestamp(1_700_000_000 + cltt), ..at(1) };
        match row {
            None => drop(block_on(store.add(next))),
            Some(row) => drop(block_on(store.update(next, &row))),
        }
        block_on(store.commit(mark)).unwrap();
    }
    add(&*store, at(2));
    block_on(store.delete(&at(2))).unwrap();
    block_on(store.commit(store.mark())).unwrap();
    assert_eq!(store.start_lfc(), LfcStart::Started);
    wait_for("the cleanup", || store.status().lfc_runs == 1);
    assert_eq!(place.names(), ["kea-leases4.csv", "kea-leases4.csv.2"]);
    let rows = all(&*store);
    assert_eq!(place.text(".2").lines().count(), 2, "{}", place.text(".2"));
    let mode = fs::metadata(place.file(".2")).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
    add(&*store, at(3));
    drop(store);

    place.settings.lfc_interval = Seconds(1);
    let (store, _, _) = place.open().unwrap();
    assert_eq!(all(&*store).len(), rows.len() + 1);
    wait_for("the interval", || store.status().lfc_runs == 1);
    assert_eq!(place.text(""), HEADER);
    assert_eq!(place.text(".2").lines().count(), 3);
    // With nothing appended there is nothing to do.
    let before = fs::metadata(place.file(".2")).unwrap().modified().unwrap();
    wait_for("another interval", || store.status().lfc_runs == 2);
    assert_eq!(fs::metadata(place.file(".2")).unwrap().modified().unwrap(), before);
}

#[test]
fn a_cleanup_elsewhere_is_respected() {
    let place = Place::new();
    let (store, _, _) = place.open().unwrap();
    add(&*store, at(1));
    let lock = crate::Storage::lock(&crate::OsStorage, &place.file(".pid")).unwrap();
    assert!(matches!(store.clean_up(), Err(crate::LfcError::Running(_))));
    assert_eq!(all(&*store), [at(1)]);
    add(&*store, at(2));
    let other = place.open().map(|_| ());
    assert!(
        matches!(&other, Err(StoreError::Failed(text)) if text.contains("cleanup is in progress")),
        "{other:?}"
    );
    drop(lock);
    store.clean_up().unwrap();
    assert_eq!(place.names(), ["kea-leases4.csv", "kea-leases4.csv.2"]);
    drop(store);
    assert_eq!(all(&*place.open().unwrap().0), [at(1), at(2)]);
}

/// A disk that fills up under a running store with its threads.
#[test]
fn a_failed_write_reaches_all_waiting_and_all_who_looked() {
    let storage = crate::sim::SimStorage::new(3);
    let follower = Arc::new(Follower::default());
    let settings = Settings { lfc_interval: Seconds(0), ..Settings::new("/leases4.csv") };
    let (store, _) = Memfile4::open_on(
        Arc::new(storage.clone()),
        settings,
        Arc::clone(&follower) as Arc<dyn LeaseObserver4>,
        Timestamp(0),
        crate::Runner::Threads,
    )
    .unwrap();
    add(&*store, at(1));
    let kind = std::io::ErrorKind::StorageFull;
    storage.plan(Some(crate::sim::Fault::Errors { at: 1, count: u64::MAX / 2, kind }));
    // Another worker saw the row but wrote nothing; its answer must not leave either, whenever it commits.
    let (writer, reader) = (store.mark(), store.mark());
    block_on(store.add(at(2))).unwrap();
    assert!(block_on(store.by_address(at(2).address)).unwrap().is_some());
    let first = store.commit(writer);
    let second = store.commit(writer);
    assert!(block_on(first).is_err() && block_on(second).is_err());
    assert!(block_on(store.commit(reader)).is_err());
    assert_eq!(all(&*store), [at(1)]);
    assert_eq!(follower.rows(), [at(1)]);
    assert!(store.status().error.is_some());
    // A new batch that only reads may answer; one that writes may not.
    assert_eq!(block_on(store.commit(store.mark())), Ok(()));
    let mark = store.mark();
    block_on(store.add(at(3))).unwrap();
    assert!(block_on(store.commit(mark)).is_err());
    storage.plan(None);
    add(&*store, at(4));
    assert_eq!(store.status().error, None);
    assert_eq!(all(&*store), [at(1), at(4)]);
}

/// A disk whose writes wait until they are let go, and then fail when told so.
#[derive(Clone)]
struct Slow {
    disk: crate::sim::SimStorage,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    /// Whether writes wait, whether one does, and whether it will fail.
    state: std::sync::Mutex<(bool, bool, bool)>,
    changed: std::sync::Condvar,
}

struct SlowFile(Box<dyn crate::LogFile>, Arc<Gate>);

impl crate::LogFile for SlowFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut state = self.1.state.lock().unwrap();
        state.1 = true;
        self.1.changed.notify_all();
        state = self.1.changed.wait_while(state, |(waits, _, _)| *waits).unwrap();
        state.1 = false;
        if state.2 { Err(std::io::ErrorKind::StorageFull.into()) } else { self.0.write(bytes) }
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.0.sync()
    }

    fn set_len(&mut self, length: u64) -> std::io::Result<()> {
        self.0.set_len(length)
    }

    fn length(&mut self) -> std::io::Result<u64> {
        self.0.length()
    }
}

impl crate::Storage for Slow {
    fn read(&self, path: &Path) -> std::io::Result<Option<Box<dyn std::io::Read + Send>>> {
        self.disk.read(path)
    }

    fn append(&self, path: &Path, mode: crate::OpenMode) -> std::io::Result<Box<dyn crate::LogFile>> {
        Ok(Box::new(SlowFile(self.disk.append(path, mode)?, Arc::clone(&self.gate))))
    }

    fn exists(&self, path: &Path) -> std::io::Result<bool> {
        self.disk.exists(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_dir(&self, path: &Path) -> std::io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn lock(&self, path: &Path) -> std::io::Result<crate::Locked> {
        self.disk.lock(path)
    }
}

/// Changes made while an earlier batch is being written share its fate when it fails, and only then.
#[test]
fn batches_behind_a_failed_one_are_undone_too() {
    for fails in [false, true] {
        let slow = Slow { disk: crate::sim::SimStorage::new(1), gate: Arc::default() };
        let follower = Arc::new(Follower::default());
        let (store, _) = Memfile4::open_on(
            Arc::new(slow.clone()),
            Settings::new("/leases4.csv"),
            Arc::clone(&follower) as Arc<dyn LeaseObserver4>,
            Timestamp(0),
            crate::Runner::Threads,
        )
        .unwrap();
        add(&*store, at(9));
        slow.gate.state.lock().unwrap().0 = true;
        let mark = store.mark();
        block_on(store.add(at(1))).unwrap();
        block_on(store.delete(&at(9))).unwrap();
        let first = store.commit(mark);
        // Once the first is being written, a second one rests on it, and a reader on both.
        let state = slow.gate.state.lock().unwrap();
        drop(slow.gate.changed.wait_while(state, |(_, waiting, _)| !*waiting).unwrap());
        let renewed = Lease4 { cltt: Timestamp(1_700_000_500), ..at(1) };
        block_on(store.update(renewed.clone(), &at(1))).unwrap();
        block_on(store.add(at(9))).unwrap();
        block_on(store.add(at(2))).unwrap();
        assert_eq!(store.len(), 3);
        let second = store.commit(mark);
        let reader = store.commit(store.mark());
        {
            let mut state = slow.gate.state.lock().unwrap();
            *state = (false, state.1, fails);
        }
        slow.gate.changed.notify_all();
        let outcomes = [block_on(first).is_ok(), block_on(second).is_ok(), block_on(reader).is_ok()];
        assert_eq!(outcomes, [!fails; 3]);
        let expected = if fails { vec![at(9)] } else { vec![renewed, at(2), at(9)] };
        assert_eq!(all(&*store), expected);
        assert_eq!(follower.rows(), expected);
    }
}

/// Files with all that can be in them, for comparison with Kea's programs.
fn history(place: &Place, seed: u64) -> Vec<Lease4> {
    let (store, _, _) = place.open().unwrap();
    let mut random = XorShift::new(seed);
    for step in 0..400 {
        let mut lease = random_lease(&mut random);
        // Kea refuses rows without any identifier unless they are declined.
        if lease.hw_addr.is_none() && lease.client_id.is_none() {
            lease.state = LeaseState::Declined;
        }
        lease.hostname = lease.hostname.to_ascii_lowercase().into();
        // Its version of Debian has no column for it.
        lease.pool_id = base::PoolId(0);
        match block_on(store.by_address(lease.address)).unwrap() {
            Some(row) if step % 5 == 0 => drop(block_on(store.delete(&row))),
            Some(row) => drop(block_on(store.update(lease, &row))),
            None => drop(block_on(store.add(lease))),
        }
        if step == 200 {
            block_on(store.commit(store.mark())).unwrap();
            store.clean_up().unwrap();
        }
    }
    block_on(store.commit(store.mark())).unwrap();
    all(&*store)
}

fn kea_lfc(place: &Place, program: &Path) {
    let files = LeaseFiles::of(&place.settings.path);
    let output = Command::new(program)
        .env("KEA_LOCKFILE_DIR", "none")
        .arg("-4")
        .args([Path::new("-p"), &files.pid, Path::new("-x"), &files.previous, Path::new("-i"), &files.input])
        .args([
            Path::new("-o"),
            &files.output,
            Path::new("-f"),
            &files.finish,
            Path::new("-c"),
            Path::new("none"),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Kea's own cleanup reads our files, and we read its result.
#[test]
fn keas_cleanup_and_ours_agree() {
    let program = Path::new("/usr/sbin/kea-lfc");
    if !program.exists() {
        eprintln!("not compared: Kea is not installed");
        return;
    }
    for seed in 1..=5 {
        let place = Place::new();
        let rows = history(&place, seed);
        fs::rename(place.file(""), place.file(".1")).unwrap();
        kea_lfc(&place, program);
        // All we wrote went through; user contexts come back as Kea spells them.
        let (store, report, _) = place.open().unwrap();
        assert_eq!(report.error_count, 0);
        assert_eq!(all(&*store), rows, "seed {seed}");
    }
}

/// Kea's server loads our files without a complaint and finds every lease; what it writes we read.
#[test]
fn keas_server_takes_our_files() {
    let (server, library) =
        (Path::new("/usr/sbin/kea-dhcp4"), "/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_lease_cmds.so");
    if !server.exists() || !Path::new(library).exists() {
        eprintln!("not compared: Kea is not installed");
        return;
    }
    let place = Place::new();
    let rows = history(&place, 7);
    let dir = place.dir.path();
    let (config, log) = (dir.join("kea.conf"), dir.join("kea.log"));
    let socket = dir.join("s");
    let text = format!(
        r#"{{ "Dhcp4": {{ "interfaces-config": {{ "interfaces": [] }},
            "control-socket": {{ "socket-type": "unix", "socket-name": "{}" }},
            "lease-database": {{ "type": "memfile", "name": "{}", "lfc-interval": 0 }},
            "expired-leases-processing": {{ "reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0 }},
            "hooks-libraries": [ {{ "library": "{library}" }} ],
            "subnet4": [ {{ "id": 1, "subnet": "192.0.2.0/24" }}, {{ "id": 2, "subnet": "10.0.0.0/8" }},
                         {{ "id": 3, "subnet": "10.1.0.0/16" }} ],
            "loggers": [ {{ "name": "kea-dhcp4", "severity": "INFO",
                            "output_options": [ {{ "output": "{}" }} ] }} ] }} }}"#,
        socket.display(),
        place.settings.path.display(),
        log.display()
    );
    fs::write(&config, text).unwrap();
    let mut kea = Command::new(server)
        .env("KEA_LOCKFILE_DIR", "none")
        .env("KEA_PIDFILE_DIR", dir)
        .env("KEA_CONTROL_SOCKET_DIR", dir)
        .arg("-c")
        .arg(&config)
        .args(["-p", "40067"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_for("Kea's start", || socket.exists() || kea.try_wait().unwrap().is_some());
    let ask = |command: &str| {
        use std::io::{Read, Write};
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
        stream.write_all(command.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask(r#"{ "command": "lease4-get-all" }"#);
    let added = ask(
        r#"{ "command": "lease4-add", "arguments": { "ip-address": "192.0.2.250", "hw-address": "02:00:00:00:00:01",
            "subnet-id": 1, "hostname": "from-kea", "user-context": { "a": "b,c" }, "expire": 1700003600,
            "valid-lft": 3600 } }"#,
    );
    let pid = nix::unistd::Pid::from_raw(i32::try_from(kea.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    kea.wait().unwrap();
    let log = fs::read_to_string(log).unwrap();
    assert!(added.contains("\"result\": 0"), "{added}");
    assert!(!log.contains("ROW_ERROR"), "{log}");

    let parsed = json::parse_command(answer.as_bytes(), json::Limits::default()).unwrap();
    let leases =
        parsed.get("arguments").and_then(|map| map.get("leases")).and_then(|list| list.as_list()).unwrap();
    let mut found: Vec<_> = leases
        .iter()
        .map(|lease| {
            let number = |name: &str| lease.get(name).unwrap().as_int().unwrap();
            let text = |name: &str| lease.get(name).map(|value| value.as_str().unwrap().to_owned());
            (
                text("ip-address").unwrap(),
                text("hw-address").unwrap_or_default(),
                text("client-id").unwrap_or_default(),
                (number("cltt"), number("valid-lft"), number("state"), number("subnet-id")),
                text("hostname").unwrap_or_default(),
                lease.get("user-context").is_some(),
            )
        })
        .collect();
    let mut expected: Vec<_> = rows
        .iter()
        .map(|row| {
            let numbers =
                [row.cltt.0, row.valid_lifetime.0.into(), row.state.code().into(), row.subnet_id.0.into()]
                    .map(|number| i64::try_from(number).unwrap());
            (
                row.address.to_string(),
                row.hw_addr.map(|octets| octets.to_string()).unwrap_or_default(),
                row.client_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                numbers.into(),
                row.hostname.to_string(),
                row.user_context.is_some(),
            )
        })
        .collect();
    found.sort();
    expected.sort();
    assert!(found.len() > 20);
    assert_eq!(found, expected);

    let (store, report, _) = place.open().unwrap();
    assert_eq!((report.error_count, store.len()), (0, rows.len() + 1));
    let added = block_on(store.by_hostname("from-kea")).unwrap();
    assert_eq!(added[0].user_context.as_deref(), Some("{ \"a\": \"b,c\" }"));
}
