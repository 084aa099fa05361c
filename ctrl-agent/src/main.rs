//! `kea-ctrl-agent`: takes commands over HTTP and passes them to the control sockets of the servers.

mod agent;
mod commands;
mod forward;
mod messages;
mod pages;
mod settings;

use std::process::ExitCode;

use daemon::{Action, Paths, Program, version};

const PROGRAM: Program = Program {
    name: "kea-ctrl-agent",
    title: "control agent",
    full_check: false,
    exit_on_fatal: false,
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
        Action::Check | Action::FullCheck => return agent::check(&arguments, paths),
        Action::Run => {
            daemon::restrict_umask();
            // Requests are passed on by one thread; what is large is looked through by others.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            return match runtime {
                Ok(runtime) => runtime.block_on(agent::run(arguments, paths)),
                Err(error) => process::failed(&error),
            };
        }
    }
    ExitCode::SUCCESS
}
