//! Between the text of an option in a configuration and its payload.

use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};

use base::Family;

use crate::value::{is_dnr, mask6, values};
use crate::{DataType, FieldError, OptionDef, OptionError, OptionSpace, ValueError, csv, dnr, name, route};

/// A text as clients send it, without NULs after its end (RFC 2132 section 2).
#[must_use]
pub fn without_nuls(mut text: &[u8]) -> &[u8] {
    while let [shorter @ .., 0] = text {
        text = shorter;
    }
    text
}

/// The longest payload: the limit of a DHCPv6 option, and more than a DHCPv4 packet can carry in parts.
const MAX_PAYLOAD: usize = 65535;

/// The payload of a text of comma-separated values (`csv-format` true), without sub-options.
///
/// A single value takes the first of the list and a record its first fields; what follows is ignored, as Kea does.
/// The last field of an array takes all that is left. Numbers are decimal or, when they are not decimal,
/// hexadecimal with or without `0x`.
pub fn encode_csv(def: &OptionDef, data: &str) -> Result<Vec<u8>, OptionError> {
    let fault = |problem, field| OptionError::Data {
        space: def.space.clone(),
        code: def.code,
        reason: FieldError { problem, field },
    };
    let payload = match def.data_type {
        DataType::Internal if is_dnr(def) => dnr::encode(def.family, data).map_err(|e| fault(e, None))?,
        DataType::Internal => route::encode(data).map_err(|(index, e)| fault(e, Some(index + 1)))?,
        _ => {
            let texts = csv::split(data);
            let fields = def.fields();
            let record = def.data_type == DataType::Record;
            if record && texts.len() < fields.len() {
                return Err(fault(ValueError::FewFields { code: def.code }, None));
            }
            let mut out = Vec::with_capacity(data.len().min(64));
            let Some(last) = fields.last() else { return Ok(out) };
            if def.data_type == DataType::Empty {
                return texts
                    .first()
                    .map_or(Ok(out), |text| Err(fault(ValueError::NotEmpty(text.clone()), None)));
            }
            if texts.is_empty() {
                return if def.may_be_empty() { Ok(out) } else { Err(fault(ValueError::Missing, None)) };
            }
            let count = if def.array { texts.len() } else { fields.len() };
            for (index, text) in texts.iter().take(count).enumerate() {
                let data_type = *fields.get(index).unwrap_or(last);
                let number = (record || def.array).then_some(index + 1);
                encode_value(def, data_type, text, &mut out).map_err(|e| fault(e, number))?;
            }
            if is_vendor_class(def) && !holds_tuples(def, out.get(4..).unwrap_or(&[])) {
                return Err(fault(ValueError::VendorClass, None));
            }
            out
        }
    };
    if payload.len() > MAX_PAYLOAD {
        Err(fault(ValueError::TooLong(payload.len()), None))
    } else {
        Ok(payload)
    }
}

