//! The same clients before Debian's Kea and before ours: every field of every reply is compared.
//!
//! The corpus is `tests/scenarios` (what sockets can play of it) and `tests/differential`, whose files are of the
//! same kind; DHCPv6 has its own in `v6` below both. Both servers start with the same configuration and no lease. Where they differ on purpose, the row in
//! `tests/differential/differences.tsv` names a reason of docs/compatibility.md; a difference without a row, a row
//! without a difference and a reason without a chapter fail the test. `DIFFERENTIAL_REWRITE=1` writes the rows anew;
//! new ones get the reason `?`, which fails too. `DIFFERENTIAL_ONLY=TEXT` plays
//! only files whose path has the text, and judges nothing.

mod wire4;
mod wire6;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use harness::{Process, Server, Space, World, until};
use serde_json::{Value, json};
use testkit::scenario::{Sent, Traffic};

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

type TrafficOf<W> = Traffic<<W as Wire>::Link, <W as Wire>::Arrival>;

/// How packets of a protocol reach a server, and what is compared of its replies.
trait Wire: Sized {
    const PROGRAM: &'static str;
    /// The map of the configuration.
    const TOP: &'static str;
    /// Below `tests`; the second has the table of differences.
    const DIRECTORIES: [&'static str; 2];
    /// Where two differ in one of these, their leases differ from there on.
    const LEASES: &'static [&'static str];

    type Link: Clone + PartialEq;
    type Arrival;
    type Reply;

    fn traffic(path: &Path) -> Result<Vec<TrafficOf<Self>>, String>;
    /// A server's namespace with its interfaces, and the other ends of them.
    fn new(world: &World, label: &str, links: &[Self::Link]) -> Self;
    fn space(&self) -> &Space;
    fn interfaces(links: &[Self::Link]) -> Vec<&str>;
    fn server(world: &World, space: &Space) -> Server;
    /// What both servers need besides the configuration of the scenario.
    fn complete(config: &mut Value);
    fn send(&mut self, sent: &Sent<Self::Arrival>);
    fn receive(&self, patience: Duration) -> Option<Self::Reply>;
    /// What a client sees of a reply, field by field: a `kind` in any case.
    fn fields(reply: Option<&Self::Reply>) -> BTreeMap<String, String>;
    /// Times that remain of a lease that both answer as it stands: their clocks may be read on either side of a second.
    fn alike(name: &str, left: &str, right: &str) -> bool;
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The configuration of a scenario, without what the programs themselves need.
fn common(text: &str) -> Value {
    let parsed = json::parse(text, None, json::Limits::default()).expect("JSON of a scenario");
    serde_json::from_str(&json::to_string(&parsed.value)).expect("JSON of a scenario")
}

fn with_services<W: Wire>(mut config: Value, links: &[W::Link], socket: &str) -> Value {
    config["interfaces-config"] = json!({ "interfaces": W::interfaces(links) });
    config["lease-database"] = json!({ "type": "memfile", "persist": false });
    config["control-socket"] = json!({ "socket-type": "unix", "socket-name": socket });
    W::complete(&mut config);
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
            let has = |name: &str| members.contains_key(name);
            let network = (has("subnet4") || has("subnet6")) && has("name");
            let holder = has("pool") || has("delegated-len") || has("subnet") || network;
            if holder
                && let Some(Value::Array(classes)) = members.get_mut("client-classes")
                && let [one] = classes.as_slice()
            {
                let one = one.clone();
                members.remove("client-classes");
                members.insert("client-class".to_owned(), one);
            }
            // It could only be left out.
            if members.get("cache-threshold").and_then(Value::as_f64) == Some(0.0) {
                members.remove("cache-threshold");
            }
            members.values_mut().for_each(of_2_2);
        }
        _ => {}
    }
}

