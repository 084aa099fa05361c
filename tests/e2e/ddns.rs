//! Names in DNS: our kea-dhcp-ddns and Debian's take our requests, and BIND what they make of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV6, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::HwAddr;
use harness::{Dialog, Process, Space, Updater, World, until};
use serde_json::{Value, json};
use testkit::client6::{Ia6, Resource6, kind};
use testkit::{Packet4, Packet6, Reply6};

use crate::site;

const PATIENCE: Duration = Duration::from_secs(3);

/// A copy of a program of Debian, because profiles of AppArmor go by the path; `None` when it is not installed.
pub(crate) fn debian(world: &World, name: &str) -> Option<PathBuf> {
    let path = Path::new("/usr/sbin").join(name);
    if !path.is_file() {
        harness::skipped("Debian's bind9 or kea-dhcp-ddns-server is not installed");
        return None;
    }
    let copy = world.directory().join(name);
    std::fs::copy(path, &copy).expect("copy of a program");
    Some(copy)
}

/// BIND with the zones of the test's names and addresses, on loopback of the server's namespace.
fn start_bind(world: &World, space: &Space, program: &Path) -> Process {
    let zone = |name: &str| {
        let file = world.write(
            &format!("{name}.zone"),
            "$TTL 60\n@ IN SOA ns.example.net. admin.example.net. ( 1 60 60 60 60 )\n  IN NS ns.example.net.\n",
        );
        format!(
            "zone \"{name}\" {{ type master; file \"{}\"; allow-update {{ 127.0.0.1; }}; }};\n",
            file.display()
        )
    };
    let config = format!(
        "options {{ directory \"{0}\"; pid-file \"{0}/named.pid\"; session-keyfile \"{0}/session.key\"; \
         listen-on port 53 {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; }};\n\
         controls {{ }};\n{1}{2}",
        world.directory().display(),
        zone("example.com"),
        [zone("64.10.in-addr.arpa"), zone("8.b.d.0.1.0.0.2.ip6.arpa")].concat(),
    );
    let file = world.write("named.conf", &config);
    let process =
        space.start("named", &mut space.command(program, ["-g".into(), "-c".into(), file.into_os_string()]));
    until("BIND answers", || dig(space, "example.com", "SOA").contains("admin"));
    process
}

/// The zones that [`start_bind`] serves.
fn zones() -> Value {
    let servers = json!([ { "ip-address": "127.0.0.1", "port": 53 } ]);
    json!({
        "forward-ddns": { "ddns-domains": [ { "name": "example.com.", "dns-servers": servers } ] },
        "reverse-ddns": { "ddns-domains": [
            { "name": "64.10.in-addr.arpa.", "dns-servers": servers },
            { "name": "8.b.d.0.1.0.0.2.ip6.arpa.", "dns-servers": servers } ] },
    })
}

/// Who updates DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Debian,
    Ours,
}

/// A kea-dhcp-ddns at work.
enum D2 {
    Debian(Process),
    Ours(Updater),
}

impl D2 {
    /// `None` when it is not installed.
    fn start(by: By, world: &World, space: &Space) -> Option<Self> {
        match by {
            By::Debian => Some(Self::Debian(debians_d2(world, space, &debian(world, "kea-dhcp-ddns")?))),
            By::Ours => {
                let mut updater = world.updater(&world.prefix("d2"), space);
                updater.start(&zones(), &[]);
                Some(Self::Ours(updater))
            }
        }
    }

    fn log(&self) -> String {
        match self {
            Self::Debian(process) => process.output(),
            Self::Ours(updater) => updater.log(),
        }
    }
}

