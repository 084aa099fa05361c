//! The schema against the facts of Kea's.

use std::convert::Infallible;

use backend::schema::Connection;
use postgres::schema::SCHEMA;
use testdb::{Kind, difference, shared};

/// Takes statements down, to be run by the database's own client.
#[derive(Default)]
struct Script(String);

impl Connection for Script {
    type Error = Infallible;

    fn run(&mut self, statement: &str) -> Result<(), Infallible> {
        self.0.push_str(statement);
        self.0.push_str(";\n");
        Ok(())
    }

    fn row(&mut self, _: &str) -> Result<Option<(i64, i64)>, Infallible> {
        Ok(None)
    }

    fn is_done(_: &Infallible) -> bool {
        false
    }
}

/// Where we differ on purpose: functions that nothing in Kea's schema calls are left out; a trigger sits on the table
/// that it is named after; pools of prefixes take their options along as other pools do.
const DIFFERENCES: &[&str] = &[
    "- routine\tfunc_dhcp4_shared_network_adel\t\ttrigger",
    "- routine\tfunc_dhcp6_shared_network_adel\t\ttrigger",
    "- routine\thextobin\tdigit smallint\tsmallint",
    "- routine\tproc_stat_lease4_delete\t\ttrigger",
    "- routine\tproc_stat_lease4_insert\t\ttrigger",
    "- routine\tproc_stat_lease4_update\t\ttrigger",
    "- routine\tproc_stat_lease6_delete\t\ttrigger",
    "- routine\tproc_stat_lease6_insert\t\ttrigger",
    "- routine\tproc_stat_lease6_update\t\ttrigger",
    "- routine\ttexttojsonlist\torig text\ttext",
    "+ trigger\tdhcp6_pd_pool\tCREATE TRIGGER dhcp6_pd_pool_bdel BEFORE DELETE ON public.dhcp6_pd_pool FOR EACH ROW \
     EXECUTE FUNCTION func_dhcp6_pd_pool_bdel()",
    "- trigger\tdhcp6_server\tCREATE TRIGGER dhcp6_subnet_modification_ts_update AFTER UPDATE ON public.dhcp6_server \
     FOR EACH ROW EXECUTE FUNCTION modification_ts_update()",
    "+ trigger\tdhcp6_subnet\tCREATE TRIGGER dhcp6_subnet_modification_ts_update AFTER UPDATE ON public.dhcp6_subnet \
     FOR EACH ROW EXECUTE FUNCTION modification_ts_update()",
];

#[test]
fn a_new_database_is_as_keas() {
    let server = shared(Kind::PostgreSql);
    let database = server.database();
    let mut script = Script::default();
    SCHEMA.create(&mut script).unwrap();
    server.sql(&database.name, &script.0);

    let kea: Vec<String> = include_str!("kea-34.0.tsv").lines().map(str::to_owned).collect();
    let ours = server.structure(&database.name);
    assert!(kea.len() > 1000);
    assert_eq!(difference(&kea, &ours), DIFFERENCES);
    assert_eq!(SCHEMA.current().to_string(), "34.0");
}
