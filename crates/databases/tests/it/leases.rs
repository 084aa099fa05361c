//! The tests of every lease store, on MariaDB and PostgreSQL, and what happens when several servers share one.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::thread;

use config::{DatabaseAccess, DatabaseTls, OnFail, SyncMode};
use databases::open_leases;
use lease::suite::{Follower, block_on, lease};
use lease::{
    Added, Added6, Among, Bound, Durable, Lease4, Lease6, LeaseObserver4, LeaseObserver6, LeaseState,
    LeaseStore4, LeaseStore6, LeaseType, NoObserver, Updated,
};
use sql::{Access, Leases, Record};
use testdb::{Database, Kind, shared};

/// A database with Kea's tables.
pub(crate) fn tables(kind: Kind) -> Database {
    let database = shared(kind).database();
    let access = Access {
        host: database.host.clone(),
        port: database.port,
        ..Access::local(&database.name, &database.user, &database.password)
    };
    match kind {
        Kind::MariaDb => mysql::schema::SCHEMA.create(&mut mysql::MySql::open(&access).unwrap()).unwrap(),
        Kind::PostgreSql => {
            postgres::schema::SCHEMA.create(&mut postgres::PostgreSql::open(&access).unwrap()).unwrap();
        }
    }
    database
}

pub(crate) fn entry(database: &Database) -> DatabaseAccess {
    DatabaseAccess {
        kind: match database.kind {
            Kind::MariaDb => "mysql".into(),
            Kind::PostgreSql => "postgresql".into(),
        },
        name: database.name.clone(),
        host: database.host.clone(),
        port: database.port,
        user: database.user.clone(),
        password: database.password.clone(),
        persist: true,
        sync: SyncMode::Os,
        lfc_interval: 0,
        max_row_errors: 0,
        on_fail: OnFail::StopRetryExit,
        max_reconnect_tries: 0,
        reconnect_wait_time: 0,
        retry_on_startup: false,
        read_only: false,
        connect_timeout: 0,
        answer_timeout: 0,
        tls: DatabaseTls::default(),
    }
}

fn open<R: Record>(database: &Database, observer: Arc<R::Observer>) -> Arc<Leases<R>> {
    let leases = open_leases::<R>(&entry(database), Arc::default()).unwrap();
    leases.observed_by(observer);
    Arc::new(leases)
}

macro_rules! suites {
    ($name:ident, $kind:ident) => {
        mod $name {
            use super::*;

            static DATABASE: LazyLock<Database> = LazyLock::new(|| tables(Kind::$kind));

            mod v4 {
                use super::*;

                async fn empty(observer: Arc<dyn LeaseObserver4>) -> Arc<dyn LeaseStore4> {
                    LeaseStore4::wipe(&*open::<Lease4>(&DATABASE, Arc::new(NoObserver)), None).await.unwrap();
                    open::<Lease4>(&DATABASE, observer)
                }

                lease::lease4_suite!(together: empty, block_on);
            }

            mod v6 {
                use super::*;

                async fn empty(observer: Arc<dyn LeaseObserver6>) -> Arc<dyn LeaseStore6> {
                    LeaseStore6::wipe(&*open::<Lease6>(&DATABASE, Arc::new(NoObserver)), None).await.unwrap();
                    open::<Lease6>(&DATABASE, observer)
                }

                lease::lease6_suite!(together: empty, block_on);
            }

            #[test]
            fn servers_share_a_pool() {
                super::servers_share_a_pool(Kind::$kind);
            }

            #[test]
            fn what_is_there_is_looked_at() {
                super::what_is_there_is_looked_at(Kind::$kind);
            }

            #[test]
            fn bounds_hold_among_servers() {
                super::bounds_hold_among_servers(Kind::$kind);
            }

            #[test]
            fn bounds_are_of_a_kind() {
                super::bounds_are_of_a_kind(Kind::$kind);
            }

            #[test]
            fn leases_that_do_not_fit_are_refused_alone() {
                super::leases_that_do_not_fit_are_refused_alone(Kind::$kind);
            }
        }
    };
}

suites!(mariadb, MariaDb);
suites!(postgresql, PostgreSql);

