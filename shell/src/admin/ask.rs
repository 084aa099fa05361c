//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

use crate::Failure;

/// A password that is not shown while it is typed. Without a terminal it is empty.
pub(crate) fn password() -> Result<String, Failure> {
    let input = io::stdin();
    if !input.is_terminal() {
        println!("WARNING/kea-admin: Non-interactive tty detected. Assuming empty password.");
        return Ok(String::new());
    }
    let failed = |error: String| Failure::new(format!("cannot ask for the password: {error}"));
    print!("Password: ");
    io::stdout().flush().map_err(|error| failed(error.to_string()))?;
    let before = tcgetattr(&input).map_err(|error| failed(error.to_string()))?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&input, SetArg::TCSANOW, &silent).map_err(|error| failed(error.to_string()))?;
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    let restored = tcsetattr(&input, SetArg::TCSANOW, &before);
    println!();
    read.map_err(|error| failed(error.to_string()))?;
    restored.map_err(|error| failed(error.to_string()))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Whether to go on; no, when there is nobody to ask.
pub(crate) fn agrees() -> bool {
    println!("Do you wish to continue? (y/N)");
    let input = io::stdin();
    if !input.is_terminal() {
        println!("WARNING/kea-admin: Non-interactive tty detected. Assuming no.");
        return false;
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).is_ok() && line.trim() == "y"
}

/// Refuses to overwrite a file, unless that was said or is answered.
pub(crate) fn may_overwrite(path: &Path, yes: bool, command: &str) -> Result<(), Failure> {
    if yes || !path.exists() {
        return Ok(());
    }
    println!("Output file, {}, exists and will be overwritten.", path.display());
    if agrees() { Ok(()) } else { Err(Failure::new(format!("{command} aborted by user."))) }
}
