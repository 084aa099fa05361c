//! Hundreds of clients behind a relay, on one UDP socket: they lease, check, and give back, ask again when nobody
//! answers, and write down what they were told.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use base::{Random, XorShift};

use crate::history::{Grant, History};
use crate::space::Space;
use crate::speech::{Answered, Heard, Offer, Speech, V4, Words};
use crate::wait::now_micros;

/// How the clients behave.
#[derive(Clone, Debug)]
pub struct LoadSettings<S: Speech = V4> {
    /// Address of the relay; replies come here.
    pub relay: S::Address,
    pub server: S::Address,
    /// Exchanges under way at once.
    pub window: usize,
    /// Exchanges begun per second.
    pub rate: u32,
    /// Of a hundred exchanges, those in which a known client checks its address (INIT-REBOOT, RENEW).
    pub checks: u64,
    /// Of a hundred exchanges, those in which a known client gives its address back.
    pub releases: u64,
    /// How long a client waits before it asks again.
    pub retry: Duration,
    /// Sends of one packet before the client gives the exchange up.
    pub attempts: u32,
    pub seed: u64,
    /// Clients of several loads differ in this octet.
    pub group: u8,
}

impl<S: Speech> LoadSettings<S> {
    #[must_use]
    pub fn new(relay: S::Address, server: S::Address) -> Self {
        Self {
            relay,
            server,
            window: 64,
            rate: 500,
            checks: 0,
            releases: 0,
            retry: Duration::from_secs(1),
            attempts: 30,
            seed: 1,
            group: 0,
        }
    }
}

/// How an exchange went.
#[derive(Clone, Debug)]
pub struct Exchange<S: Speech = V4> {
    pub client: S::Client,
    /// Packets that had to be sent again.
    pub again: u32,
    pub took: Duration,
    pub end: End,
    /// When it began, by the load's own clock.
    pub began: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Granted,
    /// NAK, or a REPLY without a lease.
    Refused,
    /// Nobody answered.
    GivenUp,
}

#[derive(Debug)]
struct Record<S: Speech> {
    history: History<S>,
    exchanges: Vec<Exchange<S>>,
}

impl<S: Speech> Default for Record<S> {
    fn default() -> Self {
        Self { history: History::default(), exchanges: Vec::new() }
    }
}

/// Clients at work until [`stop`](Load::stop).
#[derive(Debug)]
pub struct Load<S: Speech = V4> {
    record: Arc<Mutex<Record<S>>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Speech> Load<S> {
    /// Lets the clients begin, behind the relay address in this namespace.
    #[must_use]
    pub fn start(space: &Space, settings: LoadSettings<S>) -> Self {
        let record: Arc<Mutex<Record<S>>> = Arc::default();
        let end = Arc::new(AtomicBool::new(false));
        let (space, shared, ending) = (space.clone(), Arc::clone(&record), Arc::clone(&end));
        let thread = std::thread::spawn(move || {
            space.enter();
            Clients::new(settings, shared).run(&ending);
        });
        Self { record, end, thread: Some(thread) }
    }

    /// What the clients were told so far.
    #[must_use]
    pub fn history(&self) -> History<S> {
        self.record.lock().unwrap().history.clone()
    }

    /// Grants so far.
    #[must_use]
    pub fn acks(&self) -> usize {
        self.record.lock().unwrap().history.grants.len()
    }

    /// Exchanges that ended so far.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange<S>> {
        self.record.lock().unwrap().exchanges.clone()
    }

    /// Lets what is under way end, begins nothing new, and answers all that was written down.
    #[must_use]
    pub fn stop(mut self) -> (History<S>, Vec<Exchange<S>>) {
        self.end.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("a load runs once");
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
        let record = std::mem::take(&mut *self.record.lock().unwrap());
        (record.history, record.exchanges)
    }
}

impl<S: Speech> Drop for Load<S> {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
    }
}

/// An exchange under way.
struct Flight {
    client: u32,
    /// It asks for a lease, not for an offer.
    requesting: bool,
    began: Instant,
    /// When the request was first sent, microseconds since 1970.
    requested: u64,
    bytes: Vec<u8>,
    sent: Instant,
    attempts: u32,
    again: u32,
}

struct Clients<S: Speech> {
    settings: LoadSettings<S>,
    record: Arc<Mutex<Record<S>>>,
    socket: UdpSocket,
    server: SocketAddr,
    random: XorShift,
    flights: HashMap<u32, Flight>,
    /// Clients with a lease and no exchange under way.
    idle: Vec<(u32, Offer<S>)>,
    clients: u32,
    transactions: u32,
}

impl<S: Speech> Clients<S> {
    fn new(settings: LoadSettings<S>, record: Arc<Mutex<Record<S>>>) -> Self {
        let relay = SocketAddr::new(settings.relay.into(), S::PORT);
        let socket = UdpSocket::bind(relay).expect("the port of the relay");
        socket.set_read_timeout(Some(Duration::from_millis(2))).expect("timeout of a socket");
        let server = SocketAddr::new(settings.server.into(), S::PORT);
        let random = XorShift::new(settings.seed);
        Self {
            settings,
            record,
            socket,
            server,
            random,
            flights: HashMap::new(),
            idle: Vec::new(),
            clients: 0,
            transactions: 0,
        }
    }

