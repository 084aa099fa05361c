//! The compiled form: two typed trees. Constants are folded while it is built; its depth is bounded by the parser.

use crate::names::ClassId;
use crate::path::OptionRef;

/// Of boolean value.
#[derive(Clone, Debug)]
pub(crate) enum Bool {
    Const(bool),
    /// `option[c].exists`
    Present(u16),
    /// Any other `.exists`.
    Exists(Box<OptionRef>),
    VendorExists(VendorKind, u32),
    Member(ClassId),
    Equal(Box<(Str, Str)>),
    Match(Box<(regex::bytes::Regex, Str)>),
    Not(Box<Self>),
    /// Stops at the first operand that is false.
    And(Vec<Self>),
    /// Stops at the first operand that is true.
    Or(Vec<Self>),
    /// `sand`: all operands are evaluated, so that an error in any of them shows.
    StrictAnd(Vec<Self>),
    /// `sor`
    StrictOr(Vec<Self>),
}

/// Of octet string value.
#[derive(Clone, Debug)]
pub(crate) enum Str {
    Const(Box<[u8]>),
    /// `option[c].hex`
    Payload(u16),
    /// Any other `.hex`.
    Hex(Box<OptionRef>),
    Text(Box<OptionRef>),
    Field(Field),
    Relay6(Relay6Field, i8),
    VendorEnterprise(VendorKind),
    VendorClassData {
        vendor: u32,
        index: u8,
    },
    /// Start, and length or `None` for `all`.
    Substring(Box<Self>, i64, Option<i64>),
    /// Value, delimiters, number of the field from 1.
    Split(Box<(Self, Self)>, i64),
    Concat(Vec<Self>),
    Lower(Box<Self>),
    Upper(Box<Self>),
    IfElse(Box<(Bool, Self, Self)>),
    /// Both branches are evaluated.
    StrictIfElse(Box<(Bool, Self, Self)>),
    /// Value, separator.
    HexString(Box<(Self, Self)>),
    AddressText(Box<Self>),
    IntegerText(Box<Self>, IntegerKind),
}

/// Fixed parts of the packet and facts of its reception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Interface,
    Source,
    Destination,
    Length,
    HardwareAddress,
    HardwareLength,
    HardwareType,
    Ciaddr,
    Giaddr,
    Yiaddr,
    Siaddr,
    MessageType,
    TransactionId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relay6Field {
    Link,
    Peer,
}

/// Options whose payload starts with an enterprise number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VendorKind {
    /// 125, or 17 in DHCPv6.
    Options,
    /// 124, or 16 in DHCPv6.
    Class,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerKind {
    Int8,
    Int16,
    Int32,
    UInt8,
    UInt16,
    UInt32,
}

impl IntegerKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::UInt8 => "uint8",
            Self::UInt16 => "uint16",
            Self::UInt32 => "uint32",
        }
    }
}

/// Operators that join booleans, from the loosest to the tightest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Join {
    StrictOr,
    Or,
    StrictAnd,
    And,
}

impl Bool {
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Const(value) => Self::Const(!value),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// `left operator right`. A chain of one operator becomes one list, so that its length costs no depth.
    pub(crate) fn join(operator: Join, left: Self, right: Self) -> Self {
        // What ends the evaluation of a lazy chain; strict operators have no such value, they must look at all.
        let (ends, neutral) = match operator {
            Join::And => (Some(false), true),
            Join::Or => (Some(true), false),
            Join::StrictAnd => (None, true),
            Join::StrictOr => (None, false),
        };
        let mut list = match (operator, left) {
            (_, Self::Const(value)) if Some(value) == ends => return Self::Const(value),
            (_, Self::Const(value)) if value == neutral => return right,
            (Join::And, Self::And(list))
            | (Join::Or, Self::Or(list))
            | (Join::StrictAnd, Self::StrictAnd(list))
            | (Join::StrictOr, Self::StrictOr(list)) => list,
            (_, left) => vec![left],
        };
        let over = ends.is_some() && matches!(list.last(), Some(Self::Const(value)) if Some(*value) == ends);
        if !over && !matches!(right, Self::Const(value) if value == neutral) {
            list.push(right);
        }
        if list.len() == 1
            && let Some(only) = list.pop()
        {
            return only;
        }
        match operator {
            Join::And => Self::And(list),
            Join::Or => Self::Or(list),
            Join::StrictAnd => Self::StrictAnd(list),
            Join::StrictOr => Self::StrictOr(list),
        }
    }

    pub(crate) fn equal(left: Str, right: Str) -> Self {
        match (left, right) {
            (Str::Const(a), Str::Const(b)) => Self::Const(a == b),
            // A constant stands on the right, where evaluation expects it.
            (left @ Str::Const(_), right) => Self::Equal(Box::new((right, left))),
            sides => Self::Equal(Box::new(sides)),
        }
    }
}

impl Str {
    pub(crate) fn constant(octets: &[u8]) -> Self {
        Self::Const(octets.into())
    }

    /// Concatenation; constant neighbours melt.
    pub(crate) fn concat(parts: Vec<Self>) -> Self {
        let mut list: Vec<Self> = Vec::with_capacity(parts.len());
        let mut run: Option<Vec<u8>> = None;
        for part in parts {
            match part {
                Self::Const(octets) => run.get_or_insert_default().extend_from_slice(&octets),
                other => {
                    list.extend(run.take().map(|octets| Self::Const(octets.into())));
                    list.push(other);
                }
            }
        }
        list.extend(run.map(|octets| Self::Const(octets.into())));
        if list.len() == 1
            && let Some(only) = list.pop()
        {
            return only;
        }
        Self::Concat(list)
    }

    pub(crate) fn is_constant(&self) -> bool {
        matches!(self, Self::Const(_))
    }
}
