//! What is known of the partner: when it was last heard, what it said, and whether its clients are answered.

use std::collections::HashMap;
use std::fmt;

use base::{Family, Timestamp};
use json::Value;

use crate::config::Relationship;
use crate::date;
use crate::messages::{HighSkew, Interrupted, NewClient4, NewClient6, Unacked4, Unacked6};
use crate::wire::Heartbeat;
use crate::{Now, PartnerState};

/// Seconds by which clocks may differ without a word.
const SKEW_WARNED: i64 = 30;
/// Seconds by which clocks may differ at all.
const SKEW_BORNE: i64 = 60;
/// Microseconds between two warnings about clocks.
const WARNING_EVERY: u64 = 60_000_000;
/// Clients that are remembered: what is asked is only whether more than `max-unacked-clients` are unacked.
const CLIENTS: usize = 65_536;

/// A client of the partner, as it is told from others.
type ClientKey = Box<[u8]>;

/// Two clocks at one moment.
#[derive(Clone, Copy, Debug)]
struct Skew {
    mine: Timestamp,
    theirs: Timestamp,
}

impl Skew {
    /// Seconds by which the partner is ahead.
    fn seconds(self) -> i64 {
        i64::try_from(i128::from(self.theirs.0) - i128::from(self.mine.0)).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mine, theirs) = (date::plain(self.mine), date::plain(self.theirs));
        write!(f, "my time: {mine}, partner's time: {theirs}, partner's clock is ")?;
        match self.seconds() {
            0 => f.write_str("synchronized"),
            ahead @ 1.. => write!(f, "{ahead}s ahead"),
            behind => write!(f, "{}s behind", behind.unsigned_abs()),
        }
    }
}

/// The other active server.
#[derive(Debug)]
pub(crate) struct Partner {
    family: Family,
    state: PartnerState,
    scopes: Vec<String>,
    /// Steady microseconds of the last answer.
    heard: u64,
    /// It was said that it is not heard any longer.
    told: bool,
    /// Clients that have asked it since: whether they have waited too long.
    clients: HashMap<ClientKey, bool>,
    unacked: u32,
    analyzed: u64,
    skew: Option<Skew>,
    warned: Option<u64>,
    /// Lease updates that it did not send us since it began.
    unsent: u64,
    /// Of these, what was known when its leases were last fetched.
    fetched: u64,
    /// Clients whose leases it refused, each until the lease would have ended.
    rejected: HashMap<ClientKey, Timestamp>,
}

impl Partner {
    pub(crate) fn new(family: Family, now: Now) -> Self {
        Self {
            family,
            state: PartnerState::Unknown,
            scopes: Vec::new(),
            heard: now.steady,
            told: false,
            clients: HashMap::new(),
            unacked: 0,
            analyzed: 0,
            skew: None,
            warned: None,
            unsent: 0,
            fetched: 0,
            rejected: HashMap::new(),
        }
    }

    pub(crate) fn state(&self) -> PartnerState {
        self.state
    }

    pub(crate) fn set_state(&mut self, state: PartnerState) {
        self.state = state;
    }

    /// It answered something.
    pub(crate) fn heard(&mut self, now: Now) {
        self.heard = now.steady;
        self.told = false;
        self.clients.clear();
        (self.unacked, self.analyzed) = (0, 0);
    }

    /// It answered `ha-heartbeat`.
    pub(crate) fn told(&mut self, heartbeat: Heartbeat, now: Now) {
        self.heard(now);
        self.state = PartnerState::In(heartbeat.state);
        self.scopes = heartbeat.scopes;
        self.skew = Some(Skew { mine: now.wall, theirs: heartbeat.time });
        if let Some(unsent) = heartbeat.unsent {
            // One that counts from the beginning again has begun again.
            self.fetched = if unsent < self.unsent { 0 } else { self.fetched };
            self.unsent = unsent;
        }
    }

    /// It did not answer; says so once it has not for `max-response-delay`.
    pub(crate) fn silent(&mut self, relationship: &Relationship, now: Now) {
        self.state = PartnerState::Unavailable;
        if self.interrupted(relationship, now) && !self.told {
            self.told = true;
            let partner = relationship.partner_label();
            observe::log!(Interrupted { server: relationship.own().name, partner });
        }
    }

    /// It has not been heard for `max-response-delay`.
    pub(crate) fn interrupted(&self, relationship: &Relationship, now: Now) -> bool {
        now.steady > self.bears_until(relationship)
    }

    /// Until when (steady microseconds) its silence says nothing yet.
    pub(crate) fn bears_until(&self, relationship: &Relationship) -> u64 {
        self.heard.saturating_add(u64::from(relationship.max_response_delay) * 1000)
    }

