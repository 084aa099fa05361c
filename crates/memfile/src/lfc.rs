//! The lease file cleanup (LFC): the last row of each lease from `.2` and `.1` becomes the new `.2`.
//!
//! Two passes over the inputs, so that the memory needed is small: the first reads every row and finds the number of
//! each lease's last one, the second copies those rows. Every step is durable before the next begins, and an input
//! goes only when its successor was synced, read back and compared:
//!
//! 1. write `.output`, sync it, read it back;
//! 2. rename `.output` to `.completed`;
//! 3. remove `.2`, then `.1`;
//! 4. rename `.completed` to `.2`.
//!
//! A run that was cut short is repeated or finished by the next one from whatever files it left.

use std::hash::{BuildHasher, Hash, Hasher};
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ahash::{AHashMap, RandomState};
use base::Family;

use crate::files::LeaseFiles;
use crate::row4::{self, Entry4};
use crate::scan::{Scan, ScanError, scan};
use crate::storage::{Locked, LogFile, OpenMode, Storage, write_all};
use crate::table::{Age, Header, Row, SCHEMA4, SCHEMA6, Schema, number, number32};

/// What a cleanup did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LfcStats {
    /// Rows read, those with errors included.
    pub rows: u64,
    /// Rows that could not be read and are gone now.
    pub errors: u64,
    /// Leases written.
    pub leases: u64,
}

/// Why a cleanup did not happen. The leases are as they were in every case.
#[derive(Debug, thiserror::Error)]
pub enum LfcError {
    /// Another one works on the same files (its process, when known).
    #[error("lease file cleanup is running already")]
    Running(Option<u32>),
    #[error("cannot lock {path}: {error}")]
    Lock { path: PathBuf, error: io::Error },
    /// The result could not be made.
    #[error("{path}: {error}")]
    Process { path: PathBuf, error: io::Error },
    /// An input is not a lease file.
    #[error("{path}: {text}")]
    Input { path: PathBuf, text: String },
    /// What was read back is not what was written.
    #[error("{path}: wrote {wrote} leases, read back {found}")]
    Check { path: PathBuf, wrote: u64, found: u64 },
    /// The result is complete, but could not take the place of its inputs.
    #[error("{path}: {error}")]
    Rotate { path: PathBuf, error: io::Error },
    #[error("stopped")]
    Stopped,
}

/// What identifies a lease in its file.
#[derive(Clone, Copy)]
enum LeaseKey {
    V4(Ipv4Addr),
    /// Address and lease type.
    V6(Ipv6Addr, u8),
}

fn put<K: Eq + Hash>(last: &mut AHashMap<K, u64>, key: K, number: Option<u64>) {
    match number {
        Some(number) => last.insert(key, number),
        None => last.remove(&key),
    };
}

/// The number of the last row of each lease; small for the family that there is.
enum Last {
    V4(AHashMap<Ipv4Addr, u64>),
    V6(AHashMap<(Ipv6Addr, u8), u64>),
}

impl Last {
    fn new(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4(AHashMap::new()),
            Family::V6 => Self::V6(AHashMap::new()),
        }
    }

    /// Notes a row; `None` when the row deletes its lease.
    fn put(&mut self, key: LeaseKey, number: Option<u64>) {
        match (self, key) {
            (Self::V4(last), LeaseKey::V4(address)) => put(last, address, number),
            (Self::V6(last), LeaseKey::V6(address, kind)) => put(last, (address, kind), number),
            // Rows are parsed by the family of the map.
            (Self::V4(_), LeaseKey::V6(..)) | (Self::V6(_), LeaseKey::V4(_)) => {}
        }
    }

    /// The rows to keep, of so many, and how many they are.
    fn kept(self, rows: u64) -> (Marks, u64) {
        let mut marks = Marks::new(rows);
        let count = match &self {
            Self::V4(last) => last.values().map(|number| marks.set(*number)).count(),
            Self::V6(last) => last.values().map(|number| marks.set(*number)).count(),
        };
        (marks, count as u64)
    }
}

