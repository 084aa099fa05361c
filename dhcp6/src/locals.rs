//! The names of interfaces, as the packet loop needs them.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// Swapped whole when interfaces change.
#[derive(Debug, Default)]
pub(crate) struct Locals(ArcSwap<HashMap<u32, Arc<str>>>);

impl Locals {
    pub(crate) fn update(&self, interfaces: &[net::Interface]) {
        let names = interfaces.iter().map(|interface| (interface.index, interface.name.as_str().into()));
        self.0.store(Arc::new(names.collect()));
    }

    pub(crate) fn interface_name(&self, index: u32) -> Arc<str> {
        self.0.load().get(&index).map_or_else(|| "".into(), Arc::clone)
    }
}
