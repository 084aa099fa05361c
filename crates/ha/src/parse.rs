//! From the parameter `high-availability` to relationships. Texts of faults that programs match are Kea's.

use std::collections::BTreeMap;
use std::net::IpAddr;

use json::{Map, Value};

use crate::config::{Login, Mode, Pause, Peer, Relationship, Role, Threading, Tls, Url};
use crate::{Secrets, State};

/// A keyword, and what its value is.
enum Kind {
    Text,
    Flag,
    Number,
    Map,
    List,
}

const RELATIONSHIP: &[(&str, Kind)] = &[
    ("this-server-name", Kind::Text),
    ("mode", Kind::Text),
    ("heartbeat-delay", Kind::Number),
    ("max-response-delay", Kind::Number),
    ("max-ack-delay", Kind::Number),
    ("max-unacked-clients", Kind::Number),
    ("max-rejected-lease-updates", Kind::Number),
    ("delayed-updates-limit", Kind::Number),
    ("send-lease-updates", Kind::Flag),
    ("sync-leases", Kind::Flag),
    ("sync-timeout", Kind::Number),
    ("sync-page-limit", Kind::Number),
    ("wait-backup-ack", Kind::Flag),
    ("require-client-certs", Kind::Flag),
    ("restrict-commands", Kind::Flag),
    ("trust-anchor", Kind::Text),
    ("cert-file", Kind::Text),
    ("key-file", Kind::Text),
    ("multi-threading", Kind::Map),
    ("state-machine", Kind::Map),
    ("peers", Kind::List),
    ("user-context", Kind::Map),
    ("comment", Kind::Text),
];

const PEER: &[(&str, Kind)] = &[
    ("name", Kind::Text),
    ("url", Kind::Text),
    ("role", Kind::Text),
    ("auto-failover", Kind::Flag),
    ("basic-auth-user", Kind::Text),
    ("basic-auth-user-file", Kind::Text),
    ("basic-auth-password", Kind::Text),
    ("basic-auth-password-file", Kind::Text),
    ("trust-anchor", Kind::Text),
    ("cert-file", Kind::Text),
    ("key-file", Kind::Text),
    ("user-context", Kind::Map),
    ("comment", Kind::Text),
];

const THREADING: &[(&str, Kind)] = &[
    ("enable-multi-threading", Kind::Flag),
    ("http-dedicated-listener", Kind::Flag),
    ("http-listener-threads", Kind::Number),
    ("http-client-threads", Kind::Number),
];

const STATE_MACHINE: &[(&str, Kind)] = &[("states", Kind::List)];
const STATE: &[(&str, Kind)] = &[("state", Kind::Text), ("pause", Kind::Text)];

type Faults<T> = Result<T, String>;

/// A map whose members are of the right kinds.
struct Section<'a>(&'a Map);

impl<'a> Section<'a> {
    fn of(map: &'a Map, keywords: &[(&str, Kind)], what: &str) -> Faults<Self> {
        for (name, value) in map {
            let Some((_, kind)) = keywords.iter().find(|(keyword, _)| *keyword == name.as_str()) else {
                return Err(format!("'{}' is no parameter of {what} ({})", name.as_str(), value.key_pos()));
            };
            let (right, wanted) = match kind {
                Kind::Text => (value.as_str().is_some(), "a string"),
                Kind::Flag => (value.as_bool().is_some(), "a boolean"),
                Kind::Number => (value.as_int().is_some(), "an integer"),
                Kind::Map => (value.as_map().is_some(), "a map"),
                Kind::List => (value.as_list().is_some(), "a list"),
            };
            if !right {
                return Err(match name.as_str() {
                    "multi-threading" => "multi-threading configuration must be a map".to_owned(),
                    name => format!("'{name}' parameter must be {wanted} ({})", value.pos()),
                });
            }
        }
        Ok(Self(map))
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn need(&self, name: &str, what: &str) -> Faults<&'a str> {
        self.text(name).ok_or_else(|| format!("missing parameter '{name}' of {what}"))
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    fn number(&self, name: &str, default: u32) -> Faults<u32> {
        let Some(number) = self.0.get(name).and_then(Value::as_int) else { return Ok(default) };
        match u32::try_from(number) {
            Ok(number) => Ok(number),
            Err(_) if number < 0 => Err(format!("'{name}' must not be negative")),
            Err(_) => Err(format!("'{name}' must not be greater than {}", u32::MAX)),
        }
    }

    fn list(&self, name: &str) -> Option<&'a [Value]> {
        self.0.get(name).and_then(Value::as_list)
    }

