//! Administering the database: from a node that serves nobody, with what Kea lacks to do it safely. On every database
//! and in both protocols.

use base::Family;
use harness::{Answer, Server, World, minimal, minimal6};
use serde_json::{Value, json};

use super::{Store, on_every_database, soon};

on_every_database! {
    from_afar4 => |store| administered_from_afar(store, &Names::new(Family::V4));
    from_afar6 => |store| administered_from_afar(store, &Names::new(Family::V6));
}

/// What a family calls things.
struct Names {
    family: Family,
    digit: u8,
}

impl Names {
    fn new(family: Family) -> Self {
        Self { family, digit: if family == Family::V4 { 4 } else { 6 } }
    }

    /// A command: `remote-subnet#-set` with the digit.
    fn command(&self, name: &str) -> String {
        name.replace('#', &self.digit.to_string())
    }

    fn prefix(&self, number: u8) -> String {
        match self.family {
            Family::V4 => format!("10.0.{number}.0/24"),
            Family::V6 => format!("2001:db8:{number}::/64"),
        }
    }

    fn server(&self, world: &World, store: &Store, tag: &str, links: &[&str]) -> Server {
        let space = world.space(tag);
        links.iter().for_each(|link| space.bridge(link));
        let (mut server, mut config) = match self.family {
            Family::V4 => (world.server(tag, &space), minimal(tag, links, "")),
            Family::V6 => (world.server6(tag, &space), minimal6(tag, links, "")),
        };
        store.enter(&mut server, &mut config, &Value::Null);
        server.configure(&config);
        server
    }
}

/// A node that administers.
struct Node<'a> {
    names: &'a Names,
    server: &'a Server,
}

impl Node<'_> {
    fn ask(&self, command: &str, arguments: Value) -> Answer {
        self.server.command(&self.names.command(command), arguments)
    }

    fn tell(&self, command: &str, arguments: Value) -> Answer {
        self.server.tell(&self.names.command(command), arguments)
    }

    fn subnet(&self, tag: &str, number: u8, lifetime: u32, more: &Value) -> Value {
        let mut arguments = json!({ "server-tags": [ tag ], "subnets": [ {
            "id": number, "subnet": self.names.prefix(number), "shared-network-name": null,
            "valid-lifetime": lifetime } ] });
        for (keyword, value) in more.as_object().into_iter().flatten() {
            arguments[keyword] = value.clone();
        }
        arguments
    }

    /// Revisions of the audit, newest first.
    fn audit(&self, arguments: Value) -> Vec<Value> {
        self.tell("remote-audit#-get", arguments).at("/revisions").as_array().cloned().expect("revisions")
    }

    fn newest(&self) -> u64 {
        self.audit(json!({ "limit": 1 }))[0]["revision"].as_u64().expect("a number")
    }
}

/// `server: modification name` of a dry run's difference.
fn difference(answer: &Answer) -> Vec<String> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let servers = answer.at("/difference").as_array().expect("a difference");
    let of_server = |server: &Value| -> Vec<String> {
        let changes = server["changes"].as_array().expect("changes");
        let line = |change: &Value| {
            format!(
                "{}: {} {}",
                text(server, "server-tag"),
                text(change, "modification"),
                text(change, "name")
            )
        };
        changes.iter().map(line).collect()
    };
    servers.iter().flat_map(of_server).collect()
}

/// Lifetimes of the subnets that a server runs.
fn lifetimes(names: &Names, server: &Server) -> Vec<(u64, u64)> {
    let config = server.config();
    let subnets = config[format!("subnet{}", names.digit)].as_array().cloned().unwrap_or_default();
    let number = |subnet: &Value, key: &str| subnet[key].as_u64().expect("a number");
    subnets.iter().map(|subnet| (number(subnet, "id"), number(subnet, "valid-lifetime"))).collect()
}

