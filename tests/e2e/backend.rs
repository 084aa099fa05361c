//! Several servers on one configuration database: what is written by one is served by the others.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use base::HwAddr;
use harness::{Dialog, Link, Load, LoadSettings, Prefix, Server, Space, World, minimal, until};
use serde_json::{Value, json};
use sql::Access;
use testdb::{Database, Kind};

/// How soon a change is served by every server that follows the database.
const SERVED: Duration = Duration::from_secs(2);

const HQ_RELAY: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 2);
const BRANCH_RELAY: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

/// Two servers with tags of their own, and a namespace with a relay for each.
struct Pair {
    hq: Server,
    branch: Server,
    relays: Space,
}

/// A database server for the configuration, with Kea's tables.
pub(crate) struct Backend {
    pub(crate) server: testdb::Server,
    database: Database,
}

impl Backend {
    pub(crate) fn start(kind: Kind) -> Self {
        let server = testdb::Server::start(kind, testdb::Options::default());
        let database = server.database();
        let access = Access {
            host: database.socket.display().to_string(),
            port: database.port,
            ..Access::local(&database.name, &database.user, &database.password)
        };
        match kind {
            Kind::MariaDb => {
                let mut link = mysql::MySql::open(&access).expect("a connection");
                mysql::schema::SCHEMA.create(&mut link).expect("tables");
            }
            Kind::PostgreSql => {
                let mut link = postgres::PostgreSql::open(&access).expect("a connection");
                postgres::schema::SCHEMA.create(&mut link).expect("tables");
            }
        }
        Self { server, database }
    }

    /// As an entry of a list of databases.
    pub(crate) fn entry(&self) -> Value {
        json!({
            "type": self.database.kind.name(), "host": self.database.socket, "port": self.database.port,
            "name": self.database.name, "user": self.database.user, "password": self.database.password })
    }

    /// Lets a configuration use it. Its socket is reached from every namespace.
    fn enter(&self, config: &mut Value, more: &Value) {
        let library = match self.database.kind {
            Kind::MariaDb => "libdhcp_mysql.so",
            Kind::PostgreSql => "libdhcp_pgsql.so",
        };
        config["hooks-libraries"].as_array_mut().expect("libraries").push(json!({ "library": library }));
        let mut entry = self.entry();
        for (keyword, value) in more.as_object().into_iter().flatten() {
            entry[keyword] = value.clone();
        }
        config["config-control"]["config-databases"] = json!([entry]);
    }
}

fn pair(world: &World, change: impl Fn(&mut Value)) -> Pair {
    let (hq, branch, relays) = (world.space("hq"), world.space("branch"), world.space("relays"));
    for (space, there, net) in [(&hq, "to-hq", 1), (&branch, "to-branch", 2)] {
        space.link(Link { here: "lan", there }, &relays);
        space.ip(&format!("address add 10.0.{net}.1/24 dev lan"));
        relays.ip(&format!("address add 10.0.{net}.2/24 dev {there}"));
    }
    // They share the directory of the database; the rest is each one's own.
    let shared = world.directory().join("shared");
    std::fs::create_dir(&shared).expect("shared directory");
    let server = |name: &str, space: &Space| {
        let mut server = world.server(name, space);
        server.environment.push(("KEA_DHCP_DATA_DIR", shared.clone()));
        let mut config = minimal(name, &["lan"], "shared.db");
        config["lease-database"]["name"] = json!(format!("{name}.csv"));
        change(&mut config);
        server.configure(&config);
        server.start();
        server
    };
    let (hq, branch) = (server("hq", &hq), server("branch", &branch));
    for tag in ["hq", "branch"] {
        hq.tell("remote-server4-set", json!({ "servers": [ { "server-tag": tag, "description": tag } ] }));
    }
    Pair { hq, branch, relays }
}

fn subnet(id: u32, prefix: &str, pool: &str, tags: &[&str]) -> Value {
    json!({ "server-tags": tags, "subnets": [ {
        "id": id, "subnet": prefix, "shared-network-name": null, "pools": [ { "pool": pool } ] } ] })
}