fn debians_d2(world: &World, space: &Space, program: &Path) -> Process {
    let mut config = json!({ "DhcpDdns": zones() });
    config["DhcpDdns"]["loggers"] = json!([ { "name": "kea-dhcp-ddns", "severity": "DEBUG", "debuglevel": 50,
        "output_options": [ { "output": "stdout" } ] } ]);
    let file = world.write("d2.conf", &config.to_string());
    let mut command = space.command(program, ["-c".into(), file.into_os_string()]);
    command.env("KEA_PIDFILE_DIR", world.directory()).env("KEA_LOCKFILE_DIR", "none");
    let mut process = space.start("kea-dhcp-ddns", &mut command);
    until("kea-dhcp-ddns has started", || {
        assert!(process.ended().is_none(), "kea-dhcp-ddns ended:\n{}", process.output());
        process.output().contains("DHCP_DDNS_STARTED")
    });
    process
}

/// What DNS says, a line for each record.
pub(crate) fn dig(space: &Space, name: &str, kind: &str) -> String {
    let words = ["+short", "+time=1", "+tries=1", "@127.0.0.1", name, kind];
    space.run("dig", words, "").stdout.trim().to_owned()
}

/// The type of its records, and its name in the reverse zones.
fn records(address: IpAddr) -> (&'static str, String) {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            ("A", format!("{d}.{c}.{b}.{a}.in-addr.arpa"))
        }
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            ("AAAA", nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa")
        }
    }
}

/// Waits until DNS knows a name by this address and this address by the name.
fn named(space: &Space, name: &str, address: impl Into<IpAddr>) {
    let address = address.into();
    let (kind, reverse) = records(address);
    until(&format!("{name} is {address}"), || dig(space, name, kind) == address.to_string());
    until(&format!("{address} is {name}"), || dig(space, &reverse, "PTR") == format!("{name}."));
    assert!(!dig(space, name, "DHCID").is_empty(), "the name bears the mark of its client");
}

/// Waits until DNS knows neither.
fn nameless(space: &Space, name: &str, address: impl Into<IpAddr>) {
    let address = address.into();
    let (_, reverse) = records(address);
    until(&format!("{name} is gone"), || dig(space, name, "ANY").is_empty());
    until(&format!("{address} has no name"), || dig(space, &reverse, "PTR").is_empty());
}

fn configuration() -> Value {
    let mut config = site::config();
    config["dhcp-ddns"] = json!({ "enable-updates": true });
    config["ddns-qualifying-suffix"] = json!("example.com");
    config["valid-lifetime"] = json!(3600);
    config["cache-threshold"] = json!(0.0);
    config["expired-leases-processing"] = json!({ "reclaim-timer-wait-time": 1 });
    config
}

fn option_81(name: &str) -> Vec<u8> {
    [&[1, 0, 0][..], name.as_bytes()].concat()
}

/// The lease's end from then on: short, so that the test need not wait for it.
fn lease(dialog: &mut Dialog, client: u8, name: &str) -> (HwAddr, Ipv4Addr) {
    let hw_addr = HwAddr::new(HwAddr::ETHERNET, &[2, 0, 0, 0, 0, client]).expect("an address");
    let fqdn = option_81(name);
    let reply = dialog.lease(&hw_addr, &[(81, &fqdn)]).expect("a lease");
    (hw_addr, reply.yiaddr)
}

#[test]
fn names_appear_and_vanish_with_their_leases() {
    appear_and_vanish(By::Ours);
}

#[test]
fn names_appear_and_vanish_with_debians_updater() {
    appear_and_vanish(By::Debian);
}

