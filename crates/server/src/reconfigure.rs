//! From a configuration file to a configuration in force: stage, check, swap.
//!
//! Everything that can fail comes first and touches nothing that runs. The swap itself waits for the batches of
//! packets in progress; what arrives meanwhile waits in the sockets.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base::{Family, Random, Seconds};
use channels::{Channels, Serving, SocketPlaces};
use config::{ConfigError, DatabaseAccess, ErrorKind, SyncMode};
use control::{Answer, result};
use daemon::{PathKind, RealRandom};
use engine::alloc::Runtime;
use lease::{Durable, StoreError};
use memfile::{Durability, Memfile};
use modules::perfmon;
use modules::run_script::{self, Runner};

use crate::Protocol;
use crate::bulk::Bulk;
use crate::ha::{Group, Ha, Listeners};
use crate::hosts::{Lookup, Used};
use crate::leases::{Home, LeaseDatabase};
use crate::legal::Legal;
use crate::messages::say;
use crate::parking::Parking;
use crate::ping::Pinger;
use crate::protocol::{Config, Written};
use crate::pull::{First, Pulling};
use crate::security::{self, Places};
use crate::server::{Active, HostView, Server};

/// Where the text of a configuration comes from: its faults are told in the words of that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    File,
    Command,
}

/// What a reconfiguration changes and packets do not look at.
pub(crate) struct State<P: Protocol> {
    /// The configuration without what came from databases.
    pub(crate) file: Arc<Written<P>>,
    pub(crate) channels: Channels,
    pub(crate) pulling: Option<Arc<Pulling<P>>>,
    /// Databases of host reservations.
    pub(crate) hosts: Vec<Arc<Used>>,
    pub(crate) lease_file: PathBuf,
    /// Bulk leasequery.
    pub(crate) bulk: Option<Bulk>,
    /// For partners of high availability.
    pub(crate) listeners: Listeners,
}

impl<P: Protocol> Default for State<P> {
    fn default() -> Self {
        Self {
            file: Arc::default(),
            channels: Channels::default(),
            pulling: None,
            hosts: Vec::new(),
            lease_file: PathBuf::new(),
            bulk: None,
            listeners: Listeners::default(),
        }
    }
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
    pub(crate) fn new(text: impl Into<String>) -> Self {
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

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::with_result(refusal.result, refusal.text)
    }
}

/// A configuration as read, with what reading found wrong in it.
pub(crate) struct Draft<P: Protocol> {
    pub(crate) written: Arc<Written<P>>,
    errors: Vec<ConfigError>,
}

/// A configuration that was checked, and what it is made of.
pub(crate) struct Checked<P: Protocol> {
    config: Arc<Config<P>>,
    places: Places,
    hooks: modules::Libraries,
}

/// A configuration that was read and checked, and what it takes to run it.
pub(crate) struct Staged<P: Protocol> {
    file: Arc<Written<P>>,
    config: Arc<Config<P>>,
    pulling: Option<Pulling<P>>,
    hosts: Vec<Arc<Used>>,
    /// Where leases are; `None`: in a file.
    leases: Option<Arc<LeaseDatabase<P>>>,
    places: Places,
    hooks: modules::Libraries,
    outlets: Outlets,
    /// What the operator should know although it runs.
    remark: Option<String>,
}

impl<P: Protocol> Server<P> {
    /// With `-X`, configurations of Kea's old days are taken as they are: subnets without an id get one.
    fn draft(&self, value: json::Value, source: Source) -> Draft<P> {
        let env = config::ParseEnv { assign_subnet_ids: self.arguments.relaxed };
        let (written, errors) = match source {
            Source::File => config::parse_with(value, env),
            Source::Command => config::parse_arguments(value, env),
        };
        Draft { written: Arc::new(written), errors }
    }

    /// Reads the arguments of config-set and config-test.
    pub(crate) fn parse(&self, arguments: json::Value) -> Draft<P> {
        self.draft(arguments, Source::Command)
    }

