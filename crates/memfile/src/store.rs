//! The store: leases in memory, changes in the journal.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base::{Seconds, SubnetId, Timestamp};
use lease::{Committed, Durable, Lease4, Lease6, LeaseState, Mark, MaybeReady, StoreError, Updated};

use crate::files::LeaseFiles;
use crate::index::Index;
use crate::journal::Journal;
use crate::kind::Leased;
use crate::load::{LoadReport, load};
use crate::messages as m;
use crate::packed::Packed;
use crate::storage::{Locked, OsStorage, Storage};
use crate::table::Age;
use crate::threads::Threads;
use crate::ticket::{Ticket, Wait, lock};

/// When a commit is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The rows are on the disk: they outlive a power cut.
    #[default]
    Fsync,
    /// The rows are with the kernel: they outlive the process, as Kea's do.
    Os,
    /// Nothing is written (`persist` false).
    None,
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The lease file; its companions have suffixes to its name.
    pub path: PathBuf,
    pub durability: Durability,
    /// Time between two cleanups of the lease file; 0: only on demand.
    pub lfc_interval: Seconds,
    /// Rows with errors in one file above which it is refused; 0: any number is skipped.
    pub max_row_errors: u32,
}

impl Settings {
    /// Kea's defaults for a lease file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::Fsync,
            lfc_interval: Seconds(3600),
            max_row_errors: 0,
        }
    }
}

/// Who does the work that can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// Threads of the store: one syncs, one cleans up.
    Threads,
    /// Whoever calls [`lease::LeaseStore4::commit`] and [`Memfile::clean_up`]; for tests that must repeat exactly.
    Caller,
}

/// Outcome of [`Memfile::start_lfc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LfcStart {
    Started,
    AlreadyRunning,
    /// The store writes no files.
    NotPersistent,
}

/// How the store is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub leases: u64,
    /// Changes that are not durable yet.
    pub pending: u64,
    /// Batches and rows written since the start.
    pub batches: u64,
    pub rows: u64,
    /// Writes that failed since the start.
    pub failures: u64,
    /// The last failure, until a write succeeds again.
    pub error: Option<String>,
    /// Octets of the live file.
    pub live_bytes: u64,
    pub lfc_running: bool,
    /// Cleanups since the start, and the failure of the last one.
    pub lfc_runs: u64,
    pub lfc_error: Option<String>,
}

/// A change that may have to be undone: what the address had before.
struct Undo<L: Leased> {
    address: L::Address,
    before: Option<L::Packed>,
}

/// Changes that become durable together.
struct Batch<L: Leased> {
    rows: Vec<u8>,
    undo: Vec<Undo<L>>,
    ticket: Arc<Ticket>,
}

impl<L: Leased> Batch<L> {
    fn new() -> Self {
        Self { rows: Vec::new(), undo: Vec::new(), ticket: Ticket::new() }
    }
}

struct State<L: Leased> {
    index: Index<L>,
    /// Changes made since the last write began.
    open: Batch<L>,
    /// Changes being written; their rows are with the writer.
    flying: Option<Batch<L>>,
    /// Failed writes; a mark is this number.
    failures: u64,
    error: Option<String>,
}

/// What the store shares with its threads.
pub(crate) struct Shared<L: Leased> {
    pub(crate) settings: Settings,
    pub(crate) files: LeaseFiles,
    pub(crate) storage: Arc<dyn Storage>,
    observer: Arc<L::Observer>,
    state: Mutex<State<L>>,
    /// Held by who writes, from taking the batch until its fate is known. Taken before `state`.
    pub(crate) journal: Option<Mutex<Journal>>,
    batches: AtomicU64,
    rows: AtomicU64,
    /// Length of the live file when somebody last knew.
    live_bytes: AtomicU64,
}

