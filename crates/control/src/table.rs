//! The commands of a daemon: one definition each, and the way from an envelope to an answer.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::task::Poll;

use base::poll_caught;
use json::Value;
use observe::StatisticCommand;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::gate::{Admission, Gate};
use crate::{Answer, Command, Origin, messages};

/// Whether a command changes the server. Access rules of roles and the order of execution follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Any number may run at once.
    Read,
    /// One at a time.
    Write,
}

/// One command, defined once: its documentation, access rules and handler all come from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandDef {
    pub name: &'static str,
    /// One sentence for the command reference.
    pub summary: &'static str,
    pub access: Access,
    /// `built-in`, or the base name of the hook library.
    pub provider: &'static str,
    /// `name:type` with `?` after what is optional, as in `filename:string?`; empty: takes none.
    pub arguments: &'static str,
}

impl CommandDef {
    /// Provider of the commands that need no library.
    pub const BUILT_IN: &'static str = "built-in";

    /// A command of the server itself.
    #[must_use]
    pub const fn built_in(
        name: &'static str,
        access: Access,
        arguments: &'static str,
        summary: &'static str,
    ) -> Self {
        Self { name, summary, access, provider: Self::BUILT_IN, arguments }
    }

    /// A command on statistics.
    #[must_use]
    pub const fn of_statistics(name: &'static str, command: StatisticCommand) -> Self {
        use StatisticCommand::{Get, GetAll, GlobalGetAll};
        let reads = matches!(command, Get | GetAll | GlobalGetAll);
        let (arguments, summary) = command.described();
        Self::built_in(name, if reads { Access::Read } else { Access::Write }, arguments, summary)
    }
}

/// A future on the heap, as handlers return it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

type Handler = Arc<dyn Fn(Command) -> BoxFuture<Answer> + Send + Sync>;

#[derive(Clone)]
struct Entry {
    definition: CommandDef,
    handler: Handler,
    /// The first step of the handler takes microseconds, whatever there is to serve.
    quick: bool,
}

/// Told of commands that were carried out, before their senders are answered.
pub trait Witness: Send + Sync {
    /// Whether a command is of interest: only then is it kept for [`processed`](Self::processed).
    fn wants(&self, command: &str) -> bool;

    fn processed(&self, command: &Command, answer: &Answer);
}

