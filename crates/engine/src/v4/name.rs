//! The client's name: Client FQDN (option 81, RFC 4702) and Host Name (option 12).
//!
//! A name belongs to a lease: subnet and pool say how it is made, and a generated one is made from the address. A
//! client that sends no name, in a scope that generates none, costs nothing here.

use std::net::Ipv4Addr;

use config::{Ddns, Pool4, Subnet4};
use wire::iana::dhcp4_option as option4;

use super::messages::{
    FqdnScrubbedEmpty, GenerateFqdn, HostnameGenerated, HostnameMalformed, HostnameReserved,
    HostnameScrubbedEmpty, NameFailed, SanitisedMalformed,
};
use super::{Context4, Query};

/// Flags of option 81 (RFC 4702 section 2.1).
mod flag {
    pub(super) const S: u8 = 0x01;
    pub(super) const O: u8 = 0x02;
    pub(super) const E: u8 = 0x04;
    pub(super) const N: u8 = 0x08;
}

/// Longest name in text, its final dot left out (RFC 1035 section 2.3.4).
const LONGEST: usize = 253;
/// Longest label.
const LABEL: usize = 63;

/// An option of the reply: code and payload.
pub(super) type NameOption = (u8, Vec<u8>);

/// What the reply and the lease say of the client's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientName {
    /// For the lease; a name from option 81 keeps its final dot.
    pub hostname: Box<str>,
    /// The server updates DNS from name to address.
    pub fqdn_fwd: bool,
    /// The server updates DNS from address to name.
    pub fqdn_rev: bool,
    pub option: Option<NameOption>,
}

/// Where a name is made.
struct Naming<'a, 'q> {
    query: &'a Query<'q>,
    ddns: &'a Ddns,
    /// DNS is updated for clients of this scope.
    updates: bool,
    /// The reserved name, as written.
    reserved: Option<&'a str>,
    address: Ipv4Addr,
}

impl ClientName {
    /// The name that goes with a lease: what a reservation says, else what option 81 says if the client sent it, else
    /// option 12. A reserved or generated name answers in the option that the client used, and in option 12 where it
    /// used none.
    pub(super) fn of(
        ctx: &Context4<'_>,
        query: &Query<'_>,
        subnet: &Subnet4,
        pool: Option<&Pool4>,
        address: Ipv4Addr,
    ) -> Self {
        let ddns = pool.map_or(&subnet.params.ddns, |pool| &pool.ddns);
        let naming = Naming {
            query,
            ddns,
            updates: ctx.updates && ddns.send_updates,
            reserved: query.hosts.current(subnet).map(|h| &*h.hostname).filter(|name| !name.is_empty()),
            address,
        };
        match query.packet.option(option4::FQDN) {
            Some(fqdn) => naming.option_81(fqdn).unwrap_or_default(),
            None => naming.option_12(query.packet.option(option4::HOST_NAME)).unwrap_or_default(),
        }
    }
}

/// Whether the server updates forward (S), and whether nobody updates anything (N), by what the client says.
fn directions(s: bool, n: bool, updates: bool, override_client: bool, override_no: bool) -> (bool, bool) {
    if !updates {
        return (false, true);
    }
    match (s, n) {
        (true, _) => (true, false),
        (false, true) => (override_no, !override_no),
        (false, false) => (override_client, false),
    }
}

