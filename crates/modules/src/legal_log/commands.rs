//! What the legal log is told of commands that change leases: by their arguments, as they were written.

use std::collections::HashSet;
use std::fmt::Write;

use base::{ClientId, Seconds, SubnetId, Timestamp};
use control::{Answer, Command, result};
use json::{Kind, Map, Value};
use lease::{AsText, InWords, LegalEntry};

/// Commands that the legal log tells of.
const COMMANDS: &[&str] = &[
    "lease4-add",
    "lease4-update",
    "lease4-del",
    "lease6-add",
    "lease6-update",
    "lease6-del",
    "lease6-bulk-apply",
];

/// Whether the legal log tells of a command.
#[must_use]
pub fn concerns(name: &str) -> bool {
    COMMANDS.contains(&name)
}

/// The entries of a command that was carried out. `silent`: subnets that are not logged.
#[must_use]
pub fn entries(
    command: &Command,
    answer: &Answer,
    silent: &HashSet<SubnetId>,
    now: Timestamp,
) -> Vec<LegalEntry> {
    let Some(Kind::Map(arguments)) = command.arguments.as_ref().map(|arguments| &arguments.kind) else {
        return Vec::new();
    };
    if answer.result != result::OK {
        return Vec::new();
    }
    let teller = Teller { origin: text(arguments, "origin").unwrap_or_default(), silent, now };
    if command.name != "lease6-bulk-apply" {
        return teller.entry(&command.name, arguments).into_iter().collect();
    }
    let failed = |list: &str| -> HashSet<String> {
        let failed = answer.arguments.as_ref().and_then(|arguments| arguments.get(list));
        let failed = failed.and_then(Value::as_list).unwrap_or_default();
        failed.iter().filter_map(|lease| Some(lease.get("ip-address")?.as_str()?.to_owned())).collect()
    };
    let each = |list: &str, name: &'static str, failed: HashSet<String>| -> Vec<LegalEntry> {
        let leases = arguments.get(list).and_then(Value::as_list).unwrap_or_default();
        let maps = leases.iter().filter_map(|lease| match &lease.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        });
        let done =
            maps.filter(|map| text(map, "ip-address").is_some_and(|address| !failed.contains(address)));
        done.filter_map(|map| teller.entry(name, map)).collect()
    };
    let mut entries = each("deleted-leases", "lease6-del", failed("failed-deleted-leases"));
    entries.extend(each("leases", "lease6-update", failed("failed-leases")));
    entries
}

struct Teller<'a> {
    origin: &'a str,
    silent: &'a HashSet<SubnetId>,
    now: Timestamp,
}

impl Teller<'_> {
    fn entry(&self, name: &str, arguments: &Map) -> Option<LegalEntry> {
        let subnet = arguments.get("subnet-id").and_then(Value::as_int);
        let subnet = subnet.and_then(|id| u32::try_from(id).ok()).map(SubnetId);
        if subnet.is_some_and(|id| self.silent.contains(&id)) {
            return None;
        }
        let mut line = if self.origin == "ha-partner" { "HA partner" } else { "Administrator" }.to_owned();
        let mut address = text(arguments, "ip-address").unwrap_or_default().to_owned();
        match name {
            "lease4-del" | "lease6-del" if address.is_empty() => {
                let kind = text(arguments, "identifier-type").unwrap_or_default();
                let identifier = text(arguments, "identifier").unwrap_or_default();
                let _ = write!(line, " deleted a lease for a device identified by: {kind} of {identifier}");
            }
            "lease4-del" | "lease6-del" => {
                let _ = write!(line, " deleted the lease for address: {address}");
            }
            _ => {
                line.push_str(if name.ends_with("-add") {
                    " added a lease of"
                } else {
                    " updated information on the lease of"
                });
                let prefix =
                    name.starts_with("lease6") && matches!(text(arguments, "type"), Some("IA_PD" | "2"));
                if prefix {
                    let length = arguments.get("prefix-len").and_then(Value::as_int).unwrap_or(128);
                    let _ = write!(address, "/{length}");
                }
                let _ = write!(line, " {}: {address}", if prefix { "prefix" } else { "address" });
                device(name, arguments, &mut line);
                self.duration(arguments, &mut line);
                context(arguments, &mut line);
            }
        }
        LegalEntry::new(address, line)
    }

    /// How long the lease is, where the command says it.
    fn duration(&self, arguments: &Map, line: &mut String) {
        let number = |name| arguments.get(name).and_then(Value::as_int);
        let seconds = number("valid-lft")
            .or_else(|| {
                number("expire").map(|end| end.saturating_sub(i64::try_from(self.now.0).unwrap_or(i64::MAX)))
            })
            .filter(|seconds| *seconds > 0);
        if let Some(seconds) = seconds {
            let seconds = Seconds(u32::try_from(seconds).unwrap_or(u32::MAX));
            let _ = write!(line, " for {}", InWords(seconds));
        }
    }
}

