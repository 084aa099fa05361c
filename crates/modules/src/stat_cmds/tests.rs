use std::net::{Ipv4Addr, Ipv6Addr};

use base::{Duid, Iaid, PoolId, Seconds, Timestamp};
use config::{Dhcp4, Dhcp6};
use lease::{HwAddrSource, Lease4, Lease6, LeaseStore4, LeaseStore6, NoObserver};
use memfile::{Durability, Memfile4, Memfile6, Settings};

use super::*;

struct Fake(Arc<ServerConfig<Dhcp4>>, Arc<Memfile4>);

fn lease(subnet: u32, last: u8, state: LeaseState) -> Lease4 {
    Lease4 {
        address: Ipv4Addr::from(0x0a00_0000 | subnet << 8 | u32::from(last)),
        hw_addr: None,
        client_id: None,
        subnet_id: SubnetId(subnet),
        pool_id: PoolId(0),
        cltt: Timestamp(1),
        valid_lifetime: Seconds(10),
        state,
        hostname: "".into(),
        fqdn_fwd: false,
        fqdn_rev: false,
        user_context: None,
    }
}

impl Host<Dhcp4> for Fake {
    fn config(&self) -> Arc<ServerConfig<Dhcp4>> {
        Arc::clone(&self.0)
    }

    fn store(&self) -> Arc<dyn LeaseStore4> {
        Arc::clone(&self.1) as _
    }

    fn statistic(&self, subnet: SubnetId, name: &str) -> i128 {
        match name {
            "total-addresses" => i128::from(subnet.0) * 100,
            "cumulative-assigned-addresses" => 9,
            _ => panic!("{name}"),
        }
    }

    fn now(&self) -> Micros {
        Micros(1_795_471_870_298_360)
    }
}

fn ask(text: &str) -> Answer {
    let config = r#"{ "Dhcp4": { "subnet4": [ { "id": 7, "subnet": "10.0.7.0/24" },
        { "id": 1, "subnet": "10.0.1.0/24" }, { "id": 2, "subnet": "10.0.2.0/24" } ] } }"#;
    let value = json::parse(config, None, json::Limits::default()).unwrap().value;
    let config = config::resolve4(Arc::new(config::parse4(value).0), &config::ResolveEnv::default()).unwrap();
    let arguments =
        (!text.is_empty()).then(|| json::parse_command(text.as_bytes(), json::Limits::default()).unwrap());
    let settings = Settings { durability: Durability::None, ..Settings::new("") };
    let (store, _) = Memfile4::open(settings, Arc::new(NoObserver), Timestamp(1)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for (subnet, last, state) in [
            (1, 1, LeaseState::Default),
            (1, 2, LeaseState::Declined),
            (1, 3, LeaseState::Default),
            (1, 4, LeaseState::Released),
            (2, 1, LeaseState::ExpiredReclaimed),
            (7, 1, LeaseState::Default),
            (9, 1, LeaseState::Default),
        ] {
            store.add(lease(subnet, last, state)).await.unwrap();
        }
        run(&Fake(Arc::new(config), store), arguments.as_ref()).await.unwrap_or_else(Into::into)
    })
}

#[test]
fn the_table_has_a_row_for_each_subnet() {
    let answer = ask("");
    assert_eq!(answer.text.as_deref(), Some("stat-lease4-get[all subnets]: 3 rows found"));
    let wanted = r#"{"result-set":{"timestamp":"2026-11-23 22:11:10.298360",
        "columns":["subnet-id","total-addresses","cumulative-assigned-addresses","assigned-addresses","declined-addresses"],
        "rows":[[1,100,9,3,1],[2,200,9,0,0],[7,700,9,1,0]]}}"#;
    let wanted = json::parse_command(wanted.as_bytes(), json::Limits::default()).unwrap();
    assert_eq!(answer.arguments, Some(wanted));
}

