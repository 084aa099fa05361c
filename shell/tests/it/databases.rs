//! kea-admin on real database servers: its own databases, and those that Debian's Kea 2.2.0 made.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use testdb::{Database, Kind, Server, difference, shared};

const DEBIAN: &str = "/usr/sbin/kea-admin";
const PASSWORD: &str = "KEA_ADMIN_DB_PASSWORD";

fn name(kind: Kind) -> &'static str {
    if kind == Kind::MariaDb { "mysql" } else { "pgsql" }
}

/// The newest version of the schema, and that of Kea 2.2.0.
fn versions(kind: Kind) -> (&'static str, &'static str) {
    if kind == Kind::MariaDb { ("35.0", "14.0") } else { ("34.0", "13.0") }
}

struct Out {
    code: i32,
    text: String,
}

fn run(program: &str, command: &str, database: &Database, more: &[&str]) -> Out {
    let output = Command::new(program)
        .arg(command)
        .arg(name(database.kind))
        .args([
            "-h",
            &database.host,
            "-P",
            &database.port.to_string(),
            "-u",
            &database.user,
            "-n",
            &database.name,
        ])
        .args(more)
        .env(PASSWORD, &database.password)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        if program == DEBIAN { String::new() } else { String::from_utf8_lossy(&output.stderr).into_owned() }
    );
    assert!(!text.contains(&format!("password={}", database.password)), "{text}");
    Out { code: output.status.code().unwrap(), text }
}

fn ours(command: &str, database: &Database, more: &[&str]) -> Out {
    run(env!("CARGO_BIN_EXE_kea-admin"), command, database, more)
}

fn well(out: Out) -> String {
    assert_eq!(out.code, 0, "{}", out.text);
    out.text
}

/// A new database with the tables of Kea 2.2.0, whose `db-init` of MySQL forgets the port.
fn debian(server: &Server) -> Database {
    let database = server.database();
    let socket = format!("--socket={}", database.socket.display());
    let more: &[&str] =
        if database.kind == Kind::MariaDb { &["-h", "localhost", "-x", &socket] } else { &[] };
    well(run(DEBIAN, "db-init", &database, more));
    database
}

#[test]
fn databases_of_our_own() {
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        let server = shared(kind);
        let database = server.database();
        let (newest, _) = versions(kind);
        let out = ours("db-version", &database, &[]);
        assert!(out.code == 1 && out.text.contains("Failed to get schema version"), "{}", out.text);
        let text = well(ours("db-init", &database, &[]));
        assert!(
            text.contains(&format!("Schema version reported after initialization: {newest}\n")),
            "{text}"
        );
        let text = well(ours("db-version", &database, &[]));
        assert!(text.ends_with(&format!("{newest}\n")), "{text}");
        assert!(well(run(DEBIAN, "db-version", &database, &[])).contains(newest), "Kea's own tool reads it");
        let out = ours("db-init", &database, &[]);
        let code = if kind == Kind::MariaDb { 1 } else { 2 };
        assert!(out.code == code && out.text.contains("Expected empty database "), "{}", out.text);
        assert!(out.text.contains("\n        dhcp4_audit\n"), "{}", out.text);
        let text = well(ours("db-upgrade", &database, &[]));
        assert!(text.contains(&format!("after upgrade: {newest}\n")), "{text}");

        let out = ours("db-version", &database, &["-p", "wrong-password"]);
        assert!(out.code == 1 && !out.text.contains("wrong-password"), "{}", out.text);
        server.sql(&database.name, "UPDATE schema_version SET version = 12");
        let out = ours("db-upgrade", &database, &[]);
        assert!(
            out.code == 1 && out.text.contains("upgrade it with the kea-admin of Kea first"),
            "{}",
            out.text
        );
    }
}

