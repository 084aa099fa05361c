//! The DHCPv6 server step: packets in, packets and leases out, invariants held.
//!
//! The input is a play: each step is an octet that says what happens, and what it needs. Packets come as raw octets
//! or as a client's usual ones with a few options of the fuzzer's choice.
#![no_main]

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::LazyLock;

use base::{Duid, Ipv6Prefix};
use engine::v6::Arrival;
use lease::LeaseStore6;
use libfuzzer_sys::fuzz_target;
use testkit::client6::{Ia6, kind};
use testkit::{Outcome6, Packet6, World6};

const CONFIG: &str = r#"{
    "preferred-lifetime": 60, "valid-lifetime": 100, "min-valid-lifetime": 10, "max-valid-lifetime": 1000,
    "cache-threshold": 0.25, "mac-sources": [ "any" ], "store-extended-info": true,
    "dhcp-ddns": { "enable-updates": true }, "ddns-replace-client-name": "when-present",
    "hostname-char-set": "[^a-z]", "hostname-char-replacement": "",
    "client-classes": [
        { "name": "odd", "test": "substring(option[1].hex, 9, 1) == 0x01 or relay6[0].option[18].text == 'odd'" },
        { "name": "DROP", "test": "option[15].exists and option[61].exists" } ],
    "option-data": [ { "name": "dns-servers", "data": "2001:db8::53", "always-send": true } ],
    "shared-networks": [ { "name": "campus", "interface": "eth0", "subnet6": [
        { "id": 1, "subnet": "2001:db8:1::/64", "rapid-commit": true,
          "pools": [ { "pool": "2001:db8:1::10 - 2001:db8:1::12" } ],
          "pd-pools": [ { "prefix": "2001:db8:8::", "prefix-len": 54, "delegated-len": 56,
                          "excluded-prefix": "2001:db8:8:1::", "excluded-prefix-len": 64 } ],
          "reservations": [ { "duid": "00:03:00:01:02:00:00:00:00:02", "ip-addresses": [ "2001:db8:1::11" ],
                              "prefixes": [ "2001:db8:8:100::/56" ], "hostname": "two" } ] },
        { "id": 2, "subnet": "2001:db8:2::/64", "rapid-commit": true,
          "pools": [ { "pool": "2001:db8:2::10 - 2001:db8:2::11", "client-classes": [ "odd" ] },
                     { "pool": "2001:db8:2::100/120" } ] } ] } ],
    "subnet6": [ { "id": 3, "subnet": "2001:db8:3::/64", "interface-id": "port", "pools": [ { "pool": "2001:db8:3::/64" } ] } ] }"#;

static SERVED: LazyLock<config::ServerConfig6> =
    LazyLock::new(|| testkit::config6(CONFIG).expect("the configuration is fine"));

/// Who holds an address or prefix until when, by what the REPLYs said.
type Held = HashMap<Ipv6Prefix, (Duid, u64)>;

