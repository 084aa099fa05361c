//! Checks of leases when they are loaded (`sanity-checks`); leases of Kea's old releases keep relay information
//! in another form.

use config::ServerConfig6;
use lease::{Lease6, LeaseStore6, LeaseType, StoreError};

use super::extended;
use super::messages::ExtendedInfoMended;
use crate::sanity;

/// Looks at every lease of a store that was just opened. Call it before packets are served.
///
/// # Errors
/// When the store fails.
pub async fn check(config: &ServerConfig6, store: &dyn LeaseStore6) -> Result<(), StoreError> {
    if sanity::off(config) {
        return Ok(());
    }
    let mut after = None;
    loop {
        let page = store.page(after, sanity::PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.address);
        for lease in &page {
            one(config, store, lease).await?;
        }
    }
}

/// The lease with extended information as `extended-info-checks` asks for: of one that is loaded, or that a command
/// brings.
#[must_use]
pub fn extended_info(config: &ServerConfig6, lease: Lease6) -> Lease6 {
    match extended::mended(config, &lease) {
        Some(user_context) => {
            observe::log!(ExtendedInfoMended { address: lease.address });
            Lease6 { user_context, ..lease }
        }
        None => lease,
    }
}

async fn one(config: &ServerConfig6, store: &dyn LeaseStore6, lease: &Lease6) -> Result<(), StoreError> {
    // Delegated prefixes lie outside of their subnet.
    let subnet_id = match lease.lease_type {
        LeaseType::Na => sanity::subnet(config, lease.address, lease.subnet_id),
        _ => Some(lease.subnet_id),
    };
    let Some(subnet_id) = subnet_id else {
        store.delete(lease).await?;
        return Ok(());
    };
    let right = extended_info(config, Lease6 { subnet_id, ..lease.clone() });
    if right != *lease {
        store.update(right, lease).await?;
    }
    Ok(())
}
