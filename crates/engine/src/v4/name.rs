//! The client's name: Client FQDN (option 81, RFC 4702) and Host Name (option 12).
//!
//! kea-dhcp4 does not update DNS yet, so the flags say that nobody does.

use std::borrow::Cow;

use wire::iana::dhcp4_option as option4;

use super::Query;
use super::messages::{FqdnScrubbedEmpty, HostnameMalformed, HostnameScrubbedEmpty};

/// Flags of option 81 (RFC 4702 section 2.1).
mod flag {
    pub(super) const S: u8 = 0x01;
    pub(super) const O: u8 = 0x02;
    pub(super) const E: u8 = 0x04;
    pub(super) const N: u8 = 0x08;
}

/// What the reply and the lease say of the client's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientName {
    /// For the lease; a name from option 81 keeps its final dot.
    pub hostname: Box<str>,
    /// Option of the reply, code and payload.
    pub option: Option<(u8, Vec<u8>)>,
}

impl ClientName {
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// From option 81 if the client sent it, else from option 12.
    pub(super) fn of(query: &Query<'_>) -> Self {
        if let Some(fqdn) = query.packet.option(option4::FQDN) {
            return from_fqdn(query, fqdn).unwrap_or_default();
        }
        query.packet.option(option4::HOST_NAME).and_then(|v| from_hostname(query, v)).unwrap_or_default()
    }
}

fn from_fqdn(query: &Query<'_>, value: &[u8]) -> Option<ClientName> {
    let (flags, name) = match value {
        [flags, _rcode1, _rcode2, name @ ..] => (*flags, name),
        _ => return None,
    };
    // Both at once make no sense (RFC 4702 section 2.1).
    if flags & flag::S != 0 && flags & flag::N != 0 {
        return None;
    }
    let mut reply_flags = flag::N | (flags & flag::E);
    if flags & flag::S != 0 {
        reply_flags |= flag::O;
    }
    let text =
        if flags & flag::E != 0 { wire_to_text(name)? } else { String::from_utf8_lossy(name).into_owned() };
    let mut payload = vec![reply_flags, 255, 255];
    if text.is_empty() || text == "." {
        return Some(ClientName { hostname: Box::default(), option: Some((option4::FQDN, payload)) });
    }
    let clean: Vec<Cow<'_, str>> = text.split('.').map(sanitise).collect();
    let clean = clean.join(".");
    if clean.is_empty() || clean == "." || clean.contains("..") {
        observe::log!(FqdnScrubbedEmpty { query: query.label(), name: text });
        return None;
    }
    let mut full = clean.to_lowercase();
    if !full.ends_with('.') {
        full.push('.');
    }
    if flags & flag::E != 0 {
        payload.extend(text_to_wire(&full)?);
    } else {
        payload.extend_from_slice(full.as_bytes());
    }
    Some(ClientName { hostname: full.into(), option: Some((option4::FQDN, payload)) })
}

fn from_hostname(query: &Query<'_>, value: &[u8]) -> Option<ClientName> {
    let text = String::from_utf8_lossy(value);
    let text = text.trim_end_matches('\0').trim();
    if text.is_empty() {
        return None;
    }
    if !well_formed(text) {
        observe::log!(HostnameMalformed { query: query.label(), name: text });
        return None;
    }
    let clean = sanitise(text);
    if clean.is_empty() {
        observe::log!(HostnameScrubbedEmpty { query: query.label(), name: text });
        return None;
    }
    if !well_formed(&clean) {
        observe::log!(HostnameMalformed { query: query.label(), name: clean });
        return None;
    }
    let name = clean.to_lowercase();
    let single = !name.trim_end_matches('.').contains('.');
    let name = if single { name.trim_end_matches('.').to_owned() } else { name };
    if name.is_empty() {
        return None;
    }
    let payload = name.as_bytes().to_vec();
    Some(ClientName { hostname: name.into(), option: Some((option4::HOST_NAME, payload)) })
}

/// Labels of 1 to 63 octets, 255 in all; a final dot is fine.
fn well_formed(name: &str) -> bool {
    let labels = name.strip_suffix('.').unwrap_or(name);
    name == "." || (labels.len() <= 253 && labels.split('.').all(|label| (1..=63).contains(&label.len())))
}

/// Without the characters outside of `hostname-char-set`'s default.
fn sanitise(text: &str) -> Cow<'_, str> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if text.chars().all(good) {
        text.into()
    } else {
        text.chars().filter(|c| good(*c)).collect::<String>().into()
    }
}

/// A name of length-prefixed labels as text; a partial name (no root label) has no final dot.
fn wire_to_text(mut wire: &[u8]) -> Option<String> {
    let mut text = String::new();
    loop {
        match wire {
            [] => return Some(text),
            [0] => {
                text.push('.');
                return Some(text);
            }
            [length, rest @ ..] => {
                let length = usize::from(*length);
                if length > 63 || length == 0 {
                    return None;
                }
                let (label, tail) = rest.split_at_checked(length)?;
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&String::from_utf8_lossy(label));
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
        assert_eq!(wire_to_text(b"\x03foo\x07example\x00").as_deref(), Some("foo.example."));
        assert_eq!(wire_to_text(b"\x03foo").as_deref(), Some("foo"));
        assert_eq!(wire_to_text(b"\x00").as_deref(), Some("."));
        assert_eq!(wire_to_text(b"\x04foo"), None);
        assert_eq!(wire_to_text(b"\x40xxxx"), None);
        assert_eq!(text_to_wire("foo.example.").as_deref(), Some(&b"\x03foo\x07example\x00"[..]));
        assert_eq!(text_to_wire(&"x".repeat(64)), None);
    }

    #[test]
    fn labels() {
        assert!(well_formed("a.b") && well_formed("a.") && well_formed("."));
        assert!(!well_formed("a..b") && !well_formed(&"x".repeat(64)) && !well_formed(".a"));
        assert_eq!(sanitise("My_Host!.x"), "MyHost.x");
    }
}
