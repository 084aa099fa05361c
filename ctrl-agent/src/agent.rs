//! The agent as a whole: its state, its start, its life and its end.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::Clock;
use control::http::{Handler, HttpHandle, HttpServer, Reply};
use control::{Command, CommandTable, Limits};
use daemon::{Arguments, Notify, Paths, Signal, Signals, version};
use observe::Logging;
use process::{Site, Started};
use tokio::sync::{Mutex, watch};

use crate::settings::Settings;
use crate::{PROGRAM, commands, forward, messages};

/// What log messages about the process call it.
const NAME: &str = "Control-agent";
/// How long requests in work may take when the agent ends or its address changes.
const GRACE: Duration = Duration::from_secs(5);

/// All state of the agent.
pub(crate) struct Agent {
    pub(crate) site: Site,
    pub(crate) clock: Arc<dyn Clock>,
    /// Steady microseconds.
    pub(crate) started: u64,
    pub(crate) reloaded: AtomicU64,
    pub(crate) table: CommandTable,
    /// Exit status, once the agent is to end.
    pub(crate) shutdown: watch::Sender<Option<u8>>,
    logging: Logging,
    settings: RwLock<Option<Arc<Settings>>>,
    http: Mutex<Option<Listener>>,
}

/// The HTTP server with the address that was asked for, which port 0 makes differ from the one it got.
struct Listener {
    wanted: SocketAddr,
    handle: HttpHandle,
}

impl Agent {
    /// The running configuration.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner).clone();
        // Requests are served after the first configuration only.
        settings.unwrap_or_else(|| Arc::new(Settings::empty()))
    }

    /// Puts a configuration into force, or leaves everything as it is.
    pub(crate) async fn put_into_force(self: &Arc<Self>, mut settings: Settings) -> Result<(), String> {
        settings.http.pages = crate::pages::pages(self);
        let mut http = self.http.lock().await;
        let change = self.logging.apply(&settings.loggers).map_err(|error| error.to_string())?;
        match self.listen(&settings, http.take()).await {
            Ok(listener) => *http = Some(listener),
            Err((old, error)) => {
                *http = old;
                self.logging.undo(change);
                return Err(error);
            }
        }
        settings.warnings.log();
        observe::log!(process::ConfigComplete { summary: settings.summary() });
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(settings));
        self.reloaded.store(self.clock.steady(), Ordering::Relaxed);
        Ok(())
    }

    /// Brings the HTTP server to where the configuration wants it. On an error gives back the one there was.
    async fn listen(
        self: &Arc<Self>,
        settings: &Settings,
        old: Option<Listener>,
    ) -> Result<Listener, (Option<Listener>, String)> {
        let wanted = settings.address;
        let bind = |address| HttpServer::bind(address, Limits::HTTP, &settings.http, self.handler());
        let Some(old) = old else {
            return match bind(wanted) {
                Ok(server) => Ok(Listener::start(wanted, server)),
                Err(error) => Err((None, error.to_string())),
            };
        };
        if old.wanted == wanted {
            return match old.handle.update(&settings.http, self.handler()) {
                Ok(()) => Ok(old),
                Err(error) => Err((Some(old), error.to_string())),
            };
        }
        match bind(wanted) {
            Ok(server) => {
                // The command that brought this configuration may still need its answer.
                tokio::spawn(old.handle.stop(GRACE));
                Ok(Listener::start(wanted, server))
            }
            // Another address with the same port: the old one may be in the way.
            Err(first) if old.handle.address().port() == wanted.port() => {
                let before = old.wanted;
                let previous = self.settings();
                tokio::spawn(old.handle.stop(GRACE));
                for _ in 0..50 {
                    if let Ok(server) = bind(wanted) {
                        return Ok(Listener::start(wanted, server));
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let again = HttpServer::bind(before, Limits::HTTP, &previous.http, self.handler());
                Err((again.ok().map(|server| Listener::start(before, server)), first.to_string()))
            }
            Err(error) => Err((Some(old), error.to_string())),
        }
    }

    /// Listens again where the running configuration wants it, after a change that left no address to listen on.
    async fn reopen(self: &Arc<Self>) {
        // A command that is changing it holds the lock and sees to it.
        let Ok(mut http) = self.http.try_lock() else { return };
        if http.is_some() {
            return;
        }
        let settings = self.settings();
        if let Ok(listener) = self.listen(&settings, None).await {
            *http = Some(listener);
        }
    }

    fn handler(self: &Arc<Self>) -> Handler {
        let agent = Arc::downgrade(self);
        Arc::new(move |request| {
            let agent = agent.upgrade();
            Box::pin(async move {
                match agent {
                    Some(agent) => forward::answer(agent, request).await,
                    None => Reply::json("[  ]".to_owned()),
                }
            })
        })
    }
}

impl Listener {
    fn start(wanted: SocketAddr, server: HttpServer) -> Self {
        observe::log!(messages::HttpStarted { address: server.address() });
        Self { wanted, handle: server.serve() }
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
    let started = clock.steady();
    let agent = Arc::new(Agent {
        site,
        clock,
        started,
        reloaded: AtomicU64::new(started),
        table: CommandTable::new(),
        shutdown: watch::Sender::new(None),
        logging,
        settings: RwLock::default(),
        http: Mutex::default(),
    });
    if let Err(error) = commands::register(&agent.table, &agent) {
        return process::failed(&error);
    }
    let first = match Settings::from_file(&agent.site) {
        Ok(settings) => agent.put_into_force(settings).await,
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
    let status = live(&agent, &mut signals).await;
    if let Some(manager) = &manager {
        manager.stopping();
    }
    observe::log!(messages::RunExit);
    if let Some(listener) = agent.http.lock().await.take() {
        listener.handle.stop(GRACE).await;
    }
    observe::log!(process::Shutdown { name: NAME, pid: std::process::id(), version: version::KEA_VERSION });
    ExitCode::from(status)
}

/// Waits for signals and for the command `shutdown`; returns the exit status.
async fn live(agent: &Arc<Agent>, signals: &mut Signals) -> u8 {
    let mut shutdown = agent.shutdown.subscribe();
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Stop => {
                    observe::log!(process::ShutdownSignal);
                    return 0;
                }
                Signal::Reload => {
                    observe::log!(process::ReloadSignal { file: agent.site.file.display() });
                    // Through the table, so that it takes its turn with the commands.
                    let _ = agent.table.dispatch(Command::new("config-reload")).await;
                }
                Signal::Child => {}
            },
            _ = shutdown.changed() => {
                if let Some(status) = *shutdown.borrow_and_update() {
                    return status;
                }
            }
            _ = tick.tick() => {
                agent.logging.flush();
                agent.reopen().await;
            }
        }
    }
}
