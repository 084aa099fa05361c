//! A kea-dhcp6 without sockets.

use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex, PoisonError};

use base::{Clock, Duid, Seconds};
use config::ServerConfig6;
use engine::alloc::Runtime6;
use engine::stats::Statistics6;
use engine::v6::{Arrival, Context6, Destination, Dns6, Verdict, handle_now, reclaim};
use engine::{DropReason, Effects};
use lease::{Durable, Lease6, LeaseStore6, LegalEntry};
use memfile::{Durability, Memfile6, Runner, Settings};
use ncr::NameChangeRequest;
use observe::stats::{Registry, StatisticValue};

use crate::world::at_once;
use crate::{FakeClock, Reply6};

/// The DUID of the server, of type LL.
pub const SERVER_ID6: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 0xff];

/// What came of a packet.
#[derive(Clone, Debug)]
pub enum Outcome6 {
    Reply {
        reply: Box<Reply6>,
        destination: Destination,
    },
    /// For kea-dhcp4.
    PassedOn(Vec<u8>),
    /// Handled, nothing to send.
    Silence,
    Drop(DropReason),
}

/// One kea-dhcp6 in memory.
pub struct World6 {
    pub clock: FakeClock,
    pub config: ServerConfig6,
    pub store: Arc<Memfile6>,
    pub registry: Arc<Registry>,
    pub server_id: Duid,
    runtime: Arc<Runtime6>,
    libraries: engine::v6::Libraries,
    kept: modules::Kept,
    /// What DNS is to be told, until somebody looks.
    requests: Mutex<VecDeque<NameChangeRequest>>,
    entries: Mutex<VecDeque<LegalEntry>>,
    announcements: Mutex<VecDeque<engine::Announcement>>,
}

impl World6 {
    /// A server with an empty lease store.
    pub fn new(config: ServerConfig6) -> Result<Self, String> {
        let clock = FakeClock::new();
        let registry = Arc::new(Registry::new(jiff::tz::TimeZone::UTC));
        let statistics = Arc::new(Statistics6::new(Arc::clone(&registry), clock.now()));
        let runtime = Arc::new(Runtime6::new(statistics, 6));
        let settings =
            Settings { durability: Durability::None, lfc_interval: Seconds(0), ..Settings::new("") };
        let observer = Arc::clone(&runtime) as Arc<dyn lease::LeaseObserver6>;
        let storage = Arc::new(memfile::OsStorage);
        let (store, _) = Memfile6::open_on(storage, settings, observer, clock.timestamp(), Runner::Caller)
            .map_err(|error| error.to_string())?;
        let server_id = Duid::new(&SERVER_ID6).map_err(|error| error.to_string())?;
        let (requests, entries, announcements) = Default::default();
        let kept = modules::Kept::default();
        let libraries = modules::callouts6(&config, &kept);
        let world = Self {
            clock,
            config,
            store,
            registry,
            server_id,
            runtime,
            libraries,
            kept,
            requests,
            entries,
            announcements,
        };
        world.adopt()?;
        Ok(world)
    }

    /// Swaps the configuration; leases stay.
    pub fn reconfigure(&mut self, config: ServerConfig6) -> Result<(), String> {
        self.config = config;
        self.libraries = modules::callouts6(&self.config, &self.kept);
        self.adopt()
    }

    /// Has a library called at these points, until the next configuration.
    pub fn add_library(&mut self, library: &Arc<dyn engine::v6::Library>, points: &[engine::Point]) {
        self.libraries.add(library, points);
    }

    fn adopt(&self) -> Result<(), String> {
        at_once(self.runtime.reconfigure(&self.config, Some(&*self.store))).map_err(|error| error.to_string())
    }

    fn updates(&self) -> bool {
        self.config.services.d2_client.enable_updates
    }

    /// Hands a packet to the server and commits what it wrote. The error is one of the server: a reply that no
    /// client can read, or a store that fails.
    pub fn send(&self, bytes: &[u8], arrival: &Arrival) -> Result<Outcome6, String> {
        let statistics = self.runtime.statistics();
        statistics.set_now(self.clock.now());
        statistics.arrived();
        let context = Context6 {
            config: &self.config,
            store: &*self.store,
            databases: None,
            runtime: &self.runtime,
            libraries: &self.libraries,
            monitor: None,
            share: None,
            server_id: &self.server_id,
            now: self.clock.timestamp(),
            moment: self.clock.now(),
            updates: self.updates(),
            client_port: None,
        };
        let mark = self.store.mark();
        let mut out = Vec::new();
        let verdict =
            handle_now(&context, arrival, bytes, &mut out).ok_or("the engine waits for something")?;
        at_once(self.store.commit(mark)).map_err(|error| error.to_string())?;
        match verdict {
            Verdict::Reply(sent) => {
                self.follow(sent.effects);
                statistics.sent(sent.kind);
                let reply = Reply6::parse(&out)?;
                if reply.kind != sent.kind.0 {
                    return Err(format!("reply of type {} is called {}", reply.kind, sent.kind.0));
                }
                Ok(Outcome6::Reply { reply: Box::new(reply), destination: sent.destination })
            }
            Verdict::PassOn => Ok(Outcome6::PassedOn(out)),
            Verdict::Done(effects) => {
                self.follow(effects);
                Ok(Outcome6::Silence)
            }
            Verdict::Drop(reason) => {
                statistics.dropped(reason);
                Ok(Outcome6::Drop(reason))
            }
        }
    }

    fn follow(&self, effects: Effects<Lease6>) {
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
    pub fn give(&self, lease: Lease6) -> Result<(), String> {
        match at_once(self.store.add(lease)).map_err(|error| error.to_string())? {
            lease::Added6::Yes => Ok(()),
            lease::Added6::Exists(other) => Err(format!("{} has a lease already", other.address)),
        }
    }

    pub fn lease(&self, address: Ipv6Addr) -> Result<Option<Arc<Lease6>>, String> {
        at_once(self.store.by_address(address)).map_err(|error| error.to_string())
    }

    /// Value of an integer statistic; 0 for one that has not appeared.
    #[must_use]
    pub fn statistic(&self, name: &str) -> i64 {
        match self.registry.value(name) {
            Some(StatisticValue::Integer(value)) => value,
            Some(StatisticValue::BigInteger(value)) => i64::try_from(value).unwrap_or(i64::MAX),
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
        let dns = Dns6 { config: &self.config, enabled: self.updates() };
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
