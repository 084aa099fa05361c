//! `kea-shell`.

use std::io::{Read, Write};
use std::process::ExitCode;

use daemon::version;
use shell::flags::{Action, UsageError, help};
use shell::{body, client};

/// As Python's argparse, which Kea's script uses.
const USAGE_ERROR: u8 = 2;

fn main() -> ExitCode {
    let flags = match Action::parse(std::env::args_os().skip(1)) {
        Ok(Action::Help) => return print(&help()),
        Ok(Action::Version) => return print(&format!("{}\n", version::KEA_VERSION)),
        Ok(Action::ExtendedVersion) => {
            return print(&format!("{}\n", version::extended(&[("HTTPS", "no")])));
        }
        Ok(Action::Send(flags)) => flags,
        Err(error) => {
            eprintln!("kea-shell: error: {error}");
            return ExitCode::from(if matches!(error, UsageError::Tls(_)) { 1 } else { USAGE_ERROR });
        }
    };
    let mut input = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut input) {
        return failed(&format!("cannot read standard input: {error}"));
    }
    let arguments = match body::arguments(&input) {
        Ok(arguments) => arguments,
        Err(error) => return failed(&error),
    };
    let request = body::request(&flags.command, &flags.services, arguments);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(client::send(&flags, request)) {
        Ok(answer) => {
            let mut text = body::pretty(&answer);
            text.push('\n');
            print(&text)
        }
        Err(client::SendError::Timeout) => {
            eprintln!("Connection timeout");
            ExitCode::FAILURE
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("Failed to run: {error}");
    ExitCode::FAILURE
}

fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    // A reader that went away (`| head`) is no failure of ours, but neither is it success.
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
