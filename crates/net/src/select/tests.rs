use base::HwAddr;

use super::*;
use crate::interfaces::Address4;

fn interface(index: u32, name: &str, addresses: &[&str]) -> Interface {
    let mac = [2, 0, 0, 0, 0, u8::try_from(index).unwrap()];
    Interface {
        index,
        name: name.to_owned(),
        hardware: HwAddr::new(HwAddr::ETHERNET, &mac).unwrap(),
        mtu: 1500,
        up: true,
        running: true,
        loopback: false,
        broadcast: true,
        multicast: true,
        point_to_point: false,
        ipv4: addresses
            .iter()
            .map(|text| Address4 { address: text.parse().unwrap(), prefix_length: 24 })
            .collect(),
        ipv6: Vec::new(),
    }
}

fn machine() -> Vec<Interface> {
    let lo = Interface {
        loopback: true,
        broadcast: false,
        hardware: HwAddr::new(772, &[0; 6]).unwrap(),
        ..interface(1, "lo", &["127.0.0.1"])
    };
    let down = Interface { up: false, running: false, ..interface(4, "down0", &["192.0.2.4"]) };
    let idle = Interface { running: false, ..interface(5, "idle0", &["192.0.2.5"]) };
    let tunnel =
        Interface { hardware: HwAddr::new(65534, &[]).unwrap(), ..interface(7, "tun0", &["10.9.9.9"]) };
    vec![
        lo,
        interface(2, "eth0", &["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
        interface(3, "eth1", &["10.0.0.1"]),
        down,
        idle,
        interface(6, "bare0", &[]),
        tunnel,
    ]
}

fn errors(entries: &[&str]) -> Vec<(usize, String)> {
    Selection4::new(entries.iter().copied(), &machine())
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|error| (error.index, error.to_string()))
        .collect()
}

/// The plan in short: `raw eth0 192.0.2.1,192.0.2.2` and the problems.
fn plan(entries: &[&str], socket_type: SocketType, interfaces: &[Interface]) -> (Vec<String>, Vec<String>) {
    let selection = Selection4::new(entries.iter().copied(), &machine()).unwrap();
    let plan = selection.plan(interfaces, socket_type);
    let sockets = plan.sockets.iter().map(|spec| match spec {
        SocketSpec4::Raw { name, addresses, .. } => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!("raw {name} {}", addresses.join(","))
        }
        SocketSpec4::Udp { name, address, .. } => format!("udp {name} {address}"),
    });
    (sockets.collect(), plan.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn refused_entries() {
    let cases: &[(&[&str], usize, &str)] = &[
        (&[""], 0, "empty interface name used in configuration"),
        (&["  "], 0, "empty interface name used in configuration"),
        (&["/192.0.2.1"], 0, "empty interface name used in configuration"),
        (&["eth0/"], 0, "empty address specified in the interface configuration"),
        (&["*/"], 0, "empty address specified in the interface configuration"),
        (&["*/192.0.2.1"], 0, "wildcard interface name '*' must not be used in conjunction with an address"),
        (&["*", " * "], 1, "the wildcard interface '*' can only be specified once"),
        (&["eth9"], 0, "interface 'eth9' doesn't exist in the system"),
        (&["eth9/192.0.2.1"], 0, "interface 'eth9' doesn't exist in the system"),
        (&["ETH0"], 0, "interface 'ETH0' doesn't exist in the system"),
        (&["eth0/2001:db8::1"], 0, "address '2001:db8::1' is not a valid IPv4 address"),
        (&["eth0/192.0.2.1/24"], 0, "address '192.0.2.1/24' is not a valid IPv4 address"),
        (&["eth0/10.0.0.1"], 0, "interface 'eth0' doesn't have address '10.0.0.1' assigned"),
        (&["eth1", "eth0", "eth0"], 2, "interface 'eth0' has already been specified"),
        (&["eth0/192.0.2.1", "eth0"], 1, "interface 'eth0' has already been specified"),
        (&["eth0", "eth0/192.0.2.1"], 1, "interface 'eth0' has already been selected"),
        (
            &["eth0/192.0.2.1", "eth0 / 192.0.2.1"],
            1,
            "must not select address '192.0.2.1' for interface 'eth0' because this address is already selected",
        ),
    ];
    for (entries, index, text) in cases {
        assert_eq!(errors(entries), [(*index, (*text).to_owned())], "{entries:?}");
    }
    assert_eq!(errors(&["eth8", "eth0", "eth9"]).len(), 2, "all errors of a list are told");
}

#[test]
fn sockets_and_problems() {
    let every_problem = |first: &str| {
        [
            "the interface down0 is down",
            "the interface idle0 is not running",
            "the interface bare0 has no usable IPv4 addresses configured",
            first,
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let no_ethernet =
        "the interface tun0 is not Ethernet: raw sockets cannot serve it, set dhcp-socket-type to udp";
    let raw_all: &[&str] = &["raw eth0 192.0.2.1,192.0.2.2,192.0.2.3", "raw eth1 10.0.0.1"];
    let (sockets, problems) = plan(&["*"], SocketType::Raw, &machine());
    assert_eq!(sockets, raw_all);
    assert_eq!(problems, every_problem(no_ethernet));
    // The wildcard overrides what else is listed; loopback never has raw sockets.
    for entries in [&["*", "eth1", "lo"][..], &["eth0/192.0.2.2", "*"], &["lo", "*"]] {
        assert_eq!(plan(entries, SocketType::Raw, &machine()).0, raw_all, "{entries:?}");
    }

    let udp_all = [
        "udp eth0 192.0.2.1",
        "udp eth0 192.0.2.2",
        "udp eth0 192.0.2.3",
        "udp eth1 10.0.0.1",
        "udp tun0 10.9.9.9",
    ];
    let (sockets, problems) = plan(&["*"], SocketType::Udp, &machine());
    assert_eq!(sockets, udp_all);
    assert_eq!(problems, every_problem("")[..3]);
    let (sockets, _) = plan(&["*", "lo"], SocketType::Udp, &machine());
    assert_eq!(sockets[0], "udp lo 127.0.0.1");
    assert_eq!(sockets[1..], udp_all);

    struct Case<'a>(&'a [&'a str], SocketType, &'a [&'a str], &'a [&'a str]);
    let cases = [
        Case(&[], SocketType::Raw, &[], &[]),
        Case(&["eth1"], SocketType::Raw, &["raw eth1 10.0.0.1"], &[]),
        Case(&[" eth1 / 10.0.0.1 "], SocketType::Udp, &["udp eth1 10.0.0.1"], &[]),
        Case(
            &["eth0/192.0.2.3", "eth0/192.0.2.1"],
            SocketType::Raw,
            // The kernel's order decides which one answers broadcasts.
            &["raw eth0 192.0.2.1,192.0.2.3"],
            &[],
        ),
        Case(&["lo"], SocketType::Raw, &[], &["must not open socket on the loopback interface lo"]),
        Case(&["lo/127.0.0.1"], SocketType::Raw, &[], &["must not open socket on the loopback interface lo"]),
        Case(&["lo/127.0.0.1"], SocketType::Udp, &["udp lo 127.0.0.1"], &[]),
        Case(&["down0", "eth1"], SocketType::Raw, &["raw eth1 10.0.0.1"], &["the interface down0 is down"]),
        Case(
            &["bare0"],
            SocketType::Udp,
            &[],
            &["the interface bare0 has no usable IPv4 addresses configured"],
        ),
        Case(&["tun0"], SocketType::Raw, &[], &[no_ethernet]),
    ];
    for Case(entries, socket_type, sockets, problems) in cases {
        let (got_sockets, got_problems) = plan(entries, socket_type, &machine());
        assert_eq!(got_sockets, sockets, "{entries:?}");
        assert_eq!(got_problems, problems, "{entries:?}");
    }
}

#[test]
fn interfaces_that_change_later() {
    let mut later = machine();
    later.retain(|each| each.name != "eth1");
    later[1].ipv4.remove(0);
    let entries = ["eth0/192.0.2.1", "eth0/192.0.2.2", "eth1"];
    let (sockets, problems) = plan(&entries, SocketType::Raw, &later);
    assert_eq!(sockets, ["raw eth0 192.0.2.2"]);
    assert_eq!(
        problems,
        ["interface eth1 doesn't exist", "the interface eth0 does not have address 192.0.2.1 any more"]
    );
    later[1].ipv4.clear();
    let (sockets, problems) = plan(&["eth0/192.0.2.1"], SocketType::Raw, &later);
    assert!(sockets.is_empty());
    assert_eq!(problems, ["the interface eth0 has no usable IPv4 addresses configured"]);
    // New interfaces are found by the wildcard.
    let mut later = machine();
    later.push(interface(9, "eth9", &["10.9.0.1"]));
    assert!(plan(&["*"], SocketType::Raw, &later).0.contains(&"raw eth9 10.9.0.1".to_owned()));
}

#[test]
fn an_address_on_two_interfaces() {
    let mut shared = machine();
    shared[2].ipv4 = shared[1].ipv4.clone();
    let selection = Selection4::new(["eth0/192.0.2.1", "eth1/192.0.2.1"], &shared).unwrap();
    assert_eq!(selection.plan(&shared, SocketType::Udp).sockets.len(), 1);
    assert_eq!(selection.plan(&shared, SocketType::Raw).sockets.len(), 2);
}

#[test]
fn keywords() {
    assert_eq!("raw".parse(), Ok(SocketType::Raw));
    assert_eq!("use-routing".parse(), Ok(OutboundInterface::UseRouting));
    assert_eq!("RAW".parse::<SocketType>().unwrap_err().to_string(), "unsupported socket type 'RAW'");
    assert_eq!(
        "none".parse::<OutboundInterface>().unwrap_err().to_string(),
        "unsupported outbound interface type 'none'"
    );
}
