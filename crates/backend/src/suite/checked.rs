//! Checks of changes: what they begin with, and that nobody writes between check and change.

use super::*;

fn write(db: &dyn ConfigBackend, changes: Vec<Change>, checked: Cursor) -> Result<Vec<u64>, BackendError> {
    let note = Note { time: Timestamp(1_700_000_000), message: "checked".into() };
    wait(db.apply(changes, note, Some(checked)))
}

pub(super) fn a_checked_change_is_the_next_one(db: &dyn ConfigBackend, other: &dyn ConfigBackend) {
    let cursor = |db: &dyn ConfigBackend| wait(db.premises()).unwrap().cursor;
    let one = |id: u32| vec![subnet(&["all"], id, &format!("10.0.{id}.0/24"), None, "")];
    let (mine, theirs) = (cursor(db), cursor(other));
    assert_eq!(write(db, one(1), mine.clone()), Ok(vec![1]));
    for stale in [(other, theirs), (db, mine)] {
        let refused = write(stale.0, one(2), stale.1);
        assert!(matches!(refused, Err(BackendError::Overtaken(_))), "{refused:?}");
    }
    let ids = |db: &dyn ConfigBackend| {
        wait(db.subnets(ServerSelector::Any)).unwrap().iter().map(|s| s.id.0).collect::<Vec<_>>()
    };
    assert_eq!(ids(db), [1], "nothing is stored");
    assert_eq!(write(other, one(2), cursor(other)), Ok(vec![1]));
    assert_eq!(write(other, one(3), cursor(other)), Ok(vec![1]));
    // A change that changes nothing overtakes nobody.
    let before = cursor(db);
    assert_eq!(apply(other, [Change::DeleteSubnet(SubnetKey::Id(SubnetId(99)))]), Ok(vec![0]));
    assert_eq!(write(db, one(4), before), Ok(vec![1]));
    assert_eq!(ids(other), [1, 2, 3, 4]);
}

pub(super) fn premises_are_current(db: &dyn ConfigBackend, other: &dyn ConfigBackend) {
    let def = |code: u16| Change::SetOptionDef {
        tag: ServerTag::all(),
        map: map(&format!(r#"{{"code": {code}, "name": "d{code}", "space": "dhcp4", "type": "uint8"}}"#)),
    };
    let steps: Vec<Vec<Change>> = vec![
        vec![server("abc"), server("xyz")],
        vec![global("abc", "valid-lifetime", 100_i64)],
        vec![subnet(&["all"], 1, "10.0.0.0/24", None, "")],
        vec![def(230), global("all", "valid-lifetime", 200_i64)],
        vec![network(&["abc"], r#"{"name": "n"}"#)],
        vec![Change::DeleteOptionDef { tag: ServerTag::all(), space: "dhcp4".into(), code: 230 }],
        vec![subnet(&["abc"], 1, "10.0.1.0/24", None, "")],
        vec![Change::DeleteServer(tag("abc"))],
        vec![Change::DeleteGlobal { tag: ServerTag::all(), name: "valid-lifetime".into() }],
    ];
    for (at, changes) in steps.into_iter().enumerate() {
        // In turn, so that each follows its own changes and those of the other.
        apply(if at % 3 == 0 { other } else { db }, changes).unwrap();
        for db in [db, other] {
            let premises = wait(db.premises()).unwrap();
            assert_eq!(premises.servers, wait(db.servers()).unwrap(), "{at}");
            assert_eq!(*premises.globals, wait(db.globals(ServerSelector::Any)).unwrap(), "{at}");
            assert_eq!(*premises.option_defs, wait(db.option_defs(ServerSelector::Any)).unwrap(), "{at}");
            assert_eq!(premises, wait(db.premises()).unwrap(), "{at}");
        }
    }
}

pub(super) fn overlaps_follow_each_change(db: &dyn ConfigBackend, other: &dyn ConfigBackend) {
    let place = |id: u32, prefix: &str| subnet(&["all"], id, prefix, None, "");
    let gone = |id: u32| Change::DeleteSubnet(SubnetKey::Id(SubnetId(id)));
    let steps: Vec<(Vec<Change>, &[u32])> = vec![
        (vec![place(1, "10.0.0.0/24"), place(2, "10.0.1.0/24"), place(3, "192.0.2.0/24")], &[1, 2]),
        (vec![place(2, "192.0.3.0/24")], &[1]),
        (vec![gone(1)], &[]),
        (vec![place(4, "10.0.0.0/16"), gone(3)], &[4]),
        // Under another number.
        (vec![place(5, "10.0.0.0/16")], &[5]),
        (vec![gone(5), place(5, "10.1.0.0/16"), place(6, "10.2.0.0/16"), gone(6)], &[5]),
    ];
    for (at, (changes, wanted)) in steps.into_iter().enumerate() {
        apply(if at % 3 == 1 { other } else { db }, changes).unwrap();
        for db in [db, other] {
            let found = wait(db.overlapping("10.0.0.0/8".parse().unwrap())).unwrap();
            assert_eq!(found.iter().map(|s| s.id.0).collect::<Vec<_>>(), wanted, "{at}");
        }
    }
}