/// Waits until it holds, which must be soon; answers how long it took.
fn soon(what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let begin = Instant::now();
    until(what, &mut condition);
    let took = begin.elapsed();
    assert!(took < SERVED, "{what}: only after {took:?}");
    took
}

fn mac(last: u8) -> HwAddr {
    HwAddr::new(1, &[2, 0, 0x5e, 0, 0x53, last]).expect("six octets")
}

#[test]
fn two_servers_follow_one_file() {
    two_servers_follow_one_database(None);
}

#[test]
fn two_servers_follow_one_mariadb() {
    two_servers_follow_one_database(Some(Kind::MariaDb));
}

#[test]
fn two_servers_follow_one_postgresql() {
    two_servers_follow_one_database(Some(Kind::PostgreSql));
}

fn two_servers_follow_one_database(kind: Option<Kind>) {
    let Some(world) = World::new() else { return };
    let backend = kind.map(Backend::start);
    let Pair { mut hq, mut branch, relays } = pair(&world, |config| {
        if let Some(backend) = &backend {
            backend.enter(config, &Value::Null);
        }
    });
    let mut at_hq = Dialog::new(&relays, HQ_RELAY, Ipv4Addr::new(10, 0, 1, 1));
    let mut at_branch = Dialog::new(&relays, BRANCH_RELAY, Ipv4Addr::new(10, 0, 2, 1));

    // Subnets, each written through the other server.
    hq.tell("remote-subnet4-set", subnet(2, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["branch"]));
    soon("branch serves what hq wrote", || branch.served() == [2]);
    branch.tell("remote-subnet4-set", subnet(1, "10.0.1.0/24", "10.0.1.100-10.0.1.120", &["hq"]));
    soon("hq serves what branch wrote", || hq.served() == [1]);
    assert_eq!(branch.served(), [2], "the tag decides who serves it");

    // A global parameter for all, overridden for one.
    hq.tell(
        "remote-global-parameter4-set",
        json!({ "server-tags": ["all"], "parameters": { "valid-lifetime": 700 } }),
    );
    branch.tell(
        "remote-global-parameter4-set",
        json!({ "server-tags": ["branch"], "parameters": { "valid-lifetime": 800 } }),
    );
    soon("hq has the parameter of all", || hq.config()["valid-lifetime"] == 700);
    soon("branch has its own", || branch.config()["valid-lifetime"] == 800);

    // An option of all, and one of a class with a test.
    hq.tell(
        "remote-option4-global-set",
        json!({ "server-tags": ["all"],
        "options": [ { "name": "domain-name", "code": 15, "data": "all.example" } ] }),
    );
    hq.tell(
        "remote-class4-set",
        json!({ "server-tags": ["branch"], "client-classes": [ {
        "name": "phones", "test": "option[60].text == 'phone'",
        "option-data": [ { "name": "tftp-server-name", "data": "tftp.example" } ] } ] }),
    );
    soon("branch has the class", || {
        branch.config().pointer("/client-classes/0/name") == Some(&json!("phones"))
    });
    soon("hq has the option", || hq.config().pointer("/option-data/0/data") == Some(&json!("all.example")));
    assert!(hq.config()["client-classes"].as_array().is_none_or(Vec::is_empty), "the class is not for hq");

    // What clients see of it.
    let wanted: (u8, &[u8]) = (55, &[15, 51, 66]);
    let phone = at_branch.lease(&mac(1), &[wanted, (60, b"phone")]).expect("a lease at branch");
    assert_eq!(phone.option(66), Some(&b"tftp.example"[..]));
    assert_eq!(phone.option(15), Some(&b"all.example"[..]));
    assert_eq!(phone.option(51), Some(&800u32.to_be_bytes()[..]));
    let other = at_branch.lease(&mac(2), &[wanted, (60, b"printer")]).expect("a lease at branch");
    assert_eq!(other.option(66), None);
    let there = at_hq.lease(&mac(3), &[wanted, (60, b"phone")]).expect("a lease at hq");
    assert_eq!((there.option(66), there.option(51)), (None, Some(&700u32.to_be_bytes()[..])));
    assert!(there.yiaddr.octets().starts_with(&[10, 0, 1]), "{there:?}");

    // A restart keeps everything, in the database and in the lease files.
    let before = (hq.config(), branch.config());
    assert!(hq.stop().success() && branch.stop().success());
    hq.start();
    branch.start();
    assert_eq!((hq.config(), branch.config()), before);
    let again = at_hq.lease(&mac(3), &[wanted]).expect("a lease after the restart");
    assert_eq!(again.yiaddr, there.yiaddr);

    // Deletion.
    branch.tell("remote-subnet4-del-by-id", json!({ "subnets": [ { "id": 1 } ] }));
    soon("hq serves it no longer", || hq.served().is_empty());
    assert!(at_hq.ask(testkit::Packet4::discover(&mac(4)), Duration::from_millis(300)).is_none());
    branch.tell(
        "remote-global-parameter4-del",
        json!({ "server-tags": ["branch"], "parameters": [ "valid-lifetime" ] }),
    );
    soon("branch has the parameter of all now", || branch.config()["valid-lifetime"] == 700);
    hq.tell("remote-class4-del", json!({ "client-classes": [ { "name": "phones" } ] }));
    soon("the class is gone", || branch.config()["client-classes"].as_array().is_none_or(Vec::is_empty));
    let phone = at_branch.lease(&mac(1), &[wanted, (60, b"phone")]).expect("a lease at branch");
    assert_eq!(phone.option(66), None);
}