    /// A client of it has asked, and has done so for some time (milliseconds).
    pub(crate) fn observe(
        &mut self,
        relationship: &Relationship,
        client: &[u8],
        waited: u32,
        label: &dyn fmt::Display,
    ) {
        self.analyzed += 1;
        let late = waited > relationship.max_ack_delay;
        let before = self.clients.get(client).copied();
        if before == Some(true) || (before == Some(false) && !late) {
            return;
        }
        if before.is_none() && self.clients.len() >= CLIENTS {
            return;
        }
        self.clients.insert(client.into(), late);
        self.unacked += u32::from(late);
        let server = &relationship.own().name;
        if late {
            let (unacked, left) = (self.unacked, self.left(relationship));
            match self.family {
                Family::V4 => observe::log!(Unacked4 { server, client: label, unacked, left }),
                Family::V6 => observe::log!(Unacked6 { server, client: label, unacked, left }),
            }
        } else {
            match self.family {
                Family::V4 => observe::log!(NewClient4 { server, client: label }),
                Family::V6 => observe::log!(NewClient6 { server, client: label }),
            }
        }
    }

    /// Clients that have to be unacked still before it is taken for dead.
    fn left(&self, relationship: &Relationship) -> u32 {
        relationship.max_unacked_clients.checked_sub(self.unacked).map_or(0, |left| left.saturating_add(1))
    }

    /// Enough of its clients are not answered.
    pub(crate) fn failed(&self, relationship: &Relationship) -> bool {
        relationship.max_unacked_clients == 0 || self.unacked > relationship.max_unacked_clients
    }

    /// Clocks differ too much to go on together; says so where they differ much.
    pub(crate) fn skewed(&mut self, server: &str, now: Now) -> Option<impl fmt::Display + use<>> {
        let skew = self.skew?;
        let apart = skew.seconds().saturating_abs();
        if apart > SKEW_BORNE {
            return Some(skew);
        }
        let due = self.warned.is_none_or(|at| now.steady.saturating_sub(at) >= WARNING_EVERY);
        if apart > SKEW_WARNED && due {
            self.warned = Some(now.steady);
            observe::log!(HighSkew { server, skew });
        }
        None
    }

    /// The leases that it has are fetched from now on.
    pub(crate) fn fetched(&mut self) {
        self.fetched = self.unsent;
    }

    /// It has changed leases that it neither told us of nor gave us since.
    pub(crate) fn has_unsent(&self) -> bool {
        self.unsent > self.fetched
    }

    /// It refused a lease of a client that lasts so long.
    pub(crate) fn refused(&mut self, client: &[u8], until: Timestamp) {
        self.rejected.insert(client.into(), until);
    }

    /// It took a lease.
    pub(crate) fn took(&mut self, client: impl FnOnce() -> Vec<u8>) {
        if !self.rejected.is_empty() {
            self.rejected.remove(client().as_slice());
        }
    }

    /// So many clients whose leases it refused.
    pub(crate) fn rejected(&mut self, now: Now) -> usize {
        self.rejected.retain(|_, until| *until > now.wall);
        self.rejected.len()
    }

    pub(crate) fn forget_rejected(&mut self) {
        self.rejected.clear();
    }

    /// The server's own time when clocks were compared.
    pub(crate) fn compared(&self) -> Value {
        self.skew.map_or_else(null, |skew| date::plain(skew.mine).into())
    }

    /// `remote` of `status-get`.
    pub(crate) fn report(&self, relationship: &Relationship, now: Now) -> Vec<(&'static str, Value)> {
        let in_touch = matches!(self.state, PartnerState::In(_) | PartnerState::Unavailable);
        let interrupted = self.interrupted(relationship, now);
        let age = if in_touch { now.steady.saturating_sub(self.heard) / 1_000_000 } else { 0 };
        let scopes: Vec<Value> = self.scopes.iter().map(|scope| scope.as_str().into()).collect();
        vec![
            ("age", age.into()),
            ("analyzed-packets", self.analyzed.into()),
            ("clock-skew", self.skew.map_or_else(null, |skew| skew.seconds().into())),
            ("communication-interrupted", interrupted.into()),
            ("connecting-clients", u64::try_from(self.clients.len()).unwrap_or(u64::MAX).into()),
            ("in-touch", in_touch.into()),
            ("last-scopes", scopes.into()),
            ("last-state", self.state.name().into()),
            ("system-time", self.skew.map_or_else(null, |skew| date::plain(skew.theirs).into())),
            ("unacked-clients", self.unacked.into()),
            ("unacked-clients-left", if interrupted { self.left(relationship) } else { 0 }.into()),
        ]
    }
}

fn null() -> Value {
    json::Kind::Null.into()
}