impl<L: Leased> Shared<L> {
    /// Writes what is open. One caller writes; others wait for it here and then write what came together meanwhile.
    pub(crate) fn flush(&self) {
        let Some(journal) = &self.journal else { return };
        let mut journal = lock(journal);
        let (rows, count, ticket) = {
            let mut state = lock(&self.state);
            if state.open.undo.is_empty() {
                return;
            }
            let mut batch = std::mem::replace(&mut state.open, Batch::new());
            let parts = (std::mem::take(&mut batch.rows), batch.undo.len() as u64, Arc::clone(&batch.ticket));
            state.flying = Some(batch);
            parts
        };
        match journal.append(&rows, count) {
            Ok(()) => {
                let (done, recovered) = {
                    let mut state = lock(&self.state);
                    // The buffer serves again when it is not huge.
                    if state.open.rows.capacity() == 0 && rows.capacity() <= 64 << 10 {
                        state.open.rows = rows;
                        state.open.rows.clear();
                    }
                    (state.flying.take(), state.error.take().is_some())
                };
                self.batches.fetch_add(1, Ordering::Relaxed);
                self.rows.fetch_add(count, Ordering::Relaxed);
                drop(journal);
                ticket.finish(Ok(()));
                if recovered {
                    observe::log!(m::WriteRecovered { path: self.files.live.display() });
                }
                // Old leases are freed outside the locks.
                drop(done);
            }
            Err(error) => {
                let failure = StoreError::Failed(format!("{}: {error}", self.files.live.display()));
                let (open, undone, first) = {
                    let mut state = lock(&self.state);
                    let open = std::mem::replace(&mut state.open, Batch::new());
                    let flying = state.flying.take();
                    // Changes made meanwhile may rest on those that failed; all go, the latest first.
                    let undone = count + open.undo.len() as u64;
                    let flying_undo = flying.into_iter().flat_map(|batch| batch.undo);
                    for undo in open.undo.into_iter().rev().chain(flying_undo.rev()) {
                        let before = undo.before.as_ref().map(Packed::lease);
                        let after = state.index.replace(undo.address, undo.before);
                        L::tell(&self.observer, after.map(|lease| lease.lease()).as_ref(), before.as_ref());
                    }
                    state.failures += 1;
                    (open.ticket, undone, state.error.replace(error.to_string()).is_none())
                };
                ticket.finish(Err(failure.clone()));
                open.finish(Err(failure));
                drop(journal);
                if first {
                    let path = self.files.live.display();
                    observe::log!(m::WriteFailed { path, error, rows: undone });
                }
            }
        }
    }
}

impl<L: Leased> Shared<L> {
    /// All leases without the changes that are still to be written, in address order. The caller holds the journal,
    /// so that nothing is being written.
    pub(crate) fn durable(&self) -> Vec<Arc<L>> {
        let state = lock(&self.state);
        let mut leases: std::collections::BTreeMap<L::Address, Arc<L>> =
            state.index.page(None, usize::MAX).into_iter().map(|lease| (lease.address(), lease)).collect();
        for undo in state.open.undo.iter().rev().filter(|_| self.journal.is_some()) {
            match &undo.before {
                Some(before) => leases.insert(undo.address, before.share()),
                None => leases.remove(&undo.address),
            };
        }
        leases.into_values().collect()
    }
}

/// A lease store in memory with a journal in Kea's format, of either family.
pub struct Memfile<L: Leased> {
    pub(crate) shared: Arc<Shared<L>>,
    threads: Option<Threads>,
}

/// The store of DHCPv4 leases.
pub type Memfile4 = Memfile<Lease4>;
/// The store of DHCPv6 leases.
pub type Memfile6 = Memfile<Lease6>;

impl<L: Leased> Memfile<L> {
    /// Opens the files of `settings`, or begins new ones, and reads them. `observer` is told of every lease.
    ///
    /// `now` only serves the report.
    pub fn open(
        settings: Settings,
        observer: Arc<L::Observer>,
        now: Timestamp,
    ) -> Result<(Arc<Self>, LoadReport), StoreError> {
        Self::open_on(Arc::new(OsStorage), settings, observer, now, Runner::Threads)
    }

