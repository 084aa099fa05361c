//! Name change requests for DHCPv4 leases.

use base::Timestamp;
use config::ServerConfig4;
use lease::Lease4;
use ncr::{Change, Dhcid};

use super::{Context4, Label};
use crate::ddns::{Named, Requester, Requests};

/// Who tells DNS of leases.
#[derive(Clone, Copy, Debug)]
pub struct Dns4<'a> {
    pub config: &'a ServerConfig4,
    /// Requests are taken: `enable-updates` is on, and the sender is not suspended.
    pub enabled: bool,
}

impl<'a> Dns4<'a> {
    pub(super) fn of(ctx: &Context4<'a>) -> Self {
        Self { config: ctx.config, enabled: ctx.updates }
    }

    /// Adds what DNS is to be told of a lease, if anything.
    pub fn tell(&self, change: Change, lease: &Lease4, requests: &mut Requests) {
        let subnet = self.config.subnet(lease.subnet_id);
        let rules = subnet.map(|subnet| {
            let pool = subnet.pools.iter().find(|pool| pool.contains(lease.address));
            &**pool.map_or(&subnet.params.ddns, |pool| &pool.ddns)
        });
        let named = Named {
            label: Label { hw_addr: lease.hw_addr.as_ref(), client_id: lease.client_id.as_ref(), xid: None },
            hostname: &lease.hostname,
            forward: lease.fqdn_fwd,
            reverse: lease.fqdn_rev,
            address: lease.address.into(),
            valid_lifetime: lease.valid_lifetime,
            // A moment for endless leases, too: kea-dhcp-ddns before 2.6 insists on one.
            expires: Timestamp(lease.cltt.0.saturating_add(lease.valid_lifetime.0.into())),
        };
        let dhcid = |name: &[u8]| match &lease.client_id {
            Some(client_id) => Dhcid::of_client_id(client_id, name),
            None => Dhcid::of_hw_addr(lease.hw_addr.as_ref()?, name),
        };
        Requester { enabled: self.enabled, rules }.tell(change, &named, dhcid, requests);
    }
}
