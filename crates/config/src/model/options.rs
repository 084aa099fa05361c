//! Configured options, encoded once.

use std::ops::Deref;
use std::sync::Arc;

use super::ClassId;

/// An `option-data` entry of the `dhcp4` space or of a vendor space, encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfiguredOption {
    pub code: u16,
    /// Payload without code and length, sub-options of an encapsulated space included; may exceed 255 octets.
    pub payload: Arc<[u8]>,
    pub always_send: bool,
    pub never_send: bool,
    /// Eligible only for packets in one of these classes; empty: for all.
    pub classes: Box<[ClassId]>,
}

/// Sub-options of one vendor in 124/125 (enterprise number).
#[derive(Clone, Debug, PartialEq)]
pub struct VendorOptions {
    pub vendor: u32,
    /// In the order of codes.
    pub options: Vec<ConfiguredOption>,
}

/// The options of one level: global, class, network, subnet, pool. Most have none, and take no memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptionSet(Option<Arc<Options>>);

/// What an [`OptionSet`] holds.
#[derive(Debug, PartialEq)]
pub struct Options {
    /// Options of the `dhcp4` space in the order of codes, then as written (several entries of a code differ in
    /// their classes).
    pub options: Vec<ConfiguredOption>,
    pub vendors: Vec<VendorOptions>,
    /// Codes that `options` has; codes above 255 are not indexed.
    present: CodeSet,
    /// Codes with an `always-send` entry.
    pub always: CodeSet,
    /// Codes with a `never-send` entry.
    pub never: CodeSet,
}

/// A set of DHCPv4 option codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeSet([u64; 4]);

impl CodeSet {
    pub const EMPTY: Self = Self([0; 4]);

    pub fn insert(&mut self, code: u8) {
        if let Some(word) = self.0.get_mut(usize::from(code >> 6)) {
            *word |= 1 << (code & 63);
        }
    }

    #[must_use]
    pub fn contains(&self, code: u8) -> bool {
        self.0.get(usize::from(code >> 6)).is_some_and(|word| word & (1 << (code & 63)) != 0)
    }

    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
        self
    }

    #[must_use]
    pub fn intersection(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= other;
        }
        self
    }

    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= !other;
        }
        self
    }

    /// Codes in rising order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0u8..4).zip(self.0).flat_map(|(at, word)| {
            std::iter::successors((word != 0).then_some(word), |w| {
                let rest = w & (w - 1);
                (rest != 0).then_some(rest)
            })
            // A word has 64 bits, so the position fits.
            .map(move |w| at * 64 + u8::try_from(w.trailing_zeros()).unwrap_or(0))
        })
    }
}

impl OptionSet {
    /// Sorts and indexes.
    #[must_use]
    pub fn new(mut options: Vec<ConfiguredOption>, mut vendors: Vec<VendorOptions>) -> Self {
        options.sort_by_key(|o| o.code);
        vendors.sort_by_key(|v| v.vendor);
        for vendor in &mut vendors {
            vendor.options.sort_by_key(|o| o.code);
        }
        let (mut present, mut always, mut never) =
            (CodeSet::default(), CodeSet::default(), CodeSet::default());
        for option in &options {
            let Ok(code) = u8::try_from(option.code) else { continue };
            present.insert(code);
            if option.always_send {
                always.insert(code);
            }
            if option.never_send {
                never.insert(code);
            }
        }
        let empty = options.is_empty() && vendors.is_empty();
        Self((!empty).then(|| Arc::new(Options { options, vendors, present, always, never })))
    }
}

impl Deref for OptionSet {
    type Target = Options;

    fn deref(&self) -> &Options {
        static EMPTY: Options = Options {
            options: Vec::new(),
            vendors: Vec::new(),
            present: CodeSet::EMPTY,
            always: CodeSet::EMPTY,
            never: CodeSet::EMPTY,
        };
        self.0.as_deref().unwrap_or(&EMPTY)
    }
}

impl Options {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.options.is_empty() && self.vendors.is_empty()
    }

    /// Codes of the `dhcp4` space that have entries.
    #[must_use]
    pub fn codes(&self) -> &CodeSet {
        &self.present
    }

    /// Entries of a code, in the order written.
    #[must_use]
    pub fn entries(&self, code: u16) -> &[ConfiguredOption] {
        if u8::try_from(code).is_ok_and(|code| !self.present.contains(code)) {
            return &[];
        }
        let start = self.options.partition_point(|o| o.code < code);
        let length = self.options.get(start..).map_or(0, |rest| rest.partition_point(|o| o.code == code));
        self.options.get(start..start + length).unwrap_or(&[])
    }
}
