//! kea-admin as a process.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

fn admin(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kea-admin")).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), text)
}

#[test]
fn sqlite_databases() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kea.db");
    let path = file.to_str().unwrap();
    let (code, text) = admin(&["db-version", "sqlite", "-n", path]);
    assert_eq!((code, text), (1, format!("ERROR/kea-admin: database {path} does not exist\n")));
    assert!(!file.exists(), "asking creates nothing");
    let (code, text) = admin(&["db-init", "sqlite", "-n", path]);
    assert!(code == 0 && text.contains("Schema version reported after initialization: "), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o137, 0, "closed to others");
    let (code, version) = admin(&["db-version", "sqlite", "-n", path]);
    assert!(code == 0 && version.trim().split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    let (code, text) = admin(&["db-init", "sqlite", "-n", path]);
    assert!(code == 1 && text.contains("ERROR/kea-admin: Expected empty database "), "{text}");
    let (code, text) = admin(&["db-upgrade", "sqlite", "-n", path]);
    assert!(code == 0 && text.contains(&format!("after upgrade: {version}")), "{text}");
    std::fs::write(&file, "this is no database, but it is long enough to be taken for one by its length")
        .unwrap();
    let (code, text) = admin(&["db-version", "sqlite", "-n", path]);
    assert!(code == 1 && text.starts_with("ERROR/kea-admin: "), "{text}");
    let (code, text) = admin(&["db-init", "sqlite"]);
    assert_eq!(
        (code, text.as_str()),
        (1, "ERROR/kea-admin: you must specify the database file with -n or --name\n")
    );
}

#[test]
fn refusals() {
    for (arguments, text) in [
        (&[][..], "ERROR/kea-admin: missing command\n"),
        (&["db-init", "oracle"], "ERROR/kea-admin: invalid backend: oracle\n"),
        (&["config-import", "memfile", "x"], "ERROR/kea-admin: config-import is not supported for memfile\n"),
        (&["lease-dump", "sqlite", "-4"], "ERROR/kea-admin: lease-dump is not supported for sqlite\n"),
        (&["lease-dump", "memfile", "-4"], "ERROR/kea-admin: lease-dump is not supported for memfile\n"),
        (
            &["db-version", "memfile"],
            "ERROR/kea-admin: db-version: lease type ( -4 or -6 ) needs to be specified\n",
        ),
    ] {
        let (code, out) = admin(arguments);
        assert!(code == 1 && out.starts_with(text), "{arguments:?}: {out}");
    }
    assert_eq!(admin(&["-v"]).0, 0);
    assert!(admin(&["--help"]).1.starts_with("Usage: kea-admin COMMAND BACKEND"));
}
