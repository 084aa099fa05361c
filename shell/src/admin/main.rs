//! `kea-admin`: creates, checks and upgrades the databases of the servers.

mod flags;
mod memfile;
mod sqlite;

use std::process::ExitCode;

use daemon::version;
use flags::{Backend, Command, Request, UsageError};

/// What went wrong, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

impl Failure {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

fn main() -> ExitCode {
    match Request::parse(std::env::args_os().skip(1)) {
        Ok(Request::Version) => println!("{}", version::KEA_VERSION),
        Ok(Request::ExtendedVersion) => {
            println!(
                "{}
SQLite schema {}",
                version::extended(&[]),
                ::sqlite::VERSION
            );
        }
        Ok(Request::Help) => print!("{}", flags::usage()),
        Ok(Request::Run(command, backend, parameters)) => {
            let outcome = match &backend {
                Backend::Sqlite => sqlite::run(command, &parameters),
                Backend::Memfile => memfile::run(command, &parameters),
            };
            if let Err(error) = outcome {
                println!("ERROR/kea-admin: {error}");
                return ExitCode::FAILURE;
            }
        }
        Err(error) => {
            println!("ERROR/kea-admin: {error}");
            if !matches!(error, UsageError::NotServed(_)) {
                println!();
                print!("{}", flags::usage());
            }
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The refusal of a command that a kind of database does not have.
fn not_for(command: Command, backend: &str) -> Failure {
    Failure::new(format!("{} is not supported for {backend}", command.name()))
}
