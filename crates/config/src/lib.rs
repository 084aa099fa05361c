//! Configuration of the servers: one keyword table per map drives parsing, defaults, checks and `config-get`.
//!
//! Two stages. *Written*: what the operator wrote, checked map by map ([`Written4`]); files and databases are
//! merged at this stage. *Resolved*: [`ServerConfig4`], immutable and indexed, with inheritance done, options
//! encoded and classes compiled; what the engine runs on.
//!
//! Opens no socket and no database.

mod error;
mod file;
pub mod keywords;
pub mod model;
mod parse;
mod resolve;
mod write;
mod written;

pub use error::{ConfigError, ErrorKind};
pub use file::{read_file, read_text};
pub use model::*;
pub use parse::{
    ParseEnv, check_globals, database_libraries, parse_agent, parse_agent_arguments, parse_arguments,
    parse_client_class, parse_d2, parse_d2_arguments, parse_global, parse_map, parse_option_data,
    parse_option_def, parse_reservation, parse_shared_network, parse_subnet, parse_with, parse4, parse4_map,
    parse6, parse6_map, pool_text,
};
pub use resolve::{
    AgentConfig, AgentLogin, AgentSocket, AgentTls, D2Config, DdnsDomain, DnsServer, InterfaceCheck,
    ResolveEnv, SecretReader, TsigKey, check_classes, check_options, definition_table, loggers,
    mentioned_classes, read_secret, resolve_agent, resolve_d2, resolve4, resolve6,
};
pub use write::{
    config_get, config_get_d2, config_get_text, hash, metadata, option_data, write, write_d2, write_file,
    write_reservation, write4, write6,
};
pub use written::{Element, Written, Written4, Written6, WrittenSubnet, WrittenSubnet4, WrittenSubnet6};
