//! Databases of each kind with 10,000 and 100,000 subnets: writing, fetching everything, fetching what changed, asking
//! whether anything did. `cargo bench -p databases [-- KIND...]`, with KIND of sqlite, mysql, postgresql.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use backend::suite::{apply, server, subnet, tag, wait};
use backend::{Change, ConfigBackend, Pulled, Puller};
use base::Family;
use sql::{Access, Database};
use testdb::{Kind, Options, Server};

/// The argument that makes this program one that fetches, from the place that the others name.
const FETCH: &str = "--fetch";

fn one(id: u32) -> Change {
    let (top, a, b) = (10 + (id >> 16), (id >> 8) & 255, id & 255);
    let more = format!(
        r#""pools": [{{"pool": "{top}.{a}.{b}.10-{top}.{a}.{b}.200"}}], "valid-lifetime": 4000,
           "option-data": [{{"code": 3, "space": "dhcp4", "csv-format": true, "data": "{top}.{a}.{b}.1"}},
                           {{"code": 6, "space": "dhcp4", "csv-format": true, "data": "10.0.0.1, 10.0.0.2"}}]"#
    );
    subnet(&["abc"], id, &format!("{top}.{a}.{b}.0/24"), None, &more)
}

fn timed<T>(what: &str, times: u32, work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    let took = start.elapsed();
    let each = took / times;
    println!("  {what:<48} {:>10.3} ms", each.as_secs_f64() * 1e3);
    (value, each)
}

/// Fetches everything in a process of its own, which has no memory but for that.
fn fetch_apart(place: &Place) {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).arg(FETCH).args(place.words()).output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn fetch(place: &Place) {
    let (db, mut puller) = (place.open(), Puller::new(tag("abc")));
    timed("fetch everything, 100,000 subnets", 1, || pull(&db, &mut puller));
    assert_eq!(puller.objects().subnets.len(), 100_000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    for (line, what) in [("VmRSS:", "memory of the process that has them"), ("VmHWM:", "its highest")] {
        let line = status.lines().find(|text| text.starts_with(line)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        println!("  {what:<48} {:>10.1} MB", kilobytes as f64 * 1.024e-3);
    }
}

fn pull(db: &Database, puller: &mut Puller) {
    let pulled = wait(db.pull(tag("abc"), puller.cursor().cloned())).unwrap();
    puller.offer(pulled);
    puller.commit();
}

fn measure(kind: &str, place: &Place) {
    const SUBNETS: u32 = 10_000;
    println!("{kind}, {SUBNETS} subnets, each with a pool and two options");
    let db = &place.open();
    apply(db, [server("abc"), server("xyz")]).unwrap();
    timed("store all in one transaction", 1, || apply(db, (1..=SUBNETS).map(one)).unwrap());
    let mut puller = Puller::new(tag("abc"));
    let ((), full) = timed("fetch everything", 1, || pull(db, &mut puller));
    assert_eq!(puller.objects().subnets.len(), 10_000);
    assert!(full < Duration::from_secs(2), "{full:?}");
    let (_, idle) = timed("idle pull", 1000, || {
        for _ in 0..1000 {
            assert_eq!(wait(db.pull(tag("abc"), puller.cursor().cloned())).unwrap(), Pulled::Nothing);
        }
    });
    assert!(idle < Duration::from_millis(5), "{idle:?}");
    timed("change mark", 1000, || {
        for _ in 0..1000 {
            wait(db.change_mark()).unwrap();
        }
    });
    timed("set one subnet", 300, || {
        for id in 1..=300 {
            apply(db, [one(id)]).unwrap();
        }
    });
    timed("fetch 300 that changed", 1, || pull(db, &mut puller));
    timed("the first search for overlaps", 1, || {
        wait(db.overlapping("10.0.0.0/24".parse().unwrap())).unwrap()
    });
    timed("a search for overlaps", 1000, || {
        for id in 1..=1000 {
            let inside = format!("10.{}.{}.128/25", id >> 8, id & 255).parse().unwrap();
            assert_eq!(wait(db.overlapping(inside)).unwrap().len(), 1);
        }
    });
    apply(db, (1..=SUBNETS).map(one)).unwrap();
    timed("fetch all, all changed", 1, || pull(db, &mut puller));

    apply(db, (SUBNETS + 1..=10 * SUBNETS).map(one)).unwrap();
    drop(puller);
    fetch_apart(place);
    timed("set one subnet among 100,000", 100, || {
        for id in 1..=100 {
            apply(db, [one(id)]).unwrap();
        }
    });
}

/// Where a database is.
enum Place {
    File(PathBuf),
    Server(Kind, Access),
}

impl Place {
    fn open(&self) -> Database {
        match self {
            Self::File(file) => sqlite::open(file, Family::V4),
            Self::Server(Kind::MariaDb, access) => mysql::open(access.clone(), Family::V4),
            Self::Server(Kind::PostgreSql, access) => postgres::open(access.clone(), Family::V4),
        }
    }

    /// As arguments of this program.
    fn words(&self) -> Vec<String> {
        match self {
            Self::File(file) => vec![file.display().to_string()],
            Self::Server(kind, access) => {
                vec![
                    kind.name().to_owned(),
                    access.host.clone(),
                    access.port.to_string(),
                    access.name.clone(),
                ]
            }
        }
    }

    fn of_words(words: &[String]) -> Self {
        match words {
            [kind, host, port, name] => {
                let kind = if *kind == Kind::MariaDb.name() { Kind::MariaDb } else { Kind::PostgreSql };
                let access = Access {
                    host: host.clone(),
                    port: port.parse().unwrap(),
                    statement_timeout: Duration::from_secs(300),
                    ..Access::local(name, testdb::USER, testdb::PASSWORD)
                };
                Self::Server(kind, access)
            }
            [file] => Self::File(file.into()),
            _ => panic!("{words:?}"),
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, place @ ..] = &words[..]
        && first == FETCH
    {
        return fetch(&Place::of_words(place));
    }
    let wanted: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let wants = |kind: &str| wanted.is_empty() || wanted.iter().any(|word| *word == kind);
    if wants("sqlite") {
        let directory = tempfile::tempdir().unwrap();
        measure("SQLite", &Place::File(directory.path().join("kea.sqlite")));
    }
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        if !wants(kind.name()) {
            continue;
        }
        let server = Server::start(kind, Options { durable: true, ..Options::default() });
        let database = server.database();
        let words = [
            kind.name().to_owned(),
            database.socket.display().to_string(),
            database.port.to_string(),
            database.name,
        ];
        let place = Place::of_words(&words);
        let Place::Server(_, access) = &place else { continue };
        if kind == Kind::MariaDb {
            mysql::schema::SCHEMA.create(&mut mysql::MySql::open(access).unwrap()).unwrap();
            measure("MariaDB", &place);
        } else {
            postgres::schema::SCHEMA.create(&mut postgres::PostgreSql::open(access).unwrap()).unwrap();
            measure("PostgreSQL", &place);
        }
    }
}