    fn section(&self, name: &str, keywords: &[(&str, Kind)]) -> Faults<Option<Self>> {
        let Some(map) = self.0.get(name).and_then(Value::as_map) else { return Ok(None) };
        Section::of(map, keywords, name).map(Some)
    }
}

/// The relationships that the parameters of the library name; or what is wrong with them.
///
/// # Errors
/// Everything that is wrong, one text for each relationship.
pub fn relationships(parameters: &Map, secrets: Secrets<'_>) -> Result<Vec<Relationship>, Vec<String>> {
    let one = |text: &str| Err(vec![text.to_owned()]);
    let Some(value) = parameters.get("high-availability") else {
        return one("high-availability parameter not specified for High Availability hooks library");
    };
    if let Some((name, value)) = parameters.iter().find(|(name, _)| name.as_str() != "high-availability") {
        let text = format!("'{}' is no parameter of libdhcp_ha ({})", name.as_str(), value.key_pos());
        return Err(vec![text]);
    }
    let Some(list) = value.as_list() else { return one("HA configuration must be a list") };
    if list.is_empty() {
        return one("a list of HA configurations must not be empty");
    }
    let (mut relationships, mut faults) = (Vec::new(), Vec::new());
    for entry in list {
        let outcome = match entry.as_map() {
            Some(map) => relationship(map, secrets),
            None => Err("HA configuration for a relationship must be a map".to_owned()),
        };
        match outcome {
            Ok(relationship) => relationships.push(relationship),
            Err(fault) => faults.push(fault),
        }
    }
    if relationships.len() > 1 {
        if relationships.iter().any(|relationship| relationship.mode != Mode::HotStandby) {
            faults.push("multiple HA relationships are only supported for 'hot-standby' mode".to_owned());
        }
        let mut names: Vec<&str> =
            relationships.iter().flat_map(|r| &r.peers).map(|peer| peer.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            faults.push(format!("server names must be unique for different relationships: {}", twice[0]));
        }
    }
    if faults.is_empty() { Ok(relationships) } else { Err(faults) }
}

fn relationship(map: &Map, secrets: Secrets<'_>) -> Faults<Relationship> {
    let section = Section::of(map, RELATIONSHIP, "'high-availability'")?;
    let mode = match section.need("mode", "the HA configuration")? {
        "load-balancing" => Mode::LoadBalancing,
        "hot-standby" => Mode::HotStandby,
        "passive-backup" => Mode::PassiveBackup,
        other => return Err(format!("unsupported value '{other}' for mode parameter")),
    };
    let this = section.need("this-server-name", "the HA configuration")?;
    if this.is_empty() {
        return Err("'this-server-name' value must not be empty".to_owned());
    }
    let Some(list) = section.list("peers") else {
        return Err("'peers' parameter missing in HA configuration".to_owned());
    };
    let mut peers: Vec<Peer> = Vec::new();
    for entry in list {
        let Some(map) = entry.as_map() else { return Err("peer configuration must be a map".to_owned()) };
        let peer = peer(map, &section, secrets)?;
        if peers.iter().any(|other| other.name == peer.name) {
            return Err(format!("peer with name '{}' already specified", peer.name));
        }
        peers.push(peer);
    }
    peers.sort_by_key(|peer| peer.role);
    let Some(at) = peers.iter().position(|peer| peer.name == this) else {
        return Err(format!("no peer configuration specified for the '{this}'"));
    };
    let recovering = if mode == Mode::LoadBalancing { 100 } else { 0 };
    let relationship = Relationship {
        heartbeat_delay: section.number("heartbeat-delay", 10_000)?,
        max_response_delay: section.number("max-response-delay", 60_000)?,
        max_ack_delay: section.number("max-ack-delay", 10_000)?,
        max_unacked_clients: section.number("max-unacked-clients", 10)?,
        max_rejected_lease_updates: section.number("max-rejected-lease-updates", 10)?,
        delayed_updates_limit: section.number("delayed-updates-limit", recovering)?,
        send_lease_updates: section.flag("send-lease-updates", true),
        sync_leases: section.flag("sync-leases", true),
        sync_timeout: section.number("sync-timeout", 60_000)?,
        sync_page_limit: section.number("sync-page-limit", 10_000)?,
        wait_backup_ack: section.flag("wait-backup-ack", false),
        require_client_certs: section.flag("require-client-certs", true),
        restrict_commands: section.flag("restrict-commands", true),
        threading: threading(&section)?,
        pauses: pauses(&section)?,
        peers,
        this: at,
        mode,
    };
    fits(&relationship)?;
    Ok(relationship)
}

