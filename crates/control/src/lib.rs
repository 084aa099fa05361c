//! The control channels of a daemon: what a command is, who may send it, and how it is answered.
//!
//! - [`Command`] and [`Answer`] are Kea's envelopes; [`CommandTable`] holds one definition and one handler per command.
//! - [`unix`] is the UNIX socket: one JSON value in, one out. [`http`] is the HTTP server, both of a daemon's own
//!   control socket and of the control agent.
//!
//! Knows nothing of DHCP. Everything a peer sends is bounded by [`Limits`] before it is looked at.

mod alert;
mod answer;
pub mod codec;
mod command;
mod eager;
pub mod gate;
pub mod http;
mod limits;
pub mod messages;
pub mod service;
mod slots;
mod table;
pub mod tls;
pub mod unix;

pub use answer::{Answer, AnswerError, result};
pub use command::{Channel, Command, EnvelopeError, Origin};
pub use limits::Limits;
pub use table::{Access, BoxFuture, CommandDef, CommandTable, DuplicateCommand, Witness, printable};
