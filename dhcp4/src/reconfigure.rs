//! From a configuration file to a configuration in force: stage, check, swap.
//!
//! Everything that can fail comes first and touches nothing that runs. The swap itself waits for the batches of
//! packets in progress; what arrives meanwhile waits in the sockets.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use backend::ServerSelector;
use base::{Random, Seconds};
use config::{
    ConfigError, ControlSocket, DatabaseAccess, ErrorKind, ServerConfig4, SyncMode, TlsPaths, Written4,
};
use control::http::{Credentials, Handler, HttpHandle, HttpServer, HttpSettings, table_handler};
use control::tls::ServerTls;
use control::unix::{ServerHandle, UnixServer};
use control::{Limits, result};
use engine::alloc::Runtime4;
use memfile::{Durability, Memfile4};
use net::{Problem, Selection4, SocketSet4};
use observe::log;

use crate::messages::{
    CbMerged, ConfigComplete, ConfigStart, NoSockets, OpenSocketFail, ParserFail, SyntaxWarning, Unsteered,
};
use crate::pull::Pulling;
use crate::security::{self, Places};
use crate::server::{Active, HostView, Server};
use crate::worker::{Order, Worker};

/// How long commands in progress may take when their socket closes.
const GRACE: Duration = Duration::from_secs(2);

/// An open control channel and the part of the configuration it serves.
pub(crate) enum Channel {
    Unix(ServerHandle),
    Http(HttpHandle),
}

/// A control channel that is bound: who connects waits until it is served.
enum Bound {
    Unix(UnixServer),
    Http(HttpServer),
}

/// What a reconfiguration changes and packets do not look at.
pub(crate) struct State {
    /// The configuration without what came from databases.
    pub(crate) file: Arc<Written4>,
    pub(crate) sockets: SocketSet4,
    pub(crate) workers: Vec<Worker>,
    pub(crate) channels: Vec<(ControlSocket, Channel)>,
    pub(crate) pulling: Option<Pulling>,
    pub(crate) lease_file: PathBuf,
    pub(crate) loggers: Vec<observe::LoggerSettings>,
    /// What keeps service sockets from being open.
    pub(crate) problems: Vec<String>,
    /// Attempts to open sockets that failed, since the configuration came.
    pub(crate) socket_attempts: u32,
}

/// Why a configuration was not taken.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Result code of the command that brought it.
    pub(crate) result: u32,
    pub(crate) text: String,
    /// The text is not even written in the language of configurations.
    pub(crate) syntax: bool,
}

impl Refusal {
    fn new(text: impl Into<String>) -> Self {
        Self { result: result::ERROR, text: text.into(), syntax: false }
    }

    /// Something that cannot happen with a right build.
    pub(crate) fn internal(text: &str) -> Self {
        Self::new(format!("internal error: {text}"))
    }

    fn errors(errors: &[ConfigError]) -> Self {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let syntax = errors.first().is_some_and(|error| error.kind == ErrorKind::Syntax);
        Self { syntax, ..Self::new(lines.join("\n")) }
    }
}

/// A configuration that was read and checked, and what it takes to run it.
pub(crate) struct Staged {
    pub(crate) file: Arc<Written4>,
    pub(crate) config: Arc<ServerConfig4>,
    pulling: Option<Pulling>,
    places: Places,
    hooks: Vec<hooks::Loaded>,
}

/// Reads the arguments of config-set and config-test: all faults are found, not only the first.
pub(crate) fn parse(arguments: json::Value, relaxed: bool) -> Result<Arc<Written4>, Refusal> {
    checked(config::parse4_arguments(arguments, parse_env(relaxed)))
}

/// With `-X`, configurations of Kea's old days are taken as they are: subnets without an id get one.
fn parse_env(relaxed: bool) -> config::ParseEnv {
    config::ParseEnv { assign_subnet_ids: relaxed }
}

