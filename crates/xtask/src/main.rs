//! Repository chores, run as `cargo xtask CHORE`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod command;
mod install;
mod nightly;
mod reference;
mod test;
mod tidy;

type Outcome = Result<(), String>;

/// A chore: its name, its arguments and what it does.
struct Chore {
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Outcome,
}

const CHORES: [Chore; 6] = [
    Chore {
        name: "install",
        arguments: "--prefix DIR [--debug]",
        help: "build a release (or what cargo build makes) and lay the programs out as Kea does",
        run: install::run,
    },
    Chore {
        name: "demo",
        arguments: "[--once]",
        help: "start the servers in network namespaces, configure them through the backend, lease to real clients",
        run: test::demo,
    },
    Chore {
        name: "reference",
        arguments: "[--check]",
        help: "write the OpenAPI document and the manual page of the commands anew, or check them",
        run: reference::run,
    },
    Chore {
        name: "nightly",
        arguments: "[SECONDS]",
        help: "run each fuzz target so long (600), and the long crash tests",
        run: nightly::run,
    },
    Chore { name: "test", arguments: "", help: "format, lints, all tests", run: test::run },
    Chore {
        name: "tidy",
        arguments: "",
        help: "check layering, dependencies and file sizes",
        run: tidy::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chore = arguments.first().and_then(|name| CHORES.iter().find(|c| c.name == name.as_str()));
    let Some(chore) = chore else {
        for chore in &CHORES {
            eprintln!("cargo xtask {} {}\n    {}", chore.name, chore.arguments, chore.help);
        }
        return ExitCode::from(2);
    };
    match (chore.run)(arguments.get(1..).unwrap_or(&[])) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", chore.name);
            ExitCode::FAILURE
        }
    }
}

/// The root of the checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}
