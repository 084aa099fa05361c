//! What a family brings.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base::{Family, Micros, Seconds};
use config::Services;
use daemon::version::Component;
use daemon::{Paths, Program};
use engine::DropReason;
use engine::alloc::{Leased, Runtime};
use engine::bulk::Begun;
use engine::v4::reclaim::{Limits, Reclaimed};
use lease::{Durable, StoreError};
use memfile::Memfile;
use ncr::{Change, NameChangeRequest};
use net::Batch;
use observe::Registry;

use crate::commands::Entry;
use crate::server::{Active, Shared};
use crate::sockets::Changes;
use crate::worker::Batches;

/// A configuration as written.
pub type Written<P> = config::Written<<P as Protocol>::Model>;

/// A configuration as the engine runs on it.
pub type Config<P> = config::ServerConfig<<P as Protocol>::Model>;

/// Lease statistics of a family.
pub type Statistics<P> = <<P as Protocol>::Lease as Leased>::Statistics;

/// Where packets of a family came from.
pub type Meta<P> = <<P as Protocol>::Queue as net::Queue>::Meta;

/// Where packets of a family go.
pub type Destination<P> = <<P as Protocol>::Queue as net::Queue>::Destination;

/// What leases of a family are observed by.
pub type Observer<P> = <<P as Protocol>::Lease as memfile::Leased>::Observer;

