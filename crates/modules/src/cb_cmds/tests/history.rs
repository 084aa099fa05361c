//! Dry runs, the audit, and the way back.

use json::Value;

use super::{Session, value};

const SUBNET: &str = "remote-subnet4-set";

fn subnet(tag: &str, id: u32, more: &str) -> String {
    format!(
        r#"{{"server-tags": ["{tag}"], "subnets": [{{"id": {id}, "subnet": "10.0.{id}.0/24", "shared-network-name": null{more}}}]}}"#
    )
}

fn with(arguments: &str, more: &str) -> String {
    format!("{}, {more}}}", arguments.trim_end().strip_suffix('}').unwrap())
}

fn dry(arguments: &str) -> String {
    with(arguments, r#""dry-run": true"#)
}

fn global(tag: &str, value: i64) -> String {
    format!(r#"{{"server-tags": ["{tag}"], "parameters": {{"renew-timer": {value}}}}}"#)
}

fn revisions(s: &Session, arguments: &str) -> Vec<Value> {
    let answer = s.ask("remote-audit4-get", arguments);
    answer.get("arguments").unwrap().get("revisions").unwrap().as_list().unwrap().to_vec()
}

/// Number of the newest revision.
fn newest(s: &Session) -> i64 {
    revisions(s, r#"{"limit": 1}"#)[0].get("revision").unwrap().as_int().unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("{key}: {}", json::to_string(value)))
}

/// `server: modification name` of all changes.
fn shown(difference: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for server in difference.as_list().unwrap() {
        let tag = server.get("server-tag").and_then(Value::as_str).unwrap_or("-");
        for change in server.get("changes").unwrap().as_list().unwrap() {
            lines.push(format!("{tag}: {} {}", text(change, "modification"), text(change, "name")));
        }
    }
    lines
}

#[test]
pub(super) fn a_dry_run_shows_each_server_and_stores_nothing() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok(SUBNET, &subnet("abc", 1, r#", "valid-lifetime": 100"#));
    let (revision, changes) = (newest(&s), s.changes());
    let answer = s.ask(SUBNET, &dry(&subnet("all", 1, r#", "valid-lifetime": 200"#)));
    assert_eq!(answer.get("result"), Some(&Value::from(0i64)));
    assert_eq!(text(&answer, "text"), "dry run, nothing is stored: IPv4 subnet successfully set.");
    let arguments = answer.get("arguments").unwrap();
    assert_eq!(arguments.get("dry-run"), Some(&Value::from(true)));
    assert!(arguments.get("subnets").is_some());
    let difference = arguments.get("difference").unwrap();
    assert_eq!(shown(difference), ["abc: update 10.0.1.0/24", "xyz: create 10.0.1.0/24"]);
    let of = |server: usize| {
        let change = &difference.as_list().unwrap()[server].get("changes").unwrap().as_list().unwrap()[0];
        (change.get("before").unwrap().clone(), change.get("after").unwrap().clone())
    };
    let after = r#"{"id": 1, "subnet": "10.0.1.0/24", "shared-network-name": null, "valid-lifetime": 200}"#;
    assert_eq!(of(0), (value(&after.replace("200", "100")), value(after)));
    assert_eq!(of(1), (json::Kind::Null.into(), value(after)));
    for (command, arguments, wanted) in [
        ("remote-subnet4-del-by-id", r#"{"subnets": [{"id": 1}]}"#, vec!["abc: delete 10.0.1.0/24"]),
        (
            "remote-server4-del",
            r#"{"servers": [{"server-tag": "abc"}]}"#,
            vec!["abc: delete 10.0.1.0/24", "-: delete abc"],
        ),
        ("remote-server4-set", r#"{"servers": [{"server-tag": "new"}]}"#, vec!["-: create new"]),
        (
            "remote-option4-subnet-set",
            r#"{"subnets": [{"id": 1}], "options": [{"code": 3, "data": "10.0.1.1"}]}"#,
            vec!["abc: update 10.0.1.0/24"],
        ),
    ] {
        let answer = s.ok(command, &dry(arguments));
        assert_eq!(shown(answer.get("difference").unwrap()), wanted, "{command}");
    }
    let nothing = s.ask("remote-subnet4-del-by-id", &dry(r#"{"subnets": [{"id": 9}]}"#));
    assert_eq!(nothing.get("result"), Some(&Value::from(3i64)));
    assert_eq!(nothing.get("arguments").unwrap().get("difference"), Some(&Value::from(Vec::new())));
    // What could not be written can not be tried out either.
    s.refused(SUBNET, &dry(&subnet("abc", 2, r#", "pools": [{"pool": "9.9.9.1-9.9.9.2"}]"#)), "9.9.9.1");
    s.refused(
        "remote-subnet4-list",
        r#"{"server-tags": ["abc"], "dry-run": true}"#,
        "for commands that write",
    );
    s.refused(
        SUBNET,
        &with(&subnet("abc", 2, ""), r#""dry-run": 1"#),
        "'dry-run' parameter is not a boolean",
    );
    assert_eq!((newest(&s), s.changes()), (revision, changes));
}

#[test]
pub(super) fn a_dry_run_knows_what_hides_what() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok("remote-global-parameter4-set", &global("abc", 1));
    let difference =
        |command: &str, arguments: &str| shown(s.ok(command, &dry(arguments)).get("difference").unwrap());
    // The own one of abc hides the one of all.
    assert_eq!(difference("remote-global-parameter4-set", &global("all", 2)), ["xyz: create renew-timer"]);
    s.ok("remote-global-parameter4-set", &global("all", 2));
    let del = r#"{"server-tags": ["abc"], "parameters": ["renew-timer"]}"#;
    let answer = s.ok("remote-global-parameter4-del", &dry(del));
    let wanted = r#"[{"server-tag": "abc", "changes": [{"type": "dhcp4_global_parameter", "name": "renew-timer",
        "modification": "update", "before": {"renew-timer": 1}, "after": {"renew-timer": 2}}]}]"#;
    assert_eq!(answer.get("difference"), Some(&value(wanted)));
}

#[test]
pub(super) fn the_audit_says_what_was_done() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok(SUBNET, &with(&subnet("abc", 1, ""), r#""message": "ticket 17: new floor""#));
    s.ok("remote-subnet4-del-by-id", r#"{"subnets": [{"id": 1}]}"#);
    let list = revisions(&s, "{}");
    let commands: Vec<&str> = list.iter().map(|r| text(r, "command")).collect();
    assert_eq!(commands, ["remote-subnet4-del-by-id", SUBNET, "remote-server4-set", "remote-server4-set"]);
    let wanted = r#"{"revision": 3, "time": "2023-11-14 22:13:20", "command": "remote-subnet4-set", "server-tag": "abc",
        "message": "ticket 17: new floor", "undoable": true, "objects":
        [{"type": "dhcp4_subnet", "id": 1, "name": "10.0.1.0/24", "modification": "create"}]}"#;
    assert_eq!(list[1], value(wanted), "{}", json::to_string(&list[1]));
    for (arguments, count) in [
        (r#"{"since": 2}"#, 2),
        (r#"{"since": "2023-11-14 22:13:20"}"#, 4),
        (r#"{"since": "2023-11-14T22:13:21Z"}"#, 0),
        (r#"{"limit": 3}"#, 3),
        (r#"{"server-tags": ["xyz"]}"#, 1),
    ] {
        assert_eq!(revisions(&s, arguments).len(), count, "{arguments}");
    }
    let none =
        r#"{"result": 3, "text": "0 DHCPv4 revision(s) found.", "arguments": {"revisions": [], "count": 0}}"#;
    s.expect("remote-audit4-get", r#"{"since": 4}"#, none);
    for (arguments, text) in [
        (r#"{"since": -1}"#, "out of range"),
        (r#"{"since": "yesterday"}"#, "neither a revision nor a time"),
        (r#"{"limit": 0}"#, "'limit' parameter is not an integer from 1 to 10000"),
        (r#"{"limit": "x"}"#, "'limit' parameter is not"),
        (r#"{"server-tags": [null]}"#, "must include server tags"),
        (r#"{"remote": {"type": "mysql", "host": "elsewhere"}}"#, "no such database"),
    ] {
        s.refused("remote-audit4-get", arguments, text);
    }
    s.refused(SUBNET, &with(&subnet("abc", 1, ""), r#""message": "two\nlines""#), "one line");
}

#[test]
pub(super) fn an_earlier_revision_comes_back() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok(SUBNET, &subnet("abc", 1, r#", "valid-lifetime": 100"#));
    let good = newest(&s);
    s.ok(SUBNET, &subnet("abc", 1, r#", "valid-lifetime": 200"#));
    s.ok(SUBNET, &subnet("xyz", 2, ""));
    let command = "remote-config4-rollback";
    let to = |revision: i64| format!(r#"{{"revision": {revision}}}"#);
    let tried = s.ok(command, &dry(&to(good)));
    assert_eq!(
        shown(tried.get("difference").unwrap()),
        ["abc: update 10.0.1.0/24", "xyz: delete 10.0.2.0/24"]
    );
    assert_eq!(newest(&s), good + 2);
    let changes = s.changes();
    s.expect(
        command,
        &with(&to(good), r#""message": "that was wrong""#),
        &format!(
            r#"{{"result": 0, "text": "DHCPv4 configuration of revision {good} restored.",
                "arguments": {{"count": 2, "revision": {good}}}}}"#
        ),
    );
    assert_eq!(s.changes(), changes + 1, "servers are told");
    let answer = s.ok("remote-subnet4-get-by-id", r#"{"subnets": [{"id": 1}]}"#);
    let found = &answer.get("subnets").unwrap().as_list().unwrap()[0];
    assert_eq!(found.get("valid-lifetime"), Some(&Value::from(100i64)));
    let gone = s.ask("remote-subnet4-get-by-id", r#"{"subnets": [{"id": 2}]}"#);
    assert_eq!(gone.get("result"), Some(&Value::from(3i64)));
    let written = &revisions(&s, r#"{"limit": 1}"#)[0];
    assert_eq!(text(written, "command"), command);
    assert_eq!(text(written, "message"), format!("to revision {good}, that was wrong"));
    // And forth again.
    s.ok(command, &to(good + 2));
    s.ok("remote-subnet4-get-by-id", r#"{"subnets": [{"id": 2}]}"#);
    for (arguments, text) in [
        ("{}", "missing 'revision' parameter"),
        (r#"{"revision": "x"}"#, "'revision' parameter is not an integer"),
        (r#"{"revision": -1}"#, "out of range"),
        (r#"{"revision": 1000}"#, "is the newest"),
        (r#"{"revision": 1, "server-tags": ["abc"]}"#, "'server-tags' parameter is forbidden"),
    ] {
        s.refused(command, arguments, text);
    }
}

#[test]
pub(super) fn a_way_back_is_checked_as_any_write() {
    let s = Session::with(&["abc"]);
    let lifetime =
        |value| format!(r#"{{"server-tags": ["abc"], "parameters": {{"valid-lifetime": {value}}}}}"#);
    s.ok("remote-global-parameter4-set", &lifetime(1000));
    let good = newest(&s);
    s.ok("remote-global-parameter4-set", &lifetime(3000));
    // Since then the file has got bounds that the old value is outside of.
    s.file(r#"{"min-valid-lifetime": 2000, "max-valid-lifetime": 4000, "valid-lifetime": 3000}"#);
    let back = format!(r#"{{"revision": {good}}}"#);
    s.refused("remote-config4-rollback", &back, "on server 'abc'");
    s.refused("remote-config4-rollback", &dry(&back), "on server 'abc'");
    let answer = s.ok("remote-config4-rollback", &with(&back, r#""force": true"#));
    assert_eq!(answer.get("count"), Some(&Value::from(1i64)));
}

#[test]
pub(super) fn a_way_back_brings_no_name_of_a_class_that_is_gone() {
    let s = Session::with(&["abc", "xyz"]);
    s.ok("remote-class4-set", r#"{"server-tags": ["abc"], "client-classes": [{"name": "blue"}]}"#);
    s.ok(SUBNET, &subnet("abc", 1, r#", "client-classes": ["blue"]"#));
    let used = newest(&s);
    s.ok(SUBNET, &subnet("abc", 1, ""));
    let unused = newest(&s);
    // With the class, and its user, all of that comes back.
    s.ok("remote-class4-del", r#"{"client-classes": [{"name": "blue"}]}"#);
    s.ok("remote-config4-rollback", &format!(r#"{{"revision": {unused}}}"#));
    // The file does not have it either once it is the file's.
    s.ok("remote-class4-del", r#"{"client-classes": [{"name": "blue"}]}"#);
    s.file(r#"{"client-classes": [{"name": "blue"}]}"#);
    s.ok(SUBNET, &subnet("abc", 1, r#", "client-classes": ["blue"]"#));
    let from_file = newest(&s);
    s.ok(SUBNET, &subnet("abc", 1, ""));
    s.file("{}");
    let back = format!(r#"{{"revision": {from_file}}}"#);
    s.refused(
        "remote-config4-rollback",
        &back,
        "on server 'abc': subnet 1 (10.0.1.0/24): client class 'blue' is not defined",
    );
    s.ok("remote-config4-rollback", &with(&back, r#""force": true"#));
    s.ok("remote-config4-rollback", &format!(r#"{{"revision": {used}}}"#));
}