#[test]
fn a_lost_mariadb_costs_no_packet() {
    a_lost_database_costs_no_packet(Kind::MariaDb);
}

#[test]
fn a_lost_postgresql_costs_no_packet() {
    a_lost_database_costs_no_packet(Kind::PostgreSql);
}

/// Killed, gone, back, paused: clients notice nothing, and changes are served as soon as it answers again.
fn a_lost_database_costs_no_packet(kind: Kind) {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(kind);
    let Pair { mut hq, branch, relays } = pair(&world, |config| backend.enter(config, &json!({})));
    hq.tell("remote-subnet4-set", subnet(1, "10.0.0.0/15", "10.1.0.0/16", &["hq"]));
    soon("hq serves it", || hq.served() == [1]);
    let settings: LoadSettings =
        LoadSettings { rate: 200, ..LoadSettings::new(HQ_RELAY, Ipv4Addr::new(10, 0, 1, 1)) };
    let load = Load::start(&relays, settings);
    until("clients are served", || load.acks() > 20);

    let mut lifetime = 1000;
    let mut change = |what: &str| {
        lifetime += 1;
        let parameters = json!({ "server-tags": ["all"], "parameters": { "valid-lifetime": lifetime } });
        branch.tell("remote-global-parameter4-set", parameters);
        until(what, || hq.config()["valid-lifetime"] == lifetime);
    };
    change("a change is served");
    backend.server.kill();
    std::thread::sleep(Duration::from_secs(2));
    let refused = branch.command("remote-subnet4-list", json!({ "server-tags": ["all"] })).error();
    assert!(!refused.text.contains(testdb::PASSWORD), "{refused:?}");
    assert_eq!(hq.served(), [1]);
    backend.server.run();
    change("a change after the restart is served");
    backend.server.pause();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(hq.served(), [1], "commands that need no database are answered while it hangs");
    backend.server.resume();
    change("a change after the pause is served");

    let (history, exchanges) = load.stop();
    let lost: Vec<_> = exchanges.iter().filter(|e| e.end != harness::End::Granted || e.again > 1).collect();
    assert!(lost.is_empty(), "{} of {} exchanges suffered: {lost:?}", lost.len(), exchanges.len());
    assert!(exchanges.len() > 500, "a load that is none: {}", exchanges.len());
    assert_eq!(history.doubles(), [""; 0]);
    assert!(hq.stop().success());
}