/// Reads a configuration file with its one `Dhcp4` map.
pub(crate) fn read(path: &Path, relaxed: bool) -> Result<Arc<Written4>, Refusal> {
    let octets = std::fs::read(path)
        .map_err(|error| Refusal::new(format!("Unable to open file {}: {error}", path.display())))?;
    let name: Arc<str> = path.to_string_lossy().into();
    let mut loader = json::FileLoader::default();
    let parser = json::Parser::new(json::Dialect::Config).source(name).loader(&mut loader);
    let parsed = parser.parse_bytes(&octets).map_err(|error| Refusal::errors(&[error.into()]))?;
    for warning in &parsed.warnings {
        log!(SyntaxWarning { text: warning });
    }
    checked(config::parse4_with(parsed.value, parse_env(relaxed)))
}

fn checked((written, errors): (Written4, Vec<ConfigError>)) -> Result<Arc<Written4>, Refusal> {
    for error in errors.iter().filter(|error| error.kind != ErrorKind::Syntax) {
        log!(ParserFail { element: error.element(), error });
    }
    if errors.is_empty() { Ok(Arc::new(written)) } else { Err(Refusal::errors(&errors)) }
}

impl Server {
    pub(crate) fn resolve(&self, written: &Arc<Written4>) -> Result<Arc<ServerConfig4>, Refusal> {
        let resolved = config::resolve4(Arc::clone(written), &self.resolve_env());
        resolved.map(Arc::new).map_err(|errors| {
            for error in &errors {
                log!(ParserFail { element: error.element(), error });
            }
            Refusal::errors(&errors)
        })
    }

    /// Checks all that can be checked without opening anything.
    pub(crate) fn check(&self, file: &Arc<Written4>) -> Result<(Arc<ServerConfig4>, Places), Refusal> {
        let config = self.resolve(file)?;
        let places = self.places(&config)?;
        Ok((config, places))
    }

