//! What the log tells of packets: programs read it in Kea's layout.

use std::net::Ipv4Addr;

use base::HwAddr;
use observe::Captured;
use testkit::client::kind;
use testkit::client6::{Ia6, kind as kind6};
use testkit::{Packet4, Packet6, World4, World6, config4, config6};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

fn world4() -> World4 {
    let config = config4(
        r#"{ "valid-lifetime": 3600, "next-server": "192.0.2.2", "boot-file-name": "boot.img",
             "option-def": [ { "name": "own", "code": 230, "type": "record", "record-types": "uint8, string" } ],
             "option-data": [ { "name": "domain-name-servers", "data": "192.0.2.53, 192.0.2.54" },
                              { "name": "domain-name", "data": "example.org" } ],
             "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "interface": "eth0",
               "pools": [ { "pool": "192.0.2.10 - 192.0.2.19" } ] } ] }"#,
    );
    World4::new(config.unwrap(), vec![SERVER]).unwrap()
}

fn said4(packet: &Packet4) -> Vec<Captured> {
    let world = world4();
    let arrival = engine::v4::Arrival {
        interface: "eth0".into(),
        interface_address: SERVER,
        local: Ipv4Addr::BROADCAST,
        local_port: 67,
        remote: Ipv4Addr::UNSPECIFIED,
        remote_port: 68,
        received: None,
        over6: None,
    };
    observe::capture(|| {
        world.send(&packet.build(), &arrival).unwrap();
    })
}

fn world6() -> World6 {
    let config = config6(
        r#"{ "valid-lifetime": 4000, "preferred-lifetime": 3000,
             "option-data": [ { "name": "dns-servers", "data": "2001:db8::53" } ],
             "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
               "pools": [ { "pool": "2001:db8:1::10 - 2001:db8:1::1f" } ] } ] }"#,
    );
    World6::new(config.unwrap()).unwrap()
}

fn said6(packet: &Packet6) -> Vec<Captured> {
    let world = world6();
    let arrival = engine::v6::Arrival {
        interface: "eth0".into(),
        local: "ff02::1:2".parse().unwrap(),
        local_port: 547,
        remote: "fe80::1".parse().unwrap(),
        remote_port: 546,
        received: None,
    };
    observe::capture(|| {
        world.send(&packet.build(), &arrival).unwrap();
    })
}

fn discover() -> Packet4 {
    let mut packet = Packet4::discover(&HwAddr::new(1, &[8, 0, 0x2b, 2, 3, 4]).unwrap());
    packet.secs = 3;
    packet
}

/// The text of a message of that kind; there must be one.
fn text<'s>(said: &'s [Captured], id: &str) -> &'s str {
    let ids: Vec<&str> = said.iter().map(|message| message.id).collect();
    &said.iter().find(|message| message.id == id).unwrap_or_else(|| panic!("no {id} in {ids:?}")).text
}

