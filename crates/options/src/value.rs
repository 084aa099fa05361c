//! The values in a payload, read by the definition on demand and without copies.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use base::Ipv4Prefix;

use crate::name::Name;
use crate::{DataType, OptionDef, OptionSpace, PayloadError, dnr, route};

/// One value of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Boolean(bool),
    Integer(i64),
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    Prefix6(Ipv6Addr, u8),
    /// A port set identifier and its length in bits.
    Psid(u16, u8),
    Binary(&'a [u8]),
    /// Octets that are meant as text, of a string or a tuple.
    Text(&'a [u8]),
    Name(Name<'a>),
    /// A classless static route: destination and router.
    Route(Ipv4Prefix, Ipv4Addr),
    /// The instances of a DNR option, checked.
    Dnr(base::Family, &'a [u8]),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(v) => v.fmt(f),
            Self::Integer(v) => v.fmt(f),
            Self::Ipv4(v) => v.fmt(f),
            Self::Ipv6(v) => v.fmt(f),
            Self::Prefix6(address, length) => write!(f, "{address}/{length}"),
            Self::Psid(psid, length) => write!(f, "{psid}/{length}"),
            Self::Binary(octets) => octets.iter().try_for_each(|octet| write!(f, "{octet:02x}")),
            Self::Text(octets) => f.write_str(&String::from_utf8_lossy(octets)),
            Self::Name(name) => name.fmt(f),
            Self::Route(destination, router) => write!(f, "{destination} - {router}"),
            Self::Dnr(family, payload) => f.write_str(&dnr::decode(*family, payload).unwrap_or_default()),
        }
    }
}

/// Whether the payload holds what the definition says. Octets beyond that are no fault: they are sub-options, or
/// surplus that Kea ignores, too (see [`data_len`]).
pub fn check_payload(def: &OptionDef, payload: &[u8]) -> Result<(), PayloadError> {
    data_len(def, payload).map(|_| ())
}

/// The octets of `payload` that the definition covers; sub-options follow them where the option encapsulates a space.
pub fn data_len(def: &OptionDef, payload: &[u8]) -> Result<usize, PayloadError> {
    let mut values = values(def, payload);
    values.by_ref().try_for_each(|value| value.map(|_| ()))?;
    Ok(values.at)
}

/// The payload as a server sends it: checked, without trailing NULs of a text (RFC 2132 section 2), and without
/// surplus octets unless they may be sub-options.
pub fn normalize(def: &OptionDef, mut payload: Vec<u8>) -> Result<Vec<u8>, PayloadError> {
    let length = data_len(def, &payload)?;
    if def.encapsulates.is_none() {
        payload.truncate(length);
    }
    if def.fields().last() == Some(&DataType::String) && length == payload.len() {
        while payload.last() == Some(&0) {
            payload.pop();
        }
        return data_len(def, &payload).map(|_| payload);
    }
    Ok(payload)
}

/// The values of a payload in order; the first that is malformed ends them with an error.
#[must_use]
pub fn values<'a>(def: &'a OptionDef, payload: &'a [u8]) -> Values<'a> {
    Values { def, payload, at: 0, index: 0, done: false }
}

/// Iterator of [`values`].
#[derive(Clone, Debug)]
pub struct Values<'a> {
    def: &'a OptionDef,
    payload: &'a [u8],
    at: usize,
    index: usize,
    done: bool,
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<Value<'a>, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let data_type = self.next_type()?;
        let value = self.read(data_type);
        self.index += 1;
        self.done = value.is_err();
        Some(value)
    }
}

impl<'a> Values<'a> {
    /// The type of the next value; `None` after the last.
    fn next_type(&self) -> Option<DataType> {
        let fields = self.def.fields();
        match fields.get(self.index) {
            Some(DataType::Empty) => None,
            Some(_) if self.payload.is_empty() && self.def.may_be_empty() => None,
            Some(data_type) => Some(*data_type),
            None if self.def.array || self.is_routes() => {
                fields.last().copied().filter(|_| self.at < self.payload.len())
            }
            None => None,
        }
    }

    fn is_routes(&self) -> bool {
        self.def.data_type == DataType::Internal && !is_dnr(self.def)
    }

