//! The tree that the parser makes and that commands and configurations are built from.

use std::fmt;
use std::sync::Arc;

use crate::Map;

/// Where a value was written: `file:line:column`, or `<string>:line:column` without a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pos {
    pub file: Option<Arc<str>>,
    /// From 1; 0 when the value was made by the program.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl fmt::Display for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.as_deref().unwrap_or("<string>"), self.line, self.column)
    }
}

/// A value and its position. Equality ignores the position.
#[derive(Clone, Debug, Default)]
pub struct Value {
    pub kind: Kind,
    pub pos: Pos,
    pub(crate) extent: Extent,
}

/// What error texts need beyond the start of a value; eight octets, so that a tree stays small.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    /// Column of the member's name; 0 when the value is no member.
    pub(crate) key_column: u32,
    /// Lines from the member's name down to the value.
    pub(crate) key_lines_up: u16,
    /// Characters of a scalar as written.
    pub(crate) width: u16,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// The shapes of a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Kind {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond 64 bits: statistics of IPv6 pools.
    BigInt(i128),
    Real(f64),
    Str(String),
    List(Vec<Value>),
    Map(Map),
}

impl Value {
    pub(crate) const NULL: Self = Self {
        kind: Kind::Null,
        pos: Pos { file: None, line: 0, column: 0 },
        extent: Extent { key_column: 0, key_lines_up: 0, width: 0 },
    };

    #[must_use]
    pub fn new(kind: Kind, pos: Pos) -> Self {
        Self { kind, pos, extent: Extent::default() }
    }

    /// Where the name of this member was written; the value's own position when it is no member.
    #[must_use]
    pub fn key_pos(&self) -> Pos {
        if self.extent.key_column == 0 {
            return self.pos.clone();
        }
        Pos {
            file: self.pos.file.clone(),
            line: self.pos.line.saturating_sub(u32::from(self.extent.key_lines_up)),
            column: self.extent.key_column,
        }
    }

    /// A null at the same place, to be given another shape.
    #[must_use]
    pub fn clone_position(&self) -> Self {
        Self { kind: Kind::Null, pos: self.pos.clone(), extent: self.extent }
    }

    /// Characters that a scalar took as written; 0 for lists, maps and values made by the program.
    #[must_use]
    pub fn width(&self) -> u32 {
        u32::from(self.extent.width)
    }

    #[must_use]
    pub fn map() -> Self {
        Kind::Map(Map::new()).into()
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Kind::Bool(b) = self.kind { Some(b) } else { None }
    }

    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Kind::Int(i) = self.kind { Some(i) } else { None }
    }

    /// A real, or an integer where a real is wanted.
    #[must_use]
    pub fn as_real(&self) -> Option<f64> {
        match self.kind {
            Kind::Real(r) => Some(r),
            #[allow(clippy::cast_precision_loss)]
            Kind::Int(i) => Some(i as f64),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Kind::Str(s) = &self.kind { Some(s) } else { None }
    }

    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Kind::List(l) = &self.kind { Some(l) } else { None }
    }

    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Kind::Map(m) = &self.kind { Some(m) } else { None }
    }

    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        if let Kind::Map(m) = &mut self.kind { Some(m) } else { None }
    }

    /// Gives back the memory that the maps and lists in it have to spare.
    pub fn shrink_to_fit(&mut self) {
        match &mut self.kind {
            Kind::Map(map) => map.shrink_to_fit(),
            Kind::List(list) => {
                list.iter_mut().for_each(Self::shrink_to_fit);
                list.shrink_to_fit();
            }
            _ => {}
        }
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// Member of a map; `None` for other shapes.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// What error texts call this shape.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "boolean",
            Kind::Int(_) => "integer",
            Kind::BigInt(_) => "bigint",
            Kind::Real(_) => "real",
            Kind::Str(_) => "string",
            Kind::List(_) => "list",
            Kind::Map(_) => "map",
        }
    }
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind, pos: Pos::default(), extent: Extent::default() }
    }
}

macro_rules! from {
    ($($from:ty => $value:ident $kind:expr;)*) => { $(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Kind::into($kind)
            }
        }
    )* };
}

from! {
    bool => v Kind::Bool(v);
    i64 => v Kind::Int(v);
    u32 => v Kind::Int(i64::from(v));
    u16 => v Kind::Int(i64::from(v));
    u8 => v Kind::Int(i64::from(v));
    f64 => v Kind::Real(v);
    &str => v Kind::Str(v.to_owned());
    String => v Kind::Str(v);
    Vec<Value> => v Kind::List(v);
    Map => v Kind::Map(v);
}

impl From<u64> for Value {
    fn from(v: u64) -> Self {
        i64::try_from(v).map_or_else(|_| Kind::BigInt(i128::from(v)), Kind::Int).into()
    }
}

impl From<i128> for Value {
    fn from(v: i128) -> Self {
        i64::try_from(v).map_or(Kind::BigInt(v), Kind::Int).into()
    }
}

impl<const N: usize> From<[(&str, Self); N]> for Value {
    fn from(members: [(&str, Self); N]) -> Self {
        Kind::Map(members.into()).into()
    }
}