const FILLED: &str = "
INSERT INTO dhcp4_server (tag, description, modification_ts) VALUES ('hq', 'x', CURRENT_TIMESTAMP);
INSERT INTO dhcp4_global_parameter (name, value, parameter_type, modification_ts) VALUES
  ('ddns-use-conflict-resolution', '0', 2, CURRENT_TIMESTAMP), ('reservation-mode', 'global', 4, CURRENT_TIMESTAMP),
  ('dhcp-ddns.generated-prefix', 'x', 4, CURRENT_TIMESTAMP), ('valid-lifetime', '77', 0, CURRENT_TIMESTAMP);
INSERT INTO dhcp4_shared_network (name, client_class, require_client_classes, modification_ts)
  VALUES ('net', 'a \"b\"', '[ \"r\" ]', CURRENT_TIMESTAMP);
INSERT INTO dhcp4_subnet (subnet_id, subnet_prefix, shared_network_name, client_class, modification_ts)
  VALUES (7, '192.0.2.0/24', 'net', 'foo', CURRENT_TIMESTAMP), (8, '192.0.3.0/24', NULL, NULL, CURRENT_TIMESTAMP);
INSERT INTO dhcp6_subnet (subnet_id, subnet_prefix, client_class, modification_ts)
  VALUES (9, '2001:db8::/32', 'bar', CURRENT_TIMESTAMP);
INSERT INTO dhcp6_pd_pool (prefix, prefix_length, delegated_prefix_length, subnet_id, excluded_prefix_length,
  client_class, modification_ts) VALUES ('2001:db8:1::', 48, 64, 9, 0, 'baz', CURRENT_TIMESTAMP);
INSERT INTO dhcp4_option_def (code, name, space, type, is_array, encapsulate, record_types, modification_ts)
  VALUES (222, 'rec', 'dhcp4', 17, FALSE, '', '[ 6, 14 ]', CURRENT_TIMESTAMP);
";

const CONTENT: &[(&str, &str)] = &[
    (
        "SELECT name, value FROM dhcp4_global_parameter ORDER BY name",
        "ddns-conflict-resolution-mode\tno-check-with-dhcid\nreservations-global\t1\nvalid-lifetime\t77\n",
    ),
    (
        "SELECT client_classes, evaluate_additional_classes FROM dhcp4_shared_network",
        "[ \"a \\\"b\\\"\" ]\t[ \"r\" ]\n",
    ),
    (
        "SELECT subnet_id, client_classes FROM dhcp4_subnet WHERE client_classes IS NOT NULL",
        "7\t[ \"foo\" ]\n",
    ),
    ("SELECT client_classes FROM dhcp6_subnet", "[ \"bar\" ]\n"),
    ("SELECT client_classes FROM dhcp6_pd_pool", "[ \"baz\" ]\n"),
    ("SELECT type FROM dhcp4_option_def", "254\n"),
    ("SELECT client_classes FROM dhcp4_options", "[  ]\n"),
    ("SELECT COUNT(*) FROM dhcp4_audit WHERE modification_type = 1", "0\n"),
    (
        "SELECT subnet_id, pool_id, state, leases FROM lease4_pool_stat ORDER BY state",
        "7\t0\t0\t1\n7\t0\t1\t1\n",
    ),
    ("SELECT lease_type, state, leases FROM lease6_stat", "0\t0\t1\n"),
    ("SELECT lease_type, state, leases FROM lease6_pool_stat", "0\t0\t1\n"),
];

