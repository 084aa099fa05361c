//! What hostile peers send a DHCPv6 server: each published fault of a DHCP server that DHCPv6 packets can set off has its
//! test. Nothing panics, and a good client is served right after.
//!
//! | Fault | Test |
//! |---|---|
//! | Kea CVE-2015-8373; dhcpd 2012-3570, 2012-3571 | [`everything_is_logged`], [`identifiers_of_any_length`] |
//! | Kea CVE-2019-6472, #4533 | [`identifiers_of_any_length`] |
//! | Kea CVE-2019-6473, #4557, #4567, #4652; dhcpd CVE-2022-2929 | [`names_of_any_shape`], [`names_in_options_of_ones_own`] |
//! | Kea CVE-2019-6474 | `memfile`, `lease::suite6` (what is stored reads back), [`random_clients6`](random_clients6.rs) |
//! | Kea CVE-2025-11232 | [`names_that_sanitising_empties`] |
//! | Kea #4545, #4268 | [`prefixes_of_any_length`] |
//! | Kea #4560; dhcpd 2010-3611 | [`relay_agents_that_say_anything`], [`relay_messages_cut_anywhere`] |
//! | Kea #4565, #4692 | [`containers_in_containers`], [`vendor_options_within_vendor_options`] |
//! | Kea #4576 | `over6.rs` (`hostile_messages_inside`) |
//! | Kea #4626; osvbng #431 | [`options_cut_off_or_empty_or_long`], [`options_as_long_as_can_be`] |
//! | dhcpd 2011-0413, 2012-3955 | [`leases_of_others_under_new_configurations`] |
//! | dhcpd 2011-4539, 2013-2494 | [`expressions_over_what_is_not_there`] |
//! | dhcpd 2011-4868, 2019-6470 | `tests/e2e/ddns.rs` (`names_of_dhcpv6_...`), and every test here: names are told to DNS |
//! | dnsmasq CVE-2017-14493, -14492, -14494 | [`relay_agents_that_say_anything`] |
//! | systemd-networkd CVE-2018-15688 | [`replies_that_fit_no_packet`], [`many_associations_of_one_message`] |
//! | systemd-networkd CVE-2020-13529 | [`messages_of_servers`] |
//! | dhcproto #77, smoltcp #305, #562 | [`good_packets_gone_bad`], the fuzz target `server6` |

use base::{Random, XorShift};
use engine::v6::Arrival;
use testkit::client6::{Ia6, kind};
use testkit::{Outcome6, Packet6, World6};

fn world() -> World6 {
    let config = testkit::config6(
        r#"{
          "mac-sources": [ "any" ], "store-extended-info": true,
          "dhcp-ddns": { "enable-updates": true }, "hostname-char-set": "[^a-z]", "hostname-char-replacement": "",
          "relay-supplied-options": [ "65" ],
          "option-def": [ { "name": "own-name", "code": 1000, "type": "fqdn" } ],
          "client-classes": [
            { "name": "any", "test": "option[39].hex == 0x00 or vendor[*].exists or relay6[0].option[18].exists" },
            { "name": "more", "test": "option[1000].text == 'a' or vendor[4491].option[1].text == 'a' or match('(a+)+b', option[39].text) or relay6[31].option[37].option[1].exists or substring(option[16].hex, 6, all) == 'a' or vendor-class[4491].data[3] == 'a'" } ],
          "option-data": [ { "name": "dns-servers", "data": "2001:db8::1", "always-send": true } ],
          "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "rapid-commit": true,
            "pools": [ { "pool": "2001:db8:1::/64" } ],
            "pd-pools": [ { "prefix": "2001:db8:800::", "prefix-len": 40, "delegated-len": 56 } ] } ]
        }"#,
    );
    World6::new(config.unwrap()).unwrap()
}

fn send(world: &World6, bytes: &[u8]) -> Outcome6 {
    let arrival = Arrival {
        interface: "eth0".into(),
        local: "ff02::1:2".parse().unwrap(),
        remote: "fe80::1".parse().unwrap(),
        local_port: 547,
        remote_port: 546,
        received: None,
    };
    world.send(bytes, &arrival).unwrap()
}

/// A good client is served.
fn works(world: &World6) {
    let packet = Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 9, 9, 9, 9, 9, 9]).option(3, &Ia6::new(1).build());
    let Outcome6::Reply { reply, .. } = send(world, &packet.build()) else { panic!("not answered") };
    assert_eq!(reply.ias(3).unwrap()[0].resources.len(), 1);
}

