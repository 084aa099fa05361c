//! The built-in commands. Each has one definition; answers and texts are those that programs match.

use std::sync::Arc;

use base::Family;
use control::{Access, Answer, Command, CommandDef, CommandTable};
use daemon::version;
use engine::v4::reclaim::Limits;
use json::Value;
use observe::StatisticCommand;
use observe::stats::Limit;

use crate::Protocol;
use crate::ha::HaHost;
use crate::hook_host::HookHost;
use crate::interfaces;
use crate::messages::say;
use crate::other_family;
use crate::pull::Reason;
use crate::server::Server;
use crate::service::{self, Origin};

/// The answer of a command, soon.
pub type Handled = std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A command and its handler.
pub struct Entry<P: Protocol> {
    definition: CommandDef,
    handler: fn(Arc<Server<P>>, Command) -> Handled,
    quick: bool,
}

impl<P: Protocol> Entry<P> {
    /// See [`CommandTable::register_quick`].
    const fn quick(self) -> Self {
        Self { quick: true, ..self }
    }
}

/// A row of a table of commands.
pub const fn entry<P: Protocol>(
    name: &'static str,
    access: Access,
    arguments: &'static str,
    summary: &'static str,
    handler: fn(Arc<Server<P>>, Command) -> Handled,
) -> Entry<P> {
    Entry { definition: CommandDef::built_in(name, access, arguments, summary), handler, quick: false }
}

