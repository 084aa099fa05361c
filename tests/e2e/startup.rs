//! Command lines, checks of configurations, exit codes, and the rules on paths.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use harness::{Finished, Prefix, World, until};
use serde_json::json;

use crate::site;

fn dhcp4(world: &World, prefix: &Prefix, words: &[&str]) -> Finished {
    world.run(prefix.program("kea-dhcp4"), words, "")
}

#[test]
fn versions_and_usage() {
    let world = World::plain();
    let prefix = world.prefix("kea");
    for program in ["kea-dhcp4", "kea-dhcp-ddns", "kea-ctrl-agent", "kea-lfc", "kea-shell", "kea-admin"] {
        let words: &[&str] = &["-v"];
        let version = world.run(prefix.program(program), words, "");
        assert_eq!(version.code(), 0, "{program}");
        let number = version.stdout.trim();
        assert!(
            number.chars().all(|c| c.is_ascii_digit() || c == '.') && number.contains('.'),
            "{program}: {number}"
        );
    }
    let report = dhcp4(&world, &prefix, &["-W"]);
    assert!(report.code() == 0 && report.stdout.contains(&prefix.root().display().to_string()), "{report:?}");
    for (words, text) in [
        (&[][..], "Configuration file not specified."),
        (&["-Q"], "invalid option"),
        (&["-c"], "requires an argument"),
        (&["-p", "70000", "-c", "x"], "Failed to parse server port number: [70000], 1-65535 allowed."),
        (&["-t", "/nowhere.conf"], "/nowhere.conf"),
        (&["-c", "/nowhere.conf"], "/nowhere.conf"),
    ] {
        let done = dhcp4(&world, &prefix, words);
        assert_eq!(done.code(), 1, "{words:?}");
        assert!(done.stderr.contains(text), "{words:?}: {}", done.stderr);
    }
}

