//! Leases, their states, the trait of lease stores and the observers that follow every change.
//!
//! Knows no store, no configuration and no packet.

mod lease4;
mod observer;
mod store;
#[cfg(feature = "suite")]
pub mod suite;

pub use lease4::{Lease4, LeaseState};
pub use observer::{LeaseObserver4, NoObserver};
pub use store::{Added, Committed, LeaseStore4, Mark, MaybeReady, Page4, StoreError, Updated};
