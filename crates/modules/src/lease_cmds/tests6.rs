//! The commands of DHCPv6 against a store in memory: where they differ from those of DHCPv4.

use config::Dhcp6;
use lease::{Lease6, NoObserver};
use memfile::{Durability, Memfile6, Settings};

use super::*;

struct Fake {
    store: Arc<Memfile6>,
    config: Arc<ServerConfig<Dhcp6>>,
}

impl Host<Dhcp6> for Fake {
    fn enter(&self) -> Pending<'_, World<'_, Dhcp6>> {
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
        let path = format!("/leases/{filename}");
        Box::pin(async { Ok(path) })
    }

    fn updates_dns(&self) -> bool {
        false
    }

    fn tell_dns(&self, _: &ServerConfig<Dhcp6>, _: Change, _: &Lease6) {}
}

/// A table of commands with two subnets behind it.
fn table() -> CommandTable {
    let text = r#"{ "Dhcp6": { "valid-lifetime": 4000, "preferred-lifetime": 3000, "subnet6": [
        { "id": 1, "subnet": "2001:db8:1::/64", "pools": [ { "pool": "2001:db8:1::1-2001:db8:1::50" } ],
          "pd-pools": [ { "prefix": "3000::", "prefix-len": 48, "delegated-len": 64 } ] },
        { "id": 2, "subnet": "2001:db8:2::/64" } ] } }"#;
    let value = json::parse(text, None, json::Limits::default()).unwrap().value;
    let (written, errors) = config::parse6(value);
    assert!(errors.is_empty(), "{errors:?}");
    let config = config::resolve6(Arc::new(written), &config::ResolveEnv::default()).unwrap();
    let settings = Settings { durability: Durability::None, ..Settings::new("") };
    let (store, _) = Memfile6::open(settings, Arc::new(NoObserver), Timestamp(1)).unwrap();
    let table = CommandTable::new();
    register::<Dhcp6>(&table, Arc::new(Fake { store, config: Arc::new(config) })).unwrap();
    table
}

