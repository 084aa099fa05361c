//! Name change requests for DHCPv6 leases.

use config::ServerConfig6;
use lease::{Lease6, LeaseType};
use ncr::{Change, Dhcid};

use super::{Context6, Label, pools};
use crate::ddns::{Named, Requester, Requests};

/// Who tells DNS of leases.
#[derive(Clone, Copy, Debug)]
pub struct Dns6<'a> {
    pub config: &'a ServerConfig6,
    /// Requests are taken: `enable-updates` is on, and the sender is not suspended.
    pub enabled: bool,
}

impl<'a> Dns6<'a> {
    pub(super) fn of(ctx: &Context6<'a>) -> Self {
        Self { config: ctx.config, enabled: ctx.updates }
    }

    /// Adds what DNS is to be told of a lease, if anything.
    pub fn tell(&self, change: Change, lease: &Lease6, requests: &mut Requests) {
        // Names are those of addresses.
        if lease.lease_type == LeaseType::Pd {
            return;
        }
        let subnet = self.config.subnet(lease.subnet_id);
        let rules = subnet.map(|subnet| {
            let pool = pools::of(subnet, lease.lease_type).find(|pool| pool.covers(lease.address));
            pool.map_or(&*subnet.params.ddns, pools::Pool::ddns)
        });
        let named = Named {
            label: Label { duid: Some(&lease.duid), hw_addr: lease.hw_addr.as_ref(), transaction: None },
            hostname: &lease.hostname,
            forward: lease.fqdn_fwd,
            reverse: lease.fqdn_rev,
            address: lease.address.into(),
            valid_lifetime: lease.valid_lifetime,
            expires: lease.expires(),
        };
        let dhcid = |name: &[u8]| Dhcid::of_duid(lease.duid.octets(), name);
        Requester { enabled: self.enabled, rules }.tell(change, &named, dhcid, requests);
    }
}
