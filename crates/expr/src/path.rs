//! From an option of the packet down through sub-options.

use std::borrow::Cow;
use std::sync::Arc;

use base::Family;
use options::{DefTable, OptionDef, OptionSpace, SubOptions, fields_length, vendor_blocks};

use crate::tree::VendorKind;
use crate::view::QueryView;

/// Where an option is looked for.
#[derive(Clone, Debug)]
pub(crate) struct OptionRef {
    pub(crate) family: Family,
    source: Source,
    steps: Vec<Step>,
    /// Code of the last option of the path.
    pub(crate) code: u16,
    /// Its definition; the space of a vendor that is only known with the packet has none.
    pub(crate) definition: Option<Arc<OptionDef>>,
    pub(crate) table: Arc<DefTable>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Option(u16),
    Relay6 {
        level: i8,
        code: u16,
    },
    /// The sub-options of a vendor in option 125 or 17; 0 is any vendor.
    Vendor(u32),
}

/// One sub-option inside the payload that precedes it.
#[derive(Clone, Debug)]
struct Step {
    inside: Inside,
    code: u16,
}

/// Where the sub-options start in a payload.
#[derive(Clone, Debug)]
enum Inside {
    After(usize),
    /// After the fields of the definition, some of which vary in length.
    AfterFields(Arc<OptionDef>),
    /// The option has none.
    Nowhere,
}

/// Relay agent information of DHCPv4.
pub(crate) const RELAY_AGENT: u16 = 82;
const V4_VENDOR_OPTIONS: u16 = 125;
const V6_VENDOR_OPTIONS: u16 = 17;

impl OptionRef {
    /// `option[code]`
    pub(crate) fn option(table: &Arc<DefTable>, family: Family, code: u16) -> Self {
        Self::new(table, family, Source::Option(code), code, OptionSpace::top(family).as_str())
    }

    /// `relay6[level].option[code]`
    pub(crate) fn relay6(table: &Arc<DefTable>, level: i8, code: u16) -> Self {
        Self::new(table, Family::V6, Source::Relay6 { level, code }, code, OptionSpace::DHCP6.as_str())
    }

    /// `vendor[enterprise].option[code]`
    pub(crate) fn vendor(table: &Arc<DefTable>, family: Family, enterprise: u32, code: u16) -> Self {
        let space = OptionSpace::vendor(enterprise);
        let mut this = Self::new(table, family, Source::Vendor(enterprise), code, space.as_str());
        this.steps.push(Step { inside: Inside::After(0), code });
        this
    }

    fn new(table: &Arc<DefTable>, family: Family, source: Source, code: u16, space: &str) -> Self {
        let definition = table.by_code(space, code).cloned();
        Self { family, source, steps: Vec::new(), code, definition, table: Arc::clone(table) }
    }

    /// `.option[code]`
    pub(crate) fn descend(&mut self, code: u16) {
        let inside = match (&self.definition, self.known_container()) {
            (_, Some(octets)) => Inside::After(octets),
            (Some(definition), None) if definition.encapsulates.is_some() => {
                let fields = definition.fields();
                match fields.iter().map(|field| field.fixed_len()).sum::<Option<usize>>() {
                    Some(octets) => Inside::After(octets),
                    None => Inside::AfterFields(Arc::clone(definition)),
                }
            }
            _ => Inside::Nowhere,
        };
        let space = self.definition.as_ref().and_then(|definition| definition.encapsulates.clone());
        self.definition = space.and_then(|space| self.table.by_code(space.as_str(), code).cloned());
        self.code = code;
        self.steps.push(Step { inside, code });
    }

    /// Octets before the sub-options of containers that do not need their definition.
    fn known_container(&self) -> Option<usize> {
        let top = self.steps.is_empty();
        match (self.family, self.code) {
            (Family::V4, RELAY_AGENT) if top => Some(0),
            (Family::V4, V4_VENDOR_OPTIONS) if top => Some(5),
            (Family::V6, V6_VENDOR_OPTIONS) if top => Some(4),
            // IA_NA and IA_PD: IAID, T1, T2; IA_TA: IAID; addresses and prefixes with their lifetimes.
            (Family::V6, 3 | 25) if top => Some(12),
            (Family::V6, 4) if top => Some(4),
            (Family::V6, 5) => Some(24),
            (Family::V6, 26) => Some(25),
            _ => None,
        }
    }

    /// `Some(code)` for a plain option of the packet.
    pub(crate) fn as_plain(&self) -> Option<u16> {
        match self.source {
            Source::Option(code) if self.steps.is_empty() => Some(code),
            _ => None,
        }
    }

    /// Whether both look at the same place, with the same definitions.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let codes = |this: &Self| this.steps.iter().map(|step| step.code).collect::<Vec<_>>();
        self.source == other.source && Arc::ptr_eq(&self.table, &other.table) && codes(self) == codes(other)
    }

    pub(crate) fn find<'v, V: QueryView + ?Sized>(&self, view: &'v V) -> Option<Cow<'v, [u8]>> {
        let (payload, mut pads) = match self.source {
            Source::Option(code) => (view.option(code)?, code != RELAY_AGENT),
            Source::Relay6 { level, code } => (view.relay_option(relay_level(view, level)?, code)?, false),
            Source::Vendor(vendor) => (vendor_options(view, self.family, vendor)?, true),
        };
        let mut value = payload;
        for step in &self.steps {
            let start = match &step.inside {
                Inside::After(octets) => *octets,
                Inside::AfterFields(definition) => fields_length(definition, &value)?,
                Inside::Nowhere => return None,
            };
            value = match value {
                Cow::Borrowed(slice) => sub_option(slice.get(start..)?, self.family, step.code, pads)?,
                Cow::Owned(own) => {
                    Cow::Owned(sub_option(own.get(start..)?, self.family, step.code, pads)?.into_owned())
                }
            };
            pads = true;
        }
        Some(value)
    }
}

