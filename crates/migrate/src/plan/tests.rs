use config::{Dhcp4, Written4};

use super::*;
use crate::{differences, file, proof};

fn written(text: &str) -> Written4 {
    let value = backend::columns::json_value(text).unwrap();
    let (written, errors) = <Dhcp4 as Protocol>::parse(value);
    assert!(errors.is_empty(), "{errors:?}");
    written
}

fn sources(texts: &[(&str, &str)]) -> Vec<Source<Dhcp4>> {
    texts
        .iter()
        .map(|(tag, text)| Source {
            tag: ServerTag::new(tag).unwrap(),
            name: format!("{tag}.conf"),
            written: written(text),
        })
        .collect()
}

/// Plans, and proves that each server keeps its configuration.
fn plan(texts: &[(&str, &str)]) -> Plan<Dhcp4> {
    plan_beside(texts, &Present::default())
}

fn plan_beside(texts: &[(&str, &str)], present: &Present) -> Plan<Dhcp4> {
    let sources = sources(texts);
    let plan = Plan::new(&sources, present).unwrap();
    for (source, remaining) in sources.iter().zip(&plan.remaining) {
        // What is left has to be a file that can be read.
        let text = json::to_string_pretty(&file(remaining), 2);
        let reread = written(&text);
        assert_eq!(
            proof(&source.written, &reread, &plan.objects(&source.tag), &source.tag),
            Vec::<String>::new(),
            "{}: {text}\n{plan}",
            source.tag
        );
    }
    plan
}

fn places(plan: &Plan<Dhcp4>) -> Vec<String> {
    plan.places
        .iter()
        .map(|place| {
            let tags: Vec<&str> = place.tags.iter().map(ServerTag::as_str).collect();
            format!("{} {} -> {}", place.kind, place.name, tags.join(","))
        })
        .collect()
}

fn left(plan: &Plan<Dhcp4>) -> Vec<String> {
    plan.left.iter().map(|left| format!("{}: {}: {}", left.server, left.object, left.reason)).collect()
}

#[test]
fn what_all_have_goes_to_all() {
    let common = r#"
        "valid-lifetime": 3600, "renew-timer": 900, "dhcp-ddns": {"enable-updates": false},
        "option-def": [{"name": "foo", "code": 222, "type": "uint32"}],
        "option-data": [{"name": "domain-name-servers", "data": "192.0.2.53"}, {"name": "foo", "data": "7"}],
        "client-classes": [{"name": "phones", "test": "option[60].text == 'phone'"}],
        "shared-networks": [{"name": "floor", "subnet4": [
            {"id": 1, "subnet": "10.0.1.0/24", "pools": [{"pool": "10.0.1.10 - 10.0.1.99"}]}]}]"#;
    let hq = format!(
        r#"{{"Dhcp4": {{ {common}, "interfaces-config": {{"interfaces": ["eth0"]}}, "comment": "HQ",
            "subnet4": [{{"id": 2, "subnet": "10.0.2.0/24", "comment": "lab",
                          "option-data": [{{"name": "routers", "data": "10.0.2.1"}}]}}] }} }}"#
    );
    let remote = format!(
        r#"{{"Dhcp4": {{ {common}, "interfaces-config": {{"interfaces": ["ens3"]}},
            "subnet4": [{{"id": 3, "subnet": "10.0.3.0/24", "t1-percent": 0.5}}] }} }}"#
    );
    let plan = plan(&[("hq", &hq), ("remote", &remote)]);
    assert_eq!(
        places(&plan),
        [
            "global parameter dhcp-ddns.enable-updates -> all",
            "global parameter renew-timer -> all",
            "global parameter valid-lifetime -> all",
            "option definition dhcp4.222 -> all",
            "client class phones -> all",
            "global option dhcp4.6 -> all",
            "global option dhcp4.222 -> all",
            "shared network floor -> all",
            "subnet 1 (10.0.1.0/24) -> all",
            "subnet 2 (10.0.2.0/24) -> hq",
            "subnet 3 (10.0.3.0/24) -> remote",
        ]
    );
    assert_eq!(left(&plan), Vec::<String>::new());
    let rest = json::to_string(&file(&plan.remaining[1]));
    assert_eq!(rest, r#"{ "Dhcp4": { "interfaces-config": { "interfaces": [ "ens3" ] } } }"#);
    let shown = plan.to_string();
    assert!(shown.contains("With the server tag all:\n  3 global parameters: "), "{shown}");
    assert!(shown.contains("  1 subnet: 2 (10.0.2.0/24)\n"), "{shown}");
}