    /// As [`open`](Self::open) on a file layer of the caller's choice.
    pub fn open_on(
        storage: Arc<dyn Storage>,
        settings: Settings,
        observer: Arc<L::Observer>,
        now: Timestamp,
        runner: Runner,
    ) -> Result<(Arc<Self>, LoadReport), StoreError> {
        // A store without a name is a server's before its configuration is read: nothing to tell.
        let named = !settings.path.as_os_str().is_empty();
        if named {
            let place = match settings.durability {
                Durability::None => "persist=false".to_owned(),
                _ => format!("name={}", settings.path.display()),
            };
            observe::log!(m::Opening { place, universe: L::FAMILY.version().trim_start_matches("IPv") });
        }
        let files = LeaseFiles::of(&settings.path);
        let (index, report, journal) = if settings.durability == Durability::None {
            if named {
                observe::log!(m::NoStorage);
            }
            (Index::new(), LoadReport::default(), None)
        } else {
            let opened = open_files(&storage, &files, &settings, now);
            let (index, report, journal) =
                opened.inspect_err(|error| observe::log!(m::OpenFailed { error }))?;
            (index, report, Some(Mutex::new(journal)))
        };
        tell::<L>(&index, &observer);
        let convert = report.conversion && journal.is_some();
        let shared = Arc::new(Shared {
            settings,
            files,
            storage,
            observer,
            state: Mutex::new(State { index, open: Batch::new(), flying: None, failures: 0, error: None }),
            journal,
            batches: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            live_bytes: AtomicU64::new(0),
        });
        let threads = match runner {
            Runner::Threads if shared.journal.is_some() => {
                let threads = Threads::start(&shared, convert)
                    .map_err(|error| StoreError::Failed(format!("cannot start a thread: {error}")))?;
                Some(threads)
            }
            _ => None,
        };
        if convert {
            observe::log!(m::Converting { path: shared.files.live.display() });
        }
        Ok((Arc::new(Self { shared, threads }), report))
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Number of leases.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.shared.state).index.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the lease file in use still has its name. When an operator removed it, or put another in its place,
    /// it is to be opened anew.
    #[must_use]
    pub fn in_place(&self) -> bool {
        let in_place = self.shared.journal.as_ref().is_none_or(|journal| lock(journal).in_place());
        if !in_place {
            observe::log!(m::Replaced { path: self.shared.files.live.display() });
        }
        in_place
    }

    /// Begins a cleanup of the lease file now; the interval counts anew.
    pub fn start_lfc(&self) -> LfcStart {
        match &self.threads {
            Some(threads) => threads.start_lfc(),
            None => LfcStart::NotPersistent,
        }
    }

    /// Changes the time between two cleanups; it counts from now.
    pub fn set_lfc_interval(&self, interval: Seconds) {
        if let Some(threads) = &self.threads {
            threads.set_lfc_interval(interval);
        }
    }

    /// Cleans up the lease files in the calling thread.
    pub fn clean_up(&self) -> Result<crate::LfcStats, crate::LfcError> {
        crate::threads::clean_up(&self.shared, &std::sync::atomic::AtomicBool::new(false), true)
    }

    /// Writes all leases to a file; one that is there is kept as `.bak` with the process number. With the path of the
    /// live file everything goes on there, and earlier results of cleanups are gone.
    ///
    /// # Errors
    /// What the medium says, or that a cleanup is running.
    pub fn write_to(&self, path: &std::path::Path) -> std::io::Result<()> {
        crate::dump::write(&self.shared, path)
    }

    /// Figures for `status-get`.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = {
            let state = lock(&self.shared.state);
            let flying = state.flying.as_ref().map_or(0, |batch| batch.undo.len());
            Status {
                leases: state.index.len() as u64,
                pending: (state.open.undo.len() + flying) as u64,
                failures: state.failures,
                error: state.error.clone(),
                ..Status::default()
            }
        };
        status.batches = self.shared.batches.load(Ordering::Relaxed);
        status.rows = self.shared.rows.load(Ordering::Relaxed);
        // A writer holds the journal for as long as a sync takes, which may be what somebody wants to know of.
        if let Some(journal) = self.shared.journal.as_ref().and_then(|journal| journal.try_lock().ok()) {
            self.shared.live_bytes.store(journal.len(), Ordering::Relaxed);
        }
        status.live_bytes = self.shared.live_bytes.load(Ordering::Relaxed);
        if let Some(threads) = &self.threads {
            threads.report(&mut status);
        }
        status
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Index<L>) -> T) -> T {
        look(&lock(&self.shared.state).index)
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Index<L>) -> T) -> MaybeReady<'_, Result<T, StoreError>> {
        MaybeReady::ready(Ok(self.look(read)))
    }

    /// Rows of many pages; the lock is given back between them.
    pub(crate) fn pages(&self, mut next: impl FnMut(&Index<L>, Option<&L>) -> Vec<Arc<L>>) -> Vec<Arc<L>> {
        let mut all = Vec::new();
        loop {
            let page = next(&lock(&self.shared.state).index, all.last().map(|last: &Arc<L>| &**last));
            let done = page.len() < PAGE;
            all.extend(page);
            if done {
                return all;
            }
        }
    }

    /// Makes `lease` the row of `address`.
    fn change(&self, state: &mut State<L>, address: L::Address, lease: Option<&L>, row: &[u8]) {
        let before = state.index.replace(address, lease.map(L::Packed::pack));
        L::tell(&self.shared.observer, before.as_ref().map(Packed::lease).as_ref(), lease);
        if self.shared.journal.is_some() {
            state.open.rows.extend_from_slice(row);
            state.open.undo.push(Undo { address, before });
        }
    }

    /// The row of a lease, unless it could not be read again.
    fn row(&self, lease: &L) -> Result<Vec<u8>, StoreError> {
        let mut row = Vec::new();
        if self.shared.journal.is_some() {
            if let Some(error) = lease.refusal() {
                return Err(StoreError::Failed(error));
            }
            row.reserve(160);
            lease.push_lease(&mut row);
        }
        Ok(row)
    }

    /// Deletes what `next` gives until it gives no more; answers how many.
    fn delete_all(&self, next: impl Fn(&Index<L>) -> Vec<Arc<L>>) -> u64 {
        let mut count = 0;
        let mut row = Vec::with_capacity(160);
        loop {
            let mut state = lock(&self.shared.state);
            let page = next(&state.index);
            if page.is_empty() {
                return count;
            }
            for lease in &page {
                row.clear();
                lease.push_deletion(&mut row);
                self.change(&mut state, lease.address(), None, &row);
            }
            count += page.len() as u64;
        }
    }
}