/// The name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Handler for command '{0}' is already installed.")]
pub struct DuplicateCommand(pub &'static str);

/// All commands that a daemon has at the moment. `list-commands` is always there.
///
/// Commands may come and go while the daemon runs (hook libraries). A command that has begun is finished even if its
/// sender goes away, and a handler that panics harms nobody but its sender.
pub struct CommandTable {
    entries: RwLock<BTreeMap<&'static str, Entry>>,
    /// Held while a write command runs.
    writing: Arc<Mutex<()>>,
    gate: RwLock<Option<Arc<dyn Gate>>>,
    witness: OnceLock<Arc<dyn Witness>>,
    /// Where handlers run that may take their time; `None`: where their commands arrive.
    background: Option<Background>,
}

/// The runtimes of handlers that may take their time.
#[derive(Clone, Debug)]
struct Background {
    reads: Handle,
    writes: Handle,
}

const LIST_COMMANDS: CommandDef =
    CommandDef::built_in("list-commands", Access::Read, "", "Lists the commands that the server has now.");

impl Default for CommandTable {
    fn default() -> Self {
        Self::new()
    }
}

impl CommandTable {
    /// A table with `list-commands` alone.
    #[must_use]
    pub fn new() -> Self {
        let nobody: Handler = Arc::new(|command| Box::pin(async move { Answer::unsupported(&command.name) }));
        let list = Entry { definition: LIST_COMMANDS, handler: nobody, quick: true };
        Self {
            entries: RwLock::new(BTreeMap::from([(LIST_COMMANDS.name, list)])),
            writing: Arc::default(),
            gate: RwLock::default(),
            witness: OnceLock::new(),
            background: None,
        }
    }

    /// The same table, its handlers run by other runtimes than the one that serves the channels: those that only read by
    /// one of theirs, for they may take more time than what they are for is worth.
    #[must_use]
    pub fn with_background(self, reads: Handle, writes: Handle) -> Self {
        Self { background: Some(Background { reads, writes }), ..self }
    }

    /// Adds a command.
    pub fn register<F, R>(&self, definition: CommandDef, handler: F) -> Result<(), DuplicateCommand>
    where
        F: Fn(Command) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        self.add(definition, handler, false)
    }

    /// Adds a command whose handler takes microseconds to its end or to its first wait, whatever there is to serve: it
    /// runs where the command arrives, and moves away only when it waits. One that writes has no turn among the others
    /// that do: its changes have to be right beside theirs.
    pub fn register_quick<F, R>(&self, definition: CommandDef, handler: F) -> Result<(), DuplicateCommand>
    where
        F: Fn(Command) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        self.add(definition, handler, true)
    }

    fn add<F, R>(&self, definition: CommandDef, handler: F, quick: bool) -> Result<(), DuplicateCommand>
    where
        F: Fn(Command) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.contains_key(definition.name) {
            return Err(DuplicateCommand(definition.name));
        }
        let handler: Handler = Arc::new(move |command| Box::pin(handler(command)));
        entries.insert(definition.name, Entry { definition, handler, quick });
        drop(entries);
        observe::log!(messages::Registered { name: definition.name });
        Ok(())
    }

    /// Takes away the commands of a library.
    pub fn deregister_provider(&self, provider: &str) {
        let mut gone = Vec::new();
        self.entries.write().unwrap_or_else(PoisonError::into_inner).retain(|name, entry| {
            let stays = entry.definition.provider != provider || *name == LIST_COMMANDS.name;
            if !stays {
                gone.push(*name);
            }
            stays
        });
        for name in gone {
            observe::log!(messages::Deregistered { name });
        }
    }

    /// Who judges commands that come over HTTP; `None`: whoever is authenticated may send any.
    pub fn set_gate(&self, gate: Option<Arc<dyn Gate>>) {
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) = gate;
    }

    /// Tells who judges which commands there are, once all are registered.
    pub fn brief_gate(&self) {
        if let Some(gate) = self.gate() {
            let names: Vec<_> = self.definitions().iter().map(|definition| definition.name).collect();
            gate.guards(&names);
        }
    }

    /// Whether whoever asks over HTTP may send a command.
    #[must_use]
    pub fn admits(&self, command: &str, origin: &Origin) -> Admission {
        self.gate().map_or(Admission::Granted, |gate| gate.admit(command, origin))
    }

    /// Who is told of commands; the first that is set stays.
    pub fn set_witness(&self, witness: Arc<dyn Witness>) {
        let _: Result<(), _> = self.witness.set(witness);
    }

    fn gate(&self) -> Option<Arc<dyn Gate>> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The definitions, sorted by name.
    #[must_use]
    pub fn definitions(&self) -> Vec<CommandDef> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.values().map(|entry| entry.definition).collect()
    }

    /// The definition of one command.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<CommandDef> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(name).map(|entry| entry.definition)
    }

    fn list_commands(&self) -> Answer {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        Answer::arguments(entries.keys().map(|name| Value::from(*name)).collect::<Vec<_>>())
    }

    /// Checks the envelope and runs the command.
    pub async fn process(&self, value: Value, origin: Origin) -> Answer {
        match Command::from_value(value, origin) {
            Ok(command) => self.dispatch(command).await,
            Err(error) => {
                observe::log!(messages::ProcessError2 { error });
                error.into()
            }
        }
    }

    /// Runs a command: reads side by side, writes one after the other but for quick ones. Needs a tokio runtime.
    pub async fn dispatch(&self, command: Command) -> Answer {
        observe::log!(messages::Received { name: printable(&command.name) });
        let found = {
            let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
            entries.get(command.name.as_str()).cloned()
        };
        let Some(entry) = found else { return Answer::unsupported(&command.name) };
        if entry.definition.name == LIST_COMMANDS.name {
            return self.list_commands();
        }
        let turn = match entry.definition.access {
            Access::Read => None,
            Access::Write if entry.quick => None,
            Access::Write => Some(self.writing.clone().lock_owned().await),
        };
        let handler = entry.handler;
        let witness = self.witness.get().filter(|witness| witness.wants(&command.name)).cloned();
        // Lazy, so that what a handler does before its first wait is contained too.
        let mut work: BoxFuture<Answer> = Box::pin(async move {
            let seen = witness.map(|witness| (witness, command.clone()));
            let answer = handler(command).await;
            if let Some((witness, command)) = seen {
                witness.processed(&command, &answer);
            }
            drop(turn);
            answer
        });
        let outcome = match if entry.quick { first_step(&mut work).await } else { Step::Waits } {
            Step::Done(answer) => Some(answer),
            Step::Panicked => None,
            // A task of its own: it outlives a sender that goes away (and keeps its turn), and contains a panic.
            Step::Waits => match (&self.background, entry.definition.access) {
                (Some(background), Access::Read) => background.reads.spawn(work),
                (Some(background), Access::Write) => background.writes.spawn(work),
                (None, _) => tokio::spawn(work),
            }
            .await
            .ok(),
        };
        outcome.unwrap_or_else(|| {
            observe::log!(messages::ResponseError { name: entry.definition.name });
            Answer::error("internal server error: no response generated")
        })
    }
}