impl Naming<'_, '_> {
    fn option_81(&self, value: &[u8]) -> Option<ClientName> {
        let (flags, codes, name) = match value {
            [flags, rcode1, rcode2, name @ ..] => (*flags, [*rcode1, *rcode2], name),
            _ => return None,
        };
        let (client_s, client_n) = (flags & flag::S != 0, flags & flag::N != 0);
        // Both at once make no sense (RFC 4702 section 2.1).
        if client_s && client_n {
            return None;
        }
        let Ddns { override_client_update, override_no_update, .. } = *self.ddns;
        let (s, n) = directions(client_s, client_n, self.updates, override_client_update, override_no_update);
        let mut reply_flags = flags & flag::E;
        for (bit, set) in [(flag::S, s), (flag::N, n), (flag::O, s != client_s)] {
            if set {
                reply_flags |= bit;
            }
        }
        let full = self.fqdn(flags, name)?;
        // The result codes are out of use (RFC 4702 section 2.2). Kea repeats the client's, and so do we.
        let mut payload = vec![reply_flags];
        payload.extend_from_slice(&codes);
        // A generated name keeps the case of the configuration in the lease alone.
        let told = full.to_ascii_lowercase();
        if flags & flag::E != 0 {
            payload.extend(text_to_wire(&told)?);
        } else {
            payload.extend_from_slice(told.as_bytes());
        }
        Some(ClientName {
            hostname: full.into(),
            fqdn_fwd: s,
            fqdn_rev: !n,
            option: Some((option4::FQDN, payload)),
        })
    }

    /// The name of option 81, with its final dot.
    fn fqdn(&self, flags: u8, name: &[u8]) -> Option<String> {
        if let Some(reserved) = self.reserved {
            let name = self.ddns.qualify(reserved, true).to_ascii_lowercase();
            observe::log!(HostnameReserved { query: self.query.label(), name: &name });
            return Some(name);
        }
        let decoded = if flags & flag::E != 0 { wire_to_text(name)? } else { name.to_vec() };
        let sent = decoded.trim_ascii().to_ascii_lowercase();
        if sent.is_empty() || self.ddns.replaces_names() {
            return Some(self.generate(true));
        }
        let clean = match &self.ddns.sanitiser {
            None => sent.clone(),
            // By the label: the expression may match dots.
            Some(sanitiser) => {
                let labels: Vec<_> = sent.split(|o| *o == b'.').map(|label| sanitiser.scrub(label)).collect();
                labels.join(&b'.')
            }
        };
        let shown = || String::from_utf8_lossy(&sent).into_owned();
        if clean.is_empty() || clean.starts_with(b".") || clean.windows(2).any(|w| w == b"..") {
            observe::log!(FqdnScrubbedEmpty { query: self.query.label(), name: shown() });
            return None;
        }
        let clean = String::from_utf8_lossy(&clean);
        let mut full = if sent.ends_with(b".") {
            clean.into_owned()
        } else {
            // A replacement may have put a dot at the end.
            self.ddns.qualify(clean.trim_end_matches('.'), true)
        };
        if !full.ends_with('.') {
            full.push('.');
        }
        full.make_ascii_lowercase();
        if !well_formed(full.as_bytes()) {
            observe::log!(NameFailed { query: self.query.label(), reason: full });
            return None;
        }
        Some(full)
    }

    fn option_12(&self, value: Option<&[u8]>) -> Option<ClientName> {
        let name = if let Some(reserved) = self.reserved {
            let name = self.ddns.qualify(reserved, false).to_ascii_lowercase();
            observe::log!(HostnameReserved { query: self.query.label(), name: &name });
            name
        } else if let Some(value) = value {
            self.hostname(value)?
        } else if self.ddns.names_the_nameless() {
            observe::log!(GenerateFqdn { query: self.query.label() });
            self.generate(false)
        } else {
            return None;
        };
        Some(ClientName {
            option: Some((option4::HOST_NAME, name.as_bytes().to_vec())),
            hostname: name.into(),
            fqdn_fwd: self.updates,
            fqdn_rev: self.updates,
        })
    }

    /// The name of option 12. Clients do not say whether it is whole: a single label is not.
    fn hostname(&self, value: &[u8]) -> Option<String> {
        let nul = value.iter().rposition(|o| *o != 0).map_or(0, |last| last + 1);
        let sent = value.get(..nul).unwrap_or_default().trim_ascii();
        if sent.is_empty() {
            return None;
        }
        let label = self.query.label();
        if !well_formed(sent) {
            observe::log!(HostnameMalformed { query: label, name: String::from_utf8_lossy(sent) });
            return None;
        }
        if sent == b"." || self.ddns.replaces_names() {
            return Some(self.generate(false));
        }
        let clean = self.ddns.sanitiser.as_ref().map_or(sent.into(), |sanitiser| sanitiser.scrub(sent));
        if clean.is_empty() {
            observe::log!(HostnameScrubbedEmpty { query: label, name: String::from_utf8_lossy(sent) });
            return None;
        }
        if !well_formed(&clean) {
            observe::log!(SanitisedMalformed { query: label, name: String::from_utf8_lossy(&clean) });
            return None;
        }
        if *clean == *b"." {
            return Some(self.generate(false));
        }
        let name = String::from_utf8_lossy(&clean).to_ascii_lowercase();
        let single = !name.strip_suffix('.').unwrap_or(&name).contains('.');
        Some(if single { self.ddns.qualify(&name, false) } else { name })
    }