/// A server that may begin without its database serves its file, and what the database has once that is there.
#[test]
fn a_server_begins_without_its_database() {
    let Some(world) = World::new() else { return };
    let backend = Backend::start(Kind::PostgreSql);
    backend.server.stop();
    let space = world.space("one");
    space.ip("link add lan type bridge");
    space.ip("link set lan up");
    let mut server = world.server("kea", &space);
    let mut config = minimal("hq", &["lan"], "");
    let patient =
        json!({ "retry-on-startup": true, "on-fail": "serve-retry-continue", "reconnect-wait-time": 200 });
    backend.enter(&mut config, &patient);
    config["subnet4"] = json!([ { "id": 9, "subnet": "10.0.9.0/24" } ]);
    server.configure(&config);
    server.start();
    assert_eq!(server.served(), [9]);
    backend.server.run();
    until("the database is reached", || {
        server.command("remote-server4-set", json!({ "servers": [ { "server-tag": "hq" } ] })).result == 0
    });
    server.tell("remote-subnet4-set", subnet(7, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["hq"]));
    soon("it is served beside the file's", || server.served() == [7, 9]);
}

/// Without a server an object stays in the database, tied to nobody, until it is tied to another.
#[test]
fn objects_of_a_deleted_server_are_unassigned() {
    let Some(world) = World::new() else { return };
    let Pair { hq, branch, .. } = pair(&world, |_| ());
    hq.tell("remote-subnet4-set", subnet(2, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["branch"]));
    soon("branch serves it", || branch.served() == [2]);
    hq.tell("remote-server4-del", json!({ "servers": [ { "server-tag": "branch" } ] }));
    soon("branch serves it no longer", || branch.served().is_empty());

    let listed = |tags: Value| {
        let answer = hq.command("remote-subnet4-list", json!({ "server-tags": tags }));
        let subnets = answer.at("/subnets").as_array().cloned().unwrap_or_default();
        subnets.iter().filter_map(|s| s["id"].as_u64()).collect::<Vec<_>>()
    };
    assert_eq!(listed(json!([null])), [2]);
    assert_eq!(listed(json!(["hq"])), [0u64; 0]);
    hq.tell("remote-subnet4-set", subnet(2, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["hq"]));
    soon("hq serves it now", || hq.served() == [2]);
    assert_eq!(listed(json!([null])), [0u64; 0]);
}

/// With a wait time of 0 a server looks only when told.
#[test]
fn pull_on_command() {
    let Some(world) = World::new() else { return };
    let Pair { hq, branch, .. } =
        pair(&world, |config| config["config-control"]["config-fetch-wait-time"] = json!(0));
    hq.tell("remote-subnet4-set", subnet(2, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["branch"]));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(branch.served(), [0u64; 0], "nobody told it");
    let answer = branch.tell("config-backend-pull", Value::Null);
    assert_eq!(answer.text, "On demand configuration update successful.");
    assert_eq!(branch.served(), [2]);

    // A database that cannot be read leaves what runs running.
    let database = world.directory().join("shared/shared.db");
    let hidden = world.directory().join("shared/hidden");
    std::fs::create_dir(&hidden).expect("directory");
    let parts = ["shared.db", "shared.db-wal", "shared.db-shm"]
        .map(|name| (world.directory().join("shared").join(name), hidden.join(name)));
    for (from, to) in parts.iter().filter(|(from, _)| from.exists()) {
        std::fs::rename(from, to).expect("rename");
    }
    std::fs::write(&database, b"this is no database at all, whatever its name says".repeat(100))
        .expect("junk");
    let answer = branch.command("config-backend-pull", Value::Null).error();
    assert!(answer.text.starts_with("On demand configuration update failed: "), "{answer:?}");
    assert_eq!(branch.served(), [2]);
    for (from, to) in parts.iter().filter(|(_, to)| to.exists()) {
        std::fs::rename(to, from).expect("rename");
    }
    branch.tell("config-backend-pull", Value::Null);
    assert_eq!(branch.served(), [2]);
}

