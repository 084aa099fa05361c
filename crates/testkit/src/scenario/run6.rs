//! Playing the steps of DHCPv6.

use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use base::{Duid, HwAddr, Iaid, PoolId, Seconds, SubnetId, Timestamp};
use engine::v6::{Arrival, Destination};
use lease::{HwAddrSource, Lease6, LeaseState, LeaseType};

use super::compare::{
    STATES, code_of, compare, compare_lease, directions, legal, name_of, ncr, no_legal, no_ncr, play_all,
    same,
};
use super::packet6::{KINDS, Links6, octets};
use super::parse::{File, Scenario, Step};
use super::{Keys, Played, value};
use crate::client6::{Ia6, Lifetimes6};
use crate::world6::{Outcome6, World6};
use crate::{Packet6, Reply6};

const TYPES: [(LeaseType, &str); 2] = [(LeaseType::Na, "na"), (LeaseType::Pd, "pd")];

pub(super) fn all(file: &File, path: &Path) -> Played {
    play_all(file, path, Play::new)
}

fn v6(address: IpAddr) -> Result<Ipv6Addr, String> {
    match address {
        IpAddr::V6(address) => Ok(address),
        IpAddr::V4(address) => Err(format!("{address} is no IPv6 address")),
    }
}

struct Play {
    world: World6,
    links: Links6,
    /// The last packet and what came of it, until an expectation looks at it.
    last: Option<(Option<Packet6>, Outcome6)>,
    rewrite: Option<String>,
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
                let arrival = self.links.arrival(&[], false)?;
                self.send(None, &value::parse(octets)?, &arrival)
            }
            Step::Expect { text, kind, keys } => self.expect(text, kind, keys),
            Step::Given { address, keys } => self.world.give(self.given(v6(*address)?, keys)?),
            Step::Lease { text, address, keys } => self.lease(text, v6(*address)?, keys),
            Step::NoLease(address) => match self.world.lease(v6(*address)?)? {
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
            Step::Reconfigure(text) => self.world.reconfigure(crate::config6(text)?),
        }
    }
}

impl Play {
    fn new(scenario: &Scenario) -> Result<Self, String> {
        let setting = &scenario.setting;
        let (text, _) = setting.config.as_ref().ok_or("there is no configuration")?;
        let links = Links6::of(setting);
        let world = World6::new(crate::config6(text)?)?;
        Ok(Self { world, links, last: None, rewrite: None })
    }

    fn send(&mut self, packet: Option<Packet6>, bytes: &[u8], arrival: &Arrival) -> Result<(), String> {
        let unseen = self.last.is_some();
        let outcome = self.world.send(bytes, arrival)?;
        self.last = Some((packet, outcome));
        if unseen { Err("nobody looked at the reply before".to_owned()) } else { Ok(()) }
    }

    // Expectations.

    fn expect(&mut self, text: &str, kind: &str, keys: &Keys) -> Result<(), String> {
        let (query, outcome) = self.last.take().ok_or("nothing was sent")?;
        let name = match &outcome {
            Outcome6::Reply { reply, .. } => name_of(&KINDS, reply.kind).unwrap_or("other"),
            Outcome6::PassedOn(_) => "passed-on",
            Outcome6::Silence => "none",
            Outcome6::Drop(_) if kind == "none" => "none",
            Outcome6::Drop(_) => "drop",
        };
        let (facts, main) = match &outcome {
            Outcome6::Reply { reply, destination } => {
                repeats(query.as_ref(), reply, &self.world.server_id)?;
                (Facts::Reply(reply, destination), ias(reply)?)
            }
            Outcome6::Drop(reason) => (Facts::Drop(reason.name()), vec![reason.name().to_owned()]),
            Outcome6::PassedOn(_) | Outcome6::Silence => (Facts::Nothing, Vec::new()),
        };
        let get = |key: &str, like: &str, before: usize| facts.get(key, like, before);
        compare(text, (kind, name), keys, main, get, &mut self.rewrite)
            .map_err(|text| format!("{text}\n  {outcome:?}"))
    }

