//! From the command line to the last packet: start, signals, end.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use base::{Clock, Random};
use config::{ServerConfig4, Written4};
use control::CommandTable;
use daemon::{Arguments, Notify as Readiness, Paths, PidFile, RealClock, Signal, Signals, version};
use engine::stats::Statistics4;
use net::SocketSet4;
use observe::{Logging, Registry, StartUp, log};
use tokio::sync::{Mutex, Notify, RwLock, watch};

use crate::clients::Clients;
use crate::locals::Locals;
use crate::messages::{
    AlreadyRunning, ChecksDisabled, ConfigLoadFail, InitFail, RepairMode, RootUser, Shutdown, StartInfo,
    Started, Starting,
};
use crate::reconfigure::{self, Refusal, State};
use crate::server::{Active, Server, Shared};
use crate::service::Service;
use crate::{PROGRAM, commands, timers};

/// Messages that are logged before the configuration says where to.
const LOG_FILE: &str = "kea.log";

/// `-t` and `-T`: is the file a configuration?
pub(crate) fn check(arguments: Arguments, paths: Paths) -> ExitCode {
    let file = arguments.config.clone().unwrap_or_default();
    let full = arguments.action == daemon::Action::FullCheck;
    let outcome = runtime().map_err(|error| Refusal::internal(&error.to_string())).and_then(|runtime| {
        let logging = start_logging(&arguments, &paths, Some("stdout".to_owned()));
        let logging = logging.map_err(|text| Refusal::internal(&text))?;
        runtime.block_on(async {
            let server = build(arguments, paths, file.clone(), logging).await?;
            let written = reconfigure::read(&file, server.arguments.relaxed)?;
            if full {
                let state = server.state.lock().await;
                server.stage(written, &state).await.map(|_| ())
            } else {
                server.check(&written).map(|_| ())
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            let what = if refusal.syntax { "Syntax check failed with" } else { "Error encountered" };
            eprintln!("{what}: {}", refusal.text);
            ExitCode::FAILURE
        }
    }
}

/// Runs the server until it is told to end.
pub(crate) fn serve(arguments: Arguments, paths: Paths) -> ExitCode {
    daemon::restrict_umask();
    let destination = std::env::var("KEA_LOGGER_DESTINATION").ok();
    let destination = destination.or_else(|| (!arguments.verbose).then(|| before_configuration(&paths)));
    let logging = match start_logging(&arguments, &paths, destination) {
        Ok(logging) => logging,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::FAILURE;
        }
    };
    let _end = logging.end();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    let status = runtime.block_on(run(arguments, paths, logging));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    status
}

/// Where to log before a configuration is read: the log directory if there is one, else standard output.
fn before_configuration(paths: &Paths) -> String {
    let directory = paths.log_dir.parent().unwrap_or(&paths.log_dir);
    if directory.is_dir() {
        directory.join(LOG_FILE).to_string_lossy().into_owned()
    } else {
        "stdout".to_owned()
    }
}

fn start_logging(
    arguments: &Arguments,
    paths: &Paths,
    destination: Option<String>,
) -> Result<Logging, String> {
    let start = StartUp {
        root: PROGRAM.name.to_owned(),
        verbose: arguments.verbose,
        destination,
        lock_dir: paths.lock_dir.clone(),
    };
    Logging::start(start, Arc::new(RealClock::new())).map_err(|error| error.to_string())
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("control").enable_all().build()
}

/// Logs and prints why there is no server.
fn failed(text: &str) -> ExitCode {
    log!(InitFail { error: text });
    eprintln!("failed to initialize Kea server: {text}");
    ExitCode::FAILURE
}

async fn run(arguments: Arguments, paths: Paths, logging: Logging) -> ExitCode {
    let file = arguments.config.clone().unwrap_or_default();
    log!(Starting {
        version: version::KEA_VERSION,
        extended: format!("{} {}", version::PRODUCT, version::VERSION)
    });
    log!(StartInfo {
        pid: std::process::id(),
        port: arguments.server_port.unwrap_or(net::SERVER_PORT4),
        client_port: arguments.client_port.unwrap_or(net::CLIENT_PORT4),
        verbose: arguments.verbose
    });
    if arguments.relaxed {
        log!(ChecksDisabled {});
    }
    if daemon::is_root() {
        log!(RootUser {});
    }
    if arguments.repair {
        log!(RepairMode {});
    }
    let pid_file = match PidFile::create(&paths.pid_dir, &file, PROGRAM.name) {
        Ok(pid_file) => pid_file,
        Err(error) => {
            log!(AlreadyRunning { program: PROGRAM.name, error: &error });
            eprintln!("{} already running? {error}", PROGRAM.name);
            return ExitCode::FAILURE;
        }
    };
    // Signals are caught before anything can be interrupted.
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return failed(&error.to_string()),
    };
    let server = match start(arguments, paths, file.clone(), logging).await {
        Ok(server) => server,
        Err(refusal) => {
            log!(ConfigLoadFail { file: file.display(), reason: &refusal.text });
            return failed(&format!(
                "configuration error using file: {}, reason: {}",
                file.display(),
                refusal.text
            ));
        }
    };
    timers::start(&server);
    log!(Started { version: version::KEA_VERSION });
    let readiness = Readiness::from_env().ok();
    if let Some(readiness) = &readiness {
        readiness.ready();
    }
    let mut shutdown = server.shutdown.subscribe();
    let status = loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Reload => {
                    let _: control::Answer = commands::reload(&server).await;
                }
                Signal::Stop => server.request_shutdown(0),
                Signal::Child => {}
            },
            _ = shutdown.changed() => {}
        }
        if let Some(status) = *shutdown.borrow_and_update() {
            break status;
        }
    };
    if let Some(readiness) = &readiness {
        readiness.stopping();
    }
    stop(&server).await;
    drop(pid_file);
    log!(Shutdown {});
    u8::try_from(status & 0xff).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Reads the configuration and brings it into force.