/// What the 2.2.0 release of Kea would have stored, by kind.
fn fill(server: &Server, database: &Database) {
    let (revision, leases) = match database.kind {
        Kind::MariaDb => (
            "CALL createAuditRevisionDHCP4(NOW(), 'all', 'filled', 0); CALL createAuditRevisionDHCP6(NOW(), 'all', 'filled', 0);",
            "INSERT INTO lease4 (address, hwaddr, valid_lifetime, expire, subnet_id, state) VALUES
               (3221225994, 0x020000000001, 3600, NOW(), 7, 0), (3221225995, NULL, 3600, NOW(), 7, 1);
             INSERT INTO lease6 (address, duid, valid_lifetime, expire, subnet_id, lease_type, prefix_len, state)
               VALUES ('2001:db8::5', 0x00, 3600, NOW(), 9, 0, 128, 0);
             INSERT INTO hosts (host_id, dhcp_identifier, dhcp_identifier_type, dhcp6_subnet_id) VALUES (3, 0x01, 1, 9);
             INSERT INTO ipv6_reservations (address, host_id) VALUES ('2001:db8::99', 3);
             INSERT INTO dhcp4_options (code, value, scope_id, dhcp4_subnet_id) VALUES (6, 0xC0000201, 1, 7);",
        ),
        Kind::PostgreSql => (
            "SELECT createAuditRevisionDHCP4(now(), 'all', 'filled', false);
             SELECT createAuditRevisionDHCP6(now(), 'all', 'filled', false);",
            "INSERT INTO lease4 (address, hwaddr, valid_lifetime, expire, subnet_id, state) VALUES
               (3221225994, '\\x020000000001', 3600, now(), 7, 0), (3221225995, NULL, 3600, now(), 7, 1);
             INSERT INTO lease6 (address, duid, valid_lifetime, expire, subnet_id, lease_type, prefix_len, state)
               VALUES ('2001:db8::5', '\\x00', 3600, now(), 9, 0, 128, 0);
             INSERT INTO hosts (host_id, dhcp_identifier, dhcp_identifier_type, dhcp6_subnet_id) VALUES (3, '\\x01', 1, 9);
             INSERT INTO ipv6_reservations (address, host_id) VALUES ('2001:db8::99', 3);
             INSERT INTO dhcp4_options (code, value, scope_id, dhcp4_subnet_id) VALUES (6, '\\xC0000201', 1, 7);",
        ),
    };
    server.sql(&database.name, &format!("{revision}{FILLED}{leases}"));
    // What filling touched is not what upgrading touches.
    server.sql(&database.name, "DELETE FROM dhcp4_audit");
}

#[test]
fn databases_of_kea_2_2_are_upgraded_with_their_data() {
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        let server = shared(kind);
        let (newest, old) = versions(kind);
        let database = debian(server);
        fill(server, &database);

        // A lease that can not become binary: the step to it fails, and the next call goes on there.
        let (broken, mended, step) = match kind {
            Kind::MariaDb => (
                "UPDATE ipv6_reservations SET address = 'nonsense'",
                "UPDATE ipv6_reservations SET address = '2001:db8::99'",
                ("19.0", "18.0"),
            ),
            Kind::PostgreSql => (
                "UPDATE ipv6_reservations SET address = 'nonsense'",
                "UPDATE ipv6_reservations SET address = '2001:db8::99'",
                ("18.0", "17.0"),
            ),
        };
        server.sql(&database.name, broken);
        let out = ours("db-upgrade", &database, &[]);
        let text = format!("the step to version {} failed, the schema is at version {}", step.0, step.1);
        assert!(out.code == 1 && out.text.contains(&text), "{}", out.text);
        assert!(well(ours("db-version", &database, &[])).ends_with(&format!("{}\n", step.1)));
        server.sql(&database.name, mended);

        let text = well(ours("db-upgrade", &database, &[]));
        assert!(text.contains(&format!("before upgrade: {}\n", step.1)), "{old}: {text}");
        assert!(text.contains(&format!("after upgrade: {newest}\n")), "{text}");

        let fresh = server.database();
        well(ours("db-init", &fresh, &[]));
        let (made, upgraded) = (server.structure(&fresh.name), server.structure(&database.name));
        let mut different = difference(&made, &upgraded);
        different.retain(|line| !line.starts_with("+ row\tdhcp4_server\t2\thq"));
        assert_eq!(different, Vec::<String>::new());

        for (query, rows) in CONTENT {
            assert_eq!(server.sql(&database.name, query).replace("\\\\", "\\"), *rows, "{kind:?} {query}");
        }
        let addresses = match kind {
            Kind::MariaDb => {
                "SELECT INET6_NTOA(address) FROM lease6 UNION ALL SELECT INET6_NTOA(address) FROM ipv6_reservations"
            }
            Kind::PostgreSql => {
                "SELECT host(address) FROM lease6 UNION ALL SELECT host(address) FROM ipv6_reservations"
            }
        };
        assert_eq!(server.sql(&database.name, addresses), "2001:db8::5\n2001:db8::99\n");
        let duid = match kind {
            Kind::MariaDb => "SELECT HEX(duid) FROM lease6",
            Kind::PostgreSql => "SELECT encode(duid, 'hex') FROM lease6",
        };
        assert_eq!(server.sql(&database.name, duid), "000000\n");
    }
}

