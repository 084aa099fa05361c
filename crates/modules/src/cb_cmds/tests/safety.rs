//! What a server could not run is refused when it is written, by name, unless forced.

use backend::suite::wait;
use backend::{Pulled, ServerSelector, merge};
use base::ServerTag;

use super::Session;

fn subnet(tags: &str, object: &str) -> String {
    format!(r#"{{"server-tags": {tags}, "subnets": [{object}]}}"#)
}

fn network(tags: &str, name: &str) -> String {
    format!(r#"{{"server-tags": {tags}, "shared-networks": [{{"name": "{name}"}}]}}"#)
}

/// Refused, and stored with `force`.
fn guarded(s: &Session, command: &str, arguments: &str, text: &str) {
    s.refused(command, arguments, text);
    s.refused(command, arguments, r#"("force": true stores it nevertheless)"#);
    let forced = arguments.replacen('{', r#"{"force": true, "#, 1);
    s.ok(command, &forced);
}

#[test]
fn a_subnet_whose_network_its_server_lacks() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok("remote-network4-set", &network(r#"["abc"]"#, "floor"));
    let of =
        |id: u32| format!(r#"{{"id": {id}, "subnet": "10.0.{id}.0/24", "shared-network-name": "floor"}}"#);
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, &of(1)));
    guarded(
        &s,
        "remote-subnet4-set",
        &subnet(r#"["abc", "xyz"]"#, &of(2)),
        "subnet 2 (10.0.2.0/24): its shared network 'floor' is not given to server 'xyz'",
    );
    s.refused("remote-subnet4-set", &subnet(r#"["all"]"#, &of(3)), "'floor' is not given to server 'all'");
    // From the other side.
    s.refused(
        "remote-network4-set",
        &network(r#"["xyz"]"#, "floor"),
        "subnet 1 (10.0.1.0/24) of server 'abc' would be without its shared network 'floor'",
    );
    s.ok("remote-network4-set", &network(r#"["all"]"#, "floor"));
}

#[test]
fn overlapping_subnets() {
    let s = Session::with(&["abc", "xyz"]);
    let plain = |id: u32, prefix: &str| {
        format!(r#"{{"id": {id}, "subnet": "{prefix}", "shared-network-name": null}}"#)
    };
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, &plain(1, "10.0.0.0/16")));
    s.ok("remote-subnet4-set", &subnet(r#"["xyz"]"#, &plain(2, "10.0.1.0/24")));
    guarded(
        &s,
        "remote-subnet4-set",
        &subnet(r#"["abc"]"#, &plain(3, "10.0.2.0/24")),
        "subnet 3 (10.0.2.0/24): overlaps with subnet 1 (10.0.0.0/16) of server 'abc'",
    );
    s.refused(
        "remote-subnet4-set",
        &subnet(r#"["all"]"#, &plain(4, "10.0.1.128/25")),
        "overlaps with subnet 2 (10.0.1.0/24) of server 'xyz'",
    );
    // What it replaces is no obstacle.
    s.ok("remote-subnet4-set", &subnet(r#"["xyz"]"#, &plain(2, "10.0.0.0/8")));
    s.ok("remote-subnet4-set", &subnet(r#"["xyz"]"#, &plain(7, "10.0.0.0/8")));
    s.file(r#"{"subnet4": [{"id": 50, "subnet": "172.16.0.0/16"}]}"#);
    s.refused(
        "remote-subnet4-set",
        &subnet(r#"["abc"]"#, &plain(5, "172.16.1.0/24")),
        "overlaps with subnet 50 (172.16.0.0/16) in the file of server 'abc'",
    );
    s.ok("remote-subnet4-set", &subnet(r#"["xyz"]"#, &plain(5, "172.16.1.0/24")));
}

#[test]
fn a_pool_outside_of_its_subnet_is_never_stored() {
    let s = Session::with(&["abc"]);
    let outside = subnet(
        r#"["abc"]"#,
        r#"{"id": 1, "subnet": "10.0.0.0/24", "shared-network-name": "", "pools": [{"pool": "10.0.1.1-10.0.1.9"}]}"#,
    );
    s.refused(
        "remote-subnet4-set",
        &outside,
        "10.0.1.1-10.0.1.9 does not match the prefix of a subnet: 10.0.0.0/24",
    );
    s.refused(
        "remote-subnet4-set",
        &outside.replacen('{', r#"{"force": true, "#, 1),
        "does not match the prefix",
    );
}

#[test]
fn an_option_that_some_server_has_no_definition_of() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok(
        "remote-option-def4-set",
        r#"{"server-tags": ["abc"], "option-defs": [{"name": "foo", "code": 222, "type": "uint32"}]}"#,
    );
    let with = |tags: &str| {
        subnet(
            tags,
            r#"{"id": 1, "subnet": "10.0.0.0/24", "shared-network-name": "", "option-data": [{"code": 222, "data": "5"}]}"#,
        )
    };
    s.ok("remote-subnet4-set", &with(r#"["abc"]"#));
    guarded(
        &s,
        "remote-subnet4-set",
        &with(r#"["abc", "xyz"]"#),
        "option 222 in 'dhcp4' has no definition that server 'xyz' knows",
    );
    // Of another type there.
    s.ok("remote-option-def4-set", r#"{"server-tags": ["xyz"], "option-defs": [{"name": "foo", "code": 222, "type": "ipv4-address"}], "force": true}"#);
    s.refused(
        "remote-subnet4-set",
        &with(r#"["abc", "xyz"]"#),
        "on server 'xyz' option data does not match option definition",
    );
    // A definition in the own file does.
    s.file(r#"{"option-def": [{"name": "bar", "code": 223, "type": "uint8"}]}"#);
    s.ok(
        "remote-option4-global-set",
        r#"{"server-tags": ["abc"], "options": [{"name": "bar", "data": "7"}]}"#,
    );
}

#[test]
fn definitions_in_use() {
    let s = Session::with(&["abc"]);
    let def = |kind: &str| {
        format!(
            r#"{{"server-tags": ["abc"], "option-defs": [{{"name": "foo", "code": 222, "type": "{kind}"}}]}}"#
        )
    };
    s.ok("remote-option-def4-set", &def("uint32"));
    s.ok(
        "remote-subnet4-set",
        &subnet(r#"["abc"]"#, r#"{"id": 1, "subnet": "10.0.0.0/24", "shared-network-name": "", "option-data": [{"code": 222, "data": "70000"}]}"#),
    );
    s.ok("remote-option-def4-set", &def("uint32"));
    guarded(&s, "remote-option-def4-set", &def("uint8"), "option definition 222 in 'dhcp4' on server 'abc'");
    let del = r#"{"server-tags": ["abc"], "option-defs": [{"code": 222}]}"#;
    s.refused(
        "remote-option-def4-del",
        del,
        "option definition 222 in 'dhcp4' of server 'abc' is needed by subnet 1",
    );
    s.expect(
        "remote-option-def4-del",
        r#"{"server-tags": ["abc"], "option-defs": [{"code": 222, "force": true}]}"#,
        r#"{"result": 0, "text": "1 DHCPv4 option definition(s) deleted.", "arguments": {"count": 1}}"#,
    );
    // With one of all servers left, nothing is lost.
    s.ok("remote-option-def4-set", &def("uint32"));
    s.ok("remote-option-def4-set", &def("uint32").replace(r#"["abc"]"#, r#"["all"]"#));
    s.ok("remote-option-def4-del", del);
}

#[test]
fn values_that_do_not_fit_those_inherited() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok("remote-global-parameter4-set", r#"{"server-tags": ["abc"], "parameters": {"min-valid-lifetime": 500, "valid-lifetime": 1000, "max-valid-lifetime": 2000}}"#);
    s.refused(
        "remote-global-parameter4-set",
        r#"{"server-tags": ["abc"], "parameters": {"max-valid-lifetime": 100}}"#,
        "max-valid-lifetime (100)",
    );
    s.refused(
        "remote-global-parameter4-set",
        r#"{"server-tags": ["abc"], "parameters": {"t1-percent": 0.9, "t2-percent": 0.5}}"#,
        "t1-percent",
    );
    // Only the server with such globals is in the way.
    s.ok(
        "remote-global-parameter4-set",
        r#"{"server-tags": ["xyz"], "parameters": {"valid-lifetime": 100}}"#,
    );
}

#[test]
fn what_is_stored_runs() {
    let s = Session::with(&["abc"]);
    s.ok("remote-global-parameter4-set", r#"{"server-tags": ["abc"], "parameters": {"valid-lifetime": 1000, "compatibility.lenient-option-parsing": true}}"#);
    s.ok("remote-option-def4-set", r#"{"server-tags": ["all"], "option-defs": [{"name": "foo", "code": 222, "type": "record", "record-types": "uint8, string"}]}"#);
    s.ok(
        "remote-option4-global-set",
        r#"{"server-tags": ["abc"], "options": [{"name": "foo", "data": "5, x"}]}"#,
    );
    s.ok("remote-class4-set", r#"{"server-tags": ["all"], "client-classes": [{"name": "modem", "test": "option[60].text == 'modem'", "option-data": [{"name": "routers", "data": "10.0.0.1"}]}]}"#);
    s.ok("remote-network4-set", r#"{"server-tags": ["all"], "shared-networks": [{"name": "floor", "option-data": [{"code": 6, "csv-format": false, "data": "C0000201"}]}]}"#);
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, r#"{"id": 5, "subnet": "10.0.0.0/24", "shared-network-name": "floor",
        "client-classes": ["modem"], "pools": [{"pool": "10.0.0.10-10.0.0.99", "option-data": [{"name": "routers", "data": "10.0.0.1"}]}]}"#));
    let tag = ServerTag::new("abc").unwrap();
    let Pulled::Everything { objects, .. } = wait(s.database().pull(tag.clone(), None)).unwrap() else {
        panic!()
    };
    let merged = merge(&config::Written4::default(), &objects, &ServerSelector::One(tag));
    let running = config::resolve4(std::sync::Arc::new(merged), &config::ResolveEnv::default()).unwrap();
    let subnet = running.subnet(base::SubnetId(5)).unwrap();
    assert_eq!(subnet.params.valid_lifetime.default.0, 1000);
    assert_eq!(subnet.pools[0].options.entries(3)[0].payload.as_ref(), [10, 0, 0, 1]);
    assert_eq!(running.network_of(subnet).unwrap().options.entries(6)[0].payload.as_ref(), [192, 0, 2, 1]);
    assert_eq!(running.options.entries(222)[0].payload.as_ref(), [5, b'x']);
    assert_eq!(running.classes.configured.len(), 1);
}
