//! A server without sockets: configuration, lease store in memory, a clock that stands still.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use base::{Clock, Seconds};
use config::ServerConfig4;
use engine::Effects;
use engine::alloc::Runtime4;
use engine::stats::Statistics4;
use engine::v4::{
    Arrival, Context4, Destination, Dns4, DropReason, LocalAddresses, Verdict, answer_over6, arrival_over6,
    handle_now, received_over6, reclaim,
};
use lease::{Durable, Lease4, LeaseStore4, LegalEntry};
use memfile::{Durability, Memfile4, Runner, Settings};
use ncr::NameChangeRequest;
use observe::stats::{Registry, StatisticValue};

use crate::{FakeClock, Reply4};

/// What came of a packet.
#[derive(Clone, Debug)]
pub enum Outcome {
    Reply {
        reply: Box<Reply4>,
        destination: Destination,
    },
    /// Handled, nothing to send.
    Silence,
    Drop(DropReason),
}

/// Addresses of the server.
struct Locals(Vec<Ipv4Addr>);

impl LocalAddresses for Locals {
    fn is_served(&self, address: Ipv4Addr) -> bool {
        self.0.contains(&address)
    }

    /// Every interface but `none` exists.
    fn known_as(&self, interface: &str) -> Option<Ipv4Addr> {
        (interface != "none").then(|| self.0.first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED))
    }
}

/// One kea-dhcp4 in memory.
pub struct World4 {
    pub clock: FakeClock,
    pub config: ServerConfig4,
    pub store: Arc<Memfile4>,
    pub registry: Arc<Registry>,
    runtime: Arc<Runtime4>,
    libraries: engine::v4::Libraries,
    kept: modules::Kept,
    locals: Locals,
    /// What DNS is to be told, until somebody looks.
    requests: Mutex<VecDeque<NameChangeRequest>>,
    entries: Mutex<VecDeque<LegalEntry>>,
    announcements: Mutex<VecDeque<engine::Announcement>>,
    /// Sockets can send to clients without an address.
    pub direct_response: bool,
}

impl World4 {
    /// A server with an empty lease store; `addresses` are those of its sockets.
    pub fn new(config: ServerConfig4, addresses: Vec<Ipv4Addr>) -> Result<Self, String> {
        let clock = FakeClock::new();
        let registry = Arc::new(Registry::new(jiff::tz::TimeZone::UTC));
        let statistics = Arc::new(Statistics4::new(Arc::clone(&registry), clock.now()));
        let runtime = Arc::new(Runtime4::new(statistics, 1));
        let settings =
            Settings { durability: Durability::None, lfc_interval: Seconds(0), ..Settings::new("") };
        let observer = Arc::clone(&runtime) as Arc<dyn lease::LeaseObserver4>;
        let storage = Arc::new(memfile::OsStorage);
        let (store, _) = Memfile4::open_on(storage, settings, observer, clock.timestamp(), Runner::Caller)
            .map_err(|error| error.to_string())?;
        let kept = modules::Kept::default();
        let libraries = modules::callouts4(&config, &kept);
        let world = Self {
            clock,
            config,
            store,
            registry,
            runtime,
            libraries,
            kept,
            locals: Locals(addresses),
            requests: Mutex::default(),
            entries: Mutex::default(),
            announcements: Mutex::default(),
            direct_response: true,
        };
        world.adopt()?;
        Ok(world)
    }

    /// Swaps the configuration; leases stay.
    pub fn reconfigure(&mut self, config: ServerConfig4) -> Result<(), String> {
        self.config = config;
        self.libraries = modules::callouts4(&self.config, &self.kept);
        self.adopt()
    }

    /// Has a library called at these points, until the next configuration.
    pub fn add_library(&mut self, library: &Arc<dyn engine::v4::Library>, points: &[engine::Point]) {
        self.libraries.add(library, points);
    }

    fn adopt(&self) -> Result<(), String> {
        at_once(self.runtime.reconfigure(&self.config, Some(&*self.store))).map_err(|error| error.to_string())
    }

    /// Hands a packet to the server and commits what it wrote. The error is one of the server: a reply that no
    /// client can read, or a store that fails.
    pub fn send(&self, bytes: &[u8], arrival: &Arrival) -> Result<Outcome, String> {
        let mut out = Vec::new();
        match self.handle(bytes, arrival, &mut out)? {
            Verdict::Reply(sent) => {
                let reply = Reply4::parse(&out)?;
                // BOOTP replies have no type.
                if reply.kind() != 0 && reply.kind() != sent.kind.0 {
                    return Err(format!("reply of type {} is called {}", reply.kind(), sent.kind.0));
                }
                Ok(Outcome::Reply { reply: Box::new(reply), destination: sent.destination })
            }
            Verdict::Done(_) => Ok(Outcome::Silence),
            Verdict::Drop(reason) => Ok(Outcome::Drop(reason)),
        }
    }

