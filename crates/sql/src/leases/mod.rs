//! Leases in a database, in the tables `lease4` and `lease6` of Kea.
//!
//! There are two connections, each on a thread of its own: one for what is asked, one for what is written. What comes
//! while a thread is busy is asked, or written in one transaction, together; an answer is told when the transaction is
//! committed, so that [`Durable::commit`] has nothing left to wait for.
//!
//! Other servers may share the tables. Nothing is remembered from one call to the next, an address is given to who
//! inserts its row, and a row is changed only where it still is what was read.

pub mod messages;
mod read;
mod record;
mod texts;
mod write;

use std::any::Any;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use backend::columns::Datum;
use backend::{BackendError, ConfigBackend};
use base::{ClientId, Duid, HwAddr, Iaid, Seconds, SubnetId, Timestamp};
use lease::{
    Added, Added6, Bound, Committed, Counted, Durable, ExtendedKey, Lease4, Lease6, LeaseState, LeaseStore4,
    LeaseStore6, LeaseType, Mark, MaybeReady, Page4, Page6, StoreError, Updated, Within,
};
use tokio::sync::{Notify, oneshot};

pub use record::Record;

use crate::worker::Session;
use crate::{Database, Dialect, Error};
use messages::say;
use read::Find;
use texts::Texts;
use write::{Change, Wish};

/// Rows that are looked at together when all are.
const PAGE: usize = 4096;

/// Pages that are deleted before a flush lets others have their turn.
const FLUSHED: usize = 16;

/// How often an address is tried again that others take and give back.
const RACES: usize = 8;

/// What is asked or written, and who is told.
struct Question<A, T> {
    asked: A,
    told: oneshot::Sender<Result<T, StoreError>>,
}

/// What waits for a connection.
struct Waiting<A, T> {
    questions: Vec<Question<A, T>>,
    /// A job is on its way that will take them.
    called: bool,
}

impl<A, T> Default for Waiting<A, T> {
    fn default() -> Self {
        Self { questions: Vec::new(), called: false }
    }
}

/// Ends the waiting when the job that would have ended it goes undone: its thread has ended.
struct Abandoned<A, T>(Option<Arc<Mutex<Waiting<A, T>>>>);

impl<A, T> Abandoned<A, T> {
    fn was_done(mut self) {
        self.0 = None;
    }
}

impl<A, T> Drop for Abandoned<A, T> {
    fn drop(&mut self) {
        if let Some(waiting) = &self.0 {
            *lock(waiting) = Waiting::default();
        }
    }
}

/// Questions that a job has taken.
type Taken<A, T> = Mutex<Option<Vec<Question<A, T>>>>;

type Reads<R> = Waiting<Find<R>, Vec<Arc<R>>>;
type Counts = Waiting<Vec<Bound>, Vec<u64>>;
type Writes<R> = Waiting<Wish<R>, write::Done<R>>;

/// The leases of one family in a database.
pub struct Leases<R: Record> {
    /// For what is asked.
    reader: Database,
    /// For what is written.
    writer: Database,
    dialect: Dialect,
    reads: Arc<Mutex<Reads<R>>>,
    counts: Arc<Mutex<Counts>>,
    writes: Arc<Mutex<Writes<R>>>,
    observer: Arc<Follower<R>>,
    /// All rows were looked at.
    loaded: AtomicBool,
    /// The tables of identifiers of relay agents follow what is written.
    extended: Arc<AtomicBool>,
    health: Arc<Health>,
}

/// Who is told of changes, from when there is somebody.
struct Follower<R: Record>(OnceLock<Arc<R::Observer>>);

impl<R: Record> Follower<R> {
    fn tell(&self, old: Option<&R>, new: Option<&R>) {
        if let Some(observer) = self.0.get() {
            R::tell(observer, old, new);
        }
    }
}

/// How the database is doing.
#[derive(Debug)]
struct Health {
    /// Told when the database did not answer.
    trouble: Arc<Notify>,
    failures: AtomicU64,
    error: Mutex<Option<String>>,
}

impl Health {
    /// The database answers, and does not do what it was asked for.
    fn refused(&self, error: String) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        *lock(&self.error) = Some(error);
    }

    fn note<T>(&self, outcome: &Result<T, BackendError>) {
        match outcome {
            Ok(_) => *lock(&self.error) = None,
            Err(error) => {
                self.refused(error.to_string());
                if error.is_temporary() {
                    self.trouble.notify_one();
                }
            }
        }
    }
}

