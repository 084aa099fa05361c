//! Moving servers into a configuration backend: a real server on its old file, and on what remains of it with the
//! database, says that it runs the same.

use std::collections::BTreeSet;
use std::time::Duration;

use base::Family;
use config::{Dhcp4, Dhcp6};
use harness::{Server, World, minimal, minimal6};
use serde_json::{Map, Value, json};

use super::{Store, on_every_database};

on_every_database! {
    moved4 => |store| moved(store, Family::V4);
    moved6 => |store| moved(store, Family::V6);
}

/// What a site has beside what every server has: something of each kind that goes into a database, and of what does not.
fn site(family: Family) -> Map<String, Value> {
    let site = match family {
        Family::V4 => json!({
            "valid-lifetime": 4000, "renew-timer": 900, "t1-percent": 0.45, "match-client-id": false,
            "dhcp-ddns": { "enable-updates": false }, "ddns-qualifying-suffix": "example.org.",
            "option-def": [ { "code": 230, "name": "floor", "space": "dhcp4", "type": "record", "record-types": "uint8, string" },
                            { "code": 1, "name": "room", "space": "building", "type": "string" } ],
            "option-data": [ { "name": "domain-name-servers", "data": "192.0.2.1, 192.0.2.2", "always-send": true },
                             { "name": "floor", "data": "3, third" },
                             { "code": 232, "csv-format": false, "data": "0102" } ],
            "client-classes": [ { "name": "phones", "test": "substring(option[60].hex, 0, 5) == 'phone'",
                                  "option-data": [ { "name": "tftp-server-name", "data": "192.0.2.9" } ],
                                  "next-server": "192.0.2.9" },
                                { "name": "others", "test": "not member('phones')" } ],
            "shared-networks": [ { "name": "house", "valid-lifetime": 3000, "option-data": [ { "name": "time-servers", "data": "192.0.2.3" } ],
                "subnet4": [ { "id": 1, "subnet": "10.0.1.0/24", "client-classes": [ "phones" ],
                               "pools": [ { "pool": "10.0.1.10-10.0.1.99", "option-data": [ { "name": "routers", "data": "10.0.1.1" } ] } ],
                               "reservations": [ { "hw-address": "02:00:00:00:00:01", "ip-address": "10.0.1.5", "hostname": "one" } ] },
                             { "id": 2, "subnet": "10.0.2.0/24", "user-context": { "floor": 2 } } ] } ],
            "subnet4": [ { "id": 3, "subnet": "10.0.3.0/24", "relay": { "ip-addresses": [ "10.0.3.1" ] },
                           "pools": [ { "pool": "10.0.3.0/25" } ], "min-valid-lifetime": 10, "valid-lifetime": 20,
                           "max-valid-lifetime": 30 } ],
            "reservations": [ { "hw-address": "02:00:00:00:00:02", "hostname": "two" } ]
        }),
        Family::V6 => json!({
            "preferred-lifetime": 3000, "valid-lifetime": 4000, "renew-timer": 900, "rebind-timer": 1800,
            "dhcp-ddns": { "enable-updates": false }, "ddns-generated-prefix": "host",
            "option-def": [ { "code": 230, "name": "floor", "space": "dhcp6", "type": "uint32", "array": true } ],
            "option-data": [ { "name": "dns-servers", "data": "2001:db8::1, 2001:db8::2", "never-send": false },
                             { "name": "floor", "data": "1, 2, 3" } ],
            "client-classes": [ { "name": "cable", "test": "option[16].exists", "preferred-lifetime": 500 } ],
            "shared-networks": [ { "name": "house", "rapid-commit": true,
                "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "client-classes": [ "cable" ],
                               "pools": [ { "pool": "2001:db8:1::10-2001:db8:1::99" } ],
                               "pd-pools": [ { "prefix": "2001:db8:8000::", "prefix-len": 40, "delegated-len": 56,
                                               "excluded-prefix": "2001:db8:8000::", "excluded-prefix-len": 72,
                                               "option-data": [ { "name": "sntp-servers", "data": "2001:db8::3" } ] } ],
                               "reservations": [ { "duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": [ "2001:db8:1::5" ] } ] } ] } ],
            "subnet6": [ { "id": 3, "subnet": "2001:db8:3::/64", "relay": { "ip-addresses": [ "2001:db8:3::1" ] },
                           "pools": [ { "pool": "2001:db8:3::/80" } ] } ]
        }),
    };
    site.as_object().cloned().expect("a map")
}

