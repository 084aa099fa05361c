//! DHCPv6 from sockets: clients and relay agents have link-local addresses.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{Ipv6Addr, SocketAddrV6, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use harness::{Link, Server, Space, World};
use serde_json::{Value, json};
use testkit::client6::{Ia6, Options6};
use testkit::scenario::{Arrival6, Sent, Traffic};
use testkit::{Reply6, SERVER_ID6};

use super::{Wire, hex};

/// The server and what it listens to everywhere.
const SERVERS: SocketAddrV6 = SocketAddrV6::new(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2), 547, 0, 0);

/// One server of the pair with the clients on its links.
pub(super) struct Side {
    space: Space,
    clients: Space,
    wires: Vec<OneWire>,
}

struct OneWire {
    /// The server's end.
    name: String,
    /// The clients' end, and its number.
    there: String,
    index: u32,
    /// Where somebody has sent from.
    sockets: Vec<(SocketAddrV6, UdpSocket)>,
}

impl Wire for Side {
    const PROGRAM: &'static str = "kea-dhcp6";
    const TOP: &'static str = "Dhcp6";
    const DIRECTORIES: [&'static str; 2] = ["scenarios/v6", "differential/v6"];
    const LEASES: &'static [&'static str] = &["kind", "na", "pd"];

    type Link = String;
    type Arrival = Arrival6;
    type Reply = (String, Vec<u8>);

    fn traffic(path: &Path) -> Result<Vec<Traffic<String, Arrival6>>, String> {
        testkit::scenario::traffic6(path)
    }

