//! Which server gets what.

use json::Value;

use super::Session;

fn subnet(s: &Session, tags: &str, id: u32, prefix: &str) {
    s.ok(
        "remote-subnet4-set",
        &format!(r#"{{"server-tags": {tags}, "subnets": [{{"id": {id}, "subnet": "{prefix}", "shared-network-name": ""}}]}}"#),
    );
}

fn shown<'a>(answer: &'a Value, list: &str) -> &'a [Value] {
    answer.get(list).unwrap().as_list().unwrap()
}

fn tags(object: &Value) -> String {
    json::to_string(object.get("metadata").unwrap().get("server-tags").unwrap())
}

#[test]
pub(super) fn subnets_of_servers() {
    let s = Session::with(&["abc", "xyz"]);
    subnet(&s, r#"["abc", "XYZ"]"#, 5, "192.168.50.0/24");
    subnet(&s, r#"["xyz"]"#, 6, "192.168.53.0/24");
    subnet(&s, r#"["all"]"#, 7, "192.168.51.0/24");
    let list = |tags: &str| -> Vec<(i64, String)> {
        let answer = s.ask("remote-subnet4-list", &format!(r#"{{"server-tags": {tags}}}"#));
        let arguments = answer.get("arguments").unwrap();
        shown(arguments, "subnets")
            .iter()
            .map(|x| (x.get("id").unwrap().as_int().unwrap(), self::tags(x)))
            .collect()
    };
    let both = r#"[ "abc", "xyz" ]"#.to_owned();
    assert_eq!(list(r#"["abc"]"#), [(5, both.clone()), (7, r#"[ "all" ]"#.to_owned())]);
    assert_eq!(list(r#"["xyz"]"#).iter().map(|x| x.0).collect::<Vec<_>>(), [5, 6, 7]);
    assert_eq!(list(r#"["abc", "xyz"]"#).len(), 3);
    assert_eq!(list(r#"["all"]"#).len(), 1);
    // A server goes, its subnets stay.
    s.ok("remote-server4-del", r#"{"servers": [{"server-tag": "xyz"}]}"#);
    let one = |id: i64| {
        tags(
            &shown(
                &s.ok("remote-subnet4-get-by-id", &format!(r#"{{"subnets": [{{"id": {id}}}]}}"#)),
                "subnets",
            )[0],
        )
    };
    assert_eq!((one(5), one(6)), (r#"[ "abc" ]"#.to_owned(), "[  ]".to_owned()));
    assert_eq!(list("[null]"), [(6, "[ null ]".to_owned())]);
    s.ok("remote-server4-set", r#"{"servers": [{"server-tag": "xyz"}]}"#);
    assert_eq!(one(6), "[  ]");
    subnet(&s, r#"["xyz"]"#, 6, "192.168.53.0/24");
    assert_eq!(one(6), r#"[ "xyz" ]"#);
}

#[test]
pub(super) fn networks_of_servers() {
    let s = Session::with(&["abc", "xyz"]);
    for (tag, name) in [("abc", "florX"), ("xyz", "flor1"), ("all", "top_flor")] {
        s.ok(
            "remote-network4-set",
            &format!(r#"{{"server-tags": ["{tag}"], "shared-networks": [{{"name": "{name}"}}]}}"#),
        );
    }
    let listed = s.ok("remote-network4-list", r#"{"server-tags": ["xyz"]}"#);
    let found: Vec<_> = shown(&listed, "shared-networks")
        .iter()
        .map(|n| (n.get("name").unwrap().as_str().unwrap(), tags(n)))
        .collect();
    assert_eq!(found, [("flor1", r#"[ "xyz" ]"#.to_owned()), ("top_flor", r#"[ "all" ]"#.to_owned())]);
    // The same name for another server is the same network.
    s.ok("remote-network4-set", r#"{"server-tags": ["xyz"], "shared-networks": [{"name": "florX"}]}"#);
    let one = s.ok("remote-network4-get", r#"{"shared-networks": [{"name": "florX"}]}"#);
    assert_eq!(tags(&shown(&one, "shared-networks")[0]), r#"[ "xyz" ]"#);
    s.ok("remote-server4-del", r#"{"servers": [{"server-tag": "xyz"}]}"#);
    s.expect(
        "remote-network4-list",
        r#"{"server-tags": [null]}"#,
        r#"{"result": 0, "text": "2 IPv4 shared network(s) found.", "arguments": {"count": 2, "shared-networks": [
            {"name": "florX", "metadata": {"server-tags": [null]}}, {"name": "flor1", "metadata": {"server-tags": [null]}}]}}"#,
    );
}

#[test]
pub(super) fn own_options_and_definitions_before_those_of_all() {
    let s = Session::with(&["abc", "xyz"]);
    let option = |tag: &str, code: u8, data: &str| {
        s.ok(
            "remote-option4-global-set",
            &format!(r#"{{"server-tags": ["{tag}"], "options": [{{"code": {code}, "data": "{data}"}}]}}"#),
        );
    };
    option("abc", 3, "1.1.1.1");
    option("xyz", 3, "2.2.2.2");
    option("all", 3, "3.3.3.3");
    let get = |tag: &str| -> Option<(String, String)> {
        let answer = s.ask(
            "remote-option4-global-get",
            &format!(r#"{{"server-tags": ["{tag}"], "options": [{{"code": 3}}]}}"#),
        );
        let arguments = answer.get("arguments").unwrap().clone();
        shown(&arguments, "options")
            .first()
            .map(|o| (o.get("data").unwrap().as_str().unwrap().to_owned(), tags(o)))
    };
    let pair = |data: &str, tag: &str| Some((data.to_owned(), format!(r#"[ "{tag}" ]"#)));
    assert_eq!(
        (get("abc"), get("xyz"), get("all")),
        (pair("1.1.1.1", "abc"), pair("2.2.2.2", "xyz"), pair("3.3.3.3", "all"))
    );
    option("abc", 4, "6.6.6.6");
    let all = s.ok("remote-option4-global-get-all", r#"{"server-tags": ["abc"]}"#);
    let data: Vec<_> =
        shown(&all, "options").iter().map(|o| o.get("data").unwrap().as_str().unwrap()).collect();
    assert_eq!(data, ["1.1.1.1", "6.6.6.6"]);
    for (tag, then) in [("xyz", pair("3.3.3.3", "all")), ("all", None)] {
        s.ok(
            "remote-option4-global-del",
            &format!(r#"{{"server-tags": ["{tag}"], "options": [{{"code": 3}}]}}"#),
        );
        assert_eq!(get("xyz"), then);
    }
    assert_eq!(get("abc"), pair("1.1.1.1", "abc"));

    let def = |tag: &str, code: u8, name: &str, kind: &str| {
        s.ok("remote-option-def4-set", &format!(
            r#"{{"server-tags": ["{tag}"], "option-defs": [{{"name": "{name}", "code": {code}, "type": "{kind}"}}]}}"#
        ));
    };
    def("abc", 222, "foo", "uint32");
    def("xyz", 222, "foo", "string");
    def("all", 222, "foo", "uint8");
    def("all", 233, "bar", "uint8");
    let kinds = |tag: &str| -> Vec<String> {
        let all = s.ok("remote-option-def4-get-all", &format!(r#"{{"server-tags": ["{tag}"]}}"#));
        shown(&all, "option-defs")
            .iter()
            .map(|d| format!("{} {}", d.get("type").unwrap().as_str().unwrap(), tags(d)))
            .collect()
    };
    assert_eq!(kinds("abc"), [r#"uint32 [ "abc" ]"#, r#"uint8 [ "all" ]"#]);
    assert_eq!(kinds("xyz"), [r#"string [ "xyz" ]"#, r#"uint8 [ "all" ]"#]);
    s.ok("remote-option-def4-del", r#"{"server-tags": ["all"], "option-defs": [{"code": 222}]}"#);
    assert_eq!(kinds("all"), [r#"uint8 [ "all" ]"#]);
    assert_eq!(kinds("abc").len(), 2);
}

#[test]
pub(super) fn globals_of_a_server_before_those_of_all() {
    let s = Session::with(&["abc", "xyz"]);
    let set = |tag: &str, value: u32| {
        s.ok(
            "remote-global-parameter4-set",
            &format!(r#"{{"server-tags": ["{tag}"], "parameters": {{"valid-lifetime": {value}}}}}"#),
        );
    };
    let get = |tag: &str| {
        let answer = s.ok(
            "remote-global-parameter4-get",
            &format!(r#"{{"server-tags": ["{tag}"], "parameters": ["valid-lifetime"]}}"#),
        );
        answer.get("parameters").unwrap().get("valid-lifetime").unwrap().as_int().unwrap()
    };
    set("all", 1000);
    set("abc", 2000);
    assert_eq!((get("abc"), get("xyz"), get("all")), (2000, 1000, 1000));
    s.ok("remote-global-parameter4-del", r#"{"server-tags": ["abc"], "parameters": ["valid-lifetime"]}"#);
    assert_eq!(get("abc"), 1000);
}

#[test]
pub(super) fn deleting_a_server_says_what_goes_with_it() {
    let s = Session::with(&["abc"]);
    s.ok("remote-global-parameter4-set", r#"{"server-tags": ["abc"], "parameters": {"valid-lifetime": 1}}"#);
    s.ok(
        "remote-option4-global-set",
        r#"{"server-tags": ["abc"], "options": [{"code": 3, "data": "1.1.1.1"}]}"#,
    );
    subnet(&s, r#"["abc"]"#, 5, "10.0.0.0/24");
    s.expect(
        "remote-server4-del",
        r#"{"servers": [{"server-tag": "abc"}]}"#,
        r#"{"result": 0, "text": "1 DHCPv4 server(s) deleted.", "arguments": {"count": 1, "warnings": [
            "global parameter 'valid-lifetime' of server 'abc' is deleted with it",
            "global option 3 in 'dhcp4' of server 'abc' is deleted with it",
            "subnet 5 (10.0.0.0/24) stays, but belongs to no server any more"]}}"#,
    );
}
