//! Objects set, shown, listed and deleted, with whole answers.

use super::Session;

const TAGS: &str = r#""remote": {"type": "sqlite"}, "server-tags": ["abc"]"#;

fn set(list: &str, object: &str) -> String {
    format!(r#"{{{TAGS}, "{list}": [{object}]}}"#)
}

fn key(list: &str, object: &str) -> String {
    format!(r#"{{"remote": {{"type": "sqlite"}}, "{list}": [{object}]}}"#)
}

fn list() -> String {
    format!("{{{TAGS}}}")
}

#[test]
pub(super) fn servers() {
    let s = Session::new();
    s.expect(
        "remote-server4-get-all",
        "{}",
        r#"{"result": 3, "text": "0 DHCPv4 server(s) found.", "arguments": {"count": 0, "servers": []}}"#,
    );
    s.expect(
        "remote-server4-set",
        &key("servers", r#"{"server-tag": "ABC", "description": "some server"}"#),
        r#"{"result": 0, "text": "DHCPv4 server successfully set.",
            "arguments": {"servers": [{"server-tag": "abc", "description": "some server"}]}}"#,
    );
    s.expect(
        "remote-server4-set",
        &key("servers", r#"{"server-tag": "someserver"}"#),
        r#"{"result": 0, "text": "DHCPv4 server successfully set.",
            "arguments": {"servers": [{"server-tag": "someserver", "description": ""}]}}"#,
    );
    s.expect(
        "remote-server4-get",
        &key("servers", r#"{"server-tag": "Abc"}"#),
        r#"{"result": 0, "text": "DHCPv4 server 'abc' found.",
            "arguments": {"count": 1, "servers": [{"server-tag": "abc", "description": "some server"}]}}"#,
    );
    s.expect(
        "remote-server4-get-all",
        "{}",
        r#"{"result": 0, "text": "2 DHCPv4 server(s) found.", "arguments": {"count": 2, "servers": [
            {"server-tag": "abc", "description": "some server"}, {"server-tag": "someserver", "description": ""}]}}"#,
    );
    let del = key("servers", r#"{"server-tag": "abc"}"#);
    s.expect(
        "remote-server4-del",
        &del,
        r#"{"result": 0, "text": "1 DHCPv4 server(s) deleted.", "arguments": {"count": 1}}"#,
    );
    s.expect(
        "remote-server4-del",
        &del,
        r#"{"result": 3, "text": "0 DHCPv4 server(s) deleted.", "arguments": {"count": 0}}"#,
    );
    s.expect("remote-server4-get", &del, r#"{"result": 3, "text": "DHCPv4 server 'abc' not found.", "arguments": {"count": 0, "servers": []}}"#);
    assert_eq!(s.changes(), 3, "one for each write that wrote");
}

#[test]
pub(super) fn a_subnet_with_everything() {
    let s = Session::with(&["abc"]);
    s.ok("remote-class4-set", &set("client-classes", r#"{"name": "XYZ"}"#));
    let subnet = r#"{"boot-file-name": "file-name", "shared-network-name": "", "id": 2, "interface": "eth0",
        "match-client-id": false, "next-server": "0.0.0.0", "authoritative": false, "evaluate-additional-classes": ["XYZ"],
        "pools": [{"pool": "192.168.50.1-192.168.50.100", "option-data": [{"code": 6, "data": "192.0.2.2",
          "always-send": true, "csv-format": true, "never-send": true}]}],
        "relay": {"ip-addresses": ["192.168.5.5"]}, "server-hostname": "name-xyz", "subnet": "192.168.50.0/24",
        "valid-lifetime": 1000, "rebind-timer": 500, "renew-timer": 200,
        "option-data": [{"code": 6, "data": "192.0.2.1", "always-send": true, "csv-format": true}]}"#;
    s.expect(
        "remote-subnet4-set",
        &set("subnets", subnet),
        r#"{"result": 0, "text": "IPv4 subnet successfully set.", "arguments": {"subnets": [{"id": 2, "subnet": "192.168.50.0/24"}]}}"#,
    );
    let shown = r#"{"4o6-interface": "", "4o6-interface-id": "", "4o6-subnet": "", "authoritative": false,
        "boot-file-name": "file-name", "evaluate-additional-classes": ["XYZ"], "id": 2, "interface": "eth0",
        "match-client-id": false, "max-valid-lifetime": 1000, "metadata": {"server-tags": ["abc"]},
        "min-valid-lifetime": 1000, "next-server": "0.0.0.0",
        "option-data": [{"always-send": true, "code": 6, "csv-format": true, "data": "192.0.2.1",
          "name": "domain-name-servers", "never-send": false, "space": "dhcp4"}],
        "pools": [{"pool": "192.168.50.1-192.168.50.100", "option-data": [{"always-send": true, "code": 6,
          "csv-format": true, "data": "192.0.2.2", "name": "domain-name-servers", "never-send": true, "space": "dhcp4"}]}],
        "rebind-timer": 500, "relay": {"ip-addresses": ["192.168.5.5"]}, "renew-timer": 200,
        "server-hostname": "name-xyz", "shared-network-name": null, "subnet": "192.168.50.0/24", "valid-lifetime": 1000}"#;
    for (command, by, text) in [
        ("remote-subnet4-get-by-id", r#"{"id": 2}"#, "2"),
        ("remote-subnet4-get-by-prefix", r#"{"subnet": "192.168.50.0/24"}"#, "192.168.50.0/24"),
    ] {
        s.expect(
            command,
            &key("subnets", by),
            &format!(r#"{{"result": 0, "text": "IPv4 subnet {text} found.", "arguments": {{"count": 1, "subnets": [{shown}]}}}}"#),
        );
    }
    // What was shown can be set as it is.
    s.ok("remote-subnet4-set", &set("subnets", shown));
    s.expect(
        "remote-subnet4-get-by-id",
        &key("subnets", r#"{"id": 2}"#),
        &format!(r#"{{"result": 0, "text": "IPv4 subnet 2 found.", "arguments": {{"count": 1, "subnets": [{shown}]}}}}"#),
    );
    // A set replaces the whole object.
    s.ok(
        "remote-subnet4-set",
        &set("subnets", r#"{"id": 2, "subnet": "192.168.50.0/24", "shared-network-name": null}"#),
    );
    s.expect(
        "remote-subnet4-get-by-id",
        &key("subnets", r#"{"id": 2}"#),
        r#"{"result": 0, "text": "IPv4 subnet 2 found.", "arguments": {"count": 1, "subnets": [{"4o6-interface": "",
            "4o6-interface-id": "", "4o6-subnet": "", "id": 2, "metadata": {"server-tags": ["abc"]}, "option-data": [],
            "pools": [], "relay": {"ip-addresses": []}, "shared-network-name": null, "subnet": "192.168.50.0/24"}]}}"#,
    );
}

#[test]
pub(super) fn subnets_by_number_and_prefix() {
    let s = Session::with(&["abc"]);
    let subnet = |id: u32, prefix: &str| {
        s.expect(
            "remote-subnet4-set",
            &set("subnets", &format!(r#"{{"id": {id}, "subnet": "{prefix}", "shared-network-name": ""}}"#)),
            &format!(
                r#"{{"result": 0, "text": "IPv4 subnet successfully set.",
                    "arguments": {{"subnets": [{{"id": {id}, "subnet": "{prefix}"}}]}}}}"#
            ),
        );
    };
    let listed = |wanted: &[(u32, &str)]| {
        let subnets: Vec<String> = wanted
            .iter()
            .map(|(id, prefix)| {
                format!(
                    r#"{{"id": {id}, "subnet": "{prefix}", "shared-network-name": null, "metadata": {{"server-tags": ["abc"]}}}}"#
                )
            })
            .collect();
        let n = wanted.len();
        s.expect(
            "remote-subnet4-list",
            &list(),
            &format!(
                r#"{{"result": {}, "text": "{n} IPv4 subnet(s) found.", "arguments": {{"count": {n}, "subnets": [{}]}}}}"#,
                if n == 0 { 3 } else { 0 },
                subnets.join(", ")
            ),
        );
    };
    listed(&[]);
    subnet(5, "192.168.50.0/24");
    subnet(5, "192.168.51.0/24");
    listed(&[(5, "192.168.51.0/24")]);
    subnet(1, "192.168.51.0/24");
    listed(&[(1, "192.168.51.0/24")]);
    subnet(3, "192.168.52.0/24");
    subnet(2, "192.168.53.0/24");
    listed(&[(1, "192.168.51.0/24"), (2, "192.168.53.0/24"), (3, "192.168.52.0/24")]);
    for (command, by, count, result) in [
        ("remote-subnet4-del-by-id", r#"{"id": 15}"#, 0, 3),
        ("remote-subnet4-del-by-id", r#"{"id": 1}"#, 1, 0),
        ("remote-subnet4-del-by-prefix", r#"{"subnet": "192.168.51.0/24"}"#, 0, 3),
        ("remote-subnet4-del-by-prefix", r#"{"subnet": "192.168.52.0/24"}"#, 1, 0),
    ] {
        s.expect(
            command,
            &key("subnets", by),
            &format!(r#"{{"result": {result}, "text": "{count} IPv4 subnet(s) deleted.", "arguments": {{"count": {count}}}}}"#),
        );
    }
    listed(&[(2, "192.168.53.0/24")]);
    s.expect(
        "remote-subnet4-get-by-id",
        &key("subnets", r#"{"id": 3}"#),
        r#"{"result": 3, "text": "IPv4 subnet 3 not found.", "arguments": {"count": 0, "subnets": []}}"#,
    );
    s.expect(
        "remote-subnet4-get-by-prefix",
        &key("subnets", r#"{"subnet": "10.0.0.2/12"}"#),
        r#"{"result": 3, "text": "IPv4 subnet 10.0.0.2/12 not found.", "arguments": {"count": 0, "subnets": []}}"#,
    );
}

#[test]
pub(super) fn networks() {
    let s = Session::with(&["abc"]);
    s.ok("remote-class4-set", &set("client-classes", r#"{"name": "XYZ"}"#));
    s.ok("remote-class4-set", &set("client-classes", r#"{"name": "abc"}"#));
    let network = r#"{"name": "net1", "client-classes": ["abc"], "authoritative": false, "rebind-timer": 200,
        "renew-timer": 100, "calculate-tee-times": true, "t1-percent": 0.5, "t2-percent": 0.8, "valid-lifetime": 300,
        "match-client-id": true, "user-context": {"some weird network": 55}, "interface": "eth0",
        "evaluate-additional-classes": ["XYZ"],
        "option-data": [{"code": 6, "data": "192.0.2.1", "always-send": true, "csv-format": true}]}"#;
    s.expect(
        "remote-network4-set",
        &set("shared-networks", network),
        r#"{"result": 0, "text": "IPv4 shared network successfully set.", "arguments": {"shared-networks": [{"name": "net1"}]}}"#,
    );
    s.expect(
        "remote-network4-get",
        &key("shared-networks", r#"{"name": "net1"}"#),
        r#"{"result": 0, "text": "IPv4 shared network 'net1' found.", "arguments": {"count": 1, "shared-networks": [{
            "authoritative": false, "client-classes": ["abc"], "rebind-timer": 200, "renew-timer": 100,
            "valid-lifetime": 300, "max-valid-lifetime": 300, "min-valid-lifetime": 300, "interface": "eth0",
            "metadata": {"server-tags": ["abc"]}, "calculate-tee-times": true, "t1-percent": 0.5, "t2-percent": 0.8,
            "match-client-id": true, "name": "net1", "evaluate-additional-classes": ["XYZ"],
            "option-data": [{"always-send": true, "code": 6, "csv-format": true, "data": "192.0.2.1",
              "name": "domain-name-servers", "never-send": false, "space": "dhcp4"}],
            "relay": {"ip-addresses": []}, "user-context": {"some weird network": 55}}]}}"#,
    );
    s.ok("remote-network4-set", &set("shared-networks", r#"{"name": "net2"}"#));
    s.expect(
        "remote-network4-list",
        &list(),
        r#"{"result": 0, "text": "2 IPv4 shared network(s) found.", "arguments": {"count": 2, "shared-networks": [
            {"name": "net1", "metadata": {"server-tags": ["abc"]}}, {"name": "net2", "metadata": {"server-tags": ["abc"]}}]}}"#,
    );
    for (id, net) in [(1, "net1"), (2, "net2")] {
        s.ok(
            "remote-subnet4-set",
            &set(
                "subnets",
                &format!(r#"{{"id": {id}, "subnet": "192.{id}.0.0/24", "shared-network-name": "{net}"}}"#),
            ),
        );
    }
    let full =
        s.ok("remote-network4-get", r#"{"shared-networks": [{"name": "net2"}], "subnets-include": "full"}"#);
    let subnets =
        full.get("shared-networks").unwrap().as_list().unwrap()[0].get("subnet4").unwrap().as_list().unwrap();
    assert_eq!(subnets.len(), 1);
    assert_eq!(subnets[0].get("id"), Some(&2i64.into()));
    s.expect(
        "remote-network4-del",
        r#"{"shared-networks": [{"name": "net1"}], "subnets-action": "keep"}"#,
        r#"{"result": 0, "text": "1 IPv4 shared network(s) deleted.", "arguments": {"count": 1}}"#,
    );
    s.expect(
        "remote-subnet4-list",
        &list(),
        r#"{"result": 0, "text": "2 IPv4 subnet(s) found.", "arguments": {"count": 2, "subnets": [
            {"id": 1, "subnet": "192.1.0.0/24", "shared-network-name": null, "metadata": {"server-tags": ["abc"]}},
            {"id": 2, "subnet": "192.2.0.0/24", "shared-network-name": "net2", "metadata": {"server-tags": ["abc"]}}]}}"#,
    );
    s.ok("remote-network4-del", r#"{"shared-networks": [{"name": "net2"}], "subnets-action": "delete"}"#);
    assert_eq!(s.ok("remote-subnet4-list", &list()).get("count"), Some(&1i64.into()));
    s.expect("remote-network4-list", &list(), r#"{"result": 3, "text": "0 IPv4 shared network(s) found.", "arguments": {"count": 0, "shared-networks": []}}"#);
    s.expect(
        "remote-network4-get",
        &key("shared-networks", r#"{"name": "net2"}"#),
        r#"{"result": 3, "text": "IPv4 shared network 'net2' not found.", "arguments": {"count": 0, "shared-networks": []}}"#,
    );
}

#[test]
pub(super) fn global_parameters() {
    let s = Session::with(&["abc"]);
    let parameters = |map: &str| format!(r#"{{{TAGS}, "parameters": {map}}}"#);
    s.expect("remote-global-parameter4-get-all", &list(), r#"{"result": 3, "text": "0 DHCPv4 global parameter(s) found.", "arguments": {"count": 0, "parameters": []}}"#);
    s.expect(
        "remote-global-parameter4-set",
        &parameters(r#"{"boot-file-name": "/dev/null"}"#),
        r#"{"result": 0, "text": "1 DHCPv4 global parameter(s) successfully set.",
            "arguments": {"count": 1, "parameters": {"boot-file-name": "/dev/null"}}}"#,
    );
    s.expect(
        "remote-global-parameter4-set",
        &parameters(r#"{"decline-probation-period": 15}"#),
        r#"{"result": 0, "text": "1 DHCPv4 global parameter(s) successfully set.",
            "arguments": {"count": 1, "parameters": {"decline-probation-period": 15}}}"#,
    );
    s.expect(
        "remote-global-parameter4-get",
        &parameters(r#"["boot-file-name"]"#),
        r#"{"result": 0, "text": "'boot-file-name' DHCPv4 global parameter found.", "arguments": {"count": 1,
            "parameters": {"boot-file-name": "/dev/null", "metadata": {"server-tags": ["abc"]}}}}"#,
    );
    s.expect(
        "remote-global-parameter4-get-all",
        &list(),
        r#"{"result": 0, "text": "2 DHCPv4 global parameter(s) found.", "arguments": {"count": 2, "parameters": [
            {"boot-file-name": "/dev/null", "metadata": {"server-tags": ["abc"]}},
            {"decline-probation-period": 15, "metadata": {"server-tags": ["abc"]}}]}}"#,
    );
    let del = parameters(r#"["boot-file-name"]"#);
    s.expect(
        "remote-global-parameter4-del",
        &del,
        r#"{"result": 0, "text": "1 DHCPv4 global parameter(s) deleted.", "arguments": {"count": 1}}"#,
    );
    s.expect(
        "remote-global-parameter4-del",
        &del,
        r#"{"result": 3, "text": "0 DHCPv4 global parameter(s) deleted.", "arguments": {"count": 0}}"#,
    );
    s.expect(
        "remote-global-parameter4-get",
        &del,
        r#"{"result": 3, "text": "'boot-file-name' DHCPv4 global parameter not found.", "arguments": {"count": 0, "parameters": {}}}"#,
    );
    // Members of maps, in both notations.
    let wanted = r#"{"result": 0, "text": "2 DHCPv4 global parameter(s) successfully set.", "arguments": {"count": 2,
        "parameters": {"compatibility": {"ignore-rai-link-selection": true, "lenient-option-parsing": true}}}}"#;
    for map in [
        r#"{"compatibility.ignore-rai-link-selection": true, "compatibility.lenient-option-parsing": true}"#,
        r#"{"compatibility": {"ignore-rai-link-selection": true, "lenient-option-parsing": true}}"#,
    ] {
        s.expect("remote-global-parameter4-set", &parameters(map), wanted);
    }
    s.ok("remote-global-parameter4-set", &parameters(
        r#"{"expired-leases-processing.hold-reclaimed-time": 1000, "multi-threading.thread-pool-size": 2, "t1-percent": 0.4}"#,
    ));
    let shown = s.ok("remote-global-parameter4-get", &parameters(r#"["multi-threading.thread-pool-size"]"#));
    assert_eq!(
        shown.get("parameters").unwrap().get("multi-threading").unwrap().get("thread-pool-size"),
        Some(&2i64.into())
    );
}

#[test]
pub(super) fn option_definitions() {
    let s = Session::with(&["abc"]);
    let foo = r#"{"name": "foo", "code": 222, "type": "uint32"}"#;
    s.expect(
        "remote-option-def4-set",
        &set("option-defs", foo),
        r#"{"result": 0, "text": "DHCPv4 option definition successfully set.",
            "arguments": {"option-defs": [{"code": 222, "space": "dhcp4"}]}}"#,
    );
    s.ok(
        "remote-option-def4-set",
        &set("option-defs", r#"{"name": "foo", "code": 222, "type": "uint32", "space": "abc"}"#),
    );
    let shown = |space: &str| {
        format!(
            r#"{{"array": false, "code": 222, "encapsulate": "", "name": "foo", "record-types": "", "space": "{space}",
                "type": "uint32", "metadata": {{"server-tags": ["abc"]}}}}"#
        )
    };
    s.expect(
        "remote-option-def4-get",
        &set("option-defs", r#"{"code": 222}"#),
        &format!(
            r#"{{"result": 0, "text": "DHCPv4 option definition 222 in 'dhcp4' found.",
                "arguments": {{"count": 1, "option-defs": [{}]}}}}"#,
            shown("dhcp4")
        ),
    );
    s.expect(
        "remote-option-def4-get-all",
        &list(),
        &format!(
            r#"{{"result": 0, "text": "2 DHCPv4 option definition(s) found.",
                "arguments": {{"count": 2, "option-defs": [{}, {}]}}}}"#,
            shown("abc"),
            shown("dhcp4")
        ),
    );
    for (def, count) in
        [(r#"{"code": 222, "space": "xyz"}"#, 0), (r#"{"code": 222}"#, 1), (r#"{"code": 212}"#, 0)]
    {
        s.expect(
            "remote-option-def4-del",
            &set("option-defs", def),
            &format!(
                r#"{{"result": {}, "text": "{count} DHCPv4 option definition(s) deleted.", "arguments": {{"count": {count}}}}}"#,
                if count == 0 { 3 } else { 0 }
            ),
        );
    }
    s.expect(
        "remote-option-def4-get",
        &set("option-defs", r#"{"code": 222}"#),
        r#"{"result": 3, "text": "DHCPv4 option definition 222 in 'dhcp4' not found.", "arguments": {"count": 0, "option-defs": []}}"#,
    );
    assert_eq!(s.ok("remote-option-def4-get-all", &list()).get("count"), Some(&1i64.into()));
}

#[test]
pub(super) fn global_options() {
    let s = Session::with(&["abc"]);
    let shown = |code: u8, csv: bool, data: &str, name: &str, always: bool| {
        format!(
            r#"{{"always-send": {always}, "code": {code}, "csv-format": {csv}, "data": "{data}", "name": "{name}",
                "never-send": false, "space": "dhcp4", "metadata": {{"server-tags": ["abc"]}}}}"#
        )
    };
    let get = |code: u8, wanted: &str| {
        s.expect(
            "remote-option4-global-get",
            &set("options", &format!(r#"{{"code": {code}}}"#)),
            &format!(
                r#"{{"result": 0, "text": "DHCPv4 option {code} in 'dhcp4' found.", "arguments": {{"count": 1, "options": [{wanted}]}}}}"#
            ),
        );
    };
    s.expect(
        "remote-option4-global-set",
        &set("options", r#"{"code": 6, "data": "192.0.2.1, 192.0.2.2"}"#),
        r#"{"result": 0, "text": "DHCPv4 option successfully set.", "arguments": {"options": [{"code": 6, "space": "dhcp4"}]}}"#,
    );
    let dns = shown(6, true, "192.0.2.1, 192.0.2.2", "domain-name-servers", false);
    get(6, &dns);
    s.expect(
        "remote-option4-global-set",
        &set("options", r#"{"name": "host-name", "data": "isc.example.com"}"#),
        r#"{"result": 0, "text": "DHCPv4 option successfully set.", "arguments": {"options": [{"code": 12, "space": "dhcp4"}]}}"#,
    );
    s.ok("remote-option4-global-set", &set("options", r#"{"code": 16, "data": "199.199.199.1"}"#));
    s.expect(
        "remote-option4-global-get-all",
        &list(),
        &format!(
            r#"{{"result": 0, "text": "3 DHCPv4 option(s) found.", "arguments": {{"count": 3, "options": [{dns}, {}, {}]}}}}"#,
            shown(12, true, "isc.example.com", "host-name", false),
            shown(16, true, "199.199.199.1", "swap-server", false)
        ),
    );
    s.ok("remote-option4-global-set", &set("options", r#"{"code": 6, "data": "c0:00:03:01 ", "csv-format": false, "always-send": true}"#.replace(' ', "").as_str()));
    get(6, &shown(6, false, "C0000301", "domain-name-servers", true));
    // Without data: stored as such.
    s.ok("remote-option4-global-set", &set("options", r#"{"code": 6}"#));
    for (count, result) in [(1, 0), (0, 3)] {
        s.expect(
            "remote-option4-global-del",
            &set("options", r#"{"code": 6}"#),
            &format!(r#"{{"result": {result}, "text": "{count} DHCPv4 option(s) deleted.", "arguments": {{"count": {count}}}}}"#),
        );
    }
    s.expect(
        "remote-option4-global-get",
        &set("options", r#"{"code": 6}"#),
        r#"{"result": 3, "text": "DHCPv4 option 6 in 'dhcp4' not found.", "arguments": {"count": 0, "options": []}}"#,
    );
}

#[test]
pub(super) fn options_with_classes_as_keys() {
    let s = Session::with(&["abc"]);
    s.ok("remote-class4-set", &set("client-classes", r#"{"name": "a"}"#));
    let option =
        |data: &str, classes: &str| set("options", &format!(r#"{{"code": 3, "data": "{data}"{classes}}}"#));
    s.ok("remote-option4-global-set", &option("1.1.1.1", ""));
    s.expect(
        "remote-option4-global-set",
        &option("1.1.1.2", r#", "client-classes": ["a"]"#),
        r#"{"result": 0, "text": "DHCPv4 option successfully set.",
            "arguments": {"options": [{"code": 3, "space": "dhcp4", "client-classes": ["a"]}]}}"#,
    );
    s.ok("remote-option4-global-set", &option("1.1.1.3", r#", "client-classes": []"#));
    let data = |classes: &str| {
        let shown =
            s.ask("remote-option4-global-get", &set("options", &format!(r#"{{"code": 3{classes}}}"#)));
        let found = shown.get("arguments").unwrap().get("options").unwrap().as_list().unwrap();
        found.first().map(|o| o.get("data").unwrap().as_str().unwrap().to_owned())
    };
    assert_eq!(data(r#", "client-classes": []"#).as_deref(), Some("1.1.1.3"));
    assert_eq!(data(r#", "client-classes": ["a"]"#).as_deref(), Some("1.1.1.2"));
    assert_eq!(data(r#", "client-classes": ["b"]"#), None);
    let del = |classes: &str| {
        s.ask("remote-option4-global-del", &set("options", &format!(r#"{{"code": 3{classes}}}"#)))
            .get("arguments")
            .and_then(|a| a.get("count")?.as_int())
    };
    assert_eq!(del(r#", "client-classes": ["b"]"#), Some(0));
    assert_eq!(del(r#", "client-classes": ["a"]"#), Some(1));
    s.ok("remote-option4-global-set", &option("1.1.1.2", r#", "client-classes": ["a"]"#));
    assert_eq!(del(""), Some(2), "without classes: all of the code");
}

#[test]
pub(super) fn options_at_every_level() {
    let s = Session::with(&["abc"]);
    s.ok("remote-network4-set", &set("shared-networks", r#"{"name": "floor13"}"#));
    s.ok(
        "remote-subnet4-set",
        &set("subnets", r#"{"id": 5, "subnet": "10.0.0.0/24", "shared-network-name": "floor13", "pools": [{"pool": "10.0.0.1-10.0.0.10"}]}"#),
    );
    let levels = [
        ("subnet", r#""subnets": [{"id": 5}]"#, "10.0.0.1"),
        ("pool", r#""pools": [{"pool": "10.0.0.1 - 10.0.0.10"}]"#, "10.0.0.2"),
        ("network", r#""shared-networks": [{"name": "floor13"}]"#, "10.0.0.3"),
    ];
    for (level, key, data) in levels {
        s.expect(
            &format!("remote-option4-{level}-set"),
            &format!(r#"{{{key}, "options": [{{"name": "domain-name-servers", "data": "{data}", "never-send": true}}]}}"#),
            r#"{"result": 0, "text": "DHCPv4 option successfully set.", "arguments": {"options": [{"code": 6, "space": "dhcp4"}]}}"#,
        );
    }
    let shown = s.ok(
        "remote-network4-get",
        r#"{"shared-networks": [{"name": "floor13"}], "subnets-include": "full"}"#,
    );
    let network = &shown.get("shared-networks").unwrap().as_list().unwrap()[0];
    let subnet = &network.get("subnet4").unwrap().as_list().unwrap()[0];
    let pool = &subnet.get("pools").unwrap().as_list().unwrap()[0];
    for (holder, data) in [(subnet, "10.0.0.1"), (pool, "10.0.0.2"), (network, "10.0.0.3")] {
        let wanted = format!(
            r#"[{{"always-send": false, "code": 6, "csv-format": true, "data": "{data}", "name": "domain-name-servers",
                "never-send": true, "space": "dhcp4"}}]"#
        );
        assert_eq!(holder.get("option-data"), Some(&super::value(&wanted)));
    }
    for (level, key, _) in levels {
        for (count, result) in [(1, 0), (0, 3)] {
            s.expect(
                &format!("remote-option4-{level}-del"),
                &format!(r#"{{{key}, "options": [{{"code": 6, "space": "dhcp4"}}]}}"#),
                &format!(r#"{{"result": {result}, "text": "{count} DHCPv4 option(s) deleted.", "arguments": {{"count": {count}}}}}"#),
            );
        }
    }
}
