//! `libdhcp_cb_cmds`: the `remote-*` commands that manage the configuration backend (Kea manual, "Configuration
//! Backend Commands").
//!
//! Arguments become types at once (`args`), objects go through the parser of the configuration file, each command
//! is one transaction, and answers show objects as a running server would (`render`). The running configuration is
//! not touched: servers fetch what they are told of by the audit.
//!
//! What Kea leaves to the operator is checked when it is written (`check`): what each server that gets the object
//! would then run. What it could not run is refused with a text that names the object and the server, unless
//! `"force": true`. With `"dry-run": true` a write stores nothing and shows what it would change (`difference`); what
//! was written can be listed and undone (`audit`).

mod args;
mod audit;
mod check;
mod classes;
mod commands;
mod definitions;
mod defs;
mod difference;
mod globals;
mod messages;
mod networks;
mod options;
mod pieces;
mod render;
mod rules;
mod servers;
mod subnets;
#[cfg(test)]
mod tests;
mod whole;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use backend::{BackendError, Change, ConfigBackend, Cursor, Identity, Note, Server, Stored, text_member};
use base::{Family, ServerTag, Timestamp};
use config::{Protocol, Written};
use control::{Access, Answer, Command, CommandTable, DuplicateCommand};
use json::{Map, Value};

use args::{Args, Refusal, refuse};
use commands::Op;
pub use commands::{PROVIDER, definitions as command_definitions};
pub use messages::MESSAGES;

/// How often a command is checked anew because others write at the same time; each time one of them got on.
const TRIES: u32 = 100;

/// What the commands need of the server that has them.
pub trait Host<P: Protocol>: Send + Sync {
    /// Databases of `config-control`, in their order. Asked at each command: a reconfiguration may change them.
    fn backends(&self) -> Vec<Arc<dyn ConfigBackend>>;

    /// Its own tag.
    fn tag(&self) -> ServerTag;

    /// Its own file, before anything of a database: what new objects will stand beside. `None` while there is none.
    fn file(&self) -> Option<Arc<Written<P>>>;

    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// Objects in a database changed: a good moment to fetch.
    fn changed(&self, database: &Identity);
}

/// Adds the commands of a protocol to a table. `CommandTable::deregister_provider(PROVIDER)` takes them away.
pub fn register<P: Protocol>(table: &CommandTable, host: Arc<dyn Host<P>>) -> Result<(), DuplicateCommand> {
    for (definition, op) in commands::table(P::FAMILY) {
        let (host, op) = (Arc::clone(&host), *op);
        table.register(*definition, move |command| {
            let host = Arc::clone(&host);
            async move { run(op, definition.access, host.as_ref(), &command).await }
        })?;
    }
    Ok(())
}

/// Answers one command.
async fn run<P: Protocol>(op: Op, access: Access, host: &dyn Host<P>, command: &Command) -> Answer {
    match execute(op, access, host, command).await {
        Ok(answer) => answer,
        Err(Refusal(text)) => Answer::error(text),
    }
}

async fn execute<P: Protocol>(
    op: Op,
    access: Access,
    host: &dyn Host<P>,
    command: &Command,
) -> Result<Answer, Refusal> {
    let args = Args::new(command.arguments.as_ref(), P::FAMILY)?;
    let dry_run = args.dry_run()?;
    if dry_run && access != Access::Write {
        return refuse("'dry-run' parameter is for commands that write");
    }
    let mut call = Call {
        backend: choose(host, &args),
        family: P::FAMILY,
        message: args.message()?,
        args,
        host,
        command: &command.name,
        dry_run,
        difference: Mutex::default(),
        checked: Mutex::default(),
        overtaken: AtomicBool::new(false),
    };
    let mut tries = TRIES;
    loop {
        let answer = answer(op, &call).await;
        tries -= 1;
        // What was checked is not what is there any more: once more, with that.
        if std::mem::take(call.overtaken.get_mut()) && tries > 0 {
            call.checked = Mutex::default();
            continue;
        }
        return Ok(if dry_run { call.dry(answer?) } else { answer? });
    }
}