/// One protocol: DHCPv4 or DHCPv6.
pub trait Protocol: Sized + Send + Sync + 'static {
    const FAMILY: Family = <Self::Model as config::Protocol>::FAMILY;
    /// The one map of a configuration file: `Dhcp4`.
    const NAME: &'static str = <Self::Model as config::Protocol>::NAME;
    const PROGRAM: Program;
    /// Its name as a `service`: `dhcp4`.
    const SERVICE: &'static str;
    const SERVER_PORT: u16;
    const CLIENT_PORT: u16;
    /// The lease file when the configuration names none.
    const LEASE_FILE: &'static str;
    /// What `-V` and `version-get` name beside the version.
    const COMPONENTS: &'static [Component];
    /// The built-in commands that only this family has.
    const COMMANDS: &'static [Entry<Self>];

    /// The family, and what its configurations have.
    type Model: modules::lease_cmds::Leases<Lease = Self::Lease, Store = Self::Store>;
    type Lease: Leased + memfile::Leased + databases::Record;
    /// `dyn LeaseStore4` or `dyn LeaseStore6`.
    type Store: ?Sized + Durable;
    /// A queue of a service socket.
    type Queue: net::Queue;
    /// All service sockets.
    type Sockets: Send;
    /// The checked list `interfaces` of a configuration.
    type Selection: Send + Sync;
    /// What packets are served with beside the configuration: addresses and names of interfaces.
    type Locals: Default + Send + Sync;
    /// Who the server is to its clients, where that is not an address: the DUID of a DHCPv6 server.
    type Identity: Default + Send + Sync;
    /// Hook libraries that are called on the way of packets.
    type Libraries: Default + Send + Sync;
    /// The message type of a reply.
    type Reply: Copy + Display;
    /// What is to be found out before a reply may leave.
    type Check: Send + 'static;
    /// A bulk leasequery that is being answered.
    type BulkQuery: Send;

    /// Who the server is with a configuration that comes into force.
    ///
    /// # Errors
    /// When what it was called before cannot be kept.
    fn identity(config: &Config<Self>, paths: &Paths, now: Micros) -> Result<Self::Identity, String>;

    /// The hook libraries that a configuration has called on the way of packets.
    fn libraries(config: &Config<Self>, kept: &modules::Kept) -> Self::Libraries;

    // Leases.

    fn statistics(registry: Arc<Registry>, now: Micros) -> Statistics<Self>;
    /// The time of the samples to come.
    fn set_now(statistics: &Statistics<Self>, now: Micros);
    fn observer(runtime: Arc<Runtime<Self::Lease>>) -> Arc<Observer<Self>>;
    fn store(memfile: Arc<Memfile<Self::Lease>>) -> Arc<Self::Store>;
    fn database_observer(
        runtime: Arc<Runtime<Self::Lease>>,
    ) -> Arc<<Self::Lease as databases::Record>::Observer>;
    fn database_store(leases: Arc<databases::Leases<Self::Lease>>) -> Arc<Self::Store>;
    /// Pools follow a configuration; new ones are filled from the store.
    fn reconfigure(
        runtime: &Runtime<Self::Lease>,
        config: &Config<Self>,
        store: Option<&Self::Store>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Pools and counts as this configuration and this store have them, after another one was tried.
    fn restore(
        runtime: &Runtime<Self::Lease>,
        config: &Config<Self>,
        store: &Self::Store,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Looks at every lease of a store that was just opened (`sanity-checks`).
    fn check(
        config: &Config<Self>,
        store: &Self::Store,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// A lease that a command brings, as `sanity-checks` wants it.
    fn admit(config: &Config<Self>, lease: Self::Lease) -> Self::Lease;
    /// Reclaims leases whose time is up; `proceed` is asked before each but the first. `updates`: DNS is told.
    fn reclaim(
        active: &Active<Self>,
        updates: bool,
        now: Micros,
        limits: Limits,
        proceed: impl FnMut() -> bool + Send,
    ) -> impl Future<Output = Result<Reclaimed, StoreError>> + Send;
    /// Deletes rows of reclaimed leases that were held long enough; answers how many.
    fn flush(
        active: &Active<Self>,
        now: Micros,
        held: Seconds,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// What load is balanced by, of the client of a lease.
    fn share_key(lease: &Self::Lease) -> Option<Vec<u8>>;
    /// What DNS is to be told of a lease, when it is told anything at all (`enabled`).
    fn name_requests(
        config: &Config<Self>,
        enabled: bool,
        change: Change,
        lease: &Self::Lease,
    ) -> Vec<NameChangeRequest>;

    // Sockets.

    /// No sockets yet.
    fn sockets(port: u16, workers: usize) -> Self::Sockets;
    fn select(
        services: &Services,
        interfaces: &[net::Interface],
    ) -> Result<Self::Selection, Vec<net::EntryError>>;
    /// Whether clients are heard on the interface, as far as the selection goes.
    fn selects(selection: &Self::Selection, interface: &net::Interface) -> bool;
    fn selects_nothing(selection: &Self::Selection) -> bool;
    /// Whether it names the interface, rather than takes it with all others (`*`).
    fn selects_by_name(selection: &Self::Selection, interface: &str) -> bool;
    /// Opens and closes sockets as the selection and the interfaces ask; `None` closes all. Tells the locals.
    fn follow(
        sockets: &mut Self::Sockets,
        selection: Option<&Self::Selection>,
        services: &Services,
        interfaces: &[net::Interface],
        locals: &Self::Locals,
    ) -> Changes<Self>;

    // Packets.

    /// Counts a packet that came in.
    fn arrived(statistics: &Statistics<Self>);

    /// What tells clients apart in a packet; `None` for what is no packet.
    fn client(packet: &[u8]) -> Option<&[u8]>;
    /// Handles a batch: replies go into it, with their message types.
    fn serve(
        shared: &Shared<Self>,
        active: &Active<Self>,
        queue: &Self::Queue,
        received: &Batch<Meta<Self>>,
        batches: &mut Batches<Self>,
    );
    /// Handles one packet, which waits for databases on its way.
    fn serve_waiting(
        shared: &Shared<Self>,
        active: &Active<Self>,
        queue: &Self::Queue,
        meta: &Meta<Self>,
        packet: &[u8],
        batches: &mut Batches<Self>,
    ) -> impl Future<Output = ()>;
    /// Handles what the other family's server sent (RFC 7341): replies go into the batch, or to clients at once.
    fn serve_peer(
        shared: &Shared<Self>,
        active: &Active<Self>,
        received: &Batch<()>,
        batches: &mut Batches<Self, net::PeerSocket>,
    );
    /// Handles one message of the other family's server, which waits for databases on its way.
    fn serve_peer_waiting(
        shared: &Shared<Self>,
        active: &Active<Self>,
        message: &[u8],
        batches: &mut Batches<Self, net::PeerSocket>,
    ) -> impl Future<Output = ()>;
    // Replies that wait.

    /// Finds out whether a reply may leave that was not to leave at once.
    fn may_leave(
        shared: &Shared<Self>,
        active: &Active<Self>,
        check: Self::Check,
    ) -> impl Future<Output = bool> + Send;

    // Bulk leasequery.

    /// Reads a query that came to this address.
    fn begin_bulk(active: &Active<Self>, message: &[u8], local: IpAddr) -> Begun<Self::BulkQuery>;
    /// Appends what is to be told of the next leases, at most `limit` of them; whether there may be more.
    fn next_bulk(
        shared: &Shared<Self>,
        active: &Active<Self>,
        query: &mut Self::BulkQuery,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Appends the end of an answer that cannot be finished.
    fn fail_bulk(query: &mut Self::BulkQuery, out: &mut Vec<u8>);

    /// Where a packet goes, and from which address.
    fn ends(destination: &Destination<Self>) -> (SocketAddr, IpAddr);
    fn code(kind: Self::Reply) -> u8;
    /// Counts a reply that left.
    fn sent(statistics: &Statistics<Self>, kind: Self::Reply);
    /// Counts a packet that gets no answer.
    fn dropped(statistics: &Statistics<Self>, reason: DropReason);
}
