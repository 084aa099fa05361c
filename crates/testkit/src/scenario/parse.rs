//! From the text of a file to steps.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::value::words;

/// A file of scenarios.
#[derive(Debug, Default)]
pub(super) struct File {
    /// The file plays DHCPv6.
    pub(super) six: bool,
    pub(super) common: Setting,
    pub(super) scenarios: Vec<Scenario>,
}

/// What a server starts with.
#[derive(Clone, Debug, Default)]
pub(super) struct Setting {
    /// Text of the Dhcp4 or Dhcp6 map, and its line.
    pub(super) config: Option<(String, usize)>,
    pub(super) links: Vec<(String, Option<IpAddr>)>,
    pub(super) clients: BTreeMap<String, Vec<String>>,
}

#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) title: String,
    pub(super) line: usize,
    pub(super) setting: Setting,
    pub(super) steps: Vec<(usize, Step)>,
}

#[derive(Debug)]
pub(super) enum Step {
    Send { kind: String, keys: Vec<(String, String)> },
    SendBytes(String),
    Expect { text: String, kind: String, keys: Vec<(String, String)> },
    Given { address: IpAddr, keys: Vec<(String, String)> },
    Lease { text: String, address: IpAddr, keys: Vec<(String, String)> },
    NoLease(IpAddr),
    Ncr { text: String, change: String, address: IpAddr, keys: Vec<(String, String)> },
    NoNcr,
    Legal(String),
    NoLegal,
    Leases(usize),
    Stat(String, i64),
    Time(u32),
    Reclaim,
    ReclaimAndRemove,
    Flush,
    Reconfigure(String),
}

type Fault = (usize, String);

pub(super) fn file(text: &str) -> Result<File, Fault> {
    let mut file = File::default();
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    while let Some((number, line)) = lines.next() {
        let trimmed = line.trim();
        let fault = |text: String| (number, text);
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if trimmed == "dhcp6" && file.scenarios.is_empty() {
            file.six = true;
            continue;
        }
        if let Some(title) = trimmed.strip_prefix("scenario ") {
            file.scenarios.push(Scenario {
                title: title.trim().to_owned(),
                line: number,
                setting: file.common.clone(),
                steps: Vec::new(),
            });
            continue;
        }
        let block = match trimmed {
            "config {" | "reconfigure {" => {
                let mut block = String::from("{\n");
                loop {
                    let (_, line) = lines.next().ok_or_else(|| fault("the block has no end".to_owned()))?;
                    block.push_str(line);
                    block.push('\n');
                    if line == "}" {
                        break block;
                    }
                }
            }
            _ => String::new(),
        };
        let scenario = file.scenarios.last_mut();
        let setting = match &scenario {
            Some(_) => None,
            None => Some(&mut file.common),
        };
        let started = scenario.as_ref().is_some_and(|s| !s.steps.is_empty());
        let (setting, steps) = match (setting, scenario) {
            (Some(common), _) => (common, None),
            (None, Some(scenario)) => (&mut scenario.setting, Some(&mut scenario.steps)),
            (None, None) => return Err(fault("no scenario".to_owned())),
        };
        let words = if block.is_empty() { words(trimmed).map_err(fault)? } else { vec![trimmed] };
        match words.as_slice() {
            ["config {"] if !started => setting.config = Some((block, number)),
            ["link", name] if !started => setting.links.push(((*name).to_owned(), None)),
            ["link", name, address] if !started => {
                setting.links.push(((*name).to_owned(), Some(parse_address(address).map_err(fault)?)));
            }
            ["client", name, keys @ ..] => {
                setting
                    .clients
                    .insert((*name).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect());
            }
            [] => {}
            words => {
                let steps = steps.ok_or_else(|| fault(format!("'{trimmed}' before the first scenario")))?;
                let step = if words == ["reconfigure {"] {
                    Step::Reconfigure(block)
                } else {
                    step(trimmed, words, &setting.clients).map_err(fault)?
                };
                steps.push((number, step));
            }
        }
    }
    Ok(file)
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("'{text}' is not an address"))
}

fn step(text: &str, words: &[&str], clients: &BTreeMap<String, Vec<String>>) -> Result<Step, String> {
    let keys = |words: &[&str]| pairs(words, clients);
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("'{text}' is not a number"));
    Ok(match words {
        ["send", "bytes", octets] => Step::SendBytes((*octets).to_owned()),
        ["send", kind, rest @ ..] => Step::Send { kind: (*kind).to_owned(), keys: keys(rest)? },
        ["expect", "drop", reason] => {
            let keys = vec![("reason".to_owned(), (*reason).to_owned())];
            Step::Expect { text: text.to_owned(), kind: "drop".to_owned(), keys }
        }
        ["expect", kind, rest @ ..] => {
            Step::Expect { text: text.to_owned(), kind: (*kind).to_owned(), keys: keys(rest)? }
        }
        ["given", "lease", address, rest @ ..] => {
            Step::Given { address: parse_address(address)?, keys: keys(rest)? }
        }
        ["lease", address, rest @ ..] => {
            Step::Lease { text: text.to_owned(), address: parse_address(address)?, keys: keys(rest)? }
        }
        ["ncr", change, address, rest @ ..] => Step::Ncr {
            text: text.to_owned(),
            change: (*change).to_owned(),
            address: parse_address(address)?,
            keys: keys(rest)?,
        },
        ["no", "ncr"] => Step::NoNcr,
        ["legal", _, ..] => Step::Legal(text.trim_start_matches("legal").trim().to_owned()),
        ["no", "legal"] => Step::NoLegal,
        ["no", "lease", address] => Step::NoLease(parse_address(address)?),
        ["leases", count] => Step::Leases(usize::try_from(number(count)?).map_err(|e| e.to_string())?),
        ["stat", name, value] => Step::Stat((*name).to_owned(), number(value)?),
        ["time", span] => {
            let span = span.strip_prefix('+').ok_or("time goes forward: +N")?;
            Step::Time(u32::try_from(number(span)?).map_err(|e| e.to_string())?)
        }
        ["reclaim"] => Step::Reclaim,
        ["reclaim", "remove"] => Step::ReclaimAndRemove,
        ["flush"] => Step::Flush,
        _ => return Err(format!("'{text}' is no step")),
    })
}

/// Keys of which there may be several, like options.
const SEVERAL: [&str; 3] = ["na", "pd", "relay"];

/// `KEY=VALUE`, `!N`, and names of clients, which stand for their keys. A later key replaces an earlier one but for
/// options and the like.
fn pairs(words: &[&str], clients: &BTreeMap<String, Vec<String>>) -> Result<Vec<(String, String)>, String> {
    let mut keys: Vec<(String, String)> = Vec::new();
    for word in words {
        if let Some(code) = word.strip_prefix('!') {
            keys.push((code.to_owned(), "!".to_owned()));
        } else if let Some((key, value)) = word.split_once('=') {
            if key.parse::<u16>().is_err() && !SEVERAL.contains(&key) {
                keys.retain(|(known, _)| known != key);
            }
            keys.push((key.to_owned(), value.to_owned()));
        } else if let Some(client) = clients.get(*word) {
            let client: Vec<&str> = client.iter().map(String::as_str).collect();
            keys.extend(pairs(&client, &BTreeMap::new())?);
        } else {
            return Err(format!("'{word}' is neither KEY=VALUE nor a client"));
        }
    }
    Ok(keys)
}
