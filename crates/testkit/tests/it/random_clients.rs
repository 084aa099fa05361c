//! Honest clients do whatever they like, and no two of them ever hold one address at the same time.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{HwAddr, Random, Seconds, Timestamp};
use engine::v4::Arrival;
use lease::{LeaseState, LeaseStore4};
use testkit::client::kind;
use testkit::{Outcome, Packet4, Reply4, World4, XorShift};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const CLIENTS: u64 = 12;

/// Fewer addresses than clients, lifetimes of less than two minutes, two subnets on one link.
fn config(second_pool: &str, extra: &str) -> config::ServerConfig4 {
    testkit::config4(&format!(
        r#"{{
          "valid-lifetime": 100, "decline-probation-period": 80, {extra}
          "expired-leases-processing": {{ "hold-reclaimed-time": 60 }},
          "shared-networks": [ {{ "name": "net", "subnet4": [
            {{ "id": 1, "subnet": "192.0.2.0/24", "pools": [ {{ "pool": "192.0.2.10 - 192.0.2.13" }} ] }},
            {{ "id": 2, "subnet": "198.51.100.0/24", "pools": [ {{ "pool": "{second_pool}" }} ] }}
          ] }} ]
        }}"#
    ))
    .unwrap()
}

/// What a client believes.
#[derive(Clone, Debug, Default)]
struct Client {
    /// Address and end of the lease.
    lease: Option<(Ipv4Addr, Timestamp)>,
    offered: Option<Ipv4Addr>,
    /// The address it had last.
    last: Option<Ipv4Addr>,
}

struct Play {
    world: World4,
    random: XorShift,
    clients: Vec<Client>,
    log: Vec<String>,
}

