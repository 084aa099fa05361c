//! Waiting with a deadline.

use std::time::{Duration, Instant};

use base::Clock;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks.
const STEP: Duration = Duration::from_millis(20);

/// Waits until `look` sees something; `what` says for what, and it panics after `patience`.
pub fn eventually<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begin.elapsed() < patience, "waited {patience:?} in vain: {what}");
        std::thread::sleep(STEP);
    }
}

/// Waits until `condition` holds, for [`PATIENCE`].
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    eventually(what, PATIENCE, || condition().then_some(()));
}

/// Microseconds since 1970.
#[must_use]
pub fn now_micros() -> u64 {
    daemon::RealClock::new().now().0
}
