//! How long answers take, told to whoever measures it (`libdhcp_perfmon`).

use std::fmt::Display;

use base::{Micros, SubnetId};

/// A query that is answered.
#[derive(Clone, Copy)]
pub struct Answered<'a> {
    /// The numbers of its message type and of that of the reply.
    pub query: u8,
    pub response: u8,
    /// The subnet that was selected.
    pub subnet: Option<SubnetId>,
    /// When the kernel got it, where it says so.
    pub received: Option<Micros>,
    /// When it was read.
    pub read: Micros,
    /// When the engine began with it; its reply is complete now.
    pub started: Micros,
    pub label: &'a dyn Display,
}

/// What measures. The engine has no clock of its own.
pub trait Monitor: Send + Sync {
    /// The present moment; `None`: nobody wishes to know.
    fn begin(&self) -> Option<Micros>;

    /// A reply is complete.
    fn answered(&self, answered: &Answered<'_>);
}
