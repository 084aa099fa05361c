//! The file: who may read it, what is refused, what happens when it is replaced, removed, damaged or written by
//! several at once, and when a writer dies.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use backend::suite::{apply, map, server, subnet, tag, wait};
use backend::{
    BackendError, Change, ConfigBackend, OptionScope, PdPoolKey, PoolRange, Pulled, ServerSelector, SubnetKey,
};
use base::{Family, ServerTag, SubnetId};
use rusqlite::Connection;
use sql::Database;
use sqlite::VERSION;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn open(path: &Path) -> Database {
    sqlite::open(path, Family::V4)
}

fn count(db: &Database) -> usize {
    wait(db.subnet_list(ServerSelector::Any)).unwrap().len()
}

#[test]
fn created_on_first_use() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    let db = open(&path);
    assert!(!path.exists(), "not before it is used");
    assert_eq!(wait(db.version()).unwrap(), VERSION);
    apply(&db, [server("abc")]).unwrap();
    assert_eq!(mode(&path), 0o640);
    for suffix in ["-wal", "-shm"] {
        assert_eq!(mode(&directory.path().join(format!("kea.sqlite{suffix}"))), 0o640);
    }
    assert_eq!(sqlite::version_of(&path).unwrap(), VERSION);
    assert!(!sqlite::create(&path).unwrap(), "it is there");
    assert!(sqlite::create(directory.path().join("other.sqlite")).unwrap());
}

#[test]
fn files_that_are_refused_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let refused = |name: &str, text: &str| {
        let before = std::fs::read(path(name)).ok();
        let error = wait(open(&path(name)).version()).unwrap_err().to_string();
        assert!(error.contains(text), "{name}: {error}");
        assert_eq!(std::fs::read(path(name)).ok(), before, "{name}");
    };
    std::fs::write(
        path("text"),
        "This is not a database, whatever it may be; long enough for a header of one.".repeat(20),
    )
    .unwrap();
    refused("text", "not a SQLite database");
    Connection::open(path("other"))
        .unwrap()
        .execute_batch("CREATE TABLE mine (x); INSERT INTO mine VALUES (1);")
        .unwrap();
    refused("other", "a SQLite database of another program");
    refused("no/such/directory", "No such file or directory");

    sqlite::create(path("newer")).unwrap();
    Connection::open(path("newer")).unwrap().execute_batch("UPDATE schema_version SET version = 9").unwrap();
    let error = wait(open(&path("newer")).version()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tables have version 9.0, this program needs 1.0; see kea-admin db-upgrade"
    );
    assert_eq!(sqlite::version_of(path("newer")).unwrap().to_string(), "9.0");
    assert!(sqlite::version_of(path("none")).is_err());
    assert!(!path("none").exists());
}

#[test]
fn a_file_in_the_place_of_the_old_one_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, backup) = (directory.path().join("kea.sqlite"), directory.path().join("backup"));
    let db = open(&path);
    apply(&db, [subnet(&["all"], 1, "10.0.1.0/24", None, "")]).unwrap();
    let Pulled::Everything { cursor: old, .. } = wait(db.pull(tag("abc"), None)).unwrap() else { panic!() };
    Connection::open(&path).unwrap().execute("VACUUM INTO ?1", [backup.to_str().unwrap()]).unwrap();
    apply(&db, [subnet(&["all"], 2, "10.0.2.0/24", None, "")]).unwrap();
    let Pulled::Changes { cursor, .. } = wait(db.pull(tag("abc"), Some(old))).unwrap() else { panic!() };
    let mark = wait(db.change_mark()).unwrap();

    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(directory.path().join(format!("kea.sqlite{suffix}")));
    }
    std::fs::rename(&backup, &path).unwrap();
    assert_ne!(wait(db.change_mark()).unwrap(), mark);
    let Pulled::Everything { objects, .. } = wait(db.pull(tag("abc"), Some(cursor))).unwrap() else {
        panic!("the place in the audit is not in the old file")
    };
    assert_eq!(objects.subnets.len(), 1);

    std::fs::remove_file(&path).unwrap();
    let error = wait(db.change_mark()).unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("the file was removed"), "{error}");
    assert!(!path.exists(), "an empty one would take everything from the servers");
    sqlite::create(&path).unwrap();
    assert_eq!(count(&db), 0);
}

