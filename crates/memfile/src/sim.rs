//! A simulated disk: what is not synced may be kept, lost or torn at a power cut; any operation may fail. Repeats
//! exactly from a seed.
//!
//! Names (creations, renames, removals) reach the disk in their order, as journalling file systems keep them, or
//! any of them do; the contents of different files, and the sectors of one file, reach it in any order.
#![allow(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base::{Random, XorShift};

use crate::storage::{Locked, LogFile, OpenMode, Storage};
use crate::ticket::lock;

/// The unit in which a disk writes.
const SECTOR: usize = 512;

/// A change of a file that is not on the disk yet.
#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Cut(usize),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    /// As programs see it.
    seen: Vec<u8>,
    /// As a power cut would leave it if nothing else were kept.
    stored: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

fn apply_name(names: &mut BTreeMap<PathBuf, usize>, change: &NameChange) {
    match change {
        NameChange::Link(path, inode) => drop(names.insert(path.clone(), *inode)),
        NameChange::Unlink(path) => drop(names.remove(path)),
        NameChange::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
    }
}

/// What goes wrong, counted in operations from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Power goes at the n-th operation, which may have happened in part.
    PowerCut { at: u64 },
    /// The n-th operation and `count - 1` after it fail; writes may be short before they fail.
    Errors { at: u64, count: u64, kind: io::ErrorKind },
}

#[derive(Default)]
struct Disk {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    stored_names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<NameChange>,
    operations: u64,
    fault: Option<Fault>,
    /// The power is off: nothing works until [`SimStorage::reboot`].
    off: bool,
    random: Option<XorShift>,
    locked: bool,
    /// Boots since the beginning; files opened before the last one are dead.
    boot: u64,
}

impl Disk {
    fn below(&mut self, bound: usize) -> usize {
        let random = self.random.get_or_insert_with(|| XorShift::new(1));
        usize::try_from(random.below(bound as u64)).unwrap()
    }

    /// Counts an operation that changes or reads the disk. `Err`: it fails; the flag says whether the power went.
    fn step(&mut self) -> Result<(), (io::Error, bool)> {
        if self.off {
            return Err((io::Error::other("power is off"), true));
        }
        self.operations += 1;
        match self.fault {
            Some(Fault::PowerCut { at }) if self.operations >= at => {
                self.off = true;
                Err((io::Error::other("power cut"), true))
            }
            Some(Fault::Errors { at, count, kind })
                if self.operations >= at && self.operations - at < count =>
            {
                Err((io::Error::from(kind), false))
            }
            _ => Ok(()),
        }
    }

    fn name(&mut self, change: NameChange) {
        apply_name(&mut self.names, &change);
        self.pending_names.push(change);
    }
}

/// The simulated file layer. Clones are the same disk.
#[derive(Clone, Default)]
pub struct SimStorage(Arc<Mutex<Disk>>);

