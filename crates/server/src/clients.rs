//! One exchange per client at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ahash::RandomState;

const STRIPES: usize = 256;

/// On a cache line of its own: workers with different clients share none.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(Mutex<()>);

/// Locks by client. A packet is handled in microseconds and nothing is awaited meanwhile, so a client's second
/// packet waits for its first instead of being dropped.
#[derive(Debug)]
pub(crate) struct Clients {
    stripes: Box<[Stripe]>,
    /// The same for servers whose packets wait for databases.
    waiting: Box<[tokio::sync::Mutex<()>]>,
    hasher: RandomState,
}

impl Clients {
    pub(crate) fn new() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Stripe::default()).collect(),
            waiting: (0..STRIPES).map(|_| tokio::sync::Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    fn stripe(&self, client: &[u8]) -> Option<usize> {
        usize::try_from(self.hasher.hash_one(client) % 256).ok()
    }

    /// Held while a packet of the client is handled.
    pub(crate) fn lock(&self, client: &[u8]) -> Option<MutexGuard<'_, ()>> {
        let stripe = self.stripe(client)?;
        // Nothing is guarded but the order, so a panic leaves nothing broken.
        self.stripes.get(stripe).map(|stripe| stripe.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Held while a packet of the client is handled, and waits; the client's second packet follows its first.
    pub(crate) async fn wait(&self, client: &[u8]) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        Some(self.waiting.get(self.stripe(client)?)?.lock().await)
    }
}
