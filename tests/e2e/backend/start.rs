//! Starts while the database is away: what the entry of `config-databases` says about them.

use std::time::{Duration, Instant};

use harness::{Server, World, minimal, until};
use serde_json::{Value, json};
use testdb::Kind;

use super::{Backend, Store, soon, subnet};

/// A server with a subnet of its own that is not started, on a database that is down.
fn without_database(world: &World, kind: Kind, more: &Value) -> (Store, Server) {
    let store = Store::server(kind);
    backend(&store).server.stop();
    let space = world.space("one");
    space.bridge("lan");
    let mut server = world.server("kea", &space);
    let mut config = minimal("hq", &["lan"], "");
    store.enter(&mut server, &mut config, more);
    config["subnet4"] = json!([ { "id": 9, "subnet": "10.0.9.0/24" } ]);
    server.configure(&config);
    (store, server)
}

fn backend(store: &Store) -> &Backend {
    match store {
        Store::Server(backend) => backend,
        Store::Sqlite(_) => panic!("a file is never away"),
    }
}

/// Starts it and waits for nothing.
fn spawn(server: &mut Server) -> Instant {
    let config = server.config_file();
    let program = server.prefix.program("kea-dhcp4");
    let mut command = server.space.command(program, ["-c".into(), config.into_os_string()]);
    server.spawn(&mut command);
    Instant::now()
}

fn ends(server: &mut Server) {
    until("the server gives up", || !server.is_running());
    assert!(!server.stop().success(), "{}", server.log());
}

macro_rules! on_servers {
    ($($name:ident $test:ident;)*) => { $(
        mod $name {
            #[test]
            fn mariadb() {
                super::$test(super::Kind::MariaDb);
            }

            #[test]
            fn postgresql() {
                super::$test(super::Kind::PostgreSql);
            }
        }
    )* };
}

on_servers! {
    stops_at_once stops_at_once;
    tries_and_stops tries_and_stops;
    waits_for_it waits_for_it;
    ends_when_told_so_while_it_waits ends_when_told_so_while_it_waits;
    serves_and_stops serves_and_stops;
    serves_and_goes_on serves_and_goes_on;
    reconfigured_without_it reconfigured_without_it;
}

/// Unless the entry says otherwise, nobody serves what may be half of a configuration.
fn stops_at_once(kind: Kind) {
    let Some(world) = World::new() else { return };
    let (_store, mut server) = without_database(&world, kind, &json!({}));
    spawn(&mut server);
    ends(&mut server);
}

fn tries_and_stops(kind: Kind) {
    let Some(world) = World::new() else { return };
    let patient = json!({ "retry-on-startup": true, "max-reconnect-tries": 3, "reconnect-wait-time": 400,
        "on-fail": "stop-retry-exit" });
    let (_store, mut server) = without_database(&world, kind, &patient);
    let begin = spawn(&mut server);
    ends(&mut server);
    assert!(begin.elapsed() >= Duration::from_millis(3 * 400), "three more attempts: {:?}", begin.elapsed());
}

fn waits_for_it(kind: Kind) {
    let Some(world) = World::new() else { return };
    let patient = json!({ "retry-on-startup": true, "max-reconnect-tries": 300, "reconnect-wait-time": 200,
        "on-fail": "stop-retry-exit" });
    let (store, mut server) = without_database(&world, kind, &patient);
    spawn(&mut server);
    std::thread::sleep(Duration::from_secs(1));
    assert!(server.is_running(), "{}", server.log());
    backend(&store).server.run();
    server.ready();
    assert_eq!(server.served(), [9]);
    assert!(server.stop().success());
}

fn ends_when_told_so_while_it_waits(kind: Kind) {
    let Some(world) = World::new() else { return };
    let patient = json!({ "retry-on-startup": true, "max-reconnect-tries": 300, "reconnect-wait-time": 60000,
        "on-fail": "stop-retry-exit" });
    let (_store, mut server) = without_database(&world, kind, &patient);
    spawn(&mut server);
    std::thread::sleep(Duration::from_secs(1));
    assert!(server.is_running(), "{}", server.log());
    let begin = Instant::now();
    assert!(server.stop().success());
    assert!(begin.elapsed() < Duration::from_secs(5), "it took {:?}", begin.elapsed());
}

