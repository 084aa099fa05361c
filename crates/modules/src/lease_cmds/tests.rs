//! The commands against a store in memory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use config::Dhcp4;
use lease::{Lease4, NoObserver};
use memfile::{Durability, Memfile4, Settings};

use super::*;

struct Fake {
    store: Arc<Memfile4>,
    config: Arc<ServerConfig<Dhcp4>>,
    written: Mutex<Vec<String>>,
    /// DNS updates are on.
    dns: AtomicBool,
    told: Mutex<Vec<String>>,
}

impl Host<Dhcp4> for Fake {
    fn enter(&self) -> Pending<'_, World<'_, Dhcp4>> {
        Box::pin(async {
            World {
                store: Arc::clone(&self.store) as _,
                config: Arc::clone(&self.config),
                now: Timestamp(10_000),
                admit: |_, lease| lease,
                gate: Box::new(()),
            }
        })
    }

    fn write(&self, filename: &str) -> Pending<'_, Result<String, String>> {
        self.written.lock().unwrap().push(filename.to_owned());
        let path = format!("/leases/{filename}");
        Box::pin(async { if path.ends_with('/') { Err("no name".to_owned()) } else { Ok(path) } })
    }

    fn updates_dns(&self) -> bool {
        self.dns.load(Ordering::Relaxed)
    }

    fn tell_dns(&self, _: &ServerConfig<Dhcp4>, change: Change, lease: &Lease4) {
        self.told.lock().unwrap().push(format!("{change:?} {}", lease.address));
    }
}

struct Session {
    table: CommandTable,
    host: Arc<Fake>,
}

impl Session {
    fn new() -> Self {
        let text = r#"{ "Dhcp4": { "valid-lifetime": 4000, "subnet4": [
            { "id": 1, "subnet": "192.168.50.0/24", "pools": [ { "pool": "192.168.50.5-192.168.50.50" } ] },
            { "id": 2, "subnet": "10.0.0.0/24", "valid-lifetime": 222 } ] } }"#;
        let value = json::parse(text, None, json::Limits::default()).unwrap().value;
        let (written, errors) = config::parse4(value);
        assert!(errors.is_empty(), "{errors:?}");
        let config = config::resolve4(Arc::new(written), &config::ResolveEnv::default()).unwrap();
        let settings = Settings { durability: Durability::None, ..Settings::new("") };
        let (store, _) = Memfile4::open(settings, Arc::new(NoObserver), Timestamp(1)).unwrap();
        let host = Arc::new(Fake {
            store,
            config: Arc::new(config),
            written: Mutex::default(),
            dns: AtomicBool::default(),
            told: Mutex::default(),
        });
        let table = CommandTable::new();
        register::<Dhcp4>(&table, Arc::clone(&host) as _).unwrap();
        Self { table, host }
    }

    /// Result and text, and the arguments.
    fn ask(&self, line: &str) -> (String, Value) {
        let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
        let mut command = Command::new(name);
        if !arguments.is_empty() {
            let limits = json::Limits::default();
            command.arguments = Some(json::parse_command(arguments.as_bytes(), limits).unwrap());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut answer = runtime.block_on(self.table.dispatch(command));
        answer.open();
        let text = answer.text.unwrap_or_default();
        (format!("{} {text}", answer.result), answer.arguments.unwrap_or_default())
    }

    fn play(&self, lines: &[(&str, &str)]) {
        for (line, wanted) in lines {
            assert_eq!(self.ask(line).0, *wanted, "{line}");
        }
    }
}

#[test]
fn all_commands_come_and_go() {
    let session = Session::new();
    assert_eq!(session.table.definitions().len(), 14);
    session.table.deregister_provider(PROVIDER);
    assert_eq!(session.ask("lease4-get {}").0, "2 'lease4-get' command not supported.");
}

