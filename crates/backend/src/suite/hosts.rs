//! What every database of host reservations does.

use std::net::IpAddr;

use base::{Family, SubnetId};
use host::{Identifier, IdentifierKind};
use json::{Map, Value};

use super::{map, wait};
use crate::BackendError;
use crate::hosts::{HostDatabase, HostQuery, HostQuestions, HostRecord};

type Test = (&'static str, Family, fn(&dyn HostDatabase));

const TESTS: &[Test] = &[
    ("v4_round_trip", Family::V4, v4_round_trip),
    ("v6_round_trip", Family::V6, v6_round_trip),
    ("kinds_of_identifiers", Family::V4, kinds_of_identifiers),
    ("no_two_of_a_client_or_an_address", Family::V4, no_two_of_a_client_or_an_address),
    ("no_two_of_a_prefix", Family::V6, no_two_of_a_prefix),
    ("updates", Family::V4, updates),
    ("queries", Family::V4, queries),
    ("pages", Family::V4, pages),
    ("lookups", Family::V4, lookups),
    ("lookups6", Family::V6, lookups6),
    ("families_have_their_own", Family::V6, families_have_their_own),
];

/// Runs all tests of databases of host reservations and names those that failed. `open` is asked for an empty database
/// for each.
pub fn run_hosts(open: &mut dyn FnMut(Family) -> Box<dyn HostDatabase>) {
    let mut failed = Vec::new();
    for (name, family, test) in TESTS {
        let database = open(*family);
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(database.as_ref()))).is_err() {
            eprintln!("{name} failed");
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

fn record(subnet: u32, text: &str) -> HostRecord {
    HostRecord { subnet: SubnetId(subnet), reservation: map(text) }
}

fn client(kind: IdentifierKind, octets: &[u8]) -> Identifier {
    Identifier::new(kind, octets).unwrap()
}

fn add(db: &dyn HostDatabase, subnet: u32, text: &str) -> Result<(), BackendError> {
    wait(db.add(&record(subnet, text), true))
}

fn find(db: &dyn HostDatabase, subnet: Option<u32>, query: &HostQuery) -> Vec<HostRecord> {
    wait(db.find(subnet.map(SubnetId), query)).unwrap()
}

fn shown(map: &Map) -> String {
    json::to_string(&Value::from(map.clone()))
}

fn comes_back(db: &dyn HostDatabase, wanted: &HostRecord) {
    wait(db.add(wanted, true)).unwrap();
    let found = find(db, Some(wanted.subnet.0), &HostQuery::All);
    assert_eq!(found.len(), 1);
    // Members are in no order.
    assert_eq!(found[0], *wanted, "{} is not {}", shown(&found[0].reservation), shown(&wanted.reservation));
}

fn v4_round_trip(db: &dyn HostDatabase) {
    wait(db.probe()).unwrap();
    let options = r#"[
        { "code": 6, "space": "dhcp4", "csv-format": true, "data": "192.0.2.1, 192.0.2.2", "always-send": true },
        { "code": 222, "space": "dhcp4", "csv-format": false, "data": "00FF", "client-classes": [ "gold" ], "user-context": { "why": "?" } } ]"#;
    comes_back(
        db,
        &record(
            7,
            &format!(
                r#"{{ "hw-address": "01:02:03:04:05:06", "ip-address": "192.0.2.9", "hostname": "Host.example.org",
                "client-classes": [ "gold", "late" ], "next-server": "192.0.2.250", "server-hostname": "boot",
                "boot-file-name": "/x", "user-context": {{ "a": [ 1, "ü" ] }}, "option-data": {options} }}"#
            ),
        ),
    );
    comes_back(db, &record(0, r#"{ "duid": "01:02:03" }"#));
    comes_back(db, &record(4_294_967_294, r#"{ "flex-id": "FF00", "ip-address": "255.255.255.254" }"#));
}

fn v6_round_trip(db: &dyn HostDatabase) {
    comes_back(
        db,
        &record(
            1,
            r#"{ "duid": "01:02:03:04", "ip-addresses": [ "2001:db8::1", "2001:db8::3a3a:3a3a" ],
                "prefixes": [ "2001:db8:1::/48", "3000::/64" ], "excluded-prefixes": [ "2001:db8:1:2::/64", "" ],
                "hostname": "six", "client-classes": [ "gold" ],
                "option-data": [ { "code": 23, "space": "dhcp6", "csv-format": true, "data": "2001:db8::53" } ] }"#,
        ),
    );
    comes_back(db, &record(2, r#"{ "hw-address": "01:02:03:04:05:06", "prefixes": [ "3001::/64" ] }"#));
}

fn kinds_of_identifiers(db: &dyn HostDatabase) {
    for kind in IdentifierKind::ALL {
        let identifier = client(kind, &[1, 0, 0xff, b'\'', b'%']);
        add(db, 1, &format!(r#"{{ "{}": "{}" }}"#, kind.name(), identifier.text())).unwrap();
        let found = find(db, Some(1), &HostQuery::Identifier(identifier));
        assert_eq!(found.len(), 1, "{kind:?}");
        assert!(found[0].reservation.contains_key(kind.name()));
    }
}

fn no_two_of_a_client_or_an_address(db: &dyn HostDatabase) {
    let one = r#"{ "hw-address": "01:02:03:04:05:06", "ip-address": "192.0.2.9" }"#;
    add(db, 1, one).unwrap();
    assert_eq!(add(db, 1, one), Err(BackendError::Duplicate));
    add(db, 2, one).unwrap();
    let same = r#"{ "hw-address": "01:02:03:04:05:07", "ip-address": "192.0.2.9" }"#;
    assert_eq!(add(db, 1, same), Err(BackendError::Duplicate));
    wait(db.add(&record(1, same), false)).unwrap();
    assert_eq!(find(db, Some(1), &HostQuery::All).len(), 2);
    assert_eq!(Err(BackendError::Duplicate), wait(db.add(&record(1, same), false)));
    // What can not be stored stores nothing.
    let odd = r#"{ "hw-address": "01:02:03:04:05:08", "option-data": [ { "code": 6, "colour": "red" } ] }"#;
    assert!(matches!(add(db, 1, odd), Err(BackendError::NoColumn(_))));
    assert_eq!(find(db, Some(1), &HostQuery::All).len(), 2);
}

fn no_two_of_a_prefix(db: &dyn HostDatabase) {
    add(db, 1, r#"{ "duid": "01:02:03", "prefixes": [ "3000::/64" ], "ip-addresses": [ "2001:db8::5" ] }"#)
        .unwrap();
    for taken in [r#""prefixes": [ "3000::/64" ]"#, r#""ip-addresses": [ "2001:db8::4", "2001:db8::5" ]"#] {
        let other = format!(r#"{{ "duid": "01:02:04", {taken} }}"#);
        assert_eq!(add(db, 1, &other), Err(BackendError::Duplicate));
        wait(db.add(&record(1, &other), false)).unwrap();
        let query = HostQuery::Identifier(client(IdentifierKind::Duid, &[1, 2, 4]));
        assert!(wait(db.del(SubnetId(1), &query)).unwrap());
    }
}

fn updates(db: &dyn HostDatabase) {
    let option = |data: &str| {
        format!(
            r#""option-data": [ {{ "code": 12, "space": "dhcp4", "csv-format": true, "data": "{data}" }} ]"#
        )
    };
    let of = |rest: &str| record(1, &format!(r#"{{ "client-id": "01", {rest} }}"#));
    assert!(!wait(db.update(&of(r#""hostname": "none""#))).unwrap());
    let old = of(&format!(r#""ip-address": "192.0.2.9", "hostname": "old", {}"#, option("a")));
    comes_back(db, &old);
    for new in [of(&option("b")), of(r#""hostname": "new", "next-server": "192.0.2.1""#)] {
        assert!(wait(db.update(&new)).unwrap());
        assert_eq!(find(db, Some(1), &HostQuery::All), [new]);
    }
}

fn queries(db: &dyn HostDatabase) {
    add(
        db,
        1,
        r#"{ "hw-address": "01:02:03:04:05:06", "ip-address": "192.0.2.9", "hostname": "Cap.example" }"#,
    )
    .unwrap();
    add(db, 2, r#"{ "hw-address": "01:02:03:04:05:06", "ip-address": "192.0.2.9" }"#).unwrap();
    add(db, 0, r#"{ "client-id": "010203040506", "hostname": "cap.EXAMPLE" }"#).unwrap();
    let subnets = |subnet, query: HostQuery| -> Vec<u32> {
        find(db, subnet, &query).iter().map(|found| found.subnet.0).collect()
    };
    let hw = || HostQuery::Identifier(client(IdentifierKind::HwAddress, &[1, 2, 3, 4, 5, 6]));
    let at = |text: &str| HostQuery::Address(text.parse::<IpAddr>().unwrap());
    assert_eq!(subnets(None, HostQuery::All), [1, 2, 0]);
    assert_eq!(subnets(Some(2), HostQuery::All), [2]);
    assert_eq!(subnets(None, hw()), [1, 2]);
    assert_eq!(subnets(None, at("192.0.2.9")), [1, 2]);
    assert_eq!(subnets(Some(1), at("192.0.2.9")), [1]);
    assert!(subnets(Some(3), hw()).is_empty());
    assert_eq!(subnets(None, HostQuery::Hostname("CAP.example".to_owned())), [1, 0]);
    assert_eq!(subnets(Some(0), HostQuery::Hostname("cap.example".to_owned())), [0]);
    assert!(wait(db.del(SubnetId(1), &at("192.0.2.9"))).unwrap());
    assert!(!wait(db.del(SubnetId(1), &at("192.0.2.9"))).unwrap());
    assert!(wait(db.del(SubnetId(2), &hw())).unwrap());
    assert_eq!(subnets(None, HostQuery::All), [0]);
}

fn pages(db: &dyn HostDatabase) {
    for number in 0..7 {
        add(db, number % 2, &format!(r#"{{ "hw-address": "00:00:00:00:00:0{number}" }}"#)).unwrap();
    }
    let all = |subnet: Option<u32>, limit| {
        let (mut from, mut pages, mut seen) = (0, Vec::new(), Vec::new());
        loop {
            let page = wait(db.page(subnet.map(SubnetId), from, limit)).unwrap();
            let Some((last, _)) = page.last() else { break (pages, seen) };
            from = *last;
            pages.push(page.len());
            seen.extend(page.into_iter().map(|(_, record)| shown(&record.reservation)));
        }
    };
    let (pages, mut seen) = all(None, 3);
    assert_eq!(pages, [3, 3, 1]);
    seen.dedup();
    assert_eq!(seen.len(), 7);
    assert_eq!(all(Some(1), 2).0, [2, 1]);
    assert!(wait(db.page(None, u64::MAX, 5)).unwrap().is_empty());
}

fn lookups(db: &dyn HostDatabase) {
    for number in 0..200u32 {
        let text = format!(
            r#"{{ "client-id": "{:08x}", "ip-address": "10.0.0.{number}", "option-data": [ {{ "code": 12,
               "space": "dhcp4", "csv-format": true, "data": "h{number}" }} ] }}"#,
            number + 1
        );
        add(db, 1, &text).unwrap();
    }
    let questions = |clients: std::ops::Range<u32>, places: std::ops::Range<u8>| HostQuestions {
        clients: clients.map(|n| client(IdentifierKind::ClientId, &(n + 1).to_be_bytes())).collect(),
        places: places.map(|n| (SubnetId(1), IpAddr::from([10, 0, 0, n]))).collect(),
    };
    for (clients, places, count) in [
        (0..0, 0..0, 0),
        (5..6, 0..0, 1),
        (300..303, 0..0, 0),
        (0..70, 0..0, 70),
        (0..5, 3..90, 90),
        (0..200, 0..200, 200),
    ] {
        let found = wait(db.lookup(questions(clients.clone(), places.clone()))).unwrap();
        assert_eq!(found.len(), count, "{clients:?} {places:?}");
        assert!(found.iter().all(|record| record.reservation.contains_key("option-data")));
    }
}

fn lookups6(db: &dyn HostDatabase) {
    add(db, 1, r#"{ "duid": "01:02:03", "prefixes": [ "3000::/64" ], "ip-addresses": [ "2001:db8::5" ] }"#)
        .unwrap();
    add(db, 2, r#"{ "duid": "01:02:04", "prefixes": [ "3000:1::/64" ] }"#).unwrap();
    let ask = |octets: &[&[u8]], places: &[&str]| {
        let clients = octets.iter().map(|octets| client(IdentifierKind::Duid, octets)).collect();
        let places = places.iter().map(|text| (SubnetId(1), text.parse().unwrap())).collect();
        wait(db.lookup(HostQuestions { clients, places })).unwrap().len()
    };
    assert_eq!(ask(&[&[1, 2, 3]], &[]), 1);
    assert_eq!(ask(&[&[1, 2]], &["2001:db8::5", "2001:db8::6"]), 1);
    assert_eq!(ask(&[&[1, 2, 3]], &["3000:1::", "2001:db8::5"]), 2);
    assert_eq!(ask(&[], &["3000:2::"]), 0);
}

fn families_have_their_own(db: &dyn HostDatabase) {
    add(db, 1, r#"{ "duid": "01:02:03", "ip-addresses": [ "2001:db8::5" ] }"#).unwrap();
    let query = HostQuery::Address("192.0.2.9".parse().unwrap());
    assert!(find(db, None, &query).is_empty());
    assert!(find(db, Some(0), &HostQuery::All).is_empty());
}