fn threading(section: &Section<'_>) -> Faults<Threading> {
    let section = section.section("multi-threading", THREADING)?;
    let none = Map::new();
    let section = section.unwrap_or(Section(&none));
    Ok(Threading {
        enable: section.flag("enable-multi-threading", true),
        dedicated_listener: section.flag("http-dedicated-listener", true),
        listener_threads: section.number("http-listener-threads", 0)?,
        client_threads: section.number("http-client-threads", 0)?,
    })
}

fn pauses(section: &Section<'_>) -> Faults<BTreeMap<State, Pause>> {
    let mut pauses = BTreeMap::new();
    let Some(machine) = section.section("state-machine", STATE_MACHINE)? else { return Ok(pauses) };
    for entry in machine.list("states").unwrap_or_default() {
        let Some(map) = entry.as_map() else { return Err("state configuration must be a map".to_owned()) };
        let section = Section::of(map, STATE, "'states'")?;
        let name = section.need("state", "the state configuration")?;
        let Some(state) = State::from_name(name) else { return Err(format!("unknown state {name}")) };
        let pause = match section.text("pause").unwrap_or("never") {
            "never" => Pause::Never,
            "once" => Pause::Once,
            "always" => Pause::Always,
            other => return Err(format!("unsupported value {other} of 'pause' parameter")),
        };
        if pauses.insert(state, pause).is_some() {
            return Err(format!("duplicated configuration for the '{name}' state"));
        }
    }
    Ok(pauses)
}

fn peer(map: &Map, above: &Section<'_>, secrets: Secrets<'_>) -> Faults<Peer> {
    let section = Section::of(map, PEER, "'peers'")?;
    let name = section.need("name", "a peer")?;
    if name.is_empty() {
        return Err("peer name must not be empty".to_owned());
    }
    let url = url(section.need("url", "a peer")?, name)?;
    let role = match section.need("role", "a peer")? {
        "primary" => Role::Primary,
        "secondary" => Role::Secondary,
        "standby" => Role::Standby,
        "backup" => Role::Backup,
        other => return Err(format!("unsupported value '{other}' for role parameter")),
    };
    let user = secret(&section, "basic-auth-user", "user", name, secrets)?;
    let password = secret(&section, "basic-auth-password", "password", name, secrets)?;
    let login = match user.filter(|user| !user.is_empty()) {
        Some(user) if user.contains(':') => {
            return Err(format!("user '{user}' must not contain a ':' in peer '{name}'"));
        }
        Some(user) => Some(Login { user, password: password.unwrap_or_default() }),
        None => None,
    };
    let tls = tls(&section, above).map_err(|fault| format!("bad TLS config for server {name}: {fault}"))?;
    if url.encrypted && tls.is_none() {
        return Err(format!(
            "bad url '{}': https scheme is not supported for server {name} where TLS is disabled",
            url.text
        ));
    }
    let auto_failover = section.flag("auto-failover", true);
    Ok(Peer { name: name.to_owned(), url, role, auto_failover, login, tls })
}

/// A text that is in the configuration, or in the first line of a file that it names.
fn secret(
    section: &Section<'_>,
    keyword: &str,
    what: &str,
    peer: &str,
    secrets: Secrets<'_>,
) -> Faults<Option<String>> {
    let file = format!("{keyword}-file");
    match (section.text(keyword), section.text(&file)) {
        (Some(_), Some(_)) => {
            Err(format!("only one of {keyword} and {file} parameter can be configured in peer '{peer}'"))
        }
        (Some(text), None) => Ok(Some(text.to_owned())),
        (None, Some(path)) => match secrets(path) {
            Ok(text) => Ok(Some(text.lines().next().unwrap_or_default().to_owned())),
            Err(why) => Err(format!("bad {what} file in peer '{peer}': {why}")),
        },
        (None, None) => Ok(None),
    }
}

