//! busybox udhcpc, ISC dhclient and dhcpcd at our server, on its link and behind ISC's relay.

use harness::{
    Client, ClientKind, Link, Server, Space, World, eventually, found, stored_leases, subnets, until,
};
use lease::LeaseState;
use serde_json::{Value, json};

/// Short times, so that clients renew while we wait; dhcpcd takes no lifetime below 20 seconds.
fn times(mut config: Value) -> Value {
    config["valid-lifetime"] = json!(60);
    config["renew-timer"] = json!(3);
    config["rebind-timer"] = json!(30);
    // Every renewal is stored, also one soon after the last.
    config["cache-threshold"] = json!(0.0);
    config
}

fn options(router: &str) -> Value {
    json!([
        { "name": "routers", "data": router },
        { "name": "domain-name-servers", "data": "192.0.2.53, 192.0.2.54" },
        { "name": "domain-name", "data": "lab.example" },
    ])
}

/// A server on a switch.
fn server_on_switch(world: &World, config: impl FnOnce(Value) -> Value) -> Server {
    let space = world.space("srv");
    space.bridge("lan");
    space.ip("address add 192.0.2.1/24 dev lan");
    let mut server = world.server("kea", &space);
    let subnet = json!([ { "id": 1, "subnet": "192.0.2.0/24",
        "pools": [ { "pool": "192.0.2.100-192.0.2.110" } ], "option-data": options("192.0.2.1") } ]);
    server.configure(&config(subnets(&["lan"], subnet)));
    server.start();
    server
}

fn installed(kind: ClientKind) -> bool {
    let there = found(kind.program()).is_some();
    if !there {
        harness::skipped(&format!("{} is not installed", kind.program()));
    }
    there
}

/// Lease, renewal by unicast, release.
fn life(server: &Server, client: &mut Client, router: &str, pool: &str) {
    client.start();
    let bound = client.leased(1);
    assert!(bound.address.starts_with(pool), "{bound:?}");
    assert_eq!(bound.routers, router);
    assert_eq!(bound.dns.replace(',', " "), "192.0.2.53 192.0.2.54");
    assert_eq!(bound.lease, "60");
    let address: std::net::Ipv4Addr = bound.address.parse().expect("an address");
    until("the client set its address", || client.space.addresses("eth0").contains(&bound.address));

    let lease_file = server.prefix.lease_file();
    let first = stored_leases(&lease_file).remove(&address).expect("the lease is on disk");
    // A second later, or the time of the renewal would be the same.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    client.renew();
    let renewed = client.leased(2);
    assert_eq!(renewed.address, bound.address, "a renewal keeps the address");
    assert!(matches!(renewed.name.as_str(), "renew" | "RENEW"), "{renewed:?}");
    until("the renewal is on disk", || {
        stored_leases(&lease_file).get(&address).is_some_and(|lease| lease.cltt > first.cltt)
    });
    // Renewals at T1 go to the server itself, so no DISCOVER came again.
    assert_eq!(server.statistic("pkt4-nak-sent"), 0);

    client.release();
    until("the release arrived", || server.statistic("pkt4-release-received") > 0);
    until("the lease is given back", || {
        stored_leases(&lease_file).get(&address).is_none_or(|lease| !lease.occupies())
    });
    assert_eq!(server.statistic("subnet[1].assigned-addresses"), 0);
    client.kill();
}

fn life_on_switch(kind: ClientKind) {
    let Some(world) = World::new() else { return };
    if !installed(kind) {
        return;
    }
    let mut server = server_on_switch(&world, |config| {
        let mut config = times(config);
        config["loggers"][0]["severity"] = json!("DEBUG");
        config["loggers"][0]["debuglevel"] = json!(55);
        config
    });
    let space = world.space("cli");
    server.space.plug("lan", &space, "02:00:5e:00:53:01");
    let mut client = Client::new(&world, kind, &space);
    life(&server, &mut client, "192.0.2.1", "192.0.2.1");
    for (id, message, option) in [
        ("DHCP4_QUERY_DATA", "DHCPDISCOVER (1)", "type=055, len="),
        ("DHCP4_RESPONSE_DATA", "DHCPOFFER (2)", "type=003, len=004: 192.0.2.1"),
        ("DHCP4_QUERY_DATA", "DHCPREQUEST (3)", "type=054, len=004: 192.0.2.1 (ipv4-address)"),
        ("DHCP4_RESPONSE_DATA", "DHCPACK (5)", "type=015, len=011: \"lab.example\" (string)"),
    ] {
        let logged = server.logged(id);
        let shown = logged.iter().find(|text| text.contains(&format!("msg_type={message}, trans_id=0x")));
        assert!(shown.is_some_and(|text| text.contains(option)), "{id} of {message}: {option}\n{logged:#?}");
    }
    assert!(server.stop().success());
}

#[test]
fn udhcpc_leases_renews_and_releases() {
    life_on_switch(ClientKind::Udhcpc);
}