const KINDS: [u8; 14] = [
    kind::SOLICIT,
    kind::ADVERTISE,
    kind::REQUEST,
    kind::CONFIRM,
    kind::RENEW,
    kind::REBIND,
    kind::REPLY,
    kind::RELEASE,
    kind::DECLINE,
    kind::INFORMATION_REQUEST,
    kind::RELAY_REPL,
    kind::ADDR_REG_INFORM,
    20,
    255,
];

/// The message alone, and through one and two relay agents.
fn ways(packet: &Packet6) -> [Vec<u8>; 3] {
    let relayed = |packet: Packet6| {
        packet.relayed("2001:db8:1::1".parse().unwrap(), "fe80::1".parse().unwrap(), vec![(18, vec![1])])
    };
    [packet.build(), relayed(packet.clone()).build(), relayed(relayed(packet.clone())).build()]
}

#[test]
fn identifiers_of_any_length() {
    let world = world();
    for length in [0, 1, 2, 3, 4, 127, 128, 129, 130, 131, 1024, 65_000] {
        let duid = vec![1; length];
        for kind in KINDS {
            for code in [1, 2] {
                let mut packet = Packet6::new(kind, &[0, 3, 0, 1, 2]).option(3, &Ia6::new(1).build());
                packet.options.retain(|(there, _)| *there != code);
                for bytes in ways(&packet.option(code, &duid)) {
                    // The longest do not fit twice into a relay message.
                    if bytes.len() < 65_500 {
                        send(&world, &bytes);
                    }
                }
            }
        }
    }
    works(&world);
}

#[test]
fn options_cut_off_or_empty_or_long() {
    let world = world();
    for code in (0..150).chain([1000, 65_535]) {
        for length in [0, 1, 2, 3, 4, 5, 11, 12, 16, 23, 24, 25, 300] {
            for fill in [0, 1, 63, 64, 255] {
                let packet =
                    Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2]).option(code, &vec![fill; length]);
                send(&world, &packet.build());
            }
        }
    }
    works(&world);
}

#[test]
fn containers_in_containers() {
    let world = world();
    // Thousands of associations within one another.
    let mut inner = Vec::new();
    for depth in 0..4000_u32 {
        let mut ia = Ia6::new(depth).build();
        ia.extend_from_slice(&[0, 3]);
        ia.extend_from_slice(&u16::try_from(inner.len()).unwrap().to_be_bytes());
        ia.extend_from_slice(&inner);
        inner = ia;
        if inner.len() > 60_000 {
            break;
        }
    }
    for kind in [kind::SOLICIT, kind::RENEW, kind::RELEASE] {
        send(&world, &Packet6::new(kind, &[0, 3, 0, 1, 2, 2]).option(3, &inner).build());
    }
    // More relay agents than there may be.
    let mut packet = Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2]).option(3, &Ia6::new(1).build());
    for _ in 0..1000 {
        packet = packet.relayed("::".parse().unwrap(), "fe80::1".parse().unwrap(), Vec::new());
    }
    assert!(matches!(send(&world, &packet.build()), Outcome6::Drop(engine::DropReason::ParseFailed)));
    works(&world);
}

#[test]
fn many_associations_of_one_message() {
    let world = world();
    let server = world.server_id.octets().to_vec();
    let mut packet = Packet6::new(kind::REQUEST, &[0, 3, 0, 1, 2, 2]).option(2, &server);
    for iaid in 0..4000 {
        packet = packet.option(if iaid % 2 == 0 { 3 } else { 25 }, &Ia6::new(iaid).build());
    }
    let Outcome6::Reply { reply, .. } = send(&world, &packet.build()) else { panic!("not answered") };
    assert_eq!(reply.ias(3).unwrap().len() + reply.ias(25).unwrap().len(), 256);
    assert_eq!(world.store.len(), 256);
    works(&world);
}

