//! Tests that every implementation of [`ConfigBackend`] runs: what commands and servers rely on, whatever the
//! database. An implementation's tests call [`run`].

#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc)]

mod checked;
mod family6;
mod history;
mod hosts;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use base::{Family, ServerTag, SubnetId, Timestamp};
use json::{Map, Value};

use crate::columns::json_value;
use crate::{
    BackendError, Change, ConfigBackend, Cursor, Delta, Modification, NetworkSubnets, Note, Objects,
    OptionKey, OptionScope, PoolRange, Pulled, Puller, Server, ServerSelector, Stored, StoredSubnet,
    SubnetKey, text_member,
};

pub use hosts::run_hosts;

/// A test with its name.
type Test = (&'static str, fn(&dyn ConfigBackend, &dyn ConfigBackend));

macro_rules! tests {
    ($(#[$meta:meta])* $list:ident: $($name:ident),* $(,)?) => {
        $(#[$meta])*
        const $list: &[Test] = &[$((stringify!($name), $name)),*];
    };
}

tests! {
    /// Tests on databases of DHCPv6, of what it has beyond DHCPv4 and of what depends on tables.
    TESTS6: both_families_have_their_own, subnets_of_ipv6, prefix_pools_and_their_options, networks_and_classes_of_ipv6,
    ipv6_is_followed_and_restored,
}

tests! {
    /// Tests on databases of DHCPv4.
    TESTS:
    servers_come_and_go, globals_of_one_and_all, option_defs_are_keyed_by_code_and_space, options_are_keyed_by_classes_too,
    options_of_networks_subnets_and_pools, classes_keep_their_order, class_dependencies, networks, subnets_by_id_and_prefix,
    subnet_round_trip, deleting_a_network, deleting_a_server, selectors, all_or_nothing, nothing_stored_without_a_column,
    pull_follows_every_change, pull_is_silent_without_changes, pull_after_others_changes, tags_that_move,
    overlaps_are_found, overlaps_follow_each_change, a_checked_change_is_the_next_one, premises_are_current, change_marks, audit_names_what_was_done, option_users_are_named,
    revisions_name_their_objects, a_preview_stores_nothing, restoring_each_revision, restoring_is_a_change_too,
    restoring_what_others_took_the_place_of, restoring_is_refused,
}

use checked::{a_checked_change_is_the_next_one, overlaps_follow_each_change, premises_are_current};
use family6::{
    both_families_have_their_own, ipv6_is_followed_and_restored, networks_and_classes_of_ipv6,
    prefix_pools_and_their_options, subnets_of_ipv6,
};
use history::{
    a_preview_stores_nothing, restoring_each_revision, restoring_is_a_change_too, restoring_is_refused,
    restoring_what_others_took_the_place_of, revisions_name_their_objects,
};

/// What tests work on: two connections to one empty database of a family.
pub type Pair = (Box<dyn ConfigBackend>, Box<dyn ConfigBackend>);

/// Runs all tests and names those that failed. `open` is asked for an empty database for each.
pub fn run(open: &mut dyn FnMut(Family) -> Pair) {
    let mut failed = Vec::new();
    let tests =
        TESTS.iter().map(|test| (Family::V4, test)).chain(TESTS6.iter().map(|test| (Family::V6, test)));
    for (family, (name, test)) in tests {
        let (first, second) = open(family);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            test(first.as_ref(), second.as_ref());
        }));
        if outcome.is_err() {
            eprintln!("{name} failed");
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a call.
pub fn wait<T>(call: impl Future<Output = Result<T, BackendError>>) -> Result<T, BackendError> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut call = pin!(call);
    loop {
        match call.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A map from JSON.
#[must_use]
pub fn map(text: &str) -> Map {
    json_value(text).unwrap_or_else(|| panic!("{text}")).as_map().unwrap().clone()
}

/// A tag.
#[must_use]
pub fn tag(text: &str) -> ServerTag {
    ServerTag::new(text).unwrap()
}

fn tags(texts: &[&str]) -> Vec<ServerTag> {
    texts.iter().map(|t| tag(t)).collect()
}

fn one(text: &str) -> ServerSelector {
    ServerSelector::of(&[tag(text)])
}

/// Applies changes at a fixed time.
pub fn apply(
    db: &dyn ConfigBackend,
    changes: impl IntoIterator<Item = Change>,
) -> Result<Vec<u64>, BackendError> {
    wait(db.apply(
        changes.into_iter().collect(),
        Note { time: Timestamp(1_700_000_000), message: "suite".into() },
        None,
    ))
}

/// A server.
#[must_use]
pub fn server(text: &str) -> Change {
    Change::SetServer(Server { tag: tag(text), description: format!("server {text}") })
}

/// A subnet; `more` are further members, such as `"pools": []`.
#[must_use]
pub fn subnet(tied: &[&str], id: u32, prefix: &str, network: Option<&str>, more: &str) -> Change {
    let comma = if more.is_empty() { "" } else { "," };
    Change::SetSubnet {
        tags: tags(tied),
        id: SubnetId(id),
        prefix: prefix.parse().unwrap(),
        shared_network: network.map(Into::into),
        map: map(&format!(r#"{{"id": {id}, "subnet": "{prefix}"{comma} {more}}}"#)),
    }
}

fn network(tied: &[&str], text: &str) -> Change {
    Change::SetNetwork { tags: tags(tied), map: map(text) }
}

fn class(tied: &[&str], name: &str, follow: Option<&str>, dependencies: &[&str]) -> Change {
    Change::SetClass {
        tags: tags(tied),
        map: map(&format!(r#"{{"name": "{name}"}}"#)),
        follow: follow.map(Into::into),
        dependencies: dependencies.iter().map(|d| (*d).to_owned()).collect(),
        depends_on_known: false,
    }
}

fn global(tied: &str, name: &str, value: impl Into<Value>) -> Change {
    Change::SetGlobal { tag: tag(tied), name: name.into(), value: value.into() }
}

fn option(scope: OptionScope, text: &str) -> Change {
    Change::SetOption { scope, map: map(text) }
}

fn key(code: u16, classes: Option<&[&str]>) -> OptionKey {
    let classes = classes.map(|list| list.iter().map(|c| (*c).to_owned()).collect());
    OptionKey { space: "dhcp4".into(), code, classes }
}

fn names(list: &[Stored]) -> Vec<String> {
    list.iter().map(|s| text_member(&s.element.map, "name")).collect()
}

fn data(list: &[Stored]) -> Vec<String> {
    list.iter().map(|s| text_member(&s.element.map, "data")).collect()
}

fn ids(list: &[StoredSubnet]) -> Vec<u32> {
    list.iter().map(|s| s.id.0).collect()
}

fn get_subnet(db: &dyn ConfigBackend, id: u32) -> StoredSubnet {
    wait(db.subnet(SubnetKey::Id(SubnetId(id)))).unwrap().unwrap()
}

fn servers_come_and_go(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    assert_eq!(wait(db.servers()).unwrap(), []);
    assert_eq!(apply(db, [server("xyz"), server("abc")]).unwrap(), [1, 1]);
    let list = wait(db.servers()).unwrap();
    assert_eq!(list.iter().map(|s| s.tag.as_str()).collect::<Vec<_>>(), ["xyz", "abc"]);
    apply(db, [Change::SetServer(Server { tag: tag("XYZ"), description: "other".into() })]).unwrap();
    assert_eq!(wait(db.server(tag("xyz"))).unwrap().unwrap().description, "other");
    assert_eq!(wait(db.servers()).unwrap().len(), 2);
    assert_eq!(wait(db.server(tag("nobody"))).unwrap(), None);
    assert_eq!(apply(db, [Change::DeleteServer(tag("xyz"))]).unwrap(), [1]);
    assert_eq!(apply(db, [Change::DeleteServer(tag("xyz"))]).unwrap(), [0]);
    assert_eq!(apply(db, [Change::DeleteServer(ServerTag::all())]).unwrap(), [0], "all stays");
}

fn globals_of_one_and_all(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(
        db,
        [
            server("abc"),
            server("xyz"),
            global("all", "valid-lifetime", 10i64),
            global("abc", "valid-lifetime", 20i64),
            global("abc", "t1-percent", 0.5),
            global("xyz", "boot-file-name", "/x"),
            global("all", "dhcp-ddns.enable-updates", true),
        ],
    )
    .unwrap();
    let shown = |selector: ServerSelector| -> Vec<(String, Value)> {
        let list = wait(db.globals(selector.clone())).unwrap();
        selector
            .effective(list, |g| &g.tags, |g| g.name.clone())
            .into_iter()
            .map(|g| (g.name, g.value))
            .collect()
    };
    assert_eq!(
        shown(one("abc")),
        [
            ("dhcp-ddns.enable-updates".to_owned(), Value::from(true)),
            ("t1-percent".to_owned(), 0.5.into()),
            ("valid-lifetime".to_owned(), 20i64.into())
        ]
    );
    assert_eq!(shown(ServerSelector::All).len(), 2);
    apply(db, [global("abc", "valid-lifetime", 30i64)]).unwrap();
    assert_eq!(shown(one("abc"))[2].1, Value::from(30i64), "replaced, not added");
    let delete = || Change::DeleteGlobal { tag: tag("abc"), name: "valid-lifetime".into() };
    assert_eq!(apply(db, [delete()]).unwrap(), [1]);
    assert_eq!(apply(db, [delete()]).unwrap(), [0], "that of all is not touched");
    assert_eq!(shown(one("abc"))[2].1, Value::from(10i64));
    assert_eq!(
        apply(db, [global("nobody", "valid-lifetime", 1i64)]).unwrap_err(),
        BackendError::UnknownServer(tag("nobody"))
    );
}

fn option_defs_are_keyed_by_code_and_space(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let def = |tied: &str, text: &str| Change::SetOptionDef { tag: tag(tied), map: map(text) };
    let full = r#"{"name": "foo", "code": 222, "type": "record", "record-types": "ipv4-address, uint16", "space": "dhcp4",
        "array": true, "encapsulate": "abc", "user-context": {"x": 1}}"#;
    apply(
        db,
        [
            server("abc"),
            server("xyz"),
            def("abc", full),
            def("abc", r#"{"name": "foo", "code": 222, "type": "uint32", "space": "abc"}"#),
            def("xyz", r#"{"name": "foo", "code": 222, "type": "string", "space": "dhcp4"}"#),
            def("all", r#"{"name": "bar", "code": 233, "type": "fqdn", "space": "dhcp4"}"#),
        ],
    )
    .unwrap();
    let list = wait(db.option_defs(one("abc"))).unwrap();
    let spaces: Vec<_> = list.iter().map(|d| text_member(&d.element.map, "space")).collect();
    assert_eq!(spaces, ["abc", "dhcp4", "dhcp4"]);
    assert_eq!(list[1].element.map, map(full));
    assert_eq!(names(&wait(db.option_defs(ServerSelector::All)).unwrap()), ["bar"]);
    apply(db, [def("abc", r#"{"name": "fox", "code": 222, "type": "uint8", "space": "dhcp4"}"#)]).unwrap();
    assert_eq!(names(&wait(db.option_defs(one("abc"))).unwrap()), ["foo", "fox", "bar"]);
    let delete = |tied: &str| Change::DeleteOptionDef { tag: tag(tied), space: "dhcp4".into(), code: 222 };
    assert_eq!(apply(db, [delete("all"), delete("abc"), delete("abc")]).unwrap(), [0, 1, 0]);
    assert_eq!(names(&wait(db.option_defs(one("xyz"))).unwrap()), ["foo", "bar"]);
}

fn options_are_keyed_by_classes_too(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let g = |tied: &str| OptionScope::Global(tag(tied));
    apply(db, [
        server("abc"),
        option(g("all"), r#"{"code": 3, "space": "dhcp4", "csv-format": true, "data": "3.3.3.3"}"#),
        option(g("abc"), r#"{"code": 3, "space": "dhcp4", "csv-format": true, "data": "1.1.1.1", "always-send": true}"#),
        option(g("abc"), r#"{"code": 3, "space": "dhcp4", "csv-format": true, "data": "1.1.1.2", "client-classes": ["a", "b"]}"#),
        option(g("abc"), r#"{"code": 6, "space": "dhcp4", "csv-format": false, "data": "C0000201", "never-send": true,
            "user-context": {"a": "b"}}"#),
    ])
    .unwrap();
    let list = wait(db.options(one("abc"))).unwrap();
    assert_eq!(data(&list), ["3.3.3.3", "1.1.1.1", "1.1.1.2", "C0000201"]);
    assert_eq!(
        list[3].element.map,
        map(r#"{"code": 6, "space": "dhcp4", "csv-format": false, "data": "C0000201", "never-send": true,
            "user-context": {"a": "b"}}"#)
    );
    assert_eq!(
        data(&one("abc").effective(
            list,
            |o| &o.element.server_tags,
            |o| crate::option_key_of(&o.element.map)
        )),
        ["1.1.1.1", "1.1.1.2", "C0000201"]
    );
    apply(db, [option(g("abc"), r#"{"code": 3, "space": "dhcp4", "csv-format": true, "data": "1.1.1.9"}"#)])
        .unwrap();
    assert_eq!(data(&wait(db.options(one("abc"))).unwrap()), ["3.3.3.3", "1.1.1.9", "1.1.1.2", "C0000201"]);
    let delete = |classes: Option<&[&str]>| Change::DeleteOption { scope: g("abc"), key: key(3, classes) };
    assert_eq!(
        apply(db, [delete(Some(&["b"])), delete(Some(&["a", "b"])), delete(Some(&[]))]).unwrap(),
        [0, 1, 1]
    );
    apply(
        db,
        [
            option(g("abc"), r#"{"code": 3, "space": "dhcp4", "csv-format": true, "data": "1"}"#),
            option(
                g("abc"),
                r#"{"code": 3, "space": "dhcp4", "csv-format": true, "data": "2", "client-classes": ["a"]}"#,
            ),
        ],
    )
    .unwrap();
    assert_eq!(apply(db, [delete(None)]).unwrap(), [2], "every class");
    assert_eq!(data(&wait(db.options(one("abc"))).unwrap()), ["3.3.3.3", "C0000201"]);
}

fn options_of_networks_subnets_and_pools(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let pool = OptionScope::Pool(PoolRange::parse("10.0.0.1 - 10.0.0.9").unwrap());
    apply(
        db,
        [
            network(&["all"], r#"{"name": "floor"}"#),
            subnet(&["all"], 5, "10.0.0.0/24", Some("floor"), r#""pools": [{"pool": "10.0.0.1-10.0.0.9"}]"#),
            option(
                OptionScope::Network("floor".into()),
                r#"{"code": 6, "space": "dhcp4", "csv-format": true, "data": "n"}"#,
            ),
            option(
                OptionScope::Subnet(SubnetId(5)),
                r#"{"code": 6, "space": "dhcp4", "csv-format": true, "data": "s"}"#,
            ),
            option(pool.clone(), r#"{"code": 6, "space": "dhcp4", "csv-format": true, "data": "p"}"#),
        ],
    )
    .unwrap();
    let show = || {
        let network = wait(db.network("floor".into())).unwrap().unwrap();
        let subnet = get_subnet(db, 5).element;
        let of = |map: &Map| {
            let list = map.get("option-data").and_then(Value::as_list).unwrap_or(&[]);
            list.iter()
                .filter_map(|o| o.get("data")?.as_str().map(str::to_owned))
                .collect::<Vec<_>>()
                .join("+")
        };
        let pools = subnet.map["pools"].as_list().unwrap();
        [of(&network.element.map), of(&subnet.map), of(pools[0].as_map().unwrap())]
    };
    assert_eq!(show(), ["n", "s", "p"]);
    apply(db, [option(pool.clone(), r#"{"code": 6, "space": "dhcp4", "csv-format": true, "data": "q"}"#)])
        .unwrap();
    assert_eq!(show(), ["n", "s", "q"]);
    assert_eq!(wait(db.subnet_of_pool(pool.clone())).unwrap(), Some(SubnetId(5)));
    for scope in [OptionScope::Network("floor".into()), OptionScope::Subnet(SubnetId(5)), pool] {
        let delete = || Change::DeleteOption { scope: scope.clone(), key: key(6, None) };
        assert_eq!(apply(db, [delete()]).unwrap(), [1]);
        assert_eq!(apply(db, [delete()]).unwrap(), [0]);
    }
    assert_eq!(show(), ["", "", ""]);
    for scope in [
        OptionScope::Network("none".into()),
        OptionScope::Subnet(SubnetId(6)),
        OptionScope::Pool(PoolRange::parse("10.0.0.1-10.0.0.8").unwrap()),
    ] {
        let error = apply(db, [option(scope.clone(), r#"{"code": 6, "csv-format": true, "data": "x"}"#)])
            .unwrap_err();
        assert!(matches!(error, BackendError::Missing { .. }), "{error}");
        assert_eq!(apply(db, [Change::DeleteOption { scope, key: key(6, None) }]).unwrap(), [0]);
    }
}

fn classes_keep_their_order(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let order = || names(&wait(db.classes(ServerSelector::Any)).unwrap());
    apply(
        db,
        [
            class(&["all"], "a", None, &[]),
            class(&["all"], "b", None, &[]),
            class(&["all"], "c", Some("a"), &[]),
        ],
    )
    .unwrap();
    assert_eq!(order(), ["a", "c", "b"]);
    apply(db, [class(&["all"], "a", None, &[])]).unwrap();
    assert_eq!(order(), ["a", "c", "b"], "stays where it is");
    apply(db, [class(&["all"], "a", Some("b"), &[])]).unwrap();
    assert_eq!(order(), ["c", "b", "a"]);
    let error = apply(db, [class(&["all"], "d", Some("nowhere"), &[])]).unwrap_err();
    assert_eq!(error.to_string(), "client class 'nowhere' does not exist in the configuration database");
    apply(db, [Change::DeleteClass { name: "b".into() }, class(&["all"], "d", None, &[])]).unwrap();
    assert_eq!(order(), ["c", "a", "d"]);
    let full = r#"{"name": "full", "test": "member('KNOWN')", "next-server": "10.11.12.13", "boot-file-name": "/f",
        "server-hostname": "h", "valid-lifetime": 1000, "min-valid-lifetime": 100, "max-valid-lifetime": 1200,
        "offer-lifetime": 5, "only-in-additional-list": true, "user-context": {"a": 1},
        "option-def": [{"name": "x", "code": 225, "type": "uint8", "space": "dhcp4", "array": false, "encapsulate": "",
          "record-types": ""}],
        "option-data": [{"code": 225, "space": "dhcp4", "csv-format": true, "data": "7", "always-send": true}]}"#;
    for _ in 0..2 {
        let set = Change::SetClass {
            tags: tags(&["all"]),
            map: map(full),
            follow: None,
            dependencies: vec![],
            depends_on_known: true,
        };
        apply(db, [set]).unwrap();
        assert_eq!(wait(db.class("full".into())).unwrap().unwrap().element.map, map(full));
    }
    apply(db, [class(&["all"], "full", None, &[])]).unwrap();
    assert_eq!(
        wait(db.class("full".into())).unwrap().unwrap().element.map,
        map(r#"{"name": "full"}"#),
        "replaced whole"
    );
    assert!(
        wait(db.option_defs(ServerSelector::Any)).unwrap().is_empty(),
        "definitions of classes are no global ones"
    );
}

fn class_dependencies(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(
        db,
        [
            server("abc"),
            server("xyz"),
            class(&["all"], "a", None, &[]),
            class(&["abc"], "b", None, &["a"]),
            class(&["abc"], "c", None, &["a", "b"]),
        ],
    )
    .unwrap();
    for (change, unmet) in [
        (class(&["all"], "d", None, &["none"]), "none"),
        (class(&["all"], "d", None, &["b"]), "b"),
        (class(&["abc", "xyz"], "d", None, &["b"]), "b"),
        (class(&["all"], "d", Some("a"), &["c"]), "c"),
        (class(&["all"], "d", None, &["d"]), "d"),
    ] {
        assert_eq!(apply(db, [change]).unwrap_err(), BackendError::UnmetDependency(unmet.into()));
    }
    for change in [
        Change::DeleteClass { name: "a".into() },
        class(&["all"], "a", Some("b"), &[]),
        class(&["xyz"], "a", None, &[]),
    ] {
        let error = apply(db, [change]).unwrap_err();
        assert!(matches!(&error, BackendError::ClassInUse { class, .. } if class == "a"), "{error}");
    }
    assert_eq!(names(&wait(db.classes(one("abc"))).unwrap()), ["a", "b", "c"]);
    assert_eq!(names(&wait(db.classes(one("xyz"))).unwrap()), ["a"]);
    let deleted = ["c", "b", "a"].map(|name| Change::DeleteClass { name: name.into() });
    assert_eq!(apply(db, deleted).unwrap(), [1, 1, 1]);
    assert_eq!(apply(db, [Change::DeleteClass { name: "a".into() }]).unwrap(), [0]);
}

fn networks(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let full = r#"{"name": "net", "interface": "eth0", "authoritative": true, "relay": {"ip-addresses": ["10.0.0.1"]},
        "t1-percent": 0.5, "client-classes": ["x"], "user-context": {"some weird network": 55}, "valid-lifetime": 300,
        "option-data": [{"code": 6, "space": "dhcp4", "csv-format": true, "data": "192.0.2.1", "always-send": true}]}"#;
    apply(db, [server("abc"), network(&["abc"], full), network(&["all"], r#"{"name": "second"}"#)]).unwrap();
    let stored = wait(db.network("net".into())).unwrap().unwrap();
    assert_eq!((&stored.element.map, &stored.element.server_tags), (&map(full), &tags(&["abc"])));
    assert_eq!(names(&wait(db.networks(one("abc"))).unwrap()), ["net", "second"]);
    apply(db, [network(&["all"], r#"{"name": "net"}"#)]).unwrap();
    let replaced = wait(db.network("net".into())).unwrap().unwrap();
    assert_eq!(
        (replaced.row, &replaced.element.map),
        (stored.row, &map(r#"{"name": "net"}"#)),
        "replaced whole"
    );
    assert_eq!(wait(db.network("none".into())).unwrap(), None);
}

fn subnets_by_id_and_prefix(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let any = || ids(&wait(db.subnets(ServerSelector::Any)).unwrap());
    apply(
        db,
        [
            server("abc"),
            subnet(&["abc"], 5, "192.168.50.0/24", None, ""),
            subnet(&["abc"], 1, "192.168.51.0/24", None, ""),
        ],
    )
    .unwrap();
    assert_eq!(any(), [1, 5]);
    // The same number with another prefix, then the prefix of another number.
    apply(db, [subnet(&["abc"], 5, "192.168.52.0/24", None, "")]).unwrap();
    assert_eq!(get_subnet(db, 5).prefix.to_string(), "192.168.52.0/24");
    apply(db, [subnet(&["all"], 7, "192.168.52.0/24", None, "")]).unwrap();
    assert_eq!(any(), [1, 7]);
    let by_prefix = |text: &str| wait(db.subnet(SubnetKey::Prefix(text.parse().unwrap()))).unwrap();
    assert_eq!(by_prefix("192.168.52.0/24").unwrap().id, SubnetId(7));
    assert_eq!(by_prefix("192.168.50.0/24"), None);
    let list = wait(db.subnet_list(one("abc"))).unwrap();
    assert_eq!(
        list.iter().map(|s| (s.id.0, s.tags.clone())).collect::<Vec<_>>(),
        [(1, tags(&["abc"])), (7, tags(&["all"]))]
    );
    let delete = |key| apply(db, [Change::DeleteSubnet(key)]).unwrap();
    assert_eq!(delete(SubnetKey::Id(SubnetId(1))), [1]);
    assert_eq!(delete(SubnetKey::Id(SubnetId(1))), [0]);
    assert_eq!(delete(SubnetKey::Prefix("192.168.52.0/24".parse().unwrap())), [1]);
    assert_eq!(any(), [] as [u32; 0]);
    let error = apply(db, [subnet(&["all"], 1, "10.0.0.0/8", Some("none"), "")]).unwrap_err();
    assert_eq!(error.to_string(), "shared network 'none' does not exist in the configuration database");
}

fn subnet_round_trip(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let more = r#""4o6-interface": "eth9", "4o6-interface-id": "i", "4o6-subnet": "2000::/64", "allocator": "random",
        "authoritative": false, "boot-file-name": "f", "cache-max-age": 1, "cache-threshold": 0.25, "calculate-tee-times": true,
        "client-classes": ["a"], "ddns-replace-client-name": "always", "ddns-ttl-percent": 0.75,
        "evaluate-additional-classes": ["XYZ"], "interface": "eth0", "match-client-id": false, "max-valid-lifetime": 3,
        "min-valid-lifetime": 1, "next-server": "0.0.0.0", "offer-lifetime": 4, "rebind-timer": 500, "renew-timer": 200,
        "relay": {"ip-addresses": ["192.168.5.5"]}, "reservations-global": false, "reservations-in-subnet": true,
        "reservations-out-of-pool": false, "server-hostname": "name", "t1-percent": 0.5, "t2-percent": 0.8333333,
        "user-context": {"a": {"b": [1, 2.5, null, true, "ü"]}}, "valid-lifetime": 2,
        "option-data": [{"code": 6, "space": "dhcp4", "csv-format": true, "data": "192.0.2.1", "always-send": true}, {"code": 6, "space": "dhcp4", "csv-format": false, "data": "",
           "never-send": true, "client-classes": ["z"]}],
        "pools": [{"pool": "192.168.50.50-192.168.50.100", "client-classes": ["b"], "user-context": {"p": 1},
            "evaluate-additional-classes": ["c"], "option-data": [{"code": 7, "space": "x", "csv-format": true, "data": "a, b"}]}, {"pool": "192.168.50.1-192.168.50.9"}]"#;
    let change = subnet(&["all"], 2, "192.168.50.0/24", None, more);
    for _ in 0..2 {
        apply(db, [change.clone()]).unwrap();
        let Change::SetSubnet { map, .. } = &change else { panic!() };
        assert_eq!(&get_subnet(db, 2).element.map, map);
    }
    apply(db, [subnet(&["all"], 2, "192.168.50.0/24", None, "")]).unwrap();
    assert_eq!(
        get_subnet(db, 2).element.map,
        map(r#"{"id": 2, "subnet": "192.168.50.0/24"}"#),
        "replaced whole"
    );
}

fn deleting_a_network(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(
        db,
        [
            network(&["all"], r#"{"name": "n1"}"#),
            network(&["all"], r#"{"name": "n2"}"#),
            subnet(&["all"], 1, "10.1.0.0/24", Some("n1"), ""),
            subnet(&["all"], 2, "10.2.0.0/24", Some("n2"), ""),
        ],
    )
    .unwrap();
    assert_eq!(ids(&wait(db.subnets_of("n1".into())).unwrap()), [1]);
    let delete =
        |name: &str, subnets| apply(db, [Change::DeleteNetwork { name: name.into(), subnets }]).unwrap();
    assert_eq!(delete("n1", NetworkSubnets::Keep), [1]);
    assert_eq!(get_subnet(db, 1).shared_network, None);
    assert_eq!(delete("n2", NetworkSubnets::Delete), [1]);
    assert_eq!(ids(&wait(db.subnets(ServerSelector::Any)).unwrap()), [1]);
    assert_eq!(delete("n2", NetworkSubnets::Delete), [0]);
}

fn deleting_a_server(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(
        db,
        [
            server("abc"),
            server("xyz"),
            global("abc", "valid-lifetime", 1i64),
            Change::SetOptionDef {
                tag: tag("abc"),
                map: map(r#"{"name": "f", "code": 222, "type": "uint8"}"#),
            },
            option(OptionScope::Global(tag("abc")), r#"{"code": 3, "csv-format": true, "data": "1.1.1.1"}"#),
            class(&["abc"], "c", None, &[]),
            network(&["abc", "xyz"], r#"{"name": "n"}"#),
            subnet(&["abc"], 5, "10.0.0.0/24", None, ""),
        ],
    )
    .unwrap();
    let mut puller = Puller::new(tag("xyz"));
    follow(db, &mut puller);
    assert_eq!(apply(db, [Change::DeleteServer(tag("abc"))]).unwrap(), [1]);
    assert!(wait(db.globals(ServerSelector::Any)).unwrap().is_empty());
    assert!(wait(db.option_defs(ServerSelector::Any)).unwrap().is_empty());
    assert!(wait(db.options(ServerSelector::Any)).unwrap().is_empty());
    assert_eq!(wait(db.network("n".into())).unwrap().unwrap().element.server_tags, tags(&["xyz"]));
    assert_eq!(get_subnet(db, 5).element.server_tags, []);
    assert_eq!(names(&wait(db.classes(ServerSelector::Unassigned)).unwrap()), ["c"]);
    assert_eq!(ids(&wait(db.subnets(ServerSelector::Unassigned)).unwrap()), [5]);
    apply(db, [server("abc")]).unwrap();
    assert_eq!(get_subnet(db, 5).element.server_tags, [], "the old tie does not come back");
    follow(db, &mut puller);
}

fn selectors(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(
        db,
        [
            server("abc"),
            server("xyz"),
            server("gone"),
            subnet(&["abc", "xyz"], 5, "10.5.0.0/24", None, ""),
            subnet(&["xyz"], 6, "10.6.0.0/24", None, ""),
            subnet(&["all"], 7, "10.7.0.0/24", None, ""),
            subnet(&["gone"], 8, "10.8.0.0/24", None, ""),
            Change::DeleteServer(tag("gone")),
        ],
    )
    .unwrap();
    for (selector, wanted) in [
        (one("abc"), &[5, 7][..]),
        (one("xyz"), &[5, 6, 7]),
        (ServerSelector::of(&tags(&["abc", "xyz"])), &[5, 6, 7]),
        (ServerSelector::of(&tags(&["abc", "all"])), &[5, 7]),
        (ServerSelector::All, &[7]),
        (ServerSelector::Unassigned, &[8]),
        (ServerSelector::Any, &[5, 6, 7, 8]),
        (one("nobody"), &[7]),
    ] {
        assert_eq!(ids(&wait(db.subnets(selector.clone())).unwrap()), wanted, "{selector:?}");
        let list = wait(db.subnet_list(selector.clone())).unwrap();
        assert_eq!(list.iter().map(|s| s.id.0).collect::<Vec<_>>(), wanted, "{selector:?}");
    }
    assert_eq!(get_subnet(db, 5).element.server_tags, tags(&["abc", "xyz"]));
}

fn all_or_nothing(db: &dyn ConfigBackend, other: &dyn ConfigBackend) {
    apply(db, [subnet(&["all"], 1, "10.0.0.0/24", None, "")]).unwrap();
    let before = wait(db.audit(None, 100)).unwrap();
    let error = apply(
        db,
        [
            subnet(&["all"], 2, "10.0.1.0/24", None, r#""pools": [{"pool": "10.0.1.1-10.0.1.9"}]"#),
            Change::DeleteSubnet(SubnetKey::Id(SubnetId(1))),
            subnet(&["nobody"], 3, "10.0.2.0/24", None, ""),
        ],
    )
    .unwrap_err();
    assert_eq!(error, BackendError::UnknownServer(tag("nobody")));
    for db in [db, other] {
        assert_eq!(ids(&wait(db.subnets(ServerSelector::Any)).unwrap()), [1]);
        assert_eq!(wait(db.audit(None, 100)).unwrap(), before);
    }
}

fn nothing_stored_without_a_column(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    for change in [
        subnet(&["all"], 1, "10.0.0.0/24", None, r#""store-extended-info": true"#),
        subnet(&["all"], 1, "10.0.0.0/24", None, r#""pools": [{"pool": "10.0.0.1-10.0.0.2", "pool-id": 5}]"#),
        network(&["all"], r#"{"name": "n", "subnet4": []}"#),
        Change::SetOptionDef {
            tag: ServerTag::all(),
            map: map(r#"{"name": "f", "code": 222, "type": "uint8", "x": 1}"#),
        },
    ] {
        assert!(matches!(apply(db, [change.clone()]).unwrap_err(), BackendError::NoColumn(_)), "{change:?}");
    }
    assert!(wait(db.subnets(ServerSelector::Any)).unwrap().is_empty());
}

/// Pulls, and checks that the changes alone lead to what everything would be.
fn follow(db: &dyn ConfigBackend, puller: &mut Puller) -> bool {
    let pulled = wait(db.pull(puller.tag().clone(), puller.cursor().cloned())).unwrap();
    let news = puller.offer(pulled).is_some();
    puller.commit();
    let Pulled::Everything { objects, cursor } = wait(db.pull(puller.tag().clone(), None)).unwrap() else {
        panic!()
    };
    assert_eq!(sorted(puller.objects()), sorted(&objects), "{}", puller.tag());
    assert_eq!(puller.cursor(), Some(&cursor));
    news
}

fn sorted(objects: &Objects) -> Objects {
    let mut objects = objects.clone();
    objects.globals.sort_by(|a, b| (&a.name, &a.tags).cmp(&(&b.name, &b.tags)));
    objects
}

fn pull_follows_every_change(db: &dyn ConfigBackend, writer: &dyn ConfigBackend) {
    let mut pullers = ["", "abc", "xyz"].map(|t| Puller::new(tag(t)));
    let g = |tied: &str| OptionScope::Global(tag(tied));
    let pool = || OptionScope::Pool(PoolRange::parse("10.0.0.1-10.0.0.9").unwrap());
    let steps: Vec<Vec<Change>> = vec![
        vec![server("abc"), server("xyz")],
        vec![global("all", "valid-lifetime", 1i64), global("abc", "valid-lifetime", 2i64)],
        vec![Change::SetOptionDef {
            tag: tag("abc"),
            map: map(r#"{"name": "f", "code": 222, "type": "uint8"}"#),
        }],
        vec![option(g("all"), r#"{"code": 3, "csv-format": true, "data": "1.1.1.1"}"#)],
        vec![option(g("xyz"), r#"{"code": 3, "csv-format": true, "data": "2.1.1.1"}"#)],
        vec![option(g("xyz"), r#"{"code": 3, "csv-format": true, "data": "2.1.1.2"}"#)],
        vec![class(&["all"], "a", None, &[]), class(&["abc"], "b", Some("a"), &["a"])],
        vec![
            network(&["all"], r#"{"name": "n"}"#),
            network(&["xyz"], r#"{"name": "m", "interface": "eth0"}"#),
        ],
        vec![subnet(&["abc"], 1, "10.0.0.0/24", Some("n"), r#""pools": [{"pool": "10.0.0.1-10.0.0.9"}]"#)],
        vec![
            subnet(&["abc", "xyz"], 2, "10.0.1.0/24", None, ""),
            subnet(&["all"], 3, "10.0.2.0/24", Some("n"), ""),
        ],
        vec![option(
            OptionScope::Subnet(SubnetId(2)),
            r#"{"code": 3, "csv-format": true, "data": "2.1.1.1"}"#,
        )],
        vec![option(pool(), r#"{"code": 3, "csv-format": true, "data": "2.1.1.2"}"#)],
        vec![option(
            OptionScope::Network("n".into()),
            r#"{"code": 3, "csv-format": true, "data": "2.1.1.2"}"#,
        )],
        vec![Change::DeleteOption { scope: pool(), key: key(3, None) }],
        vec![subnet(&["xyz"], 1, "10.0.0.0/24", None, "")],
        vec![subnet(&["abc"], 4, "10.0.1.0/24", None, "")],
        vec![class(&["xyz"], "c", Some("a"), &[])],
        vec![Change::DeleteClass { name: "c".into() }],
        vec![Change::DeleteNetwork { name: "m".into(), subnets: NetworkSubnets::Delete }],
        vec![Change::DeleteNetwork { name: "n".into(), subnets: NetworkSubnets::Keep }],
        vec![Change::DeleteOption { scope: g("xyz"), key: key(3, None) }],
        vec![Change::DeleteOptionDef { tag: tag("abc"), space: "dhcp4".into(), code: 222 }],
        vec![Change::DeleteGlobal { tag: tag("all"), name: "valid-lifetime".into() }],
        vec![Change::DeleteServer(tag("abc"))],
        vec![Change::DeleteSubnet(SubnetKey::Id(SubnetId(1)))],
    ];
    for changes in steps {
        apply(writer, changes).unwrap();
        for puller in &mut pullers {
            follow(db, puller);
        }
    }
}

fn pull_is_silent_without_changes(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let mut puller = Puller::new(tag("abc"));
    assert!(follow(db, &mut puller), "the first fetch has everything, even of an empty database");
    assert!(!follow(db, &mut puller));
    apply(db, [subnet(&["all"], 1, "10.0.0.0/24", None, "")]).unwrap();
    assert!(follow(db, &mut puller));
    assert_eq!(wait(db.pull(tag("abc"), puller.cursor().cloned())).unwrap(), Pulled::Nothing);
    apply(db, [Change::DeleteSubnet(SubnetKey::Id(SubnetId(9)))]).unwrap();
    assert_eq!(
        wait(db.pull(tag("abc"), puller.cursor().cloned())).unwrap(),
        Pulled::Nothing,
        "no revision for nothing"
    );
    // A cursor that the database can not have: it was replaced by an older one.
    let future = Cursor { revision: 1 << 40, time: Timestamp(9_999_999_999), recent: Vec::new() };
    assert!(matches!(wait(db.pull(tag("abc"), Some(future))).unwrap(), Pulled::Everything { .. }));
}

fn pull_after_others_changes(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(db, [server("abc"), server("xyz")]).unwrap();
    let mut puller = Puller::new(tag("abc"));
    follow(db, &mut puller);
    apply(db, [subnet(&["xyz"], 1, "10.0.0.0/24", None, ""), global("xyz", "valid-lifetime", 1i64)]).unwrap();
    let Pulled::Changes { delta, cursor } = wait(db.pull(tag("abc"), puller.cursor().cloned())).unwrap()
    else {
        panic!()
    };
    assert_eq!(*delta, Delta::default(), "nothing of it is for this server");
    assert!(!follow(db, &mut puller), "nothing to run");
    assert_eq!(puller.cursor(), Some(&cursor), "but the place in the audit moves");
}

fn tags_that_move(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(db, [server("abc"), server("xyz")]).unwrap();
    let mut pullers = ["abc", "xyz"].map(|t| Puller::new(tag(t)));
    for (tied, wanted) in [
        (&["abc"][..], [1, 0]),
        (&["xyz"], [0, 1]),
        (&["all"], [1, 1]),
        (&["abc", "xyz"], [1, 1]),
        (&["xyz"], [0, 1]),
    ] {
        apply(db, [subnet(tied, 1, "10.0.0.0/24", None, "")]).unwrap();
        for (puller, wanted) in pullers.iter_mut().zip(wanted) {
            follow(db, puller);
            assert_eq!(puller.objects().subnets.len(), wanted, "{} {tied:?}", puller.tag());
        }
    }
}

fn overlaps_are_found(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let prefixes =
        ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.2.0.0/16", "192.168.0.0/32", "11.0.0.0/8"];
    apply(db, (1..).zip(prefixes).map(|(id, prefix)| subnet(&["all"], id, prefix, None, ""))).unwrap();
    for (prefix, wanted) in [
        ("10.1.2.0/24", &[1, 2, 3][..]),
        ("10.1.2.128/25", &[1, 2, 3]),
        ("10.0.0.0/7", &[1, 2, 3, 4, 6]),
        ("10.3.0.0/16", &[1]),
        ("192.168.0.0/24", &[5]),
        ("192.168.0.1/32", &[]),
        ("0.0.0.0/0", &[1, 2, 3, 4, 5, 6]),
        ("12.0.0.0/8", &[]),
    ] {
        let found = wait(db.overlapping(prefix.parse().unwrap())).unwrap();
        assert_eq!(found.iter().map(|s| s.id.0).collect::<Vec<_>>(), wanted, "{prefix}");
    }
    apply(db, [subnet(&["all"], 3, "172.16.0.0/12", None, "")]).unwrap();
    assert_eq!(wait(db.overlapping("10.1.2.0/24".parse().unwrap())).unwrap().len(), 2, "a subnet that moved");
}

fn change_marks(db: &dyn ConfigBackend, other: &dyn ConfigBackend) {
    let mark = || wait(db.change_mark()).unwrap();
    let first = mark();
    assert_eq!(mark(), first);
    apply(db, [server("abc")]).unwrap();
    let second = mark();
    assert_ne!(second, first, "own change");
    apply(other, [server("xyz")]).unwrap();
    assert_ne!(mark(), second, "change of another connection");
    assert_eq!(mark(), mark());
}

fn audit_names_what_was_done(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(db, [subnet(&["all"], 5, "10.0.0.0/24", None, "")]).unwrap();
    apply(db, [subnet(&["all"], 5, "10.0.1.0/24", None, ""), network(&["all"], r#"{"name": "n"}"#)]).unwrap();
    apply(db, [Change::DeleteSubnet(SubnetKey::Id(SubnetId(5)))]).unwrap();
    let network = wait(db.network("n".into())).unwrap().unwrap().row;
    let entries = wait(db.audit(None, 100)).unwrap();
    let shown: Vec<_> =
        entries.iter().map(|e| (e.object_type.as_str(), e.object_id, e.modification)).collect();
    assert_eq!(
        shown,
        [
            ("dhcp4_subnet", 5, Modification::Create),
            ("dhcp4_subnet", 5, Modification::Update),
            ("dhcp4_shared_network", network, Modification::Create),
            ("dhcp4_subnet", 5, Modification::Delete),
        ]
    );
    assert_eq!(entries[1].revision, entries[2].revision, "one command, one revision");
    assert_eq!((entries[0].message.as_str(), entries[0].revision.time), ("suite", Timestamp(1_700_000_000)));
    assert_eq!(wait(db.audit(Some(entries[0].revision.clone()), 2)).unwrap(), entries[1..3]);
}

fn option_users_are_named(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let o = r#"{"code": 222, "space": "dhcp4", "csv-format": true, "data": "1"}"#;
    apply(db, [
        server("abc"),
        option(OptionScope::Global(tag("abc")), o),
        network(&["abc"], &format!(r#"{{"name": "n", "option-data": [{o}]}}"#)),
        subnet(&["all"], 5, "10.0.0.0/24", None, &format!(r#""option-data": [{o}], "pools": [{{"pool": "10.0.0.1-10.0.0.2", "option-data": [{o}]}}]"#)),
    ])
    .unwrap();
    let users = wait(db.option_users("dhcp4".into(), 222, 10)).unwrap();
    let mut shown: Vec<_> = users.iter().map(|(what, tags)| format!("{what}: {}", tags[0])).collect();
    shown.sort();
    assert_eq!(
        shown,
        ["a pool of subnet 5: all", "shared network 'n': abc", "subnet 5: all", "the global options: abc"]
    );
    assert_eq!(wait(db.option_users("dhcp4".into(), 222, 2)).unwrap().len(), 2);
    assert!(wait(db.option_users("other".into(), 222, 2)).unwrap().is_empty());
}
