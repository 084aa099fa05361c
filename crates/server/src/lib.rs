//! What the DHCP servers of both families have in common as daemons: start and end, configuration files, the
//! configuration database, control channels and built-in commands, timers, sockets, and the packet loop around the
//! engine.
//!
//! A program is [`main`] with its [`Protocol`]: names, types, and the few steps that differ.

mod bulk;
mod clients;
mod commands;
mod d2_client;
mod ha;
mod hook_host;
mod hosts;
mod interfaces;
mod leases;
mod legal;
pub mod messages;
mod metrics;
mod other_family;
mod over6;
mod overload;
mod parking;
mod ping;
mod protocol;
mod pull;
mod queue;
mod reach;
mod reconfigure;
mod rendered;
mod run;
mod security;
mod server;
mod service;
mod sockets;
mod status;
mod timers;
mod worker;

pub use commands::{Entry, Handled, command_definitions, entry, now};
pub use d2_client::Client as D2Client;
pub use leases::{Home, LeaseDatabase};
pub use legal::Legal;
pub use over6::Line;
pub use ping::{Ask, Found};
pub use protocol::{Config, Destination, Meta, Observer, Protocol, Statistics, Written};
pub use run::main;
pub use server::{Active, HostView, Server, Shared};
pub use sockets::Changes;
pub use worker::Batches;
