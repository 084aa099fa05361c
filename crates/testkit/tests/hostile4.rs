//! What hostile peers send a DHCPv4 server: each published fault of a DHCP server that DHCPv4 packets can set off has its
//! test here, by name. Nothing panics, and a good client is served right after.

#![allow(clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::net::Ipv4Addr;

use base::{HwAddr, Random, XorShift};
use engine::v4::Arrival;
use testkit::client::kind;
use testkit::{Outcome, Packet4, World4, config4};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const KINDS: [u8; 9] =
    [0, kind::DISCOVER, 2, kind::REQUEST, kind::DECLINE, 5, kind::RELEASE, kind::INFORM, 200];

/// With all that looks at what clients send; `more` goes into the globals.
fn world(more: &str) -> World4 {
    let config = config4(&format!(
        r#"{{ {more} "store-extended-info": true, "stash-agent-options": true,
          "dhcp-ddns": {{ "enable-updates": true }}, "ddns-replace-client-name": "when-not-present",
          "client-classes": [ {{ "name": "any", "test":
            "option[61].hex == 0x00 or vendor[*].exists or relay4[1].exists or match('(a+)+b', option[12].text)" }} ],
          "option-data": [ {{ "name": "routers", "data": "192.0.2.1", "always-send": true }} ],
          "subnet4": [ {{ "id": 1, "subnet": "192.0.2.0/23", "interface": "eth0",
            "pools": [ {{ "pool": "192.0.2.10 - 192.0.3.250" }} ],
            "reservations": [ {{ "client-id": "00", "ip-address": "192.0.2.5" }} ] }} ] }}"#
    ));
    World4::new(config.unwrap(), vec![SERVER]).unwrap()
}

fn send_from(world: &World4, packet: &[u8], interface: &str, unicast: bool) -> Outcome {
    let arrival = Arrival {
        interface: interface.into(),
        interface_address: SERVER,
        local: if unicast { SERVER } else { Ipv4Addr::BROADCAST },
        remote: if unicast { Ipv4Addr::new(192, 0, 2, 9) } else { Ipv4Addr::UNSPECIFIED },
        over6: None,
        remote_port: 68,
    };
    world.send(packet, &arrival).unwrap()
}

fn send(world: &World4, packet: &Packet4) -> Outcome {
    send_from(world, &packet.build(), "eth0", false)
}

fn hw_addr(last: u8) -> HwAddr {
    HwAddr::new(1, &[2, 0, 0, 0, 0, last]).unwrap()
}

/// A good client is served.
fn works(world: &World4) {
    let outcome = send(world, &Packet4::discover(&hw_addr(250)));
    assert!(matches!(outcome, Outcome::Reply { .. }), "{outcome:?}");
}

#[test]
fn cve_2015_8373_cve_2012_3571_client_identifiers_of_any_length() {
    let world = world("");
    for length in 0..=255 {
        for kind in KINDS {
            let mut packet = Packet4::new(kind, &hw_addr(1)).option(61, &vec![0; length]).address(54, SERVER);
            send(&world, &packet);
            packet.hlen = Some(0);
            send(&world, &packet);
        }
    }
    works(&world);
}

#[test]
fn cve_2019_6473_names_of_any_shape() {
    let world = world("");
    let names: [&[u8]; 11] = [
        b"",
        b".",
        b"..",
        b".a",
        b"a..b",
        b"\0",
        b"a\0b",
        b"\xff\xfe",
        &[b'a'; 64],
        &[b'a'; 255],
        &[b'.'; 255],
    ];
    let wire: [&[u8]; 7] = [&[0], &[1], &[64, b'a'], &[0xc0, 0], &[5, b'a'], &[1, b'.', 0], &[63; 200]];
    for (at, name) in (0..).zip(names) {
        send(&world, &Packet4::discover(&hw_addr(at)).option(12, name));
        send(&world, &Packet4::discover(&hw_addr(at)).option(12, name).option(61, name));
    }
    for flags in 0..=16 {
        for name in names.iter().chain(&wire) {
            let value = [&[flags, 0, 0], *name].concat();
            let request = Packet4::request_init_reboot(&hw_addr(9), Ipv4Addr::new(192, 0, 2, 10));
            send(&world, &request.option(81, &value));
            send(&world, &Packet4::discover(&hw_addr(9)).option(81, value.get(..3).unwrap()));
        }
    }
    for short in 0..3 {
        send(&world, &Packet4::discover(&hw_addr(9)).option(81, &vec![0; short]));
    }
    works(&world);
}

