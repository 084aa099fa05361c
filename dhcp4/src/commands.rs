//! The commands of kea-dhcp4 itself. Each has one definition; answers and texts are those that programs match.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base::Family;
use control::{Access, Answer, Command, CommandDef, CommandTable};
use daemon::{Audit, PathKind, version};
use engine::v4::reclaim;
use json::{Map, Value};
use observe::StatisticCommand;
use observe::log;

use crate::hook_host::HookHost;
use crate::messages::{HookBuiltIn, HookFailed, ReconfigureFailed, Reconfigured, Reconfiguring};
use crate::pull::Reason;
use crate::reconfigure::{self, Refusal};
use crate::server::Server;
use crate::service::{self, Origin};

/// What `-V` and `version-get` name beside the version.
pub(crate) const COMPONENTS: [version::Component; 2] =
    [("Memfile backend", "3.1"), ("SQLite configuration backend", "1.0")];

type Handled = std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A command and its handler.
struct Entry(CommandDef, fn(Arc<Server>, Command) -> Handled);

const fn entry(
    name: &'static str,
    access: Access,
    arguments: &'static str,
    summary: &'static str,
    handler: fn(Arc<Server>, Command) -> Handled,
) -> Entry {
    Entry(CommandDef::built_in(name, access, arguments, summary), handler)
}

/// The built-in commands but statistics.
const COMMANDS: [Entry; 19] = [
    entry("build-report", Access::Read, "", "How the program was built.", |s, _| {
        now(Answer::ok(version::build_report(&s.paths, &COMPONENTS)))
    }),
    entry(
        "config-backend-pull",
        Access::Write,
        "",
        "Brings the server up to date with its database.",
        |s, _| Box::pin(config_backend_pull(s)),
    ),
    entry("config-get", Access::Read, "", "The running configuration.", |s, _| Box::pin(config_get(s))),
    entry("config-hash-get", Access::Read, "", "Hash of the running configuration.", |s, _| {
        now(Answer::arguments([("hash", hash(&s))]))
    }),
    entry("config-reload", Access::Write, "", "Reads the configuration file again.", |s, _| {
        Box::pin(async move { reload(&s).await })
    }),
    entry("config-set", Access::Write, "Dhcp4:map", "Replaces the configuration.", |s, c| {
        Box::pin(config_set(s, c))
    }),
    entry("config-test", Access::Write, "Dhcp4:map", "Checks a configuration.", |s, c| {
        now(config_test(&s, &c))
    }),
    entry(
        "config-write",
        Access::Write,
        "filename:string?",
        "Writes the configuration to a file.",
        |s, c| now(config_write(&s, &c)),
    ),
    entry(
        "dhcp-disable",
        Access::Write,
        "max-period:integer?,origin:string|integer?,origin-id:integer?",
        "Stops answering clients.",
        |s, c| now(dhcp_disable(&s, &c)),
    ),
    entry(
        "dhcp-enable",
        Access::Write,
        "origin:string|integer?,origin-id:integer?",
        "Answers clients again.",
        |s, c| now(dhcp_enable(&s, &c)),
    ),
    entry("kea-lfc-start", Access::Write, "", "Cleans up the lease file now.", |s, _| now(lfc_start(&s))),
    entry("leases-reclaim", Access::Write, "remove:boolean", "Reclaims all expired leases now.", |s, c| {
        Box::pin(leases_reclaim(s, c))
    }),
    entry("server-tag-get", Access::Read, "", "The server's tag.", |s, _| {
        let tag = s.config().services.server_tag.clone();
        now(Answer::arguments([("server-tag", Value::from(tag.as_str()))]))
    }),
    entry("shutdown", Access::Write, "exit-value:integer?", "Ends the server.", |s, c| now(shutdown(&s, &c))),
    entry("status-get", Access::Read, "", "How the server is doing.", |s, _| Box::pin(status_get(s))),
    entry(
        "subnet4-get",
        Access::Read,
        "id:integer | subnet:string",
        "A subnet of the running configuration.",
        |s, c| now(modules::subnet_cmds::subnet4_get(&s.config(), &c)),
    ),
    entry("subnet4-list", Access::Read, "", "The subnets of the running configuration.", |s, _| {
        now(modules::subnet_cmds::subnet4_list(&s.config()))
    }),
    entry(
        "subnet4-select-test",
        Access::Read,
        "interface:string?,address:string?,relay:string?,local:string?,remote:string?,link:string?,subnet:string?,classes:list?",
        "Which subnet a client would get.",
        |s, c| now(crate::subnets::select_test(&s, &c)),
    ),
    entry("version-get", Access::Read, "", "The version.", |_, _| {
        let extended = version::extended(&COMPONENTS);
        now(Answer::full(version::KEA_VERSION, [("extended", Value::from(extended))]))
    }),
];

