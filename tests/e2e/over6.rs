//! DHCPv4 over DHCPv6 (RFC 7341) with both daemons, ours with each other and each with Debian's Kea as the other.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6, UdpSocket};
use std::time::Duration;

use base::HwAddr;
use harness::{Process, Server, Space, World, stored_leases, subnets, subnets6, until};
use serde_json::{Value, json};
use testkit::client6::kind;
use testkit::{Packet4, Packet6, Reply4, Reply6};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const SERVER6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1);
const RELAY6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2);
const SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
/// Option 87.
const MESSAGE: u16 = 87;

fn config4(port: u16) -> Value {
    let mut config = subnets(
        &["lan"],
        json!([
            { "id": 1, "subnet": "10.2.0.0/16", "4o6-interface-id": "port 7", "pools": [ { "pool": "10.2.0.0/16" } ] },
            { "id": 2, "subnet": "192.0.2.0/24", "4o6-interface": "lan", "pools": [ { "pool": "192.0.2.10 - 192.0.2.99" } ] },
        ]),
    );
    config["dhcp4o6-port"] = json!(port);
    config
}

fn config6(port: u16) -> Value {
    let mut config = subnets6(&["lan", &format!("lan/{SERVER6}")], json!([]));
    config["dhcp4o6-port"] = json!(port);
    config
}

/// A link with the servers at one end.
struct Site {
    space: Space,
    client: UdpSocket,
    relay: UdpSocket,
    link: u32,
}

impl Site {
    fn new(world: &World) -> Self {
        let (space, clients) = (world.space("srv46"), world.space("cli46"));
        for each in [&space, &clients] {
            each.sh("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
            each.ip("link set lo up");
        }
        space.bridge("lan");
        space.plug("lan", &clients, "02:00:5e:00:53:01");
        space.ip(&format!("address add {SERVER}/24 dev lan"));
        space.ip(&format!("address add {SERVER6}/64 dev lan nodad"));
        clients.ip(&format!("address add {RELAY6}/64 dev eth0 nodad"));
        let link = clients.sh("cat /sys/class/net/eth0/ifindex").trim().parse().unwrap();
        let bind = |at: SocketAddrV6| {
            let socket = clients.inside(|| UdpSocket::bind(at).unwrap());
            socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            socket
        };
        let client = bind(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 546, 0, 0));
        let relay = bind(SocketAddrV6::new(RELAY6, 547, 0, 0));
        until("the link is up", || client.send_to(&[0], SocketAddrV6::new(SERVERS, 547, 0, link)).is_ok());
        Self { space, client, relay, link }
    }

    /// Asks until there is an answer: a server may still be on its way up.
    fn ask(&self, packet: &Packet4, relayed: bool) -> Reply4 {
        for _ in 0..40 {
            if let Some(reply) = self.ask_once(packet, relayed) {
                return reply;
            }
        }
        panic!("no answer to {packet:?}");
    }

    fn ask_once(&self, packet: &Packet4, relayed: bool) -> Option<Reply4> {
        let mut query = Packet6::new(kind::DHCPV4_QUERY, &[]).option(MESSAGE, &packet.build());
        query.xid = 0;
        let (socket, to) = if relayed {
            query = query.relayed(RELAY6, "fe80::9".parse().unwrap(), vec![(18, b"port 7".to_vec())]);
            (&self.relay, SocketAddrV6::new(SERVER6, 547, 0, 0))
        } else {
            (&self.client, SocketAddrV6::new(SERVERS, 547, 0, self.link))
        };
        socket.send_to(&query.build(), to).unwrap();
        let mut buffer = [0; 2048];
        let length = socket.recv(&mut buffer).ok()?;
        let reply = Reply6::parse(&buffer[..length]).expect("a message of DHCPv6");
        assert_eq!(reply.kind, kind::DHCPV4_RESPONSE);
        assert_eq!(reply.relays.len(), usize::from(relayed));
        let codes: Vec<u16> = reply.options.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [MESSAGE]);
        let reply = Reply4::parse(&reply.options[0].1).expect("a message of DHCPv4");
        (reply.xid == packet.xid).then_some(reply)
    }

    /// From DISCOVER to ACK.
    fn lease(&self, n: u8, relayed: bool) -> Ipv4Addr {
        let client = HwAddr::new(1, &[2, 0, 0, 0, 0, n]).unwrap();
        let mut discover = Packet4::discover(&client);
        discover.xid = u32::from(n) << 8;
        let offer = self.ask(&discover, relayed);
        let mut request = Packet4::request_selecting(&client, SERVER, offer.yiaddr);
        request.xid = discover.xid + 1;
        let ack = self.ask(&request, relayed);
        assert_eq!((ack.kind(), ack.yiaddr), (5, offer.yiaddr), "{ack:?}");
        assert_eq!(ack.option(54), Some(&SERVER.octets()[..]));
        ack.yiaddr
    }
}

fn on_disk(server: &Server, address: Ipv4Addr) {
    until("the lease is on disk", || stored_leases(&server.prefix.lease_file()).contains_key(&address));
}

