//! The DNS update server's configuration, ready to run on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use base::Family;
use json::{Map, Pos, Value};

use super::service::{self, hooks_libraries};
use super::{Context, ResolveEnv};
use crate::error::{ConfigError, ErrorKind};
use crate::keywords::D2;
use crate::parse::objects::{int, list, text};
use crate::parse::position;
use crate::{ControlSocket, HookLibrary, Logger};

/// Realm of the `authentication` map when it names none.
const REALM: &str = "kea-dhcp-ddns-server";

/// What kea-dhcp-ddns runs on.
#[derive(Clone, Debug, PartialEq)]
pub struct D2Config {
    /// Where requests are taken.
    pub listen: SocketAddr,
    /// Milliseconds.
    pub dns_server_timeout: u32,
    pub tsig_keys: Vec<TsigKey>,
    pub forward: Vec<DdnsDomain>,
    pub reverse: Vec<DdnsDomain>,
    pub control_sockets: Vec<ControlSocket>,
    pub hooks_libraries: Vec<HookLibrary>,
    pub loggers: Vec<Logger>,
}

/// An entry of `tsig-keys`.
#[derive(Clone, PartialEq, Eq)]
pub struct TsigKey {
    pub name: String,
    pub algorithm: String,
    /// Of `secret`, or what is in `secret-file`: base64.
    pub secret: String,
    pub digest_bits: u32,
    pub pos: Pos,
}

impl std::fmt::Debug for TsigKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the secret.
        write!(f, "TsigKey({}, {}, {})", self.name, self.algorithm, self.digest_bits)
    }
}

/// An entry of `ddns-domains`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DdnsDomain {
    /// `*` is any.
    pub name: String,
    pub servers: Vec<DnsServer>,
    pub pos: Pos,
}

/// An entry of `dns-servers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsServer {
    pub address: SocketAddr,
    /// Place in [`D2Config::tsig_keys`], its own or its domain's.
    pub key: Option<usize>,
}

/// From the map that [`parse_d2`](crate::parse_d2) checked. What is faulty takes its default, so that the caller can
/// look for more to complain about.
#[must_use]
pub fn resolve_d2(map: &Map, env: &ResolveEnv) -> (D2Config, Vec<ConfigError>) {
    let mut ctx = Context::new(env, Family::V4);
    let number = |name: &str| int(map, name).or_else(|| D2.get(name)?.default.value()?.as_int()).unwrap_or(0);
    ctx.enter("tsig-keys");
    let tsig_keys: Vec<TsigKey> =
        list(map, "tsig-keys").iter().filter_map(|key| tsig_key(&mut ctx, key)).collect();
    let names: Vec<&str> =
        list(map, "tsig-keys").iter().filter_map(|key| key.get("name")?.as_str()).collect();
    let keys = Keys { known: &tsig_keys, names: &names };
    let mut domains = |direction: &'static str| -> Vec<DdnsDomain> {
        ctx.enter(direction);
        let empty = Map::new();
        let holder = map.get(direction).and_then(Value::as_map).unwrap_or(&empty);
        list(holder, "ddns-domains").iter().filter_map(|value| domain(&mut ctx, value, &keys)).collect()
    };
    let (forward, reverse) = (domains("forward-ddns"), domains("reverse-ddns"));
    ctx.enter("control-sockets");
    let control_sockets = service::control_sockets(&mut ctx, list(map, "control-sockets"), REALM);
    let address = text(map, "ip-address").and_then(|address| address.parse().ok());
    let config = D2Config {
        listen: SocketAddr::new(
            address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            u16::try_from(number("port")).unwrap_or(0),
        ),
        dns_server_timeout: u32::try_from(number("dns-server-timeout")).unwrap_or(u32::MAX),
        tsig_keys,
        forward,
        reverse,
        control_sockets,
        hooks_libraries: hooks_libraries(map),
        loggers: service::loggers(map),
    };
    (config, ctx.errors)
}

fn tsig_key(ctx: &mut Context<'_>, value: &Value) -> Option<TsigKey> {
    let map = value.as_map()?;
    let secret = match (map.get("secret"), map.get("secret-file")) {
        (_, Some(file)) => {
            let path = file.as_str()?;
            match (ctx.env.read_secret)(Path::new(path)) {
                Ok(secret) if !secret.is_empty() => secret,
                Ok(_) => {
                    ctx.fault(&file.pos(), format_args!("tsig-key : Expected '{path}' to not be empty"));
                    return None;
                }
                Err(why) => {
                    ctx.fault(
                        &file.pos(),
                        format_args!("tsig-key : cannot read secret-file '{path}': {why}"),
                    );
                    return None;
                }
            }
        }
        (Some(secret), None) => {
            if !ctx.env.relaxed {
                let text = "use of clear text TSIG 'secret' is NOT SECURE";
                ctx.push(ConfigError::at(&secret.pos(), text).kind(ErrorKind::Security));
                return None;
            }
            secret.as_str()?.to_owned()
        }
        (None, None) => return None,
    };
    Some(TsigKey {
        name: text(map, "name")?.to_owned(),
        algorithm: text(map, "algorithm")?.to_owned(),
        secret,
        digest_bits: int(map, "digest-bits").and_then(|bits| u32::try_from(bits).ok()).unwrap_or(0),
        pos: value.pos(),
    })
}

/// The keys that can be used, and the names of all: a key that has a fault of its own is not unknown as well.
struct Keys<'a> {
    known: &'a [TsigKey],
    names: &'a [&'a str],
}

