//! The server as a whole: its state, its start, its life and its end.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::Clock;
use channels::{Channels, Serving};
use control::{Command, CommandTable};
use daemon::{Arguments, Notify, Paths, Signal, Signals, version};
use observe::Logging;
use process::{Site, Started};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::settings::Settings;
use crate::statistics::Statistics;
use crate::work::{self, Order, Work};
use crate::{PROGRAM, commands, messages};

/// What log messages about the process call it.
const NAME: &str = "DhcpDdns";
/// Name of the service in commands.
const SERVICE: &str = "d2";

/// What is done before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// What is in work; what waits is lost.
    Normal,
    /// All that was taken.
    DrainFirst,
    /// Nothing.
    Now,
}

impl Ending {
    const ALL: [Self; 3] = [Self::Normal, Self::DrainFirst, Self::Now];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::DrainFirst => "drain_first",
            Self::Now => "now",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == word)
    }

    /// With so many requests that wait and that are in work.
    pub(crate) fn is_reached(self, queued: usize, running: usize) -> bool {
        match self {
            Self::Normal => running == 0,
            Self::DrainFirst => running + queued == 0,
            Self::Now => true,
        }
    }
}

/// All state of the server but that of the loop in [`Work`].
pub(crate) struct Service {
    pub(crate) site: Site,
    pub(crate) clock: Arc<dyn Clock>,
    /// Steady microseconds.
    pub(crate) started: u64,
    pub(crate) reloaded: AtomicU64,
    pub(crate) statistics: Arc<Statistics>,
    /// Exit status and what is done before, once the server is to end.
    pub(crate) shutdown: watch::Sender<Option<(u8, Ending)>>,
    pub(crate) commands: Arc<CommandTable>,
    logging: Logging,
    settings: RwLock<Arc<Settings>>,
    /// One configuration comes into force at a time.
    channels: Mutex<Channels>,
    orders: mpsc::Sender<Order>,
}

impl Service {
    /// The running configuration.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a configuration into force, or leaves everything as it is.
    pub(crate) async fn put_into_force(self: &Arc<Self>, settings: Settings) -> Result<(), String> {
        let mut channels = self.channels.lock().await;
        let redacted = observe::redact(&config::write_d2(&settings.written));
        observe::log!(messages::Configure { what: "update", config: json::to_string(&redacted) });
        let before = self.settings();
        let socket = match settings.listen {
            Some(address) if before.listen != Some(address) => Some(work::listen(address).await?),
            _ => None,
        };
        let change = self.logging.apply(&settings.loggers).map_err(|error| error.to_string())?;
        let pages = || crate::pages::pages(self);
        let serving =
            Serving { commands: &self.commands, service: SERVICE, pages: &pages, tls: &settings.places.tls };
        let fresh = match channels.bind(&settings.control_sockets, &serving) {
            Ok(fresh) => fresh,
            Err(error) => {
                self.logging.undo(change);
                return Err(error);
            }
        };
        settings.warnings.log();
        if let Some(address) = settings.listen {
            warn_of(address);
        }
        channels.keep(&settings.control_sockets, &serving, |error| {
            observe::log!(messages::ConfigFail { error });
        });
        self.commands.set_gate(settings.gate.clone());
        self.commands.brief_gate();
        self.statistics.set_keys(settings.keys.iter().map(|key| key.name()), self.clock.now());
        let updates = Arc::clone(&settings.updates);
        let order = Order::Configure { updates, timeout: settings.timeout, socket };
        // Without the loop the process is ending.
        let _: Result<(), _> = self.orders.send(order).await;
        observe::log!(process::ConfigComplete { summary: settings.summary() });
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        self.reloaded.store(self.clock.steady(), Ordering::Relaxed);
        // Last: no command may meet a server that is half configured.
        channels.serve(fresh, &self.commands);
        Ok(())
    }
}

