//! The resolved stage: what the engine and the daemon run on. Plain data, public fields, immutable once built.

pub mod class_names;
mod classes;
mod ddns;
mod hooks;
mod hosts;
mod lease_query;
mod options;
mod ping_check;
mod protocol;
mod server;
mod server4;
mod server6;
mod service;
mod subnet;
mod subnet4;
mod subnet6;

pub use classes::{Class, ClassId, ClassTable, Round, builtin};
pub use ddns::{Ddns, ReplaceClientName, Sanitiser};
pub use hooks::{
    DdnsTuning, FlexAction, FlexId, FlexOption, FlexRule, FlexSubOption, LegalLog, Limit, Limits, RateLimit,
};
pub use hosts::{Host, Host4, Host6, Reservation4, Reservation6};
pub use lease_query::{BulkLeaseQuery, LeaseQuery};
pub use options::{CodeSet, ConfiguredOption, OptionSet, Options, VendorOptions};
pub use ping_check::{PingCheck, PingRules};
pub use protocol::{Dhcp4, Dhcp6, Protocol};
pub use server::{Globals, ServerConfig};
pub use server4::{Globals4, OwnGlobals4, ServerConfig4};
pub use server6::{DuidKind, Globals6, MacSource, OwnGlobals6, ServerConfig6, ServerIdConfig};
pub use service::*;
pub use subnet::{Allocator, Lifetime, NetworkIndex, Params, Pool, SharedNetwork, Subnet, SubnetIndex};
pub use subnet4::{Over6, OwnParams4, Params4, Pool4, SharedNetwork4, Subnet4, Subnet4Parts, SubnetIndex4};
pub use subnet6::{
    Network6Parts, OwnParams6, Params6, PdPool, Pool6, SharedNetwork6, Subnet6, Subnet6Parts, SubnetIndex6,
};
