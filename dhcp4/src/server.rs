//! All state of the daemon, in one place.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use backend::ConfigBackend;
use base::{Clock, ServerTag};
use config::{ServerConfig4, Written4};
use control::CommandTable;
use engine::alloc::Runtime4;
use engine::stats::Statistics4;
use lease::LeaseStore4;
use memfile::Memfile4;
use observe::{Logging, log};
use tokio::sync::{Mutex, Notify, RwLock};

use crate::clients::Clients;
use crate::locals::Locals;
use crate::messages::FrameRejected;
use crate::service::Service;

/// What packets are served with; swapped whole by a reconfiguration.
pub(crate) struct Active {
    pub(crate) config: Arc<ServerConfig4>,
    pub(crate) store: Arc<dyn LeaseStore4>,
    /// The same store, for what only memfile has (cleanup, figures).
    pub(crate) memfile: Arc<Memfile4>,
    pub(crate) runtime: Arc<Runtime4>,
}

/// What workers and commands share.
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ports: net::Ports4,
    pub(crate) respond_to_source: bool,
    /// Batches of packets and runs of reclamation read; a reconfiguration writes.
    pub(crate) gate: RwLock<()>,
    pub(crate) active: ArcSwap<Active>,
    pub(crate) service: Service,
    pub(crate) locals: Locals,
    pub(crate) clients: Clients,
    pub(crate) d2: Arc<crate::d2_client::Client>,
    pub(crate) rejected_frames: AtomicU64,
}

impl Shared {
    pub(crate) fn frame_rejected(&self, error: &net::FrameError) {
        self.rejected_frames.fetch_add(1, Ordering::Relaxed);
        log!(FrameRejected { reason: error });
    }
}

/// What hook libraries see of the configuration.
#[derive(Default)]
pub(crate) struct HostView {
    pub(crate) databases: Vec<Arc<dyn ConfigBackend>>,
    pub(crate) tag: ServerTag,
    pub(crate) file: Arc<Written4>,
}

/// The daemon.
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) arguments: daemon::Arguments,
    /// The configuration file of the start.
    pub(crate) file: PathBuf,
    pub(crate) paths: daemon::Paths,
    pub(crate) logging: Logging,
    pub(crate) statistics: Arc<Statistics4>,
    pub(crate) commands: Arc<CommandTable>,
    /// Whoever reconfigures holds it from the first step to the last.
    pub(crate) state: Mutex<crate::reconfigure::State>,
    /// What hook libraries see of the configuration.
    pub(crate) host: ArcSwap<HostView>,
    /// The database was changed by this server's own commands: pull now.
    pub(crate) pull_now: Notify,
    /// Told of every new configuration: timers read their intervals anew.
    pub(crate) reconfigured: Notify,
    /// Asked to end, with the exit status.
    pub(crate) shutdown: tokio::sync::watch::Sender<Option<i32>>,
    /// Steady microseconds of the start and of the last reconfiguration.
    pub(crate) started: u64,
    pub(crate) reloaded: AtomicU64,
}

impl Server {
    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<ServerConfig4> {
        Arc::clone(&self.shared.active.load().config)
    }

    /// Ends the daemon soon, with this exit status.
    pub(crate) fn request_shutdown(&self, status: i32) {
        log!(crate::messages::ShutdownRequest {});
        self.shutdown.send_if_modified(|wish| {
            let first = wish.is_none();
            if first {
                *wish = Some(status);
            }
            first
        });
    }
}