/// What one server would break on is refused before it reaches the database; `force` overrides.
#[test]
fn mistakes_are_refused_when_they_are_written() {
    let Some(world) = World::new() else { return };
    let Pair { hq, branch, .. } = pair(&world, |_| ());
    hq.tell("remote-subnet4-set", subnet(1, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["branch"]));
    soon("branch serves it", || branch.served() == [1]);
    let refused = hq
        .command("remote-subnet4-set", subnet(2, "10.0.2.128/25", "10.0.2.130-10.0.2.140", &["branch"]))
        .error();
    assert!(refused.text.contains("branch") && refused.text.contains("10.0.2.128/25"), "{refused:?}");
    // For another server it is no mistake.
    hq.tell("remote-subnet4-set", subnet(2, "10.0.2.128/25", "10.0.2.130-10.0.2.140", &["hq"]));
    soon("hq serves it", || hq.served() == [2]);
    // A subnet on a server that does not get its network: refused, or forced upon it.
    hq.tell(
        "remote-network4-set",
        json!({ "server-tags": [ "hq" ], "shared-networks": [ { "name": "campus" } ] }),
    );
    let mut stray = subnet(3, "10.0.9.0/24", "10.0.9.70-10.0.9.80", &["branch"]);
    stray["subnets"][0]["shared-network-name"] = json!("campus");
    let refused = hq.command("remote-subnet4-set", stray.clone()).error();
    assert!(refused.text.contains("campus") && refused.text.contains("branch"), "{refused:?}");
    stray["force"] = json!(true);
    hq.tell("remote-subnet4-set", stray);
    // branch cannot run that; it says so and serves on with what it has.
    until("branch has seen it", || branch.log().contains("DHCP4_CB_PERIODIC_FETCH_UPDATES_FAIL"));
    assert_eq!(branch.served(), [1]);
    hq.tell("remote-subnet4-del-by-id", json!({ "subnets": [ { "id": 3 } ] }));
    hq.tell("remote-subnet4-set", subnet(4, "10.0.3.0/24", "10.0.3.70-10.0.3.80", &["branch"]));
    until("branch follows again", || branch.served() == [1, 4]);
}

/// kea-admin makes the database that a server takes, and tells its version.
#[test]
fn kea_admin_makes_the_database() {
    let Some(world) = World::new() else { return };
    let space = world.space("one");
    space.ip("link add lan type bridge");
    space.ip("link set lan up");
    let mut server = world.server("kea", &space);
    let file = server.prefix.path("var/lib/kea/kea-config.db");
    let name = file.display().to_string();
    let admin = |prefix: &Prefix, words: &[&str]| world.run(prefix.program("kea-admin"), words, "");
    let made = admin(&server.prefix, &["db-init", "sqlite", "-n", &name]);
    assert_eq!(made.code(), 0, "{made:?}");
    let version = admin(&server.prefix, &["db-version", "sqlite", "-n", &name]);
    assert_eq!(version.code(), 0, "{version:?}");
    let extended = world.run(server.prefix.program("kea-dhcp4"), ["-V"], "").stdout;
    let ours = format!("SQLite configuration backend {}", version.stdout.trim());
    assert!(extended.contains(&ours), "{ours} in {extended}");
    let twice = admin(&server.prefix, &["db-init", "sqlite", "-n", &name]);
    assert_ne!(twice.code(), 0, "a database is not made twice: {twice:?}");
    let none = admin(&server.prefix, &["db-version", "sqlite", "-n", &format!("{name}.none")]);
    assert_ne!(none.code(), 0, "{none:?}");

    server.configure(&minimal("hq", &["lan"], "kea-config.db"));
    server.start();
    server.tell("remote-server4-set", json!({ "servers": [ { "server-tag": "hq" } ] }));
    server.tell("remote-subnet4-set", subnet(7, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["hq"]));
    until("it is served", || server.served() == [7]);
}
