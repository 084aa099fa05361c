//! Commands about the process and its configuration: what answers them is the same for each program.

use std::sync::Arc;

use base::Clock;
use control::{Answer, BoxFuture, Command, CommandDef, CommandTable, DuplicateCommand};
use daemon::version;
use json::{Map, Value};

use crate::{Faults, Site, messages};

/// A program that is configured by a file, and by commands.
pub trait Configured: Send + Sync + Sized + 'static {
    /// A configuration that may come into force.
    type Settings: Send;

    /// The map of the configuration, as the arguments of `config-set` have it: `DhcpDdns:map`.
    const ARGUMENTS: &'static str;
    /// The answer to what comes when the program ends.
    const ENDING: &'static str;

    fn site(&self) -> &Site;
    fn clock(&self) -> &dyn Clock;
    /// When it started, and when its configuration came into force: steady microseconds.
    fn since(&self) -> (u64, u64);

    /// The configuration of a file.
    ///
    /// # Errors
    /// Every fault that it has.
    fn from_file(site: &Site) -> Result<Self::Settings, Faults>;
    /// The configuration of a command.
    ///
    /// # Errors
    /// Every fault that it has.
    fn from_arguments(arguments: Value, site: &Site) -> Result<Self::Settings, Faults>;
    /// A configuration in a line for the log.
    fn summary(settings: &Self::Settings) -> String;

    /// Puts a configuration into force, or leaves everything as it is and says why.
    fn apply(self: Arc<Self>, settings: Self::Settings) -> BoxFuture<Result<(), String>>;
    /// The running configuration: what `config-get` shows, and what `config-write` writes.
    fn shown(&self) -> Value;
    fn written(&self) -> Value;
    /// Its hash, where answers hold one.
    fn hash(&self) -> Option<Value>;

    /// Logs why a configuration cannot be used.
    fn unusable(error: &str);
    /// Logs what is wrong with a configuration that was only to be checked.
    fn faulty(error: &str);
}

/// A command and what answers it. Handlers hold the program weakly: it owns the table.
pub struct Entry<P: Send + Sync + 'static>(pub CommandDef, pub fn(Arc<P>, Command) -> BoxFuture<Answer>);

/// `entry!(name, access, arguments, summary, handler)`: an [`Entry`] of a command of the program itself.
#[macro_export]
macro_rules! entry {
    ($name:literal, $access:ident, $arguments:expr, $summary:literal, $handler:expr) => {
        $crate::Entry(
            ::control::CommandDef::built_in($name, ::control::Access::$access, $arguments, $summary),
            |program, command| ::std::boxed::Box::pin($handler(program, command)),
        )
    };
}

/// The commands that every such program has.
#[must_use]
pub fn commands<P: Configured>() -> [Entry<P>; 8] {
    [
        entry!("build-report", Read, "", "How the program was built.", build_report),
        entry!("config-get", Read, "", "The running configuration.", config_get),
        entry!("config-reload", Write, "", "Reads the configuration file again.", config_reload),
        entry!("config-set", Write, P::ARGUMENTS, "Replaces the configuration.", config_set),
        entry!("config-test", Write, P::ARGUMENTS, "Checks a configuration.", config_test),
        entry!(
            "config-write",
            Write,
            "filename:string?",
            "Writes the configuration to a file.",
            config_write
        ),
        entry!("status-get", Read, "", "How the server is doing.", status_get),
        entry!("version-get", Read, "", "The version.", version_get),
    ]
}

/// Fills the table with the commands that every such program has, and with its own.
///
/// # Errors
/// When two have one name.
pub fn register<P: Configured>(
    table: &CommandTable,
    program: &Arc<P>,
    own: impl IntoIterator<Item = Entry<P>>,
) -> Result<(), DuplicateCommand> {
    for Entry(definition, handler) in commands().into_iter().chain(own) {
        let weak = Arc::downgrade(program);
        table.register(definition, move |command| {
            let program = weak.upgrade();
            async move {
                match program {
                    Some(program) => handler(program, command).await,
                    None => Answer::error(P::ENDING),
                }
            }
        })?;
    }
    Ok(())
}

async fn build_report<P: Configured>(program: Arc<P>, _: Command) -> Answer {
    Answer::ok(version::build_report(&program.site().paths, &[]))
}

async fn version_get<P: Configured>(_: Arc<P>, _: Command) -> Answer {
    Answer::full(version::KEA_VERSION, [("extended", Value::from(version::extended(&[])))])
}

async fn config_get<P: Configured>(program: Arc<P>, _: Command) -> Answer {
    Answer::arguments(program.shown())
}

