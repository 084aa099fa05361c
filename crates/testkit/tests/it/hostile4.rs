//! What hostile peers send a DHCPv4 server: each published fault of a DHCP server that DHCPv4 packets can set off has its
//! test here, by name. Nothing panics, and a good client is served right after.

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
        received: None,
        over6: None,
        local_port: 67,
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
