//! Log files: rotation, modes, and a new configuration of the loggers.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use harness::{Load, LoadSettings, World, until};
use serde_json::json;

use crate::site;

#[test]
fn a_log_file_rotates() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    let mut config = site::config();
    config["loggers"] = json!([ { "name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 99, "output-options": [
        { "output": "dhcp4.log", "maxsize": 204_800, "maxver": 3, "flush": true } ] } ]);
    server.configure(&config);
    server.start();
    let log = server.prefix.path("var/log/kea/dhcp4.log");
    let version = |number: u32| log.with_file_name(format!("dhcp4.log.{number}"));
    let load = Load::start(&relay, LoadSettings { rate: 400, ..site::load() });
    until("it rotated three times", || version(3).exists());
    let (_, exchanges) = load.stop();
    assert!(exchanges.iter().all(|e| e.end == harness::End::Granted), "logging disturbs no client");
    assert!(!version(4).exists(), "no more versions than configured");
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let date =
            words.next().is_some_and(|w| w.len() == 10 && w.chars().filter(|c| *c == '-').count() == 2);
        let time = words.next().is_some_and(|w| w.len() == 12);
        let severity = words.next().is_some_and(|w| ["DEBUG", "INFO", "WARN", "ERROR"].contains(&w));
        date && time && severity && words.next().is_some_and(|w| w.starts_with("[kea-dhcp4."))
    };
    for path in [log.clone(), version(1), version(2), version(3)] {
        let metadata = fs::metadata(&path).expect("a log file");
        assert_eq!(metadata.permissions().mode() & 0o777 & !0o640, 0, "{}", path.display());
        assert!(metadata.len() < 204_800 + 4096, "{}: {} octets", path.display(), metadata.len());
        let text = fs::read_to_string(&path).expect("a log file");
        assert!(text.ends_with('\n'));
        // A message may have several lines; they begin with blanks.
        assert!(text.lines().next().is_some_and(line), "{}: {:?}", path.display(), text.lines().next());
        let stray = text.lines().find(|text| !line(text) && !text.starts_with("  "));
        assert_eq!(stray, None, "{}", path.display());
    }

    // Elsewhere and less: in force at once.
    config["loggers"] = json!([ { "name": "kea-dhcp4", "severity": "ERROR", "output-options": [ { "output": "other.log" } ] } ]);
    server.tell("config-set", json!({ "Dhcp4": config }));
    let before = fs::metadata(&log).expect("a log file").len();
    let mut dialog = harness::Dialog::new(&relay, site::RELAY, site::SERVER);
    dialog.lease(&base::HwAddr::new(1, &[2, 9, 0, 0, 0, 9]).expect("six octets"), &[]).expect("a lease");
    assert_eq!(fs::metadata(&log).expect("a log file").len(), before);
    assert!(server.prefix.path("var/log/kea/other.log").exists());
}
