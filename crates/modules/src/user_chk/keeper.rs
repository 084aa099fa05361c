//! The thread that reads the registry and writes outcomes: no packet waits for a file.

use std::fs::File;
use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use base::Family;

use super::messages::{self, LoadError};
use super::registry::Registry;

/// Outcomes that wait to be written; what comes beyond is lost, and that is logged.
const WAITING: usize = 16 << 10;

/// Between two looks whether the registry has changed.
const LOOK: Duration = Duration::from_millis(100);

/// Octets that are written together.
const GATHERED: usize = 64 << 10;

pub(super) enum Order {
    Record(String),
    /// Say so when what came before is done, and the registry as it is now was read.
    #[cfg(test)]
    Settle(SyncSender<()>),
}

/// Begins to keep the files, until the sender is gone.
pub(super) fn start(registry: Registry, outcome: File, family: Family) -> Result<SyncSender<Order>, String> {
    let (orders, inbox) = sync_channel(WAITING);
    let kept = move || keep(&inbox, registry, outcome, family);
    let started = std::thread::Builder::new().name("user-chk".to_owned()).spawn(kept);
    started.map(|_| orders).map_err(|error| error.to_string())
}

/// Hands a record to the thread.
pub(super) fn record(orders: &SyncSender<Order>, record: String) {
    if let Err(TrySendError::Full(_)) = orders.try_send(Order::Record(record)) {
        observe::log!(LoadError { reason: "an outcome is lost: more come than the file takes" });
    }
}

fn keep(orders: &Receiver<Order>, mut registry: Registry, mut outcome: File, family: Family) {
    let mut looked = Instant::now();
    let look = |registry: &mut Registry| match (registry.refresh(), family) {
        (Ok(()), _) => {}
        (Err(reason), Family::V4) => observe::log!(messages::v4::Failed { reason }),
        (Err(reason), Family::V6) => observe::log!(messages::v6::Failed { reason }),
    };
    loop {
        let mut next = match orders.recv_timeout(LOOK.saturating_sub(looked.elapsed())) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut gathered = String::new();
        #[cfg(test)]
        let mut settled = Vec::new();
        while let Some(order) = next {
            match order {
                Order::Record(record) => gathered.push_str(&record),
                #[cfg(test)]
                Order::Settle(answer) => settled.push(answer),
            }
            next = if gathered.len() < GATHERED { orders.try_recv().ok() } else { None };
        }
        if let Err(reason) = outcome.write_all(gathered.as_bytes()) {
            observe::log!(LoadError { reason: format!("cannot write outcomes: {reason}") });
        }
        #[cfg(test)]
        for answer in settled {
            look(&mut registry);
            answer.try_send(()).unwrap();
        }
        if looked.elapsed() >= LOOK {
            look(&mut registry);
            looked = Instant::now();
        }
    }
}
