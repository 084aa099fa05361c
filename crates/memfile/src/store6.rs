//! The store as the trait of DHCPv6 lease stores has it.

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Duid, HwAddr, Iaid, Seconds, SubnetId, Timestamp};
use lease::{Added6, ExtendedKey, Lease6, LeaseState, LeaseStore6, LeaseType, MaybeReady, Page6, Updated};

use crate::Memfile6;
use crate::index::Key;
use crate::messages as m;
use crate::packed::Packed;
use crate::store::{Answer, limited};

impl LeaseStore6 for Memfile6 {
    fn by_address(&self, address: Ipv6Addr) -> Answer<'_, Option<Arc<Lease6>>> {
        self.read(|index| index.get(address).map(Packed::share))
    }

    fn by_duid(&self, duid: &Duid) -> Answer<'_, Page6> {
        self.read(|index| index.by_key(Key::Client, duid.octets()))
    }

    fn by_ia(&self, lease_type: LeaseType, duid: &Duid, iaid: Iaid) -> Answer<'_, Page6> {
        self.read(|index| {
            let mut page = index.by_key(Key::Client, duid.octets());
            page.retain(|lease| lease.lease_type == lease_type && lease.iaid == iaid);
            page
        })
    }

    fn by_hw_addr(&self, hw_addr: &HwAddr) -> Answer<'_, Page6> {
        self.read(|index| index.by_key(Key::HwAddr, hw_addr.octets()))
    }

    fn by_hostname(&self, hostname: &str) -> Answer<'_, Page6> {
        self.read(|index| index.by_key(Key::HostName, hostname.as_bytes()))
    }

    fn by_subnet(&self, subnet: SubnetId) -> Answer<'_, Page6> {
        MaybeReady::ready(Ok(self.in_subnet(subnet)))
    }

    fn by_state(&self, state: LeaseState, subnet: Option<SubnetId>) -> Answer<'_, Page6> {
        MaybeReady::ready(Ok(self.in_state(state, subnet)))
    }

    fn page(&self, after: Option<Ipv6Addr>, limit: usize) -> Answer<'_, Page6> {
        self.read(|index| index.page(after, limit))
    }

    fn expired(&self, now: Timestamp, limit: usize) -> Answer<'_, Page6> {
        MaybeReady::ready(Ok(self.ended(None, now, limited(limit))))
    }

    fn expired_in(&self, subnet: SubnetId, now: Timestamp, limit: usize) -> Answer<'_, Page6> {
        MaybeReady::ready(Ok(self.ended(Some(subnet), now, limited(limit))))
    }

    fn by_extended_info(
        &self,
        key: &ExtendedKey,
        after: Option<Ipv6Addr>,
        limit: usize,
    ) -> Answer<'_, Page6> {
        self.read(|index| index.by_extended_info(key, after, limit))
    }

    fn add(&self, lease: Lease6) -> Answer<'_, Added6> {
        observe::log!(m::AddAddr6 { address: lease.address });
        let there = self.insert(&lease);
        MaybeReady::ready(there.map(|there| there.map_or(Added6::Yes, Added6::Exists)))
    }

    fn update(&self, lease: Lease6, expected: &Lease6) -> Answer<'_, Updated> {
        observe::log!(m::UpdateAddr6 { address: lease.address });
        // The cleanup tells leases apart by type and address; a row of another type would not take the place of the old.
        if lease.lease_type != expected.lease_type {
            return MaybeReady::ready(Ok(Updated::Conflict));
        }
        MaybeReady::ready(self.exchange(&lease, expected))
    }

    fn delete(&self, expected: &Lease6) -> Answer<'_, Updated> {
        observe::log!(m::DeleteAddr6 { address: expected.address });
        MaybeReady::ready(Ok(self.remove(expected)))
    }

    fn flush_reclaimed(&self, now: Timestamp, held: Seconds) -> Answer<'_, u64> {
        observe::log!(m::FlushReclaimed6 { seconds: held });
        MaybeReady::ready(Ok(self.forget_reclaimed(now, held)))
    }

    fn wipe(&self, subnet: Option<SubnetId>) -> Answer<'_, u64> {
        let name = subnet.map_or_else(|| "all".to_owned(), |subnet| subnet.to_string());
        observe::log!(m::Wipe6 { subnet: name });
        let count = self.forget(subnet);
        observe::log!(m::Wiped6 { subnet: name, count });
        MaybeReady::ready(Ok(count))
    }
}
