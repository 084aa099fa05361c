//! From the command line to the last packet: start, signals, end.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use base::{Clock, Random};
use control::CommandTable;
use daemon::{
    Action, Arguments, Notify as Readiness, Paths, PidFile, RealClock, RealRandom, Signal, Signals, version,
};
use engine::alloc::Runtime;
use lease::Durable;
use observe::{Logging, Registry, StartUp};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, oneshot, watch};

use crate::hook_host::LegalWitness;
use crate::leases::Home;
use crate::messages::say;
use crate::protocol::Statistics;
use crate::reconfigure::{Draft, Refusal, State};
use crate::server::{Active, Server, Shared};
use crate::sockets::ServiceSockets;
use crate::{Protocol, commands, timers};

/// The whole of a server program.
#[must_use]
pub fn main<P: Protocol>() -> ExitCode {
    let program = &P::PROGRAM;
    let fail = |text: &str| {
        eprintln!("{text}");
        ExitCode::FAILURE
    };
    let arguments = match program.parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => return fail(&format!("{error}\n{}", program.usage())),
    };
    let paths = match Paths::discover() {
        Ok(paths) => paths,
        Err(error) => return fail(&error.to_string()),
    };
    match arguments.action {
        Action::Version => println!("{}", version::KEA_VERSION),
        Action::ExtendedVersion => println!("{}", version::extended(P::COMPONENTS)),
        Action::BuildReport => println!("{}", version::build_report(&paths, P::COMPONENTS)),
        Action::Help => println!("{}", program.usage()),
        Action::Check | Action::FullCheck => return check::<P>(arguments, paths),
        Action::Run => return serve::<P>(arguments, paths),
    }
    ExitCode::SUCCESS
}

/// `-t` and `-T`: is the file a configuration?
fn check<P: Protocol>(arguments: Arguments, paths: Paths) -> ExitCode {
    let file = arguments.config.clone().unwrap_or_default();
    let full = arguments.action == Action::FullCheck;
    let outcome = runtime().map_err(|error| Refusal::internal(&error.to_string())).and_then(|runtime| {
        let logging = start_logging::<P>(&arguments, &paths, Some("stdout".to_owned()));
        let logging = logging.map_err(|text| Refusal::internal(&text))?;
        runtime.block_on(async {
            let here = Handle::current();
            let handles = Handles { channels: here.clone(), reads: here };
            let server = build::<P>(arguments, paths, file.clone(), logging, handles)?;
            let draft = server.read(&file)?;
            if full {
                let state = server.state.lock().await;
                server.stage(draft, &state).await.map(|_| ())
            } else {
                server.check(&draft, false).map(|_| ())
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
fn serve<P: Protocol>(arguments: Arguments, paths: Paths) -> ExitCode {
    daemon::restrict_umask();
    // keactrl sets it; service managers and containers collect standard output.
    let destination = std::env::var("KEA_LOGGER_DESTINATION").ok();
    let logging = match start_logging::<P>(&arguments, &paths, destination) {
        Ok(logging) => logging,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::FAILURE;
        }
    };
    let _end = logging.end();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return failed::<P>(&error.to_string()),
    };
    let front = match Front::start() {
        Ok(front) => front,
        Err(error) => return failed::<P>(&error.to_string()),
    };
    let status = runtime.block_on(run::<P>(arguments, paths, logging, front.handles.clone()));
    drop(front);
    runtime.shutdown_timeout(END);
    status
}

fn start_logging<P: Protocol>(
    arguments: &Arguments,
    paths: &Paths,
    destination: Option<String>,
) -> Result<Logging, String> {
    let start = StartUp {
        root: P::PROGRAM.name.to_owned(),
        verbose: arguments.verbose,
        destination,
        locks: paths.log_locks.clone(),
    };
    Logging::start(start, Arc::new(RealClock::new())).map_err(|error| error.to_string())
}

/// Runs what takes its time: reconfigurations, databases, timers, commands that are not quick.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("background")
        .enable_all()
        .build()
}

/// What commands are served by, all of it behind the threads that serve packets: the thread of the control channels, and
/// that of the commands that read much. The first alone accepts, reads, answers quick commands and writes: no command
/// goes through several threads unless it has to wait, and none that takes its time holds up the others.
struct Front {
    handles: Handles,
    /// Dropped, it ends the thread of the channels.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    reads: Option<tokio::runtime::Runtime>,
}

/// The runtimes of a [`Front`].
#[derive(Clone)]
struct Handles {
    channels: Handle,
    reads: Handle,
}

/// How long what is being done may take when the server ends.
const END: std::time::Duration = std::time::Duration::from_secs(1);

impl Front {
    fn start() -> std::io::Result<Self> {
        let channels = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let reads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("reads")
            .on_thread_start(daemon::step_back)
            .enable_all()
            .build()?;
        let handles = Handles { channels: channels.handle().clone(), reads: reads.handle().clone() };
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            daemon::step_back();
            let _: Result<(), _> = channels.block_on(stopped);
            channels.shutdown_timeout(END);
        })?;
        Ok(Self { handles, stop: Some(stop), thread: Some(thread), reads: Some(reads) })
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _: Result<(), _> = thread.join();
        }
        if let Some(reads) = self.reads.take() {
            reads.shutdown_timeout(END);
        }
    }
}

