//! DHCPv4 as the daemon sees it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base::{Micros, Seconds};
use config::{ServerConfig4, Services};
use control::Access;
use daemon::{Paths, Program, version};
use engine::DropReason;
use engine::alloc::Runtime4;
use engine::bulk::Begun;
use engine::stats::Statistics4;
use engine::v4::Dns4;
use engine::v4::reclaim::{self, Limits, Reclaimed};
use lease::{Lease4, LeaseObserver4, LeaseStore4, StoreError};
use memfile::Memfile4;
use ncr::{Change, NameChangeRequest};
use net::{
    Batch, Destination4, EntryError, Interface, Meta4, OpenOptions4, PeerSocket, Selection4, Socket4,
    SocketSet4,
};
use observe::Registry;
use server::{Active, Batches, Changes, Entry, Protocol, Shared, entry, now};
use wire::v4::MessageType;

use crate::locals::Locals;
use crate::{packets, subnets};

/// Where chaddr lies in a packet.
const CHADDR: std::ops::Range<usize> = 28..44;

/// The server program kea-dhcp4.
pub(crate) struct Dhcp4;

impl Protocol for Dhcp4 {
    const PROGRAM: Program = Program {
        name: "kea-dhcp4",
        title: "DHCPv4 server",
        full_check: true,
        exit_on_fatal: true,
        repair: true,
        ports: true,
    };
    const SERVICE: &'static str = "dhcp4";
    const SERVER_PORT: u16 = net::SERVER_PORT4;
    const CLIENT_PORT: u16 = net::CLIENT_PORT4;
    const LEASE_FILE: &'static str = "kea-leases4.csv";
    const COMPONENTS: &'static [version::Component] =
        &[("Memfile backend", "3.1"), ("SQLite configuration backend", "1.0")];
    const COMMANDS: &'static [Entry<Self>] = &[
        entry(
            "subnet4-select-test",
            Access::Read,
            "interface:string?,address:string?,relay:string?,local:string?,remote:string?,link:string?,subnet:string?,classes:list?",
            "Which subnet a client would get.",
            |s, c| now(subnets::select_test(&s, &c)),
        ),
        entry(
            "subnet4o6-select-test",
            Access::Read,
            "interface:string?,interface-id:string?,address:string?,relay:string?,local:string?,remote:string?,link:string?,subnet:string?,classes:list?",
            "Which subnet a client of DHCPv4 over DHCPv6 would get.",
            |s, c| now(subnets::select_over6_test(&s, &c)),
        ),
    ];

    type Model = config::Dhcp4;
    type Lease = Lease4;
    type Store = dyn LeaseStore4;
    type Queue = Socket4;
    type Sockets = SocketSet4;
    type Selection = Selection4;
    type Locals = Locals;
    type Identity = ();
    type Libraries = engine::v4::Libraries;
    type Reply = MessageType;
    type Check = Box<engine::v4::PingCheck>;
    type BulkQuery = engine::v4::BulkQuery4;

    fn identity(_: &ServerConfig4, _: &Paths, _: Micros) -> Result<(), String> {
        Ok(())
    }

    fn libraries(config: &ServerConfig4, kept: &modules::Kept) -> Self::Libraries {
        modules::callouts4(config, kept)
    }

    fn statistics(registry: Arc<Registry>, now: Micros) -> Statistics4 {
        Statistics4::new(registry, now)
    }

    fn set_now(statistics: &Statistics4, now: Micros) {
        statistics.set_now(now);
    }

    fn sent(statistics: &Statistics4, kind: MessageType) {
        statistics.sent(kind);
    }

    fn arrived(statistics: &Statistics4) {
        statistics.arrived();
    }

    fn dropped(statistics: &Statistics4, reason: DropReason) {
        statistics.dropped(reason);
    }

    fn observer(runtime: Arc<Runtime4>) -> Arc<dyn LeaseObserver4> {
        runtime
    }

    fn store(memfile: Arc<Memfile4>) -> Arc<dyn LeaseStore4> {
        memfile
    }

    fn database_observer(runtime: Arc<Runtime4>) -> Arc<dyn LeaseObserver4> {
        runtime
    }

    fn database_store(leases: Arc<databases::Leases<Lease4>>) -> Arc<dyn LeaseStore4> {
        leases
    }

    async fn reconfigure(
        runtime: &Runtime4,
        config: &ServerConfig4,
        store: Option<&Self::Store>,
    ) -> Result<(), StoreError> {
        runtime.reconfigure(config, store).await
    }

    async fn restore(
        runtime: &Runtime4,
        config: &ServerConfig4,
        store: &Self::Store,
    ) -> Result<(), StoreError> {
        runtime.restore(config, store).await
    }

    async fn check(config: &ServerConfig4, store: &Self::Store) -> Result<(), StoreError> {
        engine::v4::sanity::check(config, store).await
    }

    fn admit(config: &ServerConfig4, lease: Lease4) -> Lease4 {
        engine::v4::sanity::extended_info(config, lease)
    }

    async fn reclaim(
        active: &Active<Self>,
        updates: bool,
        now: Micros,
        limits: Limits,
        proceed: impl FnMut() -> bool + Send,
    ) -> Result<Reclaimed, StoreError> {
        let dns = Dns4 { config: &active.config, enabled: updates };
        let ours = |lease: &Lease4| active.reclaims(lease);
        reclaim::expired(
            &*active.store,
            &active.runtime,
            (dns, &active.libraries),
            ours,
            now.seconds(),
            limits,
            proceed,
        )
        .await
    }

    fn share_key(lease: &Lease4) -> Option<Vec<u8>> {
        let client_id = lease.client_id.as_ref().map(|id| id.octets().to_vec());
        client_id.or_else(|| lease.hw_addr.map(|hw_addr| hw_addr.octets().to_vec()))
    }

    fn name_requests(
        config: &ServerConfig4,
        enabled: bool,
        change: Change,
        lease: &Lease4,
    ) -> Vec<NameChangeRequest> {
        let mut requests = Vec::new();
        Dns4 { config, enabled }.tell(change, lease, &mut requests);
        requests
    }

    async fn flush(active: &Active<Self>, now: Micros, held: Seconds) -> Result<u64, StoreError> {
        reclaim::flush(&*active.store, now.seconds(), held).await
    }

    fn sockets(port: u16, workers: usize) -> SocketSet4 {
        SocketSet4::new(OpenOptions4 { port, workers, ..OpenOptions4::default() })
    }

    fn select(services: &Services, interfaces: &[Interface]) -> Result<Selection4, Vec<EntryError>> {
        Selection4::new(services.interfaces.interfaces.iter().map(String::as_str), interfaces)
    }

    fn selects(selection: &Selection4, interface: &Interface) -> bool {
        selection.wants(interface)
    }

    fn selects_nothing(selection: &Selection4) -> bool {
        selection.is_empty()
    }

    fn selects_by_name(selection: &Selection4, interface: &str) -> bool {
        selection.names_interface(interface)
    }

    fn follow(
        sockets: &mut SocketSet4,
        selection: Option<&Selection4>,
        services: &Services,
        interfaces: &[Interface],
        locals: &Locals,
    ) -> Changes<Self> {
        let kind = match services.interfaces.socket_type {
            config::SocketType::Raw => net::SocketType::Raw,
            config::SocketType::Udp => net::SocketType::Udp,
        };
        let plan = selection.map(|selection| selection.plan(interfaces, kind)).unwrap_or_default();
        let changes = sockets.apply(&plan);
        locals.update(interfaces, sockets.addresses().collect());
        Changes {
            opened: changes.opened,
            closed: changes.closed,
            problems: plan.problems.into_iter().chain(changes.problems).collect(),
            unsteered: changes.unsteered.into_iter().map(|(_, reason)| reason).collect(),
            again: changes.again,
            none: sockets.is_empty(),
        }
    }

    fn client(packet: &[u8]) -> Option<&[u8]> {
        packet.get(CHADDR)
    }

    fn serve(
        shared: &Shared<Self>,
        active: &Active<Self>,
        queue: &Socket4,
        received: &Batch<Meta4>,
        batches: &mut Batches<Self>,
    ) {
        packets::serve(shared, active, queue, received, batches);
    }

    async fn serve_waiting(
        shared: &Shared<Self>,
        active: &Active<Self>,
        queue: &Socket4,
        meta: &Meta4,
        packet: &[u8],
        batches: &mut Batches<Self>,
    ) {
        packets::serve_waiting(shared, active, queue, meta, packet, batches).await;
    }

    fn serve_peer(
        shared: &Shared<Self>,
        active: &Active<Self>,
        received: &Batch<()>,
        batches: &mut Batches<Self, PeerSocket>,
    ) {
        packets::serve_peer(shared, active, received, batches);
    }

    async fn serve_peer_waiting(
        shared: &Shared<Self>,
        active: &Active<Self>,
        message: &[u8],
        batches: &mut Batches<Self, PeerSocket>,
    ) {
        packets::serve_peer_waiting(shared, active, message, batches).await;
    }

    async fn may_leave(shared: &Shared<Self>, active: &Active<Self>, check: Self::Check) -> bool {
        packets::check(shared, active, &check).await
    }

    fn begin_bulk(_: &Active<Self>, message: &[u8], local: IpAddr) -> Begun<Self::BulkQuery> {
        match local {
            IpAddr::V4(local) => engine::v4::begin_bulk(message, local),
            IpAddr::V6(_) => Begun::Refused("not over IPv4".to_owned()),
        }
    }

    async fn next_bulk(
        shared: &Shared<Self>,
        active: &Active<Self>,
        query: &mut Self::BulkQuery,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        query.next(&packets::context(shared, active, false), limit, out).await
    }

    fn fail_bulk(query: &mut Self::BulkQuery, out: &mut Vec<u8>) {
        query.fail(out);
    }

    fn ends(destination: &Destination4) -> (SocketAddr, IpAddr) {
        (destination.to.into(), destination.from.into())
    }

    fn code(kind: MessageType) -> u8 {
        kind.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described() {
        testkit::api::check(&server::command_definitions::<Dhcp4>(), Dhcp4::PROGRAM.name);
        testkit::api::check_manual(Dhcp4::PROGRAM.name, &Dhcp4::PROGRAM.manual());
    }
}