/// Reads the file; what is wrong with it leaves everything as it is.
async fn config_reload<P: Configured>(program: Arc<P>, _: Command) -> Answer {
    let outcome = match P::from_file(program.site()) {
        Ok(settings) => Arc::clone(&program).apply(settings).await,
        Err(faults) => Err(faults.to_string()),
    };
    match outcome {
        Ok(()) => in_force(&*program),
        Err(error) => {
            observe::log!(messages::ReloadError { error });
            Answer::error(format!("Config reload failed: {error}"))
        }
    }
}

async fn config_set<P: Configured>(program: Arc<P>, command: Command) -> Answer {
    let Some(arguments) = command.arguments else { return missing_arguments() };
    let settings = match P::from_arguments(arguments, program.site()) {
        Ok(settings) => settings,
        Err(faults) => {
            faults.0.iter().for_each(|fault| P::unusable(&fault.text));
            return Answer::error(faults.to_string());
        }
    };
    match Arc::clone(&program).apply(settings).await {
        Ok(()) => in_force(&*program),
        Err(error) => {
            P::unusable(&error);
            Answer::error(error)
        }
    }
}

async fn config_test<P: Configured>(program: Arc<P>, command: Command) -> Answer {
    let Some(arguments) = command.arguments else { return missing_arguments() };
    match P::from_arguments(arguments, program.site()) {
        Ok(settings) => {
            let summary = P::summary(&settings);
            observe::log!(messages::ConfigCheckComplete { summary, result: "success(0)" });
            Answer::ok("Configuration check successful")
        }
        Err(faults) => {
            faults.0.iter().for_each(|fault| P::faulty(&fault.text));
            Answer::error(faults.to_string())
        }
    }
}

fn in_force<P: Configured>(program: &P) -> Answer {
    let answer = Answer::ok("Configuration applied successfully.");
    match program.hash() {
        Some(hash) => answer.and_arguments([("hash", hash)]),
        None => answer,
    }
}

fn missing_arguments() -> Answer {
    Answer::error("Missing mandatory 'arguments' parameter.")
}

/// The configuration to the file of the start, or to `filename` beside it.
async fn config_write<P: Configured>(program: Arc<P>, command: Command) -> Answer {
    let site = program.site();
    let path = match command.arguments.as_ref().map(Value::as_map) {
        None => site.file.clone(),
        Some(None) => return Answer::error("Argument must be a map"),
        Some(Some(map)) => match map.get("filename").map(Value::as_str) {
            None | Some(Some("")) => site.file.clone(),
            Some(None) => return Answer::error("passed parameter 'filename' is not a string"),
            Some(Some(name)) => match daemon::config_target(&site.file, name) {
                Ok(path) => path,
                Err(text) => return Answer::error(text),
            },
        },
    };
    let text = format!("{}\n", json::to_string_pretty(&program.written(), 4));
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let shown = path.to_string_lossy().into_owned();
    let written = tokio::task::spawn_blocking(move || daemon::replace_file(&path, text.as_bytes())).await;
    match written {
        Ok(Ok(())) => Answer::full(
            format!("Configuration written to {shown} successful"),
            [("filename", Value::from(shown.as_str())), ("size", size.into())],
        ),
        Ok(Err(error)) => {
            Answer::error(format!("Error during config-write: unable to write file {shown}: {error}"))
        }
        Err(_) => Answer::error("Error during config-write: internal error"),
    }
}

/// `exit-value` of `shutdown`, as far as a parent process sees it; 0 without.
///
/// # Errors
/// The answer to arguments that are none.
pub fn exit_value(arguments: Option<&Value>) -> Result<u8, Answer> {
    let Some(arguments) = arguments else { return Ok(0) };
    let Some(map) = arguments.as_map() else { return Err(Answer::error("Argument must be a map")) };
    match map.get("exit-value").map(Value::as_int) {
        None => Ok(0),
        Some(None) => Err(Answer::error("parameter 'exit-value' is not an integer")),
        Some(Some(value)) => Ok(u8::try_from(value.rem_euclid(256)).unwrap_or(0)),
    }
}

async fn status_get<P: Configured>(program: Arc<P>, _: Command) -> Answer {
    let (now, (started, reloaded)) = (program.clock().steady(), program.since());
    let seconds = |since: u64| Value::from(now.saturating_sub(since) / 1_000_000);
    let mut status = Map::new();
    status.insert("pid".to_owned(), std::process::id().into());
    status.insert("uptime".to_owned(), seconds(started));
    status.insert("reload".to_owned(), seconds(reloaded));
    Answer::arguments(status)
}
