//! What takes too long for each change: fuzzing and soaks.

use crate::{Outcome, command, root};

/// Seconds that each fuzz target runs unless told otherwise.
const SECONDS: u32 = 600;

/// Runs everything, whatever fails on the way, and tells what did.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let seconds = match arguments {
        [] => SECONDS,
        [seconds] => seconds.parse().map_err(|_| format!("{seconds} is no number of seconds"))?,
        _ => return Err("it takes one argument".to_owned()),
    };
    if !command::exists("cargo", &["fuzz", "--version"]) {
        return Err("cargo-fuzz is missing: cargo install cargo-fuzz".to_owned());
    }
    let mut failed = Vec::new();
    let time = format!("-max_total_time={seconds}");
    for target in targets()? {
        // The stable compiler does, without the sanitizers that only a nightly one has.
        let fuzz = ["fuzz", "run", "-s", "none", &target, "--", &time];
        failed.extend(command::run_with("cargo", &fuzz, &[("RUSTC_BOOTSTRAP", "1")]).err());
    }
    let soak = ["nextest", "run", "-p", "tests", "--locked", "--no-fail-fast", "crash::", "crowd::"];
    failed.extend(command::run_with("cargo", &soak, &[("KEA_RS_SOAK", "1")]).err());
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// The names of the fuzz targets.
fn targets() -> Result<Vec<String>, String> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let stem = |entry: std::fs::DirEntry| Some(entry.path().file_stem()?.to_str()?.to_owned());
    let mut names: Vec<String> = entries.filter_map(|entry| stem(entry.ok()?)).collect();
    names.sort();
    Ok(names)
}
