//! What the programs beside the DHCP servers, `kea-dhcp-ddns` and `kea-ctrl-agent`, have in common: where they run, how
//! they start, what is wrong with their configurations, and their commands about the process. Kea has these in its
//! library of this name, whose messages begin with DCTL.

mod commands;
mod faults;
mod messages;
mod start;

pub use commands::{config_write, exit_value, missing_arguments, status};
pub use faults::{Fault, Faults, read_file};
pub use messages::{
    ConfigCheckComplete, ConfigComplete, FileLoadFail, ReloadError, ReloadSignal, Shutdown, ShutdownSignal,
};
pub use start::{Site, Started, check, failed, main, start};
