//! All state of the daemon, in one place.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};

use arc_swap::ArcSwap;
use backend::ConfigBackend;
use backend::hosts::HostDatabase;
use base::{Clock, ServerTag};
use control::CommandTable;
use engine::alloc::Runtime;
use engine::share::Share;
use modules::{perfmon, run_script};
use observe::{Logging, Registry};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, RwLock};

use crate::Protocol;
use crate::clients::Clients;
use crate::d2_client::Client;
use crate::ha::Ha;
use crate::hosts::Lookup;
use crate::leases::Home;
use crate::legal::Legal;
use crate::messages::say;
use crate::over6::Line;
use crate::overload::Overload;
use crate::parking::Parking;
use crate::ping::Pinger;
use crate::protocol::Statistics;
use crate::protocol::{Config, Written};
use crate::queue::QueueLoad;
use crate::reconfigure::State;
use crate::rendered::Rendered;
use crate::service::Service;
use crate::sockets::{ServiceSockets, SocketStatus};

/// What packets are served with; swapped whole by a reconfiguration.
pub struct Active<P: Protocol> {
    pub config: Arc<Config<P>>,
    pub store: Arc<P::Store>,
    /// The same store, for what its kind alone has (cleanup, figures).
    pub home: Home<P>,
    pub runtime: Arc<Runtime<P::Lease>>,
    pub identity: Arc<P::Identity>,
    /// Databases of host reservations; `None`: there are none.
    pub hosts: Option<Arc<Lookup<P>>>,
    /// Room for packets, which wait for databases on their way; `None`: all is in memory, and none waits.
    pub(crate) parking: Option<Parking>,
    /// Hook libraries that are called on the way of packets.
    pub libraries: P::Libraries,
    /// `libdhcp_ping_check` is listed.
    pub pinger: Option<Arc<Pinger>>,
    /// Room for offers that wait for their addresses.
    pub(crate) checks: Parking,
    /// `libdhcp_legal_log` is listed.
    pub legal_log: Option<Arc<Legal>>,
    /// `libdhcp_perfmon` is listed.
    pub(crate) perfmon: Option<Arc<perfmon::Monitor>>,
    /// `libdhcp_run_script` is listed.
    pub scripts: Option<Arc<run_script::Runner>>,
    /// `libdhcp_ha` is listed.
    pub(crate) ha: Option<Arc<Ha<P>>>,
}

impl<P: Protocol> Active<P> {
    /// Who shares the clients with other servers.
    pub fn share(&self) -> Option<&dyn Share> {
        self.ha.as_deref().map(|ha| ha as &dyn Share)
    }

    /// Who measures how long answers take.
    pub fn monitor(&self) -> Option<&dyn engine::monitor::Monitor> {
        self.perfmon.as_deref().map(|monitor| monitor as &dyn engine::monitor::Monitor)
    }

    /// Whether this server is to reclaim a lease, of several that share the clients.
    pub fn reclaims(&self, lease: &P::Lease) -> bool {
        self.ha.as_ref().is_none_or(|ha| ha.reclaims(lease))
    }

    /// Room for packets where there is anything to wait for.
    pub(crate) fn parking(config: &Config<P>, home: &Home<P>, hosts: bool) -> Option<Parking> {
        (hosts || home.database().is_some()).then(|| Parking::new(config.services.parked_packet_limit))
    }
}

/// What workers and commands share.
pub struct Shared<P: Protocol> {
    pub clock: Arc<dyn Clock>,
    /// With `-P`: the destination port of all replies.
    pub client_port: Option<u16>,
    /// Port of the service sockets.
    pub server_port: u16,
    /// Replies go where their queries came from; for tests.
    pub respond_to_source: bool,
    /// Batches of packets and runs of reclamation read; a reconfiguration writes.
    pub gate: RwLock<()>,
    pub active: ArcSwap<Active<P>>,
    pub locals: P::Locals,
    /// The way of name change requests.
    pub d2: Arc<Client<P>>,
    /// The way to the other family's server.
    pub line: Line,
    /// What hook libraries keep from one configuration to the next.
    pub(crate) kept: modules::Kept,
    pub(crate) service: Service,
    pub(crate) queue: QueueLoad,
    pub(crate) overload: Overload,
    pub(crate) clients: Clients,
    rejected: AtomicU64,
}

