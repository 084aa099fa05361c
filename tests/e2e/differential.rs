//! The same clients before Debian's Kea and before ours: every field of every reply is compared.
//!
//! The corpus is `tests/scenarios` (what sockets can play of it) and `tests/differential`, whose files are of the
//! same kind. Both servers start with the same configuration and no lease. Where they differ on purpose, the row in
//! `tests/differential/differences.tsv` names a reason of docs/compatibility.md; a difference without a row, a row
//! without a difference and a reason without a chapter fail the test. `DIFFERENTIAL_REWRITE=1` writes the rows anew;
//! new ones get the reason `?`, which fails too. `DIFFERENTIAL_ONLY=TEXT` plays
//! only files whose path has the text, and judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use harness::{Datagram, Frames, Link, Process, Server, Space, World, until};
use serde_json::{Value, json};
use testkit::Reply4;
use testkit::scenario::{Sent4, Traffic4};

/// How long both may be silent before they count as silent.
const SILENCE: Duration = Duration::from_millis(350);
/// How long one may be silent when the other has replied.
const LATE: Duration = Duration::from_secs(3);
/// Worlds at work side by side.
const WORLDS: usize = 3;

/// File, scenario, place (`packet N: field`), and what the two said.
type Differences = BTreeMap<(String, String, String), String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One server of the pair with the wires to its interfaces.
struct Side {
    space: Space,
    wires: Vec<(String, Frames)>,
}

impl Side {
    fn new(world: &World, label: &str, links: &[(String, Ipv4Addr)]) -> Self {
        let (space, clients) = (world.space(label), world.space("wire"));
        let wires = links.iter().enumerate().map(|(number, (name, address))| {
            let there = format!("wire{number}");
            space.link(Link { here: name, there: &there }, &clients);
            space.ip(&format!("link set {name} down"));
            space.ip(&format!("link set {name} address 02:00:00:00:01:{number:02x}"));
            space.ip(&format!("link set {name} up"));
            space.ip(&format!("address add {address}/24 dev {name}"));
            (name.clone(), Frames::open(&clients, &there))
        });
        let wires = wires.collect();
        // Replies to any relay leave by the first link.
        if let Some((name, _)) = links.first() {
            space.ip(&format!("route add default dev {name}"));
        }
        Self { space, wires }
    }

    fn send(&mut self, sent: &Sent4) {
        let arrival = &sent.arrival;
        let Some(number) = self.wires.iter().position(|(name, _)| **name == *arrival.interface) else {
            return;
        };
        let station = if arrival.local.is_broadcast() {
            [0xff; 6]
        } else {
            [2, 0, 0, 0, 1, u8::try_from(number).expect("few links")]
        };
        let datagram = Datagram {
            station,
            from: SocketAddrV4::new(arrival.remote, arrival.remote_port),
            to: SocketAddrV4::new(arrival.local, 67),
            payload: sent.bytes.clone(),
        };
        let frame = datagram.frame(station_of(sent));
        if let Some((_, wire)) = self.wires.get_mut(number) {
            wire.send(&frame);
        }
    }

    fn receive(&self, patience: Duration) -> Option<(String, Datagram)> {
        let end = std::time::Instant::now() + patience;
        loop {
            for (name, wire) in &self.wires {
                if let Some(datagram) = wire.receive(Duration::from_millis(2)) {
                    return Some((name.clone(), datagram));
                }
            }
            if std::time::Instant::now() > end {
                return None;
            }
        }
    }
}

/// The station that sends: a relay, or the client by its hardware address if it has one.
fn station_of(sent: &Sent4) -> [u8; 6] {
    let giaddr = sent.bytes.get(24..28).unwrap_or_default();
    let client = sent.bytes.get(28..34).and_then(|octets| <[u8; 6]>::try_from(octets).ok());
    match client {
        Some(client) if sent.bytes.get(2) == Some(&6) && giaddr == [0; 4] => client,
        _ => [2, 0, 0, 0, 2, 1],
    }
}