const LEASES4: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
192.0.2.10,02:00:00:00:00:01,01:02:00:00:00:00:01,3600,1900003600,7,1,0,my.host.,0,{ \"a\": \"b&#x2cc\" },3
192.0.2.11,02:00:00:00:00:02,,4294967295,1900000000,7,0,0,,0,,0
192.0.2.12,,,3600,1900003600,7,0,0,,1,,0
";

const LEASES6: &str = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id
2001:db8::1,00:01:00:01:02:03,3600,1900003600,9,1800,0,4294967290,128,0,1,six.,02:00:00:00:00:01,0,,1,1,0
2001:db8:1::,00:01:00:01:02:04,3600,1900003600,9,1800,2,7,56,0,0,,,0,,,,4
";

#[test]
fn leases_in_and_out_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        let server = shared(kind);
        let database = server.database();
        well(ours("db-init", &database, &[]));
        for (flag, leases) in [("-4", LEASES4), ("-6", LEASES6)] {
            let input = directory.path().join("in.csv");
            let output = directory.path().join(format!("{}{flag}.csv", name(kind)));
            let (input, output) = (input.to_str().unwrap(), output.to_str().unwrap());
            std::fs::write(input, leases).unwrap();
            let text = well(ours("lease-upload", &database, &[flag, "-i", input]));
            assert!(text.contains("Successfully updated table lease"), "{text}");
            let out = ours("lease-upload", &database, &[flag, "-i", input]);
            assert!(out.code == 1 && out.text.contains("nothing was changed"), "{}", out.text);
            well(ours("lease-dump", &database, &[flag, "-o", output]));
            assert_eq!(std::fs::read_to_string(output).unwrap(), leases, "{kind:?}");
            let out = ours("lease-dump", &database, &[flag, "-o", output]);
            assert!(out.code == 1 && out.text.contains("aborted by user"), "{}", out.text);
            well(ours("lease-dump", &database, &[flag, "-o", output, "-y"]));
        }
        // Damaged rows are no leases: nothing goes in.
        let input = directory.path().join("bad.csv");
        std::fs::write(&input, format!("{LEASES4}192.0.2.300,,,1,2,3,0,0,,0,,0\n")).unwrap();
        let out = ours("lease-upload", &database, &["-4", "-i", input.to_str().unwrap()]);
        assert!(out.code == 1 && out.text.contains("1 row(s) can not be read"), "{}", out.text);

        let counters = "SELECT * FROM lease4_stat ORDER BY state; SELECT * FROM lease6_stat ORDER BY lease_type;
                        SELECT * FROM lease4_pool_stat ORDER BY pool_id, state; SELECT * FROM lease6_pool_stat ORDER BY lease_type;";
        let counted = server.sql(&database.name, counters);
        assert_eq!(
            counted,
            "7\t0\t2\n7\t1\t1\n9\t0\t0\t1\n9\t2\t0\t1\n7\t0\t0\t1\n7\t0\t1\t1\n7\t3\t0\t1\n9\t0\t0\t0\t1\n9\t4\t2\t0\t1\n"
        );
        server.sql(&database.name, "UPDATE lease4_stat SET leases = 99; DELETE FROM lease6_pool_stat");
        well(ours("stats-recount", &database, &[]));
        assert_eq!(server.sql(&database.name, counters), counted);

        for (more, text) in [
            (&["-o", "x"][..], "lease-dump: lease type ( -4 or -6 ) needs to be specified"),
            (&["-4"], "you must specify an output file for lease-dump"),
        ] {
            let out = ours("lease-dump", &database, more);
            assert!(out.code == 1 && out.text.contains(text), "{}", out.text);
        }
    }
}