/// A row as the cleanup sees it.
enum Entry {
    V4(Box<Entry4>),
    V6 { key: LeaseKey, deletes: bool },
}

impl Entry {
    fn parse(family: Family, row: &Row<'_>) -> Result<Self, String> {
        match family {
            Family::V4 => row4::parse(row).map(|entry| Self::V4(Box::new(entry))),
            Family::V6 => parse6(row),
        }
    }

    fn key(&self) -> LeaseKey {
        match self {
            Self::V4(entry) => LeaseKey::V4(entry.address()),
            Self::V6 { key, .. } => *key,
        }
    }

    fn deletes(&self) -> bool {
        match self {
            Self::V4(entry) => matches!(**entry, Entry4::Deleted(_)),
            Self::V6 { deletes, .. } => *deletes,
        }
    }

    /// Appends the row in the current form.
    fn push(&self, row: &Row<'_>, out: &mut Vec<u8>) {
        match self {
            Self::V4(entry) => {
                if let Entry4::Lease(lease) = &**entry {
                    row4::push_lease(lease, out);
                }
            }
            Self::V6 { .. } => push6(row, out),
        }
    }
}

// Columns of SCHEMA6 that are looked at.
const ADDRESS6: usize = 0;
const VALID_LIFETIME6: usize = 2;
const EXPIRE6: usize = 3;
const LEASE_TYPE6: usize = 6;
const HWADDR6: usize = 12;
const HWTYPE6: usize = 15;
const HWADDR_SOURCE6: usize = 16;

/// A DHCPv6 row is passed on as it is; only what decides about it is read.
fn parse6(row: &Row<'_>) -> Result<Entry, String> {
    let address = row.field(ADDRESS6);
    let parsed = std::str::from_utf8(address).ok().and_then(|text| text.parse().ok());
    let parsed = parsed.ok_or_else(|| format!("'{}' is not an IPv6 address", address.escape_ascii()))?;
    let field = |column: usize, name: &str| {
        let field = row.field(column);
        number(field).ok_or_else(|| format!("{name}: '{}' is not a number", field.escape_ascii()))
    };
    let lease_type = field(LEASE_TYPE6, "lease_type")?;
    let lease_type =
        u8::try_from(lease_type).map_err(|_| format!("lease_type: {lease_type} is not a lease type"))?;
    field(EXPIRE6, "expire")?;
    let lifetime = row.field(VALID_LIFETIME6);
    let lifetime = number32(lifetime)
        .ok_or_else(|| format!("valid_lifetime: '{}' is not a number of 32 bits", lifetime.escape_ascii()))?;
    Ok(Entry::V6 { key: LeaseKey::V6(parsed, lease_type), deletes: lifetime == 0 })
}

fn push6(row: &Row<'_>, out: &mut Vec<u8>) {
    let has_hw_addr = !row.field(HWADDR6).is_empty();
    for (column, field) in row.fields(&SCHEMA6).enumerate() {
        if column > 0 {
            out.push(b',');
        }
        out.extend_from_slice(match (column, field) {
            // Files without these columns: Ethernet, from an unknown source.
            (HWTYPE6, []) if has_hw_addr => b"1",
            (HWADDR_SOURCE6, []) if has_hw_addr => b"0",
            _ => field,
        });
    }
    out.push(b'\n');
}

/// Cleans up a set of lease files. The live file is not touched; who calls has renamed it to `.1` before, when
/// there was none.
pub fn clean(
    storage: &dyn Storage,
    family: Family,
    files: &LeaseFiles,
    stop: &AtomicBool,
) -> Result<LfcStats, LfcError> {
    let _lock = match storage.lock(&files.pid) {
        Ok(Locked::Mine(lock)) => lock,
        Ok(Locked::Taken(pid)) => return Err(LfcError::Running(pid)),
        Err(error) => return Err(LfcError::Lock { path: files.pid.clone(), error }),
    };
    clean_locked(storage, family, files, stop)
}

