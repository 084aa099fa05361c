//! The configuration of the DNS update server.

use base::Family;
use json::{Map, Pos, Value};

use super::objects::{int, list, one_unix_socket, text};
use super::{Checker, Origin, position, top};
use crate::error::ConfigError;
use crate::keywords::{D2, DDNS_DOMAIN, DIRECTION, DNS_SERVER, TSIG_KEY, Table};

/// Reads the text of a file: a map with `DhcpDdns`. All faults are reported; what is faulty is left out.
#[must_use]
pub fn parse_d2(value: Value) -> (Map, Vec<ConfigError>) {
    whole(value, Origin::File)
}

/// Reads the arguments of `config-set` and `config-test`: a map with `DhcpDdns`, and perhaps the `hash` that
/// `config-get` put beside it.
#[must_use]
pub fn parse_d2_arguments(value: Value) -> (Map, Vec<ConfigError>) {
    whole(value, Origin::Command)
}

fn whole(value: Value, origin: Origin) -> (Map, Vec<ConfigError>) {
    let mut checker = Checker::new(origin, Family::V4);
    let inner = top(&mut checker.errors, value, D2.name, origin);
    let map = inner.map(|inner| checker.map(&D2, inner)).unwrap_or_default();
    (map, checker.errors)
}

/// Checks that no table can say.
pub(super) fn check(checker: &mut Checker, table: &'static Table, map: &Map, pos: &Pos) {
    let is = |other: &'static Table| std::ptr::eq(table, other);
    let at = |name: &str| position(map, name, pos);
    if is(&D2) {
        one_unix_socket(checker, map);
        if text(map, "ncr-protocol").is_some_and(|word| word.eq_ignore_ascii_case("TCP")) {
            checker.unsupported(&at("ncr-protocol"), "ncr-protocol : TCP is not yet supported");
        }
        unique(checker, list(map, "tsig-keys"), "Duplicate TSIG key name specified : ");
    } else if is(&DIRECTION) {
        unique(checker, list(map, "ddns-domains"), "Duplicate domain specified:");
    } else if is(&DDNS_DOMAIN) {
        if text(map, "name") == Some("") {
            checker.fault(&at("name"), "Ddns domain name cannot be blank");
        }
        if map.contains_key("dns-servers") && list(map, "dns-servers").is_empty() {
            checker.fault(&at("dns-servers"), "DNS server list cannot be empty");
        }
    } else if is(&DNS_SERVER) {
        if text(map, "hostname").is_some_and(|name| !name.is_empty()) {
            checker.unsupported(&at("hostname"), "Dns Server : hostname is not yet supported");
        }
    } else if is(&TSIG_KEY) {
        if text(map, "name") == Some("") {
            checker.fault(&at("name"), "TSIG key name cannot be blank");
        }
        if int(map, "digest-bits").is_some_and(|bits| bits % 8 != 0) {
            checker.fault(
                &at("digest-bits"),
                "TSIG key digest-bits must either be zero or a positive, multiple of eight",
            );
        }
        match (map.get("secret"), map.get("secret-file")) {
            (None, None) => checker.fault(pos, "missing parameter 'secret' or 'secret-file'"),
            (Some(_), Some(file)) => {
                checker.fault(&file.pos(), "'secret' and 'secret-file' are mutually exclusive");
            }
            (Some(one), None) | (None, Some(one)) if one.as_str() == Some("") => {
                checker.fault(&one.pos(), "TSIG key secret cannot be blank");
            }
            _ => {}
        }
    }
}

/// Names of DNS are one whatever their case, with and without the last dot.
fn unique(checker: &mut Checker, items: &[Value], text: &str) {
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        let Some(name) = item.get("name") else { continue };
        let Some(written) = name.as_str() else { continue };
        if !seen.insert(written.trim_end_matches('.').to_ascii_lowercase()) {
            checker.fault(&name.pos(), format_args!("{text}{written}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let value = json::parse(text, None, json::Limits::default()).unwrap().value;
        parse_d2(value).1.into_iter().map(|error| error.text).collect()
    }

    #[test]
    fn samples() {
        for text in [
            r#"{ "DhcpDdns": {} }"#,
            r#"{ "DhcpDdns": { "ip-address": "::1", "port": 53002, "ncr-protocol": "udp", "comment": "x",
                "control-socket": { "socket-type": "unix", "socket-name": "d2" },
                "forward-ddns": {}, "reverse-ddns": { "ddns-domains": [ { "name": "2.0.192.in-addr.arpa.",
                "key-name": "", "dns-servers": [ { "hostname": "", "ip-address": "192.0.2.1", "comment": "y" } ] } ] },
                "tsig-keys": [ { "name": "k", "algorithm": "hmac-md5", "secret-file": "k", "digest-bits": 80 } ] } }"#,
        ] {
            assert_eq!(faults(text), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn faults_are_all_reported() {
        let text = r#"{ "DhcpDdns": { "port": 0, "dns-server-timeout": 0, "ncr-protocol": "TCP", "ncr-format": "XML",
            "foo": 1, "ip-address": "nowhere",
            "forward-ddns": { "ddns-domains": [ { "name": "", "dns-servers": [] }, { "name": "a.org." },
              { "name": "b.org", "dns-servers": [ { "hostname": "ns" }, { "ip-address": "::1", "hostname": "ns2" } ] },
              { "name": "B.org.", "dns-servers": [ { "ip-address": "::1" } ] } ] },
            "tsig-keys": [ { "name": "", "algorithm": "HMAC-SHA3", "secret": "x", "secret-file": "y" },
              { "name": "n", "algorithm": "HMAC-MD5", "digest-bits": 81 } ] } }"#;
        let faults = faults(text);
        for part in [
            "port value: 0 is out of range, expected value: 1..65535",
            "'dns-server-timeout' value (0)",
            "ncr-protocol : TCP is not yet supported (<string>:1:69)",
            "unexpected constant string, expecting JSON",
            "got unexpected keyword \"foo\" in DhcpDdns map.",
            "nowhere",
            "Ddns domain name cannot be blank",
            "DNS server list cannot be empty",
            "missing parameter 'dns-servers'",
            "missing parameter 'ip-address'",
            "hostname is not yet supported",
            "Duplicate domain specified:B.org. (<string>:5:25)",
            "TSIG key name cannot be blank",
            "HMAC-SHA3",
            "'secret' and 'secret-file' are mutually exclusive",
            "multiple of eight",
            "missing parameter 'secret' or 'secret-file'",
        ] {
            assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:#?}");
        }
    }
}
