//! This server in one relationship: its state, and what leads from one state to the next.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use base::{Family, Timestamp};
use json::{Map, Value};

use crate::config::{Mode, Pause, Relationship, Role};
use crate::messages::{
    BacklogEmpty, Continued, HeartbeatFailed, HeartbeatUnsent, InvalidHotStandby, InvalidLoadBalancing,
    InvalidRecovery, MaintenanceAlone, MaintenanceStarted, PartnerNotRestarted, Paused, RejectsTerminate,
    RestartPartner, ServiceOff, ServiceOn, ServiceStarted, ShutdownSafe, SkewTerminates,
    SyncingDisabledReminder, Terminated, Transition, TransitionAlone, UpdatesDisabledReminder, UpdatesOff,
    UpdatesOn,
};
use crate::partner::Partner;
use crate::scopes::Scopes;
use crate::state::Loud;
use crate::wire::Heartbeat;
use crate::{Now, PartnerState, State};

/// Minutes for which a restarted server waits for a partner that has not been restarted yet.
const RESTART_MINUTES: u64 = 10;
/// Microseconds for which clients wait at most, once the partner has the leases, for it to be ready.
const HANDOVER: u64 = 10_000_000;
/// Microseconds until the partner is asked again whether it is ready.
const HANDOVER_LOOK: u64 = 100_000;
/// Transitions that one event may lead to.
const STEPS: usize = 8;

/// What the outside is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the partner how it is, and hand the answer to [`Machine::heartbeat_done`].
    Heartbeat,
    /// Fetch the partner's leases, then call [`Machine::synchronized`].
    Synchronize,
    /// Send what [`Machine::take_backlog`] gives, then call [`Machine::backlog_sent`].
    SendBacklog,
    /// Send `ha-reset`, then call [`Machine::partner_reset`].
    ResetPartner,
    /// Switch the DHCP service on or off, as far as this relationship goes.
    Serve(bool),
}

/// Why a server did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It could not be reached, or did not answer.
    #[error("{0}")]
    Unreachable(String),
    /// It has no such command.
    #[error("{0}")]
    Unsupported(String),
    /// A lease is at odds with what it has (result 4).
    #[error("{0}")]
    Conflict(String),
    /// It answered with another error.
    #[error("{0}")]
    Refused(String),
}

/// Logs why another server did not do something: one message where it could not be reached, another where it refused.
#[macro_export]
macro_rules! log_failure {
    ($failure:expr, $unsent:path | $refused:path { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        match $failure {
            $crate::Failure::Unreachable(reason) => {
                ::observe::log!($unsent { $($field $(: $value)?,)* reason: reason });
            }
            reason => ::observe::log!($refused { $($field $(: $value)?,)* reason: reason }),
        }
    };
}

/// When the partner is told of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Before the client is.
    Now,
    /// Once it is back.
    Later,
    /// It fetches all leases once it is back.
    Never,
}

/// Who is told of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub partner: Told,
    /// The backups are told; the client waits for them too where `wait-backup-ack` says so.
    pub backups: bool,
}

/// What became of putting the partner into maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaintenanceStart {
    Accepted,
    /// It was away already.
    Unreachable,
}

/// This server in a relationship. `U` is a change of a lease, as the outside has it.
#[derive(Debug)]
pub struct Machine<U> {
    relationship: Arc<Relationship>,
    state: State,
    /// The state before.
    before: State,
    partner: Partner,
    scopes: Scopes,
    /// The scopes are those of an operator.
    by_hand: bool,
    visited: BTreeSet<State>,
    paused: bool,
    /// What the outside is at, which keeps the state.
    busy: Option<Action>,
    /// When what failed is tried again.
    retry_at: u64,
    heartbeat_at: u64,
    /// The partner was asked and has not answered yet.
    asked: bool,
    serving: Option<bool>,
    /// The partner has the leases and is about to take its share: until then no lease may be given that it would miss.
    handover: Option<u64>,
    /// Since when the partner is known to be terminated, while this server waits for it.
    terminated_since: Option<u64>,
    backlog: Vec<U>,
    overflown: bool,
    unsent: u64,
    actions: VecDeque<Action>,
}

