//! The store: leases in memory, changes in the journal.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base::{ClientId, HwAddr, Seconds, SubnetId, Timestamp};
use lease::{
    Added, Committed, Lease4, LeaseObserver4, LeaseState, LeaseStore4, Mark, MaybeReady, Page4, StoreError,
    Updated,
};

use crate::files::LeaseFiles;
use crate::index::{Index4, Key};
use crate::journal::Journal;
use crate::load::{LoadReport, load};
use crate::messages as m;
use crate::row4::{push_deletion, push_lease, refusal};
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
    /// Whoever calls [`LeaseStore4::commit`] and [`Memfile4::clean_up`]; for tests that must repeat exactly.
    Caller,
}

/// Outcome of [`Memfile4::start_lfc`].
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
struct Undo {
    address: Ipv4Addr,
    before: Option<Arc<Lease4>>,
}

/// Changes that become durable together.
struct Batch {
    rows: Vec<u8>,
    undo: Vec<Undo>,
    ticket: Arc<Ticket>,
}

impl Batch {
    fn new() -> Self {
        Self { rows: Vec::new(), undo: Vec::new(), ticket: Ticket::new() }
    }
}

struct State {
    index: Index4,
    /// Changes made since the last write began.
    open: Batch,
    /// Changes being written; their rows are with the writer.
    flying: Option<Batch>,
    /// Failed writes; a mark is this number.
    failures: u64,
    error: Option<String>,
}

/// What the store shares with its threads.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) files: LeaseFiles,
    pub(crate) storage: Arc<dyn Storage>,
    observer: Arc<dyn LeaseObserver4>,
    state: Mutex<State>,
    /// Held by who writes, from taking the batch until its fate is known. Taken before `state`.
    pub(crate) journal: Option<Mutex<Journal>>,
    batches: AtomicU64,
    rows: AtomicU64,
}

impl Shared {
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
                ticket.finish(Ok(()));
                drop(journal);
                if recovered {
                    observe::log!(m::WriteRecovered { path: self.files.live.display() });
                }
                // Old leases are freed outside the locks.
                drop(done);
            }
            Err(error) => {
                let failure = StoreError::Failed(format!("{}: {error}", self.files.live.display()));
                let (open, flying, first) = {
                    let mut state = lock(&self.state);
                    let open = std::mem::replace(&mut state.open, Batch::new());
                    let flying = state.flying.take();
                    // Changes made meanwhile may rest on those that failed; all go, the latest first.
                    for undo in
                        open.undo.iter().rev().chain(flying.iter().flat_map(|batch| batch.undo.iter().rev()))
                    {
                        let undone = state.index.replace(undo.address, undo.before.clone());
                        self.observer.changed(undone.as_deref(), undo.before.as_deref());
                    }
                    state.failures += 1;
                    (open, flying, state.error.replace(error.to_string()).is_none())
                };
                let undone = count + open.undo.len() as u64;
                ticket.finish(Err(failure.clone()));
                open.ticket.finish(Err(failure));
                drop(journal);
                if first {
                    let path = self.files.live.display();
                    observe::log!(m::WriteFailed { path, error, rows: undone });
                }
                drop((open, flying));
            }
        }
    }
}

impl Shared {
    /// All leases without the changes that are still to be written, in address order. The caller holds the journal,
    /// so that nothing is being written.
    pub(crate) fn durable(&self) -> Vec<Arc<Lease4>> {
        let state = lock(&self.state);
        let mut leases: std::collections::BTreeMap<Ipv4Addr, Arc<Lease4>> = state
            .index
            .page(None, None, usize::MAX)
            .into_iter()
            .map(|lease| (lease.address, lease))
            .collect();
        for undo in state.open.undo.iter().rev().filter(|_| self.journal.is_some()) {
            match &undo.before {
                Some(before) => leases.insert(undo.address, Arc::clone(before)),
                None => leases.remove(&undo.address),
            };
        }
        leases.into_values().collect()
    }
}

