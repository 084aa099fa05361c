//! The schema against the facts of Kea's.

use std::convert::Infallible;

use backend::schema::Connection;
use mysql::schema::SCHEMA;
use testdb::{Kind, difference, shared};

/// Takes statements down, to be run by the database's own client.
#[derive(Default)]
struct Script(String);

impl Connection for Script {
    type Error = Infallible;

    fn run(&mut self, statement: &str) -> Result<(), Infallible> {
        self.0.push_str(statement);
        self.0.push_str("\n;;\n");
        Ok(())
    }

    fn row(&mut self, _: &str) -> Result<Option<(i64, i64)>, Infallible> {
        Ok(None)
    }

    fn is_done(_: &Infallible) -> bool {
        false
    }
}

#[test]
fn a_new_database_is_as_keas() {
    let server = shared(Kind::MariaDb);
    let database = server.database();
    let mut script = Script("DELIMITER ;;\n".to_owned());
    SCHEMA.create(&mut script).unwrap();
    server.sql(&database.name, &script.0);

    let kea: Vec<String> = include_str!("kea-35.0.tsv").lines().map(str::to_owned).collect();
    let ours = server.structure(&database.name);
    assert!(kea.len() > 1000);
    assert_eq!(difference(&kea, &ours), Vec::<String>::new());
    assert_eq!(SCHEMA.current().to_string(), "35.0");
}
