//! The one place that writes packets.

/// The packet has no room for what should be written; nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room left in the packet")]
pub struct Full;

/// Appends to the caller's buffer, at most `limit` octets of its own.
#[derive(Debug)]
pub struct Writer<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
    limit: usize,
}

/// Where a length is to be filled in.
#[derive(Debug)]
#[must_use = "the length stays zero until the mark is closed"]
pub struct Mark(usize);

impl<'b> Writer<'b> {
    /// What is in `out` already stays; `limit` counts from there.
    #[must_use]
    pub fn new(out: &'b mut Vec<u8>, limit: usize) -> Self {
        let start = out.len();
        Self { out, start, limit: start.saturating_add(limit) }
    }

    /// Octets written so far.
    #[must_use]
    pub fn written(&self) -> usize {
        self.out.len() - self.start
    }

    /// Octets that still fit.
    #[must_use]
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.out.len())
    }

    /// What has been written so far.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.out.get(self.start..).unwrap_or(&[])
    }

    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Full> {
        if bytes.len() > self.room() {
            return Err(Full);
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    pub fn u8(&mut self, value: u8) -> Result<(), Full> {
        self.bytes(&[value])
    }

    pub fn u16(&mut self, value: u16) -> Result<(), Full> {
        self.bytes(&value.to_be_bytes())
    }

    pub fn u32(&mut self, value: u32) -> Result<(), Full> {
        self.bytes(&value.to_be_bytes())
    }

    /// `count` zero octets.
    pub fn zeros(&mut self, count: usize) -> Result<(), Full> {
        if count > self.room() {
            return Err(Full);
        }
        self.out.resize(self.out.len() + count, 0);
        Ok(())
    }

    /// `bytes` in a field of `size` octets: cut or padded with zeros.
    pub fn field(&mut self, bytes: &[u8], size: usize) -> Result<(), Full> {
        if size > self.room() {
            return Err(Full);
        }
        let end = self.out.len() + size;
        self.out.extend_from_slice(bytes.get(..size).unwrap_or(bytes));
        self.out.resize(end, 0);
        Ok(())
    }

    /// A length of one octet, to be filled in by [`Writer::close_u8`].
    pub fn open_u8(&mut self) -> Result<Mark, Full> {
        self.u8(0)?;
        Ok(Mark(self.out.len()))
    }

    /// A length of two octets, to be filled in by [`Writer::close_u16`].
    pub fn open_u16(&mut self) -> Result<Mark, Full> {
        self.u16(0)?;
        Ok(Mark(self.out.len()))
    }

    /// Fills in how much was written since the mark; `Full` when one octet cannot say it.
    pub fn close_u8(&mut self, mark: Mark) -> Result<(), Full> {
        let length = u8::try_from(self.since(&mark)).map_err(|_| Full)?;
        self.patch(&mark, [length])
    }

    /// Fills in how much was written since the mark; `Full` when two octets cannot say it.
    pub fn close_u16(&mut self, mark: Mark) -> Result<(), Full> {
        let length = u16::try_from(self.since(&mark)).map_err(|_| Full)?;
        self.patch(&mark, length.to_be_bytes())
    }

    fn since(&self, mark: &Mark) -> usize {
        self.out.len().saturating_sub(mark.0)
    }

    fn patch<const N: usize>(&mut self, mark: &Mark, length: [u8; N]) -> Result<(), Full> {
        let place = mark.0.checked_sub(N).and_then(|at| self.out.get_mut(at..mark.0)).ok_or(Full)?;
        place.copy_from_slice(&length);
        Ok(())
    }

    /// Takes back all that was written after `length` octets.
    pub fn rewind(&mut self, length: usize) {
        self.out.truncate(self.start.saturating_add(length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_holds_and_a_refused_write_leaves_nothing() {
        let mut out = vec![9];
        let mut w = Writer::new(&mut out, 5);
        w.u16(0x0102).unwrap();
        assert_eq!(w.bytes(&[0; 4]), Err(Full));
        assert_eq!(w.zeros(4), Err(Full));
        assert_eq!(w.field(&[], 4), Err(Full));
        w.field(&[7, 8, 9], 2).unwrap();
        assert_eq!((w.written(), w.room()), (4, 1));
        w.u8(1).unwrap();
        assert_eq!(w.u8(1), Err(Full));
        assert_eq!(out, [9, 1, 2, 7, 8, 1]);
    }

    #[test]
    fn lengths_are_filled_in() {
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out, 1000);
        let outer = w.open_u16().unwrap();
        let inner = w.open_u8().unwrap();
        w.bytes(b"abc").unwrap();
        w.close_u8(inner).unwrap();
        w.close_u16(outer).unwrap();
        let long = w.open_u8().unwrap();
        w.zeros(256).unwrap();
        assert_eq!(w.close_u8(long), Err(Full));
        w.rewind(6);
        assert_eq!(w.as_slice(), [0, 4, 3, b'a', b'b', b'c']);
    }
}
