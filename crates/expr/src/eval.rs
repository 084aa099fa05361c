//! Evaluation of the compiled form. Recursion is bounded by the nesting that the parser allows.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use base::Family;
use smallvec::SmallVec;

use crate::error::EvalError;
use crate::path;
use crate::text;
use crate::tree::{Bool, Field, IntegerKind, Relay6Field, Str};
use crate::value::Octets;
use crate::view::QueryView;

pub(crate) fn boolean<V: QueryView + ?Sized>(
    node: &Bool,
    family: Family,
    view: &V,
) -> Result<bool, EvalError> {
    Ok(match node {
        Bool::Const(value) => *value,
        Bool::Present(code) => view.has_option(*code),
        Bool::Exists(option) => option.find(view).is_some(),
        Bool::VendorExists(kind, vendor) => path::vendor_exists(view, family, *kind, *vendor),
        Bool::Member(class) => view.member(*class),
        Bool::Equal(sides) => {
            let (left, right) = &**sides;
            match right {
                Str::Const(octets) => equals(left, octets, family, view)?,
                right => *string(left, family, view)? == *string(right, family, view)?,
            }
        }
        Bool::Match(parts) => {
            let (regex, value) = &**parts;
            regex.is_match(&string(value, family, view)?)
        }
        Bool::Not(inner) => !boolean(inner, family, view)?,
        Bool::And(list) => {
            for operand in list {
                if !boolean(operand, family, view)? {
                    return Ok(false);
                }
            }
            true
        }
        Bool::Or(list) => {
            for operand in list {
                if boolean(operand, family, view)? {
                    return Ok(true);
                }
            }
            false
        }
        Bool::StrictAnd(list) => {
            let mut all = true;
            for operand in list {
                all &= boolean(operand, family, view)?;
            }
            all
        }
        Bool::StrictOr(list) => {
            let mut any = false;
            for operand in list {
                any |= boolean(operand, family, view)?;
            }
            any
        }
    })
}

/// Compares with a constant. The usual left sides are compared where they lie.
fn equals<V: QueryView + ?Sized>(
    node: &Str,
    octets: &[u8],
    family: Family,
    view: &V,
) -> Result<bool, EvalError> {
    let is = |value: Option<Cow<'_, [u8]>>| value.as_deref().unwrap_or_default() == octets;
    Ok(match node {
        Str::Payload(code) => is(view.option(*code)),
        Str::Hex(option) => is(option.find(view)),
        Str::Substring(value, start, length) => match **value {
            Str::Payload(code) => {
                let payload = view.option(code).unwrap_or_default();
                payload.get(stretch(payload.len(), *start, *length)).unwrap_or_default() == octets
            }
            _ => *substring(string(value, family, view)?, *start, *length) == *octets,
        },
        Str::Field(Field::HardwareAddress) => view.hardware_address() == octets,
        Str::Field(Field::Giaddr) => view.giaddr().octets() == octets,
        other => *string(other, family, view)? == *octets,
    })
}

pub(crate) fn string<'v, V: QueryView + ?Sized>(
    node: &'v Str,
    family: Family,
    view: &'v V,
) -> Result<Octets<'v>, EvalError> {
    let found = |option: Option<Cow<'v, [u8]>>| option.map_or(Octets::EMPTY, Octets::from);
    Ok(match node {
        Str::Const(octets) => Octets::Slice(octets),
        Str::Payload(code) => found(view.option(*code)),
        Str::Hex(option) => found(option.find(view)),
        Str::Text(option) => option
            .find(view)
            .map_or(Octets::EMPTY, |payload| text::render(option, payload.into(), view.is_lenient())),
        Str::Field(field) => self::field(*field, view),
        Str::Relay6(field, level) => {
            let addresses = path::relay_level(view, *level).and_then(|level| view.relay_addresses(level));
            addresses.map_or(Octets::EMPTY, |(link, peer)| match field {
                Relay6Field::Link => Octets::own(&link.octets()),
                Relay6Field::Peer => Octets::own(&peer.octets()),
            })
        }
        Str::VendorEnterprise(kind) => found(path::vendor_enterprise(view, family, *kind)),
        Str::VendorClassData { vendor, index } => {
            found(path::vendor_class_data(view, family, *vendor, *index))
        }
        Str::Substring(value, start, length) => substring(string(value, family, view)?, *start, *length),
        Str::Split(parts, number) => {
            let (value, delimiters) = &**parts;
            let value = string(value, family, view)?;
            split(value, &string(delimiters, family, view)?, *number)
        }
        Str::Concat(parts) => {
            let mut joined: SmallVec<[u8; 24]> = SmallVec::new();
            for part in parts {
                joined.extend_from_slice(&string(part, family, view)?);
            }
            Octets::Own(joined)
        }
        Str::Lower(value) => mapped(string(value, family, view)?, <[u8]>::make_ascii_lowercase),
        Str::Upper(value) => mapped(string(value, family, view)?, <[u8]>::make_ascii_uppercase),
        Str::IfElse(parts) => {
            let (condition, yes, no) = &**parts;
            let chosen = if boolean(condition, family, view)? { yes } else { no };
            string(chosen, family, view)?
        }
        Str::StrictIfElse(parts) => {
            let (condition, yes, no) = &**parts;
            let condition = boolean(condition, family, view)?;
            let yes = string(yes, family, view)?;
            let no = string(no, family, view)?;
            if condition { yes } else { no }
        }
        Str::HexString(parts) => {
            let (value, separator) = &**parts;
            let value = string(value, family, view)?;
            hex_string(&value, &string(separator, family, view)?)
        }
        Str::AddressText(value) => address_text(string(value, family, view)?)?,
        Str::IntegerText(value, kind) => integer_text(string(value, family, view)?, *kind)?,
    })
}

