//! Why a definition, a text or a payload is refused. The texts are those that operators of Kea know.

use crate::{DataType, OptionSpace};

/// Why a definition is refused (Kea manual, "Custom DHCPv4 Options").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefError {
    #[error("invalid option name '{0}'")]
    Name(String),
    #[error("invalid option space name '{0}'")]
    SpaceName(String),
    #[error("invalid encapsulated option space name: '{0}'")]
    EncapsulatedName(String),
    #[error("option type '{0}' not supported.")]
    Type(String),
    #[error("invalid option code '{0}': reserved for PAD")]
    Pad(u16),
    #[error("invalid option code '{0}': reserved for END")]
    End(u16),
    #[error("invalid option code '{0}': reserved value")]
    Zero(u16),
    #[error("invalid option code '{code}', it must not be greater than '{max}'")]
    CodeRange { code: u64, max: u16 },
    #[error("unable to override definition of option '{option}' in standard option space '{space}'")]
    Override { option: String, space: OptionSpace },
    #[error("option definition with code '{code}' already exists in option space '{space}'")]
    DuplicateCode { code: u16, space: OptionSpace },
    #[error("option definition with name '{name}' already exists in option space '{space}'")]
    DuplicateName { name: String, space: OptionSpace },
    #[error(
        "invalid number of data fields: {0} specified for the option of type 'record'. Expected at least 2 fields."
    )]
    RecordFields(usize),
    #[error(
        "invalid record type values specified for the option definition: 'record' option type must be used instead of '{0}' to add data fields to the record"
    )]
    NotARecord(DataType),
    #[error(
        "invalid record type values specified for the option definition: attempted to add invalid data type '{0}' to the record."
    )]
    RecordType(String),
    #[error("{0} data field can't be laid before data fields of other types.")]
    FieldNotLast(DataType),
    #[error("array of {0} is not a valid option definition.")]
    Array(&'static str),
    #[error(
        "option '{space}.{name}', comprising an array of data fields may not encapsulate any option space"
    )]
    ArrayEncapsulates { space: OptionSpace, name: String },
    #[error(
        "option must not encapsulate an option space it belongs to: '{space}.{name}' is set to encapsulate '{space}'"
    )]
    EncapsulatesItself { space: OptionSpace, name: String },
}

/// Why a text is not the value of an option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// The text does not fit the definition.
    #[error("option data does not match option definition (space: {space}, code: {code}): {reason}")]
    Data { space: OptionSpace, code: u16, reason: FieldError },
    /// The text is not a string of hexadecimal digits.
    #[error("option data is not a valid string of hexadecimal digits: {0}")]
    Hex(String),
}

/// What is wrong, and in which field of the text when there are several (counted from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub problem: ValueError,
    pub field: Option<usize>,
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem.fmt(f)?;
        self.field.map_or(Ok(()), |n| write!(f, " (field {n})"))
    }
}

/// What is wrong with the text of one value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("no option value specified")]
    Missing,
    #[error("number of data fields for the option type '{code}' is greater than number of values provided.")]
    FewFields { code: u16 },
    #[error("the option carries no data of its own, but '{0}' is specified")]
    NotEmpty(String),
    #[error(
        "unable to convert '{text}' to numeric type. This value is expected to be in the range of {min}..{max}"
    )]
    Range { text: String, min: i64, max: i64 },
    #[error("unable to convert the value '{0}' to integer data type")]
    Integer(String),
    #[error("unable to convert the value '{0}' to boolean data type")]
    Boolean(String),
    #[error("Failed to convert string to address '{0}': Invalid argument")]
    Address(String),
    #[error("provided address {text} is not a valid IPv{version} address.")]
    AddressFamily { text: String, version: u8 },
    #[error("provided address/prefix {0} is not valid.")]
    Prefix(String),
    #[error("provided prefix {0} is not valid.")]
    PrefixLength(String),
    #[error("provided PSID value {0} is not valid")]
    Psid(String),
    #[error("provided PSID {0} is not valid")]
    PsidNumber(String),
    #[error("provided PSID length {0} is not valid")]
    PsidLength(String),
    #[error("invalid value {0} of PSID length")]
    PsidLengthRange(u16),
    #[error("invalid PSID value {psid} for a specified PSID length {length}")]
    PsidRange { psid: u16, length: u16 },
    #[error("unable to cast {0} to binary data type: {1}")]
    Binary(String, &'static str),
    #[error("invalid domain name: {problem} in {name}")]
    Fqdn { name: String, problem: &'static str },
    #[error("invalid tuple value (size {size} larger than {max})")]
    Tuple { size: usize, max: usize },
    #[error("the value takes {0} octets, an option has room for 65535")]
    TooLong(usize),
    #[error("invalid enterprise data: the enterprise id must be followed by length-prefixed data")]
    VendorClass,
    #[error("invalid static route '{route}': {problem}")]
    StaticRoute { route: String, problem: &'static str },
    #[error("invalid DNR instance '{instance}': {problem}")]
    Dnr { instance: String, problem: String },
}

/// Why the bytes of an option do not fit its definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    #[error(
        "option {space}.{name} (code {code}) is truncated: field {field} ({data_type}) needs more than the {left} octet(s) left"
    )]
    Truncated { space: OptionSpace, name: String, code: u16, field: usize, data_type: DataType, left: usize },
    #[error("option {space}.{name} (code {code}): field {field} does not hold a valid {data_type}")]
    Invalid { space: OptionSpace, name: String, code: u16, field: usize, data_type: DataType },
}