fn now(answer: Answer) -> Handled {
    Box::pin(std::future::ready(answer))
}

/// Registers the built-in commands.
///
/// # Errors
/// When two commands have one name.
pub(crate) fn register(server: &Arc<Server>, table: &CommandTable) -> Result<(), control::DuplicateCommand> {
    for Entry(definition, handler) in COMMANDS {
        let server = Arc::clone(server);
        table.register(definition, move |command| handler(Arc::clone(&server), command))?;
    }
    for (name, statistic) in StatisticCommand::ALL {
        let read = matches!(
            statistic,
            StatisticCommand::Get | StatisticCommand::GetAll | StatisticCommand::GlobalGetAll
        );
        let access = if read { Access::Read } else { Access::Write };
        let definition = CommandDef::built_in(name, access, "name:string?", "Reads or changes statistics.");
        let server = Arc::clone(server);
        table.register(definition, move |command: Command| {
            let registry = server.statistics.registry();
            let outcome = statistic.run(registry, command.arguments.as_ref(), server.shared.clock.now());
            let mut answer = Answer::with_result(outcome.result, outcome.text);
            if let Some(arguments) = outcome.arguments {
                answer = answer.and_arguments(arguments);
            }
            std::future::ready(answer)
        })?;
    }
    Ok(())
}

/// Registers the commands of the hook libraries that a configuration lists, and takes those back that it no longer
/// lists.
pub(crate) fn register_hooks(server: &Arc<Server>, loaded: &[hooks::Loaded]) {
    let table = &server.commands;
    for provider in [
        modules::cb_cmds::PROVIDER,
        modules::class_cmds::PROVIDER,
        modules::lease_cmds::PROVIDER,
        modules::stat_cmds::PROVIDER,
        modules::subnet_cmds::PROVIDER,
    ] {
        table.deregister_provider(provider);
    }
    for library in loaded {
        let outcome = match library {
            hooks::Loaded::Module { module, .. } => register_module(server, *module),
            hooks::Loaded::Accepted { name, note } => {
                log!(HookBuiltIn { name, note });
                Ok(())
            }
        };
        if let Err(error) = outcome {
            log!(HookFailed { error });
        }
    }
}

fn register_module(server: &Arc<Server>, module: hooks::Module) -> Result<(), control::DuplicateCommand> {
    let table = &server.commands;
    let host = || Arc::new(HookHost(Arc::clone(server)));
    match module {
        hooks::Module::CbCmds => {
            let host = Arc::new(crate::pull::Host(Arc::clone(server)));
            modules::cb_cmds::register(table, Family::V4, host)
        }
        hooks::Module::ClassCmds => modules::class_cmds::register(table, host()),
        hooks::Module::LeaseCmds => modules::lease_cmds::register(table, host()),
        hooks::Module::StatCmds => modules::stat_cmds::register(table, host()),
        hooks::Module::SubnetCmds => modules::subnet_cmds::register(table, host()),
    }
}

/// What `config-get` answers: the running configuration and its hash.
fn running(server: &Server) -> Value {
    config::config_get(&server.config().written)
}

fn hash(server: &Server) -> Value {
    running(server).get("hash").cloned().unwrap_or_default()
}

async fn config_get(server: Arc<Server>) -> Answer {
    // With many subnets this takes a while; the packet loop has threads of its own.
    Answer::arguments(tokio::task::block_in_place(|| running(&server)))
}

/// The arguments of config-set and config-test.
fn dhcp4_argument(command: &Command) -> Result<Value, Answer> {
    match &command.arguments {
        Some(arguments) if arguments.as_map().is_some() => Ok(arguments.clone()),
        _ => Err(Answer::error("Missing mandatory 'arguments' parameter.")),
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::with_result(refusal.result, refusal.text)
    }
}

async fn config_set(server: Arc<Server>, command: Command) -> Answer {
    let value = match dhcp4_argument(&command) {
        Ok(value) => value,
        Err(answer) => return answer,
    };
    let mut state = server.state.lock().await;
    let outcome = async {
        let file = reconfigure::parse(value, server.arguments.relaxed)?;
        let staged = server.stage(file, &state).await?;
        server.apply(staged, &mut state).await
    };
    match outcome.await {
        Ok(()) => {
            drop(state);
            Answer::full("Configuration successful.", [("hash", hash(&server))])
        }
        Err(refusal) => refusal.into(),
    }
}

