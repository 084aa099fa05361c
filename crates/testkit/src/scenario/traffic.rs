//! The packets of scenarios alone, for playing them to servers behind real sockets.

use std::net::Ipv4Addr;
use std::path::Path;

use engine::v4::Arrival;

use super::packet::Links;
use super::parse::{self, Step};
use super::value;

/// What the clients of one scenario send to a server that starts with an empty lease store.
#[derive(Clone, Debug)]
pub struct Traffic {
    pub title: String,
    /// Text of the Dhcp4 map.
    pub config: String,
    /// Interfaces of the server and its addresses on them.
    pub links: Vec<(String, Ipv4Addr)>,
    /// In the order in which they are sent: all up to the first step that sockets cannot play (time that goes by,
    /// leases put into the store, another configuration).
    pub packets: Vec<Sent>,
}

/// A packet and how it comes to the server.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its line in the file.
    pub line: usize,
    pub bytes: Vec<u8>,
    pub arrival: Arrival,
}

/// The packets of a file's scenarios of DHCPv4; those without any are left out.
pub fn traffic(path: &Path) -> Result<Vec<Traffic>, String> {
    let at = |line: usize, text: String| format!("{}:{line}: {text}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| at(0, error.to_string()))?;
    let file = parse::file(&text).map_err(|(line, text)| at(line, text))?;
    let mut all = Vec::new();
    for scenario in &file.scenarios {
        let (config, _) = scenario
            .setting
            .config
            .clone()
            .ok_or_else(|| at(scenario.line, "there is no configuration".to_owned()))?;
        let links = Links::of(&scenario.setting).map_err(|text| at(scenario.line, text))?;
        let mut packets = Vec::new();
        for (line, step) in &scenario.steps {
            let sent = match step {
                Step::Send { kind, keys } => {
                    links.packet(kind, keys).map(|(packet, arrival)| (packet.build(), arrival))
                }
                Step::SendBytes(octets) => {
                    value::parse(octets).and_then(|bytes| Ok((bytes, links.arrival(&[], None)?)))
                }
                Step::Given { .. } | Step::Time(_) | Step::Reclaim | Step::Flush | Step::Reconfigure(_) => {
                    break;
                }
                Step::Expect { .. }
                | Step::Lease { .. }
                | Step::NoLease(_)
                | Step::Leases(_)
                | Step::Stat(..)
                | Step::Ncr { .. }
                | Step::NoNcr => continue,
            };
            let (bytes, arrival) = sent.map_err(|text| at(*line, text))?;
            packets.push(Sent { line: *line, bytes, arrival });
        }
        if !packets.is_empty() {
            all.push(Traffic { title: scenario.title.clone(), config, links: links.into_pairs(), packets });
        }
    }
    Ok(all)
}