async fn start(
    arguments: Arguments,
    paths: Paths,
    file: PathBuf,
    logging: Logging,
) -> Result<Arc<Server>, Refusal> {
    let server = build(arguments, paths, file.clone(), logging).await?;
    let written = reconfigure::read(&file, server.arguments.relaxed)?;
    log_as_configured(&server, &written);
    let mut state = server.state.lock().await;
    let staged = server.stage(written, &state).await?;
    server.apply(staged, &mut state).await?;
    drop(state);
    Ok(server)
}

/// The loggers of the first configuration come into force before the rest is looked at: what is wrong with it is
/// logged where its operator looks. Faults of the loggers themselves are found with all others.
fn log_as_configured(server: &Server, written: &Written4) {
    let mut globals = json::Map::new();
    if let Some(loggers) = written.globals.get("loggers") {
        globals.insert("loggers".to_owned(), loggers.clone());
    }
    let loggers = Written4 { globals, ..Written4::default() };
    let Ok(config) = config::resolve4(Arc::new(loggers), &config::ResolveEnv::default()) else { return };
    let (places, _) = crate::security::places(&config, &server.paths, &server.file, false);
    let _: Result<(), _> = server.logging.apply(&places.loggers);
}

/// A server that knows nothing yet: no lease, no socket, no subnet.
async fn build(
    arguments: Arguments,
    paths: Paths,
    file: PathBuf,
    logging: Logging,
) -> Result<Arc<Server>, Refusal> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let ports = net::Ports4 {
        server: arguments.server_port.unwrap_or(net::SERVER_PORT4),
        client: arguments.client_port,
    };
    let registry = Arc::new(Registry::default());
    let statistics = Arc::new(Statistics4::new(registry, clock.now()));
    let config = Arc::new(empty_config()?);
    let active = empty_store(&config, &statistics, &clock)?;
    let shared = Arc::new(Shared {
        ports,
        respond_to_source: std::env::var_os("KEA_TEST_SEND_RESPONSES_TO_SOURCE").is_some(),
        gate: RwLock::new(()),
        active: ArcSwap::from_pointee(active),
        service: Service::new(),
        locals: Locals::default(),
        clients: Clients::new(),
        d2: Arc::default(),
        rejected_frames: AtomicU64::new(0),
        clock: Arc::clone(&clock),
    });
    let commands = Arc::new(CommandTable::new());
    let state = State {
        file: Arc::new(Written4::default()),
        sockets: SocketSet4::new(net::OpenOptions4 { port: ports.server, ..net::OpenOptions4::default() }),
        workers: Vec::new(),
        channels: Vec::new(),
        pulling: None,
        lease_file: PathBuf::new(),
        loggers: Vec::new(),
        problems: Vec::new(),
        socket_attempts: 0,
    };
    let server = Arc::new(Server {
        shared,
        arguments,
        file,
        paths,
        logging,
        statistics,
        commands: Arc::clone(&commands),
        state: Mutex::new(state),
        host: ArcSwap::default(),
        pull_now: Notify::new(),
        reconfigured: Notify::new(),
        shutdown: watch::Sender::new(None),
        started: clock.steady(),
        reloaded: AtomicU64::new(clock.steady()),
    });
    commands::register(&server, &commands).map_err(|error| Refusal::internal(&error.to_string()))?;
    Ok(server)
}

/// The configuration of a server that has none.
fn empty_config() -> Result<ServerConfig4, Refusal> {
    let nothing = Arc::new(Written4::default());
    config::resolve4(nothing, &config::ResolveEnv::default())
        .map_err(|_| Refusal::internal("the empty configuration does not resolve"))
}

/// A store without a file, until the configuration names one.
fn empty_store(
    config: &Arc<ServerConfig4>,
    statistics: &Arc<Statistics4>,
    clock: &Arc<dyn Clock>,
) -> Result<Active, Refusal> {
    let runtime =
        Arc::new(engine::alloc::Runtime4::new(Arc::clone(statistics), daemon::RealRandom::new().next_u64()));
    let settings =
        memfile::Settings { durability: memfile::Durability::None, ..memfile::Settings::new(Path::new("")) };
    let observer = Arc::clone(&runtime);
    let (memfile, _) = memfile::Memfile4::open(settings, observer, clock.now().seconds())
        .map_err(|error| Refusal::internal(&error.to_string()))?;
    Ok(Active { config: Arc::clone(config), store: Arc::clone(&memfile) as _, memfile, runtime })
}

/// Ends in order: no new commands, no new packets, everything received is answered, every lease is stored.
async fn stop(server: &Arc<Server>) {
    let mut state = server.state.lock().await;
    reconfigure::close_all(&mut state).await;
    for worker in std::mem::take(&mut state.workers) {
        worker.stop().await;
    }
    let active = server.shared.active.load_full();
    let stored = active.store.commit(active.store.mark()).await;
    if let Err(error) = stored {
        log!(crate::messages::StoreFailed { replies: 0, error });
    }
    server.shared.d2.stop().await;
}
