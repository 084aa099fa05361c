//! Definitions of options.

use std::borrow::Cow;
use std::fmt;

use base::Family;

use crate::space::is_token;
use crate::{DefError, DefTable, OptionSpace};

/// The type of a field or of a whole option (Kea manual, "List of standard DHCP option types").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataType {
    /// No data of its own, sub-options at most.
    Empty,
    /// Any octets, up to the end of the option.
    Binary,
    /// One octet, 0 or 1.
    Boolean,
    Int8,
    Int16,
    Int32,
    Uint8,
    Uint16,
    Uint32,
    Ipv4Address,
    Ipv6Address,
    /// A length in bits, then as many octets as it needs.
    Ipv6Prefix,
    /// A length in bits, then 16 bits of which that many count (RFC 7597 section 5.1).
    Psid,
    /// Text up to the end of the option.
    String,
    /// A length (see [`OptionDef::tuple_length_octets`]), then that many octets.
    Tuple,
    /// A domain name in wire form without compression (RFC 1035 section 3.1).
    Fqdn,
    /// A format of the option's own: 121 (RFC 3442), 162 and DHCPv6 144 (RFC 9463). Never in custom definitions.
    Internal,
    /// Several fields of the types in [`OptionDef::record_types`].
    Record,
}

impl DataType {
    const ALL: [(Self, &'static str); 18] = [
        (Self::Empty, "empty"),
        (Self::Binary, "binary"),
        (Self::Boolean, "boolean"),
        (Self::Int8, "int8"),
        (Self::Int16, "int16"),
        (Self::Int32, "int32"),
        (Self::Uint8, "uint8"),
        (Self::Uint16, "uint16"),
        (Self::Uint32, "uint32"),
        (Self::Ipv4Address, "ipv4-address"),
        (Self::Ipv6Address, "ipv6-address"),
        (Self::Ipv6Prefix, "ipv6-prefix"),
        (Self::Psid, "psid"),
        (Self::String, "string"),
        (Self::Tuple, "tuple"),
        (Self::Fqdn, "fqdn"),
        (Self::Internal, "internal"),
        (Self::Record, "record"),
    ];

    /// The type of a name as configurations write it; case matters, as in Kea.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(data_type, _)| *data_type)
    }

