//! Configuration of the servers: one keyword table per map drives parsing, defaults, checks and `config-get`.
//!
//! Two stages. *Written*: what the operator wrote, checked map by map ([`Written4`]); files and databases are
//! merged at this stage. *Resolved*: [`ServerConfig4`], immutable and indexed, with inheritance done, options
//! encoded and classes compiled; what the engine runs on.
//!
//! Opens no socket and no database.

pub mod model;
mod written;

pub use model::*;
pub use written::{Element, Written4, WrittenSubnet4};