fn serves_and_stops(kind: Kind) {
    let Some(world) = World::new() else { return };
    let patient = json!({ "retry-on-startup": true, "max-reconnect-tries": 8, "reconnect-wait-time": 1000,
        "on-fail": "serve-retry-exit" });
    let (_store, mut server) = without_database(&world, kind, &patient);
    server.start();
    assert_eq!(server.served(), [9], "its file");
    ends(&mut server);
}

/// It serves its file, and what the database has once that is there.
fn serves_and_goes_on(kind: Kind) {
    let Some(world) = World::new() else { return };
    let patient =
        json!({ "retry-on-startup": true, "on-fail": "serve-retry-continue", "reconnect-wait-time": 200 });
    let (store, mut server) = without_database(&world, kind, &patient);
    server.start();
    assert_eq!(server.served(), [9]);
    backend(&store).server.run();
    until("the database is reached", || {
        server.command("remote-server4-set", json!({ "servers": [ { "server-tag": "hq" } ] })).result == 0
    });
    server.tell("remote-subnet4-set", subnet(7, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["hq"]));
    soon("it is served beside the file's", || server.served() == [7, 9]);
}

/// An operator changes the file while the database is away: what was fetched before stays beside it, and what is written
/// later is served as ever.
fn reconfigured_without_it(kind: Kind) {
    let Some(world) = World::new() else { return };
    let patient = json!({ "retry-on-startup": true, "max-reconnect-tries": 1000, "reconnect-wait-time": 200,
        "on-fail": "stop-retry-exit" });
    let (store, mut server) = without_database(&world, kind, &patient);
    backend(&store).server.run();
    server.start();
    server.tell("remote-server4-set", json!({ "servers": [ { "server-tag": "hq" } ] }));
    server.tell("remote-subnet4-set", subnet(7, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["hq"]));
    soon("it is served beside the file's", || server.served() == [7, 9]);
    backend(&store).server.stop();

    let text = std::fs::read_to_string(server.config_file()).expect("its file");
    let mut config: Value = serde_json::from_str(&text).expect("JSON");
    config["Dhcp4"]["valid-lifetime"] = json!(4321);
    let answer = server.tell("config-set", config.clone());
    assert!(answer.text.starts_with("Configuration successful. "), "{answer:?}");
    assert!(answer.text.ends_with("what was fetched from it before stays in force"), "{answer:?}");
    assert!(!answer.text.contains(testdb::PASSWORD), "{answer:?}");
    assert_eq!((server.config()["valid-lifetime"].clone(), server.served()), (json!(4321), vec![7, 9]));
    let answer = server.tell("config-reload", Value::Null);
    assert!(answer.text.ends_with("what was fetched from it before stays in force"), "{answer:?}");
    assert_eq!(server.served(), [7, 9]);
    // Another database that is away is no reason to go on without any.
    config["Dhcp4"]["config-control"]["config-databases"][0]["name"] = json!("another");
    for on_fail in ["stop-retry-exit", "serve-retry-continue"] {
        let entry = &mut config["Dhcp4"]["config-control"]["config-databases"][0];
        entry["retry-on-startup"] = json!(true);
        entry["on-fail"] = json!(on_fail);
        let refused = server.command("config-set", config.clone()).error();
        assert!(!refused.text.is_empty(), "{refused:?}");
        assert_eq!(server.served(), [7, 9]);
    }

    backend(&store).server.run();
    until("the database is reached", || {
        server
            .command("remote-subnet4-set", subnet(8, "10.0.3.0/24", "10.0.3.100-10.0.3.120", &["hq"]))
            .result
            == 0
    });
    until("a change is served again", || server.served() == [7, 8, 9]);
    assert!(server.stop().success());
}
