//! The tree that the parser makes and that commands and configurations are built from.

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;

use crate::Map;
use crate::files::FileId;

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
        match &self.file {
            // An object that has a name and no text, such as one of a database.
            Some(object) if self.line == 0 => f.write_str(object),
            file => write!(f, "{}:{}:{}", file.as_deref().unwrap_or("<string>"), self.line, self.column),
        }
    }
}

/// A value and its position. Equality ignores the position.
///
/// Configurations are trees of millions of values: one takes 48 octets.
#[derive(Clone, Debug, Default)]
pub struct Value {
    pub kind: Kind,
    place: Place,
}

const _: () = assert!(size_of::<Value>() == 48);

/// What error texts need beyond the start of a value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    /// Column of the member's name; 0 when the value is no member.
    pub(crate) key_column: u32,
    /// Lines from the member's name down to the value.
    pub(crate) key_lines_up: u32,
    /// Characters of a scalar as written.
    pub(crate) width: u16,
}

/// A position and an extent in sixteen octets.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    file: FileId,
    width: u16,
    line: u32,
    column: u32,
    key: KeyPlace,
}

impl Place {
    fn new(pos: &Pos, extent: Extent) -> Self {
        Self {
            file: FileId::of(pos.file.as_ref()),
            width: extent.width,
            line: pos.line,
            column: pos.column,
            key: KeyPlace::new(extent),
        }
    }

    fn pos(self) -> Pos {
        Pos { file: self.file.name(), line: self.line, column: self.column }
    }
}

/// Where the name of a member is: lines above its value in the highest octet, then the column. 0 when the value is no
/// member, or the name is out of reach of these.
#[derive(Clone, Copy, Debug, Default)]
struct KeyPlace(u32);

impl KeyPlace {
    const COLUMN_BITS: u32 = 24;

    fn new(extent: Extent) -> Self {
        let fits = extent.key_column >> Self::COLUMN_BITS == 0 && extent.key_lines_up <= 0xff;
        Self(if fits { extent.key_lines_up << Self::COLUMN_BITS | extent.key_column } else { 0 })
    }

    fn lines_up(self) -> u32 {
        self.0 >> Self::COLUMN_BITS
    }

    fn column(self) -> u32 {
        self.0 & ((1 << Self::COLUMN_BITS) - 1)
    }
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
    /// Beyond 64 bits: statistics of IPv6 pools. They are few, and would make all others larger.
    BigInt(Box<i128>),
    Real(f64),
    Str(CompactString),
    List(Vec<Value>),
    Map(Map),
}

impl Value {
    pub(crate) const NULL: Self = Self {
        kind: Kind::Null,
        place: Place { file: FileId::NONE, width: 0, line: 0, column: 0, key: KeyPlace(0) },
    };

    #[must_use]
    pub fn new(kind: Kind, pos: &Pos) -> Self {
        Self::with_extent(kind, pos, Extent::default())
    }

    pub(crate) fn with_extent(kind: Kind, pos: &Pos, extent: Extent) -> Self {
        Self { kind, place: Place::new(pos, extent) }
    }

    /// Where it was written.
    #[must_use]
    pub fn pos(&self) -> Pos {
        self.place.pos()
    }

    /// Where the name of this member was written; the value's own position when it is no member.
    #[must_use]
    pub fn key_pos(&self) -> Pos {
        let (pos, key) = (self.pos(), self.place.key);
        if key.column() == 0 {
            return pos;
        }
        Pos { line: pos.line.saturating_sub(key.lines_up()), column: key.column(), ..pos }
    }

    /// Another shape at the same place.
    #[must_use]
    pub fn replaced(&self, kind: Kind) -> Self {
        Self { kind, place: self.place }
    }

    /// A null at the same place, to be given another shape.
    #[must_use]
    pub fn clone_position(&self) -> Self {
        self.replaced(Kind::Null)
    }

    /// Characters that a scalar took as written; 0 for lists, maps and values made by the program.
    #[must_use]
    pub fn width(&self) -> u32 {
        u32::from(self.place.width)
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
        Self { kind, place: Place::default() }
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
    &str => v Kind::Str(v.into());
    String => v Kind::Str(v.into());
    CompactString => v Kind::Str(v);
    Vec<Value> => v Kind::List(v);
    Map => v Kind::Map(v);
}

impl From<u64> for Value {
    fn from(v: u64) -> Self {
        i64::try_from(v).map_or_else(|_| Kind::BigInt(Box::new(i128::from(v))), Kind::Int).into()
    }
}

impl From<i128> for Value {
    fn from(v: i128) -> Self {
        i64::try_from(v).map_or_else(|_| Kind::BigInt(Box::new(v)), Kind::Int).into()
    }
}

impl<const N: usize> From<[(&str, Self); N]> for Value {
    fn from(members: [(&str, Self); N]) -> Self {
        Kind::Map(members.into()).into()
    }
}
