//! The loop around requests and updates: datagrams of DHCP servers in, answers of name servers in, time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::Clock;
use daemon::RealRandom;
use ncr::NameChangeRequest;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use updater::{Limits, Manager, Output, Surroundings};

use crate::exchange::{self, Came};
use crate::messages;
use crate::report::Reporter;
use crate::service::Ending;
use crate::statistics::Statistics;

/// Octets of the longest request.
const DATAGRAM: usize = 65_535;
/// Requests that are taken at a time, before anything else has its turn.
const BATCH: usize = 64;
/// Percent of the queue that may be left when requests are taken again after it was full.
const RESUME: usize = 80;
/// Octets of requests that may wait in the kernel.
const BUFFER: usize = 4 << 20;
/// Answers that wait to be looked at.
const ANSWERS: usize = 256;

/// Something the rest of the server wants.
pub(crate) enum Order {
    /// Goes on with these settings, and with another socket if there is one.
    Configure { updates: Arc<updater::Settings>, timeout: u64, socket: Option<UdpSocket> },
    /// Ends, and says so.
    End(Ending, oneshot::Sender<()>),
}

/// All state of the loop.
pub(crate) struct Work {
    clock: Arc<dyn Clock>,
    statistics: Arc<Statistics>,
    random: RealRandom,
    manager: Manager,
    timeout: u64,
    socket: Option<UdpSocket>,
    /// The queue was full: requests stay with the kernel.
    paused: bool,
    exchanges: HashMap<u64, AbortHandle>,
    came: (mpsc::Sender<Came>, mpsc::Receiver<Came>),
    end: Option<(Ending, oneshot::Sender<()>)>,
}

impl Work {
    pub(crate) fn new(clock: Arc<dyn Clock>, statistics: Arc<Statistics>) -> Self {
        Self {
            clock,
            statistics,
            random: RealRandom::new(),
            manager: Manager::new(Limits::default()),
            timeout: 0,
            socket: None,
            paused: false,
            exchanges: HashMap::new(),
            came: mpsc::channel(ANSWERS),
            end: None,
        }
    }