#[test]
fn wiped_databases_keep_their_schema() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        let server = shared(kind);
        let database = server.database();
        well(ours("db-init", &database, &[]));
        let fresh = server.structure(&database.name);
        server.sql(
            &database.name,
            "INSERT INTO dhcp4_audit_revision (modification_ts, server_id) VALUES (CURRENT_TIMESTAMP, 1);
             INSERT INTO dhcp4_subnet (subnet_id, subnet_prefix, modification_ts) VALUES (1, '10.0.0.0/8', CURRENT_TIMESTAMP);"
                .replace("INSERT INTO dhcp4_subnet", if kind == Kind::MariaDb { "SET @audit_revision_id = 1; INSERT INTO dhcp4_subnet" } else { "SET kea.audit_revision_id = 1; INSERT INTO dhcp4_subnet" }).as_str(),
        );
        let wipe = |version: &str| {
            let mut command = Command::new("sh");
            command.arg(scripts.join(name(kind)).join("wipe_data.sh")).arg(version);
            match kind {
                Kind::MariaDb => {
                    command.args(["-N", "-B", "--no-defaults"].into_iter().skip(2));
                    command.arg("--socket").arg(&database.socket);
                    command.arg(format!("-u{}", database.user)).arg(format!("-p{}", database.password));
                    command.arg(&database.name);
                }
                Kind::PostgreSql => {
                    command.env("PGPASSWORD", &database.password).arg("-h").arg(&database.socket);
                    command.args([
                        "-p",
                        &database.port.to_string(),
                        "-U",
                        &database.user,
                        "-d",
                        &database.name,
                    ]);
                }
            }
            command.output().unwrap()
        };
        let refused = wipe("7.0");
        assert!(String::from_utf8_lossy(&refused.stdout).contains("wrong schema version"), "{refused:?}");
        let wiped = wipe(versions(kind).0);
        assert!(wiped.status.success(), "{wiped:?}");
        assert_eq!(server.sql(&database.name, "SELECT COUNT(*) FROM dhcp4_subnet"), "0\n");
        assert_eq!(server.sql(&database.name, "SELECT COUNT(*) FROM dhcp4_audit"), "0\n");
        assert_eq!(difference(&fresh, &server.structure(&database.name)), Vec::<String>::new());
    }
}

const HQ: &str = r#"{ "Dhcp4": { "server-tag": "hq", "valid-lifetime": 3600, "interfaces-config": { "interfaces": [ "eth0" ] },
  "option-data": [ { "name": "domain-name-servers", "data": "192.0.2.53" } ],
  "client-classes": [ { "name": "phones", "test": "option[60].text == 'phone'" } ],
  "shared-networks": [ { "name": "floor", "subnet4": [ { "id": 1, "subnet": "10.0.1.0/24", "client-classes": [ "phones" ],
    "pools": [ { "pool": "10.0.1.10 - 10.0.1.99", "option-data": [ { "name": "routers", "data": "10.0.1.1" } ] } ],
    "reservations": [ { "hw-address": "02:00:00:00:00:02", "ip-address": "10.0.1.5" } ] } ] } ],
  "subnet4": [ { "id": 2, "subnet": "10.0.2.0/24", "t1-percent": 0.25, "user-context": { "a": [ 1 ] } } ] } }"#;

