//! Designated encrypted resolvers: DHCPv4 option 162 and DHCPv6 option 144 (RFC 9463 sections 4.1 and 5.1).
//!
//! An instance is written `priority, name, address address, key=value key=value`; the last two parts may be left out
//! together (ADN-only mode) or the last alone. DHCPv4 packs several instances into one option, separated by `|`.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use base::Family;

use crate::name::{self, Name};
use crate::{ValueError, csv};

const ALPN: u16 = 1;
const PORT: u16 = 3;
const DOHPATH: u16 = 7;

/// Keys of the service parameter registry that RFC 9463 keeps out of this option.
const UNUSABLE: [&str; 6] = ["mandatory", "no-default-alpn", "ipv4hint", "ech", "ipv6hint", "ohttp"];

pub(crate) fn encode(family: Family, text: &str) -> Result<Vec<u8>, ValueError> {
    if text.trim().is_empty() {
        return Err(ValueError::Missing);
    }
    if family == Family::V6 {
        return instance(family, text);
    }
    let mut out = Vec::new();
    for piece in csv::pieces(text, '|') {
        let body = instance(family, piece)?;
        out.extend(length(piece, 2, body.len())?);
        out.extend(body);
    }
    Ok(out)
}

fn bad(instance: &str, problem: impl Into<String>) -> ValueError {
    ValueError::Dnr { instance: instance.to_owned(), problem: problem.into() }
}

/// A length in `octets` octets, most significant first.
fn length(text: &str, octets: usize, value: usize) -> Result<Vec<u8>, ValueError> {
    match octets {
        1 => u8::try_from(value).map(|n| vec![n]),
        _ => u16::try_from(value).map(|n| n.to_be_bytes().to_vec()),
    }
    .map_err(|_| bad(text, format!("a part of {value} octets is too long")))
}

fn instance(family: Family, text: &str) -> Result<Vec<u8>, ValueError> {
    let mut parts = csv::pieces(text, ',').into_iter();
    let width = if family == Family::V6 { 2 } else { 1 };
    let priority = parts.next().unwrap_or_default();
    let priority: u16 = priority
        .parse()
        .map_err(|_| bad(text, format!("service priority '{priority}' is not a number up to 65535")))?;
    let mut adn = Vec::new();
    let adn_text = parts.next().ok_or_else(|| bad(text, "the authentication domain name is missing"))?;
    name::encode(adn_text, &mut adn)?;
    let mut out = priority.to_be_bytes().to_vec();
    out.extend(length(text, width, adn.len())?);
    out.extend(adn);
    let Some(addresses) = parts.next() else { return Ok(out) };
    let addresses = addresses_of(family, addresses, text)?;
    out.extend(length(text, width, addresses.len())?);
    out.extend(addresses);
    if let Some(parameters) = parts.next() {
        out.extend(service_parameters(parameters, text)?);
    }
    match parts.next() {
        None => Ok(out),
        Some(_) => Err(bad(text, "more than four parts; commas within a part need a backslash")),
    }
}

fn addresses_of(family: Family, part: &str, text: &str) -> Result<Vec<u8>, ValueError> {
    let mut octets = Vec::new();
    for word in part.split_ascii_whitespace() {
        match family {
            Family::V4 => octets
                .extend(word.parse::<Ipv4Addr>().map_err(|_| ValueError::Address(word.to_owned()))?.octets()),
            Family::V6 => octets
                .extend(word.parse::<Ipv6Addr>().map_err(|_| ValueError::Address(word.to_owned()))?.octets()),
        }
    }
    if octets.is_empty() {
        Err(bad(text, "no address; leave the part out for a name without addresses"))
    } else {
        Ok(octets)
    }
}

