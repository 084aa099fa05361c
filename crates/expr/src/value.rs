//! Octet strings that are borrowed from the packet or the expression wherever possible.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, Range};

use smallvec::SmallVec;

/// Value of a string expression. Short computed values live on the stack.
#[derive(Clone)]
pub enum Octets<'v> {
    Slice(&'v [u8]),
    Own(SmallVec<[u8; 24]>),
}

impl Octets<'_> {
    pub(crate) const EMPTY: Self = Self::Slice(&[]);

    /// Octets computed on the way.
    pub(crate) fn own(octets: &[u8]) -> Self {
        Self::Own(SmallVec::from_slice(octets))
    }

    /// The stretch `range`, cut to what is there.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        match self {
            Self::Slice(slice) => {
                let end = range.end.min(slice.len());
                Self::Slice(slice.get(range.start.min(end)..end).unwrap_or(&[]))
            }
            Self::Own(mut own) => {
                own.truncate(range.end);
                let start = range.start.min(own.len());
                own.drain(..start);
                Self::Own(own)
            }
        }
    }

    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Slice(slice) => slice.to_vec(),
            Self::Own(own) => own.into_vec(),
        }
    }
}

impl Deref for Octets<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Slice(slice) => slice,
            Self::Own(own) => own,
        }
    }
}

impl<'v> From<Cow<'v, [u8]>> for Octets<'v> {
    fn from(octets: Cow<'v, [u8]>) -> Self {
        match octets {
            Cow::Borrowed(slice) => Self::Slice(slice),
            Cow::Owned(vec) => Self::Own(SmallVec::from_vec(vec)),
        }
    }
}

impl fmt::Debug for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Octets<'_> {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}