/// What a peer says of TLS, else what is said for all; an empty text is none.
fn tls(section: &Section<'_>, above: &Section<'_>) -> Faults<Option<Tls>> {
    let file = |name: &str| {
        let text = section.text(name).or_else(|| above.text(name));
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let missing = |name: &str| {
        Err(format!("{name} parameter is missing or empty: all or none of TLS parameters must be set"))
    };
    match (file("trust-anchor"), file("cert-file"), file("key-file")) {
        (None, None, None) => Ok(None),
        (Some(trust_anchor), Some(cert_file), Some(key_file)) => {
            Ok(Some(Tls { trust_anchor, cert_file, key_file }))
        }
        (None, ..) => missing("trust-anchor"),
        (_, None, _) => missing("cert-file"),
        (.., None) => missing("key-file"),
    }
}

/// `http://192.0.2.1:8000/`, `https://[2001:db8::1]:8443/`
fn url(text: &str, peer: &str) -> Faults<Url> {
    let bad = |why: &str| format!("bad url '{text}': {why} for server {peer}");
    let (encrypted, rest) = match text.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        _ => return Err(format!("invalid URL: '{text}' is neither of http nor of https for server {peer}")),
    };
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (address, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':')),
        None => host.split_once(':').map_or((host, None), |(address, port)| (address, Some(port))),
    };
    let address: IpAddr =
        address.parse().map_err(|_| bad(&format!("'{address}' is not a valid IP address")))?;
    let port = match port {
        None if encrypted => 443,
        None => 80,
        Some(port) => port.parse().map_err(|_| bad(&format!("'{port}' is not a port")))?,
    };
    Ok(Url { text: text.to_owned(), encrypted, address, port, path: path.to_owned() })
}