/// Where two configurations differ, as `config-get` shows them: what comes from a database is shown without what it
/// inherits, so each is read, and what that makes is compared.
fn differences<P: migrate::Protocol>(old: &Value, new: &Value) -> Vec<String> {
    let read = |config: &Value| {
        let mut config = config.clone();
        for name in ["config-control", "hooks-libraries"] {
            config.as_object_mut().expect("a map").remove(name);
        }
        let value =
            json::parse_command(config.to_string().as_bytes(), json::Limits::default()).expect("JSON");
        let (written, errors) = P::parse(value);
        assert!(errors.is_empty(), "{errors:?}");
        written
    };
    migrate::differences(&read(old), &read(new))
}

/// Numbers of all subnets, those of networks too.
fn subnet_ids(config: &Value, keyword: &str) -> BTreeSet<u64> {
    let networks = config["shared-networks"].as_array().into_iter().flatten();
    let lists = networks.chain([config]).filter_map(|holder| holder[keyword].as_array());
    lists.flatten().filter_map(|subnet| subnet["id"].as_u64()).collect()
}

fn moved(store: &Store, family: Family) {
    let Some(world) = World::new() else { return };
    let admin = world.prefix("admin").program("kea-admin");
    let words = store.words();
    if matches!(store, Store::Sqlite(_)) {
        let made = world.run(&admin, [&["db-init".to_owned()], &words[..]].concat(), "");
        assert_eq!(made.code(), 0, "{made:?}");
    }
    let mut servers: Vec<(&str, Server, Value)> = Vec::new();
    let mut files = Vec::new();
    for tag in ["hq", "branch"] {
        let space = world.space(tag);
        space.bridge("lan");
        let (mut server, mut config) = match family {
            Family::V4 => (world.server(tag, &space), minimal(tag, &["lan"], "")),
            Family::V6 => (world.server6(tag, &space), minimal6(tag, &["lan"], "")),
        };
        if let Store::Sqlite(directory) = store {
            server.environment.push(("KEA_DHCP_DATA_DIR", directory.path().to_owned()));
            config["lease-database"]["name"] = json!(format!("{tag}.csv"));
        }
        let map = config.as_object_mut().expect("a map");
        map.remove("config-control");
        map.remove("hooks-libraries");
        map.extend(site(family));
        // What the two do not share.
        map.insert("valid-lifetime".to_owned(), json!(if tag == "hq" { 4000 } else { 5000 }));
        server.configure(&config);
        server.start();
        let old = server.config();
        assert!(server.stop().success(), "{}", server.log());
        files.push(format!("{tag}={}", server.config_file().display()));
        servers.push((tag, server, old));
    }
    let out = world.directory().join("moved");
    let mut line = vec!["config-import".to_owned()];
    line.extend(words);
    // Servers reach it from other namespaces.
    if let (Store::Server(backend), Some(host)) = (store, line.iter().position(|word| word == "-h")) {
        line[host + 1] = backend.database.socket.display().to_string();
    }
    line.extend(["-o".to_owned(), out.display().to_string(), "-y".to_owned()]);
    if family == Family::V6 {
        line.push("-6".to_owned());
    }
    line.extend(files);
    let done = world.run_with(&admin, line, "", &[], Duration::from_secs(60));
    assert_eq!(done.code(), 0, "{done:?}");
    for (tag, mut server, old) in servers {
        let file = out.join(tag).join(server.config_file().file_name().expect("a name"));
        let text = std::fs::read_to_string(&file).expect("what remains of the file");
        let whole: Value = serde_json::from_str(&text).expect("JSON");
        let remains = whole.as_object().and_then(|map| map.values().next()).expect("one map");
        assert!(remains.get("option-data").is_none_or(|list| *list == json!([])), "{text}");
        server.configure(remains);
        server.start();
        let new = server.config();
        assert_eq!(new["config-control"]["config-databases"][0]["type"], store.name());
        let different = match family {
            Family::V4 => differences::<Dhcp4>(&old, &new),
            Family::V6 => differences::<Dhcp6>(&old, &new),
        };
        assert_eq!(different, [""; 0], "{tag}");
        // That is no comparison of nothing.
        let subnets =
            |config: &Value| subnet_ids(config, if family == Family::V4 { "subnet4" } else { "subnet6" });
        assert_eq!(subnets(&new), subnets(&old), "{tag}");
        assert!(subnets(&new).len() > 1, "{new}");
        assert!(server.stop().success());
    }
    let left: Vec<_> = std::fs::read_dir(out.join("hq")).expect("a directory").collect();
    assert_eq!(left.len(), 1, "nothing else is left: {left:?}");
}
