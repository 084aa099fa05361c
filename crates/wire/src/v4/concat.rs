//! Options in parts (RFC 3396).

use std::sync::OnceLock;

use crate::{Framing, RawOption, RawOptions, Tail};

/// A set of option codes.
#[derive(Clone, Copy, Debug, Default)]
struct Codes([u64; 4]);

impl Codes {
    /// Adds a code; true when it was there before.
    #[inline]
    fn insert(&mut self, code: u8) -> bool {
        let bit = 1 << (code & 63);
        self.0.get_mut(usize::from(code >> 6)).is_some_and(|word| {
            let had = *word & bit != 0;
            *word |= bit;
            had
        })
    }

    #[inline]
    fn contains(&self, code: u8) -> bool {
        self.0.get(usize::from(code >> 6)).is_some_and(|word| word & 1 << (code & 63) != 0)
    }

    fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }
}

/// DHCPv4 options or sub-options by code, parts of one code joined wherever they stand. Joining copies, once, and
/// only when a code that comes in parts is asked for.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    raw: RawOptions<'a>,
    present: Codes,
    repeated: Codes,
    joined: OnceLock<Vec<(u8, Vec<u8>)>>,
}

impl<'a> Options<'a> {
    #[must_use]
    #[inline]
    pub fn parse(bytes: &'a [u8], framing: Framing) -> Self {
        let (mut present, mut repeated) = (Codes::default(), Codes::default());
        let raw = RawOptions::index4(bytes, framing, |code| {
            if present.insert(code) {
                repeated.insert(code);
            }
        });
        Self { raw, present, repeated, joined: OnceLock::new() }
    }

    /// The whole value of an option.
    #[must_use]
    #[inline]
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        if !self.present.contains(code) {
            return None;
        }
        if self.repeated.contains(code) {
            let joined = self.joined.get_or_init(|| self.join());
            return joined.iter().find(|(known, _)| *known == code).map(|(_, value)| value.as_slice());
        }
        self.raw.first(u16::from(code))
    }

    #[must_use]
    #[inline]
    pub fn contains(&self, code: u8) -> bool {
        self.present.contains(code)
    }

    /// Whether any option comes in parts.
    #[must_use]
    pub fn has_repeated(&self) -> bool {
        !self.repeated.is_empty()
    }

    /// Each code with its whole value, in the order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> + '_ {
        let mut done = Codes::default();
        self.raw.iter().filter_map(move |RawOption { code, .. }| {
            let code = u8::try_from(code).ok()?;
            if done.insert(code) { None } else { Some((code, self.get(code)?)) }
        })
    }

    /// The options as they stand: in order, with duplicates, parts apart.
    #[must_use]
    pub fn raw(&self) -> &RawOptions<'a> {
        &self.raw
    }

    #[must_use]
    pub fn tail(&self) -> Tail {
        self.raw.tail()
    }

    fn join(&self) -> Vec<(u8, Vec<u8>)> {
        let mut joined: Vec<(u8, Vec<u8>)> = Vec::new();
        for RawOption { code, value } in self.raw.iter() {
            let Ok(code) = u8::try_from(code) else { continue };
            if !self.repeated.contains(code) {
                continue;
            }
            match joined.iter_mut().find(|(known, _)| *known == code) {
                Some((_, whole)) => whole.extend_from_slice(value),
                None => joined.push((code, value.to_vec())),
            }
        }
        joined
    }
}
