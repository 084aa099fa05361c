//! The legal log, written by running servers: for packets once their leases are durable, and for commands.

use base::HwAddr;
use harness::{Dialog, Server, World};
use serde_json::{Value, json};

use crate::site;

fn config(parameters: Value) -> Value {
    let mut config = site::config();
    config["valid-lifetime"] = json!(600);
    config["hooks-libraries"] = json!([
        { "library": "libdhcp_legal_log.so", "parameters": parameters },
        { "library": "libdhcp_lease_cmds.so" },
    ]);
    config
}

/// All lines of the files of a base name, without their times; in the order of the files.
fn lines(server: &Server, base: &str) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(server.prefix.path("var/log/kea"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(base))
        .collect();
    files.sort();
    let all = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect::<String>();
    all.lines().map(|line| line.strip_prefix("T ").expect("the time").to_owned()).collect()
}

#[test]
fn packets_and_commands_are_told() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    let parameters = json!({ "base-name": "who", "timestamp-format": "T" });
    server.configure(&config(parameters.clone()));
    server.start();
    let mut dialog = Dialog::new(&relay, site::RELAY, site::SERVER);
    let hw_addr = HwAddr::parse("02:00:5e:00:53:01").unwrap();
    let ack = dialog.lease(&hw_addr, &[]).expect("a lease");
    let given = format!(
        "Address: {} has been assigned for 0 hrs 10 mins 0 secs to a device with hardware address: hwtype=1 {hw_addr} \
         connected via relay at address: 10.0.0.2, identified by circuit-id: 64:69:61:6c:6f:67 (dialog)",
        ack.yiaddr
    );
    harness::until("the lease is logged", || lines(&server, "who") == [given.clone()]);

    server.tell(
        "lease4-add",
        json!({ "ip-address": "10.64.0.5", "hw-address": "1a:1b:1c:1d:1e:1f", "valid-lft": 7777 }),
    );
    assert_eq!(
        server
            .command("lease4-add", json!({ "ip-address": "10.64.0.5", "hw-address": "02:02:02:02:02:02" }))
            .result,
        4
    );
    server.tell("lease4-del", json!({ "ip-address": "10.64.0.5" }));
    let expected = [
        given,
        "Administrator added a lease of address: 10.64.0.5 to a device with hardware address: 1a:1b:1c:1d:1e:1f for \
         2 hrs 9 mins 37 secs"
            .to_owned(),
        "Administrator deleted the lease for address: 10.64.0.5".to_owned(),
    ];
    harness::until("commands are logged", || lines(&server, "who") == expected);

    // Another configuration goes on with the file, or with another one; a faulty one changes nothing.
    server.tell("config-set", json!({ "Dhcp4": config(parameters) }));
    server.tell("lease4-del", json!({ "ip-address": ack.yiaddr }));
    harness::until("the file is gone on with", || lines(&server, "who").len() == 4);
    for faulty in [json!({ "path": "/tmp" }), json!({ "prerotate": "none.sh" }), json!({ "type": "mysql" })] {
        let answer = server.command("config-set", json!({ "Dhcp4": config(faulty.clone()) }));
        assert_eq!(answer.result, 1, "{faulty}: {answer:?}");
    }
    server.tell(
        "config-set",
        json!({ "Dhcp4": config(json!({ "base-name": "other", "timestamp-format": "T" })) }),
    );
    for _ in 0..50 {
        let ack = dialog.lease(&hw_addr, &[]).expect("a lease");
        server.tell("lease4-del", json!({ "ip-address": ack.yiaddr }));
    }
    // What was told before the end is written.
    assert!(server.stop().success());
    assert_eq!((lines(&server, "who").len(), lines(&server, "other").len()), (4, 100));
}
