//! The store as the trait of DHCPv4 lease stores has it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{ClientId, HwAddr, Seconds, SubnetId, Timestamp};
use lease::{Added, ExtendedKey, Lease4, LeaseState, LeaseStore4, MaybeReady, Page4, Updated};

use crate::Memfile4;
use crate::index::Key;
use crate::messages as m;
use crate::packed::Packed;
use crate::store::{Answer, limited};

impl LeaseStore4 for Memfile4 {
    fn by_address(&self, address: Ipv4Addr) -> Answer<'_, Option<Arc<Lease4>>> {
        self.read(|index| index.get(address).map(Packed::share))
    }

    fn by_client_id(&self, id: &ClientId) -> Answer<'_, Page4> {
        self.read(|index| index.by_key(Key::Client, id.octets()))
    }

    fn by_hw_addr(&self, hw_addr: &HwAddr) -> Answer<'_, Page4> {
        self.read(|index| index.by_key(Key::HwAddr, hw_addr.octets()))
    }

    fn by_hostname(&self, hostname: &str) -> Answer<'_, Page4> {
        self.read(|index| index.by_key(Key::HostName, hostname.as_bytes()))
    }

    fn by_subnet(&self, subnet: SubnetId) -> Answer<'_, Page4> {
        MaybeReady::ready(Ok(self.in_subnet(subnet)))
    }

    fn by_state(&self, state: LeaseState, subnet: Option<SubnetId>) -> Answer<'_, Page4> {
        MaybeReady::ready(Ok(self.in_state(state, subnet)))
    }

    fn page(&self, after: Option<Ipv4Addr>, limit: usize) -> Answer<'_, Page4> {
        self.read(|index| index.page(after, limit))
    }

    fn expired(&self, now: Timestamp, limit: usize) -> Answer<'_, Page4> {
        MaybeReady::ready(Ok(self.ended(None, now, limited(limit))))
    }

    fn expired_in(&self, subnet: SubnetId, now: Timestamp, limit: usize) -> Answer<'_, Page4> {
        MaybeReady::ready(Ok(self.ended(Some(subnet), now, limited(limit))))
    }

    fn by_extended_info(
        &self,
        key: &ExtendedKey,
        after: Option<Ipv4Addr>,
        limit: usize,
    ) -> Answer<'_, Page4> {
        self.read(|index| index.by_extended_info(key, after, limit))
    }

    fn add(&self, lease: Lease4) -> Answer<'_, Added> {
        observe::log!(m::AddAddr4 { address: lease.address });
        let there = self.insert(&lease);
        MaybeReady::ready(there.map(|there| there.map_or(Added::Yes, Added::Exists)))
    }

    fn update(&self, lease: Lease4, expected: &Lease4) -> Answer<'_, Updated> {
        observe::log!(m::UpdateAddr4 { address: lease.address });
        MaybeReady::ready(self.exchange(&lease, expected))
    }

    fn delete(&self, expected: &Lease4) -> Answer<'_, Updated> {
        observe::log!(m::DeleteAddr4 { address: expected.address });
        MaybeReady::ready(Ok(self.remove(expected)))
    }

    fn flush_reclaimed(&self, now: Timestamp, held: Seconds) -> Answer<'_, u64> {
        observe::log!(m::FlushReclaimed { seconds: held });
        MaybeReady::ready(Ok(self.forget_reclaimed(now, held)))
    }

    fn warm(
        &self,
        clients: &mut dyn Iterator<Item = (&[u8], Ipv4Addr)>,
        subnets: &mut dyn Iterator<Item = SubnetId>,
    ) -> u64 {
        self.look(|index| index.warm(clients, subnets))
    }

    fn wipe(&self, subnet: Option<SubnetId>) -> Answer<'_, u64> {
        let name = subnet.map_or_else(|| "all".to_owned(), |subnet| subnet.to_string());
        observe::log!(m::Wipe { subnet: name });
        let count = self.forget(subnet);
        observe::log!(m::Wiped { subnet: name, count });
        MaybeReady::ready(Ok(count))
    }
}