#[test]
fn the_value_of_most_goes_to_all() {
    let of = |lifetime: u32, dns: &str| {
        format!(
            r#"{{"Dhcp4": {{"valid-lifetime": {lifetime},
                 "option-data": [{{"name": "domain-name-servers", "data": "{dns}"}}]}} }}"#
        )
    };
    let (a, b, c) = (of(100, "192.0.2.1"), of(200, "192.0.2.1"), of(200, "192.0.2.3"));
    let plan = plan(&[("a", &a), ("b", &b), ("c", &c)]);
    assert_eq!(
        places(&plan),
        [
            "global parameter valid-lifetime -> all",
            "global parameter valid-lifetime -> a",
            "global option dhcp4.6 -> all",
            "global option dhcp4.6 -> c",
        ]
    );
}

#[test]
fn what_only_some_have_is_not_for_all() {
    let plan = plan(&[
        ("a", r#"{"Dhcp4": {"valid-lifetime": 100, "option-data": [{"code": 6, "data": "192.0.2.1"}]} }"#),
        ("b", r#"{"Dhcp4": {"valid-lifetime": 100, "option-data": [{"code": 6, "data": "192.0.2.1"}]} }"#),
        ("c", r#"{"Dhcp4": {}}"#),
    ]);
    assert_eq!(
        places(&plan),
        [
            "global parameter valid-lifetime -> a",
            "global parameter valid-lifetime -> b",
            "global option dhcp4.6 -> a",
            "global option dhcp4.6 -> b",
        ]
    );
}

#[test]
fn one_id_for_two_subnets() {
    let plan = plan(&[
        (
            "a",
            r#"{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "10.0.1.0/24"}, {"id": 9, "subnet": "10.0.9.0/24"}]}}"#,
        ),
        (
            "b",
            r#"{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "10.0.2.0/24"}, {"id": 8, "subnet": "10.0.9.0/24"}]}}"#,
        ),
        ("c", r#"{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "10.0.2.0/24"}]}}"#),
    ]);
    assert_eq!(places(&plan), ["subnet 1 (10.0.2.0/24) -> b,c", "subnet 8 (10.0.9.0/24) -> b"]);
    assert_eq!(
        left(&plan),
        [
            "a: subnet 1 (10.0.1.0/24): other servers have 10.0.2.0/24 under this id",
            "a: subnet 9 (10.0.9.0/24): other servers have it under the id 8",
        ]
    );
}

#[test]
fn host_reservations_and_what_has_no_column_stay() {
    let plan = plan(&[(
        "a",
        r#"{"Dhcp4": {
            "reservations": [{"hw-address": "02:00:00:00:00:01", "hostname": "one"}],
            "shared-networks": [
                {"name": "n", "renew-timer": 7, "subnet4": [
                    {"id": 1, "subnet": "10.0.1.0/24", "reservations": [
                        {"hw-address": "02:00:00:00:00:02", "ip-address": "10.0.1.5"}]},
                    {"id": 2, "subnet": "10.0.2.0/24", "hostname-char-set": "[^a-z]"}]},
                {"name": "m", "hostname-char-set": "[^a-z]", "subnet4": [{"id": 3, "subnet": "10.0.3.0/24"}]}],
            "subnet4": [{"id": 4, "subnet": "10.0.4.0/24", "pools": [{"pool": "10.0.4.0/26", "pool-id": 7}]}] }}"#,
    )]);
    assert_eq!(places(&plan), ["shared network n -> a", "subnet 1 (10.0.1.0/24) -> a"]);
    let left = left(&plan);
    assert_eq!(left.len(), 4, "{left:?}");
    assert!(
        left[0].starts_with("a: shared network 'm': ") && left[0].contains("hostname-char-set"),
        "{left:?}"
    );
    assert_eq!(left[2], "a: subnet 3 (10.0.3.0/24): so does its shared network 'm'");
    assert!(left[3].contains("pool-id"), "{left:?}");
}

#[test]
fn classes_go_all_or_none() {
    let plan = plan(&[
        (
            "a",
            r#"{"Dhcp4": {"client-classes": [{"name": "x", "test": "member('KNOWN')"}, {"name": "y", "test": "member('x')"}]}}"#,
        ),
        ("b", r#"{"Dhcp4": {"client-classes": [{"name": "x", "test": "member('KNOWN')"}, {"name": "z"}]}}"#),
        ("c", r#"{"Dhcp4": {"client-classes": [{"name": "x", "test": "member('UNKNOWN')"}]}}"#),
        ("d", r#"{"Dhcp4": {"client-classes": [{"name": "z"}, {"name": "x", "test": "member('KNOWN')"}]}}"#),
    ]);
    assert_eq!(places(&plan), ["client class x -> a,b", "client class z -> b", "client class y -> a"]);
    assert_eq!(
        left(&plan),
        [
            "c: client classes: class 'x' is another on a server before it",
            "d: client classes: their order contradicts that of a server before it",
        ]
    );
    let built_on: Vec<_> = plan
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::SetClass { dependencies, depends_on_known, .. } => {
                Some((dependencies.join(","), *depends_on_known))
            }
            _ => None,
        })
        .collect();
    assert_eq!(built_on, [(String::new(), true), (String::new(), false), ("x".to_owned(), false)]);
}

#[test]
fn a_difference_is_seen_and_secrets_are_not() {
    let one = written(r#"{"Dhcp4": {"valid-lifetime": 1, "subnet4": [{"id": 1, "subnet": "10.0.1.0/24"}]}}"#);
    let other = written(r#"{"Dhcp4": {"valid-lifetime": 2, "subnet4": []}}"#);
    let found = differences(&one, &other).join("\n");
    assert!(found.contains("/valid-lifetime: 2 instead of 1"), "{found}");
    assert!(found.contains("/subnet4: [  ] instead of [ {"), "{found}");
    let database = |password: &str| {
        written(&format!(
            r#"{{"Dhcp4": {{"lease-database": {{"type": "memfile", "name": "{password}"}} }} }}"#
        ))
    };
    assert_eq!(differences(&database("x"), &database("x")), Vec::<String>::new());
}

#[test]
fn what_can_not_be_planned() {
    let nothing = r#"{"Dhcp4": {}}"#;
    assert_eq!(Plan::<Dhcp4>::new(&[], &Present::default()).unwrap_err(), PlanError::Nothing);
    let error =
        |texts: &[(&str, &str)]| Plan::new(&sources(texts), &Present::default()).unwrap_err().to_string();
    assert_eq!(error(&[("a", nothing), ("a", nothing)]), "two servers have the tag 'a'");
    assert_eq!(
        error(&[("all", nothing)]),
        "the tag 'all' means all servers; name the server of all.conf by another"
    );
}

/// What stays of `subnet`, a member of the only server's subnet 1, beside its `globals`.
fn left_of(globals: &str, subnet: &str) -> Vec<String> {
    let text = format!(
        r#"{{"Dhcp4": {{ {globals} "subnet4": [{{"id": 1, "subnet": "10.0.1.0/24", {subnet} }},
            {{"id": 2, "subnet": "10.0.2.0/24"}}] }} }}"#
    );
    let plan = plan(&[("a", &text)]);
    assert!(places(&plan).contains(&"subnet 2 (10.0.2.0/24) -> a".to_owned()), "{plan}");
    left(&plan)
}

