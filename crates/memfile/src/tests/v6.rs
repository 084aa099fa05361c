//! The store of DHCPv6 leases: the suite, files of every age, crashes, and Kea's own programs.

use std::fs;
use std::future::{Ready, ready};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{Duid, Random, Seconds, Timestamp, XorShift};
use lease::suite::block_on;
use lease::suite6::{Follower, lease, random_lease};
use lease::{
    Added6, Durable, Lease6, LeaseObserver6, LeaseState, LeaseStore6, LeaseType, StoreError, Updated,
};
use tempfile::TempDir;

use crate::sim::{Fault, SimStorage};
use crate::{Durability, LoadReport, Memfile6, Runner, Settings, read_leases6};

const HEADER: &str = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,\
                      fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n";
const NOW: Timestamp = Timestamp(1_700_001_000);

fn open(durability: Durability, observer: Arc<dyn LeaseObserver6>) -> Ready<Arc<dyn LeaseStore6>> {
    let dir = TempDir::new().unwrap();
    let settings = Settings { durability, ..Settings::new(dir.path().join("leases6.csv")) };
    ready(Memfile6::open(settings, observer, Timestamp(0)).unwrap().0)
}

mod fsync {
    use super::*;
    lease::lease6_suite!(|observer| open(Durability::Fsync, observer), block_on);
}

mod memory {
    use super::*;
    lease::lease6_suite!(|observer| open(Durability::None, observer), block_on);
}

fn at(last: u16) -> Lease6 {
    lease(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last))
}

fn prefix(number: u16) -> Lease6 {
    Lease6 {
        lease_type: LeaseType::Pd,
        prefix_length: 48,
        ..lease(std::net::Ipv6Addr::new(0x2001, 0xdb8, number, 0, 0, 0, 0, 0))
    }
}

fn open_file(path: &Path) -> Result<(Arc<Memfile6>, LoadReport, Arc<Follower>), StoreError> {
    let follower = Arc::new(Follower::default());
    let observer = Arc::clone(&follower) as Arc<dyn LeaseObserver6>;
    let settings = Settings { lfc_interval: Seconds(0), ..Settings::new(path) };
    let (store, report) = Memfile6::open(settings, observer, NOW)?;
    Ok((store, report, follower))
}

fn all(store: &dyn LeaseStore6) -> Vec<Lease6> {
    block_on(store.page(None, usize::MAX)).unwrap().iter().map(|lease| (**lease).clone()).collect()
}

fn add(store: &dyn LeaseStore6, lease: Lease6) {
    let mark = store.mark();
    assert_eq!(block_on(store.add(lease)).unwrap(), Added6::Yes);
    block_on(store.commit(mark)).unwrap();
}

#[test]
fn leases_outlive_the_store_and_its_cleanup() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("l6.csv");
    let (store, _, follower) = open_file(&path).unwrap();
    for number in 1..=4 {
        add(&*store, at(number));
        add(&*store, prefix(number));
    }
    let row = block_on(store.by_address(at(2).address)).unwrap().unwrap();
    assert_eq!(block_on(store.delete(&row)).unwrap(), Updated::Yes);
    let declined = Lease6 { state: LeaseState::Declined, duid: Duid::empty(), ..at(3) };
    assert_eq!(block_on(store.update(declined.clone(), &at(3))).unwrap(), Updated::Yes);
    let expected = [at(1), declined, at(4), prefix(1), prefix(2), prefix(3), prefix(4)];
    assert_eq!(all(&*store), expected);
    assert_eq!(block_on(store.by_duid(&Duid::empty())).unwrap(), [], "no client has the empty DUID");
    block_on(store.commit(store.mark())).unwrap();
    let stats = store.clean_up().unwrap();
    assert_eq!((stats.leases, stats.errors), (7, 0));
    add(&*store, at(9));
    drop(store);
    let (again, report, _) = open_file(&path).unwrap();
    assert_eq!((report.error_count, report.leases, report.conversion), (0, 8, false));
    assert_eq!(all(&*again), follower.rows());
    again.write_to(&dir.path().join("copy")).unwrap();
    let (read, errors) = read_leases6(&fs::read(dir.path().join("copy")).unwrap()).unwrap();
    assert_eq!((read.len(), errors), (8, 0));
}

#[test]
fn leases_that_would_not_be_read_again_are_refused() {
    let dir = TempDir::new().unwrap();
    let (store, _, _) = open_file(&dir.path().join("l6.csv")).unwrap();
    for lease in [Lease6 { duid: Duid::empty(), ..at(1) }, Lease6 { prefix_length: 64, ..at(1) }] {
        assert!(matches!(block_on(store.add(lease)), Err(StoreError::Failed(_))));
    }
    assert!(store.is_empty());
}