#[test]
fn names_of_any_shape() {
    let world = world();
    let server = world.server_id.octets().to_vec();
    let labels = |length: usize, count: usize| -> Vec<u8> {
        let label = [vec![u8::try_from(length).unwrap()], vec![b'a'; length]].concat();
        label.repeat(count)
    };
    for name in [
        vec![],
        vec![0],
        labels(63, 4),
        labels(64, 1),
        labels(63, 1000),
        labels(1, 127),
        labels(1, 128),
        vec![3, b'a', b'.', b'b', 0],
        vec![1, 0, 0],
        vec![2, 0xff, 0xfe, 0],
        vec![0xc0, 0],
        vec![5, b'a'],
        vec![3, b'.', b'.', b'.', 0],
    ] {
        for flags in 0..8 {
            let value = [vec![flags], name.clone()].concat();
            let packet = Packet6::new(kind::REQUEST, &[0, 3, 0, 1, 2, flags])
                .option(2, &server)
                .option(3, &Ia6::new(1).build())
                .option(39, &value);
            let outcome = send(&world, &packet.build());
            assert!(matches!(outcome, Outcome6::Reply { .. }), "{value:?}: {outcome:?}");
        }
    }
    works(&world);
}

#[test]
fn good_packets_gone_bad() {
    let world = world();
    let server = world.server_id.octets().to_vec();
    let mut random = XorShift::new(6);
    let at = "2001:db8:1::7".parse().unwrap();
    for round in 0..40_000_u32 {
        let kind = KINDS[usize::try_from(random.below(KINDS.len() as u64)).unwrap()];
        let mut packet = Packet6::new(kind, &[0, 3, 0, 1, 2, 2])
            .option(2, &server)
            .option(3, &Ia6::new(round % 7).with(at, None).build())
            .option(25, &Ia6::new(1).with("2001:db8:8::".parse().unwrap(), Some(56)).build())
            .option(6, &[0, 23, 0, 67, 0, 17])
            .option(16, &[0, 0, 17, 139, 0, 2, b'a', b'b'])
            .option(17, &[0, 0, 17, 139, 0, 1, 0, 2, 0, 7])
            .option(39, &[1, 3, b'f', b'o', b'o']);
        if round % 2 == 0 {
            packet.options.remove(1);
        }
        let [plain, once, twice] = ways(&packet);
        let mut bytes = [plain, once, twice][usize::try_from(random.below(3)).unwrap()].clone();
        for _ in 0..=random.below(4) {
            let place = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            match random.below(3) {
                0 => bytes[place] = u8::try_from(random.below(256)).unwrap(),
                1 => bytes.truncate(place.max(1)),
                _ => bytes.insert(place, u8::try_from(random.below(256)).unwrap()),
            }
        }
        send(&world, &bytes);
    }
    works(&world);
}

/// Options of relay agents that were copied into fixed places elsewhere (RFC 6939, 4580, 4649, 5460), links of any
/// sort, and hop counts that lie.
#[test]
fn relay_agents_that_say_anything() {
    let world = world();
    let solicit = |options: Vec<(u16, Vec<u8>)>, link: &str, peer: &str| {
        let packet =
            Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2, 2, 2, 2, 2]).option(3, &Ia6::new(1).build());
        packet.relayed(link.parse().unwrap(), peer.parse().unwrap(), options)
    };
    for code in [9, 18, 37, 38, 53, 66, 79, 135] {
        for length in [0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 22, 127, 128, 129, 255, 256, 257, 4096, 60_000] {
            let options = vec![(code, vec![0xfe; length])];
            let packet = solicit(options, "2001:db8:1::1", "fe80::1");
            // A relay agent repeats what it is to be sent back; nothing comes back that it did not say.
            if let Outcome6::Reply { reply, .. } = send(&world, &packet.build()) {
                assert!(reply.relays.iter().flat_map(|relay| &relay.options).all(|(_, v)| v.len() <= length));
            }
        }
    }
    for link in ["::", "::1", "fe80::1", "ff02::1", "ff05::1:3", "2001:db8:1::", "::ffff:192.0.2.1"] {
        for peer in ["::", "::1", "ff02::1", "2001:db8:1::7", "fe80::ff:fe00:0"] {
            send(&world, &solicit(Vec::new(), link, peer).build());
        }
    }
    let mut packet = solicit(Vec::new(), "2001:db8:1::1", "fe80::1");
    for hops in [1, 8, 31, 32, 33, 254, 255] {
        packet.relays[0].hop_count = hops;
        send(&world, &packet.build());
    }
    works(&world);
}