#[test]
fn all_of_a_dhcpv4_exchange() {
    let packet = discover()
        .option(61, &[1, 8, 0, 0x2b, 2, 3, 4])
        .option(12, b"host")
        .option(60, b"foo\0")
        .option(55, &[1, 6, 15])
        .option(125, b"\0\0\x11\x8b\x04\x05\x02ab")
        .option(230, b"\x07seven")
        .option(224, b"\xfe\x01")
        .relayed(Ipv4Addr::new(192, 0, 2, 3), &[(2, b"\x01\x02"), (1, b"port 7")]);
    let said = said4(&packet);
    let label = "[hwtype=1 08:00:2b:02:03:04], cid=[01:08:00:2b:02:03:04], tid=0x12345678";
    assert_eq!(
        text(&said, "DHCP4_BUFFER_RECEIVED"),
        "received buffer from 0.0.0.0:68 to 255.255.255.255:67 over interface eth0"
    );
    assert_eq!(
        text(&said, "DHCP4_BUFFER_UNPACK"),
        "parsing buffer received from 0.0.0.0 to 255.255.255.255 over interface eth0"
    );
    assert_eq!(
        text(&said, "DHCP4_QUERY_DATA"),
        format!(
            "{label}, packet details: \
             local_address=255.255.255.255:67, remote_address=0.0.0.0:68,
msg_type=DHCPDISCOVER (1), trans_id=0x12345678, secs=3, flags=0x0, giaddr=192.0.2.3,
options:
  type=012, len=004: \"host\" (string)
  type=053, len=001: 1 (uint8)
  type=055, len=003: 1(uint8) 6(uint8) 15(uint8)
  type=060, len=003: \"foo\" (string)
  type=061, len=007: 01:08:00:2b:02:03:04
  type=082, len=012:,
options:
    type=001, len=006: 70:6f:72:74:20:37 'port 7'
    type=002, len=002: 01:02
  type=125, len=009: 4491 (uint32) 4 (uint8),
options:
    type=005, len=002: 61:62 'ab'
  type=224, len=002: fe:01
  type=230, len=006: 7 (uint8) \"seven\" (string)"
        )
    );
    assert_eq!(
        text(&said, "DHCP4_PACKET_PACK"),
        format!("{label}: preparing on-wire format of the packet to be sent")
    );
    assert_eq!(
        text(&said, "DHCP4_RESPONSE_DATA"),
        format!(
            "{label}: responding with packet DHCPOFFER (type 2), packet details: \
             local_address=192.0.2.1:67, remote_address=192.0.2.3:67,
msg_type=DHCPOFFER (2), trans_id=0x12345678, secs=0, flags=0x0, yiaddr=192.0.2.10, siaddr=192.0.2.2, \
             giaddr=192.0.2.3, file=[boot.img],
options:
  type=001, len=004: 255.255.255.0 (ipv4-address)
  type=006, len=008: 192.0.2.53 192.0.2.54
  type=012, len=004: \"host\" (string)
  type=015, len=011: \"example.org\" (string)
  type=051, len=004: 3600 (uint32)
  type=053, len=001: 2 (uint8)
  type=054, len=004: 192.0.2.1 (ipv4-address)
  type=061, len=007: 01:08:00:2b:02:03:04
  type=082, len=012:,
options:
    type=001, len=006: 70:6f:72:74:20:37 'port 7'
    type=002, len=002: 01:02"
        )
    );
}