/// The built-in commands of both families but statistics.
fn shared<P: Protocol>() -> [Entry<P>; 19] {
    let arguments = match P::FAMILY {
        Family::V4 => "Dhcp4:map",
        Family::V6 => "Dhcp6:map",
    };
    [
        entry("build-report", Access::Read, "", "How the program was built.", |s, _| {
            now(Answer::ok(version::build_report(&s.paths, P::COMPONENTS)))
        }),
        entry(
            "config-backend-pull",
            Access::Write,
            "",
            "Brings the server up to date with its database.",
            |s, _| Box::pin(config_backend_pull(s)),
        ),
        entry("config-get", Access::Read, "metadata:boolean?", "The running configuration.", |s, c| {
            Box::pin(config_get(s, c))
        })
        .quick(),
        entry("config-hash-get", Access::Read, "", "Hash of the running configuration.", |s, _| {
            now(Answer::arguments([("hash", hash(&s))]))
        }),
        entry("config-reload", Access::Write, "", "Reads the configuration file again.", |s, _| {
            Box::pin(async move { reload(&s).await })
        }),
        entry("config-set", Access::Write, arguments, "Replaces the configuration.", |s, c| {
            Box::pin(config_set(s, c))
        }),
        entry("config-test", Access::Write, arguments, "Checks a configuration.", |s, c| {
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
        entry(
            "interface-add",
            Access::Write,
            "interfaces:list of string",
            "Listens on more interfaces.",
            |s, c| Box::pin(async move { interfaces::add(&s, &c).await }),
        ),
        entry("interface-list", Access::Read, "", "The interfaces of the machine.", |s, _| {
            now(interfaces::list(&s))
        }),
        entry(
            "interface-redetect",
            Access::Write,
            "",
            "Brings sockets up to date with the interfaces, and shows these.",
            |s, _| Box::pin(async move { interfaces::redetect(&s).await }),
        ),
        entry("kea-lfc-start", Access::Write, "", "Cleans up the lease file now.", |s, _| now(lfc_start(&s))),
        entry(
            "leases-reclaim",
            Access::Write,
            "remove:boolean",
            "Reclaims all expired leases now.",
            |s, c| Box::pin(leases_reclaim(s, c)),
        ),
        entry("server-tag-get", Access::Read, "", "The server's tag.", |s, _| {
            let tag = s.config().services.server_tag.clone();
            now(Answer::arguments([("server-tag", Value::from(tag.as_str()))]))
        })
        .quick(),
        entry("shutdown", Access::Write, "exit-value:integer?", "Ends the server.", |s, c| {
            now(shutdown(&s, &c))
        }),
        entry("status-get", Access::Read, "", "How the server is doing.", |s, _| now(crate::status::get(&s)))
            .quick(),
        entry("version-get", Access::Read, "", "The version.", |_, _| {
            let extended = version::extended(P::COMPONENTS);
            now(Answer::full(version::KEA_VERSION, [("extended", Value::from(extended))]))
        })
        .quick(),
    ]
}

/// The statistics of so many subnets are listed in no time.
const FEW_SUBNETS: usize = 20;

/// An answer that is there at once.
pub fn now(answer: Answer) -> Handled {
    Box::pin(std::future::ready(answer))
}

/// Registers the built-in commands.
///
/// # Errors
/// When two commands have one name.
pub(crate) fn register<P: Protocol>(server: &Arc<Server<P>>) -> Result<(), control::DuplicateCommand> {
    let table = &server.commands;
    for Entry { definition, handler, quick } in shared::<P>().iter().chain(P::COMMANDS) {
        let (server, handler) = (Arc::clone(server), *handler);
        let handler = move |command| handler(Arc::clone(&server), command);
        if *quick {
            table.register_quick(*definition, handler)?;
        } else {
            table.register(*definition, handler)?;
        }
    }
    for (name, statistic) in StatisticCommand::ALL {
        let definition = CommandDef::of_statistics(name, statistic);
        let server = Arc::clone(server);
        let handler = move |command: Command| {
            let server = Arc::clone(&server);
            async move {
                // Each subnet has its statistics.
                if statistic != StatisticCommand::Get && server.config().subnets.len() > FEW_SUBNETS {
                    tokio::task::yield_now().await;
                }
                let arguments = command.arguments.as_ref();
                let outcome = statistic.run(&server.registry, arguments, server.shared.clock.now());
                let mut answer = Answer::with_result(outcome.result, outcome.text);
                if let Some(arguments) = outcome.arguments {
                    answer = answer.and_arguments(arguments);
                }
                match statistic {
                    StatisticCommand::SampleAgeSetAll | StatisticCommand::SampleCountSetAll
                        if answer.result == control::result::OK =>
                    {
                        keep_limit(&server, answer).await
                    }
                    _ => answer,
                }
            }
        };
        match definition.access {
            Access::Read => table.register_quick(definition, handler)?,
            Access::Write => table.register(definition, handler)?,
        }
    }
    Ok(())
}

/// A limit of all statistics is that of the configuration from now on, as `config-get` shows.
async fn keep_limit<P: Protocol>(server: &Arc<Server<P>>, answer: Answer) -> Answer {
    let limit = server.registry.default_limit();
    server
        .edit(move |written| {
            let mut put = |name: &str, limit: u32| written.globals.insert(name.to_owned(), limit.into());
            match limit {
                Limit::Count(samples) => put("statistic-default-sample-count", samples),
                Limit::Age(seconds) => {
                    put("statistic-default-sample-age", seconds);
                    put("statistic-default-sample-count", 0)
                }
            };
            Ok(answer)
        })
        .await
}

/// The commands that need no library, for references.
#[must_use]
pub fn command_definitions<P: Protocol>() -> Vec<CommandDef> {
    let statistics = StatisticCommand::ALL.into_iter().map(|(name, op)| CommandDef::of_statistics(name, op));
    let own = shared::<P>().iter().chain(P::COMMANDS).map(|entry| entry.definition).collect::<Vec<_>>();
    CommandTable::new().definitions().into_iter().chain(own).chain(statistics).collect()
}

/// Registers the commands of the hook libraries that a configuration lists, and takes those back that it no longer
/// lists.
pub(crate) fn register_hooks<P: Protocol>(server: &Arc<Server<P>>, libraries: &modules::Libraries) {
    for provider in [
        modules::cb_cmds::PROVIDER,
        modules::class_cmds::PROVIDER,
        modules::ha::PROVIDER,
        modules::host_cmds::PROVIDER,
        modules::lease_cmds::PROVIDER,
        modules::lease_query::PROVIDER,
        modules::perfmon::PROVIDER,
        modules::stat_cmds::PROVIDER,
        modules::subnet_cmds::PROVIDER,
    ] {
        server.commands.deregister_provider(provider);
    }
    server.commands.set_gate(libraries.gate.clone());
    for library in &libraries.loaded {
        let outcome = match library {
            hooks::Loaded::Module { module, .. } => register_module(server, *module),
            hooks::Loaded::Accepted { name, note } => {
                say!(P, HookBuiltIn { name, note });
                Ok(())
            }
        };
        match outcome {
            Ok(()) => say!(P, HookLoaded { name: library.name() }),
            Err(error) => say!(P, HookFailed { error }),
        }
    }
    server.commands.brief_gate();
}

fn register_module<P: Protocol>(
    server: &Arc<Server<P>>,
    module: hooks::Module,
) -> Result<(), control::DuplicateCommand> {
    let table = &server.commands;
    let host = || Arc::new(HookHost(Arc::clone(server)));
    other_family::register(P::FAMILY, module, table)?;
    match module {
        hooks::Module::CbCmds => modules::cb_cmds::register::<P::Model>(table, host()),
        hooks::Module::ClassCmds => modules::class_cmds::register::<P::Model>(table, host()),
        hooks::Module::Ha => modules::ha::register(table, Arc::new(HaHost(Arc::clone(server)))),
        hooks::Module::HostCmds => modules::host_cmds::register::<P::Model>(table, host()),
        hooks::Module::LeaseCmds => modules::lease_cmds::register::<P::Model>(table, host()),
        hooks::Module::LeaseQuery => modules::lease_query::register::<P::Model>(table, host()),
        hooks::Module::Perfmon => modules::perfmon::register(table, host()),
        hooks::Module::StatCmds => modules::stat_cmds::register::<P::Model>(table, host()),
        hooks::Module::SubnetCmds => modules::subnet_cmds::register::<P::Model>(table, host()),
        // These have no commands.
        hooks::Module::DdnsTuning
        | hooks::Module::FlexOption
        | hooks::Module::LegalLog
        | hooks::Module::Limits
        | hooks::Module::Rbac
        | hooks::Module::RunScript
        | hooks::Module::UserChk => Ok(()),
    }
}

fn hash<P: Protocol>(server: &Server<P>) -> Value {
    Value::from(&*server.config_hash())
}

async fn config_get<P: Protocol>(server: Arc<Server<P>>, command: Command) -> Answer {
    let origin = match modules::subnet_cmds::asks_for_metadata(&command) {
        Ok(asked) => asked,
        Err(answer) => return answer,
    };
    if !origin && let Some(text) = server.rendered().and_then(|rendered| rendered.text) {
        return Answer::written(text);
    }
    // With many subnets this takes a while.
    tokio::task::yield_now().await;
    tokio::task::block_in_place(|| {
        if origin {
            return Answer::arguments(config::config_get(&server.config().written, true));
        }
        Answer::written(server.render().1)
    })
}

/// The arguments of config-set and config-test.
fn map_argument(command: &Command) -> Result<Value, Answer> {
    match &command.arguments {
        Some(arguments) if arguments.as_map().is_some() => Ok(arguments.clone()),
        _ => Err(Answer::error("Missing mandatory 'arguments' parameter.")),
    }
}

/// The answer to a configuration that runs.
fn successful<P: Protocol>(server: &Server<P>, remark: Option<String>) -> Answer {
    let text = match remark {
        Some(remark) => format!("Configuration successful. {remark}"),
        None => "Configuration successful.".to_owned(),
    };
    Answer::full(text, [("hash", hash(server))])
}

async fn config_set<P: Protocol>(server: Arc<Server<P>>, command: Command) -> Answer {
    let value = match map_argument(&command) {
        Ok(value) => value,
        Err(answer) => return answer,
    };
    let mut state = server.state.lock().await;
    let outcome = async {
        let staged = server.stage(server.parse(value), &state).await?;
        server.apply(staged, &mut state).await
    };
    match outcome.await {
        Ok(remark) => {
            drop(state);
            successful(&server, remark)
        }
        Err(refusal) => refusal.into(),
    }
}

fn config_test<P: Protocol>(server: &Server<P>, command: &Command) -> Answer {
    let checked = map_argument(command)
        .and_then(|value| server.check(&server.parse(value), true).map_err(Answer::from));
    match checked {
        Ok(_) => Answer::ok(
            "Configuration seems sane. Control-socket, hook-libraries, and D2 configuration were sanity checked, but not applied.",
        ),
        Err(answer) => answer,
    }
}

/// Reads the configuration file again and runs it: `config-reload` and SIGHUP.
pub(crate) async fn reload<P: Protocol>(server: &Arc<Server<P>>) -> Answer {
    let file = server.file.display().to_string();
    say!(P, Reconfiguring { file: &file });
    let mut state = server.state.lock().await;
    let outcome = async {
        let staged = server.stage(server.read(&server.file)?, &state).await?;
        server.apply(staged, &mut state).await
    };
    match outcome.await {
        Ok(remark) => {
            say!(P, Reconfigured { file: &file });
            successful(server, remark)
        }
        Err(refusal) => {
            say!(P, ConfigLoadFail { file: &file, reason: &refusal.text });
            say!(P, ReconfigureFailed { file: &file });
            Answer::with_result(refusal.result, format!("Config reload failed: {}", refusal.text))
        }
    }
}

fn config_write<P: Protocol>(server: &Server<P>, command: &Command) -> Answer {
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
        Some(name) => match daemon::config_target(&server.file, name) {
            Ok(path) => path,
            Err(text) => return Answer::error(text),
        },
    };
    let whole = Value::from([(P::NAME, config::write_file(&server.config().written))]);
    let text = json::to_string_pretty(&whole, 4);
    let shown = path.display().to_string();
    match daemon::replace_file(&path, text.as_bytes()) {
        Ok(()) => Answer::full(
            format!("Configuration written to {shown} successful"),
            [
                ("filename", Value::from(shown.as_str())),
                ("size", Value::from(u64::try_from(text.len()).unwrap_or(u64::MAX))),
            ],
        ),
        Err(error) => Answer::error(format!("Error during config-write: {shown}: {error}")),
    }
}

fn dhcp_disable<P: Protocol>(server: &Server<P>, command: &Command) -> Answer {
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
    let protocol = match P::FAMILY {
        Family::V4 => "DHCPv4",
        Family::V6 => "DHCPv6",
    };
    match period {
        Some(seconds) => Answer::ok(format!("{protocol} service disabled for {seconds} seconds")),
        None => Answer::ok(format!("{protocol} service disabled")),
    }
}

fn dhcp_enable<P: Protocol>(server: &Server<P>, command: &Command) -> Answer {
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

fn lfc_start<P: Protocol>(server: &Server<P>) -> Answer {
    let active = server.shared.active.load();
    let started = active.home.file().map_or(memfile::LfcStart::NotPersistent, |memfile| memfile.start_lfc());
    match started {
        memfile::LfcStart::Started => Answer::ok("kea-lfc started"),
        memfile::LfcStart::AlreadyRunning => {
            Answer::with_result(control::result::EMPTY, "kea-lfc already running")
        }
        memfile::LfcStart::NotPersistent => Answer::error("no persistent memfile storage"),
    }
}

async fn leases_reclaim<P: Protocol>(server: Arc<Server<P>>, command: Command) -> Answer {
    const MISSING: &str = "Missing mandatory 'remove' parameter.";
    let Some(arguments) = command.arguments.as_ref().and_then(Value::as_map) else {
        return Answer::error(MISSING);
    };
    let Some(remove) = arguments.get("remove") else { return Answer::error(MISSING) };
    let Some(remove) = remove.as_bool() else {
        return Answer::error("'remove' parameter expected to be a boolean.");
    };
    match crate::timers::run_reclaim(&server, Limits { leases: 0, remove }, 0).await {
        Ok(_) => Answer::ok("Reclamation of expired leases is complete."),
        Err(error) => Answer::error(error.to_string()),
    }
}

fn shutdown<P: Protocol>(server: &Server<P>, command: &Command) -> Answer {
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

async fn config_backend_pull<P: Protocol>(server: Arc<Server<P>>) -> Answer {
    match server.pull(Reason::Command).await {
        Ok(None) => Answer::empty("No config backend."),
        Ok(Some(_)) => Answer::ok("On demand configuration update successful."),
        Err(text) => Answer::error(format!("On demand configuration update failed: {text}")),
    }
}
