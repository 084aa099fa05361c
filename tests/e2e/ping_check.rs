//! `libdhcp_ping_check`: an address that somebody has is not offered but held back, and the server serves on meanwhile.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use base::HwAddr;
use harness::{Dialog, Link, Server, Space, World, subnets};
use serde_json::{Value, json};
use testkit::Packet4;

const RELAY: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 2);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);

fn mac(last: u8) -> HwAddr {
    HwAddr::new(1, &[2, 0, 0x5e, 0, 0x53, last]).expect("six octets")
}

fn site(world: &World, parameters: &Value, more: &Value) -> (Server, Space) {
    let (space, clients) = (world.space("server"), world.space("clients"));
    space.link(Link { here: "lan", there: "lan" }, &clients);
    space.ip("address add 10.0.1.1/24 dev lan");
    // Somebody has the first address of the pool.
    for address in ["10.0.1.2", "10.0.1.100"] {
        clients.ip(&format!("address add {address}/24 dev lan"));
    }
    let mut config = subnets(
        &["lan"],
        json!([ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.100 - 10.0.1.103" } ] } ]),
    );
    config["hooks-libraries"] = json!([
        { "library": "libdhcp_ping_check.so", "parameters": parameters }, { "library": "libdhcp_lease_cmds.so" } ]);
    config["decline-probation-period"] = json!(300);
    for (keyword, value) in more.as_object().into_iter().flatten() {
        config[keyword] = value.clone();
    }
    let mut server = world.server("server", &space);
    server.configure(&config);
    server.start();
    (server, clients)
}

#[test]
fn addresses_that_answer_are_held_back() {
    for held in [false, true] {
        let Some(world) = World::new() else { return };
        let more = if held { json!({ "offer-lifetime": 20 }) } else { Value::Null };
        let (mut server, clients) = site(&world, &json!({ "reply-timeout": 200 }), &more);
        let mut dialog = Dialog::new(&clients, RELAY, SERVER);
        assert_eq!(dialog.ask(Packet4::discover(&mac(1)), Duration::from_secs(1)), None, "it is in use");
        let lease = server.tell("lease4-get", json!({ "ip-address": "10.0.1.100" }));
        assert_eq!(lease.arguments["state"], json!(1), "declined: {lease:?}");
        assert_eq!(lease.arguments["valid-lft"], json!(300));
        assert_eq!(server.statistic("subnet[1].declined-addresses"), 1);
        let ack = dialog.lease(&mac(1), &[]).expect("another address");
        assert_eq!(ack.yiaddr, Ipv4Addr::new(10, 0, 1, 101));
        // The client's own address is offered unasked.
        let begun = Instant::now();
        let offer = dialog.ask(Packet4::discover(&mac(1)), Duration::from_secs(1)).expect("an offer");
        assert_eq!(offer.yiaddr, ack.yiaddr);
        assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
        assert!(server.stop().success());
    }
}

/// Discovers that wait for their addresses hold up nobody.
#[test]
fn others_are_served_while_an_address_is_asked() {
    let Some(world) = World::new() else { return };
    let parameters = json!({ "reply-timeout": 700, "min-ping-requests": 2 });
    let (mut server, clients) =
        site(&world, &parameters, &json!({ "multi-threading": { "enable-multi-threading": false } }));
    server.tell("lease4-add", json!({ "ip-address": "10.0.1.103", "hw-address": mac(9).to_string() }));
    let mut dialog = Dialog::new(&clients, RELAY, SERVER);
    let _ = dialog.ask(Packet4::discover(&mac(1)), Duration::from_millis(300));
    // Its address is being asked, twice, for 1.4 seconds in all.
    let begun = Instant::now();
    assert_eq!(dialog.ask(Packet4::discover(&mac(2)), Duration::from_millis(100)), None);
    let renewed = dialog
        .ask(Packet4::request_extension(&mac(9), Ipv4Addr::new(10, 0, 1, 103)), Duration::from_millis(500));
    assert!(renewed.is_some(), "a renewal waits for no other's address");
    assert!(begun.elapsed() < Duration::from_millis(700), "{:?}", begun.elapsed());
    // Another's address is asked for nobody else at the same time: the client asks again.
    let offered = (0..4).find_map(|_| dialog.ask(Packet4::discover(&mac(3)), Duration::from_millis(1700)));
    assert!(offered.is_some());
    assert!(begun.elapsed() > Duration::from_millis(1400), "{:?}", begun.elapsed());
    assert!(server.stop().success());
}

/// A subnet says otherwise, and so does a new configuration.
#[test]
fn subnets_have_rules_of_their_own() {
    let Some(world) = World::new() else { return };
    let subnet = |enabled: bool| {
        json!([ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.100 - 10.0.1.100" } ],
                  "user-context": { "ping-check": { "enable-ping-check": enabled } } } ])
    };
    let (mut server, clients) = site(&world, &json!({}), &json!({ "subnet4": subnet(false) }));
    let mut dialog = Dialog::new(&clients, RELAY, SERVER);
    let offer = dialog.ask(Packet4::discover(&mac(1)), Duration::from_secs(1)).expect("unasked");
    assert_eq!(offer.yiaddr, Ipv4Addr::new(10, 0, 1, 100));
    let mut config = server.config();
    config["subnet4"] = subnet(true);
    config.as_object_mut().expect("a map").remove("hash");
    server.tell("config-set", json!({ "Dhcp4": config }));
    assert_eq!(dialog.ask(Packet4::discover(&mac(1)), Duration::from_secs(1)), None);
    assert!(server.stop().success());
}