/// Index of a relay from the server's side; negative levels count from the client.
pub(crate) fn relay_level<V: QueryView + ?Sized>(view: &V, level: i8) -> Option<usize> {
    let count = view.relay_count();
    let distance = usize::from(level.unsigned_abs());
    let level = if level < 0 { count.checked_sub(distance)? } else { distance };
    (level < count).then_some(level)
}

/// A sub-option of a container. Instances of one code in DHCPv4 are joined (RFC 3396); what is cut off is not there.
fn sub_option(container: &[u8], family: Family, code: u16, pads: bool) -> Option<Cow<'_, [u8]>> {
    let mut found: Option<Cow<'_, [u8]>> = None;
    for (this, value) in (SubOptions { octets: container, family, pads }) {
        if this != code {
            continue;
        }
        match &mut found {
            None => found = Some(Cow::Borrowed(value)),
            Some(_) if family == Family::V6 => break,
            Some(joined) => joined.to_mut().extend_from_slice(value),
        }
    }
    found
}

fn enterprise(octets: &[u8]) -> Option<u32> {
    octets.first_chunk().map(|number| u32::from_be_bytes(*number))
}

/// A part of an option: borrowed if the option is.
fn narrow<'v>(payload: Cow<'v, [u8]>, part: impl Fn(&[u8]) -> Option<&[u8]>) -> Option<Cow<'v, [u8]>> {
    match payload {
        Cow::Borrowed(slice) => part(slice).map(Cow::Borrowed),
        Cow::Owned(own) => part(&own).map(|part| Cow::Owned(part.to_vec())),
    }
}

/// Whether an enterprise number is asked for; 0 in an expression stands for any.
fn wanted(asked: u32, found: u32) -> bool {
    asked == 0 || asked == found
}

fn vendor_code(family: Family, kind: VendorKind) -> u16 {
    match (family, kind) {
        (Family::V4, VendorKind::Options) => V4_VENDOR_OPTIONS,
        (Family::V4, VendorKind::Class) => 124,
        (Family::V6, VendorKind::Options) => V6_VENDOR_OPTIONS,
        (Family::V6, VendorKind::Class) => 16,
    }
}

/// The instance of a DHCPv6 option of that vendor.
fn instance6<V: QueryView + ?Sized>(view: &V, code: u16, vendor: u32) -> Option<Cow<'_, [u8]>> {
    (0..)
        .map_while(|index| view.option_at(code, index))
        .find(|payload| enterprise(payload).is_some_and(|number| wanted(vendor, number)))
}

/// Sub-options of a vendor: of the first block that carries the number.
fn vendor_options<V: QueryView + ?Sized>(view: &V, family: Family, vendor: u32) -> Option<Cow<'_, [u8]>> {
    match family {
        Family::V4 => narrow(view.option(V4_VENDOR_OPTIONS)?, |payload| {
            vendor_blocks(payload).find(|(number, _)| wanted(vendor, *number)).map(|(_, data)| data)
        }),
        Family::V6 => narrow(instance6(view, V6_VENDOR_OPTIONS, vendor)?, |payload| payload.get(4..)),
    }
}

/// `vendor[id].exists` and `vendor-class[id].exists`.
pub(crate) fn vendor_exists<V: QueryView + ?Sized>(
    view: &V,
    family: Family,
    kind: VendorKind,
    vendor: u32,
) -> bool {
    let code = vendor_code(family, kind);
    match family {
        Family::V4 => view.option(code).is_some_and(|payload| {
            vendor == 0 && payload.len() >= 4
                || vendor_blocks(&payload).any(|(number, _)| wanted(vendor, number))
        }),
        Family::V6 => instance6(view, code, vendor).is_some(),
    }
}

/// `vendor.enterprise` and `vendor-class.enterprise`: of the first instance.
pub(crate) fn vendor_enterprise<V: QueryView + ?Sized>(
    view: &V,
    family: Family,
    kind: VendorKind,
) -> Option<Cow<'_, [u8]>> {
    narrow(view.option(vendor_code(family, kind))?, |payload| payload.get(..4))
}

/// `vendor-class[id].data[index]`. In DHCPv4 each block of the vendor is one chunk, in DHCPv6 one option holds
/// several behind 16 bit lengths.
pub(crate) fn vendor_class_data<V: QueryView + ?Sized>(
    view: &V,
    family: Family,
    vendor: u32,
    index: u8,
) -> Option<Cow<'_, [u8]>> {
    let code = vendor_code(family, VendorKind::Class);
    let index = usize::from(index);
    match family {
        Family::V4 => narrow(view.option(code)?, |payload| {
            let vendor = if vendor == 0 { enterprise(payload)? } else { vendor };
            vendor_blocks(payload).filter(|(number, _)| *number == vendor).nth(index).map(|(_, data)| data)
        }),
        Family::V6 => narrow(instance6(view, code, vendor)?, |payload| {
            let mut rest = payload.get(4..)?;
            let mut chunks = std::iter::from_fn(|| {
                let (length, after) = rest.split_first_chunk()?;
                let mut length = usize::from(u16::from_be_bytes(*length));
                if view.is_lenient() {
                    length = length.min(after.len());
                }
                let (chunk, after) = after.split_at_checked(length)?;
                rest = after;
                Some(chunk)
            });
            chunks.nth(index)
        }),
    }
}
