//! One exchange per client at a time.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

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
    /// The same for packets that wait for databases.
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

    /// Handles a packet that had its [`turn`](Self::wait) among those that wait, when by now there is no database any
    /// more that it could wait for: other packets of the client may be handled in line. Answers whether it was
    /// handled, which `work` must be at once.
    pub(crate) fn in_line(&self, client: Option<&[u8]>, work: impl Future<Output = ()>) -> bool {
        let _alone = client.and_then(|client| self.lock(client));
        pin!(work).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_packet_that_need_not_wait_any_more_follows_those_in_line() {
        let clients = Clients::new();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let first = clients.lock(b"client");
            let second = scope
                .spawn(|| clients.in_line(Some(b"client"), async { done.store(true, Ordering::SeqCst) }));
            thread::sleep(Duration::from_millis(50));
            assert!(!done.load(Ordering::SeqCst), "two packets of a client at once");
            drop(first);
            assert!(second.join().unwrap());
        });
        assert!(done.load(Ordering::SeqCst));
        assert!(!clients.in_line(None, std::future::pending()), "nothing may be waited for");
    }
}
