//! What the flags ask for: one command, the same one again and again, or one line after the other.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::time::Duration;

use control::http::client::Target;
use tokio::runtime::Runtime;

use crate::client::{self, SendError};
use crate::flags::Flags;
use crate::{body, table};

/// Moves the cursor home and wipes the screen.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    #[error(transparent)]
    Arguments(#[from] body::ArgumentsError),
    #[error(transparent)]
    Send(#[from] SendError),
    /// A reader that went away (`| head`) is no failure of ours, but neither is it success.
    #[error("standard output is closed")]
    Output(io::Error),
}

/// Runs a session to its end.
pub fn run(flags: &Flags) -> Result<(), SessionError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| SendError::File { path: "runtime".to_owned(), error })?;
    if flags.interactive {
        return interactive(flags, &runtime, &client::target(flags)?);
    }
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).map_err(SessionError::Input)?;
    let arguments = body::arguments(&input)?;
    let target = client::target(flags)?;
    let request = body::request(&flags.command, &flags.services, arguments);
    let Some(pause) = flags.watch else {
        return print(&ask(flags, &runtime, &target, request)?);
    };
    watch(flags, &runtime, &target, &request, pause)
}

/// The text of one answer.
fn ask(flags: &Flags, runtime: &Runtime, target: &Target, request: String) -> Result<String, SendError> {
    let answer = runtime.block_on(client::send(target, flags.timeout, request))?;
    Ok(match flags.table.then(|| table::table(&answer, &flags.services, terminal_width())).flatten() {
        Some(text) => text,
        None if io::stdout().is_terminal() => body::pretty(&answer) + "\n",
        // Scripts read lines.
        None => String::from_utf8_lossy(&answer).into_owned() + "\n",
    })
}

/// Characters of a line, where standard output is a terminal.
fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}

/// A server that does not answer is waited for: that is what one watches it for.
fn watch(
    flags: &Flags,
    runtime: &Runtime,
    target: &Target,
    request: &str,
    pause: Duration,
) -> Result<(), SessionError> {
    let clear = if io::stdout().is_terminal() { CLEAR } else { "" };
    loop {
        let text = ask(flags, runtime, target, request.to_owned())
            .unwrap_or_else(|error| format!("Failed to run: {error}\n"));
        print(&format!("{clear}{text}"))?;
        std::thread::sleep(pause);
    }
}

fn interactive(flags: &Flags, runtime: &Runtime, target: &Target) -> Result<(), SessionError> {
    let prompt = if io::stdin().is_terminal() { "kea> " } else { "" };
    let mut input = io::stdin().lock();
    loop {
        print(prompt)?;
        let mut line = String::new();
        if input.read_line(&mut line).map_err(SessionError::Input)? == 0 {
            return Ok(());
        }
        let line = line.trim();
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if command.is_empty() {
            continue;
        }
        if matches!(command, "quit" | "exit") {
            return Ok(());
        }
        let text = match body::arguments(rest.as_bytes()) {
            Ok(arguments) => {
                let request = body::request(command, &flags.services, arguments);
                ask(flags, runtime, target, request)
                    .unwrap_or_else(|error| format!("Failed to run: {error}\n"))
            }
            Err(error) => format!("{error}\n"),
        };
        print(&text)?;
    }
}

fn print(text: &str) -> Result<(), SessionError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(SessionError::Output)
}
