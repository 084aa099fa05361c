//! What is remembered of changes, trying changes out, and the way back.

use super::*;
use crate::{Revision, RevisionFilter};

const ALL: RevisionFilter = RevisionFilter { after: 0, from: Timestamp(0), servers: None, limit: 1000 };

fn revisions(db: &dyn ConfigBackend, filter: RevisionFilter) -> Vec<Revision> {
    wait(db.revisions(filter)).unwrap()
}

fn newest(db: &dyn ConfigBackend) -> u64 {
    revisions(db, RevisionFilter { limit: 1, ..ALL }).first().map_or(0, |r| r.cursor.revision)
}

fn restore(db: &dyn ConfigBackend, revision: u64) -> Result<Vec<u64>, BackendError> {
    apply(db, [Change::Restore { revision, newest: newest(db) }])
}

fn sorted_tags(tags: &[ServerTag]) -> Vec<ServerTag> {
    let mut tags = tags.to_vec();
    tags.sort();
    tags
}

/// Everything in the database, without the numbers of rows that are made anew.
fn state(db: &dyn ConfigBackend) -> Vec<String> {
    let any = ServerSelector::Any;
    let mut shown = Vec::new();
    let show = |list: Vec<Stored>| {
        list.into_iter()
            .map(|s| format!("{:?} {:?}", s.element.map, sorted_tags(&s.element.server_tags)))
            .collect::<Vec<_>>()
    };
    for server in wait(db.servers()).unwrap() {
        shown.push(format!("{server:?}"));
    }
    shown.extend(wait(db.globals(any.clone())).unwrap().iter().map(|g| format!("{g:?}")));
    shown.extend(show(wait(db.option_defs(any.clone())).unwrap()));
    shown.extend(show(wait(db.options(any.clone())).unwrap()));
    shown.extend(show(wait(db.networks(any.clone())).unwrap()));
    shown.extend(wait(db.subnets(any.clone())).unwrap().iter().map(|s| {
        format!(
            "{} {} {:?} {:?} {:?}",
            s.id,
            s.prefix,
            s.shared_network,
            s.element.map,
            sorted_tags(&s.element.server_tags)
        )
    }));
    shown.sort();
    // The order of classes counts.
    shown.extend(show(wait(db.classes(any)).unwrap()));
    shown
}

