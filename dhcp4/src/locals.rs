//! The server's own addresses and the names of its interfaces, as the packet loop needs them.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use engine::v4::LocalAddresses;

#[derive(Debug)]
struct Entry {
    name: Arc<str>,
    /// The first address served there.
    address: Ipv4Addr,
}

#[derive(Debug, Default)]
struct Table {
    served: HashSet<Ipv4Addr>,
    interfaces: HashMap<u32, Entry>,
}

/// Swapped whole when sockets or interfaces change.
#[derive(Debug, Default)]
pub(crate) struct Locals(ArcSwap<Table>);

impl Locals {
    /// `served` are the addresses with an open socket.
    pub(crate) fn update(&self, interfaces: &[net::Interface], served: HashSet<Ipv4Addr>) {
        let interfaces = interfaces
            .iter()
            .map(|interface| {
                let addresses = || interface.ipv4.iter().map(|a| a.address);
                let address = addresses().find(|a| served.contains(a)).or_else(|| addresses().next());
                let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED);
                (interface.index, Entry { name: interface.name.as_str().into(), address })
            })
            .collect();
        self.0.store(Arc::new(Table { served, interfaces }));
    }

    pub(crate) fn interface_name(&self, index: u32) -> Arc<str> {
        self.0.load().interfaces.get(&index).map_or_else(|| "".into(), |e| Arc::clone(&e.name))
    }

    pub(crate) fn interface_address(&self, index: u32) -> Ipv4Addr {
        self.0.load().interfaces.get(&index).map_or(Ipv4Addr::UNSPECIFIED, |e| e.address)
    }
}

impl LocalAddresses for Locals {
    fn is_served(&self, address: Ipv4Addr) -> bool {
        self.0.load().served.contains(&address)
    }

    fn known_as(&self, interface: &str) -> Option<Ipv4Addr> {
        let table = self.0.load();
        let here = table.interfaces.values().find(|entry| &*entry.name == interface)?.address;
        let served = |address: Ipv4Addr| table.served.contains(&address);
        let elsewhere = || table.served.iter().min().copied();
        Some(if served(here) { here } else { elsewhere().unwrap_or(here) })
    }
}