/// Rows handled while the lock is held once.
const PAGE: usize = 1024;

/// Reads and opens the files of a persistent store.
fn open_files<L: Leased>(
    storage: &Arc<dyn Storage>,
    files: &LeaseFiles,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Index<L>, LoadReport, Journal), StoreError> {
    let failed = |error: std::io::Error| StoreError::Failed(format!("{}: {error}", files.live.display()));
    let _lock = match storage.lock(&files.pid).map_err(failed)? {
        Locked::Mine(lock) => lock,
        Locked::Taken(_) => {
            let text = "unable to load leases from files while the lease file cleanup is in progress";
            return Err(StoreError::Failed(text.to_owned()));
        }
    };
    let sync = settings.durability == Durability::Fsync;
    let loaded = load::<L>(&**storage, files, settings.max_row_errors, sync, now)?;
    let live = loaded.live;
    let mut journal =
        Journal::open(Arc::clone(storage), files.clone(), L::SCHEMA, live.good, live.rows, sync)
            .map_err(failed)?;
    if live.age != Age::Current && !live.takes_current_rows {
        // Rows of ours would be misread there. The cleanup that follows converts the rest.
        let stop = std::sync::atomic::AtomicBool::new(false);
        let cleaned = crate::lfc::clean_locked(&**storage, L::FAMILY, files, &stop);
        if let Err(error) = cleaned {
            return Err(StoreError::Failed(error.to_string()));
        }
        if journal.rotate() != crate::journal::Rotated::Yes {
            return Err(StoreError::Failed(format!("{}: cannot convert its columns", files.live.display())));
        }
    }
    Ok((loaded.index, loaded.report, journal))
}

fn tell<L: Leased>(index: &Index<L>, observer: &L::Observer) {
    for lease in index.leases() {
        L::tell(observer, None, Some(&lease.lease()));
    }
}

pub(crate) fn limited(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}

pub(crate) type Answer<'a, T> = MaybeReady<'a, Result<T, StoreError>>;

/// What both families' traits ask for.
impl<L: Leased> Memfile<L> {
    pub(crate) fn in_subnet(&self, subnet: SubnetId) -> Vec<Arc<L>> {
        let rows = lock(&self.shared.state).index.members(subnet, usize::MAX);
        let mut leases = Vec::with_capacity(rows.len());
        for part in rows.chunks(PAGE) {
            let state = lock(&self.shared.state);
            leases.extend(part.iter().filter_map(|row| state.index.member(*row, subnet)));
        }
        leases.sort_unstable_by_key(|lease| lease.address());
        // One that was deleted and added again meanwhile may have come twice.
        leases.dedup_by_key(|lease| lease.address());
        leases
    }

    pub(crate) fn ended(&self, subnet: Option<SubnetId>, now: Timestamp, limit: usize) -> Vec<Arc<L>> {
        loop {
            if let Some(leases) = lock(&self.shared.state).index.expired(subnet, now, limit) {
                return leases;
            }
        }
    }

