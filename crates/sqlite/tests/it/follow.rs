//! Whatever is done to a database: who follows the changes has what who fetches everything has.

use backend::suite::{apply, map, server, tag, wait};
use backend::{
    Change, ConfigBackend, NetworkSubnets, Objects, OptionKey, OptionScope, Pulled, Puller, SubnetKey,
};
use base::{Family, ServerTag, SubnetId};
use proptest::prelude::*;

const TAGS: [&str; 4] = ["all", "a", "b", "c"];

fn tags() -> impl Strategy<Value = Vec<ServerTag>> {
    prop::collection::btree_set(0usize..4, 1..3)
        .prop_map(|set| set.into_iter().map(|at| tag(TAGS[at])).collect())
}

fn one_tag() -> impl Strategy<Value = ServerTag> {
    (0usize..4).prop_map(|at| tag(TAGS[at]))
}

fn name() -> impl Strategy<Value = String> {
    (0u8..4).prop_map(|n| format!("n{n}"))
}

fn scope() -> impl Strategy<Value = OptionScope> {
    prop_oneof![
        one_tag().prop_map(OptionScope::Global),
        name().prop_map(OptionScope::Network),
        (1u32..6).prop_map(|id| OptionScope::Subnet(SubnetId(id))),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (1usize..4).prop_map(|at| server(TAGS[at])),
        (1usize..4).prop_map(|at| Change::DeleteServer(tag(TAGS[at]))),
        (one_tag(), name(), 0i64..9).prop_map(|(tag, name, value)| Change::SetGlobal { tag, name, value: value.into() }),
        (one_tag(), name()).prop_map(|(tag, name)| Change::DeleteGlobal { tag, name }),
        (one_tag(), 222u16..225).prop_map(|(tag, code)| Change::SetOptionDef {
            tag,
            map: map(&format!(r#"{{"name": "o{code}", "code": {code}, "type": "uint8"}}"#)),
        }),
        (one_tag(), 222u16..225)
            .prop_map(|(tag, code)| Change::DeleteOptionDef { tag, space: "dhcp4".into(), code }),
        (scope(), 1u16..4, 0u8..9).prop_map(|(scope, code, data)| Change::SetOption {
            scope,
            map: map(&format!(r#"{{"code": {code}, "csv-format": true, "data": "{data}"}}"#)),
        }),
        (scope(), 1u16..4).prop_map(|(scope, code)| Change::DeleteOption {
            scope,
            key: OptionKey { space: "dhcp4".into(), code, classes: None },
        }),
        (tags(), name(), prop::option::of(name()), prop::collection::vec(name(), 0..2)).prop_map(
            |(tags, name, follow, dependencies)| Change::SetClass {
                tags,
                map: map(&format!(r#"{{"name": "{name}"}}"#)),
                follow,
                dependencies,
                depends_on_known: false,
            }
        ),
        name().prop_map(|name| Change::DeleteClass { name }),
        (tags(), name(), 0u8..9).prop_map(|(tags, name, n)| Change::SetNetwork {
            tags,
            map: map(&format!(r#"{{"name": "{name}", "renew-timer": {n}}}"#)),
        }),
        (name(), any::<bool>()).prop_map(|(name, delete)| Change::DeleteNetwork {
            name,
            subnets: if delete { NetworkSubnets::Delete } else { NetworkSubnets::Keep },
        }),
        (tags(), 1u32..6, 0u8..6, prop::option::of(name())).prop_map(|(tags, id, n, shared_network)| Change::SetSubnet {
            tags,
            id: SubnetId(id),
            prefix: format!("10.0.{n}.0/24").parse().unwrap(),
            shared_network,
            map: map(&format!(r#"{{"id": {id}, "subnet": "10.0.{n}.0/24", "pools": [{{"pool": "10.0.{n}.1-10.0.{n}.9"}}]}}"#)),
        }),
        (1u32..6).prop_map(|id| Change::DeleteSubnet(SubnetKey::Id(SubnetId(id)))),
    ]
}

fn sorted(objects: &Objects) -> Objects {
    let mut objects = objects.clone();
    objects.globals.sort_by(|a, b| (&a.name, &a.tags).cmp(&(&b.name, &b.tags)));
    objects
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn changes_alone_lead_to_everything(steps in prop::collection::vec((prop::collection::vec(change(), 1..4), any::<bool>()), 1..40)) {
        let directory = tempfile::tempdir().unwrap();
        let db = sqlite::open(directory.path().join("kea.sqlite"), Family::V4);
        apply(&db, ["a", "b", "c"].map(server)).unwrap();
        let mut pullers = ["", "a", "b", "c"].map(|t| Puller::new(tag(t)));
        for (changes, look) in steps {
            // Some cannot be done; then none of the list is.
            let before = wait(db.pull(tag("a"), None)).unwrap();
            if apply(&db, changes).is_err() {
                prop_assert_eq!(wait(db.pull(tag("a"), None)).unwrap(), before);
            }
            if !look {
                continue;
            }
            for puller in &mut pullers {
                let pulled = wait(db.pull(puller.tag().clone(), puller.cursor().cloned())).unwrap();
                puller.offer(pulled);
                puller.commit();
                let Pulled::Everything { objects, cursor } = wait(db.pull(puller.tag().clone(), None)).unwrap() else {
                    unreachable!()
                };
                prop_assert_eq!(sorted(puller.objects()), sorted(&objects));
                prop_assert_eq!(puller.cursor(), Some(&cursor));
                for (id, subnet) in &objects.subnets {
                    prop_assert_eq!(wait(db.overlapping(subnet.prefix)).unwrap().len(), 1, "{}", id);
                }
            }
        }
    }
}
