//! What kea-dhcp4 and kea-dhcp6 do of what Kea's do: each row of `tests/coverage/dhcp4.tsv` and `dhcp6.tsv` is tried,
//! and docs/reference/coverage-dhcp4.md and -dhcp6.md say what came of it, with a test beside that shows it.
//!
//! A keyword works when something ends otherwise without it: a scenario (`tests/scenarios`), a probe
//! (`tests/coverage/*.probes`), or a test that `tests/coverage/named.tsv` names. The former two are not taken at their
//! word: they are played without the keyword.

mod evidence;
mod probes;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use base::{Family, HwAddr};
use config::keywords::{self, Status, Table, Type};
use engine::v4::Arrival;
use evidence::Evidence;
use observe::Registry;
use options::{DataType, DefTable, OptionDef};
use testkit::client6::{Ia6, kind as kind6};
use testkit::{Outcome, Outcome6, Packet4, Packet6, World4, World6, config4, config6};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const CLIENT: [u8; 6] = [2, 0, 0, 0, 0, 1];
const CLIENT6: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 1];
/// Share of the rows that work, in hundredths, which a change must not lower.
const LEAST: usize = 95;
/// Keywords that are taken at a place where they have nothing to do, as in Kea: the last step of the place, those that
/// act there (`true`) or do not (`false`), and why.
const IDLE: [(&str, bool, &[&str], &str); 4] = [
    (
        "lease-database",
        true,
        &["type", "name", "persist", "lfc-interval", "max-row-errors"],
        "for lease databases that are not files",
    ),
    (
        "config-databases",
        false,
        &["persist", "lfc-interval", "max-row-errors", "readonly"],
        "for other databases",
    ),
    ("hosts-databases", false, &["persist", "lfc-interval", "max-row-errors"], "for lease files"),
    ("hosts-database", false, &["persist", "lfc-interval", "max-row-errors"], "for lease files"),
];

/// A server of one family.
trait Side {
    const FAMILY: Family;
    const PROGRAM: &'static str;
    /// The topmost option space.
    const SPACE: &'static str;
    type Config;
    /// The option that a class gives to its members, by name.
    const MARK: &'static str;

    /// These members before a subnet with a pool.
    fn config(more: &str) -> Result<Self::Config, String>;

    /// Whether a client is given the option that it asks for; `None`: there is no answer.
    fn gives(config: Self::Config, code: u16) -> Option<bool>;

    /// Whether the client of [`Side::QUERY`] is given option [`Side::MARK`]; `None`: there is no answer.
    fn marks(config: &str) -> Result<Option<bool>, String>;

    /// The statistics of a server whose only pool was too small for its clients.
    fn statistics() -> Vec<String>;
}

struct V4;
struct V6;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What came of a row.
enum Verdict {
    /// With a note, and the test that shows it, where that is another one than this.
    Works(String, Option<String>),
    /// It is taken, and no test would miss it.
    Untested(String),
    /// It is taken, and has nothing to do there.
    Idle(String),
    Refused(String),
}

use Verdict::{Idle, Refused, Untested, Works};

fn works() -> Verdict {
    Works(String::new(), None)
}

/// The keywords of the map at `place`, such as `Dhcp4/subnet4/pools`.
fn table_at(family: Family, place: &str) -> Option<&'static Table> {
    place.split('/').skip(1).try_fold(keywords::tables(family).globals, |table, step| {
        match table.get(step)?.kind {
            Type::Map(inner) | Type::Maps(inner) => Some(inner),
            _ => None,
        }
    })
}

/// A keyword of the map at `place`.
fn parameter(family: Family, evidence: &Evidence, place: &str, name: &str) -> Verdict {
    let last = place.rsplit('/').next();
    let idle = |(step, act, words, _): &&(&str, bool, &[&str], &str)| {
        Some(*step) == last && words.contains(&name) != *act
    };
    let (verdict, note) = match accepted(family, place, name) {
        Works(note, _) if IDLE.iter().any(|row| idle(&row)) => {
            let why = IDLE.iter().find(idle).map_or("", |row| row.3);
            return Idle(if note.is_empty() { why.to_owned() } else { note });
        }
        Works(note, _) => (evidence.of(place, name), note),
        other => return other,
    };
    if let Some(shown) = verdict {
        let note = if shown.required { "required".to_owned() } else { note };
        return Works(note, Some(format!("{}: {}", shown.file, shown.test)));
    }
    // What is read by the same table at a place that acts is what it is there.
    let same = table_at(family, place)
        .filter(|_| evidence.iter().any(|(known, _)| known.map == place))
        .and_then(|table| {
            evidence.iter().find(|(known, _)| {
                known.keyword == name
                    && known.map != "*"
                    && table_at(family, &known.map).is_some_and(|other| std::ptr::eq(table, other))
            })
        });
    match same {
        Some((known, shown)) => {
            Works(format!("as at `{}`", known.map), Some(format!("{}: {}", shown.file, shown.test)))
        }
        None => Untested(note),
    }
}

