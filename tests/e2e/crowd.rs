//! Clients are served as if nothing happened while others ask for much: connections by the thousand, all leases.

use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use harness::{
    End, Exchange, Load, LoadSettings, Server, Space, World, http, soak, status_text, unix, until,
};
use serde_json::{Value, json};

use crate::site;

/// What a client may wait longer where the tests share two cores with much else; what it really waits is in
/// docs/performance.md.
const SLACK: Duration = Duration::from_millis(250);

/// Connections of the short run and of the long one.
const CROWD: (usize, usize) = (8_000, 100_000);

/// Leases of the short run and of the long one.
const LEASES: (usize, usize) = (50_000, 1_000_000);

fn size((short, long): (usize, usize)) -> usize {
    if soak() { long } else { short }
}

/// The time within which 99 of a hundred exchanges were done, and that of the slowest.
fn tail(exchanges: &[Exchange], from: Instant, to: Instant) -> (Duration, Duration) {
    let within = exchanges.iter().filter(|exchange| (from..to).contains(&exchange.began));
    let mut times: Vec<Duration> = within.map(|exchange| exchange.took).collect();
    assert!(times.len() > 50, "only {} exchanges", times.len());
    times.sort_unstable();
    (times[times.len() * 99 / 100], times[times.len() - 1])
}

/// Lets clients come while `act` runs, and compares what they see with what they saw before.
fn undisturbed(what: &str, server: &Server, relay: &Space, act: impl FnOnce()) {
    let load = Load::start(relay, LoadSettings { rate: 200, window: 64, ..site::load() });
    until("clients are served", || load.acks() > 20);
    let begin = Instant::now();
    std::thread::sleep(Duration::from_secs(2));
    let middle = Instant::now();
    act();
    let end = Instant::now();
    let answered = Instant::now();
    server.tell("version-get", Value::Null);
    assert!(answered.elapsed() < Duration::from_secs(1), "an answer only after {:?}", answered.elapsed());
    let (_, exchanges) = load.stop();
    let lost: Vec<_> = exchanges.iter().filter(|e| e.end != End::Granted || e.again > 0).collect();
    assert!(lost.is_empty(), "{} of {} exchanges suffered: {lost:?}", lost.len(), exchanges.len());
    let (before, during) = (tail(&exchanges, begin, middle), tail(&exchanges, middle, end));
    eprintln!("{what}: p99 and slowest before {before:?}, during {:?} {during:?}", end - middle);
    assert!(during.0 < before.0 + SLACK, "p99 {:?} before, {:?} during", before.0, during.0);
}

/// Lets this thread come after those that serve and those that measure: it would be on another machine.
fn step_back() {
    for _ in 0..4 {
        daemon::step_back();
    }
}

fn kilobytes(server: &Server) -> u64 {
    let text = status_text(server.pid(), "VmRSS").expect("a process");
    text.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number of kilobytes")
}

