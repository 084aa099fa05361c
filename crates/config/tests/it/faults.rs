//! Texts of what is refused. Each case was compared with what Kea says.

use crate::common::{parse, parse_command, resolve, value};

/// A configuration and the start of its one fault.
type Case<'c> = (&'c str, &'c str);

#[track_caller]
fn check(cases: &[Case<'_>], run: impl Fn(&str) -> Result<(), Vec<String>>) {
    for (members, expected) in cases {
        let faults = run(members).unwrap_err();
        assert!(
            faults.iter().any(|f| f.starts_with(expected)),
            "{members}\nexpected: {expected}\ngot: {faults:#?}"
        );
    }
}

#[test]
fn names_and_types_in_files() {
    check(
        &[
            (r#""foo": 1"#, "f:1.14-18: got unexpected keyword \"foo\" in Dhcp4 map."),
            (
                r#""valid-lifetime": "x""#,
                "f:1.32-34: syntax error, unexpected constant string, expecting integer",
            ),
            (r#""server-tag": 1"#, "f:1.28: syntax error, unexpected integer, expecting constant string"),
            (r#""echo-client-id": null"#, "f:1.32-35: syntax error, unexpected null, expecting boolean"),
            (r#""subnet4": {}"#, "f:1.25: syntax error, unexpected {, expecting ["),
            (r#""subnet4": [ 1 ]"#, "f:1.27: syntax error, unexpected integer, expecting {"),
            (
                r#""interfaces-config": { "interfaces": "lo" }"#,
                "f:1.51-54: syntax error, unexpected constant string, expecting [",
            ),
            (
                r#""interfaces-config": { "dhcp-socket-type": "tcp" }"#,
                "f:1.57-61: syntax error, unexpected constant string, expecting raw or udp",
            ),
            (
                r#""lease-database": { "type": "memfile", "on-fail": "x" }"#,
                "f:1.64-66: syntax error, unexpected constant string, expecting stop-retry-exit or serve-retry-exit \
                 or serve-retry-continue",
            ),
            (
                r#""config-control": { "config-databases": { } }"#,
                "f:1.54: syntax error, unexpected {, expecting [",
            ),
            (
                r#""lease-database": { "foo": 1 }"#,
                "f:1.34-38: got unexpected keyword \"foo\" in lease-database map.",
            ),
            (
                r#""subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "shared-network-name": "x" } ]"#,
                "f:1.62-82: got unexpected keyword \"shared-network-name\" in subnet4 map.",
            ),
        ],
        |members| parse(members).map(|_| ()),
    );
    let (_, errors) = config::parse4(value(r#"{ "Dhcp4": {}, "Dhcp6": {}, "hash": "x" }"#));
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].text, "f:1.16-22: got unexpected keyword \"Dhcp6\" in toplevel map.");
}

#[test]
fn names_and_types_in_commands() {
    check(
        &[
            (r#""foo": 1"#, "unsupported global configuration parameter: foo (f:1:21)"),
            (r#""valid-lifetime": "x""#, "'valid-lifetime' parameter is not an integer (f:1:32)"),
            (r#""t1-percent": "x""#, "'t1-percent' parameter is not a real (f:1:28)"),
            (
                r#""option-def": [ { "code": true, "name": "a", "type": "b" } ]"#,
                "'code' parameter is not an integer",
            ),
            (r#""option-data": [ { "name": 1 } ]"#, "'name' parameter is not a string"),
            (r#""option-data": [ { "foo": 1 } ]"#, "spurious 'foo' parameter"),
        ],
        |members| parse_command(members).map(|_| ()),
    );
}

#[test]
fn all_faults_are_reported() {
    let faults = parse(
        r#""foo": 1, "valid-lifetime": "x", "subnet4": [ { "subnet": "x" }, { "id": 0, "subnet": "10.0.0.0/8",
           "pools": [ { "pool": "11.0.0.0/8" } ] } ], "option-data": [ {} ]"#,
    )
    .unwrap_err();
    assert_eq!(faults.len(), 7, "{faults:#?}");
    let faults = resolve(
        r#""client-classes": [ { "name": "a", "test": "member('b')" } ],
           "option-data": [ { "name": "none", "data": "1" }, { "code": 6, "data": "x" } ],
           "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8" }, { "id": 1, "subnet": "11.0.0.0/8" } ]"#,
    )
    .map(|_| ())
    .unwrap_err();
    assert_eq!(faults.len(), 4, "{faults:#?}");
}

#[test]
fn subnets_and_pools() {
    let subnet =
        |members: &str| format!(r#""subnet4": [ {{ "id": 1, "subnet": "10.0.0.0/24", {members} }} ]"#);
    for (members, expected) in [
        (
            r#""pools": [ { "pool": "10.0.1.0/24" } ]"#,
            "subnet configuration failed: a pool of type V4, with the following address range: \
             10.0.1.0-10.0.1.255 does not match the prefix of a subnet: 10.0.0.0/24 to which it is being added (f:1:27)",
        ),
        (
            r#""pools": [ { "pool": "10.0.0.1-10.0.0.9" }, { "pool": "10.0.0.5-10.0.0.19" } ]"#,
            "subnet configuration failed: a pool of type V4, with the following address range: \
             10.0.0.5-10.0.0.19 overlaps with an existing pool in the subnet: 10.0.0.0/24 to which it is being added",
        ),
        (
            r#""pools": [ { "pool": "10.0.0.9-10.0.0.1" } ]"#,
            "Failed to create pool defined by: 10.0.0.9-10.0.0.1",
        ),
        (r#""pools": [ {} ]"#, "missing parameter 'pool' (f:1:74)"),
        (
            r#""renew-timer": -5"#,
            "subnet configuration failed: the value of renew-timer (-5) must be a positive number",
        ),
        (
            r#""min-valid-lifetime": 9, "valid-lifetime": 8"#,
            "subnet configuration failed: the value of min-valid-lifetime (9) is not less than (default) valid-lifetime (8)",
        ),
        (
            r#""t1-percent": 0.5, "t2-percent": 0.1"#,
            "subnet configuration failed: t1-percent:  0.5 is invalid, it must be less than t2-percent: 0.1",
        ),
        (
            r#""t2-percent": 1.0"#,
            "subnet configuration failed: t2-percent: 1 is invalid, it must be greater than 0.0",
        ),
        (r#""cache-threshold": -0.1"#, "subnet configuration failed: cache-threshold: -0.1 is invalid"),
        (
            r#""adaptive-lease-time-threshold": 0"#,
            "subnet configuration failed: adaptive-lease-time-threshold: 0 is invalid",
        ),
        (
            r#""next-server": "x""#,
            "subnet configuration failed: Failed to convert 'x' to address: Failed to convert",
        ),
        (
            r#""next-server": "255.255.255.255""#,
            "subnet configuration failed: invalid parameter next-server : 255.255.255.255",
        ),
        (r#""client-classes": [ "" ]"#, "subnet configuration failed: invalid class name"),
        (r#""relay": { "ip-addresses": [ "x" ] }"#, "address x is not a valid: IPv4address"),
        (
            r#""client-class": "a", "client-classes": [ "b" ]"#,
            "subnet configuration failed: cannot specify both 'client-classes' and its old spelling",
        ),
        (
            r#""require-client-classes": [ "a" ], "evaluate-additional-classes": [ "b" ]"#,
            "subnet configuration failed: cannot specify both 'require-client-classes' and \
             'evaluate-additional-classes'. Use only the latter.",
        ),
        (
            r#""ddns-ttl": 5, "ddns-ttl-percent": 0.5"#,
            "subnet configuration failed: cannot specify both ddns-ttl-percent and ddns-ttl",
        ),
    ] {
        let faults = parse(&subnet(members)).unwrap_err();
        assert!(faults[0].starts_with(expected), "{members}: {faults:#?}");
        assert_eq!(faults.len(), 1, "{members}: {faults:#?}");
    }
    check(
        &[
            (
                r#""subnet4": [ { "id": 1, "subnet": "10.0.0.0" } ]"#,
                "subnet configuration failed: Invalid subnet syntax (prefix/len expected):10.0.0.0 (f:1:48)",
            ),
            (
                r#""subnet4": [ { "subnet": "10.0.0.0/8" } ]"#,
                "subnet configuration failed: missing parameter 'id' (f:1:27)",
            ),
            (
                r#""subnet4": [ { "id": 0, "subnet": "10.0.0.0/8" } ]"#,
                "subnet configuration failed: The 'id' value (0) is not within expected range: (1 - 4294967294)",
            ),
            (
                r#""subnet4": [ { "id": 1 } ]"#,
                "subnet configuration failed: mandatory 'subnet' parameter is missing for a subnet being configured (f:1:27)",
            ),
            (r#""shared-networks": [ { } ]"#, "missing parameter 'name'"),
            (r#""shared-networks": [ { "name": "" } ]"#, "'name' parameter must not be empty"),
            (
                r#""shared-networks": [ { "name": "a" }, { "name": "a" } ]"#,
                "duplicate network 'a' found in the configuration",
            ),
        ],
        |members| parse(members).map(|_| ()),
    );
}

#[test]
fn objects_beside_each_other() {
    check(
        &[
            (
                r#""subnet4": [ { "id": 1, "subnet": "10.0.0.0/24" }, { "id": 1, "subnet": "10.0.1.0/24" } ]"#,
                "ID of the new IPv4 subnet '1' is already in use (f:1:65)",
            ),
            (
                r#""subnet4": [ { "id": 1, "subnet": "10.0.0.0/24" }, { "id": 2, "subnet": "10.0.0.9/24" } ]"#,
                "subnet with the prefix of '10.0.0.0/24' already exists (f:1:65)",
            ),
            (
                r#""shared-networks": [ { "name": "a", "interface": "x", "subnet4": [ { "id": 1, "subnet": "10.0.0.0/24",
                   "interface": "y" } ] } ]"#,
                "Subnet 10.0.0.0/24 has specified interface y, but earlier subnet in the same shared-network or the \
                 shared-network itself used x",
            ),
            (
                r#""shared-networks": [ { "name": "a", "subnet4": [ { "id": 1, "subnet": "10.0.0.0/24", "interface": "y" },
                   { "id": 2, "subnet": "10.0.1.0/24", "interface": "z" } ] } ]"#,
                "Subnet 10.0.1.0/24 has specified interface z, but earlier subnet in the same shared-network or the \
                 shared-network itself used y",
            ),
            (
                r#""shared-networks": [ { "name": "a", "authoritative": true, "subnet4": [ { "id": 1,
                   "subnet": "10.0.0.0/24", "authoritative": false } ] } ]"#,
                "Subnet 10.0.0.0/24 has different authoritative setting false than the shared-network itself: true",
            ),
            (
                r#""client-classes": [ { "name": "a", "test": "member('b')" }, { "name": "b" } ]"#,
                "expression: [member('b')] error: <string>:1.8-10: Not defined client class 'b' at (f:1:57)",
            ),
            (
                r#""client-classes": [ { "name": "a", "test": "option[x].exists" } ]"#,
                "expression: [option[x].exists] error: <string>:1.8: option 'x' is not defined at (f:1:57)",
            ),
            (
                r#""client-classes": [ { "name": "a" }, { "name": "a" } ]"#,
                "Can't add class: Client Class: a has already been defined (f:1:51)",
            ),
            (
                r#""option-data": [ { "name": "foo", "data": "1" } ]"#,
                "definition for the option 'dhcp4.foo' having code '0' does not exist (f:1:41)",
            ),
            (
                r#""option-data": [ { "code": 222, "data": "1", "csv-format": true } ]"#,
                "definition for the option 'dhcp4.' having code '222' does not exist",
            ),
            (
                r#""option-data": [ { "code": 6, "name": "foo", "data": "1.2.3.4" } ]"#,
                "specified option name 'foo' does not match the option definition: 'dhcp4.domain-name-servers' (f:1:52)",
            ),
            (
                r#""option-data": [ { "code": 6, "data": "1.2.3" } ]"#,
                "option data does not match option definition (space: dhcp4, code: 6): Failed to convert string to \
                 address '1.2.3': Invalid argument",
            ),
            (
                r#""option-def": [ { "name": "a", "code": 222, "type": "uint8" }, { "name": "b", "code": 222, "type": "uint8" } ]"#,
                "option definition with code '222' already exists in option space 'dhcp4' (f:1:77)",
            ),
            (
                r#""min-valid-lifetime": 8000"#,
                "the value of min-valid-lifetime (8000) is not less than (default) valid-lifetime (7200)",
            ),
            (
                r#""min-valid-lifetime": 100, "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "valid-lifetime": 50 } ]"#,
                "subnet configuration failed: the value of min-valid-lifetime (100) is not less than (default) \
                 valid-lifetime (50)",
            ),
            (
                r#""dhcp-queue-control": { "enable-queue": true },
                   "multi-threading": { "enable-multi-threading": false }"#,
                "keyword \"enable-queue\" in dhcp-queue-control map: the packet queue ahead of a single thread is not \
                 served",
            ),
            (
                r#""dhcp-ddns": { "enable-updates": true, "sender-ip": "2001:db8::1" }"#,
                "D2ClientConfig error: address family mismatch: server-ip: 127.0.0.1 is: IPv4 while sender-ip: \
                 2001:db8::1 is: IPv6",
            ),
            (
                r#""dhcp-ddns": { "enable-updates": true, "sender-ip": "127.0.0.1", "sender-port": 53001 }"#,
                "D2ClientConfig error: server and sender cannot share the exact same IP address/port: \
                 127.0.0.1/53001",
            ),
        ],
        |members| resolve(members).map(|_| ()),
    );
}

#[test]
fn options_definitions_and_classes() {
    check(
        &[
            (
                r#""option-data": [ { "data": "1" } ]"#,
                "option data configuration requires one of 'code' or 'name' parameters to be specified (f:1:31)",
            ),
            (
                r#""option-data": [ { "code": 256 } ]"#,
                "invalid option code '256', it must not be greater than '255' (f:1:41)",
            ),
            (r#""option-data": [ { "code": 0 } ]"#, "invalid option code '0': reserved for PAD"),
            (r#""option-data": [ { "code": 255 } ]"#, "invalid option code '255': reserved for END"),
            (
                r#""option-data": [ { "name": "a b" } ]"#,
                "invalid option name 'a b', space character is not allowed",
            ),
            (r#""option-data": [ { "code": 6, "space": "-x" } ]"#, "invalid option space name '-x'"),
            (
                r#""option-data": [ { "code": 6, "data": "zz", "csv-format": false } ]"#,
                "option data is not a valid string of hexadecimal digits: zz",
            ),
            (
                r#""option-def": [ { "name": "a", "code": 6, "type": "uint8" } ]"#,
                "unable to override definition of option '6' in standard option space 'dhcp4'",
            ),
            (
                r#""option-def": [ { "name": "a", "code": 222, "type": "uint7" } ]"#,
                "option type 'uint7' not supported.",
            ),
            (
                r#""option-def": [ { "name": "a", "code": 222, "type": "record" } ]"#,
                "invalid number of data fields: 0 specified for the option of type 'record'.",
            ),
            (
                r#""option-def": [ { "name": "a", "code": 0, "type": "uint8" } ]"#,
                "invalid option code '0': reserved for PAD",
            ),
            (
                r#""option-def": [ { "name": "a", "code": -1, "type": "uint8" } ]"#,
                "option code must not be negative",
            ),
            (r#""option-def": [ { "code": 222, "type": "uint8" } ]"#, "missing parameter 'name' (f:1:30)"),
            (r#""option-def": [ { "name": "a", "type": "uint8" } ]"#, "missing parameter 'code' (f:1:30)"),
            (r#""option-def": [ { "name": "a", "code": 222 } ]"#, "missing parameter 'type' (f:1:30)"),
            (r#""client-classes": [ { } ]"#, "missing parameter 'name'"),
            (
                r#""client-classes": [ { "name": "a", "test": "" } ]"#,
                "expression can not be empty at (f:1:57)",
            ),
            (
                r#""client-classes": [ { "name": "a", "test": "'x'=='x'", "template-test": "'x'" } ]"#,
                "can not use both 'test' and 'template-test' (f:1:57) and (f:1:86)",
            ),
            (
                r#""client-classes": [ { "name": "ALL", "test": "'x'=='x'" } ]"#,
                "built-in class 'ALL' test expression must be empty",
            ),
            (
                r#""client-classes": [ { "name": "a", "option-def": [ { "name": "x", "code": 100, "type": "uint8" } ] } ]"#,
                "Not allowed option definition for code '100' in space 'dhcp4' at (f:1:65)",
            ),
        ],
        |members| parse(members).map(|_| ()),
    );
}

#[test]
fn control_sockets_in_one_place() {
    let http = r#"{ "socket-type": "http" }"#;
    let https = r#"{ "socket-type": "https", "socket-address": "127.0.0.1", "socket-port": 8000, "trust-anchor": "x",
        "cert-file": "y", "key-file": "z" }"#;
    let two = format!(r#""control-sockets": [ {http}, {https} ]"#);
    check(&[(&two, "there are two control sockets on 127.0.0.1 port 8000")], |members| {
        resolve(members).map(|_| ())
    });
    let elsewhere = two.replace("8000", "8001");
    assert!(resolve(&elsewhere).is_ok());
}

#[test]
fn process_maps() {
    check(
        &[
            (
                r#""interfaces-config": { "interfaces": [ "lo", "lo" ] }"#,
                "Failed to select interface: interface 'lo' has already been specified (f:1:59)",
            ),
            (
                r#""interfaces-config": { "interfaces": [ "lo/x" ] }"#,
                "Failed to select interface: Failed to convert string to address 'x': Invalid argument",
            ),
            (
                r#""interfaces-config": { "interfaces": [ "" ] }"#,
                "Failed to select interface: empty interface name used in configuration",
            ),
            (r#""lease-database": { }"#, "missing parameter 'type'"),
            (r#""lease-database": { "type": "foo" }"#, "unknown backend database type: foo"),
            (
                r#""lease-database": { "type": "memfile", "lfc-interval": -1 }"#,
                "lfc-interval value: -1 is out of range, expected value: 0..4294967295 (f:1:69)",
            ),
            (
                r#""config-control": { "config-fetch-wait-time": 70000 }"#,
                "The 'config-fetch-wait-time' value (70000) is not within expected range: (0 - 65535)",
            ),
            (
                r#""config-control": { "config-databases": [ { "type": "sqlite" } ] }"#,
                "missing parameter 'name': the file of the sqlite database",
            ),
            (r#""control-socket": { "socket-type": "unix" }"#, "Mandatory 'socket-name' parameter missing"),
            (
                r#""control-socket": { "socket-type": "foo" }"#,
                "unsupported 'socket-type': 'foo' not 'unix', 'http' or 'https'",
            ),
            (
                r#""control-sockets": [ { "socket-type": "https" } ]"#,
                "no TLS setup for a HTTPS control socket",
            ),
            (
                r#""control-sockets": [ { "socket-type": "http", "trust-anchor": "x", "cert-file": "y" } ]"#,
                "key-file parameter is missing or empty: all or none of TLS parameters must be set",
            ),
            (
                r#""control-sockets": [ { "socket-type": "unix", "socket-name": "a" }, { "socket-type": "unix", "socket-name": "b" } ]"#,
                "control socket of type 'unix' already configured",
            ),
            (
                r#""control-socket": { "socket-type": "unix", "socket-name": "a" }, "control-sockets": []"#,
                "cannot specify both 'control-sockets' and its old spelling",
            ),
            (
                r#""control-sockets": [ { "socket-type": "http", "socket-name": "a" } ]"#,
                "parameter 'socket-name' is not supported by HTTP control sockets",
            ),
            (
                r#""config-control": { "config-databases": [ { "type": "sqlite", "name": "a" }, { "type": "sqlite", "name": "b" } ] }"#,
                "only one database can be specified in 'config-databases'",
            ),
            (
                r#""config-control": { "config-databases": [ { "type": "mysql", "name": "kea" } ] }"#,
                "The type of the configuration backend: 'mysql' is not supported: add libdhcp_mysql.so to hooks-libraries",
            ),
            (
                r#""config-control": { "config-databases": [ { "type": "postgresql", "name": "kea" } ] },
                   "hooks-libraries": [ { "library": "/usr/lib/libdhcp_mysql_cb.so" } ]"#,
                "The type of the configuration backend: 'postgresql' is not supported: add libdhcp_pgsql.so to",
            ),
            (
                r#""config-control": { "config-databases": [ { "type": "sqlite", "name": "kea", "key-file": "k" } ] }"#,
                "TLS parameters are only supported by the mysql and postgresql backends",
            ),
            (
                r#""config-control": { "config-databases": [ { "type": "postgresql", "ssl-mode": "verify-ca" } ] }"#,
                "certificates can not be verified without 'trust-anchor'",
            ),
            (r#""loggers": [ { "severity": "INFO" } ]"#, "missing parameter 'name'"),
            (r#""loggers": [ { "name": "a", "severity": "FOO" } ]"#, "Unsupported severity value: FOO"),
            (
                r#""expired-leases-processing": { "max-reclaim-time": 20000 }"#,
                "out range value '20000' for configuration parameter 'max-reclaim-time', expected maximum value of '10000'",
            ),
            (
                r#""dhcp-ddns": { "enable-updates": false, "ncr-protocol": "TCP" }"#,
                "D2ClientConfig error: NCR Protocol: TCP is not supported.",
            ),
            (
                r#""sanity-checks": { "lease-checks": "x" }"#,
                "Unsupported lease-checks value: x, supported values are: none, warn, fix, fix-del, del",
            ),
            (
                r#""user-context": { "comment": "a" }, "comment": "b""#,
                "duplicate user-context/comment entries",
            ),
        ],
        |members| parse(members).map(|_| ()),
    );
}

#[test]
fn databases_of_hosts() {
    for (members, text) in [
        (r#""hosts-database": { "type": "memfile" }"#, "unknown backend database type: memfile"),
        (
            r#""hosts-databases": [ { "type": "mysql", "name": "kea" } ]"#,
            "The type of the host backend: 'mysql' is not supported: add libdhcp_mysql.so to hooks-libraries",
        ),
        (r#""hosts-databases": [ { "type": "sqlite" } ]"#, "missing parameter 'name'"),
        (
            r#""hosts-database": { "type": "sqlite", "name": "a" }, "hosts-databases": []"#,
            "cannot specify both 'hosts-databases' and its old spelling",
        ),
    ] {
        let (_, errors) = config::parse4(value(&format!("{{ \"Dhcp4\": {{ {members} }} }}")));
        assert!(errors.iter().any(|error| error.text.contains(text)), "{members}: {errors:?}");
    }
    let resolved = parse(
        r#""hosts-database": { "type": "postgresql", "name": "kea", "host": "db", "readonly": true, "on-fail":
             "serve-retry-continue", "max-reconnect-tries": 3, "reconnect-wait-time": 40, "ssl-mode": "require" },
           "hooks-libraries": [ { "library": "libdhcp_pgsql.so" } ]"#,
    )
    .unwrap();
    let resolved = config::resolve4(std::sync::Arc::new(resolved), &config::ResolveEnv::default()).unwrap();
    let database = &resolved.services.hosts_databases[0];
    assert!(database.read_only && database.host == "db" && database.tls.mode == "require");
    assert_eq!((database.max_reconnect_tries, database.reconnect_wait_time), (3, 40));
}

#[test]
fn what_is_not_served_is_refused_by_name() {
    for (members, keyword) in [
        (r#""allocator": "shared-flq""#, "allocator"),
        (r#""lease-database": { "type": "sqlite" }"#, "type"),
        (
            r#""config-control": { "config-databases": [ { "type": "sqlite", "name": "a", "cipher-list": "AES" } ] }"#,
            "cipher-list",
        ),
    ] {
        let (_, errors) = config::parse4(value(&format!("{{ \"Dhcp4\": {{ {members} }} }}")));
        let error = errors.iter().find(|e| e.kind == config::ErrorKind::Unsupported).unwrap();
        assert!(error.text.contains(&format!("keyword \"{keyword}\" in ")), "{members}: {error}");
        assert!(error.text.contains("(f:1:"), "{members}: {error}");
    }
    let in_subnet =
        |members: &str| format!(r#""subnet4": [ {{ "id": 1, "subnet": "10.0.0.0/8", {members} }} ]"#);
    assert!(parse(&in_subnet(r#""allocator": "shared-flq""#)).is_err());
    // Off, and what only tunes it, is accepted.
    parse(
        r#""reservations": [], "hosts-databases": [], "dhcp-ddns": { "enable-updates": false, "server-port": 1 },
           "dhcp4o6-port": 0, "dhcp-queue-control": { "enable-queue": true, "capacity": 5 }, "allocator": "iterative",
           "ddns-send-updates": true, "reservations-global": true, "host-reservation-identifiers": [ "duid" ]"#,
    )
    .unwrap();
}

#[test]
fn options_by_expression() {
    let with = |options: &str| {
        format!(
            r#""hooks-libraries": [ {{ "library": "libdhcp_flex_option.so", "parameters": {{ "options": {options} }} }} ]"#
        )
    };
    for (options, expected) in [
        ("1", "libdhcp_flex_option: 'options' parameter must be a list"),
        ("[ 1 ]", "libdhcp_flex_option: option element is not a map"),
        (r#"[ { "code": 1, "x": 1 } ]"#, "libdhcp_flex_option: unknown parameter 'x'"),
        (r#"[ { "code": "1", "add": "'x'" } ]"#, "libdhcp_flex_option: 'code' must be an integer"),
        (r#"[ { "add": "'x'" } ]"#, "libdhcp_flex_option: 'code' or 'name' must be specified"),
        (r#"[ { "code": 256, "add": "'x'" } ]"#, "libdhcp_flex_option: invalid 'code' value 256"),
        (r#"[ { "code": 0, "add": "'x'" } ]"#, "libdhcp_flex_option: invalid 'code' value 0: reserved"),
        (r#"[ { "name": "nope", "add": "'x'" } ]"#, "libdhcp_flex_option: no known 'nope' option in"),
        (
            r#"[ { "code": 5, "name": "routers", "add": "'x'" } ]"#,
            "libdhcp_flex_option: option 'routers' is defined as code: 3, not the specified code: 5",
        ),
        (r#"[ { "code": 5 } ]"#, "libdhcp_flex_option: no action"),
        (r#"[ { "code": 5, "add": "" } ]"#, "libdhcp_flex_option: 'add' must not be empty"),
        (
            r#"[ { "code": 5, "add": "'x'", "remove": "option[1].exists" } ]"#,
            "libdhcp_flex_option: multiple actions",
        ),
        (r#"[ { "code": 5, "add": "option[" } ]"#, "expression: [option[] error:"),
        (
            r#"[ { "code": 5, "add": "'x'", "source": "response", "destination": "query" } ]"#,
            "libdhcp_flex_option: destination 'query' requires source 'query'",
        ),
        (
            r#"[ { "code": 5, "add": "'x'", "sub-options": [ ] } ]"#,
            "libdhcp_flex_option: 'sub-options' and 'add' are incompatible in the same entry",
        ),
        (
            r#"[ { "code": 5, "sub-options": [ { "code": 1, "add": "'x'" } ] } ]"#,
            "libdhcp_flex_option: container does not encapsulate a space",
        ),
        (
            r#"[ { "code": 43, "sub-options": [ { "code": 1, "add": "'x'", "csv-format": true } ] } ]"#,
            "libdhcp_flex_option: no known sub-option with code '1' in 'vendor-encapsulated-options-space'",
        ),
        (
            r#"[ { "code": 43, "sub-options": [ { "code": 1, "add": "'x'" }, { "code": 1, "add": "'y'" } ] } ]"#,
            "libdhcp_flex_option: sub-option 1 of option 43 was already specified",
        ),
    ] {
        check(&[(&with(options), expected)], |members| resolve(members).map(|_| ()));
    }
}

#[test]
fn names_by_expression() {
    let tuning = r#""hooks-libraries": [ { "library": "libdhcp_ddns_tuning.so", "parameters": "#;
    let subnet =
        r#" } ], "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "user-context": { "ddns-tuning": "#;
    for (parameters, context, expected) in [
        ("{ \"x\": 1 }", "{ }", "'x' is no parameter of libdhcp_ddns_tuning"),
        ("{ \"hostname-expr\": 1 }", "{ }", "'hostname-expr' of libdhcp_ddns_tuning must be a string"),
        ("{ \"hostname-expr\": \"x\" }", "{ }", "expression: [x] error:"),
        ("{ }", "{ \"hostname-expr\": \"'a\" }", "expression: ['a] error:"),
    ] {
        let members = format!("{tuning}{parameters}{subnet}{context} }} }} ]");
        check(&[(&members, expected)], |members| resolve(members).map(|_| ()));
    }
}

#[test]
fn limits() {
    let listed =
        r#""hooks-libraries": [ { "library": "libdhcp_mysql.so" }, { "library": "libdhcp_limits.so" } ], "#;
    let subnet = |limits: &str| {
        format!(
            r#"{listed}"subnet4": [ {{ "id": 1, "subnet": "192.0.2.0/24", "user-context": {{ "limits": {limits} }} }} ]"#
        )
    };
    for (limits, expected) in [
        ("1", "'limits' of libdhcp_limits is not a map"),
        (r#"{ "address-limit": "1" }"#, "libdhcp_limits: limit of leases is not an integer"),
        (
            r#"{ "address-limit": -1 }"#,
            "libdhcp_limits: expected positive limit configured, got negative limit -1",
        ),
        (
            r#"{ "prefix-limit": 4294967296 }"#,
            "libdhcp_limits: expected limit in range [0, 4294967295], got limit 4294967296",
        ),
        (r#"{ "rate-limit": 1 }"#, "libdhcp_limits: 'rate-limit' is not a string"),
        (
            r#"{ "rate-limit": "1 packet each second" }"#,
            "libdhcp_limits: expected rate limit of format <n> packet[s] per <time-unit>, got: 1 packet each second",
        ),
        (r#"{ "rate-limit": "1 packet per eon" }"#, "libdhcp_limits: invalid time period eon"),
        (r#"{ "rate-limit": "-1 packets per day" }"#, "libdhcp_limits: expected limit in range"),
    ] {
        check(&[(&subnet(limits), expected)], |members| resolve(members).map(|_| ()));
    }
    let database = r#""lease-database": { "type": "mysql", "name": "kea" }, "#;
    let limits = r#"{ "address-limit": 1, "rate-limit": "1 packet per day" }"#;
    assert!(resolve(&format!("{database}{}", subnet(limits))).is_ok());
}

#[test]
fn legal_log_in_a_database() {
    let listed = |parameters: &str| {
        format!(
            r#""hooks-libraries": [ {{ "library": "libdhcp_legal_log.so", "parameters": {parameters} }} ]"#
        )
    };
    for (parameters, expected) in [
        (r#"{ "type": "mysql" }"#, "libdhcp_legal_log: 'name' of the database is missing"),
        (
            r#"{ "type": "mysql", "name": "kea", "port": 70000 }"#,
            "port value: 70000 is out of range, expected value: 0..65535",
        ),
        (
            r#"{ "type": "postgresql", "name": "kea", "on-fail": "stop" }"#,
            "f:1.136-141: syntax error, unexpected constant string",
        ),
        (
            r#"{ "type": "mysql", "name": "kea", "password": "a", "password-file": "b" }"#,
            "libdhcp_legal_log: can't specify both 'password' and 'password-file'",
        ),
    ] {
        check(&[(&listed(parameters), expected)], |members| resolve(members).map(|_| ()));
    }
    let (parameters, plain) = (r#"{ "type": "mysql", "name": "kea", "user": "u", "password": "p" }"#, "{}");
    let config = resolve(&listed(parameters)).unwrap();
    let database = config.legal_log.unwrap().database.unwrap();
    assert_eq!(
        (&*database.kind, &*database.name, database.on_fail),
        ("mysql", "kea", config::OnFail::ServeRetryContinue)
    );
    assert!(resolve(&listed(plain)).unwrap().legal_log.unwrap().database.is_none());
}
