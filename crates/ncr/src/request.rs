//! The request and its datagram.

use std::fmt;
use std::net::IpAddr;

use base::{Timestamp, decode_hex};
use json::{Kind, Limits, Map, Value};
use thiserror::Error;

use crate::{Dhcid, NameError, wire_name};

/// A request is a flat map.
const DEPTH: usize = 8;
/// Time as requests have it: UTC, digits only.
const TIME: &str = "%Y%m%d%H%M%S";

/// What is to happen to the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    Add,
    Remove,
}

/// How entries of other clients are treated (`ddns-conflict-resolution-mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConflictResolution {
    /// As RFC 4703 has it: only the client's own entries, told by their DHCID, change.
    #[default]
    CheckWithDhcid,
    /// Entries change whoever has them; a DHCID is written.
    NoCheckWithDhcid,
    /// Entries change that have a DHCID, whosever.
    CheckExistsWithDhcid,
    /// Entries change whoever has them; no DHCID is written.
    NoCheckWithoutDhcid,
}

impl ConflictResolution {
    const ALL: [Self; 4] =
        [Self::CheckWithDhcid, Self::NoCheckWithDhcid, Self::CheckExistsWithDhcid, Self::NoCheckWithoutDhcid];

    /// The word that configurations and requests have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckWithDhcid => "check-with-dhcid",
            Self::NoCheckWithDhcid => "no-check-with-dhcid",
            Self::CheckExistsWithDhcid => "check-exists-with-dhcid",
            Self::NoCheckWithoutDhcid => "no-check-without-dhcid",
        }
    }

    /// The mode of a word; `None` for other words.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }

    /// What `use-conflict-resolution` once said.
    #[must_use]
    pub fn from_flag(flag: bool) -> Self {
        if flag { Self::CheckWithDhcid } else { Self::NoCheckWithDhcid }
    }
}