/// Logs and prints why there is no server.
fn failed<P: Protocol>(text: &str) -> ExitCode {
    say!(P, InitFail { error: text });
    eprintln!("failed to initialize Kea server: {text}");
    ExitCode::FAILURE
}

async fn run<P: Protocol>(
    arguments: Arguments,
    paths: Paths,
    logging: Logging,
    handles: Handles,
) -> ExitCode {
    let file = arguments.config.clone().unwrap_or_default();
    say!(
        P,
        Starting {
            version: version::KEA_VERSION,
            extended: format!("{} {}", version::PRODUCT, version::VERSION)
        }
    );
    say!(
        P,
        StartInfo {
            pid: std::process::id(),
            port: arguments.server_port.unwrap_or(P::SERVER_PORT),
            client_port: arguments.client_port.unwrap_or(P::CLIENT_PORT),
            verbose: arguments.verbose
        }
    );
    if arguments.relaxed {
        say!(P, ChecksDisabled);
    }
    if daemon::is_root() {
        say!(P, RootUser);
    }
    if arguments.repair {
        say!(P, RepairMode);
    }
    let pid_file = match PidFile::create(&paths.pid_dir, &file, P::PROGRAM.name) {
        Ok(pid_file) => pid_file,
        Err(error) => {
            say!(P, AlreadyRunning { program: P::PROGRAM.name, error: &error });
            eprintln!("{} already running? {error}", P::PROGRAM.name);
            return ExitCode::FAILURE;
        }
    };
    // Signals are caught before anything can be interrupted.
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return failed::<P>(&error.to_string()),
    };
    let starting = start::<P>(arguments, paths, file.clone(), logging, handles);
    let mut starting = std::pin::pin!(starting);
    let started = loop {
        tokio::select! {
            started = &mut starting => break started,
            // A database may be waited for, for long. What was promised to clients by then, if anything, is stored.
            signal = signals.next() => if matches!(signal, Signal::Stop) {
                return ExitCode::SUCCESS;
            },
        }
    };
    let server = match started {
        Ok(server) => server,
        Err(refusal) => {
            say!(P, ConfigLoadFail { file: file.display(), reason: &refusal.text });
            return failed::<P>(&format!(
                "configuration error using file: {}, reason: {}",
                file.display(),
                refusal.text
            ));
        }
    };
    timers::start(&server);
    say!(P, Started { version: version::KEA_VERSION });
    let readiness = Readiness::from_env().ok();
    if let Some(readiness) = &readiness {
        readiness.ready();
    }
    let mut shutdown = server.shutdown.subscribe();
    let status = loop {
        // It may have been asked for while the configuration was applied.
        if let Some(status) = *shutdown.borrow_and_update() {
            break status;
        }
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
    };
    if let Some(readiness) = &readiness {
        readiness.stopping();
    }
    stop(&server).await;
    drop(pid_file);
    say!(P, Shutdown);
    u8::try_from(status & 0xff).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Reads the configuration and brings it into force.
async fn start<P: Protocol>(
    arguments: Arguments,
    paths: Paths,
    file: PathBuf,
    logging: Logging,
    handles: Handles,
) -> Result<Arc<Server<P>>, Refusal> {
    let server = build::<P>(arguments, paths, file.clone(), logging, handles)?;
    let draft = server.read(&file)?;
    log_as_configured(&server, &draft);
    let mut state = server.state.lock().await;
    let staged = server.stage(draft, &state).await?;
    server.apply(staged, &mut state).await?;
    drop(state);
    Ok(server)
}

