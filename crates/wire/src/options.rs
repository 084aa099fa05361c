//! The index of options over one buffer.

use smallvec::SmallVec;

/// Options of a usual packet; more of them cost one allocation for all.
const INLINE: usize = 32;

/// Whether codes 0 and 255 pad and end the options, as at the top level of DHCPv4, or are codes like any other, as
/// among sub-options (RFC 2132 section 3, RFC 3046 section 2.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    PadAndEnd,
    Plain,
}

/// How the options of a buffer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// With the end option; what follows is padding or is not ours.
    End,
    /// With the buffer.
    Buffer,
    /// With a code or length whose value is cut off; those octets belong to no option.
    Truncated,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    code: u16,
    start: u16,
    length: u16,
}

/// One option as it stands in its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawOption<'a> {
    pub code: u16,
    pub value: &'a [u8],
}

/// The options of a buffer by code and place; order and duplicates are kept, nothing is copied.
#[derive(Clone, Debug)]
pub struct RawOptions<'a> {
    bytes: &'a [u8],
    slots: SmallVec<[Slot; INLINE]>,
    tail: Tail,
    /// Code and length take two octets each, as in DHCPv6, instead of one.
    wide: bool,
}

impl<'a> RawOptions<'a> {
    /// Most octets that an index covers; no datagram has more, and what lies beyond counts as cut off.
    pub const MAX: usize = 65_535;

    /// Indexes options of one octet of code and one of length (DHCPv4) and calls `seen` with each code.
    #[inline]
    pub(crate) fn index4(bytes: &'a [u8], framing: Framing, mut seen: impl FnMut(u8)) -> Self {
        let mut slots = SmallVec::new();
        let window = bytes.get(..Self::MAX).unwrap_or(bytes);
        let mut tail = if window.len() < bytes.len() { Tail::Truncated } else { Tail::Buffer };
        let mut at = 0_usize;
        while let Some(code) = window.get(at) {
            if framing == Framing::PadAndEnd {
                if *code == 0 {
                    at += 1;
                    continue;
                }
                if *code == 255 {
                    tail = Tail::End;
                    break;
                }
            }
            let start = at + 2;
            let Some(length) = window.get(at + 1) else {
                tail = Tail::Truncated;
                break;
            };
            let end = start + usize::from(*length);
            if end > window.len() {
                tail = Tail::Truncated;
                break;
            }
            seen(*code);
            // `start` is within a window of at most MAX octets.
            let start = u16::try_from(start).unwrap_or(u16::MAX);
            slots.push(Slot { code: u16::from(*code), start, length: u16::from(*length) });
            at = end;
        }
        Self { bytes, slots, tail, wide: false }
    }

    /// Indexes the options or sub-options of DHCPv4.
    #[must_use]
    pub fn parse4(bytes: &'a [u8], framing: Framing) -> Self {
        Self::index4(bytes, framing, |_| ())
    }

    /// Indexes the options or sub-options of DHCPv6: two octets of code and two of length (RFC 9915 section 21.1).
    #[must_use]
    #[inline]
    pub fn parse6(bytes: &'a [u8]) -> Self {
        let mut slots = SmallVec::new();
        let window = bytes.get(..Self::MAX).unwrap_or(bytes);
        let mut tail = if window.len() < bytes.len() { Tail::Truncated } else { Tail::Buffer };
        let mut rest = window;
        while let Some(([code0, code1, length0, length1], after)) = rest.split_first_chunk() {
            let length = u16::from_be_bytes([*length0, *length1]);
            let Some((_, next)) = after.split_at_checked(usize::from(length)) else { break };
            // Within a window of at most MAX octets.
            let start = u16::try_from(window.len() - after.len()).unwrap_or(u16::MAX);
            slots.push(Slot { code: u16::from_be_bytes([*code0, *code1]), start, length });
            rest = next;
        }
        if !rest.is_empty() {
            tail = Tail::Truncated;
        }
        Self { bytes, slots, tail, wide: true }
    }

    /// The octets that were indexed.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How the options ended.
    #[must_use]
    pub fn tail(&self) -> Tail {
        self.tail
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The option at a place in the order of the buffer.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<RawOption<'a>> {
        self.slots.get(number).map(|slot| self.at(*slot))
    }

