//! `kea-ctrl-agent`: takes commands over HTTP and passes them to the control sockets of the servers.

mod agent;
mod commands;
mod forward;
mod messages;
mod pages;
mod settings;

use std::process::ExitCode;

use daemon::Program;

const PROGRAM: Program = Program {
    name: "kea-ctrl-agent",
    title: "control agent",
    full_check: false,
    exit_on_fatal: false,
    repair: false,
    ports: false,
};

fn main() -> ExitCode {
    process::main(&PROGRAM, agent::check, agent::run)
}
