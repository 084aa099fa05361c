//! Logging of a whole process: several threads, and a configuration that changes under them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::sync::Arc;

use base::{Clock, Micros};
use observe::{LogLocks, LoggerSettings, Logging, OutputSettings, StartUp, Target};

observe::messages! {
    Step { thread, number } = "TEST_STEP", "dhcp4", Info, "thread {thread} step {number}", "A step.";
    Detail { number } = "TEST_DETAIL", "dhcp4", Debug(0), "detail {number}", "A detail.";
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Micros {
        Micros(1_795_466_858_123_456)
    }

    fn steady(&self) -> u64 {
        0
    }
}

#[test]
fn no_line_is_lost_or_torn_while_the_configuration_changes() {
    const THREADS: usize = 4;
    const STEPS: usize = 2_000;
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let start = StartUp {
        root: "kea-dhcp4".into(),
        verbose: false,
        destination: Some(path("start")),
        locks: LogLocks::Off,
    };
    let logging = Logging::start(start.clone(), Arc::new(Fixed)).unwrap();
    assert!(Logging::start(start, Arc::new(Fixed)).is_err());

    let settings = |name: &str, flush: bool| {
        let target = Target::File(path(name));
        let output =
            OutputSettings { flush, max_size: 204_800, max_versions: 99, ..OutputSettings::new(target) };
        [LoggerSettings::from_parts("kea-dhcp4", "INFO", 0, vec![output]).unwrap()]
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for number in 0..STEPS {
                    observe::log!(Step { thread, number });
                    observe::log!(Detail { number });
                    tracing::warn!("an event of another crate");
                }
            });
        }
        for round in 0..60 {
            logging.apply(&settings(if round % 2 == 0 { "even" } else { "odd" }, round % 3 == 0)).unwrap();
            logging.flush();
        }
    });
    drop(logging.end());

    let mut text = String::new();
    for entry in fs::read_dir(dir.path()).unwrap() {
        text.push_str(&fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let mut seen = vec![0_usize; THREADS];
    for line in text.lines() {
        let (front, step) = line.split_once("] TEST_STEP thread ").unwrap();
        assert!(front.contains(" INFO  [kea-dhcp4.dhcp4/"), "{line}");
        let (thread, number) = step.split_once(" step ").unwrap();
        assert!(number.parse::<usize>().unwrap() < STEPS, "{line}");
        seen[thread.parse::<usize>().unwrap()] += 1;
    }
    assert_eq!(seen, [STEPS; THREADS]);
}