/// Four servers want the same addresses at the same time, change them and give them back: each change has one winner.
fn servers_share_a_pool(kind: Kind) {
    let database = tables(kind);
    let won: Vec<u32> = thread::scope(|scope| {
        let servers: Vec<_> = (0..4u8)
            .map(|number| {
                let database = &database;
                scope.spawn(move || {
                    let store = open::<Lease4>(database, Arc::new(NoObserver));
                    let mut won = Vec::new();
                    for round in 0..3 {
                        for host in 0..40u8 {
                            let mine = Lease4 {
                                hostname: format!("server-{number}").into(),
                                ..lease([192, 0, 2, host].into())
                            };
                            match block_on(LeaseStore4::add(&*store, mine.clone())).unwrap() {
                                Added::Yes => won.push(u32::from(host) + round * 256),
                                Added::Exists(row) => assert_ne!(row.hostname, mine.hostname),
                            }
                        }
                        // All give back what anybody has; one of them does.
                        for host in 0..40u8 {
                            let address = [192, 0, 2, host].into();
                            if let Some(row) = block_on(LeaseStore4::by_address(&*store, address)).unwrap()
                                && row.hostname.as_ref() == format!("server-{number}")
                            {
                                assert_eq!(block_on(store.delete(&row)).unwrap(), Updated::Yes);
                            }
                        }
                    }
                    won
                })
            })
            .collect();
        servers.into_iter().flat_map(|server| server.join().unwrap()).collect()
    });
    assert!(won.len() >= 40, "{won:?}");
    let store = open::<Lease4>(&database, Arc::new(NoObserver));
    assert_eq!(block_on(LeaseStore4::page(&*store, None, 100)).unwrap(), []);
    let counts = block_on(store.counts(base::SubnetId(0), base::SubnetId(u32::MAX))).unwrap();
    assert!(counts.iter().all(|counted| counted.leases == 0), "{counts:?}");
    let distinct: BTreeSet<_> = won.iter().collect();
    assert!(!distinct.is_empty());
}

/// A server that begins learns of all rows; counts are those of the triggers.
fn what_is_there_is_looked_at(kind: Kind) {
    let database = tables(kind);
    let other = open::<Lease4>(&database, Arc::new(NoObserver));
    for host in 0..9 {
        let state = if host < 2 { LeaseState::Declined } else { LeaseState::Default };
        let lease = Lease4 { state, ..lease([10, 0, 0, host].into()) };
        assert_eq!(block_on(LeaseStore4::add(&*other, lease)).unwrap(), Added::Yes);
    }
    // A row that is no lease, as by hand.
    let server = shared(kind);
    server.sql(&database.name, "INSERT INTO lease4 (address, subnet_id) VALUES (7, 5)");
    server.sql(
        &database.name,
        "UPDATE lease4 SET hwaddr = NULL, hostname = NULL, user_context = '' WHERE address = 7",
    );
    let follower = Arc::new(Follower::default());
    let store = open::<Lease4>(&database, Arc::clone(&follower) as _);
    block_on(store.probe()).unwrap();
    block_on(store.load()).unwrap();
    block_on(store.load()).unwrap();
    assert_eq!(follower.rows().len(), 10);
    // A row that is none neither ends a page nor shortens it, not even where there are more of them than it has room.
    server.sql(&database.name, "INSERT INTO lease_state (state, name) VALUES (99, 'of a later version')");
    server.sql(
        &database.name,
        "INSERT INTO lease4 (address, subnet_id, state) VALUES (8, 5, 99), (9, 5, 99), (11, 5, 99)",
    );
    for limit in [1, 2, 9, 10, 11] {
        let page = block_on(LeaseStore4::page(&*store, Some([0, 0, 0, 7].into()), limit)).unwrap();
        assert_eq!(page.len(), limit.min(9), "of {limit}");
        assert_eq!(page.first().map(|lease| lease.address), Some([10, 0, 0, 0].into()));
    }
    let counts = block_on(store.counts(base::SubnetId(1), base::SubnetId(1))).unwrap();
    let of = |state| counts.iter().filter(|c| c.state == state).map(|c| c.leases).sum::<u64>();
    assert_eq!((of(LeaseState::Default), of(LeaseState::Declined)), (7, 2));
    assert!(counts.iter().all(|counted| counted.lease_type == LeaseType::Na));
}

/// What columns can not hold is refused, and what came at the same time is stored.
fn leases_that_do_not_fit_are_refused_alone(kind: Kind) {
    let database = tables(kind);
    let store = open::<Lease4>(&database, Arc::new(NoObserver));
    let long = Lease4 { hostname: "x".repeat(300).into(), ..lease([10, 0, 0, 1].into()) };
    let fine = lease([10, 0, 0, 2].into());
    let (refused, stored) = (LeaseStore4::add(&*store, long), LeaseStore4::add(&*store, fine));
    assert!(block_on(refused).unwrap_err().to_string().contains("longer than 255 octets"));
    assert_eq!(block_on(stored).unwrap(), Added::Yes);
    assert_eq!(store.status().failures, 1, "a lease that could not be stored is no secret");
}

const GOLD: &str = r#"{"ISC":{"client-classes":["ALL","gold"]}}"#;

/// A lease of a client of the class `gold`.
fn gold(host: u8) -> Lease4 {
    Lease4 { user_context: Some(GOLD.into()), ..lease([10, 0, 1, host].into()) }
}

fn bound(lease_type: LeaseType, among: Among, most: u32) -> Bound {
    Bound { lease_type, among, most }
}

