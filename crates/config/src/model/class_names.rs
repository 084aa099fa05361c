//! Names of classes that are made of what clients send (Kea manual, "Client Classification"): letters, digits and
//! [`PUNCTUATION`] stand for themselves, any other octet is a percent sign and two hexadecimal digits, and the sign
//! itself is doubled. So different octets have different names, whatever their encoding.

use std::fmt::Write;

use super::builtin;

/// How the names of vendor classes begin.
pub const VENDOR: &str = "VENDOR_CLASS_";
/// How the names of classes that a template spawns begin.
pub const SPAWN: &str = "SPAWN_";
/// What may stand in a name beside letters and digits.
const PUNCTUATION: &[u8] = b"!#$%&*+-./:?@^_|~";

/// How the names of classes begin that are there without a definition.
const PREFIXES: [&str; 5] = [VENDOR, "AFTER_", "EXTERNAL_", "HA_", SPAWN];

/// Whether a class is there without a definition, by Kea's words.
#[must_use]
pub fn is_builtin(name: &str) -> bool {
    let fixed = builtin::NAMES.iter().take(4).any(|there| *there == name);
    fixed || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn stands(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || PUNCTUATION.contains(&octet)
}

fn push(name: &mut String, octet: u8) {
    if stands(octet) {
        name.push(char::from(octet));
    } else {
        let _ = write!(name, "%{octet:02x}");
    }
}

fn push_all(name: &mut String, octets: &[u8]) {
    for octet in octets {
        push(name, *octet);
        if *octet == b'%' {
            name.push('%');
        }
    }
}

/// The class of a client that names its vendor so.
#[must_use]
pub fn of_vendor(vendor: &[u8]) -> String {
    let mut name = String::from(VENDOR);
    push_all(&mut name, vendor);
    name
}

/// What a template spawns for a client whose `template-test` has this value.
#[must_use]
pub fn spawned(template: &str, value: &[u8]) -> String {
    let mut name = format!("{SPAWN}{template}_");
    push_all(&mut name, value);
    name
}

/// A name to use in place of a configured one with other characters; `None`: it has none.
#[must_use]
pub fn suggested(name: &str) -> Option<String> {
    if name.bytes().all(stands) {
        return None;
    }
    let mut better = String::new();
    name.bytes().for_each(|octet| push(&mut better, octet));
    Some(better)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_stand_in_a_name_is_escaped() {
        assert_eq!(of_vendor(b"MSFT 5.0"), "VENDOR_CLASS_MSFT%205.0");
        assert_eq!(of_vendor(b"100%"), "VENDOR_CLASS_100%%");
        assert_eq!(of_vendor("\u{e9}".as_bytes()), "VENDOR_CLASS_%c3%a9");
        assert_eq!(spawned("cid", &[0xff, 0x01, b'a']), "SPAWN_cid_%ff%01a");
        assert_eq!(spawned("port", b"eth0/1:2"), "SPAWN_port_eth0/1:2");
        let escaped: Vec<u8> = (0x20..0x7f).filter(|octet| !stands(*octet)).collect();
        assert_eq!(escaped, b" \"'(),;<=>[\\]`{}");
    }

    #[test]
    fn different_octets_make_different_names() {
        let mut names: Vec<String> = (0..=u8::MAX).map(|octet| of_vendor(&[octet])).collect();
        names.extend([b"%20".as_slice(), b"%ff", b"%%", b""].map(of_vendor));
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_suggested_name_is_a_good_one() {
        assert_eq!(suggested("VENDOR_CLASS_a b").as_deref(), Some("VENDOR_CLASS_a%20b"));
        assert_eq!(suggested("VENDOR_CLASS_a%20b"), None);
        assert_eq!(suggested("50%"), None);
        assert_eq!(suggested("B\u{fc}ro, 2").and_then(|name| suggested(&name)), None);
    }
}
