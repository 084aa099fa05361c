//! Room for packets that wait for databases.

use std::sync::Arc;

use net::Lane;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Packets that may wait at a time (`parked-packet-limit`).
#[derive(Debug)]
pub(crate) struct Parking {
    room: Arc<Semaphore>,
    /// Places of them that are not for clients that only look for a server.
    kept: usize,
}

impl Parking {
    /// Room for so many; 0 is no bound.
    pub(crate) fn new(limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let room = if limit == 0 { Semaphore::MAX_PERMITS } else { limit.min(Semaphore::MAX_PERMITS) };
        Self { room: Arc::new(Semaphore::new(room)), kept: room / 4 }
    }

    /// A place for a packet that waits; `None`: too many do.
    pub(crate) fn place(&self, lane: Lane) -> Option<OwnedSemaphorePermit> {
        if lane == Lane::Discovery && self.room.available_permits() <= self.kept {
            return None;
        }
        Arc::clone(&self.room).try_acquire_owned().ok()
    }
}
