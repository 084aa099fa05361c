use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use base::{HwAddr, Seconds};
use engine::Announcement;
use testkit::{Packet4, Packet6, World4, World6};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
const SUBNET: &str = r#""subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.10 - 192.0.2.19" } ]"#;
const HOOKS: &str = r#""hooks-libraries": [ { "library": "libdhcp_run_script.so",
    "parameters": { "name": "script.sh" } } ]"#;

/// The variables of the next announcement, which is of this hook point.
#[track_caller]
fn told(announcement: Option<Announcement>, point: &str) -> BTreeMap<String, String> {
    let announcement = announcement.unwrap_or_else(|| panic!("nothing is told of {point}"));
    assert_eq!(announcement.point, point);
    announcement.variables.into_iter().map(|(name, value)| (name.into_owned(), value)).collect()
}

#[track_caller]
fn has(variables: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(variables.get(*name).map(String::as_str), Some(*value), "{name} of {variables:#?}");
    }
}

fn world4() -> World4 {
    let config = testkit::config4(&format!(
        r#"{{ "valid-lifetime": 600, "subnet4": [ {{ "id": 7, {SUBNET} }} ], {HOOKS} }}"#
    ));
    World4::new(config.unwrap(), vec![SERVER]).unwrap()
}

fn arrival4() -> engine::v4::Arrival {
    engine::v4::Arrival {
        interface: "eth0".into(),
        interface_address: SERVER,
        local: Ipv4Addr::BROADCAST,
        remote: Ipv4Addr::UNSPECIFIED,
        local_port: 67,
        remote_port: 68,
        received: None,
        over6: None,
    }
}

#[test]
fn leases_of_dhcp4() {
    let (world, hw_addr) = (world4(), HwAddr::parse("08:00:2b:00:00:0a").unwrap());
    let send = |packet: Packet4| world.send(&packet.build(), &arrival4()).unwrap();
    send(Packet4::discover(&hw_addr));
    assert_eq!(world.next_announcement(), None);

    let request = || Packet4::request_selecting(&hw_addr, SERVER, ADDRESS).option(61, &[1, 2, 3]);
    send(request().option(82, &[1, 2, b'a', b'b', 2, 1, 7]));
    let variables = told(world.next_announcement(), "leases4_committed");
    has(
        &variables,
        &[
            ("QUERY4_TYPE", "DHCPREQUEST"),
            ("QUERY4_LOCAL_ADDR", "255.255.255.255"),
            ("QUERY4_LOCAL_PORT", "67"),
            ("QUERY4_REMOTE_ADDR", "0.0.0.0"),
            ("QUERY4_REMOTE_PORT", "68"),
            ("QUERY4_IFACE_NAME", "eth0"),
            ("QUERY4_RELAYED", "false"),
            ("QUERY4_HWADDR", "08:00:2b:00:00:0a"),
            ("QUERY4_HWADDR_TYPE", "1"),
            ("QUERY4_LOCAL_HWADDR", "ff:ff:ff:ff:ff:ff"),
            ("QUERY4_OPTION_82", "0x01026162020107"),
            ("QUERY4_OPTION_82_SUB_OPTION_1", "0x6162"),
            ("QUERY4_OPTION_82_SUB_OPTION_2", "0x07"),
            ("LEASES4_SIZE", "1"),
            ("LEASES4_AT0_ADDRESS", "192.0.2.10"),
            ("LEASES4_AT0_CLTT", "1767225600"),
            ("LEASES4_AT0_STATE", "default"),
            ("LEASES4_AT0_SUBNET_ID", "7"),
            ("LEASES4_AT0_VALID_LIFETIME", "600"),
            ("LEASES4_AT0_CLIENT_ID", "01:02:03"),
            ("DELETED_LEASES4_SIZE", "0"),
        ],
    );
    assert_eq!(world.next_announcement(), None);

    world.clock.advance(Seconds(200));
    send(request());
    let variables = told(world.next_announcement(), "lease4_renew");
    has(
        &variables,
        &[
            ("SUBNET4_ID", "7"),
            ("SUBNET4_NAME", "192.0.2.0/24"),
            ("SUBNET4_PREFIX", "192.0.2.0"),
            ("SUBNET4_PREFIX_LEN", "24"),
            ("PKT4_CLIENT_ID", "01:02:03"),
            ("PKT4_HWADDR", "08:00:2b:00:00:0a"),
            ("LEASE4_CLTT", "1767225800"),
        ],
    );
    has(&told(world.next_announcement(), "leases4_committed"), &[("LEASES4_SIZE", "1")]);

    send(Packet4::release(&hw_addr, SERVER, ADDRESS).option(61, &[1, 2, 3]));
    has(&told(world.next_announcement(), "lease4_release"), &[("LEASE4_ADDRESS", "192.0.2.10")]);
    let variables = told(world.next_announcement(), "leases4_committed");
    has(&variables, &[("LEASES4_SIZE", "0"), ("DELETED_LEASES4_AT0_ADDRESS", "192.0.2.10")]);

    send(request());
    told(world.next_announcement(), "leases4_committed");
    send(Packet4::decline(&hw_addr, SERVER, ADDRESS).option(61, &[1, 2, 3]));
    has(&told(world.next_announcement(), "lease4_decline"), &[("LEASE4_STATE", "default")]);
    told(world.next_announcement(), "leases4_committed");
    world.clock.advance(Seconds(86_500));
    world.reclaim().unwrap();
    let expired = [("LEASE4_STATE", "declined"), ("REMOVE_LEASE", "true")];
    has(&told(world.next_announcement(), "lease4_expire"), &expired);
    has(&told(world.next_announcement(), "lease4_recover"), &[("LEASE4_ADDRESS", "192.0.2.10")]);

    send(request());
    told(world.next_announcement(), "leases4_committed");
    world.clock.advance(Seconds(601));
    world.reclaim().unwrap();
    has(&told(world.next_announcement(), "lease4_expire"), &[("REMOVE_LEASE", "false")]);
    assert_eq!(world.next_announcement(), None);
}

