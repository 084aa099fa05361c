use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use base::Micros;
use json::Map;

use super::*;

/// 2026-11-27 18:43:00 UTC
const START: u64 = 1_795_804_980_000_000;

#[derive(Default)]
struct Hand(AtomicU64);

impl Hand {
    fn at(seconds: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(START + seconds * 1_000_000 + 123_456)))
    }

    fn go(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::Relaxed))
    }

    fn steady(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn parameters(text: &str) -> Map {
    let value = json::parse_command(text.as_bytes(), json::Limits::default()).unwrap();
    let json::Kind::Map(map) = value.kind else { panic!("a map") };
    map
}

fn settings(directory: &Path, text: &str) -> Settings {
    let mut settings = Settings::load(&parameters(text)).unwrap();
    if let Store::Files(files) = &mut settings.store {
        files.directory = directory.to_owned();
    }
    settings
}

fn open(settings: &Settings, clock: &Arc<Hand>) -> Result<LegalLog, String> {
    LegalLog::open(settings, Arc::<Hand>::clone(clock), Family::V4, "kea-dhcp4", None)
}

fn tell(log: &LegalLog, text: &str) {
    log.record(LegalEntry::new("192.0.2.1", text).into_iter().collect());
    log.flush();
}

fn files(directory: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn entries_follow_one_another_and_lines_are_marked() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"{"timestamp-format": "%s %Q %%"}"#;
    let clock = Hand::at(0);
    let log = open(&settings(dir.path(), text), &clock).unwrap();
    tell(&log, "one");
    tell(&log, "two\nthree\n");
    clock.go(1);
    tell(&log, "four");
    let all = files(dir.path());
    let [(name, lines)] = all.as_slice() else { panic!("{all:?}") };
    // The day is that of the machine.
    assert!(name.starts_with("kea-legal.202611") && name.ends_with(".txt"), "{name}");
    assert_eq!(
        lines,
        "1795804980 123.456 % one\n1795804980 123.456 %-two\n1795804980 123.456 % three\n1795804981 123.456 % four\n"
    );
    let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777 & !0o640, 0, "{mode:o}");
    // A file that is moved away is not written to any longer.
    fs::rename(dir.path().join(name), dir.path().join("old")).unwrap();
    tell(&log, "five");
    assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), "1795804981 123.456 % five\n");
}

#[test]
fn files_take_turns_and_scripts_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let told = dir.path().join("told");
    let script = |name: &str| {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\necho {name} \"$1\" >> {}\n", told.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let logs = dir.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let text = r#"{"base-name": "l", "time-unit": "second", "count": 10, "timestamp-format": "x",
        "mark-continuation-lines": false}"#;
    let mut settings = settings(&logs, text);
    if let Store::Files(files) = &mut settings.store {
        (files.prerotate, files.postrotate) = (script("pre"), script("post"));
    }
    let clock = Hand::at(0);
    let log = open(&settings, &clock).unwrap();
    tell(&log, "a\nb");
    clock.go(9);
    tell(&log, "c");
    clock.go(1);
    tell(&log, "d");
    drop(log);
    let (one, two) = ("l.T00000000001795804980.txt", "l.T00000000001795804990.txt");
    let expected = [(one.to_owned(), "x a\nx b\nx c\n".to_owned()), (two.to_owned(), "x d\n".to_owned())];
    assert_eq!(files(&logs), expected);
    let mut lines = Vec::new();
    for _ in 0..500 {
        lines = fs::read_to_string(&told).unwrap_or_default().lines().map(str::to_owned).collect();
        if lines.len() == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    lines.sort();
    let path = |name: &str| logs.join(name).display().to_string();
    assert_eq!(lines, [format!("post {}", path(two)), format!("pre {}", path(one))]);
    // A start within its time goes on with the file that was begun.
    clock.go(5);
    tell(&open(&settings, &clock).unwrap(), "e");
    assert_eq!(files(&logs)[1].1, "x d\nx e\n");
}