/// What is declined by anyone, released by others and given shorter lifetimes meanwhile stays whole.
#[test]
fn leases_of_others_under_new_configurations() {
    let config = |valid: u32| {
        testkit::config6(&format!(
            r#"{{ "valid-lifetime": {valid}, "subnet6": [ {{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
              "pools": [ {{ "pool": "2001:db8:1::10-2001:db8:1::13" }} ] }} ] }}"#
        ))
        .unwrap()
    };
    let mut world = World6::new(config(4000)).unwrap();
    let mut random = XorShift::new(5);
    let kinds = [kind::REQUEST, kind::RENEW, kind::REBIND, kind::RELEASE, kind::DECLINE, kind::CONFIRM];
    for round in 0..3_000 {
        let mut pick = |bound: usize| usize::try_from(random.below(bound as u64)).unwrap();
        let client = [0, 3, 0, 1, 2, 2, 2, 2, 2, u8::try_from(pick(4)).unwrap()];
        let address = format!("2001:db8:1::1{}", pick(5)).parse().unwrap();
        let kind = kinds[pick(kinds.len())];
        let mut packet = Packet6::new(kind, &client).option(3, &Ia6::new(1).with(address, None).build());
        if !matches!(kind, kind::REBIND | kind::CONFIRM) {
            packet = packet.option(2, &testkit::SERVER_ID6);
        }
        send(&world, &packet.build());
        world.clock.advance(base::Seconds(u32::try_from(pick(90)).unwrap()));
        if round % 100 == 0 {
            world.reconfigure(config(if round % 200 == 0 { 60 } else { 4000 })).unwrap();
            world.reclaim().unwrap();
        }
    }
    // Whatever is held back comes back.
    world.clock.advance(base::Seconds(200_000));
    world.reclaim().unwrap();
    assert_eq!(world.statistic("declined-addresses"), 0);
    assert_eq!(world.statistic("subnet[1].assigned-nas"), 0);
}

/// More options than a packet holds: no reply, and no half of one.
#[test]
fn replies_that_fit_no_packet() {
    let option = |code: u32| {
        format!(
            r#"{{ "code": {code}, "data": "{}", "csv-format": false, "always-send": true }}"#,
            "00".repeat(9_000)
        )
    };
    let options: Vec<String> = (200..208).map(option).collect();
    let config = testkit::config6(&format!(
        r#"{{ "option-data": [ {} ], "subnet6": [ {{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
          "pools": [ {{ "pool": "2001:db8:1::/64" }} ] }} ] }}"#,
        options.join(",")
    ));
    let world = World6::new(config.unwrap()).unwrap();
    for packet in ways(&Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 1]).option(3, &Ia6::new(1).build())) {
        assert!(matches!(send(&world, &packet), Outcome6::Drop(_)));
    }
}

/// All that is said of bad packets, at every level.
#[test]
fn everything_is_logged() {
    let world = world();
    let said = observe::capture(|| {
        for kind in KINDS {
            for code in [1, 2, 3, 4, 5, 6, 8, 9, 13, 14, 16, 17, 18, 25, 26, 39, 87] {
                for length in [0, 1, 2, 3, 4, 12, 130] {
                    let packet = Packet6::new(kind, &[0, 3, 0, 1, 2, 2]).option(code, &vec![0xfe; length]);
                    for bytes in ways(&packet) {
                        send(&world, &bytes);
                    }
                    let mut nameless = Packet6::new(kind, &[]);
                    nameless.options.push((code, vec![0; length]));
                    send(&world, &nameless.build());
                }
            }
        }
    });
    assert!(said.len() > 1000);
    assert!(said.iter().all(|message| !message.id.contains("PANIC")));
    works(&world);
}

#[test]
fn names_in_options_of_ones_own() {
    let world = world();
    for name in
        [&[][..], &[0], &[3, b'a'], &[64; 70], &[0xc0, 0], &[1, 0xff, 0], &[63; 300], &[1, b'a'].repeat(200)]
    {
        send(&world, &Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2]).option(1000, name).build());
    }
    works(&world);
}

#[test]
fn names_that_sanitising_empties() {
    for replacement in ["", "x"] {
        for suffix in ["", "example.org"] {
            let config = testkit::config6(&format!(
                r#"{{ "hostname-char-set": "[^A-Za-z0-9.-]", "hostname-char-replacement": "{replacement}",
                   "ddns-qualifying-suffix": "{suffix}", "dhcp-ddns": {{ "enable-updates": true }},
                   "subnet6": [ {{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "rapid-commit": true,
                     "pools": [ {{ "pool": "2001:db8:1::/64" }} ] }} ] }}"#
            ));
            let world = World6::new(config.unwrap()).unwrap();
            for octet in 0..=255 {
                for name in [vec![octet], vec![octet; 63], vec![octet, b'.', octet]] {
                    let length = u8::try_from(name.len()).unwrap();
                    for end in [&[][..], &[0]] {
                        let value = [&[1, length], &name[..], end].concat();
                        let packet = Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, octet, length])
                            .option(14, &[])
                            .option(3, &Ia6::new(1).build())
                            .option(39, &value);
                        assert!(matches!(send(&world, &packet.build()), Outcome6::Reply { .. }), "{value:?}");
                    }
                }
            }
            works(&world);
        }
    }
}

