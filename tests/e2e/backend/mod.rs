//! Several servers on one configuration database: what is written by one is served by the others.

mod changes;
mod load;
mod moving;
mod push;
mod start;
mod tags;

use std::net::Ipv4Addr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base::HwAddr;
use harness::{Dialog, Link, Load, LoadSettings, Prefix, Server, Space, World, minimal, until};
use serde_json::{Value, json};
use sql::Access;
use tempfile::TempDir;
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
        // What is measured is measured as in production.
        Self::with(kind, harness::soak())
    }

    /// One that forgets nothing when it is killed.
    pub(crate) fn durable(kind: Kind) -> Self {
        Self::with(kind, true)
    }

    fn with(kind: Kind, durable: bool) -> Self {
        let options = testdb::Options { durable, ..testdb::Options::default() };
        let server = testdb::Server::start(kind, options);
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

    /// Of the database.
    pub(crate) fn name(&self) -> &str {
        &self.database.name
    }

    /// As an entry of a list of databases.
    pub(crate) fn entry(&self) -> Value {
        json!({
            "type": self.database.kind.name(), "host": self.database.socket, "port": self.database.port,
            "name": self.database.name, "user": self.database.user, "password": self.database.password })
    }
}

/// A configuration database of any kind, which servers share.
enum Store {
    /// In a directory that is the data directory of every server.
    Sqlite(TempDir),
    Server(Box<Backend>),
}

/// A test on each kind of database: `name => |store| ...` becomes `name::{sqlite, mariadb, postgresql}`.
macro_rules! on_every_database {
    ($($(#[$attribute:meta])* $name:ident => |$store:ident| $test:expr;)*) => { $(
        $(#[$attribute])*
        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                let $store = &$crate::backend::Store::sqlite();
                $test;
            }

            #[test]
            fn mariadb() {
                let $store = &$crate::backend::Store::server(testdb::Kind::MariaDb);
                $test;
            }

            #[test]
            fn postgresql() {
                let $store = &$crate::backend::Store::server(testdb::Kind::PostgreSql);
                $test;
            }
        }
    )* };
}
pub(crate) use on_every_database;

impl Store {
    /// Name of the file of an SQLite database.
    const FILE: &str = "shared.db";

    fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a directory"))
    }

    fn server(kind: Kind) -> Self {
        Self::Server(Box::new(Backend::start(kind)))
    }

    /// The file of an SQLite database.
    fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite(directory) => directory.path().join(Self::FILE),
            Self::Server(backend) => panic!("{:?} has no file", backend.database.kind),
        }
    }

    /// The `type` of `config-databases`.
    fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Server(backend) => backend.database.kind.name(),
        }
    }

    /// Whether it tells servers of changes; others are asked each second.
    fn notifies(&self) -> bool {
        !matches!(self, Self::Server(backend) if backend.database.kind == Kind::MariaDb)
    }

    /// What kea-admin needs to find it.
    fn words(&self) -> Vec<String> {
        match self {
            Self::Sqlite(_) => {
                ["sqlite", "-n", &self.file().display().to_string()].map(str::to_owned).to_vec()
            }
            Self::Server(backend) => {
                let database = &backend.database;
                let kind = if database.kind == Kind::MariaDb { "mysql" } else { "pgsql" };
                let port = database.port.to_string();
                let words = [kind, "-h", &database.host, "-P", &port, "-u", &database.user];
                let more = ["-p", &database.password, "-n", &database.name];
                words.into_iter().chain(more).map(str::to_owned).collect()
            }
        }
    }

    /// Lets a server of a configuration use it; `more` are keywords of the entry. A socket is reached from every
    /// namespace.
    fn enter(&self, server: &mut Server, config: &mut Value, more: &Value) {
        let mut entry = match self {
            Self::Sqlite(directory) => {
                server.environment.push(("KEA_DHCP_DATA_DIR", directory.path().to_owned()));
                // All else in that directory is each one's own.
                let tag = config["server-tag"].as_str().expect("a tag");
                config["lease-database"]["name"] = json!(format!("{tag}.csv"));
                json!({ "type": "sqlite", "name": Self::FILE })
            }
            Self::Server(backend) => {
                let library = match backend.database.kind {
                    Kind::MariaDb => "libdhcp_mysql.so",
                    Kind::PostgreSql => "libdhcp_pgsql.so",
                };
                let libraries = config["hooks-libraries"].as_array_mut().expect("libraries");
                libraries.push(json!({ "library": library }));
                backend.entry()
            }
        };
        for (keyword, value) in more.as_object().into_iter().flatten() {
            entry[keyword] = value.clone();
        }
        config["config-control"]["config-databases"] = json!([entry]);
    }
}

