//! Kea's JSON dialect with positions: `#`, `//` and `/* */` comments, trailing commas, `<?include "file"?>`,
//! 64-bit integers. Every value knows where it was written.
//!
//! Two dialects: [`Dialect::Config`] is what configuration files are written in, [`Dialect::Command`] what the
//! control channel takes. [`Scanner`] finds the end of a command in a stream that has no framing. [`to_string`]
//! and [`to_string_pretty`] print as Kea does on its sockets and in the files of `config-write`.
//!
//! Stands alone: knows nothing of DHCP.

mod error;
mod files;
mod include;
mod lexer;
mod map;
mod parse;
mod plain;
mod run;
mod scanner;
mod value;
mod write;

pub use error::{JsonError, Warning};
pub use include::{FileLoader, Loaded, Loader};
pub use map::{Entry, Iter, IterMut, Key, Map};
pub use parse::{Dialect, Limits, Parsed, Parser, parse, parse_command};
pub use plain::is_plain;
pub use scanner::{Scan, Scanner};
pub use value::{Kind, Pos, Value};
pub use write::{to_string, to_string_pretty, write_compact, write_list, write_members, write_string};
