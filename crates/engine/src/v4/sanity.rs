//! Checks of leases when they are loaded (`sanity-checks`); leases of Kea's old releases keep relay information
//! in another form.

use config::ServerConfig4;
use lease::{Lease4, LeaseStore4, StoreError};

use super::messages::ExtendedInfoMended;
use super::relay_info;
use crate::sanity;

/// Looks at every lease of a store that was just opened. Call it before packets are served.
///
/// # Errors
/// When the store fails.
pub async fn check(config: &ServerConfig4, store: &dyn LeaseStore4) -> Result<(), StoreError> {
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
pub fn extended_info(config: &ServerConfig4, lease: Lease4) -> Lease4 {
    match relay_info::mended(config, &lease) {
        Some(user_context) => {
            observe::log!(ExtendedInfoMended { address: lease.address });
            Lease4 { user_context, ..lease }
        }
        None => lease,
    }
}

async fn one(config: &ServerConfig4, store: &dyn LeaseStore4, lease: &Lease4) -> Result<(), StoreError> {
    let Some(subnet_id) = sanity::subnet(config, lease.address, lease.subnet_id) else {
        store.delete(lease).await?;
        return Ok(());
    };
    let right = extended_info(config, Lease4 { subnet_id, ..lease.clone() });
    if right != *lease {
        store.update(right, lease).await?;
    }
    Ok(())
}