fn config_test(server: &Server, command: &Command) -> Answer {
    let checked = dhcp4_argument(command).and_then(|value| {
        let file = reconfigure::parse(value, server.arguments.relaxed).map_err(Answer::from)?;
        let (config, _) = server.check(&file).map_err(Answer::from)?;
        reconfigure::load_hooks(&config).map_err(Answer::from)
    });
    match checked {
        Ok(_) => Answer::ok(
            "Configuration seems sane. Control-socket, hook-libraries, and D2 configuration were sanity checked, but not applied.",
        ),
        Err(answer) => answer,
    }
}

/// Reads the configuration file again and runs it: `config-reload` and SIGHUP.
pub(crate) async fn reload(server: &Arc<Server>) -> Answer {
    let file = server.file.display().to_string();
    log!(Reconfiguring { file: &file });
    let mut state = server.state.lock().await;
    let outcome = async {
        let written = reconfigure::read(&server.file, server.arguments.relaxed)?;
        let staged = server.stage(written, &state).await?;
        server.apply(staged, &mut state).await
    };
    match outcome.await {
        Ok(()) => {
            log!(Reconfigured { file: &file });
            Answer::full("Configuration successful.", [("hash", hash(server))])
        }
        Err(refusal) => {
            log!(crate::messages::ConfigLoadFail { file: &file, reason: &refusal.text });
            log!(ReconfigureFailed { file: &file });
            Answer::with_result(refusal.result, format!("Config reload failed: {}", refusal.text))
        }
    }
}

fn config_write(server: &Server, command: &Command) -> Answer {
    let wanted = match command.arguments.as_ref() {
        None => None,
        Some(arguments) => match arguments.as_map() {
            None => return Answer::error("Argument must be a map"),
            Some(map) => match map.get("filename") {
                None => None,
                Some(name) => match name.as_str() {
                    None => return Answer::error("passed parameter 'filename' is not a string"),
                    Some("") => None,
                    Some(name) => Some(name),
                },
            },
        },
    };
    let path = match wanted {
        None => server.file.clone(),
        Some(name) => match writable(server, name) {
            Ok(path) => path,
            Err(text) => return Answer::error(text),
        },
    };
    let whole = Value::from([("Dhcp4", config::write4(&server.config().written))]);
    let text = json::to_string_pretty(&whole, 4);
    let shown = wanted.map_or_else(|| path.display().to_string(), str::to_owned);
    match daemon::replace_file(&path, text.as_bytes()) {
        Ok(()) => Answer::full(
            format!("Configuration written to {shown} successful"),
            [
                ("filename", Value::from(shown)),
                ("size", Value::from(u64::try_from(text.len()).unwrap_or(u64::MAX))),
            ],
        ),
        Err(error) => Answer::error(format!("Error during config-write: {}: {error}", path.display())),
    }
}

/// The file that `config-write` may write by this name: one beside the file of the start.
fn writable(server: &Server, name: &str) -> Result<PathBuf, String> {
    let mut audit = Audit::new(&server.paths, &server.file, server.arguments.relaxed);
    let path = audit.path(PathKind::Config, "config-write", name);
    let report = audit.finish();
    report.log_warnings();
    match (path, report.errors.first()) {
        (Some(path), None) => Ok(path),
        (_, Some(violation)) => {
            Err(format!("not allowed to write config into {name}: {}", violation.problem))
        }
        (None, None) => Err(format!("not allowed to write config into {name}")),
    }
}

fn dhcp_disable(server: &Server, command: &Command) -> Answer {
    let arguments = command.arguments.as_ref();
    if arguments.is_some_and(|a| a.as_map().is_none()) {
        return Answer::error("arguments for the 'dhcp-disable' command must be a map");
    }
    let mut period = None;
    if let Some(wanted) = arguments.and_then(|a| a.get("max-period")) {
        let Some(wanted) = wanted.as_int() else {
            return Answer::error("'max-period' argument must be a number");
        };
        match u32::try_from(wanted) {
            Ok(wanted) if wanted > 0 => period = Some(wanted),
            _ => return Answer::error("'max-period' must be positive integer"),
        }
    }
    let origin = match Origin::from_arguments(arguments) {
        Ok(origin) => origin,
        Err(text) => return Answer::error(text),
    };
    let until = period.map(|seconds| service::deadline(server.shared.clock.steady(), seconds));
    server.shared.service.disable(origin, until);
    match period {
        Some(seconds) => Answer::ok(format!("DHCPv4 service disabled for {seconds} seconds")),
        None => Answer::ok("DHCPv4 service disabled"),
    }
}

