//! Two servers, `headquarters` and `remote`, on one database: what each serves of objects for all, for one, for both,
//! for a third server and for nobody. The same scenario on every database and in both protocols, looked at through
//! clients and through where the servers say that things come from.

use std::collections::BTreeSet;

use base::Family;
use harness::{
    Client, Client6, ClientKind, ClientKind6, PATIENCE, Server, Space, World, eventually, found, minimal,
    minimal6, until,
};
use serde_json::{Value, json};

use super::{Store, on_every_database, soon, subnets_of};

/// A subnet for each way of being tied: its name, the servers it is set for, and who serves it.
/// `retired` is deleted afterwards, which leaves its subnet with nobody.
const SUBNETS: [(&str, &[&str], &[&str]); 5] = [
    ("all", &["all"], &["headquarters", "remote"]),
    ("headquarters", &["headquarters"], &["headquarters"]),
    ("both", &["headquarters", "remote"], &["headquarters", "remote"]),
    ("backup", &["backup"], &[]),
    ("none", &["retired"], &[]),
];

const SERVERS: [&str; 2] = ["headquarters", "remote"];

on_every_database! {
    clients4 => |store| scenario(store, Family::V4);
    clients6 => |store| scenario(store, Family::V6);
}

/// What differs between the protocols.
fn by_family<T>(family: Family, v4: T, v6: T) -> T {
    match family {
        Family::V4 => v4,
        Family::V6 => v6,
    }
}

fn network(family: Family, number: u8) -> String {
    by_family(family, format!("10.1.{number}."), format!("2001:db8:{number}::"))
}

/// The link of a server that a subnet is on.
fn link(number: u8) -> String {
    format!("lan{number}")
}

/// A client on a link of a server.
enum Host {
    V4(Client),
    V6(Client6),
}

impl Host {
    fn start(world: &World, family: Family, server: &Server, number: u8) -> Self {
        let space = world.space("cli");
        without_dad(&space);
        server.space.plug(&link(number), &space, &format!("02:00:5e:00:53:{number:02x}"));
        match family {
            Family::V4 => {
                let mut client = Client::new(world, ClientKind::Udhcpc, &space);
                client.start();
                Self::V4(client)
            }
            Family::V6 => {
                // It sends from its address on the link.
                until("the client has an address on its link", || !space.addresses6("eth0").is_empty());
                let mut client = Client6::new(world, ClientKind6::Dhclient, &space);
                client.start(&[]);
                Self::V6(client)
            }
        }
    }

    /// The address that it has.
    fn address(&self) -> Option<String> {
        match self {
            Self::V4(client) => client.events().into_iter().find(|e| e.is_lease()).map(|e| e.address),
            Self::V6(client) => {
                client.events().into_iter().map(|event| event.address).find(|address| !address.is_empty())
            }
        }
    }
}

