//! All requests: those that wait and those in work.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use dns::Name;
use ncr::{Dhcid, NameChangeRequest};

use crate::transaction::{Attempt, Direction, Event, Next, Surroundings, Transaction};
use crate::{Domain, Domains};

/// What requests are matched against.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub forward: Domains,
    pub reverse: Domains,
}

/// How much is held at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that wait.
    pub queue: usize,
    /// Requests in work.
    pub transactions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue: 1024, transactions: 32 }
    }
}

/// A request that there is no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Something to do with a socket. An exchange has a socket of its own, with a port of its own: an answer that was not
/// asked for is hard to forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this and receive from that server only, in place of what the slot did before.
    Send { slot: u64, attempt: u64, server: SocketAddr, octets: Vec<u8> },
    /// The slot is done.
    Close { slot: u64 },
}

/// What two requests must not have in common to be in work at a time: whose they are, their name, their address. Those
/// that have are done in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Client(Dhcid),
    Name(Box<[u8]>),
    Address(IpAddr),
}

impl Subject {
    fn all(request: &NameChangeRequest) -> [Self; 3] {
        // Names that are none in DNS are equal as texts.
        let name = Name::parse(&request.fqdn)
            .map_or_else(|_| request.fqdn.as_bytes().into(), |name| name.canonical().octets().into());
        [Self::Client(request.dhcid.clone()), Self::Name(name), Self::Address(request.address)]
    }
}

/// A request, waiting or in work.
#[derive(Debug)]
struct Job {
    /// Taken out when it comes into work.
    request: Option<NameChangeRequest>,
    subjects: [Subject; 3],
    /// It waits for nobody.
    ready: bool,
}

/// The queue of requests and the transactions; see the [crate](crate) for how it is driven.
#[derive(Debug, Default)]
pub struct Manager {
    settings: Arc<Settings>,
    limits: Limits,
    /// By slot, which count up in the order in which requests came.
    jobs: HashMap<u64, Job>,
    /// For each subject the slots of its requests, the first of which is in work or will be next.
    chains: HashMap<Subject, VecDeque<u64>>,
    ready: VecDeque<u64>,
    running: BTreeMap<u64, Transaction>,
    /// The attempt that each slot in work waits for.
    attempts: HashMap<u64, u64>,
    slot: u64,
    attempt: u64,
    outputs: VecDeque<Output>,
}

impl Manager {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Brings settings into force for what begins from now on; what is in work ends as it began.
    pub fn configure(&mut self, settings: Arc<Settings>) {
        self.settings = settings;
    }

