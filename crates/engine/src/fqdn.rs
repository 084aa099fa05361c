//! Names that clients send as DNS has them (RFC 4702, RFC 4704): what becomes of them, in either family.

use config::Ddns;

/// Longest name in text, its final dot left out (RFC 1035 section 2.3.4).
const LONGEST: usize = 253;
/// Longest label.
const LABEL: usize = 63;

/// What a client is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Whole, with its final dot, in lower case.
    Whole(String),
    /// To be made from the address.
    Generate,
}

/// Why a name cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is left of the name, or of a label of it.
    Scrubbed(String),
    /// It cannot be one in DNS.
    Malformed(String),
}

/// The flag N of a client. Together with S it makes no sense (RFC 4702 section 2.1, RFC 4704 section 4.1): there is no
/// name then, or if `lenient`, N does not count.
pub(crate) fn client_n(s: bool, n: bool, lenient: bool) -> Option<bool> {
    match (s && n, lenient) {
        (false, _) => Some(n),
        (true, true) => Some(false),
        (true, false) => None,
    }
}

/// Whether the server updates forward (S), and whether nobody updates anything (N), by what the client says.
/// `updates`: DNS is updated for clients of the scope.
pub(crate) fn directions(s: bool, n: bool, updates: bool, ddns: &Ddns) -> (bool, bool) {
    if !updates {
        return (false, true);
    }
    match (s, n) {
        (true, _) => (true, false),
        (false, true) => (ddns.override_no_update, !ddns.override_no_update),
        (false, false) => (ddns.override_client_update, false),
    }
}

/// The name for one that a client sent, in text.
pub(crate) fn of_sent(ddns: &Ddns, sent: &[u8]) -> Result<Name, Fault> {
    let sent = sent.trim_ascii().to_ascii_lowercase();
    if sent.is_empty() || ddns.replaces_names() {
        return Ok(Name::Generate);
    }
    let clean = match &ddns.sanitiser {
        None => sent.clone(),
        // By the label: the expression may match dots.
        Some(sanitiser) => {
            let labels: Vec<_> = sent.split(|o| *o == b'.').map(|label| sanitiser.scrub(label)).collect();
            labels.join(&b'.')
        }
    };
    if clean.is_empty() || clean.starts_with(b".") || clean.windows(2).any(|w| w == b"..") {
        return Err(Fault::Scrubbed(String::from_utf8_lossy(&sent).into_owned()));
    }
    let clean = String::from_utf8_lossy(&clean);
    let mut full = if sent.ends_with(b".") {
        clean.into_owned()
    } else {
        // A replacement may have put a dot at the end.
        ddns.qualify(clean.trim_end_matches('.'), true)
    };
    if !full.ends_with('.') {
        full.push('.');
    }
    full.make_ascii_lowercase();
    if well_formed(full.as_bytes()) { Ok(Name::Whole(full)) } else { Err(Fault::Malformed(full)) }
}

/// Labels of 1 to 63 octets, 255 in all; a final dot is fine.
pub(crate) fn well_formed(name: &[u8]) -> bool {
    let labels = name.strip_suffix(b".").unwrap_or(name);
    let fits = |label: &[u8]| (1..=LABEL).contains(&label.len());
    name == b"." || (labels.len() <= LONGEST && labels.split(|o| *o == b'.').all(fits))
}

/// A name of length-prefixed labels as text; a partial name (no root label) has no final dot.
pub(crate) fn wire_to_text(mut wire: &[u8]) -> Option<Vec<u8>> {
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
                if length > LABEL || length == 0 {
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

/// A whole name as length-prefixed labels.
pub(crate) fn text_to_wire(name: &str) -> Option<Vec<u8>> {
    let mut wire = Vec::with_capacity(name.len() + 2);
    for label in name.strip_suffix('.').unwrap_or(name).split('.') {
        if label.len() > LABEL {
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
        for ((s, n), (updates, override_client_update, override_no_update), expected) in [
            ((false, false), (false, true, true), (false, true)),
            ((false, false), (true, false, false), (false, false)),
            ((false, false), (true, true, false), (true, false)),
            ((true, false), (false, true, true), (false, true)),
            ((true, false), (true, false, false), (true, false)),
            ((false, true), (true, true, false), (false, true)),
            ((false, true), (true, false, true), (true, false)),
            ((false, true), (false, false, true), (false, true)),
        ] {
            let ddns = Ddns { override_client_update, override_no_update, ..Ddns::default() };
            assert_eq!(directions(s, n, updates, &ddns), expected, "{s} {n} {updates} {ddns:?}");
        }
    }
}
