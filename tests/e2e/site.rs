//! A server and a namespace with a relay in front of it.

use std::net::{Ipv4Addr, Ipv6Addr};

use harness::{Link, LoadSettings, Server, Space, V6, World, subnets, subnets6};
use serde_json::{Value, json};

pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub(crate) const RELAY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// A server that is not yet started, with 65,000 addresses for the relay's clients.
pub(crate) fn site(world: &World) -> (Server, Space) {
    let (srv, relay) = (world.space("srv"), world.space("relay"));
    srv.link(Link { here: "lan", there: "up" }, &relay);
    srv.ip("address add 10.0.0.1/24 dev lan");
    relay.ip("address add 10.0.0.2/24 dev up");
    let server = world.server("kea", &srv);
    server.configure(&config());
    (server, relay)
}

/// Its configuration, without a word per lease in the log.
pub(crate) fn config() -> Value {
    let mut config = subnets(
        &["lan"],
        json!([ { "id": 1, "subnet": "10.64.0.0/16",
        "relay": { "ip-addresses": [ "10.0.0.2" ] }, "pools": [ { "pool": "10.64.0.10-10.64.255.250" } ] } ]),
    );
    config["valid-lifetime"] = json!(3600);
    if let Some(loggers) = config["loggers"].as_array_mut() {
        loggers.push(json!({ "name": "kea-dhcp4.leases", "severity": "WARN",
            "output-options": [ { "output": "stdout" } ] }));
    }
    config
}

pub(crate) const SERVER6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
pub(crate) const RELAY6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

/// A kea-dhcp6 that is not yet started, with 65,000 addresses and as many prefixes for the relay's clients.
pub(crate) fn site6(world: &World) -> (Server, Space) {
    let (srv, relay) = (world.space("srv"), world.space("relay"));
    srv.link(Link { here: "lan", there: "up" }, &relay);
    srv.ip(&format!("address add {SERVER6}/64 dev lan nodad"));
    relay.ip(&format!("address add {RELAY6}/64 dev up nodad"));
    let server = world.server6("kea6", &srv);
    let listen = format!("lan/{SERVER6}");
    let mut config = subnets6(
        &[&listen],
        json!([ { "id": 1, "subnet": "2001:db8:64::/48", "relay": { "ip-addresses": [ RELAY6 ] },
            "pools": [ { "pool": "2001:db8:64::1:0/112" } ],
            "pd-pools": [ { "prefix": "2001:db8:65::", "prefix-len": 48, "delegated-len": V6::DELEGATED } ] } ]),
    );
    config["valid-lifetime"] = json!(3600);
    if let Some(loggers) = config["loggers"].as_array_mut() {
        loggers.push(json!({ "name": "kea-dhcp6.leases", "severity": "WARN",
            "output-options": [ { "output": "stdout" } ] }));
    }
    server.configure(&config);
    (server, relay)
}

pub(crate) fn load() -> LoadSettings {
    LoadSettings::new(RELAY, SERVER)
}
