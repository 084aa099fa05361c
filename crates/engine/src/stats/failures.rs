//! Allocations that failed. With an exhausted pool each packet counts some, so they are found by number.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use base::{Micros, SubnetId};
use observe::stats::{Counter, Registry};

/// Why, as far as it is told apart; the numbers are places in [`SUFFIXES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum AllocationFailure {
    /// Every address that the client could have is taken.
    Exhausted = 0,
    /// In the subnets of a shared network.
    SharedNetwork = 1,
    /// In a subnet that is in none.
    Subnet = 2,
    /// There is no pool that the client may use.
    NoPools = 3,
    /// The client is in classes, which may be why.
    Classes = 4,
}

/// What the statistics' names have behind `v4-allocation-fail` or `v6-allocation-fail`.
const SUFFIXES: [&str; 5] = ["", "-shared-network", "-subnet", "-no-pools", "-classes"];

/// Counters by [`AllocationFailure`].
type ByFailure = [Option<Counter>; SUFFIXES.len()];

/// The counters of the server, and of each subnet that had a failure.
#[derive(Debug)]
pub(super) struct Failures {
    /// `v4` or `v6`.
    family: &'static str,
    server: [Counter; SUFFIXES.len()],
    subnets: RwLock<HashMap<SubnetId, ByFailure>>,
}

impl Failures {
    pub(super) fn new(family: &'static str, registry: &Registry, now: Micros) -> Self {
        let server = SUFFIXES.map(|suffix| {
            let counter = registry.counter(&format!("{family}-allocation-fail{suffix}"));
            counter.begin(now);
            counter
        });
        Self { family, server, subnets: RwLock::default() }
    }

    /// Counts by the server's name and by the subnet's, which appears with its first failure.
    pub(super) fn count(
        &self,
        failure: AllocationFailure,
        subnet: SubnetId,
        registry: &Registry,
        now: Micros,
    ) {
        let at = failure as usize;
        if let Some(counter) = self.server.get(at) {
            counter.increment(now);
        }
        {
            let subnets = self.subnets.read().unwrap_or_else(PoisonError::into_inner);
            let known = subnets.get(&subnet).and_then(|counters| counters.get(at));
            if let Some(Some(counter)) = known {
                counter.increment(now);
                return;
            }
        }
        let suffix = SUFFIXES.get(at).copied().unwrap_or_default();
        let counter = registry.counter(&format!("subnet[{subnet}].{}-allocation-fail{suffix}", self.family));
        counter.increment(now);
        let mut subnets = self.subnets.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = subnets.entry(subnet).or_default().get_mut(at) {
            *slot = Some(counter);
        }
    }

    /// The statistics of these subnets have gone.
    pub(super) fn forget(&self, gone: &[SubnetId]) {
        let mut subnets = self.subnets.write().unwrap_or_else(PoisonError::into_inner);
        for id in gone {
            subnets.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use observe::stats::StatisticValue;

    use super::*;

    #[test]
    fn a_subnet_that_comes_back_begins_anew() {
        let registry = Registry::default();
        let failures = Failures::new("v4", &registry, Micros(1));
        let value = |name: &str| match registry.value(name) {
            Some(StatisticValue::Integer(value)) => Some(value),
            _ => None,
        };
        let own = "subnet[7].v4-allocation-fail-no-pools";
        assert_eq!((value("v4-allocation-fail-no-pools"), value(own)), (Some(0), None));
        let count = || failures.count(AllocationFailure::NoPools, SubnetId(7), &registry, Micros(2));
        count();
        count();
        assert_eq!((value("v4-allocation-fail-no-pools"), value(own)), (Some(2), Some(2)));
        assert_eq!(value("v4-allocation-fail"), Some(0));
        registry.remove_under("subnet[7]");
        failures.forget(&[SubnetId(7)]);
        assert_eq!(value(own), None);
        count();
        assert_eq!((value("v4-allocation-fail-no-pools"), value(own)), (Some(3), Some(1)));
        // As `statistic-remove` does.
        registry.remove(own);
        assert_eq!(value(own), None);
        count();
        assert_eq!(value(own), Some(1));
    }
}
