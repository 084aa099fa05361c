use super::*;
use control::tls::Certificate;

const COMMANDS: &str = r#"{ "name": "config-get", "access": "read" } { "name": "config-set", "access": "write" }
    { "name": "list-commands", "access": "read" } { "name": "lease4-get", "access": "read", "hook": "lease_cmds" }
    { "name": "lease4-del", "access": "write", "hook": "lease_cmds" }"#;

/// A policy with API files and these parameters beside `api-files`.
fn policy(parameters: &str) -> Result<Policy, Vec<String>> {
    let directory = tempfile::tempdir().unwrap();
    for (number, text) in COMMANDS.split_inclusive('}').enumerate() {
        std::fs::write(directory.path().join(format!("{number}.json")), text).unwrap();
    }
    std::fs::write(directory.path().join("_template.json"), "no JSON").unwrap();
    let text = format!(r#"{{ "api-files": "{}", {parameters} }}"#, directory.path().display());
    let value = json::parse(&text, None, json::Limits::default()).unwrap().value;
    Policy::load(value.as_map().unwrap())
}

fn with_role(role: &str) -> Policy {
    policy(&format!(
        r#""assign-role-method": "basic-authentication", "roles": [ {{ "name": "u", {role} }} ]"#
    ))
    .unwrap_or_else(|faults| panic!("{role}: {faults:?}"))
}

fn user(name: &str) -> Origin {
    Origin { user: Some(name.to_owned()), peer: "192.0.2.1".to_owned(), ..Origin::default() }
}

fn granted(policy: &Policy, origin: &Origin) -> Vec<&'static str> {
    ["config-get", "config-set", "list-commands", "lease4-get", "lease4-del", "never-heard-of"]
        .into_iter()
        .filter(|command| {
            matches!(policy.admit(command, origin), Admission::Granted | Admission::Filtered(_))
        })
        .collect()
}

