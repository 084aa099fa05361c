//! What the engine gets.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::common::{parse, resolve, resolve_with, value};
use base::{Family, Seconds, ServerTag, SubnetId};
use config::{ControlSocket, Element, ResolveEnv, ServerConfig4, SyncMode, Written4, builtin};

fn subnet(config: &ServerConfig4, id: u32) -> &config::Subnet4 {
    config.subnet(SubnetId(id)).unwrap()
}

fn payload(set: &config::OptionSet, code: u16) -> Vec<u8> {
    set.entries(code)[0].payload.to_vec()
}

#[test]
fn the_smallest_configuration_has_kea_s_defaults() {
    let config = resolve("").unwrap();
    let p = &config.globals;
    assert_eq!(
        (p.decline_probation_period, p.own.echo_client_id, p.own.authoritative),
        (Seconds(86400), true, false)
    );
    assert_eq!(p.dhcp4o6_port, 0);
    let s = &config.services;
    assert_eq!((s.statistic_default_sample_count, s.parked_packet_limit), (20, 256));
    assert_eq!(s.expired_leases.reclaim_timer_wait_time, 10);
    assert_eq!(s.expired_leases.hold_reclaimed_time, 3600);
    assert_eq!((s.lease_database.kind.as_str(), s.lease_database.persist), ("memfile", true));
    assert_eq!((s.lease_database.lfc_interval, s.lease_database.sync), (3600, SyncMode::Fsync));
    assert!(s.config_control.is_none() && s.control_sockets.is_empty());
    assert!(s.multi_threading.enable && !s.queue_control.enable);
    assert_eq!(s.sanity_checks.lease_checks, config::LeaseChecks::Warn);
}

#[test]
fn an_operator_who_lives_in_the_backend() {
    let config = resolve(
        r#""server-tag": "HeadQuarters",
           "interfaces-config": { "interfaces": [ "eth0/192.0.2.1", "*" ] },
           "control-socket": { "socket-type": "unix", "socket-name": "kea4.sock" },
           "config-control": { "config-databases": [ { "type": "sqlite", "name": "kea.db" } ],
                               "config-fetch-wait-time": 20 },
           "hooks-libraries": [ { "library": "libdhcp_cb_cmds.so" },
                                { "library": "/usr/lib/kea/hooks/libdhcp_mysql_cb.so", "parameters": { "a": 1 } } ],
           "lease-database": { "type": "memfile", "lfc-interval": 60, "persist-sync": "os" },
           "expired-leases-processing": { "reclaim-timer-wait-time": 5 }"#,
    )
    .unwrap();
    let s = &config.services;
    assert_eq!(s.server_tag, ServerTag::new("headquarters").unwrap());
    assert_eq!(s.interfaces.interfaces, ["eth0/192.0.2.1", "*"]);
    assert_eq!(s.control_sockets, [ControlSocket::Unix { path: "kea4.sock".to_owned() }]);
    let control = s.config_control.as_ref().unwrap();
    assert_eq!((control.fetch_wait_time, control.databases[0].name.as_str()), (20, "kea.db"));
    assert_eq!(s.hooks_libraries[1].parameters.len(), 1);
    assert_eq!(s.lease_database.sync, SyncMode::Os);
    assert_eq!(s.expired_leases.reclaim_timer_wait_time, 5);
    assert_eq!(s.expired_leases.max_reclaim_leases, 100);
}