    fn rest(&self) -> &'a [u8] {
        self.payload.get(self.at..).unwrap_or(&[])
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let chunk = self.rest().first_chunk::<N>()?;
        self.at += N;
        Some(*chunk)
    }

    fn take_slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let slice = self.rest().get(..length)?;
        self.at += length;
        Some(slice)
    }

    fn read(&mut self, data_type: DataType) -> Result<Value<'a>, PayloadError> {
        let left = self.payload.len() - self.at.min(self.payload.len());
        let fault = |invalid: bool, def: &OptionDef, index: usize| {
            let (space, name, code, field) = (def.space.clone(), def.name.to_string(), def.code, index + 1);
            if invalid {
                PayloadError::Invalid { space, name, code, field, data_type }
            } else {
                PayloadError::Truncated { space, name, code, field, data_type, left }
            }
        };
        let truncated = data_type.fixed_len().is_some_and(|needed| needed > left);
        match self.value(data_type) {
            Some(value) => Ok(value),
            None => Err(fault(!truncated, self.def, self.index)),
        }
    }

    fn value(&mut self, data_type: DataType) -> Option<Value<'a>> {
        Some(match data_type {
            DataType::Boolean => Value::Boolean(self.take::<1>()? != [0]),
            DataType::Uint8 => Value::Integer(u8::from_be_bytes(self.take()?).into()),
            DataType::Uint16 => Value::Integer(u16::from_be_bytes(self.take()?).into()),
            DataType::Uint32 => Value::Integer(u32::from_be_bytes(self.take()?).into()),
            DataType::Int8 => Value::Integer(i8::from_be_bytes(self.take()?).into()),
            DataType::Int16 => Value::Integer(i16::from_be_bytes(self.take()?).into()),
            DataType::Int32 => Value::Integer(i32::from_be_bytes(self.take()?).into()),
            DataType::Ipv4Address => Value::Ipv4(self.take::<4>()?.into()),
            DataType::Ipv6Address => Value::Ipv6(self.take::<16>()?.into()),
            DataType::Ipv6Prefix => self.prefix()?,
            DataType::Psid => {
                let [length, high, low] = self.take()?;
                let shift = 16_u32.checked_sub(length.into())?;
                Value::Psid(u16::from_be_bytes([high, low]).checked_shr(shift).unwrap_or(0), length)
            }
            DataType::Tuple => {
                let length = match self.def.tuple_length_octets() {
                    1 => usize::from(u8::from_be_bytes(self.take()?)),
                    _ => usize::from(u16::from_be_bytes(self.take()?)),
                };
                Value::Text(self.take_slice(length)?)
            }
            DataType::Fqdn => {
                let (name, taken) = Name::parse(self.payload, self.at)?;
                self.at += taken;
                Value::Name(name)
            }
            DataType::String => {
                let text = self.rest();
                self.at = self.payload.len();
                // As the only field, a text of nothing or of NULs alone is no value (RFC 2132 section 2: length 1).
                if self.def.data_type == DataType::String && text.iter().all(|octet| *octet == 0) {
                    return None;
                }
                Value::Text(text)
            }
            DataType::Binary => {
                let octets = self.rest();
                self.at = self.payload.len();
                Value::Binary(octets)
            }
            DataType::Internal if is_dnr(self.def) => {
                dnr::decode(self.def.family, self.payload)?;
                self.at = self.payload.len();
                Value::Dnr(self.def.family, self.payload)
            }
            DataType::Internal => {
                let (destination, router, taken) = route::parse(self.rest())?;
                self.at += taken;
                Value::Route(destination, router)
            }
            // Neither can be the type of a field.
            DataType::Empty | DataType::Record => return None,
        })
    }

    fn prefix(&mut self) -> Option<Value<'a>> {
        let [length] = self.take()?;
        if length > 128 {
            return None;
        }
        let octets = self.take_slice(usize::from(length.div_ceil(8)))?;
        let mut address = [0; 16];
        address.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(Value::Prefix6(mask6(address.into(), length), length))
    }
}

/// The address with the bits beyond `length` cleared.
pub(crate) fn mask6(address: Ipv6Addr, length: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
    Ipv6Addr::from(u128::from(address) & mask)
}

/// Whether an internal format is that of the DNR options; the other one is classless static routes.
pub(crate) fn is_dnr(def: &OptionDef) -> bool {
    const V4_DNR: u16 = 162;
    const V6_DNR: u16 = 144;
    (def.space == OptionSpace::DHCP4 && def.code == V4_DNR)
        || (def.space == OptionSpace::DHCP6 && def.code == V6_DNR)
}
