//! Client classes: their order, what they depend on, how they are shown.

use super::Session;

fn set(class: &str, more: &str) -> String {
    format!(r#"{{"server-tags": ["abc"], "client-classes": [{class}]{more}}}"#)
}

fn names(s: &Session, tags: &str) -> Vec<String> {
    let shown = s.ask("remote-class4-get-all", &format!(r#"{{"server-tags": {tags}}}"#));
    let list = shown.get("arguments").unwrap().get("client-classes").unwrap().as_list().unwrap();
    list.iter().map(|c| c.get("name").unwrap().as_str().unwrap().to_owned()).collect()
}

#[test]
pub(super) fn set_and_shown() {
    let s = Session::with(&["abc"]);
    let foo = r#"{"name": "foo", "test": "member('KNOWN')"}"#;
    s.expect(
        "remote-class4-set",
        &set(foo, ""),
        r#"{"result": 0, "text": "DHCPv4 client class successfully set.", "arguments": {"client-classes": [{"name": "foo"}]}}"#,
    );
    let plain = r#"{"boot-file-name": "", "metadata": {"server-tags": ["abc"]}, "name": "foo", "next-server": "0.0.0.0",
        "option-data": [], "option-def": [], "server-hostname": "", "test": "member('KNOWN')"}"#;
    let get = r#"{"client-classes": [{"name": "foo"}]}"#;
    let found = |class: &str| {
        format!(
            r#"{{"result": 0, "text": "DHCPv4 client class 'foo' found.", "arguments": {{"count": 1, "client-classes": [{class}]}}}}"#
        )
    };
    s.expect("remote-class4-get", get, &found(plain));
    s.ok(
        "remote-class4-set",
        &set(
            r#"{"boot-file-name": "/var/something", "name": "foo", "only-in-additional-list": true, "next-server": "10.11.12.13",
            "option-data": [{"code": 6, "data": "192.0.2.1, 192.0.2.2", "always-send": true, "csv-format": true}],
            "server-hostname": "abc.com", "min-valid-lifetime": 100, "max-valid-lifetime": 1200, "test": "member('UNKNOWN')",
            "valid-lifetime": 1000}"#,
            "",
        ),
    );
    s.expect(
        "remote-class4-get",
        get,
        &found(
            r#"{"boot-file-name": "/var/something", "metadata": {"server-tags": ["abc"]}, "name": "foo",
            "only-in-additional-list": true, "next-server": "10.11.12.13", "option-data": [{"always-send": true, "code": 6,
              "csv-format": true, "data": "192.0.2.1, 192.0.2.2", "name": "domain-name-servers", "never-send": false,
              "space": "dhcp4"}],
            "option-def": [], "server-hostname": "abc.com", "min-valid-lifetime": 100, "max-valid-lifetime": 1200,
            "test": "member('UNKNOWN')", "valid-lifetime": 1000}"#,
        ),
    );
    s.ok("remote-class4-set", &set(foo, ""));
    s.expect("remote-class4-get", get, &found(plain));
    for (count, result) in [(1, 0), (0, 3)] {
        s.expect(
            "remote-class4-del",
            get,
            &format!(r#"{{"result": {result}, "text": "{count} DHCPv4 client class(es) deleted.", "arguments": {{"count": {count}}}}}"#),
        );
    }
    s.expect(
        "remote-class4-get",
        get,
        r#"{"result": 3, "text": "DHCPv4 client class 'foo' not found.", "arguments": {"count": 0, "client-classes": []}}"#,
    );
    s.expect(
        "remote-class4-get-all",
        r#"{"server-tags": ["some-name-that-do-not-exist"]}"#,
        r#"{"result": 3, "text": "0 DHCPv4 client class(es) found.", "arguments": {"count": 0, "client-classes": []}}"#,
    );
}

#[test]
pub(super) fn refused_arguments() {
    let s = Session::with(&["abc"]);
    for (list, text) in [
        (r#""client-classes": [{}]"#, "missing parameter 'name'"),
        (r#""client-classes": []"#, "'client-classes' list must include exactly one element"),
        (
            r#""client-classes": [{"name": "a"}, {"name": "a"}]"#,
            "'client-classes' list must include exactly one element",
        ),
        (
            r#""client-classes": {"name": "a"}"#,
            "'client-classes' parameter must be specified and must be a list",
        ),
        (r#""x": 1"#, "'client-classes' parameter must be specified and must be a list"),
        (
            r#""client-classes": [{"name": "a", "option-data": [{"name": "configfile123", "data": "1APC"}]}]"#,
            "definition for the option 'dhcp4.configfile123' does not exist",
        ),
        (
            r#""client-classes": [{"name": "a", "test": "member('not_existing_name')"}]"#,
            "unmet dependency on client class: not_existing_name",
        ),
        (r#""client-classes": [{"name": "a", "test": "nonsense"}]"#, "nonsense"),
        (
            r#""client-classes": [{"name": "a"}], "follow-class-name": "none""#,
            "client class 'none' does not exist",
        ),
    ] {
        s.refused("remote-class4-set", &format!(r#"{{"server-tags": ["abc"], {list}}}"#), text);
    }
    s.refused(
        "remote-class4-set",
        r#"{"client-classes": [{"name": "a"}]}"#,
        "'server-tags' parameter is mandatory",
    );
    for verb in ["get", "del"] {
        for (list, text) in [
            (r#""client-classes": []"#, "'client-classes' list must include exactly one element"),
            (r#""client-classes": [{}]"#, "missing 'name' parameter"),
            (
                r#""client-classes": [{"name": "a"}], "server-tags": ["abc"]"#,
                "'server-tags' parameter is forbidden",
            ),
        ] {
            s.expect(
                &format!("remote-class4-{verb}"),
                &format!("{{{list}}}"),
                &format!(r#"{{"result": 1, "text": "{text}"}}"#),
            );
        }
    }
}

#[test]
pub(super) fn order_and_dependencies() {
    let s = Session::with(&["abc"]);
    for class in [r#"{"name": "first"}"#, r#"{"name": "second", "test": "member('first')"}"#] {
        s.ok("remote-class4-set", &set(class, ""));
    }
    s.ok(
        "remote-class4-set",
        &set(r#"{"name": "third", "test": "member('first')"}"#, r#", "follow-class-name": "first""#),
    );
    assert_eq!(names(&s, r#"["abc"]"#), ["first", "third", "second"]);
    s.ok(
        "remote-class4-set",
        &set(r#"{"name": "second", "test": "member('third')"}"#, r#", "follow-class-name": null"#),
    );
    assert_eq!(names(&s, r#"["abc"]"#), ["first", "third", "second"]);
    s.refused(
        "remote-class4-set",
        &set(r#"{"name": "third", "test": "member('second')"}"#, ""),
        "unmet dependency on client class: second",
    );
    s.refused(
        "remote-class4-del",
        r#"{"client-classes": [{"name": "third"}]}"#,
        "client class 'third' is used by client class 'second'",
    );
    s.ok("remote-class4-set", &set(r#"{"name": "fourth", "test": "member('VENDOR_CLASS_x') and member('KNOWN') or not member('ALL')"}"#, ""));
}

#[test]
pub(super) fn options_and_definitions_of_a_class() {
    let s = Session::with(&["abc"]);
    // No definition: octets of a code.
    s.ok("remote-class4-set", &set(r#"{"name": "a", "option-data": [{"code": 222, "data": "123"}]}"#, ""));
    let def = r#"{"server-tags": ["abc"], "option-defs": [{"name": "foo", "code": 222, "type": "uint32"}]}"#;
    s.refused("remote-option-def4-set", def, "(configuration database, client class 'a')");
    s.ok(
        "remote-class4-set",
        &set(r#"{"name": "a", "option-data": [{"code": 222, "data": "00000123"}]}"#, ""),
    );
    s.ok("remote-option-def4-set", def);
    s.ok("remote-class4-set", &set(r#"{"name": "a", "option-data": [{"code": 222, "data": "123"}]}"#, ""));
    s.ok("remote-class4-set", &set(r#"{"name": "b", "option-data": [{"name": "foo", "data": "123"}]}"#, ""));
    // One of its own.
    s.ok(
        "remote-class4-set",
        &set(
            r#"{"name": "c", "test": "member('KNOWN') or member('a')",
                "option-def": [{"name": "configfile", "code": 224, "type": "string"}],
                "option-data": [{"name": "configfile", "data": "1APC"}]}"#,
            "",
        ),
    );
    let shown = s.ok("remote-class4-get", r#"{"client-classes": [{"name": "c"}]}"#);
    let class = &shown.get("client-classes").unwrap().as_list().unwrap()[0];
    let option = &class.get("option-data").unwrap().as_list().unwrap()[0];
    assert_eq!((option.get("code"), option.get("data")), (Some(&224i64.into()), Some(&"1APC".into())));
    assert_eq!(class.get("option-def").unwrap().as_list().unwrap().len(), 1);
}
