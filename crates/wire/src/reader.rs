//! The one place that moves through received bytes.

/// A cursor that cannot leave its buffer: what is not there is `None`, and then nothing has moved.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, length: bytes.len() }
    }

    /// Octets consumed.
    #[must_use]
    pub fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    /// What has not been consumed.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `N` octets.
    pub fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (chunk, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(chunk)
    }

    /// The next `count` octets.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (chunk, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(chunk)
    }

    /// A reader bounded to the next `count` octets, which this one skips.
    pub fn part(&mut self, count: usize) -> Option<Self> {
        self.bytes(count).map(Self::new)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[octet]| *octet)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(|octets| u16::from_be_bytes(*octets))
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(|octets| u32::from_be_bytes(*octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_past_the_end() {
        let mut r = Reader::new(&[1, 2, 3, 4, 5]);
        assert_eq!(r.u16(), Some(0x0102));
        assert_eq!(r.u32(), None);
        assert_eq!((r.position(), r.rest()), (2, &[3, 4, 5][..]));
        let mut part = r.part(2).unwrap();
        assert_eq!((part.u8(), part.u16(), part.u8(), part.u8()), (Some(3), None, Some(4), None));
        assert!(part.is_empty());
        assert!(r.bytes(usize::MAX).is_none());
        assert_eq!(r.array::<1>(), Some(&[5]));
        assert_eq!(r.position(), 5);
    }
}
