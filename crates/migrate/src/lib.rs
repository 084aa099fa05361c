//! Moving servers into a configuration backend, and back, without IO.
//!
//! - [`Plan::new`] takes the configurations of N servers and says which server tag each object gets: what all servers
//!   have alike goes to `all`, the rest to those that have it. What the database can not hold, or holds for only one of
//!   several that differ (a subnet id that means two subnets), stays in the files; the plan says why.
//! - [`Plan::changes`] are for one transaction of [`ConfigBackend::apply`](backend::ConfigBackend::apply).
//! - [`Present`] is what that database has already: what collides with it stays in the files.
//! - [`Plan::remaining`] are the files that servers need then. [`proof`] resolves such a file alone, as the server will at
//!   its start, and finds whether it and what the server gets from the database give the configuration that it had.
//! - [`file`] turns a configuration into a file again, for the way back.

mod alone;
mod compare;
mod objects;
mod plan;
mod present;
mod proof;
mod protocol;
mod render;
mod share;

pub use compare::differences;
pub use plan::{Left, Place, Plan, PlanError, Source};
pub use present::{Key, Present};
pub use proof::proof;
pub use protocol::Protocol;
pub use render::file;