#[test]
fn checks_of_files() {
    let world = World::plain();
    let prefix = world.prefix("kea");
    let check = |flag: &str, name: &str, text: &str| {
        let path = prefix.write_config(name, text);
        dhcp4(&world, &prefix, &[flag, &path.display().to_string()])
    };
    let good = json!({ "Dhcp4": { "interfaces-config": { "interfaces": [ "*" ] },
        "lease-database": { "type": "memfile" },
        "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.10-192.0.2.20" } ] } ] } });
    for flag in ["-t", "-T"] {
        let done = check(flag, "good.conf", &good.to_string());
        assert_eq!(done.code(), 0, "{flag}: {done:?}");
    }
    // Comments, includes and trailing commas are Kea's dialect.
    prefix.write_config("subnets.json", r#"[ { "id": 1, "subnet": "192.0.2.0/24", }, ]"#);
    let dialect =
        "// one\n{ \"Dhcp4\": { # two\n /* three */ \"subnet4\": <?include \"subnets.json\"?>, } }\n";
    let dialect = dialect.replace("subnets.json", &prefix.path("etc/kea/subnets.json").display().to_string());
    let done = check("-t", "dialect.conf", &dialect);
    assert_eq!(done.code(), 0, "{done:?}");

    // All faults at once, each with its place.
    let done = check(
        "-t",
        "bad.conf",
        r#"{ "Dhcp4": {
    "valid-lifetimes": 1,
    "renew-timer": "soon",
    "subnet4": [
        { "id": 1, "subnet": "192.0.2.0/33" },
        { "id": 2, "subnet": "198.51.100.0/24", "pools": [ { "pool": "203.0.113.1-203.0.113.9" } ] }
    ] } }"#,
    );
    assert_eq!(done.code(), 1, "{done:?}");
    // Kea marks places of its grammar with a point, others with a colon.
    let named = |errors: &str, line: u32| {
        [".", ":"].iter().any(|mark| errors.contains(&format!("bad.conf:{line}{mark}")))
    };
    for line in [2, 3, 5, 6] {
        assert!(named(&done.stderr, line), "line {line} in {}", done.stderr);
    }
    for text in ["valid-lifetimes", "expecting integer", "prefix length", "203.0.113.1-203.0.113.9"] {
        assert!(done.stderr.contains(text), "{text} in {}", done.stderr);
    }
    // What only shows when the whole is put together is listed whole as well.
    let done = check(
        "-t",
        "bad.conf",
        r#"{ "Dhcp4": {
    "option-data": [ { "name": "routers", "data": "nobody" } ],
    "client-classes": [ { "name": "a", "test": "option[60].hex ==" } ],
    "subnet4": [
        { "id": 1, "subnet": "192.0.2.0/24", "client-classes": [ "nowhere" ] },
        { "id": 3, "subnet": "203.0.113.0/24", "option-data": [ { "name": "no-such-option", "data": "1" } ] }
    ] } }"#,
    );
    assert_eq!(done.code(), 1, "{done:?}");
    for line in [2, 3, 6] {
        assert!(named(&done.stderr, line), "line {line} in {}", done.stderr);
    }
    let done = check("-t", "syntax.conf", "{ \"Dhcp4\": {\n \"a\" 1 } }");
    assert_eq!(done.code(), 1);
    assert!(done.stderr.contains("syntax.conf:2"), "{}", done.stderr);
    // A check leaves nothing behind.
    for directory in ["var/lib/kea", "var/run/kea"] {
        let left: Vec<_> =
            fs::read_dir(prefix.path(directory)).expect("directory").flatten().map(|e| e.path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn the_second_server_of_one_file_ends() {
    let Some(world) = World::new() else { return };
    let (mut server, _relay) = site::site(&world);
    server.start();
    let again = server.space.run(
        server.prefix.program("kea-dhcp4"),
        ["-c".into(), server.config_file().into_os_string()],
        "",
    );
    assert_eq!(again.code(), 1);
    assert!(again.stderr.contains("already running"), "{again:?}");
    // The first one is not disturbed, and ends with the status it is told.
    server.tell("shutdown", json!({ "exit-value": 7 }));
    until("it ended", || !server.is_running());
    assert_eq!(server.stop().code(), Some(7));
    assert!(!server.prefix.socket().exists());
    let pid_files = fs::read_dir(server.prefix.path("var/run/kea")).expect("directory").flatten();
    assert_eq!(pid_files.filter(|e| e.path().extension().is_some_and(|x| x == "pid")).count(), 0);
}

/// A configuration of older days: everything where it pleased its author.
#[test]
fn older_habits_need_x() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    // As /tmp is.
    let tmp = world.directory().join("tmp");
    fs::create_dir(&tmp).expect("directory");
    fs::set_permissions(&tmp, fs::Permissions::from_mode(0o777)).expect("mode");
    let at = |name: &str| tmp.join(name).display().to_string();
    let mut config = site::config();
    config["control-socket"] = json!({ "socket-type": "unix", "socket-name": at("kea4-ctrl-socket") });
    config["lease-database"] = json!({ "type": "memfile", "persist": true, "name": at("leases4.csv") });
    config["loggers"] = json!([ { "name": "kea-dhcp4", "severity": "INFO", "output_options": [
        { "output": at("kea-dhcp4.log") } ] } ]);
    server.configure(&config);

    let words = ["-c".into(), server.config_file().into_os_string()];
    let refused = server.space.run(server.prefix.program("kea-dhcp4"), words, "");
    assert_eq!(refused.code(), 1);
    for named in ["kea4-ctrl-socket", "leases4.csv", "kea-dhcp4.log"] {
        assert!(refused.stderr.contains(named), "{named} in {}", refused.stderr);
    }
    assert_eq!(fs::read_dir(&tmp).expect("directory").count(), 0, "nothing was made");

    let mut command = server.space.command(
        server.prefix.program("kea-dhcp4"),
        ["-X".into(), "-c".into(), server.config_file().into_os_string()],
    );
    server.spawn(&mut command);
    let socket = tmp.join("kea4-ctrl-socket");
    until("it answers", || {
        harness::unix(&socket, br#"{ "command": "version-get" }"#).is_ok_and(|a| a.contains("\"result\": 0"))
    });
    let mut dialog = harness::Dialog::new(&relay, site::RELAY, site::SERVER);
    let client = base::HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).expect("six octets");
    let lease = dialog.lease(&client, &[]).expect("a lease");
    assert!(harness::stored_leases(&tmp.join("leases4.csv")).contains_key(&lease.yiaddr));
    let log = fs::read_to_string(tmp.join("kea-dhcp4.log")).expect("the log");
    assert!(log.contains("DHCP4_STARTED"), "{log}");

    // The agent on every address without authentication: the same.
    let agent = json!({ "Control-agent": { "http-host": "0.0.0.0", "http-port": 8080, "control-sockets": {
        "dhcp4": { "socket-type": "unix", "socket-name": at("kea4-ctrl-socket") } } } });
    let file = server.prefix.write_config("kea-ctrl-agent.conf", &agent.to_string());
    let program = server.prefix.program("kea-ctrl-agent");
    let refused = server.space.run(&program, ["-c".into(), file.clone().into_os_string()], "");
    assert_eq!(refused.code(), 1);
    assert!(
        refused.stderr.contains("authentication") && refused.stderr.contains("kea4-ctrl-socket"),
        "{refused:?}"
    );
    let mut command = server.space.command(&program, ["-X".into(), "-c".into(), file.into_os_string()]);
    let _agent = server.space.start("kea-ctrl-agent", &mut command);
    let body = r#"{ "command": "version-get", "service": [ "dhcp4" ] }"#;
    until("the agent forwards", || {
        let answer = relay.inside(|| harness::http("10.0.0.1:8080", "", body));
        answer.is_ok_and(|(_, body)| body.contains("\"result\": 0"))
    });
}

#[test]
fn a_server_that_needs_all_its_sockets_ends_without_them() {
    let world = World::plain();
    let prefix = world.prefix("kea");
    let run = |name: &str, retries: u32| {
        let config = json!({ "Dhcp4": {
            "interfaces-config": { "interfaces": [ "lo" ], "service-sockets-require-all": true,
                "service-sockets-max-retries": retries, "service-sockets-retry-wait-time": 200 },
            "lease-database": { "type": "memfile", "persist": false } } });
        let path = prefix.write_config(name, &config.to_string());
        let begin = std::time::Instant::now();
        let done = dhcp4(&world, &prefix, &["-p", "6767", "-c", &path.display().to_string()]);
        assert_eq!(done.code(), 1, "{done:?}");
        // Without a destination of its own, for service managers to collect.
        let log = &done.stdout;
        assert!(log.contains("DHCP4_OPEN_SOCKETS_REQUIRED") && log.contains("interface lo"), "{log}");
        assert_eq!(log.contains("DHCP4_OPEN_SOCKETS_FAILED"), retries > 0, "{log}");
        begin.elapsed()
    };
    run("all.conf", 0);
    assert!(run("again.conf", 3) >= std::time::Duration::from_millis(600));
}

#[test]
fn an_agent_without_an_address_takes_the_first_that_is_free() {
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicBool, Ordering};

    let Some(world) = World::new() else { return };
    let prefix = world.prefix("kea");
    let space = world.space("agent");
    let config = |host: &str| {
        json!({ "Control-agent": { "http-host": host, "http-port": 8080,
            "control-sockets": { "dhcp4": { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" } } } })
    };
    let file = prefix.write_config("kea-ctrl-agent.conf", &config("127.0.0.1").to_string());
    let mut command = space.command(prefix.program("kea-ctrl-agent"), ["-c".into(), file.into_os_string()]);
    let agent = space.start("kea-ctrl-agent", &mut command);
    let ask = |body: &str| space.inside(|| harness::http("127.0.0.1:8080", "", body));
    let version = r#"{ "command": "version-get" }"#;
    until("the agent answers", || ask(version).is_ok());

    // Where it is to go somebody is already, and where it was somebody gets in as it leaves.
    let taken = space.inside(|| TcpListener::bind("127.0.0.2:8080")).expect("a free port");
    let change = json!({ "command": "config-set", "arguments": config("127.0.0.2") }).to_string();
    let done = AtomicBool::new(false);
    let thief = std::thread::scope(|scope| {
        let thief = scope.spawn(|| {
            space.inside(|| {
                while !done.load(Ordering::Relaxed) {
                    if let Ok(listener) = TcpListener::bind("127.0.0.1:8080") {
                        return Some(listener);
                    }
                }
                None
            })
        });
        let (_, answer) = ask(&change).expect("an answer over the connection that was there");
        assert!(answer.contains("\"result\": 1"), "{answer}");
        done.store(true, Ordering::Relaxed);
        thief.join().expect("no panic")
    });
    let thief = thief.expect("the address was given up");
    drop(thief);
    until("the agent is back where its configuration wants it", || {
        ask(version).is_ok_and(|(_, body)| body.contains("\"result\": 0"))
    });
    drop(taken);
    drop(agent);
}

/// The unit's user and capabilities, its directories, and nothing else.
#[test]
fn a_server_needs_no_more_than_its_unit_gives() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/kea-dhcp4.service.in");
    let unit = fs::read_to_string(unit).expect("the unit");
    let said =
        |name: &str| unit.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the unit");
    let capabilities = said("AmbientCapabilities=").to_lowercase();
    let capabilities: Vec<String> =
        capabilities.split(' ').map(|name| name.replacen("cap_", "+", 1)).collect();
    let capabilities = capabilities.join(",");
    const NOBODY: &str = "65534";
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(world.directory(), open.clone()).expect("mode");
    fs::set_permissions(server.prefix.root(), open).expect("mode");
    for path in said("ReadWritePaths=").split(' ') {
        let path = server.prefix.path(path.trim_start_matches("@prefix@/"));
        world.run("chown", ["-R", &format!("{NOBODY}:{NOBODY}"), &path.display().to_string()], "");
    }
    let [inherited, ambient, bounding] = [
        format!("--inh-caps={capabilities}"),
        format!("--ambient-caps={capabilities}"),
        format!("--bounding-set=-all,{capabilities}"),
    ];
    let [user, group] = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
    let words: Vec<std::ffi::OsString> = [
        user.as_str(),
        group.as_str(),
        "--clear-groups",
        "--no-new-privs",
        inherited.as_str(),
        ambient.as_str(),
        bounding.as_str(),
    ]
    .into_iter()
    .map(Into::into)
    .chain([server.prefix.program("kea-dhcp4").into_os_string(), "-c".into(), server.config_file().into()])
    .collect();
    let mut command = server.space.command("setpriv", words);
    server.start_command(&mut command);
    assert!(server.log().contains("DHCP4_STARTING"), "{}", server.log());
    let mut dialog = harness::Dialog::new(&relay, site::RELAY, site::SERVER);
    let client = base::HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).expect("six octets");
    let lease = dialog.lease(&client, &[]).expect("a lease");
    assert!(harness::stored_leases(&server.prefix.lease_file()).contains_key(&lease.yiaddr));
    assert!(server.stop().success());
}