pub(crate) fn clean_locked(
    storage: &dyn Storage,
    family: Family,
    files: &LeaseFiles,
    stop: &AtomicBool,
) -> Result<LfcStats, LfcError> {
    let rotate = |path: &Path| {
        let path = path.to_owned();
        move |error| LfcError::Rotate { path, error }
    };
    let process = |error| LfcError::Process { path: files.live.clone(), error };
    let sources = files.sources(storage).map_err(process)?;
    let mut stats = LfcStats::default();
    if sources.is_empty() {
        return Ok(stats);
    }
    // Nothing but a completed file: only its name is left to do, if it has the current columns.
    if sources != [files.finish.as_path()] || !is_current(storage, family, &files.finish)? {
        stats = merge(storage, family, files, &sources, stop)?;
        storage.rename(&files.output, &files.finish).map_err(rotate(&files.output))?;
        storage.sync_dir(&files.finish).map_err(rotate(&files.finish))?;
    }
    for input in [&files.previous, &files.input] {
        storage.remove(input).map_err(rotate(input))?;
        storage.sync_dir(input).map_err(rotate(input))?;
    }
    storage.rename(&files.finish, &files.previous).map_err(rotate(&files.finish))?;
    storage.sync_dir(&files.previous).map_err(rotate(&files.previous))?;
    Ok(stats)
}

fn schema_of(family: Family) -> &'static Schema {
    match family {
        Family::V4 => &SCHEMA4,
        Family::V6 => &SCHEMA6,
    }
}

fn is_current(storage: &dyn Storage, family: Family, path: &Path) -> Result<bool, LfcError> {
    let process = |error| LfcError::Process { path: path.to_owned(), error };
    let expected = schema_of(family).header_line();
    let mut head = Vec::with_capacity(expected.len());
    if let Some(source) = storage.read(path).map_err(process)? {
        source.take(expected.len() as u64).read_to_end(&mut head).map_err(process)?;
    }
    Ok(head == expected.as_bytes())
}

/// Reads a file; a file that is gone is empty.
fn scan_file(
    storage: &dyn Storage,
    family: Family,
    path: &Path,
    take: impl FnMut(&Header, &[u8]) -> Result<(), String>,
    bad: impl FnMut(u64, String),
) -> Result<Option<Scan>, LfcError> {
    let process = |error| LfcError::Process { path: path.to_owned(), error };
    let Some(mut source) = storage.read(path).map_err(process)? else { return Ok(None) };
    match scan(&mut source, schema_of(family), 0, take, bad) {
        Ok(scan) => Ok(Some(scan)),
        Err(ScanError::Io(error)) => Err(process(error)),
        Err(error) => Err(LfcError::Input { path: path.to_owned(), text: error.to_string() }),
    }
}

/// Rows between two looks at the stop flag.
const STRIDE: u64 = 4096;

