//! The thread that owns a database's connection.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use backend::{BackendError, Boxed};
use base::Family;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};

use crate::overlap::Prefixes;
use crate::premises::Kept;
use crate::write::Step;
use crate::{Error, Layout, Link};

/// How connections come about. Lives on the database's thread, where it may block.
pub trait Connector: 'static {
    /// A new connection.
    fn connect(&mut self) -> Result<Box<dyn Link>, Error>;

    /// What tables have which columns.
    fn layout(&mut self, link: &dyn Link, family: Family) -> Result<Layout, Error>;

    /// Creates the table of what revisions replaced, where that is permitted.
    fn create_history(&mut self, link: &dyn Link, family: Family) -> Result<(), Error>;

    /// Whether a new connection is needed although nothing failed; an error when there is nothing to connect to.
    fn is_stale(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Waits for the next job, and meanwhile does what connections need. `None`: nobody can send one any more.
    fn next(&mut self, jobs: &mut UnboundedReceiver<Job>) -> Option<Job> {
        jobs.blocking_recv()
    }
}

/// What is done on the thread.
pub type Job = Box<dyn FnOnce(&mut State) + Send>;

/// What need not be read again, as of a revision each.
#[derive(Default)]
pub(crate) struct Remembered {
    /// Prefixes of all subnets, once they were asked about.
    pub(crate) prefixes: Option<Prefixes>,
    pub(crate) premises: Option<Kept>,
}

impl Remembered {
    /// Follows a revision of our own.
    pub(crate) fn step(&mut self, step: &Step) {
        if let Some(prefixes) = self.prefixes.as_mut().filter(|prefixes| prefixes.cursor == step.before) {
            prefixes.step(step);
        }
        if let Some(kept) = self.premises.as_mut().filter(|kept| kept.cursor == step.before)
            && Kept::TABLES.iter().all(|table| !step.tables.contains(table.table))
        {
            kept.cursor = step.after.clone();
        }
    }
}

/// A connection, and what was learnt through it.
pub(crate) struct Session {
    pub(crate) link: Box<dyn Link>,
    pub(crate) layout: Layout,
    /// The statements about leases, once they were wanted.
    pub(crate) texts: Option<Rc<dyn Any>>,
    /// Number of the connection.
    pub(crate) opened: u64,
    pub(crate) remembered: Remembered,
    /// A second connection: it sees what a transaction under way replaces.
    old: Option<Box<dyn Link>>,
    /// Whether the table of what revisions replaced was seen to.
    history_tried: bool,
}

/// Everything on the thread; jobs reach the [`Session`] through it.
#[allow(missing_debug_implementations)]
pub struct State {
    connector: Box<dyn Connector>,
    family: Family,
    session: Option<Session>,
    opened: u64,
}

impl State {
    /// The session, opened for the first time or anew when it was lost.
    fn session(&mut self) -> Result<&mut Session, Error> {
        if self.session.is_some() && self.connector.is_stale()? {
            self.session = None;
        }
        if self.session.is_none() {
            let link = self.connector.connect()?;
            let layout = self.connector.layout(link.as_ref(), self.family)?;
            self.opened = self.opened.wrapping_add(1);
            self.session = Some(Session {
                link,
                layout,
                texts: None,
                opened: self.opened,
                remembered: Remembered::default(),
                old: None,
                history_tried: false,
            });
        }
        self.session.as_mut().ok_or_else(|| Error::Lost("no connection".to_owned()))
    }

    /// The session with its second connection, and the table of what revisions replaced where there can be one.
    fn writing(&mut self) -> Result<(), Error> {
        let (needs_history, needs_old) = {
            let session = self.session()?;
            (!session.layout.history && !session.history_tried, session.old.is_none())
        };
        let Some(session) = self.session.as_mut() else { return Ok(()) };
        if needs_history {
            session.history_tried = true;
            match self.connector.create_history(session.link.as_ref(), self.family) {
                Ok(()) => session.layout.history = true,
                // Changes are made without a way back then.
                Err(Error::Rejected { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if needs_old {
            session.old = Some(self.connector.connect()?);
        }
        Ok(())
    }

    fn attempt<T, F>(&mut self, writes: bool, job: &F) -> Result<T, Error>
    where
        F: Fn(&mut Session, Option<&dyn Link>) -> Result<T, Error>,
    {
        if writes {
            self.writing()?;
        }
        let session = self.session()?;
        let old = session.old.take();
        let answer = job(session, old.as_deref());
        session.old = old;
        answer
    }

    /// Does a job; once more on a new connection when the one that was there turns out to be gone.
    fn run<T, F>(&mut self, writes: bool, job: &F) -> Result<T, Error>
    where
        F: Fn(&mut Session, Option<&dyn Link>) -> Result<T, Error>,
    {
        let used = self.session.is_some();
        let mut answer = self.attempt(writes, job);
        if used && matches!(answer, Err(Error::Lost(_))) {
            self.session = None;
            answer = self.attempt(writes, job);
        }
        if matches!(answer, Err(Error::Lost(_) | Error::Uncertain(_))) {
            self.session = None;
        }
        answer
    }
}

/// Handle of the thread, which ends when the last one is gone.
#[derive(Clone)]
pub(crate) struct Worker {
    jobs: UnboundedSender<Job>,
    name: Arc<str>,
    pub(crate) news: Arc<Notify>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Worker {
    /// `name` is how errors call the database; `news` is notified when the database says that it changed.
    pub(crate) fn start(
        connector: impl FnOnce() -> Result<Box<dyn Connector>, Error> + Send + 'static,
        family: Family,
        kind: &'static str,
        name: String,
        news: Arc<Notify>,
    ) -> Self {
        let (jobs, mut queue) = unbounded_channel::<Job>();
        // When no thread can be had, the queue is gone and each call says that the database is not available.
        let _ = std::thread::Builder::new().name(kind.to_owned()).spawn(move || {
            let Ok(connector) = connector() else { return };
            let mut state = State { connector, family, session: None, opened: 0 };
            while let Some(job) = state.connector.next(&mut queue) {
                job(&mut state);
            }
        });
        Self { jobs, name: name.into(), news }
    }

    /// Has a job done, and its outcome handed to `done` on the database's thread. False: there is no such thread, and
    /// nothing will happen.
    pub(crate) fn submit<T: 'static>(
        &self,
        writes: bool,
        job: impl Fn(&mut Session, Option<&dyn Link>) -> Result<T, Error> + Send + 'static,
        done: impl FnOnce(Result<T, BackendError>) + Send + 'static,
    ) -> bool {
        let name = Arc::clone(&self.name);
        let run: Job = Box::new(move |state| done(state.run(writes, &job).map_err(|error| error.at(&name))));
        self.jobs.send(run).is_ok()
    }

    /// What calls are told when there is no thread.
    pub(crate) fn gone(&self) -> BackendError {
        BackendError::Unavailable {
            database: self.name.to_string(),
            reason: "its thread has ended".to_owned(),
        }
    }

    pub(crate) fn call<T: Send + 'static>(
        &self,
        writes: bool,
        job: impl Fn(&mut Session, Option<&dyn Link>) -> Result<T, Error> + Send + 'static,
    ) -> Boxed<T> {
        let (sender, receiver) = oneshot::channel();
        let sent = self.submit(writes, job, move |outcome| {
            // Who asked may be gone.
            let _: Result<(), _> = sender.send(outcome);
        });
        let gone = self.gone();
        Box::pin(async move {
            if !sent {
                return Err(gone);
            }
            receiver.await.unwrap_or(Err(gone))
        })
    }
}