    /// Reads a configuration file with its one map.
    ///
    /// # Errors
    /// When it is not there or no JSON.
    pub(crate) fn read(&self, path: &Path) -> Result<Draft<P>, Refusal> {
        let octets = std::fs::read(path)
            .map_err(|error| Refusal::new(format!("Unable to open file {}: {error}", path.display())))?;
        let name: Arc<str> = path.to_string_lossy().into();
        let mut loader = json::FileLoader::default();
        let parser = json::Parser::new(json::Dialect::Config).source(name).loader(&mut loader);
        let parsed = parser.parse_bytes(&octets).map_err(|error| Refusal::errors(&[error.into()]))?;
        for warning in &parsed.warnings {
            say!(P, SyntaxWarning { text: warning });
        }
        Ok(self.draft(parsed.value, Source::File))
    }

    pub(crate) fn resolve(&self, written: &Arc<Written<P>>) -> Result<Arc<Config<P>>, Refusal> {
        self.resolved(Arc::clone(written)).map_err(|errors| refuse::<P>(&errors))
    }

    fn resolved(&self, written: Arc<Written<P>>) -> Result<Arc<Config<P>>, Vec<ConfigError>> {
        let env = config::ResolveEnv { relaxed: self.arguments.relaxed, ..config::ResolveEnv::default() };
        let before = self.config();
        let config = <P::Model as config::Protocol>::resolve_after(written, &env, Some(&before))?;
        for option in &config.left_out {
            say!(P, OptionLeftOut { reason: option });
        }
        Ok(Arc::new(config))
    }

    /// Checks all that can be checked without opening anything, the list of hook libraries too if asked; everything
    /// that is wrong is told at once.
    pub(crate) fn check(&self, draft: &Draft<P>, with_hooks: bool) -> Result<Checked<P>, Refusal> {
        let mut errors = draft.errors.clone();
        let config = match self.resolved(Arc::clone(&draft.written)) {
            Ok(config) => Some(config),
            Err(more) => {
                // What is faulty was left out of what is resolved; its absence is no second fault.
                let known: HashSet<_> = errors.iter().map(|e| (e.pos.line, e.pos.column)).collect();
                errors.extend(more.into_iter().filter(|e| !known.contains(&(e.pos.line, e.pos.column))));
                None
            }
        };
        let Some(config) = config.filter(|_| errors.is_empty()) else { return Err(refuse::<P>(&errors)) };
        let classes = &config.classes;
        for class in classes.configured.iter().filter_map(|id| classes.get(*id)) {
            engine::warn_of_class_name(&class.name);
        }
        let services = &config.services;
        let mut hooks =
            if with_hooks { load_hooks::<P>(services) } else { Ok(modules::Libraries::default()) };
        let listed = hooks.as_mut().ok();
        let (places, report) = security::places::<P>(services, listed, &self.paths, self.arguments.relaxed);
        report.log_warnings();
        // The lease file is looked at before other files of its kind.
        if places.lease_file.as_os_str().is_empty()
            && let Some(violation) = report.errors.iter().find(|error| error.kind == PathKind::Data)
        {
            say!(P, LeaseFileRefused { error: &violation.problem });
        }
        match (report.error_text(), hooks) {
            (None, Ok(hooks)) => Ok(Checked { config, places, hooks }),
            (Some(text), Ok(_)) | (None, Err(text)) => Err(Refusal::new(text)),
            (Some(one), Err(other)) => Err(Refusal::new(format!("{one}\n{other}"))),
        }
    }