fn appear_and_vanish(by: By) {
    let Some(world) = World::new() else { return };
    let Some(named_program) = debian(&world, "named") else { return };
    let (mut server, relay) = site::site(&world);
    let space = server.space.clone();
    let _bind = start_bind(&world, &space, &named_program);
    let Some(d2) = D2::start(by, &world, &space) else { return };
    server.configure(&configuration());
    server.start();
    let mut dialog = Dialog::new(&relay, site::RELAY, site::SERVER);

    // Released.
    let (client, address) = lease(&mut dialog, 1, "one");
    named(&space, "one.example.com", address);
    let _: Option<_> =
        dialog.ask(Packet4::release(&client, site::SERVER, address), Duration::from_millis(100));
    nameless(&space, "one.example.com", address);

    // Declined.
    let (client, address) = lease(&mut dialog, 2, "two");
    named(&space, "two.example.com", address);
    let _: Option<_> =
        dialog.ask(Packet4::decline(&client, site::SERVER, address), Duration::from_millis(100));
    nameless(&space, "two.example.com", address);

    // Renamed at a renewal.
    let (client, address) = lease(&mut dialog, 3, "three");
    named(&space, "three.example.com", address);
    let renewal = Packet4::request_extension(&client, address).option(81, &option_81("four"));
    assert!(dialog.ask(renewal, PATIENCE).is_some(), "a renewal");
    named(&space, "four.example.com", address);
    assert_eq!(dig(&space, "three.example.com", "ANY"), "");

    // Expired and reclaimed, and a lease that never ends.
    let mut config = configuration();
    config["valid-lifetime"] = json!(2);
    server.tell("config-set", json!({ "Dhcp4": config }));
    let (_, address) = lease(&mut dialog, 5, "five");
    named(&space, "five.example.com", address);
    nameless(&space, "five.example.com", address);
    config["valid-lifetime"] = json!(4_294_967_295_u32);
    server.tell("config-set", json!({ "Dhcp4": config }));
    let (_, address) = lease(&mut dialog, 6, "six");
    named(&space, "six.example.com", address);

    assert!(server.stop().success());
    assert!(!d2.log().contains("DHCP_DDNS_INVALID_NCR"), "{}", d2.log());
}

/// Requests that were queued before the end leave before it.
#[test]
fn every_lease_is_told_of_before_the_end() {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    server.configure(&configuration());
    server.start();
    let d2 = server.space.inside(|| UdpSocket::bind("127.0.0.1:53001").expect("port of kea-dhcp-ddns"));
    d2.set_read_timeout(Some(PATIENCE)).expect("timeout of a socket");
    let mut dialog = Dialog::new(&relay, site::RELAY, site::SERVER);
    for client in 1..=20 {
        lease(&mut dialog, client, &format!("host-{client}"));
    }
    assert!(server.stop().success());
    let mut told = Vec::new();
    let mut buffer = [0; 2000];
    d2.set_nonblocking(true).expect("mode of a socket");
    while let Ok(length) = d2.recv(&mut buffer) {
        let request = ncr::NameChangeRequest::decode(&buffer[..length]).expect("a request");
        assert_eq!(request.change, ncr::Change::Add);
        told.push(request.address.to_string());
    }
    let stored = harness::stored_leases(&server.prefix.lease_file());
    let mut stored: Vec<String> = stored.keys().map(ToString::to_string).collect();
    stored.sort();
    told.sort();
    assert_eq!(told, stored);
}

/// A client of kea-dhcp6 on its link.
struct Client6 {
    socket: UdpSocket,
    link: u32,
    server_id: Vec<u8>,
}

impl Client6 {
    fn ask(&mut self, kind: u8, client: u8, name: &str, ia: &Ia6) -> Option<Resource6> {
        // Labels of a partial name (RFC 4704 section 4.2).
        let length = u8::try_from(name.len()).expect("a short name");
        let fqdn = [&[1, length][..], name.as_bytes()].concat();
        let mut packet = Packet6::new(kind, &[0, 3, 0, 1, 2, 0, 0, 0, 0, client])
            .option(3, &ia.build())
            .option(39, &fqdn)
            .option(6, &[0, 39]);
        packet.xid = u32::from(client) << 8 | u32::from(kind);
        if kind != kind::SOLICIT {
            packet = packet.option(2, &self.server_id);
        }
        let servers = SocketAddrV6::new("ff02::1:2".parse().expect("a group"), 547, 0, self.link);
        let mut buffer = [0; 2048];
        for _ in 0..20 {
            if self.socket.send_to(&packet.build(), servers).is_err() {
                std::thread::sleep(Duration::from_millis(100));
                continue;
            }
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            let reply = Reply6::parse(&buffer[..length]).expect("a good reply");
            if reply.xid == packet.xid {
                self.server_id
                    .clone_from(&reply.options.iter().find(|(code, _)| *code == 2).expect("a server").1);
                return reply.ias(3).expect("associations").first()?.resources.first().cloned();
            }
        }
        panic!("no answer to {packet:?}");
    }