#[test]
fn lists_of_every_kind() {
    let everything =
        ["config-get", "config-set", "list-commands", "lease4-get", "lease4-del", "never-heard-of"];
    for (role, expected) in [
        ("", &[][..]),
        (r#""other-commands": "accept""#, &everything),
        (r#""accept-commands": "ALL""#, &everything),
        (r#""accept-commands": "NONE""#, &[]),
        (r#""accept-commands": "READ""#, &["config-get", "list-commands", "lease4-get"]),
        (r#""accept-commands": { "access": "write" }"#, &["config-set", "lease4-del"]),
        (r#""accept-commands": { "hook": "lease_cmds" }"#, &["lease4-get", "lease4-del"]),
        (r#""accept-commands": { "hook": "" }"#, &["config-get", "config-set", "list-commands"]),
        (r#""accept-commands": { "commands": [ "config-get" ] }"#, &["config-get"]),
        // An operator's list names what is not built, too.
        (
            r#""accept-commands": { "commands": [ "cache-get", "config-get", "cache-flush" ] }"#,
            &["config-get"],
        ),
        (r#""accept-commands": { "command": [ "config-get" ] }"#, &["config-get"]),
        (
            r#""accept-commands": { "and": [ "READ", { "not": { "commands": [ "config-get" ] } } ] }"#,
            &["list-commands", "lease4-get"],
        ),
        (
            r#""accept-commands": { "or": [ { "hook": "lease_cmds" }, { "commands": [ "config-get" ] } ] }"#,
            &["config-get", "lease4-get", "lease4-del"],
        ),
        (r#""accept-commands": "ALL", "reject-commands": "ALL""#, &everything),
        (r#""accept-commands": "ALL", "reject-commands": "ALL", "list-match-first": "reject""#, &[]),
        (
            r#""accept-commands": "ALL", "reject-commands": "WRITE", "list-match-first": "reject""#,
            &["config-get", "list-commands", "lease4-get"],
        ),
        // What nobody has described may be what a list keeps out.
        (r#""reject-commands": "READ", "other-commands": "accept""#, &["config-set", "lease4-del"]),
        (r#""accept-commands": { "not": "WRITE" }"#, &["config-get", "list-commands", "lease4-get"]),
        (
            r#""accept-commands": { "not": { "hook": "lease_cmds" } }"#,
            &["config-get", "config-set", "list-commands"],
        ),
        (
            r#""accept-commands": { "not": { "and": [ "WRITE", { "not": { "access": "read" } } ] } }"#,
            &["config-get", "list-commands", "lease4-get"],
        ),
        (
            r#""accept-commands": { "or": [ "READ", { "not": { "commands": [ "config-set" ] } } ] }"#,
            &["config-get", "list-commands", "lease4-get", "lease4-del", "never-heard-of"],
        ),
        (r#""accept-commands": { "and": [ "READ", "NONE" ] }, "other-commands": "accept""#, &everything),
    ] {
        let comma = if role.is_empty() { r#""comment": "none""# } else { role };
        assert_eq!(granted(&with_role(comma), &user("u")), expected, "{role}");
    }
}

#[test]
fn roles_by_each_method() {
    let roles = r#""roles": [ { "name": "one", "accept-commands": "READ" } ],
        "default-role": { "accept-commands": { "commands": [ "list-commands" ] } },
        "unknown-role": { "accept-commands": { "commands": [ "config-get" ] } }"#;
    let certificate = |subject: &str, issuer: &str| Origin {
        secure: true,
        certificate: Some(Certificate { subject: Some(subject.to_owned()), issuer: Some(issuer.to_owned()) }),
        ..Origin::default()
    };
    let nobody = Origin { secure: true, ..Origin::default() };
    let address = |peer: &str| Origin { peer: peer.to_owned(), ..Origin::default() };
    for (method, one, other, none) in [
        ("basic-authentication", user("one"), user("two"), address("one")),
        ("cert-subject", certificate("one", "x"), certificate("x", "one"), nobody.clone()),
        ("cert-issuer", certificate("x", "one"), certificate("one", "x"), nobody),
        ("remote-address", address("one"), address("192.0.2.2"), address("")),
    ] {
        let policy = policy(&format!(r#""assign-role-method": "{method}", {roles}"#)).unwrap();
        assert_eq!(granted(&policy, &one), ["config-get", "list-commands", "lease4-get"], "{method}");
        assert_eq!(granted(&policy, &other), ["config-get"], "{method}");
        assert_eq!(granted(&policy, &none), ["list-commands"], "{method}");
    }
}

#[test]
fn clear_text_and_answers() {
    let tls = policy(r#""assign-role-method": "cert-subject", "roles": []"#).unwrap();
    assert!(matches!(tls.admit("config-get", &user("u")), Admission::Unauthorized));
    let relaxed = policy(r#""assign-role-method": "cert-subject", "require-tls": false"#).unwrap();
    assert!(matches!(relaxed.admit("config-get", &user("u")), Admission::Forbidden));

    let filtered = with_role(r#""accept-commands": "READ", "response-filters": [ "list-commands" ]"#);
    assert!(matches!(filtered.admit("config-get", &user("u")), Admission::Granted));
    let Admission::Filtered(filter) = filtered.admit("list-commands", &user("u")) else { panic!() };
    let names = |names: &[&str]| Value::from(names.iter().map(|name| Value::from(*name)).collect::<Vec<_>>());
    let mut answer = Answer::arguments(names(&["config-get", "config-set", "lease4-get"]));
    filter.apply(&mut answer);
    assert_eq!(answer, Answer::arguments(names(&["config-get", "lease4-get"])));
}

#[test]
fn commands_of_the_configuration_and_named_lists() {
    let policy = policy(
        r#""assign-role-method": "basic-authentication",
        "commands": [ { "name": "own", "access": "write", "hook": "mine" }, { "name": "config-set", "access": "read" } ],
        "access-control-lists": [ { "mine": { "hook": "mine" } }, { "both": { "or": [ "mine", "READ" ] } } ],
        "roles": [ { "name": "u", "accept-commands": "both" } ]"#,
    )
    .unwrap();
    assert_eq!(granted(&policy, &user("u")), ["config-get", "config-set", "list-commands", "lease4-get"]);
    assert!(matches!(policy.admit("own", &user("u")), Admission::Granted));
}

#[test]
fn faults_are_all_named() {
    let faults = policy(
        r#""assign-role-method": "custom-value", "foo": 1, "require-tls": 1, "commands": [ { "name": "x" },
            { "name": "y", "access": "read", "hook": 5 }, { "name": "config-get", "access": "write" },
            { "name": "config-get", "access": "read" } ],
        "access-control-lists": [ { "a": "nosuch" }, 5, { "READ": { "commands": [ "config-get" ] } },
            { "twice": "ALL" }, { "twice": "NONE" } ],
        "roles": [ { "name": "" }, { "name": "r", "accept-commands": { "commands": [ "never-heard-of" ] },
            "other-commands": "perhaps", "response-filters": [ "x" ], "bar": 1 }, { "name": "r" } ]"#,
    )
    .err()
    .unwrap();
    for part in [
        "'custom-value'",
        "unknown parameter 'foo' of the library",
        "'require-tls' is not a boolean",
        "the 'access' of the command is missing",
        "the 'hook' of the command is not a string",
        "command 'config-get' is described twice",
        "no access control list is called 'nosuch'",
        "access control list 'READ' (<string>:4:57): the name is that of a predefined list",
        "access control list 'twice'",
        "maps with one entry each",
        "a role needs a 'name'",
        "command 'never-heard-of' is described neither",
        "'other-commands' of role 'r' is neither accept nor reject",
        "'response-filters' of role 'r' knows list-commands alone",
        "unknown parameter 'bar' of role 'r'",
        "role 'r' is configured twice",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:#?}");
    }
    assert_eq!(faults.len(), 16, "{faults:#?}");
    assert!(Policy::load(&Map::new()).err().unwrap().len() >= 2);
}

#[test]
fn a_folder_without_descriptions() {
    let directory = tempfile::tempdir().unwrap();
    let load = |members: &str| {
        let text = format!(
            r#"{{ "api-files": "{}", "assign-role-method": "remote-address" {members} }}"#,
            directory.path().display()
        );
        Policy::load(json::parse(&text, None, json::Limits::default()).unwrap().value.as_map().unwrap())
    };
    let fault = load("").err().unwrap();
    assert_eq!(fault, ["libdhcp_rbac: neither 'api-files' nor 'commands' describes any command"]);
    let policy = load(r#", "commands": [ { "name": "config-get", "access": "read" } ]"#).unwrap();
    let logged = observe::capture(|| policy.guards(&["config-get", "config-set"]));
    assert_eq!(logged.len(), 1);
    assert!(logged[0].text.ends_with("describes: config-set"), "{}", logged[0].text);
}