/// Figures of a database of leases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasesStatus {
    /// Calls that failed.
    pub failures: u64,
    /// Why the last one did.
    pub error: Option<String>,
}

impl<R: Record> std::fmt::Debug for Leases<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.reader.fmt(f)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: &BackendError) -> StoreError {
    StoreError::Failed(error.to_string())
}

impl<R: Record> Leases<R> {
    /// The leases in a database, which `connect` names as often as a connection is wanted. `trouble` is notified
    /// whenever it does not answer. Nothing is opened before the first call.
    pub fn new(dialect: Dialect, connect: impl Fn() -> Database, trouble: Arc<Notify>) -> Self {
        Self {
            reader: connect(),
            writer: connect(),
            dialect,
            reads: Arc::default(),
            counts: Arc::default(),
            writes: Arc::default(),
            observer: Arc::new(Follower(OnceLock::new())),
            loaded: AtomicBool::new(false),
            extended: Arc::default(),
            health: Arc::new(Health { trouble, failures: AtomicU64::new(0), error: Mutex::default() }),
        }
    }

    /// Tells somebody of what is found and changed from now on. Only the first is told.
    pub fn observed_by(&self, observer: Arc<R::Observer>) {
        // There is one per store.
        let _: Result<(), _> = self.observer.0.set(observer);
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> LeasesStatus {
        LeasesStatus {
            failures: self.health.failures.load(Ordering::Relaxed),
            error: lock(&self.health.error).clone(),
        }
    }

    /// How the database is called in messages.
    #[must_use]
    pub fn database(&self) -> String {
        self.reader.identity().to_string()
    }

    /// Whether the database answers, and has the tables that are needed.
    ///
    /// # Errors
    /// Why not.
    pub async fn probe(&self) -> Result<(), BackendError> {
        let answers = |database: &Database| {
            database.worker.call(false, |session, _| {
                session.texts::<R>()?;
                session.link.query("SELECT 1", &[], &mut |_| Ok(()))
            })
        };
        let (reads, writes) = (answers(&self.reader), answers(&self.writer));
        reads.await?;
        writes.await
    }

    /// Whether the database has a place for identifiers of relay agents.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn has_extended_info(&self) -> Result<bool, BackendError> {
        self.reader.worker.call(false, |session, _| Ok(session.texts::<R>()?.has_extended_info())).await
    }