    fn run(&mut self, end: &AtomicBool) {
        let begin = Instant::now();
        let mut begun = 0u64;
        // After the end, what is under way may still be answered.
        let mut deadline = None;
        loop {
            let now = Instant::now();
            if end.load(Ordering::Relaxed) {
                let deadline = *deadline.get_or_insert(now + self.settings.retry * 3);
                if self.flights.is_empty() || now > deadline {
                    return;
                }
            } else {
                let due = begin.elapsed().as_micros() as u64 * u64::from(self.settings.rate) / 1_000_000;
                while begun < due && self.flights.len() < self.settings.window {
                    self.begin();
                    begun += 1;
                }
                // What could not be begun in time is not made up for.
                begun = due;
            }
            self.receive();
            self.again();
        }
    }

    fn identity(&self, client: u32) -> S::Client {
        S::client(self.settings.group, client)
    }

    fn say(&self, words: Words<'_, S>, client: u32, xid: u32) -> Vec<u8> {
        S::say(words, &self.identity(client), self.settings.relay, xid)
    }

    fn begin(&mut self) {
        let dice = self.random.below(100);
        let known = !self.idle.is_empty();
        if known && dice < self.settings.releases {
            let (client, held) = self.pick();
            let xid = self.transaction();
            let bytes = self.say(Words::GiveBack(&held), client, xid);
            let release = (self.identity(client), held.address, now_micros());
            self.record.lock().unwrap().history.releases.push(release);
            self.send(&bytes);
        } else if known && dice < self.settings.releases + self.settings.checks {
            let (client, held) = self.pick();
            self.launch(client, &Words::Keep(&held));
        } else {
            let client = self.clients;
            self.clients += 1;
            self.launch(client, &Words::Look);
        }
    }

    fn pick(&mut self) -> (u32, Offer<S>) {
        let bound = u64::try_from(self.idle.len()).expect("a length");
        let at = usize::try_from(self.random.below(bound)).expect("an index");
        self.idle.swap_remove(at)
    }

    fn transaction(&mut self) -> u32 {
        self.transactions += 1;
        self.transactions
    }

    fn launch(&mut self, client: u32, words: &Words<'_, S>) {
        let xid = self.transaction();
        let bytes = self.say(words.clone(), client, xid);
        self.send(&bytes);
        let now = Instant::now();
        let requested = now_micros();
        let requesting = !matches!(words, Words::Look);
        let flight =
            Flight { client, requesting, began: now, requested, bytes, sent: now, attempts: 1, again: 0 };
        self.flights.insert(xid, flight);
    }

    fn send(&self, bytes: &[u8]) {
        // A server that is down answers with ICMP; the client asks again.
        let _: std::io::Result<usize> = self.socket.send_to(bytes, self.server);
    }

    fn receive(&mut self) {
        let mut buffer = [0; 1500];
        // A bounded number, so that retransmissions come in time.
        for _ in 0..64 {
            let Ok(length) = self.socket.recv(&mut buffer) else { return };
            let heard = S::hear(buffer.get(..length).unwrap_or_default());
            self.answered(heard.unwrap_or_else(|error| panic!("a reply that no client takes: {error}")));
        }
    }

    fn answered(&mut self, heard: Heard<S>) {
        // A late answer to what was sent twice, or one to a release.
        let Some(mut flight) = self.flights.remove(&heard.xid) else { return };
        let identity = self.identity(flight.client);
        assert_eq!(heard.client, identity, "a reply to another client");
        match heard.answer {
            Answered::Offered(offer) if !flight.requesting => {
                flight.bytes = self.say(Words::Take(&offer), flight.client, heard.xid);
                flight.requesting = true;
                flight.requested = now_micros();
                flight.sent = Instant::now();
                flight.attempts = 1;
                self.send(&flight.bytes);
                self.flights.insert(heard.xid, flight);
            }
            Answered::Granted(held, lifetime) if flight.requesting => {
                let grant = Grant {
                    client: identity.clone(),
                    address: held.address,
                    requested: flight.requested,
                    acknowledged: now_micros(),
                    lifetime,
                };
                self.idle.push((flight.client, held));
                let mut record = self.record.lock().unwrap();
                record.history.grants.push(grant);
                record.exchanges.push(flight.end(identity, End::Granted));
            }
            Answered::Refused if flight.requesting => {
                self.record.lock().unwrap().exchanges.push(flight.end(identity, End::Refused));
            }
            _ => {
                self.flights.insert(heard.xid, flight);
            }
        }
    }

    fn again(&mut self) {
        let now = Instant::now();
        let retry = self.settings.retry;
        let late: Vec<u32> = self
            .flights
            .iter()
            .filter(|(_, flight)| now.duration_since(flight.sent) >= retry)
            .map(|(xid, _)| *xid)
            .collect();
        for xid in late {
            let Some(mut flight) = self.flights.remove(&xid) else { continue };
            if flight.attempts >= self.settings.attempts {
                let identity = self.identity(flight.client);
                self.record.lock().unwrap().exchanges.push(flight.end(identity, End::GivenUp));
                continue;
            }
            flight.attempts += 1;
            flight.again += 1;
            flight.sent = now;
            self.send(&flight.bytes);
            self.flights.insert(xid, flight);
        }
    }
}

impl Flight {
    fn end<S: Speech>(self, client: S::Client, end: End) -> Exchange<S> {
        Exchange { client, again: self.again, took: self.began.elapsed(), end, began: self.began }
    }
}