/// Debian's server on this configuration; what it says when it does not take it.
fn start_kea<W: Wire>(world: &World, side: &W, links: &[W::Link], config: &Value) -> Result<Process, String> {
    let directory = world.directory().join("debian");
    std::fs::create_dir_all(&directory).expect("directory");
    let program = directory.join(W::PROGRAM);
    if !program.exists() {
        // A copy: profiles of AppArmor go by the path.
        std::fs::copy(Path::new("/usr/sbin").join(W::PROGRAM), &program).expect("copy of a program");
    }
    let socket = directory.join("kea.sock");
    let mut config = with_services::<W>(config.clone(), links, &socket.display().to_string());
    of_2_2(&mut config);
    config["loggers"] =
        json!([ { "name": W::PROGRAM, "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ]);
    let file = world.write("debian.conf", &json!({ W::TOP: config }).to_string());
    let run = |arguments: Vec<std::ffi::OsString>| {
        let mut command = side.space().command(&program, arguments);
        command.env("KEA_PIDFILE_DIR", &directory).env("KEA_LOCKFILE_DIR", "none");
        command
    };
    let mut process = side.space().start("debian-kea", &mut run(vec!["-c".into(), file.into_os_string()]));
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

#[derive(Default)]
struct Tally {
    exchanges: usize,
    configurations: BTreeSet<String>,
    /// Scenarios whose configuration Kea 2.2 does not take, and its word.
    refused: Vec<String>,
    differences: Differences,
}

/// Plays a file to both.
fn play<W: Wire>(path: &Path, tally: &Mutex<Tally>) {
    let file = path.file_name().expect("a file").to_string_lossy().into_owned();
    let mut pair: Option<Pair<W>> = None;
    for traffic in W::traffic(path).expect("a good file") {
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
struct Pair<W: Wire> {
    links: Vec<W::Link>,
    kea: W,
    ours: W,
    server: Server,
    // Last, so that it goes last.
    world: World,
}

impl<W: Wire> Pair<W> {
    fn new(links: &[W::Link]) -> Self {
        let world = World::new().expect("a world");
        let kea = W::new(&world, "kea", links);
        let ours = W::new(&world, "ours", links);
        let server = W::server(&world, ours.space());
        Self { links: links.to_vec(), kea, ours, server, world }
    }

    /// How many exchanges were compared, and where they differ.
    fn play(&mut self, traffic: &TrafficOf<W>) -> Result<(usize, Vec<(String, String)>), String> {
        let config = common(&traffic.config);
        let mut kea = start_kea(&self.world, &self.kea, &self.links, &config)?;
        let mut mine = with_services::<W>(config, &self.links, &format!("{}.sock", W::PROGRAM));
        mine["loggers"] = json!([ { "name": W::PROGRAM, "severity": "INFO", "output-options": [ { "output": "stdout" } ] } ]);
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
            let (theirs, reply) = (W::fields(theirs.as_ref()), W::fields(reply.as_ref()));
            let names: BTreeSet<&String> = theirs.keys().chain(reply.keys()).collect();
            let silent = theirs.len() == 1 || reply.len() == 1;
            let mut apart = false;
            for name in names {
                let (left, right) = (theirs.get(name), reply.get(name));
                let alike = left.zip(right).is_some_and(|(left, right)| W::alike(name, left, right));
                if left == right || silent && name != "kind" || alike {
                    continue;
                }
                apart |= W::LEASES.contains(&name.as_str());
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

fn corpus<W: Wire>() -> Vec<PathBuf> {
    let only = std::env::var("DIFFERENTIAL_ONLY").ok();
    let mut files: Vec<PathBuf> = W::DIRECTORIES
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
    compare::<wire4::Side>();
}

#[test]
fn dhcp6_replies_are_those_of_kea() {
    compare::<wire6::Side>();
}

fn compare<W: Wire>() {
    if World::new().is_none() {
        return;
    }
    if !Path::new("/usr/sbin").join(W::PROGRAM).is_file() {
        harness::skipped(&format!("Debian's {} is not installed", W::PROGRAM));
        return;
    }
    let mut tally = played::<W>(corpus::<W>(), WORLDS);
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
    let table = root().join(W::DIRECTORIES[1]).join("differences.tsv");
    let mut faults = judge(&table, &tally.differences);
    if !faults.is_empty() {
        // A reply that was late on a busy machine is taken for that to the next packet: what is a difference remains
        // one when its file is played alone.
        let doubtful = |path: &PathBuf| {
            let name =
                path.file_name().map(|name| format!("{}: ", name.to_string_lossy())).unwrap_or_default();
            faults.iter().any(|fault| fault.starts_with(&name))
        };
        let again: Vec<PathBuf> = corpus::<W>().into_iter().filter(doubtful).collect();
        for path in &again {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            tally.differences.retain(|(file, ..), _| *file != name);
        }
        tally.differences.extend(played::<W>(again, 1).differences);
        faults = judge(&table, &tally.differences);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tally.exchanges >= 200 && tally.configurations.len() >= 20, "the corpus is too small");
}

/// Plays files to both, in so many worlds at a time.
fn played<W: Wire>(files: Vec<PathBuf>, worlds: usize) -> Tally {
    let (files, tally) = (Mutex::new(files), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..worlds {
            scope.spawn(|| {
                loop {
                    let Some(path) = files.lock().expect("files").pop() else { break };
                    play::<W>(&path, &tally);
                }
            });
        }
    });
    tally.into_inner().expect("tally")
}

/// What is not explained, or explained and not there.
fn judge(table: &Path, found: &Differences) -> Vec<String> {
    let text = std::fs::read_to_string(table).expect("the table of differences");
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
        std::fs::write(table, text).expect("the table of differences");
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