    /// Reads, checks and opens what a configuration needs, changing nothing that runs.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) async fn stage(&self, file: Arc<Written4>, state: &State) -> Result<Staged, Refusal> {
        if ConfigStart::enabled() {
            let shown = observe::redact(&config::write4(&file));
            log!(ConfigStart { config: json::to_string(&shown) });
        }
        let (own, places) = self.check(&file)?;
        let hooks = load_hooks(&own)?;
        let mut pulling = Pulling::open(&own, state.pulling.as_ref(), &places);
        let config = match &mut pulling {
            Some(pulling) if !self.arguments.repair => {
                let objects = pulling.fetch_all().await.map_err(|error| Refusal::new(error.to_string()))?;
                let selector = ServerSelector::One(own.services.server_tag.clone());
                let merged = Arc::new(backend::merge4(&file, &objects, &selector));
                let config = self.resolve(&merged)?;
                log!(CbMerged {});
                config
            }
            _ => own,
        };
        Ok(Staged { file, config, pulling, places, hooks })
    }

    /// Brings a staged configuration into force.
    ///
    /// # Errors
    /// When a control socket or the lease database cannot be opened; the running configuration stays.
    pub(crate) async fn apply(self: &Arc<Self>, staged: Staged, state: &mut State) -> Result<(), Refusal> {
        let Staged { file, config, mut pulling, places, hooks } = staged;
        let selection = self.selection(&config)?;
        self.logging.apply(&places.loggers).map_err(|error| Refusal::new(error.to_string()))?;
        let opened = match self.new_channels(&config, &places, state) {
            Ok(fresh) => self.swap(&config, &places.lease_file).await.map(|()| fresh),
            Err(refusal) => Err(refusal),
        };
        let fresh = match opened {
            Ok(fresh) => fresh,
            Err(refusal) => {
                // These settings were in use, so they can be used.
                let _: Result<(), _> = self.logging.apply(&state.loggers);
                return Err(refusal);
            }
        };
        state.loggers = places.loggers;
        state.file = file;
        self.keep_channels(&config, &places.tls, state);
        state.lease_file = places.lease_file;
        crate::commands::register_hooks(self, &hooks);
        if let Some(pulling) = &mut pulling {
            pulling.commit();
        }
        self.host.store(Arc::new(HostView {
            databases: pulling.iter().map(|p| Arc::clone(&p.database)).collect(),
            tag: config.services.server_tag.clone(),
            file: Arc::clone(&state.file),
        }));
        state.pulling = pulling;
        state.socket_attempts = 0;
        self.start_workers(&config, state).await?;
        self.update_sockets(&selection, &config, state);
        self.in_force(&config);
        // Last: no command may meet a server that is half configured.
        self.serve_channels(state, fresh);
        Ok(())
    }

    /// Swaps in a configuration that differs from the running one only in what databases hold.
    pub(crate) async fn apply_pulled(
        &self,
        config: Arc<ServerConfig4>,
        lease_file: &Path,
    ) -> Result<(), Refusal> {
        self.swap(&config, lease_file).await?;
        log!(CbMerged {});
        self.in_force(&config);
        Ok(())
    }

    /// Changes the server's own part of the configuration and brings the whole into force; `config-write` saves it,
    /// and what is pulled later is merged with it. When anything fails, everything stays as it was.
    pub(crate) async fn edit(&self, edit: modules::edit::Edit) -> control::Answer {
        let mut state = self.state.lock().await;
        let mut file = (*state.file).clone();
        let answer = match edit(&mut file) {
            Ok(answer) => answer,
            Err(answer) => return answer,
        };
        let file = Arc::new(file);
        let whole = match &state.pulling {
            Some(pulling) => Arc::new(pulling.merge(&file)),
            None => Arc::clone(&file),
        };
        let outcome = async {
            let config = self.resolve(&whole)?;
            self.swap(&config, &state.lease_file).await?;
            Ok::<_, Refusal>(config)
        };
        match outcome.await {
            Ok(config) => {
                state.file = Arc::clone(&file);
                let view = self.host.load();
                self.host.store(Arc::new(HostView {
                    databases: view.databases.clone(),
                    tag: view.tag.clone(),
                    file,
                }));
                self.in_force(&config);
                answer
            }
            Err(refusal) => refusal.into(),
        }
    }

    /// The moment of change: no packet is in progress.
    async fn swap(&self, config: &Arc<ServerConfig4>, lease_file: &Path) -> Result<(), Refusal> {
        let running = self.shared.active.load_full();
        let failed = |error: lease::StoreError| Refusal::new(error.to_string());
        let settings = memfile_settings(&config.services.lease_database, lease_file).map_err(Refusal::new)?;
        let same_file = settings.path == running.memfile.settings().path;
        if same_file && settings.durability != running.memfile.settings().durability {
            return Err(Refusal::new(
                "'persist' and 'persist-sync' of a lease file in use cannot be changed; restart",
            ));
        }
        if same_file {
            running.memfile.set_lfc_interval(settings.lfc_interval);
        }
        let next = (!same_file).then_some(settings);
        let d2 = self.shared.d2.stage(&config.services.d2_client).map_err(Refusal::new)?;
        let _alone = self.shared.gate.write().await;
        let active = match next {
            None => {
                running.runtime.reconfigure(config, Some(&*running.store)).await.map_err(failed)?;
                Active {
                    config: Arc::clone(config),
                    store: Arc::clone(&running.store),
                    memfile: Arc::clone(&running.memfile),
                    runtime: Arc::clone(&running.runtime),
                }
            }
            Some(settings) => match open_store(self, config, settings).await {
                Ok(active) => active,
                Err(error) => {
                    running.runtime.restore(&running.config, &*running.store).await.map_err(failed)?;
                    return Err(failed(error));
                }
            },
        };
        self.shared.active.store(Arc::new(active));
        self.shared.d2.adopt(d2);
        let limit = observe::stats::Limit::from_defaults(
            config.services.statistic_default_sample_count,
            config.services.statistic_default_sample_age,
        );
        self.statistics.registry().set_default_limit(limit, self.shared.clock.now());
        Ok(())
    }

    fn in_force(&self, config: &ServerConfig4) {
        self.reloaded.store(self.shared.clock.steady(), Ordering::Relaxed);
        self.reconfigured.notify_waiters();
        log!(ConfigComplete { summary: summary(config) });
    }

    fn resolve_env(&self) -> config::ResolveEnv {
        config::ResolveEnv { relaxed: self.arguments.relaxed, ..config::ResolveEnv::default() }
    }

    /// Where the files of a configuration are; all violations of the rules about paths and secrets at once.
    fn places(&self, config: &ServerConfig4) -> Result<Places, Refusal> {
        let (places, report) = security::places(config, &self.paths, &self.file, self.arguments.relaxed);
        report.log_warnings();
        report.error_text().map_or(Ok(places), |text| Err(Refusal::new(text)))
    }

    fn new_channels(
        self: &Arc<Self>,
        config: &ServerConfig4,
        places: &Places,
        state: &State,
    ) -> Result<Vec<(ControlSocket, Bound)>, Refusal> {
        let mut fresh = Vec::new();
        for wanted in &config.services.control_sockets {
            if state.channels.iter().any(|(open, _)| is_same_place(open, wanted)) {
                continue;
            }
            fresh.push((wanted.clone(), self.bind_channel(wanted, places)?));
        }
        Ok(fresh)
    }

    fn bind_channel(self: &Arc<Self>, wanted: &ControlSocket, places: &Places) -> Result<Bound, Refusal> {
        match wanted {
            ControlSocket::Unix { path } => {
                // Its directory was judged with the other paths.
                let server = UnixServer::bind(&places.socket(path), Limits::UNIX, |_| Ok(()))
                    .map_err(|error| Refusal::new(error.to_string()))?;
                Ok(Bound::Unix(server))
            }
            ControlSocket::Http { address, port, .. } => {
                let (settings, handler) = self.http_settings(wanted, &places.tls);
                let server =
                    HttpServer::bind(SocketAddr::new(*address, *port), Limits::HTTP, &settings, handler)
                        .map_err(|error| Refusal::new(error.to_string()))?;
                Ok(Bound::Http(server))
            }
        }
    }

    fn serve_channels(self: &Arc<Self>, state: &mut State, fresh: Vec<(ControlSocket, Bound)>) {
        state.channels.extend(fresh.into_iter().map(|(socket, bound)| {
            let channel = match bound {
                Bound::Unix(server) => Channel::Unix(server.serve(Arc::clone(&self.commands))),
                Bound::Http(server) => Channel::Http(server.serve()),
            };
            (socket, channel)
        }));
    }

    /// Keeps the channels that stay, gives those their new settings that changed in place, closes the others.
    fn keep_channels(
        self: &Arc<Self>,
        config: &ServerConfig4,
        tls: &[(TlsPaths, ServerTls)],
        state: &mut State,
    ) {
        for (socket, channel) in std::mem::take(&mut state.channels) {
            // Certificates are files: what is in them may have changed while their names have not.
            let encrypted = matches!(socket, ControlSocket::Http { tls: Some(_), .. });
            if !encrypted && config.services.control_sockets.contains(&socket) {
                state.channels.push((socket, channel));
                continue;
            }
            let successor =
                config.services.control_sockets.iter().find(|wanted| is_same_place(wanted, &socket));
            match (channel, successor) {
                (Channel::Http(handle), Some(wanted)) => {
                    let (settings, handler) = self.http_settings(wanted, tls);
                    if let Err(error) = handle.update(&settings, handler) {
                        log!(ParserFail { element: "control-sockets", error });
                    }
                    state.channels.push((wanted.clone(), Channel::Http(handle)));
                }
                // The command that brought this configuration may have come over it: let it answer first.
                (channel, _) => {
                    tokio::spawn(close(channel));
                }
            }
        }
    }

    fn http_settings(
        &self,
        socket: &ControlSocket,
        loaded: &[(TlsPaths, ServerTls)],
    ) -> (HttpSettings, Handler) {
        let handler = table_handler(Arc::clone(&self.commands), "dhcp4");
        let settings = match socket {
            ControlSocket::Http { authentication, headers, tls, .. } => HttpSettings {
                credentials: authentication
                    .as_ref()
                    .and_then(|a| Credentials::new(&a.realm, a.clients.iter().map(|(u, p)| (u, p)))),
                headers: headers.clone(),
                tls: loaded.iter().find(|(paths, _)| Some(paths) == tls.as_ref()).map(|(_, tls)| tls.clone()),
                ..HttpSettings::default()
            },
            ControlSocket::Unix { .. } => HttpSettings::default(),
        };
        (settings, handler)
    }

    pub(crate) fn selection(&self, config: &ServerConfig4) -> Result<Selection4, Refusal> {
        let interfaces = net::interfaces().map_err(|error| Refusal::new(error.to_string()))?;
        let entries = config.services.interfaces.interfaces.iter().map(String::as_str);
        Selection4::new(entries, &interfaces).map_err(|errors| {
            let lines: Vec<String> =
                errors.iter().map(|e| format!("Failed to select interface: {}", e.error)).collect();
            Refusal::new(lines.join("\n"))
        })
    }

    /// Workers follow `multi-threading`; their number is fixed while sockets are open, so a change reopens them.
    async fn start_workers(
        self: &Arc<Self>,
        config: &ServerConfig4,
        state: &mut State,
    ) -> Result<(), Refusal> {
        let wanted = workers(config);
        if state.workers.len() == wanted {
            return Ok(());
        }
        // The old queues must be closed before new ones can have their addresses.
        for worker in std::mem::take(&mut state.workers) {
            worker.stop().await;
        }
        for number in 0..wanted {
            let worker = Worker::start(number, Arc::clone(&self.shared))
                .map_err(|error| Refusal::new(format!("cannot start a worker thread: {error}")))?;
            state.workers.push(worker);
        }
        let options = net::OpenOptions4 { workers: wanted, ..state.sockets.options().clone() };
        state.sockets = SocketSet4::new(options);
        log!(crate::messages::MultiThreading {
            enabled: config.services.multi_threading.enable,
            threads: wanted,
            queue: config.services.multi_threading.packet_queue_size
        });
        Ok(())
    }

    /// Opens and closes service sockets as interfaces and configuration ask. Answers whether all are open.
    pub(crate) fn update_sockets(
        &self,
        selection: &Selection4,
        config: &ServerConfig4,
        state: &mut State,
    ) -> bool {
        let interfaces = match net::interfaces() {
            Ok(interfaces) => interfaces,
            Err(error) => {
                log!(NoSockets { reason: error });
                return false;
            }
        };
        let mut plan = if self.arguments.repair {
            net::Plan4::default()
        } else {
            selection.plan(&interfaces, socket_type(config))
        };
        let mut problems: Vec<Problem> = std::mem::take(&mut plan.problems);
        let changes = state.sockets.apply(&plan);
        problems.extend(changes.problems);
        state.problems = problems.iter().map(ToString::to_string).collect();
        for problem in &problems {
            log!(OpenSocketFail { problem });
        }
        for (_, reason) in &changes.unsteered {
            log!(Unsteered { reason });
        }
        for (worker, opened) in state.workers.iter().zip(changes.opened) {
            if !opened.is_empty() {
                worker.order(Order::Open(opened));
            }
            if !changes.closed.is_empty() {
                worker.order(Order::Close(changes.closed.clone()));
            }
        }
        let served: HashSet<Ipv4Addr> = state.sockets.addresses().collect();
        self.shared.locals.update(&interfaces, served);
        if state.sockets.is_empty() && !self.arguments.repair {
            let reason = if selection.is_empty() {
                "interfaces-config selects none"
            } else {
                "none of the selected could be opened"
            };
            log!(NoSockets { reason });
        }
        problems.is_empty() && !changes.again
    }
}

