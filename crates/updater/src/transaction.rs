//! One request: the updates that it takes, one after the other.
//!
//! ```text
//!             check-with-dhcid, check-exists-with-dhcid       no-check-*
//! add         ForwardAdd ──── YXDOMAIN ───► ForwardReplace    ForwardReplace
//!                   ▲◄─────── NXDOMAIN ─────────┘
//! remove      ForwardRemoveAddresses ─► ForwardRemoveRecords  ForwardRemoveRecords
//! then        ReverseReplace or ReverseRemove
//! ```
//!
//! A server that does not answer is asked [`TRIES`] times, then the next one of the domain, from the first step of the
//! direction on. What a server refuses fails the request, and so does the last server's silence.

use std::fmt;
use std::sync::Arc;

use base::Random;
use dns::{Data, Entry, Mac, Name, Rcode, Type, Update, header};
use ncr::{Change, ConflictResolution, NameChangeRequest};

use crate::{Domain, Server};

/// How often a server is asked.
const TRIES: u32 = 3;
/// How often a name may vanish and come back while it is being added; more is somebody else at work.
const ROUNDS: u32 = 3;

/// One of the two trees of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Reverse,
}

/// An update of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// RFC 4703 section 5.3.1: a name that nobody has.
    ForwardAdd,
    /// Section 5.3.2: a name that is there.
    ForwardReplace,
    /// Section 5.5: the address of the name.
    ForwardRemoveAddresses,
    /// Section 5.5: what is left of a name without addresses.
    ForwardRemoveRecords,
    /// Section 5.4
    ReverseReplace,
    /// Section 5.5
    ReverseRemove,
}

impl Step {
    #[must_use]
    pub fn direction(self) -> Direction {
        match self {
            Self::ReverseReplace | Self::ReverseRemove => Direction::Reverse,
            _ => Direction::Forward,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForwardAdd => "Forward Add",
            Self::ForwardReplace => "Forward Replace",
            Self::ForwardRemoveAddresses => "Forward A/AAAA Remove",
            Self::ForwardRemoveRecords => "Forward RR Remove",
            Self::ReverseReplace => "Reverse Replace",
            Self::ReverseRemove => "Reverse Remove",
        })
    }
}

/// What became of an update that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    Answered(Rcode),
    TimedOut,
    /// The answer is malformed, or its signature is not to be believed.
    Corrupt(String),
    /// It could not be sent or nothing be received.
    Failed(String),
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(rcode) => write!(f, "SUCCESS, rcode: {rcode}"),
            Self::TimedOut => f.write_str("TIMEOUT"),
            Self::Corrupt(why) => write!(f, "INVALID_RESPONSE, {why}"),
            Self::Failed(why) => write!(f, "OTHER, {why}"),
        }
    }
}