    /// Whether the database counts leases by the classes of their clients.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn counts_classes(&self) -> Result<bool, BackendError> {
        self.reader.worker.call(false, |session, _| Ok(session.texts::<R>()?.counts_classes())).await
    }

    /// Whether all leases were looked at.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::SeqCst)
    }

    /// Looks at every lease, unless that is done, and tells the observer of each: what is taken is known from then on.
    /// The observer counts from nothing, and nobody changes leases meanwhile.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load(&self) -> Result<(), StoreError> {
        if self.loaded.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let loaded = self.look_at_all().await;
        if loaded.is_err() {
            self.loaded.store(false, Ordering::SeqCst);
        }
        loaded
    }

    async fn look_at_all(&self) -> Result<(), StoreError> {
        say!(R, self.dialect, Open { database: self.database() });
        let (mut after, mut leases) = (None, 0u64);
        loop {
            let page = self.find(Find::Page(after, PAGE)).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.address());
            for lease in &page {
                self.observer.tell(None, Some(lease));
                leases += 1;
            }
        }
        say!(R, self.dialect, Loaded { leases });
        Ok(())
    }

    fn find(&self, find: Find<R>) -> MaybeReady<'_, Result<Vec<Arc<R>>, StoreError>> {
        let (dialect, health) = (self.dialect, Arc::clone(&self.health));
        Self::ask(&self.reader, &self.reads, find, health, move |session, asked| {
            let texts = session.texts::<R>()?;
            read::find(&texts, session.link.as_ref(), asked, &|error| {
                say!(R, dialect, Unusable { error });
            })
        })
    }

    fn change(
        &self,
        change: Change<R>,
        within: &[Bound],
    ) -> MaybeReady<'_, Result<write::Done<R>, StoreError>> {
        let wish = Wish { change, within: within.to_vec() };
        let (observer, health) = (Arc::clone(&self.observer), Arc::clone(&self.health));
        let extended = Arc::clone(&self.extended);
        Self::ask(&self.writer, &self.writes, wish, health, move |session, asked| {
            let texts = session.texts::<R>()?;
            write::change(&texts, session.link.as_ref(), asked, &observer, extended.load(Ordering::Relaxed))
        })
    }

    /// Puts a question to what waits for the connection, and sees to it that a job comes for it. `work` answers
    /// questions, in their order.
    fn ask<A: Clone + Send + 'static, T: Send + 'static>(
        database: &Database,
        waiting: &Arc<Mutex<Waiting<A, T>>>,
        asked: A,
        health: Arc<Health>,
        work: impl Fn(&mut Session, &[A]) -> Result<Vec<Result<T, Error>>, Error> + Send + 'static,
    ) -> MaybeReady<'static, Result<T, StoreError>> {
        let (told, answer) = oneshot::channel();
        let first = {
            let mut waiting = lock(waiting);
            waiting.questions.push(Question { asked, told });
            !std::mem::replace(&mut waiting.called, true)
        };
        if first {
            let taken: Arc<Taken<A, T>> = Arc::default();
            let (to_ask, to_tell) = (Arc::clone(&taken), taken);
            let (mine, rest) = (Arc::clone(waiting), Arc::clone(waiting));
            let name = database.identity().to_string();
            // What came until the connection is free is taken, and what comes later is the next job's.
            let take = |waiting: &Mutex<Waiting<A, T>>| {
                let mut waiting = lock(waiting);
                waiting.called = false;
                std::mem::take(&mut waiting.questions)
            };
            let job = move |session: &mut Session, _: Option<&dyn crate::Link>| {
                let asked: Vec<A> = {
                    let mut taken = lock(&to_ask);
                    let taken = taken.get_or_insert_with(|| take(&mine));
                    taken.iter().map(|question| question.asked.clone()).collect()
                };
                work(session, &asked)
            };
            let abandoned = Abandoned(Some(Arc::clone(waiting)));
            let done = move |outcome: Result<Vec<Result<T, Error>>, BackendError>| {
                abandoned.was_done();
                // Without a connection nothing was taken yet.
                let questions = lock(&to_tell).take().unwrap_or_else(|| take(&rest));
                health.note(&outcome);
                let answers = match outcome {
                    Ok(answers) => {
                        for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
                            health.refused(error.to_string());
                        }
                        answers
                    }
                    Err(error) => {
                        for question in questions {
                            let _: Result<(), _> = question.told.send(Err(failed(&error)));
                        }
                        return;
                    }
                };
                for (question, answer) in questions.into_iter().zip(answers) {
                    // Who asked may be gone.
                    let answer = answer.map_err(|error| failed(&error.at(&name)));
                    let _: Result<(), _> = question.told.send(answer);
                }
            };
            if !database.worker.submit(false, job, done) {
                *lock(waiting) = Waiting::default();
            }
        }
        let gone = failed(&database.worker.gone());
        MaybeReady::Wait(Box::pin(async move { answer.await.unwrap_or(Err(gone)) }))
    }

    /// As [`find`](Self::find), for at most one.
    fn find_one(&self, address: R::Address) -> MaybeReady<'_, Result<Option<Arc<R>>, StoreError>> {
        let found = self.find(Find::Address(address));
        MaybeReady::Wait(Box::pin(async move { Ok(found.await?.pop()) }))
    }

    /// Leases with a column's value, as the column has it.
    fn with(&self, column: &'static str, octets: &[u8]) -> MaybeReady<'_, Result<Vec<Arc<R>>, StoreError>> {
        self.find(Find::Octets(column, octets.to_vec()))
    }

    /// All leases that fulfil a condition, by address, a page at a time: what packets ask comes between two of them.
    fn all(&self, condition: String, bind: Vec<Datum>) -> MaybeReady<'_, Result<Vec<Arc<R>>, StoreError>> {
        MaybeReady::Wait(Box::pin(async move {
            let mut all: Vec<Arc<R>> = Vec::new();
            loop {
                let (mut condition, mut bind) = (condition.clone(), bind.clone());
                if let Some(last) = all.last() {
                    bind.push(R::place(last.address(), self.dialect));
                    condition.push_str(&format!(" AND address > ?{}", bind.len()));
                }
                let page = self.find(Find::In { condition, bind, order: "address", limit: PAGE }).await?;
                let more = page.len() >= PAGE;
                all.extend(page);
                if !more {
                    return Ok(all);
                }
            }
        }))
    }

    fn by_hostname(&self, hostname: &str) -> MaybeReady<'_, Result<Vec<Arc<R>>, StoreError>> {
        // MySQL compares without regard to case, and by the index only so.
        let column = if self.dialect == Dialect::MySql { "hostname" } else { "lower(hostname)" };
        self.all(format!("{column} = ?1"), vec![Datum::Text(hostname.to_lowercase())])
    }

    fn by_state(
        &self,
        state: LeaseState,
        subnet: Option<SubnetId>,
    ) -> MaybeReady<'_, Result<Vec<Arc<R>>, StoreError>> {
        let mut condition = "state = ?1".to_owned();
        let mut bind = vec![Datum::Int(state.code().into())];
        if let Some(subnet) = subnet {
            condition.push_str(" AND subnet_id = ?2");
            bind.push(Datum::Int(subnet.0.into()));
        }
        self.all(condition, bind)
    }

    fn by_subnet(&self, subnet: SubnetId) -> MaybeReady<'_, Result<Vec<Arc<R>>, StoreError>> {
        self.all("subnet_id = ?1".to_owned(), vec![Datum::Int(subnet.0.into())])
    }

    fn expired(
        &self,
        subnet: Option<SubnetId>,
        now: Timestamp,
        limit: usize,
    ) -> MaybeReady<'_, Result<Vec<Arc<R>>, StoreError>> {
        let mut condition = format!(
            "state IN ({}) AND valid_lifetime <> {} AND expire <= {}",
            R::ENDING,
            u32::MAX,
            self.dialect.moment(1)
        );
        let mut bind = vec![self.moment(now)];
        if let Some(subnet) = subnet {
            condition.push_str(" AND subnet_id = ?2");
            bind.push(Datum::Int(subnet.0.into()));
        }
        self.find(Find::In { condition, bind, order: "expire, address", limit })
    }

    /// A moment that the database knows.
    fn moment(&self, at: Timestamp) -> Datum {
        let seconds = i64::try_from(at.0).unwrap_or(i64::MAX);
        Datum::Int(if self.dialect == Dialect::MySql { seconds.min(record::LATEST) } else { seconds })
    }

    /// The row that is there already, unless the lease was added.
    fn added(&self, lease: R, within: &[Bound]) -> Within<'_, Option<Arc<R>>> {
        let within = within.to_vec();
        MaybeReady::Wait(Box::pin(async move {
            for _ in 0..RACES {
                match self.change(Change::Add(lease.clone()), &within).await? {
                    write::Done::Exists(row) => return Ok(Ok(Some(row))),
                    write::Done::Yes => return Ok(Ok(None)),
                    write::Done::Exceeds(exceeded) => return Ok(Err(exceeded)),
                    // It was there, and is no more.
                    write::Done::Conflict => {}
                }
            }
            Err(StoreError::Failed(format!("the lease of {} comes and goes", lease.address())))
        }))
    }

    fn replaced(&self, lease: R, expected: &R, within: &[Bound]) -> Within<'_, Updated> {
        if !lease.same_kind(expected) || lease.address() != expected.address() {
            return MaybeReady::ready(Ok(Ok(Updated::Conflict)));
        }
        self.updated(Change::Update(lease, expected.clone()), within)
    }

    fn updated(&self, change: Change<R>, within: &[Bound]) -> Within<'_, Updated> {
        let done = self.change(change, within);
        MaybeReady::Wait(Box::pin(async move {
            Ok(match done.await? {
                write::Done::Yes => Ok(Updated::Yes),
                write::Done::Conflict | write::Done::Exists(_) => Ok(Updated::Conflict),
                write::Done::Exceeds(exceeded) => Err(exceeded),
            })
        }))
    }

    /// Deletes what fulfils a condition, at most so many pages of it; what packets write comes between two of them.
    fn clear(&self, condition: String, pages: usize) -> MaybeReady<'_, Result<u64, StoreError>> {
        MaybeReady::Wait(Box::pin(async move {
            let mut leases = 0;
            for _ in 0..pages {
                let (condition, observer) = (condition.clone(), Arc::clone(&self.observer));
                let call = self.writer.worker.call(false, move |session, _| {
                    let texts = session.texts::<R>()?;
                    write::clear_some(&texts, session.link.as_ref(), &condition, &observer)
                });
                let outcome = call.await;
                self.health.note(&outcome);
                match outcome.map_err(|error| failed(&error))? {
                    0 => break,
                    some => leases += some,
                }
            }
            say!(R, self.dialect, DeletedReclaimed { leases });
            Ok(leases)
        }))
    }

    fn flush(&self, now: Timestamp, held: Seconds) -> MaybeReady<'_, Result<u64, StoreError>> {
        let Some(last) = now.0.checked_sub(held.0.into()).filter(|_| !held.is_infinite()) else {
            return MaybeReady::ready(Ok(0));
        };
        let last = i64::try_from(last).unwrap_or(i64::MAX).min(record::LATEST);
        // Written out, it is the same condition with which rows are found and with which they are deleted.
        let moment = self.dialect.moment(1).replace("?1", &last.to_string());
        let condition = format!("state IN (2, 3) AND valid_lifetime <> {} AND expire <= {moment}", u32::MAX);
        self.clear(condition, FLUSHED)
    }

    fn empty(&self, subnet: Option<SubnetId>) -> MaybeReady<'_, Result<u64, StoreError>> {
        let condition = subnet.map_or_else(|| "1 = 1".to_owned(), |subnet| format!("subnet_id = {subnet}"));
        self.clear(condition, usize::MAX)
    }

    fn renew(&self) -> MaybeReady<'_, Result<u64, StoreError>> {
        MaybeReady::Wait(Box::pin(async move {
            let (mut after, mut renewed) = (None, 0);
            loop {
                // What packets write comes between two pages.
                let call = self.writer.worker.call(false, move |session, _| {
                    let texts = session.texts::<R>()?;
                    write::renew_some(&texts, session.link.as_ref(), after)
                });
                let outcome = call.await;
                self.health.note(&outcome);
                match outcome.map_err(|error| failed(&error))? {
                    Some((last, some)) => (after, renewed) = (Some(last), renewed + some),
                    None => return Ok(renewed),
                }
            }
        }))
    }

    fn counted(&self, first: SubnetId, last: SubnetId) -> MaybeReady<'_, Result<Vec<Counted>, StoreError>> {
        let sql = format!("{} WHERE subnet_id BETWEEN ?1 AND ?2", R::COUNTS);
        let bind = [Datum::Int(first.0.into()), Datum::Int(last.0.into())];
        let call = self.reader.worker.call(false, move |session, _| {
            let mut counted = Vec::new();
            session.link.query(&sql, &bind, &mut |row| {
                let code = |at| row.int(at).map(|code| u8::try_from(code).ok());
                // Of states and types that this version does not know nobody asks.
                if let (Ok(subnet), Some(lease_type), Some(state)) = (
                    u32::try_from(row.int(0)?),
                    code(1)?.and_then(LeaseType::from_code),
                    code(2)?.and_then(LeaseState::from_code),
                ) {
                    let leases = u64::try_from(row.optional_int(3)?.unwrap_or_default()).unwrap_or_default();
                    counted.push(Counted { subnet: SubnetId(subnet), lease_type, state, leases });
                }
                Ok(())
            })?;
            Ok(counted)
        });
        MaybeReady::Wait(Box::pin(async move { call.await.map_err(|error| failed(&error)) }))
    }
}

