//! First-party hook libraries: one module per library of Kea that is part of the program.

pub mod cb_cmds;
pub mod class_cmds;
pub mod edit;
pub mod lease_cmds;
mod params;
pub mod stat_cmds;
pub mod subnet_cmds;

use std::pin::Pin;

/// What a host answers when it has to wait.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
