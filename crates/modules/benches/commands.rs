//! Writing one subnet while 10,000 are stored, with checks for 100 servers that have parameters of their own.
//! `cargo bench -p modules`

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use backend::suite::{apply, server, subnet, tag};
use backend::{Change, ConfigBackend, Identity};
use base::{Family, ServerTag, Timestamp};
use config::{Dhcp4, Written4};
use control::{Command, CommandTable};
use modules::cb_cmds::{Host, register};

struct Server(Arc<dyn ConfigBackend>);

impl Host<Dhcp4> for Server {
    fn backends(&self) -> Vec<Arc<dyn ConfigBackend>> {
        vec![Arc::clone(&self.0)]
    }

    fn tag(&self) -> ServerTag {
        tag("s1")
    }

    fn file(&self) -> Option<Arc<Written4>> {
        Some(Arc::default())
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000)
    }

    fn changed(&self, _: &Identity) {}
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let database = Arc::new(sqlite::open(directory.path().join("kea.sqlite"), Family::V4));
    for n in 1..=100 {
        let name = format!("s{n}");
        let own = Change::SetGlobal {
            tag: tag(&name),
            name: "valid-lifetime".into(),
            value: i64::from(1000 + n).into(),
        };
        apply(database.as_ref(), [server(&name), own]).unwrap();
    }
    let table = CommandTable::new();
    register::<Dhcp4>(&table, Arc::new(Server(Arc::clone(&database) as Arc<dyn ConfigBackend>))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let set = |id: u32, tied: &str| {
        let (a, b) = (id >> 8, id & 255);
        let text = format!(
            r#"{{"server-tags": ["{tied}"], "subnets": [{{"id": {id}, "subnet": "10.{a}.{b}.0/24", "shared-network-name": null,
                "pools": [{{"pool": "10.{a}.{b}.10-10.{a}.{b}.200"}}], "option-data": [{{"name": "routers", "data": "10.{a}.{b}.1"}}]}}]}}"#
        );
        let arguments = json::parse_command(text.as_bytes(), json::Limits::default()).unwrap();
        let answer =
            runtime.block_on(table.dispatch(Command::new("remote-subnet4-set").with_arguments(arguments)));
        assert!(answer.is_ok(), "{answer:?}");
    };
    for stored in [0, 10_000] {
        if stored > 0 {
            let all = (1001..=stored)
                .map(|id| subnet(&["s1"], id, &format!("10.{}.{}.0/24", id >> 8, id & 255), None, ""));
            apply(database.as_ref(), all).unwrap();
        }
        for tied in ["s1", "all"] {
            let start = Instant::now();
            for id in 1..=300 {
                set(id, tied);
            }
            let took = start.elapsed();
            println!("{stored:>6} stored, 300 set for {tied:<4} {:>10.1} ms", took.as_secs_f64() * 1e3);
            assert!(took < Duration::from_secs(60));
        }
    }
}