#[test]
fn prefixes_of_any_length() {
    let world = world();
    for length in 0..=255 {
        for excluded in [&[][..], &[0], &[64], &[64, 1], &[129, 1], &[255; 40]] {
            let mut ia = Ia6::new(1).with("2001:db8:800::".parse().unwrap(), Some(length));
            ia.resources[0].options.push((67, excluded.to_vec()));
            for kind in
                [kind::SOLICIT, kind::REQUEST, kind::RENEW, kind::REBIND, kind::RELEASE, kind::DECLINE]
            {
                let mut packet =
                    Packet6::new(kind, &[0, 3, 0, 1, 2, 2]).option(25, &ia.build()).option(6, &[0, 67]);
                if !matches!(kind, kind::SOLICIT | kind::REBIND) {
                    packet = packet.option(2, &testkit::SERVER_ID6);
                }
                let outcome = send(&world, &packet.build());
                let dropped = matches!(outcome, Outcome6::Drop(engine::DropReason::ParseFailed));
                assert_eq!(dropped, length > 128, "{length}: {outcome:?}");
            }
        }
    }
    works(&world);
}

#[test]
fn relay_messages_cut_anywhere() {
    let world = world();
    let packet = Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2]).option(3, &Ia6::new(1).build());
    for bytes in ways(&packet) {
        for cut in 0..bytes.len() {
            send(&world, &bytes[..cut]);
        }
    }
    works(&world);
}

#[test]
fn vendor_options_within_vendor_options() {
    let world = world();
    let mut inner = vec![0, 1, 0, 1, b'a'];
    for _ in 0..2000 {
        let length = u16::try_from(inner.len()).unwrap().to_be_bytes();
        inner = [&[0, 0, 0x11, 0x8b, 0, 1], &length[..], &inner].concat();
        if inner.len() % 400 < 8 {
            for code in [16, 17, 37] {
                let packet = Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2]).option(code, &inner);
                send(&world, &packet.build());
            }
        }
    }
    works(&world);
}

/// Lengths that overflow 16 bits with the four octets before them.
#[test]
fn options_as_long_as_can_be() {
    let world = world();
    for length in 65_525..=65_535_usize {
        for code in [1, 3, 8, 16, 17, 25, 39, 87, 1000] {
            let packet = Packet6::new(kind::SOLICIT, &[]).option(code, &vec![7; length]);
            send(&world, &packet.build());
            // The length alone.
            let mut bytes = Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2]).build();
            bytes.extend_from_slice(&u16::to_be_bytes(code));
            bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            send(&world, &bytes);
        }
    }
    works(&world);
}

/// Expressions ask for what a packet lacks; regular expressions take linear time.
#[test]
fn expressions_over_what_is_not_there() {
    let world = world();
    let name = [&[1, 60][..], &[b'a'; 60]].concat();
    for code in [16, 17, 39, 1000] {
        for value in [&[][..], &[0, 0, 0x11, 0x8b], &[0, 0, 0x11, 0x8b, 0, 1], &name] {
            for bytes in ways(&Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2]).option(code, value)) {
                send(&world, &bytes);
            }
        }
    }
    works(&world);
}

/// A server hears no server.
#[test]
fn messages_of_servers() {
    let world = world();
    for kind in [
        kind::ADVERTISE,
        kind::REPLY,
        10,
        kind::RELAY_REPL,
        15,
        16,
        17,
        kind::DHCPV4_RESPONSE,
        kind::ADDR_REG_REPLY,
    ] {
        let packet = Packet6::new(kind, &[0, 3, 0, 1, 2, 2]).option(2, &testkit::SERVER_ID6);
        for bytes in ways(&packet) {
            let outcome = send(&world, &bytes);
            assert!(matches!(outcome, Outcome6::Drop(_)), "{kind}: {outcome:?}");
        }
    }
    works(&world);
}