#[test]
fn the_file_that_remains_starts_alone() {
    const NEEDED: &str = "what else stays needs it; the database has it too";
    let pool = r#""pools": [{"pool": "10.0.1.0/26", "pool-id": 7}]"#;
    let stays =
        "a: subnet 1 (10.0.1.0/24): parameter 'pool-id' can not be stored in the configuration database";
    let foo = r#""option-def": [{"name": "bar", "code": 223, "type": "string"}, {"name": "foo", "code": 222, "type": "string"}],"#;
    let option = r#""option-data": [{"name": "foo", "data": "x"}]"#;
    let definition = format!("a: option definition 'foo': {NEEDED}");
    assert_eq!(
        left_of(
            &format!(r#"{foo} "reservations": [{{"hw-address": "02:00:00:00:00:01", {option} }}],"#),
            r#""renew-timer": 1"#
        ),
        std::slice::from_ref(&definition)
    );
    assert_eq!(left_of(foo, &format!("{pool}, {option}")), [stays.to_owned(), definition.clone()]);
    let classes = r#""client-classes": [{"name": "x", "template-test": "option[foo].hex"}],"#;
    let found = left_of(&format!("{foo} {classes}"), r#""renew-timer": 1"#);
    assert!(found.len() == 2 && found[0].contains("template-test"), "{found:?}");
    assert_eq!(found[1], definition);
    for (global, own) in [
        (r#""valid-lifetime": 9000,"#, r#""min-valid-lifetime": 8000"#),
        (r#""t2-percent": 0.95,"#, r#""t1-percent": 0.9"#),
    ] {
        let name = global.split('"').nth(1).unwrap();
        let needed = format!("a: global parameter '{name}': {NEEDED}");
        assert_eq!(
            left_of(&format!(r#"{global} "renew-timer": 5,"#), &format!("{pool}, {own}")),
            [stays.to_owned(), needed]
        );
    }
    // Not one without the other.
    let found =
        left_of(r#""t1-percent": 0.9, "t2-percent": 0.96,"#, &format!(r#"{pool}, "t1-percent": 0.95"#));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn what_would_inherit_otherwise_stays() {
    let stays = |name| {
        [format!(
            "a: subnet 1 (10.0.1.0/24): it inherits '{name}' and has bounds of its own, which a database takes together"
        )]
    };
    assert_eq!(left_of("", r#""min-valid-lifetime": 1000"#), stays("valid-lifetime"));
    assert_eq!(
        left_of(r#""min-valid-lifetime": 9,"#, r#""valid-lifetime": 4000"#),
        stays("min-valid-lifetime")
    );
    assert_eq!(left_of("", r#""min-valid-lifetime": 1000, "valid-lifetime": 2000"#).len(), 0);
    assert_eq!(left_of(r#""valid-lifetime": 4000,"#, r#""renew-timer": 1"#).len(), 0);
}

#[test]
fn what_a_database_has_already_is_nobody_elses() {
    let mut present = Present::default();
    present.others = true;
    present.add_subnet(SubnetId(1), "10.0.0.0/8".parse().unwrap());
    present.add_subnet(SubnetId(2), "192.0.2.0/24".parse().unwrap());
    present.add_network("n");
    present.add_class("c");
    let text = r#"{"Dhcp4": { "valid-lifetime": 100,
        "client-classes": [{"name": "c", "test": "option[12].exists"}, {"name": "d"}],
        "shared-networks": [{"name": "n", "subnet4": [{"id": 6, "subnet": "10.6.0.0/16"}]},
                            {"name": "N", "subnet4": [{"id": 7, "subnet": "10.7.0.0/16"}]}],
        "subnet4": [{"id": 1, "subnet": "192.168.0.0/16"}, {"id": 9, "subnet": "192.0.2.0/24"},
                    {"id": 3, "subnet": "10.3.0.0/16"}] }}"#;
    let found = plan_beside(&[("y", text), ("z", text)], &present);
    assert_eq!(
        places(&found),
        [
            "global parameter valid-lifetime -> y",
            "global parameter valid-lifetime -> z",
            "shared network N -> y,z",
            "subnet 3 (10.3.0.0/16) -> y,z",
            "subnet 7 (10.7.0.0/16) -> y,z",
        ]
    );
    assert_eq!(
        left(&found).iter().filter(|left| left.starts_with("y: ")).collect::<Vec<_>>(),
        [
            "y: client classes: class 'c': the database has one of this name already",
            "y: shared network 'n': the database has one of this name already",
            "y: subnet 6 (10.6.0.0/16): so does its shared network 'n'",
            "y: subnet 1 (192.168.0.0/16): the database has 10.0.0.0/8 under this id",
            "y: subnet 9 (192.0.2.0/24): the database has it under the id 2",
        ]
    );
    let mut present = Present::default();
    present.folds_names = true;
    present.add_network("n");
    let found = left(&plan_beside(&[("y", text)], &present));
    assert!(
        found.contains(&"y: shared network 'N': the database has one of this name already".to_owned()),
        "{found:?}"
    );
    let refused = "the database says no";
    let keys = [Key::Global("valid-lifetime".to_owned()), Key::Subnet(SubnetId(3))];
    present.refused = keys.map(|key| (key, refused.to_owned())).into();
    let found = left(&plan_beside(&[("y", text)], &present));
    for object in ["global parameter valid-lifetime", "subnet 3 (10.3.0.0/16)"] {
        assert!(found.contains(&format!("y: {object}: {refused}")), "{found:?}");
    }
}
