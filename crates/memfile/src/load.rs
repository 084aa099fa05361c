//! Reading the lease files at the start.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::Timestamp;
use lease::StoreError;

use crate::files::LeaseFiles;
use crate::index::Index;
use crate::kind::{Entry, Leased};
use crate::messages as m;
use crate::packed::Packed;
use crate::scan::{Scan, ScanError, scan};
use crate::storage::{OpenMode, Storage};
use crate::table::Age;

/// A row that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    pub file: PathBuf,
    /// Number of the line, the header being 1.
    pub line: u64,
    pub text: String,
}

/// What was found at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Files read, in their order.
    pub files: Vec<PathBuf>,
    /// Rows read, those with errors included.
    pub rows: u64,
    /// Rows skipped.
    pub error_count: u64,
    /// The first hundred of them.
    pub errors: Vec<RowError>,
    /// Octets after the last newline of all files; those of the live file are cut.
    pub torn_bytes: u64,
    /// Leases in memory.
    pub leases: u64,
    /// Of them, leases whose end has passed.
    pub expired: u64,
    /// Of them, leases last changed in the future: the clock was set back, or is wrong.
    pub future: u64,
    /// A file had other columns than the current ones.
    pub conversion: bool,
}

const ERRORS_KEPT: usize = 100;

/// The live file as it was found.
pub(crate) struct Live {
    /// Length of its whole lines; 0: it is to be created.
    pub(crate) good: u64,
    pub(crate) rows: u64,
    pub(crate) age: Age,
    pub(crate) takes_current_rows: bool,
}

pub(crate) struct Loaded<L: Leased> {
    pub(crate) index: Index<L>,
    pub(crate) report: LoadReport,
    pub(crate) live: Live,
}

fn apply<L: Leased>(index: &mut Index<L>, entry: Entry<L>) {
    match entry {
        Entry::Lease(lease) => index.replace(lease.address(), Some(L::Packed::pack(&lease))),
        Entry::Deleted(address) => index.replace(address, None),
    };
}

/// Reads all files that count.
pub(crate) fn load<L: Leased>(
    storage: &dyn Storage,
    files: &LeaseFiles,
    max_row_errors: u32,
    sync: bool,
    now: Timestamp,
) -> Result<Loaded<L>, StoreError> {
    let mut index = Index::<L>::new();
    let mut report = LoadReport::default();
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        StoreError::Failed(format!("{}: {error}", path.display()))
    };
    let sources = files.sources(storage).map_err(|error| failed(&files.live, &error))?;
    for path in &sources {
        if load_file(storage, path, max_row_errors, &mut index, &mut report)?.is_some() && sync {
            // What was read may not be on the disk yet if its writer did not sync. It is relied upon from now on.
            let mut file = storage.append(path, OpenMode::Existing).map_err(|error| failed(path, &error))?;
            file.sync().map_err(|error| failed(path, &error))?;
        }
    }
    let mut live = Live { good: 0, rows: 0, age: Age::Current, takes_current_rows: true };
    if let Some(scan) = load_file(storage, &files.live, max_row_errors, &mut index, &mut report)?
        && let Some(header) = &scan.header
    {
        live = Live {
            good: scan.good,
            rows: scan.rows,
            age: header.age,
            takes_current_rows: header.takes_current_rows(),
        };
    }
    report.leases = index.len() as u64;
    for lease in index.leases() {
        report.expired += u64::from(lease.expires() <= now);
        report.future += u64::from(lease.cltt() > now);
    }
    observe::log!(m::Loaded { rows: report.rows, leases: report.leases, errors: report.error_count });
    Ok(Loaded { index, report, live })
}

/// `None`: there is no such file.
fn load_file<L: Leased>(
    storage: &dyn Storage,
    path: &Path,
    max_row_errors: u32,
    index: &mut Index<L>,
    report: &mut LoadReport,
) -> Result<Option<Scan>, StoreError> {
    let failed = |error: ScanError| match error {
        ScanError::Io(error) => StoreError::Failed(format!("{}: {error}", path.display())),
        error @ ScanError::Header(_) => StoreError::Damaged(format!("{}: {error}", path.display())),
        error @ ScanError::TooManyErrors(_) => {
            StoreError::Damaged(format!("{error} from the lease file {}", path.display()))
        }
    };
    observe::log!(m::Load { path: path.display() });
    let Some(mut source) = storage.read(path).map_err(|error| failed(error.into()))? else { return Ok(None) };
    let result = scan(
        &mut source,
        L::SCHEMA,
        max_row_errors,
        |header, line| {
            apply(index, L::parse(&header.split(line)?)?);
            Ok(())
        },
        |line, text| {
            observe::log!(m::RowError { line, error: text });
            report.error_count += 1;
            if report.errors.len() < ERRORS_KEPT {
                report.errors.push(RowError { file: path.to_owned(), line, text });
            }
        },
    );
    let scan = result.map_err(failed)?;
    if scan.torn > 0 {
        observe::log!(m::TornTail { path: path.display(), bytes: scan.torn, text: scan.torn_text });
    }
    match scan.header.as_ref().map(|header| header.age) {
        Some(Age::Older) => {
            observe::log!(m::NeedsUpgrading { path: path.display(), version: L::SCHEMA.version() });
        }
        Some(Age::Newer) => {
            observe::log!(m::NeedsDowngrading { path: path.display(), version: L::SCHEMA.version() });
        }
        _ => {}
    }
    report.conversion |= scan.header.as_ref().is_some_and(|header| header.age != Age::Current);
    report.files.push(path.to_owned());
    report.rows += scan.rows;
    report.torn_bytes += scan.torn;
    Ok(Some(scan))
}

/// See [`crate::read_leases4`].
pub(crate) fn read_leases<L: Leased>(text: &[u8]) -> Result<(Vec<Arc<L>>, u64), String> {
    let mut index = Index::<L>::new();
    let mut source: &[u8] = text;
    let scan = scan(
        &mut source as &mut dyn Read,
        L::SCHEMA,
        0,
        |header, line| {
            apply(&mut index, L::parse(&header.split(line)?)?);
            Ok(())
        },
        |_, _| {},
    );
    let scan = scan.map_err(|error| error.to_string())?;
    Ok((index.page(None, usize::MAX), scan.errors))
}