    /// The name as configurations write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("unknown", |(_, name)| name)
    }

    /// The list of types of `record-types`, comma-separated; an empty text is an empty list, and an empty last item
    /// is ignored as Kea does.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, DefError> {
        let mut items: Vec<&str> = text.split(',').map(str::trim).collect();
        if items.last().is_some_and(|last| last.is_empty()) {
            items.pop();
        }
        items
            .into_iter()
            .map(|item| {
                Self::from_name(item)
                    .filter(|t| !matches!(t, Self::Record | Self::Empty | Self::Internal))
                    .ok_or_else(|| DefError::RecordType(item.to_owned()))
            })
            .collect()
    }

    /// Octets of a value whose size does not depend on its content.
    #[must_use]
    pub fn fixed_len(self) -> Option<usize> {
        match self {
            Self::Empty => Some(0),
            Self::Boolean | Self::Int8 | Self::Uint8 => Some(1),
            Self::Int16 | Self::Uint16 => Some(2),
            Self::Psid => Some(3),
            Self::Int32 | Self::Uint32 | Self::Ipv4Address => Some(4),
            Self::Ipv6Address => Some(16),
            Self::Binary
            | Self::Ipv6Prefix
            | Self::String
            | Self::Tuple
            | Self::Fqdn
            | Self::Internal
            | Self::Record => None,
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an option looks like. Built freely, checked by [`OptionDef::validate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionDef {
    pub family: Family,
    pub space: OptionSpace,
    pub code: u16,
    pub name: Cow<'static, str>,
    pub data_type: DataType,
    /// Several values of `data_type`; of the last field for a record.
    pub array: bool,
    /// The fields of a record; empty for other types.
    pub record_types: Cow<'static, [DataType]>,
    /// The space whose options follow the data of this one.
    pub encapsulates: Option<OptionSpace>,
}

impl OptionDef {
    /// A definition without array, record fields and sub-options, for callers to complete.
    #[must_use]
    pub fn new(
        family: Family,
        space: OptionSpace,
        code: u16,
        name: impl Into<Cow<'static, str>>,
        data_type: DataType,
    ) -> Self {
        Self {
            family,
            space,
            code,
            name: name.into(),
            data_type,
            array: false,
            record_types: Cow::Borrowed(&[]),
            encapsulates: None,
        }
    }

    /// Whether no value at all is a payload of it: Kea takes an empty list of addresses, such as `domain-name-servers`
    /// without data.
    pub(crate) fn may_be_empty(&self) -> bool {
        self.array && matches!(self.data_type, DataType::Ipv4Address | DataType::Ipv6Address)
    }

    /// The types of the fields in order: those of a record, or the one type.
    #[must_use]
    pub fn fields(&self) -> &[DataType] {
        if self.data_type == DataType::Record {
            &self.record_types
        } else {
            std::slice::from_ref(&self.data_type)
        }
    }

    /// Octets of the length in front of each tuple: one in DHCPv4 but two in option 143 (RFC 8572 section 8.1),
    /// two in DHCPv6.
    #[must_use]
    pub fn tuple_length_octets(&self) -> usize {
        const V4_SZTP_REDIRECT: u16 = 143;
        if self.family == Family::V6 || (self.code == V4_SZTP_REDIRECT && self.space == OptionSpace::DHCP4) {
            2
        } else {
            1
        }
    }

    /// The highest code of a family's options.
    #[must_use]
    pub fn max_code(family: Family) -> u16 {
        match family {
            Family::V4 => 255,
            Family::V6 => u16::MAX,
        }
    }

    /// Checks a custom definition, also against the standard ones of its family that must stay as they are: all of
    /// `dhcp4` and `dhcp6` but the options whose decoding waits for classification (43 and 224 to 254 of DHCPv4).
    /// Clashes among custom definitions are found by [`DefTable::with`].
    pub fn validate(&self) -> Result<(), DefError> {
        if !is_token(&self.name, true) {
            return Err(DefError::Name(self.name.to_string()));
        }
        self.validate_code()?;
        if self.data_type == DataType::Internal {
            return Err(DefError::Type(self.data_type.name().to_owned()));
        }
        self.validate_fields()?;
        if let Some(inner) = &self.encapsulates {
            if self.array {
                return Err(DefError::ArrayEncapsulates {
                    space: self.space.clone(),
                    name: self.name.to_string(),
                });
            }
            if *inner == self.space {
                return Err(DefError::EncapsulatesItself {
                    space: self.space.clone(),
                    name: self.name.to_string(),
                });
            }
        }
        let owner = if self.space == OptionSpace::DHCP4 {
            Family::V4
        } else if self.space == OptionSpace::DHCP6 {
            Family::V6
        } else {
            self.family
        };
        DefTable::standard(owner).refuse_override(self)
    }

    fn validate_code(&self) -> Result<(), DefError> {
        let max = Self::max_code(self.family);
        if self.code > max {
            return Err(DefError::CodeRange { code: self.code.into(), max });
        }
        match (self.family, self.code) {
            (Family::V4, 0) if self.space == OptionSpace::DHCP4 => Err(DefError::Pad(0)),
            (Family::V4, 255) if self.space == OptionSpace::DHCP4 => Err(DefError::End(255)),
            (Family::V6, 0) if self.space == OptionSpace::DHCP6 => Err(DefError::Zero(0)),
            _ => Ok(()),
        }
    }

    fn validate_fields(&self) -> Result<(), DefError> {
        if self.data_type == DataType::Record {
            if self.record_types.len() < 2 {
                return Err(DefError::RecordFields(self.record_types.len()));
            }
        } else if !self.record_types.is_empty() {
            return Err(DefError::NotARecord(self.data_type));
        }
        let fields = self.fields();
        let Some((last, before)) = fields.split_last() else { return Ok(()) };
        if self.data_type == DataType::Record {
            if let Some(bad) =
                fields.iter().find(|t| matches!(t, DataType::Record | DataType::Empty | DataType::Internal))
            {
                return Err(DefError::RecordType(bad.name().to_owned()));
            }
            if let Some(open) = before.iter().find(|t| matches!(t, DataType::String | DataType::Binary)) {
                return Err(DefError::FieldNotLast(*open));
            }
        }
        if self.array {
            match last {
                DataType::String => return Err(DefError::Array("strings")),
                DataType::Binary => return Err(DefError::Array("binary values")),
                DataType::Empty => return Err(DefError::Array("empty value")),
                _ => {}
            }
        }
        Ok(())
    }
}