#[test]
fn a_damaged_row_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    let db = open(&path);
    apply(
        &db,
        [
            subnet(&["all"], 5, "10.0.5.0/24", None, r#""user-context": {"a": 1}"#),
            Change::SetGlobal { tag: ServerTag::all(), name: "valid-lifetime".into(), value: 5i64.into() },
        ],
    )
    .unwrap();
    for (sql, object) in [
        ("UPDATE dhcp4_subnet SET user_context = '{' WHERE subnet_id = 5", "subnet 5"),
        ("UPDATE dhcp4_subnet SET user_context = NULL, subnet_prefix = 'x' WHERE subnet_id = 5", "subnet 5"),
        (
            "UPDATE dhcp4_subnet SET subnet_prefix = '10.0.5.0/24'; UPDATE dhcp4_global_parameter SET value = 'x'",
            "global parameter 'valid-lifetime'",
        ),
    ] {
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let error = wait(db.pull(tag("abc"), None)).unwrap_err();
        assert!(matches!(&error, BackendError::BadRow { object: found, .. } if found == object), "{error}");
    }
    Connection::open(&path).unwrap().execute_batch("UPDATE dhcp4_global_parameter SET value = '5'").unwrap();
    assert!(wait(db.pull(tag("abc"), None)).is_ok(), "the connection still works");
}

#[test]
fn several_writers_take_turns() {
    const EACH: u32 = 100;
    let directory = tempfile::tempdir().unwrap();
    let path = Arc::new(directory.path().join("kea.sqlite"));
    let writers: Vec<_> = (0..4u32)
        .map(|writer| {
            let path = Arc::clone(&path);
            // All begin with a file that is not there.
            std::thread::spawn(move || {
                let db = open(&path);
                for n in 0..EACH {
                    apply(
                        &db,
                        [subnet(&["all"], writer * EACH + n + 1, &format!("10.{writer}.{n}.0/24"), None, "")],
                    )
                    .unwrap();
                }
            })
        })
        .collect();
    let reader = open(&path);
    let mut puller = backend::Puller::new(tag("abc"));
    loop {
        let done = writers.iter().all(std::thread::JoinHandle::is_finished);
        let pulled = wait(reader.pull(tag("abc"), puller.cursor().cloned())).unwrap();
        puller.offer(pulled);
        puller.commit();
        if done {
            break;
        }
    }
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(puller.objects().subnets.len(), 4 * 100, "the changes alone led to everything");
    let entries = wait(reader.audit(None, 10_000)).unwrap();
    assert_eq!(entries.len(), 400);
    assert!(entries.windows(2).all(|pair| pair[0].revision.revision < pair[1].revision.revision));
}

/// Writes three subnets at a time until it is killed; the program of [`a_killed_writer_leaves_all_or_nothing`].
#[test]
fn child_writes_until_killed() {
    let Some(path) = std::env::var_os("KEA_SQLITE_CHILD") else { return };
    let db = open(Path::new(&path));
    let mut id = u32::try_from(count(&db)).unwrap();
    loop {
        let three = (1..=3).map(|n| {
            let id = id + n;
            subnet(&["all"], id, &format!("10.{}.{}.0/24", id >> 8, id & 255), None, r#""pools": []"#)
        });
        apply(&db, three).unwrap();
        id += 3;
    }
}

#[test]
fn a_killed_writer_leaves_all_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    let mut before = 0;
    for round in 0..12u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "file::child_writes_until_killed"])
            .env("KEA_SQLITE_CHILD", &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(60 + round * 17));
        child.kill().unwrap();
        child.wait().unwrap();
        if !path.exists() {
            continue;
        }
        let db = open(&path);
        let now = count(&db);
        assert!(now.is_multiple_of(3) && now >= before, "{now} after {before}");
        assert_eq!(wait(db.audit(None, 1_000_000)).unwrap().len(), now);
        let check: String = Connection::open(&path)
            .unwrap()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
        before = now;
    }
    assert!(before > 0);
}