/// A lease store in memory with a journal in Kea's format.
pub struct Memfile4 {
    shared: Arc<Shared>,
    threads: Option<Threads>,
}

impl Memfile4 {
    /// Opens the files of `settings`, or begins new ones, and reads them. `observer` is told of every lease.
    ///
    /// `now` only serves the report.
    pub fn open(
        settings: Settings,
        observer: Arc<dyn LeaseObserver4>,
        now: Timestamp,
    ) -> Result<(Arc<Self>, LoadReport), StoreError> {
        Self::open_on(Arc::new(OsStorage), settings, observer, now, Runner::Threads)
    }

    /// As [`open`](Self::open) on a file layer of the caller's choice.
    pub fn open_on(
        storage: Arc<dyn Storage>,
        settings: Settings,
        observer: Arc<dyn LeaseObserver4>,
        now: Timestamp,
        runner: Runner,
    ) -> Result<(Arc<Self>, LoadReport), StoreError> {
        // A store without a name is a server's before its configuration is read: nothing to tell.
        let named = !settings.path.as_os_str().is_empty();
        if named {
            observe::log!(m::Opening { path: settings.path.display() });
        }
        let files = LeaseFiles::of(&settings.path);
        let (index, report, journal) = if settings.durability == Durability::None {
            if named {
                observe::log!(m::NoStorage);
            }
            (Index4::new(), LoadReport::default(), None)
        } else {
            let opened = open_files(&storage, &files, &settings, now);
            let (index, report, journal) =
                opened.inspect_err(|error| observe::log!(m::OpenFailed { error }))?;
            (index, report, Some(Mutex::new(journal)))
        };
        tell(&index, &*observer);
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
        // A writer may hold the journal for as long as a sync takes.
        status.live_bytes = self.shared.journal.as_ref().map_or(0, |journal| lock(journal).len());
        if let Some(threads) = &self.threads {
            threads.report(&mut status);
        }
        status
    }

    fn read<T>(&self, read: impl FnOnce(&Index4) -> T) -> MaybeReady<'_, Result<T, StoreError>> {
        MaybeReady::ready(Ok(read(&lock(&self.shared.state).index)))
    }

    /// Rows of many pages; the lock is given back between them.
    fn pages(&self, mut next: impl FnMut(&Index4, Option<&Lease4>) -> Page4) -> Page4 {
        let mut all = Vec::new();
        loop {
            let page = next(&lock(&self.shared.state).index, all.last().map(|last: &Arc<Lease4>| &**last));
            let done = page.len() < PAGE;
            all.extend(page);
            if done {
                return all;
            }
        }
    }

    /// Makes `lease` the row of `address`.
    fn change(&self, state: &mut State, address: Ipv4Addr, lease: Option<Arc<Lease4>>, row: &[u8]) {
        let before = state.index.replace(address, lease.clone());
        self.shared.observer.changed(before.as_deref(), lease.as_deref());
        if self.shared.journal.is_some() {
            state.open.rows.extend_from_slice(row);
            state.open.undo.push(Undo { address, before });
        }
    }

    /// The row of a lease, unless it could not be read again.
    fn row(&self, lease: &Lease4) -> Result<Vec<u8>, StoreError> {
        let mut row = Vec::new();
        if self.shared.journal.is_some() {
            if let Some(error) = refusal(lease) {
                return Err(StoreError::Failed(error));
            }
            row.reserve(160);
            push_lease(lease, &mut row);
        }
        Ok(row)
    }

    /// Deletes what `next` gives until it gives no more; answers how many.
    fn delete_all(&self, mut next: impl FnMut(&Index4) -> Page4) -> u64 {
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
                push_deletion(lease, &mut row);
                self.change(&mut state, lease.address, None, &row);
            }
            count += page.len() as u64;
        }
    }
}

/// Rows handled while the lock is held once.
const PAGE: usize = 1024;

