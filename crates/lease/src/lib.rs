//! Leases, their states, the trait of lease stores and the observers that follow every change; what the legal log says
//! of them.
//!
//! Knows no store, no configuration and no packet.

mod bound;
mod extended;
mod lease4;
mod lease6;
mod legal;
mod observer;
mod store;
mod store6;
#[cfg(feature = "suite")]
pub mod suite;
#[cfg(feature = "suite")]
pub mod suite6;

pub use bound::{Among, Bound, Exceeded};
pub use extended::{ExtendedKey, extended_keys};
pub use lease4::{Lease4, LeaseState};
pub use lease6::{HwAddrSource, Lease6, LeaseType};
pub use legal::{AsText, InWords, LegalEntry, Readable};
pub use observer::{LeaseObserver4, LeaseObserver6, NoObserver};
pub use store::{
    Added, Committed, Counted, Durable, LeaseStore4, Mark, MaybeReady, Page4, StoreError, Updated, Within,
};
pub use store6::{Added6, LeaseStore6, Page6};