/// Writes the last row of each lease to `.output`, durably, and reads it back.
fn merge(
    storage: &dyn Storage,
    family: Family,
    files: &LeaseFiles,
    sources: &[&Path],
    stop: &AtomicBool,
) -> Result<LfcStats, LfcError> {
    let mut stats = LfcStats::default();
    // Rows are counted through all inputs.
    let mut last = Last::new(family);
    let mut number = 0;
    for path in sources {
        let scan = scan_file(
            storage,
            family,
            path,
            |header, line| {
                number += 1;
                check(stop, number)?;
                let entry = Entry::parse(family, &header.split(line)?)?;
                last.put(entry.key(), (!entry.deletes()).then_some(number));
                Ok(())
            },
            |line, error| observe::log!(crate::messages::RowError { line, error }),
        )?;
        if stop.load(Ordering::Relaxed) {
            return Err(LfcError::Stopped);
        }
        if let Some(scan) = scan {
            stats.rows += scan.rows;
            stats.errors += scan.errors;
        }
    }
    let (kept, leases) = last.kept(number);
    stats.leases = leases;

    let process = |error| LfcError::Process { path: files.output.clone(), error };
    let mut output = Output::create(storage, &files.output, schema_of(family)).map_err(process)?;
    let (mut number, mut failure) = (0, None);
    for path in sources {
        scan_file(
            storage,
            family,
            path,
            |header, line| {
                number += 1;
                check(stop, number)?;
                if failure.is_some() || !kept.has(number) {
                    return Ok(());
                }
                if header.age == Age::Current {
                    output.buffer.extend_from_slice(line);
                    output.buffer.push(b'\n');
                } else {
                    let row = header.split(line)?;
                    Entry::parse(family, &row)?.push(&row, &mut output.buffer);
                }
                failure = output.spill().err();
                Ok(())
            },
            |_, _| {},
        )?;
        if stop.load(Ordering::Relaxed) {
            return Err(LfcError::Stopped);
        }
        if let Some(error) = failure {
            return Err(process(error));
        }
    }
    let written = output.finish().map_err(process)?;

    // The inputs may go only when the disk gives back what it was given.
    let mut found = 0;
    let mut back = Digest::default();
    back.line(schema_of(family).header_line().trim_end().as_bytes());
    let scan = scan_file(
        storage,
        family,
        &files.output,
        |_, line| {
            found += 1;
            back.line(line);
            Ok(())
        },
        |_, _| {},
    )?;
    let whole = scan.is_some_and(|scan| scan.errors == 0 && scan.torn == 0);
    if !whole || found != stats.leases || back != written {
        return Err(LfcError::Check { path: files.output.clone(), wrote: stats.leases, found });
    }
    Ok(stats)
}

/// A set of row numbers.
struct Marks(Vec<u64>);

impl Marks {
    fn new(most: u64) -> Self {
        Self(vec![0; usize::try_from(most / 64).map_or(0, |words| words + 1)])
    }

    fn set(&mut self, number: u64) {
        if let Some(word) = usize::try_from(number / 64).ok().and_then(|word| self.0.get_mut(word)) {
            *word |= 1 << (number % 64);
        }
    }

    fn has(&self, number: u64) -> bool {
        let word = usize::try_from(number / 64).ok().and_then(|word| self.0.get(word));
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}

/// Tells whether lines came back as they were written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Digest {
    octets: u64,
    sum: u64,
}

impl Digest {
    fn line(&mut self, line: &[u8]) {
        self.octets += line.len() as u64 + 1;
        // Any fixed key serves: nobody chooses what the disk gives back.
        let mut hasher = RandomState::with_seeds(1, 2, 3, 4).build_hasher();
        hasher.write_u64(self.sum);
        hasher.write(line);
        self.sum = hasher.finish();
    }
}

/// After a stop every row is an error and costs nothing.
fn check(stop: &AtomicBool, number: u64) -> Result<(), String> {
    if number.is_multiple_of(STRIDE) && stop.load(Ordering::Relaxed) {
        Err("stopped".to_owned())
    } else {
        Ok(())
    }
}

/// The file that is being written.
struct Output {
    file: Box<dyn LogFile>,
    buffer: Vec<u8>,
    digest: Digest,
}

impl Output {
    const BUFFER: usize = 256 << 10;

    fn create(storage: &dyn Storage, path: &Path, schema: &Schema) -> io::Result<Self> {
        let file = storage.append(path, OpenMode::New)?;
        let mut buffer = Vec::with_capacity(Self::BUFFER + 1024);
        buffer.extend_from_slice(schema.header_line().as_bytes());
        Ok(Self { file, buffer, digest: Digest::default() })
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.buffer.len() >= Self::BUFFER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        write_all(&mut *self.file, &self.buffer)?;
        // The buffer holds whole lines.
        let lines = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        lines.split(|octet| *octet == b'\n').for_each(|line| self.digest.line(line));
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<Digest> {
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        self.file.sync()?;
        Ok(self.digest)
    }
}
