//! The configuration backend: what a database of configurations can do, which of its objects a server gets, and
//! how they join what the server's file says.
//!
//! - [`ConfigBackend`] is the trait of databases; `sql` implements it for `sqlite`, `mysql` and `postgres`, with the
//!   table and column names of [`columns`]. The feature `suite` holds the tests that every implementation runs.
//! - [`ServerSelector`] and [`effective`](ServerSelector::effective) hold the rules of server tags.
//! - [`Puller`] turns answers of [`ConfigBackend::pull`] into the objects a server should run; it does no IO.
//! - [`schema`] makes and upgrades the tables of database servers, from texts that [`script`] reads.
//! - [`merge`] joins a file and those objects into one [`config::Written`].
//!
//! Objects are stored *as written*: nothing is inherited, no default is filled in, no option is encoded.
//! This crate opens no database and reads no clock.

mod api;
mod change;
pub mod columns;
mod error;
mod history;
pub mod hosts;
mod merge;
mod object;
mod prefix;
mod pull;
pub mod schema;
pub mod script;
mod selector;
#[cfg(feature = "suite")]
pub mod suite;

pub use api::{Boxed, ChangeMark, ConfigBackend, Identity, Note, Premises, Users, Version};
pub use change::{Change, NetworkSubnets, OptionKey, OptionScope, PdPoolKey, PoolRange, SubnetKey};
pub use error::{BackendError, Misfit};
pub use history::{Image, KEPT_REVISIONS, Preview, RevisedObject, Revision, RevisionFilter, Touched};
pub use merge::merge;
pub use object::{
    Objects, Server, Stored, StoredGlobal, StoredSubnet, SubnetBrief, int_member, option_key_of, text_member,
};
pub use prefix::{Prefix, PrefixError};
pub use pull::{AuditEntry, Cursor, Delta, Modification, Partial, PullFailure, Pulled, Puller};
pub use selector::{BackendSelector, ServerSelector};
