//! Honest DHCPv6 clients do whatever they like, and no two of them ever hold one address, or one prefix or parts of
//! it, at the same time.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Duid, Ipv6Prefix, Random, Seconds, Timestamp};
use engine::v6::Arrival;
use lease::{LeaseState, LeaseStore6, LeaseType};
use testkit::client6::{Ia6, kind};
use testkit::{Outcome6, Packet6, Reply6, World6, XorShift};

const CLIENTS: u64 = 10;
/// Associations of a client: two of addresses, two of prefixes.
const IAS: [(u16, u32); 4] = [(3, 1), (3, 2), (25, 1), (25, 2)];

/// Fewer addresses and prefixes than associations, lifetimes of less than two minutes, two subnets on one link.
fn config(second_pool: &str, delegated: u8, extra: &str) -> config::ServerConfig6 {
    testkit::config6(&format!(
        r#"{{
          "preferred-lifetime": 60, "valid-lifetime": 100, "decline-probation-period": 80, {extra}
          "expired-leases-processing": {{ "hold-reclaimed-time": 60 }},
          "shared-networks": [ {{ "name": "net", "interface": "eth0", "subnet6": [
            {{ "id": 1, "subnet": "2001:db8:1::/64", "pools": [ {{ "pool": "2001:db8:1::10 - 2001:db8:1::15" }} ],
               "pd-pools": [ {{ "prefix": "2001:db8:8::", "prefix-len": 53, "delegated-len": {delegated} }} ],
               "reservations": [ {{ "duid": "00:03:00:01:02:00:00:00:00:03",
                 "ip-addresses": [ "2001:db8:1::12" ], "prefixes": [ "2001:db8:8:100::/56" ] }} ] }},
            {{ "id": 2, "subnet": "2001:db8:2::/64", "pools": [ {{ "pool": "{second_pool}" }} ],
               "pd-pools": [ {{ "prefix": "2001:db8:9::", "prefix-len": 54, "delegated-len": 56 }} ] }}
          ] }} ]
        }}"#
    ))
    .unwrap()
}

/// What a client holds, by association: prefix (of 128 bits for an address) and the end of its life.
type Held = BTreeMap<(u16, u32), (Ipv6Prefix, Timestamp)>;

struct Play {
    world: World6,
    random: XorShift,
    clients: Vec<Held>,
    /// What each had last, by association.
    last: Vec<BTreeMap<(u16, u32), Ipv6Prefix>>,
    log: Vec<String>,
}

