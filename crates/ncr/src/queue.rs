//! Requests on their way to the DNS updater.

use std::collections::VecDeque;

use thiserror::Error;

use crate::NameChangeRequest;

/// Whether requests are taken and sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sending {
    /// `enable-updates` is false.
    #[default]
    Off,
    On,
    /// Sending has failed, or the queue was full; the next configuration goes on.
    Suspended,
}

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Rejected {
    #[error("updates are off")]
    Off,
    #[error("updates are suspended")]
    Suspended,
    #[error("send queue has reached maximum capacity: {0}")]
    Full(usize),
}

/// The queue between those who make requests and the one who sends them. Drive it so: [`configure`](Self::configure)
/// with each configuration; [`push`](Self::push) requests as their leases become durable; [`pop`](Self::pop) when the last
/// one has left; [`suspend`](Self::suspend) when one could not leave.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<NameChangeRequest>,
    limit: usize,
    sending: Sending,
}

impl Queue {
    /// Brings settings into force (`enable-updates`, `max-queue-size`). What waits stays unless updates are off.
    pub fn configure(&mut self, enabled: bool, limit: usize) {
        self.limit = limit;
        if enabled {
            self.sending = Sending::On;
        } else {
            self.sending = Sending::Off;
            self.waiting.clear();
        }
    }

    #[must_use]
    pub fn sending(&self) -> Sending {
        self.sending
    }

    /// Takes a request in.
    ///
    /// # Errors
    /// When none is taken now; the queue is as it was.
    pub fn push(&mut self, request: &NameChangeRequest) -> Result<(), Rejected> {
        match self.sending {
            Sending::Off => Err(Rejected::Off),
            Sending::Suspended => Err(Rejected::Suspended),
            Sending::On if self.waiting.len() >= self.limit => Err(Rejected::Full(self.limit)),
            Sending::On => {
                self.waiting.push_back(request.clone());
                Ok(())
            }
        }
    }

    /// The request that has waited longest, taken out; `None` also while nothing is sent.
    pub fn pop(&mut self) -> Option<NameChangeRequest> {
        (self.sending == Sending::On).then(|| self.waiting.pop_front()).flatten()
    }

    /// Stops taking and sending until the next configuration; answers whether that is new.
    pub fn suspend(&mut self) -> bool {
        let on = self.sending == Sending::On;
        if on {
            self.sending = Sending::Suspended;
        }
        on
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::{Change, ConflictResolution, Dhcid};

    fn request(last: u8) -> NameChangeRequest {
        NameChangeRequest {
            change: Change::Add,
            forward: true,
            reverse: true,
            fqdn: "host.example.com.".into(),
            address: IpAddr::from([192, 0, 2, last]),
            dhcid: Dhcid::from_octets(&[0, 1, 1, last]).unwrap(),
            lease_expires: None,
            ttl: 600,
            conflict_resolution: ConflictResolution::CheckWithDhcid,
        }
    }

    #[test]
    fn in_order_and_bounded() {
        let mut queue = Queue::default();
        assert_eq!(queue.push(&request(1)), Err(Rejected::Off));
        queue.configure(true, 2);
        assert_eq!(queue.push(&request(1)), Ok(()));
        assert_eq!(queue.push(&request(2)), Ok(()));
        assert_eq!(queue.push(&request(3)), Err(Rejected::Full(2)));
        assert_eq!(queue.pop(), Some(request(1)));
        assert_eq!(queue.push(&request(3)), Ok(()));
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(request(2)), Some(request(3)), None));
    }

    #[test]
    fn suspension_keeps_what_waits_until_the_next_configuration() {
        let mut queue = Queue::default();
        queue.configure(true, 8);
        queue.push(&request(1)).unwrap();
        assert!(queue.suspend());
        assert!(!queue.suspend(), "once");
        assert_eq!((queue.pop(), queue.push(&request(2))), (None, Err(Rejected::Suspended)));
        queue.configure(true, 8);
        assert_eq!((queue.pop(), queue.sending()), (Some(request(1)), Sending::On));
        queue.push(&request(2)).unwrap();
        queue.configure(false, 8);
        queue.configure(true, 8);
        assert_eq!(queue.pop(), None, "switched off is thrown away");
        queue.configure(false, 8);
        assert!(!queue.suspend(), "what is off cannot be suspended");
        assert_eq!(queue.sending(), Sending::Off);
    }
}
