//! Leases that the other servers do not know yet as they are here: their clients are not told of them again until they do.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Addresses, each with the number of changes that the other servers have not answered yet: 0 where they did not take the
/// last one.
#[derive(Debug, Default)]
pub(crate) struct Untold(Mutex<HashMap<IpAddr, u32, ahash::RandomState>>);

impl Untold {
    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, u32, ahash::RandomState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lease of an address has changed.
    pub(crate) fn changed(&self, address: IpAddr) {
        *self.addresses().entry(address).or_default() += 1;
    }

    /// A change of each of these was told, or did not need to be; or it was not.
    pub(crate) fn settled(&self, addresses: &[IpAddr], told: bool) {
        let mut all = self.addresses();
        for address in addresses {
            let Some(pending) = all.get_mut(address) else { continue };
            *pending = pending.saturating_sub(1);
            if *pending == 0 && told {
                all.remove(address);
            }
        }
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        self.addresses().contains_key(&address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stays_until_its_last_change_was_told() {
        let untold = Untold::default();
        let [one, other] = [1, 2].map(|last| IpAddr::from([10, 0, 0, last]));
        untold.changed(one);
        untold.changed(one);
        assert!(untold.holds(one) && !untold.holds(other));
        untold.settled(&[one], true);
        assert!(untold.holds(one), "the second change is on its way");
        untold.settled(&[one], false);
        assert!(untold.holds(one), "it was lost");
        untold.changed(one);
        untold.settled(&[one, other], true);
        assert!(!untold.holds(one));
    }
}
