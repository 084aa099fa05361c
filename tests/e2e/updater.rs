//! kea-dhcp-ddns on its own: requests in, BIND behind it, commands.

use std::net::{IpAddr, UdpSocket};

use harness::{Process, Space, Updater, World, eventually, send, until};
use ncr::{Change, ConflictResolution, Dhcid, NameChangeRequest};
use serde_json::{Value, json};

use crate::ddns::{debian, dig};

/// A secret of BIND's kind, and another one.
const SECRET: &str = "bZEG7Ow8OgAUPfLWV3aAUbZEG7Ow8OgAUPfLWV3aAUQ=";
const OTHER: &str = "LSWXnfkKZjdPJI5QxlpnfQ==";

/// Algorithms as BIND has them, with the bits that its signatures are cut to.
const ALGORITHMS: [(&str, &str, u32); 7] = [
    ("HMAC-MD5", "hmac-md5", 0),
    ("HMAC-SHA1", "hmac-sha1", 0),
    ("HMAC-SHA224", "hmac-sha224", 0),
    ("HMAC-SHA256", "hmac-sha256", 0),
    ("HMAC-SHA384", "hmac-sha384", 0),
    ("HMAC-SHA512", "hmac-sha512", 0),
    ("HMAC-SHA256", "hmac-sha256", 128),
];

struct Site {
    world: World,
    space: Space,
    updater: Updater,
    _bind: Process,
}

/// BIND with `example.com` and `2.0.192.in-addr.arpa` for everybody, and a zone `kN.test` for each of the keys `kN`.
fn site() -> Option<Site> {
    let world = World::new()?;
    let program = debian(&world, "named")?;
    let space = world.space("d2");
    space.ip("link set lo up");
    let mut config = format!(
        "options {{ directory \"{0}\"; pid-file \"{0}/named.pid\"; session-keyfile \"{0}/session.key\"; \
         listen-on port 53 {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; }};\n\
         controls {{ }};\n",
        world.directory().display()
    );
    let mut zone = |name: &str, who: &str| {
        let text = "$TTL 60\n@ IN SOA ns.example.net. admin.example.net. ( 1 60 60 60 60 )\n  IN NS ns.example.net.\n\
                    fixed IN A 192.0.2.99\n";
        let file = world.write(&format!("{name}.zone"), text);
        config += &format!(
            "zone \"{name}\" {{ type master; file \"{}\"; allow-update {{ {who}; }}; }};\n",
            file.display()
        );
    };
    zone("example.com", "127.0.0.1");
    zone("2.0.192.in-addr.arpa", "127.0.0.1");
    for at in 0..ALGORITHMS.len() {
        zone(&format!("k{at}.test"), &format!("key k{at}.test"));
    }
    for (at, (_, name, bits)) in ALGORITHMS.iter().enumerate() {
        let cut = if *bits == 0 { String::new() } else { format!("-{bits}") };
        config += &format!("key \"k{at}.test\" {{ algorithm {name}{cut}; secret \"{SECRET}\"; }};\n");
    }
    let file = world.write("named.conf", &config);
    let bind =
        space.start("named", &mut space.command(program, ["-g".into(), "-c".into(), file.into_os_string()]));
    until("BIND answers", || dig(&space, "example.com", "SOA").contains("admin"));
    let updater = world.updater(&world.prefix("d2"), &space);
    Some(Site { world, space, updater, _bind: bind })
}

const BIND: &str = "127.0.0.1";

fn plain(servers: &[&str]) -> Value {
    let servers: Vec<Value> = servers.iter().map(|server| json!({ "ip-address": server })).collect();
    json!({
        "forward-ddns": { "ddns-domains": [ { "name": "example.com.", "dns-servers": servers } ] },
        "reverse-ddns": { "ddns-domains": [ { "name": "2.0.192.in-addr.arpa.", "dns-servers": servers } ] },
    })
}