#[test]
fn what_cannot_be_opened_is_refused_and_what_cannot_be_written_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let gone = dir.path().join("gone");
    let error = open(&settings(&gone, "{}"), &Hand::at(0)).err().unwrap();
    assert!(error.starts_with("cannot open file:") && error.contains("No such file"), "{error}");
    let said = observe::capture(|| writer::lost(Family::V6, "why"));
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].id, "LEGAL_LOG_LEASE6_WRITE_ERROR");
}

#[test]
fn parameters_that_are_wrong_are_all_named() {
    for (text, faults) in [
        (r#"{"base-name": "a/b", "time-unit": "week", "count": -1, "path": ""}"#, 4),
        (r#"{"type": "mysql", "name": "kea", "base-name": "x"}"#, 1),
        (r#"{"type": "paper"}"#, 1),
        (r#"{"facility": "local1"}"#, 1),
        (r#"{"type": "syslog", "facility": "local9", "pattern": "%!", "base-name": "x"}"#, 3),
        (r#"{"base": "x", "count": "1", "mark-continuation-lines": 1, "prerotate": 7}"#, 4),
        (r#"{"timestamp-format": "%!"}"#, 1),
    ] {
        let found = Settings::load(&parameters(text)).unwrap_err();
        assert_eq!(found.len(), faults, "{text}: {found:#?}");
    }
    let all = r#"{"type": "logfile", "comment": "c", "user-context": {}, "request-parser-format": "'x'",
        "timestamp-format": "%H%t%w %F%%"}"#;
    Settings::load(&parameters(all)).unwrap();
}

/// A table of a database that is away now and then.
#[derive(Clone, Default)]
struct Away(Arc<Mutex<(bool, Vec<Row>, usize)>>);

impl Table for Away {
    fn name(&self) -> String {
        "a table".to_owned()
    }

    fn store(&self, rows: Arc<Vec<Row>>) -> Result<Vec<String>, String> {
        let mut inner = self.0.lock().unwrap();
        let (away, stored, calls) = &mut *inner;
        *calls += 1;
        if *away {
            return Err("it does not answer".to_owned());
        }
        let (fine, refused): (Vec<Row>, Vec<Row>) =
            rows.iter().cloned().partition(|(_, entry)| entry.text.as_ref() != "refused");
        stored.extend(fine);
        Ok(refused.iter().map(|_| "it does not fit".to_owned()).collect())
    }
}

#[test]
fn a_database_gets_what_waited_for_it() {
    let settings = Settings::load(&parameters(r#"{ "type": "mysql", "name": "kea" }"#)).unwrap();
    assert_eq!(settings.store, Store::Database);
    let (table, clock) = (Away::default(), Hand::at(0));
    let boxed: Box<dyn Table> = Box::new(table.clone());
    let log =
        LegalLog::open(&settings, Arc::<Hand>::clone(&clock), Family::V4, "kea-dhcp4", Some(boxed)).unwrap();
    let texts =
        || table.0.lock().unwrap().1.iter().map(|(_, entry)| entry.text.to_string()).collect::<Vec<_>>();
    let entry = |text: &str| LegalEntry::new("192.0.2.1", text).into_iter().collect::<Vec<_>>();
    log.record(entry("one"));
    log.flush();
    assert_eq!(texts(), ["one"]);
    table.0.lock().unwrap().0 = true;
    for text in ["two", "refused", "three"] {
        log.record(entry(text));
    }
    // Nobody waits for a database that is away.
    log.flush();
    assert_eq!(texts(), ["one"]);
    table.0.lock().unwrap().0 = false;
    log.flush();
    assert_eq!(texts(), ["one", "two", "three"]);
    assert_eq!(log.waiting.load(Ordering::Relaxed), 0, "there is room again");
    // Many entries are several transactions, in their order.
    let before = table.0.lock().unwrap().2;
    log.record((0..3000).flat_map(|number| entry(&number.to_string())).collect());
    log.flush();
    assert_eq!(texts().len(), 3003);
    assert!(texts()[3..].iter().enumerate().all(|(at, text)| *text == at.to_string()));
    assert_eq!(table.0.lock().unwrap().2 - before, 3);
    assert_eq!(table.0.lock().unwrap().1[0].0, clock.now());
}
