//! What plays of both families have in common.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use base::Timestamp;
use lease::LeaseState;
use lease::LegalEntry;
use ncr::NameChangeRequest;

use super::parse::{File, Scenario, Step};
use super::{Keys, Played, value};

/// What did not happen as written.
#[derive(Clone, Debug)]
pub struct Failure {
    /// File and line.
    pub place: String,
    pub title: String,
    pub text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.title, self.text)
    }
}

pub(super) const STATES: [(LeaseState, &str); 5] = [
    (LeaseState::Default, "default"),
    (LeaseState::Declined, "declined"),
    (LeaseState::ExpiredReclaimed, "expired-reclaimed"),
    (LeaseState::Released, "released"),
    (LeaseState::Registered, "registered"),
];

/// A scenario that is being played.
pub(super) trait Play: Sized {
    fn step(&mut self, step: &Step) -> Result<(), String>;
    /// The line of the last step as it would be right, once.
    fn rewrite(&mut self) -> Option<String>;
    /// What is to be said when it is over.
    fn end(&mut self) -> Result<(), String>;
}

/// Plays all scenarios of a file.
pub(super) fn play_all<P: Play>(
    file: &File,
    path: &Path,
    new: impl Fn(&Scenario) -> Result<P, String>,
) -> Played {
    let mut played = Played::default();
    for scenario in &file.scenarios {
        let fail = |line: usize, text: String| Failure {
            place: format!("{}:{line}", path.display()),
            title: scenario.title.clone(),
            text,
        };
        match new(scenario) {
            Ok(mut play) => {
                for (line, step) in &scenario.steps {
                    if let Err(text) = play.step(step) {
                        played.failures.push(fail(*line, text));
                    }
                    played.rewrites.extend(play.rewrite().map(|text| (*line, text)));
                }
                if let Err(text) = play.end() {
                    played.failures.push(fail(scenario.line, text));
                }
            }
            Err(text) => played.failures.push(fail(scenario.line, text)),
        }
    }
    played
}

/// Compares what was expected with what came: its name and, by key, its values, which `get` gives in the look of the
/// expected ones. Its third argument tells how many times the key stood before.
pub(super) fn compare(
    text: &str,
    (kind, name): (&str, &str),
    keys: &Keys,
    main: Vec<String>,
    get: impl Fn(&str, &str, usize) -> Result<String, String>,
    rewrite: &mut Option<String>,
) -> Result<(), String> {
    let keys = if kind == name { keys } else { &[] };
    let mut wrong = if kind == name { Vec::new() } else { vec![format!("expected {kind}, got {name}")] };
    let mut right = vec![format!("expect {name}")];
    if kind != name {
        right.extend(main);
    }
    for (at, (key, expected)) in keys.iter().enumerate() {
        let before = keys.iter().take(at).filter(|(other, _)| other == key).count();
        let actual = get(key, expected, before)?;
        let equal = *expected == actual
            || key.parse::<u16>().is_ok()
                && expected != "!"
                && actual != "!"
                && value::parse(expected)? == value::parse(&actual)?;
        if !equal {
            wrong.push(format!("{key}: expected {expected}, got {actual}"));
        }
        let kept = if equal { expected } else { &actual };
        right.push(match (key.as_str(), kept.as_str()) {
            ("reason", reason) => reason.to_owned(),
            (code, "!") => format!("!{code}"),
            (key, value) => format!("{key}={value}"),
        });
    }
    if wrong.is_empty() {
        return Ok(());
    }
    *rewrite = Some(right.join(" "));
    Err(format!("{text}\n    {}", wrong.join("\n    ")))
}