    /// Checks and opens what a configuration needs, changing nothing that runs.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) async fn stage(&self, draft: Draft<P>, state: &State<P>) -> Result<Staged<P>, Refusal> {
        say!(
            P,
            ConfigStart { config: json::to_string(&observe::redact(&config::write_file(&draft.written))) }
        );
        let Checked { config: own, places, hooks } = self.check(&draft, true)?;
        remark::<P>(&own.services);
        let file = draft.written;
        let mut pulling = Pulling::open(&own.services, state.pulling.as_deref(), &places);
        let mut remark = None;
        let config = match &mut pulling {
            Some(pulling) if !self.arguments.repair => {
                let first = pulling.fetch_first(state.pulling.as_deref()).await;
                let objects = match first.map_err(|error| Refusal::new(error.to_string()))? {
                    First::Fetched(objects) => Some(Arc::new(objects)),
                    First::Kept(objects, error) => {
                        remark = Some(format!("{error}: what was fetched from it before stays in force"));
                        Some(objects)
                    }
                    First::Without(error) => {
                        remark = Some(format!("{error}: without it the file alone is in force"));
                        None
                    }
                };
                match objects {
                    Some(objects) => {
                        let config = self.resolve(&Arc::new(pulling.merge(&file, &objects)))?;
                        say!(P, CbMerged);
                        config
                    }
                    None => own,
                }
            }
            _ => own,
        };
        let hosts = Used::all::<P>(&config.services, &state.hosts, &places);
        let running = self.shared.active.load().home.clone();
        let leases = LeaseDatabase::named(&config.services.lease_database, &running)?;
        let starting = state.lease_file.as_os_str().is_empty();
        if !self.arguments.repair {
            for used in &hosts {
                used.contact::<P>(starting).await?;
            }
        }
        if let Some(leases) = &leases {
            leases.contact(starting).await?;
            leases.fits(&config).await?;
        }
        let access = config.legal_log.as_ref().and_then(|legal| legal.database.as_ref());
        let legal_log = Legal::named(self, hooks.legal_log.as_ref(), access, starting).await?;
        let scripts = self.scripts(hooks.run_script.as_ref()).map_err(Refusal::new)?;
        let perfmon = self.perfmon(hooks.perfmon.as_ref());
        let outlets = Outlets { legal_log, perfmon, scripts };
        Ok(Staged { file, config, pulling, hosts, leases, places, hooks, outlets, remark })
    }

    /// Brings a staged configuration into force. Answers what the operator should know although it runs.
    ///
    /// # Errors
    /// When a control socket or the lease database cannot be opened; the running configuration stays.
    pub(crate) async fn apply(
        self: &Arc<Self>,
        staged: Staged<P>,
        state: &mut State<P>,
    ) -> Result<Option<String>, Refusal> {
        let Staged { file, config, mut pulling, hosts, leases, places, hooks, outlets, remark } = staged;
        let services = &config.services;
        let selection = self.selection(&config)?;
        let control_sockets = places.sockets.resolved(&services.control_sockets);
        let asked = config.lease_query.as_ref();
        let bulk_stays = state.bulk.as_ref().is_some_and(|bulk| bulk.is(asked));
        let bulk = if bulk_stays { None } else { Bulk::bind(asked, state.bulk.as_ref())? };
        let workers = self.new_workers(&services.multi_threading).await?;
        let listened = hooks.ha.as_ref().filter(|_| services.multi_threading.enable);
        let listened = listened.map(|settings| settings.0.as_slice()).unwrap_or_default();
        let mut logging = None;
        let opened = async {
            let change = self.logging.apply(&places.loggers);
            logging = Some(change.map_err(|error| Refusal::new(error.to_string()))?);
            let fresh =
                self.with_channels(&places.sockets, |serving| state.channels.bind(&control_sockets, serving));
            let fresh = fresh.map_err(Refusal::new)?;
            let front = self.front.enter();
            let listeners = state.listeners.bind::<P>(listened, &self.commands).map_err(Refusal::new)?;
            drop(front);
            let leases = Wanted { file: &places.lease_file, database: leases.as_ref() };
            let ha = self.group(hooks.ha.as_ref(), services);
            self.swap(&config, leases, &hosts, Some((outlets, ha))).await.map(|()| (fresh, listeners))
        };
        let (fresh, listeners) = match opened.await {
            Ok(opened) => opened,
            Err(refusal) => {
                crate::sockets::end(workers.unwrap_or_default()).await;
                if let Some(change) = logging {
                    self.logging.undo(change);
                }
                return Err(refusal);
            }
        };
        state.file = file;
        self.with_channels(&places.sockets, |serving| {
            state.channels.keep(&control_sockets, serving, |error| {
                say!(P, ParserFail { element: "control-sockets", error });
            });
        });
        state.lease_file = places.lease_file;
        crate::commands::register_hooks(self, &hooks);
        if let Some(pulling) = &mut pulling {
            pulling.commit();
        }
        self.host.store(Arc::new(HostView {
            databases: pulling.iter().map(|p| Arc::clone(&p.database)).collect(),
            hosts: hosts.iter().map(|used| Arc::clone(&used.database)).collect(),
            tag: services.server_tag.clone(),
            file: Arc::clone(&state.file),
        }));
        state.pulling = pulling.map(Arc::new);
        hosts.iter().enumerate().for_each(|(at, used)| used.watched(self, at));
        if let Some(leases) = &leases {
            leases.watched(self);
        }
        if let Some(legal) = &self.shared.active.load().legal_log {
            legal.watched(self);
        }
        state.hosts = hosts;
        let mut sockets = self.sockets.lock().await;
        sockets.attempts = 0;
        if let Some(workers) = workers {
            self.replace_workers(&mut sockets, workers, &services.multi_threading).await;
        }
        self.follow_sockets(&mut sockets, &selection, &config);
        drop(sockets);
        if !bulk_stays {
            state.bulk = bulk;
            if let Some(bulk) = &mut state.bulk {
                bulk.serve(&self.shared, crate::sockets::workers(&services.multi_threading));
            }
        }
        self.in_force(&config);
        // Last: no command may meet a server that is half configured.
        let _front = self.front.enter();
        state.channels.serve(fresh, &self.commands);
        state.listeners.serve(listeners);
        if let Some(ha) = &self.shared.active.load().ha {
            ha.group.start(self);
        }
        Ok(remark)
    }

    /// Swaps in a configuration that differs from the running one only in what databases hold.
    pub(crate) async fn apply_pulled(&self, config: Arc<Config<P>>, state: &State<P>) -> Result<(), Refusal> {
        self.swap_same(&config, state).await?;
        say!(P, CbMerged);
        self.in_force(&config);
        Ok(())
    }

    /// Changes the server's own part of the configuration and brings the whole into force; `config-write` saves it,
    /// and what is pulled later is merged with it. When anything fails, everything stays as it was.
    pub async fn edit(&self, edit: impl FnOnce(&mut Written<P>) -> Result<Answer, Answer> + Send) -> Answer {
        let mut state = self.state.lock().await;
        let mut file = (*state.file).clone();
        let answer = match edit(&mut file) {
            Ok(answer) => answer,
            Err(answer) => return answer,
        };
        let file = Arc::new(file);
        let whole = match &state.pulling {
            Some(pulling) => Arc::new(pulling.merge(&file, &pulling.running())),
            None => Arc::clone(&file),
        };
        let outcome = async {
            let config = self.resolve(&whole)?;
            self.swap_same(&config, &state).await?;
            Ok::<_, Refusal>(config)
        };
        match outcome.await {
            Ok(config) => {
                state.file = Arc::clone(&file);
                let view = self.host.load();
                self.host.store(Arc::new(HostView {
                    databases: view.databases.clone(),
                    hosts: view.hosts.clone(),
                    tag: view.tag.clone(),
                    file,
                }));
                self.in_force(&config);
                answer
            }
            Err(refusal) => refusal.into(),
        }
    }

    /// As [`swap`](Self::swap), where leases and reservations stay where they are.
    async fn swap_same(&self, config: &Arc<Config<P>>, state: &State<P>) -> Result<(), Refusal> {
        let home = self.shared.active.load().home.clone();
        let leases = Wanted { file: &state.lease_file, database: home.database() };
        self.swap(config, leases, &state.hosts, None).await
    }

    /// The moment of change: no packet is in progress. `outlets`: those from now on, and the relationships of high
    /// availability, when the whole configuration was
    /// read; then a lease file that was removed or replaced meanwhile is opened anew.
    async fn swap(
        &self,
        config: &Arc<Config<P>>,
        leases: Wanted<'_, P>,
        hosts: &[Arc<Used>],
        outlets: Option<(Outlets, Option<Arc<Group<P>>>)>,
    ) -> Result<(), Refusal> {
        let running = self.shared.active.load_full();
        let reload = outlets.is_some();
        let (Outlets { legal_log, perfmon, scripts }, ha) = outlets.unwrap_or_else(|| {
            let ha = running.ha.as_ref().map(|ha| Arc::clone(&ha.group));
            let (legal_log, perfmon) = (running.legal_log.clone(), running.perfmon.clone());
            (Outlets { legal_log, perfmon, scripts: running.scripts.clone() }, ha)
        });
        let services = &config.services;
        let failed = |error: StoreError| Refusal::new(error.to_string());
        let next = Next::of(&running, &services.lease_database, leases, reload)?;
        let identity = P::identity(config, &self.paths, self.shared.clock.now()).map_err(Refusal::new)?;
        let identity = Arc::new(identity);
        let d2 = self.shared.d2.stage(&services.d2_client).map_err(Refusal::new)?;
        let line = self.shared.line.stage::<P>(config.globals.dhcp4o6_port).map_err(Refusal::new)?;
        let pinger = pinger(&running, config)?;
        let alone = self.shared.gate.write().await;
        // What it changes of statistics is stamped with its time.
        P::set_now(&self.statistics, self.shared.clock.now());
        let opened = match next {
            Next::Same => {
                let look = reload && checks_differ::<P>(&running.config, config);
                self.keep_store(&running, config, look).await
            }
            Next::File(settings) => self.open_store(config, settings).await,
            Next::Database(database) => self.open_database(config, database).await,
        };
        let Opened { home, store, runtime } = match opened {
            Ok(opened) => opened,
            Err(error) => {
                P::restore(&running.runtime, &running.config, &running.store).await.map_err(failed)?;
                return Err(failed(error));
            }
        };
        store.keep_extended_info(config.lease_query.as_ref().is_some_and(|query| query.extended_info));
        let replaced = running.legal_log.clone();
        let replaced = replaced.filter(|old| legal_log.as_ref().is_none_or(|new| !Arc::ptr_eq(new, old)));
        let active = Active {
            config: Arc::clone(config),
            store,
            runtime,
            identity,
            hosts: Lookup::start(config, hosts),
            libraries: P::libraries(config, &self.shared.kept),
            pinger: pinger.clone(),
            checks: Parking::new(services.parked_packet_limit),
            legal_log,
            perfmon,
            scripts,
            ha: ha.map(|group| Ha::new(group, config)),
            parking: Active::parking(config, &home, !hosts.is_empty()),
            home,
        };
        if let Some(perfmon) = active.perfmon.as_ref().filter(|_| reload) {
            perfmon.restore();
        }
        self.shared.active.store(Arc::new(active));
        if let Some(old) = &running.ha {
            let goes_on =
                self.shared.active.load().ha.as_ref().is_some_and(|ha| Arc::ptr_eq(&ha.group, &old.group));
            if !goes_on {
                old.group.end(self);
            }
        }
        if let Some(old) = replaced {
            // What it was told is to be written, also when the server ends soon.
            tokio::task::spawn_blocking(move || old.log.flush());
        }
        if let Some(memfile) = self.shared.active.load().home.file() {
            memfile.set_lfc_interval(Seconds(services.lease_database.lfc_interval));
        }
        self.shared.d2.adopt(d2);
        drop(alone);
        if self.shared.line.adopt(line) {
            self.sockets.lock().await.serve_line(self.shared.line.socket());
        }
        let limit = observe::stats::Limit::from_defaults(
            services.statistic_default_sample_count,
            services.statistic_default_sample_age,
        );
        self.registry.set_default_limit(limit, self.shared.clock.now());
        Ok(())
    }

    /// The relationships of a configuration: those that there are, where nothing about them changes.
    fn group(
        &self,
        settings: Option<&modules::ha::Settings>,
        services: &config::Services,
    ) -> Option<Arc<Group<P>>> {
        let running = self.shared.active.load().ha.as_ref().map(|ha| Arc::clone(&ha.group));
        let settings = settings?;
        if let Some(running) = running.filter(|running| running.goes_on(settings)) {
            return Some(running);
        }
        let threads = services.multi_threading.enable;
        Some(Arc::new(Group::new(settings.clone(), threads, &self.shared.clock, &self.background)))
    }

    /// Does something to the channels, on their thread.
    fn with_channels<T>(self: &Arc<Self>, places: &SocketPlaces, work: impl FnOnce(&Serving<'_>) -> T) -> T {
        let _front = self.front.enter();
        let pages = || crate::metrics::pages(self);
        work(&Serving { commands: &self.commands, service: P::SERVICE, pages: &pages, tls: &places.tls })
    }

    fn in_force(&self, config: &Config<P>) {
        self.reloaded.store(self.shared.clock.steady(), Ordering::Relaxed);
        self.reconfigured.notify_waiters();
        say!(P, ConfigComplete { summary: summary::<P>(config) });
    }

    /// The lease store stays, and pools follow the configuration. `look`: so do the leases, as if they were read anew.
    async fn keep_store(
        &self,
        running: &Active<P>,
        config: &Config<P>,
        look: bool,
    ) -> Result<Opened<P>, StoreError> {
        let store = &running.store;
        P::reconfigure(&running.runtime, config, Some(store)).await?;
        // As in Kea, leases in a database are not looked at: other servers may want them otherwise.
        if look && running.home.file().is_some() {
            let mark = store.mark();
            P::check(config, store).await?;
            store.commit(mark).await?;
        }
        Ok(Opened {
            home: running.home.clone(),
            store: Arc::clone(store),
            runtime: Arc::clone(&running.runtime),
        })
    }

    /// Pools and statistics of a store that is to be opened.
    async fn fresh(&self, config: &Config<P>) -> Result<Arc<Runtime<P::Lease>>, StoreError> {
        let runtime =
            Arc::new(Runtime::<P::Lease>::new(Arc::clone(&self.statistics), RealRandom::new().next_u64()));
        P::reconfigure(&runtime, config, None).await?;
        runtime.forget_leases();
        Ok(runtime)
    }

    /// Opens a lease file; pools and statistics are filled from it.
    async fn open_store(
        &self,
        config: &Config<P>,
        settings: memfile::Settings,
    ) -> Result<Opened<P>, StoreError> {
        let runtime = self.fresh(config).await?;
        let now = self.shared.clock.now().seconds();
        let (memfile, _report) = Memfile::open(settings, P::observer(Arc::clone(&runtime)), now)?;
        let store = P::store(Arc::clone(&memfile));
        let mark = store.mark();
        P::check(config, &store).await?;
        store.commit(mark).await?;
        Ok(Opened { home: Home::File(memfile), store, runtime })
    }

    /// What runs the script of a configuration: what runs already, where nothing about it changes.
    fn scripts(&self, settings: Option<&run_script::Settings>) -> Result<Option<Arc<Runner>>, String> {
        let Some(settings) = settings else { return Ok(None) };
        let running = self.shared.active.load().scripts.clone();
        if let Some(running) = running.filter(|running| running.settings() == settings) {
            return Ok(Some(running));
        }
        let started = Runner::start(settings).map(|runner| Some(Arc::new(runner)));
        started.map_err(|error| format!("libdhcp_run_script: {error}"))
    }

    /// The measurement of a configuration: the one under way, where nothing about it changes.
    fn perfmon(&self, settings: Option<&perfmon::Settings>) -> Option<Arc<perfmon::Monitor>> {
        let settings = settings?;
        let running = self.shared.active.load().perfmon.clone();
        if let Some(running) = running.filter(|running| running.settings() == settings) {
            return Some(running);
        }
        let clock = Arc::clone(&self.shared.clock);
        Some(Arc::new(perfmon::Monitor::new(settings, P::FAMILY, clock, Arc::clone(&self.registry))))
    }

    /// Begins to keep leases in a database; pools and statistics are filled from it.
    async fn open_database(
        &self,
        config: &Config<P>,
        database: Arc<LeaseDatabase<P>>,
    ) -> Result<Opened<P>, StoreError> {
        let runtime = self.fresh(config).await?;
        let leases = &database.leases;
        leases.observed_by(P::database_observer(Arc::clone(&runtime)));
        match leases.load().await {
            // It is filled when the database is there.
            Err(_) if database.may_wait() => {}
            loaded => loaded?,
        }
        let store = P::database_store(Arc::clone(leases));
        Ok(Opened { home: Home::Database(database), store, runtime })
    }
}