/// Four servers add leases at the same time, each several together: there are as many as there may be, and no more.
fn bounds_hold_among_servers(kind: Kind) {
    let database = tables(kind);
    let bounds = [
        bound(LeaseType::Na, Among::Class("gold".into()), 7),
        bound(LeaseType::Na, Among::Subnet(base::SubnetId(1)), 29),
    ];
    let added: Vec<Lease4> = thread::scope(|scope| {
        let server = |number: u8| {
            let (database, bounds) = (&database, &bounds);
            move || {
                let store = open::<Lease4>(database, Arc::new(NoObserver));
                let mut added = Vec::new();
                for round in 0..4 {
                    // Half of them are of no class, and bounded by their subnet alone.
                    let wishes: Vec<(Lease4, &[Bound])> = (0..5)
                        .map(|place| number * 64 + round * 16 + place)
                        .map(|host| match host % 2 {
                            0 => (gold(host), &bounds[..]),
                            _ => (lease([10, 0, 1, host].into()), &bounds[1..]),
                        })
                        .collect();
                    let answers: Vec<_> = wishes
                        .iter()
                        .map(|(lease, bounds)| LeaseStore4::add_within(&*store, lease.clone(), bounds))
                        .collect();
                    for ((lease, bounds), answer) in wishes.iter().zip(answers) {
                        match block_on(answer).unwrap() {
                            Ok(outcome) => {
                                assert_eq!(outcome, Added::Yes);
                                added.push(lease.clone());
                            }
                            Err(exceeded) => assert!(bounds.contains(&exceeded.bound), "{exceeded}"),
                        }
                    }
                }
                added
            }
        };
        let servers: Vec<_> = (0..4).map(|number| scope.spawn(server(number))).collect();
        servers.into_iter().flat_map(|server| server.join().unwrap()).collect()
    });
    let of_gold = |leases: &[Lease4]| leases.iter().filter(|lease| lease.user_context.is_some()).count();
    // 80 wanted one, 48 of them of the class.
    assert_eq!((of_gold(&added), added.len()), (7, 29));
    let store = open::<Lease4>(&database, Arc::new(NoObserver));
    assert_eq!(block_on(store.held(&bounds)).unwrap(), [7, 29]);
    assert_eq!(block_on(LeaseStore4::page(&*store, None, 100)).unwrap().len(), 29);
    // Who gives one back makes room for one, also for who takes over what another had.
    let (gone, kept) = (added.iter().find(|lease| lease.user_context.is_some()).unwrap(), gold(250));
    let full = block_on(LeaseStore4::add_within(&*store, kept.clone(), &bounds)).unwrap().unwrap_err();
    assert_eq!(full.to_string(), "address limit 7 for client class \"gold\", current lease count 7");
    let (given_back, taken) = (store.delete(gone), LeaseStore4::add_within(&*store, kept.clone(), &bounds));
    assert_eq!(block_on(given_back).unwrap(), Updated::Yes);
    assert_eq!(block_on(taken).unwrap(), Ok(Added::Yes));
    let renewed = Lease4 { cltt: base::Timestamp(kept.cltt.0 + 10), ..kept.clone() };
    assert_eq!(block_on(store.update_within(renewed, &kept, &bounds)).unwrap(), Ok(Updated::Yes));
    let other = added.iter().find(|lease| lease.user_context.is_none()).unwrap();
    let joining = Lease4 { user_context: Some(GOLD.into()), ..other.clone() };
    let refused = block_on(store.update_within(joining, other, &bounds)).unwrap();
    assert_eq!(refused, Err(full));
    assert_eq!(block_on(store.held(&bounds)).unwrap(), [7, 29]);
}

/// Addresses and prefixes are counted apart, in the database of Kea as by its own function.
fn bounds_are_of_a_kind(kind: Kind) {
    let database = tables(kind);
    let store = open::<Lease6>(&database, Arc::new(NoObserver));
    let of = |last: u16, lease_type| Lease6 {
        lease_type,
        prefix_length: if lease_type == LeaseType::Pd { 64 } else { 128 },
        user_context: Some(GOLD.into()),
        ..lease::suite6::lease([0x2001, 0xdb8, 0, last, 0, 0, 0, 0].into())
    };
    let add = |last, lease_type| {
        let bounds = [
            bound(lease_type, Among::Class("gold".into()), 1),
            bound(lease_type, Among::Subnet(base::SubnetId(1)), 3),
        ];
        block_on(LeaseStore6::add_within(&*store, of(last, lease_type), &bounds)).unwrap()
    };
    assert_eq!(add(1, LeaseType::Na), Ok(Added6::Yes));
    assert_eq!(add(2, LeaseType::Pd), Ok(Added6::Yes));
    let prefixes = add(3, LeaseType::Pd).unwrap_err().to_string();
    assert_eq!(prefixes, "prefix limit 1 for client class \"gold\", current lease count 1");
    assert!(matches!(add(1, LeaseType::Na), Ok(Added6::Exists(_))));
    let asked = r#"{"ISC":{"limits":{"client-classes":[{"name":"gold","prefix-limit":1}]}}}"#;
    let kea = shared(kind).sql(&database.name, &format!("SELECT checkLease6Limits('{asked}')"));
    assert_eq!(kea.trim(), prefixes);
    // What is declined is nobody's.
    let declined = Lease6 { state: LeaseState::Declined, ..of(1, LeaseType::Na) };
    assert_eq!(block_on(store.update(declined, &of(1, LeaseType::Na))).unwrap(), Updated::Yes);
    assert_eq!(add(4, LeaseType::Na), Ok(Added6::Yes));
}