/// Whether the keyword is taken.
fn accepted(family: Family, place: &str, name: &str) -> Verdict {
    let mut table: &Table = keywords::tables(family).globals;
    for step in place.split('/').skip(1) {
        let Some(holder) = table.get(step) else { return Refused(format!("`{step}` is unknown")) };
        if let Status::Only(_, why) = holder.status {
            return Refused(why.to_owned());
        }
        match holder.kind {
            Type::Map(inner) | Type::Maps(inner) => table = inner,
            _ => return works(),
        }
        if let Status::Old(keywords::Translation::Item(new)) = holder.status
            && let Some(Status::Only(_, why)) = keywords::tables(family).globals.get(new).map(|k| k.status)
        {
            return Refused(why.to_owned());
        }
    }
    match table.get(name).map(|keyword| keyword.status) {
        Some(Status::Supported) => works(),
        Some(Status::Old(_)) => Works("old spelling".to_owned(), None),
        Some(Status::Except(value, why)) => Works(format!("but for `{value:?}`: {why}"), None),
        Some(Status::Only(value, why)) => Refused(format!("only `{value:?}`: {why}")),
        None if name == "metadata" && table.metadata => {
            Works("of databases: in answers, not in files".to_owned(), None)
        }
        None => Refused("unknown keyword".to_owned()),
    }
}

/// A value of a type as `option-data` has it.
fn sample(kind: DataType) -> &'static str {
    match kind {
        DataType::Empty | DataType::Record => "",
        DataType::Binary => "c0ffee",
        DataType::Boolean => "true",
        DataType::Ipv4Address => "192.0.2.77",
        DataType::Ipv6Address => "2001:db8::77",
        DataType::Ipv6Prefix => "2001:db8::/32",
        DataType::Psid => "3/4",
        DataType::String | DataType::Tuple => "text",
        DataType::Fqdn => "host.example.org",
        DataType::Internal => "10.0.0.0/8 - 192.0.2.1",
        _ => "7",
    }
}

fn data(def: &OptionDef) -> String {
    match (def.space.as_str(), def.code) {
        ("dhcp4", 124) => "4491, 0474657874".to_owned(),
        ("dhcp6", 16) => "4491, 000474657874".to_owned(),
        // The parts of option 162 are not those of option 121.
        ("dhcp4", 162) => "100, resolver.example.org., 192.0.2.5, alpn=dot".to_owned(),
        ("dhcp6", 144) => "100, resolver.example.org., 2001:db8::5, alpn=dot".to_owned(),
        _ => def.fields().iter().map(|kind| sample(*kind)).collect::<Vec<_>>().join(", "),
    }
}

impl Side for V4 {
    const FAMILY: Family = Family::V4;
    const PROGRAM: &'static str = "dhcp4";
    const SPACE: &'static str = "dhcp4";
    const MARK: &'static str = "domain-name";
    type Config = config::ServerConfig4;

