//! What a name change request means to name servers (RFC 4703): which domain it falls into, which updates are sent to
//! which of its servers, what their answers lead to, and which requests wait for which.
//!
//! Drive a [`Manager`] so: [`push`](Manager::push) requests as they come; [`start`](Manager::start) what may begin; send
//! what [`output`](Manager::output) gives; hand in what comes back ([`answered`](Manager::answered),
//! [`failed`](Manager::failed)); at [`deadline`](Manager::deadline) call [`expire`](Manager::expire). What happens is
//! told to a [`Report`], once for each event: logs and statistics are made of it.
//!
//! No socket, no clock, no random numbers of its own.

mod domain;
mod manager;
mod transaction;

pub use domain::{Domain, Domains, Server};
pub use manager::{Full, Limits, Manager, Output, Settings};
pub use transaction::{Attempt, Direction, Event, Report, Step, Surroundings};

#[cfg(test)]
mod tests {
    pub(crate) mod zone;
}