/// The payload of a text of hexadecimal digits (`csv-format` false): one run with or without `0x` (an odd count
/// gets a leading zero), or groups of one or two digits separated by colons or by single blanks; or text in single
/// quotes, taken as it stands.
pub fn encode_hex(data: &str) -> Result<Vec<u8>, OptionError> {
    let bad = || OptionError::Hex(data.to_owned());
    if data.is_empty() {
        return Ok(Vec::new());
    }
    let quoted = data.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(text) = quoted.filter(|text| !text.is_empty()) {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(separator) = data.chars().find(|c| matches!(c, ':' | ' ')) {
        return data
            .split(separator)
            .map(|group| match group.as_bytes() {
                [low] => digit(*low),
                [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
                _ => None,
            })
            .collect::<Option<_>>()
            .ok_or_else(bad);
    }
    let digits = data.strip_prefix("0x").or_else(|| data.strip_prefix("0X")).unwrap_or(data);
    run_of_digits(digits.as_bytes()).filter(|octets| !octets.is_empty()).ok_or_else(bad)
}

fn digit(c: u8) -> Option<u8> {
    char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Octets of a run of digits; an odd first digit stands alone.
fn run_of_digits(digits: &[u8]) -> Option<Vec<u8>> {
    let (odd, pairs) = digits.split_at_checked(digits.len() % 2)?;
    let mut octets = Vec::with_capacity(digits.len().div_ceil(2));
    for c in odd {
        octets.push(digit(*c)?);
    }
    for pair in pairs.chunks_exact(2) {
        let [high, low] = pair else { return None };
        octets.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(octets)
}

fn encode_value(
    def: &OptionDef,
    data_type: DataType,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    match data_type {
        DataType::Boolean => out.push(boolean(text)?),
        DataType::Uint8 => out.extend(narrow::<u8>(text, 0, u8::MAX.into())?.to_be_bytes()),
        DataType::Uint16 => out.extend(narrow::<u16>(text, 0, u16::MAX.into())?.to_be_bytes()),
        DataType::Uint32 => out.extend(narrow::<u32>(text, 0, u32::MAX.into())?.to_be_bytes()),
        DataType::Int8 => out.extend(narrow::<i8>(text, i8::MIN.into(), i8::MAX.into())?.to_be_bytes()),
        DataType::Int16 => out.extend(narrow::<i16>(text, i16::MIN.into(), i16::MAX.into())?.to_be_bytes()),
        DataType::Int32 => out.extend(narrow::<i32>(text, i32::MIN.into(), i32::MAX.into())?.to_be_bytes()),
        DataType::Ipv4Address => match address(text)? {
            IpAddr::V4(a) => out.extend(a.octets()),
            IpAddr::V6(_) => return Err(ValueError::AddressFamily { text: text.to_owned(), version: 4 }),
        },
        DataType::Ipv6Address => match address(text)? {
            IpAddr::V6(a) => out.extend(a.octets()),
            IpAddr::V4(_) => return Err(ValueError::AddressFamily { text: text.to_owned(), version: 6 }),
        },
        DataType::Ipv6Prefix => prefix(text, out)?,
        DataType::Psid => psid(text, out)?,
        DataType::Binary => out.extend(binary(text)?),
        DataType::String => out.extend_from_slice(text.as_bytes()),
        DataType::Tuple => tuple(def, text, out)?,
        DataType::Fqdn => name::encode(text, out)?,
        // Never the type of a field; `validate` and the tables see to it.
        DataType::Empty | DataType::Record | DataType::Internal => {
            return Err(ValueError::NotEmpty(text.to_owned()));
        }
    }
    Ok(())
}

/// A number as Kea reads it: decimal first (leading zeros mean nothing), else hexadecimal.
fn integer(text: &str) -> Result<i64, ValueError> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ValueError::Integer(text.to_owned()));
    }
    // Too many digits are out of any range.
    let number = i64::from_str_radix(digits, 16).unwrap_or(i64::MAX);
    Ok(if negative { -number } else { number })
}

fn narrow<T: TryFrom<i64>>(text: &str, min: i64, max: i64) -> Result<T, ValueError> {
    T::try_from(integer(text)?).map_err(|_| ValueError::Range { text: text.to_owned(), min, max })
}

fn boolean(text: &str) -> Result<u8, ValueError> {
    if text.eq_ignore_ascii_case("true") {
        return Ok(1);
    }
    if text.eq_ignore_ascii_case("false") {
        return Ok(0);
    }
    match text.parse::<u64>() {
        Ok(0) => Ok(0),
        Ok(1) => Ok(1),
        _ => Err(ValueError::Boolean(text.to_owned())),
    }
}

fn address(text: &str) -> Result<IpAddr, ValueError> {
    text.parse().map_err(|_| ValueError::Address(text.to_owned()))
}

fn prefix(text: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let (base, length_text) = text.split_once('/').ok_or_else(|| ValueError::Prefix(text.to_owned()))?;
    let base = base.trim_end();
    let network: Ipv6Addr = match address(base)? {
        IpAddr::V6(a) => a,
        IpAddr::V4(_) => return Err(ValueError::AddressFamily { text: base.to_owned(), version: 6 }),
    };
    let length_text = length_text.trim_start();
    let length: u8 = length_text
        .parse()
        .ok()
        .filter(|n| *n <= 128)
        .ok_or_else(|| ValueError::PrefixLength(length_text.to_owned()))?;
    out.push(length);
    out.extend(mask6(network, length).octets().into_iter().take(length.div_ceil(8).into()));
    Ok(())
}

fn psid(text: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let (psid_text, length_text) = text.split_once('/').ok_or_else(|| ValueError::Psid(text.to_owned()))?;
    let (psid_text, length_text) = (psid_text.trim(), length_text.trim());
    let psid: u16 = integer(psid_text)
        .ok()
        .and_then(|n| n.try_into().ok())
        .ok_or_else(|| ValueError::PsidNumber(psid_text.to_owned()))?;
    let length: u16 = integer(length_text)
        .ok()
        .and_then(|n| n.try_into().ok())
        .ok_or_else(|| ValueError::PsidLength(length_text.to_owned()))?;
    let octet = u8::try_from(length).ok().filter(|n| *n <= 16).ok_or(ValueError::PsidLengthRange(length))?;
    // Without bits there is no identifier, whatever number is written.
    let psid = if octet == 0 { 0 } else { psid };
    if u32::from(psid) >= 1 << octet {
        return Err(ValueError::PsidRange { psid, length });
    }
    out.push(octet);
    out.extend(psid.checked_shl(16 - u32::from(octet)).unwrap_or(0).to_be_bytes());
    Ok(())
}

/// Digits with or without `0x`, with colons or blanks between octets.
fn binary(text: &str) -> Result<Vec<u8>, ValueError> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let digits: Vec<u8> = digits.bytes().filter(|b| *b != b':' && !b.is_ascii_whitespace()).collect();
    if digits.len() % 2 == 1 {
        return Err(ValueError::Binary(text.to_owned(), "odd number of hexadecimal digits"));
    }
    run_of_digits(&digits).filter(|octets| !octets.is_empty()).ok_or_else(|| {
        ValueError::Binary(text.to_owned(), "attempt to decode a value not in base16 char set")
    })
}