/// What a client sees of a reply, field by field.
fn fields(reply: Option<&(String, Datagram)>) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut put = |name: &str, value: String| fields.insert(name.to_owned(), value);
    let Some((interface, datagram)) = reply else {
        put("kind", "silence".to_owned());
        return fields;
    };
    let reply = match Reply4::parse(&datagram.payload) {
        Ok(reply) => reply,
        Err(error) => {
            put("kind", format!("{error}: {}", hex(&datagram.payload)));
            return fields;
        }
    };
    put("kind", reply.kind().to_string());
    put("interface", interface.clone());
    put("to", datagram.to.to_string());
    put("from", datagram.from.to_string());
    // Kea sends broadcasts to the one station that asked; a broadcast here is for all.
    if !datagram.to.ip().is_broadcast() {
        put("station", hex(&datagram.station));
    }
    put("op", reply.op.to_string());
    put("htype", reply.htype.to_string());
    put("chaddr", hex(&reply.chaddr));
    put("hops", reply.hops.to_string());
    put("xid", reply.xid.to_string());
    put("secs", reply.secs.to_string());
    put("flags", reply.broadcast.to_string());
    for (name, address) in [
        ("ciaddr", reply.ciaddr),
        ("yiaddr", reply.yiaddr),
        ("siaddr", reply.siaddr),
        ("giaddr", reply.giaddr),
    ] {
        put(name, address.to_string());
    }
    put("sname", hex(&reply.sname));
    put("file", hex(&reply.file));
    for (code, value) in &reply.options {
        let value = hex(value);
        fields
            .entry(format!("option {code}"))
            .and_modify(|values| {
                let _ = write!(values, " {value}");
            })
            .or_insert(value);
    }
    fields
}

/// Remaining lifetimes of a lease that both answer as it stands: their clocks may be read on either side of a second.
fn seconds_apart(name: &str, left: Option<&String>, right: Option<&String>) -> bool {
    let number = |text: Option<&String>| i64::from_str_radix(text?, 16).ok();
    name == "option 51" && number(left).zip(number(right)).is_some_and(|(l, r)| (l - r).abs() <= 2)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The configuration of a scenario, without what the programs themselves need.
fn common(text: &str) -> Value {
    let parsed = json::parse(text, None, json::Limits::default()).expect("JSON of a scenario");
    serde_json::from_str(&json::to_string(&parsed.value)).expect("JSON of a scenario")
}

fn with_services(mut config: Value, links: &[(String, Ipv4Addr)], socket: &str) -> Value {
    let names: Vec<&str> = links.iter().map(|(name, _)| name.as_str()).collect();
    config["interfaces-config"] = json!({ "interfaces": names });
    config["lease-database"] = json!({ "type": "memfile", "persist": false });
    config["control-socket"] = json!({ "socket-type": "unix", "socket-name": socket });
    config
}

/// Present spellings as those of Kea 2.2.
fn of_2_2(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(of_2_2),
        Value::Object(members) => {
            for (new, old) in [
                ("evaluate-additional-classes", "require-client-classes"),
                ("only-in-additional-list", "only-if-required"),
            ] {
                if let Some(value) = members.remove(new) {
                    members.insert(old.to_owned(), value);
                }
            }
            // Options had no guards; what holds pools and subnets had one.
            let holder = members.contains_key("pool")
                || members.contains_key("subnet")
                || members.contains_key("subnet4") && members.contains_key("name");
            if holder
                && let Some(Value::Array(classes)) = members.get_mut("client-classes")
                && let [one] = classes.as_slice()
            {
                let one = one.clone();
                members.remove("client-classes");
                members.insert("client-class".to_owned(), one);
            }
            members.values_mut().for_each(of_2_2);
        }
        _ => {}
    }
}

