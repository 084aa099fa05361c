//! Arguments of commands that Kea reads with one parser; texts of errors are those that programs match.

use std::fmt;
use std::net::IpAddr;

use base::{ClientId, Duid, HwAddr, IpAddress};
use control::{Answer, result};
use json::{Map, Value};

/// Why a command is refused, with the result code of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) result: u32,
    pub(crate) text: String,
}

impl Refusal {
    /// Something is wrong with the command.
    pub(crate) fn error(text: impl Into<String>) -> Self {
        Self { result: result::ERROR, text: text.into() }
    }

    /// The command is right, but at odds with the state of the server.
    pub(crate) fn conflict(text: impl Into<String>) -> Self {
        Self { result: result::CONFLICT, text: text.into() }
    }

    /// What the command is about is not there.
    pub(crate) fn empty(text: impl Into<String>) -> Self {
        Self { result: result::EMPTY, text: text.into() }
    }
}

impl<T: fmt::Display> From<T> for Refusal {
    fn from(error: T) -> Self {
        Self::error(error.to_string())
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::with_result(refusal.result, refusal.text)
    }
}

/// A refusal with a text.
pub(crate) fn refuse<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::error(text))
}

/// A map of arguments and where it was written.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    pub(crate) map: &'a Map,
    value: &'a Value,
}

impl<'a> Params<'a> {
    /// The arguments as a map.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        value.as_map().map(|map| Self { map, value })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    fn need(&self, name: &str) -> Result<&'a Value, Refusal> {
        self.get(name)
            .ok_or_else(|| Refusal::error(format!("missing parameter '{name}' ({})", self.value.pos())))
    }

    /// A string that has to be there.
    pub(crate) fn string(&self, name: &str) -> Result<&'a str, Refusal> {
        let value = self.need(name)?;
        value.as_str().ok_or_else(|| wrong_type(name, value))
    }

    /// An integer that has to be there.
    pub(crate) fn integer(&self, name: &str) -> Result<i64, Refusal> {
        let value = self.need(name)?;
        value.as_int().ok_or_else(|| wrong_type(name, value))
    }

    /// An integer of a smaller type that has to be there.
    pub(crate) fn number<N: TryFrom<i64>>(&self, name: &str) -> Result<N, Refusal> {
        let value = self.need(name)?;
        let number = self.integer(name)?;
        N::try_from(number).map_err(|_| {
            Refusal::error(format!(
                "out of range value ({number}) specified for parameter '{name}' ({})",
                value.pos()
            ))
        })
    }

    /// As [`number`](Self::number), `None` when absent.
    pub(crate) fn optional<N: TryFrom<i64>>(&self, name: &str) -> Result<Option<N>, Refusal> {
        if self.map.contains_key(name) { self.number(name).map(Some) } else { Ok(None) }
    }

    /// A boolean; false when absent.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| wrong_type(name, value)),
        }
    }

    /// An address that has to be there, of the family.
    pub(crate) fn address<A: IpAddress>(&self, name: &str) -> Result<A, Refusal> {
        let text = self.string(name)?;
        let pos = self.get(name).unwrap_or(self.value).pos();
        let address = address(text).map_err(|why| {
            Refusal::error(format!("Failed to convert '{text}' to address: {}({pos})", why.text))
        })?;
        A::from_ip(address).ok_or_else(|| {
            let wanted = if address.is_ipv4() { "IPv6" } else { "IPv4" };
            Refusal::error(format!("Non-{wanted} address specified: {address}"))
        })
    }
}

fn wrong_type(name: &str, value: &Value) -> Refusal {
    Refusal::error(format!("invalid type specified for parameter '{name}' ({})", value.pos()))
}

/// An address of either family.
pub(crate) fn address(text: &str) -> Result<IpAddr, Refusal> {
    text.parse().map_err(|_| {
        Refusal::error(format!("Failed to convert string to address '{text}': Invalid argument"))
    })
}

/// A hardware address as commands write it: octets of one or two digits, separated by colons.
pub(crate) fn hw_addr(text: &str) -> Result<HwAddr, Refusal> {
    let octets = separated(text, ':')?;
    HwAddr::new(HwAddr::ETHERNET, &octets)
        .map_err(|_| Refusal::error("address vector size exceeds MAX_HWADDR_LEN"))
}

