//! The legal log in Kea's table, on MariaDB and PostgreSQL.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use base::{Family, Micros};
use lease::LegalEntry;
use lease::suite::block_on;
use testdb::{Kind, shared};

use crate::leases::{entry, tables};

fn entries_are_rows(kind: Kind) {
    let database = tables(kind);
    let rows = databases::open_legal_log(&entry(&database), Family::V6).unwrap();
    block_on(rows.probe()).unwrap();
    let store = |entries: Vec<(&str, &str)>| {
        let rows_of = entries
            .into_iter()
            .map(|(address, text)| (Micros(1_795_804_980_999_999), LegalEntry::new(address, text).unwrap()));
        let (told, answer) = sync_channel(1);
        assert!(rows.store(Arc::new(rows_of.collect()), move |outcome| told.send(outcome).unwrap()));
        answer.recv().unwrap().unwrap()
    };
    let prefix = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128";
    assert!(store(vec![("192.0.2.1", "it's \\ one"), (prefix, "two\nlines"), ("", "wiped")]).is_empty());
    // One that does not fit is refused alone.
    let refused = store(vec![("192.0.2.2", "before"), (&"x".repeat(44), "too long"), ("192.0.2.3", "after")]);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(store((0..700).map(|_| ("192.0.2.4", "many")).collect()).is_empty());
    let server = shared(kind);
    let count = |condition: &str| {
        let answer = server.sql(&database.name, &format!("SELECT COUNT(*) FROM logs WHERE {condition}"));
        answer.trim().parse::<usize>().unwrap()
    };
    assert_eq!(count("address = '192.0.2.1' AND log = 'it''s \\ one'") + count("log = 'it''s \\\\ one'"), 1);
    assert_eq!(count(&format!("address = '{prefix}' AND log LIKE 'two%lines'")), 1);
    assert_eq!(
        (count("address = ''"), count("log IN ('before', 'after')"), count("log = 'many'")),
        (1, 2, 700)
    );
    let moment = match kind {
        Kind::MariaDb => "UNIX_TIMESTAMP(timestamp)",
        Kind::PostgreSql => "extract(epoch FROM timestamp)",
    };
    assert_eq!(count(&format!("{moment} <> 1795804980")), 0, "the time of an entry is that of its lease");
    server.sql(&database.name, "DROP TABLE logs");
    assert!(block_on(rows.probe()).is_err());
}

#[test]
fn entries_are_rows_of_mariadb() {
    entries_are_rows(Kind::MariaDb);
}

#[test]
fn entries_are_rows_of_postgresql() {
    entries_are_rows(Kind::PostgreSql);
}