async fn answer<P: Protocol>(op: Op, call: &Call<'_, P>) -> Result<Answer, Refusal> {
    match op {
        Op::ServerSet => servers::set(call).await,
        Op::ServerGet => servers::get(call).await,
        Op::ServerGetAll => servers::get_all(call).await,
        Op::ServerDel => servers::del(call).await,
        Op::GlobalSet => globals::set(call).await,
        Op::GlobalGet => globals::get(call).await,
        Op::GlobalGetAll => globals::get_all(call).await,
        Op::GlobalDel => globals::del(call).await,
        Op::DefSet => defs::set(call).await,
        Op::DefGet => defs::get(call).await,
        Op::DefGetAll => defs::get_all(call).await,
        Op::DefDel => defs::del(call).await,
        Op::OptionSet(level) => options::set(call, level).await,
        Op::OptionDel(level) => options::del(call, level).await,
        Op::OptionGet => options::get(call).await,
        Op::OptionGetAll => options::get_all(call).await,
        Op::ClassSet => classes::set(call).await,
        Op::ClassGet => classes::get(call).await,
        Op::ClassGetAll => classes::get_all(call).await,
        Op::ClassDel => classes::del(call).await,
        Op::NetworkSet => networks::set(call).await,
        Op::NetworkGet => networks::get(call).await,
        Op::NetworkList => networks::list(call).await,
        Op::NetworkDel => networks::del(call).await,
        Op::SubnetSet => subnets::set(call).await,
        Op::SubnetGetById => subnets::get_by_id(call).await,
        Op::SubnetGetByPrefix => subnets::get_by_prefix(call).await,
        Op::SubnetList => subnets::list(call).await,
        Op::SubnetDelById => subnets::del_by_id(call).await,
        Op::SubnetDelByPrefix => subnets::del_by_prefix(call).await,
        Op::AuditGet => audit::get(call).await,
        Op::Rollback => audit::rollback(call).await,
    }
}

/// The database that `remote` means: the first when it says nothing.
fn choose<P: Protocol>(host: &dyn Host<P>, args: &Args<'_>) -> Result<Arc<dyn ConfigBackend>, Refusal> {
    let selector = args.remote()?;
    let mut fitting =
        host.backends().into_iter().filter(|b| b.family() == args.family && selector.matches(b.identity()));
    let Some(first) = fitting.next() else {
        return refuse(format!("no such database found for selector: {selector}"));
    };
    if selector != backend::BackendSelector::default() && fitting.next().is_some() {
        return refuse(format!("more than one database found for selector: {selector}"));
    }
    Ok(first)
}

/// One command under way.
struct Call<'a, P: Protocol> {
    /// Or why there is none, which is said only of a command that is right otherwise.
    backend: Result<Arc<dyn ConfigBackend>, Refusal>,
    family: Family,
    args: Args<'a>,
    host: &'a dyn Host<P>,
    command: &'a str,
    /// What the operator wants the audit to say.
    message: &'a str,
    dry_run: bool,
    /// Of a dry run.
    difference: Mutex<Vec<Value>>,
    /// What the change is checked against, where it is.
    checked: Mutex<Option<Cursor>>,
    /// Whether somebody wrote between the check and the change.
    overtaken: AtomicBool,
}