impl<P: Protocol> Shared<P> {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        client_port: Option<u16>,
        server_port: u16,
        respond_to_source: bool,
        active: Active<P>,
    ) -> Self {
        Self {
            clock,
            client_port,
            server_port,
            respond_to_source,
            gate: RwLock::new(()),
            active: ArcSwap::from_pointee(active),
            locals: P::Locals::default(),
            d2: Arc::new(Client::new()),
            line: Line::default(),
            kept: modules::Kept::default(),
            service: Service::new(),
            queue: QueueLoad::default(),
            overload: Overload::new(P::FAMILY),
            clients: Clients::new(),
            rejected: AtomicU64::new(0),
        }
    }

    /// Whether clients are answered (`dhcp-disable`).
    pub fn is_enabled(&self) -> bool {
        self.service.is_enabled()
    }

    /// One exchange per client at a time, also where workers share a socket: held while its packet is handled.
    pub fn client(&self, packet: &[u8]) -> Option<MutexGuard<'_, ()>> {
        self.clients.lock(P::client(packet)?)
    }

    /// As [`client`](Self::client), for a packet of this client that may have to wait for databases.
    pub(crate) async fn client_waiting(
        &self,
        client: Option<&[u8]>,
    ) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        self.clients.wait(client?).await
    }

    pub(crate) fn packet_rejected(&self, error: &net::FrameError) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        say!(P, PacketRejected { reason: error });
    }
}

/// What hook libraries see of the configuration.
pub struct HostView<P: Protocol> {
    pub databases: Vec<Arc<dyn ConfigBackend>>,
    /// Databases of host reservations.
    pub hosts: Vec<Arc<dyn HostDatabase>>,
    pub tag: ServerTag,
    /// The server's own part.
    pub file: Arc<Written<P>>,
}

impl<P: Protocol> Default for HostView<P> {
    fn default() -> Self {
        Self { databases: Vec::new(), hosts: Vec::new(), tag: ServerTag::default(), file: Arc::default() }
    }
}

/// The daemon.
pub struct Server<P: Protocol> {
    pub shared: Arc<Shared<P>>,
    /// What hook libraries see of the configuration.
    pub host: ArcSwap<HostView<P>>,
    /// The database was changed by this server's own commands: pull now.
    pub pull_now: Notify,
    pub arguments: daemon::Arguments,
    pub paths: daemon::Paths,
    /// The configuration file of the start.
    pub file: PathBuf,
    pub registry: Arc<Registry>,
    pub(crate) logging: Logging,
    pub(crate) statistics: Arc<Statistics<P>>,
    pub(crate) commands: Arc<CommandTable>,
    /// The runtime of the control channels.
    pub(crate) front: Handle,
    /// The runtime of what takes its time.
    pub(crate) background: Handle,
    /// The running configuration as `config-get` shows it.
    pub(crate) rendered: std::sync::Mutex<Option<Rendered<P>>>,
    /// Whoever reconfigures holds it from the first step to the last.
    pub(crate) state: Mutex<State<P>>,
    /// Taken after `state` where both are held.
    pub(crate) sockets: Mutex<ServiceSockets<P>>,
    pub(crate) socket_status: std::sync::Mutex<SocketStatus>,
    /// Told of every new configuration: timers read their intervals anew.
    pub(crate) reconfigured: Notify,
    /// Asked to end, with the exit status.
    pub(crate) shutdown: tokio::sync::watch::Sender<Option<i32>>,
    /// Steady microseconds of the start and of the last reconfiguration.
    pub(crate) started: u64,
    pub(crate) reloaded: AtomicU64,
}

impl<P: Protocol> Server<P> {
    /// The configuration in force.
    pub fn config(&self) -> Arc<Config<P>> {
        Arc::clone(&self.shared.active.load().config)
    }

    /// The table to which hook libraries add their commands.
    pub fn commands(&self) -> &CommandTable {
        &self.commands
    }

    /// Ends the daemon soon, with this exit status.
    pub(crate) fn request_shutdown(&self, status: i32) {
        say!(P, ShutdownRequest);
        self.shutdown.send_if_modified(|wish| {
            let first = wish.is_none();
            if first {
                *wish = Some(status);
            }
            first
        });
    }

    /// Writes all leases to a file beside the lease file; answers its path.
    ///
    /// # Errors
    /// Why not: the name is not allowed, or the medium failed.
    pub async fn write_leases(&self, filename: String) -> Result<String, String> {
        let mut audit = daemon::Audit::new(&self.paths, self.arguments.relaxed);
        let path = audit.path(daemon::PathKind::Data, "'filename' parameter is invalid", &filename);
        let report = audit.finish();
        report.log_warnings();
        let Some(path) = path.filter(|_| report.errors.is_empty()) else {
            let text = report.errors.first().map(|error| format!("{}: {}", error.what, error.problem));
            return Err(text.unwrap_or_else(|| "'filename' parameter is invalid".to_owned()));
        };
        let Some(memfile) = self.shared.active.load().home.file().cloned() else {
            return Err("leases in a database are not written to files; see kea-admin lease-dump".to_owned());
        };
        let shown = if filename.contains('/') { filename } else { path.display().to_string() };
        let written = tokio::task::spawn_blocking(move || memfile.write_to(&path)).await;
        match written {
            Ok(Ok(())) => Ok(shown),
            Ok(Err(error)) => Err(format!("unable to write leases to '{shown}': {error}")),
            Err(error) => Err(error.to_string()),
        }
    }
}
