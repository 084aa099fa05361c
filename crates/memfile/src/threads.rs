//! The two threads of a store: one makes batches durable, one cleans up the lease files.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use base::Seconds;

use crate::journal::Rotated;
use crate::kind::Leased;
use crate::lfc::{LfcError, LfcStats, clean};
use crate::messages as m;
use crate::store::{LfcStart, Shared, Status};
use crate::ticket::lock;

/// What the syncing thread is told.
#[derive(Default)]
struct Order {
    sync: bool,
    stop: bool,
}

/// What the cleaning thread is told, and what it did.
#[derive(Default)]
struct Lfc {
    requested: bool,
    stop: bool,
    running: bool,
    runs: u64,
    error: Option<String>,
    /// Between two cleanups; 0: only on demand.
    interval: Seconds,
    /// The interval was changed: it counts anew.
    rescheduled: bool,
}

struct Posts {
    order: Mutex<Order>,
    ordered: Condvar,
    lfc: Mutex<Lfc>,
    lfc_changed: Condvar,
    stop_lfc: AtomicBool,
}

/// The threads; they end when this is dropped.
pub(crate) struct Threads {
    posts: Arc<Posts>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    /// `convert`: clean up at once, to bring the files to the current columns.
    pub(crate) fn start<L: Leased>(shared: &Arc<Shared<L>>, convert: bool) -> io::Result<Self> {
        let interval = shared.settings.lfc_interval;
        if interval.0 > 0 {
            observe::log!(m::LfcSetup { seconds: interval });
        }
        let posts = Arc::new(Posts {
            order: Mutex::default(),
            ordered: Condvar::new(),
            lfc: Mutex::new(Lfc { requested: convert, interval, ..Lfc::default() }),
            lfc_changed: Condvar::new(),
            stop_lfc: AtomicBool::new(false),
        });
        let mut threads = Self { posts: Arc::clone(&posts), handles: Vec::new() };
        let syncing = (Arc::clone(shared), Arc::clone(&posts));
        threads
            .handles
            .push(Builder::new().name("lease-sync".into()).spawn(move || sync_loop(&syncing.0, &syncing.1))?);
        let cleaning = (Arc::clone(shared), posts);
        threads.handles.push(
            Builder::new()
                .name("lease-lfc".into())
                .spawn(move || lfc_loop(&cleaning.0, &cleaning.1, convert))?,
        );
        Ok(threads)
    }

    /// Asks for everything written so far to be made durable.
    pub(crate) fn sync(&self) {
        let mut order = lock(&self.posts.order);
        if !order.sync {
            order.sync = true;
            drop(order);
            self.posts.ordered.notify_one();
        }
    }

    pub(crate) fn set_lfc_interval(&self, interval: Seconds) {
        let mut lfc = lock(&self.posts.lfc);
        if lfc.interval != interval {
            lfc.interval = interval;
            lfc.rescheduled = true;
            self.posts.lfc_changed.notify_one();
        }
    }

    pub(crate) fn start_lfc(&self) -> LfcStart {
        let mut lfc = lock(&self.posts.lfc);
        let interval = lfc.interval;
        if lfc.running || lfc.requested {
            observe::log!(m::LfcRunning);
            return LfcStart::AlreadyRunning;
        }
        lfc.requested = true;
        drop(lfc);
        self.posts.lfc_changed.notify_one();
        if interval.0 > 0 {
            observe::log!(m::LfcRescheduled);
        }
        LfcStart::Started
    }

    pub(crate) fn report(&self, status: &mut Status) {
        let lfc = lock(&self.posts.lfc);
        status.lfc_running = lfc.running;
        status.lfc_runs = lfc.runs;
        status.lfc_error.clone_from(&lfc.error);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.posts.stop_lfc.store(true, Ordering::Relaxed);
        lock(&self.posts.order).stop = true;
        lock(&self.posts.lfc).stop = true;
        self.posts.ordered.notify_one();
        self.posts.lfc_changed.notify_one();
        for handle in self.handles.drain(..) {
            // A thread that panicked has said so.
            let _ = handle.join();
        }
    }
}

