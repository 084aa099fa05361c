//! The real time and real randomness.

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base::{Clock, Micros, Random, XorShift};

/// The wall clock and the steady clock of the system.
#[derive(Clone, Copy, Debug)]
pub struct RealClock {
    started: Instant,
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl RealClock {
    /// A clock whose steady time counts from now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for RealClock {
    fn now(&self) -> Micros {
        // The one place where the wall clock is read.
        #[allow(clippy::disallowed_methods)]
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    fn steady(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Random numbers seeded by the operating system. Not for secrets.
#[derive(Clone, Debug)]
pub struct RealRandom(XorShift);

impl Default for RealRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl RealRandom {
    #[must_use]
    pub fn new() -> Self {
        let mut bytes = [0; 8];
        let seed = match File::open("/dev/urandom").and_then(|mut device| device.read_exact(&mut bytes)) {
            Ok(()) => u64::from_ne_bytes(bytes),
            // The standard library's own seeds come from the system too.
            Err(_) => RandomState::new().build_hasher().finish(),
        };
        Self(XorShift::new(seed))
    }
}

impl Random for RealRandom {
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_run_and_seeds_differ() {
        let clock = RealClock::new();
        let first = (clock.now(), clock.steady());
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(clock.now() > first.0 && clock.steady() >= first.1 + 2000);
        // 2020-01-01: the unit is right.
        assert!(first.0.seconds().0 > 1_577_836_800 && first.0.seconds().0 < 10_000_000_000);
        assert_ne!(RealRandom::new().next_u64(), RealRandom::new().next_u64());
    }
}
