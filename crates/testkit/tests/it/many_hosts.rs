//! A hundred thousand host reservations in the pool: each client gets its own address, and nobody else does.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use base::HwAddr;
use engine::v4::Arrival;
use testkit::{Outcome, Packet4, World4};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// The pool begins with this many reserved addresses.
const HOSTS: u32 = 100_000;
const FIRST: u32 = 0x0a01_0000;

fn client(number: u32) -> HwAddr {
    let [a, b, c, d] = number.to_be_bytes();
    HwAddr::new(1, &[2, 0, a, b, c, d]).unwrap()
}

fn world(hosts: u32) -> World4 {
    let mut reservations = String::new();
    for number in 0..hosts {
        let comma = if number > 0 { "," } else { "" };
        let (hw_addr, address) = (client(number), Ipv4Addr::from(FIRST + number));
        write!(
            reservations,
            r#"{comma}{{ "hw-address": "{hw_addr}", "ip-address": "{address}", "hostname": "h{number}" }}"#
        )
        .unwrap();
    }
    let config = testkit::config4(&format!(
        r#"{{ "subnet4": [ {{ "id": 1, "subnet": "10.0.0.0/8", "pools": [ {{ "pool": "10.1.0.0 - 10.2.255.255" }} ],
              "reservations": [ {reservations} ] }} ] }}"#
    ));
    World4::new(config.unwrap(), vec![SERVER]).unwrap()
}

/// The address a client is offered.
fn offered(world: &World4, number: u32) -> Ipv4Addr {
    let arrival = Arrival {
        interface: "eth0".into(),
        interface_address: SERVER,
        local: Ipv4Addr::BROADCAST,
        remote: Ipv4Addr::UNSPECIFIED,
        local_port: 67,
        remote_port: 68,
        received: None,
        over6: None,
    };
    match world.send(&Packet4::discover(&client(number)).build(), &arrival).unwrap() {
        Outcome::Reply { reply, .. } => reply.yiaddr,
        other => panic!("no offer for client {number}: {other:?}"),
    }
}

#[test]
fn each_client_gets_its_own_address() {
    let world = world(HOSTS);
    for number in (0..HOSTS).step_by(997).chain([HOSTS - 1]) {
        assert_eq!(offered(&world, number), Ipv4Addr::from(FIRST + number));
    }
    // Who has no reservation is offered what nobody else may have, at once.
    for number in HOSTS..HOSTS + 100 {
        assert_eq!(offered(&world, number), Ipv4Addr::from(FIRST + number));
    }
}