    /// All options in the order of the buffer.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = RawOption<'a>> + '_ {
        self.slots.iter().map(|slot| self.at(*slot))
    }

    /// The values of one code in the order of the buffer.
    pub fn all(&self, code: u16) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.slots.iter().filter(move |slot| slot.code == code).map(|slot| self.at(*slot).value)
    }

    /// The first value of a code.
    #[must_use]
    pub fn first(&self, code: u16) -> Option<&'a [u8]> {
        self.slots.iter().find(|slot| slot.code == code).map(|slot| self.at(*slot).value)
    }

    /// The octets after the last option: padding, the end option, what follows it, or what was cut off.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        let end = self.slots.last().map_or(0, |slot| usize::from(slot.start) + usize::from(slot.length));
        self.bytes.get(end..).unwrap_or(&[])
    }

    /// Writes the options as they stood, with the padding between and after them.
    pub fn write_back(&self, out: &mut crate::Writer<'_>) -> Result<(), crate::Full> {
        let mut done = 0;
        for slot in &self.slots {
            let start = usize::from(slot.start);
            let header = start.saturating_sub(if self.wide { 4 } else { 2 });
            out.bytes(self.bytes.get(done..header).unwrap_or(&[]))?;
            let value = self.at(*slot).value;
            if self.wide {
                out.u16(slot.code)?;
                out.u16(slot.length)?;
            } else {
                out.u8(u8::try_from(slot.code).unwrap_or(u8::MAX))?;
                out.u8(u8::try_from(value.len()).unwrap_or(u8::MAX))?;
            }
            out.bytes(value)?;
            done = start + value.len();
        }
        out.bytes(self.rest())
    }

    fn at(&self, slot: Slot) -> RawOption<'a> {
        let start = usize::from(slot.start);
        let value = self.bytes.get(start..start + usize::from(slot.length)).unwrap_or(&[]);
        RawOption { code: slot.code, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8], framing: Framing) -> (Vec<(u16, Vec<u8>)>, Tail) {
        let options = RawOptions::parse4(bytes, framing);
        let mut out = Vec::new();
        options.write_back(&mut crate::Writer::new(&mut out, 100_000)).unwrap();
        assert_eq!(out, bytes, "written back");
        (options.iter().map(|o| (o.code, o.value.to_vec())).collect(), options.tail())
    }

    #[test]
    fn order_duplicates_pads_and_tails() {
        use Framing::{PadAndEnd, Plain};
        for (bytes, framing, options, tail) in [
            (&[][..], PadAndEnd, vec![], Tail::Buffer),
            (&[255], PadAndEnd, vec![], Tail::End),
            (
                &[0, 0, 1, 1, 7, 0, 1, 0, 2, 1, 9, 255, 5, 5],
                PadAndEnd,
                vec![(1, vec![7]), (1, vec![]), (2, vec![9])],
                Tail::End,
            ),
            (&[1, 1, 7, 2], PadAndEnd, vec![(1, vec![7])], Tail::Truncated),
            (&[1, 1, 7, 2, 2, 0], PadAndEnd, vec![(1, vec![7])], Tail::Truncated),
            (&[0, 1, 7, 255, 1, 8], Plain, vec![(0, vec![7]), (255, vec![8])], Tail::Buffer),
            (&[0], Plain, vec![], Tail::Truncated),
        ] {
            assert_eq!(parse(bytes, framing), (options, tail), "{bytes:?}");
        }
    }

    #[test]
    fn wide_options_and_tails() {
        let long = [&[0, 5, 1, 0][..], &[7; 256]].concat();
        for (bytes, options, tail) in [
            (&[][..], vec![], Tail::Buffer),
            (
                &[0, 1, 0, 1, 7, 0, 1, 0, 0, 0, 2, 0, 1, 9],
                vec![(1, vec![7]), (1, vec![]), (2, vec![9])],
                Tail::Buffer,
            ),
            (&[1, 1, 0, 0], vec![(257, vec![])], Tail::Buffer),
            (&long, vec![(5, vec![7; 256])], Tail::Buffer),
            (&[0, 1, 0, 0, 0, 2, 0], vec![(1, vec![])], Tail::Truncated),
            (&[0, 1, 0, 0, 0, 2, 0, 2, 5], vec![(1, vec![])], Tail::Truncated),
            (&[0, 0, 0, 0, 255, 255, 0, 1, 3], vec![(0, vec![]), (65_535, vec![3])], Tail::Buffer),
        ] {
            let parsed = RawOptions::parse6(bytes);
            let mut out = Vec::new();
            parsed.write_back(&mut crate::Writer::new(&mut out, 1000)).unwrap();
            assert_eq!(out, bytes, "written back");
            let read: Vec<_> = parsed.iter().map(|o| (o.code, o.value.to_vec())).collect();
            assert_eq!((read, parsed.tail()), (options, tail), "{bytes:?}");
        }
        let many = [0, 5, 0, 0].repeat(20_000);
        let parsed = RawOptions::parse6(&many);
        assert_eq!((parsed.len(), parsed.tail()), (16_383, Tail::Truncated));
    }

    #[test]
    fn by_code() {
        let options = RawOptions::parse4(&[5, 1, 1, 6, 1, 2, 5, 2, 3, 4], Framing::Plain);
        assert_eq!(options.first(5), Some(&[1][..]));
        assert_eq!(options.all(5).collect::<Vec<_>>(), [&[1][..], &[3, 4]]);
        assert_eq!(options.first(7), None);
        assert_eq!(options.len(), 3);
    }

    #[test]
    fn beyond_the_largest_datagram() {
        let bytes = [5, 0].repeat(40_000);
        let (options, tail) = parse(&bytes, Framing::Plain);
        assert_eq!((options.len(), tail), (32_767, Tail::Truncated));
        assert!(parse(&[5, 255].repeat(3), Framing::Plain).0.is_empty());
    }
}