impl Play {
    fn new(seed: u64, extra: &str) -> Self {
        let world = World4::new(config("198.51.100.10 - 198.51.100.12", extra), vec![SERVER]).unwrap();
        let clients = vec![Client::default(); usize::try_from(CLIENTS).unwrap()];
        Self { world, random: XorShift::new(seed), clients, log: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.timestamp()
    }

    fn hw_addr(n: u64) -> HwAddr {
        HwAddr::new(1, &[2, 0, 0, 0, 0, u8::try_from(n).unwrap()]).unwrap()
    }

    fn send(&mut self, n: u64, mut packet: Packet4, unicast: bool) -> Option<Reply4> {
        // Some clients have an identifier.
        if n.is_multiple_of(3) {
            packet = packet.option(61, &[0, 1, u8::try_from(n).unwrap()]);
        }
        packet.xid = u32::try_from(self.random.below(1 << 32)).unwrap();
        let arrival = Arrival {
            interface: "eth0".into(),
            interface_address: SERVER,
            local: if unicast { SERVER } else { Ipv4Addr::BROADCAST },
            remote: if unicast { packet.ciaddr } else { Ipv4Addr::UNSPECIFIED },
            received: None,
            over6: None,
            local_port: 67,
            remote_port: 68,
        };
        match self.world.send(&packet.build(), &arrival).unwrap() {
            Outcome::Reply { reply, .. } => {
                assert_eq!(reply.xid, packet.xid);
                Some(*reply)
            }
            _ => None,
        }
    }

    fn step(&mut self) {
        let n = self.random.below(CLIENTS);
        let at = usize::try_from(n).unwrap();
        let hw_addr = Self::hw_addr(n);
        let now = self.now();
        // An honest client stops using its address in time.
        for client in &mut self.clients {
            if client.lease.is_some_and(|(_, end)| end <= now) {
                client.lease = None;
            }
        }
        let client = self.clients[at].clone();
        let action = self.random.below(16);
        self.log.push(format!("{} client {n} action {action} {client:?}", now.0));
        match action {
            0..=3 => {
                let mut packet = Packet4::discover(&hw_addr);
                if let (Some(last), 0) = (client.last, self.random.below(2)) {
                    packet = packet.address(50, last);
                }
                let reply = self.send(n, packet, false);
                let offered = reply.map(|reply| {
                    assert_eq!(reply.kind(), kind::OFFER);
                    reply.yiaddr
                });
                self.clients[at].offered = offered;
                if let Some(offered) = offered {
                    self.free_for(n, offered);
                }
            }
            4..=6 => {
                let Some(offered) = client.offered.or(client.last) else { return };
                let packet = Packet4::request_selecting(&hw_addr, SERVER, offered);
                let reply = self.send(n, packet, false);
                self.clients[at].offered = None;
                self.answered(n, reply, Some(offered));
            }
            7 => {
                let Some(last) = client.last else { return };
                let reply = self.send(n, Packet4::request_init_reboot(&hw_addr, last), false);
                self.answered(n, reply, Some(last));
            }
            8..=9 => {
                let Some((address, _)) = client.lease else { return };
                let reply = self.send(n, Packet4::request_extension(&hw_addr, address), action == 8);
                self.answered(n, reply, Some(address));
            }
            10 => {
                let Some((address, _)) = client.lease else { return };
                let reply = self.send(n, Packet4::release(&hw_addr, SERVER, address), true);
                assert!(reply.is_none());
                self.clients[at].lease = None;
            }
            11 => {
                let Some((address, _)) = client.lease else { return };
                let reply = self.send(n, Packet4::decline(&hw_addr, SERVER, address), false);
                assert!(reply.is_none());
                self.clients[at].lease = None;
                let row = self.world.lease(address).unwrap().unwrap();
                assert_eq!(row.state, LeaseState::Declined, "{address} was declined by its holder");
            }
            12 => {
                let reply = self.send(n, Packet4::inform(&hw_addr, Ipv4Addr::new(192, 0, 2, 77)), true);
                assert_eq!(
                    reply.map(|reply| (reply.kind(), reply.yiaddr)),
                    Some((kind::ACK, Ipv4Addr::UNSPECIFIED))
                );
            }
            13 => self.world.reclaim().unwrap(),
            14 => self.world.flush().unwrap(),
            _ => {
                let span = u32::try_from(self.random.below(40)).unwrap();
                self.world.clock.advance(Seconds(span));
            }
        }
    }

    /// Nobody else holds the address.
    fn free_for(&self, n: u64, address: Ipv4Addr) {
        let now = self.now();
        for (other, client) in self.clients.iter().enumerate() {
            if other != usize::try_from(n).unwrap()
                && let Some((held, end)) = client.lease
            {
                assert!(held != address || end <= now, "{address} for {n} is held by {other}");
            }
        }
    }

    fn answered(&mut self, n: u64, reply: Option<Reply4>, wanted: Option<Ipv4Addr>) {
        let at = usize::try_from(n).unwrap();
        let Some(reply) = reply else { return };
        if reply.kind() == kind::NAK {
            self.clients[at].lease = None;
            self.clients[at].offered = None;
            return;
        }
        assert_eq!(reply.kind(), kind::ACK);
        let address = reply.yiaddr;
        assert_eq!(Some(address), wanted, "an ACK grants what was asked for");
        self.free_for(n, address);
        let time: [u8; 4] = reply.option(51).unwrap().try_into().unwrap();
        let end = self.now().after(Seconds(u32::from_be_bytes(time)));
        let row = self.world.lease(address).unwrap().unwrap();
        assert_eq!(row.state, LeaseState::Default);
        assert_eq!(row.hw_addr, Some(Self::hw_addr(n)));
        assert_eq!(row.expires(), end, "client and server agree on the end");
        self.clients[at].lease = Some((address, end));
        self.clients[at].last = Some(address);
    }

    /// Rows, statistics and beliefs fit together.
    fn check(&self) {
        let rows = match self.world.store.page(None, usize::MAX) {
            lease::MaybeReady::Ready(Some(rows)) => rows.unwrap(),
            _ => panic!("memory does not wait"),
        };
        let by_address: BTreeMap<Ipv4Addr, Arc<lease::Lease4>> =
            rows.iter().map(|row| (row.address, Arc::clone(row))).collect();
        let now = self.now();
        for (n, client) in self.clients.iter().enumerate() {
            let Some((address, end)) = client.lease.filter(|(_, end)| *end > now) else { continue };
            let row = by_address.get(&address).unwrap_or_else(|| panic!("{address} of {n} is forgotten"));
            assert_eq!(row.state, LeaseState::Default, "{address} of {n}");
            assert!(row.expires() >= end, "{address} of {n} ends early");
        }
        for (subnet, name) in
            [(None, "".to_owned()), (Some(1), "subnet[1].".to_owned()), (Some(2), "subnet[2].".to_owned())]
        {
            let count = |test: &dyn Fn(&lease::Lease4) -> bool| {
                let of =
                    |row: &&Arc<lease::Lease4>| subnet.is_none_or(|id| row.subnet_id.0 == id) && test(row);
                i64::try_from(rows.iter().filter(of).count()).unwrap()
            };
            let assigned = count(&|row| row.occupies());
            let declined = count(&|row| row.state == LeaseState::Declined);
            assert_eq!(self.world.statistic(&format!("{name}assigned-addresses")), assigned, "{name}");
            assert_eq!(self.world.statistic(&format!("{name}declined-addresses")), declined, "{name}");
        }
    }
}

fn play(seed: u64, steps: usize, extra: &str, reconfigure: bool) {
    let mut play = Play::new(seed, extra);
    let mut acks = 0;
    for at in 0..steps {
        if reconfigure && (at + 1).is_multiple_of(97) {
            let pool = if at.is_multiple_of(2) {
                "198.51.100.10 - 198.51.100.12"
            } else {
                "198.51.100.12 - 198.51.100.15"
            };
            play.world.reconfigure(config(pool, extra)).unwrap();
        }
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            play.step();
            play.check();
        }));
        if outcome.is_err() {
            let tail = play.log.len().saturating_sub(12);
            panic!("seed {seed}, step {at}:\n{}", play.log[tail..].join("\n"));
        }
        acks = play.world.statistic("pkt4-ack-sent");
    }
    assert!(acks > 20, "seed {seed}: only {acks} ACKs; the play tests nothing");
}

#[test]
fn plain() {
    for seed in 1..40 {
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
fn with_offers_that_hold_their_address() {
    for seed in 1..20 {
        play(seed, 600, r#""offer-lifetime": 20,"#, false);
    }
}

#[test]
fn authoritative_and_reconfigured() {
    for seed in 1..20 {
        play(seed, 600, r#""authoritative": true,"#, true);
    }
}
