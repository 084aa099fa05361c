//! Which subnet of each shared network served last: the others are likely full.

use std::sync::atomic::{AtomicU32, Ordering};

use base::SubnetId;

use super::PoolKind;

/// For each network, a subnet for addresses and one for prefixes; 0: none yet.
#[derive(Debug, Default)]
pub(super) struct Preferred(Vec<[AtomicU32; 2]>);

impl Preferred {
    pub(super) fn new(networks: usize) -> Self {
        Self((0..networks).map(|_| Default::default()).collect())
    }

    fn slot(&self, network: usize, kind: PoolKind) -> Option<&AtomicU32> {
        let [addresses, prefixes] = self.0.get(network)?;
        Some(match kind {
            PoolKind::Addresses => addresses,
            PoolKind::Prefixes => prefixes,
        })
    }

    pub(super) fn get(&self, network: usize, kind: PoolKind) -> Option<SubnetId> {
        let id = self.slot(network, kind)?.load(Ordering::Relaxed);
        (id != 0).then_some(SubnetId(id))
    }

    pub(super) fn set(&self, network: usize, kind: PoolKind, subnet: SubnetId) {
        if let Some(slot) = self.slot(network, kind)
            && slot.load(Ordering::Relaxed) != subnet.0
        {
            slot.store(subnet.0, Ordering::Relaxed);
        }
    }
}
