//! DHCPv6 as the daemon sees it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base::{Micros, Seconds};
use config::{ServerConfig6, Services};
use control::Access;
use daemon::{Paths, Program, version};
use engine::DropReason;
use engine::alloc::Runtime6;
use engine::bulk::Begun;
use engine::stats::Statistics6;
use engine::v6::Dns6;
use engine::v6::reclaim::{self, Limits, Reclaimed};
use lease::{Lease6, LeaseObserver6, LeaseStore6, StoreError};
use memfile::Memfile6;
use ncr::{Change, NameChangeRequest};
use net::{
    Batch, Destination6, EntryError, Interface, Meta6, OpenOptions, PeerSocket, Selection6, Socket6,
    SocketSet6,
};
use observe::Registry;
use server::{Active, Batches, Changes, Entry, Protocol, Shared, entry, now};
use wire::v6::MessageType;

use crate::locals::Locals;
use crate::server_id::ServerId;
use crate::{packets, subnets};

/// The server program kea-dhcp6.
pub(crate) struct Dhcp6;

impl Protocol for Dhcp6 {
    const PROGRAM: Program = Program {
        name: "kea-dhcp6",
        title: "DHCPv6 server",
        full_check: true,
        exit_on_fatal: true,
        repair: true,
        ports: true,
    };
    const SERVICE: &'static str = "dhcp6";
    const SERVER_PORT: u16 = net::SERVER_PORT6;
    const CLIENT_PORT: u16 = net::CLIENT_PORT6;
    const LEASE_FILE: &'static str = "kea-leases6.csv";
    const COMPONENTS: &'static [version::Component] =
        &[("Memfile backend", "3.1"), ("SQLite configuration backend", "1.0")];
    const COMMANDS: &'static [Entry<Self>] = &[entry(
        "subnet6-select-test",
        Access::Read,
        "interface:string?,interface-id:string?,remote:string?,link:string?,classes:list?",
        "Which subnet a client would get.",
        |s, c| now(subnets::select_test(&s, &c)),
    )];

    type Model = config::Dhcp6;
    type Lease = Lease6;
    type Store = dyn LeaseStore6;
    type Queue = Socket6;
    type Sockets = SocketSet6;
    type Selection = Selection6;
    type Locals = Locals;
    type Identity = ServerId;
    type Libraries = engine::v6::Libraries;
    type Reply = MessageType;
    type Check = std::convert::Infallible;
    type BulkQuery = engine::v6::BulkQuery6;

    fn identity(config: &ServerConfig6, paths: &Paths, now: Micros) -> Result<ServerId, String> {
        ServerId::establish(&config.globals.own.server_id, &paths.data_dir, now)
    }

    fn libraries(config: &ServerConfig6, kept: &modules::Kept) -> Self::Libraries {
        modules::callouts6(config, kept)
    }

    fn statistics(registry: Arc<Registry>, now: Micros) -> Statistics6 {
        Statistics6::new(registry, now)
    }

    fn set_now(statistics: &Statistics6, now: Micros) {
        statistics.set_now(now);
    }

    fn sent(statistics: &Statistics6, kind: MessageType) {
        statistics.sent(kind);
    }

    fn arrived(statistics: &Statistics6) {
        statistics.arrived();
    }

    fn dropped(statistics: &Statistics6, reason: DropReason) {
        statistics.dropped(reason);
    }

    fn observer(runtime: Arc<Runtime6>) -> Arc<dyn LeaseObserver6> {
        runtime
    }

    fn store(memfile: Arc<Memfile6>) -> Arc<dyn LeaseStore6> {
        memfile
    }

    fn database_observer(runtime: Arc<Runtime6>) -> Arc<dyn LeaseObserver6> {
        runtime
    }

    fn database_store(leases: Arc<databases::Leases<Lease6>>) -> Arc<dyn LeaseStore6> {
        leases
    }

    async fn reconfigure(
        runtime: &Runtime6,
        config: &ServerConfig6,
        store: Option<&Self::Store>,
    ) -> Result<(), StoreError> {
        runtime.reconfigure(config, store).await
    }

    async fn restore(
        runtime: &Runtime6,
        config: &ServerConfig6,
        store: &Self::Store,
    ) -> Result<(), StoreError> {
        runtime.restore(config, store).await
    }

    async fn check(config: &ServerConfig6, store: &Self::Store) -> Result<(), StoreError> {
        engine::v6::sanity::check(config, store).await
    }

    fn admit(config: &ServerConfig6, lease: Lease6) -> Lease6 {
        engine::v6::sanity::extended_info(config, lease)
    }

    async fn reclaim(
        active: &Active<Self>,
        updates: bool,
        now: Micros,
        limits: Limits,
        proceed: impl FnMut() -> bool + Send,
    ) -> Result<Reclaimed, StoreError> {
        let dns = Dns6 { config: &active.config, enabled: updates };
        let ours = |lease: &Lease6| active.reclaims(lease);
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

    fn share_key(lease: &Lease6) -> Option<Vec<u8>> {
        Some(lease.duid.octets().to_vec())
    }

    fn name_requests(
        config: &ServerConfig6,
        enabled: bool,
        change: Change,
        lease: &Lease6,
    ) -> Vec<NameChangeRequest> {
        let mut requests = Vec::new();
        Dns6 { config, enabled }.tell(change, lease, &mut requests);
        requests
    }

    async fn flush(active: &Active<Self>, now: Micros, held: Seconds) -> Result<u64, StoreError> {
        reclaim::flush(&*active.store, now.seconds(), held).await
    }

    fn sockets(port: u16, workers: usize) -> SocketSet6 {
        SocketSet6::new(OpenOptions { port, workers, ..OpenOptions::default() })
    }

    fn select(services: &Services, interfaces: &[Interface]) -> Result<Selection6, Vec<EntryError>> {
        Selection6::new(services.interfaces.interfaces.iter().map(String::as_str), interfaces)
    }

    fn selects(selection: &Selection6, interface: &Interface) -> bool {
        selection.wants(interface)
    }

    fn selects_nothing(selection: &Selection6) -> bool {
        selection.is_empty()
    }

    fn selects_by_name(selection: &Selection6, interface: &str) -> bool {
        selection.names_interface(interface)
    }

    fn follow(
        sockets: &mut SocketSet6,
        selection: Option<&Selection6>,
        _: &Services,
        interfaces: &[Interface],
        locals: &Locals,
    ) -> Changes<Self> {
        let plan = selection.map(|selection| selection.plan(interfaces)).unwrap_or_default();
        let changes = sockets.apply(&plan);
        locals.update(interfaces, sockets.first_queues());
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
        wire::v6::client_duid(packet)
    }

    fn serve(
        shared: &Shared<Self>,
        active: &Active<Self>,
        _: &Socket6,
        received: &Batch<Meta6>,
        batches: &mut Batches<Self>,
    ) {
        packets::serve(shared, active, received, batches);
    }

    async fn serve_waiting(
        shared: &Shared<Self>,
        active: &Active<Self>,
        _: &Socket6,
        meta: &Meta6,
        packet: &[u8],
        batches: &mut Batches<Self>,
    ) {
        packets::serve_waiting(shared, active, meta, packet, batches).await;
    }

    fn serve_peer(
        shared: &Shared<Self>,
        active: &Active<Self>,
        received: &Batch<()>,
        _: &mut Batches<Self, PeerSocket>,
    ) {
        for ((), message) in received.iter() {
            packets::serve_peer(shared, active, message);
        }
    }

    async fn serve_peer_waiting(
        shared: &Shared<Self>,
        active: &Active<Self>,
        message: &[u8],
        _: &mut Batches<Self, PeerSocket>,
    ) {
        packets::serve_peer(shared, active, message);
    }

    async fn may_leave(_: &Shared<Self>, _: &Active<Self>, check: Self::Check) -> bool {
        match check {}
    }

    fn begin_bulk(active: &Active<Self>, message: &[u8], _: IpAddr) -> Begun<Self::BulkQuery> {
        engine::v6::begin_bulk(message, active.identity.duid())
    }

    async fn next_bulk(
        shared: &Shared<Self>,
        active: &Active<Self>,
        query: &mut Self::BulkQuery,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        query.next(&packets::context(shared, active), limit, out).await
    }

    fn fail_bulk(query: &mut Self::BulkQuery, out: &mut Vec<u8>) {
        query.fail(out);
    }

    fn ends(destination: &Destination6) -> (SocketAddr, IpAddr) {
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
        testkit::api::check(&server::command_definitions::<Dhcp6>(), Dhcp6::PROGRAM.name);
        testkit::api::check_manual(Dhcp6::PROGRAM.name, &Dhcp6::PROGRAM.manual());
    }
}
