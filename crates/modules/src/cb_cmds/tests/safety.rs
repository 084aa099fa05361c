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
pub(super) fn a_subnet_whose_network_its_server_lacks() {
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
pub(super) fn overlapping_subnets() {
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
pub(super) fn a_pool_outside_of_its_subnet_is_never_stored() {
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
pub(super) fn an_option_that_some_server_has_no_definition_of() {
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
pub(super) fn definitions_in_use() {
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
pub(super) fn values_that_do_not_fit_those_inherited() {
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
pub(super) fn what_is_stored_runs() {
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

fn class(tags: &str, object: &str) -> String {
    format!(r#"{{"server-tags": {tags}, "client-classes": [{object}]}}"#)
}

#[test]
pub(super) fn classes_that_nobody_defined() {
    let s = Session::with(&["abc", "xyz"]);
    let of = |id: u32, more: &str| {
        format!(r#"{{"id": {id}, "subnet": "10.0.{id}.0/24", "shared-network-name": null, {more}}}"#)
    };
    let option = r#"{"code": 3, "data": "10.0.0.1", "client-classes": ["voip"]}"#;
    let parts = [
        r#""client-classes": ["voip"]"#.to_owned(),
        r#""evaluate-additional-classes": ["KNOWN", "voip"]"#.to_owned(),
        format!(r#""option-data": [{option}]"#),
    ];
    for (id, more) in (1..).zip(&parts) {
        let text =
            format!("subnet {id} (10.0.{id}.0/24): client class 'voip' is not defined for server 'abc'");
        guarded(&s, "remote-subnet4-set", &subnet(r#"["abc"]"#, &of(id, more)), &text);
        let pool = format!(r#""pools": [{{"pool": "10.0.{}.0/28", {more}}}]"#, id + 10);
        let text = format!("subnet {} (10.0.{0}.0/24): client class 'voip' is not defined", id + 10);
        guarded(&s, "remote-subnet4-set", &subnet(r#"["abc"]"#, &of(id + 10, &pool)), &text);
        let arguments =
            format!(r#"{{"server-tags": ["all"], "shared-networks": [{{"name": "n{id}", {more}}}]}}"#);
        let text = format!("shared network 'n{id}': client class 'voip' is not defined for server 'all'");
        guarded(&s, "remote-network4-set", &arguments, &text);
    }
    let text = "option 3 in 'dhcp4': client class 'voip' is not defined for server";
    let global = format!(r#"{{"server-tags": ["abc"], "options": [{option}]}}"#);
    guarded(&s, "remote-option4-global-set", &global, text);
    let of_subnet = format!(r#"{{"subnets": [{{"id": 1}}], "options": [{option}]}}"#);
    guarded(&s, "remote-option4-subnet-set", &of_subnet, text);
    let other = class(r#"["abc"]"#, &format!(r#"{{"name": "other", "option-data": [{option}]}}"#));
    guarded(&s, "remote-class4-set", &other, "client class 'other': client class 'voip' is not defined");
    let own = class(r#"["abc"]"#, &format!(r#"{{"name": "voip", "option-data": [{option}]}}"#));
    s.ok("remote-class4-set", &own);
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, &of(1, &parts[0])));
    s.refused(
        "remote-subnet4-set",
        &subnet(r#"["abc", "xyz"]"#, &of(1, &parts[0])),
        "subnet 1 (10.0.1.0/24): client class 'voip' is not given to server 'xyz'",
    );
    // Those that are there without a definition, and those of the file while the database has none.
    s.file(r#"{"client-classes": [{"name": "printers"}]}"#);
    let known = r#""client-classes": ["VENDOR_CLASS_x", "DROP", "printers"]"#;
    let text = "client class 'printers' is not defined for server 'abc'";
    s.refused("remote-subnet4-set", &subnet(r#"["abc"]"#, &of(1, known)), text);
    for class in ["voip", "other"] {
        s.ok(
            "remote-class4-del",
            &format!(r#"{{"force": true, "client-classes": [{{"name": "{class}"}}]}}"#),
        );
    }
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, &of(1, known)));
}

#[test]
pub(super) fn a_class_that_is_used() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok("remote-class4-set", &class(r#"["all"]"#, r#"{"name": "voip"}"#));
    s.ok("remote-class4-set", &class(r#"["all"]"#, r#"{"name": "voi_"}"#));
    let of = |id: u32, more: &str| {
        let object =
            format!(r#"{{"id": {id}, "subnet": "10.0.{id}.0/24", "shared-network-name": null, {more}}}"#);
        subnet(r#"["abc"]"#, &object)
    };
    let option = r#"{"code": 3, "data": "10.0.0.1", "client-classes": ["voip"]}"#;
    let network = format!(r#"{{"name": "floor", "option-data": [{option}]}}"#);
    let global = format!(r#"{{"server-tags": ["xyz"], "options": [{option}]}}"#);
    let users = [
        ("remote-subnet4-set", of(1, r#""client-classes": ["voip"]"#), "subnet 1 of server 'abc'"),
        (
            "remote-subnet4-set",
            of(2, r#""pools": [{"pool": "10.0.2.0/28", "evaluate-additional-classes": ["voip"]}]"#),
            "a pool of subnet 2 of server 'abc'",
        ),
        (
            "remote-network4-set",
            format!(r#"{{"server-tags": ["all"], "shared-networks": [{network}]}}"#),
            "an option of shared network 'floor' of server 'all'",
        ),
        ("remote-option4-global-set", global, "an option of the global options of server 'xyz'"),
        (
            "remote-class4-set",
            class(r#"["abc"]"#, &format!(r#"{{"name": "other", "option-data": [{option}]}}"#)),
            "an option of client class 'other' of server 'abc'",
        ),
    ];
    let del = r#"{"client-classes": [{"name": "voip"}]}"#;
    for (command, arguments, _) in &users {
        s.ok(command, arguments);
        s.refused("remote-class4-del", del, "client class 'voip' is used by ");
    }
    for (_, _, text) in &users {
        s.refused("remote-class4-del", del, text);
    }
    // One of almost that name is not used, nor is one that does not exist.
    s.ok("remote-class4-del", r#"{"client-classes": [{"name": "voi_"}]}"#);
    let none = s.ask("remote-class4-del", r#"{"client-classes": [{"name": "v"}]}"#);
    assert_eq!(none.get("result").and_then(json::Value::as_int), Some(3));
    s.ok("remote-class4-del", r#"{"force": true, "client-classes": [{"name": "voip"}]}"#);
}

#[test]
pub(super) fn prefix_pools_name_classes_too() {
    let s = super::Session6::with(&["abc"]);
    let set = r#"{"server-tags": ["abc"], "subnets": [{"id": 1, "subnet": "2001:db8::/48", "shared-network-name": null,
        "pd-pools": [{"prefix": "2001:db8:1::", "prefix-len": 48, "delegated-len": 64, "client-classes": ["cpe"]}]}]}"#;
    s.refused(
        "remote-subnet6-set",
        set,
        "subnet 1 (2001:db8::/48): client class 'cpe' is not defined for server 'abc'",
    );
    s.ok("remote-class6-set", &class(r#"["abc"]"#, r#"{"name": "cpe"}"#));
    s.ok("remote-subnet6-set", set);
    let del = r#"{"client-classes": [{"name": "cpe"}]}"#;
    s.refused(
        "remote-class6-del",
        del,
        "client class 'cpe' is used by a pd-pool of subnet 1 of server 'abc'",
    );
}

#[test]
pub(super) fn a_parameter_that_others_need() {
    let s = Session::with(&["abc", "xyz"]);
    let set = |tag: &str, map: &str| format!(r#"{{"server-tags": ["{tag}"], "parameters": {map}}}"#);
    s.ok("remote-global-parameter4-set", &set("all", r#"{"valid-lifetime": 100}"#));
    s.ok(
        "remote-global-parameter4-set",
        &set("abc", r#"{"min-valid-lifetime": 50, "max-valid-lifetime": 200}"#),
    );
    guarded(
        &s,
        "remote-global-parameter4-del",
        &set("all", r#"["valid-lifetime"]"#),
        "global parameters on server 'abc': ",
    );
}

#[test]
pub(super) fn a_class_is_tried_on_each_server_that_differs() {
    let s = Session::with(&["abc", "xyz"]);
    let def = |tag: &str, name: &str| {
        format!(
            r#"{{"server-tags": ["{tag}"], "option-defs": [{{"code": 230, "name": "{name}", "space": "dhcp4", "type": "string"}}]}}"#
        )
    };
    s.ok("remote-option-def4-set", &def("all", "floor"));
    s.ok("remote-option-def4-set", &def("xyz", "room"));
    let test = class(r#"["all"]"#, r#"{"name": "c", "test": "option[floor].text == '1'"}"#);
    guarded(&s, "remote-class4-set", &test, "on server 'xyz' ");
    s.ok("remote-class4-set", &class(r#"["abc"]"#, r#"{"name": "d", "test": "option[floor].text == '1'"}"#));
}
