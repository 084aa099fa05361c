//! Hundreds of clients behind a relay, on one UDP socket: they lease, check, and give back, ask again when nobody
//! answers, and write down what they were told.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use base::{HwAddr, Random, XorShift};
use testkit::{Packet4, Reply4, client::kind};

use crate::history::{Grant, History};
use crate::space::Space;
use crate::wait::now_micros;

/// How the clients behave.
#[derive(Clone, Debug)]
pub struct LoadSettings {
    /// Address of the relay; replies come here.
    pub relay: Ipv4Addr,
    pub server: Ipv4Addr,
    /// Exchanges under way at once.
    pub window: usize,
    /// Exchanges begun per second.
    pub rate: u32,
    /// Of a hundred exchanges, those in which a known client checks its address (INIT-REBOOT).
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

impl LoadSettings {
    #[must_use]
    pub fn new(relay: Ipv4Addr, server: Ipv4Addr) -> Self {
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
pub struct Exchange {
    pub client: HwAddr,
    /// DISCOVER for a whole one, REQUEST for a check of an address.
    pub began_with: u8,
    /// Packets that had to be sent again.
    pub again: u32,
    pub took: Duration,
    /// ACK, NAK, or 0 when the client gave up.
    pub ended_with: u8,
    /// When it began, by the load's own clock.
    pub began: Instant,
}

#[derive(Debug, Default)]
struct Record {
    history: History,
    exchanges: Vec<Exchange>,
}

/// Clients at work until [`stop`](Load::stop).
#[derive(Debug)]
pub struct Load {
    record: Arc<Mutex<Record>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Lets the clients begin, behind the relay address in this namespace.
    #[must_use]
    pub fn start(space: &Space, settings: LoadSettings) -> Self {
        let record: Arc<Mutex<Record>> = Arc::default();
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
    pub fn history(&self) -> History {
        self.record.lock().unwrap().history.clone()
    }

    /// ACKs so far.
    #[must_use]
    pub fn acks(&self) -> usize {
        self.record.lock().unwrap().history.grants.len()
    }

    /// Exchanges that ended so far.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.record.lock().unwrap().exchanges.clone()
    }

    /// Lets what is under way end, begins nothing new, and answers all that was written down.
    #[must_use]
    pub fn stop(mut self) -> (History, Vec<Exchange>) {
        self.end.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("a load runs once");
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
        let record = std::mem::take(&mut *self.record.lock().unwrap());
        (record.history, record.exchanges)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
    }
}

/// An exchange under way.
struct Flight {
    client: u32,
    began_with: u8,
    began: Instant,
    /// When the REQUEST was first sent, microseconds since 1970.
    requested: u64,
    bytes: Vec<u8>,
    sent: Instant,
    attempts: u32,
    again: u32,
}

struct Clients {
    settings: LoadSettings,
    record: Arc<Mutex<Record>>,
    socket: UdpSocket,
    server: SocketAddr,
    random: XorShift,
    flights: HashMap<u32, Flight>,
    /// Clients with a lease and no exchange under way.
    idle: Vec<(u32, Ipv4Addr)>,
    clients: u32,
    transactions: u32,
}

impl Clients {
    fn new(settings: LoadSettings, record: Arc<Mutex<Record>>) -> Self {
        let socket = UdpSocket::bind((settings.relay, 67)).expect("port 67 of the relay");
        socket.set_read_timeout(Some(Duration::from_millis(2))).expect("timeout of a socket");
        let server = SocketAddrV4::new(settings.server, 67).into();
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

    fn hw_addr(&self, client: u32) -> HwAddr {
        let [a, b, c, d] = client.to_be_bytes();
        HwAddr::new(1, &[2, self.settings.group, a, b, c, d]).expect("six octets")
    }

    fn relayed(&self, packet: Packet4, xid: u32) -> Vec<u8> {
        let mut packet = packet.relayed(self.settings.relay, &[(1, b"load")]);
        packet.xid = xid;
        packet.build()
    }

    fn begin(&mut self) {
        let dice = self.random.below(100);
        let known = !self.idle.is_empty();
        if known && dice < self.settings.releases {
            let (client, address) = self.pick();
            let hw_addr = self.hw_addr(client);
            let at = now_micros();
            self.record.lock().unwrap().history.releases.push((hw_addr, address, at));
            let xid = self.transaction();
            let bytes = self.relayed(Packet4::release(&hw_addr, self.settings.server, address), xid);
            self.send(&bytes);
        } else if known && dice < self.settings.releases + self.settings.checks {
            let (client, address) = self.pick();
            let packet = Packet4::request_init_reboot(&self.hw_addr(client), address);
            self.launch(client, kind::REQUEST, packet);
        } else {
            let client = self.clients;
            self.clients += 1;
            self.launch(client, kind::DISCOVER, Packet4::discover(&self.hw_addr(client)));
        }
    }

    fn pick(&mut self) -> (u32, Ipv4Addr) {
        let bound = u64::try_from(self.idle.len()).expect("a length");
        let at = usize::try_from(self.random.below(bound)).expect("an index");
        self.idle.swap_remove(at)
    }

    fn transaction(&mut self) -> u32 {
        self.transactions += 1;
        self.transactions
    }

    fn launch(&mut self, client: u32, began_with: u8, packet: Packet4) {
        let xid = self.transaction();
        let bytes = self.relayed(packet, xid);
        self.send(&bytes);
        let now = Instant::now();
        let requested = now_micros();
        let flight =
            Flight { client, began_with, began: now, requested, bytes, sent: now, attempts: 1, again: 0 };
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
            let reply = Reply4::parse(buffer.get(..length).unwrap_or_default());
            self.answered(&reply.unwrap_or_else(|error| panic!("a reply that no client takes: {error}")));
        }
    }

    fn answered(&mut self, reply: &Reply4) {
        let Some(mut flight) = self.flights.remove(&reply.xid) else { return };
        let hw_addr = self.hw_addr(flight.client);
        assert_eq!(reply.chaddr, hw_addr.octets(), "a reply to another client: {reply:?}");
        let requesting = flight.is_request();
        match reply.kind() {
            kind::OFFER if !requesting => {
                let packet = Packet4::request_selecting(&hw_addr, self.settings.server, reply.yiaddr);
                flight.bytes = self.relayed(packet, reply.xid);
                flight.requested = now_micros();
                flight.sent = Instant::now();
                flight.attempts = 1;
                self.send(&flight.bytes);
                self.flights.insert(reply.xid, flight);
            }
            kind::ACK if requesting => {
                let lifetime = reply.option(51).and_then(|value| <[u8; 4]>::try_from(value).ok());
                let grant = Grant {
                    client: hw_addr,
                    address: reply.yiaddr,
                    requested: flight.requested,
                    acknowledged: now_micros(),
                    lifetime: lifetime.map(u32::from_be_bytes).expect("an ACK with a lifetime"),
                };
                self.idle.push((flight.client, reply.yiaddr));
                let mut record = self.record.lock().unwrap();
                record.history.grants.push(grant);
                record.exchanges.push(flight.end(hw_addr, kind::ACK));
            }
            kind::NAK if requesting => {
                self.record.lock().unwrap().exchanges.push(flight.end(hw_addr, kind::NAK));
            }
            // A late answer to what was sent twice.
            _ => {
                self.flights.insert(reply.xid, flight);
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
                let hw_addr = self.hw_addr(flight.client);
                self.record.lock().unwrap().exchanges.push(flight.end(hw_addr, 0));
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
    fn is_request(&self) -> bool {
        // Option 53 is the first: behind the cookie, code and length.
        self.bytes.get(242) == Some(&kind::REQUEST)
    }

    fn end(self, client: HwAddr, ended_with: u8) -> Exchange {
        Exchange {
            client,
            began_with: self.began_with,
            again: self.again,
            took: self.began.elapsed(),
            ended_with,
            began: self.began,
        }
    }
}