fn field<V: QueryView + ?Sized>(field: Field, view: &V) -> Octets<'_> {
    let number = |value: u32| Octets::own(&value.to_be_bytes());
    let v4 = |address: Ipv4Addr| Octets::own(&address.octets());
    let address = |address: IpAddr| match address {
        IpAddr::V4(address) => Octets::own(&address.octets()),
        IpAddr::V6(address) => Octets::own(&address.octets()),
    };
    match field {
        Field::Interface => Octets::Slice(view.interface().as_bytes()),
        Field::Source => address(view.source()),
        Field::Destination => address(view.destination()),
        Field::Length => number(view.length()),
        Field::HardwareAddress => Octets::Slice(view.hardware_address()),
        Field::HardwareLength => number(view.hardware_length().into()),
        Field::HardwareType => number(view.hardware_type().into()),
        Field::Ciaddr => v4(view.ciaddr()),
        Field::Giaddr => v4(view.giaddr()),
        Field::Yiaddr => v4(view.yiaddr()),
        Field::Siaddr => v4(view.siaddr()),
        Field::MessageType => number(view.message_type().into()),
        Field::TransactionId => number(view.transaction_id()),
    }
}

/// A start below 0 counts from the end; a length below 0 takes octets in front of the start, which it leaves out.
pub(crate) fn substring(value: Octets<'_>, start: i64, length: Option<i64>) -> Octets<'_> {
    let range = stretch(value.len(), start, length);
    value.part(range)
}

/// Where the substring lies in a value of `size` octets.
fn stretch(size: usize, start: i64, length: Option<i64>) -> Range<usize> {
    let distance = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
    let start = if start < 0 { size.checked_sub(distance) } else { Some(distance) };
    let Some(start) = start.filter(|start| *start < size) else { return 0..0 };
    let Some(length) = length else { return start..size };
    let count = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
    if length < 0 { start.saturating_sub(count)..start } else { start..start.saturating_add(count).min(size) }
}

/// The `number`-th field (from 1); every octet of `delimiters` separates, and neighbours enclose an empty field.
pub(crate) fn split<'v>(value: Octets<'v>, delimiters: &[u8], number: i64) -> Octets<'v> {
    if delimiters.is_empty() {
        return value;
    }
    let Some(index) = number.checked_sub(1).and_then(|index| usize::try_from(index).ok()) else {
        return Octets::EMPTY;
    };
    let mut start = 0usize;
    let mut range = None;
    for (nth, piece) in value.split(|octet| delimiters.contains(octet)).enumerate() {
        if nth == index {
            range = Some(start..start + piece.len());
            break;
        }
        start += piece.len() + 1;
    }
    range.map_or(Octets::EMPTY, |range| value.part(range))
}

pub(crate) fn mapped(value: Octets<'_>, change: impl Fn(&mut [u8])) -> Octets<'_> {
    let mut own = match value {
        Octets::Slice(slice) => SmallVec::from_slice(slice),
        Octets::Own(own) => own,
    };
    change(&mut own);
    Octets::Own(own)
}

pub(crate) fn hex_string<'v>(value: &[u8], separator: &[u8]) -> Octets<'v> {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut text: SmallVec<[u8; 24]> = SmallVec::new();
    for (i, octet) in value.iter().enumerate() {
        if i > 0 {
            text.extend_from_slice(separator);
        }
        text.push(digit(octet >> 4));
        text.push(digit(octet & 15));
    }
    Octets::Own(text)
}

/// Of nothing, nothing.
pub(crate) fn address_text(value: Octets<'_>) -> Result<Octets<'_>, EvalError> {
    let text = match &*value {
        [] => return Ok(value),
        [a, b, c, d] => Ipv4Addr::new(*a, *b, *c, *d).to_string(),
        other => {
            let octets: [u8; 16] = other.try_into().map_err(|_| EvalError::Address)?;
            Ipv6Addr::from(octets).to_string()
        }
    };
    Ok(Octets::own(text.as_bytes()))
}

pub(crate) fn integer_text(value: Octets<'_>, kind: IntegerKind) -> Result<Octets<'_>, EvalError> {
    let number: i64 = match (kind, &*value) {
        (_, []) => return Ok(value),
        (IntegerKind::UInt8, [a]) => (*a).into(),
        (IntegerKind::Int8, [a]) => i8::from_be_bytes([*a]).into(),
        (IntegerKind::UInt16, [a, b]) => u16::from_be_bytes([*a, *b]).into(),
        (IntegerKind::Int16, [a, b]) => i16::from_be_bytes([*a, *b]).into(),
        (IntegerKind::UInt32, [a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]).into(),
        (IntegerKind::Int32, [a, b, c, d]) => i32::from_be_bytes([*a, *b, *c, *d]).into(),
        _ => return Err(EvalError::Integer(kind.name())),
    };
    Ok(Octets::own(number.to_string().as_bytes()))
}
