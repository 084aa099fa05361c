//! What DHCPv6 has of its own: tables, prefix pools, lifetimes, and identifiers of interfaces.

use base::{SubnetId, Timestamp};
use json::Value;

use super::{
    apply, class, follow, get_subnet, global, map, network, option, server, subnet, tag, tags, wait,
};
use crate::{
    Change, ConfigBackend, OptionKey, OptionScope, PdPoolKey, PoolRange, Puller, RevisionFilter,
    ServerSelector, SubnetKey,
};

const FULL: &str = r#""allocator": "random", "cache-max-age": 1, "cache-threshold": 0.25, "calculate-tee-times": true,
    "client-classes": ["a"], "ddns-replace-client-name": "when-present", "evaluate-additional-classes": ["x"],
    "interface": "eth0", "interface-id": "0x00FF", "max-preferred-lifetime": 3, "min-preferred-lifetime": 1,
    "max-valid-lifetime": 6, "min-valid-lifetime": 4, "pd-allocator": "iterative", "preferred-lifetime": 2,
    "rapid-commit": true, "rebind-timer": 500, "relay": {"ip-addresses": ["2001:db8::5"]}, "renew-timer": 200,
    "reservations-global": false, "t1-percent": 0.5, "user-context": {"a": "ü"}, "valid-lifetime": 5,
    "option-data": [{"code": 23, "space": "dhcp6", "csv-format": true, "data": "2001:db8::1",
        "never-send": true}],
    "pools": [{"pool": "2001:db8::1-2001:db8::ff", "client-classes": ["b"], "option-data": [{"code": 23, "space": "dhcp6",
        "csv-format": true, "data": "2001:db8::2"}]}],
    "pd-pools": [{"prefix": "3000::", "prefix-len": 48, "delegated-len": 64, "excluded-prefix": "3000::",
        "excluded-prefix-len": 72, "user-context": {"p": 1}}, {"prefix": "3001::", "prefix-len": 48, "delegated-len": 56}]"#;

pub(super) fn both_families_have_their_own(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(db, [server("abc"), global("abc", "preferred-lifetime", 5i64)]).unwrap();
    assert_eq!(wait(db.servers()).unwrap().len(), 1);
    let globals = wait(db.globals(ServerSelector::Any)).unwrap();
    assert_eq!((globals.len(), &globals[0].tags), (1, &tags(&["abc"])));
    let entries = wait(db.audit(None, 10)).unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.object_type.as_str()).collect();
    assert_eq!(kinds, ["dhcp6_server", "dhcp6_global_parameter"]);
}