fn dhcp_enable(server: &Server, command: &Command) -> Answer {
    let arguments = command.arguments.as_ref();
    if arguments.is_some_and(|a| a.as_map().is_none()) {
        return Answer::error("arguments for the 'dhcp-enable' command must be a map");
    }
    match Origin::from_arguments(arguments) {
        Ok(origin) => {
            server.shared.service.enable(origin);
            Answer::ok("DHCP service successfully enabled")
        }
        Err(text) => Answer::error(text),
    }
}

fn lfc_start(server: &Server) -> Answer {
    match server.shared.active.load().memfile.start_lfc() {
        memfile::LfcStart::Started => Answer::ok("kea-lfc started"),
        memfile::LfcStart::AlreadyRunning => {
            Answer::with_result(control::result::EMPTY, "kea-lfc already running")
        }
        memfile::LfcStart::NotPersistent => Answer::error("no persistent memfile storage"),
    }
}

async fn leases_reclaim(server: Arc<Server>, command: Command) -> Answer {
    const MISSING: &str = "Missing mandatory 'remove' parameter.";
    let Some(arguments) = command.arguments.as_ref().and_then(Value::as_map) else {
        return Answer::error(MISSING);
    };
    let Some(remove) = arguments.get("remove") else { return Answer::error(MISSING) };
    let Some(remove) = remove.as_bool() else {
        return Answer::error("'remove' parameter expected to be a boolean.");
    };
    match crate::timers::run_reclaim(&server, reclaim::Limits { leases: 0, remove }, 0).await {
        Ok(_) => Answer::ok("Reclamation of expired leases is complete."),
        Err(error) => Answer::error(error.to_string()),
    }
}

fn shutdown(server: &Server, command: &Command) -> Answer {
    let mut status = 0;
    if let Some(arguments) = &command.arguments {
        let Some(map) = arguments.as_map() else { return Answer::error("Argument must be a map") };
        if let Some(value) = map.get("exit-value") {
            match value.as_int().and_then(|v| i32::try_from(v).ok()) {
                Some(value) => status = value,
                None => return Answer::error("parameter 'exit-value' is not an integer"),
            }
        }
    }
    server.request_shutdown(status);
    Answer::ok("Shutting down.")
}

async fn config_backend_pull(server: Arc<Server>) -> Answer {
    if server.state.lock().await.pulling.is_none() {
        return Answer::empty("No config backend.");
    }
    match server.pull(Reason::Command).await {
        Ok(_) => Answer::ok("On demand configuration update successful."),
        Err(text) => Answer::error(format!("On demand configuration update failed: {text}")),
    }
}

async fn status_get(server: Arc<Server>) -> Answer {
    let clock = &server.shared.clock;
    let seconds = |since: u64| Value::from(clock.steady().saturating_sub(since) / 1_000_000);
    let active = server.shared.active.load_full();
    let threading = &active.config.services.multi_threading;
    let store = active.memfile.status();
    let mut status = Map::new();
    let mut put = |name: &str, value: Value| {
        status.insert(name.to_owned(), value);
    };
    put("pid", Value::from(std::process::id()));
    put("uptime", seconds(server.started));
    put("reload", seconds(server.reloaded.load(Ordering::Relaxed)));
    put("dhcp-state", server.shared.service.report());
    put("multi-threading-enabled", Value::from(threading.enable));
    let (workers, problems, retrying) = {
        let state = server.state.lock().await;
        let tries = active.config.services.interfaces.service_sockets_max_retries;
        (
            state.workers.len(),
            state.problems.clone(),
            state.socket_attempts > 0 && state.socket_attempts <= tries,
        )
    };
    if threading.enable {
        put("thread-pool-size", Value::from(u64::try_from(workers).unwrap_or(0)));
        put("packet-queue-size", Value::from(threading.packet_queue_size));
        // Packets wait in the kernel's queue of each socket, never here.
        put("packet-queue-statistics", Value::from(vec![Value::from(0.0); 3]));
    }
    let mut sockets = Map::new();
    let state = if problems.is_empty() {
        "ready"
    } else if retrying {
        "retrying"
    } else {
        "failed"
    };
    sockets.insert("status".to_owned(), state.into());
    if !problems.is_empty() {
        sockets.insert("errors".to_owned(), problems.into_iter().map(Value::from).collect::<Vec<_>>().into());
    }
    put("sockets", sockets.into());
    let mut leases = Map::new();
    leases.insert("leases".to_owned(), store.leases.into());
    leases.insert("pending".to_owned(), store.pending.into());
    leases.insert("failures".to_owned(), store.failures.into());
    leases.insert("lfc-running".to_owned(), store.lfc_running.into());
    for (name, error) in [("error", store.error), ("lfc-error", store.lfc_error)] {
        if let Some(error) = error {
            leases.insert(name.to_owned(), error.into());
        }
    }
    put("lease-store", leases.into());
    Answer::arguments(status)
}
