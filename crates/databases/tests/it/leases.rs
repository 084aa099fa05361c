//! The tests of every lease store, on MariaDB and PostgreSQL, and what happens when several servers share one.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::thread;

use config::{DatabaseAccess, DatabaseTls, OnFail, SyncMode};
use databases::open_leases;
use lease::suite::{Follower, block_on, lease};
use lease::{
    Added, Lease4, Lease6, LeaseObserver4, LeaseObserver6, LeaseState, LeaseStore4, LeaseStore6, LeaseType,
    NoObserver, Updated,
};
use sql::{Access, Leases, Record};
use testdb::{Database, Kind, shared};

/// A database with Kea's tables.
fn tables(kind: Kind) -> Database {
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

fn entry(database: &Database) -> DatabaseAccess {
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
