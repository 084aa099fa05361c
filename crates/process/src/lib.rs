//! What the programs beside the DHCP servers, `kea-dhcp-ddns` and `kea-ctrl-agent`, have in common: where they run, how
//! they start, what is wrong with their configurations, and their commands about the process. Kea has these in its
//! library of this name, whose messages begin with DCTL.

mod commands;
mod faults;
mod messages;
mod start;

pub use commands::{Configured, Entry, commands, exit_value, register};
pub use faults::{Fault, Faults, read_file};
pub use messages::{ConfigComplete, FileLoadFail, ReloadSignal, Shutdown, ShutdownSignal};
pub use start::{Site, Started, check, failed, main, start};
