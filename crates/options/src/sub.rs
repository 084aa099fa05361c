//! Where sub-options begin in a payload, and what they are.

use base::Family;

use crate::{DataType, OptionDef};

/// Walks code, length, value. Ends at the first sub-option that is not wholly there.
#[derive(Clone, Debug)]
pub struct SubOptions<'a> {
    pub octets: &'a [u8],
    pub family: Family,
    /// Code 0 is a single octet of padding and code 255 the end, as in options; not so in option 82.
    pub pads: bool,
}

impl<'a> Iterator for SubOptions<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.family == Family::V6 {
            let [c1, c0, l1, l0, rest @ ..] = self.octets else { return None };
            let (value, rest) = rest.split_at_checked(u16::from_be_bytes([*l1, *l0]).into())?;
            self.octets = rest;
            return Some((u16::from_be_bytes([*c1, *c0]), value));
        }
        if self.pads {
            while let [0, rest @ ..] = self.octets {
                self.octets = rest;
            }
            if let [255, ..] = self.octets {
                return None;
            }
        }
        let [code, length, rest @ ..] = self.octets else { return None };
        let (value, rest) = rest.split_at_checked((*length).into())?;
        self.octets = rest;
        Some((u16::from(*code), value))
    }
}

/// Length of the fields that precede the sub-options; `None` if they are cut off or take everything.
#[must_use]
pub fn fields_length(definition: &OptionDef, payload: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    for field in definition.fields() {
        at += field_length(*field, definition, payload.get(at..)?)?;
    }
    (at <= payload.len()).then_some(at)
}

/// Length of one field at the start of `rest`; a type without an end of its own takes all of it.
pub(crate) fn field_length(field: DataType, definition: &OptionDef, rest: &[u8]) -> Option<usize> {
    let length = match field {
        DataType::Ipv6Prefix => 1 + usize::from(*rest.first()?).div_ceil(8),
        DataType::Tuple if definition.tuple_length_octets() == 2 => match rest {
            [high, low, ..] => 2 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return None,
        },
        DataType::Tuple => 1 + usize::from(*rest.first()?),
        DataType::Fqdn => {
            let mut at = 0;
            loop {
                let label = usize::from(*rest.get(at)?);
                at += 1 + label;
                if label == 0 {
                    break at;
                }
            }
        }
        DataType::Binary | DataType::String | DataType::Internal | DataType::Record => rest.len(),
        fixed => fixed.fixed_len()?,
    };
    (length <= rest.len()).then_some(length)
}