    fn given(&self, address: Ipv6Addr, keys: &Keys) -> Result<Lease6, String> {
        let mut lease = Lease6 {
            lease_type: LeaseType::Na,
            address,
            prefix_length: 128,
            duid: Duid::empty(),
            iaid: Iaid(1),
            subnet_id: SubnetId(1),
            pool_id: PoolId(0),
            cltt: self.world.clock.timestamp(),
            preferred_lifetime: Seconds(3000),
            valid_lifetime: Seconds(4000),
            state: LeaseState::Default,
            hw_addr: None,
            hw_addr_source: HwAddrSource::UNKNOWN,
            hostname: Box::default(),
            fqdn_fwd: false,
            fqdn_rev: false,
            user_context: None,
        };
        for (key, text) in keys {
            let number = || text.parse::<u32>().map_err(|_| format!("{key}={text} is not a number"));
            match key.as_str() {
                "type" => {
                    lease.lease_type = code_of(&TYPES, text).ok_or_else(|| format!("'{text}' is no type"))?;
                }
                "length" => lease.prefix_length = u8::try_from(number()?).map_err(|e| e.to_string())?,
                "duid" => lease.duid = Duid::new(&octets(text)?).map_err(|error| error.to_string())?,
                "iaid" => lease.iaid = Iaid(number()?),
                "hw" => lease.hw_addr = Some(HwAddr::parse(text).map_err(|error| error.to_string())?),
                "state" => {
                    lease.state = code_of(&STATES, text).ok_or_else(|| format!("'{text}' is not a state"))?;
                }
                "valid" => lease.valid_lifetime = Seconds(number()?),
                "pref" => lease.preferred_lifetime = Seconds(number()?),
                "age" => lease.cltt = Timestamp(lease.cltt.0.saturating_sub(number()?.into())),
                "hostname" => lease.hostname = text.trim_matches('"').into(),
                "dns" => (lease.fqdn_fwd, lease.fqdn_rev) = (text.contains("fwd"), text.contains("rev")),
                "subnet" => lease.subnet_id = SubnetId(number()?),
                "pool" => lease.pool_id = PoolId(number()?),
                "context" => lease.user_context = Some(text.as_str().into()),
                other => return Err(format!("'{other}' is no key of a lease")),
            }
        }
        Ok(lease)
    }

    fn lease(&mut self, text: &str, address: Ipv6Addr, keys: &Keys) -> Result<(), String> {
        let Some(lease) = self.world.lease(address)? else {
            self.rewrite = Some(format!("no lease {address}"));
            return Err("there is no such lease".to_owned());
        };
        let now = self.world.clock.timestamp();
        let get = |key: &str, _: &str| {
            Ok(match key {
                "type" => name_of(&TYPES, lease.lease_type).unwrap_or("other").to_owned(),
                "length" => lease.prefix_length.to_string(),
                "duid" => lease.duid.to_string(),
                "iaid" => lease.iaid.to_string(),
                "hw" => lease.hw_addr.map_or("none".to_owned(), |hw_addr| hw_addr.to_string()),
                "source" => lease.hw_addr_source.0.to_string(),
                "state" => name_of(&STATES, lease.state).unwrap_or("other").to_owned(),
                "valid" => lease.valid_lifetime.to_string(),
                "pref" => lease.preferred_lifetime.to_string(),
                "age" => now.since(lease.cltt).to_string(),
                "hostname" => format!("\"{}\"", lease.hostname),
                "dns" => directions(lease.fqdn_fwd, lease.fqdn_rev),
                "subnet" => lease.subnet_id.to_string(),
                "pool" => lease.pool_id.to_string(),
                "context" => lease.user_context.as_deref().unwrap_or("none").to_owned(),
                other => return Err(format!("'{other}' is no key of a lease")),
            })
        };
        compare_lease(text, address.into(), keys, &[], get, &mut self.rewrite)
    }
}