/// Whether roles and parameters are those of the mode.
fn fits(relationship: &Relationship) -> Faults<()> {
    let count = |role: Role| relationship.peers.iter().filter(|peer| peer.role == role).count();
    for role in [Role::Primary, Role::Secondary, Role::Standby] {
        if count(role) > 1 {
            return Err(format!("multiple {} servers specified", role.name()));
        }
    }
    let (title, needed, foreign): (_, &[Role], &[Role]) = match relationship.mode {
        Mode::LoadBalancing => ("load balancing", &[Role::Secondary, Role::Primary], &[Role::Standby]),
        Mode::HotStandby => ("hot standby", &[Role::Standby, Role::Primary], &[Role::Secondary]),
        Mode::PassiveBackup => ("passive backup", &[Role::Primary], &[Role::Secondary, Role::Standby]),
    };
    if let Some(role) = foreign.iter().find(|role| count(**role) > 0) {
        return Err(format!("{} servers not allowed in the {title} configuration", role.name()));
    }
    if let Some(role) = needed.iter().find(|role| count(**role) == 0) {
        return Err(format!("{} server required in the {title} configuration", role.name()));
    }
    if relationship.mode != Mode::PassiveBackup && relationship.wait_backup_ack {
        return Err(format!("'wait-backup-ack' must be set to false in the {title} configuration"));
    }
    if relationship.mode != Mode::LoadBalancing && relationship.delayed_updates_limit > 0 {
        return Err(format!("'delayed-updates-limit' must be set to 0 in the {title} configuration"));
    }
    if relationship.sync_page_limit == 0 {
        return Err("'sync-page-limit' must not be 0".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Relationship>, Vec<String>> {
        let value = json::parse_command(text.as_bytes(), json::Limits::default()).unwrap();
        relationships(value.as_map().unwrap(), &|path| match path {
            "secret" => Ok("1234\nrest".to_owned()),
            _ => Err("no such file".to_owned()),
        })
    }

    fn pair(more: &str, one: &str, other: &str) -> String {
        format!(
            r#"{{ "high-availability": [ {{ "this-server-name": "server1", {more}
                "peers": [ {{ "name": "server2", "url": "http://[2001:db8::2]:8005/", {other} }},
                           {{ "name": "server1", "url": "http://192.0.2.1:8005/", {one} }} ] }} ] }}"#
        )
    }

    const HOT: &str = r#""mode": "hot-standby","#;
    const PRIMARY: &str = r#""role": "primary""#;
    const STANDBY: &str = r#""role": "standby""#;

    #[test]
    fn what_is_not_written_has_its_default() {
        let relationships = parsed(&pair(HOT, PRIMARY, STANDBY)).unwrap();
        let [relationship] = relationships.as_slice() else { panic!() };
        assert_eq!(relationship.own().name, "server1");
        let (at, partner) = relationship.partner().unwrap();
        assert_eq!((at, partner.url.address), (1, "2001:db8::2".parse::<IpAddr>().unwrap()));
        assert_eq!((partner.url.port, partner.url.path.as_str()), (8005, "/"));
        assert_eq!(relationship.heartbeat_delay, 10_000);
        assert_eq!(relationship.delayed_updates_limit, 0);
        assert!(relationship.listens() && relationship.restrict_commands);
        assert_eq!(relationship.normal_state(), State::HotStandby);
    }

    #[test]
    fn secrets_and_pauses() {
        let text = pair(
            r#""mode": "load-balancing", "trust-anchor": "a", "cert-file": "c", "key-file": "k",
               "state-machine": { "states": [ { "state": "ready", "pause": "once" } ] },"#,
            PRIMARY,
            r#""role": "secondary", "basic-auth-user": "u", "basic-auth-password-file": "secret", "cert-file": "own""#,
        );
        let relationship = parsed(&text).unwrap().remove(0);
        assert_eq!(relationship.pauses.get(&State::Ready), Some(&Pause::Once));
        assert_eq!(relationship.delayed_updates_limit, 100);
        let (_, partner) = relationship.partner().unwrap();
        assert_eq!(partner.login, Some(Login { user: "u".to_owned(), password: "1234".to_owned() }));
        assert!(!format!("{relationship:?}").contains("1234"));
        assert_eq!(partner.tls.as_ref().unwrap().cert_file, "own");
        assert_eq!(partner.tls.as_ref().unwrap().key_file, "k");
    }

    #[test]
    fn each_fault_is_named() {
        for (text, fault) in [
            (
                "{}".to_owned(),
                "high-availability parameter not specified for High Availability hooks library",
            ),
            (r#"{ "high-availability": {} }"#.to_owned(), "HA configuration must be a list"),
            (r#"{ "high-availability": [] }"#.to_owned(), "a list of HA configurations must not be empty"),
            (pair(r#""mode": "x","#, PRIMARY, STANDBY), "unsupported value 'x' for mode parameter"),
            (pair(HOT, PRIMARY, PRIMARY), "multiple primary servers specified"),
            (
                pair(HOT, PRIMARY, r#""role": "secondary""#),
                "secondary servers not allowed in the hot standby configuration",
            ),
            (
                pair(HOT, PRIMARY, r#""role": "backup""#),
                "standby server required in the hot standby configuration",
            ),
            (
                pair(r#""mode": "hot-standby", "delayed-updates-limit": 5,"#, PRIMARY, STANDBY),
                "'delayed-updates-limit' must be set to 0 in the hot standby configuration",
            ),
            (
                pair(r#""mode": "hot-standby", "wait-backup-ack": true,"#, PRIMARY, STANDBY),
                "'wait-backup-ack' must be set to false in the hot standby configuration",
            ),
            (
                pair(r#""mode": "hot-standby", "heartbeat-delay": -1,"#, PRIMARY, STANDBY),
                "'heartbeat-delay' must not be negative",
            ),
            (
                pair(r#""mode": "hot-standby", "key-file": "k","#, PRIMARY, STANDBY),
                "bad TLS config for server server2: trust-anchor parameter is missing or empty: all or none of TLS \
                 parameters must be set",
            ),
            (
                pair(HOT, PRIMARY, r#""role": "standby", "basic-auth-user-file": "gone""#),
                "bad user file in peer 'server2': no such file",
            ),
        ] {
            assert_eq!(parsed(&text), Err(vec![fault.to_owned()]), "{text}");
        }
        let unknown =
            parsed(&pair(r#""mode": "hot-standby", "heart-beat": 1,"#, PRIMARY, STANDBY)).unwrap_err();
        assert!(unknown[0].starts_with("'heart-beat' is no parameter of 'high-availability'"), "{unknown:?}");
    }

    #[test]
    fn addresses_of_servers() {
        let of = |text: &str| url(text, "s").map(|url| (url.encrypted, url.address.to_string(), url.port));
        assert_eq!(of("http://192.0.2.1"), Ok((false, "192.0.2.1".to_owned(), 80)));
        assert_eq!(of("https://[::1]/"), Ok((true, "::1".to_owned(), 443)));
        assert_eq!(of("http://[::1]:7/x"), Ok((false, "::1".to_owned(), 7)));
        for bad in ["", "ftp://192.0.2.1/", "http://example.com/", "http://192.0.2.1:x/", "http://[::1:80/"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
