//! `kea-shell`.

use std::io::Write;
use std::process::ExitCode;

use daemon::version;
use shell::client::SendError;
use shell::flags::{Action, UsageError, help};
use shell::session::{self, SessionError};

/// As Python's argparse, which Kea's script uses.
const USAGE_ERROR: u8 = 2;

fn main() -> ExitCode {
    let flags = match Action::parse(std::env::args_os().skip(1)) {
        Ok(Action::Help) => return print(&help()),
        Ok(Action::Version) => return print(&format!("{}\n", version::KEA_VERSION)),
        Ok(Action::ExtendedVersion) => return print(&format!("{}\n", version::extended(&[]))),
        Ok(Action::Send(flags)) => flags,
        Err(error) => {
            eprintln!("kea-shell: error: {error}");
            return ExitCode::from(if matches!(error, UsageError::Tls(_)) { 1 } else { USAGE_ERROR });
        }
    };
    match session::run(&flags) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(SessionError::Output(_)) => {}
        Err(SessionError::Send(SendError::Timeout)) => eprintln!("Connection timeout"),
        Err(error) => eprintln!("Failed to run: {error}"),
    }
    ExitCode::FAILURE
}

fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
