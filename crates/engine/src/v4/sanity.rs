//! Checks of leases when their file is loaded (`sanity-checks`): subnet numbers change between configurations, and
//! leases of Kea's old releases keep relay information in another form.

use config::{LeaseChecks, ServerConfig4};
use lease::{Lease4, LeaseStore4, StoreError};

use super::messages::{ExtendedInfoMended, LeaseDiscarded, LeaseFixed, LeaseUnfit};
use super::relay_info;

/// Leases read at a time.
const PAGE: usize = 1024;

/// Why a lease does not fit its subnet; `None` for one that does.
fn unfit(config: &ServerConfig4, lease: &Lease4) -> Option<&'static str> {
    match config.subnet(lease.subnet_id) {
        Some(subnet) if subnet.prefix.contains(lease.address) => None,
        Some(_) => Some("address does not belong to subnet"),
        None => Some("subnet not found"),
    }
}

/// Looks at every lease of a store that was just opened. Call it before packets are served.
///
/// # Errors
/// When the store fails.
pub async fn check(config: &ServerConfig4, store: &dyn LeaseStore4) -> Result<(), StoreError> {
    let checks = &config.services.sanity_checks;
    if checks.lease_checks == LeaseChecks::None && checks.extended_info_checks == "none" {
        return Ok(());
    }
    let mut after = None;
    loop {
        let page = store.page(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.address);
        for lease in &page {
            one(config, store, lease).await?;
        }
    }
}

async fn one(config: &ServerConfig4, store: &dyn LeaseStore4, lease: &Lease4) -> Result<(), StoreError> {
    let checks = config.services.sanity_checks.lease_checks;
    let mut right = lease.clone();
    if checks != LeaseChecks::None
        && let Some(reason) = unfit(config, lease)
    {
        let (address, subnet) = (lease.address, lease.subnet_id);
        let found = config.index.in_range(address).find_map(|at| config.subnets.get(at));
        match (checks, found) {
            (LeaseChecks::Fix | LeaseChecks::FixDelete, Some(found)) => {
                right.subnet_id = found.id;
                observe::log!(LeaseFixed { address, subnet, right: found.id });
            }
            (LeaseChecks::FixDelete | LeaseChecks::Delete, _) => {
                observe::log!(LeaseDiscarded { address, subnet, reason });
                store.delete(lease).await?;
                return Ok(());
            }
            _ => observe::log!(LeaseUnfit { address, subnet, reason }),
        }
    }
    if let Some(user_context) = relay_info::mended(config, lease) {
        observe::log!(ExtendedInfoMended { address: lease.address });
        right.user_context = user_context;
    }
    if right != *lease {
        store.update(right, lease).await?;
    }
    Ok(())
}
