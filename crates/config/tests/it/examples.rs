//! The example configurations of Debian's package kea-doc load, or are refused for the stated reason that something is
//! not served yet.

#![allow(clippy::print_stderr)]

use std::path::Path;
use std::sync::Arc;

use config::{ConfigError, Dhcp4, Dhcp6, ErrorKind, ParseEnv, Protocol, ResolveEnv};

const EXAMPLES: &str = "/usr/share/doc/kea/examples";

/// All faults of a file.
fn faults<P: Protocol>(path: &Path) -> Vec<ConfigError> {
    let text = std::fs::read_to_string(path).unwrap();
    let parsed = match json::parse(&text, None, json::Limits::default()) {
        Ok(parsed) => parsed.value,
        Err(error) => return vec![error.into()],
    };
    // As with -X: these are of the times before subnets needed numbers.
    let (written, errors) = config::parse_with::<P>(parsed, ParseEnv { assign_subnet_ids: true });
    if !errors.is_empty() {
        return errors;
    }
    let env = ResolveEnv {
        relaxed: true,
        read_secret: Arc::new(|_| Ok("secret".to_owned())),
        ..ResolveEnv::default()
    };
    P::resolve(Arc::new(written), &env).err().unwrap_or_default()
}

/// `refused`: files that name what is not served yet. What becomes served leaves the list by itself.
fn check<P: Protocol>(folder: &str, refused: &[&str]) {
    let folder = Path::new(EXAMPLES).join(folder);
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: package kea-doc is not installed");
        return;
    };
    let mut seen = 0;
    let mut wrong = Vec::new();
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        seen += 1;
        for fault in faults::<P>(&path) {
            // Kea 3 wants the library that speaks to a database to be listed; these files are older.
            let stated = fault.kind == ErrorKind::Unsupported || fault.text.contains("to hooks-libraries");
            if !stated || !refused.contains(&name.as_str()) {
                wrong.push(format!("{name}: {fault}"));
            }
        }
    }
    assert!(seen > 15, "{seen} files in {}", folder.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Of both protocols: databases, the packet queue, DHCPv4 over DHCPv6.
const REFUSED: &[&str] = &[
    "all-keys-netconf.json",
    "all-keys.json",
    "config-backend.json",
    "dhcpv4-over-dhcpv6.json",
    "mysql-reservations.json",
    "pgsql-reservations.json",
];

#[test]
fn of_kea_dhcp6() {
    check::<Dhcp6>("kea6", REFUSED);
}

#[test]
fn of_kea_dhcp4() {
    check::<Dhcp4>("kea4", REFUSED);
}
