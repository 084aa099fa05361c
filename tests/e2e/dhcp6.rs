//! ISC dhclient, dhcpcd, dibbler-client and systemd-networkd at our kea-dhcp6, on its link and behind ISC's relay.

use std::net::Ipv6Addr;

use harness::{
    Client6, ClientKind6, Server, Space, World, eventually, found, stored_leases6, subnets6, until,
};
use lease::LeaseType;
use serde_json::{Value, json};

/// Short times, so that clients renew while we wait.
fn config(interfaces: &[&str]) -> Value {
    let mut config = subnets6(
        interfaces,
        json!([ { "id": 1, "subnet": "2001:db8:1::/64", "interface": "lan", "rapid-commit": false,
            "pools": [ { "pool": "2001:db8:1::100-2001:db8:1::1ff" } ],
            "pd-pools": [ { "prefix": "2001:db8:f000::", "prefix-len": 44, "delegated-len": 56 } ],
            "option-data": [ { "name": "dns-servers", "data": "2001:db8::53, 2001:db8::54" } ] } ]),
    );
    config["preferred-lifetime"] = json!(60);
    config["valid-lifetime"] = json!(90);
    config["renew-timer"] = json!(3);
    config["rebind-timer"] = json!(30);
    // Every renewal is stored, also one soon after the last.
    config["cache-threshold"] = json!(0.0);
    config["loggers"][0]["severity"] = json!("DEBUG");
    config["loggers"][0]["debuglevel"] = json!(55);
    config
}

/// Addresses are usable at once: nothing else is on these links.
fn without_dad(space: &Space) {
    let done = space.run(
        "sysctl",
        ["-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"],
        "",
    );
    assert!(done.status.success(), "{done:?}");
}

/// A server on a switch.
fn server_on_switch(world: &World) -> Server {
    let space = world.space("srv6");
    without_dad(&space);
    space.bridge("lan");
    space.ip("address add 2001:db8:1::1/64 dev lan nodad");
    let mut server = world.server6("kea6", &space);
    server.configure(&config(&["lan"]));
    server.start();
    server
}

fn installed(kind: ClientKind6) -> bool {
    let there = kind.program().is_some();
    if !there {
        harness::skipped(&format!("{kind:?} is not installed"));
    }
    there
}

fn address_of_pool(text: &str) -> Option<Ipv6Addr> {
    let address: Ipv6Addr = text.split('/').next()?.parse().ok()?;
    text.starts_with("2001:db8:1::1").then_some(address)
}

fn prefix_of_pool(text: &str) -> Option<Ipv6Addr> {
    let (prefix, length) = text.split_once('/')?;
    assert_eq!(length, "56", "{text}");
    text.starts_with("2001:db8:f00").then(|| prefix.parse().ok())?
}

fn stored(server: &Server, address: Ipv6Addr, lease_type: LeaseType) -> u64 {
    let lease = eventually("the lease is on disk", harness::PATIENCE, || {
        stored_leases6(&server.prefix.lease_file6()).remove(&address)
    });
    assert_eq!(lease.lease_type, lease_type, "{lease:?}");
    lease.cltt.0
}

fn given_back(server: &Server, address: Ipv6Addr) {
    until("the lease is given back", || {
        stored_leases6(&server.prefix.lease_file6()).get(&address).is_none_or(|lease| !lease.occupies())
    });
}

/// Address and prefix, renewal, release.
fn life(kind: ClientKind6, flags: &[&str]) {
    let Some(world) = World::new() else { return };
    if !installed(kind) {
        return;
    }
    let mut server = server_on_switch(&world);
    let space = world.space("cli6");
    without_dad(&space);
    server.space.plug("lan", &space, "02:00:5e:00:53:01");
    let mut client = Client6::new(&world, kind, &space);
    client.start(flags);
    let address = client.event("an address", |event| address_of_pool(&event.address));
    let prefix = client.event("a prefix", |event| prefix_of_pool(&event.prefix));
    let dns = client.event("name servers", |event| (!event.dns.is_empty()).then(|| event.dns.clone()));
    let dns: Vec<&str> = dns.split([',', ' ']).filter(|server| !server.is_empty()).collect();
    assert_eq!(dns, ["2001:db8::53", "2001:db8::54"]);
    let first = stored(&server, address, LeaseType::Na);
    stored(&server, prefix, LeaseType::Pd);
    until("the client renews", || server.statistic("pkt6-renew-received") > 0);
    until("the renewal is on disk", || stored(&server, address, LeaseType::Na) > first);
    client.release(flags);
    until("the release arrived", || server.statistic("pkt6-release-received") > 0);
    given_back(&server, address);
    given_back(&server, prefix);
    until("nothing is assigned", || server.statistic("subnet[1].assigned-nas") == 0);
    assert_eq!(server.statistic("subnet[1].assigned-pds"), 0);
    client.kill();
    for (id, message, option) in [
        ("DHCP6_QUERY_DATA", "SOLICIT (1)", "type=00003(IA_NA), len=".to_owned()),
        (
            "DHCP6_RESPONSE_DATA",
            "ADVERTISE (2)",
            format!("type=00005(IAADDR), len=00024: address={address}, "),
        ),
        ("DHCP6_QUERY_DATA", "REQUEST (3)", "type=00002, len=".to_owned()),
        ("DHCP6_RESPONSE_DATA", "REPLY (7)", format!("prefix={prefix}/56, preferred-lft=60, valid-lft=90")),
    ] {
        let logged = server.logged(id);
        let shown = logged.iter().find(|text| text.contains(&format!("msg_type={message}, trans_id=0x")));
        assert!(shown.is_some_and(|text| text.contains(&option)), "{id} of {message}: {option}\n{logged:#?}");
    }
    assert!(server.stop().success());
}