    /// Runs until it is told to end.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut buffer = vec![0; DATAGRAM];
        loop {
            if let Some((ending, _)) = &self.end
                && ending.is_reached(self.manager.queued(), self.manager.running())
            {
                break;
            }
            let reading = if self.paused { None } else { self.socket.as_ref() };
            let due = self.manager.deadline();
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.order(order),
                    None => break,
                },
                came = self.came.1.recv() => {
                    if let Some(came) = came {
                        self.came(came);
                    }
                }
                received = receive(reading, &mut buffer) => self.received(received, &mut buffer),
                () = sleep_until(due, &*self.clock) => {
                    self.with(|manager, surroundings| manager.expire(surroundings));
                }
            }
            self.proceed();
        }
        if let Some((ending, done)) = self.end.take() {
            observe::log!(messages::ClearedForShutdown { kind: ending.as_str() });
            // Who asked may have gone.
            let _: Result<(), _> = done.send(());
        }
        self.exchanges.values().for_each(AbortHandle::abort);
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Configure { updates, timeout, socket } => {
                observe::log!(messages::QueueReconfiguring);
                self.manager.configure(updates);
                self.timeout = timeout;
                if socket.is_some() {
                    self.socket = socket;
                    observe::log!(messages::QueueStarted);
                }
            }
            Order::End(ending, done) => {
                observe::log!(messages::QueueStopping { why: "shutdown" });
                self.socket = None;
                observe::log!(messages::QueueStopped);
                if ending != Ending::DrainFirst {
                    self.manager.clear_queue();
                }
                self.end = Some((ending, done));
            }
        }
    }

    fn came(&mut self, came: Came) {
        let Came { slot, attempt, what } = came;
        self.with(|manager, surroundings| match what {
            Ok(octets) => manager.answered(slot, attempt, &octets, surroundings),
            Err(why) => manager.failed(slot, attempt, why, surroundings),
        });
    }

    /// Takes a datagram in, and those that have come with it.
    fn received(&mut self, received: std::io::Result<usize>, buffer: &mut [u8]) {
        let mut received = Some(received);
        for _ in 0..BATCH {
            let Some(outcome) = received.take() else { return };
            match outcome {
                Ok(length) => self.request(buffer.get(..length).unwrap_or_default()),
                Err(error) => {
                    self.statistics.ncr_error.increment(self.clock.now());
                    observe::log!(messages::ReceiveFailed { error });
                    return;
                }
            }
            if self.is_full() {
                return;
            }
            received = self.socket.as_ref().and_then(|socket| match socket.try_recv(buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
                outcome => Some(outcome),
            });
        }
        // One more may have been taken from the kernel.
        if let Some(Ok(length)) = received {
            self.request(buffer.get(..length).unwrap_or_default());
            self.is_full();
        }
    }

    fn request(&mut self, datagram: &[u8]) {
        let now = self.clock.now();
        match NameChangeRequest::decode(datagram) {
            Ok(request) => {
                self.statistics.ncr_received.increment(now);
                let id = request.dhcid.clone();
                // There was room before it was read.
                if self.manager.push(request).is_ok() {
                    observe::log!(messages::Queued { id });
                }
            }
            Err(error) => {
                self.statistics.ncr_invalid.increment(now);
                observe::log!(messages::InvalidNcr { error });
            }
        }
    }

    /// Whether there is no room for another request; then none is read until there is plenty.
    fn is_full(&mut self) -> bool {
        let limit = self.manager.limits().queue;
        let full = self.manager.queued() >= limit;
        if full {
            self.paused = true;
            self.statistics.queue_full.increment(self.clock.now());
            observe::log!(messages::QueueFull { limit });
        }
        full
    }

    /// Begins what may begin and sends what is to be sent.
    fn proceed(&mut self) {
        self.with(Manager::start);
        while let Some(output) = self.manager.output() {
            let (slot, exchange) = match output {
                Output::Send { slot, attempt, server, octets } => {
                    (slot, Some(exchange::start(slot, attempt, server, octets, self.came.0.clone())))
                }
                Output::Close { slot } => (slot, None),
            };
            let before = match exchange {
                Some(exchange) => self.exchanges.insert(slot, exchange),
                None => self.exchanges.remove(&slot),
            };
            if let Some(before) = before {
                before.abort();
            }
        }
        let limit = self.manager.limits().queue;
        let threshold = limit * RESUME / 100;
        if self.paused && self.manager.queued() <= threshold {
            self.paused = false;
            observe::log!(messages::QueueResuming { threshold, limit });
        }
    }

    fn with(&mut self, work: impl FnOnce(&mut Manager, &mut Surroundings<'_>)) {
        let now = self.clock.now();
        let mut report = Reporter { statistics: &self.statistics, now };
        let mut surroundings = Surroundings {
            time: now.seconds().0,
            now: self.clock.steady(),
            timeout: self.timeout,
            random: &mut self.random,
            report: &mut report,
        };
        work(&mut self.manager, &mut surroundings);
    }
}

/// Opens the port where requests are taken.
pub(crate) async fn listen(address: SocketAddr) -> Result<UdpSocket, String> {
    let socket = UdpSocket::bind(address).await.map_err(|error| {
        format!("cannot listen for requests on {}, port {}: {error}", address.ip(), address.port())
    })?;
    // As much as the kernel grants.
    let _: Result<(), _> = socket2::SockRef::from(&socket).set_recv_buffer_size(BUFFER);
    Ok(socket)
}

async fn receive(socket: Option<&UdpSocket>, buffer: &mut [u8]) -> std::io::Result<usize> {
    match socket {
        Some(socket) => socket.recv(buffer).await,
        None => std::future::pending().await,
    }
}

/// Until the steady clock shows so many microseconds.
async fn sleep_until(due: Option<u64>, clock: &dyn Clock) {
    match due {
        Some(due) => tokio::time::sleep(Duration::from_micros(due.saturating_sub(clock.steady()))).await,
        None => std::future::pending().await,
    }
}
