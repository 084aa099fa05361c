//! Lines of a lease file, with their places, in bounded memory.

use std::io::{self, Read};

/// No row is longer (a user context has at most 64 KiB, five times that when everything in it is escaped).
pub(crate) const MAX_LINE: usize = 1 << 20;

/// A reader of lines.
pub(crate) struct Lines<'a> {
    source: &'a mut dyn Read,
    buffer: Vec<u8>,
    /// Where the next line begins in the buffer, and how much of the buffer is filled.
    next: usize,
    filled: usize,
    /// Place in the file of the next line.
    offset: u64,
    /// Number of the line given last, from 1.
    number: u64,
    ended: bool,
}

/// What stands next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A line that has its newline, without it.
    Whole(&'a [u8]),
    /// A line longer than [`MAX_LINE`], which was skipped.
    TooLong,
    /// The end of the file. `torn` is what stands after the last newline, the rest of a write that did not finish:
    /// so many octets, and as many of them as are still in memory.
    End { torn: u64, text: &'a [u8] },
}

impl<'a> Lines<'a> {
    pub(crate) fn new(source: &'a mut dyn Read) -> Self {
        Self { source, buffer: vec![0; 256 << 10], next: 0, filled: 0, offset: 0, number: 0, ended: false }
    }

    /// Place after the last newline seen: the length of the good part of the file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Number of the line given last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn next(&mut self) -> io::Result<Line<'_>> {
        let mut searched = self.next;
        let mut skipped = 0u64;
        loop {
            let fresh = self.buffer.get(searched..self.filled).unwrap_or_default();
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                let (begin, end) = (self.next, searched + at);
                self.next = end + 1;
                self.offset += skipped + (self.next - begin) as u64;
                self.number += 1;
                if skipped > 0 {
                    return Ok(Line::TooLong);
                }
                return Ok(Line::Whole(self.buffer.get(begin..end).unwrap_or_default()));
            }
            if self.ended {
                let text = self.buffer.get(self.next..self.filled).unwrap_or_default();
                return Ok(Line::End { torn: skipped + text.len() as u64, text });
            }
            searched = self.filled;
            if self.filled - self.next > MAX_LINE {
                skipped += (self.filled - self.next) as u64;
                self.next = self.filled;
            }
            searched -= self.make_room();
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => self.ended = true,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves what is left to the front and lengthens the buffer when it is full; answers how far it moved.
    fn make_room(&mut self) -> usize {
        let moved = self.next;
        if moved > 0 {
            self.buffer.copy_within(moved..self.filled, 0);
            self.filled -= moved;
            self.next = 0;
        }
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few octets at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    #[test]
    fn lines_and_their_places() {
        let text = b"one\n\nthree\r\ntorn";
        for step in 1..=text.len() {
            let mut source = Drip(text, step);
            let mut lines = Lines::new(&mut source);
            assert_eq!(lines.next().unwrap(), Line::Whole(b"one"));
            assert_eq!((lines.offset(), lines.number()), (4, 1));
            assert_eq!(lines.next().unwrap(), Line::Whole(b""));
            assert_eq!(lines.next().unwrap(), Line::Whole(b"three\r"));
            assert_eq!((lines.offset(), lines.number()), (12, 3));
            for _ in 0..2 {
                assert_eq!(lines.next().unwrap(), Line::End { torn: 4, text: b"torn" });
            }
            assert_eq!(lines.offset(), 12);
        }
    }

    #[test]
    fn overlong_lines_are_skipped_in_bounded_memory() {
        let mut text = vec![b'x'; MAX_LINE * 5];
        text.extend_from_slice(b"\nnext\n");
        let mut source = Drip(&text, 100_000);
        let mut lines = Lines::new(&mut source);
        assert_eq!(lines.next().unwrap(), Line::TooLong);
        assert_eq!(lines.offset(), MAX_LINE as u64 * 5 + 1);
        assert_eq!(lines.next().unwrap(), Line::Whole(b"next"));
        assert_eq!(lines.next().unwrap(), Line::End { torn: 0, text: b"" });
        assert_eq!(lines.offset(), text.len() as u64);
        assert!(lines.buffer.len() <= MAX_LINE * 4);
    }

    #[test]
    fn a_long_line_is_whole() {
        let mut text = vec![b'y'; MAX_LINE];
        text.push(b'\n');
        let mut source = &text[..];
        let mut lines = Lines::new(&mut source);
        assert_eq!(lines.next().unwrap(), Line::Whole(&text[..MAX_LINE]));
    }
}