fn tuple(def: &OptionDef, text: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let size = text.len();
    let too_long = |max| ValueError::Tuple { size, max };
    match def.tuple_length_octets() {
        1 => out.push(u8::try_from(size).map_err(|_| too_long(u8::MAX.into()))?),
        _ => out.extend(u16::try_from(size).map_err(|_| too_long(u16::MAX.into()))?.to_be_bytes()),
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// The options that hold an enterprise number and counted data: DHCPv4 124 (RFC 3925), DHCPv6 16 (RFC 8415).
fn is_vendor_class(def: &OptionDef) -> bool {
    (def.space == OptionSpace::DHCP4 && def.code == 124)
        || (def.space == OptionSpace::DHCP6 && def.code == 16)
}

fn holds_tuples(def: &OptionDef, mut data: &[u8]) -> bool {
    let width = if def.family == Family::V6 { 2 } else { 1 };
    if data.is_empty() {
        return false;
    }
    while !data.is_empty() {
        let Some((length, rest)) = data.split_at_checked(width) else { return false };
        let length = length.iter().fold(0, |n, octet| n << 8 | usize::from(*octet));
        let Some(rest) = rest.get(length..) else { return false };
        data = rest;
    }
    true
}

/// The values of a payload for people and for `.text` in expressions, comma-separated; texts appear as they are. A
/// payload that does not fit the definition appears as hexadecimal digits behind `0x`.
#[must_use]
pub fn decode_text(def: &OptionDef, payload: &[u8]) -> String {
    join(def, payload, str::to_owned).unwrap_or_else(|| format!("0x{}", base::encode_hex(payload)))
}

/// The text that [`encode_csv`] turns back into exactly this payload; `None` where there is none, as for a payload
/// with sub-options, surplus octets or a text that begins with a blank.
#[must_use]
pub fn decode_csv(def: &OptionDef, payload: &[u8]) -> Option<String> {
    let text = join(def, payload, csv::escape)?;
    encode_csv(def, &text).is_ok_and(|back| back == payload).then_some(text)
}

fn join(def: &OptionDef, payload: &[u8], escape: impl Fn(&str) -> String) -> Option<String> {
    let mut out = String::new();
    for (index, value) in values(def, payload).enumerate() {
        let value = value.ok()?;
        if index > 0 {
            out.push_str(", ");
        }
        match value {
            // Text of a single string loses the NULs that pad it.
            crate::Value::Text(octets) => {
                let text = String::from_utf8_lossy(octets);
                out.push_str(&escape(text.trim_end_matches('\0')));
            }
            crate::Value::Dnr(..) => {
                let _ = write!(out, "{value}");
            }
            other => out.push_str(&escape(&other.to_string())),
        }
    }
    Some(out)
}