/// What is told of leases beside clients and DNS.
struct Outlets {
    legal_log: Option<Arc<Legal>>,
    perfmon: Option<Arc<perfmon::Monitor>>,
    scripts: Option<Arc<Runner>>,
}

/// What asks addresses for a configuration: what does so already, where its threads stay as many.
fn pinger<P: Protocol>(running: &Active<P>, config: &Config<P>) -> Result<Option<Arc<Pinger>>, Refusal> {
    let Some(settings) = &config.ping_check else { return Ok(None) };
    let threads = match settings.threads {
        0 => crate::sockets::workers(&config.services.multi_threading),
        threads => threads,
    };
    if let Some(running) = running.pinger.as_ref().filter(|pinger| pinger.threads() == threads) {
        return Ok(Some(Arc::clone(running)));
    }
    let started = Pinger::start(threads);
    let refused = |error| Refusal::new(format!("libdhcp_ping_check: no ICMP socket: {error}"));
    started.map(|pinger| Some(Arc::new(pinger))).map_err(refused)
}

/// Where the leases of a configuration are to be.
struct Wanted<'a, P: Protocol> {
    file: &'a Path,
    /// `None`: in the file.
    database: Option<&'a Arc<LeaseDatabase<P>>>,
}

/// What becomes of the lease store.
enum Next<P: Protocol> {
    Same,
    File(memfile::Settings),
    Database(Arc<LeaseDatabase<P>>),
}