#[test]
fn parameters_are_inherited() {
    let config = resolve(
        r#""valid-lifetime": 1000, "min-valid-lifetime": 500, "max-valid-lifetime": 2000, "renew-timer": 100,
           "next-server": "192.0.2.9", "boot-file-name": "global", "match-client-id": false, "cache-threshold": 0.5,
           "shared-networks": [ { "name": "n", "valid-lifetime": 800, "boot-file-name": "network", "interface": "eth0",
             "relay": { "ip-addresses": [ "192.0.2.1", "0.0.0.0" ] },
             "subnet4": [ { "id": 9, "subnet": "10.9.0.0/16", "rebind-timer": 7, "next-server": "0.0.0.0" },
                          { "id": 3, "subnet": "10.3.0.0/16", "valid-lifetime": 600, "min-valid-lifetime": 600,
                            "relay": { "ip-addresses": [ "192.0.2.3" ] } } ] } ],
           "subnet4": [ { "id": 5, "subnet": "10.5.0.0/16", "cache-max-age": 11, "t1-percent": 0.3,
             "boot-file-name": "", "next-server": "" } ]"#,
    )
    .unwrap();
    let life = |id: u32| {
        let l = subnet(&config, id).params.valid_lifetime;
        (l.min.0, l.default.0, l.max.0)
    };
    assert_eq!((life(9), life(3), life(5)), ((500, 800, 2000), (600, 600, 2000), (500, 1000, 2000)));
    let nine = &subnet(&config, 9).params;
    assert_eq!((nine.renew_timer, nine.rebind_timer), (Some(Seconds(100)), Some(Seconds(7))));
    assert_eq!(
        (&*nine.own.boot_file_name, nine.own.next_server, nine.own.match_client_id),
        ("network", None, false)
    );
    let five = &subnet(&config, 5).params;
    assert_eq!(
        (&*five.own.boot_file_name, five.own.next_server),
        ("global", Some(Ipv4Addr::new(192, 0, 2, 9)))
    );
    assert_eq!((five.cache_threshold, five.cache_max_age, five.t1_percent), (0.5, Some(11), 0.3));
    // Numbers in order; networks by position; relays of the network where the subnet lists none.
    assert_eq!(config.subnets.iter().map(|s| s.id.0).collect::<Vec<_>>(), [3, 5, 9]);
    let network = config.network_of(subnet(&config, 9)).unwrap();
    assert_eq!((&*network.name, &network.subnets[..]), ("n", &[2, 0][..]));
    assert_eq!(config.index.by_relay(Ipv4Addr::new(192, 0, 2, 1)), [2]);
    assert_eq!(config.index.by_relay(Ipv4Addr::new(192, 0, 2, 3)), [0]);
    assert_eq!(config.index.by_interface("eth0"), [0, 2]);
    assert_eq!(config.index.in_range(Ipv4Addr::new(10, 5, 1, 1)).collect::<Vec<_>>(), [1]);
}

#[test]
fn lifetimes_of_database_objects_stand_together() {
    let mut written =
        parse(r#""min-valid-lifetime": 100, "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "valid-lifetime": 50 } ]"#)
            .unwrap();
    let subnet = &mut written.subnets[0];
    let element = Element { server_tags: vec![ServerTag::all()], ..(*subnet.element).clone() };
    subnet.element = Arc::new(element);
    let config = config::resolve4(Arc::new(written), &ResolveEnv::default()).unwrap();
    let life = config.subnets[0].params.valid_lifetime;
    assert_eq!((life.min.0, life.default.0, life.max.0), (50, 50, 50));
}

#[test]
fn a_network_that_is_not_there() {
    let mut written = parse(r#""subnet4": [ { "id": 7, "subnet": "10.0.0.0/8" } ]"#).unwrap();
    written.subnets[0].shared_network = Some("x".to_owned());
    let errors = config::resolve4(Arc::new(written), &ResolveEnv::default()).unwrap_err();
    assert!(
        errors[0].text.starts_with(
            "Cannot assign subnet ID of 7 to shared network: x, network does not exist (f:1:27)"
        )
    );
    assert_eq!(errors[0].element(), "subnet4");
}

#[test]
fn options_are_encoded_with_their_sub_options() {
    let config = resolve(
        r#""option-def": [ { "name": "carrier", "code": 222, "type": "uint16", "encapsulate": "inner" },
                           { "name": "one", "code": 1, "type": "uint8", "space": "inner" },
                           { "name": "deep", "code": 2, "type": "empty", "space": "inner", "encapsulate": "deepest" },
                           { "name": "leaf", "code": 3, "type": "string", "space": "deepest", "encapsulate": "inner" } ],
           "option-data": [ { "name": "domain-name-servers", "data": "192.0.2.1, 192.0.2.2" },
             { "code": 222, "data": "258" }, { "name": "one", "space": "inner", "data": "7" },
             { "name": "deep", "space": "inner" }, { "name": "leaf", "space": "deepest", "data": "ab" },
             { "code": 223, "data": "0a 0b" },
             { "code": 12, "csv-format": false, "data": "0x6162" },
             { "code": 6, "data": "192.0.2.3", "client-classes": [ "c" ] },
             { "code": 15, "never-send": true },
             { "space": "vendor-4491", "code": 2, "csv-format": false, "data": "c0000201", "always-send": true },
             { "space": "vendor-25", "code": 9, "data": "ff", "csv-format": false } ],
           "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8",
             "option-data": [ { "name": "dhcp-server-identifier", "data": "192.0.2.54" } ],
             "pools": [ { "pool": "10.0.0.0/24", "option-data": [ { "code": 43, "csv-format": false, "data": "" },
               { "space": "vendor-encapsulated-options-space", "code": 4, "csv-format": false, "data": "01" } ] } ] } ]"#,
    )
    .unwrap();
    let set = &config.options;
    assert_eq!(payload(set, 6), [192, 0, 2, 1, 192, 0, 2, 2]);
    assert_eq!(set.entries(6).len(), 2);
    assert_eq!(&*set.entries(6)[1].classes, &[config.classes.id("c").unwrap()]);
    assert_eq!(payload(set, 222), [1, 2, 1, 1, 7, 2, 4, 3, 2, b'a', b'b']);
    assert_eq!(payload(set, 223), [0x0a, 0x0b]);
    assert_eq!(payload(set, 12), b"ab");
    assert!(set.entries(15)[0].never_send && set.never.contains(15));
    assert_eq!(set.vendors.iter().map(|v| v.vendor).collect::<Vec<_>>(), [25, 4491]);
    assert!(set.vendors[1].options[0].always_send);
    // Sub-options are no options of the top level.
    assert!(set.entries(1).is_empty() && set.entries(3).is_empty());
    let pool = &config.subnets[0].pools[0];
    assert_eq!(payload(&pool.options, 43), [4, 1, 1]);
    assert!(config.globals.own.server_ids.contains(&Ipv4Addr::new(192, 0, 2, 54)));
}