impl<U> Machine<U> {
    /// Begins in the state waiting.
    #[must_use]
    pub fn new(relationship: Arc<Relationship>, family: Family, now: Now) -> Self {
        let own = relationship.own();
        observe::log!(ServiceStarted {
            server: own.name,
            mode: relationship.mode.name(),
            role: own.role.name()
        });
        let mut machine = Self {
            state: State::Waiting,
            before: State::Waiting,
            partner: Partner::new(family, now),
            scopes: Scopes::NONE,
            by_hand: false,
            visited: BTreeSet::new(),
            paused: false,
            busy: None,
            retry_at: now.steady,
            heartbeat_at: now.steady,
            asked: false,
            serving: None,
            handover: None,
            terminated_since: None,
            backlog: Vec::new(),
            overflown: false,
            unsent: 0,
            actions: VecDeque::new(),
            relationship,
        };
        machine.serve();
        machine.pause();
        machine
    }

    #[must_use]
    pub fn relationship(&self) -> &Arc<Relationship> {
        &self.relationship
    }

    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    #[must_use]
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Whether clients may be answered.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.serving == Some(true)
    }

    fn server(&self) -> &str {
        &self.relationship.own().name
    }

    fn is_primary(&self) -> bool {
        self.relationship.own().role == Role::Primary
    }

    /// What is to be done now; `None`: nothing until [`deadline`](Self::deadline), or until something happens.
    pub fn next(&mut self, now: Now) -> Option<Action> {
        self.advance(now);
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        let due = self.watches() && !self.asked && now.steady >= self.heartbeat_at;
        due.then(|| {
            self.asked = true;
            Action::Heartbeat
        })
    }

    /// When to look again, in steady microseconds.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let heartbeat = (self.watches() && !self.asked).then_some(self.heartbeat_at);
        let retry = (self.state == State::Syncing && self.busy.is_none()).then_some(self.retry_at);
        let restart = self.terminated_since.map(|since| since.saturating_add(RESTART_MINUTES * 60_000_000));
        [heartbeat, retry, restart, self.handover].into_iter().flatten().min()
    }

    fn watches(&self) -> bool {
        self.state.watches()
            && self.relationship.partner().is_some()
            && (self.relationship.heartbeat_delay > 0 || self.handover.is_some())
    }

    /// Takes every transition that is due.
    fn advance(&mut self, now: Now) {
        if self.handover.is_some_and(|until| now.steady >= until) {
            self.handover = None;
            self.serve();
        }
        for _ in 0..STEPS {
            let Some(state) = self.decide(now) else { break };
            self.enter(state);
        }
        self.work(now);
    }

    /// The state that follows from what is known; `None`: this one stays.
    fn decide(&mut self, now: Now) -> Option<State> {
        use PartnerState::{In, Unavailable};
        use State::{
            Backup, CommunicationRecovery, HotStandby, InMaintenance, LoadBalancing, PartnerDown,
            PartnerInMaintenance, PassiveBackup, Ready, Syncing, Waiting,
        };
        if self.paused || self.busy.is_some() {
            return None;
        }
        let normal = self.relationship.normal_state();
        if self.state == Waiting && matches!(normal, Backup | PassiveBackup) {
            return Some(normal);
        }
        if matches!(self.state, Backup | PassiveBackup | InMaintenance | State::Terminated) {
            return None;
        }
        if self.terminates(now) {
            return Some(State::Terminated);
        }
        let partner = self.partner.state();
        if self.is_foreign(partner) {
            return (self.state != Waiting).then_some(Waiting);
        }
        let down = |machine: &Self| machine.partner_is_down(now).then_some(PartnerDown);
        let synced = if self.relationship.sync_leases { Syncing } else { Ready };
        if (self.state, partner) != (Waiting, In(State::Terminated)) {
            self.terminated_since = None;
        }
        match (self.state, partner) {
            (Waiting, In(State::Terminated)) => self.await_restart(now),
            (_, In(State::Terminated)) => Some(State::Terminated),
            (PartnerInMaintenance, Unavailable) => Some(PartnerDown),
            (PartnerInMaintenance, _) => None,

            (Waiting, In(Waiting)) => self.is_primary().then_some(synced),
            (Waiting, In(Syncing | Backup | PassiveBackup)) => None,
            (Waiting, In(_)) => Some(synced),

            (Ready, In(HotStandby | LoadBalancing | CommunicationRecovery)) => Some(normal),
            (Ready, In(Ready)) => self.is_primary().then_some(normal),

            (PartnerDown, In(CommunicationRecovery | PartnerDown | PartnerInMaintenance)) => Some(Waiting),
            (PartnerDown, In(Ready)) => {
                let missed = self.relationship.sync_leases && self.partner.has_unsent();
                Some(if missed { Waiting } else { normal })
            }
            (PartnerDown, _) => None,

            (HotStandby | LoadBalancing | CommunicationRecovery, In(PartnerDown)) => Some(Waiting),
            (HotStandby | LoadBalancing, Unavailable) => {
                down(self).or_else(|| self.relationship.recovers().then_some(CommunicationRecovery))
            }
            (CommunicationRecovery, In(Waiting | Syncing | Ready)) => self.overflown.then_some(Waiting),
            // Where to goes on once the partner was told what it missed: see `work`.
            (CommunicationRecovery, In(LoadBalancing | CommunicationRecovery)) => None,
            (CommunicationRecovery, In(Backup | PassiveBackup | HotStandby)) => Some(Waiting),

            (Ready | HotStandby | LoadBalancing | CommunicationRecovery, In(InMaintenance)) => {
                Some(PartnerInMaintenance)
            }
            (Ready | HotStandby | LoadBalancing | CommunicationRecovery, In(PartnerInMaintenance)) => {
                Some(InMaintenance)
            }
            (_, Unavailable) => down(self),
            _ => None,
        }
        .filter(|state| *state != self.state)
    }

    /// A server that was restarted waits for its partner to be, for some time.
    fn await_restart(&mut self, now: Now) -> Option<State> {
        let server = &self.relationship.own().name;
        let Some(since) = self.terminated_since else {
            observe::log!(RestartPartner { server });
            self.terminated_since = Some(now.steady);
            return None;
        };
        let over = now.steady.saturating_sub(since) >= RESTART_MINUTES * 60_000_000;
        over.then(|| {
            observe::log!(PartnerNotRestarted { server, minutes: RESTART_MINUTES });
            State::Terminated
        })
    }

    /// The partner's silence is proof enough.
    fn partner_is_down(&self, now: Now) -> bool {
        let relationship = &self.relationship;
        if !self.partner.interrupted(relationship, now) {
            return false;
        }
        // A standby hears the primary's clients, and each of two that balance load those of the other.
        let hears = self.state.serves()
            && (relationship.mode == Mode::LoadBalancing || relationship.own().role == Role::Standby);
        !hears || self.partner.failed(relationship)
    }

    /// The relationship cannot go on.
    fn terminates(&mut self, now: Now) -> bool {
        let server = &self.relationship.own().name;
        if let Some(skew) = self.partner.skewed(server, now) {
            observe::log!(SkewTerminates { server, skew });
            return true;
        }
        let most = usize::try_from(self.relationship.max_rejected_lease_updates).unwrap_or(usize::MAX);
        let over = most > 0 && self.partner.rejected(now) >= most;
        if over {
            observe::log!(RejectsTerminate { server });
        }
        over
    }

    /// The partner is in a state that there is not in this mode.
    fn is_foreign(&self, partner: PartnerState) -> bool {
        let server = self.server();
        let told = self.state == State::Waiting;
        match (partner, self.relationship.mode) {
            (PartnerState::In(State::CommunicationRecovery), mode) if mode != Mode::LoadBalancing => {
                if !told {
                    observe::log!(InvalidRecovery { server });
                }
                true
            }
            (PartnerState::In(State::HotStandby), mode) if mode != Mode::HotStandby => {
                if !told {
                    observe::log!(InvalidHotStandby { server });
                }
                true
            }
            (PartnerState::In(State::LoadBalancing), mode) if mode != Mode::LoadBalancing => {
                if !told {
                    observe::log!(InvalidLoadBalancing { server });
                }
                true
            }
            _ => false,
        }
    }

    /// Begins what the state asks for.
    fn work(&mut self, now: Now) {
        if self.paused || self.busy.is_some() || now.steady < self.retry_at {
            return;
        }
        match (self.state, self.partner.state()) {
            (State::Syncing, _) => self.begin(Action::Synchronize),
            (
                State::CommunicationRecovery,
                PartnerState::In(State::LoadBalancing | State::CommunicationRecovery),
            ) => {
                if self.overflown {
                    self.begin(Action::ResetPartner);
                } else if self.backlog.is_empty() {
                    observe::log!(BacklogEmpty { server: self.server() });
                    self.enter(State::LoadBalancing);
                } else {
                    self.begin(Action::SendBacklog);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, action: Action) {
        self.busy = Some(action);
        self.actions.push_back(action);
    }

    fn enter(&mut self, to: State) {
        let from = self.state;
        let server = &self.relationship.own().name;
        let (was, is) = (Loud(from.name()), Loud(to.name()));
        if self.relationship.mode == Mode::PassiveBackup {
            observe::log!(TransitionAlone { server, from: was, to: is });
        } else {
            let partner = Loud(self.partner.state().name());
            observe::log!(Transition { server, from: was, to: is, partner });
        }
        if (from, to) == (State::Waiting, State::Ready) {
            observe::log!(SyncingDisabledReminder { server });
        }
        if self.relationship.partner().is_some() {
            match (to, self.relationship.send_lease_updates) {
                (state, true) if state.updates() => observe::log!(UpdatesOn { server, state: is }),
                (State::PartnerDown | State::Terminated, true) => {
                    observe::log!(UpdatesOff { server, state: is });
                }
                (state, false) if state.updates() => {
                    observe::log!(UpdatesDisabledReminder { server, state: is });
                }
                _ => {}
            }
        }
        if from == State::CommunicationRecovery {
            self.backlog.clear();
            self.overflown = false;
        }
        (self.before, self.state) = (from, to);
        (self.handover, self.terminated_since, self.by_hand) = (None, None, false);
        self.retry_at = 0;
        self.scopes = match to {
            State::PartnerInMaintenance => Scopes::all(&self.relationship),
            State::PartnerDown if self.relationship.own().auto_failover => Scopes::all(&self.relationship),
            state if state.serves() => Scopes::default_of(&self.relationship),
            _ => Scopes::NONE,
        };
        match to {
            State::Terminated => observe::log!(Terminated { server }),
            State::InMaintenance => observe::log!(ShutdownSafe { server }),
            State::PartnerDown => self.partner.forget_rejected(),
            State::Syncing => self.partner.fetched(),
            _ => {}
        }
        self.serve();
        self.pause();
    }

    /// Stops here where the configuration says so.
    fn pause(&mut self) {
        let first = self.visited.insert(self.state);
        self.paused = match self.relationship.pauses.get(&self.state).copied().unwrap_or_default() {
            Pause::Never => false,
            Pause::Once => first,
            Pause::Always => true,
        };
        if self.paused {
            let state = Loud(self.state.name());
            observe::log!(Paused { server: self.relationship.own().name, state });
        }
    }

    /// Has the service switched on or off where that changes.
    fn serve(&mut self) {
        let asked = self.by_hand && self.scopes != Scopes::NONE;
        let wanted = (self.state.serves() || asked) && self.handover.is_none();
        if self.serving == Some(wanted) {
            return;
        }
        let (server, state) = (&self.relationship.own().name, Loud(self.state.name()));
        if wanted {
            observe::log!(ServiceOn { server, state });
        } else {
            observe::log!(ServiceOff { server, state });
        }
        self.serving = Some(wanted);
        self.actions.push_back(Action::Serve(wanted));
    }

    /// The partner answered `ha-heartbeat`, or did not.
    pub fn heartbeat_done(&mut self, outcome: Result<Heartbeat, Failure>, now: Now) {
        self.asked = false;
        let delay = u64::from(self.relationship.heartbeat_delay) * 1000;
        self.heartbeat_at = now.steady.saturating_add(delay);
        match outcome {
            Ok(heartbeat) => {
                // It is about to be ready.
                let soon = matches!(heartbeat.state, State::Waiting | State::Syncing);
                if self.handover.is_some() && soon {
                    self.heartbeat_at = now.steady.saturating_add(HANDOVER_LOOK.min(delay.max(1)));
                }
                self.partner.told(heartbeat, now);
            }
            Err(failure) => {
                let (server, partner) = (self.server(), self.relationship.partner_label());
                log_failure!(&failure, HeartbeatUnsent | HeartbeatFailed { server, partner });
                self.silent(now);
            }
        }
    }

    /// The partner did not answer something.
    fn silent(&mut self, now: Now) {
        self.partner.silent(&self.relationship, now);
        // Then clients are better served than kept waiting.
        if self.handover.take().is_some() {
            self.serve();
        }
    }

    /// The partner's leases were fetched, or not.
    pub fn synchronized(&mut self, outcome: Result<(), Failure>, now: Now) {
        if self.busy.take_if(|busy| *busy == Action::Synchronize).is_none() {
            return;
        }
        match outcome {
            Ok(()) => {
                self.partner.heard(now);
                if self.state == State::Syncing {
                    self.enter(State::Ready);
                }
            }
            Err(failure) => {
                if matches!(failure, Failure::Unreachable(_)) {
                    self.silent(now);
                }
                self.retry_later(now);
            }
        }
    }

    fn retry_later(&mut self, now: Now) {
        let delay = u64::from(self.relationship.heartbeat_delay.max(1000)) * 1000;
        self.retry_at = now.steady.saturating_add(delay);
    }

    /// The changes that the partner has missed, in their order.
    pub fn take_backlog(&mut self) -> Vec<U> {
        std::mem::take(&mut self.backlog)
    }

    /// The partner was told what it had missed; or it was not, and is to fetch all leases.
    pub fn backlog_sent(&mut self, outcome: Result<(), Failure>, now: Now) {
        if self.busy.take_if(|busy| *busy == Action::SendBacklog).is_none() {
            return;
        }
        match outcome {
            // What came meanwhile is sent before the next look.
            Ok(()) if !self.backlog.is_empty() => self.partner.heard(now),
            Ok(()) => {
                self.partner.heard(now);
                if self.state == State::CommunicationRecovery {
                    self.enter(self.relationship.normal_state());
                }
            }
            Err(failure) => {
                self.overflown = true;
                if matches!(failure, Failure::Unreachable(_)) {
                    self.silent(now);
                }
            }
        }
    }

    /// The partner was told to fetch all leases.
    pub fn partner_reset(&mut self, outcome: Result<(), Failure>, now: Now) {
        if self.busy.take_if(|busy| *busy == Action::ResetPartner).is_none() {
            return;
        }
        match outcome {
            Ok(()) if self.state == State::CommunicationRecovery => self.enter(State::Waiting),
            Ok(()) => {}
            Err(failure) => {
                if matches!(failure, Failure::Unreachable(_)) {
                    self.silent(now);
                }
                self.retry_later(now);
            }
        }
    }

    /// Who is told of leases that change now.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let relationship = &self.relationship;
        if !relationship.send_lease_updates {
            return Plan { partner: Told::Never, backups: false };
        }
        let partner = match self.state {
            _ if relationship.partner().is_none() => Told::Never,
            state if state.updates() => Told::Now,
            State::CommunicationRecovery => Told::Later,
            _ => Told::Never,
        };
        Plan { partner, backups: relationship.own().role != Role::Backup }
    }

    /// A change that the partner is told of later; or, beyond what may wait, by all leases.
    pub fn queue(&mut self, update: U) {
        let limit = usize::try_from(self.relationship.delayed_updates_limit).unwrap_or(usize::MAX);
        if self.overflown || self.backlog.len() >= limit {
            self.overflown = true;
            self.backlog.clear();
        } else {
            self.backlog.push(update);
        }
    }

    /// A change that the partner was not told of.
    pub fn missed(&mut self) {
        if self.relationship.send_lease_updates && self.relationship.partner().is_some() {
            self.unsent = self.unsent.saturating_add(1);
        }
    }

    /// The partner was told of leases of a `client`, which end at the time beside it. Answers whether anything may follow
    /// from that.
    pub fn updated(
        &mut self,
        client: impl FnOnce() -> (Vec<u8>, Timestamp),
        outcome: Result<(), &Failure>,
        now: Now,
    ) -> bool {
        match outcome {
            Ok(()) => {
                self.partner.heard(now);
                self.partner.took(|| client().0);
            }
            Err(Failure::Conflict(_)) => {
                let (client, until) = client();
                self.partner.refused(&client, until);
            }
            Err(_) => {
                self.missed();
                self.silent(now);
            }
        }
        outcome.is_err()
    }

    /// From when on (steady microseconds) the partner's clients are watched, unless it is heard before.
    #[must_use]
    pub fn watches_clients_after(&self) -> u64 {
        let partner = self.relationship.partner();
        partner.map_or(u64::MAX, |_| self.partner.bears_until(&self.relationship))
    }

    /// A client of a scope that is not served has asked, and has done so for some milliseconds.
    pub fn overheard(&mut self, client: &[u8], waited: u32, label: &dyn fmt::Display, now: Now) {
        if self.partner.interrupted(&self.relationship, now) && self.relationship.partner().is_some() {
            self.partner.observe(&self.relationship, client, waited, label);
        }
    }

    /// Whether this server is to reclaim a lease: one of the client of the server at this place.
    #[must_use]
    pub fn reclaims(&self, owner: Option<usize>) -> bool {
        self.state != State::Terminated || owner.is_some_and(|owner| self.scopes.serves(owner))
    }

    /// Takes the switch of the service out of what is to be done, if it is there.
    pub fn take_switch(&mut self) -> Option<bool> {
        let at = self.actions.iter().rposition(|action| matches!(action, Action::Serve(_)))?;
        let last = self.actions.get(at).copied();
        self.actions.retain(|action| !matches!(action, Action::Serve(_)));
        match last {
            Some(Action::Serve(on)) => Some(on),
            _ => None,
        }
    }

    // Commands.

    /// Goes on from where it was paused; `false`: it was not.
    pub fn unpause(&mut self) -> bool {
        let was = std::mem::take(&mut self.paused);
        if was {
            observe::log!(Continued { server: self.server() });
        }
        was
    }

    /// Begins anew; `false`: it was waiting anyway.
    pub fn reset(&mut self) -> bool {
        let other = self.state != State::Waiting;
        if other {
            self.busy = None;
            self.enter(State::Waiting);
        }
        other
    }

    /// Serves these scopes until the state changes.
    ///
    /// # Errors
    /// When a name is none of an active server.
    pub fn serve_scopes<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Result<(), String> {
        self.scopes = Scopes::named(&self.relationship, names)?;
        self.by_hand = true;
        self.serve();
        Ok(())
    }

    /// The partner has fetched the leases. In the state partner-down it knows nothing of leases that change from now on,
    /// so none may until the two work together.
    pub fn sync_complete(&mut self, now: Now) {
        if self.state == State::PartnerDown && !self.paused {
            self.handover = Some(now.steady.saturating_add(HANDOVER));
            self.heartbeat_at = now.steady.saturating_add(HANDOVER_LOOK);
            self.serve();
        }
    }

    /// The partner wants to take over for maintenance of this server (or no longer does), and tells its state.
    ///
    /// # Errors
    /// Why not, with the result of the answer.
    pub fn maintenance_notified(
        &mut self,
        cancel: bool,
        partner: Option<PartnerState>,
    ) -> Result<(), (u32, String)> {
        if cancel {
            if self.state != State::InMaintenance {
                let text = "Unable to cancel the maintenance for the server not in the in-maintenance state.";
                return Err((1, text.to_owned()));
            }
            // Whatever it says, it is not to take over again.
            let partner = partner.filter(|state| *state != PartnerState::In(State::PartnerInMaintenance));
            self.partner.set_state(partner.unwrap_or_default());
            let before = if self.before == State::InMaintenance { State::Waiting } else { self.before };
            self.enter(before);
            return Ok(());
        }
        if matches!(self.state, State::Backup | State::PartnerInMaintenance | State::Terminated) {
            let text =
                format!("Unable to transition the server from the {} to in-maintenance state.", self.state);
            return Err((crate::wire::NOT_ALLOWED, text));
        }
        self.partner.set_state(partner.unwrap_or(PartnerState::Unavailable));
        if self.state != State::InMaintenance {
            self.busy = None;
            self.enter(State::InMaintenance);
        }
        Ok(())
    }

    /// Whether the partner may be put into maintenance; its answer goes to [`maintain`](Self::maintain).
    ///
    /// # Errors
    /// Why not.
    pub fn may_maintain(&self) -> Result<(), String> {
        let unfit = matches!(
            self.state,
            State::Backup
                | State::InMaintenance
                | State::PartnerInMaintenance
                | State::PassiveBackup
                | State::Terminated
        );
        if unfit {
            return Err(format!(
                "Unable to transition the server from the {} to partner-in-maintenance state.",
                self.state
            ));
        }
        Ok(())
    }

    /// Takes over from the partner for its maintenance.
    pub fn maintain(&mut self, outcome: MaintenanceStart) {
        self.busy = None;
        let state = match outcome {
            MaintenanceStart::Accepted => {
                self.partner.set_state(PartnerState::In(State::InMaintenance));
                State::PartnerInMaintenance
            }
            MaintenanceStart::Unreachable => {
                self.partner.set_state(PartnerState::Unavailable);
                State::PartnerDown
            }
        };
        self.enter(state);
        let server = &self.relationship.own().name;
        if outcome == MaintenanceStart::Accepted {
            observe::log!(MaintenanceStarted { server });
        } else {
            // It is no failure that an operator would have to look at first.
            self.scopes = Scopes::all(&self.relationship);
            observe::log!(MaintenanceAlone { server });
        }
    }

    /// The state to which the end of a maintenance leads back, for the partner to know.
    ///
    /// # Errors
    /// Why there is none to end.
    pub fn may_cancel(&self) -> Result<State, String> {
        if self.state != State::PartnerInMaintenance {
            return Err(
                "Unable to cancel maintenance request because the server is not in the partner-in-maintenance state."
                    .to_owned(),
            );
        }
        Ok(if self.before == State::PartnerInMaintenance { State::Waiting } else { self.before })
    }

    /// The partner left maintenance, for this state if it said.
    pub fn cancel(&mut self, partner: Option<PartnerState>) {
        if let Ok(before) = self.may_cancel() {
            let partner = partner.filter(|state| *state != PartnerState::In(State::InMaintenance));
            self.partner.set_state(partner.unwrap_or_default());
            self.enter(before);
        }
    }

    // Reports.

    /// What is answered to `ha-heartbeat`.
    #[must_use]
    pub fn heartbeat(&self, now: Now) -> Heartbeat {
        Heartbeat {
            state: self.state,
            time: now.wall,
            scopes: self.scopes.names(&self.relationship).map(str::to_owned).collect(),
            unsent: Some(self.unsent),
        }
    }

    /// An entry of `high-availability` in the answer of `status-get`.
    #[must_use]
    pub fn report(&self, now: Now) -> Map {
        let relationship = &self.relationship;
        let own = relationship.own();
        let scopes: Vec<Value> = self.scopes.names(relationship).map(Value::from).collect();
        let map = |members: Vec<(&'static str, Value)>| -> Value {
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map>().into()
        };
        let mut servers = vec![(
            "local",
            map(vec![
                ("role", own.role.name().into()),
                ("scopes", scopes.into()),
                ("server-name", own.name.as_str().into()),
                ("state", self.state.name().into()),
                ("system-time", self.partner.compared()),
            ]),
        )];
        if let Some((_, partner)) = relationship.partner() {
            let mut remote = self.partner.report(relationship, now);
            remote.push(("role", partner.role.name().into()));
            remote.push(("server-name", partner.name.as_str().into()));
            servers.push(("remote", map(remote)));
        }
        Map::from([
            ("ha-mode".to_owned(), relationship.mode.name().into()),
            ("ha-servers".to_owned(), map(servers)),
        ])
    }
}