#[test]
fn adding_checks_everything() {
    Session::new().play(&[
        ("lease4-add", "1 no parameters specified for the command"),
        ("lease4-add []", "1 get(string) called on a non-map Element in (<wire>:1:1)"),
        ("lease4-add {}", "1 missing parameter 'ip-address' (<wire>:1:1)"),
        (
            r#"lease4-add {"ip-address":"192.168.50.5"}"#,
            "1 missing parameter 'hw-address' (<wire>:1:1)",
        ),
        (
            r#"lease4-add {"ip-address":"2001:db8::1","hw-address":"1:2"}"#,
            "1 Non-IPv4 address specified: 2001:db8::1",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.300","hw-address":"1:2"}"#,
            "1 Failed to convert '192.168.50.300' to address: Failed to convert string to address '192.168.50.300': Invalid argument(<wire>:1:15)",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","subnet-id":44}"#,
            "4 Invalid subnet-id: No IPv4 subnet with subnet-id=44 currently configured.",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","subnet-id":2}"#,
            "4 The address 192.168.50.5 does not belong to subnet 10.0.0.0/24, subnet-id=2",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.90.5","hw-address":"1:2"}"#,
            "4 subnet-id not specified and failed to find a subnet for address 192.168.90.5",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","valid-lft":-1}"#,
            "1 out of range value (-1) specified for parameter 'valid-lft' (<wire>:1:61)",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","valid-lft":"a"}"#,
            "1 invalid type specified for parameter 'valid-lft' (<wire>:1:61)",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","valid-lft":10,"expire":-1}"#,
            "1 expiration time must be positive for address 192.168.50.5",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","valid-lft":10,"expire":9}"#,
            "1 expiration time must be greater than valid lifetime for address 192.168.50.5",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","fqdn-fwd":true}"#,
            "1 No hostname specified and either forward or reverse fqdn was set to true.",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","state":8}"#,
            "1 Invalid state value: 8, supported values are: 0 (default), 1 (declined), 2 (expired-reclaimed), 3 (released) and 4 (registered)",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","user-context":"test"}"#,
            "1 Invalid user context '\"test\"' is not a JSON map.",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","user-context":{"comment":"a"},"comment":"c"}"#,
            "1 Duplicated comment entry '\"c\"' in user context '{ \"comment\": \"a\" }'",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2","client-id":""}"#,
            "1 identifier is too short (0), at least 2 is required",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:2"}"#,
            "0 Lease for address 192.168.50.5, subnet-id 1 added.",
        ),
        (
            r#"lease4-add {"ip-address":"192.168.50.5","hw-address":"1:3","subnet-id":1}"#,
            "4 IPv4 lease already exists.",
        ),
    ]);
}