struct Play<'a> {
    world: World6,
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

    /// A usual packet of one of eight clients: type, associations and further options by the fuzzer.
    fn usual(&mut self, kind: u8) -> Option<Vec<u8>> {
        let (who, flags) = (self.octet()?, self.octet()?);
        let mut packet = Packet6::new(kind, &[0, 3, 0, 1, 2, 0, 0, 0, 0, who % 8]);
        if flags & 1 != 0 {
            let id = self.world.server_id.octets().to_vec();
            packet = packet.option(2, &id);
        }
        for _ in 0..flags >> 1 & 3 {
            let (iaid, place) = (self.octet()?, self.octet()?);
            let code = if iaid & 16 != 0 { 25 } else { 3 };
            let address: Ipv6Addr = match (code, place & 3) {
                (_, 0) => Ipv6Addr::UNSPECIFIED,
                (3, n) => [0x2001, 0xdb8, u16::from(n), 0, 0, 0, 0, 0x10 + u16::from(place >> 2) % 4].into(),
                (_, _) => [0x2001, 0xdb8, 8, u16::from(place >> 2) << 6, 0, 0, 0, 0].into(),
            };
            let length = (code == 25).then_some(54 + place % 5);
            let ia = Ia6::new(u32::from(iaid % 4)).with(address, length);
            packet = packet.option(code, &ia.build());
        }
        if flags & 8 != 0 {
            let (code, length) = (u16::from(self.octet()?), usize::from(self.octet()?));
            packet = packet.option(code, self.octets(length));
        }
        if flags & 16 != 0 {
            packet = packet.option(14, &[]);
        }
        for _ in 0..flags >> 5 & 3 {
            let (link, length) = (self.octet()?, usize::from(self.octet()? % 32));
            let link = [0x2001, 0xdb8, u16::from(link % 4), 0, 0, 0, 0, 1].into();
            let options = vec![(18, self.octets(length).to_vec())];
            packet = packet.relayed(link, "fe80::5".parse().ok()?, options);
        }
        Some(packet.build())
    }

    fn send(&mut self, bytes: &[u8], multicast: bool) {
        let arrival = Arrival {
            interface: "eth0".into(),
            local: if multicast { [0xff02, 0, 0, 0, 0, 0, 1, 2] } else { [0x2001, 0xdb8, 1, 0, 0, 0, 0, 1] }.into(),
            remote: [0xfe80, 0, 0, 0, 0x0211, 0x22ff, 0xfe33, 0x4455].into(),
            remote_port: 546,
        };
        let outcome = self.world.send(bytes, &arrival).expect("the server works");
        let Outcome6::Reply { reply, .. } = outcome else { return };
        if reply.kind != kind::REPLY {
            return;
        }
        let now = self.world.clock.timestamp().0;
        for code in [3, 25] {
            for ia in reply.ias(code).expect("associations read") {
                for resource in ia.resources.iter().filter(|r| r.lifetimes.valid > 0) {
                    let prefix = Ipv6Prefix::new(resource.address, resource.length.unwrap_or(128))
                        .expect("a length of at most 128");
                    let row = self.world.lease(resource.address).expect("the store works");
                    let row = row.expect("a granted lease is stored");
                    assert_eq!(row.prefix(), Some(prefix));
                    for (held, (holder, until)) in &self.held {
                        let alike = (held.length() == 128) == (prefix.length() == 128);
                        let free = *holder == row.duid || *until <= now || !alike || !held.overlaps(&prefix);
                        assert!(free, "{prefix} is {holder}'s {held}");
                    }
                    self.held.insert(prefix, (row.duid.clone(), row.expires().0));
                }
            }
        }
    }

    /// What releases, declines and replacements took away is nobody's.
    fn forget(&mut self) {
        let world = &self.world;
        self.held.retain(|prefix, (holder, _)| {
            let row = world.lease(prefix.address()).expect("the store works");
            row.is_some_and(|l| l.state == lease::LeaseState::Default && l.duid == *holder)
        });
    }
}

fuzz_target!(|input: &[u8]| {
    let world = World6::new(SERVED.clone()).expect("a world");
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
                let kinds = [1, 3, 3, 5, 6, 8, 9, 36, 11, 4, 3, 5, 1];
                let Some(bytes) = play.usual(kinds[usize::from(kind - 3) % kinds.len()]) else { break };
                play.send(&bytes, true);
            }
        }
        play.forget();
    }
    let mut page = play.world.store.page(None, 1000);
    let lease::MaybeReady::Ready(rows) = &mut page else { panic!("a store in memory does not wait") };
    let rows = rows.take().expect("an answer").expect("the store works");
    for (name, kind) in [("assigned-nas", lease::LeaseType::Na), ("assigned-pds", lease::LeaseType::Pd)] {
        let counted = |l: &&std::sync::Arc<lease::Lease6>| {
            l.lease_type == kind && l.occupies() && l.state != lease::LeaseState::Registered
        };
        let expected = i64::try_from(rows.iter().filter(counted).count()).unwrap();
        assert_eq!(play.world.statistic(name), expected, "{name}");
    }
});
