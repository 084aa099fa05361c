//! Echo requests before an OFFER (`libdhcp_ping_check`; RFC 2131 section 3.1; Kea manual, "Ping Check").
//!
//! An offer waits in a task of its own while its address is asked: no worker stands still. All checks share one socket
//! and the threads of `ping-channel-threads`.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use net::{Answer, Heard, Icmp};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::messages::ping as m;

/// Between two looks at a socket that failed.
const RETRY: Duration = Duration::from_millis(500);

/// How an address is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub address: Ipv4Addr,
    pub requests: u32,
    /// Milliseconds that each request waits for its answer.
    pub timeout: u32,
}

/// What asking showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nobody answered.
    Free,
    InUse,
    /// The address is being asked for another packet.
    Busy,
}

/// Checks that go on, by address: where what is heard is told.
type Checks = Mutex<HashMap<Ipv4Addr, mpsc::UnboundedSender<Heard>>>;

/// Asks addresses.
pub struct Pinger {
    icmp: Arc<Icmp>,
    checks: Arc<Checks>,
    /// Number of the last request: identifier and sequence number.
    last: AtomicU32,
    runtime: Option<Runtime>,
    threads: usize,
}

impl Drop for Pinger {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        observe::log!(m::Stopped);
    }
}

fn lock(checks: &Checks) -> std::sync::MutexGuard<'_, HashMap<Ipv4Addr, mpsc::UnboundedSender<Heard>>> {
    checks.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pinger {
    /// Begins to listen for answers.
    ///
    /// # Errors
    /// When the process may not, most often.
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("ping")
            .enable_all()
            .build()?;
        let guard = runtime.enter();
        let icmp = Arc::new(Icmp::open()?);
        drop(guard);
        observe::log!(m::Opened);
        let checks: Arc<Checks> = Arc::default();
        runtime.spawn(listen(Arc::clone(&icmp), Arc::clone(&checks)));
        observe::log!(m::Started { threads });
        // The first request has the identifier 1 and the sequence number 1.
        let last = AtomicU32::new(1 << 16);
        Ok(Self { icmp, checks, last, runtime: Some(runtime), threads })
    }

    /// With how many threads it was started.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Asks an address. `query` is for the log.
    pub async fn check(self: Arc<Self>, ask: Ask, query: String) -> Found {
        let Ask { address, .. } = ask;
        let (tell, heard) = mpsc::unbounded_channel();
        {
            let mut checks = lock(&self.checks);
            if checks.contains_key(&address) {
                drop(checks);
                observe::log!(m::Duplicate { address, query });
                return Found::Busy;
            }
            checks.insert(address, tell);
        }
        let _end = End { checks: Arc::clone(&self.checks), address };
        observe::log!(m::Begun { address, query: &query });
        let Some(runtime) = &self.runtime else { return Found::Free };
        // On the threads of the channel; the task ends with the packet that waits for it.
        let own = Arc::clone(&self);
        let asking = runtime.spawn(async move { own.ask(ask, heard).await });
        let found = asking.await.unwrap_or(Found::Free);
        if found == Found::Free {
            observe::log!(m::FreeToUse { address, query });
        }
        found
    }

    async fn ask(&self, ask: Ask, mut heard: mpsc::UnboundedReceiver<Heard>) -> Found {
        let Ask { address, requests, timeout } = ask;
        for request in 1..=requests {
            let number = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            let [i0, i1, s0, s1] = number.to_be_bytes();
            let (id, sequence) = (u16::from_be_bytes([i0, i1]), u16::from_be_bytes([s0, s1]));
            if let Err(error) = self.icmp.request(address, id, sequence) {
                // A network that is away, or a socket without room: the address is taken to be free.
                observe::log!(m::NetworkWriteError { address, error });
                return Found::Free;
            }
            observe::log!(m::RequestSent { address, id, sequence });
            let until = Instant::now() + Duration::from_millis(timeout.into());
            loop {
                match timeout_at(until, heard.recv()).await {
                    Ok(Some(heard)) if (heard.id, heard.sequence) == (id, sequence) => match heard.what {
                        Answer::Reply => {
                            observe::log!(m::ReplyReceived { address, id, sequence });
                            return Found::InUse;
                        }
                        Answer::Unreachable => {
                            observe::log!(m::Unreachable { address, id, sequence });
                            return Found::Free;
                        }
                    },
                    // Of an earlier request, or of another program.
                    Ok(Some(_)) => {}
                    Ok(None) => return Found::Free,
                    Err(_) => break,
                }
            }
            observe::log!(m::ReplyTimeout { address, request, requests, timeout });
        }
        Found::Free
    }
}

/// The end of a check, also of one that nobody waits for any more.
struct End {
    checks: Arc<Checks>,
    address: Ipv4Addr,
}

impl Drop for End {
    fn drop(&mut self) {
        lock(&self.checks).remove(&self.address);
    }
}

/// Hands on what is heard.
async fn listen(icmp: Arc<Icmp>, checks: Arc<Checks>) {
    loop {
        match icmp.heard().await {
            Ok(heard) => {
                if let Some(check) = lock(&checks).get(&heard.address) {
                    // Who waits may have heard enough.
                    let _: Result<(), _> = check.send(heard);
                }
            }
            Err(error) => {
                observe::log!(m::ReadFailed { error });
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
