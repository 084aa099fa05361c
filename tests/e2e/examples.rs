//! The example configurations that come with Kea.

use std::path::Path;

use harness::World;

const EXAMPLES: &str = "/usr/share/doc/kea/examples";
/// What a fault must say where something is refused; docs/compatibility.md lists what that is.
const REFUSED: [&str; 6] = [
    "not served",
    "not supported yet",
    "is not supported",
    "the ciphers are those of the TLS library",
    "ddns-server-commands.so' is not known",
    "specifies an undefined key: d2.sha1.key",
];

/// Of the examples of Kea 2.2.0, these many need nothing that is refused.
#[test]
fn each_of_dhcpv4_loads_or_names_what_is_not_there() {
    each_loads_or_names_what_is_not_there("kea-dhcp4", "kea4", 20);
}

#[test]
fn each_of_dhcpv6_loads_or_names_what_is_not_there() {
    each_loads_or_names_what_is_not_there("kea-dhcp6", "kea6", 20);
}

/// Two of them name a key that they do not have, and with it fail in Kea, too; three a library of nobody's.
#[test]
fn each_of_the_updater_loads_or_names_what_is_not_there() {
    each_loads_or_names_what_is_not_there("kea-dhcp-ddns", "ddns", 2);
}

/// They are of a time when subnets needed no id and files lay anywhere, so `-X` is for them.
fn each_loads_or_names_what_is_not_there(program: &str, folder: &str, least: usize) {
    let files = std::fs::read_dir(Path::new(EXAMPLES).join(folder)).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    if files.is_empty() {
        harness::skipped("Debian's kea-doc is not installed");
        return;
    }
    let world = World::plain();
    let prefix = world.prefix("kea");
    let mut loaded = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let words = ["-X".as_ref(), "-t".as_ref(), file.as_os_str()];
        let done = world.run(prefix.program(program), words, "");
        if done.code() == 0 {
            loaded.push(name);
            continue;
        }
        let faults = faults(&done.stderr, file);
        assert!(!faults.is_empty(), "{name} is refused without a reason: {done:?}");
        for fault in faults {
            assert!(REFUSED.iter().any(|reason| fault.contains(reason)), "{name}: {fault}");
        }
    }
    assert!(loaded.len() >= least, "of {} load {}: {loaded:?}", files.len(), loaded.len());
}

/// The lines that name a place in the file.
fn faults<'a>(output: &'a str, file: &Path) -> Vec<&'a str> {
    let place = format!("({}:", file.display());
    output.lines().filter(|line| line.contains(&place)).collect()
}
