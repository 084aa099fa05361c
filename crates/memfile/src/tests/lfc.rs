//! The lease file cleanup as a function.

use std::io::{self, Read};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use base::Family;
use tempfile::TempDir;

use crate::sim::SimStorage;
use crate::{LeaseFiles, LfcError, LfcStats, Locked, LogFile, OpenMode, OsStorage, Storage, clean};

const HEADER4: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,\
                       user_context,pool_id\n";
const HEADER6: &str = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,\
                       fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n";

/// The lines of a file after its header, sorted.
fn rows(text: &str) -> Vec<&str> {
    let mut rows: Vec<&str> = text.lines().skip(1).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn the_last_row_of_each_lease_remains() {
    let dir = TempDir::new().unwrap();
    let files = LeaseFiles::of(&dir.path().join("l"));
    let row = |last: u8, lifetime: u32, expire: u32| {
        format!("10.0.0.{last},02:00,,{lifetime},{expire},1,0,0,,0,,0\n")
    };
    let previous = [HEADER4, &row(1, 10, 10), &row(2, 10, 10), &row(3, 10, 10)].concat();
    let input =
        [HEADER4, &row(2, 10, 20), "bad\n", &row(3, 0, 10), &row(4, 10, 20), &row(2, 10, 30), "10.0.0.5,02"];
    std::fs::write(&files.previous, previous).unwrap();
    std::fs::write(&files.input, input.concat()).unwrap();
    std::fs::write(&files.output, "left over\n".repeat(1000)).unwrap();
    let stats = clean(&OsStorage, Family::V4, &files, &AtomicBool::new(false)).unwrap();
    assert_eq!(stats, LfcStats { rows: 8, errors: 1, leases: 3 });
    let expected = [HEADER4, &row(1, 10, 10), &row(4, 10, 20), &row(2, 10, 30)].concat();
    assert_eq!(std::fs::read_to_string(&files.previous).unwrap(), expected);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    // Nothing to do is no error.
    std::fs::remove_file(&files.previous).unwrap();
    assert_eq!(clean(&OsStorage, Family::V4, &files, &AtomicBool::new(false)).unwrap(), LfcStats::default());
}

#[test]
fn dhcpv6_leases_are_told_apart_by_address_and_type() {
    let dir = TempDir::new().unwrap();
    let files = LeaseFiles::of(&dir.path().join("l6"));
    let old = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,\
               hostname,hwaddr\n";
    std::fs::write(
        &files.previous,
        [old, "2001:db8::1,00:01,100,200,1,50,0,7,128,0,0,a&#x2cb,01:02:03:04:05:06\n"].concat(),
    )
    .unwrap();
    std::fs::write(
        &files.input,
        [
            HEADER6,
            "2001:db8::,00:02,100,200,1,50,0,7,128,0,0,,,0,,,,0\n",
            "2001:db8::,00:03,100,200,1,50,2,7,64,0,0,,,0,,,,0\n",
            "2001:DB8:0::0,00:02,100,300,1,50,0,7,128,0,0,,,0,,,,0\n",
            "2001:db8::5,00:02,100,300,1,50,0,7,128,0,0,,,0,,,,0\n",
            "2001:db8::5,00:02,0,300,1,50,0,7,128,0,0,,,0,,,,0\n",
            "2001:db8::6,00:02,x,300,1,50,0,7,128,0,0,,,0,,,,0\n",
            "not an address,00:02,1,300,1,50,0,7,128,0,0,,,0,,,,0\n",
        ]
        .concat(),
    )
    .unwrap();
    let stats = clean(&OsStorage, Family::V6, &files, &AtomicBool::new(false)).unwrap();
    assert_eq!(stats, LfcStats { rows: 8, errors: 2, leases: 3 });
    let text = std::fs::read_to_string(&files.previous).unwrap();
    assert!(text.starts_with(HEADER6));
    assert_eq!(
        rows(&text),
        [
            "2001:DB8:0::0,00:02,100,300,1,50,0,7,128,0,0,,,0,,,,0",
            "2001:db8::,00:03,100,200,1,50,2,7,64,0,0,,,0,,,,0",
            "2001:db8::1,00:01,100,200,1,50,0,7,128,0,0,a&#x2cb,01:02:03:04:05:06,0,,1,0,0",
        ]
    );
}

/// Kea's own cleanup of DHCPv6 leases finds nothing wrong with ours.
#[test]
fn keas_cleanup_of_dhcpv6_leases_agrees() {
    let program = Path::new("/usr/sbin/kea-lfc");
    if !program.exists() {
        eprintln!("not compared: Kea is not installed");
        return;
    }
    let dir = TempDir::new().unwrap();
    let files = LeaseFiles::of(&dir.path().join("l6"));
    let input = [
        HEADER6,
        "2001:db8::1,00:01:02:03,100,1700000200,1,50,0,7,128,1,0,a&#x2cb,01:02:03:04:05:06,0,{ \"a\": 1 },1,4,0\n",
        "2001:db8::1,00:01:02:03,100,1700000300,1,50,0,7,128,1,0,a&#x2cb,01:02:03:04:05:06,0,{ \"a\": 1 },1,4,0\n",
        "2001:db8:1::,00:01:02:03,4294967295,5994967295,1,50,2,7,56,0,0,,,2,,,,0\n",
    ];
    std::fs::write(&files.input, input.concat()).unwrap();
    clean(&OsStorage, Family::V6, &files, &AtomicBool::new(false)).unwrap();
    let ours = std::fs::read_to_string(&files.previous).unwrap();
    std::fs::rename(&files.previous, &files.input).unwrap();
    let output = Command::new(program)
        .env("KEA_LOCKFILE_DIR", "none")
        .arg("-6")
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
    let theirs = std::fs::read_to_string(&files.previous).unwrap();
    // Its version may lack our last columns.
    for (ours, theirs) in rows(&ours).into_iter().zip(rows(&theirs)) {
        assert!(ours.starts_with(theirs), "{ours}\n{theirs}");
    }
    assert_eq!(ours.lines().count(), theirs.lines().count());
}

#[test]
fn a_stopped_cleanup_leaves_its_inputs() {
    let storage = SimStorage::new(1);
    let files = LeaseFiles::of(Path::new("/l"));
    let many: String =
        (0..20_000u32).map(|n| format!("10.0.{}.{},02:00,,10,10,1,0,0,,0,,0\n", n / 256, n % 256)).collect();
    storage.put(&files.input, [HEADER4, &many].concat().as_bytes());
    let stopped = clean(&storage, Family::V4, &files, &AtomicBool::new(true));
    assert!(matches!(stopped, Err(LfcError::Stopped)));
    assert!(storage.content(&files.input).is_some() && storage.content(&files.finish).is_none());
    let stats = clean(&storage, Family::V4, &files, &AtomicBool::new(false)).unwrap();
    assert_eq!(stats.leases, 20_000);
}

#[test]
fn inputs_that_are_no_lease_files_are_not_touched() {
    let storage = SimStorage::new(1);
    let files = LeaseFiles::of(Path::new("/l"));
    storage.put(&files.input, b"no,lease,file\nx,y,z\n");
    let result = clean(&storage, Family::V4, &files, &AtomicBool::new(false));
    assert!(matches!(result, Err(LfcError::Input { .. })));
    assert!(storage.content(&files.input).is_some());
}

/// A disk that gives back something else than it was given.
#[derive(Clone)]
struct Liar {
    disk: SimStorage,
    change: fn(&mut Vec<u8>),
}

impl Storage for Liar {
    fn read(&self, path: &Path) -> io::Result<Option<Box<dyn Read + Send>>> {
        let Some(mut content) = self.disk.content(path) else { return Ok(None) };
        if path == Path::new("/l.output") {
            (self.change)(&mut content);
        }
        Ok(Some(Box::new(io::Cursor::new(content))))
    }

    fn append(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn LogFile>> {
        self.disk.append(path, mode)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Locked> {
        self.disk.lock(path)
    }
}

#[test]
fn inputs_go_only_when_the_result_is_read_back() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(Change, bool); 6] = [
        (|_| {}, true),
        (|content| content.truncate(content.len() - 1), false),
        (|content| content.truncate(0), false),
        (|content| *content.last_mut().unwrap() = b'x', false),
        (|content| content[HEADER4.len() + 3] = b'9', false),
        (|content| content.extend_from_within(HEADER4.len()..), false),
    ];
    for (number, (change, good)) in changes.into_iter().enumerate() {
        let liar = Liar { disk: SimStorage::new(1), change };
        let files = LeaseFiles::of(Path::new("/l"));
        let input =
            [HEADER4, "10.0.0.1,02:00,,10,10,1,0,0,,0,,0\n10.0.0.2,02:00,,10,10,1,0,0,,0,,0\n"].concat();
        liar.disk.put(&files.input, input.as_bytes());
        let result = clean(&liar, Family::V4, &files, &AtomicBool::new(false));
        assert_eq!(result.is_ok(), good, "{number}: {result:?}");
        assert_eq!(liar.disk.content(&files.input).is_none(), good, "{number}");
        assert_eq!(liar.disk.content(&files.previous).is_some(), good, "{number}");
    }
}
