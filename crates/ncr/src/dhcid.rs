//! DHCID resource records (RFC 4701): a digest over a client's identity and a name.

use std::fmt;

use base::{ClientId, HwAddr};
use sha2::{Digest, Sha256};

/// Identifier types (RFC 4701 section 3.3).
mod kind {
    pub(super) const HW_ADDR: u8 = 0;
    pub(super) const CLIENT_ID: u8 = 1;
    pub(super) const DUID: u8 = 2;
}

/// Digest type SHA-256.
const SHA_256: u8 = 1;
/// First octet of a client identifier that holds an IAID and a DUID (RFC 4361 section 6.1).
const WITH_DUID: u8 = 255;
/// Octets before the DUID in such an identifier: type and IAID.
const BEFORE_DUID: usize = 5;

/// The data of a DHCID record: identifier type, digest type, digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dhcid(Box<[u8]>);

impl Dhcid {
    /// From option 61, or from the DUID that it holds. `name` is the name in wire form ([`wire_name`]). `None` for an
    /// identifier that promises a DUID and has none.
    ///
    /// [`wire_name`]: crate::wire_name
    #[must_use]
    pub fn of_client_id(client_id: &ClientId, name: &[u8]) -> Option<Self> {
        match client_id.octets() {
            [] => None,
            octets @ [WITH_DUID, ..] => Self::of_duid(octets.get(BEFORE_DUID..)?, name),
            octets => Some(Self::digest(kind::CLIENT_ID, &[octets], name)),
        }
    }

    /// From a DUID; `None` if it is empty.
    #[must_use]
    pub fn of_duid(duid: &[u8], name: &[u8]) -> Option<Self> {
        (!duid.is_empty()).then(|| Self::digest(kind::DUID, &[duid], name))
    }

    /// From a hardware address and its type; `None` if it is empty or its type needs more than an octet.
    #[must_use]
    pub fn of_hw_addr(hw_addr: &HwAddr, name: &[u8]) -> Option<Self> {
        let htype = u8::try_from(hw_addr.htype()).ok()?;
        (!hw_addr.is_empty()).then(|| Self::digest(kind::HW_ADDR, &[&[htype], hw_addr.octets()], name))
    }

    fn digest(kind: u8, identity: &[&[u8]], name: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in identity {
            hash.update(part);
        }
        hash.update(name);
        let mut octets = vec![0, kind, SHA_256];
        octets.extend_from_slice(&hash.finalize());
        Self(octets.into())
    }

    /// The record's data as it is; `None` if it is empty.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        (!octets.is_empty()).then(|| Self(octets.into()))
    }

    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// Hexadecimal digits in upper case.
impl fmt::Display for Dhcid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::*;
    use crate::wire_name;

    fn record(text: &str) -> Dhcid {
        Dhcid(base64::engine::general_purpose::STANDARD.decode(text).unwrap().into())
    }

    /// The examples of RFC 4701 section 3.6.
    #[test]
    fn examples_of_the_rfc() {
        let duid = [0, 1, 0, 6, 0x41, 0x2d, 0xf1, 0x66, 1, 2, 3, 4, 5, 6];
        let name = wire_name("chi6.example.com").unwrap();
        let expected = record("AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=");
        assert_eq!(Dhcid::of_duid(&duid, &name).unwrap(), expected);
        let mut client_id = vec![255, 9, 9, 9, 9];
        client_id.extend_from_slice(&duid);
        let client_id = ClientId::new(&client_id).unwrap();
        assert_eq!(Dhcid::of_client_id(&client_id, &name).unwrap(), expected, "the DUID inside counts");

        let client_id = ClientId::new(&[1, 7, 8, 9, 10, 11, 12]).unwrap();
        assert_eq!(
            Dhcid::of_client_id(&client_id, &wire_name("chi.example.com").unwrap()).unwrap(),
            record("AAEBOSD+XR3Os/0LozeXVqcNc7FwCfQdWL3b/NaiUDlW2No=")
        );
        let hw_addr = HwAddr::new(1, &[1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(
            Dhcid::of_hw_addr(&hw_addr, &wire_name("Client.Example.com.").unwrap()).unwrap(),
            record("AAABxLmlskllE0MVjd57zHcWmEH3pCQ6VytcKD//7es/deY=")
        );
    }

    #[test]
    fn identities_that_are_none() {
        for octets in [&[255, 1, 2][..], &[255, 0, 0, 0, 1]] {
            assert_eq!(Dhcid::of_client_id(&ClientId::new(octets).unwrap(), &[0]), None, "{octets:?}");
        }
        assert_eq!(Dhcid::of_duid(&[], &[0]), None);
        assert_eq!(Dhcid::of_hw_addr(&HwAddr::new(1, &[]).unwrap(), &[0]), None);
        assert_eq!(Dhcid::from_octets(&[0, 0x1f, 0xab]).unwrap().to_string(), "001FAB");
    }
}