#[test]
fn long_sub_options_are_split() {
    let long = "61".repeat(300);
    let config = resolve(&format!(
        r#""option-def": [ {{ "name": "carrier", "code": 222, "type": "empty", "encapsulate": "inner" }} ],
           "option-data": [ {{ "code": 222 }}, {{ "space": "inner", "code": 5, "csv-format": false, "data": "{long}" }} ]"#
    ))
    .unwrap();
    let payload = payload(&config.options, 222);
    assert_eq!((payload.len(), payload[0], payload[1], payload[257], payload[258]), (304, 5, 255, 5, 45));
}

#[test]
fn spaces_within_spaces_are_bounded() {
    let mut defs = vec![r#"{ "name": "c", "code": 222, "type": "empty", "encapsulate": "s0" }"#.to_owned()];
    let mut data = vec![r#"{ "code": 222 }"#.to_owned()];
    for depth in 0..10 {
        for code in 1..20 {
            let inner = depth + 1;
            defs.push(format!(r#"{{ "name": "n{code}", "code": {code}, "type": "empty", "space": "s{depth}", "encapsulate": "s{inner}" }}"#));
            data.push(format!(r#"{{ "code": {code}, "space": "s{depth}" }}"#));
        }
    }
    let faults =
        resolve(&format!(r#""option-def": [ {} ], "option-data": [ {} ]"#, defs.join(", "), data.join(", ")));
    let faults = faults.map(|_| ()).unwrap_err();
    assert!(
        faults[0].starts_with("option 222 of space 'dhcp4' carries more than 4096 sub-options"),
        "{faults:?}"
    );
}

#[test]
fn classes_get_numbers_and_know_what_they_depend_on() {
    let config = resolve(
        r#""client-classes": [ { "name": "a", "test": "option[12].exists", "valid-lifetime": 60,
              "option-data": [ { "name": "routers", "data": "192.0.2.1" } ], "next-server": "192.0.2.7" },
            { "name": "b", "test": "member('KNOWN') and member('a')" },
            { "name": "c", "test": "not member('b')", "only-if-required": true },
            { "name": "d", "template-test": "substring(option[61].hex,0,3)" },
            { "name": "DROP", "test": "member('VENDOR_CLASS_x')" },
            { "name": "e", "option-def": [ { "name": "own", "code": 230, "type": "uint16" } ],
              "option-data": [ { "name": "own", "data": "258" } ] } ],
           "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "client-class": "a", "require-client-classes": [ "c", "c" ],
              "pools": [ { "pool": "10.0.0.0/24", "client-classes": [ "later", "b" ] } ] } ]"#,
    )
    .unwrap();
    let table = &config.classes;
    let class = |name: &str| table.get(table.id(name).unwrap()).unwrap();
    assert_eq!(
        table.configured.iter().map(|id| &*table.get(*id).unwrap().name).collect::<Vec<_>>(),
        ["a", "b", "c", "d", "DROP", "e"]
    );
    assert_eq!(table.id("DROP"), Some(builtin::DROP));
    assert!(!class("a").depends_on_known && class("b").depends_on_known && class("c").depends_on_known);
    assert!(class("c").only_in_additional_list && class("d").template_test.is_some());
    assert!(class("DROP").configured && !class("KNOWN").configured && !class("later").configured);
    assert!(table.has_vendor_classes);
    assert_eq!(class("a").next_server, Some(Ipv4Addr::new(192, 0, 2, 7)));
    assert_eq!(class("a").valid_lifetime.unwrap().max, Seconds(60));
    assert_eq!(payload(&class("a").options, 3), [192, 0, 2, 1]);
    assert_eq!(payload(&class("e").options, 230), [1, 2]);
    let subnet = &config.subnets[0];
    assert_eq!(&*subnet.client_classes, &[table.id("a").unwrap()]);
    assert_eq!(&*subnet.additional_classes, &[table.id("c").unwrap()]);
    assert_eq!(subnet.pools[0].client_classes.len(), 2);
}

#[test]
fn old_spellings_become_new_ones() {
    let written = parse(
        r#""comment": "top", "reservation-mode": "out-of-pool", "ddns-use-conflict-resolution": false,
           "dhcp-ddns": { "enable-updates": false, "override-no-update": true, "generated-prefix": "x",
                          "replace-client-name": true },
           "control-socket": { "socket-type": "unix", "socket-name": "s", "comment": "c" },
           "loggers": [ { "name": "kea-dhcp4", "severity": "debug", "output_options": [ { "output": "stdout" } ] } ],
           "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "relay": { "ip-address": "192.0.2.1" }, "client-class": "" } ]"#,
    )
    .unwrap();
    let globals = &written.globals;
    let flag = |name: &str| globals.get(name).unwrap().as_bool().unwrap();
    assert_eq!(
        (flag("reservations-global"), flag("reservations-in-subnet"), flag("reservations-out-of-pool")),
        (false, true, true)
    );
    assert_eq!(globals["ddns-conflict-resolution-mode"].as_str(), Some("no-check-with-dhcid"));
    assert_eq!(
        (flag("ddns-override-no-update"), globals["ddns-generated-prefix"].as_str()),
        (true, Some("x"))
    );
    assert_eq!(globals["ddns-replace-client-name"].as_str(), Some("when-present"));
    assert_eq!(globals["user-context"], value(r#"{ "comment": "top" }"#));
    assert_eq!(
        globals["control-sockets"],
        value(r#"[ { "socket-type": "unix", "socket-name": "s", "user-context": { "comment": "c" } } ]"#)
    );
    assert_eq!(
        globals["loggers"],
        value(
            r#"[ { "name": "kea-dhcp4", "severity": "DEBUG", "output-options": [ { "output": "stdout" } ] } ]"#
        )
    );
    assert!(!globals.contains_key("control-socket") && !globals.contains_key("comment"));
    let subnet = &written.subnets[0].element.map;
    assert_eq!(subnet["relay"], value(r#"{ "ip-addresses": [ "192.0.2.1" ] }"#));
    assert_eq!(subnet["client-classes"], value("[]"));
}

#[test]
fn secrets_in_files_and_in_clear_text() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("user"), "admin\n").unwrap();
    std::fs::write(dir.path().join("password"), "se:cret").unwrap();
    std::fs::write(dir.path().join("both"), "root:word").unwrap();
    let members = format!(
        r#""control-sockets": [ {{ "socket-type": "http", "socket-port": 8001, "http-headers": [ {{ "name": "a", "value": "b" }} ],
             "authentication": {{ "type": "basic", "directory": "{}", "clients": [
               {{ "user-file": "user", "password-file": "password" }}, {{ "password-file": "both" }} ] }} }} ]"#,
        dir.path().display()
    );
    let config = resolve(&members).unwrap();
    let ControlSocket::Http { address, port, authentication, headers, tls: None } =
        &config.services.control_sockets[0]
    else {
        panic!()
    };
    assert_eq!((address.to_string().as_str(), *port, headers.len()), ("127.0.0.1", 8001, 1));
    let authentication = authentication.as_ref().unwrap();
    assert_eq!(authentication.realm, "kea-dhcpv4-server");
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(authentication.clients, [pair("admin", "se:cret"), pair("root", "word")]);

    let clear = r#""control-sockets": [ { "socket-type": "http", "authentication": { "type": "basic",
        "clients": [ { "user": "a", "password": "b" } ] } } ]"#;
    let faults = resolve(clear).map(|_| ()).unwrap_err();
    assert!(faults[0].starts_with("use of clear text 'password' is NOT SECURE"), "{faults:?}");
    resolve_with(clear, &ResolveEnv { relaxed: true, ..ResolveEnv::default() }).unwrap();
}

#[test]
fn interfaces_are_looked_up_where_they_can_be() {
    let env = ResolveEnv { interface_exists: Some(Arc::new(|name| name == "eth0")), ..ResolveEnv::default() };
    resolve_with(r#""subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "interface": "eth0" } ]"#, &env).unwrap();
    let faults =
        resolve_with(r#""subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "interface": "eth1" } ]"#, &env)
            .map(|_| ())
            .unwrap_err();
    assert!(
        faults[0].starts_with(
            "subnet configuration failed: Specified network interface name eth1 for subnet 10.0.0.0/8 is not present in the system"
        ),
        "{faults:?}"
    );
}

#[test]
fn numbers_for_subnets_without_one() {
    let text = r#"{ "Dhcp4": { "shared-networks": [ { "name": "n", "subnet4": [ { "subnet": "10.1.0.0/16" } ] } ],
        "subnet4": [ { "subnet": "10.2.0.0/16" }, { "id": 2, "subnet": "10.3.0.0/16" }, { "id": 0, "subnet": "10.4.0.0/16" } ] } }"#;
    let env = config::ParseEnv { assign_subnet_ids: true };
    let (written, errors) = config::parse_with::<config::Dhcp4>(value(text), env);
    assert_eq!(errors, []);
    let ids: Vec<_> = written.subnets.iter().map(|s| (s.prefix.to_string(), s.id.0)).collect();
    let expected = [("10.1.0.0/16", 1), ("10.2.0.0/16", 3), ("10.3.0.0/16", 2), ("10.4.0.0/16", 4)];
    assert_eq!(ids, expected.map(|(p, id)| (p.to_owned(), id)));
    assert_eq!(config::parse4(value(text)).1.len(), 3);
}

#[test]
fn objects_one_by_one() {
    let subnet = config::parse_subnet::<config::Dhcp4>(&value(
        r#"{ "id": 5, "subnet": "10.0.0.9/24", "shared-network-name": "n", "pools": [ { "pool": "10.0.0.0/25" } ],
             "metadata": { "server-tags": [ "all" ] }, "client-class": "x" }"#,
    ))
    .unwrap();
    assert_eq!(
        (subnet.id, subnet.prefix.to_string(), subnet.shared_network.as_deref()),
        (SubnetId(5), "10.0.0.0/24".to_owned(), Some("n"))
    );
    assert!(
        !subnet.element.map.contains_key("shared-network-name")
            && !subnet.element.map.contains_key("metadata")
    );
    for none in ["null", "\"\""] {
        let text = format!(r#"{{ "id": 5, "subnet": "10.0.0.0/24", "shared-network-name": {none} }}"#);
        assert_eq!(config::parse_subnet::<config::Dhcp4>(&value(&text)).unwrap().shared_network, None);
    }
    let text = |result: Result<(), Vec<config::ConfigError>>| result.unwrap_err()[0].text.clone();
    let one = |t: &str| text(config::parse_subnet::<config::Dhcp4>(&value(t)).map(|_| ()));
    assert!(one(r#"{ "subnet": "10.0.0.0/24" }"#).contains("missing parameter 'id'"));
    assert!(
        one(r#"{ "id": 1, "subnet": "foo" }"#)
            .starts_with("subnet configuration failed: Invalid subnet syntax (prefix/len expected):foo")
    );
    assert!(
        one(r#"{ "id": 1, "subnet": "10.0.0.0/8", "t2-percent": "x" }"#)
            .starts_with("'t2-percent' parameter is not a real")
    );
    assert!(
        text(config::parse_shared_network(Family::V4, &value("{}")).map(|_| ()))
            .starts_with("missing parameter 'name'")
    );
    assert!(config::parse_shared_network(Family::V4, &value(r#"{ "name": "n", "subnet4": [] }"#)).is_ok());
    assert!(
        text(config::parse_option_def(Family::V4, &value(r#"{ "code": 222, "type": "uint8" }"#)).map(|_| ()))
            .starts_with("missing parameter 'name'")
    );
    assert!(
        text(config::parse_option_data(Family::V4, &value(r#"{ "code": "x" }"#)).map(|_| ()))
            .starts_with("'code' parameter is not an integer")
    );
    assert!(
        text(config::parse_client_class(Family::V4, &value("{}")).map(|_| ()))
            .starts_with("missing parameter 'name'")
    );
}

#[test]
fn global_parameters_of_the_backend() {
    let get =
        |name: &str, text: &str| config::parse_global(Family::V4, name, &value(text)).map_err(|e| e.text);
    assert_eq!(get("decline-probation-period", "10"), Ok(10i64.into()));
    assert_eq!(get("ddns-replace-client-name", "true"), Ok("when-present".into()));
    assert_eq!(get("expired-leases-processing.hold-reclaimed-time", "5"), Ok(5i64.into()));
    assert_eq!(get("compatibility.ignore-rai-link-selection", "true"), Ok(true.into()));
    assert_eq!(get("store-extended-info", "false"), Ok(false.into()));
    assert!(get("host-reservation-identifiers", "[ \"duid\" ]").is_ok());
    for unknown in [
        "boot-fiabcsd",
        "compatibility.unknown-parameter",
        "subnet4",
        "control-socket.socket-name",
        "dhcp-ddns",
        "server-tag",
        "lease-database.type",
    ] {
        assert_eq!(get(unknown, "1").unwrap_err(), format!("unknown parameter '{unknown}'"));
    }
    assert!(
        get("valid-lifetime", "\"x\"")
            .unwrap_err()
            .starts_with("'valid-lifetime' parameter is not an integer")
    );
    assert_eq!(get("dhcp-ddns.enable-updates", "true"), Ok(true.into()));
}

#[test]
fn objects_against_the_definitions_of_others() {
    let def =
        config::parse_option_def(Family::V4, &value(r#"{ "name": "own", "code": 222, "type": "uint16" }"#))
            .unwrap();
    let table = config::definition_table(Family::V4, &[def]).unwrap();
    let option = |text: &str| config::parse_option_data(Family::V4, &value(text)).unwrap();
    assert_eq!(config::check_options([&*option(r#"{ "name": "own", "data": "1" }"#)], &table), []);
    assert_eq!(config::check_options([&*option(r#"{ "name": "other", "data": "1" }"#)], &table).len(), 1);
    let subnet = config::parse_subnet::<config::Dhcp4>(&value(
        r#"{ "id": 1, "subnet": "10.0.0.0/8", "pools": [ { "pool": "10.0.0.0/9", "option-data": [ { "name": "own", "data": "x" } ] } ] }"#,
    ))
    .unwrap();
    assert_eq!(config::check_options([&*subnet.element], &table).len(), 1);
    let class = config::parse_client_class(
        Family::V4,
        &value(r#"{ "name": "a", "test": "option[own].exists and member('b')" }"#),
    )
    .unwrap();
    let faults = config::check_classes(&[class], &table);
    assert!(faults[0].text.contains("Not defined client class 'b'"), "{faults:?}");
}

#[test]
fn files_with_includes() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("subnets.json");
    std::fs::write(&inner, r#""subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", } ],"#).unwrap();
    let main = dir.path().join("kea.conf");
    std::fs::write(
        &main,
        format!("{{ # top\n \"Dhcp4\": {{ <?include \"{}\"?>\n \"valid-lifetime\": 5 }} }}", inner.display()),
    )
    .unwrap();
    let parsed = config::read_file(&main, "Dhcp4").unwrap();
    assert_eq!(parsed.warnings.len(), 1);
    let (written, errors): (Written4, _) = config::parse4(parsed.value);
    assert_eq!((errors.len(), written.subnets.len()), (0, 1));
    assert_eq!(written.subnets[0].element.pos.file.as_deref(), inner.to_str());
    let gone = dir.path().join("gone");
    let error = config::read_file(&gone, "Dhcp4").map(|_| ()).unwrap_err();
    assert!(error.text.starts_with(&format!("Unable to open file {}", gone.display())), "{error}");
    std::fs::write(&main, r#"{ "Dhcp6": {} }"#).unwrap();
    assert!(
        config::read_file(&main, "Dhcp4")
            .map(|_| ())
            .unwrap_err()
            .text
            .contains("got unexpected keyword \"Dhcp6\"")
    );
}