#[test]
fn leases_of_dhcp6() {
    let config = testkit::config6(&format!(
        r#"{{ "preferred-lifetime": 300, "valid-lifetime": 600, "subnet6": [ {{ "id": 7,
            "subnet": "2001:db8:1::/64", "interface": "eth0",
            "pools": [ {{ "pool": "2001:db8:1::10 - 2001:db8:1::1f" }} ] }} ], {HOOKS} }}"#
    ));
    let world = World6::new(config.unwrap()).unwrap();
    let arrival = engine::v6::Arrival {
        interface: "eth0".into(),
        local: "ff02::1:2".parse().unwrap(),
        remote: "fe80::1".parse().unwrap(),
        local_port: 547,
        remote_port: 546,
        received: None,
    };
    let duid = [0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0a];
    let address: Ipv6Addr = "2001:db8:1::11".parse().unwrap();
    let server = world.server_id.octets().to_vec();
    let send = |kind: u8, held: Option<Ipv6Addr>, server: Option<&[u8]>| {
        let mut association = [[0, 0, 0, 5], [0; 4], [0; 4]].concat();
        if let Some(held) = held {
            association.extend([0, 5, 0, 24]);
            association.extend(held.octets());
            association.extend([0; 8]);
        }
        let mut packet = Packet6::new(kind, &duid).option(3, &association);
        if let Some(server) = server {
            packet = packet.option(2, server);
        }
        world.send(&packet.build(), &arrival).unwrap();
    };
    let (new, held) = (None, Some(address));
    send(1, new, None);
    assert_eq!(world.next_announcement(), None);
    send(3, new, Some(&server));
    has(
        &told(world.next_announcement(), "leases6_committed"),
        &[
            ("QUERY6_TYPE", "REQUEST"),
            ("QUERY6_LOCAL_PORT", "0"),
            ("QUERY6_REMOTE_ADDR", "fe80::1"),
            ("QUERY6_PROTO", "UDP"),
            ("QUERY6_CLIENT_ID", "00:03:00:01:02:00:00:00:00:0a"),
            ("LEASES6_SIZE", "1"),
            ("LEASES6_AT0_ADDRESS", "2001:db8:1::11"),
            ("LEASES6_AT0_DUID", "00:03:00:01:02:00:00:00:00:0a"),
            ("LEASES6_AT0_IAID", "5"),
            ("LEASES6_AT0_PREFERRED_LIFETIME", "300"),
            ("LEASES6_AT0_PREFIX_LEN", "128"),
            ("LEASES6_AT0_TYPE", "IA_NA"),
            ("DELETED_LEASES6_SIZE", "0"),
        ],
    );
    send(5, held, Some(&server));
    let association = [("PKT6_IA_IAID", "5"), ("PKT6_IA_IA_TYPE", "3"), ("PKT6_IA_IA_T1", "0")];
    has(&told(world.next_announcement(), "lease6_renew"), &association);
    // Young enough to be answered as it stands.
    has(&told(world.next_announcement(), "leases6_committed"), &[("LEASES6_SIZE", "0")]);
    send(6, held, None);
    told(world.next_announcement(), "lease6_rebind");
    told(world.next_announcement(), "leases6_committed");
    send(8, held, Some(&server));
    has(&told(world.next_announcement(), "lease6_release"), &[("LEASE6_STATE", "default")]);
    let ended = [("LEASES6_SIZE", "0"), ("DELETED_LEASES6_SIZE", "1")];
    has(&told(world.next_announcement(), "leases6_committed"), &ended);
    send(3, new, Some(&server));
    told(world.next_announcement(), "leases6_committed");
    world.clock.advance(Seconds(601));
    world.reclaim().unwrap();
    has(&told(world.next_announcement(), "lease6_expire"), &[("LEASE6_STATE", "default")]);
    assert_eq!(world.next_announcement(), None);
}

#[test]
fn parameters() {
    let load = |text: &str| {
        let value = json::parse_command(text.as_bytes(), json::Limits::default()).unwrap();
        super::Settings::load(value.as_map().unwrap())
    };
    let settings = load(r#"{ "name": "x.sh", "sync": false }"#).unwrap();
    assert_eq!((settings.script.to_str(), settings.sync), (Some("x.sh"), false));
    for (text, fault) in [
        ("{ }", "The 'name' parameter of libdhcp_run_script is mandatory"),
        (r#"{ "name": 1 }"#, "The 'name' parameter must be a string"),
        (r#"{ "name": "x", "sync": 1 }"#, "The 'sync' parameter must be a boolean"),
        (r#"{ "name": "x", "y": 1 }"#, "'y' is no parameter of libdhcp_run_script"),
    ] {
        let faults = load(text).unwrap_err();
        assert!(faults.iter().any(|there| there.starts_with(fault)), "{text}: {faults:?}");
    }
}