#[test]
fn subnets_are_chosen_by_id_and_range() {
    for (arguments, wanted) in [
        ("{}", "0 stat-lease4-get[all subnets]: 3 rows found"),
        (r#"{"subnet-id":2}"#, "0 stat-lease4-get[subnet-id=2]: 1 rows found"),
        (
            r#"{"subnet-range":{"first-subnet-id":2,"last-subnet-id":7}}"#,
            "0 stat-lease4-get[subnets 2 through 7]: 2 rows found",
        ),
        (
            r#"{"subnet-id":99}"#,
            "3 stat-lease4-get[subnet-id=99]: no matching data, subnet-id: 99 does not exist",
        ),
        (
            r#"{"subnet-range":{"first-subnet-id":70,"last-subnet-id":77}}"#,
            "3 stat-lease4-get[subnets 70 through 77]: no matching data, selected ID range: 70 through 77 includes no known subnets",
        ),
        ("[]", "1 'arguments' parameter is not a map"),
        (r#"{"subnet-id":"a"}"#, "1 'subnet-id' parameter is not integer"),
        (r#"{"subnet-id":0}"#, "1 'subnet-id' parameter must be > 0"),
        (r#"{"subnet-id":1,"subnet-range":{}}"#, "1 cannot specify both subnet-id and subnet-range"),
        (r#"{"subnet-range":5}"#, "1 subnet-range parameter is not a map"),
        (r#"{"subnet-range":{}}"#, "1 'first-subnet-id' parameter missing or not an integer"),
        (r#"{"subnet-range":{"first-subnet-id":-1}}"#, "1 'first-subnet-id' parameter must be > 0"),
        (
            r#"{"subnet-range":{"first-subnet-id":1,"last-subnet-id":"a"}}"#,
            "1 'last-subnet-id' parameter missing or not an integer",
        ),
        (
            r#"{"subnet-range":{"first-subnet-id":2,"last-subnet-id":1}}"#,
            "1 'last-subnet-id' must be greater than 'first-subnet-id'",
        ),
    ] {
        let answer = ask(arguments);
        assert_eq!(format!("{} {}", answer.result, answer.text.unwrap()), wanted, "{arguments}");
    }
}

#[test]
fn the_calendar() {
    for (seconds, wanted) in [
        (0, "1970-01-01 00:00:00.000000"),
        (951_782_399, "2000-02-28 23:59:59.000000"),
        (951_782_400, "2000-02-29 00:00:00.000000"),
        (951_868_800, "2000-03-01 00:00:00.000000"),
        (4_107_542_400, "2100-03-01 00:00:00.000000"),
    ] {
        assert_eq!(utc(Micros(seconds * 1_000_000)), wanted);
    }
}

struct Fake6(Arc<ServerConfig<Dhcp6>>, Arc<Memfile6>);

impl Host<Dhcp6> for Fake6 {
    fn config(&self) -> Arc<ServerConfig<Dhcp6>> {
        Arc::clone(&self.0)
    }

    fn store(&self) -> Arc<dyn LeaseStore6> {
        Arc::clone(&self.1) as _
    }

    fn statistic(&self, _: SubnetId, name: &str) -> i128 {
        match name {
            // More addresses than 64 bits count.
            "total-nas" => 1 << 64,
            "total-pds" => 16,
            _ => 3,
        }
    }

    fn now(&self) -> Micros {
        Micros(0)
    }
}

#[test]
fn prefixes_have_columns_of_their_own() {
    let config = r#"{ "Dhcp6": { "subnet6": [ { "id": 1, "subnet": "2001:db8::/64" } ] } }"#;
    let value = json::parse(config, None, json::Limits::default()).unwrap().value;
    let config = config::resolve6(Arc::new(config::parse6(value).0), &config::ResolveEnv::default()).unwrap();
    let settings = Settings { durability: Durability::None, ..Settings::new("") };
    let (store, _) = Memfile6::open(settings, Arc::new(NoObserver), Timestamp(1)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(async {
        for (number, lease_type, state) in [
            (1, LeaseType::Na, LeaseState::Default),
            (2, LeaseType::Na, LeaseState::Declined),
            (3, LeaseType::Na, LeaseState::Registered),
            (4, LeaseType::Pd, LeaseState::Default),
            (5, LeaseType::Pd, LeaseState::Default),
        ] {
            let base = if lease_type == LeaseType::Na { 0x2001_0db8 << 96 } else { 0x3000 << 112 };
            store
                .add(Lease6 {
                    lease_type,
                    address: Ipv6Addr::from(base | number << 64),
                    prefix_length: if lease_type == LeaseType::Na { 128 } else { 64 },
                    duid: Duid::new(&[0, 1, 2, 3]).unwrap(),
                    iaid: Iaid(1),
                    subnet_id: SubnetId(1),
                    pool_id: PoolId(0),
                    cltt: Timestamp(1),
                    preferred_lifetime: Seconds(5),
                    valid_lifetime: Seconds(10),
                    state,
                    hw_addr: None,
                    hw_addr_source: HwAddrSource::UNKNOWN,
                    hostname: "".into(),
                    fqdn_fwd: false,
                    fqdn_rev: false,
                    user_context: None,
                })
                .await
                .unwrap();
        }
        run(&Fake6(Arc::new(config), store), None).await.unwrap_or_else(Into::into)
    });
    assert_eq!(answer.text.as_deref(), Some("stat-lease6-get[all subnets]: 1 rows found"));
    assert_eq!(
        json::to_string(&answer.arguments.unwrap()),
        r#"{ "result-set": { "columns": [ "subnet-id", "total-nas", "cumulative-assigned-nas", "assigned-nas", "declined-addresses", "total-pds", "cumulative-assigned-pds", "assigned-pds" ], "rows": [ [ 1, 18446744073709551616, 3, 2, 1, 16, 3, 2 ] ], "timestamp": "1970-01-01 00:00:00.000000" } }"#
    );
}