    /// As [`send`](Self::send); the bytes of the reply are in `out`, and nobody has read them.
    pub fn handle(&self, bytes: &[u8], arrival: &Arrival, out: &mut Vec<u8>) -> Result<Verdict, String> {
        self.with(|context| handle_now(context, arrival, bytes, out))
    }

    /// Hands what kea-dhcp6 passed on to the server, and commits what it wrote; `out` has what kea-dhcp6 is answered.
    pub fn handle_over6(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Verdict, String> {
        self.with(|context| {
            let read = |passed| Ok((arrival_over6(context, &passed)?, passed));
            let (arrival, passed) = match received_over6(bytes).and_then(read) {
                Ok(read) => read,
                Err(reason) => return Some(Verdict::Drop(reason)),
            };
            let mut reply = Vec::new();
            let verdict = handle_now(context, &arrival, passed.inner, &mut reply)?;
            Some(answer_over6(&passed, verdict, &reply, out))
        })
    }

    fn with(&self, handle: impl FnOnce(&Context4<'_>) -> Option<Verdict>) -> Result<Verdict, String> {
        let statistics = self.runtime.statistics();
        statistics.set_now(self.clock.now());
        statistics.arrived();
        let context = Context4 {
            config: &self.config,
            store: &*self.store,
            databases: None,
            runtime: &self.runtime,
            libraries: &self.libraries,
            monitor: None,
            share: None,
            locals: &self.locals,
            now: self.clock.timestamp(),
            moment: self.clock.now(),
            updates: self.config.services.d2_client.enable_updates,
            direct_response: self.direct_response,
            respond_to_source: false,
            client_port: None,
        };
        let mark = self.store.mark();
        let mut verdict = handle(&context).ok_or("the engine waits for something")?;
        at_once(self.store.commit(mark)).map_err(|error| error.to_string())?;
        match &mut verdict {
            Verdict::Reply(sent) => {
                self.follow(std::mem::take(&mut sent.effects));
                statistics.sent(sent.kind);
            }
            Verdict::Done(effects) => self.follow(std::mem::take(effects)),
            Verdict::Drop(reason) => statistics.dropped(*reason),
        }
        Ok(verdict)
    }

    fn follow(&self, effects: Effects<Lease4>) {
        self.tell(effects.requests);
        self.announce(effects.announcements);
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).extend(effects.entries);
    }

    fn announce(&self, announcements: Vec<engine::Announcement>) {
        self.announcements.lock().unwrap_or_else(PoisonError::into_inner).extend(announcements);
    }

    /// What scripts are to be told next, taken out.
    pub fn next_announcement(&self) -> Option<engine::Announcement> {
        self.announcements.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// The oldest entry of the legal log, taken out.
    pub fn next_entry(&self) -> Option<LegalEntry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn tell(&self, requests: engine::ddns::Requests) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).extend(requests);
    }

    /// The oldest name change request, taken out.
    pub fn next_request(&self) -> Option<NameChangeRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Puts a lease into the store, as if given earlier.
    pub fn give(&self, lease: Lease4) -> Result<(), String> {
        match at_once(self.store.add(lease)).map_err(|error| error.to_string())? {
            lease::Added::Yes => Ok(()),
            lease::Added::Exists(other) => Err(format!("{} has a lease already", other.address)),
        }
    }

    pub fn lease(&self, address: Ipv4Addr) -> Result<Option<Arc<Lease4>>, String> {
        at_once(self.store.by_address(address)).map_err(|error| error.to_string())
    }

    /// Value of an integer statistic; 0 for one that has not appeared.
    #[must_use]
    pub fn statistic(&self, name: &str) -> i64 {
        match self.registry.value(name) {
            Some(StatisticValue::Integer(value)) => value,
            _ => 0,
        }
    }

    /// One run of lease reclamation without bounds, as the timer would do it.
    pub fn reclaim(&self) -> Result<(), String> {
        self.run_reclaim(false)
    }

    /// As [`reclaim`](Self::reclaim), and no row is kept (`leases-reclaim` with `remove`).
    pub fn reclaim_and_remove(&self) -> Result<(), String> {
        self.run_reclaim(true)
    }

    fn run_reclaim(&self, remove: bool) -> Result<(), String> {
        let limits = reclaim::Limits { leases: 0, remove };
        let dns = Dns4 { config: &self.config, enabled: self.config.services.d2_client.enable_updates };
        let (told, now) = ((dns, &self.libraries), self.clock.timestamp());
        let run = reclaim::expired(&*self.store, &self.runtime, told, |_| true, now, limits, || true);
        let done = at_once(run).map_err(|error| error.to_string())?;
        self.tell(done.requests);
        self.announce(done.announcements);
        Ok(())
    }

    /// Deletes what reclamation kept, once `hold-reclaimed-time` is over.
    pub fn flush(&self) -> Result<(), String> {
        let held = Seconds(self.config.services.expired_leases.hold_reclaimed_time);
        let run = reclaim::flush(&*self.store, self.clock.timestamp(), held);
        at_once(run).map(|_| ()).map_err(|error| error.to_string())
    }
}

/// The outcome of a future that never waits.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a store in memory does not wait"),
    }
}
