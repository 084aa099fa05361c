//! Playing the steps and comparing what happens.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::Path;

use base::{ClientId, HwAddr, PoolId, Seconds, SubnetId, Timestamp};
use engine::v4::{Arrival, Destination};
use lease::{Lease4, LeaseState};

use super::packet::{KINDS, Keys, Links, code_of, name_of};
use super::parse::{File, Scenario, Step};
use super::value;
use crate::world::{Outcome, World4};
use crate::{Packet4, Reply4};

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

#[derive(Debug, Default)]
pub(super) struct Result4 {
    pub(super) failures: Vec<Failure>,
    /// Line number and its text as it would be right.
    pub(super) rewrites: Vec<(usize, String)>,
}

const STATES: [(LeaseState, &str); 4] = [
    (LeaseState::Default, "default"),
    (LeaseState::Declined, "declined"),
    (LeaseState::ExpiredReclaimed, "expired-reclaimed"),
    (LeaseState::Released, "released"),
];

pub(super) fn all(file: &File, path: &Path) -> Result4 {
    let mut result = Result4::default();
    for scenario in &file.scenarios {
        let fail = |line: usize, text: String| Failure {
            place: format!("{}:{line}", path.display()),
            title: scenario.title.clone(),
            text,
        };
        match Play::new(scenario) {
            Ok(mut play) => {
                for (line, step) in &scenario.steps {
                    if let Err(text) = play.step(step) {
                        result.failures.push(fail(*line, text));
                    }
                    result.rewrites.extend(play.rewrite.take().map(|text| (*line, text)));
                }
                if play.last.is_some() {
                    result.failures.push(fail(scenario.line, "nobody looked at the last reply".to_owned()));
                }
                if let Err(text) = play.no_ncr() {
                    result.failures.push(fail(scenario.line, text));
                }
            }
            Err(text) => result.failures.push(fail(scenario.line, text)),
        }
    }
    result
}

struct Play {
    world: World4,
    links: Links,
    /// The last packet and what came of it, until an expectation looks at it.
    last: Option<(Option<Packet4>, Outcome)>,
    rewrite: Option<String>,
}

