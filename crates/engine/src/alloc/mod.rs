//! Choosing addresses: which are free, and which free one is next.

mod bitmap;
mod pools;

pub use bitmap::Bitmap;
pub use pools::{Excluded, PoolRuntime, Runtime4, SubnetRuntime};