/// A client identifier: octets separated by colons or blanks, or one run of digits.
pub(crate) fn client_id(text: &str) -> Result<ClientId, Refusal> {
    let octets = octets(text)?;
    bounded(&octets, 2, ClientId::MAX)?;
    Ok(ClientId::new(&octets)?)
}

/// A DUID (RFC 9915 section 11.1), written as a client identifier.
pub(crate) fn duid(text: &str) -> Result<Duid, Refusal> {
    let octets = octets(text)?;
    bounded(&octets, 3, Duid::MAX)?;
    Ok(Duid::new(&octets)?)
}

fn bounded(octets: &[u8], min: usize, max: usize) -> Result<(), Refusal> {
    let length = octets.len();
    if length < min {
        return refuse(format!("identifier is too short ({length}), at least {min} is required"));
    }
    if length > max {
        return refuse(format!("identifier is too large ({length}), at most {max} is required"));
    }
    Ok(())
}

pub(crate) fn octets(text: &str) -> Result<Vec<u8>, Refusal> {
    for separator in [':', ' '] {
        if text.contains(separator) {
            return separated(text, separator);
        }
    }
    let digits = if text.len() > 2 { text.strip_prefix("0x").unwrap_or(text) } else { text };
    let bad = || Refusal::error(format!("'{text}' is not a valid string of hexadecimal digits"));
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(bad());
    }
    base::decode_hex(digits).map_err(|_| bad())
}

fn separated(text: &str, separator: char) -> Result<Vec<u8>, Refusal> {
    let groups: Vec<&str> = text.split(separator).collect();
    if groups.len() == 1 && text.is_empty() {
        return Ok(Vec::new());
    }
    let mut octets = Vec::with_capacity(groups.len());
    for group in &groups {
        if group.is_empty() {
            return refuse(format!(
                "two consecutive separators ('{separator}') specified in a decoded string '{text}'"
            ));
        }
        if group.chars().count() > 2 {
            return refuse(format!("invalid format of the decoded string '{text}'"));
        }
        if let Some(odd) = group.chars().find(|c| !c.is_ascii_hexdigit()) {
            return refuse(format!("'{odd}' is not a valid hexadecimal digit in decoded string '{text}'"));
        }
        octets.push(u8::from_str_radix(group, 16)?);
    }
    Ok(octets)
}

/// Arguments as a log line shows them.
pub(crate) fn shown(arguments: Option<&Value>) -> String {
    arguments.map_or_else(|| "<no args>".to_owned(), json::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_texts_of_kea() {
        for (text, error) in [
            (" ", "' ' is not a valid hexadecimal digit in decoded string ' '"),
            ("xxx", "invalid format of the decoded string 'xxx'"),
            ("0011", "invalid format of the decoded string '0011'"),
            ("1::2", "two consecutive separators (':') specified in a decoded string '1::2'"),
            ("é", "'é' is not a valid hexadecimal digit in decoded string 'é'"),
        ] {
            assert_eq!(hw_addr(text).unwrap_err().text, error);
        }
        assert_eq!(hw_addr("1:2").unwrap().octets(), [1, 2]);
        assert!(hw_addr("").unwrap().is_empty());
        assert_eq!(
            hw_addr(&["01"; 21].join(":")).unwrap_err().text,
            "address vector size exceeds MAX_HWADDR_LEN"
        );
        for (text, error) in [
            ("", "identifier is too short (0), at least 2 is required"),
            ("00", "identifier is too short (1), at least 2 is required"),
            (" ", "two consecutive separators (' ') specified in a decoded string ' '"),
            ("xx", "'xx' is not a valid string of hexadecimal digits"),
            ("01:zz", "'z' is not a valid hexadecimal digit in decoded string '01:zz'"),
        ] {
            assert_eq!(client_id(text).unwrap_err().text, error);
        }
        assert_eq!(
            client_id(&"ab".repeat(256)).unwrap_err().text,
            "identifier is too large (256), at most 255 is required"
        );
        for text in ["0x0102", "01:02", "1 2", "102"] {
            assert_eq!(client_id(text).unwrap().octets(), [1, 2], "{text}");
        }
    }
}
