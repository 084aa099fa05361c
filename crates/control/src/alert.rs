//! Staying awake for a client that sends one command after the other.
//!
//! Going to sleep and being woken, by an interrupt to a processor that sleeps as well, takes as long as a command does.
//! So when commands have come one right after the other for a while, the thread looks for the next one a moment longer
//! before it sleeps. Nobody else waits for it meanwhile: it looks for everything that the runtime waits for, and only
//! while no command is in work, which may be done by others on this processor.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use nix::unistd::{SysconfVar, sysconf};
use tokio::runtime::Handle;
use tokio::time::{Duration, Instant};

/// How long the next command is looked for, and the pause between an answer and the next command that makes it likely.
const AWAKE: Duration = Duration::from_micros(150);

/// Such pauses in a row that it takes. Staying awake in vain starts the count again.
const STREAK: u32 = 16;

/// Looks at most: far more than fit into the time, and an end where time stands still.
const LOOKS: u32 = 1000;

/// The commands of one listener.
#[derive(Debug)]
pub(crate) struct Alert {
    begin: Instant,
    /// Commands that came, and those in work.
    came: AtomicU64,
    working: AtomicUsize,
    /// When the last one was answered, in microseconds from `begin`.
    answered: AtomicU64,
    streak: AtomicU32,
}

impl Alert {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            begin: Instant::now(),
            came: AtomicU64::new(0),
            working: AtomicUsize::new(0),
            answered: AtomicU64::new(0),
            streak: AtomicU32::new(0),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A command has come.
    pub(crate) fn asked(&self) {
        self.came.fetch_add(1, Ordering::Relaxed);
        self.working.fetch_add(1, Ordering::Relaxed);
        let pause = self.now().saturating_sub(self.answered.load(Ordering::Relaxed));
        let streak = if u128::from(pause) < AWAKE.as_micros() {
            self.streak.load(Ordering::Relaxed).saturating_add(1)
        } else {
            0
        };
        self.streak.store(streak, Ordering::Relaxed);
    }

    /// A command that came is answered, or its connection is gone. Stays awake if that seems worth it.
    pub(crate) fn answered(self: &Arc<Self>) {
        self.answered.store(self.now(), Ordering::Relaxed);
        let none = self.passed() == 0;
        if none
            && self.streak.load(Ordering::Relaxed) >= STREAK
            && *ELSEWHERE
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(self.clone().look());
        }
    }

    /// A command that came is answered, and none is expected for that. Tells how many are still in work.
    pub(crate) fn passed(&self) -> usize {
        self.working.fetch_sub(1, Ordering::Relaxed).saturating_sub(1)
    }

    /// Keeps the runtime from sleeping until a command comes or time is up.
    async fn look(self: Arc<Self>) {
        let (came, begin) = (self.came.load(Ordering::Relaxed), Instant::now());
        for _ in 0..LOOKS {
            tokio::task::yield_now().await;
            if self.came.load(Ordering::Relaxed) != came {
                return;
            }
            if begin.elapsed() >= AWAKE {
                break;
            }
        }
        self.streak.store(0, Ordering::Relaxed);
    }
}

/// Clients may run on another processor: on one alone they would wait for the thread that waits for them.
static ELSEWHERE: LazyLock<bool> =
    LazyLock::new(|| matches!(sysconf(SysconfVar::_NPROCESSORS_ONLN), Ok(Some(count)) if count > 1));

#[cfg(test)]
mod tests {
    use super::*;

    impl Alert {
        fn streak(&self) -> u32 {
            self.streak.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_those_who_hurry_keep_it_awake() {
        let alert = Alert::new();
        let ask = async |pause: u64, times: u32| {
            for _ in 0..times {
                tokio::time::advance(Duration::from_micros(pause)).await;
                alert.asked();
                alert.answered();
            }
        };
        ask(1000, 40).await;
        assert_eq!(alert.streak(), 0);
        ask(100, STREAK - 1).await;
        assert_eq!(alert.streak(), STREAK - 1);
        ask(1000, 1).await;
        assert_eq!(alert.streak(), 0, "a pause ends it");
        ask(100, STREAK).await;
        assert_eq!(alert.streak(), STREAK);
        if *ELSEWHERE {
            // What was started to look for the next command finds none.
            for _ in 0..=LOOKS {
                tokio::task::yield_now().await;
            }
            assert_eq!(alert.streak(), 0, "in vain");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_in_work_is_not_waited_for_awake() {
        let alert = Alert::new();
        alert.asked();
        for _ in 0..2 * STREAK {
            alert.asked();
            alert.answered();
        }
        for _ in 0..=LOOKS {
            tokio::task::yield_now().await;
        }
        assert!(alert.streak() >= STREAK, "nothing looked in vain");
    }
}