    fn lease(&mut self, client: u8, name: &str) -> Ipv6Addr {
        let offered = self.ask(kind::SOLICIT, client, name, &Ia6::new(1)).expect("an offer");
        let ia = Ia6::new(1).with(offered.address, None);
        self.ask(kind::REQUEST, client, name, &ia).expect("a lease").address
    }
}

#[test]
fn names_of_dhcpv6_appear_and_vanish_with_their_leases() {
    appear_and_vanish6(By::Ours);
}

#[test]
fn names_of_dhcpv6_appear_and_vanish_with_debians_updater() {
    appear_and_vanish6(By::Debian);
}

fn appear_and_vanish6(by: By) {
    let Some(world) = World::new() else { return };
    let Some(named_program) = debian(&world, "named") else { return };
    let (space, clients) = (world.space("srv6"), world.space("cli6"));
    for each in [&space, &clients] {
        each.sh("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    }
    space.ip("link set lo up");
    space.bridge("lan");
    space.plug("lan", &clients, "02:00:5e:00:53:01");
    let _bind = start_bind(&world, &space, &named_program);
    let Some(d2) = D2::start(by, &world, &space) else { return };
    let mut config = harness::subnets6(
        &["lan"],
        json!([ { "id": 1, "subnet": "2001:db8:1::/64", "interface": "lan",
                  "pools": [ { "pool": "2001:db8:1::/80" } ] } ]),
    );
    for (name, value) in [
        ("dhcp-ddns", json!({ "enable-updates": true })),
        ("ddns-qualifying-suffix", json!("example.com")),
        ("expired-leases-processing", json!({ "reclaim-timer-wait-time": 1 })),
        ("cache-threshold", json!(0.0)),
    ] {
        config[name] = value;
    }
    let mut server = world.server6("kea6", &space);
    server.configure(&config);
    server.start();
    let link = clients.sh("cat /sys/class/net/eth0/ifindex").trim().parse().expect("a number");
    let socket = clients.inside(|| UdpSocket::bind("[::]:546").expect("port of clients"));
    socket.set_read_timeout(Some(Duration::from_millis(500))).expect("timeout of a socket");
    let mut client = Client6 { socket, link, server_id: Vec::new() };

    // Released, declined, renamed at a renewal.
    let address = client.lease(1, "one");
    named(&space, "one.example.com", address);
    client.ask(kind::RELEASE, 1, "one", &Ia6::new(1).with(address, None));
    nameless(&space, "one.example.com", address);
    let address = client.lease(2, "two");
    named(&space, "two.example.com", address);
    client.ask(kind::DECLINE, 2, "two", &Ia6::new(1).with(address, None));
    nameless(&space, "two.example.com", address);
    let address = client.lease(3, "three");
    named(&space, "three.example.com", address);
    client.ask(kind::RENEW, 3, "four", &Ia6::new(1).with(address, None));
    named(&space, "four.example.com", address);
    assert_eq!(dig(&space, "three.example.com", "ANY"), "");
    // Expired and reclaimed.
    config["preferred-lifetime"] = json!(1);
    config["valid-lifetime"] = json!(2);
    server.tell("config-set", json!({ "Dhcp6": config }));
    let address = client.lease(5, "five");
    nameless(&space, "five.example.com", address);
    assert!(server.stop().success());
    assert!(!d2.log().contains("DHCP_DDNS_INVALID_NCR"), "{}", d2.log());
}