impl SimStorage {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let storage = Self::default();
        lock(&storage.0).random = Some(XorShift::new(seed));
        storage
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        lock(&self.0).operations
    }

    /// Plans a fault `after` operations from now (1: the next one).
    pub fn plan(&self, fault: Option<Fault>) {
        let mut disk = lock(&self.0);
        let now = disk.operations;
        disk.fault = fault.map(|fault| match fault {
            Fault::PowerCut { at } => Fault::PowerCut { at: now + at },
            Fault::Errors { at, count, kind } => Fault::Errors { at: now + at, count, kind },
        });
    }

    /// Whether the power is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        lock(&self.0).off
    }

    /// Turns the power off and on: what was not synced is kept, lost or torn at random.
    pub fn power_cycle(&self) {
        let mut disk = lock(&self.0);
        for number in 0..disk.inodes.len() {
            let mut inode = std::mem::take(&mut disk.inodes[number]);
            let mut content = std::mem::take(&mut inode.stored);
            for change in inode.pending.drain(..) {
                match change {
                    Change::Cut(length) => {
                        if disk.below(2) == 0 {
                            content.resize(length.min(content.len()), 0);
                        }
                    }
                    Change::Write { at, bytes } => match disk.below(4) {
                        0 => {}
                        1 => put(&mut content, at, &bytes),
                        // Torn at any octet.
                        2 => {
                            let cut = disk.below(bytes.len() + 1);
                            put(&mut content, at, &bytes[..cut]);
                        }
                        // The length and some sectors arrived, others are zeros.
                        _ => {
                            content.resize(content.len().max(at + bytes.len()), 0);
                            let mut done = 0;
                            while done < bytes.len() {
                                let end = bytes.len().min(done + SECTOR - (at + done) % SECTOR);
                                if disk.below(2) == 0 {
                                    put(&mut content, at + done, &bytes[done..end]);
                                }
                                done = end;
                            }
                        }
                    },
                }
            }
            disk.inodes[number] = Inode { seen: content.clone(), stored: content, pending: Vec::new() };
        }
        let pending = std::mem::take(&mut disk.pending_names);
        let mut names = std::mem::take(&mut disk.stored_names);
        let (ordered, kept) = (disk.below(2) == 0, disk.below(pending.len() + 1));
        for (number, change) in pending.iter().enumerate() {
            if if ordered { number < kept } else { disk.below(2) == 0 } {
                apply_name(&mut names, change);
            }
        }
        disk.names = names.clone();
        disk.stored_names = names;
        disk.restart();
    }

    /// Ends the process and starts it again: the kernel keeps what it was given.
    pub fn restart(&self) {
        lock(&self.0).restart();
    }

    /// Content of a file as programs see it.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let disk = lock(&self.0);
        disk.names.get(path).map(|inode| disk.inodes[*inode].seen.clone())
    }

    /// Puts a file on the disk, durably.
    pub fn put(&self, path: &Path, content: &[u8]) {
        let mut disk = lock(&self.0);
        let inode = disk.inodes.len();
        disk.inodes.push(Inode { seen: content.to_vec(), stored: content.to_vec(), pending: Vec::new() });
        disk.names.insert(path.to_owned(), inode);
        disk.stored_names.insert(path.to_owned(), inode);
    }

    /// Puts a file where programs see it, without syncing it.
    pub fn put_unsynced(&self, path: &Path, content: &[u8]) {
        self.put(path, &[]);
        let mut disk = lock(&self.0);
        let inode = disk.names[path];
        disk.inodes[inode].seen = content.to_vec();
        disk.inodes[inode].pending = vec![Change::Write { at: 0, bytes: content.to_vec() }];
    }

    /// Names of all files.
    #[must_use]
    pub fn names(&self) -> Vec<PathBuf> {
        lock(&self.0).names.keys().cloned().collect()
    }
}