    fn config(more: &str) -> Result<Self::Config, String> {
        config4(&format!(
            r#"{{ {more} "subnet4": [ {{ "id": 1, "subnet": "192.0.2.0/24",
                  "pools": [ {{ "pool": "192.0.2.10 - 192.0.2.10" }} ] }} ] }}"#
        ))
    }

    fn gives(config: Self::Config, code: u16) -> Option<bool> {
        let code = u8::try_from(code).unwrap();
        let world = World4::new(config, vec![SERVER]).unwrap();
        let packet = Packet4::discover(&HwAddr::new(1, &CLIENT).unwrap()).option(55, &[code]);
        match world.send(&packet.build(), &arrival()) {
            Ok(Outcome::Reply { reply, .. }) => Some(reply.option(code).is_some()),
            _ => None,
        }
    }

    fn marks(config: &str) -> Result<Option<bool>, String> {
        let world = World4::new(Self::config(config)?, vec![SERVER]).unwrap();
        let vendor = [&4491u32.to_be_bytes()[..], &[1, b'a'], &4491u32.to_be_bytes(), &[1, b'b']].concat();
        let packet = Packet4::discover(&HwAddr::new(1, &CLIENT).unwrap())
            .option(12, b"a")
            .option(43, &[1, 3, 2, 1, 9])
            .option(60, b"abc")
            .option(61, &[0, 1])
            .option(124, &vendor)
            .option(125, &[&4491u32.to_be_bytes()[..], &[3, 1, 1, b'a']].concat())
            .relayed(Ipv4Addr::new(192, 0, 2, 2), &[(1, b"a")]);
        let arrival =
            Arrival { local: SERVER, remote: Ipv4Addr::new(192, 0, 2, 2), remote_port: 67, ..arrival() };
        Ok(match world.send(&packet.build(), &arrival) {
            Ok(Outcome::Reply { reply, .. }) => Some(reply.option(15).is_some()),
            _ => None,
        })
    }

    fn statistics() -> Vec<String> {
        let world = World4::new(Self::config("").unwrap(), vec![SERVER]).unwrap();
        for last in 1..=3 {
            let hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, last]).unwrap();
            let request = Packet4::request_selecting(&hw_addr, SERVER, Ipv4Addr::new(192, 0, 2, 10));
            let discover = Packet4::discover(&hw_addr);
            for packet in [discover, request] {
                world.send(&packet.build(), &arrival()).unwrap();
            }
        }
        names(&world.registry)
    }
}

impl Side for V6 {
    const FAMILY: Family = Family::V6;
    const PROGRAM: &'static str = "dhcp6";
    const SPACE: &'static str = "dhcp6";
    const MARK: &'static str = "bootfile-url";
    type Config = config::ServerConfig6;

    fn config(more: &str) -> Result<Self::Config, String> {
        config6(&format!(
            r#"{{ {more} "subnet6": [ {{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
                  "pools": [ {{ "pool": "2001:db8:1::10 - 2001:db8:1::10" }} ],
                  "pd-pools": [ {{ "prefix": "2001:db8:2::", "prefix-len": 56, "delegated-len": 56 }} ] }} ] }}"#
        ))
    }

    fn gives(config: Self::Config, code: u16) -> Option<bool> {
        let world = World6::new(config).unwrap();
        let packet = Packet6::new(kind6::SOLICIT, &CLIENT6)
            .option(3, &Ia6::new(1).build())
            .option(6, &code.to_be_bytes())
            .option(14, &[]);
        match world.send(&packet.build(), &arrival6()) {
            Ok(Outcome6::Reply { reply, .. }) => Some(reply.options.iter().any(|(there, _)| *there == code)),
            _ => None,
        }
    }

    fn marks(config: &str) -> Result<Option<bool>, String> {
        let world = World6::new(Self::config(config)?).unwrap();
        let packet = Packet6::new(kind6::SOLICIT, &CLIENT6)
            .option(3, &Ia6::new(1).with("2001:db8:1::10".parse().unwrap(), None).build())
            .option(16, &[&4491u32.to_be_bytes()[..], &[0, 1, b'a', 0, 1, b'b']].concat())
            .option(17, &[&4491u32.to_be_bytes()[..], &[0, 1, 0, 1, b'a']].concat())
            .option(43, &[0, 1, 0, 5, 0, 2, 0, 1, 9])
            .option(59, b"abc")
            .option(61, &[0, 1])
            .relayed("2001:db8:1::1".parse().unwrap(), "fe80::1".parse().unwrap(), vec![(18, b"a".to_vec())]);
        let arrival = engine::v6::Arrival {
            local: "ff05::1:3".parse().unwrap(),
            remote: "fe80::fe".parse().unwrap(),
            ..arrival6()
        };
        Ok(match world.send(&packet.build(), &arrival) {
            Ok(Outcome6::Reply { reply, .. }) => Some(reply.option(59).is_some()),
            _ => None,
        })
    }

    fn statistics() -> Vec<String> {
        let world = World6::new(Self::config("").unwrap()).unwrap();
        for last in 1..=3 {
            let duid = [0, 3, 0, 1, 2, 0, 0, 0, 0, last];
            for kind in [kind6::SOLICIT, kind6::CONFIRM, kind6::REQUEST, 10] {
                let mut packet = Packet6::new(kind, &duid)
                    .option(3, &Ia6::new(1).build())
                    .option(25, &Ia6::new(1).build());
                if kind == kind6::REQUEST {
                    packet = packet.option(2, &testkit::SERVER_ID6);
                }
                world.send(&packet.build(), &arrival6()).unwrap();
            }
        }
        names(&world.registry)
    }
}

fn names(registry: &Registry) -> Vec<String> {
    registry.all_samples(|_| true).keys().map(|name| name.to_string()).collect()
}

