//! Of many tests, those that can be true of a packet.
//!
//! Configurations have many classes that ask the same thing for another value: `option[60].text == 'docsis3.0'`,
//! `substring(option[61].hex, 0, 3) == 0x010203`. Such tests are looked up by the value the packet has; their number
//! then costs nothing.

use std::collections::HashMap;

use base::Family;
use smallvec::SmallVec;

use crate::tree::{Bool, Str};
use crate::view::QueryView;
use crate::{Expression, Root, eval};

/// From this many tests of one subject on a look-up is worth its while.
const WORTH: usize = 3;

/// Positions of tests in a list, arranged for [`Candidates::of`].
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Those that every packet is tested for, ascending.
    open: Box<[usize]>,
    gates: Box<[Gate]>,
}

/// Tests that are false unless a value of the packet is one of theirs.
#[derive(Clone, Debug)]
struct Gate {
    subject: Str,
    family: Family,
    doors: HashMap<Box<[u8]>, Vec<usize>>,
}

impl Candidates {
    /// Arranges a list of tests; `None` stands for one that has to be looked at always.
    pub fn new<'e>(tests: impl IntoIterator<Item = Option<&'e Expression>>) -> Self {
        let mut open = Vec::new();
        let mut gates: Vec<(Gate, Vec<usize>)> = Vec::new();
        for (position, test) in tests.into_iter().enumerate() {
            let required = test.and_then(|test| match &test.root {
                Root::Bool(root) => required(root).map(|(subject, values)| (subject, values, test.family)),
                Root::Str(_) => None,
            });
            let Some((subject, values, family)) = required else {
                open.push(position);
                continue;
            };
            let at = gates.iter().position(|(gate, _)| gate.subject.same(subject)).unwrap_or_else(|| {
                gates.push((Gate { subject: subject.clone(), family, doors: HashMap::new() }, Vec::new()));
                gates.len() - 1
            });
            let Some((gate, all)) = gates.get_mut(at) else { continue };
            all.push(position);
            for value in values {
                let behind = gate.doors.entry(value.into()).or_default();
                if behind.last() != Some(&position) {
                    behind.push(position);
                }
            }
        }
        let mut kept = Vec::new();
        for (gate, all) in gates {
            if all.len() < WORTH { open.extend(all) } else { kept.push(gate) }
        }
        open.sort_unstable();
        Self { open: open.into(), gates: kept.into() }
    }

    /// Positions of the tests that can be true of the packet, ascending. The others are false of it.
    pub fn of<V: QueryView + ?Sized>(&self, view: &V) -> impl Iterator<Item = usize> + '_ {
        let mut matched: SmallVec<[usize; 8]> = SmallVec::new();
        for gate in &self.gates {
            match eval::string(&gate.subject, gate.family, view) {
                Ok(value) => matched.extend(gate.doors.get(&*value).into_iter().flatten().copied()),
                // A subject does not fail; if it did, its tests would have to say so.
                Err(_) => matched.extend(gate.doors.values().flatten().copied()),
            }
        }
        matched.sort_unstable();
        matched.dedup();
        merge(self.open.iter().copied(), matched.into_iter())
    }
}

/// Two ascending sequences as one.
fn merge(a: impl Iterator<Item = usize>, b: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(left), Some(right)) if right < left => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

/// A value of the packet, and constants one of which it must equal for the expression to be anything but false: in
/// particular, the expression does not fail with any other.
fn required(node: &Bool) -> Option<(&Str, SmallVec<[&[u8]; 2]>)> {
    match node {
        Bool::Equal(sides) => match &**sides {
            (subject, Str::Const(value)) if subject.steady() => {
                Some((subject, SmallVec::from_slice(&[&**value])))
            }
            _ => None,
        },
        Bool::And(list) => {
            for operand in list {
                if let found @ Some(_) = required(operand) {
                    return found;
                }
                if !operand.steady() {
                    break;
                }
            }
            None
        }
        Bool::StrictAnd(list) if list.iter().all(Bool::steady) => list.iter().find_map(required),
        Bool::Or(list) | Bool::StrictOr(list) => {
            let (first, rest) = list.split_first()?;
            let (subject, mut values) = required(first)?;
            for operand in rest {
                let (other, more) = required(operand)?;
                if !subject.same(other) {
                    return None;
                }
                values.extend(more);
            }
            Some((subject, values))
        }
        _ => None,
    }
}

impl Bool {
    /// Whether evaluation cannot fail.
    fn steady(&self) -> bool {
        match self {
            Self::Const(_)
            | Self::Present(_)
            | Self::Exists(_)
            | Self::VendorExists(..)
            | Self::Member(_) => true,
            Self::Equal(sides) => sides.0.steady() && sides.1.steady(),
            Self::Match(parts) => parts.1.steady(),
            Self::Not(inner) => inner.steady(),
            Self::And(list) | Self::Or(list) | Self::StrictAnd(list) | Self::StrictOr(list) => {
                list.iter().all(Self::steady)
            }
        }
    }
}

impl Str {
    /// Whether evaluation cannot fail and depends on nothing but the packet.
    fn steady(&self) -> bool {
        match self {
            Self::Const(_)
            | Self::Payload(_)
            | Self::Hex(_)
            | Self::Text(_)
            | Self::Field(_)
            | Self::Relay6(..)
            | Self::VendorEnterprise(_)
            | Self::VendorClassData { .. } => true,
            Self::Substring(value, ..) | Self::Lower(value) | Self::Upper(value) => value.steady(),
            Self::Split(parts, _) | Self::HexString(parts) => parts.0.steady() && parts.1.steady(),
            Self::Concat(parts) => parts.iter().all(Self::steady),
            Self::IfElse(_) | Self::StrictIfElse(_) | Self::AddressText(_) | Self::IntegerText(..) => false,
        }
    }

    /// Whether two values are made in the same way. Of those that are not steady, none are.
    fn same(&self, other: &Self) -> bool {
        let pairs = |a: &(Self, Self), b: &(Self, Self)| a.0.same(&b.0) && a.1.same(&b.1);
        match (self, other) {
            (Self::Const(a), Self::Const(b)) => a == b,
            (Self::Payload(a), Self::Payload(b)) => a == b,
            (Self::Hex(a), Self::Hex(b)) | (Self::Text(a), Self::Text(b)) => a.same(b),
            (Self::Field(a), Self::Field(b)) => a == b,
            (Self::Relay6(a, level), Self::Relay6(b, of_b)) => a == b && level == of_b,
            (Self::VendorEnterprise(a), Self::VendorEnterprise(b)) => a == b,
            (
                Self::VendorClassData { vendor: a, index },
                Self::VendorClassData { vendor: b, index: of_b },
            ) => a == b && index == of_b,
            (Self::Substring(a, start, length), Self::Substring(b, of_b, length_b)) => {
                a.same(b) && start == of_b && length == length_b
            }
            (Self::Lower(a), Self::Lower(b)) | (Self::Upper(a), Self::Upper(b)) => a.same(b),
            (Self::Split(a, number), Self::Split(b, of_b)) => pairs(a, b) && number == of_b,
            (Self::HexString(a), Self::HexString(b)) => pairs(a, b),
            (Self::Concat(a), Self::Concat(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            _ => false,
        }
    }
}