fn pair(world: &World, store: &Store, change: impl Fn(&mut Value)) -> Pair {
    let (hq, branch, relays) = (world.space("hq"), world.space("branch"), world.space("relays"));
    for (space, there, net) in [(&hq, "to-hq", 1), (&branch, "to-branch", 2)] {
        space.link(Link { here: "lan", there }, &relays);
        space.ip(&format!("address add 10.0.{net}.1/24 dev lan"));
        relays.ip(&format!("address add 10.0.{net}.2/24 dev {there}"));
    }
    let server = |name: &str, space: &Space| {
        let mut server = world.server(name, space);
        let mut config = minimal(name, &["lan"], "");
        store.enter(&mut server, &mut config, &Value::Null);
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

/// Gives a server that the database does not know these of the subnets of 20.0.0.0/8, with a pool and two options each.
fn fill(world: &World, store: &Store, tag: &str, numbers: Range<u32>) {
    let one = |number: u32| {
        let net = format!("20.{}.{}", number >> 8, number & 255);
        json!({ "id": 1000 + number, "subnet": format!("{net}.0/24"), "valid-lifetime": 4000,
            "pools": [ { "pool": format!("{net}.10-{net}.200") } ],
            "option-data": [ { "name": "routers", "data": format!("{net}.1") },
                             { "name": "domain-name-servers", "data": "10.0.0.1, 10.0.0.2" } ] })
    };
    let subnets: Vec<Value> = numbers.map(one).collect();
    let file = json!({ "Dhcp4": { "server-tag": tag, "subnet4": subnets } }).to_string();
    let file = world.write(&format!("{tag}.conf"), &file).display().to_string();
    let admin = world.prefix(&format!("admin-{tag}")).program("kea-admin");
    let words = store.words();
    if matches!(store, Store::Sqlite(_)) && !store.file().exists() {
        let made = world.run(&admin, [&["db-init".to_owned()], &words[..]].concat(), "");
        assert_eq!(made.code(), 0, "{made:?}");
    }
    let out = world.directory().join(format!("imported-{tag}")).display().to_string();
    let more = ["-o".to_owned(), out, "-y".to_owned(), file];
    let import = [&["config-import".to_owned()], &words[..], &more[..]].concat();
    // Ten thousand in one transaction, in the long form.
    let done = world.run_with(&admin, import, "", &[], Duration::from_secs(300));
    assert_eq!(done.code(), 0, "{done:?}");
}

/// Identifiers of the subnets that the database has for these server tags.
fn subnets_of(server: &Server, digit: u8, tags: &Value) -> Vec<u64> {
    let answer = server.command(&format!("remote-subnet{digit}-list"), json!({ "server-tags": tags }));
    let subnets = answer.at("/subnets").as_array().cloned().unwrap_or_default();
    subnets.iter().filter_map(|subnet| subnet["id"].as_u64()).collect()
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

on_every_database! {
    two_servers => |store| two_servers_follow_one_database(store);
}

fn two_servers_follow_one_database(store: &Store) {
    let Some(world) = World::new() else { return };
    let Pair { mut hq, mut branch, relays } = pair(&world, store, |_| ());
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

/// Killed, gone, back, paused, slow: clients notice nothing, and changes are served as soon as it answers again. The
/// long form has the load of the aim.
fn a_lost_database_costs_no_packet(kind: Kind) {
    let Some(world) = World::new() else { return };
    let store = Store::server(kind);
    let Store::Server(backend) = &store else { return };
    let Pair { mut hq, branch, relays } = pair(&world, &store, |_| ());
    hq.tell("remote-subnet4-set", subnet(1, "10.0.0.0/15", "10.1.0.0/16", &["hq"]));
    soon("hq serves it", || hq.served() == [1]);
    let settings: LoadSettings = LoadSettings {
        rate: if harness::soak() { 500 } else { 200 },
        ..LoadSettings::new(HQ_RELAY, Ipv4Addr::new(10, 0, 1, 1))
    };
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
    // Slow: it works a tenth of the time.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..25 {
                backend.server.pause();
                std::thread::sleep(Duration::from_millis(180));
                backend.server.resume();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        change("a change is served while it is slow");
    });

    let (history, exchanges) = load.stop();
    // Beside other tests on two cores a packet may have to be asked for again for reasons of its own.
    let again = if harness::soak() { 0 } else { 1 };
    let lost: Vec<_> =
        exchanges.iter().filter(|e| e.end != harness::End::Granted || e.again > again).collect();
    assert!(lost.is_empty(), "{} of {} exchanges suffered: {lost:?}", lost.len(), exchanges.len());
    assert!(exchanges.len() > 500, "a load that is none: {}", exchanges.len());
    assert_eq!(history.doubles(), [""; 0]);
    assert!(hq.stop().success());
}

#[test]
fn a_bad_row_in_mariadb_is_named() {
    a_bad_row_is_named(Kind::MariaDb);
}

#[test]
fn a_bad_row_in_postgresql_is_named() {
    a_bad_row_is_named(Kind::PostgreSql);
}

/// Another program makes a row that nobody can read, past all checks, on a running server: it serves on with what it has,
/// says which object is at fault, keeps trying, and follows once that is mended.
fn a_bad_row_is_named(kind: Kind) {
    let Some(world) = World::new() else { return };
    let store = Store::server(kind);
    let Store::Server(backend) = &store else { return };
    let Pair { mut hq, .. } = pair(&world, &store, |_| ());
    hq.tell("remote-subnet4-set", subnet(1, "10.0.4.0/24", "10.0.4.10-10.0.4.20", &["hq"]));
    hq.tell("remote-subnet4-set", subnet(2, "10.0.5.0/24", "10.0.5.10-10.0.5.20", &["hq"]));
    soon("both are served", || hq.served() == [1, 2]);
    let write = |prefix: &str, lifetime: u32| {
        let call = if kind == Kind::MariaDb { "CALL" } else { "SELECT" };
        let cascade = if kind == Kind::MariaDb { "1" } else { "TRUE" };
        backend.server.sql(
            &backend.database.name,
            &format!(
                "START TRANSACTION;
                 {call} createAuditRevisionDHCP4(CURRENT_TIMESTAMP, 'all', 'by hand', {cascade});
                 UPDATE dhcp4_subnet SET subnet_prefix = '{prefix}' WHERE subnet_id = 2;
                 UPDATE dhcp4_subnet SET valid_lifetime = {lifetime} WHERE subnet_id = 1;
                 COMMIT;"
            ),
        );
    };
    let running = |id: usize, what: &str| hq.config()["subnet4"][id - 1][what].clone();
    write("nonsense", 1111);
    until("the row is named", || hq.log().contains("subnet 2: 'nonsense' is not a prefix"));
    let before = hq.log().matches("'nonsense' is not a prefix").count();
    // Nothing of the change is in force.
    assert_eq!((running(2, "subnet"), hq.served()), (json!("10.0.5.0/24"), vec![1, 2]));
    assert_ne!(running(1, "valid-lifetime"), json!(1111));
    let refused = hq.command("config-backend-pull", Value::Null).error();
    assert!(refused.text.contains("subnet 2: 'nonsense' is not a prefix"), "{refused:?}");
    until("it tries again", || hq.log().matches("'nonsense' is not a prefix").count() > before + 1);
    write("10.0.6.0/24", 2222);
    until("what was mended is served", || running(2, "subnet") == json!("10.0.6.0/24"));
    assert_eq!((running(1, "valid-lifetime"), hq.served()), (json!(2222), vec![1, 2]));
    assert!(hq.stop().success());
}

/// Without a server an object stays in the database, tied to nobody, until it is tied to another.
#[test]
fn objects_of_a_deleted_server_are_unassigned() {
    let Some(world) = World::new() else { return };
    let store = Store::sqlite();
    let Pair { hq, branch, .. } = pair(&world, &store, |_| ());
    hq.tell("remote-subnet4-set", subnet(2, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["branch"]));
    soon("branch serves it", || branch.served() == [2]);
    hq.tell("remote-server4-del", json!({ "servers": [ { "server-tag": "branch" } ] }));
    soon("branch serves it no longer", || branch.served().is_empty());

    let listed = |tags: Value| subnets_of(&hq, 4, &tags);
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
    let store = Store::sqlite();
    let Pair { hq, branch, .. } =
        pair(&world, &store, |config| config["config-control"]["config-fetch-wait-time"] = json!(0));
    hq.tell("remote-subnet4-set", subnet(2, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["branch"]));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(branch.served(), [0u64; 0], "nobody told it");
    let answer = branch.tell("config-backend-pull", Value::Null);
    assert_eq!(answer.text, "On demand configuration update successful.");
    assert_eq!(branch.served(), [2]);

    // A database that cannot be read leaves what runs running.
    let database = store.file();
    let hidden = database.with_file_name("hidden");
    std::fs::create_dir(&hidden).expect("directory");
    let parts = ["", "-wal", "-shm"].map(|end| format!("{}{end}", Store::FILE));
    let parts = parts.map(|name| (database.with_file_name(&name), hidden.join(&name)));
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
    let store = Store::sqlite();
    let Pair { hq, branch, .. } = pair(&world, &store, |_| ());
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
    let failure = || {
        let log = branch.log();
        log.lines().find(|line| line.contains("DHCP4_CB_PERIODIC_FETCH_UPDATES_FAIL")).map(str::to_owned)
    };
    until("branch has seen it", || failure().is_some());
    let text = failure().unwrap_or_default();
    assert!(text.contains("subnet 3") && text.contains("campus"), "it names what is wrong: {text}");
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
