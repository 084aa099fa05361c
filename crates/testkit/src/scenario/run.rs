//! Playing the steps and comparing what happens.

use std::net::Ipv4Addr;
use std::path::Path;

use base::{ClientId, HwAddr, PoolId, Seconds, SubnetId, Timestamp};
use engine::v4::{Arrival, Destination};
use lease::{Lease4, LeaseState};

use super::compare::{
    STATES, code_of, compare, compare_lease, directions, legal, name_of, ncr, no_legal, no_ncr, play_all,
    same,
};
use super::packet::{KINDS, Links, v4};
use super::parse::{File, Scenario, Step};
use super::{Keys, Played, value};
use crate::world::{Outcome, World4};
use crate::{Packet4, Reply4, client::kind};

pub(super) fn all(file: &File, path: &Path) -> Played {
    play_all(file, path, Play::new)
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
        let links = Links::of(setting)?;
        let world = World4::new(crate::config4(text)?, links.addresses())?;
        Ok(Self { world, links, last: None, rewrite: None })
    }
}

impl super::compare::Play for Play {
    fn rewrite(&mut self) -> Option<String> {
        self.rewrite.take()
    }

    fn end(&mut self) -> Result<(), String> {
        if self.last.is_some() {
            return Err("nobody looked at the last reply".to_owned());
        }
        no_ncr(self.world.next_request())?;
        no_legal(self.world.next_entry())
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
            Step::Given { address, keys } => self.world.give(self.given(v4(*address)?, keys)?),
            Step::Lease { text, address, keys } => self.lease(text, v4(*address)?, keys),
            Step::NoLease(address) => match self.world.lease(v4(*address)?)? {
                Some(lease) => Err(format!("there is a lease: {lease:?}")),
                None => Ok(()),
            },
            Step::Ncr { text, change, address, keys } => {
                let now = self.world.clock.timestamp();
                let place = (change.as_str(), *address);
                ncr(self.world.next_request(), now, text, place, keys, &mut self.rewrite)
            }
            Step::NoNcr => no_ncr(self.world.next_request()),
            Step::Legal(expected) => legal(self.world.next_entry(), expected, &mut self.rewrite),
            Step::NoLegal => no_legal(self.world.next_entry()),
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
            Step::ReclaimAndRemove => self.world.reclaim_and_remove(),
            Step::Flush => self.world.flush(),
            Step::Reconfigure(text) => self.world.reconfigure(crate::config4(text)?),
        }
    }
}

impl Play {
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
        let main = facts.main();
        let whole = facts.whole();
        let get = |key: &str, like: &str, _| facts.get(key, like);
        compare(text, (kind, name), keys, main, get, &mut self.rewrite).map_err(|text| text + &whole)
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
        let get = |key: &str, like: &str| {
            let octets = |octets: Option<&[u8]>| octets.map_or("none".to_owned(), |o| value::render(o, like));
            Ok(match key {
                "hw" => lease.hw_addr.map_or("none".to_owned(), |hw_addr| hw_addr.to_string()),
                "id" => octets(lease.client_id.as_ref().map(ClientId::octets)),
                "state" => name_of(&STATES, lease.state).unwrap_or("other").to_owned(),
                "valid" => lease.valid_lifetime.to_string(),
                "age" => now.since(lease.cltt).to_string(),
                "hostname" => format!("\"{}\"", lease.hostname),
                "dns" => directions(lease.fqdn_fwd, lease.fqdn_rev),
                "relay" => {
                    let context = lease.user_context.as_deref().unwrap_or_default();
                    let stored = context.split_once("\"sub-options\": \"");
                    stored.and_then(|(_, rest)| rest.split('"').next()).unwrap_or("none").to_owned()
                }
                "subnet" => lease.subnet_id.to_string(),
                "pool" => lease.pool_id.to_string(),
                other => return Err(format!("'{other}' is no key of a lease")),
            })
        };
        compare_lease(text, address.into(), keys, &["id"], get, &mut self.rewrite)
    }
}

/// What every reply repeats of its query (RFC 2131 section 4.3.1, table 3; RFC 3046).
fn repeats(query: Option<&Packet4>, reply: &Reply4) -> Result<(), String> {
    let Some(query) = query else { return Ok(()) };
    let hex = |octets: &[u8]| value::render(octets, "0x");
    same("op", "2", &reply.op.to_string())?;
    same("xid", &query.xid.to_string(), &reply.xid.to_string())?;
    // It tells of somebody else (RFC 4388 section 6.4.2).
    let of_another = reply.kind() == kind::LEASEACTIVE;
    if !of_another {
        same("htype", &query.htype.to_string(), &reply.htype.to_string())?;
        same("chaddr", &hex(&query.chaddr), &hex(&reply.chaddr))?;
    }
    if !reply.giaddr.is_unspecified() {
        same("giaddr", &query.giaddr.to_string(), &reply.giaddr.to_string())?;
    }
    match reply.options.last() {
        // BOOTP knows none.
        _ if reply.kind() != 0 && reply.option(54).is_none() => {
            Err("the reply has no server identifier".to_owned())
        }
        Some((82, _)) | None => Ok(()),
        Some(_) if !of_another && reply.option(82).is_some() => {
            Err("option 82 is not the last one".to_owned())
        }
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
