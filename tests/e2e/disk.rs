//! A full disk: no ACK without a stored lease, and service again as soon as there is room, without a restart.

use std::path::PathBuf;
use std::time::Duration;

use harness::{Load, LoadSettings, World, now_micros, stored_leases, until};
use serde_json::Value;

use crate::site;

#[test]
fn no_ack_without_storage() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    let data = server.prefix.path("var/lib/kea");
    // The namespace's own mounts vanish with the server.
    let script = "mount -t tmpfs -o size=96k,mode=0750 tmpfs \"$1\" && head -c 48k /dev/zero > \"$1/ballast\" && \
                  exec \"$2\" -c \"$3\"";
    let program = server.prefix.program("kea-dhcp4");
    let words = [
        "-c".into(),
        script.into(),
        "sh".into(),
        data.clone().into_os_string(),
        program.into(),
        server.config_file().into_os_string(),
    ];
    let mut command = server.space.command("sh", words);
    server.start_command(&mut command);
    let seen =
        |path: &std::path::Path| PathBuf::from(format!("/proc/{}/root{}", server.pid(), path.display()));
    let lease_file = seen(&server.prefix.lease_file());
    let load = Load::start(&relay, LoadSettings { rate: 300, window: 32, attempts: 1000, ..site::load() });

    let failures =
        || server.tell("status-get", Value::Null).at("/lease-store/failures").as_u64().unwrap_or(0);
    until("the disk is full", || failures() > 0);
    // In flight ACKs arrive, then there are none.
    std::thread::sleep(Duration::from_millis(300));
    let (told, before) = (load.history(), load.acks());
    assert!(before > 50, "{before} ACKs before the disk was full");
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(load.acks(), before, "an ACK without storage");
    assert_eq!(told.missing(&stored_leases(&lease_file), now_micros()), [""; 0]);
    // Commands are answered meanwhile, and say what is wrong.
    let status = server.tell("status-get", Value::Null);
    assert!(status.at("/lease-store/error").is_string(), "{status:?}");

    std::fs::remove_file(seen(&data.join("ballast"))).expect("room is made");
    until("service goes on", || load.acks() > before + 50);
    until("the alarm ends", || server.tell("status-get", Value::Null).at("/lease-store/error").is_null());
    let (history, _) = load.stop();
    let leases = stored_leases(&lease_file);
    assert_eq!(history.missing(&leases, now_micros()), [""; 0]);
    assert_eq!(history.doubles(), [""; 0]);
    // No row of a lease that nobody was told of.
    let told: std::collections::HashSet<_> = history.grants.iter().map(|grant| grant.address).collect();
    let phantoms: Vec<_> = leases.keys().filter(|address| !told.contains(address)).collect();
    assert!(
        phantoms.is_empty(),
        "{} rows of {} were never acknowledged: {phantoms:?}",
        phantoms.len(),
        leases.len()
    );
    let copy = world.directory().join("leases.csv");
    std::fs::copy(&lease_file, &copy).expect("copy");
    assert!(server.stop().success());

    // Kea would read that file.
    let (read, errors) = memfile::read_leases4(&std::fs::read(&copy).expect("copy")).expect("a lease file");
    assert_eq!((read.len(), errors), (leases.len(), 0));
}