impl Play {
    fn new(seed: u64, extra: &str) -> Self {
        let world = World6::new(config("2001:db8:2::10 - 2001:db8:2::12", 56, extra)).unwrap();
        let clients = vec![Held::new(); usize::try_from(CLIENTS).unwrap()];
        let last = vec![BTreeMap::new(); usize::try_from(CLIENTS).unwrap()];
        Self { world, random: XorShift::new(seed), clients, last, log: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.timestamp()
    }

    fn duid(n: u64) -> Vec<u8> {
        vec![0, 3, 0, 1, 2, 0, 0, 0, 0, u8::try_from(n).unwrap()]
    }

    fn send(&mut self, mut packet: Packet6) -> Option<Reply6> {
        packet.xid = u32::try_from(self.random.below(1 << 24)).unwrap();
        let arrival = Arrival {
            interface: "eth0".into(),
            local: "ff02::1:2".parse().unwrap(),
            remote: "fe80::1".parse().unwrap(),
            local_port: 547,
            remote_port: 546,
            received: None,
        };
        match self.world.send(&packet.build(), &arrival).unwrap() {
            Outcome6::Reply { reply, .. } => {
                assert_eq!(reply.xid, packet.xid);
                Some(*reply)
            }
            Outcome6::PassedOn(_) | Outcome6::Silence | Outcome6::Drop(_) => None,
        }
    }

    /// A message about some associations, with what `name` gives for each.
    fn message(
        &mut self,
        n: u64,
        kind: u8,
        server: bool,
        name: impl Fn(&Self, (u16, u32)) -> Option<Option<Ipv6Prefix>>,
    ) -> Option<(Packet6, Vec<(u16, u32)>)> {
        let mut packet = Packet6::new(kind, &Self::duid(n));
        if server {
            let id = self.world.server_id.octets().to_vec();
            packet = packet.option(2, &id);
        }
        let mut asked = Vec::new();
        for ia in IAS {
            if self.random.below(3) == 0 {
                continue;
            }
            let Some(prefix) = name(self, ia) else { continue };
            let mut body = Ia6::new(ia.1);
            if let Some(prefix) = prefix {
                body = body.with(prefix.address(), (ia.0 == 25).then(|| prefix.length()));
            }
            packet = packet.option(ia.0, &body.build());
            asked.push(ia);
        }
        (!asked.is_empty()).then_some((packet, asked))
    }

    fn step(&mut self) {
        let n = self.random.below(CLIENTS);
        let at = usize::try_from(n).unwrap();
        let now = self.now();
        // An honest client stops using what it has in time.
        for client in &mut self.clients {
            client.retain(|_, (_, end)| *end > now);
        }
        let action = self.random.below(16);
        self.log.push(format!("{} client {n} action {action} {:?}", now.0, self.clients[at]));
        let hint = self.random.below(2) == 0;
        let last = |play: &Self, ia| Some(play.last[at].get(&ia).copied().filter(|_| hint));
        let held = |play: &Self, ia| play.clients[at].get(&ia).map(|(prefix, _)| Some(*prefix));
        match action {
            0..=2 => {
                let Some((packet, asked)) = self.message(n, kind::SOLICIT, false, last) else { return };
                let reply = self.send(packet).expect("a SOLICIT is answered");
                assert_eq!(reply.kind, kind::ADVERTISE);
                for (ia, resource) in granted(&reply, &asked) {
                    self.free_for(n, ia, resource.0);
                }
            }
            3..=6 => {
                let Some((packet, asked)) = self.message(n, kind::REQUEST, true, last) else { return };
                let reply = self.send(packet).expect("a REQUEST is answered");
                self.answered(n, &reply, &asked);
            }
            7..=9 => {
                let (kind, server) = if action == 9 { (kind::REBIND, false) } else { (kind::RENEW, true) };
                let Some((packet, asked)) = self.message(n, kind, server, held) else { return };
                let reply = self.send(packet).expect("a renewal on a known link is answered");
                self.answered(n, &reply, &asked);
            }
            10 => {
                let Some((packet, asked)) = self.message(n, kind::RELEASE, true, held) else { return };
                let reply = self.send(packet).expect("a RELEASE is answered");
                assert_eq!(reply.status().unwrap().unwrap().0, 0);
                for ia in asked {
                    self.clients[at].remove(&ia);
                }
            }
            11 => {
                let addresses = |play: &Self, ia: (u16, u32)| held(play, ia).filter(|_| ia.0 == 3);
                let Some((packet, asked)) = self.message(n, kind::DECLINE, true, addresses) else { return };
                self.send(packet).expect("a DECLINE is answered");
                for ia in asked {
                    let (address, _) = self.clients[at].remove(&ia).unwrap();
                    let row = self.world.lease(address.address()).unwrap().unwrap();
                    assert_eq!(row.state, LeaseState::Declined, "{address} was declined by its holder");
                }
            }
            12 => {
                // Somebody else's, or nobody's.
                let wrong = |play: &Self, ia| {
                    let other = play.clients.iter().find_map(|client| client.get(&ia));
                    other.map(|(prefix, _)| Some(*prefix))
                };
                let kind = if hint { kind::RELEASE } else { kind::RENEW };
                let Some((packet, asked)) = self.message(n, kind, true, wrong) else { return };
                let reply = self.send(packet).expect("a message about others' leases is answered");
                if kind == kind::RENEW {
                    self.answered(n, &reply, &asked);
                } else {
                    for ia in asked {
                        let row = self.clients[at].get(&ia).map(|(prefix, _)| prefix.address());
                        let ours = row.and_then(|address| self.world.lease(address).unwrap());
                        if ours.is_some_and(|row| row.state == LeaseState::Released) {
                            self.clients[at].remove(&ia);
                        }
                    }
                }
            }
            13 => self.world.reclaim().unwrap(),
            14 => self.world.flush().unwrap(),
            _ => {
                let span = u32::try_from(self.random.below(40)).unwrap();
                self.world.clock.advance(Seconds(span));
            }
        }
    }

    /// Nobody else holds it or a part of it, and no other association of the client.
    fn free_for(&self, n: u64, ia: (u16, u32), prefix: Ipv6Prefix) {
        let now = self.now();
        for (other, client) in self.clients.iter().enumerate() {
            for (held_by, (held, end)) in client {
                let own = other == usize::try_from(n).unwrap() && *held_by == ia;
                assert!(
                    own || *end <= now || !held.overlaps(&prefix),
                    "{prefix} for {n} {ia:?} is held by {other} {held_by:?}"
                );
            }
        }
    }

    fn answered(&mut self, n: u64, reply: &Reply6, asked: &[(u16, u32)]) {
        let at = usize::try_from(n).unwrap();
        assert_eq!(reply.kind, kind::REPLY);
        for ia in asked {
            // What the reply does not repeat is withdrawn, or was not granted.
            self.clients[at].remove(ia);
        }
        for (ia, (prefix, valid)) in granted(reply, asked) {
            self.free_for(n, ia, prefix);
            let end = self.now().after(Seconds(valid));
            let row = self.world.lease(prefix.address()).unwrap().unwrap();
            assert_eq!((row.state, row.prefix()), (LeaseState::Default, Some(prefix)));
            assert_eq!(row.duid, Duid::new(&Self::duid(n)).unwrap());
            assert_eq!((row.lease_type == LeaseType::Pd, row.iaid.0), (ia.0 == 25, ia.1));
            assert_eq!(row.expires(), end, "client and server agree on the end of {prefix}");
            self.clients[at].insert(ia, (prefix, end));
            self.last[at].insert(ia, prefix);
        }
    }

    /// Rows, statistics and beliefs fit together.
    fn check(&self) {
        let rows = match self.world.store.page(None, usize::MAX) {
            lease::MaybeReady::Ready(Some(rows)) => rows.unwrap(),
            _ => panic!("memory does not wait"),
        };
        let by_address: BTreeMap<Ipv6Addr, Arc<lease::Lease6>> =
            rows.iter().map(|row| (row.address, Arc::clone(row))).collect();
        let now = self.now();
        for (n, client) in self.clients.iter().enumerate() {
            for (prefix, end) in client.values().filter(|(_, end)| *end > now) {
                let row = by_address.get(&prefix.address());
                let row = row.unwrap_or_else(|| panic!("{prefix} of {n} is forgotten"));
                assert_eq!(row.state, LeaseState::Default, "{prefix} of {n}");
                assert!(row.expires() >= *end, "{prefix} of {n} ends early");
            }
        }
        for (subnet, name) in
            [(None, "".to_owned()), (Some(1), "subnet[1].".to_owned()), (Some(2), "subnet[2].".to_owned())]
        {
            let count = |test: &dyn Fn(&lease::Lease6) -> bool| {
                let of =
                    |row: &&Arc<lease::Lease6>| subnet.is_none_or(|id| row.subnet_id.0 == id) && test(row);
                i64::try_from(rows.iter().filter(of).count()).unwrap()
            };
            let of = |kind| move |row: &lease::Lease6| row.lease_type == kind && row.occupies();
            let declined = count(&|row| row.state == LeaseState::Declined);
            for (statistic, expected) in [
                ("assigned-nas", count(&of(LeaseType::Na))),
                ("assigned-pds", count(&of(LeaseType::Pd))),
                ("declined-addresses", declined),
            ] {
                let value = self.world.statistic(&format!("{name}{statistic}"));
                assert_eq!(value, expected, "{name}{statistic}");
            }
        }
    }
}

/// What a reply grants, by association, with valid lifetimes.
fn granted(reply: &Reply6, asked: &[(u16, u32)]) -> Vec<((u16, u32), (Ipv6Prefix, u32))> {
    let mut list = Vec::new();
    for code in [3, 25] {
        let ias = reply.ias(code).unwrap();
        let iaids: Vec<u32> = ias.iter().map(|ia| ia.iaid).collect();
        let wanted: Vec<u32> = asked.iter().filter(|ia| ia.0 == code).map(|ia| ia.1).collect();
        assert_eq!(iaids, wanted, "every association is answered");
        for ia in ias {
            let alive: Vec<_> = ia.resources.iter().filter(|r| r.lifetimes.valid > 0).collect();
            assert_eq!(alive.is_empty(), ia.status.is_some(), "{ia:?}");
            assert!(alive.len() <= 1, "one lease for one association: {ia:?}");
            for resource in alive {
                assert!(resource.lifetimes.preferred <= resource.lifetimes.valid);
                let prefix = Ipv6Prefix::new(resource.address, resource.length.unwrap_or(128)).unwrap();
                list.push(((code, ia.iaid), (prefix, resource.lifetimes.valid)));
            }
        }
    }
    list
}

fn play(seed: u64, steps: usize, extra: &str, reconfigure: bool) {
    let mut play = Play::new(seed, extra);
    for at in 0..steps {
        if reconfigure && (at + 1).is_multiple_of(97) {
            // Pools move, and prefixes of another length are cut from the same one.
            let (pool, delegated) = match (at / 97) % 3 {
                0 => ("2001:db8:2::12 - 2001:db8:2::15", 57),
                1 => ("2001:db8:2::10 - 2001:db8:2::12", 55),
                _ => ("2001:db8:2::10 - 2001:db8:2::12", 56),
            };
            play.world.reconfigure(config(pool, delegated, extra)).unwrap();
        }
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            play.step();
            play.check();
        }));
        if outcome.is_err() {
            let tail = play.log.len().saturating_sub(12);
            panic!("seed {seed}, step {at}:\n{}", play.log[tail..].join("\n"));
        }
    }
    let replies = play.world.statistic("pkt6-reply-sent");
    assert!(replies > 20, "seed {seed}: only {replies} replies; the play tests nothing");
}

#[test]
fn plain() {
    for seed in 1..30 {
        play(seed, 600, "", false);
    }
}

#[test]
fn without_reuse() {
    for seed in 1..20 {
        play(seed, 600, r#""cache-threshold": 0.0,"#, false);
    }
}

#[test]
fn reconfigured() {
    for seed in 1..30 {
        play(seed, 600, "", true);
    }
}
