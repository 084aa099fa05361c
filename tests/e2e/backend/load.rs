//! What the database and its commands bear: many writes, many servers that only watch.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::{Answer, Server, World, eventually, minimal, soak};
use serde_json::{Value, json};
use testdb::Kind;

use super::{Backend, Store, fill, on_every_database};

on_every_database! {
    writes_over_http => |store| writes_over_http(store);
}

/// One client on one connection of the HTTP socket.
struct HttpClient(BufReader<TcpStream>);

impl HttpClient {
    const ADDRESS: &str = "127.0.0.1:8000";
    /// `admin:1234` as HTTP writes it.
    const CREDENTIALS: &str = "YWRtaW46MTIzNA==";

    fn connect(server: &Server) -> Self {
        let stream = server.space.inside(|| TcpStream::connect(Self::ADDRESS).expect("the HTTP socket"));
        stream.set_nodelay(true).expect("an option of a socket");
        Self(BufReader::new(stream))
    }

    fn tell(&mut self, command: &str, arguments: &Value) -> Answer {
        let body = json!({ "command": command, "arguments": arguments }).to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            Self::ADDRESS,
            Self::CREDENTIALS,
            body.len()
        );
        self.0.get_mut().write_all(format!("{head}{body}").as_bytes()).expect("a request leaves");
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("a line of the response");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        self.0.read_exact(&mut text).expect("the response");
        let answer: Value = serde_json::from_slice(&text).expect("JSON");
        Answer::from_value(answer.get(0).unwrap_or(&answer)).ok()
    }
}

/// Sets a subnet of 10.0.0.0/8; how long that took.
fn set(client: &mut HttpClient, tag: &str, number: u32) -> Duration {
    let net = format!("10.{}.{}", number >> 8, number & 255);
    let arguments = json!({ "server-tags": [ tag ], "subnets": [ { "id": 100_000 + number,
        "subnet": format!("{net}.0/24"), "shared-network-name": null, "valid-lifetime": 4000,
        "pools": [ { "pool": format!("{net}.10-{net}.200") } ],
        "option-data": [ { "name": "routers", "data": format!("{net}.1") } ] } ] });
    let begin = Instant::now();
    client.tell("remote-subnet4-set", &arguments);
    begin.elapsed()
}

/// Subnets set one by one, while few and while many are stored: as fast. The long form prints the figures of the aim,
/// on a database that puts each commit on the medium.
fn writes_over_http(store: &Store) {
    let Some(world) = World::new() else { return };
    let (many, writes) = if soak() { (10_000, 1000) } else { (1000, 60) };
    let space = world.space("hq");
    space.ip("link set lo up");
    world.write("credentials", "admin:1234\n");
    let server = |tag: &str| {
        let mut server = world.server(tag, &space);
        let mut config = minimal(tag, &[], "");
        config.as_object_mut().expect("a map").remove("control-socket");
        config["control-sockets"] = json!([
            { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" },
                { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8000, "authentication": {
                "type": "basic", "directory": world.directory(),
                "clients": [ { "password-file": "credentials" } ] } } ]);
        store.enter(&mut server, &mut config, &Value::Null);
        server.configure(&config);
        server.start();
        server
    };
    let mut each = Vec::new();
    for (tag, stored) in [("few", 0..10), ("many", 10..10 + many)] {
        fill(&world, store, tag, stored.clone());
        let mut server = server(tag);
        let mut client = HttpClient::connect(&server);
        let mut took: Vec<Duration> =
            (0..writes).map(|number| set(&mut client, tag, stored.start * 1000 + number)).collect();
        let whole: Duration = took.iter().sum();
        took.sort();
        let (median, rate) = (took[took.len() / 2], f64::from(writes) / whole.as_secs_f64());
        let (kind, stored) = (store.name(), stored.len());
        println!("{kind}: {rate:.0} writes/s (median {median:.2?}) while {stored} subnets are stored");
        // The quickest: others use the machine too, and the server takes up what was written meanwhile.
        each.push(took[took.len() / 10]);
        assert!(server.stop().success());
    }
    assert!(each[1] < each[0] * 3 + Duration::from_millis(5), "it costs more with more stored: {each:?}");
}

/// Servers that watch one database, of which nothing changes: a query each second and server, and no more.
fn many_servers_watch(kind: Kind) {
    const WATCH: Duration = Duration::from_secs(10);
    let Some(world) = World::new() else { return };
    let many = if soak() { 100 } else { 12 };
    let store = Store::server(kind);
    let Store::Server(backend) = &store else { return };
    let space = world.space("many");
    let mut servers: Vec<Server> = (0..many)
        .map(|number| {
            let tag = format!("server{number}");
            let mut server = world.server(&tag, &space);
            let mut config = minimal(&tag, &[], "");
            store.enter(&mut server, &mut config, &Value::Null);
            server.configure(&config);
            server.start();
            server
        })
        .collect();
    // Those that have started have asked for everything.
    std::thread::sleep(Duration::from_secs(2));
    let (before, begin) = (queries(backend), Instant::now());
    std::thread::sleep(WATCH);
    let asked = queries(backend) - before;
    let each = asked as f64 / f64::from(many) / begin.elapsed().as_secs_f64();
    println!(
        "{}: {many} servers asked {asked} queries in {WATCH:?}, {each:.2} each per second",
        store.name()
    );
    assert!(each > 0.5, "nobody watches: {each}");
    assert!(each < 1.3, "more than a query each second: {each}");
    // And they do follow.
    let last = servers.last().expect("a server");
    last.tell("remote-server4-set", json!({ "servers": [ { "server-tag": "server0" } ] }));
    last.tell("remote-subnet4-set", super::subnet(7, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["server0"]));
    eventually("the first server serves it", Duration::from_secs(10), || {
        (servers[0].served() == [7]).then_some(())
    });
    servers.iter_mut().for_each(|server| assert!(server.stop().success()));
}

/// Queries that the database has answered, but for those of this function.
fn queries(backend: &Backend) -> i64 {
    let Backend { server, database } = backend;
    let number =
        |text: String| text.split_whitespace().last().and_then(|n| n.parse().ok()).expect("a number");
    match database.kind {
        Kind::MariaDb => {
            let status = server.sql(&database.name, "SHOW GLOBAL STATUS LIKE 'Questions'");
            number(status)
        }
        // Each query that is not within a transaction is one.
        Kind::PostgreSql => {
            let sql =
                "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";
            number(server.sql(&database.name, sql))
        }
    }
}

#[test]
fn many_servers_watch_one_mariadb() {
    many_servers_watch(Kind::MariaDb);
}

#[test]
fn many_servers_watch_one_postgresql() {
    many_servers_watch(Kind::PostgreSql);
}