fn arrival() -> Arrival {
    Arrival {
        interface: "eth0".into(),
        interface_address: SERVER,
        local: Ipv4Addr::BROADCAST,
        remote: Ipv4Addr::UNSPECIFIED,
        local_port: 67,
        remote_port: 68,
        received: None,
        over6: None,
    }
}

fn arrival6() -> engine::v6::Arrival {
    engine::v6::Arrival {
        interface: "eth0".into(),
        local: "ff02::1:2".parse().unwrap(),
        remote: "fe80::1".parse().unwrap(),
        local_port: 547,
        remote_port: 546,
        received: None,
    }
}

/// Defined, configured, and sent to a client that asks for it.
fn option<S: Side>(space: &str, code: &str, name: &str) -> Verdict {
    let code: u32 = code.parse().unwrap();
    let Ok(code) = u16::try_from(code) else { return Refused("not defined".to_owned()) };
    let table = DefTable::standard(S::FAMILY);
    let Some(def) = table.by_code(space, code) else { return Refused("not defined".to_owned()) };
    if def.name != name {
        return Refused(format!("defined as `{}`", def.name));
    }
    let entry =
        format!(r#""option-data": [ {{ "code": {code}, "space": "{space}", "data": "{}" }} ],"#, data(def));
    let config = match S::config(&entry) {
        Ok(config) => config,
        Err(why) => return Refused(why),
    };
    if space != S::SPACE {
        return Works("configured as a sub-option".to_owned(), None);
    }
    match S::gives(config, code) {
        Some(true) => works(),
        Some(false) => Works("the protocol's own: not from `option-data`".to_owned(), None),
        None => Refused("no answer".to_owned()),
    }
}

/// As the test of a class: the client of [`Side::marks`] is a member, and not with the opposite test. Classes that an
/// operator fills, such as DROP, come first, with the client among them.
fn expression<S: Side>(place: &str, name: &str, sample: &str) -> Verdict {
    let first = match name {
        "DROP" | "REJECT" | "SKIP_DDNS" if place == "class" => {
            format!(r#"{{ "name": "{name}", "test": "option[61].exists" }},"#)
        }
        _ => String::new(),
    };
    let class = |test: &str| {
        let test = json::to_string(&test.into());
        S::marks(&format!(
            r#""client-classes": [ {first} {{ "name": "KEA", "test": {test},
                "option-data": [ {{ "name": "{}", "data": "x", "always-send": true }} ] }} ],"#,
            S::MARK
        ))
    };
    match (class(sample), class(&format!("not ({sample})"))) {
        (Ok(Some(true)), Ok(Some(false))) => works(),
        // Members are not served.
        (Ok(None), Ok(None)) if ["DROP", "REJECT"].contains(&name) => works(),
        (Err(why), _) | (_, Err(why)) => Refused(why),
        (one, other) => Untested(format!("{one:?}, {other:?}")),
    }
}

/// A name of the table as the server of [`Side::statistics`] has it; what is counted of failures is one family of names.
fn statistic(there: &[String], evidence: &Evidence, name: &str) -> Verdict {
    let mut wanted = name.replace("subnet[id]", "subnet[1]").replace("pool[pid]", "pool[0]");
    for failures in ["subnet[1].v4-allocation-fail", "subnet[1].v6-allocation-fail"] {
        if wanted.starts_with(failures) {
            wanted = failures.to_owned();
        }
    }
    if !there.contains(&wanted) {
        return Refused("needs a hook library that is not there yet".to_owned());
    }
    match evidence.of(evidence::STATISTIC, &evidence::general(name)) {
        Some(shown) => Works(String::new(), Some(format!("{}: {}", shown.file, shown.test))),
        None => Untested("nothing counts it yet".to_owned()),
    }
}

/// The tests of the repository by name, with their texts.
fn tests(family: Family) -> Vec<(String, String)> {
    let (scenarios, differential) = match family {
        Family::V4 => ("tests/scenarios", "tests/differential"),
        Family::V6 => ("tests/scenarios/v6", "tests/differential/v6"),
    };
    let mut all = Vec::new();
    for (folder, suffix) in [
        (scenarios, "scn"),
        (differential, "scn"),
        ("crates/config/tests", "rs"),
        ("crates/testkit/tests", "rs"),
        ("tests/e2e", "rs"),
        ("tests/e2e/backend", "rs"),
    ] {
        let files = std::fs::read_dir(root().join(folder)).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
        files.retain(|path| path.extension().is_some_and(|e| e == suffix));
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            all.push((format!("{folder}/{}", path.file_name().unwrap().to_string_lossy()), text));
        }
    }
    all
}

