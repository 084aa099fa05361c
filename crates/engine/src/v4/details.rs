//! All of a packet as the log shows it, in Kea's layout.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

use options::DefTable;
use wire::v4::{Header, Packet};

use super::{Arrival, Context4, Destination, Query};
use crate::details::show;

/// Octets of `sname` and `file` that are shown when they are no text.
const SHOWN: usize = 32;

/// A packet with its addresses, fields and options; made when it is written.
pub(super) struct Details<'a> {
    definitions: &'a DefTable,
    /// Address and port.
    local: (Ipv4Addr, u16),
    remote: (IpAddr, u16),
    bytes: &'a [u8],
}

impl<'a> Details<'a> {
    pub(super) fn of_query(ctx: &'a Context4<'_>, query: &'a Query<'_>) -> Self {
        let Arrival { local, local_port, remote_port, .. } = *query.arrival;
        Self {
            definitions: &ctx.config.definitions,
            local: (local, local_port),
            remote: (query.arrival.source(), remote_port),
            bytes: query.packet.bytes(),
        }
    }

    pub(super) fn of_reply(
        ctx: &'a Context4<'_>,
        query: &'a Query<'_>,
        source: Ipv4Addr,
        destination: &Destination,
        bytes: &'a [u8],
    ) -> Self {
        Self {
            definitions: &ctx.config.definitions,
            local: (destination.source.unwrap_or(source), query.arrival.local_port),
            remote: (destination.address.into(), destination.port),
            bytes,
        }
    }
}

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((local, local_port), (remote, remote_port)) = (self.local, self.remote);
        write!(f, "local_address={local}:{local_port}, remote_address={remote}:{remote_port},\nmsg_type=")?;
        let Ok(packet) = Packet::parse(self.bytes) else { return f.write_str("(missing)") };
        match packet.message_type() {
            Some(kind) => write!(f, "{kind} ({})", kind.0)?,
            None => f.write_str("(missing)")?,
        }
        header(packet.header(), f)?;
        let options = packet.options();
        if options.iter().next().is_none() {
            return f.write_str(",\nmessage contains no options");
        }
        let mut text = Vec::new();
        let show = show(self.definitions);
        show.options(options.iter().map(|(code, value)| (code.into(), value)), 1, &mut text);
        write!(f, ",\noptions:{}", String::from_utf8_lossy(&text))
    }
}

fn header(header: &Header<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Header { xid, secs, flags, .. } = header;
    write!(f, ", trans_id=0x{xid:x}, secs={secs}, flags=0x{flags:x}")?;
    let addresses = [
        ("ciaddr", header.ciaddr),
        ("yiaddr", header.yiaddr),
        ("siaddr", header.siaddr),
        ("giaddr", header.giaddr),
    ];
    for (name, address) in addresses.iter().filter(|(_, address)| !address.is_unspecified()) {
        write!(f, ", {name}={address}")?;
    }
    field("sname", header.sname, f)?;
    field("file", header.file, f)
}

/// A field of fixed length: its text up to the first NUL, or else octets; nothing if it is empty.
fn field(name: &str, octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if octets.iter().all(|octet| *octet == 0) {
        return Ok(());
    }
    let text = octets.split(|octet| *octet == 0).next().unwrap_or_default();
    write!(f, ", {name}=[")?;
    if !text.is_empty() && text.iter().all(|octet| matches!(octet, 0x20..=0x7e)) {
        f.write_str(&String::from_utf8_lossy(text))?;
    } else {
        for (number, octet) in octets.iter().take(SHOWN).enumerate() {
            write!(f, "{}{octet:02x}", if number == 0 { "" } else { ":" })?;
        }
        f.write_str(if octets.len() > SHOWN { ".." } else { "" })?;
    }
    f.write_char(']')
}
