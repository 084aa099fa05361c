//! What triggers and functions do, against what they do in Kea's own schema: the same statements, the same rows.

use postgres::PostgreSql;
use postgres::schema::SCHEMA;
use sql::{Access, Link};
use testdb::{Kind, shared};

#[test]
fn triggers_do_what_keas_do() {
    let server = shared(Kind::PostgreSql);
    let database = server.database();
    let mut access = Access::local(&database.name, &database.user, &database.password);
    access.host.clone_from(&database.host);
    access.port = database.port;
    let mut link = PostgreSql::open(&access).unwrap();
    SCHEMA.create(&mut link).unwrap();
    // Connections of the configuration backend write the audit themselves.
    link.script("SET kea.disable_audit = 'false'").unwrap();

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
    let server = shared(Kind::PostgreSql);
    let database = server.database();
    let mut access = Access::local(&database.name, &database.user, &database.password);
    access.host.clone_from(&database.host);
    access.port = database.port;
    let mut link = PostgreSql::open(&access).unwrap();
    SCHEMA.create(&mut link).unwrap();
    let sql = |statement: &str| server.sql(&database.name, statement).trim().to_owned();

    sql("INSERT INTO lease4 (address, subnet_id, state) VALUES (3, 7, 0), (4, 7, 2)");
    sql("SELECT sflqcreateflqpool4(1, 2005, 7, false)");
    let free = "SELECT concat_ws(' ', count(*), min(address), max(address)) FROM free_lease4";
    assert_eq!(sql(free), "2004 1 2005", "all but the leased one");
    for refused in ["1, 2005, 7, false", "0, 5, 7, true", "9, 5, 7, true"] {
        assert!(link.script(&format!("SELECT sflqcreateflqpool4({refused})")).is_err(), "{refused}");
    }
    sql("SELECT sflqcreateflqpool4(1, 2005, 7, true)");
    let pick = "SELECT sflqpickfreelease4(1, 2005)";
    assert_eq!([sql(pick), sql(pick), sql(pick)].join(" "), "1 2 4");
    sql("UPDATE flq_pool4 SET last_returned_address = 2004");
    assert_eq!([sql(pick), sql(pick)].join(" "), "2005 1", "round and round");
    sql(
        "SELECT sflqinsertlease4(50, NULL, NULL, 1, '2026-01-01', 7, false, false, '', 0, NULL, NULL, NULL, 0)",
    );
    assert_eq!(sql(free), "2003 1 2005");
    sql(
        "SELECT sflqupdatelease4(50, NULL, NULL, 1, '2026-01-01', 7, false, false, '', 2, NULL, NULL, NULL, 0, 50, '2026-01-01')",
    );
    assert_eq!(sql(free), "2004 1 2005");
    let gone = "SELECT sflqdeletelease4(50, '2026-01-01')";
    assert_eq!([sql(gone), sql(gone)].join(" "), "1 0");

    sql("INSERT INTO lease6 (address, subnet_id, lease_type, state) VALUES ('2001:db8:0:1::', 7, 2, 0)");
    sql("SELECT sflqcreateflqpool6('2001:db8::', '2001:db8:0:f::', 2::smallint, 64::smallint, 7, false)");
    assert_eq!(sql("SELECT count(*) FROM free_lease6"), "15");
    let pick = "SELECT sflqpickfreelease6('2001:db8::', '2001:db8:0:f::')";
    assert_eq!([sql(pick), sql(pick)].join(" "), "2001:db8:: 2001:db8:0:2::");
    for (prefix, length, next) in
        [("2001:db8:ff::", 48, "2001:db8:100::"), ("ffff::", 16, "::"), ("2001:db8::", 61, "2001:db8:0:8::")]
    {
        let query = format!(
            "SELECT host(byteatoinet(incrementv6prefix(inettobytea('{prefix}'), {length}::smallint)))"
        );
        assert_eq!(sql(&query), next);
    }
    assert_eq!(
        sql(
            "SELECT concat_ws('/', colonseparatedhex('1a2b3'), colonseparatedhex('AABB'), colonseparatedhex(''))"
        ),
        "01:a2:b3/aa:bb/"
    );
}