fn request(change: Change, client: u8, name: &str, last: u8) -> NameChangeRequest {
    NameChangeRequest {
        change,
        forward: true,
        reverse: true,
        fqdn: name.into(),
        address: IpAddr::from([192, 0, 2, last]),
        dhcid: Dhcid::from_octets(&[0, 1, 1, client]).expect("a DHCID"),
        lease_expires: None,
        ttl: 1234,
        conflict_resolution: ConflictResolution::CheckWithDhcid,
    }
}

impl Site {
    /// As a DHCP server sends it.
    fn ask(&self, request: &NameChangeRequest) {
        let datagram = request.encode().expect("a request");
        self.space.inside(|| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
            socket.send_to(&datagram, "127.0.0.1:53001").expect("a request leaves");
        });
    }

    fn logged(&self, text: &str) {
        until(text, || self.updater.log().contains(text));
    }
}

#[test]
fn every_algorithm_signs() {
    let Some(mut site) = site() else { return };
    let secret = site.updater.prefix.write_config("secret", &format!("{SECRET}\n"));
    let (mut keys, mut domains) = (Vec::new(), Vec::new());
    for (at, (algorithm, _, bits)) in ALGORITHMS.iter().enumerate() {
        let name = format!("k{at}.test");
        keys.push(
            json!({ "name": name, "algorithm": algorithm, "digest-bits": bits, "secret-file": secret }),
        );
        domains.push(json!({ "name": format!("{name}."), "key-name": name,
            "dns-servers": [ { "ip-address": BIND } ] }));
    }
    let mut config = json!({ "tsig-keys": keys, "forward-ddns": { "ddns-domains": domains } });
    site.updater.start(&config, &[]);
    for at in 0..ALGORITHMS.len() {
        let (name, last) = (format!("host.k{at}.test."), u8::try_from(at).expect("a small number") + 1);
        site.ask(&request(Change::Add, last, &name, last));
        until(&format!("{name} is there"), || dig(&site.space, &name, "A") == format!("192.0.2.{last}"));
        let counted = |what: &str| site.updater.statistic(&format!("key[k{at}.test.].{what}"));
        until("the update is counted", || counted("update-success") == 1);
        assert_eq!((counted("update-sent"), counted("update-error"), counted("update-timeout")), (1, 0, 0));
    }
    let sent = i64::try_from(ALGORITHMS.len()).expect("a small number");
    assert_eq!(site.updater.statistic("update-signed"), sent);
    assert_eq!(site.updater.statistic("update-unsigned"), 0);

    // Not with another secret, nor without one, nor with a name that BIND does not know.
    let wrong = site.updater.prefix.write_config("wrong", OTHER);
    config["tsig-keys"][3]["secret-file"] = json!(wrong);
    site.updater.set(&config);
    assert_eq!(site.updater.statistic("key[k3.test.].update-sent"), 0, "keys count anew");
    site.ask(&request(Change::Add, 50, "wrong.k3.test.", 50));
    site.logged("BADSIG");
    until("it is given up", || site.updater.statistic("key[k3.test.].update-error") == 3);
    site.logged("DHCP_DDNS_ADD_FAILED");
    config["forward-ddns"]["ddns-domains"][3].as_object_mut().expect("a domain").remove("key-name");
    site.updater.set(&config);
    site.ask(&request(Change::Add, 51, "none.k3.test.", 51));
    site.logged("5 (REFUSED)");
    config["tsig-keys"][3]["name"] = json!("unknown");
    config["forward-ddns"]["ddns-domains"][3]["key-name"] = json!("unknown");
    site.updater.set(&config);
    site.ask(&request(Change::Add, 52, "unknown.k3.test.", 52));
    site.logged("BADKEY");
    for name in ["wrong.k3.test", "none.k3.test", "unknown.k3.test"] {
        assert_eq!(dig(&site.space, name, "A"), "", "{name}");
    }
    let log = site.updater.log();
    assert!(!log.contains(SECRET) && !log.contains(OTHER), "no secret is logged");
    assert!(site.updater.stop().success());
}

