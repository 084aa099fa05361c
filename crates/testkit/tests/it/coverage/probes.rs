//! Probes: keywords that may stand at several places, each with the scenario that misses them.
//!
//! A file of probes (`tests/coverage/dhcp4.probes`) has blocks of lines, with `#` for comments:
//!
//! * `probe TITLE` begins one, `at PLACE...` says where its keywords are put, one place after the other.
//! * `set MEMBERS`: the keywords. `global MEMBERS`, `subnet MEMBERS`: what is there beside them, always.
//! * `class MAP`: a class that is defined before all others. `client MEMBER`: how the reservation knows its client.
//! * All other lines are the steps of a scenario (`testkit::scenario`).
//!
//! The places are those of [`frame`]; what is around them is one subnet with one pool, and two clients, `a` and `b`.

use std::fmt::Write;

use base::Family;

#[derive(Debug, Default)]
pub(crate) struct Probe {
    title: String,
    places: Vec<String>,
    set: Vec<String>,
    global: Vec<String>,
    subnet: Vec<String>,
    classes: Vec<String>,
    client: Option<String>,
    steps: String,
}

/// The probes of a file.
pub(crate) fn parse(text: &str) -> Result<Vec<Probe>, String> {
    let mut probes: Vec<Probe> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "probe" {
            probes.push(Probe { title: rest.to_owned(), ..Probe::default() });
            continue;
        }
        let probe = probes.last_mut().ok_or_else(|| format!("'{line}' before the first probe"))?;
        match word {
            "at" => probe.places.extend(rest.split(' ').map(str::to_owned)),
            "set" => probe.set.push(rest.to_owned()),
            "global" => probe.global.push(rest.to_owned()),
            "subnet" => probe.subnet.push(rest.to_owned()),
            "class" => probe.classes.push(rest.to_owned()),
            "client" => probe.client = Some(rest.to_owned()),
            _ => {
                probe.steps.push_str(line);
                probe.steps.push('\n');
            }
        }
    }
    Ok(probes)
}

impl Probe {
    /// The probe at each of its places: the place, and the text of a scenario file.
    pub(crate) fn scenarios(&self, family: Family) -> impl Iterator<Item = (String, String)> {
        self.places.iter().map(move |place| {
            let name = format!("{} ({place})", self.title);
            let text = format!(
                "{}config {{\n{}\n}}\n{}scenario {name}\n{}",
                if family == Family::V6 { "dhcp6\n" } else { "" },
                frame(family, place, self),
                clients(family),
                self.steps
            );
            (name, text)
        })
    }
}

fn clients(family: Family) -> &'static str {
    match family {
        Family::V4 => "client a hw=08:00:2b:00:00:0a\nclient b hw=08:00:2b:00:00:0b\n",
        Family::V6 => {
            "client a duid=00:03:00:01:02:00:00:00:00:0a\nclient b duid=00:03:00:01:02:00:00:00:00:0b\n"
        }
    }
}

/// The members of a configuration with the keywords at a place.
fn frame(family: Family, place: &str, probe: &Probe) -> String {
    let digit = if family == Family::V4 { '4' } else { '6' };
    let set = probe.set.join(", ");
    let here = |places: &[&str]| if places.contains(&place) { vec![set.clone()] } else { Vec::new() };
    // Maps in the order in which they hold each other.
    let host = match family {
        Family::V4 => r#""hw-address": "08:00:2b:00:00:0a""#,
        Family::V6 => r#""duid": "00:03:00:01:02:00:00:00:00:0a""#,
    };
    let host = probe.client.as_deref().unwrap_or(host);
    let reservations = || vec![format!(r#""reservations": [ {{ {host}, {set} }} ]"#)];
    let (subnet, pool, listens) = match family {
        Family::V4 => ("192.0.2.0/24", "192.0.2.10 - 192.0.2.20", ""),
        Family::V6 => ("2001:db8:1::/64", "2001:db8:1::10 - 2001:db8:1::1f", r#", "interface": "eth0""#),
    };
    let listens =
        if [r#""interface"#, r#""relay""#].iter().any(|word| set.contains(word)) { "" } else { listens };
    let pool = members([vec![format!(r#""pool": "{pool}""#)], here(&["pool", "network-pool"])]);
    let mut inner = vec![
        vec![format!(r#""id": 1, "subnet": "{subnet}"{listens}, "pools": [ {pool} ]"#)],
        probe.subnet.clone(),
        here(&["subnet", "network-subnet"]),
    ];
    if family == Family::V6 {
        let prefixes = r#""prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56"#.to_owned();
        let prefixes = members([vec![prefixes], here(&["pd-pool", "network-pd-pool"])]);
        inner.push(vec![format!(r#""pd-pools": [ {prefixes} ]"#)]);
    }
    if ["host", "network-host"].contains(&place) {
        inner.push(reservations());
    }
    let subnet = format!(r#""subnet{digit}": [ {} ]"#, members(inner));
    let outer = if place.starts_with("network") {
        let name = vec![r#""name": "net""#.to_owned(), subnet];
        format!(r#""shared-networks": [ {} ]"#, members([name, here(&["network"])]))
    } else {
        subnet
    };
    let mut all = vec![probe.global.clone(), here(&["global"]), vec![outer]];
    if place == "global-host" {
        all.push(vec![r#""reservations-global": true"#.to_owned()]);
        all.push(reservations());
    }
    let maps =
        [("ddns", "dhcp-ddns"), ("interfaces", "interfaces-config"), ("expiry", "expired-leases-processing")];
    for (_, map) in maps.iter().filter(|(name, _)| *name == place) {
        all.push(vec![format!(r#""{map}": {{ {set} }}"#)]);
    }
    let mut classes = probe.classes.join(", ");
    if place == "class" {
        let comma = if classes.is_empty() { "" } else { ", " };
        let _ = write!(classes, r#"{comma}{{ "name": "placed", "test": "member('ALL')", {set} }}"#);
    }
    if !classes.is_empty() {
        all.push(vec![format!(r#""client-classes": [ {classes} ]"#)]);
    }
    all.concat().join(", ")
}

fn members(parts: impl IntoIterator<Item = Vec<String>>) -> String {
    format!("{{ {} }}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}
