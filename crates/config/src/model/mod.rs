//! The resolved stage: what the engine and the daemon run on. Plain data, public fields, immutable once built.

mod classes;
mod ddns;
mod hosts;
mod options;
mod server4;
mod service;
mod subnet4;

pub use classes::{Class, ClassId, ClassTable, builtin};
pub use ddns::{Ddns4, ReplaceClientName, Sanitiser};
pub use hosts::{Host4, Reservation4};
pub use options::{CodeSet, ConfiguredOption, OptionSet, VendorOptions};
pub use server4::{Globals4, ServerConfig4};
pub use service::*;
pub use subnet4::{Lifetime, NetworkIndex, Params4, Pool4, SharedNetwork4, Subnet4, SubnetIndex};