fn domain(ctx: &mut Context<'_>, value: &Value, keys: &Keys<'_>) -> Option<DdnsDomain> {
    let map = value.as_map()?;
    let own = key(ctx, map, &value.pos(), keys, "DdnsDomain");
    let servers = list(map, "dns-servers").iter().filter_map(|value| {
        let map = value.as_map()?;
        let port = int(map, "port").unwrap_or(53);
        Some(DnsServer {
            address: SocketAddr::new(text(map, "ip-address")?.parse().ok()?, u16::try_from(port).ok()?),
            key: key(ctx, map, &value.pos(), keys, "Dns Server").or(own),
        })
    });
    let servers = servers.collect();
    Some(DdnsDomain {
        name: text(map, "name")?.to_owned(),
        servers,
        pos: position(map, "name", &value.pos()),
    })
}

/// The key that `key-name` names, if it names one.
fn key(ctx: &mut Context<'_>, map: &Map, pos: &Pos, keys: &Keys<'_>, holder: &str) -> Option<usize> {
    let name = text(map, "key-name").filter(|name| !name.is_empty())?;
    let found = keys.known.iter().position(|key| key.name == name);
    if found.is_none() && !keys.names.contains(&name) {
        let at = position(map, "key-name", pos);
        ctx.fault(&at, format_args!("{holder} : specifies an undefined key: {name}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn resolve(text: &str, relaxed: bool) -> (D2Config, Vec<String>) {
        let value = json::parse(text, None, json::Limits::default()).unwrap().value;
        let (map, errors) = crate::parse_d2(value);
        assert!(errors.is_empty(), "{errors:?}");
        let read_secret = Arc::new(|path: &Path| match path.to_str() {
            Some("/keys/a") => Ok("c2VjcmV0".to_owned()),
            Some("/keys/empty") => Ok(String::new()),
            _ => Err("not found".to_owned()),
        });
        let (config, errors) =
            resolve_d2(&map, &ResolveEnv { relaxed, read_secret, ..ResolveEnv::default() });
        (config, errors.into_iter().map(|error| error.text).collect())
    }

    #[test]
    fn defaults() {
        let (config, errors) = resolve(r#"{ "DhcpDdns": {} }"#, false);
        assert_eq!(errors, [] as [&str; 0]);
        assert_eq!(config.listen, SocketAddr::from(([127, 0, 0, 1], 53001)));
        assert_eq!((config.dns_server_timeout, config.forward.len(), config.reverse.len()), (500, 0, 0));
    }

    #[test]
    fn a_servers_key_goes_before_its_domains() {
        let (config, errors) = resolve(
            r#"{ "DhcpDdns": { "forward-ddns": { "ddns-domains": [
                { "name": "a.org.", "key-name": "foo", "dns-servers": [
                    { "ip-address": "192.0.2.1" }, { "ip-address": "2001:db8::1", "port": 5353, "key-name": "bar" } ] },
                { "name": "b.org.", "dns-servers": [ { "ip-address": "192.0.2.1", "key-name": "" } ] } ] },
              "tsig-keys": [ { "name": "foo", "algorithm": "hmac-md5", "secret-file": "/keys/a" },
                { "name": "bar", "algorithm": "HMAC-SHA224", "digest-bits": 112, "secret": "c2VjcmV0Mg==" } ] } }"#,
            true,
        );
        assert_eq!(errors, [] as [&str; 0]);
        let server = |address: &str, key| DnsServer { address: address.parse().unwrap(), key };
        let servers: Vec<&[DnsServer]> = config.forward.iter().map(|domain| &*domain.servers).collect();
        assert_eq!(
            servers,
            [
                &[server("192.0.2.1:53", Some(0)), server("[2001:db8::1]:5353", Some(1))][..],
                &[server("192.0.2.1:53", None)],
            ]
        );
        assert_eq!(config.tsig_keys[1].secret, "c2VjcmV0Mg==");
        assert!(!format!("{config:?}").contains("c2VjcmV0"), "no secret is shown");
    }

    #[test]
    fn what_is_not_there() {
        let text = r#"{ "DhcpDdns": { "forward-ddns": { "ddns-domains": [ { "name": "a.org.", "key-name": "foo",
            "dns-servers": [ { "ip-address": "::1", "key-name": "clear" }, { "ip-address": "::1", "key-name": "bar" } ] } ] },
            "tsig-keys": [ { "name": "clear", "algorithm": "HMAC-MD5", "secret": "c2VjcmV0" },
              { "name": "gone", "algorithm": "HMAC-MD5", "secret-file": "/keys/gone" },
              { "name": "empty", "algorithm": "HMAC-MD5", "secret-file": "/keys/empty" } ] } }"#;
        let (_, errors) = resolve(text, false);
        for part in [
            "DdnsDomain : specifies an undefined key: foo (<string>:1:",
            "Dns Server : specifies an undefined key: bar (<string>:2:",
            "use of clear text TSIG 'secret' is NOT SECURE (<string>:3:",
            "cannot read secret-file '/keys/gone': not found (<string>:4:",
            "Expected '/keys/empty' to not be empty",
        ] {
            assert!(errors.iter().any(|error| error.contains(part)), "{part}: {errors:#?}");
        }
        assert_eq!(errors.len(), 5, "{errors:#?}");
        assert!(!errors.concat().contains("c2VjcmV0"), "no secret is shown");
    }
}