impl Play {
    fn new(scenario: &Scenario) -> Result<Self, String> {
        let setting = &scenario.setting;
        let (text, _) = setting.config.as_ref().ok_or("there is no configuration")?;
        let links = Links::of(setting);
        let world = World4::new(crate::config4(text)?, links.addresses())?;
        Ok(Self { world, links, last: None, rewrite: None })
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Send { kind, keys } => {
                let (packet, arrival) = self.links.packet(kind, keys)?;
                let bytes = packet.build();
                self.send(Some(packet), &bytes, &arrival)
            }
            Step::SendBytes(octets) => {
                let arrival = self.links.arrival(&[], None)?;
                self.send(None, &value::parse(octets)?, &arrival)
            }
            Step::Expect { text, kind, keys } => self.expect(text, kind, keys),
            Step::Given { address, keys } => self.world.give(self.given(*address, keys)?),
            Step::Lease { text, address, keys } => self.lease(text, *address, keys),
            Step::NoLease(address) => match self.world.lease(*address)? {
                Some(lease) => Err(format!("there is a lease: {lease:?}")),
                None => Ok(()),
            },
            Step::Ncr { text, change, address, keys } => self.ncr(text, change, *address, keys),
            Step::NoNcr => self.no_ncr(),
            Step::Leases(expected) => {
                same("number of leases", &expected.to_string(), &self.world.store.len().to_string())
            }
            Step::Stat(name, expected) => {
                let value = self.world.statistic(name);
                if value != *expected {
                    self.rewrite = Some(format!("stat {name} {value}"));
                }
                same(name, &expected.to_string(), &value.to_string())
            }
            Step::Time(span) => {
                self.world.clock.advance(Seconds(*span));
                Ok(())
            }
            Step::Reclaim => self.world.reclaim(),
            Step::Flush => self.world.flush(),
            Step::Reconfigure(text) => self.world.reconfigure(crate::config4(text)?),
        }
    }

    fn send(&mut self, packet: Option<Packet4>, bytes: &[u8], arrival: &Arrival) -> Result<(), String> {
        let unseen = self.last.is_some();
        let outcome = self.world.send(bytes, arrival)?;
        self.last = Some((packet, outcome));
        if unseen { Err("nobody looked at the reply before".to_owned()) } else { Ok(()) }
    }

    // Expectations.

    fn expect(&mut self, text: &str, kind: &str, keys: &Keys) -> Result<(), String> {
        let (query, outcome) = self.last.take().ok_or("nothing was sent")?;
        let name = match &outcome {
            Outcome::Reply { reply, .. } => name_of(&KINDS, reply.kind()).unwrap_or("other"),
            Outcome::Silence => "none",
            Outcome::Drop(_) if kind == "none" => "none",
            Outcome::Drop(_) => "drop",
        };
        let facts = match &outcome {
            Outcome::Reply { reply, destination } => {
                repeats(query.as_ref(), reply)?;
                Facts::Reply(reply, destination)
            }
            Outcome::Drop(reason) => Facts::Drop(reason.name()),
            Outcome::Silence => Facts::Nothing,
        };
        let keys = if kind == name { keys } else { &[] };
        let mut wrong = if kind == name { Vec::new() } else { vec![format!("expected {kind}, got {name}")] };
        let mut right = vec![format!("expect {name}")];
        if kind != name {
            right.extend(facts.main());
        }
        for (key, expected) in keys {
            let actual = facts.get(key, expected)?;
            let equal = *expected == actual
                || key.parse::<u8>().is_ok()
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
        self.rewrite = Some(right.join(" "));
        Err(format!("{text}\n    {}{}", wrong.join("\n    "), facts.whole()))
    }

    fn given(&self, address: Ipv4Addr, keys: &Keys) -> Result<Lease4, String> {
        let mut lease = Lease4 {
            address,
            hw_addr: None,
            client_id: None,
            subnet_id: SubnetId(1),
            pool_id: PoolId(0),
            cltt: self.world.clock.timestamp(),
            valid_lifetime: Seconds(4000),
            state: LeaseState::Default,
            hostname: Box::default(),
            fqdn_fwd: false,
            fqdn_rev: false,
            user_context: None,
        };
        for (key, text) in keys {
            let number = || text.parse::<u32>().map_err(|_| format!("{key}={text} is not a number"));
            match key.as_str() {
                "hw" => lease.hw_addr = Some(HwAddr::parse(text).map_err(|error| error.to_string())?),
                "id" => {
                    let octets = value::parse(text)?;
                    lease.client_id = Some(ClientId::new(&octets).map_err(|error| error.to_string())?);
                }
                "state" => {
                    lease.state = code_of(&STATES, text).ok_or_else(|| format!("'{text}' is not a state"))?;
                }
                "valid" => lease.valid_lifetime = Seconds(number()?),
                "age" => lease.cltt = Timestamp(lease.cltt.0.saturating_sub(number()?.into())),
                "hostname" => lease.hostname = text.trim_matches('"').into(),
                "dns" => (lease.fqdn_fwd, lease.fqdn_rev) = (text.contains("fwd"), text.contains("rev")),
                "subnet" => lease.subnet_id = SubnetId(number()?),
                "pool" => lease.pool_id = PoolId(number()?),
                other => return Err(format!("'{other}' is no key of a lease")),
            }
        }
        Ok(lease)
    }

    fn lease(&mut self, text: &str, address: Ipv4Addr, keys: &Keys) -> Result<(), String> {
        let Some(lease) = self.world.lease(address)? else {
            self.rewrite = Some(format!("no lease {address}"));
            return Err("there is no such lease".to_owned());
        };
        let now = self.world.clock.timestamp();
        let (mut wrong, mut right) = (Vec::new(), vec![format!("lease {address}")]);
        for (key, expected) in keys {
            let octets =
                |octets: Option<&[u8]>| octets.map_or("none".to_owned(), |o| value::render(o, expected));
            let actual = match key.as_str() {
                "hw" => lease.hw_addr.map_or("none".to_owned(), |hw_addr| hw_addr.to_string()),
                "id" => octets(lease.client_id.as_ref().map(ClientId::octets)),
                "state" => name_of(&STATES, lease.state).unwrap_or("other").to_owned(),
                "valid" => lease.valid_lifetime.to_string(),
                "age" => now.since(lease.cltt).to_string(),
                "hostname" => format!("\"{}\"", lease.hostname),
                "dns" => match (lease.fqdn_fwd, lease.fqdn_rev) {
                    (true, true) => "fwd,rev",
                    (true, false) => "fwd",
                    (false, true) => "rev",
                    (false, false) => "none",
                }
                .to_owned(),
                "relay" => {
                    let context = lease.user_context.as_deref().unwrap_or_default();
                    let stored = context.split_once("\"sub-options\": \"");
                    stored.and_then(|(_, rest)| rest.split('"').next()).unwrap_or("none").to_owned()
                }
                "subnet" => lease.subnet_id.to_string(),
                "pool" => lease.pool_id.to_string(),
                other => return Err(format!("'{other}' is no key of a lease")),
            };
            let equal = *expected == actual
                || key == "id"
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
        self.rewrite = Some(right.join(" "));
        Err(format!("{text}\n    {}", wrong.join("\n    ")))
    }

    /// The oldest request that nobody has looked at.
    fn ncr(&mut self, text: &str, change: &str, address: Ipv4Addr, keys: &Keys) -> Result<(), String> {
        let Some(request) = self.world.next_request() else {
            self.rewrite = Some("no ncr".to_owned());
            return Err("there is no request".to_owned());
        };
        let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
        let made = match request.change {
            ncr::Change::Add => "add",
            ncr::Change::Remove => "remove",
        };
        let right_place = (change, address.to_string()) == (made, request.address.to_string());
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
                    let now = self.world.clock.timestamp();
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
        self.rewrite = Some(right.join(" "));
        Err(format!("{text}\n    {}\n{request}", wrong.join("\n    ")))
    }

    fn no_ncr(&mut self) -> Result<(), String> {
        self.world.next_request().map_or(Ok(()), |request| Err(format!("there is a request:\n{request}")))
    }
}

/// What every reply repeats of its query (RFC 2131 section 4.3.1, table 3; RFC 3046).
fn repeats(query: Option<&Packet4>, reply: &Reply4) -> Result<(), String> {
    let Some(query) = query else { return Ok(()) };
    let hex = |octets: &[u8]| value::render(octets, "0x");
    same("op", "2", &reply.op.to_string())?;
    same("xid", &query.xid.to_string(), &reply.xid.to_string())?;
    same("htype", &query.htype.to_string(), &reply.htype.to_string())?;
    same("chaddr", &hex(&query.chaddr), &hex(&reply.chaddr))?;
    if !reply.giaddr.is_unspecified() {
        same("giaddr", &query.giaddr.to_string(), &reply.giaddr.to_string())?;
    }
    match reply.options.last() {
        // BOOTP knows none.
        _ if reply.kind() != 0 && reply.option(54).is_none() => {
            Err("the reply has no server identifier".to_owned())
        }
        Some((82, _)) | None => Ok(()),
        Some(_) if reply.option(82).is_some() => Err("option 82 is not the last one".to_owned()),
        Some(_) => Ok(()),
    }
}

/// What expectations can ask of an outcome.
enum Facts<'a> {
    Reply(&'a Reply4, &'a Destination),
    Drop(&'static str),
    Nothing,
}

impl Facts<'_> {
    /// The value of a key, in the look of `like`.
    fn get(&self, key: &str, like: &str) -> Result<String, String> {
        let (reply, destination) = match self {
            Self::Drop(reason) if key == "reason" => return Ok((*reason).to_owned()),
            Self::Reply(reply, destination) => (reply, destination),
            _ => return Err(format!("nothing was sent that could have '{key}'")),
        };
        Ok(match key {
            "ciaddr" => reply.ciaddr.to_string(),
            "yiaddr" => reply.yiaddr.to_string(),
            "siaddr" => reply.siaddr.to_string(),
            "giaddr" => reply.giaddr.to_string(),
            "hops" => reply.hops.to_string(),
            "secs" => reply.secs.to_string(),
            "flags" => if reply.broadcast { "broadcast" } else { "none" }.to_owned(),
            "sname" => value::render(&reply.sname, "\"\""),
            "file" => value::render(&reply.file, "\"\""),
            "to" if like.contains(':') => format!("{}:{}", destination.address, destination.port),
            "to" => destination.address.to_string(),
            "via" => if destination.hw_addr.is_some() { "frame" } else { "socket" }.to_owned(),
            "source" => destination.source.map_or("routing".to_owned(), |source| source.to_string()),
            "options" => {
                let codes: Vec<String> = reply.options.iter().map(|(code, _)| code.to_string()).collect();
                codes.join(",")
            }
            code => {
                let code: u8 = code.parse().map_err(|_| format!("'{code}' is no key of a reply"))?;
                let values: Vec<String> = reply
                    .options
                    .iter()
                    .filter(|(this, _)| *this == code)
                    .map(|(_, octets)| value::render(octets, like))
                    .collect();
                match values.as_slice() {
                    [] => "!".to_owned(),
                    // Several options of one code: any of them may be meant.
                    several => {
                        let wanted = value::parse(like).ok();
                        let hit = several.iter().find(|text| value::parse(text).ok() == wanted);
                        hit.or(several.first()).cloned().unwrap_or_default()
                    }
                }
            }
        })
    }

    /// What a new expectation should say.
    fn main(&self) -> Vec<String> {
        match self {
            Self::Reply(reply, _) if !reply.yiaddr.is_unspecified() => {
                vec![format!("yiaddr={}", reply.yiaddr)]
            }
            Self::Drop(reason) => vec![(*reason).to_owned()],
            _ => Vec::new(),
        }
    }

    /// Everything, for the reader of a failure.
    fn whole(&self) -> String {
        match self {
            Self::Reply(reply, destination) => format!("\n  {reply:?}\n  to {destination:?}"),
            Self::Drop(reason) => format!("\n  dropped: {reason}"),
            Self::Nothing => String::new(),
        }
    }
}

fn same(what: &str, expected: &str, actual: &str) -> Result<(), String> {
    if expected == actual { Ok(()) } else { Err(format!("{what}: expected {expected}, got {actual}")) }
}