/// Something to log or to count.
#[derive(Debug)]
pub enum Event<'a> {
    /// An update is on its way.
    Sent { step: Step, server: &'a Server },
    /// The update before has come to an end.
    Attempted { step: Step, server: &'a Server, attempt: &'a Attempt },
    /// Its answer ends the transaction.
    Rejected { step: Step, server: &'a Server, rcode: Rcode },
    /// The end of a transaction: what was asked for and is done, by direction.
    Finished { success: bool, forward: Option<bool>, reverse: Option<bool> },
    /// There are no domains for a direction; the request goes on without it.
    Ignored(Direction),
    /// The name is in no domain; the request is thrown away.
    NoMatch(Direction, &'a Name),
    /// There is nothing to do in either direction.
    Dropped,
    /// The fully qualified name is none in DNS.
    BadName(dns::NameError),
    /// There is more to do than may be done at a time.
    AtMost { queued: usize, running: usize },
    /// All that waits, waits for what is being done.
    NothingEligible { queued: usize, running: usize },
}

/// Who is told of events; `request` is the one that they are about, if there is one.
pub trait Report {
    fn event(&mut self, request: Option<&NameChangeRequest>, event: &Event<'_>);
}

/// What a step needs from outside.
pub struct Surroundings<'a> {
    /// Wall clock in seconds since 1970, for signatures.
    pub time: u64,
    /// Steady microseconds.
    pub now: u64,
    /// Microseconds that a server has for its answer.
    pub timeout: u64,
    pub random: &'a mut dyn Random,
    pub report: &'a mut dyn Report,
}

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Next {
    Send { server: std::net::SocketAddr, octets: Vec<u8> },
    Done,
}

/// A request in work.
#[derive(Debug)]
pub(crate) struct Transaction {
    request: NameChangeRequest,
    host: Name,
    pointer: Name,
    forward: Option<Arc<Domain>>,
    reverse: Option<Arc<Domain>>,
    step: Step,
    /// Place of the server in its domain.
    server: usize,
    tries: u32,
    rounds: u32,
    sent: Option<Sent>,
    forward_done: bool,
    reverse_done: bool,
}

/// The update that is being waited for.
#[derive(Debug)]
struct Sent {
    id: u16,
    mac: Option<Mac>,
    /// Steady microseconds.
    deadline: u64,
}

impl Transaction {
    /// For one direction at least.
    pub(crate) fn new(
        request: NameChangeRequest,
        host: Name,
        forward: Option<Arc<Domain>>,
        reverse: Option<Arc<Domain>>,
    ) -> Self {
        let pointer = Name::of_address(request.address);
        let mut this = Self {
            request,
            host,
            pointer,
            forward,
            reverse,
            step: Step::ForwardAdd,
            server: 0,
            tries: 0,
            rounds: 0,
            sent: None,
            forward_done: false,
            reverse_done: false,
        };
        this.step = this.first(if this.forward.is_some() { Direction::Forward } else { Direction::Reverse });
        this
    }

    pub(crate) fn start(&mut self, with: &mut Surroundings<'_>) -> Next {
        self.send(with)
    }

    /// When the answer must be here.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.sent.as_ref().map(|sent| sent.deadline)
    }

    /// Takes what came from the server. `None`: it was no answer to what was sent; the wait goes on.
    pub(crate) fn answer(&mut self, octets: &[u8], with: &mut Surroundings<'_>) -> Option<Next> {
        let sent = self.sent.as_ref()?;
        let header = header(octets).filter(|header| header.id == sent.id && header.answers_update)?;
        let key = self.current()?.key.as_ref();
        let attempt = match key.zip(sent.mac.as_ref()).map(|(key, mac)| key.verify(octets, mac, with.time)) {
            None | Some(Ok(())) => Attempt::Answered(header.rcode),
            Some(Err(why)) => Attempt::Corrupt(why.to_string()),
        };
        Some(self.attempted(&attempt, with))
    }

    /// The update has come to this end.
    pub(crate) fn attempted(&mut self, attempt: &Attempt, with: &mut Surroundings<'_>) -> Next {
        self.sent = None;
        let step = self.step;
        if let Some(server) = self.current() {
            with.report.event(Some(&self.request), &Event::Attempted { step, server, attempt });
        }
        if let Attempt::Answered(rcode) = attempt {
            return self.judge(*rcode, with);
        }
        if self.tries >= TRIES {
            self.server += 1;
            self.tries = 0;
            self.step = self.first(step.direction());
        }
        self.send(with)
    }

    fn domain(&self) -> Option<&Arc<Domain>> {
        match self.step.direction() {
            Direction::Forward => self.forward.as_ref(),
            Direction::Reverse => self.reverse.as_ref(),
        }
    }

    fn current(&self) -> Option<&Server> {
        self.domain()?.servers.get(self.server)
    }

    /// The step that a direction begins with.
    fn first(&self, direction: Direction) -> Step {
        match (direction, self.request.change, self.checks()) {
            (Direction::Forward, Change::Add, true) => Step::ForwardAdd,
            (Direction::Forward, Change::Add, false) => Step::ForwardReplace,
            (Direction::Forward, Change::Remove, true) => Step::ForwardRemoveAddresses,
            (Direction::Forward, Change::Remove, false) => Step::ForwardRemoveRecords,
            (Direction::Reverse, Change::Add, _) => Step::ReverseReplace,
            (Direction::Reverse, Change::Remove, _) => Step::ReverseRemove,
        }
    }

    /// Whether entries of others are spared.
    fn checks(&self) -> bool {
        matches!(
            self.request.conflict_resolution,
            ConflictResolution::CheckWithDhcid | ConflictResolution::CheckExistsWithDhcid
        )
    }

    fn judge(&mut self, rcode: Rcode, with: &mut Surroundings<'_>) -> Next {
        let gone = matches!(rcode, Rcode::NOERROR | Rcode::NXRRSET | Rcode::NXDOMAIN);
        match self.step {
            Step::ForwardAdd if rcode == Rcode::YXDOMAIN => self.go_on(Step::ForwardReplace, with),
            Step::ForwardReplace if rcode == Rcode::NXDOMAIN && self.checks() && self.rounds < ROUNDS => {
                self.rounds += 1;
                self.go_on(Step::ForwardAdd, with)
            }
            Step::ForwardRemoveAddresses if gone => self.go_on(Step::ForwardRemoveRecords, with),
            // There are addresses of the other family.
            Step::ForwardRemoveRecords if gone || rcode == Rcode::YXRRSET => self.forward_done(with),
            Step::ForwardAdd | Step::ForwardReplace if rcode == Rcode::NOERROR => self.forward_done(with),
            Step::ReverseReplace if rcode == Rcode::NOERROR => self.reverse_done(with),
            Step::ReverseRemove if gone => self.reverse_done(with),
            step => {
                if let Some(server) = self.current() {
                    with.report.event(Some(&self.request), &Event::Rejected { step, server, rcode });
                }
                self.finish(false, with)
            }
        }
    }

    /// The next step with the same server.
    fn go_on(&mut self, step: Step, with: &mut Surroundings<'_>) -> Next {
        self.step = step;
        self.tries = 0;
        self.send(with)
    }

    fn forward_done(&mut self, with: &mut Surroundings<'_>) -> Next {
        self.forward_done = true;
        if self.reverse.is_none() {
            return self.finish(true, with);
        }
        self.server = 0;
        self.go_on(self.first(Direction::Reverse), with)
    }

    fn reverse_done(&mut self, with: &mut Surroundings<'_>) -> Next {
        self.reverse_done = true;
        self.finish(true, with)
    }

    fn finish(&mut self, success: bool, with: &mut Surroundings<'_>) -> Next {
        let event = Event::Finished {
            success,
            forward: self.forward.is_some().then_some(self.forward_done),
            reverse: self.reverse.is_some().then_some(self.reverse_done),
        };
        with.report.event(Some(&self.request), &event);
        Next::Done
    }

    fn send(&mut self, with: &mut Surroundings<'_>) -> Next {
        let (Some(domain), Some(server)) = (self.domain(), self.current()) else {
            return self.finish(false, with);
        };
        let id = u16::try_from(with.random.below(1 << 16)).unwrap_or(0);
        let mut octets = self.update(&domain.name).encode(id);
        let mac = server.key.as_ref().map(|key| key.sign(&mut octets, with.time));
        let next = Next::Send { server: server.address, octets };
        with.report.event(Some(&self.request), &Event::Sent { step: self.step, server });
        self.sent = Some(Sent { id, mac, deadline: with.now.saturating_add(with.timeout) });
        self.tries += 1;
        next
    }

    /// What the present step asks of a server.
    fn update<'a>(&'a self, zone: &'a Name) -> Update<'a> {
        use ConflictResolution::{
            CheckExistsWithDhcid, CheckWithDhcid, NoCheckWithDhcid, NoCheckWithoutDhcid,
        };
        const DHCID: Type = Type::DHCID;
        let (mode, ttl) = (self.request.conflict_resolution, self.request.ttl);
        let kind = Type::of_address(self.request.address);
        let address = Data::Address(self.request.address);
        let mark = Data::Octets(self.request.dhcid.octets());
        let host = Data::Name(&self.host);
        let is_ours = Entry::is(DHCID, mark);
        let marked = mode != NoCheckWithoutDhcid;
        let without_addresses = [Entry::missing(Type::A), Entry::missing(Type::AAAA)];
        let (prerequisites, changes) = match self.step {
            Step::ForwardAdd => (
                vec![Entry::not_in_use()],
                vec![Entry::add(kind, ttl, address), Entry::add(DHCID, ttl, mark)],
            ),
            Step::ForwardReplace => {
                let prerequisites = match mode {
                    CheckWithDhcid => vec![Entry::in_use(), is_ours],
                    CheckExistsWithDhcid => vec![Entry::exists(DHCID)],
                    NoCheckWithDhcid | NoCheckWithoutDhcid => vec![],
                };
                let mut changes = vec![Entry::delete(kind), Entry::add(kind, ttl, address)];
                // In the first mode it is there, and right.
                if marked && mode != CheckWithDhcid {
                    changes.extend([Entry::delete(DHCID), Entry::add(DHCID, ttl, mark)]);
                }
                (prerequisites, changes)
            }
            Step::ForwardRemoveAddresses => {
                let prerequisite = if mode == CheckExistsWithDhcid { Entry::exists(DHCID) } else { is_ours };
                (vec![prerequisite], vec![Entry::delete_one(kind, address)])
            }
            Step::ForwardRemoveRecords => match mode {
                CheckWithDhcid => {
                    let [no_a, no_aaaa] = without_addresses;
                    (vec![is_ours, no_a, no_aaaa], vec![Entry::delete_all()])
                }
                CheckExistsWithDhcid => (without_addresses.into(), vec![Entry::delete(DHCID)]),
                NoCheckWithDhcid => (vec![], vec![Entry::delete(kind), Entry::delete(DHCID)]),
                NoCheckWithoutDhcid => (vec![], vec![Entry::delete(kind)]),
            },
            Step::ReverseReplace => {
                let mut changes = vec![Entry::delete(Type::PTR), Entry::add(Type::PTR, ttl, host)];
                if marked {
                    changes.extend([Entry::delete(DHCID), Entry::add(DHCID, ttl, mark)]);
                }
                (vec![], changes)
            }
            Step::ReverseRemove if self.checks() => {
                (vec![Entry::is(Type::PTR, host)], vec![Entry::delete_all()])
            }
            Step::ReverseRemove => {
                let mut changes = vec![Entry::delete(Type::PTR)];
                if marked {
                    changes.push(Entry::delete(DHCID));
                }
                (vec![], changes)
            }
        };
        let name = match self.step.direction() {
            Direction::Forward => &self.host,
            Direction::Reverse => &self.pointer,
        };
        Update { zone, name, prerequisites, changes }
    }
}

#[cfg(test)]
#[path = "tests/steps.rs"]
mod tests;
