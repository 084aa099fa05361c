//! The statistics of the servers: one call per packet with what became of it, and counts that follow leases.

mod failures;
mod packets;
mod v4;
mod v6;

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use base::{PoolId, SubnetId};
use observe::stats::{Group, Part};

use crate::alloc::{Leased, Plan, PoolKind};

pub(crate) use failures::AllocationFailure;
use packets::Packets;
pub use v4::{LeaseCount, Statistics4};
pub use v6::{LeaseCount6, Statistics6};

/// Which statistics a count concerns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope<'a> {
    /// The server's own.
    pub server: bool,
    pub subnet: Option<&'a Group>,
    pub pool: Option<&'a Part>,
}

impl Scope<'_> {
    /// Those of the server alone.
    pub const SERVER: Self = Self { server: true, subnet: None, pool: None };
}

/// Statistics that follow the leases of a store.
pub trait LeaseStatistics<L: Leased>: Debug + Send + Sync {
    /// The statistics of a subnet, at zero if they are new.
    fn subnet(&self, id: SubnetId) -> Arc<Group>;

    /// Makes those of a subnet that were removed present again, as [`subnet`](Self::subnet) does.
    fn begin(&self, subnet: &Group);

    /// The statistics of the pools of a kind with this id, at zero if they are new; they may lie beside those of the
    /// subnet.
    fn pool(&self, kind: PoolKind, subnet: (SubnetId, &Arc<Group>), id: PoolId) -> Part;

    /// A row of the store came (`delta` 1) or went (-1).
    fn row(&self, lease: &L, delta: i64, scope: Scope<'_>);

    /// Sets the counts of present leases to zero; those of the server that were removed are present again.
    fn forget_leases(&self, scope: Scope<'_>);

    /// Whether counts were reset or removed by hand since this was last asked.
    fn take_disturbed(&self) -> bool;

    /// Sets the sizes of subnets and pools, and forgets the statistics of subnets that are gone.
    /// `group`: what [`subnet`](Self::subnet) answered.
    fn configured(&self, plan: &Plan<'_, L::Address>, group: &dyn Fn(SubnetId) -> Option<Arc<Group>>);
}

/// The subnets that have statistics.
#[derive(Debug, Default)]
struct Subnets(Mutex<HashSet<SubnetId>>);

impl Subnets {
    /// Forgets the statistics of all subnets but these.
    fn retain(&self, packets: &Packets, present: HashSet<SubnetId>) {
        let gone: Vec<SubnetId> = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = known.difference(&present).copied().collect();
            *known = present;
            gone
        };
        for id in &gone {
            packets.registry().remove_under(&format!("subnet[{id}]"));
        }
        packets.forget_failures(&gone);
    }
}