/// Result and text, and the arguments.
fn ask(table: &CommandTable, line: &str) -> (String, String) {
    let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
    let mut command = Command::new(name);
    if !arguments.is_empty() {
        let limits = json::Limits::default();
        command.arguments = Some(json::parse_command(arguments.as_bytes(), limits).unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(table.dispatch(command));
    let text = answer.text.unwrap_or_default();
    (
        format!("{} {text}", answer.result),
        answer.arguments.map(|arguments| json::to_string(&arguments)).unwrap_or_default(),
    )
}

fn play(table: &CommandTable, lines: &[(&str, &str)]) {
    for (line, wanted) in lines {
        assert_eq!(ask(table, line).0, *wanted, "{line}");
    }
}

const DUID: &str = r#""duid":"1a:1b:1c:1d:1e:1f:20:21:22:23:24","iaid":7"#;

fn add(address: &str, rest: &str) -> String {
    format!(r#"lease6-add {{"ip-address":"{address}",{DUID}{rest}}}"#)
}

#[test]
fn adding_checks_everything() {
    play(
        &table(),
        &[
            ("lease6-add", "1 no parameters specified for the command"),
            ("lease6-add {}", "1 missing parameter 'ip-address' (<wire>:1:1)"),
            (r#"lease6-add {"ip-address":"2001:db8:1::1"}"#, "1 missing parameter 'duid' (<wire>:1:1)"),
            (
                r#"lease6-add {"ip-address":"2001:db8:1::1","duid":"1:2:3"}"#,
                "1 missing parameter 'iaid' (<wire>:1:1)",
            ),
            (&add("192.0.2.1", ""), "1 Non-IPv6 address specified: 192.0.2.1"),
            (
                &add("2001:db8:1::1", r#","type":"IA_TA""#),
                "1 Incorrect lease type: IA_TA, the only supported values are: IA_NA and IA_PD",
            ),
            (
                &add("3000::", r#","type":"IA_PD","prefix-len":64"#),
                "1 Subnet-id is 0 or not specified. This is allowed for address leases only, not prefix leases.",
            ),
            (
                &add("2001:db8:9::1", ""),
                "4 subnet-id not specified and failed to find a subnet for address 2001:db8:9::1",
            ),
            (
                &add("2001:db8:1::1", r#","subnet-id":2"#),
                "4 The address 2001:db8:1::1 does not belong to subnet 2001:db8:2::/64, subnet-id=2",
            ),
            (
                &add("2001:db8:1::1", r#","subnet-id":9"#),
                "4 Invalid subnet-id: No IPv6 subnet with subnet-id=9 currently configured.",
            ),
            (
                &add("3000:0:0:1::", r#","type":"IA_PD","prefix-len":64,"subnet-id":1,"state":1"#),
                "1 Invalid declined state for PD prefix.",
            ),
            (&add("2001:db8:1::1", ""), "0 Lease for address 2001:db8:1::1, subnet-id 1 added."),
            (&add("2001:db8:1::1", ""), "4 IPv6 lease already exists."),
            (
                &add("3000:0:0:1::", r#","type":"IA_PD","prefix-len":64,"subnet-id":1"#),
                "0 Lease for prefix 3000:0:0:1::/64, subnet-id 1 added.",
            ),
        ],
    );
}

#[test]
fn leases_are_found_and_shown() {
    let table = table();
    let lines = [
        add("2001:db8:1::2", r#","hw-address":"1:2","preferred-lft":5,"valid-lft":6,"hostname":"A.b""#),
        add("3000:0:0:1::", r#","type":"IA_PD","prefix-len":64,"subnet-id":1"#),
    ];
    for line in &lines {
        assert!(ask(&table, line).0.starts_with("0 "), "{line}");
    }
    let na = r#"{ "cltt": 10000, "duid": "1a:1b:1c:1d:1e:1f:20:21:22:23:24", "fqdn-fwd": false, "fqdn-rev": false, "hostname": "a.b", "hw-address": "01:02", "iaid": 7, "ip-address": "2001:db8:1::2", "preferred-lft": 5, "state": 0, "subnet-id": 1, "type": "IA_NA", "valid-lft": 6 }"#;
    let pd = r#"{ "cltt": 10000, "duid": "1a:1b:1c:1d:1e:1f:20:21:22:23:24", "fqdn-fwd": false, "fqdn-rev": false, "hostname": "", "iaid": 7, "ip-address": "3000:0:0:1::", "preferred-lft": 4000, "prefix-len": 64, "state": 0, "subnet-id": 1, "type": "IA_PD", "valid-lft": 4000 }"#;
    let by = r#""identifier-type":"duid","identifier":"1a1b1c1d1e1f2021222324","iaid":7,"subnet-id":1"#;
    for (line, wanted) in [
        (r#"lease6-get {"ip-address":"2001:db8:1::2"}"#.to_owned(), na),
        (format!("lease6-get {{{by}}}"), na),
        (format!(r#"lease6-get {{{by},"type":"IA_PD"}}"#), pd),
        (r#"lease6-get {"ip-address":"3000:0:0:1::","type":"IA_PD"}"#.to_owned(), pd),
    ] {
        assert_eq!(ask(&table, &line), ("0 IPv6 lease found.".to_owned(), wanted.to_owned()), "{line}");
    }
    play(
        &table,
        &[
            (r#"lease6-get {"ip-address":"3000:0:0:1::"}"#, "3 Lease not found."),
            (r#"lease6-get {"ip-address":"10.0.0.1"}"#, "1 Invalid IPv6 address specified: 10.0.0.1"),
            (
                r#"lease6-get {"subnet-id":1,"identifier-type":"hw-address","identifier":"1:2"}"#,
                "1 Query by hw-address is not allowed in v6.",
            ),
            (r#"lease6-get {"subnet-id":1,"iaid":"x"}"#, "1 'iaid' parameter is not integer."),
            ("lease6-get-all", "0 2 IPv6 lease(s) found."),
            (r#"lease6-get-all {"subnets":[2]}"#, "3 0 IPv6 lease(s) found."),
            (r#"lease6-get-page {"from":"start","limit":1}"#, "0 1 IPv6 lease(s) found."),
            (r#"lease6-get-page {"from":"3000:0:0:1::","limit":1}"#, "3 0 IPv6 lease(s) found."),
            (
                r#"lease6-get-page {"from":"10.0.0.1","limit":1}"#,
                "1 'from' parameter value 10.0.0.1 is not an IPv6 address",
            ),
            (r#"lease6-get-by-duid {"duid":"1a1b1c1d1e1f2021222324"}"#, "0 2 IPv6 lease(s) found."),
            (r#"lease6-get-by-hw-address {"hw-address":"01:02"}"#, "0 1 IPv6 lease(s) found."),
            (r#"lease6-get-by-hostname {"hostname":"a.B"}"#, "0 1 IPv6 lease(s) found."),
            (
                r#"lease6-get-by-state {"state":"assigned","subnet-id":1}"#,
                "0 2 IPv6 lease(s) found with state default (0) in subnet 1.",
            ),
            (r#"lease6-resend-ddns {"ip-address":"2001:db8:1::2"}"#, "4 DDNS updating is not enabled"),
            (r#"lease6-write {"filename":"x"}"#, "0 IPv6 lease database into '/leases/x'."),
        ],
    );
}

#[test]
fn updating_deleting_and_wiping() {
    let table = table();
    let update = |rest: &str| format!(r#"lease6-update {{"ip-address":"2001:db8:1::1",{DUID}{rest}}}"#);
    play(
        &table,
        &[
            ("lease6-update", "1 no parameters specified for lease6-update command"),
            (
                &update(""),
                "4 failed to update the lease with address 2001:db8:1::1 either because the lease has been deleted or it has changed in the database, in both cases a retry might succeed",
            ),
            (&update(r#","force-create":true"#), "0 IPv6 lease added."),
            (&update(r#","state":4"#), "0 IPv6 lease updated."),
            (
                r#"lease6-del {"subnet-id":1,"identifier-type":"hw-address","identifier":"1:2"}"#,
                "1 Delete by hw-address is not allowed in v6.",
            ),
            (r#"lease6-del {"ip-address":"2001:db8:1::2"}"#, "3 IPv6 lease not found."),
            (r#"lease6-del {"ip-address":"2001:db8:1::1"}"#, "0 IPv6 lease deleted."),
            (&add("2001:db8:2::1", ""), "0 Lease for address 2001:db8:2::1, subnet-id 2 added."),
            (r#"lease6-wipe {"subnet-id":1}"#, "3 Deleted 0 IPv6 lease(s) from subnet(s) 1"),
            ("lease6-wipe", "0 Deleted 1 IPv6 lease(s) from subnet(s) 1 2"),
        ],
    );
}

#[test]
fn many_changes_with_one_command() {
    let table = table();
    play(
        &table,
        &[
            ("lease6-bulk-apply", "1 Command arguments missing or a not a map."),
            ("lease6-bulk-apply {}", "1 neither 'deleted-leases' nor 'leases' parameter specified"),
            (r#"lease6-bulk-apply {"leases":5}"#, "1 the 'leases' parameter must be a list"),
            (r#"lease6-bulk-apply {"leases":[]}"#, "3 Bulk apply of 0 IPv6 leases completed."),
        ],
    );
    let lease = |last: u32, rest: &str| format!(r#"{{"ip-address":"2001:db8:1::{last}",{DUID}{rest}}}"#);
    // What is wrong in one of them changes nothing.
    let line = format!(r#"lease6-bulk-apply {{"leases":[{},{}]}}"#, lease(1, ""), lease(2, r#","state":9"#));
    assert!(ask(&table, &line).0.starts_with("1 Invalid state value: 9"));
    assert_eq!(ask(&table, "lease6-get-all").0, "3 0 IPv6 lease(s) found.");
    let line = format!(r#"lease6-bulk-apply {{"leases":[{},{}]}}"#, lease(1, ""), lease(2, ""));
    assert_eq!(ask(&table, &line).0, "0 Bulk apply of 2 IPv6 leases completed.");
    let line = format!(
        r#"lease6-bulk-apply {{"deleted-leases":[{{"ip-address":"2001:db8:1::1"}},{{"ip-address":"2001:db8:1::9"}}],"leases":[{}]}}"#,
        lease(2, r#","hostname":"new""#)
    );
    assert_eq!(
        ask(&table, &line),
        (
            "0 Bulk apply of 2 IPv6 leases completed.".to_owned(),
            r#"{ "failed-deleted-leases": [ { "error-message": "lease not found", "ip-address": "2001:db8:1::9", "result": 3, "type": "IA_NA" } ] }"#.to_owned()
        )
    );
    assert_eq!(ask(&table, r#"lease6-get-by-hostname {"hostname":"new"}"#).0, "0 1 IPv6 lease(s) found.");
}
