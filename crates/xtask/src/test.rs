//! The test run and the demonstration.

use crate::{Outcome, command};

/// What CI runs, in this order: what fails fastest comes first.
pub(crate) fn run(_: &[String]) -> Outcome {
    command::run("cargo", &["fmt", "--all", "--check"])?;
    command::run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    if command::exists("cargo", &["nextest", "--version"]) {
        command::run("cargo", &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])?;
        command::run("cargo", &["test", "--workspace", "--locked", "--doc", "--quiet"])
    } else {
        command::run("cargo", &["test", "--workspace", "--locked", "--no-fail-fast"])
    }
}

pub(crate) fn demo(arguments: &[String]) -> Outcome {
    let mut call = vec!["tests/demo/demo.py"];
    call.extend(arguments.iter().map(String::as_str));
    command::run("python3", &call)
}
