//! `kea-dhcp-ddns`: takes name change requests of DHCP servers and updates DNS.

mod commands;
mod exchange;
mod messages;
mod pages;
mod report;
mod service;
mod settings;
mod statistics;
mod work;

use std::process::ExitCode;

use daemon::Program;

const PROGRAM: Program = Program {
    name: "kea-dhcp-ddns",
    title: "DHCP-DDNS server",
    full_check: false,
    exit_on_fatal: true,
    repair: false,
    ports: false,
};

fn main() -> ExitCode {
    process::main(&PROGRAM, service::check, service::run)
}