    fn generate(&self, dot: bool) -> String {
        let name = self.ddns.generate(self.address.into(), dot);
        observe::log!(HostnameGenerated { query: self.query.label(), name: &name });
        name
    }
}

/// Labels of 1 to 63 octets, 255 in all; a final dot is fine.
fn well_formed(name: &[u8]) -> bool {
    let labels = name.strip_suffix(b".").unwrap_or(name);
    let fits = |label: &[u8]| (1..=LABEL).contains(&label.len());
    name == b"." || (labels.len() <= LONGEST && labels.split(|o| *o == b'.').all(fits))
}

/// A name of length-prefixed labels as text; a partial name (no root label) has no final dot.
fn wire_to_text(mut wire: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(wire.len());
    loop {
        match wire {
            [] => return Some(text),
            [0] => {
                text.push(b'.');
                return Some(text);
            }
            [length, rest @ ..] => {
                let length = usize::from(*length);
                if length > 63 || length == 0 {
                    return None;
                }
                let (label, tail) = rest.split_at_checked(length)?;
                if !text.is_empty() {
                    text.push(b'.');
                }
                text.extend_from_slice(label);
                wire = tail;
            }
        }
    }
}

fn text_to_wire(name: &str) -> Option<Vec<u8>> {
    let mut wire = Vec::with_capacity(name.len() + 2);
    for label in name.strip_suffix('.').unwrap_or(name).split('.') {
        if label.len() > 63 {
            return None;
        }
        wire.push(u8::try_from(label.len()).ok()?);
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    (wire.len() <= 255).then_some(wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_wire() {
        assert_eq!(wire_to_text(b"\x03foo\x07example\x00").as_deref(), Some(&b"foo.example."[..]));
        assert_eq!(wire_to_text(b"\x03foo").as_deref(), Some(&b"foo"[..]));
        assert_eq!(wire_to_text(b"\x00").as_deref(), Some(&b"."[..]));
        assert_eq!(wire_to_text(b"\x04foo"), None);
        assert_eq!(wire_to_text(b"\x40xxxx"), None);
        assert_eq!(text_to_wire("foo.example.").as_deref(), Some(&b"\x03foo\x07example\x00"[..]));
        assert_eq!(text_to_wire(&"x".repeat(64)), None);
    }

    #[test]
    fn labels() {
        assert!(well_formed(b"a.b") && well_formed(b"a.") && well_formed(b"."));
        assert!(!well_formed(b"a..b") && !well_formed("x".repeat(64).as_bytes()) && !well_formed(b".a"));
        assert!(!well_formed("x.".repeat(128).as_bytes()));
    }

    #[test]
    fn who_updates() {
        // The client's S and N; updates, override-client-update, override-no-update; the server's S and N.
        for ((s, n), (updates, client, no), expected) in [
            ((false, false), (false, true, true), (false, true)),
            ((false, false), (true, false, false), (false, false)),
            ((false, false), (true, true, false), (true, false)),
            ((true, false), (false, true, true), (false, true)),
            ((true, false), (true, false, false), (true, false)),
            ((false, true), (true, true, false), (false, true)),
            ((false, true), (true, false, true), (true, false)),
            ((false, true), (false, false, true), (false, true)),
        ] {
            assert_eq!(directions(s, n, updates, client, no), expected, "{s} {n} {updates} {client} {no}");
        }
    }
}