pub(super) fn subnets_of_ipv6(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let change = subnet(&["all"], 1, "2001:db8::/64", None, FULL);
    let Change::SetSubnet { map: written, .. } = &change else { return };
    for _ in 0..2 {
        apply(db, [change.clone()]).unwrap();
        assert_eq!(&get_subnet(db, 1).element.map, written);
    }
    for (prefix, wanted) in [("2001:db8::/32", 1), ("2001:db8::/65", 1), ("2001:db8:1::/48", 0), ("::/0", 1)]
    {
        assert_eq!(wait(db.overlapping(prefix.parse().unwrap())).unwrap().len(), wanted, "{prefix}");
    }
    let by_prefix = |text: &str| wait(db.subnet(SubnetKey::Prefix(text.parse().unwrap()))).unwrap();
    assert_eq!(by_prefix("2001:db8:0::/64").unwrap().id, SubnetId(1));
    apply(db, [subnet(&["all"], 1, "2001:db8:1::/64", None, "")]).unwrap();
    assert_eq!(
        get_subnet(db, 1).element.map,
        map(r#"{"id": 1, "subnet": "2001:db8:1::/64"}"#),
        "replaced whole"
    );
    assert_eq!(apply(db, [Change::DeleteSubnet(SubnetKey::Id(SubnetId(1)))]).unwrap(), [1]);
}

pub(super) fn prefix_pools_and_their_options(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(db, [subnet(&["all"], 7, "2001:db8::/64", None, FULL)]).unwrap();
    let scopes = [
        OptionScope::PdPool(PdPoolKey { prefix: "3000::/48".parse().unwrap() }),
        OptionScope::Pool(PoolRange::parse("2001:db8::1-2001:db8::ff").unwrap()),
    ];
    for (scope, list) in scopes.iter().zip(["pd-pools", "pools"]) {
        let set = r#"{"code": 24, "space": "dhcp6", "csv-format": true, "data": "example.org"}"#;
        apply(db, [option(scope.clone(), set)]).unwrap();
        assert_eq!(wait(db.subnet_of_pool(scope.clone())).unwrap(), Some(SubnetId(7)));
        let data = || {
            let element = get_subnet(db, 7).element;
            let pool = element.map[list].as_list().unwrap()[0].clone();
            let options = pool.get("option-data").and_then(Value::as_list).unwrap_or(&[]).to_vec();
            options.iter().filter_map(|o| o.get("data")?.as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        assert!(data().contains(&"example.org".to_owned()), "{list}");
        let users = wait(db.option_users("dhcp6".into(), 24, 9)).unwrap();
        assert_eq!(users, [("a pool of subnet 7".to_owned(), tags(&["all"]))], "{list}");
        let key = OptionKey { space: "dhcp6".into(), code: 24, classes: None };
        let delete = Change::DeleteOption { scope: scope.clone(), key };
        assert_eq!(apply(db, [delete]).unwrap(), [1]);
        assert!(!data().contains(&"example.org".to_owned()), "{list}");
    }
}

pub(super) fn networks_and_classes_of_ipv6(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let net = r#"{"name": "net", "interface-id": "port", "preferred-lifetime": 7, "rapid-commit": false,
        "option-data": [{"code": 23, "space": "dhcp6", "csv-format": true, "data": "2001:db8::1", "always-send": true}]}"#;
    let full = r#"{"name": "c", "test": "member('KNOWN')", "preferred-lifetime": 1, "valid-lifetime": 5,
        "min-preferred-lifetime": 1, "max-preferred-lifetime": 3, "user-context": {"a": 1}}"#;
    let set = Change::SetClass {
        tags: tags(&["all"]),
        map: map(full),
        follow: None,
        dependencies: vec![],
        depends_on_known: true,
    };
    apply(db, [server("abc"), network(&["abc"], net), set, class(&["all"], "d", None, &["c"])]).unwrap();
    assert_eq!(wait(db.network("net".into())).unwrap().unwrap().element.map, map(net));
    assert_eq!(wait(db.class("c".into())).unwrap().unwrap().element.map, map(full));
}

pub(super) fn ipv6_is_followed_and_restored(db: &dyn ConfigBackend, writer: &dyn ConfigBackend) {
    let mut puller = Puller::new(tag("abc"));
    let pd = OptionScope::PdPool(PdPoolKey { prefix: "3000::/48".parse().unwrap() });
    let steps = [
        vec![server("abc"), global("all", "preferred-lifetime", 5i64)],
        vec![network(&["abc"], r#"{"name": "n"}"#), subnet(&["abc"], 1, "2001:db8::/64", Some("n"), FULL)],
        vec![option(pd, r#"{"code": 24, "space": "dhcp6", "csv-format": true, "data": "example.org"}"#)],
        vec![subnet(&["all"], 1, "2001:db8:1::/64", None, "")],
        vec![Change::DeleteSubnet(SubnetKey::Id(SubnetId(1)))],
    ];
    for step in steps {
        apply(writer, step).unwrap();
        assert!(follow(db, &mut puller));
    }
    let filter = RevisionFilter { after: 0, from: Timestamp(0), servers: None, limit: 9 };
    let newest = wait(db.revisions(filter)).unwrap()[0].cursor.revision;
    apply(writer, [Change::Restore { revision: newest - 3, newest }]).unwrap();
    assert!(follow(db, &mut puller));
    let Change::SetSubnet { map: written, .. } = subnet(&["abc"], 1, "2001:db8::/64", Some("n"), FULL) else {
        return;
    };
    let back = get_subnet(db, 1);
    assert_eq!((&back.element.map, back.shared_network.as_deref()), (&written, Some("n")));
}
