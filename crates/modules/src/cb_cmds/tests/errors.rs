//! Arguments that are refused, with the texts that programs match.

use super::Session;

#[test]
pub(super) fn servers() {
    let s = Session::new();
    let all = "'all' is a name reserved for the server tag which associates the configuration elements with all servers \
               connecting to the database and";
    for (verb, servers, text) in [
        (
            "set",
            r#""servers": [{"server-tag": "any"}]"#,
            "'any' is reserved and must not be used as a server-tag",
        ),
        ("set", r#""servers": [{"description": "x"}]"#, "missing 'server-tag' parameter"),
        ("set", r#""servers": [{"server-tag": 123}]"#, "'server-tag' parameter is not a string"),
        ("set", r#""servers": [{"server-tag": ""}]"#, "server-tag must not be empty"),
        (
            "set",
            r#""servers": [{"server-tag": "all"}]"#,
            &format!("{all} a server with this name may not be created"),
        ),
        (
            "set",
            r#""servers": [{"server-tag": "a", "description": 1}]"#,
            "'description' parameter is not a string",
        ),
        ("set", "", "'servers' parameter must be specified and must be a list"),
        ("set", r#""servers": {}"#, "'servers' parameter must be specified and must be a list"),
        ("set", r#""servers": []"#, "'servers' list must include exactly one element"),
        (
            "set",
            r#""servers": [{"server-tag": "a"}, {"server-tag": "b"}]"#,
            "'servers' list must include exactly one element",
        ),
        ("set", r#""servers": ["a"]"#, "'servers' list must include a map"),
        ("get", r#""servers": [{"server-tag": ""}]"#, "server-tag must not be empty"),
        ("get", r#""servers": [{}]"#, "missing 'server-tag' parameter"),
        ("del", r#""servers": [{"server-tag": ""}]"#, "server-tag must not be empty"),
        ("del", r#""servers": [{}]"#, "missing 'server-tag' parameter"),
        ("del", r#""servers": [{"server-tag": "ALL"}]"#, &format!("{all} may not be deleted")),
    ] {
        let arguments = format!("{{{servers}}}");
        s.expect(
            &format!("remote-server4-{verb}"),
            &arguments,
            &format!(r#"{{"result": 1, "text": "{text}"}}"#),
        );
    }
    let long = "x".repeat(257);
    s.refused(
        "remote-server4-set",
        &format!(r#"{{"servers": [{{"server-tag": "{long}"}}]}}"#),
        "longer than 256",
    );
}

#[test]
pub(super) fn remote() {
    let s = Session::new();
    s.ok("remote-server4-set", r#"{"servers": [{"server-tag": "a"}], "remote": {"type": "sqlite"}}"#);
    for (remote, text) in [
        (r#"{"type": "mysql", "host": "elsewhere"}"#, "no such database found for selector: type=mysql"),
        (r#"{"type": "oracle"}"#, "unsupported database type 'oracle'"),
        (r#"{"host": "h", "port": 1}"#, "no such database found for selector: host=h,port=1"),
        (r#"{"port": 1}"#, "'port' parameter requires 'host'"),
        (r#"{"host": "h", "port": 99999}"#, "'port' parameter is not a port number"),
        (r#"{"type": 1}"#, "'type' parameter is not a string"),
        (r#"{"name": "x"}"#, "spurious 'name' parameter"),
        (r#""x""#, "'remote' parameter must be a map"),
    ] {
        s.refused("remote-server4-get-all", &format!(r#"{{"remote": {remote}}}"#), text);
    }
    s.refused("remote-server4-get-all", "[]", "'arguments' must be a map");
}

#[test]
pub(super) fn server_tags() {
    let s = Session::with(&["abc", "xyz"]);
    let set = |tags: &str| format!(r#"{{"shared-networks": [{{"name": "n"}}]{tags}}}"#);
    for (tags, text) in [
        ("", "'server-tags' parameter is mandatory"),
        (r#", "server-tags": "abc""#, "'server-tags' parameter must be a list"),
        (r#", "server-tags": []"#, "'server-tags' list must not be empty"),
        (r#", "server-tags": [""]"#, "server-tag must not be empty"),
        (r#", "server-tags": [1]"#, "'server-tags' list must include strings"),
        (r#", "server-tags": [null]"#, "'server-tags' list must not include null"),
        (r#", "server-tags": ["any"]"#, "'any' is reserved and must not be used as a server-tag"),
        (r#", "server-tags": ["nobody"]"#, "server with the tag 'nobody' does not exist"),
    ] {
        s.refused("remote-network4-set", &set(tags), text);
    }
    let list = |tags: &str| format!(r#"{{"server-tags": {tags}}}"#);
    s.refused(
        "remote-network4-list",
        &list(r#"[null, "abc"]"#),
        "must not include both null and server tags",
    );
    s.refused("remote-subnet4-list", &list("[]"), "'server-tags' list must not be empty");
    s.refused("remote-class4-get-all", "{}", "'server-tags' parameter is mandatory");
    // One server where an object can have only one.
    for (command, key) in [
        ("remote-global-parameter4-set", r#""parameters": {"renew-timer": 1}"#),
        ("remote-global-parameter4-get-all", r#""x": 1"#),
        ("remote-option-def4-set", r#""option-defs": [{"name": "f", "code": 222, "type": "uint8"}]"#),
        ("remote-option4-global-set", r#""options": [{"code": 3, "data": "1.1.1.1"}]"#),
        ("remote-option4-global-del", r#""options": [{"code": 3}]"#),
    ] {
        for (tags, text) in [
            (r#"["abc", "xyz"]"#, "'server-tags' list must include exactly one element"),
            ("[null]", "'server-tags' list must not include null"),
            ("[]", "'server-tags' list must not be empty"),
        ] {
            s.refused(command, &format!(r#"{{{key}, "server-tags": {tags}}}"#), text);
        }
        s.refused(command, &format!("{{{key}}}"), "'server-tags' parameter is mandatory");
    }
    // No server where an object has a key of its own.
    for (command, key) in [
        ("remote-subnet4-get-by-id", r#""subnets": [{"id": 1}]"#),
        ("remote-subnet4-get-by-prefix", r#""subnets": [{"subnet": "10.0.0.0/8"}]"#),
        ("remote-subnet4-del-by-id", r#""subnets": [{"id": 1}]"#),
        ("remote-subnet4-del-by-prefix", r#""subnets": [{"subnet": "10.0.0.0/8"}]"#),
        ("remote-network4-get", r#""shared-networks": [{"name": "n"}]"#),
        ("remote-network4-del", r#""shared-networks": [{"name": "n"}]"#),
        ("remote-class4-get", r#""client-classes": [{"name": "n"}]"#),
        ("remote-class4-del", r#""client-classes": [{"name": "n"}]"#),
        (
            "remote-option4-subnet-set",
            r#""subnets": [{"id": 1}], "options": [{"code": 3, "data": "1.1.1.1"}]"#,
        ),
        ("remote-option4-network-del", r#""shared-networks": [{"name": "n"}], "options": [{"code": 3}]"#),
    ] {
        s.refused(
            command,
            &format!(r#"{{{key}, "server-tags": ["abc"]}}"#),
            "'server-tags' parameter is forbidden",
        );
    }
}

#[test]
pub(super) fn subnets_and_networks() {
    let s = Session::with(&["abc"]);
    let tags = r#""server-tags": ["abc"]"#;
    for (command, arguments, text) in [
        (
            "remote-subnet4-set",
            r#""shared-network-name": "", "subnets": [{"subnet": "", "id": 1}]"#,
            "subnet configuration failed: Invalid subnet syntax (prefix/len expected):",
        ),
        (
            "remote-subnet4-set",
            r#""shared-network-name": "", "subnets": [{"id": 1}]"#,
            "subnet configuration failed: mandatory 'subnet' parameter is missing for a subnet being configured",
        ),
        (
            "remote-subnet4-set",
            r#""subnets": [{"subnet": "10.0.0.0/24", "id": 1}]"#,
            "missing 'shared-network-name' parameter",
        ),
        (
            "remote-subnet4-set",
            r#""subnets": [{"subnet": "10.0.0.0/24", "id": 1, "shared-network-name": "none"}]"#,
            "shared network 'none' does not exist",
        ),
        (
            "remote-subnet4-set",
            r#""subnets": [{"subnet": "10.0.0.0/24", "id": 1, "shared-network-name": "",
                "reservations": [{"hw-address": "00:00:00:00:00:01", "ip-address": "10.0.0.9"}]}]"#,
            "reservations",
        ),
        ("remote-subnet4-set", r#""subnets": []"#, "'subnets' list must include exactly one element"),
        ("remote-network4-set", r#""shared-networks": [{}]"#, "missing parameter 'name'"),
        (
            "remote-network4-set",
            r#""shared-networks": [{"name": "n", "t1-percent": 0.5, "t2-percent": 10}]"#,
            "'t2-percent' parameter is not a real",
        ),
        (
            "remote-network4-set",
            r#""shared-networks": [{"name": "n", "t1-percent": 10, "t2-percent": 0.5}]"#,
            "'t1-percent' parameter is not a real",
        ),
        (
            "remote-network4-set",
            r#""shared-networks": [{"name": "n", "t1-percent": 0.5, "t2-percent": 0.1}]"#,
            "t1-percent:  0.5 is invalid, it must be less than t2-percent: 0.1",
        ),
        (
            "remote-network4-set",
            r#""shared-networks": [{"name": "n", "subnet4": []}]"#,
            "'subnet4' parameter must not be specified",
        ),
        ("remote-network4-set", r#""shared-networks": [{"name": "n", "nonsense": 1}]"#, "nonsense"),
    ] {
        s.refused(command, &format!("{{{arguments}, {tags}}}"), text);
    }
    s.ok(
        "remote-subnet4-set",
        &format!(
            r#"{{"subnets": [{{"subnet": "10.0.0.0/24", "id": 1, "shared-network-name": "", "reservations": []}}], {tags}}}"#
        ),
    );
    s.expect(
        "remote-network4-set",
        &format!(r#"{{"shared-networks": [{{"name": ""}}], {tags}}}"#),
        r#"{"result": 1, "text": "'name' parameter must not be empty"}"#,
    );
    for (command, subnet, text) in [
        ("remote-subnet4-get-by-id", r#"{"subnet": 3}"#, "missing 'id' parameter"),
        ("remote-subnet4-get-by-id", r#"{"id": "3"}"#, "'id' parameter is not an integer"),
        ("remote-subnet4-get-by-id", r#"{"id": -1}"#, "'id' parameter -1 is out of range"),
        ("remote-subnet4-del-by-id", r#"{"subnet": "10.0.0.0/24"}"#, "missing 'id' parameter"),
        ("remote-subnet4-get-by-prefix", r#"{"id": "10.0.0/12"}"#, "missing 'subnet' parameter"),
        (
            "remote-subnet4-get-by-prefix",
            r#"{"subnet": "10.0.0/12"}"#,
            "unable to parse invalid prefix 10.0.0/12",
        ),
        ("remote-subnet4-get-by-prefix", r#"{"subnet": "::/64"}"#, "unable to parse invalid prefix ::/64"),
        ("remote-subnet4-del-by-prefix", r#"{"id": 2}"#, "missing 'subnet' parameter"),
    ] {
        s.expect(
            command,
            &format!(r#"{{"subnets": [{subnet}]}}"#),
            &format!(r#"{{"result": 1, "text": "{text}"}}"#),
        );
    }
    let network = r#""shared-networks": [{"name": "n"}]"#;
    s.refused(
        "remote-network4-get",
        &format!(r#"{{{network}, "subnets-include": "some"}}"#),
        "'subnets-include'",
    );
    s.refused(
        "remote-network4-del",
        &format!(r#"{{{network}, "subnets-action": 1}}"#),
        "'subnets-action' parameter is not a string",
    );
}

#[test]
pub(super) fn parameters() {
    let s = Session::with(&["abc"]);
    let set = |map: &str| format!(r#"{{"parameters": {map}, "server-tags": ["abc"]}}"#);
    for (map, text) in [
        (r#"{"boot-fiabcsd": "/dev/null"}"#, "unknown parameter 'boot-fiabcsd'"),
        (
            r#"{"compatibility.ignore-rai-link-selection": true, "compatibility.unknown-parameter": true}"#,
            "unknown parameter 'compatibility.unknown-parameter'",
        ),
        (r#"{"dhcp-ddns": {"unknown-parameter": true}}"#, "unknown parameter 'dhcp-ddns.unknown-parameter'"),
        (r#"{"subnet4": []}"#, "unknown parameter 'subnet4'"),
        (r#"{"server-tag": "x"}"#, "unknown parameter 'server-tag'"),
        (r#"{"control-socket.socket-name": "x"}"#, "unknown parameter 'control-socket.socket-name'"),
    ] {
        s.expect("remote-global-parameter4-set", &set(map), &format!(r#"{{"result": 1, "text": "{text}"}}"#));
    }
    s.refused("remote-global-parameter4-set", &set(r#"{"renew-timer": "x"}"#), "renew-timer");
    s.refused("remote-global-parameter4-set", &set("{}"), "must not be empty");
    s.refused("remote-global-parameter4-set", &set("[]"), "must be a map");
    for names in [r#"[1]"#, r#"[""]"#, r#"["a", "b"]"#, r#""a""#] {
        s.refused("remote-global-parameter4-get", &set(names), "");
        s.refused("remote-global-parameter4-del", &set(names), "");
    }
    assert!(
        s.ask("remote-global-parameter4-get-all", r#"{"server-tags": ["abc"]}"#).get("result")
            == Some(&3i64.into())
    );
}

#[test]
pub(super) fn option_definitions() {
    let s = Session::with(&["abc"]);
    let with = |def: &str| format!(r#"{{"option-defs": [{def}], "server-tags": ["abc"]}}"#);
    for (def, text) in [
        (r#"{"name": "foo", "code": 0, "type": "uint32"}"#, "invalid option code '0': reserved for PAD"),
        (
            r#"{"code": 222, "type": "uint32", "array": false, "record-types": ""}"#,
            "missing parameter 'name'",
        ),
        (r#"{"name": "aa", "type": "uint32"}"#, "missing parameter 'code'"),
        (r#"{"name": "aa", "code": 234}"#, "missing parameter 'type'"),
        (r#"{"name": "aa", "code": 234, "type": "nonsense"}"#, "nonsense"),
    ] {
        s.refused("remote-option-def4-set", &with(def), text);
    }
    s.expect(
        "remote-option-def4-set",
        &with(r#"{"name": "foo", "code": 24, "type": "uint32"}"#),
        r#"{"result": 1, "text": "an option with code 24 already exists in space 'dhcp4'"}"#,
    );
    for (command, def, text) in [
        ("remote-option-def4-get", r#"{"name": "foo"}"#, "missing 'code' parameter"),
        ("remote-option-def4-del", r#"{"name": 22}"#, "spurious 'name' parameter"),
        ("remote-option-def4-del", "{}", "missing 'code' parameter"),
        ("remote-option-def4-del", r#"{"code": "abc"}"#, "'code' parameter is not an integer"),
    ] {
        s.expect(command, &with(def), &format!(r#"{{"result": 1, "text": "{text}"}}"#));
    }
}

#[test]
pub(super) fn options() {
    let s = Session::with(&["abc"]);
    let with = |option: &str| format!(r#"{{"options": [{option}], "server-tags": ["abc"]}}"#);
    for (option, text) in [
        (r#"{"code": "aaa"}"#, "'code' parameter is not an integer"),
        (r#"{"name": 123}"#, "'name' parameter is not a string"),
        ("{}", "option data configuration requires one of 'code' or 'name' parameters to be specified"),
        (r#"{"code": "aa", "name": "cc"}"#, "'code' parameter is not an integer"),
        (r#"{"code": 12, "name": 12, "data": "isc.example.com"}"#, "'name' parameter is not a string"),
        (
            r#"{"code": 6, "data": "192.0.2.1, 192.0.2.2", "always-send": true, "csv-format": true, "space": "xyz"}"#,
            "definition for the option 'xyz.' having code '6' does not exist",
        ),
        (
            r#"{"name": "configfile123", "data": "1APC"}"#,
            "definition for the option 'dhcp4.configfile123' does not exist",
        ),
        (
            r#"{"code": 6, "data": "192.0.2.1", "csv-format": false}"#,
            "option data is not a valid string of hexadecimal digits: 192.0.2.1",
        ),
        (
            r#"{"code": 6, "data": "C0000201Z", "csv-format": false}"#,
            "option data is not a valid string of hexadecimal digits: C0000201Z",
        ),
        (r#"{"code": 6, "data": "not an address"}"#, "option data does not match option definition"),
        (r#"{"code": 6, "name": "routers", "data": "1.1.1.1"}"#, "does not match the option definition"),
    ] {
        s.refused("remote-option4-global-set", &with(option), text);
    }
    for verb in ["get", "del"] {
        for (option, text) in [
            ("{}", "missing 'code' parameter"),
            (r#"{"code": "6"}"#, "'code' parameter is not an integer"),
            (r#"{"code": 70000}"#, "option code '70000' is out of range"),
            (r#"{"code": 6, "data": "x"}"#, "spurious 'data' parameter"),
            (r#"{"code": 6, "client-classes": "x"}"#, "'client-classes' parameter is not a list of strings"),
        ] {
            let command = format!("remote-option4-global-{verb}");
            s.expect(&command, &with(option), &format!(r#"{{"result": 1, "text": "{text}"}}"#));
        }
    }
    let option = r#""options": [{"code": 6, "data": "1.1.1.1"}]"#;
    for (command, key, text) in [
        ("remote-option4-subnet-set", r#""subnets": [{"id": 5}]"#, "subnet '5' does not exist"),
        (
            "remote-option4-network-set",
            r#""shared-networks": [{"name": "n"}]"#,
            "shared network 'n' does not exist",
        ),
        (
            "remote-option4-pool-set",
            r#""pools": [{"pool": "10.0.0.1-10.0.0.2"}]"#,
            "pool '10.0.0.1-10.0.0.2' does not exist",
        ),
        ("remote-option4-pool-set", r#""pools": [{"pool": "nonsense"}]"#, "invalid pool 'nonsense'"),
        ("remote-option4-pool-set", r#""pools": [{}]"#, "missing 'pool' parameter"),
    ] {
        s.refused(command, &format!("{{{key}, {option}}}"), text);
    }
}
