//! Debian's Kea as the other reader and writer of our lease files.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use harness::{
    Dialog, History, Load, LoadSettings, Process, Server, Space, World, now_micros, send, stored_leases,
    until,
};
use lease::Lease4;
use serde_json::json;

use crate::site;

/// A program of Debian's Kea, `None` when it is not installed.
fn debian(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from("/usr/sbin").join(name);
    if !path.is_file() {
        harness::skipped("Debian's kea-dhcp4-server is not installed");
        return None;
    }
    Some(path)
}

/// Debian's kea-dhcp4 at the place of a server that is not running, on its lease file.
fn start_kea(world: &World, server: &Server) -> Process {
    let directory = world.directory().join("debian");
    std::fs::create_dir_all(&directory).expect("directory");
    // A copy: profiles of AppArmor go by the path.
    let program = directory.join("kea-dhcp4");
    if !program.exists() {
        std::fs::copy("/usr/sbin/kea-dhcp4", &program).expect("copy of a program");
    }
    let mut config = site::config();
    config["control-socket"]["socket-name"] = json!(server.prefix.socket().display().to_string());
    config["lease-database"] = json!({ "type": "memfile", "name": server.prefix.lease_file().display().to_string(), "lfc-interval": 0 });
    // Its keyword of that time.
    config["loggers"] =
        json!([ { "name": "kea-dhcp4", "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ]);
    let file = world.write("debian.conf", &json!({ "Dhcp4": config }).to_string());
    let mut command = server.space.command(program, ["-c".into(), file.into_os_string()]);
    command.env("KEA_PIDFILE_DIR", &directory).env("KEA_LOCKFILE_DIR", "none");
    let mut process = server.space.start("debian-kea", &mut command);
    until("Debian's Kea answers", || {
        assert!(process.ended().is_none(), "Debian's Kea ended:\n{}", process.output());
        let answer = harness::unix(&server.prefix.socket(), br#"{ "command": "version-get" }"#);
        answer.is_ok_and(|answer| answer.contains("2.2"))
    });
    process
}

/// Clients for a while; what they were told.
fn serve(relay: &Space, group: u8, acks: usize) -> History {
    let load = Load::start(
        relay,
        LoadSettings { rate: 200, window: 16, checks: 20, releases: 15, group, ..site::load() },
    );
    until("clients were served", || load.acks() >= acks);
    load.stop().0
}

/// Every holder gets its own address again.
fn honoured(relay: &Space, history: &History) {
    let mut dialog = Dialog::new(relay, site::RELAY, site::SERVER);
    for grant in history.holding(now_micros()) {
        let check = testkit::Packet4::request_init_reboot(&grant.client, grant.address);
        let answer = dialog.ask(check, std::time::Duration::from_secs(3)).expect("an answer to a holder");
        assert_eq!((answer.kind(), answer.yiaddr), (5, grant.address), "{grant:?}");
    }
}

fn merged(mut one: History, other: History) -> History {
    one.grants.extend(other.grants);
    one.releases.extend(other.releases);
    // Kea asks for whole seconds, which the kernel answers from its last tick.
    one.slack = 1;
    one
}

#[test]
fn kea_goes_on_with_our_leases_and_we_with_its() {
    let Some(world) = World::new() else { return };
    if debian("kea-dhcp4").is_none() {
        return;
    }
    let (mut server, relay) = site::site(&world);
    let file = server.prefix.lease_file();

    server.start();
    let ours = serve(&relay, 1, 150);
    assert!(server.stop().success());
    assert_eq!(ours.missing(&stored_leases(&file), now_micros()), [""; 0]);

    let mut kea = start_kea(&world, &server);
    honoured(&relay, &ours);
    let counted =
        send(&server.prefix.socket(), "statistic-get", json!({ "name": "subnet[1].assigned-addresses" }));
    let counted = counted.at("/subnet[1].assigned-addresses/0/0").as_u64().expect("a count");
    let held = stored_leases(&file).values().filter(|lease| lease.occupies()).count();
    assert_eq!(counted, held as u64, "Kea counts what we stored");
    let both = merged(ours, serve(&relay, 2, 150));
    assert!(kea.stop().success(), "{}", kea.output());
    assert_eq!(both.missing(&stored_leases(&file), now_micros()), [""; 0]);

    server.start();
    honoured(&relay, &both);
    let all = merged(both, serve(&relay, 3, 100));
    assert_eq!(all.doubles(), [""; 0], "two servers, one after the other, as if one");
    assert!(server.stop().success());
    assert_eq!(all.missing(&stored_leases(&file), now_micros()), [""; 0]);
}

/// Runs a lease file cleaner, ours or Kea's, on a copy of a lease file; what is left and how many rows hold it.
fn cleaned(
    world: &World,
    program: &Path,
    file: &Path,
    name: &str,
) -> (HashMap<Ipv4Addr, Arc<Lease4>>, usize) {
    let live = world.directory().join(name);
    let of = |end: &str| PathBuf::from(format!("{}{end}", live.display()));
    std::fs::copy(file, of(".1")).expect("copy of a lease file");
    let words: Vec<std::ffi::OsString> = vec![
        "-4".into(),
        "-x".into(),
        of(".2").into(),
        "-i".into(),
        of(".1").into(),
        "-o".into(),
        of(".output").into(),
        "-f".into(),
        of(".completed").into(),
        "-p".into(),
        of(".pid").into(),
        "-c".into(),
        "ignored".into(),
    ];
    let environment = [("KEA_LOCKFILE_DIR", Path::new("none"))];
    let done = world.run_with(program, words, "", &environment, harness::PATIENCE);
    assert_eq!(done.code(), 0, "{}: {done:?}", program.display());
    for end in [".1", ".output", ".completed", ".pid"] {
        assert!(!of(end).exists(), "{} left {end}", program.display());
    }
    let text = std::fs::read_to_string(of(".2")).expect("the cleaned file");
    let (leases, errors) = memfile::read_leases4(text.as_bytes()).expect("a lease file");
    assert_eq!(errors, 0);
    (leases.into_iter().map(|lease| (lease.address, lease)).collect(), text.lines().count())
}

#[test]
fn both_cleaners_keep_the_same_leases() {
    let Some(world) = World::new() else { return };
    let Some(theirs) = debian("kea-lfc") else { return };
    let (mut server, relay) = site::site(&world);
    let ours = server.prefix.program("kea-lfc");
    let file = server.prefix.lease_file();

    // A file of Kea's hand.
    let mut kea = start_kea(&world, &server);
    let _: History = serve(&relay, 1, 200);
    assert!(kea.stop().success());
    let written = stored_leases(&file);
    let rows = std::fs::read_to_string(&file).expect("the file").lines().count();
    let (left, left_rows) = cleaned(&world, &ours, &file, "ours-on-theirs.csv");
    assert_eq!(left, written);
    assert!(left_rows < rows, "{left_rows} of {rows} rows are left");
    assert_eq!(cleaned(&world, &theirs, &file, "theirs-on-theirs.csv").0, written);

    // One of ours.
    std::fs::remove_file(&file).expect("a file");
    server.start();
    let _: History = serve(&relay, 2, 200);
    assert!(server.stop().success());
    let written = stored_leases(&file);
    assert_eq!(cleaned(&world, &ours, &file, "ours-on-ours.csv").0, written);
    assert_eq!(cleaned(&world, &theirs, &file, "theirs-on-ours.csv").0, written);
}
