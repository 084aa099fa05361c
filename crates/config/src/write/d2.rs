//! `config-get` of the DNS update server.

use json::{Kind, Map, Value};

use super::{digest, fill, loggers};
use crate::keywords::{D2, DIRECTION, DNS_SERVER, TSIG_KEY, Table, Type};

/// The `DhcpDdns` map of `config-get`, from the map that [`parse_d2`](crate::parse_d2) checked: with the defaults that
/// Kea spells out. Reading it back gives the same configuration, so secrets in clear text are in it, as in Kea.
#[must_use]
pub fn write_d2(map: &Map) -> Value {
    let mut out = Map::new();
    for keyword in D2.keywords {
        let own = map.get(keyword.name);
        let value = match keyword.kind {
            Type::Maps(_) if keyword.name == "loggers" => loggers(own),
            _ => own.cloned().or_else(|| keyword.default.value()),
        };
        if let Some(value) = value {
            out.insert(keyword.name, value);
        }
    }
    for direction in ["forward-ddns", "reverse-ddns"] {
        let Some(map) = out.get_mut(direction).and_then(Value::as_map_mut) else { continue };
        fill(&DIRECTION, map, &["ddns-domains"]);
        each(map, "ddns-domains", |domain| {
            unnamed(domain);
            each(domain, "dns-servers", |server| {
                unnamed(server);
                all(&DNS_SERVER, server);
            });
        });
    }
    each(&mut out, "tsig-keys", |key| all(&TSIG_KEY, key));
    out.into()
}

/// The arguments of a `config-get` answer: `DhcpDdns` and `hash`; and the hash.
#[must_use]
pub fn config_get_d2(map: &Map) -> (Value, String) {
    let config = write_d2(map);
    let hash = digest(D2.name, &json::to_string(&config));
    (Value::from([(D2.name, config), ("hash", hash.as_str().into())]), hash)
}

/// No key and a key without a name are the same; Kea shows the former.
fn unnamed(map: &mut Map) {
    if map.get("key-name").and_then(Value::as_str) == Some("") {
        map.remove("key-name");
    }
}

fn all(table: &Table, map: &mut Map) {
    let names: Vec<&str> = table.keywords.iter().map(|keyword| keyword.name).collect();
    fill(table, map, &names);
}

fn each(map: &mut Map, name: &str, mut visit: impl FnMut(&mut Map)) {
    let Some(Kind::List(list)) = map.get_mut(name).map(|value| &mut value.kind) else { return };
    list.iter_mut().filter_map(Value::as_map_mut).for_each(&mut visit);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Map {
        let value = json::parse(text, None, json::Limits::default()).unwrap().value;
        let (map, errors) = crate::parse_d2(value);
        assert!(errors.is_empty(), "{errors:?}");
        map
    }

    #[test]
    fn what_is_written_is_read() {
        let map = parsed(
            r#"{ "DhcpDdns": { "control-socket": { "socket-type": "unix", "socket-name": "d2" }, "comment": "x",
                "forward-ddns": { "ddns-domains": [ { "name": "a.org.", "key-name": "", "dns-servers": [
                    { "ip-address": "192.0.2.1" } ] } ] },
                "tsig-keys": [ { "name": "k", "algorithm": "HMAC-MD5", "secret": "c2VjcmV0" } ] } }"#,
        );
        let (answer, hash) = config_get_d2(&map);
        let expected = r#"{ "DhcpDdns": { "control-sockets": [ { "socket-type": "unix", "socket-name": "d2" } ],
            "dns-server-timeout": 500,
            "forward-ddns": { "ddns-domains": [ { "name": "a.org.", "dns-servers": [
                { "hostname": "", "ip-address": "192.0.2.1", "port": 53 } ] } ] },
            "hooks-libraries": [], "ip-address": "127.0.0.1", "ncr-format": "JSON", "ncr-protocol": "UDP", "port": 53001,
            "reverse-ddns": { "ddns-domains": [] },
            "tsig-keys": [ { "name": "k", "algorithm": "HMAC-MD5", "digest-bits": 0, "secret": "c2VjcmV0" } ],
            "user-context": { "comment": "x" } } }"#;
        let expected = json::parse(expected, None, json::Limits::default()).unwrap().value;
        assert_eq!(
            answer.get("DhcpDdns").map(json::to_string),
            expected.get("DhcpDdns").map(json::to_string)
        );
        assert_eq!(hash.len(), 64);
        let (again, errors) = crate::parse_d2_arguments(answer);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(config_get_d2(&again).1, hash);
    }
}
