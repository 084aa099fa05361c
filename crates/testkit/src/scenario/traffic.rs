//! The packets of scenarios alone, for playing them to servers behind real sockets.

use std::net::Ipv4Addr;
use std::path::Path;

use engine::{v4, v6};

use super::packet::Links;
use super::packet6::Links6;
use super::parse::{self, Setting, Step};
use super::{Keys, value};

/// What the clients of one scenario send to a server that starts with an empty lease store.
#[derive(Clone, Debug)]
pub struct Traffic<L, A> {
    pub title: String,
    /// Text of the Dhcp4 or Dhcp6 map.
    pub config: String,
    /// Interfaces of the server.
    pub links: Vec<L>,
    /// In the order in which they are sent: all up to the first step that sockets cannot play (time that goes by,
    /// leases put into the store, another configuration).
    pub packets: Vec<Sent<A>>,
}

/// An interface and the server's address on it.
pub type Link4 = (String, Ipv4Addr);
pub type Arrival4 = v4::Arrival;
pub type Arrival6 = v6::Arrival;

/// A packet and how it comes to the server.
#[derive(Clone, Debug)]
pub struct Sent<A> {
    /// Its line in the file.
    pub line: usize,
    pub bytes: Vec<u8>,
    pub arrival: A,
}

/// The interfaces of a scenario's server, of one protocol.
trait Wires: Sized {
    /// Name, and what else an interface has.
    type Link;
    type Arrival;

    /// The files of the other protocol are none of ours.
    const SIX: bool;

    fn of(setting: &Setting) -> Result<Self, String>;
    fn send(&self, kind: &str, keys: &Keys) -> Result<(Vec<u8>, Self::Arrival), String>;
    /// How bytes come in that nothing is known of.
    fn plain(&self) -> Result<Self::Arrival, String>;
    fn into_links(self) -> Vec<Self::Link>;
}

impl Wires for Links {
    type Link = Link4;
    type Arrival = v4::Arrival;
    const SIX: bool = false;

    fn of(setting: &Setting) -> Result<Self, String> {
        Self::of(setting)
    }

    fn send(&self, kind: &str, keys: &Keys) -> Result<(Vec<u8>, v4::Arrival), String> {
        self.packet(kind, keys).map(|(packet, arrival)| (packet.build(), arrival))
    }

    fn plain(&self) -> Result<v4::Arrival, String> {
        self.arrival(&[], None)
    }

    fn into_links(self) -> Vec<Link4> {
        self.into_pairs()
    }
}

impl Wires for Links6 {
    type Link = String;
    type Arrival = v6::Arrival;
    const SIX: bool = true;

    fn of(setting: &Setting) -> Result<Self, String> {
        Ok(Self::of(setting))
    }

    fn send(&self, kind: &str, keys: &Keys) -> Result<(Vec<u8>, v6::Arrival), String> {
        self.packet(kind, keys).map(|(packet, arrival)| (packet.build(), arrival))
    }

    fn plain(&self) -> Result<v6::Arrival, String> {
        self.arrival(&[], false)
    }

    fn into_links(self) -> Vec<String> {
        self.into_names()
    }
}

/// The packets of a file's scenarios of DHCPv4; those without any are left out.
pub fn traffic(path: &Path) -> Result<Vec<Traffic<Link4, Arrival4>>, String> {
    read::<Links>(path)
}

/// [`traffic`] of DHCPv6.
pub fn traffic6(path: &Path) -> Result<Vec<Traffic<String, Arrival6>>, String> {
    read::<Links6>(path)
}

type TrafficOf<W> = Traffic<<W as Wires>::Link, <W as Wires>::Arrival>;

fn read<W: Wires>(path: &Path) -> Result<Vec<TrafficOf<W>>, String> {
    let at = |line: usize, text: String| format!("{}:{line}: {text}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| at(0, error.to_string()))?;
    let file = parse::file(&text).map_err(|(line, text)| at(line, text))?;
    if file.six != W::SIX {
        return Err(at(0, "a file of the other protocol".to_owned()));
    }
    let mut all = Vec::new();
    for scenario in &file.scenarios {
        let (config, _) = scenario
            .setting
            .config
            .clone()
            .ok_or_else(|| at(scenario.line, "there is no configuration".to_owned()))?;
        let links = <W as Wires>::of(&scenario.setting).map_err(|text| at(scenario.line, text))?;
        let mut packets = Vec::new();
        for (line, step) in &scenario.steps {
            let sent = match step {
                Step::Send { kind, keys } => links.send(kind, keys),
                Step::SendBytes(octets) => value::parse(octets).and_then(|bytes| Ok((bytes, links.plain()?))),
                Step::Given { .. }
                | Step::Time(_)
                | Step::Reclaim
                | Step::ReclaimAndRemove
                | Step::Flush
                | Step::Reconfigure(_) => {
                    break;
                }
                Step::Expect { .. }
                | Step::Lease { .. }
                | Step::NoLease(_)
                | Step::Leases(_)
                | Step::Stat(..)
                | Step::Ncr { .. }
                | Step::NoNcr
                | Step::Legal(_)
                | Step::NoLegal => continue,
            };
            let (bytes, arrival) = sent.map_err(|text| at(*line, text))?;
            packets.push(Sent { line: *line, bytes, arrival });
        }
        if !packets.is_empty() {
            all.push(Traffic { title: scenario.title.clone(), config, links: links.into_links(), packets });
        }
    }
    Ok(all)
}