/// Reads and opens the files of a persistent store.
fn open_files(
    storage: &Arc<dyn Storage>,
    files: &LeaseFiles,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Index4, LoadReport, Journal), StoreError> {
    let failed = |error: std::io::Error| StoreError::Failed(format!("{}: {error}", files.live.display()));
    let _lock = match storage.lock(&files.pid).map_err(failed)? {
        Locked::Mine(lock) => lock,
        Locked::Taken(_) => {
            let text = "unable to load leases from files while the lease file cleanup is in progress";
            return Err(StoreError::Failed(text.to_owned()));
        }
    };
    let sync = settings.durability == Durability::Fsync;
    let loaded = load(&**storage, files, settings.max_row_errors, sync, now)?;
    let live = loaded.live;
    let mut journal =
        Journal::open(Arc::clone(storage), files.clone(), live.good, live.rows, sync).map_err(failed)?;
    if live.age != Age::Current && !live.takes_current_rows {
        // Rows of ours would be misread there. The cleanup that follows converts the rest.
        let stop = std::sync::atomic::AtomicBool::new(false);
        let cleaned = crate::lfc::clean_locked(&**storage, base::Family::V4, files, &stop);
        if let Err(error) = cleaned {
            return Err(StoreError::Failed(error.to_string()));
        }
        if journal.rotate() != crate::journal::Rotated::Yes {
            return Err(StoreError::Failed(format!("{}: cannot convert its columns", files.live.display())));
        }
    }
    Ok((loaded.index, loaded.report, journal))
}

fn tell(index: &Index4, observer: &dyn LeaseObserver4) {
    let mut after = None;
    loop {
        let page = index.page(None, after, PAGE);
        let Some(last) = page.last() else { return };
        after = Some(last.address);
        for lease in &page {
            observer.changed(None, Some(lease));
        }
    }
}

/// Whether the row is still the one that the caller looked at.
fn unchanged(row: &Lease4, expected: &Lease4) -> bool {
    row.cltt == expected.cltt
        && row.valid_lifetime == expected.valid_lifetime
        && row.state == expected.state
        && row.client_id == expected.client_id
        && row.hw_addr == expected.hw_addr
}

fn limited(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}

type Answer<'a, T> = MaybeReady<'a, Result<T, StoreError>>;

