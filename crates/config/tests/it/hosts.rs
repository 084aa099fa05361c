//! Host reservations: what is refused, what is written, what servers find.

use crate::common::{resolve, value};
use host::{GLOBAL, IdentifierKind};

fn in_subnet(reservations: &str) -> String {
    format!(
        r#""subnet4": [ {{ "id": 1, "subnet": "10.0.0.0/24", "reservations": [ {reservations} ] }},
                        {{ "id": 2, "subnet": "10.0.1.0/24" }} ]"#
    )
}

fn fault(members: &str) -> String {
    match resolve(members) {
        Ok(_) => String::new(),
        Err(faults) => faults.join("; "),
    }
}

#[test]
fn faults_of_reservations() {
    let hw = r#""hw-address": "01:02:03:04:05:06""#;
    let other = r#""hw-address": "01:02:03:04:05:07""#;
    let long = "x".repeat(128);
    for (reservations, expected) in [
        (
            r#"{ "ip-address": "10.0.0.5" }"#.to_owned(),
            "one of the supported identifiers must be specified for host reservation: circuit-id, client-id, duid, \
             flex-id, hw-address (f:1:",
        ),
        (
            format!(r#"{{ {hw}, "duid": "0102" }}"#),
            "the 'hw-address' and 'duid' are mutually exclusive (f:1:",
        ),
        (
            format!(r#"{{ {hw}, "ip-address": "10.0.1.5" }}"#),
            "specified reservation '10.0.1.5' is not within the IPv4 subnet '10.0.0.0/24'",
        ),
        (r#"{ "hw-address": "" }"#.to_owned(), "empty host identifier used (f:1:"),
        (r#"{ "duid": "zz" }"#.to_owned(), "invalid host identifier value 'zz' (f:1:"),
        (
            format!(r#"{{ {hw}, "ip-address": "0.0.0.0" }}"#),
            "must not make reservation for the '0.0.0.0' address (f:1:",
        ),
        (
            format!(r#"{{ {hw}, "next-server": "255.255.255.255" }}"#),
            "invalid next server address '255.255.255.255' (f:1:",
        ),
        (format!(r#"{{ {hw}, "boot-file-name": "{long}" }}"#), "boot-file-name must be at most 127 bytes"),
        (
            format!(r#"{{ {hw}, "option-data": [ {{ "name": "bogus", "data": "1" }} ] }}"#),
            "definition for the option",
        ),
        (
            format!(r#"{{ {hw}, "ip-address": "10.0.0.5" }}, {{ {hw}, "ip-address": "10.0.0.6" }}"#),
            "failed to add new host using the HW address '01:02:03:04:05:06' to the IPv4 subnet id '1' as this host \
             has already been added",
        ),
        (
            r#"{ "duid": "0102" }, { "duid": "01:02" }"#.to_owned(),
            "failed to add new host using the DUID '01:02' to the IPv4 subnet id '1' as this host has already been added",
        ),
        (
            r#"{ "circuit-id": "'abc'" }, { "circuit-id": "616263" }"#.to_owned(),
            "failed to add duplicate IPv4 host using identifier: circuit-id=616263",
        ),
        (
            format!(r#"{{ {hw}, "ip-address": "10.0.0.5" }}, {{ {other}, "ip-address": "10.0.0.5" }}"#),
            "failed to add new host using the HW address '01:02:03:04:05:07 and DUID '(null)' to the IPv4 subnet id \
             '1' for the address 10.0.0.5: There's already a reservation for this address",
        ),
    ] {
        let found = fault(&in_subnet(&reservations));
        assert!(found.contains(expected), "{reservations}\nexpected: {expected}\ngot: {found}");
    }
    let twice = format!(r#""reservations": [ {{ {hw} }}, {{ {hw} }} ]"#);
    assert!(fault(&twice).contains("to the IPv4 subnet id '0' as this host"), "{}", fault(&twice));
}

#[test]
fn an_address_for_several_clients() {
    let members = in_subnet(
        r#"{ "hw-address": "01:02:03:04:05:06", "ip-address": "10.0.0.5" },
           { "hw-address": "01:02:03:04:05:07", "ip-address": "10.0.0.5" }"#,
    );
    let config = resolve(&format!("{members}, \"ip-reservations-unique\": false")).unwrap();
    let mut holders = 0;
    config.hosts.each_at(base::SubnetId(1), [10, 0, 0, 5].into(), &mut |_| holders += 1);
    assert_eq!(holders, 2);
}

#[test]
fn the_order_of_identifiers() {
    for (list, expected) in [
        ("[ \"auto\" ]", Ok(&IdentifierKind::DEFAULT_ORDER[..])),
        ("[ \"client-id\", \"hw-address\" ]", Ok(&[IdentifierKind::ClientId, IdentifierKind::HwAddress])),
        ("[ \"flex-id\" ]", Ok(&[IdentifierKind::FlexId])),
        ("[ \"duid\", \"duid\" ]", Err("duplicate host identifier 'duid' (f:1:")),
        ("[ \"bogus\" ]", Err("Host reservation identifier 'bogus' is not supported")),
        ("[ \"auto\", \"duid\" ]", Err("if 'auto' keyword is used, no other values")),
    ] {
        let resolved = resolve(&format!("\"host-reservation-identifiers\": {list}"));
        match expected {
            Ok(order) => assert_eq!(&*resolved.unwrap().host_identifiers, order, "{list}"),
            Err(text) => assert!(resolved.unwrap_err().join("; ").contains(text), "{list}"),
        }
    }
}

#[test]
fn what_servers_find_and_config_get_shows() {
    let config = resolve(
        r#""option-def": [ { "name": "mine", "code": 224, "type": "uint8" } ],
           "reservations-global": true, "reservations-in-subnet": false,
           "reservations": [ { "client-id": "01:AB", "hostname": "global", "client-classes": [ "a", "b" ] } ],
           "subnet4": [ { "id": 7, "subnet": "10.0.0.0/24", "reservations-in-subnet": true,
             "reservations-out-of-pool": true, "reservations": [ {
               "circuit-id": "'abc'", "ip-address": "10.0.0.5", "next-server": "10.0.0.2", "server-hostname": "sname",
               "boot-file-name": "file", "user-context": { "k": 1 },
               "option-data": [ { "name": "mine", "data": "5" } ] } ] } ]"#,
    )
    .unwrap();
    let params = &config.subnets[0].params;
    assert!(params.reservations_global && params.reservations_in_subnet && params.reservations_out_of_pool);
    let global = config.hosts.get(GLOBAL, IdentifierKind::ClientId, &[1, 0xab]).unwrap();
    let names: Vec<_> = global.extra.classes.iter().map(|c| &*config.classes.get(*c).unwrap().name).collect();
    assert_eq!(
        (&*global.hostname, global.extra.address, names.as_slice()),
        ("global", None, &["a", "b"][..])
    );
    let host = config.hosts.get(base::SubnetId(7), IdentifierKind::CircuitId, b"abc").unwrap();
    assert_eq!(host.extra.address, Some([10, 0, 0, 5].into()));
    assert_eq!((&*host.extra.server_hostname, &*host.extra.boot_file_name), ("sname", "file"));
    assert_eq!(&*host.extra.options.entries(224)[0].payload, [5]);

    let shown = config::write4(&config.written);
    let expected = value(
        r#"[ { "boot-file-name": "", "client-classes": [ "a", "b" ], "client-id": "01AB", "hostname": "global",
               "next-server": "0.0.0.0", "option-data": [ ], "server-hostname": "" } ]"#,
    );
    assert_eq!(json::to_string(shown.get("reservations").unwrap()), json::to_string(&expected));
    let subnet = &shown.get("subnet4").unwrap().as_list().unwrap()[0];
    let expected = value(
        r#"[ { "boot-file-name": "file", "circuit-id": "616263", "client-classes": [ ], "hostname": "",
               "ip-address": "10.0.0.5", "next-server": "10.0.0.2",
               "option-data": [ { "always-send": false, "code": 224, "csv-format": true, "data": "5", "name": "mine",
                                  "never-send": false, "space": "dhcp4" } ],
               "server-hostname": "sname", "user-context": { "k": 1 } } ]"#,
    );
    assert_eq!(json::to_string(subnet.get("reservations").unwrap()), json::to_string(&expected));
    // What is shown can be read back.
    let (again, faults) = config::parse4_map(shown.clone(), config::ParseEnv::default());
    assert_eq!(faults, []);
    assert_eq!(json::to_string(&config::write4(&again)), json::to_string(&shown));
}