#[test]
fn cve_2025_11232_names_that_sanitising_empties() {
    for replacement in ["", "x"] {
        for suffix in ["", "example.org"] {
            let world = world(&format!(
                r#""hostname-char-set": "[^A-Za-z0-9.-]", "hostname-char-replacement": "{replacement}",
                   "ddns-qualifying-suffix": "{suffix}","#
            ));
            for octet in 0..=255 {
                for name in [vec![octet], vec![octet; 63], vec![octet, b'.', octet]] {
                    send(&world, &Packet4::discover(&hw_addr(1)).option(12, &name));
                    let label = [&[0, 0, 0, u8::try_from(name.len()).unwrap()], &name[..], &[0]].concat();
                    send(&world, &Packet4::discover(&hw_addr(2)).option(81, &label));
                }
            }
            works(&world);
        }
    }
}

#[test]
fn cve_2025_40779_requests_for_which_there_is_no_subnet() {
    let world = world("");
    let values: [&[u8]; 3] = [&[], &[1], &[1, 2, 3, 4, 5, 6, 7]];
    for code in 1..=254 {
        for second in [0, 12, 61, 81, 82, 124, 125] {
            for (value, kind) in values.iter().flat_map(|value| KINDS.map(|kind| (value, kind))) {
                let mut packet = Packet4::new(kind, &hw_addr(1)).option(code, value);
                if second != 0 {
                    packet = packet.option(second, value);
                }
                packet.ciaddr = Ipv4Addr::new(10, 0, 0, 1);
                send_from(&world, &packet.build(), "eth9", true);
                packet.ciaddr = Ipv4Addr::UNSPECIFIED;
                send_from(&world, &packet.build(), "eth9", false);
                packet.giaddr = Ipv4Addr::new(10, 0, 0, 1);
                send_from(&world, &packet.build(), "eth0", true);
            }
        }
    }
    works(&world);
}

#[test]
fn cve_2017_14493_relay_information_of_any_length() {
    let world = world("");
    for length in 0..=255_u8 {
        for (code, said) in [(1, length), (2, 255), (5, 4), (11, length.wrapping_add(1)), (150, 0), (151, 1)]
        {
            let value = [vec![code, said], vec![7; usize::from(length)]].concat();
            let mut packet =
                Packet4::discover(&hw_addr(1)).option(82, value.get(..value.len().min(255)).unwrap());
            send(&world, &packet);
            packet.giaddr = Ipv4Addr::new(192, 0, 2, 200);
            send(&world, &packet);
        }
    }
    works(&world);
}

/// #4565, #4692: options in vendor options in vendor options.
#[test]
fn kea_4565_kea_4692_vendor_options_within_vendor_options() {
    let world = world("");
    let mut inner = vec![1, 1, 7];
    for _ in 0..200 {
        let length = u8::try_from(inner.len().min(250)).unwrap();
        inner = [&[0, 0, 0x11, 0x8b, length], inner.get(..usize::from(length)).unwrap()].concat();
        for code in [43, 124, 125] {
            send(
                &world,
                &Packet4::discover(&hw_addr(1)).option(code, inner.get(..inner.len().min(255)).unwrap()),
            );
        }
    }
    works(&world);
}

#[test]
fn cve_2018_5733_cve_2025_40779_good_packets_gone_bad() {
    let world = world("");
    let mut random = XorShift::new(4);
    for round in 0..40_000_u32 {
        let kind = KINDS[usize::try_from(random.below(KINDS.len() as u64)).unwrap()];
        let last = u8::try_from(round % 7).unwrap();
        let mut packet = Packet4::new(kind, &hw_addr(last))
            .address(50, Ipv4Addr::new(192, 0, 2, 10 + last))
            .option(12, b"foo")
            .option(61, &[1, 2, 0, 0, 0, 0, last])
            .option(81, &[1, 0, 0, 3, b'f', b'o', b'o', 0])
            .option(124, &[0, 0, 17, 139, 2, 1, b'a'])
            .option(125, &[0, 0, 17, 139, 3, 1, 1, 2])
            .option(55, &[1, 3, 6, 15, 43, 121, 125]);
        if round % 2 == 0 {
            packet = packet.relayed(Ipv4Addr::new(192, 0, 2, 200), &[(1, b"port"), (5, &[192, 0, 2, 0])]);
        }
        if round % 3 == 0 {
            packet = packet.address(54, SERVER);
        }
        let mut bytes = packet.build();
        for _ in 0..=random.below(4) {
            let place = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            match random.below(3) {
                0 => bytes[place] = u8::try_from(random.below(256)).unwrap(),
                1 => bytes.truncate(place.max(1)),
                _ => bytes.insert(place, u8::try_from(random.below(256)).unwrap()),
            }
        }
        send_from(&world, &bytes, "eth0", round % 5 == 0);
    }
    works(&world);
}