/// No line of a client's own, and broken options as octets.
#[test]
fn what_clients_write_stays_in_its_place() {
    let packet = discover()
        .option(12, b"a\n  type=054, len=004: 192.0.2.9 (ipv4-address)")
        .option(50, &[1, 2, 3])
        .option(60, b"\x1b[31m\xff");
    let said = said4(&packet);
    let details = text(&said, "DHCP4_QUERY_DATA");
    assert!(
        details.contains(r#": "a\x0a  type=054, len=004: 192.0.2.9 (ipv4-address)" (string)"#),
        "{details}"
    );
    assert!(details.contains("\n  type=050, len=003: 01:02:03"), "{details}");
    assert!(details.contains("type=060, len=006: \"\\x1b[31m\u{fffd}\" (string)"), "{details}");
}

#[test]
fn names_of_clients() {
    let said = said4(&discover().option(12, b"Host-1"));
    let label = "[hwtype=1 08:00:2b:02:03:04], cid=[no info], tid=0x12345678";
    assert_eq!(
        text(&said, "DHCP4_CLIENT_HOSTNAME_PROCESS"),
        format!("{label}: processing client's Hostname option")
    );
    assert_eq!(
        text(&said, "DHCP4_CLIENT_HOSTNAME_DATA"),
        format!("{label}: client sent Hostname option: Host-1")
    );
    let said = said4(&discover().option(81, b"\x05\0\0\x04host\0"));
    assert_eq!(
        text(&said, "DHCP4_CLIENT_FQDN_DATA"),
        format!(
            "{label}: Client sent FQDN option: \
             type=81 (CLIENT_FQDN), flags: (N=0, E=1, O=0, S=1), domain-name='host.' (full)"
        )
    );
    assert!(said.iter().all(|message| !message.id.contains("CLIENT_HOSTNAME")));
    let said = said6(
        &Packet6::new(kind6::SOLICIT, &[0, 3, 0, 1, 2])
            .option(3, &Ia6::new(1).build())
            .option(39, b"\x01\x04host\0"),
    );
    let received = text(&said, "DHCP6_DDNS_RECEIVE_FQDN");
    let option = "type=39(CLIENT_FQDN), flags: (N=0, O=0, S=1), domain-name='host.' (full)";
    assert!(received.ends_with(&format!(": received DHCPv6 Client FQDN option: {option}")), "{received}");
}

/// The name to write into a class can be read in the log, with no class configured.
#[test]
fn vendor_classes_are_told() {
    let said = said4(&discover().option(60, b"MSFT 5.0\0"));
    let classes = text(&said, "DHCP4_CLASSES_ASSIGNED");
    assert!(classes.ends_with("following classes: ALL, VENDOR_CLASS_MSFT%205.0, UNKNOWN"), "{classes}");
    let said = said4(&Packet4 { broadcast: true, ..discover() });
    let classes = text(&said, "DHCP4_CLASSES_ASSIGNED_AFTER_SUBNET_SELECTION");
    assert!(classes.ends_with("following classes: ALL, UNKNOWN"), "{classes}");
    let packet = Packet6::new(kind6::SOLICIT, &[0, 3, 0, 1, 2]).option(16, b"\0\0\x11\x8b\0\x03a b\0\x01c");
    let classes = said6(&packet);
    let classes = text(&classes, "DHCP6_CLASSES_ASSIGNED");
    assert!(classes.ends_with("following classes: ALL, VENDOR_CLASS_a%20b, UNKNOWN"), "{classes}");
}

#[test]
fn all_of_a_dhcpv6_exchange() {
    let packet = Packet6::new(kind6::SOLICIT, &[0, 3, 0, 1, 2, 3])
        .option(8, &[0, 100])
        .option(6, &[0, 23])
        .option(3, &Ia6::new(7).with("2001:db8:1::1f".parse().unwrap(), None).build())
        .option(25, &Ia6::new(8).build())
        .option(14, b"")
        .option(16, b"\0\0\x11\x8b\0\x03a b");
    let relay = |packet: Packet6| {
        packet.relayed(
            "2001:db8:1::1".parse().unwrap(),
            "fe80::7".parse().unwrap(),
            vec![(37, b"\0\0\0\x09me".to_vec()), (18, b"port".to_vec())],
        )
    };
    let said = said6(&relay(packet));
    let query = text(&said, "DHCP6_QUERY_DATA");
    assert_eq!(
        query,
        "duid=[00:03:00:01:02:03], [hwtype=1 02:03], tid=0x123456, packet details: \
         local_address=[ff02::1:2]:547, remote_address=[fe80::1]:546,
msg_type=SOLICIT (1), trans_id=0x123456,
options:
  type=00001, len=00006: 00:03:00:01:02:03
  type=00003(IA_NA), len=00040: iaid=7, t1=0, t2=0,
options:
    type=00005(IAADDR), len=00024: address=2001:db8:1::1f, preferred-lft=0, valid-lft=0
  type=00006, len=00002: 23(uint16)
  type=00008, len=00002: 100 (uint16)
  type=00014, len=00000:
  type=16, len=9,  enterprise id=0x118b, data-len0=3, vendor-class-data0='a b'
  type=00025(IA_PD), len=00012: iaid=8, t1=0, t2=0
1 relay(s):
relay[0]: msg-type=12(RELAY_FORWARD), hop-count=0,
link-address=2001:db8:1::1, peer-address=fe80::7, 2 option(s)
type=00018, len=00004: 70:6f:72:74 'port'
type=00037, len=00006: 9 (uint32) 6D65 (binary)"
    );
    let response = text(&said, "DHCP6_RESPONSE_DATA");
    assert!(
        response.contains(
            "responding with packet ADVERTISE (type 2), packet details: \
             local_address=[ff02::1:2]:547, remote_address=[fe80::1]:547,
msg_type=ADVERTISE (2), trans_id=0x123456,
options:
  type=00001, len=00006: 00:03:00:01:02:03
  type=00002, len="
        ),
        "{response}"
    );
    assert!(
        response.contains(
            "
  type=00003(IA_NA), len=00040: iaid=7, t1=1500, t2=2400,
options:
    type=00005(IAADDR), len=00024: address=2001:db8:1::1f, preferred-lft=3000, valid-lft=4000
  type=00023, len=00016: 2001:db8::53
"
        ),
        "{response}"
    );
    assert!(response.contains(": NoPrefixAvail(6) \""), "{response}");
    assert!(
        response.contains("\n1 relay(s):\nrelay[0]: msg-type=13(RELAY_REPLY), hop-count=0,\n"),
        "{response}"
    );
}

/// Whatever clients send can be told.
#[test]
fn every_message_can_be_told() {
    for code in 1..=254 {
        for value in [&[][..], &[0], &[0xff; 3], &[1; 17], &[0; 40]] {
            let packet = Packet4 { broadcast: code % 2 == 0, ..discover() }.option(code, value);
            let expected = if code == 53 { "DHCP4_BUFFER_RECEIVED" } else { "DHCP4_QUERY_DATA" };
            text(&said4(&packet), expected);
        }
    }
    for kind in [kind::DISCOVER, kind::REQUEST, kind::INFORM, 0] {
        let packet = Packet4::new(kind, &HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).unwrap());
        assert!(text(&said4(&packet), "DHCP4_QUERY_DATA").contains("msg_type="));
    }
}
