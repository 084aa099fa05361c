//! One exchange per client at a time.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

const STRIPES: usize = 256;

/// Locks by client. A packet is handled in microseconds and nothing is awaited meanwhile, so a client's second
/// packet waits for its first instead of being dropped.
#[derive(Debug)]
pub(crate) struct Clients {
    stripes: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Clients {
    pub(crate) fn new() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }

    /// Held while a packet of the client is handled.
    pub(crate) fn lock(&self, client: &[u8]) -> Option<MutexGuard<'_, ()>> {
        let stripe = usize::try_from(self.hasher.hash_one(client) % 256).ok()?;
        // Nothing is guarded but the order, so a panic leaves nothing broken.
        self.stripes.get(stripe).map(|stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
