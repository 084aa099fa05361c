//! Plays the scenarios of the repository.

use std::path::Path;

#[test]
fn all_scenarios() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let files_in =
        |directory: &Path| std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files_in(&directory)
        .chain(files_in(&directory.join("v6")))
        .filter(|path| path.extension().is_some_and(|extension| extension == "scn"))
        .collect();
    files.sort();
    let (mut played, mut failures) = (0, Vec::new());
    for file in &files {
        match testkit::scenario::play(file) {
            Ok(count) => played += count,
            Err(list) => failures.extend(list),
        }
    }
    for failure in &failures {
        println!("{failure}");
    }
    assert!(failures.is_empty(), "{} expectations of {} files were not met", failures.len(), files.len());
    assert!(played >= 160, "only {played} scenarios were found in {}", directory.display());
}