#[test]
fn configurations_move_into_every_database_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("hq.conf"), HQ).unwrap();
    std::fs::write(
        at("remote.conf"),
        HQ.replace("\"hq\"", "\"remote\"")
            .replace("10.0.2.0/24", "10.0.3.0/24")
            .replace("\"id\": 2", "\"id\": 3"),
    )
    .unwrap();
    let admin = |arguments: &[String]| -> Out {
        let output = Command::new(env!("CARGO_BIN_EXE_kea-admin"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Out {
            code: output.status.code().unwrap(),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
        }
    };
    let sqlite = vec!["sqlite".to_owned(), "-n".to_owned(), at("kea.db")];
    let mut databases = vec![sqlite];
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        let database = shared(kind).database();
        well(ours("db-init", &database, &[]));
        let port = database.port.to_string();
        let reach = [
            name(kind),
            "-h",
            &database.host,
            "-P",
            &port,
            "-u",
            &database.user,
            "-p",
            &database.password,
            "-n",
            &database.name,
        ];
        databases.push(reach.map(str::to_owned).to_vec());
    }
    for database in databases {
        let out = at(&format!("out-{}", database[0]));
        let command = |verb: &str, more: &[&str]| {
            let mut arguments = vec![verb.to_owned()];
            arguments.extend(database.iter().cloned());
            arguments.extend(["-o".to_owned(), out.clone()]);
            arguments.extend(more.iter().map(|more| (*more).to_owned()));
            arguments
        };
        let files = [at("hq.conf"), at("remote.conf")];
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let text = well(admin(&command("config-import", &[&["--dry-run"], &files[..]].concat())));
        assert!(text.contains("With the server tag all:\n  1 global parameter: valid-lifetime\n"), "{text}");
        let refused = admin(&command("config-import", &files));
        assert!(refused.code == 1 && refused.text.contains("aborted by user"), "{}", refused.text);
        let text = well(admin(&command("config-import", &[&["-y"], &files[..]].concat())));
        assert!(text.contains("every server gets what it had"), "{text}");
        assert!(!text.contains("keatest\""), "{text}");
        let left = std::fs::read_to_string(Path::new(&out).join("hq/hq.conf")).unwrap();
        assert!(left.contains("\"reservations\"") && left.contains("\"config-databases\""), "{left}");
        let library =
            config::database_libraries(if database[0] == "pgsql" { "postgresql" } else { &database[0] });
        assert!(
            left.contains("\"libdhcp_cb_cmds.so\"") && library.iter().take(1).all(|it| left.contains(it)),
            "{left}"
        );
        assert!(!left.contains("valid-lifetime") && !left.contains("phones"), "{left}");
        let again = admin(&command("config-import", &[&["-y"], &files[..]].concat()));
        assert!(again.code == 1 && again.text.contains("knows server 'hq' already"), "{}", again.text);

        // The way back: from what remains, the whole again.
        let back = at(&format!("back-{}", database[0]));
        let mut arguments = command("config-export", &[]);
        *arguments.iter_mut().find(|argument| **argument == out).unwrap() = back.clone();
        arguments.push(format!("hq={out}/hq/hq.conf"));
        well(admin(&arguments));
        let check = admin(&[
            "config-import".to_owned(),
            "sqlite".to_owned(),
            "--dry-run".to_owned(),
            format!("a={}", at("hq.conf")),
            format!("b={back}/hq/hq.conf"),
        ]);
        let text = well(check);
        assert!(
            !text.contains("With the server tag a:") && !text.contains("With the server tag b:"),
            "{text}"
        );
    }
}