#[test]
fn servers_stand_in_for_each_other() {
    let Some(mut site) = site() else { return };
    // One that nobody is at, one that says nothing, and BIND.
    let silent = site.space.inside(|| UdpSocket::bind("127.0.0.3:53").expect("a socket"));
    let mut config = plain(&["127.0.0.2", "127.0.0.3", BIND]);
    config["dns-server-timeout"] = json!(100);
    site.updater.start(&config, &[]);
    site.ask(&request(Change::Add, 1, "one.example.com.", 1));
    until("the name is there", || dig(&site.space, "one.example.com", "A") == "192.0.2.1");
    until("the address is there", || dig(&site.space, "1.2.0.192.in-addr.arpa", "PTR") == "one.example.com.");
    site.logged("DHCP_DDNS_ADD_SUCCEEDED");
    for (name, expected) in [
        ("update-sent", 14),
        ("update-error", 6),
        ("update-timeout", 6),
        ("update-success", 2),
        ("update-unsigned", 14),
    ] {
        assert_eq!(site.updater.statistic(name), expected, "{name}");
    }
    let log = site.updater.log();
    for id in [
        "DHCP_DDNS_FORWARD_ADD_IO_ERROR",
        "DHCP_DDNS_FORWARD_ADD_TIMEOUT",
        "DHCP_DDNS_REVERSE_REPLACE_TIMEOUT",
    ] {
        assert!(log.contains(id), "{id}");
    }
    // With nobody left the request fails, and the next one is taken.
    site.updater.set(&{
        let mut config = plain(&["127.0.0.3"]);
        config["dns-server-timeout"] = json!(50);
        config
    });
    site.ask(&request(Change::Remove, 1, "one.example.com.", 1));
    site.logged("DHCP_DDNS_REMOVE_FAILED");
    drop(silent);
    site.updater.set(&plain(&[BIND]));
    site.ask(&request(Change::Remove, 1, "one.example.com.", 1));
    until("the name is gone", || dig(&site.space, "one.example.com", "ANY").is_empty());
}

#[test]
fn names_belong_to_their_clients() {
    let Some(mut site) = site() else { return };
    site.updater.start(&plain(&[BIND]), &[]);
    let ours = |mode, request: NameChangeRequest| NameChangeRequest { conflict_resolution: mode, ..request };
    let mut failures = 0;
    let mut failed = |site: &Site, id: &str| {
        failures += 1;
        until("it is refused", || site.updater.log().matches("DHCP_DDNS_ADD_FAILED").count() == failures);
        assert!(site.updater.log().contains(id), "{id}");
    };
    let address = |name: &str| dig(&site.space, name, "A");
    site.ask(&request(Change::Add, 1, "mine.example.com.", 1));
    until("the name is there", || address("mine.example.com") == "192.0.2.1");
    let ttl = site.space.run("dig", ["+noall", "+answer", "@127.0.0.1", "mine.example.com", "A"], "").stdout;
    assert!(ttl.contains("1234"), "the time to live of the request: {ttl}");

    // The same client moves; another one is refused.
    site.ask(&request(Change::Add, 1, "mine.example.com.", 2));
    until("the name has moved", || address("mine.example.com") == "192.0.2.2");
    site.ask(&request(Change::Add, 2, "mine.example.com.", 3));
    failed(&site, "DHCP_DDNS_FORWARD_REPLACE_REJECTED");
    assert_eq!(address("mine.example.com"), "192.0.2.2");
    site.ask(&request(Change::Remove, 2, "mine.example.com.", 2));
    site.logged("DHCP_DDNS_REMOVE_SUCCEEDED");
    assert_eq!(address("mine.example.com"), "192.0.2.2", "others remove nothing");

    // Where a mark is enough, and where not even that is asked for.
    let exists = ConflictResolution::CheckExistsWithDhcid;
    site.ask(&ours(exists, request(Change::Add, 2, "mine.example.com.", 3)));
    until("the name has another owner", || address("mine.example.com") == "192.0.2.3");
    site.ask(&ours(exists, request(Change::Add, 2, "fixed.example.com.", 4)));
    failed(&site, "8 (NXRRSET)");
    assert_eq!(address("fixed.example.com"), "192.0.2.99", "what people wrote stays");
    site.ask(&ours(ConflictResolution::NoCheckWithDhcid, request(Change::Add, 2, "fixed.example.com.", 4)));
    until("the name is replaced", || address("fixed.example.com") == "192.0.2.4");
    assert_ne!(dig(&site.space, "fixed.example.com", "DHCID"), "");
    let without = ConflictResolution::NoCheckWithoutDhcid;
    site.ask(&ours(without, request(Change::Add, 3, "bare.example.com.", 5)));
    until("the name is there", || address("bare.example.com") == "192.0.2.5");
    until("the address is there", || {
        dig(&site.space, "5.2.0.192.in-addr.arpa", "PTR") == "bare.example.com."
    });
    for name in ["bare.example.com", "5.2.0.192.in-addr.arpa"] {
        assert_eq!(dig(&site.space, name, "DHCID"), "", "{name}");
    }
    site.ask(&ours(without, request(Change::Remove, 3, "bare.example.com.", 5)));
    until("the name is gone", || address("bare.example.com").is_empty());

    // Names that are in no domain, and what is no request.
    site.ask(&request(Change::Add, 3, "host.example.net.", 6));
    site.logged("DHCP_DDNS_NO_FWD_MATCH_ERROR");
    site.space.inside(|| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.send_to(b"\x00\x02{}", "127.0.0.1:53001").expect("a datagram leaves");
    });
    site.logged("DHCP_DDNS_INVALID_NCR");
    assert_eq!(site.updater.statistic("ncr-invalid"), 1);
    assert_eq!(site.updater.statistic("ncr-received"), 10);
}