/// Whether two control sockets have one path, or one address and port.
fn is_same_place(one: &ControlSocket, other: &ControlSocket) -> bool {
    match (one, other) {
        (ControlSocket::Unix { path: one }, ControlSocket::Unix { path: other }) => one == other,
        (ControlSocket::Http { address, port, .. }, ControlSocket::Http { address: a, port: p, .. }) => {
            (address, port) == (a, p)
        }
        _ => false,
    }
}

/// What the listed hook libraries stand for.
pub(crate) fn load_hooks(config: &ServerConfig4) -> Result<Vec<hooks::Loaded>, Refusal> {
    hooks::load(&config.services.hooks_libraries, hooks::Daemon::Dhcp4).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Refusal::new(lines.join("\n"))
    })
}

/// Threads that serve packets: one without multi-threading, else as configured or one per core.
fn workers(config: &ServerConfig4) -> usize {
    if !config.services.multi_threading.enable {
        return 1;
    }
    match config.services.multi_threading.thread_pool_size {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => usize::from(threads),
    }
}

fn socket_type(config: &ServerConfig4) -> net::SocketType {
    match config.services.interfaces.socket_type {
        config::SocketType::Raw => net::SocketType::Raw,
        config::SocketType::Udp => net::SocketType::Udp,
    }
}

