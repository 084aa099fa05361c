//! Client identifiers, hardware addresses, server tags.

use std::fmt;

use smallvec::SmallVec;

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentError {
    #[error("'{0}' is not a string of hexadecimal digits")]
    Hex(String),
    #[error("{what} of {length} octets; allowed are {min} to {max}")]
    Length { what: &'static str, length: usize, min: usize, max: usize },
    #[error("{0}")]
    Tag(String),
}

/// Hardware address (chaddr) with its ARP hardware type; 0 to 20 octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HwAddr {
    htype: u16,
    length: u8,
    octets: [u8; Self::MAX],
}

impl HwAddr {
    /// Longest address Kea keeps (InfiniBand has 20 octets).
    pub const MAX: usize = 20;
    /// Ethernet, the type that texts without a type mean.
    pub const ETHERNET: u16 = 1;

    pub fn new(htype: u16, octets: &[u8]) -> Result<Self, IdentError> {
        let too_long =
            || IdentError::Length { what: "hardware address", length: octets.len(), min: 0, max: Self::MAX };
        let length = u8::try_from(octets.len()).map_err(|_| too_long())?;
        let mut store = [0; Self::MAX];
        store.get_mut(..octets.len()).ok_or_else(too_long)?.copy_from_slice(octets);
        Ok(Self { htype, length, octets: store })
    }

    /// `01:02:...`, `0102...` or `01-02-...`, Ethernet.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        Self::new(Self::ETHERNET, &decode_hex(text)?)
    }

    #[must_use]
    pub fn htype(&self) -> u16 {
        self.htype
    }

    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or(&[])
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl fmt::Display for HwAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        colon_hex(self.octets(), f)
    }
}

impl fmt::Debug for HwAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] ", self.htype)?;
        colon_hex(self.octets(), f)
    }
}

/// Client identifier (option 61), 1 to 255 octets. Kea reads one below two octets from files too, so 1 is allowed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(SmallVec<[u8; 24]>);

impl ClientId {
    pub const MAX: usize = 255;

    pub fn new(octets: &[u8]) -> Result<Self, IdentError> {
        if octets.is_empty() || octets.len() > Self::MAX {
            return Err(IdentError::Length {
                what: "client-id",
                length: octets.len(),
                min: 1,
                max: Self::MAX,
            });
        }
        Ok(Self(SmallVec::from_slice(octets)))
    }

    pub fn parse(text: &str) -> Result<Self, IdentError> {
        Self::new(&decode_hex(text)?)
    }

    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        colon_hex(&self.0, f)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        colon_hex(&self.0, f)
    }
}

/// DHCP unique identifier of a client, server or relay (RFC 9915 section 11), 1 to 130 octets, its type first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duid(SmallVec<[u8; 24]>);

impl Duid {
    pub const MAX: usize = 130;

    pub fn new(octets: &[u8]) -> Result<Self, IdentError> {
        if octets.is_empty() || octets.len() > Self::MAX {
            return Err(IdentError::Length { what: "DUID", length: octets.len(), min: 1, max: Self::MAX });
        }
        Ok(Self(SmallVec::from_slice(octets)))
    }

    /// Hexadecimal digits in the forms of [`decode_hex`].
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        Self::new(&decode_hex(text)?)
    }

    /// The DUID of a declined lease: three zero octets, as Kea writes it.
    #[must_use]
    pub fn empty() -> Self {
        Self(SmallVec::from_slice(&[0; 3]))
    }

    /// Whether this is [`empty`](Self::empty), or the single zero octet of Kea's older lease files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.octets(), [0] | [0, 0, 0])
    }

    /// The type of RFC 9915 section 11.1; `None` when there are fewer than two octets.
    #[must_use]
    pub fn kind(&self) -> Option<u16> {
        self.0.first_chunk().map(|octets| u16::from_be_bytes(*octets))
    }

    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The hardware address within a DUID-LLT (type 1) or DUID-LL (type 3); `None` in others, and when there is no
    /// address or one that is too long.
    #[must_use]
    pub fn hw_addr(&self) -> Option<HwAddr> {
        let (htype, octets) = match self.octets() {
            [0, 1, high, low, _, _, _, _, octets @ ..] | [0, 3, high, low, octets @ ..] => {
                ([*high, *low], octets)
            }
            _ => return None,
        };
        HwAddr::new(u16::from_be_bytes(htype), octets).ok().filter(|address| !address.is_empty())
    }
}

impl fmt::Display for Duid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        colon_hex(&self.0, f)
    }
}

impl fmt::Debug for Duid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        colon_hex(&self.0, f)
    }
}

/// Identity association identifier (RFC 9915 section 12), unique among those of one client and type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iaid(pub u32);

impl fmt::Display for Iaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name by which objects of the configuration backend are tied to servers: lower-cased, at most 256
/// characters. The empty tag belongs to a server that gets only what is tied to all servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerTag(String);

impl ServerTag {
    pub const MAX: usize = 256;
    pub const ALL: &'static str = "all";

    /// A tag as databases and commands have it; empty is allowed.
    pub fn new(text: &str) -> Result<Self, IdentError> {
        let tag = text.trim().to_lowercase();
        if tag.chars().count() > Self::MAX {
            return Err(IdentError::Tag(format!(
                "server-tag must not be longer than {} characters",
                Self::MAX
            )));
        }
        Ok(Self(tag))
    }