    fn new(world: &World, label: &str, links: &[String]) -> Self {
        let (space, clients) = (world.space(label), world.space("wire"));
        for each in [&space, &clients] {
            each.sh("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
        }
        let wires = links.iter().enumerate().map(|(number, name)| {
            let there = format!("wire{number}");
            space.link(Link { here: name, there: &there }, &clients);
            let index = clients.sh(&format!("cat /sys/class/net/{there}/ifindex"));
            let index = index.trim().parse().expect("the number of an interface");
            OneWire { name: name.clone(), there, index, sockets: Vec::new() }
        });
        let wires = wires.collect();
        Self { space, clients, wires }
    }

    fn space(&self) -> &Space {
        &self.space
    }

    fn interfaces(links: &[String]) -> Vec<&str> {
        links.iter().map(String::as_str).collect()
    }

    fn server(world: &World, space: &Space) -> Server {
        world.server6("ours", space)
    }

    fn complete(config: &mut Value) {
        let identifier = hex(SERVER_ID6.get(4..).unwrap_or_default());
        config["server-id"] = json!({ "type": "LL", "htype": 1, "identifier": identifier, "persist": false });
    }

    fn send(&mut self, sent: &Sent<Arrival6>) {
        let Self { clients, wires, .. } = self;
        let arrival = &sent.arrival;
        let Some(wire) = wires.iter_mut().find(|wire| *wire.name == *arrival.interface) else { return };
        let from = SocketAddrV6::new(arrival.remote, arrival.remote_port, 0, wire.index);
        if wire.sockets.iter().all(|(there, _)| *there != from) {
            clients.sh(&format!("ip address replace {}/64 dev {} nodad", from.ip(), wire.there));
            let socket = clients.inside(|| UdpSocket::bind(from).expect("a client's address"));
            socket.set_nonblocking(true).expect("a socket that does not wait");
            wire.sockets.push((from, socket));
        }
        // Kea does not listen to what only relay agents send to, ff05::1:3.
        let to = if arrival.local.is_multicast() { *SERVERS.ip() } else { arrival.local };
        let to = SocketAddrV6::new(to, SERVERS.port(), 0, wire.index);
        let socket = wire.sockets.iter().find(|(there, _)| *there == from);
        if let Some((_, socket)) = socket {
            // An address that no server has cannot be reached.
            let _: std::io::Result<usize> = socket.send_to(&sent.bytes, to);
        }
    }

    fn receive(&self, patience: Duration) -> Option<(String, Vec<u8>)> {
        let end = Instant::now() + patience;
        let mut buffer = vec![0; 65_536];
        loop {
            for wire in &self.wires {
                for (to, socket) in &wire.sockets {
                    if let Ok(length) = socket.recv(&mut buffer) {
                        let to = format!("{} [{}]:{}", wire.name, to.ip(), to.port());
                        return Some((to, buffer.get(..length).unwrap_or_default().to_vec()));
                    }
                }
            }
            if Instant::now() > end {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn fields(reply: Option<&(String, Vec<u8>)>) -> BTreeMap<String, String> {
        let Some((to, bytes)) = reply else {
            return [("kind".to_owned(), "silence".to_owned())].into();
        };
        match Reply6::parse(bytes).and_then(|reply| all(&reply)) {
            Ok(mut fields) => {
                fields.insert("to".to_owned(), to.clone());
                fields
            }
            Err(error) => [("kind".to_owned(), format!("{error}: {}", hex(bytes)))].into(),
        }
    }

    fn alike(name: &str, left: &str, right: &str) -> bool {
        let numbers = |text: &str| -> Vec<i64> {
            text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
        };
        let (left, right) = (numbers(left), numbers(right));
        name.ends_with("times")
            && left.len() == right.len()
            && left.iter().zip(&right).all(|(left, right)| (left - right).abs() <= 2)
    }
}

fn all(reply: &Reply6) -> Result<BTreeMap<String, String>, String> {
    let mut fields = BTreeMap::new();
    fields.insert("kind".to_owned(), reply.kind.to_string());
    fields.insert("xid".to_owned(), reply.xid.to_string());
    for (code, name) in [(3, "na"), (25, "pd")] {
        let ias = reply.ias(code)?;
        if !ias.is_empty() {
            fields.insert(name.to_owned(), ias.iter().map(what).collect::<Vec<_>>().join("; "));
            fields.insert(format!("{name} times"), ias.iter().map(times).collect::<Vec<_>>().join("; "));
        }
    }
    for (code, values) in by_code(&reply.options) {
        if !matches!(code, 3 | 25) {
            fields.insert(format!("option {code}"), values);
        }
    }
    for (number, relay) in reply.relays.iter().enumerate() {
        let head = format!("hop {} link {} peer {}", relay.hop_count, relay.link, relay.peer);
        fields.insert(format!("relay {number}"), head);
        for (code, values) in by_code(&relay.options) {
            fields.insert(format!("relay {number} option {code}"), values);
        }
    }
    Ok(fields)
}

/// The values of each option, in their order.
fn by_code(options: &Options6) -> BTreeMap<u16, String> {
    let mut fields: BTreeMap<u16, String> = BTreeMap::new();
    for (code, value) in options {
        let all = fields.entry(*code).or_default();
        let gap = if all.is_empty() { "" } else { " " };
        let _ = write!(all, "{gap}{}", hex(value));
    }
    fields
}

/// An association without its times.
fn what(ia: &Ia6) -> String {
    let mut text = ia.iaid.to_string();
    for resource in &ia.resources {
        let _ = write!(text, " {}", resource.address);
        if let Some(length) = resource.length {
            let _ = write!(text, "/{length}");
        }
        if resource.lifetimes.valid == 0 {
            text.push_str(" withdrawn");
        }
        for (code, values) in by_code(&resource.options) {
            let _ = write!(text, " +{code}:{values}");
        }
    }
    if let Some((code, status)) = &ia.status {
        let _ = write!(text, " status {code} '{status}'");
    }
    text
}

fn times(ia: &Ia6) -> String {
    let mut text = format!("{}/{}", ia.t1, ia.t2);
    for resource in &ia.resources {
        let _ = write!(text, " {}/{}", resource.lifetimes.preferred, resource.lifetimes.valid);
    }
    text
}