async fn close(channel: Channel) {
    match channel {
        Channel::Unix(handle) => handle.stop(GRACE).await,
        Channel::Http(handle) => handle.stop(GRACE).await,
    }
}

/// Closes every control channel.
pub(crate) async fn close_all(state: &mut State) {
    for (_, channel) in std::mem::take(&mut state.channels) {
        close(channel).await;
    }
}

/// The lease file of a configuration.
///
/// # Errors
/// When the kind of database is none that this program has.
pub(crate) fn memfile_settings(access: &DatabaseAccess, path: &Path) -> Result<memfile::Settings, String> {
    if access.kind != "memfile" {
        return Err(format!("lease database type '{}' is not supported; use memfile", access.kind));
    }
    Ok(memfile::Settings {
        durability: match (access.persist, access.sync) {
            (false, _) => Durability::None,
            (true, SyncMode::Fsync) => Durability::Fsync,
            (true, SyncMode::Os) => Durability::Os,
        },
        lfc_interval: Seconds(access.lfc_interval),
        max_row_errors: access.max_row_errors,
        ..memfile::Settings::new(path)
    })
}

/// Opens a lease file; pools and statistics are filled from it.
pub(crate) async fn open_store(
    server: &Server,
    config: &Arc<ServerConfig4>,
    settings: memfile::Settings,
) -> Result<Active, lease::StoreError> {
    let runtime =
        Arc::new(Runtime4::new(Arc::clone(&server.statistics), daemon::RealRandom::new().next_u64()));
    runtime.reconfigure(config, None).await?;
    runtime.forget_leases();
    let observer: Arc<Runtime4> = Arc::clone(&runtime);
    let now = server.shared.clock.now().seconds();
    let (memfile, _report) = Memfile4::open(settings, observer, now)?;
    Ok(Active { config: Arc::clone(config), store: Arc::clone(&memfile) as _, memfile, runtime })
}

/// What `DHCP4_CONFIG_COMPLETE` says.
fn summary(config: &ServerConfig4) -> String {
    format!(
        "added IPv4 subnets: {}; shared networks: {}; DDNS: {}",
        if config.subnets.is_empty() { "none".to_owned() } else { config.subnets.len().to_string() },
        config.networks.len(),
        if config.services.d2_client.enable_updates { "enabled" } else { "disabled" }
    )
}