#[test]
fn files_of_every_age_are_read_and_converted() {
    let row = "2001:db8::5,00:03:00:01:02,100,1700000200,7,50,0,9,128,1,0,h";
    for (columns, more) in
        [(12, ""), (13, ",01:02"), (14, ",01:02,1"), (15, ",01:02,1,{}"), (17, ",01:02,1,{},6,8")]
    {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("l6.csv");
        let header: Vec<&str> = HEADER.trim_end().split(',').take(columns).collect();
        fs::write(&path, format!("{}\n{row}{more}\n", header.join(","))).unwrap();
        let (store, report, _) = open_file(&path).unwrap();
        assert_eq!((report.leases, report.error_count, report.conversion), (1, 0, true), "{columns}");
        let lease = all(&*store).remove(0);
        assert_eq!(
            (lease.cltt, lease.hostname.as_ref(), lease.fqdn_fwd),
            (Timestamp(1_700_000_100), "h", true)
        );
        let (htype, source) = if columns == 17 { (6, 8) } else { (1, 0) };
        assert_eq!(
            lease.hw_addr.map(|address| address.htype()),
            (columns > 12).then_some(htype),
            "{columns}"
        );
        assert_eq!(lease.hw_addr_source.0, source);
        assert_eq!(lease.state, if columns > 13 { LeaseState::Declined } else { LeaseState::Default });
        let begin = Instant::now();
        while store.status().lfc_runs == 0 || store.status().lfc_running {
            assert!(begin.elapsed() < Duration::from_secs(20), "the conversion");
            std::thread::sleep(Duration::from_millis(5));
        }
        add(&*store, at(1));
        let rows = all(&*store);
        drop(store);
        let (again, report, _) = open_file(&path).unwrap();
        assert_eq!((all(&*again), report.conversion), (rows, false), "{columns}");
        assert!(fs::read_to_string(&path).unwrap().starts_with(HEADER));
    }
}

/// Whatever operation the power is cut at, what was committed is loaded again; of the last change, which got no
/// answer, either state is right.
#[test]
fn power_cuts_keep_what_was_committed() {
    let path = Path::new("/l6.csv");
    for seed in 1..=60 {
        let storage = SimStorage::new(seed);
        let mut random = XorShift::new(seed + 1000);
        let (mut before, mut after): (Vec<Lease6>, Vec<Lease6>) = Default::default();
        for _ in 0..4 {
            let settings = Settings { lfc_interval: Seconds(0), ..Settings::new(path) };
            let disk = Arc::new(storage.clone());
            let (store, _) =
                Memfile6::open_on(disk, settings, Arc::new(lease::NoObserver), NOW, Runner::Caller).unwrap();
            let found = all(&*store);
            assert!(found == before || found == after, "seed {seed}");
            before = found;
            storage.plan(Some(Fault::PowerCut { at: 1 + random.below(150) }));
            for step in 0..60 {
                let mark = store.mark();
                let lease = random_lease(&mut random);
                let done = match block_on(store.by_address(lease.address)).unwrap() {
                    None => block_on(store.add(lease)).map(|_| ()),
                    Some(row) if step % 3 == 0 => block_on(store.delete(&row)).map(|_| ()),
                    Some(row) => {
                        let (lease_type, prefix_length) = (row.lease_type, row.prefix_length);
                        block_on(store.update(Lease6 { lease_type, prefix_length, ..lease }, &row))
                            .map(|_| ())
                    }
                };
                after = all(&*store);
                let committed = block_on(store.commit(mark));
                if storage.is_off() || done.is_err() {
                    break;
                }
                committed.unwrap();
                before.clone_from(&after);
                if step % 13 == 12 {
                    drop(store.clean_up());
                }
            }
            drop(store);
            storage.power_cycle();
        }
    }
}