#[test]
fn dhclient_leases_renews_and_releases() {
    life(ClientKind6::Dhclient, &["-N", "-P"]);
}

#[test]
fn dhcpcd_leases_renews_and_releases() {
    life(ClientKind6::Dhcpcd, &[]);
}

#[test]
fn dibbler_leases_renews_and_releases() {
    life(ClientKind6::Dibbler, &[]);
}

#[test]
fn networkd_leases_and_renews() {
    let Some(world) = World::new() else { return };
    if !installed(ClientKind6::Networkd) {
        return;
    }
    let server = server_on_switch(&world);
    let space = world.space("cli6");
    without_dad(&space);
    server.space.plug("lan", &space, "02:00:5e:00:53:01");
    let mut client = Client6::new(&world, ClientKind6::Networkd, &space);
    client.start(&[]);
    let address = eventually("networkd sets an address", harness::PATIENCE, || {
        space.addresses6("eth0").iter().find_map(|address| address_of_pool(address))
    });
    stored(&server, address, LeaseType::Na);
    until("networkd renews", || server.statistic("pkt6-renew-received") > 0);
    client.kill();
}

/// The client's link and the server's are apart; ISC's relay is in between, and is kept with the leases.
fn life_behind_relay(kind: ClientKind6, flags: &[&str]) {
    let Some(world) = World::new() else { return };
    if !installed(kind) {
        return;
    }
    if found("dhcrelay").is_none() {
        return harness::skipped("dhcrelay is not installed");
    }
    let (space, relay, home) = (world.space("srv6"), world.space("relay6"), world.space("cli6"));
    for each in [&space, &relay, &home] {
        without_dad(each);
    }
    space.link(harness::Link { here: "lan", there: "core" }, &relay);
    space.ip("address add 2001:db8:2::1/64 dev lan nodad");
    space.ip("route add 2001:db8:1::/64 via 2001:db8:2::2");
    relay.ip("address add 2001:db8:2::2/64 dev core nodad");
    relay.link(harness::Link { here: "homes", there: "eth0" }, &home);
    relay.ip("address add 2001:db8:1::1/64 dev homes nodad");
    let mut server = world.server6("kea6", &space);
    let mut config = config(&["lan/2001:db8:2::1"]);
    config["subnet6"][0].as_object_mut().expect("a subnet").remove("interface");
    config["store-extended-info"] = json!(true);
    server.configure(&config);
    server.start();
    let mut relaying = relay
        .command("dhcrelay", ["-6", "-d", "-l", "homes", "-u", "2001:db8:2::1%core", "-pf", "/dev/null"]);
    let mut relaying = relay.start("dhcrelay", &mut relaying);
    let mut client = Client6::new(&world, kind, &home);
    client.start(flags);
    let address = client.event("an address", |event| address_of_pool(&event.address));
    let prefix = client.event("a prefix", |event| prefix_of_pool(&event.prefix));
    stored(&server, address, LeaseType::Na);
    stored(&server, prefix, LeaseType::Pd);
    let row = stored_leases6(&server.prefix.lease_file6()).remove(&address).expect("a lease");
    let context: Value = serde_json::from_str(row.user_context.as_deref().expect("a context")).expect("JSON");
    let agent = &context["ISC"]["relay-info"][0];
    assert_eq!((&agent["hop"], &agent["link"]), (&json!(0), &json!("2001:db8:1::1")), "{context}");
    until("the client renews", || server.statistic("pkt6-renew-received") > 0);
    client.release(flags);
    given_back(&server, address);
    given_back(&server, prefix);
    relaying.kill();
    client.kill();
}

