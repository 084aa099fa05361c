//! `kea-dhcp-ddns`: takes name change requests of DHCP servers and updates DNS.

mod commands;
mod exchange;
mod messages;
mod report;
mod service;
mod settings;
mod statistics;
mod work;

use std::process::ExitCode;

use daemon::{Action, Paths, Program, version};

const PROGRAM: Program = Program {
    name: "kea-dhcp-ddns",
    title: "DHCP-DDNS server",
    full_check: false,
    exit_on_fatal: true,
    repair: false,
    ports: false,
};

fn main() -> ExitCode {
    let arguments = match PROGRAM.parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("Usage error: {error}\n{}", PROGRAM.usage());
            return ExitCode::FAILURE;
        }
    };
    let paths = match Paths::discover() {
        Ok(paths) => paths,
        Err(error) => return process::failed(&error),
    };
    match arguments.action {
        Action::Version => println!("{}", version::KEA_VERSION),
        Action::ExtendedVersion => println!("{}", version::extended(&[])),
        Action::BuildReport => print!("{}", version::build_report(&paths, &[])),
        Action::Help => print!("{}", PROGRAM.usage()),
        Action::Check | Action::FullCheck => return service::check(&arguments, paths),
        Action::Run => {
            daemon::restrict_umask();
            // All is waiting for others; a second thread would have nothing to do.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            return match runtime {
                Ok(runtime) => runtime.block_on(service::run(arguments, paths)),
                Err(error) => process::failed(&error),
            };
        }
    }
    ExitCode::SUCCESS
}