fn administered_from_afar(store: &Store, names: &Names) {
    let Some(world) = World::new() else { return };
    let mut admin = names.server(&world, store, "admin", &[]);
    admin.start();
    let node = Node { names, server: &admin };
    for tag in ["hq", "branch"] {
        node.tell("remote-server#-set", json!({ "servers": [ { "server-tag": tag, "description": tag } ] }));
    }
    // Nobody serves yet: what is written waits for them.
    node.tell("remote-subnet#-set", node.subnet("hq", 1, 1000, &json!({ "message": "ticket 1" })));
    assert_eq!(admin.served(), [0u64; 0], "it is not for the node");
    let mut hq = names.server(&world, store, "hq", &["lan"]);
    hq.start();
    assert_eq!(lifetimes(names, &hq), [(1, 1000)]);
    assert!(hq.stop().success());

    // While hq is away: what it could not run is refused by name, and a dry run tells who would get what.
    let first = node.newest();
    let overlap = |more: Value| {
        let mut arguments = node.subnet("hq", 2, 2000, &more);
        arguments["subnets"][0]["subnet"] = json!(match names.family {
            Family::V4 => "10.0.1.128/25",
            Family::V6 => "2001:db8:1::/80",
        });
        arguments
    };
    let refused = node.ask("remote-subnet#-set", overlap(json!({}))).error();
    assert!(refused.text.contains("server 'hq'") && refused.text.contains("subnet 1 ("), "{refused:?}");
    let forced = node.tell("remote-subnet#-set", overlap(json!({ "force": true, "dry-run": true })));
    assert_eq!(difference(&forced).len(), 1, "{forced:?}");
    let shared = || node.subnet("all", 2, 2000, &json!({ "dry-run": true }));
    let tried = node.tell("remote-subnet#-set", shared());
    let line = |tag: &str| format!("{tag}: create {}", names.prefix(2));
    assert_eq!(difference(&tried), ["hq", "branch", "admin"].map(line));
    assert_eq!(node.newest(), first, "a dry run stores nothing");
    node.tell("remote-subnet#-set", node.subnet("hq", 1, 1500, &json!({ "message": "ticket 2" })));
    node.tell("remote-subnet#-set", node.subnet("all", 2, 2000, &json!({})));
    hq.start();
    assert_eq!(lifetimes(names, &hq), [(1, 1500), (2, 2000)], "it has what it missed");

    // The audit, newest first.
    let audit = node.audit(json!({ "since": first }));
    let told: Vec<_> = audit
        .iter()
        .map(|revision| {
            let object = revision.pointer("/objects/0").expect("an object");
            (revision["message"].as_str(), revision["server-tag"].as_str(), object["modification"].as_str())
        })
        .collect();
    assert_eq!(
        told,
        [(Some(""), Some("all"), Some("create")), (Some("ticket 2"), Some("hq"), Some("update"))]
    );
    for revision in &audit {
        assert_eq!(revision["command"], names.command("remote-subnet#-set"));
        assert!(revision["time"].as_str().is_some_and(|time| time.len() == 19), "{revision}");
        assert_eq!(revision["undoable"], true);
    }
    let ours = node.audit(json!({ "server-tags": [ "branch" ], "since": first }));
    assert_eq!(ours.len(), 1, "only what concerns it: {ours:?}");

    // The way back, which hq follows while it runs; and forward again.
    let latest = node.newest();
    let back = |revision: u64, more: Value| {
        let mut arguments = json!({ "revision": revision });
        for (keyword, value) in more.as_object().into_iter().flatten() {
            arguments[keyword] = value.clone();
        }
        arguments
    };
    let tried = node.tell("remote-config#-rollback", back(first, json!({ "dry-run": true })));
    let wanted = [
        format!("hq: update {}", names.prefix(1)),
        format!("hq: delete {}", names.prefix(2)),
        format!("branch: delete {}", names.prefix(2)),
        format!("admin: delete {}", names.prefix(2)),
    ];
    assert_eq!(difference(&tried), wanted);
    assert_eq!(lifetimes(names, &hq), [(1, 1500), (2, 2000)]);
    node.tell("remote-config#-rollback", back(first, json!({ "message": "ticket 2 was wrong" })));
    soon("hq runs what was before", || lifetimes(names, &hq) == [(1, 1000)]);
    let told = &node.audit(json!({ "limit": 1 }))[0]["message"];
    assert_eq!(*told, format!("to revision {first}, ticket 2 was wrong"));
    let nothing = node.ask("remote-config#-rollback", back(first, json!({})));
    assert_eq!(nothing.result, 3, "{nothing:?}");
    node.tell("remote-config#-rollback", back(latest, json!({})));
    soon("hq runs what was rolled back", || lifetimes(names, &hq) == [(1, 1500), (2, 2000)]);
    assert!(hq.stop().success() && admin.stop().success());
}
