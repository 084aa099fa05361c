//! `kea-admin`: creates, checks and upgrades the databases of the servers.

mod ask;
mod flags;
mod leases;
mod memfile;
mod moving;
mod server;
mod sqlite;

use std::process::ExitCode;

use daemon::version;
use flags::{Backend, Command, Request};

/// What went wrong, in a sentence, and the exit code.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }
}

fn main() -> ExitCode {
    match Request::parse(std::env::args_os().skip(1)) {
        Ok(Request::Version) => println!("{}", version::KEA_VERSION),
        Ok(Request::ExtendedVersion) => {
            println!(
                "{}\nSQLite schema {}\nMySQL schema {}\nPostgreSQL schema {}",
                version::extended(&[]),
                ::sqlite::VERSION,
                mysql::schema::SCHEMA.current(),
                postgres::schema::SCHEMA.current()
            );
        }
        Ok(Request::Help) => print!("{}", flags::usage()),
        Ok(Request::Run(command, backend, parameters)) => {
            let outcome = match backend {
                Backend::Sqlite => sqlite::run(command, &parameters),
                Backend::Memfile => memfile::run(command, &parameters),
                Backend::Mysql | Backend::Pgsql => server::run(command, backend, &parameters),
            };
            if let Err(failure) = outcome {
                println!("ERROR/kea-admin: {failure}");
                return ExitCode::from(failure.code);
            }
        }
        Err(error) => {
            println!("ERROR/kea-admin: {error}\n");
            print!("{}", flags::usage());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The refusal of a command that a kind of database does not have.
fn not_for(command: Command, backend: &str) -> Failure {
    Failure::new(format!("{} is not supported for {backend}", command.name()))
}