/// Kea's server loads our file without a complaint and finds every lease; what it writes we read.
#[test]
fn keas_server_takes_our_files() {
    let (server, library) =
        (Path::new("/usr/sbin/kea-dhcp6"), "/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_lease_cmds.so");
    if !server.exists() || !Path::new(library).exists() {
        eprintln!("not compared: Kea is not installed");
        return;
    }
    let dir = TempDir::new().unwrap();
    let [path, config, log, socket] =
        ["l6.csv", "kea.conf", "kea.log", "s"].map(|name| dir.path().join(name));
    let (store, _, _) = open_file(&path).unwrap();
    let mut random = XorShift::new(9);
    for number in 1..40 {
        // That version knows no registered leases, and prints no pools.
        let mut lease = random_lease(&mut random);
        lease.address = if lease.lease_type == LeaseType::Pd { prefix(number) } else { at(number) }.address;
        if lease.state == LeaseState::Registered {
            lease.state = LeaseState::Declined;
        }
        lease.pool_id = base::PoolId(0);
        add(&*store, lease);
    }
    for number in [3, 7, 9] {
        for address in [at(number).address, prefix(number).address] {
            if let Some(row) = block_on(store.by_address(address)).unwrap() {
                assert_eq!(block_on(store.delete(&row)).unwrap(), Updated::Yes);
            }
        }
    }
    drop(store);
    let (store, report, _) = open_file(&path).unwrap();
    assert_eq!(report.error_count, 0);
    let rows = all(&*store);
    drop(store);

    let text = format!(
        r#"{{ "Dhcp6": {{ "interfaces-config": {{ "interfaces": [] }},
            "control-socket": {{ "socket-type": "unix", "socket-name": "{}" }},
            "lease-database": {{ "type": "memfile", "name": "{}", "lfc-interval": 0 }},
            "expired-leases-processing": {{ "reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0 }},
            "server-id": {{ "type": "EN", "enterprise-id": 9, "identifier": "0102", "persist": false }},
            "hooks-libraries": [ {{ "library": "{library}" }} ],
            "subnet6": [ {{ "id": 1, "subnet": "2001:db8::/64" }}, {{ "id": 2, "subnet": "2001:db8:0:2::/64" }},
                         {{ "id": 3, "subnet": "2001:db8:0:3::/64" }} ],
            "loggers": [ {{ "name": "kea-dhcp6", "severity": "INFO",
                            "output_options": [ {{ "output": "{}" }} ] }} ] }} }}"#,
        socket.display(),
        path.display(),
        log.display()
    );
    fs::write(&config, text).unwrap();
    let mut kea = std::process::Command::new(server)
        .env("KEA_LOCKFILE_DIR", "none")
        .env("KEA_PIDFILE_DIR", dir.path())
        .env("KEA_CONTROL_SOCKET_DIR", dir.path())
        .arg("-c")
        .arg(&config)
        .args(["-p", "40547"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !socket.exists() && kea.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < Duration::from_secs(20), "Kea's start");
        std::thread::sleep(Duration::from_millis(5));
    }
    let ask = |command: &str| {
        use std::io::{Read, Write};
        let Ok(mut stream) = std::os::unix::net::UnixStream::connect(&socket) else {
            panic!("{}", fs::read_to_string(&log).unwrap_or_default());
        };
        stream.write_all(command.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask(r#"{ "command": "lease6-get-all" }"#);
    let added = ask(
        r#"{ "command": "lease6-add", "arguments": { "ip-address": "2001:db8::fa", "duid": "00:03:00:01:02:03",
            "iaid": 77, "subnet-id": 1, "hostname": "from-kea", "user-context": { "a": "b,c" },
            "hw-address": "02:00:00:00:00:01", "expire": 1700003600, "valid-lft": 3600, "preferred-lft": 1800 } }"#,
    );
    let pid = nix::unistd::Pid::from_raw(i32::try_from(kea.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    kea.wait().unwrap();
    let log = fs::read_to_string(log).unwrap();
    assert!(added.contains("\"result\": 0"), "{added}");
    assert!(!log.contains("ROW_ERROR"), "{log}");

    let parsed = json::parse_command(answer.as_bytes(), json::Limits::default()).unwrap();
    let theirs = parsed.get("arguments").unwrap().get("leases").unwrap().as_list().unwrap();
    let mut theirs: Vec<_> = theirs
        .iter()
        .map(|lease| {
            let text =
                |name: &str| lease.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            let number = |name: &str| lease.get(name).and_then(|value| value.as_int()).unwrap_or_default();
            let address: std::net::Ipv6Addr = text("ip-address").parse().unwrap();
            let numbers = ["iaid", "cltt", "valid-lft", "preferred-lft", "subnet-id", "state"].map(number);
            (address, text("type"), text("duid"), text("hw-address"), text("hostname"), numbers)
        })
        .collect();
    theirs.sort();
    let ours: Vec<_> = rows
        .iter()
        .map(|lease| {
            let numbers = [
                i64::from(lease.iaid.0),
                i64::try_from(lease.cltt.0).unwrap(),
                i64::from(lease.valid_lifetime.0),
                i64::from(lease.preferred_lifetime.0),
                i64::from(lease.subnet_id.0),
                i64::from(lease.state.code()),
            ];
            let hw_addr = lease.hw_addr.map_or(String::new(), |address| address.to_string());
            (
                lease.address,
                lease.lease_type.name().to_owned(),
                lease.duid.to_string(),
                hw_addr,
                lease.hostname.to_lowercase(),
                numbers,
            )
        })
        .collect();
    assert_eq!(ours, theirs.into_iter().map(lower_names).collect::<Vec<_>>());

    let (store, report, _) = open_file(&path).unwrap();
    assert_eq!(report.error_count, 0);
    assert_eq!(store.len(), rows.len() + 1);
    let lease = block_on(store.by_address("2001:db8::fa".parse().unwrap())).unwrap().unwrap();
    assert_eq!((lease.hostname.as_ref(), lease.iaid.0, lease.expires().0), ("from-kea", 77, 1_700_003_600));
    assert_eq!(lease.user_context.as_deref(), Some("{ \"a\": \"b,c\" }"));
    assert_eq!(lease.hw_addr.map(|address| address.to_string()).as_deref(), Some("02:00:00:00:00:01"));
}

type Shown = (std::net::Ipv6Addr, String, String, String, String, [i64; 6]);

fn lower_names((address, kind, duid, hw_addr, hostname, numbers): Shown) -> Shown {
    (address, kind, duid, hw_addr, hostname.to_lowercase(), numbers)
}
