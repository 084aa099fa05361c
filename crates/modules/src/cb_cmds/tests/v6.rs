//! Objects of DHCPv6: what they have beside those of DHCPv4, and what is checked of them.

use backend::{Pulled, ServerSelector, merge};
use base::{ServerTag, SubnetId};
use config::{ResolveEnv, Written6};

use super::*;

const SUBNET: &str = r#""id": 1, "subnet": "2001:db8:1::/48", "shared-network-name": null, "rapid-commit": true,
    "preferred-lifetime": 100, "valid-lifetime": 200,
    "pools": [{"pool": "2001:db8:1::/80"}],
    "pd-pools": [{"prefix": "3000::", "prefix-len": 48, "delegated-len": 64,
                  "excluded-prefix": "3000:0:0:0:1::", "excluded-prefix-len": 80}]"#;

fn set(session: &Session6, members: &str) -> Value {
    let arguments = format!(r#"{{"server-tags": ["all"], "subnets": [{{{members}}}]}}"#);
    session.ask("remote-subnet6-set", &arguments)
}

#[test]
pub(super) fn a_subnet_with_prefixes_is_stored_shown_and_run() {
    let s = Session6::with(&["abc"]);
    s.expect(
        "remote-subnet6-set",
        &format!(r#"{{"server-tags": ["all"], "subnets": [{{{SUBNET}}}]}}"#),
        r#"{"result": 0, "text": "IPv6 subnet successfully set.",
            "arguments": {"subnets": [{"id": 1, "subnet": "2001:db8:1::/48"}]}}"#,
    );
    for (level, place) in [
        ("subnet", r#""subnets": [{"id": 1}]"#),
        ("pool", r#""pools": [{"pool": "2001:db8:1::/80"}]"#),
        ("pd-pool", r#""pd-pools": [{"prefix": "3000::", "prefix-len": 48}]"#),
    ] {
        s.ok(
            &format!("remote-option6-{level}-set"),
            &format!(r#"{{{place}, "options": [{{"name": "dns-servers", "data": "2001:db8::1"}}]}}"#),
        );
    }
    let got = s.ok("remote-subnet6-get-by-prefix", r#"{"subnets": [{"subnet": "2001:db8:1::/48"}]}"#);
    let subnet = &got.get("subnets").unwrap().as_list().unwrap()[0];
    let pd = &subnet.get("pd-pools").unwrap().as_list().unwrap()[0];
    for (name, wanted) in [
        ("prefix", "3000::".into()),
        ("delegated-len", Value::from(64i64)),
        ("excluded-prefix-len", 80i64.into()),
    ] {
        assert_eq!(pd.get(name), Some(&wanted), "{name}");
    }
    for holder in [subnet, pd, &subnet.get("pools").unwrap().as_list().unwrap()[0]] {
        let option = &holder.get("option-data").unwrap().as_list().unwrap()[0];
        assert_eq!(option.get("name"), Some(&"dns-servers".into()));
    }
    assert_eq!(subnet.get("max-preferred-lifetime"), Some(&100i64.into()));
    assert_eq!(subnet.get("4o6-subnet"), None);

    let pulled = s.runtime.block_on(s.database().pull(ServerTag::new("abc").unwrap(), None)).unwrap();
    let Pulled::Everything { objects, .. } = pulled else { panic!("{pulled:?}") };
    let selector = ServerSelector::One(ServerTag::new("abc").unwrap());
    let merged = merge(&Written6::default(), &objects, &selector);
    let config = config::resolve6(Arc::new(merged), &ResolveEnv::default()).unwrap();
    let subnet = config.subnet(SubnetId(1)).unwrap();
    assert!(subnet.params.own.rapid_commit);
    let pd = &subnet.own.pd_pools[0];
    assert_eq!(
        (pd.options.entries(23).len(), pd.excluded.unwrap().to_string().as_str()),
        (1, "3000::1:0:0:0/80")
    );
    assert_eq!(subnet.pools[0].options.entries(23).len(), 1);

    s.ok(
        "remote-option6-pd-pool-del",
        r#"{"pd-pools": [{"prefix": "3000::", "prefix-len": 48}], "options": [{"code": 23, "space": "dhcp6"}]}"#,
    );
    s.ok("remote-subnet6-del-by-id", r#"{"subnets": [{"id": 1}]}"#);
}

#[test]
pub(super) fn what_a_server_could_not_run_is_refused() {
    let s = Session6::with(&["abc"]);
    set(&s, SUBNET);
    let other = |members: &str| format!(r#""shared-network-name": null, {members}"#);
    for (members, part) in [
        (other(r#""id": 2, "subnet": "2001:db8:1:1::/64""#), "overlaps with subnet 1 (2001:db8:1::/48)"),
        (
            other(r#""id": 2, "subnet": "2001:db8:2::/48", "pools": [{"pool": "2001:db8:3::/80"}]"#),
            "does not match the prefix of a subnet",
        ),
        (
            other(
                r#""id": 2, "subnet": "2001:db8:2::/48", "pd-pools": [{"prefix": "3000::", "prefix-len": 64, "delegated-len": 48}]"#,
            ),
            "Delegated length (48) must be longer",
        ),
        (
            other(
                r#""id": 2, "subnet": "2001:db8:2::/48", "option-data": [{"name": "nothing", "data": "1"}]"#,
            ),
            "nothing",
        ),
        (other(r#""id": 2, "subnet": "10.0.0.0/8""#), "Failed to convert string to address"),
        (
            r#""id": 2, "subnet": "2001:db8:2::/48", "shared-network-name": "none""#.to_owned(),
            "shared network 'none' does not exist",
        ),
    ] {
        let arguments = format!(r#"{{"server-tags": ["all"], "subnets": [{{{members}}}]}}"#);
        s.refused("remote-subnet6-set", &arguments, part);
    }
    s.refused(
        "remote-global-parameter6-set",
        r#"{"server-tags": ["all"], "parameters": {"authoritative": true}}"#,
        "unknown parameter 'authoritative'",
    );
    s.refused(
        "remote-class6-set",
        r#"{"server-tags": ["all"], "client-classes": [{"name": "c", "test": "option[1].nothing"}]}"#,
        "c",
    );
}

#[test]
pub(super) fn networks_classes_definitions_and_globals() {
    let s = Session6::with(&["abc"]);
    s.ok(
        "remote-network6-set",
        r#"{"server-tags": ["all"], "shared-networks": [{"name": "n", "interface-id": "port", "rapid-commit": true}]}"#,
    );
    s.ok(
        "remote-subnet6-set",
        r#"{"server-tags": ["all"], "subnets": [{"id": 3, "subnet": "2001:db8:3::/48", "shared-network-name": "n", "rapid-commit": true}]}"#,
    );
    s.ok(
        "remote-option-def6-set",
        r#"{"server-tags": ["all"], "option-defs": [{"name": "foo", "code": 1000, "type": "uint32"}]}"#,
    );
    s.ok(
        "remote-option6-global-set",
        r#"{"server-tags": ["all"], "options": [{"name": "foo", "data": "7"}]}"#,
    );
    s.ok(
        "remote-class6-set",
        r#"{"server-tags": ["all"], "client-classes": [{"name": "c", "test": "pkt6.msgtype == 1", "preferred-lifetime": 7}]}"#,
    );
    s.ok(
        "remote-global-parameter6-set",
        r#"{"server-tags": ["abc"], "parameters": {"preferred-lifetime": 55, "server-id": {"type": "EN", "persist": false}}}"#,
    );
    let got = s.ok("remote-class6-get", r#"{"client-classes": [{"name": "c"}]}"#);
    let class = &got.get("client-classes").unwrap().as_list().unwrap()[0];
    assert_eq!((class.get("preferred-lifetime"), class.get("next-server")), (Some(&7i64.into()), None));
    let got =
        s.ok("remote-network6-get", r#"{"shared-networks": [{"name": "n"}], "subnets-include": "full"}"#);
    let network = &got.get("shared-networks").unwrap().as_list().unwrap()[0];
    assert_eq!(network.get("interface-id"), Some(&"port".into()));
    assert_eq!(network.get("subnet6").unwrap().as_list().unwrap().len(), 1);
    let pulled = s.runtime.block_on(s.database().pull(ServerTag::new("abc").unwrap(), None)).unwrap();
    let Pulled::Everything { objects, .. } = pulled else { panic!("{pulled:?}") };
    let merged = merge(&Written6::default(), &objects, &ServerSelector::One(ServerTag::new("abc").unwrap()));
    let config = config::resolve6(Arc::new(merged), &ResolveEnv::default()).unwrap();
    assert_eq!(config.globals.own.server_id.kind, config::DuidKind::En);
    assert_eq!(config.options.entries(1000).len(), 1);
    let subnet = config.subnet(SubnetId(3)).unwrap();
    assert_eq!(
        (subnet.own.interface_id.as_deref(), subnet.params.own.rapid_commit),
        (Some(&b"port"[..]), true)
    );
    assert_eq!(subnet.params.own.preferred_lifetime.unwrap().default.0, 55);
}