    pub(crate) fn in_state(&self, state: LeaseState, subnet: Option<SubnetId>) -> Vec<Arc<L>> {
        if state == LeaseState::Default {
            // Nearly all of them: found by looking at all.
            let mut page = match subnet {
                Some(subnet) => self.in_subnet(subnet),
                None => self.pages(|index, last| index.page(last.map(L::address), PAGE)),
            };
            page.retain(|lease| lease.state() == state);
            return page;
        }
        let mut page = self.pages(|index, last| {
            index.in_state(state, subnet, last.map(|last| (last.subnet_id(), last.address())), PAGE)
        });
        page.sort_unstable_by_key(|lease| lease.address());
        page
    }

    /// Adds a row; the one that is there already, if any, is the answer.
    pub(crate) fn insert(&self, lease: &L) -> Result<Option<Arc<L>>, StoreError> {
        let row = self.row(lease)?;
        let mut state = lock(&self.shared.state);
        if let Some(there) = state.index.get(lease.address()) {
            return Ok(Some(there.share()));
        }
        self.change(&mut state, lease.address(), Some(lease), &row);
        Ok(None)
    }

    pub(crate) fn exchange(&self, lease: &L, expected: &L) -> Result<Updated, StoreError> {
        let row = self.row(lease)?;
        let mut state = lock(&self.shared.state);
        if !state.index.get(lease.address()).is_some_and(|row| row.unchanged(expected)) {
            return Ok(Updated::Conflict);
        }
        self.change(&mut state, lease.address(), Some(lease), &row);
        Ok(Updated::Yes)
    }

    pub(crate) fn remove(&self, expected: &L) -> Updated {
        let mut row = Vec::new();
        if self.shared.journal.is_some() {
            expected.push_deletion(&mut row);
        }
        let mut state = lock(&self.shared.state);
        if !state.index.get(expected.address()).is_some_and(|row| row.unchanged(expected)) {
            return Updated::Conflict;
        }
        self.change(&mut state, expected.address(), None, &row);
        Updated::Yes
    }

    pub(crate) fn forget_reclaimed(&self, now: Timestamp, held: Seconds) -> u64 {
        match now.0.checked_sub(u64::from(held.0)) {
            Some(until) if !held.is_infinite() => {
                self.delete_all(|index| index.reclaimed(Timestamp(until), PAGE))
            }
            _ => 0,
        }
    }

    pub(crate) fn forget(&self, subnet: Option<SubnetId>) -> u64 {
        self.delete_all(|index| match subnet {
            None => index.page(None, PAGE),
            Some(subnet) => {
                let rows = index.members(subnet, PAGE);
                rows.into_iter().filter_map(|row| index.member(row, subnet)).collect()
            }
        })
    }
}

impl<L: Leased> Durable for Memfile<L> {
    fn name(&self) -> &'static str {
        "memfile"
    }

    fn mark(&self) -> Mark {
        Mark(lock(&self.shared.state).failures)
    }

    fn keep_extended_info(&self, wanted: bool) {
        lock(&self.shared.state).index.keep_extended(wanted);
    }

    fn commit(&self, since: Mark) -> Committed {
        let ticket = {
            let state = lock(&self.shared.state);
            if state.failures != since.0 {
                let text = state.error.as_deref().unwrap_or("a write failed meanwhile");
                return MaybeReady::ready(Err(StoreError::Failed(text.to_owned())));
            }
            if !state.open.undo.is_empty() {
                Arc::clone(&state.open.ticket)
            } else if let Some(flying) = &state.flying {
                Arc::clone(&flying.ticket)
            } else {
                return MaybeReady::ready(Ok(()));
            }
        };
        match &self.threads {
            Some(threads) if self.shared.settings.durability == Durability::Fsync => threads.sync(),
            _ => self.shared.flush(),
        }
        match ticket.outcome() {
            Some(outcome) => MaybeReady::ready(outcome),
            None => MaybeReady::Wait(Box::pin(Wait(ticket))),
        }
    }
}

impl<L: Leased> Drop for Memfile<L> {
    fn drop(&mut self) {
        drop(self.threads.take());
        self.shared.flush();
        if let Some(journal) = &self.shared.journal {
            // Also what was only handed to the kernel; nobody is left to hear of a failure.
            let _ = lock(journal).sync();
        }
    }
}
