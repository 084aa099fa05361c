use std::net::Ipv4Addr;

use base::HwAddr;
use testkit::{Outcome, Packet4, Packet6, World4, World6};

use super::registry::Users;
use super::*;
use crate::callouts::Library as _;

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

const USERS: &str = r#"{ "type" : "HW_ADDR", "id" : "0c:0e:0a:01:ff:04", "bootfile" : "/boot/v4" }

{ "type" : "DUID", "id" : "00030001020000000000", "tftp_server" : "tftp.example.org" }
{ "type" : "HW_ADDR", "id" : "00000000", "tftp_server" : "192.0.2.9" }
"#;

fn library(folder: &Path) -> Arc<Library> {
    std::fs::write(folder.join(REGISTRY), USERS).unwrap();
    let library = Library::of(folder, Family::V4);
    assert!(library.0.is_some());
    Arc::new(library)
}

/// Waits until outcomes are written and the registry is read as it is.
fn settle(library: &Library) {
    let (answer, settled) = std::sync::mpsc::sync_channel(1);
    library.0.as_ref().unwrap().orders.send(Order::Settle(answer)).unwrap();
    settled.recv().unwrap();
}

#[test]
fn users_of_dhcp4() {
    let folder = tempfile::tempdir().unwrap();
    let config = testkit::config4(
        r#"{ "subnet4": [
            { "id": 1, "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.10 - 192.0.2.19" } ] },
            { "id": 2, "subnet": "10.0.0.0/24", "pools": [ { "pool": "10.0.0.10 - 10.0.0.19" } ] } ] }"#,
    );
    let mut world = World4::new(config.unwrap(), vec![SERVER]).unwrap();
    let library = library(folder.path());
    let points = library.points();
    world.add_library(&(Arc::clone(&library) as Arc<dyn v4::Library>), &points);
    let arrival = v4::Arrival {
        interface: "eth0".into(),
        interface_address: SERVER,
        local: Ipv4Addr::BROADCAST,
        remote: Ipv4Addr::UNSPECIFIED,
        local_port: 67,
        remote_port: 68,
        received: None,
        over6: None,
    };
    let discover = |hw_addr: &str| {
        let packet = Packet4::discover(&HwAddr::parse(hw_addr).unwrap()).build();
        match world.send(&packet, &arrival).unwrap() {
            Outcome::Reply { reply, .. } => reply,
            other => panic!("{other:?}"),
        }
    };
    let known = discover("0c:0e:0a:01:ff:04");
    assert_eq!(known.yiaddr, Ipv4Addr::new(192, 0, 2, 10));
    assert_eq!(known.option(67), Some(&b"/boot/v4"[..]));
    assert_eq!(known.file, b"/boot/v4");
    let unknown = discover("0c:0e:0a:01:ff:05");
    assert_eq!(unknown.yiaddr, Ipv4Addr::new(10, 0, 0, 10));
    assert_eq!((unknown.option(66), unknown.option(67)), (Some(&b"192.0.2.9"[..]), None));
    settle(&library);
    let outcome = std::fs::read_to_string(folder.path().join(OUTCOME)).unwrap();
    assert_eq!(
        outcome,
        "id_type=HW_ADDR\nclient=hwtype=1 0c:0e:0a:01:ff:04\naddr=192.0.2.10\nregistered=yes\n\n\
         id_type=HW_ADDR\nclient=hwtype=1 0c:0e:0a:01:ff:05\naddr=10.0.0.10\nregistered=no\n\n"
    );

    // The file is read again when it has changed; one that cannot be read leaves what was.
    std::fs::write(folder.path().join(REGISTRY), "{ \"type\": \"HW_ADDR\", \"id\": \"0c0e0a01ff05\" }\n")
        .unwrap();
    settle(&library);
    assert_eq!(discover("0c:0e:0a:01:ff:05").yiaddr.octets()[0], 192);
    std::fs::write(folder.path().join(REGISTRY), "{ \"type\": \"HW_ADDR\" ").unwrap();
    settle(&library);
    assert_eq!(discover("0c:0e:0a:01:ff:05").yiaddr.octets()[0], 192);
}

#[test]
fn users_of_dhcp6() {
    let folder = tempfile::tempdir().unwrap();
    let config = testkit::config6(
        r#"{ "option-data": [ { "name": "vendor-opts", "data": "4491", "always-send": true },
                { "code": 33, "space": "vendor-4491", "csv-format": false, "data": "6162", "always-send": true } ],
            "subnet6": [
            { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [ { "pool": "2001:db8:1::10/124" } ] },
            { "id": 2, "subnet": "2001:db8:2::/64", "pools": [ { "pool": "2001:db8:2::10/124" } ] } ] }"#,
    );
    let mut world = World6::new(config.unwrap()).unwrap();
    let library = library(folder.path());
    let points = library.points();
    world.add_library(&(Arc::clone(&library) as Arc<dyn v6::Library>), &points);
    let arrival = v6::Arrival {
        interface: "eth0".into(),
        local: "ff02::1:2".parse().unwrap(),
        remote: "fe80::1".parse().unwrap(),
        local_port: 547,
        remote_port: 546,
        received: None,
    };
    let solicit = |last: u8| {
        let packet = Packet6::new(1, &[0, 3, 0, 1, 2, 0, 0, 0, 0, last]).option(3, &[0; 12]);
        match world.send(&packet.build(), &arrival).unwrap() {
            testkit::Outcome6::Reply { reply, .. } => reply,
            other => panic!("{other:?}"),
        }
    };
    let known = solicit(0);
    assert_eq!(
        known.option(17),
        Some(&b"\x00\x00\x11\x8b\x00\x21\x00\x02ab\x00\x20\x00\x10tftp.example.org"[..])
    );
    let unknown = solicit(1);
    assert_eq!(unknown.option(17), Some(&b"\x00\x00\x11\x8b\x00\x21\x00\x02ab"[..]));
    settle(&library);
    let outcome = std::fs::read_to_string(folder.path().join(OUTCOME)).unwrap();
    assert_eq!(
        outcome,
        "id_type=DUID\nclient=00:03:00:01:02:00:00:00:00:00\naddr=2001:db8:1::10\nregistered=yes\n\n\
         id_type=DUID\nclient=00:03:00:01:02:00:00:00:00:01\naddr=2001:db8:2::10\nregistered=no\n\n"
    );
}

#[test]
fn entries_that_are_none() {
    for (text, fault) in [
        ("{", "line 1: malformed JSON"),
        ("[ ]", "line 1: no map"),
        (r#"{ "id": "01" }"#, "line 1: 'type' is missing"),
        (r#"{ "type": "DUID" }"#, "line 1: 'id' is missing"),
        (r#"{ "type": "X", "id": "01" }"#, "line 1: invalid type 'X'"),
        (r#"{ "type": "DUID", "id": "0x" }"#, "line 1: '0x' is no identifier"),
        (r#"{ "type": "DUID", "id": 1 }"#, "line 1: non-string value for 'id'"),
        (
            "{ \"type\": \"DUID\", \"id\": \"01\" }\n{ \"type\": \"DUID\", \"id\": \"01\" }",
            "line 2: duplicate user",
        ),
    ] {
        let found = Users::parse(text).unwrap_err();
        assert!(found.starts_with(fault), "{text}: {found}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(
        Files::open(folder.path(), Family::V4).is_err_and(|reason| reason.starts_with("cannot open file:"))
    );
    assert!(Library::of(folder.path(), Family::V4).points().is_empty());
}