/// Least time from the start of one sync to that of the next. A sync costs some 50 us of processor time however few
/// rows it has, so this bounds the cost at 5 % of a core; a commit after a pause does not wait for it.
const PACE: Duration = Duration::from_millis(1);

fn sync_loop<L: Leased>(shared: &Shared<L>, posts: &Posts) {
    loop {
        {
            let mut order = lock(&posts.order);
            while !order.sync && !order.stop {
                order = posts.ordered.wait(order).unwrap_or_else(PoisonError::into_inner);
            }
            if order.stop {
                return;
            }
            // What is asked for from here on is asked for again.
            order.sync = false;
        }
        let start = Instant::now();
        shared.flush();
        // Who is in a hurry meanwhile need not wake this thread.
        if let Some(rest) = PACE.checked_sub(start.elapsed()) {
            std::thread::sleep(rest);
        }
    }
}

fn lfc_loop<L: Leased>(shared: &Shared<L>, posts: &Posts, convert: bool) {
    let mut force = convert;
    loop {
        {
            let mut lfc = lock(&posts.lfc);
            lfc.running = false;
            let idle = |lfc: &mut Lfc| !lfc.requested && !lfc.stop && !lfc.rescheduled;
            let interval = Duration::from_secs(u64::from(lfc.interval.0));
            lfc = if interval.is_zero() {
                posts.lfc_changed.wait_while(lfc, idle).unwrap_or_else(PoisonError::into_inner)
            } else {
                let waited = posts.lfc_changed.wait_timeout_while(lfc, interval, idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            };
            if lfc.stop {
                return;
            }
            if std::mem::take(&mut lfc.rescheduled) && !lfc.requested {
                continue;
            }
            force |= lfc.requested;
            lfc.requested = false;
            lfc.running = true;
        }
        let result = clean_up(shared, &posts.stop_lfc, std::mem::take(&mut force));
        let mut lfc = lock(&posts.lfc);
        lfc.runs += 1;
        lfc.error = result.err().map(|error| error.to_string());
    }
}

/// Rotates the live file away and cleans up. Without `force` it rests when nothing was appended since the last time.
pub(crate) fn clean_up<L: Leased>(
    shared: &Shared<L>,
    stop: &AtomicBool,
    force: bool,
) -> Result<LfcStats, LfcError> {
    let Some(journal) = &shared.journal else { return Ok(LfcStats::default()) };
    let result = clean_up_twice(shared, journal, stop, force);
    match &result {
        Ok(None) => {}
        Ok(Some(stats)) => {
            observe::log!(m::LfcFinished { read: stats.rows, written: stats.leases, errors: stats.errors });
        }
        Err(LfcError::Running(_)) => observe::log!(m::LfcRunning),
        Err(LfcError::Stopped) => {}
        Err(error) => observe::log!(m::LfcFailed { error }),
    }
    result.map(Option::unwrap_or_default)
}

fn clean_up_twice<L: Leased>(
    shared: &Shared<L>,
    journal: &Mutex<crate::journal::Journal>,
    stop: &AtomicBool,
    force: bool,
) -> Result<Option<LfcStats>, LfcError> {
    let failed = || LfcError::Process {
        path: shared.files.live.clone(),
        error: io::Error::other("the lease file cannot be renamed"),
    };
    let mut done = None;
    // A cleanup that did not finish comes first; then it is the turn of the live file.
    for _ in 0..2 {
        let rotated = {
            let mut journal = lock(journal);
            if journal.rows() == 0 && done.is_some() {
                return Ok(done);
            }
            if journal.rows() == 0 && !force && !unfinished(shared) {
                return Ok(None);
            }
            observe::log!(m::LfcStart);
            journal.rotate()
        };
        if rotated == Rotated::Failed {
            return Err(failed());
        }
        observe::log!(m::LfcExecute { path: shared.files.live.display() });
        let stats = clean(&*shared.storage, L::FAMILY, &shared.files, stop)?;
        done = Some(stats);
        if rotated == Rotated::Yes {
            break;
        }
    }
    Ok(done)
}

fn unfinished<L: Leased>(shared: &Shared<L>) -> bool {
    [&shared.files.input, &shared.files.finish]
        .into_iter()
        .any(|path| shared.storage.exists(path).unwrap_or(true))
}