#[test]
fn dhclient_leases_renews_and_releases() {
    life_on_switch(ClientKind::Dhclient);
}

#[test]
fn dhcpcd_leases_renews_and_releases() {
    life_on_switch(ClientKind::Dhcpcd);
}

/// A client finds its address in use: the server holds it back and the client gets another.
fn decline(kind: ClientKind, start: impl FnOnce(&World, &Server, &Space) -> Client) {
    let Some(world) = World::new() else { return };
    if !installed(kind) {
        return;
    }
    let server = server_on_switch(&world, |mut config| {
        config["decline-probation-period"] = json!(6);
        config["expired-leases-processing"] = json!({ "reclaim-timer-wait-time": 1 });
        config
    });
    let space = world.space("cli");
    server.space.plug("lan", &space, "02:00:5e:00:53:01");
    let client = start(&world, &server, &space);
    until("the DECLINE arrived", || server.statistic("pkt4-decline-received") > 0);
    let declined = eventually("the declined lease is on disk", harness::PATIENCE, || {
        let leases = stored_leases(&server.prefix.lease_file());
        leases.into_values().find(|lease| lease.state == LeaseState::Declined)
    });
    // It belongs to nobody now.
    assert_eq!((declined.hw_addr, declined.client_id.as_ref()), (None, None), "{declined:?}");
    assert!(server.statistic("declined-addresses") >= 1);
    until("the probation ends", || server.statistic("reclaimed-declined-addresses") >= 1);
    drop(client);
}

#[test]
fn udhcpc_declines_an_address_in_use() {
    decline(ClientKind::Udhcpc, |world, server, space| {
        // Somebody sits on the whole pool.
        let squatter = world.space("squat");
        server.space.plug("lan", &squatter, "02:00:5e:00:53:02");
        for last in 100..=110 {
            squatter.ip(&format!("address add 192.0.2.{last}/24 dev eth0"));
        }
        let mut client = Client::new(world, ClientKind::Udhcpc, space);
        client.start_with(&["-a"]);
        client
    });
}

#[test]
fn dhclient_declines_what_its_script_refuses() {
    decline(ClientKind::Dhclient, |world, _, space| {
        let mut client = Client::failing(world, ClientKind::Dhclient, space, "BOUND");
        client.start();
        client
    });
}

/// The client's link and the server's are apart; dhcrelay adds option 82.
fn life_behind_relay(kind: ClientKind) {
    let Some(world) = World::new() else { return };
    if !installed(kind) {
        return;
    }
    let Some(dhcrelay) = found("dhcrelay") else {
        return harness::skipped("isc-dhcp-relay is not installed");
    };
    let (srv, relay, cli) = (world.space("srv"), world.space("relay"), world.space("cli"));
    srv.link(Link { here: "lan", there: "r-up" }, &relay);
    srv.ip("address add 192.0.2.1/24 dev lan");
    srv.ip("route add 198.51.100.0/24 via 192.0.2.2");
    relay.ip("address add 192.0.2.2/24 dev r-up");
    relay.link(Link { here: "r-down", there: "eth0" }, &cli);
    relay.ip("address add 198.51.100.1/24 dev r-down");
    // Renewals are unicast and routed past the relay's program.
    relay.sh("echo 1 > /proc/sys/net/ipv4/ip_forward");

    let mut server = world.server("kea", &srv);
    let subnet = json!([
        { "id": 1, "subnet": "198.51.100.0/24", "pools": [ { "pool": "198.51.100.100-198.51.100.110" } ],
          "option-data": options("198.51.100.1") },
        { "id": 2, "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.100-192.0.2.110" } ] } ]);
    let mut config = times(subnets(&["lan"], subnet));
    // The circuit is the relay's interface.
    config["client-classes"] = json!([ { "name": "downstairs", "test": "relay4[1].hex == 'r-down'",
        "option-data": [ { "name": "domain-name", "data": "downstairs.example" } ] } ]);
    // The class is asked before the subnet: leave the name to it.
    if let Some(list) = config.pointer_mut("/subnet4/0/option-data").and_then(Value::as_array_mut) {
        list.retain(|option| option["name"] != "domain-name");
    }
    server.configure(&config);
    server.start();
    let arguments = ["-4", "-d", "--no-pid", "-a", "-id", "r-down", "-iu", "r-up", "192.0.2.1"];
    let _relay = relay.start("dhcrelay", &mut relay.command(dhcrelay, arguments));

    let mut client = Client::new(&world, kind, &cli);
    life(&server, &mut client, "198.51.100.1", "198.51.100.1");
    let bound = client.leased(1);
    assert_eq!(bound.domain, "downstairs.example", "the relay's option 82 chose the class");
}

#[test]
fn udhcpc_behind_a_relay() {
    life_behind_relay(ClientKind::Udhcpc);
}

#[test]
fn dhclient_behind_a_relay() {
    life_behind_relay(ClientKind::Dhclient);
}

#[test]
fn dhcpcd_behind_a_relay() {
    life_behind_relay(ClientKind::Dhcpcd);
}
