//! The DHCPv4 server step: packets in, packets and leases out, invariants held.
//!
//! The input is a play: each step is an octet that says what happens, and what it needs. Packets come as raw octets
//! or as a client's usual ones with a few octets of the fuzzer's choice.
#![no_main]

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use engine::v4::Arrival;
use libfuzzer_sys::fuzz_target;
use lease::LeaseStore4;
use testkit::{Outcome, World4};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const CONFIG: &str = r#"{
    "interfaces-config": { "interfaces": [ ] }, "valid-lifetime": 100, "min-valid-lifetime": 10,
    "max-valid-lifetime": 1000, "cache-threshold": 0.25, "calculate-tee-times": true, "authoritative": true,
    "client-classes": [
        { "name": "odd", "test": "substring(pkt4.mac, 5, 1) == 0x01 or option[60].text == 'odd'" },
        { "name": "DROP", "test": "option[12].text == 'drop'" } ],
    "option-data": [ { "name": "domain-name-servers", "data": "192.0.2.53" },
                     { "name": "vivso-suboptions", "data": "4491" },
                     { "name": "tftp-servers", "space": "vendor-4491", "data": "192.0.2.9", "always-send": true } ],
    "shared-networks": [ { "name": "campus", "subnet4": [
        { "id": 1, "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.10-192.0.2.12" } ] },
        { "id": 2, "subnet": "198.51.100.0/24", "offer-lifetime": 5, "pools": [
            { "pool": "198.51.100.10-198.51.100.12", "client-classes": [ "odd" ] },
            { "pool": "198.51.100.20/31" } ] } ] } ],
    "subnet4": [ { "id": 3, "subnet": "203.0.113.0/24", "match-client-id": false,
                   "pools": [ { "pool": "203.0.113.10 - 203.0.113.11" } ] } ] }"#;

static SERVED: LazyLock<config::ServerConfig4> = LazyLock::new(|| testkit::config4(CONFIG).expect("the configuration is fine"));

/// Who holds an address until when, by what the ACKs said.
type Held = HashMap<Ipv4Addr, ((Option<base::ClientId>, Option<base::HwAddr>), u64)>;

struct Play<'a> {
    world: World4,
    held: Held,
    rest: &'a [u8],
}

impl<'a> Play<'a> {
    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn octets(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// A usual packet of one of eight clients: type, hints and further options by the fuzzer.
    fn usual(&mut self, kind: u8) -> Option<Vec<u8>> {
        let who = self.octet()?;
        let flags = self.octet()?;
        let address = |n: u8| match n & 3 {
            0 => Ipv4Addr::UNSPECIFIED,
            1 => Ipv4Addr::new(192, 0, 2, 8 + (n >> 2) % 8),
            2 => Ipv4Addr::new(198, 51, 100, 8 + (n >> 2) % 16),
            _ => Ipv4Addr::new(203, 0, 113, 8 + (n >> 2) % 8),
        };
        let ciaddr = if flags & 1 != 0 { address(self.octet()?) } else { Ipv4Addr::UNSPECIFIED };
        let mut bytes = vec![1, 1, 6, 0, 0, 0, 0, who, 0, 0, if flags & 2 != 0 { 0x80 } else { 0 }, 0];
        bytes.extend(ciaddr.octets());
        bytes.extend([0; 8]);
        bytes.extend(if flags & 4 != 0 { SERVER } else { Ipv4Addr::new(203, 0, 113, 1) }.octets());
        bytes.extend([2, 0, 0, 0, 0, who % 8]);
        bytes.resize(236, 0);
        bytes.extend([99, 130, 83, 99, 53, 1, kind]);
        if flags & 8 != 0 {
            bytes.extend([50, 4]);
            bytes.extend(address(self.octet()?).octets());
        }
        if flags & 16 != 0 {
            bytes.extend([54, 4]);
            bytes.extend(SERVER.octets());
        }
        if flags & 32 != 0 {
            bytes.extend([61, 3, 1, 1, who % 4]);
        }
        let more = usize::from(self.octet()?);
        bytes.extend(self.octets(more));
        bytes.push(255);
        Some(bytes)
    }

    fn send(&mut self, bytes: &[u8], broadcast: bool) {
        let arrival = Arrival {
            interface: "eth0".into(),
            interface_address: SERVER,
            local: if broadcast { Ipv4Addr::BROADCAST } else { SERVER },
            remote: if broadcast { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::new(192, 0, 2, 2) },
            over6: None,
            remote_port: 67,
        };
        let outcome = self.world.send(bytes, &arrival).expect("the server works");
        let Outcome::Reply { reply, .. } = outcome else { return };
        if reply.kind() != 5 || reply.yiaddr.is_unspecified() {
            return;
        }
        let address = reply.yiaddr;
        let now = self.world.clock.timestamp().0;
        let row = self.world.lease(address).expect("the store works").expect("an ACKed lease is stored");
        let identity = (row.client_id.clone(), row.hw_addr);
        if let Some((other, until)) = self.held.get(&address) {
            // A client is known by its identifier, or where one side has none, by its hardware address.
            let same = match (&other.0, &identity.0) {
                // Subnet 3 has match-client-id off.
                (Some(other), Some(now)) if row.subnet_id.0 != 3 => other == now,
                _ => other.1 == identity.1,
            };
            assert!(same || *until <= now, "{address} belongs to two clients");
        }
        assert!(
            SERVED.subnets.iter().any(|s| s.id == row.subnet_id && s.pools.iter().any(|p| p.contains(address))),
            "{address} is in no pool"
        );
        self.held.insert(address, (identity, row.expires().0));
    }

    /// What releases, declines and replacements took away is nobody's.
    fn forget(&mut self) {
        let world = &self.world;
        self.held.retain(|address, _| {
            world.lease(*address).expect("the store works").is_some_and(|l| l.state == lease::LeaseState::Default)
        });
    }
}

fuzz_target!(|input: &[u8]| {
    let world = World4::new(SERVED.clone(), vec![SERVER]).expect("a world");
    let mut play = Play { world, held: Held::new(), rest: input };
    let mut steps = 0;
    while let Some(step) = play.octet() {
        steps += 1;
        if steps > 200 {
            break;
        }
        match step % 16 {
            0 => {
                let Some(length) = play.octet() else { break };
                let bytes = play.octets(usize::from(length) * 2).to_vec();
                play.send(&bytes, step & 16 != 0);
            }
            1 => play.world.clock.advance(base::Seconds(u32::from(step >> 4) * 7)),
            2 => play.world.reclaim().expect("reclamation works"),
            kind => {
                let Some(bytes) = play.usual([1, 3, 3, 3, 1, 4, 7, 8][usize::from(kind % 8)]) else { break };
                play.send(&bytes, step & 16 != 0);
            }
        }
        play.forget();
    }
    let mut page = play.world.store.page(None, 1000);
    let lease::MaybeReady::Ready(rows) = &mut page else { panic!("a store in memory does not wait") };
    let rows = rows.take().expect("an answer").expect("the store works");
    let assigned = rows.iter().filter(|l| l.occupies()).count();
    assert_eq!(play.world.statistic("assigned-addresses"), i64::try_from(assigned).unwrap());
});