#[test]
fn a_lease_is_shown_as_it_was_added() {
    let session = Session::new();
    session.play(&[(
        r#"lease4-add {"ip-address":"10.0.0.9","hw-address":"1:2","client-id":"aa:bb","valid-lft":70,"expire":9000,"fqdn-fwd":true,"fqdn-rev":true,"hostname":"Host.Example","state":1,"pool-id":7,"user-context":{"a":[1,{"b":2}]},"comment":"c"}"#,
        "0 Lease for address 10.0.0.9, subnet-id 2 added.",
    )]);
    let whole = r#"{"ip-address":"10.0.0.9","hw-address":"01:02","client-id":"aa:bb","valid-lft":70,"cltt":8930,"fqdn-fwd":true,"fqdn-rev":true,"hostname":"host.example","state":1,"pool-id":7,"subnet-id":2,"user-context":{"a":[1,{"b":2}],"comment":"c"}}"#;
    let whole = json::parse_command(whole.as_bytes(), json::Limits::default()).unwrap();
    for line in [
        r#"lease4-get {"ip-address":"10.0.0.9"}"#,
        r#"lease4-get {"subnet-id":2,"identifier-type":"hw-address","identifier":"01:02"}"#,
        r#"lease4-get {"subnet-id":2,"identifier-type":"client-id","identifier":"AABB"}"#,
    ] {
        assert_eq!(session.ask(line), ("0 IPv4 lease found.".to_owned(), whole.clone()), "{line}");
    }
    let list = Value::from([("leases", Value::from(vec![whole]))]);
    for line in [
        "lease4-get-all",
        r#"lease4-get-all {"subnets":[1,2]}"#,
        r#"lease4-get-by-hw-address {"hw-address":"1:2"}"#,
        r#"lease4-get-by-client-id {"client-id":"aabb"}"#,
        r#"lease4-get-by-hostname {"hostname":"HOST.example"}"#,
    ] {
        assert_eq!(session.ask(line), ("0 1 IPv4 lease(s) found.".to_owned(), list.clone()), "{line}");
    }
    session.play(&[(
        r#"lease4-add {"ip-address":"10.0.0.10","hw-address":""}"#,
        "0 Lease for address 10.0.0.10, subnet-id 2 added.",
    )]);
    let small = r#"{"ip-address":"10.0.0.10","hw-address":"","valid-lft":222,"cltt":10000,"fqdn-fwd":false,"fqdn-rev":false,"hostname":"","state":0,"subnet-id":2}"#;
    let small = json::parse_command(small.as_bytes(), json::Limits::default()).unwrap();
    assert_eq!(session.ask(r#"lease4-get {"ip-address":"10.0.0.10"}"#).1, small);
}

#[test]
fn queries_say_what_is_wrong_with_them() {
    Session::new().play(&[
        ("lease4-get", "1 Parameters missing or are not a map."),
        ("lease4-get {}", "1 Mandatory 'subnet-id' parameter missing."),
        (r#"lease4-get {"ip-address":""}"#, "1 Failed to convert string to address '': Invalid argument"),
        (r#"lease4-get {"ip-address":"::1"}"#, "1 Invalid IPv4 address specified: ::1"),
        (r#"lease4-get {"ip-address":"10.0.0.1"}"#, "3 Lease not found."),
        (r#"lease4-get {"subnet-id":"a"}"#, "1 'subnet-id' parameter is not integer."),
        (r#"lease4-get {"subnet-id":-1}"#, "1 'subnet-id' parameter is not a 32 bit unsigned integer."),
        (
            r#"lease4-get {"subnet-id":1}"#,
            "1 No 'ip-address' provided and 'identifier-type' is either missing or not a string.",
        ),
        (
            r#"lease4-get {"subnet-id":1,"identifier-type":"hw-address","identifier":5}"#,
            "1 No 'ip-address' provided and 'identifier' is either missing or not a string.",
        ),
        (
            r#"lease4-get {"subnet-id":1,"identifier-type":"duid","identifier":"1:2:3"}"#,
            "1 Query by duid is not allowed in v4.",
        ),
        (
            r#"lease4-get {"subnet-id":1,"identifier-type":"client-id","identifier":"1"}"#,
            "1 Bad 'client-id' identifier: identifier is too short (1), at least 2 is required",
        ),
        (
            r#"lease4-get {"subnet-id":1,"identifier-type":"odd","identifier":"1"}"#,
            "1 Incorrect identifier type: odd, the only supported values are: hw-address, duid, client-id",
        ),
        ("lease4-get-all", "3 0 IPv4 lease(s) found."),
        ("lease4-get-all {}", "1 'subnets' parameter not specified"),
        (r#"lease4-get-all {"subnets":"x"}"#, "1 'subnets' parameter must be a list"),
        (r#"lease4-get-all {"subnets":["x"]}"#, "1 listed subnet identifiers must be numbers"),
        (r#"lease4-get-all {"subnets":[-1]}"#, "1 out of range subnet identifier -1"),
        ("lease4-get-page", "1 no parameters specified for the lease4-get-page command"),
        ("lease4-get-page {}", "1 'from' parameter not specified"),
        (r#"lease4-get-page {"from":1}"#, "1 'from' parameter must be a string"),
        (
            r#"lease4-get-page {"from":"x"}"#,
            "1 'from' parameter value is neither 'start' keyword nor a valid IPv4 address",
        ),
        (r#"lease4-get-page {"from":"::"}"#, "1 'from' parameter value :: is not an IPv4 address"),
        (r#"lease4-get-page {"from":"start"}"#, "1 'limit' parameter not specified"),
        (r#"lease4-get-page {"from":"start","limit":true}"#, "1 'limit' parameter must be a number"),
        (r#"lease4-get-page {"from":"start","limit":0}"#, "1 'limit' parameter must not be 0."),
        (
            r#"lease4-get-page {"from":"start","limit":4294967299}"#,
            "1 'limit' parameter is not a 32 bit unsigned integer.",
        ),
        (r#"lease4-get-page {"from":"start","limit":4294967295}"#, "3 0 IPv4 lease(s) found."),
        ("lease4-get-by-hw-address", "1 Command arguments missing or a not a map."),
        ("lease4-get-by-hw-address {}", "1 'hw-address' parameter not specified"),
        (r#"lease4-get-by-hw-address {"hw-address":0}"#, "1 'hw-address' parameter must be a string"),
        (r#"lease4-get-by-hw-address {"hw-address":""}"#, "1 'hw-address' parameter must not be empty"),
        (
            r#"lease4-get-by-hw-address {"hw-address":" "}"#,
            "1 bad 'hw-address' parameter: ' ' is not a valid hexadecimal digit in decoded string ' '",
        ),
        (
            r#"lease4-get-by-client-id {"client-id":"xx"}"#,
            "1 bad 'client-id' parameter: 'xx' is not a valid string of hexadecimal digits",
        ),
        (r#"lease4-get-by-hostname {"hostname":""}"#, "1 'hostname' parameter is empty"),
        ("lease4-get-by-state", "1 Command arguments missing or a not a map."),
        (r#"lease4-get-by-state {"state":3.5}"#, "1 'state' parameter must be a number or a string"),
        (r#"lease4-get-by-state {"state":"no"}"#, "1 'state' parameter value (no) is not recognized"),
        (r#"lease4-get-by-state {"state":9}"#, "3 0 IPv4 lease(s) found with state 9."),
        (r#"lease4-get-by-state {"state":-1}"#, "3 0 IPv4 lease(s) found with state 4294967295."),
        (r#"lease4-get-by-state {"state":4294967296}"#, "3 0 IPv4 lease(s) found with state default (0)."),
        (
            r#"lease4-get-by-state {"state":"released","subnet-id":2}"#,
            "3 0 IPv4 lease(s) found with state released (3) in subnet 2.",
        ),
    ]);
}

#[test]
fn pages_follow_one_another() {
    let session = Session::new();
    for last in 1..=5 {
        session.ask(&format!(r#"lease4-add {{"ip-address":"10.0.0.{last}","hw-address":"0:{last}"}}"#));
    }
    let mut from = "start".to_owned();
    let mut seen = Vec::new();
    loop {
        let (text, arguments) = session.ask(&format!(r#"lease4-get-page {{"from":"{from}","limit":2}}"#));
        let page = arguments.get("leases").and_then(Value::as_list).unwrap().to_vec();
        assert_eq!(arguments.get("count"), Some(&Value::from(page.len() as u64)));
        let Some(last) = page.last() else {
            assert_eq!(text, "3 0 IPv4 lease(s) found.");
            break;
        };
        from = last.get("ip-address").and_then(Value::as_str).unwrap().to_owned();
        seen.extend(page);
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(Value::from(seen), *session.ask("lease4-get-all").1.get("leases").unwrap());
}

#[test]
fn updating_deleting_and_wiping() {
    let session = Session::new();
    session.play(&[
        ("lease4-update", "1 no parameters specified for lease4-update command"),
        (
            r#"lease4-update {"ip-address":"10.0.0.1","hw-address":"1:2"}"#,
            "4 failed to update the lease with address 10.0.0.1 either because the lease has been deleted or it has changed in the database, in both cases a retry might succeed",
        ),
        (
            r#"lease4-update {"ip-address":"10.0.0.1","hw-address":"1:2","force-create":5}"#,
            "1 invalid type specified for parameter 'force-create' (<wire>:1:60)",
        ),
        (
            r#"lease4-update {"ip-address":"10.0.0.1","hw-address":"1:2","force-create":true}"#,
            "0 IPv4 lease added.",
        ),
        (
            r#"lease4-update {"ip-address":"10.0.0.1","hw-address":"1:3","state":4}"#,
            "1 DHCPv4 leases do not support registered state",
        ),
        (r#"lease4-update {"ip-address":"10.0.0.1","hw-address":"1:3"}"#, "0 IPv4 lease updated."),
        (r#"lease4-get-by-hw-address {"hw-address":"1:2"}"#, "3 0 IPv4 lease(s) found."),
        (r#"lease4-get-by-hw-address {"hw-address":"1:3"}"#, "0 1 IPv4 lease(s) found."),
        ("lease4-del {}", "1 Mandatory 'subnet-id' parameter missing."),
        (r#"lease4-del {"ip-address":"10.0.0.1","update-ddns":5}"#, "1 'update-ddns' is not a boolean"),
        (
            r#"lease4-del {"subnet-id":1,"identifier-type":"duid","identifier":"1:2:3"}"#,
            "1 Delete by duid is not allowed in v4.",
        ),
        (
            r#"lease4-del {"subnet-id":1,"identifier-type":"hw-address","identifier":"1:3"}"#,
            "3 IPv4 lease not found.",
        ),
        (
            r#"lease4-del {"subnet-id":2,"identifier-type":"hw-address","identifier":"1:3"}"#,
            "0 IPv4 lease deleted.",
        ),
        (r#"lease4-del {"ip-address":"10.0.0.1"}"#, "3 IPv4 lease not found."),
    ]);
    for address in ["10.0.0.1", "10.0.0.2", "192.168.50.9"] {
        session.ask(&format!(r#"lease4-add {{"ip-address":"{address}","hw-address":"1:2"}}"#));
    }
    session.play(&[
        (r#"lease4-wipe {"subnet-id":77}"#, "3 Deleted 0 IPv4 lease(s) from subnet(s) 77"),
        (r#"lease4-wipe {"subnet-id":2}"#, "0 Deleted 2 IPv4 lease(s) from subnet(s) 2"),
        ("lease4-wipe", "0 Deleted 1 IPv4 lease(s) from subnet(s) 1 2"),
        (r#"lease4-wipe {"subnet-id":0}"#, "3 Deleted 0 IPv4 lease(s) from subnet(s) 1 2"),
    ]);
}

#[test]
fn names_and_files() {
    let session = Session::new();
    session.play(&[
        ("lease4-resend-ddns", "1 'ip-address' parameter is missing."),
        (r#"lease4-resend-ddns {"ip-address":5}"#, "1 'ip-address' is not a string."),
        (r#"lease4-resend-ddns {"ip-address":"x"}"#, "1 'x' is not a valid IP address."),
        (r#"lease4-resend-ddns {"ip-address":"::1"}"#, "1 Invalid IPv4 address specified: ::1"),
        (r#"lease4-resend-ddns {"ip-address":"10.0.0.1"}"#, "4 DDNS updating is not enabled"),
        ("lease4-write", "1 no parameters specified for the command"),
        ("lease4-write {}", "1 'filename' parameter not specified"),
        (r#"lease4-write {"filename":0}"#, "1 'filename' parameter must be a string"),
        (r#"lease4-write {"filename":""}"#, "1 no name"),
        (r#"lease4-write {"filename":"a.csv"}"#, "0 IPv4 lease database into '/leases/a.csv'."),
    ]);
    assert_eq!(*session.host.written.lock().unwrap(), ["", "a.csv"]);
    session.host.dns.store(true, Ordering::Relaxed);
    let add = |last: u8, rest: &str| {
        format!(r#"lease4-add {{"ip-address":"10.0.0.{last}","hw-address":"1:2"{rest}}}"#)
    };
    session.play(&[
        (r#"lease4-resend-ddns {"ip-address":"10.0.0.1"}"#, "3 No lease found for: 10.0.0.1"),
        (&add(1, ""), "0 Lease for address 10.0.0.1, subnet-id 2 added."),
        (
            r#"lease4-resend-ddns {"ip-address":"10.0.0.1"}"#,
            "4 Lease for: 10.0.0.1, has no hostname, nothing to update",
        ),
        (&add(2, r#","hostname":"a.b""#), "0 Lease for address 10.0.0.2, subnet-id 2 added."),
        (
            r#"lease4-resend-ddns {"ip-address":"10.0.0.2"}"#,
            "4 Neither forward nor reverse updates enabled for lease for: 10.0.0.2",
        ),
        (&add(3, r#","hostname":"a.b","fqdn-fwd":true"#), "0 Lease for address 10.0.0.3, subnet-id 2 added."),
        (r#"lease4-resend-ddns {"ip-address":"10.0.0.3"}"#, "0 NCR generated for: 10.0.0.3, hostname: a.b"),
        (r#"lease4-del {"ip-address":"10.0.0.2"}"#, "0 IPv4 lease deleted."),
        (r#"lease4-del {"ip-address":"10.0.0.3","update-ddns":true}"#, "0 IPv4 lease deleted."),
    ]);
    assert_eq!(*session.host.told.lock().unwrap(), ["Add 10.0.0.3", "Remove 10.0.0.3"]);
}

#[test]
fn many_leases_look_like_few() {
    let session = Session::new();
    for n in 10..110 {
        let line = format!(
            r#"lease4-add {{"ip-address":"192.168.50.{n}","hw-address":"02:00:00:00:00:{n:02x}","hostname":"a\"b.{n}","user-context":{{"n":{n}}}}}"#
        );
        assert_eq!(session.ask(&line).0, format!("0 Lease for address 192.168.50.{n}, subnet-id 1 added."));
    }
    let page = |from: &str, limit: usize| {
        let (text, value) = session.ask(&format!(r#"lease4-get-page {{"from":"{from}","limit":{limit}}}"#));
        let leases = value.get("leases").and_then(Value::as_list).unwrap().to_vec();
        assert_eq!(text, format!("0 {} IPv4 lease(s) found.", leases.len()));
        assert_eq!(value.get("count").and_then(Value::as_int), i64::try_from(leases.len()).ok());
        leases
    };
    let texts = |leases: &[Value]| leases.iter().map(json::to_string).collect::<Vec<_>>();
    let halves = [page("start", 50), page("192.168.50.59", 50)].concat();
    assert_eq!(texts(&page("start", 1000)), texts(&halves));
    let (text, all) = session.ask("lease4-get-all");
    assert_eq!(text, "0 100 IPv4 lease(s) found.");
    assert_eq!(texts(all.get("leases").and_then(Value::as_list).unwrap()), texts(&halves));
    assert!(all.get("count").is_none());
}