/// Passes octets on to a server until a client says COMMIT: that arrives, or not, and no answer comes back. Before it says
/// that to PostgreSQL, it has it prepared.
fn cut_at_commit(kind: Kind, port: u16, arrives: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) =
                (client.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let cut = Arc::new(AtomicBool::new(false));
            let is_cut = Arc::clone(&cut);
            std::thread::spawn(move || {
                let mut octets = [0; 65536];
                // A server that cannot answer would not go on.
                while let Ok(length @ 1..) = answers.read(&mut octets) {
                    if !is_cut.load(Ordering::SeqCst) && back.write_all(&octets[..length]).is_err() {
                        return;
                    }
                }
            });
            std::thread::spawn(move || {
                let mut octets = [0; 65536];
                // How the statement is called from then on.
                let mut word = b"COMMIT".to_vec();
                let mut prepared = kind == Kind::MariaDb;
                while let Ok(length @ 1..) = client.read(&mut octets) {
                    let said = &octets[..length];
                    let found = said.windows(word.len()).position(|some| some == word);
                    let last = prepared && found.is_some();
                    if let Some(found) = found.filter(|_| !prepared) {
                        let before = said[..found].strip_suffix(b"\0").unwrap();
                        // Behind the last octet of the length.
                        let name = before.rsplit(|octet| *octet == 0).next().unwrap();
                        word = [b"\0", &name[1..], b"\0"].concat();
                        prepared = true;
                    }
                    if last {
                        cut.store(true, Ordering::SeqCst);
                        client.shutdown(Shutdown::Both).unwrap();
                    }
                    if !last || arrives {
                        server.write_all(said).unwrap();
                    }
                    if last {
                        // What it was told it does before it finds out that nobody waits.
                        let _ = server.shutdown(Shutdown::Write);
                        return;
                    }
                }
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    own
}

#[test]
fn what_remains_of_files_is_kept_when_nobody_knows_whether_the_database_has_the_rest() {
    for (kind, arrives) in [(Kind::MariaDb, true), (Kind::PostgreSql, true), (Kind::MariaDb, false)] {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("hq.conf"), HQ).unwrap();
        let mut database = shared(kind).database();
        well(ours("db-init", &database, &[]));
        let straight = database.port;
        let (file, out) = (at("hq.conf"), at("out"));
        let import = ["-y", "-o", &out, &file];
        database.port = cut_at_commit(kind, straight, arrives);
        let lost = ours("config-import", &database, &import);
        assert!(
            lost.code == 1 && lost.text.contains("whether the change was stored is not known"),
            "{}",
            lost.text
        );
        let draft = Path::new(&out).join("hq/hq.conf.new");
        assert!(lost.text.contains(&format!("is in {}", draft.display())), "{}", lost.text);
        assert!(std::fs::read_to_string(&draft).unwrap().contains("\"config-databases\""));
        database.port = straight;
        // Whatever it was told, the database has done it by then.
        std::thread::sleep(std::time::Duration::from_millis(500));
        let again = ours("config-import", &database, &import);
        if arrives {
            assert!(again.code == 1 && again.text.contains("knows server 'hq' already"), "{}", again.text);
        } else {
            well(again);
            assert!(!draft.exists());
        }
    }
}

const HQ6: &str = r#"{ "Dhcp6": { "server-tag": "hq", "preferred-lifetime": 1800, "interfaces-config": { "interfaces": [ "eth0" ] },
  "option-data": [ { "name": "dns-servers", "data": "2001:db8::53" } ],
  "client-classes": [ { "name": "routers", "test": "option[17].exists" } ],
  "shared-networks": [ { "name": "floor", "interface-id": "port-7", "rapid-commit": true, "subnet6": [
    { "id": 1, "subnet": "2001:db8:1::/64", "client-classes": [ "routers" ],
      "pools": [ { "pool": "2001:db8:1::/80", "option-data": [ { "name": "domain-search", "data": "a.example" } ] } ],
      "pd-pools": [ { "prefix": "2001:0db8:8::", "prefix-len": 48, "delegated-len": 56,
                      "excluded-prefix": "2001:db8:8:0::", "excluded-prefix-len": 64 } ],
      "reservations": [ { "duid": "01:02:03:04", "ip-addresses": [ "2001:db8:1::5" ] } ] } ] } ],
  "subnet6": [ { "id": 2, "subnet": "2001:db8:2::/64", "t1-percent": 0.25, "pools": [ { "pool": "2001:db8:2::1 - 2001:db8:2::ff" } ] } ] } }"#;