/// Whose lease it is.
fn device(name: &str, arguments: &Map, line: &mut String) {
    line.push_str(" to a device");
    let hw_addr = text(arguments, "hw-address");
    if name.starts_with("lease6") {
        if let Some(duid) = text(arguments, "duid") {
            let _ = write!(line, " with DUID: {duid}");
        }
        if let Some(hw_addr) = hw_addr {
            let _ = write!(line, ", hardware address: {hw_addr}");
        }
        return;
    }
    if let Some(hw_addr) = hw_addr {
        let _ = write!(line, " with hardware address: {hw_addr}");
    }
    if let Some(client_id) = text(arguments, "client-id") {
        let _ = write!(line, ", client-id: {client_id}");
        if let Ok(client_id) = ClientId::parse(client_id) {
            let _ = write!(line, "{}", AsText(client_id.octets()));
        }
    }
}

/// The user context, with the comment in it.
fn context(arguments: &Map, line: &mut String) {
    let mut context = arguments.get("user-context").cloned();
    if let Some(comment) = arguments.get("comment") {
        let map = context.get_or_insert_with(|| Map::new().into());
        if let Kind::Map(map) = &mut map.kind {
            map.insert("comment".to_owned(), comment.clone());
        }
    }
    if let Some(context) = context {
        let _ = write!(line, ", context: {}", json::to_string(&context));
    }
}

fn text<'a>(arguments: &'a Map, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(command: &str, answer: &str) -> Vec<(String, String)> {
        let parse = |text: &str| json::parse_command(text.as_bytes(), json::Limits::default()).unwrap();
        let command = Command::from_value(parse(command), control::Origin::default()).unwrap();
        let answer = Answer::from_value(parse(answer)).unwrap();
        let silent = HashSet::from([SubnetId(9)]);
        let entries = entries(&command, &answer, &silent, Timestamp(1000));
        entries.into_iter().map(|entry| (entry.address.into(), entry.text.into())).collect()
    }

    #[test]
    fn commands_in_words() {
        for (command, address, text) in [
            (
                r#"{"command":"lease4-add","arguments":{"ip-address":"192.0.2.5","hw-address":"1a:1b:1c:1d:1e:1f","client-id":"61:62","valid-lft":7777,"subnet-id":1}}"#,
                "192.0.2.5",
                "Administrator added a lease of address: 192.0.2.5 to a device with hardware address: 1a:1b:1c:1d:1e:1f, client-id: 61:62 (ab) for 2 hrs 9 mins 37 secs",
            ),
            (
                r#"{"command":"lease4-update","arguments":{"ip-address":"192.0.2.5","hw-address":"1a","expire":1010,"comment":"x"}}"#,
                "192.0.2.5",
                r#"Administrator updated information on the lease of address: 192.0.2.5 to a device with hardware address: 1a for 0 hrs 0 mins 10 secs, context: { "comment": "x" }"#,
            ),
            (
                r#"{"command":"lease6-add","arguments":{"type":"IA_PD","ip-address":"2001:db8::","prefix-len":56,"duid":"01:02","origin":"ha-partner"}}"#,
                "2001:db8::/56",
                "HA partner added a lease of prefix: 2001:db8::/56 to a device with DUID: 01:02",
            ),
            (
                r#"{"command":"lease6-del","arguments":{"ip-address":"2001:db8::1"}}"#,
                "2001:db8::1",
                "Administrator deleted the lease for address: 2001:db8::1",
            ),
            (
                r#"{"command":"lease4-del","arguments":{"identifier-type":"hw-address","identifier":"1a:1b","subnet-id":1}}"#,
                "",
                "Administrator deleted a lease for a device identified by: hw-address of 1a:1b",
            ),
        ] {
            assert_eq!(lines(command, r#"{"result":0}"#), [(address.to_owned(), text.to_owned())]);
            assert_eq!(lines(command, r#"{"result":1,"text":"no"}"#), []);
        }
        let silent = r#"{"command":"lease4-add","arguments":{"ip-address":"192.0.2.5","hw-address":"1a","subnet-id":9}}"#;
        assert_eq!(lines(silent, r#"{"result":0}"#), []);
    }

    #[test]
    fn of_many_leases_those_that_were_changed() {
        let command = r#"{"command":"lease6-bulk-apply","arguments":{
            "deleted-leases":[{"ip-address":"2001:db8::1"},{"ip-address":"2001:db8::2"}],
            "leases":[{"ip-address":"2001:db8::3","duid":"01"},{"ip-address":"2001:db8::4","duid":"02"}]}}"#;
        let answer = r#"{"result":0,"arguments":{"failed-deleted-leases":[{"ip-address":"2001:db8::1"}],
            "failed-leases":[{"ip-address":"2001:db8::4"}]}}"#;
        let addresses: Vec<_> = lines(command, answer).into_iter().map(|(address, _)| address).collect();
        assert_eq!(addresses, ["2001:db8::2", "2001:db8::3"]);
    }
}
