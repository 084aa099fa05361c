//! Servers start, survive their end, and forget nothing that was committed.

#![allow(clippy::unwrap_used)]

use testdb::{Kind, Options, Server};

fn comes_and_goes(kind: Kind) {
    let server = Server::start(kind, Options::default());
    let database = server.database();
    server.sql(&database.name, "CREATE TABLE t (a INT, b VARCHAR(9)); INSERT INTO t VALUES (1, 'x');");
    server.stop();
    server.run();
    assert_eq!(server.sql(&database.name, "SELECT a, b FROM t"), "1\tx\n");
    server.kill();
    server.run();
    server.pause();
    server.resume();
    assert_ne!(server.database().name, database.name);
}

#[test]
fn mariadb() {
    comes_and_goes(Kind::MariaDb);
}

#[test]
fn postgresql() {
    comes_and_goes(Kind::PostgreSql);
}
