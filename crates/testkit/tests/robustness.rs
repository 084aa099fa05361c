//! docs/robustness.md names tests that exist.

#![allow(clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::path::Path;

#[test]
fn each_test_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/robustness.md")).unwrap();
    let (mut source, mut named) = (String::new(), 0);
    for row in text.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        for word in row.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") || word.ends_with(".scn") {
                source =
                    std::fs::read_to_string(root.join(word)).unwrap_or_else(|why| panic!("{word}: {why}"));
            } else if word.contains('_') && !source.is_empty() && !word.starts_with("lease_") {
                assert!(source.contains(&format!("fn {word}")), "{word} is not where the table says");
                named += 1;
            }
        }
        source.clear();
    }
    assert!(named > 40, "{named}");
}
