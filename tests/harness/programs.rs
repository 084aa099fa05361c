//! Where the programs under test are, and their build.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The directory of the built programs. They are built on the first call of a test run: cargo builds only programs
/// of the package whose tests it runs. `KEA_RS_BUILT` names a directory of others, which are taken as they are.
pub fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match std::env::var_os("KEA_RS_BUILT") {
        Some(built) => PathBuf::from(built),
        None => build(),
    })
}

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the checkout")
}

fn build() -> PathBuf {
    // TARGET/PROFILE/deps/this-test
    let executable = std::env::current_exe().expect("this test has an executable");
    let built = executable.ancestors().nth(2).expect("tests lie below the target directory").to_owned();
    let target = built.parent().expect("profiles lie in the target directory");
    // nextest starts a process per test: the first one builds for all.
    let lock = File::create(built.join(".e2e-build.lock")).expect("the target directory can be written");
    lock.lock().expect("lock of the build");
    let run = std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
    let stamp = built.join(".e2e-build.run");
    if std::fs::read_to_string(&stamp).is_ok_and(|built_for| built_for == run) {
        return built;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The whole workspace: the same choice of features as in the run of all tests, so nothing is built twice.
    cargo.args(["build", "--quiet", "--locked", "--workspace", "--bins", "--target-dir"]).arg(target);
    if built.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.current_dir(root()).output().expect("cargo runs");
    assert!(
        output.status.success(),
        "{cargo:?} in {}: {}\n{}",
        root().display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::write(&stamp, run).expect("the target directory can be written");
    built
}

/// The path of a program of the system, `None` when it is not installed.
#[must_use]
pub fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).map(|directory| directory.join(name)).find(|p| p.is_file())
}