/// The first test in which one of the words stands.
fn shown<'a>(tests: &'a [(String, String)], words: &[String]) -> &'a str {
    let hit = words.iter().find_map(|word| tests.iter().find(|(_, text)| text.contains(word)));
    hit.map_or("crates/testkit/tests/it/coverage/mod.rs", |(name, _)| name)
}

/// The files in the last column: `FILE`, or `FILE: TEST`.
fn current_tests(page: &str) -> Vec<String> {
    let cells = page.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once(" | "));
    let files = cells.map(|(_, cell)| cell.split(": ").next().unwrap_or(cell).trim().to_owned());
    files.filter(|cell| cell.contains('/')).collect()
}

/// Run with `UPDATE_REFERENCE=1` to write the pages anew.
#[test]
fn the_page_of_dhcpv4_is_current() {
    the_page_is_current::<V4>();
}

#[test]
fn the_page_of_dhcpv6_is_current() {
    the_page_is_current::<V6>();
}

fn the_page_is_current<S: Side>() {
    let program = S::PROGRAM;
    let rows = std::fs::read_to_string(root().join(format!("tests/coverage/{program}.tsv"))).unwrap();
    let (tests, there) = (tests(S::FAMILY), S::statistics());
    let evidence = Evidence::gather(S::FAMILY);
    let mut pages: BTreeMap<&str, String> = BTreeMap::new();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in rows.lines().skip(1) {
        let [kind, place, name, last] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let (verdict, words) = match kind {
            "parameter" => (parameter(S::FAMILY, &evidence, place, name), vec![format!("\"{name}\"")]),
            "option" => (option::<S>(place, name, last), vec![format!("\"{last}\"")]),
            "expression" => (
                expression::<S>(place, name, last),
                vec![name.split(['(', '[', ' ']).next().unwrap().to_owned()],
            ),
            "statistic" => {
                (statistic(&there, &evidence, name), vec![name.rsplit('.').next().unwrap().to_owned()])
            }
            other => panic!("{other}"),
        };
        let (all, good) = counts.entry(kind).or_default();
        *all += 1;
        let (state, note, by) = match verdict {
            Works(note, by) => {
                *good += 1;
                ("works", note, by.unwrap_or_else(|| shown(&tests, &words).to_owned()))
            }
            Idle(why) => ("accepted, nothing to do", why, String::new()),
            Untested(note) => ("accepted, no test", note, String::new()),
            Refused(why) => ("refused", why, String::new()),
        };
        let first = match kind {
            "option" => format!("{place} {name} `{last}`"),
            "parameter" => format!("{place} `{name}`"),
            _ => format!("`{}`", name.replace('|', "\\|")),
        };
        let note = note.replace('|', "\\|").replace('\n', " ");
        writeln!(pages.entry(kind).or_default(), "| {first} | {state} | {note} | {by} |").unwrap();
    }
    let (all, good) = counts.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    let mut text = format!(
        "# Coverage of kea-{program}\n\nMade by `crates/testkit/tests/it/coverage/mod.rs`, which tries each row of \
         `tests/coverage/{program}.tsv`; do not edit. The last column names the test. A keyword works when a scenario or \
         probe ends otherwise without it, or a test that is named for it looks at what it does; that program plays the former \
         without the keyword. Options and expressions are tried by that program; beside them stands a test that uses them. A statistic works when a scenario sees it count. \
         Of {all} rows {good} work.\n"
    );
    for (kind, lines) in pages {
        let (all, good) = counts[kind];
        write!(
            text,
            "\n## {kind}s: {good} of {all} work\n\n| What | State | Note | Test |\n|---|---|---|---|\n"
        )
        .unwrap();
        text.push_str(&lines);
    }
    let path = root().join(format!("docs/reference/coverage-{program}.md"));
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    for named in current_tests(&std::fs::read_to_string(&path).unwrap_or_default()) {
        assert!(root().join(&named).is_file(), "{named} is named in {} and gone", path.display());
    }
    assert!(good * 100 >= all * LEAST, "{good} of {all} rows work");
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    // Which test is the first to use a word changes with every test that comes; that it is there does not.
    let without_tests = |page: &str| -> Vec<String> {
        page.lines().map(|line| line.rsplit_once(" | ").map_or(line, |(row, _)| row).to_owned()).collect()
    };
    assert!(
        without_tests(&current) == without_tests(&text),
        "{} is not what the program does; write it anew",
        path.display()
    );
}