pub(super) fn revisions_name_their_objects(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    let note = |time, message: &str| Note { time: Timestamp(time), message: message.into() };
    wait(db.apply(vec![server("abc")], note(100, "first"), None)).unwrap();
    let o = r#"{"code": 6, "space": "dhcp4", "csv-format": true, "data": "1.1.1.1"}"#;
    let changes = vec![
        global("all", "renew-timer", 1i64),
        option(OptionScope::Global(tag("abc")), o),
        network(&["abc"], r#"{"name": "n"}"#),
        subnet(&["abc"], 5, "10.0.0.0/24", Some("n"), ""),
        class(&["abc"], "c", None, &[]),
    ];
    wait(db.apply(changes, note(200, "second"), None)).unwrap();
    wait(db.apply(vec![Change::DeleteSubnet(SubnetKey::Id(SubnetId(5)))], note(300, "third"), None)).unwrap();
    let all = revisions(db, ALL);
    let messages = |list: &[Revision]| list.iter().map(|r| r.message.clone()).collect::<Vec<_>>();
    assert_eq!(messages(&all), ["third", "second", "first"]);
    assert!(all.iter().all(|r| r.undoable));
    assert_eq!(all[0].cursor.time, Timestamp(300));
    let shown: Vec<_> =
        all[1].objects.iter().map(|o| (o.object_type.as_str(), o.name.as_deref().unwrap())).collect();
    assert_eq!(
        shown,
        [
            ("dhcp4_global_parameter", "renew-timer"),
            ("dhcp4_options", "dhcp4.6"),
            ("dhcp4_shared_network", "n"),
            ("dhcp4_subnet", "10.0.0.0/24"),
            ("dhcp4_client_class", "c"),
        ]
    );
    let gone = &all[0].objects[0];
    assert_eq!((gone.name.as_deref(), gone.modification), (Some("10.0.0.0/24"), Modification::Delete));
    assert_eq!(all[2].objects[0].name.as_deref(), Some("abc"));
    // A revision of one server says so.
    let of = |text: &str| Some([tag(text), ServerTag::all()].into());
    assert_eq!(
        all.iter().map(|r| r.server.clone()).collect::<Vec<_>>(),
        [Some(tag("abc")), Some(ServerTag::all()), Some(tag("abc")),]
    );
    assert_eq!(messages(&revisions(db, RevisionFilter { servers: of("abc"), ..ALL })).len(), 3);
    assert_eq!(messages(&revisions(db, RevisionFilter { servers: of("xyz"), ..ALL })), ["second"]);
    // By number, by time, by count.
    let after = all[2].cursor.revision;
    assert_eq!(messages(&revisions(db, RevisionFilter { after, ..ALL })), ["third", "second"]);
    assert_eq!(messages(&revisions(db, RevisionFilter { from: Timestamp(200), ..ALL })), ["third", "second"]);
    assert_eq!(messages(&revisions(db, RevisionFilter { from: Timestamp(201), ..ALL })), ["third"]);
    assert_eq!(messages(&revisions(db, RevisionFilter { limit: 1, ..ALL })), ["third"]);
}

pub(super) fn a_preview_stores_nothing(db: &dyn ConfigBackend, other: &dyn ConfigBackend) {
    apply(db, [server("abc"), subnet(&["abc"], 1, "10.0.0.0/24", None, r#""valid-lifetime": 1"#)]).unwrap();
    let (before, revision) = (state(db), newest(db));
    let changes = vec![
        subnet(&["abc"], 1, "10.0.0.0/24", None, r#""valid-lifetime": 2"#),
        subnet(&["all"], 2, "10.0.2.0/24", None, ""),
        global("abc", "renew-timer", 5i64),
    ];
    let preview = wait(db.preview(changes, Some(tag("abc")))).unwrap();
    assert_eq!(preview.counts, [1, 1, 1]);
    let of = |kind: &str| preview.objects.iter().filter(|t| t.object_type == kind).collect::<Vec<_>>();
    let [changed, created] = of("dhcp4_subnet")[..] else { panic!("{preview:?}") };
    let lifetime = |image: &Option<crate::Image>| image.as_ref().unwrap().map["valid-lifetime"].as_int();
    assert_eq!((lifetime(&changed.before), lifetime(&changed.after)), (Some(1), Some(2)));
    assert_eq!((created.object_id, created.before.is_none()), (2, true));
    assert_eq!(created.after.as_ref().unwrap().tags, tags(&["all"]));
    assert_eq!(of("dhcp4_global_parameter").len(), 1);
    let (old, new) = preview.server.as_ref().unwrap();
    assert_eq!((old.subnets.len(), new.subnets.len(), new.globals.len()), (1, 2, 1));
    let gone = wait(db.preview(vec![Change::DeleteServer(tag("abc"))], None)).unwrap();
    assert!(gone.server.is_none() && gone.objects.iter().any(|t| t.after.is_none()), "{gone:?}");
    // What apply refuses is refused.
    let unknown = wait(db.preview(vec![subnet(&["nobody"], 3, "10.3.0.0/24", None, "")], None));
    assert_eq!(unknown, Err(BackendError::UnknownServer(tag("nobody"))));
    for db in [db, other] {
        assert_eq!((state(db), newest(db)), (before.clone(), revision));
    }
}

/// Changes of every kind, one revision each.
fn story() -> Vec<Vec<Change>> {
    let o = |code: u16, data: &str| {
        format!(r#"{{"code": {code}, "space": "dhcp4", "csv-format": true, "data": "{data}"}}"#)
    };
    let def = |kind: &str| Change::SetOptionDef {
        tag: tag("abc"),
        map: map(&format!(
            r#"{{"code": 222, "name": "x", "space": "dhcp4", "type": "{kind}", "array": false, "encapsulate": "", "record-types": ""}}"#
        )),
    };
    let pools = format!(
        r#""option-data": [{}], "pools": [{{"pool": "10.0.0.1-10.0.0.9", "option-data": [{}]}}], "user-context": {{"a": [1]}}"#,
        o(3, "10.0.0.1"),
        o(6, "10.0.0.2")
    );
    let pool = OptionScope::Pool(PoolRange::parse("10.0.0.1-10.0.0.9").unwrap());
    vec![
        vec![server("abc"), server("xyz")],
        vec![global("all", "renew-timer", 1i64), global("abc", "renew-timer", 2i64)],
        vec![def("uint8"), option(OptionScope::Global(tag("abc")), &o(222, "1"))],
        vec![network(&["abc", "xyz"], &format!(r#"{{"name": "n", "option-data": [{}]}}"#, o(6, "1.1.1.1")))],
        vec![subnet(&["abc"], 1, "10.0.0.0/24", Some("n"), &pools)],
        vec![subnet(&["all"], 2, "10.0.1.0/24", None, "")],
        vec![class(&["all"], "a", None, &[]), class(&["abc"], "b", None, &["a"])],
        vec![class(&["abc"], "between", Some("a"), &["a"])],
        vec![option(pool.clone(), &o(6, "9.9.9.9"))],
        vec![def("uint16"), global("abc", "renew-timer", "text")],
        vec![Change::DeleteOption { scope: pool, key: key(6, None) }],
        // Numbers and prefixes change places.
        vec![subnet(&["abc"], 3, "10.0.1.0/24", None, ""), subnet(&["xyz"], 2, "10.0.3.0/24", Some("n"), "")],
        vec![class(&["abc"], "b", Some("a"), &[])],
        vec![Change::DeleteClass { name: "between".into() }, Change::DeleteClass { name: "a".into() }],
        vec![Change::DeleteNetwork { name: "n".into(), subnets: NetworkSubnets::Keep }],
        vec![network(&["all"], r#"{"name": "n"}"#), class(&["xyz"], "a", None, &[])],
        vec![Change::DeleteServer(tag("abc"))],
        vec![server("abc"), subnet(&["abc"], 1, "10.0.0.0/16", Some("n"), "")],
        vec![Change::DeleteNetwork { name: "n".into(), subnets: NetworkSubnets::Delete }],
        vec![Change::DeleteServer(tag("xyz"))],
    ]
}

pub(super) fn restoring_each_revision(db: &dyn ConfigBackend, other: &dyn ConfigBackend) {
    let mut puller = Puller::new(tag("abc"));
    let mut states = vec![(0, state(db))];
    for changes in story() {
        apply(db, changes).unwrap();
        states.push((newest(db), state(db)));
    }
    follow(db, &mut puller);
    // Back step by step, then to and fro, so that ways back lead over ways back.
    let far = [(states.len() - 1), 0, 9, 4, states.len() - 2, 1];
    for at in (0..states.len() - 1).rev().chain(far) {
        let (revision, wanted) = &states[at];
        let message = format!("to revision {revision} (step {at})");
        restore(db, *revision).unwrap_or_else(|e| panic!("{message}: {e}"));
        assert_eq!(&state(other), wanted, "{message}");
        // Servers hear of it as of any change.
        follow(other, &mut puller);
        let Pulled::Everything { objects, .. } = wait(db.pull(tag("abc"), None)).unwrap() else {
            panic!("{message}")
        };
        assert_eq!(sorted(puller.objects()), sorted(&objects), "{message}");
    }
}

pub(super) fn restoring_is_a_change_too(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(db, [subnet(&["all"], 1, "10.0.0.0/24", None, "")]).unwrap();
    let first = newest(db);
    apply(
        db,
        [global("all", "renew-timer", 1i64), subnet(&["all"], 1, "10.0.0.0/24", None, r#""interface": "e""#)],
    )
    .unwrap();
    let changed = state(db);
    let preview =
        wait(db.preview(vec![Change::Restore { revision: first, newest: first + 1 }], None)).unwrap();
    assert_eq!(preview.objects.len(), 2);
    assert_eq!(state(db), changed, "tried out only");
    restore(db, first).unwrap();
    let written = &revisions(db, ALL)[0];
    // What was tried out may have used up a number.
    assert!(written.cursor.revision > first + 1 && written.undoable);
    assert_eq!(written.objects.len(), 2);
    restore(db, first + 1).unwrap();
    assert_eq!(state(db), changed);
    // A way back to what is the same anyway changes nothing and is no revision.
    let newest_now = newest(db);
    assert_eq!(restore(db, first + 1).unwrap(), [0]);
    assert_eq!(newest(db), newest_now);
}

pub(super) fn restoring_what_others_took_the_place_of(db: &dyn ConfigBackend, _: &dyn ConfigBackend) {
    apply(db, [network(&["all"], r#"{"name": "n"}"#), subnet(&["all"], 1, "10.0.1.0/24", Some("n"), "")])
        .unwrap();
    apply(db, [subnet(&["all"], 2, "10.0.2.0/24", None, "")]).unwrap();
    let (revision, wanted) = (newest(db), state(db));
    // The network goes and comes again, and the subnets have each other's prefix.
    apply(db, [Change::DeleteNetwork { name: "n".into(), subnets: NetworkSubnets::Keep }]).unwrap();
    apply(
        db,
        [
            network(&["all"], r#"{"name": "n", "interface": "eth0"}"#),
            subnet(&["all"], 1, "10.0.1.0/24", Some("n"), ""),
        ],
    )
    .unwrap();
    restore(db, revision).unwrap();
    assert_eq!(state(db), wanted);
    apply(db, [Change::DeleteSubnet(SubnetKey::Id(SubnetId(1)))]).unwrap();
    apply(db, [subnet(&["all"], 2, "10.0.1.0/24", None, ""), subnet(&["all"], 1, "10.0.2.0/24", None, "")])
        .unwrap();
    restore(db, revision).unwrap();
    assert_eq!(state(db), wanted);
}

pub(super) fn restoring_is_refused(db: &dyn ConfigBackend, other: &dyn ConfigBackend) {
    let refused = |revision, newest, text: &str| {
        let found = apply(db, [Change::Restore { revision, newest }]).unwrap_err().to_string();
        assert!(found.contains(text), "{found}");
    };
    refused(0, 0, "is the newest");
    apply(db, [server("a")]).unwrap();
    let first = newest(db);
    apply(other, [server("b")]).unwrap();
    refused(first + 1, first + 1, "is the newest");
    refused(first + 9, first + 1, "is the newest");
    refused(first, first, "in the meantime");
}