impl Session {
    /// The statements about leases of a family, for the tables that this connection found.
    fn texts<R: Record>(&mut self) -> Result<Rc<Texts<R>>, Error> {
        if let Some(known) = self.texts.clone().and_then(|texts| texts.downcast().ok()) {
            return Ok(known);
        }
        let columns = self.layout.columns_of(self.link.as_ref(), R::TABLE)?;
        let mut extended = true;
        for (table, column) in R::EXTENDED {
            extended &= self.layout.columns_of(self.link.as_ref(), table)?.contains_key(*column);
        }
        let classes = !self.layout.columns_of(self.link.as_ref(), R::CLASS_COUNTS)?.is_empty();
        let texts = Rc::new(Texts::new(self.link.dialect(), &columns, extended, classes)?);
        self.texts = Some(Rc::clone(&texts) as Rc<dyn Any>);
        Ok(texts)
    }
}

impl<R: Record> Durable for Leases<R> {
    fn name(&self) -> &'static str {
        self.reader.identity().kind
    }

    fn mark(&self) -> Mark {
        Mark(0)
    }

    fn commit(&self, _: Mark) -> Committed {
        // What was told is committed.
        MaybeReady::ready(Ok(()))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn keep_extended_info(&self, wanted: bool) {
        self.extended.store(wanted, Ordering::Relaxed);
    }

    fn held(&self, bounds: &[Bound]) -> Answer<'_, Vec<u64>> {
        let health = Arc::clone(&self.health);
        Self::ask(&self.reader, &self.counts, bounds.to_vec(), health, |session, asked| {
            let texts = session.texts::<R>()?;
            read::held(&texts, session.link.as_ref(), asked)
        })
    }

    fn renew_extended_info(&self) -> Answer<'_, u64> {
        self.renew()
    }
}