fn without_dad(space: &Space) {
    space.sh("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
}

/// A server with a link for each subnet, which are its own whatever the other has.
fn server(world: &World, store: &Store, family: Family, tag: &str) -> Server {
    let space = world.space("srv");
    without_dad(&space);
    let links = [1, 2, 3, 4, 5].map(link);
    for (number, link) in (1..).zip(&links) {
        space.bridge(link);
        let length = by_family(family, 24, 64);
        space.ip(&format!("address add {}1/{length} dev {link}", network(family, number)));
    }
    let links = links.each_ref().map(String::as_str);
    let mut server = match family {
        Family::V4 => world.server(tag, &space),
        Family::V6 => world.server6(tag, &space),
    };
    let mut config = by_family(family, minimal(tag, &links, ""), minimal6(tag, &links, ""));
    config["hooks-libraries"] =
        json!([ { "library": "libdhcp_cb_cmds.so" }, { "library": "libdhcp_subnet_cmds.so" } ]);
    config[by_family(family, "subnet4", "subnet6")] = json!([ {
        "id": 99, "subnet": by_family(family, "10.99.0.0/24", "2001:db8:99::/64") } ]);
    store.enter(&mut server, &mut config, &Value::Null);
    server.configure(&config);
    server.start();
    server
}

/// Server tags that an answer shows for each subnet; of the file, without.
fn origins(list: &Value) -> Vec<(u64, Option<BTreeSet<String>>)> {
    let text = |tag: &Value| tag.as_str().expect("a tag").to_owned();
    let origin = |subnet: &Value| {
        let tags = subnet.pointer("/metadata/server-tags");
        (
            subnet["id"].as_u64().expect("an id"),
            tags.map(|tags| tags.as_array().expect("tags").iter().map(text).collect()),
        )
    };
    let mut all: Vec<_> = list.as_array().expect("subnets").iter().map(origin).collect();
    all.sort();
    all
}

fn scenario(store: &Store, family: Family) {
    let Some(world) = World::new() else { return };
    if by_family(family, found("udhcpc").or_else(|| found("busybox")), found("dhclient")).is_none() {
        harness::skipped("udhcpc or dhclient is not installed");
        return;
    }
    let digit = by_family(family, 4, 6);
    let servers = SERVERS.map(|tag| server(&world, store, family, tag));
    let [headquarters, remote] = &servers;
    for tag in ["headquarters", "remote", "backup", "retired"] {
        headquarters.tell(
            &format!("remote-server{digit}-set"),
            json!({ "servers": [ { "server-tag": tag, "description": tag } ] }),
        );
    }
    for (number, (_, tags, _)) in (1..).zip(SUBNETS) {
        let net = network(family, number);
        let prefix = by_family(family, format!("{net}0/24"), format!("{net}/64"));
        let subnet = json!({ "id": number, "subnet": prefix, "shared-network-name": null, "interface": link(number),
            "pools": [ { "pool": format!("{net}100-{net}120") } ] });
        // Each writes for the other as well.
        let writer = if number % 2 == 0 { headquarters } else { remote };
        writer.tell(
            &format!("remote-subnet{digit}-set"),
            json!({ "server-tags": tags, "subnets": [ subnet ] }),
        );
    }
    remote.tell(&format!("remote-server{digit}-del"), json!({ "servers": [ { "server-tag": "retired" } ] }));

    // Who runs what, and where the server says that it comes from.
    for (server, tag) in servers.iter().zip(SERVERS) {
        let wanted: Vec<(u64, Option<BTreeSet<String>>)> = (1..)
            .zip(SUBNETS)
            .filter(|(_, (_, _, who))| who.contains(&tag))
            .map(|(id, (_, tags, _))| (id, Some(tags.iter().map(|tag| (*tag).to_owned()).collect())))
            .chain([(99, None)])
            .collect();
        let ids: Vec<u64> = wanted.iter().map(|(id, _)| *id).collect();
        soon(&format!("{tag} serves what it should"), || server.served() == ids);
        let asked = || json!({ "metadata": true });
        let shown = server.tell("config-get", asked());
        assert_eq!(origins(shown.at(&format!("/Dhcp{digit}/subnet{digit}"))), wanted, "{tag}: config-get");
        let listed = server.tell(&format!("subnet{digit}-list"), asked());
        assert_eq!(origins(listed.at("/subnets")), wanted, "{tag}: subnet{digit}-list");
        let plain = server.config();
        let plain = origins(&plain[format!("subnet{digit}")]);
        assert!(plain.iter().all(|(_, tags)| tags.is_none()), "only who asks is told: {plain:?}");
    }
    for (tags, wanted) in [(json!(["backup"]), vec![1, 4]), (json!([null]), vec![5])] {
        assert_eq!(subnets_of(headquarters, digit, &tags), wanted, "in the database, for {tags}");
    }

    // What clients get of it: all ask at once, so those that are served show how long those that are not had.
    let hosts: Vec<Vec<Host>> = servers
        .iter()
        .map(|server| (1..=5).map(|number| Host::start(&world, family, server, number)).collect())
        .collect();
    for wave in [true, false] {
        for (hosts, tag) in hosts.iter().zip(SERVERS) {
            for ((number, (name, _, who)), host) in (1..).zip(SUBNETS).zip(hosts) {
                let what = format!("{tag}, subnet {name}");
                match (wave, who.contains(&tag)) {
                    (true, true) => {
                        let address = eventually(&what, PATIENCE, || host.address());
                        assert!(address.starts_with(&network(family, number)), "{what}: {address}");
                    }
                    (false, false) => assert_eq!(host.address(), None, "{what} is not served here"),
                    _ => {}
                }
            }
        }
    }
}