    /// The tag that a server goes by: as [`new`](Self::new), without `any`, which commands mean otherwise.
    pub fn of_server(text: &str) -> Result<Self, IdentError> {
        let tag = Self::new(text)?;
        if tag.as_str() == "any" {
            return Err(IdentError::Tag("'any' is reserved and must not be used as a server-tag".to_owned()));
        }
        Ok(tag)
    }

    #[must_use]
    pub fn all() -> Self {
        Self(Self::ALL.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0 == Self::ALL
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ServerTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn colon_hex(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (i, octet) in octets.iter().enumerate() {
        if i > 0 {
            f.write_str(":")?;
        }
        write!(f, "{octet:02x}")?;
    }
    Ok(())
}

/// Octets as hexadecimal digits without separators, upper case.
#[must_use]
pub fn encode_hex(octets: &[u8]) -> String {
    use fmt::Write;
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        let _ = write!(text, "{octet:02X}");
        text
    })
}

/// Hexadecimal digits, either in one run (optional `0x`, odd count gets a leading zero) or as groups of one or
/// two separated by `:`, `-` or blanks.
pub fn decode_hex(text: &str) -> Result<Vec<u8>, IdentError> {
    let bad = || IdentError::Hex(text.to_owned());
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let separator = digits.chars().find(|c| matches!(c, ':' | '-' | ' '));
    let mut octets = Vec::with_capacity(digits.len() / 2 + 1);
    if let Some(separator) = separator {
        for group in digits.split(separator) {
            if group.is_empty() || group.len() > 2 || !group.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(bad());
            }
            octets.push(u8::from_str_radix(group, 16).map_err(|_| bad())?);
        }
        return Ok(octets);
    }
    let nibbles: Vec<u8> = digits
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()
        .ok_or_else(bad)?;
    let mut rest = nibbles.as_slice();
    if rest.len() % 2 == 1
        && let Some((first, tail)) = rest.split_first()
    {
        octets.push(*first);
        rest = tail;
    }
    octets.extend(rest.chunks_exact(2).map(|pair| match pair {
        [high, low] => high << 4 | low,
        _ => 0,
    }));
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_texts() {
        assert_eq!(decode_hex("0a:B:0c").unwrap(), [10, 11, 12]);
        assert_eq!(decode_hex("abc").unwrap(), [0x0a, 0xbc]);
        assert_eq!(decode_hex("0xFF").unwrap(), [0xff]);
        assert_eq!(decode_hex("").unwrap(), [] as [u8; 0]);
        for bad in ["0g", "1:2:", "::", "123:4", "é"] {
            assert!(decode_hex(bad).is_err(), "{bad}");
        }
        assert_eq!(encode_hex(&[1, 0xab]), "01AB");
    }

    #[test]
    fn identifiers_check_their_length() {
        assert!(HwAddr::new(1, &[0; 21]).is_err());
        assert_eq!(HwAddr::parse("08:00:2b:02:3f:4e").unwrap().to_string(), "08:00:2b:02:3f:4e");
        assert!(ClientId::new(&[]).is_err());
        assert!(ClientId::new(&[0; 256]).is_err());
    }

    #[test]
    fn duids_know_their_type_and_hardware_address() {
        assert!(Duid::new(&[]).is_err() && Duid::new(&[0; 131]).is_err() && Duid::new(&[0; 130]).is_ok());
        let mac = HwAddr::new(1, &[2, 0, 0, 0, 0, 7]).ok();
        for (text, kind, hw_addr) in [
            ("00:01:00:01:0a:0b:0c:0d:02:00:00:00:00:07", Some(1), mac),
            ("000300010200:00000007", None, None),
            ("00-03-00-01-02-00-00-00-00-07", Some(3), mac),
            ("00:03:00:06:01", Some(3), HwAddr::new(6, &[1]).ok()),
            ("00:03:00:01", Some(3), None),
            ("00:01:00:01:0a:0b:0c:0d", Some(1), None),
            ("00:02:00:00:00:09:01", Some(2), None),
            ("07", None, None),
            (&format!("00030001{}", "11".repeat(21)), Some(3), None),
        ] {
            let Ok(duid) = Duid::parse(text) else {
                assert_eq!(kind, None, "{text}");
                continue;
            };
            assert_eq!((duid.kind(), duid.hw_addr()), (kind, hw_addr), "{text}");
            assert_eq!(Duid::parse(&duid.to_string()), Ok(duid), "{text}");
        }
        assert_eq!(Duid::empty().to_string(), "00:00:00");
        assert!(Duid::empty().is_empty() && Duid::parse("00").unwrap().is_empty());
        assert!(!Duid::parse("00:00").unwrap().is_empty());
    }

    #[test]
    fn tags_are_lower_case() {
        assert_eq!(ServerTag::new("HeadQuarters").unwrap().as_str(), "headquarters");
        assert!(ServerTag::new(&"x".repeat(257)).is_err());
        assert!(ServerTag::new("ALL").unwrap().is_all());
        assert!(ServerTag::of_server(" Any").is_err() && ServerTag::of_server("anyone").is_ok());
    }
}