/// Debian's server on this configuration; what it says when it does not take it.
fn start_kea(world: &World, side: &Side, config: &Value) -> Result<Process, String> {
    let directory = world.directory().join("debian");
    std::fs::create_dir_all(&directory).expect("directory");
    let program = directory.join("kea-dhcp4");
    if !program.exists() {
        // A copy: profiles of AppArmor go by the path.
        std::fs::copy("/usr/sbin/kea-dhcp4", &program).expect("copy of a program");
    }
    let socket = directory.join("kea.sock");
    let mut config = with_services(config.clone(), &links_of(side), &socket.display().to_string());
    of_2_2(&mut config);
    config["loggers"] =
        json!([ { "name": "kea-dhcp4", "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ]);
    let file = world.write("debian.conf", &json!({ "Dhcp4": config }).to_string());
    let run = |arguments: Vec<std::ffi::OsString>| {
        let mut command = side.space.command(&program, arguments);
        command.env("KEA_PIDFILE_DIR", &directory).env("KEA_LOCKFILE_DIR", "none");
        command
    };
    let mut process = side.space.start("debian-kea", &mut run(vec!["-c".into(), file.into_os_string()]));
    let mut refused = false;
    until("Debian's Kea answers or ends", || {
        refused = process.ended().is_some();
        refused
            || harness::unix(&socket, br#"{ "command": "version-get" }"#)
                .is_ok_and(|answer| !answer.is_empty())
    });
    if refused {
        let output = process.output();
        let fault = output.lines().rev().find(|line| line.contains("ERROR")).unwrap_or_default();
        let fault = fault.rsplit(".conf': ").next().unwrap_or(fault).to_owned();
        return Err(fault);
    }
    Ok(process)
}

fn links_of(side: &Side) -> Vec<(String, Ipv4Addr)> {
    side.wires.iter().map(|(name, _)| (name.clone(), Ipv4Addr::UNSPECIFIED)).collect()
}

#[derive(Default)]
struct Tally {
    exchanges: usize,
    configurations: BTreeSet<String>,
    /// Scenarios whose configuration Kea 2.2 does not take, and its word.
    refused: Vec<String>,
    differences: Differences,
}

/// Plays a file to both.
fn play(path: &Path, tally: &Mutex<Tally>) {
    let file = path.file_name().expect("a file").to_string_lossy().into_owned();
    let mut pair: Option<Pair> = None;
    for traffic in testkit::scenario::traffic(path).expect("a good file") {
        if pair.as_ref().is_none_or(|pair| pair.links != traffic.links) {
            drop(pair.take());
            pair = Some(Pair::new(&traffic.links));
        }
        let Some(pair) = &mut pair else { continue };
        let outcome = pair.play(&traffic);
        let mut tally = tally.lock().expect("tally");
        match outcome {
            Ok((exchanges, differences)) => {
                tally.exchanges += exchanges;
                tally.configurations.insert(traffic.config.clone());
                for (place, what) in differences {
                    tally.differences.insert((file.clone(), traffic.title.clone(), place), what);
                }
            }
            Err(fault) => tally.refused.push(format!("{file}: {}: {fault}", traffic.title)),
        }
    }
}

/// Two servers on wires alike.
struct Pair {
    links: Vec<(String, Ipv4Addr)>,
    kea: Side,
    ours: Side,
    server: Server,
    // Last, so that it goes last.
    world: World,
}

impl Pair {
    fn new(links: &[(String, Ipv4Addr)]) -> Self {
        let world = World::new().expect("a world");
        let kea = Side::new(&world, "kea", links);
        let ours = Side::new(&world, "ours", links);
        let server = world.server("ours", &ours.space);
        Self { links: links.to_vec(), kea, ours, server, world }
    }

    /// How many exchanges were compared, and where they differ.
    fn play(&mut self, traffic: &Traffic4) -> Result<(usize, Vec<(String, String)>), String> {
        let config = common(&traffic.config);
        let mut kea = start_kea(&self.world, &self.kea, &config)?;
        let mut mine = with_services(config, &self.links, "kea-dhcp4.sock");
        mine["loggers"] = json!([ { "name": "kea-dhcp4", "severity": "INFO", "output-options": [ { "output": "stdout" } ] } ]);
        self.server.configure(&mine);
        self.server.start();
        let (mut exchanges, mut differences) = (0, Vec::new());
        for (number, sent) in traffic.packets.iter().enumerate() {
            self.kea.send(sent);
            self.ours.send(sent);
            let mut theirs = self.kea.receive(SILENCE);
            let mut reply = self.ours.receive(if theirs.is_some() { LATE } else { Duration::ZERO });
            if reply.is_some() && theirs.is_none() {
                theirs = self.kea.receive(LATE);
            }
            if reply.is_none() && theirs.is_none() {
                reply = self.ours.receive(Duration::ZERO);
            }
            exchanges += 1;
            let (theirs, reply) = (fields(theirs.as_ref()), fields(reply.as_ref()));
            let names: BTreeSet<&String> = theirs.keys().chain(reply.keys()).collect();
            let silent = theirs.len() == 1 || reply.len() == 1;
            let mut apart = false;
            for name in names {
                let (left, right) = (theirs.get(name), reply.get(name));
                if left == right || silent && name != "kind" || seconds_apart(name, left, right) {
                    continue;
                }
                apart |= matches!(name.as_str(), "kind" | "yiaddr");
                let absent = "-".to_owned();
                let what = format!("Kea: {}; here: {}", left.unwrap_or(&absent), right.unwrap_or(&absent));
                differences.push((format!("packet {}: {name}", number + 1), what));
            }
            if apart {
                // From here on their leases differ.
                break;
            }
        }
        kea.stop();
        self.server.stop();
        Ok((exchanges, differences))
    }
}

fn corpus() -> Vec<PathBuf> {
    let only = std::env::var("DIFFERENTIAL_ONLY").ok();
    let mut files: Vec<PathBuf> = ["scenarios", "differential"]
        .iter()
        .flat_map(|name| std::fs::read_dir(root().join(name)).expect("a directory of scenarios"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "scn"))
        .filter(|path| only.as_ref().is_none_or(|only| path.display().to_string().contains(only)))
        .collect();
    files.sort();
    files
}

#[test]
fn replies_are_those_of_kea() {
    if World::new().is_none() {
        return;
    }
    if !Path::new("/usr/sbin/kea-dhcp4").is_file() {
        harness::skipped("Debian's kea-dhcp4-server is not installed");
        return;
    }
    let (files, tally) = (Mutex::new(corpus()), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..WORLDS {
            scope.spawn(|| {
                loop {
                    let Some(path) = files.lock().expect("files").pop() else { break };
                    play(&path, &tally);
                }
            });
        }
    });
    let tally = tally.into_inner().expect("tally");
    println!(
        "{} exchanges over {} configurations compared; {} scenarios have a configuration that Kea 2.2 refuses",
        tally.exchanges,
        tally.configurations.len(),
        tally.refused.len()
    );
    for refused in &tally.refused {
        println!("refused: {refused}");
    }
    if std::env::var_os("DIFFERENTIAL_ONLY").is_some() {
        for ((file, title, place), what) in &tally.differences {
            println!("{file}: {title}: {place}: {what}");
        }
        return;
    }
    let faults = judge(&tally.differences);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tally.exchanges >= 200 && tally.configurations.len() >= 20, "the corpus is too small");
}

/// What is not explained, or explained and not there.
fn judge(found: &Differences) -> Vec<String> {
    let table = root().join("differential/differences.tsv");
    let text = std::fs::read_to_string(&table).expect("the table of differences");
    let mut reasons = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut next = || cells.next().unwrap_or_default();
        let key = (next(), next(), next());
        reasons.insert(key, next());
    }
    if std::env::var_os("DIFFERENTIAL_REWRITE").is_some() {
        let mut text = "file\tscenario\tplace\treason\n".to_owned();
        for ((file, title, place), what) in found {
            let reason =
                reasons.get(&(file.clone(), title.clone(), place.clone())).map_or("?", String::as_str);
            let _ = writeln!(text, "{file}\t{title}\t{place}\t{reason}");
            println!("{file}: {title}: {place}: {what} ({reason})");
        }
        std::fs::write(&table, text).expect("the table of differences");
    }
    let chapters =
        std::fs::read_to_string(root().join("../docs/compatibility.md")).expect("docs/compatibility.md");
    let mut faults = Vec::new();
    for (key @ (file, title, place), what) in found {
        match reasons.get(key) {
            None => faults.push(format!("{file}: {title}: {place}: {what}")),
            Some(reason) if !chapters.contains(&format!("`{reason}`")) => {
                faults.push(format!("{file}: {title}: {place}: {what}: no chapter on '{reason}'"));
            }
            Some(_) => {}
        }
    }
    for (file, title, place) in reasons.keys().filter(|key| !found.contains_key(*key)) {
        faults.push(format!("{file}: {title}: {place}: explained, but the two agree"));
    }
    faults
}