#[test]
fn clients_get_leases_by_way_of_ipv6() {
    let Some(world) = World::new() else { return };
    let site = Site::new(&world);
    let mut six = world.server6("kea6", &site.space);
    six.configure(&config6(6767));
    six.start();
    // Nobody is there to answer: said once, counted each time.
    let discover = Packet4::discover(&HwAddr::new(1, &[2, 0, 0, 0, 0, 9]).unwrap());
    for _ in 0..3 {
        assert!(site.ask_once(&discover, false).is_none());
    }
    until("the loss is counted", || six.statistic("pkt6-processing-failed") >= 2);
    assert_eq!(six.log().matches("DHCP6_DHCP4O6_LINE_FAIL").count(), 1, "{}", six.log());

    let mut four = world.server("kea4", &site.space);
    four.configure(&config4(6767));
    four.start();
    let here = site.lease(1, false);
    assert_eq!(here.octets()[..3], [192, 0, 2]);
    on_disk(&four, here);
    let there = site.lease(2, true);
    assert_eq!(there.octets()[..2], [10, 2]);
    on_disk(&four, there);
    assert!(six.statistic("pkt6-dhcpv4-query-received") >= 7);
    assert!(six.statistic("pkt6-dhcpv4-response-sent") >= 4);
    assert_eq!(four.statistic("pkt4-ack-sent"), 2);
    let test = |arguments| four.tell("subnet4o6-select-test", arguments).text;
    assert_eq!(test(json!({ "interface": "lan" })), "selected subnet '192.0.2.0/24' id 2");
    assert_eq!(test(json!({ "interface-id": "'port 7'" })), "selected subnet '10.2.0.0/16' id 1");

    // Off, and at another port; leases stay with their clients.
    four.configure(&config4(0));
    four.reload();
    until("the line is closed", || site.ask_once(&discover, false).is_none());
    four.configure(&config4(7000));
    four.reload();
    six.configure(&config6(7000));
    six.reload();
    assert_eq!(site.lease(1, false), here);

    // A port that somebody else has is refused, and the configuration in force stays.
    let _taken = site.space.inside(|| UdpSocket::bind("[::1]:8001").unwrap());
    let refused = four.command("config-set", json!({ "Dhcp4": config4(8000) }));
    assert_eq!(refused.result, 1);
    assert!(refused.text.contains("DHCPv4-over-DHCPv6"), "{refused:?}");
    assert_eq!(site.lease(1, false), here);
    // Workers that are made anew serve it too.
    let mut threads = config4(7000);
    threads["multi-threading"] = json!({ "enable-multi-threading": true, "thread-pool-size": 3 });
    four.configure(&threads);
    four.reload();
    assert_eq!(site.lease(1, false), here);

    four.kill();
    four.start();
    assert_eq!(site.lease(1, false), here, "the same after a crash");
    assert!(four.stop().success() && six.stop().success());
}

/// Debian's kea-dhcp4 or kea-dhcp6 with a configuration, at the place of a server of ours that does not run.
fn debian(world: &World, server: &Server, program: &str, top: &str, config: &Value) -> Option<Process> {
    let path = std::path::Path::new("/usr/sbin").join(program);
    if !path.is_file() {
        harness::skipped(&format!("Debian's {program} is not installed"));
        return None;
    }
    let directory = world.directory().join("debian");
    std::fs::create_dir_all(&directory).unwrap();
    // A copy: profiles of AppArmor go by the path.
    let copy = directory.join(program);
    std::fs::copy(path, &copy).unwrap();
    let mut config = config.clone();
    let control = directory.join("control.sock");
    config["control-socket"]["socket-name"] = json!(control.display().to_string());
    config["lease-database"] = json!({ "type": "memfile", "persist": false });
    config["loggers"] =
        json!([ { "name": program, "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ]);
    let file = world.write("debian.conf", &json!({ top: config }).to_string());
    let mut command = server.space.command(copy, ["-c".into(), file.into_os_string()]);
    command.env("KEA_PIDFILE_DIR", &directory).env("KEA_LOCKFILE_DIR", "none");
    let mut process = server.space.start("debian-kea", &mut command);
    until("Debian's Kea answers", || {
        assert!(process.ended().is_none(), "Debian's Kea ended:\n{}", process.output());
        harness::unix(&control, br#"{ "command": "version-get" }"#).is_ok_and(|answer| answer.contains("2.2"))
    });
    Some(process)
}

#[test]
fn our_kea_dhcp4_behind_debians_kea_dhcp6() {
    let Some(world) = World::new() else { return };
    let site = Site::new(&world);
    let mut four = world.server("kea4", &site.space);
    four.configure(&config4(6767));
    four.start();
    let six = world.server6("kea6", &site.space);
    let mut config = config6(6767);
    // It cannot write where it would keep its DUID.
    config["server-id"] =
        json!({ "type": "EN", "enterprise-id": 99, "identifier": "0102", "persist": false });
    let Some(mut kea) = debian(&world, &six, "kea-dhcp6", "Dhcp6", &config) else { return };
    let here = site.lease(1, false);
    on_disk(&four, here);
    assert_eq!(site.lease(2, true).octets()[..2], [10, 2]);
    assert!(kea.stop().success(), "{}", kea.output());
}

#[test]
fn debians_kea_dhcp4_behind_our_kea_dhcp6() {
    let Some(world) = World::new() else { return };
    let site = Site::new(&world);
    let mut six = world.server6("kea6", &site.space);
    six.configure(&config6(6767));
    six.start();
    let four = world.server("kea4", &site.space);
    let Some(mut kea) = debian(&world, &four, "kea-dhcp4", "Dhcp4", &config4(6767)) else { return };
    assert_eq!(site.lease(1, false).octets()[..3], [192, 0, 2]);
    assert_eq!(site.lease(2, true).octets()[..2], [10, 2]);
    assert!(six.statistic("pkt6-dhcpv4-response-sent") >= 4);
    assert!(kea.stop().success(), "{}", kea.output());
}