type Answer<'a, T> = MaybeReady<'a, Result<T, StoreError>>;

/// What became of a change that no bound concerns.
fn unbounded<'a, T: Send + Unpin + 'a>(change: Within<'a, T>) -> Answer<'a, T> {
    MaybeReady::Wait(Box::pin(async move {
        change.await?.map_err(|exceeded| StoreError::Failed(exceeded.to_string()))
    }))
}

/// What is the same for both families.
macro_rules! store {
    ($lease:ty, $address:ty, $page:ty, $added:ident) => {
        fn by_address(&self, address: $address) -> Answer<'_, Option<Arc<$lease>>> {
            self.find_one(address)
        }

        fn by_hw_addr(&self, hw_addr: &HwAddr) -> Answer<'_, $page> {
            self.with("hwaddr", hw_addr.octets())
        }

        fn by_hostname(&self, hostname: &str) -> Answer<'_, $page> {
            Self::by_hostname(self, hostname)
        }

        fn by_subnet(&self, subnet: SubnetId) -> Answer<'_, $page> {
            Self::by_subnet(self, subnet)
        }

        fn by_state(&self, state: LeaseState, subnet: Option<SubnetId>) -> Answer<'_, $page> {
            Self::by_state(self, state, subnet)
        }

        fn page(&self, after: Option<$address>, limit: usize) -> Answer<'_, $page> {
            self.find(Find::Page(after, limit))
        }

        fn expired(&self, now: Timestamp, limit: usize) -> Answer<'_, $page> {
            Self::expired(self, None, now, limit)
        }

        fn expired_in(&self, subnet: SubnetId, now: Timestamp, limit: usize) -> Answer<'_, $page> {
            Self::expired(self, Some(subnet), now, limit)
        }

        fn by_extended_info(
            &self,
            key: &ExtendedKey,
            after: Option<$address>,
            limit: usize,
        ) -> Answer<'_, $page> {
            self.find(Find::InCommon(key.clone(), after, limit))
        }

        fn counts(&self, first: SubnetId, last: SubnetId) -> Answer<'_, Vec<Counted>> {
            self.counted(first, last)
        }

        fn add(&self, lease: $lease) -> Answer<'_, $added> {
            unbounded(self.add_within(lease, &[]))
        }

        fn add_within(&self, lease: $lease, bounds: &[Bound]) -> Within<'_, $added> {
            let added = self.added(lease, bounds);
            MaybeReady::Wait(Box::pin(async move {
                Ok(added.await?.map(|there| there.map_or($added::Yes, $added::Exists)))
            }))
        }

        fn update(&self, lease: $lease, expected: &$lease) -> Answer<'_, Updated> {
            unbounded(self.replaced(lease, expected, &[]))
        }

        fn update_within(&self, lease: $lease, expected: &$lease, bounds: &[Bound]) -> Within<'_, Updated> {
            self.replaced(lease, expected, bounds)
        }

        fn delete(&self, expected: &$lease) -> Answer<'_, Updated> {
            unbounded(self.updated(Change::Delete(expected.clone()), &[]))
        }

        fn flush_reclaimed(&self, now: Timestamp, held: Seconds) -> Answer<'_, u64> {
            self.flush(now, held)
        }

        fn wipe(&self, subnet: Option<SubnetId>) -> Answer<'_, u64> {
            self.empty(subnet)
        }
    };
}

impl LeaseStore4 for Leases<Lease4> {
    store!(Lease4, Ipv4Addr, Page4, Added);

    fn by_client_id(&self, id: &ClientId) -> Answer<'_, Page4> {
        self.with(Lease4::CLIENT, id.octets())
    }
}

impl LeaseStore6 for Leases<Lease6> {
    store!(Lease6, Ipv6Addr, Page6, Added6);

    fn by_duid(&self, duid: &Duid) -> Answer<'_, Page6> {
        self.with(Lease6::CLIENT, duid.octets())
    }

    fn by_ia(&self, lease_type: LeaseType, duid: &Duid, iaid: Iaid) -> Answer<'_, Page6> {
        let found = self.by_duid(duid);
        MaybeReady::Wait(Box::pin(async move {
            let mut leases = found.await?;
            leases.retain(|lease| (lease.lease_type, lease.iaid) == (lease_type, iaid));
            Ok(leases)
        }))
    }
}