    /// Requests that wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.jobs.len() - self.running.len()
    }

    /// Requests in work.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.len()
    }

    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Takes a request in.
    ///
    /// # Errors
    /// When there is no room; nothing has changed.
    pub fn push(&mut self, request: NameChangeRequest) -> Result<(), Full> {
        if self.queued() >= self.limits.queue {
            return Err(Full);
        }
        let slot = self.slot;
        self.slot += 1;
        let subjects = Subject::all(&request);
        for subject in &subjects {
            self.chains.entry(subject.clone()).or_default().push_back(slot);
        }
        self.jobs.insert(slot, Job { request: Some(request), subjects, ready: false });
        self.consider(slot);
        Ok(())
    }

    /// Throws away what waits.
    pub fn clear_queue(&mut self) {
        let waiting: Vec<u64> =
            self.jobs.keys().filter(|slot| !self.running.contains_key(slot)).copied().collect();
        self.ready.clear();
        for slot in waiting {
            let Some(job) = self.jobs.remove(&slot) else { continue };
            for subject in &job.subjects {
                if let Some(chain) = self.chains.get_mut(subject) {
                    chain.retain(|other| *other != slot);
                    if chain.is_empty() {
                        self.chains.remove(subject);
                    }
                }
            }
        }
    }

    /// Begins what may begin.
    pub fn start(&mut self, with: &mut Surroundings<'_>) {
        while self.running.len() < self.limits.transactions {
            let Some(slot) = self.ready.pop_front() else {
                let (queued, running) = (self.queued(), self.running.len());
                if queued > 0 {
                    with.report.event(None, &Event::NothingEligible { queued, running });
                }
                return;
            };
            let Some(request) = self.jobs.get_mut(&slot).and_then(|job| job.request.take()) else { continue };
            match self.matched(request, with) {
                Some(mut transaction) => {
                    let next = transaction.start(with);
                    self.running.insert(slot, transaction);
                    self.proceed(slot, next);
                }
                None => self.finish(slot),
            }
        }
        let (queued, running) = (self.queued(), self.running.len());
        if queued > 0 {
            with.report.event(None, &Event::AtMost { queued, running });
        }
    }

    /// What is to be done with sockets, oldest first.
    pub fn output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Something has come from the server that `attempt` of the slot was sent to.
    pub fn answered(&mut self, slot: u64, attempt: u64, octets: &[u8], with: &mut Surroundings<'_>) {
        if self.attempts.get(&slot) != Some(&attempt) {
            return;
        }
        let next = self.running.get_mut(&slot).and_then(|transaction| transaction.answer(octets, with));
        if let Some(next) = next {
            self.proceed(slot, next);
        }
    }

    /// The attempt could not be sent, or its socket is broken.
    pub fn failed(&mut self, slot: u64, attempt: u64, why: String, with: &mut Surroundings<'_>) {
        if self.attempts.get(&slot) != Some(&attempt) {
            return;
        }
        if let Some(transaction) = self.running.get_mut(&slot) {
            let next = transaction.attempted(&Attempt::Failed(why), with);
            self.proceed(slot, next);
        }
    }

    /// When [`expire`](Self::expire) is to be called, in steady microseconds.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.running.values().filter_map(Transaction::deadline).min()
    }

    /// Gives up what was not answered in time.
    pub fn expire(&mut self, with: &mut Surroundings<'_>) {
        let due = self.running.iter().filter(|(_, t)| t.deadline().is_some_and(|at| at <= with.now));
        let due: Vec<u64> = due.map(|(slot, _)| *slot).collect();
        for slot in due {
            if let Some(transaction) = self.running.get_mut(&slot) {
                let next = transaction.attempted(&Attempt::TimedOut, with);
                self.proceed(slot, next);
            }
        }
    }

    fn proceed(&mut self, slot: u64, next: Next) {
        match next {
            Next::Send { server, octets } => {
                self.attempt += 1;
                self.attempts.insert(slot, self.attempt);
                self.outputs.push_back(Output::Send { slot, attempt: self.attempt, server, octets });
            }
            Next::Done => {
                self.running.remove(&slot);
                self.attempts.remove(&slot);
                self.outputs.push_back(Output::Close { slot });
                self.finish(slot);
            }
        }
    }

    /// Forgets a request; who waited for it may be ready.
    fn finish(&mut self, slot: u64) {
        let Some(job) = self.jobs.remove(&slot) else { return };
        let mut heirs = Vec::new();
        for subject in job.subjects {
            let Some(chain) = self.chains.get_mut(&subject) else { continue };
            chain.pop_front();
            match chain.front() {
                Some(heir) => heirs.push(*heir),
                None => {
                    self.chains.remove(&subject);
                }
            }
        }
        for heir in heirs {
            self.consider(heir);
        }
    }

    /// Puts a request where it will be begun, if it is the first of all its subjects.
    fn consider(&mut self, slot: u64) {
        let Some(job) = self.jobs.get_mut(&slot) else { return };
        let first = |subject| self.chains.get(subject).is_some_and(|chain| chain.front() == Some(&slot));
        if !job.ready && job.subjects.iter().all(first) {
            job.ready = true;
            self.ready.push_back(slot);
        }
    }

    /// The transaction of a request; `None`, and why was reported, when there is nothing to do for it.
    fn matched(&self, request: NameChangeRequest, with: &mut Surroundings<'_>) -> Option<Transaction> {
        let host = match Name::parse(&request.fqdn) {
            Ok(host) => host,
            Err(why) => {
                with.report.event(Some(&request), &Event::BadName(why));
                return None;
            }
        };
        let mut domain =
            |wanted: bool, direction, domains: &Domains, name: &Name| -> Option<Option<Arc<Domain>>> {
                if !wanted {
                    return Some(None);
                }
                if domains.is_empty() {
                    with.report.event(Some(&request), &Event::Ignored(direction));
                    return Some(None);
                }
                let found = domains.find(name);
                if found.is_none() {
                    with.report.event(Some(&request), &Event::NoMatch(direction, name));
                }
                Some(Some(Arc::clone(found?)))
            };
        let forward = domain(request.forward, Direction::Forward, &self.settings.forward, &host)?;
        let pointer = Name::of_address(request.address);
        let reverse = domain(request.reverse, Direction::Reverse, &self.settings.reverse, &pointer)?;
        if forward.is_none() && reverse.is_none() {
            with.report.event(Some(&request), &Event::Dropped);
            return None;
        }
        Some(Transaction::new(request, host, forward, reverse))
    }
}

#[cfg(test)]
#[path = "tests/world.rs"]
mod tests;
