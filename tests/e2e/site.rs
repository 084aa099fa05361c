//! A server and a namespace with a relay in front of it.

use std::net::Ipv4Addr;

use harness::{Link, LoadSettings, Server, Space, World, subnets};
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

pub(crate) fn load() -> LoadSettings {
    LoadSettings::new(RELAY, SERVER)
}
