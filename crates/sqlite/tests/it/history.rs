//! How long changes are remembered, and what other programs leave out.

use backend::suite::{apply, server, subnet, tag, wait};
use backend::{BackendError, Change, ConfigBackend, Pulled, RevisionFilter};
use base::{Family, Timestamp};
use sql::Database;

fn revisions(db: &Database) -> Vec<u64> {
    let filter = RevisionFilter { after: 0, from: Timestamp(0), servers: None, limit: 100 };
    wait(db.revisions(filter)).unwrap().iter().map(|r| r.cursor.revision).collect()
}

fn restore(db: &Database, revision: u64) -> Result<Vec<u64>, BackendError> {
    apply(db, [Change::Restore { revision, newest: revisions(db)[0] }])
}

fn count(connection: &rusqlite::Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn only_so_many_revisions_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    let db = sqlite::open(&path, Family::V4).keep_revisions(5);
    let set = |id: u32| subnet(&["all"], id, &format!("10.0.{id}.0/24"), None, "");
    apply(&db, [server("abc")]).unwrap();
    let Pulled::Everything { cursor: early, .. } = wait(db.pull(tag("abc"), None)).unwrap() else { panic!() };
    for id in 2..=10 {
        apply(&db, [set(id)]).unwrap();
    }
    assert_eq!(revisions(&db), [10, 9, 8, 7, 6]);
    let connection = rusqlite::Connection::open(&path).unwrap();
    for table in ["dhcp4_audit_revision", "dhcp4_audit", "dhcp4_audit_history"] {
        assert_eq!(count(&connection, table), 5, "{table}");
    }
    // A server that slept through revisions that are gone fetches everything; one that did not, what changed.
    let pulled = wait(db.pull(tag("abc"), Some(early.clone()))).unwrap();
    let Pulled::Everything { objects, cursor } = pulled else { panic!("{pulled:?}") };
    assert_eq!((objects.subnets.len(), cursor.revision), (9, 10));
    for revision in [5, 6] {
        let since = backend::Cursor { revision, recent: Vec::new(), ..early.clone() };
        let Pulled::Changes { delta, .. } = wait(db.pull(tag("abc"), Some(since))).unwrap() else { panic!() };
        assert_eq!(u64::try_from(delta.subnets.len()).unwrap(), 10 - revision);
    }
    // The way back leads to the state before the oldest revision that is kept, no further.
    let error = restore(&db, 4).unwrap_err();
    assert!(matches!(&error, BackendError::NoWayBack { revision: 4, .. }), "{error}");
    assert_eq!(restore(&db, 5).unwrap(), [5]);
    assert_eq!(count(&connection, "dhcp4_subnet"), 4);
}

/// Of two writers that do not wait for one another, the one with the lower revision may be done last.
#[test]
fn a_revision_that_comes_late_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    let db = sqlite::open(&path, Family::V4);
    let set = |id: u32| subnet(&["all"], id, &format!("10.0.{id}.0/24"), None, "");
    apply(&db, [server("abc")]).unwrap();
    apply(&db, [set(1)]).unwrap();
    apply(&db, [set(2)]).unwrap();
    // Revision 4 is of somebody who has not committed yet.
    let connection = rusqlite::Connection::open(&path).unwrap();
    let run = |sql: &str| connection.execute_batch(sql).unwrap();
    run("UPDATE sqlite_sequence SET seq = 4 WHERE name = 'dhcp4_audit_revision'");
    apply(&db, [set(5)]).unwrap();
    let Pulled::Everything { cursor, .. } = wait(db.pull(tag("abc"), None)).unwrap() else { panic!() };
    assert_eq!(cursor.revision, 5);
    let mark = wait(db.change_mark()).unwrap();
    run("INSERT INTO dhcp4_audit_revision SELECT 4, modification_ts, log_message, server_id \
         FROM dhcp4_audit_revision WHERE id = 5;
         INSERT INTO dhcp4_audit (object_type, object_id, modification_type, revision_id) \
         VALUES ('dhcp4_subnet', 1, 1, 4)");
    assert_ne!(wait(db.change_mark()).unwrap(), mark);
    let Pulled::Changes { delta, cursor } = wait(db.pull(tag("abc"), Some(cursor))).unwrap() else {
        panic!()
    };
    assert_eq!((delta.touched_subnets.len(), delta.subnets.len(), cursor.revision), (1, 1, 5));
    assert_eq!(delta.subnets[0].id.0, 1);
    assert_eq!(wait(db.pull(tag("abc"), Some(cursor))).unwrap(), Pulled::Nothing);
}

#[test]
fn no_way_back_over_what_others_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    let db = sqlite::open(&path, Family::V4);
    apply(&db, [server("abc")]).unwrap();
    apply(&db, [server("def")]).unwrap();
    // Another program writes rows and audit, and knows nothing of the history.
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "INSERT INTO dhcp4_audit_revision VALUES (3, '2026-01-01 00:00:00', 'by hand', 1);
             INSERT INTO dhcp4_audit (object_type, object_id, modification_type, revision_id) VALUES ('dhcp4_server', 9, 0, 3);",
        )
        .unwrap();
    apply(&db, [server("ghi")]).unwrap();
    let filter = RevisionFilter { after: 0, from: Timestamp(0), servers: None, limit: 100 };
    let list = wait(db.revisions(filter)).unwrap();
    let undoable: Vec<_> = list.iter().map(|r| r.undoable).collect();
    assert_eq!(undoable, [true, false, true, true]);
    assert_eq!(list[1].objects[0].name, None);
    let error = restore(&db, 2).unwrap_err().to_string();
    assert!(error.contains("what revision 3 replaced is not known"), "{error}");
    // Back to it is possible.
    assert_eq!(restore(&db, 3).unwrap(), [1]);
}

#[test]
fn a_file_without_the_table_gets_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    sqlite::create(&path).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("DROP TABLE dhcp4_audit_history; DROP TABLE dhcp6_audit_history;").unwrap();
    for family in [Family::V4, Family::V6] {
        apply(&sqlite::open(&path, family), [server("abc")]).unwrap();
    }
    assert_eq!(count(&connection, "dhcp4_audit_history"), 1);
    assert_eq!(count(&connection, "dhcp6_audit_history"), 1);
}