/// Why a request is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NcrError {
    #[error("the datagram is shorter than it says")]
    Truncated,
    #[error("the request is longer than a datagram can say")]
    TooLong,
    #[error("malformed JSON: {0}")]
    Json(String),
    #[error("value missing for: {0}")]
    Missing(&'static str),
    #[error("wrong type or value of {0}")]
    Value(&'static str),
    #[error("the lease names no client")]
    NoClient,
    #[error("invalid FQDN: {0}")]
    Name(#[from] NameError),
    #[error("forward and reverse flags are both false")]
    NoDirection,
}

/// A change of the DNS entries of one lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameChangeRequest {
    pub change: Change,
    /// The entry from name to address.
    pub forward: bool,
    /// The entry from address to name.
    pub reverse: bool,
    /// Ends with a dot.
    pub fqdn: Box<str>,
    pub address: IpAddr,
    pub dhcid: Dhcid,
    /// When the entries need renewal: Kea 2 says the beginning of the lease plus `ttl`. `None` where the sender does
    /// not say.
    pub lease_expires: Option<Timestamp>,
    /// Seconds that the entries live.
    pub ttl: u32,
    pub conflict_resolution: ConflictResolution,
}

impl NameChangeRequest {
    /// The datagram.
    ///
    /// # Errors
    /// When the name is none, when neither direction is to change, or when the text is too long.
    pub fn encode(&self) -> Result<Vec<u8>, NcrError> {
        self.check()?;
        let mut text = String::with_capacity(400);
        let change = match self.change {
            Change::Add => 0,
            Change::Remove => 1,
        };
        let name = json::to_string(&Value::from(&*self.fqdn));
        text.push_str(&format!(
            "{{\"change-type\":{change},\"forward-change\":{},\"reverse-change\":{},\"fqdn\":{name},\
             \"ip-address\":\"{}\",\"dhcid\":\"{}\",",
            self.forward, self.reverse, self.address, self.dhcid,
        ));
        if let Some(moment) = self.lease_expires.and_then(digits) {
            text.push_str(&format!("\"lease-expires-on\":\"{moment}\","));
        }
        text.push_str(&format!(
            "\"lease-length\":{},\"conflict-resolution-mode\":\"{}\"}}",
            self.ttl,
            self.conflict_resolution.as_str(),
        ));
        let length = u16::try_from(text.len()).map_err(|_| NcrError::TooLong)?;
        let mut datagram = Vec::with_capacity(text.len() + 2);
        datagram.extend_from_slice(&length.to_be_bytes());
        datagram.extend_from_slice(text.as_bytes());
        Ok(datagram)
    }

    /// Reads a datagram. Members that are unknown are passed over; what follows the map is, too.
    ///
    /// # Errors
    /// When the datagram is cut short, is no JSON map, or a member is missing or wrong.
    pub fn decode(datagram: &[u8]) -> Result<Self, NcrError> {
        let (length, text) = datagram.split_first_chunk().ok_or(NcrError::Truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let text = text.get(..length).ok_or(NcrError::Truncated)?;
        let limits = Limits { max_depth: DEPTH, max_bytes: usize::from(u16::MAX), max_include_depth: 0 };
        let value = json::parse_command(text, limits).map_err(|error| NcrError::Json(error.to_string()))?;
        let map = value.as_map().ok_or_else(|| NcrError::Json("it is no map".to_owned()))?;
        let request = Self {
            change: match member(map, "change-type")?.as_int() {
                Some(0) => Change::Add,
                Some(1) => Change::Remove,
                _ => return Err(NcrError::Value("change-type")),
            },
            forward: flag(map, "forward-change")?,
            reverse: flag(map, "reverse-change")?,
            fqdn: dotted(text_of(map, "fqdn")?),
            address: text_of(map, "ip-address")?.parse().map_err(|_| NcrError::Value("ip-address"))?,
            dhcid: decode_hex(text_of(map, "dhcid")?)
                .ok()
                .and_then(|octets| Dhcid::from_octets(&octets))
                .ok_or(NcrError::Value("dhcid"))?,
            lease_expires: match map.get("lease-expires-on") {
                None => None,
                Some(value) => {
                    let moment = value.as_str().and_then(moment);
                    Some(moment.ok_or(NcrError::Value("lease-expires-on"))?)
                }
            },
            ttl: member(map, "lease-length")?
                .as_int()
                .and_then(|n| u32::try_from(n).ok())
                .ok_or(NcrError::Value("lease-length"))?,
            conflict_resolution: conflict_resolution(map)?,
        };
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), NcrError> {
        wire_name(&self.fqdn)?;
        if self.forward || self.reverse { Ok(()) } else { Err(NcrError::NoDirection) }
    }
}

/// As Kea's log lines show it, over several lines.
impl fmt::Display for NameChangeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, change) = match self.change {
            Change::Add => (0, "CHG_ADD"),
            Change::Remove => (1, "CHG_REMOVE"),
        };
        let yes = |flag: bool| if flag { "yes" } else { "no" };
        writeln!(f, "Type: {code} ({change})")?;
        writeln!(f, "Forward Change: {}", yes(self.forward))?;
        writeln!(f, "Reverse Change: {}", yes(self.reverse))?;
        writeln!(f, "FQDN: [{}]", self.fqdn)?;
        writeln!(f, "IP Address: [{}]", self.address)?;
        writeln!(f, "DHCID: [{}]", self.dhcid)?;
        writeln!(f, "TTL: {}", self.ttl)?;
        writeln!(f, "Conflict Resolution Mode: {}", self.conflict_resolution.as_str())
    }
}

/// Later servers name a mode, older ones set a flag; the mode goes before the flag.
fn conflict_resolution(map: &Map) -> Result<ConflictResolution, NcrError> {
    const MODE: &str = "conflict-resolution-mode";
    const FLAG: &str = "use-conflict-resolution";
    if let Some(mode) = map.get(MODE) {
        mode.as_str().and_then(ConflictResolution::from_word).ok_or(NcrError::Value(MODE))
    } else if let Some(flag) = map.get(FLAG) {
        flag.as_bool().map(ConflictResolution::from_flag).ok_or(NcrError::Value(FLAG))
    } else {
        Ok(ConflictResolution::default())
    }
}

fn member<'a>(map: &'a Map, name: &'static str) -> Result<&'a Value, NcrError> {
    map.get(name).ok_or(NcrError::Missing(name))
}

fn flag(map: &Map, name: &'static str) -> Result<bool, NcrError> {
    member(map, name)?.as_bool().ok_or(NcrError::Value(name))
}

fn text_of<'a>(map: &'a Map, name: &'static str) -> Result<&'a str, NcrError> {
    match &member(map, name)?.kind {
        Kind::Str(text) => Ok(text),
        _ => Err(NcrError::Value(name)),
    }
}

