//! Frames on a wire: what reaches a raw socket before there is an address, and where replies really go.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::programs::root;
use crate::space::Space;

/// Octets of Ethernet, IPv4 (without options) and UDP headers.
const ETHERNET: usize = 14;
const UDP: usize = ETHERNET + 20;
const PAYLOAD: usize = UDP + 8;

/// A UDP datagram and the station it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    pub station: [u8; 6],
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub payload: Vec<u8>,
}

impl Datagram {
    /// The frame, sent by `source`.
    #[must_use]
    pub fn frame(&self, source: [u8; 6]) -> Vec<u8> {
        let length = u16::try_from(8 + self.payload.len()).expect("a datagram that fits a frame");
        let mut frame = [self.station, source].concat();
        frame.extend([8, 0, 0x45, 0]);
        frame.extend((length + 20).to_be_bytes());
        frame.extend([0, 1, 0, 0, 64, 17, 0, 0]);
        frame.extend(self.from.ip().octets());
        frame.extend(self.to.ip().octets());
        let sum = checksum(frame.get(ETHERNET..).unwrap_or_default());
        if let Some(place) = frame.get_mut(24..26) {
            place.copy_from_slice(&sum.to_be_bytes());
        }
        frame.extend(self.from.port().to_be_bytes());
        frame.extend(self.to.port().to_be_bytes());
        frame.extend(length.to_be_bytes());
        // No checksum, which IPv4 allows.
        frame.extend([0, 0]);
        frame.extend(&self.payload);
        frame
    }

    /// The datagram of a frame; `None` for anything else.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_be_bytes(frame.get(at..at + 2)?.try_into().ok()?));
        let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(frame.get(at..at + 4)?).ok()?));
        if word(12)? != 0x0800 || frame.get(14) != Some(&0x45) || frame.get(23) != Some(&17) {
            return None;
        }
        let end = UDP + usize::from(word(UDP + 4)?);
        Some(Self {
            station: frame.get(..6)?.try_into().ok()?,
            from: SocketAddrV4::new(address(26)?, word(UDP)?),
            to: SocketAddrV4::new(address(30)?, word(UDP + 2)?),
            payload: frame.get(PAYLOAD..end)?.to_vec(),
        })
    }
}

/// The checksum of RFC 1071.
fn checksum(octets: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in octets.chunks(2) {
        sum += pair.iter().zip([256, 1]).map(|(octet, weight)| u32::from(*octet) * weight).sum::<u32>();
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

/// The end of a link that speaks frames. Dropping ends it.
#[derive(Debug)]
pub struct Frames {
    child: Child,
    input: ChildStdin,
    received: Receiver<Vec<u8>>,
}

impl Frames {
    /// Takes an interface of a namespace.
    #[must_use]
    pub fn open(space: &Space, interface: &str) -> Self {
        let script = root().join("tests/harness/frames.py");
        let mut command = space.command("python3", [script.as_os_str(), interface.as_ref()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("python3");
        let input = child.stdin.take().expect("a pipe");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        assert!(matches!(lines.next(), Some(Ok(line)) if line == "ready"), "the wire is not ready");
        let (sender, received) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let octets = base::decode_hex(&line).expect("hexadecimal digits");
                if sender.send(octets).is_err() {
                    break;
                }
            }
        });
        Self { child, input, received }
    }

    pub fn send(&mut self, frame: &[u8]) {
        let line: String = frame.iter().map(|octet| format!("{octet:02x}")).collect();
        writeln!(self.input, "{line}").expect("a wire that takes frames");
        self.input.flush().expect("a wire that takes frames");
    }

    /// The next UDP datagram, `None` when none comes in time.
    #[must_use]
    pub fn receive(&self, patience: Duration) -> Option<Datagram> {
        let end = std::time::Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(std::time::Instant::now());
            let frame = self.received.recv_timeout(left).ok()?;
            if let Some(datagram) = Datagram::read(&frame) {
                return Some(datagram);
            }
        }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        // Fails only when it has ended.
        let _: std::io::Result<()> = self.child.kill();
        let _: std::io::Result<std::process::ExitStatus> = self.child.wait();
    }
}