impl<P: Protocol> Call<'_, P> {
    fn backend(&self) -> Result<&dyn ConfigBackend, Refusal> {
        self.backend.as_deref().map_err(Refusal::clone)
    }

    /// Writes changes as one revision; counts per change.
    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<u64>, Refusal> {
        self.apply_as(changes, "").await
    }

    /// As [`apply`](Self::apply), with more for the audit to say of the command. A dry run keeps the difference that
    /// it would make, and stores nothing.
    async fn apply_as(&self, changes: Vec<Change>, detail: &str) -> Result<Vec<u64>, Refusal> {
        // After what else is wrong, of which programs know the texts.
        self.args.known()?;
        if self.dry_run {
            let preview = self.backend()?.preview(changes, None).await?;
            let difference = self.difference(&preview).await?;
            if let Ok(mut kept) = self.difference.lock() {
                kept.push(difference);
            }
            return Ok(preview.counts);
        }
        let message = self.audit_message(detail);
        let checked = self.checked.lock().map(|checked| checked.clone()).unwrap_or_default();
        let note = Note { time: self.host.now(), message };
        let counts = match self.backend()?.apply(changes, note, checked).await {
            Err(error @ BackendError::Overtaken(_)) => {
                self.overtaken.store(true, Ordering::Relaxed);
                return Err(error.into());
            }
            answer => answer?,
        };
        if counts.iter().any(|count| *count > 0) {
            self.host.changed(self.backend()?.identity());
        }
        Ok(counts)
    }

    /// The change counts only if it is the next one after this revision.
    fn checked_against(&self, cursor: Cursor) {
        if let Ok(mut checked) = self.checked.lock() {
            checked.get_or_insert(cursor);
        }
    }

    fn audit_message(&self, detail: &str) -> String {
        match (detail, self.message) {
            ("", "") => self.command.to_owned(),
            (text, "") | ("", text) => format!("{}: {text}", self.command),
            (detail, message) => format!("{}: {detail}, {message}", self.command),
        }
    }

    /// The answer of a dry run: as it would be, with the difference.
    fn dry(&self, mut answer: Answer) -> Answer {
        let kept = self.difference.lock().map(|mut kept| kept.pop()).unwrap_or_default();
        let difference = kept.unwrap_or_else(|| Value::from(Vec::new()));
        answer.text = Some(format!("dry run, nothing is stored: {}", answer.text.unwrap_or_default()));
        let arguments = answer.arguments.get_or_insert_with(Value::map);
        if let Some(arguments) = arguments.as_map_mut() {
            arguments.insert("dry-run".to_owned(), true.into());
            arguments.insert("difference".to_owned(), difference);
        }
        answer
    }

    /// Writes one change; its count.
    async fn apply_one(&self, change: Change) -> Result<u64, Refusal> {
        Ok(self.apply(vec![change]).await?.into_iter().sum())
    }

    /// `4` or `6`.
    fn digit(&self) -> char {
        if self.family == Family::V4 { '4' } else { '6' }
    }

    async fn names(&self) -> Result<render::Names, Refusal> {
        Ok(render::Names::new(self.family, self.backend()?.option_defs(backend::ServerSelector::Any).await?))
    }

    /// A network of exactly this name. MySQL and MariaDB take names for one that differ in case, accents or blanks at the
    /// end; here they are two on every database, of which those can hold one.
    async fn network(&self, name: &str) -> Result<Option<Stored>, Refusal> {
        same(self.backend()?.network(name.to_owned()).await?, "shared network", name)
    }

    /// As [`network`](Self::network), of client classes.
    async fn class(&self, name: &str) -> Result<Option<Stored>, Refusal> {
        same(self.backend()?.class(name.to_owned()).await?, "client class", name)
    }

    /// As [`network`](Self::network), of servers.
    async fn server(&self, tag: &ServerTag) -> Result<Option<Server>, Refusal> {
        let found = self.backend()?.server(tag.clone()).await?;
        match &found {
            Some(other) if other.tag != *tag => {
                one_for_the_database("server", tag.as_str(), other.tag.as_str())
            }
            _ => Ok(found),
        }
    }

    /// Refuses what servers could not run, unless the command forces it; then it is logged.
    fn guard(&self, findings: &[String]) -> Result<(), Refusal> {
        if findings.is_empty() {
            return Ok(());
        }
        if !self.args.force()? {
            return refuse(format!("{} (\"force\": true stores it nevertheless)", findings.join("; ")));
        }
        for finding in findings {
            observe::log!(messages::Forced { command: self.command, finding });
        }
        Ok(())
    }

    /// Says in the answer and the log what the operator should know.
    fn with_warnings(&self, mut answer: Answer, warnings: Vec<String>) -> Answer {
        for warning in &warnings {
            self.warn(warning);
        }
        if !warnings.is_empty()
            && let Some(arguments) = answer.arguments.as_mut().and_then(Value::as_map_mut)
        {
            let list: Vec<Value> = warnings.into_iter().map(Value::from).collect();
            arguments.insert("warnings".to_owned(), list.into());
        }
        answer
    }

    /// Says in the log what is odd and not refused.
    fn warn(&self, text: &str) {
        observe::log!(messages::Odd { command: self.command, text });
    }
}

fn same(found: Option<Stored>, what: &str, name: &str) -> Result<Option<Stored>, Refusal> {
    let stored = found.as_ref().map(|found| text_member(&found.element.map, "name"));
    match stored {
        Some(other) if other != name => one_for_the_database(what, name, &other),
        _ => Ok(found),
    }
}

fn one_for_the_database<T>(what: &str, name: &str, other: &str) -> Result<T, Refusal> {
    refuse(format!(
        "{what} '{name}': this database takes the name for that of {what} '{other}', which it has"
    ))
}

/// Answer of a command that finds objects: result 3 when it found none.
fn found(text: String, key: &str, objects: Vec<Value>) -> Answer {
    let count = objects.len();
    let arguments = Map::from([(key.to_owned(), objects.into()), ("count".to_owned(), number(count))]);
    if count == 0 { Answer::empty(text).and_arguments(arguments) } else { Answer::full(text, arguments) }
}

/// Answer of a command that deletes: result 3 when there was nothing to delete.
fn deleted(text: String, count: u64) -> Answer {
    let arguments = Map::from([("count".to_owned(), count.into())]);
    if count == 0 { Answer::empty(text).and_arguments(arguments) } else { Answer::full(text, arguments) }
}

/// Answer of a command that sets one object, with the members by which the object is found.
fn stored(text: String, key: &str, object: Map) -> Answer {
    Answer::full(text, Map::from([(key.to_owned(), vec![Value::from(object)].into())]))
}

fn number(count: usize) -> Value {
    u64::try_from(count).unwrap_or(u64::MAX).into()
}
