//! What servers say to each other: commands, and what is read of their answers. Both ends of a pair may be of different
//! releases, of Kea as well, so what is not needed may be missing, and what is not known is ignored.

use base::{Family, Timestamp};
use json::{Map, Value};

use crate::{State, date};

/// The result of a command for which a server is in no state.
pub const NOT_ALLOWED: u32 = 1001;

/// What a server answers to `ha-heartbeat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    pub state: State,
    pub time: Timestamp,
    pub scopes: Vec<String>,
    /// Lease updates that its partner did not get, since it began; old releases do not say.
    pub unsent: Option<u64>,
}

impl Heartbeat {
    /// # Errors
    /// What is missing or malformed.
    pub fn read(arguments: Option<&Value>) -> Result<Self, String> {
        let map = arguments.and_then(Value::as_map);
        let map = map.ok_or("returned arguments in the response must be a map")?;
        let state = map
            .get("state")
            .and_then(Value::as_str)
            .ok_or("server state not returned in response to a ha-heartbeat command or it is not a string")?;
        let state = State::from_name(state)
            .ok_or_else(|| format!("unsupported HA partner state returned {state}"))?;
        let time = map
            .get("date-time")
            .and_then(Value::as_str)
            .ok_or("date-time not returned in response to a ha-heartbeat command or it is not a string")?;
        let time = date::read(time).ok_or_else(|| format!("'{time}' is no date"))?;
        let scopes = map.get("scopes").and_then(Value::as_list).unwrap_or_default();
        let unsent =
            match map.get("unsent-update-count") {
                None => None,
                Some(count) => {
                    let count = count.as_int().and_then(|count| u64::try_from(count).ok());
                    Some(count.ok_or(
                        "unsent-update-count returned in the ha-heartbeat response is not an integer",
                    )?)
                }
            };
        let scopes = scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { state, time, scopes, unsent })
    }

    #[must_use]
    pub fn write(&self) -> Map {
        let scopes: Vec<Value> = self.scopes.iter().map(|scope| scope.as_str().into()).collect();
        Map::from([
            ("state".to_owned(), self.state.name().into()),
            ("date-time".to_owned(), date::write(self.time).into()),
            ("scopes".to_owned(), scopes.into()),
            ("unsent-update-count".to_owned(), self.unsent.unwrap_or_default().into()),
        ])
    }
}

/// A command for another server of a family.
fn command(family: Family, name: &str, arguments: Map) -> Value {
    let service = match family {
        Family::V4 => "dhcp4",
        Family::V6 => "dhcp6",
    };
    [
        ("command", Value::from(name)),
        ("arguments", arguments.into()),
        ("service", vec![Value::from(service)].into()),
    ]
    .into()
}

fn arguments<const N: usize>(members: [(&str, Value); N]) -> Map {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a relationship says to its other servers.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    pub family: Family,
    /// The name of this server.
    pub server: &'a str,
    /// Number of the relationship here, from 0.
    pub relationship: u32,
}

impl Speaker<'_> {
    /// By which the service of the partner is switched off and on.
    fn origin(&self) -> u32 {
        crate::REMOTE_ORIGIN.saturating_add(self.relationship)
    }

    fn named(&self, name: &str) -> Value {
        command(self.family, name, arguments([("server-name", self.server.into())]))
    }

    #[must_use]
    pub fn heartbeat(&self) -> Value {
        self.named("ha-heartbeat")
    }

    #[must_use]
    pub fn reset(&self) -> Value {
        self.named("ha-reset")
    }

    /// `seconds`: after which the partner goes on by itself.
    #[must_use]
    pub fn disable(&self, seconds: u32) -> Value {
        let mut map = self.origins();
        if seconds > 0 {
            map.insert("max-period".to_owned(), seconds.into());
        }
        command(self.family, "dhcp-disable", map)
    }

    #[must_use]
    pub fn enable(&self) -> Value {
        command(self.family, "dhcp-enable", self.origins())
    }

    /// Kea up to 2.4 knows but one partner, by a word.
    fn origins(&self) -> Map {
        arguments([("origin-id", self.origin().into()), ("origin", "ha-partner".into())])
    }

    #[must_use]
    pub fn sync_complete(&self) -> Value {
        let origin = self.origin();
        let map = arguments([
            ("server-name", self.server.into()),
            ("origin-id", origin.into()),
            // As Kea 2.5 had it.
            ("origin", origin.into()),
        ]);
        command(self.family, "ha-sync-complete-notify", map)
    }

    #[must_use]
    pub fn maintenance(&self, cancel: bool, state: State) -> Value {
        let map = arguments([
            ("server-name", self.server.into()),
            ("cancel", cancel.into()),
            ("state", state.name().into()),
        ]);
        command(self.family, "ha-maintenance-notify", map)
    }

    /// The page of leases that follows an address; `None`: the first.
    #[must_use]
    pub fn page(&self, after: Option<&str>, limit: u32) -> Value {
        let name = match self.family {
            Family::V4 => "lease4-get-page",
            Family::V6 => "lease6-get-page",
        };
        let map = arguments([("from", after.unwrap_or("start").into()), ("limit", limit.into())]);
        command(self.family, name, map)
    }

    /// A DHCPv4 lease that is new or has changed.
    #[must_use]
    pub fn update4(&self, lease: Map) -> Value {
        let mut map = sent(lease);
        map.insert("force-create".to_owned(), true.into());
        map.insert("origin".to_owned(), "ha-partner".into());
        command(self.family, "lease4-update", map)
    }

    /// A DHCPv4 lease that is no more.
    #[must_use]
    pub fn delete4(&self, lease: Map) -> Value {
        let mut map = sent(lease);
        map.insert("origin".to_owned(), "ha-partner".into());
        command(self.family, "lease4-del", map)
    }

    /// Leases of DHCPv6, of as many clients as there are.
    #[must_use]
    pub fn bulk6(&self, leases: Vec<Map>, deleted: Vec<Map>) -> Value {
        let list = |leases: Vec<Map>| -> Value {
            leases.into_iter().map(|lease| sent(lease).into()).collect::<Vec<Value>>().into()
        };
        let map = arguments([
            ("deleted-leases", list(deleted)),
            ("leases", list(leases)),
            ("origin", "ha-partner".into()),
        ]);
        command(self.family, "lease6-bulk-apply", map)
    }
}

