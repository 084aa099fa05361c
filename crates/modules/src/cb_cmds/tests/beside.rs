//! Writes are tried with everything that they can touch: other subnets of the network, of file and database; globals with
//! subnets; definitions with options and expressions; classes with those that name them.

use backend::suite::wait;
use backend::{Pulled, ServerSelector, merge};
use base::ServerTag;

use super::{Session, Session6};

fn set(kind: &str, tags: &str, object: &str) -> String {
    format!(r#"{{"server-tags": {tags}, "{kind}": [{object}]}}"#)
}

fn subnet(tags: &str, id: u32, members: &str) -> String {
    let object = format!(r#"{{"id": {id}, "subnet": "10.{id}.0.0/16", {members}}}"#);
    set("subnets", tags, &object)
}

#[test]
pub(super) fn subnets_of_one_network() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok("remote-network4-set", &set("shared-networks", r#"["all"]"#, r#"{"name": "n"}"#));
    let of = |interface: &str| format!(r#""shared-network-name": "n", "interface": "{interface}""#);
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, 1, &of("lo")));
    s.refused(
        "remote-subnet4-set",
        &subnet(r#"["all"]"#, 2, &of("eth0")),
        "subnet 2 (10.2.0.0/16) on server 'abc': Subnet 10.2.0.0/16 has specified interface eth0",
    );
    // Others have no other one.
    s.ok("remote-subnet4-set", &subnet(r#"["xyz"]"#, 2, &of("eth0")));
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, 1, &of("eth0")));
    s.refused(
        "remote-network4-set",
        &set("shared-networks", r#"["all"]"#, r#"{"name": "n", "interface": "lo"}"#),
        "shared network 'n' on server 'abc': Subnet 10.1.0.0/16 has specified interface eth0",
    );
    // Those that the file has in the network of that name.
    s.file(r#"{"shared-networks": [{"name": "f", "subnet4": [{"id": 9, "subnet": "10.9.0.0/16", "interface": "lo"}]}]}"#);
    let network = |tags: &str| set("shared-networks", tags, r#"{"name": "f", "interface": "eth0"}"#);
    s.refused(
        "remote-network4-set",
        &network(r#"["abc"]"#),
        "shared network 'f' on server 'abc': Subnet 10.9.0.0/16 has specified interface lo",
    );
    s.ok("remote-network4-set", &network(r#"["xyz"]"#));
    s.ok("remote-network4-set", &set("shared-networks", r#"["all"]"#, r#"{"name": "f"}"#));
    let in_f = r#""shared-network-name": "f", "interface": "eth0""#;
    s.refused("remote-subnet4-set", &subnet(r#"["abc"]"#, 3, in_f), "has specified interface");
    s.ok("remote-subnet4-set", &subnet(r#"["xyz"]"#, 3, in_f));
}

#[test]
pub(super) fn rapid_commit_of_one_network() {
    let s = Session6::with(&["abc"]);
    s.ok("remote-network6-set", &set("shared-networks", r#"["all"]"#, r#"{"name": "n"}"#));
    let of = |id: u32, more: &str| {
        let object =
            format!(r#"{{"id": {id}, "subnet": "2001:db8:{id}::/48", "shared-network-name": "n"{more}}}"#);
        set("subnets", r#"["all"]"#, &object)
    };
    s.ok("remote-subnet6-set", &of(1, r#", "rapid-commit": true"#));
    for other in ["", r#", "rapid-commit": false"#] {
        s.refused("remote-subnet6-set", &of(2, other), "must have the same rapid-commit value");
    }
    s.ok("remote-subnet6-set", &of(2, r#", "rapid-commit": true"#));
}

#[test]
pub(super) fn lifetimes_are_those_of_an_object_of_the_database() {
    let s = Session::with(&["abc"]);
    let plain = |members: &str| format!(r#""shared-network-name": null, {members}"#);
    // Three of a file are inherited one by one, those of a database are taken together.
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, 1, &plain(r#""min-valid-lifetime": 9000"#)));
    s.ok(
        "remote-global-parameter4-set",
        r#"{"server-tags": ["abc"], "parameters": {"valid-lifetime": 1000}}"#,
    );
    let bounds = r#""min-valid-lifetime": 50, "max-valid-lifetime": 6000"#;
    let text = "have min-valid-lifetime and max-valid-lifetime but no valid-lifetime (default) in this scope";
    s.refused("remote-subnet4-set", &subnet(r#"["abc"]"#, 2, &plain(bounds)), text);
    let network = format!(r#"{{"name": "n", {bounds}}}"#);
    s.refused("remote-network4-set", &set("shared-networks", r#"["abc"]"#, &network), text);
}

#[test]
pub(super) fn globals_with_the_subnets_below_them() {
    let s = Session::with(&["abc"]);
    let globals = |map: &str| format!(r#"{{"server-tags": ["all"], "parameters": {map}}}"#);
    s.ok("remote-global-parameter4-set", &globals(r#"{"t2-percent": 0.95}"#));
    let steep = r#""shared-network-name": null, "t1-percent": 0.9"#;
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, 1, steep));
    s.refused(
        "remote-global-parameter4-set",
        &globals(r#"{"t1-percent": 0.3, "t2-percent": 0.7}"#),
        "0.9 is invalid, it must be less than t2-percent: 0.7",
    );
    s.refused(
        "remote-global-parameter4-del",
        &globals(r#"["t2-percent"]"#),
        "configuration database, subnet 1",
    );
}

#[test]
pub(super) fn globals_that_no_file_may_have() {
    let s = Session::with(&["abc"]);
    let one = |map: &str| format!(r#"{{"server-tags": ["abc"], "parameters": {{{map}}}}}"#);
    for (map, text) in [
        (r#""cache-threshold": 1.5"#, "cache-threshold"),
        (r#""next-server": "255.255.255.255""#, "next-server"),
        (r#""ddns-ttl": 5, "ddns-ttl-min": 3"#, "ddns-ttl"),
        (r#""t1-percent": -0.5, "calculate-tee-times": true"#, "t1-percent"),
        (r#""dhcp-ddns": {"ncr-protocol": "TCP"}"#, "NCR Protocol: TCP is not supported"),
    ] {
        s.refused("remote-global-parameter4-set", &one(map), text);
    }
    s.ok("remote-global-parameter4-set", &one(r#""ddns-ttl": 5"#));
    // Beside what is there.
    s.refused("remote-global-parameter4-set", &one(r#""ddns-ttl-min": 3"#), "ddns-ttl");
}

fn def(tag: &str, name: &str, kind: &str) -> String {
    let object = format!(r#"{{"name": "{name}", "code": 222, "type": "{kind}"}}"#);
    set("option-defs", &format!(r#"["{tag}"]"#), &object)
}

#[test]
pub(super) fn definitions_of_octets_that_are_there() {
    let s = Session::with(&["abc"]);
    let octets = r#"{"code": 222, "data": "0102", "csv-format": false}"#;
    s.ok("remote-option4-global-set", &set("options", r#"["all"]"#, octets));
    s.refused(
        "remote-option-def4-set",
        &def("abc", "foo", "uint32"),
        "option definition 222 in 'dhcp4' on server 'abc'",
    );
    s.ok("remote-option-def4-set", &def("abc", "foo", "uint16"));
}

#[test]
pub(super) fn a_definition_that_hides_another() {
    let s = Session::with(&["abc"]);
    s.ok("remote-option-def4-set", &def("all", "foo", "uint8"));
    s.ok("remote-option-def4-set", &def("abc", "foo", "string"));
    s.ok("remote-option4-global-set", &set("options", r#"["abc"]"#, r#"{"code": 222, "data": "abc"}"#));
    let del = r#"{"server-tags": ["abc"], "option-defs": [{"code": 222}]}"#;
    s.refused("remote-option-def4-del", del, r#"("force": true deletes it nevertheless)"#);
    // Kea leaves out what has no definition any more, and serves the rest.
    s.ok("remote-option-def4-del", &del.replacen('{', r#"{"force": true, "#, 1));
    let objects = wait(s.database().pull(ServerTag::new("abc").unwrap(), None)).unwrap();
    let Pulled::Everything { objects, .. } = objects else { panic!() };
    let merged =
        merge(&config::Written4::default(), &objects, &ServerSelector::of(&[ServerTag::new("abc").unwrap()]));
    let running = config::resolve4(std::sync::Arc::new(merged), &config::ResolveEnv::default()).unwrap();
    assert!(running.options.entries(222).is_empty());
    assert!(running.left_out[0].text.contains("(configuration database, "), "{:?}", running.left_out);
}

#[test]
pub(super) fn definitions_that_expressions_name() {
    let s = Session::with(&["abc"]);
    s.ok("remote-option-def4-set", &def("all", "foo", "uint8"));
    let class = set("client-classes", r#"["all"]"#, r#"{"name": "c", "test": "option[foo].exists"}"#);
    s.ok("remote-class4-set", &class);
    let text = "option 'foo' is not defined";
    s.refused("remote-option-def4-del", r#"{"server-tags": ["all"], "option-defs": [{"code": 222}]}"#, text);
    s.refused("remote-option-def4-set", &def("all", "bar", "uint8"), text);
    s.refused("remote-option-def4-set", &def("all", "bar", "uint8"), "client class 'c'");
}

#[test]
pub(super) fn classes_of_the_file_that_the_database_replaces() {
    let s = Session::with(&["abc", "b", "hq"]);
    s.file(r#"{"client-classes": [{"name": "fc"}], "subnet4": [{"id": 9, "subnet": "10.9.0.0/16", "client-classes": ["fc"]}]}"#);
    let class = |tags: &str, name: &str| set("client-classes", tags, &format!(r#"{{"name": "{name}"}}"#));
    let of_class = |name: &str| format!(r#""shared-network-name": null, "client-classes": ["{name}"]"#);
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, 1, &of_class("fc")));
    s.refused("remote-class4-set", &class(r#"["all"]"#, "k"), "client class 'fc' is not defined");
    s.ok("remote-class4-set", &class(r#"["b"]"#, "k"));
    s.ok("remote-subnet4-set", &subnet(r#"["b"]"#, 2, &of_class("k")));
    s.refused(
        "remote-class4-set",
        &class(r#"["hq"]"#, "k"),
        "subnet 2 (10.2.0.0/16): client class 'k' is not defined",
    );
    // With one class of the database, those of the file are none any more.
    s.file(r#"{"client-classes": [{"name": "fc"}]}"#);
    s.ok("remote-subnet4-del-by-id", r#"{"subnets": [{"id": 1}]}"#);
    s.ok("remote-class4-set", &class(r#"["abc"]"#, "other"));
    s.refused(
        "remote-subnet4-set",
        &subnet(r#"["abc"]"#, 1, &of_class("fc")),
        "client class 'fc' is not defined",
    );
}

#[test]
pub(super) fn a_subnet_of_the_file_that_is_replaced_is_in_nobodys_way() {
    let s = Session::with(&["abc"]);
    s.file(r#"{"subnet4": [{"id": 5, "subnet": "10.0.0.0/8"}]}"#);
    let moved = r#"{"id": 5, "subnet": "192.0.2.0/24", "shared-network-name": null}"#;
    s.ok("remote-subnet4-set", &set("subnets", r#"["abc"]"#, moved));
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, 1, r#""shared-network-name": null"#));
}

#[test]
pub(super) fn names_that_the_database_takes_for_one() {
    let s = Session::with(&["abc"]);
    let network = |name: &str| set("shared-networks", r#"["abc"]"#, &format!(r#"{{"name": "{name}"}}"#));
    let class = |name: &str| set("client-classes", r#"["abc"]"#, &format!(r#"{{"name": "{name}"}}"#));
    s.ok("remote-network4-set", &network("Net"));
    s.ok("remote-class4-set", &class("Foo"));
    let del = r#"{"shared-networks": [{"name": "nET"}]}"#;
    if super::place::kind() == "mysql" {
        let text = "this database takes the name for that of shared network 'Net', which it has";
        s.refused("remote-network4-set", &network("net"), text);
        s.refused("remote-network4-del", del, text);
        s.refused("remote-class4-set", &class("foo"), "for that of client class 'Foo'");
        s.refused(
            "remote-server4-set",
            r#"{"servers": [{"server-tag": "äbc"}]}"#,
            "for that of server 'abc'",
        );
    } else {
        s.ok("remote-network4-set", &network("net"));
        s.ok("remote-class4-set", &class("foo"));
        assert_eq!(s.ask("remote-network4-del", del).get("result"), Some(&json::Value::from(3i64)));
    }
    let found = s.ok("remote-network4-get", r#"{"shared-networks": [{"name": "Net"}]}"#);
    assert_eq!(found.get("count"), Some(&json::Value::from(1i64)));
}

#[test]
pub(super) fn arguments_that_no_command_has() {
    let s = Session::with(&["abc"]);
    let subnet = subnet(r#"["abc"]"#, 1, r#""shared-network-name": null"#);
    for (more, text) in [
        (r#""dry_run": true"#, "spurious 'dry_run' parameter"),
        (r#""bogus": 1"#, "spurious 'bogus' parameter"),
        (r#""force": "true""#, "'force' parameter is not a boolean"),
    ] {
        s.refused("remote-subnet4-set", &subnet.replacen('{', &format!("{{{more}, "), 1), text);
    }
    let del = r#"{"subnets-actions": "delete", "shared-networks": [{"name": "n"}]}"#;
    s.refused("remote-network4-del", del, "spurious 'subnets-actions' parameter");
    s.ok("remote-subnet4-set", &subnet);
    let other = r#"{"subnets": [{"id": 1, "subnet": "192.0.9.0/24"}]}"#;
    s.refused("remote-subnet4-del-by-id", other, "subnet 1 is 10.1.0.0/16, not 192.0.9.0/24");
    s.ok("remote-subnet4-del-by-id", r#"{"subnets": [{"id": 1, "subnet": "10.1.0.0/16"}]}"#);
}

#[test]
pub(super) fn what_answers_show() {
    let s = Session::with(&["abc"]);
    let pools = r#""shared-network-name": null, "pools": [{"pool": "10.1.0.0-10.1.0.255"}, {"pool": "10.1.1.1-10.1.1.9"}]"#;
    s.ok("remote-subnet4-set", &subnet(r#"["abc"]"#, 1, pools));
    let shown = json::to_string(&s.ok("remote-subnet4-get-by-id", r#"{"subnets": [{"id": 1}]}"#));
    assert!(
        shown.contains(r#""pool": "10.1.0.0/24""#) && shown.contains(r#""pool": "10.1.1.1-10.1.1.9""#),
        "{shown}"
    );
    for name in ["x", "y", "z"] {
        s.ok("remote-class4-set", &set("client-classes", r#"["all"]"#, &format!(r#"{{"name": "{name}"}}"#)));
    }
    // Classes change places in a dry run.
    let moved = r#"{"dry-run": true, "follow-class-name": "x", "server-tags": ["all"], "client-classes": [{"name": "z"}]}"#;
    let difference = json::to_string(&s.ok("remote-class4-set", moved)).replace(['\n', ' '], "");
    let wanted = r#""after":{"client-classes":["x","z","y"]},"before":{"client-classes":["x","y","z"]}"#;
    assert!(difference.contains(wanted), "{difference}");
    // The newest revision is what there is.
    let answer = s.ok("remote-audit4-get", r#"{"limit": 1}"#);
    let newest =
        answer.get("revisions").unwrap().as_list().unwrap()[0].get("revision").unwrap().as_int().unwrap();
    let back = s.ask("remote-config4-rollback", &format!(r#"{{"revision": {newest}}}"#));
    assert_eq!(back.get("result"), Some(&json::Value::from(3i64)));
}