/// The parameters in the order of their keys (RFC 9460 section 2.2).
fn service_parameters(part: &str, text: &str) -> Result<Vec<u8>, ValueError> {
    let mut parameters: Vec<(u16, Vec<u8>)> = Vec::new();
    for word in unescape(part).split_ascii_whitespace() {
        let (key, value) = word
            .split_once('=')
            .ok_or_else(|| bad(text, format!("service parameter '{word}' is not key=value")))?;
        if value.is_empty() {
            return Err(bad(text, format!("service parameter '{key}' has no value")));
        }
        let (key_number, value) = match key {
            "alpn" => (ALPN, alpn(value, text)?),
            "port" => {
                let port: u16 = value
                    .parse()
                    .map_err(|_| bad(text, format!("port '{value}' is not a number up to 65535")))?;
                (PORT, port.to_be_bytes().to_vec())
            }
            "dohpath" => (DOHPATH, value.as_bytes().to_vec()),
            key if UNUSABLE.contains(&key) => {
                return Err(bad(
                    text,
                    format!("service parameter '{key}' can not be used in the DNR option"),
                ));
            }
            key => return Err(bad(text, format!("service parameter '{key}' is not supported"))),
        };
        if parameters.iter().any(|(known, _)| *known == key_number) {
            return Err(bad(text, format!("service parameter '{key}' is repeated")));
        }
        parameters.push((key_number, value));
    }
    parameters.sort_unstable_by_key(|(key, _)| *key);
    let mut out = Vec::new();
    for (key, value) in parameters {
        out.extend(key.to_be_bytes());
        out.extend(length(text, 2, value.len())?);
        out.extend(value);
    }
    Ok(out)
}

fn alpn(value: &str, text: &str) -> Result<Vec<u8>, ValueError> {
    let mut out = Vec::new();
    for id in value.split(',') {
        if id.is_empty() {
            return Err(bad(text, "empty protocol identifier in alpn"));
        }
        out.extend(length(text, 1, id.len())?);
        out.extend_from_slice(id.as_bytes());
    }
    Ok(out)
}

fn unescape(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    let mut chars = part.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next_if(|next| matches!(next, ',' | '|' | '\\')).unwrap_or(c)),
            c => text.push(c),
        }
    }
    text
}

fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        if matches!(c, ',' | '|' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
}

/// The text of a payload; `None` when it is malformed.
pub(crate) fn decode(family: Family, payload: &[u8]) -> Option<String> {
    let mut out = String::new();
    match family {
        Family::V6 => decode_instance(family, payload, &mut out)?,
        Family::V4 => {
            let mut rest = payload;
            loop {
                let body;
                (body, rest) = take_counted(rest, 2)?;
                decode_instance(family, body, &mut out)?;
                if rest.is_empty() {
                    break;
                }
                out.push_str(" | ");
            }
        }
    }
    Some(out)
}

/// What a length of `width` octets announces, and what follows it.
fn take_counted(input: &[u8], width: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_at_checked(width)?;
    rest.split_at_checked(length.iter().fold(0, |n, octet| n << 8 | usize::from(*octet)))
}

fn decode_instance(family: Family, input: &[u8], out: &mut String) -> Option<()> {
    let width = if family == Family::V6 { 2 } else { 1 };
    let (priority, rest) = input.split_first_chunk::<2>()?;
    let (adn, rest) = take_counted(rest, width)?;
    let (adn, taken) = Name::parse(adn, 0).filter(|(_, taken)| *taken == adn.len())?;
    let _ = write!(out, "{}, {adn}", u16::from_be_bytes(*priority));
    if rest.is_empty() || taken == 0 {
        return Some(());
    }
    let (mut addresses, mut parameters) = take_counted(rest, width)?;
    let mut separator = ", ";
    if addresses.is_empty() {
        return None;
    }
    while !addresses.is_empty() {
        out.push_str(separator);
        separator = " ";
        match family {
            Family::V4 => {
                let (octets, rest) = addresses.split_first_chunk::<4>()?;
                let _ = write!(out, "{}", Ipv4Addr::from(*octets));
                addresses = rest;
            }
            Family::V6 => {
                let (octets, rest) = addresses.split_first_chunk::<16>()?;
                let _ = write!(out, "{}", Ipv6Addr::from(*octets));
                addresses = rest;
            }
        }
    }
    separator = ", ";
    while !parameters.is_empty() {
        let (key, rest) = parameters.split_first_chunk::<2>()?;
        let value;
        (value, parameters) = take_counted(rest, 2)?;
        out.push_str(separator);
        separator = " ";
        decode_parameter(u16::from_be_bytes(*key), value, out)?;
    }
    Some(())
}

