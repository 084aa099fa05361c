//! kea-dhcp4, the DHCPv4 server.

mod clients;
mod commands;
mod d2_client;
mod hook_host;
mod locals;
mod messages;
mod pull;
mod reconfigure;
mod run;
mod security;
mod server;
mod service;
mod subnets;
mod timers;
mod worker;

use std::process::ExitCode;

use daemon::{Action, Paths, Program, version};

const PROGRAM: Program = Program {
    name: "kea-dhcp4",
    title: "DHCPv4 server",
    full_check: true,
    exit_on_fatal: true,
    repair: true,
    ports: true,
};

fn main() -> ExitCode {
    let fail = |text: &str| {
        eprintln!("{text}");
        ExitCode::FAILURE
    };
    let arguments = match PROGRAM.parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => return fail(&format!("{error}\n{}", PROGRAM.usage())),
    };
    let paths = match Paths::discover() {
        Ok(paths) => paths,
        Err(error) => return fail(&error.to_string()),
    };
    match arguments.action {
        Action::Version => println!("{}", version::KEA_VERSION),
        Action::ExtendedVersion => println!("{}", version::extended(&commands::COMPONENTS)),
        Action::BuildReport => println!("{}", version::build_report(&paths, &commands::COMPONENTS)),
        Action::Help => println!("{}", PROGRAM.usage()),
        Action::Check | Action::FullCheck => return run::check(arguments, paths),
        Action::Run => return run::serve(arguments, paths),
    }
    ExitCode::SUCCESS
}
