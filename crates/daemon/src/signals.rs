//! Signals as a stream of events.

use std::io;

use tokio::signal::unix::{self, SignalKind};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: read the configuration file again.
    Reload,
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGCHLD: a child process ended.
    Child,
}

/// The signals that a daemon listens to. From its creation on they no longer end the process.
#[derive(Debug)]
pub struct Signals {
    hangup: unix::Signal,
    terminate: unix::Signal,
    interrupt: unix::Signal,
    child: unix::Signal,
}

impl Signals {
    /// Needs a tokio runtime with IO enabled.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: unix::signal(SignalKind::hangup())?,
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            child: unix::signal(SignalKind::child())?,
        })
    }

    /// The next signal; stopping goes before reloading when both wait. May be dropped while waiting.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::Reload,
            _ = self.child.recv() => Signal::Child,
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::{self, raise};

    use super::*;

    #[tokio::test]
    async fn signals_arrive_as_events() {
        let mut signals = Signals::new().unwrap();
        for (number, expected) in [
            (signal::SIGHUP, Signal::Reload),
            (signal::SIGTERM, Signal::Stop),
            (signal::SIGINT, Signal::Stop),
            (signal::SIGCHLD, Signal::Child),
        ] {
            raise(number).unwrap();
            assert_eq!(signals.next().await, expected);
        }
        raise(signal::SIGHUP).unwrap();
        raise(signal::SIGTERM).unwrap();
        assert_eq!(signals.next().await, Signal::Stop);
        assert_eq!(signals.next().await, Signal::Reload);
    }
}
