//! What a configuration has in common with the one in force before it.
//!
//! A change of one subnet need not resolve all the others anew: merging and edits leave objects that do not change the
//! same object, and what such an object resolves to depends on nothing but itself and the levels around it.

use std::collections::HashSet;
use std::iter::zip;
use std::sync::Arc;

use ::options::DefTable;

use super::ClassBuilder;
use crate::{Element, Protocol, ServerConfig, Subnet, Written, WrittenSubnet};

/// Names of classes stay known when nothing refers to them any more. When there are more than these, numbers are given
/// anew.
const MOST_CLASSES: usize = 4096;

/// A configuration of which objects can be taken over.
pub(crate) struct Kept<'a, P: Protocol>(&'a ServerConfig<P>);

impl<'a, P: Protocol> Kept<'a, P> {
    /// `None` where they differ in what all objects depend on.
    pub(crate) fn of(before: &'a ServerConfig<P>, written: &Written<P>) -> Option<Self> {
        let old = &before.written;
        let alike = old.globals == written.globals
            && same(&old.option_defs, &written.option_defs)
            && same(&old.client_classes, &written.client_classes)
            && same(&old.shared_networks, &written.shared_networks)
            && before.classes.classes.len() <= MOST_CLASSES;
        alike.then_some(Self(before))
    }

    pub(crate) fn definitions(&self) -> Arc<DefTable> {
        Arc::clone(&self.0.definitions)
    }

    /// Classes keep their numbers.
    pub(crate) fn classes(&self) -> ClassBuilder {
        ClassBuilder::after(Arc::clone(&self.0.classes))
    }

    /// For each of these subnets, which are in the order of their numbers, what it resolved to. The subnets of a
    /// network are compared with each other, so that all stay or none.
    pub(crate) fn subnets(&self, written: &[&WrittenSubnet<P>]) -> Vec<Option<&'a Arc<Subnet<P>>>> {
        let mut old: Vec<&WrittenSubnet<P>> = self.0.written.subnets.iter().collect();
        old.sort_by_key(|subnet| subnet.id);
        let mut old = zip(old, &self.0.subnets).peekable();
        let mut changed: HashSet<&str> = HashSet::new();
        let mut kept = Vec::with_capacity(written.len());
        for one in written {
            while let Some((gone, _)) = old.next_if(|(old, _)| old.id < one.id) {
                changed.extend(gone.shared_network.as_deref());
            }
            let there = old.next_if(|(old, _)| old.id == one.id);
            let same = there.filter(|(old, _)| is_same(old, one));
            if same.is_none() {
                changed.extend(there.and_then(|(old, _)| old.shared_network.as_deref()));
                changed.extend(one.shared_network.as_deref());
            }
            kept.push(same.map(|(_, resolved)| resolved));
        }
        changed.extend(old.filter_map(|(gone, _)| gone.shared_network.as_deref()));
        for (one, kept) in zip(written, &mut kept) {
            if one.shared_network.as_deref().is_some_and(|network| changed.contains(network)) {
                *kept = None;
            }
        }
        kept
    }
}

fn same(old: &[Arc<Element>], new: &[Arc<Element>]) -> bool {
    old.len() == new.len() && zip(old, new).all(|(old, new)| Arc::ptr_eq(old, new) || old == new)
}

fn is_same<P: Protocol>(old: &WrittenSubnet<P>, new: &WrittenSubnet<P>) -> bool {
    Arc::ptr_eq(&old.element, &new.element)
        && old.prefix == new.prefix
        && old.shared_network == new.shared_network
}