#[test]
fn configurations_of_dhcpv6_move_and_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("hq.conf"), HQ6).unwrap();
    std::fs::write(
        at("remote.conf"),
        HQ6.replace("\"hq\"", "\"remote\"")
            .replace("2001:db8:2:", "2001:db8:3:")
            .replace("\"id\": 2", "\"id\": 3"),
    )
    .unwrap();
    let admin = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kea-admin"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (database, out, back) = (at("kea.db"), at("out"), at("back"));
    let reach = ["sqlite", "-6", "-n", &database, "-y", "-o"];
    let (hq, remote) = (at("hq.conf"), at("remote.conf"));
    let text = admin(&[&["config-import"], &reach[..], &[&out, &hq, &remote]].concat());
    assert!(text.contains("1 subnet: 1 (2001:db8:1::/64)") && text.contains("every server gets"), "{text}");
    let left = std::fs::read_to_string(Path::new(&out).join("hq/hq.conf")).unwrap();
    assert!(left.contains("2001:db8:1::5") && !left.contains("pd-pools"), "{left}");
    let from = format!("hq={out}/hq/hq.conf");
    admin(&[&["config-export"], &reach[..], &[&back, &from]].concat());
    let (a, b) = (format!("a={hq}"), format!("b={back}/hq/hq.conf"));
    let text = admin(&["config-import", "sqlite", "-6", "--dry-run", &a, &b]);
    assert!(!text.contains("With the server tag a:") && !text.contains("With the server tag b:"), "{text}");
}

/// What tables of Kea 2.2.0 can not hold, or servers of that release can not read, beside what they can.
const NEW: &str = r#"{ "Dhcp4": { "server-tag": "old", "valid-lifetime": 700, "dhcp-ddns": { "enable-updates": false },
  "allocator": "random",
  "option-def": [ { "name": "foo", "code": 222, "type": "record", "record-types": "uint8, ipv4-address" } ],
  "option-data": [ { "name": "foo", "data": "7, 192.0.2.9" } ],
  "shared-networks": [ { "name": "LONG", "subnet4": [ { "id": 5, "subnet": "10.0.5.0/24" } ] } ],
  "subnet4": [ { "id": 1, "subnet": "10.0.1.0/24", "valid-lifetime": 4294967295 },
               { "id": 2, "subnet": "10.0.2.0/24", "ddns-ttl": 9 },
               { "id": 3, "subnet": "10.0.3.0/24", "cache-max-age": 3 } ] } }"#;

#[test]
fn what_old_tables_have_no_room_for_stays_in_the_file() {
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let long = "x".repeat(129);
        std::fs::write(at("old.conf"), NEW.replace("LONG", &long)).unwrap();
        let server = shared(kind);
        let database = debian(server);
        let text = well(ours("config-import", &database, &["-y", "-o", &at("out"), &at("old.conf")]));
        let mysql = kind == Kind::MariaDb;
        for (object, stays) in [
            (
                "global parameter dhcp-ddns.enable-updates: servers of the release that the database's tables are of",
                true,
            ),
            ("global parameter allocator: servers of the release that the database's tables are of", true),
            ("subnet 2 (10.0.2.0/24): parameter 'ddns-ttl' can not be stored", true),
            (
                "subnet 1 (10.0.1.0/24): 'valid-lifetime' is 4294967295, and the database's column holds",
                mysql,
            ),
            ("subnet 5 (10.0.5.0/24): so does its shared network", true),
            ("'name' is too long: the database's column holds 128 characters", true),
            ("subnet 3", false),
        ] {
            assert_eq!(
                text.contains(&format!("  old: {object}")) || text.contains(&format!(": {object}")),
                stays,
                "{object}: {text}"
            );
        }
        let number = || server.sql(&database.name, "SELECT type FROM dhcp4_option_def");
        assert_eq!(number(), "17\n", "as Kea 2.2.0 has records");
        let export = || {
            let rest = format!("old={}/old/old.conf", at("out"));
            well(ours("config-export", &database, &["-y", "-o", &at("back"), &rest]));
            let back = std::fs::read_to_string(at("back/old/old.conf")).unwrap();
            assert!(back.contains("\"type\": \"record\"") && back.contains("uint8, ipv4-address"), "{back}");
        };
        export();
        // As this program wrote them once, and as Kea 2.6.0 does.
        for other in ["254", "18", "17"].into_iter().filter(|_| mysql) {
            let update = format!("SET @disable_audit = 1; UPDATE dhcp4_option_def SET type = {other}");
            server.sql(&database.name, &update);
            export();
        }
        well(ours("db-upgrade", &database, &[]));
        assert_eq!(number(), "254\n");
        export();
    }
}