/// At every level of every logger: what is logged of a packet is made of what its sender wrote.
#[test]
fn cve_2015_8373_everything_is_logged() {
    let world = world("");
    let lines = observe::capture(|| {
        for code in 1..=254 {
            for value in [&[][..], &[0], &[0xff; 3], &[b'%'; 255]] {
                for kind in KINDS {
                    let packet = Packet4::new(kind, &hw_addr(1)).option(code, value);
                    send(&world, &packet);
                    send(
                        &world,
                        &packet.relayed(
                            Ipv4Addr::new(192, 0, 2, 200),
                            &[(code, value.get(..4).unwrap_or(value))],
                        ),
                    );
                }
            }
        }
    });
    assert!(lines.len() > 10_000);
    works(&world);
}

/// #4557, #4567, #4652: names with empty labels, of any length, and with pointers that lead nowhere or in a circle.
#[test]
fn kea_4557_kea_4567_kea_4652_names_within_options() {
    let config = config4(
        r#"{ "option-def": [ { "name": "named", "code": 222, "type": "fqdn", "array": true } ],
             "client-classes": [ { "name": "any", "test":
               "option[119].text == 'a' or option[222].text == 'a' or option[137].text == 'a' or option[162].text == 'a'" } ],
             "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "interface": "eth0",
                            "pools": [ { "pool": "192.0.2.10 - 192.0.2.250" } ] } ] }"#,
    );
    let world = World4::new(config.unwrap(), vec![SERVER]).unwrap();
    let mut random = XorShift::new(4652);
    let odd: [&[u8]; 9] = [
        &[0xc0, 0],
        &[0xc0, 2, 0xc0, 0],
        &[1, b'a', 0xc0, 0],
        &[0xff, 0xff],
        &[0xc0],
        &[0, 0, 0],
        &[63],
        &[64; 70],
        &[1, b'a'],
    ];
    for code in [119, 222, 137, 162, 81, 12, 15, 120] {
        for value in odd {
            send(&world, &Packet4::discover(&hw_addr(1)).option(code, value));
        }
        for length in 0..=255 {
            let octets: Vec<u8> =
                (0..length).map(|_| random.below(70)).filter_map(|n| u8::try_from(n).ok()).collect();
            send(&world, &Packet4::discover(&hw_addr(1)).option(code, &octets));
        }
    }
    works(&world);
}

/// #4626: options of one number, of any length.
#[test]
fn kea_4626_numbers_of_any_length() {
    let world = world(r#""offer-lifetime": 60, "#);
    for code in [2, 13, 19, 23, 26, 38, 50, 51, 52, 53, 54, 57, 58, 59, 93, 108, 116, 118, 151] {
        for length in 0..=255 {
            for octet in [0, 1, 255] {
                for kind in [kind::DISCOVER, kind::REQUEST, kind::INFORM] {
                    send(&world, &Packet4::new(kind, &hw_addr(1)).option(code, &vec![octet; length]));
                }
            }
        }
    }
    works(&world);
}

/// A reply is never longer than what its client takes, whatever is configured.
#[test]
fn cve_2018_15688_replies_of_bounded_length() {
    let options: Vec<String> = (224..250)
        .map(|code| {
            format!(
                r#"{{ "code": {code}, "csv-format": false, "data": "{}", "always-send": true }}"#,
                "ab".repeat(200)
            )
        })
        .collect();
    let config = config4(&format!(
        r#"{{ "option-data": [ {} ], "subnet4": [ {{ "id": 1, "subnet": "192.0.2.0/24", "interface": "eth0",
              "pools": [ {{ "pool": "192.0.2.10 - 192.0.2.250" }} ] }} ] }}"#,
        options.join(", ")
    ));
    let world = World4::new(config.unwrap(), vec![SERVER]).unwrap();
    for limit in [0_u16, 1, 300, 576, 577, 1000, 1500, 65_535] {
        let outcome = send(&world, &Packet4::discover(&hw_addr(1)).option(57, &limit.to_be_bytes()));
        let Outcome::Reply { reply, .. } = outcome else { panic!("{outcome:?}") };
        assert!(reply.length <= 65_507, "{limit}: {}", reply.length);
        assert!(reply.option(51).is_some(), "{limit}");
    }
}

/// Memory stays what it was.
#[test]
fn cve_2022_2929_nothing_is_kept_of_bad_packets() {
    let world = world("");
    let resident = || -> u64 {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse().unwrap()
    };
    let mut random = XorShift::new(2929);
    let mut flood = |count: u32| {
        for _ in 0..count {
            let octets: Vec<u8> =
                (0..64).map(|_| u8::try_from(random.below(256)).unwrap_or_default()).collect();
            send(&world, &Packet4::new(kind::INFORM, &hw_addr(1)).option(81, &octets).option(82, &octets));
            send_from(&world, &octets, "eth0", false);
        }
    };
    flood(20_000);
    let before = resident();
    flood(100_000);
    let grown = resident().saturating_sub(before) * 4096;
    assert!(grown < 4 << 20, "{grown} octets more");
    works(&world);
}
