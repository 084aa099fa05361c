//! The test run and the demonstration.

use std::time::Instant;

use crate::{Outcome, command};

/// What CI runs, in this order: what fails fastest comes first.
pub(crate) fn run(_: &[String]) -> Outcome {
    step(&["fmt", "--all", "--check"])?;
    step(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    if command::exists("cargo", &["nextest", "--version"]) {
        step(&["test", "--workspace", "--locked", "--doc", "--quiet"])?;
        step(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])?;
    } else {
        step(&["test", "--workspace", "--locked", "--no-fail-fast"])?;
    }
    instructions()
}

/// Instructions per operation on the packet path, each below its bound.
fn instructions() -> Outcome {
    step(&["bench", "-p", "testkit", "--locked", "--profile", "count", "--bench", "instructions"])
}

/// Runs cargo and says how long it took.
fn step(arguments: &[&str]) -> Outcome {
    let begin = Instant::now();
    let outcome = command::run("cargo", arguments);
    eprintln!("cargo {}: {:.0} s", arguments.first().unwrap_or(&""), begin.elapsed().as_secs_f64());
    outcome
}

pub(crate) fn demo(arguments: &[String]) -> Outcome {
    let mut call = vec!["tests/demo/demo.py"];
    call.extend(arguments.iter().map(String::as_str));
    command::run("python3", &call)
}