#[test]
fn both_families_in_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    let (v4, v6) = (open(&path), sqlite::open(&path, Family::V6));
    apply(&v4, [server("abc"), subnet(&["abc"], 1, "10.0.0.0/24", None, "")]).unwrap();
    assert_eq!(wait(v6.servers()).unwrap(), [], "servers of the families have nothing to do with each other");
    let more = r#""interface-id": "0x00FF", "preferred-lifetime": 5, "rapid-commit": true, "pd-allocator": "random",
        "pools": [{"pool": "2001:db8::1-2001:db8::ff", "option-data": [{"code": 23, "space": "dhcp6", "csv-format": true,
          "data": "2001:db8::1"}]}],
        "pd-pools": [{"prefix": "3000::", "prefix-len": 48, "delegated-len": 64, "excluded-prefix": "3000::",
          "excluded-prefix-len": 72}]"#;
    let change = subnet(&["xyz"], 1, "2001:db8::/64", None, more);
    apply(&v6, [server("xyz"), change.clone()]).unwrap();
    let Change::SetSubnet { map: written, .. } = change else { panic!() };
    let get = || wait(v6.subnet(SubnetKey::Id(SubnetId(1)))).unwrap().unwrap();
    assert_eq!(get().element.map, written);
    assert_eq!(count(&v4), 1);

    let pd = OptionScope::PdPool(PdPoolKey { prefix: "3000::/48".parse().unwrap() });
    let option = map(r#"{"code": 23, "space": "dhcp6", "csv-format": true, "data": "2001:db8::2"}"#);
    apply(&v6, [Change::SetOption { scope: pd.clone(), map: option.clone() }]).unwrap();
    let pool = OptionScope::Pool(PoolRange::parse("2001:db8::1-2001:db8::ff").unwrap());
    apply(&v6, [Change::SetOption { scope: pool, map: option }]).unwrap();
    let element = get().element;
    for list in ["pools", "pd-pools"] {
        let options = element.map[list].as_list().unwrap()[0].get("option-data").unwrap().as_list().unwrap();
        assert_eq!(options[0].get("data"), Some(&"2001:db8::2".into()), "{list}");
    }
    assert_eq!(wait(v6.subnet_of_pool(pd)).unwrap(), Some(SubnetId(1)));
    assert_eq!(wait(v6.option_users("dhcp6".into(), 23, 9)).unwrap().len(), 2);
    assert_eq!(wait(v6.overlapping("2001:db8::/32".parse().unwrap())).unwrap().len(), 1);
    let Pulled::Everything { objects, .. } = wait(v6.pull(tag("xyz"), None)).unwrap() else { panic!() };
    assert_eq!(objects.subnets.len(), 1);
}

/// Whoever has the file open hears of what others commit, and of nothing else.
#[test]
fn commits_of_others_are_heard() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sqlite");
    let (writer, reader) = (open(&path), open(&path));
    apply(&writer, [server("abc")]).unwrap();
    assert_eq!(wait(reader.servers()).unwrap().len(), 1);
    let (sender, news) = std::sync::mpsc::channel();
    let listener = reader.clone();
    std::thread::spawn(move || while wait(listener.changed()).is_ok() && sender.send(()).is_ok() {});
    // What was told before counts as well; then there is nothing more to tell.
    while news.recv_timeout(Duration::from_millis(500)).is_ok() {}
    wait(writer.servers()).unwrap();
    assert!(news.recv_timeout(Duration::from_millis(500)).is_err(), "reading is no news");
    apply(&writer, [server("xyz")]).unwrap();
    news.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(wait(reader.servers()).unwrap().len(), 2);
}