#[test]
fn connections_by_the_thousand() {
    const SOURCES: usize = 8;
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    let mut config = site::config();
    std::fs::write(world.directory().join("credentials"), "admin:1234\n").unwrap();
    config.as_object_mut().unwrap().remove("control-socket");
    // What a disk makes clients wait is not what is looked for.
    config["lease-database"]["persist-sync"] = json!("os");
    config["control-sockets"] = json!([
        { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" },
        { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8004, "authentication": {
            "type": "basic", "directory": world.directory(), "clients": [ { "password-file": "credentials" } ] } },
    ]);
    server.configure(&config);
    server.start();
    let space = server.space.clone();
    space.ip("link set lo up");
    let wanted = size(CROWD) / SOURCES;
    let memory = kilobytes(&server);
    undisturbed("a crowd", &server, &relay, || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/harness/crowd.py");
        let mut crowd: Vec<Child> = (2..2 + SOURCES)
            .map(|n| {
                // Whoever serves and whoever measures goes before the crowd: it would be on other machines.
                let from = format!("127.0.0.{n}");
                let words = ["-n", "19", "python3", script, "127.0.0.1", "8004", &from, &wanted.to_string()];
                let mut command = space.command("nice", words);
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3")
            })
            .collect();
        let mut lines: Vec<_> =
            crowd.iter_mut().map(|one| BufReader::new(one.stdout.take().unwrap()).lines()).collect();
        for line in &mut lines {
            assert_eq!(line.next().unwrap().unwrap(), "open");
        }
        // 1,024 are taken in, others are just being told; and a newcomer with a command is answered.
        let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("a process").count();
        assert!(open < 2048, "{open} descriptors are open");
        let begin = Instant::now();
        let head = "Authorization: Basic YWRtaW46MTIzNA==\r\n";
        let (head, body) = space
            .inside(|| http("127.0.0.1:8004", head, r#"{ "command": "version-get" }"#))
            .expect("an answer over HTTP");
        assert!(head.starts_with("HTTP/1.1 200") && body.contains("\"result\": 0"), "{head}\n{body}");
        assert!(begin.elapsed() < Duration::from_secs(1), "an answer only after {:?}", begin.elapsed());
        let grown = kilobytes(&server).saturating_sub(memory);
        assert!(grown < 64 << 10, "{grown} kB more than before");
        let mut sum = [0; 4];
        for (one, line) in crowd.iter_mut().zip(&mut lines) {
            one.stdin.take().unwrap().write_all(b"\n").unwrap();
            let told: Value = serde_json::from_str(&line.next().unwrap().unwrap()).unwrap();
            for (sum, name) in sum.iter_mut().zip(["failed", "told", "waiting", "cut"]) {
                *sum += told[name].as_u64().unwrap();
            }
            assert!(one.wait().unwrap().success());
        }
        let [failed, told, waiting, cut] = sum;
        eprintln!("{told} were told why they had to go, {waiting} still waited, {cut} cut, {failed} failed");
        assert_eq!((failed, cut), (0, 0), "{told} told, {waiting} waiting");
        assert!(told > 0 && waiting <= 1024, "{told} told, {waiting} waiting");
    });
    assert!(server.stop().success());
}

/// A lease file with so many leases of subnet 2.
fn preload(file: &Path, count: usize) {
    let mut text = String::from(
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n",
    );
    for n in 0..u32::try_from(count).unwrap() {
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 128, 0, 0)) + n);
        let [_, b, c, d] = n.to_be_bytes();
        text.push_str(&format!(
            "{address},02:00:00:{b:02x}:{c:02x}:{d:02x},,4000000,4000000000,2,0,0,,0,,0\n"
        ));
    }
    std::fs::write(file, text).unwrap();
}

#[test]
fn all_leases_page_by_page() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    let mut config = site::config();
    config["subnet4"].as_array_mut().unwrap().push(json!({ "id": 2, "subnet": "10.128.0.0/9" }));
    config["hooks-libraries"] = json!([ { "library": "libdhcp_lease_cmds.so" } ]);
    // What a disk makes clients wait is not what is looked for.
    config["lease-database"]["persist-sync"] = json!("os");
    config["lease-database"]["lfc-interval"] = json!(0);
    server.configure(&config);
    let count = size(LEASES);
    preload(&server.prefix.lease_file(), count);
    server.start();
    let socket = server.prefix.socket();
    let page = |from: &str, limit: usize| -> Value {
        let command = json!({ "command": "lease4-get-page", "arguments": { "from": from, "limit": limit } });
        let answer = unix(&socket, command.to_string().as_bytes()).expect("an answer");
        serde_json::from_str(&answer).expect("JSON")
    };
    let ours = |answer: &Value| {
        let leases = answer["arguments"]["leases"].as_array().expect("leases");
        leases.iter().filter(|lease| lease["subnet-id"] == 2).count()
    };
    undisturbed("pages of a thousand", &server, &relay, || {
        step_back();
        let (mut from, mut seen) = ("start".to_owned(), 0);
        loop {
            let answer = page(&from, 1000);
            seen += ours(&answer);
            let leases = answer["arguments"]["leases"].as_array().expect("leases");
            let Some(last) = leases.last() else { break };
            from = last["ip-address"].as_str().unwrap().to_owned();
        }
        assert_eq!(seen, count);
    });
    undisturbed("many on one page", &server, &relay, || {
        let many = count.min(100_000);
        assert_eq!(ours(&page("10.127.255.255", many)), many);
    });
    assert!(server.stop().success());
}