fn decode_parameter(key: u16, value: &[u8], out: &mut String) -> Option<()> {
    match key {
        ALPN => {
            out.push_str("alpn=");
            let mut rest = value;
            let mut first = true;
            while !rest.is_empty() {
                let id;
                (id, rest) = take_counted(rest, 1)?;
                if !first {
                    out.push_str("\\,");
                }
                first = false;
                escape(&String::from_utf8_lossy(id), out);
            }
        }
        PORT => {
            let octets: [u8; 2] = value.try_into().ok()?;
            let _ = write!(out, "port={}", u16::from_be_bytes(octets));
        }
        DOHPATH => {
            out.push_str("dohpath=");
            escape(&String::from_utf8_lossy(value), out);
        }
        key => {
            let _ = write!(out, "key{key}=0x{}", base::encode_hex(value));
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        base::decode_hex(&text.split_whitespace().collect::<String>()).unwrap()
    }

    // The byte strings are those of the manual and of RFC 9463's layout, put together by hand.
    #[test]
    fn both_ways() {
        let v6 = [
            (
                "100, dot1.example.org., 2001:db8::1 2001:db8::2, alpn=dot port=8530",
                "0064 0012 04646f7431076578616d706c65036f726700 0020 20010db8000000000000000000000001
                 20010db8000000000000000000000002 0001 0004 03646f74 0003 0002 2152",
            ),
            (
                "150, resolver.example., 2001:db8::1, alpn=dot\\,doq\\,h2\\,h3 dohpath=/q{?dns}",
                "0096 0012 087265736f6c766572076578616d706c6500 0010 20010db8000000000000000000000001
                 0001 000e 03646f74 03646f71 026832 026833 0007 0008 2f717b3f646e737d",
            ),
            ("7, a.b.", "0007 0005 0161016200"),
            ("7, a., ::1", "0007 0003 016100 0010 00000000000000000000000000000001"),
        ];
        for (text, wire) in v6 {
            assert_eq!(encode(Family::V6, text).unwrap(), hex(wire), "{text}");
            assert_eq!(decode(Family::V6, &hex(wire)).unwrap(), text);
        }
        let text = "2, resolver.example., 10.0.5.6, alpn=dot\\,doq port=8530 | 3, fooexp.resolver.example.";
        let wire = hex(
            "002c 0002 12 087265736f6c766572076578616d706c6500 04 0a000506 0001 0008 03646f7403646f71 0003 0002 2152
             001c 0003 19 06666f6f657870087265736f6c766572076578616d706c6500",
        );
        assert_eq!(encode(Family::V4, text).unwrap(), wire);
        assert_eq!(decode(Family::V4, &wire).unwrap(), text);
        let pipes = "1, a., 10.0.0.1, dohpath=/q\\|x\\,y{?dns}";
        assert_eq!(decode(Family::V4, &encode(Family::V4, pipes).unwrap()).unwrap(), pipes);
        // Keys come in any order and leave in that of the registry.
        let sorted = encode(Family::V4, "1, a., 10.0.0.1, port=1 alpn=dot").unwrap();
        assert_eq!(decode(Family::V4, &sorted).unwrap(), "1, a., 10.0.0.1, alpn=dot port=1");
    }

    #[test]
    fn refused_with_a_reason() {
        for (text, reason) in [
            ("", "no option value"),
            ("x, a.", "service priority 'x'"),
            ("65536, a.", "service priority"),
            ("1", "domain name is missing"),
            ("1, a..b", "duplicate period"),
            ("1, a., x", "address 'x'"),
            ("1, a., 2001:db8::1", "address '2001:db8::1'"),
            ("1, a., , alpn=dot", "no address"),
            ("1, a., 10.0.0.1, alpn", "not key=value"),
            ("1, a., 10.0.0.1, alpn=dot,doq", "more than four"),
            ("1, a., 10.0.0.1, alpn=", "no value"),
            ("1, a., 10.0.0.1, alpn=dot\\,", "empty protocol"),
            ("1, a., 10.0.0.1, port=65536", "port '65536'"),
            ("1, a., 10.0.0.1, port=1 port=2", "repeated"),
            ("1, a., 10.0.0.1, ech=1", "can not be used"),
            ("1, a., 10.0.0.1, zzz=1", "not supported"),
            ("1, a. |", "service priority ''"),
        ] {
            let error = encode(Family::V4, text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn broken_payloads() {
        for wire in [
            "",
            "00",
            "0001 00",
            "0005 0001 01 00 01",
            "0004 0001 01 01",
            "0006 0001 01 00 03 0a0000",
            "0005 0001 01 00 00",
        ] {
            assert!(decode(Family::V4, &hex(wire)).is_none(), "{wire}");
        }
    }
}