/// A lease as commands take it: with its end in place of the last transaction of its client.
fn sent(mut lease: Map) -> Map {
    let number = |lease: &Map, name: &str| lease.get(name).and_then(Value::as_int);
    if let (Some(cltt), Some(valid)) = (number(&lease, "cltt"), number(&lease, "valid-lft")) {
        lease.insert("expire".to_owned(), cltt.saturating_add(valid).into());
        lease.remove("cltt");
    }
    lease
}

/// A lease of a page of the partner, as the commands on leases take it.
#[must_use]
pub fn received(lease: Map) -> Map {
    sent(lease)
}

/// The commands that partners use, and the only ones that a listener of high availability takes (`restrict-commands`).
#[must_use]
pub fn is_ours(family: Family, name: &str) -> bool {
    const BOTH: [&str; 8] = [
        "list-commands",
        "status-get",
        "dhcp-disable",
        "dhcp-enable",
        "ha-reset",
        "ha-heartbeat",
        "ha-maintenance-notify",
        "ha-sync-complete-notify",
    ];
    const OF4: [&str; 4] = ["lease4-update", "lease4-del", "lease4-get-all", "lease4-get-page"];
    const OF6: [&str; 5] =
        ["lease6-bulk-apply", "lease6-update", "lease6-del", "lease6-get-all", "lease6-get-page"];
    let own: &[&str] = match family {
        Family::V4 => &OF4,
        Family::V6 => &OF6,
    };
    BOTH.contains(&name) || own.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEAKER: Speaker<'static> = Speaker { family: Family::V4, server: "server1", relationship: 1 };

    #[test]
    fn what_a_heartbeat_says_survives() {
        let heartbeat = Heartbeat {
            state: State::PartnerDown,
            time: Timestamp(1_573_116_577),
            scopes: vec!["server1".to_owned()],
            unsent: Some(123),
        };
        assert_eq!(Heartbeat::read(Some(&heartbeat.write().into())), Ok(heartbeat.clone()));
        let mut old = heartbeat.write();
        old.remove("unsent-update-count");
        assert_eq!(Heartbeat::read(Some(&old.clone().into())), Ok(Heartbeat { unsent: None, ..heartbeat }));
        old.insert("state".to_owned(), "asleep".into());
        assert_eq!(
            Heartbeat::read(Some(&old.into())),
            Err("unsupported HA partner state returned asleep".to_owned())
        );
        assert!(Heartbeat::read(None).is_err());
    }

    #[test]
    fn commands_as_kea_takes_them() {
        let text = |value: Value| json::to_string(&value);
        assert_eq!(
            text(SPEAKER.disable(60)),
            r#"{ "arguments": { "max-period": 60, "origin": "ha-partner", "origin-id": 2001 }, "command": "dhcp-disable", "service": [ "dhcp4" ] }"#
        );
        assert_eq!(
            text(SPEAKER.page(None, 10)),
            r#"{ "arguments": { "from": "start", "limit": 10 }, "command": "lease4-get-page", "service": [ "dhcp4" ] }"#
        );
        let lease = arguments([("cltt", 100_i64.into()), ("valid-lft", 60_i64.into())]);
        assert_eq!(
            text(SPEAKER.update4(lease)),
            r#"{ "arguments": { "expire": 160, "force-create": true, "origin": "ha-partner", "valid-lft": 60 }, "command": "lease4-update", "service": [ "dhcp4" ] }"#
        );
    }

    #[test]
    fn what_a_listener_takes() {
        assert!(is_ours(Family::V4, "lease4-update") && !is_ours(Family::V6, "lease4-update"));
        assert!(!is_ours(Family::V4, "config-get"));
    }
}