/// What every reply repeats of its query (RFC 9915 sections 18.3.10 and 19.3).
fn repeats(query: Option<&Packet6>, reply: &Reply6, server_id: &Duid) -> Result<(), String> {
    if reply.option(2) != Some(server_id.octets()) {
        return Err("the reply does not name the server".to_owned());
    }
    let Some(query) = query else { return Ok(()) };
    same("xid", &query.xid.to_string(), &reply.xid.to_string())?;
    let client_id = query.options.iter().find(|(code, _)| *code == 1).map(|(_, value)| value.as_slice());
    if reply.option(1) != client_id {
        return Err("the reply does not name the client".to_owned());
    }
    let mirrored = |relays: &[crate::client6::Relay6]| -> Vec<String> {
        let echoed = |relay: &crate::client6::Relay6| {
            let options: Vec<_> = relay.options.iter().filter(|(code, _)| matches!(code, 18 | 135)).collect();
            format!("{} {} {} {options:?}", relay.hop_count, relay.link, relay.peer)
        };
        relays.iter().map(echoed).collect()
    };
    same("relay agents", &mirrored(&query.relays).join("; "), &mirrored(&reply.relays).join("; "))
}

/// Everything about the associations of a reply.
fn ias(reply: &Reply6) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for (name, code) in [("na", 3), ("pd", 25)] {
        all.extend(reply.ias(code)?.iter().map(|ia| format!("{name}={}", render(ia, "@ t="))));
    }
    Ok(all)
}

/// An association with the facets that `like` has.
fn render(ia: &Ia6, like: &str) -> String {
    let mut text = format!("{{{}", ia.iaid);
    for resource in &ia.resources {
        // Writing to a string does not fail.
        let _ = write!(text, " {}", resource.address);
        if let Some(length) = resource.length {
            let _ = write!(text, "/{length}");
        }
        if like.contains('@') {
            let Lifetimes6 { preferred, valid } = resource.lifetimes;
            let _ = write!(text, "@{preferred}/{valid}");
        }
        for (code, value) in &resource.options {
            let _ = write!(text, "+{code}:{}", base::encode_hex(value));
        }
    }
    if like.contains("t=") {
        let _ = write!(text, " t={}/{}", ia.t1, ia.t2);
    }
    if let Some((code, _)) = &ia.status {
        let _ = write!(text, " status={code}");
    }
    text + "}"
}

/// What expectations can ask of an outcome.
enum Facts<'a> {
    Reply(&'a Reply6, &'a Destination),
    Drop(&'static str),
    Nothing,
}

impl Facts<'_> {
    /// The value of a key that stood so many times before, in the look of `like`.
    fn get(&self, key: &str, like: &str, before: usize) -> Result<String, String> {
        let (reply, destination) = match self {
            Self::Drop(reason) if key == "reason" => return Ok((*reason).to_owned()),
            Self::Reply(reply, destination) => (reply, destination),
            _ => return Err(format!("nothing was sent that could have '{key}'")),
        };
        let ia = |code| -> Result<String, String> {
            Ok(reply.ias(code)?.get(before).map_or("!".to_owned(), |ia| render(ia, like)))
        };
        let status = reply.status()?;
        Ok(match key {
            "na" => ia(3)?,
            "pd" => ia(25)?,
            "status" => status.map_or("none".to_owned(), |(code, _)| code.to_string()),
            "text" => status.map_or("none".to_owned(), |(_, text)| format!("\"{text}\"")),
            "to" if like.contains(']') => format!("[{}]:{}", destination.address, destination.port),
            "to" => destination.address.to_string(),
            "options" => {
                let codes: Vec<String> = reply.options.iter().map(|(code, _)| code.to_string()).collect();
                codes.join(",")
            }
            code => {
                let code: u16 = code.parse().map_err(|_| format!("'{code}' is no key of a reply"))?;
                let mut values = reply.options.iter().filter(|(this, _)| *this == code);
                values.nth(before).map_or("!".to_owned(), |(_, octets)| value::render(octets, like))
            }
        })
    }
}