#[test]
fn dhclient_behind_a_relay() {
    life_behind_relay(ClientKind6::Dhclient, &["-N", "-P"]);
}

#[test]
fn dhcpcd_behind_a_relay() {
    life_behind_relay(ClientKind6::Dhcpcd, &[]);
}

#[test]
fn dibbler_behind_a_relay() {
    life_behind_relay(ClientKind6::Dibbler, &[]);
}

/// The DUID is made once.
#[test]
fn the_server_keeps_its_identity() {
    let Some(world) = World::new() else { return };
    let mut server = server_on_switch(&world);
    let file = server.prefix.path("var/lib/kea/kea-dhcp6-serverid");
    let duid = std::fs::read_to_string(&file).expect("the DUID is kept");
    assert!(duid.starts_with("00:01:00:01:"), "{duid}");
    assert!(server.stop().success());
    server.start();
    assert_eq!(std::fs::read_to_string(&file).expect("the DUID is kept"), duid);
    server.configure(&{
        let mut config = config(&["lan"]);
        config["server-id"] = json!({ "type": "EN", "enterprise-id": 99, "identifier": "0102" });
        config
    });
    server.tell("config-reload", Value::Null);
    assert_eq!(std::fs::read_to_string(&file).expect("the DUID is kept"), "00:02:00:00:00:63:01:02");
}

/// What is kept of relay agents is looked at when a command brings it, and when the lease file is read
/// (`extended-info-checks`).
#[test]
fn extended_information_is_checked_as_it_comes_in() {
    let Some(world) = World::new() else { return };
    let mut server = server_on_switch(&world);
    let checked = |level: &str| {
        let mut config = config(&["lan"]);
        config["hooks-libraries"] = json!([ { "library": "libdhcp_lease_cmds.so" } ]);
        config["sanity-checks"] = json!({ "extended-info-checks": level });
        config
    };
    let relay = |more: Value| {
        let mut relay = json!({ "hop": 0, "link": "2001:db8:1::1", "peer": "fe80::1" });
        for (key, value) in more.as_object().expect("a map") {
            relay[key] = value.clone();
        }
        relay
    };
    let add = |server: &Server, last: u16, key: &str, relay: &Value| {
        let lease = json!({ "ip-address": format!("2001:db8:1::{last:x}"), "duid": "01:02:03", "iaid": last,
            "user-context": { "ISC": { key: [ relay ] } } });
        server.tell("lease6-add", lease);
    };
    let context = |server: &Server, last: u16| {
        let address = json!({ "ip-address": format!("2001:db8:1::{last:x}") });
        server.tell("lease6-get", address).arguments["user-context"].clone()
    };
    server.configure(&checked("none"));
    server.tell("config-reload", json!({}));
    let old = relay(json!({ "options": "0x00250006000000090102" }));
    let odd = relay(json!({ "odd": 1 }));
    let empty = relay(json!({ "remote-id": "" }));
    let brought = [(1, "relays", &old), (2, "relay-info", &odd), (3, "relay-info", &empty)];
    for (last, key, relay) in brought {
        add(&server, last, key, relay);
        assert_eq!(context(&server, last), json!({ "ISC": { key: [ relay ] } }));
    }
    // The old form comes to be the present one; then what leases cannot be found by goes, then what is odd.
    let mut right = old.clone();
    right["remote-id"] = json!("000000090102");
    let info = |relay: &Value| json!({ "ISC": { "relay-info": [ relay ] } });
    for (level, left) in [
        ("fix", [info(&right), info(&odd), info(&empty)]),
        ("strict", [info(&right), info(&odd), Value::Null]),
        ("pedantic", [info(&right), Value::Null, Value::Null]),
    ] {
        server.configure(&checked(level));
        assert!(server.stop().success());
        server.start();
        for (last, left) in (1..).zip(&left) {
            assert_eq!(context(&server, last), *left, "{level}");
        }
        for ((last, key, relay), left) in brought.iter().zip(&left) {
            let last = last + 16;
            add(&server, last, key, relay);
            assert_eq!(context(&server, last), *left, "{level}");
            server.tell("lease6-del", json!({ "ip-address": format!("2001:db8:1::{last:x}") }));
        }
    }
    assert!(server.log().contains(
        "DHCPSRV_LEASE6_EXTENDED_INFO_SANITY_FAIL extended info for lease 2001:db8:1::3 failed checks \
         (in remote-id [relay#0] a problem was found: remote-id is empty)"
    ));
}
