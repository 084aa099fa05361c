//! An option with sub-options, taken apart and put together again.

use base::Family;
use config::FlexSubOption;
use engine::OptionList;
use wire::v4::append_option;
use wire::{Framing, RawOptions, Tail};

/// Octets of an enterprise number, and with the length behind it (RFC 3925).
const ENTERPRISE: usize = 4;
const ENTERPRISE4: usize = 5;

/// An option that has sub-options, or the part of a vendor in one.
pub(super) struct Container {
    family: Family,
    code: u16,
    /// Its place among the options; `None`: it is new.
    at: Option<usize>,
    /// What it has before the sub-options.
    head: Vec<u8>,
    subs: OptionList,
    vendor: Option<u32>,
    /// Parts of other vendors before and after ours in the same option of DHCPv4.
    around: (Vec<u8>, Vec<u8>),
}

/// Where a container is.
pub(super) enum Found {
    There(Container),
    Nowhere,
    /// The option is there, with parts of other vendors alone: the first of them.
    OfOthers(u32),
}

impl Container {
    /// One without sub-options.
    pub(super) fn new(family: Family, code: u16, sub: &FlexSubOption) -> Self {
        let (subs, around) = (OptionList::new(), Default::default());
        Self { family, code, at: None, head: Vec::new(), subs, vendor: sub.vendor, around }
    }

    /// The container of a sub-option among the options of a message; `None` where it is not well-formed.
    pub(super) fn find(
        family: Family,
        code: u16,
        sub: &FlexSubOption,
        options: &OptionList,
    ) -> Option<Found> {
        let mut there = options.iter().enumerate().filter(|(_, (other, _))| *other == code);
        let Some(vendor) = sub.vendor else {
            let Some((at, (_, payload))) = there.next() else { return Some(Found::Nowhere) };
            let head = match &sub.container {
                Some(definition) => options::data_len(definition, payload).ok()?,
                None => 0,
            };
            let (head, subs) = payload.split_at_checked(head)?;
            let subs = parts(family, subs)?;
            let mut container = Self::new(family, code, sub);
            (container.at, container.head, container.subs) = (Some(at), head.to_vec(), subs);
            return Some(Found::There(container));
        };
        let mut other = None;
        for (at, (_, payload)) in there {
            let mut start = 0;
            while let Some(enterprise) = payload.get(start..).and_then(<[u8]>::first_chunk::<ENTERPRISE>) {
                let enterprise = u32::from_be_bytes(*enterprise);
                let (data, end) = match family {
                    Family::V6 => (start + ENTERPRISE, payload.len()),
                    Family::V4 => {
                        let data = start + ENTERPRISE4;
                        (data, data + usize::from(*payload.get(start + ENTERPRISE)?))
                    }
                };
                let subs = payload.get(data..end)?;
                if enterprise == vendor {
                    let mut container = Self::new(family, code, sub);
                    container.at = Some(at);
                    container.subs = parts(family, subs)?;
                    container.around = (payload.get(..start)?.to_vec(), payload.get(end..)?.to_vec());
                    return Some(Found::There(container));
                }
                other = other.or(Some(enterprise));
                start = end;
            }
        }
        Some(other.map_or(Found::Nowhere, Found::OfOthers))
    }

    pub(super) fn has(&self, code: u16) -> bool {
        self.subs.iter().any(|(there, _)| *there == code)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subs.is_empty()
    }

    pub(super) fn remove(&mut self, code: u16) {
        self.subs.retain(|(there, _)| *there != code);
    }

    /// Adds a sub-option in the order of codes.
    pub(super) fn add(&mut self, code: u16, payload: Vec<u8>) {
        let at = self.subs.partition_point(|(there, _)| *there <= code);
        self.subs.insert(at, (code, payload));
    }

    /// Puts it where it was, or last; or if it is `gone`, takes it out. `None`: it is too long, and nothing has changed.
    pub(super) fn put(self, options: &mut OptionList, gone: bool) -> Option<()> {
        let mut payload = self.around.0;
        if !gone {
            let mut subs = Vec::new();
            for (code, value) in &self.subs {
                match (self.family, u8::try_from(*code)) {
                    (Family::V4, Ok(code)) => append_option(&mut subs, code, value),
                    (Family::V4, Err(_)) => {}
                    (Family::V6, _) => {
                        subs.extend(code.to_be_bytes());
                        subs.extend(u16::try_from(value.len()).ok()?.to_be_bytes());
                        subs.extend(value);
                    }
                }
            }
            payload.extend(&self.head);
            if let Some(vendor) = self.vendor {
                payload.extend(vendor.to_be_bytes());
                if self.family == Family::V4 {
                    payload.push(u8::try_from(subs.len()).ok()?);
                }
            }
            payload.extend(subs);
        }
        payload.extend(self.around.1);
        match self.at {
            Some(at) if gone && payload.is_empty() => _ = options.remove(at),
            Some(at) => {
                if let Some((_, there)) = options.get_mut(at) {
                    *there = payload;
                }
            }
            None => options.push((self.code, payload)),
        }
        Some(())
    }
}

/// The sub-options of a container; `None` where they are cut off.
fn parts(family: Family, octets: &[u8]) -> Option<OptionList> {
    let raw = match family {
        Family::V4 => RawOptions::parse4(octets, Framing::Plain),
        Family::V6 => RawOptions::parse6(octets),
    };
    let parts = raw.iter().map(|option| (option.code, option.value.to_vec())).collect();
    (raw.tail() != Tail::Truncated).then_some(parts)
}