impl<P: Protocol> Next<P> {
    fn of(
        running: &Active<P>,
        access: &DatabaseAccess,
        wanted: Wanted<'_, P>,
        reload: bool,
    ) -> Result<Self, Refusal> {
        if let Some(database) = wanted.database {
            let same = running.home.database().is_some_and(|used| Arc::ptr_eq(used, database));
            return Ok(if same { Self::Same } else { Self::Database(Arc::clone(database)) });
        }
        let settings = memfile_settings(access, wanted.file);
        let Some(memfile) = running.home.file().filter(|memfile| memfile.settings().path == settings.path)
        else {
            return Ok(Self::File(settings));
        };
        if memfile.settings().durability != settings.durability {
            return Err(Refusal::new(
                "'persist' and 'persist-sync' of a lease file in use cannot be changed; restart",
            ));
        }
        Ok(if reload && !memfile.in_place() { Self::File(settings) } else { Self::Same })
    }
}

/// A lease store that is ready, with the pools and statistics that follow it.
struct Opened<P: Protocol> {
    home: Home<P>,
    store: Arc<P::Store>,
    runtime: Arc<Runtime<P::Lease>>,
}

/// Whether leases that were well may be so no longer (`sanity-checks`).
fn checks_differ<P: Protocol>(old: &Config<P>, new: &Config<P>) -> bool {
    let subnets = |config: &Config<P>| -> Vec<_> {
        config.subnets.iter().map(|subnet| (subnet.id, subnet.prefix)).collect()
    };
    old.services.sanity_checks != new.services.sanity_checks || subnets(old) != subnets(new)
}

