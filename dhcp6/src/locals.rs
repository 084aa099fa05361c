//! The names of interfaces, as the packet loop needs them, and the sockets by which messages leave that answer none.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use net::{Listen6, Socket6};

#[derive(Debug, Default)]
struct Table {
    names: HashMap<u32, Arc<str>>,
    outlets: HashMap<Box<str>, (u32, Arc<Socket6>)>,
}

/// Swapped whole when sockets or interfaces change.
#[derive(Debug, Default)]
pub(crate) struct Locals(ArcSwap<Table>);

impl Locals {
    /// `sockets` are those that are open.
    pub(crate) fn update<'s>(
        &self,
        interfaces: &[net::Interface],
        sockets: impl Iterator<Item = &'s Arc<Socket6>>,
    ) {
        let names = interfaces.iter().map(|interface| (interface.index, interface.name.as_str().into()));
        let mut outlets = HashMap::new();
        for socket in sockets {
            let here = |interface: &&net::Interface| match socket.listen() {
                Listen6::Link { interface: index, .. } | Listen6::Group { interface: index, .. } => {
                    interface.index == index
                }
                Listen6::Address(address) => interface.ipv6.iter().any(|a| a.address == address),
            };
            if let Some(interface) = interfaces.iter().find(here) {
                let outlet = (interface.index, Arc::clone(socket));
                // One that is bound to the link's own address has the source that clients expect.
                if matches!(socket.listen(), Listen6::Link { .. }) {
                    outlets.insert(interface.name.as_str().into(), outlet);
                } else {
                    outlets.entry(interface.name.as_str().into()).or_insert(outlet);
                }
            }
        }
        self.0.store(Arc::new(Table { names: names.collect(), outlets }));
    }

    pub(crate) fn interface_name(&self, index: u32) -> Arc<str> {
        self.0.load().names.get(&index).map_or_else(|| "".into(), Arc::clone)
    }

    /// The index of an interface, and a socket by which messages leave there.
    pub(crate) fn outlet(&self, interface: &str) -> Option<(u32, Arc<Socket6>)> {
        self.0.load().outlets.get(interface).cloned()
    }
}
