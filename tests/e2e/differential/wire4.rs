//! DHCPv4 in frames: a client has no address yet.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::time::Duration;

use harness::{Datagram, Frames, Link, Server, Space, World};
use serde_json::Value;
use testkit::Reply4;
use testkit::scenario::{Arrival4, Link4, Sent, Traffic};

use super::{Wire, hex};

/// One server of the pair with the wires to its interfaces.
pub(super) struct Side {
    space: Space,
    wires: Vec<(String, Frames)>,
}

impl Wire for Side {
    const PROGRAM: &'static str = "kea-dhcp4";
    const TOP: &'static str = "Dhcp4";
    const DIRECTORIES: [&'static str; 2] = ["scenarios", "differential"];
    const LEASES: &'static [&'static str] = &["kind", "yiaddr"];

    type Link = Link4;
    type Arrival = Arrival4;
    type Reply = (String, Datagram);

    fn traffic(path: &Path) -> Result<Vec<Traffic<Self::Link, Arrival4>>, String> {
        testkit::scenario::traffic(path)
    }

    fn new(world: &World, label: &str, links: &[(String, Ipv4Addr)]) -> Self {
        let (space, clients) = (world.space(label), world.space("wire"));
        let wires = links.iter().enumerate().map(|(number, (name, address))| {
            let there = format!("wire{number}");
            space.link(Link { here: name, there: &there }, &clients);
            space.ip(&format!("link set {name} down"));
            space.ip(&format!("link set {name} address 02:00:00:00:01:{number:02x}"));
            space.ip(&format!("link set {name} up"));
            space.ip(&format!("address add {address}/24 dev {name}"));
            (name.clone(), Frames::open(&clients, &there))
        });
        let wires = wires.collect();
        // Replies to any relay leave by the first link.
        if let Some((name, _)) = links.first() {
            space.ip(&format!("route add default dev {name}"));
        }
        Self { space, wires }
    }

    fn space(&self) -> &Space {
        &self.space
    }

    fn interfaces(links: &[Self::Link]) -> Vec<&str> {
        links.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn server(world: &World, space: &Space) -> Server {
        world.server("ours", space)
    }

    fn complete(_: &mut Value) {}

    fn send(&mut self, sent: &Sent<Arrival4>) {
        let arrival = &sent.arrival;
        let Some(number) = self.wires.iter().position(|(name, _)| **name == *arrival.interface) else {
            return;
        };
        let station = if arrival.local.is_broadcast() {
            [0xff; 6]
        } else {
            [2, 0, 0, 0, 1, u8::try_from(number).expect("few links")]
        };
        let datagram = Datagram {
            station,
            from: SocketAddrV4::new(arrival.remote, arrival.remote_port),
            to: SocketAddrV4::new(arrival.local, 67),
            payload: sent.bytes.clone(),
        };
        let frame = datagram.frame(station_of(sent));
        if let Some((_, wire)) = self.wires.get_mut(number) {
            wire.send(&frame);
        }
    }

    fn receive(&self, patience: Duration) -> Option<(String, Datagram)> {
        let end = std::time::Instant::now() + patience;
        loop {
            for (name, wire) in &self.wires {
                if let Some(datagram) = wire.receive(Duration::from_millis(2)) {
                    return Some((name.clone(), datagram));
                }
            }
            if std::time::Instant::now() > end {
                return None;
            }
        }
    }

    fn fields(reply: Option<&(String, Datagram)>) -> BTreeMap<String, String> {
        fields(reply)
    }

    fn alike(name: &str, left: &str, right: &str) -> bool {
        let number = |text: &str| i64::from_str_radix(text, 16).ok();
        name == "option 51" && number(left).zip(number(right)).is_some_and(|(l, r)| (l - r).abs() <= 2)
    }
}

/// The station that sends: a relay, or the client by its hardware address if it has one.
fn station_of(sent: &Sent<Arrival4>) -> [u8; 6] {
    let giaddr = sent.bytes.get(24..28).unwrap_or_default();
    let client = sent.bytes.get(28..34).and_then(|octets| <[u8; 6]>::try_from(octets).ok());
    match client {
        Some(client) if sent.bytes.get(2) == Some(&6) && giaddr == [0; 4] => client,
        _ => [2, 0, 0, 0, 2, 1],
    }
}

/// What a client sees of a reply, field by field.
fn fields(reply: Option<&(String, Datagram)>) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut put = |name: &str, value: String| fields.insert(name.to_owned(), value);
    let Some((interface, datagram)) = reply else {
        put("kind", "silence".to_owned());
        return fields;
    };
    let reply = match Reply4::parse(&datagram.payload) {
        Ok(reply) => reply,
        Err(error) => {
            put("kind", format!("{error}: {}", hex(&datagram.payload)));
            return fields;
        }
    };
    put("kind", reply.kind().to_string());
    put("interface", interface.clone());
    put("to", datagram.to.to_string());
    put("from", datagram.from.to_string());
    // Kea sends broadcasts to the one station that asked; a broadcast here is for all.
    if !datagram.to.ip().is_broadcast() {
        put("station", hex(&datagram.station));
    }
    put("op", reply.op.to_string());
    put("htype", reply.htype.to_string());
    put("chaddr", hex(&reply.chaddr));
    put("hops", reply.hops.to_string());
    put("xid", reply.xid.to_string());
    put("secs", reply.secs.to_string());
    put("flags", reply.broadcast.to_string());
    for (name, address) in [
        ("ciaddr", reply.ciaddr),
        ("yiaddr", reply.yiaddr),
        ("siaddr", reply.siaddr),
        ("giaddr", reply.giaddr),
    ] {
        put(name, address.to_string());
    }
    put("sname", hex(&reply.sname));
    put("file", hex(&reply.file));
    for (code, value) in &reply.options {
        let value = hex(value);
        fields
            .entry(format!("option {code}"))
            .and_modify(|values| {
                let _ = write!(values, " {value}");
            })
            .or_insert(value);
    }
    fields
}