fn dotted(name: &str) -> Box<str> {
    if name.is_empty() || name.ends_with('.') { name.into() } else { format!("{name}.").into() }
}

/// `None` for moments beyond the calendar: an infinite lease ends at none.
fn digits(moment: Timestamp) -> Option<String> {
    let moment = jiff::Timestamp::from_second(i64::try_from(moment.0).ok()?).ok()?;
    Some(moment.strftime(TIME).to_string())
}

fn moment(text: &str) -> Option<Timestamp> {
    if text.len() != 14 || !text.bytes().all(|o| o.is_ascii_digit()) {
        return None;
    }
    let moment = jiff::civil::DateTime::strptime(TIME, text).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(moment.timestamp().as_second()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn datagram(text: &str) -> Vec<u8> {
        let mut datagram = u16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
        datagram.extend_from_slice(text.as_bytes());
        datagram
    }

    fn sample() -> NameChangeRequest {
        NameChangeRequest {
            change: Change::Add,
            forward: true,
            reverse: false,
            fqdn: "host.example.com.".into(),
            address: IpAddr::from([192, 0, 2, 10]),
            dhcid: Dhcid::from_octets(&[0, 1, 1, 0xab]).unwrap(),
            lease_expires: Some(Timestamp(1_700_000_000)),
            ttl: 1200,
            conflict_resolution: ConflictResolution::CheckWithDhcid,
        }
    }

    const SAMPLE: &str = "{\"change-type\":0,\"forward-change\":true,\"reverse-change\":false,\
        \"fqdn\":\"host.example.com.\",\"ip-address\":\"192.0.2.10\",\"dhcid\":\"000101AB\",\
        \"lease-expires-on\":\"20231114221320\",\"lease-length\":1200,\
        \"conflict-resolution-mode\":\"check-with-dhcid\"}";

    #[test]
    fn the_datagram() {
        assert_eq!(String::from_utf8_lossy(&sample().encode().unwrap()[2..]), SAMPLE);
        assert_eq!(sample().encode().unwrap(), datagram(SAMPLE));
        assert_eq!(NameChangeRequest::decode(&datagram(SAMPLE)), Ok(sample()));
        let endless = NameChangeRequest { lease_expires: Some(Timestamp(u64::MAX)), ..sample() };
        assert_eq!(NameChangeRequest::decode(&endless.encode().unwrap()).unwrap().lease_expires, None);
    }

    #[test]
    fn what_older_and_newer_servers_say() {
        let mode = "\"conflict-resolution-mode\":\"check-with-dhcid\"";
        for (said, expected) in [
            ("\"use-conflict-resolution\":true", ConflictResolution::CheckWithDhcid),
            ("\"use-conflict-resolution\":false", ConflictResolution::NoCheckWithDhcid),
            (
                "\"use-conflict-resolution\":true,\"conflict-resolution-mode\":\"no-check-without-dhcid\"",
                ConflictResolution::NoCheckWithoutDhcid,
            ),
            (
                "\"conflict-resolution-mode\":\"check-exists-with-dhcid\"",
                ConflictResolution::CheckExistsWithDhcid,
            ),
            ("\"something-new\":[1]", ConflictResolution::CheckWithDhcid),
        ] {
            let request = NameChangeRequest::decode(&datagram(&SAMPLE.replace(mode, said))).unwrap();
            assert_eq!(request.conflict_resolution, expected, "{said}");
        }
        let without = SAMPLE.replace("\"lease-expires-on\":\"20231114221320\",", "");
        assert_eq!(NameChangeRequest::decode(&datagram(&without)).unwrap().lease_expires, None);
        let bare = SAMPLE.replace("example.com.", "example.com");
        assert_eq!(NameChangeRequest::decode(&datagram(&bare)), Ok(sample()), "names get their dot");
    }

    /// Sent by a kea-dhcp4 2.2.0 for a client with the hardware address 08:00:2b:00:00:0a.
    #[test]
    fn of_an_older_kea() {
        let text = "{\"change-type\":0,\"forward-change\":true,\"reverse-change\":true,\
            \"fqdn\":\"host.example.com.\",\"ip-address\":\"192.0.2.10\",\
            \"dhcid\":\"0000011DA807B17823478A8617BF7E3ADDFF3CC59F366BFD10CFFA5A0531EB2B22886D\",\
            \"lease-expires-on\":\"20261123232411\",\"lease-length\":2400,\"use-conflict-resolution\":true}";
        let request = NameChangeRequest::decode(&datagram(text)).unwrap();
        let hw_addr = base::HwAddr::new(1, &[8, 0, 0x2b, 0, 0, 10]).unwrap();
        let name = wire_name("host.example.com").unwrap();
        assert_eq!(Some(&request.dhcid), Dhcid::of_hw_addr(&hw_addr, &name).as_ref());
        assert_eq!(request.ttl, crate::TtlRule::default().of(base::Seconds(7200)));
        assert_eq!((request.change, request.forward, request.reverse), (Change::Add, true, true));
        // What we write differs in the word for conflicts alone.
        let mode = "\"conflict-resolution-mode\":\"check-with-dhcid\"";
        let newer = text.replace("\"use-conflict-resolution\":true", mode);
        assert_eq!(request.encode().unwrap(), datagram(&newer));
        // The same client with option 61.
        let client_id = base::ClientId::new(&[1, 2, 3, 4]).unwrap();
        assert_eq!(
            Dhcid::of_client_id(&client_id, &name).unwrap().to_string(),
            "000101E43DDDE039D9325EA392D6D9EA4E39F760223B9D66BE571D7CED5D6F2A1A75E8"
        );
    }

    #[test]
    fn what_is_no_request() {
        for (old, new, expected) in [
            ("\"change-type\":0,", "", NcrError::Missing("change-type")),
            ("\"change-type\":0", "\"change-type\":2", NcrError::Value("change-type")),
            ("\"forward-change\":true", "\"forward-change\":1", NcrError::Value("forward-change")),
            ("\"forward-change\":true", "\"forward-change\":false", NcrError::NoDirection),
            ("host.example.com.", "", NcrError::Name(NameError::Empty)),
            ("host.", "host..", NcrError::Name(NameError::EmptyLabel)),
            ("192.0.2.10", "192.0.2.300", NcrError::Value("ip-address")),
            ("000101AB", "", NcrError::Value("dhcid")),
            ("000101AB", "0001xx", NcrError::Value("dhcid")),
            ("20231114221320", "20231314221320", NcrError::Value("lease-expires-on")),
            ("20231114221320", "2023", NcrError::Value("lease-expires-on")),
            ("1200", "-1", NcrError::Value("lease-length")),
            ("1200", "4294967296", NcrError::Value("lease-length")),
            ("check-with-dhcid", "check", NcrError::Value("conflict-resolution-mode")),
        ] {
            let text = SAMPLE.replacen(old, new, 1);
            assert_eq!(NameChangeRequest::decode(&datagram(&text)), Err(expected), "{text}");
        }
        assert_eq!(NameChangeRequest::decode(&[0]), Err(NcrError::Truncated));
        assert_eq!(NameChangeRequest::decode(&[0, 5, b'{']), Err(NcrError::Truncated));
        assert!(matches!(NameChangeRequest::decode(&datagram("[]")), Err(NcrError::Json(_))));
        assert!(matches!(NameChangeRequest::decode(&datagram("{")), Err(NcrError::Json(_))));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            (add, forward, mode, ttl) in (any::<bool>(), any::<bool>(), 0..4usize, any::<u32>()),
            fqdn in "([a-z\"\\\\\u{e4}_-]{1,20}\\.){1,5}",
            address: IpAddr,
            dhcid in proptest::collection::vec(any::<u8>(), 1..40),
            lease_expires in proptest::option::of(0..4_000_000_000u64),
        ) {
            let request = NameChangeRequest {
                change: if add { Change::Add } else { Change::Remove },
                forward,
                reverse: !forward,
                fqdn: fqdn.into(),
                address,
                dhcid: Dhcid::from_octets(&dhcid).unwrap(),
                lease_expires: lease_expires.map(Timestamp),
                ttl,
                conflict_resolution: ConflictResolution::ALL[mode],
            };
            prop_assert_eq!(NameChangeRequest::decode(&request.encode().unwrap()), Ok(request));
        }

        #[test]
        fn anything_may_come(octets: Vec<u8>, text in "[{}\\[\\]\":,a-z0-9-]{0,60}") {
            let _ = NameChangeRequest::decode(&octets);
            let _ = NameChangeRequest::decode(&datagram(&text));
        }
    }
}
