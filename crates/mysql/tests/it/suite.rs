//! The tests of every configuration backend, on MariaDB.

use std::time::Duration;

use backend::suite;
use base::Family;
use mysql::MySql;
use mysql::schema::SCHEMA;
use sql::{Access, Hosts, Tls};
use testdb::{Database, Kind, shared};

fn access(database: &Database) -> Access {
    Access {
        host: database.host.clone(),
        port: database.port,
        name: database.name.clone(),
        user: database.user.clone(),
        password: database.password.clone(),
        connect_timeout: Duration::from_secs(10),
        statement_timeout: Duration::from_secs(60),
        tls: Tls::default(),
    }
}

#[test]
fn backend_suite() {
    let server = shared(Kind::MariaDb);
    let database = server.database();
    let access = access(&database);
    SCHEMA.create(&mut MySql::open(&access).unwrap()).unwrap();
    suite::run(&mut |family| {
        server.empty(&database.name);
        let open = || Box::new(mysql::open(access.clone(), family));
        (open(), open())
    });
}

#[test]
fn suite_of_hosts() {
    let server = shared(Kind::MariaDb);
    let database = server.database();
    let access = access(&database);
    SCHEMA.create(&mut MySql::open(&access).unwrap()).unwrap();
    suite::run_hosts(&mut |family| {
        server.empty(&database.name);
        Box::new(Hosts::new(mysql::open(access.clone(), family), false))
    });
}

#[test]
fn tables_of_others_are_left_alone() {
    let database = shared(Kind::MariaDb).database();
    let error = suite::wait(backend::ConfigBackend::servers(&mysql::open(access(&database), Family::V4)));
    assert!(error.unwrap_err().to_string().contains("no tables of a configuration database"));
}