/// The loggers of the first configuration come into force before the rest is looked at: what is wrong with it is
/// logged where its operator looks. Faults of the loggers themselves are found with all others.
fn log_as_configured<P: Protocol>(server: &Server<P>, draft: &Draft<P>) {
    let loggers = config::loggers(&draft.written.globals);
    let mut audit = daemon::Audit::new(&server.paths, false);
    let loggers = channels::loggers(&mut audit, &loggers);
    let _: Result<_, _> = server.logging.apply(&loggers);
}

/// A server that knows nothing yet: no lease, no socket, no subnet.
fn build<P: Protocol>(
    arguments: Arguments,
    paths: Paths,
    file: PathBuf,
    logging: Logging,
    handles: Handles,
) -> Result<Arc<Server<P>>, Refusal> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let registry = Arc::new(Registry::default());
    let statistics = Arc::new(P::statistics(Arc::clone(&registry), clock.now()));
    let active = empty::<P>(&statistics, &clock)?;
    let respond_to_source = std::env::var_os("KEA_TEST_SEND_RESPONSES_TO_SOURCE").is_some();
    let port = arguments.server_port.unwrap_or(P::SERVER_PORT);
    let shared = Shared::new(Arc::clone(&clock), arguments.client_port, port, respond_to_source, active);
    let server = Arc::new(Server {
        shared: Arc::new(shared),
        arguments,
        file,
        paths,
        logging,
        registry,
        statistics,
        commands: Arc::new(CommandTable::new().with_background(handles.reads, Handle::current())),
        front: handles.channels,
        background: Handle::current(),
        rendered: std::sync::Mutex::default(),
        state: Mutex::new(State::default()),
        sockets: Mutex::new(ServiceSockets::new(port)),
        socket_status: std::sync::Mutex::default(),
        host: ArcSwap::default(),
        pull_now: Notify::new(),
        reconfigured: Notify::new(),
        shutdown: watch::Sender::new(None),
        started: clock.steady(),
        reloaded: AtomicU64::new(clock.steady()),
    });
    commands::register(&server).map_err(|error| Refusal::internal(&error.to_string()))?;
    server.commands.set_witness(Arc::new(LegalWitness(Arc::downgrade(&server))));
    Ok(server)
}

/// The configuration of a server that has none, and a store without a file, until the configuration names one.
fn empty<P: Protocol>(statistics: &Arc<Statistics<P>>, clock: &Arc<dyn Clock>) -> Result<Active<P>, Refusal> {
    let config = <P::Model as config::Protocol>::resolve(Arc::default(), &config::ResolveEnv::default())
        .map_err(|_| Refusal::internal("the empty configuration does not resolve"))?;
    let runtime = Arc::new(Runtime::new(Arc::clone(statistics), RealRandom::new().next_u64()));
    let settings =
        memfile::Settings { durability: memfile::Durability::None, ..memfile::Settings::new(Path::new("")) };
    let (memfile, _) =
        memfile::Memfile::open(settings, P::observer(Arc::clone(&runtime)), clock.now().seconds())
            .map_err(|error| Refusal::internal(&error.to_string()))?;
    Ok(Active {
        config: Arc::new(config),
        store: P::store(Arc::clone(&memfile)),
        home: Home::File(memfile),
        runtime,
        identity: Arc::default(),
        hosts: None,
        parking: None,
        libraries: P::Libraries::default(),
        pinger: None,
        checks: crate::parking::Parking::new(0),
        legal_log: None,
        perfmon: None,
        scripts: None,
        ha: None,
    })
}

/// Ends in order: no new commands, no new packets, everything received is answered, every lease is stored.
async fn stop<P: Protocol>(server: &Arc<Server<P>>) {
    let mut state = server.state.lock().await;
    state.channels.close().await;
    state.listeners.close().await;
    state.bulk = None;
    server.sockets.lock().await.stop().await;
    let active = server.shared.active.load_full();
    let stored = active.store.commit(active.store.mark()).await;
    if let Err(error) = stored {
        say!(P, StoreFailed { replies: 0, error });
    }
    server.shared.d2.stop().await;
    if let Some(ha) = &active.ha {
        ha.group.end(server);
    }
    if let Some(log) = &active.legal_log {
        let log = Arc::clone(log);
        let _: Result<(), _> = tokio::task::spawn_blocking(move || log.log.flush()).await;
    }
}