/// Compares the values of a lease, which `get` gives in the look of the expected ones.
pub(super) fn compare_lease(
    text: &str,
    address: IpAddr,
    keys: &Keys,
    octets: &[&str],
    get: impl Fn(&str, &str) -> Result<String, String>,
    rewrite: &mut Option<String>,
) -> Result<(), String> {
    let (mut wrong, mut right) = (Vec::new(), vec![format!("lease {address}")]);
    for (key, expected) in keys {
        let actual = get(key, expected)?;
        let equal = *expected == actual
            || octets.contains(&key.as_str())
                && expected != "none"
                && actual != "none"
                && value::parse(expected)? == value::parse(&actual)?;
        if !equal {
            wrong.push(format!("{key}: expected {expected}, got {actual}"));
        }
        right.push(format!("{key}={}", if equal { expected } else { &actual }));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    *rewrite = Some(right.join(" "));
    Err(format!("{text}\n    {}", wrong.join("\n    ")))
}

/// Which directions DNS was told of.
pub(super) fn directions(forward: bool, reverse: bool) -> String {
    match (forward, reverse) {
        (true, true) => "fwd,rev",
        (true, false) => "fwd",
        (false, true) => "rev",
        (false, false) => "none",
    }
    .to_owned()
}

/// Compares the oldest request that nobody has looked at.
pub(super) fn ncr(
    request: Option<NameChangeRequest>,
    now: Timestamp,
    text: &str,
    (change, address): (&str, IpAddr),
    keys: &Keys,
    rewrite: &mut Option<String>,
) -> Result<(), String> {
    let Some(request) = request else {
        *rewrite = Some("no ncr".to_owned());
        return Err("there is no request".to_owned());
    };
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let made = match request.change {
        ncr::Change::Add => "add",
        ncr::Change::Remove => "remove",
    };
    let right_place = (change, address) == (made, request.address);
    let (mut wrong, mut right) = (Vec::new(), vec![format!("ncr {made} {}", request.address)]);
    for (key, expected) in keys {
        let actual = match key.as_str() {
            "fqdn" => request.fqdn.to_string(),
            "fwd" => yes(request.forward),
            "rev" => yes(request.reverse),
            "ttl" => request.ttl.to_string(),
            "mode" => request.conflict_resolution.as_str().to_owned(),
            "dhcid" => request.dhcid.to_string(),
            "expires" => {
                request.lease_expires.map_or("never".to_owned(), |moment| moment.since(now).to_string())
            }
            other => return Err(format!("'{other}' is no key of a request")),
        };
        if *expected != actual {
            wrong.push(format!("{key}: expected {expected}, got {actual}"));
        }
        right.push(format!("{key}={actual}"));
    }
    if wrong.is_empty() && right_place {
        return Ok(());
    }
    *rewrite = Some(right.join(" "));
    Err(format!("{text}\n    {}\n{request}", wrong.join("\n    ")))
}

pub(super) fn no_ncr(request: Option<NameChangeRequest>) -> Result<(), String> {
    request.map_or(Ok(()), |request| Err(format!("there is a request:\n{request}")))
}

/// Compares the next entry of the legal log.
pub(super) fn legal(
    entry: Option<LegalEntry>,
    expected: &str,
    rewrite: &mut Option<String>,
) -> Result<(), String> {
    let Some(entry) = entry else {
        *rewrite = Some("no legal".to_owned());
        return Err("there is no entry".to_owned());
    };
    let made = entry.text.replace('\n', "\\n");
    let wrong = same("entry", expected, &made);
    if wrong.is_err() {
        *rewrite = Some(format!("legal {made}"));
    }
    wrong
}

pub(super) fn no_legal(entry: Option<LegalEntry>) -> Result<(), String> {
    entry.map_or(Ok(()), |entry| Err(format!("there is an entry: {}", entry.text)))
}

pub(super) fn find<'k>(keys: &'k Keys, key: &str) -> Option<&'k str> {
    keys.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

pub(super) fn same(what: &str, expected: &str, actual: &str) -> Result<(), String> {
    if expected == actual { Ok(()) } else { Err(format!("{what}: expected {expected}, got {actual}")) }
}

pub(super) fn code_of<T: Copy>(table: &[(T, &str)], name: &str) -> Option<T> {
    table.iter().find(|(_, known)| *known == name).map(|(code, _)| *code)
}

pub(super) fn name_of<T: PartialEq>(table: &[(T, &'static str)], code: T) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}