/// More at once than is done at once: all are done, and those for one name in their order.
#[test]
fn a_crowd_is_served() {
    let Some(mut site) = site() else { return };
    site.updater.start(&plain(&[BIND]), &[]);
    for last in 1..=200_u8 {
        let name = format!("host-{last}.example.com.");
        site.ask(&request(Change::Add, last, &name, last));
        if last % 2 == 0 {
            site.ask(&request(Change::Remove, last, &name, last));
        }
    }
    let finished = || {
        let log = site.updater.log();
        log.matches("DHCP_DDNS_ADD_SUCCEEDED").count() + log.matches("DHCP_DDNS_REMOVE_SUCCEEDED").count()
    };
    until("all are done", || finished() == 300);
    for last in [1, 2, 99, 100, 199, 200] {
        let expected = if last % 2 == 0 { String::new() } else { format!("192.0.2.{last}") };
        assert_eq!(dig(&site.space, &format!("host-{last}.example.com"), "A"), expected);
    }
    assert_eq!(site.updater.statistic("ncr-received"), 300);
    assert_eq!(site.updater.statistic("queue-mgr-queue-full"), 0);
}

#[test]
fn commands_and_configurations() {
    let Some(mut site) = site() else { return };
    let secret = site.updater.prefix.write_config("secret", SECRET);
    let mut config = plain(&[BIND]);
    config["tsig-keys"] = json!([ { "name": "k3.test", "algorithm": "hmac-sha256", "secret-file": secret } ]);
    config["user-context"] = json!({ "site": 1 });
    site.updater.start(&config, &[]);
    let updater = &site.updater;
    let listed = updater.tell("list-commands", Value::Null).arguments;
    assert_eq!(
        listed,
        json!([
            "build-report",
            "config-get",
            "config-hash-get",
            "config-reload",
            "config-set",
            "config-test",
            "config-write",
            "list-commands",
            "shutdown",
            "statistic-get",
            "statistic-get-all",
            "statistic-reset",
            "statistic-reset-all",
            "status-get",
            "version-get",
        ])
    );
    let status = updater.tell("status-get", Value::Null);
    assert_eq!(status.at("/pid"), &json!(updater.process().pid()));

    // What is read is what was written, with its defaults; it can be set again, and the hash tells changes.
    let running = updater.tell("config-get", Value::Null);
    assert_eq!(running.at("/DhcpDdns/user-context"), &json!({ "site": 1 }));
    assert_eq!(running.at("/DhcpDdns/dns-server-timeout"), &json!(500));
    assert_eq!(running.at("/DhcpDdns/forward-ddns/ddns-domains/0/dns-servers/0/port"), &json!(53));
    assert_eq!(running.at("/DhcpDdns/tsig-keys/0/secret-file"), &json!(secret));
    assert_eq!(updater.tell("config-hash-get", Value::Null).at("/hash"), running.at("/hash"));
    let again = updater.tell("config-set", running.arguments.clone());
    assert_eq!(again.text, "Configuration applied successfully.");
    assert_eq!(again.at("/hash"), running.at("/hash"));
    assert_eq!(updater.tell("config-get", Value::Null).arguments, running.arguments);

    // What is wrong changes nothing, and says where it is.
    let mut wrong = running.arguments.clone();
    wrong["DhcpDdns"]["forward-ddns"]["ddns-domains"][0]["key-name"] = json!("gone");
    for command in ["config-test", "config-set"] {
        let refused = updater.command(command, wrong.clone()).error();
        assert!(refused.text.contains("undefined key: gone (<wire>:1:"), "{refused:?}");
    }
    let clear = json!({ "DhcpDdns": { "tsig-keys": [
        { "name": "k", "algorithm": "HMAC-MD5", "secret": SECRET } ] } });
    let refused = updater.command("config-set", clear.clone()).error();
    assert!(refused.text.contains("clear text TSIG 'secret' is NOT SECURE"), "{refused:?}");
    assert!(!refused.text.contains(SECRET));
    let bound = site.space.inside(|| UdpSocket::bind("127.0.0.1:53999").expect("a socket"));
    let mut taken = Updater::whole(&config);
    taken["port"] = json!(53999);
    let refused = updater.command("config-set", json!({ "DhcpDdns": taken })).error();
    assert!(refused.text.contains("127.0.0.1, port 53999"), "{refused:?}");
    drop(bound);
    assert_eq!(updater.tell("config-get", Value::Null).arguments, running.arguments);
    site.ask(&request(Change::Add, 1, "one.example.com.", 1));
    until("requests are taken as before", || dig(&site.space, "one.example.com", "A") == "192.0.2.1");

    // Elsewhere from now on.
    updater.set(&{
        let mut config = config.clone();
        config["port"] = json!(53002);
        config
    });
    updater.tell("statistic-reset-all", Value::Null);
    let datagram = request(Change::Add, 2, "two.example.com.", 2).encode().expect("a request");
    site.space.inside(|| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.send_to(&datagram, "127.0.0.1:53002").expect("a request leaves");
    });
    until("requests are taken there", || dig(&site.space, "two.example.com", "A") == "192.0.2.2");
    assert_eq!(updater.statistic("ncr-received"), 1);
    let all = updater.tell("statistic-get-all", Value::Null).arguments;
    assert_eq!(all.as_object().expect("a map").len(), 14, "{all}");
    assert_eq!(updater.command("statistic-remove", json!({ "name": "ncr-received" })).result, 2);

    // Files.
    let written = updater.tell("config-write", json!({ "filename": "written.conf" }));
    let text = std::fs::read_to_string(written.at("/filename").as_str().expect("a path")).expect("a file");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(file["DhcpDdns"], *updater.tell("config-get", Value::Null).at("/DhcpDdns"));
    updater.configure(&config);
    updater.reload();
    eventually("the file counts again", harness::PATIENCE, || {
        (updater.tell("config-get", Value::Null).at("/DhcpDdns/port") == &json!(53001)).then_some(())
    });
    updater.configure(&json!({ "port": 0, "nothing": 1 }));
    let refused = updater.command("config-reload", Value::Null).error();
    assert!(
        refused.text.contains("kea-dhcp-ddns.conf:") && refused.text.contains("\"nothing\""),
        "{refused:?}"
    );
    let done = site.world.run(
        site.updater.prefix.program("kea-dhcp-ddns"),
        ["-t", &site.updater.prefix.path("etc/kea/kea-dhcp-ddns.conf").display().to_string()],
        "",
    );
    assert!(done.code() == 1 && done.stderr.contains("got unexpected keyword \"nothing\""), "{done:?}");

    // Through the control agent.
    let agent = json!({ "Control-agent": { "http-host": "127.0.0.1", "http-port": 8080, "control-sockets": {
        "d2": { "socket-type": "unix", "socket-name": "kea-ddns.sock" } } } });
    let path = updater.prefix.write_config("kea-ctrl-agent.conf", &agent.to_string());
    let mut command =
        site.space.command(updater.prefix.program("kea-ctrl-agent"), ["-c".into(), path.into_os_string()]);
    let _agent = site.space.start("kea-ctrl-agent", &mut command);
    let body =
        r#"{ "command": "statistic-get", "arguments": { "name": "ncr-received" }, "service": [ "d2" ] }"#;
    eventually("the agent passes commands on", harness::PATIENCE, || {
        let answer = site.space.inside(|| harness::http("127.0.0.1:8080", "", body)).ok()?;
        answer.1.contains("\"ncr-received\"").then_some(())
    });

    // Over HTTP, for whom has the password.
    let mut open = Updater::whole(&config);
    let directory = updater.prefix.write_config("user", "admin\n").parent().expect("a directory").to_owned();
    updater.prefix.write_config("password", "1234\n");
    open["control-sockets"].as_array_mut().expect("a list").push(json!({
        "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8099,
        "authentication": { "type": "basic", "directory": directory,
                            "clients": [ { "user-file": "user", "password-file": "password" } ] } }));
    updater.tell("config-set", json!({ "DhcpDdns": open }));
    let ask = |head: &str| {
        let body = r#"{ "command": "config-hash-get" }"#;
        site.space.inside(|| harness::http("127.0.0.1:8099", head, body)).expect("an answer")
    };
    assert!(ask("").0.starts_with("HTTP/1.1 401"));
    let (head, answer) = ask("Authorization: Basic YWRtaW46MTIzNA==\r\n");
    assert!(head.starts_with("HTTP/1.1 200") && answer.contains("\"hash\""), "{head} {answer}");
    let page = |path: &str| {
        let login = if path == "metrics" { "-u admin:1234 " } else { "" };
        site.space.sh(&format!("curl -s {login}http://127.0.0.1:8099/{path}"))
    };
    assert_eq!((page("livez"), page("readyz")), ("ok\n".to_owned(), "ok\n".to_owned()));
    let metrics = page("metrics");
    let success = updater.statistic("update-success");
    for line in [
        "kea_ddns_name_change_requests_total{result=\"received\"} 1\n",
        &format!("kea_ddns_updates_total{{result=\"success\"}} {success}\n"),
        "kea_ddns_key_updates_total{key=\"k3.test.\",result=\"sent\"} 0\n",
        "kea_ddns_queue_full_total 0\n",
    ] {
        assert!(success > 0 && metrics.contains(line), "{line} in {metrics}");
    }
    open["control-sockets"][1].as_object_mut().expect("a map").remove("authentication");
    let refused = updater.command("config-set", json!({ "DhcpDdns": open })).error();
    assert!(refused.text.contains("is open to everyone"), "{refused:?}");

    // The end.
    assert_eq!(
        updater.command("shutdown", json!({ "type": "soon" })).error().text,
        "Invalid Shutdown type: soon"
    );
    let ending = send(&updater.socket(), "shutdown", json!({ "exit-value": 3, "type": "drain_first" }));
    assert_eq!(ending.text, "Shutdown initiated, type is: drain_first");
    let mut updater = site.updater;
    let status = eventually("it ends", harness::PATIENCE, || updater.ended());
    assert_eq!(status.code(), Some(3));
    // Clear text with -X only.
    updater.start(&clear["DhcpDdns"], &["-X"]);
    assert!(updater.log().contains("DHCP_DDNS_TSIG_SECRET_SECURITY_WARNING"));
    assert!(!updater.log().contains(SECRET), "no secret is logged");
    assert!(updater.stop().success());
}