/// Says which keywords, where they are written, change nothing.
fn remark<P: Protocol>(services: &config::Services) {
    if services.reservations_lookup_first.is_some() && services.multi_threading.enable {
        say!(P, LookupFirst);
    }
    if services.data_directory.is_some() {
        say!(P, DataDirectory);
    }
}

/// Logs each fault.
fn refuse<P: Protocol>(errors: &[ConfigError]) -> Refusal {
    for error in errors.iter().filter(|error| error.kind != ErrorKind::Syntax) {
        say!(P, ParserFail { element: error.element(), error });
    }
    Refusal::errors(errors)
}

/// What the listed hook libraries stand for.
fn load_hooks<P: Protocol>(services: &config::Services) -> Result<modules::Libraries, String> {
    let daemon = match P::FAMILY {
        Family::V4 => hooks::Daemon::Dhcp4,
        Family::V6 => hooks::Daemon::Dhcp6,
    };
    modules::Libraries::load(&services.hooks_libraries, daemon).map_err(|faults| faults.join("\n"))
}

/// The lease file of a configuration.
fn memfile_settings(access: &DatabaseAccess, path: &Path) -> memfile::Settings {
    memfile::Settings {
        durability: match (access.persist, access.sync) {
            (false, _) => Durability::None,
            (true, SyncMode::Fsync) => Durability::Fsync,
            (true, SyncMode::Os) => Durability::Os,
        },
        lfc_interval: Seconds(access.lfc_interval),
        max_row_errors: access.max_row_errors,
        ..memfile::Settings::new(path)
    }
}

/// What the log says of a configuration that came into force.
fn summary<P: Protocol>(config: &Config<P>) -> String {
    let digit = match P::FAMILY {
        Family::V4 => 4,
        Family::V6 => 6,
    };
    let subnets = config.subnets.len();
    format!(
        "added IPv{digit} subnets: {}; shared networks: {}; DDNS: {}",
        if subnets == 0 { "none".to_owned() } else { subnets.to_string() },
        config.networks.len(),
        if config.services.d2_client.enable_updates { "enabled" } else { "disabled" }
    )
}
