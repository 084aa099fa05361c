//! Choosing addresses and prefixes: which are free, and which free one is next. The same for both families.

mod bitmap;
mod dense;
mod family;
mod held;
mod pool;
mod preferred;
mod queue;
mod ranges;
mod runtime;
mod shared;
mod small;
mod sparse;
mod v4;
mod v6;

pub use bitmap::Bitmap;
pub use family::{Address, Leased, PoolKind};
pub(crate) use held::Claim;
pub use held::with_classes;
pub use pool::{Excluded, Pool, Shape};
pub use runtime::{Plan, PlannedSubnet, Runtime, SubnetRuntime, Subnets};

/// The state of the allocators of kea-dhcp4.
pub type Runtime4 = Runtime<lease::Lease4>;
/// The state of the allocators of kea-dhcp6.
pub type Runtime6 = Runtime<lease::Lease6>;