impl Disk {
    fn restart(&mut self) {
        self.off = false;
        self.fault = None;
        self.locked = false;
        self.boot += 1;
    }
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    content.resize(content.len().max(at + bytes.len()), 0);
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Storage for SimStorage {
    fn read(&self, path: &Path) -> io::Result<Option<Box<dyn Read + Send>>> {
        let mut disk = lock(&self.0);
        disk.step().map_err(|(error, _)| error)?;
        let Some(inode) = disk.names.get(path).copied() else { return Ok(None) };
        Ok(Some(Box::new(Reader { storage: self.clone(), boot: disk.boot, inode, at: 0 })))
    }

    fn append(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn LogFile>> {
        let mut disk = lock(&self.0);
        disk.step().map_err(|(error, _)| error)?;
        let inode = match (disk.names.get(path).copied(), mode) {
            (Some(inode), OpenMode::Existing) => inode,
            (None, OpenMode::Existing) => return Err(io::Error::from(io::ErrorKind::NotFound)),
            (Some(inode), OpenMode::New) => {
                let file = &mut disk.inodes[inode];
                file.seen.clear();
                file.pending.push(Change::Cut(0));
                inode
            }
            (None, OpenMode::New) => {
                let inode = disk.inodes.len();
                disk.inodes.push(Inode::default());
                disk.name(NameChange::Link(path.to_owned(), inode));
                inode
            }
        };
        Ok(Box::new(Appender { storage: self.clone(), boot: disk.boot, inode }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let mut disk = lock(&self.0);
        disk.step().map_err(|(error, _)| error)?;
        Ok(disk.names.contains_key(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = lock(&self.0);
        let change = NameChange::Rename(from.to_owned(), to.to_owned());
        match disk.step() {
            Ok(()) if disk.names.contains_key(from) => disk.name(change),
            Ok(()) => return Err(io::Error::from(io::ErrorKind::NotFound)),
            Err((error, _)) => {
                maybe(&mut disk, change);
                return Err(error);
            }
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = lock(&self.0);
        let change = NameChange::Unlink(path.to_owned());
        match disk.step() {
            Ok(()) => disk.name(change),
            Err((error, _)) => {
                maybe(&mut disk, change);
                return Err(error);
            }
        }
        Ok(())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        let mut disk = lock(&self.0);
        disk.step().map_err(|(error, _)| error)?;
        let pending = std::mem::take(&mut disk.pending_names);
        let mut names = std::mem::take(&mut disk.stored_names);
        pending.iter().for_each(|change| apply_name(&mut names, change));
        disk.stored_names = names;
        Ok(())
    }

    fn lock(&self, _path: &Path) -> io::Result<Locked> {
        let mut disk = lock(&self.0);
        disk.step().map_err(|(error, _)| error)?;
        if disk.locked {
            return Ok(Locked::Taken(None));
        }
        disk.locked = true;
        Ok(Locked::Mine(Box::new(Lock { storage: self.clone(), boot: disk.boot })))
    }
}

/// An operation on names at which the power went may have happened.
fn maybe(disk: &mut Disk, change: NameChange) {
    if disk.off && disk.below(2) == 0 {
        disk.name(change);
    }
}

struct Lock {
    storage: SimStorage,
    boot: u64,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut disk = lock(&self.storage.0);
        if disk.boot == self.boot {
            disk.locked = false;
        }
    }
}

struct Reader {
    storage: SimStorage,
    boot: u64,
    inode: usize,
    at: usize,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut disk = lock(&self.storage.0);
        if disk.boot != self.boot {
            return Err(io::Error::other("opened before the restart"));
        }
        disk.step().map_err(|(error, _)| error)?;
        let rest = disk.inodes[self.inode].seen.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

struct Appender {
    storage: SimStorage,
    boot: u64,
    inode: usize,
}

impl Appender {
    fn with<T>(&self, run: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        let mut disk = lock(&self.storage.0);
        if disk.boot != self.boot {
            return Err(io::Error::other("opened before the restart"));
        }
        run(&mut disk)
    }

    fn push(&self, disk: &mut Disk, bytes: &[u8]) {
        let file = &mut disk.inodes[self.inode];
        let at = file.seen.len();
        file.seen.extend_from_slice(bytes);
        file.pending.push(Change::Write { at, bytes: bytes.to_vec() });
    }
}

impl LogFile for Appender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|disk| match disk.step() {
            Ok(()) => {
                self.push(disk, bytes);
                Ok(bytes.len())
            }
            Err((error, true)) => {
                let part = disk.below(bytes.len() + 1);
                self.push(disk, &bytes[..part]);
                Err(error)
            }
            // A full disk takes what fits and refuses the rest with the next call.
            Err((error, false)) => {
                let part = disk.below(bytes.len() + 1);
                self.push(disk, &bytes[..part]);
                if part == 0 || part == bytes.len() { Err(error) } else { Ok(part) }
            }
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|disk| match disk.step() {
            Ok(()) => {
                let file = &mut disk.inodes[self.inode];
                for change in file.pending.drain(..) {
                    match change {
                        Change::Write { at, bytes } => put(&mut file.stored, at, &bytes),
                        Change::Cut(length) => file.stored.truncate(length),
                    }
                }
                Ok(())
            }
            Err((error, power)) => {
                // A kernel forgets that it could not write, and the next sync succeeds without having done so.
                if !power {
                    let pending = std::mem::take(&mut disk.inodes[self.inode].pending);
                    for change in pending {
                        let kept = disk.below(2) == 0;
                        let file = &mut disk.inodes[self.inode];
                        match change {
                            Change::Write { at, bytes } if kept => put(&mut file.stored, at, &bytes),
                            Change::Write { .. } => {}
                            Change::Cut(length) => file.pending.push(Change::Cut(length)),
                        }
                    }
                }
                Err(error)
            }
        })
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap();
        self.with(|disk| {
            disk.step().map_err(|(error, _)| error)?;
            let file = &mut disk.inodes[self.inode];
            file.seen.resize(length, 0);
            file.pending.push(Change::Cut(length));
            Ok(())
        })
    }

    fn length(&mut self) -> io::Result<u64> {
        self.with(|disk| {
            disk.step().map_err(|(error, _)| error)?;
            Ok(disk.inodes[self.inode].seen.len() as u64)
        })
    }
}