/// What came of starting a handler.
enum Step {
    Done(Answer),
    Waits,
    Panicked,
}

async fn first_step(work: &mut BoxFuture<Answer>) -> Step {
    poll_fn(|cx| {
        Poll::Ready(match poll_caught(work.as_mut(), cx) {
            Poll::Ready(Some(answer)) => Step::Done(answer),
            Poll::Ready(None) => Step::Panicked,
            Poll::Pending => Step::Waits,
        })
    })
    .await
}

impl std::fmt::Debug for CommandTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.definitions().iter().map(|definition| definition.name)).finish()
    }
}

/// A name for the log: whatever a stranger sends must not forge lines or fill the disk.
#[must_use]
pub fn printable(name: &str) -> String {
    const LONGEST: usize = 128;
    if name.len() <= LONGEST && name.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
        return name.to_owned();
    }
    let mut text: String = name.chars().take(LONGEST).map(|c| if c.is_control() { '?' } else { c }).collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    const READ: CommandDef = CommandDef::built_in("a-read", Access::Read, "", "Reads.");
    const WRITE: CommandDef = CommandDef::built_in("b-write", Access::Write, "", "Writes.");

    #[tokio::test]
    async fn listing_is_sorted_and_follows_the_table() {
        let table = CommandTable::new();
        let library = CommandDef { name: "zone", provider: "libdhcp_x.so", ..READ };
        table.register(library, |_| async { Answer::done() }).unwrap();
        table.register(READ, |_| async { Answer::done() }).unwrap();
        assert_eq!(table.register(READ, |_| async { Answer::done() }), Err(DuplicateCommand("a-read")));
        assert_eq!(
            table.register(LIST_COMMANDS, |_| async { Answer::done() }).unwrap_err().to_string(),
            "Handler for command 'list-commands' is already installed."
        );
        let names = |answer: Answer| {
            let list = answer.arguments.unwrap();
            list.as_list().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            names(table.dispatch(Command::new("list-commands")).await),
            ["a-read", "list-commands", "zone"]
        );
        table.deregister_provider("libdhcp_x.so");
        assert_eq!(names(table.dispatch(Command::new("list-commands")).await), ["a-read", "list-commands"]);
        assert_eq!(table.dispatch(Command::new("zone")).await, Answer::unsupported("zone"));
        assert_eq!(table.definition("a-read"), Some(READ));
    }

    #[tokio::test]
    async fn unknown_and_malformed_commands() {
        let table = CommandTable::new();
        let foo = [("command", Value::from("foo"))].into();
        assert_eq!(
            table.process(foo, Origin::default()).await,
            Answer::with_result(2, "'foo' command not supported.")
        );
        assert_eq!(
            table.process(Value::map(), Origin::default()).await,
            Answer::error(
                "Error during command processing: invalid command: does not contain mandatory 'command'"
            )
        );
    }

    #[tokio::test(start_paused = true)]
    async fn writes_take_turns_and_reads_do_not() {
        let table = Arc::new(CommandTable::new());
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        for definition in [READ, WRITE] {
            let (running, most) = (running.clone(), most.clone());
            table
                .register(definition, move |_| {
                    let (running, most) = (running.clone(), most.clone());
                    async move {
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        running.fetch_sub(1, Ordering::SeqCst);
                        Answer::done()
                    }
                })
                .unwrap();
        }
        for (name, at_once) in [("a-read", 5), ("b-write", 1)] {
            most.store(0, Ordering::SeqCst);
            let tasks: Vec<_> = (0..5)
                .map(|_| {
                    let table = table.clone();
                    tokio::spawn(async move { table.dispatch(Command::new(name)).await })
                })
                .collect();
            for task in tasks {
                assert!(task.await.unwrap().is_ok());
            }
            assert_eq!(most.load(Ordering::SeqCst), at_once, "{name}");
        }
    }

    #[tokio::test]
    async fn a_panic_harms_its_sender_alone() {
        let table = CommandTable::new();
        table.register(WRITE, |_| async { panic!("injected") }).unwrap();
        table.register_quick(READ, |_| async { panic!("injected") }).unwrap();
        for name in ["b-write", "a-read", "b-write", "a-read"] {
            assert_eq!(
                table.dispatch(Command::new(name)).await,
                Answer::error("internal server error: no response generated")
            );
        }
    }

    #[test]
    fn quick_handlers_run_where_they_arrive_until_they_wait() {
        let [reads, writes] = ["reads", "writes"].map(|name| {
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name(name).build().unwrap()
        });
        let table = CommandTable::new().with_background(reads.handle().clone(), writes.handle().clone());
        let place = || std::thread::current().name().unwrap_or_default().to_owned();
        table
            .register_quick(READ, move |command: Command| async move {
                let before = place();
                if command.arguments.is_some() {
                    tokio::task::yield_now().await;
                }
                Answer::full(before, place())
            })
            .unwrap();
        table.register(WRITE, move |_| async move { Answer::ok(place()) }).unwrap();
        let front = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let run = |command| front.block_on(table.dispatch(command));
        let here = place();
        assert_eq!(run(Command::new("a-read")), Answer::full(&here, here.as_str()));
        assert_eq!(run(Command::new("a-read").with_arguments(Value::map())), Answer::full(&here, "reads"));
        assert_eq!(run(Command::new("b-write")), Answer::ok("writes"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_outlives_its_sender() {
        let table = Arc::new(CommandTable::new());
        let done = Arc::new(AtomicUsize::new(0));
        let counter = done.clone();
        table
            .register(WRITE, move |_| {
                let counter = counter.clone();
                async move {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    counter.fetch_add(1, Ordering::SeqCst);
                    Answer::done()
                }
            })
            .unwrap();
        let early =
            tokio::time::timeout(Duration::from_secs(1), table.dispatch(Command::new("b-write"))).await;
        assert!(early.is_err());
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn names_in_the_log() {
        assert_eq!(printable("a\nb"), "a?b");
        assert_eq!(printable(&"x".repeat(200)).len(), 131);
    }
}