impl LeaseStore4 for Memfile4 {
    fn name(&self) -> &'static str {
        "memfile"
    }

    fn by_address(&self, address: Ipv4Addr) -> Answer<'_, Option<Arc<Lease4>>> {
        self.read(|index| index.get(address).cloned())
    }

    fn by_client_id(&self, id: &ClientId) -> Answer<'_, Page4> {
        self.read(|index| index.by_key(Key::ClientId, id.octets()))
    }

    fn by_hw_addr(&self, hw_addr: &HwAddr) -> Answer<'_, Page4> {
        self.read(|index| index.by_key(Key::HwAddr, hw_addr.octets()))
    }

    fn by_hostname(&self, hostname: &str) -> Answer<'_, Page4> {
        self.read(|index| index.by_key(Key::HostName, hostname.as_bytes()))
    }

    fn by_subnet(&self, subnet: SubnetId) -> Answer<'_, Page4> {
        MaybeReady::ready(Ok(
            self.pages(|index, last| index.page(Some(subnet), last.map(|last| last.address), PAGE))
        ))
    }

    fn by_state(&self, state: LeaseState, subnet: Option<SubnetId>) -> Answer<'_, Page4> {
        if state == LeaseState::Default {
            // Nearly all of them: found by looking at all.
            let mut page = self.pages(|index, last| index.page(subnet, last.map(|last| last.address), PAGE));
            page.retain(|lease| lease.state == state);
            return MaybeReady::ready(Ok(page));
        }
        let mut page = self.pages(|index, last| {
            index.in_state(state, subnet, last.map(|last| (last.subnet_id, last.address)), PAGE)
        });
        page.sort_unstable_by_key(|lease| lease.address);
        MaybeReady::ready(Ok(page))
    }

    fn page(&self, after: Option<Ipv4Addr>, limit: usize) -> Answer<'_, Page4> {
        self.read(|index| index.page(None, after, limit))
    }

    fn expired(&self, now: Timestamp, limit: usize) -> Answer<'_, Page4> {
        self.read(|index| index.expired(None, now, limited(limit)))
    }

    fn expired_in(&self, subnet: SubnetId, now: Timestamp, limit: usize) -> Answer<'_, Page4> {
        self.read(|index| index.expired(Some(subnet), now, limited(limit)))
    }

    fn add(&self, lease: Lease4) -> Answer<'_, Added> {
        observe::log!(m::AddAddr4 { address: lease.address });
        let row = match self.row(&lease) {
            Ok(row) => row,
            Err(error) => return MaybeReady::ready(Err(error)),
        };
        let lease = Arc::new(lease);
        let mut state = lock(&self.shared.state);
        if let Some(there) = state.index.get(lease.address) {
            return MaybeReady::ready(Ok(Added::Exists(Arc::clone(there))));
        }
        self.change(&mut state, lease.address, Some(lease), &row);
        MaybeReady::ready(Ok(Added::Yes))
    }

    fn update(&self, lease: Lease4, expected: &Lease4) -> Answer<'_, Updated> {
        observe::log!(m::UpdateAddr4 { address: lease.address });
        let row = match self.row(&lease) {
            Ok(row) => row,
            Err(error) => return MaybeReady::ready(Err(error)),
        };
        let lease = Arc::new(lease);
        let mut state = lock(&self.shared.state);
        if !state.index.get(lease.address).is_some_and(|row| unchanged(row, expected)) {
            return MaybeReady::ready(Ok(Updated::Conflict));
        }
        self.change(&mut state, lease.address, Some(lease), &row);
        MaybeReady::ready(Ok(Updated::Yes))
    }

    fn delete(&self, expected: &Lease4) -> Answer<'_, Updated> {
        observe::log!(m::DeleteAddr4 { address: expected.address });
        let mut row = Vec::new();
        if self.shared.journal.is_some() {
            push_deletion(expected, &mut row);
        }
        let mut state = lock(&self.shared.state);
        if !state.index.get(expected.address).is_some_and(|row| unchanged(row, expected)) {
            return MaybeReady::ready(Ok(Updated::Conflict));
        }
        self.change(&mut state, expected.address, None, &row);
        MaybeReady::ready(Ok(Updated::Yes))
    }

    fn flush_reclaimed(&self, now: Timestamp, held: Seconds) -> Answer<'_, u64> {
        observe::log!(m::FlushReclaimed { seconds: held });
        let count = match now.0.checked_sub(u64::from(held.0)) {
            Some(until) if !held.is_infinite() => {
                self.delete_all(|index| index.reclaimed(Timestamp(until), PAGE))
            }
            _ => 0,
        };
        MaybeReady::ready(Ok(count))
    }

    fn wipe(&self, subnet: Option<SubnetId>) -> Answer<'_, u64> {
        let name = subnet.map_or_else(|| "all".to_owned(), |subnet| subnet.to_string());
        observe::log!(m::Wipe { subnet: name });
        let count = self.delete_all(|index| index.page(subnet, None, PAGE));
        observe::log!(m::Wiped { subnet: name, count });
        MaybeReady::ready(Ok(count))
    }

    fn mark(&self) -> Mark {
        Mark(lock(&self.shared.state).failures)
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

impl Drop for Memfile4 {
    fn drop(&mut self) {
        drop(self.threads.take());
        self.shared.flush();
        if let Some(journal) = &self.shared.journal {
            // Also what was only handed to the kernel; nobody is left to hear of a failure.
            let _ = lock(journal).sync();
        }
    }
}
