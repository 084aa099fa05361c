//! What triggers and routines do, against what they do in Kea's own schema: the same statements, the same rows.

use backend::columns::Datum;
use mysql::MySql;
use mysql::schema::SCHEMA;
use sql::{Access, Link};
use testdb::{Kind, shared};

#[test]
fn triggers_do_what_keas_do() {
    let server = shared(Kind::MariaDb);
    let database = server.database();
    let mut access = Access::local(&database.name, &database.user, &database.password);
    access.host = database.socket.to_str().unwrap().to_owned();
    let mut link = MySql::open(&access).unwrap();
    SCHEMA.create(&mut link).unwrap();

    for line in include_str!("effects.sql").lines().filter(|line| !line.starts_with("--")) {
        let (statement, refused) = line.strip_prefix("! ").map_or((line, false), |rest| (rest, true));
        let outcome = link.script(statement);
        assert_eq!(outcome.is_err(), refused, "{statement}: {outcome:?}");
    }
    let mut expected = String::new();
    let mut found = String::new();
    for line in include_str!("effects.tsv").lines() {
        match line.strip_prefix("? ") {
            Some(query) => {
                assert_eq!(found, expected);
                expected = format!("{query}\n");
                found = format!("{query}\n{}", server.sql(&database.name, query));
            }
            None => expected.push_str(&format!("{line}\n")),
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn queues_of_free_addresses() {
    let server = shared(Kind::MariaDb);
    let database = server.database();
    let mut access = Access::local(&database.name, &database.user, &database.password);
    access.host = database.socket.to_str().unwrap().to_owned();
    let mut link = MySql::open(&access).unwrap();
    SCHEMA.create(&mut link).unwrap();
    let texts = |query: &str| {
        let mut texts = Vec::new();
        link.query(query, &[] as &[Datum], &mut |row| {
            texts.push(row.text(0)?.to_owned());
            Ok(())
        })
        .unwrap();
        texts.join(" ")
    };
    let call = |statement: &str| link.script(statement);

    call("INSERT INTO lease4 (address, subnet_id, state) VALUES (3, 7, 0), (4, 7, 2)").unwrap();
    call("CALL sflqCreateFlqPool4(1, 2005, 7, 0)").unwrap();
    let free = "SELECT CONCAT_WS(' ', COUNT(*), MIN(address), MAX(address)) FROM free_lease4";
    assert_eq!(texts(free), "2004 1 2005", "all but the leased one");
    assert!(call("CALL sflqCreateFlqPool4(1, 2005, 7, 0)").is_err(), "there is such a pool");
    call("CALL sflqCreateFlqPool4(1, 2005, 7, 1)").unwrap();
    assert!(
        call("CALL sflqCreateFlqPool4(0, 5, 7, 1)").is_err()
            && call("CALL sflqCreateFlqPool4(9, 5, 7, 1)").is_err()
    );
    let pick = "SELECT CAST(sflqPickFreeLease4(1, 2005) AS CHAR)";
    assert_eq!([texts(pick), texts(pick), texts(pick)].join(" "), "1 2 4");
    call("UPDATE flq_pool4 SET last_returned_address = 2004").unwrap();
    assert_eq!([texts(pick), texts(pick)].join(" "), "2005 1", "round and round");
    call("SET @n = sflqInsertLease4(50, NULL, NULL, 1, '2026-01-01', 7, 0, 0, '', 0, NULL, NULL, NULL, 0)")
        .unwrap();
    assert_eq!(texts(free), "2003 1 2005");
    call("SET @n = sflqUpdateLease4(50, NULL, NULL, 1, '2026-01-01', 7, 0, 0, '', 2, NULL, NULL, NULL, 0, 50, '2026-01-01')").unwrap();
    assert_eq!(texts(free), "2004 1 2005");
    call("SET @n = sflqDeleteLease4(50, '2026-01-01')").unwrap();
    assert_eq!(texts("SELECT CAST(CONCAT(@n, sflqDeleteLease4(50, '2026-01-01')) AS CHAR)"), "10");

    call("INSERT INTO lease6 (address, subnet_id, lease_type, state) VALUES (INET6_ATON('2001:db8:0:1::'), 7, 2, 0)").unwrap();
    call("CALL sflqCreateFlqPool6('2001:db8::', '2001:db8:0:f::', 2, 64, 7, 0)").unwrap();
    assert_eq!(texts("SELECT CAST(COUNT(*) AS CHAR) FROM free_lease6"), "15");
    let pick = "SELECT sflqPickFreeLease6('2001:db8::', '2001:db8:0:f::')";
    assert_eq!([texts(pick), texts(pick)].join(" "), "2001:db8:: 2001:db8:0:2::");
    for (prefix, length, next) in
        [("2001:db8:ff::", 48, "2001:db8:100::"), ("ffff::", 16, "::"), ("2001:db8::", 61, "2001:db8:0:8::")]
    {
        let query = format!("SELECT INET6_NTOA(incrementV6Prefix(INET6_ATON('{prefix}'), {length}))");
        assert_eq!(texts(&query), next);
    }
}