/// Requests are believed whoever sends them.
fn warn_of(listen: SocketAddr) {
    let address = listen.ip();
    if address.is_unspecified() {
        observe::log!(messages::AllInterfaces { address });
    } else if !address.to_canonical().is_loopback() {
        observe::log!(messages::NotOnLoopback { address });
    }
}

/// `-t`: is the file a configuration?
pub(crate) fn check(arguments: &Arguments, paths: Paths) -> ExitCode {
    let site = Site::new(arguments, paths);
    process::check(Settings::from_file(&site).map(|settings| settings.summary()))
}

/// Runs until told to end.
pub(crate) async fn run(arguments: Arguments, paths: Paths) -> ExitCode {
    let site = Site::new(&arguments, paths);
    let Started { clock, logging, end: _end, mut signals, pid_file: _pid_file } =
        match process::start(&PROGRAM, NAME, &arguments, &site) {
            Ok(started) => started,
            Err(code) => return code,
        };
    if site.relaxed {
        observe::log!(messages::ChecksDisabled);
    }
    let started = clock.steady();
    let statistics = Arc::new(Statistics::new(clock.now()));
    let (orders, taken) = mpsc::channel(1);
    let work = tokio::spawn(Work::new(Arc::clone(&clock), Arc::clone(&statistics)).run(taken));
    let service = Arc::new(Service {
        site,
        clock,
        started,
        reloaded: AtomicU64::new(started),
        statistics,
        shutdown: watch::Sender::new(None),
        commands: Arc::new(CommandTable::new()),
        logging,
        settings: RwLock::default(),
        channels: Mutex::default(),
        orders,
    });
    if let Err(error) = commands::register(&service.commands, &service) {
        return process::failed(&error);
    }
    let first = match Settings::from_file(&service.site) {
        Ok(settings) => service.put_into_force(settings).await,
        Err(faults) => Err(faults.to_string()),
    };
    if let Err(error) = first {
        observe::log!(process::FileLoadFail { name: NAME, error });
        return process::failed(&format!("Could Not load configuration file: {error}"));
    }
    observe::log!(messages::Started { version: version::KEA_VERSION });
    let manager = Notify::from_env().ok();
    if let Some(manager) = &manager {
        manager.ready();
    }
    let (status, ending) = live(&service, &mut signals).await;
    if let Some(manager) = &manager {
        manager.stopping();
    }
    finish(&service, ending, &mut signals).await;
    work.abort();
    observe::log!(messages::RunExit);
    service.channels.lock().await.close().await;
    observe::log!(process::Shutdown { name: NAME, pid: std::process::id(), version: version::KEA_VERSION });
    ExitCode::from(status)
}

/// Waits for signals and for the command `shutdown`; returns the exit status and what is to be done before.
async fn live(service: &Arc<Service>, signals: &mut Signals) -> (u8, Ending) {
    let mut shutdown = service.shutdown.subscribe();
    let mut flush = tokio::time::interval(Duration::from_secs(1));
    loop {
        // It may have been asked for while the configuration was applied.
        if let Some(end) = *shutdown.borrow_and_update() {
            return end;
        }
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Stop => {
                    observe::log!(process::ShutdownSignal);
                    return (0, Ending::Normal);
                }
                Signal::Reload => {
                    observe::log!(process::ReloadSignal { file: service.site.file.display() });
                    // Through the table, so that it takes its turn with the commands.
                    let _ = service.commands.dispatch(Command::new("config-reload")).await;
                }
                Signal::Child => {}
            },
            _ = shutdown.changed() => {}
            _ = flush.tick() => service.logging.flush(),
        }
    }
}

/// Lets the loop do what is to be done before the end. A second signal ends it at once.
async fn finish(service: &Arc<Service>, ending: Ending, signals: &mut Signals) {
    let (done, mut finished) = oneshot::channel();
    if service.orders.send(Order::End(ending, done)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            _ = &mut finished => return,
            signal = signals.next() => if matches!(signal, Signal::Stop) {
                return;
            },
        }
    }
}
